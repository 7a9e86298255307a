"""Green corridors: the least renewable share of what an export corridor carries, as the bundles behind it are licensed.

symbol  attribute            unit  kind
r       renewable            GWh   decision, by line and step: renewable energy among what the line carries, at the
                                   sending end
u       short                GWh   decision, by line and year
F       forward              GWh   energy that the line sends from from_zone to to_zone (directed_flow.py)
R       renewables           GWh   energy of renewable plants behind the line: offer `certificates`
x, y    charge, discharge    GWh   decision, renewable energy put into and taken out of the stores of a base
                                   (green_storage.py)
w       min_renewable_share  1     data

    sum over the year of r + u >= w x sum of F,   r <= F and sum of r + x - y <= R in every step

so the sun of noon that a store gives back in the evening counts, what the store lost does not, and coal or the grid
that filled a store never becomes renewable. Behind a line stand the generators and stores that name it (column
`corridor`): a base of wind, PV, storage and some coal. Its corridor then carries no more than all members give, F <=
sum of their output: nothing of the grid around. A line that nobody names has all renewable plants of its from_zone
behind it, and none of its stores; lines without members out of one zone share those plants.

Bases in the Gobi and on former coal land (Kubuqi, Ulan Buh, Tengger, Badain Jaran): at least 50 % renewable by the 14th
plan, 60 % announced for newer ones; the data set has them by line. No fine is ruled for less: the penalty is an
assumption. Sources: docs/policy.md, section 6; inputs/china/lines.csv.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import number, reference
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.contract import PolicyData, members, members_by_fleet
from grid_model.policies.directed_flow import ONE_DIRECTION, DirectedFlow
from grid_model.policies.green_storage import GreenStores

NAME = "green_corridor"
AMOUNTS = ("renewable", "lines_forward", "lines_backward", "green_charge", "green_discharge")
EXCLUSIVE = ONE_DIRECTION
DEFAULT = True

CORRIDOR = reference("corridor", "lines", meaning="export corridor whose base it belongs to; empty: none")

TABLES = {
    "generators": [CORRIDOR],
    "storage": [CORRIDOR],
    "lines": [
        number(
            "min_renewable_share",
            unit="1",
            minimum=0,
            maximum=1,
            meaning="least part of the energy carried that is renewable; empty: no rule",
        )
    ],
}


class Settings(BaseModel):
    """shortfall_penalty_cny_per_mwh: what a MWh short of a corridor's share costs; an assumption, no fine is ruled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortfall_penalty_cny_per_mwh: float = Field(default=1000, ge=0)


def read(case, fleets, settings) -> PolicyData | None:
    """Corridors with a share that are in service, and what stands behind each."""
    table = case.tables["lines"]
    transmission = next((fleet for fleet in fleets if fleet.name == "transmission"), None)
    known = set() if transmission is None else set(transmission.data.names)
    table = table[(table["min_renewable_share"] > 0) & table["line"].isin(known)]
    data = PolicyData(case, fleets, settings)
    data.flows = DirectedFlow(transmission, table["line"], data.step_hours)
    data.arcs = data.flows.table[data.flows.table["sign"] > 0].reset_index(drop=True)
    if data.arcs.empty:
        return None
    data.arcs["share"] = data.arcs["line"].map(table.set_index("line")["min_renewable_share"])
    data.plants = data.offering("certificates")
    _read_bases(data)
    _read_years(data)
    table = case.tables["storage"]
    table = table[table["corridor"].isin(data.arcs["line"])]
    storage = next((fleet for fleet in fleets if fleet.name == "storage"), None)
    data.stores = GreenStores(storage, table.assign(key=table["storage"], share=1.0)[["key", "storage", "share"]], data)
    return data


def _read_bases(data: PolicyData) -> None:
    """Members of each corridor's base; corridors without any draw on the plants of their zone."""
    generators, storage = data.case.tables["generators"], data.case.tables["storage"]
    arc_of = data.arcs.set_index("line")["arc"]
    data.members = {}
    for name, table in (("generator", generators), ("storage", storage)):
        here = table[table["corridor"].isin(arc_of.index)]
        data.members[name] = here.groupby(here["corridor"].map(arc_of))[name].agg(list).to_dict()
    data.bases = [arc for arc in data.arcs["arc"] if arc in data.members["generator"] or arc in data.members["storage"]]
    data.arcs["group"] = np.where(data.arcs["arc"].isin(data.bases), data.arcs["arc"], data.arcs["from_zone"])
    free = generators[generators["corridor"] == ""].groupby("zone")["generator"].agg(list)
    data.renewables = {arc: data.members["generator"].get(arc, []) for arc in data.bases} | {
        zone: free.get(zone, []) for zone in set(data.arcs["group"]) - set(data.bases)
    }


def _read_years(data: PolicyData) -> None:
    years = data.case.time.year.to_numpy()
    data.years = np.unique(years).tolist()
    data.steps_of_year = {year: data.step_labels[years == year].tolist() for year in data.years}


def add_variables(green, data):
    green.corridors = pyo.Set(initialize=data.arcs["arc"].tolist())
    green.years = pyo.Set(initialize=data.years)
    green.renewable = pyo.Var(green.corridors, data.steps, within=pyo.NonNegativeReals)
    green.short = pyo.Var(green.corridors, green.years, within=pyo.NonNegativeReals)


def add_constraints(green, data):
    data.flows.add(green, data.steps)
    green.steps_of_year = members(green, "steps_of_year", data.years, data.steps_of_year)
    groups = list(dict.fromkeys(data.arcs["group"]))
    carried = members(green, "corridors_of", groups, data.arcs.groupby("group")["arc"].agg(list).to_dict())
    share = Array(data.arcs["share"].to_numpy(float), data.arcs["arc"].to_numpy(object), name="share")
    renewables = _sum(green, data, "renewables", groups, data.renewables, data.plants, "certificates")
    stores = members(green, "stores_of", groups, data.members["storage"])
    data.stores.add(green, "green", data.steps, data.borders)

    @green.Constraint(green.corridors, green.years)
    def renewable_share(green, corridor, year):
        """sum over the year of r + u >= w x sum of F   [GWh]"""
        sent = sum(data.flows.energy(corridor, step) for step in green.steps_of_year[year])
        carried = sum(green.renewable[corridor, step] for step in green.steps_of_year[year])
        return carried + green.short[corridor, year] >= share[corridor] * sent

    @green.Constraint(green.corridors, data.steps)
    def part_of_flow(green, corridor, step):
        """r <= F   [GWh]"""
        return green.renewable[corridor, step] <= data.flows.energy(corridor, step)

    @green.Constraint(green.corridors_of_keys, data.steps)
    def from_renewables(green, group, step):
        """sum of r + sum of x - sum of y <= R   [GWh]"""
        kept = sum(data.stores.charge(store, step) - data.stores.discharge(store, step) for store in stores[group])
        used = sum(green.renewable[corridor, step] for corridor in carried[group]) + kept
        return used <= renewables(group, step)

    _add_bases(green, data)


def _add_bases(green, data):
    """Nothing but its base enters a corridor that has one."""
    green.bases = pyo.Set(initialize=data.bases)
    plants = [fleet for fleet in data.offering("output") if "generator" in fleet.data.table]
    given = _sum(green, data, "given", data.bases, data.members["generator"], plants, "output")
    stores = [fleet for fleet in data.offering("output") if fleet.name == "storage"]
    stored = _sum(green, data, "stored", data.bases, data.members["storage"], stores, "output")

    @green.Constraint(green.bases, data.steps)
    def from_base(green, corridor, step):
        """F <= sum of what the members give, storage included   [GWh]"""
        return data.flows.energy(corridor, step) <= given(corridor, step) + stored(corridor, step)


def _sum(green, data, name: str, keys, lists, fleets, offer: str):
    """A function (key, step): energy of an offer summed over the units in each key's list, GWh."""
    of_fleet = members_by_fleet(green, name, keys, lists, fleets)

    def energy(key, step):
        return sum(
            sum(data.step_hours[step] * getattr(fleet, offer)(unit, step) for unit in of[key]) for fleet, of in of_fleet
        )

    return energy


def shortfall_cost(green, data):
    """penalty x sum of u   [million CNY]"""
    return (
        data.settings.shortfall_penalty_cny_per_mwh
        * CNY_PER_MWH
        * sum(green.short[corridor, year] for corridor in green.corridors for year in green.years)
    )


COSTS = {"shortfall": shortfall_cost}


def tables(green, data, solved) -> dict[str, pd.DataFrame]:
    """`green_corridors`: what each corridor carried in a year, how much of it renewable, its share, and what a MWh
    more of renewable energy would save (dual)."""
    flow = np.asarray(solved.evaluate("transmission.report_flow")) * np.asarray(data.case.step_hours)
    line = pd.Index(data.flows.transmission.reported_units(data.flows.transmission.reports["flow"])).get_indexer(
        data.arcs["line"]
    )
    years = data.case.time.year.to_numpy()
    by_year = np.stack([years == year for year in data.years], axis=1)
    sent = np.maximum(flow[line], 0) @ by_year / MWH
    renewable = np.asarray(solved.evaluate(f"{green.name}.renewable")) @ by_year / MWH
    short = np.asarray(solved.evaluate(f"{green.name}.short")) / MWH
    dual = -np.asarray(solved.dual(f"{green.name}.renewable_share")) / CNY_PER_MWH
    index = pd.MultiIndex.from_product([data.arcs["line"], data.years], names=["line", "year"])
    table = pd.DataFrame(
        {
            "carried_mwh": sent.ravel(),
            "renewable_mwh": renewable.ravel(),
            "short_mwh": short.ravel(),
            "price_cny_per_mwh": dual.ravel(),
        },
        index,
    ).reset_index()
    table.insert(2, "min_renewable_share", table["line"].map(data.arcs.set_index("line")["share"]))
    return {"green_corridors": table.assign(passed=table["short_mwh"] <= 1e-6 * np.maximum(table["carried_mwh"], 1.0))}


def check_bases(frames):
    """Members of a base stand in the zone where their corridor begins."""
    start = frames["lines"].set_index("line")["from_zone"]
    problems = []
    for table in (frames["generators"], frames["storage"]):
        member = table["corridor"] != ""
        if member.any():
            elsewhere = member & (table["corridor"].map(start) != table["zone"])
            problems += problems_where(table, elsewhere, "corridor", "a line that begins in the zone, or empty")
    return problems


CHECKS = (check_bases,)
