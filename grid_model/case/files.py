"""Files of a data set: nothing outside its folder is opened, every file read is hashed, text becomes rows of cells."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from grid_model.encoding import decode, of_cell
from grid_model.errors import Problem, printable, shown

LARGEST_FILE = 2**31
CSV = "CSV: one header row, cells parted by commas"
OTHER_KINDS = frozenset(
    ".xlsx .xls .xlsm .xlsb .ods .tsv .txt .json .parquet .feather .arrow .nc .nc4 .h5 .hdf5 .npz .mat .pkl .pickle "  # noqa: SIM905
    ".zip .gz .tgz .bz2 .xz .zst .7z .rar .tar .csv".split()
)
OTHER_SEPARATORS = (";", "\t", "\N{FULLWIDTH COMMA}")
BYTES_AT_ONCE = 2**22


class Folder:
    """A folder of inputs: `read` gives the bytes of a file inside it, and notes problems and SHA-256 sums."""

    def __init__(self, path: Path):
        self.path = path
        self.problems: list[Problem] = []
        self.sources: dict[str, str] = {}

    def names(self) -> list[str]:
        """What lies in the folder, in order; nothing where there is no folder, or none that can be read."""
        try:
            return sorted(os.listdir(self.path)) if os.path.isdir(self.path) else []
        except OSError as error:
            return self._refuse("", error.strerror or "", "a folder that can be read") or []

    def shown(self, name: str) -> str:
        return shown(self.path / name)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file (unpacked where it ends in .gz), or None with a problem noted."""
        path = self.path / name
        try:
            path.resolve()
        except RuntimeError:
            return self._refuse(name, "a link to itself", "a file")
        if not path.resolve().is_relative_to(self.path.resolve()):
            return self._refuse(name, str(path.resolve()), f"a file inside the folder {shown(self.path)}")
        try:
            if not path.is_file():
                return self._refuse(name, "a folder" if path.is_dir() else "", "a file")
            if path.stat().st_size > LARGEST_FILE:
                return self._refuse(name, f"{path.stat().st_size} bytes", f"at most {LARGEST_FILE} bytes")
            content = path.read_bytes()
            self.sources[self.shown(name)] = hashlib.sha256(content).hexdigest()
            return _unpack(content) if name.endswith(".gz") else content
        except (EOFError, gzip.BadGzipFile, zlib.error):
            return self._refuse(name, "", "a file packed with gzip, whole and undamaged")
        except ValueError as error:
            return self._refuse(name, "", str(error))
        except OSError as error:
            return self._refuse(name, error.strerror or "", "a file that can be read")

    def text(self, name: str) -> str | None:
        """The text of a file, a byte order mark removed, or None with a problem noted."""
        content = self.read(name)
        if content is None:
            return None
        text, fault = decode(content)
        return text if fault is None else self._refuse(name, *fault)

    def _refuse(self, name: str, value: str, allowed: str, row: int = 0) -> None:
        self.problems.append(Problem(self.shown(name), row, "", printable(value), allowed))


def other_separator(header: Sequence[str]) -> str | None:
    """What parts the cells of a header that is but one cell to a reader of commas."""
    return next((sign for sign in OTHER_SEPARATORS if len(header) == 1 and sign in header[0]), None)


def parted_by(sign: str) -> tuple[str, str]:
    """What is found and what is allowed where another sign than the comma parts the cells."""
    return f"cells parted by {'tabs' if sign == chr(9) else sign}", CSV


def files_of_other_kinds(folder: Folder, files: Iterable[str], names: Iterable[str], allowed: str) -> list[Problem]:
    """Files that people take for one of `names`, such as loads.xlsx or loads.csv.gz, and that nobody would read."""
    known = {name.lower() for name in names}
    return [
        Problem(folder.shown(file), 0, "", printable(file), allowed.format(_without_endings(file.lower())))
        for file in files
        if Path(file).suffix.lower() in OTHER_KINDS and file.partition(".")[0].lower() in known
    ]


def _without_endings(file: str) -> str:
    while (path := Path(file)).suffix.lower() in OTHER_KINDS:
        file = path.stem
    return file


def _unpack(content: bytes) -> bytes:
    unpacked = bytearray()
    with gzip.open(io.BytesIO(content)) as stream:
        while part := stream.read(BYTES_AT_ONCE):
            unpacked += part
            if len(unpacked) > LARGEST_FILE:
                raise ValueError(f"a file of at most {LARGEST_FILE} bytes when unpacked")
    return bytes(unpacked)


def read_cells(folder: Folder, name: str) -> pd.DataFrame | None:
    """The cells of a CSV file as text, stripped; the index is the row in the file (the header is row 1).

    None where the file cannot be read as a table; rows of the wrong length (then `attrs["partial"]`) and empty rows are
    left out. What is wrong is among the folder's problems.
    """
    text = folder.text(name)
    if text is None:
        return None
    records, reader = [], csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        records.extend(reader)
    except csv.Error as error:
        return folder._refuse(name, str(error), CSV, len(records) + 1)
    header = [cell.strip() for cell in records[0]] if records else []
    if not any(header):
        return folder._refuse(name, "nothing in the first row", CSV, 1)
    if sign := other_separator(header):
        return folder._refuse(name, *parted_by(sign), 1)
    file, width = folder.shown(name), len(header)
    rows = [(number, record) for number, record in enumerate(records[1:], start=2) if any(map(str.strip, record))]
    folder.problems += [
        Problem(file, number, "", f"{len(record)} cells", f"{width} cells, as in the header")
        for number, record in rows
        if len(record) != width
    ]
    whole = {number: [of_cell(cell.strip()) for cell in record] for number, record in rows if len(record) == width}
    cells = pd.DataFrame(list(whole.values()), index=list(whole), columns=header, dtype=str)
    cells = _named_columns(folder, file, cells)
    cells.attrs["partial"] = len(whole) < len(rows)
    return cells


def _named_columns(folder: Folder, file: str, cells: pd.DataFrame) -> pd.DataFrame:
    """The columns that have a name, each name once; empty columns without a name are what spreadsheets leave behind."""
    if cells.columns.is_unique and "" not in cells.columns:
        return cells
    duplicated = cells.columns[cells.columns.duplicated() & (cells.columns != "")]
    folder.problems += [Problem(file, 1, name, name, "each column once") for name in sorted(set(duplicated))]
    for position in (cells.columns == "").nonzero()[0]:
        filled = cells.iloc[:, position] != ""
        if filled.any():
            value = printable(cells.iloc[:, position][filled].iloc[0])
            folder.problems.append(
                Problem(file, int(filled.idxmax()), f"number {position + 1}", value, "a column with a name")
            )
    return cells.loc[:, ~cells.columns.duplicated() & (cells.columns != "")]
