"""The Case: everything a model needs to know, complete and checked. Other Cases are made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.case.checks import kinds_of
from grid_model.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Case:
    """
    name        name of the scenario
    scenario    the scenario, all parents merged
    time        start of each step, Beijing time without a time zone
    step_hours  length of each step [h]
    tables      every declared table by name, complete: all columns, defaults filled in
    series      time series by name: DataArray of (id, time), only the ids that have one
    sources     SHA-256 of every file read
    step_weights   how often each step counts in the cost; None: once
    """

    name: str
    scenario: Scenario
    time: pd.DatetimeIndex
    step_hours: np.ndarray
    tables: Mapping[str, pd.DataFrame]
    series: Mapping[str, xr.DataArray] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    step_weights: np.ndarray | None = None

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.time)

    @property
    def hours(self) -> float:
        """Length of the whole case [h]."""
        return float(self.step_hours.sum())

    @property
    def cost_hours(self) -> np.ndarray:
        """Hours for which each step counts in the cost [h]."""
        return self.step_hours if self.step_weights is None else self.step_hours * self.step_weights

    @cached_property
    def zones(self) -> list[str]:
        return self.tables["zones"]["zone"].tolist()

    def generators(self, kind: str, zone: str | None = None) -> pd.DataFrame:
        """The generators whose technology is of a kind (thermal, renewable or hydro), of all zones or of one."""
        generators, here = self.tables["generators"], self._kind_of_generator == kind
        if zone is not None:
            here = here & (generators["zone"].to_numpy(object) == zone)
        return generators[here].reset_index(drop=True)

    @cached_property
    def _kind_of_generator(self) -> np.ndarray:
        return kinds_of(self.tables, self.tables["generators"]).to_numpy(object)

    @cached_property
    def months(self) -> pd.DatetimeIndex:
        """The first day of each month that a step starts in, in order."""
        return pd.DatetimeIndex(self._month_of_time.unique())

    @cached_property
    def month_of_step(self) -> np.ndarray:
        """For each step the position of its month in `months`."""
        return self.months.get_indexer(self._month_of_time)

    @property
    def _month_of_time(self) -> pd.DatetimeIndex:
        return self.time.normalize() - pd.to_timedelta(self.time.day - 1, unit="D")

    def profile(self, name: str, ids: Sequence[str], default: float | Sequence[float] = np.nan) -> np.ndarray:
        """Values of the series `name` as an array (id, step); `default` (one, or one per id) where an id has none."""
        values = np.empty((len(ids), self.steps))
        values[:] = np.broadcast_to(np.asarray(default, dtype=float), (len(ids),))[:, np.newaxis]
        if name in self.series:
            series = self.series[name]
            position = series.get_index(series.dims[0]).get_indexer(pd.Index(ids, dtype=object))
            values[position >= 0] = series.values[position[position >= 0]]
        return values

    def select(self, start: int, stop: int) -> Case:
        """The steps from position `start` to `stop` (exclusive); tables stay as they are."""
        window = slice(start, stop)
        return self._over(
            self.time[window],
            self.step_hours[window],
            {name: series.isel(time=window) for name, series in self.series.items()},
            None if self.step_weights is None else self.step_weights[window],
        )

    def coarsen(self, hours: float) -> Case:
        """Blocks of steps of `hours` each (the last may be shorter), series as means weighted by the steps' lengths."""
        before = np.concatenate([[0.0], np.cumsum(self.step_hours)[:-1]])
        first = np.flatnonzero(np.diff(np.floor(before / hours + 1e-9), prepend=-1.0))
        length = np.add.reduceat(self.step_hours, first)
        series = {
            name: _block_means(series, first, self.step_hours, length, self.time[first])
            for name, series in self.series.items()
        }
        weights = None if self.step_weights is None else np.add.reduceat(self.cost_hours, first) / length
        return self._over(self.time[first], length, series, weights)

    def replace(
        self,
        *,
        name: str | None = None,
        scenario: Scenario | None = None,
        series: Mapping[str, xr.DataArray] | None = None,
        **tables: pd.DataFrame,
    ) -> Case:
        """The same case with other tables (by name), other series (those given), another name or scenario."""
        unknown = set(tables) - set(self.tables)
        if unknown:
            raise KeyError(f"a case has no table {', '.join(sorted(unknown))}; it has {', '.join(self.tables)}")
        return replace(
            self,
            name=name or self.name,
            scenario=scenario or self.scenario,
            tables={**self.tables, **tables},
            series={**self.series, **(series or {})},
        )

    def _over(self, time: pd.DatetimeIndex, step_hours: np.ndarray, series: Mapping[str, xr.DataArray],
              step_weights: np.ndarray | None) -> Case:
        if len(time) == 0:
            raise ValueError("a case needs at least one step")
        return replace(self, time=time, step_hours=frozen(step_hours), series=dict(series), step_weights=step_weights)


def _block_means(
    series: xr.DataArray, first: np.ndarray, step_hours: np.ndarray, length: np.ndarray, time: pd.DatetimeIndex
) -> xr.DataArray:
    energy = np.add.reduceat(series.values * step_hours, first, axis=1)
    return labelled(series.dims[0], series.coords[series.dims[0]].values, time, energy / length, dict(series.attrs))


def labelled(
    dimension: str, ids: Sequence[str], time: pd.DatetimeIndex, values: np.ndarray, attributes: dict
) -> xr.DataArray:
    """A time series as the Case keeps it: (id, time), not to be written to."""
    return xr.DataArray(
        frozen(values),
        dims=(dimension, "time"),
        attrs=attributes,
        coords={dimension: np.asarray(ids, dtype=object), "time": time},
    )


def frozen(values: np.ndarray) -> np.ndarray:
    """The array, in one piece and not to be written to."""
    values = np.ascontiguousarray(values, dtype=float)
    values.flags.writeable = False
    return values
