"""What a plan of long steps says of short ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import coarsened, small_case

import grid_model as gm
from grid_model import formulation
from grid_model.algebra import compile_program
from grid_model.errors import InfeasibleError
from grid_model.solve import horizon
from grid_model.solve.horizon import plan_of
from grid_model.solve.medium_term import plan_from

FIVE = Path(__file__).parents[2] / "scenarios/five_province_week.yaml"
HOURS = 48


def even():
    """Every hour like the next: a base of coal, sun and a store behind a line without loss that carries half of it renewable, and a
    green load in the city that is matched hour by hour with the wind at the base's end of another such line."""
    line = {"to_zone": "city", "from_zone": "base", "capacity_mw": 100, "reverse_capacity_mw": 100}
    return small_case(
        HOURS, {"load": {"town": 40.0, "works": 10.0}, "availability": {"sun": 0.5, "wind": 0.5}},
        policies={"green_corridor": {}, "green_load": {}},
        generators=[
            {"generator": "coal", "zone": "base", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 100,
             "corridor": "export"},
            {"generator": "sun", "zone": "base", "technology": "solar_utility", "capacity_mw": 50, "variable_cost_cny_per_mwh": 150,
             "certificate": "tradable", "corridor": "export"},
            {"generator": "wind", "zone": "base", "technology": "wind_onshore", "capacity_mw": 20, "certificate": "tradable"},
            {"generator": "dear", "zone": "city", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}],
        storage=[{"storage": "store", "zone": "base", "technology": "lithium_ion", "power_mw": 5, "energy_mwh": 10,
                  "corridor": "export"}],
        loads=[{"load": "town", "zone": "city"}, {"load": "works", "zone": "city", "green_share": 0.5, "green_matching": "hour"}],
        lines=[line | {"line": "export", "min_renewable_share": 0.5},
               line | {"line": "other", "capacity_mw": 10, "reverse_capacity_mw": 10}],
        contracts=[{"contract": "c", "load": "works", "generator": "wind", "share": 1.0, "line": "other"}])


@pytest.mark.parametrize("most", [48, 12])
def test_a_plan_begins_where_one_of_longer_steps_ends(monkeypatch, caplog, most):
    """Four days of five provinces without rules or calls in steps of six hours: from the basis of days the plan takes
    a third less iterations to the same cost. Where longer steps than `most` have no way it begins from nothing."""
    off = [f"policies.{policy.NAME}=false" for policy in formulation.POLICIES]
    case = gm.load_case(FIVE, start="2027-01-04", end="2027-01-08", overrides=off)
    case = case.replace(demand_response=case.tables["demand_response"].iloc[:0])
    model = formulation.build_model(case)
    program = compile_program(model)

    def made(hours):
        if hours > most:
            raise InfeasibleError("no way")
        return coarsened(case, model, hours)

    def found(several):
        monkeypatch.setattr(horizon, "SEVERAL", several)
        caplog.clear()
        with caplog.at_level("INFO", "grid_model"):
            plan = plan_of(case, model, program, made, 6, {name: 10.0 for name in model.ranks})
        return plan, [int(record.args[-1]) for record in caplog.records if "medium term" in record.message]

    (from_nothing, (alone,)), (near, told) = found(10**9), found(0)
    assert program.cost @ near.columns == pytest.approx(program.cost @ from_nothing.columns, rel=1e-9)
    assert len(told) == (2 if most > 24 else 1)
    assert told[-1] < alone * 2 / 3 if most > 24 else told == [alone]


def test_a_plan_of_long_steps_holds_in_short_ones():
    """Where every hour is like the next, the plan of six-hour steps is a dispatch of hours: no row is broken. Energies of a step were
    taken for powers once: a base seemed to carry six times the renewable energy that its line could."""
    case = even()
    model = formulation.build_model(case)
    program = compile_program(model)
    plan = plan_of(case, model, program, lambda hours: coarsened(case, model, hours), 6, {})
    assert program.columns["green_corridor.lines_forward"].of(plan.columns) == pytest.approx(np.full((1, HOURS), 0.04))
    assert program.columns["green_load.allotted_by_hour"].of(plan.columns) == pytest.approx(np.full((1, HOURS), 0.005))
    values = program.matrix @ plan.columns
    broken = np.maximum(program.row_lower - values, values - program.row_upper)
    assert {program.row_name(int(row)) for row in np.flatnonzero(broken > 1e-9)} == set()


def test_a_level_goes_evenly_from_border_to_border():
    """Levels at the ends of six-hour steps; without the way between them every hour would stand at the end of its step."""
    case = even()
    model = formulation.build_model(case)
    coarse_case = formulation.coarse_case(model, case, 6)
    coarse, fine = compile_program(formulation.build_model(coarse_case)), compile_program(model)
    columns, rows = np.zeros(len(coarse.cost)), np.zeros(len(coarse.row_lower))
    family = coarse.columns["storage.energy"]
    levels = np.array([0.0, 6.0, 3.0, 9.0, 9.0, 1.0, 2.0, 8.0, 0.0])
    columns[family.slice] = levels
    statuses = np.zeros(len(columns) + len(rows), np.int8)
    plan = plan_from(coarse, columns, rows, rows, statuses, fine, coarse_case.step_hours, case.step_hours, model.moments, model.amounts)
    expected = np.interp(np.arange(HOURS + 1), np.arange(0, HOURS + 1, 6), levels)
    assert fine.columns["storage.energy"].of(plan.columns)[0] == pytest.approx(expected)
