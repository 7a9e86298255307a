"""Demand response: what was called against what could be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.areas import rows_of
from grid_model.report.blocks import Column, Figure, Section, Table, empty
from grid_model.report.charts import BAR, Chart, Layer
from grid_model.report.style import colour
from grid_model.report.view import View
from grid_model.report.words import plain, word


def section(view: View) -> Section | None:
    if "demand_response_down" not in view.data or not view.data.sizes["programme"]:
        return None
    return Section(
        "demand_response", word("demand_response"), empty(Figure(use_chart(view)), kind_table(view), limit_table(view))
    )


def _use(view: View) -> pd.DataFrame:
    """Of each programme: zone, kind, greatest reduction [MW], energy reduced and added [MWh]."""
    data = view.data
    down, up = (rows_of(data, name, "programme") for name in ("demand_response_down", "demand_response_up"))
    if "orderly_use_by_programme" in data:
        down = down + rows_of(data, "orderly_use_by_programme", "programme")
    frame = pd.DataFrame(
        {
            "zone": data["programme_zone"].values.astype(str),
            "kind": data["programme_kind"].values.astype(str),
            "greatest": down.max(axis=1),
            "reduced": down @ view.hours,
            "added": up @ view.hours,
        },
        index=data["programme"].values.astype(str),
    )
    limits = view.tables.get("demand_response")
    known = limits.set_index("programme")["capability_mw"] if limits is not None else pd.Series(dtype=float)
    return frame.assign(capability=known.reindex(frame.index).to_numpy(float))


def use_chart(view: View) -> Chart:
    """Greatest reduction of each zone in one step beside what it could reduce; of orderly use, which comes after and
    may
    reach to most of the load, what was used alone."""
    every = _use(view)
    orderly = every["kind"] == "orderly_use"
    use = every[~orderly]
    zones = [name for name in view.data["zone"].values.astype(str) if (every["zone"] == name).any()]
    sums = use.groupby("zone")[["greatest", "capability"]].sum(min_count=1).reindex(zones) * view.power.factor
    layers = [Layer("greatest", word("greatest_use"), colour("reduced"), BAR, sums["greatest"].to_numpy())]
    if sums["capability"].notna().any():
        layers.insert(
            0, Layer("capability", word("capability"), colour("available"), BAR, sums["capability"].to_numpy())
        )
    if orderly.any():
        used = every[orderly].groupby("zone")["greatest"].sum().reindex(zones) * view.power.factor
        layers.append(Layer("orderly_use", word("greatest_orderly_use"), colour("orderly"), BAR, used.to_numpy()))
    return Chart(
        "response",
        word("response_by_zone"),
        view.power.name,
        layers,
        [view.style.zone(zone) for zone in zones],
        x_kind="names",
        barmode="group",
    )


def kind_table(view: View) -> Table:
    unit = view.zone_energy
    sums = (
        _use(view)
        .groupby("kind")
        .agg(
            count=("reduced", "size"),
            capability=("capability", lambda column: column.sum(min_count=1)),
            greatest=("greatest", "sum"),
            reduced=("reduced", "sum"),
            added=("added", "sum"),
        )
    )
    columns = [
        Column(word("kind"), "text"),
        Column(word("programmes"), digits=0),
        Column(word("capability"), unit=view.power.name),
        Column(word("greatest_use"), unit=view.power.name),
        Column(word("reduced"), unit=unit.name),
        Column(word("added"), unit=unit.name),
        Column(word("payback"), "percent"),
    ]
    rows = [
        (
            word(kind),
            row["count"],
            row["capability"] * view.power.factor,
            row["greatest"] * view.power.factor,
            row["reduced"] * unit.factor,
            row["added"] * unit.factor,
            row["added"] / row["reduced"] if row["reduced"] > 0 else None,
        )
        for kind, row in sums.iterrows()
    ]
    return Table(word("demand_response"), columns, rows)


def limit_table(view: View) -> Table | None:
    """Every programme that was called against each of its limits."""
    limits = view.tables.get("demand_response")
    if limits is None:
        return None
    called = limits[(limits["reduced_mwh"] > 1e-6) | (limits["added_mwh"] > 1e-6)]
    columns = [
        Column(word("programme"), "text"),
        Column(word("kind"), "text"),
        Column(word("capability"), unit=plain("MW")),
        Column(word("reduced"), unit=view.zone_energy.name),
        Column(word("added"), unit=view.zone_energy.name),
        Column(word("used_hours"), digits=2),
        Column(word("most_hours_in_a_day"), digits=2),
        Column(word("max_hours_per_day"), digits=2),
        Column(word("calls"), digits=2),
        Column(word("max_calls"), digits=2),
    ]
    names = (
        "capability_mw",
        "reduced_mwh",
        "added_mwh",
        "hours",
        "most_hours_in_a_day",
        "max_hours_per_day",
        "calls",
        "max_calls",
    )
    factors = {name: view.zone_energy.factor for name in ("reduced_mwh", "added_mwh")}
    rows = [(view.style.party(row["programme"]), word(row["kind"]),
             *(_number(row.get(name)) * factors.get(name, 1.0) for name in names))
            for row in called.to_dict("records")]  # fmt: skip
    return Table(word("every_programme"), columns, rows, folded=True, file="demand_response.csv") if rows else None


def _number(value) -> float:
    return float(value) if value is not None and not isinstance(value, str) else np.nan
