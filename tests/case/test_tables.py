"""Declarations of columns, and how cells become complete tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_model.case.checks import DTYPES, acyclic, different, is_right, problems_where, unique_together
from grid_model.case.columns import complete, empty_table, parse_cells
from grid_model.case.tables import (
    CORE_TABLES,
    choice,
    date,
    describe,
    flag,
    identifier,
    merge_tables,
    number,
    reference,
    schema_of,
    text,
)
from grid_model.formulation import TABLES as FORMULATION

STORAGE = [
    identifier("storage", meaning="name of the store"),
    reference("zone", "zones", meaning="where it is", required=True),
    reference("technology", "technologies", meaning="what it is", required=True),
    number("power_mw", unit="MW", minimum=0, required=True, meaning="discharge"),
    number(
        "charge_efficiency", unit="1", above=0, maximum=1, default=1, by_technology=True, meaning="stored per drawn"
    ),
    number("final_fraction", unit="1", minimum=0, maximum=1, meaning="level at the end"),
    choice("place", ["independent", "user_side"], default="independent", by_technology=True, meaning="where it stands"),
    flag("cyclic", meaning="ends as it begins", default=True, by_technology=True),
    date("commissioned", meaning="in operation since", default="2020-01-01"),
    text("operator", meaning="who runs it", default="nobody"),
]
TABLES = merge_tables({"storage": STORAGE})


def cells(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=str)


def test_declarations_are_pandera_columns_with_what_people_need_to_know():
    power = STORAGE[3]
    assert isinstance(power, pa.Column)
    assert power.description == "discharge"
    assert {
        key: power.metadata[key] for key in ("unit", "default", "by_technology", "references", "required", "allowed")
    } == {
        "unit": "MW",
        "default": None,
        "by_technology": False,
        "references": None,
        "required": True,
        "allowed": "a number >= 0 [MW]",
    }


def test_schema_validates_a_complete_table():
    schema = schema_of(TABLES, "storage")
    frame, problems = parse_cells(
        "storage.csv", cells(storage=["a"], zone=["North"], technology=["x"], power_mw=["5"]), STORAGE
    )
    frame = complete(frame, STORAGE, empty_table(TABLES["technologies"]))
    assert not problems and len(schema.validate(frame)) == 1
    with pytest.raises(pa.errors.SchemaError):
        schema.validate(frame.assign(power_mw=-1.0))


def test_columns_declared_alike_by_two_modules_are_one():
    merged = merge_tables(
        {"storage": STORAGE},
        {"storage": [number("power_mw", unit="MW", minimum=0, required=True, meaning="other words")]},
    )
    assert [column.name for column in merged["storage"]] == [column.name for column in STORAGE]


@pytest.mark.parametrize(
    "other",
    [
        number("power_mw", unit="GW", minimum=0, required=True, meaning=""),
        number("power_mw", unit="MW", required=True, meaning=""),
        number("power_mw", unit="MW", minimum=0, meaning=""),
        text("power_mw", meaning=""),
    ],
)
def test_columns_declared_differently_are_a_programming_error(other):
    with pytest.raises(ValueError, match="storage.power_mw is declared twice"):
        merge_tables({"storage": STORAGE}, {"storage": [other]})


def test_technologies_get_every_column_that_is_by_technology():
    columns = {column.name: column for column in TABLES["technologies"]}
    assert {"charge_efficiency", "place", "cyclic"} <= set(columns) and "power_mw" not in columns
    assert not any(
        columns[name].metadata["by_technology"] or columns[name].metadata["required"]
        for name in ("charge_efficiency", "cyclic")
    )


def test_empty_cells_take_the_technology_then_the_default():
    technologies, _ = parse_cells(
        "",
        cells(technology=["x", "y"], charge_efficiency=["0.9", ""], place=["user_side", ""], cyclic=["false", ""]),
        TABLES["technologies"],
    )
    frame, _ = parse_cells(
        "",
        cells(
            storage=list("abcd"),
            technology=["x", "x", "y", "z"],
            charge_efficiency=["", "0.5", "", ""],
            place=["", "independent", "", ""],
            cyclic=["", "true", "", ""],
            commissioned=["2024", "2024-06", "2024-06-30", ""],
        ),
        STORAGE,
    )
    frame = complete(frame, STORAGE, technologies)
    assert frame["charge_efficiency"].tolist() == [0.9, 0.5, 1, 1]
    assert frame["place"].tolist() == ["user_side", "independent", "independent", "independent"]
    assert frame["cyclic"].tolist() == [False, True, True, True] and frame["cyclic"].dtype == bool
    assert frame["final_fraction"].isna().all() and frame["final_fraction"].dtype == float
    assert frame["operator"].tolist() == ["nobody"] * 4
    assert frame["commissioned"].tolist() == [
        pd.Timestamp(day) for day in ("2024-01-01", "2024-06-01", "2024-06-30", "2020-01-01")
    ]


def test_absent_tables_are_empty_with_all_columns_of_the_right_kind():
    frame = complete(empty_table(STORAGE), STORAGE, empty_table(TABLES["technologies"]))
    assert list(frame.columns) == [column.name for column in STORAGE] and len(frame) == 0
    assert frame["power_mw"].dtype == float and frame["cyclic"].dtype == bool
    assert frame["commissioned"].dtype.kind == "M"
    schema_of(TABLES, "storage").validate(frame)


def test_describe_has_a_row_for_every_column():
    table = describe(TABLES)
    assert list(table.columns) == ["table", "column", "unit", "range", "default", "meaning", "required"]
    assert len(table) == sum(map(len, TABLES.values())) and (table["meaning"] != "").all()
    rows = table.set_index(["table", "column"])
    assert rows.loc[("storage", "charge_efficiency")].tolist() == [
        "1",
        "a number > 0 and <= 1 [1], or empty",
        "of the technology, else 1",
        "stored per drawn",
        False,
    ]
    assert (
        rows.loc[("generators", "capacity_mw"), "required"]
        and rows.loc[("storage", "zone"), "range"] == "a name in table zones"
    )


def test_every_core_column_has_a_unit_where_it_is_a_number():
    for columns in CORE_TABLES.values():
        assert all(column.metadata["unit"] for column in columns if column.metadata["kind"] == "number")


def test_every_default_is_allowed_by_its_own_declaration():
    """A column left empty is right in every table: its default must be right as declared."""
    for name, columns in FORMULATION.items():
        optional = [column for column in columns if not column.metadata["required"]]
        one_row = pd.DataFrame({"": ["x"]}, index=[2])
        typed, _ = parse_cells("", one_row, optional)
        schema_of({name: optional}, name).validate(complete(typed, optional, empty_table(FORMULATION["technologies"])), lazy=True)


# -------------------------------------------------------------------------------------------- checks that modules share


def test_acyclic_names_only_the_links_of_circles():
    links = pd.DataFrame({"upstream": list("ABCDEFX"), "downstream": list("BCDBGGX")}, index=range(2, 9))
    links.attrs["file"] = "cascade.csv"
    assert [(problem.row, problem.value) for problem in acyclic(links, "upstream", "downstream")] == [
        (3, "C"),
        (4, "D"),
        (5, "B"),
        (8, "X"),
    ]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_links_downwards_form_no_circle_and_a_way_back_up_closes_one(pairs):
    down = pd.DataFrame(
        [(str(min(pair)), str(max(pair) + 1)) for pair in pairs], columns=["upstream", "downstream"], dtype=str
    )
    assert acyclic(down, "upstream", "downstream") == []
    if len(down):
        back = pd.DataFrame({"upstream": [down["downstream"].iloc[0]], "downstream": [down["upstream"].iloc[0]]})
        both = pd.concat([down, back], ignore_index=True)
        assert {0, len(down)} <= {problem.row for problem in acyclic(both, "upstream", "downstream")}


def test_different_and_unique_together():
    table = pd.DataFrame({"a": ["x", "y", "x"], "b": ["y", "y", "y"]}, index=[2, 3, 4])
    assert [problem.row for problem in different(table, "a", "b")] == [3]
    assert [problem.row for problem in unique_together(table, ["a", "b"])] == [4]
    table.attrs["file"] = "t.csv"
    [problem] = problems_where(table, table["a"] == "y", "b", "another")
    assert str(problem) == "t.csv, row 3, column b: found 'y'; allowed: another"


# ----------------------------------------------------------------------------------------------------------- properties

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_numbers_are_read_to_the_last_digit(values):
    frame, problems = parse_cells("", cells(x=[repr(value) for value in values]), [number("x", "MW", "a number")])
    assert not problems and np.array_equal(frame["x"], values)


@given(st.lists(st.text(max_size=6).map(str.strip), min_size=1, max_size=4))
def test_every_cell_is_a_number_or_empty_or_a_problem(values):
    frame, problems = parse_cells("", cells(x=values), [number("x", "MW", "a number")])
    wrong = {problem.row for problem in problems}
    for row, value in enumerate(values):
        assert (row in wrong) == (value != "" and np.isnan(frame["x"][row]))
        if value != "" and row not in wrong:
            assert float(value) == frame["x"][row]


DECLARED = {(str(column.dtype), column.nullable, column.unique, str(column.checks)): column
            for columns in FORMULATION.values() for column in columns}.values()
VALUES = {"float64": st.sampled_from([np.nan, -1.0, 0.0, 0.5, 1.0, 12.0, 2027.0, 1e9]), "bool": st.booleans(),
          "datetime64[us]": st.sampled_from([pd.NaT, pd.Timestamp("2027-01-01")]), "str": st.sampled_from(["", "a", "thermal", "both"])}


@given(st.data())
def test_columns_are_right_as_pandera_judges_them(data):
    """What is not shown to pandera is what it would find nothing wrong with, for columns of all declared ranges and all dtypes."""
    column = data.draw(st.sampled_from(list(DECLARED)))
    dtype = data.draw(st.sampled_from([DTYPES.get(column.metadata["kind"], "str"), *VALUES]))
    options = st.sampled_from(column.metadata["options"]) if column.metadata["options"] and dtype == "str" else st.nothing()
    values = pd.Series(data.draw(st.lists(VALUES[dtype] | options, min_size=1, max_size=3)), name=column.name, dtype=dtype)
    try:
        schema_of({"t": [column]}, "t").validate(values.to_frame(), lazy=True)
    except pa.errors.SchemaErrors:
        assert not is_right(values, column)
    else:
        assert is_right(values, column)


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 5))
def test_limits_are_those_declared(value, minimum, width):
    column = number("x", "1", "a number", minimum=minimum, maximum=minimum + width)
    inside = minimum <= value <= minimum + width
    try:
        schema_of({"t": [column]}, "t").validate(pd.DataFrame({"x": [value]}))
    except pa.errors.SchemaError:
        assert not inside
    else:
        assert inside
