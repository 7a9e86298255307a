"""The carbon market by hand: benchmarks, caps, prices, auctions, reserve, offsets and the bank."""

from __future__ import annotations

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

import grid_model as gm

CHEAP_DIRTY = {
    "generator": "dirty",
    "zone": "A",
    "technology": "coal",
    "capacity_mw": 120,
    "variable_cost_cny_per_mwh": 290,
    "emissions_t_per_mwh": 1.0,
}
DEAR_CLEAN = {
    "generator": "clean",
    "zone": "B",
    "technology": "gas",
    "capacity_mw": 120,
    "variable_cost_cny_per_mwh": 300,
    "emissions_t_per_mwh": 0.5,
}
BENCHMARKS = [
    {"technology": "coal", "year": 2025, "benchmark_t_per_mwh": 0.8},
    {"technology": "gas", "year": 2025, "benchmark_t_per_mwh": 0.6},
]
LINE = {"line": "A-B", "from_zone": "A", "to_zone": "B", "capacity_mw": 1000}
YEAR = dict(steps=2, step_hours=4380, start="2027-01-01")  # a whole year in two steps: nothing is prorated


def grid(policy=None, load=100.0, generators=(CHEAP_DIRTY, DEAR_CLEAN), time=YEAR, **tables):
    """Two zones, a dirty plant in A and a clean one in B, a load in B."""
    return small_case(
        series={"load": {"l": load}},
        policies={"carbon_market": policy} if policy is not None else {},
        generators=list(generators),
        loads=[{"load": "l", "zone": "B", "unserved_cost_cny_per_mwh": 2000}],
        lines=[LINE],
        **({"carbon_benchmarks": BENCHMARKS} | tables),
        **time,
    )


def outputs(result) -> list:
    """Energy of each plant over the horizon [GWh]."""
    return [float((row * 4380).sum()) for row in result.value("thermal.generation")]


def account(case, entity: str, **where):
    """The row of the carbon account of an entity, and the results."""
    results = gm.solve(case)
    table = results.tables["carbon_account"].set_index("entity")
    return table.loc[entity], results


# -------------------------------------------------------------------------------------------------- price that is given


def test_price_moves_dispatch_by_what_is_not_free():
    """A MWh of the dirty plant costs 290 + 100 (1.0 - 0.8) = 310, of the clean one 300 + 100 (0.5 - 0.6) = 290: the
    clean one runs. Without the market, or with all allowances free, the dirty one would, at 290 < 300."""
    assert outputs(solved(grid(None))) == pytest.approx([876, 0])
    assert outputs(solved(grid({"allowance_price_cny_per_t": 100}))) == pytest.approx([0, 876])
    assert outputs(solved(grid({"allowance_price_cny_per_t": 20}))) == pytest.approx([876, 0])


def test_a_price_of_nothing_is_a_price():
    """Allowances that cost nothing leave the order of costs alone, and the audit knows them: it took 0 for no price given."""
    result = gm.solve(grid({"allowance_price_cny_per_t": 0}))
    assert result.dispatch.generation.sum("time").values * 4380 == pytest.approx([876_000, 0])
    assert result.tables["carbon_market"]["allowance_price_cny_per_t"].tolist() == [0]


def test_cost_is_what_is_not_free_times_the_price():
    """Dirty plant alone: 876 GWh x (1.0 - 0.8) = 175.2 kt at 62.36 are 10.93 million CNY on top of 876 GWh x 290.
    Were the benchmark lost it would be 54.6, were emissions lost a gain of 43.7."""
    result = solved(grid({}, generators=[CHEAP_DIRTY]))
    assert result.objective / 1e6 == pytest.approx(876 * 0.290 + 175.2 * 0.06236)
    assert result.price("B") / 4380 == pytest.approx(290 + 0.2 * 62.36)


def test_account_adds_up():
    """The dirty plant emits 876 kt, gets 700.8 free and buys 175.2. Without a benchmark it would get none and buy all 876."""
    row, results = account(grid({}, generators=[CHEAP_DIRTY]), "A")
    assert row["emissions_t"] == pytest.approx(876_000)
    assert row["free_t"] == pytest.approx(700_800)
    assert row["bought_t"] - row["sold_t"] == pytest.approx(175_200)
    given = row["free_t"] + row["auctioned_t"] + row["bought_t"] - row["sold_t"] + row["offset_t"]
    assert given + row["banked_in_t"] - row["banked_out_t"] + row["shortfall_t"] - row["lapsed_t"] == pytest.approx(
        row["emissions_t"]
    )
    assert row["emissions_t"] == pytest.approx(float(results.dispatch["emissions"].sum()))


def test_auction_share_is_paid_for():
    """With 10 % auctioned the free part is 0.72 t/MWh, so a MWh costs 290 + 62.36 x 0.28 = 307.46 CNY. Were
    nothing auctioned it would cost 290 + 62.36 x 0.2 = 302.47."""
    result = solved(grid({"auction_share": 0.1}, generators=[CHEAP_DIRTY]))
    assert result.price("B") / 4380 == pytest.approx(290 + 0.28 * 62.36)
    row, _ = account(grid({"auction_share": 0.1}, generators=[CHEAP_DIRTY]), "A")
    assert row["auctioned_t"] <= 0.1 * 700_800 + 1e-3


def test_auction_sells_no_more_than_its_part():
    """Price cleared, all of a cap of 800 kt auctioned but what is free: 80 kt at most are taken. Without the row 156 kt that are
    not free would be, and 10 to bank; no fine be paid."""
    policy = {"allocation": "cap", "cap_t": 800_000, "auction_share": 0.1, "price": "cleared"}
    row, _ = account(grid(policy, generators=[CHEAP_DIRTY]), "A")
    assert row["free_t"] == pytest.approx(720_000)
    assert row["auctioned_t"] == pytest.approx(80_000)
    free = solved(grid(policy, generators=[CHEAP_DIRTY]), "carbon_market.auction")
    assert free.value("carbon_market.shortfall").sum() == pytest.approx(0, abs=1e-9)
    assert free.value("carbon_market.auctioned").sum() == pytest.approx(166)


def test_an_auction_costs_what_its_price_says():
    """10 % auctioned, 0.28 t/MWh to pay for at 2,000 CNY/t: 876 GWh x (290 + 560) CNY. Were the auction cheaper than the market, at
    a price of its own, the 70.08 kt on offer would be taken there."""
    case = grid({"auction_share": 0.1, "allowance_price_cny_per_t": 2000, "offset_share": 0}, generators=[CHEAP_DIRTY])
    assert solved(case).objective / 1e6 == pytest.approx(876 * (0.290 + 0.560))


def test_an_auction_without_bidders_sells_nothing():
    """The clean plant is a seller and bids for nothing: of its 0.6 t/MWh half are free, 0.3 for 0.5 emitted; 5 % are offsets, the
    rest is fined at 5 x 62.36. Had all that is auctioned to be taken, nobody could."""
    policy = {"auction_share": 0.5, "ccer_price_cny_per_t": 50}
    case = grid(policy, generators=[DEAR_CLEAN], carbon_entities=[{"entity": "B", "position": "seller"}])
    costs = 876 * 0.300 + 876 * 0.025 * 0.050 + 876 * 0.175 * 5 * 0.06236
    assert solved(case).objective / 1e6 == pytest.approx(costs)


def test_allowances_are_those_of_the_benchmark():
    """876 GWh at 0.6 t/MWh are 525.6 kt, neither more nor less, also where 438 would cover what is emitted and the rest lapses."""
    market = gm.build_model(grid({}, generators=[DEAR_CLEAN]), concrete=True)
    for step in market.thermal.generation:
        market.thermal.generation[step] = 0.1
    market = market.carbon_market
    for given, beyond in ((525.6, 0), (438, 87.6), (600, 74.4)):
        market.allowance["B", 2027] = given
        assert -market.benchmark_allocation["B", 2027].slack() == pytest.approx(beyond, abs=1e-9)


def test_a_generators_own_benchmark_goes_first():
    """A benchmark of 1.0 of its own leaves nothing to buy; that of its technology, 0.8, would leave 0.2 t/MWh."""
    own = CHEAP_DIRTY | {"carbon_benchmark_t_per_mwh": 1.0}
    assert solved(grid({}, generators=[own])).price("B") / 4380 == pytest.approx(290)


def test_benchmark_of_the_latest_year_not_after():
    """Of benchmarks of 2020, 2026 and 2030 that of 2026 holds in 2027; before 2020 the earliest one does.
    That of 2020 would leave 0.1 t/MWh to buy instead of 0.3."""
    rows = [
        {"technology": "coal", "year": year, "benchmark_t_per_mwh": value}
        for year, value in ((2030, 0.5), (2020, 0.9), (2026, 0.7))
    ]
    case = grid({}, generators=[CHEAP_DIRTY], carbon_benchmarks=rows)
    assert solved(case).price("B") / 4380 == pytest.approx(290 + 0.3 * 62.36)
    past = grid({}, generators=[CHEAP_DIRTY], carbon_benchmarks=rows, time=YEAR | {"start": "2015-01-01"})
    assert solved(past).price("B") / 4380 == pytest.approx(290 + 0.1 * 62.36)


# -------------------------------------------------------------------------------------------------------------- offsets


def test_offsets_replace_purchases_up_to_their_share():
    """CCER at 50 CNY are cheaper than allowances at 62.36: 5 % of the emissions, 43.8 kt, and no more. Without the
    limit it would be all 175.2 kt that are not free."""
    row, results = account(grid({"ccer_price_cny_per_t": 50}, generators=[CHEAP_DIRTY]), "A")
    assert row["offset_t"] == pytest.approx(43_800)
    assert row["bought_t"] - row["sold_t"] == pytest.approx(131_400)
    assert float(results.dispatch["objective"].sel(item="carbon_market.offsets")) == pytest.approx(43_800 * 50)


def test_offsets_dearer_than_allowances_are_not_used():
    """At the prices of 2025 (70.76 and 62.36) nobody surrenders CCER; at 50 it would be 43.8 kt."""
    row, _ = account(grid({}, generators=[CHEAP_DIRTY]), "A")
    assert row["offset_t"] == pytest.approx(0, abs=1e-6)


def test_offset_supply_has_steps():
    """10 kt at 40 and 100 kt at 55: of the 43.8 kt allowed 10 come from the first step. One step alone would cost
    either 40 or 55 throughout."""
    steps = [
        {"ccer_step": "a", "quantity_t": 10_000, "price_cny_per_t": 40},
        {"ccer_step": "b", "quantity_t": 100_000, "price_cny_per_t": 55},
    ]
    row, results = account(grid({}, generators=[CHEAP_DIRTY], ccer_supply=steps), "A")
    assert row["offset_t"] == pytest.approx(43_800)
    assert float(results.dispatch["objective"].sel(item="carbon_market.offsets")) == pytest.approx(
        10_000 * 40 + 33_800 * 55
    )
    assert results.tables["carbon_market"]["ccer_price_cny_per_t"].item() == pytest.approx(55)


def test_a_step_of_the_supply_gives_nothing_back():
    """10 kt at 40 CNY/t and more at 55, allowances at 50: 10 kt are surrendered and 165.2 bought. Could the step at 55 take back what
    the one at 40 sells, 10 kt would earn 55 there and none be surrendered, 50 thousand CNY less."""
    steps = [
        {"ccer_step": "a", "quantity_t": 10_000, "price_cny_per_t": 40},
        {"ccer_step": "b", "quantity_t": 100_000, "price_cny_per_t": 55},
    ]
    case = grid({"allowance_price_cny_per_t": 50}, generators=[CHEAP_DIRTY], ccer_supply=steps)
    assert solved(case).objective / 1e6 == pytest.approx(876 * 0.290 + 165.2 * 0.050 + 10 * 0.040, rel=1e-9)


def test_no_more_reductions_are_taken_than_are_surrendered():
    """Of 30 kt taken out of the supply 10 are surrendered: 20 more than the rule lets be. Without the rule all 43.8 kt that may be
    surrendered would cost nothing."""
    market = gm.build_model(grid({}, generators=[CHEAP_DIRTY]), concrete=True).carbon_market
    market.offset_supply["ccer", 2027], market.offset["A", 2027] = 30.0, 10.0
    assert market.offset_clearing[2027].slack() == pytest.approx(-20)


# -------------------------------------------------------------------------------------------------------- total control


def test_cap_binds_and_its_dual_is_the_price():
    """876 GWh from 1.0 and 0.5 t/MWh within 657 kt: half and half. Shifting a MWh costs 10 CNY and saves 0.5 t, so
    the price is 20 CNY/t. Without the cap the dirty plant would run alone."""
    case = grid({"allocation": "cap", "cap_t": 657_000, "price": "cleared", "ccer_price_cny_per_t": 1000})
    assert outputs(solved(case)) == pytest.approx([438, 438])
    results = gm.solve(case)
    market = results.tables["carbon_market"].iloc[0]
    assert market["allowance_price_cny_per_t"] == pytest.approx(20)
    assert market["emissions_t"] == pytest.approx(657_000)
    assert results.tables["carbon_account"]["bought_t"].sum() == pytest.approx(
        results.tables["carbon_account"]["sold_t"].sum()
    )


def test_offsets_loosen_a_cap():
    """Free CCER for 5 % of 691.58 kt of emissions go beyond the cap of 657 kt. Without offsets that would be all."""
    case = grid({"allocation": "cap", "cap_t": 657_000, "price": "cleared", "ccer_price_cny_per_t": 0})
    market = gm.solve(case).tables["carbon_market"].iloc[0]
    assert market["emissions_t"] == pytest.approx(657_000 / 0.95)


def test_caps_of_zones_are_those_of_their_plant():
    """Zones with 300 and 357 kt: their plant holds these, not parts by capacity times benchmark,
    which would be 375.4 and 281.6 kt."""
    zones = [{"zone": "A", "carbon_cap_t": 300_000}, {"zone": "B", "carbon_cap_t": 357_000}]
    results = gm.solve(grid({"allocation": "cap", "price": "cleared", "ccer_price_cny_per_t": 1000}, zones=zones))
    table = results.tables["carbon_account"].set_index("entity")
    assert table["free_t"].to_dict() == pytest.approx({"A": 300_000, "B": 357_000})
    assert table["emissions_t"].sum() == pytest.approx(657_000)


def test_reserve_is_a_ceiling_until_it_is_used_up():
    """A cap of 657 kt of which 5 % are held back: 624.15 kt are there. Released at 15 CNY/t, cheaper than moving
    output at 20 CNY/t, all 32.85 kt are used and the price stays 20; released at 25 none is. Were nothing held back, 657 kt
    would be emitted at either price."""
    policy = {
        "allocation": "cap",
        "cap_t": 657_000,
        "price": "cleared",
        "reserve_share": 0.05,
        "ccer_price_cny_per_t": 1000,
    }
    for price, released in ((15, 32_850), (25, 0)):
        market = gm.solve(grid(policy | {"reserve_price_cny_per_t": price})).tables["carbon_market"].iloc[0]
        assert market["reserve_released_t"] == pytest.approx(released, abs=1e-3)
        assert market["emissions_t"] == pytest.approx(624_150 + released)
        assert market["allowance_price_cny_per_t"] == pytest.approx(20)


def test_shortfall_is_fined():
    """No allowance for 876 kt, none to buy: each ton short costs 5 times 62.36 rather than leave load unserved at
    2,000: 273 million CNY. Without the shortfall nothing could be emitted and 876 GWh would go unserved for 1,752 million."""
    row, results = account(
        grid({"allocation": "cap", "cap_t": 0, "price": "cleared", "offset_share": 0}, generators=[CHEAP_DIRTY]), "A"
    )
    assert row["shortfall_t"] == pytest.approx(876_000)
    assert float(results.dispatch["objective"].sel(item="carbon_market.shortfall")) == pytest.approx(
        876_000 * 5 * 62.36
    )


# ----------------------------------------------------------------------------------------------------------------- bank


def test_bank_limit_is_ten_thousand_and_one_and_a_half_times_sales():
    """The clean plant earns 876 x (0.6 - 0.5) = 87.6 kt and next year's price is higher: it banks as much as it may.
    bank = 10 + 1.5 sold and bank + sold = 87.6 give sold = 31.04, bank = 56.56. Without the limit it would bank
    87.6."""
    row, _ = account(grid({"banked_value_cny_per_t": 100, "ccer_price_cny_per_t": 1000}, generators=[DEAR_CLEAN]), "B")
    assert row["banked_out_t"] == pytest.approx(10_000 + 1.5 * 31_040)
    assert row["sold_t"] == pytest.approx(31_040)


def test_buyers_bank_ten_thousand_a_company():
    """The dirty plant must buy anyway; it may buy 10 kt more to bank them, two companies 20. Without the limit it
    would bank without end: an allowance costs 62.36 CNY and is worth 100 next year."""
    row, _ = account(grid({"banked_value_cny_per_t": 100}, generators=[CHEAP_DIRTY]), "A")
    assert row["banked_out_t"] == pytest.approx(10_000)
    case = grid(
        {"banked_value_cny_per_t": 100}, generators=[CHEAP_DIRTY], carbon_entities=[{"entity": "A", "companies": 2}]
    )
    assert account(case, "A")[0]["banked_out_t"] == pytest.approx(20_000)


def test_no_selling_of_what_was_bought_to_raise_the_limit():
    """However dear next year's allowances are, nobody trades in a circle to bank more. The clean plant leaves all of its 525.6 kt
    uncovered, and sells 258.8 of the 657 that it has so as to bank 398.2. Without the limit it banks all 657. Could it leave more
    uncovered than it emits it would sell 2,628 and bank 3,952 kt that nobody has, for a fine."""
    case = grid({"banked_value_cny_per_t": 1000}, load=150)
    banked = [1e3 * solved(case, *rules).value("carbon_market.bank")[1, 1] for rules in (
        (), ("carbon_market.bank_limit",), ("carbon_market.uncovered",))]
    assert banked == pytest.approx([398_200, 657_000, 3_952_000])
    _, results = account(case, "A")
    table = results.tables["carbon_account"]
    limit = 10_000 + 1.5 * (table["sold_t"] - table["bought_t"] - table["auctioned_t"]).clip(lower=0)
    assert (table["banked_out_t"] <= limit + 1e-3).all()


def test_what_was_banked_covers_emissions():
    """100 kt in the bank at the start: 75.2 kt are bought; without them 175.2 kt would be."""
    case = grid({}, generators=[CHEAP_DIRTY], carbon_entities=[{"entity": "A", "banked_t": 100_000}])
    row, _ = account(case, "A")
    assert row["banked_in_t"] == pytest.approx(100_000)
    assert row["bought_t"] - row["sold_t"] == pytest.approx(75_200)


def test_bank_carries_allowances_into_the_next_year_and_none_back():
    """Caps of 876 kt a year, 438 GWh in 2026 and 880 in 2027: 10 kt are banked and the cap of 2027 does not bind (880
    kt <= 886). The other way round nothing can be borrowed: 4 kt are short. Without a bank they would be short either way."""
    generators = [CHEAP_DIRTY]
    policy = {"allocation": "cap", "cap_t": 876_000, "price": "cleared", "offset_share": 0}
    time = dict(steps=2, step_hours=8760, start="2026-01-01")
    low, high = 438_000 / 8760, 880_000 / 8760
    generators = [CHEAP_DIRTY | {"capacity_mw": 150}]
    short = [
        gm.solve(grid(policy, load=load, generators=generators, time=time))
        .tables["carbon_account"]["shortfall_t"]
        .sum()
        for load in ([low, high], [high, low])
    ]
    assert short == pytest.approx([0, 4_000], abs=1e-2)


def test_declared_sellers_neither_buy_nor_bid():
    """A dirty plant that declares itself a seller cannot buy: what is not free is short. As anybody else it would
    buy those 175.2 kt."""
    case = grid({}, generators=[CHEAP_DIRTY], carbon_entities=[{"entity": "A", "position": "seller"}])
    row, _ = account(case, "A")
    assert row["bought_t"] == 0 and row["shortfall_t"] == pytest.approx(175_200 - row["offset_t"])


# ------------------------------------------------------------------------------------------ entities, markets, horizons


def test_markets_have_their_own_prices():
    """Zone A is in a market of its own at 200 CNY/t, zone B in the national one at 62.36, which would be the price of both
    in one market."""
    zones = [{"zone": "A", "carbon_market": "pilot"}, {"zone": "B"}]
    case = grid({}, zones=zones, load=150, carbon_markets=[{"market": "pilot", "allowance_price_cny_per_t": 200}])
    results = gm.solve(case)
    table = results.tables["carbon_account"].set_index("entity")
    assert table["allowance_price_cny_per_t"].to_dict() == pytest.approx({"A": 200, "B": 62.36})
    assert table["market"].to_dict() == {"A": "pilot", "B": "national"}


def test_markets_clear_apart():
    """Of 150 MW the clean plant gives its 120; the dirty one emits 262.8 kt for the rest and has a cap of 100 kt.
    What the market of the clean zone has to spare (900 - 525.6 kt) does not help it. In one market nobody would be short."""
    zones = [
        {"zone": "A", "carbon_market": "a", "carbon_cap_t": 100_000},
        {"zone": "B", "carbon_market": "b", "carbon_cap_t": 900_000},
    ]
    markets = [{"market": name, "allocation": "cap", "price": "cleared"} for name in "ab"]
    case = grid({"offset_share": 0}, zones=zones, carbon_markets=markets, load=150)
    table = gm.solve(case).tables["carbon_account"].set_index("entity")
    assert table.loc["A", "shortfall_t"] == pytest.approx(162_800)
    assert table.loc["B", "shortfall_t"] == pytest.approx(0, abs=1e-6)


def test_entities_by_generator():
    """Each generator its own account: the clean one, at 120 MW, sells 0.1 t/MWh, the dirty one, at 80 MW, buys 0.2.
    With one account the zone would buy the difference, 35.04 kt, and sell none."""
    generators = [CHEAP_DIRTY, DEAR_CLEAN | {"zone": "A"}]
    table = (
        gm.solve(grid({"entity": "generator"}, generators=generators, load=200))
        .tables["carbon_account"]
        .set_index("entity")
    )
    assert list(table.index) == ["dirty", "clean"]
    assert table.loc["dirty", "bought_t"] - table.loc["dirty", "sold_t"] == pytest.approx(140_160)
    assert table.loc["clean", "sold_t"] == pytest.approx(105_120)


def test_a_part_of_a_year_has_its_part_of_the_quantities():
    """A tenth of a year: a tenth of the cap, of what may be banked, and of what was banked."""
    time = dict(steps=2, step_hours=438, start="2027-01-01")
    policy = {"allocation": "cap", "cap_t": 1_000_000, "price": "cleared", "banked_value_cny_per_t": 1}
    case = grid(
        policy,
        generators=[CHEAP_DIRTY],
        time=time,
        carbon_entities=[{"entity": "A", "banked_t": 5_000, "position": "buyer"}],
    )
    row, _ = account(case, "A")
    assert row["allowances_t"] == pytest.approx(100_000)
    assert row["banked_in_t"] == pytest.approx(500)
    assert row["banked_out_t"] == pytest.approx(1_000)


def test_nothing_is_left_when_switched_off():
    """Off, or without plant that emits, there is neither row nor column nor table."""
    wind = {"generator": "w", "zone": "A", "technology": "nuclear", "capacity_mw": 200}
    for case in (grid(None), grid(False), grid({}, generators=[wind])):
        result = solved(case)
        assert not [
            name for name in (*result.program.rows, *result.program.columns) if name.startswith("carbon_market")
        ]
        assert "carbon_account" not in gm.solve(case).tables


def test_nuclear_has_no_account():
    """Plant without emissions and without a benchmark is in no carbon market."""
    nuclear = {"generator": "n", "zone": "C", "technology": "nuclear", "capacity_mw": 10}
    table = gm.solve(grid({}, generators=[CHEAP_DIRTY, nuclear])).tables["carbon_account"]
    assert table["entity"].tolist() == ["A"]


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"auction_share": 0.1, "reserve_share": 0.05, "entity": "generator", "banked_value_cny_per_t": 3},
        {
            "allocation": "cap",
            "cap_t": 657_000,
            "price": "cleared",
            "auction_share": 0.1,
            "reserve_share": 0.05,
            "reserve_price_cny_per_t": 80,
        },
    ],
)
def test_rules_are_the_same_in_pyomo(policy):
    case = grid(policy, time=dict(steps=3, step_hours=24, start="2026-12-30"))
    assert_same_as_concrete(case)
    assert np.isfinite(solved(case).objective)
