"""Load: MW of each zone, from published energy, day shapes, calendar and peak.

symbol  meaning                                                                     unit
k       level, a straight line between the middles of months                        MW
D       day factor: Saturday, Sunday, holiday, Spring Festival and weather          1
h       hour factor of region, season and working or resting day, mean 1 in a day   1
g       gain of the zone on the swing of the day                                    1

load = k D (1 + g (h - 1))

Levels are solved so that every month (January and February together, as published) has its published energy; the
gain so that the highest hour of the year is the zone's peak. Energy and peak are those of 2024 in every year: growth
belongs to the scenario.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.synthesis.calendar import HOLIDAY, SATURDAY, SUNDAY, WORKDAY, CalendarYear, monthly_knots
from grid_model.case.synthesis.facts import FESTIVAL_DAYS, SEASONS, Facts
from grid_model.case.synthesis.noise import Weather, correlated_noise, distances

STREAM_LOAD = 3
GAIN_ITERATIONS = 12
LARGEST_GAIN = 3.0
MIDNIGHT_HOURS = 6


def load_profiles(facts: Facts, weather: Weather) -> dict[str, np.ndarray]:
    """Load of each zone [MW], shape (zones, hours)."""
    calendar = weather.calendar
    day = _smooth(_day_factor(facts, calendar)) * _weather_factor(facts, weather)
    swing = _hour_factor(facts, calendar) - 1
    peak = facts.load["peak_mw"].to_numpy()
    low, high = np.zeros(len(peak)), np.full(len(peak), LARGEST_GAIN)
    for _ in range(GAIN_ITERATIONS):
        gain = (low + high) / 2
        load = _with_published_energy(facts, calendar, day * np.maximum(0.05, 1 + gain[:, None] * swing))
        over = load.max(axis=1) > peak
        low, high = np.where(over, low, gain), np.where(over, gain, high)
    return {"load.base": load}


def _day_factor(facts: Facts, calendar: CalendarYear) -> np.ndarray:
    """Factor of each day by its kind and by its distance from Spring Festival, shape (zones, days)."""
    table = facts.load
    factors = np.ones((len(table), 4))
    for kind, column in ((SATURDAY, "saturday"), (SUNDAY, "sunday"), (HOLIDAY, "holiday")):
        factors[:, kind] = table[column]
    by_kind = factors[:, calendar.day_kind]
    depth = np.interp(calendar.days_from_spring_festival, FESTIVAL_DAYS, facts.festival_shape, left=0, right=0)
    festival = 1 - table[["spring_festival_drop"]].to_numpy() * depth
    return np.where(depth > 0, np.minimum(festival, 1), 1) * np.where(depth > 0.3, np.ones_like(by_kind), by_kind)


def _smooth(daily: np.ndarray) -> np.ndarray:
    """Hours from days, passing from one day to the next over the hours around midnight."""
    hourly = np.repeat(daily, 24, axis=1)
    half = MIDNIGHT_HOURS // 2
    padded = np.pad(hourly, ((0, 0), (half, half - 1)), mode="edge")
    summed = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    return (summed[:, MIDNIGHT_HOURS:] - summed[:, :-MIDNIGHT_HOURS]) / MIDNIGHT_HOURS


def _weather_factor(facts: Facts, weather: Weather) -> np.ndarray:
    """Load that rises and falls with the weather over days, alike in neighbouring zones, shape (zones, hours)."""
    process, centre = facts.process, facts.land_centres
    apart = distances(centre["latitude"].to_numpy(), centre["longitude"].to_numpy())
    noise = correlated_noise(
        weather, STREAM_LOAD, np.exp(-apart / process["load_correlation_length"]),
        (process["load_memory_slow"], process["load_memory_fast"]),
    )
    return np.exp(facts.load[["weather_spread"]].to_numpy() * noise)


def _hour_factor(facts: Facts, calendar: CalendarYear) -> np.ndarray:
    """Hour factor (zones, hours): seasons follow one another in straight lines between their middles."""
    days = calendar.days.dayofyear.to_numpy() - 1
    middles = np.array([15, 105, 196, 288])
    position = np.interp(days, [*(middles - 0.0), middles[0] + len(days)], range(5), period=None)
    position = np.where(days < middles[0], 3 + (days + len(days) - middles[3]) / (middles[0] + len(days) - middles[3]),
                        position)
    season = np.minimum(position.astype(int), 3)
    weight = (position - season)[:, None]
    resting = (calendar.day_kind != WORKDAY).astype(int)
    shapes = facts.day_shapes
    following = (season + 1) % len(SEASONS)
    hourly = (1 - weight) * shapes[:, season, resting] + weight * shapes[:, following, resting]
    return hourly.reshape(len(shapes), -1)


def _with_published_energy(facts: Facts, calendar: CalendarYear, pattern: np.ndarray) -> np.ndarray:
    """pattern x level, the levels such that each published period has its energy [MW]."""
    left, right, weight = monthly_knots(calendar)
    starts = calendar.month_starts[:-1]
    from_right = pattern * weight
    energy = np.zeros((len(pattern), 12, 12))
    middle = np.ceil((calendar.month_starts[:-1] + calendar.month_starts[1:]) / 2 - 0.5).astype(int)
    halves = np.ravel(np.column_stack([starts, middle]))
    right_part = np.add.reduceat(from_right, halves, axis=1)
    left_part = np.add.reduceat(pattern, halves, axis=1) - right_part
    for segment, hour in enumerate(halves):
        energy[:, segment // 2, left[hour]] += left_part[:, segment]
        energy[:, segment // 2, right[hour]] += right_part[:, segment]
    equations = np.concatenate([energy[:, :1] + energy[:, 1:2], energy[:, 2:]], axis=1)
    alike = np.zeros((len(pattern), 1, 12))
    alike[:, 0, 0], alike[:, 0, 1] = 1, -1
    published = np.concatenate([facts.consumption_mwh, np.zeros((len(pattern), 1))], axis=1)
    level = np.linalg.solve(np.concatenate([equations, alike], axis=1), published[..., None])[..., 0]
    return pattern * (level[:, left] + (level[:, right] - level[:, left]) * weight)
