"""How much wind and sun yielded in 2024, over the mean years that the profiles are made from.

potential   published hours / published utilisation rate, both from January to November: what could have been taken
factor      potential / hours that the mean year's capacity factors give in the same months; on land and at sea alike, as
            published hours of wind count both
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import HERE, fact_table, zones
from renewables import wind_capacity

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
HOURS = 24 * np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
SERIES = {"wind": ["wind_onshore", "wind_offshore"], "solar": ["solar_utility"]}


def mean_year_hours(series: str, months: int) -> pd.Series:
    """Hours that a mean year gives in the first months, by zone; 0 where the series has none."""
    table = pd.read_csv(HERE / "synthesis" / "monthly_availability.csv").query("series == @series").set_index("zone")
    hours = table["capacity_factor"] * (table[MONTHS].to_numpy()[:, :months] @ HOURS[:months])
    return hours.reindex(zones().index).fillna(0.0)


def yearly_availability() -> pd.DataFrame:
    parts = []
    for technology, members in SERIES.items():
        facts = fact_table("yields").query("technology == @technology").set_index("zone").reindex(zones().index)
        potential = facts["hours"] / facts["utilisation_rate"]
        months = int(facts["months"].iloc[0])
        weights = (
            dict(zip(members, wind_capacity())) if technology == "wind" else {members[0]: pd.Series(1.0, zones().index)}
        )
        mean_year = sum(weights[name] * mean_year_hours(name, months) for name in members) / sum(weights.values())
        factor = potential / mean_year
        parts += [
            pd.DataFrame(
                {
                    "zone": zones().index,
                    "series": name,
                    "year": facts["year"],
                    "factor": factor.round(4),
                    "source": facts["source"] + "; over the hours of monthly_availability.csv",
                }
            )[(mean_year_hours(name, months) > 0).to_numpy()]
            for name in members
        ]
    return pd.concat(parts, ignore_index=True)
