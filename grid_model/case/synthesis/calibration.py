"""Calibration: a share between 0 and 1 of what is possible, moved so that every month yields its published energy.

symbol  meaning                                                   unit
e       envelope: the most that is possible in an hour            1
x       latent value of the hour; share = 1 / (1 + exp(-x - s))   1
s       shift, a straight line between the middles of months      1
m       target: mean of e * share over the month                  1

The shift is the same smooth movement for all hours, so the order of calm and windy hours stays as the noise made it.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.synthesis.calendar import CalendarYear, monthly_knots

ITERATIONS = 30
TOLERANCE = 1e-9
LONGEST_STEP = 2.0
LARGEST_SHARE = 0.95


def calibrated_shares(latent: np.ndarray, envelope: np.ndarray | float, target: np.ndarray, calendar: CalendarYear):
    """Hourly e * share, shape (zones, hours), whose mean in month k of zone z is target[z, k] (Newton's method).

    Where a target asks for more than LARGEST_SHARE of what a month can give, the envelope of that month is enlarged.
    """
    left, right, weight = monthly_knots(calendar)
    segments, month_of_segment = _half_months(calendar)
    hours = np.diff(calendar.month_starts)
    envelope = _sufficient(np.broadcast_to(envelope, latent.shape), target, calendar)
    knots = _first_guess(envelope, target, calendar)
    for _ in range(ITERATIONS):
        share = 1 / (1 + np.exp(-latent - knots[:, left] - (knots[:, right] - knots[:, left]) * weight))
        value = envelope * share
        missing = target - _monthly_mean(value, calendar)
        if np.abs(missing).max() < TOLERANCE:
            break
        slope = value * (1 - share)
        from_right = np.add.reduceat(slope * weight, segments, axis=1)
        from_left = np.add.reduceat(slope, segments, axis=1) - from_right
        jacobian = np.zeros((len(latent), 12, 12))
        for segment, month in enumerate(month_of_segment):
            jacobian[:, month, left[segments[segment]]] += from_left[:, segment] / hours[month]
            jacobian[:, month, right[segments[segment]]] += from_right[:, segment] / hours[month]
        step = np.linalg.solve(jacobian, missing[..., None])[..., 0]
        knots += np.clip(step, -LONGEST_STEP, LONGEST_STEP)
    return value


def _half_months(calendar: CalendarYear) -> tuple[np.ndarray, np.ndarray]:
    """First hours of the 24 half months, within each of which the two knots are the same, and their months."""
    starts = calendar.month_starts
    middle = np.ceil((starts[:-1] + starts[1:]) / 2 - 0.5).astype(int)
    return np.ravel(np.column_stack([starts[:-1], middle])), np.repeat(np.arange(12), 2)


def _monthly_mean(hourly, calendar):
    return np.add.reduceat(hourly, calendar.month_starts[:-1], axis=1) / np.diff(calendar.month_starts)


def _sufficient(envelope, target, calendar):
    """The envelope, enlarged in months whose target it could not yield."""
    growth = np.maximum(1, target / (LARGEST_SHARE * _monthly_mean(envelope, calendar)))
    return envelope * np.repeat(growth, np.diff(calendar.month_starts), axis=1)


def _first_guess(envelope, target, calendar):
    """Shift that would meet the target if every hour were the same."""
    share = np.clip(target / _monthly_mean(envelope, calendar), 0.01, LARGEST_SHARE)
    return np.log(share / (1 - share))
