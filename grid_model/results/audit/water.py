"""Reservoirs and cascades: levels recomputed from all water that enters and leaves.

symbol  unit  what
q       MW    outflow: release through the turbines (the generation) and spill
d       h     delay on the way down
Q       MWh   water that has left a reservoir up to a moment: piecewise linear, so any delay and any steps are exact

    e[t] = e[t-1] + dt (inflow + arrivals - q);   arrivals over [x, y] = gain (Q(y - d) - Q(x - d)) / (y - x)
"""

from __future__ import annotations

import numpy as np

from grid_model.results.audit.levels import check_levels


def check_reservoirs(book, plants) -> None:
    table = book.case.tables["reservoirs"]
    if not len(table):
        return
    names, every = table["reservoir"].to_numpy(object), len(table)
    position = {name: at for at, name in enumerate(plants.names)}
    rows = np.array([position[name] for name in table["generator"]])
    level, inflow, arrivals, spill = (
        book.stored(name, every) for name in ("reservoir_level", "inflow", "arrivals", "spill")
    )
    release = plants.output[rows]
    outflow = release + spill
    units = plants.names[rows]
    book.between("generation within its limits", units, plants.floor[rows], release, plants.greatest[rows])
    book.equal("available is generation and spill", units, plants.available[rows], outflow)
    book.at_most("spill is not negative", names, -spill)
    book.at_most(
        "ecological flow", names, table["min_flow_mw"].to_numpy(float)[:, None], outflow, tolerance=2 * book.power
    )
    natural = _natural(book, table, names)
    book.equal("inflow as given", names, inflow, natural)
    book.equal(
        "arrivals from above",
        names,
        arrivals,
        _arrivals(book, table, names, natural, outflow),
        tolerance=2 * book.power,
    )
    _check_levels(book, table, names, level, book.hours * (natural + arrivals - outflow))


def _natural(book, table, names) -> np.ndarray:
    evenly = table["annual_inflow_mwh"].to_numpy(float)[:, None] / np.where(book.case.time.is_leap_year, 8784.0, 8760.0)
    known = book.case.profile("inflow", names)
    return np.where(np.isnan(known), evenly, known)


def _check_levels(book, table, names, level, gain) -> None:
    capacity, least, most, first, final = (
        table[column].to_numpy(float)
        for column in ("capacity_mwh", "min_level_fraction", "max_level_fraction", "initial_fraction", "final_fraction")
    )
    cyclic = table["cyclic"].to_numpy(bool)
    start = np.where(cyclic, level[:, -1], first * capacity)
    asked = np.where(cyclic, least, np.where(np.isnan(final), first, final)) * capacity
    lower, upper = ((part * capacity)[:, None] for part in (least, most))
    check_levels(book, "reservoir level", names, level, start, 1.0, gain, lower, upper, asked)


def _arrivals(book, table, names, natural, outflow) -> np.ndarray:
    """Mean power of the water from above in each step, (reservoirs, steps) [MW]."""
    links, total = book.case.tables["cascade"], np.zeros(outflow.shape)
    position = {name: at for at, name in enumerate(names)}
    up, down = (np.array([position[name] for name in links[end]], int) for end in ("upstream", "downstream"))
    gain = (links["share"] * links["energy_factor"]).to_numpy(float)
    before = np.where(
        links["initial_flow_mw"].isna(), _steady(book, up, down, gain, natural)[up], links["initial_flow_mw"]
    )
    cyclic = table["cyclic"].to_numpy(bool)
    border = np.concatenate([[0.0], np.cumsum(book.hours)])
    for link, delay in enumerate(np.round(links["delay_hours"].to_numpy(float) * 3600) / 3600):
        until = np.concatenate([[0.0], np.cumsum(outflow[up[link]] * book.hours)])
        left = _left_until(border - delay, border, until, before[link], cyclic[up[link]])
        total[down[link]] += gain[link] * np.diff(left) / book.hours
    return total


def _left_until(moments, border, until, before, cyclic) -> np.ndarray:
    """Q at moments of which some lie before the horizon, where it repeats itself (cyclic) or a steady flow left."""
    if cyclic:
        rounds = np.floor(moments / border[-1])
        return np.interp(moments - rounds * border[-1], border, until) + rounds * until[-1]
    return np.where(moments < 0, before * moments, np.interp(moments, border, until))


def _steady(book, up, down, gain, natural) -> np.ndarray:
    """Outflow that carries off the mean inflow of the first day all along the cascade: once down every chain [MW]."""
    border = np.minimum(np.concatenate([[0.0], np.cumsum(book.hours)]), 24.0)
    flow = natural @ np.diff(border) / border[-1]
    passed = flow
    for _ in range(len(flow)):
        arriving = np.zeros(len(flow))
        np.add.at(arriving, down, gain * passed[up])
        passed = flow + arriving
    return passed
