"""What contradicts each other in a linear programme, and how little would mend it."""

from __future__ import annotations

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from grid_model.solve import conflict as module
from grid_model.solve.conflict import SLIVER, Conflict, Limits, find_conflicts

INF = highspy.kHighsInf


def limits(matrix, rows, columns, lower_penalty=None, upper_penalty=None) -> Limits:
    """From pairs (lower, upper) of rows and columns."""
    lower, upper = np.array([*rows, *columns], float).T
    ones = np.ones(len(lower))
    return Limits(
        csr_array(np.array(matrix, float)),
        lower,
        upper,
        ones if lower_penalty is None else np.array(lower_penalty, float),
        ones if upper_penalty is None else np.array(upper_penalty, float),
    )


def feasible(given: Limits) -> bool:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    matrix, rows = given.matrix, given.rows
    highs.passModel(
        matrix.shape[1],
        rows,
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        np.zeros(matrix.shape[1]),
        given.lower[rows:],
        given.upper[rows:],
        given.lower[:rows],
        given.upper[:rows],
        matrix.indptr.astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        np.zeros(matrix.shape[1], np.int32),
    )
    highs.run()
    return highs.getModelStatus() == highspy.HighsModelStatus.kOptimal


def sides(conflict: Conflict) -> set[tuple[str, int, str]]:
    return {(side.kind, side.position, side.side) for side in conflict.sides}


def test_a_feasible_programme_has_no_conflict():
    assert find_conflicts(limits([[1, 1]], [(1, 2)], [(0, 2), (0, 2)])) == []


def test_the_cheaper_side_gives_way_and_all_that_contradict_are_named():
    """x + y >= 10 with x <= 4 and y <= 3 lacks 3. y gives way at half the price of the others; the column z <= 1 has
    no part in it. Without penalties any of the three could be named as what to change."""
    found = find_conflicts(
        limits([[1, 1, 0], [0, 0, 1]], [(10, INF), (0, INF)], [(0, 4), (0, 3), (0, 1)], [2] * 5, [2, 2, 2, 1, 2])
    )
    assert len(found) == 1 and found[0].irreducible
    assert sides(found[0]) == {("row", 0, "lower"), ("column", 0, "upper"), ("column", 1, "upper")}
    assert {side.position: side.relaxed for side in found[0].sides if side.kind == "column"} == pytest.approx(
        {0: 0, 1: 3}
    )
    assert [side.needed for side in found[0].sides] == pytest.approx([3, 3, 3])


def test_needed_is_by_the_coefficient():
    """2 x >= 10 with x <= 4: the row lacks 2, the bound 1."""
    (found,) = find_conflicts(limits([[2]], [(10, INF)], [(0, 4)]))
    assert {side.kind: side.needed for side in found.sides} == pytest.approx({"row": 2, "column": 1})


def test_two_that_give_way_to_one_excess_are_one_conflict():
    """x + y <= 10 with x >= 20 and y >= 20, each of which may fall to zero: 30 too much, of which no one can give more than
    20. Told apart there would be one conflict of 20 and one of 10, and each would say that as little is enough."""
    (found,) = find_conflicts(limits([[1, 1]], [(-INF, 10)], [(20, 40), (20, 40)], [9, 1, 1], [9, 9, 9]))
    assert sides(found) == {("row", 0, "upper"), ("column", 0, "lower"), ("column", 1, "lower")} and found.irreducible
    assert [side.needed for side in found.sides] == pytest.approx([30, 30, 30])
    assert sorted(side.relaxed for side in found.sides) == pytest.approx([0, 10, 20])
    assert {side.kind: side.most for side in found.sides} == {"row": INF, "column": 20}


def test_conflicts_that_share_nothing_are_told_apart():
    found = find_conflicts(limits([[1, 0], [0, 1]], [(3, INF), (7, INF)], [(0, 1), (0, 2)]))
    assert sorted(max(side.relaxed for side in conflict.sides) for conflict in found) == pytest.approx([2, 5])
    assert all(len(conflict.sides) == 2 for conflict in found)


def test_two_conflicts_of_one_group_are_told_apart():
    """x >= 5 and x + y >= 12 share x <= 3; y <= 4. Raising x mends the first (2); the second lacks 3 after that."""
    found = find_conflicts(
        limits([[1, 0], [1, 1]], [(5, INF), (12, INF)], [(0, 3), (0, 4)], [9, 1, 9, 9], [9, 9, 1, 9])
    )
    relaxed = {
        (side.kind, side.position): side.relaxed for conflict in found for side in conflict.sides if side.relaxed
    }
    assert relaxed == pytest.approx({("column", 0): 5}) or relaxed == pytest.approx({("column", 0): 2, ("row", 1): 3})


def test_bounds_of_one_column_that_contradict_each_other():
    """Lower 5 above upper 3: the solver has no point to begin with, and the rest is still searched."""
    found = find_conflicts(limits([[1, 0], [0, 1]], [(0, INF), (4, INF)], [(5, 3), (0, 1)]))
    assert sides(found[0]) == {("column", 0, "lower"), ("column", 0, "upper")}
    assert found[0].sides[0].relaxed == pytest.approx(2)
    assert sides(found[1]) == {("row", 1, "lower"), ("column", 1, "upper")}


def test_zero_never_gives_way():
    """x <= -1 as a row against x >= 0: only the row can, though it is a hundred times dearer."""
    (found,) = find_conflicts(limits([[1]], [(-INF, -1)], [(0, INF)], [100, 1], [100, 1]))
    assert {(side.kind, side.relaxed) for side in found.sides} == {("row", 1.0), ("column", 0.0)}


def test_a_group_too_large_for_an_irreducible_system_shows_its_proof(monkeypatch):
    """The same sides, only not proven to be needed every one."""
    monkeypatch.setattr(module, "IRREDUCIBLE_ROWS", 0)
    (found,) = find_conflicts(limits([[1, 1]], [(10, INF)], [(0, 4), (0, 3)]))
    assert not found.irreducible and len(sides(found)) == 3
    assert [side.needed for side in found.sides] == pytest.approx([3, 3, 3])


def test_out_of_time_is_no_answer():
    random = np.random.default_rng(1)
    size = 60
    assert (
        find_conflicts(limits(random.uniform(0.5, 1, (size, size)), [(900, INF)] * size, [(0, 1)] * size), 0.0) is None
    )


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_smallest_changes_mend_and_irreducible_conflicts_need_every_side(seed):
    """With all changes the programme is feasible. An irreducible conflict is infeasible with all but a sliver of its
    changes, feasible without any one of its sides; and any side alone has to give way by `needed` at least where no other has
given way."""
    random = np.random.default_rng(seed)
    rows, columns = random.integers(2, 7, 2)
    matrix = np.where(random.random((rows, columns)) < 0.6, random.integers(-3, 4, (rows, columns)), 0)
    side = random.integers(-5, 12, (rows, 2)).astype(float)
    bounds = [
        (0.0 if random.random() < 0.7 else -float(random.integers(1, 4)), float(random.integers(1, 5)))
        for _ in range(columns)
    ]
    program = limits(matrix, [(min(pair), max(pair) if random.random() < 0.5 else INF) for pair in side], bounds)
    found = find_conflicts(program)
    assert (found == []) == feasible(program)
    lower, upper = program.lower.copy(), program.upper.copy()
    for conflict in found:
        for one in conflict.sides:
            at = one.position + (rows if one.kind == "column" else 0)
            (lower if one.side == "lower" else upper)[at] += (
                one.relaxed * (-1 if one.side == "lower" else 1) * (1 + 1e-7)
            )
    assert feasible(Limits(program.matrix, lower, upper, program.lower_penalty, program.upper_penalty))
    for conflict in found:
        _needs_every_side(program, conflict, lower, upper)


def _needs_every_side(program: Limits, conflict: Conflict, mended_lower, mended_upper):
    assert conflict.irreducible
    low, high = np.full(len(program.lower), -INF), np.full(len(program.upper), INF)
    alone = Limits(program.matrix, low, high, program.lower_penalty, program.upper_penalty)
    places = []
    for one in conflict.sides:
        at = one.position + (program.rows if one.kind == "column" else 0)
        own, mended, target, sign = (
            (program.lower, mended_lower, low, 1) if one.side == "lower" else (program.upper, mended_upper, high, -1)
        )
        target[at] = own[at] - sign * one.relaxed * (1 - SLIVER) if one.relaxed else mended[at]
        places.append((target, at, sign, one))
    assert not feasible(alone)
    for target, at, sign, _ in places:
        value, target[at] = target[at], -sign * INF
        assert feasible(alone)
        target[at] = value
    for target, at, sign, _ in places:
        target[at] = (program.lower if sign > 0 else program.upper)[at]
    for target, at, sign, one in places:
        target[at] -= sign * one.needed * (1 - 1e-3)
        assert not feasible(alone)
        target[at] += sign * one.needed * (1 - 1e-3)
