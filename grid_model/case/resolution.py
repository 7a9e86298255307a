"""Numbers too small or too large to be told apart in one linear programme beside all others are refused, not rounded.

The solver keeps rows to 1e-7 GW or GWh (100 W, 100 Wh) and prices to 1e-7 million CNY/GWh (0.0001 CNY/MWh). Power and
energy of ten times that can be told from nothing, a cost, which no row adds up, of twice; what is less would be lost
without a word. So a number other than 0 has a least size, by its unit, and a greatest, above which double precision has
no digits left for the rest of the system: a level of 1e14 MWh changes by 0.03 MWh or not at all.

unit      least   greatest
MW        0.001   1e12
MWh       0.001   1e12
CNY/MWh   0.0002  1e9

Of other sizes only a greatest is known, above which the solver ends without an answer (GREATEST).

A series may fall below the least (wind at calm, sun at dawn): the greatest value of each of its columns is judged.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from grid_model.case.checks import problems_where
from grid_model.case.tables import Tables
from grid_model.errors import Problem

LIMITS: Mapping[str, tuple[float, float]] = {"MW": (1e-3, 1e12), "MWh": (1e-3, 1e12), "CNY/MWh": (2e-4, 1e9)}
GREATEST: Mapping[str, float] = {
    "CNY/MW": 1e9, "CNY/tCO2": 1e9, "CNY/MWh/h": 1e9, "CNY": 1e15, "CNY/h": 1e15, "MW/h": 1e12, "MWh/day": 1e15, "MWh/year": 1e15,
    "tCO2": 1e15, "tCO2/MWh": 1e3, "MWh/tCO2": 1e3, "1": 1e12}  # fmt: skip


def allowed(unit: str) -> str:
    if unit in GREATEST:
        return f"a number of at most {GREATEST[unit]:g} [{unit}]: no larger one can be resolved"
    least, greatest = LIMITS[unit]
    return f"0, or a number from {least:g} to {greatest:g} [{unit}]: no smaller or larger one can be resolved"


def unresolved(values: np.ndarray, unit: str) -> np.ndarray:
    """Which values are too small or too large; an empty one is neither."""
    least, greatest = LIMITS.get(unit, (0.0, GREATEST.get(unit, np.inf)))
    size = np.abs(np.asarray(values, float))
    return (size > 0) & (size < least) | (size > greatest)


def resolution_problems(tables: Tables, name: str, frame: pd.DataFrame) -> list[Problem]:
    """Numbers of one complete table that cannot be resolved."""
    problems = []
    for column in tables[name] if len(frame) else ():
        unit = column.metadata["unit"]
        if (unit in LIMITS or unit in GREATEST) and column.metadata["kind"] == "number" and column.name in frame:
            wrong = unresolved(frame[column.name], unit)
            problems += problems_where(frame, wrong, column.name, allowed(unit))
    return problems
