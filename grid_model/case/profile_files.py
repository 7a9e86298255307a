"""Files of profiles: `<name>.parquet`, `<name>.csv` or `<name>.csv.gz`, first column `time`, one column per id or zone.

Only the columns that are asked for are read. Values must be finite and within the limits of their kind, times must be
in order, evenly spaced, without a gap and without a time zone.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from grid_model.case.files import Folder, files_of_other_kinds, other_separator, parted_by
from grid_model.case.profile import Profile, read_times
from grid_model.encoding import decode, of_cell
from grid_model.errors import Problem, did_you_mean, printable
from grid_model.scenario import Scenario

ENDINGS = (".parquet", ".csv", ".csv.gz")
MOST_PROBLEMS = 10  # of one kind in one column: the rest would say the same


def first_uneven_row(content: bytes) -> tuple[int, int, int]:
    """The first row of a CSV that has not as many cells as the header, and both numbers of cells; row 0: there is
    none."""
    if b'"' in content:
        widths = np.array([len(record) for record in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))])
    else:
        signs = np.frombuffer(content.rstrip(b"\r\n"), dtype=np.uint8)
        ends = np.append(np.flatnonzero(signs == ord("\n")), len(signs))
        widths = np.diff(np.searchsorted(np.flatnonzero(signs == ord(",")), ends), prepend=0) + 1
    uneven = np.flatnonzero(widths != widths[0])
    row = int(uneven[0]) if len(uneven) else -1
    return row + 1, int(widths[row]), int(widths[0])


class ProfileFolder:
    """The profiles of a scenario: files of a folder, or made from facts when they are asked for."""

    def __init__(self, folder: Folder):
        self.folder = folder
        self._problems: list[Problem] = []
        self._files: dict[str, str] = {}
        self._headers: dict[str, list[str]] = {}
        self._contents: dict[str, bytes] = {}
        self._refused = False
        self.even = True  # whether times must be evenly spaced
        for entry in folder.names():
            ending = next((ending for ending in reversed(ENDINGS) if entry.endswith(ending)), None)
            if ending is None:
                continue
            name = entry.removesuffix(ending)
            if name in self._files:
                self._problems.append(
                    Problem(folder.shown(entry), 0, "", entry, f"one file of this name, not {self._files[name]} too")
                )
            self._files.setdefault(name, entry)

    @classmethod
    def of(cls, scenario: Scenario) -> ProfileFolder:
        """The folder that the scenario names, else `profiles` among its inputs."""
        profiles = cls(Folder(scenario.profiles or scenario.inputs / "profiles"))
        profiles.even = scenario.horizon.even
        if scenario.profiles is not None and not os.path.isdir(scenario.profiles):
            profiles._refuse_folder(
                *scenario.place("profiles"), "profiles", str(scenario.profiles), "a folder of profiles"
            )
        path = profiles.folder.path.resolve()
        if scenario.profiles is None and not path.is_relative_to(scenario.inputs.resolve()):
            profiles._refuse_folder(profiles.folder.shown(""), 0, "", str(path), "a folder inside the data set's")
        return profiles

    def _refuse_folder(self, file: str, row: int, column: str, value: str, allowed: str) -> None:
        self._problems, self._files, self._refused = [Problem(file, row, column, value, allowed)], {}, True

    @property
    def problems(self) -> list[Problem]:
        return self._problems + self.folder.problems

    def has(self, name: str) -> bool:
        return name in self._files

    def shown(self, name: str) -> str:
        """The file of a profile, or where it would be."""
        return self.folder.shown(self._files.get(name, f"{name}.csv"))

    def unread(self, *names: str) -> bool:
        """Whether one of these files is there and could not be read, so that nothing can be said about its columns."""
        return (
            self._refused
            or bool(self.folder.problems and not self._files)
            or any(name in self._files and not self.header(name) for name in names)
        )

    def check_names(self, kinds: Iterable[str]) -> None:
        """Files whose name begins with no known kind of profile."""
        known = list(kinds)
        self._problems += [
            Problem(
                self.shown(name), 0, "", printable(name), "a profile of " + ", ".join(known) + did_you_mean(name, known)
            )
            for name in self._files
            if name.partition(".")[0] not in known
        ] + files_of_other_kinds(
            self.folder,
            [name for name in self.folder.names() if not name.endswith(ENDINGS)],
            known,
            "the profile as {0}.csv or {0}.parquet",
        )

    def header(self, name: str) -> list[str]:
        """The columns of a profile but for `time`; none where there is no such file or it cannot be read."""
        if name not in self._headers:
            self._headers[name] = self._read_header(name) if name in self._files else []
        return self._headers[name]

    def _read_header(self, name: str) -> list[str]:
        content = self.folder.read(self._files[name])
        if content is None:
            return []
        self._contents[name] = content
        if self._files[name].endswith(".parquet"):
            try:
                columns = pq.read_schema(io.BytesIO(content)).names
            except (pa.ArrowException, OSError) as error:
                return self._refuse(name, 0, "", str(error), "a Parquet file")
            if "time" not in columns:
                return self._refuse(name, 0, "time", "", "this column: it is required")
        else:
            columns = self._csv_header(name, content)
            if sign := other_separator(columns):
                return self._refuse(name, 1, "", *parted_by(sign))
            if columns and columns[0] != "time":
                return self._refuse(name, 1, columns[0], columns[0], "time, as first column")
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            return self._refuse(name, 1, twice[0], twice[0], "each column once")
        return [column for column in columns if column != "time"]

    def _csv_header(self, name: str, content: bytes) -> list[str]:
        text, fault = decode(content)
        if fault:
            value, allowed, row = fault
            return self._refuse(name, row, "", value, allowed)
        try:
            header = pd.read_csv(io.StringIO(text), header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
            return [of_cell(name) for name in header.str.strip()]
        except (ValueError, pd.errors.ParserError):
            return self._refuse(name, 1, "", "no header", "CSV: a header row that begins with time")

    def _refuse(self, name: str, row: int, column: str, value: str, allowed: str) -> list:
        self._problems.append(Problem(self.shown(name), row, printable(column), printable(value), allowed))
        return []

    def read(self, name: str, columns: Sequence[str], kind, monthly: bool = False) -> Profile | None:
        """The columns of a profile, checked; None with problems noted where they are wrong."""
        before = len(self._problems)
        if self._files[name].endswith(".parquet"):
            moments, values = self._parquet(name, columns)
            rows = np.arange(len(moments)) + 1
        else:
            moments, values, rows = self._csv(name, columns, kind.allowed)
        if len(self._problems) > before:
            return None
        time, fault = read_times(moments, rows, monthly, self.even)
        if fault:
            row, value, allowed = fault
            self._refuse(name, row, "time", value, allowed)
        self._check_values(name, values, rows, kind)
        if len(self._problems) > before:
            return None
        return Profile(self.shown(name), time, values, rows)

    def _parquet(self, name: str, columns: Sequence[str]) -> tuple[pd.Series, dict[str, np.ndarray]]:
        try:
            table = pq.read_table(io.BytesIO(self._contents[name]), columns=["time", *columns])
            values = {column: table.column(column).cast(pa.float64()).to_numpy() for column in columns}
            return table.column("time").to_pandas(), values
        except (pa.ArrowException, OSError, ValueError) as error:
            self._refuse(name, 0, "", str(error), "columns of numbers and a column of time")
            return pd.Series(dtype=object), {}

    def _csv(
        self, name: str, columns: Sequence[str], allowed: str
    ) -> tuple[pd.Series, dict[str, np.ndarray], np.ndarray]:
        """Times as text, and numbers; only where a number cannot be read all is read as text, to say which."""
        content = self._contents[name]
        uneven, cells, wanted = first_uneven_row(content)
        if uneven:
            self._refuse(name, uneven, "", f"{cells} cells", f"{wanted} cells, as in the header")
            return pd.Series(dtype=object), {}, np.empty(0)
        options = {
            "header": 0,
            "names": ["time", *self._headers[name]],
            "usecols": ["time", *columns],
            "encoding": "utf-8-sig",
            "keep_default_na": False,
            "index_col": False,
        }
        try:
            frame = pd.read_csv(
                io.BytesIO(content),
                dtype={"time": str} | dict.fromkeys(columns, np.float64),
                na_values={column: [""] for column in columns},
                **options,
            )
        except ValueError:
            try:
                frame = pd.read_csv(io.BytesIO(content), dtype=str, **options)
            except pd.errors.ParserError:  # of one line, which no count of cells shows
                self._refuse(name, content.count(b"\n", 0, content.rfind(b'"')) + 1, "", '"', "CSV, every quotation mark closed in its row")
                return pd.Series(dtype=object), {}, np.empty(0)
        rows = np.arange(len(frame)) + 2
        values = {column: self._numbers(name, frame[column], rows, allowed) for column in columns}
        return frame["time"], values, rows

    def _numbers(self, name: str, written: pd.Series, rows: np.ndarray, allowed: str) -> np.ndarray:
        if written.dtype == np.float64:
            return written.to_numpy()
        numbers = pd.to_numeric(written, errors="coerce").to_numpy(float)
        wrong = np.flatnonzero(np.isnan(numbers))[:MOST_PROBLEMS]
        for position in wrong:
            self._refuse(name, int(rows[position]), written.name, written.iloc[position], allowed)
        return numbers

    def _check_values(self, name: str, values: dict[str, np.ndarray], rows: np.ndarray, kind) -> None:
        for column, numbers in values.items():
            wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < kind.minimum) | (numbers > kind.maximum))
            for position in wrong[:MOST_PROBLEMS]:
                found = "empty or NaN" if np.isnan(numbers[position]) else f"{numbers[position]:.12g}"
                self._refuse(name, int(rows[position]), column, found, kind.allowed)
