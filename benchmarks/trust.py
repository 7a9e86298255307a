"""Writes docs/trust.md: laws of the audit as they are checked, and figures of the measurements beside it.

    python benchmarks/trust.py [RESULTS]

Laws are those that the audit checks on a small grid with all rules of the market, and on stored RESULTS where given: their
size stands in docs/trust_figures.json then, with what fuzz.py, load.py and sweep.py record there (`--record`).
"""

from __future__ import annotations

import argparse
import ast
import logging
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path
from unittest import mock

from figures import read_figures, record
from mutants import mutants
from mutation_table import EQUIVALENT, TABLE, read_table, rule_files

import grid_model as gm
from grid_model import pipeline
from grid_model.results.audit import audit
from grid_model.results.audit.book import Book

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trust.md"
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "results"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    if asked.results:
        record("audit", _audited(asked.results))
    PAGE.write_text("\n\n".join(part.strip() for part in (
        INTRODUCTION, *_audit(), CERTIFICATE, NUMBERS, _mutation(), _fuzz(), _faults(), _load(), NOT_SHOWN)) + "\n", encoding="utf-8")


def _audited(folder: Path) -> dict:
    began = time.perf_counter()
    found = pipeline.audit_results(folder)
    summary = gm.open_results(folder).summary
    return {"scenario": summary["scenario"], "steps": summary["steps"], "zones": summary["zones"], "laws": len(found),
            "numbers": int(found["checked"].sum()), "broken": int((~found["passed"]).sum()),
            "seconds": round(time.perf_counter() - began, 1), "not_recomputed": list(found.attrs["not_recomputed"])}


# ---------------------------------------------------------------------------------------------------------------- parts


def _audit() -> list[str]:
    from audited_grid import ruled_grid

    case = ruled_grid()
    results = gm.solve(case)
    by_file: dict[str, dict[str, None]] = defaultdict(dict)
    with _watched(by_file):
        found = audit(case, results.dispatch, results.tables, results.summary, duals=results.duals)
    rows = [(f"`{file}`", len(names), "; ".join(names)) for file, names in by_file.items()]
    size = read_figures().get("audit")
    words = [AUDIT, f"On a grid of {len(case.zones)} zones with every kind of equipment and all rules of the market it checks {len(found)} laws:"]
    words.append(_table(("file in `results/audit`", "laws", "what holds"), rows))
    if size:
        words.append(f"Stored results of `{size['scenario']}`, {size['steps']} steps of {size['zones']} zones: {size['laws']} laws, {size['numbers']:,} "
                     f"numbers, {size['broken']} broken, {size['seconds']} s with reading and the certificate ({size['measured']}).")
    from test_changed_numbers import FREE, INPUTS

    return [*words, CHANGED.format(variables=len(results.dispatch.data_vars), tables=sum(len(table) > 0 for table in results.tables.values()),
                                   columns=sum(len(changes) for rows in INPUTS.values() for changes in rows.values()),
                                   series=len(case.series), free=len(FREE))]


def _watched(by_file) -> mock._patch:
    """Every law is entered under the file whose function it comes from."""
    plain = Book._enter

    def enter(book, law, *words):
        frame = sys._getframe(1)
        while Path(frame.f_code.co_filename).stem in ("book", "trust"):
            frame = frame.f_back
        by_file[Path(frame.f_code.co_filename).stem][law] = None
        return plain(book, law, *words)

    return mock.patch.object(Book, "_enter", enter)


def _mutation() -> str:
    ends, reasons = read_table(TABLE), read_table(EQUIVALENT)
    keys = {one.key for path in rule_files() for one in mutants(path)}
    tried, same = keys & ends.keys(), {key for key in keys & reasons.keys() if not ends.get(key)}
    seen = {key for key in tried if ends[key]}
    return (f"## Mutation of the model\n\n{len(keys):,} mutants of the rules, {len(tried):,} tried, {len(seen):,} seen by a test, {len(same):,} that no "
            f"dispatch can tell from the rule, {len(tried - seen - same):,} not seen: [Mutation of the model](mutation.md)."
            + (f" The other {len(keys - tried):,} are of rules that have changed since they were tried." if keys - tried else ""))


def _fuzz() -> str:
    found = read_figures().get("fuzz")
    if not found:
        return FUZZ
    ends = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found["ends"].items(), key=lambda one: -one[1]))
    part = found.get("all_solved")
    whole = (f" Of the first {part['cases']:,} cases each that is read was solved and audited too ({part['measured']}): "
             + ", ".join(f"{count:,} {kind}" for kind, count in sorted(part["ends"].items(), key=lambda one: -one[1])) + f". {part['mended']}" if part else "")
    return (f"{FUZZ}\n\n**{found['cases']:,} of 10,000** cases of the present list were run by {found['measured']}: {ends}. Cases that are `read` were "
            f"read without a problem and not solved. {found.get('mended', '')}{whole}").strip()


def _faults() -> str:
    rows = []
    for file in ("test_faults.py", "solve/test_crew.py", "solve/test_highs.py", "sweep/test_sweep.py"):
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        for test in tree.body:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_") and _is_fault(test.name):
                rows.append((test.name.removeprefix("test_").replace("_", " "), f"`{file}`"))
    return f"{FAULTS}\n\n{_table(('what is done, and what comes of it', 'test'), rows)}"


def _is_fault(name: str) -> bool:
    return any(word in name for word in ("kill", "disk", "read_only", "signal", "memory", "one_run", "lost", "time", "interrupt", "claim", "leftover",
                                    "stop", "half", "windows"))


def _load() -> str:
    found, words = read_figures(), ["## Load"]
    if one := found.get("load"):
        words.append(f"`python benchmarks/load.py`: {one['scenarios']} small scenarios one after the other in one process take "
                     f"{one['mb_after_20']} MB after the first 20 and {one['mb_at_the_end']} MB at the end ({one['growth_after_20']:.2%} more); "
                     f"{'all answers are the same' if one['different_answers'] == 1 else 'answers differ'}, bit for bit ({one['measured']}).")
    if many := found.get("many"):
        words.append(f"`python benchmarks/sweep.py --cases 0 --many {many['cases']}`: {many['solved']} of {many['cases']} scenarios solved over a local "
                     f"cluster of {many['workers']} workers in {many['seconds']} s"
                     + (f", {many['different']} with another answer than alone" if "different" in many else "") + f" ({many['measured']}).")
    return "\n\n".join(words)


def _table(heads, rows) -> str:
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in (heads, ["---"] * len(heads), *rows))


# ---------------------------------------------------------------------------------------------------------------- words

INTRODUCTION = """# Trust

What stands between a wrong answer and its reader, what was measured, and what was not. Written by `python benchmarks/trust.py`;
figures are of two shared cores, with the commands that repeat them."""

AUDIT = """## Audit

`grid-model audit RESULTS` reads inputs and results alone and says, law by law, by how much each holds. It is numpy on stored
arrays, in `results/audit`, and imports nothing of technologies, rules or the formulation. It runs after every solve; a broken law is
exit 5."""

CHANGED = """`tests/results/test_changed_numbers.py` changes one number at a time on that grid, and some law must be broken: each of {variables}
variables of the dispatch, every column of {tables} tables, {columns} numbers and words of the inputs and each of their {series} series. {free} columns of
results that no law binds stand there with their reason. `tests/results/test_certificate.py` does so with the dual of every family of rows.
Every file of the results carries its hash, and so does every input: what is changed on disk is seen whatever it is."""

CERTIFICATE = """## Certificate

From the stored duals alone weak duality gives a lower bound; whole solves are within 1e-6 of it or fail. `--strict-numerics`
repeats the bound in exact rational numbers on small grids."""

NUMBERS = """## Numbers that can be resolved

The solver takes a row for kept that is broken by 100 W, and a price that is off by 0.0001 CNY/MWh. Where a point breaks anything by more
than 0.1 W it is made sharper from its own basis, which costs nothing where nothing is broken. A number other than 0 below 0.001 MW, 0.001 MWh or
0.0002 CNY/MWh, or above 1e12 MW, 1e12 MWh or 1e9 CNY/MWh, is an error that names file, row and column (`case/resolution.py`); a series is
judged by its greatest value. `tests/case/test_resolution.py`: a grid of 10 kW beside one of 100 GW, costs of 3 beside 30,000 CNY/MWh, with
ranks, lines, ramps, storage and settlement, comes out hour by hour and price by price as its twin of a size between, alone; 1 kW beside 90 GW
is served at its own price; prices from 0.001 to a million stay in order. All that HiGHS warns of, from the moment a programme is handed over,
is told once, in words of ours (`algebra/listening.py`), and stands in `summary.json` under `solver.warnings`; nothing of it is printed bare."""

FUZZ = """## Fuzzing

`python benchmarks/fuzz.py --cases 10000 --table ends.csv` damages a grid with a row in every table and all rules on: cells, columns,
bytes, moments out of every calendar, whole files (line ends, encodings, archives, links, pipes, names), YAML, and, in a third of the cases,
numbers made larger or smaller and values exchanged. Every case must end
solved and audited or in an error with file, row and column. A run goes on where the table ends; with `--solve-every 25` most cases that are
read without a problem are not solved. `tests/test_fuzz.py` does so with 300 cases in every run of the tests."""

FAULTS = """## Faults

Done for real, in the tests; no half-written result can be opened as whole. By hand (2026-11-26): 60 kills -9 at random moments of a run,
a run by windows, an exact one, a sweep, an import, an export, a report and an audit, of the process alone or of all of its: nothing half could be
opened, and what was resumed came to the same numbers to the last digit."""

NOT_SHOWN = """## Not shown

Damaged grids beyond those named above that are read and not solved; a whole `.ci/nightly`: its fuzzing, load and sweep were run from a fresh
clone with bounded numbers, of its mutants only those of one module, and what all of it takes was not measured."""


if __name__ == "__main__":
    main()
