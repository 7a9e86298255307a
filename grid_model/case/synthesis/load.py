"""Load: MW of each zone, from published energy, day shapes, calendar, weather and peak.

symbol  meaning                                                                        unit
k       level, a straight line between the middles of months                           MW
D       day factor: Saturday, Sunday, holiday, Spring Festival                         1
W       weather factor exp(spread x noise), slow over days, alike in neighbours        1
h       hour factor of region, season and working or resting day, mean 1 over a day    1
r       relief of the highest hours: load over its 95 % quantile is stretched by r     1

load = k D W h, then q + r (load - q) where load exceeds its quantile q

Levels are solved so that every published period (January and February are published together) has its energy; r so
that the highest hour of the year is the zone's peak. Energy and peak are those of 2024 in every year: growth belongs to
the scenario.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.synthesis.calendar import HOLIDAY, SATURDAY, SUNDAY, WORKDAY, CalendarYear
from grid_model.case.synthesis.facts import FESTIVAL_DAYS, SEASONS, Facts
from grid_model.case.synthesis.monthly_lines import MonthlyLines
from grid_model.case.synthesis.noise import Weather, correlated_noise, distances

STREAM_LOAD = 3
HIGH_QUANTILE = 0.95
SMALLEST_STRETCH, LARGEST_STRETCH = 0.2, 2.5
PEAK_ITERATIONS = 4
MIDNIGHT_HOURS = 6
FEBRUARY_TOWARDS_MARCH = 0.1
MIDDLE_DAYS_OF_SEASONS = np.array([15, 105, 196, 288])


def load_profiles(facts: Facts, weather: Weather) -> dict[str, np.ndarray]:
    """Load of each zone [MW], shape (zones, hours)."""
    calendar = weather.calendar
    lines = MonthlyLines(calendar)
    pattern = regular_pattern(facts, calendar) * _weather_factor(facts, weather)
    load = with_published_energy(pattern, facts.consumption_mwh, lines)
    peak = facts.load[["peak_mw"]].to_numpy()
    for _ in range(PEAK_ITERATIONS):
        load = with_published_energy(_with_peak(load, peak), facts.consumption_mwh, lines)
    return {"load.base": load}


def regular_pattern(facts: Facts, calendar: CalendarYear) -> np.ndarray:
    """D h: what calendar and clock alone make of a level of 1, shape (zones, hours)."""
    return _smooth(_day_factor(facts, calendar)) * _hour_factor(facts, calendar)


def with_published_energy(pattern: np.ndarray, energy: np.ndarray, lines: MonthlyLines) -> np.ndarray:
    """pattern x level such that January and February together and each later month have their energy [MWh].

    How the first two months share theirs is not published for 2024: the level of February lies a tenth of the way from
    January to March, which comes nearest to the months published for 2018, 2019, 2021 and 2022.
    """
    by_knot = lines.monthly_sums_by_knot(pattern)
    february = np.zeros((len(pattern), 1, 12))
    february[:, 0, :3] = 1 - FEBRUARY_TOWARDS_MARCH, -1, FEBRUARY_TOWARDS_MARCH
    equations = np.concatenate([by_knot[:, :1] + by_knot[:, 1:2], by_knot[:, 2:], february], axis=1)
    known = np.concatenate([energy, np.zeros((len(pattern), 1))], axis=1)
    return pattern * lines.hourly(np.linalg.solve(equations, known[..., None])[..., 0])


def _with_peak(load: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Load whose hours above the quantile are stretched or pressed so that the highest is the peak."""
    high = np.quantile(load, HIGH_QUANTILE, axis=1, keepdims=True)
    stretch = (peak - high) / (load.max(axis=1, keepdims=True) - high)
    stretch = np.clip(stretch, SMALLEST_STRETCH, LARGEST_STRETCH)
    return np.where(load > high, high + stretch * (load - high), load)


def _day_factor(facts: Facts, calendar: CalendarYear) -> np.ndarray:
    """Factor of each day by its kind and by its distance from Spring Festival, shape (zones, days).

    The course of the festival was taken from whole days, so that weekends and holidays do not count again in it.
    """
    table = facts.load
    factors = np.ones((len(table), 4))
    for kind, column in ((SATURDAY, "saturday"), (SUNDAY, "sunday"), (HOLIDAY, "holiday")):
        factors[:, kind] = table[column]
    course = np.interp(calendar.days_from_spring_festival, FESTIVAL_DAYS, facts.festival_shape, left=0, right=0)
    kind_counts = 1 - np.minimum(1, course / course.max())
    by_kind = 1 + (factors[:, calendar.day_kind] - 1) * kind_counts
    return by_kind * (1 - table[["spring_festival_drop"]].to_numpy() * course)


def _smooth(daily: np.ndarray) -> np.ndarray:
    """Hours from days, passing from one day to the next over the hours around midnight."""
    hourly = np.repeat(daily, 24, axis=1)
    half = MIDNIGHT_HOURS // 2
    padded = np.pad(hourly, ((0, 0), (half, half - 1)), mode="edge")
    summed = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    return (summed[:, MIDNIGHT_HOURS:] - summed[:, :-MIDNIGHT_HOURS]) / MIDNIGHT_HOURS


def _hour_factor(facts: Facts, calendar: CalendarYear) -> np.ndarray:
    """Hour factor (zones, hours): from the middle of one season to that of the next in a straight line."""
    days = len(calendar.days)
    middles = np.concatenate(
        [[MIDDLE_DAYS_OF_SEASONS[-1] - days], MIDDLE_DAYS_OF_SEASONS, [MIDDLE_DAYS_OF_SEASONS[0] + days]]
    )
    position = np.interp(np.arange(days), middles, np.arange(-1, len(SEASONS) + 1))
    before = np.floor(position).astype(int)
    weight = (position - before)[:, None]
    resting = (calendar.day_kind != WORKDAY).astype(int)
    shapes = facts.day_shapes
    earlier = shapes[:, before % len(SEASONS), resting]
    later = shapes[:, (before + 1) % len(SEASONS), resting]
    return (earlier + (later - earlier) * weight).reshape(len(shapes), -1)


def _weather_factor(facts: Facts, weather: Weather) -> np.ndarray:
    """Load that rises and falls with the weather over days, alike in neighbouring zones, shape (zones, hours)."""
    process, centre = facts.process, facts.land_centres
    apart = distances(centre["latitude"].to_numpy(), centre["longitude"].to_numpy())
    noise = correlated_noise(
        weather,
        STREAM_LOAD,
        np.exp(-apart / process["load_correlation_length"]),
        (process["load_memory_slow"], process["load_memory_fast"]),
    )
    return np.exp(facts.load[["weather_spread"]].to_numpy() * noise)
