"""Quantities that run in straight lines between the middles of the months, December being joined to January.

With value k[m] in the middle of month m, an hour between two middles has (1 - w) k[left] + w k[right].
"""

from __future__ import annotations

import numpy as np

from grid_model.case.synthesis.calendar import CalendarYear


class MonthlyLines:
    """The lines of one calendar year."""

    def __init__(self, calendar: CalendarYear):
        starts = calendar.month_starts
        hours = starts[-1]
        middle = (starts[:-1] + starts[1:]) / 2
        moment = np.arange(hours) + 0.5
        following = np.searchsorted(middle, moment)
        before = np.concatenate([[middle[-1] - hours], middle])[following]
        after = np.concatenate([middle, [middle[0] + hours]])[following]
        self.month_starts, self.month_hours = starts[:-1], np.diff(starts)
        self.left, self.right = (following - 1) % 12, following % 12
        self.weight = (moment - before) / (after - before)
        self.half_months = np.ravel(np.column_stack([starts[:-1], np.ceil(middle - 0.5).astype(int)]))

    def hourly(self, knots: np.ndarray) -> np.ndarray:
        """Values of all hours, shape (zones, hours), from the twelve of each zone."""
        left = knots[:, self.left]
        return left + (knots[:, self.right] - left) * self.weight

    def monthly_sum(self, hourly: np.ndarray) -> np.ndarray:
        """Sum of each month, shape (zones, 12)."""
        return np.add.reduceat(hourly, self.month_starts, axis=1)

    def monthly_mean(self, hourly: np.ndarray) -> np.ndarray:
        """Mean of each month, shape (zones, 12)."""
        return self.monthly_sum(hourly) / self.month_hours

    def monthly_sums_by_knot(self, hourly: np.ndarray) -> np.ndarray:
        """Matrix A with A[zone] @ knots[zone] = monthly sums of hourly x line through knots, shape (zones, 12, 12)."""
        of_right = np.add.reduceat(hourly * self.weight, self.half_months, axis=1)
        of_left = np.add.reduceat(hourly, self.half_months, axis=1) - of_right
        matrix = np.zeros((len(hourly), 12, 12))
        for half, hour in enumerate(self.half_months):
            matrix[:, half // 2, self.left[hour]] += of_left[:, half]
            matrix[:, half // 2, self.right[hour]] += of_right[:, half]
        return matrix
