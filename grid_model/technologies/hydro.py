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
one without runs on the river: what it does not take is gone. A month whose budget is no less than what A lets through has
no row: there the plant runs on the river too. Source: POLICY.md, section 7.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MW
from grid_model.technologies import generators
from grid_model.technologies.contract import Data, Report
from grid_model.technologies.generators import CERTIFICATE, GENERATORS, of_kind

NAME = "hydro"

TABLES = {"generators": [*GENERATORS, CERTIFICATE]}


def read(case) -> Data | None:
    """Figures of every generator of kind hydro that has no reservoir."""
    table = of_kind(case, "hydro")
    table = table[~table["generator"].isin(case.tables["reservoirs"]["generator"])]
    if table.empty:
        return None
    data = Data(case, table, "generator")
    generators.read_limits(data, case)
    generators.read_rates(data)
    _read_budgets(data, case)
    return data


def _read_budgets(data: Data, case) -> None:
    """M of every generator and month that can bind, the steps of each month, and where the rest of a budget is found.

    data.budgets    (generator, month) with a row; a month is written as year * 100 + month
    data.on_river   1 where a step has no such row, else 0, by generator and step
    data.spread     1 / hours of the month in the case where it has one, else 0   [1/h]
    data.budget_of, data.month_of   labels of that row by generator, and by generator and step; any row where spread is 0
    """
    names, month = data.names, case.month_of_step
    labels = (case.months.year * 100 + case.months.month).to_numpy()
    in_month = (month[:, None] == np.arange(len(labels))) * case.step_hours[:, None]
    power = case.profile("energy_budget", names) * MW
    energy, most = power @ in_month, data.available.values @ in_month
    limited = energy < most * (1 - 1e-9)  # not where there is no budget: NaN
    hours = in_month.sum(axis=0)
    mean_power = np.where(limited, energy / hours, np.inf)[:, month]
    data.minimum = data.series(np.minimum(data.minimum.values, mean_power), "minimum")
    data.energy = Array(np.where(limited, energy, 0.0), names, labels, name="budget")
    data.budgets = [(names[unit], int(labels[at])) for unit, at in np.argwhere(limited)]
    data.steps_of_month = {int(label): data.step_labels[month == at].tolist() for at, label in enumerate(labels)}
    data.on_river = data.series(np.where(limited, 0.0, 1.0)[:, month], "on_river")
    data.spread = data.series(np.where(limited, 1 / hours, 0.0)[:, month], "spread")
    if data.budgets:
        some = limited.any(axis=1)
        unit = np.where(some, np.arange(len(names)), some.argmax())
        first = limited[unit].argmax(axis=1)[:, None]
        data.budget_of = data.parameter(names[unit], "budget_of")
        data.month_of = data.series(labels[np.where(limited[unit], np.arange(len(labels)), first)][:, month], "month_of")


def add_variables(hydro, data):
    hydro.months = pyo.Set(initialize=list(data.steps_of_month))
    hydro.steps_of_month = pyo.Set(hydro.months, initialize=data.steps_of_month)
    hydro.budgets = pyo.Set(dimen=2, initialize=data.budgets)
    hydro.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.available[unit, step]))
    hydro.unused = pyo.Var(hydro.budgets, domain=pyo.NonNegativeReals)


def add_constraints(hydro, data):
    @hydro.Constraint(hydro.budgets)
    def budget(hydro, unit, month):
        """sum over the month of g dt + w[g,month] = M[g,month]   [GWh]"""
        generated = sum(data.step_hours[step] * hydro.generation[unit, step] for step in hydro.steps_of_month[month])
        return generated + hydro.unused[unit, month] == data.energy[unit, month]


def forgone(hydro, data, unit, step):
    """A - g on the river; w / (hours of the month) under a budget, evenly over its month   [GW]"""
    passing = data.on_river[unit, step] * (data.available[unit, step] - hydro.generation[unit, step])
    if not data.budgets:
        return passing
    return passing + data.spread[unit, step] * hydro.unused[data.budget_of[unit], data.month_of[unit, step]]


output = generators.output
available = generators.available
headroom_up = generators.headroom_up
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", lambda hydro, data, unit, step:
                        output(hydro, data, unit, step) + forgone(hydro, data, unit, step)),
}
