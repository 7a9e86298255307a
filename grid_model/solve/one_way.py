"""One way at a time: columns of which only one may be used.

A store that charges while it discharges, a corridor with losses that carries both ways: no linear programme forbids it,
and where energy is worth less than nothing (a negative price, a rank of purchase that would rather burn than spill) it
pays. A model names such pairs of families (`model.exclusive`). Where an optimum uses both columns of a pair, the one
that is used more stays open and the other is closed, its upper bound 0, so that the direction of what they come to
together is kept:

    a > USED, b > USED, a >= b:   b <= 0

and the programme is solved again from the basis held, until no pair runs against itself (at most ROUNDS times). After
PATIENT rounds every pair in use keeps the way that it goes: a surplus that moves from store to store would go on for long. What
comes out is optimal for the directions chosen; without them nothing is better than the optimum of the first round, so
the two tell how much another choice of directions could still gain.

Where the closed columns leave no way at all, those in the solver's proof of it are opened again and stay open: there
energy must be burnt, and results say so. With z = A' y of such a proof (y a ray of the dual), no x within its bounds
reaches the rows' sides y, and only an open column with z > 0 could help.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from grid_model.algebra import Arrays, LinearProgram
from grid_model.errors import InfeasibleError
from grid_model.solve.working import Working

USED = 1e-6  # GW, a kilowatt: less is rounding
ROUNDS = 10
PATIENT = 2  # rounds
NOTHING = 1e-9  # of the largest entry of z

logger = logging.getLogger(__name__)


def pairs_of(program: LinearProgram, exclusive: Iterable[tuple[str, str, Iterable]]) -> np.ndarray:
    """Positions of the two columns of every pair, shape (pairs, 2).

    Parameters
    ----------
    exclusive : (family, family over the same members, those labels of their first axis that exclude each other)
    """
    found = [np.empty((0, 2), np.int64)]
    for first, second, labels in exclusive:
        one, other = program.columns[first], program.columns[second]
        chosen = np.isin(np.asarray(list(one.axes[0].labels), object).astype(str), np.asarray(list(labels), object).astype(str))
        places = np.arange(one.size).reshape(one.shape)[chosen].reshape(-1)
        found.append(np.stack([one.start + places, other.start + places], axis=1))
    return np.concatenate(found)


def closed(program: Arrays, columns: np.ndarray) -> Arrays:
    """The programme in which these columns (a mask, or positions) stay at zero."""
    upper = program.column_upper.copy()
    upper[columns] = 0.0
    return replace(program, column_upper=upper)


class OneWay:
    """Solves a working programme until no pair of its columns runs against itself.

    closed  columns that were closed, a mask
    opened  those of them that had to be opened again
    rounds  how often the programme was solved again
    left    pairs that still use both: where they must, or after too many rounds
    """

    def __init__(self, working: Working, pairs: np.ndarray):
        self.working, self.pairs, self.relaxed = working, pairs, working.program
        self.closed, self.opened = (np.zeros(len(working.program.cost), bool) for _ in range(2))
        self.rounds = self.left = 0

    def settle(self, first: Callable, again: Callable):
        """What solving comes to in the end: `first` from nothing, `again` after bounds have changed; each gives a solution with `columns`
        of the working programme as it then is."""
        found = first()
        while self.rounds < ROUNDS and len(closing := self._closing(found.columns)):
            self.closed[closing] = True
            self.rounds += 1
            found = self._possible(again)
        self.left = int(self._both(found.columns).sum())
        if self.rounds:
            logger.info("one way: %d columns closed in %d rounds, %d opened again; %d pairs use both", self.closed.sum(), self.rounds,
                        self.opened.sum(), self.left)
        return found

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

    def _possible(self, again: Callable):
        while True:
            self.working.take_bounds(closed(self.relaxed, self.closed))
            try:
                return again()
            except InfeasibleError:
                culprits = self._culprits()
                if not culprits.size:
                    raise
                self.closed[culprits], self.opened[culprits] = False, True

    def _culprits(self) -> np.ndarray:
        """Closed columns that the proof that there is no way rests on; all of them where there is no proof."""
        every = np.flatnonzero(self.closed)
        ray = self.working.ray()
        if ray is None:
            return every
        pull = self.working.program.matrix.T @ ray
        return every[pull[every] > NOTHING * np.max(np.abs(pull), initial=0.0)]
