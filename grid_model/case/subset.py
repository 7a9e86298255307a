"""A part of a grid: some zones, and all that stands or ends in them; what refers to something left out is left out
too."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from grid_model.case.case import Case
from grid_model.case.tables import Tables
from grid_model.errors import InputError, Problem, did_you_mean


def only_zones(case: Case, tables: Tables, zones: Sequence[str]) -> Case:
    """The case with these zones alone: lines need both ends, a store its host, a reservoir its generator.

    Raises InputError where a name is no zone of the case.
    """
    known = case.zones
    file, row = case.scenario.place("zones")
    unknown = [
        Problem(file, row, "zones", zone, "a zone of the inputs" + did_you_mean(zone, known))
        for zone in zones
        if zone not in known
    ]
    if unknown:
        raise InputError(unknown)
    frames = dict(case.tables)
    frames["zones"] = frames["zones"][frames["zones"]["zone"].isin(list(zones))]
    while _drop_orphans(frames, tables):
        pass
    frames = {name: frame.reset_index(drop=True) for name, frame in frames.items()}
    return case.replace(series={name: _kept(series, frames) for name, series in case.series.items()}, **frames)


def _drop_orphans(frames: dict[str, pd.DataFrame], tables: Tables) -> bool:
    """Drop rows that refer to something that is gone; whether there were any."""
    dropped = False
    for name, columns in tables.items():
        for column in columns:
            target = column.metadata["references"]
            if target is None or frames[name].empty:
                continue
            identifier = next(other.name for other in tables[target] if other.metadata["kind"] == "identifier")
            values = frames[name][column.name]
            kept = values.isin(frames[target][identifier]) | (values == "")
            if not kept.all():
                frames[name], dropped = frames[name][kept], True
    return dropped


def _kept(series, frames: dict[str, pd.DataFrame]):
    """The part of a time series whose ids are still in some table."""
    dimension = series.dims[0]
    ids = next(frame[dimension] for frame in frames.values() if frame.columns[0] == dimension)
    return series[series[dimension].isin(ids.tolist()).values]
