"""Rows of the tables beside a dispatch: each once, and one for all that a table is about."""

from __future__ import annotations

import pandas as pd

KEYS = {"carbon_account": ("market", "entity", "year"), "carbon_factors": ("area", "level", "year"), "carbon_market": ("market", "year"),
        "certificate_market": ("month", "kind"), "certificate_statement": ("zone", "month"), "corridor_contracts": ("line", "month"),
        "curtailment": ("generator", "cause"), "demand_response": ("programme",), "demand_response_capability": ("zone",),
        "green_corridors": ("line", "year"), "green_imports": ("line", "from_zone", "month"), "green_loads": ("load", "period"),
        "green_obligations": ("party", "obligation", "year"), "guaranteed_purchase": ("generator", "year"),
        "planned_generation": ("generator", "month"), "purchase_order": ("purchase_class",), "scorecard": ("target",),
        "self_use": ("storage",), "technologies": ("technology",)}  # fmt: skip
OUTSIDE = ("registry", "retired", "expired", "ccer")


def check_rows(book, tables) -> None:
    """No row twice; none too many and none missing."""
    for name, table in (tables or {}).items():
        keys = [key for key in KEYS.get(name, ()) if key in table]
        if keys and len(table):
            book.equal(
                f"{name}: every row once", table[keys[0]].to_numpy(object), table.duplicated(keys).to_numpy(float), unit="1", tolerance=0.0
            )
    for name, (column, expected) in _expected(book, tables or {}).items():
        told = set(zip(*(tables[name][one].astype(str) for one in column)))
        odd = sorted(told ^ expected)
        book.equal(f"{name}: a row for each", [" ".join(one) for one in odd] or ["all"], [1.0] * len(odd) or [0.0], unit="1", tolerance=0.0)


def _expected(book, tables) -> dict[str, tuple[tuple[str, ...], set]]:
    """The columns and the keys that there must be, by table."""
    given, found = book.case.tables, {}
    used = pd.concat([given[name]["technology"] for name in ("generators", "storage")])
    found["technologies"] = ("technology",), _keys(used[used.isin(given["technologies"]["technology"])])
    found["demand_response"] = ("programme",), _keys(given["demand_response"]["programme"])
    found["demand_response_capability"] = ("zone",), _keys(book.case.zones)
    found["self_use"] = ("storage",), _keys(given["storage"].loc[given["storage"]["call"] == "self_use", "storage"])
    found |= _of_lines_and_loads(book)
    if "rank_objective" in book.dispatch:
        found["purchase_order"] = ("purchase_class",), _keys(book.dispatch["rank_objective"].to_series().index)
    ledger = tables.get("ledger")
    if ledger is not None:
        own = ledger[~ledger["account"].isin(OUTSIDE)]
        found["certificate_statement"] = (
            ("zone", "month"),
            {(str(zone), str(month)) for zone in own["account"] for month in own["month"].unique()},
        )
    weights = tables.get("green_obligations")
    if weights is not None:
        of = weights[weights["obligation"].isin(["total", "non_hydro"])]
        found["green_obligations"] = (
            ("party", "obligation"),
            {(str(party), kind) for party in of["party"] for kind in ("total", "non_hydro")}
            | _keys(weights.loc[weights["obligation"] == "green_share", "party"], "green_share"),
        )
    return {name: one for name, one in found.items() if name in tables}


def _of_lines_and_loads(book) -> dict[str, tuple[tuple[str, ...], set]]:
    """Contracts and shares of lines in service, green shares of loads that no certificates meet."""
    lines, loads, contracts = (book.case.tables[name] for name in ("lines", "loads", "corridor_contracts"))
    working = lines[(lines["capacity_mw"] > 0) | (lines["reverse_capacity_mw"].fillna(0.0) > 0)]
    months = book.case.time.strftime("%Y-%m").unique()
    dealt = contracts[contracts["line"].isin(working["line"]) & contracts["energy_mwh"].notna()]
    green = loads[(loads["green_share"] > 0) & (loads["certificates"] == "none")]
    return {"corridor_contracts": (("line", "month"), {(str(line), month) for line, number in zip(dealt["line"], dealt["month"])
                                                       for month in months if int(month[5:]) == number}),
            "green_corridors": (("line",), _keys(working.loc[working["min_renewable_share"] > 0, "line"])),
            "green_loads": (("load",), _keys(green["load"]))}


def _keys(values, *beside) -> set:
    return {(str(value), *beside) for value in values}
