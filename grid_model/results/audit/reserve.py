"""Reserves: what is required, who holds it, and whether he could give it.

symbol  unit  what
r       MW    reserve of a provider, r <= what it could add or withdraw at once
R       MW    required: shares of load, of wind and solar available, and upwards the largest infeed that may fail
H       h     for how long a store holds what it sells
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SHARES = ("up_load_share", "up_renewable_share", "down_load_share", "down_renewable_share")


def check_reserves(book, plants, policies) -> dict[str, np.ndarray]:
    """All laws of reserves; terms of the cost of what is missing."""
    settings = (policies or {}).get("reserves")
    if settings is None or "reserve_up" not in book.dispatch:
        return {}
    names = [str(one) for one in book.dispatch["provider"].values]
    held = {way: book.stored(f"reserve_{way}", len(names)) for way in ("up", "down")}
    _check_names(book, names)
    for way, reserve in held.items():
        book.at_most(f"reserve {way} is not negative", names, -reserve)
    place = {table: _places(names, book.case.tables[table], column)
             for table, column in (("generators", "generator"), ("storage", "storage"), ("demand_response", "programme"))}
    _check_plants(book, plants, held, place["generators"], names)
    _check_stores(book, held, place["storage"], names, settings["sustain_hours"])
    return _check_requirement(book, plants, held, place, settings)


def _places(names, table, column) -> np.ndarray:
    """Row of each provider in a table, -1 of others; a name that stands in several tables bears that of its fleet."""
    return pd.Index(table[column].astype(str)).get_indexer([name for name in names])


def _check_names(book, names) -> None:
    """Providers are plants, stores and programmes, each once; areas are those of the zones."""
    known = pd.concat([book.case.tables[table][column].astype(str) for table, column in (
        ("generators", "generator"), ("storage", "storage"), ("demand_response", "programme"))]).value_counts()
    told = pd.Series(names, dtype=object).value_counts()
    book.at_most(
        "reserve: providers that there are, once", told.index, told, known.reindex(told.index).fillna(0.0), unit="1", tolerance=0.0
    )
    areas = book.dispatch["reserve_area"].values.astype(str) if "reserve_area" in book.dispatch.coords else np.zeros(0, str)
    zones = book.case.tables["zones"]
    book.equal(
        "reserve: areas that there are",
        areas,
        1.0 - np.isin(areas, [*zones["zone"].astype(str), *zones["region"].fillna("").astype(str)]),
        unit="1",
        tolerance=0.0,
    )


def _check_plants(book, plants, held, place, names) -> None:
    some = place >= 0
    rows, of = place[some], np.asarray(names, object)[some]
    share = np.divide(book.stored("online", len(plants.names), False), plants.capacity[:, None],
                      out=np.ones(plants.output.shape), where=plants.capacity[:, None] > 0)
    thermal = (plants.group == "thermal")[:, None]
    most = np.where(thermal, np.where(np.isnan(share), 1.0, share) * plants.greatest, plants.greatest)
    book.at_most("reserve up within what a plant could add", of, held["up"][some] + plants.output[rows], most[rows],
                 tolerance=3 * book.power)
    book.at_most("reserve down within what a plant feeds in", of, held["down"][some], np.maximum(plants.output[rows], 0.0),
                 tolerance=2 * book.power)


def _check_stores(book, held, place, names, sustain) -> None:
    """Power of the converter, and energy, or room for it, at the end of the step."""
    some = place >= 0
    rows, of, table = place[some], np.asarray(names, object)[some], book.case.tables["storage"]
    if not len(rows):
        return
    charge, discharge, level = (book.stored(name, len(table))[rows] for name in ("charge", "discharge", "state_of_charge"))
    into, out, least, energy, power = (table[name].to_numpy(float)[rows, None] for name in (
        "charge_efficiency", "discharge_efficiency", "min_level_fraction", "energy_mwh", "power_mw"))
    drawn = table["charge_power_mw"].fillna(table["power_mw"]).to_numpy(float)[rows, None]
    up, down = held["up"][some], held["down"][some]
    slack = 3 * book.power
    book.at_most("reserve up within the power of a store", of, up, power - discharge + charge, tolerance=slack)
    book.at_most("reserve down within the power of a store", of, down, drawn + discharge - charge, tolerance=slack)
    slack = 3 * book.energy * max(1.0, sustain)
    book.at_most("reserve up held in the store", of, sustain * up, out * (level - least * energy), unit="MWh", tolerance=slack)
    book.at_most("room in the store for reserve down", of, sustain * down, (energy - level) / into, unit="MWh", tolerance=slack / into)


def _check_requirement(book, plants, held, place, settings) -> dict[str, np.ndarray]:
    zones = book.case.tables["zones"]
    area = zones["region"].where((zones["region"] != "") & (settings["area"] == "region"), zones["zone"]).to_numpy(object)
    every = np.unique(area.astype(str))
    of_zone = np.searchsorted(every, area.astype(str))
    given = book.case.tables["reserves"].set_index("area").reindex(every)
    share = {name: given[name].fillna(settings[name]).to_numpy(float)[:, None] for name in SHARES}
    load = np.maximum(book.case.profile("load", book.case.tables["loads"]["load"], 0.0), 0.0)
    load = book.sums(load, of_zone[book.zone_of("loads")], len(every))
    varying = plants.table["technology"].str.startswith(("wind", "solar")).to_numpy(bool) & (plants.group == "renewable")
    sun = book.sums(plants.greatest * varying[:, None], of_zone[book.zone_of("generators")], len(every))
    missing = []
    for way in ("up", "down"):
        if f"reserve_{way}_required" not in book.dispatch:
            continue
        areas = np.searchsorted(every, book.dispatch["reserve_area"].values.astype(str))
        required, short = (book.stored(f"reserve_{way}_{name}", len(areas)) for name in ("required", "shortfall"))
        ruled = ~np.isnan(required[:, 0])
        areas, required, short = areas[ruled], required[ruled], short[ruled]
        least = (share[f"{way}_load_share"] * load + share[f"{way}_renewable_share"] * sun)[areas]
        if way == "up":
            least = least + _infeed(book, plants, held["up"], place["generators"], of_zone, every, given, settings)[areas]
        law = book.at_most if way == "up" else book.equal
        law(f"reserve {way}: required by shares and infeed", every[areas], least, required, tolerance=3 * book.power)
        total = sum(book.sums(held[way][rows >= 0], of_zone[book.zone_of(name)][rows[rows >= 0]], len(every))
                    for name, rows in place.items())[areas]
        book.at_most(f"reserve {way}: held and missing is what is required", every[areas], required, total + short,
                     tolerance=10 * book.power)
        book.at_most(f"reserve {way}: missing is not negative", every[areas], -short)
        missing.append(short * book.case.cost_hours * settings["shortfall_cost_cny_per_mwh"])
    return {"reserves.reserve_shortfall": np.concatenate(missing)} if missing else {}


def _infeed(book, plants, up, place, of_zone, every, given, settings) -> np.ndarray:
    """The largest infeed of each area that may fail: a plant of one unit with its reserve, one unit of a fleet; as given."""
    fixed = given["largest_infeed_mw"].to_numpy(float)[:, None]
    failing = np.zeros((len(every), book.steps))
    if settings["infeed"] != "none":
        may = np.isin(plants.group, ["thermal", "hydro", "reservoir"])
        unit = np.fmin(plants.table["largest_unit_mw"].to_numpy(float), plants.capacity)
        single = unit >= plants.capacity
        reserve = np.zeros(plants.output.shape)
        reserve[place[place >= 0]] = up[place >= 0]
        alone = plants.output + reserve if settings["infeed"] == "dynamic" else plants.greatest
        values = np.where(single[:, None], alone, np.minimum(unit[:, None], plants.greatest)) * may[:, None]
        np.maximum.at(failing, of_zone[book.zone_of("generators")], values)
    return np.where(np.isnan(fixed), failing, fixed)
