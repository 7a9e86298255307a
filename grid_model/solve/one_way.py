"""One way at a time: columns of which only one may be used.

A store that charges while it discharges, a corridor with losses that carries both ways: no linear programme forbids it,
and where energy is worth less than nothing (a negative price, a rank of purchase that would rather burn than spill) it
pays. A model names such pairs of families (`model.exclusive`). Where an optimum uses both columns of a pair, the one
that is used more stays open and the other is closed, its upper bound 0, so that the direction of what they come to
together is kept:

    a > USED, b > USED, a >= b:   b <= 0

and the programme is solved again from the basis held, until no pair runs against itself (at most ROUNDS times). After
PATIENT rounds every pair in use keeps the way that it goes: a surplus that moves from store to store would go on for long.

Which is used more says little where each is used for its own sake: a contract counts what a line sends one way, cheap
power goes the other. With x' the optimum of the first round and d the reduced costs of the last, closing cost no more than

    sum over the closed b of -d[b] x'[b]

Where it cost more than DEAR of the whole, pairs of one line or store that were closed the same way and have a large part
in this sum are turned together, the dearest first, and stay so if that costs less (at most TURNS times, until one is in
vain); closing more never costs less, so that a turn is given up as soon as it costs as much as what it would better. Of
no more than FEW pairs a mixed-integer programme (directions.py) then finds the best directions there are. Of more, what
comes out is optimal for the directions chosen; without them nothing is better than the optimum of the first round, so
the two tell how much another choice could still gain.

Where the closed columns leave no way at all, of those in the solver's proof of it as many are turned as it takes: a store that owes
cycles must charge in some step, though it gave more than it took in each. With z = A' y of such a proof (y a ray of the dual),
no x within its bounds reaches the rows' sides y; only an open column with z > 0 could help, by z times its bound at most. Where all
that a proof rests on was turned before, the mixed-integer programme looks for directions of all pairs, however many. Only where
there are none is what the proof rests on opened, and stays open: there energy must be burnt, and results say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from grid_model.algebra import INFINITY, Arrays, LinearProgram
from grid_model.errors import InfeasibleError
from grid_model.solve.directions import find_directions
from grid_model.solve.working import Working

USED = 1e-6  # GW, a kilowatt: less is rounding
ROUNDS = 10
PATIENT = 1  # rounds
NOTHING = 1e-9  # of the largest entry of z
DEAR = 1e-4  # of what the first round comes to: closing that costs less is left as it is
LARGE = 0.1  # of the largest part among those that are turned together
TURNS = 4
FEW = 100  # pairs: 528 take 11 s, where what comes out without is 0.003 % dearer

logger = logging.getLogger(__name__)


def pairs_of(program: LinearProgram, exclusive: Iterable[tuple[str, str, Iterable]]) -> np.ndarray:
    """Positions of the two columns of every pair, and a number of the line or store that it is of, shape (pairs, 3).

    Parameters
    ----------
    exclusive : (family, family over the same members, those labels of their first axis that exclude each other)
    """
    found, owners = [np.empty((0, 3), np.int64)], 0
    for first, second, labels in exclusive:
        one, other = program.columns[first], program.columns[second]
        chosen = np.isin(np.asarray(list(one.axes[0].labels), object).astype(str), np.asarray(list(labels), object).astype(str))
        member, step = (index[chosen].reshape(-1) for index in np.indices(one.shape))
        places = member * one.shape[1] + step
        found.append(np.stack([one.start + places, other.start + places, owners + member], axis=1))
        owners += len(chosen)
    return np.concatenate(found)


def closed(program: Arrays, columns: np.ndarray) -> Arrays:
    """The programme in which these columns (a mask, or positions) stay at zero."""
    upper = program.column_upper.copy()
    upper[columns] = 0.0
    return replace(program, column_upper=upper)


def as_found(vertex):
    """The vertex itself."""
    return vertex


def as_solved(solution) -> tuple[float, np.ndarray]:
    """What a solution comes to, and the reduced costs of its columns."""
    return solution.objective, solution.column_duals


class MustBurn(InfeasibleError):
    """There is no way, unless something runs against itself."""


class OneWay:
    """Solves a working programme until no pair of its columns runs against itself.

    finish  makes of a vertex the solution that is looked at
    priced  gives what a solution comes to and the reduced costs of its columns
    cost    what is minimised, the programme's own cost by default
    may_open  whether pairs that leave no way one way at a time are opened
    closed  columns that were closed, a mask
    opened  columns of pairs that have to be open both ways
    since   round in which a column was closed last
    instead those that were closed instead of the other of their pair, as that left no way
    sought  whether directions of all pairs were looked for
    rounds  how often the programme was solved again
    turned  pairs that were turned because it costs less so
    left    pairs that still use both: where they must, or after too many rounds
    """

    def __init__(self, working: Working, pairs: np.ndarray, finish: Callable = as_found, priced: Callable = as_solved,
                 cost: np.ndarray | None = None, may_open: bool = True):
        self.working, self.relaxed, self.finish, self.priced = working, working.program, finish, priced
        self.cost, self.may_open = working.program.cost if cost is None else cost, may_open
        self.pairs, self.owner = pairs[:, :2], pairs[:, 2]
        self.closed, self.opened, self.instead = (np.zeros(len(working.program.cost), bool) for _ in range(3))
        self.other = np.arange(len(working.program.cost))
        self.other[self.pairs], self.other[self.pairs[:, ::-1]] = self.pairs[:, ::-1], self.pairs
        self.since = np.zeros(len(working.program.cost), np.int64)
        self.rounds = self.left = self.turned = 0
        self.sought = False
        self.astray = False  # whether the working programme stands elsewhere than at what was found

    def settle(self, first: Callable, again: Callable):
        """What solving comes to in the end: `first` from nothing, `again` after bounds have changed; each gives a vertex of the working
        programme as it then is, with `columns` and `objective`."""
        free = self.finish(first())
        found = self._closed_up(free, again)
        tried: set[int] = set()
        in_vain = False
        while not in_vain and len(tried) < TURNS and len(dear := self._dear(free, found, tried)):
            turned, before = self.closed.copy(), found
            turned[self.pairs[dear]] ^= True
            found = self._cheaper(turned, found, again)
            in_vain = found is before
        if len(self.pairs) <= FEW and self._costs(free, found) > 0 and (best := self._sought()) is not None:
            found = self._cheaper(best, found, again)
        if self.astray:
            self._vertex(again)
            self.astray = False
        self.left = int(self._both(found.columns).sum())
        if self.rounds:
            logger.info("one way: %d columns closed in %d rounds, %d turned, %d opened again; %d pairs use both", self.closed.sum(),
                        self.rounds, self.turned, self.opened.sum(), self.left)
        return found

    def _closed_up(self, found, again: Callable, limit: float = np.inf):
        """Close and solve until no pair runs against itself; None once it comes to the limit."""
        while found and self.rounds < ROUNDS and len(closing := self._closing(found.columns)):
            self.rounds += 1
            self.closed[closing], self.since[closing] = True, self.rounds
            found = self._possible(again, limit)
        return found

    def _costs(self, free, found) -> float:
        """What closing cost, beyond next to nothing."""
        (least, _), (cost, _) = self.priced(free), self.priced(found)
        return cost - least - DEAR * abs(least)

    def _dear(self, free, found, tried: set[int]) -> np.ndarray:
        """Positions of pairs to be turned together, and a note of them in `tried`; none where closing cost next to nothing."""
        if self._costs(free, found) <= 0:
            return np.array([], int)
        closed, (_, reduced) = self.closed[self.pairs], self.priced(found)
        parts = np.where(closed, np.maximum(-reduced * free.columns, 0.0)[self.pairs], 0.0).sum(axis=1)
        group = 2 * self.owner + closed[:, 1]
        sums = np.bincount(group, parts, minlength=2 * self.owner.max() + 2)
        sums[list(tried)] = 0.0
        dearest = int(np.argmax(sums))
        if sums[dearest] <= DEAR * abs(self.priced(free)[0]):
            return np.array([], int)
        tried.add(dearest)
        parts = np.where(group == dearest, parts, 0.0)
        return np.flatnonzero(parts > LARGE * parts.max())

    def _cheaper(self, turned: np.ndarray, found, again: Callable):
        """The solution with these columns closed; where that costs as much or leaves no way without opening others, as it was."""
        closed_before, instead_before = self.closed, self.instead.copy()
        limit = self.priced(found)[0]
        self.closed = turned.copy()
        cheaper = self._closed_up(self._possible(again, limit), again, limit)
        if cheaper is None or self._both(cheaper.columns).sum() > self._both(found.columns).sum():
            self.closed, self.instead = closed_before, instead_before
            self.astray = True
            return found
        self.astray = False
        self.turned += int((turned & ~closed_before).sum())
        return cheaper

    def _both(self, columns: np.ndarray) -> np.ndarray:
        """Which pairs are used both ways."""
        return (columns[self.pairs] > USED).all(axis=1)

    def _closing(self, columns: np.ndarray) -> np.ndarray:
        """The columns to close: of each pair that is used both ways the one that is used less."""
        closing = self._both(columns)
        if closing.any() and self.rounds >= PATIENT:
            closing = (columns[self.pairs] > USED).any(axis=1)
        first, second = columns[self.pairs[closing]].T
        lesser = np.where(first >= second - USED, self.pairs[closing, 1], self.pairs[closing, 0])
        return lesser[~(self.opened | self.closed)[lesser]]

    def _possible(self, again: Callable, limit: float = np.inf):
        """The solution with what is closed, or None where it comes to the limit."""
        vertex = self._vertex(again, trial=limit < np.inf)
        return self.finish(vertex) if vertex and vertex.objective < limit else None

    def _vertex(self, again: Callable, trial: bool = False):
        """The vertex with what is closed; what leaves no way is turned, and opened where that leaves none either, but for a trial, which
        then has none."""
        while True:
            self.working.take_bounds(closed(self.relaxed, self.closed))
            try:
                return again()
            except InfeasibleError:
                culprits, enough = self._culprits()
                if not culprits.size:
                    raise
                others = self.other[culprits]
                if enough:
                    self.closed[culprits] = False
                    self.closed[others] = self.instead[others] = True
                elif trial:
                    return None
                elif (directions := self._sought()) is not None:
                    self.closed = directions
                elif not self.may_open:
                    raise MustBurn("no dispatch satisfies all rules of this case together one way at a time") from None
                else:
                    self.closed[culprits] = False
                    self.opened[culprits] = self.opened[others] = True

    def _sought(self) -> np.ndarray | None:
        """Columns to close for the best directions of all pairs, a mask; looked for once."""
        if self.sought:
            return None
        self.sought = True
        directions = find_directions(self.relaxed, self.cost, self.pairs)
        return None if directions is None else np.isin(np.arange(len(self.closed)), directions)

    def _culprits(self) -> tuple[np.ndarray, bool]:
        """Closed columns that the proof that there is no way rests on: as many as it takes of those that may still be turned, those
        closed last first, and whether there are such; all of them where there is no proof."""
        every = np.flatnonzero(self.closed)
        ray = self.working.ray()
        if ray is None:
            return every, False
        program = self.working.program
        pull = program.matrix.T @ ray
        culprits = every[pull[every] > NOTHING * np.max(np.abs(pull), initial=0.0)]
        fresh = culprits[~self.instead[culprits]]
        if not fresh.size:
            return culprits, False
        help_of = pull[fresh] * self.relaxed.column_upper[fresh]
        order = np.lexsort((-help_of, -self.since[fresh]))
        lacking = _most(ray, program.row_lower, program.row_upper, -1) - _most(pull, program.column_lower, program.column_upper, 1)
        return fresh[order[:1 + np.searchsorted(np.cumsum(help_of[order]), lacking)]], True


def _most(weights: np.ndarray, lower: np.ndarray, upper: np.ndarray, sense: int) -> float:
    """Most (1) or least (-1) that weights times values between these limits come to."""
    sides = np.where(sense * weights > 0, upper, lower)
    return float(weights @ np.where(np.abs(sides) < INFINITY, sides, 0.0))
