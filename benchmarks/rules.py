"""What each rule of the market adds to the programme of a scenario: rows, columns and non-zeros that are gone where it is off.

    python benchmarks/rules.py [--scenario scenarios/five_province_week.yaml]

Writes docs/rules.csv, which the page of each rule reads; its first row is the whole programme.
"""

from __future__ import annotations

import argparse
import csv
import logging
from pathlib import Path

import grid_model as gm
from grid_model import formulation

ROOT = Path(__file__).parents[1]


def size(scenario: Path, *overrides: str) -> tuple[int, int, int]:
    """Rows, columns and non-zeros."""
    program = gm.compile_program(gm.build_model(gm.load_case(scenario, overrides=overrides)))
    return (*program.matrix.shape, program.matrix.nnz)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios/five_province_week.yaml")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    whole = size(asked.scenario)
    found = [("", *whole)]
    for policy in formulation.BUILT_IN:
        without = size(asked.scenario, f"policies.{policy.NAME}=false")
        found.append((policy.NAME, *(full - less for full, less in zip(whole, without))))
    with (ROOT / "docs/rules.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("rule", "rows", "columns", "nonzeros"), *found])


if __name__ == "__main__":
    main()
