"""Who gets certificates, of which class, and how long they are valid: the tables behind green_certificates.py.

A `part` is what a generator issues of one class:

    tradable   can be sold
    choice     can be sold, or given up for certified reductions (CCER)
    held       issued and not traded: hydro from before 2023, and what its owner consumes himself

A `pool` is what the generators of a zone issue of one kind (`hydro`, `non_hydro`) and class in a month. A `shelf` is
what a zone holds of one kind and vintage. Certificates are valid for 24 months, that of generation included: those
that do not expire within the horizon need not be told apart and share the shelf of their calendar year; every other
vintage has its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

VALID_MONTHS = 24
MARKET_HYDRO_SINCE = pd.Timestamp(2023, 1, 1)


def month_number(dates) -> np.ndarray:
    """Months counted from year 0, so that they can be added: 2027-01 is 24324."""
    dates = pd.DatetimeIndex(dates)
    return (dates.year * 12 + dates.month - 1).to_numpy()


def month_label(number: int) -> str:
    """`2027-01`"""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def last_valid_month(vintage):
    """The last month, as a number, in which certificates of a vintage are valid."""
    return vintage + VALID_MONTHS - 1


def certificate_class(case, ccer_technologies) -> pd.DataFrame:
    """Kind, class and part of every generator with certificates: `generator, zone, technology, kind, class, part`.

    Hydro that is held by its technology is tradable once it was commissioned from 2023 on and is fully in the market.
    """
    table = case.tables["generators"]
    technologies = case.tables["technologies"].set_index("technology")["kind"]
    hydro = (table["technology"].map(technologies) == "hydro").to_numpy()
    new = (
        hydro
        & (table["commissioned"] >= MARKET_HYDRO_SINCE).to_numpy()
        & (table["purchase_class"] == "market").to_numpy()
    )
    tradable = (table["certificate"] == "tradable").to_numpy() | (new & (table["certificate"] == "held").to_numpy())
    own = table["self_consumed_fraction"].to_numpy(float)
    choosing = table["technology"].isin(list(ccer_technologies)).to_numpy()
    base = table[["generator", "zone", "technology"]].assign(kind=np.where(hydro, "hydro", "non_hydro"))
    sold = base.assign(part=np.where(tradable, 1 - own, 0.0), **{"class": np.where(choosing, "choice", "tradable")})
    held = base.assign(part=np.where(tradable, own, 1.0), **{"class": "held"})
    parts = pd.concat([sold, held], ignore_index=True)
    issuing = np.tile((table["certificate"] != "none").to_numpy(), 2)
    return parts[issuing & (parts["part"] > 0)].reset_index(drop=True)


def pools_of(parts: pd.DataFrame) -> pd.DataFrame:
    """`pool, zone, kind, class`, one row per pool; `parts` gets the column `pool`."""
    parts["pool"] = parts["zone"] + " " + parts["kind"] + " " + parts["class"]
    return parts.drop_duplicates("pool")[["pool", "zone", "kind", "class"]].reset_index(drop=True)


def shelves_of(pools: pd.DataFrame, lots: pd.DataFrame, months: np.ndarray) -> pd.DataFrame:
    """`shelf, zone, kind, year, first, last, opening_mwh, vintages`: first and last month of its life in the horizon
    (positions 1..M; last is M + 1 where it outlives the horizon), the months whose issue it takes (`vintages`).

    lots : opening lots with `zone, kind, vintage` (a month number) and `quantity_mwh`
    """
    sold = pools[pools["class"] != "held"].drop_duplicates(["zone", "kind"])
    expiring = last_valid_month(months) <= months[-1]
    label = np.where(expiring, [month_label(month) for month in months], [str(month // 12) for month in months])
    rows = []
    for name in pd.unique(label):
        here = np.flatnonzero(label == name)
        last = min(last_valid_month(months[here[0]]) - months[0] + 1, len(months) + 1)
        rows.append(
            sold[["zone", "kind"]].assign(
                batch=name,
                year=months[here[0]] // 12,
                first=here[0] + 1,
                last=last,
                opening_mwh=0.0,
                vintages=[tuple((here + 1).tolist())] * len(sold),
            )
        )
    opening = lots.groupby(["zone", "kind", "vintage"], as_index=False)["quantity_mwh"].sum()
    last = np.minimum(last_valid_month(opening["vintage"]) - months[0] + 1, len(months) + 1)
    rows.append(
        opening.rename(columns={"quantity_mwh": "opening_mwh"})
        .assign(batch=opening["vintage"].map(month_label), year=0, first=1, last=last, vintages=[()] * len(opening))
        .drop(columns="vintage")
    )
    shelves = pd.concat([row for row in rows if len(row)] or rows, ignore_index=True)
    shelves["shelf"] = shelves["zone"] + " " + shelves["kind"] + " " + shelves["batch"]
    return shelves
