"""Mutation of the model: one term of one rule is removed or turned at a time (mutants.py), and a test must fail.

    python benchmarks/mutate.py [MODULE ...] [--table FILE] [--again] [--near | --far] [--each N] [--calls FILE]

Every test that is met runs once without a change, to see which functions it calls. Each mutant then runs those of its module's
own tests that call its function, tests that saw other mutants of it first, until one fails; what none of them sees is tried
on the quickest other files. All of it happens in forks of one process, in which the tests are collected once: no file is
changed. Linux only.

Every mutant's end is kept in the table (`docs/mutation.csv`), with the test that saw it; mutants that stand there are not
tried again, but for survivors with `--again` that no reason is given for. `mutation_table.py` writes the page.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import pickle
import resource
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from mutants import Mutant, mutants
from mutation_table import EQUIVALENT, TABLE, kept, read_table, rule_files, write_table

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "grid_model"
TESTS = ("technologies", "policies", "results/test_audit.py", "case/test_uneven_steps.py")
FILES = 8  # of tests, that a mutant is tried on
SECONDS = 200  # of computing; a mutant that keeps the tests busy for longer is seen by that
TESTED_WITH = {  # modules whose own tests stand with those of the rule they are a part of
    "self_use_schedule": ("self_use",),
    "certificate_supply": ("green_certificates",),
    "certificate_obligations": ("green_certificates", "green_load"),
    "renewable_consumption": ("green_certificates",),
    "carbon_trade": ("carbon_market",),
    "directed_flow": ("green_load", "green_corridor", "green_certificates"),
    "green_contracts": ("green_load",),
    "green_storage": ("green_load", "green_corridor"),
    "demand_response_calls": ("demand_response", "demand_response_use"),
    "reserve_infeed": ("reserves",),
    "thermal": ("ramps",),
}


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
        self.reasons = read_table(EQUIVALENT)
        self.seen_by = defaultdict(Counter)  # tests by function, with how many of its mutants each has seen

    def pytest_configure(self, config):
        """Hypothesis does not look for the smallest failing example."""
        from hypothesis import HealthCheck, Phase, settings
        settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=6, database=None,
                                  phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session):
        self.items, self.calls = session.items, kept_calls(self.given.calls)
        gc.unfreeze()  # the tests freeze what is collected, and what is frozen is not among the living
        gc.collect()
        functions = living_functions()
        gc.freeze()
        for path in self.paths:
            self._try_module(path, functions[str(path)])
        return True

    def _try_module(self, path: Path, functions: list) -> None:
        changes, began = list(mutants(path)), time.monotonic()
        table = kept(read_table(self.given.table), path.stem, changes)
        left = some_of_each(changes, self.given.each)
        left = [one for one in left if one.key not in table or (self.given.again and not table[one.key] and one.key not in self.reasons)]
        tried = len(left)
        for near in (True,) if self.given.near else (False,) if self.given.far else (True, False):
            if left:  # nothing changed: no test may fail
                nothing = replace(left[0], source=path.read_text(encoding="utf-8"))
                if failing := seen_by(functions, path, nothing, self._fit(nothing, near)):
                    print(f"{path.stem}: {failing} fails in a fork without any change; left out", flush=True)
                    self.survivors += len(left)
                    return
            for mutant in left:
                test = seen_by(functions, path, mutant, self._fit(mutant, near))
                self.seen_by[mutant.module, mutant.function][test] += bool(test)
                table[mutant.key] = test
                write_table(self.given.table, table)
                if not test:
                    print(f"  {'near ' if near else ''}{'.'.join(mutant.key[:2])}, line {mutant.line}, {mutant.kind}: {mutant.change}", flush=True)
            left = [one for one in left if not table[one.key]]
        survivors = sum(table.get(one.key) == "" and one.key not in self.reasons for one in changes)
        print(f"{path.stem}: {len(changes)} mutants, {tried} tried, {survivors} survive, {time.monotonic() - began:.0f} s", flush=True)
        self.survivors += survivors

    def _fit(self, mutant: Mutant, near: bool) -> list:
        """Tests of the module's own files, or of the others: those that call a mutant's function first, file by file, since tests
        of a file share what they have solved; tests that have seen mutants of the function at the head."""
        twins = {f"test_{module}" for module in (mutant.module, *TESTED_WITH.get(mutant.module, ()))}
        own = f"test_{mutant.module}_"
        items = [item for item in self.items if (item.path.stem in twins or item.path.stem.startswith(own)) == near]
        self.calls = all_calls(items, self.calls, self.given.calls)
        items = [item for item in items if self.calls[item.nodeid].passed]
        caller = {item.nodeid for item in items if (mutant.module, mutant.function) in self.calls[item.nodeid].functions}
        quickest = {}
        for item in sorted(items, key=lambda one: -self.calls[one.nodeid].seconds):
            if item.nodeid in caller:
                quickest[item.path] = self.calls[item.nodeid].seconds
        files = sorted(quickest, key=lambda path: quickest[path])[:FILES]
        before = self.seen_by[mutant.module, mutant.function]
        return sorted((item for item in items if item.path in files), key=lambda item: (
            -before[item.nodeid.removeprefix("tests/")], files.index(item.path), item.nodeid not in caller, self.calls[item.nodeid].seconds))


def some_of_each(changes: list[Mutant], most: int) -> list[Mutant]:
    """At most so many mutants of each rule, spread over it."""
    of_rule = defaultdict(list)
    for one in changes:
        of_rule[one.function].append(one)
    return [one for these in of_rule.values() for one in these[::max(1, len(these) // most)][:most]]


def kept_calls(file: Path | None) -> dict[str, Calls]:
    return pickle.loads(file.read_bytes()) if file and file.is_file() else {}


def all_calls(items: list, known: dict[str, Calls], file: Path | None) -> dict[str, Calls]:
    """What every test calls, by its name, file by file; those that are known are not run again."""
    missing = [item for item in items if item.nodeid not in known]
    for path in sorted({item.path for item in missing}):
        _, found = in_fork(_watched, 3600, [item for item in missing if item.path == path])
        known = known | found
        if file:
            file.write_bytes(pickle.dumps(known))
        for name in sorted(name for name, one in found.items() if not one.passed):
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


def passes(item, following=None) -> bool:
    from _pytest.runner import runtestprotocol
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def seen_by(functions: list[FunctionType], path: Path, mutant: Mutant, items: list) -> str:
    """The first test that fails with this mutant in place; empty where none does."""
    def trial() -> str:
        put_in_place(functions, path, mutant.source)
        pairs = zip(items, [*items[1:], None])
        return next((item.nodeid for item, following in pairs if not passes(item, following)), "")

    status, test = in_fork(trial, SECONDS)
    if os.WIFSIGNALED(status):
        return "no end" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "a crash"
    if status:
        raise RuntimeError(f"{mutant.key} could not be tried")
    return test.removeprefix("tests/")


def in_fork(work: Callable, seconds: int, *given) -> tuple[int, object]:
    """Do some work in a fork without a word, in so many seconds of computing: how the fork ended, and what it returned."""
    with tempfile.NamedTemporaryFile() as returned:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                silent = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silent, 1)
                os.dup2(silent, 2)
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
                Path(returned.name).write_bytes(pickle.dumps(work(*given)))
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        return status, None if status else pickle.loads(Path(returned.name).read_bytes())


def living_functions() -> dict[str, list[FunctionType]]:
    """All functions that are alive, by the file of their code; what they define in turn follows from their code."""
    found: dict[str, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            found.setdefault(one.__code__.co_filename, []).append(one)
    return found


def put_in_place(functions: list[FunctionType], path: Path, source: str) -> None:
    """Every function of a module gets its code from the changed source. What a function has of the functions around it stays
    named in it, unreached, where the change leaves it out: Python wants as many of these names in the new code."""
    tree = ast.parse(source)
    new = _codes(compile(tree, str(path), "exec"))
    places = {_place(one.__code__): one.__code__.co_freevars for one in functions}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            for place, names in places.items():
                if place[1] == first and place[0].rpartition(".")[2] == getattr(node, "name", "<lambda>"):
                    _name(node, set(names) - set(new[place].co_freevars))
    new = _codes(compile(ast.fix_missing_locations(tree), str(path), "exec"))
    for one in functions:
        one.__code__ = new[_place(one.__code__)]


def _name(function: ast.FunctionDef | ast.Lambda, names: set[str]) -> None:
    """The names stand in a function where nothing reaches them."""
    named = ast.Tuple([ast.Name(name, ast.Load()) for name in sorted(names)], ast.Load())
    if names and isinstance(function, ast.Lambda):
        function.body = ast.IfExp(ast.Constant(True), function.body, named)
    elif names:
        function.body.append(ast.Expr(named))


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    found = {_place(code): code}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _codes(inner)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names of modules, in the order to try them; all if none is named")
    parser.add_argument("--table", type=Path, default=TABLE, help="CSV of what became of every mutant")
    parser.add_argument("--again", action="store_true", help="try survivors of the table again")
    parser.add_argument("--near", action="store_true", help="only the tests of the module's own files")
    parser.add_argument("--far", action="store_true", help="only the tests of other files: after a run with --near, with --again")
    parser.add_argument("--each", type=int, default=10_000, help="at most so many mutants of each rule")
    parser.add_argument("--calls", type=Path, help="keep here what each test calls, for the next run; remove it when rules move")
    parser.add_argument("--count", action="store_true", help="only count the mutants")
    given = parser.parse_args()
    paths = rule_files(given.modules)
    if given.count:
        print(*(f"{path.stem}: {len(list(mutants(path)))}" for path in paths), sep="\n")
        return 0
    given.table = given.table.absolute()
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
