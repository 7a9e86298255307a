"""Any number of results side by side: cost, mix, emissions, scorecard, prices, flows, as one xarray Dataset.

Results need not have the same zones, technologies, lines or hours. What one of them does not have is NaN there (not 0),
and `attrs["notes"]` (`notes_zh` in Chinese) says in sentences what differs. Where they cover different lengths of time,
energies, money and emissions are those of a mean day, so that they can be compared; `attrs["basis"]` is `horizon` or
`day`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.errors import InputError, Problem
from grid_model.results.dataset import counted_hours
from grid_model.results.results import Results, open_results

LEAST_RUNS = 2
TOLD = {  # what a figure is, and what it is over the time of a run
    "cost_cny": ("cost of the system", "sum"), "cost_item_cny": ("cost by item", "sum"),
    "price": ("mean price, weighted by load", "mean"), "load_mwh": ("energy asked for", "sum"),
    "unserved_mwh": ("energy that is not served", "sum"), "generation_mwh": ("energy generated", "sum"),
    "curtailment_mwh": ("energy available and not taken", "sum"), "discharge_mwh": ("energy delivered by stores", "sum"),
    "emissions_t": ("CO2 emitted", "sum"), "flow_mwh": ("energy sent from from_zone to to_zone, less what went back", "sum"),
    "achieved": ("what is achieved of a target, in the unit of the target", ""), "level": ("level of a target, in its unit", ""),
    "passed": ("1 where a target is reached, 0 where not", ""),
}  # fmt: skip
MOST_NAMED = 8  # of what is not in every run
WORDS = {
    "zone": ("zone", "zones", "区域"),
    "technology": ("technology", "technologies", "发电技术"),
    "line": ("line", "lines", "线路"),
    "storage_technology": ("storage technology", "storage technologies", "储能技术"),
}


def compare(*results: Results | str | Path) -> xr.Dataset:
    """Two or more results side by side.

    Parameters
    ----------
    results : Results, or folders of them

    Returns
    -------
    Dataset over `run` (names of scenarios; where they repeat of folders, where those do too numbered) with

        cost_cny            run               `price`             run, zone: mean weighted by load, CNY/MWh
        cost_item_cny       run, item         load_mwh, unserved_mwh, emissions_t    run, zone
        generation_mwh, curtailment_mwh       run, technology
        discharge_mwh       run, storage_technology
        flow_mwh            run, line         from from_zone to to_zone, less what went back
        achieved, level, passed    run, target    of the scorecard, where there is one
        hours, start        run

    Raises
    ------
    InputError : fewer than two, no results, or money of different currencies
    """
    opened = [one if isinstance(one, Results) else open_results(one) for one in results]
    if len(opened) < LEAST_RUNS:
        raise InputError(Problem("", value=str(len(opened)), allowed="two or more results to compare"))
    currencies = {str(one.dispatch["price"].attrs.get("units", "CNY/MWh")).partition("/")[0] for one in opened}
    if len(currencies) > 1:
        raise InputError(
            Problem("", column="currency", value=", ".join(sorted(currencies)), allowed="results in one currency")
        )
    names = _run_names(opened)
    hours = np.array([float(one.summary["hours"]) for one in opened])
    by_day = len(set(hours)) > 1
    scale = 24 / hours if by_day else np.ones(len(hours))
    parts = [figures(one, factor) for one, factor in zip(opened, scale)]
    whole = xr.concat(
        parts, pd.Index(names, name="run"), join="outer", data_vars="all", coords="minimal", compat="override"
    )
    start, notes = [str(one.summary["start"]) for one in opened], _notes(opened, names, by_day)
    for name, variable in whole.data_vars.items():
        words, over_time = TOLD[name]
        methods = {"cell_methods": f"time: {over_time}"} if over_time else {}
        variable.attrs = {"units": variable.attrs.get("units", ""), "long_name": words, **methods}
    whole = whole.assign_coords(run=("run", np.array(names, dtype=object)), hours=("run", hours, {"units": "h"}), start=("run", start))
    return whole.assign_attrs(
        basis="day" if by_day else "horizon",
        currency=currencies.pop(),
        notes=[english for english, _ in notes],
        notes_zh=[chinese for _, chinese in notes],
    )


def differences(comparison: xr.Dataset) -> pd.DataFrame:
    """The comparison as one row per figure: `group, item, unit`, a column per run, and the change of each later run
    from
    the first as `change: RUN`; figures that no run has are left out."""
    rows = []
    for group, variable in comparison.data_vars.items():
        if variable.dtype.kind != "f":
            continue
        table = variable.transpose("run", ...).values.reshape(comparison.sizes["run"], -1).T
        items = (
            [""]
            if variable.ndim == 1
            else variable[variable.dims[1] if variable.dims[0] == "run" else variable.dims[0]].values
        )
        rows += [(group, str(item), variable.attrs.get("units", ""), *values) for item, values in zip(items, table)
                 if np.isfinite(values).any()]  # fmt: skip
    names = [str(name) for name in comparison["run"].values]
    frame = pd.DataFrame(rows, columns=["group", "item", "unit", *names])
    return frame.assign(**{f"change: {name}": frame[name] - frame[names[0]] for name in names[1:]})


# ------------------------------------------------------------------------------------------------------------ figures


def figures(results: Results, scale: float = 1.0) -> xr.Dataset:
    """What is compared of one run; energies, money and emissions times `scale`."""
    data, hours = results.dispatch, counted_hours(results.dispatch)
    currency = str(data["price"].attrs.get("units", "CNY/MWh")).partition("/")[0]
    found = {"cost_cny": xr.DataArray(float(results.summary["objective_cny"]) * scale, attrs={"units": currency}),
             "cost_item_cny": (data["objective"] * scale).assign_attrs(units=currency),
             "price": _mean_price(data).assign_attrs(units=f"{currency}/MWh")}  # fmt: skip
    for name in ("load", "unserved"):
        found[f"{name}_mwh"] = _energy(data[name], hours, scale)
    for name in ("generation", "curtailment"):
        if name in data:
            found[f"{name}_mwh"] = _grouped(
                _energy(data[name], hours, scale), "generator", data["technology"], "technology"
            )
    if "discharge" in data:
        found["discharge_mwh"] = _grouped(
            _energy(data["discharge"], hours, scale), "storage", data["storage_technology"], "storage_technology"
        )
    if "emissions" in data:
        tonnes = ((data["emissions"].fillna(0.0) * (hours / data["step_hours"])).sum("time") * scale).assign_attrs(units="t")
        found["emissions_t"] = _grouped(tonnes, "generator", data["generator_zone"], "zone").reindex(
            zone=data["zone"].values, fill_value=0.0
        )
    if "flow" in data:
        found["flow_mwh"] = _energy(data["flow"], hours, scale)
    card = results.tables.get("scorecard")
    if card is not None and not card.empty:
        for name in card.columns.intersection(["achieved", "level", "passed"]):
            found[name] = xr.DataArray(
                card[name].astype(float).to_numpy(), coords={"target": card["target"].astype(str).to_numpy(object)}
            )
    return xr.Dataset({name: array.reset_coords(drop=True) for name, array in found.items()})


def _energy(power: xr.DataArray, hours: xr.DataArray, scale: float) -> xr.DataArray:
    return ((power.fillna(0.0) * hours).sum("time") * scale).assign_attrs(units="MWh")


def _grouped(values: xr.DataArray, dimension: str, kinds: xr.DataArray, name: str) -> xr.DataArray:
    """Sums over the members of a dimension by what they are."""
    sums = pd.Series(values.values).groupby(kinds.values.astype(str)).sum()
    return xr.DataArray(sums.to_numpy(), coords={name: sums.index.to_numpy(object)}, dims=name, attrs=values.attrs)


def _mean_price(data: xr.Dataset) -> xr.DataArray:
    """Price of each zone, weighted by its load; by hours alone where nobody takes anything."""
    price, weight = data["price"], (data["load"].clip(min=0.0) + 1e-9) * counted_hours(data)
    weight = weight.where(price.notnull(), 0.0)
    total = weight.sum("time")
    return ((price.fillna(0.0) * weight).sum("time") / total.where(total > 0)).reset_coords(drop=True)


# -------------------------------------------------------------------------------------------------------------- notes


def _run_names(results: list[Results]) -> list[str]:
    """Names of scenarios; runs of the same scenario, with other settings, are told apart by their folders, or numbered where
    those do not tell them apart either.
    """
    names = [str(one.summary["scenario"]) for one in results]
    folders = [
        Path(one.folder).name if names.count(name) > 1 and one.folder is not None else name
        for name, one in zip(names, results)
    ]
    return folders if len(set(folders)) == len(folders) else _unique(names)


def _unique(names: Iterable[str]) -> list[str]:
    """Names with a number where they repeat."""
    found: list[str] = []
    for name in names:
        number, fresh = 1, name
        while fresh in found:
            number += 1
            fresh = f"{name} ({number})"
        found.append(fresh)
    return found


def _notes(results: list[Results], names: list[str], by_day: bool) -> list[tuple[str, str]]:
    """Sentences, in English and Chinese, on what differs between the runs beside their figures."""
    notes = []
    if by_day:
        lengths = ", ".join(f"{name} {one.summary['hours']:g} h" for name, one in zip(names, results))
        notes.append(
            (
                f"The runs cover different lengths of time ({lengths}): energies, money and emissions are those of a mean day.",
                f"各结果时长不同（{lengths}）：电量、费用与排放均为日均值。",
            )
        )
    if len({str(one.summary["start"]) for one in results}) > 1:
        starts = ", ".join(f"{name} {one.summary['start']}" for name, one in zip(names, results))
        notes.append((f"The runs begin at different times ({starts}): differences are of the season too.",
                      f"各结果起始时间不同（{starts}）：差异含季节因素。"))  # fmt: skip
    for kind, (singular, plural, chinese) in WORDS.items():
        members = [_members(one.dispatch, kind) for one in results]
        everywhere = set.intersection(*members)
        for name, mine in zip(names, members):
            only = sorted(mine - everywhere)
            listed = ", ".join(only[:MOST_NAMED]) + (", …" if len(only) > MOST_NAMED else "")
            said = f"1 {singular} of {name} is" if len(only) == 1 else f"{len(only)} {plural} of {name} are"
            if only:
                notes.append(
                    (
                        f"{said} not in every run: {listed}.",
                        f"{name} 有 {len(only)} 个{chinese}不在所有结果中：{listed}。",
                    )
                )
    return notes


def _members(data: xr.Dataset, kind: str) -> set[str]:
    return set(data[kind].values.astype(str)) if kind in data.coords else set()
