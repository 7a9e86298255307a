"""Lowering: from the template of a Pyomo rule to sparse rows, all rows of a family at once.

Pyomo calls a rule once with placeholders instead of labels and gives back one expression tree, the template. The tree is
walked once with numpy. Every index set of the rule is one axis, and everything is kept broadcastable over the axes
(a parameter of units stays (units, 1) beside steps (1, steps)) until the last moment, when terms become

    row, column, coefficient      and      row, constant

A sum over a set adds an axis; a sum over an indexed set, `for unit in units_in[zone]`, replaces the axis of its key by
the pairs of key and member. Nothing here knows what the rows mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyomo.core.base.expression import Expression
from pyomo.core.base.param import Param
from pyomo.core.base.set import Set, SetProduct
from pyomo.core.base.var import Var
from pyomo.core.expr import numeric_expr, relational_expr, template_expr
from scipy.sparse import coo_array, csr_array

from grid_model.algebra.labels import Axis, Labels
from grid_model.algebra.parameters import Array


class LoweringError(TypeError):
    """A rule that is no linear algebra over its index sets; names the rule."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Where a node stands: axes, the numbers of each placeholder along them, the row each cell belongs to."""

    shape: tuple[int, ...]
    numbers: dict[int, np.ndarray]
    rows: np.ndarray


class Rows:
    """Terms gathered for one family of rows: `matrix @ x + constant`, shape (size,)."""

    def __init__(self, size: int, base: Frame):
        self.size, self.base = size, base
        self.terms: list[tuple[Frame, np.ndarray, np.ndarray, object]] = []
        self.constants: list[tuple[Frame, np.ndarray]] = []

    def constant(self) -> np.ndarray:
        total = np.zeros(self.size)
        for frame, values in self.constants:
            if frame is self.base:
                total += np.broadcast_to(values, frame.shape).reshape(-1)
            else:
                full, rows = (np.broadcast_to(item, frame.shape).reshape(-1) for item in (values, frame.rows))
                total += np.bincount(rows, full, self.size)
        return total

    def matrix(self, columns: int) -> csr_array:
        """Rows in compressed form: duplicates summed, zeros dropped."""
        matrix = self._side_by_side(columns)
        return self._scattered(columns) if matrix is None else matrix

    def _side_by_side(self, columns: int):
        """No sums, no zeros, no column twice: k terms a row, laid side by side without sorting."""
        terms = self.terms
        if any(frame is not self.base or not np.all(coefficient) for frame, _, coefficient, _ in terms):
            return None
        if any(a[3] is b[3] and np.any(a[1] == b[1]) for i, a in enumerate(terms) for b in terms[:i]):
            return None
        index = np.empty((self.size, len(terms)), np.int32)
        value = np.empty((self.size, len(terms)))
        for k, (frame, column, coefficient, _) in enumerate(terms):
            index[:, k] = np.broadcast_to(column, frame.shape).reshape(-1)
            value[:, k] = np.broadcast_to(coefficient, frame.shape).reshape(-1)
        pointer = np.arange(0, index.size + 1, max(len(terms), 1), dtype=np.int32)[: self.size + 1]
        if not terms:
            pointer = np.zeros(self.size + 1, np.int32)
        return csr_array((value.reshape(-1), index.reshape(-1), pointer), shape=(self.size, columns))

    def _scattered(self, columns: int) -> csr_array:
        sizes = [int(np.prod(frame.shape)) for frame, *_ in self.terms]
        row, column = np.empty(sum(sizes), np.int32), np.empty(sum(sizes), np.int32)
        value = np.empty(sum(sizes))
        end = 0
        for size, (frame, where, coefficient, _) in zip(sizes, self.terms):
            here = slice(end, end := end + size)
            row[here] = np.broadcast_to(frame.rows, frame.shape).reshape(-1)
            column[here] = np.broadcast_to(where, frame.shape).reshape(-1)
            value[here] = np.broadcast_to(coefficient, frame.shape).reshape(-1)
        matrix = coo_array((value, (row, column)), shape=(self.size, columns)).tocsr()  # sums duplicates
        matrix.eliminate_zeros()
        return matrix


class Lowering:
    """Evaluates templates; `column_start` says where the columns of each variable begin."""

    def __init__(self, labels: Labels):
        self.labels = labels
        self.column_start: dict[int, int] = {}
        self._members: dict[int, tuple] = {}

    # --- entries -----------------------------------------------------------------------------------------------------

    def axes(self, index_set) -> list[Axis]:
        """One axis per factor of an index set; none for a scalar component."""
        if index_set is None or getattr(index_set, "dimen", None) == 0:
            return []
        factors = index_set.subsets() if isinstance(index_set, SetProduct) else [index_set]
        return [self.labels.axis(factor) for factor in factors if factor.dimen != 0]

    def frame(self, axes: list[Axis], templates) -> Frame:
        shape = tuple(axis.size for axis in axes)
        numbers, templates = {}, iter(templates)
        for position, axis in enumerate(axes):
            for part in axis.numbers.T:
                numbers[id(next(templates))] = _along(part, position, len(axes))
        rows = np.zeros((1,) * len(axes), np.int64)
        for position, size in enumerate(shape):
            rows = rows * size + _along(np.arange(size), position, len(axes))
        return Frame(shape, numbers, rows)

    def rows(self, nodes_with_sign, axes, templates) -> Rows:
        """Gather the signed sum of nodes over the axes of their placeholders."""
        base = self.frame(axes, templates)
        rows = Rows(int(np.prod(base.shape)), base)
        for node, sign in nodes_with_sign:
            self._collect(node, base, float(sign), rows)
        return rows

    def data(self, node, axes, templates) -> np.ndarray:
        """Values of an expression without variables, shape (rows,)."""
        frame = self.frame(axes, templates)
        return np.broadcast_to(self._evaluate(node, frame), frame.shape).reshape(-1).astype(float)

    # --- the walk ----------------------------------------------------------------------------------------------------

    def _collect(self, node, frame: Frame, factor, rows: Rows) -> None:
        """Add factor * node to rows."""
        if not _has_variable(node):
            rows.constants.append((frame, np.asarray(factor * self._evaluate(node, frame), float)))
        elif isinstance(node, template_expr.GetItemExpression):
            holder, *index = node.args
            if isinstance(holder, Expression):
                return self._inline(holder, index, frame, factor, rows)
            rows.terms.append((frame, self._columns(holder, index, frame), np.asarray(factor, float), holder))
        elif isinstance(node, Expression):
            self._inline(node, [], frame, factor, rows)
        elif isinstance(node, Var):
            rows.terms.append((frame, np.int64(self.column_start[id(node)]), np.asarray(factor, float), node))
        elif isinstance(node, template_expr.TemplateSumExpression):
            self._collect_sum(node, frame, factor, rows)
        elif isinstance(node, numeric_expr.SumExpression):
            for term in node.args:
                self._collect(term, frame, factor, rows)
        elif isinstance(node, numeric_expr.NegationExpression):
            self._collect(node.args[0], frame, -factor, rows)
        elif isinstance(node, numeric_expr.DivisionExpression) and not _has_variable(node.args[1]):
            self._collect(node.args[0], frame, factor / self._evaluate(node.args[1], frame), rows)
        elif isinstance(node, numeric_expr.ProductExpression):
            one, other = node.args
            if _has_variable(other):
                one, other = other, one
            if _has_variable(other):
                raise LoweringError(f"a product of variables: {node}")
            self._collect(one, frame, factor * self._evaluate(other, frame), rows)
        else:
            raise LoweringError(f"{type(node).__name__} is no linear algebra: {node}")

    def _collect_sum(self, node, frame: Frame, factor, rows: Rows) -> None:
        inner, carried = frame, np.asarray(factor, float)
        for group in node.template_iters():
            inner, carried = self._extend(inner, group, carried)
        self._collect(node._local_args_[0], inner, carried, rows)

    def _inline(self, expression: Expression, index, frame: Frame, factor, rows: Rows) -> None:
        """A named expression stands for its own template, its placeholders bound to the index given here."""
        body, placeholders = template_expr.templatize_rule(
            expression.parent_block(), expression._rule, index_set_of(expression))
        bound = {id(one): self._number(node, frame) for one, node in zip(placeholders, index, strict=True)}
        self._collect(body, Frame(frame.shape, bound, frame.rows), factor, rows)

    def _columns(self, variable, index, frame: Frame) -> np.ndarray:
        if id(variable) not in self.column_start:
            raise LoweringError(f"{variable} is no variable of this model")
        return self._cell(self.axes(index_set_of(variable)), index, frame, variable) + self.column_start[id(variable)]

    def _cell(self, axes: list[Axis], index, frame: Frame, holder) -> np.ndarray:
        """Flat position of an index in a component with these axes."""
        flat, at = np.zeros((1,) * len(frame.shape), np.int64), 0
        for axis in axes:
            parts = [self._number(node, frame) for node in index[at: at + axis.dimension]]
            at += axis.dimension
            try:
                flat = flat * axis.size + axis.positions(parts, str(holder))
            except KeyError:
                raise LoweringError(f"an index of {holder} is outside its set") from None
        return flat

    def _number(self, node, frame: Frame) -> np.ndarray:
        """Numbers of the labels that an index expression takes."""
        if node.__class__ is str:
            return self.labels.number([node]).reshape((1,) * len(frame.shape))
        values = self._evaluate(node, frame)
        if isinstance(values, np.ndarray) and values.dtype.kind in "OUT":
            return self.labels.number(values.ravel()).reshape(values.shape)
        return np.asarray(values).astype(np.int64)

    def _evaluate(self, node, frame: Frame):
        """Value of a node without variables, broadcastable over the frame."""
        if node.__class__ in (int, float) or isinstance(node, np.number):
            return node
        if isinstance(node, template_expr.IndexTemplate):
            return frame.numbers[id(node)]
        if isinstance(node, template_expr.GetItemExpression):
            return self._look_up(node, frame)
        if isinstance(node, template_expr.TemplateSumExpression):
            cells = Rows(int(np.prod(frame.shape)), Frame(frame.shape, frame.numbers, _flat_positions(frame.shape)))
            self._collect_sum(node, cells.base, 1.0, cells)
            return cells.constant().reshape(frame.shape)
        if isinstance(node, Param):
            return node.value
        if not hasattr(node, "args"):
            raise LoweringError(f"{node} ({type(node).__name__}) is no number or index")
        values = [self._evaluate(item, frame) for item in node.args]
        if isinstance(node, numeric_expr.SumExpression):
            return sum(values[1:], values[0])
        if isinstance(node, numeric_expr.ProductExpression):
            return values[0] * values[1]
        if isinstance(node, numeric_expr.DivisionExpression):
            return values[0] / values[1]
        if isinstance(node, numeric_expr.NegationExpression):
            return -values[0]
        raise LoweringError(f"{type(node).__name__} is not known in data: {node}")

    def _look_up(self, node, frame: Frame):
        holder, *index = node.args
        if isinstance(holder, Array):
            axes = [self.labels.axis(labels) for labels in holder.sets]
            cell = []
            for axis, item in zip(axes, index, strict=True):
                try:
                    cell.append(axis.positions([self._number(item, frame)], holder.name))
                except KeyError:
                    raise LoweringError(f"an index of {holder.name} is outside its set") from None
            return holder.values[tuple(cell)]
        if isinstance(holder, Param):
            values = np.fromiter((holder[label] for label in holder.index_set()), float, len(holder.index_set()))
            return values[self._cell(self.axes(holder.index_set()), index, frame, holder)]
        raise LoweringError(f"{holder} ({type(holder).__name__}) is no parameter or variable")

    # --- sums --------------------------------------------------------------------------------------------------------

    def _extend(self, frame: Frame, group, factor: np.ndarray) -> tuple[Frame, np.ndarray]:
        """The frame inside a sum over the set of a group of placeholders, and the factor carried into it."""
        index_set = group[0]._set
        if not isinstance(index_set, template_expr.GetItemExpression):
            axis = self.labels.axis(index_set)
            numbers = {key: values[..., None] for key, values in frame.numbers.items()}
            for placeholder in group:
                part = axis.numbers[:, placeholder._index or 0]
                numbers[id(placeholder)] = _along(part, len(frame.shape), len(frame.shape) + 1)
            inner = Frame((*frame.shape, axis.size), numbers, frame.rows[..., None])
            return inner, factor[..., None] if factor.ndim else factor
        holder, *key_index = index_set.args
        keys, counts, first, members = self._member_lists(holder)
        key = self._cell(keys, key_index, frame, holder)
        frame, factor, key, at = _merged(frame, factor, key)
        key = key.reshape(-1)
        count = counts[key]
        parent = np.repeat(np.arange(key.size), count)
        within = np.arange(parent.size) - np.repeat(np.cumsum(count) - count, count)
        member = first[key][parent] + within
        numbers = {name: _taken(values, parent, at) for name, values in frame.numbers.items()}
        for placeholder in group:
            numbers[id(placeholder)] = _along(members[member, placeholder._index or 0], at, len(frame.shape))
        shape = (*frame.shape[:at], parent.size, *frame.shape[at + 1:])
        carried = _taken(factor, parent, at) if factor.ndim else factor
        return Frame(shape, numbers, _taken(frame.rows, parent, at)), carried

    def _member_lists(self, holder: Set) -> tuple:
        """An indexed set as one list: axes of its keys, members per key, where each key's begin, numbers of all."""
        if id(holder) not in self._members:
            lists = [list(holder[key]) for key in holder.index_set()]
            counts = np.fromiter(map(len, lists), np.int64, len(lists))
            flat = [member for some in lists for member in some]
            columns = zip(*flat) if flat and type(flat[0]) is tuple else [flat]
            members = np.stack([self.labels.number(list(column)) for column in columns], axis=1)
            self._members[id(holder)] = (self.axes(holder.index_set()), counts, np.cumsum(counts) - counts, members)
        return self._members[id(holder)]


def _along(values: np.ndarray, position: int, dimensions: int) -> np.ndarray:
    """A vector laid along one of several axes."""
    return values.reshape((1,) * position + (-1,) + (1,) * (dimensions - position - 1))


def _flat_positions(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(int(np.prod(shape))).reshape(shape)


def _taken(values: np.ndarray, parent: np.ndarray, at: int) -> np.ndarray:
    """Follow an axis that was replaced; what does not vary along it stays as it is."""
    return values if values.shape[at] == 1 else np.take(values, parent, axis=at)


def _merged(frame: Frame, factor: np.ndarray, key: np.ndarray) -> tuple[Frame, np.ndarray, np.ndarray, int]:
    """Make the key vary along one axis only, merging axes where it varies along several."""
    varying = [axis for axis, size in enumerate(key.shape) if size > 1]
    if len(varying) == 1 or not frame.shape:
        if not frame.shape:  # a scalar rule: give it an axis of length one
            numbers = {name: values.reshape(1) for name, values in frame.numbers.items()}
            return Frame((1,), numbers, frame.rows.reshape(1)), factor.reshape(-1), key.reshape(1), 0
        return frame, factor, key, varying[0]
    if not varying:
        single = next((axis for axis, size in enumerate(frame.shape) if size == 1), None)
        if single is not None:
            return frame, factor, key, single
        widen = lambda values: values[..., None]  # noqa: E731
        numbers = {name: widen(values) for name, values in frame.numbers.items()}
        return (Frame((*frame.shape, 1), numbers, widen(frame.rows)),
                widen(factor) if factor.ndim else factor, widen(key), len(frame.shape))
    shape = frame.shape
    length = int(np.prod([shape[axis] for axis in varying]))

    def join(values):
        if values.ndim == 0:
            return values
        rest = [axis for axis in range(len(shape)) if axis not in varying]
        if any(values.shape[axis] > 1 for axis in varying):
            full = [shape[axis] if axis in varying else values.shape[axis] for axis in range(len(shape))]
            values = np.broadcast_to(values, full)
            return values.transpose(varying + rest).reshape([length] + [values.shape[axis] for axis in rest])
        return values.transpose(varying + rest).reshape([1] + [values.shape[axis] for axis in rest])

    rest_shape = tuple(shape[axis] for axis in range(len(shape)) if axis not in varying)
    numbers = {name: join(values) for name, values in frame.numbers.items()}
    return Frame((length, *rest_shape), numbers, join(frame.rows)), join(factor), join(key), 0


def _has_variable(node) -> bool:
    """Whether a variable stands anywhere in a node."""
    if isinstance(node, template_expr.GetItemExpression):
        return isinstance(node.args[0], (Var, Expression))
    if isinstance(node, template_expr.TemplateSumExpression):
        return _has_variable(node._local_args_[0])
    if isinstance(node, (Var, Expression)):
        return True
    return hasattr(node, "args") and any(_has_variable(item) for item in node.args)


def sides(relation):
    """(lower, upper, body) of a relation as lists of signed nodes; None where a side is open.

    a == b and a <= b become a - b == 0 and a - b <= 0; l <= body <= u keeps its two data sides.
    """
    if isinstance(relation, relational_expr.RangedExpression):
        lower, body, upper = relation.args
        return lower, upper, [(body, 1)]
    left, right = relation.args
    if isinstance(relation, relational_expr.EqualityExpression):
        return 0.0, 0.0, [(left, 1), (right, -1)]
    if isinstance(relation, relational_expr.InequalityExpression):
        return None, 0.0, [(left, 1), (right, -1)]
    raise LoweringError(f"{type(relation).__name__} is no relation")


def index_set_of(component):
    """The index set of a component; None for a scalar one."""
    return component.index_set() if component.is_indexed() else None
