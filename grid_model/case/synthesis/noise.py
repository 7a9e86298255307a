"""Correlated noise: standard normal series at many points, alike where points are near, remembered from hour to hour.

symbol  meaning                                       unit
d       distance between two points                   km
L       correlation length: corr = exp(-d / L)        km
tau     memory of each of two decays in series        hours
phi     exp(-1 / tau), one hour's decay

x[t] = phi1 x[t-1] + y[t],  y[t] = phi2 y[t-1] + C e[t]   with C C' the correlation of the points and e white noise

The white noise of a month depends on (seed, stream, year, month) alone, and a year is begun in the December before
it: so a month is the same whatever horizon asks for it, and one year runs on into the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from grid_model.case.synthesis.calendar import CalendarYear

EARTH_RADIUS_KM = 6371.0
LONGEST_MONTH = 31 * 24


@dataclass(frozen=True)
class Weather:
    """Which noise to draw. `source` is the year whose weather is lived through, `before` the one that led into it."""

    seed: int
    calendar: CalendarYear
    source: int
    before: int


def distances(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Great-circle distance between all pairs of points [km]; degrees in."""
    latitude, longitude = np.radians(latitude), np.radians(longitude)
    haversine = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(haversine, 1)))


def correlated_noise(weather: Weather, stream: int, correlation: np.ndarray, memory_hours) -> np.ndarray:
    """Standard normal noise of the calendar year, shape (points, hours).

    `stream` keeps the noises of wind, sun and load apart; `correlation` (points, points) is positive definite;
    `memory_hours` are the two decays of all points, or of each point in a row of its own.
    """
    blocks = [_white_noise(weather.seed, stream, weather.before, 12, len(correlation), LONGEST_MONTH)]
    lengths = np.diff(weather.calendar.month_starts)
    blocks += [
        _white_noise(weather.seed, stream, weather.source, month, len(correlation), hours)
        for month, hours in enumerate(lengths, start=1)
    ]
    mixed = np.linalg.cholesky(correlation) @ np.concatenate(blocks, axis=1)
    memory = np.broadcast_to(memory_hours, (len(correlation), 2))
    series = np.empty_like(mixed)
    for decays in np.unique(memory, axis=0):
        alike = (memory == decays).all(axis=1)
        series[alike] = _remembered(mixed[alike], *np.exp(-1 / decays))
    return series[:, LONGEST_MONTH:]


def _remembered(white: np.ndarray, first: float, second: float) -> np.ndarray:
    """White noise through both decays, with variance 1 once it is under way."""
    product = first * second
    variance = (1 + product) / ((1 - product) * (1 - first**2) * (1 - second**2))
    return lfilter([variance**-0.5], [1, -(first + second), product], white, axis=1)


def _white_noise(seed: int, stream: int, year: int, month: int, points: int, hours: int) -> np.ndarray:
    """White noise of one month, shape (points, hours); a shorter February begins as a longer one does."""
    generator = np.random.default_rng([seed, stream, year, month])
    return generator.standard_normal((LONGEST_MONTH, points))[:hours].T
