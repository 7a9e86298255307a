"""Green certificates: issue, bank, trade and retirement by zone and month, and the obligations that they serve.

symbol  attribute      unit  kind
i       issued         GWh   decision, of a pool (zone, kind, class) and month: what its generators generate, by row
                              `issue`
x       ccer           GWh   decision, certificates of a pool given up for certified reductions (offshore wind, solar
                              thermal)
s       sold           GWh   decision, of a shelf (zone, kind, vintage) and month
b       banked         GWh   decision, of a shelf at the end of a month; what is left at the end of its last month has
                              expired
q       retired        GWh   decision, of an obligation, kind and month: bought and retired at once
c       carried        GWh   decision, renewable energy that a line carries one way, by kind and month, at the sending
                              end
p       consumed       GWh   decision, renewable energy physically consumed in a zone, by kind and month
u       short          GWh   decision, by obligation and year (weights: total and non_hydro)
w       share          1     data: consumption weight, or share of a load
L       served         GWh   offer of loads

Rows: issued = held + offered; offered is sold, given up for CCER or banked; sales and purchases of all zones clear
once a month (and kind, where hydro is tradable); the dual of `clearing` is the certificate's price. Every weight:
sum of p + sum of q + u >= w L; key industries and green loads: sum of q + u >= w L. What is short costs the penalty
and is gone with its year.

Choices where the rules are silent (NDRC/NEA notices 1044 of 2023 and 669 of 2025, NEA/MEE notice 124 of 2024;
docs/policy.md, section 4):

- Imports. The share of a mixed flow that is renewable is a product of two decisions; here a line carries as `carried`
  any part of what it sends in a month, at most `renewable_share` of it, as far as its zone of origin has renewable
  energy of the month left: own, or carried to it. So a MWh is physically consumed in one zone only, never more than it
  consumes, and a zone imports no more than arrives. It is the reading of contracts (cross-province energy is settled
  by the month), not that of the mix: results set the share that proportional sharing finds beside it (`green_imports`,
  `traced_mwh`), and `renewable_share` of a line holds a later run to it.
- Physical energy first. Buying costs `preference_cny_per_mwh`, so that nothing is bought where physical energy serves.
- A weight counts certificates from outside its zone only (notice 669), a load those of any zone. What a zone sells
  does not lower its physical consumption, as the notice debits no seller; `debit_seller: true` does, each MWh then
  counts once.
- Buyers retire in the month in which they buy; banking is left to who was issued, which comes to the same, as no month
  is dearer than another for reasons other than scarcity.
- A horizon shorter than a year is assessed on its own consumption. A load's own certificates count for it, not for its
  zone.
- Green-electricity contracts (green_load.py) move energy and certificate together: what they allot is never offered.
- Energy that is given up for CCER is still physically consumed; its certificates are cancelled (notice 124).
- No fine is ruled for what is short: the penalty is an assumption of the scenario.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.checks import problems_where, unique_together
from grid_model.case.tables import date, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.errors import InputError, Problem
from grid_model.policies import certificate_tables, guaranteed_purchase
from grid_model.policies.certificate_accounts import (
    certificate_class,
    last_valid_month,
    month_label,
    month_number,
    pools_of,
    shelves_of,
)
from grid_model.policies.contract import PolicyData, members
from grid_model.policies.directed_flow import DirectedFlow
from grid_model.policies.green_load import BY_CERTIFICATES, GREEN_SHARE
from grid_model.technologies.generators import CERTIFICATE

NAME = "green_certificates"
DEFAULT = False

WEIGHTS = {"total": ("hydro", "non_hydro"), "non_hydro": ("non_hydro",)}

TABLES = {
    "generators": [
        CERTIFICATE,
        *guaranteed_purchase.TABLES["generators"][:1],
        number(
            "self_consumed_fraction",
            unit="1",
            minimum=0,
            maximum=1,
            default=0,
            by_technology=True,
            meaning="part of the generation that its owner consumes himself: its certificates are held",
        ),
    ],
    "lines": [
        number(
            "renewable_share",
            unit="1",
            minimum=0,
            maximum=1,
            default=1,
            meaning="greatest part of a month's energy carried that counts as renewable where it arrives",
        )
    ],
    "loads": [GREEN_SHARE, BY_CERTIFICATES],
    "obligations": [
        reference("zone", "zones", meaning="zone whose consumption is assessed", required=True),
        number("total_share", unit="1", minimum=0, maximum=1, required=True, meaning="weight of all renewable energy"),
        number("non_hydro_share", unit="1", minimum=0, maximum=1, required=True, meaning="weight of it without hydro"),
        number(
            "year",
            unit="1",
            minimum=2000,
            required=True,
            meaning="year from which on the weights hold, until a later row",
        ),
        text("source", meaning="where the row is from"),
    ],
    "certificate_lots": [
        identifier("lot", meaning="certificates of one generator and month, in hand at the start"),
        reference("generator", "generators", meaning="generator that they were issued to", required=True),
        date("vintage", meaning="month of generation"),
        number("quantity_mwh", unit="MWh", minimum=0, required=True, meaning="how many, one per MWh"),
        text("source", meaning="where the row is from"),
    ],
}


class Industry(BaseModel):
    """Share of a kind of load that must be green by certificates; empty: the total weight of its zone (notice 669)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float | None = Field(default=None, ge=0, le=1)
    assessed: bool = True


class Settings(BaseModel):
    """Figures of the certificate market.

    shortfall_penalty_cny_per_mwh  what a MWh short of an obligation costs; an assumption, no fine is ruled
    preference_cny_per_mwh         what puts physical energy before certificates where nothing else decides
    debit_seller                   whether sold certificates are taken from the seller's own weight
    assess_weights                 whether the weights of zones bind; otherwise only loads are obliged
    industries                     {kind of load: share, assessed}
    ccer_price_cny_per_t, ccer_factor_t_per_mwh   price of certified reductions and reduction per energy; both or no
    CCER
    ccer_technologies              who may choose it
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortfall_penalty_cny_per_mwh: float = Field(default=100, ge=0)
    preference_cny_per_mwh: float = Field(default=0.1, ge=0)
    debit_seller: bool = False
    assess_weights: bool = True
    industries: dict[str, Industry] = {}
    ccer_price_cny_per_t: float | None = Field(default=None, ge=0)
    ccer_factor_t_per_mwh: float | None = Field(default=None, ge=0)
    ccer_technologies: tuple[str, ...] = ("wind_offshore", "solar_thermal")


# ------------------------------------------------------------------------------------------------------------- numbers


def read(case, fleets, settings) -> PolicyData | None:
    data = PolicyData(case, fleets, settings)
    data.issuing = data.offering("certificates")
    parts = certificate_class(case, settings.ccer_technologies)
    known = {name for fleet in data.issuing for name in fleet.data.names}
    data.parts = parts[parts["generator"].isin(known)].reset_index(drop=True)
    data.load_fleets = data.offering("served")
    if data.parts.empty and not data.load_fleets:
        return None
    _read_time(data)
    data.pools = pools_of(data.parts)
    data.lots = _read_lots(data)
    data.shelves = shelves_of(data.pools, data.lots, data.month_numbers)
    data.kinds = sorted(set(data.shelves["kind"]))
    data.both_kinds, data.kinds_of_weight = list(WEIGHTS["total"]), WEIGHTS
    data.weights = _read_weights(data) if settings.assess_weights else _read_weights(data).iloc[:0]
    data.green = _read_green_loads(data)
    transmission = next((fleet for fleet in fleets if fleet.name == "transmission"), None)
    lines = case.tables["lines"]["line"] if len(data.weights) else []
    data.flows = DirectedFlow(transmission, lines, data.step_hours)
    return data


def _read_time(data: PolicyData) -> None:
    """Months are positions 1..M; `years` the calendar years; which months and steps belong to which."""
    case = data.case
    data.month_numbers = month_number(case.months)
    data.months = list(range(1, len(case.months) + 1))
    data.steps_of_month = {month: data.step_labels[case.month_of_step == month - 1].tolist() for month in data.months}
    year = data.month_numbers // 12
    data.years = sorted(set(year.tolist()))
    data.months_of_year = {one: [month for month in data.months if year[month - 1] == one] for one in data.years}


def _read_lots(data: PolicyData) -> pd.DataFrame:
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


def _read_weights(data: PolicyData) -> pd.DataFrame:
    """`zone, year, total, non_hydro`: the weights that hold in each year of the horizon; zones without a load have
    none."""
    table = data.case.tables["obligations"].sort_values("year", kind="stable")
    loaded = {zone for fleet in data.load_fleets for zone in fleet.data.zone_names}
    rows = [table[table["year"] <= year].drop_duplicates("zone", keep="last").assign(year=year) for year in data.years]
    weights = pd.concat(rows).rename(columns={"total_share": "total", "non_hydro_share": "non_hydro"})
    weights = weights[weights["zone"].isin(loaded)][["zone", "year", "total", "non_hydro"]]
    return weights.assign(year=weights["year"].astype(int)).reset_index(drop=True)


def _read_green_loads(data: PolicyData) -> pd.DataFrame:
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


# ----------------------------------------------------------------------------------------------------------- variables


def add_variables(green, data):
    green.months, green.years = pyo.Set(initialize=data.months), pyo.Set(initialize=data.years)
    green.kinds = pyo.Set(initialize=data.kinds)
    green.steps_of_month = members(green, "steps_of_month", data.months, data.steps_of_month)
    green.months_of_year = members(green, "months_of_year", data.years, data.months_of_year)
    _add_supply_variables(green, data)
    _add_demand_variables(green, data)


def _add_supply_variables(green, data):
    pools, shelves = data.pools, data.shelves
    green.pools = pyo.Set(initialize=pools["pool"].tolist())
    data.choosing = pools["pool"][pools["class"] == "choice"].tolist() if _ccer_value(data) else []
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


def _add_demand_variables(green, data):
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


# --------------------------------------------------------------------------------------------------------------- rows


def add_constraints(green, data):
    _read_bundles(data)
    _add_issue(green, data)
    if len(data.shelves):
        _add_bank(green, data)
        _add_clearing(green, data)
    _add_served(green, data)
    _add_physical(green, data)
    _add_obligations(green, data)


def _add_issue(green, data):
    """Certificates by generator and month as named expressions, and their sums by pool."""
    data.issue_of = []
    for fleet in data.issuing:
        parts = data.parts[data.parts["generator"].isin(set(fleet.data.names))]
        entries = [f"{pool} {generator}" for pool, generator in zip(parts["pool"], parts["generator"])]
        part = Array(parts["part"].to_numpy(float), entries, name="part")
        in_pool = members(green, f"{fleet.name}_in", data.pools["pool"], _lists(parts["pool"], entries))
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


def _read_bundles(data) -> None:
    """Contracts of green loads whose certificates move with the energy, and the pool that each draws on."""
    data.green_load = data.earlier.get("green_load")
    data.bundles = (
        data.green_load.bundles()
        if data.green_load
        else pd.DataFrame(columns=["contract", "generator", "load", "zone"])
    )
    pools = data.parts[data.parts["class"] != "held"].set_index("generator")["pool"]
    data.bundles["pool"] = data.bundles["generator"].map(pools)


def _lists(keys, values) -> dict:
    lists = {}
    for key, value in zip(keys, values):
        lists.setdefault(key, []).append(value)
    return lists


def _add_bank(green, data):
    shelves, pools = data.shelves, data.pools[data.pools["class"] != "held"]
    pools_of_zone = _lists(zip(pools["zone"], pools["kind"]), pools["pool"])
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
    contracts = members(green, "contracts_of", pools["pool"], _lists(data.bundles["pool"], data.bundles["contract"]))

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


def _add_clearing(green, data):
    shelves, buyers = data.shelves, data.buyers
    life = pd.DataFrame(data.life, columns=["shelf", "month"]).merge(shelves[["shelf", "zone", "kind"]], on="shelf")
    selling = members(
        green,
        "selling",
        [(kind, month) for kind in data.kinds for month in data.months],
        _lists(zip(life["kind"], life["month"]), life["shelf"]),
    )
    weight_of = buyers[buyers["load"] == ""].set_index("zone")["buyer"]
    own = life[life["zone"].isin(weight_of.index)]
    keys = list(dict.fromkeys(zip(own["zone"], own["kind"], own["month"])))
    green.own_sales = pyo.Set(dimen=3, initialize=keys)
    own_shelves = members(green, "own_shelves", keys, _lists(zip(own["zone"], own["kind"], own["month"]), own["shelf"]))
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


def _add_physical(green, data):
    """Renewable energy by zone of generation, over lines, to where it is consumed; only where weights are assessed."""
    if data.weights.empty:
        return
    arcs, zones = data.flows.table, data.case.zones
    data.flows.add(green, "lines", green.months, green.steps_of_month, data.steps_of_month)
    green.both_kinds = pyo.Set(initialize=data.both_kinds)
    green.arcs = pyo.Set(initialize=arcs["arc"].tolist())
    green.carried = pyo.Var(green.arcs, green.both_kinds, green.months, within=pyo.NonNegativeReals)
    green.consumed = pyo.Var(data.zones, green.both_kinds, green.months, within=pyo.NonNegativeReals)
    leaving = members(green, "leaving", zones, _lists(arcs["from_zone"], arcs["arc"]))
    arriving = members(green, "arriving", zones, _lists(arcs["to_zone"], arcs["arc"]))
    generated = members(
        green,
        "pools_of",
        [(zone, kind) for zone in zones for kind in data.both_kinds],
        _lists(zip(data.pools["zone"], data.pools["kind"]), data.pools["pool"]),
    )
    share = data.case.tables["lines"].set_index("line")["renewable_share"].reindex(arcs["line"]).to_numpy(float)
    share = Array(share, arcs["arc"].to_numpy(object), name="renewable_share")

    @green.Expression(data.zones, green.both_kinds, green.months)
    def at_hand(green, zone, kind, month):
        """sum of i + sum of (1 - loss) c arriving - sum of c leaving   [GWh]"""
        return (
            sum(green.issued[pool, month] for pool in generated[zone, kind])
            + sum(data.flows.delivered[arc] * green.carried[arc, kind, month] for arc in arriving[zone])
            - sum(green.carried[arc, kind, month] for arc in leaving[zone])
        )

    @green.Constraint(data.zones, green.both_kinds, green.months)
    def physical(green, zone, kind, month):
        """p <= what is at hand, which is never less than nothing   [GWh]"""
        return green.consumed[zone, kind, month] <= green.at_hand[zone, kind, month]

    @green.Constraint(data.zones, green.months)
    def no_more_than_consumed(green, zone, month):
        """sum of p over both kinds <= L   [GWh]"""
        return sum(green.consumed[zone, kind, month] for kind in green.both_kinds) <= green.served[zone, month]

    @green.Constraint(green.arcs, green.months)
    def carried_by_line(green, arc, month):
        """sum of c over both kinds <= renewable_share x what the line sends this way   [GWh]"""
        return sum(green.carried[arc, kind, month] for kind in green.both_kinds) <= share[arc] * data.flows.energy(
            arc, month
        )


def _add_obligations(green, data):
    weights, loads = data.weights, data.green[data.green["assessed"]]
    if len(weights):
        _add_weights(green, data)
    if len(loads):
        shares = loads.pivot(index="load", columns="year", values="share").fillna(0.0)
        share = Array(shares.to_numpy(float), shares.index.to_numpy(object), shares.columns.tolist(), name="share")

        @green.Constraint(green.obliged_loads)
        def load_share(green, load, year):
            """sum over the year of q + u >= w L   [GWh]"""
            bought = sum(
                green.retired[load, kind, month] for kind in green.kinds for month in green.months_of_year[year]
            )
            needed = share[load, year] * sum(green.served_load[load, month] for month in green.months_of_year[year])
            return bought + green.load_short[load, year] >= needed


def _add_served(green, data):
    """L of zones, and of loads that have a share of their own, by month."""
    own = [
        (
            fleet,
            members(
                green,
                f"{fleet.name}_own",
                data.green["load"].unique(),
                {name: [name] for name in data.green["load"].unique() if name in set(fleet.data.names)},
            ),
        )
        for fleet in data.load_fleets
    ]
    green.green_loads = pyo.Set(initialize=data.green["load"].unique().tolist())

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
        _lists(zip(shelves["zone"], shelves["kind"], shelves["year"]), shelves["shelf"])
        if data.settings.debit_seller
        else {},
    )
    alive = members(green, "alive", shelves["shelf"], _lists(*zip(*data.life)) if data.life else {})

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


# ---------------------------------------------------------------------------------------------------------------- cost


def _ccer_value(data) -> float:
    """Revenue of a MWh given up for certified reductions, million CNY/GWh; 0 where there is none."""
    price, factor = data.settings.ccer_price_cny_per_t, data.settings.ccer_factor_t_per_mwh
    return 0.0 if price is None or factor is None else price * factor * CNY_PER_MWH


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


def ccer_revenue(green, data):
    """- price x factor x sum of x   [million CNY]"""
    return (
        -_ccer_value(data) * sum(green.ccer[pool, month] for pool in green.choosing for month in green.months)
        if data.choosing
        else 0.0
    )


def preference_cost(green, data):
    """preference x (sum of q + exchange of lines that tell no direction)   [million CNY]"""
    buying = len(data.buyers) and data.kinds
    bought = (
        sum(
            green.retired[buyer, kind, month]
            for buyer in green.buyers
            for kind in green.kinds
            for month in green.months
        )
        if buying
        else 0
    )
    exchanged = data.flows.exchanged() if len(data.weights) and len(data.flows.exchanging) else 0
    return data.settings.preference_cny_per_mwh * CNY_PER_MWH * (bought + exchanged)


COSTS = {"shortfall": shortfall_cost, "ccer": ccer_revenue, "preference": preference_cost}


# -------------------------------------------------------------------------------------------------------------- results


def tables(green, data, solved) -> dict:
    return certificate_tables.tables(green, data, solved)


# --------------------------------------------------------------------------------------------------------------- checks


def check_certificates(frames):
    """Hydro from before 2023 is held; weights that can hold together; lots of generators that may trade them."""
    generators, obligations, lots = frames["generators"], frames["obligations"], frames["certificate_lots"]
    kinds = frames["technologies"].drop_duplicates("technology").set_index("technology")["kind"]
    old = (generators["technology"].map(kinds) == "hydro") & (generators["commissioned"] < pd.Timestamp(2023, 1, 1))
    certificate = lots["generator"].map(generators.set_index("generator")["certificate"])
    return [
        *problems_where(
            generators,
            old & (generators["certificate"] == "tradable"),
            "certificate",
            "held, or none, for hydro commissioned before 2023",
        ),
        *problems_where(
            obligations,
            obligations["non_hydro_share"] > obligations["total_share"],
            "non_hydro_share",
            "a number <= total_share",
        ),
        *problems_where(obligations, obligations["year"] % 1 != 0, "year", "a whole number"),
        *unique_together(obligations, ["zone", "year"]),
        *problems_where(lots, certificate != "tradable", "generator", "a generator whose certificates are tradable"),
        *problems_where(lots, lots["vintage"].isna(), "vintage", "a month such as 2026-05"),
        *problems_where(lots, lots["quantity_mwh"] % 1 != 0, "quantity_mwh", "a whole number: one certificate per MWh"),
    ]


CHECKS = (check_certificates,)
