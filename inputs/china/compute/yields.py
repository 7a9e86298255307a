"""How much wind and sun yielded in 2024, over the mean years that the profiles are made from.

potential   published hours / published utilisation rate, both from January to November: what could have been taken
factor      potential / hours that the mean year's capacity factors give in the same months; on land and at sea alike, as
            published hours of wind count both
distributed published generation of distributed PV over what its capacity would have given at the hours of utility PV, those
            being of plants from 6 MW: one factor for all zones, less what was not taken alike
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import HERE, constant, fact_table, zones
from in_service import variable_fleets
from renewables import solar_capacity, wind_capacity

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


def monthly_hours(series: str) -> pd.DataFrame:
    """Hours that each month of a mean year gives, by zone; 0 where the series has none."""
    table = pd.read_csv(HERE / "synthesis" / "monthly_availability.csv").query("series == @series").set_index("zone")
    return (table[MONTHS].mul(table["capacity_factor"], axis=0) * HOURS).reindex(zones().index).fillna(0.0)


def mean_year_hours(series: str, months: int) -> pd.Series:
    """Hours that a mean year gives in the first months, by zone."""
    return monthly_hours(series).iloc[:, :months].sum(axis=1)


def distributed(utility: pd.DataFrame) -> pd.DataFrame:
    """Rows of distributed PV, from those of utility PV: the same factor for all zones."""
    capacity = variable_fleets()["solar_distributed"].mul(solar_capacity()[1], axis=0).to_numpy()
    taken = fact_table("yields").query("technology == 'solar'").set_index("zone")["utilisation_rate"].reindex(zones().index)
    hours = monthly_hours("solar_utility").mul(utility.set_index("zone")["factor"] * taken, axis=0).to_numpy()
    factor = constant("solar_distributed_generation") / (capacity * hours).sum()
    source = fact_table("constants").set_index("constant").at["solar_distributed_generation", "source"]
    return utility.assign(series="solar_distributed", factor=round(factor, 4), source=f"{source}; over utility PV, see compute/yields.py")


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
    return pd.concat([*parts, distributed(parts[-1])], ignore_index=True)
