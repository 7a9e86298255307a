"""The compiled programme: signs of duals, labels, names, equations, and what is handed to HiGHS."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from matrices import rows_of

from grid_model.algebra import INFINITY, Array, LoweringError, compile_program, entries
from grid_model.algebra.entries import assembled
from grid_model.algebra.frames import Frame
from grid_model.algebra.places import places_of

UNITS = ["煤电", "风电"]


def optimum(program):
    """Objective, columns and row duals."""
    highs = program.to_highs()
    highs.run()
    assert highs.modelStatusToString(highs.getModelStatus()) == "Optimal"
    solution = highs.getSolution()
    return highs.getInfo().objective_function_value, np.array(solution.col_value), np.array(solution.row_dual)


RELATIONS = {  # each with the sense in which data bounds x; x costs 3 or earns 3
    "x == d": (lambda x, d: x == d, 3),
    "d == x": (lambda x, d: d == x, 3),
    "x >= d": (lambda x, d: x >= d, 3),
    "d <= x": (lambda x, d: d <= x, 3),
    "x <= d": (lambda x, d: x <= d, -3),
    "d >= x": (lambda x, d: d >= x, -3),
    "(d, x, None)": (lambda x, d: (d, x, None), 3),
    "(None, x, d)": (lambda x, d: (None, x, d), -3),
    "(d, x, d + 9)": (lambda x, d: (d, x, d + 9), 3),
    "(d - 9, x, d)": (lambda x, d: (d - 9, x, d), -3),
    "x + 4 >= d + 4": (lambda x, d: x + 4 >= d + 4, 3),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_dual_is_what_one_more_unit_of_the_side_costs(name):
    """x = d at a cost of 3 (or a gain of 3) per unit: the dual is +3 (-3), however the relation is written."""
    relation, cost = RELATIONS[name]

    def solved(side):
        model = pyo.AbstractModel()
        model.units = pyo.Set(initialize=UNITS)
        model.x = pyo.Var(model.units, bounds=(-100, 100))
        data = Array([side, side + 1.0], UNITS)
        model.rule = pyo.Constraint(model.units, rule=lambda m, unit: relation(m.x[unit], data[unit]))
        model.cost = pyo.Objective(rule=lambda m: sum(cost * m.x[unit] for unit in m.units))
        return optimum(compile_program(model))

    (before, columns, duals), (after, *_) = solved(10.0), solved(10.5)
    assert columns.tolist() == [10, 11]
    assert duals.tolist() == [cost, cost]
    assert after - before == pytest.approx(2 * 0.5 * duals[0])


@pytest.mark.parametrize(
    "relation, dual",
    [
        (lambda supply, demand: supply == demand, 3),
        (lambda supply, demand: demand == supply, -3),
        (lambda supply, demand: supply - demand == 0, 3),
        (lambda supply, demand: supply >= demand, -3),
        (lambda supply, demand: demand <= supply, -3),
    ],
)
def test_dual_of_a_relation_between_variables(relation, dual):
    """The row is left - right (Pyomo reads a >= b as b <= a), its side 0: one more unit of it is one more of left than
    of right. Supply costs 3."""
    model = pyo.AbstractModel()
    model.supply, model.demand = pyo.Var(), pyo.Var(bounds=(5, 5))
    model.rule = pyo.Constraint(rule=lambda m: relation(m.supply, m.demand))
    model.cost = pyo.Objective(rule=lambda m: 3 * m.supply)
    objective, _, duals = optimum(compile_program(model))
    assert objective == 15 and duals.tolist() == [dual]


def test_maximise_is_negated():
    model = pyo.AbstractModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.rule = pyo.Constraint(rule=lambda m: m.x <= 3)
    model.value = pyo.Objective(rule=lambda m: 5 * m.x + 1, sense=pyo.maximize)
    objective, columns, duals = optimum(compile_program(model))
    assert columns.tolist() == [3] and objective == -16 and duals.tolist() == [-5]


@pytest.fixture
def program():
    model = pyo.AbstractModel()
    model.units, model.steps = pyo.Set(initialize=UNITS), pyo.RangeSet(1, 3)
    model.links = pyo.Set(dimen=2, initialize=[("a", "b"), ("b", "a")])
    model.total = pyo.Var(bounds=(0, None))
    model.part = pyo.Block()
    model.part.power = pyo.Var(model.units, model.steps, bounds=(0, 9))
    model.flow = pyo.Var(model.links, model.steps)
    model.least = pyo.Constraint(
        model.steps, rule=lambda m, step: sum(m.part.power[unit, step] for unit in m.units) >= step
    )
    model.range = pyo.Constraint(model.links, rule=lambda m, start, end: (-1, 2.5 * m.flow[start, end, 2] - m.total, 4))
    model.fixed = pyo.Constraint(rule=lambda m: m.total == 7)
    return compile_program(model)


def test_families_take_their_part_of_a_vector(program):
    values = np.arange(float(len(program.cost)))
    power, flow = program.columns["part.power"], program.columns["flow"]
    assert set(program.columns) == {"total", "flow", "part.power"}
    assert power.of(values).shape == (2, 3) and power.of(values)[1, 2] == values[power.position("风电", 3)]
    assert power.label(5) == ("风电", 3) and flow.label(4) == (("b", "a"), 2)
    assert flow.position(("b", "a"), 2) == flow.start + 4
    assert program.columns["total"].of(values) == values[program.columns["total"].position()]
    array = power.array(values)
    assert array.dims == ("units", "steps") and array.sel(units="风电", steps=3) == power.of(values)[1, 2]
    assert flow.array(values).coords["links"].values.tolist() == [("a", "b"), ("b", "a")]


def test_names_and_equations(program):
    rows = program.rows
    assert program.row_name(rows["range"].start + 1) == "range[b,a]"
    assert program.column_name(program.columns["part.power"].position("风电", 3)) == "part.power[风电,3]"
    assert program.equation(rows["least"].start + 1) == "least[2]: 2 <= +1 part.power[煤电,2] +1 part.power[风电,2]"
    assert program.equation(rows["fixed"].start) == "fixed: +1 total = 7"
    text = program.equation(rows["range"].start)
    assert text.startswith("range[a,b]: -1 <= ") and text.endswith(" <= 4") and "+2.5 flow[a,b,2]" in text


def test_highs_holds_the_same_programme(program):
    """What comes out of HiGHS is what went in."""
    lp = program.to_highs().getLp()
    assert (lp.num_row_, lp.num_col_) == program.matrix.shape
    assert np.array_equal(lp.col_cost_, program.cost) and lp.offset_ == program.offset
    assert np.array_equal(lp.col_lower_, program.column_lower) and np.array_equal(lp.col_upper_, program.column_upper)
    assert np.array_equal(lp.row_lower_, program.row_lower) and np.array_equal(lp.row_upper_, program.row_upper)
    assert max(program.row_upper[program.rows["least"].slice]) == INFINITY
    values = np.arange(1.0, len(program.cost) + 1)
    highs = program.to_highs()
    for row in range(program.matrix.shape[0]):
        _, columns, coefficients = highs.getRowEntries(row)
        assert coefficients @ values[columns] == (program.matrix @ values)[row]


def test_more_than_32_bits_is_refused(monkeypatch, program):
    monkeypatch.setattr(entries, "_LARGEST", 5)
    with pytest.raises(LoweringError, match="32-bit"):
        assembled([], 6)


def test_labels_far_apart_and_negative():
    """Integer labels need not follow one another; they never meet the numbers that stand for names."""
    labels = [-5, 2**62, 7]
    model = pyo.AbstractModel()
    model.some, model.names = pyo.Set(initialize=labels), pyo.Set(initialize=["7", "x"])
    model.x, model.y = pyo.Var(model.some), pyo.Var(model.names)
    model.rule = pyo.Constraint(model.names, model.some, rule=lambda m, name, label: m.x[label] + m.y[name] <= label)
    assert rows_of(compile_program(model))[("rule", "7", 2**62)] == (-INFINITY, 2**62, {("x", 2**62): 1, ("y", "7"): 1})


def test_places_are_counted_only_where_rows_cannot_mix():
    """Rows 0, 1 along one axis and 0, 1 along another: cell (0, 1) and (1, 0) are one row, digits would not tell."""
    steps, one = np.arange(2).reshape(1, 2), np.arange(2).reshape(2, 1)
    assert places_of(Frame((2, 2), {}, (one, steps))) is None
    places = places_of(Frame((3, 2), {}, (np.array([[0], [2], [2]]), steps)))
    assert places.place.ravel().tolist() == [0, 0, 1]
    assert np.broadcast_to(places.row, (2, 2)).tolist() == [[0, 1], [2, 3]]
    assert np.broadcast_to(places.size, (2, 2)).tolist() == [[1, 1], [2, 2]]
