"""The book of an audit: what is read, and for every law the worst that was found.

A law compares arrays of shape (names, steps), (names, other moments) or (names,). What is no number breaks every law.

Tolerances: the solver keeps each row and bound to 1e-7 GW or GWh, 1e-4 MW or MWh. A law holds where it is broken by no
more than 1e-3 MW (MWh, tCO2), in systems of more than 100 GW of load 1e-8 of the greatest load; times the hours of a
step where energy is compared over steps longer than an hour. Rows that sum several terms have 2 times, sums over many
steps 10 times as much. Money is held to 1e-9 of the sum of the sizes of its terms, and 0.01 CNY.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_TOLERANCE = 1e-3  # MW
RELATIVE_TOLERANCE = 1e-8  # of the greatest load
COLUMNS = ["law", "where", "when", "worst", "unit", "tolerance", "passed", "count", "checked"]


class Book:
    """Inputs and results of one run as arrays, and the laws that were checked.

    case   the inputs
    hours  length of each step [h]
    counted  the same, as often as the step counts in sums of energy and money [h]
    power, energy   tolerances [MW, MWh]
    """

    def __init__(self, case, dispatch):
        self.case, self.dispatch = case, dispatch
        self.hours = np.asarray(case.step_hours, float)
        self.counted = np.asarray(case.cost_hours, float)
        self.steps = len(self.hours)
        demand = case.profile("load", case.tables["loads"]["load"], 0.0)
        peak = float(np.max(demand.sum(axis=0), initial=0.0))
        self.power = max(LEAST_TOLERANCE, RELATIVE_TOLERANCE * peak)
        self.energy = self.power * max(1.0, float(self.hours.max()))
        self._rows: list[tuple] = []
        self._zones: dict[tuple[str, str], np.ndarray] = {}

    # ------------------------------------------------------------------------------------------------------- reading

    def stored(self, name: str, rows: int, expected: bool = True) -> np.ndarray:
        """A variable of the dispatch, (rows, steps). Where it is missing: not a number if it is expected, else zero."""
        if name in self.dispatch:
            values = np.asarray(self.dispatch[name].values, float)
            if values.shape == (rows, self.steps):
                return values
            expected = True
        return np.full((rows, self.steps), np.nan if expected and rows else 0.0)

    def column(self, table: str, name: str) -> np.ndarray:
        """A column of numbers of an input table."""
        return self.case.tables[table][name].to_numpy(float)

    def sums(self, values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
        """Sums of rows by the group of each."""
        result = np.zeros((groups, *values.shape[1:]))
        np.add.at(result, group, values)
        return result

    def zone_of(self, table: str, column: str = "zone") -> np.ndarray:
        """Position of the zone of each row of a table."""
        if (table, column) not in self._zones:
            self._zones[table, column] = pd.Index(self.case.zones).get_indexer(self.case.tables[table][column])
        return self._zones[table, column]

    # ------------------------------------------------------------------------------------------------------- judging

    def equal(self, law, names, left, right=0.0, unit="MW", tolerance=None, moments=None) -> None:
        """left = right"""
        self._enter(law, names, np.abs(_difference(left, right)), unit, tolerance, moments)

    def at_most(self, law, names, left, right=0.0, unit="MW", tolerance=None, moments=None) -> None:
        """left <= right"""
        self._enter(law, names, _difference(left, right), unit, tolerance, moments)

    def between(self, law, names, lower, values, upper, unit="MW", tolerance=None, moments=None) -> None:
        """lower <= values <= upper"""
        self._enter(
            law, names, np.maximum(_difference(lower, values), _difference(values, upper)), unit, tolerance, moments
        )

    def _enter(self, law, names, violation, unit, tolerance, moments) -> None:
        violation = np.asarray(violation, float)
        if violation.size == 0:
            return
        violation = np.where(np.isnan(violation), np.inf, np.maximum(violation, 0.0))
        if tolerance is None:
            tolerance = self.energy if unit == "MWh" else self.power
        margin = violation - tolerance
        place = np.unravel_index(np.argmax(margin), violation.shape)
        allowed = float(np.broadcast_to(tolerance, violation.shape)[place])
        count = int(np.count_nonzero(margin > 0))
        when = "" if len(place) < 2 else str((self.case.time if moments is None else moments)[place[1]])
        self._rows.append(
            (
                law,
                str(np.asarray(names, object)[place[0]]),
                when,
                float(violation[place]),
                unit,
                allowed,
                count == 0,
                count,
                violation.size,
            )
        )

    def table(self) -> pd.DataFrame:
        """One row for each law: the worst violation, where and when; `count` of `checked` are broken."""
        worst: dict[str, dict] = {}
        for row in (dict(zip(COLUMNS, values)) for values in self._rows):
            other = worst.get(row["law"], row)
            total = {name: row[name] + other[name] for name in ("count", "checked")} if other is not row else {}
            worse = max(other, row, key=lambda one: one["worst"] - one["tolerance"])
            worst[row["law"]] = worse | total | {"passed": row["passed"] and other["passed"]}
        return pd.DataFrame(list(worst.values()), columns=COLUMNS)


def _difference(left, right) -> np.ndarray:
    """left - right by position, whatever labels they bear."""
    return np.asarray(left, float) - np.asarray(right, float)
