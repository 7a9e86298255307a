"""Stops and standing by cost, what is left of minimum times, output at start and stop, ramps of the net change."""

from __future__ import annotations

import pytest
from small import small_case, solved

import grid_model as gm
from grid_model.technologies.commitment import coarsened

BASE = {"generator": "unit", "zone": "A", "technology": "coal", "capacity_mw": 100, "min_output_fraction": 0.4,
        "variable_cost_cny_per_mwh": 10, "start_cost_cny_per_mw": 0, "min_up_hours": 0, "min_down_hours": 0,
        "ramp_up_fraction_per_hour": 10, "ramp_down_fraction_per_hour": 10, "no_load_cost_cny_per_mwh": 0}
REST = {"generator": "rest", "zone": "A", "technology": "gas", "capacity_mw": 200, "variable_cost_cny_per_mwh": 50}


def case_of(load, **unit):
    return small_case(len(load), {"load": {"l": load}}, loads=[{"load": "l", "zone": "A"}], generators=[{**BASE, **unit}, REST])


def run(load, **unit):
    return solved(case_of(load, **unit))


def test_a_stop_costs():
    """100 MW online at the start, 100 asked for, then 0. All must stop: 100 * 7. Nothing else can be done; without the
    cost it is 1000 alone."""
    assert run([100.0, 0.0], initial_online_mw=100, stop_cost_cny_per_mw=7).objective == pytest.approx(1000 + 700)


def test_standing_by_costs_by_what_is_online():
    """40 MW asked for. 40 online at full output: 40 * (10 + 5); without the cost 400."""
    assert run([40.0], no_load_cost_cny_per_mwh=5, initial_online_mw=0).objective == pytest.approx(40 * 15)


def test_standing_by_costs_without_a_floor_too():
    """A fleet that may run as low as it likes and is free to start, 40 and 80 MW asked for: 40 and 80 online, 120 * (10 + 5). All of it
    online always, which costs nothing else, would stand by for 200 * 5: 2,200. It used to be taken for no fleet to commit: 1,200. The audit
    counts the same."""
    results = gm.solve(case_of([40.0, 80.0], min_output_fraction=0, no_load_cost_cny_per_mwh=5))
    assert results.summary["objective_cny"] == pytest.approx(120 * 15)
    assert results.dispatch["online"].sel(generator="unit").values == pytest.approx([40, 80])


def test_what_is_online_stays_for_what_is_left_of_its_time():
    """All online at the start, held for 2 hours: a floor of 40 MW in hours 1 and 2, 10 asked for: it cannot be. Held for
    one hour with 40, 10, it is: 40 * 10 in the first, 10 * 10 of 10 online in the second. Not held nor asked: 10 * 10 too."""
    assert run([40.0, 10.0], initial_online_mw=100, initial_hold_hours=1, min_up_hours=1).objective == pytest.approx(500)
    with pytest.raises(AssertionError, match="Infeasible"):
        run([40.0, 10.0], initial_online_mw=100, initial_hold_hours=2, min_up_hours=1)


def test_what_is_off_stays_off():
    """Off for the first hour: 30 MW come from the rest at 50, then from the unit at 10. Free to start it would give both, for 600."""
    assert run([30.0, 30.0], initial_online_mw=0, initial_hold_hours=1, min_up_hours=1).objective == pytest.approx(1500 + 300)


def test_output_at_start_and_stop():
    """Off at the start, 100 MW asked for, at most half of what starts: 50 from the unit, then all 100. With a stop level
    of 0.6 and 0 asked for in the third hour only 60 are possible in the second. Without such levels it would give all, for 2000 either
    way."""
    limit = {"initial_online_mw": 0, "initial_output_mw": 0, "min_up_hours": 1, "start_output_fraction": 0.5}
    assert run([100.0, 100.0], **limit).objective == pytest.approx(50 * 10 + 50 * 50 + 1000)
    both = run([100.0, 100.0, 0.0], stop_output_fraction=0.6, **limit)
    assert both.objective == pytest.approx(50 * 10 + 50 * 50 + 60 * 10 + 40 * 50)


def test_ramp_of_the_net_change():
    """50 MW online and generating 50 rise by 0.2 of what was online and 0.5 of what is added: 100 asked for and all 50
    added make 50 + 10 + 25 = 85. By units 0.2 (50 - y) + 0.5 x - 0.4 y: the same with y = 0."""
    grow = {"initial_online_mw": 50, "initial_output_mw": 50, "ramp_up_fraction_per_hour": 0.2, "start_output_fraction": 0.5,
            "min_up_hours": 1}
    for form in ("net", "unit"):
        assert run([100.0], ramp_of=form, **grow).objective == pytest.approx(85 * 10 + 15 * 50)


def test_what_stops_takes_its_output_along():
    """100 online at 40, 45 asked for, 1 an hour for what is online. By units what stops was at 0.4 at least, so output
    rises by 0.2 o - 0.4 (100 - o) at most: 5 need o = 75. Net: 0.2 * 100 - 0.5 (100 - o): o = 70. Without either o = 45."""
    shrink = {"initial_online_mw": 100, "initial_output_mw": 40, "ramp_up_fraction_per_hour": 0.2,
              "start_output_fraction": 0.5, "min_up_hours": 1, "no_load_cost_cny_per_mwh": 1}
    assert run([45.0], ramp_of="unit", **shrink).objective == pytest.approx(450 + 75)
    assert run([45.0], ramp_of="net", **shrink).objective == pytest.approx(450 + 70)


def test_what_starts_and_stops_at_once_helps_units_not_the_net():
    """50 online at 50, 30 asked for, falls of 0.2 of what runs on and 0.5 of what stops. Units may change: 50 stop (25)
    while 30 start (at 0.1 at least: 3 less), 22 >= 20. Net: 20 fewer online allow 0.2 * 50 + 0.3 * 20 = 16 only."""
    fall = {"initial_online_mw": 50, "initial_output_mw": 50, "ramp_down_fraction_per_hour": 0.2, "min_output_fraction": 0.1,
            "stop_output_fraction": 0.5, "min_up_hours": 1}
    assert run([30.0], **fall).objective == pytest.approx(300)
    with pytest.raises(AssertionError, match="Infeasible"):
        run([30.0], ramp_of="net", **fall)


def test_no_more_starts_or_stops_than_there_is():
    """Units that stop and start at once help a ramp, but each only once a step. Up: 50 of 100 MW online at 5; 0.2 of what runs on, 0.5
    of what starts, less 0.1 of what stops: all 100 start, 50 of them after a stop, 50 - 5 = 45, so 50 of the 100 asked for. If what
    starts had no limit, all 50 could stop twice: 60. Down: 100 MW at 100, 0.2 and 0.5 less 0.2 of what starts: all stop and o start
    again, 100 - 50 + 0.2 o <= o: 62.5 MW at 100 where the rest costs 50. If what stops had no limit: 40 / 0.7 = 57.1."""
    churned = {"initial_online_mw": 50, "initial_output_mw": 5, "min_output_fraction": 0.1, "ramp_up_fraction_per_hour": 0.2,
               "start_output_fraction": 0.5, "no_load_cost_cny_per_mwh": 1}
    assert run([100.0], **churned).objective == pytest.approx(50 * 10 + 50 * 50 + 100)
    falling = {"initial_online_mw": 100, "initial_output_mw": 100, "min_output_fraction": 0.2, "ramp_down_fraction_per_hour": 0.2,
               "stop_output_fraction": 0.5, "no_load_cost_cny_per_mwh": 1, "variable_cost_cny_per_mwh": 100}
    assert run([100.0], **falling).objective == pytest.approx(62.5 * 100 + 37.5 * 50 + 62.5)


def test_in_steps_too_long_for_starts_fleets_start_and_stop_at_will():
    """100 MW online at the start, 10 and then none asked for: all of it stops sooner or later, 10 * 10 + 100 * 5. In a plan of long steps
    a stop costs nothing, as a start does not; being online still does, 10 * 5 more."""
    case = case_of([10.0, 0.0], initial_online_mw=100, stop_cost_cny_per_mw=5)
    assert [solved(one).objective for one in (case, coarsened(case))] == pytest.approx([600, 100])
    standing = case_of([10.0, 0.0], initial_online_mw=100, stop_cost_cny_per_mw=5, no_load_cost_cny_per_mwh=5)
    assert solved(coarsened(standing)).objective == pytest.approx(150)
