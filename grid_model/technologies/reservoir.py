"""Hydro with a reservoir: inflow, level, release through the turbines, spill, and the cascade below.

symbol  attribute   unit  kind
g       generation  GW    decision, m <= g <= A; also the release: water is counted as the energy its plant makes of it
s       spill       GW    decision >= 0, water that passes the turbines by
e       level       GWh   decision, at the end of the step; e[r,0] is the start
I       inflow      GW    data: natural inflow
a       arrivals    GW    water from the reservoirs above, see cascade.py
F       min_flow    GW    data: ecological flow, through turbines or spillway
A, m    available, minimum  GW  data, see generators.py

A generator with a row in the table `reservoirs` belongs here, one generator to a reservoir; the others are in hydro.py.
Inflow is the series `inflow`, or else `annual_inflow_mwh` evenly over the year, which is none by default.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import kinds_of, problems_where
from grid_model.case.tables import flag, identifier, number, reference, text
from grid_model.case.units import MW, MWH
from grid_model.technologies import cascade, generators
from grid_model.technologies.contract import Data, Report, subset
from grid_model.technologies.generators import CERTIFICATE, GENERATORS

NAME = "reservoir"

TABLES = {
    "generators": [*GENERATORS, CERTIFICATE],
    "reservoirs": [
        identifier("reservoir", meaning="name of the reservoir"),
        reference("generator", "generators", required=True,
                  meaning="hydro generator that its water drives, one to a reservoir"),
        text("name_zh", "Chinese name"),
        number("capacity_mwh", unit="MWh", minimum=0, required=True, meaning="energy of the water held when full"),
        number("min_level_fraction", unit="1", minimum=0, maximum=1, default=0,
               meaning="least energy held, as part of capacity_mwh"),
        number("max_level_fraction", unit="1", minimum=0, maximum=1, default=1,
               meaning="most energy held, as part of capacity_mwh: less than 1 where room is kept for floods"),
        number("initial_fraction", unit="1", minimum=0, maximum=1, default=0.5,
               meaning="energy held at the start, as part of capacity_mwh; not used where cyclic"),
        number("final_fraction", unit="1", minimum=0, maximum=1,
               meaning="least energy held at the end, as part of capacity_mwh; empty: as at the start"),
        flag("cyclic", default=False, meaning="the end holds what the start held, which is then free"),
        number("min_flow_mw", unit="MW", minimum=0, default=0,
               meaning="ecological flow that must leave, through turbines or spillway, as power"),
        number("annual_inflow_mwh", unit="MWh", minimum=0, default=0,
               meaning="natural inflow of a calendar year, evenly; a profile or inflow_monthly goes first"),
    ],
    "cascade": cascade.CASCADE,
}


def check_reservoirs(frames) -> list:
    """One hydro generator to a reservoir; levels within their limits."""
    table = frames["reservoirs"]
    if table.empty:
        return []
    generators = frames["generators"].drop_duplicates("generator").set_index("generator")
    kind = table["generator"].map(kinds_of(frames, generators))
    problems = problems_where(table, kind != "hydro", "generator", "a generator whose technology is of kind hydro")
    second = table["generator"].duplicated()
    problems += problems_where(table, second, "generator", "a generator that has no other reservoir")
    lowest, highest = table["min_level_fraction"], table["max_level_fraction"]
    problems += problems_where(table, lowest > highest, "min_level_fraction", "at most max_level_fraction")
    for column in ("initial_fraction", "final_fraction"):
        outside = (table[column] < lowest) | (table[column] > highest)
        problems += problems_where(table, outside & ~table["cyclic"], column,
                                   "a level from min_level_fraction to max_level_fraction")
    return problems


CHECKS = [check_reservoirs, cascade.check_cascade]


def read(case) -> Data | None:
    """Figures of every hydro generator with a reservoir, in the order of their reservoirs."""
    reservoirs = case.tables["reservoirs"]
    if reservoirs.empty:
        return None
    table = case.tables["generators"].set_index("generator", drop=False).loc[reservoirs["generator"]]
    data = Data(case, table, "generator")
    data.reservoir_names = reservoirs["reservoir"].to_numpy(object)
    data.cyclic = reservoirs["cyclic"].to_numpy(bool)
    generators.read_limits(data, case)
    generators.read_rates(data)
    data.generator_of = data.parameter(data.names, "generator_of", data.reservoir_names)
    data.reservoir_of = data.parameter(data.reservoir_names, "reservoir_of")
    data.inflow = data.series(natural_inflow(case) * MW, "inflow", data.reservoir_names)
    data.min_flow = data.parameter(reservoirs["min_flow_mw"].to_numpy(float) * MW, "min_flow", data.reservoir_names)
    data.level_lower, data.level_upper = _level_bounds(data, reservoirs)
    cascade.read_cascade(data, case)
    return data


def natural_inflow(case) -> np.ndarray:
    """Inflow of every reservoir and step, MW."""
    reservoirs = case.tables["reservoirs"]
    evenly = reservoirs["annual_inflow_mwh"].to_numpy(float)[:, None] / np.where(case.time.is_leap_year, 8784.0, 8760.0)
    known = case.profile("inflow", reservoirs["reservoir"])
    return np.where(np.isnan(known), evenly, known)


def _level_bounds(data: Data, reservoirs) -> tuple[Array, Array]:
    """Bounds of the level at borders 0..T: a given start is a fixed start, an end level a lower bound at the end."""
    capacity = reservoirs["capacity_mwh"].to_numpy(float) * MWH
    lowest = reservoirs["min_level_fraction"].to_numpy(float) * capacity
    highest = reservoirs["max_level_fraction"].to_numpy(float) * capacity
    start = reservoirs["initial_fraction"].to_numpy(float) * capacity
    final = reservoirs["final_fraction"].fillna(reservoirs["initial_fraction"]).to_numpy(float) * capacity
    borders = np.arange(data.end + 1)
    lower, upper = (np.repeat(limit[:, None], len(borders), axis=1) for limit in (lowest, highest))
    lower[:, 0], upper[:, 0] = np.where(data.cyclic, lowest, start), np.where(data.cyclic, highest, start)
    lower[:, -1] = np.where(data.cyclic, lowest, final)
    return (Array(lower, data.reservoir_names, borders, name="level_lower"),
            Array(upper, data.reservoir_names, borders, name="level_upper"))


def add_variables(reservoir, data):
    reservoir.reservoirs = pyo.Set(initialize=list(data.reservoir_names))
    cascade.add_links(reservoir, data)
    reservoir.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))
    reservoir.spill = pyo.Var(reservoir.reservoirs, data.steps, domain=pyo.NonNegativeReals)
    reservoir.level = pyo.Var(reservoir.reservoirs, data.borders, bounds=lambda _, name, border: (
        data.level_lower[name, border], data.level_upper[name, border]))


def add_constraints(reservoir, data):
    least = data.minimum.values.min(axis=1)
    with_flow = subset(reservoir, "with_flow", data.reservoir_names[data.min_flow.values > least])
    cyclic = subset(reservoir, "cyclic", data.reservoir_names[data.cyclic])

    @reservoir.Constraint(reservoir.reservoirs, data.steps)
    def water_balance(reservoir, name, step):
        """e[r,t] = e[r,t-1] + dt (I + a - g - s)   [GWh]"""
        enters = inflow(reservoir, data, name, step) + cascade.arrivals(reservoir, data, name, step)
        return reservoir.level[name, step] == (
            reservoir.level[name, step - 1] + data.step_hours[step] * (enters - outflow(reservoir, data, name, step)))

    @reservoir.Constraint(with_flow, data.steps)
    def ecological_flow(reservoir, name, step):
        """g + s >= F   [GW]"""
        return outflow(reservoir, data, name, step) >= data.min_flow[name]

    @reservoir.Constraint(cyclic)
    def cyclic_level(reservoir, name):
        """e[r,0] = e[r,T]   [GWh]"""
        return reservoir.level[name, 0] == reservoir.level[name, data.end]


def outflow(reservoir, data, name, step):
    """g[r,t] + s[r,t]   [GW]"""
    return reservoir.generation[data.generator_of[name], step] + reservoir.spill[name, step]


def inflow(reservoir, data, name, step):
    """I[r,t]   [GW]"""
    return data.inflow[name, step]


def forgone(reservoir, data, unit, step):
    """s[r,t]: water that passed the turbines by   [GW]"""
    return reservoir.spill[data.reservoir_of[unit], step]


output = generators.output
available = generators.available
headroom_up = generators.headroom_up
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = generators.reports(forgone) | {
    "reservoir_level": Report("reservoir", "MWh", 1 / MWH, "energy of the water held at the end of the step",
                              lambda reservoir, data, name, step: reservoir.level[name, step], over="reservoirs"),
    "inflow": Report("reservoir", "MW", 1 / MW, "natural inflow", inflow, over="reservoirs"),
    "arrivals": Report("reservoir", "MW", 1 / MW, "water from the reservoirs above", cascade.arrivals,
                       over="reservoirs"),
    "spill": Report("reservoir", "MW", 1 / MW, "water that passes the turbines by",
                    lambda reservoir, data, name, step: reservoir.spill[name, step], over="reservoirs"),
}
