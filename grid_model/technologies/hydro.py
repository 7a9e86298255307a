"""Hydro without a reservoir of its own in the data: run-of-river, and plants known by the energy of each month.

symbol  attribute   unit  kind
g       generation  GW    decision, m <= g <= A
w       unused      GWh   decision >= 0, energy of a budget that is not generated
A       available   GW    data: availability profile (else max_output_fraction) times capacity
m       minimum     GW    data: ecological least output, at most A and at most the mean power of the month's budget
M       budget      GWh   data: energy of the generator in the steps of a month
f       forgone     GW    energy that was there and was not generated, as power

A generator in the table `reservoirs` belongs to reservoir.py. Of the others, one with a series `energy_budget` (mean
power over the month, so that a part of a month has its share of hours) may generate at most that energy in each month;
one without runs on the river: what it does not take is gone. A month whose budget is no less than what A lets through
has no row: there the plant runs on the river too.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MW
from grid_model.technologies import generators
from grid_model.technologies.contract import Data
from grid_model.technologies.generators import CERTIFICATE, GENERATORS, itself_where_member

NAME = "hydro"

TABLES = {"generators": [*GENERATORS, CERTIFICATE]}


def read(case) -> Data | None:
    """Figures of every generator of kind hydro that has no reservoir."""
    table = case.generators("hydro")
    table = table[~table["generator"].isin(case.tables["reservoirs"]["generator"])]
    if table.empty:
        return None
    data = Data(case, table, "generator")
    generators.read_limits(data, case)
    generators.read_rates(data)
    _read_budgets(data, case)
    return data


def _read_budgets(data: Data, case) -> None:
    """M of every generator and month that can bind, and in which steps; months are written as year * 100 + month.

    data.budgets    (generator, month) with a row
    data.on_river   1 where a step has no such row, else 0, by generator and step
    data.spread     1 / hours of the month in the case where it has one, else 0   [1/h]
    data.month_of   its month, by generator and step; where there is none, any that the generator has
    """
    month, labels = case.month_of_step, (case.months.year * 100 + case.months.month).to_numpy()
    hours_in = (month[:, None] == np.arange(len(labels))) * case.step_hours[:, None]
    hours, energy = hours_in.sum(axis=0), case.profile("energy_budget", data.names) * MW @ hours_in
    limited = energy < data.available.values @ hours_in * (1 - 1e-9)  # not where there is no budget: NaN
    mean_power = np.where(limited, energy / hours, np.inf)[:, month]
    data.minimum = data.series(np.minimum(data.minimum.values, mean_power), "minimum")
    data.energy = Array(np.where(limited, energy, 0.0), data.names, labels, name="energy")
    data.budgets = [(data.names[unit], int(labels[at])) for unit, at in np.argwhere(limited)]
    data.budgeted = data.where(limited.any(axis=1))
    data.steps_of_month = {int(label): data.step_labels[month == at].tolist() for at, label in enumerate(labels)}
    data.on_river = data.series(np.where(limited, 0.0, 1.0)[:, month], "on_river")
    data.spread = data.series(np.where(limited, 1 / hours, 0.0)[:, month], "spread")
    with_row = np.where(limited, np.arange(len(labels)), limited.argmax(axis=1)[:, None])
    data.month_of = data.series(labels[with_row][:, month], "month_of")


def add_variables(hydro, data):
    hydro.months = pyo.Set(initialize=list(data.steps_of_month))
    hydro.steps_of_month = pyo.Set(hydro.months, initialize=data.steps_of_month)
    hydro.budgets = pyo.Set(dimen=2, initialize=data.budgets)
    hydro.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))
    hydro.unused = pyo.Var(hydro.budgets, domain=pyo.NonNegativeReals)
    hydro.budgeted = itself_where_member(data, data.budgeted)


def add_constraints(hydro, data):
    @hydro.Constraint(hydro.budgets)
    def budget(hydro, unit, month):
        """sum over the month of g dt + w[g,month] = M[g,month]   [GWh]"""
        generated = sum(data.step_hours[step] * hydro.generation[unit, step] for step in hydro.steps_of_month[month])
        return generated + hydro.unused[unit, month] == data.energy[unit, month]


def forgone(hydro, data, unit, step):
    """A - g on the river; w / (hours of the month) under a budget, evenly over its month   [GW]"""
    passing = data.on_river[unit, step] * (data.available[unit, step] - hydro.generation[unit, step])
    return passing + sum(data.spread[one, step] * hydro.unused[one, data.month_of[one, step]]
                         for one in hydro.budgeted[unit])


output = generators.output
available = generators.available
headroom_up = generators.headroom_up
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = generators.reports(forgone)
