"""Computes the tables of this data set from facts/ and zones.csv: `python inputs/china/compute [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from demand import demand_response, loads
from facts import HERE, by_zone, write, zones
from hydro import cascade, hydro_generators, hydro_monthly, inflow_monthly, reservoirs
from in_service import in_service
from network import lines
from renewables import variable_generators
from storage import storage
from thermal import coal_capacity, thermal_generators
from trade import contracts
from yields import yearly_availability

GENERATOR_COLUMNS = [
    "generator",
    "zone",
    "technology",
    "capacity_mw",
    "commissioned",
    "purchase_class",
    "guaranteed_hours",
    "variable_cost_cny_per_mwh",
    "min_output_fraction",
    "max_output_fraction",
    "heating_floor_fraction",
    "planned_hours",
    "emissions_t_per_mwh",
    "certificate",
    "local_congestion_fraction",
    "capacity_end_2025_mw",
    "source",
]


def generators() -> pd.DataFrame:
    table = pd.concat([thermal_generators(), hydro_generators(), variable_generators()], ignore_index=True)
    biomass = table["technology"] == "biomass"
    table.loc[biomass, ["purchase_class", "certificate"]] = ["full_purchase", "tradable"]
    table["purchase_class"] = table["purchase_class"].fillna("none")
    table["certificate"] = table["certificate"].fillna("none")
    table["capacity_end_2025_mw"] = table["capacity_end_2025_mw"].fillna(later_capacity(table))
    order = {zone: place for place, zone in enumerate(zones().index)}
    table = table.sort_values("zone", kind="stable", key=lambda names: names.map(order))
    return table.reindex(columns=GENERATOR_COLUMNS)


def later_capacity(table: pd.DataFrame) -> pd.Series:
    """Coal and nuclear at the end of 2025: the plausible growth of thermal plant is that of coal in proportion."""
    thermal = by_zone("thermal", "2025-12")
    growth = (thermal - by_zone("thermal")).where(thermal > 0).clip(lower=0)
    coal = table["technology"].isin(["coal", "coal_chp"])
    later = table["capacity_mw"] * (1 + table["zone"].map(growth / coal_capacity()))
    nuclear = by_zone("nuclear", "2025-12")
    later = later.where(coal, table["zone"].map(nuclear.where(nuclear > 0)).where(table["technology"] == "nuclear"))
    return later.round(1)


TABLES = {
    "generators": generators,
    "storage": storage,
    "lines": lines,
    "loads": loads,
    "demand_response": demand_response,
    "reservoirs": reservoirs,
    "cascade": cascade,
    "hydro_monthly": hydro_monthly,
    "inflow_monthly": inflow_monthly,
    "corridor_contracts": contracts,
    "in_service": in_service,
    "synthesis/yearly_availability": yearly_availability,
}


def main(folder: Path = HERE) -> None:
    for name, compute in TABLES.items():
        write(compute(), name, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
