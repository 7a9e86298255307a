"""Rules over one column each: bounds of it without a row, and told by their names."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from matrices import same_matrix

from grid_model.algebra import Array, LoweringError, compile_program
from grid_model.algebra.bounding import hold_as_bounds

UNITS = ["煤电", "风电"]


def model(concrete=False, rule=None):
    """0 <= x <= 10, rules over x, and a row over both."""
    made = pyo.AbstractModel()
    made.units = pyo.Set(initialize=UNITS)
    made.x = pyo.Var(made.units, bounds=(0, 10))
    data = Array([4.0, 12.0], UNITS)
    made.most = pyo.Constraint(made.units, rule=rule or (lambda m, unit: 2 * m.x[unit] + 1 <= data[unit]))
    made.least = pyo.Constraint(made.units, rule=lambda m, unit: 3 - 2 * m.x[unit] <= 1)
    made.both = pyo.Constraint(rule=lambda m: sum(m.x[unit] for unit in m.units) >= 3)
    made.cost = pyo.Objective(rule=lambda m: sum(m.x[unit] for unit in m.units))
    made.bounding = ["most", "least"]
    if concrete:
        made.construct()
        for name in made.bounding:
            hold_as_bounds(made.find_component(name))
    return made


def test_a_rule_over_one_column_is_a_bound_of_it():
    """2 x + 1 <= 4 and 12 are x <= 1.5 and 5.5; 3 - 2 x <= 1 is x >= 1. One row is left; as rows there would be five."""
    program = compile_program(model())
    assert program.matrix.shape == (1, 2) and list(program.rows) == ["both"]
    assert program.column_lower.tolist() == [1, 1] and program.column_upper.tolist() == [1.5, 5.5]


def test_the_same_in_pyomo():
    """What Pyomo expands has the same bounds and the same rows."""
    same_matrix(model, lambda: model(concrete=True))


def test_a_bound_knows_its_rule():
    """The upper bound of the second column is from `most`, of which it is the second member."""
    family, position = compile_program(model()).bound_by(1, "upper")
    assert (family.name, family.label(position)) == ("most", ("风电",))


def test_a_bound_of_its_own_has_no_rule():
    """A rule that asks for more than the column allows sets nothing: 2 x + 1 <= 99."""
    program = compile_program(model(rule=lambda m, unit: 2 * m.x[unit] + 1 <= 99))
    assert program.column_upper.tolist() == [10, 10] and program.bound_by(0, "upper") is None


def test_bounds_that_cross_by_rounding_meet():
    """x >= 1 and 0.1 x <= 0.1 (1 - 1e-13) leave x = 1: apart by rounding alone they are no conflict."""
    program = compile_program(model(rule=lambda m, unit: 0.1 * m.x[unit] <= 0.1 * (1 - 1e-13)))
    assert program.column_upper.tolist() == program.column_lower.tolist() == [1, 1]


def test_what_crosses_stays_crossed():
    """2 x + 1 <= 2 against x >= 1: no rounding, and left for the solver to refuse."""
    program = compile_program(model(rule=lambda m, unit: 2 * m.x[unit] + 1 <= 2))
    assert np.all(program.column_upper < program.column_lower)


@pytest.mark.parametrize("rule, count", [(lambda m, unit: m.x["煤电"] + m.x["风电"] <= 4, 2), (lambda m, unit: 0 * m.x[unit] <= 4, 0)])
def test_a_rule_over_more_or_none_is_refused(rule, count):
    with pytest.raises(LoweringError, match=f"stands over {count} columns"):
        compile_program(model(rule=rule))
