"""Planned generation by hand: gas runs its planned hours beside cheaper coal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

import grid_model as gm


def grid(planned_hours, penalty=1000, gas_part=1.0, hours=24, load=50.0, step_hours=1.0, **more):
    """Coal at 100 and 40 MW of gas at 400 CNY/MWh, 50 MW of load."""
    return small_case(
        round(hours / step_hours), step_hours=step_hours, policies={"planned_generation": {"shortfall_cost_cny_per_mwh": penalty}},
        generators=[{"generator": "coal", "zone": "city", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 100},
                    {"generator": "gas", "zone": "city", "technology": "gas", "capacity_mw": 40, "variable_cost_cny_per_mwh": 400,
                     "planned_hours": planned_hours}],
        loads=[{"load": "town", "zone": "city"}], series={"load": {"town": load}, "availability": {"gas": gas_part}}, **more)


def generated(case):
    """Energy of gas, MWh."""
    result = solved(case)
    return 1000 * result.value("thermal.report_generation")[1].sum(), result.objective


def test_gas_runs_its_hours():
    """2190 of 8760 hours are a quarter of the day's 960 MWh. Without the plan gas, three times as dear, would not run."""
    case = grid(2190)
    energy, cost = generated(case)
    assert energy == pytest.approx(240)
    assert cost == pytest.approx(240 * 400 + 960 * 100)
    assert generated(grid(None))[0] == pytest.approx(0)
    assert_same_as_concrete(case)


def test_a_plan_of_two_months_is_told_by_month():
    """The last day of January and the first of February: a row each. Held to a row for each year the audit broke off a whole year's run."""
    results = gm.solve(grid(2190, hours=48, start="2027-01-31"))
    assert results.tables["planned_generation"].to_dict("list") == {
        "generator": ["gas", "gas"], "month": ["2027-01", "2027-02"], "planned_mwh": pytest.approx([240, 240]),
        "short_mwh": pytest.approx([0, 0], abs=1e-3)}
    assert results.summary["audit"]["passed"]


def test_plan_is_missed_where_that_is_cheaper():
    """At 200 CNY the 300 that gas costs more than coal are not paid. Held to its plan gas would make the day cost 192,000 CNY
    instead of 168,000."""
    energy, cost = generated(grid(2190, penalty=200))
    assert energy == pytest.approx(0) and cost == pytest.approx(1200 * 100 + 240 * 200)


def test_plan_follows_what_is_in_service():
    """Half of the fleet is in service: half of the energy is planned. By capacity alone 240 MWh would be asked for."""
    assert generated(grid(2190, gas_part=0.5))[0] == pytest.approx(120)


def test_each_day_has_its_plan():
    """No load on the first day: its 240 MWh are missed, and not made up on the second. Were both days one, the second would
    make all 480."""
    result = solved(grid(2190, hours=48, load=[0.0] * 24 + [50.0] * 24))
    assert result.value("planned_generation.short")[0] == pytest.approx([0.24, 0.0])
    assert result.value("thermal.report_generation")[1][24:].sum() == pytest.approx(0.24)


def test_a_plan_is_energy_whatever_the_length_of_a_step():
    """The same 240 MWh in twelve steps of two hours; counting power for energy 480 would be generated."""
    result = solved(grid(2190, step_hours=2.0))
    assert result.value("thermal.report_generation")[1].sum() * 2 == pytest.approx(0.24)
    assert result.objective == pytest.approx(240 * 400 + 960 * 100)


def test_more_than_the_plan_is_generated_where_it_is_needed():
    """130 MW of load beside 100 of coal: gas gives 30 all day, 720 MWh of the 240 planned. As an equality the plan would
    leave 480 MWh unserved."""
    energy, cost = generated(grid(2190, load=130.0))
    assert energy == pytest.approx(720) and cost == pytest.approx(2400 * 100 + 720 * 400)


def test_a_plan_is_energy_where_steps_differ():
    """Six steps of two hours, then twelve of one: 240 MWh. Were all as long as the first, 360 would be planned, as the last 120."""
    hours = np.repeat([2.0, 1.0], [6, 12])
    case = replace(grid(2190, hours=18), step_hours=hours)
    output = solved(case).value("thermal.report_generation")[1]
    assert output @ hours == pytest.approx(0.24)
