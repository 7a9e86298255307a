"""Green loads: what each asks for, what it is allotted, what is short; contracts sell no more than their part of a plant.

    matched + short = green_share x consumption;  traded <= share x generation, by contract and month
    matched = traded, where contracts of the load serve it and no store is between;  <= generated of its zone else
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def check_green_loads(book, plants, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `green_loads` and `green_trades`; terms of the cost of what is short."""
    table, settings = (tables or {}).get("green_loads"), (policies or {}).get("green_load")
    if table is None or settings is None:
        return {}
    loads = book.case.tables["loads"].set_index("load")
    served = book.stored("demand", len(loads)) - book.stored("unserved_demand", len(loads))
    share = table["load"].map(loads["green_share"]).to_numpy(float)
    stored = {name: table[f"{name}_mwh"].to_numpy(float) for name in ("consumption", "required", "matched", "short")}
    at, within = loads.index.get_indexer(table["load"]), _in_period(book, table["period"])
    consumed = (served[at] * book.hours * within).sum(axis=1)
    names, slack = table["load"] + " " + table["period"], 10 * book.energy + 1e-7 * consumed
    book.equal("green load: matching", names, table["matching"] != table["load"].map(loads["green_matching"]), 0.0, unit="1", tolerance=0.0)
    book.equal("green load: consumption", names, stored["consumption"], consumed, unit="MWh", tolerance=slack)
    book.equal("green load: share of consumption", names, stored["required"], share * consumed, unit="MWh", tolerance=slack)
    book.equal("green load: matched or short", names, stored["matched"] + stored["short"], stored["required"], unit="MWh", tolerance=slack)
    book.at_most("green load: short no less than nothing", names, -stored["short"], unit="MWh", tolerance=slack)
    _check_trades(book, plants, table, tables.get("green_trades"), within, slack)
    return {"green_load.shortfall": settings["shortfall_penalty_cny_per_mwh"] * stored["short"]}


def _in_period(book, periods) -> np.ndarray:
    """Which steps are in each period: a year, a month, or all hours."""
    labels = {4: book.case.time.strftime("%Y").to_numpy(object), 7: book.case.time.strftime("%Y-%m").to_numpy(object)}
    return np.stack([labels[len(one)] == one if len(one) in labels else np.ones(book.steps, bool) for one in periods.astype(str)])


def _check_trades(book, plants, table, trades, within, slack) -> None:
    if trades is None:
        return
    contracts = book.case.tables["contracts"]
    months = book.case.time.strftime("%Y-%m").to_numpy(object)
    in_month = (trades["month"].astype(str).to_numpy(object)[:, None] == months) * book.hours
    generator = pd.Index(plants.names).get_indexer(trades["generator"])
    part = trades["contract"].map(contracts.set_index("contract")["share"]).to_numpy(float)
    most = part * (plants.output[generator] * in_month).sum(axis=1)
    book.between("green load: traded within the part of the plant", trades["contract"], 0.0, trades["energy_mwh"], most, unit="MWh",
                 tolerance=10 * book.energy + 1e-7 * most)
    facts = contracts.set_index("contract")[["load", "generator", "line"]].reindex(trades["contract"]).fillna("").to_numpy(object)
    same = (facts == trades[["load", "generator", "line"]].fillna("").to_numpy(object)).all(axis=1)
    book.equal("green load: contracts as given", trades["contract"], 1.0 - same, unit="1", tolerance=0.0)
    with_store = set(contracts.loc[contracts["storage"] != "", "load"])
    month = (in_month > 0).astype(float)
    for row, (load, matched) in enumerate(zip(table["load"], table["matched_mwh"])):
        mine = (trades["load"] == load).to_numpy()
        if mine.any():
            traded = trades["energy_mwh"].to_numpy(float)[mine & (month @ within[row] > 0)].sum()
            check = book.at_most if load in with_store else book.equal  # a store loses some of it
            check("green load: matched by contracts", [load], [matched], [traded], unit="MWh", tolerance=2 * slack[row])
        else:
            _check_zone(book, plants, load, matched, within[row], slack[row])


def _check_zone(book, plants, load, matched, within, slack) -> None:
    """A load without contracts has no more than what certificated plants of its zone generate and have not sold."""
    loads, contracts = book.case.tables["loads"].set_index("load"), book.case.tables["contracts"]
    ruled = contracts[contracts["load"].isin(loads.index[loads["green_share"] > 0]) & (contracts["generator"] != "")]
    sold = ruled.groupby("generator")["share"].sum().reindex(plants.names, fill_value=0.0).to_numpy(float)
    of_zone = (plants.table["zone"] == loads.at[load, "zone"]).to_numpy() & (plants.table["certificate"] != "none").to_numpy()
    energy = (np.maximum(1 - sold, 0.0) * of_zone) @ (plants.output @ (book.hours * within))
    book.at_most("green load: matched by plants of the zone", [load], [matched], [energy], unit="MWh", tolerance=2 * slack)
