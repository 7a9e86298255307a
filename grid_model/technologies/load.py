"""Load: what must be served, and what is not served at a price.

A load may inject (L < 0), as a zone's net load with plants behind the meter does: all of it enters the grid, and
nothing of it is unserved.

symbol  attribute       unit         kind
L       demand          GW           data
u       unserved        GW           decision, 0 <= u <= max(L, 0)
v       unserved_cost   million CNY/GWh  data
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.case.tables import identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies.contract import Data, Report

NAME = "loads"

TABLES = {
    "loads": [
        identifier("load", meaning="name of the load"),
        reference("zone", "zones", meaning="zone it is connected to", required=True),
        text("kind", default="base",
             meaning="what it is: base, ev, heat_pump, data_centre, electrolyser, aluminium, ..."),
        number("annual_mwh", unit="MWh", minimum=0,
               meaning="energy in a calendar year; the profile is then a shape. Empty: the profile is in MW"),
        number("unserved_cost_cny_per_mwh", unit="CNY/MWh", minimum=0, default=30000,
               meaning="value of energy that is not served"),
    ],
}


def read(case) -> Data | None:
    """Demand of every load, GW."""
    if case.tables["loads"].empty:
        return None
    data = Data(case, case.tables["loads"], "load")
    data.load_names = data.names
    demand = case.profile("load", data.names, 0.0) * MW
    data.demand = data.series(demand, "demand")
    data.most_unserved = data.series(np.maximum(demand, 0), "most_unserved")
    data.unserved_cost = data.column("unserved_cost_cny_per_mwh", CNY_PER_MWH)
    return data


def add_variables(load, data):
    load.unserved = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.most_unserved[unit, step]))


def add_constraints(load, data):
    """None: what is not served is bounded by what is asked for (with what programmes reduce: consumption.py)."""


def output(load, data, unit, step):
    """u[d,t] - L[d,t]   [GW]"""
    return load.unserved[unit, step] - data.demand[unit, step]


def demand(load, data, unit, step):
    """L[d,t]   [GW]"""
    return data.demand[unit, step]


def unserved(load, data, unit, step):
    """u[d,t]   [GW]"""
    return load.unserved[unit, step]


def served(load, data, unit, step):
    """L[d,t] - u[d,t]   [GW]"""
    return data.demand[unit, step] - load.unserved[unit, step]


def drawn(load, data, unit, step):
    """max(L[d,t], 0) - u[d,t]: what is served, none where the load injects   [GW]"""
    return data.most_unserved[unit, step] - load.unserved[unit, step]


def unserved_cost(load, data):
    """sum of v u dt   [million CNY]"""
    return sum(data.unserved_cost[unit] * data.cost_hours[step] * load.unserved[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"unserved": unserved_cost}

REPORTS = {
    "demand": Report("consumer", "MW", 1 / MW, "power asked for", demand),
    "unserved_demand": Report("consumer", "MW", 1 / MW, "power asked for and not served", unserved),
}
