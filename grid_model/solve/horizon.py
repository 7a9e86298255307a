"""A long horizon in windows: a coarse plan of the whole, then window after window, then a bound.

The objective is the cost with the ranks before it by their weights (ranked.py), so each window keeps the order of purchase
within what it sees; over the whole it is kept as far as the plan shares out what the year guarantees. What a year's row was
worth when the last window settled it corrects the plan, and the windows are solved again. How far the
whole may be from its optimum is what the bound says (bound.py).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from grid_model.algebra import LinearProgram, compile_program
from grid_model.errors import AuditError, InfeasibleError, SolveError
from grid_model.memory import give_back
from grid_model.progress import Line, Pace
from grid_model.solve.bound import Relaxed
from grid_model.solve.chains import Layout, layout_of
from grid_model.solve.crew import Crew
from grid_model.solve.highs import Solution
from grid_model.solve.medium_term import basis_from, plan_from
from grid_model.solve.ranked import leaning, seeded_weights, states_of, weighted_vertex, weights_of
from grid_model.solve.shelf import Shelf
from grid_model.solve.timeline import timeline
from grid_model.solve.vertex import UNKNOWN, standing
from grid_model.solve.windows import Pieced, Plan, Sliced
from grid_model.solve.working import Working, rows_of

SHARE = 1e-3  # of the ranks' weights in the bound: any is true, large ones make much of little (docs/performance.md)
EARLY = 2  # steps of the plan
WEEK, DAY = (168.0, 24.0), (24.0, 12.0)  # hours that a window keeps, and sees beyond
FINE, COARSE = 8.0, 24.0  # hours of a step of the plan: day, evening and night where that pays and can be afforded (docs/performance.md)
LARGE = 100_000  # rows of a week up to which it takes hardly longer than seven days (docs/performance.md)
LONGER = (24.0, 168.0)  # hours of steps that a plan begins with where it has more rows than
SEVERAL = 20_000
PART = 0.3  # of a window's time that its part of the bound takes (docs/performance.md)
WHOLE = 1e-6  # largest violation of a row, relative to its value and one

Coarsened = Callable[[float], tuple]

logger = logging.getLogger(__name__)


def rank_vectors(model, program: LinearProgram) -> dict[str, np.ndarray]:
    """Each rank as a vector over the columns, without its constant."""
    return {name: program.operator(expression)[0].toarray()[0] for name, expression in model.ranks.items()}


def plan_of(case, model, program: LinearProgram, coarsened: Coarsened, hours: float, weights: dict[str, float], **limits) -> Plan:
    """The plan that a case of the same horizon in steps of `hours` gives: prices of its optimum, and the states of one that reaches
    what is asked of the end EARLY steps sooner where it can, so that windows that stray from it have time to make that good."""
    coarse = _Coarse.of(coarsened, hours)
    working, solution = _by_levels(coarse, coarsened, hours, weights, limits)
    duals = working.over_all_rows(solution.row_duals)
    cost_duals = working.duals_of(coarse.program.cost)
    statuses = working.statuses()
    working.take_bounds(_ends_early(coarse.program, coarse.model))
    with suppress(InfeasibleError):
        solution = working.optimise("simplex", **limits)
    return plan_from(coarse.program, solution.columns, duals, duals if cost_duals is None else cost_duals, statuses, program,
                     coarse.case.step_hours, case.step_hours, model.moments, model.amounts)


@dataclass(frozen=True, eq=False)
class _Coarse:
    """A case in longer steps, its model and its programme."""

    case: object
    model: object
    program: LinearProgram

    @classmethod
    def of(cls, coarsened: Coarsened, hours: float) -> _Coarse:
        case, model = coarsened(hours)
        return cls(case, model, compile_program(model))

    def basis_of(self, other: _Coarse, statuses: np.ndarray) -> np.ndarray:
        """Statuses of this programme where those of another in longer steps stand in each of its steps."""
        return basis_from(other.program, statuses, self.program, other.case.step_hours, self.case.step_hours)

    def knows(self, other: _Coarse) -> bool:
        """Whether all that this programme has is in another in longer steps, too."""
        return bool((self.basis_of(other, np.zeros(sum(other.program.matrix.shape), np.int8)) != UNKNOWN).all())

    def solved(self, start: np.ndarray | None, weights: dict[str, float], limits) -> tuple[Working, Solution]:
        """The optimum, and HiGHS that holds it."""
        program, model = self.program, self.model
        working = Working(program, rows_of(program, model.seldom), start)
        objective = _objective(program, rank_vectors(model, program), weights)
        lean = leaning(seeded_weights(program, states_of(model, program)))
        solution = weighted_vertex(working, objective - program.cost, lean, "simplex", limits)
        logger.info("medium term: %d steps, %d rows, %d iterations", len(self.case.step_hours), len(program.row_lower), solution.iterations)
        return working, solution


def _by_levels(coarse: _Coarse, coarsened: Coarsened, hours: float, weights: dict[str, float], limits) -> tuple[Working, Solution]:
    """The optimum of a case in steps of `hours`; a large programme starts from the basis of one in longer steps where that leads to its
    optimum (docs/performance.md)."""
    start, longer = None, [step for step in LONGER if step > hours]
    if len(coarse.program.row_lower) > SEVERAL and longer:
        with suppress(InfeasibleError, SolveError):
            if coarse.knows(other := _Coarse.of(coarsened, longer[0])):
                working, _ = _by_levels(other, coarsened, longer[0], weights, limits)
                basis = coarse.basis_of(other, working.statuses())
                start = standing(*np.split(basis, [len(coarse.program.cost)]), coarse.program)
    return coarse.solved(start, weights, limits)


def _ends_early(coarse: LinearProgram, coarse_model) -> LinearProgram:
    """Least states of the last border are those of the EARLY borders before it too."""
    lower = coarse.column_lower.copy()
    for family in coarse.columns.values():
        if family.size and family.axes and family.axes[-1].source is coarse_model.borders:
            states, most = lower[family.slice].reshape(family.shape), coarse.column_upper[family.slice].reshape(family.shape)
            early = states[..., -1 - min(EARLY, states.shape[-1] // 4):-1]
            early[:] = np.minimum(np.maximum(early, states[..., -1:]), most[..., -1 - early.shape[-1]:-1])
    return replace(coarse, column_lower=lower)


def _objective(program: LinearProgram, vectors, weights) -> np.ndarray:
    return program.cost + sum((weights[name] * vector for name, vector in vectors.items()), np.zeros(len(program.cost)))


@dataclass(frozen=True, eq=False)
class ByWindows:
    """What windows found, their length in steps, and a lower bound of the cost (minus infinity where none is asked for)."""

    pieced: Pieced
    window: int
    bound: float


def solve_by_windows(case, model, program: LinearProgram, coarsened: Coarsened, hours: float, crew: Crew, progress=None) -> ByWindows:
    """The plan, and the windows along it, solved again with each correction.

    Parameters
    ----------
    coarsened : makes the case and its model in steps of so many hours, where a plan is to be found
    hours : of a step of the plan

    Raises
    ------
    InfeasibleError, SolveError : of the plan, or of a window
    AuditError : the windows do not fit together
    InputError : no such cluster answers
    """
    started = time.perf_counter()
    settings = case.scenario.solve
    bounded = settings.bound and settings.mode != "exact"  # whose bound comes with its optimum
    limits = limits_of(settings)
    weights, objective = _weighed(model, program)
    plan = sliced = pieced = None
    bound = -np.inf

    def followed() -> Plan:
        if plan is None:
            return plan_of(case, model, program, coarsened, hours, weights, **limits)
        return _corrected(plan, sliced.time, pieced)

    told = _Told(settings.corrections + 1, bounded, started, progress)
    with crew.of_size(len(program.row_lower)).at_work() as crew:
        for number in range(settings.corrections + 1):
            with crew.shelf(f"round{number}") as shelf:
                sliced = _laid_out(crew, shelf, program, lambda: _sliced(case, model, program, objective, followed))
                plan = plan or sliced.plan
                of_windows = told.windows(number, shelf.windows)
                if bounded and number == settings.corrections:
                    pieced, bound = _bounded(crew, shelf, program, sliced, objective, plan, of_windows, told.bound, limits)
                else:
                    pieced = crew.chains(shelf, of_windows, **limits)
                    crew.between(shelf, pieced, of_windows, **limits)
    _demand_whole(program, pieced.values)
    return ByWindows(pieced, sliced.reach, bound)


def _laid_out(crew: Crew, shelf: Shelf, program: LinearProgram, made: Callable[[], tuple[Sliced, Layout]]) -> Sliced:
    """The programme in windows on a shelf, as it lies there or is made now."""
    if not shelf.holds(crew.identity):
        shelf.put(crew.identity, *made())
    sliced = shelf.map(program)
    give_back()  # what the programme took
    return sliced


def _bounded(crew: Crew, shelf: Shelf, program: LinearProgram, sliced: Sliced, objective: np.ndarray, plan: Plan, of_windows, of_parts,
             limits) -> tuple[Pieced, float]:
    """What windows find, and what any dispatch pays at least that loses no more of the ranks than theirs."""
    cost, prices = program.cost + SHARE * (objective - program.cost), plan.cost_duals + SHARE * (plan.duals - plan.cost_duals)

    def priced() -> None:
        shelf.put_bound(Relaxed.of(sliced.program, sliced.time, cost, prices, sliced.reach))

    pieced = crew.chains(shelf, of_windows, priced, **limits)
    with crew.bounding(shelf, pieced.statuses, **limits) as least:
        crew.between(shelf, pieced, of_windows, **limits)
        bound = least(of_parts) + program.offset
    return pieced, bound - float((cost - program.cost) @ pieced.values)


def _weighed(model, program: LinearProgram) -> tuple[dict[str, float], np.ndarray]:
    """Weights of the ranks, and the cost with the ranks by them."""
    vectors = rank_vectors(model, program)
    weights = weights_of(program, vectors)
    return weights, _objective(program, vectors, weights)


def _sliced(case, model, program: LinearProgram, objective: np.ndarray, followed: Callable[[], Plan]) -> tuple[Sliced, Layout]:
    """The programme in windows along a plan; what needs none of it is made while it is found."""
    settings = case.scenario.solve
    with ThreadPoolExecutor(1) as beside:
        ordered = beside.submit(timeline, program, model.steps, model.borders)
        lean = beside.submit(lambda: leaning(seeded_weights(program, states_of(model, program))))
        plan = followed()
    time = ordered.result()
    window, ahead = window_of(settings, float(case.step_hours[0]), len(program.row_lower) / time.steps)
    sliced = Sliced.of(program, time, objective, plan, model.seldom, window, model.exclusive if settings.one_way else (), lean.result())
    return sliced, layout_of(sliced, window, ahead, settings.chains)


def plan_step(settings, hour: float, rows: float) -> float:
    """Hours of a step of the plan of a programme with so many rows in each step of `hour` hours."""
    if settings.medium_hours is not None:
        return settings.medium_hours
    return FINE if settings.mode != "exact" and _light(rows, hour) else COARSE


def _light(rows: float, hour: float) -> bool:
    """Whether a week is no large programme."""
    return rows * WEEK[0] / hour <= LARGE


def window_of(settings, hour: float, rows: float) -> tuple[int, int]:
    """Steps of `hour` hours, with so many rows each, that a window keeps and sees beyond."""
    kept, beyond = WEEK if _light(rows, hour) else DAY
    if settings.window_hours is not None:
        kept, beyond = settings.window_hours, settings.window_hours / 2
    if settings.look_ahead_hours is not None:
        beyond = settings.look_ahead_hours
    return max(round(kept / hour), 1), round(beyond / hour)


class _Told:
    """Says how far the windows and then the bound are, and how long what is left takes at the pace of the windows so far."""

    def __init__(self, rounds: int, bounded: bool, started: float, progress):
        self.rounds, self.bounded, self.started, self.progress = rounds, bounded, started, progress
        self.pace, self.last = Pace(), ""

    def windows(self, number: int, windows: int) -> Callable[[int], None]:
        """Who is told how many windows of a round are solved."""
        which = f", round {number + 1} of {self.rounds}" if self.rounds > 1 else ""

        def told(done: int) -> None:
            done = min(done, windows)
            whole = windows * (self.rounds + (PART if self.bounded else 0.0))
            self._tell(f"window {done} of {windows}{which}", self.pace.left(number * windows + done, whole))

        return told

    def bound(self, done: int, parts: int) -> None:
        """So many parts of the bound are known."""
        if not done:
            self.pace = Pace()
        self._tell(f"bound, part {done} of {parts}", self.pace.left(done, parts))

    def _tell(self, words: str, left: float | None) -> None:
        if words != self.last:
            logger.info(words)
            self.last = words
        if self.progress is not None:
            self.progress(time.perf_counter() - self.started, Line(words, left))


def limits_of(settings) -> dict:
    """What `optimise` is told of time and threads."""
    return {"time_limit_seconds": settings.time_limit_seconds, "threads": settings.threads}


def dispatch_of(found: ByWindows, program: LinearProgram) -> Solution:
    """The windows' dispatch as a solution."""
    columns, duals = found.pieced.values, found.pieced.cost_duals
    return Solution(columns, program.cost - program.matrix.T @ duals, duals, program.matrix @ columns,
                    float(program.cost @ columns) + program.offset, f"windows of {found.window} steps", found.pieced.iterations)


def _corrected(plan: Plan, steps, pieced: Pieced) -> Plan:
    """The plan with the prices that rows over the whole had when the last window settled them."""
    settled = (steps.last == steps.steps) & (steps.last - steps.first > 1) & plan.priced
    return replace(plan, duals=np.where(settled, pieced.duals, plan.duals),
                   cost_duals=np.where(settled, pieced.cost_duals, plan.cost_duals))


def _demand_whole(program: LinearProgram, columns: np.ndarray) -> None:
    """Every row of the whole programme holds at the point that the windows make together."""
    values = program.matrix @ columns
    scale = 1.0 + np.abs(values)
    broken = np.maximum(program.row_lower - values, values - program.row_upper) / scale
    worst = int(np.argmax(broken))
    if broken[worst] > WHOLE:
        raise AuditError(f"windows do not fit together: {program.row_name(worst)} is broken by {broken[worst] * scale[worst]:.3g}")
