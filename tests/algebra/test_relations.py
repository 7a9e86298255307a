"""Relations, bounds and the sets of rows and columns, against Pyomo's own expansion and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from rules import STEPS, UNITS, compared, model_of, row

from grid_model.algebra import INFINITY, Array, compile_program


def test_one_variable_a_row():
    def write(model):
        model.rule = pyo.Constraint(
            model.units, model.steps, rule=lambda model, unit, step: model.power[unit, step] <= 5
        )

    program = compared(write)
    assert row(program, "rule", "风电", 3) == (-INFINITY, 5, {("power", "风电", 3): 1})
    assert program.rows["rule"].shape == (3, 4)


@pytest.mark.parametrize(
    "relation, lower, upper, sign",
    [
        (lambda left, right: left <= right, -INFINITY, 0, 1),
        (lambda left, right: left >= right, -INFINITY, 0, -1),
        (lambda left, right: left == right, 0, 0, 1),
    ],
)
def test_relations_between_variables(relation, lower, upper, sign):
    def write(model):
        model.rule = pyo.Constraint(
            model.units, rule=lambda model, unit: relation(model.power[unit, 1], model.level[unit, 0])
        )

    assert row(compared(write), "rule", "煤电") == (
        lower,
        upper,
        {("power", "煤电", 1): sign, ("level", "煤电", 0): -sign},
    )


@pytest.mark.parametrize(
    "relation, lower, upper",
    [
        (lambda body, data: body <= data, -INFINITY, 7),
        (lambda body, data: data >= body, -INFINITY, 7),
        (lambda body, data: body >= data, 7, INFINITY),
        (lambda body, data: data <= body, 7, INFINITY),
        (lambda body, data: body == data, 7, 7),
        (lambda body, data: data == body, 7, 7),
        (lambda body, data: pyo.inequality(-data, body, data), -7, 7),
        (lambda body, data: (-data, body, data), -7, 7),
        (lambda body, data: (body, data), 7, 7),
        (lambda body, data: (None, body, data), -INFINITY, 7),
        (lambda body, data: (data, body, None), 7, INFINITY),
    ],
)
def test_sides_given_by_data(relation, lower, upper):
    data = Array([7.0, 8.0, 9.0], UNITS)

    def write(model):
        model.rule = pyo.Constraint(
            model.units, rule=lambda model, unit: relation(2 * model.power[unit, 1] + 0, data[unit])
        )

    assert row(compared(write), "rule", "煤电") == (lower, upper, {("power", "煤电", 1): 2})


def test_constants_move_to_the_sides():
    def write(model):
        model.rule = pyo.Constraint(
            model.steps, rule=lambda model, step: (3, model.power["煤电", step] + 10 - 2 * (model.total - 4), 20)
        )

    assert row(compared(write), "rule", 2) == (-15, 2, {("power", "煤电", 2): 1, ("total",): -2})


def test_bounds_by_rule_within_the_domain():
    data = Array(np.arange(12.0).reshape(3, 4) - 2, UNITS, STEPS)

    def write(model):
        model.above = pyo.Var(
            model.units,
            model.steps,
            domain=pyo.NonNegativeReals,
            bounds=lambda _, unit, step: (data[unit, step], 100 - data[unit, step]),
        )
        model.below = pyo.Var(model.units, bounds=lambda _, unit: (None, data[unit, 4]))
        model.at_least = pyo.Var(model.units, bounds=lambda _, unit: (data[unit, 2], None))
        model.fixed = pyo.Var(model.units, bounds=lambda _, unit: (data[unit, 3], data[unit, 3]))
        model.one = pyo.Var(bounds=(-1, 4), domain=pyo.NonNegativeReals)
        model.free = pyo.Var(model.units)

    program = compared(write)
    assert program.columns["above"].of(program.column_lower)[0].tolist() == [0, 0, 0, 1]
    assert program.columns["above"].of(program.column_upper)[0].tolist() == [102, 101, 100, 99]
    assert program.columns["below"].of(program.column_lower).tolist() == [-INFINITY] * 3
    assert program.columns["fixed"].of(program.column_lower).tolist() == [0, 4, 8]
    assert program.columns["fixed"].of(program.column_upper).tolist() == [0, 4, 8]
    assert program.columns["one"].of(program.column_lower) == 0


def test_scalar_variables_and_constraints():
    def write(model):
        model.rule = pyo.Constraint(rule=lambda model: model.total + 3 * model.power["风电", 2] >= 1)

    assert row(compared(write), "rule") == (1, INFINITY, {("total",): 1, ("power", "风电", 2): 3})


def test_blocks_within_blocks():
    def write(model):
        model.outer = pyo.Block()
        model.outer.inner = pyo.Block()
        inner = model.outer.inner
        inner.some = pyo.Set(initialize=["风电"])
        inner.charge = pyo.Var(inner.some, model.steps)
        inner.rule = pyo.Constraint(
            inner.some,
            model.steps,
            rule=lambda block, unit, step: block.charge[unit, step] + model.power[unit, step] <= 1,
        )
        model.rule = pyo.Constraint(
            model.steps,
            rule=lambda model, step: (
                model.total + sum(model.outer.inner.charge[unit, step] for unit in model.outer.inner.some) == 0
            ),
        )

    program = compared(write)
    assert set(program.rows) == {"outer.inner.rule", "rule"}
    assert row(program, "rule", 4)[2] == {("total",): 1, ("outer.inner.charge", "风电", 4): 1}


def test_empty_families():
    def write(model):
        model.none = pyo.Set(initialize=[])
        model.no_pairs = pyo.Set(dimen=2, initialize=[])
        model.nothing = pyo.Var(
            model.none, model.steps, bounds=lambda model, unit, step: (0, unit["no rule is called"])
        )
        model.no_row = pyo.Constraint(
            model.none, model.steps, rule=lambda model, unit, step: model.nothing[unit, step] <= 1
        )
        model.no_pair = pyo.Constraint(model.no_pairs, rule=lambda model, one, other: model.level[one, other] <= 1)
        model.shown = pyo.Expression(model.none, model.steps, rule=lambda model, unit, step: model.nothing[unit, step])
        model.rule = pyo.Constraint(
            model.steps,
            rule=lambda model, step: (
                model.total
                + sum(model.nothing[unit, step] for unit in model.none)
                + sum(model.level[one, other] for one, other in model.no_pairs)
                <= 1
            ),
        )

    program = compared(write)
    assert set(program.rows) == {"rule"}
    assert program.columns["nothing"].size == 0
    assert program.evaluate("shown", np.zeros(len(program.cost))).shape == (0, 4)


def test_components_over_nothing_in_sums_over_nothing():
    """An empty set that was never told of how many parts its labels are: no rule is called, no index is looked up."""

    def write(model):
        model.none = pyo.Set(dimen=2, initialize=[])
        model.untold = pyo.Set(initialize=[])
        model.nothing = pyo.Var(model.untold, model.steps)
        model.shown = pyo.Expression(model.untold, rule=lambda model, one, other: model.nothing[one, other, 1])
        data = Array(np.empty((0, 4)), [], STEPS)
        model.rule = pyo.Constraint(
            model.steps,
            rule=lambda model, step: (
                model.total
                + sum(
                    model.shown[one, other] + data[one, step] * model.nothing[one, other, step]
                    for one, other in model.none
                )
                <= 1
            ),
        )

    program = compared(write)
    assert row(program, "rule", 2)[2] == {("total",): 1}
    assert program.operator("shown")[0].shape == (0, len(program.cost))


def test_a_row_without_entries_stays():
    """A zone without units: 0 = demand is a row that says so, not a row that is lost."""
    model = model_of(lambda model: None)
    model.none = pyo.Set(model.zones, initialize={"青海": [], "北京": ["煤电"]})
    model.rule = pyo.Constraint(
        model.zones, rule=lambda model, zone: sum(model.power[unit, 1] for unit in model.none[zone]) == 5
    )
    program = compile_program(model)
    assert row(program, "rule", "青海") == (5, 5, {})
    assert row(program, "rule", "北京") == (5, 5, {("power", "煤电", 1): 1})


def test_nothing_at_all():
    program = compile_program(pyo.AbstractModel())
    assert program.matrix.shape == (0, 0) and program.offset == 0
    program.to_highs()


def test_sets_of_other_sets():
    """Subsets, unions and products, and a rule over a set twice."""

    def write(model):
        model.some = pyo.Set(within=model.units, initialize=["光伏", "煤电"])
        model.other = pyo.Set(within=model.units, initialize=["风电"])
        model.joined = model.some | model.other
        model.later = pyo.RangeSet(2, 4)
        model.between = pyo.Var(model.zones, model.zones)
        model.rule = pyo.Constraint(
            model.joined,
            model.later,
            rule=lambda model, unit, step: model.power[unit, step] <= model.power[unit, step - 1],
        )
        model.subset = pyo.Constraint(model.some, rule=lambda model, unit: model.power[unit, 1] <= 2)
        model.squared = pyo.Constraint(
            model.zones,
            model.zones,
            rule=lambda model, one, other: model.between[one, other] == model.between[other, one] + model.total,
        )
        model.product = pyo.Constraint(
            rule=lambda model: sum(model.power[unit, step] for unit, step in model.some * model.later) <= 1
        )
        model.listed = pyo.Constraint(
            ["煤电", "光伏"], [3, 1], rule=lambda model, unit, step: model.power[unit, step] <= 2
        )

    program = compared(write)
    assert row(program, "rule", "光伏", 2)[2] == {("power", "光伏", 2): 1, ("power", "光伏", 1): -1}
    assert row(program, "squared", "青海", "青海")[2] == {("total",): -1}
    assert len(set(program.columns["between"].dimensions)) == 2
