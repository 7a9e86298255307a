"""Fixtures of pytest for your own tests: small grids in a folder of their own, solved in well under a second.

In `conftest.py`:

    pytest_plugins = ["grid_model.testing"]

and in a test:

    def test_more_wind_costs_less(small_grid):
        cost = small_grid.solve().summary["objective_cny"]
        small_grid.scenario_text("extends: scenario.yaml\\nchanges: [...]", "more_wind.yaml")
        assert small_grid.solve("more_wind.yaml").summary["objective_cny"] < cost

fixture      what it gives
empty_grid   a folder without any table, to write a grid from nothing: `table` and `hourly` write into its folder inputs, so
             a scenario says `inputs: inputs`
small_grid   the two zones of `grid-model new`: wind and sun in the west, coal and gas in the east, a line, a battery
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from grid_model.commands.new import SCENARIO, copy_starter
from grid_model.pipeline import load_case, solve
from grid_model.results.results import Results


class GridFolder:
    """A data set in a folder: `inputs/*.csv`, `inputs/profiles/*` and scenario files beside them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.inputs = folder / "inputs"
        self.profiles = self.inputs / "profiles"
        self.scenario = folder / SCENARIO
        self.profiles.mkdir(parents=True, exist_ok=True)

    def table(self, name: str, text: str) -> Path:
        """Write a table as it would be written by hand."""
        return self._write(self.inputs / f"{name}.csv", text)

    def profile(self, name: str, text: str) -> Path:
        """Write a profile as CSV by hand."""
        return self._write(self.profiles / f"{name}.csv", text)

    def hourly(self, name: str, columns: dict, start: str = "2027-01-01", freq: str = "h", ending: str = "csv") -> Path:
        """Write a profile from columns of values, from `start` on."""
        length = max(len(values) for values in columns.values())
        frame = pd.DataFrame(columns, index=pd.date_range(start, periods=length, freq=freq, name="time"))
        path = self.profiles / f"{name}.{ending}"
        if ending == "parquet":
            frame.reset_index().to_parquet(path, index=False)
        else:
            frame.to_csv(path, date_format="%Y-%m-%dT%H:%M:%S")
        return path

    def scenario_text(self, text: str, name: str = SCENARIO) -> Path:
        """Write a scenario."""
        return self._write(self.folder / name, text)

    def solve(self, scenario: str = SCENARIO, *overrides: str) -> Results:
        """The audited optimum of a scenario of the folder, settings such as "horizon.hours=6" last; writes nothing."""
        return solve(load_case(self.folder / scenario, overrides=overrides))

    @staticmethod
    def _write(path: Path, text: str) -> Path:
        lines = text.strip("\n").split("\n")
        lines = [line.strip() for line in lines] if path.suffix == ".csv" else lines
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


@pytest.fixture
def empty_grid(tmp_path: Path) -> GridFolder:
    """A folder without any table."""
    return GridFolder(tmp_path)


@pytest.fixture
def small_grid(tmp_path: Path) -> GridFolder:
    """The two zones of `grid-model new`."""
    copy_starter(tmp_path / "grid")
    return GridFolder(tmp_path / "grid")
