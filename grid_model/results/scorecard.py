"""Scorecard: the targets of 2027, what a case achieves of each, and the price of what stands in the way.

target                     unit     achieved
pumped_storage             GW       power of pumped hydro in the case
new_energy_storage         GW       power of all other storage in the case
distributed_new_energy     GW       capacity of distributed wind and PV whose zone is in the case: what its grid carries
demand_response            1        capability of demand response / greatest load, each summed over zones
wind_and_solar_share       1        wind and solar / generation of everything
wind_and_solar_use         1        wind and solar taken / available
consumption_weights        zones    zones short of a weight (obligations), of all that are assessed
certificates_short         MWh      obligations short, of zones and loads
certificates_expired       MWh      certificates that expired in a year in which another zone, or a load, was short
carbon_unsettled           tCO2     emissions that no allowance or offset covered
carbon_offsets_over        tCO2     offsets beyond the limit of an entity
qinghai_green_computing    1        renewable part of the energy of data centres in Qinghai
beijing_green_computing    1        the same in Beijing
charging_piles             million  charging power of loads of kind ev / power of a pile

Levels and sources are docs/policy.md, section 8; a level may be one number or {year: number}, of which the latest year not
after the start of the case holds. Everything is computed from inputs, dispatch and tables: it can be done again from
stored results.

A line that the case has nothing to say of stands with nothing achieved, is neither passed nor failed, and its note says
why: of storage where there is no store, of data centres where no load is of kind data_centre, of certificates and
carbon where the rule is off, of charging piles where no load is of kind ev or `pile_kw` is not given. National targets
in GW speak of the whole country and not of a case of some `zones`. Energy of a case shorter than a year is that of the
case.

binding_dual is what the target's quantity is worth: of a weight or a share the dual of its row (the highest, by zone);
of use and share of wind and solar the congestion at the corridors that kept most of what was curtailed from leaving,
energy-weighted; of carbon the price of an allowance. Empty: no row of the programme speaks of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.errors import AuditError
from grid_model.policies import scorecard as rules
from grid_model.results.curtailment import CAUSES
from grid_model.results.dataset import counted_hours
from grid_model.technologies.demand_response_use import zone_capability

COLUMNS = ["target", "unit", "level", "achieved", "margin", "passed", "binding_dual", "source", "note"]
NATIONAL = ("pumped_storage", "new_energy_storage", "distributed_new_energy", "charging_piles")
NEW_ENERGY = ("wind", "solar")  # how technologies begin
NEAR = 1e-6  # part of a level, or of what is asked for, that rounding may take


def scorecard(case, dispatch, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for every target that the case has something to say of, in the order above.

    margin is what achieved is above the level, or below it where less is better; below zero the target is missed.
    """
    settings = rules.Settings.model_validate(case.scenario.policy(rules.NAME) or {})
    achieved = _capacities(case, settings) | _energy(case, dispatch) | _certificates(tables) | _carbon(case, tables)
    achieved |= _computing(dispatch, tables)
    rows = [_row(case, settings, target, *(
        (np.nan, np.nan) if target in NATIONAL and case.scenario.zones else achieved.get(target, (np.nan, np.nan))))
        for target in rules.TARGETS]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(case, settings, target: str, achieved: float, dual: float) -> tuple:
    unit, level, sense, source = rules.TARGETS[target]
    level = _level(settings.levels.get(target, level), int(case.time[0].year))
    margin = sense * (achieved - level)
    passed = None if np.isnan(achieved) else bool(margin >= -NEAR * max(abs(level), 1e-9))
    source = "scenario" if target in settings.levels else source
    return target, unit, level, achieved, margin, passed, dual, source, _note(case, settings, target) if passed is None else ""


def _note(case, settings, target: str) -> str:
    """Why a target is not judged."""
    national = target in NATIONAL and case.scenario.zones
    why = "a national target, in a case of some zones" if national else settings.why_not.get(target, rules.LACKING[target])
    return f"not judged: {why}"


def reached(table: pd.DataFrame) -> dict:
    """What a summary says of a scorecard: how many targets were judged, and which are missed."""
    return {"judged": int(table["achieved"].notna().sum()), "missed": _missed(table)["target"].tolist()}


def demand_reached(table: pd.DataFrame, folder) -> None:
    """Raise AuditError, naming every target that is missed and by how much; results stand in the folder."""
    failed = _missed(table)
    if len(failed):
        head = f"{len(failed)} of {table['achieved'].notna().sum()} targets are missed; results stand in {folder}:"
        raise AuditError("\n".join([head, *(
            f"  {row.target}: {row.achieved:,.6g} {row.unit}, level {row.level:,.6g}" for row in failed.itertuples())]))


def _missed(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["passed"].isin([False])]


def _level(level, year: int) -> float:
    """The level of a year: of the latest year not after it, else of the earliest."""
    if not isinstance(level, dict):
        return float(level)
    past = [one for one in sorted(level) if one <= year]
    return float(level[past[-1] if past else min(level)])


# ---------------------------------------------------------------------------------------------------- what is achieved


def _capacities(case, settings) -> dict[str, tuple[float, float]]:
    """Targets that inputs alone decide."""
    storage, generators = case.tables["storage"], case.tables["generators"]
    pumped = (storage["technology"] == "pumped_hydro").to_numpy()
    power = storage["power_mw"].to_numpy(float) / 1e3
    spread = generators["technology"].isin(["wind_distributed", "solar_distributed"])
    found = {}
    if len(storage):
        found |= {"pumped_storage": (power[pumped].sum(), np.nan), "new_energy_storage": (power[~pumped].sum(), np.nan)}
    if spread.any():
        found["distributed_new_energy"] = (generators.loc[spread, "capacity_mw"].sum() / 1e3, np.nan)
    vehicles = case.tables["loads"].loc[case.tables["loads"]["kind"] == "ev", "load"]
    if len(vehicles) and settings.pile_kw:
        greatest = case.profile("load", vehicles, 0.0).sum(axis=0).max()
        found["charging_piles"] = (greatest * 1e3 / settings.pile_kw / 1e6, np.nan)
    return found


def _energy(case, dispatch) -> dict[str, tuple[float, float]]:
    """Targets of demand response, and of wind and solar energy."""
    found, hours = {}, counted_hours(dispatch).values
    capability = zone_capability(case)
    if capability["maximum_load_mw"].sum() > 0 and len(case.tables["demand_response"]):
        found["demand_response"] = capability["capability_mw"].sum() / capability["maximum_load_mw"].sum(), np.nan
    if "curtailment" not in dispatch:
        return found
    new = np.array([str(name).startswith(NEW_ENERGY) for name in dispatch["technology"].values])
    taken, lost, whole = (float(np.nansum(values @ hours)) for values in (
        dispatch["generation"].values[new], dispatch["curtailment"].values[new], dispatch["generation"].values))
    price = _congestion(dispatch, new)
    if new.any() and whole > 0:
        found["wind_and_solar_share"] = taken / whole, price
        found["wind_and_solar_use"] = (taken / (taken + lost) if taken + lost > 0 else 1.0), price
    return found


def _congestion(dispatch, new: np.ndarray) -> float:
    """What one more MWh out of a congested zone would save, as a mean over wind and solar energy curtailed by
    congestion: the highest price next door less the zone's own [CNY/MWh]; NaN where nothing is congested."""
    lost = np.where(dispatch["curtailment_cause"].values[new] == CAUSES.index("congestion"),
                    dispatch["curtailment"].values[new], 0.0) * counted_hours(dispatch).values
    if "flow" not in dispatch or lost.sum() <= 0:
        return np.nan
    zones = pd.Index(dispatch["zone"].values)
    price = np.nan_to_num(dispatch["price"].values)
    beside = np.full(price.shape, -np.inf)
    ends = [zones.get_indexer(dispatch[name].values) for name in ("from_zone", "to_zone")]
    for one, other in (ends, ends[::-1]):
        np.maximum.at(beside, one, price[other])
    gain = np.maximum(np.where(np.isfinite(beside), beside - price, 0.0), 0.0)
    return float((lost * gain[zones.get_indexer(dispatch["generator_zone"].values[new])]).sum() / lost.sum())


def _certificates(tables) -> dict[str, tuple[float, float]]:
    if "green_obligations" not in tables:
        return {}
    table = tables["green_obligations"]
    assessed = table[table["assessed"].astype(bool)]
    weights = assessed[assessed["obligation"].isin(["total", "non_hydro"])]
    found = {}
    if len(weights):
        missed = weights.loc[~weights["passed"].astype(bool), "zone"].nunique()
        found["consumption_weights"] = float(missed), weights["price_cny_per_mwh"].max()
    if len(assessed):
        short = np.where(assessed["passed"].astype(bool), 0.0, assessed["short_mwh"])
        found["certificates_short"] = float(short.sum()), assessed["price_cny_per_mwh"].max()
        found["certificates_expired"] = _expired(tables, assessed[~assessed["passed"].astype(bool)])
    return found


def _expired(tables, short: pd.DataFrame) -> tuple[float, float]:
    """Certificates that expired in a year in which another zone was short, or a load, which may use those of its own zone too."""
    ledger = tables["ledger"]
    gone = ledger[(ledger["event"] == "expire") & (ledger["account"] != "expired")]
    gone = gone.assign(year=gone["month"].astype("str").str[:4].astype(int)).merge(short[["year", "zone", "obligation"]], on="year")
    wanted = gone[(gone["zone"] != gone["account"]) | (gone["obligation"] == "green_share")].drop_duplicates("entry")
    market = tables["certificate_market"]["price_cny_per_mwh"] if "certificate_market" in tables else pd.Series(dtype=float)
    return float(wanted["quantity_mwh"].abs().sum()), float(market.max())


def _carbon(case, tables) -> dict[str, tuple[float, float]]:
    if "carbon_account" not in tables:
        return {}
    account, market = tables["carbon_account"], tables["carbon_market"]
    price = float(account["allowance_price_cny_per_t"].max())
    settings = case.scenario.policy("carbon_market") or {}
    share = case.tables["carbon_markets"].set_index("market")["offset_share"].reindex(account["market"]).to_numpy(float)
    limit = np.where(np.isnan(share), settings.get("offset_share", 0.05), share) * account["emissions_t"].to_numpy(float)
    unsettled, offsets = account["shortfall_t"].to_numpy(float), account["offset_t"].to_numpy(float)
    size = NEAR * np.maximum(account["emissions_t"].to_numpy(float), 1.0)
    return {"carbon_unsettled": (float(np.where(unsettled > size, unsettled, 0.0).sum()), price),
            "carbon_offsets_over": (float(np.where(offsets - limit > size, offsets - limit, 0.0).sum()),
                                    float(market["ccer_price_cny_per_t"].max()))}


def _computing(dispatch, tables) -> dict[str, tuple[float, float]]:
    """Renewable part of what data centres consume: what is allotted to them by contract, by their zone's plants, or by
    certificates."""
    if "consumer_kind" not in dispatch.coords:
        return {}
    found = {}
    served = ((dispatch["demand"] - dispatch["unserved_demand"]) * counted_hours(dispatch)).sum("time").to_series()
    for target, zone in (("qinghai_green_computing", "Qinghai"), ("beijing_green_computing", "Beijing")):
        here = (dispatch["consumer_kind"].values == "data_centre") & (dispatch["consumer_zone"].values == zone)
        names = dispatch["consumer"].values[here]
        if served.reindex(names).sum() > 0:
            green, price = _green_energy(tables, names)
            found[target] = green / float(served.reindex(names).sum()), price
    return found


def _green_energy(tables, loads) -> tuple[float, float]:
    """Renewable energy of some loads [MWh], and the highest price of one more."""
    energy, prices = 0.0, [np.nan]
    if "green_loads" in tables:
        table = tables["green_loads"][tables["green_loads"]["load"].isin(loads)]
        energy += float(table["matched_mwh"].sum())
        prices += table["price_cny_per_mwh"].tolist()
    if "green_obligations" in tables:
        table = tables["green_obligations"][tables["green_obligations"]["party"].isin(loads)]
        energy += float(table["certificates_mwh"].sum())
        prices += table["price_cny_per_mwh"].tolist()
    return energy, float(pd.Series(prices).max())
