"""Reference pages: input tables from their schemas, scenario keys from their models, commands from their help."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import typer
from prose import code, linked, markdown, plain, table
from pydantic import BaseModel

import grid_model
from grid_model import formulation, scenario, testing
from grid_model.case.tables import FREE_COLUMNS, FREE_NUMBERS, REQUIRED_TABLES, describe
from grid_model.cli import app
from grid_model.pipeline import load_case, solve
from grid_model.results.dataset import FACTS, IDENTIFIER

ROOT = Path(__file__).parents[2]
LIMITS = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))
WORDS = (
    (r"Optional\[Annotated\[datetime.*", "moment | none"),
    (r"Literal\[([^\]]*)\]", lambda found: found[1].replace("'", "").replace(", ", " | ")),
    (r"tuple\[Annotated\[(\w+), FieldInfo\(.*?metadata=\[G[te]\(g([te])=(\d+)\)\]\)\], \.\.\.\]",
     lambda found: f"list of {found[1]} {'>' if found[2] == 't' else '>='} {found[3]}"),
    (r"tuple\[(\w+), \.\.\.\]", r"list of \1"),
    (r"dict\[.*\]", "keys with values"),
    (r"\bdatetime\b", "moment"),
    (r"\bNone(Type)?\b", "none"),
    (r"\bbool\b", "true | false"),
    (r"\bstr\b", "text"),
    (r"\bfloat\b", "number"),
    (r"\bint\b", "whole number"),
    (r"\bPath\b", "path"),
)


def pages() -> dict[str, str]:
    return {
        "reference/tables.md": _tables(),
        "reference/scenario.md": _scenario(),
        "reference/commands.md": _commands(),
        "reference/results.md": _results(),
        "reference/python.md": _python(),
    }


# ------------------------------------------------------------------------------------------------------------- tables


def columns_of(name: str, columns) -> str:
    """Every column of a table with unit, range, default and meaning."""
    rows = [
        (
            code(row.column) + (" **required**" if row.required else ""),
            plain(row.unit),
            plain(row.range),
            plain(row.default),
            plain(row.meaning),
        )
        for row in describe({name: columns}).itertuples()
    ]
    return table(("column", "unit", "allowed", "default", "meaning"), rows)


def _tables() -> str:
    needed = ", ".join(f"`{name}`" for name in REQUIRED_TABLES)
    parts = [
        "# Input tables",
        f"CSV files in UTF-8 with one header row, one file per table. Only {needed} must be there, and in each table "
        "only the required columns. An empty cell, or a column that is not there, takes its default; *of the "
        "technology* means the value in the row's technology in `technologies`, of which the package ships a full "
        "set.",
        f"Every table may also have {', '.join(f'`{name}`' for name in FREE_COLUMNS)} (text) and columns that end in "
        f"`{FREE_NUMBERS}` (for `share_by` in a scenario's changes). Any other column is an error.",
    ]
    for name, columns in formulation.TABLES.items():
        parts += [f"## {name}", columns_of(name, columns)]
    return "\n\n".join(parts) + "\n"


# ----------------------------------------------------------------------------------------------------------- scenarios


def settings_of(model, key: str) -> str:
    """Every setting of a model with type and default, and what its docstring says of it."""
    if not model.model_fields:
        return f"`{key}` has no settings: it is on or off."
    words, meanings = _told(model)
    rows = [
        (code(name), plain(_type(field)), plain(_default(field)), linked(plain(field.description or meanings.get(name, ""))))
        for name, field in model.model_fields.items()
    ]
    heads = ("setting", "value", "default", "meaning")
    if not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    return (markdown(words) + "\n\n" if words else "") + table(heads, rows)


def _told(model) -> tuple[str, dict[str, str]]:
    """A model's docstring: what it says of the whole, and what of each setting (`name: text` or `name   text`)."""
    meanings, rest, last = {}, [], []
    for line in inspect.cleandoc(model.__dict__.get("__doc__") or "").split("\n"):
        found = re.match(r"\s*([a-z_]+(?:, [a-z_]+)*)(?::\s+|\s{2,})(\S.*)", line)
        names = found[1].split(", ") if found else []
        if names and set(names) <= set(model.model_fields):
            meanings |= dict.fromkeys(names, found[2])
            last = names
        elif last and line.strip():
            meanings |= {name: f"{meanings[name]} {line.strip()}" for name in last}
        else:
            last = []
            rest.append(line)
    return "\n".join(rest).strip(), meanings


def _type(field) -> str:
    """What may stand there, in words."""
    annotation = field.annotation
    plain_class = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    text = annotation.__name__ if plain_class else re.sub(r"\b(?:[a-z_]+\.)+(?=\w)", "", str(annotation))
    for pattern, said in WORDS:
        text = re.sub(pattern, said, text)
    limits = [f"{sign} {getattr(one, name):g}" for one in field.metadata for name, sign in LIMITS if hasattr(one, name)]
    return ", ".join([text.replace(" | ", " or "), *limits])


def _default(field) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict) and any(isinstance(one, BaseModel) for one in value.values()):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items())
    empty = value is None or value in ({}, "")
    return "" if empty else "its own defaults" if isinstance(value, BaseModel) else str(value)


def _said(model: BaseModel) -> str:
    """What a model says, as a scenario would."""
    given = {name: value for name, value in model.model_dump().items() if value is not None}
    return ", ".join(f"{name} {str(value).lower() if isinstance(value, bool) else value}" for name, value in given.items())


def _scenario() -> str:
    parts = ["# Scenario files", markdown(scenario.__doc__)]
    for title, model, key in (
        ("Keys", scenario.Scenario, ""),
        ("horizon", scenario.Horizon, "horizon"),
        ("changes", scenario.Change, "changes"),
        ("profiles.synthesis", scenario.Synthesis, "profiles.synthesis"),
        ("solve", scenario.Solve, "solve"),
        ("results", scenario.Stored, "results"),
    ):
        parts += [f"## {title}", settings_of(model, key)]
    for module in formulation.BUILT_IN:
        parts += [
            f"## policies.{module.NAME}",
            settings_of(module.Settings, f"policies.{module.NAME}"),
            f"On by default: {'yes' if module.DEFAULT else 'no'}. See [the rule](../policies/{module.NAME}.md).",
        ]
    return "\n\n".join(parts) + "\n"


# ------------------------------------------------------------------------------------------------------------ commands


def _commands() -> str:
    command = typer.main.get_command(app)
    text = f"# Command line\n\n{_help(command.help)}\n\n{_help(command.epilog)}\n"
    return text + "".join(_command(("grid-model", name), inner) for name, inner in command.commands.items())


def _command(words: tuple[str, ...], command) -> str:
    inner = getattr(command, "commands", {})
    if inner:
        return "".join(_command((*words, name), one) for name, one in inner.items())
    parameters = [one for one in command.params if one.name != "help"]
    rows = [(code(_called(one)), plain(one.help or "")) for one in parameters]
    text = f"\n## {' '.join(words)}\n\n{_help(command.help)}\n\n"
    return text + table(("argument or option", "meaning"), rows) + "\n"


def _help(words: str) -> str:
    """Help as it stands on a screen: paragraphs, and lists under their heading in fixed width."""
    parts = []
    for part in words.strip().split("\n\n"):
        head, _, listed = part.partition("\n")
        parts.append(plain(head) + (f"\n\n```text\n{inspect.cleandoc(listed)}\n```" if listed else ""))
    return "\n\n".join(parts)


def _called(parameter) -> str:
    options = [name for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("-")]
    if not options:
        return (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs != 1 else "")
    return ", ".join(options) + (f" {parameter.metavar}" if parameter.metavar else "")


# ------------------------------------------------------------------------------------------------------------- results


def _results() -> str:
    """Variables of technologies by their declarations, all others as some hours of five provinces under all rules have them."""
    reports = {
        name: report for module in formulation.TECHNOLOGIES for name, report in getattr(module, "REPORTS", {}).items()
    }
    solved = solve(load_case(ROOT / "scenarios" / "five_province_week.yaml", end="2027-01-01T04:00"))
    data = solved.dispatch
    rows = [
        (code(name), f"{report.dimension}, time", plain(report.unit), plain(report.long_name))
        for name, report in sorted(reports.items())
    ]
    others = [
        (
            code(str(name)),
            ", ".join(map(str, array.dims)),
            plain(str(array.attrs.get("units", ""))),
            plain(str(array.attrs.get("long_name", ""))),
        )
        for name, array in data.data_vars.items()
        if name not in reports
    ]
    declared = {column.name: column for table, columns in formulation.TABLES.items() for column in columns}
    facts = [
        (code(name), dimension, code(f"{one}.{column}"), plain(declared[column].metadata["unit"]))
        for dimension, (one, columns) in FACTS.items()
        for name, column in ({dimension: IDENTIFIER.get(dimension, dimension)} | columns).items()
    ]
    keys = ", ".join(f"`{key}`" for key in solved.summary)
    tables = {name: one.columns for name, one in solved.tables.items()}
    return (
        "\n\n".join(
            [
                "# Results",
                "A run writes a folder: `dispatch.nc` (everything hourly), `summary.json`, tables as CSV (`ledger` as "
                "Parquet), `report.html`, the scenario as resolved, `provenance.json`. `gm.open_results` gives it "
                "back.",
                "MW are means over a step, MWh stand at its end. A variable is there where the case has what it tells "
                "of. "
                '`load` is also a method of every Dataset: write `dispatch["load"]`.',
                "## Of technologies",
                table(("variable", "dimensions", "unit", "meaning"), rows),
                "## Of zones, prices, costs and rules",
                table(("variable", "dimensions", "unit", "meaning"), others),
                "## Static facts, as coordinates",
                "`time` is the start of each step, `step_hours` its length; the others are columns of the "
                "[input tables](tables.md).",
                table(("coordinate", "dimension", "column", "unit"), facts),
                f"## summary.json\n\nKeys: {keys}.",
                "## Tables",
                "A table is there where the case has what it tells of. Corridor contracts, planned generation, green loads, green corridors and energy limits add tables of "
                "their own where a grid has them.",
                table(("table", "columns"), [
                    (code(name), ", ".join(code(str(column)) for column in columns)) for name, columns in tables.items()]),
            ]
        )
        + "\n"
    )


# -------------------------------------------------------------------------------------------------------------- Python


def _python() -> str:
    parts = ["# Python", "`import grid_model as gm`: the names below; the rest of the package may change."]
    public = {name: getattr(grid_model, name) for name in grid_model.__all__}
    functions = {name: one for name, one in public.items() if inspect.isfunction(one)}
    classes = {name: one for name, one in public.items() if inspect.isclass(one)}
    for name, one in functions.items():
        parts += [f"## {name}", _signature(name, one), _docstring(one)]
    for name, one in classes.items():
        code_words = f"\n\nExit code of the command line: {one.exit_code}." if hasattr(one, "exit_code") else ""
        parts += [f"## {name}", _docstring(one) + code_words, *_methods(one)]
    parts += ["## grid_model.testing", _docstring(testing), "### GridFolder", *_methods(testing.GridFolder)]
    return "\n\n".join(parts) + "\n"


def _methods(one: type) -> list[str]:
    methods = {name: method for name, method in vars(one).items() if inspect.isfunction(method) and name[0] != "_"}
    return [text for name, method in methods.items() for text in (_signature(f".{name}", method), _docstring(method))]


def _signature(name: str, function) -> str:
    parameters = [str(one.replace(annotation=one.empty)) for one in inspect.signature(function).parameters.values()]
    return f"```python\n{name}({', '.join(one for one in parameters if one != 'self')})\n```"


def _docstring(one) -> str:
    return f"```text\n{inspect.cleandoc(one.__doc__ or '')}\n```"
