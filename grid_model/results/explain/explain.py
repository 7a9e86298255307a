"""What is worth explaining, and its explanations: prices, energy that is not taken, load that is not served."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.errors import InputError, Problem, did_you_mean
from grid_model.results.explain.optimum import Optimum
from grid_model.results.explain.told import Explanation, why_curtailed, why_price, why_unserved

SMALL = 1e-3  # MW that are not worth a word
MOST = 10  # of the hours with unserved load


class Explanations(list):
    """Explanations, which read as text."""

    def __str__(self) -> str:
        return "\n\n".join(map(str, self))

    __repr__ = __str__


def explain(optimum: Optimum, dispatch: xr.Dataset, zone: str | None = None, time=None) -> Explanations:
    """Explanations of a zone and a time; without one or both of what is worth explaining there.

    Parameters
    ----------
    zone : name of a zone
    time : a moment within the horizon, Beijing time

    Raises
    ------
    InputError : there is no such zone or time
    """
    where = None if zone is None else _zone(dispatch, zone)
    when = None if time is None else _step(optimum.case, time)
    if where is not None and when is not None:
        return Explanations(_all_of(optimum, dispatch, zone, when))
    told, hours = Explanations(), _worth_explaining(dispatch, where, when)
    for subject, name, step in hours:
        told.append(_ONE[subject](optimum, dispatch, name, step))
    return told


_ONE = {
    "price": lambda optimum, _, zone, step: why_price(optimum, zone, step),
    "curtailment": why_curtailed,
    "unserved": why_unserved,
}


def _all_of(optimum: Optimum, dispatch: xr.Dataset, zone: str, step: int) -> list[Explanation]:
    """The price, and what is not served or not taken there and then."""
    found = [why_price(optimum, zone, step)]
    position = list(dispatch["zone"].values).index(zone)
    found += [
        _ONE[subject](optimum, dispatch, zone, step)
        for subject, values in _amounts(dispatch).items()
        if values[position, step] > SMALL
    ]
    return found


def _worth_explaining(dispatch: xr.Dataset, zone: int | None, step: int | None) -> list[tuple[str, str, int]]:
    """The highest and the lowest price, the most curtailment, and load not served: (subject, zone, step), of one zone
    or step where they are given."""
    mask = np.zeros((dispatch.sizes["zone"], dispatch.sizes["time"]), bool)
    mask[slice(None) if zone is None else zone, slice(None) if step is None else step] = True
    price = np.where(mask, dispatch["price"].values, np.nan)
    found = [("price", price, pick) for pick in (np.nanargmax, np.nanargmin) if np.isfinite(price).any()]
    amounts = {subject: np.where(mask, values, 0.0) for subject, values in _amounts(dispatch).items()}
    most = amounts.get("curtailment", np.zeros(1))
    found += [("curtailment", most, np.argmax)] if most.max() > SMALL else []
    zones = dispatch["zone"].values
    places = [(subject, *np.unravel_index(pick(values), values.shape)) for subject, values, pick in found]
    missing = amounts.get("unserved", np.zeros((1, 1)))
    worst = np.argsort(-missing, axis=None, kind="stable")[:MOST]
    places += [("unserved", *np.unravel_index(at, missing.shape)) for at in worst if missing.flat[at] > SMALL]
    return [(subject, str(zones[at]), int(when)) for subject, at, when in dict.fromkeys(places)]


def _amounts(dispatch: xr.Dataset) -> dict[str, np.ndarray]:
    """MW that are not taken and not served, by zone and step."""
    found = {}
    if "curtailment" in dispatch:
        curtailed = np.zeros((dispatch.sizes["zone"], dispatch.sizes["time"]))
        np.add.at(
            curtailed,
            pd.Index(dispatch["zone"].values).get_indexer(dispatch["generator_zone"].values),
            dispatch["curtailment"].values,
        )
        found["curtailment"] = curtailed
    if "unserved" in dispatch:
        found["unserved"] = dispatch["unserved"].values
    return found


def _zone(dispatch: xr.Dataset, zone: str) -> int:
    zones = [str(name) for name in dispatch["zone"].values]
    if zone not in zones:
        raise InputError(
            Problem("--zone", value=zone, allowed=f"a zone: {', '.join(zones)}{did_you_mean(zone, zones)}")
        )
    return zones.index(zone)


def _step(case, time) -> int:
    """Position of the step that a moment lies in."""
    first, end = case.time[0], case.time[-1] + pd.Timedelta(hours=float(case.step_hours[-1]))
    allowed = (
        f"a time from {first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, such as {first:%Y-%m-%dT%H:%M}, Beijing time without an offset"
    )
    try:
        moment = pd.Timestamp(time)
    except ValueError as error:
        raise InputError(Problem("--time", value=str(time), allowed=allowed)) from error
    if pd.isna(moment) or moment.tzinfo is not None or not case.time[0] <= moment < end:
        raise InputError(Problem("--time", value=str(time), allowed=allowed))
    return int(case.time.searchsorted(moment, side="right")) - 1
