"""A lower bound of a long programme from its windows (Lagrange).

For any prices y of the rows that reach over the border of a window, with local rows kept in each window w,

    optimum >= sum over windows of min { (c - y A_open) x_w : local rows, bounds }
               + sum over open rows of (y > 0 ? y side_lower : y side_upper)

A price whose sign asks for a side that is open is taken as zero. Columns are parted among the windows by their
position (those that last have one of their own, the last), so the minima are independent and the bound is true whatever
the prices are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from grid_model.algebra import INFINITY, Arrays
from grid_model.errors import SolveError
from grid_model.solve.timeline import Ordered, Timeline, borders_of, reach
from grid_model.solve.vertex import UNKNOWN, standing
from grid_model.solve.working import Working

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A programme whose rows over a border are priced: parts from 1 on that nothing holds together.

    cost  of the columns, with what open rows are priced at
    sides  what the sides of open rows come to at their prices
    columns, rows  by the part that they stand in; the last one holds the columns that last
    statuses  of a basis of the programme, columns then rows, that parts start from: what windows found is near; a part with a column that
              is UNKNOWN starts from nothing
    """

    program: Arrays
    cost: np.ndarray
    sides: float
    columns: Ordered
    rows: Ordered
    statuses: np.ndarray | None = None

    @classmethod
    def of(cls, program: Arrays, time: Timeline, objective: np.ndarray, duals: np.ndarray, window: int,
           statuses: np.ndarray | None = None) -> Relaxed:
        """
        objective : cost of the columns that is bounded
        duals : prices of the rows; only those of rows over a border are used
        window : steps of a window
        """
        ends = [end for _, end in borders_of(time.steps, window)]
        parts = len(ends) + 1
        part_of = np.searchsorted(ends, np.arange(time.steps + 1)) + 1
        home = np.where(time.lasting, parts, part_of[time.columns]).astype(np.int32)
        first, last = reach(home, program.matrix)
        within = first == last
        prices = np.where(within, 0.0, duals)
        prices[(prices > 0) & (program.row_lower <= -INFINITY)] = 0.0
        prices[(prices < 0) & (program.row_upper >= INFINITY)] = 0.0
        priced = np.flatnonzero(prices)
        sides = float(prices[priced] @ np.where(prices[priced] > 0, program.row_lower[priced], program.row_upper[priced]))
        return cls(program, objective - program.matrix.T @ prices, sides, Ordered.of(home, parts),
                   Ordered.of(np.where(within, first, 0), parts), statuses)

    @property
    def parts(self) -> int:
        return len(self.columns.until) - 1

    def least(self, part: int, **limits) -> float:
        """What the cost of a part's columns comes to at least; minus infinity where it has no least: true, and of no use."""
        columns, rows = (members.within(part - 1, part) for members in (self.columns, self.rows))
        if not len(columns):
            return 0.0
        program, matrix = self.program, self.program.matrix[rows]
        inner = csr_array((matrix.data, np.searchsorted(columns, matrix.indices), matrix.indptr), shape=(len(rows), len(columns)))
        arrays = Arrays(self.cost[columns], 0.0, program.column_lower[columns], program.column_upper[columns],
                        program.row_lower[rows], program.row_upper[rows], inner)
        working = Working(arrays, statuses=self._start(columns, rows, arrays))
        working.take_cost(arrays.cost, perturbed=False)
        try:
            return working.reach("simplex", **limits)
        except SolveError as error:
            logger.warning("no bound: %s", error)
            return -np.inf

    def _start(self, columns: np.ndarray, rows: np.ndarray, part: Arrays) -> np.ndarray | None:
        """Statuses of a part."""
        if self.statuses is None or (self.statuses[columns] == UNKNOWN).any():
            return None
        return standing(self.statuses[columns], self.statuses[len(self.program.cost) + rows], part)


def lower_bound(relaxed: Relaxed, told: Callable[[int, int], None] = lambda done, parts: None, **limits) -> float:
    """What the objective comes to at least, without the programme's offset; `told` is called with the parts known, of how many."""
    bound = relaxed.sides
    for part in range(1, relaxed.parts + 1):
        told(part - 1, relaxed.parts)
        bound += relaxed.least(part, **limits)
    return bound
