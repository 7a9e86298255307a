"""Certificate of optimality: a lower bound of the cost from dual values alone, by weak duality.

For any y, with z = cost - matrix' y, every feasible x costs at least

    offset + sum_i (y_i > 0 ? y_i row_lower_i : y_i row_upper_i) + sum_j (z_j > 0 ? z_j lower_j : z_j upper_j)

so the bound is true whatever the duals are; the optimal duals make it equal to the cost. A dual whose sign asks for a side
that is open is set to zero first (rows), or costs the bound (columns): tiny ones of no more than `NOISE` are taken as zero,
which is stated in `ignored`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.algebra import INFINITY, LinearProgram

NOISE = 1e-9


@dataclass(frozen=True)
class Certificate:
    """`bound` in units of the programme's cost; `ignored` counts open columns with a reduced cost of no more than NOISE."""

    bound: float
    ignored: int


def certify(program: LinearProgram, row_duals: np.ndarray, bounds: tuple[np.ndarray, np.ndarray] | None = None,
            cost: np.ndarray | None = None) -> Certificate:
    """Lower bound of a programme's optimum from row duals, shape (rows,).

    `bounds` are other (lower, upper) of columns and rows together: those that keep what was ranked before the cost.
    `cost` is another vector that was minimised: a rank.
    """
    lower, upper = bounds or (np.concatenate([program.column_lower, program.row_lower]),
                              np.concatenate([program.column_upper, program.row_upper]))
    columns = len(program.cost)
    duals = np.where((row_duals > 0) & (lower[columns:] <= -INFINITY), 0.0, row_duals)
    duals = np.where((duals < 0) & (upper[columns:] >= INFINITY), 0.0, duals)
    prices = np.concatenate([(program.cost if cost is None else cost) - program.matrix.T @ duals, duals])
    noise = (np.abs(prices) <= NOISE) & np.where(prices > 0, lower <= -INFINITY, upper >= INFINITY)
    return Certificate(program.offset + _worst(np.where(noise, 0.0, prices), lower, upper), int(noise[:columns].sum()))


def _worst(prices: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Least of prices @ v over lower <= v <= upper."""
    side = np.where(prices > 0, lower, upper)
    return float(np.sum(prices[prices != 0] * side[prices != 0]))
