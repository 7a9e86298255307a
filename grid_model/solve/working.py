"""A programme as HiGHS holds it: rows that seldom bind are left out until a point breaks them.

A model names families of rows that hold nearly always by themselves (`model.seldom`): a unit's ramp, a store's limit on
charging while it discharges. They cost a solver much and change little. HiGHS starts without them; whatever point
comes back is held against all of them, broken ones are added and the dual simplex goes on, until none is broken. The
point then satisfies every row, and as it is optimal with fewer rows it is optimal with all; a row that was never added
has no dual and a basic slack. With a basis to start from, every row that may have a slack and has it in that basis is left out,
of whatever family: where the basis is near, few of them are needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import highspy
import numpy as np

from grid_model.algebra import Arrays, LinearProgram
from grid_model.solve.highs import FEASIBILITY, Solution, optimise

Basis = highspy.HighsBasisStatus
DUAL, PRIMAL = 1, 4  # HiGHS's simplex_strategy
CHOOSE, DEVEX = -1, 1  # HiGHS's simplex_dual_edge_weight_strategy: exact weights of a basis with new rows take longer than the rest
BESIDE = 3  # rows that are added on each side of a broken one: fewer rounds (docs/performance.md)
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
    seldom : rows that are left out where there is no basis to start from, a mask
    statuses : of a basis to start from, columns then rows
    """

    def __init__(self, program: Arrays, seldom: np.ndarray | None = None, statuses: np.ndarray | None = None):
        self.program = program
        self.seldom = np.zeros(len(program.row_lower), bool) if seldom is None else seldom.copy()
        if statuses is not None:
            self.seldom = (program.row_lower < program.row_upper) & (statuses[len(program.cost):] == int(Basis.kBasic))
        self.order = np.flatnonzero(~self.seldom)
        self.highs = program.to_highs(None if len(self.order) == len(self.seldom) else self.order)
        self.iterations = 0
        self.started = statuses is not None
        if self.started:
            self.start(statuses)

    def __del__(self):
        if hasattr(self, "highs"):
            self.highs.let_go()

    def start(self, statuses: np.ndarray) -> None:
        """Go on from a basis: statuses of all columns, then all rows."""
        columns = len(self.program.cost)
        kinds = {int(kind): kind for kind in (Basis.kLower, Basis.kBasic, Basis.kUpper, Basis.kZero, Basis.kNonbasic)}
        basis = highspy.HighsBasis()
        basis.col_status = [kinds[one] for one in statuses[:columns].tolist()]
        basis.row_status = [kinds[one] for one in statuses[columns:][self.order].tolist()]
        basis.valid, basis.alien = True, True  # HiGHS mends a basis that is singular or of the wrong size
        self.highs.setBasis(basis)

    def take_bounds(self, program: LinearProgram) -> None:
        """Go on with a programme that differs in its bounds alone; those that were narrowed in HiGHS are as in it again."""
        self.program = program
        rows = self.order
        for change, size, lower, upper in (
            (self.highs.changeColsBounds, len(program.cost), program.column_lower, program.column_upper),
            (self.highs.changeRowsBounds, len(rows), program.row_lower[rows], program.row_upper[rows]),
        ):
            change(size, np.arange(size, dtype=np.int32), lower, upper)

    def take_cost(self, cost: np.ndarray, perturbed: bool = True) -> None:
        """Minimise this from now on. HiGHS's dual simplex perturbs costs so as not to stall; costs that differ everywhere (those
        that lean towards seeded weights), and a basis that is nearly optimal, need none of it, and cleaning up is saved."""
        self.highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), np.ascontiguousarray(cost, float))
        self.highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", float(perturbed))

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

    def optimise(self, method: str, **limits) -> Solution:
        """The optimum of the cost that HiGHS has now, over all rows."""
        solution = optimise(self.highs, method, **limits)
        self.iterations += solution.iterations
        while (broken := self._broken(solution.columns)).size:
            self._add(broken)
            strategy = self.highs.getOptionValue("simplex_strategy")[1]
            self.highs.setOptionValue("simplex_strategy", DUAL)
            self.highs.setOptionValue("simplex_dual_edge_weight_strategy", DEVEX)
            solution = optimise(self.highs, "simplex", **limits)
            self.iterations += solution.iterations
            self.highs.setOptionValue("simplex_dual_edge_weight_strategy", CHOOSE)
            self.highs.setOptionValue("simplex_strategy", strategy)
        return replace(solution, iterations=self.iterations)

    def duals_of(self, vector: np.ndarray) -> np.ndarray | None:
        """Row duals y = B^-T v_B of another vector over the columns at the basis that HiGHS holds, over all rows; None
        where the basis cannot be used."""
        status, basic = self.highs.getBasicVariables()
        if status != highspy.HighsStatus.kOk:
            return None
        costs = np.where(basic >= 0, vector[np.maximum(basic, 0)], 0.0)
        status, duals = self.highs.getBasisTransposeSolve(costs)
        return self.over_all_rows(np.asarray(duals)) if status == highspy.HighsStatus.kOk else None

    def _broken(self, columns: np.ndarray) -> np.ndarray:
        """Rows that HiGHS does not hold and this point breaks, with those beside them: the same unit in the hours around."""
        out = np.flatnonzero(self.seldom)
        if not out.size:
            return out
        values = (self.program.matrix @ columns)[out]
        excess = np.maximum(self.program.row_lower[out] - values, values - self.program.row_upper[out])
        broken = out[excess > TOLERANCE]
        beside = np.unique(np.clip(broken[:, None] + np.arange(-BESIDE, BESIDE + 1), 0, len(self.seldom) - 1))
        return beside[self.seldom[beside]]

    def _add(self, rows: np.ndarray) -> None:
        part = self.program.matrix[rows]
        self.highs.addRows(len(rows), self.program.row_lower[rows], self.program.row_upper[rows], part.nnz,
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
        basis = self.highs.getBasis()
        rows = np.full(len(self.program.row_lower), int(Basis.kBasic), np.int8)
        rows[self.order] = np.fromiter(map(int, basis.row_status), np.int8)
        return np.concatenate([np.fromiter(map(int, basis.col_status), np.int8), rows])
