"""Contracts of green loads: what each may allot of its plant's output, what its line delivers, what moves with it.

symbol  attribute      unit  kind
a       allotted       GWh   decision, of a contract by month, or by step where its load is matched by hour
k       share          1     data: part of the plant's output that the contract covers
g       certificates   GW    offer of plants
"""

from __future__ import annotations

import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.policies.contract import PolicyData, members, members_by_fleet
from grid_model.policies.green_storage import GreenStores
from grid_model.technologies.contract import subset


def read_contracts(data: PolicyData) -> None:
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


def energy_of(green, data, name: str, keys, lists):
    """A function (key, steps): energy with certificates of the plants in each key's list, each with its part, GWh."""
    of_fleet = members_by_fleet(green, name, keys, lists, data.plants)

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


def add_plants(green, data):
    plants = data.with_plants
    generated = energy_of(
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


def add_lines(green, data):
    """What contracts over a line may bring: what the line delivers."""
    over = data.with_plants[data.with_plants["line"] != ""]
    if over.empty:
        return
    data.flows.add(green, data.steps)
    to_zone = data.flows.table.set_index(["line", "to_zone"])["arc"]
    arc = to_zone.reindex(pd.MultiIndex.from_frame(over[["line", "zone"]])).to_numpy(object)
    green.arcs = pyo.Set(initialize=list(dict.fromkeys(arc)))
    every = members(green, "contracts_over", dict.fromkeys(arc), over["contract"].groupby(arc).agg(list).to_dict())

    @green.Constraint(green.arcs, green.months)
    def delivered(green, arc, month):
        """sum of a over the month <= (1 - loss) x what the line sends this way   [GWh]"""
        sent = sum(data.flows.energy(arc, step) for step in green.steps_of_month[month])
        return sum(green.bundled[contract, month] for contract in every[arc]) <= data.flows.delivered[arc] * sent

    by_hour = over["hourly"].to_numpy(bool)
    if not by_hour.any():
        return
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
        allotted = sum(green.allotted_by_hour[contract, step] for contract in hourly[arc])
        return allotted <= data.flows.delivered[arc] * data.flows.energy(arc, step)


def bundles(green, data) -> pd.DataFrame:
    """Contracts that move tradable certificates: `contract, generator, load, zone` (of the load)."""
    certificate = data.with_plants["generator"].map(
        data.case.tables["generators"].set_index("generator")["certificate"]
    )
    return data.with_plants[certificate == "tradable"][["contract", "generator", "load", "zone"]].reset_index(drop=True)


def bundled(green, data, contract, month):
    """Certificates that move with the energy of a contract in a month   [GWh]"""
    return green.bundled[contract, month]


def check_contracts(frames):
    """A contract is of a load with a share to meet by contracts, with a plant that has certificates or with a store; shares sum to
    one; hours need contracts."""
    table, loads = frames["contracts"], frames["loads"]
    hourly = (loads["green_matching"] == "hour") & (loads["green_share"] > 0) & (loads["certificates"] == "none")
    supplied = loads["load"].isin(table.loc[table["generator"] != "", "load"])
    return (_contract_problems(frames) if len(table) else []) + problems_where(
        loads,
        hourly & ~supplied,
        "green_matching",
        "year or month, or a row for the load in table contracts: hours are matched by contracts",
    )


def _contract_problems(frames) -> list:
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
    by_contracts = (loads["green_share"] > 0) & (loads["certificates"] == "none")
    problems = [
        *problems_where(
            table,
            table["load"].isin(loads.index) & ~table["load"].map(by_contracts).fillna(False).astype(bool),
            "load",
            "a load with a green_share above 0 that is not met by certificates alone (certificates: none)",
        ),
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
    return problems
