"""Heating season: the least output of plant that delivers heat.

A zone's season runs from heating_start to heating_end (month-day, both days in it); it may cross new year. A step is in
the season when the day it starts in is. A zone without the two days has no season.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.tables import number

COLUMNS = [
    number("heating_floor_fraction", unit="1", minimum=0, maximum=1, default=0, by_technology=True,
           meaning="least output for heat as part of capacity, in the zone's heating season; cut to what is available"),
]


def heating_floor(case, table: pd.DataFrame) -> np.ndarray:
    """Least output for heat as part of capacity, shape (generators, steps)."""
    season = pd.Series(list(in_season(case)), index=case.tables["zones"]["zone"].to_numpy(object))
    heating = np.stack(season.loc[table["zone"].to_numpy(object)].to_list())
    return table["heating_floor_fraction"].to_numpy(float)[:, None] * heating


def in_season(case) -> np.ndarray:
    """Whether each step is in each zone's heating season, shape (zones, steps)."""
    zones = case.tables["zones"]
    first, last = _day_number(zones["heating_start"])[:, None], _day_number(zones["heating_end"])[:, None]
    day = (case.time.month * 100 + case.time.day).to_numpy()
    crosses_new_year = first > last
    return np.where(crosses_new_year, (day >= first) | (day <= last), (day >= first) & (day <= last))


def _day_number(days: pd.Series) -> np.ndarray:
    """11-15 as 1115; NaN, which no day is before or after, where it is empty."""
    return pd.to_numeric(days.str.replace("-", "", regex=False).where(days != "")).to_numpy(float)
