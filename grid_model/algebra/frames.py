"""Frames: where a node of a template stands, as axes, and how sums change them.

A frame has one axis per index set of the rule and per sum around the node; a *cell* is one combination of labels.
Arrays over a frame have one dimension per axis, of the axis's size or of size 1 where they do not vary (or no dimension
at all: one number for all cells). They are broadcast to the whole frame only where entries are written.

A sum over a set adds an axis. A sum over an indexed set, `for unit in units_in[zone]`, whose key varies along an axis,
replaces that axis by the pairs of key and member; where the key varies along several axes these are joined first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from grid_model.algebra.labels import Axis


@dataclass(frozen=True, eq=False)
class Frame:
    """
    shape     size of each axis
    numbers   for each placeholder (by id) the numbers of its labels, over the frame
    rows      arrays over the frame whose sum is the row that each cell belongs to
    sums      the groups of placeholders (ids) of the sums around the node
    origin    for a placeholder of a named expression (by id) the placeholder that it was given, if it was given one
    """

    shape: tuple[int, ...]
    numbers: dict[int, np.ndarray]
    rows: tuple[np.ndarray, ...]
    sums: tuple[frozenset[int], ...] = ()
    origin: dict[int, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dimensions(self) -> int:
        return len(self.shape)

    def literal(self, number: int) -> np.ndarray:
        """One number for all cells, as an array over the frame."""
        return np.full((1,) * self.dimensions, number, np.int64)

    def row_of_cell(self) -> np.ndarray:
        """Row of every cell, shape (size,)."""
        return self.spread(added(self.rows))

    def spread(self, values) -> np.ndarray:
        """Values of every cell, shape (size,)."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    def gathered(self, values, rows: int) -> np.ndarray:
        """Sum of the values of all cells of each row, shape (rows,)."""
        return np.bincount(self.row_of_cell(), self.spread(values), rows)

    def bound_to(self, numbers: dict[int, np.ndarray], origin: dict[int, int]) -> Frame:
        """The same cells seen from within another rule, whose placeholders have these numbers."""
        return replace(self, numbers=numbers, origin=origin)

    def narrowed(self, placeholders: Iterable[int]) -> Frame:
        """The cells that differ in these placeholders; each is a row of its own."""
        numbers = {one: self.numbers[one] for one in placeholders if one in self.numbers}
        varying = [values.shape for values in numbers.values() if values.ndim]
        shape = tuple(np.broadcast_shapes((1,) * self.dimensions, *varying))
        return Frame(shape, numbers, _counted(shape))


def frame_over(axes: list[Axis], placeholders) -> Frame:
    """The frame of a rule: one axis per index set, every cell a row."""
    shape = tuple(axis.size for axis in axes)
    parts = [(position, part) for position, axis in enumerate(axes) for part in axis.numbers.T]
    numbers = {id(placeholder): along(part, position, len(axes))
               for placeholder, (position, part) in zip(placeholders, parts, strict=True)}
    return Frame(shape, numbers, _counted(shape))


def with_members(frame: Frame, group, members: np.ndarray) -> tuple[Frame, Callable]:
    """The frame inside a sum over members (numbers, shape (count, parts)), the same for all cells: one axis more.

    Also returns the function that takes arrays over the old frame into the new one.
    """
    carried = _wherever_it_varies(lambda values: values[..., None])
    inner = _carry(frame, carried, (*frame.shape, len(members)))
    return _bind(inner, group, members, frame.dimensions), carried


def with_pairs(frame: Frame, group, key: np.ndarray, lists: MemberLists) -> tuple[Frame, Callable]:
    """The frame inside a sum over the members of a key that varies: its axis becomes pairs of key and member.

    Also returns the function that takes arrays over the old frame into the new one.
    """
    varying = [axis for axis, size in enumerate(key.shape) if size != 1]
    joined = _joining(frame.shape, varying)
    at = 0 if len(varying) > 1 else varying[0]
    key = joined(key).reshape(-1)
    parent = np.repeat(np.arange(key.size), lists.count[key])
    members = lists.numbers[lists.first[key][parent] + _place_in_run(lists.count[key])]

    def follow(values):
        values = joined(values)
        return values if values.shape[at] == 1 else np.take(values, parent, axis=at)

    carried = _wherever_it_varies(follow)
    rest = [size for axis, size in enumerate(frame.shape) if axis not in varying]
    shape = (*rest[:at], len(parent), *rest[at:])
    return _bind(_carry(frame, carried, shape), group, members, at), carried


@dataclass(frozen=True)
class MemberLists:
    """An indexed set as one list: axes of its keys, members of each key, where they begin, numbers of all members."""

    keys: list[Axis]
    count: np.ndarray
    first: np.ndarray
    numbers: np.ndarray

    def of(self, key: int) -> np.ndarray:
        return self.numbers[self.first[key]: self.first[key] + self.count[key]]


def along(values: np.ndarray, position: int, dimensions: int) -> np.ndarray:
    """A vector laid along one of several axes."""
    return values.reshape((1,) * position + (-1,) + (1,) * (dimensions - position - 1))


def added(parts) -> np.ndarray:
    """Sum of arrays that broadcast together."""
    return reduce(np.add, parts)


def _counted(shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Arrays, each varying along one axis, whose sum numbers the cells of a shape."""
    kind = np.int32 if np.prod(shape, dtype=float) < 2**31 else np.int64
    parts, stride = [np.zeros((1,) * len(shape), kind)], 1
    for position in reversed(range(len(shape))):
        if shape[position] != 1:
            parts.append(along((np.arange(shape[position]) * stride).astype(kind), position, len(shape)))
        stride *= shape[position]
    return tuple(parts[1:] or parts)


def _carry(frame: Frame, carried: Callable, shape) -> Frame:
    numbers = {placeholder: carried(values) for placeholder, values in frame.numbers.items()}
    return replace(frame, shape=tuple(shape), numbers=numbers, rows=tuple(map(carried, frame.rows)))


def _bind(frame: Frame, group, members: np.ndarray, position: int) -> Frame:
    """Give the placeholders of a sum the numbers of its members, along one axis."""
    numbers = {id(one): along(members[:, one._index or 0], position, frame.dimensions) for one in group}
    return replace(frame, numbers=frame.numbers | numbers, sums=(*frame.sums, frozenset(map(id, group))))


def _wherever_it_varies(function: Callable) -> Callable:
    """Leave one number for all cells as it is."""
    return lambda values: function(values) if np.ndim(values) else values


def _joining(shape: tuple[int, ...], varying: list[int]) -> Callable:
    """The function that joins several axes into one, the first; where there is only one it changes nothing."""
    if len(varying) < 2:
        return lambda values: values
    others = [axis for axis in range(len(shape)) if axis not in varying]

    def join(values):
        moved = values.transpose(varying + others)
        rest = moved.shape[len(varying):]
        if all(size == 1 for size in moved.shape[: len(varying)]):
            return moved.reshape(1, *rest)
        together = [shape[axis] for axis in varying]
        return np.broadcast_to(moved, (*together, *rest)).reshape(int(np.prod(together)), *rest)

    return join


def _place_in_run(counts: np.ndarray) -> np.ndarray:
    """0, 1, .. counts[0]-1, 0, 1, .. counts[1]-1, ..."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
