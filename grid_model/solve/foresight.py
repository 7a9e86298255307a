"""What a window sees beyond the steps that it keeps, in longer steps.

What is decided beyond is never kept: it tells what the kept steps are worth. So it is seen as in the plan (medium_term.py), with
several steps as one: a power keeps its mean, a state goes evenly from border to border, what happens at the beginning of a step
happens at the beginning of the first. With S from the columns of longer steps to the window's, and R from its rows,

    x = S X      minimise (c S) X      R lower <= (R A S) X <= R upper

R sums the rows of one thing over a longer step; of rows over states alone it takes the last. A rule that holds in some of
the steps only says nothing of them together and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from grid_model.algebra import INFINITY, Arrays
from grid_model.solve.timeline import ALONE, MOMENT, STATE


@dataclass(frozen=True, eq=False)
class Members:
    """Columns or rows of a window: where each stands, which thing it is, and of what kind (timeline.py)."""

    position: np.ndarray
    things: np.ndarray
    kinds: np.ndarray

    def padded(self, count: int, position: int) -> Members:
        """With so many more, each for itself."""
        return Members(*(np.concatenate([values, more]) for values, more in (
            (self.position, np.full(count, position)), (self.things, np.full(count, -1)), (self.kinds, np.full(count, ALONE)))))


@dataclass(frozen=True, eq=False)
class Longer:
    """A window whose steps after `keep` are longer.

    spread   S, shape (columns, longer columns)
    gather   R, shape (longer rows, rows)
    columns, rows  the longer column and row that each column and row is a part of
    """

    spread: csr_array
    gather: csr_array
    columns: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, columns: Members, rows: Members, keep: int, step: int) -> Longer:
        """`step` steps as one after the position `keep`."""
        column, row = _numbers(columns, keep, step), _numbers(rows, keep, step)
        spread = _spread(columns, column, keep, step)
        count = len(rows.position)
        weight = _weights(rows, row, keep, step)
        gather = csr_array((weight, (row, np.arange(count))), shape=(int(row.max(initial=-1)) + 1, count))
        gather.eliminate_zeros()
        return cls(spread, gather, column, row)

    def programme(self, part: Arrays) -> Arrays:
        """The window in longer steps."""
        matrix = csr_array(self.gather @ part.matrix @ self.spread)
        matrix.eliminate_zeros()
        matrix.sort_indices()
        mean = csr_array((np.ones(len(self.columns)), (self.columns, np.arange(len(self.columns)))))
        mean.data /= np.repeat(np.diff(mean.indptr), np.diff(mean.indptr))
        return Arrays(self.spread.T @ part.cost, part.offset, _over(mean, part.column_lower), _over(mean, part.column_upper),
                      _over(self.gather, part.row_lower), _over(self.gather, part.row_upper), matrix)


def _numbers(members: Members, keep: int, step: int) -> np.ndarray:
    """The number of the longer step's member that each one is a part of."""
    far = (members.position > keep) & (members.kinds != ALONE)
    key = members.things.astype(np.int64) * (1 << 20) + _longer(members.position, keep, step)
    key[~far] = -1 - np.flatnonzero(~far)
    return np.unique(key, return_inverse=True)[1]


def _longer(position: np.ndarray, keep: int, step: int) -> np.ndarray:
    """The longer step that each position after `keep` is in, from 1; 0 at or before it."""
    return np.maximum(-((keep - position) // step), 0)


def _spread(columns: Members, number: np.ndarray, keep: int, step: int) -> csr_array:
    far, beyond = columns.position > keep, columns.position - keep
    longer = _longer(columns.position, keep, step)
    weight = np.ones(len(number))
    weight[(columns.kinds == MOMENT) & far & ((beyond - 1) % step != 0)] = 0.0
    state = np.flatnonzero((columns.kinds == STATE) & far)
    before = _border_before(columns, longer, keep, state)
    end = np.minimum(longer[state] * step, int(beyond.max(initial=0)))
    start = (longer[state] - 1) * step
    share = np.where(before >= 0, (beyond[state] - start) / (end - start), 1.0)
    weight[state] = share
    rest = np.flatnonzero(share < 1)
    at = np.concatenate([np.arange(len(number)), state[rest]])
    to = np.concatenate([number, number[before[rest]]])
    spread = csr_array((np.concatenate([weight, 1.0 - share[rest]]), (at, to)), shape=(len(number), int(number.max(initial=-1)) + 1))
    spread.eliminate_zeros()
    return spread


def _border_before(columns: Members, longer: np.ndarray, keep: int, states: np.ndarray) -> np.ndarray:
    """Of each of these states one at the border where its longer step begins, -1 where there is none."""
    given = np.flatnonzero((columns.kinds == STATE) & (columns.position >= keep))[::-1]  # the later of two at one position
    key = columns.things.astype(np.int64) * (1 << 20) + longer
    known, first = np.unique(key[given], return_index=True)
    wanted = key[states] - 1
    place = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    return np.where(known[place] == wanted, given[first[place]], -1) if len(known) else np.full(len(states), -1)


def _weights(rows: Members, number: np.ndarray, keep: int, step: int) -> np.ndarray:
    """How much each row counts in the longer one."""
    beyond = rows.position - keep
    longer = _longer(rows.position, keep, step)
    end = np.minimum(longer * step, int(beyond.max(initial=0)))
    far = (beyond > 0) & (rows.kinds != ALONE)
    of_states = rows.kinds == STATE
    whole = np.bincount(number)[number] == end - (longer - 1) * step
    return np.where(far, np.where(of_states, beyond == end, whole), True).astype(float)


def _over(weights: csr_array, bounds: np.ndarray) -> np.ndarray:
    """Weighted sums of bounds, without limit where one has none."""
    total = weights @ np.where(np.abs(bounds) >= INFINITY, 0.0, bounds)
    least, most = (weights @ one.astype(float) > 0 for one in (bounds <= -INFINITY, bounds >= INFINITY))
    return np.where(least, -INFINITY, np.where(most, INFINITY, total))
