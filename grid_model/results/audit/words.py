"""Words of tables: zone, technology, class and kind of whatever a row is about are those of the inputs; no item but those that
are settled."""

from __future__ import annotations

import numpy as np
import pandas as pd

FACTS = {  # column that names what a row is about: table of the inputs, words that go with it
    "generator": ("generators", ("zone", "technology", "purchase_class")),
    "programme": ("demand_response", ("zone", "kind")),
    "storage": ("storage", ("zone", "place", "host")),
    "technology": ("technologies", ("kind", "label", "name_zh", "color")),
}
OWN = {"ledger": ("technology",), "green_trades": (), "technologies": FACTS["technology"][1]}  # tables with other words of these names
ITEMS = ("market", "guaranteed", "mechanism", "capacity", "certificates", "ccer", "conversion", "demand_response", "congestion_rent",
         "energy", "allowances", "auction", "offsets", "shortfall", "balance")  # fmt: skip
EARNED_BY = {  # items that only some kinds of parties have: tables of the inputs
    "market": (("generators", "generator"), ("storage", "storage")), "conversion": (("converter_ports", "port"),),
    "demand_response": (("demand_response", "programme"),), "congestion_rent": (("lines", "line"),),
    **dict.fromkeys(("guaranteed", "mechanism", "capacity"), (("generators", "generator"), ("loads", "load")))}

PARTIES = (("generators", "generator"), ("storage", "storage"), ("loads", "load"), ("demand_response", "programme"), ("lines", "line"),
           ("converter_ports", "port"), ("certificate_lots", "generator"), ("carbon_entities", "entity"))  # fmt: skip
OTHERS = ("CCER market", "carbon market", "government", "grid company", "market")
ACCOUNTS = ("registry", "retired", "expired", "ccer")


def check_words(book, tables) -> None:
    """All laws of the words of the tables beside a dispatch."""
    for name, table in (tables or {}).items():
        for subject, (of, facts) in FACTS.items():
            if subject in table and len(table) and (subject != "technology" or name == "technologies"):
                _check_facts(book, name, table, subject, book.case.tables[of], [one for one in OWN.get(name, facts) if one in table])
    if tables and "settlement" in tables:
        _check_settled(book, tables["settlement"])
    if tables and "ledger" in tables:
        known = tables["ledger"]["account"].isin([*book.case.zones, *ACCOUNTS])
        book.equal("ledger: accounts that there are", tables["ledger"]["lot"], 1.0 - known, unit="1", tolerance=0.0)
    if tables and "green_obligations" in tables:
        _check_parties(book, tables["green_obligations"])
    if tables and "green_imports" in tables:
        _check_ends(book, tables["green_imports"])
    if tables and "green_loads" in tables:
        _check_periods(book, tables["green_loads"])


def _check_facts(book, name, table, subject, given, facts) -> None:
    """Rows about what the inputs do not know (lots of plant that is gone) say what they like."""
    known = table[table[subject].isin(given[subject])]
    expected = given.set_index(subject)
    for fact in facts:
        same = _text(known[fact]) == _text(known[subject].map(expected[fact]))
        book.equal(f"{name}: {fact} as given", known[subject].to_numpy(object), 1.0 - same, unit="1", tolerance=0.0)


def _check_settled(book, table) -> None:
    book.equal("settlement: items that there are", table["party"], 1.0 - table["item"].isin(ITEMS), unit="1", tolerance=0.0)
    names = [book.case.tables[of][subject] for of, subject in PARTIES]
    zones = set(book.case.zones)
    known = set().union(*names, OTHERS, zones, (f"{zone} carbon entity" for zone in zones))
    book.equal("settlement: parties that there are", table["party"], 1.0 - table["party"].isin(known), unit="1", tolerance=0.0)
    book.equal(
        "settlement: zones that there are", table["party"], 1.0 - np.isin(_text(table["zone"]), [*zones, ""]), unit="1", tolerance=0.0
    )
    for item, kinds in EARNED_BY.items():
        rows = table[(table["item"] == item) & ~table["party"].isin({*zones, *OTHERS})]
        earning = set().union(*(book.case.tables[of][subject] for of, subject in kinds))
        book.equal("settlement: parties of their items", rows["party"], 1.0 - rows["party"].isin(earning), unit="1", tolerance=0.0)
    zone_of = pd.concat([book.case.tables[of].set_index(subject)["zone"] for of, subject in PARTIES[:4]])
    alone = zone_of[~zone_of.index.duplicated(keep=False)]  # a store may be called as a load is
    known = table[table["party"].isin(alone.index) & table["item"].isin(ITEMS[:4])]
    book.equal("settlement: zone as given", known["party"], 1.0 - (_text(known["zone"]) == _text(known["party"].map(alone))), unit="1",
               tolerance=0.0)


def _check_parties(book, table) -> None:
    """Weights are of a zone, shares of a load in its zone."""
    of_load = table["obligation"].to_numpy(object) == "green_share"
    loads = book.case.tables["loads"].set_index("load")["zone"]
    expected = np.where(of_load, _text(table["party"].map(loads)), _text(table["party"]))
    book.equal("obligation: party of the zone", table["party"], 1.0 - (_text(table["zone"]) == expected), unit="1", tolerance=0.0)


def _check_ends(book, table) -> None:
    """What a line sends either way goes from one of its ends to the other."""
    lines = book.case.tables["lines"].set_index("line")
    ends = [sorted(pair) for pair in zip(_text(table["from_zone"]), _text(table["to_zone"]))]
    given = [sorted(pair) for pair in zip(*(_text(table["line"].map(lines[end])) for end in ("from_zone", "to_zone")))]
    different = [float(one != other) for one, other in zip(ends, given)]
    book.equal("green imports: ends of the line", table["line"], different, unit="1", tolerance=0.0)


def _check_periods(book, table) -> None:
    """Periods are a year, a month, or all hours, as the load is matched."""
    asked = table["load"].map(book.case.tables["loads"].set_index("load")["green_matching"])
    times = {"year": set(book.case.time.strftime("%Y")), "month": set(book.case.time.strftime("%Y-%m"))}
    fits = [str(period) in times[kind] if kind in times else str(period) not in times["year"] | times["month"]
            for period, kind in zip(table["period"], asked)]
    book.equal("green load: periods that there are", table["load"], 1.0 - np.array(fits, float), unit="1", tolerance=0.0)


def _text(values) -> np.ndarray:
    """As words, missing ones empty."""
    return pd.Series(np.asarray(values, object)).fillna("").astype(str).to_numpy(object)
