"""Committed converters by hand: what is on, starts and stops, minimum times, ramps, and the tighter relaxation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

from grid_model.formulation import build_model

DEAR = 100.0


def case(demand, hours=1.0, series=None, **converter):
    """A plant of 100 MW, 40 when on, at 10 per MWh, off before; beside it a dear one, and a sink at no price."""
    plant = {"converter": "plant", "capacity_mw": 100, "cost_cny_per_mwh": 10, "committed": True, "up_steps_before": 0,
             "down_steps_before": 1, **converter}
    series = {"load": {"l": demand}, "committed_least": {"plant": [40.0] * len(demand)}, **(series or {})}
    return small_case(
        len(demand), series, step_hours=hours, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "dear", "zone": "A", "technology": "biomass", "capacity_mw": 500,
                     "variable_cost_cny_per_mwh": DEAR}],
        converters=[plant, {"converter": "sink", "capacity_mw": 500}],
        converter_ports=[{"port": "p", "converter": "plant", "zone": "A", "rate": 1},
                         {"port": "s", "converter": "sink", "zone": "A", "rate": -1}])


def cost(demand, **options):
    return solved(case(demand, **options)).objective


def test_a_part_starts_and_its_start_costs_that_part():
    """50 of 100 MW start for half of 1000, whatever the hours of a step are: 500 + 50 * 10 * 2. Without it 1000."""
    assert cost([50.0], hours=2.0, start_cost_cny=1000) == pytest.approx(500 + 50 * 10 * 2)


def test_the_least_output_of_what_is_on():
    """All is on before and may not stop for 3 steps: 40 MW run where 10 are asked for; else a quarter would stay on."""
    on = {"up_steps_before": 1, "down_steps_before": 0, "start_cost_cny": 500}
    assert cost([100.0, 10.0], min_up_steps=3, **on) == pytest.approx(100 * 10 + 40 * 10)
    assert cost([100.0, 10.0], **on) == pytest.approx(100 * 10 + 10 * 10)


def test_stops_and_hours_on_cost():
    """100 MW for a step of 2 hours: on for 30 an hour; afterwards off for 200 or on for 30 an hour and 40 MW at 10. Without them
    2000."""
    assert cost([100.0, 0.0], hours=2.0, stop_cost_cny=200, stand_by_cost_cny_per_hour=30) == pytest.approx(2060 + 200)
    assert cost([100.0, 0.0], hours=2.0, stop_cost_cny=900, stand_by_cost_cny_per_hour=30) == pytest.approx(2060 + 860)


def test_starts_and_stops_cost_as_often_as_their_step_counts():
    """The first step stands for three: 50 MW start in it for 500 and run for 500, thrice; the stop of what is on costs 900 in the last."""
    off = {"committed_least": {"plant": [40.0, 0.0]}, "conversion_most": {"plant": [100.0, 0.0]}}
    given = case([50.0, 0.0], series=off, start_cost_cny=1000, stop_cost_cny=1800)
    weighted = [solved(replace(given, step_weights=np.array(weights))).objective for weights in ([1.0, 1.0], [3.0, 1.0], [1.0, 2.0])]
    assert weighted[0] == pytest.approx(500 + 500)
    assert weighted[1] == pytest.approx(3 * 1000)
    forced = {"conversion_stand_by_cost": {"plant": [0.0, 1e6]}}
    stops = case([100.0, 0.0], series=forced, stop_cost_cny=900, up_steps_before=1, down_steps_before=0)
    assert solved(replace(stops, step_weights=np.array([1.0, 2.0]))).objective == pytest.approx(1000 + 2 * 900)


def test_what_stays_as_it_is_neither_starts_nor_stops():
    """On for long, 50 MW as before: 500 a step, though it could rise by 20 and starts and stops cost; off for long, asked for
    nothing: nothing."""
    costs = {"start_cost_cny": 5000, "stop_cost_cny": 5000, "min_up_steps": 2, "min_down_steps": 2}
    assert cost([50.0, 50.0], up_steps_before=5, down_steps_before=0, initial_mw=50, ramp_up_mw_per_hour=20, **costs) == pytest.approx(1000)
    assert cost([0.0, 0.0], up_steps_before=0, down_steps_before=5, **costs) == pytest.approx(0)


def test_what_is_on_falls_by_its_ramp():
    """From 80 MW it falls by 20 while 30 are asked for and a stop is dear: 60 MW for 600. Without the ramp 40, the least of what is on."""
    assert cost([30.0], up_steps_before=5, down_steps_before=0, initial_mw=80, ramp_down_mw_per_hour=20, stop_cost_cny=1e5) == pytest.approx(600)


def test_every_tighter_row_number_by_number():
    """h 100, l 40, U 20, V 30, S 50 and Z 50 MW; on 0.9 then 0.5, 0.2 starts, 70 then 30 MW. What is left of each row, in MW:

        most_before_a_stop   50 x 0.9 + 50 (0.5 - 0.2) - 70                       = -10
        most_after_a_start   100 x 0.5 - 50 x 0.2 - 30                            =  10
        rise_with_a_start    60 x 0.5 - 40 x 0.9 - 10 x 0.2 - (30 - 70)           =  32
        fall_with_a_stop     50 x 0.9 - 20 x 0.5 + 20 x 0.2 - (70 - 30)           =  -1
        ramp_up_on           20 x 0.9 + 50 (0.5 - 0.9) - (30 - 70)                =  38
        ramp_down_on         30 x 0.5 + 50 (0.9 - 0.5) - (70 - 30)                =  -5
    """
    block = build_model(case([50.0, 50.0], tight=True, ramp_up_mw_per_hour=20, ramp_down_mw_per_hour=30, start_mw=50, stop_mw=50),
                        concrete=True).converters
    for step, on, starting, power in ((1, 0.9, 0.0, 0.07), (2, 0.5, 0.2, 0.03)):
        block.on["plant", step], block.starting["plant", step], block.conversion["plant", step] = on, starting, power
    left = {name: 1e3 * block.component(name)["plant", 2].slack() for name in (
        "most_before_a_stop", "most_after_a_start", "rise_with_a_start", "fall_with_a_stop", "ramp_up_on", "ramp_down_on")}
    assert left == pytest.approx({"most_before_a_stop": -10, "most_after_a_start": 10, "rise_with_a_start": 32, "fall_with_a_stop": -1,
                                  "ramp_up_on": 38, "ramp_down_on": -5})


def test_costs_by_step():
    """A start costs 900 then 100: what is asked for in both steps starts in the second where 10 * 90 < 900 * 10 / 100. At 100 in both
    it would start at once, for 2100."""
    by_step = {"conversion_start_cost": {"plant": [9500.0, 100.0]}}
    assert cost([100.0, 100.0], series=by_step) == pytest.approx(100 * DEAR + 100 + 1000)


def test_minimum_time_off_is_counted_in_steps():
    """Off for one step, for three at least: 100 MW in the second step are the other plant's; in the third they are not. Without
    the rule it would serve both, 2000 in all."""
    assert cost([0.0, 100.0, 100.0], min_down_steps=3) == pytest.approx(100 * DEAR + 100 * 10)


def test_minimum_time_on_is_counted_in_steps():
    """A start of 100 MW stays on for 3 steps: 40 MW for two more at 10; with 2 for one more. Without the rule it would be off
    at once, 1000 in all."""
    assert cost([100.0, 0.0, 0.0], min_up_steps=3) == pytest.approx(1000 + 2 * 400)
    assert cost([100.0, 0.0, 0.0], min_up_steps=2) == pytest.approx(1000 + 400)


def test_ramps_of_what_is_on_and_of_what_starts():
    """From nothing 60 MW at most start, then 20 more each step, of 100 asked for; a stop falls by 50 at most: of 80 MW 30
    are the other plant's in the step before all must be off. Without the first limits it would give all, for 2000."""
    assert cost([100.0, 100.0], start_mw=60, ramp_up_mw_per_hour=20) == pytest.approx((60 + 80) * 10 + (40 + 20) * DEAR)
    whole = {"up_steps_before": 5, "down_steps_before": 0, "initial_mw": 80}
    off = {"conversion_stand_by_cost": {"plant": [0.0, 1e6]}}
    assert cost([80.0, 0.0], stop_mw=50, series=off, **whole) == pytest.approx(50 * 10 + 30 * DEAR)
    assert cost([80.0, 0.0], series=off, **whole) == pytest.approx(80 * 10)


def test_the_tighter_rows():
    """All is on; half is available in the second step, where 50 MW are asked for after 100. Running on costs 1000 + 500; the
    tighter row holds the first step down to what is available in the second unless as much starts, for 50 MW * 90
    dearer or half a start of 200."""
    falls = {"conversion_most": {"plant": [100.0, 50.0]}}
    whole = {"up_steps_before": 5, "down_steps_before": 0, "start_cost_cny": 200, "stop_cost_cny": 200}
    assert cost([100.0, 50.0], series=falls, **whole) == pytest.approx(1500)
    assert cost([100.0, 50.0], series=falls, tight=True, **whole) == pytest.approx(1500 + 200)


def test_the_tighter_row_of_a_rise():
    """On before at 40 MW, 100 asked for; 20 more an hour, 50 MW where it starts; what is on costs 5000. On in full it gives 60
    MW: 600 + 5000 + 40 * 100; each part u that is on gives 60 u. Without the tighter row part of it could go off while
    output rises, 10 + 50 u: a fifth on gives 20 MW, 200 + 1000 + 80 * 100."""
    part = {"up_steps_before": 5, "down_steps_before": 0, "initial_mw": 40, "start_mw": 50, "ramp_up_mw_per_hour": 20,
            "stand_by_cost_cny_per_hour": 5000}
    assert cost([100.0], tight=True, **part) == pytest.approx(9600)
    assert cost([100.0], **part) == pytest.approx(9200)


def test_the_tighter_row_of_a_fall():
    """Stops from 60 MW, falls by 20 an hour, 10 at least, off before. What starts would have to give 2 * 60 - 2 * 20 - 10 of its
    60 MW, so nothing does: 50 * 100. Without the tighter row a start gives 40 of 60 MW at least, and 50 are asked for."""
    part = {"capacity_mw": 60, "stop_mw": 60, "ramp_down_mw_per_hour": 20, "series": {"committed_least": {"plant": [10.0]}}}
    assert cost([50.0], tight=True, **part) == pytest.approx(50 * DEAR)
    assert cost([50.0], **part) == pytest.approx(50 * 10)


def test_the_tighter_row_after_a_start():
    """60 MW where it starts, then 100 more; on costs 10000 in the first step, nothing in the second. Each part u that starts in
    the first gives 60 u there and 40 u more in the second, 9000 in all: nothing does, 5000 + 600 + 40 * 100. Without the
    tighter row it would give 100 u more in the second: 0.4 on for 4000, 24 and 100 MW."""
    part = {"start_mw": 60, "ramp_up_mw_per_hour": 100, "series": {"conversion_stand_by_cost": {"plant": [10000.0, 0.0]}}}
    assert cost([50.0, 100.0], tight=True, **part) == pytest.approx(9600)
    assert cost([50.0, 100.0], **part) == pytest.approx(4000 + 240 + 26 * DEAR + 1000)


def test_the_matrix_is_that_of_ordinary_rules():
    assert_same_as_concrete(case([50.0, 80.0, 20.0], tight=True, min_up_steps=2, min_down_steps=1, ramp_up_mw_per_hour=30,
                                 ramp_down_mw_per_hour=30, start_cost_cny=5, stop_cost_cny=5, stand_by_cost_cny_per_hour=1))
