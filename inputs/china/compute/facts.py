"""Facts: what is read from facts/, one cited figure a row, and how tables are written."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent.parent
FACTS = HERE / "facts"
EARTH_RADIUS_KM = 6371.0


@cache
def fact_table(name: str) -> pd.DataFrame:
    return pd.read_csv(FACTS / f"{name}.csv", keep_default_na=False, na_values=[""])


@cache
def zones() -> pd.DataFrame:
    return pd.read_csv(HERE / "zones.csv", dtype={"heating_start": str, "heating_end": str}).set_index(
        "zone", drop=False
    )


def constant(name: str) -> float:
    """One figure of constants.csv."""
    table = fact_table("constants").set_index("constant")
    return float(table.at[name, "value"])


def by_zone(item: str, as_of: str | None = None) -> pd.Series:
    """A figure of capacity.csv for every zone, 0 where none is given."""
    return known_by_zone(item, as_of).fillna(0.0)


def known_by_zone(item: str, as_of: str | None = None) -> pd.Series:
    """A figure of capacity.csv for every zone, NaN where none is given."""
    table = fact_table("capacity")
    table = table[(table["item"] == item) & ((table["as_of"] == as_of) if as_of else (table["as_of"] != "2025-12"))]
    return table.set_index("zone")["value"].reindex(zones().index)


def distance_km(
    latitude: np.ndarray, longitude: np.ndarray, to_latitude: np.ndarray, to_longitude: np.ndarray
) -> np.ndarray:
    """Great-circle distance: 2 R asin sqrt(sin^2(dlat / 2) + cos lat1 cos lat2 sin^2(dlon / 2))   [km]"""
    latitude, longitude, to_latitude, to_longitude = map(np.radians, (latitude, longitude, to_latitude, to_longitude))
    half = np.sin((to_latitude - latitude) / 2) ** 2
    half += np.cos(latitude) * np.cos(to_latitude) * np.sin((to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half))


def fill_up(total: float, weight: pd.Series, least: pd.Series, most: pd.Series) -> pd.Series:
    """Share `total` in proportion to `weight` so that every share lies within `least` and `most`."""
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        shares = np.clip(middle * weight, least, most)
        low, high = (middle, high) if shares.sum() < total else (low, middle)
    if abs(shares.sum() - total) > 1e-3 * total:
        raise ValueError(f"{total} cannot be shared within the limits")
    return shares


def write(table: pd.DataFrame, name: str, folder: Path) -> None:
    """The table as CSV, figures without noise."""
    numbers = table.select_dtypes("number").columns
    table = table.assign(**{name: table[name].map(_plain) for name in numbers})
    file = folder / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(file, index=False, lineterminator="\n")


def _plain(value: float) -> str:
    """Up to seven significant digits, no exponent."""
    return (
        ""
        if pd.isna(value)
        else f"{value:.0f}"
        if abs(value) >= 1e6
        else f"{float(f'{value:.6g}'):.10f}".rstrip("0").rstrip(".")
    )
