"""A solved case: from model to optimum, and what the later stages read of it, by name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grid_model.algebra import LinearProgram
from grid_model.case.units import CNY, MWH
from grid_model.formulation import build_model, coarse_case
from grid_model.solve.certificate import certify
from grid_model.solve.crew import Crew
from grid_model.solve.highs import Solution, choose_method
from grid_model.solve.horizon import dispatch_of, limits_of, plan_step, solve_by_windows
from grid_model.solve.ranked import solve_ranked, states_of


@dataclass(eq=False)
class Solved:
    """Case, model, programme and its optimum; values are in units of the programme (GW, GWh, million CNY, kt).

    optimum      least value of each rank that was minimised before the cost, constant included
    proof        how the order of the ranks is known to hold
    lower_bound  what any dispatch that keeps the ranks costs at least, from the duals alone
    duals        row duals of each rank and of the cost; by windows of the cost
    counted      by windows: what a unit at each row of the balance does to the ranks together, by their weights
    closed       columns that stay at zero so that nothing runs against itself (one_way.py), positions; `program` says so too
    directions   what the summary says of that
    """

    case: object
    model: object
    program: LinearProgram
    solution: Solution
    optimum: dict[str, float] = field(default_factory=dict)
    proof: str = ""
    lower_bound: float = -np.inf
    duals: dict[str, np.ndarray] = field(default_factory=dict)
    counted: np.ndarray | None = None
    closed: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    directions: dict = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether this is the proven optimum of the whole, not one by windows with a bound."""
        return self.proof != BY_WEIGHTS

    def evaluate(self, name: str) -> np.ndarray:
        """Values of a variable (`storage.energy`) or named expression (`thermal.report_generation`), in the shape of its sets."""
        if name in self.program.columns:
            return self.program.columns[name].of(self.solution.columns)
        return self.program.evaluate(name, self.solution.columns)

    def dual(self, name: str) -> np.ndarray:
        """Change of the cost per unit of right-hand side of a family of rows, in the shape of its sets."""
        return self.program.rows[name].of(self.solution.row_duals)


BY_WEIGHTS = "by weights within windows"
WHOLE_ROWS = 1_000_000  # above, `auto` goes by windows: docs/performance.md


def by_windows(case, program: LinearProgram) -> bool:
    """Whether a case is solved in windows rather than as a whole."""
    mode = case.scenario.solve.mode
    return mode == "windows" or (mode == "auto" and program.matrix.shape[0] > WHOLE_ROWS)


def solve_model(case, model, program: LinearProgram, progress=None, crew: Crew | None = None) -> Solved:
    """The optimum of a compiled model, ranks first; or, for a long case, its dispatch by windows with a bound.

    Raises
    ------
    InfeasibleError, SolveError, AuditError : as of `solve_ranked` and `solve_by_windows`
    """
    if by_windows(case, program):
        return _solved_in_windows(case, model, program, progress, crew)
    exact = case.scenario.solve.mode == "exact"
    start = _found_by_windows(case, model, program, progress, crew).pieced.statuses if exact else None
    return _solved_as_a_whole(case, model, program, start, progress)


def _solved_as_a_whole(case, model, program: LinearProgram, start, progress) -> Solved:
    settings = case.scenario.solve
    operators = {name: program.operator(expression) for name, expression in model.ranks.items()}
    vectors = {name: matrix.toarray()[0] for name, (matrix, _, _) in operators.items()}
    method = choose_method(program) if settings.method == "auto" else settings.method
    ranked = solve_ranked(program, vectors, exclusive=model.exclusive if settings.one_way else (),
                          states=states_of(model, program), mode=model.rank_mode, unique=settings.unique, method=method,
                          seldom=model.seldom, start=start, progress=progress, **limits_of(settings))
    constants = {name: float(constant[0]) for name, (_, constant, _) in operators.items()}
    optimum, relaxed = ({name: one.optimum[name] + constant for name, constant in constants.items()}
                        for one in (ranked, ranked.relaxed))
    bound = certify(ranked.program, ranked.duals["cost"], ranked.bounds).bound
    return Solved(case, model, ranked.program, ranked.solution, optimum, ranked.proof, bound, ranked.duals,
                  closed=np.flatnonzero(ranked.ways.closed), directions=_directions(ranked, relaxed))


def _directions(ranked, relaxed: dict[str, float]) -> dict:
    """How many directions were fixed, and what the ranks and the cost would be if none were."""
    ways = ranked.ways
    return {"fixed": int(ways.closed.sum()), "rounds": ways.rounds, "left": ways.left,
            "if_none_were_fixed": {"objective_cny": ranked.relaxed.solution.objective / CNY,
                                   "lost_mwh": {name: value / MWH for name, value in relaxed.items()}}}


def _found_by_windows(case, model, program: LinearProgram, progress, crew: Crew | None):
    def coarsened(hours: float):
        coarse = coarse_case(model, case, hours)
        return coarse, build_model(coarse)

    hours = plan_step(case.scenario.solve, float(case.step_hours[0]), len(program.row_lower) / case.steps)
    return solve_by_windows(case, model, program, coarsened, hours, crew or Crew(), progress)


def _solved_in_windows(case, model, program: LinearProgram, progress, crew: Crew | None) -> Solved:
    found = _found_by_windows(case, model, program, progress, crew)
    solution = dispatch_of(found, program)
    optimum = {name: float(program.evaluate(expression, solution.columns)) for name, expression in model.ranks.items()}
    balance = program.rows["balance"].slice
    counted = found.pieced.duals[balance] - found.pieced.cost_duals[balance]
    return Solved(case, model, program, solution, optimum, BY_WEIGHTS, found.bound, {"cost": solution.row_duals}, counted)
