"""Storage at the end of 2024: pumped hydro by zone, new energy storage by zone, place and technology.

new energy storage of a region   share of the region in mid-2024 x national power at the end of 2024
of a zone                        as published; else shared by wind and solar capacity within what is published about it
duration                         as published; else what is left of the national energy over what is left of the power
place                            national shares of independent, generation-side and other (taken as user-side) storage
technology                       stations that are known by name; all else lithium-ion
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from facts import by_zone, constant, fact_table, fill_up, zones
from hydro import pumped_capacity

PLACES = {"independent": ("dispatch", "storage_share_independent"), "generation_side": ("self_use", "storage_share_generation_side"),
          "user_side": ("self_use", "storage_share_user_side")}
FLYWHEEL_HOURS = 0.25


def pumped_storage() -> pd.DataFrame:
    power = pumped_capacity()
    table = pd.DataFrame({"storage": zones().index + " pumped_hydro", "zone": zones().index, "technology": "pumped_hydro",
                          "power_mw": power.round(1), "energy_mwh": (power * constant("pumped_hydro_hours")).round(0),
                          "place": "independent", "call": "dispatch",
                          "source": fact_table("pumped_hydro").set_index("zone")["source"].reindex(power.index)})
    opened = fact_table("pumped_hydro").set_index("zone")["opened_2024_mw"].reindex(power.index).notna()
    table["source"] += opened.map({True: "; of those that opened in 2024 as much as reaches 58.69 GW (NEA)", False: ""}) + \
        "; energy: 6 h (NEA plan 2021-2035)"
    return table[table["power_mw"] > 0]


def new_energy_storage() -> pd.DataFrame:
    """Power and energy by zone."""
    known = fact_table("new_energy_storage").set_index("zone")
    weight = by_zone("wind") + by_zone("solar")
    least = known["power_mw"].fillna(known["least_mw"]).reindex(zones().index).fillna(0.0)
    least = np.maximum(least, named_stations().groupby("zone")["power_mw"].sum().reindex(least.index).fillna(0.0))
    most = known["power_mw"].fillna(known["most_mw"]).reindex(zones().index).fillna(2000.0)
    areas = zones()["region"].replace({"Southwest": "Central"}).str.lower()
    areas["Tibet"] = "northwest"
    power = pd.concat([_power_of_area(area, members, weight, least, most) for area, members in areas.groupby(areas)])
    power = power.reindex(zones().index)
    hours = (constant("new_energy_storage_energy_national") - known["energy_mwh"].sum()) / \
        (constant("new_energy_storage_power_national") - known.loc[known["energy_mwh"].notna(), "power_mw"].sum())
    energy = known["energy_mwh"].reindex(power.index).fillna(power * hours)
    rule = "share of the region (NEA 2024-07-31) of 73.76 GW, by wind and solar capacity"
    source = known["source"].reindex(power.index)
    source = source.where(known["power_mw"].reindex(power.index).notna(), source.fillna("not above 2000 MW (NEA press conference 2025-01-23)") + "; " + rule)
    return pd.DataFrame({"power_mw": power, "energy_mwh": energy, "source": source})


def _power_of_area(area: str, members: pd.Series, weight: pd.Series, least: pd.Series, most: pd.Series) -> pd.Series:
    total = constant(f"storage_share_{area}") * constant("new_energy_storage_power_national")
    names = members.index
    return fill_up(total, weight[names], least[names], most[names])


def named_stations() -> pd.DataFrame:
    table = fact_table("storage_stations").copy()
    table["energy_mwh"] = table["energy_mwh"].fillna(table["power_mw"] * FLYWHEEL_HOURS)
    return table.assign(place="independent", call="dispatch")


def new_energy_stores() -> pd.DataFrame:
    """Per zone and place one lithium-ion store, beside the stations known by name, which are independent."""
    zone = new_energy_storage()
    named = named_stations()
    taken = named.groupby("zone")[["power_mw", "energy_mwh"]].sum().reindex(zone.index).fillna(0.0)
    parts = []
    for place, (call, share) in PLACES.items():
        less = taken if place == "independent" else 0 * taken
        part = zone[["power_mw", "energy_mwh"]] * constant(share) - less
        parts.append(part.clip(lower=0.0).assign(
            storage=part.index + f" lithium_ion {place}", zone=part.index, technology="lithium_ion", place=place, call=call,
            host=part.index + " solar_utility" if place == "generation_side" else "",
            source=zone["source"] + f"; {place}: {100 * constant(share):.1f} % (NEA press conference 2024-07-31)"))
    table = _exact(pd.concat([named, *parts], ignore_index=True), zone)
    return table[table["power_mw"] >= 1]


def _exact(table: pd.DataFrame, zone: pd.DataFrame) -> pd.DataFrame:
    """Lithium-ion stores scaled so that each zone has its sum also where named stations exceed the independent share."""
    lithium = table["technology"] == "lithium_ion"
    for column in ("power_mw", "energy_mwh"):
        named = table[~lithium].groupby("zone")[column].sum().reindex(zone.index).fillna(0.0)
        sums = table[lithium].groupby("zone")[column].sum()
        factor = (zone[column] - named) / sums.reindex(zone.index)
        table.loc[lithium, column] *= table.loc[lithium, "zone"].map(factor)
        table[column] = table[column].round(1)
    return table


def storage() -> pd.DataFrame:
    columns = ["storage", "zone", "technology", "power_mw", "energy_mwh", "place", "host", "call", "source"]
    return pd.concat([pumped_storage(), new_energy_stores()], ignore_index=True).reindex(columns=columns)
