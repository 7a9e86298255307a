"""Renewable plant: bounds, must-take floor and what it offers."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

from grid_model.formulation import build_model
from grid_model.technologies.generators import check_output
from grid_model.technologies.renewable import check_renewable


def grid(load, series=None, **wind):
    """One zone: load, wind of 100 MW at no cost, coal of 300 CNY/MWh."""
    return small_case(
        len(load), series={"load": {"load": load}, **(series or {})},
        loads=[{"load": "load", "zone": "A"}],
        generators=[{"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 100, **wind},
                    {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": 300}])


def megawatts(result, name):
    return result.value(f"renewable.{name}")[0] * 1e3


def test_output_is_within_what_is_available():
    """30 of 100 MW at first; then 60 MW for a load of 50, 10 of them curtailed. Without the profile coal never ran."""
    result = solved(grid([50, 50], {"availability": {"wind": [0.3, 0.6]}}))
    assert megawatts(result, "generation") == pytest.approx([30, 50])
    assert megawatts(result, "report_available") == pytest.approx([30, 60])
    assert result.objective == pytest.approx(20 * 300)


def test_without_a_profile_the_greatest_output_holds():
    """Biomass of 100 MW at 80 %: coal serves 20 MW of 100. By its capacity coal would not run."""
    assert solved(grid([100], technology="biomass", max_output_fraction=0.8)).objective == pytest.approx(20 * 300)


def test_the_grid_inside_a_zone_takes_its_part():
    """A tenth of 60 MW stays behind a bottleneck of the zone's own: coal gives the 6 MW, and they count as not taken. Without
    the fraction wind would give all 60. A must-take floor is cut to what gets through."""
    case = grid([80], {"availability": {"wind": [0.6]}}, local_congestion_fraction=0.1)
    result = solved(case)
    assert megawatts(result, "generation") == pytest.approx([54])
    assert megawatts(result, "report_available") == pytest.approx([60])
    assert result.objective == pytest.approx(26 * 300)
    assert_same_as_concrete(case)
    assert megawatts(solved(grid([80], min_output_fraction=1.0, local_congestion_fraction=0.5)), "generation") == pytest.approx([50])


def test_must_take_floor():
    """At 400 CNY/MWh it would not run beside coal; 40 MW must be taken, or 25 where that is all. Without the floor coal would serve all
    100 MWh for 30,000 CNY."""
    dear = {"variable_cost_cny_per_mwh": 400}
    result = solved(grid([50, 50], {"availability": {"wind": [1, 0.25]}}, min_output_fraction=0.4, **dear))
    assert megawatts(result, "generation") == pytest.approx([40, 25])
    assert result.objective == pytest.approx(65 * 400 + 35 * 300)
    result = solved(grid([50, 50], {"min_output": {"wind": [0.1, 0.4]}}, **dear))
    assert megawatts(result, "generation") == pytest.approx([10, 40])


def test_negative_cost_is_a_reason_to_run():
    """Paid 50 CNY/MWh to run it serves the load at minus 50 CNY/MWh, which is then the price. Taken for nothing it would earn nothing,
    and the price be 0."""
    result = solved(grid([50], variable_cost_cny_per_mwh=-50))
    assert result.objective == pytest.approx(-2500)
    assert result.price("A") == pytest.approx([-50])


@pytest.mark.parametrize("certificate, issued", [("held", 40), ("tradable", 40), ("none", 0)])
def test_offers(certificate, issued):
    """At 40 of 60 MW with a floor of 10: 20 forgone, 20 up, 30 down, a certificate for each MWh unless it gets none."""
    case = grid([100], {"availability": {"wind": [0.6]}}, certificate=certificate, min_output_fraction=0.1)
    fleet = build_model(case, concrete=True).fleets["renewable"]
    fleet.block.generation["wind", 1] = 0.040
    offered = {name: pyo.value(getattr(fleet, name)("wind", 1)) * 1e3
               for name in ("output", "available", "forgone", "headroom_up", "headroom_down", "certificates")}
    assert offered == pytest.approx({"output": 40, "available": 60, "forgone": 20, "certificates": issued,
                                     "headroom_up": 20, "headroom_down": 30})


@pytest.mark.parametrize("villages, wrong", [(5, 0), (4, 1), (None, 0)])
def test_a_village_has_at_most_20_mw(villages, wrong):
    """100 MW of distributed wind in five villages are 20 MW each, in four 25; where villages are not counted nothing is asked."""
    case = grid([50], technology="wind_distributed", **({} if villages is None else {"villages": villages}))
    assert len(check_renewable(case.tables)) == wrong


@pytest.mark.parametrize("technology", ["biomass", "coal", "hydro_reservoir"])
@pytest.mark.parametrize("least, wrong", [(0.5, 0), (0.6, 1)])
def test_least_output_above_the_greatest_is_wrong(technology, least, wrong):
    """Of plant that can give half of its capacity no more can be asked; in silence the greatest would be taken for the least."""
    case = grid([50], technology=technology, min_output_fraction=least, max_output_fraction=0.5)
    assert [problem.column for problem in check_output(case.tables)] == ["min_output_fraction"] * wrong


def test_biomass_emits_nothing():
    """Zero by rule: no emissions are offered for any renewable plant."""
    assert not solved(grid([50], technology="biomass")).model.fleets["renewable"].offers("emissions")


def test_same_as_concrete():
    assert_same_as_concrete(grid([50, 50, 20], {"availability": {"wind": [0.3, 0.6, 0]}}, min_output_fraction=0.1))
