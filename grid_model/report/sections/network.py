"""Provinces as tiles with the flows between them, and what every corridor carried."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.areas import rows_of
from grid_model.report.blocks import Column, MapExplorer, Note, Section, Table, empty
from grid_model.report.charts import BAR, Arrows, Chart, Layer, Tiles
from grid_model.report.style import colour
from grid_model.report.tile_grid import tile_grid
from grid_model.report.view import View
from grid_model.report.words import Words, plain, word

MOST_SLOTS = 768  # a month of hours; longer runs are shown as the mean day of each month
FULL = 1e-4  # nearer to its limit than this part a line is full


def section(view: View) -> Section | None:
    if view.data.sizes["zone"] < 2:
        return None
    names, _ = slots(view)
    chart = tile_map(
        view, np.full(view.data.sizes["zone"], np.nan), word("map"), plain(""), arrows_of(view, slice(0, 1))
    )
    quantities = [(key, name) for key, name, _, _ in quantities_of(view)]
    return Section(
        "map", word("map"), empty(MapExplorer(chart, quantities, names), chart.arrows and Note(word("map_key")), corridor_table(view))
    )


# ------------------------------------------------------------------------------------------------------------ the map


def quantities_of(view: View) -> list[tuple[str, Words, Words, np.ndarray]]:
    """What tiles can show: key, name, unit, and values of shape (zones, steps)."""
    data, first = view.data, len(view.areas) - view.data.sizes["zone"]
    found = [("price", word("price"), view.price_unit, data["price"].transpose("zone", "time").values)]
    series = view.series.values
    if "imports" in series:
        net = (series["imports"] + series["exports"])[first:] * view.power.factor
        found.append(("net_import", word("net_import"), view.power.name, net))
    lost = [array for key, array in series.items() if key.startswith(("cause_", "curtailment:"))]
    if lost:
        found.append(("curtailment", word("curtailment"), view.power.name, sum(lost)[first:] * view.power.factor))
    if "carbon_factor_consumption" in data:
        factor = data["carbon_factor_consumption"].transpose("zone", "time").values
        found.append(("carbon_factor", word("carbon_factor"), plain("t CO₂/MWh"), factor))
    found.append(("load", word("load"), view.power.name, series["load"][first:] * view.power.factor))
    return found


def slots(view: View) -> tuple[list[Words], list[np.ndarray]]:
    """Times that the map can show and the steps that each stands for: the mean, then every step, or for long horizons
    the
    hours of each month's mean day."""
    everything = (word("mean_of_horizon"), np.arange(len(view.time)))
    if len(view.time) <= MOST_SLOTS:
        single = [(plain(f"{moment:%Y-%m-%d %H:%M}"), np.array([step])) for step, moment in enumerate(view.time)]
    else:
        keys = view.time.year * 10000 + view.time.month * 100 + view.time.hour
        single = [
            (
                word("mean_day") + plain(f" {key // 10000}-{key // 100 % 100:02d}, {key % 100:02d}:00"),
                np.flatnonzero(keys == key),
            )
            for key in np.unique(keys)
        ]
    names, steps = zip(everything, *single)
    return list(names), list(steps)


def slot_means(view: View, values: np.ndarray, steps: list[np.ndarray]) -> np.ndarray:
    """Mean of each row in each slot, weighted by the length of steps; NaN only where nothing is known."""
    known = np.isfinite(values)
    weight = known * view.hours
    sums = np.stack([(np.where(known, values, 0.0) * weight)[:, chosen].sum(axis=1) for chosen in steps], axis=1)
    total = np.stack([weight[:, chosen].sum(axis=1) for chosen in steps], axis=1)
    return np.divide(sums, total, out=np.full(sums.shape, np.nan), where=total > 0)


def line_flows(view: View) -> tuple[np.ndarray, np.ndarray]:
    """MW over each line, and whether it is full, shape (lines, steps)."""
    if "flow" not in view.data:
        none = np.zeros((0, len(view.time)))
        return none, none.astype(bool)
    flow = rows_of(view.data, "flow", "line")
    forward, backward = (view.data[name].values[:, None] for name in ("line_capacity_mw", "line_reverse_capacity_mw"))
    limit = np.where(flow >= 0, forward, backward)
    return flow, (np.abs(flow) >= limit * (1 - FULL)) & (limit > 0)


def arrows_of(view: View, steps) -> Arrows | None:
    """Flows between zones as the mean over some steps; lines between the same two zones are one arrow."""
    if "flow" not in view.data or not view.data.sizes["line"]:
        return None
    pairs, power, full = pair_flows(view)
    hours = view.hours[steps]
    mean, part = (array[:, steps] @ hours / hours.sum() for array in (power, full))
    return Arrows(
        pair_names(view, pairs), pairs[:, 0], pairs[:, 1], mean, np.abs(mean) / max(np.abs(power).max(), 1e-9), part
    )


def pair_flows(view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends of each pair of connected zones, MW between them, and the part of their capacity that is full."""
    zones = pd.Index(view.data["zone"].values)
    start, end = (zones.get_indexer(view.data[name].values) for name in ("from_zone", "to_zone"))
    low, sign = np.minimum(start, end), np.where(start < end, 1.0, -1.0)
    pairs, which = np.unique(np.stack([low, np.maximum(start, end)], axis=1), axis=0, return_inverse=True)
    flow, full = line_flows(view)
    weight = np.maximum(view.data["line_capacity_mw"].values, 1e-9)[:, None]
    power, filled, capacity = np.zeros((3, len(pairs), len(view.time)))
    for target, array in (
        (power, flow * sign[:, None]),
        (filled, full * weight),
        (capacity, np.broadcast_to(weight, flow.shape)),
    ):
        np.add.at(target, which.ravel(), array)
    return pairs, power, filled / capacity


def pair_names(view: View, pairs: np.ndarray) -> list[Words]:
    zones = [view.style.zone(name) for name in view.data["zone"].values]
    return [zones[start] + plain(" – ") + zones[end] for start, end in pairs]


def tile_map(view: View, values, title: Words, value_title: Words, arrows: Arrows | None, limits=None) -> Tiles:
    data = view.data
    nowhere = np.full(data.sizes["zone"], np.nan)
    latitude, longitude = (data[name].values if name in data.coords else nowhere for name in ("latitude", "longitude"))
    column, row = tile_grid(latitude, longitude)
    names = [view.style.zone(name) for name in data["zone"].values]
    return Tiles("map", title, value_title, names, column, row, np.asarray(values, float), arrows, limits,
                 height=180 + 70 * int(row.max() + 1))  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- corridors


def corridor_table(view: View) -> Table | None:
    if "flow" not in view.data or not view.data.sizes["line"]:
        return None
    data, unit = view.data, view.zone_energy
    flow, full = line_flows(view)
    forward, backward = (np.maximum(sign * flow, 0.0) @ view.hours for sign in (1, -1))
    capacity = data["line_capacity_mw"].values
    used = np.divide(
        np.abs(flow) @ view.hours, capacity * view.hours.sum(), out=np.full(len(capacity), np.nan), where=capacity > 0
    )
    lost = rows_of(data, "loss", "line") @ view.hours
    zones = [[view.style.zone(name) for name in data[end].values] for end in ("from_zone", "to_zone")]
    columns = [
        Column(word("line"), "text"),
        Column(Words("From", "起点"), "text"),
        Column(Words("To", "终点"), "text"),
        Column(word("capacity"), unit=plain("MW"), digits=0),
        Column(Words("Sent forward", "正向送电"), unit=unit.name),
        Column(Words("Sent back", "反向送电"), unit=unit.name),
        Column(word("loss"), unit=unit.name),
        Column(word("utilisation"), "percent"),
        Column(word("hours_full"), unit=plain("h"), digits=0),
    ]
    rows = zip(
        [view.style.line(name) for name in data["line"].values],
        *zones,
        capacity,
        forward * unit.factor,
        backward * unit.factor,
        lost * unit.factor,
        used,
        full @ view.hours,
    )
    return Table(
        word("corridors"), columns, sorted(rows, key=lambda row: -(row[4] + row[5])), folded=data.sizes["line"] > 12
    )


def flow_chart(view: View, most: int = 25) -> Chart:
    """Energy over the corridors that carry most, forward and back."""
    flow, _ = line_flows(view)
    order = np.argsort(-(np.abs(flow) @ view.hours), kind="stable")[:most]
    unit = view.energy
    layers = [
        Layer(key, name, colour(key), BAR, sign * np.maximum(sign * flow[order], 0.0) @ view.hours * unit.factor)
        for key, name, sign in (
            ("forward", Words("Sent forward", "正向送电"), 1),
            ("backward", Words("Sent back", "反向送电"), -1),
        )
    ]
    return Chart(
        "flows",
        word("flows"),
        unit.name,
        layers,
        [view.style.line(name) for name in view.data["line"].values[order]],
        x_kind="names",
        horizontal=True,
        height=120 + 20 * len(order),
    )
