"""What people see of a carbon market: how every entity covered its emissions; prices and quantities of each market."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.units import TONNE
from grid_model.policies.carbon_quantities import CNY_PER_TONNE


def tables(market, data, solved) -> dict:
    """`carbon_account`: how each entity covered its emissions; `carbon_market`: prices and quantities of each
    market."""
    account = _account(market, data, solved)
    price = prices(market, data, solved)
    account = account.merge(price, on=["market", "year"])
    sums = account.groupby(["market", "year"])[
        [name for name in account if name.endswith("_t") and "price" not in name]
    ].sum()
    released = np.zeros((len(data.market_names), len(data.year_labels)))
    if data.releasing:
        released[data.market_table.index.get_indexer(data.releasing)] = solved.evaluate(f"{market.name}.released") / TONNE
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


def prices(market, data, solved) -> pd.DataFrame:
    """Price of an allowance in every market and year, and of a certified reduction [CNY/t]."""
    table = data.market_table
    allowance = np.repeat(table["allowance_price_cny_per_t"].to_numpy(float)[:, None], len(data.year_labels), axis=1)
    if data.cleared:
        allowance[table.index.get_indexer(data.cleared)] = solved.dual(f"{market.name}.clearing") / CNY_PER_TONNE
    offset = np.broadcast_to(solved.dual(f"{market.name}.offset_clearing") / CNY_PER_TONNE, allowance.shape)
    return _by_year(
        data, "market", table.index, {"allowance_price_cny_per_t": allowance, "ccer_price_cny_per_t": offset}
    )


def _account(market, data, solved) -> pd.DataFrame:
    """Quantities of each entity and year [t]."""
    table = data.entity_table
    value = {
        name: solved.evaluate(f"{market.name}.{name}") / TONNE
        for name in ("emitted", "allowance", "bought", "sold", "offset", "shortfall", "lapsed", "bank")
    }
    auctioned = np.zeros(value["emitted"].shape)
    if data.bidders:
        auctioned[table.index.get_indexer(data.bidders)] = solved.evaluate(f"{market.name}.auctioned") / TONNE
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
