"""Scorecard: what is achieved of each target, from inputs, dispatch and tables; levels are those of docs/policy.md, section 8.

    margin = achieved - level, or level - achieved where less is better;  passed where margin >= 0
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.audit.response import base_charging

LEVELS = {"pumped_storage": 80.0, "new_energy_storage": 180.0, "distributed_new_energy": 500.0, "demand_response": 0.05,
          "wind_and_solar_share": 0.20, "wind_and_solar_use": 0.90, "qinghai_green_computing": 0.80, "beijing_green_computing": 0.50,
          "charging_piles": 12.0}
NOTHING_OF = ("consumption_weights", "certificates_short", "certificates_expired", "carbon_unsettled", "carbon_offsets_over")
OF_THE_NATION = ("pumped_storage", "new_energy_storage", "distributed_new_energy", "charging_piles")
UNITS = {"pumped_storage": "GW", "new_energy_storage": "GW", "distributed_new_energy": "GW", "consumption_weights": "zones",
         "certificates_short": "MWh", "certificates_expired": "MWh", "carbon_unsettled": "tCO2", "carbon_offsets_over": "tCO2",
         "charging_piles": "million"}  # all others are shares
NEAR = 1e-6


def check_targets(book, plants, programmes, tables, policies) -> None:
    """All laws of the table `scorecard`."""
    table, settings = (tables or {}).get("scorecard"), (policies or {}).get("scorecard")
    if table is None or settings is None:
        return
    found = (
        _of_inputs(book, settings) | _of_energy(book, plants, programmes) | _of_certificates(tables) | _of_carbon(book, tables, policies)
    )
    found |= _of_computing(book, tables)
    if book.case.scenario.zones:
        found |= dict.fromkeys(OF_THE_NATION, np.nan)
    names = table["target"].to_numpy(object)
    book.equal("scorecard: every target once", ["all"], [float(sorted(names) != sorted([*LEVELS, *NOTHING_OF]))], unit="1", tolerance=0.0)
    level = np.array([_level(settings["levels"].get(name, LEVELS.get(name, 0.0)), book.case.time[0].year) for name in names])
    book.equal("scorecard: level", names, table["level"], level, unit="1", tolerance=0.0)
    achieved, told = np.array([found.get(name, np.nan) for name in names]), table["achieved"].to_numpy(float)
    silent = np.isnan(achieved)
    book.equal(
        "scorecard: nothing said where there is nothing", names, np.isnan(told).astype(float), silent.astype(float), unit="1", tolerance=0.0
    )
    units = np.array([UNITS.get(name, "1") for name in names], object)
    book.equal("scorecard: unit of the target", names, table["unit"].to_numpy(object) != units, 0.0, unit="1", tolerance=0.0)
    unsaid = table["note"].fillna("").astype(str).to_numpy(object) == ""
    odd = (unsaid == silent) | (table["passed"].isna().to_numpy() != silent)
    book.equal("scorecard: why nothing is said", names, odd.astype(float), unit="1", tolerance=0.0)
    slack = NEAR * (1.0 + np.abs(np.nan_to_num(achieved)))
    book.equal("scorecard: achieved", names[~silent], told[~silent], achieved[~silent], unit="1", tolerance=slack[~silent])
    sense = np.where(np.isin(names, NOTHING_OF), -1.0, 1.0)
    margin = (sense * (achieved - level))[~silent]
    book.equal("scorecard: margin", names[~silent], table["margin"].to_numpy(float)[~silent], margin, unit="1", tolerance=slack[~silent])
    reached = margin >= -NEAR * np.maximum(np.abs(level[~silent]), 1e-9)
    book.equal("scorecard: passed", names[~silent], table["passed"][~silent].astype(float), reached.astype(float), unit="1", tolerance=0.0)


def _level(level, year: int) -> float:
    if not isinstance(level, dict):
        return float(level)
    by_year = {int(one): float(value) for one, value in level.items()}
    return by_year[max((one for one in by_year if one <= year), default=min(by_year))]


def _of_inputs(book, settings) -> dict[str, float]:
    tables, found = book.case.tables, {}
    kind, power = tables["storage"]["technology"].to_numpy(object), tables["storage"]["power_mw"].to_numpy(float)
    if len(kind):
        found = {
            "pumped_storage": power[kind == "pumped_hydro"].sum() / 1e3,
            "new_energy_storage": power[kind != "pumped_hydro"].sum() / 1e3,
        }
    small = tables["generators"]["technology"].isin(["wind_distributed", "solar_distributed"]).to_numpy()
    if small.any():
        found["distributed_new_energy"] = tables["generators"]["capacity_mw"].to_numpy(float)[small].sum() / 1e3
    vehicles = tables["loads"]["load"][tables["loads"]["kind"] == "ev"]
    if len(vehicles) and settings["pile_kw"]:
        found["charging_piles"] = book.case.profile("load", vehicles, 0.0).sum(axis=0).max() / settings["pile_kw"] / 1e3
    return found


def _of_energy(book, plants, use) -> dict[str, float]:
    tables, found = book.case.tables, {}
    loads, zones = tables["loads"]["load"], len(book.case.zones)
    peak = book.sums(book.case.profile("load", loads, 0.0), book.zone_of("loads"), zones).max(axis=1, initial=0.0)
    peak = tables["zones"]["peak_load_mw"].fillna(pd.Series(peak)).to_numpy(float)
    if len(use.names) and peak.sum() > 0:
        charging = np.flatnonzero(use.kind == "ev_charging")
        power = use.power.copy()
        lent = np.where((use.power > 0) & (use.number("return_power_mw") > 0), use.number("return_power_mw"), 0.0)
        power[charging] = base_charging(book, use, charging).max(axis=1, initial=0.0) + lent[charging]
        found["demand_response"] = power[use.kind != "orderly_use"].sum() / peak.sum()
    new = np.array([str(one).startswith(("wind", "solar")) for one in plants.table["technology"]], bool)
    energy = np.nan_to_num(plants.output) @ book.counted
    lost = np.nan_to_num(book.stored("curtailment", len(plants.names))) @ book.counted
    if new.any() and energy.sum() > 0:
        offered = energy[new].sum() + lost[new].sum()
        found["wind_and_solar_share"] = energy[new].sum() / energy.sum()
        found["wind_and_solar_use"] = energy[new].sum() / offered if offered > 0 else 1.0
    return found


def _of_certificates(tables) -> dict[str, float]:
    if "green_obligations" not in tables:
        return {}
    every = tables["green_obligations"][tables["green_obligations"]["assessed"].astype(bool)]
    failed = every[every["short_mwh"] > NEAR * np.maximum(every["required_mwh"], 1.0)]
    of_zones = every["obligation"] != "green_share"
    found = {"consumption_weights": float(failed.loc[of_zones, "zone"].nunique())} if of_zones.any() else {}
    if len(every):
        ledger = tables["ledger"]
        gone = ledger[(ledger["event"] == "expire") & (ledger["account"] != "expired")]
        needed: dict[str, set] = {}
        for year, zone, of in zip(failed["year"], failed["zone"], failed["obligation"]):
            needed.setdefault(str(int(year)), set()).add("" if of == "green_share" else zone)
        year, owner = gone["month"].astype("str").str[:4].to_numpy(object), gone["account"].to_numpy(object)
        wanted = np.zeros(len(gone), bool)
        for short, zones in needed.items():
            wanted |= (year == short) & ((owner != next(iter(zones))) | (len(zones) > 1))
        found |= {"certificates_short": float(failed["short_mwh"].sum()),
                  "certificates_expired": -float(gone.loc[wanted, "quantity_mwh"].sum())}
    return found


def _of_carbon(book, tables, policies) -> dict[str, float]:
    if "carbon_account" not in tables:
        return {}
    account = tables["carbon_account"]
    emitted = account["emissions_t"].to_numpy(float)
    own = account["market"].map(book.case.tables["carbon_markets"].set_index("market")["offset_share"]).astype(float)
    most = own.fillna((policies or {}).get("carbon_market", {}).get("offset_share", 0.05)).to_numpy() * emitted
    over = {"carbon_unsettled": account["shortfall_t"].to_numpy(float), "carbon_offsets_over": account["offset_t"].to_numpy(float) - most}
    return {name: float(values[values > NEAR * np.maximum(emitted, 1.0)].sum()) for name, values in over.items()}


def _of_computing(book, tables) -> dict[str, float]:
    loads, found = book.case.tables["loads"], {}
    served = (book.stored("demand", len(loads)) - book.stored("unserved_demand", len(loads))) @ book.counted
    for target, zone in (("qinghai_green_computing", "Qinghai"), ("beijing_green_computing", "Beijing")):
        here = ((loads["kind"] == "data_centre") & (loads["zone"] == zone)).to_numpy()
        names, energy = loads["load"][here], 0.0
        for table, party, column in (("green_loads", "load", "matched_mwh"), ("green_obligations", "party", "certificates_mwh")):
            if table in tables:
                energy += tables[table].loc[tables[table][party].isin(names), column].sum()
        if served[here].sum() > 0:
            found[target] = energy / served[here].sum()
    return found
