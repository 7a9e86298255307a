"""Reference pages: input tables from their schemas, scenario keys from their models, commands from their help."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer
from prose import code, plain, table
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from grid_model import formulation, scenario
from grid_model.case.tables import FREE_COLUMNS, FREE_NUMBERS, REQUIRED_TABLES, describe
from grid_model.cli import app
from grid_model.commands.new import copy_starter
from grid_model.pipeline import load_case, solve


def pages() -> dict[str, str]:
    return {
        "reference/tables.md": _tables(),
        "reference/scenario.md": _scenario(),
        "reference/commands.md": _commands(),
        "reference/results.md": _results(),
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
        f"CSV files in UTF-8 with one header row, one file per table. Only {needed} must be there, and in each table only "
        "the required columns. An empty cell, or a column that is not there, takes its default; *of the technology* means "
        "the value in the row's technology in table `technologies`, of which the package ships a full set.",
        f"Every table may also have {', '.join(f'`{name}`' for name in FREE_COLUMNS)} (text) and columns that end in "
        f"`{FREE_NUMBERS}` (for `share_by` in a scenario's changes). Any other column is an error.",
    ]
    for name, columns in formulation.TABLES.items():
        parts += [f"## {name}", columns_of(name, columns)]
    return "\n\n".join(parts) + "\n"


# ----------------------------------------------------------------------------------------------------------- scenarios


def settings_of(model, key: str) -> str:
    """Every setting of a model with type and default, and what its docstring says."""
    if not model.model_fields:
        return f"`{key}` has no settings: it is on or off."
    rows = [
        (code(name), plain(_type(field)), plain(_default(field)), plain(field.description or ""))
        for name, field in model.model_fields.items()
    ]
    words = (model.__doc__ or "").strip()
    return (f"```text\n{words}\n```\n\n" if words else "") + table(("setting", "type", "default", "meaning"), rows)


def _type(field) -> str:
    annotation = field.annotation
    text = (
        getattr(annotation, "__name__", "")
        if isinstance(annotation, type) and not hasattr(annotation, "__args__")
        else str(annotation)
    )
    for prefix in ("typing.", "grid_model.scenario.", "pathlib.", "datetime."):
        text = text.replace(prefix, "")
    limits = [str(limit) for limit in field.metadata if type(limit).__module__.startswith("annotated_types")]
    return ", ".join([text, *limits])


def _default(field) -> str:
    if field.is_required():
        return "required"
    value = field.default_factory() if field.default_factory else field.default
    return (
        ""
        if value is PydanticUndefined or value is None
        else "its own defaults"
        if isinstance(value, BaseModel)
        else str(value)
    )


def _scenario() -> str:
    parts = ["# Scenario files", "```text\n" + scenario.__doc__.strip() + "\n```"]
    for title, model, key in (
        ("Keys", scenario.Scenario, ""),
        ("horizon", scenario.Horizon, "horizon"),
        ("changes", scenario.Change, "changes"),
        ("profiles.synthesis", scenario.Synthesis, "profiles.synthesis"),
        ("solve", scenario.Solve, "solve"),
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
    text = f"# Command line\n\n```text\n{command.help.strip()}\n\n{command.epilog.strip()}\n```\n"
    return text + "".join(_command(("grid-model", name), inner) for name, inner in command.commands.items())


def _command(words: tuple[str, ...], command) -> str:
    inner = getattr(command, "commands", {})
    if inner:
        return "".join(_command((*words, name), one) for name, one in inner.items())
    parameters = [one for one in command.params if one.name != "help"]
    rows = [(code(_called(one)), plain(one.help or "")) for one in parameters]
    return f"\n## {' '.join(words)}\n\n```text\n{command.help.strip()}\n```\n\n{table(('argument or option', 'meaning'), rows)}\n"


def _called(parameter) -> str:
    options = [name for name in parameter.opts if name.startswith("-")]
    return ", ".join(options) if options else (parameter.metavar or parameter.name.upper())


# ------------------------------------------------------------------------------------------------------------- results


def _results() -> str:
    """Variables of technologies by their declarations, all others as the grid of `grid-model new` has them."""
    reports = {
        name: report for module in formulation.TECHNOLOGIES for name, report in getattr(module, "REPORTS", {}).items()
    }
    with tempfile.TemporaryDirectory() as folder:
        copy_starter(Path(folder))
        solved = solve(load_case(Path(folder) / "scenario.yaml"))
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
    facts = [
        (code(str(name)), ", ".join(map(str, array.dims)), plain(str(array.attrs.get("units", ""))))
        for name, array in data.coords.items()
    ]
    keys = ", ".join(f"`{key}`" for key in solved.summary)
    return (
        "\n\n".join(
            [
                "# Results",
                "A run writes a folder: `dispatch.nc` (everything hourly), `summary.json`, tables as CSV (`ledger` as Parquet), the "
                "scenario as resolved and `provenance.json`. `gm.open_results(folder)` gives it back.",
                "MW are means over a step, MWh stand at its end. A variable is there where the case has what it tells of. "
                '`load` is also a method of every Dataset: write `dispatch["load"]`.',
                "## Of technologies",
                table(("variable", "dimensions", "unit", "meaning"), rows),
                "## Of zones, prices, costs and rules",
                table(("variable", "dimensions", "unit", "meaning"), others),
                "## Static facts, as coordinates",
                table(("coordinate", "dimension", "unit"), facts),
                f"## summary.json\n\nKeys: {keys}.",
                f"## Tables of every run\n\n{', '.join(f'`{name}`' for name in solved.tables)}; rules that are on add their own.",
            ]
        )
        + "\n"
    )
