"""What explanations read: a programme, its row duals and its columns, and the identity that ties them together.

The price of a zone is the dual of its balance, y. Every column j of that balance obeys, whatever else is true,

    a y = c_j - d_j - sum over its other rows i of A_ij y_i

with a its coefficient in the balance, c_j its cost and d_j its reduced cost, which is zero where the column stands
between its bounds: there is the margin. So the price is the column's cost and what the other rules that it takes part
in are worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csc_array

from grid_model.case.units import CNY_PER_MWH
from grid_model.results.explain.places import Places
from grid_model.results.explain.words import words_of

ROUNDING = 1e-7  # duals of less, in million CNY/GWh, are none
COST = "cost"  # what is minimised after all ranks
BETWEEN = 1e-6  # how far from its bounds a column must be to stand between them, in units of the programme (1 kW)


@dataclass(frozen=True, eq=False)
class Optimum:
    """
    case      whose programme it is
    program   LinearProgram
    duals     of its rows, million CNY per unit of the programme
    columns   values of its columns; NaN where they are not known
    counted   (rows of the balance,) whether a MWh more that is used there is a MWh less lost to a rank of the order of
              purchase; None where that is not known
    """

    case: object
    program: object
    duals: np.ndarray
    columns: np.ndarray
    counted: np.ndarray | None = None

    @cached_property
    def places(self) -> Places:
        return Places(self.case)

    @cached_property
    def reduced(self) -> np.ndarray:
        """d = c - A' y."""
        return self.program.cost - self.program.matrix.T @ self.duals

    @cached_property
    def by_column(self) -> csc_array:
        return csc_array(self.program.matrix)

    @cached_property
    def between(self) -> np.ndarray:
        """Which columns stand between their bounds; not those whose value is not known."""
        lower, upper = self.program.column_lower, self.program.column_upper
        return (self.columns > lower + BETWEEN) & (self.columns < upper - BETWEEN)

    def is_kept(self, row: int) -> bool:
        """Whether a limit has a dual of the sign that no limit has: what was ranked before the cost keeps it there."""
        dual, program = self.duals[row], self.program
        return (dual > ROUNDING and np.isneginf(program.row_lower[row])) or (dual < -ROUNDING and np.isposinf(program.row_upper[row]))

    def is_kept_there(self, column: int) -> bool:
        """The same of a column: off its limits with a reduced cost, or at a limit from which the cost would move it."""
        value, reduced = self.columns[column], self.reduced[column]
        at_upper, at_lower = (value >= self.program.column_upper[column] - BETWEEN, value <= self.program.column_lower[column] + BETWEEN)
        return bool(self.between[column] or (reduced > ROUNDING and at_upper and not at_lower)
                    or (reduced < -ROUNDING and at_lower and not at_upper))

    def balance(self, zone: str, step: int) -> int | None:
        """The row of a zone's balance in a step, counted from 0; None where there is nothing to balance."""
        family = self.program.rows["balance"]
        zones = list(family.axes[0].labels)
        return family.start + zones.index(zone) * self.case.steps + step if zone in zones else None

    def zone_of_balance(self, row: int) -> tuple[str, int]:
        """Zone and step of a row of the balance."""
        family = self.program.rows["balance"]
        zone, step = divmod(row - family.start, self.case.steps)
        return family.axes[0].labels[zone], step

    def is_balance(self, rows: np.ndarray) -> np.ndarray:
        family = self.program.rows["balance"]
        return (rows >= family.start) & (rows < family.start + family.size)

    def per_mwh(self, value: float, step: int) -> float:
        """Million CNY per GW over a step as CNY/MWh."""
        return float(value) / float(self.case.cost_hours[step]) / CNY_PER_MWH

    def is_counted(self, row: int) -> bool | None:
        """Whether a MWh more that is used at a row of the balance is a MWh less lost to a rank of the order of purchase; None
        where that is not known."""
        return None if self.counted is None else bool(self.counted[row - self.program.rows["balance"].start])

    def price(self, row: int) -> float:
        """Price at a row of the balance [CNY/MWh]."""
        return self.per_mwh(self.duals[row], self.zone_of_balance(row)[1])

    def terms(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns of a row and their coefficients."""
        matrix = self.program.matrix
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        return matrix.indices[here], matrix.data[here]

    def rows_of(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of a column and its coefficients."""
        here = slice(self.by_column.indptr[column], self.by_column.indptr[column + 1])
        return self.by_column.indices[here], self.by_column.data[here]

    def member(self, kind: str, position: int) -> tuple[object, tuple]:
        """Family and label of a row or column."""
        families = self.program.rows if kind == "row" else self.program.columns
        family = next(one for one in families.values() if one.start <= position < one.start + one.size)
        return family, family.label(int(position) - family.start)

    def ruling(self, column: int) -> str | None:
        """The rule that sets the bound of a column towards which its reduced cost pushes it, if one does."""
        found = self.program.bound_by(column, "lower" if self.reduced[column] > 0 else "upper")
        return None if found is None else found[0].name

    def limit_of(self, column: int) -> tuple[str, str, str]:
        """What the bound of a column is called as part of a price, the family that sets it, and its asset."""
        family, name = self.asset(column)
        rule = self.ruling(column)
        return ("limit", family, name) if rule is None else (words_of(self.program, "row", rule).part or rule, rule, name)

    def asset(self, column: int) -> tuple[str, str]:
        """Name of a column's family, and of its asset."""
        family, label = self.member("column", column)
        return family.name, self.places.name(label, self.places.moment(family, label)[0])


def of_solved(solved) -> Optimum:
    """What a solved case in memory says."""
    balance = solved.program.rows["balance"].slice
    ranks = [duals[balance] for name, duals in solved.duals.items() if name != COST]
    ranks += [] if solved.counted is None else [solved.counted]
    return Optimum(solved.case, solved.program, solved.solution.row_duals, solved.solution.columns, counted_by(ranks, balance))


def counted_by(ranks: list[np.ndarray], balance: slice) -> np.ndarray:
    """At which rows of the balance some duals of ranks say that a MWh more used is a MWh less lost."""
    return np.any([duals < -ROUNDING for duals in ranks], axis=0) if ranks else np.zeros(balance.stop - balance.start, bool)
