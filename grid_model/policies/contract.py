"""What every policy is: a rule that reads technologies through their offers, and adds rows and costs of its own.

A policy is a module with

    NAME                          its key under `policies` in a scenario, and the name of its block
    DEFAULT                       True where it holds unless the scenario says `false`
    Settings                      a pydantic model of its settings (extra keys forbidden), with defaults
    TABLES, CHECKS                the columns it needs (see case/tables.py), and checks across tables
    read(case, fleets, settings)  its numbers, a `PolicyData`; None where there is nothing to rule: no block, no row
    add_variables(block, data), add_constraints(block, data)
    COSTS, SELDOM, BOUNDS, AMOUNTS, EXCLUSIVE   as for technologies (technologies/contract.py)
    WEIGHTED                      True where it holds for steps that count more than once in the cost (step_weights) as for others:
                                  without it a case with such steps is refused
    ranks(block, data)            {name: rule} minimised before the cost, in order (guaranteed purchase only)
    series(block, data, solved)   {variable of the results: DataArray}, hourly or by item, with units and long_name
    carried(block, data)          {series of the case: DataArray}: what a coarser case of the same hours takes over
    tables(block, data, solved)   {name: DataFrame} beside the results (`ledger` as Parquet, others as CSV)

`solved` is solve/solved.py: values of variables and named expressions by name, duals of families of rows by name, both
in units of the programme; `block.name + ".family"` is the qualified name.

A class of plain functions does as well as a module (formulation.register_policy). Switched off (`name: false`) it
leaves no row behind. Technologies never know that a policy exists.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.errors import InputError, Problem

NEEDED = ("NAME", "DEFAULT", "Settings", "TABLES", "read", "add_variables", "add_constraints")


def demand_contract(policy) -> None:
    """Raises TypeError naming what a policy lacks."""
    lacking = [name for name in NEEDED if name not in vars(policy)]
    if lacking:
        name = getattr(policy, "NAME", policy)
        raise TypeError(f"policy {name} lacks {', '.join(lacking)}: see policies/contract.py")


def demand_even_weights(policy, case) -> None:
    """Raises InputError where steps count more or less than once and a policy does not know what that means for it."""
    weights = case.step_weights
    if weights is None or getattr(policy, "WEIGHTED", False) or not (weights != 1).any():
        return
    key = "horizon.step_weights"
    raise InputError(Problem(*case.scenario.place(key), key, f"{weights[weights != 1][0]:g}",
                             f"1 for every step while the rule {policy.NAME} holds (it counts each step once); or switch it off "
                             f"with policies: {{{policy.NAME}: false}}"))


class PolicyData(SimpleNamespace):
    """Numbers of one policy, with the fleets it reads and the sets that rules run over."""

    def __init__(self, case, fleets, settings):
        super().__init__()
        self.case, self.fleets, self.settings = case, fleets, settings
        self.end = len(case.step_hours)
        self.step_labels = np.arange(1, self.end + 1)
        self.step_hours = Array(case.step_hours, self.step_labels, name="step_hours")
        self.cost_hours = Array(case.cost_hours, self.step_labels, name="cost_hours")

    def offering(self, offer: str) -> list:
        """The fleets that make an offer."""
        return [fleet for fleet in self.fleets if fleet.offers(offer)]


def declare(block, data: PolicyData, model) -> None:
    """Give a policy's data the model's sets."""
    data.zones, data.steps, data.borders = model.zones, model.steps, model.borders


def members(block, name: str, keys, lists) -> pyo.Set:
    """An indexed set of the block: members of each key, given as {key: list}; used as `for x in members[key]`."""
    block.add_component(f"{name}_keys", pyo.Set(initialize=list(keys)))
    listed = {key: list(lists.get(key, [])) for key in keys}
    block.add_component(name, pyo.Set(block.component(f"{name}_keys"), initialize=listed))
    return block.component(name)


def members_by_fleet(block, name: str, keys, lists, fleets) -> list[tuple]:
    """Pairs of a fleet and the indexed set of its units in the list of each key; lists may name units of other fleets."""
    pairs = []
    for fleet in fleets:
        own = set(fleet.data.names)
        units = {key: [unit for unit in lists.get(key, []) if unit in own] for key in keys}
        pairs.append((fleet, members(block, f"{name}_{fleet.name}", keys, units)))
    return pairs
