"""Thermal plant: coal, gas, oil and nuclear, with heat and power or with capture, by fleets.

symbol  attribute        unit             kind
g       generation       GW               decision, lowest <= g <= available; what capture uses is not yet taken off
A       available        GW               data: availability profile (else max_output_fraction) times capacity
F       minimum          GW               data: min_output profile (else min_output_fraction) times capacity, at most A
h       heat             GW               data: least output for heat (heating.py), at most A
m       lowest           GW               data: the floor that holds without any decision: max(F, h), h where committed
U       greatest_rise    GW               data, into a step (ramps.py)
V       greatest_fall    GW               data, into a step (ramps.py)
v       variable_cost    million CNY/GWh  data, per energy generated
e       emission_factor  kt/GWh           data, CO2 per energy generated
dt      step_hours       h                data

Where a fleet is committed (commitment.py), F and ramps hold for what is online; capture.py takes CO2 and energy off.
A floor above what is available gives way to it.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.case.checks import kinds_of, problems_where
from grid_model.case.tables import number
from grid_model.case.units import MW, TONNE
from grid_model.technologies import capture, commitment, heating, ramps
from grid_model.technologies.contract import Data, Report, subset
from grid_model.technologies.generators import (
    GENERATORS,
    available,
    check_kinds,
    generation_cost,
    read_limits,
    read_variable_cost,
)

NAME = "thermal"
MOMENTS = ("started", "stopped")
BOUNDS = ("first_ramp",)
SELDOM = ("least_time_up", "least_time_down", "ramp_up_online", "ramp_down_online")

TABLES = {
    "generators": [
        *GENERATORS,
        number("emissions_t_per_mwh", unit="tCO2/MWh", minimum=0, default=0, by_technology=True,
               meaning="CO2 per energy generated, before any capture"),
        *ramps.COLUMNS,
        *commitment.COLUMNS,
        *heating.COLUMNS,
        *capture.COLUMNS,
    ],
}

ONLY_THERMAL = ("emissions_t_per_mwh", *(column.name for column in (
    *ramps.COLUMNS, *commitment.COLUMNS, *heating.COLUMNS, *capture.COLUMNS) if column.metadata["kind"] == "number"))


def check_thermal(frames) -> list:
    """Emissions, ramps, starts, heat and capture are of thermal plant, which has no certificates."""
    table = frames["generators"]
    thermal = kinds_of(frames, table) == "thermal"
    return [*check_kinds(frames, ONLY_THERMAL, "thermal"),
            *problems_where(table, thermal & (table["certificate"] != "none"), "certificate",
                            "none where the technology is of kind thermal: certificates are of renewable energy")]


CHECKS = (check_thermal, commitment.check_start, capture.check_capture)


coarsened = commitment.coarsened


def read(case) -> Data | None:
    """Figures of every generator of kind thermal."""
    table = case.generators("thermal")
    if table.empty:
        return None
    data = Data(case, table, "generator")
    capacity = data.table["capacity_mw"].to_numpy(float) * MW
    read_limits(data, case)
    read_variable_cost(data)
    data.emission_factor = data.column("emissions_t_per_mwh")
    roof, floor = data.available.values, data.minimum.values
    heat = np.minimum(heating.heating_floor(case, data.table) * capacity[:, None], roof)
    commitment.read(data, floor, heat, roof)
    capture.read(data)
    fixed = ~np.isin(data.names, data.committed)  # without commitment all of it is online, always
    data.lowest = data.series(np.where(fixed[:, None], np.maximum(floor, heat), heat), "lowest")
    data.always_online = data.parameter(np.where(fixed, capacity, 0.0), "always_online")
    data.always_most = data.series(np.where(fixed[:, None], roof, 0.0), "always_most")
    data.always_least = data.series(np.where(fixed[:, None], data.lowest.values, 0.0), "always_least")
    _read_ramps(data, capacity, fixed)
    return data


def _read_ramps(data, capacity, fixed) -> None:
    """U, V and the units without commitment whose ramps can bind."""
    size = np.where(capacity > 0, capacity, 1.0)[:, None]
    least, most = data.lowest.values / size, data.available.values / size
    start = data.table["initial_output_mw"].to_numpy(float) * MW
    data.initial_output = data.parameter(start, "initial_output")
    before = start / size[:, 0]
    limits = ramps.read_ramps(data.table, data.step_hours.values, least, most, (np.nan_to_num(before), np.where(
        np.isnan(before), 1.0, before)))
    data.greatest_rise, data.greatest_fall = (data.series(values * size, name)
                            for values, name in ((limits.rise, "greatest_rise"), (limits.fall, "greatest_fall")))
    rises = fixed[:, None] & (limits.rise < most - limits.least_before - ramps.ROUNDING)
    falls = fixed[:, None] & (limits.fall < limits.most_before - least - ramps.ROUNDING)
    data.ramping = {"ramping": limits.of_later_steps(rises | falls), "first_ramping": limits.of_first_step(rises | falls)}


def add_variables(thermal, data):
    thermal.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.lowest[unit, step], data.available[unit, step]))
    commitment.add_variables(thermal, data)
    capture.add_variables(thermal, data)
    _add_expressions(thermal, data)


def _add_expressions(thermal, data):
    """What depends on columns that only some units have, as expressions that every unit has."""

    @thermal.Expression(data.units, data.steps)
    def net_output(thermal, unit, step):
        """g[g,t] less the energy that capture uses   [GW]"""
        return thermal.generation[unit, step] - capture.energy_used(thermal, data, unit, step)

    @thermal.Expression(data.units, data.steps)
    def net_emissions(thermal, unit, step):
        """e g[g,t] less what is captured   [kt/h]"""
        return data.emission_factor[unit] * thermal.generation[unit, step] - capture.captured(thermal, data, unit, step)

    @thermal.Expression(data.units, data.steps)
    def capacity_online(thermal, unit, step):
        """o[g,t] where there is commitment, else all capacity   [GW]"""
        return data.always_online[unit] + commitment.online(thermal, data, unit, step)

    @thermal.Expression(data.units, data.steps)
    def most_output(thermal, unit, step):
        """What is online can generate: a o[g,t] where there is commitment, else A[g,t]   [GW]"""
        return data.always_most[unit, step] + commitment.most_output(thermal, data, unit, step)

    @thermal.Expression(data.units, data.steps)
    def least_output(thermal, unit, step):
        """What is online must generate: a line over o[g,t] where there is commitment, else m[g,t]   [GW]"""
        return data.always_least[unit, step] + commitment.least_output(thermal, data, unit, step)


def add_constraints(thermal, data):
    thermal.first_step = pyo.RangeSet(1, 1)
    thermal.later_steps = pyo.RangeSet(2, data.end)
    _add_ramps(thermal, data)
    commitment.add_constraints(thermal, data)
    capture.add_constraints(thermal, data)


def _add_ramps(thermal, data):
    ramping, first_ramping = (subset(thermal, name, data.where(mask)) for name, mask in data.ramping.items())

    @thermal.Constraint(ramping, thermal.later_steps)
    def ramp(thermal, unit, step):
        """-V <= g[g,t] - g[g,t-1] <= U   [GW]"""
        change = thermal.generation[unit, step] - thermal.generation[unit, step - 1]
        return (-data.greatest_fall[unit, step], change, data.greatest_rise[unit, step])

    @thermal.Constraint(first_ramping, thermal.first_step)
    def first_ramp(thermal, unit, step):
        """-V <= g[g,1] - given output <= U   [GW]"""
        change = thermal.generation[unit, step] - data.initial_output[unit]
        return (-data.greatest_fall[unit, step], change, data.greatest_rise[unit, step])


def output(thermal, data, unit, step):
    """g[g,t] less the energy that capture uses   [GW]"""
    return thermal.net_output[unit, step]


def headroom_up(thermal, data, unit, step):
    """The most that what is online delivers, nothing being captured, less output; no ramp is looked at   [GW]"""
    return thermal.most_output[unit, step] - thermal.net_output[unit, step]


def headroom_down(thermal, data, unit, step):
    """Output less the least that what is online delivers, capturing all it can; no ramp is looked at   [GW]"""
    return thermal.net_output[unit, step] - data.delivered_share[unit] * thermal.least_output[unit, step]


def emissions(thermal, data, unit, step):
    """e g[g,t] less what is captured   [kt/h]"""
    return thermal.net_emissions[unit, step]


def emitted(thermal, data, unit, step):
    """CO2 of the step: emissions dt   [kt]"""
    return data.step_hours[step] * thermal.net_emissions[unit, step]


def captured(thermal, data, unit, step):
    """CO2 captured in the step   [kt]"""
    return data.step_hours[step] * capture.captured(thermal, data, unit, step)


def online(thermal, data, unit, step):
    """Capacity in operation   [GW]"""
    return thermal.capacity_online[unit, step]


def started(thermal, data, unit, step):
    """x[g,t] of a committed unit, 0 of another   [GW]"""
    return sum(thermal.started[some, step] for some in thermal.committed_of[unit])


def stopped(thermal, data, unit, step):
    """y[g,t] of a committed unit, 0 of another   [GW]"""
    return sum(thermal.stopped[some, step] for some in thermal.committed_of[unit])


COSTS = {"generation": generation_cost, "start": commitment.start_cost, "stop": commitment.stop_cost,
         "no_load": commitment.no_load_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", available),
    "online": Report("generator", "MW", 1 / MW, "capacity in operation", online),
    "started": Report("generator", "MW", 1 / MW, "capacity taken into operation at the beginning of the step", started),
    "stopped": Report("generator", "MW", 1 / MW, "capacity taken out of operation at the beginning of the step", stopped),
    "emissions": Report("generator", "tCO2", 1 / TONNE, "CO2 emitted in the step", emitted),
    "captured": Report("generator", "tCO2", 1 / TONNE, "CO2 captured in the step", captured),
}
