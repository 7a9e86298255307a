"""Stores and lines that run against themselves are found, with where, when and how much."""

from __future__ import annotations

import pytest
from small import small_case

import grid_model as gm
from grid_model.results.burning import burning


def test_a_store_burns_where_energy_has_a_negative_price():
    """Wind must run (floor 100 MW, load 50, nothing else): the store, full at the start and the end, can only burn. It
    charges 250/9 more than it gives back at 10 % loss each way: min(c, d) is d, found from c - d = 50 and 0.9 c = d / 0.9. Could it
    not, there would be no dispatch."""
    case = small_case(1, series={"load": {"l": 50}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "w", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100,
                                   "min_output_fraction": 1}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 1000, "energy_mwh": 1000,
                                "charge_efficiency": 0.9, "discharge_efficiency": 0.9}])
    found = gm.solve(case).tables["burning"]
    assert found[["kind", "name", "zone"]].values.tolist() == [["storage", "s", "A"]]
    assert found["energy_mwh"][0] == pytest.approx(50 / (1 - 0.81) * 0.81)


def test_cycles_that_the_whole_zone_leaves_no_room_for_are_shown():
    """A store on its own owes 4 MWh each way in four hours, and its zone takes 1 MW: while it charges 4 MW in one hour it can give 3 in the
    others, so it does both in one hour, which is shown with its zone and hour. What it may give is no law of its place, as it is behind
    a user (there the same is refused), but what the zone's dispatch leaves; without the obligation it would stand still for 1,200 CNY."""
    case = small_case(4, series={"load": {"l": 1}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100,
                                   "variable_cost_cny_per_mwh": 300}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 40,
                                "charge_efficiency": 0.9, "discharge_efficiency": 0.9, "min_cycles_per_day": 0.6}])
    results = gm.solve(case)
    found = results.tables["burning"]
    assert set(zip(found["kind"], found["name"], found["zone"], strict=True)) == {("storage", "s", "A")}
    assert results.dispatch["discharge"].sum() == pytest.approx(4) and found["energy_mwh"].sum() >= 1
    assert results.summary["objective_cny"] == pytest.approx((4 + 4 / 0.81 - 4) * 300)
    idle = gm.solve(case.replace(storage=case.tables["storage"].assign(min_cycles_per_day=0.0)))
    assert idle.tables["burning"].empty and idle.summary["objective_cny"] == pytest.approx(1200)


def test_a_line_that_carries_both_ways_is_found():
    """10 MW net with 3 MW lost at 10 %: 30 MW are sent in all, 20 one way and 10 back. By the net flow alone 1 MW would be lost and
    nothing seen."""
    case = small_case(1, series={"load": {"l": 9}}, loads=[{"load": "l", "zone": "B"}],
                      generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 100,
                                   "variable_cost_cny_per_mwh": 1}],
                      lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 50, "loss_fraction": 0.1}])
    results = gm.solve(case)
    assert results.tables["burning"].empty
    dispatch = results.dispatch.copy(deep=True)
    dispatch["loss"].values[0, 0] = 3
    found = burning(dispatch, case.tables)
    assert found[["kind", "name", "zone"]].values.tolist() == [["line", "AB", "A"]]
    assert found["energy_mwh"][0] == pytest.approx(10)
