"""What a row that ends beyond a window should come to at its end, and what later columns can still make good.

symbol  meaning
z_r     what the row's columns come to up to a position p
z*_r    the same by the plan; Z*_r what they come to at the end
f_r     the part of what columns with a step put into the row, and take out of it, by the plan, that is done by p

    low_r = z*_r - f_r (Z*_r - side_lower)    high_r = z*_r + f_r (side_upper - Z*_r)    where the plan comes to neither
                                                                                        side and has no price for the row
    low_r = high_r = z*_r                                                               else

A plan may do much more than a rule asks, as it sees less of what stands against it: sun that a day's mean takes up and noon
cannot. To keep to what it does beyond the rule would be dear and of no use; it is let go of evenly. What is then due of a
row that only grows is f_r of its side. A row of a share (renewables less a part of all that a line carries) rises in one season
and falls in another: what is due of it follows the plan up, as that is what the fall is made good from.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from grid_model.algebra import INFINITY, Arrays
from grid_model.solve.budgets import Budgets, Sums
from grid_model.solve.timeline import Timeline

COMES_TO = 1e-9  # of a side and one: less away from it is rounding; a price below it is none


class Asked:
    """Of a programme, its places in time, the values of its columns and prices of its rows by the plan, and its budgets."""

    def __init__(self, program: Arrays, time: Timeline, columns: np.ndarray, duals: np.ndarray, budgets: Budgets):
        self.program, self.time, self.columns, self.duals, self.budgets = program, time, columns, duals, budgets

    def of_states(self, rows: np.ndarray, known: int, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """low, high, and the least and most that z may be, of states at the position up to which these values are known."""
        part = self.program.matrix[rows]
        later = self.time.columns[part.indices] > known
        planned = sums_of(np.where(later, 0.0, part.data * values[part.indices]), part.indptr)
        ends = self._ends(part.data, part.indices)
        lower, upper = self._limits(rows, *(sums_of(np.where(later, end, 0.0), part.indptr) for end in ends))
        planned = np.clip(planned, lower, upper)
        return planned, planned, lower, upper

    def of_budgets(self, known: int) -> tuple[np.ndarray, ...]:
        """The same of all budgets, by the plan."""
        planned = self._planned.within(0, known)
        lower, upper = self._limits(self.budgets.rows, *(sums.within(known, self.time.steps) for sums in self._extremes))
        return *(np.clip(planned + spare, lower, upper) for spare in self._spare(known)), lower, upper

    def _limits(self, rows: np.ndarray, least: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Between what z may be, if later columns come to this at least and at most."""
        lower = np.maximum(self.program.row_lower[rows] - most, -INFINITY)
        return lower, np.minimum(np.maximum(self.program.row_upper[rows] - least, lower), INFINITY)

    def _spare(self, known: int) -> list[np.ndarray]:
        """f (side - Z*) of the lower and upper sides of all budgets, none where the plan is kept to."""
        whole = self._turnover.within(0, self.time.steps)
        share = np.divide(self._turnover.within(0, known), whole, out=np.zeros(len(whole)), where=whole > 0)
        return [share * spare for spare in self._spared]

    @cached_property
    def _spared(self) -> list[np.ndarray]:
        """side - Z* of lower and upper sides of all budgets, zero where the plan is kept to: it comes to them, or has a price for the
        row."""
        rows, total = self.budgets.rows, self._planned.within(0, self.time.steps)
        sides = self.program.row_lower[rows], self.program.row_upper[rows]
        free = (sides[0] < sides[1]) & (np.abs(self.duals[rows]) < COMES_TO)
        return [np.where(free & (np.abs(side) < INFINITY) & (np.abs(total - side) > COMES_TO * (1.0 + np.abs(side))), side - total, 0.0)
                for side in sides]

    @cached_property
    def _planned(self) -> Sums:
        """What budgets come to by the plan."""
        return self.budgets.of_point(self.columns)

    @cached_property
    def _turnover(self) -> Sums:
        """What columns with a step put into budgets and take out of them by the plan."""
        return self.budgets.sums(lambda here: np.where(self.time.lasting[self.budgets.column[here]], 0.0, np.abs(
            self.budgets.data[here] * self.columns[self.budgets.column[here]])))

    @cached_property
    def _extremes(self) -> tuple[Sums, Sums]:
        """What budgets come to at least and at most."""
        return tuple(self.budgets.sums(lambda here, end=end: self._ends(self.budgets.data[here], self.budgets.column[here])[end])
                     for end in range(2))

    def _ends(self, data: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most that entries come to within the bounds of their columns, those of rows over one column too."""
        lower, upper = self.program.column_lower[column], self.program.column_upper[column]
        columns, least, most = self._alone
        if len(columns):
            place = np.minimum(np.searchsorted(columns, column), len(columns) - 1)
            alone = columns[place] == column
            lower, upper = (np.where(alone, pick(bound, other[place]), bound) for pick, bound, other in (
                (np.maximum, lower, least), (np.minimum, upper, most)))
        return np.minimum(data * lower, data * upper), np.maximum(data * lower, data * upper)

    @cached_property
    def _alone(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns that stand alone in a row, in order, and the bounds that such rows give them."""
        program, matrix = self.program, self.program.matrix
        rows = np.flatnonzero(np.diff(matrix.indptr) == 1)
        entry = matrix.indptr[rows]
        sides = np.stack([program.row_lower[rows], program.row_upper[rows]]) / matrix.data[entry]
        columns, place = np.unique(matrix.indices[entry], return_inverse=True)
        lower, upper = np.full(len(columns), -INFINITY), np.full(len(columns), INFINITY)
        np.maximum.at(lower, place, sides.min(axis=0))
        np.minimum.at(upper, place, sides.max(axis=0))
        return columns, lower, upper


def sums_of(entries: np.ndarray, pointers: np.ndarray) -> np.ndarray:
    """Sum of the entries of every row."""
    return np.where(np.diff(pointers) > 0, np.add.reduceat(np.concatenate([entries, [0.0]]), pointers[:-1]), 0.0)
