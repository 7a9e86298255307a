"""Sums over sets, against Pyomo's own expansion and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from rules import LINKS, STEPS, UNITS, UNITS_IN, ZONES, compared, row

from grid_model.algebra import Array, compile_program


def test_sums_over_sets_indexed_sets_and_nothing():
    weight = Array([1.0, 2.0, 3.0], UNITS)

    def write(model):
        model.none = pyo.Set(initialize=[])
        model.all = pyo.Constraint(
            model.steps,
            rule=lambda model, step: sum(weight[unit] * model.power[unit, step] for unit in model.units) == 4,
        )
        model.zone = pyo.Constraint(
            model.zones,
            model.steps,
            rule=lambda model, zone, step: (
                sum(weight[unit] * model.power[unit, step] for unit in model.units_in[zone]) <= model.total
            ),
        )
        model.given = pyo.Constraint(
            model.steps, rule=lambda model, step: sum(model.power[unit, step] for unit in model.units_in["青海"]) <= 1
        )
        model.sparse = pyo.Constraint(
            model.steps, rule=lambda model, step: sum(model.flow[start, end, step] for start, end in model.links) <= 1
        )
        model.empty = pyo.Constraint(
            model.steps,
            rule=lambda model, step: (
                model.total + sum(model.power[unit, step] for unit in model.none) + sum(model.total for _ in []) <= 1
            ),
        )
        model.begun = pyo.Constraint(
            model.steps,
            rule=lambda model, step: sum((model.power[unit, step] for unit in model.units), 2 * model.total) <= 1,
        )

    program = compared(write)
    assert row(program, "zone", "青海", 2)[2] == {("power", "风电", 2): 2, ("power", "光伏", 2): 3, ("total",): -1}
    assert row(program, "empty", 1)[2] == {("total",): 1}
    assert row(program, "begun", 1)[2] == {("total",): 2, **{("power", unit, 1): 1 for unit in UNITS}}


def test_nested_sums():
    """A sum in a sum, as two generators or as one, over members that depend on the outer one."""

    def write(model):
        model.days = pyo.Set(initialize=["d1", "d2", "d3"])
        model.steps_of = pyo.Set(model.days, initialize={"d1": [1, 2], "d2": [], "d3": [4]})
        model.zones_of = pyo.Set(model.days, initialize={"d1": ["北京"], "d2": ["青海", "北京"], "d3": ["青海"]})
        model.one = pyo.Constraint(
            model.zones,
            model.days,
            rule=lambda model, zone, day: (
                model.total
                + sum(model.power[unit, step] for unit in model.units_in[zone] for step in model.steps_of[day])
                <= 1
            ),
        )
        model.two = pyo.Constraint(
            model.zones,
            model.days,
            rule=lambda model, zone, day: (
                model.total
                + sum(
                    2 * sum(model.power[unit, step] for step in model.steps_of[day]) + model.total
                    for unit in model.units_in[zone]
                )
                <= 1
            ),
        )
        model.chain = pyo.Constraint(
            model.days,
            model.steps,
            rule=lambda model, day, step: (
                model.total
                + sum(sum(model.power[unit, step] for unit in model.units_in[zone]) for zone in model.zones_of[day])
                <= 1
            ),
        )
        model.chain_of_one = pyo.Constraint(
            rule=lambda model: (
                sum(
                    model.power[unit, step]
                    for day in model.days
                    for zone in model.zones_of[day]
                    for unit in model.units_in[zone]
                    for step in model.steps_of[day]
                )
                <= 1
            )
        )

    program = compared(write)
    assert row(program, "two", "青海", "d1")[2] == {
        ("total",): 3,
        **{("power", unit, step): 2 for unit in ("风电", "光伏") for step in (1, 2)},
    }
    assert row(program, "chain", "d2", 3)[2] == {("total",): 1, **{("power", unit, 3): 1 for unit in UNITS}}


def test_keys_that_vary_along_several_axes():
    """Members listed by zone and step, by tuples, and by a label that a parameter gives."""
    zone_of = Array(np.array(["北京", "青海", "青海"], object), UNITS)

    def write(model):
        model.able = pyo.Set(model.zones, model.steps, initialize=lambda model, zone, step: UNITS_IN[zone][: step - 1])
        model.across = pyo.Set(
            model.links,
            initialize=lambda model, start, end: [*UNITS_IN[start], *UNITS_IN[end][:1]] if start != end else [],
        )
        model.by_two = pyo.Constraint(
            model.units,
            model.zones,
            model.steps,
            rule=lambda model, one, zone, step: (
                model.level[one, step] + sum(model.power[unit, step] for unit in model.able[zone, step]) <= 1
            ),
        )
        model.apart = pyo.Constraint(
            model.zones,
            model.units,
            model.steps,
            rule=lambda model, zone, one, step: (
                model.level[one, step] + sum(model.power[unit, step] for unit in model.able[zone, step]) <= 1
            ),
        )
        model.by_tuple = pyo.Constraint(
            model.links,
            rule=lambda model, start, end: (
                model.total + sum(model.power[unit, 1] for unit in model.across[start, end]) <= 1
            ),
        )
        model.by_label = pyo.Constraint(
            model.units,
            model.steps,
            rule=lambda model, unit, step: (
                model.total + sum(model.level[other, step] for other in model.units_in[zone_of[unit]]) <= 1
            ),
        )

    program = compared(write)
    assert row(program, "apart", "青海", "煤电", 2)[2] == {("level", "煤电", 2): 1, ("power", "风电", 2): 1}
    assert row(program, "by_label", "煤电", 1)[2] == {("total",): 1, ("level", "煤电", 1): 1}


def test_factors_of_sums():
    """A factor before a sum belongs to every member, along whichever axes it varies."""
    by_zone, by_step = Array([2.0, 3.0], ZONES), Array([1.0, 5.0, 7.0, 9.0], STEPS)

    def write(model):
        model.listed = pyo.Constraint(
            model.zones,
            model.steps,
            rule=lambda model, zone, step: (
                by_zone[zone] * by_step[step] * sum(model.power[unit, step] for unit in model.units_in[zone])
                <= model.total
            ),
        )
        model.plain = pyo.Constraint(
            model.zones,
            rule=lambda model, zone: sum(model.power[unit, 1] for unit in model.units) / by_zone[zone] <= model.total,
        )
        model.nested = pyo.Constraint(
            model.zones,
            rule=lambda model, zone: (
                sum(
                    by_step[step] * sum(model.power[unit, step] for unit in model.units_in[zone])
                    for step in model.steps
                )
                <= model.total
            ),
        )

    program = compared(write)
    assert row(program, "listed", "北京", 2)[2] == {("power", "煤电", 2): 15, ("total",): -1}
    assert row(program, "plain", "青海")[2][("power", "光伏", 1)] == 0.5


def test_members_that_are_tuples():
    def write(model):
        model.into = pyo.Set(
            model.zones, dimen=2, initialize=lambda model, zone: [link for link in LINKS if link[1] == zone]
        )
        model.balance = pyo.Constraint(
            model.zones,
            model.steps,
            rule=lambda model, zone, step: (
                model.total + sum(model.flow[start, end, step] for start, end in model.into[zone]) <= 1
            ),
        )
        model.each = pyo.Constraint(
            model.links,
            model.steps,
            rule=lambda model, start, end, step: (
                model.flow[start, end, step] >= sum(model.power[unit, step] for unit in model.units_in[end])
            ),
        )

    program = compared(write)
    assert row(program, "balance", "青海", 3)[2] == {
        ("total",): 1,
        ("flow", "北京", "青海", 3): 1,
        ("flow", "青海", "青海", 3): 1,
    }
    assert program.rows["each"].label(5) == (("北京", "青海"), 2)


def test_sums_of_data():
    """Sums of data alone: as constants, as coefficients, as sides and as bounds."""
    demand = Array(np.arange(12.0).reshape(3, 4), UNITS, STEPS)

    def write(model):
        def of_zone(zone, step):
            return sum(demand[unit, step] for unit in model.units_in[zone])

        model.served = pyo.Var(model.zones, model.steps, bounds=lambda model, zone, step: (0, of_zone(zone, step)))
        model.rule = pyo.Constraint(
            model.zones,
            model.steps,
            rule=lambda model, zone, step: (
                -of_zone(zone, 1),
                of_zone(zone, step) * model.served[zone, step]
                + sum(model.power[unit, step] - demand[unit, step] for unit in model.units_in[zone]),
                of_zone(zone, 4) + 7,
            ),
        )
        model.none = pyo.Set(model.zones, initialize={"青海": [], "北京": []})
        model.nothing = pyo.Constraint(
            model.zones,
            rule=lambda model, zone: (
                model.served[zone, 1] * (1 + sum(demand[unit, 1] for unit in model.none[zone])) <= 1
            ),
        )

    program = compared(write)
    assert program.columns["served"].of(program.column_upper)[0].tolist() == [12, 14, 16, 18]
    lower, upper, entries = row(program, "rule", "青海", 2)
    assert (lower, upper) == (-12 + 14, 18 + 7 + 14) and entries[("served", "青海", 2)] == 14


def test_a_cost_over_an_empty_set_is_nothing():
    """3 sum over nobody + y: only y costs."""
    model = pyo.AbstractModel()
    model.nobody = pyo.Set(initialize=[])
    model.x = pyo.Var(model.nobody)
    model.y = pyo.Var(within=pyo.NonNegativeReals)
    model.cost = pyo.Objective(rule=lambda m: 3 * sum(m.x[i] for i in m.nobody) + m.y)
    assert compile_program(model).cost.tolist() == [1.0]
