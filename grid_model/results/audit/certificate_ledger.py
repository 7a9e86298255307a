"""Ledger of green certificates, re-added from its rows alone: by entry, by lot, by account, by month; and what was issued.

    every rule         nothing is wrong with the table by itself (ledger_rules.py says in words what is); then, with the inputs:
    every entry        two rows that sum to nothing, in whole certificates
    issued             the energy of a generator so far, rounded down, class by class
    opening            the lots of the inputs
    in hand            of no lot less than nothing in any account; nothing after the 24th month, that of generation included
    first in, first out  no older lot of a zone and kind is left when a younger one is drawn
    once               a lot is sold only by the zone of its generator; what is sold, retired, expired or given up for CCER
                       is out of every zone, so that no certificate can go twice
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.ledger import COLUMNS
from grid_model.results.ledger_rules import check_ledger

VALID_MONTHS, ROUNDING = 24, 2e-3
OUTSIDE = ("registry", "retired", "expired", "ccer")
ORDER = {event: at for at, event in enumerate(("opening", "issue", "ccer", "trade", "retire", "expire"))}
HALF = 0.5  # of a certificate: whole numbers are compared


def check_certificate_ledger(book, plants, tables) -> None:
    """All laws of the table `ledger`; `certificate_statement` and `certificate_market` against it."""
    ledger = tables.get("ledger") if tables else None
    if ledger is None:
        return
    _check_rules(book, ledger)
    if not set(COLUMNS) <= set(ledger.columns):
        return
    ledger = ledger.assign(at=_number(ledger["month"]), born=_number(ledger["vintage"]), order=ledger["event"].map(ORDER))
    _check_issue(book, plants, ledger)
    if ledger.empty:  # less than a certificate in all
        return
    _check_entries(book, ledger)
    _check_hands(book, ledger)
    _check_order(book, ledger)
    _check_tables(book, ledger, tables)


def _check_rules(book, ledger) -> None:
    problems = check_ledger(ledger)
    book.equal("ledger: every rule of its table", problems or ["all lots"], [1.0] * len(problems) or [0.0], unit="1", tolerance=0.0)


def _number(months) -> np.ndarray:
    time = pd.PeriodIndex(months.astype(str), freq="M")
    return time.year.to_numpy() * 12 + time.month.to_numpy()


def _check_entries(book, ledger) -> None:
    quantity = ledger["quantity_mwh"].to_numpy(float)
    known = ledger["order"].notna().to_numpy() & (quantity == np.round(quantity))
    book.equal("ledger: whole certificates of known events", ledger["lot"], 1.0 - known, unit="1", tolerance=0.0)
    by = ledger.assign(quantity_mwh=quantity, one=1.0).groupby(["entry", "lot", "event", "month"], dropna=False, sort=False)
    sums = by[["quantity_mwh", "one"]].sum().reset_index()
    book.equal("ledger: entries sum to nothing", sums["lot"], sums["quantity_mwh"], unit="MWh", tolerance=HALF)
    book.equal("ledger: entries have two sides", sums["lot"], sums["one"], 2.0, unit="1", tolerance=0.0)
    facts = ["generator", "technology", "vintage", "class", "kind"]
    different = ledger.groupby("lot", sort=False)[facts].nunique().max(axis=1)
    book.equal("ledger: one lot, one origin", different.index, different, 1.0, unit="1", tolerance=0.0)
    priced = ledger["price_cny_per_mwh"].fillna(-1.0)  # none: another than any
    prices = priced.groupby(ledger["entry"], sort=False).agg(["min", "max"])
    book.equal("ledger: both sides at one price", prices.index, prices["max"] - prices["min"], unit="CNY/MWh", tolerance=1e-9)


def _check_issue(book, plants, ledger) -> None:
    """Issued to each generator until the end of each month: its energy so far, less what waits of each class."""
    issue = ledger[(ledger["event"] == "issue") & (ledger["quantity_mwh"] > 0)]
    months = _number(pd.Series(book.case.time.strftime("%Y-%m")))
    every = np.unique(months)
    energy = np.cumsum(plants.output @ ((months[:, None] == every) * book.hours[:, None]), axis=1)
    issued = np.zeros((len(plants.names), len(every)))
    at = pd.Index(plants.names).get_indexer(issue["generator"]), np.searchsorted(every, issue["born"]).clip(max=len(every) - 1)
    np.add.at(issued, at, issue["quantity_mwh"].to_numpy(float))
    some = (plants.table["certificate"] != "none").to_numpy()
    own = plants.table["self_consumed_fraction"].to_numpy(float)
    classes = 1.0 + ((own > 0) & (own < 1))
    so_far = np.cumsum(issued, axis=1)
    book.between("ledger: issued is what was generated", plants.names[some], (energy - classes[:, None] - ROUNDING)[some],
                 so_far[some], (energy + ROUNDING)[some], unit="MWh", tolerance=10 * book.energy, moments=every)
    book.equal("ledger: nothing issued to others", plants.names[~some], so_far[~some], unit="MWh", tolerance=HALF, moments=every)
    late = issue["at"].to_numpy() - issue["born"].to_numpy()
    book.equal("ledger: issued in the month of generation", issue["lot"], late, unit="month", tolerance=0.0)
    zone = issue["generator"].map(plants.table.set_index("generator")["zone"]).to_numpy(object)
    book.equal("ledger: issued to the zone of the generator", issue["lot"], zone != issue["account"].to_numpy(object), 0.0,
               unit="1", tolerance=0.0)
    _check_opening(book, ledger)


def _check_opening(book, ledger) -> None:
    """What was in hand before: every lot that is given, of its generator, month and size, and no other."""
    opening = ledger[(ledger["event"] == "opening") & (ledger["quantity_mwh"] > 0)]
    given = book.case.tables["certificate_lots"]
    lots = pd.Index(given["lot"]).union(opening["lot"].unique()).to_numpy(object)
    quantity, told = given.groupby("lot")["quantity_mwh"].sum(), opening.groupby("lot")["quantity_mwh"].sum()
    book.equal("ledger: opening as given", lots, told.reindex(lots, fill_value=0.0), quantity.reindex(lots, fill_value=0.0), unit="MWh",
               tolerance=HALF)
    of = given.drop_duplicates("lot").set_index("lot").reindex(opening["lot"])
    other = of["generator"].to_numpy(object) != opening["generator"].to_numpy(object)
    other |= pd.to_datetime(of["vintage"]).dt.strftime("%Y-%m").to_numpy(object) != opening["vintage"].to_numpy(object)
    book.equal("ledger: opening lots of their origin", opening["lot"], other.astype(float), unit="1", tolerance=0.0)


def _check_hands(book, ledger) -> None:
    """What each account holds of each lot after every event; what zones hold after the last valid month."""
    rows = ledger[ledger["account"] != "registry"].sort_values(["at", "order", "entry"], kind="stable")
    held = rows.groupby(["lot", "account"], sort=False)["quantity_mwh"].cumsum()
    book.at_most("ledger: no account below nothing", rows["lot"], -held.to_numpy(float), unit="MWh", tolerance=HALF)
    until = ledger["born"] + VALID_MONTHS - 1
    wrong = np.where(ledger["event"] == "expire", ledger["at"] != until, ledger["at"] > until)
    book.equal("ledger: moved while valid, expired in time", ledger["lot"], wrong.astype(float), unit="1", tolerance=0.0)
    own = ledger[~ledger["account"].isin(OUTSIDE)]
    left = own.groupby("lot", sort=False)["quantity_mwh"].sum()
    old = left[left.index.map(ledger.groupby("lot")["born"].first()) + VALID_MONTHS - 1 < ledger["at"].max()]
    book.equal("ledger: nothing in hand after expiry", old.index, old, unit="MWh", tolerance=HALF)
    held_lots = ledger[(ledger["class"] == "held") & ledger["event"].isin(["trade", "retire", "ccer"])]
    book.equal("ledger: held certificates stay", held_lots["lot"], held_lots["quantity_mwh"], unit="MWh", tolerance=HALF)
    first = own[own["event"].isin(["opening", "issue"])].groupby("lot")["account"].first()
    sold = ledger[(ledger["event"] == "trade") & (ledger["quantity_mwh"] < 0)]
    again = sold["lot"].map(first).to_numpy(object) != sold["account"].to_numpy(object)
    book.equal("ledger: sold once, by the zone of the generator", sold["lot"], again.astype(float), unit="1", tolerance=0.0)


def _check_order(book, ledger) -> None:
    """First in, first out: what is left at a month's end of lots older than the youngest drawn in it; energy contracts
    move the certificates of their own plant and month."""
    own = ledger[~ledger["account"].isin(OUTSIDE) & (ledger["class"] == "tradable") & (ledger["event"] != "expire")]
    lots = own.groupby("lot", sort=False).agg(zone=("account", "first"), kind=("kind", "first"), born=("born", "first"))
    lots = lots.rename_axis(None).assign(lot=lots.index).sort_values(["born", "lot"], kind="stable")
    months = np.unique(ledger["at"])
    moved = np.zeros((len(lots), len(months)))
    home = own[own["account"].to_numpy(object) == lots["zone"].reindex(own["lot"]).to_numpy(object)]
    np.add.at(moved, (lots.index.get_indexer(home["lot"]), np.searchsorted(months, home["at"])), home["quantity_mwh"].to_numpy(float))
    left = np.cumsum(moved, axis=1)
    taken = ledger[(ledger["event"] == "retire") & (ledger["quantity_mwh"] < 0)]
    consumers = set(book.case.tables["loads"]["load"])
    taken = taken[(taken["born"] < taken["at"]) | ~taken["purpose"].isin(consumers)]
    drawn = np.zeros(moved.shape, bool)
    drawn[lots.index.get_indexer(taken["lot"]), np.searchsorted(months, taken["at"])] = True
    valid = lots["born"].to_numpy()[:, None] <= months
    for rows in lots.reset_index(drop=True).groupby(["zone", "kind"], sort=False).indices.values():
        later = np.flip(np.maximum.accumulate(np.flip(drawn[rows], 0), 0), 0)
        older = np.vstack([later[1:], np.zeros((1, len(months)), bool)]) & valid[rows]
        book.equal("ledger: first in, first out", lots["lot"].to_numpy(object)[rows], np.where(older, left[rows], 0.0), unit="MWh",
                   tolerance=HALF, moments=months)


def _of(moved: pd.Series, event: str, into: bool) -> pd.Series:
    """What an event moved into, or out of, the account of each zone and month."""
    return moved[(moved.index.get_level_values(2) == event) & (moved.index.get_level_values(3) == into)].droplevel([2, 3])


def _check_tables(book, ledger, tables) -> None:
    """The statement of each zone is the ledger re-added; certificates trade at the price of the market."""
    own = ledger[~ledger["account"].isin(OUTSIDE)]
    if "certificate_statement" in tables:
        stated = tables["certificate_statement"].set_index(["zone", "month"])
        moved = own.groupby(["account", "month", "event", own["quantity_mwh"] > 0])["quantity_mwh"].sum().abs()
        for column, event, into in (("issued_mwh", "issue", True), ("bought_mwh", "trade", True), ("sold_mwh", "trade", False),
                                    ("retired_mwh", "retire", False), ("ccer_mwh", "ccer", False), ("expired_mwh", "expire", False)):
            found = _of(moved, event, into).reindex(stated.index, fill_value=0.0)
            book.equal(f"statement: {column[:-4]}", stated.index.get_level_values(0), stated[column], found, unit="MWh", tolerance=HALF)
        held = own[(own["event"] == "issue") & (own["class"] == "held")].groupby(["account", "month"])["quantity_mwh"].sum()
        book.equal("statement: held", stated.index.get_level_values(0), stated["held_mwh"],
                   held.reindex(stated.index, fill_value=0.0), unit="MWh", tolerance=HALF)
        net = own.groupby(["account", "month"])["quantity_mwh"].sum().reindex(stated.index, fill_value=0.0)
        end = net.groupby(level=0).cumsum()
        opening = own[own["event"] == "opening"].groupby(["account", "month"])["quantity_mwh"].sum().reindex(stated.index, fill_value=0.0)
        book.equal("statement: in hand at the end", stated.index.get_level_values(0), stated["end_mwh"], end, unit="MWh", tolerance=HALF)
        book.equal("statement: in hand at the start", stated.index.get_level_values(0), stated["start_mwh"], end - net + opening,
                   unit="MWh", tolerance=HALF)
        paid = (own["quantity_mwh"] * own["price_cny_per_mwh"].fillna(0.0))[own["event"] == "trade"]
        paid = paid.groupby([own["account"], own["month"]]).sum().reindex(stated.index, fill_value=0.0)
        book.equal("statement: money", stated.index.get_level_values(0), stated["trade_cny"], -paid, unit="CNY",
                   tolerance=1e-9 * paid.abs() + 0.01)
    if "certificate_market" in tables:
        price = tables["certificate_market"].set_index(["kind", "month"])["price_cny_per_mwh"]
        sold = ledger[(ledger["event"] == "trade") & ledger["price_cny_per_mwh"].notna()]
        expected = price.reindex(pd.MultiIndex.from_frame(sold[["kind", "month"]])).to_numpy(float)
        book.equal("ledger: traded at the price of the month", sold["lot"], sold["price_cny_per_mwh"], expected, unit="CNY/MWh",
                   tolerance=1e-6)
