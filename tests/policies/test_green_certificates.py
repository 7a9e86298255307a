"""Green certificates by hand: who may count what, what a certificate costs, how long it is valid.

The grids are small: each zone has coal at 100 CNY/MWh, so wind that costs more is built on for its certificate only. A
MWh short costs 100 CNY (the setting's default); the preference for physical energy is switched off where a price is
checked.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

import grid_model as gm
from grid_model.errors import InputError
from grid_model.policies import green_certificates
from grid_model.results.ledger_rules import check_ledger

TECHNOLOGIES = [
    {"technology": name, "kind": kind}
    for name, kind in (
        ("coal", "thermal"),
        ("wind_onshore", "renewable"),
        ("wind_offshore", "renewable"),
        ("solar_distributed", "renewable"),
        ("hydro_reservoir", "hydro"),
    )
]


def coal(zone):
    return {
        "generator": f"{zone} coal",
        "zone": zone,
        "technology": "coal",
        "capacity_mw": 1000,
        "variable_cost_cny_per_mwh": 100,
    }


def plant(name, zone, capacity, cost=0.0, technology="wind_onshore", certificate="tradable", **more):
    return {
        "generator": name,
        "zone": zone,
        "technology": technology,
        "capacity_mw": capacity,
        "variable_cost_cny_per_mwh": cost,
        "certificate": certificate,
        **more,
    }


def weight(zone, total, non_hydro=0.0, year=2023):
    return {"zone": zone, "total_share": total, "non_hydro_share": non_hydro, "year": year}


def grid(
    plants,
    obligations=(),
    loads=None,
    steps=1,
    settings=None,
    lines=(),
    start="2027-01-01",
    lots=(),
    load_rows=(),
    wind=None,
    **series,
):
    """Zones A, B, C with coal each, and loads of 50 MW (or as given) called by their zone."""
    loads = {"A": 50, "B": 50} if loads is None else loads
    named = {row["load"] for row in load_rows}
    return small_case(
        steps,
        start=start,
        technologies=TECHNOLOGIES,
        policies={"green_certificates": {"preference_cny_per_mwh": 0} | (settings or {})},
        generators=[*(coal(zone) for zone in "ABC"), *plants],
        loads=[*({"load": name, "zone": name} for name in loads if name not in named), *load_rows],
        obligations=list(obligations),
        lines=list(lines),
        certificate_lots=list(lots),
        series={"load": loads} | ({"availability": wind} if wind else {}) | series,
    )


def value(result, name):
    """A variable in MWh."""
    return result.value(f"green_certificates.{name}") * 1e3


def short(result):
    return float(value(result, "short").sum() + value(result, "load_short").sum())


def price(result):
    """Dual of the clearing, CNY/MWh, by kind and month."""
    family = result.program.rows["green_certificates.clearing"]
    return family.of(result.row_duals) * 1e3


# ---------------------------------------------------------------------------------------------------------------- price


def test_the_price_is_what_one_more_certificate_costs():
    """B must have a fifth of 50 MWh, and buys 10 certificates from A, whose wind costs 30 CNY more than its coal. By
    hand: 100 MWh at 100 and 10 x 30 = 10300 CNY, a price of 30. Without the rule there is no wind: 10000."""
    case = grid([plant("wind", "A", 20, cost=130)], [weight("B", 0.2)])
    result = solved(case)
    assert result.objective == pytest.approx(10300)
    assert price(result).tolist() == [[pytest.approx(30)]]
    assert value(result, "sold").tolist() == [pytest.approx(10)]
    assert_same_as_concrete(case)


def test_what_nobody_has_is_short_at_the_penalty():
    """Wind of 4 MW: 4 of B's 10 certificates, 6 short at 100 CNY: 10000 + 4 x 30 + 600 = 10720, and the price is the
    penalty. Without the shortfall no dispatch would do."""
    result = solved(grid([plant("wind", "A", 4, cost=130)], [weight("B", 0.2)]))
    assert short(result) == pytest.approx(6)
    assert result.objective == pytest.approx(10720)
    assert price(result).tolist() == [[pytest.approx(100)]]


def test_a_penalty_below_the_price_is_paid():
    """At 20 CNY short is cheaper than wind at 30: 10 short, 10200 CNY. If nothing could be short, the wind would run for 10300."""
    result = solved(
        grid([plant("wind", "A", 20, cost=130)], [weight("B", 0.2)], settings={"shortfall_penalty_cny_per_mwh": 20})
    )
    assert short(result) == pytest.approx(10)
    assert result.objective == pytest.approx(10200)


# ------------------------------------------------------------------------------------------------------------- physical


def test_own_energy_counts_first():
    """B has wind of 6 MW of its own, physically consumed; 4 more certificates come from A. Without it: 10."""
    case = grid([plant("wind", "A", 20, cost=130), plant("B wind", "B", 6)], [weight("B", 0.2)])
    result = solved(case)
    assert value(result, "sold").sum() == pytest.approx(4)
    assert result.objective == pytest.approx(100 * 94 + 4 * 30)


def line(capacity=50, start="A", end="B", **more):
    return {
        "line": f"{start}{end}",
        "from_zone": start,
        "to_zone": end,
        "capacity_mw": capacity,
        "reverse_capacity_mw": 0,
        **more,
    }


def held_hydro(capacity, zone="A", cost=50):
    return plant(f"{zone} hydro", zone, capacity, cost, "hydro_reservoir", "held")


def test_imports_count_as_far_as_they_arrive():
    """Held hydro of 80 MW in A, which needs none; a line of 5 MW that loses a fifth into B: 4 MWh count, 6 short.
    Without imports 10 would be short; without the loss 5, without the line's limit none."""
    case = grid([held_hydro(80)], [weight("B", 0.2)], lines=[line(5, loss_fraction=0.2)], loads={"A": 50, "B": 50})
    assert short(solved(case)) == pytest.approx(6)
    assert_same_as_concrete(case)


def test_imports_are_renewable_as_far_as_their_origin_has_it():
    """Hydro of 3 MW in A beside coal, a line of 50 MW: 3 MWh count in B. Without `physical` all that flows would."""
    assert short(solved(grid([held_hydro(3)], [weight("B", 0.2)], lines=[line(50)]))) == pytest.approx(7)


def test_energy_is_consumed_in_one_zone_only():
    """Hydro of 8 MW in A, which must have a tenth of 50; B a tenth too: 2 of 10 short. Counted twice, none would be."""
    case = grid([held_hydro(8)], [weight("A", 0.1), weight("B", 0.1)], lines=[line(50)])
    assert short(solved(case)) == pytest.approx(2)


def test_energy_passes_through_a_zone():
    """Hydro in A, lines A-B and B-C: what C needs comes through B, which has none itself. 10 of 10. Were only what a zone generates
    itself at hand there, all 10 would be short."""
    case = grid(
        [held_hydro(20, cost=10)],
        [weight("C", 0.2)],
        lines=[line(50), line(50, "B", "C")],
        loads={"A": 10, "B": 10, "C": 50},
    )
    assert short(solved(case)) == pytest.approx(0, abs=1e-6)
    assert short(
        solved(grid([held_hydro(20, cost=10)], [weight("C", 0.2)], lines=[line(50)], loads={"A": 10, "B": 10, "C": 50}))
    ) == pytest.approx(10)


def test_a_line_may_carry_a_given_share_only():
    """Hydro of 50 MW in A; the line of 20 MW counts as a quarter renewable: 5 of 10 MWh. Without it 10. What A has beyond its own
    10 MWh and these 5 need not be consumed as renewable: hydro generates 30 MWh at 50 beside coal at 100, and 5 are short at 100."""
    result = solved(grid([held_hydro(50)], [weight("B", 0.2)], lines=[line(20, renewable_share=0.25)], loads={"A": 10, "B": 50}))
    assert short(result) == pytest.approx(5)
    assert result.objective == pytest.approx(30 * 50 + 30 * 100 + 5 * 100)


def test_a_line_carries_other_energy_beside_the_renewable():
    """Of the 50 MWh that A sends 3 are its hydro's, the rest of a plant at 20: 97 MWh at 20, 3 at 50, and 7 short at 100. Were all
    that flows to be renewable, no more than 3 MWh would flow and B would burn coal at 100."""
    case = grid([held_hydro(3), plant("lignite", "A", 200, cost=20, technology="coal", certificate="")], [weight("B", 0.2)], lines=[line(50)])
    result = solved(case)
    assert short(result) == pytest.approx(7)
    assert result.objective == pytest.approx(3 * 50 + 97 * 20 + 7 * 100)


def test_no_more_is_consumed_than_a_zone_consumes():
    """An hour of January with hydro of 50 MW in A, one of February without. A consumes 20 in each and sends 30 to B;
    it needs 60 % of 40 = 24 and consumed 20 renewable, so 4 are short. Without the limit January's 50 would do for
    both."""
    case = grid(
        [held_hydro(50, cost=0)],
        [weight("A", 0.6)],
        lines=[line(50)],
        loads={"A": 20, "B": 50},
        steps=2,
        start="2027-01-31 23:00",
        wind={"A hydro": [1.0, 0.0]},
    )
    assert short(solved(case)) == pytest.approx(4)


def test_hydro_does_not_count_without_hydro():
    """B has hydro of 10 MW, all it needs of its total weight, nothing of 10 % without hydro: 5 short of that."""
    result = solved(grid([held_hydro(10, "B")], [weight("B", 0.2, 0.1)]))
    names = list(result.program.columns["green_certificates.short"].axes[-1].labels)
    assert dict(zip(names, value(result, "short")[0].tolist())) == {
        "total": pytest.approx(0),
        "non_hydro": pytest.approx(5),
    }


@pytest.mark.parametrize("cost", [0.0, 1.0])
def test_an_idle_line_moves_no_green_energy(cost):
    """Wind of A is consumed in A; the two-way line is idle, and B buys its 10 certificates. A line without loss or
    cost could seem to carry 10 MWh of wind one way and 10 of coal the other; the preference keeps it from that."""
    case = grid(
        [plant("wind", "A", 50)],
        [weight("B", 0.2)],
        lines=[line(50, reverse_capacity_mw=50, cost_cny_per_mwh=cost)],
        settings={"preference_cny_per_mwh": 0.01},
    )
    result = solved(case)
    assert value(result, "retired").sum() == pytest.approx(10)
    assert value(result, "carried").sum() == pytest.approx(0)
    assert_same_as_concrete(case)


def test_a_line_without_loss_or_cost_carries_green_energy_where_it_flows():
    """Wind of 80 MW in A, 50 of them consumed there, 30 flow to B over a two-way line: B's 10 are physical, none is
    bought. Without the preference certificates might as well be bought."""
    case = grid(
        [plant("wind", "A", 80)],
        [weight("B", 0.2)],
        lines=[line(50, reverse_capacity_mw=50)],
        settings={"preference_cny_per_mwh": 0.01},
    )
    result = solved(case)
    assert value(result, "retired").sum() == pytest.approx(0)
    assert short(result) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("start, end", ["AB", "BA"])
def test_what_an_idle_line_exchanges_costs_both_ways(start, end):
    """A's held hydro has no certificates, and B's lignite at 50 CNY is cheaper than what A could burn to send hydro: the line stands
    still and, until the solver closes one direction, exchanges 10 MWh of hydro for 10 of lignite, each at the preference of 1 CNY:
    50 x 50 + 20. Were one way free, 10."""
    plants = [held_hydro(50, cost=0), plant("lignite", "B", 50, cost=50, technology="coal", certificate="")]
    case = grid(plants, [weight("B", 0.2)], lines=[line(50, start, end, reverse_capacity_mw=50)], settings={"preference_cny_per_mwh": 1})
    assert solved(case).objective == pytest.approx(50 * 50 + 20)


def test_a_full_line_of_one_column_carries_one_way_only():
    """Held hydro serves A and a plant without certificates B, both at no cost. B needs 10 MWh of A's hydro, all that the line
    can bring: 10 MW flow and A's coal gives 10 at 100 CNY: 1,000. Without the row of both ways the line would seem to bring 10
    and to take 10 back while nothing flows, for nothing."""
    case = grid(
        [held_hydro(50, cost=0), plant("B sun", "B", 50, technology="solar_distributed", certificate="none")],
        [weight("B", 0.2)],
        lines=[line(10, reverse_capacity_mw=10)],
        settings={"shortfall_penalty_cny_per_mwh": 300},
    )
    result = solved(case)
    assert result.objective == pytest.approx(1000)
    assert short(result) == pytest.approx(0, abs=1e-6)


def test_a_line_of_one_column_that_is_not_full_carries_one_way_only():
    """The same with a line of 20 MW: 10 MW flow, A's coal gives 10, 1,000 CNY. Were each direction counted for itself, 10 MWh would
    seem to come and 10 to go back while nothing flows, for nothing."""
    case = grid(
        [held_hydro(50, cost=0), plant("B sun", "B", 50, technology="solar_distributed", certificate="none")],
        [weight("B", 0.2)],
        lines=[line(20, reverse_capacity_mw=20)],
        settings={"shortfall_penalty_cny_per_mwh": 300},
    )
    results = gm.solve(case)
    assert results.summary["objective_cny"] == pytest.approx(1000, abs=1)
    assert results.tables["green_imports"].set_index("to_zone").loc["B", "carried_mwh"] == pytest.approx(10)


# ---------------------------------------------------------------------------------------------------------------- class


def test_held_certificates_are_not_sold():
    """Old hydro of 50 MW in A: B's 10 are short. Were they tradable, none would be."""
    result = solved(grid([held_hydro(50)], [weight("B", 0.2)]))
    assert short(result) == pytest.approx(10)
    assert value(result, "issued").sum() == pytest.approx(50)


@pytest.mark.parametrize(
    "commissioned, purchase_class, missing",
    [("2023-01-01", "market", 0), ("2022-12-31", "market", 10), ("2023-01-01", "hydro", 10)],
)
def test_new_hydro_in_the_market_is_tradable(commissioned, purchase_class, missing):
    """Held by its technology, tradable if commissioned from 2023 on and fully in the market. By its technology alone B's 10 would be
    short in the first case too; by either half of the rule alone none would be in the second or in the third."""
    hydro = held_hydro(50) | {"commissioned": commissioned, "purchase_class": purchase_class}
    assert short(solved(grid([hydro], [weight("B", 0.2)]))) == pytest.approx(missing, abs=1e-6)


def test_tradable_hydro_does_not_serve_the_weight_without_hydro():
    """New hydro and dear wind in A. B needs 10 certificates in all, 4 of them without hydro: those 4 at 30 CNY, the
    other 6 are hydro's for nothing."""
    hydro = held_hydro(50, cost=100) | {"commissioned": "2024-01-01", "purchase_class": "market"}
    case = grid([hydro, plant("wind", "A", 50, cost=130)], [weight("B", 0.2, 0.08)])
    result = solved(case)
    assert result.objective == pytest.approx(10000 + 4 * 30)
    kinds = list(result.program.rows["green_certificates.clearing"].axes[0].labels)
    assert dict(zip(kinds, price(result)[:, 0].tolist())) == {"hydro": pytest.approx(0), "non_hydro": pytest.approx(30)}


def test_what_the_owner_consumes_is_held():
    """Roofs of 20 MW in A whose owners use 70 %: 6 MWh can be sold, 4 of B's 10 are short. Were all 20
    sold, none would be."""
    roof = plant("roof", "A", 20, technology="solar_distributed", self_consumed_fraction=0.7)
    result = solved(grid([roof], [weight("B", 0.2)]))
    assert short(result) == pytest.approx(4)
    assert value(result, "issued").sum() == pytest.approx(20)


def test_a_weight_counts_certificates_from_outside_only():
    """Wind of 10 MW in A, consumed there, and a weight of 40 % of 50: 10 short. Bought from itself, the same 10 MWh
    would count a second time and none be short. With a third of the wind in B the certificates of that serve."""
    assert short(solved(grid([plant("wind", "A", 10)], [weight("A", 0.4)]))) == pytest.approx(10)
    assert short(solved(grid([plant("wind", "A", 10), plant("far", "B", 3)], [weight("A", 0.4)]))) == pytest.approx(7)


def test_the_seller_is_debited_where_the_scenario_says_so():
    """Wind of 10 MW in A, which needs 8 of them itself, as B does. By the notice A counts what it consumes and sells
    all: none short. Debited, each MWh counts once: 6 of 16 short."""
    plants, weights = [plant("wind", "A", 10)], [weight("A", 0.16), weight("B", 0.16)]
    assert short(solved(grid(plants, weights))) == pytest.approx(0, abs=1e-6)
    assert short(solved(grid(plants, weights, settings={"debit_seller": True}))) == pytest.approx(6)


# ---------------------------------------------------------------------------------------------------------------- loads

SMELTER = {"load": "smelter", "zone": "A", "kind": "aluminium"}


@pytest.mark.parametrize("industry, missing", [({"share": 0.5}, 5), ({}, 2), ({"share": 0.5, "assessed": False}, 0)])
def test_key_industries_are_met_by_certificates(industry, missing):
    """A smelter of 20 MW in A: half of it, or the zone's total weight of 35 % (7 MWh) where no share is given; wind of
    5 MW in A, whose certificates serve (a load's may come from its own zone). Monitored, it binds nothing. Without the rule nothing
    would be short."""
    case = grid(
        [plant("wind", "A", 5, cost=130)],
        [weight("A", 0.35)],
        loads={"A": 0, "smelter": 20},
        load_rows=[SMELTER],
        settings={"industries": {"aluminium": industry}},
    )
    result = solved(case)
    assert value(result, "load_short").sum() == pytest.approx(missing, abs=1e-6)
    assert_same_as_concrete(case)


@pytest.mark.parametrize("kind, missing", [("aluminium", 2), ("steel", 0), ("data_centre", 0), ("base", 0)])
def test_aluminium_is_assessed_and_others_monitored_unless_told_otherwise(kind, missing):
    """Notice 669, nothing being set: of 20 MW of aluminium 35 % (7 MWh) by certificates, of which there are 5; steel, cement,
    polysilicon and data centres bind nothing. Were none assessed by default, no smelter would ever be short."""
    row = SMELTER | {"kind": kind}
    result = solved(grid([plant("wind", "A", 5)], [weight("A", 0.35)], loads={"A": 0, "smelter": 20}, load_rows=[row]))
    assert value(result, "load_short").sum() == pytest.approx(missing, abs=1e-6)


def test_a_key_industry_consumes_energy_not_power():
    """20 MW for two hours are 40 MWh, half of them 20; wind of 5 MW has 10 certificates: 10 short. By power none would be."""
    case = grid([plant("wind", "A", 5)], loads={"A": 0, "smelter": 20}, load_rows=[SMELTER],
                settings={"industries": {"aluminium": {"share": 0.5}}})
    assert short(solved(replace(case, step_hours=np.array([2.0])))) == pytest.approx(10)


def under_contract(case, generator):
    """The smelter's contract with a plant of its zone, for a share that green_load matches."""
    return case.replace(contracts=small_case(1, contracts=[{"contract": "c", "load": "smelter", "generator": generator}]).tables["contracts"])


def test_more_may_move_with_a_contract_than_an_industry_owes():
    """A smelter of 20 MW has 16 MWh of wind by contract and owes 10: nothing is short, and wind serves 16 of the 20 MWh that coal
    would. Had it to retire what it owes and no more, 6 MWh of its contract would be short at 1000 CNY."""
    case = under_contract(grid([plant("wind", "A", 20, cost=130)], loads={"A": 0, "smelter": 20}, load_rows=[SMELTER | {"green_share": 0.8}],
                               settings={"industries": {"aluminium": {"share": 0.5}}}), "wind")
    result = solved(case)
    assert result.objective == pytest.approx(16 * 130 + 4 * 100)
    assert value(result, "load_short").sum() == pytest.approx(0, abs=1e-6)


def test_what_moves_with_a_contract_is_neither_given_up_nor_sold():
    """Wind at sea of 10 MW, 8 under contract, and wind on land of 10 in A. Reductions earn 250 CNY/MWh: the 2 of the sea that are
    free are given up, though 10 of the land's lie beside them. 10 are left for the 20 that B owes, and 10 are short. Were the
    contract's 8 on offer, 2 would be short; were they given up too, 8 x 250 CNY more would be earned."""
    plants = [plant("sea", "A", 10, technology="wind_offshore"), plant("land", "A", 10)]
    case = grid(plants, [weight("B", 0.4)], loads={"A": 0, "B": 50, "smelter": 20}, load_rows=[SMELTER | {"green_share": 0.4, "kind": "base"}],
                settings={"ccer_price_cny_per_t": 500, "ccer_factor_t_per_mwh": 0.5})
    result = solved(under_contract(case, "sea"))
    assert value(result, "ccer").sum() == pytest.approx(2)
    assert value(result, "sold").sum() == pytest.approx(10)
    assert result.objective == pytest.approx(50 * 100 + 10 * 100 - 2 * 250)


def test_monitored_industries_are_told():
    """A data centre of 20 MW is told what 80 % of it are, 16 MWh, and all of it short; it costs nothing. Assessed it would pay 1,600
    CNY."""
    case = grid([], loads={"A": 0, "servers": 20}, load_rows=[{"load": "servers", "zone": "A", "kind": "data_centre"}])
    results = gm.solve(case)
    row = results.tables["green_obligations"].set_index("party").loc["servers"]
    assert (row["required_mwh"], row["short_mwh"], bool(row["passed"])) == (pytest.approx(16), pytest.approx(16), True)
    assert results.summary["audit"]["passed"]


def test_less_than_a_certificate_is_no_certificate():
    """0.5 MWh of wind, and none at all: a ledger without rows, which is right as such; the weight is short."""
    for wind in ([plant("wind", "A", 0.5)], []):
        results = gm.solve(grid(wind, [weight("A", 0.1)]))
        assert results.tables["ledger"].empty and results.summary["audit"]["passed"]


def test_what_moves_with_a_contract_counts_for_a_key_industry():
    """A smelter of 20 MW whose share is 35 %, 7 MWh: 5 move with its contract, so 2 are short. Were bought certificates alone
    counted, the contract would have taken the only 5 there are, and all 7 be short."""
    case = grid([plant("wind", "A", 5)], [weight("A", 0.35)], loads={"A": 0, "smelter": 20},
                load_rows=[SMELTER | {"green_share": 0.25}])
    results = gm.solve(under_contract(case, "wind"))
    row = results.tables["green_obligations"].set_index("obligation").loc["green_share"]
    assert row[["certificates_mwh", "bundled_mwh", "short_mwh"]].tolist() == pytest.approx([0, 5, 2], abs=1e-6)
    assert row["achieved_share"] == pytest.approx(5 / 20)
    assert results.summary["audit"]["passed"]


def test_a_load_may_name_its_own_share():
    """40 % of a smelter's 20 MWh are 8, of which B's wind has 5: 3 short. By its kind none would be, as its zone has no weight."""
    row = SMELTER | {"green_share": 0.4, "certificates": "assessed"}
    result = solved(grid([plant("wind", "B", 5)], loads={"B": 50, "smelter": 20}, load_rows=[row]))
    assert value(result, "load_short").tolist() == [pytest.approx(3)]


# ----------------------------------------------------------------------------------------------------------------- CCER


@pytest.mark.parametrize("ccer_price, given_up, missing", [(50, 0, 6), (500, 4, 10)])
def test_a_certificate_or_certified_reductions(ccer_price, given_up, missing):
    """Wind at sea of 4 MW in A. At 0.5 t/MWh reductions earn 25 CNY/MWh or 250; a certificate saves the penalty of
    100. So all are sold, or all given up. Were both possible, 4 would be sold and given up at once."""
    sea = plant("sea", "A", 4, technology="wind_offshore")
    case = grid([sea], [weight("B", 0.2)], settings={"ccer_price_cny_per_t": ccer_price, "ccer_factor_t_per_mwh": 0.5})
    result = solved(case)
    assert value(result, "ccer").sum() == pytest.approx(given_up)
    assert short(result) == pytest.approx(missing)
    assert result.objective == pytest.approx(9600 + 100 * missing - given_up * ccer_price * 0.5)
    assert_same_as_concrete(case)


def test_other_plants_may_not_choose():
    """Wind of 4 MW on land beside 1 MW at sea, reductions at 250 CNY/MWh: 1 is given up. Without the limit, the land's
    4 too."""
    plants = [plant("wind", "A", 4), plant("sea", "A", 1, technology="wind_offshore")]
    result = solved(grid(plants, settings={"ccer_price_cny_per_t": 500, "ccer_factor_t_per_mwh": 0.5}))
    assert value(result, "ccer").sum() == pytest.approx(1)
    assert result.objective == pytest.approx(9500 - 250)


# -------------------------------------------------------------------------------------------------------- bank and time


def across_the_year(**more):
    """The last hour of 2027 and the first of 2028; B has a weight from 2028 on."""
    return grid(
        more.pop("plants", []),
        [weight("B", 0.2, year=2028)],
        steps=2,
        start="2027-12-31 23:00",
        settings={"preference_cny_per_mwh": 0.01},
        **more,
    )


def test_certificates_are_banked():
    """Wind blows in 2027 only, the weight begins in 2028: its 10 certificates are those of December, kept. Without the
    bank all 10 are short."""
    case = across_the_year(plants=[plant("wind", "A", 20, cost=90)], wind={"wind": [1.0, 0.0]})
    result = solved(case)
    assert short(result) == pytest.approx(0, abs=1e-6)
    assert value(result, "sold").sum() == pytest.approx(10)
    assert_same_as_concrete(case)


def test_what_is_not_yet_generated_is_not_sold():
    """B must be green in 2027 only (0 from 2028 on), wind blows in 2028: all 10 are short. Were certificates sold that
    are not yet there, none would be."""
    case = grid(
        [plant("wind", "A", 20)],
        [weight("B", 0.2, year=2027), weight("B", 0.0, year=2028)],
        steps=2,
        start="2027-12-31 23:00",
        wind={"wind": [0.0, 1.0]},
    )
    assert short(solved(case)) == pytest.approx(10)
    assert short(solved(case, "green_certificates.bank")) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("vintage, missing", [("2026-01", 10), ("2026-02", 3)])
def test_certificates_expire_after_24_months(vintage, missing):
    """7 certificates in hand. Those of January 2026 are valid to December 2027 and are gone when the weight begins,
    those of February serve in January 2028. Without expiry 3 would be short in both."""
    case = across_the_year(
        plants=[plant("wind", "A", 0)],
        lots=[{"lot": "old", "generator": "wind", "vintage": vintage, "quantity_mwh": 7}],
    )
    assert short(solved(case)) == pytest.approx(missing)
    assert_same_as_concrete(case)
    results = gm.solve(case)
    assert check_ledger(results.tables["ledger"]) == []
    expired = results.tables["certificate_statement"]["expired_mwh"].sum()
    assert expired == (7 if missing == 10 else 0)


@pytest.mark.parametrize("vintage", ["2027-12", "2025-12"])
def test_lots_that_cannot_be_in_hand(vintage):
    """A lot of the horizon itself, or one that had expired before it."""
    case = across_the_year(
        plants=[plant("wind", "A", 0)],
        lots=[{"lot": "odd", "generator": "wind", "vintage": vintage, "quantity_mwh": 7}],
    )
    with pytest.raises(InputError, match="vintage"):
        gm.build_model(case)


def test_what_is_short_is_gone_with_its_year():
    """10 short in 2027; in 2028 wind of 20 serves that year's 10 and nothing of the year before. Were both years one, the wind of 2028
    would serve all 20 and none be short."""
    case = grid(
        [plant("wind", "A", 20)],
        [weight("B", 0.2)],
        steps=2,
        start="2027-12-31 23:00",
        wind={"wind": [0.0, 1.0]},
        settings={"preference_cny_per_mwh": 0.01},
    )
    result = solved(case)
    assert value(result, "short")[:, 0].tolist() == [pytest.approx(10), pytest.approx(0)]
    assert value(result, "sold").sum() == pytest.approx(10)


def test_the_latest_weights_hold():
    """Weights of 2020, 2023 and 2028: 2027 takes those of 2023, and 5 are short. By the first of them 20 would be, by the last 30."""
    case = grid([], [weight("B", 0.4, year=2020), weight("B", 0.1), weight("B", 0.6, year=2028)])
    assert short(solved(case)) == pytest.approx(5)


# -------------------------------------------------------------------------------------------------------------- results


def test_tables_say_what_happened():
    """Wind in A of which 10 go to B at 30 CNY. Read from the tables alone, MWh and CNY."""
    results = gm.solve(grid([plant("wind", "A", 20, cost=130)], [weight("B", 0.2)]))
    assert check_ledger(results.tables["ledger"]) == []
    market = results.tables["certificate_market"]
    assert market.drop(columns=["month", "kind"]).to_numpy().tolist() == [
        [pytest.approx(x, abs=1e-6) for x in (10, 0, 10, 0, 10, 0, 30)]
    ]
    row = results.tables["green_obligations"].set_index(["party", "obligation"]).loc[("B", "total")]
    figures = row[
        ["consumption_mwh", "required_mwh", "physical_mwh", "certificates_mwh", "short_mwh", "price_cny_per_mwh"]
    ]
    assert figures.tolist() == [pytest.approx(x, abs=1e-6) for x in (50, 10, 0, 10, 0, 30)]
    assert row["passed"] and row["achieved_share"] == pytest.approx(0.2)
    statement = results.tables["certificate_statement"].set_index("zone")
    assert statement["trade_cny"].to_dict() == {"A": pytest.approx(300), "B": pytest.approx(-300)}
    assert statement[["sold_mwh", "bought_mwh"]].to_numpy().tolist() == [[10, 0], [0, 10]]


def test_what_the_mix_of_a_corridor_says_stands_beside():
    """Hydro of 30 MW and coal of 50 in A, 50 for A's load and 30 over the line (whose ends trade for dear coal in B):
    the line carries 3/8 renewable, 30 x 3/8 = 11.25 MWh of B's 50. The programme may count up to 30, and needs 20."""
    case = grid([held_hydro(30, cost=0)], [weight("B", 0.4)], lines=[line(30)])
    case.tables["generators"].loc[case.tables["generators"]["generator"] == "B coal", "variable_cost_cny_per_mwh"] = 500
    tables = gm.solve(case).tables
    row = tables["green_obligations"].set_index(["party", "obligation"]).loc[("B", "total")]
    assert row["traced_mwh"] == pytest.approx(11.25)
    assert row["physical_mwh"] >= 20 - 1e-6 and row["passed"]
    corridor = tables["green_imports"].iloc[0]
    assert corridor[["line", "from_zone", "to_zone", "month"]].tolist() == ["AB", "A", "B", "2027-01"]
    assert corridor["sent_mwh"] == pytest.approx(30) and corridor["traced_share"] == pytest.approx(3 / 8)
    assert 20 - 1e-6 <= corridor["carried_mwh"] <= 30 + 1e-6


def test_the_ledger_is_conserved_on_a_year_of_many_zones():
    """Twelve months (of a day each), uneven wind, held hydro, CCER: the ledger from the table alone: events sum to
    zero, what was issued is in a zone or has left, and each party retired what the programme bought, to the
    certificate."""
    random = np.random.default_rng(1)
    plants = [plant(f"{zone} wind", zone, 40) for zone in "ABC"] + [
        held_hydro(15, "B", 0),
        plant("sea", "C", 30, technology="wind_offshore"),
    ]
    wind = {f"{zone} wind": random.uniform(0, 1, 12) for zone in "ABC"} | {"sea": random.uniform(0, 1, 12)}
    case = small_case(
        12,
        step_hours=730,
        technologies=TECHNOLOGIES,
        policies={"green_certificates": {"ccer_price_cny_per_t": 40, "ccer_factor_t_per_mwh": 0.53}},
        generators=[*(coal(zone) for zone in "ABC"), *plants],
        obligations=[weight("A", 0.9, 0.9), weight("B", 0.5, 0.3), weight("C", 0.3, 0.2)],
        loads=[{"load": zone, "zone": zone} for zone in "ABC"],
        series={"load": {zone: 50.5 for zone in "ABC"}, "availability": wind},
    )
    tables = gm.solve(case).tables
    ledger = tables["ledger"]
    assert check_ledger(ledger) == []
    assert (ledger.groupby("entry")["quantity_mwh"].sum() == 0).all()
    issued = -ledger[(ledger["account"] == "registry")]["quantity_mwh"].sum()
    assert issued == ledger[ledger["account"] != "registry"]["quantity_mwh"].sum()
    market = tables["certificate_market"]
    assert abs(issued - market["issued_mwh"].sum()) < 5  # a fraction of each plant waits
    retired = ledger[(ledger["account"] == "retired")].groupby("purpose")["quantity_mwh"].sum()
    bought = tables["green_obligations"].query("obligation == 'total'").set_index("party")["certificates_mwh"]
    assert len(retired) and all(
        abs(retired[f"{zone} weight"] - bought[zone]) <= 5 for zone in "ABC" if bought[zone] > 5
    )


def test_switched_off_there_is_no_row():
    case = grid([plant("wind", "A", 20, cost=130)], [weight("B", 0.2)])
    case.scenario.policies["green_certificates"] = False
    result = solved(case)
    assert not [
        name for name in [*result.program.rows, *result.program.columns] if name.startswith("green_certificates")
    ]
    assert result.objective == pytest.approx(10000)


def test_tables_that_cannot_be():
    hydro = plant("hydro", "A", 1, technology="hydro_reservoir", commissioned="2022-05-01")
    case = grid(
        [hydro, held_hydro(1, "B")],
        [weight("B", 0.2, 0.3), weight("A", 0.1), weight("A", 0.2)],
        lots=[{"lot": "x", "generator": "B hydro", "quantity_mwh": 1.5}],
    )
    found = {(problem.column, problem.allowed) for problem in green_certificates.check_certificates(case.tables)}
    assert {column for column, _ in found} == {
        "certificate",
        "non_hydro_share",
        "year",
        "generator",
        "vintage",
        "quantity_mwh",
    }
