"""What rows that end beyond a window are asked, by hand: a level that must be at the end what it was at the beginning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from grid_model.algebra import Arrays
from grid_model.solve.asked import Asked
from grid_model.solve.budgets import Budgets
from grid_model.solve.timeline import Ordered, Timeline, reach
from grid_model.solve.vertex import UNKNOWN
from grid_model.solve.windows import Plan, Sliced, Span


def asked(end_level: float | None, factor: float = 1.0) -> Asked:
    """Levels of three steps up to 10, the first and the last the same; `factor` times the last is given by a row of its own."""
    rows = [[-1.0, 0.0, 1.0]] + ([] if end_level is None else [[0.0, 0.0, factor]])
    matrix, sides = csr_array(np.array(rows)), np.array([0.0] + ([] if end_level is None else [factor * end_level]))
    positions = np.array([1, 2, 3], np.int32)
    first, last = reach(positions, matrix)
    time = Timeline(positions, np.zeros(3, bool), first, last, 3, Ordered.of(positions, 3), Ordered.of(last, 3))
    program = Arrays(np.zeros(3), 0.0, np.zeros(3), np.full(3, 10.0), sides, sides, matrix)
    return Asked(program, time, np.full(3, 4.0), np.zeros(len(sides)), Budgets.of(matrix, np.array([0]), positions, 3, 1))


@pytest.mark.parametrize("factor", [1.0, -0.5])
def test_a_row_over_one_column_is_a_bound_of_it(factor):
    """The last level is given as 6, so the first one must be 6: -6 is all that the row may come to after it. Were the level held
    to be anywhere within its bounds, the first window could begin at the plan's 4, and the last would find no way."""
    low, high, lower, upper = asked(6.0, factor).of_budgets(1)
    assert [lower[0], upper[0], low[0], high[0]] == pytest.approx([-6.0] * 4)


def test_without_such_a_row_its_bounds_are_all_that_is_known():
    """The last level may be anything up to 10: the plan's 4 is asked of the first."""
    low, high, lower, upper = asked(None).of_budgets(1)
    assert [lower[0], upper[0], low[0], high[0]] == pytest.approx([-10.0, 0.0, -4.0, -4.0])


def of_three_steps(plan, lower: float) -> Asked:
    """A row of three columns, one in each step, that is to come to `lower` at least, and what the plan has of it in each."""
    columns = np.array(plan, float)
    matrix, positions = csr_array(np.ones((1, 3))), np.array([1, 2, 3], np.int32)
    first, last = reach(positions, matrix)
    time = Timeline(positions, np.zeros(3, bool), first, last, 3, Ordered.of(positions, 3), Ordered.of(last, 3))
    program = Arrays(np.zeros(3), 0.0, np.full(3, -100.0), np.full(3, 100.0), np.array([lower]), np.array([np.inf]), matrix)
    return Asked(program, time, columns, np.zeros(1), Budgets.of(matrix, np.array([0]), positions, 3, 1))


def test_of_a_row_that_grows_a_part_of_its_side_is_due():
    """The plan makes 4 + 4 + 2 where 5 is asked: half of what it does is due, 2, 4 and 5, not the 4, 8 and 10 of the plan."""
    asked = of_three_steps([4, 4, 2], 5)
    assert [asked.of_budgets(step)[0][0] for step in (1, 2, 3)] == pytest.approx([2, 4, 5])


def test_what_falls_later_is_made_good_before():
    """A share: 4 + 4 more than it asks in two steps, 6 less in the third, 2 to spare. After two steps 6.857 are due, as 6 are lost
    then: 8 less 8 of 14 parts of what is to spare. Were its side itself due, nothing, the third step would end 6 short."""
    asked = of_three_steps([4, 4, -6], 0)
    assert [asked.of_budgets(step)[0][0] for step in (1, 2, 3)] == pytest.approx([4 - 4 / 7, 8 - 8 / 7, 0])


def test_a_window_is_not_asked_for_what_only_steps_before_and_after_it_make():
    """The first level is known as the plan's 4, the last one is given as 6: no second level mends that, and the second window
    has a way all the same. A chain of windows that begins from a plan would else never get away from its first border."""
    whole = asked(6.0)
    plan = Plan(whole.columns, whole.duals, whole.duals, np.ones(2, bool), np.full(len(whole.columns) + 2, UNKNOWN))
    windows = Sliced(whole.program, whole.time, np.zeros(3), plan, np.zeros(2, bool), np.zeros((0, 3), int), 1)
    assert len(windows.open_rows(Span(0, 1, 1, 1))[2]) == 1
    assert len(windows.open_rows(Span(1, 2, 2, 2))[2]) == 0
    assert windows.solve(Span(1, 2, 2, 2), windows.known()).columns.tolist() == [1]
