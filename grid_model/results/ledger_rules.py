"""Rules of the ledger of certificates, each checked from its table alone: whoever has the Parquet file has all there is to know."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.ledger import COLUMNS, EVENTS, POOLED, VALID_MONTHS, month_number


def check_ledger(table: pd.DataFrame) -> list[str]:
    """What is wrong with a ledger, in words; nothing where every rule is kept."""
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        return [f"the ledger has no column {column}" for column in missing]
    table = table.reset_index(drop=True)
    table = table.assign(month_at=month_number(table["month"]), vintage_at=month_number(table["vintage"]))
    checks = (
        _not_whole,
        _unbalanced,
        _issued_wrongly,
        _held_traded,
        _sold_twice,
        _retired_twice,
        _also_ccer,
        _after_expiry,
        _not_expired,
        _negative,
    )
    return [problem for check in checks for problem in check(table)]


def _lots(table: pd.DataFrame, wrong) -> list[str]:
    return list(dict.fromkeys(table.loc[np.asarray(wrong, bool), "lot"]))


def _into(table: pd.DataFrame, event: str) -> pd.Series:
    """What an event moved of each lot, MWh."""
    here = table[(table["event"] == event) & (table["quantity_mwh"] > 0)]
    return here.groupby("lot")["quantity_mwh"].sum().reindex(table["lot"].unique(), fill_value=0)


def _not_whole(table):
    wrong = (table["quantity_mwh"] % 1 != 0) | table["quantity_mwh"].isna() | ~table["event"].isin(EVENTS)
    return [f"{lot}: a quantity that is no whole number, or an unknown event" for lot in _lots(table, wrong)]


def _unbalanced(table):
    keys = ["entry", "lot", "event", "month", "purpose"]
    total = table.groupby(keys, dropna=False)["quantity_mwh"].agg(["sum", "size"]).reset_index()
    odd = total[(total["sum"] != 0) | (total["size"] != 2)]
    return [
        f"{lot}: event {event} of {month} does not sum to zero over two accounts ({quantity:g} MWh)"
        for lot, event, month, quantity in zip(odd["lot"], odd["event"], odd["month"], odd["sum"])
    ]


def _issued_wrongly(table):
    first = table[table["event"].isin(["opening", "issue"]) & (table["quantity_mwh"] > 0)]
    twice = first[first["lot"].duplicated()]
    late = first[(first["event"] == "issue") & (first["month_at"] != first["vintage_at"])]
    never = set(table["lot"]) - set(first["lot"])
    return (
        [f"{lot}: issued twice" for lot in twice["lot"].unique()]
        + [f"{lot}: issued in another month than that of its generation" for lot in late["lot"].unique()]
        + [f"{lot}: never issued" for lot in sorted(never)]
    )


def _held_traded(table):
    wrong = (table["class"] == "held") & table["event"].isin(["trade", "retire", "ccer"])
    return [f"{lot}: held certificates moved (trade, retire or ccer)" for lot in _lots(table, wrong)]


def _sold_twice(table):
    first = table[table["event"].isin(["opening", "issue"]) & (table["quantity_mwh"] > 0)]
    origin = table["lot"].map(first.drop_duplicates("lot").set_index("lot")["account"])
    again = (table["event"] == "trade") & (table["quantity_mwh"] < 0) & (table["account"] != origin)
    issued = first.groupby("lot")["quantity_mwh"].sum()
    traded = _into(table, "trade")
    return [
        f"{lot}: sold twice"
        for lot in dict.fromkeys(
            [*_lots(table, again), *traded.index[traded > issued.reindex(traded.index, fill_value=0)]]
        )
    ]


def _issued(table) -> pd.Series:
    return np.maximum(_into(table, "issue"), _into(table, "opening"))


def _retired_twice(table):
    retired = _into(table, "retire")
    return [f"{lot}: retired twice" for lot in retired.index[retired > _issued(table)]]


def _also_ccer(table):
    given_up = _into(table, "ccer")
    used = np.maximum(_into(table, "retire"), _into(table, "trade"))
    return [
        f"{lot}: counted as CCER and as certificate"
        for lot in given_up.index[(given_up > 0) & (given_up + used > _issued(table))]
    ]


def _after_expiry(table):
    late = (table["month_at"] > table["vintage_at"] + VALID_MONTHS - 1) & (table["event"] != "expire")
    early = (table["month_at"] < table["vintage_at"] + VALID_MONTHS - 1) & (table["event"] == "expire")
    return [f"{lot}: moved after expiry" for lot in _lots(table, late)] + [
        f"{lot}: expired while valid" for lot in _lots(table, early)
    ]


def _not_expired(table):
    """In hand after the month in which it had to expire, as far as the ledger reaches."""
    zones = table[~table["account"].isin(POOLED)]
    left = zones.groupby("lot").agg(left=("quantity_mwh", "sum"), vintage=("vintage_at", "first"))
    over = left[(left["left"] > 0) & (left["vintage"] + VALID_MONTHS - 1 < table["month_at"].to_numpy().max(initial=0))]
    return [f"{lot}: still in hand after expiry" for lot in over.index]


def _negative(table):
    """An account that held less of a lot than was taken out of it, event by event."""
    order = table["event"].map({event: at for at, event in enumerate(EVENTS)})
    rows = table.assign(order=order)[table["account"] != "registry"].sort_values(
        ["month_at", "order", "entry"], kind="stable"
    )
    balance = rows.groupby(["lot", "account"])["quantity_mwh"].cumsum()
    wrong = rows[balance < 0].drop_duplicates(["lot", "account"])
    return [f"{lot}: negative balance in the account {account}" for lot, account in zip(wrong["lot"], wrong["account"])]
