"""What `grid-model compare` says on the terminal, as JSON and as a page."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import xarray as xr
from rich.markup import escape
from rich.table import Table

from grid_model.commands.session import print_json, print_table
from grid_model.report.comparison import comparison_html
from grid_model.report.page import write_page
from grid_model.report.style import Style
from grid_model.report.view import number
from grid_model.results.comparison import compare, differences
from grid_model.results.results import open_results

MOST_ROWS = 12  # of a group on the terminal; the page and --json have all


def show(folders: list[Path], html: Path | None, language: str, as_json: bool) -> None:
    """Compare folders of results."""
    opened = [open_results(folder) for folder in folders]
    found = compare(*opened)
    if html is not None:
        write_page(comparison_html(found, Style(*opened), language), html)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
        if html is not None:
            print(f"wrote {html}")


def _document(found: xr.Dataset) -> dict:
    rows = differences(found)
    values = rows.astype(object).where(rows.notna(), None)
    return {
        "runs": [str(name) for name in found["run"].values],
        "basis": found.attrs["basis"],
        "notes": found.attrs["notes"],
        "rows": values.to_dict("records"),
    }


def _print(found: xr.Dataset) -> None:
    rows, names = differences(found), [str(name) for name in found["run"].values]
    table = Table(box=None)
    for heading in ("", "unit", *names, *(f"change: {name}" for name in names[1:])):
        table.add_column(escape(heading), justify="left" if heading in ("", "unit") else "right")
    for group, part in rows.groupby("group", sort=False):
        _add(table, re.sub("_(cny|mwh|t)$", "", str(group)).replace("_", " "), part, names)
    for note in found.attrs["notes"]:
        print(note)
    if found.attrs["notes"]:
        print()
    print_table(table)


def _add(table: Table, group: str, part: pd.DataFrame, names: list[str]) -> None:
    """The rows of a group that change most, in the order of the largest change."""
    changes = part[[f"change: {name}" for name in names[1:]]]
    part = part[(part[names].fillna(0.0) != 0).any(axis=1)]
    order = changes.loc[part.index].abs().max(axis=1).fillna(-1.0).sort_values(ascending=False, kind="stable").index
    for row in part.loc[order[:MOST_ROWS]].to_dict("records"):
        label = f"{group} {row['item']}".strip()
        table.add_row(escape(label), escape(row["unit"]), *(number(row[name]) for name in names),
                      *(_signed(row[f"change: {name}"]) for name in names[1:]))  # fmt: skip
    if len(order) > MOST_ROWS:
        table.add_row(f"{group}: {len(order) - MOST_ROWS} more in --html and --json", "")


def _signed(value: float) -> str:
    shown = number(value)
    return f"+{shown}" if value > 0 and shown != "0" else shown
