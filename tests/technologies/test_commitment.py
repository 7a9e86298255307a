"""Linear clustered commitment, on grids that can be solved on paper; then its laws on random ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.environ import value
from small import solved
from thermal_grids import coal, coal_and_gas, rows

from grid_model.formulation import build_model
from grid_model.technologies.commitment import check_start

FLOOR = {"min_output_fraction": 0.5}
OFF = {**FLOOR, "initial_online_mw": 0}


def online(result) -> list[float]:
    """Capacity of the coal fleet online at borders 0..T, MW."""
    return (result.value("thermal.online")[0] * 1e3).tolist()


def row(result, law: str, *label) -> tuple[dict[str, float], float]:
    """Coefficients of a row by column, and its upper limit."""
    program = result.program
    number = program.rows[f"thermal.{law}"].position(*label)
    here = slice(program.matrix.indptr[number], program.matrix.indptr[number + 1])
    names = [program.column_name(column).removeprefix("thermal.") for column in program.matrix.indices[here]]
    coefficients = program.matrix.data[here].round(12).tolist()
    return dict(zip(names, coefficients, strict=True)), round(float(program.row_upper[number]), 12)


# ------------------------------------------------------------------------------------------------- online, start, floor


def test_a_start_costs():
    """40 MW are started for 50 CNY/MW, as all is off before: 2 x 40 x 100 + 40 x 50 = 10,000 CNY, not 8,000."""
    result = solved(coal_and_gas([40, 40], {**OFF, "start_cost_cny_per_mw": 50}))
    assert online(result) == pytest.approx([0, 40, 40])
    assert result.objective == pytest.approx(10_000)


@pytest.mark.parametrize("limits, load, cost", [
    ({**OFF, "start_cost_cny_per_mw": 50}, 40, 3 * (4000 + 2000) + 4000),
    ({**FLOOR, "initial_online_mw": 100, "stop_cost_cny_per_mw": 10}, 0, 3 * 1000),
    ({**FLOOR, "no_load_cost_cny_per_mwh": 5}, 40, 4 * (4000 + 200))])
def test_what_switching_costs_counts_as_often_as_its_step(limits, load, cost):
    """The first of two hours stands for three: what starts, stops or is online in it is paid for three times, as its energy is. Counted
    once each they would come to 10,000, 1,000 and 8,400 CNY."""
    assert solved(replace(coal_and_gas([load, load], limits), step_weights=np.array([3.0, 1.0]))).objective == pytest.approx(cost)


def test_least_output_with_heat_is_a_line_over_what_is_online():
    """100 MW of which 20 must run for heat, and 0.4 of what is online: 40 MW where all is, 20 where 20 are; for 50 MW, 27.5 between."""
    heated = coal_and_gas([40], {"technology": "coal_chp", "min_output_fraction": 0.4, "heating_floor_fraction": 0.2, "start_cost_cny_per_mw": 1},
                          zones=[{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}])
    model = build_model(heated, concrete=True)
    for online, least in ((0.1, 40), (0.05, 27.5), (0.02, 20)):
        model.thermal.online["coal", 1] = online
        assert 1e3 * value(model.thermal.least_output["coal", 1]) == pytest.approx(least)


def test_a_start_costs_once_however_long_the_step():
    """Steps of two hours: energy doubles to 16,000 CNY, the start stays at 2,000."""
    result = solved(coal_and_gas([40, 40], {**OFF, "start_cost_cny_per_mw": 50}, step_hours=2))
    assert result.objective == pytest.approx(18_000)


def test_the_start_is_free_unless_given():
    """Without `initial_online_mw` the fleet is online when the horizon begins: no start, 8,000 CNY."""
    result = solved(coal_and_gas([40, 40], {**FLOOR, "start_cost_cny_per_mw": 50}))
    assert result.objective == pytest.approx(8_000)


def test_floor_of_what_is_online():
    """80, 20, 80 MW: at 20 MW at most 40 MW may be online, so 40 are stopped and started again for 50 CNY/MW.

    180 x 100 + 40 x 50 = 20,000 CNY; without the floor nothing would be stopped: 18,000 CNY.
    """
    result = solved(coal_and_gas([80, 20, 80], {**FLOOR, "start_cost_cny_per_mw": 50}))
    assert online(result)[1:] == pytest.approx([80, 40, 80])
    assert result.value("thermal.started")[0] * 1e3 == pytest.approx([0, 0, 40])
    assert result.value("thermal.stopped")[0, 1] * 1e3 == pytest.approx(40)
    assert result.objective == pytest.approx(20_000)


def test_output_is_at_most_what_is_online():
    """50 MW are online and a start costs 1,000 CNY/MW: gas serves 30 of 80 MW for 15,000 + 5,000 CNY.

    Would online not limit output, coal would serve all for 8,000.
    """
    result = solved(coal_and_gas([80], {**FLOOR, "initial_online_mw": 50, "start_cost_cny_per_mw": 1000}))
    assert coal(result) == pytest.approx([50])
    assert result.objective == pytest.approx(20_000)


def test_availability_is_of_what_is_online():
    """At 80 % availability 40 MW need 50 MW online: 50 x 50 CNY to start. Else 40 x 50."""
    result = solved(coal_and_gas([40], {**OFF, "start_cost_cny_per_mw": 50}, series={"availability": {"coal": 0.8}}))
    assert online(result) == pytest.approx([0, 50])
    assert result.objective == pytest.approx(6_500)


def test_floor_gives_way_to_what_is_available():
    """Coal stays online (a start is dear) with a floor of 50 % and 30 % available: it runs at 30 %, 23,000 CNY. Else it
    would have to stop, for 100 x 1,000 CNY at the next start."""
    case = coal_and_gas([100, 30, 100], {**FLOOR, "start_cost_cny_per_mw": 1000},
                        series={"availability": {"coal": [1, 0.3, 1]}})
    result = solved(case)
    assert coal(result) == pytest.approx([100, 30, 100])
    assert result.objective == pytest.approx(23_000)


# ------------------------------------------------------------------------------------------------------- minimum times


@pytest.mark.parametrize(("hours", "cost"), [(1, 18_000), (2, 18_000), (2.5, 50_000), (3, 50_000)])
def test_minimum_up_time(hours, cost):
    """Load 0, 80, 80, 20: what starts in the second hour must still be on after 3 hours, in the fourth, where at most
    40 MW can be (20 MW at a floor of 50 %). So only 40 MW start: coal 100 MWh, gas 80 MWh, 50,000 CNY.

    With 2 hours or less all of it may stop before: coal serves all 180 MWh, 18,000 CNY.
    """
    result = solved(coal_and_gas([0, 80, 80, 20], {**OFF, "min_up_hours": hours}))
    assert result.objective == pytest.approx(cost)


@pytest.mark.parametrize(("hours", "cost"), [(1, 32_000), (2, 56_000), (3, 80_000)])
def test_minimum_down_time(hours, cost):
    """Load 100, 20, 100, 100: 60 MW must stop in the second hour, and are off for that one, two or three hours.

    Each hour more puts 60 MWh on gas: 32,000 + 60 x 400 CNY each. Without the law it would be 32,000 always.
    """
    result = solved(coal_and_gas([100, 20, 100, 100], {**FLOOR, "min_down_hours": hours, "initial_online_mw": 100}))
    assert result.objective == pytest.approx(cost)


@pytest.mark.parametrize(("hours", "cost"), [(2, 18_000), (3, 50_000)])
def test_minimum_times_count_hours_not_steps(hours, cost):
    """Steps of 1, 2 and 1 hours, load 0, 80, 20: a start into the second step is 2 hours old when the third begins.

    With 2 hours coal serves 180 MWh; with 3 it is 40 MW in the second step: 100 x 100 + 80 x 500 CNY.
    """
    case = replace(coal_and_gas([0, 80, 20], {**OFF, "min_up_hours": hours}), step_hours=np.array([1.0, 2.0, 1.0]))
    assert solved(case).objective == pytest.approx(cost)


def test_windows_are_cut_at_the_start():
    """48 hours in a horizon of three: each window holds what is there, the first one step, and coefficients of one."""
    result = solved(coal_and_gas([50, 50, 50], {**FLOOR, "min_up_hours": 48, "min_down_hours": 2}))
    assert row(result, "least_time_up", ("coal", 48.0), 3) == (
        {"started[coal,1]": 1, "started[coal,2]": 1, "started[coal,3]": 1, "online[coal,3]": -1}, 0)
    assert row(result, "least_time_down", ("coal", 2.0), 1) == ({"stopped[coal,1]": 1, "online[coal,1]": 1}, 0.1)
    assert row(result, "least_time_down", ("coal", 2.0), 3) == (
        {"stopped[coal,2]": 1, "stopped[coal,3]": 1, "online[coal,3]": 1}, 0.1)


# --------------------------------------------------------------------------------------------------------------- ramps

SLOW = {**FLOOR, "ramp_up_fraction_per_hour": 0.2, "ramp_down_fraction_per_hour": 0.2, "min_up_hours": 1}


def test_what_starts_comes_to_its_floor_at_once():
    """All off before, load 80: the fleet starts at its floor, 50 MW, then rises by 20: 50, 70, 80, 40,000 CNY in all.

    Without the ramp 24,000; if a start only gave the ramp's 20 MW, its floor would keep it off.
    """
    result = solved(coal_and_gas([80, 80, 80], {**SLOW, "initial_online_mw": 0}))
    assert coal(result) == pytest.approx([50, 70, 80])
    assert result.objective == pytest.approx(40_000)


def test_what_starts_comes_to_its_ramp_where_that_is_more():
    """Floor 10, ramp 40 MW an hour: from off to 40, then 80 MW; did a start only give its floor, 10 and 50."""
    fleet = {**SLOW, "min_output_fraction": 0.1, "ramp_up_fraction_per_hour": 0.4, "initial_online_mw": 0}
    result = solved(coal_and_gas([80, 80], fleet))
    assert coal(result) == pytest.approx([40, 80])


def test_only_what_is_online_ramps():
    """50 MW are online, a start is out of reach: the ramp is 10 MW an hour: 20, 30, 40 for a load of 20, 40, 50.

    Coal 90, gas 20 MWh: 19,000 CNY; with a ramp of the whole capacity 11,000.
    """
    case = coal_and_gas([20, 40, 50], {**SLOW, "min_output_fraction": 0.1, "initial_online_mw": 50,
                                       "start_cost_cny_per_mw": 1e6})
    result = solved(case)
    assert coal(result) == pytest.approx([20, 30, 40])
    assert result.objective == pytest.approx(19_000)


def test_what_stops_comes_from_its_floor():
    """Load 100, then none: all stops at the end of the first hour, from at most its floor of 50 MW. 30,000 CNY.

    Without the ramp coal would serve 100 MW for 10,000; if a stop only gave the ramp's 20 MW coal could not run at all.
    """
    result = solved(coal_and_gas([100, 0], SLOW))
    assert coal(result) == pytest.approx([50, 0])
    assert result.objective == pytest.approx(30_000)


def test_stopping_and_starting_is_no_way_around_a_ramp():
    """All is online at its floor of 50 MW and rises to 70 of 80 MW: 70 x 100 + 10 x 500 = 12,000 CNY.

    Did what stops count for 0 before, 33 MW would stop and start again at their floor, coal come to 80 for 8,000 CNY.
    """
    result = solved(coal_and_gas([80], {**SLOW, "initial_online_mw": 100, "initial_output_mw": 50}))
    assert coal(result) == pytest.approx([70])
    assert result.objective == pytest.approx(12_000)


def test_fall_from_the_given_output():
    """Gas is dear, at 90 MW with 100 online. What stops was at most at 90 %, what runs on falls by 20 % of itself.

    All off is out of reach, as what runs on could not fall that far: with y stopped 90 - g <= 0.2 (100 - y) + 0.5 y and
    g <= 100 - y, gas falls least dear at g = 70 - 0.3 y = 100 - y, y = 300 / 7: 57.14 MW. Without the ramp it would be off at once.
    """
    case = coal_and_gas([100], gas={**SLOW, "initial_online_mw": 100, "initial_output_mw": 90})
    result = solved(case)
    assert result.value("thermal.generation")[1] * 1e3 == pytest.approx([400 / 7])


def test_ramp_rows_as_written():
    """Every term of both ramps: U = V = 0.2 of what runs on, S = Z = 0.5, floors 0.5, with o[1] - y[2] running on."""
    result = solved(coal_and_gas([60, 60], SLOW))
    assert row(result, "ramp_up_online", "coal", 2) == (
        {"generation[coal,2]": 1, "generation[coal,1]": -1, "online[coal,1]": -0.2, "started[coal,2]": -0.5,
         "stopped[coal,2]": 0.7}, 0)
    assert row(result, "ramp_down_online", "coal", 2) == (
        {"generation[coal,1]": 1, "generation[coal,2]": -1, "online[coal,1]": -0.2, "started[coal,2]": 0.5,
         "stopped[coal,2]": -0.3}, 0)


def test_an_outage_is_no_ramp():
    """All online at 50 MW or more, then 30 % available: it falls by 20 although its ramp is 10. It need not stop.

    A start is out of reach, so all stays online; if the outage were held against the ramp it would have to stop.
    """
    slow = {**SLOW, "ramp_down_fraction_per_hour": 0.1, "initial_online_mw": 100, "start_cost_cny_per_mw": 1e6}
    result = solved(coal_and_gas([80, 80, 80], slow, series={"availability": {"coal": [1, 0.3, 1]}}))
    assert online(result) == pytest.approx([100] * 4)
    assert coal(result)[1] == pytest.approx(30)


def test_output_before_an_outage_in_the_first_step_could_not_prepare():
    """80 MW with 100 online before the horizon, 30 % available from then on: coal falls by 50 although its ramp is 10,
    and stays online, as a start is out of reach. Held against its floor of 50 only, 20 would be the most it falls."""
    slow = {**SLOW, "ramp_down_fraction_per_hour": 0.1, "start_cost_cny_per_mw": 1e6, "initial_online_mw": 100,
            "initial_output_mw": 80}
    result = solved(coal_and_gas([80, 80], slow, series={"availability": {"coal": [0.3, 1]}}))
    assert online(result) == pytest.approx([100] * 3)
    assert coal(result)[0] == pytest.approx(30)


def test_levels_of_start_and_stop_are_within_what_is_available():
    """Ramps of 0.4, but 0.3 available in the second step: S = 0.3 into it, Z = 0.3 out of it."""
    fleet = {**SLOW, "ramp_up_fraction_per_hour": 0.4, "ramp_down_fraction_per_hour": 0.4}
    result = solved(coal_and_gas([60, 60, 60], fleet, series={"availability": {"coal": [1, 0.3, 1]}}))
    assert row(result, "ramp_up_online", "coal", 2)[0]["started[coal,2]"] == -0.3
    assert row(result, "ramp_down_online", "coal", 3)[0]["stopped[coal,3]"] == pytest.approx(0.4 - 0.3)


def test_first_ramp_rows_as_written():
    """All 100 MW run at 30 % before the horizon, below their floor of 50 %: it takes U = 0.2 to come to it, though the
    ramp is 0.1; what stops was at f- = Z = 0.3."""
    slow = {**SLOW, "ramp_up_fraction_per_hour": 0.1, "ramp_down_fraction_per_hour": 0.1, "initial_online_mw": 100,
            "initial_output_mw": 30}
    result = solved(coal_and_gas([60], slow))
    assert row(result, "first_ramp_up_online", "coal", 1) == (
        {"generation[coal,1]": 1, "online[coal,0]": -0.2, "started[coal,1]": -0.5, "stopped[coal,1]": 0.5}, 0.03)


def test_given_output_needs_as_much_online():
    """Where only `initial_output_mw` is given, at least that much was online."""
    program = solved(coal_and_gas([60], {**SLOW, "initial_output_mw": 60})).program
    border = program.columns["thermal.online"].position("coal", 0)
    assert (program.column_lower[border], program.column_upper[border]) == (pytest.approx(0.06), pytest.approx(0.1))


# --------------------------------------------------------------------------------------------------- who has which rows


def test_only_fleets_that_need_it_are_committed():
    """A start cost or a minimum time together with a floor or a given start; else all online always is as good."""
    def columns(**coal_columns):
        result = solved(coal_and_gas([60, 60], coal_columns))
        return sum(result.program.columns[f"thermal.{name}"].size for name in ("online", "started", "stopped"))

    assert columns(start_cost_cny_per_mw=50, **FLOOR) == 3 + 2 + 2
    assert columns(min_up_hours=2, **FLOOR) == 7
    assert columns(min_down_hours=2, **FLOOR) == 7
    assert columns(start_cost_cny_per_mw=50, initial_online_mw=0) == 7
    assert columns(start_cost_cny_per_mw=50) == 0
    assert columns(min_output_fraction=0.5) == 0
    assert columns(start_cost_cny_per_mw=50, capacity_mw=0, **OFF) == 0


def test_rows_of_a_committed_fleet():
    """Two steps; limits that cannot bind have no row: ramps that are wide, floors below heat, times of zero."""
    result = solved(coal_and_gas([60, 60], {**FLOOR, "start_cost_cny_per_mw": 50}))
    laws = ("switching", "most_output_online", "least_output_online", "least_time_up", "least_time_down",
            "ramp_up_online", "ramp_down_online", "first_ramp_up_online", "first_ramp_down_online")
    assert {law: rows(result, law) for law in laws if rows(result, law)} == {
        "switching": 2, "most_output_online": 2, "least_output_online": 2}
    wide = {**FLOOR, "min_up_hours": 1, "ramp_up_fraction_per_hour": 1, "ramp_down_fraction_per_hour": 1}
    result = solved(coal_and_gas([60, 60], wide))
    assert (rows(result, "ramp_up_online"), rows(result, "ramp_down_online"), rows(result, "ramp_up")) == (0, 0, 0)
    assert (rows(result, "least_time_up"), rows(result, "least_time_down")) == (2, 0)
    starting = {**wide, "ramp_up_fraction_per_hour": 0.6, "ramp_down_fraction_per_hour": 0.6}
    result = solved(coal_and_gas([60, 60], starting))  # wide enough for what runs on, not for what starts or stops
    assert (rows(result, "ramp_up_online"), rows(result, "ramp_down_online")) == (1, 1)
    result = solved(coal_and_gas([60, 60], SLOW))
    assert (rows(result, "ramp_up_online"), rows(result, "ramp_down_online")) == (1, 1)
    assert rows(result, "ramp") == 0
    heated = {**FLOOR, "start_cost_cny_per_mw": 50, "heating_floor_fraction": 0.5}
    zones = [{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}]
    result = solved(coal_and_gas([60, 60], heated, zones=zones))
    assert rows(result, "least_output_online") == 0


def test_starts_that_do_not_fit_are_reported():
    """More online than there is, more output than is online."""
    def problems(coal_columns, gas_columns):
        table = coal_and_gas([50], coal_columns, gas_columns).tables["generators"].set_axis([2, 3])
        return [(problem.row, problem.column, problem.value) for problem in check_start({"generators": table})]

    assert problems({"initial_online_mw": 120}, {"initial_online_mw": 30, "initial_output_mw": 40}) == [
        (2, "initial_online_mw", "120"), (3, "initial_output_mw", "40")]
    assert problems({"initial_output_mw": 120}, {"initial_online_mw": 30, "initial_output_mw": 30}) == [
        (2, "initial_output_mw", "120")]


# ---------------------------------------------------------------------------------------------------------- properties

LIMITS = {"start_cost_cny_per_mw": st.sampled_from([20.0, 300.0]),
          "min_up_hours": st.sampled_from([1.0, 2.0, 3.5]),
          "min_down_hours": st.sampled_from([1.0, 2.0, 4.0]),
          "ramp_up_fraction_per_hour": st.sampled_from([0.1, 0.3, 0.7]),
          "ramp_down_fraction_per_hour": st.sampled_from([0.1, 0.3, 0.7])}
LOADS = st.lists(st.integers(0, 180), min_size=6, max_size=6)


def committed(load, limits, available=1.0):
    return coal_and_gas(load, {"min_output_fraction": 0.4, "start_cost_cny_per_mw": 1.0, **limits},
                        gas={"capacity_mw": 200}, series={"availability": {"coal": available}})


@settings(max_examples=12, deadline=None)
@given(LOADS, st.fixed_dictionaries({}, optional=LIMITS), st.sampled_from(sorted(LIMITS)))
def test_a_limit_more_never_costs_less(load, limits, dropped):
    """Without one of its limits (or start costs) the same fleet serves the same load at most as dear."""
    tight = solved(committed(load, limits)).objective
    loose = solved(committed(load, {name: value for name, value in limits.items() if name != dropped})).objective
    assert loose <= tight * (1 + 1e-7) + 1e-3


@settings(max_examples=12, deadline=None)
@given(LOADS, st.fixed_dictionaries(LIMITS), st.lists(st.sampled_from([0.3, 0.7, 1.0]), min_size=6, max_size=6))
def test_solutions_keep_the_laws(load, limits, available):
    """Laws recomputed in plain arithmetic from the solution, MW."""
    result = solved(committed(load, limits, available))
    g, o, x, y = (result.value(f"thermal.{name}")[0] * 1e3 for name in ("generation", "online", "started", "stopped"))
    a, slack = np.array(available), 1e-6
    floor = np.minimum(0.4, a)
    assert np.allclose(np.diff(o), x - y, atol=slack)
    assert (g <= a * o[1:] + slack).all() and (g >= floor * o[1:] - slack).all()
    for step in range(6):
        recent = [s for s in range(step + 1) if step - s < limits["min_up_hours"]]
        assert x[recent].sum() <= o[step + 1] + slack
        recent = [s for s in range(step + 1) if step - s < limits["min_down_hours"]]
        assert y[recent].sum() <= 100 - o[step + 1] + slack
    up = np.maximum(limits["ramp_up_fraction_per_hour"], floor[1:] - a[:-1])
    down = np.maximum(limits["ramp_down_fraction_per_hour"], floor[:-1] - a[1:])
    assert (np.diff(g) <= up * o[1:-1] + np.maximum(up, floor[1:]) * x[1:] + slack).all()
    assert (-np.diff(g) <= down * o[2:] + np.maximum(down, floor[:-1]) * y[1:] + slack).all()
