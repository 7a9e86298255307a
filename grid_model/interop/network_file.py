"""A PyPSA network as its netCDF file holds it, read with xarray alone; and the same layout written.

name in the file                     what it is
snapshots, snapshots_objective, ...  labels of the steps, and their weights
<list>_i, <list>_<attribute>         names of the components of a list (buses, generators, ...), static values
<list>_t_<attribute>[_i]             values by step of those components that have them
<list>_pw_<attribute>                piecewise values
network_*, meta, crs                 attributes of the file

An attribute that stands nowhere in the file has its default, which the caller gives.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import xarray as xr

from grid_model.errors import InputError, Problem, printable, shown
from grid_model.results.folder import writing

WEIGHTS = ("objective", "stores", "generators")


class NetworkFile:
    """The content of a file, and the list of what is wrong with it or cannot be carried."""

    def __init__(self, path: str | Path, fix_capacities: str | None = None):
        """fix_capacities: what extendable components have, "nominal" or "optimised"; None where there shall be none."""
        self.path, self.fix_capacities = Path(path), fix_capacities
        self.file = shown(self.path)
        self.problems: list[Problem] = []
        self.notes: list[str] = []  # what a reader of the scenario should know
        self.content = _read(self.path, self.file)
        self.steps = self.content.sizes.get("snapshots", 0)
        if not self.steps or "buses_i" not in self.content.variables:
            raise InputError(Problem(self.file, 0, "", "", "a network of PyPSA with buses and snapshots"))
        self.step_hours, self.step_weights, self.energy_weights = self._weights()

    def refuse(self, where: str, value: object, allowed: str) -> None:
        self.problems.append(Problem(self.file, 0, where, printable(value), allowed))

    def components(self, listed: str) -> Components:
        """The active components of a list such as `generators`."""
        return Components(self, listed)

    def has(self, listed: str) -> bool:
        return f"{listed}_i" in self.content.variables and self.content.sizes[f"{listed}_i"] > 0

    def times(self) -> np.ndarray:
        """Labels of the snapshots; the coordinate itself may only count them."""
        labels = "snapshots_snapshot" if "snapshots_snapshot" in self.content else "snapshots"
        return self.content[labels].values

    @property
    def even(self) -> bool:
        """Whether all steps are of one length."""
        return bool((self.step_hours == self.step_hours[0]).all())

    def _weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Length of each step [h], how often it counts in the cost, and how often in sums of energy.

        Stores see a step as long as their weight says; the others are taken as multiples of that.
        """
        objective, hours, energy = (self._weight(name) for name in WEIGHTS)
        wrong = ~((hours >= 1 / 3600) & np.isfinite(hours))
        for at in np.flatnonzero(wrong):
            self.refuse(f"snapshot weighting stores of {printable(self.times()[at])}", f"{hours[at]:g}",
                        "hours, a second at least")
        for name, values in (("objective", objective), ("generators", energy)):
            for at in np.flatnonzero(~(np.isfinite(values) & (values >= 0))):
                self.refuse(f"snapshot weighting {name} of {printable(self.times()[at])}", f"{values[at]:g}", "a number >= 0")
        hours = np.where(wrong, 1.0, hours)
        return hours, objective / hours, energy / hours

    def _weight(self, name: str) -> np.ndarray:
        variable = f"snapshots_{name}"
        values = self.content[variable].values if variable in self.content else np.ones(self.steps)
        return np.asarray(values, float)


def _read(path: Path, file: str) -> xr.Dataset:
    if not path.is_file():
        raise InputError(Problem(file, 0, "", "", "a netCDF file written by PyPSA"))
    try:
        with xr.open_dataset(path, engine="h5netcdf") as content:
            return content.load()
    except (OSError, ValueError, KeyError) as error:
        message = str(error).splitlines()[0] if str(error) else ""
        raise InputError(Problem(file, 0, "", printable(message), "a netCDF-4 file written by PyPSA")) from None


class Components:
    """The active components of one list: names, and attributes as arrays over them (and the steps)."""

    def __init__(self, network: NetworkFile, listed: str):
        self.network, self.listed = network, listed
        content = network.content
        all_names = content[f"{listed}_i"].values if network.has(listed) else np.empty(0, object)
        self._all = np.array([str(name) for name in all_names], dtype=object)
        active = np.asarray(self._static("active", True)).astype(bool)
        self._where = np.flatnonzero(active)
        self.names = np.array([name.strip() for name in self._all[self._where]], dtype=object)

    def __len__(self) -> int:
        return len(self.names)

    def _static(self, attribute: str, default) -> np.ndarray:
        variable = f"{self.listed}_{attribute}"
        if variable in self.network.content:
            return self.network.content[variable].values
        return np.full(len(self._all), default, dtype=object if isinstance(default, str) else None)

    def text(self, attribute: str, default: str = "") -> np.ndarray:
        values = self._static(attribute, default)[self._where]
        return np.array(["" if value is None or value != value else str(value).strip() for value in values], dtype=object)

    def flag(self, attribute: str, default: bool = False) -> np.ndarray:
        return np.asarray(self._static(attribute, default)[self._where]).astype(bool)

    def static(self, attribute: str, default: float) -> np.ndarray:
        """Static numbers; NaN where empty and the default is NaN, else the default."""
        values = np.asarray(self._static(attribute, default)[self._where], dtype=float)
        return np.where(np.isnan(values), default, values)

    def series(self, attribute: str, default: float) -> np.ndarray:
        """Numbers by component and step; those without a series of their own have their static value."""
        values = np.repeat(np.asarray(self._static(attribute, default), float)[:, None], self.network.steps, axis=1)
        variable = f"{self.listed}_t_{attribute}"
        if variable in self.network.content:
            given = self.network.content[variable]
            ids = given[f"{self.listed}_t_{attribute}_i"].values.astype(str)
            position = {name: at for at, name in enumerate(self._all)}
            known = [at for at, name in enumerate(ids) if name in position]
            rows = [position[ids[at]] for at in known]
            values[rows] = given.transpose(..., "snapshots").values[known]
        values = values[self._where]
        return np.where(np.isnan(values), default, values)

    def told_by_step(self, attribute: str) -> np.ndarray:
        """Which components have a series of their own."""
        index = f"{self.listed}_t_{attribute}_i"
        ids = self.network.content[index].values.astype(str) if index in self.network.content else []
        return np.isin(self._all[self._where].astype(str), ids)

    def fixed(self, attribute: str, default: float) -> np.ndarray:
        """Numbers that may not change from step to step: where one does, that is listed."""
        values = self.series(attribute, default)
        changing = ~np.isclose(values, values[:, :1], rtol=1e-12, atol=0, equal_nan=True).all(axis=1)
        self.refuse(changing, attribute, np.full(len(self), "by snapshot"), "one value for all snapshots")
        return values[:, 0]

    def refuse(self, wrong: np.ndarray, attribute: str, values: Sequence, allowed: str) -> None:
        """List an attribute of every component where `wrong` holds."""
        for at in np.flatnonzero(wrong):
            value = values[at]
            value = f"{value:.12g}" if isinstance(value, (float, np.floating)) else str(value)
            self.network.refuse(f"{self.listed} {self.names[at]}: {attribute}", value, allowed)

    def refuse_unless(self, attribute: str, default: float, allowed: str, among=True) -> None:
        """List every component (among some) whose attribute is anywhere other than its default."""
        values = self.series(attribute, default)
        other = ~((values == default) | (np.isnan(values) & np.isnan(default))).all(axis=1) & among
        self.refuse(other, attribute, values.max(axis=1) if len(values) else values, allowed)

    def has(self, attribute: str) -> bool:
        """Whether the file has a column or a series of this name."""
        content = self.network.content
        return f"{self.listed}_{attribute}" in content or f"{self.listed}_t_{attribute}" in content

    def attributes(self) -> list[str]:
        """Names of all static columns."""
        start = f"{self.listed}_"
        return [name.removeprefix(start) for name in map(str, self.network.content.data_vars)
                if name.startswith(start) and not name.startswith((f"{start}t_", f"{start}pw_"))]


def write_network(path: str | Path, name: str, snapshots: np.ndarray, step_hours: np.ndarray, lists: dict, cost_hours,
                  energy_weights) -> None:
    """Write components in PyPSA's layout, into a file that appears whole or not at all.

    Raises WriteError where it cannot be written.

    lists  {list: (names, {attribute: values}, {attribute: (names, values (names, steps))})}
    """
    content = xr.Dataset(coords={"snapshots": snapshots})
    content["snapshots_snapshot"] = ("snapshots", snapshots)
    for weight, hours in zip(WEIGHTS, (cost_hours, step_hours, energy_weights)):
        content[f"snapshots_{weight}"] = ("snapshots", np.asarray(hours, float))
    for listed, (names, static, series) in lists.items():
        index = f"{listed}_i"
        content = content.assign_coords({index: np.asarray(names, str)})
        for attribute, values in static.items():
            content[f"{listed}_{attribute}"] = (index, np.asarray(values))
        for attribute, (ids, values) in series.items():
            own = f"{listed}_t_{attribute}_i"
            content = content.assign_coords({own: np.asarray(ids, str)})
            content[f"{listed}_t_{attribute}"] = (("snapshots", own), np.asarray(values, float).T)
    content.attrs = {"network_name": name, "network_pypsa_version": "1.3.0", "network_srid": 4326,
                     "network__multi_invest": 0, "meta": "{}"}
    path = Path(path)
    fresh = path.with_name(f".{path.name}.unfinished")
    with writing(path, "the network", other="file"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_bytes(content.to_netcdf(engine="h5netcdf"))
            os.replace(fresh, path)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
