"""Each construct that rules are made of, against Pyomo's own expansion and against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from matrices import rows_of, same_matrix

from grid_model.algebra import INFINITY, Array, compile_program

UNITS, ZONES, STEPS = ["煤电", "风电", "光伏"], ["青海", "北京"], [1, 2, 3, 4]
UNITS_IN = {"青海": ["风电", "光伏"], "北京": ["煤电"]}
LINKS = [("青海", "北京"), ("北京", "青海"), ("青海", "青海")]


def compared(write):
    """The programme of a model that `write` fills, the same as Pyomo's expansion of it."""
    return same_matrix(lambda: model_of(write), lambda: model_of(write, construct=True))


def model_of(write, construct=False):
    model = pyo.AbstractModel()
    model.units, model.zones = pyo.Set(initialize=UNITS), pyo.Set(initialize=ZONES)
    model.steps, model.borders = pyo.RangeSet(1, 4), pyo.RangeSet(0, 4)
    model.units_in = pyo.Set(model.zones, initialize=UNITS_IN)
    model.links = pyo.Set(dimen=2, initialize=LINKS)
    model.power = pyo.Var(model.units, model.steps, bounds=(0, None))
    model.level = pyo.Var(model.units, model.borders)
    model.flow = pyo.Var(model.links, model.steps)
    model.total = pyo.Var()
    write(model)
    if construct:
        model.construct()
    return model


def row(program, *name) -> tuple:
    return rows_of(program)[name]


def test_one_variable_a_row():
    def write(model):
        model.rule = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: model.power[unit, step] <= 5)

    program = compared(write)
    assert row(program, "rule", "风电", 3) == (-INFINITY, 5, {("power", "风电", 3): 1})
    assert program.rows["rule"].shape == (3, 4)


@pytest.mark.parametrize("relation, lower, upper, sign", [
    (lambda left, right: left <= right, -INFINITY, 0, 1),
    (lambda left, right: left >= right, -INFINITY, 0, -1),
    (lambda left, right: left == right, 0, 0, 1),
])
def test_relations_between_variables(relation, lower, upper, sign):
    def write(model):
        model.rule = pyo.Constraint(model.units, rule=lambda model, unit: relation(model.power[unit, 1], model.level[unit, 0]))

    assert row(compared(write), "rule", "煤电") == (lower, upper, {("power", "煤电", 1): sign, ("level", "煤电", 0): -sign})


@pytest.mark.parametrize("relation, lower, upper", [
    (lambda body, data: body <= data, -INFINITY, 7), (lambda body, data: data >= body, -INFINITY, 7),
    (lambda body, data: body >= data, 7, INFINITY), (lambda body, data: data <= body, 7, INFINITY),
    (lambda body, data: body == data, 7, 7), (lambda body, data: data == body, 7, 7),
    (lambda body, data: pyo.inequality(-data, body, data), -7, 7), (lambda body, data: (-data, body, data), -7, 7),
    (lambda body, data: (body, data), 7, 7), (lambda body, data: (None, body, data), -INFINITY, 7),
    (lambda body, data: (data, body, None), 7, INFINITY),
])
def test_sides_given_by_data(relation, lower, upper):
    data = Array([7.0, 8.0, 9.0], UNITS)

    def write(model):
        model.rule = pyo.Constraint(model.units, rule=lambda model, unit: relation(2 * model.power[unit, 1] + 0, data[unit]))

    assert row(compared(write), "rule", "煤电") == (lower, upper, {("power", "煤电", 1): 2})


def test_constants_move_to_the_sides():
    def write(model):
        model.rule = pyo.Constraint(model.steps, rule=lambda model, step: (
            3, model.power["煤电", step] + 10 - 2 * (model.total - 4), 20))

    assert row(compared(write), "rule", 2) == (-15, 2, {("power", "煤电", 2): 1, ("total",): -2})


def test_bounds_by_rule_within_the_domain():
    data = Array(np.arange(12.0).reshape(3, 4) - 2, UNITS, STEPS)

    def write(model):
        model.above = pyo.Var(model.units, model.steps, domain=pyo.NonNegativeReals,
                              bounds=lambda _, unit, step: (data[unit, step], 100 - data[unit, step]))
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


def test_parameters_of_all_kinds():
    price, factor = Array([2.0, 3.0, 5.0], UNITS), Array(np.arange(12.0).reshape(3, 4) + 1, UNITS, STEPS)

    def write(model):
        model.single = pyo.Param(initialize=7)
        model.single_mutable = pyo.Param(initialize=11, mutable=True)
        model.by_unit = pyo.Param(model.units, initialize=dict(zip(UNITS, [1.5, 2.5, 3.5])))
        model.by_both = pyo.Param(model.units, model.steps, mutable=True, default=13, initialize={("风电", 2): 17})
        model.rule = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            price[unit] * factor[unit, step] * model.power[unit, step] * 2 / model.by_unit[unit]
            + model.by_both[unit, step] * model.level[unit, step] - (model.single + model.single_mutable) * model.total
            + model.by_unit["煤电"] * model.by_both["风电", 2] == model.by_both[unit, 1] * price["光伏"]))

    entries = row(compared(write), "rule", "风电", 2)[2]
    assert entries == {("power", "风电", 2): 3 * 6 * 2 / 2.5, ("level", "风电", 2): 17, ("total",): -18}


def test_lags_by_arithmetic_and_by_labels():
    previous = Array([4, 1, 2, 3], STEPS)
    partner = Array(np.array(["风电", "光伏", "煤电"], object), UNITS)

    def write(model):
        model.ramp = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.level[unit, step] - model.level[unit, step - 1] <= 1))
        model.ring = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.power[unit, step] - model.power[unit, previous[step]] <= 1))
        model.pairs = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.power[unit, step] == model.power[partner[unit], step]))
        model.both = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.power[partner[partner[unit]], previous[step]] == model.level[partner[unit], 2 * 2 - step]))

    program = compared(write)
    assert row(program, "ramp", "煤电", 1)[2] == {("level", "煤电", 1): 1, ("level", "煤电", 0): -1}
    assert row(program, "ring", "煤电", 1)[2] == {("power", "煤电", 1): 1, ("power", "煤电", 4): -1}
    assert row(program, "both", "煤电", 4)[2] == {("power", "光伏", 3): 1, ("level", "风电", 0): -1}


def test_labels_in_parameters_of_pyomo():
    def write(model):
        model.zone_of = pyo.Param(model.units, within=pyo.Any, initialize={"煤电": "北京", "风电": "青海", "光伏": "青海"})
        model.carried = pyo.Var(model.zones)
        model.rule = pyo.Constraint(model.units, rule=lambda model, unit: model.power[unit, 1] <= model.carried[model.zone_of[unit]])

    assert row(compared(write), "rule", "光伏")[2] == {("power", "光伏", 1): 1, ("carried", "青海"): -1}


def test_sums_over_sets_indexed_sets_and_nothing():
    weight = Array([1.0, 2.0, 3.0], UNITS)

    def write(model):
        model.none = pyo.Set(initialize=[])
        model.all = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(weight[unit] * model.power[unit, step] for unit in model.units) == 4))
        model.zone = pyo.Constraint(model.zones, model.steps, rule=lambda model, zone, step: (
            sum(weight[unit] * model.power[unit, step] for unit in model.units_in[zone]) <= model.total))
        model.given = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(model.power[unit, step] for unit in model.units_in["青海"]) <= 1))
        model.sparse = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(model.flow[start, end, step] for start, end in model.links) <= 1))
        model.empty = pyo.Constraint(model.steps, rule=lambda model, step: (
            model.total + sum(model.power[unit, step] for unit in model.none) + sum(model.total for _ in []) <= 1))
        model.begun = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum((model.power[unit, step] for unit in model.units), 2 * model.total) <= 1))

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
        model.one = pyo.Constraint(model.zones, model.days, rule=lambda model, zone, day: model.total + sum(
            model.power[unit, step] for unit in model.units_in[zone] for step in model.steps_of[day]) <= 1)
        model.two = pyo.Constraint(model.zones, model.days, rule=lambda model, zone, day: model.total + sum(
            2 * sum(model.power[unit, step] for step in model.steps_of[day]) + model.total
            for unit in model.units_in[zone]) <= 1)
        model.chain = pyo.Constraint(model.days, model.steps, rule=lambda model, day, step: model.total + sum(
            sum(model.power[unit, step] for unit in model.units_in[zone]) for zone in model.zones_of[day]) <= 1)
        model.chain_of_one = pyo.Constraint(rule=lambda model: sum(
            model.power[unit, step] for day in model.days for zone in model.zones_of[day]
            for unit in model.units_in[zone] for step in model.steps_of[day]) <= 1)

    program = compared(write)
    assert row(program, "two", "青海", "d1")[2] == {
        ("total",): 3, **{("power", unit, step): 2 for unit in ("风电", "光伏") for step in (1, 2)}}
    assert row(program, "chain", "d2", 3)[2] == {("total",): 1, **{("power", unit, 3): 1 for unit in UNITS}}


def test_keys_that_vary_along_several_axes():
    """Members listed by zone and step, by tuples, and by a label that a parameter gives."""
    zone_of = Array(np.array(["北京", "青海", "青海"], object), UNITS)

    def write(model):
        model.able = pyo.Set(model.zones, model.steps, initialize=lambda model, zone, step: UNITS_IN[zone][:step - 1])
        model.across = pyo.Set(model.links, initialize=lambda model, start, end: [*UNITS_IN[start], *UNITS_IN[end][:1]]
                               if start != end else [])
        model.by_two = pyo.Constraint(model.units, model.zones, model.steps, rule=lambda model, one, zone, step: (
            model.level[one, step] + sum(model.power[unit, step] for unit in model.able[zone, step]) <= 1))
        model.apart = pyo.Constraint(model.zones, model.units, model.steps, rule=lambda model, zone, one, step: (
            model.level[one, step] + sum(model.power[unit, step] for unit in model.able[zone, step]) <= 1))
        model.by_tuple = pyo.Constraint(model.links, rule=lambda model, start, end: (
            model.total + sum(model.power[unit, 1] for unit in model.across[start, end]) <= 1))
        model.by_label = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.total + sum(model.level[other, step] for other in model.units_in[zone_of[unit]]) <= 1))

    program = compared(write)
    assert row(program, "apart", "青海", "煤电", 2)[2] == {("level", "煤电", 2): 1, ("power", "风电", 2): 1}
    assert row(program, "by_label", "煤电", 1)[2] == {("total",): 1, ("level", "煤电", 1): 1}


def test_factors_of_sums():
    """A factor before a sum belongs to every member, along whichever axes it varies."""
    by_zone, by_step = Array([2.0, 3.0], ZONES), Array([1.0, 5.0, 7.0, 9.0], STEPS)

    def write(model):
        model.listed = pyo.Constraint(model.zones, model.steps, rule=lambda model, zone, step: (
            by_zone[zone] * by_step[step] * sum(model.power[unit, step] for unit in model.units_in[zone]) <= model.total))
        model.plain = pyo.Constraint(model.zones, rule=lambda model, zone: (
            sum(model.power[unit, 1] for unit in model.units) / by_zone[zone] <= model.total))
        model.nested = pyo.Constraint(model.zones, rule=lambda model, zone: (
            sum(by_step[step] * sum(model.power[unit, step] for unit in model.units_in[zone]) for step in model.steps)
            <= model.total))

    program = compared(write)
    assert row(program, "listed", "北京", 2)[2] == {("power", "煤电", 2): 15, ("total",): -1}
    assert row(program, "plain", "青海")[2][("power", "光伏", 1)] == 0.5


def test_parameters_whose_axes_are_turned_or_parts():
    """Axes in another order than the rule's, one axis twice, and a rule over part of them."""
    turned = Array(np.arange(12.0).reshape(4, 3) + 1, STEPS, UNITS)
    square, longer = Array(np.arange(9.0).reshape(3, 3) + 1, UNITS, UNITS), Array(np.arange(5.0) + 1, [0, *STEPS])

    def write(model):
        model.rule = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            turned[step, unit] * model.power[unit, step] + square[unit, unit] * model.total <= longer[step]))
        model.pairs = pyo.Constraint(model.units, model.units, rule=lambda model, one, other: (
            square[other, one] * model.power[one, 1] + square[one, other] * model.level[other, 1] <= 1))

    program = compared(write)
    assert row(program, "rule", "风电", 3) == (-INFINITY, 4, {("power", "风电", 3): 8, ("total",): 5})
    assert row(program, "pairs", "煤电", "光伏")[2] == {("power", "煤电", 1): 7, ("level", "光伏", 1): 3}


def test_members_that_are_tuples():
    def write(model):
        model.into = pyo.Set(model.zones, dimen=2, initialize=lambda model, zone: [link for link in LINKS if link[1] == zone])
        model.balance = pyo.Constraint(model.zones, model.steps, rule=lambda model, zone, step: (
            model.total + sum(model.flow[start, end, step] for start, end in model.into[zone]) <= 1))
        model.each = pyo.Constraint(model.links, model.steps, rule=lambda model, start, end, step: (
            model.flow[start, end, step] >= sum(model.power[unit, step] for unit in model.units_in[end])))

    program = compared(write)
    assert row(program, "balance", "青海", 3)[2] == {
        ("total",): 1, ("flow", "北京", "青海", 3): 1, ("flow", "青海", "青海", 3): 1}
    assert program.rows["each"].label(5) == (("北京", "青海"), 2)


def test_sums_of_data():
    """Sums of data alone: as constants, as coefficients, as sides and as bounds."""
    demand = Array(np.arange(12.0).reshape(3, 4), UNITS, STEPS)

    def write(model):
        def of_zone(zone, step):
            return sum(demand[unit, step] for unit in model.units_in[zone])

        model.served = pyo.Var(model.zones, model.steps, bounds=lambda model, zone, step: (0, of_zone(zone, step)))
        model.rule = pyo.Constraint(model.zones, model.steps, rule=lambda model, zone, step: (
            -of_zone(zone, 1), of_zone(zone, step) * model.served[zone, step] + sum(
                model.power[unit, step] - demand[unit, step] for unit in model.units_in[zone]), of_zone(zone, 4) + 7))
        model.none = pyo.Set(model.zones, initialize={"青海": [], "北京": []})
        model.nothing = pyo.Constraint(model.zones, rule=lambda model, zone: (
            model.served[zone, 1] * (1 + sum(demand[unit, 1] for unit in model.none[zone])) <= 1))

    program = compared(write)
    assert program.columns["served"].of(program.column_upper)[0].tolist() == [12, 14, 16, 18]
    lower, upper, entries = row(program, "rule", "青海", 2)
    assert (lower, upper) == (-12 + 14, 18 + 7 + 14) and entries[("served", "青海", 2)] == 14


def test_named_expressions():
    """Scalar and indexed, of variables and of data alone, one inside another, indexed by lags, labels and literals."""
    partner, cost = Array(np.array(["风电", "光伏", "煤电"], object), UNITS), Array([1.0, 2.0, 3.0], UNITS)

    def write(model):
        model.net = pyo.Expression(model.units, model.borders, rule=lambda model, unit, border: (
            cost[unit] * model.level[unit, border] + 1))
        model.in_zone = pyo.Expression(model.zones, model.steps, rule=lambda model, zone, step: sum(
            model.net[unit, step] - model.net[unit, step - 1] for unit in model.units_in[zone]))
        model.all = pyo.Expression(rule=lambda model: sum(
            model.in_zone[zone, step] for zone in model.zones for step in model.steps) + model.total)
        model.data = pyo.Expression(model.units, rule=lambda model, unit: 2 * cost[unit])
        model.use = pyo.Constraint(model.zones, model.steps, rule=lambda model, zone, step: model.in_zone[zone, step] <= 1)
        model.lag = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.data[unit] * model.net[partner[unit], step - 1] - model.net["煤电", 0] >= model.data[partner[unit]]))
        model.literal = pyo.Constraint(rule=lambda model: (
            model.all + model.in_zone["青海", 2] - 2 * model.all <= model.data["风电"]))
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
        model.zeros = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            none[unit] * model.power[unit, step] + model.level[unit, step] <= 1))
        model.twice = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            2 * model.power[unit, step] + 3 * model.power[unit, step] - model.level[unit, step] <= 1))
        model.cancel = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            model.power[unit, step] + model.total - model.power[unit, step] <= 1))
        model.sometimes = pyo.Constraint(model.units, rule=lambda model, unit: (
            model.power[unit, 1] + model.power[same[unit], 1] <= 1))
        model.in_sum = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(model.power[same[unit], step] for unit in model.units) <= 1))
        model.sum_and_one = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(model.power[unit, step] for unit in model.units) - model.power["煤电", step] + model.power["风电", step] <= 1))
        model.many = pyo.Constraint(model.steps, rule=lambda model, step: (
            sum(model.power[unit, step] for unit in model.units for _ in model.zones) <= 1))

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
        return sum(price[unit] * model.power[unit, step] for unit in model.units for step in model.steps) + 4 * model.total + 9

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
        model.cost = pyo.Objective(rule=lambda model: sum(model.power[same[unit], 1] for unit in model.units)
                                   + sum(2 * model.total for _ in model.steps) + model.total)

    program = compared(write)
    assert program.columns["power"].of(program.cost)[:, 0].tolist() == [1, 2, 0]
    assert program.columns["total"].of(program.cost) == 9


def test_blocks_within_blocks():
    def write(model):
        model.outer = pyo.Block()
        model.outer.inner = pyo.Block()
        inner = model.outer.inner
        inner.some = pyo.Set(initialize=["风电"])
        inner.charge = pyo.Var(inner.some, model.steps)
        inner.rule = pyo.Constraint(inner.some, model.steps, rule=lambda block, unit, step: (
            block.charge[unit, step] + model.power[unit, step] <= 1))
        model.rule = pyo.Constraint(model.steps, rule=lambda model, step: (
            model.total + sum(model.outer.inner.charge[unit, step] for unit in model.outer.inner.some) == 0))

    program = compared(write)
    assert set(program.rows) == {"outer.inner.rule", "rule"}
    assert row(program, "rule", 4)[2] == {("total",): 1, ("outer.inner.charge", "风电", 4): 1}


def test_empty_families():
    def write(model):
        model.none = pyo.Set(initialize=[])
        model.no_pairs = pyo.Set(dimen=2, initialize=[])
        model.nothing = pyo.Var(model.none, model.steps, bounds=lambda model, unit, step: (0, unit["no rule is called"]))
        model.no_row = pyo.Constraint(model.none, model.steps, rule=lambda model, unit, step: model.nothing[unit, step] <= 1)
        model.no_pair = pyo.Constraint(model.no_pairs, rule=lambda model, one, other: model.level[one, other] <= 1)
        model.shown = pyo.Expression(model.none, model.steps, rule=lambda model, unit, step: model.nothing[unit, step])
        model.rule = pyo.Constraint(model.steps, rule=lambda model, step: (
            model.total + sum(model.nothing[unit, step] for unit in model.none)
            + sum(model.level[one, other] for one, other in model.no_pairs) <= 1))

    program = compared(write)
    assert set(program.rows) == {"rule"}
    assert program.columns["nothing"].size == 0
    assert program.evaluate("shown", np.zeros(len(program.cost))).shape == (0, 4)


def test_a_row_without_entries_stays():
    """A zone without units: 0 = demand is a row that says so, not a row that is lost."""
    model = model_of(lambda model: None)
    model.none = pyo.Set(model.zones, initialize={"青海": [], "北京": ["煤电"]})
    model.rule = pyo.Constraint(model.zones, rule=lambda model, zone: sum(model.power[unit, 1] for unit in model.none[zone]) == 5)
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
        model.rule = pyo.Constraint(model.joined, model.later, rule=lambda model, unit, step: (
            model.power[unit, step] <= model.power[unit, step - 1]))
        model.subset = pyo.Constraint(model.some, rule=lambda model, unit: model.power[unit, 1] <= 2)
        model.squared = pyo.Constraint(model.zones, model.zones, rule=lambda model, one, other: (
            model.between[one, other] == model.between[other, one] + model.total))
        model.product = pyo.Constraint(rule=lambda model: sum(
            model.power[unit, step] for unit, step in model.some * model.later) <= 1)
        model.listed = pyo.Constraint(["煤电", "光伏"], [3, 1], rule=lambda model, unit, step: model.power[unit, step] <= 2)

    program = compared(write)
    assert row(program, "rule", "光伏", 2)[2] == {("power", "光伏", 2): 1, ("power", "光伏", 1): -1}
    assert row(program, "squared", "青海", "青海")[2] == {("total",): -1}
    assert len(set(program.columns["between"].dimensions)) == 2


def test_precision_and_types_of_arrays():
    """Small types are widened as Python's numbers are: 2**20 * 2**20 in 32 bits would be 0, 0.1 would lose digits."""
    large = Array(np.full(3, 2**20, np.int32), UNITS)
    single, flags, plain = Array(np.full(3, 0.1), UNITS), Array(np.array([True, False, True]), UNITS), Array([1, 2, 3], UNITS)

    def write(model):
        model.rule = pyo.Constraint(model.units, rule=lambda model, unit: (
            large[unit] * large[unit] * model.total + single[unit] * model.level[unit, 0]
            + flags[unit] * model.power[unit, 1] - plain[unit] * flags[unit] <= -flags[unit]))

    assert row(compared(write), "rule", "煤电")[2] == {("total",): 2.0**40, ("level", "煤电", 0): 0.1, ("power", "煤电", 1): 1}


def test_negation_division_and_brackets():
    data = Array([2.0, 4.0, 8.0], UNITS)

    def write(model):
        model.rule = pyo.Constraint(model.units, rule=lambda model, unit: (
            -(model.power[unit, 1] - 3 * (model.level[unit, 0] + model.total) / data[unit]) / (1 / data[unit])
            - -model.total * (2 - data[unit]) <= -(4 - data[unit]) / 2))

    assert row(compared(write), "rule", "风电") == (
        -INFINITY, 0, {("power", "风电", 1): -4, ("level", "风电", 0): 3, ("total",): 1})


def test_index_in_the_arithmetic():
    """An integer index is a number too."""
    def write(model):
        model.rule = pyo.Constraint(model.units, model.steps, rule=lambda model, unit, step: (
            step * model.power[unit, step] <= 10 - 2 * step))

    assert row(compared(write), "rule", "风电", 3) == (-INFINITY, 4, {("power", "风电", 3): 3})
