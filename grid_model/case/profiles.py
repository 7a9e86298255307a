"""Hourly profiles made by the project: load and availability of every zone, for any calendar and weather year.

A profile is keyed `<series>.<technology or kind of load>` and has one column per zone:

key                              unit  columns
load.base                        MW    every zone
availability.wind_onshore        1     every zone
availability.wind_distributed    1     every zone
availability.wind_offshore       1     zones with a coast
availability.solar_utility       1     every zone
availability.solar_distributed   1     every zone
availability.solar_thermal       1     every zone: heat of the collectors as a fraction of their rating

A user's own folder holds the same as `<key>.parquet` or `<key>.csv`, first column `time`. How profiles are made and
how near they come to real series stands in docs/profiles.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from grid_model.case.synthesis.calendar import CalendarYear
from grid_model.case.synthesis.facts import Facts, read_facts
from grid_model.case.synthesis.load import load_profiles
from grid_model.case.synthesis.noise import Weather
from grid_model.case.synthesis.solar import solar_profiles
from grid_model.case.synthesis.wind import wind_profiles
from grid_model.errors import InputError

OFFSHORE = "availability.wind_offshore"


def synthesise(
    facts_folder: str | Path,
    time: pd.DatetimeIndex,
    seed: int = 1,
    weather_year: int | None = None,
    yields_of: int | None = None,
) -> dict[str, pd.DataFrame]:
    """Profiles at `time` (full hours, Beijing time, no time zone), keyed as above.

    Every calendar year has a weather of its own, drawn from `seed` and the year; with `weather_year` every year of the
    horizon lives through the weather of that year; with `yields_of` wind and sun yield as much as they did in that
    year, else as much as in a mean year. An hour has the same numbers whatever horizon it is asked in.
    """
    if time.tz is not None or len(time) == 0 or (time != time.floor("h")).any():
        raise InputError("synthesised profiles need a horizon of full hours in Beijing time without a time zone")
    facts = read_facts(facts_folder, yields_of)
    years = [_year_of_profiles(facts, year, seed, weather_year) for year in sorted(set(time.year))]
    return {key: pd.concat([year[key] for year in years]).reindex(time) for key in years[0]}


def _year_of_profiles(facts: Facts, year: int, seed: int, weather_year: int | None) -> dict[str, pd.DataFrame]:
    """All profiles of one whole calendar year."""
    weather = _weather(year, seed, weather_year)
    arrays = load_profiles(facts, weather) | wind_profiles(facts, weather) | solar_profiles(facts, weather)
    return {
        key: pd.DataFrame(
            np.ascontiguousarray(values.T),
            index=weather.calendar.time,
            columns=facts.coastal_zones if key == OFFSHORE else facts.zones,
        )
        for key, values in arrays.items()
    }


def _weather(year: int, seed: int, weather_year: int | None) -> Weather:
    """The weather of a calendar year; one weather year follows upon itself, so that years still join."""
    if weather_year is None:
        return Weather(seed, CalendarYear(year), source=year, before=year - 1)
    return Weather(seed, CalendarYear(year), source=weather_year, before=weather_year)
