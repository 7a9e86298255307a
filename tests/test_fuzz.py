"""Damaged grids end in an answer that the audit passes or in an error with file, row and column: 300 of the damages that
`benchmarks/fuzz.py` does by the thousand, each to a part of its grid."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest
from fuzz_grid import write_fuzz_grid
from fuzzing import reading_once, try_number

CASES, SOLVED = 100, 20  # of each part; every so many are solved, the others only read: that takes a tenth of the time
OF_ALL = {"zones", "generators", "loads", "technologies", "load", "availability", "variable_cost"}
PARTS = (  # each a grid that has a dispatch: where none has, an audit sees nothing
    {"storage", "converters", "converter_ports", "conversion_cost", "lines", "flow_limit", "level_loss", "max_level", "min_level"},
    {"reservoirs", "cascade", "hydro_monthly", "inflow_monthly", "inflow", "demand_response", "in_service", "tariffs"},
    {"contracts", "obligations", "certificate_lots", "carbon_benchmarks", "carbon_factors", "ccer_supply"},
)


def written(folder: Path, part: int) -> Path:
    """A grid with the tables and profiles of a part, and those that every grid has."""
    write_fuzz_grid(folder)
    for file in (folder / "inputs").rglob("*.*"):
        if file.name.partition(".")[0] not in OF_ALL | PARTS[part]:
            file.unlink()
    return folder


def test_the_parts_are_the_whole(tmp_path):
    write_fuzz_grid(tmp_path)
    assert {file.name.partition(".")[0] for file in (tmp_path / "inputs").rglob("*.*")} == OF_ALL.union(*PARTS)


@pytest.mark.filterwarnings("ignore")  # of what damaged tables hold; warnings of whole ones are errors in all other tests
@pytest.mark.parametrize("part", range(len(PARTS)))
def test_damaged_grids(tmp_path, part):
    """Cells, columns, rows, bytes, files, YAML; and numbers that may pass for true. Whole tables are parsed and judged once."""
    base, damaged, known, answered = written(tmp_path / "base", part), tmp_path / "copy", {}, {}
    logging.disable(logging.WARNING)
    ends, faults = Counter(), []
    try:
        for number in range(part * CASES, (part + 1) * CASES):
            with reading_once(known):
                done, end = try_number(number, base, damaged, number % SOLVED == 0, answered)
            ends[end.kind] += 1
            if end.kind in ("fault", "SolveError"):
                faults.append(f"{number}: {'; '.join(done)}: {end.kind}: {end.text}")
    finally:
        logging.disable(logging.NOTSET)
    assert not faults
    assert ends["InputError"] > 50 and ends["read"] + ends["solved"] > 15 and ends["InfeasibleError"] < 5, ends
