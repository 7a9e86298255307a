"""The table `generators`: columns that more than one kind of plant reads, the rows of one kind, and what every plant
whose output is one decision within limits of the step has in common.

symbol  attribute      unit             kind
g       generation     GW               decision, a variable of the plant's own block
A       available      GW               data: availability profile (else max_output_fraction) times capacity
m       minimum        GW               data: min_output profile (else min_output_fraction) times capacity, at most A
v       variable_cost  million CNY/GWh  data: profile variable_cost, else variable_cost_cny_per_mwh
i       issued         1                data: 1 where certificates are issued for its energy, else 0
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import kinds_of, problems_where
from grid_model.case.tables import choice, number
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies.contract import Report

GENERATORS = [
    number("variable_cost_cny_per_mwh", unit="CNY/MWh", default=0, by_technology=True,
           meaning="cost per energy generated: fuel, water, operation; may be negative; a profile variable_cost goes first"),
    number("min_output_fraction", unit="1", minimum=0, maximum=1, default=0, by_technology=True,
           meaning="least output: of what is online where there is commitment, else of capacity"),
    number("max_output_fraction", unit="1", minimum=0, maximum=1, default=1, by_technology=True,
           meaning="greatest output as part of capacity where no availability profile says otherwise"),
]

CERTIFICATE = choice("certificate", ["tradable", "held", "none"], default="none", by_technology=True,
                     meaning="green certificates of its energy: issued and tradable, issued and held, or none")


def check_kinds(frames, columns, kind: str) -> list:
    """Columns that only plant of one kind reads are empty, or zero, for plant of another."""
    table = frames["generators"]
    other = (kinds_of(frames, table).fillna(kind) != kind).to_numpy(bool)
    return [problem for column in columns for problem in problems_where(
        table, other & (np.nan_to_num(table[column].to_numpy(float)) != 0), column,
        f"empty or 0 where the technology is not of kind {kind}: it has no effect there")]


def check_output(frames) -> list:
    """What must be generated can be: of the two limits that hold where no profile says otherwise."""
    table = frames["generators"]
    return problems_where(table, table["min_output_fraction"] > table["max_output_fraction"], "min_output_fraction",
                          "a number <= max_output_fraction")


def itself_where_member(data, some) -> pyo.Set:
    """For each unit the set of itself where it is among `some`, else the empty one: a sum over it is a choice by data."""
    some = set(some)
    return pyo.Set(data.units, initialize={name: [name] if name in some else [] for name in data.names})


def read_limits(data, case) -> None:
    """A and m of every generator and step: a least output above what is available gives way to it."""
    capacity = data.table["capacity_mw"].to_numpy(float)[:, None] * MW
    greatest = case.profile("availability", data.names, data.table["max_output_fraction"].to_numpy(float)) * capacity
    least = case.profile("min_output", data.names, data.table["min_output_fraction"].to_numpy(float)) * capacity
    data.available = data.series(greatest, "available")
    data.minimum = data.series(np.minimum(least, greatest), "minimum")


def read_rates(data) -> None:
    """v and i of every generator."""
    read_variable_cost(data)
    data.issued = data.parameter((data.table["certificate"].to_numpy(object) != "none").astype(float), "issued")


def read_variable_cost(data) -> None:
    """v of every generator and step."""
    cost = data.table["variable_cost_cny_per_mwh"].to_numpy(float)
    given = "variable_cost" in data.case.series
    by_step = data.case.profile("variable_cost", data.names, cost) if given else np.broadcast_to(cost[:, None], (
        len(cost), data.end))  # a view: no room is taken where costs do not change
    data.variable_cost = Array(by_step * CNY_PER_MWH if given else np.broadcast_to(
        cost[:, None] * CNY_PER_MWH, by_step.shape), data.names, data.step_labels, name="variable_cost")


def output(plant, data, unit, step):
    """g[g,t]   [GW]"""
    return plant.generation[unit, step]


def available(plant, data, unit, step):
    """A[g,t]   [GW]"""
    return data.available[unit, step]


def headroom_up(plant, data, unit, step):
    """A[g,t] - g[g,t]   [GW]"""
    return data.available[unit, step] - plant.generation[unit, step]


def headroom_down(plant, data, unit, step):
    """g[g,t] - m[g,t]   [GW]"""
    return plant.generation[unit, step] - data.minimum[unit, step]


def certificates(plant, data, unit, step):
    """i[g] g[g,t]   [GWh/h]"""
    return data.issued[unit] * plant.generation[unit, step]


def generation_cost(plant, data):
    """sum of v g dt   [million CNY]"""
    return sum(data.variable_cost[unit, step] * data.cost_hours[step] * plant.generation[unit, step]
               for unit in data.units for step in data.steps)


def reports(forgone) -> dict[str, Report]:
    """What people see of plant that may forgo energy: its power, and with what it forgoes what could be taken."""

    def could_be_taken(plant, data, unit, step):
        """g[g,t] and what is there and neither taken nor kept for later   [GW]"""
        return output(plant, data, unit, step) + forgone(plant, data, unit, step)

    return {"generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
            "available": Report("generator", "MW", 1 / MW, "power that could be taken", could_be_taken)}
