"""Every end of a solver run is mapped: an optimum is returned, anything else is an error that says what is known."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pyomo.environ as pyo
import pytest

from grid_model.algebra import Array, Listening, compile_program
from grid_model.algebra.listening import in_our_words
from grid_model.errors import InfeasibleError, SolveError
from grid_model.solve import highs as module
from grid_model.solve.highs import METHODS, solve_program
from grid_model.solve.vertex import BASIC, LOWER
from grid_model.solve.working import Working


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
    highs = program.to_highs()
    solution = module.optimise(highs, module.choose_method(program) if method == "auto" else method)
    assert solution.objective == pytest.approx(solve_program(program, "simplex").objective, rel=1e-9)
    assert highs.getBasis().valid
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
    """It says what to do: which setting gives more time."""
    with pytest.raises(SolveError, match=r"time limit of 1e-06 s .* iterations\): .*solve\.time_limit_seconds"):
        solve_program(transport(60), "simplex", time_limit_seconds=1e-6)


def test_a_solver_that_does_not_know_is_an_error_that_names_other_methods(monkeypatch):
    """Interior point that gives up says so; taken for an answer its point would be written as a dispatch."""
    monkeypatch.setattr(module, "run", lambda highs, *_: None)
    monkeypatch.setattr(Listening, "getModelStatus", lambda highs: module.Status.kUnknown)
    with pytest.raises(SolveError, match=r"no optimum: Unknown .*: .*solve\.method"):
        solve_program(transport(3), "ipx")


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


def scaled(coefficient: float, least: float):
    """Minimise x with coefficient * x >= least."""
    factor = Array(np.array([coefficient]), np.array([1]), name="factor")
    model = pyo.AbstractModel()
    model.one = pyo.RangeSet(1, 1)
    model.x = pyo.Var(model.one, within=pyo.NonNegativeReals)
    model.least = pyo.Constraint(model.one, rule=lambda m, i: factor[i] * m.x[i] >= least)
    model.cost = pyo.Objective(rule=lambda m: sum(m.x[i] for i in m.one))
    return compile_program(model)


def test_small_coefficients_count():
    """2e-10 x >= 1e-3 is x >= 5e6. HiGHS by itself drops what is below 1e-9, and then finds no x at all."""
    assert solve_program(scaled(2e-10, 1e-3)).objective == pytest.approx(5e6)


def test_what_the_solver_drops_of_a_matrix_is_told(caplog):
    """1e-13 is dropped as the programme is handed over, before anything is solved: that is told, too."""
    solution = solve_program(scaled(1e-13, -1.0))
    assert len(solution.warnings) == 1 and "1e-13" in solution.warnings[0] and "ignored" in solution.warnings[0]
    assert [record.getMessage() for record in caplog.records] == list(solution.warnings)


def test_the_solver_prints_nothing(capfd):
    """Numbers far apart, a coefficient that is dropped, and no solution: HiGHS has a word on each and none reaches the screen."""
    told = []
    for program in (scaled(1e-13, -1.0), scaled(1e9, 1e-9), transport(12), transport(60)):
        solve_program(program, progress=lambda seconds, doing: told.append(doing))
    with pytest.raises(InfeasibleError):
        solve_program(single(0, 1, least=2))
    assert capfd.readouterr() == ("", "")
    assert all(not doing or doing == "presolve" or doing.endswith(" iterations") for doing in told)


@pytest.mark.parametrize("line, words", [
    ("WARNING: Problem has some excessively small costs", "the numbers of this case lie far apart: some costs are very small beside the others"),
    ("WARNING: Problem has some excessively large row bounds", "the numbers of this case lie far apart: some amounts are very large beside the others"),
    ("WARNING:    Consider scaling the    bounds by 1e-6, or setting the user_bound_scale option to -20", ""),
    ("WARNING: No semi-integer/integer variables in model with non-empty integrality", ""),
    ("WARNING: Model status changed from \"Unknown\" to \"Optimal\"", ""),
    ("ERROR:   Something new", "the solver warns: Something new")])
def test_warnings_of_the_solver_in_our_words(line, words):
    assert in_our_words(line) == words


def test_what_the_solver_is_at_in_a_few_words():
    """Of a log of HiGHS's only its stages and counts are shown: ranges of coefficients would say nothing to a reader."""
    highs, doing = Listening(), []
    for line in ("LP has 3 rows; 2 cols; 4 nonzeros", "Coefficient ranges:", "  RHS     [3e-04, 1e+09]", "Presolving model",
                 "222304 rows, 254233 cols, 900000 nonzeros 1s", "  Iteration        Objective     Infeasibilities num(sum)",
                 "          0     0.0000000000e+00 Pr: 3(9.1) 0s", "       1234     1.4136431144e+03 Pr: 12(3.4); Du: 0(1e-07) 1s", "Model status        : Optimal"):
        highs._hear(SimpleNamespace(message=line + "\n"))
        doing.append(highs.doing)
    assert doing == ["", "", "", "presolve", "presolve", "presolve", "first iterations", "1,234 iterations", "1,234 iterations"]


def test_where_simplex_gives_up_an_interior_point_goes_on(monkeypatch, caplog):
    """What simplex ended in is taken for numerical trouble: the same optimum comes from the interior point."""
    expected = solve_program(transport(6), "simplex").objective
    monkeypatch.setattr(module, "FALTERED", (module.Status.kOptimal,))
    highs = transport(6).to_highs()
    solution = module.optimise(highs, "simplex")
    assert "interior point instead" in caplog.text
    assert highs.getInfo().ipm_iteration_count > 0 and highs.getOptionValue("solver")[1] == "simplex"
    assert solution.objective == pytest.approx(expected)


def test_a_basis_that_leads_nowhere_is_let_go_of(caplog):
    """A store that loses half of what it holds in each of 300 steps. In a basis of all levels but the last, each is twice the one after
    it, 1e90 in the beginning, which the simplex gives up at; from nothing it finds that the last step alone charges."""
    steps = 300
    model = pyo.AbstractModel()
    model.steps, model.borders = pyo.RangeSet(1, steps), pyo.RangeSet(0, steps)
    least = Array(np.append(np.zeros(steps), 1.0), np.arange(steps + 1), name="least")
    model.level = pyo.Var(model.borders, bounds=lambda m, t: (least[t], 10))
    model.charge = pyo.Var(model.steps, bounds=(0, 1))
    model.balance = pyo.Constraint(model.steps, rule=lambda m, t: m.level[t] == 0.5 * m.level[t - 1] + m.charge[t])
    model.cost = pyo.Objective(rule=lambda m: sum(m.charge[t] for t in m.steps))
    program = compile_program(model)
    statuses = np.full(2 * steps + 1 + steps, LOWER)
    statuses[program.columns["level"].slice][:-1] = BASIC
    solution = Working(program, np.zeros(steps, bool), statuses).optimise("simplex")
    assert solution.objective == pytest.approx(1.0)
    assert "interior point instead" not in caplog.text
