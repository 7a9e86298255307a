"""Results of a run: open them, look into them, write them so that a half-written folder is never taken for a whole one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import xarray as xr

from grid_model.errors import InputError, Problem, shown
from grid_model.results.dataset import counted_hours
from grid_model.results.files import (
    read_dispatch,
    read_netcdf,
    read_table,
    text_columns,
    write_dispatch,
    write_netcdf,
    write_table,
)
from grid_model.results.folder import Claim, claimed, writing
from grid_model.scenario_yaml import absolute_paths, relative_paths

SUMMARY, SCENARIO, PROVENANCE, DUALS = "summary.json", "scenario.yaml", "provenance.json", "duals.nc"

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
        data, hours = self.dispatch, counted_hours(self.dispatch)
        total = {name: float((data[name] * hours).sum()) if name in data else 0.0 for name in ("load", "unserved")}
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

    @property
    def plot(self):
        """Plots of these results: `results.plot.dispatch(zone="Qinghai")`, see grid_model/report/plot.py."""
        from grid_model.report.plot import Plot  # draws what this stage finds

        return Plot(self)

    def save(self, folder: str | Path | Claim, form: str = "auto") -> Path:
        """Write into a folder, which appears whole or not at all; an older result there is replaced.

        form     of the dispatch: netcdf, zarr, or auto (zarr where it is larger than ZARR_FROM)

        Raises
        ------
        InputError : the folder holds something else, or another run is writing it
        WriteError : it cannot be written
        """
        with claimed(folder, SUMMARY) as claim:
            claim.put(lambda fresh: self._write(fresh, claim.folder, form))
            self.folder = claim.folder
        return self.folder

    def write_summary(self) -> None:
        """Replace the summary on disk by today's, whole or not at all."""
        with writing(self.folder):
            fresh = self.folder / f".{SUMMARY}.unfinished"
            fresh.write_text(_sealed(self.summary), encoding="utf-8")
            os.replace(fresh, self.folder / SUMMARY)

    def _write(self, fresh: Path, folder: Path, form: str) -> None:
        """Fill `fresh`, which will stand at `folder`; the summary comes last."""
        write_dispatch(self.dispatch, fresh, form)
        if self.duals is not None:
            write_netcdf(self.duals, fresh / DUALS)
        for name, table in self.tables.items():
            if name in PARQUET:
                table.to_parquet(fresh / f"{name}.parquet", index=False)
            else:
                write_table(table, fresh / f"{name}.csv")
        self.provenance["texts"] = {name: text_columns(table) for name, table in self.tables.items() if name not in PARQUET}
        (fresh / SCENARIO).write_text(relative_paths(self.scenario, folder), encoding="utf-8")
        self.provenance["tables"] = sorted(path.name for path in fresh.iterdir() if path.suffix in (".csv", ".parquet"))
        self.provenance["results_sha256"] = fingerprints(fresh)
        (fresh / PROVENANCE).write_text(_json(self.provenance), encoding="utf-8")
        self.summary["provenance_sha256"] = _hash([fresh / PROVENANCE])
        (fresh / SUMMARY).write_text(_sealed(self.summary), encoding="utf-8")


def open_results(folder: str | Path) -> Results:
    """Results of a finished run.

    Raises
    ------
    InputError : the folder is missing or holds no whole result
    """
    folder = Path(os.path.abspath(folder))
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(Problem(shown(folder), value=found, allowed="a folder of finished results"))
    _demand_files(folder, (SUMMARY, SCENARIO, PROVENANCE))
    try:
        summary, provenance = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (SUMMARY, PROVENANCE))
        _demand_files(folder, provenance.get("tables", ()))
        texts = provenance.get("texts", {})
        tables = {file.stem: read_table(file, texts.get(file.stem, ())) for file in sorted(folder.glob("*.csv"))}
        tables |= {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
        dispatch, duals = read_dispatch(folder), read_netcdf(folder / DUALS) if (folder / DUALS).is_file() else None
        scenario = absolute_paths((folder / SCENARIO).read_text(encoding="utf-8"), folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(Problem(shown(folder), value=str(error), allowed="readable results")) from error
    return Results(dispatch, summary, tables, scenario, provenance, folder, duals)


def _demand_files(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if not (folder / name).exists():
            allowed = "a folder of finished results; this file is missing in it"
            raise InputError(Problem(shown(folder), value=name, allowed=allowed))


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash of every file of data in a folder of results, of a store of zarr over all its files; the provenance tells of them, the
    summary of the provenance, and of itself; reports are made anew."""
    found = sorted(path for path in folder.iterdir() if path.suffix in (".nc", ".csv", ".parquet", ".yaml", ".zarr"))
    return {path.name: _hash(sorted(path.rglob("*")) if path.is_dir() else [path]) for path in found}


def _hash(files: list[Path]) -> str:
    """Hash of the contents of files, and of their names where there are many."""
    whole = hashlib.sha256()
    for file in files:
        if len(files) > 1:
            whole.update(file.name.encode() + b"\0")
        if file.is_file():
            whole.update(file.read_bytes())
    return whole.hexdigest()


def seal(summary: dict) -> str:
    """Hash of a summary, itself left out."""
    return hashlib.sha256(_json({key: value for key, value in summary.items() if key != "sha256"}).encode()).hexdigest()


def _sealed(summary: dict) -> str:
    return _json(json.loads(_json(summary)) | {"sha256": seal(json.loads(_json(summary)))})


def changed_files(results: Results) -> list[str]:
    """Files of stored results that are not as they were written; none where they bear no fingerprints."""
    written, found = results.provenance.get("results_sha256"), fingerprints(results.folder)
    if written is None:
        return []
    names = sorted(name for name in written.keys() | found.keys() if written.get(name) != found.get(name))
    provenance = results.summary.get("provenance_sha256")
    return (names + [PROVENANCE] * (provenance not in (None, _hash([results.folder / PROVENANCE])))
            + [SUMMARY] * (results.summary.get("sha256") != seal(results.summary)))


def _json(value: dict) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"
