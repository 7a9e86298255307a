"""The ledger of certificates: posted by hand, whole certificates, oldest first, and every rule broken once and
caught."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_model.results.ledger import COLUMNS, drawn, matched, post_ledger, statement, whole
from grid_model.results.ledger_rules import check_ledger

EMPTY = {
    "opening": ["lot", "generator", "technology", "zone", "kind", "class", "vintage", "quantity_mwh"],
    "issue": ["generator", "technology", "zone", "kind", "class", "month", "quantity_mwh"],
    "ccer": ["zone", "kind", "month", "quantity_mwh"],
    "sales": ["zone", "kind", "month", "quantity_mwh"],
    "purchases": ["purpose", "zone", "kind", "month", "quantity_mwh", "own"],
    "bundles": ["generator", "purpose", "zone", "month", "quantity_mwh"],
    "prices": ["kind", "month", "price_cny_per_mwh"],
}


def posted(**rows) -> pd.DataFrame:
    """A ledger from rows written as tuples in the order of the tables' columns; kind is non_hydro throughout."""
    tables = {
        name: pd.DataFrame(rows.get(name, []), columns=[column for column in columns if column != "kind"]).assign(
            kind="non_hydro"
        )
        for name, columns in EMPTY.items()
    }
    return post_ledger(**{name: tables[name] for name in EMPTY})


def wind(month, quantity, zone="A", kind="tradable"):
    return (f"{zone} wind", "wind_onshore", zone, kind, month, quantity)


def example() -> pd.DataFrame:
    """Two months of wind in A, sold to B; held sun in A; wind at sea in A, partly given up; a lot of 2025 that
    expires."""
    return posted(
        opening=[("old", "A wind", "wind_onshore", "A", "tradable", "2025-02", 7)],
        issue=[
            wind("2027-01", 10),
            wind("2027-02", 10),
            ("A roof", "solar_distributed", "A", "held", "2027-01", 5),
            ("A sea", "wind_offshore", "A", "choice", "2027-01", 8),
            ("A sea", "wind_offshore", "A", "choice", "2027-02", 0),
        ],
        ccer=[("A", "2027-01", 3)],
        sales=[("A", "2027-01", 5), ("A", "2027-02", 13)],
        purchases=[("B weight", "B", "2027-01", 5, False), ("B weight", "B", "2027-02", 13, False)],
        prices=[("2027-01", 4.0), ("2027-02", 6.0)],
    )


def rows(table, event):
    """(lot, account, quantity) of an event's rows into an account."""
    here = table[(table["event"] == event) & (table["quantity_mwh"] > 0)]
    return here[["lot", "account", "month", "quantity_mwh"]].to_numpy().tolist()


def test_posted_by_hand():
    """January: 5 of the 7 old ones go first, they are valid to January and the other 2 expire. February: 13 of what
    January left, the lots in the order of their names, 5 at sea (8 less 3 given up) and 8 of the wind. Without first
    in first out the old lot would expire whole."""
    table = example()
    assert rows(table, "trade") == [
        ["old", "B", "2027-01", 5],
        ["A sea 2027-01", "B", "2027-02", 5],
        ["A wind 2027-01", "B", "2027-02", 8],
    ]
    assert rows(table, "retire") == [
        [lot, "retired", month, quantity] for lot, _, month, quantity in rows(table, "trade")
    ]
    assert rows(table, "expire") == [["old", "expired", "2027-01", 2]]
    assert rows(table, "ccer") == [["A sea 2027-01", "ccer", "2027-01", 3]]
    assert check_ledger(table) == []


def test_adds_up_from_the_table_alone():
    """Every event sums to zero, and what left the registry is in a zone, retired, expired or given up. Were what expires not posted, A
    would seem to hold 19 instead of 17."""
    table = example()
    assert list(table.columns) == COLUMNS
    assert (table.groupby(["lot", "event", "month"])["quantity_mwh"].sum() == 0).all()
    assert table.groupby("account")["quantity_mwh"].sum().to_dict() == {
        "registry": -40,
        "A": 17,
        "B": 0,
        "retired": 18,
        "expired": 2,
        "ccer": 3,
    }


def test_statement_of_a_zone():
    """A: 7 in hand, 23 issued in January of which 5 held, 5 sold at 4 CNY, 3 given up, 2 expired, so 20 at its end;
    then 10 more, 13 sold at 6 CNY: 17. Without what is given up and what expires it would be 22 and not 17."""
    table = statement(example()).set_index(["zone", "month"])
    assert table.loc[("A", "2027-01")].tolist() == [7, 23, 5, 0, 5, 0, 3, 2, 20, 20.0]
    assert table.loc[("A", "2027-02")].tolist() == [20, 10, 0, 0, 13, 0, 0, 0, 17, 78.0]
    assert table.loc[("B", "2027-02")].tolist() == [0, 0, 0, 13, 0, 13, 0, 0, 0, -78.0]


def test_a_fraction_waits_for_the_next_month():
    """0.6 MWh each month: no certificate in January, one in February, none in March, one in April: 2.4 rounded down. Each month rounded
    down for itself would issue none."""
    table = posted(issue=[wind(f"2027-0{month}", 0.6) for month in (1, 2, 3, 4)])
    assert rows(table, "issue") == [["A wind 2027-02", "A", "2027-02", 1], ["A wind 2027-04", "A", "2027-04", 1]]


def test_a_buyer_in_the_sellers_zone_needs_no_trade():
    """A smelter of A buys 4 of A's 10 certificates: they are retired in A's own account. Without the rule A would trade 4 with
    itself."""
    table = posted(
        issue=[wind("2027-01", 10)], sales=[("A", "2027-01", 4)], purchases=[("smelter", "A", "2027-01", 4, True)]
    )
    assert rows(table, "trade") == []
    assert rows(table, "retire") == [["A wind 2027-01", "retired", "2027-01", 4]]


def test_certificates_move_with_contracted_energy():
    """A contract of 4 with A's wind serves a load in B; the zone's sale takes the rest. Without the contract's part the servers would
    retire none of their 4."""
    table = posted(
        issue=[wind("2027-01", 10)],
        bundles=[("A wind", "servers", "B", "2027-01", 4)],
        sales=[("A", "2027-01", 6)],
        purchases=[("B weight", "B", "2027-01", 6, False)],
    )
    assert table[(table["event"] == "retire") & (table["account"] == "retired")][
        ["purpose", "quantity_mwh"]
    ].to_numpy().tolist() == [["servers", 4], ["B weight", 6]]
    assert check_ledger(table) == []


def test_valid_for_24_months_that_of_generation_included():
    """A lot of January 2027 may be sold in December 2028 and not in January 2029. Valid for a month more, all 10 would be sold then."""
    months = [f"{year}-{month:02d}" for year in (2027, 2028, 2029) for month in range(1, 13)][:25]
    issue = [wind("2027-01", 10), *(wind(month, 0) for month in months[1:])]
    last = posted(issue=issue, sales=[("A", "2028-12", 10)], purchases=[("B weight", "B", "2028-12", 10, False)])
    assert rows(last, "retire") == [["A wind 2027-01", "retired", "2028-12", 10]]
    late = posted(issue=issue, sales=[("A", "2029-01", 10)], purchases=[("B weight", "B", "2029-01", 10, False)])
    assert rows(late, "retire") == []
    assert rows(late, "expire") == [["A wind 2027-01", "expired", "2028-12", 10]]
    assert check_ledger(last) == check_ledger(late) == []


# ---------------------------------------------------------------------------------------------------------- every rule


def with_event(table, lot, event, month, source, target, quantity, purpose="") -> pd.DataFrame:
    """The ledger with one more event."""
    facts = table[table["lot"] == lot].iloc[0].to_dict()
    new = pd.DataFrame(
        [
            facts
            | {
                "event": event,
                "month": month,
                "purpose": purpose,
                "account": account,
                "quantity_mwh": sign * quantity,
                "entry": table["entry"].max() + 1,
            }
            for account, sign in ((source, -1), (target, 1))
        ]
    )
    return pd.concat([table, new[table.columns].astype(table.dtypes)], ignore_index=True)


BROKEN = {
    "retired twice": lambda t: with_event(t, "old", "retire", "2027-01", "B", "retired", 5, "B weight"),
    "sold twice": lambda t: with_event(t, "A wind 2027-01", "trade", "2027-02", "B", "C", 2, "C weight"),
    "counted as CCER and as certificate": lambda t: with_event(t, "A sea 2027-01", "ccer", "2027-02", "A", "ccer", 5),
    "moved after expiry": lambda t: with_event(t, "old", "retire", "2027-02", "A", "retired", 2, "A weight"),
    "held certificates moved": lambda t: with_event(
        t, "A roof 2027-01 held", "trade", "2027-01", "A", "B", 1, "B weight"
    ),
    "negative balance": lambda t: with_event(t, "A wind 2027-02", "retire", "2027-02", "B", "retired", 1, "B weight"),
    "does not sum to zero": lambda t: t.assign(
        quantity_mwh=t["quantity_mwh"] + (t.index == t.index[t["event"] == "trade"][-1])
    ),
    "no whole number": lambda t: t.assign(quantity_mwh=t["quantity_mwh"] / 2),
    "issued twice": lambda t: with_event(t, "A wind 2027-02", "issue", "2027-02", "registry", "A", 10),
    "issued in another month": lambda t: t.assign(month=t["month"].where(t["event"] != "issue", "2027-03")),
    "never issued": lambda t: t[(t["lot"] != "A wind 2027-01") | (t["event"] != "issue")],
    "expired while valid": lambda t: with_event(t, "A wind 2027-02", "expire", "2027-02", "A", "expired", 1),
    "still in hand after expiry": lambda t: t[t["event"] != "expire"],
    "no column price_cny_per_mwh": lambda t: t.drop(columns="price_cny_per_mwh"),
}


@pytest.mark.parametrize("words", BROKEN)
def test_every_rule_broken_is_caught(words):
    """The example keeps every rule; broken in one place it is found, and the problem says what it is."""
    assert check_ledger(example()) == []
    assert any(words in problem for problem in check_ledger(BROKEN[words](example()))), check_ledger(
        BROKEN[words](example())
    )


def test_sold_twice_by_the_first_owner():
    """A sells more of a lot than it was issued: the second sale of the same certificates."""
    table = with_event(example(), "A wind 2027-01", "trade", "2027-02", "A", "B", 5, "B weight")
    assert any("sold twice" in problem for problem in check_ledger(table))


# ---------------------------------------------------------------------------------------------------------- properties

QUANTITIES = st.lists(st.integers(0, 20), min_size=1, max_size=6)


@given(QUANTITIES, QUANTITIES)
def test_drawing_uses_up_both_in_order(stock, demands):
    taken, demand, amount = drawn(stock, demands)
    assert amount.sum() == min(sum(stock), sum(demands))
    used, served = np.bincount(taken, amount, len(stock)), np.bincount(demand, amount, len(demands))
    assert (used <= stock).all() and (served <= demands).all()
    assert (np.diff(taken) >= 0).all() and (np.diff(demand) >= 0).all()


@given(st.data(), st.integers(2, 5))
def test_everyone_is_matched_wherever_that_is_possible(data, zones):
    """By Hall's theorem all can be served from other zones if, for each zone, what it sells and what it must buy
    outside are together no more than all that is sold."""
    numbers = st.lists(st.integers(0, 9), min_size=zones, max_size=zones)
    supply, wanted = np.array(data.draw(numbers), float), np.array(data.draw(numbers), float)
    bought = matched(supply, wanted, np.arange(zones), np.zeros(zones, bool))
    assert (bought.sum(axis=1) <= supply).all() and (bought.sum(axis=0) <= wanted).all()
    assert np.trace(bought) == 0
    possible = wanted.sum() <= supply.sum() and (wanted <= supply.sum() - supply).all()
    assert not possible or (bought.sum(axis=0) == wanted).all()


@given(st.lists(st.floats(0, 5), min_size=1, max_size=12))
def test_whole_certificates_stay_within_one_of_the_sum(quantities):
    table = pd.DataFrame(
        {
            "generator": "g",
            "month": [f"2027-{month:02d}" for month in range(1, len(quantities) + 1)],
            "quantity_mwh": quantities,
        }
    )
    reached = whole(table, ["generator"])["quantity_mwh"].cumsum().to_numpy()
    assert (reached <= np.cumsum(quantities) + 0.0011).all() and (reached > np.cumsum(quantities) - 1).all()
    assert (reached % 1 == 0).all()
