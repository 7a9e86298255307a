"""Rows that seldom bind are left out until they are broken: the answer is that of all rows."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solve.test_one_dispatch import day

import grid_model as gm
from grid_model.algebra import INFINITY, Array, compile_program
from grid_model.solve.horizon import rank_vectors
from grid_model.solve.ranked import solve_ranked
from grid_model.solve.working import Working, rows_of


def chain(cost, limit):
    """min cost x, sum of x >= 2.5, 0 <= x <= 2, and the seldom rows x[i] <= limit[i]."""
    labels = list(range(1, len(cost) + 1))
    costs, limits = (Array(np.array(values, float), labels, name=name) for values, name in ((cost, "c"), (limit, "l")))
    model = pyo.AbstractModel()
    model.steps = pyo.RangeSet(1, len(cost))
    model.x = pyo.Var(model.steps, bounds=(0, 2))
    model.enough = pyo.Constraint(rule=lambda m: sum(m.x[t] for t in m.steps) >= 2.5)
    model.rare = pyo.Constraint(model.steps, rule=lambda m, t: m.x[t] <= limits[t])
    model.cost = pyo.Objective(rule=lambda m: sum(costs[t] * m.x[t] for t in m.steps))
    return compile_program(model)


def test_a_broken_row_is_added_and_priced():
    """The first may take one of its two, so 1.5 come at 5: its row is worth 4 and the cost is 8.5. Without the row: 4.5."""
    program = chain([1, 5, 9], [1, 2, 2])
    solved = solve_ranked(program, {}, seldom=["rare"])
    assert solved.solution.columns == pytest.approx([1, 1.5, 0])
    assert solved.solution.objective == pytest.approx(8.5)
    assert solved.solution.row_duals[program.rows["rare"].slice] == pytest.approx([-4, 0, 0])


def test_rows_that_hold_by_themselves_are_never_held():
    program = chain([1, 5, 9], [2, 2, 2])
    working = Working(program, rows_of(program, ["rare"]))
    working.optimise("simplex")
    assert working.order.tolist() == [0]


def test_a_basis_starts_where_it_ended():
    """From the statuses of the optimum nothing is left to do."""
    program = chain([1, 5, 9], [1, 2, 2])
    first = Working(program, rows_of(program, ["rare"]))
    first.optimise("simplex")
    again = Working(program, rows_of(program, ["rare"]), first.statuses())
    assert again.optimise("simplex").iterations == 0


@pytest.mark.parametrize("length, held", [(3, [0, 1, 2, 3]), (6, [0, 1])])
def test_of_a_basis_slack_rows_are_left_out_where_few_are_left(length, held):
    """Two rows bind, the sum and the first limit: two of four is no reason to leave the others out, two of seven is."""
    program = chain([1, 5, 9, 9, 9, 9][:length], [1, 2, 2, 2, 2, 2][:length])
    first = Working(program)
    first.optimise("simplex")
    again = Working(program, statuses=first.statuses())
    assert again.order.tolist() == held
    assert again.optimise("simplex").objective == pytest.approx(8.5)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(2, 4)), min_size=3, max_size=7))
def test_the_answer_is_that_of_all_rows(data):
    cost, limit = zip(*data, strict=True)
    program = chain(cost, np.array(limit) / 2)
    some, every = (solve_ranked(program, {}, seldom=names) for names in (["rare"], []))
    assert some.solution.objective == pytest.approx(every.solution.objective)
    assert some.solution.columns == pytest.approx(every.solution.columns, abs=1e-7)


def test_iterations_count_all_that_was_solved():
    """First the optimum of one cost, then that of its opposite: a solution says what both took, and after it nothing is left."""
    program = chain([1, 5, 9], [2, 2, 2])
    working = Working(program)
    first = working.optimise("simplex").iterations
    working.take_cost(-program.cost)
    second = working.optimise("simplex").iterations
    assert second > first
    assert working.optimise("simplex").iterations == second


def test_limits_reach_rows_that_are_held_and_rows_that_come_later():
    """At most 1, 1 and 0.5 in place of 1, 2 and 2: 1 + 5 + 4.5, and the last two rows come in with limits that were given while they
    were out. With their old limits it is 8.5 again."""
    program = chain([1, 5, 9], [1, 2, 2])
    working = Working(program, rows_of(program, ["rare"]))
    free = working.optimise("simplex").objective
    columns, (lower, upper) = working.limits
    narrow = upper.copy()
    narrow[program.rows["rare"].slice] = 1, 1, 0.5
    working.take_limits((columns, (lower, narrow)))
    assert working.optimise("simplex").objective == pytest.approx(1 + 5 + 0.5 * 9)
    working.take_bounds(program)
    assert working.optimise("simplex").objective == pytest.approx(free) == pytest.approx(8.5)


def test_highs_goes_with_what_made_it():
    """At once, not when Python looks for circles of references: every window of a year would stay in memory until then."""
    gc.disable()
    try:
        working = Working(chain([1, 5, 9], [1, 2, 2]))
        working.optimise("simplex")
        highs = weakref.ref(working.highs)
        assert highs() is not None
        del working
        assert highs() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("part", ["reserves", "demand_response", "storage_place"])
def test_rules_of_the_model_are_left_out_until_they_are_broken(part):
    """A day of five provinces with all rules: with the rows of one part left out first or held from the start the dispatch is the same, and
    without them another one is found, as some of them bind."""
    case = day()
    model = gm.build_model(case)
    program = gm.compile_program(model)
    ranks = rank_vectors(model, program)
    names = [name for name in model.seldom if name.startswith(f"{part}.")]
    left_out, held = (solve_ranked(program, ranks, seldom=seldom) for seldom in (names, []))
    rows = rows_of(program, names)
    without = replace(program, row_lower=np.where(rows, -INFINITY, program.row_lower), row_upper=np.where(rows, INFINITY, program.row_upper))
    assert left_out.columns == pytest.approx(held.columns, abs=1e-6)
    assert np.abs(solve_ranked(without, ranks).columns - held.columns).max() > 1e-3


def test_of_costs_that_are_made_small_nothing_is_said():
    """1e-5 is a very small cost beside 1000. Where the cost only leans by it, it is not the case's."""
    small = "the numbers of this case lie far apart: some costs are very small beside the others"
    program = chain([1e3, 0, 0], [2, 2, 2])
    lean = np.where(program.cost == 0, 1e-5, 0.0)
    working = Working(program)
    working.take_leaning_cost(program.cost, lean)
    assert small not in working.optimise("simplex").warnings
    working.take_cost(program.cost + lean)
    assert small in working.optimise("simplex").warnings
