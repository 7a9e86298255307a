"""Carbon market: every entity covers what it emits.

    emissions = free + auctioned + bought - sold + offset + banked in - banked out + shortfall - lapsed    [tCO2]
    offset <= offset share x emissions, and out of the cheapest steps of the supply
    auctioned <= auctioned share of all allowances + released;  released <= reserve share of them
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
    reserve, offsets = _check_reserve(book, market, sums, settings), _check_offsets(book, account, settings)
    traded = np.where(given, price, 0.0) * (market["bought_t"] + market["auctioned_t"] - market["sold_t"]).to_numpy(float)
    last = market["year"].to_numpy() == market["year"].max()
    banked = -settings["banked_value_cny_per_t"] * market["banked_out_t"].to_numpy(float) * last
    return {"carbon_market.trade": traded, "carbon_market.banked": banked, "carbon_market.reserve": reserve, "carbon_market.offsets": offsets,
            "carbon_market.shortfall": (market["shortfall_price_cny_per_t"] * market["shortfall_t"]).to_numpy(float)}


def _check_reserve(book, market, sums, settings) -> np.ndarray:
    """What is auctioned and released out of the reserve is a part of the allowances; what is paid for the latter [CNY]."""
    rules = book.case.tables["carbon_markets"].set_index("market")
    part = {name: market["market"].map(rules[name]).astype(float).fillna(np.nan if settings[name] is None else settings[name])
            .to_numpy(float) for name in ("auction_share", "reserve_share", "reserve_price_cny_per_t")}
    allowances, released = sums["allowances_t"].to_numpy(float), market["reserve_released_t"].to_numpy(float)
    slack = LEAST + RELATIVE * allowances
    open_ = (market["pricing"] == "cleared").to_numpy() & ~np.isnan(part["reserve_price_cny_per_t"])
    book.between("carbon market: released out of the reserve", market["market"], 0.0, released,
                 np.where(open_, part["reserve_share"] * allowances, 0.0), unit="tCO2", tolerance=slack)
    book.at_most("carbon market: auctioned of what is offered", market["market"], sums["auctioned_t"],
                 part["auction_share"] * allowances + released, unit="tCO2", tolerance=slack)
    cleared = (market["pricing"] == "cleared").to_numpy()
    book.equal("carbon market: bought is sold", market["market"][cleared], (sums["bought_t"] - sums["sold_t"]).to_numpy(float)[cleared],
               unit="tCO2", tolerance=slack[cleared])
    return np.nan_to_num(part["reserve_price_cny_per_t"]) * released


def _check_offsets(book, account, settings) -> np.ndarray:
    """Offsets are within the supply of certified reductions; what the cheapest steps of it cost [CNY]."""
    years, offsets = np.unique(account["year"], return_index=False), account.groupby("year")["offset_t"].sum()
    covered = np.array([book.hours[book.case.time.year == year].sum() / (8784 if calendar.isleap(int(year)) else 8760)
                        for year in years])
    supply = book.case.tables["ccer_supply"].sort_values("price_cny_per_t", kind="stable")
    needed = offsets.reindex(years).to_numpy(float)
    if supply.empty:
        return needed * settings["ccer_price_cny_per_t"]
    until = np.cumsum(supply["quantity_t"].to_numpy(float)[:, None] * covered, axis=0)
    book.at_most("carbon market: offsets within the supply", years, needed, until[-1], unit="tCO2",
                 tolerance=LEAST * len(account) + RELATIVE * needed)
    taken = np.diff(np.minimum(until, needed), axis=0, prepend=0.0)
    taken[-1] += needed - taken.sum(axis=0)
    return (taken * supply["price_cny_per_t"].to_numpy(float)[:, None]).ravel()
