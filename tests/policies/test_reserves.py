"""Reserves: every law on a grid that can be solved on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matrices import same_matrix
from small import small_case, solved

import grid_model as gm
from grid_model.algebra import compile_program
from grid_model.formulation import build_model
from grid_model.policies.reserves import check_areas
from grid_model.solve.solved import solve_model

NOTHING = {"up_load_share": 0, "up_renewable_share": 0, "down_load_share": 0, "down_renewable_share": 0,
           "spinning_share": 0,
           "infeed": "none"}


def plant(name, capacity, cost, zone="A", technology="coal", **columns):
    return {"generator": name, "zone": zone, "technology": technology, "capacity_mw": capacity,
            "variable_cost_cny_per_mwh": cost, **columns}


def grid(*generators, settings, load=100.0, steps=1, series=None, **tables):
    """One zone with a load; settings are those of reserves, nothing being required unless they say so."""
    return small_case(steps, policies={"reserves": NOTHING | settings, "guaranteed_purchase": False},
                      series={"load": {"load": load}, **(series or {})}, loads=[{"load": "load", "zone": "A"}],
                      generators=list(generators), **tables)


def value(result, name):
    return result.value(f"reserves.{name}") * 1e3


def price(result, name):
    """Cost of one more MW required in the first step [CNY/MWh]."""
    return result.program.rows[f"reserves.{name}"].of(result.row_duals)[0] * 1e3


def test_up_is_kept_free():
    """10 MW upwards for 100 MW of load: coal of 105 MW runs at 95 and gas, which provides none, gives 5 at 300 CNY/MWh.

    Without reserve coal alone would serve the load for 10,000 CNY. A MW of reserve costs 200 CNY/MWh, gas for coal.
    """
    result = solved(grid(plant("coal", 105, 100), plant("gas", 50, 300, reserve="none"),
                         settings={"up_load_share": 0.1}))
    assert result.objective == pytest.approx(95 * 100 + 5 * 300)
    assert value(result, "up_pool_thermal") == pytest.approx(10)
    assert price(result, "requirement_up") == pytest.approx(200)


def test_price_is_that_of_one_step_however_often_it_counts():
    """As above in two steps of which the second counts four times: 200 CNY/MWh in both, not 800 in the second. Without the requirement
    all 100 MW would be coal, and reserve worth nothing."""
    case = grid(plant("coal", 105, 100), plant("gas", 50, 300, reserve="none"), settings={"up_load_share": 0.1}, steps=2)
    results = gm.solve(replace(case, step_weights=np.array([1.0, 4.0])))
    assert results.dispatch["reserve_up_price"].values[0] == pytest.approx([200, 200])
    assert results.summary["audit"]["passed"]


def test_down_is_kept_above_the_floor():
    """10 MW downwards: coal with a floor of 30 MW runs at 40 while wind, which provides none here, is curtailed by 10.

    Without reserve coal would run at its floor for 3,000 CNY."""
    coal = plant("coal", 100, 100, min_output_fraction=0.3)
    result = solved(grid(coal, plant("wind", 70, 0, technology="wind_onshore", reserve="none"),
                         settings={"down_load_share": 0.1}))
    assert result.objective == pytest.approx(40 * 100)
    assert value(result, "down_pool_thermal") == pytest.approx(10)
    assert price(result, "requirement_down") == pytest.approx(100)


def test_renewable_plant_provides_downwards():
    """Wind can be withdrawn: 10 MW downwards cost nothing, where without its part 10 MW would be missing. Upwards what is curtailed
    does not count: shortfall of 10 MW."""
    wind = plant("wind", 200, 0, technology="wind_onshore")
    assert solved(grid(wind, settings={"down_load_share": 0.1})).objective == pytest.approx(0)
    assert solved(grid(wind, settings={"up_load_share": 0.1})).objective == pytest.approx(10 * 3500)
    may = plant("wind", 200, 0, technology="wind_onshore", reserve="both")
    assert solved(grid(may, settings={"up_load_share": 0.1})).objective == pytest.approx(0)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_share_of_wind_and_solar(direction):
    """5 % of 60 MW of wind, 30 of sun and 10 of mirrors that are available, not of their capacity and not of what is taken: 5 MW.
    Biomass and mirrors with a heat store do not vary so; those without one do. Without a provider all is missing."""
    plants = [plant("wind", 120, 0, technology="wind_onshore", reserve="none"),
              plant("sun", 80, 0, technology="solar_utility", reserve="none"),
              plant("waste", 50, 0, technology="biomass", reserve="none"),
              plant("mirrors", 50, 0, technology="solar_thermal", reserve="none", heat_store_hours=6),
              plant("mirrors alone", 20, 0, technology="solar_thermal", reserve="none")]
    case = grid(*plants, settings={f"{direction}_renewable_share": 0.05}, load=50,
                series={"availability": {"wind": 0.5, "sun": 0.375, "mirrors": 0.5, "mirrors alone": 0.5}})
    assert value(solved(case), f"shortfall_{direction}") == pytest.approx(5)
    assert gm.solve(case).summary["audit"]["passed"]


def test_shortfall_is_paid():
    """10 MW required of coal of 104 MW that serves 100 MW: 6 MW are missing at 500 CNY/MWh for half an hour.
    Without reserve it would cost 5,000 CNY, with it 1,500 more."""
    result = solved(grid(plant("coal", 104, 100), settings={"up_load_share": 0.1, "shortfall_cost_cny_per_mwh": 500},
                         step_hours=0.5))
    assert result.objective == pytest.approx(0.5 * (100 * 100 + 6 * 500))
    assert value(result, "shortfall_up") == pytest.approx(6)


@pytest.mark.parametrize("technology", ["coal", "hydro_reservoir"])
def test_the_largest_unit_may_fail(technology):
    """Two units of 60 MW, of heat or of water, and gas that provides none: each must be covered by the other,
    60 - g2 >= g1, so both give 60 MW and gas 40. If a unit's own reserve counted when it fails, they would give 80;
    without the law, or if a unit could sell more than is left of it, all 100."""
    units = [plant(name, 60, 100, technology=technology) for name in ("one", "two")]
    case = grid(*units, plant("gas", 100, 300, reserve="none"),
                settings={"infeed": "dynamic"})
    case.tables["generators"].loc[2, "largest_unit_mw"] = 0.0
    assert solved(case).objective == pytest.approx(60 * 100 + 40 * 300)


def test_one_unit_of_a_fleet_may_fail():
    """A fleet of 110 MW in units of 20: 20 MW are kept, so it gives 90 and gas 10. As one unit it could not be
    covered."""
    fleet, gas = plant("fleet", 110, 100, largest_unit_mw=20), plant("gas", 100, 300, reserve="none", largest_unit_mw=5)
    for infeed in ("dynamic", "capacity"):
        assert solved(grid(fleet, gas, settings={"infeed": infeed})).objective == pytest.approx(90 * 100 + 10 * 300)


def test_a_unit_at_rest_cannot_fail():
    """A unit of 300 MW stands still: nothing of it need be covered, so coal in small units gives all 100 MW.

    If its capacity counted, 300 MW would be kept. A unit of 4 MW is less than one of the fleet's and has no row."""
    units = [plant("idle", 300, 900, reserve="none"), plant("small", 4, 50, reserve="none")]
    result = solved(grid(plant("fleet", 101, 100, largest_unit_mw=5), *units, settings={"infeed": "dynamic"}))
    assert result.objective == pytest.approx(4 * 50 + 96 * 100)
    assert result.program.rows["reserves.thermal_infeed"].size == 1


@pytest.mark.parametrize(("minutes", "name"), [(30, "up_thermal"), (None, "up_pool_thermal")])
def test_units_provide_where_reserve_is_needed(minutes, name):
    """B has no load and needs none, so its plant has no reserve to give. Only a unit with a ramp has a column and a row;
    all headroom of another stands in the requirement."""
    ramp = {"ramp_up_fraction_per_hour": 0.5}
    case = grid(plant("a", 200, 100, **ramp), plant("b", 200, 100, zone="B", **ramp),
                settings={"up_load_share": 0.1, "response_minutes": minutes})
    result = solved(case)
    assert result.value(f"reserves.{name}").shape == (1, 1)
    assert (f"reserves.{name}" in result.program.columns) == ("reserves.headroom_up_thermal" in result.program.rows)
    assert (f"reserves.{name}" in result.program.columns) == (minutes is not None)


def test_pooled_reserve_is_shared_out_to_spinning_plant_first():
    """30 MW upwards: coal and gas have 60 and 20 MW of headroom and give it in proportion, customers on call nothing."""
    results = gm.solve(grid(plant("coal", 160, 100, max_output_fraction=1.0), plant("gas", 20, 300), settings={
        "up_load_share": 0.3}, demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30,
                                                 "cost_cny_per_mwh": 5000}]))
    reserve = results.dispatch["reserve_up"].to_series().droplevel("time").to_dict()
    assert reserve == pytest.approx({"coal": 22.5, "gas": 7.5, "call": 0})


def test_storage_on_its_own_schedule_provides_nothing_unless_it_says_so():
    """A battery behind a user follows its schedule: 10 MW are missing. Where it offers itself, nothing is. Were it counted like any
    other store, none would be missing of either."""
    zone = {"zone": "A", "benchmark_tariff_cny_per_mwh": 400}
    for reserve, missing in (("", 10), ("both", 0)):
        own = {**STORE, "place": "user_side", "call": "self_use", "reserve": reserve, "initial_fraction": 1,
               "final_fraction": 1}
        case = grid(plant("coal", 200, 100, reserve="none"), settings={"up_load_share": 0.1}, storage=[own], zones=[zone])
        assert value(solved(case), "shortfall_up") == pytest.approx(missing)


def test_a_fleet_that_is_not_there_cannot_fail():
    """The fleet's 20 MW count in the step in which it is available only, and at most what is available of it. Were it not asked what is
    available, 20 MW would be kept in every step."""
    case = grid(plant("fleet", 100, 100, largest_unit_mw=20, reserve="none"), settings={"infeed": "capacity"}, steps=3,
                series={"availability": {"fleet": [1, 0.1, 0]}})
    assert value(solved(case), "shortfall_up")[0] == pytest.approx([20, 10, 0])


def test_capacity_counts_units_and_corridors_at_rest():
    """By capacity the largest infeed is that of the line, 0.9 x 50 MW, though nothing flows; one element of 20 MW:
    18 MW, less than the unit of 30. By the corridor's capacity without its loss and element 50 MW would be kept in both."""
    line = {"line": "line", "from_zone": "B", "to_zone": "A", "capacity_mw": 50, "loss_fraction": 0.1}
    zones = [{"zone": "A"}, {"zone": "B"}]
    case = grid(plant("coal", 200, 100, largest_unit_mw=30, reserve="none"), settings={"infeed": "capacity"},
                lines=[line], zones=zones)
    assert value(solved(case), "shortfall_up")[0] == pytest.approx(45)
    case = grid(plant("coal", 200, 100, largest_unit_mw=30, reserve="none"), settings={"infeed": "capacity"},
                lines=[line | {"largest_element_mw": 20}], zones=zones)
    assert value(solved(case), "shortfall_up")[0] == pytest.approx(30)


def test_given_infeed():
    """An area whose largest infeed is given keeps that: 12 MW, not the unit of 200. By what is found 100 MW would be missing, all that
    the unit gives."""
    case = grid(plant("coal", 200, 100, reserve="none"), settings={"infeed": "dynamic"},
                reserves=[{"area": "A", "largest_infeed_mw": 12}])
    assert value(solved(case), "shortfall_up") == pytest.approx(12)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("element, arriving", [(None, 30), (50, 60), (300, 30)])
def test_the_largest_corridor_may_fail(turned, element, arriving):
    """30 MW of customers on call are all the reserve: no more than 30 MW may arrive by one corridor, 60 where one of
    its two elements may fail, however the line is written. Gas, which provides none, serves the rest of 100 MW. Loss is
    10 %.

    Without the law 90 MW would arrive from B at 10 CNY/MWh.
    """
    ends = {"from_zone": "A", "to_zone": "B"} if turned else {"from_zone": "B", "to_zone": "A"}
    line = {"line": "line", **ends, "capacity_mw": 100, "loss_fraction": 0.1, "cost_cny_per_mwh": 1,
            **({} if element is None else {"largest_element_mw": element})}
    case = grid(plant("b", 500, 10, zone="B", reserve="none", largest_unit_mw=0),
                plant("gas", 200, 300, reserve="none", largest_unit_mw=0),
                settings={"infeed": "dynamic", "area": "zone"}, lines=[line],
                demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30,
                                  "cost_cny_per_mwh": 5000}])
    result = solved(case)
    assert result.objective == pytest.approx(arriving / 0.9 * 11 + (100 - arriving) * 300)
    assert "reserves.spinning_up" not in result.program.rows  # no share is asked for


def test_corridors_inside_an_area_bring_nothing_in():
    """Both zones in one region: what flows between them does not enter it, so 90 MW arrive. Were the corridor counted, no reserve being
    there, gas would serve all 100 MW for 30,000 CNY."""
    case = grid(plant("b", 500, 10, zone="B", reserve="none", largest_unit_mw=0),
                plant("gas", 200, 300, reserve="none", largest_unit_mw=0),
                settings={"infeed": "dynamic"}, zones=[{"zone": "A", "region": "R"}, {"zone": "B", "region": "R"}],
                lines=[{"line": "line", "from_zone": "B", "to_zone": "A", "capacity_mw": 100, "loss_fraction": 0.1}])
    assert solved(case).objective == pytest.approx(100 * 10 + 10 * 300)


def test_area():
    """Two zones of 100 MW, 10 % upwards, plant only in B: a region shares reserve and needs 20 MW of it, by zone A
    has none. By region alone A's 10 MW would not be missed."""
    tables = {"zones": [{"zone": "A", "region": "R"}, {"zone": "B", "region": "R"}],
              "loads": [{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}],
              "generators": [plant("b", 500, 10, zone="B")],
              "lines": [{"line": "l", "from_zone": "B", "to_zone": "A", "capacity_mw": 200}]}
    for area, missing in (("region", [0]), ("zone", [10, 0])):
        settings = NOTHING | {"up_load_share": 0.1, "area": area}
        case = small_case(1, policies={"reserves": settings, "guaranteed_purchase": False},
                          series={"load": {"a": 100, "b": 100}}, **tables)
        assert value(solved(case), "shortfall_up")[:, 0] == pytest.approx(missing)


def test_spinning_share():
    """20 MW upwards, half of it spinning: customers on call could provide all, coal must keep 10 and gas gives them.

    Without the law coal would run in full."""
    case = grid(plant("coal", 100, 100), plant("gas", 100, 300, reserve="none"),
                settings={"up_load_share": 0.2, "spinning_share": 0.5},
                demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30,
                                  "cost_cny_per_mwh": 5000}])
    result = solved(case)
    assert result.objective == pytest.approx(90 * 100 + 10 * 300)
    assert value(result, "up_pool_thermal") == pytest.approx(10)


def test_what_does_not_spin_is_missing_at_its_price():
    """Coal serves all that it can, 100 MW; customers on call hold the 20 MW upwards, but half of it is to spin: 10 are missing at 500
    CNY/MWh, as calling the customers would cost more."""
    case = grid(plant("coal", 100, 100), settings={"up_load_share": 0.2, "spinning_share": 0.5, "shortfall_cost_cny_per_mwh": 500},
                demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30, "cost_cny_per_mwh": 5000}])
    result = solved(case)
    assert value(result, "shortfall_up") == pytest.approx(10)
    assert result.objective == pytest.approx(100 * 100 + 10 * 500)


def test_more_than_the_share_may_spin():
    """Coal of 200 MW beside 100 MW of load has 100 MW of headroom where 10 must spin. Were the share an equality, there would be no
    dispatch."""
    case = grid(plant("coal", 200, 100), settings={"up_load_share": 0.2, "spinning_share": 0.5},
                demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30, "cost_cny_per_mwh": 5000}])
    assert solved(case).objective == pytest.approx(100 * 100)


def test_spinning_share_of_the_infeed_that_may_fail():
    """The 20 MW are one unit of the coal fleet instead of a share of load: half of it is spinning all the same. Were it a share of
    fixed reserve alone, coal would run in full for 10,000 CNY."""
    case = grid(plant("coal", 100, 100, largest_unit_mw=20), plant("gas", 100, 300, reserve="none", largest_unit_mw=0),
                settings={"infeed": "dynamic", "spinning_share": 0.5},
                demand_response=[{"programme": "call", "zone": "A", "kind": "shed", "power_mw": 30,
                                  "cost_cny_per_mwh": 5000}])
    assert solved(case).objective == pytest.approx(90 * 100 + 10 * 300)


def test_spinning_share_has_no_row_where_all_is_spinning():
    program = solved(grid(plant("coal", 200, 100), settings={"up_load_share": 0.2, "spinning_share": 0.5})).program
    assert "reserves.spinning_up" not in program.rows


def test_orderly_use_is_no_reserve():
    """Customers cut by order provide nothing, those on call nothing downwards: they have no column there. Were they counted like those
    on call, none would be missing upwards."""
    programmes = [{"programme": "order", "zone": "A", "kind": "orderly_use", "power_mw": 30},
                  {"programme": "call", "zone": "A", "kind": "shed", "power_mw": 4, "cost_cny_per_mwh": 5000}]
    result = solved(grid(plant("coal", 200, 100, reserve="none"),
                         settings={"up_load_share": 0.2, "down_load_share": 0.2},
                         demand_response=programmes))
    assert (value(result, "shortfall_up"), value(result, "shortfall_down")) == (pytest.approx(16), pytest.approx(20))
    assert result.value("reserves.up_pool_demand_response").shape == (1, 1)
    assert result.model.find_component("reserves.down_pool_demand_response") is None


STORE = {"storage": "store", "zone": "A", "technology": "lithium_ion", "power_mw": 30, "energy_mwh": 40,
         "cyclic": False,
         "initial_fraction": 0.5, "final_fraction": 0.5, "discharge_efficiency": 0.8, "charge_efficiency": 0.8}


@pytest.mark.parametrize("hours, up, down", [(0, 30, 30), (1, 16, 25), (2, 8, 12.5)])
def test_a_store_holds_what_it_sells(hours, up, down):
    """20 MWh are held, of which 16 can be delivered: 16 MW for an hour, 8 for two. 20 MWh are free, which take
    25 from the grid: 25 MW downwards for an hour, 12.5 for two. If nothing need be held its power of 30 MW would be sold either way."""
    case = grid(plant("coal", 200, 100, reserve="none"), storage=[STORE],
                settings={"up_load_share": 0.9, "down_load_share": 0.9, "sustain_hours": hours,
                          "shortfall_cost_cny_per_mwh": 1})
    result = solved(case)
    name = "storage" if hours else "pool_storage"
    assert value(result, f"up_{name}") == pytest.approx(up)
    assert value(result, f"down_{name}") == pytest.approx(down)


def test_a_store_sells_no_more_than_its_power():
    """A store of 400 MWh, half full, could keep up 90 MW for an hour either way; its converter has 30 MW. Energy alone would let it
    sell all 90 that are asked for."""
    large = STORE | {"energy_mwh": 400}
    case = grid(plant("coal", 200, 100, reserve="none"), storage=[large], settings={
        "up_load_share": 0.9, "down_load_share": 0.9, "shortfall_cost_cny_per_mwh": 1})
    result = solved(case)
    assert value(result, "up_storage") == pytest.approx(30) and value(result, "down_storage") == pytest.approx(30)


def test_response_time():
    """Coal that ramps 0.6 of its 200 MW in an hour reaches 20 MW in 10 minutes: 30 of 50 MW are missing; downwards,
    at 0.3, 40 MW. Without the limit none."""
    coal = plant("coal", 200, 100, ramp_up_fraction_per_hour=0.6, ramp_down_fraction_per_hour=0.3)
    result = solved(grid(coal, settings={"up_load_share": 0.5, "down_load_share": 0.5, "response_minutes": 10}))
    assert (value(result, "shortfall_up"), value(result, "shortfall_down")) == (pytest.approx(30), pytest.approx(40))
    assert solved(grid(coal, settings={"up_load_share": 0.5, "down_load_share": 0.5})).objective == pytest.approx(10000)


def test_a_plant_with_a_ramp_stays_above_its_floor_too():
    """Coal at 40 MW with a floor of 30 could fall by 50 MW in ten minutes, but only 10 are above its floor: 10 of 20 MW are missing.
    By its ramp alone none would be."""
    coal = plant("coal", 100, 100, min_output_fraction=0.3, ramp_down_fraction_per_hour=3)
    case = grid(coal, load=40, settings={"down_load_share": 0.5, "response_minutes": 10, "shortfall_cost_cny_per_mwh": 1})
    result = solved(case)
    assert value(result, "shortfall_down") == pytest.approx(10) and value(result, "down_thermal") == pytest.approx(10)


def test_nobody_holds_less_than_nothing():
    """Half of a plant of 100 MW is online, which is dear to change; heat needs 20 MW, a floor of 0.4 all that is online. The line
    between the 20 MW that heat needs online and 40 MW for all says 27.5, and what is below is no reserve: 2,750 CNY beside wind that
    holds the reserve. If less than nothing could be held, coal would give 20 MW."""
    coal = plant("coal", 100, 100, min_output_fraction=0.4, heating_floor_fraction=0.2, initial_online_mw=50, start_cost_cny_per_mw=1e4,
                 stop_cost_cny_per_mw=1e4, ramp_down_fraction_per_hour=3)
    wind = plant("wind", 100, 0, technology="wind_onshore")
    result = solved(grid(coal, wind, settings={"down_load_share": 0.1, "response_minutes": 10},
                         zones=[{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}]))
    assert result.objective == pytest.approx(27.5 * 100)
    assert value(result, "down_thermal") == pytest.approx(0, abs=1e-6)


def test_area_overrides_settings():
    """20 % of load upwards in A by the table instead of 10 %; downwards 10 % as set, the table being empty there. By the settings alone
    10 MW would be missing either way."""
    case = grid(plant("coal", 200, 100, reserve="none"), settings={"up_load_share": 0.1, "down_load_share": 0.1},
                reserves=[{"area": "A", "up_load_share": 0.2}])
    result = solved(case)
    assert (value(result, "shortfall_up"), value(result, "shortfall_down")) == (pytest.approx(20), pytest.approx(10))


def test_unknown_area():
    case = grid(plant("coal", 200, 100), settings={}, reserves=[{"area": "A"}, {"area": "Nowhere"}])
    assert [problem.value for problem in check_areas(case.tables)] == ["Nowhere"]


@pytest.mark.parametrize("policies", [{}, {"reserves": False}, {"reserves": NOTHING}])
def test_off_leaves_no_row(policies):
    """Off by default, by `false`, and where nothing is required."""
    case = small_case(1, policies=policies, series={"load": {"load": 100}}, loads=[{"load": "load", "zone": "A"}],
                      generators=[plant("coal", 200, 100)])
    program = solved(case).program
    assert not [name for name in [*program.rows, *program.columns] if name.startswith("reserves")]


def everything():
    """Two areas, every kind of provider and failure."""
    return small_case(
        3, policies={"reserves": {"sustain_hours": 2, "response_minutes": 30}}, start="2027-01-01T17:00",
        zones=[{"zone": "A", "region": "R"}, {"zone": "B", "region": "R"}, {"zone": "C"}],
        loads=[{"load": "a", "zone": "A"}, {"load": "c", "zone": "C"}], series={"load": {"a": [100, 120, 90], "c": 80}},
        generators=[plant("coal", 90, 100, ramp_up_fraction_per_hour=0.6), plant("gas", 60, 300, zone="C"),
                    plant("fleet", 60, 200, zone="B", largest_unit_mw=9),
                    plant("wind", 50, 0, technology="wind_onshore"),
                    plant("river", 20, 0, technology="hydro_run_of_river")],
        storage=[STORE], demand_response=[{"programme": "call", "zone": "C", "kind": "shed", "power_mw": 30}],
        lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 40},
               {"line": "BC", "from_zone": "B", "to_zone": "C", "capacity_mw": 40, "loss_fraction": 0.05,
                "largest_element_mw": 30}])


def test_concrete_model():
    """The same columns, rows and entries as Pyomo's own expansion."""
    case = everything()
    same_matrix(lambda: build_model(case), lambda: build_model(case, concrete=True))


def test_series():
    """Reserve by provider meets what is required less what is missing, exactly so where it has a price."""
    case = everything()
    model = build_model(case)
    program = compile_program(model)
    results = model.policies["reserves"].series(solve_model(case, model, program))
    area = {"coal": "R", "fleet": "R", "river": "R", "store": "R", "wind": "R", "gas": "C", "call": "C"}
    for direction in ("up", "down"):
        reserve = results[f"reserve_{direction}"]
        assert reserve.dims == ("provider", "time") and reserve.attrs["units"] == "MW"
        there = reserve.groupby(reserve["provider"].to_series().map(area).rename("reserve_area").to_xarray()).sum()
        missing, required = results[f"reserve_{direction}_shortfall"], results[f"reserve_{direction}_required"]
        beyond, cost = there + missing - required, results[f"reserve_{direction}_price"]
        assert (beyond > -1e-6).all() and (cost > -1e-6).all()
        assert (abs(beyond * cost) < 1e-3).all() and (cost.max() > 1 or direction == "down")
    assert (results["reserve_up_required"].sel(reserve_area="C") >= 0.03 * 80 + 0.05 * 0).all()
