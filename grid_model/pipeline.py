"""From a scenario to written results: read, build, solve, report. One function per stage, data moves down only."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import logging
import platform
import resource
import shutil
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pandas as pd

from grid_model import formulation
from grid_model.algebra import compile_program
from grid_model.case.case import Case
from grid_model.case.read import read_case
from grid_model.case.units import CNY
from grid_model.errors import AuditError, InfeasibleError, InputError, Problem, WriteError, shown
from grid_model.progress import Line, Progress
from grid_model.results.audit import audit, demand_passed, summarise
from grid_model.results.burning import burning, demand_paid
from grid_model.results.certificate import certify_stored, duals_dataset
from grid_model.results.dataset import build_dataset
from grid_model.results.derived import derive
from grid_model.results.explain.explain import Explanations, explain
from grid_model.results.explain.infeasible import demand_no_conflict, named_conflicts
from grid_model.results.explain.recall import of_stored
from grid_model.results.folder import claimed, demand_place
from grid_model.results.results import DUALS, SCENARIO, SUMMARY, Results, changed_files, open_results
from grid_model.results.scorecard import demand_reached, reached
from grid_model.scenario_loading import load_scenario
from grid_model.solve.crew import Crew
from grid_model.solve.solved import Solved, by_windows, solve_model

logger = logging.getLogger(__name__)

PACKAGES = ("grid-model", "highspy", "pyomo", "numpy", "scipy", "pandas", "xarray")
version = functools.cache(importlib.metadata.version)


def load_case(scenario: str | Path, start=None, end=None, overrides: Sequence[str] = ()) -> Case:
    """Read and check a scenario and its inputs.

    Parameters
    ----------
    scenario : path of a scenario's YAML file
    start, end : moments of Beijing time that replace the scenario's horizon; `end` is exclusive
    overrides : "key.inner=value" settings that come last

    Raises
    ------
    InputError : everything that is wrong, of all files together
    """
    return read_case(scenario, formulation.TABLES, formulation.SETTINGS, checks=formulation.CHECKS, start=start, end=end,
                     overrides=overrides)


def solve(case: Case, progress: Progress | None = None, crew: Crew | None = None) -> Results:
    """The optimal dispatch of a case; a crew solves windows side by side, where it is solved in windows.

    Raises
    ------
    InfeasibleError, SolveError : there is no dispatch, or the solver gave no proven optimum
    AuditError : the answer breaks an order or a law that it must keep
    """
    clock = _Clock(progress)
    with clock("build"), named_conflicts():
        model = formulation.build_model(case)
        program = compile_program(model)
    with clock("solve"), named_conflicts(case, program):
        solved = solve_model(case, model, program, clock.within("solve"), crew)
    with clock("results"):
        dispatch = build_dataset(solved)
        dispatch, tables = derive(case, dispatch, _tables(solved))
        tables["burning"] = burning(dispatch, case.tables)
        if case.scenario.solve.one_way:
            demand_paid(tables["burning"], dispatch, case.tables["storage"])
    results = Results(
        dispatch,
        _summary(solved, clock.seconds),
        tables,
        case.scenario.to_yaml(),
        _provenance(case),
        duals=duals_dataset(solved),
        case=case,
    )
    if "scorecard" in tables:
        results.summary["scorecard"] = reached(tables["scorecard"])
    if case.scenario.solve.audit:
        with clock("audit"):
            laws = audit(case, dispatch, tables, results.summary, duals=results.duals, rules=formulation.policies_of(case))
            found = _certified(laws, model, program, results)
            results.summary["audit"] = summarise(found)
        results.summary["seconds"]["audit"] = clock.seconds["audit"]
        demand_passed(found)
    return results


def audit_results(folder: str | Path, strict_numerics: bool = False) -> pd.DataFrame:
    """Check stored results against the inputs that their scenario names: a row for every law (see results/audit).

    The bound of the cost is computed again from the stored duals (results/certificate.py), with `strict_numerics` in exact
    rational arithmetic too.

    Raises
    ------
    InputError : the folder holds no whole results, or the inputs cannot be read any more; the programme is too large for
        exact arithmetic
    """
    results = open_results(folder)
    case = load_case(results.folder / SCENARIO)
    found = audit(case, results.dispatch, results.tables, results.summary, results.provenance, results.duals, changed_files(results),
                  formulation.policies_of(case))
    if results.duals is None and strict_numerics:
        raise InputError(Problem(str(folder), value=DUALS, allowed="results with duals; this file is missing in it"))
    if results.duals is None:
        return found
    if results.summary["status"] != "optimal":
        if strict_numerics:
            raise InputError(Problem(str(folder), value=results.summary["status"],
                                     allowed="results of a whole solve: windows have no duals of one optimum"))
        return found
    model = formulation.build_model(case)
    return _certified(found, model, compile_program(model), results, strict_numerics)


def _certified(found: pd.DataFrame, model, program, results: Results, strict: bool = False) -> pd.DataFrame:
    """The table of an audit with the laws of the certificate; a dispatch by windows has no duals of one optimum."""
    if results.summary["status"] != "optimal":
        return found
    certificate = certify_stored(model, program, results.duals, results.summary, results.tables.get("purchase_order"), strict)
    whole = pd.concat([found, certificate], ignore_index=True)
    whole.attrs = dict(found.attrs)
    return whole


def explain_results(results: Results, zone: str | None = None, time=None) -> Explanations:
    """Why prices, curtailment and unserved load are as they are (see results/explain).

    Raises
    ------
    InputError : there is no such zone or time; the results hold no duals; the inputs are not as they were in the run
    """
    if results.optimum is None:
        case = results.case or load_case(results.folder / SCENARIO)
        model = formulation.build_model(case)
        results.optimum = of_stored(case, model, compile_program(model), results)
    return explain(results.optimum, results.dispatch, zone, time)


def demand_feasible(case: Case, progress: Progress | None = None) -> None:
    """Raises InfeasibleError, with what contradicts each other, where no dispatch satisfies all rules of a case.

    SolveError : that was not found out in time
    """
    with named_conflicts():
        program = compile_program(formulation.build_model(case))
    demand_no_conflict(case, program)
    if len(case.tables["storage"]) and not by_windows(case, program):
        solve(case, progress)  # only a dispatch shows that no store has to burn energy, but at a negative price


def _tables(solved: Solved) -> dict:
    """Tables that policies add beside the dispatch."""
    return {name: table for part in solved.model.policies.values() if part.offers("tables")
            for name, table in part.tables(solved).items()}


def run(scenario: str | Path, out: str | Path | None = None, start=None, end=None, overrides: Sequence[str] = (),
        progress: Progress | None = None, report: bool | None = None, strict: bool = False, workers: int | None = None,
        scheduler: str | None = None, resume: bool = False) -> Results:
    """Read, solve and write a scenario; results stand in `out`, by default `results/<name of the scenario>`, with a
    report unless `report`, or else the scenario, says no.

    Parameters
    ----------
    workers, scheduler : where a long case is solved in windows, as many local processes (default: cores), or a running
        dask cluster
    resume : go on from the windows that an earlier run of the very same case left behind when it was stopped

    Raises
    ------
    InputError : the inputs are wrong, or there is no such cluster; or `strict`, and the scenario has no scorecard
    AuditError : the answer breaks a law; or `strict`, and a target of the scorecard is missed: results are written
    """
    clock = _Clock(progress)
    _demand_place(scenario, out, overrides)
    with clock("read"):
        case = load_case(scenario, start, end, overrides)
    if strict and case.scenario.policy("scorecard") is None:
        raise InputError(Problem(*case.scenario.place("policies"), "policies.scorecard", "off", "on, where targets are to be met"))
    with claimed(_folder(out, case.name), SUMMARY) as claim:
        with _windows_kept(claim.folder, Crew(workers, scheduler, identity=_identity(case), resume=resume)) as crew:
            results = solve(case, progress, crew)
            with clock("write"):
                results.save(claim, case.scenario.results.format)
        if case.scenario.report if report is None else report:
            from grid_model.report.page import write_report  # who wants no report does not wait for what draws it

            with clock("report"), _said_of(results.folder):
                write_report(results)
        _finish(results, clock.seconds)
    if strict:
        demand_reached(results.tables["scorecard"], results.folder)
    return results


def _folder(out, name: str) -> Path:
    return Path(out) if out is not None else Path("results") / name


def _demand_place(scenario, out, overrides) -> None:
    """Refuse a place that cannot be written before the inputs are read; a scenario that is wrong is told with them."""
    try:
        name = "" if out is not None else load_scenario(scenario, overrides).name
    except InputError:
        return
    demand_place(_folder(out, name), SUMMARY)


@contextmanager
def _said_of(folder: Path):
    """What a person is told who stops the report, or has no room for it."""
    try:
        yield
    except (KeyboardInterrupt, WriteError) as stop:
        stop.add_note(f"the results stand in {shown(folder)}, their report does not: grid-model report {shown(folder)}")
        raise


@contextmanager
def _windows_kept(folder: Path, crew: Crew):
    """The crew with a shelf beside the folder of results. It goes with an answer, and with the knowledge that there is none; it
    stays where the run is killed or stopped, for want of time, memory or room on a disk too, and then the error says so."""
    kept = folder.parent / f".{folder.name}.windows"
    try:
        yield replace(crew, folder=kept)
    except (InfeasibleError, AuditError):
        shutil.rmtree(kept, ignore_errors=True)
        raise
    except BaseException as stop:
        if any(kept.glob("*/pieces/*.npz")):
            stop.add_note(f"no results were written; the windows solved so far stand in {shown(kept)}: the same command with --resume "
                          "goes on from them, without it they are removed")
        raise
    shutil.rmtree(kept, ignore_errors=True)


def _identity(case: Case) -> str:
    """What makes a case the very same: its scenario but for the time it may take, the contents of its inputs, and the versions
    that solve it."""
    asked = case.scenario.model_dump(mode="json", exclude_unset=True)
    asked["solve"] = {name: value for name, value in asked.get("solve", {}).items() if name != "time_limit_seconds"}
    scenarios = {shown(file) for file in case.scenario.files}
    inputs = {name: digest for name, digest in case.sources.items() if name not in scenarios}
    return json.dumps([asked, inputs, {name: version(name) for name in PACKAGES}], sort_keys=True)


def _finish(results: Results, seconds: dict[str, float]) -> None:
    """Put the times that are known only after writing into the summary on disk."""
    results.summary["seconds"] = {"read": seconds["read"], **results.summary["seconds"],
                                  **{stage: seconds[stage] for stage in ("write", "report") if stage in seconds}}
    results.summary["seconds"]["total"] = sum(results.summary["seconds"].values())
    results.summary["peak_memory_mb"] = _peak_memory_mb()
    results.write_summary()


def _summary(solved: Solved, seconds: dict[str, float]) -> dict:
    case, program, solution = solved.case, solved.program, solved.solution
    cost, lower = solution.objective / CNY, solved.lower_bound / CNY
    bound = {"lower_bound_cny": lower, "gap": (cost - lower) / max(abs(cost), 1.0)} if np.isfinite(lower) else {}
    rows, columns = program.matrix.shape
    return {
        "scenario": case.name, "status": "optimal" if solved.whole else "within gap", "objective_cny": cost, **bound,
        "start": str(case.time[0]), "hours": case.hours, "steps": case.steps,
        "zones": len(case.zones), "ranks_proven": solved.proof, **({"directions": solved.directions} if solved.directions else {}),
        "policies": formulation.policies_of(case), "rows": rows, "columns": columns, "nonzeros": int(program.matrix.nnz),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()}, "peak_memory_mb": _peak_memory_mb(),
        "solver": {"name": "HiGHS", "version": highspy.Highs().version(), "method": solution.method,
                   "iterations": solution.iterations, "warnings": list(solution.warnings)},
        "versions": {name: version(name) for name in PACKAGES},
    }


def _provenance(case: Case) -> dict:
    return {"inputs_sha256": dict(case.sources), "versions": {name: version(name) for name in PACKAGES},
            "python": platform.python_version(), "platform": platform.platform(terse=True)}


def _peak_memory_mb() -> float:
    """Largest resident memory of this process so far [MB]."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


class _Clock:
    """Times stages, logs their end, and tells progress."""

    def __init__(self, progress: Progress | None):
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def __call__(self, stage: str):
        started = time.perf_counter()
        if self._progress is not None:
            self._progress(stage, 0.0, Line(""))
        yield
        self.seconds[stage] = round(time.perf_counter() - started, 3)
        logger.info("%s: %.2f s", stage, self.seconds[stage])

    def within(self, stage: str):
        """Progress inside a stage, or None where nobody listens."""
        return None if self._progress is None else lambda seconds, line: self._progress(stage, seconds, line)
