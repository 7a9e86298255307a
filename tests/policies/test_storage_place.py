"""Storage behind a plant or a user: each rule solved by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from concrete import assert_same_as_concrete
from owed_cycles import cycling
from small import small_case, solved

import grid_model as gm
from grid_model.errors import InfeasibleError
from grid_model.policies.storage_place import check_hosts
from grid_model.results.audit import audit

SUN, GAS = 0, 1000


def grid(load, sun, stores, user=None, series=None, coal=None, policies=None, host_mw=100, **options):
    """Sun in MW of a plant of 100 MW, gas at 1,000 CNY/MWh, cheap coal where given, a load, a user; stores start
    empty."""
    generators = [
        {
            "generator": "sun",
            "zone": "A",
            "technology": "solar_utility",
            "capacity_mw": host_mw,
            "variable_cost_cny_per_mwh": SUN,
        },
        {"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 1000, "variable_cost_cny_per_mwh": GAS},
    ]
    if coal is not None:
        generators.append(
            {
                "generator": "coal",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": coal,
                "variable_cost_cny_per_mwh": 100,
            }
        )
    loads = {"l": load, **({} if user is None else {"user": user})}
    return small_case(
        len(load),
        policies=policies,
        generators=generators,
        loads=[{"load": name, "zone": "A"} for name in loads],
        series={"load": loads, "availability": {"sun": [power / host_mw for power in sun]}, **(series or {})},
        storage=[
            {
                "storage": f"s{place}",
                "zone": "A",
                "technology": "lithium_ion",
                "power_mw": 50,
                "energy_mwh": 200,
                "cyclic": False,
                "initial_fraction": 0,
                **store,
            }
            for place, store in enumerate(stores)
        ],
        **options,
    )


BEHIND_SUN = {"place": "generation_side", "host": "sun"}
BEHIND_USER = {"place": "user_side", "host": "user"}


def charge(result, store=0):
    return result.value("storage.charge")[store] * 1e3


def discharge(result, store=0):
    return result.value("storage.discharge")[store] * 1e3


def net(result, store=0):
    return discharge(result, store) - charge(result, store)


def sun(result):
    return result.value("renewable.generation")[0] * 1e3


def rows(result):
    return {
        name.removeprefix("storage_place."): family.size
        for name, family in result.program.rows.items()
        if name.startswith("storage_place.") and family.size
    }


# ------------------------------------------------------------------------------------------------- behind a plant


def test_charges_from_its_plant_only():
    """20 MW of sun and plenty of cheap coal in the first step, 50 MW of load in the second: 20 MWh are stored, not
    50: 30 of gas, 30,000 CNY. Without the rule 30 MWh of coal are stored too, for 3,000."""
    case = grid([0, 50], [20, 0], [BEHIND_SUN], coal=50, series={"availability": {"sun": [0.2, 0], "coal": [1, 0]}})
    result = solved(case)
    assert charge(result) == pytest.approx([20, 0])
    assert result.objective == pytest.approx(30 * GAS)
    assert solved(case, "storage_place.charge_from_host").objective == pytest.approx(30 * 100)


def test_may_charge_from_the_grid_where_allowed():
    """The same with grid_charging: 30 MWh of coal too. Without leave 30 MWh of gas would take its place, for 30,000 CNY instead of
    3,000."""
    case = grid(
        [0, 50],
        [20, 0],
        [{**BEHIND_SUN, "grid_charging": True}],
        coal=50,
        series={"availability": {"sun": [0.2, 0], "coal": [1, 0]}},
    )
    result = solved(case)
    assert charge(result) == pytest.approx([50, 0])
    assert result.objective == pytest.approx(30 * 100)
    assert "charge_from_host" not in rows(result)


def test_several_stores_share_what_their_plant_gives():
    """20 MW of sun for two stores of 50 MW: 20 MWh in both together, not 20 in each. Without the rule 50 are stored, 30 of them coal."""
    case = grid(
        [0, 50],
        [20, 0],
        [BEHIND_SUN, BEHIND_SUN],
        coal=50,
        series={"availability": {"sun": [0.2, 0], "coal": [1, 0]}},
    )
    result, free = solved(case), solved(case, "storage_place.charge_from_host")
    assert (charge(result) + charge(result, 1))[0] == pytest.approx(20)
    assert (charge(free) + charge(free, 1))[0] == pytest.approx(50)


def test_shared_connection():
    """100 MW of sun and 50 MW of storage behind 100 MW: 100 reach the grid in the second step, the other 50 of its
    150 MW of load are gas. Without the shared connection all 150 would be served."""
    result = solved(grid([0, 150], [100, 100], [BEHIND_SUN]))
    assert sun(result)[1] + discharge(result)[1] - charge(result)[1] == pytest.approx(100)
    assert result.objective == pytest.approx(50 * GAS)


@pytest.mark.parametrize("place, cost", [({"connection_mw": 120}, 30), ({"connection_mw": 60}, 90), ({}, 50)])
def test_a_connection_of_another_size(place, cost):
    """As before behind 120 MW, 60, or by the plant's capacity 100: 30, 90 or 50 MWh of gas. Without a connection none would be."""
    result = solved(grid([0, 150], [100, 100], [{**BEHIND_SUN, **place}]))
    assert result.objective == pytest.approx(cost * GAS)


def test_charging_relieves_the_connection():
    """A plant of 100 MW behind 60: 40 are stored while 60 are fed in, and 40 more follow. Counting output alone,
    without the charge, 60 MW would be all it may make."""
    result = solved(grid([60, 60], [100, 0], [{**BEHIND_SUN, "connection_mw": 60}]))
    assert sun(result) == pytest.approx([100, 0])
    assert result.objective == pytest.approx(20 * GAS)


def test_drawing_through_the_connection():
    """Two stores may charge 100 MW from the grid, but only through a connection of 60 MW: 60 MWh for the two steps of
    50 MW that follow, the other 40 are gas. Without that limit they would charge 100, and 50 MW pass the connection."""
    stores = [{**BEHIND_SUN, "grid_charging": True, "connection_mw": 60}, {**BEHIND_SUN, "grid_charging": True}]
    result = solved(
        grid([0, 50, 50], [0, 0, 0], stores, coal=100, series={"availability": {"sun": 0, "coal": [1, 0, 0]}})
    )
    assert (charge(result) + charge(result, 1))[0] == pytest.approx(60)
    assert result.objective == pytest.approx(60 * 100 + 40 * GAS)


def test_the_connection_has_rows_only_where_it_can_bind():
    """30 MW of sun and 50 of storage pass 100 MW; 60 and 50 may not. Charging from the plant counts in every step."""
    assert rows(solved(grid([0, 0, 0], [30, 60, 0], [BEHIND_SUN]))) == {"charge_from_host": 3, "shared_connection": 1}


@pytest.mark.parametrize("technology", ["coal", "hydro_run_of_river"])
def test_the_host_may_be_of_any_fleet(technology):
    """A thermal or hydro plant of 30 MW as host, in the first of two hours: 30 of the 50 MW are charged from it, 20 are gas later. Without
    the rule cheap coal would charge these 20, for 2,000 CNY instead of 20,000."""
    case = grid([0, 50], [0, 0], [{"place": "generation_side", "host": "plant", "connection_mw": 50}], coal=50,
                series={"availability": {"sun": 0, "coal": [1, 0], "plant": [1, 0]}})
    plant = small_case(1, generators=[{"generator": "plant", "zone": "A", "technology": technology, "capacity_mw": 30}])
    case = case.replace(generators=pd.concat([case.tables["generators"], plant.tables["generators"]], ignore_index=True))
    result = solved(case)
    assert charge(result)[0] == pytest.approx(30)
    assert result.objective == pytest.approx(20 * GAS)
    assert solved(case, "storage_place.charge_from_host").objective == pytest.approx(20 * 100)


# -------------------------------------------------------------------------------------------------- behind a user


def test_a_user_does_not_export():
    """The store gives the user's 20 MW, though the grid is short of 80: the other 60 are gas. Without the rule it would give
    all 50 and leave 30 to gas."""
    result = solved(grid([0, 60], [100, 0], [BEHIND_USER], user=[0, 20]))
    assert net(result)[1] == pytest.approx(20)
    assert result.objective == pytest.approx(60 * GAS)
    assert rows(result) == {"exchange": 2, "given_between_charging": 2}


def test_a_user_may_export_where_allowed():
    """50 MW out of the store, 20 of them for its user. Not allowed to, 20."""
    result = solved(grid([0, 60], [100, 0], [{**BEHIND_USER, "export_allowed": True}], user=[0, 20]))
    assert net(result)[1] == pytest.approx(50)
    assert rows(result) == {}


def test_what_is_not_served_is_not_offset():
    """The user's load is worth nothing and is not served: nothing to discharge into, though 20 MW are asked for. Were
    those counted, the store would give 20 MW to the others and gas only 40."""
    case = grid([0, 60], [100, 0], [BEHIND_USER], user=[0, 20])
    loads = case.tables["loads"].copy()
    loads.loc[loads["load"] == "user", "unserved_cost_cny_per_mwh"] = 0
    assert solved(case.replace(loads=loads)).objective == pytest.approx(60 * GAS)


def test_two_stores_offset_one_user():
    """20 MW in both together. Without the rule they would give the 80 MW that the zone asks for."""
    result = solved(grid([0, 60], [100, 0], [BEHIND_USER, BEHIND_USER], user=[0, 20]))
    assert (net(result) + net(result, 1))[1] == pytest.approx(20)


def test_leave_to_export_is_each_stores_own():
    """Of two stores of 50 MW one may export: 20 MW of the other for the user, 50 into the grid. Were the leave of one the other's too,
    both would give 50."""
    result = solved(grid([0, 90], [100, 0], [BEHIND_USER, {**BEHIND_USER, "export_allowed": True}], user=[0, 20]))
    assert net(result)[1] == pytest.approx(20)
    assert net(result, 1)[1] == pytest.approx(50)


def test_what_the_plant_gives_is_not_drawn():
    """The same with 40 MW of sun: 60 MW through the connection and 40 of its own charge 100. Counting all charge as drawn, 60 would."""
    stores = [{**BEHIND_SUN, "grid_charging": True, "connection_mw": 60}, {**BEHIND_SUN, "grid_charging": True}]
    result = solved(grid([0, 50, 50], [40, 0, 0], stores, coal=100, series={"availability": {"sun": [0.4, 0, 0], "coal": [1, 0, 0]}}))
    assert (charge(result) + charge(result, 1))[0] == pytest.approx(100)
    assert result.objective == pytest.approx(60 * 100)


def test_a_user_gives_no_more_than_is_asked_for():
    """Allowed to export 10 MW beside a load of 3: 8 MW leave the store, 5 of them for the user."""
    store = {**BEHIND_USER, "connection_mw": 10, "export_allowed": True, "initial_fraction": 1}
    assert net(solved(grid([3], [0], [store], user=[5]))) == pytest.approx([8])


def test_a_user_that_injects_needs_no_store_to_take_it():
    """-20 MW enter the grid by themselves; the store adds nothing and is not forced to charge."""
    result = solved(grid([60, 60], [100, 0], [BEHIND_USER], user=[-20, -20]))
    assert net(result)[1] <= 1e-6
    assert result.objective == pytest.approx(40 * GAS)


@pytest.mark.parametrize("stores, user, given", [([], -20, 0), ([{"export_allowed": True}], 5, 5)])
def test_a_store_that_may_not_export_gives_no_more_than_its_user_asks_for(stores, user, given):
    """A full store behind a user that injects 20 MW by itself, and one behind a user of 5 MW who has an empty store that may export: neither is
    held by what the user exchanges with the grid. Without the rule they would give all 40 and 50 MW that they can."""
    full = {"separate_equipment": True, "initial_fraction": 1}
    case = grid([60], [0], [{**BEHIND_USER, **store} for store in (full, *stores)], user=[user])
    result = solved(case)
    assert discharge(result) == pytest.approx([given])
    assert result.objective == pytest.approx((60 + user - given) * GAS)
    assert solved(case, "storage_place.no_export").objective == pytest.approx(max(60 + user - 50, 0) * GAS)


def test_taking_through_a_users_connection():
    """A connection of 50 MW carries the user's 20 MW and 30 for the store: 20 MWh are gas. Without it the store charges 50 and none is."""
    case = grid([0, 0], [100, 0], [{**BEHIND_USER, "connection_mw": 50}], user=[20, 50])
    result = solved(case)
    assert result.objective == pytest.approx(20 * GAS)
    assert solved(case, "storage_place.exchange").objective == pytest.approx(0)
    assert charge(result)[0] == pytest.approx(30)
    assert rows(result) == {"exchange": 2, "given_between_charging": 1}


def test_giving_through_a_users_connection():
    """Allowed to export, through 10 MW: 5 for the user and 10 more of the 50 MW in store. Without the connection all 50 would
    leave the store."""
    store = {**BEHIND_USER, "connection_mw": 10, "export_allowed": True, "initial_fraction": 1}
    result = solved(grid([60], [0], [store], user=[5]))
    assert net(result) == pytest.approx([15])


def two_zones(users, **store):
    """Sun of 100 MW in A in the first hour, users of A, 60 MW asked for in B in the second, where gas is; a store behind users of A."""
    return small_case(
        2, series={"load": {"users": users, "far": [0, 60]}, "availability": {"sun": [1, 0]}},
        generators=[{"generator": "sun", "zone": "A", "technology": "solar_utility", "capacity_mw": 100},
                    {"generator": "gas", "zone": "B", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": GAS}],
        loads=[{"load": "users", "zone": "A"}, {"load": "far", "zone": "B"}],
        lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 100}],
        storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 50, "energy_mwh": 200, "cyclic": False,
                  "initial_fraction": 0, "place": "user_side", **store}])


def test_behind_many_users_no_more_is_given_than_all_users_of_the_zone_take():
    """A store without a host is behind the users of its zone, who take 20 MW: 20 of its 50 MW, B's 60 MW are gas. Without the row
    it would send 30 to B. Where it may export it does; where users always take more than its power there is no row."""
    result = solved(two_zones([0, 20]))
    assert net(result)[1] == pytest.approx(20)
    assert result.objective == pytest.approx(60 * GAS)
    assert rows(result) == {"no_export_of_zone": 2, "given_between_charging": 2}
    free = solved(two_zones([0, 20], export_allowed=True))
    assert net(free)[1] == pytest.approx(50) and rows(free) == {}
    assert rows(solved(two_zones([60, 60]))) == {}


def test_the_audit_sees_users_of_a_zone_that_export():
    """What a store may do that is allowed to export, told of one that is not."""
    results = gm.solve(two_zones([0, 20], export_allowed=True))
    case = results.case.replace(storage=results.case.tables["storage"].assign(export_allowed=False))
    found = audit(case, results.dispatch, results.tables, results.summary)
    assert found.loc[~found["passed"], "law"].tolist() == [
        "users of a zone and their stores do not export", "a store gives its users nothing while it charges"]


@pytest.mark.parametrize("call", ["dispatch", "self_use"])
def test_cycles_that_the_user_leaves_no_room_for_are_not_pretended(call):
    """A full store of 40 MWh behind a user of 1 MW owes 4 MWh each way in four hours: 4 MWh are given in four hours or in less time
    and more than the user takes. It ended at 12,000 CNY, the store charging 4 MW and giving 5 in one hour, at a price of 300."""
    case = cycling(user=1, call=call)
    with pytest.raises(InfeasibleError) as caught:
        gm.solve(case)
    assert {"storage.least_cycles lower", "storage.least_cycles_charged lower"} < {finding.rule for finding in caught.value.findings}
    assert "'s0' gives what its users take at most, 1 MW, and none of it while it charges" in str(caught.value)


@pytest.mark.parametrize("call", ["dispatch", "self_use"])
def test_cycles_behind_a_user_are_made_one_way_at_a_time(call):
    """As before with a user of 5 MW: in one hour it charges 4 MW and gives nothing, 49 MWh of coal at 300. In all of them it gives more
    than it takes, and where the lesser of the two was closed in each, no way was left: it did both at once, for 12,000 CNY."""
    results = gm.solve(cycling(user=5, call=call))
    assert results.summary["objective_cny"] == pytest.approx(49 * 300)
    assert results.tables["burning"].empty


def test_what_is_given_between_charging():
    """Behind a user of 20 MW a store of 50 MW beside one of 5: the large one may give 25, 12.5 on average where it charges 25 of its 50;
    14 would be 1.5 too much. Of the user's 20 MW alone, 4 would be. The small one takes as much where it may do both at once. Two of
    50 MW may both give all they have: no row."""
    for separate in (False, True):
        small = {**BEHIND_USER, "power_mw": 5, "separate_equipment": separate}
        place = gm.build_model(grid([0], [0], [BEHIND_USER, small], user=[20]), concrete=True)
        place.storage.charge["s0", 1], place.storage.discharge["s0", 1] = 0.025, 0.014
        row = place.storage_place.given_between_charging
        assert list(row) == [("s0", 1)] and row["s0", 1].slack() == pytest.approx(-0.0015)
    assert "given_between_charging" not in rows(solved(grid([0], [0], [BEHIND_USER, BEHIND_USER], user=[20])))


def test_users_that_a_store_names_are_its_own():
    """Users of 40 MW with a store that names them and one that names nobody: 40 MW of the first; for the other no user is left.
    Were both behind the same users, 80 MW would leave them and 40 of these the zone."""
    case = two_zones([0, 40])
    both = pd.concat([case.tables["storage"], case.tables["storage"].assign(storage="t", host="users")], ignore_index=True)
    result = solved(case.replace(storage=both))
    assert net(result)[1] == pytest.approx(0) and net(result, 1)[1] == pytest.approx(40)


# ------------------------------------------------------------------------------------------------------------ policy


def test_switched_off_no_row_is_left():
    off = solved(grid([0, 150], [100, 100], [BEHIND_SUN, BEHIND_USER], user=[0, 20], policies={"storage_place": False}))
    assert rows(off) == {} and off.model.find_component("storage_place") is None
    on = solved(grid([0, 150], [100, 100], [BEHIND_SUN, BEHIND_USER], user=[0, 20], policies={"storage_place": True}))
    assert rows(on) == rows(solved(grid([0, 150], [100, 100], [BEHIND_SUN, BEHIND_USER], user=[0, 20]))) != {}


def test_independent_storage_is_not_ruled():
    case = grid([0, 150], [100, 100], [{}])
    assert solved(case).model.find_component("storage_place") is None


def test_templates_and_ordinary_constraints_agree():
    stores = [
        {**BEHIND_SUN, "grid_charging": True, "power_mw": 130},
        BEHIND_SUN,
        {**BEHIND_USER, "connection_mw": 30},
        {**BEHIND_USER, "export_allowed": True},
    ]
    case = grid([0, 150, 20], [100, 10, 50], stores, user=[0, 20, -5])
    assert set(rows(solved(case))) == {
        "charge_from_host",
        "shared_connection",
        "no_export",
        "exchange",
        "given_between_charging",
    }
    assert_same_as_concrete(case)


# ------------------------------------------------------------------------------------------------------------ checks


@pytest.mark.parametrize(
    "column, wrong",
    [
        ("host", {"host": "sun"}),
        ("host", {"place": "generation_side"}),
        ("host", {"place": "generation_side", "host": "user"}),
        ("host", {"place": "user_side", "host": "sun"}),
        ("host", {**BEHIND_SUN, "zone": "B"}),
        ("host", {**BEHIND_USER, "zone": "B"}),
        ("connection_mw", {**BEHIND_SUN, "connection_mw": 70}),
    ],
)
def test_wrong_hosts_are_reported(column, wrong):
    case = grid(
        [0],
        [0],
        [{**BEHIND_SUN, "connection_mw": 60}, wrong, {"place": "user_side"}, BEHIND_USER, BEHIND_SUN],
        user=[0],
    )
    assert [(problem.row, problem.column) for problem in check_hosts(case.tables)] == [(1, column)]
