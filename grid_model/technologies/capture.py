"""Capture of CO2: as much as pays, up to the capture rate, for energy of the plant itself.

symbol  attribute        unit     kind
c       captured         kt/h     decision, 0 <= c <= r e g
r       capture_rate     1        data
w       capture_energy   GWh/kt   data, energy used per CO2 captured
e       emission_factor  kt/GWh   data, CO2 per energy generated
g       generation       GW       decision (thermal.py)

A unit delivers g - w c and emits e g - c. Units that capture nothing have no column here.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.case.checks import problems_where
from grid_model.case.tables import number
from grid_model.technologies.contract import subset
from grid_model.technologies.generators import itself_where_member

COLUMNS = [
    number("capture_rate", unit="1", minimum=0, maximum=1, default=0, by_technology=True,
           meaning="greatest part of the CO2 that can be captured; how much of it is captured is decided step by step"),
    number("capture_energy_mwh_per_t", unit="MWh/tCO2", minimum=0, default=0, by_technology=True,
           meaning="energy that the plant uses itself per CO2 captured"),
]


def energy_share(table) -> np.ndarray:
    """Part of what is generated that full capture uses itself: w r e, shape (generators,)."""
    columns = ("capture_energy_mwh_per_t", "capture_rate", "emissions_t_per_mwh")
    return np.prod([table[column].to_numpy(float) for column in columns], axis=0)


def check_capture(frames) -> list:
    """A plant must deliver something while it captures all that it can."""
    table = frames["generators"]
    return problems_where(table, energy_share(table) >= 1, "capture_energy_mwh_per_t",
                          "less than 1 / (capture_rate x emissions_t_per_mwh), or it would use all that it generates")


def read(data) -> None:
    """Figures of the units that can capture."""
    table = data.table
    data.capturing = data.where(
        (table["capture_rate"] > 0) & (table["emissions_t_per_mwh"] > 0) & (table["capacity_mw"] > 0))
    data.capture_rate = data.column("capture_rate")
    data.capture_energy = data.column("capture_energy_mwh_per_t")
    data.delivered_share = data.parameter(1 - energy_share(table), "delivered_share")


def add_variables(thermal, data):
    capturing = subset(thermal, "capturing", data.capturing)
    thermal.capturing_of = itself_where_member(data, data.capturing)
    thermal.captured = pyo.Var(capturing, data.steps, domain=pyo.NonNegativeReals)


def add_constraints(thermal, data):
    @thermal.Constraint(thermal.capturing, data.steps)
    def most_captured(thermal, unit, step):
        """c[g,t] <= r e g[g,t]   [kt/h]"""
        produced = data.emission_factor[unit] * thermal.generation[unit, step]
        return thermal.captured[unit, step] <= data.capture_rate[unit] * produced


def captured(thermal, data, unit, step):
    """c[g,t], 0 where nothing is captured   [kt/h]"""
    return sum(thermal.captured[some, step] for some in thermal.capturing_of[unit])


def energy_used(thermal, data, unit, step):
    """w c[g,t], 0 where nothing is captured   [GW]"""
    return sum(data.capture_energy[some] * thermal.captured[some, step] for some in thermal.capturing_of[unit])
