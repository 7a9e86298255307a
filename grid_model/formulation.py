"""The whole model on one screen: technologies, policies, the balance of every zone, the cost.

    minimise    sum of the cost items of all technologies and policies
    subject to  sum over technologies of injection[z,t] = 0      (every zone, every step; its dual is the price)
                the constraints of each technology and each policy

A new technology or policy is one file and one line in a registry here; a policy of one's own outside the package is
registered from Python.
"""

from __future__ import annotations

import pyomo.environ as pyo

from grid_model.algebra.bounding import hold_as_bounds
from grid_model.case.tables import merge_tables
from grid_model.policies import (
    carbon_market,
    corridor_contract,
    energy_limits,
    green_certificates,
    green_corridor,
    green_load,
    guaranteed_purchase,
    planned_generation,
    reserves,
    scorecard,
    self_use,
    settlement,
    storage_place,
)
from grid_model.policies.contract import declare as declare_policy
from grid_model.policies.contract import demand_contract, demand_even_weights
from grid_model.technologies import (
    converters,
    demand_response,
    hydro,
    load,
    renewable,
    reservoir,
    solar_thermal,
    storage,
    thermal,
    transmission,
)
from grid_model.technologies.consumption import add_consumption
from grid_model.technologies.contract import Fleet, Part, declare

TECHNOLOGIES = (
    load,
    renewable,
    storage,
    transmission,
    thermal,
    hydro,
    demand_response,
    reservoir,
    solar_thermal,
    converters,
)
BUILT_IN = (
    storage_place,
    corridor_contract,
    planned_generation,
    guaranteed_purchase,
    green_load,
    green_corridor,
    green_certificates,
    carbon_market,
    reserves,
    self_use,
    energy_limits,
    settlement,
    scorecard,
)

POLICIES = list(BUILT_IN)
TABLES = merge_tables(*(module.TABLES for module in (*TECHNOLOGIES, *POLICIES)))
CHECKS = [check for module in (*TECHNOLOGIES, *POLICIES) for check in getattr(module, "CHECKS", ())]
SETTINGS = {module.NAME: module.Settings for module in POLICIES}


def register_policy(policy):
    """Add a rule of one's own to this process, so that scenarios may name it; the last one of a name holds.

    Only Python can add a rule: a scenario chooses among rules and never loads code.

    Parameters
    ----------
    policy : a module, or a class of plain functions, as policies/contract.py says

    Returns
    -------
    the policy, so that it may stand over a class as a decorator

    Raises
    ------
    TypeError : it lacks something of the contract
    ValueError : its name is that of a built-in rule, or it declares a known column otherwise
    """
    demand_contract(policy)
    if policy.NAME in {module.NAME for module in BUILT_IN}:
        raise ValueError(f"{policy.NAME} is a built-in rule; choose another NAME")
    others = [module for module in POLICIES if module.NAME != policy.NAME]
    modules = (*TECHNOLOGIES, *others, policy)
    tables = merge_tables(*(module.TABLES for module in modules))
    POLICIES[:] = [*others, policy]
    TABLES.clear()
    TABLES.update(tables)
    CHECKS[:] = [check for module in modules for check in getattr(module, "CHECKS", ())]
    SETTINGS[policy.NAME] = policy.Settings
    return policy


def build_model(case, concrete: bool = False) -> pyo.AbstractModel:
    """The linear programme of a case as Pyomo rules.

    Parameters
    ----------
    case : Case
    concrete : bool
        False: rules stay templates, to be compiled with `compile_program`. True: every row and column is expanded by
        Pyomo, for printing, LP files and other solvers; meant for small cases.
    """
    model = pyo.AbstractModel(name=case.name)
    model.zones = pyo.Set(initialize=list(case.zones))
    model.steps = pyo.RangeSet(1, len(case.step_hours))
    model.borders = pyo.RangeSet(0, len(case.step_hours))
    fleets = _add_technologies(model, case)
    policies = _add_policies(model, case, fleets)

    connected = set().union(*(fleet.zones for fleet in fleets))
    model.balanced = pyo.Set(initialize=[zone for zone in case.zones if zone in connected])

    @model.Constraint(model.balanced, model.steps)
    def balance(model, zone, step):
        """generation + discharge - charge + imports - exports + unserved - load = 0   [GW]"""
        return sum(fleet.injection(zone, step) for fleet in fleets) == 0

    model.seldom = add_consumption(model, fleets) + [f"{part.name}.{row}" for part in (*fleets, *policies) for row in part.seldom]
    model.bounding = [f"{part.name}.{row}" for part in (*fleets, *policies) for row in part.bounds]
    model.moments, model.amounts = ([f"{part.name}.{variable}" for part in (*fleets, *policies) for variable in getattr(part, kind)]
                                    for kind in ("moments", "amounts"))
    model.exclusive = [pair for part in (*fleets, *policies) for pair in part.exclusive]
    _add_ranks(model, policies)
    _add_costs(model, [*fleets, *policies])
    model.fleets = {fleet.name: fleet for fleet in fleets}
    model.policies = {policy.name: policy for policy in policies}
    return _expand(model) if concrete else model


def coarse_case(model, case, hours: float):
    """The case of a built model in steps of `hours`, for a plan of a long horizon."""
    for part in model.policies.values():
        if part.offers("carried"):
            case = case.replace(series=part.carried())
    case = case.coarsen(hours)
    for technology in TECHNOLOGIES:
        case = technology.coarsened(case) if hasattr(technology, "coarsened") else case
    return case


def _add_technologies(model, case) -> list[Fleet]:
    fleets = []
    for technology in TECHNOLOGIES:
        data = technology.read(case)
        if data is None:
            continue
        block = pyo.Block()
        model.add_component(technology.NAME, block)
        declare(block, data, model)
        technology.add_variables(block, data)
        technology.add_constraints(block, data)
        fleet = Fleet(technology, block, data)
        _add_reports(fleet)
        fleets.append(fleet)
    return fleets


def _add_policies(model, case, fleets: list[Fleet]) -> list[Part]:
    parts = []
    for policy in POLICIES:
        settings = _settings(policy, case)
        data = None if settings is None else policy.read(case, fleets, settings)
        if data is None:
            continue
        demand_even_weights(policy, case)
        block = pyo.Block()
        model.add_component(policy.NAME, block)
        declare_policy(block, data, model)
        data.earlier = {part.name: part for part in parts}
        policy.add_variables(block, data)
        policy.add_constraints(block, data)
        part = Part(policy, block, data)
        _add_reports(part)
        parts.append(part)
    return parts


def _settings(policy, case):
    """Settings of a policy in this case's scenario; None where it is switched off."""
    given = case.scenario.policies.get(policy.NAME, policy.DEFAULT)
    if given is False:
        return None
    return policy.Settings.model_validate(given if isinstance(given, dict) else {})


def policies_of(case) -> dict[str, dict]:
    """The rules that hold in a case by its scenario, with all their settings."""
    settings = {policy.NAME: _settings(policy, case) for policy in POLICIES}
    return {name: chosen.model_dump(mode="json") for name, chosen in settings.items() if chosen is not None}


def _add_reports(part: Part) -> None:
    for name, report in part.reports.items():
        part.block.add_component(f"report_{name}", part.reported(report))


def _add_ranks(model, policies) -> None:
    """What is minimised before the cost, in order; `model.ranks` maps each rank to its named expression."""
    model.ranks, model.rank_mode = {}, "exact"
    for part in policies:
        for name, rule in (part.ranks() if part.offers("ranks") else {}).items():
            expression = pyo.Expression(rule=part.rule(rule))
            part.block.add_component(f"rank_{name}", expression)
            model.ranks[name] = expression.name
            model.rank_mode = part.data.settings.mode


def _add_costs(model, parts) -> None:
    """One named expression per cost item; the objective is their sum, so results show the very same figures."""
    items = []
    for part in parts:
        for item, rule in part.costs.items():
            expression = pyo.Expression(rule=rule)
            part.block.add_component(f"cost_{item}", expression)
            items.append(expression)
    model.cost = pyo.Objective(rule=lambda _: sum(items))
    model.cost_items = {item.name: item for item in items}


def _expand(model):
    for variable in model.component_objects(pyo.Var, descend_into=True):
        variable._dense = True
    model.construct()
    for name in model.bounding:
        hold_as_bounds(model.find_component(name))
    return model
