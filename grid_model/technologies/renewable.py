"""Renewable plant: wind, solar, biomass, geothermal and marine, up to what is available.

symbol  attribute        unit             kind
g       generation       GW               decision, m <= g <= A
A       available        GW               data: availability profile (else max_output_fraction) times capacity
m       minimum          GW               data: what must be taken: min_output profile (else min_output_fraction) times
                                          capacity, at most A
f       forgone          GW               A - g: there and not taken
v       variable_cost    million CNY/GWh  data

Nothing is kept for later: what is not taken is lost. Solar thermal plant with a heat store is in solar_thermal.py. By
the rules of the carbon market none of these plants emits, biomass included, so no emissions are offered.
"""

from __future__ import annotations

import pyomo.environ as pyo

from grid_model.case.units import MW
from grid_model.technologies import generators
from grid_model.technologies.contract import Data, Report
from grid_model.technologies.generators import CERTIFICATE, GENERATORS, of_kind
from grid_model.technologies.solar_thermal import HEAT_STORE_HOURS

NAME = "renewable"

TABLES = {"generators": [*GENERATORS, CERTIFICATE, HEAT_STORE_HOURS]}


def read(case) -> Data | None:
    """Figures of every generator of kind renewable without a heat store."""
    table = of_kind(case, "renewable")
    table = table[table["heat_store_hours"] == 0]
    if table.empty:
        return None
    data = Data(case, table, "generator")
    generators.read_limits(data, case)
    generators.read_rates(data)
    return data


def add_variables(renewable, data):
    renewable.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))


def add_constraints(renewable, data):
    """None: bounds say it all."""


def forgone(renewable, data, unit, step):
    """A[g,t] - g[g,t]   [GW]"""
    return data.available[unit, step] - renewable.generation[unit, step]


output = generators.output
available = generators.available
headroom_up = generators.headroom_up
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", available),
}
