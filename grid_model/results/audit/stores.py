"""Storage: level from charge and discharge, its limits, start and end, the shared converter, cycles of a day, its
place.

e[t] = (1 - loss[t])^dt e[t-1] + eta_c c dt - d dt / eta_d    [MWh]
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.audit.levels import check_levels


def check_storage(book) -> np.ndarray:
    """All laws of storage; discharge less charge by zone [MW]."""
    table = book.case.tables["storage"]
    names = table["storage"].to_numpy(object)
    charge, discharge, level = (book.stored(name, len(names)) for name in ("charge", "discharge", "state_of_charge"))
    if len(names):
        _check_levels(book, table, names, charge, discharge, level)
        _check_power(book, table, names, charge, discharge)
        _check_cycles(book, table, names, charge, discharge)
    return book.sums(discharge - charge, book.zone_of("storage"), len(book.case.zones))


def _check_levels(book, table, names, charge, discharge, level) -> None:
    into, out, least, final, energy = (
        table[column].to_numpy(float)
        for column in (
            "charge_efficiency",
            "discharge_efficiency",
            "min_level_fraction",
            "final_fraction",
            "energy_mwh",
        )
    )
    cyclic = table["cyclic"].to_numpy(bool)
    lowest, start = least * energy, start_of(table, level)
    loss = book.case.profile("level_loss", names, table["loss_fraction_per_hour"])
    gain = book.hours * (into[:, None] * charge - discharge / out[:, None])
    lower, upper = (book.case.profile(name, names, part) * energy[:, None] for name, part in (
        ("min_level", least), ("max_level", 1.0)))
    asked = np.fmax(final * energy, lowest)
    check_levels(book, "state of charge", names, level, start, (1 - loss) ** book.hours, gain, lower, upper, asked)
    ring = np.flatnonzero(cyclic)
    book.equal(
        "state of charge at the end as at the start",
        names[ring],
        level[ring, -1:],
        start[ring, None],
        unit="MWh",
        moments=book.case.time[-1:],
    )


def start_of(table, level) -> np.ndarray:
    """Level of each store before the first step [MWh]: as given, else where its ring closes, else half full."""
    first, energy, least = (table[name].to_numpy(float) for name in ("initial_fraction", "energy_mwh", "min_level_fraction"))
    half = np.maximum(energy / 2, least * energy)
    return np.where(np.isnan(first), np.where(table["cyclic"].to_numpy(bool), level[:, -1], half), first * energy)


def powers(table) -> tuple[np.ndarray, np.ndarray]:
    """Greatest charge and discharge of each store [MW]."""
    power = table["power_mw"].to_numpy(float)
    return table["charge_power_mw"].fillna(table["power_mw"]).to_numpy(float), power


def _check_power(book, table, names, charge, discharge) -> None:
    most_in, most_out = powers(table)
    book.between("charge within its limits", names, 0.0, charge, most_in[:, None])
    book.between("discharge within its limits", names, 0.0, discharge, most_out[:, None])
    both = (most_in > 0) & (most_out > 0) & ~table["separate_equipment"].to_numpy(bool)
    ratio = most_out[both] / most_in[both]
    book.at_most(
        "charge and discharge share a converter",
        names[both],
        ratio[:, None] * charge[both] + discharge[both],
        most_out[both, None],
        tolerance=book.power * (1 + ratio[:, None]),
    )


def _check_cycles(book, table, names, charge, discharge) -> None:
    """Energy delivered and charged in a day, in units of what the store holds; a part of a day in proportion."""
    day, days = book.case.time.normalize().factorize()
    in_day = (day[:, None] == np.arange(len(days))) * book.hours[:, None]
    share = in_day.sum(axis=0) / 24
    energy = table["energy_mwh"].to_numpy(float)
    for column, law, sign, power in (
        ("max_cycles_per_day", "most cycles of a day", 1, discharge),
        ("min_cycles_per_day", "least cycles of a day", -1, discharge),
        ("min_cycles_per_day", "least cycles of a day charged", -1, charge),
    ):
        limit = (table[column].to_numpy(float) * energy)[:, None] * share
        ruled = ~np.isnan(limit[:, 0])
        moved = sign * (power @ in_day)
        book.at_most(law, names[ruled], moved[ruled], sign * limit[ruled], unit="MWh", moments=days)


def check_place(book, plants) -> None:
    """What stores behind a plant or a user may exchange with the grid, unless the scenario switches the rule off."""
    table = book.case.tables["storage"]
    if "host" not in table or book.case.scenario.policies.get("storage_place", True) is False:
        return
    behind = (table["host"] != "").to_numpy()
    charge, discharge = (book.stored(name, len(table)) for name in ("charge", "discharge"))
    loads = book.case.tables["loads"]["load"].to_numpy(object)
    unserved = book.stored("unserved_demand", len(loads))
    demand = book.case.profile("load", loads, 0.0)
    _check_plants(
        book,
        table,
        np.flatnonzero(behind & (table["place"] == "generation_side").to_numpy()),
        plants,
        charge,
        discharge,
    )
    _check_users(
        book,
        table,
        np.flatnonzero(behind & (table["place"] == "user_side").to_numpy()),
        loads,
        demand,
        unserved,
        charge,
        discharge,
    )
    held = ((table["place"] == "user_side") & ~table["export_allowed"]).to_numpy(bool)
    _check_zones(book, table, np.flatnonzero(held), demand, unserved, charge, discharge)
    _check_giving(book, table[held], loads, demand, charge[held], discharge[held])


def _check_zones(book, table, rows, demand, unserved, charge, discharge) -> None:
    """Stores behind users without a name give no more than the users of their zone take whom no store names."""
    zones, at, loads = len(book.case.zones), book.zone_of("storage"), book.case.tables["loads"]
    named = loads["load"].isin(table["host"][table["place"] == "user_side"]).to_numpy()
    rows = rows[(table["host"] == "").to_numpy()[rows]]
    some = np.unique(at[rows])
    taken = book.sums(np.where(named[:, None], 0.0, np.maximum(demand, 0.0) - unserved), book.zone_of("loads"), zones)
    given = book.sums((discharge - charge)[rows], at[rows], zones)
    book.at_most("users of a zone and their stores do not export", np.array(book.case.zones, object)[some], given[some], taken[some],
                 tolerance=2 * book.power)


def _check_giving(book, table, loads, demand, charge, discharge) -> None:
    """In the part of a step in which it does not charge, a store gives what its users ask for, and their other stores take, at most.
    Its users are the load that it names, else those of its zone whom no store names."""
    storage, homes = book.case.tables["storage"], book.case.tables["loads"]["zone"].to_numpy(object)
    named = np.isin(loads, storage["host"][storage["place"] == "user_side"].to_numpy(object))
    of, groups = pd.factorize(pd.MultiIndex.from_arrays([table["host"], table["zone"].where(table["host"] == "", "")]))
    at = groups.get_indexer(pd.MultiIndex.from_arrays([np.where(named, loads, ""), np.where(named, "", homes)]))
    asked = book.sums(np.maximum(demand[at >= 0], 0.0), at[at >= 0], len(groups))[of]
    power, most = table["power_mw"].to_numpy(float), table["charge_power_mw"].fillna(table["power_mw"]).to_numpy(float)
    taken = asked + (np.bincount(of, most)[of] - most)[:, None]
    part = 1 - np.divide(charge, most[:, None], out=np.zeros_like(charge), where=most[:, None] > 0)
    ruled = ~table["separate_equipment"].to_numpy(bool)
    book.at_most("a store gives its users nothing while it charges", table["storage"].to_numpy(object)[ruled], discharge[ruled],
                 np.where(taken < power[:, None], taken * part, np.inf)[ruled], tolerance=2 * book.power)


def _hosts(book, table, rows, names):
    """Hosts of these stores, the position of each among `names`, and the position of each store's host among
    the hosts."""
    hosts, of = np.unique(table["host"].to_numpy(object)[rows].astype(str), return_inverse=True)
    position = {name: at for at, name in enumerate(names)}
    connection = np.full(len(hosts), np.nan)
    np.fmax.at(connection, of, table["connection_mw"].to_numpy(float)[rows])
    return hosts, np.array([position[host] for host in hosts], int), of, connection


def _check_plants(book, table, rows, plants, charge, discharge) -> None:
    hosts, at, of, connection = _hosts(book, table, rows, plants.names)
    connection = np.where(np.isnan(connection), plants.capacity[at], connection)[:, None]
    own = ~table["grid_charging"].to_numpy(bool)[rows]
    output = plants.output[at]
    charged = book.sums(charge[rows] * own[:, None], of, len(hosts))
    book.at_most(
        "stores charge from their plant",
        hosts,
        charged,
        np.where(charged > 0, output, np.inf),
        tolerance=2 * book.power,
    )
    net = output + book.sums(discharge[rows] - charge[rows], of, len(hosts))
    book.between("connection of a plant with its stores", hosts, -connection, net, connection, tolerance=2 * book.power)


def _check_users(book, table, rows, loads, demand, unserved, charge, discharge) -> None:
    hosts, at, of, connection = _hosts(book, table, rows, loads)
    given = discharge[rows] - charge[rows]
    held = ~table["export_allowed"].to_numpy(bool)[rows]
    some = np.zeros(len(hosts), bool)
    np.logical_or.at(some, of, held)
    drawn = np.maximum(demand[at], 0.0) - unserved[at]
    book.at_most(
        "a user and its stores do not export",
        hosts[some],
        book.sums(given * held[:, None], of, len(hosts))[some],
        drawn[some],
        tolerance=2 * book.power,
    )
    limit = np.where(np.isnan(connection), np.inf, connection)[:, None]
    taken = demand[at] - unserved[at] - book.sums(given, of, len(hosts))
    book.between("connection of a user with its stores", hosts, -limit, taken, limit, tolerance=2 * book.power)
