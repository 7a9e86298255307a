"""Obligations that certificates and physical renewable energy serve: consumption weights of zones, shares of loads.

symbol  attribute  unit  kind
p       consumed   GWh   decision, renewable energy physically consumed in a zone, by kind and month
q       retired    GWh   decision, of an obligation, kind and month: bought and retired at once
u       short      GWh   decision, by obligation and year (weights: total and non_hydro)
w       share      1     data: consumption weight, or share of a load
L       served     GWh   offer of loads
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import CNY_PER_MWH
from grid_model.policies.certificate_supply import listed
from grid_model.policies.contract import PolicyData, members, members_by_fleet

WEIGHTS = {"total": ("hydro", "non_hydro"), "non_hydro": ("non_hydro",)}


def read_weights(data: PolicyData) -> pd.DataFrame:
    """`zone, year, total, non_hydro`: the weights that hold in each year of the horizon; zones without a load have
    none."""
    table = data.case.tables["obligations"].sort_values("year", kind="stable")
    loaded = {zone for fleet in data.load_fleets for zone in fleet.data.zone_names}
    rows = [table[table["year"] <= year].drop_duplicates("zone", keep="last").assign(year=year) for year in data.years]
    weights = pd.concat(rows).rename(columns={"total_share": "total", "non_hydro_share": "non_hydro"})
    weights = weights[weights["zone"].isin(loaded)][["zone", "year", "total", "non_hydro"]]
    return weights.assign(year=weights["year"].astype(int)).reset_index(drop=True)


def read_green_loads(data: PolicyData) -> pd.DataFrame:
    """`load, zone, year, share, assessed` of loads that need certificates: key industries by kind, or by their own
    row."""
    table, industries = data.case.tables["loads"], data.settings.industries
    own = (table["certificates"] != "none").to_numpy()
    rules = {kind: "assessed" if one.assessed else "monitored" for kind, one in industries.items()}
    rule = np.where(own, table["certificates"].to_numpy(object), table["kind"].map(rules).astype(object).fillna("none"))
    of_kind = table["kind"].map({kind: one.share for kind, one in industries.items()}).astype(float)
    share = np.where(own, table["green_share"].to_numpy(float), of_kind)
    rows = [table[["load", "zone"]].assign(year=year, rule=rule, share=share) for year in data.years]
    green = pd.concat(rows, ignore_index=True)
    total = data.weights.set_index(["zone", "year"])["total"]
    of_zone = total.reindex(pd.MultiIndex.from_frame(green[["zone", "year"]])).to_numpy(float)
    green["share"] = green["share"].fillna(pd.Series(of_zone, green.index))
    green = green[green["rule"].isin(["monitored", "assessed"]) & (green["share"] > 0)]
    return green.assign(assessed=green["rule"] == "assessed").drop(columns="rule").reset_index(drop=True)


def add_demand_variables(green, data):
    weights, loads = data.weights, data.green[data.green["assessed"]]
    data.buyers = pd.concat(
        [
            weights.assign(buyer=weights["zone"] + " weight", load="")[["buyer", "zone", "load"]],
            loads.assign(buyer=loads["load"])[["buyer", "zone", "load"]],
        ]
    ).drop_duplicates("buyer")
    green.buyers = pyo.Set(initialize=data.buyers["buyer"].tolist())
    green.retired = pyo.Var(green.buyers, green.kinds, green.months, within=pyo.NonNegativeReals)
    zone_years = list(zip(weights["zone"], weights["year"]))
    green.assessed = pyo.Set(dimen=2, initialize=zone_years)
    green.obliged_loads = pyo.Set(dimen=2, initialize=list(zip(loads["load"], loads["year"])))
    green.weights = pyo.Set(initialize=list(WEIGHTS))
    green.short = pyo.Var(green.assessed, green.weights, within=pyo.NonNegativeReals)
    green.load_short = pyo.Var(green.obliged_loads, within=pyo.NonNegativeReals)


def add_served(green, data):
    """L of zones, and of loads that have a share of their own, by month."""
    loads = data.green["load"].unique().tolist()
    own = members_by_fleet(green, "own", loads, {load: [load] for load in loads}, data.load_fleets)
    green.green_loads = pyo.Set(initialize=loads)

    @green.Expression(data.zones, green.months)
    def served(green, zone, month):
        """sum of L dt over the loads of a zone   [GWh]"""
        return sum(
            sum(
                data.step_hours[step] * fleet.served(load, step)
                for load in fleet.data.units_in[zone]
                for step in green.steps_of_month[month]
            )
            for fleet in data.load_fleets
        )

    @green.Expression(green.green_loads, green.months)
    def served_load(green, load, month):
        """sum of L dt of one load   [GWh]"""
        return sum(
            sum(
                data.step_hours[step] * fleet.served(one, step)
                for one in own_of[load]
                for step in green.steps_of_month[month]
            )
            for fleet, own_of in own
        )


def add_obligations(green, data):
    weights, loads = data.weights, data.green[data.green["assessed"]]
    if len(weights):
        _add_weights(green, data)
    if len(loads):
        shares = loads.pivot(index="load", columns="year", values="share").fillna(0.0)
        share = Array(shares.to_numpy(float), shares.index.to_numpy(object), shares.columns.tolist(), name="share")
        contracts = members(green, "contracts_for", shares.index, listed(data.bundles["load"], data.bundles["contract"]))

        def moved(load, month):
            """Certificates that move with energy under the load's contracts   [GWh]"""
            return sum(data.green_load.bundled(contract, month) for contract in contracts[load]) if len(data.bundles) else 0

        @green.Constraint(green.obliged_loads)
        def load_share(green, load, year):
            """sum over the year of q + contracts + u >= w L   [GWh]"""
            bought = sum(
                green.retired[load, kind, month] for kind in green.kinds for month in green.months_of_year[year]
            ) + sum(moved(load, month) for month in green.months_of_year[year])
            needed = share[load, year] * sum(green.served_load[load, month] for month in green.months_of_year[year])
            return bought + green.load_short[load, year] >= needed


def _add_weights(green, data):
    weights = data.weights
    names = list(WEIGHTS)
    at = weights.pivot(index="zone", columns="year", values=names).fillna(0.0)
    values = np.stack([at[name].to_numpy(float) for name in names], axis=-1)
    data.weight = Array(values, at.index.to_numpy(object), at["total"].columns.tolist(), names, name="weight")
    counted = members(green, "physical_kinds", names, WEIGHTS)
    bought = members(
        green,
        "bought_kinds",
        names,
        {name: [one for one in kinds if one in data.kinds] for name, kinds in WEIGHTS.items()},
    )
    buyer_of = members(
        green, "weight_of", weights["zone"].unique(), {zone: [f"{zone} weight"] for zone in weights["zone"]}
    )
    shelves = data.shelves
    debited = members(
        green,
        "debited",
        [(zone, kind, year) for zone in weights["zone"].unique() for kind in data.both_kinds for year in data.years],
        listed(zip(shelves["zone"], shelves["kind"], shelves["year"]), shelves["shelf"])
        if data.settings.debit_seller
        else {},
    )
    alive = members(green, "alive", shelves["shelf"], listed(*zip(*data.life)) if data.life else {})

    @green.Constraint(green.assessed, green.weights)
    def weight(green, zone, year, name):
        """sum over the year of p + sum of q - sales where the seller is debited + u >= w L   [GWh]"""
        consumed = sum(
            green.consumed[zone, kind, month] for kind in counted[name] for month in green.months_of_year[year]
        )
        certificates = sum(
            green.retired[buyer, kind, month]
            for kind in bought[name]
            for buyer in buyer_of[zone]
            for month in green.months_of_year[year]
        )
        debit = sum(
            green.sold[shelf, month]
            for kind in bought[name]
            for shelf in debited[zone, kind, year]
            for month in alive[shelf]
        )
        needed = data.weight[zone, year, name] * sum(green.served[zone, month] for month in green.months_of_year[year])
        return consumed + certificates - debit + green.short[zone, year, name] >= needed


def shortfall_cost(green, data):
    """penalty x sum of u   [million CNY]"""
    weights = (
        sum(green.short[zone, year, name] for zone, year in green.assessed for name in green.weights)
        if len(data.weights)
        else 0
    )
    loads = (
        sum(green.load_short[load, year] for load, year in green.obliged_loads) if data.green["assessed"].any() else 0
    )
    return data.settings.shortfall_penalty_cny_per_mwh * CNY_PER_MWH * (weights + loads)
