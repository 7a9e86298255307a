"""Quantities and prices of a carbon market as arrays: allowances, banks, shares of every market, supply of reductions.

What can be emitted, earned, bought and banked at most are bounds that never bind; they keep every column finite.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.algebra import Array
from grid_model.case.units import CNY, TONNE
from grid_model.policies import carbon_entities as entities

CNY_PER_TONNE = CNY / TONNE


def read_quantities(data) -> None:
    """All figures of markets and entities, kt and million CNY/kt, into `data`."""
    _read_allowances(data)
    _read_bank(data)
    _read_markets(data)
    _read_offsets(data)


def _read_allowances(data) -> None:
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
