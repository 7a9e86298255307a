"""Energy limits by hand."""

from __future__ import annotations

import pytest
from small import small_case, solved

import grid_model as gm


def case(limits, terms, **more):
    """Two hours of 100 MW; a cheap plant at 10, a dear one at 50."""
    return small_case(
        2, {"load": {"l": 100.0}, **more.pop("series", {})}, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": name, "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": cost,
                     "min_output_fraction": 0, "ramp_up_fraction_per_hour": 10} for name, cost in (("cheap", 10), ("dear", 50))],
        energy_limits=limits, energy_limit_terms=[{"term": f"t{at}", **term} for at, term in enumerate(terms)], **more)


def test_a_fuel_for_the_horizon():
    """150 of the 200 MWh may come from the cheap plant: 150 * 10 + 50 * 50; the last MWh is worth 40. Without 2000."""
    limited = case([{"limit": "fuel", "amount_mwh": 150}], [{"limit": "fuel", "generator": "cheap"}])
    results = gm.solve(limited)
    assert results.summary["objective_cny"] == pytest.approx(150 * 10 + 50 * 50)
    table = results.tables["energy_limits"]
    assert table["reached_mwh"].tolist() == pytest.approx([150])
    assert table["price_cny_per_mwh"].tolist() == pytest.approx([40])


def test_a_cap_on_what_both_emit():
    """0.9 and 0.4 t per MWh, 120 t over 200 MWh: x of the cheap one: 0.9 x + 0.4 (200 - x) = 120: x = 80.
    Without the cap the cheap one would serve all 200 and emit 180 t."""
    capped = case([{"limit": "cap", "amount_mwh": 120}], [{"limit": "cap", "generator": "cheap", "factor": 0.9},
                                                         {"limit": "cap", "generator": "dear", "factor": 0.4}])
    assert solved(capped).objective == pytest.approx(80 * 10 + 120 * 50)


@pytest.mark.parametrize(("sense", "amount", "dear"), [("at_least", 30, 30), ("equal", 30, 30), ("at_least", -5, 0)])
def test_obligations(sense, amount, dear):
    """30 MWh at least, or exactly, from the dear plant: 3,200 CNY. Without the limit, as where it asks for nothing, the cheap one gives all
    200 for 2,000."""
    limited = case([{"limit": "must", "sense": sense, "amount_mwh": amount}], [{"limit": "must", "generator": "dear"}])
    family = "energy_limits.energy" if sense == "equal" else "energy_limits.least_energy"
    assert solved(limited, family).objective == pytest.approx(2000)
    assert solved(limited).objective == pytest.approx((200 - dear) * 10 + dear * 50)


def test_factors_by_step():
    """A MWh counts once in the first hour and three times in the second; 120: 100 in the first, 20 / 3 in the second:
    5,733 CNY. Without the factors 120 would be cheap, for 5,200; without the limit all 200, for 2,000."""
    limited = case([{"limit": "fuel", "amount_mwh": 120}], [{"limit": "fuel", "generator": "cheap"}],
                   series={"limit_factor": {"t0": [1.0, 3.0]}})
    cheap = 100 + 20 / 3
    assert solved(limited, "energy_limits.most_energy").objective == pytest.approx(2000)
    assert solved(limited).objective == pytest.approx(cheap * 10 + (200 - cheap) * 50)


def test_converters_and_what_stores_hold_count():
    """A sink takes what is converted at no cost: at least 30 MWh of it, plus what is held at the end, of 10 at most: 20 are
    converted and 10 stored by the cheap plant, which has 100 MW for the load of 60 in each of the hours: 1,520 CNY.
    Without the limit nothing is, for 1,200."""
    limited = case([{"limit": "must", "sense": "at_least", "amount_mwh": 30}],
                   [{"limit": "must", "converter": "sink"}, {"limit": "must", "storage": "s"}],
                   series={"load": {"l": 60.0}},
                   converters=[{"converter": "sink", "capacity_mw": 50, "cost_cny_per_mwh": 1}],
                   converter_ports=[{"port": "p", "converter": "sink", "zone": "A", "rate": -1}],
                   storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10,
                             "cyclic": False, "initial_fraction": 0, "charge_efficiency": 1, "wear_cost_cny_per_mwh": 0,
                             "loss_fraction_per_hour": 0}])
    assert solved(limited).objective == pytest.approx(120 * 10 + 20 * (10 + 1) + 10 * 10)
    assert solved(limited, "energy_limits.least_energy").objective == pytest.approx(1200)


def test_a_term_counts_one_thing_and_a_limit_has_a_term():
    from grid_model.policies.energy_limits import check_terms
    wrong = case([{"limit": "a", "amount_mwh": 1}, {"limit": "b", "amount_mwh": 1}],
                 [{"limit": "a", "generator": "cheap", "storage": "s"}])
    problems = check_terms({name: table.assign() for name, table in wrong.tables.items()})
    assert {problem.column for problem in problems} == {"generator", "limit"}


def test_without_limits_there_is_no_row():
    assert not any(name.startswith("energy_limits") for name in solved(case([], [])).program.rows)


def test_a_limit_that_does_not_bind_changes_nothing():
    """500 MWh of fuel for a plant that can burn 200: all from the cheap plant. As an equality there would be no dispatch."""
    limited = case([{"limit": "fuel", "amount_mwh": 500}], [{"limit": "fuel", "generator": "cheap"}])
    assert solved(limited).objective == pytest.approx(200 * 10)


def test_an_equality_holds_the_cheap_plant_back():
    """Exactly 50 MWh from the plant that would give 200. As "at least" all 200 would come from it."""
    limited = case([{"limit": "take or pay", "sense": "equal", "amount_mwh": 50}], [{"limit": "take or pay", "generator": "cheap"}])
    assert solved(limited).objective == pytest.approx(50 * 10 + 150 * 50)


def test_energy_is_power_times_the_length_of_a_step():
    """Two steps of two hours ask for 400 MWh, of which 150 may be cheap. Counting power for energy it would be 300."""
    limited = case([{"limit": "fuel", "amount_mwh": 150}], [{"limit": "fuel", "generator": "cheap"}], step_hours=2.0)
    assert solved(limited).objective == pytest.approx(150 * 10 + 250 * 50)


def test_what_a_store_holds_counts_by_its_factor():
    """At least 5 MWh, of which what the store holds at the end counts half: 10 are stored, out of cheap energy. Counted in
    full 5 would do. At most 2 of the 8 MWh that the store begins with: 4 may stay, so 4 are delivered though their wear
    of 15 is more than the 10 that they save; without the limit none would be."""
    store = {"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 10, "cyclic": False,
             "initial_fraction": 0, "charge_efficiency": 1, "discharge_efficiency": 1, "loss_fraction_per_hour": 0}
    terms = [{"limit": "held", "storage": "s", "factor": 0.5}]
    least = case([{"limit": "held", "sense": "at_least", "amount_mwh": 5}], terms, series={"load": {"l": 60.0}}, storage=[store])
    assert solved(least).objective == pytest.approx((120 + 10) * 10)
    most = case([{"limit": "held", "amount_mwh": 2}], terms, series={"load": {"l": 60.0}},
                storage=[store | {"initial_fraction": 0.8, "wear_cost_cny_per_mwh": 15}])
    assert solved(most).objective == pytest.approx((120 - 4) * 10 + 4 * 15)
