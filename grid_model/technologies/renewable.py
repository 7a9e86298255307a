"""Renewable plant: wind, solar, biomass, geothermal and marine, up to what is available.

symbol  attribute        unit             kind
g       generation       GW               decision, minimum <= g <= available
A       available        GW               data: availability profile (else max_output_fraction) times capacity
v       variable_cost    million CNY/GWh  data
"""

from __future__ import annotations

import pyomo.environ as pyo

from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies.contract import Data, Report
from grid_model.technologies.generators import GENERATORS, of_kind

NAME = "renewable"

TABLES = {"generators": GENERATORS}


def read(case) -> Data | None:
    """Figures of every generator of kind renewable."""
    table = of_kind(case, "renewable")
    if table.empty:
        return None
    data = Data(case, table, "generator")
    capacity = data.table["capacity_mw"].to_numpy(float)[:, None] * MW
    data.available = data.series(
        case.profile("availability", data.names, data.table["max_output_fraction"].to_numpy(float)) * capacity, "available")
    data.minimum = data.series(
        case.profile("min_output", data.names, data.table["min_output_fraction"].to_numpy(float)) * capacity, "minimum")
    data.variable_cost = data.column("variable_cost_cny_per_mwh", CNY_PER_MWH)
    return data


def add_variables(renewable, data):
    renewable.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))


def add_constraints(renewable, data):
    """None: bounds say it all."""


def output(renewable, data, unit, step):
    """g[g,t]   [GW]"""
    return renewable.generation[unit, step]


def available(renewable, data, unit, step):
    """A[g,t]   [GW]"""
    return data.available[unit, step]


def generation_cost(renewable, data):
    """sum of v g dt   [million CNY]"""
    return sum(data.variable_cost[unit] * data.step_hours[step] * renewable.generation[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"generation": generation_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", available),
}
