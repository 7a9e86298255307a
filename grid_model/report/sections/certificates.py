"""Green certificates: from generation to use as a Sankey, the market by month, obligations, and the statement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.blocks import Column, Figure, Section, Table, empty
from grid_model.report.charts import Sankey
from grid_model.report.style import stacked
from grid_model.report.view import View
from grid_model.report.words import Words, plain, word

MOST_ZONES = 12  # more are summed to regions in the Sankey
ENDS = {"retired": "#009e73", "ccer": "#cc79a7", "expired": "#d55e00", "in_hand": "#bbbbbb"}
PLACE = "#56b4e9"
MILLION = 1e-6


def section(view: View) -> Section | None:
    blocks = empty(flow(view), market_table(view), obligation_table(view), statement_table(view))
    return Section("certificates", word("certificates"), blocks) if blocks else None


def flow(view: View) -> Figure | None:
    """Technology, where it generates, and what became of its certificates; every certificate issued goes somewhere."""
    ledger = view.tables.get("ledger")
    if ledger is None:
        return None
    ways = ways_of_certificates(ledger)
    ways = ways[ways["quantity"] > 0]
    if ways.empty:
        return None
    names = _areas(view, pd.unique(pd.concat([ways["origin"], ways["holder"]])))
    ways = ways.assign(
        origin=ways["origin"].map(names),
        end=[(end, names[holder] if end == "retired" else "") for end, holder in zip(ways["end"], ways["holder"])],
    )
    return Figure(_sankey(view, ways))


def ways_of_certificates(ledger: pd.DataFrame) -> pd.DataFrame:
    """What became of all certificates: `technology, origin, end, holder, quantity`.

    Origin is the zone that a lot was issued to (or opened in); ends are `retired`, `ccer`, `expired`, and `in_hand` of
    what the holder still has. Quantities by origin sum to what was issued and opened there.
    """
    zones = ledger[~ledger["account"].isin(["registry", "retired", "expired", "ccer"])]
    first = zones[zones["event"].isin(["issue", "opening"])]
    origin = first.groupby("lot")["account"].first()
    gone = zones[zones["event"].isin(["retire", "ccer", "expire"])]
    gone = gone.assign(end=gone["event"].map({"retire": "retired", "ccer": "ccer", "expire": "expired"}),
                       quantity_mwh=-gone["quantity_mwh"])  # fmt: skip
    held = zones.assign(end="in_hand")
    parts = pd.concat([gone, held])
    sums = parts.groupby(["lot", "technology", "end", "account"], as_index=False)["quantity_mwh"].sum()
    sums = sums.assign(origin=sums["lot"].map(origin)).rename(columns={"account": "holder", "quantity_mwh": "quantity"})
    return sums.groupby(["technology", "origin", "end", "holder"], as_index=False)["quantity"].sum()


def _areas(view: View, zones) -> dict[str, str]:
    """The node of each zone: itself, or its region where there are many zones."""
    region = (
        dict(zip(view.data["zone"].values.astype(str), view.data["region"].values))
        if "region" in view.data.coords
        else {}
    )
    many = len(zones) > MOST_ZONES
    return {
        str(zone): str(region[str(zone)]) if many and isinstance(region.get(str(zone)), str) else str(zone)
        for zone in zones
    }


def _sankey(view: View, ways: pd.DataFrame) -> Sankey:
    technologies, origins = stacked(ways["technology"].unique()), sorted(ways["origin"].unique())
    ends = sorted(ways["end"].unique(), key=lambda end: (list(ENDS).index(end[0]), end[1]))
    place = {("technology", name): number for number, name in enumerate(technologies)}
    place |= {("origin", name): len(place) + number for number, name in enumerate(origins)}
    place |= {("end", name): len(place) + number for number, name in enumerate(ends)}
    first = ways.groupby(["technology", "origin"])["quantity"].sum()
    second = ways.groupby(["origin", "end"])["quantity"].sum()
    source = [place["technology", name] for name, _ in first.index] + [
        place["origin", name] for name, _ in second.index
    ]
    target = [place["origin", name] for _, name in first.index] + [place["end", name] for _, name in second.index]
    nodes = [view.style.technology(name) for name in technologies] + [_place(view, name) for name in origins]
    nodes += [word(end) + (plain(" ") + _place(view, name) if name else plain("")) for end, name in ends]
    colours = (
        [view.style.technology_colour(name) for name in technologies]
        + [PLACE] * len(origins)
        + [ENDS[end] for end, _ in ends]
    )
    return Sankey("certificate_flow", word("certificate_flow"), "M", nodes, colours, np.array(source), np.array(target),
                  np.concatenate([first.to_numpy(), second.to_numpy()]) * MILLION, height=560)  # fmt: skip


def _place(view: View, name: str) -> Words:
    return word(name) if name not in view.data["zone"].values else view.style.zone(name)


# -------------------------------------------------------------------------------------------------------------- tables


def market_table(view: View) -> Table | None:
    table = view.tables.get("certificate_market")
    if table is None:
        return None
    names = [name for name in ("issued", "held", "offered", "ccer", "sold", "banked") if f"{name}_mwh" in table]
    unit = view.energy
    columns = [
        Column(word("month"), "text"),
        Column(word("kind"), "text"),
        *(Column(word(name), unit=unit.name) for name in names),
        Column(Words("Price", "证书价格"), unit=view.money_name + Words("/MWh", "/张")),
    ]
    rows = [
        (
            row["month"],
            word(row["kind"]),
            *(row[f"{name}_mwh"] * unit.factor for name in names),
            row["price_cny_per_mwh"],
        )
        for row in table.to_dict("records")
    ]
    return Table(word("certificate_market"), columns, rows, file="certificate_market.csv")


def obligation_table(view: View) -> Table | None:
    table = view.tables.get("green_obligations")
    if table is None:
        return None
    unit = view.zone_energy
    names = {
        "consumption_mwh": "consumption",
        "required_mwh": "required",
        "physical_mwh": "physical",
        "certificates_mwh": "by_certificates",
        "short_mwh": "short",
    }
    columns = [
        Column(word("party"), "text"),
        Column(word("obligation"), "text"),
        *(Column(word(key), unit=unit.name) for key in names.values()),
        Column(word("demanded"), "percent"),
        Column(word("achieved"), "percent"),
        Column(word("passed"), "check"),
    ]
    rows = [
        (
            view.style.party(row["party"]),
            word(row["obligation"]),
            *(row[name] * unit.factor for name in names),
            row["share"],
            row["achieved_share"],
            row["passed"],
        )
        for row in table.to_dict("records")
    ]
    return Table(word("obligations"), columns, rows, folded=True, file="green_obligations.csv")


def statement_table(view: View) -> Table | None:
    table = view.tables.get("certificate_statement")
    if table is None:
        return None
    names = {
        "start_mwh": "start",
        "issued_mwh": "issued",
        "held_mwh": "held",
        "bought_mwh": "bought",
        "sold_mwh": "sold",
        "retired_mwh": "retired",
        "ccer_mwh": "ccer",
        "expired_mwh": "expired",
        "end_mwh": "in_hand",
    }
    unit = view.zone_energy
    columns = [Column(word("zone"), "text"), Column(word("month"), "text"),
               *(Column(word(key), unit=unit.name) for key in names.values()),
               Column(word("trade"), unit=view.money_name, digits=0)]  # fmt: skip
    rows = [(view.style.zone(row["zone"]), row["month"], *(row[name] * unit.factor for name in names), row["trade_cny"])
            for row in table.to_dict("records")]  # fmt: skip
    return Table(word("statement"), columns, rows, folded=True, file="certificate_statement.csv")
