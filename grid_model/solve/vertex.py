"""The vertex that a window ended at, by the places of its columns and rows in the whole; where another window begins.

A window later by n steps asks the same of the same units n steps later. A column or row stands there as the one n places
before it stood, as members of a family follow each other step by step; a row that ends beyond both windows (a year's) as it
stood itself. What has none begins at its bound (a column) or basic (a row). A window over some that were solved, which what is on
both sides of it has to fit, begins where they ended, side by side. Any basis is a true beginning: a poor one only takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from grid_model.algebra import INFINITY, Arrays

Basis = highspy.HighsBasisStatus
LOWER, BASIC, UPPER, ZERO = (int(kind) for kind in (Basis.kLower, Basis.kBasic, Basis.kUpper, Basis.kZero))
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Vertex:
    """
    begin    the step that the window begins after
    columns  places of its columns, those of its own (what elastic rows miss, and go over) left out
    rows     places of its rows, elastic ones last
    elastic  how many of the rows are elastic
    statuses  of columns, what is missed, what is over, rows (integers of HighsBasisStatus)
    """

    begin: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    elastic: np.ndarray
    statuses: np.ndarray

    @classmethod
    def of(cls, begin: int, columns: np.ndarray, rows: np.ndarray, elastic: int, statuses: np.ndarray) -> Vertex:
        return cls(np.asarray(begin), columns, rows, np.asarray(elastic), statuses)

    def of_columns(self, columns: np.ndarray) -> np.ndarray:
        """Statuses of columns of the window, by their places in the whole."""
        return _found(self.columns, self._parts()[0], columns)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Statuses of rows of the window, by their places in the whole."""
        return _found(self.rows, self._parts()[-1], rows)

    def moved_to(self, begin: int, columns: np.ndarray, rows: np.ndarray, elastic: int, part: Arrays) -> np.ndarray:
        """Statuses of the columns and rows of another window, given as in `of`, with the bounds of its programme."""
        by = begin - int(self.begin)
        own, missed, over, of_rows = self._parts()
        exact, open_rows = np.split(rows, [len(rows) - elastic])
        mine = self.rows[len(self.rows) - int(self.elastic):]
        before = np.where(np.isin(open_rows, mine), open_rows, open_rows - by)
        of_columns = np.concatenate([_found(self.columns, own, columns - by), _found(mine, missed, before), _found(mine, over, before)])
        return standing(of_columns, _found(self.rows, of_rows, np.concatenate([exact - by, before])), part)

    def _parts(self) -> list[np.ndarray]:
        elastic = int(self.elastic)
        return np.split(self.statuses, len(self.columns) + np.array([0, elastic, 2 * elastic]))


class SideBySide:
    """What windows ended at, each in its place in the whole; where a window begins that stands over some of them.

    columns, rows : statuses of all columns and rows, UNKNOWN where no window has been
    """

    def __init__(self, columns: np.ndarray, rows: np.ndarray):
        self.columns, self.rows = columns.copy(), rows.copy()

    @property
    def whole(self) -> bool:
        """Whether all columns have one."""
        return bool((self.columns != UNKNOWN).all())

    def lay(self, columns: np.ndarray, rows: np.ndarray, vertex: Vertex) -> None:
        """The columns and rows that a window keeps of where it ended."""
        self.columns[columns], self.rows[rows] = vertex.of_columns(columns), vertex.of_rows(rows)

    def moved_to(self, begin: int, columns: np.ndarray, rows: np.ndarray, elastic: int, part: Arrays) -> np.ndarray:
        """As of a vertex; what is missed or over is none."""
        return standing(np.concatenate([self.columns[columns], np.full(2 * elastic, LOWER, np.int8)]), self.rows[rows], part)


def standing(columns: np.ndarray, rows: np.ndarray, part: Arrays) -> np.ndarray:
    """Statuses that the bounds of a programme allow; of rows that are unknown the slack is basic."""
    statuses = np.concatenate([columns, np.where(rows == UNKNOWN, BASIC, rows)])
    lower, upper = np.concatenate([part.column_lower, part.row_lower]), np.concatenate([part.column_upper, part.row_upper])
    stands = (statuses == BASIC) | (statuses == LOWER) & (lower > -INFINITY) | (statuses == UPPER) & (upper < INFINITY)
    return np.where(stands, statuses, np.where(lower > -INFINITY, LOWER, np.where(upper < INFINITY, UPPER, ZERO)))


def _found(places: np.ndarray, statuses: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Statuses of the members at these places, UNKNOWN where there is none."""
    if not len(places):
        return np.full(len(asked), UNKNOWN, np.int8)
    order = np.argsort(places)
    near = order[np.minimum(np.searchsorted(places, asked, sorter=order), len(places) - 1)]
    return np.where(places[near] == asked, statuses[near], UNKNOWN).astype(np.int8)
