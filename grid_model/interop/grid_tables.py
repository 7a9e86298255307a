"""Tables and profiles of a grid that is being put together, and their files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from grid_model.case.resolution import LIMITS
from grid_model.case.series import KINDS
from grid_model.encoding import as_cell
from grid_model.results.files import write_table
from grid_model.results.folder import writing
from grid_model.scenario_yaml import to_yaml

IDENTIFIERS = {"zones": "zone", "technologies": "technology", "generators": "generator", "loads": "load",
               "lines": "line", "storage": "storage", "converters": "converter", "converter_ports": "port",
               "energy_limits": "limit", "energy_limit_terms": "term"}
TABLES = tuple(IDENTIFIERS)
PROFILES = ("load", "availability", "min_output", "flow_limit", "variable_cost", "min_level", "max_level", "level_loss",
            "holding_cost", "phase_shift", "conversion_most", "conversion_least", "conversion_cost", "conversion_rise",
            "conversion_fall", "conversion_start_cost", "conversion_stop_cost", "conversion_stand_by_cost", "committed_least",
            "committed_most", "port_rate", "port_delay", "limit_factor")
DUSTY = ("MW", "MWh")


class GridTables:
    """Rows by table and values by profile, added part by part."""

    def __init__(self):
        self._parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
        self._profiles: dict[str, dict[str, np.ndarray]] = {name: {} for name in PROFILES}
        self._names: dict[str, set[str]] = {name: set() for name in TABLES}

    def add(self, table: str, **columns) -> np.ndarray:
        """Add rows, given as columns; a name that another row has gets a number. The names as they stand."""
        identifier = IDENTIFIERS[table]
        wanted = columns[identifier]
        wanted = [wanted] if isinstance(wanted, str) else list(wanted)
        names = np.array([self._own_name(table, name) for name in wanted], dtype=object)
        if len(names):
            self._parts[table].append(pd.DataFrame({**columns, identifier: names}, index=range(len(names))))
        return names

    def _own_name(self, table: str, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names[table]:
            name, number = f"{wanted} ({number})", number + 1
        self._names[table].add(name)
        return name

    def profile(self, profile: str, names, values: np.ndarray) -> None:
        """Values of each name by step, shape (names, steps)."""
        self._profiles[profile] |= dict(zip(names, values, strict=True))

    def drop_dust(self, tables) -> int:
        """Power and energy too small for any programme to resolve becomes 0, by the units of the declared tables and profiles;
        how many figures that were."""
        found = 0
        for name, parts in self._parts.items():
            for column in (column for column in tables.get(name, ()) if column.metadata["unit"] in DUSTY):
                for part in (part for part in parts if column.name in part):
                    dust = part[column.name].abs().between(0, LIMITS[column.metadata["unit"]][0], inclusive="neither")
                    part.loc[dust, column.name] = 0.0
                    found += int(dust.sum())
        for name, columns in self._profiles.items():
            least = LIMITS[KINDS[name].unit][0] if KINDS[name].unit in DUSTY else 0.0
            for one in [one for one, values in columns.items() if 0 < np.abs(values).max(initial=0.0) < least]:
                columns[one] = np.zeros_like(columns[one])
                found += 1
        return found

    def table(self, name: str) -> pd.DataFrame:
        parts = self._parts[name]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[IDENTIFIERS[name]])

    def write(self, folder: Path, scenario: dict, time: pd.DatetimeIndex) -> Path:
        """Write `inputs/*.csv`, `inputs/profiles/*.csv` and then `scenario.yaml`; the same files of an earlier time go, the scenario
        first: without it nobody takes what is there for a grid."""
        with writing(folder, "the grid", "what was written so far is not whole", "folder"):
            path = folder / "scenario.yaml"
            path.unlink(missing_ok=True)
            profiles = folder / "inputs" / "profiles"
            profiles.mkdir(parents=True, exist_ok=True)
            for name in TABLES:
                file, table = folder / "inputs" / f"{name}.csv", self.table(name)
                file.unlink(missing_ok=True)
                if len(table) or name in ("generators", "loads"):
                    write_table(_complete(name, table), file)
            for name, columns in self._profiles.items():
                file = profiles / f"{name}.csv"
                file.unlink(missing_ok=True)
                if columns:
                    named = {as_cell(one): values for one, values in columns.items()}
                    pd.DataFrame(named, time.rename("time")).to_csv(file, date_format="%Y-%m-%dT%H:%M:%S")
            fresh = path.with_name(f".{path.name}.unfinished")
            fresh.write_text(to_yaml(scenario), encoding="utf-8")
            os.replace(fresh, path)
        return path


def _complete(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table that may be empty with the columns that it must have."""
    needed = {"generators": ["zone", "technology", "capacity_mw"], "loads": ["zone"]}.get(name, [])
    return table.reindex(columns=[*table.columns, *(column for column in needed if column not in table)])
