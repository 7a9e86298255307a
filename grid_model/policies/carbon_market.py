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

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field, model_validator

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference, text
from grid_model.case.units import CNY, TONNE
from grid_model.policies import carbon_entities as entities
from grid_model.policies.contract import PolicyData, members

NAME = "carbon_market"
DEFAULT = False
CNY_PER_TONNE = CNY / TONNE
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
    """The national market, and of other markets what their rows in `carbon_markets` leave empty."""

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
    _read_quantities(data)
    _read_bank(data)
    _read_markets(data)
    _read_offsets(data)
    return data


def _read_quantities(data) -> None:
    """Benchmarks, allowances from a cap, and what can be emitted and held at most (bounds that never bind)."""
    units, markets, table, years = data.unit_table, data.market_table, data.entity_table, data.years
    names, benchmarks = units["generator"].to_numpy(object), units[years.labels].to_numpy(float)
    data.benchmark = Array(benchmarks, names, years.labels, name="benchmark")
    caps = entities.share_caps(data.case, units, markets, table, years)
    most = entities.most_output(data.fleets, units, years, data.step_hours.values)
    by_entity = units["entity"].to_numpy(object)
    capped = (markets.loc[table["market"], "allocation"] == "cap").to_numpy()
    data.by_benchmark = table.index[~capped].tolist()
    emitted, earned = (
        pd.DataFrame(values).groupby(by_entity).sum().reindex(table.index).to_numpy()
        for values in (most * units["intensity"].to_numpy()[:, None], most * benchmarks)
    )
    data.most_emitted = emitted
    data.most_allowance = np.where(capped[:, None], caps, earned)
    data.allowance_lower, data.allowance_upper = (
        Array(values, table.index, years.labels, name="allowance")
        for values in (np.where(capped[:, None], caps, 0.0), data.most_allowance)
    )
    data.selling = entities.selling(units, markets, table, years, caps, most)


def _read_bank(data) -> None:
    """What each entity may bank without sales, its bank at the start, and bounds of what it can trade."""
    table, settings, years = data.entity_table, data.settings, data.years
    data.sellers = table.index[data.selling].tolist()
    opening = table["banked_t"].to_numpy(float) * TONNE * years.share[0]
    base = table["companies"].to_numpy(float)[:, None] * settings.bank_t_per_company * TONNE * years.share
    supply = (opening + data.most_allowance.sum(axis=1) + data.most_emitted.sum(axis=1))[:, None]
    most_sold = supply + data.most_allowance.sum() + np.zeros(base.shape)
    most_bank = np.where(data.selling[:, None], base + settings.bank_per_net_sale * most_sold, base)
    buying = ~data.selling[:, None] * (data.most_emitted + base)
    data.most_bought = Array(buying, table.index, years.labels, name="most_bought")
    data.most_sold = Array(most_sold, table.index, years.labels, name="most_sold")
    data.bank_base = Array(base, table.index, years.labels, name="bank_base")
    data.borders_of_years = np.arange(len(years.labels) + 1)
    lower = np.concatenate([opening[:, None], np.zeros_like(base)], axis=1)
    upper = np.concatenate([opening[:, None], most_bank], axis=1)
    data.bank_lower, data.bank_upper = (
        Array(limit, table.index, data.borders_of_years, name="bank") for limit in (lower, upper)
    )
    data.before = Array(data.borders_of_years[:-1], years.labels, name="before")
    data.after = Array(data.borders_of_years[1:], years.labels, name="after")


def _read_markets(data) -> None:
    """Shares and prices of every market, and whom it has."""
    markets, table = data.market_table, data.entity_table
    names = markets.index.to_numpy(object)
    data.market_names = names.tolist()
    data.entities_of = {market: table.index[table["market"] == market].tolist() for market in data.market_names}
    own = markets.loc[table["market"]]
    data.free_part = Array(
        (1 - own["auction_share"] - own["reserve_share"]).to_numpy(float), table.index, name="free_part"
    )
    data.offset_share = Array(own["offset_share"].to_numpy(float), table.index, name="offset_share")
    data.auction_share = Array(markets["auction_share"].to_numpy(float), names, name="auction_share")
    data.reserve_share = Array(markets["reserve_share"].to_numpy(float), names, name="reserve_share")
    price = own["allowance_price_cny_per_t"].to_numpy(float) * CNY_PER_TONNE
    cleared = (markets["price"] == "cleared").to_numpy()
    data.price = Array(price, table.index, name="price")
    data.penalty = Array(price * data.settings.penalty_factor, table.index, name="penalty")
    data.given = table.index[(own["price"] == "given").to_numpy()].tolist()
    data.cleared = names[cleared].tolist()
    data.auctioning = names[(markets["auction_share"] + markets["reserve_share"] > 0).to_numpy()].tolist()
    data.bidders = table.index[table["market"].isin(data.auctioning).to_numpy() & ~data.selling].tolist()
    released = (
        cleared & (markets["reserve_share"] > 0).to_numpy() & markets["reserve_price_cny_per_t"].notna().to_numpy()
    )
    data.releasing = names[released].tolist()
    data.reserve_price = Array(
        markets["reserve_price_cny_per_t"].fillna(0.0).to_numpy(float) * CNY_PER_TONNE, names, name="reserve_price"
    )


def _read_offsets(data) -> None:
    """Steps of the CCER supply; without a table one step, as much as is allowed at the price of the settings."""
    table, share = data.case.tables["ccer_supply"], data.years.share
    most = (data.most_emitted * data.offset_share.values[:, None]).sum(axis=0)
    if table.empty:
        table = pd.DataFrame({"ccer_step": ["ccer"], "price_cny_per_t": [data.settings.ccer_price_cny_per_t]})
        quantity = most[None, :]
    else:
        quantity = table["quantity_t"].to_numpy(float)[:, None] * TONNE * share
    data.steps_of_supply = table["ccer_step"].tolist()
    data.quantity = Array(quantity, data.steps_of_supply, data.years.labels, name="quantity")
    data.ccer_price = Array(
        table["price_cny_per_t"].to_numpy(float) * CNY_PER_TONNE, data.steps_of_supply, name="ccer_price"
    )


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
    def offset_limit(market, entity, year):
        """o <= offset_share E   [kt]"""
        return market.offset[entity, year] <= data.offset_share[entity] * market.emitted[entity, year]

    @market.Constraint(market.sellers, market.years)
    def bank_limit(market, entity, year):
        """B <= 10,000 t a company + 1.5 s, of entities that only sell   [kt]"""
        return market.bank[entity, data.after[year]] <= (
            data.bank_base[entity, year] + data.settings.bank_per_net_sale * market.sold[entity, year]
        )

    _add_markets(market, data)


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


def _add_markets(market, data):
    entities_of = members(market, "entities_of", data.market_names, data.entities_of)
    bidders = set(data.bidders)
    bidders_of = members(
        market,
        "bidders_of",
        data.market_names,
        {name: [one for one in some if one in bidders] for name, some in data.entities_of.items()},
    )
    released_of = members(market, "released_of", data.market_names, {name: [name] for name in data.releasing})

    @market.Constraint(market.auctioning, market.years)
    def auction(market, name, year):
        """sum A <= a sum Q + R   [kt]"""
        offered = sum(data.auction_share[name] * market.allowance[entity, year] for entity in entities_of[name])
        released = sum(market.released[one, year] for one in released_of[name])
        return sum(market.auctioned[entity, year] for entity in bidders_of[name]) <= offered + released

    @market.Constraint(market.releasing, market.years)
    def reserve(market, name, year):
        """R <= r sum Q   [kt]"""
        return market.released[name, year] <= sum(
            data.reserve_share[name] * market.allowance[entity, year] for entity in entities_of[name]
        )

    @market.Constraint(market.cleared, market.years)
    def clearing(market, name, year):
        """sum s - sum b = 0, its dual the price of an allowance   [kt]"""
        return sum(market.sold[entity, year] - market.bought[entity, year] for entity in entities_of[name]) == 0

    @market.Constraint(market.years)
    def offset_clearing(market, year):
        """sum k - sum o = 0, its dual the price of a certified reduction   [kt]"""
        return (
            sum(market.offset_supply[step, year] for step in market.steps_of_supply)
            - sum(market.offset[entity, year] for entity in market.entities)
            == 0
        )


def trade_cost(market, data):
    """sum of p (b + A - s) where the price is given   [million CNY]; where it clears, what one pays another gets"""
    traded = sum(
        data.price[entity] * (market.bought[entity, year] - market.sold[entity, year])
        for entity in market.given
        for year in market.years
    )
    auctioned = sum(
        data.price[one] * market.auctioned[one, year]
        for entity in market.given
        for one in data.bids_of[entity]
        for year in market.years
    )
    return traded + auctioned


def reserve_cost(market, data):
    """sum of the reserve's price x R   [million CNY]"""
    return sum(
        data.reserve_price[name] * market.released[name, year] for name in market.releasing for year in market.years
    )


def offset_cost(market, data):
    """sum of q k   [million CNY]"""
    return sum(
        data.ccer_price[step] * market.offset_supply[step, year]
        for step in market.steps_of_supply
        for year in market.years
    )


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
    "trade": trade_cost,
    "reserve": reserve_cost,
    "offsets": offset_cost,
    "shortfall": shortfall_cost,
    "banked": banked_value,
}


def prices(market, data, solved) -> pd.DataFrame:
    """Price of an allowance in every market and year, and of a certified reduction [CNY/t]."""
    table = data.market_table
    allowance = np.repeat(table["allowance_price_cny_per_t"].to_numpy(float)[:, None], len(data.year_labels), axis=1)
    if data.cleared:
        allowance[table.index.get_indexer(data.cleared)] = solved.dual(f"{NAME}.clearing") / CNY_PER_TONNE
    offset = np.broadcast_to(solved.dual(f"{NAME}.offset_clearing") / CNY_PER_TONNE, allowance.shape)
    return _by_year(
        data, "market", table.index, {"allowance_price_cny_per_t": allowance, "ccer_price_cny_per_t": offset}
    )


def _by_year(data, key: str, names, columns: dict) -> pd.DataFrame:
    """One row a name and year from arrays of shape (names, years)."""
    years = np.tile(data.year_labels, len(names))
    return pd.DataFrame(
        {
            key: np.repeat(np.asarray(names, object), len(data.year_labels)),
            "year": years,
            **{name: np.asarray(values, float).reshape(-1) + 0.0 for name, values in columns.items()},
        }
    )


def tables(market, data, solved) -> dict:
    """`carbon_account`: how each entity covered its emissions; `carbon_market`: prices and quantities of each
    market."""
    account = _account(data, solved)
    price = prices(market, data, solved)
    account = account.merge(price, on=["market", "year"])
    sums = account.groupby(["market", "year"])[
        [name for name in account if name.endswith("_t") and "price" not in name]
    ].sum()
    released = np.zeros((len(data.market_names), len(data.year_labels)))
    if data.releasing:
        released[data.market_table.index.get_indexer(data.releasing)] = solved.evaluate(f"{NAME}.released") / TONNE
    fine = data.market_table["allowance_price_cny_per_t"].to_numpy(float) * data.settings.penalty_factor
    extra = {
        "reserve_released_t": released,
        "shortfall_price_cny_per_t": np.broadcast_to(fine[:, None], released.shape),
    }
    extra = _by_year(data, "market", data.market_names, extra)
    kinds = data.market_table[["allocation", "price"]].rename(columns={"price": "pricing"}).reset_index(names="market")
    return {
        "carbon_account": account,
        "carbon_market": kinds.merge(price, on="market")
        .merge(extra, on=["market", "year"])
        .merge(sums.reset_index(), on=["market", "year"]),
    }


def _account(data, solved) -> pd.DataFrame:
    """Quantities of each entity and year [t]."""
    table = data.entity_table
    value = {
        name: solved.evaluate(f"{NAME}.{name}") / TONNE
        for name in ("emitted", "allowance", "bought", "sold", "offset", "shortfall", "lapsed", "bank")
    }
    auctioned = np.zeros(value["emitted"].shape)
    if data.bidders:
        auctioned[table.index.get_indexer(data.bidders)] = solved.evaluate(f"{NAME}.auctioned") / TONNE
    rows = _by_year(
        data,
        "entity",
        table.index,
        {
            "emissions_t": value["emitted"],
            "allowances_t": value["allowance"],
            "free_t": value["allowance"] * data.free_part.values[:, None],
            "auctioned_t": auctioned,
            "bought_t": value["bought"],
            "sold_t": value["sold"],
            "offset_t": value["offset"],
            "banked_in_t": value["bank"][:, :-1],
            "banked_out_t": value["bank"][:, 1:],
            "shortfall_t": value["shortfall"],
            "lapsed_t": value["lapsed"],
        },
    )
    return rows.merge(table[["market", "zone"]].reset_index(names="entity"), on="entity")[
        ["market", "entity", "zone", *rows.columns[1:]]
    ]


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
