"""Ranked objectives: what must not be given up is minimised first, exactly, then the cost, then the dispatch is made unique.

Ranks r_1, r_2, ... and the cost c are vectors over the columns. The order is strict: no amount of a later one pays for any of
an earlier one. Steps:

1  Solve once with  c + sum of w_k r_k,  weights from the data (`weights_of`), leaning a little (LEAN) towards step 4; then
   without leaning, from that basis. This last basis is a vertex that is nearly always right. From a given basis it leans
   (SLIGHT) whether step 4 is asked for or not: of many optima it then comes to the one that the basis is near.
2  Prove it. With y_v = B^-T v_B the reduced costs of every vector v at this basis are d_v = v - A' y_v. If for every
   nonbasic column and row the tuple (d_1, d_2, ..., d_c) has the sign its bound asks for at its first entry that is not
   zero, the basis is optimal for all ranks in their order: nothing is weighed against anything any more.
3  Where that fails (weights too small, or a degenerate vertex): rank by rank from the same basis. After each rank,
   columns with a reduced cost and rows with a dual are fixed where they stand: exactly the points that are optimal so far.
4  Among all optimal points take the one that minimises seeded weights, a number for each asset and step that depends on
   their names alone: one dispatch, whatever the method, the threads or the order of rows in a table.
5  Where columns that exclude each other are both used, close one of each pair and go back to step 1 from its basis, now
   with the dual simplex (one_way.py).

Prices are y_c: the cost of one more MWh along the basis, all ranks kept.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import highspy
import numpy as np

from grid_model.algebra import INFINITY, LinearProgram
from grid_model.errors import SolveError
from grid_model.solve.highs import Solution
from grid_model.solve.one_way import OneWay, pairs_of
from grid_model.solve.timeline import counts_steps
from grid_model.solve.working import PRIMAL, Limits, Working, rows_of

Basis = highspy.HighsBasisStatus
LEAN = 1e-4  # of the seeded weights in step 1, million CNY/GWh
SLIGHT = 3e-5  # the same from a basis that is near: less is to be straightened, where an iteration takes long (docs/performance.md)
ZERO = 1e-7  # a reduced cost below this is none (0.0001 CNY/MWh): HiGHS's own dual tolerance
STATE = 1e-3  # of a seeded weight, for a state
DAY = 24  # steps after which seeded weights are nearly the same again
LITTLE = 1e-3  # of a seeded weight that is not: for a cost that leans less than HiGHS's dual tolerance

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RankedSolution:
    """
    solution  the dispatch, with the duals of the cost
    optimum   least value of each rank, without its constant
    proof     how the order is known to hold
    duals     row duals of each rank and of the cost, {name: (rows,)}
    bounds    (lower, upper) of columns and rows together within which the cost was minimised, all ranks kept
    statuses  of the basis that the ranks and the cost were proven at, columns then rows
    program   whose optimum this is: the one given, with what step 5 closed
    relaxed   the optimum before step 5
    ways      what step 5 did
    """

    solution: Solution
    optimum: dict[str, float]
    proof: str
    duals: dict[str, np.ndarray]
    bounds: tuple[np.ndarray, np.ndarray]
    statuses: np.ndarray
    program: LinearProgram
    relaxed: RankedSolution | None = None
    ways: OneWay | None = None

    @property
    def columns(self) -> np.ndarray:
        return self.solution.columns


def solve_ranked(program: LinearProgram, ranks: dict[str, np.ndarray], *, exclusive: Iterable[tuple] = (), states: Iterable[str] = (),
                 mode: str = "exact", unique: bool = True, method: str = "simplex",
                 seldom: Iterable[str] = (), start: np.ndarray | None = None, **limits) -> RankedSolution:
    """Minimise the ranks in their order, then the cost.

    Parameters
    ----------
    ranks : {name: vector over the columns}, first things first
    exclusive : pairs of families of columns of which only one is to be used (one_way.py)
    states : families of columns that say what is held, see `seeded_weights`
    mode : exact, or weighted (step 1 alone, refused where step 2 does not prove it)
    unique : also step 4
    seldom : families of rows that are left out until they are broken (see working.py)
    start : statuses of a basis to start from, columns then rows; rows that it does not need, of whatever family, are then left out
        until they are broken
    limits : time_limit_seconds, threads, progress of `optimise`

    Raises
    ------
    SolveError : weights are unsafe for this data, or `weighted` could not be proven
    InfeasibleError : as of `optimise`
    """
    working = Working(program, rows_of(program, seldom), start)
    of_rank, found = weights_of(program, ranks), []
    weights = weighted(program, ranks, of_rank, mode)
    near = start is not None
    seeded = seeded_weights(program, states) if unique or near else None
    lean = None if seeded is None else leaning(seeded, SLIGHT if near else LEAN)

    def in_order(vertex: Solution) -> RankedSolution:
        found.append(_in_order(working, ranks, vertex, mode, seeded if unique else None, limits))
        return found[-1]

    cost = program.cost + weights
    ways = OneWay(working, pairs_of(program, exclusive), in_order, lambda one: _weighed(one, cost, of_rank),
                  cost if lean is None else cost + lean)
    settled = ways.settle(lambda: weighted_vertex(working, weights, lean, method, limits),
                          lambda: working.near(found[-1].statuses, cost, **limits))
    solution = replace(settled.solution, method=method, iterations=working.iterations)
    return replace(settled, solution=solution, relaxed=found[0], ways=ways)


def _in_order(working: Working, ranks, vertex: Solution, mode: str, seeded: np.ndarray | None, limits) -> RankedSolution:
    """Steps 2 to 4 from the vertex of the weighted sum."""
    program, solution = working.program, vertex
    face, statuses = Face(program), working.statuses()
    vectors = {**ranks, "cost": program.cost}
    proof = "by the reduced costs of one basis"
    failed = face.narrow_at_basis(working, vectors, statuses)
    if failed is not None:
        if mode == "weighted":
            raise SolveError(f"weights do not keep the order of purchase in this case (rank {failed}); use mode: exact")
        logger.info("rank %s is not proven by the weighted basis: rank by rank", failed)
        face, solution = _rank_by_rank(working, vectors, limits)
        proof = "rank by rank"
    optimum = {name: float(vector @ solution.columns) for name, vector in ranks.items()}
    if seeded is not None:
        solution = replace(solution, columns=_unique_point(working, face, seeded, limits))
    duals = face.duals["cost"]
    solution = replace(solution, row_duals=duals, column_duals=program.cost - program.matrix.T @ duals,
                       objective=float(program.cost @ solution.columns) + program.offset,
                       row_values=program.matrix @ solution.columns)
    return RankedSolution(solution, optimum, proof, face.duals, face.bounds, statuses, program)


def _weighed(ranked: RankedSolution, cost: np.ndarray, weights: dict[str, float]) -> tuple[float, np.ndarray]:
    """Ranks and cost as one sum: what it comes to, and the reduced costs of its columns."""
    duals = sum((weight * ranked.duals[name] for name, weight in weights.items()), ranked.duals["cost"])
    return float(cost @ ranked.columns) + ranked.program.offset, cost - ranked.program.matrix.T @ duals


def weighted_vertex(working: Working, weights: np.ndarray, lean: np.ndarray | None, method: str, limits) -> Solution:
    """Optimal vertex of the cost and these weights of the columns (step 1), near that of the cost that leans."""
    cost = working.program.cost + weights
    if lean is None:
        working.take_cost(cost)
        return working.optimise(method, **limits)
    working.take_leaning_cost(cost, lean)
    working.reach(method, **limits)
    return working.straighten(cost, **limits)


# ------------------------------------------------------------------------------------------------------------- weights


def weights_of(program: LinearProgram, ranks: dict[str, np.ndarray]) -> dict[str, float]:
    """Weights that put every rank before all later ones, from the data alone.

    One unit of a rank is worth more than anything that the cost could save for it: the last rank gets EXCHANGE times the
    largest cost of a column per unit of it, and each rank before EXCHANGE times the one after. EXCHANGE is how much of a
    later rank could be freed by one unit of an earlier one: a store's or a line's losses, a unit kept on for the hours of
    a window. It cannot be known in advance, which is why step 2 proves the result and does not trust it.

    Raises
    ------
    SolveError : the weights would range over more than RANGE, where a solver's tolerance loses the small ones
    """
    weights, weight = {}, EXCHANGE * float(np.max(np.abs(program.cost), initial=0.0) or 1.0)
    for name in reversed(ranks):
        sizes = np.abs(ranks[name][ranks[name] != 0])
        smallest, largest = (sizes.min(), sizes.max()) if sizes.size else (1.0, 1.0)
        weights[name] = weight / smallest
        weight = EXCHANGE * weights[name] * largest
    return dict(reversed(weights.items()))


EXCHANGE = 4.0
RANGE = 1e9


def weighted(program: LinearProgram, ranks: dict[str, np.ndarray], weights: dict[str, float], mode: str) -> np.ndarray:
    """The vector sum of w_k r_k."""
    costs = np.abs(program.cost[program.cost != 0])
    heaviest = max((weights[name] * np.max(np.abs(vector), initial=0.0) for name, vector in ranks.items()), default=0.0)
    if mode == "weighted" and costs.size and heaviest / costs.min() > RANGE:
        raise SolveError(f"weights would range over {heaviest / costs.min():.1e}, more than {RANGE:.0e}: use mode: exact")
    return sum((weights[name] * vector for name, vector in ranks.items()), np.zeros(len(program.cost)))


# ---------------------------------------------------------------------------------------------------- the optimal face


class Face:
    """Bounds of columns and rows, narrowed to the points that are optimal so far."""

    def __init__(self, program: LinearProgram):
        self.program = program
        self.lower = np.concatenate([program.column_lower, program.row_lower])
        self.upper = np.concatenate([program.column_upper, program.row_upper])
        self.columns = len(program.cost)
        self.duals: dict[str, np.ndarray] = {}
        self.bounds = self.lower, self.upper

    def enter(self, name: str, duals: np.ndarray, reduced: np.ndarray) -> None:
        """A vector was minimised within today's bounds, with these duals and reduced costs: keep its optimal points only."""
        self.bounds = self.lower, self.upper
        self.duals[name] = duals
        self._fix(reduced)

    def reduced_costs(self, vector: np.ndarray, duals: np.ndarray) -> np.ndarray:
        """d of columns, then of rows (whose slack has the dual itself)."""
        return np.concatenate([vector - self.program.matrix.T @ duals, duals])

    def _fix(self, reduced: np.ndarray) -> None:
        """What has a reduced cost stays at the bound that it asks for."""
        down, up = reduced > ZERO, reduced < -ZERO
        self.upper = np.where(down, np.minimum(self.upper, self.lower), self.upper)
        self.lower = np.where(up, np.maximum(self.lower, self.upper), self.lower)

    @property
    def limits(self) -> Limits:
        """As a working programme takes them."""
        columns, rows = slice(self.columns), slice(self.columns, None)
        return (self.lower[columns], self.upper[columns]), (self.lower[rows], self.upper[rows])

    def narrow_at_basis(self, working: Working, vectors: dict[str, np.ndarray],
                        statuses: np.ndarray) -> str | None:
        """Narrow by every vector in turn at the basis HiGHS holds; the first one that it is not optimal for, else None."""
        at_lower, at_upper = _nonbasic(statuses, self.lower)
        for name, vector in vectors.items():
            duals = working.duals_of(vector)
            if duals is None:
                return name
            reduced = self.reduced_costs(vector, duals)
            free = self.upper > self.lower
            wrong = free & ((at_lower & (reduced < -ZERO)) | (at_upper & (reduced > ZERO))
                            | (~at_lower & ~at_upper & (np.abs(reduced) > ZERO)))
            if wrong.any():
                return name
            self.enter(name, duals, np.where(free, reduced, 0.0))
        return None


def _nonbasic(status: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which columns, then rows, are nonbasic at their lower and at their upper bound."""
    at_lower = (status == int(Basis.kLower)) | ((status == int(Basis.kNonbasic)) & (lower > -INFINITY))
    return at_lower, status == int(Basis.kUpper)


def _rank_by_rank(working: Working, vectors: dict[str, np.ndarray], limits) -> tuple[Face, Solution]:
    """Minimise each vector over the face of those before it; the solution of the last one."""
    face = Face(working.program)
    working.go_on_by(PRIMAL)
    solution = None
    for name, vector in vectors.items():
        working.take_limits(face.limits)
        working.take_cost(vector)
        solution = working.optimise("simplex", **limits)
        duals = working.over_all_rows(solution.row_duals)
        face.enter(name, duals, np.concatenate([solution.column_duals, duals]))
    return face, solution


# ------------------------------------------------------------------------------------------------------ one dispatch


def _unique_point(working: Working, face: Face, seeded: np.ndarray, limits) -> np.ndarray:
    """The point of the face that minimises the seeded weights."""
    working.take_limits(face.limits)
    working.take_cost(seeded)
    working.go_on_by(PRIMAL)
    return working.optimise("simplex", **limits).columns


def leaning(seeded: np.ndarray, by: float = LEAN) -> np.ndarray:
    """What an objective leans by towards the one dispatch; states do not: their part would be next to HiGHS's tolerance."""
    return np.where(seeded < 1, 0.0, by * seeded)


def states_of(model, program: LinearProgram) -> list[str]:
    """Families of columns that stand at the borders of steps."""
    return [name for name, family in program.columns.items() if any(axis.source is model.borders for axis in family.axes)]


def seeded_weights(program: LinearProgram, states: Iterable[str] = ()) -> np.ndarray:
    """A number in [1, 2) for every column, from the names of its family and labels alone; of families of states STATE times that.

    Steps a multiple of DAY apart differ by LITTLE at most: what leans by these weights leans alike in one window and the next, whose
    dispatches are nearer to each other then, and yet no two steps are the same to the one dispatch.
    A state counts in every step in which it is held. Were it to weigh as much as what changes it, then of dispatches that
    cost the same the one that holds nothing would be taken: a store that delivers in the step in which it is charged.
    """
    weights = np.empty(len(program.cost))
    for name, family in program.columns.items():
        seed = zlib.crc32(name.encode())
        alike = _seeds(seed, [np.asarray(axis.labels, np.int64) % DAY if counts_steps(axis, dimension) else axis.labels
                              for axis, dimension in zip(family.axes, family.dimensions, strict=True)])
        weights[family.slice] = 1 + (1 - LITTLE) * alike + LITTLE * _seeds(seed, [axis.labels for axis in family.axes])
    for name in states:
        weights[program.columns[name].slice] *= STATE
    return weights


def _seeds(seed: int, axes: list) -> np.ndarray:
    """Numbers in [0, 1) for all combinations of the labels of these axes, in one row."""
    mixed = np.full((1,) * max(len(axes), 1), seed, np.uint64)
    for position, labels in enumerate(axes):
        codes = np.fromiter((zlib.crc32(str(label).encode()) for label in labels), np.uint64, len(labels))
        mixed = _mix(mixed ^ codes.reshape((1,) * position + (-1,) + (1,) * (len(axes) - position - 1)))
    return (_mix(mixed) >> np.uint64(11)).astype(float).reshape(-1) * 2.0**-53


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output."""
    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
