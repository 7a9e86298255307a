"""Storage: each law solved by hand."""

from __future__ import annotations

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from pyomo.environ import value
from small import Solved, small_case, solved

from grid_model.formulation import build_model
from grid_model.technologies.storage import check_storage

CHEAP, DEAR, UNSERVED = 100, 1000, 30000


def grid(load, store=None, cheap=None, **options):
    """A cheap plant whose output `cheap` (MW by step) limits, a dear one, and a store of 100 MW and 1,000 MWh."""
    steps = len(load)
    return small_case(
        steps,
        series={"load": {"l": load}, **({} if cheap is None else {"availability": {"cheap": np.array(cheap) / 1000}})},
        generators=[
            {
                "generator": "cheap",
                "zone": "A",
                "technology": "solar_utility",
                "capacity_mw": 1000,
                "variable_cost_cny_per_mwh": CHEAP,
            },
            {
                "generator": "dear",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": 1000,
                "variable_cost_cny_per_mwh": DEAR,
            },
        ],
        loads=[{"load": "l", "zone": "A"}],
        storage=[
            {
                "storage": "s",
                "zone": "A",
                "technology": "lithium_ion",
                "power_mw": 100,
                "energy_mwh": 1000,
                **(store or {}),
            }
        ],
        **options,
    )


def charge(result):
    return result.value("storage.report_charge")[0] * 1e3


def discharge(result):
    return result.value("storage.report_discharge")[0] * 1e3


def level(result):
    """Level at borders 0..T, MWh."""
    return result.value("storage.energy")[0] * 1e3


EMPTY = {"cyclic": False, "initial_fraction": 0}


# ---------------------------------------------------------------------------------------------------- energy balance


def test_energy_is_carried_from_step_to_step():
    """50 MW of cheap energy too much in the first step serve the second: 150 cheap MWh. Without the store 100 cheap,
    50 dear."""
    result = solved(grid([50, 100], EMPTY, cheap=[100, 50]))
    assert charge(result) == pytest.approx([50, 0])
    assert discharge(result) == pytest.approx([0, 50])
    assert level(result) == pytest.approx([0, 50, 0])
    assert result.objective == pytest.approx(150 * CHEAP)


def test_efficiencies():
    """100 MWh drawn, 80 held (charge 0.8), 40 delivered (discharge 0.5). Without the first 50, without the second 80,
    with a discharge multiplied instead of divided 160 would be delivered."""
    result = solved(grid([0, 100], {**EMPTY, "charge_efficiency": 0.8, "discharge_efficiency": 0.5}, cheap=[100, 0]))
    assert level(result) == pytest.approx([0, 80, 0])
    assert discharge(result)[1] == pytest.approx(40)
    assert result.objective == pytest.approx(100 * CHEAP + 60 * DEAR)


@pytest.mark.parametrize("hours, left", [(1.0, 0.9), (2.0, 0.81), (0.5, 0.9**0.5)])
def test_self_discharge_over_the_length_of_a_step(hours, left):
    """A tenth an hour: of 500 MWh 0.9^dt x 500 are left after a step. A loss per step would leave 450 whatever its
    length."""
    store = {"cyclic": False, "initial_fraction": 0.5, "loss_fraction_per_hour": 0.1, "wear_cost_cny_per_mwh": 1}
    result = solved(grid([0, 0], store, cheap=[0, 0], step_hours=hours))
    assert level(result) == pytest.approx([500, 500 * left, 500 * left**2])


def test_length_of_a_step():
    """40 MW for half an hour are 20 MWh, and 20 MWh are 40 MW for half an hour; without the length 40 MWh would be
    held."""
    result = solved(grid([0, 40], EMPTY, cheap=[40, 0], step_hours=0.5))
    assert level(result) == pytest.approx([0, 20, 0])
    assert discharge(result) == pytest.approx([0, 40])


# ------------------------------------------------------------------------------------------------------------ limits


def test_power():
    """70 MW at most each way, though 200 MW are too much and then too little. Without the limit all 200 would be drawn."""
    result = solved(grid([0, 200], {**EMPTY, "power_mw": 70}, cheap=[200, 0]))
    assert charge(result)[0] == pytest.approx(70)
    result = solved(grid([200], {"cyclic": False, "initial_fraction": 1, "power_mw": 70}))
    assert discharge(result) == pytest.approx([70])


def test_charge_power_of_its_own():
    """Hydrogen is an electrolyser of 30 MW, a tank and a fuel cell of 100 MW: charged in two steps, discharged in one.
    Were the electrolyser as strong as the fuel cell 100 MW would be drawn in a step."""
    store = {
        **EMPTY,
        "technology": "pumped_hydro",
        "charge_power_mw": 30,
        "power_mw": 100,
        "energy_mwh": 1000,
        "charge_efficiency": 0.75,
        "discharge_efficiency": 0.6,
    }
    result = solved(grid([0, 0, 100], store, cheap=[100, 100, 0]))
    assert charge(result) == pytest.approx([30, 30, 0])
    assert discharge(result) == pytest.approx([0, 0, 60 * 0.75 * 0.6])


def test_energy_when_full():
    """A tank of 60 MWh is full after 60 of 100 MW. Without the limit it would take all 100."""
    result = solved(grid([0, 100], {**EMPTY, "energy_mwh": 60}, cheap=[100, 0]))
    assert level(result) == pytest.approx([0, 60, 0])


def test_least_level():
    """Of 500 MWh 450 may not be touched: 50 MW are delivered, not 100."""
    result = solved(grid([100], {"cyclic": False, "initial_fraction": 0.5, "min_level_fraction": 0.45}))
    assert level(result) == pytest.approx([500, 450])
    assert discharge(result) == pytest.approx([50])


def test_least_level_at_every_step():
    """The same with cheap energy in the second step to fill up again: still only 50 MW in the first, though the end
    would hold."""
    store = {"cyclic": False, "initial_fraction": 0.5, "min_level_fraction": 0.45}
    assert level(solved(grid([100, 0], store, cheap=[0, 100])))[1] == pytest.approx(450)


def burning(store):
    """A plant that is paid 50 CNY/MWh for up to 1,000 MW, no load: what charges and discharges at once is burnt."""
    return small_case(
        1,
        series={"load": {"l": 0}},
        loads=[{"load": "l", "zone": "A"}],
        generators=[
            {
                "generator": "paid",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": 1000,
                "variable_cost_cny_per_mwh": -50,
            }
        ],
        storage=[
            {
                "storage": "s",
                "zone": "A",
                "technology": "lithium_ion",
                "power_mw": 100,
                "energy_mwh": 1000,
                "charge_efficiency": 0.8,
                "discharge_efficiency": 0.5,
                **store,
            }
        ],
    )


def test_shared_converter():
    """c/100 + d/100 <= 1 and d = 0.4 c: c = 100/1.4, and c - d = 60/1.4 MW are burnt. Without it c = 100, d = 40."""
    result = solved(burning({}))
    assert charge(result) == pytest.approx([100 / 1.4])
    assert discharge(result) == pytest.approx([40 / 1.4])


def test_shared_converter_of_unequal_powers():
    """c/50 + d/100 <= 1 and d = 0.4 c: c = 100/2.4; with the powers exchanged (c/100 + d/50) 100/1.8."""
    result = solved(burning({"charge_power_mw": 50}))
    assert charge(result) == pytest.approx([100 / 2.4])


@pytest.mark.parametrize("powers", [{"power_mw": 0, "charge_power_mw": 100}, {"power_mw": 100, "charge_power_mw": 0}])
def test_one_way_stores_share_nothing(powers):
    result = solved(grid([100], powers))
    assert "storage.shared_converter" not in {name for name, family in result.program.rows.items() if family.size}
    assert charge(result) == pytest.approx([0]) and discharge(result) == pytest.approx(
        [0]
    )  # cyclic: nothing to come back


# ------------------------------------------------------------------------------------------------- start and end


def test_cyclic():
    """The end holds what the start held, whatever that is: what the dear step takes must be bought in the cheap one.
    A free end would give 100 MW in both steps."""
    result = solved(grid([100, 100], {}, cheap=[150, 0]))
    assert level(result)[0] == pytest.approx(level(result)[-1])
    assert discharge(result) - charge(result) == pytest.approx([-50, 50])


def test_cyclic_may_begin_full():
    """The dear step comes first: it takes what the second brings back. From an empty start nothing could be done."""
    result = solved(grid([100, 100], {}, cheap=[0, 150]))
    assert discharge(result) - charge(result) == pytest.approx([50, -50])


def test_cyclic_from_a_given_level():
    """30 of 1,000 MWh at the start and the end: the dear step that comes first takes those 30, not 50."""
    result = solved(grid([100, 100], {"initial_fraction": 0.03}, cheap=[0, 150]))
    assert level(result) == pytest.approx([30, 0, 30])


@pytest.mark.parametrize(
    "store, start", [({"initial_fraction": 0.2}, 200), ({}, 500), ({"min_level_fraction": 0.6}, 600)]
)
def test_given_start(store, start):
    """A start that is given holds; half full where none is, or the least level if that is more."""
    result = solved(grid([0], {"cyclic": False, **store}))
    assert level(result)[0] == pytest.approx(start)


def test_least_end():
    """Of 100 MWh 40 must be left (final_fraction 0.04): 60 MW are delivered. Without an end 100."""
    result = solved(grid([100], {"cyclic": False, "initial_fraction": 0.1, "final_fraction": 0.04}))
    assert level(result) == pytest.approx([100, 40])


def test_least_end_of_a_cycle():
    """Cyclic, and at least 300 MWh at the end, hence at the start; free it would be any level, 0 with a loss per
    hour."""
    result = solved(grid([100, 100], {"final_fraction": 0.3, "loss_fraction_per_hour": 0.1}))
    assert level(result)[0] == pytest.approx(300)
    assert level(result)[-1] == pytest.approx(300)


# ------------------------------------------------------------------------------------------------------ cycles, wear


def test_most_cycles_a_day():
    """0.05 cycles of 1,000 MWh: 50 MWh of the day's 200 are delivered, the rest is dear. Without the limit all 200
    would be."""
    steps = 24
    load = [0] * 12 + [100, 100] + [0] * 10
    cheap = [100] * 12 + [0] * 12
    result = solved(grid(load, {**EMPTY, "max_cycles_per_day": 0.05}, cheap=cheap))
    assert discharge(result).sum() == pytest.approx(50)
    assert len(discharge(result)) == steps


def test_most_cycles_of_every_day_and_part_of_a_day():
    """From 18:00, 36 hours: a quarter of a day, a day, a quarter. 0.08 cycles of 1,000 MWh a day are 20, 80 and 20
    MWh. One limit for all would let 120 be delivered in any of them; a whole day's for the parts 80 each."""
    load = np.tile([0, 50], 18)
    cheap = np.tile([50, 0], 18)
    result = solved(grid(load, {**EMPTY, "max_cycles_per_day": 0.08}, cheap=cheap, start="2027-01-01 18:00"))
    delivered = discharge(result)
    assert [delivered[:6].sum(), delivered[6:30].sum(), delivered[30:].sum()] == pytest.approx([20, 80, 20])


def test_cycles_in_long_steps():
    """Steps of 6 h: 0.06 cycles a day are 60 MWh, so 10 MW for one step. Counting power for energy it would be 60
    MW."""
    result = solved(grid([0, 0, 100, 0], {**EMPTY, "max_cycles_per_day": 0.06}, cheap=[100, 0, 0, 0], step_hours=6.0))
    assert discharge(result) == pytest.approx([0, 0, 10, 0])


def test_least_cycles_a_day():
    """0.1 cycles a day must be delivered, 25 MWh in 6 hours, though wear costs more than it saves: 25 x 5 + the
    energy lost. Without the rule the store would stand still."""
    store = {"min_cycles_per_day": 0.1, "wear_cost_cny_per_mwh": 5, "charge_efficiency": 0.8}
    result = solved(grid([100] * 6, store))
    assert discharge(result).sum() == pytest.approx(25)
    assert result.objective == pytest.approx(600 * CHEAP + 25 * 5 + (25 / 0.8 - 25) * CHEAP)
    assert discharge(solved(grid([100] * 6, {**store, "min_cycles_per_day": 0}))).sum() == pytest.approx(0)


def test_a_least_cycle_charges_too():
    """0.1 cycles a day are 25 MWh in 6 hours, to be charged and to be delivered. The store holds 500 MWh that it need not give
    back: asked for what is delivered only, it would charge nothing, 57,500 CNY of energy. Half of what is charged is lost in the
    second store: 25 MWh count at the connection; counted inside 50 would be drawn."""
    store = {"min_cycles_per_day": 0.1, "wear_cost_cny_per_mwh": 2000, "cyclic": False, "initial_fraction": 0.5}
    result = solved(grid([100] * 6, store))
    assert [charge(result).sum(), discharge(result).sum()] == pytest.approx([25, 25])
    assert result.objective == pytest.approx(600 * CHEAP + 25 * 2000)
    result = solved(grid([100] * 6, {**store, "charge_efficiency": 0.5}))
    assert [charge(result).sum(), discharge(result).sum()] == pytest.approx([25, 25])


def test_a_least_cycle_counts_energy_not_power():
    """The same 25 MWh in three steps of two hours: 12.5 MW in all. Counted as power 25 MW would be charged."""
    store = {"min_cycles_per_day": 0.1, "wear_cost_cny_per_mwh": 2000, "cyclic": False, "initial_fraction": 0.5}
    result = solved(grid([100] * 3, store, step_hours=2.0))
    assert [2 * charge(result).sum(), 2 * discharge(result).sum()] == pytest.approx([25, 25])


def test_more_is_charged_than_the_least_cycles():
    """0.1 cycles of 24 hours are 100 MWh; 200 are charged, as a load of 100 MW is dear to serve for two hours. As an equality the
    rule would leave 100 MWh of it dear."""
    cheap = [100] * 2 + [0] * 22
    result = solved(grid([0] * 22 + [100] * 2, {**EMPTY, "min_cycles_per_day": 0.1}, cheap=cheap))
    assert charge(result).sum() == pytest.approx(200)
    assert result.objective == pytest.approx(200 * CHEAP)


def test_more_than_the_least_cycles():
    """0.1 cycles a day are 25 MWh in 6 hours; 100 MWh save 900 each. As an equality the rule would forbid 75 of them."""
    result = solved(grid([0, 100, 0, 0, 0, 0], {**EMPTY, "min_cycles_per_day": 0.1}, cheap=[100] + [0] * 5))
    assert discharge(result)[1] == pytest.approx(100)
    assert result.objective == pytest.approx(100 * CHEAP)


def test_a_store_that_only_gives():
    """Nothing to charge with: 100 MW of the 150 asked for, though 500 MWh are held; the rest is dear. Without a limit of its
    own the discharge would be 150: where a store can do both, the shared converter limits it, here nothing else does."""
    result = solved(grid([150], {"charge_power_mw": 0, "cyclic": False, "initial_fraction": 0.5}, cheap=[0]))
    assert discharge(result) == pytest.approx([100])
    assert result.objective == pytest.approx(50 * DEAR)


def test_a_store_that_only_takes():
    """60 MWh are to be held after two hours, the first of which is cheap: 30 MW in each. Without a limit of its own the charge
    would be 60 MW in the cheap hour."""
    store = {**EMPTY, "power_mw": 0, "charge_power_mw": 30, "final_fraction": 0.06}
    result = solved(grid([0, 0], store, cheap=[1000, 0]))
    assert charge(result) == pytest.approx([30, 30])
    assert result.objective == pytest.approx(30 * CHEAP + 30 * DEAR)


def test_limits_that_never_bind_have_no_row():
    """100 MW can deliver 2,400 MWh a day: 2.4 cycles of 1,000 MWh limit nothing, 2.3 do; an obligation of none is
    none."""

    def rows(store):
        return {
            name for name, family in solved(grid([0], store)).program.rows.items() if "cycles" in name and family.size
        }

    assert rows({"max_cycles_per_day": 2.4, "min_cycles_per_day": 0}) == set()
    assert rows({"max_cycles_per_day": 2.3, "min_cycles_per_day": 0.1}) == {
        "storage.most_cycles",
        "storage.least_cycles",
        "storage.least_cycles_charged",
    }


@pytest.mark.parametrize("wear, used", [(800, True), (1000, False)])
def test_wear(wear, used):
    """A MWh delivered saves 1,000 - 100 CNY: worth 800 of wear, not 1,000. At 2 h a step the wear counts twice. Without wear it would
    serve all 100 MWh at either, for 10,000 CNY."""
    result = solved(grid([0, 50], {**EMPTY, "wear_cost_cny_per_mwh": wear}, cheap=[50, 0], step_hours=2.0))
    assert discharge(result)[1] == pytest.approx(50 if used else 0)
    assert result.objective == pytest.approx(2 * 50 * (CHEAP + wear) if used else 2 * 50 * DEAR)


# ------------------------------------------------------------------------------------------------------------ offers


def test_what_it_offers_to_reserves():
    """Charging 30 of 40 MW, able to deliver 100, 500 of 1,000 MWh held, 200 untouchable: 130 MW up, 10 down, 270 MWh to
    deliver at 0.9, 625 MWh to draw at 0.8."""
    store = {"charge_power_mw": 40, "min_level_fraction": 0.2, "charge_efficiency": 0.8, "discharge_efficiency": 0.9}
    fleet = (model := build_model(grid([0], store), concrete=True)).fleets["storage"]
    model.storage.charge["s", 1], model.storage.discharge["s", 1], model.storage.energy["s", 1] = 0.03, 0.0, 0.5
    offered = {
        name: value(getattr(fleet, name)("s", 1)) * 1e3
        for name in ("headroom_up", "headroom_down", "energy_held", "energy_room")
    }
    assert offered == pytest.approx({"headroom_up": 130, "headroom_down": 10, "energy_held": 270, "energy_room": 625})
    assert fleet.offers("headroom_up") and not fleet.offers("emissions")


def test_never_both_ways_where_prices_are_positive(random):
    """Any store that is given no energy, beside plants that cost something: what it burnt would have to be paid for. Forty random
    ones side by side."""
    zones = [f"zone {number}" for number in range(40)]
    tables = {"series": {"load": {}, "availability": {}}, "generators": [], "loads": [], "storage": []}
    for zone in zones:
        tables["series"]["load"][f"load of {zone}"] = random.integers(1, 301, 5)
        tables["series"]["availability"][f"cheap of {zone}"] = random.integers(1, 301, 5) / 1000
        tables["loads"].append({"load": f"load of {zone}", "zone": zone})
        for name, technology, cost in (("cheap", "solar_utility", CHEAP), ("dear", "biomass", DEAR)):
            tables["generators"].append({"generator": f"{name} of {zone}", "zone": zone, "technology": technology, "capacity_mw": 1000,
                                        "variable_cost_cny_per_mwh": cost})
        tables["storage"].append({"storage": f"store of {zone}", "zone": zone, "technology": "lithium_ion", "power_mw": 100,
                                 "energy_mwh": float(random.choice([50, 400])), "charge_efficiency": float(random.choice([0.7, 0.95])),
                                 "discharge_efficiency": float(random.choice([0.7, 0.95])),
                                 "loss_fraction_per_hour": float(random.choice([0, 0.05])),
                                 **(EMPTY if random.integers(2) else {"cyclic": True})})
    result = solved(small_case(5, **tables))
    charged, delivered = (result.value(f"storage.report_{name}") * 1e3 for name in ("charge", "discharge"))
    assert np.minimum(charged, delivered) == pytest.approx(np.zeros((40, 5)), abs=1e-6)
    assert (charged.max(axis=1) > 1).sum() > 10
    assert min(result.price(zone).min() for zone in zones) > 0


def test_templates_and_ordinary_constraints_agree():
    stores = [
        {
            "storage": "one",
            "zone": "A",
            "technology": "lithium_ion",
            "power_mw": 10,
            "energy_mwh": 20,
            "charge_power_mw": 5,
            "charge_efficiency": 0.9,
            "max_cycles_per_day": 1,
            "min_cycles_per_day": 0.5,
            "wear_cost_cny_per_mwh": 3,
        },
        {
            "storage": "two",
            "zone": "B",
            "technology": "pumped_hydro",
            "power_mw": 10,
            "energy_mwh": 80,
            "cyclic": False,
            "initial_fraction": 0.25,
            "final_fraction": 0.5,
            "loss_fraction_per_hour": 0.01,
        },
        {
            "storage": "three",
            "zone": "A",
            "technology": "pumped_hydro",
            "power_mw": 0,
            "charge_power_mw": 3,
            "energy_mwh": 80,
        },
    ]
    assert_same_as_concrete(
        small_case(
            5,
            start="2027-01-01 22:00",
            storage=stores,
            series={"load": {"l": [5, 6, 7, 8, 9]}},
            loads=[{"load": "l", "zone": "A"}],
        )
    )


# ------------------------------------------------------------------------------------------------------------ checks


@pytest.mark.parametrize(
    "column, wrong",
    [
        ("initial_fraction", {"min_level_fraction": 0.2, "initial_fraction": 0.1}),
        ("final_fraction", {"min_level_fraction": 0.2, "final_fraction": 0.1}),
        ("final_fraction", {"initial_fraction": 0.2, "final_fraction": 0.3}),
        ("min_cycles_per_day", {"min_cycles_per_day": 1.1, "max_cycles_per_day": 1}),
        ("min_cycles_per_day", {"min_cycles_per_day": 1.25}),
        ("min_cycles_per_day", {"min_cycles_per_day": 0.7, "charge_power_mw": 40}),
        ("min_cycles_per_day", {"min_cycles_per_day": 1.3, "charge_power_mw": 50, "separate_equipment": True}),
        ("min_cycles_per_day", {"min_cycles_per_day": 2.5, "charge_power_mw": 200, "separate_equipment": True}),
    ],
)
def test_wrong_stores_are_reported(column, wrong):
    problems = check_storage(grid([0], wrong).tables)
    assert [(problem.row, problem.column) for problem in problems] == [(0, column)]
    assert check_storage(grid([0], {"min_level_fraction": 0.6, "cyclic": False, "final_fraction": 0.7}).tables) == []


def test_levels_by_step_and_loss_by_step():
    """10 MWh at the start; none lost in the first hour, half in the second. At least 0.6 of 10 must be held at the end
    of the first hour and at most 0.2 at the end of the second. Power in the first hour costs 9, in the second 5: 4 of 10
    are used in the first, 6 left, 3 kept, at least 1 used: all 3 are, as that is worth 5. Asked for 20 each hour."""
    result = solved(small_case(
        2, {"load": {"l": 20.0}, "min_level": {"s": [0.6, 0.0]}, "max_level": {"s": [1.0, 0.2]}, "level_loss": {"s": [0.0, 0.5]},
            "variable_cost": {"g": [9.0, 5.0]}},
        loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 50}],
        storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10, "cyclic": False,
                  "initial_fraction": 1.0, "charge_efficiency": 1, "discharge_efficiency": 1,
                  "wear_cost_cny_per_mwh": 0, "loss_fraction_per_hour": 0}]))
    assert result.value("storage.discharge")[0] * 1e3 == pytest.approx([4, 3])
    assert result.objective == pytest.approx(16 * 9 + 17 * 5)


def test_most_level_by_step_empties_a_store():
    """Nobody would discharge where discharging costs 7 and power 5; but no more than 0.2 of 10 may be held at the end."""
    result = solved(small_case(
        1, {"load": {"l": 20.0}, "max_level": {"s": 0.2}}, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 50, "variable_cost_cny_per_mwh": 5}],
        storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10, "cyclic": False,
                  "initial_fraction": 0.5, "charge_efficiency": 1, "discharge_efficiency": 1, "loss_fraction_per_hour": 0,
                  "wear_cost_cny_per_mwh": 7}]))
    assert result.objective == pytest.approx(3 * 7 + 17 * 5)


def test_holding_energy_costs_by_the_hour():
    """Two steps of 2 hours; power costs 1 then 9, 4 MW asked for in the second. 8 MWh held at the end of the first step
    for 2 hours at 3 are 48 on top of 8: dearer than 4 * 2 * 9 = 72? 56 < 72: stored. At 4.5 it would be 80: not stored."""
    def cost(holding, **series):
        return solved(small_case(
            2, {"load": {"l": [0.0, 4.0]}, "variable_cost": {"g": [1.0, 9.0]}, **series}, step_hours=2.0,
            loads=[{"load": "l", "zone": "A"}],
            generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 50}],
            storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10, "cyclic": False,
                      "initial_fraction": 0, "charge_efficiency": 1, "discharge_efficiency": 1,
                      "wear_cost_cny_per_mwh": 0, "loss_fraction_per_hour": 0,
                      "holding_cost_cny_per_mwh_hour": holding}])).objective
    assert cost(3.0) == pytest.approx(8 * 1 + 8 * 2 * 3)
    assert cost(4.5) == pytest.approx(72)
    assert cost(4.5, holding_cost={"s": [3.0, 4.5]}) == pytest.approx(8 * 1 + 8 * 2 * 3)


def test_separate_equipment_may_run_at_once():
    """10 MW must run and nobody wants them. An electrolyser and a fuel cell of 0.5 burn c - 0.5 c = 10 at c = 20 for a wear
    of 1 per MWh delivered: 10. One converter for both could do c = 10 - d ... at most a third of it: no dispatch."""
    def at_once(apart):
        return Solved(small_case(
            1, {"load": {"l": 0.0}, "min_output": {"g": 1.0}}, loads=[{"load": "l", "zone": "A"}],
            generators=[{"generator": "g", "zone": "A", "technology": "gas", "capacity_mw": 10}],
            storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10,
                      "charge_efficiency": 0.5, "discharge_efficiency": 1, "separate_equipment": apart,
                      "loss_fraction_per_hour": 0, "wear_cost_cny_per_mwh": 1}]))
    assert at_once(True).objective == pytest.approx(10)
    assert at_once(False).status == "Infeasible"
