"""One case of a sweep as a task: what a worker does, and what it hands back."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import xarray as xr

from grid_model import pipeline
from grid_model.cluster import warnings_of_a_task
from grid_model.errors import GridModelError, InputError
from grid_model.results.comparison import figures
from grid_model.results.results import SCENARIO, SUMMARY, Results, open_results
from grid_model.scenario_loading import load_scenario

SOLVED, FAILED, STOPPED = "solved", "failed", "stopped"
FAULT = 1  # exit code of what is no error of a user
_one_at_a_time = threading.Lock()  # a worker of many threads still solves one case at a time


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    status    solved, failed, stopped
    error     class of the error; message and exit_code go with it
    resumed   whether whole results of the same scenario and inputs stood there already
    figures   headline figures, see results/comparison.py; None unless solved
    summary   of the results; empty unless solved
    warnings  what was warned of meanwhile
    """

    status: str
    error: str = ""
    message: str = ""
    exit_code: int = 0
    resumed: bool = False
    figures: xr.Dataset | None = None
    summary: Mapping | None = None
    warnings: tuple[str, ...] = ()


def solve_case(scenario: str, overrides: Iterable[str], start, end, folder: str, resume: bool) -> Outcome:
    """Solve a case into its folder; whatever goes wrong is an outcome too.

    resume : whole results of the same scenario, inputs and versions are taken as they are, and windows of one that was stopped
    """
    overrides, place = tuple(overrides), Path(folder)
    with _one_at_a_time, warnings_of_a_task() as warned:
        try:
            results = _kept(scenario, overrides, start, end, place) if resume else None
            resumed = results is not None
            if results is None:
                _remove(place)
                results = pipeline.run(scenario, place, start, end, overrides, report=False, workers=1, resume=resume)
            outcome = {"status": SOLVED, "resumed": resumed, "figures": figures(results), "summary": results.summary}
        except Exception as error:  # noqa: BLE001  a fault in one case must not lose the others
            outcome = failure(error)
    return Outcome(**outcome, warnings=tuple(warned))


def failure(error: Exception) -> dict:
    """How an error stands in an Outcome."""
    code = error.exit_code if isinstance(error, GridModelError) else FAULT
    return {"status": FAILED, "error": type(error).__name__, "message": str(error) or repr(error), "exit_code": code}


def _kept(scenario: str, overrides: tuple[str, ...], start, end, folder: Path) -> Results | None:
    """Whole results in the folder, if they are of the same resolved scenario, the same inputs and the same versions."""
    asked = load_scenario(scenario, overrides)
    asked = asked.with_horizon(start, end) if start or end else asked
    try:
        if (folder / SCENARIO).read_text(encoding="utf-8") != asked.to_yaml():
            return None
        found = open_results(folder)
    except (OSError, UnicodeDecodeError, InputError):
        return None
    case = pipeline.load_case(scenario, start, end, overrides)
    same = _contents(found.provenance.get("inputs_sha256", {})) == _contents(case.sources)
    return (
        found
        if same and found.provenance.get("versions") == {name: version(name) for name in pipeline.PACKAGES}
        else None
    )


def _contents(sources: Mapping[str, str]) -> Counter:
    """What was read, from whichever working folder."""
    return Counter((Path(name).name, digest) for name, digest in sources.items())


def _remove(folder: Path) -> None:
    """Earlier results go before a case is solved anew: should it fail, nobody takes them for its answer."""
    if (folder / SUMMARY).is_file():
        (folder / SUMMARY).unlink()  # from here on the folder is no whole result
        shutil.rmtree(folder)
