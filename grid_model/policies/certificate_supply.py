"""Supply of green certificates: what is issued, given up, banked and sold by zone and month, and where sales clear.

symbol  attribute  unit  kind
i       issued     GWh   decision, of a pool (zone, kind, class) and month: what its generators generate
x       ccer       GWh   decision, certificates given up for certified reductions
s       sold       GWh   decision, of a shelf (zone, kind, vintage) and month
b       banked     GWh   decision, of a shelf at the end of a month; at the end of its last month it has expired
q       retired    GWh   decision, of an obligation, kind and month (certificate_obligations.py)
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.errors import InputError, Problem
from grid_model.policies.certificate_accounts import last_valid_month, month_label, month_number
from grid_model.policies.contract import PolicyData, members


def read_lots(data: PolicyData) -> pd.DataFrame:
    """Opening lots with zone, technology, kind and class of their generator, and the month number of their vintage."""
    table = data.case.tables["certificate_lots"]
    parts = data.parts[data.parts["class"] != "held"].drop_duplicates("generator")
    lots = table.merge(parts[["generator", "zone", "technology", "kind", "class"]], on="generator", how="left")
    lots["vintage"] = month_number(lots["vintage"]) if len(lots) else np.array([], int)
    first = data.month_numbers[0]
    wrong = (lots["vintage"] >= first) | (last_valid_month(lots["vintage"]) < first)
    if wrong.any():
        raise InputError(
            [
                Problem(
                    "certificate_lots.csv",
                    0,
                    "vintage",
                    month_label(month),
                    f"a month before {month_label(first)} in which certificates were not yet to expire before it",
                )
                for month in lots.loc[wrong, "vintage"]
            ]
        )
    return lots


def add_supply_variables(green, data):
    pools, shelves = data.pools, data.shelves
    green.pools = pyo.Set(initialize=pools["pool"].tolist())
    data.choosing = pools["pool"][pools["class"] == "choice"].tolist() if ccer_value(data) else []
    green.choosing = pyo.Set(initialize=data.choosing)
    data.life = [
        (shelf, month)
        for shelf, first, last in zip(shelves["shelf"], shelves["first"], shelves["last"])
        for month in range(first, min(last, len(data.months)) + 1)
    ]
    green.life = pyo.Set(dimen=2, initialize=data.life)
    green.issued = pyo.Var(green.pools, green.months, within=pyo.NonNegativeReals)
    green.ccer = pyo.Var(green.choosing, green.months, within=pyo.NonNegativeReals)
    green.sold = pyo.Var(green.life, within=pyo.NonNegativeReals)
    green.banked = pyo.Var(green.life, within=pyo.NonNegativeReals)


def add_issue(green, data):
    """Certificates by generator and month as named expressions, and their sums by pool."""
    data.issue_of = []
    for fleet in data.issuing:
        parts = data.parts[data.parts["generator"].isin(set(fleet.data.names))]
        entries = [f"{pool} {generator}" for pool, generator in zip(parts["pool"], parts["generator"])]
        part = Array(parts["part"].to_numpy(float), entries, name="part")
        in_pool = members(green, f"{fleet.name}_in", data.pools["pool"], listed(parts["pool"], entries))
        generator_of = members(
            green, f"{fleet.name}_of", entries, {entry: [one] for entry, one in zip(entries, parts["generator"])}
        )
        issuing_names = sorted(set(parts["generator"]))
        issuing = pyo.Set(initialize=issuing_names)
        green.add_component(f"{fleet.name}_issuing", issuing)
        by_generator = pyo.Expression(issuing, green.months, rule=_certificates_of(fleet, data))
        green.add_component(f"issued_by_{fleet.name}", by_generator)
        data.issue_of.append((issuing_names, by_generator, in_pool, generator_of, part))

    @green.Constraint(green.pools, green.months)
    def issue(green, pool, month):
        """i = sum over generators and the steps of the month of (part) g dt   [GWh]"""
        return green.issued[pool, month] == sum(
            sum(
                part[entry] * by_generator[generator, month]
                for entry in in_pool[pool]
                for generator in generator_of[entry]
            )
            for _, by_generator, in_pool, generator_of, part in data.issue_of
        )


def _certificates_of(fleet, data):
    def rule(green, generator, month):
        """sum over the month of g dt of one generator   [GWh]"""
        return sum(data.step_hours[step] * fleet.certificates(generator, step) for step in green.steps_of_month[month])

    return rule


def read_bundles(data) -> None:
    """Contracts of green loads whose certificates move with the energy, and the pool that each draws on."""
    data.green_load = data.earlier.get("green_load")
    data.bundles = (
        data.green_load.bundles()
        if data.green_load
        else pd.DataFrame(columns=["contract", "generator", "load", "zone"])
    )
    pools = data.parts[data.parts["class"] != "held"].set_index("generator")["pool"]
    data.bundles["pool"] = data.bundles["generator"].map(pools)


def add_bank(green, data):
    shelves, pools = data.shelves, data.pools[data.pools["class"] != "held"]
    pools_of_zone = listed(zip(pools["zone"], pools["kind"]), pools["pool"])
    choosing = set(data.choosing)
    life, first, into = data.life, dict(zip(shelves["shelf"], shelves["first"])), {}
    for shelf, zone, kind, vintages in zip(shelves["shelf"], shelves["zone"], shelves["kind"], shelves["vintages"]):
        into |= {(shelf, month): pools_of_zone.get((zone, kind), []) for month in vintages}
    offered = members(green, "pools_offered", life, into)
    given_up = members(
        green, "pools_given_up", life, {key: [one for one in some if one in choosing] for key, some in into.items()}
    )
    before = members(
        green, "month_before", life, {(shelf, month): [month - 1] for shelf, month in life if month > first[shelf]}
    )
    opening = np.zeros((len(shelves), len(data.months)))
    opening[np.arange(len(shelves)), shelves["first"].to_numpy(int) - 1] = shelves["opening_mwh"].to_numpy(float) * MWH
    data.opening = Array(opening, shelves["shelf"].to_numpy(object), data.months, name="opening")
    contracts = members(green, "contracts_of", pools["pool"], listed(data.bundles["pool"], data.bundles["contract"]))

    def moved(pool, month):
        """Certificates that move with energy under contract   [GWh]"""
        return sum(data.green_load.bundled(contract, month) for contract in contracts[pool]) if len(data.bundles) else 0

    @green.Constraint(green.choosing, green.months)
    def either(green, pool, month):
        """x <= i - contracts: a MWh is given up for CCER, or moves with its energy, or is offered   [GWh]"""
        return green.ccer[pool, month] <= green.issued[pool, month] - moved(pool, month)

    @green.Constraint(green.life)
    def bank(green, shelf, month):
        """b[m] + s[m] = b[m-1] + opening + sum of i - x - contracts over its pools   [GWh]"""
        supply = (
            sum(green.banked[shelf, earlier] for earlier in before[shelf, month])
            + data.opening[shelf, month]
            + sum(green.issued[pool, month] - moved(pool, month) for pool in offered[shelf, month])
            - sum(green.ccer[pool, month] for pool in given_up[shelf, month])
        )
        return green.banked[shelf, month] + green.sold[shelf, month] == supply


def add_clearing(green, data):
    shelves, buyers = data.shelves, data.buyers
    life = pd.DataFrame(data.life, columns=["shelf", "month"]).merge(shelves[["shelf", "zone", "kind"]], on="shelf")
    selling = members(
        green,
        "selling",
        [(kind, month) for kind in data.kinds for month in data.months],
        listed(zip(life["kind"], life["month"]), life["shelf"]),
    )
    weight_of = buyers[buyers["load"] == ""].set_index("zone")["buyer"]
    own = life[life["zone"].isin(weight_of.index)]
    keys = list(dict.fromkeys(zip(own["zone"], own["kind"], own["month"])))
    green.own_sales = pyo.Set(dimen=3, initialize=keys)
    own_shelves = members(green, "own_shelves", keys, listed(zip(own["zone"], own["kind"], own["month"]), own["shelf"]))
    others = members(
        green,
        "other_buyers",
        weight_of.index,
        {zone: [other for other in buyers["buyer"] if other != weight] for zone, weight in weight_of.items()},
    )

    @green.Constraint(green.kinds, green.months)
    def clearing(green, kind, month):
        """sum of s over all zones = sum of q over all obligations; its dual is the price   [GWh]"""
        return sum(green.sold[shelf, month] for shelf in selling[kind, month]) == sum(
            green.retired[buyer, kind, month] for buyer in green.buyers
        )

    @green.Constraint(green.own_sales)
    def from_outside(green, zone, kind, month):
        """s of a zone <= q of all but its own weight: a weight counts certificates of other zones only   [GWh]"""
        return sum(green.sold[shelf, month] for shelf in own_shelves[zone, kind, month]) <= sum(
            green.retired[buyer, kind, month] for buyer in others[zone]
        )


def ccer_value(data) -> float:
    """Revenue of a MWh given up for certified reductions, million CNY/GWh; 0 where there is none."""
    price, factor = data.settings.ccer_price_cny_per_t, data.settings.ccer_factor_t_per_mwh
    return 0.0 if price is None or factor is None else price * factor * CNY_PER_MWH


def ccer_revenue(green, data):
    """- price x factor x sum of x   [million CNY]"""
    return (
        -ccer_value(data) * sum(green.ccer[pool, month] for pool in green.choosing for month in green.months)
        if data.choosing
        else 0.0
    )


def listed(keys, values) -> dict:
    lists = {}
    for key, value in zip(keys, values):
        lists.setdefault(key, []).append(value)
    return lists
