"""Windows: a long programme solved a piece of its horizon at a time, from a plan of the whole.

symbol  meaning
a, b, e window k keeps the positions (timeline.py) a < p <= b and looks ahead to e
x*, y*  plan: values of all columns and prices of all rows from a coarser programme (medium_term.py); none: zero
A_r     a row; z_r = sum of A_rj x_j over p_j <= e, what it comes to at the end of the window

A row belongs to a window when its last column does: columns before it are known, the row is exact, and so levels,
commitment and ramps go on over every border. A row that ends beyond the window (a year's energy, a level that the next
step starts from) is bought and sold at the price of the plan, near the plan:

    minimise  (c - y* A) x + sum over rows of (d_r s_r + u_r t_r)
              low_r <= z_r + s_r - t_r <= high_r   s_r, t_r >= 0: what is missed, and what is more than asked
              side_lower - most later <= z_r <= side_upper - least later       what later columns can still make good

low_r and high_r are z*_r, the plan's (of a state that was found before: that one), or what is due of a side that the plan
does not come to (asked.py): what was missed is asked for again. d and u are
STIFFNESS |y*_r| + LEAST; on the side that the row forbids it is what a column without a step asks to make it good (a
penalty, a rank), where that is more. A row that hands a state on (it spans no more than a window) is held the firmer the
smaller the part of the steps that is left until a state is given, d / left: what is missed then can hardly be made good.

Where what follows a window is known already (chains.py), rows that end in it are exact too. A window that what is known
leaves no way is joined with those before it. Within a window nothing runs against itself (one_way.py), and of its optima the
one near the seeded weights is taken (ranked.py): by a cost that leans first, then by the cost itself from there. A window
starts from where the one before it ended, moved to its own steps (vertex.py). Their bases side by side are a basis of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, vstack

from grid_model.algebra import INFINITY, Arrays, LinearProgram
from grid_model.solve.asked import Asked, sums_of
from grid_model.solve.budgets import Budgets
from grid_model.solve.one_way import OneWay, pairs_of
from grid_model.solve.timeline import Timeline
from grid_model.solve.vertex import UNKNOWN, SideBySide, Vertex
from grid_model.solve.working import Working, rows_of

STIFFNESS = 0.5
LEAST = 1e-4  # million CNY/GWh: 0.1 CNY/MWh
ASTRAY = 10.0  # million CNY/GWh: 10,000 CNY/MWh
NOTHING = 1e-9  # GW, GWh


@dataclass(frozen=True, eq=False)
class Plan:
    """What is known of the whole: values of the columns, row duals of the objective and of the cost alone, which rows have them,
    and statuses of a basis near it, columns then rows, UNKNOWN of what has none."""

    columns: np.ndarray
    duals: np.ndarray
    cost_duals: np.ndarray
    priced: np.ndarray
    statuses: np.ndarray

    @classmethod
    def none(cls, columns: int, rows: int) -> Plan:
        return cls(np.zeros(columns), np.zeros(rows), np.zeros(rows), np.zeros(rows, bool), np.full(columns + rows, UNKNOWN, np.int8))


@dataclass(frozen=True, eq=False)
class Piece:
    """The kept part of a window: positions and values of its columns and rows, and how long it took to find.

    duals, cost_duals : of the objective and of the cost alone
    vertex : where the whole window ended, which another one may start from
    """

    columns: np.ndarray
    values: np.ndarray
    rows: np.ndarray
    duals: np.ndarray
    cost_duals: np.ndarray
    iterations: np.ndarray
    vertex: Vertex


@dataclass(frozen=True)
class Span:
    """Steps of a window: it decides begin < p <= end and keeps those up to `keep`; columns from `end` to `known` are known
    too. `left` is the part of the steps that is left until the next known state. A `loose` window begins from the plan,
    which need not be a state that the programme allows: rows that reach back to it may be broken, inside the window at the
    price ASTRAY."""

    begin: int
    keep: int
    end: int
    known: int
    left: float = 1.0
    loose: bool = False


class Sliced:
    """A programme, its places in time, its objective and its plan, of which windows are cut.

    Parameters
    ----------
    objective : cost of the columns that is minimised; `program.cost` is the cost alone
    lean : what the objective leans by to find an optimum near the one dispatch (`Working.straighten`)
    lazy : rows that are left out until they are broken (working.py)
    pairs : positions of columns of which one is used at a time, and whose they are, shape (pairs, 3) (one_way.py)
    reach : steps that a row may span to hand on a state; one that spans more is a budget
    budgets : the rows that are elastic budgets; found where they are not given
    """

    def __init__(self, program: Arrays, time: Timeline, objective: np.ndarray, plan: Plan, lazy: np.ndarray,
                 pairs: np.ndarray, reach: int, budgets: Budgets | None = None, lean: np.ndarray | None = None):
        self.lean = np.zeros(len(objective)) if lean is None else lean
        self.program, self.time, self.objective, self.plan = program, time, objective, plan
        self.lazy, self.pairs, self.reach = lazy, pairs, reach
        self.budgets = budgets or Budgets.of(program.matrix, self._long[self.elastic(self._long)], time.columns, time.steps, reach)

    @cached_property
    def _long(self) -> np.ndarray:
        """Rows that span more than a window."""
        return np.flatnonzero(self.time.last - self.time.first > self.reach)

    def elastic(self, rows: np.ndarray) -> np.ndarray:
        """Which of these rows the plan has a price for, if they are not lazy, a mask."""
        return self.plan.priced[rows] & ~self.lazy[rows]

    @cached_property
    def _place(self) -> np.ndarray:
        """Room for the places of a window's columns in it."""
        return np.zeros(len(self.program.cost), np.int32)

    @cached_property
    def _asked(self) -> Asked:
        return Asked(self.program, self.time, self.plan.columns, self.plan.duals, self.budgets)

    @classmethod
    def of(cls, program: LinearProgram, time: Timeline, objective: np.ndarray, plan: Plan | None, seldom: Iterable[str],
           reach: int, exclusive: Iterable[tuple] = (), lean: np.ndarray | None = None) -> Sliced:
        """Of a compiled programme, with `seldom` and `exclusive` as its model names them."""
        size = len(program.cost), len(program.row_lower)
        return cls(program, time, objective, plan or Plan.none(*size), rows_of(program, seldom), pairs_of(program, exclusive), reach,
                   lean=lean)

    def known(self) -> Known:
        """What is known before anything is solved: the plan."""
        return Known(self)

    def columns(self, begin: int, end: int) -> np.ndarray:
        """Those decided in begin < p <= end."""
        return np.sort(self.time.columns_in_order.within(begin, end))

    def rows(self, begin: int, end: int) -> np.ndarray:
        """Those whose last column is decided in begin < p <= end."""
        return np.sort(self.time.rows_in_order.within(begin, end))

    def open_rows(self, span: Span) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows with a column in the window that end beyond it: those that known columns end; of the others those that the plan
        has a price for (the rest is left to windows to come): states, and budgets by their number. A window has nothing to say of
        a row that only columns before and after it make."""
        time = self.time
        nearby = self.rows(span.end, min(span.end + self.reach, time.steps))
        states = nearby[(time.first[nearby] <= span.end) & (time.last[nearby] - time.first[nearby] <= self.reach)]
        long = self._long[(time.first[self._long] <= span.end) & (time.last[self._long] > span.end)]
        ended = np.concatenate([rows[time.last[rows] <= span.known] for rows in (states, long)])
        states, long = (rows[(time.last[rows] > span.known) & self.elastic(rows)] for rows in (states, long))
        budgets = np.searchsorted(self.budgets.rows, long)
        return ended, states, budgets[np.isin(budgets, self.budgets.row[self.budgets.entries(span.begin, span.end)])]

    @cached_property
    def remedy(self) -> np.ndarray:
        """Dearest price per unit at which a column without a step makes a budget good, shape (budgets,)."""
        budgets = self.budgets
        lasting = np.flatnonzero(self.time.lasting[budgets.column])
        dearest = np.zeros(len(budgets.rows))
        np.maximum.at(dearest, budgets.row[lasting],
                      np.abs(self.objective[budgets.column[lasting]]) / np.abs(budgets.data[lasting]))
        return dearest

    def stiffness(self, rows: np.ndarray, states: int, picked: np.ndarray, span: Span) -> tuple[np.ndarray, np.ndarray]:
        """d and u of rows that end beyond a window: so many states, then the budgets that are picked."""
        price = np.abs(self.plan.duals[rows])
        even = (STIFFNESS * price + LEAST) * np.where(np.arange(len(rows)) < states, 1.0 / span.left, 1.0)
        firm = np.maximum(even, np.concatenate([np.zeros(states), self.remedy[picked]]) - price)
        least, most = self.program.row_lower[rows] > -INFINITY, self.program.row_upper[rows] < INFINITY
        return np.where(least, firm, even), np.where(most, firm, even)

    def solve(self, span: Span, known: Known, method: str = "simplex", start: Vertex | SideBySide | None = None,
              may_burn: bool = False, **limits) -> Piece:
        """Solve one window, with what is known of all columns outside of it; from where others ended (vertex.py).

        Raises
        ------
        InfeasibleError, SolveError : as of `optimise`
        MustBurn : something has to run against itself, unless it may
        """
        time = self.time
        columns, inside = self.columns(span.begin, span.end), self.rows(span.begin, span.end)
        ended, states, budgets = self.open_rows(span)
        rows = np.concatenate([inside, ended])
        back = time.first[rows] <= span.begin if span.loose else np.zeros(len(rows), bool)
        rows, loose = rows[~back], rows[back]
        part, cost = self._programme(columns, rows, loose, states, budgets, span, known)
        elastic = np.concatenate([loose, states, self.budgets.rows[budgets]])
        places = span.begin, columns, np.concatenate([rows, elastic]), len(elastic)
        lean = np.pad(self.lean[columns], (0, len(part.cost) - len(columns)))
        working = Working(replace(part, cost=part.cost + lean), np.pad(self.lazy[rows], (0, len(elastic))),
                          start and start.moved_to(*places, part))
        working.take_leaning_cost(part.cost, lean)
        ways = OneWay(working, self._pairs(span), cost=part.cost, may_open=may_burn)
        ways.settle(lambda: working.optimise(method, **limits), lambda: working.optimise("simplex", **limits))
        solution = ways.settle(lambda: working.straighten(part.cost, **limits), lambda: working.optimise("simplex", **limits))
        duals = working.over_all_rows(solution.row_duals)
        cost_duals = working.duals_of(cost)
        cost_duals = duals if cost_duals is None else cost_duals
        mine, own = time.columns[columns] <= span.keep, (time.last[rows] <= span.keep) | (time.last[rows] > span.end)
        return Piece(columns[mine], solution.columns[:len(columns)][mine], rows[own], duals[:len(rows)][own],
                     cost_duals[:len(rows)][own], np.asarray(solution.iterations), Vertex.of(*places, working.statuses()))

    @cached_property
    def _step_of_pairs(self) -> np.ndarray:
        return np.asarray(self.time.columns[self.pairs[:, 0]])

    def _pairs(self, span: Span) -> np.ndarray:
        """Pairs of the window's columns, by their places in it."""
        pairs = self.pairs[(self._step_of_pairs > span.begin) & (self._step_of_pairs <= span.end)]
        return np.column_stack([self._place[pairs[:, :2]], pairs[:, 2]])

    def _programme(self, columns, rows, loose, states, budgets, span: Span, known: Known) -> tuple[Arrays, np.ndarray]:
        """The window's own programme, exact rows first, then loose and elastic ones, and its columns' cost without ranks."""
        program, plan, width = self.program, self.plan, len(columns)
        self._place[columns] = np.arange(width, dtype=np.int32)
        inner, done = self._cut(rows, span, known)
        back, before = self._cut(loose, span, known)
        elastic = np.concatenate([states, self.budgets.rows[budgets]])
        duals, cost_duals = (np.concatenate([np.zeros(len(loose)), values[elastic]]) for values in (plan.duals, plan.cost_duals))
        prices = self.stiffness(elastic, len(states), budgets, span)
        missed, over = (np.concatenate([np.full(len(loose), ASTRAY), one]) for one in prices)
        even = np.concatenate([np.full(len(loose), ASTRAY), STIFFNESS * np.abs(plan.cost_duals[elastic])])
        open_inner, low, high, lower, upper = self._open(states, budgets, span, known, width)
        if span.loose:
            lower, upper = np.full(len(elastic), -INFINITY), np.full(len(elastic), INFINITY)
        open_inner = vstack([back, open_inner], format="csr")
        free = np.full(len(loose), INFINITY)
        open_lower, open_upper = (np.concatenate([bound[loose] - before, side]) for bound, side in (
            (program.row_lower, low), (program.row_upper, high)))
        return Arrays(
            cost=np.concatenate([self.objective[columns] - open_inner.T @ duals, missed, over]), offset=0.0,
            column_lower=np.concatenate([program.column_lower[columns], np.zeros(2 * len(missed))]),
            column_upper=np.concatenate([program.column_upper[columns], free, _rounded(-lower), free, _rounded(upper)]),
            row_lower=_rounded(np.concatenate([program.row_lower[rows] - done, open_lower])),
            row_upper=_rounded(np.concatenate([program.row_upper[rows] - done, open_upper])),
            matrix=_stacked(inner, open_inner)), np.concatenate([program.cost[columns] - open_inner.T @ cost_duals, even, even])

    def _cut(self, rows: np.ndarray, span: Span, known: Known) -> tuple[csr_array, np.ndarray]:
        """These rows over the window's columns, and what they come to over those known outside of it."""
        part = self.program.matrix[rows]
        position = self.time.columns[part.indices]
        inside = (position > span.begin) & (position <= span.end)
        outside = ~inside & (position <= span.known)
        done = sums_of(np.where(outside, part.data * known.values[part.indices], 0.0), part.indptr)
        pointers = np.concatenate([[0], np.cumsum(inside)])[part.indptr]
        width = len(self.time.columns_in_order.within(span.begin, span.end))
        return csr_array((part.data[inside], self._place[part.indices[inside]], pointers), shape=(len(rows), width)), _rounded(done)

    def _open(self, states: np.ndarray, budgets: np.ndarray, span: Span, known: Known, width: int) -> tuple:
        """Elastic rows over the window's columns, what they should come to there at least and at most, and by how much less and
        more they may."""
        near, done = self._cut(states, span, known)
        far = self.budgets.part(budgets, span.begin, span.end, self._place, width)
        low, high, lower, upper = (np.concatenate([one, of[budgets]]) for one, of in zip(
            self._asked.of_states(states, span.known, known.values), self._asked.of_budgets(span.known), strict=True))
        done = np.concatenate([done, _rounded(known.of_budgets(span)[budgets])])
        return vstack([near, far], format="csr"), low - done, high - done, lower - low, upper - high


class Known:
    """Values of all columns as far as they are known, else the plan's, what budgets come to with them, and where their windows ended:
    each in its place, and the latest by itself. Before the first it is the plan, if its basis knows all columns."""

    latest: Vertex | SideBySide | None = None

    def __init__(self, sliced: Sliced):
        self._time = sliced.time
        self.values = np.array(sliced.plan.columns)
        self._sums = sliced.budgets.of_point(self.values)
        self.ended = SideBySide(*np.split(sliced.plan.statuses, [len(self.values)]))
        if self.ended.whole:
            self.latest = self.ended

    def enter(self, piece: Piece) -> None:
        """Know what was solved."""
        self.values[piece.columns] = piece.values
        self.latest = piece.vertex
        self.ended.lay(piece.columns, piece.rows, piece.vertex)
        if len(piece.columns):
            there = self._time.columns[piece.columns]
            self._sums.renew(int(there.min()) - 1, int(there.max()))

    def of_budgets(self, span: Span) -> np.ndarray:
        """What all budgets come to over the columns known outside of a window."""
        return self._sums.within(0, span.begin) + self._sums.within(span.end, span.known)


class Pieced(Known):
    """All pieces together, in the order in which they were found, a later one in the place of an earlier one: a point (`values`), where
    its windows ended, row duals of the objective and of the cost alone, iterations."""

    def __init__(self, sliced: Sliced):
        super().__init__(sliced)
        rows = len(sliced.program.row_lower)
        self.duals, self.cost_duals, self.iterations = np.zeros(rows), np.zeros(rows), 0

    def enter(self, piece: Piece) -> None:
        super().enter(piece)
        self.duals[piece.rows], self.cost_duals[piece.rows] = piece.duals, piece.cost_duals
        self.iterations += int(piece.iterations)

    @property
    def statuses(self) -> np.ndarray:
        """Of a basis, columns then rows; UNKNOWN where there is no piece yet."""
        return np.concatenate([self.ended.columns, self.ended.rows])


def _stacked(inner: csr_array, elastic: csr_array) -> csr_array:
    """Exact rows above, elastic rows with their s and -t below."""
    rows, width = inner.shape
    count = elastic.shape[0]
    slack = np.arange(count, dtype=np.int32)
    spaced = elastic.indptr[1:] + 2 * np.arange(1, count + 1)  # two entries more in every elastic row
    data, indices = np.empty(elastic.nnz + 2 * count), np.empty(elastic.nnz + 2 * count, np.int32)
    own = np.ones(len(data), bool)
    own[spaced - 2], own[spaced - 1] = False, False
    data[own], indices[own] = elastic.data, elastic.indices
    data[spaced - 2], data[spaced - 1] = 1.0, -1.0
    indices[spaced - 2], indices[spaced - 1] = width + slack, width + count + slack
    return csr_array((np.concatenate([inner.data, data]), np.concatenate([inner.indices, indices]),
                      np.concatenate([inner.indptr, inner.nnz + spaced]).astype(np.int32)), shape=(rows + count, width + 2 * count))


def _rounded(values: np.ndarray) -> np.ndarray:
    """Without what is left of sums that cancel."""
    return np.where(np.abs(values) < NOTHING, 0.0, values)
