"""Checks of complete tables; also the words in which modules state checks of their own.

A module that declares TABLES may offer `CHECKS`: functions that get all tables, complete, by name, and return Problems.
Of each table the index is the row in the file, and `attrs["file"]` the file's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pandera.pandas as pa

from grid_model.case.tables import Tables, schema_of
from grid_model.errors import Problem, did_you_mean, printable

MOST_COMPARED, MOST_HINTS = 5000, 50  # names among which the nearest is looked for, and for how many it is
DTYPES = {"number": "float64", "date": "datetime64[us]", "flag": "bool"}  # of a complete column, by its kind; else text
HOLDS = {  # pandera's checks of declared columns, by name
    "greater_than_or_equal_to": lambda values, min_value: values >= min_value,
    "greater_than": lambda values, min_value: values > min_value,
    "less_than_or_equal_to": lambda values, max_value: values <= max_value,
    "isin": lambda values, allowed_values: np.isin(values, list(allowed_values)),
    "str_length": lambda values, min_value, **_: values != "",
}
Frames = Mapping[str, pd.DataFrame]


def problems_where(
    table: pd.DataFrame, wrong: Sequence[bool] | np.ndarray | pd.Series, column: str, allowed: str
) -> list[Problem]:
    """A Problem for each row of `table` where `wrong` holds, naming the value in `column`."""
    wrong = np.asarray(wrong, dtype=bool)
    if not wrong.any():
        return []
    rows = table.loc[wrong]
    return [problem_in(table, row, column, value, allowed) for row, value in rows[column].items()]


def problem_in(table: pd.DataFrame, row: int, column: str, value: object, allowed: str) -> Problem:
    """A Problem in a table; rows that are in no file of the user (negative) are not named."""
    plain = "" if pd.isna(value) else f"{value:.12g}" if isinstance(value, float) else str(value)
    return Problem(table.attrs.get("file", ""), max(int(row), 0), column, printable(plain), allowed)


def different(table: pd.DataFrame, first: str, second: str) -> list[Problem]:
    """Rows in which two columns name the same thing, such as a line from a zone to itself."""
    return problems_where(table, table[first] == table[second], second, f"a name other than that in column {first}")


def unique_together(table: pd.DataFrame, columns: Sequence[str]) -> list[Problem]:
    """Rows that repeat the values of an earlier row in all of `columns`."""
    repeated = table.duplicated(list(columns))
    return problems_where(table, repeated, columns[-1], f"each combination of {', '.join(columns)} once")


def acyclic(table: pd.DataFrame, first: str, second: str) -> list[Problem]:
    """Rows that are part of a circle of links from `first` to `second`, such as a cascade back to its own top."""
    rest = table
    while True:
        inner = rest[rest[first].isin(rest[second]) & rest[second].isin(rest[first])]
        if len(inner) == len(rest):
            break
        rest = inner
    return problems_where(
        rest, np.ones(len(rest), dtype=bool), second, f"links from {first} to {second} that form no circle"
    )


def kinds_of(frames: Frames, table: pd.DataFrame) -> pd.Series:
    """The kind of the technology of each row; missing where there is no such technology."""
    technologies = frames["technologies"]
    kinds = pd.Series(technologies["kind"].array, technologies["technology"].array)
    return table["technology"].map(kinds[~kinds.index.duplicated()])


def schema_problems(tables: Tables, name: str, frame: pd.DataFrame) -> list[Problem]:
    """What pandera finds wrong in one complete table; columns that its file lacks are reported once, elsewhere."""
    if frame.empty:
        return []
    bare = frame.copy(deep=False)
    bare.attrs = {}  # pandas would copy them with every column
    judged = [column for column in tables[name] if not is_right(bare[column.name], column)]
    if not judged:
        return []
    try:
        schema_of({name: judged}, name).validate(bare[[column.name for column in judged]], lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    columns = {column.name: column for column in tables[name]}
    broken = cases[cases["index"].isna()]
    if len(broken):
        raise TypeError(f"table {name} was not completed as declared: {broken[['column', 'check']].to_dict('records')}")
    found = {
        (int(row), column): value
        for row, column, value in zip(cases["index"], cases["column"], cases["failure_case"], strict=True)
    }
    return [
        problem_in(frame, row, column, value, columns[column].metadata["allowed"])
        for (row, column), value in found.items()
        if column not in frame.attrs.get("missing", ())
    ]


def is_right(values: pd.Series, column: pa.Column) -> bool:
    """Whether a column plainly holds what its declaration allows, as nearly all do. What does not, or is checked for anything else, is
    for pandera to judge, which takes a second to load and a millisecond for each column."""
    if values.dtype != DTYPES.get(column.metadata["kind"], "str"):
        return False
    values = values.to_numpy()
    missing = pd.isna(values)
    if missing.any() and not column.nullable:
        return False
    given = values[~missing]
    if column.unique and len(set(given)) < len(given):
        return False
    return all(check.name in HOLDS and np.all(HOLDS[check.name](given, **check.statistics)) for check in column.checks)


def reference_problems(tables: Tables, frames: Frames) -> list[Problem]:
    """Names that no row of the table they refer to has."""
    problems: list[Problem] = []
    for name, frame in frames.items():
        for column in tables[name]:
            target = column.metadata["references"]
            if (
                len(frame)
                and target in frames
                and _is_judged(target, frames[target])
                and column.name not in frame.attrs.get("missing", ())
            ):
                names = frames[target][tables[target][0].name]
                problems += _unknown_names(frame, column, names[names != ""])
    return problems


def _is_judged(name: str, target: pd.DataFrame) -> bool:
    """Whether its names are all known: not of a table that could not be read whole, nor where there is no zone at
    all."""
    return not target.attrs.get("unusable") and not (name == "zones" and target.empty)


def _unknown_names(frame: pd.DataFrame, column: pa.Column, names: pd.Series) -> list[Problem]:
    """Names in a column that are not among `names`, each with those it may be meant for."""
    values = frame[column.name]
    unknown = values[~values.isin(names if column.metadata["required"] else [*names, ""])]
    hints = {value: _known(value, names) for value in unknown.unique()[:MOST_HINTS]}
    return [
        problem_in(frame, row, column.name, value, column.metadata["allowed"] + hints.get(value, ""))
        for row, value in unknown.items()
    ]


def _known(value: str, names: pd.Series) -> str:
    """The names themselves where they are few, else the one that is nearest, else again all that can be read."""
    hint = "" if len(names) <= 8 else did_you_mean(value, names[:MOST_COMPARED])
    return hint or (f" ({', '.join(map(printable, names))})" if 0 < len(names) <= 40 else "")


def check_core(frames: Frames) -> list[Problem]:
    """What the core tables must fulfil together: kinds of technology, days of heating, months once per zone."""
    kind = kinds_of(frames, frames["generators"])
    problems = problems_where(
        frames["generators"],
        kind == "storage",
        "technology",
        "a technology of kind thermal, renewable or hydro (storage stands in table storage)",
    )
    if "storage" in frames:
        kind = kinds_of(frames, frames["storage"])
        problems += problems_where(
            frames["storage"],
            kind.notna() & (kind != "storage"),
            "technology",
            "a technology of kind storage (generators stand in table generators)",
        )
    if frames["zones"].empty and not frames["zones"].attrs.get("unusable"):
        problems.append(Problem(frames["zones"].attrs.get("file", ""), 0, "zone", "", "at least one row"))
    for column in ("heating_start", "heating_end"):
        days = frames["zones"][column]
        real = pd.to_datetime("2024-" + days, format="%Y-%m-%d", errors="coerce").notna()
        problems += problems_where(
            frames["zones"], (days != "") & ~real, column, "a day as month-day, such as 11-15, or empty"
        )
    one_only = (frames["zones"]["heating_start"] == "") != (frames["zones"]["heating_end"] == "")
    problems += problems_where(
        frames["zones"], one_only, "heating_start", "both heating_start and heating_end, or neither"
    )
    for name, key in (
        ("hydro_monthly", ["zone"]),
        ("inflow_monthly", ["reservoir"]),
        ("in_service", ["zone", "technology", "year"]),
    ):
        monthly = frames[name]
        if monthly.empty:
            continue
        problems += problems_where(monthly, monthly["month"] % 1 != 0, "month", "a whole number from 1 to 12")
        problems += unique_together(monthly, [*key, "month"])
    return problems
