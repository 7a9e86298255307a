"""Conflict: why a linear programme has no feasible point, on arrays alone.

The elastic programme lets every side of a row and every bound of a column give way at a price (Chinneck, Feasibility
and Infeasibility in Optimization, Springer 2008, chapter 6):

    minimise    sum of w s
    subject to  row_lower <= A (x + s_up - s_down) + s_more - s_less <= row_upper,   column_lower <= x <= column_upper

Its optimum is the smallest relaxation that mends all. Its row duals y, with z = -A' y, prove that nothing smaller does
(Farkas): the sides that y and z lean on contradict each other,

    sum of y_i side_i + sum of z_j bound_j = sum of w s > 0

Rows with a dual fall apart into groups that share no column. What gives way in a group is looked at side by side: with
all others relaxed, and itself by all but a SLIVER of what it must, it contradicts some of what stands, and HiGHS finds
an irreducible infeasible subsystem, of which no side can be spared. That is one conflict. Sides that contradict the same
others share one excess: they are one conflict, in which all of them give way. In an irreducible system the proof is
unique, so any side i of it alone, to end it, would have to give way by at least the whole amount,
(sum of y side + sum of z bound) / |y_i|, where no other has given way.

A bound of zero is taken for what a quantity is (no negative generation) and never gives way; other bounds do so to zero
at most.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack

from grid_model.algebra import INFINITY, Arrays, LinearProgram

Status = highspy.HighsModelStatus
SMALLEST = 1e-6  # a relaxation below this is rounding, in units of the programme (GW: 1 kW)
ROUNDING = 1e-7  # of duals
IRREDUCIBLE_ROWS = 1000  # in larger groups the search takes minutes: there the proof is shown as it is
SLIVER = 1e-5  # part of what a side gives way, without which it is looked for what stands against it
ALIKE = 1 << 13  # HiGHS's presolve rule of columns that are alike, which prints past every log when it is undone
MOST_IN_GROUP = 30  # conflicts looked for in one group, largest first


@dataclass(frozen=True)
class Side:
    """One side of a row, or one bound of a column, that takes part in a conflict.

    kind      row or column
    position  in the programme
    side      lower or upper
    value     what it asks for, in units of the programme
    needed    by how much at least it alone would have to give way to end the conflict
    relaxed   by how much it gives way in the smallest relaxation of all, 0 where it stands
    most      by how much it can give way at most
    """

    kind: str
    position: int
    side: str
    value: float
    needed: float
    relaxed: float = 0.0
    most: float = INFINITY


@dataclass(frozen=True)
class Conflict:
    """Sides that cannot hold together, some of which give way; none can be spared where it is irreducible."""

    sides: tuple[Side, ...]
    irreducible: bool = True


@dataclass(frozen=True, eq=False)
class Limits:
    """Rows `lower <= matrix x <= upper` and bounds of x, columns after rows in `lower`, `upper` and the two penalties.

    A penalty is what it costs to give way by one; a row counts by its largest coefficient, so that a row of shares
    weighs as much as one of power.
    """

    matrix: csr_array
    lower: np.ndarray
    upper: np.ndarray
    lower_penalty: np.ndarray
    upper_penalty: np.ndarray

    @property
    def rows(self) -> int:
        return self.matrix.shape[0]

    def within(self, rows: np.ndarray, columns: np.ndarray) -> Limits:
        """Some rows and columns alone."""
        both = np.concatenate([rows, self.rows + columns])
        return Limits(
            self.matrix[rows][:, columns],
            *(values[both] for values in (self.lower, self.upper, self.lower_penalty, self.upper_penalty)),
        )


def limits_of(program: LinearProgram, lower_penalty=None, upper_penalty=None) -> Limits:
    """Limits of a programme; penalties, rows before columns, are one unless given."""
    ones = np.ones(sum(program.matrix.shape))
    return Limits(
        program.matrix,
        np.concatenate([program.row_lower, program.column_lower]),
        np.concatenate([program.row_upper, program.column_upper]),
        ones if lower_penalty is None else lower_penalty,
        ones if upper_penalty is None else upper_penalty,
    )


def find_conflicts(limits: Limits, time_limit_seconds: float = 60.0) -> list[Conflict] | None:
    """The conflicts; none where all can hold, None where time ran out before anything was known."""
    end = time.perf_counter() + time_limit_seconds
    found, limits = _crossed(limits)
    relaxed = _relax(limits, time_limit_seconds)
    if relaxed is None:
        return found or None
    for rows in _groups(limits, relaxed):
        found += _conflicts_in(limits, relaxed, rows, end)
    return found


def _crossed(limits: Limits) -> tuple[list[Conflict], Limits]:
    """Lower sides above the upper ones of the same row or column, each a conflict of its own; and limits without
    them.
    """
    found = []
    for at in np.flatnonzero(limits.lower > limits.upper + SMALLEST).tolist():
        gap = float(limits.lower[at] - limits.upper[at])
        found.append(Conflict((_side(limits, at, "lower", gap, gap), _side(limits, at, "upper", gap))))
    return found, Limits(
        limits.matrix, limits.lower, np.maximum(limits.lower, limits.upper), limits.lower_penalty, limits.upper_penalty
    )


@dataclass(frozen=True, eq=False)
class _Relaxed:
    """Optimum of the elastic programme: how far each side gives way, and the weight of each in the proof (y, then
    z).
    """

    lower: np.ndarray
    upper: np.ndarray
    weights: np.ndarray


def _relax(limits: Limits, time_limit_seconds: float) -> _Relaxed | None:
    """The elastic programme, solved; None where no optimum was found in time."""
    rows, columns = limits.matrix.shape
    lower, upper = np.split(limits.lower, [rows]), np.split(limits.upper, [rows])
    norm = np.maximum(
        abs(limits.matrix).max(axis=1).toarray().reshape(-1) if limits.matrix.nnz else np.ones(rows), 1e-9
    )
    falling = np.flatnonzero((limits.lower > -INFINITY) & ((np.arange(rows + columns) < rows) | (limits.lower != 0)))
    rising = np.flatnonzero(limits.upper < INFINITY)
    shifts = hstack(
        [csr_array((np.ones(rows), (np.arange(rows), np.arange(rows))), shape=(rows, rows)), -limits.matrix],
        format="csc",
    )
    matrix = hstack([limits.matrix, shifts[:, falling], -shifts[:, rising]], format="csr")
    scale = np.concatenate([norm, np.ones(columns)])
    cost = np.concatenate(
        [np.zeros(columns), (limits.lower_penalty / scale)[falling], (limits.upper_penalty / scale)[rising]]
    )
    to_zero = [
        np.where((at >= rows) & (sign * side[at] > 0), sign * side[at], INFINITY)
        for at, sign, side in ((falling, 1, limits.lower), (rising, -1, limits.upper))
    ]
    highs = Arrays(
        cost,
        0.0,
        np.concatenate([lower[1], np.zeros(len(cost) - columns)]),
        np.concatenate([upper[1], *to_zero]),
        lower[0],
        upper[0],
        matrix,
    ).to_highs()
    highs.setOptionValue("presolve_rule_off", ALIKE)
    highs.setOptionValue("time_limit", max(float(time_limit_seconds), 0.0))
    highs.run()
    if highs.getModelStatus() != Status.kOptimal:
        return None
    solution, gives = highs.getSolution(), [np.zeros(rows + columns), np.zeros(rows + columns)]
    for give, where, values in zip(
        gives, (falling, rising), np.split(np.asarray(solution.col_value)[columns:], [len(falling)])
    ):
        give[where] = np.maximum(values, 0.0)
    duals = np.asarray(solution.row_dual)
    duals = np.where(np.abs(duals) * norm > ROUNDING, duals, 0.0)
    reduced = -(limits.matrix.T @ duals)
    return _Relaxed(*gives, np.concatenate([duals, np.where(np.abs(reduced) > ROUNDING, reduced, 0.0)]))


def _groups(limits: Limits, relaxed: _Relaxed) -> list[np.ndarray]:
    """Rows of the proof that are tied to each other by columns, for every group in which something gives way."""
    if max(relaxed.lower.max(initial=0.0), relaxed.upper.max(initial=0.0)) <= SMALLEST:
        return []
    from scipy.sparse.csgraph import connected_components  # slow to import, and most cases hold no conflict

    used = np.flatnonzero(relaxed.weights[: limits.rows])
    pattern = abs(limits.matrix[used])
    count, group = connected_components(pattern @ pattern.T, directed=False)
    return [used[group == one] for one in range(count)]


def _conflicts_in(limits: Limits, relaxed: _Relaxed, rows: np.ndarray, end: float) -> list[Conflict]:
    """One conflict for everything that gives way in a group, what gives way most first."""
    both = np.concatenate([rows, limits.rows + np.unique(limits.matrix[rows].indices)])
    group = limits.within(rows, both[len(rows) :] - limits.rows)
    lower, upper = group.lower - relaxed.lower[both], group.upper + relaxed.upper[both]
    giving = [
        (float(amounts[both][at]), int(at), side)
        for side, amounts in (("lower", relaxed.lower), ("upper", relaxed.upper))
        for at in np.flatnonzero(amounts[both] > SMALLEST)
    ]
    found: dict[frozenset, tuple[dict, dict, bool]] = {}  # by the sides: what is needed of each, what some give
    for number, (amount, at, side) in enumerate(sorted(giving, reverse=True)):
        needed, irreducible = {(at, side): amount}, False
        if number < MOST_IN_GROUP:
            sliver = max(SLIVER * amount, min(amount, 10 * SMALLEST))
            low, high = lower.copy(), upper.copy()
            (low if side == "lower" else high)[at] += sliver if side == "lower" else -sliver
            now = Limits(group.matrix, low, high, group.lower_penalty, group.upper_penalty)
            against, proven = _sides_against(now, group, end)
            if (at, side) in against:
                needed, irreducible = against, proven
        _, gives, _ = found.setdefault(frozenset(needed), (needed, {}, irreducible))
        gives[at, side] = amount
    return [
        Conflict(
            tuple(_side(limits, int(both[at]), side, least, gives.get((at, side), 0.0)) for (at, side), least in needed.items()),
            irreducible,
        )
        for needed, gives, irreducible in found.values()
    ]


def _sides_against(now: Limits, asked: Limits, end: float) -> tuple[dict[tuple[int, str], float], bool]:
    """A conflict within limits of which some have given way already: by position and side, how far each alone would have
    to give way of what was asked; and whether it is irreducible. Empty where none was found in time.
    """
    lower, upper = now.lower, now.upper
    system = _irreducible(now, end - time.perf_counter()) if now.rows <= IRREDUCIBLE_ROWS else None
    if system is not None:
        low, high = system
        lower, upper = np.full(len(now.lower), -INFINITY), np.full(len(now.upper), INFINITY)
        lower[low], upper[high] = now.lower[low], now.upper[high]
    proof = _relax(Limits(now.matrix, lower, upper, now.lower_penalty, now.upper_penalty), end - time.perf_counter())
    if proof is None:
        return {}, False
    return _leaning(proof.weights, asked), system is not None


def _leaning(weights: np.ndarray, asked: Limits) -> dict[tuple[int, str], float]:
    """The sides with a weight in a proof, and how far each alone would have to give way to undo it."""
    used = np.flatnonzero(weights)
    values = np.where(weights > 0, asked.lower, asked.upper)[used]
    size = float(weights[used] @ np.where(np.abs(values) < INFINITY, values, 0.0))
    return {(int(at), "lower" if weights[at] > 0 else "upper"): abs(size / float(weights[at])) for at in used}


def _irreducible(now: Limits, seconds: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions of lower and of upper sides that cannot hold together and of which none can be spared; None where they
    are not known in time."""
    if seconds <= 0:
        return None
    rows, columns = now.matrix.shape
    highs = Arrays(
        np.zeros(columns), 0.0, now.lower[rows:], now.upper[rows:], now.lower[:rows], now.upper[:rows], now.matrix
    ).to_highs()
    highs.setOptionValue("presolve_rule_off", ALIKE)
    highs.setOptionValue("iis_strategy", int(highspy.IisStrategy.kIisStrategyIrreducible))
    highs.setOptionValue("iis_time_limit", seconds)
    status, system = highs.getIis()
    if status != highspy.HighsStatus.kOk or not system.valid_:
        return None
    at = np.concatenate([np.asarray(system.row_index_, int), rows + np.asarray(system.col_index_, int)])
    bound = np.array([int(one) for one in [*system.row_bound_, *system.col_bound_]], int)
    low, high, boxed = (
        int(getattr(highspy.IisBoundStatus, f"kIisBoundStatus{name}")) for name in ("Lower", "Upper", "Boxed")
    )
    return at[np.isin(bound, (low, boxed))], at[np.isin(bound, (high, boxed))]


def _side(limits: Limits, at: int, side: str, needed: float, relaxed: float = 0.0) -> Side:
    kind, position = ("row", at) if at < limits.rows else ("column", at - limits.rows)
    value = float((limits.lower if side == "lower" else limits.upper)[at])
    to_zero = value if side == "lower" else -value
    return Side(kind, position, side, value, needed, relaxed, to_zero if kind == "column" and to_zero > 0 else INFINITY)
