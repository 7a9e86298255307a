"""Part of the capacity at the end of 2024 that was in operation in each month of that year.

wind, solar   mean of the capacities at the ends of the month before and of the month, over that of the end of 2024; a month
              end that is not published lies on the line between its neighbours
utility       plants from 6 MW, of which some are distributed: their sum over China is brought to the published centralised
              capacity, by a factor that lies on the line between the month ends with one; before February 2024 they grew as
              all solar did
nuclear       without the units that were connected later; the month of connection counts by its days
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import constant, fact_table, zones
from thermal import nuclear_fleet

ENDS = ["2023_12"] + [f"2024_{month:02d}" for month in range(1, 13)]
SOURCE = "NEA/CEC provincial capacity by month via CREA china_co2, over the capacity at the end of 2024"


def month_ends(item: str) -> pd.DataFrame:
    """Published capacity at month ends [MW], zone x ENDS, NaN where none is published."""
    table = fact_table("capacity_monthly_2024")
    return table[table["item"] == item].set_index("zone").reindex(zones().index).reindex(columns=ENDS).astype(float)


def in_operation(ends: pd.DataFrame) -> pd.DataFrame:
    """Fraction of the last capacity, zone x month."""
    ends = ends.interpolate(axis=1, limit_area="inside").to_numpy()
    mean = (ends[:, 1:] + ends[:, :-1]) / 2
    fraction = np.divide(mean, ends[:, -1:], out=np.ones_like(mean), where=ends[:, -1:] > 0)
    return pd.DataFrame(fraction.clip(0, 1), zones().index, range(1, 13))


def variable_fleets() -> dict[str, pd.DataFrame]:
    wind, solar, utility = month_ends("wind"), month_ends("solar"), month_ends("solar_plants_from_6_mw")
    wind["2024_12"] = wind["2024_11"] * constant("wind_national") / wind["2024_11"].sum()
    utility["2024_12"] = utility["2024_11"] * constant("solar_utility_national") / utility["2024_11"].sum()
    utility["2023_12"] = utility["2024_02"] * solar["2023_12"] / solar["2024_02"]
    utility = np.minimum(utility * centralised_part(utility), solar)
    distributed = (solar - utility).clip(lower=0)
    return {
        "wind_onshore": in_operation(wind),
        "wind_offshore": in_operation(wind),
        "solar_utility": in_operation(utility),
        "solar_distributed": in_operation(distributed),
    }


def centralised_part(utility: pd.DataFrame) -> pd.Series:
    """Centralised capacity of China over plants from 6 MW, by month end."""
    known = fact_table("solar_centralised_2024").set_index("month_end")["capacity_mw"]
    return (known / utility.sum().reindex(known.index)).reindex(ENDS).interpolate()


def nuclear() -> pd.DataFrame:
    new = fact_table("nuclear_2024").set_index("zone")
    capacity = nuclear_fleet().set_index("zone")["capacity_mw"].reindex(new.index)
    start, end = (
        pd.to_datetime(new["in_service_from"]).to_numpy()[:, None],
        pd.date_range("2024-02-01", periods=12, freq="MS"),
    )
    begin = pd.date_range("2024-01-01", periods=12, freq="MS")
    before = np.clip((start - begin.to_numpy()) / (end - begin).to_numpy(), 0, 1)
    return pd.DataFrame(1 - before * (new["capacity_mw"] / capacity).to_numpy()[:, None], new.index, range(1, 13))


def in_service() -> pd.DataFrame:
    """Rows of fleets that grew."""
    parts = [
        table.rename_axis("zone")
        .reset_index()
        .melt("zone", var_name="month", value_name="fraction")
        .assign(technology=technology, source=SOURCE)
        for technology, table in variable_fleets().items()
    ]
    units = nuclear().reset_index().melt("zone", var_name="month", value_name="fraction").assign(technology="nuclear")
    units["source"] = units["zone"].map(fact_table("nuclear_2024").set_index("zone")["source"])
    table = pd.concat([*parts, units], ignore_index=True).assign(year=2024)
    table["fraction"] = table["fraction"].round(4)
    grown = table.groupby(["zone", "technology"])["fraction"].transform("min") < 1
    order = {zone: place for place, zone in enumerate(zones().index)}
    table = table[grown].sort_values(
        ["technology", "zone", "month"], key=lambda column: column.map(order) if column.name == "zone" else column
    )
    return table[["zone", "technology", "year", "month", "fraction", "source"]]
