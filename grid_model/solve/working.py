"""A programme as HiGHS holds it: rows that seldom bind are left out until a point breaks them.

A model names families of rows that hold nearly always by themselves (`model.seldom`): a unit's ramp, a store's limit on
charging while it discharges. They cost a solver much and change little. HiGHS starts without them; whatever point
comes back is held against all of them, broken ones are added and the dual simplex goes on, until none is broken. The
point then satisfies every row, and as it is optimal with fewer rows it is optimal with all; a row that was never added
has no dual and a basic slack. With a basis to start from, every row that may have a slack and has it in that basis is left out,
of whatever family, where that leaves few: where the basis is near, hardly one of them is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from functools import cached_property

import highspy
import numpy as np

from grid_model.algebra import INFINITY, Arrays, LinearProgram
from grid_model.solve.highs import FEASIBILITY, Solution, Values, reach_optimum, solution_of

Basis = highspy.HighsBasisStatus
Limits = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]  # lower and upper of columns, then of all rows
KINDS = np.array([Basis(kind) for kind in range(len(Basis.__members__))], object)  # by their integers
DUAL, PRIMAL = 1, 4  # HiGHS's simplex_strategy
NEARBY = {"simplex_strategy": DUAL, "simplex_dual_edge_weight_strategy": 1}  # 1: Devex
BESIDE = 3  # rows that are added on each side of a broken one: fewer rounds (docs/performance.md)
FEW = 0.4  # of the rows that seldom's leave: with more it is not worth the rounds in which rows are added (docs/performance.md)
TOLERANCE = FEASIBILITY / 10  # a row broken by less is not added: HiGHS's own feasibility tolerance


def rows_of(program: LinearProgram, names: Iterable[str]) -> np.ndarray:
    """Which rows belong to these families, shape (rows,); a family over nothing has none."""
    mask = np.zeros(len(program.row_lower), bool)
    for name in names:
        if name in program.rows:
            mask[program.rows[name].slice] = True
    return mask


class Working:
    """HiGHS with the rows of a programme that it needs so far; `order` are their positions in the programme. Solutions count the
    iterations of all that was solved with it until then.

    Parameters
    ----------
    seldom : rows that are left out until they are broken, a mask
    statuses : of a basis to start from, columns then rows
    """

    def __init__(self, program: Arrays, seldom: np.ndarray | None = None, statuses: np.ndarray | None = None):
        self.program = program
        self.seldom = np.zeros(len(program.row_lower), bool) if seldom is None else seldom.copy()
        if statuses is not None:
            self.seldom = _needless(program, self.seldom, statuses)
        self.order = np.flatnonzero(~self.seldom)
        self.cost, self.limits = program.cost, _limits(program)  # as HiGHS has them
        self.highs = program.to_highs(None if len(self.order) == len(self.seldom) else self.order)
        self.iterations = 0
        if statuses is not None:
            self.start(statuses)

    def __del__(self):
        if hasattr(self, "highs"):
            self.highs.let_go()

    def start(self, statuses: np.ndarray, alien: bool = True) -> None:
        """Go on from a basis: statuses of all columns, then all rows. HiGHS looks into an alien one and mends it where it is singular
        or of the wrong size; one that it has ended at itself, with rows since then that are basic, needs none of it."""
        columns = len(self.program.cost)
        basis = highspy.HighsBasis()
        basis.col_status = KINDS[statuses[:columns]].tolist()
        basis.row_status = KINDS[statuses[columns:][self.order]].tolist()
        basis.valid, basis.alien = True, alien
        self.highs.setBasis(basis)

    def take_bounds(self, program: LinearProgram) -> None:
        """Go on with a programme that differs in its bounds alone; those that were narrowed in HiGHS are as in it again."""
        self.program = program
        self.take_limits(_limits(program))

    def take_limits(self, limits: Limits) -> None:
        """Go on within these limits."""
        (columns, rows), before = limits, self.limits
        for change, held, (lower, upper), (lower_before, upper_before) in (
            (self.highs.changeColsBounds, slice(None), columns, before[0]),
            (self.highs.changeRowsBounds, self.order, rows, before[1]),
        ):
            lower, upper = lower[held], upper[held]
            changed = np.flatnonzero((lower != lower_before[held]) | (upper != upper_before[held]))
            change(len(changed), changed.astype(np.int32), lower[changed], upper[changed])
        self.limits = limits

    def take_cost(self, cost: np.ndarray, perturbed: bool = True) -> None:
        """Minimise this from now on. HiGHS's dual simplex perturbs costs so as not to stall; costs that differ everywhere (those
        that lean towards seeded weights), and a basis that is nearly optimal, need none of it, and cleaning up is saved."""
        changed = np.flatnonzero(cost != self.cost)
        self.highs.changeColsCost(len(changed), changed.astype(np.int32), cost[changed].astype(float))
        self.cost, self.highs.leans = cost, False
        self.highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", float(perturbed))

    def take_leaning_cost(self, cost: np.ndarray, lean: np.ndarray) -> None:
        """Minimise a cost and what it leans by from now on."""
        self.take_cost(cost + lean, perturbed=False)
        self.highs.leans = True

    def go_on_by(self, strategy: int) -> None:
        """From a feasible vertex and a new cost it is the primal simplex that goes on; after new bounds the dual one."""
        self.highs.setOptionValue("simplex_strategy", strategy)

    def straighten(self, cost: np.ndarray, **limits) -> Solution:
        """The optimum of this cost from the vertex that HiGHS holds, one of a cost that leans: as near to it as may be. A leaning
        cost alone would pay for what the lean saves, however little that is."""
        self.go_on_by(PRIMAL)
        self.take_cost(cost, perturbed=False)
        straight = self.optimise("simplex", **limits)
        self.go_on_by(DUAL)
        return straight

    def ray(self) -> np.ndarray | None:
        """Weights y of all rows that prove that there is no solution: for every x within its bounds y A x is below what the
        rows' sides ask of it; None where HiGHS has no such proof (only its dual simplex finds one)."""
        _, known, values = self.highs.getDualRay()
        return self.over_all_rows(np.asarray(values)) if known else None

    def near(self, statuses: np.ndarray, cost: np.ndarray, **limits) -> Solution:
        """The optimum of this cost after bounds have changed, from a basis that HiGHS ended at itself."""
        self.start(statuses, alien=False)
        self.take_cost(cost)
        with self._dual_nearby():
            return self.optimise("simplex", **limits)

    @contextmanager
    def _dual_nearby(self):
        """By the dual simplex with Devex weights: where few iterations are left, exact weights of a basis that HiGHS has not come to itself
        take longer than they do."""
        kept = {name: self.highs.getOptionValue(name)[1] for name in NEARBY}
        try:
            for name, value in NEARBY.items():
                self.highs.setOptionValue(name, value)
            yield
        finally:
            for name, value in kept.items():
                self.highs.setOptionValue(name, value)

    def optimise(self, method: str, **limits) -> Solution:
        """The optimum of the cost that HiGHS has now, over all rows."""
        self.reach(method, **limits)
        return solution_of(self.highs, self.values, method, self.iterations)

    def reach(self, method: str, **limits) -> float:
        """The same, of which only the objective is asked for."""
        self._run(method, limits)
        with self._dual_nearby():
            while (broken := self._broken()).size:
                self._add(broken)
                self._run("simplex", limits)
        return self.highs.getInfo().objective_function_value

    def _run(self, method: str, limits) -> None:
        self.__dict__.pop("values", None)
        self.iterations += reach_optimum(self.highs, method, **limits)

    @cached_property
    def values(self) -> Values:
        """Where HiGHS has come to in its last run."""
        return Values(self.highs)

    def duals_of(self, vector: np.ndarray) -> np.ndarray | None:
        """Row duals y = B^-T v_B of another vector over the columns at the basis that HiGHS holds, over all rows; None
        where the basis cannot be used."""
        status, basic = self.highs.getBasicVariables()
        if status != highspy.HighsStatus.kOk:
            return None
        costs = np.where(basic >= 0, vector[np.maximum(basic, 0)], 0.0)
        status, duals = self.highs.getBasisTransposeSolve(costs)
        return self.over_all_rows(np.asarray(duals)) if status == highspy.HighsStatus.kOk else None

    def _broken(self) -> np.ndarray:
        """Rows that HiGHS does not hold and its point breaks, with those beside them: the same unit in the hours around."""
        out = np.flatnonzero(self.seldom)
        if not out.size:
            return out
        values = (self.program.matrix @ self.values.columns)[out]
        excess = np.maximum(self.program.row_lower[out] - values, values - self.program.row_upper[out])
        broken = out[excess > TOLERANCE]
        beside = np.unique(np.clip(broken[:, None] + np.arange(-BESIDE, BESIDE + 1), 0, len(self.seldom) - 1))
        return beside[self.seldom[beside]]

    def _add(self, rows: np.ndarray) -> None:
        part = self.program.matrix[rows]
        _, (lower, upper) = self.limits
        self.highs.addRows(len(rows), lower[rows], upper[rows], part.nnz,
                           part.indptr[:-1].astype(np.int32), part.indices.astype(np.int32), part.data)
        self.seldom[rows] = False
        self.order = np.concatenate([self.order, rows])

    def over_all_rows(self, values: np.ndarray) -> np.ndarray:
        """Values over the rows that HiGHS holds as values over all rows, zero for the others."""
        whole = np.zeros(len(self.program.row_lower))
        whole[self.order] = values[:len(self.order)]
        return whole

    def statuses(self) -> np.ndarray:
        """Status in the basis of all columns, then all rows (integers of HighsBasisStatus)."""
        program, values, order = self.program, self.values, self.order
        columns = _at_bounds(values.columns, values.column_duals, program.column_lower, program.column_upper)
        held = _at_bounds(values.rows, values.row_duals, program.row_lower[order], program.row_upper[order])
        _, basic = self.highs.getBasicVariables()  # a row r as -r - 1
        columns[basic[basic >= 0]] = int(Basis.kBasic)
        held[-1 - basic[basic < 0]] = int(Basis.kBasic)
        rows = np.full(len(program.row_lower), int(Basis.kBasic), np.int8)
        rows[order] = held
        return np.concatenate([columns, rows])


def _needless(program: Arrays, seldom: np.ndarray, statuses: np.ndarray) -> np.ndarray:
    """Rows that a basis does not need: all of them where that leaves few, else those that seldom bind, a mask."""
    slack = (program.row_lower < program.row_upper) & (statuses[len(program.cost):] == int(Basis.kBasic))
    few = np.count_nonzero(~slack) <= FEW * np.count_nonzero(~(slack & seldom))
    return slack if few else slack & seldom


def _limits(program: Arrays) -> Limits:
    return (program.column_lower, program.column_upper), (program.row_lower, program.row_upper)


def _at_bounds(values: np.ndarray, duals: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Status of what is not basic: at the bound that is nearer to its value, of two alike the one that its dual asks for, at zero
    where there is none."""
    below = np.where(lower > -INFINITY, values - lower, INFINITY)
    above = np.where(upper < INFINITY, upper - values, INFINITY)
    at_upper = (above < below) | (above == below) & (duals < 0)
    free = (lower <= -INFINITY) & (upper >= INFINITY)
    return np.select([free, at_upper], [int(Basis.kZero), int(Basis.kUpper)], int(Basis.kLower)).astype(np.int8)
