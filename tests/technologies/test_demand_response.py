"""Demand response: every law on a grid that can be solved on paper."""

from __future__ import annotations

import numpy as np
import pytest
from matrices import same_matrix
from pyomo.environ import value
from response_grid import DEAR, down, grid
from small import small_case, solved

from grid_model.formulation import build_model
from grid_model.technologies.demand_response import check_programmes, costs


def shed(**columns):
    return {"kind": "shed", "power_mw": 20, "cost_cny_per_mwh": 100, **columns}


def test_reduces_up_to_its_power():
    """30 MW are short in step 2: 20 are reduced at 100 CNY/MWh, 10 come from the dear plant. Without the limit all
    30 would be reduced, without the programme 30 x 2000 be paid."""
    result = solved(grid([100, 70], shed()))
    assert down(result)[0] == pytest.approx([0, 20])
    assert result.objective == pytest.approx(20 * 100 + 10 * DEAR)


def test_hours_of_a_day():
    """20 MW short from 22:00 to 2:00, one hour a day: 20 MWh before midnight and 20 after. Without the law all 80
    MWh."""
    result = solved(grid([80] * 4, shed(max_hours_per_day=1), start="2027-01-01T22:00"))
    assert down(result)[0, :2].sum() == pytest.approx(20)
    assert down(result)[0, 2:].sum() == pytest.approx(20)
    assert result.objective == pytest.approx(40 * 100 + 40 * DEAR)


def test_hours_of_a_day_count_hours_not_steps():
    """Steps of half an hour, one hour a day: 20 MW in two of them. If steps were counted, one only."""
    assert down(solved(grid([80] * 4, shed(max_hours_per_day=1), step_hours=0.5))).sum() == pytest.approx(40)


def test_hours_of_a_day_that_cannot_bind_have_no_row():
    """Two hours of a day are in the case; a limit of two hours says nothing there and has no row."""
    case = grid([80] * 2, shed(max_hours_per_day=2), shed(max_hours_per_day=1))
    assert solved(case).program.rows["demand_response.hours_of_day"].size == 1


def test_limits_are_no_duties():
    """10 MW short in one hour of two: 10 MWh, though an hour a day allows 20 and a year 20. Had the limits to be used up, 20."""
    assert down(solved(grid([90, 100], shed(max_hours_per_day=1)))).sum() == pytest.approx(10)
    assert down(solved(grid([90, 100], shed(max_energy_mwh_per_year=87600)))).sum() == pytest.approx(10)


def test_energy_of_a_year_counts_hours_not_steps():
    """20 MWh are the part of two hours; in steps of half an hour they are 20 MW twice. If steps were counted, once."""
    assert down(solved(grid([80] * 4, shed(max_energy_mwh_per_year=87600), step_hours=0.5))).sum() == pytest.approx(40)


def test_nobody_is_called_to_fill_a_count():
    """Nothing is short: a call and a half allowed in four hours, of which a rest of 4 h leaves room for one, are not made; had they
    to be, no plan would do. Nor is a call of 3 h that would keep everyone at rest or called."""
    for hours, limits in ((4, {"max_calls_per_year": 3285, "min_rest_hours": 4}), (5, {"min_rest_hours": 3, "min_call_hours": 3})):
        assert down(solved(grid([100] * hours, shed(**limits)))).sum() == pytest.approx(0)


def test_a_call_may_last_longer_than_it_must():
    """20 MW short in all of four hours, calls of 2 h at least and one in four hours: it lasts through all four. Did a call
    last no longer than its least length, 20, 20, 0, 0."""
    assert down(solved(grid([80] * 4, shed(max_calls_per_year=2190, min_call_hours=2))))[0] == pytest.approx([20] * 4)


def test_a_programme_of_more_than_a_gigawatt_may_start_at_once():
    """2 GW short in the first hour and at rest afterwards: all of it is called. Could a gigawatt at most start, 1 GW would be."""
    large = {"kind": "shed", "power_mw": 2000, "cost_cny_per_mwh": 100, "min_rest_hours": 2}
    assert down(solved(grid([3000, 5000, 5000, 5000], large, load=5000)))[0] == pytest.approx([2000, 0, 0, 0])


def test_energy_of_a_year_in_proportion():
    """87,600 MWh a year are 10 in each hour: 40 MWh in 4 of 8760 hours. Without the law 80 MWh, without the
    proportion too."""
    result = solved(grid([80] * 4, shed(max_energy_mwh_per_year=87600)))
    assert down(result).sum() == pytest.approx(40)


def test_calls_of_a_year_in_proportion():
    """2190 calls a year are one in 4 hours. 20 MW are short in steps 1 and 3: one call lasts through step 2, though
    nothing is short there. Without the law, or if power were counted instead of starts, 20, 0, 20 MW."""
    result = solved(grid([80, 100, 80, 100], shed(max_calls_per_year=2190)))
    assert down(result)[0] == pytest.approx([20, 20, 20, 0])
    free = solved(grid([80, 100, 80, 100], shed(max_calls_per_year=4380)))
    assert down(free)[0] == pytest.approx([20, 0, 20, 0])


def test_half_a_call_at_half_power():
    """1095 calls a year are half a call in 4 hours: 10 of 20 MW, once. Without the limit 20."""
    result = solved(grid([100, 80, 100, 100], shed(max_calls_per_year=1095)))
    assert down(result)[0] == pytest.approx([0, 10, 0, 0])


@pytest.mark.parametrize("rest, expected", [(1, [20, 0, 20, 0]), (2, [20, 20, 20, 0]), (3, [20, 20, 20, 0])])
def test_least_rest(rest, expected):
    """20 MW short in steps 1 and 3. A call that ends after step 1 leaves an hour until step 3: enough for a rest of
    1 h. With 2 or 3 h it goes on through step 2 instead. Without the law it would always be 20, 0, 20."""
    assert down(solved(grid([80, 100, 80, 100], shed(min_rest_hours=rest))))[0] == pytest.approx(expected)


def test_least_rest_of_those_who_were_called():
    """20 MW short in steps 1 and 4: two hours between, so a rest of 2 h is kept by stopping. With 3 h it costs 4
    steps. Without the law it would be 20, 0, 0, 20 in both."""
    assert down(solved(grid([80, 100, 100, 80], shed(min_rest_hours=2))))[0] == pytest.approx([20, 0, 0, 20])
    assert down(solved(grid([80, 100, 100, 80], shed(min_rest_hours=3))))[0] == pytest.approx([20, 20, 20, 20])


def test_rest_lets_the_others_go():
    """10 MW short in steps 1 and 3 and 20 MW on call: those who rest in step 3 are not those who are called then, so
    10, 0, 10 keeps any rest. Were all customers one, 10, 10, 10 would be the answer."""
    assert down(solved(grid([90, 100, 90, 100], shed(min_rest_hours=3))))[0] == pytest.approx([10, 0, 10, 0])


def test_rest_has_no_row_that_another_says():
    """Six steps, a rest of 3 h: windows that begin with the first step are part of the longest, so steps 3 to 6."""
    rows = solved(grid([80, 100, 80, 100, 100, 80], shed(min_rest_hours=3))).program.rows["demand_response.least_rest"]
    assert [rows.label(row)[0] for row in range(rows.size)] == [("p0", step) for step in (3, 4, 5, 6)]


def test_least_length_of_a_call():
    """20 MW short in step 2 only, calls of 3 h at least: reduced in 3 steps, one of them the second. Without the law
    0, 20, 0, 0, 0."""
    result = solved(grid([100, 80, 100, 100, 100], shed(min_call_hours=3)))
    assert down(result)[0, 1] == pytest.approx(20)
    assert np.sort(down(result)[0]) == pytest.approx([0, 0, 20, 20, 20])


def test_limits_that_cannot_bind_leave_no_row():
    """A rest and a length of one step, more calls than there are steps and more energy than there can be rule
    nothing."""
    case = grid([80] * 4, shed(min_rest_hours=1, min_call_hours=1, max_calls_per_year=1e5, max_energy_mwh_per_year=1e9,
                               max_hours_per_day=24))
    program = solved(case).program
    assert not [name for name in program.rows if name.startswith("demand_response") and program.rows[name].size]


def test_interruptible_has_whole_blocks():
    """105 MW in blocks of 50 MW: 100 MW can go, any part of them (50 MW short: 50 MW). Without rounding 105."""
    aluminium = {"kind": "interruptible", "power_mw": 105, "step_mw": 50, "cost_cny_per_mwh": 100}
    assert down(solved(grid([0, 50], aluminium, load=110)))[0] == pytest.approx([100, 60])


def test_share_of_peak():
    """5 % of the greatest load in the case, 120 MW: 6 MW; of a calendar year's 200 MW: 10 MW. Were it a share of each hour's load, 4
    and 6 MW; were the year's peak not read, 6 and 6."""
    programme = {"kind": "shed", "share_of_peak": 0.05, "cost_cny_per_mwh": 100}
    assert down(solved(grid([0, 0], programme, load=[80, 120])))[0] == pytest.approx([6, 6])
    known = grid([0, 0], programme, load=[80, 120], zones=[{"zone": "A", "peak_load_mw": 200}])
    assert down(solved(known))[0] == pytest.approx([10, 10])


def test_no_more_than_the_load():
    """Two programmes of 80 MW on a load of 100 MW: 100 MW at most, and 60 where only 60 are asked for. Without the
    row they would reduce 160 MW, and the zone, which has no plant in use, would deliver 60 MW from nothing to its
    neighbour."""
    case = small_case(
        2, loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}], series={"load": {"a": [100, 60], "b": 500}},
        generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 100,
                     "variable_cost_cny_per_mwh": 10}],
        lines=[{"line": "l", "from_zone": "A", "to_zone": "B", "capacity_mw": 1000}],
        demand_response=[{"programme": name, "zone": "A", "kind": "shed", "power_mw": 80} for name in "pq"])
    result = solved(case)
    assert down(result).sum(axis=0) == pytest.approx([100, 60])
    assert result.program.rows["consumption.of_zone"].size == 2


def test_programmes_of_one_load():
    """Two programmes of one load of 30 MW beside a load of 70: together 30 MW. Without the row 40."""
    case = small_case(
        1, loads=[{"load": "base", "zone": "A"}, {"load": "smelter", "zone": "A"}],
        series={"load": {"base": 70, "smelter": 30}},
        generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": DEAR}],
        demand_response=[{"programme": name, "zone": "A", "kind": "interruptible", "power_mw": 20, "load": "smelter"}
                         for name in "pq"])
    assert down(solved(case)).sum() == pytest.approx(30)


def test_order_before_orderly_use_before_unserved():
    """90 MW of plant, load 100, 120, 150: demand response gives its 15 MW first, orderly use its 30 (20 % of 150)
    next, and only then is load unserved: 0, 0, 15 MW. Orderly use without a cost costs the middle of 1000 and
    30,000; did it cost nothing, it would give its 30 MW always, before the plant, and demand response its 15 in the third hour only."""
    case = small_case(
        3, loads=[{"load": "load", "zone": "A"}], series={"load": {"load": [100, 120, 150]}},
        generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 90,
                     "variable_cost_cny_per_mwh": 100}],
        demand_response=[{"programme": "order", "zone": "A", "kind": "orderly_use", "share_of_peak": 0.2},
                         {"programme": "shed", "zone": "A", "kind": "shed", "power_mw": 15, "cost_cny_per_mwh": 1000}])
    result = solved(case)
    assert costs(case.tables) == pytest.approx([15500, 1000])
    assert down(result) == pytest.approx(np.array([[0, 0, 0], [10, 15, 15]]))
    orderly = result.value("demand_response.report_orderly_use_by_programme") * 1e3
    assert orderly == pytest.approx(np.array([[0, 15, 30], [0, 0, 0]]))
    assert result.value("loads.unserved")[0] * 1e3 == pytest.approx([0, 0, 15])
    assert result.objective == pytest.approx(270 * 100 + 40 * 1000 + 45 * 15500 + 15 * 30000)


@pytest.mark.parametrize("programme, column", [
    ({"kind": "shed"}, "power_mw"),
    ({"kind": "shed", "power_mw": 1, "share_of_peak": 0.1}, "power_mw"),
    ({"kind": "shed", "power_mw": 1, "load": "other"}, "load"),
    ({"kind": "shed", "power_mw": 1, "window_hours": 3}, "window_hours"),
    ({"kind": "shift", "power_mw": 1}, "window_hours"),
    ({"kind": "shift", "power_mw": 1, "window_hours": 2, "step_mw": 1}, "step_mw"),
    ({"kind": "ev_charging", "power_mw": 1, "energy_mwh_per_day": 1}, "deadline_hour"),
    ({"kind": "ev_charging", "power_mw": 1, "deadline_hour": 7}, "energy_mwh_per_day"),
    ({"kind": "ev_charging", "power_mw": 1, "deadline_hour": 7, "load": "load", "return_power_mw": 1},
     "return_energy_mwh"),
    ({"kind": "shift", "power_mw": 1, "window_hours": 2, "up_power_mw": 1, "up_share_of_peak": 0.1}, "up_power_mw"),
    ({"kind": "ev_charging", "power_mw": 1, "deadline_hour": 7, "load": "load", "return_energy_mwh": 1, "return_power_mw": 1,
      "return_share_of_peak": 0.1}, "return_power_mw"),
    ({"kind": "orderly_use", "power_mw": 1, "cost_cny_per_mwh": 100}, "cost_cny_per_mwh"),
    ({"kind": "orderly_use", "power_mw": 1, "cost_cny_per_mwh": 30000}, "cost_cny_per_mwh"),
])
def test_wrong_input(programme, column):
    """One size; a load of the zone; what the kind needs and no more; orderly use dearer than a programme of 100
    CNY/MWh and cheaper than unserved energy of 30,000."""
    case = small_case(1, loads=[{"load": "load", "zone": "A"}, {"load": "other", "zone": "B"}],
                      demand_response=[{"programme": "shed", "zone": "A", **shed()},
                                       {"programme": "p", "zone": "A", **programme}])
    problems = check_programmes(case.tables)
    assert [problem.column for problem in problems] == [column]


def test_concrete_model():
    """Every kind and law: the same columns, rows and entries as Pyomo's own expansion."""
    case = grid([80] * 4, shed(max_calls_per_year=1000, min_rest_hours=2, min_call_hours=2, max_hours_per_day=1),
                {"kind": "shift", "power_mw": 90, "window_hours": 1}, {"kind": "orderly_use", "share_of_peak": 0.3},
                {"kind": "interruptible", "power_mw": 20, "step_mw": 5, "max_energy_mwh_per_year": 1000},
                {"kind": "ev_charging", "power_mw": 20, "deadline_hour": 2, "energy_mwh_per_day": 240,
                 "return_power_mw": 5,
                 "return_energy_mwh": 9, "efficiency": 0.8})
    same_matrix(lambda: build_model(case), lambda: build_model(case, concrete=True))


def test_what_programmes_offer_to_reserves():
    """Of 30 MW on call 10 are down: 20 more could go at once. A shift of 20 MW has 5 down and 4 up: 15 could go and 16 come.
    Orderly use is no reserve: 0, though 40 of its 50 MW are left. Programmes that only reduce offer nothing downwards."""
    case = grid([100], {"kind": "interruptible", "power_mw": 30}, {"kind": "shift", "power_mw": 20, "window_hours": 2},
                {"kind": "orderly_use", "power_mw": 50})
    fleet = (model := build_model(case, concrete=True)).fleets["demand_response"]
    response = model.demand_response
    for name, power in (("p0", 0.01), ("p1", 0.005), ("p2", 0.01)):
        response.reduced[name, 1] = power
    response.increased["p1", 1] = 0.004
    offered = [[value(getattr(fleet, name)(unit, 1)) * 1e3 for unit in ("p0", "p1", "p2")] for name in ("headroom_up", "headroom_down")]
    assert offered == [pytest.approx([20, 15, 0]), pytest.approx([0, 16, 0])]
