"""Where a window ended, as the beginning of another one: statuses by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from grid_model.algebra import INFINITY, Arrays
from grid_model.solve.vertex import BASIC, LOWER, UNKNOWN, UPPER, ZERO, SideBySide, Vertex


def programme(columns: int, rows: int, lower=0.0, upper=INFINITY, side=INFINITY) -> Arrays:
    return Arrays(np.zeros(columns), 0.0, np.full(columns, lower), np.full(columns, upper), np.zeros(rows), np.full(rows, side),
                  csr_array((rows, columns)))


def ended() -> Vertex:
    """A window after step 2: three columns, two rows of which the last is elastic, so one column is missed and one over."""
    return Vertex.of(2, np.array([12, 22, 32]), np.array([7, 5]), 1,
                     np.array([BASIC, UPPER, LOWER, BASIC, LOWER, LOWER, UPPER], np.int8))


def test_members_stand_as_those_of_the_steps_before_them():
    """Three steps later: columns 15, 25, 35 stand as 12, 22, 32 did, row 10 as 7, the elastic row 8 as 5. The order of rows does not
    matter."""
    statuses = ended().moved_to(5, np.array([15, 25, 35]), np.array([10, 8]), 1, programme(5, 2, upper=9.0, side=9.0))
    assert statuses.tolist() == [BASIC, UPPER, LOWER, BASIC, LOWER, LOWER, UPPER]


def test_a_row_that_ends_beyond_both_windows_stands_as_it_stood():
    """The elastic row 5 is that of a year: three steps later its place is the same."""
    statuses = ended().moved_to(5, np.array([], int), np.array([5]), 1, programme(2, 1, side=9.0))
    assert statuses.tolist() == [BASIC, LOWER, UPPER]


def test_members_that_are_not_known_begin_at_a_bound_and_rows_basic():
    """Column 99 and rows 98 (exact) and 97 (elastic, with two columns of its own) have none before them."""
    statuses = ended().moved_to(5, np.array([15, 99]), np.array([98, 97]), 1, programme(4, 2))
    assert statuses.tolist() == [BASIC, LOWER, LOWER, LOWER, BASIC, BASIC]


@pytest.mark.parametrize("lower, upper, at", [(0.0, INFINITY, LOWER), (-INFINITY, 4.0, UPPER), (-INFINITY, INFINITY, ZERO)])
def test_nothing_stands_at_a_bound_that_it_has_not(lower, upper, at):
    """Column 22 stood at its upper bound, 32 at its lower: where there is none they begin at the one there is, else at zero."""
    empty = np.zeros(0, int)
    statuses = ended().moved_to(2, np.array([22, 32]), empty, 0, programme(2, 0, lower, upper))
    assert statuses.tolist() == [UPPER if upper < INFINITY else at, LOWER if lower > -INFINITY else at]


def test_statuses_by_places_in_the_whole():
    vertex = ended()
    assert vertex.of_columns(np.array([32, 12])).tolist() == [LOWER, BASIC]
    assert vertex.of_rows(np.array([5, 7])).tolist() == [UPPER, LOWER]


def test_windows_side_by_side():
    """Of the window after step 2 columns 12 and 22 and row 7 are kept, of a later one, which ended alike, column 32. A window over both,
    with column 3, row 4 and elastic row 6 that neither had: theirs stand as they stood, wherever it begins, the others at their
    bounds and basic."""
    both = SideBySide(np.full(40, UNKNOWN), np.full(10, UNKNOWN))
    both.lay(np.array([12, 22]), np.array([7]), ended())
    both.lay(np.array([32]), np.array([], int), ended())
    statuses = both.moved_to(0, np.array([12, 22, 32, 3]), np.array([7, 4, 6]), 1, programme(6, 3, upper=9.0, side=9.0))
    assert statuses.tolist() == [BASIC, UPPER, LOWER, LOWER, LOWER, LOWER, LOWER, BASIC, BASIC]
