"""Budgets: the long rows of a programme by the steps of their columns.

A year's row has columns in all of its steps. A window needs those of its own steps, and sums over the steps before and
after it: entries are kept in the order of their steps, and sums of them for blocks of steps, so that no window looks at
the whole of a year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array


@dataclass(frozen=True, eq=False)
class Budgets:
    """
    rows    their positions in the programme, in order
    row, column, data  entries in the order of the steps of their columns; `row` counts within `rows`
    until   how many entries there are up to each step, shape (steps + 1,)
    block   steps of a block
    """

    rows: np.ndarray
    row: np.ndarray
    column: np.ndarray
    data: np.ndarray
    until: np.ndarray
    block: int

    @classmethod
    def of(cls, matrix: csr_array, rows: np.ndarray, positions: np.ndarray, steps: int, block: int) -> Budgets:
        """These rows of a matrix whose columns have these positions, from 1 to `steps`."""
        part = matrix[rows]
        position = positions[part.indices]
        order = np.argsort(position, kind="stable")
        row = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(part.indptr))
        return cls(rows, row[order], part.indices[order], part.data[order],
                   np.searchsorted(position[order], np.arange(steps + 1), "right"), block)

    @property
    def steps(self) -> int:
        return len(self.until) - 1

    def entries(self, begin: int, end: int) -> slice:
        """Those of columns in begin < p <= end."""
        return slice(self.until[begin], self.until[end])

    def part(self, picked: np.ndarray, begin: int, end: int, place: np.ndarray, width: int) -> csr_array:
        """Some of the rows (by their number in `rows`) over the columns in begin < p <= end, which stand at these places of
        `width`."""
        number = np.full(len(self.rows), -1, np.int32)
        number[picked] = np.arange(len(picked), dtype=np.int32)
        here = self.entries(begin, end)
        row = number[self.row[here]]
        kept = row >= 0
        return coo_array((self.data[here][kept], (row[kept], place[self.column[here][kept]])), shape=(len(picked), width)).tocsr()

    def sums(self, values: Callable[[slice], np.ndarray]) -> Sums:
        """Sums over steps of what a function gives for entries."""
        return Sums(self, values)

    def of_point(self, point: np.ndarray) -> Sums:
        """Sums of the rows at a point, which may change later (`Sums.renew`)."""
        return self.sums(lambda here: self.data[here] * point[self.column[here]])


class Sums:
    """What entries of budgets come to, row by row, over any steps."""

    def __init__(self, budgets: Budgets, values: Callable[[slice], np.ndarray]):
        self._budgets, self._values = budgets, values
        self._ends = np.append(np.arange(0, budgets.steps, budgets.block), budgets.steps)
        self._blocks = np.stack([self._added(begin, end) for begin, end in zip(self._ends[:-1], self._ends[1:], strict=True)])

    def renew(self, begin: int, end: int) -> None:
        """Take the values in begin < p <= end anew."""
        for number in range(begin // self._budgets.block, -(-end // self._budgets.block)):
            self._blocks[number] = self._added(self._ends[number], self._ends[number + 1])

    def within(self, begin: int, end: int) -> np.ndarray:
        """The sums over begin < p <= end, shape (rows,)."""
        block = self._budgets.block
        first, last = -(-begin // block), (end // block if end < self._budgets.steps else len(self._blocks))
        if first > last:
            return self._added(begin, end)
        whole = self._blocks[first:last].sum(axis=0)
        return whole + self._added(begin, self._ends[first]) + self._added(self._ends[last], end)

    def _added(self, begin: int, end: int) -> np.ndarray:
        here = self._budgets.entries(begin, end)
        return np.bincount(self._budgets.row[here], self._values(here), minlength=len(self._budgets.rows))
