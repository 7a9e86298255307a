"""Thermal plant: coal, gas, oil and nuclear, with heat and power, by fleets.

symbol  attribute        unit             kind
g       generation       GW               decision, minimum <= g <= available
A       available        GW               data: availability profile (else max_output_fraction) times capacity
m       minimum          GW               data: the floors that hold without any decision, at most A
v       variable_cost    million CNY/GWh  data
e       emission_factor  kt/GWh           data, CO2 per energy generated
dt      step_hours       h                data

Source: POLICY.md, section 7.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.case.tables import number
from grid_model.case.units import CNY_PER_MWH, MW, TONNE
from grid_model.technologies.contract import Data, Report
from grid_model.technologies.generators import GENERATORS, of_kind

NAME = "thermal"

TABLES = {
    "generators": [
        *GENERATORS,
        number("emissions_t_per_mwh", unit="tCO2/MWh", minimum=0, default=0, by_technology=True,
               meaning="CO2 per energy generated, before any capture"),
    ],
}


def read(case) -> Data | None:
    """Figures of every generator of kind thermal."""
    table = of_kind(case, "thermal")
    if table.empty:
        return None
    data = Data(case, table, "generator")
    capacity = data.table["capacity_mw"].to_numpy(float)[:, None] * MW
    available = case.profile("availability", data.names, data.table["max_output_fraction"].to_numpy(float)) * capacity
    floor = case.profile("min_output", data.names, data.table["min_output_fraction"].to_numpy(float)) * capacity
    data.available = data.series(available, "available")
    data.minimum = data.series(np.minimum(floor, available), "minimum")
    data.variable_cost = data.column("variable_cost_cny_per_mwh", CNY_PER_MWH)
    data.emission_factor = data.column("emissions_t_per_mwh")
    return data


def add_variables(thermal, data):
    thermal.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))


def add_constraints(thermal, data):
    """None: bounds say it all."""


def output(thermal, data, unit, step):
    """g[g,t]   [GW]"""
    return thermal.generation[unit, step]


def available(thermal, data, unit, step):
    """A[g,t]   [GW]"""
    return data.available[unit, step]


def emissions(thermal, data, unit, step):
    """e g[g,t]   [kt/h]"""
    return data.emission_factor[unit] * thermal.generation[unit, step]


def emitted(thermal, data, unit, step):
    """CO2 of the step: emissions dt   [kt]"""
    return data.step_hours[step] * emissions(thermal, data, unit, step)


def generation_cost(thermal, data):
    """sum of v g dt   [million CNY]"""
    return sum(data.variable_cost[unit] * data.step_hours[step] * thermal.generation[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"generation": generation_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", available),
    "emissions": Report("generator", "tCO2", 1 / TONNE, "CO2 emitted in the step", emitted),
}
