"""Stores and lines that run against themselves are found, with where, when and how much."""

from __future__ import annotations

import pytest
from small import small_case

import grid_model as gm
from grid_model.results.burning import burning


def test_a_store_burns_where_energy_has_a_negative_price():
    """Wind must run (floor 100 MW, load 50, nothing else): the store, full at the start and the end, can only burn. It
    charges 250/9 more than it gives back at 10 % loss each way: min(c, d) is d, found from c - d = 50 and 0.9 c = d / 0.9."""
    case = small_case(1, series={"load": {"l": 50}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "w", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100,
                                   "min_output_fraction": 1}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 1000, "energy_mwh": 1000,
                                "charge_efficiency": 0.9, "discharge_efficiency": 0.9}])
    found = gm.solve(case).tables["burning"]
    assert found[["kind", "name", "zone"]].values.tolist() == [["storage", "s", "A"]]
    assert found["energy_mwh"][0] == pytest.approx(50 / (1 - 0.81) * 0.81)


def test_a_line_that_carries_both_ways_is_found():
    """10 MW net with 3 MW lost at 10 %: 30 MW are sent in all, 20 one way and 10 back."""
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
