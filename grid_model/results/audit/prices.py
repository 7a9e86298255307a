"""Prices are duals: of the balance, of reserve, of the clearing of certificates, as `duals.nc` has them.

The certificate of optimality (results/certificate.py) bounds the duals themselves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.units import CNY_PER_MWH

PRICE = 1e-9  # relative
OF_RESERVE = {"reserve_up_price": "reserves.requirement_up", "reserve_down_price": "reserves.requirement_down"}


def check_prices(book, duals, tables) -> None:
    """Every price that is stored, against the dual of its rows in the cost; none where there is no such row."""
    if duals is None or "balance" not in duals:
        return
    dual = duals.isel(minimised=list(duals["minimised"].values.astype(str)).index("cost"))
    _check_hourly(book, "price is the dual of the balance", book.case.zones, "price", dual["balance"])
    for name, family in OF_RESERVE.items():
        if name in book.dispatch and family in dual:
            _check_hourly(book, "price of reserve is its dual", book.dispatch["reserve_area"].values, name, dual[family])
    if "certificate_market" in (tables or {}) and "green_certificates.clearing" in dual:
        market, cleared = tables["certificate_market"], dual["green_certificates.clearing"]
        months = np.unique(book.case.time.strftime("%Y-%m"))
        expected = pd.Series(cleared.values.reshape(-1) / CNY_PER_MWH, pd.MultiIndex.from_product(
            [cleared[cleared.dims[0]].values.astype(str), months]))
        found = expected.reindex(pd.MultiIndex.from_frame(market[["kind", "month"]])).to_numpy(float)
        _compare(book, "price of certificates is its dual", market["kind"].to_numpy(object),
                 market["price_cny_per_mwh"].to_numpy(float), found)


def _check_hourly(book, law: str, names, variable: str, dual) -> None:
    expected = np.full((len(names), book.steps), np.nan)
    rows = pd.Index([str(name) for name in names]).get_indexer(dual[dual.dims[0]].values.astype(str))
    hours = np.asarray(book.case.cost_hours, float)
    expected[rows] = np.divide(dual.values, hours, out=np.zeros(dual.shape), where=hours > 0) / CNY_PER_MWH
    _compare(book, law, names, book.stored(variable, len(names)), expected)


def _compare(book, law: str, names, stored, expected) -> None:
    both = np.isnan(stored) & np.isnan(expected)
    left, right = (np.where(both, 0.0, values) for values in (stored, expected))
    book.equal(law, names, left, right, unit="CNY/MWh", tolerance=PRICE * np.maximum(1.0, np.abs(np.nan_to_num(right))))
