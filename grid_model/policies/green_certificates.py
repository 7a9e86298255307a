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
  zone. What moves with its contracts (green_load.py) counts for its share as a key industry.
- Green-electricity contracts (green_load.py) move energy and certificate together: what they allot is never offered.
- Energy that is given up for CCER is still physically consumed; its certificates are cancelled (notice 124).
- No fine is ruled for what is short: the penalty is an assumption of the scenario.
"""

from __future__ import annotations

import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field, field_validator

from grid_model.case.checks import kinds_of, problems_where, unique_together
from grid_model.case.tables import date, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH
from grid_model.policies import certificate_obligations as obligations
from grid_model.policies import certificate_supply as supply
from grid_model.policies import certificate_tables, guaranteed_purchase
from grid_model.policies.certificate_accounts import (
    certificate_class,
    month_number,
    pools_of,
    shelves_of,
)
from grid_model.policies.contract import PolicyData, members
from grid_model.policies.directed_flow import ONE_DIRECTION, DirectedFlow
from grid_model.policies.green_load import BY_CERTIFICATES, GREEN_SHARE
from grid_model.policies.renewable_consumption import add_physical
from grid_model.technologies.generators import CERTIFICATE

NAME = "green_certificates"
DEFAULT = False


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
    """Share of a kind of load that must be green by certificates; empty: the total weight of its zone (notice 669).

    assessed: what is short costs the penalty; else it is monitored, told and without effect.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float | None = Field(default=None, ge=0, le=1)
    assessed: bool = True


# Notice 669 of 2025: electrolytic aluminium is assessed, the others are monitored; new data centres at the hubs at 80 %.
INDUSTRIES = {
    "aluminium": Industry(),
    "steel": Industry(assessed=False),
    "cement": Industry(assessed=False),
    "polysilicon": Industry(assessed=False),
    "data_centre": Industry(share=0.8, assessed=False),
}


class Settings(BaseModel):
    """Figures of the certificate market.

    shortfall_penalty_cny_per_mwh  what a MWh short of an obligation costs; an assumption, no fine is ruled
    preference_cny_per_mwh         what puts physical energy before certificates where nothing else decides
    debit_seller                   whether sold certificates are taken from the seller's own weight
    assess_weights                 whether the weights of zones bind; otherwise only loads are obliged
    industries                     {kind of load: share, assessed}; kinds that are not named stay as they are by default
    ccer_price_cny_per_t           price of certified reductions; none: nobody chooses them
    ccer_factor_t_per_mwh          certified reductions of a MWh; given where their price is
    ccer_technologies              who may choose them
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortfall_penalty_cny_per_mwh: float = Field(default=100, ge=0)
    preference_cny_per_mwh: float = Field(default=0.1, ge=0)
    debit_seller: bool = False
    assess_weights: bool = True
    industries: dict[str, Industry] = INDUSTRIES
    ccer_price_cny_per_t: float | None = Field(default=None, ge=0)
    ccer_factor_t_per_mwh: float | None = Field(default=None, ge=0)
    ccer_technologies: tuple[str, ...] = ("wind_offshore", "solar_thermal")

    @field_validator("industries")
    @classmethod
    def _as_ruled(cls, industries):
        return INDUSTRIES | industries


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
    data.lots = supply.read_lots(data)
    data.shelves = shelves_of(data.pools, data.lots, data.month_numbers)
    data.kinds = sorted(set(data.shelves["kind"]))
    data.both_kinds, data.kinds_of_weight = list(obligations.WEIGHTS["total"]), obligations.WEIGHTS
    data.weights = obligations.read_weights(data) if settings.assess_weights else obligations.read_weights(data).iloc[:0]
    data.green = obligations.read_green_loads(data)
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


# ----------------------------------------------------------------------------------------------------------- variables


def add_variables(green, data):
    green.months, green.years = pyo.Set(initialize=data.months), pyo.Set(initialize=data.years)
    green.kinds = pyo.Set(initialize=data.kinds)
    green.steps_of_month = members(green, "steps_of_month", data.months, data.steps_of_month)
    green.months_of_year = members(green, "months_of_year", data.years, data.months_of_year)
    supply.add_supply_variables(green, data)
    obligations.add_demand_variables(green, data)


# --------------------------------------------------------------------------------------------------------------- rows


def add_constraints(green, data):
    supply.read_bundles(data)
    supply.add_issue(green, data)
    if len(data.shelves):
        supply.add_bank(green, data)
        supply.add_clearing(green, data)
    obligations.add_served(green, data)
    add_physical(green, data)
    obligations.add_obligations(green, data)


# ---------------------------------------------------------------------------------------------------------------- cost


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


EXCLUSIVE = ONE_DIRECTION
AMOUNTS = ("lines_forward", "lines_backward")
COSTS = {"shortfall": obligations.shortfall_cost, "ccer": supply.ccer_revenue, "preference": preference_cost}


# -------------------------------------------------------------------------------------------------------------- results


def tables(green, data, solved) -> dict:
    return certificate_tables.tables(green, data, solved)


# --------------------------------------------------------------------------------------------------------------- checks


def check_certificates(frames):
    """Hydro from before 2023 is held; weights that can hold together; lots of generators that may trade them."""
    generators, obligations, lots = frames["generators"], frames["obligations"], frames["certificate_lots"]
    old = (kinds_of(frames, generators) == "hydro") & (generators["commissioned"] < pd.Timestamp(2023, 1, 1))
    problems = problems_where(
        generators,
        old & (generators["certificate"] == "tradable"),
        "certificate",
        "held, or none, for hydro commissioned before 2023",
    )
    if obligations.empty and lots.empty:
        return problems
    certificate = lots["generator"].map(generators.set_index("generator")["certificate"])
    return [
        *problems,
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
