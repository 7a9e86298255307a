"""Results of a run: open them, look into them, write them so that a half-written folder is never taken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import xarray as xr

from grid_model.errors import InputError, Problem

DISPATCH, SUMMARY, SCENARIO, PROVENANCE = "dispatch.nc", "summary.json", "scenario.yaml", "provenance.json"
DUALS = "duals.nc"

PARQUET = ("ledger",)  # tables with a row per lot and event; all others are CSV


@dataclass(eq=False)
class Results:
    """A solved case.

    dispatch    xarray.Dataset of everything hourly, with units (see docs: results)
    summary     status, cost, bound, sizes, seconds, versions
    tables      tables beside it by name, such as `scorecard`
    scenario    the scenario as resolved, YAML text
    provenance  versions and hashes of inputs
    folder      where they stand, if they do
    duals       row duals of the cost and of what was ranked before it, from which its bound can be computed again
    case        the Case that was solved; None of stored results, which name its inputs
    optimum     what explanations read, kept once it was asked for
    """

    dispatch: xr.Dataset
    summary: dict
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    scenario: str = ""
    provenance: dict = field(default_factory=dict)
    folder: Path | None = None
    duals: xr.Dataset | None = field(default=None, repr=False)
    case: object = field(default=None, repr=False)
    optimum: object = field(default=None, repr=False)

    def __repr__(self) -> str:
        return (f"<Results {self.summary['scenario']}: {self.summary['status']}, {self.summary['zones']} zones, "
                f"{self.summary['hours']:g} h, {self.summary['objective_cny']:.6g} CNY>")

    def energy(self) -> dict[str, float]:
        """Energy of the whole run by what it is, MWh: load, unserved, generation by technology, curtailment, losses."""
        data, hours = self.dispatch, self.dispatch["step_hours"]
        total = {"load": float((data["load"] * hours).sum()), "unserved": float((data["unserved"] * hours).sum())}
        if "generation" in data:
            by_technology = (data["generation"] * hours).sum("time").groupby("technology").sum()
            total |= {str(name): float(value) for name, value in zip(by_technology["technology"].values, by_technology.values)}
        total |= {name: float((data[name] * hours).sum()) for name in ("curtailment", "charge", "discharge", "loss") if name in data}
        return total

    def explain(self, zone: str | None = None, time=None):
        """Why the price of a zone at a time is what it is, why energy was not taken or load not served there.

        Without a zone or a time: what is worth explaining. Prints as text; each explanation holds its figures as data.
        """
        from grid_model.pipeline import explain_results  # builds the programme anew: a stage that imports this one

        return explain_results(self, zone, time)

    def save(self, folder: str | Path) -> Path:
        """Write into a folder, which appears whole or not at all; an older result there is replaced."""
        folder = Path(folder)
        _demand_replaceable(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".unfinished", dir=folder.parent))
        try:
            self._write(fresh)
            fresh.chmod(0o755)
            _swap(fresh, folder)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        self.folder = folder
        return folder

    def write_summary(self) -> None:
        """Replace the summary on disk by today's, whole or not at all."""
        fresh = self.folder / f".{SUMMARY}.unfinished"
        fresh.write_text(_json(self.summary), encoding="utf-8")
        os.replace(fresh, self.folder / SUMMARY)

    def _write(self, folder: Path) -> None:
        encoding = {name: {"zlib": True, "complevel": 1, "shuffle": True} for name, variable in self.dispatch.data_vars.items()
                    if variable.ndim == 2}
        self.dispatch.to_netcdf(folder / DISPATCH, engine="h5netcdf", encoding=encoding | {
            "time": {"units": "hours since 1970-01-01", "dtype": "float64"}})
        if self.duals is not None:
            self.duals.to_netcdf(folder / DUALS, engine="h5netcdf", encoding={
                name: {"zlib": True, "complevel": 1, "shuffle": True} for name in self.duals.data_vars if self.duals[name].size})
        for name, table in self.tables.items():
            if name in PARQUET:
                table.to_parquet(folder / f"{name}.parquet", index=False)
            else:
                table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
        (folder / SCENARIO).write_text(self.scenario, encoding="utf-8")
        (folder / PROVENANCE).write_text(_json(self.provenance), encoding="utf-8")
        (folder / SUMMARY).write_text(_json(self.summary), encoding="utf-8")


def open_results(folder: str | Path) -> Results:
    """Results of a finished run.

    Raises
    ------
    InputError : the folder is missing or holds no whole result
    """
    folder = Path(folder)
    for name in (SUMMARY, DISPATCH, SCENARIO, PROVENANCE):
        if not (folder / name).is_file():
            raise InputError(Problem(str(folder), value=name, allowed="a folder of finished results; this file is missing in it"))
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        with xr.open_dataset(folder / DISPATCH, engine="h5netcdf") as stored:
            dispatch = stored.load()
        duals = _duals(folder / DUALS)
        tables = {file.stem: pd.read_csv(file) for file in sorted(folder.glob("*.csv"))}
        tables |= {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(Problem(str(folder), value=str(error), allowed="readable results")) from error
    return Results(dispatch, summary, tables, (folder / SCENARIO).read_text(encoding="utf-8"), provenance, folder, duals)


def _duals(file: Path) -> xr.Dataset | None:
    if not file.is_file():
        return None
    with xr.open_dataset(file, engine="h5netcdf") as stored:
        return stored.load()


def _demand_replaceable(folder: Path) -> None:
    """A folder that holds something else than results is not touched."""
    if folder.exists() and not (folder / SUMMARY).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(Problem(str(folder), allowed="a new or empty folder, or one that holds results of an earlier run"))


def _swap(fresh: Path, folder: Path) -> None:
    if folder.exists():
        old = fresh.with_suffix(".replaced")
        os.rename(folder, old)
        os.rename(fresh, folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(fresh, folder)


def _json(value: dict) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"
