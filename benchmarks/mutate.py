"""Mutation of the model: one term of one rule is removed or turned at a time, and a test must fail.

    python benchmarks/mutate.py [MODULE ...] [--table FILE] [--wide]

Rules are what becomes rows, bounds, costs and offers: functions that Pyomo evaluates in `technologies/` and `policies/`.

kind      what is done
rule      the whole constraint is left out
term      one of two added or subtracted terms is left out
sign      an added term is subtracted, or the other way round
factor    one of two factors, or a divisor, is left out
relation  == becomes <= or >=, <= becomes ==, >= becomes ==
bound     one side of a column's bounds is left open

Each mutant runs the twin test of its module, stopping at the first failure; with --wide, survivors run all tests of their
folder and of the audit. The package is copied first: the source is not touched. Linux only (fork).
"""

from __future__ import annotations

import argparse
import ast
import compileall
import csv
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("technologies", "policies")
TWINS = {  # where the twin of a module is not test_<module>.py alone
    "ramps": ("ramps", "thermal", "commitment"), "capture": ("capture", "thermal"), "heating": ("heating", "thermal"),
    "commitment": ("commitment",), "cascade": ("reservoir",), "ac_network": ("ac_network", "transmission"),
    "thermal": ("thermal", "ramps", "heating", "capture", "commitment"),
    "generators": ("thermal", "renewable", "hydro"), "contract": ("thermal", "storage"),
    "demand_response": ("demand_response", "demand_response_use", "demand_response_shift", "demand_response_charging"),
    "demand_response_calls": ("demand_response",),
    "carbon_entities": ("carbon_market",), "certificate_accounts": ("green_certificates",),
    "certificate_tables": ("green_certificates",), "directed_flow": ("green_corridor", "green_load"),
    "green_storage": ("green_load",), "reserve_infeed": ("reserves",), "self_use_schedule": ("self_use",),
    "tariffs": ("self_use",), "transmission": ("transmission", "ac_network"),
}
OFFERED = {"headroom_up": "policies/test_reserves.py", "headroom_down": "policies/test_reserves.py",
           "energy_held": "policies/test_reserves.py", "energy_room": "policies/test_reserves.py",
           "emissions": "policies/test_carbon_market.py", "certificates": "policies/test_green_certificates.py",
           "forgone": "policies/test_guaranteed_purchase.py"}  # offers that policies alone read
KEPT = ("grid_model.algebra", "grid_model.case", "grid_model.errors", "grid_model.scenario", "grid_model.solve")  # know no rule
SECONDS = 240  # a mutant that keeps the tests busy for longer is killed by that


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where, of which kind, and the changed source."""

    module: str
    rule: str
    line: int
    kind: str
    change: str
    source: str


# ------------------------------------------------------------------------------------------------------------- mutants


def mutants(path: Path) -> list[Mutant]:
    """All mutants of a module, by line."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    found = []
    for rule, name in rules(tree):
        nested = {id(inner) for other, _ in rules(tree) if other is not rule and _inside(other, rule) for inner in ast.walk(other)}
        for node in ast.walk(rule):
            if id(node) not in nested or node is rule:
                found += [(name, node.lineno, kind, change, _replaced(text, node, new))
                          for kind, change, new in _changes(node, rule, text)]
    unique = {one[-1]: one for one in sorted(found, key=lambda one: one[1])}
    return [Mutant(path.stem, *one) for one in unique.values()]


def rules(tree: ast.Module) -> list[tuple[ast.AST, str]]:
    """Functions that Pyomo evaluates, with their names: nested in `add_*`, taking block and data, or taking a step."""
    found = []
    for top in ast.walk(tree):
        if isinstance(top, (ast.FunctionDef, ast.Lambda)):
            arguments = [argument.arg for argument in top.args.args]
            name = getattr(top, "name", "lambda")
            assembles = name.startswith(("add_", "_add_", "read", "_read", "declare", "check"))
            evaluated = {"step", "border"} & set(arguments) or (len(arguments) > 1 and arguments[1] == "data")
            adder = next((other for other in ast.walk(tree) if isinstance(other, ast.FunctionDef)
                          and other.name.startswith(("add_", "_add_")) and _inside(top, other)), None)
            if not assembles and "solved" not in arguments and (evaluated or adder is not None):
                found.append((top, name if name != "lambda" or adder is None else f"{adder.name} {top.lineno}"))
    return found


def _inside(node: ast.AST, other: ast.AST) -> bool:
    return node is not other and any(inner is node for inner in ast.walk(other))


def _changes(node, rule, text):
    """(kind, what is changed, new source) for every mutation of one node."""
    def source(part):
        return ast.get_source_segment(text, part)

    if node is rule and isinstance(node, ast.FunctionDef) and any("Constraint" in source(one) for one in node.decorator_list):
        yield "rule", "left out", "pass"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        left, right, minus = source(node.left), source(node.right), isinstance(node.op, ast.Sub)
        yield "term", f"without {left}", f"(-({right}))" if minus else f"({right})"
        yield "term", f"without {right}", f"({left})"
        yield "sign", f"{'+' if minus else '-'} {right}", f"(({left}) {'+' if minus else '-'} ({right}))"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield "factor", f"without {source(node.right)}", f"({source(node.left)})"
        if isinstance(node.op, ast.Mult):
            yield "factor", f"without {source(node.left)}", f"({source(node.right)})"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.Eq, ast.LtE, ast.GtE)):
        left, right = source(node.left), source(node.comparators[0])
        others = ("<=", ">=") if isinstance(node.ops[0], ast.Eq) else ("==",)
        for sign in others:
            yield "relation", f"{left} {sign} {right}", f"(({left}) {sign} ({right}))"
    elif isinstance(node, ast.Tuple) and node is getattr(rule, "body", None) and len(node.elts) == 2:
        lower, upper = (source(one) for one in node.elts)
        yield "bound", f"without {lower}", f"(None, {upper})"
        yield "bound", f"without {upper}", f"({lower}, None)"


def _replaced(text: str, node: ast.AST, new: str) -> str:
    """The source with one node replaced; a function goes with its decorators."""
    lines = text.splitlines(keepends=True)
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    column = node.col_offset
    before = "".join(lines[:first - 1]) + lines[first - 1].encode()[:column].decode()
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset:].decode() + "".join(lines[node.end_lineno:])
    return before + new.replace("\n", " ") + after


# --------------------------------------------------------------------------------------------------------------- tests


def twins(folder: Path, path: Path) -> list[str]:
    names = TWINS.get(path.stem, (path.stem,))
    files = [folder / "tests" / path.parent.name / f"test_{name}.py" for name in names]
    return [str(file) for file in files if file.is_file()]


def wide_tests(folder: Path) -> list[str]:
    names = ("technologies", "policies", "results/test_audit.py", "results/test_settlement.py", "solve")
    return [str(folder / "tests" / name) for name in names]


def killed(folder: Path, path: Path, mutant: Mutant | None, tests: list[str]) -> bool:
    """Whether a test fails with this mutant in place."""
    original = path.read_text(encoding="utf-8")
    for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        cached.unlink()
    if mutant is not None:
        path.write_text(mutant.source, encoding="utf-8")
    try:
        return _fails(folder, tests)
    finally:
        path.write_text(original, encoding="utf-8")


def _fails(folder: Path, tests: list[str]) -> bool:
    """Run tests in a fork, which has the libraries loaded but nothing of the package."""
    child = os.fork()
    if child == 0:
        _run_tests(folder, tests)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run_tests(folder: Path, tests: list[str]) -> None:
    import pytest
    os.chdir(folder)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    code = 1
    try:
        code = int(pytest.main([*tests, "-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-k", "not wrong and not ordinary",
                                "-W", "ignore::pytest.PytestAssertRewriteWarning"], plugins=[_Hasty()]))
    finally:
        os._exit(code)


class _Hasty:
    """Hypothesis does not look for the smallest failing example."""

    def pytest_configure(self, config):
        from hypothesis import HealthCheck, Phase, settings
        settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=6, database=None,
                                  phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
        settings.load_profile("mutants")


# ----------------------------------------------------------------------------------------------------------------- run


def copied() -> Path:
    """A copy of what tests need, compiled."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    for name in ("grid_model", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in ("inputs", "scenarios"):
        (folder / name).symlink_to(ROOT / name)
    compileall.compile_dir(folder, quiet=2)
    return folder


def preload(folder: Path) -> None:
    """Libraries that every fork needs, and of the package what knows no rule."""
    import highspy  # noqa: F401
    import hypothesis  # noqa: F401
    import matplotlib  # noqa: F401
    import pandas  # noqa: F401
    import pandera.pandas  # noqa: F401
    import pvlib  # noqa: F401
    import pyarrow  # noqa: F401
    import pydantic  # noqa: F401
    import pyomo.environ  # noqa: F401
    import pytest  # noqa: F401
    import scipy.sparse  # noqa: F401
    import typer  # noqa: F401
    import xarray  # noqa: F401
    sys.dont_write_bytecode = True
    sys.path[:] = [str(folder), *(one for one in sys.path if Path(one or ".").resolve() not in (ROOT, ROOT / "benchmarks"))]
    import grid_model  # noqa: F401
    for name in [one for one in sys.modules if one.startswith("grid_model") and not one.startswith(KEPT)]:
        del sys.modules[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names of modules; all if none is named")
    parser.add_argument("--table", type=Path, help="append a row for every mutant to this CSV")
    parser.add_argument("--wide", action="store_true", help="run more tests on those that survive their twin")
    given = parser.parse_args()
    folder = copied()
    preload(folder)
    try:
        for name in FOLDERS:
            for path in sorted((folder / "grid_model" / name).glob("*.py")):
                if not given.modules or path.stem in given.modules:
                    _run_module(folder, path, given)
    finally:
        shutil.rmtree(folder)


def _run_module(folder: Path, path: Path, given) -> None:
    changes, tests, began = mutants(path), twins(folder, path), time.monotonic()
    if not changes:
        return
    if killed(folder, path, None, tests):
        print(f"{path.stem}: tests fail without any change", flush=True)
        return
    survivors = []
    for mutant in changes:
        extra = [str(folder / "tests" / OFFERED[mutant.rule])] if mutant.rule in OFFERED else []
        dead = killed(folder, path, mutant, tests + [one for one in extra if one not in tests])
        dead = dead or (given.wide and killed(folder, path, mutant, wide_tests(folder)))
        survivors += [] if dead else [mutant]
        if given.table:
            with given.table.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow([mutant.module, mutant.rule, mutant.line, mutant.kind, mutant.change, int(dead)])
        if not dead:
            print(f"  {mutant.module}.{mutant.rule}, line {mutant.line}, {mutant.kind}: {mutant.change}", flush=True)
    print(f"{path.stem}: {len({one.rule for one in changes})} rules, {len(changes)} mutants, "
          f"{len(changes) - len(survivors)} killed, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
