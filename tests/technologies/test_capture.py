"""Capture of CO2, on grids that can be solved on paper."""

from __future__ import annotations

import pandas as pd
import pyomo.environ as pyo
import pytest
from small import solved
from thermal_grids import coal_and_gas, rows

from grid_model.algebra import compile_program
from grid_model.formulation import build_model
from grid_model.technologies.capture import check_capture

CAPTURE = {"emissions_t_per_mwh": 0.8, "capture_rate": 0.9, "capture_energy_mwh_per_t": 0.25}


class Priced:
    """A case with a price on what is emitted, CNY/t, or a limit, kt/h; solved."""

    def __init__(self, case, price=0.0, limit=None):
        model = build_model(case)
        fleet = model.fleets["thermal"]
        model.limit = pyo.Constraint(model.steps, rule=lambda model, step: sum(
            fleet.emissions(unit, step) for unit in fleet.data.units) <= (1e3 if limit is None else limit))
        items = list(model.cost_items.values())
        model.del_component("cost")
        model.cost = pyo.Objective(rule=lambda model: sum(items) + price * 1e-3 * sum(
            fleet.emissions(unit, step) for unit in fleet.data.units for step in model.steps))
        self.program = compile_program(model)
        highs = self.program.to_highs()
        highs.run()
        assert highs.modelStatusToString(highs.getModelStatus()) == "Optimal"
        self.columns = highs.getSolution().col_value
        self.objective = highs.getInfo().objective_function_value * 1e6

    def value(self, name):
        return self.program.evaluate(name, self.columns)


def test_nothing_is_captured_that_does_not_pay():
    """Without a price on CO2 coal delivers all it generates and emits 0.8 t/MWh: 50 MWh, 5,000 CNY, 40 t."""
    result = solved(coal_and_gas([50], CAPTURE))
    assert result.objective == pytest.approx(5_000)
    assert result.value("thermal.report_emissions")[0] * 1e3 == pytest.approx([40])
    assert result.value("thermal.report_captured")[0] * 1e3 == pytest.approx([0])


def test_capture_takes_co2_and_energy_off():
    """At 300 CNY/t capture pays: of each MWh generated 0.72 t are captured for 0.18 MWh, so 41 MW net need 50 MW.

    50 x 100 CNY of fuel and 0.08 x 50 t x 300 CNY/t: 6,200 CNY, 4 t emitted, 36 t captured, 41 MWh delivered. Without
    capture 41 x (100 + 240) = 13,940 CNY, with capture that uses nothing 41 x 124 = 5,084, with all CO2 taken 5,000.
    """
    result = Priced(coal_and_gas([41], CAPTURE), price=300)
    assert result.objective == pytest.approx(6_200)
    assert result.value("thermal.report_emissions")[0] * 1e3 == pytest.approx([4])
    assert result.value("thermal.report_captured")[0] * 1e3 == pytest.approx([36])
    assert result.value("thermal.report_generation")[0] * 1e3 == pytest.approx([41])


def test_capture_is_decided_step_by_step():
    """A limit of 20 t/h: 50 MW of load emit 40 t, so 20 t must go at least; generation g and capture c with
    g - 0.25 c = 50 and 0.8 g - c = 20 give g = 56.25 MWh, c = 25 t: 5,625 CNY. At full capture it would be 6,098.
    """
    result = Priced(coal_and_gas([50], CAPTURE), limit=0.020)
    assert result.objective == pytest.approx(5_625)
    assert result.value("thermal.report_captured")[0] * 1e3 == pytest.approx([25])


def test_reports_count_the_hours_of_the_step():
    """Two hours at 50 MW are 80 t; in the limit stands the rate per hour, so that 20 t/h leave 40 t."""
    result = Priced(coal_and_gas([50], CAPTURE, step_hours=2), limit=0.020)
    assert result.value("thermal.report_emissions")[0] * 1e3 == pytest.approx([40])
    assert result.value("thermal.report_captured")[0] * 1e3 == pytest.approx([50])


def test_only_plant_that_captures_has_columns():
    """Coal that captures has a row and a column per step, gas none; without CO2, rate or capacity there is none."""
    result = solved(coal_and_gas([50, 50], CAPTURE))
    assert result.program.columns["thermal.captured"].size == 2 and rows(result, "most_captured") == 2
    for nothing in ("capture_rate", "emissions_t_per_mwh", "capacity_mw"):
        result = solved(coal_and_gas([50, 50], {**CAPTURE, nothing: 0}))
        assert result.program.columns["thermal.captured"].size == 0 and rows(result, "most_captured") == 0


def test_plant_must_deliver_something():
    """0.9 x 0.8 t/MWh x 1.5 MWh/t = 1.08: it would use more than it generates."""
    case = coal_and_gas([50], {**CAPTURE, "capture_energy_mwh_per_t": 1.5})
    problems = check_capture({"generators": case.tables["generators"].set_axis([2, 3])})
    assert [(problem.row, problem.value) for problem in problems] == [(2, "1.5")]
    assert check_capture({"generators": pd.DataFrame(coal_and_gas([50], CAPTURE).tables["generators"])}) == []
