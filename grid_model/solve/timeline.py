"""Where the columns and rows of a programme stand in time.

position  of a column: the step in which it is decided; a state at border t belongs to step t. A column without a step (of a
          month, a year) belongs to the last step of the rows that it stands in
first, last  positions of the first and last column of a row
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.algebra import LinearProgram

FREE = -1  # position of a row that has no column


@dataclass(frozen=True, eq=False)
class Timeline:
    """
    columns  position of each column
    lasting  which columns have no step of their own
    first, last  positions of the first and last column of each row, FREE where it has none
    steps    how many there are
    """

    columns: np.ndarray
    lasting: np.ndarray
    first: np.ndarray
    last: np.ndarray
    steps: int


def timeline(program: LinearProgram, steps, borders) -> Timeline:
    """Positions of a programme over the model's sets of steps and borders."""
    columns, labelled = _places(program.columns, len(program.cost), {id(steps), id(borders)})
    matrix = program.matrix
    columns = np.maximum(_settled(columns, labelled, matrix), 1).astype(np.int32)
    there = columns[matrix.indices]
    first, last = (_over_rows(pick, there, matrix.indptr) for pick in (np.minimum, np.maximum))
    return Timeline(columns, ~labelled, first, last, int(columns.max(initial=1)))


def borders_of(steps: int, window: int) -> list[tuple[int, int]]:
    """(a, b) of windows of `window` steps; a rest shorter than half a window goes to the last one."""
    starts = list(range(0, steps, window))
    if len(starts) > 1 and steps - starts[-1] < window / 2:
        starts.pop()
    return list(zip(starts, [*starts[1:], steps], strict=True))


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


def _settled(columns: np.ndarray, labelled: np.ndarray, matrix) -> np.ndarray:
    """Columns without a step take the last step of the rows that they stand in, those nearest to steps first."""
    known = labelled.copy()
    entries = np.flatnonzero(~known[matrix.indices])
    rows, members = np.searchsorted(matrix.indptr, entries, side="right") - 1, matrix.indices[entries]
    while not known.all():
        last = _over_rows(np.maximum, np.where(known, columns, FREE)[matrix.indices], matrix.indptr)
        reached = ~known[members] & (last[rows] != FREE)
        if not reached.any():  # of rows that no step reaches: decided at the end
            return np.where(known, columns, columns.max(initial=1))
        found = np.full(len(columns), FREE, np.int32)
        np.maximum.at(found, members[reached], last[rows[reached]])
        columns = np.where(found != FREE, found, columns)
        known |= found != FREE
    return columns


def _over_rows(pick: np.ufunc, entries: np.ndarray, pointers: np.ndarray) -> np.ndarray:
    """Minimum or maximum of the entries of every row, FREE where there are none."""
    padded = np.concatenate([entries, [FREE]]).astype(np.int32)
    return np.where(np.diff(pointers) > 0, pick.reduceat(padded, pointers[:-1]), FREE)
