"""Stored results are explained from their duals and dispatch as the solved case itself is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grid_model import pipeline
from grid_model.algebra import compile_program
from grid_model.errors import InputError
from grid_model.formulation import build_model
from grid_model.results.certificate import duals_dataset
from grid_model.results.dataset import build_dataset
from grid_model.results.explain.explain import explain
from grid_model.results.explain.optimum import of_solved
from grid_model.results.explain.recall import of_stored
from grid_model.results.results import Results
from grid_model.solve.solved import solve_model

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize("name", ["two_zone", "three_bus_loop", "five_province_week"])
def test_stored_results_are_explained_like_the_solved_case(name):
    """Columns are those of the solver wherever the dispatch tells them: all generation, flows, charge and levels; and
    every explanation reads the same."""
    overrides = ("horizon.hours=14",) if name == "five_province_week" else ()
    case = pipeline.load_case(SCENARIOS / f"{name}.yaml", overrides=overrides)
    model = build_model(case)
    solved = solve_model(case, model, compile_program(model))
    dispatch = build_dataset(solved)
    again = build_model(case)
    kept = Results(dispatch, {}, duals=duals_dataset(solved))
    stored = of_stored(case, again, compile_program(again), kept)
    told = ~np.isnan(stored.columns)
    assert stored.columns[told] == pytest.approx(solved.solution.columns[told], abs=1e-6)
    for family in (
        "thermal.generation",
        "renewable.generation",
        "hydro.generation",
        "transmission.forward",
        "storage.charge",
    ):
        if family in solved.program.columns:
            assert told[solved.program.columns[family].slice].all(), family
    assert str(explain(stored, dispatch)) == str(explain(of_solved(solved), dispatch))


def test_results_without_duals_or_with_other_inputs_are_refused():
    results = pipeline.solve(pipeline.load_case(SCENARIOS / "three_bus_loop.yaml"))
    results.duals = results.duals.drop_vars("transmission.kirchhoff_voltage")
    with pytest.raises(InputError, match="transmission.kirchhoff_voltage.*inputs as they were"):
        results.explain()
    results.duals = None
    with pytest.raises(InputError, match="run the scenario again"):
        results.explain()
