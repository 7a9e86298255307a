"""Self-use storage by hand: its own schedule, its release in tight hours, and the way back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from concrete import assert_same_as_concrete
from hypothesis import given
from hypothesis import strategies as st
from owed_cycles import cycling
from small import small_case, solved

import grid_model as gm
from grid_model import formulation
from grid_model.algebra import compile_program
from grid_model.errors import InfeasibleError
from grid_model.policies import tariffs
from grid_model.policies.self_use import _room, tight_steps
from grid_model.policies.self_use_schedule import _from_the_lowest_start, schedule_self_use
from grid_model.solve.chains import layout_of, solve_windows
from grid_model.solve.timeline import timeline
from grid_model.solve.windows import Sliced
from grid_model.technologies import storage

STORE = {
    "storage": "s",
    "zone": "A",
    "technology": "lithium_ion",
    "power_mw": 5,
    "energy_mwh": 5,
    "call": "self_use",
    "place": "user_side",
    "host": "l",
    "charge_efficiency": 0.9,
    "discharge_efficiency": 0.9,
}
VALLEY_THEN_PEAK = [
    {"zone": "A", "start_hour": 0, "end_hour": 2, "price_cny_per_mwh": 200},
    {"zone": "A", "start_hour": 2, "end_hour": 4, "price_cny_per_mwh": 800},
    {"zone": "A", "start_hour": 4, "end_hour": 24, "price_cny_per_mwh": 400},
]
GAS = {"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}


def user(load=10.0, steps=4, policy=None, store=None, generators=(GAS,), tariff=VALLEY_THEN_PEAK, **options):
    """A user with a store behind the meter, a plant that always costs the same."""
    return small_case(
        steps,
        series={"load": {"l": load}} | options.pop("series", {}),
        generators=list(generators),
        policies={} if policy is None else {"self_use": policy},
        storage=[STORE | (store or {})],
        loads=[{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 5000}],
        tariffs=tariff,
        **options,
    )


def schedule(case, **options) -> dict:
    """Charge and discharge of the first store by its own programme [MW]."""
    planned = schedule_self_use(case, **options)
    return {
        name: planned.series[f"self_use_{name}"].values[0].round(6).tolist()
        for name in ("charge", "discharge", "level")
    }


# ---------------------------------------------------------------------------------------------------- its own programme


def test_a_user_buys_in_the_valley_and_uses_it_in_the_peak():
    """5 MWh are stored at 0.9 from 5.556 MWh at 200, as late as the power allows, and give 4.5 MWh at 800, at once.
    The rest of the grid sees a price of 300 all the time and would leave the store alone."""
    case = user()
    assert schedule(case)["charge"] == pytest.approx([5 / 0.9 - 5, 5, 0, 0], abs=1e-6)
    assert schedule(case)["discharge"] == pytest.approx([0, 0, 4.5, 0], abs=1e-6)
    result = solved(case)
    assert (result.value("storage.discharge") * 1e3).ravel() == pytest.approx([0, 0, 4.5, 0])
    assert (result.value("storage.charge") * 1e3).ravel() == pytest.approx([5 / 0.9 - 5, 5, 0, 0])
    assert (solved(user(policy=False)).value("storage.discharge") * 1e3).ravel() == pytest.approx([0, 0, 0, 0])


@pytest.mark.parametrize("store, lowest", [
    ({"min_level_fraction": 0.2}, [1, 2, 1]), ({"loss_fraction_per_hour": 0.01}, [3, 4, 3]), ({"initial_fraction": 0.6}, [3, 4, 3]),
    ({"cyclic": False}, [3, 4, 3])])
def test_of_equal_levels_the_lowest_is_meant(store, lowest):
    """A circle of 1 MWh in a store of 5 could turn at 3 MWh or at any other level, as the solver likes; it is put on the least, 1 MWh.
    With losses, or from a given start, there is one level only, and it stays."""
    data = storage.read(user(steps=2, store=store))
    assert _from_the_lowest_start(data, np.array([[3.0, 4.0, 3.0]]))[0] == pytest.approx(lowest)


def test_a_user_gives_no_more_than_it_takes():
    """The user takes 3 MW: the store gives 3 and, an hour later, 1.5. Seeing the tariff alone it would give 4.5 at
    once."""
    assert schedule(user(load=3.0))["discharge"] == pytest.approx([0, 0, 3, 1.5], abs=1e-6)


def test_a_schedule_pretends_no_cycles_either():
    """A full store of 40 MWh behind a user of 1 MW that owes 4 MWh each way in four hours finds no schedule of its own: without the row there it would be planned to charge 4 MW and give 5 in one hour,
    and only the dispatch would be found impossible."""
    with pytest.raises(InfeasibleError):
        schedule_self_use(cycling(user=1, call="self_use"))


def test_a_schedule_spills_nothing_behind_a_user():
    """Two stores behind a user of 1 MW owe 4 MWh each way: what one gives beyond the user's 1 MW the other takes. Were it spilled, 10 MW would leave
    them in each hour."""
    case = cycling(user=1, call="self_use")
    stores = case.tables["storage"]
    planned = schedule_self_use(case.replace(storage=pd.concat([stores, stores.assign(storage="s1")], ignore_index=True))).series
    given = (planned["self_use_discharge"] - planned["self_use_charge"]).sum("storage")
    assert float(given.max()) <= 1 + 1e-6 and float(planned["self_use_discharge"].sum()) >= 8


def test_cycles_that_are_owed_are_given_to_the_user():
    """2.5 MWh each way are owed in four hours, the user takes 1 MW: given in all hours but the one of charging, at 200. With both ways
    open at once it charged 1.275 and gave 2.275 MW at midnight."""
    planned = schedule(user(load=1.0, store={"cyclic": False, "initial_fraction": 0.5, "min_cycles_per_day": 3}))
    assert planned["charge"] == pytest.approx([0, 2.5, 0, 0], abs=1e-6)
    assert planned["discharge"] == pytest.approx([1, 0, 1, 1], abs=1e-6)


def test_users_without_a_name_are_those_whom_no_store_names():
    """Beside the 3 MW of the user that the store names, 2 MW of others with a store of their own: it gives 2, not 5 with them."""
    case = user(load=3.0)
    other = {"load": "other", "zone": case.tables["loads"]["zone"].iloc[0]}
    loads = pd.concat([case.tables["loads"], pd.DataFrame([case.tables["loads"].iloc[0].to_dict() | other])], ignore_index=True)
    stores = pd.concat([case.tables["storage"], case.tables["storage"].assign(storage="others", host="")], ignore_index=True)
    series = xr.concat([case.series["load"], case.series["load"][:1].assign_coords(load=["other"]) * 0 + 2.0], "load")
    planned = schedule_self_use(case.replace(loads=loads, storage=stores, series={"load": series}))
    assert planned.series["self_use_discharge"].sel(storage="others").values == pytest.approx([0, 0, 2, 2], abs=1e-6)


def test_a_users_connection_limits_its_charging():
    """A connection of 12 MW with a load of 10 leaves 2 MW to charge with: 4 MWh, of which 3.24 come back. Without
    it 5.56 MWh would be charged and 4.5 come back."""
    case = user(store={"connection_mw": 12})
    assert schedule(case)["charge"] == pytest.approx([2, 2, 0, 0], abs=1e-6)
    assert sum(schedule(case)["discharge"]) == pytest.approx(4 * 0.81)


def test_wear_that_the_tariff_does_not_pay_keeps_it_idle():
    """4.5 MWh gain 800 - 200 / 0.81 = 553 CNY each; wear of 600 eats it, of 500 not. Were wear left out, 4.5 would
    be given at either."""
    assert sum(schedule(user(store={"wear_cost_cny_per_mwh": 600}))["discharge"]) == pytest.approx(0, abs=1e-6)
    assert sum(schedule(user(store={"wear_cost_cny_per_mwh": 500}))["discharge"]) == pytest.approx(4.5)


def test_steps_of_two_hours_pay_as_two():
    """4.5 MWh in the two dear hours gain 553 CNY each, more than a wear of 500; were they worth those of one hour, they would not."""
    assert schedule(user(store={"wear_cost_cny_per_mwh": 500}, step_hours=2.0))["discharge"] == pytest.approx([0, 2.25, 0, 0], abs=1e-6)


def test_users_without_a_name_are_all_loads_of_the_zone():
    """A load of 2 MW and one of 1 MW: together they can use 3 MW. Behind the first alone the store would give 2 and 2."""
    case = small_case(
        4,
        series={"load": {"l": 2.0, "m": 1.0}},
        storage=[STORE | {"host": ""}],
        tariffs=VALLEY_THEN_PEAK,
        loads=[{"load": "l", "zone": "A"}, {"load": "m", "zone": "A"}],
        generators=[GAS],
    )
    assert schedule(case)["discharge"] == pytest.approx([0, 0, 3, 1.5], abs=1e-6)


def plant(connection=6.0, policy=None, grid_charging=False, tariff=VALLEY_THEN_PEAK):
    """10 MW of sun in the first two of four hours behind a connection of 6 MW, with a store of 5 MW and 100 MWh."""
    store = STORE | {
        "place": "generation_side",
        "host": "sun",
        "energy_mwh": 100,
        "connection_mw": connection,
        "grid_charging": grid_charging,
        "charge_efficiency": 1,
        "discharge_efficiency": 1,
    }
    sun = {"generator": "sun", "zone": "A", "technology": "solar_utility", "capacity_mw": 10}
    return small_case(
        4,
        series={"load": {"l": 20.0}, "availability": {"sun": [1, 0.7, 0, 0]}},
        storage=[store],
        generators=[GAS, sun],
        loads=[{"load": "l", "zone": "A"}],
        tariffs=tariff,
        policies={} if policy is None else {"self_use": policy},
    )


def test_a_plant_keeps_what_its_connection_would_spill_and_what_sells_dearer_later():
    """All 10 and 7 MW are worth 800 instead of 200 later on; the store takes 5 MW of each and gives 5 MW in each dear
    hour. By one price for all hours it would store the 4 and 1 MW that the connection spills and no more."""
    assert schedule(plant())["charge"] == pytest.approx([5, 5, 0, 0], abs=1e-6)
    assert schedule(plant())["discharge"] == pytest.approx([0, 0, 5, 5], abs=1e-6)


def test_a_plant_sells_at_once_what_is_dearest_now():
    """With prices falling from 800 to 200 it stores only the 4 and 1 MW that the connection would spill."""
    falling = [row | {"price_cny_per_mwh": price} for row, price in zip(VALLEY_THEN_PEAK, (800, 200, 100), strict=True)]
    assert schedule(plant(tariff=falling))["charge"] == pytest.approx([4, 1, 0, 0], abs=1e-6)


def test_plant_side_stores_charge_from_their_plant_only():
    """In the dark there is nothing to charge: a tariff that is low then and high later pays only with grid charging. Without the rule a
    store that may not would charge 5 MW in the dark as well."""
    late = [
        {"zone": "A", "start_hour": 0, "end_hour": 3, "price_cny_per_mwh": 100},
        {"zone": "A", "start_hour": 3, "end_hour": 24, "price_cny_per_mwh": 900},
    ]
    assert schedule(plant(tariff=late, connection=10))["charge"] == pytest.approx([0, 5, 0, 0], abs=1e-6)
    assert schedule(plant(tariff=late, connection=10, grid_charging=True))["charge"] == pytest.approx(
        [0, 0, 5, 0], abs=1e-6
    )


def test_each_store_of_a_plant_has_its_own_way_to_charge():
    """Beside a store that may charge from the grid, and does so in the dark for 100, one that may not still charges from the sun
    of the hour before. Were it held by their common exchange alone it would charge from the grid too."""
    late = [{"zone": "A", "start_hour": start, "end_hour": end, "price_cny_per_mwh": price} for start, end, price in ((0, 3, 100), (3, 24, 900))]
    own = plant(tariff=late, connection=10)
    store = own.tables["storage"]
    both = pd.concat([store, store.assign(storage="t", grid_charging=True)], ignore_index=True)
    planned = schedule_self_use(own.replace(storage=both)).series["self_use_charge"]
    assert planned.values == pytest.approx(np.array([[0, 5, 0, 0], [0, 0, 5, 0]]), abs=1e-6)


def test_what_neither_the_connection_nor_the_store_takes_is_spilled():
    """Of 10 MW the connection takes 4 and the store 5. Two dear hours bring out 8 MWh: 5 and the 3 that 7 MW leave beside 4.
    Without the connection it would take 5 MW in both hours and give 10 MWh."""
    assert schedule(plant(connection=4))["charge"] == pytest.approx([5, 3, 0, 0], abs=1e-6)
    assert schedule(plant(connection=4))["discharge"] == pytest.approx([0, 0, 4, 4], abs=1e-6)


def test_known_curtailment_is_what_it_charges_from():
    """Only the 2 MWh that are curtailed in the first hour are stored; what is sold anyway stays sold. Were
    it not known, 5 MW would be stored in each of the two hours."""
    curtailed = xr.DataArray([[2.0, 0, 0, 0]], dims=("generator", "time"), coords={"generator": ["sun"]})
    case = plant(connection=10)
    assert schedule(case, curtailment=curtailed)["charge"] == pytest.approx([2, 0, 0, 0], abs=1e-6)


def test_what_the_plant_gives_anyway_uses_the_connection():
    """The dearest hour is the second, when 7 MW are given anyway through 10: only 3 MW of the 5 MWh come out then.
    Without the connection all 5 would."""
    dear = [
        {"zone": "A", "start_hour": start, "end_hour": end, "price_cny_per_mwh": price}
        for start, end, price in ((0, 1, 100), (1, 2, 900), (2, 24, 100))
    ]
    curtailed = xr.DataArray([[5.0, 0, 0, 0]], dims=("generator", "time"), coords={"generator": ["sun"]})
    assert schedule(plant(connection=10, tariff=dear), curtailment=curtailed)["discharge"][1] == pytest.approx(3)


def test_a_schedule_that_is_given_is_kept():
    """A schedule made beforehand goes first: here one against a tariff that the case no longer has,
    by whose own the store would lie idle."""
    planned = schedule_self_use(user())
    other = planned.replace(tariffs=planned.tables["tariffs"].assign(price_cny_per_mwh=100.0))
    assert (solved(other).value("storage.discharge") * 1e3).ravel() == pytest.approx([0, 0, 4.5, 0])


# ---------------------------------------------------------------------------------------------------------- tight hours

SCARCE = {"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 12, "variable_cost_cny_per_mwh": 300}


def scarce(policy):
    """Load of 16 MW at 03:00 and plant of 12: of 4 MW that are missing the schedule covers none, having given at
    02:00."""
    return user(load=[2, 2, 10, 16, 2, 2, 2, 2], steps=8, policy=policy, generators=[SCARCE])


def test_in_a_tight_hour_the_dispatcher_calls_it():
    """By its schedule the store is empty at 03:00 and 4 MWh are not served at 5000 CNY. Declared tight from 02:00 on,
    it waits an hour and covers them."""
    assert solved(scarce({})).value("loads.unserved").sum() * 1e3 == pytest.approx(4)
    assert solved(scarce({"tight_hours": [2, 3]})).value("loads.unserved").sum() * 1e3 == pytest.approx(0, abs=1e-6)


def test_only_the_tight_hours_are_free():
    """Tight at 03:00 alone comes too late: at 02:00 the schedule still holds and empties the store. Were 02:00 free
    too nothing would be missing."""
    result = solved(scarce({"tight_hours": [3]}))
    assert (result.value("storage.discharge") * 1e3)[0, 2] == pytest.approx(4.5)
    assert result.value("loads.unserved").sum() * 1e3 == pytest.approx(4)


def test_a_called_store_comes_back_to_its_schedule():
    """Called at 01:00, before its own discharge at 02:00, it must make good what it gave in the hours after and be
    where its schedule is at their end; in these hours it never gives more than it would have."""
    case = user(
        load=[2, 16, 10, 10, 2, 2, 2, 2], steps=8, policy={"tight_hours": [1], "recovery_hours": 4}, generators=[SCARCE]
    )
    planned = schedule(case)
    result = solved(case)
    discharge, level = (result.value(f"storage.{name}")[0] * 1e3 for name in ("discharge", "energy"))
    assert discharge[1] > 0.4 and planned["discharge"][1] == pytest.approx(0, abs=1e-6)
    assert level[6] == pytest.approx(planned["level"][5])  # 01:00 and four hours: to the end of the step of 05:00
    assert (discharge[2:6] <= np.array(planned["discharge"][2:6]) + 1e-6).all()


def test_what_recovery_is_for():
    """Without time to recover a call must be made good within the tight hours themselves, so nothing can be called at
    01:00."""
    case = user(
        load=[2, 16, 10, 10, 2, 2, 2, 2], steps=8, policy={"tight_hours": [1], "recovery_hours": 0}, generators=[SCARCE]
    )
    level = solved(case).value("storage.energy")[0] * 1e3
    assert level[2] == pytest.approx(schedule(case)["level"][1])


def test_recovering_it_does_not_give_more_than_by_its_schedule():
    """Tight at 02:00, and load not served at 04:00 within its time to recover: it may not serve it then. Free to, it would stay full
    until then and give 4 MW."""
    case = user(load=[2, 2, 10, 2, 16, 2, 2, 2], steps=8, policy={"tight_hours": [2]}, generators=[SCARCE])
    assert (solved(case).value("storage.discharge")[0] * 1e3)[4] == pytest.approx(0, abs=1e-6)


def test_a_called_store_charges_more_than_by_its_schedule():
    """Full from 02:00 for the peak at 05:00, called at 02:00 for the 4 MW that are missing, back full by 04:00: it charges
    4 / 0.81 MWh at 03:00, when its schedule charges nothing. Held to what the schedule charges it could not be called. Where
    the schedule charges nothing there is nothing to charge at least, and nothing is bound by it."""
    tariff = [{"zone": "A", "start_hour": start, "end_hour": end, "price_cny_per_mwh": price}
              for start, end, price in ((0, 2, 200), (2, 5, 400), (5, 7, 900), (7, 24, 400))]
    case = user(load=[2, 2, 16, 2, 2, 10, 2, 2], steps=8, policy={"tight_hours": [2], "recovery_hours": 1}, generators=[SCARCE],
                tariff=tariff)
    assert schedule(case)["charge"][2:] == pytest.approx([0] * 6, abs=1e-6)
    result = solved(case)
    assert result.value("loads.unserved").sum() * 1e3 == pytest.approx(0, abs=1e-6)
    assert result.value("storage.charge")[0, 3] * 1e3 == pytest.approx(4 / 0.81)
    assert "self_use.more_charge" not in result.program.bounding and "self_use.less_discharge" in result.program.bounding


def test_a_called_store_may_charge_more_where_its_schedule_charges_too():
    """It holds 4 of 5 MWh and buys the last one, 1 / 0.9, at 03:00, when it is cheapest. Called at 02:00 for the 2 MW that are missing it
    charges 1 / 0.9 + 2 / 0.81 there; held to what the schedule charges it could not be called, and 2 MW would go unserved."""
    tariff = [{"zone": "A", "start_hour": start, "end_hour": end, "price_cny_per_mwh": price}
              for start, end, price in ((0, 3, 210), (3, 4, 200), (4, 5, 400), (5, 7, 900), (7, 24, 400))]
    case = user(load=[2, 2, 14, 2, 2, 10, 2, 2], steps=8, policy={"tight_hours": [2], "recovery_hours": 1}, generators=[SCARCE],
                tariff=tariff, store={"cyclic": False, "initial_fraction": 0.8})
    assert schedule(case)["charge"] == pytest.approx([0, 0, 0, 1 / 0.9, 0, 0, 0, 0], abs=1e-6)
    result = solved(case)
    assert result.value("loads.unserved").sum() * 1e3 == pytest.approx(0, abs=1e-6)
    assert result.value("storage.charge")[0, 3] * 1e3 == pytest.approx(1 / 0.9 + 2 / 0.81)


IDLE = {"cyclic": False, "initial_fraction": 0.9, "wear_cost_cny_per_mwh": 1000}


def test_what_was_called_is_made_good():
    """Idle by its schedule, as its wear is more than the tariff pays, with 4.5 of 5 MWh; called at 01:00 for the 4 MW that are
    missing, it buys 4 / 0.81 MWh back at 300, though nothing needs them. Were it free to end below its schedule it would not."""
    case = user(load=[2, 16, 2, 2], policy={"tight_hours": [1], "recovery_hours": 2}, generators=[SCARCE], store=IDLE)
    assert schedule(case)["discharge"] == pytest.approx([0] * 4, abs=1e-6)
    result = solved(case)
    assert result.value("storage.energy")[0, -1] * 1e3 == pytest.approx(4.5)
    assert result.objective == pytest.approx((18 + 4 / 0.81) * 300 + 4 * 1000)


def test_what_is_made_good_is_not_given_again():
    """Tight at 01:00, but it is at 03:00, within the time to recover, that 4 MW are missing: the idle store may not give them,
    though it could charge again by 05:00. Free to do so it would serve them all."""
    case = user(load=[2, 2, 2, 16, 2, 2], steps=6, policy={"tight_hours": [1], "recovery_hours": 3}, generators=[SCARCE], store=IDLE)
    assert solved(case).value("loads.unserved").sum() * 1e3 == pytest.approx(4)


def test_without_a_call_nothing_differs():
    """Tight at midnight but nothing is scarce: also in the time to recover the store charges and discharges as
    scheduled. Were it only held to its level at the end, it would lie idle, as the grid has one price and the store
    has losses."""
    tariff = [
        row | {"price_cny_per_mwh": price}
        for row, price in zip(
            [{"zone": "A", "start_hour": start, "end_hour": end} for start, end in ((0, 2), (2, 4), (4, 24))],
            (400, 200, 800),
            strict=True,
        )
    ]
    case = user(steps=8, policy={"tight_hours": [0], "recovery_hours": 6}, tariff=tariff)
    planned = schedule(case)
    assert sum(planned["discharge"]) == pytest.approx(4.5)
    result = solved(case)
    assert (result.value("storage.discharge")[0] * 1e3).tolist() == pytest.approx(planned["discharge"], abs=1e-6)
    assert (result.value("storage.charge")[0] * 1e3).tolist() == pytest.approx(planned["charge"], abs=1e-6)


def test_each_zone_has_its_own_tight_hours():
    """The highest net load of A is at 04:00, of B at 05:00, each 4 MW more than its plant gives: idle stores are called in their own
    zone's hour, and nothing is missing. By the hours of A alone B's 4 MWh would not be served."""
    case = small_case(
        8,
        series={"load": {"l": [2, 2, 2, 2, 16, 2, 2, 2], "m": [2, 2, 2, 2, 2, 16, 2, 2]}},
        storage=[STORE | IDLE, STORE | IDLE | {"storage": "t", "zone": "B", "host": "m"}],
        tariffs=VALLEY_THEN_PEAK + [row | {"zone": "B"} for row in VALLEY_THEN_PEAK],
        loads=[{"load": name, "zone": zone, "unserved_cost_cny_per_mwh": 5000} for name, zone in (("l", "A"), ("m", "B"))],
        generators=[SCARCE, SCARCE | {"generator": "other", "zone": "B"}],
        policies={"self_use": {"tight_share": 1 / 8, "recovery_hours": 2}},
    )
    assert solved(case).value("loads.unserved").sum(axis=1) * 1e3 == pytest.approx([0, 0], abs=1e-6)


def test_on_tight_dates_only_it_is_called():
    """4 MW are missing at 01:00 on both of two days, of which the second is declared tight: the idle store covers these, and 4 MWh are
    not served on the first. Were the hour tight on every day nothing would be missing, were it on none 8 MWh."""
    case = user(load=np.r_[2, 16, np.full(22, 2.0), 2, 16, np.full(22, 2.0)], steps=48, generators=[SCARCE], store=IDLE,
                policy={"tight_hours": [1], "tight_dates": ["2027-01-02"], "recovery_hours": 2})
    unserved = solved(case).value("loads.unserved")[0] * 1e3
    assert unserved[[1, 25]] == pytest.approx([4, 0], abs=1e-6) and unserved.sum() == pytest.approx(4)


def test_tight_hours_by_clock_by_date_and_by_net_load():
    """Hours on all days, days as a whole, both together, and the highest net load of the zone: load less sun, which is not there in the
    hour of 05:00. By load alone the second of its two highest would be that of midnight."""
    sun = {"generator": "sun", "zone": "A", "technology": "solar_utility", "capacity_mw": 10}
    case = user(
        load=np.r_[np.full(24, 5.0), np.full(23, 5.0), 9.0],
        steps=48,
        generators=[GAS, sun],
        series={"availability": {"sun": np.r_[np.ones(5), 0.0, np.ones(42)]}},
    )

    def tight(**settings):
        return np.flatnonzero(tight_steps(case, gm.formulation.SETTINGS["self_use"](**settings), "A")).tolist()

    assert tight(tight_hours=[3]) == [3, 27]
    assert tight(tight_dates=["2027-01-02"]) == list(range(24, 48))
    assert tight(tight_dates=["2027-01-02"], tight_hours=[3]) == [27]
    assert tight(tight_share=2 / 48) == [5, 47]
    assert tight() == []


# ---------------------------------------------------------------------------------------------------- tables and limits


def test_both_are_reported():
    """Schedule and dispatch stand side by side, called energy is what exceeds the schedule in tight hours."""
    results = gm.solve(scarce({"tight_hours": [2, 3]}))
    row = results.tables["self_use"].iloc[0]
    assert row["scheduled_discharge_mwh"] == pytest.approx(4.5) and row["scheduled_charge_mwh"] == pytest.approx(
        5 / 0.9
    )
    data = results.dispatch
    more = (data["discharge"] - data["charge"] - data["self_use_schedule"]).values[0, 2:4]  # both tight hours
    assert row["tight_hours"] == 2 and row["called_mwh"] == pytest.approx(more[more > 0].sum())
    assert 4 - 1e-6 <= row["called_mwh"] <= 4.5 + 1e-6  # 4 are missing, 4.5 are in the store, and at 02:00 both cost the same
    assert row["tariff_value_cny"] == pytest.approx(4.5 * 800 - 5 / 0.9 * 200, rel=1e-6)
    assert results.dispatch["self_use_schedule"].values[0, 2] == pytest.approx(4.5)


def test_nothing_is_left_when_switched_off():
    dispatch_called = user(store={"call": "dispatch"})
    for case in (user(policy=False), dispatch_called):
        result = solved(case)
        program = result.program
        assert not [name for name in (*program.rows, *program.columns, *program.bounding) if name.startswith("self_use")]


def test_hosts_of_every_kind_side_by_side():
    """A plant's store, a user's and one on its own: each does what it would alone."""
    alone = [schedule(user())["discharge"], schedule(plant())["discharge"]]
    on_its_own = STORE | {"storage": "own", "place": "independent", "host": ""}
    behind_sun = plant().tables["storage"].iloc[0].to_dict() | {"storage": "sun store"}
    sun = {"generator": "sun", "zone": "A", "technology": "solar_utility", "capacity_mw": 10}
    case = small_case(
        4,
        series={"load": {"l": 10.0}, "availability": {"sun": [1, 0.7, 0, 0]}},
        tariffs=VALLEY_THEN_PEAK,
        storage=[STORE, behind_sun, on_its_own],
        generators=[GAS, sun],
        loads=[{"load": "l", "zone": "A"}],
    )
    planned = schedule_self_use(case).series["self_use_discharge"].values
    np.testing.assert_allclose(planned, [*alone, [0, 0, 4.5, 0]], atol=1e-6)


def test_dispatch_called_stores_stay_with_the_dispatcher():
    """Of two stores only the self-use one is held to a schedule, in 4 steps; were both,
    there would be 8 rows."""
    stores = [STORE, STORE | {"storage": "t", "call": "dispatch", "place": "independent", "host": ""}]
    case = user().replace(storage=user().tables["storage"])
    both = small_case(
        4,
        series={"load": {"l": 10.0}},
        storage=stores,
        tariffs=VALLEY_THEN_PEAK,
        generators=[GAS],
        loads=[{"load": "l", "zone": "A"}],
    )
    assert (
        solved(both).program.rows["self_use.on_schedule"].size
        == solved(case).program.rows["self_use.on_schedule"].size
        == 4
    )


def test_rules_are_the_same_in_pyomo():
    assert_same_as_concrete(scarce({"tight_hours": [1], "recovery_hours": 2}))
    gm.build_model(scarce({"tight_hours": [1]}), concrete=True)


# -------------------------------------------------------------------------------------------------------------- tariffs


def test_tariff_rows_by_month_and_hour():
    """Before July one price holds, then one until 08:30 and another after. Were months not looked at, the row that comes last would
    make January's hours cost 200."""
    rows = [
        {"zone": "A", "start_hour": 0, "end_hour": 24, "price_cny_per_mwh": 100, "last_month": 6},
        {"zone": "A", "start_hour": 0, "end_hour": 8.5, "price_cny_per_mwh": 200, "first_month": 7},
        {"zone": "A", "start_hour": 8.5, "end_hour": 24, "price_cny_per_mwh": 300, "first_month": 7},
    ]
    assert tariffs.zone_prices(user(tariff=rows), ["A"])[0].tolist() == [100] * 4
    july = user(tariff=rows, steps=20, step_hours=0.5, start="2027-07-01")
    assert tariffs.zone_prices(july, ["A"])[0].tolist() == [200] * 17 + [300] * 3


@pytest.mark.parametrize("low, ratio", [(50, 4), (70, 3)])
def test_tariffs_from_the_benchmark_follow_notice_1093(low, ratio):
    """A gap of 50 % of the peak asks for 4 to 1, of 30 % for 3 to 1; the mean is the benchmark, high load is peak. By 3 to 1 for all,
    the valley of the first would cost 200 instead of 160."""
    load = np.r_[np.full(8, low), np.full(8, 80.0), np.full(8, 100.0)]
    case = user(load=load, steps=24, tariff=[], zones=[{"zone": "A", "benchmark_tariff_cny_per_mwh": 400}])
    prices = tariffs.zone_prices(case, ["A"])[0]
    assert prices[:8].tolist() == pytest.approx([800 / (1 + ratio)] * 8)
    assert prices[8:16].tolist() == [400] * 8
    assert prices[16:] == pytest.approx(prices[:8] * ratio)


@pytest.mark.parametrize(
    "change, column",
    [
        ({"start_hour": 1}, "start_hour"),
        ({"end_hour": 3}, "start_hour"),
        ({"start_hour": 2.25}, "start_hour"),
        ({"start_hour": 5}, "end_hour"),
        ({"first_month": 9, "last_month": 3}, "last_month"),
    ],
)
def test_tariffs_must_cover_every_hour_once(change, column):
    """Overlaps, gaps, quarters of an hour and periods that end before they start are found."""
    frames = user().tables | {}
    assert tariffs.check_tariffs(frames) == []
    table = frames["tariffs"].copy()
    table.loc[1, list(change)] = [float(value) for value in change.values()]
    assert [problem.column for problem in tariffs.check_tariffs(frames | {"tariffs": table})] == [column]


def test_a_zone_with_self_use_storage_needs_a_price():
    """Neither tariffs nor a benchmark: there is nothing to schedule by."""
    from grid_model.policies.self_use import check_prices

    frames = dict(user(tariff=[]).tables)
    assert [problem.column for problem in check_prices(frames)] == ["call"]
    frames["zones"] = frames["zones"].assign(benchmark_tariff_cny_per_mwh=pd.Series([400.0]))
    assert check_prices(frames) == []


def test_windows_leave_room_for_what_will_be_charged(monkeypatch):
    """The schedule fills the store in hours 6 and 7. Six hours before, the dispatcher is paid for charging: in the whole
    programme it must not, as nothing can leave the store in between. A window of six hours that does not see hour 6 would
    fill it, and the next one would find no way."""
    paid = {"generator": "paid", "zone": "A", "technology": "biomass", "capacity_mw": 100, "variable_cost_cny_per_mwh": -50}
    tariff = [
        {"zone": "A", "start_hour": start, "end_hour": end, "price_cny_per_mwh": price}
        for start, end, price in ((0, 6, 400), (6, 8, 200), (8, 10, 800), (10, 24, 400))
    ]
    case = user(steps=12, policy={"tight_hours": [0]}, generators=(paid,), tariff=tariff)
    model = formulation.build_model(case)
    program = compile_program(model)
    begun, solve = [], Sliced.solve
    monkeypatch.setattr(Sliced, "solve", lambda self, span, *rest, **more: begun.append(span.begin) or solve(self, span, *rest, **more))
    time = timeline(program, model.steps, model.borders)
    sliced = Sliced.of(program, time, program.cost, None, model.seldom, 6)
    values = solve_windows(sliced, layout_of(sliced, 6, 0)).values
    assert begun == [0, 6]
    assert float(program.cost @ values) * 1e6 == pytest.approx(solved(case).objective)
    energy = program.columns["storage.energy"].of(values)[0] * 1e3
    assert energy[1:7] == pytest.approx(energy[1]) and energy[8] == pytest.approx(5)


@given(st.integers(0, 10**6))
def test_room_is_what_later_steps_leave(seed):
    """Step by step from the end, as the equation says: r[t] = min(own[t], r[t+1] / k[t+1]), all of it before a tight hour."""
    drawn = np.random.default_rng(seed)
    steps = int(drawn.integers(1, 40))
    own, retention, tight = drawn.uniform(0, 5, (3, steps)), drawn.uniform(0.5, 1, (3, steps)), drawn.random((3, steps)) < 0.2
    own[drawn.random((3, steps)) < 0.1] = 0.0
    expected = own.copy()
    for step in range(steps - 2, -1, -1):
        later = np.where(tight[:, step + 1], np.inf, expected[:, step + 1] / retention[:, step + 1])
        expected[:, step] = np.minimum(own[:, step], later)
    assert _room(own, retention, tight) == pytest.approx(expected)
