"""Shift: energy comes back within its window, earlier or later, and not otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from response_grid import DEAR, down, grid, plants, up
from scipy.optimize import linprog
from small import small_case, solved

from grid_model.formulation import build_model


def shift(**columns):
    return {"kind": "shift", "power_mw": 20, "window_hours": 2, **columns}


@pytest.mark.parametrize("short, spare, moved",
                         [(0, 2, 20), (2, 0, 20), (0, 3, 0), (3, 0, 0), (5, 3, 20), (2, 5, 0), (4, 5, 20)])
def test_window_in_both_directions(short, spare, moved):
    """20 MW short in one step of six, 20 MW spare in another: moved where they are at most 2 h apart, later or earlier.

    Without the rows for what is returned late, (0, 3) would move 20 MW; without those for what is returned in advance,
    (3, 0) would; with windows to one side only, (2, 0) or (0, 2) would not. At 1100 CNY/MWh it pays to move once, not
    twice.
    """
    cheap = np.full(6, 100)
    cheap[short], cheap[spare] = 80, 120
    result = solved(grid(cheap, shift(cost_cny_per_mwh=1100)))
    assert down(result)[0] == pytest.approx(np.where(np.arange(6) == short, moved, 0))
    assert up(result)[0] == pytest.approx(np.where(np.arange(6) == spare, moved, 0))
    assert result.objective == pytest.approx(moved * 1100 + (20 - moved) * DEAR)


def test_in_advance_counts_the_hours_of_steps():
    """Half hours, a window of one: 20 MW are spare in the first and the fourth, 20 MW short in the fifth and the sixth. The first is
    too early for both; the fourth gives back half. Were steps counted and not their hours, what is charged in the fourth
    would stand for twice its energy, and all would move."""
    result = solved(grid([120, 100, 100, 120, 80, 80], shift(cost_cny_per_mwh=1100, window_hours=1), step_hours=0.5))
    assert up(result)[0] == pytest.approx([0, 0, 0, 20, 0, 0])
    assert result.objective == pytest.approx(10 * 1100 + 10 * DEAR)


def test_nothing_is_moved_out_of_the_case():
    """20 MW short in the last step and nothing spare anywhere: nothing moves, 20 MWh at the dear plant. If energy
    could be owed at the end, 20 MW would be reduced for nothing."""
    result = solved(grid([100, 100, 80], shift()))
    assert result.objective == pytest.approx(20 * DEAR)


def test_increase_as_a_share_of_peak():
    """20 MW short and 20 spare; demand rises by no more than 5 % of the load of 100 MW: 5 MW move, as where 5 MW are given. Were the
    share not read, all 20 would move and the dear plant be idle."""
    for limit in ({"up_share_of_peak": 0.05}, {"up_power_mw": 5}):
        assert solved(grid([80, 120], shift(**limit))).objective == pytest.approx(15 * DEAR)


def test_efficiency():
    """20 MW spare bring back 16 MWh at 0.8: 25 MWh are used instead of 20. Without losses, or with the efficiency on
    the other side, all 20 would move."""
    result = solved(grid([80, 120], shift(efficiency=0.8)))
    assert down(result)[0] == pytest.approx([16, 0])
    assert up(result)[0] == pytest.approx([0, 20])


def test_power_upwards():
    """8 MW upwards at most, two steps with enough to spare: 16 MWh come back. Without the limit 20."""
    result = solved(grid([120, 80, 120], shift(up_power_mw=8, cost_cny_per_mwh=1)))
    assert up(result)[0] == pytest.approx([8, 0, 8])
    assert down(result)[0] == pytest.approx([0, 16, 0])


def test_shift_without_power_upwards_moves_nothing():
    """20 MW short, then 20 spare, and nothing may be added: all is dear. Without the limit all 20 would move, for nothing."""
    result = solved(grid([80, 120], shift(up_power_mw=0)))
    assert result.objective == pytest.approx(20 * DEAR)


def test_not_both_ways_at_once():
    """20 MW short in step 1, spare in step 3; the window is one hour. Half of the customers can move from 1 to 2
    while the other half move from 2 to 3: 10 MW get through. Without the row all would do both in step 2, and 20 MW
    get through."""
    result = solved(grid([80, 100, 120], shift(window_hours=1, cost_cny_per_mwh=1)))
    assert down(result)[0] == pytest.approx([10, 10, 0])
    assert up(result)[0] == pytest.approx([0, 10, 10])


def test_hours_of_a_day_hold_for_what_is_reduced():
    """Half an hour of 20 MW a day: 10 MWh move, not 20."""
    result = solved(grid([80, 120], shift(max_hours_per_day=0.5)))
    assert down(result)[0] == pytest.approx([10, 0])


def test_cost_of_what_is_reduced():
    """100 CNY per MWh reduced, none for what comes back: 20 x 100. Were both paid for it would be 4000, without the cost 0."""
    result = solved(grid([80, 120], shift(cost_cny_per_mwh=100)))
    assert result.objective == pytest.approx(2000)


@pytest.mark.parametrize("step_hours, window, moved", [(2, 2, 20), (2, 1.9, 0), (0.5, 0.5, 20), (0.5, 0.4, 0)])
def test_window_counts_hours_not_steps(step_hours, window, moved):
    """Short in one step and spare in the next: in reach if the next step starts within the window. Were the window
    counted in steps, 20, 20, 0 and 0 MW would move."""
    result = solved(grid([80, 120], shift(window_hours=window), step_hours=step_hours))
    assert down(result)[0] == pytest.approx([moved, 0])


def pairs(cheap, power, up_power, window, efficiency):
    """Least dear energy [MWh] of the grid by Zerrahn and Schill: a variable for each pair of steps at most `window`
    apart.

    Columns: x[t, s] reduced in t and returned in s, then dear[t]. Rows: balance, power down and up, one direction.
    """
    steps = len(cheap)
    reach = [(t, s) for t in range(steps) for s in range(steps) if abs(t - s) <= window]
    taken = np.array([[t == step for t, _ in reach] for step in range(steps)], float)
    given_back = np.array([[s == step for _, s in reach] for step in range(steps)], float) / efficiency
    balance = np.hstack([given_back - taken, -np.eye(steps)])  # load - cheap - dear <= 0
    one_direction = np.hstack([taken / power + given_back / up_power, np.zeros((steps, steps))])
    cost = np.concatenate([np.zeros(len(reach)), np.ones(steps)])
    answer = linprog(cost, np.vstack([balance, one_direction]),
                     np.concatenate([np.asarray(cheap) - 100, np.ones(steps)]))
    assert answer.status == 0
    return answer.fun


@pytest.mark.parametrize("steps", [2, 3, 5, 9])
def test_same_as_with_a_variable_for_every_pair(random, steps):
    """The rows of what is owed allow what Zerrahn and Schill's pairs allow, no more and no less: thirty random zones side by side."""
    zones = [f"zone {number}" for number in range(30)]
    cheap = {zone: random.integers(70, 131, steps) for zone in zones}
    limits = {zone: {"power_mw": int(random.integers(5, 41)), "up_power_mw": int(random.integers(5, 41)),
                     "window_hours": int(random.integers(0, 6)), "efficiency": float(random.choice([1.0, 0.9, 0.6]))} for zone in zones}
    result = solved(small_case(
        steps, loads=[{"load": f"load of {zone}", "zone": zone} for zone in zones],
        generators=[plant | {"generator": f"{plant['generator']} of {zone}", "zone": zone} for zone in zones for plant in plants()],
        series={"load": {f"load of {zone}": 100.0 for zone in zones},
                "availability": {f"cheap of {zone}": cheap[zone] / 1000 for zone in zones}},
        demand_response=[{"programme": f"of {zone}", "zone": zone, **shift(**limits[zone])} for zone in zones]))
    dear = result.value("thermal.generation").sum(axis=1) * 1e3
    expected = [pairs(cheap[zone], limits[zone]["power_mw"], limits[zone]["up_power_mw"], limits[zone]["window_hours"],
                      limits[zone]["efficiency"]) for zone in zones]
    assert dear == pytest.approx(expected, abs=1e-4)
    assert sum(expected) > 0


def test_concrete_model():
    """The rows as ordinary Pyomo constraints: two programmes with windows of their own."""
    case = grid([80, 100, 120, 90], shift(), shift(window_hours=1, power_mw=10))
    model = build_model(case, concrete=True)
    assert len(model.demand_response.returned_in_time) == 2 * 3  # at the end nothing is owed
    assert str(model.demand_response.returned_in_time["p0", 2.0, 3].expr) == (
        "demand_response.outstanding[p0,3]  <=  demand_response.reduced[p0,2] + demand_response.reduced[p0,3]")


def test_moves_from_zone_to_zone_only_over_lines():
    """A programme changes its own zone's balance: short in A, spare in B, no line: nothing helps. 10 MW are unserved; were it counted
    in A's balance none would be."""
    case = small_case(
        2, loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}], series={"load": {"a": [100, 80], "b": 100}},
        generators=[{"generator": "a", "zone": "A", "technology": "coal", "capacity_mw": 90},
                    {"generator": "b", "zone": "B", "technology": "coal", "capacity_mw": 200}],
        demand_response=[{"programme": "b", "zone": "B", **shift()}])
    assert solved(case).value("loads.unserved").sum() * 1e3 == pytest.approx(10)
