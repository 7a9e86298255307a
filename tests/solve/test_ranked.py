"""Ranks are kept in their order, proven by one basis or rank by rank, and the dispatch is one."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_case

import grid_model as gm
from grid_model.algebra import Array, compile_program
from grid_model.errors import SolveError
from grid_model.solve import ranked as module
from grid_model.solve.ranked import seeded_weights, solve_ranked, weights_of


def knapsack(cost, weight, least, upper):
    """min cost x, weight x >= least, 0 <= x <= upper."""
    labels = [f"x{i}" for i in range(len(cost))]
    costs, weights = Array(np.array(cost, float), labels, name="c"), Array(np.array(weight, float), labels, name="w")
    tops = Array(np.array(upper, float), labels, name="u")
    model = pyo.AbstractModel()
    model.goods = pyo.Set(initialize=labels)
    model.x = pyo.Var(model.goods, bounds=lambda m, i: (0, tops[i]))
    model.least = pyo.Constraint(rule=lambda m: sum(weights[i] * m.x[i] for i in m.goods) >= least)
    model.cost = pyo.Objective(rule=lambda m: sum(costs[i] * m.x[i] for i in m.goods))
    return compile_program(model)


def test_a_rank_is_not_traded_for_any_cost():
    """Two sources of one unit: the cheap one counts in the rank, so the dear one is taken, whatever it costs.
    Without the rank the cost would be 1."""
    program = knapsack([1, 1000], [1, 1], 1, [1, 1])
    solved = solve_ranked(program, {"first": np.array([1.0, 0.0])})
    assert solved.optimum == {"first": 0}
    assert solved.solution.columns == pytest.approx([0, 1])
    assert solved.solution.objective == pytest.approx(1000)


def test_rank_by_rank_where_weights_are_too_small(monkeypatch):
    """One unit of the first rank frees 1,000 of the second: weights from the data put 16 on it and trade it away; the
    proof sees it, `exact` goes rank by rank, `weighted` refuses."""
    program = knapsack([0, 0, 1], [1000, 1, 1], 1000, [1, 1000, 1000])
    ranks = {"first": np.array([1.0, 0, 0]), "second": np.array([0, 1.0, 0])}
    monkeypatch.setattr(module, "EXCHANGE", 1.0)
    solved = solve_ranked(program, ranks)
    assert solved.proof == "rank by rank"
    assert solved.solution.columns == pytest.approx([0, 0, 1000])
    with pytest.raises(SolveError, match="rank first.*mode: exact"):
        solve_ranked(program, ranks, mode="weighted")


def test_weights_that_range_too_far_are_refused():
    program = knapsack([1e-7, 1e3], [1, 1], 1, [1, 1])
    ranks = {name: np.array([1.0, 0.0]) for name in "abc"}
    with pytest.raises(SolveError, match="weights would range"):
        solve_ranked(program, ranks, mode="weighted")


def test_weights_fall_from_rank_to_rank():
    program = knapsack([1, 2], [1, 1], 1, [1, 1])
    weights = list(weights_of(program, {name: np.array([1.0, 0.0]) for name in "abc"}).values())
    assert all(a >= module.EXCHANGE * b for a, b in zip(weights, weights[1:], strict=False))
    assert weights[-1] > 2


def test_duals_are_those_of_the_cost():
    """The second unit of demand is met by the dear item: its price is 1000, not a weight."""
    program = knapsack([1, 1000], [1, 1], 1, [1, 1])
    solved = solve_ranked(program, {"first": np.array([1.0, 0.0])})
    assert solved.solution.row_duals == pytest.approx([1000])


def test_equal_costs_give_one_dispatch_whatever_the_method():
    program = knapsack([1] * 8, [1] * 8, 3.5, [1] * 8)
    points = [solve_ranked(program, {}, method=method).solution.columns for method in ("simplex", "ipx", "hipo")]
    order = np.argsort(seeded_weights(program))
    expected = np.zeros(8)
    expected[order[:3]], expected[order[3]] = 1, 0.5
    for point in points:
        assert point == pytest.approx(expected, abs=1e-9)


def test_seeded_weights_follow_names_not_places():
    labels = ["coal", "wind", "北京"]
    def weights(names):
        model = pyo.AbstractModel()
        model.units, model.steps = pyo.Set(initialize=names), pyo.RangeSet(1, 4)
        model.x = pyo.Var(model.units, model.steps, within=pyo.NonNegativeReals)
        model.cost = pyo.Objective(rule=lambda m: sum(m.x[u, t] for u in m.units for t in m.steps))
        return dict(zip(names, seeded_weights(compile_program(model)).reshape(len(names), 4).tolist(), strict=True))
    assert weights(labels) == weights(labels[::-1])
    values = np.array(list(weights(labels).values()))
    assert len(np.unique(values)) == 12 and values.min() >= 1 and values.max() < 2


def test_seeded_weights_are_nearly_the_same_a_day_later():
    """They differ by a thousandth at most, and nowhere by nothing; within a day they differ by any number."""
    model = pyo.AbstractModel()
    model.steps = pyo.RangeSet(1, 72)
    model.x = pyo.Var(model.steps, within=pyo.NonNegativeReals)
    model.cost = pyo.Objective(rule=lambda m: sum(m.x[t] for t in m.steps))
    days = seeded_weights(compile_program(model)).reshape(3, 24)
    later = np.abs(np.diff(days, axis=0))
    assert later.max() <= 1e-3 and later.min() > 0
    assert np.ptp(days[0]) > 0.5


@settings(max_examples=60)
@given(st.data())
def test_exact_and_weighted_agree_in_every_rank(data):
    """Random programmes with three ranks: both modes reach what solving rank by rank with a row per rank reaches."""
    size = data.draw(st.integers(2, 6))
    numbers = st.lists(st.integers(0, 5), min_size=size, max_size=size)
    cost = [value + 1 for value in data.draw(numbers)]
    program = knapsack(cost, [1] * size, data.draw(st.integers(1, 2 * size)) / 2, [1] * size)
    ranks = {name: np.array(data.draw(numbers), float) for name in ("a", "b", "c")}
    exact = solve_ranked(program, ranks)
    best, order = {}, np.lexsort([np.array(cost), *[ranks[name] for name in ("c", "b", "a")]])
    point, left = np.zeros(size), -program.row_upper[0] if program.row_upper[0] < 0 else program.row_lower[0]
    for index in order:  # unit weights: a greedy order is optimal, and lexicographic
        point[index] = min(1.0, left)
        left -= point[index]
    best = {name: float(vector @ point) for name, vector in ranks.items()}
    assert exact.optimum == pytest.approx(best, abs=1e-6)
    assert exact.solution.objective == pytest.approx(float(np.array(cost) @ point), abs=1e-6)
    try:
        weighted = solve_ranked(program, ranks, mode="weighted")
    except SolveError:
        return
    assert weighted.optimum == pytest.approx(best, abs=1e-6)


def row_by_row(program, vectors) -> dict[str, float]:
    """Optimum of every vector in turn, each held by a row of its own while the next is minimised."""
    highs, columns = program.to_highs(), np.arange(len(program.cost), dtype=np.int32)
    highs.setOptionValue("output_flag", False)
    found = {}
    for name, vector in vectors.items():
        highs.changeColsCost(len(columns), columns, vector)
        highs.run()
        found[name] = float(vector @ np.asarray(highs.getSolution().col_value))
        entries = np.flatnonzero(vector).astype(np.int32)
        highs.addRow(-highspy.kHighsInf, found[name] + 1e-9 * max(1.0, abs(found[name])), len(entries), entries, vector[entries])
    return found


@pytest.mark.parametrize("scenario, ranks", [("two_zone", 3), ("three_bus_loop", 1), ("five_province_week", 5)])
def test_small_grids_in_both_modes(scenario, ranks):
    """Exact and weighted reach in every rank, and in the cost, what one programme a rank with a row a rank reaches."""
    path = Path(__file__).parents[2] / "scenarios" / f"{scenario}.yaml"
    hours = ["horizon.hours=12"] if scenario != "three_bus_loop" else []
    case = gm.load_case(path, overrides=["policies.guaranteed_purchase.mode=exact", *hours])
    if scenario == "two_zone":  # whose plants have no class
        table = case.tables["generators"]
        classes = table["technology"].map({"solar_utility": "full_purchase", "wind_onshore": "guaranteed"}).fillna("none")
        case = case.replace(generators=table.assign(purchase_class=classes, guaranteed_hours=8000.0))
    model = gm.build_model(case)
    program = compile_program(model)
    vectors = {name: program.operator(expression)[0].toarray()[0] for name, expression in model.ranks.items()}
    expected = row_by_row(program, {**vectors, "cost": program.cost})
    assert len(vectors) == ranks
    for mode in ("exact", "weighted"):
        found = solve_ranked(program, vectors, mode=mode, seldom=model.seldom)
        reached = found.optimum | {"cost": float(program.cost @ found.solution.columns)}
        assert reached == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_the_dispatch_that_is_made_unique_costs_no_more():
    """100 MW at 10 CNY/MWh cost 1000; the other plant's 10.002 would make it 1000.2, 2e-4 too much. Names must not decide
    between them, so both ways to name them are solved."""
    costs = []
    for cheap, dear in (("first", "second"), ("second", "first")):
        case = small_case(1, {"load": {"l": [100]}}, loads=[{"load": "l", "zone": "A"}], generators=[
            {"generator": cheap, "zone": "A", "technology": "biomass", "capacity_mw": 200, "variable_cost_cny_per_mwh": 10.0},
            {"generator": dear, "zone": "A", "technology": "biomass", "capacity_mw": 200,
             "variable_cost_cny_per_mwh": 10.002}])
        costs.append(gm.solve(case).summary["objective_cny"])
    assert costs == pytest.approx([1000, 1000], rel=1e-6)
