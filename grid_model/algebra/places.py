"""Places: which entry of its row each cell of a frame is, so that entries can be written without sorting.

The row of a cell is a sum of one number per axis (`Frame.rows`). Along an axis several positions may share their
number, as the units of one zone do; they are counted 0, 1, .. and the cells of a row are then counted by all axes
together, like the digits of a number. This holds as long as different numbers make different rows, which the gaps
between them show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.algebra.frames import Frame, along


@dataclass(frozen=True)
class Places:
    """
    rows       row of each cell; arrays over the frame to be added up
    place      which of its row's entries each cell is, 0, 1, ..; an array over the frame
    row, size  each row that has cells, once, and how many; arrays that broadcast together
    """

    rows: tuple[np.ndarray, ...]
    place: np.ndarray
    row: np.ndarray
    size: np.ndarray


def places_of(frame: Frame) -> Places | None:
    """Places of a frame's cells; None where rows are no such sum."""
    numbers = _by_axis(frame)
    if numbers is None or not _make_different_rows(numbers):
        return None
    place, row, size = (np.full((1,) * len(numbers), value, np.int64) for value in (0, 0, 1))
    for axis, values in enumerate(numbers):
        digit = _Digit.of(values)
        row = row + along(values[digit.place == 0], axis, len(numbers))
        if digit.shared:
            place = place * along(digit.size, axis, len(numbers)) + along(digit.place, axis, len(numbers))
            size = size * along(digit.size[digit.place == 0], axis, len(numbers))
    return Places(frame.rows, place, row, size)


@dataclass(frozen=True)
class _Digit:
    """Along one axis: how many positions share a position's number, and which of them it is; one where none does."""

    place: np.ndarray
    size: np.ndarray

    @property
    def shared(self) -> bool:
        return bool(np.any(self.size > 1))

    @classmethod
    def of(cls, values: np.ndarray) -> _Digit:
        order = np.argsort(values, kind="stable")
        begins = np.diff(values[order], prepend=values[order[:1]] - 1) != 0
        run = np.cumsum(begins) - 1
        length = np.bincount(run)
        place, size = np.empty_like(order), np.empty_like(order)
        place[order] = np.arange(len(order)) - np.flatnonzero(begins)[run]
        size[order] = length[run]
        return cls(place, size)


def _by_axis(frame: Frame) -> list[np.ndarray] | None:
    """The number that each position of each axis adds to the row; None where one varies along several axes."""
    numbers = [np.zeros(size, np.int64) for size in frame.shape]
    for part in frame.rows:
        varying = [axis for axis, size in enumerate(part.shape) if size > 1]
        if len(varying) > 1:
            return None
        if varying:
            numbers[varying[0]] = numbers[varying[0]] + part.reshape(-1)
        elif np.any(part):
            numbers[0] = numbers[0] + part.reshape(-1)
    return numbers


def _make_different_rows(numbers: list[np.ndarray]) -> bool:
    """Whether different numbers along the axes add up to different rows: each gap exceeds all that lies below."""
    different = [values for values in map(np.unique, numbers) if len(values) > 1]
    reach = 0
    for values in sorted(different, key=lambda values: np.diff(values).min()):
        if np.diff(values).min() <= reach:
            return False
        reach += values[-1] - values[0]
    return True
