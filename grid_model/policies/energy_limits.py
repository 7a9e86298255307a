"""Energy limits: weighted sums of what plants generate, converters convert and stores hold at the end, over the horizon.

symbol  attribute   unit     kind
K       amount      GWh      data, times the unit of the factors: with tCO2 per MWh as factors it is kt
k       factor      1        data, of a term, by step
g       energy      GWh      of a term: output or conversion times dt
e       level       GWh      of a term: energy held at the end of the horizon

    sum over terms of k g  +  sum over terms of k e   <=, =, >=  K

No rule of the market asks for it: it is what planners set, and what PyPSA's global constraints say. Fuel for a year,
water that may be used, a cap on emissions, an obligation to generate: each is such a limit. What a limit's last unit is
worth is its price, in the table `energy_limits` beside the results.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.contract import PolicyData, members
from grid_model.technologies.contract import subset

NAME = "energy_limits"
DEFAULT = True
WEIGHTED = True  # an amount over the horizon: the factors say how often a step counts
SENSES = ("at_most", "equal", "at_least")
KINDS = ("generator", "converter", "storage")

TABLES = {
    "energy_limits": [
        identifier("limit", meaning="name of the limit"),
        choice("sense", SENSES, default="at_most", meaning="whether the sum is at most, equal to or at least the amount"),
        number("amount_mwh", unit="MWh", required=True,
               meaning="amount over the horizon, times the unit of the factors: tCO2 where they are tCO2/MWh"),
    ],
    "energy_limit_terms": [
        identifier("term", meaning="name of the term, usually `<limit> <what it counts>`"),
        reference("limit", "energy_limits", meaning="limit that it counts for", required=True),
        reference("generator", "generators", meaning="generator whose output is counted"),
        reference("converter", "converters", meaning="converter whose conversion is counted"),
        reference("storage", "storage", meaning="store whose energy held at the end is counted"),
        number("factor", unit="1", default=1, meaning="what a MWh counts; a profile limit_factor goes first"),
    ],
}


class Settings(BaseModel):
    """None: the tables say all."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_terms(frames) -> list:
    """Every term counts one thing; every limit has a term."""
    terms, limits = frames["energy_limit_terms"], frames["energy_limits"]
    if terms.empty and limits.empty:
        return []
    many = (terms[list(KINDS)] != "").sum(axis=1) != 1
    return [*problems_where(terms, many, "generator", "one of generator, converter and storage, the others empty"),
            *problems_where(limits, ~limits["limit"].isin(terms["limit"]), "limit",
                            "a limit with at least one row in energy_limit_terms")]


CHECKS = (check_terms,)


def read(case, fleets, settings) -> PolicyData | None:
    """Amounts, factors by step, and the terms of every limit by fleet."""
    table, terms = case.tables["energy_limits"], case.tables["energy_limit_terms"].reset_index(drop=True)
    if table.empty:
        return None
    data = PolicyData(case, fleets, settings)
    data.table, data.terms = table, terms
    names = terms["term"].to_numpy(object)
    factor = case.profile("limit_factor", names, terms["factor"].to_numpy(float))
    data.energy_factor = Array(factor * case.step_hours, names, data.step_labels, name="energy_factor")
    data.level_factor = Array(terms["factor"].to_numpy(float), names, name="level_factor")
    data.unit_of = Array(terms[list(KINDS)].max(axis=1).to_numpy(object), names, name="unit_of")
    data.amount = Array(table["amount_mwh"].to_numpy(float) * MWH, table["limit"].to_numpy(object), name="amount")
    return data


def add_variables(limits, data):
    """None: what is limited is decided elsewhere."""
    limits.limits = pyo.Set(initialize=data.table["limit"].tolist())
    data.parts = list(_parts(limits, data))


def _parts(limits, data):
    """(fleet, kind, terms of each limit): one for every fleet that some term counts; a fleet's kind names its table."""
    for fleet in data.fleets:
        kind = fleet.data.table.columns[0]
        here = data.terms[data.terms[kind].isin(fleet.data.names)] if kind in KINDS else data.terms[:0]
        if len(here):
            lists = here.groupby("limit")["term"].apply(list).to_dict()
            yield fleet, kind, members(limits, f"terms_{fleet.name}", data.table["limit"], lists)


def add_constraints(limits, data):
    for sense in SENSES:
        subset(limits, sense, data.table["limit"][data.table["sense"] == sense])

    @limits.Constraint(limits.at_most)
    def most_energy(limits, limit):
        """sum of k g + k e <= K   [GWh]"""
        return reached(limits, data, limit) <= data.amount[limit]

    @limits.Constraint(limits.equal)
    def energy(limits, limit):
        """sum of k g + k e = K   [GWh]"""
        return reached(limits, data, limit) == data.amount[limit]

    @limits.Constraint(limits.at_least)
    def least_energy(limits, limit):
        """sum of k g + k e >= K   [GWh]"""
        return reached(limits, data, limit) >= data.amount[limit]

    limits.reached = pyo.Expression(limits.limits, rule=lambda limits, limit: reached(limits, data, limit))


def reached(limits, data, limit):
    """sum of k g + k e   [GWh]"""
    return sum(_counted(data, fleet, kind, terms, limit) for fleet, kind, terms in data.parts)


def _counted(data, fleet, kind: str, terms, limit):
    """What the terms of one fleet add to a limit   [GWh]"""
    if kind == "storage":
        return sum(data.level_factor[term] * fleet.block.energy[data.unit_of[term], data.end] for term in terms[limit])
    power = fleet.output if kind == "generator" else fleet.conversion
    return sum(data.energy_factor[term, step] * power(data.unit_of[term], step) for term in terms[limit] for step in data.steps)


def tables(limits, data, solved) -> dict[str, pd.DataFrame]:
    """Every limit with what is reached and the price of its last unit."""
    duals = pd.Series(0.0, index=data.table["limit"])
    for family, sense in (("most_energy", "at_most"), ("energy", "equal"), ("least_energy", "at_least")):
        some = data.table["limit"][data.table["sense"] == sense]
        if len(some):
            duals[some] = np.asarray(solved.dual(f"{limits.name}.{family}"), float)
    values = np.asarray(solved.evaluate(f"{limits.name}.reached"), float) / MWH
    return {"energy_limits": data.table[["limit", "sense", "amount_mwh"]].assign(
        reached_mwh=values, price_cny_per_mwh=-duals.to_numpy() / CNY_PER_MWH)}
