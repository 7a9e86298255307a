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

from grid_model.case.synthesis.calendar import CalendarYear
from grid_model.case.synthesis.monthly_lines import MonthlyLines

ITERATIONS = 50
TOLERANCE = 1e-7
LONGEST_STEP = 2.0
LARGEST_SHARE = 0.95


def calibrated_shares(latent: np.ndarray, envelope: np.ndarray | float, target: np.ndarray, calendar: CalendarYear):
    """Hourly e * share, shape (zones, hours), whose mean in month k of zone z is target[z, k].

    Newton's method on the twelve shifts of each zone. Where a target asks for more than LARGEST_SHARE of what a month
    can give, the envelope of that month is enlarged.
    """
    lines = MonthlyLines(calendar)
    envelope = np.broadcast_to(envelope, latent.shape)
    growth = np.maximum(1, target / (LARGEST_SHARE * lines.monthly_mean(envelope)))
    envelope = envelope * np.repeat(growth, lines.month_hours, axis=1)
    share = np.clip(target / lines.monthly_mean(envelope), 0.01, LARGEST_SHARE)
    shift = np.log(share / (1 - share))
    for _ in range(ITERATIONS):
        share = 1 / (1 + np.exp(-latent - lines.hourly(shift)))
        value = envelope * share
        missing = target - lines.monthly_mean(value)
        if np.abs(missing).max() < TOLERANCE:
            break
        slope = lines.monthly_sums_by_knot(value * (1 - share)) / lines.month_hours[:, None]
        step = np.linalg.solve(slope, missing[..., None])[..., 0]
        shift += np.clip(step, -LONGEST_STEP, LONGEST_STEP)
    return value
