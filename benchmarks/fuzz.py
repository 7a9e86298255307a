"""Damages a grid thousands of times and reads, solves and audits what is left of it.

    python benchmarks/fuzz.py --cases 10000
    python benchmarks/fuzz.py --only 1234

Every case must end solved and audited, or in an error that says file, row and column. Faults are listed by where they
come from, with the numbers of their cases; any fault makes the exit code 1. Ends by kind are printed as JSON.
"""

from __future__ import annotations

import argparse
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

from fuzz_grid import write_fuzz_grid  # noqa: E402
from fuzzing import scratch, try_number  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="one case, with its end in words")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        base, copy = Path(folder) / "base", scratch(Path(folder)) / "copy"
        write_fuzz_grid(base)
        if asked.only is not None:
            done, end = try_number(asked.only, base, copy)
            print(*done, f"{end.kind}: {end.text}", sep="\n")
            return int(end.kind == "fault")
        try:
            return _many(asked, base, copy)
        finally:
            shutil.rmtree(copy.parent, ignore_errors=True)


def _many(asked, base: Path, copy: Path) -> int:
    ends, faults, began = Counter(), defaultdict(list), time.monotonic()
    for number in range(asked.first, asked.first + asked.cases):
        if time.monotonic() - began > 60 * asked.minutes:
            break
        done, end = try_number(number, base, copy)
        ends[end.kind] += 1
        if end.kind in ("fault", "SolveError"):
            faults[f"{end.kind}: {end.text}"].append(number)
            print(f"{number}: {'; '.join(done)}\n    {end.kind}: {end.text}", file=sys.stderr, flush=True)
    print(json.dumps({"cases": ends.total(), "seconds": round(time.monotonic() - began), "ends": ends, "faults": faults}, indent=2))
    return int(ends["fault"] > 0)


if __name__ == "__main__":
    sys.exit(main())
