"""Rules that are no linear algebra over their sets are refused, by name; none is expanded row by row in silence."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.core.expr.template_expr import IndexTemplate

from grid_model.algebra import Array, LoweringError, compile_program

UNITS, STEPS = ["煤电", "风电"], [1, 2, 3]
NAMES = Array(np.array(["风电", "煤电"], object), UNITS, name="partner")
HALF, UNKNOWN = Array([0.5, 1.5], UNITS, name="half"), Array(np.array(["风电", "水电"], object), UNITS, name="unknown")
ZERO, HOLES = Array([0.0, 1.0], UNITS, name="zero"), Array([np.nan, 1.0], UNITS, name="holes")


def model_with(rule, *sets):
    model = pyo.AbstractModel()
    model.units, model.steps = pyo.Set(initialize=UNITS), pyo.RangeSet(1, 3)
    model.power, model.total = pyo.Var(model.units, model.steps), pyo.Var()
    sets = [model.component(name) for name in sets or ("units", "steps")]
    model.the_rule = pyo.Constraint(*sets, rule=rule)
    return model


RULES = {
    "product of variables": lambda m, u, t: m.power[u, t] * m.total <= 1,
    "square": lambda m, u, t: m.power[u, t] ** 2 <= 1,
    "division by a variable": lambda m, u, t: 1 / m.power[u, t] <= 1,
    "function of a variable": lambda m, u, t: pyo.exp(m.power[u, t]) <= 1,
    "absolute value": lambda m, u, t: abs(m.power[u, t]) <= 1,
    "choice of Pyomo": lambda m, u, t: pyo.Expr_if(t >= 2, m.power[u, t], 0) <= 1,
    "choice by a number": lambda m, u, t: m.power[u, t] <= (1 if t == 1 else 2),
    "choice by an order": lambda m, u, t: m.power[u, t] <= (1 if t > 1 else 2),
    "choice by a name": lambda m, u, t: m.power[u, t] <= (1 if u == "煤电" else 2),
    "choice by not a name": lambda m, u, t: m.power[u, t] <= (1 if u != "煤电" else 2),
    "choice by a list": lambda m, u, t: m.power[u, t] <= (1 if u in ["煤电"] else 2),
    "choice by a set": lambda m, u, t: m.power[u, t] <= (1 if u in {"煤电"} else 2),
    "choice by a Pyomo set": lambda m, u, t: m.power[u, t] <= (1 if u in m.units else 2),
    "choice by data": lambda m, u, t: m.power[u, t] <= (1 if HALF[u] else 2),
    "skipped rows": lambda m, u, t: pyo.Constraint.Skip,
    "a dictionary": lambda m, u, t: m.power[u, t] <= {"煤电": 1, "风电": 2}[u],
    "a name made of an index": lambda m, u, t: m.power[f"{u}", t] <= 1,
    "a loop over a set": lambda m, u, t: pyo.quicksum(m.power[one, t] for one in m.units) <= 1,
    "a list over a set": lambda m, u, t: sum([m.power[one, t] for one in m.units]) <= 1,
    "a loop and a set": lambda m, u, t: sum(m.power[one, k] for k in [1, 2] for one in m.units) <= 1,
    "a loop of one and a set": lambda m, u, t: sum(m.power[one, k] for k in [1] for one in m.units) <= 1,
    "a filter by order": lambda m, u, t: sum(m.power[u, k] for k in m.steps if k > t) <= 1,
    "a filter by list": lambda m, u, t: sum(m.power[one, t] for one in m.units if one in ["煤电"]) <= 1,
    "enumerate": lambda m, u, t: sum(k * m.power[one, t] for k, one in enumerate(m.units)) <= 1,
    "zip": lambda m, u, t: sum(m.power[one, k] for one, k in zip(m.units, m.steps, strict=True)) <= 1,
    "chain": lambda m, u, t: sum(m.power[one, t] for one in chain(m.units, m.units)) <= 1,
    "map": lambda m, u, t: m.total + sum(map(lambda one, k: m.power[one, k], m.units, m.steps)) <= 1,
    "members of a tuple that are none": lambda m, u, t: sum(m.power[one, k] for one, k in m.units) <= 1,
    "last of a set": lambda m, u, t: m.power[u, m.steps.last()] <= 1,
    "previous of a set": lambda m, u, t: m.power[u, m.steps.prev(t)] <= 1,
    "slice": lambda m, u, t: m.power[u, :] <= 1,
    "index before the set": lambda m, u, t: m.power[u, t - 1] <= 1,
    "index after the set": lambda m, u, t: m.power[u, t + 1] <= 1,
    "unknown label": lambda m, u, t: m.power["水电", t] <= 1,
    "unknown label in data": lambda m, u, t: m.power[UNKNOWN[u], t] <= 1,
    "index of another kind": lambda m, u, t: m.power[t, u] <= 1,
    "too few indices of data": lambda m, u, t: m.power[u, t] <= HALF[u, t],
    "label that is half a step": lambda m, u, t: m.power[u, t + HALF[u]] <= 1,
    "label as a number": lambda m, u, t: NAMES[u] * m.power[u, t] <= 1,
    "name as a number": lambda m, u, t: m.power[u, t] <= u,
    "arithmetic of names": lambda m, u, t: m.power[u + 1, t] <= 1,
    "division by zero": lambda m, u, t: m.power[u, t] / ZERO[u] <= 1,
    "zero by zero": lambda m, u, t: m.power[u, t] <= ZERO[u] / ZERO[u],
    "hole in a coefficient": lambda m, u, t: HOLES[u] * m.power[u, t] <= 1,
    "hole in a side": lambda m, u, t: m.power[u, t] <= HOLES[u],
    "hole in a constant": lambda m, u, t: m.power[u, t] + HOLES[u] <= 1,
    "power of data": lambda m, u, t: m.power[u, t] <= HALF[u] ** 2,
    "strict": lambda m, u, t: m.power[u, t] < 1,
    "no relation": lambda m, u, t: m.power[u, t],
    "a plain truth": lambda m, u, t: 1 <= 2,
    "nothing": lambda m, u, t: None,
    "mistake in the rule": lambda m, u, t: m.no_such_thing[u, t] <= 1,
}


@pytest.mark.parametrize("name", RULES)
def test_refused_by_name(name):
    with pytest.raises(LoweringError, match="the_rule"):
        compile_program(model_with(RULES[name]))
    assert type(sum) is type(len) and "__eq__" not in vars(IndexTemplate), "Pyomo is left as it was"


def test_the_sound_rule_is_accepted():
    """The same model with a sound rule compiles, so the refusals above are of the rules."""
    assert compile_program(model_with(lambda m, u, t: m.power[u, t] <= HALF[u])).matrix.nnz == 6


def test_what_is_missing_is_said():
    with pytest.raises(LoweringError, match="the_rule: 0 is outside the index set of power"):
        compile_program(model_with(RULES["index before the set"]))
    with pytest.raises(LoweringError, match="the_rule: '水电' is outside the index set of power"):
        compile_program(model_with(RULES["unknown label in data"]))


def model_and(add):
    model = model_with(lambda m, u, t: m.power[u, t] <= 1)
    add(model)
    return model


ADDITIONS = {
    "integers": lambda m: m.add_component("added", pyo.Var(m.units, domain=pyo.Integers)),
    "yes or no": lambda m: m.add_component("added", pyo.Var(m.units, domain=pyo.Binary)),
    "domain by index": lambda m: m.add_component("added", pyo.Var(m.units, domain=lambda m, unit: pyo.Reals)),
    "bounds of variables": lambda m: m.add_component("added", pyo.Var(m.units, bounds=lambda m, unit: (0, m.total))),
    "holes in bounds": lambda m: m.add_component("added", pyo.Var(m.units, bounds=lambda m, unit: (0, HOLES[unit]))),
    "infinite set": lambda m: m.add_component("added", pyo.Var(pyo.NonNegativeIntegers)),
    "special ordered set": lambda m: m.add_component("added", pyo.SOSConstraint(var=m.power, sos=1)),
    "list of constraints": lambda m: m.add_component("added", pyo.ConstraintList(rule=lambda m: iter([m.total <= 1]))),
    "indexed block": lambda m: m.add_component("added", pyo.Block(m.units)),
    "block by rule": lambda m: m.add_component("added", pyo.Block(rule=lambda block: None)),
    "indexed objective": lambda m: m.add_component("added", pyo.Objective(m.units, rule=lambda m, unit: m.total)),
}


@pytest.mark.parametrize("name", ADDITIONS)
def test_component_refused_by_name(name):
    with pytest.raises(LoweringError, match="added"):
        compile_program(model_and(ADDITIONS[name]))


def test_a_key_without_members_is_named():
    """In Pyomo a key that was given no list is missing, and so it is here."""
    model = model_and(lambda m: None)
    model.listed = pyo.Set(model.units, initialize={"煤电": [1]})
    model.sums = pyo.Constraint(model.units, rule=lambda m, u: sum(m.power[u, t] for t in m.listed[u]) <= 1)
    with pytest.raises(LoweringError, match="sums: listed has no members for '风电'"):
        compile_program(model)


def test_a_label_of_an_empty_set_is_refused():
    model = model_and(lambda m: None)
    model.none = pyo.Set(initialize=[])
    model.nothing = pyo.Var(model.none)
    model.shown = pyo.Expression(model.none, rule=lambda m, one: m.nothing[one])
    model.uses = pyo.Constraint(model.units, rule=lambda m, u: m.shown[u] <= 1)
    with pytest.raises(LoweringError, match="uses: the index set of shown is empty"):
        compile_program(model)


def test_two_objectives_are_refused():
    def add(model):
        model.one, model.two = pyo.Objective(rule=lambda m: m.total), pyo.Objective(rule=lambda m: 2 * m.total)

    with pytest.raises(LoweringError, match="two"):
        compile_program(model_and(add))


def test_what_is_switched_off_is_left_out():
    def add(model):
        model.one, model.two = pyo.Objective(rule=lambda m: m.total), pyo.Objective(rule=lambda m: 2 * m.total)
        model.off = pyo.Constraint(rule=lambda m: m.total == 3)
        model.one.deactivate(), model.off.deactivate()

    program = compile_program(model_and(add))
    assert program.cost[-1] == 2 and set(program.rows) == {"the_rule"}


def test_foreign_variable_and_expression_mistakes_are_named():
    other = pyo.AbstractModel()
    other.units = pyo.Set(initialize=UNITS)
    other.foreign = pyo.Var(other.units)
    other.units.construct(), other.foreign.construct()
    with pytest.raises(LoweringError, match="the_rule.*foreign"):
        compile_program(model_with(lambda m, u, t: other.foreign[u] <= 1))

    model = model_with(lambda m, u, t: m.power[u, t] <= 1)
    model.shown = pyo.Expression(model.units, rule=lambda m, unit: m.power[unit, 9])
    program = compile_program(model)
    with pytest.raises(LoweringError, match="shown"):
        program.operator("shown")
    with pytest.raises(KeyError, match="power"):
        program.operator("power")


@pytest.mark.parametrize(
    "values, sets, message",
    [
        (np.zeros((2, 3)), (UNITS,), "2 axes"),
        (np.zeros(2), (UNITS, STEPS), "1 axes"),
    ],
)
def test_arrays_that_do_not_fit_their_labels(values, sets, message):
    with pytest.raises(ValueError, match=message):
        Array(values, *sets)


@pytest.mark.parametrize(
    "array, message",
    [
        (Array([1.0, 2.0, 3.0], UNITS, name="longer"), "longer"),
        (Array([1.0, 2.0], ["煤电", "煤电"], name="twice"), "twice"),
    ],
)
def test_arrays_with_wrong_labels(array, message):
    with pytest.raises(LoweringError, match="the_rule.*" + message):
        compile_program(model_with(lambda m, u, t: m.power[u, t] <= array[u]))
