"""A profile: values of some columns over the times of one file, and how it is laid on the steps of a horizon."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from grid_model.errors import Problem

MOMENT = "a moment such as 2027-01-01T05:00 in the years 1900 to 2200, Beijing time, without a time zone"
SHAPE = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.0+)?)?)?"
Fault = tuple[int, str, str]  # row in the file, what was found, what is allowed


@dataclass
class Profile:
    """Columns of one file over its times; `rows` are the rows in the file."""

    file: str
    time: pd.DatetimeIndex
    values: dict[str, np.ndarray]
    rows: np.ndarray
    year_means: dict[tuple[str, int], float] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        return list(self.values)

    @property
    def spacing_hours(self) -> float | None:
        """Time between two rows [h]; None where there is only one."""
        return float((self.time[1] - self.time[0]) / pd.Timedelta(hours=1)) if len(self.time) > 1 else None

    def year_mean(self, column: str, year: int) -> float:
        """Mean of the values of a calendar year, as far as they are in the file."""
        if (column, year) not in self.year_means:
            of_year = self.values[column][self.time.year == year]
            self.year_means[column, year] = float(of_year.mean()) if len(of_year) else np.nan
        return self.year_means[column, year]

    def rows_of(self, time: pd.DatetimeIndex, step_hours: np.ndarray) -> tuple[tuple[np.ndarray, int], Problem | None]:
        """For each step the position of its first row, and how many rows make a step; or what stands against it."""
        if (step_hours != step_hours[0]).any() or abs(step_hours[0] * 3600 - round(step_hours[0] * 3600)) > 1e-6:
            return self._rows_at(time)
        step_hours = float(step_hours[0])
        spacing = self.spacing_hours or step_hours
        many = step_hours / spacing
        nothing = (np.empty(0, dtype=int), 0)
        if many < 1 and spacing != 1:
            return nothing, Problem(
                self.file, 0, "time", f"steps of {spacing:g} h", f"steps of at most {step_hours:g} h, as the horizon's"
            )
        if abs(many - round(many)) > 1e-9 and abs(1 / many - round(1 / many)) > 1e-9:
            return nothing, Problem(
                self.file,
                0,
                "time",
                f"steps of {spacing:g} h",
                f"steps that divide those of the horizon ({step_hours:g} h)",
            )
        wanted = time if many >= 1 else self.time[0] + (time - self.time[0]).floor(pd.Timedelta(hours=spacing))
        first = self.time.get_indexer(wanted)
        many = max(1, round(many))
        if (first < 0).any() or first[-1] + many > len(self.time):
            last = time[-1] + pd.Timedelta(hours=step_hours)
            until = self.time[-1] + pd.Timedelta(hours=spacing)
            return nothing, Problem(
                self.file,
                int(self.rows[-1]),
                "time",
                f"{self.time[0]} to {until}",
                f"a profile that covers the horizon, {time[0]} to {last}, from its first moment on",
            )
        return (first, many), None

    def _rows_at(self, time: pd.DatetimeIndex) -> tuple[tuple[np.ndarray, int], Problem | None]:
        """A row for each of steps that differ in length, or are not of whole seconds."""
        rows = self.time.get_indexer(time)
        if (rows >= 0).all():
            return (rows, 1), None
        absent = time[rows < 0][0]
        return (rows, 1), Problem(self.file, 0, "time", "", f"a row at {absent}, where a step begins")

    def over(self, column: str, rows: tuple[np.ndarray, int]) -> np.ndarray:
        """Means over the rows of each step."""
        first, many = rows
        if many == 1:
            return self.values[column][first]
        return self.values[column][first[:, np.newaxis] + np.arange(many)].mean(axis=1)


def read_times(
    moments: pd.Series, rows: np.ndarray, monthly: bool, even: bool = True
) -> tuple[pd.DatetimeIndex | None, Fault | None]:
    """The times of a file, if they are in order and, unless they need not be `even`, evenly spaced (monthly: first days
    of months), or a fault."""
    if len(moments) == 0:
        return None, (0, "", "at least one row")
    time, fault = _moments(moments, rows)
    if fault is None:
        fault = _late_in_month(time, rows) if monthly else None
        fault = fault or _uneven(time, rows, monthly or not even)
    return (None, fault) if fault else (time, None)


def _moments(moments: pd.Series, rows: np.ndarray) -> tuple[pd.DatetimeIndex | None, Fault | None]:
    """What stands in the column of time, as moments without a time zone."""
    if isinstance(moments.dtype, pd.DatetimeTZDtype):
        return None, (0, str(moments.dtype), MOMENT)
    if pd.api.types.is_numeric_dtype(moments.dtype):
        return None, (int(rows[0]), str(moments.iloc[0]), MOMENT)
    if pd.api.types.is_datetime64_any_dtype(moments.dtype):
        text, time = moments.astype(str).where(moments.notna(), ""), moments
    else:
        text = moments.astype(str).str.strip()
        time = pd.to_datetime(text.where(text.str.fullmatch(SHAPE)), format="ISO8601", errors="coerce")
    wrong = np.flatnonzero(time.isna() | ~time.dt.year.between(1900, 2200))
    if len(wrong):
        return None, (int(rows[wrong[0]]), text.iloc[wrong[0]], MOMENT)
    return pd.DatetimeIndex(time).as_unit("ns"), None


def _late_in_month(time: pd.DatetimeIndex, rows: np.ndarray) -> Fault | None:
    late = np.flatnonzero((time != time.normalize()) | (time.day != 1))
    return (int(rows[late[0]]), str(time[late[0]]), "the first day of a month") if len(late) else None


def _uneven(time: pd.DatetimeIndex, rows: np.ndarray, any_spacing: bool) -> Fault | None:
    """The first time that comes too early or too late after the one before, measured by the spacing of most rows."""
    steps = np.diff(time.to_numpy()).astype("timedelta64[s]").astype(int)
    if len(steps) == 0:
        return None
    spacings, counts = np.unique(steps, return_counts=True)
    spacing = spacings[counts.argmax()]
    wrong = np.flatnonzero((steps <= 0) if any_spacing else (steps != spacing) | (steps <= 0))
    if len(wrong) == 0:
        return None
    place = wrong[0]
    if steps[place] == 0:
        allowed = "a moment once (this one is a duplicate)"
    elif steps[place] < 0:
        allowed = "moments in order"
    else:
        expected = time[place] + pd.Timedelta(seconds=int(spacing))
        allowed = f"{expected}: " + ("moments in order" if expected in time else "there is a gap")
    return int(rows[place + 1]), str(time[place + 1]), allowed
