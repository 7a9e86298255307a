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
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.certificate_accounts import month_label, month_number
from grid_model.policies.contract import PolicyData, members
from grid_model.policies.directed_flow import DirectedFlow
from grid_model.policies.green_storage import GreenStores
from grid_model.technologies.contract import subset
from grid_model.technologies.generators import CERTIFICATE

NAME = "green_load"
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
    _read_contracts(data)
    _read_zone_plants(data)
    lines = set(data.contracts["line"]) - {""}
    data.by_month, data.by_hour = (DirectedFlow(transmission, lines, data.step_hours) for _ in range(2))
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


def _read_contracts(data: PolicyData) -> None:
    """Contracts of green loads, split into those with plants, by hour or by month, and those with stores."""
    contracts = data.case.tables["contracts"]
    contracts = contracts[contracts["load"].isin(data.table["load"])].reset_index(drop=True)
    contracts["zone"] = contracts["load"].map(data.table.set_index("load")["zone"])
    contracts["hourly"] = contracts["load"].isin(data.hourly)
    data.contracts = contracts
    data.with_plants = contracts[contracts["generator"] != ""].reset_index(drop=True)
    data.with_stores = contracts[contracts["storage"] != ""].reset_index(drop=True)
    keys = data.with_stores.rename(columns={"contract": "key"})[["key", "storage", "share"]]
    data.stores = GreenStores(data.storage, keys, data)
    data.share = Array(contracts["share"].to_numpy(float), contracts["contract"].to_numpy(object), name="share")


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
    _add_plants(green, data)
    _add_zone_plants(green, data)
    _add_lines(green, data)
    _add_shares(green, data)


def _generated(green, data, name: str, keys, lists):
    """A function (key, steps): energy with certificates of the plants in each key's list, each with its part, GWh."""
    of_fleet = [
        (
            fleet,
            members(
                green,
                f"{name}_{fleet.name}",
                keys,
                {key: [one for one in some if one in set(fleet.data.names)] for key, some in lists.items()},
            ),
        )
        for fleet in data.plants
    ]

    def energy(key, steps, part=None):
        return sum(
            sum(
                (1.0 if part is None else part[unit]) * data.step_hours[step] * fleet.certificates(unit, step)
                for unit in of[key]
                for step in steps
            )
            for fleet, of in of_fleet
        )

    return energy


def _add_plants(green, data):
    plants = data.with_plants
    generated = _generated(
        green, data, "plant", plants["contract"], {c: [g] for c, g in zip(plants["contract"], plants["generator"])}
    )

    @green.Constraint(green.monthly_contracts, green.months)
    def contracted(green, contract, month):
        """a <= k x sum over the month of g dt   [GWh]"""
        return green.allotted[contract, month] <= data.share[contract] * generated(
            contract, green.steps_of_month[month]
        )

    steps = {step: [step] for step in data.step_labels.tolist()} if data.hourly else {}
    itself = members(green, "step_itself", steps, steps)

    @green.Constraint(green.hourly_contracts, data.steps)
    def contracted_by_hour(green, contract, step):
        """a <= k g dt   [GWh]"""
        return green.allotted_by_hour[contract, step] <= data.share[contract] * generated(contract, itself[step])

    monthly, hourly = (
        members(green, f"if_{name}", plants["contract"], {c: [c] for c in plants["contract"][chosen]})
        for name, chosen in (("monthly", ~plants["hourly"]), ("hourly", plants["hourly"]))
    )

    @green.Expression(subset(green, "plant_contracts", plants["contract"]), green.months)
    def bundled(green, contract, month):
        """Energy that moves with its certificate: sum of a over the month   [GWh]"""
        return sum(green.allotted[one, month] for one in monthly[contract]) + sum(
            green.allotted_by_hour[one, step] for one in hourly[contract] for step in green.steps_of_month[month]
        )


def _add_zone_plants(green, data):
    """Loads without contracts share what the plants of their zone have left."""
    zones = data.uncontracted["zone"].unique()
    table = data.case.tables["generators"]
    generated = _generated(green, data, "zone_plants", zones, table.groupby("zone")["generator"].agg(list).to_dict())
    loads = members(green, "uncontracted_in", zones, data.uncontracted.groupby("zone")["load"].agg(list).to_dict())

    @green.Constraint(green.uncontracted_in_keys, green.months)
    def left_in_zone(green, zone, month):
        """sum of a over the loads <= sum over the zone's plants of (1 - sum of k) g dt   [GWh]"""
        return sum(green.allotted_by_zone[load, month] for load in loads[zone]) <= generated(
            zone, green.steps_of_month[month], data.free_part
        )


def _add_lines(green, data):
    """What contracts over a line may bring: what the line delivers."""
    over = data.with_plants[data.with_plants["line"] != ""]
    if over.empty:
        return
    steps = {step: [step] for step in data.step_labels.tolist()}
    data.by_month.add(green, "monthly", green.months, green.steps_of_month, data.steps_of_month)
    to_zone = data.by_month.table.set_index(["line", "to_zone"])["arc"]
    arc = to_zone.reindex(pd.MultiIndex.from_frame(over[["line", "zone"]])).to_numpy(object)
    green.arcs = pyo.Set(initialize=list(dict.fromkeys(arc)))
    every = members(green, "contracts_over", dict.fromkeys(arc), over["contract"].groupby(arc).agg(list).to_dict())

    @green.Constraint(green.arcs, green.months)
    def delivered(green, arc, month):
        """sum of a over the month <= (1 - loss) x what the line sends this way   [GWh]"""
        return sum(green.bundled[contract, month] for contract in every[arc]) <= data.by_month.delivered[
            arc
        ] * data.by_month.energy(arc, month)

    by_hour = over["hourly"].to_numpy(bool)
    if not by_hour.any():
        return
    data.by_hour.add(green, "hourly", data.steps, members(green, "delivery_step", steps, steps), steps)
    green.hourly_arcs = pyo.Set(initialize=list(dict.fromkeys(arc[by_hour])))
    hourly = members(
        green,
        "hourly_over",
        dict.fromkeys(arc[by_hour]),
        over["contract"][by_hour].groupby(arc[by_hour]).agg(list).to_dict(),
    )

    @green.Constraint(green.hourly_arcs, data.steps)
    def delivered_by_hour(green, arc, step):
        """sum of a <= (1 - loss) x what the line sends this way   [GWh]"""
        return sum(green.allotted_by_hour[contract, step] for contract in hourly[arc]) <= data.by_hour.delivered[
            arc
        ] * data.by_hour.energy(arc, step)


def _add_shares(green, data):
    loads, periods = data.table["load"], data.periods
    own = [
        (
            fleet,
            members(
                green, f"{fleet.name}_own", loads, {load: [load] for load in loads if load in set(fleet.data.names)}
            ),
        )
        for fleet in data.load_fleets
    ]
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


def bundles(green, data) -> pd.DataFrame:
    """Contracts that move tradable certificates: `contract, generator, load, zone` (of the load)."""
    certificate = data.with_plants["generator"].map(
        data.case.tables["generators"].set_index("generator")["certificate"]
    )
    return data.with_plants[certificate == "tradable"][["contract", "generator", "load", "zone"]].reset_index(drop=True)


def bundled(green, data, contract, month):
    """Certificates that move with the energy of a contract in a month   [GWh]"""
    return green.bundled[contract, month]


def shortfall_cost(green, data):
    """penalty x sum of u   [million CNY]"""
    short = (sum(green.short[period] for period in green.periods) if len(data.periods) else 0) + (
        sum(green.short_by_hour[load, step] for load in green.hourly_loads for step in data.steps) if data.hourly else 0
    )
    return data.settings.shortfall_penalty_cny_per_mwh * CNY_PER_MWH * short


COSTS = {"shortfall": shortfall_cost}


# -------------------------------------------------------------------------------------------------------------- results


def tables(green, data, solved) -> dict[str, pd.DataFrame]:
    """`green_loads`: every load and period (hours summed up) with what was needed, allotted and short, and what one more
    MWh asked for costs (dual; of hours the highest);
    `green_trades`: energy of every contract by month."""
    value = {
        name: np.asarray(solved.evaluate(f"{green.name}.{name}")) / MWH
        for name in ("short", "short_by_hour", "bundled")
    }
    months = [month_label(number) for number in month_number(data.case.months)]
    served = {load: _served(data, solved, load) for load in data.table["load"]}
    share, matching = (data.table.set_index("load")[name] for name in ("green_share", "green_matching"))
    prices = solved.dual(f"{green.name}.matched") / CNY_PER_MWH if len(data.periods) else []
    hourly = (solved.dual(f"{green.name}.matched_by_hour") / CNY_PER_MWH).max(axis=-1) if data.hourly else []
    rows = [
        (load, label, sum(served[load][month - 1] for month in some), short, price)
        for (load, label, some), short, price in zip(
            data.periods[["load", "label", "months"]].itertuples(index=False), value["short"], prices
        )
    ]
    rows += [
        (load, "all hours", served[load].sum(), short, price)
        for load, short, price in zip(data.hourly, value["short_by_hour"].sum(axis=-1), hourly)
    ]
    table = pd.DataFrame(rows, columns=["load", "period", "consumption_mwh", "short_mwh", "price_cny_per_mwh"])
    table.insert(1, "matching", table["load"].map(matching))
    table["required_mwh"] = table["load"].map(share) * table["consumption_mwh"]
    table["matched_mwh"] = table["required_mwh"] - table["short_mwh"]
    trades = pd.DataFrame(
        value["bundled"], pd.Index(data.with_plants["contract"], name="contract"), pd.Index(months, name="month")
    )
    trades = (
        trades.stack()
        .rename("energy_mwh")
        .reset_index()
        .merge(data.with_plants[["contract", "load", "generator", "line"]], on="contract")
    )
    return {"green_loads": table, "green_trades": trades}


def _served(data, solved, load) -> np.ndarray:
    """Consumption of a load by month, MWh."""
    fleet = next(fleet for fleet in data.load_fleets if load in set(fleet.data.names))
    unit = list(fleet.data.names).index(load)
    power = fleet.data.demand.values[unit] - solved.evaluate(f"{fleet.name}.unserved")[unit]
    return np.bincount(data.case.month_of_step, power * data.case.step_hours, minlength=len(data.months)) / MWH


# --------------------------------------------------------------------------------------------------------------- checks


def check_contracts(frames):
    """A contract is with a plant that has certificates or with a store; shares sum to one; hours need contracts."""
    table, loads, lines = frames["contracts"], frames["loads"].set_index("load"), frames["lines"].set_index("line")
    generators = frames["generators"].set_index("generator")
    zone = table["load"].map(loads["zone"])
    origin = table["generator"].map(generators["zone"])
    away = (origin != zone) & (table["generator"] != "")
    ends = [table["line"].map(lines[end]) for end in ("from_zone", "to_zone")]
    between = (
        ((ends[0] == zone) & (ends[1] == origin))
        | ((ends[1] == zone) & (ends[0] == origin))
        | ((ends[0] == zone) | (ends[1] == zone))
    )
    problems = [
        *problems_where(
            table,
            (table["generator"] == "") == (table["storage"] == ""),
            "generator",
            "a generator or a storage, one of both",
        ),
        *problems_where(
            table,
            table["generator"].map(generators["certificate"]) == "none",
            "generator",
            "a generator whose energy has certificates",
        ),
        *problems_where(
            table,
            (table["storage"] != "") & (table["load"].map(loads["green_matching"]) != "hour"),
            "storage",
            "empty where the load is not matched by hour",
        ),
        *problems_where(
            table, away & ~between, "line", "a line into the load's zone where the generator is in another"
        ),
        *problems_where(
            table, ~away & (table["line"] != ""), "line", "empty where the generator is in the load's zone"
        ),
    ]
    for column in ("generator", "storage"):
        total = table["share"].where(table[column] != "").groupby(table[column]).transform("sum")
        problems += problems_where(table, total > 1 + 1e-9, "share", f"shares in one {column} that sum to at most 1")
    hourly = frames["loads"]["green_matching"].eq("hour") & (frames["loads"]["green_share"] > 0)
    supplied = frames["loads"]["load"].isin(table.loc[table["generator"] != "", "load"])
    return problems + problems_where(
        frames["loads"],
        hourly & ~supplied & (frames["loads"]["certificates"] == "none"),
        "green_matching",
        "year or month, or a row for the load in table contracts: hours are matched by contracts",
    )


CHECKS = (check_contracts,)
