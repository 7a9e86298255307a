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
from functools import cached_property

import numpy as np

from grid_model.algebra import INFINITY, Arrays
from grid_model.errors import SolveError
from grid_model.solve.timeline import AT_ONCE, Timeline, borders_of
from grid_model.solve.working import Working

logger = logging.getLogger(__name__)


class Relaxed:
    """A programme whose rows over a border are priced: parts that nothing holds together.

    Parameters
    ----------
    objective : cost of the columns that is bounded
    duals : prices of the rows; only those of rows over a border are used
    window : steps of a window
    """

    def __init__(self, program: Arrays, time: Timeline, objective: np.ndarray, duals: np.ndarray, window: int):
        self.program, self.time = program, time
        ends = np.array([end for _, end in borders_of(time.steps, window)])
        self.parts = len(ends) + 1  # the last one holds the columns that last
        home = np.searchsorted(ends, np.arange(time.steps + 1)).astype(np.int32)
        self._home = np.where(time.lasting, len(ends), home[time.columns])
        self._row_home = self._rows_of_parts()
        prices = np.where(self._row_home < 0, duals, 0.0)
        prices[(prices > 0) & (program.row_lower <= -INFINITY)] = 0.0
        prices[(prices < 0) & (program.row_upper >= INFINITY)] = 0.0
        self.cost = objective - program.matrix.T @ prices
        priced = np.flatnonzero(prices)
        self.sides = float(prices[priced] @ np.where(prices[priced] > 0, program.row_lower[priced], program.row_upper[priced]))

    def _rows_of_parts(self) -> np.ndarray:
        """The part that all columns of a row belong to, -1 where they belong to several, or there are none."""
        matrix = self.program.matrix
        found = np.full(matrix.shape[0], -1, np.int32)
        for start in range(0, matrix.shape[0], AT_ONCE):
            pointers = matrix.indptr[start:start + AT_ONCE + 1]
            filled = start + np.flatnonzero(np.diff(pointers))
            if len(filled):
                there, begins = self._home[matrix.indices[pointers[0]:pointers[-1]]], matrix.indptr[filled] - pointers[0]
                first, last = (pick.reduceat(there, begins) for pick in (np.minimum, np.maximum))
                found[filled] = np.where(first == last, first, -1)
        return found

    @cached_property
    def _members(self) -> tuple:
        """Columns and rows in the order of their parts, and where each part begins."""
        found = []
        for home in (self._home, self._row_home):
            order = np.argsort(home, kind="stable").astype(np.int32)
            found.append((order, np.searchsorted(home[order], np.arange(self.parts + 1))))
        return tuple(found)

    def least(self, part: int, **limits) -> float:
        """What the cost of a part's columns comes to at least; minus infinity where it has no least: true, and of no use."""
        columns, rows = (order[begins[part]:begins[part + 1]] for order, begins in self._members)
        if not len(columns):
            return 0.0
        program = self.program
        place = np.zeros(len(program.cost), np.int32)
        place[columns] = np.arange(len(columns))
        matrix = program.matrix[rows]
        matrix = type(matrix)((matrix.data, place[matrix.indices], matrix.indptr), shape=(len(rows), len(columns)))
        arrays = Arrays(self.cost[columns], 0.0, program.column_lower[columns], program.column_upper[columns],
                        program.row_lower[rows], program.row_upper[rows], matrix)
        try:
            return Working(arrays).optimise("simplex", **limits).objective
        except SolveError as error:
            logger.warning("no bound: %s", error)
            return -np.inf


def lower_bound(relaxed: Relaxed, **limits) -> float:
    """What the objective comes to at least, without the programme's offset."""
    return relaxed.sides + sum(relaxed.least(part, **limits) for part in range(relaxed.parts))
