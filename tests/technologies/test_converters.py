"""Converters by hand: rates, several ports, delays, ramps, costs of either sign, and what leaves them behind."""

from __future__ import annotations

import numpy as np
import pytest
from small import small_case, solved

import grid_model as gm
from grid_model.technologies.converters import delayed

POWER = {"generator": "power", "zone": "grid", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 5}


def case(steps=1, converter=None, ports=(), generators=(POWER,), demand=None, series=None, step_hours=1.0, **tables):
    demand = demand or {"heat": 30.0}
    return small_case(
        steps, {"load": {f"{zone} load": values for zone, values in demand.items()}, **(series or {})}, step_hours=step_hours,
        generators=list(generators), loads=[{"load": f"{zone} load", "zone": zone, "unserved_cost_cny_per_mwh": 1000}
                                            for zone in demand],
        converters=[{"converter": "c", "capacity_mw": 50, **(converter or {})}],
        converter_ports=[{"port": f"port {at}", "converter": "c", **port} for at, port in enumerate(ports)], **tables)


PUMP = [{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 3}]


def test_a_heat_pump_draws_a_third_of_what_it_delivers():
    """30 MW of heat at rate 3 take 10 MW of power at 5, and 2 per MWh converted: 70. With rate 1 it would be 210."""
    result = solved(case(converter={"cost_cny_per_mwh": 2}, ports=PUMP))
    assert result.objective == pytest.approx(70)
    assert result.price("heat") == pytest.approx([7 / 3])


def test_one_flow_feeds_two_zones():
    """A plant burns fuel (rate -1) into 0.4 power and 0.5 heat: 20 MW of heat take 40 of fuel at 5 and bring 16 of power,
    which need not be generated at 50; 4 of 20 are: 40 * 5 + 4 * 50. Apart they would cost 40 * 5 + 20 * 50."""
    fuel = {**POWER, "zone": "fuel"}
    grid = {**POWER, "generator": "dear", "variable_cost_cny_per_mwh": 50}
    ports = [{"zone": "fuel", "rate": -1}, {"zone": "grid", "rate": 0.4}, {"zone": "heat", "rate": 0.5}]
    result = solved(case(ports=ports, generators=[fuel, grid], demand={"heat": 20.0, "grid": 20.0}))
    assert result.objective == pytest.approx(40 * 5 + 4 * 50)


def test_what_is_sent_arrives_later():
    """2 hours on the way in steps of one hour: the 30 MW asked for in the third hour leave in the first, when power costs
    1; without the delay they would leave in the third at 9. Nothing can arrive before: 5 MW of the first are unserved."""
    result = solved(case(3, ports=[{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 1, "delay_hours": 2}],
                         demand={"heat": [5.0, 0.0, 30.0]}, series={"variable_cost": {"power": [1.0, 4.0, 9.0]}}))
    assert result.objective == pytest.approx(5 * 1000 + 30 * 1)
    assert result.value("converters.conversion")[0] * 1e3 == pytest.approx([30, 0, 0])


def test_a_cyclic_delay_comes_round():
    """As above, but what leaves in the second hour arrives in the first: 5 * 4 instead of 5 * 1000. Without the ring it would cost
    5,030 instead of 50."""
    result = solved(case(3, ports=[{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 1, "delay_hours": 2, "cyclic": True}],
                         demand={"heat": [5.0, 0.0, 30.0]}, series={"variable_cost": {"power": [1.0, 4.0, 9.0]}}))
    assert result.objective == pytest.approx(5 * 4 + 30 * 1)


def test_delays_and_steps_that_do_not_fit():
    """Steps that begin at 0, 1, 3 and 4 (2 long at the end): 1.5 hours later the latest step that began 1.5 h or more
    before: none for 0 and 1, that of 1 for 3 and for 4 (moment 2.5); round the ring of 6 hours 4.5 and 5.5 are in the last."""
    source, arrives = delayed(np.full((2, 4), 1.5), np.array([False, True]), np.array([1.0, 2.0, 1.0, 2.0]))
    assert source.tolist() == [[0, 0, 1, 1], [3, 3, 1, 1]]
    assert arrives.tolist() == [[False, False, True, True], [True] * 4]


def test_a_delay_comes_round_where_the_horizon_is_no_round_number_of_hours():
    """Of 67.642857 hours the last but one step begins 3.5 h before the end: it is what arrives first, 3.5 h late. Were a moment
    that comes round not rounded as beginnings are, the step before it would be taken."""
    hours = np.array([3.0, 3.0, 1.0, 52.142857, 2.0, 3.0, 0.5, 3.0])
    source, _ = delayed(np.full((1, 8), 3.5), np.array([True]), hours)
    assert source.tolist() == [[6, 7, 0, 1, 3, 3, 4, 5]]


def test_a_delay_that_changes():
    """What arrives in the second and third hour left an hour and two hours before: in the first, at 1. 10 MW each are
    bought once; with one hour for both the third's would be bought in the second hour at 4."""
    def cost(delay):
        return solved(case(3, ports=[{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 1, "port": "warm"}],
                           demand={"heat": [0.0, 10.0, 10.0]}, series={"variable_cost": {"power": [1.0, 4.0, 9.0]},
                                                                       "port_delay": {"warm": delay}})).objective
    assert cost([1.0, 1.0, 2.0]) == pytest.approx(10 * 1)
    assert cost([1.0, 1.0, 1.0]) == pytest.approx(10 * 1 + 10 * 4)


@pytest.mark.parametrize("cyclic", [True, False])
def test_a_delay_of_no_length_is_none(cyclic):
    """A few microseconds: what is converted arrives in its own step, and the audit says so too."""
    ports = [{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 3, "delay_hours": 2e-9, "cyclic": cyclic}]
    dispatch = gm.solve(case(3, ports=ports, demand={"heat": [30.0, 0.0, 15.0]})).dispatch
    assert dispatch.port_power.values[1] == pytest.approx([30, 0, 15])


def test_it_runs_the_other_way_and_its_cost_turns():
    """Heat costs 1, power is asked for: 12 MW of power take p = -12, which brings 3 * 12 = 36 MW less heat, and the cost
    of 2 per p is earned: 36 * 1 - 24. Without reverse capacity power would be unserved."""
    heat = {**POWER, "zone": "heat", "variable_cost_cny_per_mwh": 1}
    result = solved(case(converter={"cost_cny_per_mwh": 2, "reverse_capacity_mw": 12}, ports=PUMP, generators=[heat],
                         demand={"grid": 12.0}))
    assert result.objective == pytest.approx(36 - 24)


def test_limits_costs_and_rates_by_step():
    """At most 5 then 8 of conversion, at least 6 in the second; rate 2 then 1, cost 3 then 4: heat asked for 20, 4:
    5 converted, 10 of 20 served; 6 converted, all 4 served and 2 too many, taken away by a port of none: a sink at 0."""
    result = solved(case(
        2, ports=PUMP, demand={"heat": [20.0, 6.0]},
        series={"conversion_most": {"c": [5.0, 8.0]}, "conversion_least": {"c": [0.0, 6.0]},
                "conversion_cost": {"c": [3.0, 4.0]}, "port_rate": {"port 1": [2.0, 1.0]}}))
    assert result.objective == pytest.approx(5 * (5 + 3) + 10 * 1000 + 6 * (5 + 4))


def test_ramps_hold_from_the_given_start():
    """Half-hour steps, 8 MW/h: from 1 to 5, then 9 of the 20 asked for. Without ramps all 20."""
    result = solved(case(2, converter={"ramp_up_mw_per_hour": 8, "initial_mw": 1}, demand={"heat": 20.0}, step_hours=0.5,
                         ports=[{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 1}]))
    assert result.value("converters.conversion")[0] * 1e3 == pytest.approx([5, 9])


def test_falls_are_limited_too():
    """20 then 0 asked for, falls of 4 an hour: 20 MW cannot be left alone in the second hour, where nobody takes them: so
    4 in the first. The ramp by step says 6 in the second: 6. Without the limit all 20 would be converted in the first."""
    fall = {"converter": {"ramp_down_mw_per_hour": 4}, "demand": {"heat": [20.0, 0.0]},
            "ports": [{"zone": "grid", "rate": -1}, {"zone": "heat", "rate": 1}]}
    assert solved(case(2, **fall)).value("converters.conversion")[0] * 1e3 == pytest.approx([4, 0])
    by_step = solved(case(2, series={"conversion_fall": {"c": [4.0, 6.0]}}, **fall))
    assert by_step.value("converters.conversion")[0] * 1e3 == pytest.approx([6, 0])


def test_ramps_that_cannot_bind_have_no_row():
    rows = solved(case(3, converter={"ramp_up_mw_per_hour": 50, "ramp_down_mw_per_hour": 60}, ports=PUMP)).program.rows
    assert not any(name.startswith("converters.ramp") and len(family) for name, family in rows.items())
