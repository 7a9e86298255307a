"""Declarations of the input tables: one description of each column that checks, fills and documents it.

A module declares the columns it needs with the helpers below; each makes a pandera column whose metadata holds

unit           unit of the value ("1" for a plain fraction, "" where none applies)
kind           identifier, reference, text, number, choice, flag or date
default        what an empty cell means (None: stays empty)
by_technology  an empty cell takes the value of this column in the row's technology first, then the default
references     the table whose identifier the value must name
options        the values that a choice may take
required       the column must be there and filled in every row
allowed        all this in words, for messages and documents

Columns of one table that several modules declare are merged: the same name means the same declaration. Beside what is
declared, every table may have the columns of FREE_COLUMNS (text) and columns that end in FREE_NUMBERS (for `share_by`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import pandera.pandas as pa

Tables = Mapping[str, Sequence[pa.Column]]
REQUIRED_TABLES = ("zones", "generators", "loads")
FREE_COLUMNS = ("source", "note", "name_zh")
FREE_NUMBERS = "_end_2025_mw"


# --------------------------------------------------------------------------------------------------- helpers to declare


def identifier(name: str, meaning: str) -> pa.Column:
    """The column whose value names a row; unique within its table."""
    return _column(
        name,
        str,
        meaning,
        kind="identifier",
        required=True,
        allowed="a name, once in this table",
        checks=[pa.Check.str_length(min_value=1)],
        unique=True,
    )


def reference(name: str, table: str, meaning: str, required: bool = False) -> pa.Column:
    """A column that names a row of another table; empty where it is not required."""
    return _column(
        name,
        str,
        meaning,
        kind="reference",
        required=required,
        default=None if required else "",
        references=table,
        allowed=f"a name in table {table}" + ("" if required else ", or empty"),
    )


def text(name: str, meaning: str, required: bool = False, default: str = "") -> pa.Column:
    """A column of free text."""
    checks = [pa.Check.str_length(min_value=1)] if required else []
    return _column(
        name,
        str,
        meaning,
        kind="text",
        required=required,
        default=None if required else default,
        allowed="text" if required else "text, or empty",
        checks=checks,
    )


def number(
    name: str,
    unit: str,
    meaning: str,
    default: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    required: bool = False,
    by_technology: bool = False,
) -> pa.Column:
    """A column of numbers in a unit with `minimum <= value <= maximum` or `value > above`."""
    checks = [] if minimum is None else [pa.Check.ge(minimum)]
    checks += [] if above is None else [pa.Check.gt(above)]
    checks += [] if maximum is None else [pa.Check.le(maximum)]
    limits = [] if minimum is None else [f">= {minimum:g}"]
    limits += [] if above is None else [f"> {above:g}"]
    limits += [] if maximum is None else [f"<= {maximum:g}"]
    words = " ".join(["a number", " and ".join(limits)]).strip() + (f" [{unit}]" if unit else "")
    return _column(
        name,
        float,
        meaning,
        kind="number",
        unit=unit,
        required=required,
        by_technology=by_technology,
        default=None if default is None else float(default),
        checks=checks,
        allowed=words if required else words + ", or empty",
    )


def choice(
    name: str,
    options: Iterable[str],
    meaning: str,
    default: str | None = None,
    required: bool = False,
    by_technology: bool = False,
) -> pa.Column:
    """A column whose value is one of a few words."""
    options = tuple(options)
    words = "one of " + ", ".join(options)
    empty = [] if required else [""]
    return _column(
        name,
        str,
        meaning,
        kind="choice",
        options=options,
        required=required,
        by_technology=by_technology,
        default=default if required or default is not None else "",
        checks=[pa.Check.isin([*options, *empty])],
        allowed=words if required else words + ", or empty",
    )


def flag(name: str, meaning: str, default: bool | None = False, by_technology: bool = False) -> pa.Column:
    """A column of yes and no, written true or false."""
    return _column(
        name,
        bool,
        meaning,
        kind="flag",
        default=default,
        by_technology=by_technology,
        allowed="true or false, or empty",
    )


def date(name: str, meaning: str, default: str | None = None) -> pa.Column:
    """A column of dates: year, year-month or year-month-day."""
    return _column(
        name,
        "datetime64[us]",
        meaning,
        kind="date",
        allowed="a date such as 2024-06-01, 2024-06 or 2024, or empty",
        default=None if default is None else pd.Timestamp(default),
    )


def _column(
    name: str,
    dtype,
    meaning: str,
    *,
    kind: str,
    allowed: str,
    unit: str = "",
    default=None,
    required: bool = False,
    by_technology: bool = False,
    references: str | None = None,
    options: tuple[str, ...] = (),
    checks: Sequence[pa.Check] = (),
    unique: bool = False,
) -> pa.Column:
    metadata = {
        "kind": kind,
        "unit": unit,
        "default": default,
        "by_technology": by_technology,
        "references": references,
        "options": options,
        "required": required,
        "allowed": allowed,
    }
    nullable = not required and default is None and kind in ("number", "date", "flag")
    return pa.Column(
        "boolean" if kind == "flag" and nullable else dtype,
        list(checks),
        nullable=nullable,
        unique=unique,
        report_duplicates="exclude_first",
        name=name,
        description=meaning,
        metadata=metadata,
    )


# -------------------------------------------------------------------------------------------------- merging and schemas


def merge_tables(*declarations: Tables) -> dict[str, list[pa.Column]]:
    """The core tables and those of all modules; a column declared twice must be declared alike (but for its meaning).

    The table `technologies` gets every column that is declared by_technology anywhere.
    """
    merged: dict[str, dict[str, pa.Column]] = {}
    for tables in (CORE_TABLES, *declarations, {"technologies": _technology_columns(declarations)}):
        for table, columns in tables.items():
            known = merged.setdefault(table, {})
            for column in columns:
                first = known.setdefault(column.name, column)
                if not _same(first, column):
                    raise ValueError(
                        f"column {table}.{column.name} is declared twice and differently: "
                        f"{first.metadata} and {column.metadata}"
                    )
    return {table: list(columns.values()) for table, columns in merged.items()}


def _technology_columns(declarations: Iterable[Tables]) -> list[pa.Column]:
    """The columns declared by_technology, as columns of `technologies`: empty unless the technology has a value."""
    columns = [
        column
        for tables in declarations
        for name, declared in tables.items()
        if name != "technologies"
        for column in declared
        if column.metadata["by_technology"]
    ]
    return [_of_technology(column) for column in columns]


def _of_technology(column: pa.Column) -> pa.Column:
    about = column.metadata
    empty = "" if about["kind"] in ("text", "choice") else None
    words = about["allowed"] if about["allowed"].endswith(", or empty") else about["allowed"] + ", or empty"
    checks = [pa.Check.isin([*about["options"], ""])] if about["kind"] == "choice" else column.checks
    return _column(
        column.name,
        str(column.dtype),
        column.description,
        kind=about["kind"],
        unit=about["unit"],
        default=empty,
        options=about["options"],
        allowed=words,
        checks=checks,
    )


def _same(first: pa.Column, second: pa.Column) -> bool:
    return first.metadata == second.metadata and first.dtype == second.dtype


def schema_of(tables: Tables, name: str) -> pa.DataFrameSchema:
    """The pandera schema of one complete table, defaults filled in."""
    return pa.DataFrameSchema({column.name: column for column in tables[name]}, name=name)


def describe(tables: Tables) -> pd.DataFrame:
    """Every column of every table: `table, column, unit, range, default, meaning, required`."""
    rows = [
        {
            "table": table,
            "column": column.name,
            "unit": column.metadata["unit"],
            "range": column.metadata["allowed"],
            "default": _default_in_words(column),
            "meaning": column.description,
            "required": column.metadata["required"],
        }
        for table, columns in tables.items()
        for column in columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "range", "default", "meaning", "required"])


def _default_in_words(column: pa.Column) -> str:
    default = column.metadata["default"]
    missing = default is None or default == "" or (isinstance(default, float) and math.isnan(default))
    own = "" if missing else f"{default:g}" if isinstance(default, float) else str(default)
    return (
        (f"of the technology, else {own}" if own else "of the technology") if column.metadata["by_technology"] else own
    )


# ---------------------------------------------------------------------------------------------------------- core tables

CORE_TABLES: Tables = {
    "zones": [
        identifier("zone", "zone with one balance of power, usually a province"),
        text("region", "regional grid that the zone belongs to"),
        number("latitude", "degree", "latitude of the zone's centre, north positive", minimum=-90, maximum=90),
        number("longitude", "degree", "longitude of the zone's centre, east positive", minimum=-180, maximum=180),
        text("name_zh", "Chinese name"),
        text("code", "short code, for example GB/T 2260"),
        number("benchmark_tariff_cny_per_mwh", "CNY/MWh", "coal benchmark tariff", minimum=0),
        text("heating_start", "first day of the heating season, month-day such as 11-15; empty: no heating season"),
        text("heating_end", "last day of the heating season, month-day such as 03-15"),
        text("source", "where the row is from"),
    ],
    "technologies": [
        identifier("technology", "name of a technology"),
        choice("kind", ("thermal", "renewable", "hydro", "storage"), "which laws describe it", required=True),
        text("label", "name in words"),
        text("name_zh", "Chinese name"),
        text("color", "colour in figures, such as #1f77b4"),
        text("source", "where the row is from"),
    ],
    "generators": [
        identifier("generator", "generator or fleet of generators, usually `<zone> <technology>`"),
        reference("zone", "zones", "zone that it feeds", required=True),
        reference("technology", "technologies", "technology of kind thermal, renewable or hydro", required=True),
        number("capacity_mw", "MW", "net capacity", minimum=0, required=True),
        date("commissioned", "in operation since"),
        text("source", "where the row is from"),
    ],
    "loads": [
        identifier("load", "load, usually `<zone> <kind>`"),
        reference("zone", "zones", "zone that feeds it", required=True),
        text("kind", "kind of load, such as base, ev, heat_pump, data_centre, electrolyser", default="base"),
        number(
            "annual_mwh",
            "MWh",
            "energy of a calendar year that the profile is scaled to; empty: the profile is in MW",
            minimum=0,
        ),
        text("source", "where the row is from"),
    ],
    "in_service": [
        reference("zone", "zones", "zone", required=True),
        reference("technology", "technologies", "technology of generators", required=True),
        number("year", "1", "calendar year", minimum=1900, maximum=2200, required=True),
        number("month", "1", "month of the year", minimum=1, maximum=12, required=True),
        number("fraction", "1", "part of capacity_mw that is in operation in that month, by what is commissioned when",
               minimum=0, maximum=1, required=True),
        text("source", "where the row is from"),
    ],
    "hydro_monthly": [
        reference("zone", "zones", "zone", required=True),
        number("month", "1", "month of the year", minimum=1, maximum=12, required=True),
        number(
            "energy_mwh",
            "MWh",
            "energy of the zone's hydro generators without a reservoir of their own, shared by capacity",
            minimum=0,
            required=True,
        ),
        text("source", "where the row is from"),
    ],
    "inflow_monthly": [
        reference("reservoir", "reservoirs", "reservoir", required=True),
        number("month", "1", "month of the year", minimum=1, maximum=12, required=True),
        number(
            "energy_mwh",
            "MWh",
            "natural inflow as energy that it could generate; a profile of inflow goes first",
            minimum=0,
            required=True,
        ),
        text("source", "where the row is from"),
    ],
}
