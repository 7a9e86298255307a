"""Carbon market: every entity covers what it emits.

    emissions = free + auctioned + bought - sold + offset + banked in - banked out + shortfall - lapsed    [tCO2]
    shortfall <= emissions
    offset <= offset share x emissions, and out of the cheapest steps of the supply
    auctioned <= auctioned share of all allowances + released;  released <= reserve share of them
    allowances = benchmark x energy of its plant, or its plant's part of the cap
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
    book.at_most("carbon market: no more uncovered than emitted", names, value["shortfall_t"], value["emissions_t"], unit="tCO2",
                 tolerance=slack)
    emitted = book.stored("emissions", len(plants.names), False)
    book.equal("carbon market: emissions of all plant", ["all entities"], [value["emissions_t"].sum()], [emitted.sum()], unit="tCO2",
               tolerance=LEAST + RELATIVE * emitted.sum())
    _check_entities(book, plants, account, emitted, settings, slack)
    markets = book.case.tables["carbon_markets"].set_index("market")
    part = {name: account["market"].map(markets[name]).astype(float).fillna(settings[name]).to_numpy(float)
            for name in ("offset_share", "auction_share", "reserve_share")}
    book.at_most("carbon market: offsets within their share", names, value["offset_t"], part["offset_share"] * value["emissions_t"],
                 unit="tCO2", tolerance=slack)
    free = 1 - part["auction_share"] - part["reserve_share"]
    book.equal("carbon market: free allowances", names, value["free_t"], free * value["allowances_t"], unit="tCO2", tolerance=slack)
    _check_banks(book, account, slack)
    return _check_markets(book, account, (tables or {}).get("carbon_market"), settings)


def _check_entities(book, plants, account, emitted, settings, slack) -> None:
    """What the plant of every entity emits, and what it is given for that."""
    case, table, thermal = book.case, plants.table, plants.of("thermal")
    entities = table["zone" if settings["entity"] == "zone" else "generator"].to_numpy(object)[thermal]
    rules = case.tables["carbon_markets"].set_index("market")
    zones = case.tables["zones"].assign(market=case.tables["zones"]["carbon_market"].replace("", "national")).set_index("zone")
    market = pd.Series(zones["market"].reindex(table["zone"]).to_numpy(object)[thermal], entities)
    market = market[~market.index.duplicated()].reindex(account["entity"])
    book.equal("carbon market: market of an entity", account["entity"], market.to_numpy(object) != account["market"].to_numpy(object), 0.0,
               unit="1", tolerance=0.0)
    home = account["entity"] if settings["entity"] == "zone" else account["entity"].map(table.set_index("generator")["zone"])
    book.equal("carbon market: zone of an entity", account["entity"], home.to_numpy(object) != account["zone"].to_numpy(object), 0.0,
               unit="1", tolerance=0.0)
    emissions, allowances = np.zeros(len(account)), np.zeros(len(account))
    for year in account["year"].unique():
        within = book.hours * (case.time.year.to_numpy() == year)
        benchmark = _benchmarks(case, table, year)[thermal]
        caps = _caps(table.iloc[thermal], _benchmarks(case, table, account["year"].min())[thermal], zones, rules, settings)
        caps *= within.sum() / (24 * (366 if calendar.isleap(int(year)) else 365))
        for row in np.flatnonzero(account["year"] == year):
            own = entities == account["entity"].iloc[row]
            emissions[row] = emitted[thermal[own]][:, within > 0].sum()
            market = account["market"].iloc[row]
            rule = rules["allocation"].get(market) or settings["allocation"]
            allowances[row] = caps[own].sum() if rule == "cap" else benchmark[own] @ plants.output[thermal[own]] @ within
    book.equal("carbon market: emissions of an entity", account["entity"], account["emissions_t"], emissions, unit="tCO2", tolerance=slack)
    book.equal("carbon market: allowances", account["entity"], account["allowances_t"], allowances, unit="tCO2",
               tolerance=slack + RELATIVE * allowances)


def _benchmarks(case, table, year) -> np.ndarray:
    """Of each plant [tCO2/MWh]: its own, else that of its technology, of the latest year that has begun, else of the first."""
    given = case.tables["carbon_benchmarks"].sort_values("year", kind="stable")
    of_technology = {}
    for technology, rows in given.groupby("technology"):
        begun = rows[rows["year"] <= year]
        of_technology[technology] = (begun.iloc[-1] if len(begun) else rows.iloc[0])["benchmark_t_per_mwh"]
    found = table["carbon_benchmark_t_per_mwh"].fillna(table["technology"].map(of_technology).astype(float))
    return found.fillna(0.0).to_numpy(float)


def _caps(plants, benchmark, zones, rules, settings) -> np.ndarray:
    """Part of each plant in a cap [tCO2 a year]: of its zone where that has one, else of what zones leave of the market's; by
    capacity times benchmark, or times what it emits where it has none."""
    weight = np.where(benchmark > 0, benchmark, plants["emissions_t_per_mwh"]) * plants["capacity_mw"].to_numpy(float)
    zone, parts = plants["zone"].to_numpy(object), np.zeros(len(plants))
    market = zones["market"].reindex(zone).to_numpy(object)
    own = zones["carbon_cap_t"].reindex(zone).to_numpy(float)
    for name in np.unique(market):
        here = (market == name) & (weight > 0)
        of_zones = {one: cap for one, cap in zip(zone[here], own[here]) if cap == cap}
        cap = rules["cap_t"].get(name, np.nan)
        cap = settings["cap_t"] if cap != cap else cap
        cap = zones.loc[zones["market"] == name, "carbon_cap_t"].sum() if cap is None else cap
        for pool, amount in [*of_zones.items(), (None, max(cap - sum(of_zones.values()), 0.0))]:
            of_pool = here & (np.isnan(own) if pool is None else zone == pool)
            parts[of_pool] = amount * weight[of_pool] / weight[of_pool].sum()
    return parts


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
    rules = book.case.tables["carbon_markets"].set_index("market")
    for column, setting in (("allocation", "allocation"), ("pricing", "price")):
        ruled = [rules[setting].get(name) or settings[setting] for name in market["market"]]
        book.equal("carbon market: ruled as given", market["market"], market[column].to_numpy(object) != np.array(ruled, object), 0.0,
                   unit="1", tolerance=0.0)
    given = (market["pricing"] == "given").to_numpy()
    fixed = market["market"].map(book.case.tables["carbon_markets"].set_index("market")["allowance_price_cny_per_t"])
    fixed = fixed.to_numpy(float)
    if settings["allowance_price_cny_per_t"] is not None:
        fixed = np.where(np.isnan(fixed), settings["allowance_price_cny_per_t"], fixed)
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
    return {
        "carbon_market.trade": traded,
        "carbon_market.banked": banked,
        "carbon_market.reserve": reserve,
        "carbon_market.offsets": offsets,
        "carbon_market.shortfall": (market["shortfall_price_cny_per_t"] * market["shortfall_t"]).to_numpy(float),
    }


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
