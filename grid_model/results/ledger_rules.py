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
    into = _into(table)
    by_row = _not_whole, _unbalanced, _issued_wrongly, _held_traded
    by_lot = _sold_twice, _retired_twice, _also_ccer
    by_time = _after_expiry, _not_expired, _negative
    found = [check(table) for check in by_row] + [check(table, into) for check in by_lot] + [check(table) for check in by_time]
    return [problem for problems in found for problem in problems]


def _lots(table: pd.DataFrame, wrong) -> list[str]:
    return list(dict.fromkeys(table.loc[np.asarray(wrong, bool), "lot"]))


def _into(table: pd.DataFrame) -> pd.DataFrame:
    """What every event moved of each lot, MWh: a row a lot, a column an event."""
    here = table[(table["quantity_mwh"] > 0) & table["event"].isin(EVENTS)]
    moved = here.groupby(["lot", "event"])["quantity_mwh"].sum().astype(float).unstack(fill_value=0.0)
    return moved.reindex(index=table["lot"].unique(), columns=list(EVENTS), fill_value=0.0)


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


def _sold_twice(table, into):
    first = table[table["event"].isin(["opening", "issue"]) & (table["quantity_mwh"] > 0)]
    origin = table["lot"].map(first.drop_duplicates("lot").set_index("lot")["account"])
    again = (table["event"] == "trade") & (table["quantity_mwh"] < 0) & (table["account"] != origin)
    over = into.index[into["trade"] > into["opening"] + into["issue"]]
    return [f"{lot}: sold twice" for lot in dict.fromkeys([*_lots(table, again), *over])]


def _issued(into) -> pd.Series:
    return np.maximum(into["issue"], into["opening"])


def _retired_twice(table, into):
    return [f"{lot}: retired twice" for lot in into.index[into["retire"] > _issued(into)]]


def _also_ccer(table, into):
    used = np.maximum(into["retire"], into["trade"])
    return [
        f"{lot}: counted as CCER and as certificate"
        for lot in into.index[(into["ccer"] > 0) & (into["ccer"] + used > _issued(into))]
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
