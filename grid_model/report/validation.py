"""Results against published statistics: tables of what was observed and what the model gave, and how far apart they
are.

Everything is computed from `dispatch.nc` and the folder `observed/` of the data set, which the model never reads.

table          one row per                what is compared
national       technology                 energy of the year
monthly        zone, technology, months   energy of each published period
thermal        zone                       utilisation hours of thermal plant: energy / mean capacity of the year, the
                                          published one on both sides
hours          zone, wind or solar        utilisation hours of the published period: energy / mean capacity in service
utilisation    zone, wind or solar        part of the available energy that was taken, mean of the months
net_import     zone                       arriving less leaving energy
interregional  pair of regions            energy sent from one region to the other, beside that of earlier years

Observed thermal generation counts plant on biomass and waste, observed hydro generation counts pumped hydro.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

GROUPS = {
    "coal": "thermal",
    "coal_chp": "thermal",
    "coal_ccs": "thermal",
    "gas": "thermal",
    "gas_chp": "thermal",
    "by_product": "thermal",
    "biomass": "thermal",
    "nuclear": "nuclear",
    "hydro_reservoir": "hydro",
    "hydro_run_of_river": "hydro",
    "pumped_hydro": "hydro",
    "wind_onshore": "wind",
    "wind_offshore": "wind",
    "wind_distributed": "wind",
    "solar_utility": "solar",
    "solar_distributed": "solar",
    "solar_thermal": "solar",
}
PARTS = {"coal": "coal", "coal_chp": "coal", "gas": "gas", "gas_chp": "gas", "biomass": "biomass"}
AIMS = {"national": 3.0, "thermal": 10.0, "utilisation": 3.0}  # %, %, percentage points
PARTS_OF_ZONE = {"Mengxi": 0.757, "Mengdong": 0.243}  # capacity of the two grids of Inner Mongolia, as in the data set


def compare(dispatch: xr.Dataset, observed: str | Path) -> dict[str, pd.DataFrame]:
    """All tables, by name; `observed` is the folder of published statistics."""
    published = {path.stem: pd.read_csv(path, dtype={"months": str}) for path in sorted(Path(observed).glob("*.csv"))}
    energy = energy_by_month(dispatch)
    return {
        "national": national(energy, published["national_generation"]),
        "monthly": monthly(energy, published["monthly_generation"]),
        "thermal": thermal_hours(energy, published["monthly_generation"], published["mean_capacity"]),
        "hours": renewable_hours(energy, published["utilisation_hours"], published["mean_capacity"]),
        "utilisation": utilisation(dispatch, published["utilisation_rate"]),
        "net_import": net_import(dispatch, published["net_import"]),
        "interregional": interregional(dispatch, published["interregional_flows"]),
    }


def energy_by_month(dispatch: xr.Dataset) -> pd.DataFrame:
    """Generation [GWh] by zone, technology and month; discharge of pumped hydro stands among it."""
    parts = [_monthly(dispatch["generation"], dispatch["generator_zone"], dispatch["technology"], dispatch)]
    if "discharge" in dispatch:
        pumped = dispatch["storage_technology"] == "pumped_hydro"
        discharge = dispatch["discharge"].where(pumped, 0.0)
        parts.append(_monthly(discharge, dispatch["storage_zone"], dispatch["storage_technology"], dispatch))
    table = pd.concat(parts)
    table = table[table["technology"].isin(GROUPS)]
    return table.groupby(["zone", "technology", "month"], as_index=False)["energy_gwh"].sum()


def _monthly(power: xr.DataArray, zone: xr.DataArray, technology: xr.DataArray, dispatch: xr.Dataset) -> pd.DataFrame:
    """Energy [GWh] of an hourly variable by zone, technology and month of the year."""
    month = dispatch["time"].dt.month.to_numpy()
    by_month = (power.to_numpy() * dispatch["step_hours"].to_numpy()) @ (month[:, None] == np.arange(1, 13)) / 1000
    table = pd.DataFrame(by_month, columns=range(1, 13)).assign(zone=zone.to_numpy(), technology=technology.to_numpy())
    return table.melt(["zone", "technology"], var_name="month", value_name="energy_gwh")


def national(energy: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    by_technology = energy.groupby("technology")["energy_gwh"].sum()
    model = pd.concat([by_technology.groupby(GROUPS).sum(), by_technology.groupby(PARTS).sum()])
    table = published.set_index("technology")[["energy_gwh"]].rename(columns={"energy_gwh": "observed_gwh"})
    return _differ(table.assign(model_gwh=model.reindex(table.index)).reset_index(), "observed_gwh", "model_gwh")


def monthly(energy: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """January and February are published together; zones and technologies that are published in part are left so."""
    energy = energy.assign(technology=energy["technology"].map(GROUPS), months=_period(energy["month"]))
    model = energy.groupby(["zone", "technology", "months"])["energy_gwh"].sum().rename("model_gwh")
    table = published.rename(columns={"energy_gwh": "observed_gwh"})[["zone", "technology", "months", "observed_gwh"]]
    table = table.join(model, on=["zone", "technology", "months"])
    return _differ(table.fillna({"model_gwh": 0.0}), "observed_gwh", "model_gwh")


def _period(month: pd.Series) -> pd.Series:
    return month.map(lambda number: "01-02" if number <= 2 else f"{number:02d}")


def thermal_hours(energy: pd.DataFrame, published: pd.DataFrame, capacity: pd.DataFrame) -> pd.DataFrame:
    capacity = capacity[capacity["technology"] == "thermal"].set_index("zone")["mean_capacity_mw"]
    observed = published[published["technology"] == "thermal"].groupby("zone")["energy_gwh"].sum()
    model = energy[energy["technology"].map(GROUPS) == "thermal"].groupby("zone")["energy_gwh"].sum()
    table = pd.DataFrame(
        {"observed_hours": 1000 * observed / capacity, "model_hours": 1000 * model.reindex(capacity.index) / capacity}
    )
    return _differ(table.reindex(capacity.index).reset_index(), "observed_hours", "model_hours")


def renewable_hours(energy: pd.DataFrame, published: pd.DataFrame, capacity: pd.DataFrame) -> pd.DataFrame:
    """Hours of January to November; capacity is the mean of the year, so the last month's growth weighs a little."""
    published = published[published["period"].str.contains(" to ")]
    last = published["period"].str[-2:].astype(int).iloc[0]
    energy = energy.assign(technology=energy["technology"].map(GROUPS))[energy["month"] <= last]
    model = energy.groupby(["zone", "technology"])["energy_gwh"].sum().rename("energy_gwh")
    table = published.join(model, on=["zone", "technology"]).join(
        capacity.set_index(["zone", "technology"])["mean_capacity_mw"], on=["zone", "technology"]
    )
    table["model_hours"] = 1000 * table["energy_gwh"] / table["mean_capacity_mw"]
    table = table.rename(columns={"utilisation_hours": "observed_hours"})
    return _differ(
        table[["zone", "technology", "period", "observed_hours", "model_hours"]], "observed_hours", "model_hours"
    )


def utilisation(dispatch: xr.Dataset, published: pd.DataFrame) -> pd.DataFrame:
    """Percent; the published figure is the mean of the months, that of the model energy taken over energy available."""
    weight = published["part"].map(PARTS_OF_ZONE).fillna(1.0)
    observed = published.assign(weight=weight, weighted=weight * published["utilisation_rate_percent"])
    observed = observed.groupby(["zone", "technology"])[["weighted", "weight"]].sum()
    table = (observed["weighted"] / observed["weight"]).rename("observed_percent").reset_index()
    hours = dispatch["step_hours"]
    facts = pd.DataFrame(
        {
            "zone": dispatch["generator_zone"].to_numpy(),
            "technology": dispatch["technology"].to_numpy(),
            "available": (dispatch["available"] * hours).sum("time").to_numpy(),
            "curtailed": (dispatch["curtailment"] * hours).sum("time").to_numpy(),
        }
    )
    facts["technology"] = facts["technology"].map(GROUPS)
    nation = facts.assign(zone="China")
    model = pd.concat([facts, nation]).groupby(["zone", "technology"])[["available", "curtailed"]].sum()
    taken = (100 * (1 - model["curtailed"] / model["available"].where(model["available"] > 0))).rename("model_percent")
    table = table.join(taken, on=["zone", "technology"])
    return table.assign(difference_points=table["model_percent"] - table["observed_percent"])


def net_import(dispatch: xr.Dataset, published: pd.DataFrame) -> pd.DataFrame:
    sent, arriving = _sent(dispatch)
    model = (
        arriving.groupby(arriving.index.get_level_values("to"))
        .sum()
        .sub(sent.groupby(sent.index.get_level_values("from")).sum(), fill_value=0.0)
    )
    table = published.rename(columns={"net_import_gwh": "observed_gwh"})[["zone", "observed_gwh"]]
    table = table.assign(model_gwh=table["zone"].map(model).fillna(0.0))
    return table.assign(difference_gwh=table["model_gwh"] - table["observed_gwh"])


def interregional(dispatch: xr.Dataset, published: pd.DataFrame) -> pd.DataFrame:
    """Energy sent; published years have months missing, so they are given per year by their months."""
    region = dispatch["region"].to_series() if "region" in dispatch.coords else None
    sent, _ = _sent(dispatch)
    pair = sent.rename("energy").reset_index()
    pair = pair.assign(from_region=pair["from"].map(region), to_region=pair["to"].map(region))
    pair = pair[pair["from_region"] != pair["to_region"]]
    model = pair.groupby(["from_region", "to_region"])["energy"].sum().rename("model_gwh")
    wide = published.assign(energy=published["energy_gwh"] * 12 / published["months"].astype(float)).pivot(
        index=["from_region", "to_region"], columns="year", values="energy"
    )
    wide.columns = [f"observed_{year}_gwh" for year in wide.columns]
    return wide.join(model, how="outer").fillna(0.0).reset_index()


def _sent(dispatch: xr.Dataset) -> tuple[pd.Series, pd.Series]:
    """Energy [GWh] sent, and arriving, by ordered pair of zones (from, to)."""
    flow, hours = dispatch["flow"].to_numpy(), dispatch["step_hours"].to_numpy()
    loss = dispatch["loss"].to_numpy() @ hours / 1000
    forth, back = (np.maximum(way * flow, 0) @ hours / 1000 for way in (1, -1))
    total = np.maximum(forth + back, 1e-9)
    start, end = dispatch["from_zone"].to_numpy(), dispatch["to_zone"].to_numpy()
    index = pd.MultiIndex.from_arrays(
        [np.concatenate([start, end]), np.concatenate([end, start])], names=["from", "to"]
    )
    sent = pd.Series(np.concatenate([forth, back]), index)
    lost = pd.Series(np.concatenate([loss * forth / total, loss * back / total]), index)
    return sent.groupby(level=[0, 1]).sum(), (sent - lost).groupby(level=[0, 1]).sum()


def _differ(table: pd.DataFrame, observed: str, model: str) -> pd.DataFrame:
    return table.assign(difference_percent=100 * (table[model] / table[observed].where(table[observed] > 0) - 1))


def verdict(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The aims of the backcast: what is asked, what is reached."""
    whole = tables["national"][tables["national"]["technology"].isin(["thermal", "hydro", "nuclear", "wind", "solar"])]
    rows = [
        (
            "generation of the nation by technology",
            f"within {AIMS['national']:g} %",
            len(whole),
            len(whole),
            int((whole["difference_percent"].abs() <= AIMS["national"]).sum()),
        )
    ]
    thermal = tables["thermal"]
    rows.append(
        (
            "thermal utilisation hours by zone",
            f"within {AIMS['thermal']:g} %",
            24,
            len(thermal),
            int((thermal["difference_percent"].abs() <= AIMS["thermal"]).sum()),
        )
    )
    for technology in ("wind", "solar"):
        rate = tables["utilisation"].query("technology == @technology and zone != 'China'")
        rows.append(
            (
                f"utilisation rate of {technology} by zone",
                f"within {AIMS['utilisation']:g} points",
                24,
                len(rate),
                int((rate["difference_points"].abs() <= AIMS["utilisation"]).sum()),
            )
        )
    table = pd.DataFrame(rows, columns=["aim", "limit", "asked", "of", "reached"])
    return table.assign(passed=table["reached"] >= table["asked"])
