"""Where the columns and rows of a programme stand in time.

position  of a column: the step in which it is decided; a state at border t belongs to step t. Columns without a step (accounts
          of a month, a year) are decided with the last one, when all that they account for is known
first, last  positions of the first and last column of a row
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.algebra import LinearProgram

FREE = -1  # position of a row that has no column
AT_ONCE = 1 << 20  # rows


@dataclass(frozen=True, eq=False)
class Ordered:
    """Members in the order of their positions: `order`, and `until` how many there are up to each position."""

    order: np.ndarray
    until: np.ndarray

    @classmethod
    def of(cls, position: np.ndarray, steps: int) -> Ordered:
        """
        position : of each member, shape (members,); one below 1 is never asked for
        steps : the last position
        """
        order = np.argsort(position, kind="stable").astype(np.int32)
        return cls(order, np.searchsorted(position, np.arange(steps + 1), "right", order))

    def within(self, begin: int, end: int) -> np.ndarray:
        """Members at positions begin < p <= end, in their order of position."""
        return self.order[self.until[begin]:self.until[end]]


@dataclass(frozen=True, eq=False)
class Timeline:
    """
    columns  position of each column
    lasting  which columns have no step of their own
    first, last  positions of the first and last column of each row, FREE where it has none
    steps    how many there are
    columns_in_order, rows_in_order  columns by their positions, rows by those of their last columns
    """

    columns: np.ndarray
    lasting: np.ndarray
    first: np.ndarray
    last: np.ndarray
    steps: int
    columns_in_order: Ordered
    rows_in_order: Ordered


def timeline(program: LinearProgram, steps, borders) -> Timeline:
    """Positions of a programme over the model's sets of steps and borders."""
    columns, labelled = _places(program.columns, len(program.cost), {id(steps), id(borders)})
    end = max(int(columns.max(initial=1)), 1)
    columns = np.where(labelled, np.maximum(columns, 1), end).astype(np.int32)
    first, last = reach(columns, program.matrix)
    return Timeline(columns, ~labelled, first, last, end, Ordered.of(columns, end), Ordered.of(last, end))


def borders_of(steps: int, window: int) -> list[tuple[int, int]]:
    """(a, b) of windows of `window` steps; a rest shorter than half a window goes to the last one."""
    starts = list(range(0, steps, window))
    if len(starts) > 1 and steps - starts[-1] < window / 2:
        starts.pop()
    return list(zip(starts, [*starts[1:], steps], strict=True))


def counts_steps(axis, dimension: str) -> bool:
    """Whether the labels of an axis are numbers of steps or of their borders."""
    return axis.dimension == 1 and dimension.endswith(("steps", "step", "borders"))


def _places(families, size: int, sets: set) -> tuple[np.ndarray, np.ndarray]:
    """Step of each column, and whether it has one."""
    step, labelled = np.zeros(size, np.int32), np.zeros(size, bool)
    for family in families.values():
        of_time = [place for place, axis in enumerate(family.axes) if id(axis.source) in sets]
        if of_time:
            shape = [-1 if place == of_time[-1] else 1 for place in range(len(family.axes))]
            labels = np.asarray(family.axes[of_time[-1]].labels, np.int32).reshape(shape)
            step[family.slice] = np.broadcast_to(labels, family.shape).reshape(-1)
            labelled[family.slice] = True
    return step, labelled


def reach(positions: np.ndarray, matrix) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest position of the columns of every row, FREE where it has none; a part of the rows at a time."""
    first, last = (np.full(matrix.shape[0], FREE, np.int32) for _ in range(2))
    for start in range(0, matrix.shape[0], AT_ONCE):
        pointers = matrix.indptr[start:start + AT_ONCE + 1]
        filled = start + np.flatnonzero(np.diff(pointers))
        there = positions[matrix.indices[pointers[0]:pointers[-1]]]
        begins = matrix.indptr[filled] - pointers[0]
        first[filled], last[filled] = (pick.reduceat(there, begins) if len(filled) else 0 for pick in (np.minimum, np.maximum))
    return first, last
