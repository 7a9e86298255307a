"""Windows: a long programme solved a piece of its horizon at a time, from a plan of the whole.

symbol  meaning
p       position of a column: the step in which it is decided; a state at border t belongs to step t. A column without a
        step (of a month, a year) belongs to the last step of the rows that it stands in
a, b, e window k keeps steps a < p <= b and looks ahead to e
x*, y*  plan: values of all columns and prices of all rows from a coarser programme (medium_term.py); none: zero
A_r     a row; z_r = sum of A_rj x_j over p_j <= e, what it comes to at the end of the window

A row belongs to a window when its last column does: columns before it are known, the row is exact, and so levels,
commitment and ramps go on over every border. A row that ends beyond the window (a year's energy, a level that the next
step starts from) is bought and sold at the price of the plan, near the plan:

    minimise  (c - y* A) x + sum over rows of (d_r s_r + u_r t_r)
              z_r + s_r - t_r = z*_r               s_r, t_r >= 0: what is missed, and what is more than planned
              side_lower - most later <= z_r <= side_upper - least later       what later columns can still make good

A window that what was kept before leaves no way is joined with those before it. In the formula z*_r is the plan's: what was missed before is asked for again. d and u are STIFFNESS |y*_r| + LEAST; on the side
that the row forbids it is what a column without a step asks to make it good (a penalty, a rank), where that is more. Each window starts from the last one's basis, moved in
time. The kept part of all windows is a point that satisfies every row, and their bases side by side are a basis of the
whole (see exact.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack

from grid_model.algebra import INFINITY, LinearProgram
from grid_model.errors import InfeasibleError
from grid_model.solve.working import Basis, Working, rows_of

STIFFNESS = 0.5
LEAST = 1e-4  # million CNY/GWh: 0.1 CNY/MWh
NOTHING = 1e-9  # GW, GWh
FREE = -1  # position of a row that has no column


@dataclass(frozen=True, eq=False)
class Timeline:
    """Where columns and rows of a programme stand in time.

    columns  position of each column
    lasting  which columns have no step of their own
    first, last  positions of the first and last column of each row, FREE where it has none
    column_key, row_key  a number for each member that a later step's twin shares, apart from its position
    steps    how many there are
    """

    columns: np.ndarray
    lasting: np.ndarray
    first: np.ndarray
    last: np.ndarray
    column_key: np.ndarray
    row_key: np.ndarray
    row_step: np.ndarray
    steps: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What is known of the whole: values of the columns, row duals of the objective and of the cost alone, and which rows
    have them."""

    columns: np.ndarray
    duals: np.ndarray
    cost_duals: np.ndarray
    priced: np.ndarray

    @classmethod
    def none(cls, columns: int, rows: int) -> Plan:
        return cls(np.zeros(columns), np.zeros(rows), np.zeros(rows), np.zeros(rows, bool))


@dataclass(eq=False)
class Pieced:
    """The kept parts of all windows together: a point, row duals of the objective and of the cost alone, statuses of a
    basis, and iterations by window."""

    columns: np.ndarray
    duals: np.ndarray
    cost_duals: np.ndarray
    statuses: np.ndarray
    iterations: list

    @classmethod
    def empty(cls, columns: int, rows: int) -> Pieced:
        return cls(np.zeros(columns), np.zeros(rows), np.zeros(rows), np.full(columns + rows, int(Basis.kLower), np.int8), [])


def timeline(program: LinearProgram, steps, borders) -> Timeline:
    """Positions of a programme over the model's sets of steps and borders."""
    sets = {id(steps), id(borders)}
    columns, column_key, labelled = _places(program.columns, len(program.cost), sets)
    row_step, row_key, _ = _places(program.rows, len(program.row_lower), None)
    matrix = program.matrix
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    columns = _settled(columns, labelled, rows, matrix)
    first, last = np.full(matrix.shape[0], np.iinfo(np.int64).max), np.full(matrix.shape[0], FREE)
    np.minimum.at(first, rows, columns[matrix.indices])
    np.maximum.at(last, rows, columns[matrix.indices])
    return Timeline(columns, ~labelled, np.where(last == FREE, FREE, first), last, column_key, row_key, row_step, int(columns.max(initial=1)))


def _places(families, size: int, sets: set | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step of each member, a key of it without the step, and whether it has a step; rows may have any axis of integers
    called after steps."""
    step, key, labelled = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, bool)
    offset = 0
    for family in families.values():
        of_time = [axis for axis, name in enumerate(family.dimensions) if _is_time(family.axes[axis], name, sets)]
        here = np.arange(family.size).reshape(family.shape)
        if of_time:
            axis = of_time[-1]
            shape = [1] * len(family.shape)
            shape[axis] = -1
            labels = np.asarray(family.axes[axis].labels, np.int64).reshape(shape)
            step[family.slice] = np.broadcast_to(labels, family.shape).reshape(-1)
            labelled[family.slice] = True
            here = np.broadcast_to(np.take(here, [0], axis=axis), family.shape)
        key[family.slice] = offset + here.reshape(-1)
        offset += family.size
    return step, key, labelled


def _is_time(axis, name: str, sets: set | None) -> bool:
    if sets is not None:
        return id(axis.source) in sets
    return axis.dimension == 1 and (name.endswith(("steps", "step", "borders")) or name == "always")


def _settled(columns, labelled, rows, matrix) -> np.ndarray:
    """Columns without a step take the last step of the rows that they stand in, those nearest to steps first."""
    known = labelled.copy()
    while not known.all():
        last = np.full(matrix.shape[0], FREE)
        there = known[matrix.indices]
        np.maximum.at(last, rows[there], columns[matrix.indices[there]])
        reached = ~known[matrix.indices] & (last[rows] != FREE)
        if not reached.any():  # of rows that no step reaches: decided at the end
            columns = np.where(known, columns, columns.max(initial=1))
            break
        found = np.full(len(columns), FREE)
        np.maximum.at(found, matrix.indices[reached], last[rows[reached]])
        columns = np.where(found != FREE, found, columns)
        known |= found != FREE
    return np.maximum(columns, 1)


def borders_of(steps: int, window: int) -> list[tuple[int, int]]:
    """(a, b) of windows of `window` steps; a rest shorter than half a window goes to the last one."""
    starts = list(range(0, steps, window))
    if len(starts) > 1 and steps - starts[-1] < window / 2:
        starts.pop()
    return list(zip(starts, [*starts[1:], steps], strict=True))


def solve_pieces(program: LinearProgram, time: Timeline, objective: np.ndarray, window: int, ahead: int,
                 plan: Plan | None = None, seldom: Iterable[str] = (), start: int = 0, method: str = "simplex",
                 known: Pieced | None = None, kept: Callable | None = None, **limits) -> Pieced:
    """Solve window after window.

    Parameters
    ----------
    objective : cost of the columns that is minimised
    window, ahead : steps that a window keeps, and looks ahead
    known, start : what was solved up to the end of window number `start` by an earlier run
    kept : called with (number, windows, Pieced) after each window

    Raises
    ------
    InfeasibleError, SolveError : as of `optimise`; a window that has no optimum stops all
    """
    windows = borders_of(time.steps, window)
    size = len(program.cost), len(program.row_lower)
    pieced = known or Pieced.empty(*size)
    slices = _Slices(program, time, objective, plan or Plan.none(*size), rows_of(program, seldom))
    basis = None
    for number, (_, end) in enumerate(windows):
        if number < start:
            continue
        basis = _solve_joined(slices, pieced, [start for start, _ in windows[:number + 1]], end,
                              min(end + ahead, time.steps), basis, method, limits)
        if kept is not None:
            kept(number, len(windows), pieced)
    return pieced


class _Slices:
    """The programme with what every window asks of it."""

    def __init__(self, program, time, objective, plan, lazy):
        self.program, self.time, self.objective, self.plan, self.lazy = program, time, objective, plan, lazy
        self.by_column = np.argsort(time.columns, kind="stable")
        self.sorted_columns = time.columns[self.by_column]
        self.by_row = np.argsort(time.last, kind="stable")
        self.sorted_rows = time.last[self.by_row]
        spanning = time.last > time.first
        self.spanning = np.flatnonzero(spanning & ~lazy & plan.priced)
        self.least, self.most = self._activity_bounds()
        self.remedy = self._remedies()

    def columns(self, begin: int, end: int) -> np.ndarray:
        return np.sort(self.by_column[slice(*np.searchsorted(self.sorted_columns, [begin, end], side="right"))])

    def rows(self, begin: int, end: int) -> np.ndarray:
        return np.sort(self.by_row[slice(*np.searchsorted(self.sorted_rows, [begin, end], side="right"))])

    def open_rows(self, begin: int, end: int) -> np.ndarray:
        """Rows with a column in the window that end beyond it."""
        rows = self.spanning
        return rows[(self.time.last[rows] > end) & (self.time.first[rows] <= end)]

    def _remedies(self) -> np.ndarray:
        """Dearest price per unit at which a column without a step makes a spanning row good."""
        part = self.program.matrix[self.spanning]
        price = np.where(self.time.lasting, np.abs(self.objective), 0.0)[part.indices] / np.abs(part.data)
        return np.maximum.reduceat(np.concatenate([price, [0.0]]), part.indptr[:-1]) * (np.diff(part.indptr) > 0)

    def stiffness(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """d and u of rows that end beyond a window."""
        price = np.abs(self.plan.duals[rows])
        even = STIFFNESS * price + LEAST
        firm = np.maximum(even, self.remedy[np.searchsorted(self.spanning, rows)] - price)
        least, most = self.program.row_lower[rows] > -INFINITY, self.program.row_upper[rows] < INFINITY
        return np.where(least, firm, even), np.where(most, firm, even)

    def _activity_bounds(self) -> tuple[csr_array, csr_array]:
        """Least and most that each entry of the spanning rows can come to, by bounds of its column."""
        part = self.program.matrix[self.spanning]
        low, high = (bound[part.indices] for bound in (self.program.column_lower, self.program.column_upper))
        with np.errstate(invalid="ignore"):
            ends = part.data * low, part.data * high
        least, most = (csr_array((pick(*ends), part.indices, part.indptr), shape=part.shape) for pick in (np.minimum, np.maximum))
        return least, most


def _solve_joined(slices: _Slices, pieced: Pieced, starts: list[int], end: int, horizon: int, basis, method, limits):
    """Solve the last window of `starts`; where what was kept before leaves it no way, together with those before it, one,
    three, seven and so on, as one window."""
    joined = 1
    while True:
        try:
            return _solve_window(slices, pieced, starts[-joined], end, horizon, basis, method, limits)
        except InfeasibleError:
            if joined == len(starts):
                raise
        joined, basis = min(2 * joined, len(starts)), None


def _solve_window(slices: _Slices, pieced: Pieced, begin: int, keep: int, end: int, basis, method, limits):
    """Solve one window into `pieced`; the basis that the next one starts from."""
    program, time = slices.program, slices.time
    columns, rows = slices.columns(begin, end), slices.rows(begin, end)
    part, elastic, cost = _window_programme(slices, pieced, columns, rows, begin, end)
    statuses = None if basis is None else basis.moved(time, columns, rows, elastic, begin)
    seldom = np.concatenate([slices.lazy[rows], np.zeros(len(elastic), bool)])
    working = Working(part, seldom, statuses)
    solution = working.optimise("simplex" if statuses is not None else method, **limits)
    found = working.statuses()
    duals, cost_duals = working.over_all_rows(solution.row_duals), working.duals_of(cost)
    width = len(columns) + 2 * len(elastic)
    mine, own = time.columns[columns] <= keep, time.last[rows] <= keep
    pieced.columns[columns[mine]] = solution.columns[:len(columns)][mine]
    pieced.statuses[columns[mine]] = found[:len(columns)][mine]
    pieced.duals[rows[own]] = duals[:len(rows)][own]
    pieced.cost_duals[rows[own]] = (duals if cost_duals is None else cost_duals)[:len(rows)][own]
    pieced.statuses[len(program.cost) + rows[own]] = found[width:width + len(rows)][own]
    pieced.iterations.append(solution.iterations)
    return _Basis(time, columns, rows, elastic, found, begin)


def _window_programme(slices: _Slices, pieced: Pieced, columns, rows, begin: int, end: int):
    """The window's own programme (exact rows, then one elastic row for each row that ends beyond it), its elastic rows, and
    its columns' cost without ranks."""
    program, time, plan = slices.program, slices.time, slices.plan
    elastic = slices.open_rows(begin, end) if end < time.steps else np.empty(0, np.int64)
    exact, open_part = program.matrix[rows], program.matrix[elastic]
    before = np.where(time.columns <= begin, pieced.columns, 0.0)
    done, past = _rounded(exact @ before), _rounded(open_part @ before)
    inner, open_inner = exact[:, columns], open_part[:, columns]
    planned = open_part @ np.where(time.columns <= end, plan.columns, 0.0)
    objective = slices.objective[columns] - open_inner.T @ plan.duals[elastic]
    missed, over = slices.stiffness(elastic)
    even = STIFFNESS * np.abs(plan.cost_duals[elastic])
    cost = np.concatenate([program.cost[columns] - open_inner.T @ plan.cost_duals[elastic], even, even])
    lower, upper = _still_possible(slices, elastic, end)
    planned = _rounded(np.clip(planned, lower, upper))
    eye = csr_array((np.ones(len(elastic)), (np.arange(len(elastic)), np.arange(len(elastic)))), shape=(len(elastic),) * 2)
    top = hstack([inner, csr_array((len(rows), 2 * len(elastic)))], format="csr")
    bottom = hstack([open_inner, eye, -eye], format="csr")
    matrix = csr_array((np.concatenate([top.data, bottom.data]), np.concatenate([top.indices, bottom.indices]),
                        np.concatenate([top.indptr, top.indptr[-1] + bottom.indptr[1:]])),
                       shape=(len(rows) + len(elastic), len(columns) + 2 * len(elastic)))
    side = planned - past
    part = replace(program, columns={}, rows={}, matrix=matrix, offset=0.0,
                   cost=np.concatenate([objective, missed, over]),
                   column_lower=np.concatenate([program.column_lower[columns], np.zeros(2 * len(elastic))]),
                   column_upper=np.concatenate([program.column_upper[columns], _rounded(planned - lower), _rounded(upper - planned)]),
                   row_lower=np.concatenate([program.row_lower[rows] - done, side]),
                   row_upper=np.concatenate([program.row_upper[rows] - done, side]))
    return part, elastic, cost


def _rounded(values: np.ndarray) -> np.ndarray:
    """Without what is left of sums that cancel."""
    return np.where(np.abs(values) < NOTHING, 0.0, values)


def _still_possible(slices: _Slices, elastic: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Between what a row may come to at the end of a window so that later columns can still keep it."""
    program = slices.program
    where = np.searchsorted(slices.spanning, elastic)
    later = (slices.time.columns > end).astype(float)
    least, most = (_sum_later(bounds[where], later) for bounds in (slices.least, slices.most))
    lower, upper = program.row_lower[elastic] - most, program.row_upper[elastic] - least
    return np.maximum(lower, -INFINITY), np.minimum(np.maximum(upper, lower), INFINITY)


def _sum_later(bounds: csr_array, later: np.ndarray) -> np.ndarray:
    chosen = later[bounds.indices] > 0
    values = np.where(chosen, bounds.data, 0.0)
    return np.add.reduceat(np.concatenate([values, [0.0]]), bounds.indptr[:-1]) * (np.diff(bounds.indptr) > 0)


class _Basis:
    """Statuses of a window's basis by key and distance from its beginning, to be moved to the next window."""

    def __init__(self, time: Timeline, columns, rows, elastic, statuses, begin: int):
        width = len(columns) + 2 * len(elastic)
        self.columns = _by_key(time.column_key[columns], time.columns[columns] - begin, statuses[:len(columns)])
        self.rows = _by_key(time.row_key[rows], time.row_step[rows] - begin, statuses[width:width + len(rows)])
        names = time.row_key[elastic]
        parts = statuses[len(columns):width].reshape(2, -1), statuses[width + len(rows):]
        self.elastic = [_by_key(names, 0 * names, part) for part in (*parts[0], parts[1])]

    def moved(self, time: Timeline, columns, rows, elastic, begin: int) -> np.ndarray:
        """Statuses for another window: its twins' where there are any; other columns at a bound, other rows basic."""
        names = time.row_key[elastic]
        up, down, row = (_looked_up(part, names, 0 * names, default) for part, default in zip(
            self.elastic, (Basis.kLower, Basis.kLower, Basis.kBasic), strict=True))
        return np.concatenate([
            _looked_up(self.columns, time.column_key[columns], time.columns[columns] - begin, Basis.kLower), up, down,
            _looked_up(self.rows, time.row_key[rows], time.row_step[rows] - begin, Basis.kBasic), row])


_SPAN = np.int64(1) << 22  # more than any number of steps


def _by_key(keys, distance, statuses) -> tuple[np.ndarray, np.ndarray]:
    whole = keys * _SPAN + distance
    order = np.argsort(whole)
    return whole[order], statuses[order]


def _looked_up(known, keys, distance, default) -> np.ndarray:
    whole = keys * _SPAN + distance
    if not known[0].size:
        return np.full(len(whole), int(default), np.int8)
    place = np.minimum(np.searchsorted(known[0], whole), known[0].size - 1)
    return np.where(known[0][place] == whole, known[1][place], int(default)).astype(np.int8)
