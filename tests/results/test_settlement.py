"""Settlement by hand: who is paid what, and that it sums to zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small import small_case

import grid_model as gm
from grid_model.results.audit import audit
from grid_model.results.derived import derive
from grid_model.results.settlement import settle

COAL = {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}
WIND = {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 50}
GAS = {"generator": "gas", "zone": "B", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 500}
ZONES = [{"zone": "A", "benchmark_tariff_cny_per_mwh": 350}, {"zone": "B", "benchmark_tariff_cny_per_mwh": 450}]
LINE = {
    "line": "A-B",
    "from_zone": "A",
    "to_zone": "B",
    "capacity_mw": 30,
    "reverse_capacity_mw": 0,
    "loss_fraction": 0.1,
}


def grid(
    generators=(COAL, WIND, GAS), policy=None, steps=2, load_a=60.0, load_b=70.0, wind=0.4, policies=None, **tables
):
    """Two zones; A sends its cheap coal power to B over a line of 30 MW that is full. Prices are 300 in A and 500 in
    B."""
    series = {"load": {"a": load_a, "b": load_b}, "availability": {"wind": wind}}
    loads = [{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}]
    options = {"start": tables.pop("start", "2027-01-01"), "step_hours": tables.pop("step_hours", 1.0)}
    policies = (policies or {}) | ({} if policy is None else {"settlement": policy})
    return small_case(
        steps,
        series=series,
        policies=policies,
        generators=list(generators),
        **({"zones": ZONES, "loads": loads, "lines": [LINE]} | tables),
        **options,
    )


def amounts(case) -> pd.Series:
    """Amount of each party and item; the sum is zero, and what is left for balance is nothing."""
    results = gm.solve(case)
    table = settle(case, results.dispatch, results.tables)
    assert table.columns.tolist() == ["party", "zone", "item", "energy_mwh", "amount_cny"]
    amount = table.set_index(["party", "item"])["amount_cny"]
    assert abs(amount.sum()) <= 1e-6 * amount.abs().sum()
    assert abs(amount["market", "balance"]) <= 1e-6 * amount.abs().sum()
    return amount


def test_energy_and_congestion_rent_by_hand():
    """Two hours: A makes 90 MW (20 of wind) at 300, B gets 27 of the 30 MW sent and makes 43 at 500. Loads pay 36,000
    and 70,000, plants get 12,000, 42,000 and 43,000, the line 2 x (27 x 500 - 30 x 300) = 9,000. Without the loss it
    would be 12,000, without the rent 9,000 of the bill would go to nobody."""
    amount = amounts(grid())
    assert amount["wind", "market"] == pytest.approx(2 * 20 * 300)
    assert amount["coal", "market"] == pytest.approx(2 * 70 * 300)
    assert amount["gas", "market"] == pytest.approx(2 * 43 * 500)
    assert amount["A-B", "congestion_rent"] == pytest.approx(2 * (27 * 500 - 30 * 300))
    assert amount["a", "energy"] == pytest.approx(-2 * 60 * 300) and amount["b", "energy"] == pytest.approx(
        -2 * 70 * 500
    )


def test_hours_are_weighted_by_their_length():
    """Steps of half an hour pay half, 18,000 CNY; taken for hours 36,000."""
    assert amounts(grid(step_hours=0.5))["a", "energy"] == pytest.approx(-60 * 300)


def test_a_step_that_stands_for_four_counts_four_times():
    """The second hour stands for four: 5 hours of the prices and powers of two. Everything is 5/2 of what two hours
    settle, the guaranteed part too. Were weights ignored, loads would pay for 2 of the 5 hours that the cost counts."""
    wind = WIND | {"purchase_class": "guaranteed", "guaranteed_hours": 876}
    case = grid([COAL, wind, GAS], policies={"guaranteed_purchase": False})
    weighted = replace(case, step_weights=np.array([1.0, 4.0]))
    amount = amounts(weighted)
    assert amount["a", "energy"] == pytest.approx(-5 * 60 * 300)
    assert amount["A-B", "congestion_rent"] == pytest.approx(5 * (27 * 500 - 30 * 300))
    assert amount["wind", "guaranteed"] == pytest.approx(5 * 50 * 876 / 8760 * 350)
    assert amount["wind", "market"] == pytest.approx(5 * (20 - 5) * 300)
    results = gm.solve(weighted)
    energy = results.tables["settlement"].set_index(["party", "item"])["energy_mwh"]
    assert energy["gas", "market"] == pytest.approx(5 * 43) == results.energy()["gas"]
    assert results.summary["audit"]["passed"]
    carbon = results.tables["carbon_factors"].set_index("area")
    assert carbon.loc["A", "generation_mwh"] == pytest.approx(5 * 90)
    assert carbon.loc["China", "consumption_emissions_t"] == pytest.approx(carbon.loc["China", "production_emissions_t"])


def test_the_audit_sees_a_weight_that_the_settlement_forgot():
    """The amounts of two plain hours, given to a case whose second hour counts twice. Of B's bill 35,000 CNY are missing, of the line's
    rent 4,500."""
    results = gm.solve(replace(grid(), step_weights=np.array([1.0, 2.0])))
    plain = gm.solve(grid()).tables["settlement"]
    found = audit(results.case, results.dispatch, results.tables | {"settlement": plain}, results.summary)
    assert {"settlement: market", "settlement: energy", "settlement: congestion_rent"} <= set(found.loc[~found["passed"], "law"])


def test_a_line_that_runs_backwards_earns_too():
    """The same line written from B to A, its flow negative: the rent is the same. Were its direction not asked, it would lose 13,800
    CNY."""
    back = {
        "line": "A-B",
        "from_zone": "B",
        "to_zone": "A",
        "capacity_mw": 0,
        "reverse_capacity_mw": 30,
        "loss_fraction": 0.1,
    }
    assert amounts(grid(lines=[back]))["A-B", "congestion_rent"] == pytest.approx(9_000)


def test_unserved_load_does_not_pay():
    """B asks for 150 MW and gets 127: it pays for these, at the value of what is missing, 30,000. Paying for all
    that it asks for would be 1.38 million CNY more for the 46 MWh that it never got."""
    assert amounts(grid(load_b=150.0))["b", "energy"] == pytest.approx(-2 * 127 * 30_000)


def test_guaranteed_energy_is_paid_its_price_and_the_rest_the_markets():
    """876 hours a year are 50 x 876 x 2 / 8760 = 10 MWh in two hours, of 40 generated: 10 x 350 and 30 x 300. The
    loads of A bear 10 x 50. Were all at market, wind would get 12,000; all under guarantee, 14,000."""
    wind = WIND | {"purchase_class": "guaranteed", "guaranteed_hours": 876}
    amount = amounts(grid([COAL, wind, GAS]))
    assert amount["wind", "guaranteed"] == pytest.approx(3_500)
    assert amount["wind", "market"] == pytest.approx(9_000)
    assert amount["a", "guaranteed"] == pytest.approx(-500)
    assert ("b", "guaranteed") not in amount


def test_guaranteed_energy_is_no_more_than_what_is_generated():
    """6000 hours would be 68.5 MWh, 40 are generated: 14,000 CNY. Without the limit 23,973."""
    wind = WIND | {"purchase_class": "guaranteed", "guaranteed_hours": 6000}
    assert amounts(grid([COAL, wind, GAS]))["wind", "guaranteed"] == pytest.approx(40 * 350)


def test_full_purchase_is_paid_in_full_and_a_price_of_its_own_goes_first():
    """All 40 MWh at 400 instead of the benchmark, which would be 14,000 CNY, or of the market, 12,000; the loads of A bear 40 x 100."""
    wind = WIND | {"purchase_class": "full_purchase", "guaranteed_price_cny_per_mwh": 400}
    amount = amounts(grid([COAL, wind, GAS]))
    assert amount["wind", "guaranteed"] == pytest.approx(16_000) and amount["wind", "market"] == pytest.approx(0)
    assert amount["a", "guaranteed"] == pytest.approx(-4_000)


def new(**columns):
    """Wind in operation since 2026, with what it won by bidding."""
    return (
        WIND
        | {"purchase_class": "guaranteed", "guaranteed_hours": 6000, "commissioned": pd.Timestamp("2026-01-01")}
        | columns
    )


def test_mechanism_pays_the_difference_both_ways():
    """Half of 40 MWh at 360 against a market of 300: 20 x 60 to the plant from the loads of A; at 250: 20 x 50 back.
    Without the mechanism the plant has its 12,000 from the market at either price."""
    for price, difference in ((360, 1_200), (250, -1_000)):
        wind = new(mechanism_share=0.5, mechanism_price_cny_per_mwh=price)
        amount = amounts(grid([COAL, wind, GAS]))
        assert amount["wind", "market"] == pytest.approx(12_000)
        assert amount["wind", "mechanism"] == pytest.approx(difference)
        assert amount["a", "mechanism"] == pytest.approx(-difference)
        assert ("wind", "guaranteed") not in amount


def test_plant_from_before_the_mechanism_is_bought_under_guarantee():
    """The same columns on plant of May 2025 settle by guaranteed purchase, unless the scenario puts all under the
    mechanism: then at its scale and the benchmark, 40 x (350 - 300). Were the date not asked, the plant would lose its 14,000 and be at
    the market for 12,000."""
    wind = new(commissioned=pd.Timestamp("2025-05-31"))
    assert amounts(grid([COAL, wind, GAS]))["wind", "guaranteed"] == pytest.approx(14_000)
    amount = amounts(grid([COAL, wind, GAS], policy={"regime": "mechanism"}))
    assert amount["wind", "mechanism"] == pytest.approx(2_000) and ("wind", "guaranteed") not in amount
    assert ("wind", "guaranteed") in amounts(grid([COAL, new(), GAS], policy={"regime": "guaranteed"}))


def test_plant_from_before_the_mechanism_gets_no_more_than_the_benchmark():
    """A mechanism price of 420 given to plant of May 2025, all of it under the mechanism: 40 x (350 - 300), at the benchmark, and
    not 40 x 120. Later plant has the 420 that it won."""
    old = new(commissioned=pd.Timestamp("2025-05-31"), mechanism_share=1.0, mechanism_price_cny_per_mwh=420)
    assert amounts(grid([COAL, old, GAS], policy={"regime": "mechanism"}))["wind", "mechanism"] == pytest.approx(2_000)
    won = new(mechanism_share=1.0, mechanism_price_cny_per_mwh=420)
    assert amounts(grid([COAL, won, GAS], policy={"regime": "mechanism"}))["wind", "mechanism"] == pytest.approx(4_800)


def test_later_plant_that_won_nothing_is_all_at_market():
    """40 MWh at 300. Bought under guarantee, as before the mechanism, they would bring 14,000 CNY."""
    amount = amounts(grid([COAL, new(), GAS]))
    assert amount["wind", "market"] == pytest.approx(12_000)
    assert ("wind", "mechanism") not in amount and ("wind", "guaranteed") not in amount


def test_regime_market_knows_no_purchase():
    """Full purchase, too, is sold at the price of the zone, for 12,000 CNY; bought it would bring 14,000."""
    wind = WIND | {"purchase_class": "full_purchase"}
    assert amounts(grid([COAL, wind, GAS], policy={"regime": "market"}))["wind", "market"] == pytest.approx(12_000)


def two_prices(policy=None):
    """A alone, an hour of calm at 300 and one where wind of 80 % covers 40 of 45 MW and stores nothing: 300 and, with a
    cheap plant of 200 for the rest, 200."""
    cheap = {
        "generator": "cheap",
        "zone": "A",
        "technology": "gas",
        "capacity_mw": 30,
        "variable_cost_cny_per_mwh": 200,
    }
    wind = new(mechanism_share=1.0, mechanism_price_cny_per_mwh=350)
    return grid(
        [COAL, cheap, wind],
        policy=policy,
        load_a=[60.0, 45.0],
        wind=[0.2, 0.8],
        lines=[],
        zones=[ZONES[0]],
        loads=[{"load": "a", "zone": "A"}],
    )


def test_the_average_price_is_weighted_by_output_or_by_load():
    """10 MWh at 300 and 40 at 200. By output the average is 220 and the 50 MWh get 50 x 130; by load it is (60 x 300 +
    45 x 200) / 105 = 257.14 and they get 50 x 92.86. Unweighted the two hours would average 250, and pay 5,000."""
    assert amounts(two_prices())["wind", "mechanism"] == pytest.approx(50 * 130)
    by_load = amounts(two_prices({"average_price": "load"}))
    assert by_load["wind", "mechanism"] == pytest.approx(50 * (350 - 27_000 / 105))


def test_each_month_has_its_own_average():
    """The same two hours on either side of midnight of a month's end, 10 MWh at 300 and 40 at 200, by load: 10 x 50 and
    40 x 150. One average over both would give 4,643."""
    case = grid(
        [
            COAL,
            {
                "generator": "cheap",
                "zone": "A",
                "technology": "gas",
                "capacity_mw": 30,
                "variable_cost_cny_per_mwh": 200,
            },
            new(mechanism_share=1.0, mechanism_price_cny_per_mwh=350),
        ],
        policy={"average_price": "load"},
        load_a=[60.0, 45.0],
        wind=[0.2, 0.8],
        lines=[],
        zones=[ZONES[0]],
        loads=[{"load": "a", "zone": "A"}],
        start="2027-01-31T23:00:00",
    )
    assert amounts(case)["wind", "mechanism"] == pytest.approx(10 * 50 + 40 * 150)


def test_capacity_tariff_is_paid_by_the_loads():
    """100 MW of coal at 165 CNY/kW for two of 8760 hours; gas gets none, and the loads of A pay. Without it coal has
    its 42,000 from the market and not 3,767 more."""
    amount = amounts(grid(policy={"capacity_tariff_cny_per_kw": 165}))
    paid = 165 * 100_000 * 2 / 8760
    assert amount["coal", "capacity"] == pytest.approx(paid) and amount["a", "capacity"] == pytest.approx(-paid)
    assert ("gas", "capacity") not in amount


def test_loads_of_a_zone_share_by_what_they_are_served():
    """45 and 15 MW: three quarters and a quarter of 200,000 CNY; by heads it would be 100,000 each."""
    case = small_case(
        2,
        series={"load": {"a": 45.0, "c": 15.0}},
        zones=[ZONES[0]],
        generators=[COAL],
        loads=[{"load": "a", "zone": "A"}, {"load": "c", "zone": "A"}],
        policies={"settlement": {"capacity_tariff_cny_per_kw": 8760}},
    )
    amount = amounts(case)
    assert amount["a", "capacity"] == pytest.approx(-150_000) and amount["c", "capacity"] == pytest.approx(-50_000)


def test_a_zone_without_loads_has_a_grid_company():
    """What guaranteed purchase costs in a zone where nobody consumes stays with its grid company. Without it 4,000 CNY would be the
    plant's and nobody's to pay."""
    wind = WIND | {"zone": "C", "purchase_class": "full_purchase", "guaranteed_price_cny_per_mwh": 400}
    lines = [LINE, {"line": "C-A", "from_zone": "C", "to_zone": "A", "capacity_mw": 100}]
    amount = amounts(grid([COAL, wind, GAS], lines=lines, zones=[*ZONES, {"zone": "C"}]))
    assert amount["grid company", "guaranteed"] == pytest.approx(40 * (300 - 400))


def test_storage_earns_between_prices_and_programmes_what_they_spare():
    """A store moves 10 MWh from an hour at 60 to one at 5,000 CNY; a programme that sheds 5 is paid the price it avoids, 25,000.
    Without its part these 25,000 of the load's bill would be nobody's."""
    store = {"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 10}
    shed = {"programme": "p", "zone": "A", "kind": "shed", "power_mw": 5, "cost_cny_per_mwh": 1000}
    base = {
        "generator": "base",
        "zone": "A",
        "technology": "nuclear",
        "capacity_mw": 50,
        "variable_cost_cny_per_mwh": 60,
    }
    case = small_case(
        2,
        series={"load": {"a": [30.0, 65.0]}},
        zones=[ZONES[0]],
        generators=[base],
        storage=[store],
        demand_response=[shed],
        loads=[{"load": "a", "zone": "A", "unserved_cost_cny_per_mwh": 5000}],
    )
    results = gm.solve(case)
    price = results.dispatch["price"].values[0]
    amount = amounts(case)
    assert price.tolist() == pytest.approx([60, 5000]) and amount["s", "market"] == pytest.approx(10 * (5000 - 60))
    assert amount["p", "demand_response"] == pytest.approx(5 * 5000)
    assert amount["a", "energy"] == pytest.approx(-30 * 60 - 65 * 5000)


def test_orderly_use_is_not_paid_for():
    """5 of 55 MW are taken from the load by order: it pays for 50, 100,000 CNY. For all that it asks for it would be 110,000."""
    order = {"programme": "o", "zone": "A", "kind": "orderly_use", "power_mw": 10, "cost_cny_per_mwh": 2000}
    base = {
        "generator": "base",
        "zone": "A",
        "technology": "nuclear",
        "capacity_mw": 50,
        "variable_cost_cny_per_mwh": 60,
    }
    case = small_case(
        1,
        series={"load": {"a": [55.0]}},
        zones=[ZONES[0]],
        generators=[base],
        demand_response=[order],
        loads=[{"load": "a", "zone": "A", "unserved_cost_cny_per_mwh": 5000}],
    )
    assert amounts(case)["a", "energy"] == pytest.approx(-50 * 2000)


def test_allowances_offsets_and_fines():
    """Coal of 1.0 t/MWh emits 140 t, gets 112 and buys the rest at 62.36, but for 5 % CCER at 50: 7 t; the money goes
    to the market and to those who sell CCER. Without free allowances 133 t would be bought, for 8,294 CNY instead of 1,310."""
    coal = COAL | {"emissions_t_per_mwh": 1.0, "carbon_benchmark_t_per_mwh": 0.8}
    amount = amounts(grid([coal, WIND, GAS], policies={"carbon_market": {"ccer_price_cny_per_t": 50}}))
    assert amount["A carbon entity", "offsets"] == pytest.approx(-7 * 50)
    assert amount["A carbon entity", "allowances"] == pytest.approx(-21 * 62.36)
    assert amount["CCER market", "offsets"] == pytest.approx(350)
    assert amount["carbon market", "allowances"] == pytest.approx(21 * 62.36)


def test_fines_and_auctions_go_to_the_government():
    """A cap of 70 t of which a tenth is auctioned: 63 free, 7 bought in the auction, 70 short at 5 x 62.36: 21,826 CNY, which
    without the fine nobody would pay."""
    coal = COAL | {"emissions_t_per_mwh": 1.0}
    policy = {"allocation": "cap", "cap_t": 70 * 4380, "price": "cleared", "auction_share": 0.1, "offset_share": 0}
    case = grid(
        [coal | {"variable_cost_cny_per_mwh": 100}, WIND, GAS | {"variable_cost_cny_per_mwh": 2000}],
        policies={"carbon_market": policy},
    )
    results = gm.solve(case)
    account = results.tables["carbon_account"].iloc[0]
    amount = amounts(case)
    assert account["shortfall_t"] == pytest.approx(70) and account["auctioned_t"] == pytest.approx(7)
    assert amount["A carbon entity", "shortfall"] == pytest.approx(-70 * 5 * 62.36)
    assert amount["A carbon entity", "auction"] == pytest.approx(-7 * account["allowance_price_cny_per_t"])
    assert amount["government", "shortfall"] == pytest.approx(70 * 5 * 62.36)


LEDGER = pd.DataFrame(
    {
        "generator": "wind",
        "vintage": "2027-01",
        "account": ["A", "B"],
        "event": "trade",
        "month": "2027-01",
        "quantity_mwh": [-20, 20],
        "price_cny_per_mwh": 30.0,
    }
)


def certificates(case, ledger=LEDGER) -> pd.Series:
    results = gm.solve(case)
    table = settle(case, results.dispatch, results.tables | {"ledger": ledger})
    assert abs(table["amount_cny"].sum()) < 1e-6
    return table.set_index(["party", "item"])["amount_cny"]


def test_certificates_are_paid_to_the_generator_of_the_lot():
    """20 certificates at 30 CNY from A to B: the loads of B pay the wind plant. Paid to the zone that they are sold from, they would be
    its loads' 600."""
    amount = certificates(grid())
    assert amount["wind", "certificates"] == pytest.approx(600) and amount["b", "certificates"] == pytest.approx(-600)
    assert ("a", "certificates") not in amount


def test_mechanism_energy_earns_no_certificate_a_second_time():
    """A quarter of the output is mechanism quantity: a quarter of the income goes to the loads of A. Without the rule
    the plant keeps all 600 CNY."""
    amount = certificates(grid([COAL, new(mechanism_share=0.25, mechanism_price_cny_per_mwh=300), GAS]))
    assert amount["wind", "certificates"] == pytest.approx(450)
    assert amount["a", "certificates"] == pytest.approx(150)
    assert amount["b", "certificates"] == pytest.approx(-600)


def test_lots_from_before_the_horizon_are_the_generators_own():
    """A lot of last year is not of mechanism energy that the case knows of. Taken for this year's a quarter, 150 CNY, would be the loads'."""
    amount = certificates(grid([COAL, new(mechanism_share=0.25), GAS]), LEDGER.assign(vintage="2026-05"))
    assert amount["wind", "certificates"] == pytest.approx(600)


def test_derive_adds_carbon_factors_and_settlement():
    """Both come from the dispatch alone and can be made again; `settlement: false` leaves the table out."""
    coal = COAL | {"emissions_t_per_mwh": 1.0}
    case = grid([coal, WIND, GAS])
    results = gm.solve(case)
    dispatch, tables = derive(case, results.dispatch, results.tables)
    assert float(dispatch["emissions_consumption"].sum()) == pytest.approx(float(dispatch["emissions"].sum()))
    assert {"settlement", "carbon_factors"} <= set(tables)
    pd.testing.assert_frame_equal(derive(case, dispatch, tables)[1]["settlement"], tables["settlement"])
    off = grid(policy=False)
    results = gm.solve(off)
    assert "settlement" not in derive(off, results.dispatch, {})[1]
    assert np.isfinite(tables["settlement"]["amount_cny"]).all()
