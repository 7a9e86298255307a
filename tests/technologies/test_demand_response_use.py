"""Tables of demand response: capability, use, payback, hours and calls against their limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from response_grid import down, grid, up
from small import small_case, solved

import grid_model as gm
from grid_model.technologies.demand_response_use import programme_use, zone_capability


def used(case):
    result = solved(case)
    orderly = result.value("demand_response.report_orderly_use_by_programme") * 1e3
    return programme_use(case, down(result) + orderly, up(result)).set_index("programme")


def test_use_by_hand():
    """20 MW short in steps 1, 2 and 4 of half an hour: shed gives 15 MW in each, twice called; orderly use the other 5.

    15 MW x 1.5 h = 22.5 MWh, 1.5 hours at full power, 2 calls of 2 allowed (8760 a year in 2 of 8760 hours), of 4 hours
    a day. Were steps counted and not their hours, 45 MWh and 3 hours.
    """
    case = grid([80, 80, 100, 80], {"kind": "shed", "power_mw": 15, "cost_cny_per_mwh": 100, "max_hours_per_day": 4,
                                    "max_calls_per_year": 8760},
                {"kind": "orderly_use", "power_mw": 50}, step_hours=0.5)
    case = case.replace(generators=case.tables["generators"][:1])
    table = used(case)
    columns = ["capability_mw", "reduced_mwh", "added_mwh", "hours", "most_hours_in_a_day", "calls", "max_calls"]
    assert table.loc["p0", columns].tolist() == pytest.approx([15, 22.5, 0, 1.5, 1.5, 2, 2])
    assert table.loc["p0", "max_hours_per_day"] == 4
    assert table.loc["p1", "reduced_mwh"] == pytest.approx(7.5)
    assert np.isnan(table.loc["p1", "max_calls"])


def test_most_hours_are_those_of_the_worst_day():
    """An hour before midnight, two after: 2 hours in the worst day, 3 in all. Were days not told apart, 3 and 3."""
    table = used(grid([80] * 3, {"kind": "shed", "power_mw": 20}, start="2027-01-01T23:00"))
    assert table.loc["p0", ["hours", "most_hours_in_a_day"]].tolist() == pytest.approx([3, 2])


def test_payback():
    """16 MWh reduced come back as 20 at an efficiency of 0.8: 1.25. Without the loss 20 would come back for 20: 1."""
    table = used(grid([80, 120], {"kind": "shift", "power_mw": 20, "window_hours": 2, "efficiency": 0.8}))
    assert table.loc["p0", ["reduced_mwh", "added_mwh", "payback"]].tolist() == pytest.approx([16, 20, 1.25])


def test_capability_of_zones():
    """A: 10 MW of shed, 5 % of 200 MW, vehicles that charge 8 MW at most and return 4: 32 MW of 200 MW; orderly use
    does not count. B has none. With orderly use A would have 92 MW, 0.46."""
    case = small_case(
        2, loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}, {"load": "ev", "zone": "A"}],
        series={"load": {"a": [150, 192], "b": 10, "ev": [2, 8]}},
        generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 1000}],
        demand_response=[{"zone": "A", "programme": "shed", "kind": "shed", "power_mw": 10},
                         {"zone": "A", "programme": "shift", "kind": "shift", "share_of_peak": 0.05, "window_hours": 2},
                         {"zone": "A", "programme": "ev", "kind": "ev_charging", "power_mw": 40, "load": "ev",
                          "deadline_hour": 7,
                          "return_power_mw": 4, "return_energy_mwh": 4},
                         {"zone": "A", "programme": "order", "kind": "orderly_use", "share_of_peak": 0.3}])
    case = case.replace(generators=pd.concat([case.tables["generators"], case.tables["generators"].assign(generator="h", zone="B")]))
    table = gm.solve(case).tables["demand_response_capability"].set_index("zone")
    assert table.loc["A"].tolist() == pytest.approx([32, 200, 0.16])
    assert table.loc["B"].tolist() == pytest.approx([0, 10, 0])


def test_no_programmes_no_rows():
    case = small_case(1, loads=[{"load": "a", "zone": "A"}], series={"load": {"a": 10}})
    assert zone_capability(case)["capability_mw"].tolist() == [0]
    assert programme_use(case, np.zeros((0, 1)), np.zeros((0, 1))).empty
