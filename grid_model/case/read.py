"""Reading of a Case: scenario, tables, changes, profiles, checks; every problem is collected, then raised together."""

from __future__ import annotations

import functools
import logging
import os
import time as clock
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel

from grid_model.case.case import Case, frozen
from grid_model.case.changes import apply_changes, blamed
from grid_model.case.checks import Frames, check_core, reference_problems, schema_problems
from grid_model.case.columns import columns_of_file, complete, empty_table, fill, header_problems, parse_cells
from grid_model.case.files import Folder, files_of_other_kinds, read_cells
from grid_model.case.profile_files import ProfileFolder
from grid_model.case.resolution import resolution_problems
from grid_model.case.series import read_series
from grid_model.case.subset import only_zones
from grid_model.case.synthesised import SynthesisedProfileFolder
from grid_model.case.tables import REQUIRED_TABLES, Tables, merge_tables
from grid_model.errors import InputError, Problem, did_you_mean, printable, shown
from grid_model.scenario import Scenario, SynthesisedProfiles
from grid_model.scenario_loading import ScenarioError, load_scenario

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).parent
Check = Callable[[Frames], list[Problem]]


def read_case(
    scenario: str | os.PathLike | Scenario,
    tables: Tables,
    settings: Mapping[str, type[BaseModel]] | None = None,
    start: object = None,
    end: object = None,
    overrides: Iterable[str] = (),
    checks: Iterable[Check] = (),
) -> Case:
    """The Case of a scenario.

    scenario    path of a scenario file, or a Scenario
    tables      declarations of all modules, see case/tables.py
    settings    models of the policies' settings (and of `solve`), by name; None: settings are not checked here
    start, end  other hours than the scenario's (end exclusive)
    overrides   "key.inner=value", for a scenario given by its path
    checks      the modules' own checks of complete tables, see case/checks.py

    Raises InputError with every problem found.
    """
    began = clock.perf_counter()
    wrong: list[Problem] = []
    if not isinstance(scenario, Scenario):
        try:
            scenario = load_scenario(scenario, overrides, settings)
        except ScenarioError as error:
            if error.rest is None:
                raise
            scenario, wrong = error.rest, list(error.problems)
    if start is not None or end is not None:
        scenario = scenario.with_horizon(start, end)
    tables = merge_tables(tables)
    folder = Folder(scenario.inputs)
    frames, problems = read_tables(scenario, folder, tables, tuple(checks))
    time, step_hours = steps_of(scenario)
    synthesised = isinstance(scenario.profiles, SynthesisedProfiles)
    profiles = SynthesisedProfileFolder(scenario) if synthesised else ProfileFolder.of(scenario)
    series, more = read_series(profiles, frames, time, step_hours)
    problems += wrong + more
    if problems:
        raise InputError(problems)
    sources = {**_hashes(scenario), **folder.sources, **profiles.folder.sources}
    log.info(
        "read %s: %d zones, %d generators, %d steps in %.1f s",
        scenario.name,
        len(frames["zones"]),
        len(frames["generators"]),
        len(time),
        clock.perf_counter() - began,
    )
    case = Case(
        scenario.name,
        scenario,
        time,
        step_hours,
        {name: _trusted(frame) for name, frame in frames.items()},
        series,
        sources,
        None if scenario.horizon.step_weights is None else frozen(np.array(scenario.horizon.step_weights)),
    )
    return only_zones(case, tables, scenario.zones) if scenario.zones else case


def steps_of(scenario: Scenario) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Start and length [h] of every step of the horizon."""
    horizon = scenario.horizon
    hours = np.array(horizon.lengths)
    hours = np.where(np.abs(hours * 3600 - (whole := np.rint(hours * 3600))) < 1e-6, whole / 3600, hours)
    time = pd.Timestamp(horizon.start) + pd.to_timedelta(starts_in_seconds(hours), unit="s")
    return time.as_unit("ns").rename("time"), frozen(hours)


def starts_in_seconds(step_hours: np.ndarray) -> np.ndarray:
    """When each step starts after the first one, to the nearest second: what it is called by."""
    return np.rint((np.cumsum(step_hours) - step_hours) * 3600).astype("int64")


def _trusted(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reset_index(drop=True)
    frame.attrs = {}
    return frame


def _hashes(scenario: Scenario) -> dict[str, str]:
    """SHA-256 of the scenario's own files."""
    sources: dict[str, str] = {}
    for path in scenario.files:
        folder = Folder(path.parent)
        folder.read(path.name)
        sources |= folder.sources
    return sources


# --------------------------------------------------------------------------------------------------------------- tables


def read_tables(
    scenario: Scenario, folder: Folder, tables: Tables, checks: Iterable[Check] = ()
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """All tables, typed, changed, complete and checked; rows keep their number in the file as index."""
    if not os.path.isdir(folder.path):
        file, row = scenario.place("inputs")
        raise InputError(
            Problem(file, row, "inputs", shown(folder.path), "a folder with the tables " + ", ".join(REQUIRED_TABLES))
        )
    there = folder.names()
    if folder.problems:
        raise InputError(folder.problems)
    files = {name: f"{name}.csv" for name in tables if f"{name}.csv" in there}
    problems = [
        Problem(folder.shown(f"{name}.csv"), 0, "", "", "this file: it is required")
        for name in REQUIRED_TABLES
        if name not in files
    ]
    problems += _misnamed_files(folder, files, tables)
    frames, columns, about = {}, {}, {}
    for name, declared in tables.items():
        frames[name], columns[name], about[name], wrong = _read_table(
            folder, files.get(name), declared, name in REQUIRED_TABLES
        )
        problems += wrong
    problems += folder.problems
    frames["technologies"] = with_package_technologies(frames["technologies"], columns["technologies"])
    of_technologies, wrong = apply_changes(scenario, frames, columns, only="technologies", faulty=_faulty_columns(about, problems))
    problems += wrong
    for name, frame in frames.items():
        frames[name] = complete(frame, columns[name], frames["technologies"])
        frames[name].attrs = about[name]
    problems += _wrong_before_changes(scenario, frames, columns)
    known = {(problem.file, problem.row, problem.column) for problem in problems}
    made, wrong = apply_changes(scenario, frames, columns, without="technologies", faulty=_faulty_columns(about, problems))
    problems += wrong
    for name, frame in frames.items():
        frame.attrs = about[name]
    found = [problem for name, frame in frames.items() for problem in schema_problems(columns, name, frame)]
    found += [problem for name, frame in frames.items() for problem in resolution_problems(columns, name, frame)]
    found += reference_problems(columns, frames) + check_core(frames)
    found = [problem for problem in found if (problem.file, problem.row, problem.column) not in known]
    found += _checked(checks, frames, problems + found)
    return frames, problems + blamed(scenario, found, of_technologies + made, {name: one["file"] for name, one in about.items()})


def _faulty(about: Mapping[str, Mapping], problems: Iterable[Problem]) -> set[str]:
    """Tables in whose files something is wrong, or that are missing: what follows from that is not worth saying."""
    wrong = {problem.file for problem in problems} - {""}
    return {name for name, one in about.items() if one.get("unusable") or one.get("file") in wrong}


def _faulty_columns(about: Mapping[str, Mapping], problems: Iterable[Problem]) -> set[tuple[str, str]]:
    """The same by table and column, none where a whole table is meant."""
    tables = {one["file"]: name for name, one in about.items() if one["file"]}
    unusable = {(name, "") for name, one in about.items() if one["unusable"]}
    return unusable | {(tables[problem.file], problem.column) for problem in problems if problem.file in tables}


def _wrong_before_changes(scenario: Scenario, frames: Frames, columns: Tables) -> list[Problem]:
    """Cells that are wrong as they stand in a file, though a change may make something else of them: -3 MW scaled with the others. What
    is empty may be for a change to fill."""
    changed = dict.fromkeys(change.table for change in scenario.changes if change.table in frames)
    return [problem for name in changed for problem in schema_problems(columns, name, frames[name]) if problem.value]


class _Faultless(dict):
    """Tables by name, of which none can be seen that is not right by itself."""

    def __init__(self, frames: Frames, problems: Iterable[Problem]):
        super().__init__(frames)
        self.faulty = _faulty({name: frame.attrs for name, frame in frames.items()}, problems)
        self.faulty |= {"generators", "storage"} if "technologies" in self.faulty else set()

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self.faulty:
            raise _Faulty
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        return self[name] if name in self else default  # noqa: SIM401 - this is what it would call


class _Faulty(Exception):
    """A check asks for a table in which something is wrong already."""


def _checked(checks: Iterable[Check], frames: Frames, problems: Iterable[Problem]) -> list[Problem]:
    """What the modules' own checks find. They may trust that each table is right by itself: those that need one that is
    not have to wait."""
    tables, found = _Faultless(frames, problems), []
    for check in checks:
        with suppress(_Faulty):
            found += check(tables)
    return found


def _misnamed_files(folder: Folder, files: Mapping[str, str], tables: Tables) -> list[Problem]:
    """CSV files whose name nearly is that of a table, whether or not that is there too: meant to be read, and not read in silence."""
    others = [name for name in folder.names() if name not in files.values()]
    hints = {name: did_you_mean(name[:-4], tables, nearness=0.85) for name in others if name.lower().endswith(".csv")}
    return [
        Problem(folder.shown(name), 0, "", printable(name), "a file named as its table, or unlike any" + hint)
        for name, hint in hints.items()
        if hint
    ] + files_of_other_kinds(folder, [name for name in others if name not in hints], set(tables) - set(files), "the table as CSV: {}.csv")


def _read_table(
    folder: Folder, name: str | None, declared: list, required: bool
) -> tuple[pd.DataFrame, list, dict, list[Problem]]:
    """One table as it stands in its file, typed; its columns, free ones included; what checks need to know of it: the
    file's name, the columns (`missing`) that it should have and has not, and whether it is `unusable`, so that nothing
    can be said about references to it; and what is wrong with it.
    """
    cells = read_cells(folder, name) if name else None
    if cells is None:
        about = {"file": folder.shown(name) if name else "", "missing": [], "unusable": required or name is not None}
        return empty_table(declared), list(declared), about, []
    file, identifier = folder.shown(name), declared[0].name
    needed = [column.name for column in declared if column.metadata["required"]]
    needed = [identifier] if identifier == "technology" else needed  # the package's row has what the file has not
    problems = header_problems(file, list(cells.columns), declared, needed)
    columns = columns_of_file(list(cells.columns), declared)
    frame, unreadable = parse_cells(file, cells, columns)
    missing = [column for column in needed if column not in cells]
    unusable = identifier in missing or cells.attrs["partial"]
    return frame, columns, {"file": file, "missing": missing, "unusable": unusable}, problems + unreadable


@functools.cache
def _package_cells() -> pd.DataFrame:
    folder = Folder(PACKAGE)
    cells = read_cells(folder, "technologies.csv")
    if folder.problems:
        raise InputError(folder.problems)
    return cells


_PACKAGE: dict[tuple, pd.DataFrame] = {}  # the package's technologies, typed, by the columns asked for


def with_package_technologies(frame: pd.DataFrame, columns: list) -> pd.DataFrame:
    """The data set's technologies, cells that it leaves empty taken from the package's, then the package's others."""
    kinds = tuple((column.name, column.metadata["kind"]) for column in columns)
    if kinds not in _PACKAGE:
        package, problems = parse_cells("technologies.csv", _package_cells(), columns)
        if problems:
            raise InputError(problems)
        _PACKAGE[kinds] = package.set_index(-package.index)  # no row in a file of the user
    package = _PACKAGE[kinds]
    if frame.empty:
        return package.copy()
    of_package = package.set_index("technology").reindex(frame["technology"])
    filled = frame.assign(**{column: fill(frame[column], of_package[column]) for column in frame if column in of_package})
    others = package[~package["technology"].isin(frame["technology"])]
    return pd.concat([part for part in (filled, others) if len(part)])
