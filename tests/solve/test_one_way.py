"""Nothing runs against itself where it need not: stores and lossy lines go one way, and the certificate knows it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array
from small import both_ways_allowed, small_case

import grid_model as gm
from grid_model.algebra import Arrays
from grid_model.results.audit import audit
from grid_model.results.certificate import certify_stored
from grid_model.solve import ranked
from grid_model.solve.one_way import OneWay


def plant(zone="A", capacity=1000, price=-50.0, **more):
    return {"generator": f"plant {zone}", "zone": zone, "technology": "biomass", "capacity_mw": capacity,
            "variable_cost_cny_per_mwh": price, **more}


def store(zone="A", **more):
    return {"storage": f"store {zone}", "zone": zone, "technology": "lithium_ion", "power_mw": 100, "energy_mwh": 1000,
            "charge_efficiency": 0.8, "discharge_efficiency": 0.5, **more}


def paid(*zones, steps=1, **more):
    """Plants that are paid 50 CNY/MWh, and stores that can keep nothing: their end is as their start."""
    return small_case(steps, series={"load": {f"load {zone}": 0 for zone in zones}},
                      loads=[{"load": f"load {zone}", "zone": zone} for zone in zones],
                      generators=[plant(zone) for zone in zones], storage=[store(zone) for zone in zones], **more)


def test_a_store_does_not_burn_what_it_is_paid_for():
    """One hour, end as start: a store can do nothing. Both ways at once it would burn 60/1.4 MW (c + d = 100, d = 0.4 c) and
    earn 2,142.86 CNY."""
    results = gm.solve(paid("A"))
    assert results.summary["objective_cny"] == pytest.approx(0, abs=1e-6)
    assert results.dispatch["charge"].values.max() < 1e-3 and results.tables["burning"].empty
    assert results.summary["directions"] == {"fixed": 1, "rounds": 1, "left": 0, "if_none_were_fixed": {
        "objective_cny": pytest.approx(-50 * 60 / 1.4), "lost_mwh": {}}}


def test_a_line_carries_one_way():
    """80 MW of load, a plant that is paid 50 CNY/MWh, a line that leads nowhere: 80 MW run. Sent there and back 10 MW more would
    be lost on the way."""
    case = small_case(1, series={"load": {"a": 80}}, loads=[{"load": "a", "zone": "A"}], generators=[plant()],
                      lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 100, "loss_fraction": 0.1}])
    results = gm.solve(case)
    assert results.summary["objective_cny"] == pytest.approx(-50 * 80)
    assert results.dispatch["loss"].values == pytest.approx(0, abs=1e-3)
    assert gm.solve(both_ways_allowed(case)).summary["objective_cny"] == pytest.approx(-50 * 90)


def test_nothing_is_burnt_in_windows():
    """Four hours in two windows: a paid plant, a store and a line that leads nowhere. Both could burn in every hour; with the
    switch off they do."""
    case = paid("A", steps=4, lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 100, "loss_fraction": 0.1}],
                zones=[{"zone": "A"}, {"zone": "B"}])
    windows = {"mode": "windows", "window_hours": 2, "look_ahead_hours": 1, "medium_hours": 2}

    def burnt(**more):
        solve = case.scenario.solve.model_copy(update=windows | more)
        results = gm.solve(replace(case, scenario=case.scenario.model_copy(update={"solve": solve})))
        return set(results.tables["burning"]["kind"])

    assert burnt() == set()
    assert burnt(one_way=False) == {"storage", "line"}


def test_surplus_is_curtailed_and_not_burnt():
    """Wind of 100 MW in two hours, load of 60 in the first and 80 in the second; the rank of curtailment comes before cost. The
    store (0.8 in, 0.5 out) ends as it starts: 40 MW charged in the first hour give 16 back in the second, where 20 + 16 MW are
    curtailed then (the other way about, 20 MW charged in the second give 8 back before: 48 MW). Burning c - d = 0.6 c of c + d <= 100
    it would take both surpluses, all 200 MWh."""
    case = small_case(2, series={"load": {"l": [60, 80]}, "availability": {"w": 1}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[{"generator": "w", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100,
                                   "purchase_class": "market"}], storage=[store()],
                      policies={"guaranteed_purchase": {"market": "curtailment"}})
    results = gm.solve(case)
    order = results.tables["purchase_order"].set_index("purchase_class")
    assert order.loc["market", "taken_mwh"] == pytest.approx(164)
    assert results.tables["burning"].empty
    assert results.summary["directions"]["if_none_were_fixed"]["lost_mwh"]["market"] == pytest.approx(0, abs=1e-6)
    assert results.summary["directions"]["fixed"] == 2


@pytest.mark.parametrize("floor", [0.04, 0.02])
def test_what_must_burn_burns_and_nothing_else(floor):
    """A has 40 (or 20) MW more than it can use and cannot turn down; B is only paid to burn. Both directions are closed first; there is
    no way then, and the solver's proof of it names A's store alone. Opening all that was closed would let B burn too."""
    case = paid("A", "B")
    plants = case.tables["generators"].copy()
    plants["min_output_fraction"] = [floor, 0.0]
    results = gm.solve(case.replace(generators=plants))
    assert set(results.tables["burning"]["name"]) == {"store A"}
    directions = results.summary["directions"]
    assert (directions["left"], directions["fixed"], directions["rounds"]) == (1, 1, 1)
    assert results.summary["audit"]["passed"]


def test_equipment_that_stands_apart_may_run_both():
    """An electrolyser and a fuel cell are two machines: c = 100 and d = 40 burn 60 MW, and that is no burning to report."""
    case = paid("A")
    results = gm.solve(case.replace(storage=case.tables["storage"].assign(separate_equipment=True)))
    assert results.summary["objective_cny"] == pytest.approx(-50 * 60)
    assert results.tables["burning"].empty and results.summary["directions"]["fixed"] == 0


def test_least_cycles_are_made_and_not_pretended():
    """Paid 50 CNY/MWh in the first of three hours, 20 to pay in the others; a store of 40 MWh (0.8 in, 1 out) that is to deliver
    40 MWh in these hours. It charges 50 MW in the first and delivers later. Allowed both at once it takes c = 77.8 MW and gives
    d = 22.2 back in the first hour (0.8 c - d = 40, c + d = 100), which is paid for more and counts as delivered."""
    case = small_case(3, series={"load": {"l": [0, 100, 100]}, "availability": {"plant A": [1, 0, 0]}},
                      loads=[{"load": "l", "zone": "A"}], generators=[plant(capacity=100), plant(capacity=100, price=20, generator="dear")],
                      storage=[store(energy_mwh=40, min_cycles_per_day=8, discharge_efficiency=1)])
    dispatch = gm.solve(case).dispatch
    assert dispatch["charge"].values[0] == pytest.approx([50, 0, 0], abs=1e-3)
    assert dispatch["discharge"].values[0, 0] == pytest.approx(0, abs=1e-3)
    assert dispatch["discharge"].values[0].sum() == pytest.approx(40, abs=1e-3)
    burning = gm.solve(both_ways_allowed(case)).dispatch
    assert [float(burning[name].values[0, 0]) for name in ("charge", "discharge")] == pytest.approx([700 / 9, 200 / 9])


def test_certificate_holds_within_the_directions_chosen():
    """The bound of the closed programme is its cost. Of the programme as it is written it would be 2,143 CNY lower, and the
    certificate must say so when the closed columns are taken out of the stored duals; an unknown family is seen."""
    case = paid("A")
    results = gm.solve(case)
    model = gm.build_model(case)
    program = gm.compile_program(model)

    def failed(duals):
        found = certify_stored(model, program, duals, results.summary, None)
        return found.loc[~found["passed"], "law"].tolist()

    assert results.summary["gap"] == pytest.approx(0, abs=1e-9)
    assert failed(results.duals) == []
    name = "closed.storage.discharge"
    assert results.duals[name].values.tolist() == [[1]]
    assert "cost is no more than the bound allows" in failed(results.duals.drop_vars(name))
    assert failed(results.duals.rename({name: "closed.storage.nothing"})) == ["programme as solved"]


def test_audit_recomputes_what_runs_against_itself():
    """1 MWh more or less in the table, another count in the summary, or a store that does and is not shown: each is seen."""
    case = both_ways_allowed(paid("A"))
    results = gm.solve(case)
    table = results.tables["burning"]
    assert table["energy_mwh"].sum() == pytest.approx(40 / 1.4)

    def broken(shown, summary=results.summary, case=case):
        found = audit(case, results.dispatch, {"burning": shown}, summary)
        return [law for law in found.loc[~found["passed"], "law"] if "against" in law]

    assert broken(table) == []
    for wrong in (table.assign(energy_mwh=table["energy_mwh"] + 1), table.iloc[:0], table.assign(name="nobody")):
        assert broken(wrong) == ["energy that runs against itself as shown"]
    counted = {"directions": {"left": 0}}
    assert broken(table, counted, paid("A")) == ["steps that run against themselves as counted"]


@pytest.mark.parametrize("half", [1, 2])
def test_nothing_that_need_not_runs_against_itself(random, half):
    """Random prices of either sign, stores and a lossy line, twenty pairs of zones side by side: nothing burns (everything may be
    turned down), and it costs no less than with both ways allowed; the audit and the certificate pass, or `solve` would raise."""
    pairs = [(f"A{number}", f"B{number}") for number in range(20)]
    zones = [zone for pair in pairs for zone in pair]
    case = small_case(
        3, series={"load": {f"load {zone}": random.integers(0, 151, 3) for zone in zones}},
        loads=[{"load": f"load {zone}", "zone": zone} for zone in zones],
        generators=[plant(zone, 200, float(random.choice([-80, -20, 0, 30]))) for zone in zones],
        storage=[store(zone, initial_fraction=float(random.choice([0.0, 0.5, 1.0])), cyclic=bool(random.integers(2)),
                       energy_mwh=float(random.choice([50, 400]))) for zone in zones],
        lines=[{"line": f"{one}-{other}", "from_zone": one, "to_zone": other, "capacity_mw": 80, "loss_fraction": 0.2}
               for one, other in pairs])
    results = gm.solve(case)
    directions = results.summary["directions"]
    assert results.tables["burning"].empty and directions["left"] == 0 and directions["fixed"] > 0
    assert results.summary["objective_cny"] >= directions["if_none_were_fixed"]["objective_cny"] - 0.01


def test_of_equal_dispatches_the_one_that_keeps_energy_is_taken(monkeypatch):
    """Every hour costs the same, and 20 MWh are to be delivered in six hours: charging in one hour and delivering in another
    costs what doing both in one does. States weigh next to nothing, so it is the former, with no direction fixed; with the
    weight of a decision each MWh held for an hour would count, and both would be done in one hour."""
    case = small_case(6, series={"load": {"l": 100}}, loads=[{"load": "l", "zone": "A"}], generators=[plant(price=20)],
                      storage=[store(energy_mwh=80, min_cycles_per_day=1)])
    results = gm.solve(both_ways_allowed(case))
    assert results.dispatch["discharge"].values.sum() == pytest.approx(20, abs=1e-3)
    assert results.tables["burning"].empty
    monkeypatch.setattr(ranked, "STATE", 1.0)
    assert gm.solve(both_ways_allowed(case)).tables["burning"]["energy_mwh"].sum() == pytest.approx(20, abs=1e-3)


def test_after_a_round_every_pair_in_use_keeps_its_way():
    """A surplus that moves on: when a direction is closed the next store takes it. In the second round the third and the fourth store,
    which only charge so far, may not discharge any more either, and the idle fifth may do as it likes."""
    both, one, idle = (2.0, 1.0), (2.0, 0.0), (0.0, 0.0)
    found = iter([both + one + one + one + idle, one + both + one + one + idle, one + one + one + one + idle])
    program = SimpleNamespace(cost=np.zeros(10))
    ways = OneWay(SimpleNamespace(program=program), np.column_stack([np.arange(10).reshape(5, 2), np.arange(5)]))
    closed_by_round = []
    ways._possible = lambda solve, limit: closed_by_round.append(np.flatnonzero(ways.closed).tolist()) or solve()
    ways.settle(*[lambda: SimpleNamespace(columns=np.array(next(found)), objective=0.0, column_duals=np.zeros(10))] * 2)
    assert closed_by_round == [[1], [1, 3, 5, 7]]
    assert ways.left == 0


@pytest.mark.parametrize(("cost_of_turn", "kept", "finished"), [(12.0, 10.0, [0.0, 10.0]), (9.0, 9.0, [0.0, 10.0, 9.0])])
def test_a_turn_that_costs_as_much_is_given_up_at_its_vertex(cost_of_turn, kept, finished):
    """Both ways cost 0, the first way 10. The second one is looked at to its end only if it costs less; otherwise the first is what
    comes out, and what the working programme holds."""
    program = Arrays(cost=np.zeros(2), offset=0.0, column_lower=np.zeros(2), column_upper=np.full(2, 5.0), row_lower=np.zeros(0),
                     row_upper=np.zeros(0), matrix=csr_array((0, 2)))
    bounds, seen = [], []
    costs = {(5.0, 0.0): 10.0, (0.0, 5.0): cost_of_turn}
    working = SimpleNamespace(program=program, take_bounds=lambda closed: bounds.append(tuple(closed.column_upper)))

    def vertex(columns, objective, duals):
        return SimpleNamespace(columns=np.array(columns), objective=objective, column_duals=np.array(duals))

    ways = OneWay(working, np.array([[0, 1, 0]]), finish=lambda found: seen.append(found.objective) or found)
    found = ways.settle(lambda: vertex([2.0, 1.0], 0.0, [0.0, 0.0]),
                        lambda: vertex(np.sign(bounds[-1]), costs[bounds[-1]], [-9.0, -9.0]))
    assert (found.objective, seen, ways.turned) == (kept, finished, int(kept == cost_of_turn))
    assert costs[bounds[-1]] == kept


def sold_both_ways(matching):
    """Wind of A and servers in B that want 8 MWh of it an hour; coal costs 100 CNY in A, where 20 MW are wanted, and 50 in B, where
    10 are. Energy costs 1 CNY on the line. A load that is short of green energy pays 1,000 CNY/MWh."""
    coal = [{"generator": f"coal {zone}", "zone": zone, "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": price}
            for zone, price in (("A", 100), ("B", 50))]
    wind = {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 10, "certificate": "tradable"}
    return small_case(
        2, policies={"green_load": {}, "green_certificates": False}, generators=[*coal, wind],
        loads=[{"load": "servers", "zone": "B", "green_share": 0.8, "green_matching": matching}, {"load": "town", "zone": "A"}],
        lines=[{"line": "BA", "from_zone": "B", "to_zone": "A", "capacity_mw": 16, "cost_cny_per_mwh": 1}],
        contracts=[{"contract": "c", "load": "servers", "generator": "wind", "line": "BA"}],
        series={"load": {"servers": 10, "town": 20}, "availability": {"wind": 1}})

@pytest.mark.parametrize("matching", ["hour", "month"])
def test_the_direction_that_is_cheaper_stays_open(matching):
    """A line of 16 MW would bring 8 MW of contracted wind and take 8 MW of cheap coal at once (3,032 CNY with the line's own). One
    way, it brings 16 MWh in two hours: B's coal gives 2 MW and A's 18, 1,900 + 8 CNY an hour. Closing the direction that is used
    less, or that with cheap power, leaves 16 MWh short hour by hour (18,020 CNY), 6 MWh over the month (9,020)."""
    results = gm.solve(sold_both_ways(matching))
    assert results.summary["objective_cny"] == pytest.approx(3816)
    assert results.tables["green_loads"]["short_mwh"].sum() == pytest.approx(0, abs=1e-3)
