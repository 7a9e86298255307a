"""Carbon market and green obligations: every entity covers what it emits, every obligation is met or short.

    emissions = free + auctioned + bought - sold + offset + banked in - banked out + shortfall - lapsed    [tCO2]
    offset <= offset share x emissions
    required share x consumption <= physical + certificates - debited + short    [MWh]
"""

from __future__ import annotations

import calendar

import numpy as np
import pandas as pd

RELATIVE, LEAST = 1e-7, 0.01  # of emissions; tCO2
SIZES = ["emissions_t", "allowances_t", "free_t", "auctioned_t", "bought_t", "sold_t", "offset_t", "banked_in_t", "banked_out_t",
         "shortfall_t", "lapsed_t"]


def check_allowances(book, plants, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `carbon_account` and `carbon_market`; terms of the costs that follow from them."""
    account, settings = (tables or {}).get("carbon_account"), (policies or {}).get("carbon_market")
    if account is None or settings is None:
        return {}
    names, slack = account["entity"].to_numpy(object), LEAST + RELATIVE * account["emissions_t"].to_numpy(float)
    value = {name: account[name].to_numpy(float) for name in SIZES}
    covered = value["free_t"] + value["auctioned_t"] + value["bought_t"] - value["sold_t"] + value["offset_t"]
    kept = value["banked_in_t"] - value["banked_out_t"] + value["shortfall_t"] - value["lapsed_t"]
    book.equal("carbon market: emissions are covered", names, value["emissions_t"], covered + kept, unit="tCO2", tolerance=slack)
    for name in SIZES:
        book.at_most("carbon market: no quantity below nothing", names, -value[name], unit="tCO2", tolerance=slack)
    emitted = book.stored("emissions", len(plants.names), False).sum()
    book.equal("carbon market: emissions of all plant", ["all entities"], [value["emissions_t"].sum()], [emitted], unit="tCO2",
               tolerance=LEAST + RELATIVE * emitted)
    markets = book.case.tables["carbon_markets"].set_index("market")
    part = {name: account["market"].map(markets[name]).astype(float).fillna(settings[name]).to_numpy(float)
            for name in ("offset_share", "auction_share", "reserve_share")}
    book.at_most("carbon market: offsets within their share", names, value["offset_t"], part["offset_share"] * value["emissions_t"],
                 unit="tCO2", tolerance=slack)
    free = 1 - part["auction_share"] - part["reserve_share"]
    book.equal("carbon market: free allowances", names, value["free_t"], free * value["allowances_t"], unit="tCO2", tolerance=slack)
    _check_banks(book, account, slack)
    return _check_markets(book, account, (tables or {}).get("carbon_market"), settings)


def _check_banks(book, account, slack) -> None:
    """What is banked at the end of a year is there at the start of the next; at the first as much of what is given as the
    horizon covers of that year."""
    rows = account.sort_values(["entity", "year"], kind="stable")
    before = rows.groupby("entity")["banked_out_t"].shift()
    given = rows["entity"].map(book.case.tables["carbon_entities"].set_index("entity")["banked_t"]).fillna(0.0)
    years = book.case.time.year.to_numpy()
    days = 366 if calendar.isleap(int(years[0])) else 365
    given *= np.asarray(book.case.step_hours)[years == years[0]].sum() / (24 * days)
    book.equal("carbon market: bank carried over", rows["entity"], rows["banked_in_t"], before.fillna(given), unit="tCO2",
               tolerance=float(slack.max()))


def _check_markets(book, account, market, settings) -> dict[str, np.ndarray]:
    if market is None:
        return {}
    keys = pd.MultiIndex.from_frame(market[["market", "year"]])
    sums = account.groupby(["market", "year"])[SIZES].sum().reindex(keys)
    for name in SIZES:
        book.equal("carbon market: sums of its entities", market["market"], market[name], sums[name], unit="tCO2",
                   tolerance=LEAST + RELATIVE * sums[name].abs().to_numpy())
    for name in ("allowance_price_cny_per_t", "ccer_price_cny_per_t"):
        paid = account.set_index(["market", "year"])[name]
        stored = market.set_index(["market", "year"])[name].reindex(paid.index)
        book.equal("carbon market: one price", account["entity"], paid, stored.to_numpy(float), unit="CNY/tCO2", tolerance=1e-9)
    given = (market["pricing"] == "given").to_numpy()
    fixed = market["market"].map(book.case.tables["carbon_markets"].set_index("market")["allowance_price_cny_per_t"])
    fixed = fixed.astype(float).fillna(settings["allowance_price_cny_per_t"] or np.nan).to_numpy(float)
    price = market["allowance_price_cny_per_t"].to_numpy(float)
    book.equal("carbon market: price as given", market["market"][given], price[given], fixed[given], unit="CNY/tCO2", tolerance=1e-9)
    fine = settings["penalty_factor"] * fixed
    known = ~np.isnan(fine)
    book.equal("carbon market: fine", market["market"][known], market["shortfall_price_cny_per_t"][known], fine[known],
               unit="CNY/tCO2", tolerance=1e-6)
    traded = np.where(given, price, 0.0) * (market["bought_t"] + market["auctioned_t"] - market["sold_t"]).to_numpy(float)
    last = market["year"].to_numpy() == market["year"].max()
    banked = -settings["banked_value_cny_per_t"] * market["banked_out_t"].to_numpy(float) * last
    return {"carbon_market.trade": traded, "carbon_market.banked": banked,
            "carbon_market.shortfall": (market["shortfall_price_cny_per_t"] * market["shortfall_t"]).to_numpy(float)}


def check_obligations(book, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `green_obligations`; terms of the costs of what is short and of what is given up for CCER."""
    table, settings = (tables or {}).get("green_obligations"), (policies or {}).get("green_certificates")
    if table is None or settings is None:
        return {}
    names, required = table["party"].to_numpy(object), table["required_mwh"].to_numpy(float)
    slack = 10 * book.energy + 1e-7 * required
    _check_shares(book, table, slack)
    book.equal("obligation: share of consumption", names, required, table["share"] * table["consumption_mwh"], unit="MWh", tolerance=slack)
    counted = table["physical_mwh"] + table["certificates_mwh"] - table["debited_mwh"]
    book.at_most("obligation: met or short", names, required, counted + table["short_mwh"], unit="MWh", tolerance=slack)
    book.at_most("obligation: short no more than required", names, table["short_mwh"], np.maximum(required, 0.0), unit="MWh", tolerance=slack)
    reached = np.divide(counted, table["consumption_mwh"], out=np.full(len(table), np.nan), where=table["consumption_mwh"] > 0)
    book.equal("obligation: share reached", names, table["achieved_share"].fillna(0.0), np.nan_to_num(reached), unit="1", tolerance=1e-6)
    fine = ~table["assessed"].astype(bool) | (table["short_mwh"] <= 1e-6 * np.maximum(required, 1.0))
    book.equal("obligation: passed", names, table["passed"].astype(float), fine.astype(float), unit="1", tolerance=0.0)
    short = table["short_mwh"].to_numpy(float) * table["assessed"].astype(bool).to_numpy()
    terms = {"green_certificates.shortfall": settings["shortfall_penalty_cny_per_mwh"] * short}
    market = (tables or {}).get("certificate_market")
    if market is not None:
        worth = (settings["ccer_price_cny_per_t"] or 0.0) * (settings["ccer_factor_t_per_mwh"] or 0.0)
        terms["green_certificates.ccer"] = -worth * market["ccer_mwh"].to_numpy(float)
    return terms


def _check_shares(book, table, slack) -> None:
    """Weights of zones: the share of the inputs, of the load that was served in the year."""
    rows = table[table["obligation"].isin(["total", "non_hydro"])]
    given = book.case.tables["loads"]
    served = book.stored("demand", len(given)) - book.stored("unserved_demand", len(given))
    every = np.unique(book.case.time.year)
    in_year = (book.case.time.year.to_numpy()[:, None] == every) * book.hours[:, None]
    zones = pd.Index(book.case.zones)
    energy = book.sums(served @ in_year, book.zone_of("loads"), len(zones))
    at = np.searchsorted(every, rows["year"]).clip(max=len(every) - 1)
    found = np.where(every[at] == rows["year"], energy[zones.get_indexer(rows["zone"]), at], np.nan)
    book.equal("obligation: consumption of the zone", rows["party"], rows["consumption_mwh"], found, unit="MWh",
               tolerance=float(np.max(slack, initial=0.0)) + 1e-7 * np.nan_to_num(found))
