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

from collections.abc import Collection, Mapping

import pandas as pd
import pandera.pandas as pa

from grid_model.case.columns import parse_cells
from grid_model.case.tables import Tables
from grid_model.errors import Problem, did_you_mean, printable
from grid_model.scenario import Change, Scenario


def apply_changes(
    scenario: Scenario,
    frames: dict[str, pd.DataFrame],
    columns: Tables,
    only: str | None = None,
    without: str | None = None,
    faulty: Collection[str] = (),
) -> list[Problem]:
    """Makes the scenario's changes in `frames` (replaced, not written into) and returns what is wrong with them.

    only, without  name of the one table to change, or of the one to leave
    faulty         tables in which something is wrong already: what changes would say of them has to wait
    """
    problems: list[Problem] = []
    for index, change in enumerate(scenario.changes):
        if (only is None or change.table == only) and change.table != without:
            found = _apply(scenario, f"changes.{index}", change, frames, columns)
            problems += [] if change.table in faulty else found
    return problems


def _apply(
    scenario: Scenario, key: str, change: Change, frames: dict[str, pd.DataFrame], columns: Tables
) -> list[Problem]:
    def problem(inner: str, value: object, allowed: str) -> Problem:
        file, row = scenario.place(f"{key}.{inner}")
        return Problem(file, row, f"{key}.{inner}", printable(value), allowed)

    if change.table not in frames:
        return [
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
        return unknown
    hit = pd.Series(True, index=frame.index)
    for name, wanted in change.where.items():
        hit &= matches(frame[name], known[name], wanted)
    if not hit.any():
        found = ", ".join(f"{name}: {wanted}" for name, wanted in change.where.items())
        return [
            problem(
                "where" if change.where else "table",
                found or change.table,
                f"a condition that at least one row of {change.table} fulfils",
            )
        ]
    values, wrong = new_values(change, frame[hit], known)
    if wrong:
        return [problem(change.operation, getattr(change, change.operation), wrong)]
    changed = frame.copy()
    changed.loc[hit, change.column] = values
    frames[change.table] = changed
    return []


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
