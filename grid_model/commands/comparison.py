"""What `grid-model compare` says on the terminal, as JSON and as a page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from rich.markup import escape
from rich.table import Table

from grid_model.commands.session import print_json, print_table
from grid_model.report.comparison import comparison_html
from grid_model.report.page import write_page
from grid_model.report.style import Style
from grid_model.report.view import number, signed
from grid_model.results.comparison import compare, differences
from grid_model.results.results import open_results

SUMS = ("load_mwh", "unserved_mwh", "generation_mwh", "curtailment_mwh", "discharge_mwh", "emissions_t")
SAME = 1e-9  # of a figure: rounding
PASSED = {1.0: "yes", 0.0: "no"}
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
    same = sum(
        _add(table, str(group), part, names) for group, part in rows.groupby("group", sort=False)
    )
    for note in found.attrs["notes"]:
        print(note)
    if found.attrs["notes"]:
        print()
    print_table(table)
    if same:
        figures, them = ("figure is", "it") if same == 1 else ("figures are", "them")
        print(f"\n{same} more {figures} the same in all; --html and --json have {them}.")


def _add(table: Table, group: str, part: pd.DataFrame, names: list[str]) -> int:
    """The whole of a group, and those of its rows that change most, in the order of the largest change; how many that
    are not nothing are the same in all."""
    label, later = re.sub("_(cny|mwh|t)$", "", group).replace("_", " "), [f"change: {name}" for name in names[1:]]
    part = part[(part[names].fillna(0.0) != 0).any(axis=1)]
    if group in SUMS and len(part) > 1:
        _row(table, label, {"unit": part["unit"].iloc[0], **part[names + later].sum(min_count=1)}, names)
    changes = part[later].abs().max(axis=1)
    known = part[names].notna().all(axis=1)
    stays = known & (changes <= SAME * part[names].abs().max(axis=1)) & (part["item"] != "")
    order = changes[~stays].fillna(np.inf).sort_values(ascending=False, kind="stable").index
    for row in part.loc[order[:MOST_ROWS]].to_dict("records"):
        _row(table, f"{label} {row['item']}".strip(), row, names)
    if len(order) > MOST_ROWS:
        table.add_row(f"{label}: {len(order) - MOST_ROWS} more in --html and --json", "")
    return int(stays.sum())


def _row(table: Table, label: str, row: dict, names: list[str]) -> None:
    if label.startswith("passed "):
        shown = [PASSED.get(row[name], "–") for name in names] + [""] * (len(names) - 1)
    else:
        shown = [*(number(row[name]) for name in names), *(signed(row[f"change: {name}"]) for name in names[1:])]
    table.add_row(escape(label), escape(row["unit"]), *shown)
