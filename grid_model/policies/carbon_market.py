"""Carbon market: every entity covers what it emits, by compliance period (calendar year) and market.

symbol  attribute     unit             kind
E       emitted       kt               decision, what the entity's plant emits in the year
Q       allowance     kt               decision (benchmark: benchmark x output) or data (cap: its part of the cap)
a       auction_share  1               data, part of Q that is auctioned
r       reserve_share  1               data, part of Q that is held back; 1 - a - r is free
A       auctioned     kt               decision, taken in the auction
b, s    bought, sold  kt               decision, in the market
o       offset        kt               decision, certified reductions (CCER) surrendered
B       bank          kt               decision at the borders of years; B[i,0] is data
h       shortfall     kt               decision, not covered
l       lapsed        kt               decision, neither used nor sold nor banked
R       released      kt               decision, sold out of the reserve of a market
k       offset_supply kt               decision, taken from each step of the CCER supply
p, q    price         million CNY/kt   data: allowance (where given), CCER step

    E = (1 - a - r) Q + A + b - s + o + B[y-1] - B[y] + h - l    every entity and year
    h <= E

Price `given`: b and s are traded with the rest of the market at p, without limit, so a MWh costs p (e - (1-a-r)
benchmark). Price `cleared`: sum b = sum s in the market, whose dual is the price; with an allocation by cap, that of
the cap.

Choices where the rules are silent, and sources:
- Free allocation: benchmark times output (MEE allocation plans); only electricity, since heat is not modelled, and
  without the plans' correction for part load. Total quantity control with free and paid allocation: Opinions of May
  2025.
- Auction: what is taken costs the market's price. The reserve (at most 5 % in Beijing) is sold at
  reserve_price_cny_per_t, where that is given and the price is cleared: a ceiling until it is used up.
- Offsets: at most 5 % of the emissions (Opinions of May 2025; Beijing). One national supply of CCER in steps of price.
- Bank: at most 10,000 t a company plus 1.5 times net sales (MEE plan for 2023 and 2024); no borrowing. "The greater
  of net sales and zero" is not linear for an entity that may end on either side. So an entity that can only sell, by
  its data, or that declares so (carbon_entities), neither buys nor bids and has the whole limit; any other has the
  10,000 t. What is left in the bank is worth banked_value_cny_per_t. Sales are those of the modelled years.
- Shortfall: fined 5 times the market's price (State Council decree 775 of 2024, article 24: 5 to 10 times), at the
  given price also where it is cleared, as the fine must be known beforehand.
- A horizon that is a part of a year: see carbon_entities.py.

docs/policy.md, section 5. Prices of 2025, CNY/tCO2: allowance 62.36, CCER 70.76 (yearly means).
"""

from __future__ import annotations

from typing import Literal

import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field, model_validator

from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference, text
from grid_model.policies import carbon_entities as entities
from grid_model.policies import carbon_tables, carbon_trade
from grid_model.policies.carbon_quantities import CNY_PER_TONNE, read_quantities
from grid_model.policies.contract import PolicyData, members

NAME = "carbon_market"
DEFAULT = False
SELDOM = ("uncovered",)
SHARE = {"unit": "1", "minimum": 0, "maximum": 1}

TABLES = {
    "zones": [
        reference(
            "carbon_market", "carbon_markets", meaning="carbon market that its plant is in; empty: the national one"
        ),
        number(
            "carbon_cap_t",
            unit="tCO2",
            minimum=0,
            meaning="allowances of a year for its plant, where the market has a cap",
        ),
    ],
    "generators": [
        number(
            "carbon_benchmark_t_per_mwh",
            unit="tCO2/MWh",
            minimum=0,
            meaning="allowances for the energy it generates; empty: as the benchmark of its technology",
        ),
    ],
    "carbon_markets": [
        identifier("market", meaning="name of a carbon market; `national` is that of zones that name none"),
        choice(
            "allocation",
            ["benchmark", "cap"],
            meaning="by output or from a total; empty: as the settings of the policy",
        ),
        choice("price", ["given", "cleared"], meaning="given, or where the market clears; empty: as the settings"),
        number(
            "allowance_price_cny_per_t",
            unit="CNY/tCO2",
            minimum=0,
            meaning="price of allowances; empty: as the settings",
        ),
        number(
            "cap_t", unit="tCO2", minimum=0, meaning="allowances of a year; empty: as the settings, else of its zones"
        ),
        number("auction_share", **SHARE, meaning="part of the allowances that is auctioned; empty: as the settings"),
        number("reserve_share", **SHARE, meaning="part of the allowances that is held back; empty: as the settings"),
        number(
            "reserve_price_cny_per_t",
            unit="CNY/tCO2",
            minimum=0,
            meaning="price of the reserve; empty: as the settings",
        ),
        number("offset_share", **SHARE, meaning="most offsets, as part of the emissions; empty: as the settings"),
    ],
    "carbon_benchmarks": [
        reference("technology", "technologies", required=True, meaning="technology"),
        number("year", unit="1", required=True, meaning="first compliance year that it holds for"),
        number(
            "benchmark_t_per_mwh",
            unit="tCO2/MWh",
            minimum=0,
            required=True,
            meaning="allowances per energy into the grid",
        ),
        text("source", meaning="where the row is from"),
    ],
    "carbon_entities": [
        identifier("entity", meaning="a zone, or a generator, as the settings say what an entity is"),
        number(
            "companies", unit="1", minimum=0, default=1, meaning="companies in it, each with its own limit of the bank"
        ),
        number(
            "banked_t", unit="tCO2", minimum=0, default=0, meaning="allowances banked at the start of the first year"
        ),
        choice("position", ["seller", "buyer"], meaning="the side of the market that it declares; empty: by its data"),
    ],
    "carbon_factors": [
        text("area", required=True, meaning="zone, regional grid, or China"),
        text("level", required=True, meaning="province, grid region or national"),
        text("kind", default="average", meaning="average, or what is left out or counted alone"),
        number("year", unit="1", required=True, meaning="year that the factor is of"),
        number(
            "factor_t_per_mwh", unit="tCO2/MWh", minimum=0, required=True, meaning="published factor, to compare with"
        ),
        text("source", meaning="where the row is from"),
    ],
    "ccer_supply": [
        identifier("ccer_step", meaning="step of the supply of certified reductions"),
        number("quantity_t", unit="tCO2", minimum=0, required=True, meaning="certified reductions on offer in a year"),
        number("price_cny_per_t", unit="CNY/tCO2", minimum=0, required=True, meaning="price of the step"),
        text("source", meaning="where the row is from"),
    ],
}


class Settings(BaseModel):
    """The national market, and of other markets what their rows in `carbon_markets` leave empty.

    entity                     who must cover emissions: all plant of a zone together, or each generator
    allocation                 allowances by benchmark and output, or a part of the cap
    price                      given: traded with the rest of the market at allowance_price_cny_per_t; cleared: found here
    allowance_price_cny_per_t  price of an allowance, and what a fine is counted from
    cap_t                      allowances of a year, where allocation is cap; none: as the caps of zones say
    auction_share              part of the allowances that is auctioned
    reserve_share              part of the allowances that is held back
    reserve_price_cny_per_t    price at which the reserve is sold, where price is cleared; none: it is not sold
    offset_share               most part of the emissions that certified reductions (CCER) may cover
    ccer_price_cny_per_t       price of certified reductions where the table ccer_supply has no steps
    bank_t_per_company         allowances [t] that a company may bank in any case
    bank_per_net_sale          allowances that it may bank beyond, per allowance sold net
    banked_value_cny_per_t     worth of what is left in the bank at the end
    penalty_factor             fine of what is not covered, in prices of an allowance
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: Literal["zone", "generator"] = "zone"
    allocation: Literal["benchmark", "cap"] = "benchmark"
    price: Literal["given", "cleared"] = "given"
    allowance_price_cny_per_t: float = Field(62.36, ge=0)
    cap_t: float | None = Field(None, ge=0)
    auction_share: float = Field(0.0, ge=0, le=1)
    reserve_share: float = Field(0.0, ge=0, le=1)
    reserve_price_cny_per_t: float | None = Field(None, ge=0)
    offset_share: float = Field(0.05, ge=0, le=1)
    ccer_price_cny_per_t: float = Field(70.76, ge=0)
    bank_t_per_company: float = Field(10_000.0, ge=0)
    bank_per_net_sale: float = Field(1.5, ge=0)
    banked_value_cny_per_t: float = Field(0.0, ge=0)
    penalty_factor: float = Field(5.0, ge=1)  # below 1 it would pay to sell and be short

    @model_validator(mode="after")
    def _parts(self):
        if self.auction_share + self.reserve_share > 1:
            raise ValueError("auction_share and reserve_share that are 1 together at most")
        return self


def read(case, fleets, settings) -> PolicyData | None:
    """Markets, entities, their plant and quantities, kt and million CNY/kt."""
    data = PolicyData(case, fleets, settings)
    data.years = entities.read_years(case)
    data.unit_table = entities.read_units(case, data.offering("emissions"), data.years, settings)
    if data.unit_table.empty:
        return None
    data.market_table = entities.read_markets(case, settings)
    data.entity_table = entities.read_entities(case, data.unit_table)
    data.market_table = data.market_table.loc[data.market_table.index.isin(data.entity_table["market"])]
    data.year_labels = data.years.labels.tolist()
    data.steps_of_year = {
        year: data.step_labels[data.years.labels[data.years.of_step] == year].tolist() for year in data.year_labels
    }
    read_quantities(data)
    return data


def add_variables(market, data):
    market.entities = pyo.Set(initialize=data.entity_table.index.tolist())
    market.markets = pyo.Set(initialize=data.market_names)
    market.years = pyo.Set(initialize=data.year_labels)
    market.year_borders = pyo.Set(initialize=data.borders_of_years.tolist())
    for name in ("sellers", "given", "by_benchmark", "bidders"):
        market.add_component(name, pyo.Set(initialize=getattr(data, name)))
    for name in ("cleared", "auctioning", "releasing", "steps_of_supply"):
        market.add_component(name, pyo.Set(initialize=getattr(data, name)))
    market.emitted = pyo.Var(market.entities, market.years, within=pyo.NonNegativeReals)
    market.allowance = pyo.Var(
        market.entities,
        market.years,
        bounds=lambda _, entity, year: (data.allowance_lower[entity, year], data.allowance_upper[entity, year]),
    )
    market.auctioned = pyo.Var(market.bidders, market.years, within=pyo.NonNegativeReals)
    market.bought = pyo.Var(
        market.entities, market.years, bounds=lambda _, entity, year: (0, data.most_bought[entity, year])
    )
    market.sold = pyo.Var(
        market.entities, market.years, bounds=lambda _, entity, year: (0, data.most_sold[entity, year])
    )
    market.offset = pyo.Var(market.entities, market.years, within=pyo.NonNegativeReals)
    market.bank = pyo.Var(
        market.entities,
        market.year_borders,
        bounds=lambda _, entity, border: (data.bank_lower[entity, border], data.bank_upper[entity, border]),
    )
    market.shortfall = pyo.Var(market.entities, market.years, within=pyo.NonNegativeReals)
    market.lapsed = pyo.Var(market.entities, market.years, within=pyo.NonNegativeReals)
    market.released = pyo.Var(market.releasing, market.years, within=pyo.NonNegativeReals)
    market.offset_supply = pyo.Var(
        market.steps_of_supply, market.years, bounds=lambda _, step, year: (0, data.quantity[step, year])
    )


def add_constraints(market, data):
    names = data.entity_table.index.tolist()
    data.bids_of = members(market, "bids_of", names, {name: [name] for name in data.bidders})
    _add_emissions(market, data)

    @market.Constraint(market.entities, market.years)
    def compliance(market, entity, year):
        """E = (1 - a - r) Q + A + b - s + o + B[y-1] - B[y] + h - l   [kt]"""
        free = data.free_part[entity] * market.allowance[entity, year]
        auctioned = sum(market.auctioned[one, year] for one in data.bids_of[entity])
        traded = market.bought[entity, year] - market.sold[entity, year]
        banked = market.bank[entity, data.before[year]] - market.bank[entity, data.after[year]]
        missed = market.shortfall[entity, year] - market.lapsed[entity, year]
        return free + auctioned + traded + market.offset[entity, year] + banked + missed == market.emitted[entity, year]

    @market.Constraint(market.entities, market.years)
    def uncovered(market, entity, year):
        """h <= E: allowances that nobody has are neither sold nor banked   [kt]"""
        return market.shortfall[entity, year] <= market.emitted[entity, year]

    @market.Constraint(market.entities, market.years)
    def offset_limit(market, entity, year):
        """o <= offset_share E   [kt]"""
        return market.offset[entity, year] <= data.offset_share[entity] * market.emitted[entity, year]

    @market.Constraint(market.sellers, market.years)
    def bank_limit(market, entity, year):
        """B <= 10,000 t a company + 1.5 s, of entities that only sell   [kt]"""
        return market.bank[entity, data.after[year]] <= (
            data.bank_base[entity, year] + data.settings.bank_per_net_sale * market.sold[entity, year]
        )

    carbon_trade.add_trade(market, data)


def _add_emissions(market, data):
    plant_of = [
        (fleet, members(market, f"{fleet.name}_of", data.entity_table.index.tolist(), _plant(data, fleet)))
        for fleet in data.offering("emissions")
    ]
    steps_of_year = members(market, "steps_of_year", data.year_labels, data.steps_of_year)

    @market.Constraint(market.entities, market.years)
    def emissions(market, entity, year):
        """E = sum over its plant and the year of emissions dt   [kt]"""
        return market.emitted[entity, year] == sum(
            sum(
                data.step_hours[step] * fleet.emissions(unit, step)
                for unit in units[entity]
                for step in steps_of_year[year]
            )
            for fleet, units in plant_of
        )

    @market.Constraint(market.by_benchmark, market.years)
    def benchmark_allocation(market, entity, year):
        """Q = sum over its plant and the year of benchmark x output dt   [kt]"""
        return market.allowance[entity, year] == sum(
            sum(
                data.benchmark[unit, year] * data.step_hours[step] * fleet.output(unit, step)
                for unit in units[entity]
                for step in steps_of_year[year]
            )
            for fleet, units in plant_of
        )


def _plant(data, fleet) -> dict:
    """{entity: its units in a fleet}."""
    units = data.unit_table[data.unit_table["fleet"] == fleet.name]
    return units.groupby("entity")["generator"].agg(list).to_dict()


def shortfall_cost(market, data):
    """sum of penalty x h   [million CNY]"""
    return sum(
        data.penalty[entity] * market.shortfall[entity, year] for entity in market.entities for year in market.years
    )


def banked_value(market, data):
    """-value x B at the end   [million CNY]"""
    value, end = data.settings.banked_value_cny_per_t * CNY_PER_TONNE, int(data.borders_of_years[-1])
    return sum(-value * market.bank[entity, end] for entity in market.entities)


COSTS = {
    "trade": carbon_trade.trade_cost,
    "reserve": carbon_trade.reserve_cost,
    "offsets": carbon_trade.offset_cost,
    "shortfall": shortfall_cost,
    "banked": banked_value,
}


def tables(market, data, solved) -> dict:
    """`carbon_account` and `carbon_market`."""
    return carbon_tables.tables(market, data, solved)


def check_entities(frames):
    """Entities are zones or generators, and parts of a market's allowances are parts."""
    table, markets = frames["carbon_entities"], frames["carbon_markets"]
    known = {*frames["zones"]["zone"], *frames["generators"]["generator"]}
    return [
        *problems_where(table, ~table["entity"].isin(known), "entity", "a name in table zones or generators"),
        *problems_where(
            markets,
            markets["auction_share"].fillna(0) + markets["reserve_share"].fillna(0) > 1,
            "auction_share",
            "a number that with reserve_share is 1 at most",
        ),
    ]


CHECKS = (check_entities,)
