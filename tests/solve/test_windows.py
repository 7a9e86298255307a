"""Windows: pieces that fit together, near the optimum of the whole, with a bound below it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from four_days import HOURS, year_of_four_days
from small import coarsened, small_case

import grid_model as gm
from grid_model import formulation
from grid_model.algebra import compile_program
from grid_model.errors import InfeasibleError
from grid_model.scenario import Solve
from grid_model.solve import chains, ranked
from grid_model.solve.bound import Relaxed, lower_bound
from grid_model.solve.chains import Chain, Layout, layout_of, solve_between, solve_windows
from grid_model.solve.horizon import plan_of, plan_step, window_of
from grid_model.solve.solved import solve_model
from grid_model.solve.timeline import borders_of, timeline
from grid_model.solve.vertex import UNKNOWN, SideBySide
from grid_model.solve.windows import Piece, Sliced, Span
from grid_model.technologies import commitment

FIVE = Path(__file__).parents[2] / "scenarios/five_province_week.yaml"


def test_bound_optimum_and_cost_stand_in_order():
    """Blind windows of a day would use the water on the first day; with the plan the cost is within 1 % of the optimum, and
    the bound is below it."""
    whole = gm.solve(year_of_four_days())
    pieces = gm.solve(year_of_four_days(mode="windows", window_hours=24, look_ahead_hours=12, medium_hours=12))
    optimum, cost, bound = (whole.summary["objective_cny"], pieces.summary["objective_cny"], pieces.summary["lower_bound_cny"])
    assert bound <= optimum * (1 + 1e-9) and optimum <= cost * (1 + 1e-9)
    assert cost == pytest.approx(optimum, rel=0.01)
    assert bound == pytest.approx(optimum, rel=0.05)
    assert pieces.summary["status"] == "within gap" and whole.summary["status"] == "optimal"


def test_the_exact_mode_ends_where_the_whole_does():
    """From the windows' bases side by side: the same cost and the same dispatch, proven."""
    whole, exact = (gm.solve(year_of_four_days(mode=mode, medium_hours=12)) for mode in ("whole", "exact"))
    assert exact.summary["status"] == "optimal" and exact.summary["gap"] < 1e-9
    assert exact.summary["objective_cny"] == pytest.approx(whole.summary["objective_cny"], rel=1e-9)
    assert exact.dispatch["generation"].values == pytest.approx(whole.dispatch["generation"].values, abs=1e-4)


def two_days_without_rules(**solve):
    """Five provinces without rules and commitment, for windows of a day: the case, its model and its programme."""
    off = [f"policies.{policy.NAME}=false" for policy in formulation.POLICIES]
    case = commitment.coarsened(gm.load_case(FIVE, start="2027-01-04", end="2027-01-06", overrides=off))
    settings = {"mode": "windows", "unique": False, "window_hours": 24, "look_ahead_hours": 12, "corrections": 0, **solve}
    solve = case.scenario.solve.model_copy(update=settings)
    case = case.replace(scenario=case.scenario.model_copy(update={"solve": solve}))
    model = gm.build_model(case)
    return case, model, gm.compile_program(model)


def test_the_whole_begins_near_where_windows_end(monkeypatch):
    """Two days of five provinces without rules. Of the many dispatches that cost the same, windows and the whole come to the same one by
    what their costs lean by; were the whole not to lean, it would take three times as many iterations from their bases."""
    case, model, program = two_days_without_rules(mode="exact")
    leaning = solve_model(case, model, program).solution
    monkeypatch.setattr(ranked, "SLIGHT", 0.0)
    upright = solve_model(case, model, program).solution
    assert leaning.objective == pytest.approx(upright.objective, rel=1e-12)
    assert 0 < 2 * leaning.iterations < upright.iterations


def test_the_first_window_begins_where_the_plan_ends(monkeypatch):
    """The same two days by windows: with the basis of a plan of three hours the first one takes less than half the iterations, and both
    ways lead to one cost."""
    case, model, program = two_days_without_rules(medium_hours=3)
    near = solve_model(case, model, program).solution
    monkeypatch.setattr(SideBySide, "whole", False)
    far = solve_model(case, model, program).solution
    assert near.objective == pytest.approx(far.objective, rel=1e-9)
    assert near.iterations < 0.7 * far.iterations


def test_levels_go_on_over_every_border():
    """A battery's level at each border follows from the level before by its own law; without it, it would jump there."""
    data = gm.solve(year_of_four_days(mode="windows", window_hours=24, look_ahead_hours=12, medium_hours=12)).dispatch
    level, charge, discharge = (data[name].sel(storage="battery").values for name in ("state_of_charge", "charge", "discharge"))
    expected = level[:-1] + 0.9 * charge[1:] - discharge[1:] / 0.9
    assert level[1:] == pytest.approx(expected, abs=1e-6)


def test_a_cheap_detour_is_taken_within_windows_too():
    """Wind of A costs nothing and comes to D over three lines; a plant in D costs 0.05 CNY/MWh. It stays off. Did windows pay for
    what they lean by (0.1 to 0.2 CNY/MWh for each column that is used), it would run."""
    case = small_case(
        24, {"load": {"l": 50}, "availability": {"wind": 1.0}}, loads=[{"load": "l", "zone": "D"}],
        generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 50},
                    {"generator": "gas", "zone": "D", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 0.05}],
        lines=[{"line": f"{a}{b}", "from_zone": a, "to_zone": b, "capacity_mw": 100} for a, b in ("AB", "BC", "CD")])
    windows = case.scenario.model_copy(update={"solve": Solve(mode="windows", window_hours=6, medium_hours=6)})
    assert gm.solve(case.replace(scenario=windows)).summary["objective_cny"] == pytest.approx(0.0, abs=1e-6)


def test_the_plan_ends_early_but_prices_as_the_optimum():
    """Hydro must cover 50 of 150 MW for ten hours and get its water back in the last twelve. The optimum is empty in between and
    the last MWh costs gas everywhere. The plan keeps what is asked of the end from two of its steps before it on, as windows
    that stray would have no time to make it good: 500 MWh where the optimum has 100. Its prices are the optimum's all the same."""
    hours = np.arange(48)
    case = small_case(
        48, {"load": {"l": np.where(hours < 10, 150, 100)}, "inflow": {"lake": np.where(hours < 36, 0, 500 / 12)}},
        loads=[{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 5000}],
        generators=[{"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300},
                    {"generator": "hydro", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 60}],
        reservoirs=[{"reservoir": "lake", "generator": "hydro", "capacity_mwh": 1000, "initial_fraction": 0.6, "final_fraction": 0.5}])
    model = formulation.build_model(case)
    program = compile_program(model)
    plan = plan_of(case, model, program, lambda hours: coarsened(case, model, hours), 6, {})
    level = program.columns["reservoir.level"].of(plan.columns)[0] * 1e3
    assert level[36] >= 500 - 1e-6
    assert np.abs(program.rows["reservoir.water_balance"].of(plan.duals)[0]) == pytest.approx(0.3)


def test_one_window_is_the_whole():
    program, time = compiled()
    pieced = solved(program, time, HOURS)
    highs = program.to_highs()
    highs.run()
    assert program.cost @ pieced.values == pytest.approx(highs.getInfo().objective_function_value - program.offset, rel=1e-9)


def test_any_prices_give_a_bound():
    """The bound is below the optimum for random prices too, and the same from the basis of windows, with few rows, as from nothing."""
    program, time = compiled()
    highs = program.to_highs()
    highs.run()
    optimum = highs.getInfo().objective_function_value - program.offset
    found = solved(program, time, 24).statuses
    partly = np.where(np.arange(len(found)) < len(program.cost) // 2, found, UNKNOWN)  # as between chains that are not joined yet
    for seed in range(3):
        prices = np.random.default_rng(seed).normal(0, 0.1, len(program.row_lower))
        bound, *others = (lower_bound(Relaxed.of(program, time, program.cost, prices, 24, statuses)) for statuses in (found, partly, None))
        assert bound <= optimum + 1e-6 and others == pytest.approx([bound, bound])


def test_accounts_are_decided_with_the_last_step():
    """The last day of January and the first of February. Certificates of January are issued, banked and used in columns of a month:
    none is decided before the last hour, so that windows of either month have no account to agree on. At the end of
    their month they would be given to the windows after it."""
    wind = {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100, "certificate": "tradable"}
    case = small_case(48, {"load": {"l": 60}, "availability": {"wind": 0.5}}, start="2027-01-31", generators=[wind],
                      loads=[{"load": "l", "zone": "A"}], policies={"green_certificates": {}},
                      obligations=[{"zone": "A", "total_share": 0.6, "non_hydro_share": 0.6, "year": 2027}])
    model = formulation.build_model(case)
    program = compile_program(model)
    time = timeline(program, model.steps, model.borders)
    issue = program.rows["green_certificates.issue"]
    assert time.lasting[program.columns["green_certificates.issued"].slice].all()
    assert set(time.columns[time.lasting]) == {48} and set(time.last[issue.slice]) == {48}
    assert set(time.first[issue.slice]) == {1, 25}


def test_a_window_without_a_way_is_joined_with_those_before():
    """Without a plan the water is spent before the last day, whose end level then cannot be reached: the last windows are
    solved as one, and every row holds."""
    program, time = compiled()
    pieced = solved(program, time, 24)
    values = program.matrix @ pieced.values
    assert np.maximum(program.row_lower - values, values - program.row_upper).max() < 1e-6


def test_chains_that_do_not_meet_are_joined_further_on(monkeypatch):
    """Chains of windows 0 to 1 and 3 to 6. Window 2 finds no way between what is known on both sides, nor do 1 to 3; so 2 and 3 are
    solved with a look ahead, and 3 to 5 join; the last one finds a way with the one before it. All start from where windows ended in
    their places, the last one from where the last chain did."""
    tried, starts, empty = [], [], Piece(*(np.zeros(0, np.int64) for _ in range(6)), None)

    class Known:
        ended, latest = "in their places", "the last chain"

        def enter(self, piece):
            self.latest = "between"

    class Narrow:
        def solve(self, span, known, method, start):
            tried.append((span.begin, span.end, span.known))
            starts.append(start)
            if span in (Span(2, 3, 3, 7), Span(1, 4, 4, 7), Span(4, 5, 5, 7), Span(7, 8, 8, 8)):
                raise InfeasibleError("too narrow")
            return empty

    monkeypatch.setattr(chains, "BOTH", 1)
    layout = Layout(tuple((at, at + 1) for at in range(8)), (Chain(0, 2), Chain(3, 7)), 1)
    assert len(list(solve_between(Narrow(), layout, Known()))) == 4
    assert tried == [(2, 3, 7), (1, 4, 7), (2, 4, 4), (3, 5, 5), (4, 5, 7), (3, 6, 7), (7, 8, 8), (6, 8, 8)]
    assert starts == ["in their places"] * 6 + ["the last chain"] * 2


@pytest.mark.parametrize("given, hour, rows, expected", [
    ({}, 1.0, 500, (168, 24)), ({}, 1.0, 1800, (24, 12)), ({}, 0.5, 290, (336, 48)), ({}, 0.5, 300, (48, 24)), ({"window_hours": 48}, 1.0, 1800, (48, 24)),
    ({"look_ahead_hours": 6}, 3.0, 5000, (8, 2))])
def test_windows_are_a_week_where_that_is_no_large_programme(given, hour, rows, expected):
    assert window_of(Solve(**given), hour, rows) == expected


@pytest.mark.parametrize("given, hour, rows, expected", [
    ({}, 1.0, 500, 8.0), ({}, 1.0, 1800, 24.0), ({}, 0.5, 300, 24.0), ({"medium_hours": 12}, 1.0, 1800, 12.0),
    ({"mode": "exact"}, 1.0, 500, 24.0)])
def test_a_plan_tells_day_from_night_where_that_is_no_large_programme_and_windows_are_the_answer(given, hour, rows, expected):
    assert plan_step(Solve(**given), hour, rows) == expected


def test_a_short_rest_goes_to_the_last_window():
    assert borders_of(50, 24) == [(0, 24), (24, 50)]
    assert borders_of(36, 24) == [(0, 24), (24, 36)]
    assert borders_of(5, 24) == [(0, 5)]


def compiled():
    model = formulation.build_model(year_of_four_days())
    program = compile_program(model)
    return program, timeline(program, model.steps, model.borders)


def solved(program, time, window):
    """Without a plan and without foresight."""
    sliced = Sliced.of(program, time, program.cost, None, (), window)
    return solve_windows(sliced, layout_of(sliced, window, 0))
