"""Solar thermal plant with a heat store: every law on a grid that can be solved on paper."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

from grid_model.formulation import build_model

PLANT = {"generator": "tower", "zone": "A", "technology": "solar_thermal", "capacity_mw": 100, "heat_store_hours": 6,
         "solar_multiple": 2}


def grid(load, availability, step_hours=1.0, **plant):
    """One zone: load, a plant of 100 MW with a field of twice that, coal of 300 CNY/MWh."""
    return small_case(
        len(load), step_hours=step_hours, series={"load": {"load": load}, "availability": {"tower": availability}},
        loads=[{"load": "load", "zone": "A"}],
        generators=[{**PLANT, **plant},
                    {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": 300}])


def megawatts(result, name):
    return result.value(f"solar_thermal.{name}")[0] * 1e3


def test_heat_is_shifted_to_the_evening():
    """Field 2 x 80 = 160 MW at noon, load 40 then and 60 in each of two dark hours: 120 MWh are stored and serve these.

    Without the store 120 MWh would be lost and coal would serve the evening for 36,000 CNY; without the solar multiple
    only 80 - 40 = 40 MWh were left for it.
    """
    result = solved(grid([40, 60, 60], [0.8, 0, 0], initial_heat_fraction=0))
    assert megawatts(result, "generation") == pytest.approx([40, 60, 60])
    assert megawatts(result, "heat") == pytest.approx([0, 120, 60, 0])
    assert result.objective == pytest.approx(0)


def test_store_holds_hours_of_rated_output():
    """One hour of 100 MW: of 160 MW at noon 40 are used, 100 kept, 20 not gathered; the evening lacks 20 of 120 MWh. With six hours of
    store coal would not run."""
    result = solved(grid([40, 60, 60], [0.8, 0, 0], heat_store_hours=1, initial_heat_fraction=0))
    assert megawatts(result, "defocus") == pytest.approx([20, 0, 0])
    assert megawatts(result, "report_available")[0] == pytest.approx(60)
    assert result.objective == pytest.approx(20 * 300)


def test_store_loses_heat():
    """10 % an hour: of 160 MWh 144 are left after one hour, of the 84 not used then 75.6 after another.

    Without the loss the third hour had 100 MWh; coal serves 100 - 75.6 MWh.
    """
    result = solved(grid([0, 60, 100], [0.8, 0, 0], heat_loss_fraction_per_hour=0.1, initial_heat_fraction=0))
    assert megawatts(result, "generation") == pytest.approx([0, 60, 75.6])
    assert result.objective == pytest.approx((100 - 75.6) * 300)


def test_long_steps():
    """Steps of two hours: 160 MW gather 320 MWh; after two hours at 10 % an hour 0.81 of 240 MWh are left, 97.2 MW. Without the loss it
    would be 100 MW."""
    result = solved(grid([40, 100], [0.8, 0], step_hours=2, heat_loss_fraction_per_hour=0.1, initial_heat_fraction=0))
    assert megawatts(result, "generation") == pytest.approx([40, 97.2])
    assert megawatts(result, "heat") == pytest.approx([0, 240, 0])


def test_turbine_is_the_limit():
    """A load of 130 MW takes 100 MW of turbine, 0.9 of it where max_output_fraction says so; the field gives 160 MW. Without either
    limit coal would not run."""
    result = solved(grid([130], [0.8], initial_heat_fraction=0))
    assert megawatts(result, "generation") == pytest.approx([100])
    result = solved(grid([130], [0.8], initial_heat_fraction=0, max_output_fraction=0.9))
    assert result.objective == pytest.approx(40 * 300)


def test_start_is_given():
    """A quarter of 600 MWh at the start serves 150 MWh of a dark load of 200. From an empty store coal would serve all for 60,000 CNY,
    from a full one nothing."""
    result = solved(grid([100, 100], [0, 0], initial_heat_fraction=0.25))
    assert result.objective == pytest.approx(50 * 300)


def test_cyclic_heat():
    """No start given: a dark first hour is served from the heat of the last, never from heat that comes from nowhere.

    Noon comes second: of 160 MWh 40 serve it and 100 the dark hour of the next round. Without the circle coal never
    ran, whatever the sun; at an availability of 0.5 it must serve 40 MWh.
    """
    result = solved(grid([100, 40], [0, 0.8]))
    assert result.objective == pytest.approx(0)
    assert megawatts(result, "heat")[0] == pytest.approx(megawatts(result, "heat")[-1])
    assert solved(grid([100, 40], [0, 0.5])).objective == pytest.approx(40 * 300)


def test_must_run():
    """A least output of 30 MW at night is kept though coal is cheaper than this plant's 500 CNY/MWh. Without the floor coal would serve
    all for 30,000 CNY."""
    result = solved(grid([50, 50], [0.8, 0], initial_heat_fraction=0, min_output_fraction=0.3,
                         variable_cost_cny_per_mwh=500))
    assert megawatts(result, "generation") == pytest.approx([30, 30])
    assert result.objective == pytest.approx(2 * (30 * 500 + 20 * 300))


def test_without_a_store_it_is_an_ordinary_plant():
    """No hours of store: availability is of the plant's power, and no heat is accounted for. With its field and store coal would serve
    40 MWh for 12,000 CNY instead of 36,000."""
    result = solved(grid([100, 100], [0.8, 0], heat_store_hours=0))
    assert "solar_thermal" not in result.model.fleets
    assert result.objective == pytest.approx(120 * 300)


def test_heat_store_of_the_technology():
    """A plant that says nothing of its store has that of its technology."""
    technologies = [{"technology": "tower_type", "kind": "renewable", "heat_store_hours": 10, "solar_multiple": 2.4}]
    case = small_case(1, series={"load": {"load": [50]}}, loads=[{"load": "load", "zone": "A"}],
                      generators=[{"generator": "tower", "zone": "A", "technology": "tower_type", "capacity_mw": 100}],
                      technologies=technologies)
    data = solved(case).model.fleets["solar_thermal"].data
    assert data.heat_upper.values.max() == pytest.approx(1.0)
    assert data.collected.values == pytest.approx(np.array([[0.24]]))


def test_bounds():
    """No more heat is left ungathered than the field could gather, and a given start is neither more nor less."""
    result = solved(grid([50, 50], [0.8, 0], initial_heat_fraction=0.25))
    program = result.program
    defocus, heat = program.columns["solar_thermal.defocus"], program.columns["solar_thermal.heat"]
    assert defocus.of(program.column_upper)[0] * 1e3 == pytest.approx([160, 0])
    assert heat.of(program.column_lower)[0] * 1e3 == pytest.approx([150, 0, 0])
    assert heat.of(program.column_upper)[0] * 1e3 == pytest.approx([150, 600, 600])


def test_offers():
    """At 40 of 100 MW with a floor of 10 and 15 MW of heat not gathered."""
    case = grid([100], [0.8], certificate="tradable", min_output_fraction=0.1)
    fleet = build_model(case, concrete=True).fleets["solar_thermal"]
    fleet.block.generation["tower", 1], fleet.block.defocus["tower", 1] = 0.040, 0.015
    offered = {name: pyo.value(getattr(fleet, name)("tower", 1)) * 1e3
               for name in ("output", "available", "forgone", "headroom_up", "headroom_down", "certificates")}
    assert offered == pytest.approx({"output": 40, "available": 100, "forgone": 15, "certificates": 40,
                                     "headroom_up": 60, "headroom_down": 30})


def test_same_as_concrete():
    assert_same_as_concrete(grid([40, 60, 60], [0.8, 0.1, 0], heat_loss_fraction_per_hour=0.1))
    assert_same_as_concrete(grid([40, 60, 60], [0.8, 0.1, 0], initial_heat_fraction=0.3, min_output_fraction=0.1))
