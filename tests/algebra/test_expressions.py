"""Named expressions, costs, zeros and repeated columns, against Pyomo's own expansion and figures by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from rules import UNITS, compared, row

from grid_model.algebra import Array


def test_named_expressions():
    """Scalar and indexed, of variables and of data alone, one inside another, indexed by lags, labels and literals."""
    partner, cost = Array(np.array(["风电", "光伏", "煤电"], object), UNITS), Array([1.0, 2.0, 3.0], UNITS)

    def write(model):
        model.net = pyo.Expression(
            model.units, model.borders, rule=lambda model, unit, border: cost[unit] * model.level[unit, border] + 1
        )
        model.in_zone = pyo.Expression(
            model.zones,
            model.steps,
            rule=lambda model, zone, step: sum(
                model.net[unit, step] - model.net[unit, step - 1] for unit in model.units_in[zone]
            ),
        )
        model.all = pyo.Expression(
            rule=lambda model: (
                sum(model.in_zone[zone, step] for zone in model.zones for step in model.steps) + model.total
            )
        )
        model.data = pyo.Expression(model.units, rule=lambda model, unit: 2 * cost[unit])
        model.use = pyo.Constraint(
            model.zones, model.steps, rule=lambda model, zone, step: model.in_zone[zone, step] <= 1
        )
        model.lag = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                model.data[unit] * model.net[partner[unit], step - 1] - model.net["煤电", 0]
                >= model.data[partner[unit]]
            ),
        )
        model.literal = pyo.Constraint(
            rule=lambda model: model.all + model.in_zone["青海", 2] - 2 * model.all <= model.data["风电"]
        )
        model.cost = pyo.Objective(rule=lambda model: 3 * model.all + model.data["光伏"])

    program = compared(write)
    assert row(program, "use", "北京", 2)[2] == {("level", "煤电", 2): 1, ("level", "煤电", 1): -1}
    assert program.offset == 6
    solution = np.arange(len(program.cost), dtype=float)
    assert program.evaluate("all", solution) * 3 + 6 == pytest.approx(program.cost @ solution + program.offset)
    assert program.evaluate("in_zone", solution).shape == (2, 4)
    assert program.evaluate("data", solution).tolist() == [2, 4, 6]


def test_zeros_are_dropped_and_repeated_columns_added_up():
    none = Array([0.0, 1.0, 0.0], UNITS)
    same = Array(np.array(["风电", "风电", "煤电"], object), UNITS)

    def write(model):
        model.zeros = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: none[unit] * model.power[unit, step] + model.level[unit, step] <= 1,
        )
        model.twice = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                2 * model.power[unit, step] + 3 * model.power[unit, step] - model.level[unit, step] <= 1
            ),
        )
        model.cancel = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: model.power[unit, step] + model.total - model.power[unit, step] <= 1,
        )
        model.sometimes = pyo.Constraint(
            model.units, rule=lambda model, unit: model.power[unit, 1] + model.power[same[unit], 1] <= 1
        )
        model.in_sum = pyo.Constraint(
            model.steps, rule=lambda model, step: sum(model.power[same[unit], step] for unit in model.units) <= 1
        )
        model.sum_and_one = pyo.Constraint(
            model.steps,
            rule=lambda model, step: (
                sum(model.power[unit, step] for unit in model.units)
                - model.power["煤电", step]
                + model.power["风电", step]
                <= 1
            ),
        )
        model.many = pyo.Constraint(
            model.steps,
            rule=lambda model, step: sum(model.power[unit, step] for unit in model.units for _ in model.zones) <= 1,
        )

    program = compared(write)
    assert row(program, "zeros", "煤电", 1)[2] == {("level", "煤电", 1): 1}
    assert row(program, "twice", "煤电", 1)[2] == {("power", "煤电", 1): 5, ("level", "煤电", 1): -1}
    assert row(program, "cancel", "煤电", 1)[2] == {("total",): 1}
    assert row(program, "sometimes", "风电")[2] == {("power", "风电", 1): 2}
    assert row(program, "in_sum", 1)[2] == {("power", "风电", 1): 2, ("power", "煤电", 1): 1}
    assert row(program, "sum_and_one", 1)[2] == {("power", "风电", 1): 2, ("power", "光伏", 1): 1}
    assert row(program, "many", 1)[2] == {("power", unit, 1): 2 for unit in UNITS}


def test_costs_and_maximise():
    price = Array([1.0, 0.0, 3.0], UNITS)

    def cost(model):
        return (
            sum(price[unit] * model.power[unit, step] for unit in model.units for step in model.steps)
            + 4 * model.total
            + 9
        )

    def write(model):
        model.cost = pyo.Objective(rule=cost)

    def write_maximise(model):
        model.value = pyo.Objective(rule=cost, sense=pyo.maximize)

    least, greatest = compared(write), compared(write_maximise)
    assert least.columns["power"].of(least.cost)[2].tolist() == [3, 3, 3, 3] and least.offset == 9
    assert np.array_equal(greatest.cost, -least.cost) and greatest.offset == -9


def test_repeated_columns_in_the_objective():
    same = Array(np.array(["风电", "风电", "煤电"], object), UNITS)

    def write(model):
        model.cost = pyo.Objective(
            rule=lambda model: (
                sum(model.power[same[unit], 1] for unit in model.units)
                + sum(2 * model.total for _ in model.steps)
                + model.total
            )
        )

    program = compared(write)
    assert program.columns["power"].of(program.cost)[:, 0].tolist() == [1, 2, 0]
    assert program.columns["total"].of(program.cost) == 9
