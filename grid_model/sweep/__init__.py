"""Sweeps: every combination of values of some keys of a scenario is a case, solved side by side.

    results = run_sweep("sweeps/carbon.yaml")
    results.dataset["cost_cny"].sel(allowance_price_cny_per_t=75)

plan     the YAML file, checked, and the cases that it means
tasks    one case, on a worker
cluster  workers: of this machine or of a running cluster
gather   the table of cases and the Dataset over the axes

Workers are told paths, not data: scenario, inputs and results must be at the same place for all of them. Locally that
is so; on a cluster it takes a shared disk. In a script of your own call `run_sweep` under `if __name__ ==
"__main__":`, as local workers are processes that import the script.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr
from distributed import Client, as_completed

from grid_model.cluster import client_of, lost_its_workers
from grid_model.errors import InputError, Problem, SolveError
from grid_model.progress import Line, Pace, Progress
from grid_model.sweep.gather import CASES, case_table, dataset, write_cases, write_dataset
from grid_model.sweep.plan import Plan, SweepCase, read_plan
from grid_model.sweep.tasks import FAILED, SOLVED, Outcome, failure, solve_case
from grid_model.sweep.workers import local_workers

__all__ = ["SweepResults", "run_sweep"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepResults:
    """What a sweep came to.

    folder     where everything stands: `cases.csv`, `sweep.zarr`, and a folder of results per case
    cases      a row per case with its status, error and message
    dataset    headline figures over the axes
    exit_code  0 where all are solved, else the worst of the cases
    """

    folder: Path
    cases: pd.DataFrame
    dataset: xr.Dataset
    exit_code: int


def run_sweep(
    path: str | os.PathLike,
    out: str | os.PathLike | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SweepResults:
    """Solve every case of a sweep; a case that fails is listed and costs no other.

    Parameters
    ----------
    path : the YAML file of the sweep
    out : folder of everything; by default `results/<name of the sweep>`
    scheduler : address of a running dask cluster, such as tcp://10.0.0.1:8786; none: processes of this machine
    resume : keep cases whose folder holds whole results of the same scenario, inputs and versions; else solve all anew
    workers : how many local processes; none: by cores and memory
    progress : is told of every case that ends (progress.py)

    Raises
    ------
    InputError : the file, its scenario or its axes are wrong, or there is no cluster at the address
    KeyboardInterrupt : after `cases.csv` and `sweep.zarr` were written of what was solved until then
    """
    plan = read_plan(path)
    folder = Path(os.path.abspath(out if out is not None else Path("results") / plan.sweep.name))
    _claim(folder)
    outcomes: dict[int, Outcome] = {}
    with client_of(scheduler, workers or local_workers(plan.scenario, len(plan.cases))) as client:
        write_cases(case_table(plan, outcomes), folder)
        try:
            _solve_all(client, plan, folder, resume, outcomes, progress)
        finally:
            table, found = case_table(plan, outcomes), dataset(plan, outcomes)
            write_cases(table, folder)
            write_dataset(found, folder)
    return SweepResults(folder, table, found, max(outcome.exit_code for outcome in outcomes.values()))


def _claim(folder: Path) -> None:
    """The folder of a sweep; one that holds something else is not touched."""
    if folder.exists() and not (folder / CASES).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(Problem(str(folder), allowed="a new or empty folder, or one that holds an earlier sweep"))
    folder.mkdir(parents=True, exist_ok=True)


def _solve_all(
    client: Client, plan: Plan, folder: Path, resume: bool, outcomes: dict[int, Outcome], progress: Progress | None
) -> None:
    """Hand out all cases and gather what becomes of them into `outcomes`, as they come."""
    began, pace, sweep = time.monotonic(), Pace(), plan.sweep
    futures = {
        client.submit(
            solve_case,
            str(sweep.scenario),
            case.overrides,
            sweep.start,
            sweep.end,
            str(folder / case.name),
            resume,
            pure=False,
            key=f"{case.name}-{uuid.uuid4().hex}",
        ): case
        for case in plan.cases
    }
    try:
        _tell(progress, plan, outcomes, began, pace)
        for future in as_completed(futures):
            case = futures[future]
            outcomes[case.number] = _outcome(future)
            _say(case, outcomes[case.number])
            future.release()
            _tell(progress, plan, outcomes, began, pace)
    finally:
        client.cancel([future for future, case in futures.items() if case.number not in outcomes], force=True)


def _outcome(future) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    if lost_its_workers(error):
        error = SolveError("its worker was lost again and again: out of memory? Try fewer workers")
    return Outcome(**failure(error))


def _say(case: SweepCase, outcome: Outcome) -> None:
    for warning in outcome.warnings:
        logger.warning("%s: %s", case.name, warning)
    logger.info("%s: %s%s", case.name, outcome.status, f" ({outcome.error})" if outcome.error else "")


def _tell(progress: Progress | None, plan: Plan, outcomes: dict[int, Outcome], began: float, pace: Pace) -> None:
    if progress is not None:
        states = [outcome.status for outcome in outcomes.values()]
        failed = f", {states.count(FAILED)} failed" if FAILED in states else ""
        line = f"{states.count(SOLVED)} of {len(plan.cases)} solved{failed}"
        progress("cases", time.monotonic() - began, Line(line, pace.left(len(states), len(plan.cases))))
