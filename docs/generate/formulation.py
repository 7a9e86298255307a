"""The whole formulation, read from the files of technologies and policies: symbols, variables, rules, costs, offers."""

from __future__ import annotations

import ast
import csv
import importlib
import re
from pathlib import Path
from types import ModuleType

from prose import code, markdown, plain, table
from reference import columns_of, settings_of

from grid_model import formulation
from grid_model.case.tables import CORE_TABLES
from grid_model.technologies import consumption

OFFERS = ("injection", "output", "emissions", "available", "forgone", "certificates", "headroom_up", "headroom_down")
FIGURES = Path(__file__).parents[1]  # mutation.csv and rules.csv stand beside the pages
HELPED = ("contract", "generators")  # read by all, told once


def pages() -> dict[str, str]:
    made = {"formulation/index.md": _overview()}
    for module in formulation.TECHNOLOGIES:
        made[f"formulation/{module.NAME}.md"] = _page(module)
    for module in formulation.BUILT_IN:
        made[f"policies/{module.NAME}.md"] = _page(module)
    rows = [(f"[{m.NAME}]({m.NAME}.md)", plain(_lead(m)), "on" if m.DEFAULT else "off") for m in formulation.BUILT_IN]
    made["policies/index.md"] = (
        "# Rules of the market\n\nEach rule is one file. A scenario switches it on with `name: {settings}` under "
        "`policies`, off with `name: false`; off, it leaves no row behind.\n\n"
        + table(("rule", "what it rules", "by default"), rows)
    )
    return made


def _overview() -> str:
    rows = [(f"[{module.NAME}]({module.NAME}.md)", plain(_lead(module))) for module in formulation.TECHNOLOGIES]
    policies = [(f"[{m.NAME}](../policies/{m.NAME}.md)", plain(_lead(m))) for m in formulation.BUILT_IN]
    return "\n\n".join(
        [
            "# Formulation",
            markdown(formulation.__doc__),
            "Every equation below is read from the rule that makes it: its name is the name of the constraint in the "
            "programme and in its duals. Steps are 1..T; a state stands at borders 0..T. Inside the programme power is "
            "in GW, energy in GWh, money in million CNY.",
            _rules(Path(formulation.__file__)),
            "## Consumption\n\n" + _file(consumption, 3),
            "## Technologies\n\n" + table(("technology", "what it is"), rows),
            "## Rules of the market\n\n" + table(("rule", "what it rules"), policies),
        ]
    )


def _page(module: ModuleType) -> str:
    parts = [f"# {module.NAME.replace('_', ' ').capitalize()}", _file(module)]
    for helper in _helpers(module):
        title = helper.__name__.rpartition(".")[2]
        parts += [f"## {title.replace('_', ' ').capitalize()}", _file(helper, 3)]
    if hasattr(module, "Settings"):
        parts += ["## Settings in a scenario", settings_of(module.Settings, f"policies.{module.NAME}")]
    own = {name: columns for name, columns in module.TABLES.items() if columns}
    if own:
        parts.append("## Columns that it reads\n\nBeside those of the [core tables](../reference/tables.md).")
        for name, columns in own.items():
            core = {column.name for column in CORE_TABLES.get(name, ())}
            shown = [column for column in columns if column.name not in core]
            parts += [f"**{name}**", columns_of(name, shown)] if shown else []
    figures = [_checked([module, *_helpers(module)]), _size(module)]
    parts += ["## In figures", *figures] if any(figures) else []
    return "\n\n".join(part for part in parts if part) + "\n"


def _checked(modules: list[ModuleType]) -> str:
    """How many changes of the rules of these files tests see, and in which files these tests stand."""
    names = {module.__name__.rpartition(".")[2] for module in modules}
    tried = [row["seen_by"] for row in _figures("mutation.csv") if row["module"] in names]
    seen = [test.partition("::")[0] for test in tried if test]
    if not tried:
        return ""
    files = ", ".join(f"`tests/{name}`" for name in sorted(set(seen), key=lambda name: (-seen.count(name), name))[:3])
    unseen = f"a test sees all but {len(tried) - len(seen)}, which no dispatch can tell from the rule" if len(seen) < len(tried) else "a test sees each"
    return (
        f"{len(tried)} terms and bounds of these rules were taken out or turned, one at a time: {unseen} "
        f"([Mutation](../mutation.md)). Most of them are seen in {files}."
    )


def _size(module: ModuleType) -> str:
    """What a rule of the market adds to a programme."""
    sizes = {row["rule"]: [int(row[name]) for name in ("rows", "columns", "nonzeros")] for row in _figures("rules.csv")}
    if module not in formulation.BUILT_IN:
        return ""
    if not any(sizes[module.NAME]):
        return "It adds nothing to the programme of `scenarios/five_province_week.yaml`: no row there is of its making (`benchmarks/rules.py`)."
    added, whole = ("{:,} rows, {:,} columns and {:,} non-zeros".format(*sizes[name]) for name in (module.NAME, ""))
    return f"To the programme of `scenarios/five_province_week.yaml` it adds {added}; the whole has {whole} (`benchmarks/rules.py`)."


def _figures(file: str) -> list[dict[str, str]]:
    with (FIGURES / file).open(newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def _helpers(module: ModuleType) -> list[ModuleType]:
    """Files of the same folder that a module builds on, in the order in which it names them."""
    package = module.__name__.rpartition(".")[0]
    named = []
    for node in ast.walk(_tree(Path(module.__file__))):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            named += [f"{package}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            named.append(node.module)
    registered = {one.__name__ for one in (*formulation.TECHNOLOGIES, *formulation.BUILT_IN)}
    wanted = [name for name in dict.fromkeys(named) if name not in registered and name.rpartition(".")[2] not in HELPED]
    return [importlib.import_module(name) for name in wanted]


def _file(module: ModuleType, level: int = 2) -> str:
    """What a file says of itself, then its variables, rules, costs and offers."""
    path = Path(module.__file__)
    parts = [markdown(module.__doc__)]
    told = {
        "Variables": _variables(path),
        "Equations": _rules(path),
        "Costs": _costs(module),
        "Offers": _offers(module),
    }
    parts += [f"{'#' * level} {title}\n\n{text}" for title, text in told.items() if text]
    return "\n\n".join(parts)


def rules_of(tree: ast.Module) -> list[tuple[str, str, str]]:
    """(name, index set, formula) of every constraint in a file, as its docstring states it."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found = []
    for node in ast.walk(tree):
        for call in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            if _is_call(call, "Constraint"):
                found.append((node.lineno, node.name, _sets(call), ast.get_docstring(node) or ""))
    for line, name, call in _made(tree, "Constraint"):
        rule = next((word.value for word in call.keywords if word.arg == "rule"), None)
        function = functions.get(ast.unparse(rule).rpartition(".")[2]) if rule else None
        found.append((line, name, _sets(call), (ast.get_docstring(function) if function else "") or ""))
    return [entry[1:] for entry in sorted(found)]


def _rules(path: Path) -> str:
    rules = rules_of(_tree(path))
    return (
        table(("name", "for every", "equation"), [(code(n), code(s), code(" ".join(f.split()))) for n, s, f in rules])
        if rules
        else ""
    )


def _variables(path: Path) -> str:
    rows = []
    for _, name, call in sorted(_made(_tree(path), "Var"), key=lambda made: made[0]):
        words = {word.arg: ast.unparse(word.value) for word in call.keywords}
        nonnegative = "NonNegative" in words.get("within", "") + words.get("domain", "")
        domain = ">= 0" if nonnegative else "between bounds" if "bounds" in words else "free"
        rows.append((code(name), code(_sets(call)), plain(domain)))
    return table(("name", "for every", "value"), rows) if rows else ""


def _costs(module: ModuleType) -> str:
    costs = getattr(module, "COSTS", {})
    return (
        table(("cost item", "value"), [(code(item), code(_words(rule))) for item, rule in costs.items()])
        if costs
        else ""
    )


def _offers(module: ModuleType) -> str:
    """What a technology offers; a rule offers nothing."""
    if module not in formulation.TECHNOLOGIES:
        return ""
    rows = [(code(name), code(_words(vars(module)[name]))) for name in OFFERS if name in vars(module)]
    return table(("to balance and policies", "value"), rows) if rows else ""


def _words(function) -> str:
    return " ".join((function.__doc__ or "").split())


def _lead(module: ModuleType) -> str:
    return " ".join(module.__doc__.strip().split("\n\n")[0].split())


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_call(node, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


def _sets(call: ast.Call) -> str:
    sets = [ast.unparse(one) for one in call.args]
    return ", ".join("units" if "(" in one else one.rpartition(".")[2] for one in sets) or "once"


def _made(tree: ast.Module, kind: str):
    """(line, name, call) of every variable or constraint that a file assigns, or adds under a name that it makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_call(node.value, kind):
            yield node.lineno, ast.unparse(node.targets[0]).rpartition(".")[2], node.value
        elif _is_call(node, "add_component") and _is_call(node.args[1], kind):
            name = re.sub(r"^f?['\"]|['\"]$", "", ast.unparse(node.args[0]))
            yield node.lineno, name.replace(".name}", "}"), node.args[1]
