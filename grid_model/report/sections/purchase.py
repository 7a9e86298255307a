"""Order of purchase, rank by rank, and green corridors."""

from __future__ import annotations

from grid_model.report.blocks import Column, Note, Section, Table, empty
from grid_model.report.view import View
from grid_model.report.words import word
from grid_model.solve.solved import BY_WEIGHTS


def section(view: View) -> Section | None:
    blocks = empty(*order_table(view), green_corridor_table(view))
    return Section("purchase", word("purchase"), blocks) if blocks else None


def order_table(view: View) -> list:
    table = view.tables.get("purchase_order")
    if table is None:
        return []
    unit = view.energy
    columns = [
        Column(word("rank"), digits=0),
        Column(word("purchase_class"), "text"),
        Column(word("available"), unit=unit.name),
        Column(word("taken"), unit=unit.name),
        Column(word("forgone"), unit=view.zone_energy.name),
        Column(word("forgone"), "percent", digits=2),
        Column(word("passed"), "check"),
    ]
    rows = [
        (
            row.rank,
            word(row.purchase_class),
            row.available_mwh * unit.factor,
            row.taken_mwh * unit.factor,
            (row.available_mwh - row.taken_mwh) * view.zone_energy.factor,
            1 - row.taken_mwh / row.available_mwh if row.available_mwh > 0 else None,
            row.passed,
        )
        for row in table.itertuples()
    ]
    whole = view.results.summary.get("ranks_proven") != BY_WEIGHTS
    passed = word("purchase_passed" if whole else "purchase_passed_windows")
    return [Table(word("purchase"), columns, rows, file="purchase_order.csv"), Note(word("purchase_note") + passed)]


def green_corridor_table(view: View) -> Table | None:
    table = view.tables.get("green_corridors")
    if table is None:
        return None
    unit = view.zone_energy
    columns = [
        Column(word("line"), "text"),
        Column(word("energy"), unit=unit.name),
        Column(word("renewable"), unit=unit.name),
        Column(word("share"), "percent"),
        Column(word("demanded"), "percent"),
        Column(word("passed"), "check"),
    ]
    rows = [(view.style.line(row.line), row.carried_mwh * unit.factor, row.renewable_mwh * unit.factor,
             row.renewable_mwh / row.carried_mwh if row.carried_mwh > 0 else None, row.min_renewable_share, row.passed)
            for row in table.itertuples()]  # fmt: skip
    return Table(word("green_corridors"), columns, rows, file="green_corridors.csv")
