"""Every end of a solver run is mapped: an optimum is returned, anything else is an error that says what is known."""

from __future__ import annotations

import threading

import numpy as np
import pyomo.environ as pyo
import pytest

from grid_model.algebra import Array, compile_program
from grid_model.errors import InfeasibleError, SolveError
from grid_model.solve import highs as module
from grid_model.solve.highs import METHODS, solve_program


def transport(size: int, seed: int = 1):
    """Least cost of carrying supplies to demands, size x size; always feasible."""
    random = np.random.default_rng(seed)
    model = pyo.AbstractModel()
    model.here, model.there = pyo.RangeSet(1, size), pyo.RangeSet(1, size)
    labels = np.arange(1, size + 1)
    cost = Array(random.uniform(1, 9, (size, size)), labels, labels, name="cost")
    model.carried = pyo.Var(model.here, model.there, within=pyo.NonNegativeReals)
    model.supply = pyo.Constraint(model.here, rule=lambda m, i: sum(m.carried[i, j] for j in m.there) <= 2)
    model.demand = pyo.Constraint(model.there, rule=lambda m, j: sum(m.carried[i, j] for i in m.here) >= 1)
    model.cost = pyo.Objective(rule=lambda m: sum(cost[i, j] * m.carried[i, j] for i in m.here for j in m.there))
    return compile_program(model)


def single(lower: float | None, upper: float | None, least: float | None = None):
    """Minimise x within bounds, and x >= least."""
    model = pyo.AbstractModel()
    model.x = pyo.Var(bounds=(lower, upper))
    if least is not None:
        model.least = pyo.Constraint(rule=lambda m: m.x >= least)
    model.cost = pyo.Objective(rule=lambda m: m.x)
    return compile_program(model)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_ends_in_the_same_optimum_and_a_basis(method):
    program = transport(12)
    solution = solve_program(program, method)
    assert solution.objective == pytest.approx(solve_program(program, "simplex").objective, rel=1e-9)
    assert solution.basis.valid
    assert program.cost @ solution.columns == pytest.approx(solution.objective)


def test_a_row_dual_is_the_cost_of_one_more_unit_on_the_right():
    """min x, x >= 3: the row's dual is 1; without the row x would be 0."""
    solution = solve_program(single(0, None, least=3), "simplex")
    assert (solution.objective, solution.row_duals.tolist()) == (3, [1])


def test_infeasible_is_an_error():
    with pytest.raises(InfeasibleError, match="no dispatch"):
        solve_program(single(0, 1, least=2))


def test_unbounded_is_an_error():
    with pytest.raises(SolveError, match="fall without end"):
        solve_program(single(None, 5))


def test_time_limit_is_an_error_with_iterations():
    with pytest.raises(SolveError, match=r"time limit of 1e-06 s .* iterations"):
        solve_program(transport(60), "simplex", time_limit_seconds=1e-6)


def test_a_point_that_breaks_a_bound_is_not_taken_for_optimal(monkeypatch):
    monkeypatch.setattr(module, "FEASIBILITY", -1.0)  # no point is good enough
    with pytest.raises(SolveError, match="breaks a bound"):
        solve_program(single(0, None, least=3))


def test_unknown_option_is_an_error():
    with pytest.raises(SolveError, match="does not take solver"):
        solve_program(single(0, 1), "quantum")


def test_interrupt_stops_the_solver(monkeypatch):
    """Ctrl-C while HiGHS runs: it is told to stop, and nothing is returned."""
    program = transport(150)

    def interrupt(seconds, line):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        solve_program(program, "simplex", progress=interrupt)
    assert threading.active_count() <= before + 1


def test_threads_are_passed_on():
    assert solve_program(transport(12), "ipx", threads=1).objective == pytest.approx(solve_program(transport(12)).objective)


def test_where_simplex_gives_up_an_interior_point_goes_on(monkeypatch, caplog):
    """What simplex ended in is taken for numerical trouble: the same optimum comes from the interior point."""
    expected = solve_program(transport(6), "simplex").objective
    monkeypatch.setattr(module, "FALTERED", (module.Status.kOptimal,))
    highs = transport(6).to_highs()
    solution = module.optimise(highs, "simplex")
    assert "interior point instead" in caplog.text
    assert highs.getInfo().ipm_iteration_count > 0 and highs.getOptionValue("solver")[1] == "simplex"
    assert solution.objective == pytest.approx(expected)
