"""Stores and lines that run against themselves are found, with where, when and how much."""

from __future__ import annotations

import pytest
from small import both_ways_allowed, small_case

import grid_model as gm
from grid_model.pipeline import demand_feasible
from grid_model.results.audit import audit
from grid_model.results.burning import burning


def surplus(**store):
    """An hour of wind that must run (floor 100 MW), a load of 50 and nothing else: the store, full at the start and the end, can only
    burn. It charges 250/9 more than it gives back at 10 % loss each way: min(c, d) is d, from c - d = 50 and 0.9 c = d / 0.9."""
    return small_case(1, series={"load": {"l": 50}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "w", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100,
                                   "min_output_fraction": 1}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 1000, "energy_mwh": 1000,
                                "charge_efficiency": 0.9, "discharge_efficiency": 0.9, **store}])


def owing(cycles):
    """Four hours of 1 MW, coal at 300 CNY/MWh and a store of 40 MWh on its own, which owes so many cycles a day."""
    return small_case(4, series={"load": {"l": 1}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100,
                                   "variable_cost_cny_per_mwh": 300}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 40,
                                "charge_efficiency": 0.9, "discharge_efficiency": 0.9, "min_cycles_per_day": cycles}])


def test_a_store_burns_where_energy_has_a_negative_price():
    """Wear of 10 CNY for each MWh delivered makes a MWh less of surplus worth 10 * 0.81 / 0.19 CNY, so its price is negative. Were no
    store allowed to do both, there would be no dispatch."""
    results = gm.solve(surplus(wear_cost_cny_per_mwh=10))
    found = results.tables["burning"]
    assert found[["kind", "name", "zone"]].values.tolist() == [["storage", "s", "A"]]
    assert found["energy_mwh"][0] == pytest.approx(50 / (1 - 0.81) * 0.81)
    assert results.dispatch["price"].values == pytest.approx(-10 * 0.81 / 0.19)


def test_a_store_burns_nothing_where_no_price_is_negative():
    """Without wear the surplus has a price of zero: no dispatch, but for a scenario that lets stores do both, whose results show it."""
    with pytest.raises(gm.InfeasibleError, match=r"storage 's' in A burns 213.158 MWh .* 2027-01-01 00:00:00 at a price of -?0 CNY/MWh"):
        gm.solve(surplus())
    allowed = gm.solve(both_ways_allowed(surplus()))
    assert allowed.tables["burning"]["energy_mwh"].tolist() == pytest.approx([50 / 0.19 * 0.81])


def test_cycles_that_the_whole_zone_leaves_no_room_for_are_refused():
    """A store owes 4 MWh each way in four hours, and its zone takes 1 MW: while it charges in one hour it can give 3 in the others. Doing
    both in one hour it would give 4, pay 4 + 4 / 0.81 - 4 MWh of coal, and pretend. Half of it, 2 MWh, it can give."""
    with pytest.raises(gm.InfeasibleError, match=r"'s' in A burns .* at a price of 300 CNY/MWh; its min_cycles_per_day is 0.6"):
        gm.solve(owing(0.6))
    pretended = gm.solve(both_ways_allowed(owing(0.6)))
    assert pretended.summary["objective_cny"] == pytest.approx(4 / 0.81 * 300) and pretended.tables["burning"]["energy_mwh"].sum() >= 1
    made = gm.solve(owing(0.3))
    assert made.tables["burning"].empty and made.dispatch["discharge"].sum() == pytest.approx(2)
    assert made.summary["objective_cny"] == pytest.approx((4 - 2 + 2 / 0.81) * 300)


def test_a_scenario_that_must_burn_is_told_to_be_infeasible_before_it_is_run():
    """What `explain SCENARIO` asks. Its rows alone can hold together: a store that does both was called feasible."""
    demand_feasible(owing(0.3))
    demand_feasible(surplus(wear_cost_cny_per_mwh=10))
    for case in (owing(0.6), surplus()):
        with pytest.raises(gm.InfeasibleError, match="'s' in A burns"):
            demand_feasible(case)


def test_the_audit_sees_a_store_that_burns_at_a_price_of_zero_or_more():
    """What was burnt for -42.6 CNY/MWh, stored with a price of 0."""
    case = surplus(wear_cost_cny_per_mwh=10)
    results = gm.solve(case)

    def broken(dispatch):
        found = audit(case, dispatch, results.tables, results.summary)
        return "stores burn only at a negative price" in found.loc[~found["passed"], "law"].tolist()

    assert not broken(results.dispatch)
    assert broken(results.dispatch.assign(price=0 * results.dispatch["price"]))


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
