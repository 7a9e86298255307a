"""Hydropower: conventional capacity, monthly energy, large dams with their reservoirs and the water between them.

conventional   hydro of the province less pumped hydro, both at the end of 2024
monthly        hydro generation of 2024 less generation of pumped hydro; January and February parted by their days
capacity_mwh   effective storage [m3] / water use [m3/kWh] / 1000
share          part of the water that goes to the downstream dam: half where two banks follow, else all
energy_factor  energy that the downstream dam makes of the water of one MWh upstream: water use upstream over downstream,
               at most what the downstream dam generates in a mean year
inflow         of a reservoir: its mean energy less what arrives from upstream
delay_hours    great-circle distance x winding / speed
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import by_zone, constant, distance_km, fact_table, zones

DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
HOURS = 24 * DAYS
ROUNDING = 1e-3  # of a dam's energy: below it an inflow is the rounding of energy factors
PUMPED_ONLY = ["Beijing", "Jiangsu", "Shandong"]
ORDER = {zone: place for place, zone in enumerate(zones().index)}


def pumped_capacity() -> pd.Series:
    """Stations in operation, and of those that opened in the course of 2024 as much as reaches the national sum."""
    table = fact_table("pumped_hydro").set_index("zone")
    operating, opened = table["operating_mw"].fillna(0.0), table["opened_2024_mw"].fillna(0.0)
    part = (constant("pumped_hydro_national") - operating.sum()) / opened.sum()
    return (operating + part * opened).reindex(zones().index).fillna(0.0)


def conventional_capacity() -> pd.Series:
    """Tibet, whose figure is missing, has what the other provinces lack of the national sum; Tianjin and Shanghai have
    none."""
    hydro = by_zone("hydro_including_pumped")
    hydro["Tibet"] = constant("hydro_including_pumped_national") - hydro.sum()
    return (hydro - pumped_capacity()).clip(lower=0.0)


def published_energy() -> pd.DataFrame:
    """Hydro generation of 2024 with pumped hydro [MWh], zone x month."""
    table = fact_table("hydro_generation_2024").copy()
    wide = table.pivot(index="zone", columns="months", values="energy_gwh") * 1000
    early = wide.pop("01-02")
    wide.insert(0, "02", early * DAYS[1] / DAYS[:2].sum())
    wide.insert(0, "01", early * DAYS[0] / DAYS[:2].sum())
    wide.columns = range(1, 13)
    return wide.reindex(zones().index).fillna(0.0)


def pumped_hours() -> float:
    """Yearly full-load hours of pumped hydro: of the zones whose hydro is nearly all pumped."""
    return published_energy().loc[PUMPED_ONLY].sum().sum() / by_zone("hydro_including_pumped")[PUMPED_ONLY].sum()


def monthly_energy() -> pd.DataFrame:
    """Conventional hydro energy [MWh], zone x month; where hydro is nearly all pumped, the national hours of its
    capacity."""
    published, capacity = published_energy(), conventional_capacity()
    energy = published - np.outer(pumped_capacity() * pumped_hours(), HOURS / HOURS.sum())
    for zone in PUMPED_ONLY:
        energy.loc[zone] = capacity[zone] * constant("hydro_hours") * published.loc[zone] / published.loc[zone].sum()
    return np.minimum(energy.clip(lower=0.0), np.outer(capacity, HOURS))


def hydro_monthly() -> pd.DataFrame:
    """Energy of the hydro without a reservoir of its own, zone and month: all conventional hydro less the dams named
    apart."""
    rest = monthly_energy() - dam_energy()
    rest = np.minimum(rest.clip(lower=0.0), np.outer(rest_capacity(), HOURS))
    table = rest.rename_axis("zone").reset_index().melt("zone", var_name="month", value_name="energy_mwh")
    table = table.sort_values("month", kind="stable").sort_values(
        "zone", kind="stable", key=lambda names: names.map(ORDER)
    )
    table["energy_mwh"] = table["energy_mwh"].round(0)
    table["source"] = (
        "NBS hydro generation 2024 via CREA china_co2 (January and February by days), less pumped hydro at "
        f"{pumped_hours():.0f} h a year (hydro of Beijing, Jiangsu and Shandong), less the dams of reservoirs.csv"
    )
    table.loc[table["zone"].isin(["Tianjin", "Shanghai"]), "source"] = "no hydro generation published, none taken"
    return table


def dam_table() -> pd.DataFrame:
    return fact_table("dams").set_index("generator", drop=False)


def monthly_share() -> pd.DataFrame:
    """Part of the year's conventional hydro energy in each month, zone x month."""
    energy = monthly_energy()
    return energy.div(energy.sum(axis=1).where(energy.sum(axis=1) > 0), axis=0).fillna(0.0)


def dam_energy() -> pd.DataFrame:
    """Mean energy of the dams [MWh], zone x month, in the seasons of their province."""
    yearly = (
        (dam_table()["annual_energy_gwh"] * 1000).groupby(dam_table()["zone"]).sum().reindex(zones().index).fillna(0.0)
    )
    return monthly_share().mul(yearly, axis=0)


def cascade() -> pd.DataFrame:
    dams, links = dam_table(), fact_table("river_links").copy()
    above, below = dams.loc[links["upstream"]], dams.loc[links["downstream"]]
    share = 1 / links.groupby("upstream")["downstream"].transform("count")
    water = above["water_use_m3_per_kwh"].to_numpy() / below["water_use_m3_per_kwh"].to_numpy()
    arriving = (share * above["annual_energy_gwh"].to_numpy()).groupby(links["downstream"]).transform("sum")
    energy = below["annual_energy_gwh"].to_numpy() / arriving
    distance = distance_km(
        *above[["latitude", "longitude"]].to_numpy().T, *below[["latitude", "longitude"]].to_numpy().T
    )
    hours = distance * constant("river_winding") / (constant("river_speed") * 3.6)
    links.insert(2, "delay_hours", np.maximum(1, hours.round()))
    links.insert(3, "share", share)
    links.insert(4, "energy_factor", np.floor(np.minimum(water, energy) * 1e4) / 1e4)
    links["source"] += (
        "; delay: distance x 1.4 at 3 m/s; energy factor: ratio of water use per kWh, at most the ratio of mean energies"
    )
    return links


def reservoirs() -> pd.DataFrame:
    dams, links = dam_table(), cascade()
    energy = dams["annual_energy_gwh"].loc[links["upstream"]].to_numpy()
    arriving = (links["share"] * links["energy_factor"] * energy).groupby(links["downstream"]).sum()
    inflow = dams["annual_energy_gwh"] - arriving.reindex(dams.index).fillna(0.0)
    inflow = inflow.where(inflow > ROUNDING * dams["annual_energy_gwh"], 0.0)
    effective = dams["effective_storage_million_m3"]
    start = (dams["initial_storage_million_m3"] - dams["total_storage_million_m3"] + effective) / effective
    share = constant("ecological_flow_share")
    return pd.DataFrame(
        {
            "reservoir": dams.index,
            "generator": dams.index,
            "name_zh": dams["name_zh"],
            "capacity_mwh": (effective * 1e6 / dams["water_use_m3_per_kwh"] / 1000).round(0),
            "initial_fraction": start.clip(0, 1).round(3),
            "final_fraction": start.clip(0, 1).round(3),
            "min_flow_mw": (share * dams["annual_energy_gwh"] * 1000 / 8760).round(1),
            "annual_inflow_mwh": (inflow * 1000).round(0),
            "source": dams["source"]
            + "; ecological flow: 10 % of the mean; start as at the start of the year in that file, and ends as it starts",
        }
    )


def inflow_monthly() -> pd.DataFrame:
    """Inflow from the river's own catchment between dams [MWh], reservoir x month, in the seasons of the province."""
    table, share = reservoirs(), monthly_share()
    zone = dam_table()["zone"]
    rows = [
        pd.DataFrame(
            {
                "reservoir": name,
                "month": range(1, 13),
                "energy_mwh": (inflow * share.loc[zone[name]].to_numpy()).round(0),
            }
        )
        for name, inflow in zip(table["reservoir"], table["annual_inflow_mwh"])
    ]
    return pd.concat(rows, ignore_index=True).assign(
        source="inflow of the year (reservoirs.csv) in the months of the province's hydro generation (hydro_monthly.csv)"
    )


def run_of_river_share() -> pd.Series:
    """Part of the plants below 900 MW that have no storage; that of all zones where none is listed."""
    table = (
        fact_table("hydro_kinds")
        .set_index("zone")[["run_of_river_mw", "storage_mw"]]
        .reindex(zones().index)
        .fillna(0.0)
    )
    listed = table.sum(axis=1)
    return (table["run_of_river_mw"] / listed.where(listed > 0)).fillna(table["run_of_river_mw"].sum() / listed.sum())


def rest_capacity() -> pd.Series:
    """Conventional hydro without the dams named apart."""
    return conventional_capacity() - dam_table().groupby("zone")["capacity_mw"].sum().reindex(zones().index).fillna(0.0)


def hydro_generators() -> pd.DataFrame:
    """Dams by name; the rest of each zone parted into plants with storage and run-of-river as its smaller plants
    are."""
    dams = dam_table()
    named = pd.DataFrame(
        {
            "generator": dams.index,
            "zone": dams["zone"],
            "technology": "hydro_reservoir",
            "capacity_mw": dams["capacity_mw"],
            "commissioned": dams["commissioned"].astype(str),
            "purchase_class": "hydro_priority",
            "certificate": "held",
            "capacity_end_2025_mw": dams["capacity_mw"],
            "source": dams["source"],
        }
    )
    river = run_of_river_share()
    return pd.concat(
        [named, _rest("hydro_reservoir", "hydro_priority", 1 - river), _rest("hydro_run_of_river", "hydro", river)],
        ignore_index=True,
    )


def _rest(technology: str, purchase_class: str, share: pd.Series) -> pd.DataFrame:
    capacity = rest_capacity()
    later = by_zone("hydro_including_pumped", "2025-12")
    later = (later - pumped_capacity() - (conventional_capacity() - capacity)).where(later > 0).clip(lower=0)
    apart = pd.Series(zones().index.isin(dam_table()["zone"]), zones().index).map(
        {True: " and the dams named apart", False: ""}
    )
    source = "NEA/CEC 2024-12 via CREA china_co2 less pumped hydro (storage.csv)" + apart
    source["Tibet"] = "rest of the national 435.95 GW (NEA/CEC 2024-12) that no province reports, less pumped hydro"
    table = pd.DataFrame(
        {
            "generator": zones().index + f" {technology}",
            "zone": zones().index,
            "technology": technology,
            "capacity_mw": (capacity * share).round(1),
            "purchase_class": purchase_class,
            "certificate": "held",
            "capacity_end_2025_mw": (later * share).round(1),
            "source": source + "; parted as the plants below 900 MW in GEM 2023-05",
        }
    )
    return table[table["capacity_mw"] >= 1]
