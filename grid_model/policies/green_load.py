"""Green loads: a share of what a load consumes comes from renewable plants, matched by year, by month or by hour.

symbol  attribute      unit  kind
a       allotted       GWh   decision, of a contract (or of a zone's plants together) by month, or by step where
                              matched by hour
x, y    charge,        GWh   decision, contracted energy put into and taken out of a contracted store, by step
        discharge            (green_storage.py)
u       short          GWh   decision, by load and period
w       green_share    1     data
k       share          1     data: part of a plant's output, or of a store, that the contract covers
L       served         GW    offer of loads
g       certificates   GW    offer of plants
c, d    charge, discharge  GW  offers of storage

In every period of its matching (the year, each month, each hour): sum of a + y - x + u = w L, a <= k g. The shares that
contracts hold in a plant sum to one at most, so no MWh is allotted twice. A load matched by year or month without a
contract is allotted what plants of its zone generate and have not sold by contract; hourly matching needs contracts.
Contracted surplus may be stored, x and y moving it from one hour to a later one.
A plant in another zone names the line
that brings its energy; what is allotted over a line is at most what it delivers in the month, or in the hour.

Contracts are green-electricity trades: energy and certificate move together (`bundled`), so in green_certificates.py
what is allotted is neither sold nor banked, and the load retires it. Loads whose share is met by certificates alone
(column `certificates`) belong there. What a shortfall costs is not ruled: the penalty is an assumption of the scenario.
Source: docs/policy.md, sections 4 and 6.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.tables import choice, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH
from grid_model.policies import green_contracts, green_load_tables
from grid_model.policies.certificate_accounts import month_label, month_number
from grid_model.policies.contract import PolicyData, members, members_by_fleet
from grid_model.policies.directed_flow import ONE_DIRECTION, DirectedFlow
from grid_model.technologies.contract import subset
from grid_model.technologies.generators import CERTIFICATE

NAME = "green_load"
AMOUNTS = ("allotted_by_hour", "short_by_hour", "lines_forward", "lines_backward", "green_charge", "green_discharge")
DEFAULT = True

GREEN_SHARE = number(
    "green_share", unit="1", minimum=0, maximum=1, meaning="part of its energy that must be renewable; empty: no rule"
)
BY_CERTIFICATES = choice(
    "certificates",
    ["none", "monitored", "assessed"],
    default="none",
    meaning="whether its green share is met by certificates alone: assessed, or monitored without effect",
)

TABLES = {
    "generators": [CERTIFICATE],
    "loads": [
        GREEN_SHARE,
        BY_CERTIFICATES,
        choice(
            "green_matching",
            ["year", "month", "hour"],
            default="year",
            meaning="the period in which the green share must be matched",
        ),
    ],
    "contracts": [
        identifier("contract", meaning="green-electricity contract"),
        reference("load", "loads", required=True, meaning="load that it supplies"),
        reference("generator", "generators", meaning="renewable plant that it is with; empty: it is with a store"),
        reference("storage", "storage", meaning="store that keeps contracted surplus of a load matched by hour"),
        number("share", unit="1", above=0, maximum=1, default=1, meaning="part of the plant or store that it covers"),
        reference(
            "line", "lines", meaning="line into the load's zone over which the energy comes; needed from another zone"
        ),
        text("source", meaning="where the row is from"),
    ],
}


class Settings(BaseModel):
    """shortfall_penalty_cny_per_mwh: what a MWh short of a green share costs; an assumption, no fine is ruled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortfall_penalty_cny_per_mwh: float = Field(default=1000, ge=0)


def read(case, fleets, settings) -> PolicyData | None:
    """Green loads and their periods, contracts with plants and stores, and plants without a contract by zone."""
    table = case.tables["loads"]
    table = table[(table["green_share"] > 0) & (table["certificates"] == "none")]
    if table.empty:
        return None
    data = PolicyData(case, fleets, settings)
    data.table = table
    data.load_fleets, data.plants = data.offering("served"), data.offering("certificates")
    data.storage = next((fleet for fleet in fleets if fleet.name == "storage"), None)
    transmission = next((fleet for fleet in fleets if fleet.name == "transmission"), None)
    _read_periods(data)
    green_contracts.read_contracts(data)
    _read_zone_plants(data)
    lines = set(data.contracts["line"]) - {""}
    data.flows = DirectedFlow(transmission, lines, data.step_hours)
    return data


def _read_periods(data: PolicyData) -> None:
    """Months (positions 1..M) with their steps, and the periods `<load> <period>` with their months or steps."""
    case, matching = data.case, data.table["green_matching"]
    numbers = month_number(case.months)
    data.months = list(range(1, len(numbers) + 1))
    data.steps_of_month = {month: data.step_labels[case.month_of_step == month - 1].tolist() for month in data.months}
    data.hourly = data.table["load"][matching == "hour"].tolist()
    rows = []
    for load, rule in zip(data.table["load"], matching):
        years = numbers // 12
        groups = {
            "year": {f"{year}": np.flatnonzero(years == year) + 1 for year in np.unique(years)},
            "month": {month_label(number): np.array([at + 1]) for at, number in enumerate(numbers)},
            "hour": {},
        }[rule]
        rows += [(load, label, months.tolist()) for label, months in groups.items()]
    data.periods = pd.DataFrame(rows, columns=["load", "label", "months"])
    data.periods["period"] = data.periods["load"] + " " + data.periods["label"]


def _read_zone_plants(data: PolicyData) -> None:
    """Loads without contracts, and what plants of their zones have left: 1 - the shares under contract."""
    known = set(data.with_plants["load"])
    data.uncontracted = data.table[~data.table["load"].isin(known) & (data.table["green_matching"] != "hour")]
    sold = data.with_plants.groupby("generator")["share"].sum()
    generators = data.case.tables["generators"].set_index("generator")
    data.free_part = Array(
        np.maximum(1 - sold.reindex(generators.index, fill_value=0.0).to_numpy(float), 0.0),
        generators.index.to_numpy(object),
        name="free_part",
    )


def add_variables(green, data):
    plants = data.with_plants
    green.months = pyo.Set(initialize=data.months)
    green.steps_of_month = members(green, "steps_of_month", data.months, data.steps_of_month)
    monthly = subset(green, "monthly_contracts", plants["contract"][~plants["hourly"]])
    hourly = subset(green, "hourly_contracts", plants["contract"][plants["hourly"]])
    alone = subset(green, "uncontracted", data.uncontracted["load"])
    green.allotted = pyo.Var(monthly, green.months, within=pyo.NonNegativeReals)
    green.allotted_by_hour = pyo.Var(hourly, data.steps, within=pyo.NonNegativeReals)
    green.allotted_by_zone = pyo.Var(alone, green.months, within=pyo.NonNegativeReals)
    data.stores.add(green, "green", data.steps, data.borders)
    green.periods = pyo.Set(initialize=data.periods["period"].tolist())
    green.hourly_loads = pyo.Set(initialize=data.hourly)
    green.short = pyo.Var(green.periods, within=pyo.NonNegativeReals)
    green.short_by_hour = pyo.Var(green.hourly_loads, data.steps, within=pyo.NonNegativeReals)


def add_constraints(green, data):
    green_contracts.add_plants(green, data)
    _add_zone_plants(green, data)
    green_contracts.add_lines(green, data)
    _add_shares(green, data)


def _add_zone_plants(green, data):
    """Loads without contracts share what the plants of their zone have left."""
    zones = data.uncontracted["zone"].unique()
    table = data.case.tables["generators"]
    generated = green_contracts.energy_of(green, data, "zone_plants", zones, table.groupby("zone")["generator"].agg(list).to_dict())
    loads = members(green, "uncontracted_in", zones, data.uncontracted.groupby("zone")["load"].agg(list).to_dict())

    @green.Constraint(green.uncontracted_in_keys, green.months)
    def left_in_zone(green, zone, month):
        """sum of a over the loads <= sum over the zone's plants of (1 - sum of k) g dt   [GWh]"""
        return sum(green.allotted_by_zone[load, month] for load in loads[zone]) <= generated(
            zone, green.steps_of_month[month], data.free_part
        )


def _add_shares(green, data):
    loads, periods = data.table["load"], data.periods
    own = members_by_fleet(green, "own", loads, {load: [load] for load in loads}, data.load_fleets)
    share = Array(data.table["green_share"].to_numpy(float), loads.to_numpy(object), name="green_share")
    load_of = members(
        green,
        "load_of",
        periods["period"],
        {period: [load] for period, load in zip(periods["period"], periods["load"])},
    )
    months_of = members(green, "months_of", periods["period"], dict(zip(periods["period"], periods["months"])))
    plants = members(green, "contracts_of", loads, data.with_plants.groupby("load")["contract"].agg(list).to_dict())
    stores = members(green, "stores_of", loads, data.with_stores.groupby("load")["contract"].agg(list).to_dict())
    alone = members(green, "if_uncontracted", loads, {load: [load] for load in data.uncontracted["load"]})

    def served(load, step):
        return sum(sum(fleet.served(one, step) for one in of[load]) for fleet, of in own)

    @green.Constraint(green.periods)
    def matched(green, period):
        """sum over the period of a + u = w x sum of L dt   [GWh]"""
        allotted = sum(
            green.allotted[contract, month]
            for load in load_of[period]
            for contract in plants[load]
            for month in months_of[period]
        ) + sum(
            green.allotted_by_zone[one, month]
            for load in load_of[period]
            for one in alone[load]
            for month in months_of[period]
        )
        needed = sum(
            share[load] * data.step_hours[step] * served(load, step)
            for load in load_of[period]
            for month in months_of[period]
            for step in green.steps_of_month[month]
        )
        return allotted + green.short[period] == needed

    @green.Constraint(green.hourly_loads, data.steps)
    def matched_by_hour(green, load, step):
        """sum of a + sum of y - x + u = w L dt   [GWh]"""
        allotted = sum(green.allotted_by_hour[contract, step] for contract in plants[load])
        stored = sum(
            data.stores.discharge(contract, step) - data.stores.charge(contract, step) for contract in stores[load]
        )
        return allotted + stored + green.short_by_hour[load, step] == share[load] * data.step_hours[step] * served(
            load, step
        )


def shortfall_cost(green, data):
    """penalty x sum of u   [million CNY]"""
    short = (sum(green.short[period] for period in green.periods) if len(data.periods) else 0) + (
        sum(green.short_by_hour[load, step] for load in green.hourly_loads for step in data.steps) if data.hourly else 0
    )
    return data.settings.shortfall_penalty_cny_per_mwh * CNY_PER_MWH * short


EXCLUSIVE = ONE_DIRECTION
COSTS = {"shortfall": shortfall_cost}
CHECKS = (green_contracts.check_contracts,)

bundles, bundled = green_contracts.bundles, green_contracts.bundled  # for green_certificates.py


def tables(green, data, solved) -> dict[str, pd.DataFrame]:
    """`green_loads` and `green_trades`."""
    return green_load_tables.tables(green, data, solved)
