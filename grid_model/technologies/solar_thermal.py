"""Solar thermal plant with a heat store: the field gathers heat by day, the turbine makes power of it when it is due.

symbol  attribute       unit  kind
g       generation      GW    decision, m <= g <= A
x       defocus         GW    decision, 0 <= x <= Q, heat that the field could gather and does not
h       heat            GWh   decision, in the store at the end of the step; h[g,0] is the start
Q       collected       GW    data: availability profile (else max_output_fraction) times solar multiple times capacity
H       heat_capacity   GWh   data: heat_store_hours times capacity
loss    heat_loss_fraction_per_hour  1/h  data
A       available       GW    data: max_output_fraction times capacity
m       minimum         GW    data: min_output profile (else min_output_fraction) times capacity, at most A
dt      step_hours      h     data

Heat is counted as the power that the turbine makes of it. The availability profile is the heat of the field as a
fraction of its rating; at a solar multiple of 2.4 the field then gathers up to 2.4 times what the turbine takes. A
generator of kind renewable whose heat_store_hours are above zero belongs here, the others are in renewable.py.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.tables import number
from grid_model.case.units import MW, MWH
from grid_model.technologies import generators
from grid_model.technologies.contract import Data, Report, subset
from grid_model.technologies.generators import CERTIFICATE, GENERATORS, check_kinds

NAME = "solar_thermal"

HEAT_STORE_HOURS = number("heat_store_hours", unit="h", minimum=0, default=0, by_technology=True,
                          meaning="heat store of a solar thermal plant, in hours of the turbine at capacity; 0: none")

TABLES = {
    "generators": [
        *GENERATORS, CERTIFICATE, HEAT_STORE_HOURS,
        number("solar_multiple", unit="1", above=0, default=1, by_technology=True,
               meaning="rated heat of the solar field in units of what the turbine takes at its capacity"),
        number("heat_loss_fraction_per_hour", unit="1/h", minimum=0, maximum=1, default=0, by_technology=True,
               meaning="part of the heat in store that is lost in an hour"),
        number("initial_heat_fraction", unit="1", minimum=0, maximum=1,
               meaning="heat in store at the start, as part of the store; empty: the end holds what the start held"),
    ],
}


def check_heat(frames) -> list:
    """A heat store is of renewable plant."""
    return check_kinds(frames, ("heat_store_hours", "heat_loss_fraction_per_hour", "initial_heat_fraction"), "renewable")


CHECKS = (check_heat,)


def read(case) -> Data | None:
    """Figures of every solar thermal generator with a heat store."""
    table = case.generators("renewable")
    table = table[table["heat_store_hours"] > 0]
    if table.empty:
        return None
    data = Data(case, table, "generator")
    table, capacity = data.table, data.table["capacity_mw"].to_numpy(float) * MW
    generators.read_rates(data)
    greatest = table["max_output_fraction"].to_numpy(float)
    rating = (table["solar_multiple"].to_numpy(float) * capacity)[:, None]
    data.collected = data.series(case.profile("availability", data.names, greatest) * rating, "collected")
    least = case.profile("min_output", data.names, table["min_output_fraction"].to_numpy(float))
    data.minimum = data.series(np.minimum(least, greatest[:, None]) * capacity[:, None], "minimum")
    data.available = data.series(np.repeat((greatest * capacity)[:, None], data.end, axis=1), "available")
    kept_in_an_hour = 1 - table["heat_loss_fraction_per_hour"].to_numpy(float)[:, None]
    data.retention = data.series(kept_in_an_hour ** case.step_hours, "retention")
    data.heat_lower, data.heat_upper = _heat_bounds(data, table["heat_store_hours"].to_numpy(float) * capacity)
    return data


def _heat_bounds(data: Data, capacity) -> tuple[Array, Array]:
    """Bounds of the heat at borders 0..T: a given start is a fixed start."""
    given = data.table["initial_heat_fraction"].to_numpy(float)
    borders = np.arange(data.end + 1)
    lower, upper = np.zeros((len(capacity), len(borders))), np.repeat(capacity[:, None], len(borders), axis=1)
    lower[:, 0] = np.where(np.isnan(given), 0, given * capacity)
    upper[:, 0] = np.where(np.isnan(given), capacity, given * capacity)
    return Array(lower, data.names, borders, name="heat_lower"), Array(upper, data.names, borders, name="heat_upper")


def add_variables(solar_thermal, data):
    solar_thermal.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))
    solar_thermal.defocus = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        0, data.collected[unit, step]))
    solar_thermal.heat = pyo.Var(data.units, data.borders, bounds=lambda _, unit, border: (
        data.heat_lower[unit, border], data.heat_upper[unit, border]))


def add_constraints(solar_thermal, data):
    cyclic = subset(solar_thermal, "cyclic", data.where(data.table["initial_heat_fraction"].isna()))

    @solar_thermal.Constraint(data.units, data.steps)
    def heat_balance(solar_thermal, unit, step):
        """h[g,t] = (1 - loss)^dt h[g,t-1] + dt (Q - x - g)   [GWh]"""
        kept = data.retention[unit, step] * solar_thermal.heat[unit, step - 1]
        gathered = data.collected[unit, step] - solar_thermal.defocus[unit, step]
        return solar_thermal.heat[unit, step] == kept + data.step_hours[step] * (
            gathered - solar_thermal.generation[unit, step])

    @solar_thermal.Constraint(cyclic)
    def cyclic_heat(solar_thermal, unit):
        """h[g,0] = h[g,T]   [GWh]"""
        return solar_thermal.heat[unit, 0] == solar_thermal.heat[unit, data.end]


def forgone(solar_thermal, data, unit, step):
    """x[g,t]   [GW]"""
    return solar_thermal.defocus[unit, step]


output = generators.output
available = generators.available
headroom_up = generators.headroom_up
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = generators.reports(forgone) | {
    "heat_level": Report("generator", "MWh", 1 / MWH, "heat in store at the end of the step, as the power made of it",
                         lambda solar_thermal, data, unit, step: solar_thermal.heat[unit, step]),
}
