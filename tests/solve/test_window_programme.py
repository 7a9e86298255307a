"""A window's own programme, by hand: four steps, a plant with an allowance for all of them, dearer backup, and a store.

    step t    x_t + b_t = 1           plant (cost 1, up to 2) and backup (cost 10)
              l_t - l_(t-1) = 0       a level that is handed on
    all       1 <= sum of x_t - a <= 2    the allowance; a (cost 5) buys more of it and has no step of its own

Plan: x = 0.5 in every step, levels of 3, the allowance priced at -1, levels at 0.5. A row may span one step to hand on a state.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from grid_model.algebra import INFINITY, Arrays
from grid_model.errors import InfeasibleError
from grid_model.solve.bound import Relaxed, lower_bound
from grid_model.solve.chains import layout_of
from grid_model.solve.shelf import Shelf
from grid_model.solve.timeline import Ordered, Timeline, reach
from grid_model.solve.vertex import UNKNOWN, Vertex
from grid_model.solve.windows import LEAST, STIFFNESS, Piece, Plan, Sliced, Span
from grid_model.solve.working import Basis, Working

PLANT, BACKUP, LEVEL, BOUGHT = slice(0, 4), slice(4, 8), slice(8, 12), 12
ALLOWANCE = 7  # rows: four balances, three levels, the allowance


def sliced(lean=None, price=-1.0, output=0.5) -> Sliced:
    """With this price of the allowance, and this output of the plant in every step, by the plan."""
    positions = np.array([1, 2, 3, 4] * 3 + [4], np.int32)
    matrix = np.zeros((8, 13))
    for step in range(4):
        matrix[step, [step, 4 + step]] = 1.0
    for step in range(3):
        matrix[4 + step, [8 + step, 9 + step]] = -1.0, 1.0
    matrix[ALLOWANCE, PLANT], matrix[ALLOWANCE, BOUGHT] = 1.0, -1.0
    matrix = csr_array(matrix)
    cost = np.concatenate([np.full(4, 1.0), np.full(4, 10.0), np.zeros(4), [5.0]])
    upper = np.concatenate([np.full(4, 2.0), np.full(4, INFINITY), np.full(4, 100.0), [1.0]])
    sides = [np.concatenate([np.ones(4), np.zeros(3), [side]]) for side in (1.0, 2.0)]
    first, last = reach(positions, matrix)
    time = Timeline(positions, np.arange(13) == BOUGHT, first, last, 4, Ordered.of(positions, 4), Ordered.of(last, 4))
    prices = np.array([0.0] * 4 + [0.5] * 3 + [price])
    values = np.array([output] * 4 + [1 - output] * 4 + [3.0] * 4 + [0.0])
    plan = Plan(values, prices, prices, np.arange(8) >= 4, np.full(13 + 8, UNKNOWN))
    return Sliced(Arrays(cost, 0.0, np.zeros(13), upper, *sides, matrix), time, cost, plan, np.zeros(8, bool), np.zeros((0, 3), int), 1,
                  lean=lean)


def knowing(windows: Sliced, **found):
    """What is known once these plants' output and levels of steps were found: {"x1": 1.0, "l2": 7.0}."""
    known = windows.known()
    for name, value in found.items():
        column = {"x": 0, "l": 8}[name[0]] + int(name[1]) - 1
        none = np.zeros(0, int)
        known.enter(Piece(np.array([column]), np.array([value]), *[none] * 4, Vertex.of(0, none, none, 0, none)))
    return known


def elastic(windows: Sliced, span: Span, known) -> dict[str, dict]:
    """Sides of the window's elastic rows, and room and price of what they miss and of what they have more than planned."""
    columns = windows.columns(span.begin, span.end)
    ended, states, budgets = windows.open_rows(span)
    rows = np.concatenate([windows.rows(span.begin, span.end), ended])
    part, _ = windows._programme(columns, rows, rows[:0], states, budgets, span, known)
    count, width = len(states) + len(budgets), len(columns)
    names = ["level"] * len(states) + ["allowance"] * len(budgets)
    return {name: {"side": part.row_lower[len(rows) + at], "most": part.row_upper[len(rows) + at], "row": part.matrix[[len(rows) + at]].toarray()[0, :width],
                   "room": part.column_upper[width + at::count][:2], "price": part.cost[width + at::count][:2]}
            for at, name in enumerate(names)}


def test_an_allowance_in_the_second_window():
    """Step 1 took 1 where the plan had 0.5: up to step 2 the plan comes to 1, so nothing is left for step 2 (0.5 if what is
    missed were forgotten). Together they may come to 3, of which 1 is bought, and to -3, as later steps can add 4: 2 more
    and 4 less than the plan."""
    windows = sliced()
    allowance = elastic(windows, Span(1, 2, 2, 2), knowing(windows, x1=1.0))["allowance"]
    assert allowance["side"] == pytest.approx(1.0 - 1.0)
    assert allowance["row"].tolist() == [1.0, 0.0, 0.0]  # plant, backup, level of step 2
    assert allowance["room"] == pytest.approx([1.0 - (1.0 - 4.0), 2.0 + 1.0 - 1.0])  # a may buy 1


def test_what_is_due_where_the_plan_comes_to_no_side():
    """By a plan of 0.4 a step the allowance comes to 1.6, between its sides of 1 and 2, and is worth nothing. After half of it 0.5
    to 1 are due: to keep to the plan's 0.8 would cost what makes the allowance good (5 each) for what no rule asks. What
    the first step took counts: 0.7 leaves up to 0.3."""
    allowance = elastic(sliced(price=0.0, output=0.4), Span(0, 2, 2, 2), sliced(price=0.0, output=0.4).known())["allowance"]
    assert [allowance["side"], allowance["most"]] == pytest.approx([0.5, 1.0])
    assert allowance["room"] == pytest.approx([0.5 - (1.0 - 4.0), 2.0 + 1.0 - 1.0])
    windows = sliced(price=0.0, output=0.4)
    later = elastic(windows, Span(1, 2, 2, 2), knowing(windows, x1=0.7))["allowance"]
    assert [later["side"], later["most"]] == pytest.approx([-0.2, 0.3])


def test_a_price_or_a_side_that_the_plan_comes_to_keeps_to_the_plan():
    """At 0.25 a step the plan comes to the lower side of 1 without a price: 0.5 after half of it, and up to 1, half of the
    upper side. With a price it is the plan's alone, 0.8 of 0.4 a step."""
    on_side = elastic(sliced(price=0.0, output=0.25), Span(0, 2, 2, 2), sliced().known())["allowance"]
    assert [on_side["side"], on_side["most"]] == pytest.approx([0.5, 1.0])
    windows = sliced(price=-1.0, output=0.4)
    priced = elastic(windows, Span(0, 2, 2, 2), windows.known())["allowance"]
    assert [priced["side"], priced["most"]] == pytest.approx([0.8, 0.8])


def test_an_allowance_between_two_chains():
    """Steps 1 and 3 are known and took 1 each; the plan comes to 1.5 up to step 3, so step 2 should give back 0.5. It may
    take what the last step leaves: 2 and 1 that is bought, less 1.5."""
    windows = sliced()
    allowance = elastic(windows, Span(1, 2, 2, 3), knowing(windows, x1=1.0, x3=1.0))["allowance"]
    assert allowance["side"] == pytest.approx(1.5 - 2.0)
    assert allowance["room"] == pytest.approx([1.5 - (1.0 - 2.0), 3.0 - 1.5])


def test_what_is_missed_costs_what_makes_it_good():
    """The allowance is worth 1 by the plan and 5 where it is bought: more than planned costs 4, and so does less, as the row
    has two sides; a level costs STIFFNESS of its price, more the nearer a given level is."""
    windows = sliced()
    rows = elastic(windows, Span(1, 2, 2, 2, left=0.25), windows.known())
    assert rows["allowance"]["price"] == pytest.approx([4.0, 4.0])
    assert rows["level"]["price"] == pytest.approx([(STIFFNESS * 0.5 + LEAST) / 0.25] * 2)


def test_a_level_goes_towards_what_was_found_before():
    """A chain found a level of 7 at step 2; a window that ends there goes towards 7, without it towards the plan's 3."""
    windows = sliced()
    assert elastic(windows, Span(1, 2, 2, 2), windows.known())["level"]["side"] == pytest.approx(-3.0)
    assert elastic(windows, Span(1, 2, 2, 2), knowing(windows, l2=7.0))["level"]["side"] == pytest.approx(-7.0)


def test_a_level_between_two_chains_is_exact():
    """The level of step 3 is known: the row that it ends is the window's own, with 7 taken over to its side."""
    windows = sliced()
    ended, states, budgets = windows.open_rows(Span(1, 2, 2, 3))
    assert (ended.tolist(), states.tolist(), windows.budgets.rows[budgets].tolist()) == ([5], [], [ALLOWANCE])
    _, done = windows._cut(ended, Span(1, 2, 2, 3), knowing(windows, l3=7.0))
    assert done == pytest.approx([7.0])


def test_a_loose_window_may_break_what_reaches_back():
    """The plan begins a chain with a level of 150, which its store of 100 cannot hold: only the chain's way in may break that."""
    windows = sliced()
    with pytest.raises(InfeasibleError):
        windows.solve(Span(1, 2, 2, 2), knowing(windows, l1=150.0))
    piece = windows.solve(Span(1, 2, 2, 2, loose=True), knowing(windows, l1=150.0))
    assert piece.values[piece.columns == 9] == pytest.approx(100.0)


def test_what_a_window_leans_by_is_not_paid_for():
    """The plant costs 1 and the backup 10. A lean of 100 against the plant is there to choose among optima: the plant runs. Were
    it a cost, the backup would."""
    lean = np.zeros(13)
    lean[PLANT] = 100.0
    windows = sliced(lean)
    piece = windows.solve(Span(1, 2, 2, 2), knowing(windows, x1=1.0))
    assert piece.values[piece.columns == 1] == pytest.approx(1.0)


def test_a_window_leans_to_one_of_its_optima():
    """Backup as cheap as the plant, nothing else differs but the lean: the backup runs where the plant leans away."""
    for one, runs in ((0.1, 0.0), (-0.1, 1.0)):
        lean = np.zeros(13)
        lean[PLANT] = one
        windows = sliced(lean)
        windows.objective = np.concatenate([np.full(8, 1.0), np.zeros(4), [5.0]])
        windows.plan = Plan.none(13, 8)
        piece = windows.solve(Span(1, 2, 2, 2), knowing(windows, x1=1.0))
        assert piece.values[piece.columns == 1] == pytest.approx(runs)


@pytest.mark.parametrize("price, expected", [(-9.0, 18.0), (-5.0, 14.0), (1.0, 1.0)])
def test_a_bound_by_hand(price, expected):
    """Windows of two steps; the allowance reaches over the border and is priced. At -9 a plant costs 10 as backup does, so the steps come
    to 40, a bought unit earns 4, and the upper side gives 2 x -9: 18, which is the optimum (three steps by the plant, one of
    them bought, one by backup). At -5: 24 and 0 less 10. At 1 the plant is free and the lower side gives 1. Without
    the sides it would be 36: no bound."""
    windows = sliced()
    prices = np.zeros(8)
    prices[ALLOWANCE] = price
    program, time = windows.program, windows.time
    assert lower_bound(Relaxed.of(program, time, program.cost, prices, 2)) == pytest.approx(expected)


def test_a_shelf_shows_what_was_put_there_last(tmp_path):
    """Taken, emptied and put again: the second programme, not the one that was mapped first."""
    shelf, first, second = Shelf(tmp_path), sliced(), sliced(np.full(13, 7.0))
    for number, one in enumerate((first, second)):
        shelf.put(str(number), one, layout_of(one, 2, 1))
        assert (shelf.take()[0].lean == one.lean).all()


def test_a_window_starts_from_where_the_one_before_it_ended():
    """Steps 2 and 3 have the same shape: the optimum of the one is found at the vertex of the other without an iteration. Step 4 has a
    column more, which begins at its bound: the optimum is that from nothing."""
    windows = sliced()
    known = knowing(windows, x1=1.0)
    second = windows.solve(Span(1, 2, 2, 2), known)
    known.enter(second)
    third, alone = (windows.solve(Span(2, 3, 3, 3), known, start=start) for start in (second.vertex, None))
    assert third.iterations == 0 < alone.iterations
    assert third.values == pytest.approx(alone.values)
    last, same = (windows.solve(Span(3, 4, 4, 4), known, start=start) for start in (second.vertex, None))
    assert last.values == pytest.approx(same.values)


def test_a_window_over_others_starts_from_where_they_ended():
    """Steps 2 and 3 were solved one by one, a plant at its limit in each: so it stands in what is known, and the optimum of both
    together from there is that from nothing."""
    windows = sliced()
    known = knowing(windows, x1=1.0)
    for step in (1, 2):
        known.enter(windows.solve(Span(step, step + 1, step + 1, step + 1), known))
        assert known.ended.columns[step] == known.latest.of_columns(np.array([step])) != UNKNOWN
    assert known.ended.columns[3] == UNKNOWN
    again, alone = (windows.solve(Span(1, 3, 3, 3), known, start=start) for start in (known.ended, None))
    assert again.values == pytest.approx(alone.values)


def test_a_bound_starts_from_what_windows_found(monkeypatch):
    """The plants run and a level follows the other: that basis is the optimum of both parts, and nothing is left to do. From one with
    backup in the place of the plants there is, and the bound is the same."""
    windows, prices, iterations = sliced(), np.zeros(8), []
    prices[ALLOWANCE] = -5.0
    reach = Working.reach

    def counted(self, *method, **limits):
        objective = reach(self, *method, **limits)
        iterations.append(self.iterations)
        return objective

    monkeypatch.setattr(Working, "reach", counted)
    lower, basic = int(Basis.kLower), int(Basis.kBasic)
    levels_and_rest = [basic, lower] * 2 + [lower] + [lower] * 8
    for plants, backups in ((basic, lower), (lower, basic)):
        statuses = np.array([plants] * 4 + [backups] * 4 + levels_and_rest, np.int8)
        relaxed = Relaxed.of(windows.program, windows.time, windows.program.cost, prices, 2, statuses)
        assert lower_bound(relaxed) == pytest.approx(14.0)
    assert sum(iterations[:3]) == 0 < sum(iterations[3:])
