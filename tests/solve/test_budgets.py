"""Budgets: sums of long rows over any steps are those that looking at every entry gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from grid_model.solve.budgets import Budgets

MATRIX = csr_array([[1.0, 2.0, 0.0, 4.0, 8.0, 16.0, 0.0], [9.0] * 7, [0.0, 1.0, 1.0, 0.0, 0.0, -1.0, 3.0]])
POSITIONS = np.array([1, 4, 2, 2, 5, 3, 5], np.int32)


def budgets(block: int) -> Budgets:
    """The first and the last row, over five steps."""
    return Budgets.of(MATRIX, np.array([0, 2]), POSITIONS, 5, block)


def test_sums_over_two_steps_by_hand():
    """Steps 2 and 3 hold columns 2, 3 and 5: 4 + 16 of the first row, 1 - 1 of the last."""
    assert budgets(2).of_point(np.ones(7)).within(1, 3).tolist() == [20.0, 0.0]


@given(block=st.integers(1, 6), ends=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_sums_over_any_steps(block, ends):
    begin, end = sorted(ends)
    point = np.arange(1.0, 8.0)
    inside = (begin < POSITIONS) & (end >= POSITIONS)
    assert budgets(block).of_point(point).within(begin, end).tolist() == (MATRIX[[0, 2]] @ (point * inside)).tolist()


def test_a_point_that_changes_is_summed_anew_where_it_is_asked_for():
    """Without renewing steps 2 and 3 they would still come to 20."""
    point = np.ones(7)
    sums = budgets(2).of_point(point)
    point[5] = 2.0
    sums.renew(1, 3)
    assert sums.within(1, 3).tolist() == [36.0, -1.0] and sums.within(0, 5).tolist() == [47.0, 3.0]


def test_columns_of_a_window_stand_at_their_places():
    place = np.array([9, 9, 1, 0, 9, 2, 9], np.int32)
    part = budgets(2).part(np.array([1]), 1, 3, place, 3)
    assert part.toarray().tolist() == [[0.0, 1.0, -1.0]]
