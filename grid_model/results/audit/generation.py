"""Generators: limits of output, what is available and curtailed, monthly budgets, heat in store, floors for heat.

symbol  unit  what
g       MW    generation before what capture uses, m <= g <= A
A       MW    availability (else max_output_fraction) x capacity
F       MW    min_output (else min_output_fraction) x capacity, at most A
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Plants:
    """Figures of all generators in the order of their table; arrays of shape (generators, steps) in MW."""

    names: np.ndarray
    table: pd.DataFrame
    group: np.ndarray  # thermal, renewable, solar_thermal, hydro, reservoir
    capacity: np.ndarray  # (generators,)
    greatest: np.ndarray  # A
    floor: np.ndarray  # F
    output: np.ndarray  # as stored, into the grid
    available: np.ndarray  # as stored
    gross: np.ndarray  # g
    captured: np.ndarray  # tCO2 in the step

    def of(self, *groups: str) -> np.ndarray:
        return np.flatnonzero(np.isin(self.group, groups))


def read_plants(book) -> Plants:
    table = book.case.tables["generators"]
    names = table["generator"].to_numpy(object)
    group = _groups(book.case, table)
    thermal, heat = group == "thermal", group == "solar_thermal"
    capacity = table["capacity_mw"].to_numpy(float)
    roof = table["max_output_fraction"].to_numpy(float)
    part = np.where(heat[:, None], roof[:, None], book.case.profile("availability", names, roof))
    greatest = part * capacity[:, None]
    floor = book.case.profile("min_output", names, table["min_output_fraction"].to_numpy(float)) * capacity[:, None]
    output, available = book.stored("generation", len(names)), book.stored("available", len(names))
    captured = np.where(thermal[:, None], book.stored("captured", len(names), bool(thermal.any())), 0.0)
    use = np.where(thermal, table["capture_energy_mwh_per_t"].to_numpy(float), 0.0)
    gross = output + use[:, None] * captured / book.hours
    return Plants(
        names, table, group, capacity, greatest, np.minimum(floor, greatest), output, available, gross, captured
    )


def _groups(case, table) -> np.ndarray:
    """Which laws a generator obeys: its technology's kind, and apart those with a heat store or a reservoir."""
    kinds = case.tables["technologies"].set_index("technology")["kind"]
    kind = table["technology"].map(kinds).to_numpy(object)
    kind = np.where((kind == "renewable") & (table["heat_store_hours"].to_numpy(float) > 0), "solar_thermal", kind)
    return np.where(table["generator"].isin(case.tables["reservoirs"]["generator"]), "reservoir", kind).astype(str)


def check_generation(book, plants: Plants) -> np.ndarray:
    """All laws of output but those of thermal plant over time; generation by zone [MW]."""
    _check_renewable(book, plants)
    _check_hydro(book, plants)
    _check_heat_stores(book, plants)
    losing = plants.group != "thermal"
    if len(plants.names):
        curtailed = np.where(losing[:, None], np.maximum(plants.available - plants.output, 0.0), 0.0)
        book.equal(
            "curtailment is available less generation", plants.names, book.stored("curtailment", len(losing)), curtailed
        )
    return book.sums(plants.output, book.zone_of("generators"), len(book.case.zones))


def _check_renewable(book, plants) -> None:
    rows = plants.of("renewable")
    names = plants.names[rows]
    book.equal("available as given", names, plants.available[rows], plants.greatest[rows])
    book.between("generation within its limits", names, plants.floor[rows], plants.output[rows], plants.greatest[rows])


def _check_hydro(book, plants) -> None:
    """In a month with a budget below what A lets through: sum of g dt <= M, and what is left is available evenly."""
    rows = plants.of("hydro")
    if not len(rows):
        return
    names, month, months = plants.names[rows], book.case.month_of_step, book.case.months
    in_month = (month[:, None] == np.arange(len(months))) * book.hours[:, None]
    hours, greatest = in_month.sum(axis=0), plants.greatest[rows]
    budget = book.case.profile("energy_budget", names) @ in_month
    limited = budget < greatest @ in_month * (1 - 1e-9)
    unused = np.where(limited, budget - plants.output[rows] @ in_month, 0.0)
    book.at_most("energy of a month within its budget", names, -unused, 0.0, unit="MWh", moments=months)
    mean = np.where(limited, budget / hours, np.inf)[:, month]
    book.between(
        "generation within its limits", names, np.minimum(plants.floor[rows], mean), plants.output[rows], greatest
    )
    expected = np.where(limited[:, month], plants.output[rows] + (unused / hours)[:, month], greatest)
    book.equal("available as given", names, plants.available[rows], expected)


def _check_heat_stores(book, plants) -> None:
    """h[t] = (1 - loss)^dt h[t-1] + dt (Q - available), where available is what the turbine takes and what is
    defocused."""
    rows = plants.of("solar_thermal")
    if not len(rows):
        return
    names, table, capacity = plants.names[rows], plants.table.iloc[rows], plants.capacity[rows]
    given = book.case.profile("availability", names, table["max_output_fraction"].to_numpy(float))
    collected = given * (table["solar_multiple"].to_numpy(float) * capacity)[:, None]
    output, available = plants.output[rows], plants.available[rows]
    book.between("generation within its limits", names, plants.floor[rows], output, plants.greatest[rows])
    book.between(
        "heat defocused within what is gathered", names, 0.0, available - output, collected, tolerance=2 * book.power
    )
    heat, room = (
        book.stored("heat_level", len(plants.names))[rows],
        table["heat_store_hours"].to_numpy(float) * capacity,
    )
    start = table["initial_heat_fraction"].to_numpy(float) * room
    earlier = np.column_stack([np.where(np.isnan(start), heat[:, -1], start), heat[:, :-1]])
    kept = (1 - table["heat_loss_fraction_per_hour"].to_numpy(float)[:, None]) ** book.hours
    book.between("heat in store within its limits", names, 0.0, heat, room[:, None], unit="MWh")
    book.equal(
        "heat in store",
        names,
        heat,
        kept * earlier + book.hours * (collected - available),
        unit="MWh",
        tolerance=2 * book.energy,
    )
