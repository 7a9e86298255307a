"""One linear programme to its proven optimum with HiGHS; anything else is an error that says what is known.

method   what runs
simplex  dual simplex
ipx      interior point (IPX), then crossover to a basis
hipo     interior point (HiPO), then crossover to a basis
pdlp     first-order method, then crossover from its point to a basis
auto     what measurements say for a programme of this size, see docs/performance.md

Every method ends in a basis, so that prices are those of a vertex.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import highspy
import numpy as np

from grid_model.algebra import LinearProgram, Listening
from grid_model.errors import InfeasibleError, SolveError
from grid_model.progress import Line

Status = highspy.HighsModelStatus
METHODS = ("auto", "simplex", "ipx", "hipo", "pdlp")
FALTERED = (Status.kNotset, Status.kSolveError, Status.kUnknown)  # ends without an answer: numerical trouble
FEASIBILITY = 1e-6  # largest violation of a row, column or dual sign that passes, in units of the programme
TOLERANCE, SHARP = 1e-7, 1e-10  # violation of a row or column: HiGHS's own tolerance (100 W), and the least it knows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Solution:
    """An optimal vertex: primal and dual values in units of the programme (GW, GWh, million CNY); `warnings` are all that this HiGHS
    has given since it was loaded."""

    columns: np.ndarray
    column_duals: np.ndarray
    row_duals: np.ndarray
    row_values: np.ndarray
    objective: float
    method: str
    iterations: int
    warnings: tuple[str, ...] = ()


def choose_method(program: LinearProgram) -> str:
    """Dual simplex at every size measured so far: the figures stand in docs/performance.md."""
    return "simplex"


def solve_program(program: LinearProgram, method: str = "auto", time_limit_seconds: float | None = None,
                  threads: int | None = None, progress: Callable[[float, str], None] | None = None) -> Solution:
    """Solve a programme from nothing.

    Raises
    ------
    InfeasibleError : no point satisfies all rows
    SolveError : unbounded, out of time, or any other end than a proven optimum
    KeyboardInterrupt : after the solver has stopped
    """
    method = choose_method(program) if method == "auto" else method
    return optimise(program.to_highs(), method, time_limit_seconds, threads, progress)


def optimise(highs: Listening, method: str, time_limit_seconds: float | None = None, threads: int | None = None,
             progress: Callable[[float, str], None] | None = None) -> Solution:
    """Run a loaded HiGHS by a method and take its solution; a basis it already holds is used by simplex."""
    iterations = reach_optimum(highs, method, time_limit_seconds, threads, progress)
    return solution_of(highs, Values(highs), method, iterations)


def reach_optimum(highs: Listening, method: str, time_limit_seconds: float | None = None, threads: int | None = None,
                  progress: Callable[[float, str], None] | None = None) -> int:
    """The same, without the solution; iterations."""
    started = time.perf_counter()
    _set(highs, "solver", method)
    _set(highs, "run_crossover", "on")
    if method == "pdlp":  # prints past every callback
        highs.setOptionValue("output_flag", False)
    if threads is not None:
        _set(highs, "threads", threads)
        highspy.Highs.resetGlobalScheduler(True)
    if time_limit_seconds is not None:
        _set(highs, "time_limit", float(time_limit_seconds))
    run(highs, started, progress)
    if highs.getModelStatus() == Status.kUnboundedOrInfeasible:
        _set(highs, "presolve", "off")
        _set(highs, "solver", "simplex")
        run(highs, started, progress)
    if method == "simplex" and highs.getModelStatus() in FALTERED and highs.getBasis().valid:
        highs.clearSolver()  # a poor basis to start from may be the reason
        run(highs, started, progress)
    if method == "simplex" and highs.getModelStatus() in FALTERED:
        logger.warning("simplex gave up (%s): interior point instead", highs.modelStatusToString(highs.getModelStatus()))
        highs.clearSolver()
        _set(highs, "solver", "ipx")
        run(highs, started, progress)
        _set(highs, "solver", method)
    if method == "pdlp" and highs.getModelStatus() in (Status.kOptimal, Status.kUnknown):
        _to_vertex(highs, started, progress)
    earlier = 0
    if highs.getModelStatus() == Status.kOptimal and highs.getInfo().max_primal_infeasibility > SHARP:
        earlier = _iterations(highs)
        _sharpen(highs, method, started, progress)
    _demand_optimum(highs, time_limit_seconds)
    highs.tell(logger)
    return earlier + _iterations(highs)


def _set(highs, option: str, value) -> None:
    if highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
        raise SolveError(f"HiGHS does not take {option} = {value}")


def run(highs, started: float, progress=None) -> None:
    """Run in a thread, so that Ctrl-C stops the solver and progress can be shown."""
    highs.startSolve()
    try:
        finished = False
        while not finished:
            if progress is not None:
                progress(time.perf_counter() - started, Line(highs.doing))
            finished = highs.wait(0.05)[0]
    except KeyboardInterrupt:
        highs.HandleUserInterrupt = True  # not before: HiGHS would call Python in every iteration
        highs.cancelSolve()
        while not highs.wait(0.1)[0]:
            pass
        raise
    finally:
        highs.HandleUserInterrupt = False


def _to_vertex(highs, started: float, progress) -> None:
    """Crossover from the point that a first-order method left, then simplex to a proven optimum."""
    highs.crossover(highs.getSolution())
    highs.setOptionValue("output_flag", True)
    _set(highs, "solver", "simplex")
    run(highs, started, progress)


def _sharpen(highs, method: str, started: float, progress) -> None:
    """From a point that breaks a bound by less than TOLERANCE, which is much to a small zone, a few iterations to one that keeps it. Where
    there is none the point stands as it was."""
    basis = highs.getBasis()
    _set(highs, "solver", "simplex")
    _set(highs, "primal_feasibility_tolerance", SHARP)
    run(highs, started, progress)
    _set(highs, "primal_feasibility_tolerance", TOLERANCE)
    if highs.getModelStatus() != Status.kOptimal:
        highs.setBasis(basis)
        run(highs, started, progress)
    _set(highs, "solver", method)


def _demand_optimum(highs, time_limit_seconds) -> None:
    status = highs.getModelStatus()
    info = highs.getInfo()
    if status == Status.kInfeasible:
        raise InfeasibleError("no dispatch satisfies all rules of this case together")
    if status != Status.kOptimal:
        words = {Status.kUnbounded: "the cost can fall without end", Status.kModelEmpty: "there is nothing to decide",
                 Status.kTimeLimit: f"the time limit of {time_limit_seconds:g} s ran out" if time_limit_seconds else "out of time",
                 Status.kMemoryLimit: "out of memory",
                 Status.kNotset: "the solver broke off, most likely out of memory"}.get(status, highs.modelStatusToString(status))
        advice = {Status.kUnbounded: "look for a negative cost without a limit", Status.kModelEmpty: "a grid needs plant or a load",
                  Status.kTimeLimit: "allow more with solve.time_limit_seconds, or solve fewer hours or zones at once",
                  Status.kMemoryLimit: "solve fewer hours or zones at once",
                  Status.kNotset: "solve fewer hours or zones at once"}.get(status, "try another solve.method")
        raise SolveError(f"no optimum: {words} (after {_iterations(highs)} iterations): {advice}")
    worst = max(info.max_primal_infeasibility, info.max_dual_infeasibility)
    if worst > FEASIBILITY:
        raise SolveError(f"HiGHS calls a point optimal that breaks a bound by {worst:.2g}, more than {FEASIBILITY:g}")


def _iterations(highs) -> int:
    """Of all kinds, in the last run."""
    info = highs.getInfo()
    return sum(max(count, 0) for count in (
        info.simplex_iteration_count, info.ipm_iteration_count, info.crossover_iteration_count, info.pdlp_iteration_count))


class Values:
    """What HiGHS holds, as arrays once they are asked for: it gives lists, 9 ms for 175,000 numbers."""

    def __init__(self, highs: Listening):
        self._held = highs.getSolution()  # a copy

    @cached_property
    def columns(self) -> np.ndarray:
        return as_array(self._held.col_value)

    @cached_property
    def column_duals(self) -> np.ndarray:
        return as_array(self._held.col_dual)

    @cached_property
    def rows(self) -> np.ndarray:
        return as_array(self._held.row_value)

    @cached_property
    def row_duals(self) -> np.ndarray:
        return as_array(self._held.row_dual)


def solution_of(highs: Listening, values: Values, method: str, iterations: int) -> Solution:
    """Of an optimum that HiGHS holds, and its values."""
    return Solution(values.columns, values.column_duals, values.row_duals, values.rows, highs.getInfo().objective_function_value,
                    method, iterations, tuple(highs.warnings))


def as_array(listed: list[float]) -> np.ndarray:
    """The quickest way from a list."""
    return np.fromiter(listed, float, len(listed))
