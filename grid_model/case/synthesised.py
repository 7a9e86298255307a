"""Profiles made from published facts, in the place of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from grid_model.case.files import Folder
from grid_model.case.profile import Profile
from grid_model.errors import Problem
from grid_model.scenario import Scenario


class SynthesisedProfileFolder:
    """What a ProfileFolder gives, made from the facts in `<inputs>/synthesis`: whole calendar years of the horizon."""

    def __init__(self, scenario: Scenario):
        from grid_model.case.profiles import synthesise  # solar geometry loads slowly; most cases read files

        self.folder = Folder(scenario.inputs / "synthesis")
        horizon, settings = scenario.horizon, scenario.profiles.synthesis
        last = horizon.start + pd.Timedelta(hours=horizon.length_hours) - pd.Timedelta(seconds=1)
        time = pd.date_range(
            f"{horizon.start.year}-01-01", f"{last.year + 1}-01-01", freq="h", inclusive="left", unit="ns"
        )
        self._profiles = synthesise(self.folder.path, time, seed=settings.seed, weather_year=settings.weather_year,
                                    yields_of=settings.yields_of)
        for name in self.folder.names():
            if name.endswith(".csv"):
                self.folder.read(name)

    @property
    def problems(self) -> list[Problem]:
        return self.folder.problems

    def has(self, name: str) -> bool:
        return name in self._profiles

    def shown(self, name: str) -> str:
        return f"synthesised {name}"

    def unread(self, *names: str) -> bool:
        return False

    def check_names(self, kinds: Iterable[str]) -> None:
        """Nothing to check: the names are not the user's."""

    def header(self, name: str) -> list[str]:
        return list(self._profiles[name].columns) if name in self._profiles else []

    def read(self, name: str, columns: Sequence[str], kind, monthly: bool = False) -> Profile:
        frame = self._profiles[name]
        values = {column: frame[column].to_numpy(float) for column in columns}
        return Profile(self.shown(name), pd.DatetimeIndex(frame.index).as_unit("ns"), values, np.arange(len(frame)) + 1)
