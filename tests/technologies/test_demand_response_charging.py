"""Charging of vehicles: put off within the window and until the deadline, never brought forward."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from response_grid import DEAR, down, of_capacity, plants, up
from small import small_case, solved

import grid_model as gm


def grid(cheap, vehicles, start="2027-01-01T18:00", step_hours=1.0, **columns):
    """100 MW of base load and `vehicles` MW of charging; a plant at no cost with `cheap` MW, one at 2000 CNY/MWh; 1
    CNY per MWh put off, so that nothing is without need."""
    return small_case(
        len(cheap), start=start, step_hours=step_hours,
        loads=[{"load": "base", "zone": "A"}, {"load": "ev", "zone": "A", "kind": "ev"}],
        series={"load": {"base": 100, "ev": vehicles}, "availability": of_capacity(cheap)}, generators=plants(),
        demand_response=[{"programme": "ev", "zone": "A", "kind": "ev_charging", "load": "ev", "power_mw": 40,
                          "deadline_hour": 22, "cost_cny_per_mwh": 1, **columns}])


def test_until_the_deadline():
    """20 MW arrive at 18:00 when nothing is spare. At 21:00 there are 12 MW, at 22:00 and later plenty: 12 MW wait
    until 21:00, the rest cannot wait beyond 22:00. Without the deadline all 20 would wait."""
    result = solved(grid([100, 100, 100, 112, 150, 150], [20, 0, 0, 0, 0, 0]))
    assert down(result)[0] == pytest.approx([12, 0, 0, 0, 0, 0])
    assert up(result)[0] == pytest.approx([0, 0, 0, 12, 0, 0])
    assert result.objective == pytest.approx(12 + 8 * DEAR)


def test_vehicles_without_chargers_can_do_nothing():
    """Chargers of 0 MW: the 20 MW are served as they come, at any price, and nothing is lent; capability is 0, and nothing is
    divided by it. As a programme of 40 MW it could put off and lend 26 MW."""
    case = grid([100, 100, 100, 150], [20, 0, 0, 0], power_mw=0, return_power_mw=6, return_energy_mwh=12)
    results = gm.solve(case)
    use = results.tables["demand_response"].iloc[0]
    assert results.summary["objective_cny"] == pytest.approx(20 * DEAR) and results.summary["audit"]["passed"]
    assert use["capability_mw"] == 0 and use[["hours", "calls", "most_hours_in_a_day"]].isna().all()
    assert gm.solve(grid([100] * 4, [20, 0, 0, 0], return_power_mw=6, return_energy_mwh=12)).tables["demand_response"]["capability_mw"][0] == 26


def test_after_the_deadline_it_starts_again():
    """20 MW arrive at 22:00, just after the deadline: they may wait until 23:00. A deadline of 23 leaves no time. Were
    what comes after the deadline due at once, nothing would wait in either."""
    case = [100, 100, 100, 100, 100, 150]
    assert down(solved(grid(case, [0, 0, 0, 0, 20, 0])))[0] == pytest.approx([0, 0, 0, 0, 20, 0])
    assert down(solved(grid(case, [0, 0, 0, 0, 20, 0], deadline_hour=23)))[0] == pytest.approx(0)


def test_done_at_the_end_of_the_case():
    """20 MW arrive in the last step: they charge there, though nothing is due before 22:00 the day after. Were nothing
    due at the end, all 20 would wait for ever, for 20 CNY."""
    assert solved(grid([100] * 6, [0, 0, 0, 0, 0, 20])).objective == pytest.approx(20 * DEAR)


def test_never_before_arrival():
    """20 MW arrive at 20:00, 50 MW were spare at 18:00: too early. If charging could come first, nothing would be
    dear."""
    result = solved(grid([150, 100, 100, 100], [0, 0, 20, 0]))
    assert down(result)[0] == pytest.approx(0)
    assert result.objective == pytest.approx(20 * DEAR)


@pytest.mark.parametrize("window, waits", [(1, 0), (2, 20), (None, 20)])
def test_window(window, waits):
    """20 MW arrive at 18:00, spare is at 20:00: two hours of waiting, which a window of one hour does not allow.
    Without the law all 20 would wait there too."""
    columns = {} if window is None else {"window_hours": window}
    result = solved(grid([100, 100, 150, 100], [20, 0, 0, 0], **columns))
    assert down(result)[0] == pytest.approx([waits, 0, 0, 0])


def test_window_holds_for_each_arrival():
    """10 MW arrive at 18:00 and at 19:00, a window of one hour, spare at 20:00 only: those of 19:00 may wait, the
    others not. Without it all 20 would wait."""
    result = solved(grid([100, 100, 150, 100], [10, 10, 0, 0], window_hours=1))
    assert result.objective == pytest.approx(10 + 10 * DEAR)


def test_power_of_the_chargers():
    """30 MW arrive at 18:00 and 15 at 20:00; chargers have 40 MW, so 25 can be made up for at 20:00. Without the
    limit 30."""
    result = solved(grid([100, 100, 200, 100], [30, 0, 15, 0]))
    assert up(result)[0] == pytest.approx([0, 0, 25, 0])
    assert result.objective == pytest.approx(25 + 5 * DEAR)


def test_what_costs_nothing_is_not_put_off_and_made_up_for_in_one_step():
    """20 MW arrive in each hour, chargers have 40 MW. Charging costs nothing to move, so putting off 20 MW and making up for 20 in
    one hour is as good as neither. Let every MW of use be paid for: the first hour's 20 are made up for in the second, and in the
    third, when nothing is owed any more, 10 are put off and 10 made up for. Without the row it would be 20 and 20."""
    result = solved(grid([100, 160, 120], [20, 20, 20], cost_cny_per_mwh=0))
    for name in ("reduced", "increased"):
        family = result.program.columns[f"demand_response.{name}"]
        for column in range(family.start, family.start + family.size):
            result.highs.changeColCost(column, -1e-6)
    result.highs.run()
    result.columns = np.asarray(result.highs.getSolution().col_value)
    assert down(result)[0] + up(result)[0] == pytest.approx([20, 20, 20])


def test_part_of_the_load():
    """Vehicles that charge 240 of the load's 480 MWh a day (20 MW all day) take part with half of it, 10 MW. Were all of it theirs, 20
    would wait."""
    result = solved(grid([100, 150], [20, 20], energy_mwh_per_day=240))
    assert down(result)[0] == pytest.approx([10, 0])


def test_even_base_without_a_load():
    """240 MWh a day without a load of its own: 10 MW in every hour of the zone's load, of which those of 18:00 can
    wait. Could only a load of its own be put off, nothing would."""
    case = grid([80, 150], [0, 0], energy_mwh_per_day=240)
    case = case.replace(demand_response=case.tables["demand_response"].assign(load=""))
    assert down(solved(case))[0] == pytest.approx([10, 0])


def test_back_to_the_grid():
    """No charging to put off, 20 MW short at 18:00: vehicles lend 8 MW (their power) and take 10 MWh (at 0.8) at 19:00.

    Without the loss they would take 8; without the power limit lend 20; without the balance take nothing.
    """
    result = solved(grid([80, 150], [0, 0], return_power_mw=8, return_energy_mwh=100, efficiency=0.8))
    assert down(result)[0] == pytest.approx([8, 0])
    assert up(result)[0] == pytest.approx([0, 10])
    assert result.objective == pytest.approx(8 + 12 * DEAR)


def test_what_vehicles_return_as_a_share_of_peak():
    """The same with 40 % of the 20 MW that vehicles draw at most: 8 MW. Were the share not read they would lend nothing."""
    result = solved(grid([80, 150], [0, 20], return_share_of_peak=0.4, return_energy_mwh=100, efficiency=0.8))
    assert down(result)[0] == pytest.approx([8, 0])
    assert up(result)[0] == pytest.approx([0, 10])


def test_energy_of_vehicles():
    """Vehicles that can lend 10 MWh give 8 at an efficiency of 0.8, though their power is 20 MW. Were their energy no limit, they would
    give all 20."""
    result = solved(grid([80, 150], [0, 0], return_power_mw=20, return_energy_mwh=10, efficiency=0.8))
    assert down(result)[0] == pytest.approx([8, 0])


def test_energy_of_vehicles_counts_hours_not_steps():
    """The same 8 MWh in a step of two hours are 4 MW. Were what is lent counted by steps, half of it would seem to be charging put
    off, of which there is none, and nothing be lent."""
    result = solved(grid([80, 150], [0, 0], step_hours=2.0, return_power_mw=20, return_energy_mwh=10, efficiency=0.8))
    assert down(result)[0] == pytest.approx([4, 0])
    assert result.objective == pytest.approx(8 + 2 * 16 * DEAR)


def test_what_is_lent_is_back_by_the_deadline():
    """20 MW short at 21:00, spare at 22:00: the deadline of 22:00 lies between, so nothing is lent. With the deadline the morning
    after, all 20 would be lent, for 20 CNY."""
    result = solved(grid([80, 150], [0, 0], start="2027-01-01T21:00", return_power_mw=20, return_energy_mwh=100))
    assert result.objective == pytest.approx(20 * DEAR)


def test_what_is_lent_is_back_at_the_end():
    """20 MW short in the last step, long before the next deadline: nothing is lent that would not come back. Were
    nothing due at the end, all 20 would be lent, for 20 CNY."""
    result = solved(grid([150, 80], [0, 0], return_power_mw=20, return_energy_mwh=100))
    assert result.objective == pytest.approx(20 * DEAR)


def test_what_was_charged_by_the_deadline_is_not_lent_beyond_the_energy_of_vehicles():
    """20 MW charge at 21:00 and are done by 22:00, when 20 MW are short: vehicles lend their 10 MWh and no more. Counted with
    what was asked for before the deadline, 30 MWh could be owed, and all 20 would be lent."""
    result = solved(grid([120, 80, 150], [20, 0, 0], start="2027-01-01T21:00", return_power_mw=20, return_energy_mwh=10))
    assert down(result)[0] == pytest.approx([0, 10, 0])
    assert result.objective == pytest.approx(10 + 10 * DEAR)


def test_what_is_put_off_does_not_use_the_energy_that_may_be_lent():
    """20 MW arrive at 18:00, spare is at 20:00, the window is one hour: nothing can wait so long. The vehicles may owe 20 MWh for
    what they lend, which at 0.01 is 0.2 MWh that some of them give to the others. Were what is put off and what is lent one
    account, all 20 would wait in the room for lending."""
    vehicles = {"power_mw": 20, "window_hours": 1, "return_power_mw": 20, "return_energy_mwh": 20, "efficiency": 0.01}
    result = solved(grid([100, 100, 150, 100], [20, 0, 0, 0], **vehicles))
    assert result.objective == pytest.approx(19.8 * DEAR + 0.1 + 0.2)


def test_what_is_lent_does_not_become_charging_put_off():
    """10 MW charge at 18:00 and are done; 10 MW are short at 19:00 and at 20:00, plenty is spare at 21:00. Vehicles lend their 10 MWh
    once. If only charging could not be told from paying back, what was lent at 19:00 would be called put off, and 10 more lent."""
    vehicles = {"return_power_mw": 10, "return_energy_mwh": 10}
    result = solved(grid([110, 90, 90, 150], [10, 0, 0, 0], **vehicles))
    assert down(result)[0].sum() == pytest.approx(10)
    assert result.objective == pytest.approx(10 + 10 * DEAR)


def test_charging_or_lending():
    """20 MW of vehicles must charge at 18:00, being due at 19:00, half of what the chargers can. The other half
    could lend 10 of 20 MW, and is what is short at 18:00, but for the deadline of 19:00: nothing is lent. With the
    deadline an hour later all 20 MW of charging wait and the vehicles lend 20 MW, 40 of the 60 MW that are short."""
    vehicles = {"return_power_mw": 20, "return_energy_mwh": 100}
    assert down(solved(grid([60, 200], [20, 0], deadline_hour=19, **vehicles)))[0] == pytest.approx([0, 0])
    later = grid([60, 200], [20, 0], deadline_hour=20, power_mw=90, **vehicles)
    assert down(solved(later))[0] == pytest.approx([40, 0])


def test_what_one_lends_another_need_not_make_good():
    """Two fleets; the first lends the 20 MW that are short and charges 20 MWh later, the second has nothing to do with it.
    Had the second to make good for it too, which has no room to owe, nothing would be lent and all 20 be dear."""
    case = grid([80, 150], [0, 0], return_power_mw=20, return_energy_mwh=100)
    second = case.tables["demand_response"].assign(programme="other", return_power_mw=0.0, return_energy_mwh=0.0, energy_mwh_per_day=0.0)
    result = solved(case.replace(demand_response=pd.concat([case.tables["demand_response"], second], ignore_index=True)))
    assert down(result)[:, 0] == pytest.approx([20, 0])
    assert up(result)[:, 1] == pytest.approx([20, 0])


@pytest.mark.parametrize(("vehicles", "columns", "lent"), [(0, {"energy_mwh_per_day": 0}, 20 / 3), (5, {}, 10 / 3)])
def test_connections_are_shared(vehicles, columns, lent):
    """At -100 CNY/MWh burning energy pays: lent at 0.5, charged again, so that what charging adds is twice what is lent. 10 MW of
    chargers and of return power: while half charge the other half lend. Over two hours 2 r + r <= 20; where 5 MW
    charge anyway, 10 + 2 r + r <= 20. Without the row chargers and return power would be used in full, and were what
    charges anyway not counted, 5 MWh lent."""
    result = solved(small_case(
        2, start="2027-01-01T18:00", loads=[{"load": "base", "zone": "A"}, {"load": "ev", "zone": "A"}],
        series={"load": {"base": 100, "ev": vehicles}},
        generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": -100}],
        demand_response=[{"programme": "ev", "zone": "A", "kind": "ev_charging", "load": "ev", "power_mw": 10,
                          "deadline_hour": 22, "return_power_mw": 10, "return_energy_mwh": 100, "efficiency": 0.5, **columns}]))
    assert result.value("demand_response.report_demand_response_lent").sum() * 1e3 == pytest.approx(lent)
    assert result.objective == pytest.approx(-100 * (200 + 2 * vehicles + lent))


def test_no_overlap_where_charging_is_free_to_move():
    """At no cost, putting off and making up in one step would change nothing but the report; the row keeps them
    apart, and is not there where a cost does."""
    name = "demand_response.put_off_or_made_up"
    assert solved(grid([100, 100], [20, 20], cost_cny_per_mwh=0)).program.rows[name].size == 2
    assert name not in solved(grid([100, 100], [20, 20])).program.rows


@pytest.mark.parametrize(("start", "deadline"), [("18:00", 18.5), ("17:45", 18.25)])
def test_half_hours_and_minutes(start, deadline):
    """A deadline at 18:30 between half-hours: what arrives at 18:00 is due at 18:30, what arrives then may wait. Read as 18:00 all would
    wait, as 19:00 nothing. The same a quarter earlier; were the minutes of the start not read, all would wait there."""
    case = small_case(
        3, start=f"2027-01-01T{start}", step_hours=0.5, loads=[{"load": "ev", "zone": "A"}],
        series={"load": {"ev": [20, 20, 0]}, "availability": of_capacity([0, 0, 1000])},
        generators=plants(),
        demand_response=[{"programme": "ev", "zone": "A", "kind": "ev_charging", "load": "ev", "power_mw": 40,
                          "deadline_hour": deadline}])
    assert down(solved(case))[0] == pytest.approx([0, 20, 0])
    assert np.isclose(solved(case).objective, 20 * 0.5 * DEAR)
