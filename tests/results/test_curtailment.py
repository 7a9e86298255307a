"""Causes of curtailment: one case by hand for each, and what wins where two could be named."""

from __future__ import annotations

import numpy as np
import pytest
from small import small_case

import grid_model as gm
from grid_model.results.audit import audit
from grid_model.results.curtailment import CAUSES

WIND = {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100}
COAL = {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}
LOADS = [{"load": "a", "zone": "A"}]


def causes(steps=1, load=60, generators=(WIND,), **tables):
    """Results, and the cause of the wind's curtailment in each step."""
    series = {"load": load if isinstance(load, dict) else {"a": load}} | tables.pop("series", {})
    loads = [{"load": name, "zone": name.upper()} for name in series["load"]]
    results = gm.solve(small_case(steps, series=series, generators=list(generators), loads=loads, **tables))
    cause = results.dispatch["curtailment_cause"].sel(generator="wind").values
    return results, [CAUSES[code] for code in cause]


def line(origin, target, capacity=20.0, **more):
    return {"line": f"{origin}-{target}", "from_zone": origin, "to_zone": target, "capacity_mw": capacity,
            "reverse_capacity_mw": 0, **more}


def test_surplus_where_nothing_else_holds():
    """100 MW of wind for 60 MW of load and nowhere to go: 40 MW of surplus, which without the
    last answer would have no cause. Flags carry their meanings (CF)."""
    results, cause = causes()
    assert cause == ["surplus"]
    flags = results.dispatch["curtailment_cause"].attrs
    assert dict(zip(flags["flag_meanings"].split(), flags["flag_values"], strict=True))["surplus"] == 5
    assert results.tables["curtailment"].to_dict("records") == [
        {"generator": "wind", "zone": "A", "technology": "wind_onshore", "cause": "surplus", "curtailment_mwh": 40}]


def test_congestion_where_all_corridors_out_are_full():
    """A sends 20 MW over its only corridor, which is full. Without the questions for corridors the 20 MWh that are curtailed would be
    surplus, as if nobody wanted them."""
    _, cause = causes(load={"a": 60, "b": 90}, generators=(WIND, {**COAL, "zone": "B"}), lines=[line("A", "B")])
    assert cause == ["congestion"]


def test_a_corridor_into_the_zone_is_no_export():
    """The only line leads from B to A: A has nothing to be congested on, and B's coal, at its floor for B's own load, is not its affair.
    Were the line read as one that leads both ways, the 40 MWh would be minimum output."""
    coal = {**COAL, "zone": "B", "min_output_fraction": 0.2}
    _, cause = causes(load={"a": 60, "b": 20}, generators=(WIND, coal), lines=[line("B", "A")])
    assert cause == ["surplus"]


def test_one_full_corridor_beside_one_with_room_is_no_congestion_of_the_zone():
    """A-B is full, A-C has room, and C's coal must run for heat: its floor is the cause, not A's corridors. Without the
    question for floors A would be called congested, as a full corridor leads out of its reach."""
    chp = {"generator": "heat", "zone": "C", "technology": "coal_chp", "capacity_mw": 100, "heating_floor_fraction": 0.4,
           "variable_cost_cny_per_mwh": 300}
    _, cause = causes(load={"a": 10, "b": 90, "c": 50}, generators=(WIND, {**COAL, "zone": "B"}, chp),
                      lines=[line("A", "B"), line("A", "C", 50)],
                      zones=[{"zone": "A"}, {"zone": "B"}, {"zone": "C", "heating_start": "11-15", "heating_end": "03-15"}])
    assert cause == ["minimum_output"]


def test_neighbours_that_are_shut_in_together_are_congested():
    """A can send to B, which has wind of its own, and both only over the full corridor from B to C.
    Without the question for corridors out of the reach the 150 MWh would be surplus."""
    others = ({**WIND, "generator": "wind of B", "zone": "B"}, {**COAL, "zone": "C"})
    results, cause = causes(load={"a": 10, "b": 10, "c": 200}, generators=(WIND, *others),
                            lines=[line("A", "B", 500), line("B", "C", 30)])
    assert cause == ["congestion"]
    assert set(results.tables["curtailment"]["cause"]) == {"congestion"}


def test_minimum_output_where_thermal_plant_stands_at_its_floor():
    """Coal must give 30 MW of the 60, which takes the place of as much wind. Without the question for floors the 70 MWh
    that are curtailed would be surplus."""
    results, cause = causes(generators=(WIND, {**COAL, "min_output_fraction": 0.3}))
    assert results.dispatch["generation"].sel(generator="coal").values == pytest.approx([30])
    assert cause == ["minimum_output"]


def test_minimum_output_of_what_is_online():
    """60 MW of coal stay online for the second hour, as a start costs more: their floor is 18 MW, not 30 MW.
    Without the question for floors the 58 MWh of the first hour would be surplus."""
    coal = {**COAL, "min_output_fraction": 0.3, "start_cost_cny_per_mw": 1e5, "initial_online_mw": 100}
    results, cause = causes(steps=2, generators=(WIND, coal), series={"availability": {"wind": [1.0, 0.0]}})
    assert results.dispatch["generation"].sel(generator="coal").values == pytest.approx([18, 60])
    assert cause == ["minimum_output", "none"]


def test_minimum_output_counts_reserve_downwards_as_part_of_the_floor():
    """Coal has no floor of its own, but 5 % of the wind is to be kept ready downwards and coal alone may sell that.
    Without the question for floors, reserve among them, the 45 MWh would be surplus."""
    wind = {**WIND, "reserve": "none"}
    results, cause = causes(generators=(wind, COAL), policies={"reserves": {
        "up_load_share": 0, "up_renewable_share": 0, "down_load_share": 0, "infeed": "none"}})
    assert results.dispatch["generation"].sel(generator="coal").values == pytest.approx([5])
    assert cause == ["minimum_output"]


def test_ramping_where_plant_cannot_come_down_in_time():
    """Coal falls by 10 MW an hour from 60: at 50 MW it is above its floor of nothing and keeps 50 MW of wind out.
    Without the question for ramps all 90 MWh would be surplus."""
    coal = {**COAL, "ramp_down_fraction_per_hour": 0.1, "initial_output_mw": 60}
    _, cause = causes(generators=(WIND, coal))
    assert cause == ["ramping"]


def test_ramping_where_plant_must_rise_for_the_next_step():
    """Coal rises by 10 MW an hour and is needed at 50 MW when the wind is gone, unserved load costing more.
    Without the question for ramps the 80 MWh of the first hour would be surplus."""
    coal = {**COAL, "ramp_up_fraction_per_hour": 0.1, "capacity_mw": 200}
    results, cause = causes(steps=2, load=60, generators=(WIND, coal), series={"availability": {"wind": [1.0, 0.0]}})
    assert results.dispatch["generation"].sel(generator="coal").values == pytest.approx([40, 60])
    assert cause == ["ramping", "none"]


def test_ramping_of_what_is_online():
    """All 100 MW stay online at 50 MW, above their floor of 30 MW, to reach 60 MW in the second hour. The floor of all
    200 MW of the fleet would be 60 MW: coal would seem to stand at its floor. Without the question for ramps the 90 MWh of the first
    hour would be surplus."""
    coal = {**COAL, "capacity_mw": 200, "min_output_fraction": 0.3, "start_cost_cny_per_mw": 1e7, "initial_online_mw": 100,
            "ramp_up_fraction_per_hour": 0.1, "ramp_down_fraction_per_hour": 0.1, "initial_output_mw": 60}
    results, cause = causes(steps=2, generators=(WIND, coal), series={"availability": {"wind": [1.0, 0.0]}})
    assert results.dispatch["generation"].sel(generator="coal").values == pytest.approx([50, 60])
    assert cause == ["ramping", "none"]


def test_a_line_with_a_least_flow_is_no_way_back():
    """A sends at least 5 MW to B, so B has no corridor to A, whose coal stands at its floor: not B's affair. Taken for a way back it
    would be minimum output."""
    wind, coal = {**WIND, "zone": "B"}, {**COAL, "min_output_fraction": 0.2}
    _, cause = causes(load={"a": 15, "b": 60}, generators=(wind, coal),
                      lines=[line("A", "B", min_flow_mw=5, reverse_capacity_mw=20)])
    assert cause == ["surplus"]


def test_storage_full_where_a_store_holds_all_it_can():
    """The store is full and must end full: it takes nothing of the 40 MWh that are too much. Without the question for full stores
    they would be surplus."""
    store = {"storage": "store", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 10, "cyclic": False,
             "initial_fraction": 1.0, "final_fraction": 1.0}
    _, cause = causes(storage=[store])
    assert cause == ["storage_full"]


def test_a_store_that_charges_at_full_power_is_not_full():
    """It takes its 10 MW and has room left: what is more is surplus, and a larger tank would not help. Were a store full that holds
    an hour of its power, the 30 MWh would be storage full."""
    store = {"storage": "store", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 100,
             "initial_fraction": 0.0, "final_fraction": 0.1, "cyclic": False}
    results, cause = causes(storage=[store])
    assert results.dispatch["charge"].values == pytest.approx(10)
    assert cause == ["surplus"]


def test_a_store_at_the_level_that_its_profile_allows_is_full():
    """It may hold half of its 10 MWh, and does from the first hour on: not its size is the limit, its profile is.
    By its size it would have room, and the 40 MWh be surplus."""
    store = {"storage": "store", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 10, "cyclic": False,
             "initial_fraction": 0.5, "final_fraction": 0.5}
    _, cause = causes(storage=[store], series={"max_level": {"store": 0.5}})
    assert cause == ["storage_full"]


def test_a_floor_is_that_of_thermal_plant():
    """Straw sells its 3 MW as reserve downwards and so stays on, but it is no thermal plant and has no floor: the wind
    that is too much is surplus, beside coal that stands still. Had straw a floor, the 43 MWh would be minimum output."""
    straw = {"generator": "straw", "zone": "A", "technology": "biomass", "capacity_mw": 3, "variable_cost_cny_per_mwh": 200}
    results, cause = causes(generators=({**WIND, "reserve": "none"}, straw, COAL), policies={"reserves": {
        "up_load_share": 0, "up_renewable_share": 0, "down_load_share": 0.05, "down_renewable_share": 0, "infeed": "none"}})
    assert results.dispatch["reserve_down"].sel(provider="straw").values == pytest.approx([3])
    assert results.dispatch["generation"].sel(generator="straw").values == pytest.approx([3])
    assert cause == ["surplus"]


def test_the_audit_finds_causes_and_their_sums_by_itself():
    """A flag, and a sum by cause, that are not what the stored dispatch says are both seen."""
    results, cause = causes(generators=(WIND, {**COAL, "min_output_fraction": 0.3}))
    assert cause == ["minimum_output"]

    def broken(dispatch, **tables):
        found = audit(results.case, dispatch, results.tables | tables, results.summary)
        return set(found.loc[~found["passed"], "law"])

    assert not broken(results.dispatch)
    other = results.dispatch.copy(deep=True)
    other["curtailment_cause"].values[:] = CAUSES.index("surplus")
    assert broken(other) == {"cause of curtailment"}
    table = results.tables["curtailment"]
    assert broken(results.dispatch, curtailment=table.assign(cause="surplus")) == {"curtailed energy by cause"}
    assert broken(results.dispatch, curtailment=table.assign(curtailment_mwh=71.0)) == {"curtailed energy by cause"}
    assert broken(results.dispatch, curtailment=table.assign(generator="nobody")) == {"curtailed energy by cause"}


def test_water_that_passes_a_turbine_at_full_power_is_storage_full():
    """The lake takes 100 MW of water in, its turbine 40: 60 MW pass by though the corridor beside it is full too. Without the question
    for turbines it would be congestion."""
    generators = [{"generator": "wind", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 40}, {**COAL, "zone": "B"}]
    lake = {"reservoir": "lake", "generator": "wind", "capacity_mwh": 10, "initial_fraction": 1, "final_fraction": 1}
    results, cause = causes(load={"a": 20, "b": 90}, generators=generators, lines=[line("A", "B")], reservoirs=[lake],
                            series={"inflow": {"lake": 100.0}})
    assert results.dispatch["generation"].sel(generator="wind").values == pytest.approx([40])
    assert cause == ["storage_full"]


def test_corridors_go_before_floors():
    """A's corridor is full and its coal at its floor: its dispatcher names the corridor, as the rule's order has it.
    Without the question for its corridors the 40 MWh would be minimum output."""
    coal = {**COAL, "generator": "own coal", "min_output_fraction": 0.2}
    _, cause = causes(load={"a": 60, "b": 90}, generators=(WIND, coal, {**COAL, "zone": "B"}), lines=[line("A", "B")])
    assert cause == ["congestion"]


def test_a_profile_of_the_corridor_says_when_it_is_full():
    """The corridor may carry half of its 80 MW in the second hour: full at 40 MW, while 80 MW carried all before. By its 80 MW the 40
    MWh would be surplus."""
    _, cause = causes(steps=2, load={"a": 20, "b": 90}, generators=(WIND, {**COAL, "zone": "B"}), lines=[line("A", "B", 80)],
                      series={"flow_limit": {"A-B": [1.0, 0.5]}})
    assert cause == ["none", "congestion"]


def test_every_mwh_has_one_cause(random):
    """On random grids of three zones, twenty side by side: a cause where there is curtailment, none elsewhere, and sums that agree."""
    load, generators, lines, availability = {}, [WIND], [], {}
    for grid in range(20):
        zones = [f"{letter}{grid or ''}" for letter in "ABC"]
        load |= {zone.lower(): float(random.integers(30, 150)) for zone in zones}
        for zone in zones:
            if zone != "A":
                generators.append({**WIND, "generator": f"wind {zone}", "zone": zone, "capacity_mw": float(random.integers(1, 200))})
            generators.append({**COAL, "generator": f"coal {zone}", "zone": zone, "min_output_fraction": float(random.choice([0, 0.2])),
                               "ramp_down_fraction_per_hour": float(random.choice([0.05, 1]))})
        availability["wind" if not grid else f"wind {zones[0]}"] = random.random(4).tolist()
        pairs = [(zones[one], zones[other]) for one, other in ((0, 1), (1, 2), (0, 2))]
        lines += [line(*pair, float(random.integers(5, 60))) for pair in pairs if random.random() < 0.6]
    results, _ = causes(4, load, generators, lines=lines, series={"availability": availability})
    dispatch, table = results.dispatch, results.tables["curtailment"]
    assert ((dispatch["curtailment_cause"] > 0) == (dispatch["curtailment"] > 0)).all()
    assert len(np.unique(dispatch["curtailment_cause"])) >= 3  # none, and two that there are in any twenty grids
    by_generator = table.groupby("generator")["curtailment_mwh"].sum().reindex(dispatch["generator"].values, fill_value=0.0)
    assert by_generator.to_numpy() == pytest.approx(dispatch["curtailment"].sum("time").values, abs=1e-12)
