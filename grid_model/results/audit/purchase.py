"""Guaranteed purchase: energy by rank and by generator as the dispatch has it, and no less taken than could be."""

from __future__ import annotations

import numpy as np
import pandas as pd

ORDER = 1e-6  # of the energy of a rank

BY_ENERGY = {
    "hydro_priority": ("hydro_priority",),
    "hydro": ("hydro",),
    "full_purchase": ("full_purchase",),
    "market": ("guaranteed", "market"),
}


def check_purchase(book, plants, tables) -> None:
    """All laws of the tables `purchase_order` and `guaranteed_purchase`."""
    if "purchase_order" in (tables or {}):
        _check_order(book, plants, tables["purchase_order"])
    if "guaranteed_purchase" in (tables or {}):
        _check_generators(book, plants, tables["guaranteed_purchase"])


def _check_order(book, plants, table) -> None:
    """Energy available and taken by rank as the dispatch has it, and no less taken than could be."""
    book.equal(
        "purchase order: ranks",
        ["rank"],
        [float(list(table["rank"]) != list(range(len(table))))],
        unit="1",
        tolerance=0.0,
    )
    found = {name: _energy(book, plants, name) for name in table["purchase_class"]}
    taken, lost = (np.array([found[name][part] for name in found]) for part in (0, 1))
    slack = np.maximum(ORDER * (taken + lost), 10 * book.energy)
    names = list(found)
    stored = {name: table[name].to_numpy(float) for name in ("available_mwh", "taken_mwh", "optimum_mwh")}
    book.equal("purchase order: available", names, stored["available_mwh"], taken + lost, unit="MWh", tolerance=slack)
    book.equal("purchase order: taken", names, stored["taken_mwh"], taken, unit="MWh", tolerance=slack)
    book.equal(
        "purchase order: taken what could be",
        names,
        stored["taken_mwh"],
        stored["optimum_mwh"],
        unit="MWh",
        tolerance=slack,
    )
    if "rank_objective" in book.dispatch:
        told = book.dispatch["rank_objective"].to_series().reindex(names)
        book.equal("purchase order: what each rank came to", names, told, lost, unit="MWh", tolerance=slack)
    book.equal("purchase order: passed", names, 1.0 - table["passed"].to_numpy(float), unit="1", tolerance=0.0)


def _energy(book, plants, name: str) -> tuple[float, float]:
    """Energy of a rank that is taken, and what is not [MWh]."""
    if name == "load":
        demand, unserved = (
            book.stored(one, len(book.case.tables["loads"])) @ book.hours for one in ("demand", "unserved_demand")
        )
        return float((demand - unserved).sum()), float(unserved.sum())
    if name == "guaranteed":
        return _guaranteed(book, plants)
    classes = plants.table["purchase_class"].to_numpy(object)
    rows = np.isin(classes.astype(str), BY_ENERGY[name]) & (plants.group != "thermal")
    output = plants.output[rows] @ book.hours
    return float(output.sum()), float((plants.available[rows] @ book.hours - output).sum())


def _guaranteed(book, plants) -> tuple[float, float]:
    """What of the guaranteed quantity of each generator and year is generated, and what is short [MWh]."""
    rows = (plants.table["purchase_class"] == "guaranteed").to_numpy() & (plants.capacity > 0)
    promised, in_year = _promised(book, plants)
    short = np.maximum(promised - plants.output @ in_year, 0.0)[rows]
    return float((promised[rows] - short).sum()), float(short.sum())


def _promised(book, plants) -> tuple[np.ndarray, np.ndarray]:
    """Guaranteed quantity of each generator and calendar year by its hours [MWh], and the hours of each step in each year."""
    time = book.case.time
    in_year = (time.year.to_numpy()[:, None] == np.unique(time.year)) * book.hours[:, None]
    share = (in_year / np.where(time.is_leap_year, 8784.0, 8760.0)[:, None]).sum(axis=0)
    guaranteed = (plants.table["purchase_class"] == "guaranteed").to_numpy()
    hours = np.where(guaranteed, plants.table["guaranteed_hours"].fillna(0.0).to_numpy(float), 0.0)
    return (hours * plants.capacity)[:, None] * share, in_year


def _check_generators(book, plants, table) -> None:
    """Of each generator with a class and year: what is guaranteed, generated, bought so, sold to the market and short."""
    some = (plants.table["purchase_class"] != "none").to_numpy()
    promised, in_year = _promised(book, plants)
    in_full = plants.table["purchase_class"].isin([name for name in BY_ENERGY if name != "market"]).to_numpy()[:, None]
    generated = plants.output @ in_year
    guaranteed = np.where(in_full, plants.available @ in_year, promised)
    bought = np.minimum(guaranteed, generated)
    keys = pd.MultiIndex.from_product([plants.names[some], np.unique(book.case.time.year)])
    told = table.set_index(["generator", "year"])
    book.equal("guaranteed purchase: a row for each generator and year", ["all"], [len(keys.symmetric_difference(told.index))],
               unit="1", tolerance=0.0)
    told = told[~told.index.duplicated()].reindex(keys)
    figures = {"guaranteed": guaranteed, "generated": generated, "bought": bought, "market": generated - bought,
               "shortfall": guaranteed - bought}
    for name, values in figures.items():
        expected = values[some].ravel()
        book.equal(f"guaranteed purchase: {name}", keys.get_level_values(0), told[f"{name}_mwh"], expected, unit="MWh",
                   tolerance=10 * book.energy + ORDER * np.abs(expected))
