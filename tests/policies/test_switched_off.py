"""Any rule can be switched off, and then leaves no column and no row behind."""

from __future__ import annotations

import pytest
from results.audited_grid import ruled_grid

from grid_model import formulation
from grid_model.algebra import compile_program

RULING = {"storage_place", "corridor_contract", "planned_generation", "guaranteed_purchase", "green_load", "green_corridor",
          "green_certificates", "carbon_market", "reserves"}  # have columns or rows on the grid with all rules


def families(case) -> set[str]:
    """Names of all families of columns and rows, of cost items and of ranks."""
    model = formulation.build_model(case)
    program = compile_program(model)
    return {*program.columns, *program.rows, *model.cost_items, *model.ranks.values()}


def without(case, *names):
    policies = {**case.scenario.policies, **dict.fromkeys(names, False)}
    return case.replace(scenario=case.scenario.model_copy(update={"policies": policies}))


def of(name: str, found: set[str]) -> set[str]:
    return {family for family in found if family.startswith(f"{name}.")}


@pytest.fixture(scope="module")
def case():
    return ruled_grid()


@pytest.fixture(scope="module")
def every(case):
    return families(case)


@pytest.mark.parametrize("policy", [policy.NAME for policy in formulation.BUILT_IN])
def test_a_rule_that_is_off_leaves_nothing(case, every, policy):
    """What is its own is gone, what is others' stays; the rules that rule something here are known by name."""
    assert bool(of(policy, every)) == (policy in RULING)
    left = families(without(case, policy))
    assert not of(policy, left)
    assert left == every - of(policy, every)


def test_without_rules_only_equipment_is_left(case):
    left = families(without(case, *(policy.NAME for policy in formulation.BUILT_IN)))
    blocks = {family.partition(".")[0] for family in left}
    assert blocks <= {"balance", "consumption", *(technology.NAME for technology in formulation.TECHNOLOGIES)}
