"""Many small scenarios, one after the other in one process: memory, and whether all answers are the same, bit for bit.

    python benchmarks/load.py [--scenarios 200] [--record]

Printed as JSON; exit 1 where memory grows by 5 % or more after the first 20, or an answer differs. Many at once:
`python benchmarks/sweep.py --cases 0 --many 50`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import logging
import sys
import time
import warnings
from pathlib import Path

import psutil
from figures import record

import grid_model as gm

ROOT = Path(__file__).parents[1]
SCENARIO = ROOT / "scenarios" / "two_zone.yaml"
WARM, MOST_GROWTH = 20, 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=int, default=200)
    parser.add_argument("--record", action="store_true", help="keep the figures for docs/trust.md")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    found = one_after_the_other(asked.scenarios)
    print(json.dumps(found, indent=2))
    if asked.record:
        record("load", found)
    return int(found["growth_after_20"] >= MOST_GROWTH or found["different_answers"] > 1)


def one_after_the_other(scenarios: int) -> dict:
    process, began, answers, memory = psutil.Process(), time.monotonic(), set(), []
    for _ in range(scenarios):
        results = gm.solve(gm.load_case(SCENARIO))
        answers.add(digest(results))
        del results
        gc.collect()
        memory.append(process.memory_info().rss / 2**20)
    warm = memory[min(WARM, scenarios) - 1]
    return {"scenarios": scenarios, "seconds": round(time.monotonic() - began, 1), "mb_after_20": round(warm, 1),
            "mb_at_the_end": round(memory[-1], 1), "growth_after_20": round(memory[-1] / warm - 1, 4),
            "different_answers": len(answers)}


def digest(results) -> str:
    """All numbers of a dispatch, bit for bit."""
    found = hashlib.sha256()
    for name, variable in sorted(results.dispatch.data_vars.items()):
        found.update(name.encode() + variable.values.astype(str if variable.dtype == object else variable.dtype).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
