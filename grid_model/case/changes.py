"""Changes that a scenario makes to the input tables, in order, each on the rows that match its `where`.

operation   new value of the column in the rows it hits
set         the value
add         old + value
multiply    old x value
scale_to    old x value / sum of old, so that the column sums to value; with `share_by: other` only growth is shared:

    growth        = value - sum of old, which must not be negative
    addition_i    = max(0, other_i - old_i)                   where `other` is given
                  = old_i x sum of the given additions / sum of old where given     where `other` is empty
    new_i         = old_i + growth x addition_i / sum of additions

so that rows grow in proportion to what a second column (such as the capacity of a later year) says was added, and rows
of which that is not known grow at the average rate of those of which it is.

Defaults are filled before changes are made (a multiplied cost is the technology's cost multiplied); changes of
the table `technologies` come first of all, so that they reach the rows whose cells are empty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from grid_model.case.columns import parse_cells
from grid_model.case.tables import Tables
from grid_model.errors import Problem, did_you_mean, printable
from grid_model.scenario import Change, Scenario

NO_ROWS = pd.Index([])


def apply_changes(
    scenario: Scenario,
    frames: dict[str, pd.DataFrame],
    columns: Tables,
    only: str | None = None,
    without: str | None = None,
    faulty: Collection[tuple[str, str]] = (),
) -> tuple[list[Made], list[Problem]]:
    """Makes the scenario's changes in `frames` (replaced, not written into); what was made of them, and what is wrong with them.

    only, without  name of the one table to change, or of the one to leave
    faulty         tables and columns (none: the whole table) in which something is wrong already: what changes that see them
                   would say has to wait
    """
    made: list[Made] = []
    problems: list[Problem] = []
    for index, change in enumerate(scenario.changes):
        if (only is None or change.table == only) and change.table != without:
            hit, seen, found = _apply(scenario, f"changes.{index}", change, frames, columns)
            problems += [] if any((change.table, column) in faulty for column in ("", *seen)) else found
            made += [] if found else [Made(f"changes.{index}.{change.operation}", change.table, change.column, hit)]
    return made, problems


@dataclass(frozen=True)
class Made:
    """A change (its key) and the cells that it was made in."""

    key: str
    table: str
    column: str
    rows: pd.Index


def blamed(scenario: Scenario, problems: Iterable[Problem], made: Iterable[Made], files: Mapping[str, str]) -> list[Problem]:
    """What is wrong with cells that changes were made in is said of the last such change, once for all its rows: the file may hold
    other values.

    files  of the tables
    """
    last = {(files[one.table], row, one.column): one.key for one in made for row in one.rows.tolist()}
    kept: list[Problem] = []
    of_changes: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        key = last.get((problem.file, problem.row, problem.column))
        (kept if key is None else of_changes.setdefault((key, problem.allowed), [])).append(problem)
    for (key, allowed), (first, *others) in of_changes.items():
        where = f"column {first.column} in row {first.row} of {first.file}" + (f" and {len(others)} more rows" if others else "")
        kept.append(Problem(*scenario.place(key), key, first.value, f"{allowed}: what it makes of {where}"))
    return kept


def _apply(
    scenario: Scenario, key: str, change: Change, frames: dict[str, pd.DataFrame], columns: Tables
) -> tuple[pd.Index, Iterable[str], list[Problem]]:
    """Rows of the change, made in `frames`; or what is wrong with it, and the columns that say so."""

    def problem(inner: str, value: object, allowed: str) -> Problem:
        file, row = scenario.place(f"{key}.{inner}")
        return Problem(file, row, f"{key}.{inner}", printable(value), allowed)

    if change.table not in frames:
        return NO_ROWS, (), [
            problem(
                "table", change.table, "one of the tables " + ", ".join(frames) + did_you_mean(change.table, frames)
            )
        ]
    frame, known = frames[change.table], {column.name: column for column in columns[change.table]}
    named = {
        "column": change.column,
        **({"share_by": change.share_by} if change.share_by else {}),
        **{f"where.{name}": name for name in change.where},
    }
    unknown = [
        problem(inner, name, "one of the columns " + ", ".join(known) + did_you_mean(name, known))
        for inner, name in named.items()
        if name not in known
    ]
    if unknown:
        return NO_ROWS, (), unknown
    hit = pd.Series(True, index=frame.index)
    for name, wanted in change.where.items():
        hit &= matches(frame[name], known[name], wanted)
    if not hit.any():
        found = ", ".join(f"{name}: {wanted}" for name, wanted in change.where.items())
        return NO_ROWS, change.where, [
            problem(
                "where" if change.where else "table",
                found or change.table,
                f"a condition that at least one row of {change.table} fulfils",
            )
        ]
    values, wrong = new_values(change, frame[hit], known)
    if wrong:
        return NO_ROWS, (change.column, change.share_by), [problem(change.operation, getattr(change, change.operation), wrong)]
    changed = frame.copy()
    changed.loc[hit, change.column] = values
    frames[change.table] = changed
    return frame.index[hit], (), []


def matches(values: pd.Series, column: pa.Column, wanted: object) -> pd.Series:
    """Which values are the wanted one, or one of the wanted ones."""
    options = wanted if isinstance(wanted, list) else [wanted]
    parsed, _ = parse_cells(
        "", pd.DataFrame({column.name: [written(option) for option in options]}, dtype=str), [column]
    )
    return values.isin(parsed[column.name].dropna().tolist())


def written(value: object) -> str:
    """A scalar of YAML as it would stand in a cell."""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def new_values(change: Change, rows: pd.DataFrame, known: Mapping[str, pa.Column]) -> tuple[pd.Series | None, str]:
    """The column's new values in the rows that the change hits, or what is allowed instead."""
    column, old = known[change.column], rows[change.column]
    if change.operation == "set":
        value, problems = parse_cells("", pd.DataFrame({column.name: [written(change.set)]}, dtype=str), [column])
        return (
            (None, column.metadata["allowed"]) if problems else (pd.Series(value[column.name].iloc[0], rows.index), "")
        )
    if column.metadata["kind"] != "number":
        return None, f"set: column {change.column} holds no numbers"
    if old.isna().any():
        return None, f"rows in which column {change.column} is not empty (row {int(old.index[old.isna()][0])} is)"
    if change.operation == "add":
        return old + change.add, ""
    if change.operation == "multiply":
        return old * change.multiply, ""
    if change.share_by is not None:
        if known[change.share_by].metadata["kind"] != "number":
            return None, f"share_by a column of numbers, not {change.share_by}"
        return share_growth(old, rows[change.share_by], change.scale_to)
    total = old.sum()
    return (
        (old * (change.scale_to / total), "")
        if total > 0
        else (None, f"rows whose {change.column} sums to more than zero")
    )


def share_growth(old: pd.Series, other: pd.Series, total: float) -> tuple[pd.Series | None, str]:
    """`old` grown to sum to `total`, growth shared as the head of this file says, or what is allowed instead."""
    growth, given = total - old.sum(), other.notna()
    if growth < 0:
        return None, f"at least the present sum {old.sum():g}, since share_by shares growth"
    addition = (other - old).clip(lower=0)
    base = old[given].sum()
    rate = addition[given].sum() / base if base > 0 else 0.0
    addition = addition.where(given, old * rate)
    if addition.sum() <= 0 and growth > 0:
        return None, f"rows of which at least one grows by column {other.name}"
    return old + growth * addition / addition.sum() if growth > 0 else old, ""
