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

PLACES = {
    "independent": ("dispatch", "storage_share_independent"),
    "generation_side": ("self_use", "storage_share_generation_side"),
    "user_side": ("self_use", "storage_share_user_side"),
}
FLYWHEEL_HOURS = 0.25


def pumped_storage() -> pd.DataFrame:
    power = pumped_capacity()
    table = pd.DataFrame(
        {
            "storage": zones().index + " pumped_hydro",
            "zone": zones().index,
            "technology": "pumped_hydro",
            "power_mw": power.round(1),
            "energy_mwh": (power * constant("pumped_hydro_hours")).round(0),
            "place": "independent",
            "call": "dispatch",
            "source": fact_table("pumped_hydro").set_index("zone")["source"].reindex(power.index),
        }
    )
    opened = fact_table("pumped_hydro").set_index("zone")["opened_2024_mw"].reindex(power.index).notna()
    table["source"] += (
        opened.map({True: "; of those that opened in 2024 as much as reaches 58.69 GW (NEA)", False: ""})
        + "; energy: 6 h (NEA plan 2021-2035)"
    )
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
    energy = known["energy_mwh"].reindex(power.index)
    energy = energy.fillna(
        _unpublished_energy(power[energy.isna()], constant("new_energy_storage_energy_national") - energy.sum())
    )
    rule = "share of the region (NEA 2024-07-31) of 73.76 GW, by wind and solar capacity"
    source = known["source"].reindex(power.index)
    source = source.where(
        known["power_mw"].reindex(power.index).notna(),
        source.fillna("not above 2000 MW (NEA press conference 2025-01-23)") + "; " + rule,
    )
    return pd.DataFrame({"power_mw": power, "energy_mwh": energy, "source": source})


def _unpublished_energy(power: pd.Series, total: float) -> pd.Series:
    """Stations known by name with their own energy, all else at one duration that makes up the total."""
    named = named_stations()
    named = (
        named[named["zone"].isin(power.index)]
        .groupby("zone")[["power_mw", "energy_mwh"]]
        .sum()
        .reindex(power.index)
        .fillna(0.0)
    )
    other = power - named["power_mw"]
    return named["energy_mwh"] + other * (total - named["energy_mwh"].sum()) / other.sum()


def _power_of_area(area: str, members: pd.Series, weight: pd.Series, least: pd.Series, most: pd.Series) -> pd.Series:
    total = constant(f"storage_share_{area}") * constant("new_energy_storage_power_national")
    names = members.index
    return fill_up(total, weight[names], least[names], most[names])


def named_stations() -> pd.DataFrame:
    table = fact_table("storage_stations").copy()
    table["energy_mwh"] = table["energy_mwh"].fillna(table["power_mw"] * FLYWHEEL_HOURS)
    return table.assign(place="independent", call="dispatch")


def new_energy_stores() -> pd.DataFrame:
    """The stations known by name, which are independent, and per zone and place one lithium-ion store for all else."""
    zone, named = new_energy_storage(), named_stations()
    shares = pd.DataFrame({place: zone["power_mw"] * constant(share) for place, (_, share) in PLACES.items()})
    shares["independent"] -= named.groupby("zone")["power_mw"].sum().reindex(zone.index).fillna(0.0)
    shares = shares.clip(lower=0.0).div(shares.clip(lower=0.0).sum(axis=1), axis=0)
    left = zone[["power_mw", "energy_mwh"]] - named.groupby("zone")[["power_mw", "energy_mwh"]].sum().reindex(
        zone.index
    ).fillna(0.0)
    parts = [
        left.mul(shares[place], axis=0)
        .round(1)
        .assign(
            storage=zone.index + f" lithium_ion {place}",
            zone=zone.index,
            technology="lithium_ion",
            place=place,
            call=call,
            host=zone.index + " solar_utility" if place == "generation_side" else "",
            source=zone["source"] + f"; {place}: {100 * constant(share):.1f} % (NEA press conference 2024-07-31)",
        )
        for place, (call, share) in PLACES.items()
    ]
    table = pd.concat([named, *parts], ignore_index=True)
    return table[table["power_mw"] >= 1]


def storage() -> pd.DataFrame:
    columns = [
        "storage",
        "zone",
        "technology",
        "power_mw",
        "energy_mwh",
        "place",
        "host",
        "call",
        "min_cycles_per_day",
        "source",
    ]  # cycles: for scenarios to set
    return pd.concat([pumped_storage(), new_energy_stores()], ignore_index=True).reindex(columns=columns)
