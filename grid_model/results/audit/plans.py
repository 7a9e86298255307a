"""Plans and contracts of energy: planned generation, corridor contracts, and the renewable share of export corridors.

    planned + nothing = Q          Q recomputed; what a day generates below its plan is short
    contracted - short + over      is what a line carried; its days alone deviate no less than that
    renewable + short >= share x carried;  renewable <= what is sent and, step by step, generated behind it or out of its stores;
    in all, <= what the plants behind the corridor generate
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def check_plans(book, plants, sent, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `planned_generation`, `corridor_contracts` and `green_corridors`; terms of the costs of what is missed."""
    terms = {}
    for name, check, cost in (("planned_generation", _check_planned, "planned_generation.shortfall"),
                              ("corridor_contracts", _check_contracts, "corridor_contract.deviation"),
                              ("green_corridors", _check_corridors, "green_corridor.shortfall")):
        settings = (policies or {}).get(cost.partition(".")[0])
        if tables and name in tables and settings is not None:
            missed = check(book, tables[name], plants, sent)
            price = next(value for key, value in settings.items() if key.endswith("_cny_per_mwh"))
            terms[cost] = price * missed
    return terms


def _days(book) -> tuple[np.ndarray, np.ndarray]:
    """Hours of each step in each day, (steps, days), and the month of each day."""
    day, first = book.case.time.normalize().factorize()
    return (day[:, None] == np.arange(len(first))) * book.hours[:, None], first.strftime("%Y-%m").to_numpy(object)


def _by_month(values: np.ndarray, names, months: np.ndarray, keys: pd.MultiIndex) -> np.ndarray:
    """Sums of (names, days) by name and month, in the order of the keys; NaN where there is none."""
    table = pd.DataFrame(values, index=names, columns=months).T.groupby(level=0).sum().T
    return table.stack().reindex(keys).to_numpy(float)


def _check_planned(book, table, plants, _) -> np.ndarray:
    in_day, months = _days(book)
    keys = pd.MultiIndex.from_frame(table[["generator", "month"]].astype(object))
    hours = np.nan_to_num(plants.table["planned_hours"].to_numpy(float))
    year = np.where(book.case.time.is_leap_year, 8784.0, 8760.0)
    most = book.case.profile("availability", plants.names, plants.table["max_output_fraction"].to_numpy(float))
    planned = (np.minimum(hours[:, None] / year, 1.0) * most * plants.capacity[:, None]) @ in_day
    missing = np.maximum(planned - plants.output @ in_day, 0.0)
    planned, missing = (_by_month(values, plants.names, months, keys) for values in (planned, missing))
    names, short, slack = table["generator"], table["short_mwh"].to_numpy(float), 10 * book.energy
    book.equal("planned generation: plan", names, table["planned_mwh"], planned, unit="MWh", tolerance=slack + 1e-7 * planned)
    book.at_most("planned generation: met or short", names, missing, short, unit="MWh", tolerance=slack + 1e-7 * planned)
    ruled = int(((hours > 0) & (plants.capacity > 0)).sum() * len(np.unique(months)))
    book.equal("planned generation: a row for every plan", ["rows"], [len(table)], [ruled], unit="1", tolerance=0.0)
    return short


def _check_contracts(book, table, *_) -> np.ndarray:
    in_day, months = _days(book)
    lines = book.case.tables["lines"]["line"].to_numpy(object)
    keys = pd.MultiIndex.from_frame(table[["line", "month"]].astype(object))
    given = book.case.tables["corridor_contracts"].set_index(["line", "month"])["energy_mwh"]
    month = pd.PeriodIndex(book.case.time, freq="M")
    deal = given.unstack().reindex(index=lines, columns=range(1, 13)).to_numpy(float)[:, month.month - 1]
    contracted = np.nan_to_num(deal / (24.0 * month.days_in_month.to_numpy())) @ in_day
    carried = book.stored("flow", len(lines)) @ in_day
    off = _by_month(np.abs(carried - contracted), lines, months, keys)
    contracted, carried = (_by_month(values, lines, months, keys) for values in (contracted, carried))
    short, over = table["short_mwh"].to_numpy(float), table["over_mwh"].to_numpy(float)
    names, slack = table["line"], 10 * book.energy + 1e-7 * np.abs(contracted)
    book.equal("corridor contract: energy", names, table["contracted_mwh"], contracted, unit="MWh", tolerance=slack)
    book.equal("corridor contract: carried", names, contracted - short + over, carried, unit="MWh", tolerance=slack)
    book.at_most("corridor contract: deviation of its days", names, off, short + over, unit="MWh", tolerance=slack)
    return short + over


def _check_corridors(book, table, plants, sent) -> np.ndarray:
    lines = book.case.tables["lines"].set_index("line")
    at, names = lines.index.get_indexer(table["line"]), table["line"].to_numpy(object)
    in_year = (book.case.time.year.to_numpy()[:, None] == table["year"].to_numpy()).T * book.hours
    flow = book.stored("flow", len(lines))[at]
    carried, renewable = (np.maximum(flow, 0.0) * in_year).sum(axis=1), table["renewable_mwh"].to_numpy(float)
    short, slack = table["short_mwh"].to_numpy(float), 10 * book.energy + 1e-7 * carried
    share = lines["min_renewable_share"].to_numpy(float)[at]
    ruled = int((lines["min_renewable_share"] > 0).sum() * len(np.unique(book.case.time.year)))
    rows = len(table.drop_duplicates(["line", "year"])) if table["year"].isin(book.case.time.year).all() else -1
    book.at_most("green corridor: one row a line and year", ["rows"], [rows < 1 or rows != len(table) or rows > ruled], 0.0, unit="1",
                 tolerance=0.0)
    book.equal("green corridor: share asked for", names, table["min_renewable_share"], share, unit="1", tolerance=1e-9)
    book.equal("green corridor: carried", names, table["carried_mwh"], carried, unit="MWh", tolerance=slack)
    book.at_most("green corridor: renewable or short", names, share * carried, renewable + short, unit="MWh", tolerance=slack)
    told = ((lines["loss_fraction"] > 0) | (lines["cost_cny_per_mwh"] != 0) | (lines["reverse_capacity_mw"] == 0)
            | (lines["min_flow_mw"] > 0) | book.case.scenario.solve.one_way).to_numpy()[at]  # of others no flow tells what counted
    group, behind, ruled, stores = _bases(book, table, plants, lines["from_zone"].to_numpy(object)[at])
    stored = book.stored("discharge", len(stores))
    there = np.array([plants.output[ruled & (behind == one)].sum(axis=0) + stored[stores == name].sum(axis=0)
                      for one, name in zip(group, names)])
    counted = (np.minimum((sent[at] + flow) / 2, there) * in_year).sum(axis=1)
    book.at_most("green corridor: renewable part of what is carried", names[told], renewable[told], counted[told], unit="MWh",
                 tolerance=slack[told])
    passed = short <= 1e-6 * np.maximum(table["carried_mwh"].to_numpy(float), 1.0)
    book.equal("green corridor: passed", names, table["passed"].astype(float), passed.astype(float), unit="1", tolerance=0.0)
    _check_behind(book, table, plants, group, behind, ruled, slack)
    return short


def _bases(book, table, plants, from_zone) -> tuple[np.ndarray, ...]:
    """The group that each row draws on, a base or a zone; the group that each plant is behind, and whether its energy is renewable;
    the corridor of each store."""
    ruled = (plants.table["certificate"] != "none").to_numpy()
    base, storage = plants.table["corridor"].to_numpy(object), book.case.tables["storage"]["corridor"]
    own = table["line"].isin({*base, *storage}).to_numpy()
    group = np.where(own, table["line"].to_numpy(object), from_zone)
    return group, np.where(base != "", base, plants.table["zone"].to_numpy(object)), ruled, storage.to_numpy(object)


def _check_behind(book, table, plants, group, behind, ruled, slack) -> None:
    """Renewable energy of corridors is that of plants of their base, or of all plants of their zone that are in no base."""
    years = table["year"].to_numpy()
    for year in np.unique(years):  # so far: a store may keep it over the new year
        energy = np.where(ruled, plants.output @ (book.hours * (book.case.time.year <= year)), 0.0)
        for name in np.unique(group.astype(str)):
            rows = (group == name) & (years <= year)
            book.at_most("green corridor: renewable energy behind it", [name], [table["renewable_mwh"].to_numpy(float)[rows].sum()],
                         [energy[behind == name].sum()], unit="MWh", tolerance=float(slack[rows].sum()))
