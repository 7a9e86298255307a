"""Prices are explained by parts that add up to them, and by the margin that sets them.

That parts add up is an identity of the programme and holds at any margin; so it is also asked that the margin is one:
nothing of a price is put down to a column that stands at its limit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_case

from grid_model import pipeline
from grid_model.algebra import compile_program
from grid_model.errors import InputError
from grid_model.formulation import build_model
from grid_model.results.explain.optimum import of_solved
from grid_model.results.explain.price import explain_price
from grid_model.results.explain.told import why_price
from grid_model.solve.solved import solve_model

SCENARIOS = Path(__file__).parents[2] / "scenarios"
LOAD = [{"load": "东部负荷", "zone": "东部", "unserved_cost_cny_per_mwh": 9000}]
COAL = {"generator": "煤电", "zone": "东部", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}


def optimum_of(case):
    """The optimum of a case, from the solver."""
    model = build_model(case)
    return of_solved(solve_model(case, model, compile_program(model)))


def parts(case, zone="东部", step=0):
    """Parts by kind, their margin's name and zone, and the price [CNY/MWh]."""
    price = explain_price(optimum_of(case), zone, step)
    found = {}
    for part in price.parts:
        found[part.kind] = found.get(part.kind, 0.0) + part.value
    assert sum(found.values()) == pytest.approx(price.price, rel=1e-6, abs=1e-6)
    return {kind: value for kind, value in found.items() if abs(value) > 1e-6}, price.margin, price.price


def demand_explained(case, optimum):
    """Every price of a case: parts that add up within 1e-6, and a margin."""
    for zone in case.zones:
        for step in range(case.steps):
            price = explain_price(optimum, zone, step)
            if price.margin is None:
                continue
            assert sum(part.value for part in price.parts) == pytest.approx(price.price, rel=1e-6, abs=1e-6)
            assert sum(abs(part.value) for part in price.parts if part.kind == "limit") < 1e-3, (zone, step)


def test_cost_of_the_unit_at_the_margin():
    """Coal at 300 serves 60 MW alone: all of the price is its cost."""
    found, margin, price = parts(small_case(1, series={"load": {"东部负荷": 60}}, loads=LOAD, generators=[COAL]))
    assert (
        found == {"cost": pytest.approx(300)}
        and (margin.family, margin.name) == ("thermal.generation", "煤电")
        and price == pytest.approx(300)
    )


def test_losses_and_cost_of_a_corridor():
    """Coal in the west at 300 over a line that loses 10 % and costs 20 per MWh sent: a MWh in the east takes 1 / 0.9
    of both, 322.2 + 22.2, so losses are 300 (1 / 0.9 - 1) = 33.33. Without the loss part the parts would lack a tenth
    of the price.
    """
    case = small_case(
        1,
        series={"load": {"东部负荷": 60}},
        loads=LOAD,
        generators=[COAL | {"zone": "西部"}],
        lines=[
            {
                "line": "西东",
                "from_zone": "西部",
                "to_zone": "东部",
                "capacity_mw": 90,
                "loss_fraction": 0.1,
                "cost_cny_per_mwh": 20,
            }
        ],
    )
    found, margin, price = parts(case)
    assert found == {
        "cost": pytest.approx(300),
        "losses": pytest.approx(300 / 0.9 - 300),
        "cost of sending": pytest.approx(20 / 0.9),
    }
    assert (margin.zone, margin.corridors) == ("西部", ("西东",)) and price == pytest.approx(320 / 0.9)


def test_a_full_corridor_is_named_with_its_worth():
    """30 MW come over a full line from coal at 300, gas at 500 serves the rest: a MW more of the line would be worth
    200.
    """
    case = small_case(
        1,
        series={"load": {"东部负荷": 60}},
        loads=LOAD,
        generators=[
            COAL | {"zone": "西部"},
            COAL | {"generator": "燃气", "technology": "gas", "variable_cost_cny_per_mwh": 500},
        ],
        lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 30}],
    )
    said = str(why_price(optimum_of(case), "东部", 0))
    assert "'西东' is full (30 MW; 西部 pays 300.00): a MW more would be worth 200.00." in said
    assert "'燃气', generating 30 MW" in said and "500.00 CNY/MWh" in said


def test_unserved_load_sets_the_price():
    found, margin, _ = parts(small_case(1, series={"load": {"东部负荷": 160}}, loads=LOAD, generators=[COAL]))
    assert found == {"unserved energy": pytest.approx(9000)} and margin.family == "loads.unserved"


def test_stored_energy_is_worth_what_it_gives_later():
    """A battery (90 % back) charges from the 10 MW that coal at 300 has left at 00:00 and so saves oil at 900 at
    01:00. A MWh less for it at 00:00 costs 0.9 x 900 = 810: that is the price there, and all of it is stored energy."""
    case = small_case(
        2,
        series={"load": {"东部负荷": [90, 150]}},
        loads=LOAD,
        generators=[COAL, COAL | {"generator": "油", "technology": "gas", "variable_cost_cny_per_mwh": 900}],
        storage=[
            {
                "storage": "电池",
                "zone": "东部",
                "technology": "lithium_ion",
                "power_mw": 50,
                "energy_mwh": 50,
                "cyclic": False,
                "initial_fraction": 0,
                "charge_efficiency": 0.9,
            }
        ],
    )
    found, margin, price = parts(case)
    assert (
        found == {"storage": pytest.approx(810)} and margin.family == "storage.charge" and price == pytest.approx(810)
    )
    assert "2027-01-01 01:00: '电池' discharges at 900.00." in str(why_price(optimum_of(case), "东部", 0))


def test_water_is_worth_what_it_saves_in_the_month():
    """A budget of 20 MWh; coal at 300 is away at 01:00, where water alone serves 10 MW. A MWh more there is one less
    at 00:00, where coal serves it: water is worth 300, and all of the price at 01:00 is water."""
    case = small_case(
        2,
        series={"load": {"东部负荷": [90, 10]}, "energy_budget": {"水电": 10}, "availability": {"煤电": [1, 0]}},
        loads=LOAD,
        generators=[COAL, {"generator": "水电", "zone": "东部", "technology": "hydro_run_of_river", "capacity_mw": 60}],
    )
    found, margin, price = parts(case, step=1)
    assert found == {"water": pytest.approx(300)} and price == pytest.approx(300) and margin.name == "水电"


def test_ramps_are_a_part():
    """Coal may rise 20 MW an hour from 40; at 01:00 it can reach 60 of the 70 asked, oil at 900 gives 10. A MWh more
    at 00:00 is served by coal at 300, which may then be a MW higher at 01:00 and saves 600 there: the price is -300."""
    case = small_case(
        2,
        series={"load": {"东部负荷": [40, 70]}},
        loads=LOAD,
        generators=[
            COAL | {"ramp_up_fraction_per_hour": 0.2},
            COAL | {"generator": "油", "technology": "gas", "variable_cost_cny_per_mwh": 900},
        ],
    )
    found, margin, price = parts(case)
    assert (
        found == {"cost": pytest.approx(300), "ramp": pytest.approx(-600)}
        and price == pytest.approx(-300)
        and margin.name == "煤电"
    )


def test_carbon_is_a_part():
    """Coal emits 0.8 t/MWh, 95 % covered by allowances at 75 CNY/t, the rest by reductions at 70.76."""
    case = small_case(
        1,
        series={"load": {"东部负荷": 60}},
        loads=LOAD,
        generators=[COAL | {"emissions_t_per_mwh": 0.8}],
        policies={"carbon_market": {"allowance_price_cny_per_t": 75}},
    )
    found, _, price = parts(case)
    carbon = 0.8 * (0.95 * 75 + 0.05 * 70.76)
    assert found == {"cost": pytest.approx(300), "carbon": pytest.approx(carbon)} and price == pytest.approx(
        300 + carbon
    )


def test_the_order_of_purchase_is_a_part():
    """Wind at 500 is guaranteed 30 MWh, coal costs 300. At 01:00 there is only wind: a MWh more of it there is one
    less at 00:00, as no more than 30 are bought, and coal serves that: the price is 300, which is 500 less 200 for the
    order of purchase.
    """
    case = small_case(
        2,
        series={"load": {"东部负荷": [60, 20]}, "availability": {"煤电": [1, 0]}},
        loads=LOAD,
        generators=[
            COAL,
            {
                "generator": "风电",
                "zone": "东部",
                "technology": "wind_onshore",
                "capacity_mw": 30,
                "variable_cost_cny_per_mwh": 500,
                "purchase_class": "guaranteed",
                "guaranteed_hours": 4380,
            },
        ],
        policies={"guaranteed_purchase": True},
    )
    found, margin, price = parts(case, step=1)
    assert found == {"cost": pytest.approx(500), "order of purchase": pytest.approx(-200)} and margin.name == "风电"
    assert "-200.00  it counts towards the purchase guaranteed to '风电'" in str(why_price(optimum_of(case), "东部", 1))


def test_reserve_is_a_part():
    """100 MW of coal serve 97 and should keep 9.7 of reserve: a MWh more takes a MW of what reserve there is, whose
    lack costs 3,500.
    """
    case = small_case(
        1,
        series={"load": {"东部负荷": 97}},
        loads=LOAD,
        generators=[COAL],
        policies={
            "reserves": {
                "up_load_share": 0.1,
                "down_load_share": 0,
                "infeed": "none",
                "shortfall_cost_cny_per_mwh": 3500,
            }
        },
    )
    found, margin, price = parts(case)
    assert (
        found == {"cost": pytest.approx(300), "reserve": pytest.approx(3500)}
        and price == pytest.approx(3800)
        and margin.name == "煤电"
    )


def test_loop_flow_of_the_published_case():
    """Three buses, one narrow line: -60 at Bus1 is the 20 of Gen2 less 80 for what the loop does to the full line."""
    optimum = optimum_of(pipeline.load_case(SCENARIOS / "three_bus_loop.yaml"))
    price = explain_price(optimum, "Bus1", 0)
    assert {part.kind: round(part.value, 6) for part in price.parts if part.value} == {"cost": 20, "network": -80}
    assert "'Line13' is full (10 MW; Bus3 pays 100.00)" in str(why_price(optimum, "Bus1", 0))


@pytest.mark.parametrize("name", ["two_zone", "three_bus_loop"])
def test_parts_of_all_prices_of_the_small_grids(name):
    results = pipeline.solve(pipeline.load_case(SCENARIOS / f"{name}.yaml"))
    optimum = optimum_of(results.case)
    demand_explained(results.case, optimum)
    explained = [
        explain_price(optimum, zone, step).price for zone in results.case.zones for step in range(results.case.steps)
    ]
    assert explained == pytest.approx(results.dispatch["price"].values.reshape(-1))


def test_parts_of_all_prices_of_five_provinces_with_every_rule():
    """A day of the Northwest with ranks, certificates, carbon and reserves: 120 prices."""
    rules = (
        "policies.green_certificates={shortfall_penalty_cny_per_mwh: 100, ccer_price_cny_per_t: 70.76, "
        "ccer_factor_t_per_mwh: 0.5306}",
        "policies.carbon_market={allowance_price_cny_per_t: 75}",
        "policies.reserves={}",
        "horizon.hours=24",
    )
    case = pipeline.load_case(SCENARIOS / "five_province_week.yaml", overrides=rules)
    optimum = optimum_of(case)
    demand_explained(case, optimum)
    kinds = {
        part.kind
        for zone in case.zones
        for step in range(case.steps)
        for part in explain_price(optimum, zone, step).parts
        if abs(part.value) > 1
    }
    assert {"cost", "carbon", "water"} <= kinds


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_parts_of_all_prices_of_random_grids(seed):
    random = np.random.default_rng(seed)
    zones, steps = ["甲", "乙", "丙"], 4
    plants = [
        {
            "generator": f"g{at}",
            "zone": zones[at % 3],
            "technology": ["coal", "gas", "wind_onshore"][at % 3 if at < 4 else 0],
            "capacity_mw": float(random.integers(20, 120)),
            "variable_cost_cny_per_mwh": float(random.integers(-20, 600)),
            "min_output_fraction": float(random.choice([0, 0.3])),
            "ramp_up_fraction_per_hour": float(random.choice([0.2, 1])),
            "start_cost_cny_per_mw": float(random.choice([0, 50])),
        }
        for at in range(6)
    ]
    lines = [
        {
            "line": f"{one}{other}",
            "from_zone": one,
            "to_zone": other,
            "capacity_mw": float(random.integers(0, 60)),
            "loss_fraction": float(random.choice([0, 0.05])),
            "cost_cny_per_mwh": float(random.choice([0, 3])),
            "kind": kind,
            **({"reactance_pu": 1.0} if kind == "ac" else {}),
        }
        for (one, other), kind in zip(
            (("甲", "乙"), ("乙", "丙"), ("甲", "丙")), ["ac" if random.random() < 0.5 else "transport"] * 3
        )
    ]
    case = small_case(
        steps,
        series={
            "load": {zone: random.integers(20, 150, steps) for zone in zones},
            "availability": {"g2": random.random(steps)},
        },
        loads=[{"load": zone, "zone": zone} for zone in zones],
        generators=plants,
        lines=lines,
        storage=[
            {
                "storage": "s",
                "zone": "乙",
                "technology": "lithium_ion",
                "power_mw": 20,
                "energy_mwh": 40,
                "charge_efficiency": 0.9,
                "wear_cost_cny_per_mwh": 1,
            }
        ],
    )
    demand_explained(case, optimum_of(case))


def test_a_zone_with_nothing_connected_has_no_price():
    case = small_case(
        1, series={"load": {"东部负荷": 60}}, loads=LOAD, generators=[COAL], zones=[{"zone": "东部"}, {"zone": "空"}]
    )
    assert "nothing is connected" in str(why_price(optimum_of(case), "空", 0))


@pytest.mark.parametrize(
    ("zone", "time", "said"),
    [
        ("东", "2027-01-01", "did you mean 东部"),
        ("东部", "2028-01-01", "a time from"),
        ("东部", "yesterday", "a time from"),
        ("东部", "2027-01-01T00:00+08:00", "a time from"),
    ],
)
def test_wrong_places_are_refused(zone, time, said):
    results = pipeline.solve(small_case(1, series={"load": {"东部负荷": 60}}, loads=LOAD, generators=[COAL]))
    with pytest.raises(InputError, match=said):
        results.explain(zone, time)
