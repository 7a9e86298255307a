"""A comparison of results as a page like the report: figures and tables of cost, mix, emissions, prices, flows,
scorecard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.policies.scorecard import TARGETS
from grid_model.report.blocks import Column, Figure, Note, Section, Table, empty
from grid_model.report.charts import BAR, POINT, Chart, Layer
from grid_model.report.page import render
from grid_model.report.sections.headline import cost_item, target, target_unit
from grid_model.report.style import OTHERS, Style, stacked
from grid_model.report.view import currency_name, million
from grid_model.report.words import Words, plain, word

# variable: (title, dimension, what one is shown as, its unit, digits)
GROUPS = {
    "cost_item_cny": ("costs", "item", 1e-6), "generation_mwh": ("energy_mix", "technology", 1e-3),
    "curtailment_mwh": ("curtailment", "technology", 1e-3), "discharge_mwh": ("discharge", "storage_technology", 1e-3),
    "emissions_t": ("emissions", "zone", 1e-3), "price": ("mean_price", "zone", 1.0), "flow_mwh": ("flows", "line", 1e-3),
    "unserved_mwh": ("unserved", "zone", 1.0), "achieved": ("scorecard", "target", 1.0),
}  # fmt: skip
HEADINGS = {"item": "item", "technology": "technology", "storage_technology": "technology", "zone": "zone", "line": "line",
            "target": "target"}
MOST_LINES = 25  # in the chart: those that differ most; the table has all
KILOTONNES = Words("kt CO₂", "千吨 CO₂")
MARKS = ("circle", "diamond", "square")
RUN_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", *OTHERS)


def comparison_html(comparison: xr.Dataset, style: Style, language: str = "en") -> str:
    """The page as text."""
    sections = [_headline(comparison), *(_group(comparison, style, name) for name in GROUPS if _has(comparison, name))]
    title = " / ".join(str(name) for name in comparison["run"].values)
    return render(
        title, word("compare_per_day" if comparison.attrs["basis"] == "day" else "compare"), sections, language
    )


def _has(comparison: xr.Dataset, name: str) -> bool:
    return (
        name in comparison
        and bool(comparison[name].notnull().any())
        and (name != "unserved_mwh" or bool((comparison[name] > 1e-6).any()))
    )


def _headline(comparison: xr.Dataset) -> Section:
    """Totals, and what must be known before they are compared."""
    totals = {"cost": (comparison["cost_cny"], 1e-6, _million(comparison))}
    for name, key, dimension in (("load_mwh", "load", "zone"), ("generation_mwh", "generation", "technology"),
                                 ("curtailment_mwh", "curtailed", "technology")):  # fmt: skip
        if name in comparison:
            totals[key] = comparison[name].sum(dimension), 1e-3, plain("GWh")
    if "emissions_t" in comparison:
        totals["emissions"] = comparison["emissions_t"].sum("zone"), 1e-3, KILOTONNES
    load = comparison["load_mwh"].sum("zone")
    totals["mean_price"] = ((comparison["price"] * comparison["load_mwh"]).sum("zone") / load.where(load > 0), 1.0,
                            currency_name(comparison.attrs["currency"]) + plain("/MWh"))  # fmt: skip
    rows = [(word(key), unit, *_with_changes(values.values * factor)) for key, (values, factor, unit) in totals.items()]
    columns = [Column(plain(""), "text"), Column(word("unit"), "unit"), *_run_columns(comparison)]
    return Section(
        "headline",
        word("headline"),
        [
            *(Note(Words(*both)) for both in zip(comparison.attrs["notes"], comparison.attrs["notes_zh"])),
            Table(word("headline"), columns, rows),
        ],
    )


def _group(comparison: xr.Dataset, style: Style, name: str) -> Section:
    title, dimension, factor = GROUPS[name]
    values = comparison[name].transpose(dimension, "run")
    items = _order(values, dimension)
    table = values.sel({dimension: items}).values * factor
    names = [_name(style, dimension, item) for item in items]
    unit = _unit(comparison, name, factor)
    columns = [Column(word(HEADINGS[dimension]), "text"), *_run_columns(comparison, unit)]
    rows = [(label, *_with_changes(row)) for label, row in zip(names, table)]
    if name == "achieved":
        units = [target_unit(TARGETS[item][0]) if item in TARGETS else (1.0, plain("")) for item in items]
        columns[1:1] = [Column(word("unit"), "unit")]
        rows = [(label, unit, *_with_changes(row * factor, unit.en != "%")) for label, row, (factor, unit) in zip(names, table, units)]
        chart = _achieved_chart(comparison, items, names)
    elif name == "flow_mwh":
        most = word("differ_most") if len(names) > MOST_LINES else plain("")
        chart = _points(comparison, name, word(title) + most, unit, names[:MOST_LINES], table[:MOST_LINES])
    else:
        chart = _chart(comparison, style, name, word(title), unit, dimension, items, names, table)
    return Section(
        title,
        word(title),
        empty(
            chart and Figure(chart),
            Table(word(title), columns, rows, folded=len(rows) > 12),
            _passed(comparison) if name == "achieved" else None,
        ),
    )


def _passed(comparison: xr.Dataset) -> Table | None:
    """Which run reaches which target."""
    if "passed" not in comparison:
        return None
    passed = comparison["passed"].transpose("target", "run").dropna("target", how="all")
    columns = [Column(word("target"), "text"), *(Column(_breakable(run), "check", wraps=True) for run in passed["run"].values)]
    rows = [(target(str(item)), *values) for item, values in zip(passed["target"].values, passed.values)]
    return Table(Words("Passed", "是否达标"), columns, rows)


def _achieved_chart(comparison: xr.Dataset, items: list, names: list[Words]) -> Chart | None:
    """What was achieved as a part of each target's level, as targets have units of their own."""
    if "level" not in comparison:
        return None
    level = comparison["level"].transpose("target", "run").sel(target=items)
    part = (comparison["achieved"].transpose("target", "run").sel(target=items) / level.where(level != 0)).values
    return _points(comparison, "achieved", word("achieved_of_level"), plain(""), names, part, percent="y")


def _points(
    comparison: xr.Dataset, name: str, title: Words, unit: Words, names: list[Words], table, percent=""
) -> Chart:
    """A mark for each run in the row of each name."""
    layers = [
        Layer(
            str(run),
            plain(str(run)),
            RUN_COLOURS[place % len(RUN_COLOURS)],
            POINT,
            table[:, place],
            pattern=MARKS[place % 3],
        )
        for place, run in enumerate(comparison["run"].values)
    ]
    return Chart(
        f"compare_{name}",
        title,
        unit,
        layers,
        names,
        x_kind="names",
        horizontal=True,
        percent=percent,
        height=120 + 22 * len(names),
    )


def _chart(comparison, style, name, title, unit, dimension, items, names, table) -> Chart:
    """Stacked by run where parts sum to a whole; points by zone otherwise."""
    runs = [plain(str(run)) for run in comparison["run"].values]
    if dimension == "zone":
        layers = [
            Layer(run.en, run, RUN_COLOURS[place % len(RUN_COLOURS)], POINT, table[:, place], pattern=MARKS[place % 3])
            for place, run in enumerate(runs)
        ]
        return Chart(f"compare_{name}", title, unit, layers, names, x_kind="names", height=360)
    shown = [style.technology_colour(item) if "technology" in dimension else RUN_COLOURS[place % len(RUN_COLOURS)]
             for place, item in enumerate(items)]  # fmt: skip
    layers = [
        Layer(str(item), label, colour, BAR, np.nan_to_num(row))
        for item, label, colour, row in zip(items, names, shown, table)
        if np.nan_to_num(row).any()
    ]
    return Chart(f"compare_{name}", title, unit, layers, runs, x_kind="names", horizontal=True,
                 height=max(140 + 40 * len(runs), 120 + 19 * len(layers)))  # fmt: skip


def _order(values: xr.DataArray, dimension: str) -> list:
    """Technologies as in the stack, zones as they come, all else by how much the runs differ."""
    items = [item for item in values[dimension].values if bool((values.sel({dimension: item}).fillna(0.0) != 0).any())]
    if "technology" in dimension:
        return stacked(items)
    if dimension == "zone":
        return items
    spread = pd.Series(
        {item: float(np.ptp(values.sel({dimension: item}).fillna(0.0).values)) for item in items}, dtype=float
    )
    return spread.sort_values(ascending=False, kind="stable").index.tolist()


def _name(style: Style, dimension: str, item) -> Words:
    if "technology" in dimension:
        return style.technology(item)
    if dimension == "zone":
        return style.zone(item)
    if dimension == "line":
        return style.line(item)
    return (
        cost_item(str(item))
        if dimension == "item"
        else target(str(item))
        if dimension == "target"
        else plain(str(item))
    )


def _million(comparison: xr.Dataset) -> Words:
    return million(comparison.attrs["currency"])


def _unit(comparison: xr.Dataset, name: str, factor: float) -> Words:
    if name == "cost_item_cny":
        return _million(comparison)
    if name == "price":
        return currency_name(comparison.attrs["currency"]) + plain("/MWh")
    unit = str(comparison[name].attrs.get("units", ""))
    return {("MWh", 1e-3): plain("GWh"), ("t", 1e-3): KILOTONNES}.get((unit, factor), plain(unit))


def _run_columns(comparison: xr.Dataset, unit: Words | None = None) -> list[Column]:
    names = [_breakable(name) for name in comparison["run"].values]
    unit = unit or plain("")
    return [
        *(Column(name, unit=unit, wraps=True) for name in names),
        *(
            column
            for name in names[1:]
            for column in (
                Column(word("change") + plain(" ") + name, unit=unit, signed=True, wraps=True),
                Column(plain("%"), "percent", signed=True),
            )
        ),
    ]


def _breakable(name) -> Words:
    """The name of a run, which may be broken after each of its parts."""
    return plain(str(name).replace("_", "_\u200b"))


def _with_changes(values: np.ndarray, as_part: bool = True) -> list:
    """Values of all runs, then of each later run its change from the first, and that as a part of the first where both
    have the same sign: a flow that turns round has no percentage."""
    first = values[0]
    changes = [
        part
        for value in values[1:]
        for part in (value - first, (value - first) / abs(first) if as_part and abs(first) > 1e-9 and first * value >= 0 else np.nan)
    ]
    return [*values, *changes]
