"""The bound of the cost from stored duals alone: it is true for any duals, tight for the solver's, and exact where asked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from audited_grid import audited_grid
from scipy.sparse import csr_array
from typer.testing import CliRunner

import grid_model as gm
from grid_model import cli, pipeline
from grid_model.algebra import INFINITY
from grid_model.errors import InputError
from grid_model.results import exact
from grid_model.results.audit import audit
from grid_model.results.certificate import VECTOR, certify_stored
from grid_model.solve.certificate import certify

TWO_ZONE = Path(__file__).parents[2] / "scenarios" / "two_zone.yaml"


@pytest.fixture(scope="module")
def case():
    return audited_grid()


@pytest.fixture(scope="module")
def solved(case):
    return gm.solve(case)


@pytest.fixture(scope="module")
def built(case):
    model = gm.build_model(case)
    return model, gm.compile_program(model)


def broken(built, results, strict=False, **changed) -> list[str]:
    given = {"duals": results.duals, "summary": results.summary, "order": results.tables["purchase_order"]} | changed
    found = certify_stored(*built, given["duals"], given["summary"], given["order"], strict)
    return found.loc[~found["passed"], "law"].tolist()


def test_the_bound_of_every_rank_and_of_the_cost_is_computed_again(built, solved):
    found = certify_stored(*built, solved.duals, solved.summary, solved.tables["purchase_order"])
    assert found["passed"].all()
    assert set(found["where"]) >= {"cost", "load", "hydro_priority", "guaranteed"}
    assert {"lower bound from stored duals", "cost is no more than the bound allows"} <= set(found["law"])


def test_any_duals_give_a_true_bound(built, solved):
    """Whatever is put in, the bound stays below the cost: a wrong dual can hide nothing, only prove less."""
    _, program = built
    random, size = np.random.default_rng(3), program.matrix.shape[0]
    cost = solved.summary["objective_cny"] / 1e6
    assert certify(program, np.zeros(size)).bound <= cost
    for scale in (1e-3, 1.0, 1e3):
        assert certify(program, scale * random.normal(size=size)).bound <= cost


def test_every_family_of_duals_is_bound(case, built, solved):
    """The largest dual of each family, of each rank and of the cost, changed by a tenth: the certificate or the price says so.

    Without the certificate a stored dual could be any number.
    """
    unseen, tried = [], 0
    for vector, name in enumerate(solved.duals[VECTOR].values):
        for family, variable in solved.duals.data_vars.items():
            values = variable.values.copy()
            if not np.abs(values[vector]).max(initial=0.0) > 1e-6:
                continue
            place = np.unravel_index(np.argmax(np.abs(values[vector])), values[vector].shape)
            values[(vector, *place)] *= 1.1
            changed = solved.duals.copy()
            changed[family] = (variable.dims, values)
            tried += 1
            if not broken(built, solved, duals=changed):
                unseen.append((str(name), family))
    assert not unseen
    assert tried > 20


def test_price_is_bound_to_the_duals(case, solved):
    """One price changed by 0.01 CNY/MWh breaks `price is the dual of the balance`, and so does a dual of the balance."""
    dispatch = solved.dispatch.copy(deep=True)
    dispatch["price"][1, 3] += 0.01
    found = audit(case, dispatch, duals=solved.duals).set_index("law")
    assert not found.loc["price is the dual of the balance", "passed"]
    assert found.loc["price is the dual of the balance", "where"] == str(dispatch["zone"].values[1])
    assert audit(case, solved.dispatch, duals=solved.duals).set_index("law").loc["price is the dual of the balance", "passed"]


def test_missing_and_foreign_rows_are_seen(built, solved):
    names = list(solved.duals.data_vars)
    assert broken(built, solved, duals=solved.duals.drop_vars(names[0])) == ["programme as solved"]
    dimension = solved.duals["balance"].dims[1]
    other = solved.duals.assign_coords({dimension: ["elsewhere", *solved.duals[dimension].values[1:]]})
    assert broken(built, solved, duals=other) == ["programme as solved"]


@pytest.mark.parametrize("name, law", [
    ("rows", "programme as solved"), ("columns", "programme as solved"), ("nonzeros", "programme as solved"),
    ("objective_cny", "cost is no more than the bound allows"), ("lower_bound_cny", "lower bound from stored duals")])
def test_summary_is_bound(built, solved, name, law):
    assert law in broken(built, solved, summary=solved.summary | {name: solved.summary[name] + 10})


# ------------------------------------------------------------------------------------------------------- exact arithmetic


def test_exact_bounds_of_a_grid_in_which_everything_works(built, solved):
    found = certify_stored(*built, solved.duals, solved.summary, solved.tables["purchase_order"], strict=True)
    assert found["passed"].all()
    assert {"exact lower bound", "exact bound of a rank"} <= set(found["law"])


def test_exact_bound_by_hand():
    """min x, x >= a third: the bound is the float nearest to a third, as a fraction; y = 1/2 proves half of it."""
    bounds = np.array([0.0, 1 / 3]), np.array([INFINITY, INFINITY])
    matrix, cost = csr_array(np.ones((1, 1))), np.ones(1)
    assert exact.bound(matrix, cost, Fraction(0), np.array([1.0]), bounds) == Fraction(1 / 3)
    assert exact.bound(matrix, cost, Fraction(2), np.array([0.5]), bounds) == 2 + Fraction(1 / 3) / 2


def test_noise_at_open_columns_is_mended_exactly():
    """min 0.1 a + 0.3 b, a + b = 1, 3 b = 1 with free a and b: duals 0.1 and 0.2/3 leave 1e-17 at b, and the plain bound would
    be minus infinity; mended, it is the exact optimum of the floats."""
    matrix = csr_array(np.array([[1.0, 1.0], [0.0, 3.0]]))
    bounds = np.array([-INFINITY, -INFINITY, 1.0, 1.0]), np.array([INFINITY, INFINITY, 1.0, 1.0])
    found = exact.bound(matrix, np.array([0.1, 0.3]), Fraction(0), np.array([0.1, 0.2 / 3 + 1e-12]), bounds)
    assert found == Fraction(0.1) + (Fraction(0.3) - Fraction(0.1)) / 3


def test_what_cannot_be_mended_proves_nothing():
    bounds = np.array([-INFINITY, 0.0]), np.array([INFINITY, INFINITY])
    assert exact.bound(csr_array(np.ones((1, 1))), np.ones(1), Fraction(0), np.zeros(1), bounds) == -float("inf")


def test_large_programmes_are_refused(monkeypatch):
    monkeypatch.setattr(exact, "MOST_NONZEROS", 0)
    bounds = np.zeros(2), np.ones(2)
    with pytest.raises(InputError, match="fewer hours"):
        exact.bound(csr_array(np.ones((1, 1))), np.ones(1), Fraction(0), np.zeros(1), bounds)


# -------------------------------------------------------------------------------------------------------------- the command


def test_command_repeats_the_bound_and_refuses_without_duals(tmp_path):
    results = pipeline.run(TWO_ZONE, tmp_path / "results")
    done = CliRunner().invoke(cli.app, ["audit", str(results.folder), "--strict-numerics"])
    assert done.exit_code == 0, done.output
    assert "exact lower bound" in done.output and "price is the dual of the balance" in done.output
    stored = gm.open_results(results.folder)
    stored.duals["balance"][-1, 0, 0] *= 2
    stored.save(tmp_path / "changed")
    assert CliRunner().invoke(cli.app, ["audit", str(tmp_path / "changed")]).exit_code == 5
    (results.folder / "duals.nc").unlink()
    without = CliRunner().invoke(cli.app, ["audit", str(results.folder)])
    assert without.exit_code == 5 and "files as written" in without.output, without.output
    refused = CliRunner().invoke(cli.app, ["audit", str(results.folder), "--strict-numerics"])
    assert refused.exit_code == 2 and "duals.nc" in refused.output
