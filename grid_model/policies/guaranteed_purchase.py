"""Guaranteed purchase: the order in which renewable energy must be taken.

symbol  attribute             unit  kind
w       forgone               GW    offer of a technology: power available and not taken
g       output                GW    offer of a technology
u       shortfall             GWh   decision, of each guaranteed generator and calendar year
G       guaranteed_quantity   GWh   data: guaranteed_hours x capacity, by the part of the year that is modelled

Ruled by the Regulatory Measures on the Fully Guaranteed Purchase of Renewable Electricity (NDRC order 15 of 2024), and
docs/policy.md, section 1. The ranks are minimised one after the other, none at the expense of one before it:

    0  load                sum of unserved dt
    1  hydro_priority      sum of w dt over large and peaking hydro
    2  hydro               sum of w dt over other conventional hydro
    3  full_purchase       sum of w dt over biomass, geothermal, marine energy, distributed PV
    4  guaranteed          sum of u, where  sum of g dt + u >= G
    5  market              sum of w dt over wind and solar beyond: only where the scenario says `market: curtailment`

then comes the cost. What a horizon shorter than a year must guarantee is not ruled; here it is the part of the year's
hours that it covers. A guaranteed generator without guaranteed_hours is guaranteed nothing and is all market.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict

from grid_model.algebra import Array
from grid_model.case.checks import kinds_of, problems_where
from grid_model.case.tables import choice, number
from grid_model.case.units import MW, MWH
from grid_model.errors import AuditError
from grid_model.policies.contract import PolicyData, members

NAME = "guaranteed_purchase"
DEFAULT = False

CLASSES = ("hydro_priority", "hydro", "full_purchase", "guaranteed", "market", "none")
FULL = ("hydro_priority", "hydro", "full_purchase")  # of these all is bought
BY_ENERGY = {"hydro_priority": {"hydro_priority"}, "hydro": {"hydro"}, "full_purchase": {"full_purchase"},
             "market": {"guaranteed", "market"}}  # ranked by energy forgone, and by whom; `guaranteed` is ranked by shortfall

TABLES = {
    "generators": [
        choice("purchase_class", CLASSES, default="none", by_technology=True,
               meaning="its place in the order of guaranteed purchase"),
        number("guaranteed_hours", unit="h", minimum=0,
               meaning="hours of full output a year whose energy is guaranteed to be bought"),
    ],
}


def check_classes(frames) -> list:
    """What must be bought is renewable."""
    table = frames["generators"]
    bought = ~table["purchase_class"].isin(["market", "none"])
    return problems_where(table, bought & (kinds_of(frames, table) == "thermal"), "purchase_class",
                          "market or none where the technology is of kind thermal")


CHECKS = (check_classes,)

PRECISION = 1e-7  # part of the energy of a rank that its audit lets pass


class Settings(BaseModel):
    """How the order is kept, and whether it ends before the market.

    mode    exact (rank by rank) or weighted (one programme, weights from the data)
    market  cost: wind and sun beyond their guarantee are taken by cost; curtailment: as much of them as can be
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["exact", "weighted"] = "exact"
    market: Literal["cost", "curtailment"] = "cost"


def read(case, fleets, settings) -> PolicyData:
    data = PolicyData(case, fleets, settings)
    table = case.tables["generators"].set_index("generator")
    data.class_of = table["purchase_class"]
    chosen = (table["purchase_class"] == "guaranteed") & (table["guaranteed_hours"] > 0) & (table["capacity_mw"] > 0)
    data.guaranteed = table.index[chosen].tolist()
    years = case.time.year.to_numpy()
    data.years = np.unique(years)
    hours = np.array([case.step_hours[years == year].sum() for year in data.years])
    share = hours / np.where((data.years % 4 == 0) & ((data.years % 100 != 0) | (data.years % 400 == 0)), 8784, 8760)
    annual = (table["guaranteed_hours"] * table["capacity_mw"])[chosen].to_numpy(float) * MW
    data.guaranteed_quantity = Array(annual[:, None] * share, data.guaranteed, data.years, name="guaranteed_quantity")
    data.steps_of_year = {int(year): data.step_labels[years == year].tolist() for year in data.years}
    return data


def add_variables(purchase, data):
    purchase.generators = pyo.Set(initialize=data.guaranteed)
    purchase.years = pyo.Set(initialize=data.years.tolist())
    purchase.shortfall = pyo.Var(purchase.generators, purchase.years, within=pyo.NonNegativeReals)


def add_constraints(purchase, data):
    steps_of_year = members(purchase, "steps_of_year", data.steps_of_year, data.steps_of_year)
    own = [(fleet, members(purchase, f"{fleet.name}_of", data.guaranteed, {
        name: [name] for name in fleet.data.names if name in set(data.guaranteed)})) for fleet in data.offering("forgone")]

    @purchase.Constraint(purchase.generators, purchase.years)
    def guaranteed_quantity(purchase, generator, year):
        """sum over the year of g dt + u >= G   [GWh]"""
        taken = sum(sum(data.step_hours[step] * fleet.output(unit, step) for unit in of[generator] for step in steps_of_year[year])
                    for fleet, of in own)
        return taken + purchase.shortfall[generator, year] >= data.guaranteed_quantity[generator, year]

    for rank, classes in BY_ENERGY.items():
        for fleet in data.offering("forgone"):
            names = [name for name in fleet.data.names if data.class_of[name] in classes]
            purchase.add_component(f"{fleet.name}_{rank}", pyo.Set(initialize=names))


    for name in BY_ENERGY:
        purchase.add_component(f"taken_{name}", pyo.Expression(rule=_taken(name, data)))
    purchase.served = pyo.Expression(rule=lambda purchase: sum(
        sum(data.step_hours[step] * (fleet.demand(unit, step) - fleet.unserved(unit, step))
            for unit in fleet.data.units for step in data.steps) for fleet in data.offering("unserved")))
    purchase.guaranteed_bought = pyo.Expression(rule=lambda purchase: sum(
        data.guaranteed_quantity[generator, year] - purchase.shortfall[generator, year]
        for generator in purchase.generators for year in purchase.years))


def _taken(name: str, data):
    """Energy of a rank's classes that is taken   [GWh]"""
    return lambda purchase: sum(
        sum(data.step_hours[step] * fleet.output(unit, step)
            for unit in purchase.component(f"{fleet.name}_{name}") for step in data.steps)
        for fleet in data.offering("forgone"))


def unserved(purchase, data):
    """Rank 0: sum of unserved dt   [GWh]"""
    return sum(sum(data.step_hours[step] * fleet.unserved(unit, step) for unit in fleet.data.units for step in data.steps)
               for fleet in data.offering("unserved"))


def forgone(name: str):
    """A rank of energy: sum over its classes of w dt   [GWh]"""
    def rank(purchase, data):
        return sum(sum(data.step_hours[step] * fleet.forgone(unit, step)
                       for unit in purchase.component(f"{fleet.name}_{name}") for step in data.steps)
                   for fleet in data.offering("forgone"))
    return rank


def shortfall(purchase, data):
    """Rank 4: sum of u   [GWh]"""
    return sum(purchase.shortfall[generator, year] for generator in purchase.generators for year in purchase.years)


def ranks(purchase, data) -> dict:
    """{class: rule} in the order in which they are minimised; classes without a generator are left out."""
    present = set(data.class_of)
    by_energy = {name: forgone(name) for name, classes in BY_ENERGY.items() if classes & present}
    market = {"market": by_energy.pop("market")} if "market" in by_energy and data.settings.market == "curtailment" else {}
    by_energy.pop("market", None)
    return {"load": unserved} | by_energy | ({"guaranteed": shortfall} if data.guaranteed else {}) | market


def tables(purchase, data, solved) -> dict[str, pd.DataFrame]:
    """`purchase_order`: each rank's least possible loss and what was reached; `guaranteed_purchase`: what each generator sells
    under guarantee and to the market.

    Raises
    ------
    AuditError : a rank is worse than its optimum by more than PRECISION of what was available
    """
    taken = {"load": "served", "guaranteed": "guaranteed_bought"} | {name: f"taken_{name}" for name in BY_ENERGY}
    rows = []
    for rank, (name, expression) in enumerate(solved.model.ranks.items()):
        lost, got = (float(solved.evaluate(item)) / MW for item in (expression, f"{purchase.name}.{taken[name]}"))
        least = solved.optimum[name] / MW
        rows.append((rank, name, got + lost, got, got + lost - least, lost <= least + PRECISION * max(got + lost, 1.0)))
    table = pd.DataFrame(rows, columns=["rank", "purchase_class", "available_mwh", "taken_mwh", "optimum_mwh", "passed"])
    failed = table[~table["passed"]]
    if len(failed):
        worst = failed.iloc[0]
        raise AuditError(f"order of purchase: {worst.purchase_class} takes {worst.taken_mwh:,.3f} MWh "
                         f"where {worst.optimum_mwh:,.3f} MWh can be taken")
    return {"purchase_order": table, "guaranteed_purchase": _by_generator(data, solved)}


def _by_generator(data, solved) -> pd.DataFrame:
    """Energy of every generator with a class, by calendar year [MWh]: what is guaranteed to be bought (of classes that are bought
    in full all that could be taken), generated, bought under guarantee, sold to the market, and short."""
    table = data.case.tables["generators"].set_index("generator")
    table = table[table["purchase_class"] != "none"]
    generated, could = _yearly(data, solved, table.index, "generation"), _yearly(data, solved, table.index, "available")
    hours = pd.DataFrame(data.guaranteed_quantity.values / MWH, data.guaranteed).reindex(table.index).fillna(0.0).to_numpy()
    in_full = table["purchase_class"].isin(FULL).to_numpy()[:, None]
    guaranteed = np.where(in_full, could, hours)
    bought = np.minimum(guaranteed, generated)
    values = {"guaranteed_mwh": guaranteed, "generated_mwh": generated, "bought_mwh": bought, "market_mwh": generated - bought,
              "shortfall_mwh": guaranteed - bought}
    index = pd.MultiIndex.from_product([table.index, data.years.tolist()], names=["generator", "year"])
    rows = pd.DataFrame({name: array.ravel() + 0.0 for name, array in values.items()}, index).reset_index()
    rows.insert(1, "zone", rows["generator"].map(table["zone"]))
    rows.insert(2, "purchase_class", rows["generator"].map(table["purchase_class"]))
    return rows


def _yearly(data, solved, names, report: str) -> np.ndarray:
    """Energy of some generators by calendar year, as their technologies report it [MWh]."""
    in_year = (data.case.time.year.to_numpy()[:, None] == data.years) * np.asarray(data.case.step_hours)[:, None]
    parts = [pd.DataFrame(np.asarray(solved.evaluate(f"{fleet.name}.report_{report}")) @ in_year / MWH, fleet.data.names)
             for fleet in data.offering("output") if report in fleet.reports]
    return pd.concat(parts).reindex(names).to_numpy() if parts else np.empty((0, len(data.years)))
