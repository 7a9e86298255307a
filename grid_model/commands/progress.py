"""What a person sees while waiting: stage, seconds, the solver's last line, and the time left where it can be known.

It is known where a stage tells it (windows, sweeps), or where the very same scenario was run into the same folder before. On
a screen this is one line that moves; in a log, where nothing moves, a line now and then.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from grid_model.errors import GridModelError
from grid_model.progress import Line

EVERY = 30.0  # seconds between lines in a log


@contextmanager
def progress(quiet: bool = False, expected: float | None = None):
    """The function that stages tell; None where nobody looks."""
    console = Console(stderr=True)
    if quiet:
        yield None
    elif console.is_terminal:
        left, line = TextColumn("{task.fields[left]}"), TextColumn("{task.fields[line]}")
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), left, line)
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("read", total=None, line="", left="")
            yield _told(
                expected, lambda name, left, line: bar.update(task, description=name, left=left, line=line[:80])
            )
    else:
        yield _told(expected, _now_and_then())


def seconds_of_last_run(scenario: Path, start, end, overrides, out: Path | None) -> float | None:
    """How long the same scenario took into the same folder, if it did."""
    from grid_model.results.results import SCENARIO, SUMMARY
    from grid_model.scenario_loading import load_scenario
    from grid_model.scenario_yaml import absolute_paths

    try:
        asked = load_scenario(scenario, overrides)
        asked = asked.with_horizon(start, end) if start or end else asked
        folder = out or Path("results") / asked.name
        if absolute_paths((folder / SCENARIO).read_text(encoding="utf-8"), folder.resolve()) != asked.to_yaml():
            return None
        return float(json.loads((folder / SUMMARY).read_text(encoding="utf-8"))["seconds"]["total"])
    except (GridModelError, OSError, ValueError, KeyError):  # said by the run itself, or never run
        return None


def _told(expected: float | None, show: Callable[[str, str, str], None]):
    began = time.monotonic()

    def tell(stage: str, seconds: float, line: Line) -> None:
        left = line.left
        if left is None and expected is not None:
            left = expected - (time.monotonic() - began)
        show(stage, _in_words(left), line)

    return tell


def _in_words(left: float | None) -> str:
    if left is None or left < 1:
        return ""
    return f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left"


def _now_and_then() -> Callable[[str, str, str], None]:
    """Prints a line where the last one is long ago."""
    began = said = time.monotonic()

    def show(stage: str, left: str, line: str) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= EVERY:
            said = now
            words = (f"{stage}: {now - began:.0f} s", left, line[:80])
            print(", ".join(word for word in words if word), file=sys.stderr, flush=True)

    return show
