"""Sweeps: the same scenarios with one worker and with two, and many small ones at once over a local cluster.

    python benchmarks/sweep.py [--scenario FILE] [--cases 8] [--many 50] [--workers 2] [--end TIME] [--repeat 1] [--record]

Prints wall seconds of each, their ratio, how many of the many were solved, and the greatest memory of a case [MB]; exit 1
where one of the many was lost or has another answer than alone. Cases differ by what coal costs. Starting the workers is part
of the time; so it is for a user.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import record

import grid_model as gm
from grid_model.sweep import run_sweep

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"


def written(folder: Path, scenario: Path, cases: int, end: str | None) -> Path:
    """A sweep of as many cases as asked."""
    changes = "\n".join(
        f"    c{case}: [{{table: generators, where: {{technology: coal}}, column: variable_cost_cny_per_mwh, set: {250 + case}}}]"
        for case in range(cases)
    )
    file = folder / f"{cases}.yaml"
    last = f"end: {end}\n" if end else ""
    file.write_text(f"scenario: {scenario.resolve()}\n{last}axes:\n  changes:\n{changes}\n", encoding="utf-8")
    return file


def timed(file: Path, workers: int, out: Path) -> dict:
    """Wall seconds of a sweep and what became of its cases."""
    began = time.perf_counter()
    found = run_sweep(file, out, workers=workers)
    seconds = time.perf_counter() - began
    summaries = [json.loads(path.read_text()) for path in out.glob("*/summary.json")]
    solved = int((found.cases["status"] == "solved").sum())
    return {"cases": len(found.cases), "workers": workers, "seconds": round(seconds, 1), "solved": solved,
            "peak_memory_mb": max((summary["peak_memory_mb"] for summary in summaries), default=None)}  # fmt: skip


def different(scenario: Path, cases: int, out: Path) -> int:
    """How many of the cases have another dispatch, cost or price than alone in this process, to the last digit."""
    count = 0
    for case in range(cases):
        results = gm.open_results(next(out.glob(f"*c{case}")))
        alone = gm.load_case(scenario)
        generators = alone.tables["generators"].copy()
        generators.loc[generators["technology"] == "coal", "variable_cost_cny_per_mwh"] = 250.0 + case
        alone = gm.solve(alone.replace(generators=generators))
        same = alone.summary["objective_cny"] == results.summary["objective_cny"] and all(
            np.array_equal(alone.dispatch[name].values, results.dispatch[name].values) for name in ("generation", "price", "unserved"))
        count += not same
    return count


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--scenario", type=Path, default=SCENARIOS / "five_province_week.yaml")
    words.add_argument("--small", type=Path, default=SCENARIOS / "two_zone.yaml")
    words.add_argument("--cases", type=int, default=8)
    words.add_argument("--many", type=int, default=50)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--repeat", type=int, default=1)
    words.add_argument("--end")
    words.add_argument("--record", action="store_true", help="keep the figures of the many for docs/trust.md")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        seconds: dict[int, list[float]] = {1: [], asked.workers: []}
        if asked.cases:
            file = written(folder, asked.scenario, asked.cases, asked.end)
            for _ in range(asked.repeat):
                for workers in seconds:
                    took = timed(file, workers, folder / f"out{workers}")
                    seconds[workers].append(took["seconds"])
                    print(took, flush=True)
            one, more = (statistics.median(seconds[workers]) for workers in (1, asked.workers))
            print(f"{asked.workers} workers are {one / more:.2f} x faster than one")
        if asked.many:
            found = timed(written(folder, asked.small, asked.many, None), asked.workers, folder / "many")
            found["different"] = different(asked.small, asked.many, folder / "many") if found["solved"] == asked.many else None
            print(found)
            if asked.record:
                record("many", found)
            return int(found["solved"] < asked.many or found["different"] > 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
