"""A lower bound of a long programme from its windows (Lagrange).

For any prices y of the rows that reach over the border of a window, with local rows kept in each window w,

    optimum >= sum over windows of min { (c - y A_open) x_w : local rows, bounds }
               + sum over open rows of (y > 0 ? y side_lower : y side_upper)

A price whose sign asks for a side that is open is taken as zero. Columns are parted among the windows by their
position, so the minima are independent and the bound is true whatever the prices are.
"""

from __future__ import annotations

import logging

import numpy as np

from grid_model.algebra import INFINITY, Arrays, LinearProgram
from grid_model.errors import SolveError
from grid_model.solve.timeline import Timeline, borders_of
from grid_model.solve.working import Working

logger = logging.getLogger(__name__)


def lower_bound(program: LinearProgram, time: Timeline, objective: np.ndarray, duals: np.ndarray, window: int, **limits) -> float:
    """What the objective comes to at least, without the programme's offset.

    Parameters
    ----------
    duals : prices of the rows; only those of rows over a border are used
    window : steps of a window

    At prices at which a window has no least cost the bound is minus infinity: true, and of no use.
    """
    windows = np.asarray(borders_of(time.steps, window))
    home = np.searchsorted(windows[:, 1], time.columns)  # columns that last are all in a window of their own
    home = np.where(time.lasting, len(windows), home)
    rows = np.repeat(np.arange(program.matrix.shape[0]), np.diff(program.matrix.indptr))
    first, last = (np.full(program.matrix.shape[0], start) for start in (len(windows) + 1, -1))
    np.minimum.at(first, rows, home[program.matrix.indices])
    np.maximum.at(last, rows, home[program.matrix.indices])
    open_rows = np.flatnonzero(first < last)
    prices = np.zeros(program.matrix.shape[0])
    prices[open_rows] = duals[open_rows]
    prices[(prices > 0) & (program.row_lower <= -INFINITY)] = 0.0
    prices[(prices < 0) & (program.row_upper >= INFINITY)] = 0.0
    cost = objective - program.matrix.T @ prices
    side = np.where(prices > 0, program.row_lower, program.row_upper)
    total = float(prices[prices != 0] @ side[prices != 0])
    for number in range(len(windows) + 1):  # the last one holds the columns that last
        total += _least(program, cost, np.flatnonzero(home == number), np.flatnonzero((first == number) & (last == number)), limits)
    return total


def _least(program: LinearProgram, cost, columns, rows, limits) -> float:
    """Minimum over some columns and the rows that are theirs alone."""
    if not len(columns):
        return 0.0
    part = Arrays(cost[columns], 0.0, program.column_lower[columns], program.column_upper[columns],
                  program.row_lower[rows], program.row_upper[rows], program.matrix[rows][:, columns])
    try:
        return Working(part).optimise("simplex", **limits).objective
    except SolveError as error:
        logger.warning("no bound: %s", error)
        return -np.inf
