"""Thermal plant as a whole: range, cost, emissions, what it offers, and the same model as ordinary Pyomo."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from small import small_case, solved
from thermal_grids import coal, coal_and_gas

from grid_model.algebra import compile_program
from grid_model.formulation import CHECKS, build_model

WINTER = [{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}]


def offered(case, offer: str):
    """An offer of thermal plant at the optimum, (units, steps), in units of the programme."""
    model = build_model(case)
    fleet = model.fleets["thermal"]
    model.offered = pyo.Expression(
        fleet.data.units, model.steps, rule=lambda _, unit, step: getattr(fleet, offer)(unit, step))
    program = compile_program(model)
    highs = program.to_highs()
    highs.run()
    assert highs.modelStatusToString(highs.getModelStatus()) == "Optimal"
    return program.evaluate("offered", highs.getSolution().col_value)


def test_cheap_plant_first_up_to_what_is_available():
    """Coal 100 MW at 60 % and then by `max_output_fraction`; gas serves the rest: 80 and 90 MW cost 6,000 + 10,000 CNY,
    7,000 + 10,000. With full availability coal would serve all for 17,000."""
    result = solved(coal_and_gas([80], series={"availability": {"coal": 0.6}}))
    assert (coal(result), result.objective) == (pytest.approx([60]), pytest.approx(16_000))
    result = solved(coal_and_gas([90], {"max_output_fraction": 0.7}))
    assert (coal(result), result.objective) == (pytest.approx([70]), pytest.approx(17_000))
    assert result.price("A") == pytest.approx([500])


def test_energy_costs_by_the_hour():
    """50 MW for two hours are 100 MWh at 100 CNY. Counted by steps it would be 5,000."""
    assert solved(coal_and_gas([50], step_hours=2)).objective == pytest.approx(10_000)


def test_floor_without_commitment_is_hard():
    """Dear gas runs at 30 MW, by its fraction or by profile: 30 x 500 + 20 x 100 = 17,000 CNY; else 5,000."""
    assert solved(coal_and_gas([50], gas={"min_output_fraction": 0.3})).objective == pytest.approx(17_000)
    assert solved(coal_and_gas([50], series={"min_output": {"gas": 0.3}})).objective == pytest.approx(17_000)


def test_floor_gives_way_to_what_is_available():
    """A floor of 60 MW with 40 available is one of 40; else there would be no solution."""
    case = coal_and_gas([50], gas={"min_output_fraction": 0.6}, series={"availability": {"gas": 0.4}})
    assert solved(case).objective == pytest.approx(40 * 500 + 10 * 100)


def test_emissions_are_tonnes_of_the_step():
    """50 MW at 0.8 t/MWh for two hours: 80 t; per hour 40 t are offered to policies. Counted by steps it would be 40 t in all."""
    case = coal_and_gas([50], {"emissions_t_per_mwh": 0.8}, step_hours=2)
    assert solved(case).value("thermal.report_emissions")[:, 0] * 1e3 == pytest.approx([80, 0])
    assert offered(case, "emissions")[:, 0] * 1e3 == pytest.approx([40, 0])


def test_headroom_of_plant_without_commitment():
    """At 60 MW with 90 available and a floor of 20: 30 up, 40 down. In the heating season the floor is 50: 10 down. Were heat not known
    40 could be withdrawn then too, without any floor all 60."""
    case = coal_and_gas([60], {"min_output_fraction": 0.2, "max_output_fraction": 0.9})
    assert offered(case, "headroom_up")[:, 0] * 1e3 == pytest.approx([30, 100])
    assert offered(case, "headroom_down")[:, 0] * 1e3 == pytest.approx([40, 0])
    case = coal_and_gas([60], {"min_output_fraction": 0.2, "heating_floor_fraction": 0.5}, zones=WINTER)
    assert offered(case, "headroom_down")[:, 0] * 1e3 == pytest.approx([10, 0])
    assert offered(case, "output")[:, 0] * 1e3 == pytest.approx([60, 0])
    assert offered(case, "available")[:, 0] * 1e3 == pytest.approx([100, 100])


def test_headroom_of_what_is_online():
    """70 MW online (a start is out of reach) at 90 % and 60 MW, floor 50 %: 63 - 60 up, 60 - 35 down, whatever is off.

    Gas, which is not committed, is online with all of its capacity; were coal, it would be 90 - 60 up and 60 - 50 down.
    """
    fleet = {"min_output_fraction": 0.5, "max_output_fraction": 0.9, "start_cost_cny_per_mw": 1e6,
             "initial_online_mw": 70}
    case = coal_and_gas([60, 63], fleet, gas={"capacity_mw": 20})
    assert offered(case, "headroom_up")[:, 0] * 1e3 == pytest.approx([3, 20])
    assert offered(case, "headroom_down")[:, 0] * 1e3 == pytest.approx([25, 0])
    assert solved(case).value("thermal.report_online")[:, 0] * 1e3 == pytest.approx([70, 20])


@pytest.mark.parametrize(("floor", "heat", "running", "least"), [
    (0.5, 0.6, 100, 60), (0.5, 0.6, 90, 60), (0.5, 0, 90, 45), (0.5, 0.4, 100, 50), (0.5, 0.4, 85, 47.5)])
def test_headroom_down_keeps_heat(floor, heat, running, least):
    """At 80 MW the least output is the higher of the floor of what is online and of heat.

    A line over what is online stands for it: exact in the first four cases; in the last it runs from 40 MW of heat with
    40 online to 50 MW with 100 online, so that it is 47.5 at 85 online, 5 MW above the floor of 42.5. Without heat it would be 50 at
    100 online.
    """
    fleet = {"min_output_fraction": floor, "heating_floor_fraction": heat, "initial_online_mw": running,
             "start_cost_cny_per_mw": 50}
    model = build_model(coal_and_gas([80], fleet, zones=WINTER))
    model.stay = pyo.Constraint(model.steps, rule=lambda model, step: (
        model.thermal.online["coal", step] == model.thermal.online["coal", 0]))
    fleet = model.fleets["thermal"]
    model.down = pyo.Expression(model.steps, rule=lambda _, step: fleet.headroom_down("coal", step))
    program = compile_program(model)
    highs = program.to_highs()
    highs.run()
    assert program.evaluate("down", highs.getSolution().col_value) * 1e3 == pytest.approx([80 - least])


def test_headroom_of_plant_that_captures():
    """Nothing captured: 100 - 50 up. Down to the floor of 40 MW, of which full capture leaves 0.82 x 40 to deliver. Without the capture
    that it could turn on it would be 10 down instead of 17.2."""
    capture = {"emissions_t_per_mwh": 0.8, "capture_rate": 0.9, "capture_energy_mwh_per_t": 0.25}
    case = coal_and_gas([50], {**capture, "min_output_fraction": 0.4})
    assert offered(case, "headroom_up")[0] * 1e3 == pytest.approx([50])
    assert offered(case, "headroom_down")[0] * 1e3 == pytest.approx([50 - 32.8])


def everything():
    """All laws at once, four steps, two zones of which one has a heating season."""
    slow = {"ramp_up_fraction_per_hour": 0.3, "ramp_down_fraction_per_hour": 0.25}
    start = {"start_cost_cny_per_mw": 40, "min_up_hours": 2, "min_down_hours": 3, "min_output_fraction": 0.5}
    return small_case(
        4, series={"load": {"a": [120, 60, 150, 90], "b": [50, 20, 80, 60]},
                   "availability": {"a coal": [1, 0.8, 0.9, 1]}},
        zones=[{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}, {"zone": "B"}],
        loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}],
        generators=[
            {"generator": "a coal", "zone": "A", "technology": "coal", "capacity_mw": 100, **slow, **start,
             "variable_cost_cny_per_mwh": 100, "initial_online_mw": 80, "initial_output_mw": 60},
            {"generator": "a chp", "zone": "A", "technology": "coal_chp", "capacity_mw": 40, **start,
             "variable_cost_cny_per_mwh": 150, "heating_floor_fraction": 0.3},
            {"generator": "a gas", "zone": "A", "technology": "gas", "capacity_mw": 80, **slow,
             "variable_cost_cny_per_mwh": 500, "initial_output_mw": 5},
            {"generator": "b ccs", "zone": "B", "technology": "coal_ccs", "capacity_mw": 60, **start, **slow,
             "variable_cost_cny_per_mwh": 200, "emissions_t_per_mwh": 0.8, "capture_rate": 0.9,
             "capture_energy_mwh_per_t": 0.25},
            {"generator": "b gas", "zone": "B", "technology": "gas", "capacity_mw": 60,
             "variable_cost_cny_per_mwh": 450}])


def test_the_same_model_as_ordinary_pyomo():
    """Expanded by Pyomo and solved through its own interface the model has the same optimum."""
    case = everything()
    model = build_model(case, concrete=True)
    pyo.SolverFactory("appsi_highs").solve(model)
    assert pyo.value(model.cost) * 1e6 == pytest.approx(solved(case).objective, rel=1e-9)


def test_a_case_without_thermal_plant_has_no_block():
    """No row, no column."""
    case = small_case(1, series={"load": {"load": 10}}, loads=[{"load": "load", "zone": "A"}], generators=[
        {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 10}])
    assert not [name for name in solved(case).program.columns if name.startswith("thermal")]


@pytest.mark.parametrize("technology, column, value", [
    ("biomass", "emissions_t_per_mwh", 0.3), ("hydro_reservoir", "ramp_up_fraction_per_hour", 0.1),
    ("wind_onshore", "min_up_hours", 4), ("biomass", "capture_rate", 0.9), ("wind_onshore", "initial_output_mw", 5),
    ("coal", "certificate", "tradable"), ("coal", "purchase_class", "guaranteed"), ("coal", "heat_store_hours", 8),
    ("hydro_reservoir", "local_congestion_fraction", 0.1), ("gas", "villages", 3)])
def test_what_would_have_no_effect_is_wrong_input(technology, column, value):
    """A biomass plant that emits, a river with ramps, coal with certificates: read and passed over in silence, the answer would be
    that of another plant."""
    plant = {"generator": "g", "zone": "A", "technology": technology, "capacity_mw": 100}
    case = small_case(1, generators=[plant | {column: value}], loads=[{"load": "load", "zone": "A"}], series={"load": {"load": 1}})
    problems = [problem for check in CHECKS for problem in check(case.tables)]
    assert [problem.column for problem in problems] == [column]
    harmless = case.replace(generators=small_case(1, generators=[plant], loads=[{"load": "load", "zone": "A"}]).tables["generators"])
    assert not [problem for check in CHECKS for problem in check(harmless.tables)]
