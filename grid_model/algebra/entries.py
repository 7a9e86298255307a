"""Entries: terms gathered for families of rows, written into one compressed matrix.

A term is `coefficient * x[column]` for every cell of a frame. Columns and coefficients stay broadcastable; they are
written straight into the arrays of the whole matrix, family after family:

- a family without sums has the same number of terms in each row, laid side by side;
- with sums, each cell's place in its row is counted along the axes (`places`);
- where that cannot be done, entries are sorted by row.

Zeros are dropped. Columns that meet twice in a row are added up; where the indices cannot show that they never meet,
the columns are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from grid_model.algebra.errors import LoweringError
from grid_model.algebra.frames import Frame, added
from grid_model.algebra.places import Places, places_of

_LARGEST = 2**31 - 1  # HiGHS numbers rows, columns and entries in 32 bits


@dataclass(frozen=True, eq=False)
class Term:
    """
    frame        the cells
    columns      int32 arrays over the frame whose sum is the column of each cell
    coefficient  array over the frame, or one number
    variable     what the columns belong to
    distinct     cells of one row are known to have different columns
    """

    frame: Frame
    columns: tuple[np.ndarray, ...]
    coefficient: np.ndarray
    variable: object
    distinct: bool


class Rows:
    """Terms and constants of one family of rows: `matrix @ x + constant`."""

    def __init__(self, base: Frame):
        self.base = base
        self.terms: list[Term] = []
        self.constants: list[tuple[Frame, np.ndarray]] = []

    @property
    def size(self) -> int:
        return self.base.size

    @property
    def cells(self) -> int:
        """How many entries there are before zeros and repeated columns are dropped."""
        return sum(term.frame.size for term in self.terms)

    def constant(self) -> np.ndarray:
        """The constant of every row in the shape of the family, or one number for all rows."""
        total = np.zeros(self.base.shape if self.constants else ())
        for frame, values in self.constants:
            total += values if frame is self.base else frame.gathered(values, self.size).reshape(total.shape)
        return total

    def write(self, pointer: np.ndarray, index: np.ndarray, value: np.ndarray, columns: int) -> int:
        """Write the entries row by row to the start of index and value; the number written.

        `pointer`, shape (size + 1,), gets where each row begins.
        """
        index_here, value_here = index[:self.cells], value[:self.cells]
        if all(term.frame is self.base for term in self.terms):
            self._side_by_side(pointer, index_here, value_here)
        elif all(places := [places_of(term.frame) for term in self._filled()]):
            self._in_places(pointer, index_here, value_here, places)
        else:
            self._sorted(pointer, index_here, value_here, columns)
        if any(not np.all(term.coefficient) for term in self.terms) or self._columns_meet():
            _tidy(pointer, index, value, columns)
        return int(pointer[-1])

    def add_to(self, costs: np.ndarray) -> None:
        """Add the entries of a single row to a vector over columns."""
        for term in self.terms:
            where, what = added(term.columns), term.coefficient
            run = slice(where.flat[0], where.flat[0] + where.size) if where.size else slice(0, 0)
            if not np.any(what):
                continue
            if where.size != term.frame.size or not term.distinct:
                np.add.at(costs, term.frame.spread(where), term.frame.spread(what))
            elif np.array_equal(where.ravel(), np.arange(run.start, run.stop)):
                costs[run].reshape(where.shape)[...] += what  # columns in a row, as in most costs
            else:
                costs[where] += what

    # --- writing -----------------------------------------------------------------------------------------------------

    def _side_by_side(self, pointer, index, value) -> None:
        count = len(self.terms)
        pointer[:] = np.arange(self.size + 1) * count
        index, value = index.reshape(*self.base.shape, count), value.reshape(*self.base.shape, count)
        for k, term in enumerate(self.terms):
            _add_into(index[..., k], term.columns)
            value[..., k] = term.coefficient

    def _filled(self) -> list[Term]:
        return [term for term in self.terms if term.frame.size]

    def _in_places(self, pointer, index, value, places: list[Places]) -> None:
        count = np.zeros(self.size, np.int64)
        for place in places:
            count[place.row] += place.size  # every row once
        pointer[0], pointer[1:] = 0, np.cumsum(count)
        free = pointer[:-1].astype(np.int64)  # the next free entry of each row
        for term, place in zip(self._filled(), places):
            entry = free[added(place.rows)] + place.place
            index[entry] = added(term.columns)
            value[entry] = term.coefficient
            free[place.row] += place.size

    def _sorted(self, pointer, index, value, columns: int) -> None:
        row, column, entry = np.empty(self.cells, np.int32), np.empty(self.cells, np.int32), np.empty(self.cells)
        end = 0
        for term in self.terms:
            here, end = slice(end, end + term.frame.size), end + term.frame.size
            _add_into(row[here].reshape(term.frame.shape), term.frame.rows)
            _add_into(column[here].reshape(term.frame.shape), term.columns)
            entry[here].reshape(term.frame.shape)[...] = term.coefficient
        scattered = coo_array((entry, (row, column)), shape=(self.size, columns))
        scattered.has_canonical_format = True  # repeated columns are looked for afterwards, by `_columns_meet`
        rows = scattered.tocsr()
        pointer[:], index[:], value[:] = rows.indptr, rows.indices, rows.data

    def _columns_meet(self) -> bool:
        """Whether a row may have one column twice. Only terms of one variable can meet."""
        by_variable: dict[int, list[Term]] = {}
        for term in self.terms:
            by_variable.setdefault(id(term.variable), []).append(term)
        return any(_meet(terms, self.base) for terms in by_variable.values())


class Sheet:
    """The matrix of families of rows one below the other, which grows by a family at a time.

    Parameters
    ----------
    rows, columns : of the whole matrix
    """

    def __init__(self, rows: int, columns: int):
        _demand_numbers(rows, columns, 0)
        self.columns = columns
        self._pointer, self._index, self._value = np.zeros(rows + 1, np.int32), np.empty(0, np.int32), np.empty(0)
        self._rows = self._end = 0

    def write(self, family: Rows) -> None:
        """Write the next family."""
        cells = self._end + family.cells
        _demand_numbers(len(self._pointer) - 1, self.columns, cells)
        for array in (self._index, self._value):
            array.resize(cells, refcheck=False)  # in place: nobody else holds a view of it
        here = self._pointer[self._rows: self._rows + family.size + 1]
        begin, here[0] = self._end, 0
        self._end += family.write(here, self._index[begin:], self._value[begin:], self.columns)
        here += np.int32(begin)
        self._rows += family.size

    def matrix(self) -> csr_array:
        """All that was written."""
        for array in (self._index, self._value):
            array.resize(self._end, refcheck=False)
        return csr_array((self._value, self._index, self._pointer), shape=(len(self._pointer) - 1, self.columns))


def _demand_numbers(rows: int, columns: int, cells: int) -> None:
    if max(rows, columns, cells) > _LARGEST:
        raise LoweringError(f"{rows} rows, {columns} columns, {cells} entries: more than 32-bit indices can number")


def assembled(families: list[Rows], columns: int) -> csr_array:
    """The matrix of all families, one below the other."""
    sheet = Sheet(sum(family.size for family in families), columns)
    for family in families:
        sheet.write(family)
    return sheet.matrix()


def _add_into(out: np.ndarray, parts) -> None:
    """Write the sum of arrays that broadcast together."""
    if len(parts) == 2:
        np.add(*parts, out=out, casting="unsafe")
    else:
        out[...] = added(parts)


def _tidy(pointer, index, value, columns: int) -> None:
    """Add up repeated columns and drop zeros, in place; the entries move up to the start."""
    count = int(pointer[-1])
    rows = csr_array((value[:count], index[:count], pointer), shape=(len(pointer) - 1, columns))
    rows.sum_duplicates()
    rows.eliminate_zeros()
    pointer[:] = rows.indptr
    index[:rows.nnz], value[:rows.nnz] = rows.indices[:rows.nnz], rows.data[:rows.nnz]


def _meet(terms: list[Term], base: Frame) -> bool:
    """Whether two cells of one row have the same column, among terms of one variable."""
    if len(terms) == 1 and terms[0].distinct:
        return False
    if all(term.frame is base for term in terms):
        return any(_equal_somewhere(one.columns, other.columns)
                   for i, one in enumerate(terms) for other in terms[:i])
    keys = np.concatenate([term.frame.spread(added(term.frame.rows).astype(np.int64) << 32 | added(term.columns))
                           for term in terms])
    keys.sort()
    return bool(np.any(keys[1:] == keys[:-1]))


def _equal_somewhere(some, others) -> bool:
    """Whether two sums of arrays over a frame are equal in some cell; parts that differ by one number stay small."""
    difference, rest = 0, []
    for shape in {part.shape for part in (*some, *others)}:
        gap = sum((part for part in some if part.shape == shape), np.zeros(shape, np.int64))
        gap = gap - sum((part for part in others if part.shape == shape), np.zeros(shape, np.int64))
        if gap.size and gap.min() == gap.max():
            difference += int(gap.flat[0])
        else:
            rest.append(gap)
    return bool(np.any(added(rest) == -difference)) if rest else difference == 0
