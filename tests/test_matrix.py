"""The matrix of every small grid has no row and no column that need not be there."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import numpy as np
import pytest
from matrices import names_of
from results.audited_grid import ruled_grid

import grid_model as gm

SCENARIOS = Path(__file__).parents[1] / "scenarios"
GRIDS = {
    "two zones": lambda: gm.load_case(SCENARIOS / "two_zone.yaml"),
    "three buses": lambda: gm.load_case(SCENARIOS / "three_bus_loop.yaml"),
    "five provinces": lambda: gm.load_case(SCENARIOS / "five_province_week.yaml", end="2027-01-03"),
    "all rules": ruled_grid,
}


@pytest.mark.parametrize("grid", GRIDS)
def test_nothing_stands_in_it_for_nothing(grid):
    """No row over no column, over one (a bound of it), or twice over the same; no column without a row or a cost.

    A week of five provinces had 2,807 rows over one column and 10 columns without a use, the grid of all rules 34 rows twice.
    """
    model = gm.build_model(GRIDS[grid]())
    program = gm.compile_program(model)
    rows, columns = np.array(names_of(program.rows), object), np.array(names_of(program.columns), object)
    matrix, entries = program.matrix, np.diff(program.matrix.indptr)
    ranked = np.zeros(len(columns), bool)
    for name in model.ranks.values():
        ranked[program.operator(name)[0].indices] = True
    used = np.bincount(matrix.indices, minlength=len(columns)) > 0
    assert rows[entries < 2].tolist() == []
    assert columns[~used & (program.cost == 0) & ~ranked].tolist() == []
    assert rows[twice(matrix)].tolist() == []


def test_what_seldom_binds_is_named_as_its_rows_are():
    """A pattern of SELDOM that meets no row of any grid would do nothing, and nothing would tell."""
    named, met = set(), set()
    for grid in GRIDS.values():
        model = gm.build_model(grid())
        rows = gm.compile_program(model).rows
        patterns = {f"{part.name}.{pattern}" for part in (*model.fleets.values(), *model.policies.values())
                    for pattern in vars(part.module).get("SELDOM", ())}
        named |= patterns
        met |= {pattern for pattern in patterns if fnmatch.filter(rows, pattern)}
    assert named - met == set() and {"reserves.headroom_*", "thermal.least_time_up"} <= met


def twice(matrix) -> list[int]:
    """Rows that are a multiple of an earlier one."""
    known, found = set(), []
    for row in range(matrix.shape[0]):
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = np.argsort(matrix.indices[here])
        columns, values = matrix.indices[here][order], matrix.data[here][order]
        key = columns.tobytes(), np.round(values / values[0], 9).tobytes()
        found += [row] if key in known else []
        known.add(key)
    return found
