"""A lower bound by weak duality in exact rational arithmetic, for small programmes.

Every float is a fraction. Duals of a solver leave reduced costs of 1e-17 at columns that have no bound on the side these
ask for, where an exact bound would be minus infinity: such columns J are mended first, by the change u of the duals with

    A_J' u = c_J - A_J' y,   exact, rows with a dual before others

(Gaussian elimination over fractions); what is then bounded are the mended duals, and any duals give a true bound.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.sparse import csc_array

from grid_model.algebra import INFINITY
from grid_model.errors import InputError

MOST_NONZEROS, MOST_OPEN = 50_000, 600
NOISE = 1e-7  # reduced costs below this are meant to be none


def bound(matrix, cost: np.ndarray, offset: Fraction, duals: np.ndarray, bounds) -> Fraction | float:
    """Least of cost @ x + offset by weak duality; minus infinity where duals cannot be mended.

    Raises
    ------
    InputError : the programme is too large
    """
    lower, upper = bounds
    columns = len(cost)
    if matrix.nnz > MOST_NONZEROS:
        raise InputError(f"exact arithmetic is for programmes of at most {MOST_NONZEROS:,} non-zeros; this one has {matrix.nnz:,}: "
                         "audit it without --strict-numerics, or take fewer hours")
    by_column = csc_array(matrix)
    y = [_signed(float(value), lower[columns + row], upper[columns + row]) for row, value in enumerate(duals)]
    reduced = [_reduced(by_column, cost, y, column) for column in range(columns)]
    open_below, open_above = lower[:columns] <= -INFINITY, upper[:columns] >= INFINITY
    small = np.array([abs(value) <= NOISE for value in reduced], bool)
    chosen = np.flatnonzero(small & (open_below | open_above))
    if any(_is_open(reduced[column], open_below[column], open_above[column]) for column in chosen):
        if len(chosen) > MOST_OPEN:
            raise InputError(f"exact arithmetic is for programmes of at most {MOST_OPEN} columns without bounds; {len(chosen)} here: "
                             "audit it without --strict-numerics, or take fewer hours")
        change = _mend(by_column, chosen, reduced, duals, lower[columns:], upper[columns:])
        y = [value + change.get(row, 0) for row, value in enumerate(y)]
        touched = np.unique(np.concatenate([matrix.indices[matrix.indptr[row]:matrix.indptr[row + 1]] for row in change] or [[]]))
        for column in touched.astype(int):
            reduced[column] = _reduced(by_column, cost, y, column)
    return offset + _least(y, lower[columns:], upper[columns:]) + _least(reduced, lower[:columns], upper[:columns])


def _signed(value: float, lower: float, upper: float) -> Fraction:
    return Fraction(0) if (value > 0 and lower <= -INFINITY) or (value < 0 and upper >= INFINITY) else Fraction(value)


def _is_open(price: Fraction, below: bool, above: bool) -> bool:
    return bool((price > 0 and below) or (price < 0 and above))


def _entries(by_column, column: int) -> dict[int, Fraction]:
    here = slice(by_column.indptr[column], by_column.indptr[column + 1])
    return {int(row): Fraction(float(value)) for row, value in zip(by_column.indices[here], by_column.data[here])}


def _reduced(by_column, cost, y, column: int) -> Fraction:
    return Fraction(float(cost[column])) - sum((value * y[row] for row, value in _entries(by_column, column).items()), Fraction(0))


def _mend(by_column, chosen, reduced, duals, lower, upper) -> dict[int, Fraction]:
    """Change of duals that leaves the chosen columns no reduced cost, by elimination; what depends on others is left."""
    pivots: list[tuple[int, dict, Fraction]] = []  # row, equation without it, side
    place: dict[int, int] = {}
    for column in chosen:
        equation, side = _entries(by_column, int(column)), reduced[column]
        while True:
            row = next((one for one in equation if one in place), None)
            if row is None:
                break
            factor = equation.pop(row)
            _, other, its_side = pivots[place[row]]
            side -= factor * its_side
            for key, value in other.items():
                rest = equation.get(key, Fraction(0)) - factor * value
                equation.pop(key, None)
                if rest:
                    equation[key] = rest
        free = [row for row in equation if lower[row] == upper[row] or duals[row]]
        if not free:
            continue
        row = max(free, key=lambda one: (bool(duals[one]), abs(equation[one])))
        factor = equation.pop(row)
        place[row] = len(pivots)
        pivots.append((row, {key: value / factor for key, value in equation.items()}, side / factor))
    change: dict[int, Fraction] = {}
    for row, equation, side in reversed(pivots):
        change[row] = side - sum((value * change.get(key, 0) for key, value in equation.items()), Fraction(0))
    return change


def _least(prices, lower, upper) -> Fraction | float:
    """Least of prices @ v over lower <= v <= upper."""
    total = Fraction(0)
    for price, low, high in zip(prices, lower, upper):
        if price:
            side = low if price > 0 else high
            if abs(side) >= INFINITY:
                return -float("inf")
            total += price * Fraction(float(side))
    return total
