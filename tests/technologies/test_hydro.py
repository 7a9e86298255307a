"""Hydro without a reservoir: every law on a grid that can be solved on paper."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from concrete import assert_same_as_concrete
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_case, solved

from grid_model.formulation import build_model

PLANT = {"zone": "A", "technology": "hydro_run_of_river", "capacity_mw": 100}


def grid(load, hydro, series=None, **options):
    """One zone: load, hydro of 100 MW at no cost, coal of 300 CNY/MWh."""
    steps = len(load)
    series = {"load": {"load": load}, **(series or {})}
    return small_case(
        steps, series=series,
        loads=[{"load": "load", "zone": "A"}],
        generators=[{**PLANT, "generator": "hydro", **hydro},
                    {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": 300}], **options)


def test_run_of_river_follows_the_water():
    """Run-of-river takes at most what flows past: 20 and 50 MW of 100, and at a load of 30 only 30 of 60.

    Without the profile it would serve all 130 MWh and coal none; here coal serves 40 - 20 = 20 and 60 - 50 = 10 MWh.
    """
    result = solved(grid([40, 60, 30], {}, {"availability": {"hydro": [0.2, 0.5, 0.6]}}))
    assert result.value("hydro.generation")[0] * 1e3 == pytest.approx([20, 50, 30])
    assert result.objective == pytest.approx(30 * 300)


def test_month_has_its_budget():
    """40 MWh for three hours go where they save coal: nothing says when, but no more than 40 MWh in all.

    Without the budget hydro would serve all 150 MWh; coal serves 110 MWh. Nothing is left unused.
    """
    result = solved(grid([50, 50, 50], {}, {"energy_budget": {"hydro": 40 / 3}}))
    assert result.value("hydro.generation").sum() * 1e3 == pytest.approx(40)
    assert result.value("hydro.unused") == pytest.approx([0])
    assert result.objective == pytest.approx(110 * 300)


def test_each_month_has_its_own_budget():
    """Two hours of January with 30 MWh, one of February with 90: February's load of 50 leaves 40 MWh unused.

    With one budget of 120 MWh for all three hours coal would make 30 MWh instead of 70.
    """
    result = solved(grid([50, 50, 50], {}, {"energy_budget": {"hydro": [15, 15, 90]}}, start="2027-01-31T22:00"))
    generation = result.value("hydro.generation")[0] * 1e3
    assert generation[:2].sum() == pytest.approx(30) and generation[2] == pytest.approx(50)
    assert result.value("hydro.unused") * 1e3 == pytest.approx([0, 40])
    assert list(result.program.rows["hydro.budget"].axes[0].labels) == [("hydro", 202701), ("hydro", 202702)]
    assert result.objective == pytest.approx(70 * 300)


def test_budget_counts_hours():
    """Two steps of three hours with a mean of 20 MW may generate 120 MWh; counting steps for hours it would be 40."""
    result = solved(grid([50, 50], {}, {"energy_budget": {"hydro": 20}}, step_hours=3))
    assert result.value("hydro.generation").sum() * 3e3 == pytest.approx(120)


def test_budget_of_water_that_is_worth_nothing_is_left():
    """A load of 10 MW takes 30 of 60 MWh: the rest is unused, 10 MW forgone in each hour, available is 20 MW. Had all 60 to be
    generated there would be no dispatch."""
    case = grid([10, 10, 10], {}, {"energy_budget": {"hydro": 20}})
    result = solved(case)
    assert result.value("hydro.unused") * 1e3 == pytest.approx([30])
    assert result.value("hydro.report_available")[0] * 1e3 == pytest.approx([20, 20, 20])


def test_budget_that_cannot_bind_has_no_row():
    """110 MW on average through turbines of 100 MW: no row; what is not taken is forgone as on the river."""
    result = solved(grid([40, 60], {}, {"energy_budget": {"hydro": 110}}))
    assert "hydro.budget" not in result.program.rows
    assert result.objective == 0
    assert result.value("hydro.report_available")[0] * 1e3 == pytest.approx([100, 100])


def test_forgone_energy_is_what_was_there_less_what_was_taken():
    """Without any load all is forgone: on the river 100 MW throughout; the lake's 60 MWh of January evenly over its two
    hours, and in February, whose 500 MWh do not pass the turbines, 100 MW.
    """
    case = small_case(
        3, start="2027-01-31T22:00", series={"load": {"load": 0}, "energy_budget": {"lake": [30, 30, 500]}},
        loads=[{"load": "load", "zone": "A"}],
        generators=[{**PLANT, "generator": name} for name in ("river", "lake")])
    result = solved(case)
    assert result.value("hydro.report_available") * 1e3 == pytest.approx(np.array([[100, 100, 100], [30, 30, 100]]))


def test_ecological_minimum():
    """At a price of nothing to gain 20 MW must flow through the turbines all the same.

    Hydro at 400 CNY/MWh beside coal at 300: without the minimum coal would serve all; with it 20 MW are hydro's.
    """
    result = solved(grid([50, 50], {"min_output_fraction": 0.2, "variable_cost_cny_per_mwh": 400}))
    assert result.value("hydro.generation")[0] * 1e3 == pytest.approx([20, 20])
    assert result.objective == pytest.approx(2 * (20 * 400 + 30 * 300))


def test_ecological_minimum_gives_way_to_the_water_there_is():
    """A least output of 30 MW where the month has 12 MW on average, or the river 10: without this infeasible."""
    result = solved(grid([50, 50], {"min_output_fraction": 0.3}, {"energy_budget": {"hydro": 12}}))
    assert result.value("hydro.generation").sum() * 1e3 == pytest.approx(24)
    result = solved(grid([50, 50], {"min_output_fraction": 0.3}, {"availability": {"hydro": 0.1}}))
    assert result.value("hydro.generation")[0] * 1e3 == pytest.approx([10, 10])


def test_greatest_output():
    """Half the capacity at most: 50 of 80 MW, without the limit coal would not run."""
    result = solved(grid([80], {"max_output_fraction": 0.5}))
    assert result.objective == pytest.approx(30 * 300)


def mixed():
    """A river, and over the end of January a lake whose budget can bind in January, a pond in February."""
    series = {"load": {"load": [20, 90, 150]}, "availability": {"river": [0.2, 0.5, 0.9]},
              "energy_budget": {"lake": [30, 30, 500], "pond": [200, 200, 20]}}
    plants = [{**PLANT, "generator": name, "certificate": certificate, "min_output_fraction": 0.05}
              for name, certificate in (("river", "held"), ("lake", "tradable"), ("pond", "none"))]
    return small_case(3, start="2027-01-31T22:00", series=series, loads=[{"load": "load", "zone": "A"}],
                      generators=plants)


def test_offers():
    """At a given dispatch: 10 MW of the river's 20, 22 of the lake's 60 MWh of January, 40 of the pond's 100 MW."""
    fleet = build_model(mixed(), concrete=True).fleets["hydro"]
    dispatch = {("river", 1): 0.010, ("lake", 1): 0.012, ("lake", 2): 0.010, ("lake", 3): 0.070, ("pond", 1): 0.040}
    for unit_and_step, power in dispatch.items():
        fleet.block.generation[unit_and_step] = power
    fleet.block.unused["lake", 202701] = 0.060 - 0.022
    fleet.block.unused["pond", 202702] = 0.020

    def offered(name, unit, step):
        return pyo.value(getattr(fleet, name)(unit, step)) * 1e3

    assert [offered("forgone", unit, 1) for unit in ("river", "lake", "pond")] == pytest.approx([10, 19, 60])
    assert [offered("forgone", "lake", step) for step in (2, 3)] == pytest.approx([19, 30])
    assert [offered("available", unit, 1) for unit in ("river", "lake", "pond")] == pytest.approx([20, 100, 100])
    assert [offered("headroom_up", unit, 1) for unit in ("river", "lake", "pond")] == pytest.approx([10, 88, 60])
    assert [offered("headroom_down", unit, 1) for unit in ("river", "lake", "pond")] == pytest.approx([5, 7, 35])
    assert [offered("certificates", unit, 1) for unit in ("river", "lake", "pond")] == pytest.approx([10, 12, 0])


def test_same_as_concrete():
    """Rules as templates and as ordinary Pyomo constraints say the same."""
    assert_same_as_concrete(mixed())
    assert_same_as_concrete(grid([40, 60], {}))


@given(st.integers(0, 10**6), st.integers(1, 60), st.sampled_from([0.5, 1.0, 6.0]))
@settings(max_examples=15, deadline=None)
def test_what_is_not_generated_is_forgone(seed, steps, step_hours):
    """In every month and form: generation and forgone energy are the energy that was there, and neither is negative."""
    draw = np.random.default_rng(seed)
    budget = draw.uniform(0, 150, steps)
    series = {"energy_budget": {"hydro": budget}, "availability": {"hydro": draw.uniform(0, 1, steps)}}
    case = grid(draw.uniform(0, 120, steps), {}, series, step_hours=step_hours, start="2027-01-30T18:00")
    result = solved(case)
    available = case.profile("availability", ["hydro"])[0] * 100
    forgone = (result.value("hydro.report_available") - result.value("hydro.report_generation"))[0] * 1e3
    assert (forgone >= -1e-7).all()
    for month in range(len(case.months)):
        here = case.month_of_step == month
        there = min(budget[here].sum(), available[here].sum())
        taken = result.value("hydro.generation")[0, here].sum() * 1e3
        assert taken + forgone[here].sum() == pytest.approx(there, abs=1e-6)
