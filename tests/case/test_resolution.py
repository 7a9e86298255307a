"""Ill-scaled cases: what one programme can resolve is solved right, what it cannot is refused; nothing is lost in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small import small_case

import grid_model as gm
from grid_model import formulation
from grid_model.case.resolution import resolution_problems
from grid_model.errors import InputError

COAL, GAS = "generator,zone,technology,capacity_mw,variable_cost_cny_per_mwh", "North coal,North,coal,{},{}\nSouth gas,South,gas,{},{}"


def case(grid, north=(1e5, 300), south=(1e5, 500), load=(9e4, 8e4), cost=1e6):
    """Two zones without a line: one plant and one load in each, two hours, no rules."""
    grid.table("generators", f"{COAL}\n{GAS.format(*north, *south)}")
    grid.table("loads", f"load,zone,unserved_cost_cny_per_mwh\nNorth base,North,{cost}\nSouth base,South,{cost}")
    grid.hourly("load", {"North base": [load[0]] * 2, "South base": [load[1], load[1] / 2]})
    grid.scenario_text("inputs: inputs\nhorizon: {start: 2027-01-01, hours: 2}\n")
    (grid.profiles / "availability.csv").unlink(missing_ok=True)
    return gm.load_case(grid.scenario)


def refused(grid, **figures) -> list[tuple[str, str, str]]:
    with pytest.raises(InputError) as caught:
        case(grid, **figures)
    assert all("can be resolved" in problem.allowed for problem in caught.value.problems)
    return [(problem.file.rpartition("/")[2], problem.column, problem.value) for problem in caught.value.problems]


def test_a_watt_beside_a_hundred_gigawatt_is_refused(two_zones):
    """The solver's tolerance is 100 W: it would leave the load of 1 W dark, call that balanced, and price it at nothing."""
    assert refused(two_zones, south=(1e-6, 500), load=(9e4, 1e-6)) == [
        ("generators.csv", "capacity_mw", "1e-06"), ("load.csv", "South base", "1e-06 at most")]


def test_a_kilowatt_beside_a_hundred_gigawatt_is_served(two_zones):
    """1 kW of a plant serves 1 kW and then half of it, at its own price; a watt more of the other zone's load would cost 300."""
    dispatch = gm.solve(case(two_zones, south=(1e-3, 500), load=(9e4, 1e-3))).dispatch
    assert dispatch.generation.sel(generator="South gas").values == pytest.approx([1e-3, 5e-4], rel=1e-6)
    assert dispatch.unserved.values == pytest.approx(np.zeros((2, 2)), abs=1e-9)
    assert dispatch.price.sel(zone="South").values[1] == pytest.approx(500)
    assert dispatch.price.sel(zone="North").values == pytest.approx(300)


def test_half_of_a_kilowatt_goes_unserved(two_zones):
    """A plant of 1 kW beside a load of 2 kW: half of it is unserved, at its price."""
    dispatch = gm.solve(case(two_zones, south=(1e-3, 500), load=(9e4, 2e-3))).dispatch
    assert dispatch.unserved.sel(zone="South").values == pytest.approx([1e-3, 0], rel=1e-6, abs=1e-9)
    assert dispatch.price.sel(zone="South").values[0] == pytest.approx(1e6)


@pytest.mark.parametrize("low, high", [(1e-3, 1e6), (1e-3, 2e-3), (2e-4, 4e-4), (1e6, 1e6 + 1), (-1e6, 1e-3)])
def test_prices_far_apart_or_close_are_in_order(low, high):
    """60 GW at the low price serve 50 GW, and 100 GW with 40 GW at the high one; in the other order the cost is higher."""
    plants = [{"generator": name, "zone": "A", "technology": "coal", "capacity_mw": 6e4, "variable_cost_cny_per_mwh": cost}
              for name, cost in (("dear", high), ("cheap", low))]
    results = gm.solve(small_case(2, generators=plants, loads=[{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 1e8}],
                                  series={"load": {"l": [5e4, 1e5]}}))
    assert results.dispatch.generation.sel(generator="cheap").values == pytest.approx([5e4, 6e4])
    assert results.summary["objective_cny"] == pytest.approx(11e4 * low + 4e4 * high, rel=1e-9)
    assert results.dispatch.price.sel(zone="A").values == pytest.approx([low, high], rel=1e-6)


DAY = np.array([0.0, 0.4, 0.8, 1.0, 0.7, 0.3])


def island(name: str, size: float, cost: float = 1.0) -> tuple[dict[str, list], dict[str, dict]]:
    """Tables and series of two zones with a line that loses 3 %, coal that ramps, guaranteed wind, sun and a battery, all of a size."""
    west, east = f"{name} west", f"{name} east"
    tables = {
        "generators": [
            {"generator": f"{name} coal", "zone": west, "technology": "coal", "capacity_mw": 100 * size, "variable_cost_cny_per_mwh": 300 * cost,
             "ramp_up_fraction_per_hour": 0.1, "ramp_down_fraction_per_hour": 0.1, "emissions_t_per_mwh": 0.8},
            {"generator": f"{name} gas", "zone": east, "technology": "gas", "capacity_mw": 80 * size, "variable_cost_cny_per_mwh": 600 * cost},
            {"generator": f"{name} wind", "zone": west, "technology": "wind_onshore", "capacity_mw": 120 * size, "purchase_class": "guaranteed",
             "guaranteed_hours": 2000},
            {"generator": f"{name} sun", "zone": east, "technology": "solar_utility", "capacity_mw": 100 * size, "purchase_class": "market"}],
        "storage": [{"storage": f"{name} battery", "zone": west, "technology": "lithium_ion", "power_mw": 20 * size, "energy_mwh": 40 * size,
                     "charge_efficiency": 0.95, "discharge_efficiency": 0.95, "wear_cost_cny_per_mwh": 5 * cost}],
        "lines": [{"line": f"{name} line", "from_zone": west, "to_zone": east, "capacity_mw": 30 * size, "loss_fraction": 0.03}],
        "loads": [{"load": one, "zone": one, "unserved_cost_cny_per_mwh": 5000 * cost} for one in (west, east)]}
    return tables, {"load": {west: (100 + 30 * DAY) * size, east: (80 + 60 * DAY[::-1]) * size},
                    "availability": {f"{name} wind": 0.9 - 0.7 * DAY, f"{name} sun": DAY}}


def islands(*parts):
    """Results of some islands in one case."""
    tables = {name: [row for table, _ in parts for row in table[name]] for name in parts[0][0]}
    series = {name: {one: values for _, some in parts for one, values in some[name].items()} for name in parts[0][1]}
    return gm.solve(small_case(6, step_hours=4.0, series=series, policies={"guaranteed_purchase": {}, "settlement": True}, **tables))


def test_a_small_grid_beside_a_large_one_comes_out_as_its_twin():
    """Two islands, of 10 kW and of 100 GW, at costs of 3 and of 30,000 CNY/MWh: each hour of both, and each price, is that of the same
    island at a size and cost between and alone. The solver's own tolerance of 100 W would be a hundredth of the small one."""
    both = islands(island("small", 1e-4, 0.01), island("large", 1e3, 100))
    for name, (size, cost) in (("small", (1e-4, 0.01)), ("large", (1e3, 100))):
        twin = islands(island(name, 1.0)).dispatch
        for variable in ("generation", "charge", "flow", "price", "curtailment", "emissions_consumption"):
            dimension = twin[variable].dims[0]
            found = both.dispatch[variable].sel({dimension: twin[dimension].values}) / (cost if variable == "price" else size)
            assert found.values == pytest.approx(twin[variable].values, rel=1e-6, abs=1e-5), variable


@pytest.mark.parametrize("figures, problem", [
    ({"north": (1e5, 1e-6)}, ("generators.csv", "variable_cost_cny_per_mwh", "1e-06")),
    ({"north": (1e5, -1e-5)}, ("generators.csv", "variable_cost_cny_per_mwh", "-1e-05")),
    ({"south": (1e-4, 500)}, ("generators.csv", "capacity_mw", "0.0001")),
    ({"south": (1e13, 500)}, ("generators.csv", "capacity_mw", "1e+13")),
    ({"load": (1e13, 1)}, ("load.csv", "North base", "1e+13 at most"))])
def test_what_cannot_be_resolved_is_refused_by_name(two_zones, figures, problem):
    assert refused(two_zones, **figures) == [problem]


@pytest.mark.parametrize("table, column, value", [
    ("generators", "start_cost_cny_per_mw", 3e13), ("generators", "emissions_t_per_mwh", 1e12), ("lines", "ramp_mw_per_hour", 1e20),
    ("ccer_supply", "price_cny_per_t", 1e15), ("reservoirs", "capacity_mwh", 4e14), ("converter_ports", "rate", 1e300)])
def test_what_is_too_large_in_any_unit_is_refused(two_zones, table, column, value):
    """A start of 3e13 CNY/MW ended as `no optimum: Unknown`, which names no file; a lake of 4e14 MWh was broken by 0.03 MWh, the
    last digit of its level; a rate of 1e300 HiGHS did not take at all."""
    declared = {one.name: one for one in formulation.TABLES[table]}[column]
    found = resolution_problems({table: [declared]}, table, pd.DataFrame({column: [0.0, 1.0, value]}))
    assert [(problem.column, problem.value) for problem in found] == [(column, f"{value:g}" if value < 1e16 else repr(value))]


def test_a_series_may_fall_to_dust_in_some_hours(two_zones):
    """A load of 9 MW that falls to a milliwatt by night is one that can be resolved; nothing and empty are, too."""
    two_zones.hourly("load", {"North base": [9.0, 1e-9, 0.0, 9.0], "South base": [0.0] * 4})
    two_zones.table("loads", "load,zone,unserved_cost_cny_per_mwh,annual_mwh\nNorth base,North,1e4,\nSouth base,South,0,")
    dispatch = gm.solve(gm.load_case(two_zones.scenario)).dispatch
    assert dispatch.generation.sum("generator").values == pytest.approx([9.0, 0, 0, 9.0], abs=1e-6)


def test_what_the_solver_warns_of_stands_in_the_summary(caplog):
    """A bound of a hundred billion MW beside others of 1 MW: HiGHS says so, in three lines; the log and the summary tell of it in one."""
    results = gm.solve(small_case(1, generators=[
        {"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 1e11, "variable_cost_cny_per_mwh": 300}],
        loads=[{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 1e4}], series={"load": {"l": [1e3]}}))
    told = results.summary["solver"]["warnings"]
    assert told == ["the numbers of this case lie far apart: some limits are very large beside the others"]
    assert [record.getMessage() for record in caplog.records] == told
