"""What provinces traded in 2023, as energy contracted on each corridor by month: the year before stands for contracts.

Most energy between provinces is sold ahead, by plans of governments and yearly contracts that carry on from year to
year; the interprovincial spot market adds a few per cent. Volumes by corridor are not published, those of provinces
follow from statistics: what a province consumed and did not generate came in.

net import    consumption - thermal - hydro - nuclear - (hours x mean capacity) of wind and of solar, quarter by quarter;
              the national remainder (trade with other countries, rounding) is taken off in proportion to consumption
contract      flows along the corridors that make these net imports with the least length x flow^2 / capacity, which is
              how losses grow (in SEGMENTS pieces), each at most `corridor_use` of its capacity; even over the hours of
              the quarter; before losses
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from facts import constant, fact_table, zones
from network import lines
from scipy.optimize import linprog

MONTH_HOURS = 24 * np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])  # of a year without a leap day
QUARTERS = [1, 2, 3, 4]
QUARTER_HOURS = MONTH_HOURS.reshape(4, 3).sum(axis=1)
SEGMENTS = 20
MISSING_COST = 1e5  # per energy that no corridor can bring, in km


def net_imports() -> pd.DataFrame:
    """Net import of each zone [GWh], zone x quarter; columns sum to zero."""
    table = fact_table("balance_2023")
    own = table[["thermal_gwh", "hydro_gwh", "nuclear_gwh"]].sum(axis=1)
    own += (table["wind_hours"] * table["wind_mw"] + table["solar_hours"] * table["solar_mw"]) / 1000
    wide = table.assign(net=table["consumption_gwh"] - own).pivot(index="zone", columns="quarter")
    share = wide["consumption_gwh"] / wide["consumption_gwh"].sum()
    return (wide["net"] - share * wide["net"].sum()).reindex(zones().index)


def corridor_flows(net: pd.Series, hours: float) -> np.ndarray:
    """Net flow of each corridor [GWh] that makes these net imports with the least length x energy x use."""
    table, count = lines(), len(lines())
    most = table[["capacity_mw", "reverse_capacity_mw"]].to_numpy(float).T * hours * constant("corridor_use") / 1000
    places = {zone: at for at, zone in enumerate(net.index)}
    arriving = np.zeros((len(net), count))
    arriving[table["to_zone"].map(places), np.arange(count)] = 1
    arriving[table["from_zone"].map(places), np.arange(count)] -= 1
    steps = np.concatenate(
        [np.tile(arriving, SEGMENTS), -np.tile(arriving, SEGMENTS), np.eye(len(net)), -np.eye(len(net))], axis=1
    )
    slope = np.outer(
        2 * np.arange(SEGMENTS) + 1, table["length_km"].to_numpy(float) / SEGMENTS
    ).ravel()  # of use^2 in pieces
    bounds = [(0, width) for way in most for width in np.tile(way / SEGMENTS, SEGMENTS)]
    answer = linprog(
        np.concatenate([slope, slope, np.full(2 * len(net), MISSING_COST)]),
        A_eq=steps,
        b_eq=net.to_numpy(),
        bounds=bounds + [(0, None)] * (2 * len(net)),
        method="highs-ds",
    )
    flows = answer.x[: 2 * SEGMENTS * count].reshape(2, SEGMENTS, count).sum(axis=1)
    return flows[0] - flows[1]


@cache
def contracts() -> pd.DataFrame:
    """Energy contracted on each corridor by month [MWh], negative where it is against the direction of the line."""
    net = net_imports()
    flows = np.stack([corridor_flows(net[quarter], hours) for quarter, hours in zip(QUARTERS, QUARTER_HOURS)], axis=1)
    monthly = np.repeat(flows / QUARTER_HOURS, 3, axis=1) * MONTH_HOURS
    table = pd.DataFrame(1000 * monthly, index=lines()["line"], columns=range(1, 13)).round(-2) + 0.0
    table = table[(table != 0).any(axis=1) | (lines().set_index("line")["capacity_mw"] > 0)]
    table = table.rename_axis("line").reset_index().melt("line", var_name="month", value_name="energy_mwh")
    order = {line: place for place, line in enumerate(lines()["line"])}
    table = table.sort_values(
        ["line", "month"], key=lambda column: column.map(order) if column.name == "line" else column
    )
    return table.assign(
        source="net imports of provinces in 2023 (NBS/CEC monthly statistics via CREA china_co2), along the "
        "corridors by least length x flow^2 / capacity"
    )
