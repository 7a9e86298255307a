"""Mutation of the model: one term of one rule is removed or turned at a time, and a test must fail.

    python benchmarks/mutate.py [MODULE ...] [--table FILE] [--calls FILE]

Rules are what becomes rows, bounds, costs and offers: functions that Pyomo evaluates in `formulation.py`, `technologies/`
and `policies/`.

kind      what is done
rule      the whole constraint is left out
term      one of two added or subtracted terms is left out
sign      an added term is subtracted, or the other way round
factor    one of two factors, or a divisor, is left out
relation  == becomes <= or >=, <= becomes ==, >= becomes ==
bound     one side of a column's bounds is left open

First every test runs once to see which functions it calls. Each mutant then runs those tests that call its function, the
twin of the module and the quickest files first, until one fails. All of it happens in forks of one process, in which the
tests are collected once: no file is changed. Linux only.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gc
import os
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FunctionType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "grid_model"
TESTS = ("technologies", "policies", "results/test_audit.py", "case/test_uneven_steps.py")
FILES = 6  # of tests, that a mutant is tried on
SECONDS = 300  # of computing; a mutant that keeps the tests busy for longer is killed by that


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where, of which kind, and the changed source."""

    module: str
    rule: str
    function: str
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
        function = _qualified_name(tree, rule)
        for node in ast.walk(rule):
            if id(node) not in nested or node is rule:
                found += [(name, function, node.lineno, kind, change, _replaced(text, node, new))
                          for kind, change, new in _changes(node, rule, text)]
    unique = {one[-1]: one for one in sorted(found, key=lambda one: one[2])}
    return [Mutant(path.stem, *one) for one in unique.values()]


def rules(tree: ast.Module) -> list[tuple[ast.AST, str]]:
    """Functions that Pyomo evaluates, with their names: nested in `add_*`, taking block and data, or taking a step."""
    found = []
    for top in ast.walk(tree):
        if isinstance(top, (ast.FunctionDef, ast.Lambda)):
            arguments = [argument.arg for argument in top.args.args]
            name = getattr(top, "name", "lambda")
            docstring = isinstance(top, ast.FunctionDef) and (ast.get_docstring(top) or "")
            assembles = name.startswith(("add_", "_add_", "read", "_read", "declare", "check"))
            evaluated = {"step", "border"} & set(arguments) or (len(arguments) > 1 and arguments[1] == "data")
            evaluated = evaluated or bool(docstring) and docstring.endswith(("[GW]", "[GWh]"))  # of a class that makes rows
            adder = next((other for other in ast.walk(tree) if isinstance(other, ast.FunctionDef)
                          and other.name.startswith(("add_", "_add_")) and _inside(top, other)), None)
            if not assembles and "solved" not in arguments and (evaluated or adder is not None):
                found.append((top, name if name != "lambda" or adder is None else f"{adder.name} {top.lineno}"))
    return found


def _qualified_name(tree: ast.Module, function: ast.AST) -> str:
    """Name of a function as its code knows it."""
    name = ""
    for node in ast.walk(tree):  # outer ones come before inner ones
        if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)) and (node is function or _inside(function, node)):
            last = isinstance(node, ast.ClassDef) or node is function
            name += getattr(node, "name", "<lambda>") + ("" if node is function else "." if last else ".<locals>.")
    return name


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
    """The source with one node replaced, every line keeping its number; a function goes with its decorators."""
    lines = text.splitlines(keepends=True)
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    before = "".join(lines[:first - 1]) + lines[first - 1].encode()[:node.col_offset].decode()
    after = lines[node.end_lineno - 1].encode()[node.end_col_offset:].decode() + "".join(lines[node.end_lineno:])
    short = "\n" * (node.end_lineno - first - new.count("\n"))
    changed = before + (new + short if new == "pass" else new[:-1] + short + new[-1]) + after
    compile(changed, "mutant", "exec")
    return changed


# --------------------------------------------------------------------------------------------------------------- tests


@dataclass
class Calls:
    """What a test does when nothing is changed: whether it passes, its seconds, the functions (module, name) it calls."""

    passed: bool
    seconds: float
    functions: set[tuple[str, str]] = field(default_factory=set)


class Trials:
    """Plugin of pytest: instead of the tests themselves, runs the mutants against them."""

    def __init__(self, paths: list[Path], given):
        self.paths, self.given, self.survivors = paths, given, 0

    def pytest_configure(self, config):
        """Hypothesis does not look for the smallest failing example."""
        from hypothesis import HealthCheck, Phase, settings
        settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=6, database=None,
                                  phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session):
        calls = all_calls(session.items, self.given.calls)
        gc.collect()
        functions = living_functions()
        gc.freeze()
        for path in self.paths:
            self._try_module(path, functions.get(str(path), []), session.items, calls)
        return True

    def _try_module(self, path: Path, functions: list, items: list, calls: dict[str, Calls]) -> None:
        changes, began, survivors = mutants(path), time.monotonic(), []
        if changes:  # nothing changed: no test may fail
            nothing = replace(changes[0], source=path.read_text(encoding="utf-8"))
            if killed(functions, path, nothing, fit(nothing, items, calls)):
                print(f"{path.stem}: tests fail in a fork without any change; left out", flush=True)
                return
        for mutant in changes:
            dead = killed(functions, path, mutant, fit(mutant, items, calls))
            survivors += [] if dead else [mutant]
            if self.given.table:
                with self.given.table.open("a", newline="", encoding="utf-8") as file:
                    csv.writer(file).writerow([mutant.module, mutant.rule, mutant.line, mutant.kind, mutant.change, int(dead)])
            if not dead:
                print(f"  {mutant.module}.{mutant.rule}, line {mutant.line}, {mutant.kind}: {mutant.change}", flush=True)
        if changes:
            print(f"{path.stem}: {len({one.rule for one in changes})} rules, {len(changes)} mutants, "
                  f"{len(changes) - len(survivors)} killed, {time.monotonic() - began:.0f} s", flush=True)
        self.survivors += len(survivors)


def all_calls(items: list, kept: Path | None) -> dict[str, Calls]:
    """What every test calls, by its name, file by file; those that are kept from before are not run again."""
    known = pickle.loads(kept.read_bytes()) if kept and kept.is_file() else {}
    missing = [item for item in items if item.nodeid not in known]
    for file in sorted({item.path for item in missing}):
        with tempfile.NamedTemporaryFile() as found:
            watched = [item for item in missing if item.path == file]
            in_fork(lambda: Path(found.name).write_bytes(pickle.dumps(_watched(watched))), seconds=3600)  # noqa: B023
            known |= pickle.loads(Path(found.name).read_bytes())
        if kept:
            kept.write_bytes(pickle.dumps(known))
    for name in sorted(name for name, one in known.items() if not one.passed):
        print(f"fails without any change, and is left out: {name}", flush=True)
    return known


def _watched(items: list) -> dict[str, Calls]:
    folder, found = str(PACKAGE), {}
    for item, following in zip(items, [*items[1:], None]):
        functions: set[tuple[str, str]] = set()

        def watch(frame, event, _, functions=functions):
            if frame.f_code.co_filename.startswith(folder):
                functions.add((Path(frame.f_code.co_filename).stem, frame.f_code.co_qualname))

        began = time.process_time()
        sys.settrace(watch)
        passed = passes(item, following)
        sys.settrace(None)
        found[item.nodeid] = Calls(passed, time.process_time() - began, functions)
    return found


def fit(mutant: Mutant, items: list, calls: dict[str, Calls]) -> list:
    """Tests of the files with the quickest callers of a mutant's function, first those that call it; file by file, since tests
    of a file share what they have solved; the module's twin before all others."""
    items = [item for item in items if calls[item.nodeid].passed]
    caller = {item.nodeid for item in items if (mutant.module, mutant.function) in calls[item.nodeid].functions}
    quickest = {}
    for item in sorted(items, key=lambda one: -calls[one.nodeid].seconds):
        if item.nodeid in caller:
            quickest[item.path] = item.path.stem != f"test_{mutant.module}", calls[item.nodeid].seconds
    files = sorted(quickest, key=lambda path: quickest[path])[:FILES]
    chosen = [item for item in items if item.path in files]
    return sorted(chosen, key=lambda item: (files.index(item.path), item.nodeid not in caller, calls[item.nodeid].seconds))


def passes(item, following=None) -> bool:
    from _pytest.runner import runtestprotocol
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def killed(functions: list[FunctionType], path: Path, mutant: Mutant, items: list) -> bool:
    """Whether a test fails with this mutant in place."""
    def trial():
        put_in_place(functions, path, mutant.source)
        for item, following in zip(items, [*items[1:], None]):
            if not passes(item, following):
                os._exit(1)

    return in_fork(trial, SECONDS) != 0


def in_fork(work: Callable[[], object], seconds: int) -> int:
    """Do some work in a fork without a word, in so many seconds of computing; 0 where it went well."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def living_functions() -> dict[str, list[FunctionType]]:
    """All functions that are alive, by the file of their code; what they define in turn follows from their code."""
    found: dict[str, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found.setdefault(one.__code__.co_filename, []).append(one)
    return found


def put_in_place(functions: list[FunctionType], path: Path, source: str) -> None:
    """Every function of a module gets its code from the changed source."""
    new = _codes(compile(source, str(path), "exec"))
    for one in functions:
        code = one.__code__
        one.__code__ = new[code.co_qualname, code.co_firstlineno]


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    found = {(code.co_qualname, code.co_firstlineno): code}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _codes(inner)
    return found


# ----------------------------------------------------------------------------------------------------------------- run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names of modules; all if none is named")
    parser.add_argument("--table", type=Path, help="append a row for every mutant to this CSV")
    parser.add_argument("--calls", type=Path, help="keep here what each test calls, for the next run; remove it when rules move")
    parser.add_argument("--count", action="store_true", help="only count the mutants")
    given = parser.parse_args()
    folders = (path for name in ("technologies", "policies") for path in sorted((PACKAGE / name).glob("*.py")))
    paths = [path for path in (*folders, PACKAGE / "formulation.py") if not given.modules or path.stem in given.modules]
    if given.count:
        print(*(f"{path.stem}: {len(mutants(path))}" for path in paths), sep="\n")
        return 0
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    trials = Trials(paths, given)
    words = ["-q", "-s", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not wrong and not ordinary",
             "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    pytest.main([*(f"tests/{name}" for name in TESTS), *words], plugins=[trials])
    return int(trials.survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
