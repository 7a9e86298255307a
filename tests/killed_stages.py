"""Kills runs in every stage, and one between windows; prints what is left as JSON, a line for each.

    python killed_stages.py FOLDER

Every run goes into FOLDER/out, where older results stand; the last goes on with --resume where a kill left windows behind.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from killed_writes import answer, die

import grid_model as gm
from grid_model import pipeline
from grid_model.report import page
from grid_model.results import results as results_module

SCENARIOS = Path(__file__).parents[1] / "scenarios"
STAGES = {
    "read": (pipeline, "read_case"),
    "solve": (pipeline, "solve_model"),
    "audit": (pipeline, "audit"),
    "write": (results_module, "write_dispatch"),
}
REPORT = {"report": (page, "write_report")}
WINDOWS = ("solve.mode=windows", "solve.window_hours=6", "solve.look_ahead_hours=3", "solve.corrections=0")
DAY = {"scenario": SCENARIOS / "two_zone.yaml", "overrides": WINDOWS, "report": False, "workers": 1}


def main(place: Path) -> None:
    target = place / "out"
    older = gm.run(SCENARIOS / "two_zone.yaml", target, report=False)
    older.summary["answer"] = "old"
    older.save(target)
    for stage, (module, name) in (STAGES | REPORT).items():
        status = in_child(module, name, lambda: gm.run(SCENARIOS / "two_zone.yaml", target, report=True))
        print(json.dumps({"stage": stage, "signal": os.WTERMSIG(status), "seen": answer(target)}), flush=True)
        if answer(target) != "old":
            older.save(target)
    gm.run(SCENARIOS / "two_zone.yaml", target, report=False)
    print(json.dumps({"stage": "", "left": sorted(path.name for path in place.iterdir())}), flush=True)
    windows(place)


def windows(place: Path) -> None:
    """A run by windows that is killed with two of them on disk, what is left, and the run that goes on."""
    def die_later(stage, seconds, words):
        if words.startswith("window 2 "):
            die()

    status = in_child(None, "", lambda: gm.run(**DAY, out=place / "day", progress=die_later))
    pieces = {path: path.stat().st_mtime_ns for path in (place / ".day.windows").rglob("*.npz") if path.parent.name == "pieces"}
    seen = {}

    def look(stage, seconds, words):
        seen.update({path: path.stat().st_mtime_ns for path in pieces if path.exists()})

    resumed, alone = gm.run(**DAY, out=place / "day", resume=True, progress=look), gm.run(**DAY, out=place / "alone")
    print(json.dumps({"stage": "windows", "signal": os.WTERMSIG(status), "pieces": len(pieces), "kept": seen == pieces,
                      "resumed": resumed.summary["objective_cny"], "alone": alone.summary["objective_cny"],
                      "left": sorted(path.name for path in place.iterdir())}), flush=True)


def in_child(module, name: str, work) -> int:
    """How a child ended that did some work with one function replaced by its death."""
    child = os.fork()
    if child == 0:
        try:
            if module is not None:
                setattr(module, name, die)
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main(Path(sys.argv[1]))
