"""Parameters and indices in rules, against Pyomo's own expansion and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from rules import STEPS, UNITS, compared, row

from grid_model.algebra import INFINITY, Array


def test_parameters_of_all_kinds():
    price, factor = Array([2.0, 3.0, 5.0], UNITS), Array(np.arange(12.0).reshape(3, 4) + 1, UNITS, STEPS)

    def write(model):
        model.single = pyo.Param(initialize=7)
        model.single_mutable = pyo.Param(initialize=11, mutable=True)
        model.by_unit = pyo.Param(model.units, initialize=dict(zip(UNITS, [1.5, 2.5, 3.5], strict=True)))
        model.by_both = pyo.Param(model.units, model.steps, mutable=True, default=13, initialize={("风电", 2): 17})
        model.rule = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                price[unit] * factor[unit, step] * model.power[unit, step] * 2 / model.by_unit[unit]
                + model.by_both[unit, step] * model.level[unit, step]
                - (model.single + model.single_mutable) * model.total
                + model.by_unit["煤电"] * model.by_both["风电", 2]
                == model.by_both[unit, 1] * price["光伏"]
            ),
        )

    entries = row(compared(write), "rule", "风电", 2)[2]
    assert entries == {("power", "风电", 2): 3 * 6 * 2 / 2.5, ("level", "风电", 2): 17, ("total",): -18}


def test_lags_by_arithmetic_and_by_labels():
    previous = Array([4, 1, 2, 3], STEPS)
    partner = Array(np.array(["风电", "光伏", "煤电"], object), UNITS)

    def write(model):
        model.ramp = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: model.level[unit, step] - model.level[unit, step - 1] <= 1,
        )
        model.ring = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: model.power[unit, step] - model.power[unit, previous[step]] <= 1,
        )
        model.pairs = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: model.power[unit, step] == model.power[partner[unit], step],
        )
        model.both = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                model.power[partner[partner[unit]], previous[step]] == model.level[partner[unit], 2 * 2 - step]
            ),
        )

    program = compared(write)
    assert row(program, "ramp", "煤电", 1)[2] == {("level", "煤电", 1): 1, ("level", "煤电", 0): -1}
    assert row(program, "ring", "煤电", 1)[2] == {("power", "煤电", 1): 1, ("power", "煤电", 4): -1}
    assert row(program, "both", "煤电", 4)[2] == {("power", "光伏", 3): 1, ("level", "风电", 0): -1}


def test_labels_in_parameters_of_pyomo():
    def write(model):
        model.zone_of = pyo.Param(
            model.units, within=pyo.Any, initialize={"煤电": "北京", "风电": "青海", "光伏": "青海"}
        )
        model.carried = pyo.Var(model.zones)
        model.rule = pyo.Constraint(
            model.units, rule=lambda model, unit: model.power[unit, 1] <= model.carried[model.zone_of[unit]]
        )

    assert row(compared(write), "rule", "光伏")[2] == {("power", "光伏", 1): 1, ("carried", "青海"): -1}


def test_parameters_whose_axes_are_turned_or_parts():
    """Axes in another order than the rule's, one axis twice, and a rule over part of them."""
    turned = Array(np.arange(12.0).reshape(4, 3) + 1, STEPS, UNITS)
    square, longer = Array(np.arange(9.0).reshape(3, 3) + 1, UNITS, UNITS), Array(np.arange(5.0) + 1, [0, *STEPS])

    def write(model):
        model.rule = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                turned[step, unit] * model.power[unit, step] + square[unit, unit] * model.total <= longer[step]
            ),
        )
        model.pairs = pyo.Constraint(
            model.units,
            model.units,
            rule=lambda model, one, other: (
                square[other, one] * model.power[one, 1] + square[one, other] * model.level[other, 1] <= 1
            ),
        )

    program = compared(write)
    assert row(program, "rule", "风电", 3) == (-INFINITY, 4, {("power", "风电", 3): 8, ("total",): 5})
    assert row(program, "pairs", "煤电", "光伏")[2] == {("power", "煤电", 1): 7, ("level", "光伏", 1): 3}


def test_precision_and_types_of_arrays():
    """Small types are widened as Python's numbers are: 2**20 * 2**20 in 32 bits would be 0, 0.1 would lose digits."""
    large = Array(np.full(3, 2**20, np.int32), UNITS)
    single, flags, plain = (
        Array(np.full(3, 0.1), UNITS),
        Array(np.array([True, False, True]), UNITS),
        Array([1, 2, 3], UNITS),
    )

    def write(model):
        model.rule = pyo.Constraint(
            model.units,
            rule=lambda model, unit: (
                large[unit] * large[unit] * model.total
                + single[unit] * model.level[unit, 0]
                + flags[unit] * model.power[unit, 1]
                - plain[unit] * flags[unit]
                <= -flags[unit]
            ),
        )

    assert row(compared(write), "rule", "煤电")[2] == {
        ("total",): 2.0**40,
        ("level", "煤电", 0): 0.1,
        ("power", "煤电", 1): 1,
    }


def test_negation_division_and_brackets():
    data = Array([2.0, 4.0, 8.0], UNITS)

    def write(model):
        model.rule = pyo.Constraint(
            model.units,
            rule=lambda model, unit: (
                -(model.power[unit, 1] - 3 * (model.level[unit, 0] + model.total) / data[unit]) / (1 / data[unit])
                - -model.total * (2 - data[unit])
                <= -(4 - data[unit]) / 2
            ),
        )

    assert row(compared(write), "rule", "风电") == (
        -INFINITY,
        0,
        {("power", "风电", 1): -4, ("level", "风电", 0): 3, ("total",): 1},
    )


def test_index_in_the_arithmetic():
    """An integer index is a number too."""

    def write(model):
        model.rule = pyo.Constraint(
            model.units, model.steps, rule=lambda model, unit, step: step * model.power[unit, step] <= 10 - 2 * step
        )

    assert row(compared(write), "rule", "风电", 3) == (-INFINITY, 4, {("power", "风电", 3): 3})
