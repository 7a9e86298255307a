"""Grids: the compiled programme of every small grid, and of random ones, is Pyomo's expansion of the same rules.

Random grids are drawn from the declared columns themselves, so that a new technology or column takes part unasked. They
need not have a dispatch: only the programmes are compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from matrices import same_matrix
from small import TECHNOLOGIES, small_case

from grid_model.formulation import CHECKS, POLICIES, TABLES, build_model
from grid_model.pipeline import load_case

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMALL_GRIDS = ("two_zone", "three_bus_loop", "five_province_week")
ZONES = ["北京", "Qinghai", "c"]
MOST_ROWS = {"generators": 5, "loads": 2, "storage": 3, "lines": 4, "demand_response": 2, "reservoirs": 2, "cascade": 1,
             "converters": 2, "converter_ports": 4}
SERIES = {
    "availability": "generators",
    "min_output": "generators",
    "load": "loads",
    "inflow": "reservoirs",
    "flow_limit": "lines",
    "variable_cost": "generators",
    "max_level": "storage",
    "conversion_cost": "converters",
    "port_rate": "converter_ports",
}


def same(case):
    """The comparison; a grid with a row of numbers alone, which Pyomo refuses to expand, is none."""
    try:
        return same_matrix(lambda: build_model(case), lambda: build_model(case, concrete=True))
    except ValueError as error:
        assume("Constraint" not in str(error) or "trivial" not in str(error) and "always" not in str(error))
        raise


@pytest.mark.parametrize("name", SMALL_GRIDS)
@pytest.mark.parametrize("hours", [1, 2, 26])
def test_small_grids(name, hours):
    path = SCENARIOS / f"{name}.yaml"
    if not path.exists():
        pytest.skip(f"there is no {path.name}")
    case = load_case(path)
    assert same(case.select(0, min(hours, case.steps))).matrix.nnz


@st.composite
def grids(draw):
    """A case of 1 to 5 steps with random rows in every table that makes a technology."""
    zones = ZONES[: draw(st.integers(1, 3))]
    tables = {"zones": [{"zone": zone} for zone in zones]}
    for name, most in MOST_ROWS.items():
        tables[name] = [
            row
            for number in range(draw(st.sampled_from([0, 1, most])))
            if (row := draw(rows(name, number, tables))) is not None
        ]
    with_port = {row["converter"] for row in tables["converter_ports"]}
    tables["converters"] = [row for row in tables["converters"] if row["converter"] in with_port]
    steps, step_hours = draw(st.integers(1, 5)), draw(st.sampled_from([0.5, 1.0, 6.0, 24.0]))
    series = {
        name: {
            row[TABLES[table][0].name]: draw(
                profile(steps, 1 if name in ("availability", "min_output", "flow_limit") else 80)
            )
            for row in tables[table]
            if draw(st.booleans())
        }
        for name, table in SERIES.items()
    }
    series["load"] = {row["load"]: draw(profile(steps, 80)) for row in tables["loads"]}
    policies = {policy.NAME: draw(st.booleans()) for policy in POLICIES}
    series = {name: values for name, values in series.items() if values}
    for _ in range(6):
        case = small_case(steps, series, policies, step_hours, start="2027-01-31", **tables)
        problems = [problem for check in CHECKS for problem in check(case.tables)]
        if not problems:
            return case
        for problem in problems:
            leave_out(problem, tables)
    assume(False)


def leave_out(problem, tables) -> None:
    """Empty the cell that a check objects to, or drop the row where it must be filled (rows count from 0 here)."""
    for name in MOST_ROWS:
        column = next((column for column in TABLES[name] if column.name == problem.column), None)
        if column is None or problem.row >= len(tables[name]):
            continue
        if problem.column in tables[name][problem.row] and not column.metadata.get("required"):
            del tables[name][problem.row][problem.column]
        else:
            del tables[name][problem.row]


@st.composite
def rows(draw, table, number, tables):
    """One row: what must be given, and some of what may be."""
    row = {}
    for column in TABLES[table]:
        needed = column.metadata.get("required") or column.metadata["kind"] == "identifier" or column.name == "power_mw"
        if not needed and (column.metadata["kind"] in ("text", "date") or draw(st.integers(0, 2))):
            continue
        values = [
            value
            for value in cells(column, table, number, tables)
            if column.name != "to_zone" or value != row["from_zone"]
        ]
        if not values:
            return None
        row[column.name] = draw(st.sampled_from(values))
    return row


def cells(column, table, number, tables) -> list:
    """Values that a column may hold."""
    kind, allowed = column.metadata["kind"], column.metadata["allowed"]
    if kind == "identifier":
        return [f"{table} {number}"]
    if kind == "reference":
        return references(column.metadata["references"], table, tables)
    if kind == "choice":
        return list(column.metadata["options"])
    if kind == "flag":
        return [True, False]
    if kind != "number":
        return ["base"]
    numbers = (
        [0.3, 0.5, 1.0] if column.metadata["unit"] in ("1", "1/h") or "<= 1 " in allowed else [1.0, 2.5, 10.0, 50.0]
    )
    return numbers if "> 0" in allowed else [0.0, *numbers]


def references(other, table, tables) -> list:
    if other == "technologies":
        names = [name for name, kind in TECHNOLOGIES.items() if (kind == "storage") == (table == "storage")]
        return names if table == "storage" else [*names, *["hydro_reservoir", "solar_thermal", "coal_ccs"] * 2]
    if other == "generators" and table == "reservoirs":
        taken = {row["generator"] for row in tables.get("reservoirs", [])}
        return [
            row["generator"]
            for row in tables["generators"]
            if row["technology"] == "hydro_reservoir" and row["generator"] not in taken
        ]
    return [row[TABLES[other][0].name] for row in tables.get(other, [])]


def profile(steps, most):
    return st.lists(st.sampled_from([0.0, 0.25, 0.8, 1.0]), min_size=steps, max_size=steps).map(
        lambda values: (np.array(values) * most).tolist()
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(grids())
def test_random_grids(case):
    same(case)
