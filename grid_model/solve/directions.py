"""Directions: which column of each pair stays at zero, where there are few, or closing one after another left no way (one_way.py).

With a switch z of each pair, whose columns a and b have bounds A and B, the mixed-integer programme is

    minimise    cost x    over the programme and    a <= A z,    b <= B (1 - z),    z in {0, 1}

It says whether there is a way at all, and the best one. Large ones take long, so that it is asked last and for SECONDS at most.
"""

from __future__ import annotations

import logging
import time

import highspy
import numpy as np
from scipy.sparse import block_array, csr_array, vstack

from grid_model.algebra import INFINITY, Arrays
from grid_model.solve.highs import run

SECONDS = 60.0

logger = logging.getLogger(__name__)


def find_directions(program: Arrays, cost: np.ndarray, pairs: np.ndarray) -> np.ndarray | None:
    """Positions of the columns, one of each pair, that may stay at zero; none where there is no way or none was found in time.

    Parameters
    ----------
    pairs : positions of the two columns of each, shape (pairs, 2), with upper bounds
    """
    first, second = pairs.T
    most = program.column_upper[pairs]
    if (most >= INFINITY).any():
        return None
    highs = _switched(program, cost, pairs, most).to_highs()
    columns, switches = len(program.cost), len(pairs)
    highs.changeColsIntegrality(switches, np.arange(columns, columns + switches, dtype=np.int32),
                                np.full(switches, highspy.HighsVarType.kInteger))
    highs.setOptionValue("time_limit", SECONDS)
    for kind in ("mip_rel_gap", "mip_abs_gap"):
        highs.setOptionValue(kind, 0.0)
    run(highs, time.perf_counter())
    status, found = highs.getModelStatus(), highs.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    switch = np.asarray(highs.getSolution().col_value[columns:]) if found else None
    logger.info("directions of %d pairs: %s", switches, highs.modelStatusToString(status))
    highs.let_go()
    return np.where(switch > 0.5, second, first) if found else None


def _switched(program: Arrays, cost: np.ndarray, pairs: np.ndarray, most: np.ndarray) -> Arrays:
    """The programme with the switches as columns behind its own; `most` are A and B, shape (pairs, 2)."""
    columns, switches = len(program.cost), len(pairs)
    each, at = np.arange(switches), np.ones(switches)
    chosen = vstack([csr_array((at, (each, side)), shape=(switches, columns)) for side in pairs.T])
    opened = vstack([csr_array((sign * most[:, side], (each, each)), shape=(switches, switches)) for side, sign in ((0, -1.0), (1, 1.0))])
    sides = np.concatenate([np.zeros(switches), most[:, 1]])
    return Arrays(
        cost=np.pad(cost, (0, switches)), offset=program.offset,
        column_lower=np.pad(program.column_lower, (0, switches)), column_upper=np.concatenate([program.column_upper, at]),
        row_lower=np.pad(program.row_lower, (0, 2 * switches), constant_values=-INFINITY),
        row_upper=np.concatenate([program.row_upper, sides]),
        matrix=block_array([[program.matrix, None], [chosen, opened]], format="csr"))
