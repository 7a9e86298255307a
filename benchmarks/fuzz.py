"""Damages a grid thousands of times and reads, solves and audits what is left of it.

    python benchmarks/fuzz.py --cases 10000 --minutes 60 --table ends.csv [--solve-every 25] [--record]
    python benchmarks/fuzz.py --only 1234

Every case must end solved and audited, or in an error that says file, row and column. Faults are listed by where they
come from, with the numbers of their cases, and so are cases that the solver gave up; either makes the exit code 1. Ends by
kind are printed as JSON. With a table, every end is appended to it and cases that stand in it already are not tried again, but for those that were only read
and are to be solved now.

Tables that the damage left alone are parsed once for all cases, which makes a case several times faster; `--only` and
every fortieth case parse everything. A case that the damage left as one before it was (line ends, quotes, columns in another
order) is read and ends as that one did. With `--solve-every` the cases between are only read.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import logging
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from figures import record  # noqa: E402
from fuzz_grid import write_fuzz_grid  # noqa: E402
from fuzzing import reading_once, scratch, try_number  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="one case, with its end in words")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--solve-every", type=int, default=1, help="solve every so many cases, and only read the others")
    parser.add_argument("--table", type=Path, help="CSV of all ends; cases that stand there are left out")
    parser.add_argument("--record", action="store_true", help="keep the figures of the whole table for docs/trust.md")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        base, damaged = Path(folder) / "base", scratch(Path(folder)) / "copy"
        write_fuzz_grid(base)
        try:
            if asked.only is None:
                return _many(asked, base, damaged)
            done, end = try_number(asked.only, base, damaged)
            print(*done, f"{end.kind}: {end.text}", sep="\n")
            return int(end.kind == "fault")
        finally:
            shutil.rmtree(damaged.parent, ignore_errors=True)


def _many(asked, base: Path, damaged: Path) -> int:
    ends, faults, began, parsed, answered = Counter(), defaultdict(list), time.monotonic(), {}, {}
    numbers, known = range(asked.first, asked.first + asked.cases), _ends(asked.table)
    for number in (number for number in numbers if known.get(number) in ((None, "read") if number % asked.solve_every == 0 else (None,))):
        if time.monotonic() - began > 60 * asked.minutes:
            break
        with contextlib.nullcontext() if number % 40 == 0 else reading_once(parsed):
            done, end = try_number(number, base, damaged, number % asked.solve_every == 0, answered)
        ends[end.kind] += 1
        _enter(asked.table, number, done, end)
        if end.kind in ("fault", "SolveError"):
            faults[f"{end.kind}: {end.text}"].append(number)
            print(f"{number}: {'; '.join(done)}\n    {end.kind}: {end.text}", file=sys.stderr, flush=True)
    seconds = round(time.monotonic() - began)
    print(json.dumps({"cases": ends.total(), "seconds": seconds, "ends": ends, "faults": faults}, indent=2))
    if asked.record and asked.table:
        record("fuzz", _figures(asked.table))
    return int(bool(faults))


def _figures(table: Path) -> dict:
    ends = Counter(_ends(table).values())
    return {"cases": ends.total(), "ends": dict(ends)}


def _ends(table: Path | None) -> dict[int, str]:
    """The last end of every case in a table."""
    if table is None or not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        return {int(row[0]): row[1] for row in csv.reader(file)}


def _enter(table: Path | None, number: int, done, end) -> None:
    if table is not None:
        with table.open("a", newline="", encoding="utf-8", errors="backslashreplace") as file:
            csv.writer(file).writerow([number, end.kind, "; ".join(done), end.text.split("\n")[0][:300]])


if __name__ == "__main__":
    sys.exit(main())
