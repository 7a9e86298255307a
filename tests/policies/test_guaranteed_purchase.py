"""The order of guaranteed purchase, seen by eye: tight corridor, must-run heat, and what cost alone would do."""

from __future__ import annotations

import numpy as np
import pytest
from small import small_case, solved

import grid_model as gm
from grid_model.case.case import Case
from grid_model.errors import AuditError
from grid_model.policies import guaranteed_purchase

CLASSES = {"dam": ("hydro_run_of_river", "hydro_priority"), "stream": ("hydro_run_of_river", "hydro"),
           "wood": ("biomass", "full_purchase"), "wind": ("wind_onshore", "guaranteed"), "sun": ("solar_utility", "market")}


def rich_zone(load=100.0, steps=2, mode="exact", costs=None, **settings):
    """One zone, 60 MW of each class, and coal; everything green is available always."""
    costs = costs or {}
    generators = [{"generator": name, "zone": "A", "technology": technology, "purchase_class": purchase_class, "capacity_mw": 60,
                   "variable_cost_cny_per_mwh": costs.get(name, 0), **({"guaranteed_hours": 8760} if name == "wind" else {})}
                  for name, (technology, purchase_class) in CLASSES.items()]
    generators.append({"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 500,
                       "variable_cost_cny_per_mwh": 300})
    return small_case(steps, series={"load": {"l": load}}, generators=generators, loads=[{"load": "l", "zone": "A"}],
                      policies={"guaranteed_purchase": {"mode": mode, **settings}})


def generation(results) -> dict[str, float]:
    """MW of each generator in the first step."""
    return {str(name): float(value) for name, value in
            zip(results.dispatch["generator"].values, results.dispatch["generation"].values[:, 0], strict=True)}


@pytest.mark.parametrize("mode", ["exact", "weighted"])
def test_classes_are_taken_in_their_order(mode):
    """100 MW of load for 300 MW of five classes: the first takes 60, the second 40, the others nothing.
    By cost alone, the first two being dearest here, the sun and the wind would serve it all."""
    results = gm.solve(rich_zone(mode=mode, costs={"dam": 50, "stream": 40, "wood": 30, "wind": 20, "sun": 10}))
    assert generation(results) == pytest.approx({"dam": 60, "stream": 40, "wood": 0, "wind": 0, "sun": 0, "coal": 0})
    order = results.tables["purchase_order"]
    assert order["purchase_class"].tolist() == ["load", "hydro_priority", "hydro", "full_purchase", "guaranteed"]
    assert order["taken_mwh"].tolist() == pytest.approx([200, 120, 80, 0, 0])
    assert order["available_mwh"].tolist() == pytest.approx([200, 120, 120, 120, 120])
    assert order["passed"].all()
    lost = results.dispatch["rank_objective"]
    assert lost.attrs["units"] == "MWh" and list(lost["rank"].values) == order["purchase_class"].tolist()
    assert lost.values == pytest.approx([0, 0, 40, 120, 120])


@pytest.mark.parametrize(("market", "coal_cost", "expected"), [("cost", -5, 0), ("curtailment", -5, 40)])
def test_market_energy_by_cost_or_as_one_more_rank(market, coal_cost, expected):
    """With coal paid to run, cost alone leaves the market class out; as a rank it is taken before coal: 40 MW. Without that rank it
    would sell nothing either way, and without any rank coal would serve all 280 MW."""
    case = rich_zone(load=280, market=market)
    table = case.tables["generators"].assign(variable_cost_cny_per_mwh=[0, 0, 0, 0, 0, coal_cost])
    assert generation(gm.solve(case.replace(generators=table)))["sun"] == pytest.approx(expected)


def test_load_is_served_before_any_right_to_be_bought():
    """B's load is worth 1 CNY/MWh, its coal costs 300: by cost it would be left dark. Rank 0 is unserved energy, so coal runs."""
    case = small_case(1, series={"load": {"a": 10, "b": 60}},
                      generators=[{"generator": "dam", "zone": "A", "technology": "hydro_run_of_river", "capacity_mw": 50,
                                   "purchase_class": "hydro_priority"},
                                  {"generator": "coal", "zone": "B", "technology": "coal", "capacity_mw": 60,
                                   "variable_cost_cny_per_mwh": 300}],
                      lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 30}],
                      loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B", "unserved_cost_cny_per_mwh": 1}],
                      policies={"guaranteed_purchase": {}})
    results = gm.solve(case)
    assert float(results.dispatch["unserved"].sum()) == pytest.approx(0)
    assert generation(results) == pytest.approx({"dam": 40, "coal": 30})
    without = gm.solve(case.replace(scenario=case.scenario.model_copy(update={"policies": {}})))
    assert float(without.dispatch["unserved"].sum()) == pytest.approx(30)  # by cost: 1 CNY is less than coal's 300


def test_tight_corridor_is_given_to_the_higher_class():
    """West exports at most 50 MW: its stream (rank 2) goes before its wind (rank 4), however cheap the wind. By cost alone the
    wind would give 40 MW and the stream 10."""
    case = small_case(1, series={"load": {"l": 100}},
                      generators=[{"generator": "stream", "zone": "West", "technology": "hydro_run_of_river", "capacity_mw": 40,
                                   "purchase_class": "hydro", "variable_cost_cny_per_mwh": 80},
                                  {"generator": "wind", "zone": "West", "technology": "wind_onshore", "capacity_mw": 40,
                                   "purchase_class": "guaranteed", "guaranteed_hours": 8760},
                                  {"generator": "coal", "zone": "East", "technology": "coal", "capacity_mw": 100,
                                   "variable_cost_cny_per_mwh": 300}],
                      lines=[{"line": "WE", "from_zone": "West", "to_zone": "East", "capacity_mw": 50}],
                      loads=[{"load": "l", "zone": "East"}], policies={"guaranteed_purchase": {}})
    assert generation(gm.solve(case)) == pytest.approx({"stream": 40, "wind": 10, "coal": 50})
    case = case.replace(scenario=case.scenario.model_copy(update={"policies": {"guaranteed_purchase": False}}))
    assert generation(gm.solve(case)) == pytest.approx({"stream": 10, "wind": 40, "coal": 50})


def test_guaranteed_quantity_is_energy_of_the_year_share():
    """876 h a year are 10 %: of 60 MW over 10 hours 60 MWh are guaranteed. Coal is cheaper, so exactly that is taken.
    Without the rank nothing would be."""
    case = small_case(10, series={"load": {"l": 100}},
                      generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 60,
                                   "purchase_class": "guaranteed", "guaranteed_hours": 876, "variable_cost_cny_per_mwh": 400},
                                  {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 500,
                                   "variable_cost_cny_per_mwh": 300}],
                      loads=[{"load": "l", "zone": "A"}], policies={"guaranteed_purchase": {}})
    results = gm.solve(case)
    assert float(results.dispatch["generation"].sel(generator="wind").sum()) == pytest.approx(60)
    order = results.tables["purchase_order"].set_index("purchase_class")
    assert order.loc["guaranteed", ["available_mwh", "taken_mwh"]].tolist() == pytest.approx([60, 60])
    case = case.replace(scenario=case.scenario.model_copy(update={"policies": {}}))
    assert float(gm.solve(case).dispatch["generation"].sel(generator="wind").sum()) == pytest.approx(0)


def test_steps_of_two_hours_are_two_hours_of_energy():
    """The same guarantee of 60 MWh in five steps of two hours, with a stream of 40 MW before it: of 1000 MWh all are served, and 900
    where coal has 50 MW and wind is gone; a stream of 140 MW alone serves them and leaves 400. Counted by steps alone, twice the 60 MWh
    would be taken, and half of all be told."""
    case = small_case(5, step_hours=2.0, series={"load": {"l": 100}},
                      generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 60,
                                   "purchase_class": "guaranteed", "guaranteed_hours": 876, "variable_cost_cny_per_mwh": 400},
                                  {"generator": "stream", "zone": "A", "technology": "hydro_run_of_river", "capacity_mw": 40,
                                   "purchase_class": "hydro"},
                                  {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 500,
                                   "variable_cost_cny_per_mwh": 300}],
                      loads=[{"load": "l", "zone": "A"}], policies={"guaranteed_purchase": {}})
    results = gm.solve(case)
    assert float(2 * results.dispatch["generation"].sel(generator="wind").sum()) == pytest.approx(60)
    order = results.tables["purchase_order"].set_index("purchase_class")
    assert order["taken_mwh"].to_dict() == pytest.approx({"load": 1000, "hydro": 400, "guaranteed": 60})
    small = case.replace(generators=case.tables["generators"].query("generator != 'wind'").assign(
        capacity_mw=lambda table: table["capacity_mw"].where(table["generator"] != "coal", 50)))
    order = gm.solve(small).tables["purchase_order"].set_index("purchase_class")
    assert order["taken_mwh"].to_dict() == pytest.approx({"load": 900, "hydro": 400})
    rich = case.replace(generators=case.tables["generators"].query("generator != 'wind'").assign(
        capacity_mw=lambda table: table["capacity_mw"].where(table["generator"] != "stream", 140)))
    order = gm.solve(rich).tables["purchase_order"].set_index("purchase_class").loc["hydro"]
    assert order[["available_mwh", "taken_mwh"]].tolist() == pytest.approx([1400, 1000])


def test_more_than_what_is_guaranteed_may_be_taken():
    """Wind that costs nothing is taken beside coal for as long as it blows: 600 MWh, of which 60 are guaranteed. Were
    the guarantee all that is bought, 60."""
    case = small_case(10, series={"load": {"l": 100}},
                      generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 60,
                                   "purchase_class": "guaranteed", "guaranteed_hours": 876},
                                  {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 500,
                                   "variable_cost_cny_per_mwh": 300}],
                      loads=[{"load": "l", "zone": "A"}], policies={"guaranteed_purchase": {}})
    assert float(gm.solve(case).dispatch["generation"].sel(generator="wind").sum()) == pytest.approx(600)


def test_what_each_generator_sells_under_guarantee_and_to_the_market():
    """Load takes 250 of 5 x 60 MW for two hours. Of the wind's 120 MWh 4380 hours guarantee 60, the sun is all market; of dam, stream
    and wood every MWh is bought. Were only sums by class told, nobody could say whose energy is guaranteed."""
    case = rich_zone(load=250, costs={"wind": 1, "sun": 2})
    case = case.replace(generators=case.tables["generators"].assign(guaranteed_hours=[np.nan] * 3 + [4380, np.nan, np.nan]))
    results = gm.solve(case)
    table = results.tables["guaranteed_purchase"]
    assert table.columns.tolist() == ["generator", "zone", "purchase_class", "year", "guaranteed_mwh", "generated_mwh", "bought_mwh",
                                      "market_mwh", "shortfall_mwh"]
    table = table.set_index("generator").drop(columns=["zone", "purchase_class", "year"])
    assert list(table.index) == list(CLASSES)
    assert table.loc["wood"].tolist() == pytest.approx([120, 120, 120, 0, 0])
    assert table.loc["wind"].tolist() == pytest.approx([60, 120, 60, 60, 0])
    assert table.loc["sun"].tolist() == pytest.approx([0, 20, 0, 20, 0])
    assert results.summary["audit"]["passed"]


def test_shortfall_of_each_generator():
    """150 MW of load: dam and stream are taken, 30 of 60 MW of wood, no wind: 60 MWh of the one, 120 of the other are short. By cost
    alone, the first being dearest here, dam and stream would be short of 120 each, wood of 60 and the wind of nothing."""
    results = gm.solve(rich_zone(load=150, costs={"dam": 50, "stream": 40, "wood": 30, "wind": 20, "sun": 10}))
    table = results.tables["guaranteed_purchase"].set_index("generator")
    assert table["bought_mwh"].tolist() == pytest.approx([120, 120, 60, 0, 0])
    assert table["shortfall_mwh"].tolist() == pytest.approx([0, 0, 60, 120, 0])


def test_leap_year_counts_its_hours():
    """In 2028 (8,784 h) the same hours guarantee a little less of each day. 163.9 MWh of 60 MW; counted by 8,760 h they would
    be 164.4."""
    def taken(start):
        case = small_case(24, series={"load": {"l": 100}}, start=start,
                          generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 60,
                                       "purchase_class": "guaranteed", "guaranteed_hours": 1000, "variable_cost_cny_per_mwh": 9},
                                      {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 500}],
                          loads=[{"load": "l", "zone": "A"}], policies={"guaranteed_purchase": {}})
        return float(gm.solve(case).dispatch["generation"].sel(generator="wind").sum())
    assert taken("2027-01-01") == pytest.approx(60 * 1000 * 24 / 8760)
    assert taken("2028-01-01") == pytest.approx(60 * 1000 * 24 / 8784)


def test_switched_off_it_leaves_no_row():
    case = rich_zone()
    on, off = (gm.compile_program(gm.build_model(one)) for one in (
        case, case.replace(scenario=case.scenario.model_copy(update={"policies": {"guaranteed_purchase": False}}))))
    assert "guaranteed_purchase.guaranteed_quantity" in on.rows
    assert not [name for name in (*off.rows, *off.columns) if "guaranteed_purchase" in name]


def test_a_broken_order_fails_loudly(monkeypatch):
    """An audit that compares with an optimum that cannot be reached must stop the run."""
    monkeypatch.setattr(guaranteed_purchase, "PRECISION", -1.0)
    with pytest.raises(AuditError, match="order of purchase: load"):
        gm.solve(rich_zone())


def shuffled(case: Case, seed: int) -> Case:
    """The same case with the rows of every table in another order."""
    random = np.random.default_rng(seed)
    return case.replace(**{name: table.iloc[random.permutation(len(table))].reset_index(drop=True)
                           for name, table in case.tables.items()})


@pytest.mark.parametrize("method", ["simplex", "ipx", "hipo"])
def test_one_dispatch_whatever_method_threads_or_order_of_rows(method):
    """Four equal coal plants and two equal stores have many optimal dispatches; names alone choose among them."""
    case = small_case(
        8, series={"load": {"l": [100, 120, 160, 200, 180, 150, 110, 90]}, "availability": {"w": [1, 0.5, 0.2, 0, 0.3, 0.6, 1, 1]}},
        generators=[{"generator": f"coal {n}", "zone": "A", "technology": "coal", "capacity_mw": 80,
                     "variable_cost_cny_per_mwh": 300} for n in range(4)]
        + [{"generator": "w", "zone": "A", "technology": "wind_onshore", "capacity_mw": 150, "purchase_class": "guaranteed",
            "guaranteed_hours": 2000}],
        storage=[{"storage": f"s{n}", "zone": "A", "technology": "lithium_ion", "power_mw": 30, "energy_mwh": 60,
                  "charge_efficiency": 0.9, "discharge_efficiency": 0.9} for n in range(2)],
        loads=[{"load": "l", "zone": "A"}], policies={"guaranteed_purchase": {}})
    reference = gm.solve(case).dispatch
    for seed, threads in ((1, 1), (2, 2)):
        solve = case.scenario.solve.model_copy(update={"method": method, "threads": threads})
        other = shuffled(case, seed)
        other = other.replace(scenario=other.scenario.model_copy(update={"solve": solve}))
        found = gm.solve(other).dispatch
        for name in ("generation", "charge", "discharge", "state_of_charge"):
            dimension = reference[name].dims[0]
            assert found[name].sel({dimension: reference[dimension]}).values == pytest.approx(reference[name].values, abs=1e-4)


@pytest.mark.parametrize("mode", ["exact", "weighted"])
def test_the_order_in_random_zones(random, mode):
    """Fifty zones side by side, each with a load and an order of costs of its own. The greedy order by eye: each class takes what
    the ones before it leave of the load."""
    zones = 50
    loads, orders = random.integers(0, 321, zones), [random.permutation(len(CLASSES)) for _ in range(zones)]
    generators = [{"generator": f"{name} {zone}", "zone": f"zone {zone}", "technology": technology, "purchase_class": bought,
                   "capacity_mw": 60, "variable_cost_cny_per_mwh": int(cost), **({"guaranteed_hours": 8760} if name == "wind" else {})}
                  for zone in range(zones) for (name, (technology, bought)), cost in zip(CLASSES.items(), orders[zone], strict=True)]
    generators += [{"generator": f"coal {zone}", "zone": f"zone {zone}", "technology": "coal", "capacity_mw": 500,
                    "variable_cost_cny_per_mwh": 300} for zone in range(zones)]
    results = gm.solve(small_case(1, series={"load": {f"load {zone}": load for zone, load in enumerate(loads)}}, generators=generators,
                                  loads=[{"load": f"load {zone}", "zone": f"zone {zone}"} for zone in range(zones)],
                                  policies={"guaranteed_purchase": {"mode": mode}}))
    found = generation(results)
    for zone, left in enumerate(loads.astype(float)):
        for name in ("dam", "stream", "wood", "wind"):
            assert found[f"{name} {zone}"] == pytest.approx(min(60.0, left), abs=1e-6), (zone, name)
            left -= min(60.0, left)


def test_model_expands():
    model = gm.build_model(rich_zone(), concrete=True)
    assert len(model.guaranteed_purchase.guaranteed_quantity) == 1
    assert solved(rich_zone()).status == "Optimal"
