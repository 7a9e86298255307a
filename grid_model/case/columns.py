"""From cells to a complete table: every column typed, every empty cell filled with what its declaration says."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa

from grid_model.case.tables import FREE_COLUMNS, FREE_NUMBERS, number, text
from grid_model.errors import Problem, did_you_mean, printable

NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")
FLAGS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def columns_of_file(header: Sequence[str], declared: Sequence[pa.Column]) -> list[pa.Column]:
    """The declared columns and, of those that the header names, the free ones."""
    known = {column.name for column in declared}
    free = [name for name in header if name not in known and is_free(name)]
    return [*declared, *(_free_column(name) for name in free)]


def is_free(name: str) -> bool:
    """Whether a column may stand in any table without being declared."""
    return name in FREE_COLUMNS or name.endswith(FREE_NUMBERS)


def _free_column(name: str) -> pa.Column:
    if name in FREE_COLUMNS:
        return text(name, "free text")
    return number(name, "MW", "capacity at the end of 2025, for share_by", minimum=0)


def header_problems(
    file: str, header: Sequence[str], declared: Sequence[pa.Column], needed: Sequence[str]
) -> list[Problem]:
    """Columns that are needed and missing, and columns that nobody knows."""
    known = [column.name for column in declared]
    missing = [Problem(file, 1, name, "", "this column: it is required") for name in needed if name not in header]
    return missing + [
        Problem(file, 1, name, printable(name), "one of the columns " + ", ".join(known) + did_you_mean(name, known))
        for name in header
        if name not in known and not is_free(name)
    ]


def parse_cells(file: str, cells: pd.DataFrame, columns: Sequence[pa.Column]) -> tuple[pd.DataFrame, list[Problem]]:
    """The typed table (empty cells and absent columns are NaN, NaT, NA or "") and what could not be read."""
    problems: list[Problem] = []
    typed, absent = {}, {}
    for column in columns:
        kind = column.metadata["kind"]
        if column.name not in cells:
            if kind not in absent:
                absent[kind] = empty_column(kind, cells.index)
            typed[column.name] = absent[kind]
            continue
        written = cells[column.name]
        typed[column.name], readable = _PARSERS[kind](written)
        wrong = written[~(readable | is_empty(written))]
        problems += [
            Problem(file, int(row), column.name, printable(value), column.metadata["allowed"] + _how_written(value))
            for row, value in wrong.items()
        ]
    return pd.DataFrame(typed, index=cells.index), problems


def _how_written(value: str) -> str:
    return "" if value.isprintable() else ", on one line and without signs that cannot be printed"


def empty_column(kind: str, index: pd.Index) -> pd.Series:
    """A column without a single value."""
    value, dtype = _EMPTY.get(kind, ("", str))
    return pd.Series(value, index=index, dtype=dtype)


_EMPTY = {"number": (np.nan, float), "date": (pd.NaT, "datetime64[us]"), "flag": (pd.NA, "boolean")}


def _parse_numbers(written: pd.Series) -> tuple[pd.Series, np.ndarray]:
    values = np.array([float(cell) if NUMBER.fullmatch(cell) else np.nan for cell in written.tolist()], float)
    finite = np.isfinite(values)
    return pd.Series(np.where(finite, values, np.nan), written.index), finite


def _parse_dates(written: pd.Series) -> tuple[pd.Series, np.ndarray]:
    whole = written.where(written.str.fullmatch(DATE), "")
    length = whole.str.len()
    whole = whole.where(length != 4, whole + "-01").where(
        length == 10, lambda short: short.where(length == 0, short.str[:7] + "-01")
    )
    values = pd.to_datetime(whole.where(length > 0), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    return values, values.notna().to_numpy()


def _parse_flags(written: pd.Series) -> tuple[pd.Series, np.ndarray]:
    values = written.str.lower().map(FLAGS).astype("boolean")
    return values, values.notna().to_numpy()


def _parse_text(written: pd.Series) -> tuple[pd.Series, np.ndarray]:
    return written, np.array([*map(str.isprintable, written.tolist())], bool)


_PARSERS = {
    "number": _parse_numbers,
    "date": _parse_dates,
    "flag": _parse_flags,
    "text": _parse_text,
    "choice": _parse_text,
    "identifier": _parse_text,
    "reference": _parse_text,
}


def complete(frame: pd.DataFrame, columns: Sequence[pa.Column], technologies: pd.DataFrame) -> pd.DataFrame:
    """The table with empty cells filled: by the row's technology where so declared, then by the column's default."""
    if frame.empty:
        return empty_table(columns)
    given = [column.name for column in columns if column.metadata["by_technology"] and column.name in technologies]
    given = given if "technology" in frame else []
    if given:
        of_technology = technologies.drop_duplicates("technology").set_index("technology")[given].reindex(frame["technology"])
    filled = {}
    for column in columns:
        values = frame[column.name]
        if column.name in given:
            values = fill(values, of_technology[column.name])
        if column.metadata["default"] not in (None, ""):
            values = fill(values, column.metadata["default"])
        filled[column.name] = values.astype(bool) if str(column.dtype) == "bool" and not values.hasnans else values
    return pd.DataFrame(filled, index=frame.index)


def fill(values: pd.Series, others: object) -> pd.Series:
    """`values` with empty cells taken from `others`: one value, or as many, of the same kind."""
    empty = is_empty(values)
    if not empty.any():
        return values
    others = others.to_numpy() if isinstance(others, pd.Series) else others
    if values.dtype == float:
        return pd.Series(np.where(empty, others, values.to_numpy()).astype(float), values.index)
    cells = np.where(empty, others, values.to_numpy(object))
    if values.dtype == "str":
        cells[pd.isna(cells)] = ""
    return pd.Series(cells, values.index, dtype=values.dtype)


def is_empty(values: pd.Series) -> np.ndarray:
    """Which cells are empty: missing, or text of no length."""
    cells = values.to_numpy()
    missing = pd.isna(cells)
    return missing | (cells == "") if values.dtype == "str" else missing


def empty_table(columns: Sequence[pa.Column]) -> pd.DataFrame:
    """A complete table of no rows."""
    return _empty_of_kinds(tuple((column.name, column.metadata["kind"], column.nullable) for column in columns)).copy(deep=False)


@functools.cache
def _empty_of_kinds(kinds: tuple[tuple[str, str, bool], ...]) -> pd.DataFrame:
    columns = {name: empty_column(kind, pd.RangeIndex(0)) for name, kind, _ in kinds}
    return pd.DataFrame(columns).astype({name: bool for name, kind, nullable in kinds if kind == "flag" and not nullable})
