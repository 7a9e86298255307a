"""Lowering: from the template of a Pyomo rule to sparse rows, all rows of a family at once.

Pyomo calls a rule once with placeholders instead of labels and gives back one expression tree, the template
(`templates`). The tree is walked once with numpy. Where a node stands is a frame (`frames`): every index set of the
rule is one axis, every sum changes the axes, and everything is kept broadcastable over them (a parameter of units stays
(units, 1) beside steps (1, steps)) until the terms are written as rows of a matrix (`entries`).

Two walks share the tree: `_collect` gathers terms and constants of an expression with variables, `_evaluate` gives the
values of one without. Nothing here knows what the rows mean.
"""

from __future__ import annotations

import numpy as np
from pyomo.core.base.expression import Expression, NamedExpressionData
from pyomo.core.base.param import Param, ParamData
from pyomo.core.base.set import Set
from pyomo.core.base.var import Var, VarData
from pyomo.core.expr import numeric_expr, relational_expr, template_expr
from pyomo.core.expr.numvalue import native_types

from grid_model.algebra.entries import Rows, Term
from grid_model.algebra.errors import LoweringError
from grid_model.algebra.frames import Frame, MemberLists, added, frame_over, with_members, with_pairs
from grid_model.algebra.labels import Axis, Labels, are_names
from grid_model.algebra.parameters import Array
from grid_model.algebra.templates import dimension_of, factors, index_set_of, parts_of, template_of


class Lowering:
    """Evaluates templates; `column_start` says where the columns of each variable (by id) begin."""

    def __init__(self):
        self.labels = Labels()
        self.column_start: dict[int, int] = {}
        self._templates: dict[int, tuple] = {}
        self._members: dict[int, MemberLists] = {}
        self._values: dict[int, np.ndarray] = {}
        self._label_numbers: dict[int, np.ndarray] = {}

    # --- entries -----------------------------------------------------------------------------------------------------

    def axes(self, index_set) -> list[Axis]:
        """One axis per factor of an index set; none for a scalar component."""
        return [] if index_set is None else [self.labels.axis(factor) for factor in factors(index_set)]

    def rows(self, node, axes, placeholders) -> Rows:
        """Terms and constants of an expression, a row for each combination of labels of the axes."""
        rows = Rows(frame_over(axes, placeholders))
        self._collect(node, rows.base, 1.0, rows)
        return rows

    def data(self, node, axes, placeholders) -> np.ndarray:
        """Values of an expression without variables, over the axes."""
        frame = frame_over(axes, placeholders)
        values = np.asarray(self._evaluate(node, frame), float)
        if np.any(np.isnan(values)):
            raise LoweringError(f"{node} is not a number")
        return np.broadcast_to(values, frame.shape)

    # --- expressions with variables ----------------------------------------------------------------------------------

    def _collect(self, node, frame: Frame, factor, rows: Rows) -> None:
        """Add factor * node to rows."""
        if not self._has_variable(node):
            rows.constants.append((frame, self._finite(factor * self._evaluate(node, frame), node)))
        elif isinstance(node, template_expr.TemplateSumExpression):
            self._collect_sum(node, frame, factor, rows)
        elif isinstance(node, numeric_expr.SumExpression):
            for term in node.args:
                self._collect(term, frame, factor, rows)
        elif isinstance(node, numeric_expr.NegationExpression):
            self._collect(node.args[0], frame, -factor, rows)
        elif isinstance(node, numeric_expr.ProductExpression):
            self._collect_product(node, frame, factor, rows)
        elif isinstance(node, numeric_expr.DivisionExpression):
            self._collect_division(node, frame, factor, rows)
        else:
            self._collect_named(node, frame, factor, rows)

    def _collect_sum(self, node, frame: Frame, factor, rows: Rows) -> None:
        for group in node.template_iters():
            frame, carried = self._inside(frame, group)
            factor = carried(factor)
        self._collect(parts_of(node)[0], frame, factor, rows)

    def _collect_product(self, node, frame: Frame, factor, rows: Rows) -> None:
        variable, data = sorted(node.args, key=self._has_variable, reverse=True)
        if self._has_variable(data):
            raise LoweringError(f"a product of variables: {node}")
        self._collect(variable, frame, factor * self._evaluate(data, frame), rows)

    def _collect_division(self, node, frame: Frame, factor, rows: Rows) -> None:
        numerator, divisor = node.args
        if self._has_variable(divisor):
            raise LoweringError(f"a division by a variable: {node}")
        self._collect(numerator, frame, factor / np.asarray(self._evaluate(divisor, frame), float), rows)

    def _collect_named(self, node, frame: Frame, factor, rows: Rows) -> None:
        holder, index = _component_and_index(node)
        if isinstance(holder, Var):
            rows.terms.append(self._term(holder, index, frame, self._finite(factor, node)))
        elif isinstance(holder, Expression):
            body, inner = self._inlined(holder, index, frame)
            self._collect(body, inner, factor, rows)
        else:
            raise LoweringError(f"{node} is not linear ({type(node).__name__})")

    def _term(self, variable, index, frame: Frame, coefficient) -> Term:
        if id(variable) not in self.column_start:
            raise LoweringError(f"{variable} is no variable of this model")
        columns = self._cells(self.axes(index_set_of(variable)), index, frame, variable)
        start = frame.literal(self.column_start[id(variable)])
        given = {frame.origin.get(id(node), id(node)) for node in index}
        distinct = all(group <= given for group in frame.sums)  # different members, different index, different column
        return Term(frame, _compact([*columns, start]), coefficient, variable, distinct)

    def _inlined(self, expression: Expression, index, frame: Frame):
        """The template of a named expression, and the frame with its placeholders bound to the index given here."""
        if _nothing(self.axes(index_set_of(expression)), frame, expression):
            return 0.0, frame
        body, placeholders = self.template(expression)
        numbers = {id(one): self._numbers_of(node, frame) for one, node in zip(placeholders, index, strict=True)}
        origin = {id(one): frame.origin.get(id(node), id(node)) for one, node in zip(placeholders, index)}
        return body, frame.bound_to(numbers, origin)

    def template(self, expression: Expression):
        """Body and placeholders of a named expression, made once; over an empty index set no rule is called."""
        if id(expression) not in self._templates:
            axes = self.axes(index_set_of(expression))
            unused = [object() for axis in axes for _ in range(axis.dimension)]
            empty = any(axis.size == 0 for axis in axes)
            self._templates[id(expression)] = (0.0, unused) if empty else template_of(expression, expression._rule)
        return self._templates[id(expression)]

    def _has_variable(self, node) -> bool:
        """Whether a variable stands anywhere in a node."""
        holder, index = _component_and_index(node)
        if isinstance(holder, Expression):
            return self._has_variable(self.template(holder)[0])
        if holder is not None:
            return isinstance(holder, Var)
        return any(map(self._has_variable, parts_of(node)))

    # --- expressions without variables -------------------------------------------------------------------------------

    def _evaluate(self, node, frame: Frame):
        """Value of a node without variables: an array over the frame, or one number."""
        if node.__class__ in native_types or isinstance(node, np.generic):
            return _number(node)
        if isinstance(node, template_expr.IndexTemplate):
            return _quantity(self._numbers_of(node, frame), node)
        if isinstance(node, template_expr.TemplateSumExpression):
            return self._evaluate_sum(node, frame)
        holder, index = _component_and_index(node)
        if isinstance(holder, Expression):
            return self._evaluate(*self._inlined(holder, index, frame))
        if holder is not None:
            values = self._look_up(holder, index, frame)
            if values.dtype.kind not in "if":
                raise LoweringError(f"{node} is a label, not a number")
            return values
        return self._evaluate_operation(node, frame)

    def _evaluate_operation(self, node, frame: Frame):
        if isinstance(node, numeric_expr.SumExpression):
            return added([self._evaluate(item, frame) for item in node.args])
        if isinstance(node, numeric_expr.NegationExpression):
            return -self._evaluate(node.args[0], frame)
        if isinstance(node, numeric_expr.ProductExpression):
            return self._evaluate(node.args[0], frame) * self._evaluate(node.args[1], frame)
        if isinstance(node, numeric_expr.DivisionExpression):
            return self._evaluate(node.args[0], frame) / np.asarray(self._evaluate(node.args[1], frame), float)
        raise LoweringError(f"{node} ({type(node).__name__}) is more than sums, products and divisions of data")

    def _evaluate_sum(self, node, frame: Frame) -> np.ndarray:
        """A sum of data: evaluated over the cells that differ in it, so that it stays broadcastable."""
        narrow = inner = frame.narrowed(_placeholders_in(node))
        for group in node.template_iters():
            inner, _ = self._inside(inner, group)
        values = self._evaluate(parts_of(node)[0], inner)
        return inner.gathered(values, narrow.size).reshape(narrow.shape)

    def _finite(self, values, node):
        values = np.asarray(values, float)
        if not np.all(np.isfinite(values)):
            raise LoweringError(f"a coefficient or constant of {node} is not finite")
        return values

    # --- look-ups ----------------------------------------------------------------------------------------------------

    def _look_up(self, holder, index, frame: Frame) -> np.ndarray:
        """Values of a parameter, over the frame."""
        return _taken(self._values_of(holder), self._positions(self._axes_of(holder), index, frame, holder))

    def _axes_of(self, holder) -> list[Axis]:
        if not isinstance(holder, Array):
            return self.axes(index_set_of(holder))
        axes = [self.labels.axis(labels) for labels in holder.sets]
        if holder.values.shape != tuple(axis.size for axis in axes):
            raise LoweringError(f"{holder} has values of shape {holder.values.shape}, its labels another")
        return axes

    def _values_of(self, holder) -> np.ndarray:
        """Values of a parameter in the shape of its axes."""
        if isinstance(holder, Array):
            return holder.values
        if not isinstance(holder, Param):
            raise LoweringError(f"{holder} ({type(holder).__name__}) is no parameter or variable")
        if id(holder) not in self._values:
            labels = holder.index_set()
            values = [_plain(holder[label]) for label in labels] if holder.is_indexed() else _plain(holder)
            shape = [axis.size for axis in self._axes_of(holder)]
            self._values[id(holder)] = Array(np.asarray(values), *range(np.ndim(values))).values.reshape(shape)
        return self._values[id(holder)]

    def _numbers_of(self, node, frame: Frame) -> np.ndarray:
        """Numbers of the labels that an index expression takes, over the frame."""
        if isinstance(node, template_expr.IndexTemplate):
            if id(node) not in frame.numbers:
                raise LoweringError(f"the index {node} belongs to no set of this rule or of a sum around it")
            return frame.numbers[id(node)]
        if isinstance(node, slice):
            raise LoweringError("a slice; sum over a set instead")
        if node.__class__ in native_types or isinstance(node, np.generic):
            return frame.literal(self.labels.number([node])[0])
        holder, index = _component_and_index(node)
        if isinstance(holder, (Array, Param)) and self._values_of(holder).dtype.kind not in "if":
            return _taken(self._numbers_in(holder), self._positions(self._axes_of(holder), index, frame, holder))
        return _whole(self._evaluate(node, frame), node)

    def _numbers_in(self, holder) -> np.ndarray:
        """Numbers of the labels that a parameter holds."""
        if id(holder) not in self._label_numbers:
            values = self._values_of(holder)
            self._label_numbers[id(holder)] = self.labels.number(values.ravel()).reshape(values.shape)
        return self._label_numbers[id(holder)]

    def _positions(self, axes: list[Axis], index, frame: Frame, holder) -> list[np.ndarray]:
        """Position of an index along each axis of a component, over the frame."""
        if _nothing(axes, frame, holder):
            return [np.zeros(frame.shape, np.int64)] * len(axes)
        if len(index) != sum(axis.dimension for axis in axes):
            raise LoweringError(f"{holder} is indexed by {len(index)} labels")
        positions, index = [], iter(index)
        for axis in axes:
            parts = [self._numbers_of(next(index), frame) for _ in range(axis.dimension)]
            try:
                positions.append(axis.positions(parts))
            except LoweringError as error:
                raise LoweringError(f"{holder}: {error}") from None
            except KeyError as missing:
                label = self.labels.label(missing.args[0])
                raise LoweringError(f"{label!r} is outside the index set of {holder}") from None
        return positions

    def _cells(self, axes: list[Axis], index, frame: Frame, holder) -> list[np.ndarray]:
        """Arrays whose sum is the flat position of an index in a component with these axes."""
        positions, stride, parts = self._positions(axes, index, frame, holder), 1, []
        for axis, position in zip(reversed(axes), reversed(positions)):
            parts.append(position * stride)
            stride *= axis.size
        return parts

    # --- sums --------------------------------------------------------------------------------------------------------

    def _inside(self, frame: Frame, group):
        """The frame inside a sum, and the function that carries arrays over this frame into it."""
        index_set = group[0]._set
        if not isinstance(index_set, template_expr.GetItemExpression):
            return with_members(frame, group, self.labels.axis(index_set).numbers)
        holder, *index = index_set.args
        if not isinstance(holder, Set):
            raise LoweringError(f"a sum over {index_set}, which is no indexed set")
        lists = self._member_lists(holder)
        key = added([frame.literal(0), *self._cells(lists.keys, index, frame, holder)])
        if all(size == 1 for size in key.shape):
            return with_members(frame, group, lists.of(key.item()))
        return with_pairs(frame, group, key, lists)

    def _member_lists(self, holder: Set) -> MemberLists:
        if id(holder) not in self._members:
            missing = [key for key in holder.index_set() if key not in holder]
            if missing:
                raise LoweringError(f"{holder} has no members for {missing[0]!r}, not even none")
            lists = [list(holder[key]) for key in holder.index_set()]
            count = np.fromiter(map(len, lists), np.int64, len(lists))
            numbers = self.labels.numbers_of([member for some in lists for member in some], dimension_of(holder))
            self._members[id(holder)] = MemberLists(
                self.axes(holder.index_set()), count, np.cumsum(count) - count, numbers)
        return self._members[id(holder)]


def sides(relation):
    """(lower, body, upper) of a relation; None where a side is open. As in Pyomo, a side without variables is a bound,
    so that `x >= 5` and `5 <= x` are the row 5 <= x; with variables on both sides the row is left - right.
    """
    if isinstance(relation, relational_expr.RangedExpression):
        return relation.args
    if not isinstance(relation, (relational_expr.EqualityExpression, relational_expr.InequalityExpression)):
        raise LoweringError(f"the rule gives {relation!r} instead of a relation")
    if getattr(relation, "strict", False):
        raise LoweringError(f"a strict inequality: {relation}")
    equal = isinstance(relation, relational_expr.EqualityExpression)
    left, right = relation.args
    if not _potentially_variable(right):
        return right if equal else None, left, right
    if not _potentially_variable(left):
        return left, right, left if equal else None
    return 0.0 if equal else None, left - right, 0.0


def _potentially_variable(node) -> bool:
    """Whether a variable or a named expression stands anywhere in a node, as Pyomo asks it of an expanded rule."""
    holder, _ = _component_and_index(node)
    return isinstance(holder, (Var, Expression)) or any(map(_potentially_variable, parts_of(node)))


def _component_and_index(node):
    """The variable, parameter or expression that a leaf names, and the index it takes; (None, ()) for anything else."""
    if isinstance(node, template_expr.GetItemExpression):
        holder, *index = node.args
        return holder, index
    if isinstance(node, (Var, Param, Expression)):  # scalar; asking for its index would expand its rule
        return node, []
    if isinstance(node, (VarData, ParamData, NamedExpressionData)):  # indexed by labels
        index = node.index()
        return node.parent_component(), list(index) if type(index) is tuple else [index]
    return None, ()


def _nothing(axes: list[Axis], frame: Frame, holder) -> bool:
    """Whether a component over nothing is meant, which is sound where there is no cell to mean it."""
    empty = any(axis.size == 0 for axis in axes)
    if empty and frame.size:
        raise LoweringError(f"the index set of {holder} is empty")
    return empty


def _placeholders_in(node) -> set[int]:
    if isinstance(node, template_expr.IndexTemplate):
        return {id(node)}
    return set().union(*map(_placeholders_in, parts_of(node)))


def _plain(value):
    """The value of a parameter's cell, mutable or not."""
    return value.value if isinstance(value, ParamData) else value


def _number(node):
    if isinstance(node, (int, float, np.number)):
        return node
    raise LoweringError(f"{node!r} is no number")


def _quantity(numbers: np.ndarray, node) -> np.ndarray:
    if are_names(numbers):
        raise LoweringError(f"the index {node} stands for names, not for numbers")
    return numbers


def _whole(values, node) -> np.ndarray:
    """Values used as an index, as integers."""
    values = np.asarray(values)
    numbers = values.astype(np.int64)
    if not np.array_equal(numbers, values):
        raise LoweringError(f"the index {node} is no whole number")
    return numbers


def _taken(values: np.ndarray, positions: list[np.ndarray]) -> np.ndarray:
    """values[positions]; a view where every axis is taken whole and in order, as it mostly is."""
    whole = all(position.size == size and position.ndim for position, size in zip(positions, values.shape))
    if whole and positions and _in_order(positions):
        shape = np.broadcast_shapes(*(position.shape for position in positions))
        return values.reshape(shape)
    return values[tuple(positions)]


def _in_order(positions: list[np.ndarray]) -> bool:
    """Whether each position counts 0, 1, .. along one axis, and the axes follow one another."""
    along = [max(range(position.ndim), key=lambda axis: position.shape[axis]) for position in positions]
    return all(one < other for one, other in zip(along, along[1:])) and all(
        position.shape[axis] == position.size and np.array_equal(position.reshape(-1), np.arange(position.size))
        for axis, position in zip(along, positions))


def _compact(parts: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Arrays with the same sum, one per shape, in 32 bits; single numbers go into another."""
    by_shape: dict[tuple, np.ndarray] = {}
    for part in parts:
        by_shape[part.shape] = by_shape[part.shape] + part if part.shape in by_shape else part
    single = [part for part in by_shape.values() if part.size == 1]
    spread = [part for part in by_shape.values() if part.size != 1]
    if single:
        spread[:1] = [added([*spread[:1], *single])]
    return tuple(part.astype(np.int32) for part in spread)
