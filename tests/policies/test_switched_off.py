"""Any rule can be switched off, and then leaves no column, no row and no bound behind."""

from __future__ import annotations

import pytest
from results.audited_grid import ruled_grid

from grid_model import formulation
from grid_model.algebra import compile_program
from grid_model.policies.self_use_schedule import schedule_self_use

RULING = {"storage_place", "corridor_contract", "planned_generation", "guaranteed_purchase", "green_load", "green_corridor",
          "green_certificates", "carbon_market", "reserves", "self_use", "energy_limits"}  # have columns, rows or bounds here


def families(case) -> dict[str, int]:
    """All families of columns, of rows and of rules that are bounds, with their sizes; all cost items and ranks."""
    model = formulation.build_model(case)
    program = compile_program(model)
    sizes = {name: family.size for name, family in (program.columns | program.rows).items()}
    sizes |= {name: len(bounds.column) for name, bounds in program.bounding.items()}
    assert program.matrix.shape == tuple(sum(family.size for family in all_of.values()) for all_of in (program.rows, program.columns))
    return sizes | dict.fromkeys([*model.cost_items, *model.ranks.values()], 1)


def without(case, *names):
    policies = {**case.scenario.policies, **dict.fromkeys(names, False)}
    return case.replace(scenario=case.scenario.model_copy(update={"policies": policies}))


def of(name: str, found) -> set[str]:
    return {family for family in found if family.startswith(f"{name}.")}


@pytest.fixture(scope="module")
def case():
    """The grid with all rules of the market, a battery for its own use and a limit of energy."""
    grid = ruled_grid()
    stores = grid.tables["storage"].assign(call=["self_use", *grid.tables["storage"]["call"][1:]])
    limits = [table.reindex(range(1)).fillna(value) for table, value in (
        (grid.tables["energy_limits"], {"limit": "fuel", "amount_mwh": 9000.0, "sense": "at_most"}),
        (grid.tables["energy_limit_terms"], {"term": "one", "limit": "fuel", "generator": "gas", "factor": 1.0}))]
    return schedule_self_use(grid.replace(storage=stores, energy_limits=limits[0], energy_limit_terms=limits[1]))


@pytest.fixture(scope="module")
def every(case):
    return families(case)


@pytest.mark.parametrize("policy", [policy.NAME for policy in formulation.BUILT_IN])
def test_a_rule_that_is_off_leaves_nothing(case, every, policy):
    """What is its own is gone, what is others' stays, row by row; the rules that rule something here are known by name."""
    assert bool(of(policy, every)) == (policy in RULING)
    assert families(without(case, policy)) == {name: size for name, size in every.items() if name not in of(policy, every)}


def test_without_rules_only_equipment_is_left(case):
    left = families(without(case, *(policy.NAME for policy in formulation.BUILT_IN)))
    blocks = {family.partition(".")[0] for family in left}
    assert blocks <= {"balance", "consumption", *(technology.NAME for technology in formulation.TECHNOLOGIES)}
