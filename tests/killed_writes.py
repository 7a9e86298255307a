"""Kills a process while it writes results, at every step of it; prints what is left as JSON, a line for each step.

    python killed_writes.py FOLDER

FOLDER/old is the state of a folder with older results, FOLDER/new that of one that was not there before.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from small import small_case

import grid_model as gm
from grid_model.errors import InputError
from grid_model.results import folder, results


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(function):
    def call(*words, **options):
        function(*words, **options)
        die()

    return call


def rename_and_die(which: int):
    """Die after the first or second rename."""
    count = 0
    rename = os.rename

    def call(*words):
        nonlocal count
        rename(*words)
        count += 1
        if count == which:
            die()

    return call


STEPS = {
    "before the dispatch": (results, "write_dispatch", die),
    "after the dispatch": (results, "write_dispatch", die_after(results.write_dispatch)),
    "in the tables": (results, "write_table", die_after(results.write_table)),
    "before the summary": (results, "_json", die),
    "before it is on disk": (folder, "_to_disk", die),
    "before the first rename": (folder, "_swap", die),
    "after the first rename": (os, "rename", rename_and_die(1)),
    "after the second rename": (os, "rename", rename_and_die(2)),
    "before the old are gone": (folder.shutil, "rmtree", die),
}
OF_NEW = ("after the dispatch", "before the summary", "before the first rename", "after the first rename")


def main(place: Path) -> None:
    solved = gm.solve(small_case(2, {"load": {"l": 50.0}}, loads=[{"load": "l", "zone": "A"}], generators=[
        {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100}]))
    with tempfile.TemporaryDirectory() as aside:
        kills(solved, place, Path(aside) / "old")


def kills(solved, place: Path, kept: Path) -> None:
    solved.summary["answer"] = "old"
    solved.save(kept)
    for name, older in (("old", True), ("new", False)):
        target = place / name
        for step, patch in STEPS.items() if older else [(step, STEPS[step]) for step in OF_NEW]:
            shutil.rmtree(target, ignore_errors=True)
            if older:
                shutil.copytree(kept, target)
            solved.summary["answer"] = "new"
            status = in_child(solved, target, *patch)
            left = sorted(path.name for path in place.iterdir() if path.name != "old" or older)
            seen = answer(target)
            with folder.claimed(target, "summary.json"):
                after = answer(target)
            tidy = sorted(path.name for path in place.iterdir())
            print(json.dumps({"folder": name, "step": step, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                              "seen": seen, "left": left, "after": after, "tidy": tidy}), flush=True)  # fmt: skip


def in_child(solved, target: Path, module, name: str, killer) -> int:
    """How a child ended that saved with one function of a module replaced."""
    child = os.fork()
    if child == 0:
        setattr(module, name, killer)
        solved.save(target)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def answer(target: Path) -> str | None:
    """What results in a folder say, None where there are none that open."""
    try:
        return gm.open_results(target).summary.get("answer", "new")
    except InputError:
        return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
