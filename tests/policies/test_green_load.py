"""Green loads by hand: shares matched by year, month and hour, stored surplus, lines, bundled certificates."""

from __future__ import annotations

import pytest
from concrete import assert_same_as_concrete
from pyomo.environ import value
from small import small_case, solved

import grid_model as gm
from grid_model.policies import green_contracts

OFF = {"green_certificates": False}


def grid(steps, load, wind, share=0.5, matching="hour", contracts=None, start="2027-01-01", **more):
    """A load of 10 MW (or given) that coal serves for 100 CNY/MWh and wind for 400, so that green costs 300 more."""
    return small_case(
        steps,
        start=start,
        policies={"green_load": {}, **OFF},
        generators=[
            {
                "generator": "coal",
                "zone": "A",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 100,
            },
            {
                "generator": "wind",
                "zone": "A",
                "technology": "wind_onshore",
                "capacity_mw": 10,
                "variable_cost_cny_per_mwh": 400,
                "certificate": "tradable",
            },
        ],
        loads=[
            {"load": "servers", "zone": "A", "kind": "data_centre", "green_share": share, "green_matching": matching}
        ],
        contracts=[{"contract": "c", "load": "servers", "generator": "wind"}] if contracts is None else contracts,
        series={"load": {"servers": load}, "availability": {"wind": wind}},
        **more,
    )


def wind_of(result):
    return (result.value("renewable.generation")[0] * 1e3).round(6).tolist()


def test_hours_are_matched_one_by_one():
    """Half of 10 MW in each of two hours; wind can give 10 MW, then 5. By hand 5 MW of wind in both hours at 300 CNY
    more: 2 x 10 x 100 + 2 x 5 x 300 = 5000 CNY. Without the rule there is no wind: 2000."""
    result = solved(grid(2, 10, [1.0, 0.5]))
    assert wind_of(result) == [5, 5]
    assert result.objective == pytest.approx(5000)


def test_an_hour_without_wind_is_short_though_the_year_has_enough():
    """Wind of 10 MW in the first hour, none in the second: hour by hour 5 MWh are short at 1000 CNY. By year the first
    hour's 10 MWh would do, and by hand cost 2000 + 10 x 300 = 5000 instead of 2000 + 5 x 300 + 5 x 1000 = 8500.
    Without either rule there is no wind: 2000."""
    hourly = solved(grid(2, 10, [1.0, 0.0]))
    assert wind_of(hourly) == [5, 0]
    assert hourly.objective == pytest.approx(8500)
    yearly = solved(grid(2, 10, [1.0, 0.0], matching="year"))
    assert wind_of(yearly) == [10, 0]
    assert yearly.objective == pytest.approx(5000)


@pytest.mark.parametrize("matching", ["hour", "month", "year"])
def test_hours_count_in_steps_of_two(matching):
    """Half of 10 MW over two steps of two hours is 20 MWh: 40 x 100 + 20 x 300 = 10,000 CNY. Counted by steps half of that is asked for."""
    assert solved(grid(2, 10, [1.0, 1.0], matching=matching, step_hours=2.0)).objective == pytest.approx(10_000)


def test_months_are_matched_one_by_one():
    """The hours before and after the end of January: by month the second hour is short, by year it is not."""
    monthly = solved(grid(2, 10, [1.0, 0.0], matching="month", start="2027-01-31 23:00"))
    assert wind_of(monthly) == [5, 0]
    assert monthly.objective == pytest.approx(8500)
    assert solved(grid(2, 10, [1.0, 0.0], matching="year", start="2027-01-31 23:00")).objective == pytest.approx(5000)


def battery(**more):
    return [
        {
            "storage": "battery",
            "zone": "A",
            "technology": "lithium_ion",
            "power_mw": 10,
            "energy_mwh": 20,
            "cyclic": False,
            "initial_fraction": 0.5,
            "charge_efficiency": 0.8,
            "discharge_efficiency": 1,
            **more,
        }
    ]


def test_contracted_surplus_is_stored():
    """No wind in the second hour, 10 MW in the first, 4 MW of the load's 10 wanted green. A store of 80 % under
    contract takes 5 MWh of wind and gives 4 back: wind 4 + 5 = 9 MWh, coal 6 + 6, nothing short: 1200 + 3600 = 4800
    CNY. Without the store 4 MWh are short. Without y <= k d it would keep its energy, 0 for 4 MWh, and they would count all the same."""
    storage = [{"contract": "s", "load": "servers", "storage": "battery"}]
    result = solved(stored(storage, battery()))
    assert wind_of(result) == [9, 0]
    assert result.value("storage.discharge")[0, 1] == pytest.approx(0.004)
    assert result.value("green_load.green_level")[0].tolist() == pytest.approx([0, 0.004, 0])
    assert result.objective == pytest.approx(4800)


def stored(contracts, storage, wind=(1.0, 0.0), share=0.4, final=0.5, **more):
    return small_case(
        len(wind),
        policies={"green_load": {}, **OFF},
        generators=[
            {
                "generator": "coal",
                "zone": "A",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 100,
            },
            {
                "generator": "wind",
                "zone": "A",
                "technology": "wind_onshore",
                "capacity_mw": 10,
                "variable_cost_cny_per_mwh": 400,
                "certificate": "tradable",
            },
        ],
        loads=[{"load": "servers", "zone": "A", "green_share": share, "green_matching": "hour"}],
        contracts=[{"contract": "c", "load": "servers", "generator": "wind"}, *contracts],
        storage=[row | {"final_fraction": final} for row in storage],
        series={"load": {"servers": 10}, "availability": {"wind": list(wind)}},
        **more,
    )


def test_what_was_in_store_before_is_not_green():
    """The store begins with 10 MWh of unknown origin and may end empty. It gives them to the load, which saves coal
    but not a MWh of what is short: with no wind at all, 0.4 x 10 x 2 = 8 MWh. Were the first level green, none would
    be short."""
    result = solved(
        stored([{"contract": "s", "load": "servers", "storage": "battery"}], battery(), wind=(0.0, 0.0), final=0.0)
    )
    assert result.value("storage.discharge").sum() == pytest.approx(0.010)
    assert result.value("green_load.short_by_hour").sum() == pytest.approx(0.008)


def test_only_charging_that_takes_place_is_green():
    """The store's converter is lossless and its share under contract is 10 %: of 10 MW it may count 1. So 1 MWh is
    kept for the second hour, and 3 of 4 are short. Were its share not asked, none would be short."""
    result = solved(
        stored(
            [{"contract": "s", "load": "servers", "storage": "battery", "share": 0.1}], battery(charge_efficiency=1.0)
        )
    )
    assert result.value("green_load.short_by_hour")[0].tolist() == pytest.approx([0, 0.003])


def test_a_store_that_does_not_charge_keeps_nothing():
    """A full store that can only discharge: it gives energy in the second hour, but none of the first hour's wind. All
    4 are short. Without x <= k c the wind would be kept on paper."""
    full = battery(initial_fraction=1.0, charge_power_mw=0)
    result = solved(stored([{"contract": "s", "load": "servers", "storage": "battery"}], full, final=0.0))
    assert result.value("green_load.short_by_hour")[0].tolist() == pytest.approx([0, 0.004])


@pytest.mark.parametrize("matching, family", [("hour", "short_by_hour"), ("month", "short")])
def test_a_contract_is_a_share_of_its_plant(matching, family):
    """A contract with a fifth of 10 MWh, 5 wanted: 3 short, whatever the period. (Short is dear, or it would be preferred.)
    Without a <= k g none would be."""
    case = grid(1, 10, [1.0], matching=matching, contracts=[{"contract": "c", "load": "servers", "generator": "wind", "share": 0.2}])
    case.scenario.policies["green_load"] = {"shortfall_penalty_cny_per_mwh": 3000}
    assert solved(case).value(f"green_load.{family}").sum() == pytest.approx(0.003)


def test_shares_of_contracts_limit_what_is_allotted():
    """A contract with a fifth of the wind: 2 of the 5 MWh wanted, 3 short. (A green MWh then costs 5 x 300 CNY, so
    that the load would rather be short at 1000; here it costs 3000.) Without the limit 5 MWh would be allotted."""
    case = grid(1, 10, [1.0], contracts=[{"contract": "c", "load": "servers", "generator": "wind", "share": 0.2}])
    case.scenario.policies["green_load"] = {"shortfall_penalty_cny_per_mwh": 3000}
    result = solved(case)
    assert result.value("green_load.allotted_by_hour").tolist() == [[pytest.approx(0.002)]]
    assert result.value("green_load.short_by_hour").tolist() == [[pytest.approx(0.003)]]


def test_without_a_contract_plants_of_the_zone_serve():
    """Two loads, one under contract with 60 % of 10 MWh of wind, matched by month; the other has no contract and wants
    8 MWh: it gets the 4 that are left, not the 10 there are. Without the row of what is left all 8
    would be allotted to it."""
    case = small_case(
        1,
        policies={"green_load": {}, **OFF},
        generators=[
            {
                "generator": "coal",
                "zone": "A",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 100,
            },
            {
                "generator": "wind",
                "zone": "A",
                "technology": "wind_onshore",
                "capacity_mw": 10,
                "certificate": "tradable",
            },
        ],
        loads=[
            {"load": "a", "zone": "A", "green_share": 0.8, "green_matching": "month"},
            {"load": "b", "zone": "A", "green_share": 0.1, "green_matching": "month"},
        ],
        contracts=[{"contract": "c", "load": "b", "generator": "wind", "share": 0.6}],
        series={"load": {"a": 10, "b": 10}},
    )
    result = solved(case)
    assert result.value("green_load.allotted_by_zone").tolist() == [[pytest.approx(0.004)]]
    assert result.value("green_load.short").tolist() == [pytest.approx(0.004), pytest.approx(0)]
    assert_same_as_concrete(case)


def test_plants_of_the_zone_may_give_more_than_is_matched():
    """Wind of 10 MW at no cost, of which a load without contracts wants 3: all of it runs, 10 MWh of coal are saved."""
    case = grid(1, 20, [1.0], share=0.15, matching="month", contracts=())
    free = case.tables["generators"].assign(variable_cost_cny_per_mwh=[100.0, 0.0])
    result = solved(case.replace(generators=free))
    assert wind_of(result) == [10]
    assert result.value("green_load.allotted_by_zone").tolist() == [[pytest.approx(0.003)]]
    assert result.objective == pytest.approx(10 * 100)


def test_every_row_of_a_green_store_number_by_number():
    """A quarter of a store is under contract, over steps of two hours; 0.81 is kept, 0.8 of what charges and 0.5 of what is
    discharged counts. Of 6 MW that charge 3 MWh may be green, 1 is; of 10 MW that discharge 5 may be, 2 are; 10 MWh before,
    4 charged and 2 discharged leave 8.1 + 3.2 - 4 = 7.3 MWh."""
    case = stored([{"contract": "s", "load": "servers", "storage": "battery", "share": 0.25}],
                  battery(discharge_efficiency=0.5, loss_fraction_per_hour=0.1), step_hours=2.0)
    model = gm.build_model(case, concrete=True)
    green, store = model.green_load, model.storage
    store.charge["battery", 1], store.discharge["battery", 1] = 0.006, 0.010
    green.green_charge["s", 1], green.green_discharge["s", 1] = 0.001, 0.002
    assert green.green_charging["s", 1].slack() == pytest.approx(0.002)
    assert green.green_discharging["s", 1].slack() == pytest.approx(0.003)
    green.green_level["s", 1], green.green_charge["s", 2], green.green_discharge["s", 2] = 0.010, 0.004, 0.002
    green.green_level["s", 2] = 0.010
    kept = green.green_energy["s", 2]
    assert abs(value(kept.body) - value(kept.upper)) == pytest.approx(0.010 - 0.0073)
    green.green_level["s", 2] = 0.005  # a level is what is held, no less either
    assert -kept.slack() == pytest.approx(0.0073 - 0.005)


@pytest.mark.parametrize("matching", ["hour", "month"])
def test_a_line_may_deliver_more_than_its_contracts_bring(matching):
    """The line loses a fifth and brings 10 MW an hour to servers that want 8 MWh and a town of theirs that takes coal of A at 100 CNY
    instead of its own at 500: of 12.5 MW sent 10 arrive. Had the line to bring contracts alone, 10 MW would be sent."""
    case = two_zones(matching, (12.5, 12.5), CONTRACT, loss=0.2, servers=10, town=20)
    result = solved(case)
    assert (result.value("transmission.report_flow")[0] * 1e3).tolist() == pytest.approx([-12.5, -12.5])
    family = "short_by_hour" if matching == "hour" else "short"
    assert result.value(f"green_load.{family}").sum() == pytest.approx(0, abs=1e-9)
    lossy = solved(two_zones(matching, (5, 5), CONTRACT, loss=0.2))
    assert lossy.value(f"green_load.{family}").sum() * 1e3 == pytest.approx(8)


def two_zones(matching, capacity, contracts, steps=2, loss=0.0, cost=1.0, wind=1.0, coal_of_b=500,
              servers=10, town=20, **more):
    """Wind in A, which has coal too; the servers and dear coal in B."""
    return small_case(
        steps,
        policies={"green_load": {}, **OFF},
        generators=[
            {
                "generator": "A coal",
                "zone": "A",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 100,
            },
            {
                "generator": "wind",
                "zone": "A",
                "technology": "wind_onshore",
                "capacity_mw": 10,
                "certificate": "tradable",
            },
            {
                "generator": "B coal",
                "zone": "B",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": coal_of_b,
            },
        ],
        loads=[
            {"load": "servers", "zone": "B", "green_share": 0.8, "green_matching": matching},
            {"load": "town", "zone": "A"},
        ],
        lines=[
            {
                "line": "l",
                "from_zone": "B",
                "to_zone": "A",
                "capacity_mw": 50,
                "loss_fraction": loss,
                "cost_cny_per_mwh": cost,
            }
        ],
        contracts=contracts,
        series={
            "load": {"servers": servers, "town": town},
            "availability": {"wind": wind},
            "flow_limit": {"l": [one / 50 for one in capacity]},
        },
        **more,
    )


CONTRACT = [{"contract": "c", "load": "servers", "generator": "wind", "line": "l"}]


@pytest.mark.parametrize("matching, short", [("hour", 6), ("month", 4), ("year", 4)])
def test_a_line_brings_no_more_than_it_delivers(matching, short):
    """The line into B lets 2 MW through in the first hour and 10 in the second (12 in all); 8 MW are wanted in each.
    Hour by hour 6 are short in the first; over the month 16 - 12 = 4. Without the rule the wind of A would do, and
    none be short; without the row of each hour 4 would be short by the hour too."""
    result = solved(two_zones(matching, (2, 10), CONTRACT))
    family = "short_by_hour" if matching == "hour" else "short"
    assert result.value(f"green_load.{family}").sum() * 1e3 == pytest.approx(short)


@pytest.mark.parametrize("matching", ["hour", "month"])
def test_a_line_without_loss_or_cost_tells_its_directions_apart_by_net_flow(matching):
    """The same where the line has one column for both directions."""
    result = solved(two_zones(matching, (2, 10), CONTRACT, cost=0.0))
    family = "short_by_hour" if matching == "hour" else "short"
    assert result.value(f"green_load.{family}").sum() * 1e3 == pytest.approx(6 if matching == "hour" else 4)
    assert_same_as_concrete(two_zones(matching, (2, 10), CONTRACT, cost=0.0))


@pytest.mark.parametrize("matching", ["hour", "month"])
def test_what_a_line_of_one_column_brings_is_what_flows(matching):
    """Coal of B at 50 CNY would serve A too, 8 MW over the line. The servers in B want 8 MWh of A's wind, which take the whole
    line: B's coal gives 2 MW and A's 18 at 100 CNY, 1,900 CNY an hour. Without the row of the net flow the line would bring 8
    MWh while 8 go the other way (1,100 CNY); without that of both ways it would be full in both and carry nothing (1,500)."""
    result = solved(two_zones(matching, (8, 8), CONTRACT, cost=0.0, coal_of_b=50))
    assert result.value("transmission.report_flow")[0] * 1e3 == pytest.approx([-8, -8])
    assert result.objective == pytest.approx(2 * 1900, rel=1e-3)


def test_what_a_line_of_one_column_brings_in_an_hour_is_what_flows_in_it():
    """As above in the first hour, 1,900 CNY; in the second there are no servers and A's wind serves its town of 5 MW for nothing.
    Without the row of each hour 8 MWh would come in the first while nothing flows (10 MW from each coal, 1,500 CNY), since over
    the month as much could have gone back."""
    case = two_zones("hour", (8, 8), CONTRACT, cost=0.0, coal_of_b=50, servers=[10, 0], town=[20, 5])
    assert solved(case).objective == pytest.approx(1900, rel=1e-3)


def test_what_is_lost_on_the_way_does_not_arrive():
    """A line of 10 MW that loses a fifth: 8 MW arrive, all that is wanted; of 5 MW sent only 4. In the two hours 8 MWh are short then;
    were the loss not counted, 6."""
    assert solved(two_zones("hour", (10, 10), CONTRACT, loss=0.2)).value(
        "green_load.short_by_hour"
    ).sum() == pytest.approx(0, abs=1e-9)
    assert solved(two_zones("hour", (5, 5), CONTRACT, loss=0.2)).value(
        "green_load.short_by_hour"
    ).sum() * 1e3 == pytest.approx(8)


def test_what_is_lost_in_an_hour_is_lost_in_that_hour():
    """5 MW are sent in the first hour, of which 4 arrive, and enough in the second: 4 of 8 are short. The month alone would let 5 in."""
    short = solved(two_zones("hour", (5, 20), CONTRACT, loss=0.2)).value("green_load.short_by_hour")[0] * 1e3
    assert short.tolist() == pytest.approx([4, 0], abs=1e-6)


def test_what_a_line_of_one_column_brings_in_steps_of_two_hours():
    """8 MW through a line of one column for two steps of two hours bring the 32 MWh that are wanted; 4 MW leave 16 of them short."""
    result = solved(two_zones("month", (8, 8), CONTRACT, cost=0.0, step_hours=2.0))
    assert result.value("green_load.short").sum() == pytest.approx(0, abs=1e-9)
    less = solved(two_zones("month", (4, 4), CONTRACT, cost=0.0, step_hours=2.0))
    assert less.value("green_load.short").sum() * 1e3 == pytest.approx(16)


def test_certificates_move_with_contracted_energy():
    """Wind of 10 MWh, 5 of them under an hourly contract; the load retires those 5, and the other 5 stay in hand."""
    case = grid(1, 10, [1.0])
    case.scenario.policies["green_certificates"] = {}
    results = gm.solve(case)
    ledger = results.tables["ledger"]
    retired = ledger[(ledger["event"] == "retire") & (ledger["account"] == "retired")]
    assert retired[["generator", "purpose", "quantity_mwh"]].to_numpy().tolist() == [["wind", "servers", 5]]
    assert results.tables["green_trades"][["contract", "month", "energy_mwh"]].to_numpy().tolist() == [
        ["c", "2027-01", 5.0]
    ]
    assert results.tables["green_loads"]["matched_mwh"].tolist() == [5.0]


@pytest.mark.parametrize("matching", ["hour", "month"])
def test_no_more_moves_with_a_contract_than_its_share(matching):
    """Wind of 10 MW at no cost serves all; 4 MWh are the servers' share and move with their contract. As an assessed industry they owe
    5, so they buy one certificate more, which the preference says costs 1 CNY. Could more be allotted than matched, 5 would move."""
    case = grid(1, 10, [1.0], share=0.4, matching=matching)
    case.scenario.policies["green_certificates"] = {"industries": {"data_centre": {"share": 0.5}}, "preference_cny_per_mwh": 1}
    free = case.tables["generators"].assign(variable_cost_cny_per_mwh=[100.0, 0.0])
    assert solved(case.replace(generators=free)).objective == pytest.approx(1)


def test_switched_off_and_without_green_loads_there_is_no_row():
    case = grid(1, 10, [1.0])
    case.scenario.policies["green_load"] = False
    assert not [name for name in solved(case).program.rows if name.startswith("green_load")]
    assert "green_load" not in gm.build_model(grid(1, 10, [1.0], share=0.0)).policies


def test_compiled_as_written():
    assert_same_as_concrete(stored([{"contract": "s", "load": "servers", "storage": "battery"}], battery()))
    assert_same_as_concrete(two_zones("hour", (2, 10), CONTRACT))
    assert_same_as_concrete(grid(2, 10, [1.0, 0.0], matching="month", start="2027-01-31 23:00"))


@pytest.mark.parametrize(
    "rows, message",
    [
        ([{"contract": "c", "load": "servers"}], "one of both"),
        ([{"contract": "c", "load": "servers", "generator": "coal"}], "has certificates"),
        (
            [{"contract": "c", "load": "servers", "generator": "wind", "line": "l"}],
            "empty where the generator is in the load's zone",
        ),
        (
            [
                {"contract": "c", "load": "servers", "generator": "wind", "share": 0.7},
                {"contract": "d", "load": "servers", "generator": "wind", "share": 0.7},
            ],
            "sum to at most 1",
        ),
        ([], "hours are matched by contracts"),
    ],
)
def test_contracts_that_cannot_be(rows, message):
    case = grid(1, 10, [1.0], contracts=rows, lines=[{"line": "l", "from_zone": "A", "to_zone": "B", "capacity_mw": 1}])
    problems = green_contracts.check_contracts(case.tables)
    assert any(message in problem.allowed for problem in problems), problems


@pytest.mark.parametrize("column, value", [("green_share", 0.0), ("certificates", "assessed")])
def test_a_contract_that_nothing_asks_for_is_wrong_input(column, value):
    """Of a load without a share, or one that certificates alone may meet, a contract would allot nothing, in silence."""
    case = grid(1, 10, [1.0], matching="month")
    assert not green_contracts.check_contracts(case.tables)
    problems = green_contracts.check_contracts(case.replace(loads=case.tables["loads"].assign(**{column: value})).tables)
    assert [problem.column for problem in problems] == ["load"]


@pytest.mark.parametrize("matching", ["hour", "month"])
def test_a_line_without_cost_that_is_not_full_brings_what_flows(matching):
    """As with 8 MW of line, now with 16: 8 MW of A's wind to the servers in B, 3,800 CNY for two hours. Were each direction counted
    for itself, 8 MW would go there and 8 back: nothing flows, each coal gives 10 MW, 3,000 CNY, and the servers call it green."""
    results = gm.solve(two_zones(matching, (16, 16), CONTRACT, cost=0.0, coal_of_b=50))
    assert results.summary["objective_cny"] == pytest.approx(3800)
    assert -results.dispatch["flow"].values.sum() == pytest.approx(16)
    assert results.tables["green_loads"]["short_mwh"].sum() == pytest.approx(0, abs=1e-3)
