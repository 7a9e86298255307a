"""Storage: energy, cycles, energy against itself; and reservoirs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.areas import rows_of
from grid_model.report.blocks import Column, Figure, Section, Table, empty
from grid_model.report.charts import Chart, Heat, Layer
from grid_model.report.style import stacked
from grid_model.report.view import View
from grid_model.report.words import plain, word

MOST_POINTS = 400  # of a reservoir's curve


def section(view: View) -> Section | None:
    if "discharge" not in view.data or not view.data.sizes["storage"]:
        return None
    return Section("storage", word("storage"), empty(Figure(cycle_chart(view)), cycle_table(view), burning_table(view)))


def _energies(view: View) -> pd.DataFrame:
    """Of each store: zone, technology, place, capacity and energy in and out [MWh]."""
    data = view.data
    return pd.DataFrame(
        {
            "zone": data["storage_zone"].values.astype(str),
            "technology": data["storage_technology"].values.astype(str),
            "place": data["place"].values.astype(str) if "place" in data.coords else "independent",
            "mw": data["power_mw"].values,
            "mwh": data["energy_mwh"].values,
            "charged": rows_of(data, "charge", "storage") @ view.hours,
            "discharged": rows_of(data, "discharge", "storage") @ view.hours,
        }
    )


def cycle_chart(view: View) -> Chart:
    """Full cycles a day, discharged energy over energy capacity, of each technology in each zone."""
    sums = _energies(view).groupby(["technology", "zone"])[["mwh", "discharged"]].sum()
    zones = [name for name in view.data["zone"].values.astype(str) if name in sums.index.get_level_values("zone")]
    layers = []
    for technology in stacked(sums.index.get_level_values("technology").unique()):
        mine = sums.loc[technology].reindex(zones)
        cycles = (mine["discharged"] / mine["mwh"].where(mine["mwh"] > 0) / view.days).to_numpy()
        layers.append(
            Layer(
                technology,
                view.style.technology(technology),
                view.style.technology_colour(technology),
                "point",
                cycles,
                pattern=("circle", "diamond", "square")[len(layers) % 3],
            )
        )
    return Chart(
        "cycles",
        word("cycles"),
        word("cycles_per_day"),
        layers,
        [view.style.zone(zone) for zone in zones],
        x_kind="names",
        height=360,
    )


def cycle_table(view: View) -> Table:
    unit = view.energy
    sums = (
        _energies(view)
        .groupby(["technology", "place"])
        .agg(
            stores=("mw", "size"),
            mw=("mw", "sum"),
            mwh=("mwh", "sum"),
            charged=("charged", "sum"),
            discharged=("discharged", "sum"),
        )
    )
    columns = [
        Column(word("technology"), "text"),
        Column(word("place"), "text"),
        Column(word("stores"), digits=0),
        Column(word("power"), unit=view.power.name),
        Column(word("capacity"), unit=view.level.name),
        Column(word("charged"), unit=unit.name),
        Column(word("discharged"), unit=unit.name),
        Column(word("round_trip"), "percent"),
        Column(word("cycles_per_day"), digits=2),
    ]
    rows = [
        (
            view.style.technology(technology),
            word(place),
            row.stores,
            row.mw * view.power.factor,
            row.mwh * view.level.factor,
            row.charged * unit.factor,
            row.discharged * unit.factor,
            _part(row.discharged, row.charged),
            _part(row.discharged / view.days, row.mwh),
        )
        for (technology, place), row in sums.iterrows()
    ]
    return Table(word("storage"), columns, rows)


def burning_table(view: View) -> Table | None:
    """Stores that charged while they discharged and lines that carried both ways."""
    table = view.tables.get("burning")
    if table is None:
        return None
    columns = [
        Column(word("kind"), "text"),
        Column(word("name"), "text"),
        Column(word("zone"), "text"),
        Column(word("time"), "text"),
        Column(word("energy"), unit=plain("MWh")),
    ]
    rows = [(word(row.kind), row.name, view.style.zone(row.zone), str(row.time), row.energy_mwh)
            for row in table.itertuples(index=False, name="Row")]  # fmt: skip
    total = float(table["energy_mwh"].sum())
    return Table(word("burning") + plain(f": {total:,.0f} MWh"), columns, rows, folded=True, file="burning.csv")


def reservoir_section(view: View) -> Section | None:
    if "reservoir_level" not in view.data or not view.data.sizes["reservoir"]:
        return None
    return Section("reservoirs", word("reservoirs"), [Figure(level_heat(view)), reservoir_table(view)])


def level_heat(view: View) -> Heat:
    """Level of every reservoir at the end of each step as a part of its capacity; the largest first."""
    data = view.data
    capacity = data["reservoir_capacity_mwh"].values
    order = np.argsort(-capacity, kind="stable")
    every = max(1, len(view.time) // MOST_POINTS)
    part = rows_of(data, "reservoir_level", "reservoir")[order] / np.where(capacity > 0, capacity, np.nan)[order, None]
    names = [view.style.reservoir(name) for name in data["reservoir"].values[order]]
    return Heat(
        "levels",
        word("fullness"),
        word("level_short"),
        names,
        view.step_ends[::every],
        part[:, ::every],
        percent=True,
        height=130 + 20 * len(order),
    )


def reservoir_table(view: View) -> Table:
    data, unit = view.data, view.zone_energy
    level, capacity = rows_of(data, "reservoir_level", "reservoir"), data["reservoir_capacity_mwh"].values
    flows = {
        name: rows_of(data, name, "reservoir") @ view.hours * unit.factor
        for name in ("inflow", "spill")
        if name in data
    }
    columns = [
        Column(word("reservoir"), "text"),
        Column(word("capacity"), unit=plain("GWh")),
        Column(word("first_level"), "percent"),
        Column(word("lowest_level"), "percent"),
        Column(word("last_level"), "percent"),
        *(Column(word(name), unit=unit.name) for name in flows),
    ]
    rows = [(view.style.reservoir(name), capacity[place] / 1e3, *(_part(value, capacity[place]) for value in (
        level[place, 0], level[place].min(), level[place, -1])), *(energy[place] for energy in flows.values()))
            for place, name in enumerate(data["reservoir"].values)]  # fmt: skip
    return Table(word("reservoirs"), columns, rows, folded=len(rows) > 12)


def _part(amount: float, whole: float) -> float | None:
    return amount / whole if whole > 0 else None
