"""Labels as integers, so that index sets of strings and tuples can be searched with numpy.

An integer label stands for itself; any other label gets the next free number, in the order in which sets are met. Sets
whose numbers follow one another (steps, and nearly every set of names) are then looked up by a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyomo.core.base.set import RangeSet

_FIRST_NAME = 1 << 40  # numbers of names start above any integer label


class Labels:
    """The numbers given to names, and the axes built so far, for one compilation."""

    def __init__(self):
        self._number: dict = {}
        self._axes: dict[int, tuple[object, Axis]] = {}

    def number(self, labels) -> np.ndarray:
        """Integers that stand for labels, shape (len(labels),)."""
        if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
            return labels.astype(np.int64, copy=False)
        return np.fromiter(map(self._one, labels), np.int64, len(labels))

    def _one(self, label) -> int:
        if type(label) is int or isinstance(label, np.integer):
            return int(label)
        return self._number.setdefault(label, _FIRST_NAME + len(self._number))

    def axis(self, index_set) -> Axis:
        """The axis of a Pyomo set (or a sequence of labels), made once."""
        known = self._axes.get(id(index_set))
        if known is None:
            known = self._axes[id(index_set)] = (index_set, self._make(index_set))  # keeps the set alive: ids stay true
        return known[1]

    def _make(self, index_set) -> Axis:
        if isinstance(index_set, RangeSet) and len(index_set) and len(index_set) == index_set.last() - index_set.first() + 1:
            values = np.arange(index_set.first(), index_set.last() + 1)
            return Axis(values, values[:, None])
        members = index_set if isinstance(index_set, np.ndarray) else list(index_set)
        if len(members) and type(members[0]) is tuple:
            columns = [self.number(column) for column in zip(*members)]
        else:
            columns = [self.number(members)]
        return Axis(members, np.stack(columns, axis=1) if len(members) else np.empty((0, len(columns)), np.int64))


@dataclass(frozen=True, eq=False)
class Axis:
    """One index set: its labels and their numbers, shape (size, dimension)."""

    labels: object
    numbers: np.ndarray

    @property
    def size(self) -> int:
        return len(self.numbers)

    @property
    def dimension(self) -> int:
        return self.numbers.shape[1]

    def positions(self, parts: list[np.ndarray], where: str) -> np.ndarray:
        """Positions along this axis of the labels whose numbers are given part by part (broadcast together)."""
        if self.dimension == 1:
            return self._find(self._search, parts[0], where)
        key = self._key([self._find(search, part, where) for search, part in zip(self._parts, parts)])
        return self._find(self._tuples, key, where)

    @staticmethod
    def _find(search: _Search, numbers: np.ndarray, where: str) -> np.ndarray:
        found = search(numbers)
        if found is None:
            raise KeyError(where)
        return found

    def _key(self, codes: list[np.ndarray]) -> np.ndarray:
        key = np.asarray(codes[0], np.int64)
        for search, code in zip(self._parts[1:], codes[1:]):
            key = key * len(search) + code
        return key

    @property
    def _search(self) -> _Search:
        return self._cached("_search_", lambda: _Search(self.numbers[:, 0]))

    @property
    def _parts(self) -> list[_Search]:
        return self._cached("_parts_", lambda: [_Search(np.unique(column)) for column in self.numbers.T])

    @property
    def _tuples(self) -> _Search:
        return self._cached("_tuples_", lambda: _Search(
            self._key([search(column) for search, column in zip(self._parts, self.numbers.T)])))

    def _cached(self, name, make):
        if name not in self.__dict__:
            object.__setattr__(self, name, make())
        return self.__dict__[name]


class _Search:
    """Position of a number in an array of distinct numbers; None where one is missing."""

    def __init__(self, numbers: np.ndarray):
        self.size = len(numbers)
        self.first = int(numbers[0]) if self.size else 0
        self.order = None
        if self.size and not np.array_equal(numbers, np.arange(self.first, self.first + self.size)):
            self.order = np.argsort(numbers, kind="stable")
            self.sorted = numbers[self.order]

    def __len__(self):
        return self.size

    def __call__(self, numbers: np.ndarray):
        if numbers.size == 0:
            return numbers
        if self.size == 0:
            return None
        if self.order is None:
            position = numbers - self.first
            return position if position.min() >= 0 and position.max() < self.size else None
        near = np.minimum(np.searchsorted(self.sorted, numbers), self.size - 1)
        return self.order[near] if np.array_equal(self.sorted[near], numbers) else None
