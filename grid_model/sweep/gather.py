"""What a sweep leaves: a table of all its cases, and one Dataset over its axes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.results.files import write_table
from grid_model.sweep.plan import Plan
from grid_model.sweep.tasks import SOLVED, STOPPED, Outcome

CASES, DATASET = "cases.csv", "sweep.zarr"
LONG_NAMES = {
    "cost_cny": "cost of the case",
    "lower_bound_cny": "proven lower bound of the cost",
    "cost_item_cny": "cost by item",
    "price": "price, weighted by load",
    "load_mwh": "energy of loads",
    "unserved_mwh": "energy not served",
    "generation_mwh": "energy by technology",
    "curtailment_mwh": "energy not taken, by technology",
    "discharge_mwh": "energy out of storage, by technology",
    "emissions_t": "emissions of CO2",
    "flow_mwh": "energy from from_zone to to_zone, less what went back",
    "achieved": "achieved, by target of the scorecard",
    "passed": "1 where the target is met",
    "status": "solved, or the class of the error",
}
NOT_RUN = Outcome(STOPPED, message="not solved: the sweep was stopped or is under way", exit_code=130)


def case_table(plan: Plan, outcomes: Mapping[int, Outcome]) -> pd.DataFrame:
    """A row per case, in the order of the axes: what it sets, its status, error and message, cost and bound."""
    rows = []
    for case in plan.cases:
        outcome = outcomes.get(case.number, NOT_RUN)
        summary = outcome.summary or {}
        rows.append(
            {
                "case": case.name,
                **dict(zip((axis.name for axis in plan.axes), case.labels, strict=True)),
                "status": outcome.status,
                "error": outcome.error,
                "exit_code": outcome.exit_code,
                "resumed": outcome.resumed,
                "cost_cny": summary.get("objective_cny", np.nan),
                "lower_bound_cny": summary.get("lower_bound_cny", np.nan),
                "seconds": summary.get("seconds", {}).get("total", np.nan),
                "message": _one_line(outcome.message),
            }
        )
    return pd.DataFrame(rows)


def dataset(plan: Plan, outcomes: Mapping[int, Outcome]) -> xr.Dataset:
    """Headline figures of all cases over the axes; NaN where a case has none, `status` says why."""
    solved = [number for number, outcome in sorted(outcomes.items()) if outcome.status == SOLVED]
    whole = xr.Dataset()
    if solved:
        whole = xr.concat(
            [_headline(outcomes[number]) for number in solved],
            pd.Index(solved, name="case"),
            join="outer",
            data_vars="all",
            coords="minimal",
            compat="override",
        )
        whole = whole.reindex(case=np.arange(len(plan.cases)))
    status = [
        (outcome.error or outcome.status) for outcome in (outcomes.get(case.number, NOT_RUN) for case in plan.cases)
    ]
    whole["status"] = ("case", np.array(status, object))
    whole["case_name"] = ("case", np.array([case.name for case in plan.cases], object))
    names = [axis.name for axis in plan.axes]
    found = xr.Dataset(
        {name: _over_axes(variable, names, plan.shape) for name, variable in whole.data_vars.items()},
        {name: whole[name] for name in whole.coords if name != "case"},
    )
    found = found.assign_coords(
        {axis.name: (axis.name, _array(axis.labels), {"long_name": axis.key}) for axis in plan.axes}
    )
    for name in found.data_vars:
        found[name].attrs.setdefault("long_name", LONG_NAMES.get(str(name), str(name)))
    return found.assign_attrs(title=plan.sweep.name, description=plan.sweep.description)


def _headline(outcome: Outcome) -> xr.Dataset:
    bound, units = outcome.summary.get("lower_bound_cny"), outcome.figures["cost_cny"].attrs["units"]
    return outcome.figures.assign(lower_bound_cny=((), np.nan if bound is None else float(bound), {"units": units}))


def _over_axes(variable: xr.DataArray, names: list[str], shape: tuple[int, ...]) -> xr.Variable:
    """Cases laid out over the axes that they are combinations of."""
    ordered = variable.transpose("case", ...)
    return xr.Variable((*names, *ordered.dims[1:]), ordered.values.reshape(shape + ordered.shape[1:]), variable.attrs)


def _array(labels: tuple) -> np.ndarray:
    return np.array(labels, object if any(isinstance(label, str) for label in labels) else None)


def write_cases(table: pd.DataFrame, folder: Path) -> None:
    """Replace the table on disk, whole or not at all."""
    fresh = folder / f".{CASES}.unfinished"
    write_table(table, fresh)
    os.replace(fresh, folder / CASES)


def write_dataset(found: xr.Dataset, folder: Path) -> None:
    """Replace the Dataset on disk; one that is half written has another name."""
    fresh, final, old = folder / f".{DATASET}.unfinished", folder / DATASET, folder / f".{DATASET}.replaced"
    for left in (fresh, old):
        shutil.rmtree(left, ignore_errors=True)
    found.to_zarr(fresh, mode="w", zarr_format=2, consolidated=True)
    if final.exists():
        os.rename(final, old)  # one that is half removed would open too, with no numbers where its pieces are gone
    os.rename(fresh, final)
    shutil.rmtree(old, ignore_errors=True)


def _one_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[0] + " " + "; ".join(lines[1:]) if lines and lines[0].endswith(":") else "; ".join(lines)
