"""Rules over one column each: they hold as bounds of it and have no row.

A model names such constraints (`model.bounding`). Each row `low <= a x + b <= high` of theirs is

    (low - b) / a <= x <= (high - b) / a        sides exchanged where a < 0

and narrows the column it stands over. What it asked for is kept, so that a bound can be told by the rule it is from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyomo.repn import generate_standard_repn

from grid_model.algebra.errors import LoweringError

ROUNDING = 1e-12  # bounds that cross by less, as part of their size, meet


@dataclass(frozen=True, eq=False)
class Bounding:
    """What one family of such rules asks for.

    family        its labels
    column        position of the column of each member
    lower, upper  what it asks of it, in units of the column
    """

    family: object
    column: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def sets(self, column: int, side: str, value: float) -> int | None:
        """Position of the member that asks for this bound of a column, if any."""
        found = np.flatnonzero((self.column == column) & (getattr(self, side) == value) & np.isfinite(value))
        return int(found[0]) if found.size else None


def bounding_of(family, matrix, low: np.ndarray, high: np.ndarray) -> Bounding:
    """From rows `low <= matrix x <= high`.

    Raises
    ------
    LoweringError : a row that has no column, or more than one
    """
    count = np.diff(matrix.indptr)
    if (count != 1).any():
        at = int(np.flatnonzero(count != 1)[0])
        raise LoweringError(f"{family.printed(at)} stands over {count[at]} columns: only a rule over one can be a bound")
    return Bounding(family, matrix.indices.copy(), *_sides(low, high, matrix.data))


def narrow(lower: np.ndarray, upper: np.ndarray, bounding: Bounding) -> None:
    """Take what a family asks for into the bounds of all columns, in place."""
    np.maximum.at(lower, bounding.column, bounding.lower)
    np.minimum.at(upper, bounding.column, bounding.upper)
    here = bounding.column
    upper[here] = _met(lower[here], upper[here])


def hold_as_bounds(constraint) -> None:
    """The same for a constraint that Pyomo has expanded: its columns are narrowed, and it no longer stands."""
    for member in constraint.values():
        low, body, high = member.to_bounded_expression(evaluate_bounds=True)
        linear = generate_standard_repn(body, compute_values=True)
        (column,), (factor,) = linear.linear_vars, linear.linear_coefs
        lower, upper = _sides(_or(low, -np.inf) - linear.constant, _or(high, np.inf) - linear.constant, factor)
        lower, upper = max(float(lower), _or(column.lb, -np.inf)), min(float(upper), _or(column.ub, np.inf))
        column.setlb(lower)
        column.setub(float(_met(lower, upper)))
    constraint.deactivate()


def _or(side, otherwise: float) -> float:
    return otherwise if side is None else float(side)


def _sides(low, high, factor):
    """Least and greatest x of low <= factor x <= high."""
    one, other = low / factor, high / factor
    return np.where(factor > 0, one, other), np.where(factor > 0, other, one)


def _met(lower, upper):
    """The upper bound, lifted to the lower one where it is below it by rounding only."""
    return np.where((lower > upper) & (lower - upper <= ROUNDING * np.abs(lower)), lower, upper)
