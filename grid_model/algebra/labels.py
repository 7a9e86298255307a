"""Labels as integers, so that index sets of strings and tuples can be searched with numpy.

An integer label stands for itself; any other label gets the next free number, in the order in which sets are met. Sets
whose numbers follow one another (steps, and nearly every set of names) are then looked up by a subtraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grid_model.algebra.errors import LoweringError

_FIRST_NAME = -(1 << 62)  # numbers of names start far below any integer label
_LAST_NAME = -(1 << 61)


class Labels:
    """The numbers given to names, and the axes built so far, for one compilation."""

    def __init__(self):
        self._number: dict = {}
        self._names: list = []
        self._axes: dict[int, Axis] = {}

    def number(self, labels) -> np.ndarray:
        """Integers that stand for labels, shape (len(labels),)."""
        if isinstance(labels, np.ndarray):
            if labels.dtype.kind in "iu":
                return labels.astype(np.int64, copy=False)
            labels = labels.tolist()
        return np.fromiter(map(self._one, labels), np.int64, len(labels))

    def _one(self, label) -> int:
        if isinstance(label, (int, np.integer)) or (isinstance(label, float) and label.is_integer()):
            return int(label)  # equal labels are one label, as in Python: 1, 1.0 and True
        known = self._number.setdefault(label, len(self._names))
        if known == len(self._names):
            self._names.append(label)
        return _FIRST_NAME + known

    def label(self, number: int):
        """The label that a number stands for."""
        return self._names[number - _FIRST_NAME] if number < _LAST_NAME else int(number)

    def axis(self, index_set) -> Axis:
        """The axis of a Pyomo set (or a sequence of labels), made once."""
        known = self._axes.get(id(index_set))
        if known is None:
            known = self._axes[id(index_set)] = self._make(index_set)  # keeps the set alive, so ids stay true
        return known

    def _make(self, index_set) -> Axis:
        members, dimension = _members(index_set)
        return Axis(index_set, members, self.numbers_of(members, dimension))

    def numbers_of(self, members: Sequence, dimension: int = 1) -> np.ndarray:
        """Numbers of labels that may be tuples, shape (members, parts); without members of `dimension` parts."""
        if not len(members):
            return np.empty((0, dimension), np.int64)
        if type(members[0]) is not tuple:
            return self.number(members)[:, None]
        return np.stack([self.number(part) for part in zip(*members, strict=True)], axis=1)


def are_names(numbers: np.ndarray) -> bool:
    """Whether any of these numbers stands for a name: such numbers are labels, not quantities."""
    return bool(numbers.size) and int(numbers.min()) < _LAST_NAME


def _members(index_set) -> tuple[Sequence, int]:
    """Labels of a set in order, as an array where they are a range of integers, and how many parts a label has."""
    if isinstance(index_set, np.ndarray):
        return index_set, 1
    if not hasattr(index_set, "isfinite"):
        return list(index_set), 1
    if not index_set.isfinite():
        raise LoweringError(f"{index_set} has no end, it cannot be an axis")
    ranges = list(index_set.ranges()) if index_set.isordered() and hasattr(index_set, "_ranges") else []
    if len(ranges) == 1 and ranges[0].step == 1 and float(ranges[0].start).is_integer():
        return np.arange(int(ranges[0].start), int(ranges[0].start) + len(index_set)), 1
    return list(index_set), max(index_set.dimen, 1) if isinstance(index_set.dimen, int) else 1  # an empty set says 0


@dataclass(frozen=True, eq=False)
class Axis:
    """One index set: the set itself, its labels, and their numbers of shape (size, dimension)."""

    source: object
    labels: Sequence
    numbers: np.ndarray

    @property
    def size(self) -> int:
        return len(self.numbers)

    @property
    def dimension(self) -> int:
        return self.numbers.shape[1]

    def positions(self, parts: list[np.ndarray]) -> np.ndarray:
        """Positions along this axis of the labels whose numbers are given part by part (broadcast together).

        Raises KeyError with the numbers of a label that is not on this axis.
        """
        if self.dimension == 1:
            return self._whole(parts[0])
        codes = [search(part) for search, part in zip(self._parts, parts, strict=True)]
        return self._whole(self._key(codes))

    @cached_property
    def _whole(self) -> _Search:
        if self.dimension == 1:
            return _Search(self.numbers[:, 0])
        return _Search(self._key([search(column) for search, column in zip(self._parts, self.numbers.T)]))

    @cached_property
    def _parts(self) -> list[_Search]:
        return [_Search(np.unique(column)) for column in self.numbers.T]

    def _key(self, codes: list[np.ndarray]) -> np.ndarray:
        """One integer per tuple, from the position of each part among the different values of that part."""
        key = codes[0]
        for search, code in zip(self._parts[1:], codes[1:]):
            key = key * search.size + code
        return key


class _Search:
    """Position of numbers in an array of distinct numbers."""

    def __init__(self, numbers: np.ndarray):
        self.size = len(numbers)
        self.first = int(numbers[0]) if self.size else 0
        self.order = None
        if self.size and not np.array_equal(numbers, np.arange(self.first, self.first + self.size)):
            self.order = np.argsort(numbers, kind="stable")
            self.sorted = numbers[self.order]
            if np.any(self.sorted[1:] == self.sorted[:-1]):
                raise LoweringError("a label stands twice in one index set")

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        if numbers.size == 0:
            return numbers
        if self.order is None:
            position = numbers - self.first
            found = (position >= 0) & (position < self.size)
        else:
            near = np.minimum(np.searchsorted(self.sorted, numbers), self.size - 1)
            position, found = self.order[near], self.sorted[near] == numbers
        if not np.all(found):
            raise KeyError(int(np.asarray(numbers)[~found].flat[0]))
        return position
