"""The linear programme as arrays, with a name and labels for every family of columns and rows.

    minimise    cost @ x + offset
    subject to  row_lower <= matrix @ x <= row_upper,   column_lower <= x <= column_upper
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
import pyomo.environ as pyo
import xarray as xr
from pyomo.core.expr import template_expr
from scipy.sparse import csr_array

from grid_model.algebra.labels import Axis, Labels
from grid_model.algebra.lowering import Lowering, LoweringError, index_set_of, sides

INFINITY = highspy.kHighsInf


@dataclass(frozen=True, eq=False)
class Family:
    """A named block of columns or rows: where it begins, and one axis of labels per index set."""

    name: str
    start: int
    axes: tuple[Axis, ...]
    dimensions: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.size for axis in self.axes)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def slice(self) -> slice:
        return slice(self.start, self.start + self.size)

    def of(self, values: np.ndarray) -> np.ndarray:
        """This family's part of a vector over all columns (or rows), in the family's shape."""
        return values[self.slice].reshape(self.shape)

    def label(self, position: int) -> tuple:
        """Labels of the member at a position within the family."""
        return tuple(axis.labels[i] for axis, i in zip(self.axes, np.unravel_index(position, self.shape)))

    def position(self, *label) -> int:
        """Position within the whole vector of the member with these labels."""
        where = [list(axis.labels).index(part) for axis, part in zip(self.axes, label, strict=True)]
        return self.start + int(np.ravel_multi_index(where, self.shape)) if where else self.start

    def array(self, values: np.ndarray) -> xr.DataArray:
        """This family's part of a vector as a labelled array; a set of tuples stays one dimension of tuples."""
        coordinates = {}
        for dimension, axis in zip(self.dimensions, self.axes):
            labels = np.empty(axis.size, object) if axis.dimension > 1 else np.asarray(axis.labels)
            labels[:] = list(axis.labels) if axis.dimension > 1 else labels
            coordinates[dimension] = labels
        return xr.DataArray(self.of(values), coords=coordinates, dims=self.dimensions, name=self.name)


@dataclass(eq=False)
class LinearProgram:
    """A compiled model. `columns` and `rows` map qualified names, such as `storage.energy`, to families."""

    columns: Mapping[str, Family]
    rows: Mapping[str, Family]
    cost: np.ndarray
    offset: float
    column_lower: np.ndarray
    column_upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    matrix: csr_array
    model: pyo.AbstractModel
    lowering: Lowering
    _expressions: dict = field(default_factory=dict)

    def to_highs(self) -> highspy.Highs:
        """A silent HiGHS that holds this programme, handed over as arrays, row by row."""
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        rows, columns = self.matrix.shape
        status = highs.passModel(
            columns, rows, self.matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMinimize),
            self.offset, self.cost, self.column_lower, self.column_upper, self.row_lower, self.row_upper,
            self.matrix.indptr, self.matrix.indices, self.matrix.data, np.zeros(columns, np.int32))
        if status == highspy.HighsStatus.kError:
            raise LoweringError("HiGHS refused the arrays of this programme")
        return highs

    def operator(self, name: str) -> tuple[csr_array, np.ndarray, Family]:
        """A named expression of the model as `matrix @ x + constant`, and the labels of its rows."""
        if name not in self._expressions:
            component = self.model.find_component(name)
            if component is None or component.ctype is not pyo.Expression:
                raise KeyError(f"{name} is no expression of this model")
            axes = self.lowering.axes(index_set_of(component))
            body, placeholders = _template(component, component._rule)
            rows = self.lowering.rows([(body, 1)], axes, placeholders)
            family = Family(name, 0, tuple(axes), _dimensions(component))
            self._expressions[name] = rows.matrix(len(self.cost)), rows.constant(), family
        return self._expressions[name]

    def evaluate(self, name: str, solution: np.ndarray) -> np.ndarray:
        """Values of a named expression at a solution, in the shape of its index sets."""
        matrix, constant, family = self.operator(name)
        return (matrix @ solution + constant).reshape(family.shape)

    def equation(self, row: int) -> str:
        """One row as a person would write it."""
        family = next(f for f in self.rows.values() if f.start <= row < f.start + f.size)
        here = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        terms = [f"{value:+.6g} {self.column_name(column)}"
                 for value, column in zip(self.matrix.data[here], self.matrix.indices[here])]
        lower, upper = self.row_lower[row], self.row_upper[row]
        name = _printed(family, row - family.start)
        body = " ".join(terms) or "0"
        if lower == upper:
            return f"{name}: {body} = {lower:.6g}"
        left = f"{lower:.6g} <= " if lower > -INFINITY else ""
        right = f" <= {upper:.6g}" if upper < INFINITY else ""
        return f"{name}: {left}{body}{right}"

    def column_name(self, column: int) -> str:
        family = next(f for f in self.columns.values() if f.start <= column < f.start + f.size)
        return _printed(family, int(column) - family.start)

    def row_name(self, row: int) -> str:
        family = next(f for f in self.rows.values() if f.start <= row < f.start + f.size)
        return _printed(family, int(row) - family.start)


def compile_program(model: pyo.AbstractModel) -> LinearProgram:
    """Turn a model whose rules are kept as templates into arrays.

    Raises
    ------
    LoweringError : a rule is no linear algebra over its sets; the message names the rule.
    """
    _prepare(model)
    lowering = Lowering(Labels())
    columns, lower, upper = _columns(model, lowering)
    size = sum(family.size for family in columns.values())
    if size >= 2**31:
        raise LoweringError(f"{size} columns are more than 32-bit indices can number")
    rows, parts, row_lower, row_upper = _rows(model, lowering, size)
    cost, offset = _objective(model, lowering, size)
    return LinearProgram(columns, rows, cost, offset, lower, upper, _joined(row_lower), _joined(row_upper),
                         _stacked(parts, size), model, lowering)


def _prepare(model) -> None:
    """Construct sets and empty variables; constraints and expressions stay rules."""
    for component in model.component_objects((pyo.Set, pyo.RangeSet, pyo.Param), descend_into=True):
        component.construct()
    for variable in model.component_objects(pyo.Var, descend_into=True):
        if variable.is_indexed():
            variable._dense = False  # no object is ever made for a single column
        variable.construct()
    for expression in model.component_objects(pyo.Expression, descend_into=True):
        expression._constructed = True  # may be indexed by placeholders, holds no data


def _columns(model, lowering: Lowering):
    families, lowers, uppers, start = {}, [], [], 0
    for variable in model.component_objects(pyo.Var, active=True, descend_into=True):
        family = _family(variable, lowering, start)
        families[family.name] = family
        lowering.column_start[id(variable)] = start
        start += family.size
    for variable in model.component_objects(pyo.Var, active=True, descend_into=True):
        with _naming(variable):
            low, high = _bounds(variable, families[variable.name], lowering)
        lowers.append(low), uppers.append(high)
    return families, _joined(lowers), _joined(uppers)


def _bounds(variable, family: Family, lowering: Lowering):
    """Bounds of a variable: those of its rule, within those of its domain."""
    domain_lower, domain_upper = variable._rule_domain(variable.parent_block(), None, variable).bounds()
    lower = np.full(family.size, -INFINITY if domain_lower is None else float(domain_lower))
    upper = np.full(family.size, INFINITY if domain_upper is None else float(domain_upper))
    if variable._rule_bounds is not None and family.size:
        (low, high), placeholders = _template(variable, variable._rule_bounds)
        if low is not None:
            lower = np.maximum(lower, lowering.data(low, family.axes, placeholders))
        if high is not None:
            upper = np.minimum(upper, lowering.data(high, family.axes, placeholders))
    return lower, upper


def _rows(model, lowering: Lowering, columns: int):
    families, parts, lowers, uppers, start = {}, [], [], [], 0
    for constraint in model.component_objects(pyo.Constraint, active=True, descend_into=True):
        family = _family(constraint, lowering, start)
        if not family.size:
            continue
        with _naming(constraint):
            relation, placeholders = _template(constraint, constraint.rule)
            low, high, body = sides(relation)
            rows = lowering.rows(body, list(family.axes), placeholders)
            constant = rows.constant()
            parts.append(rows.matrix(columns))
            lowers.append(_side(low, -INFINITY, constant, family, lowering, placeholders))
            uppers.append(_side(high, INFINITY, constant, family, lowering, placeholders))
        families[family.name] = family
        start += family.size
    return families, parts, lowers, uppers


def _side(side, open_value, constant, family, lowering, placeholders) -> np.ndarray:
    if side is None:
        return np.full(family.size, open_value)
    if side.__class__ is float and side == 0.0:
        return 0.0 - constant
    return lowering.data(side, list(family.axes), placeholders) - constant


def _objective(model, lowering: Lowering, columns: int):
    cost, offset = np.zeros(columns), 0.0
    for objective in model.component_objects(pyo.Objective, active=True, descend_into=True):
        with _naming(objective):
            body, _ = _template(objective, objective.rule)
            rows = lowering.rows([(body, int(objective._init_sense(objective.parent_block(), None)))], [], ())
            matrix = rows.matrix(columns)
            cost[matrix.indices] += matrix.data
            offset += float(rows.constant()[0])
    return cost, offset


def _template(component, rule):
    """Expression and placeholders of a component's rule."""
    index_set = index_set_of(component)
    expression, placeholders = template_expr.templatize_rule(component.parent_block(), rule, index_set)
    if component.ctype is pyo.Constraint and type(expression) is tuple:
        expression = template_expr.tuple_to_relational_expr(expression)
    return expression, placeholders


def _family(component, lowering: Lowering, start: int) -> Family:
    return Family(component.name, start, tuple(lowering.axes(index_set_of(component))), _dimensions(component))


def _dimensions(component) -> tuple[str, ...]:
    index_set = index_set_of(component)
    if index_set is None:
        return ()
    return tuple(factor.local_name for factor in index_set.subsets(expand_all_set_operators=False)
                 ) if hasattr(index_set, "subsets") else (index_set.local_name,)


def _printed(family: Family, position: int) -> str:
    return f"{family.name}[{','.join(map(str, family.label(position)))}]" if family.axes else family.name


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def _stacked(parts: list[csr_array], columns: int) -> csr_array:
    """Families one below the other; the list is emptied on the way, so that the arrays are never held twice for long."""
    rows = sum(part.shape[0] for part in parts)
    entries = sum(part.nnz for part in parts)
    pointer, index, value = np.zeros(rows + 1, np.int32), np.empty(entries, np.int32), np.empty(entries)
    row = entry = 0
    while parts:
        part = parts.pop(0)
        pointer[row + 1: row + part.shape[0] + 1] = part.indptr[1:] + np.int32(entry)
        index[entry: entry + part.nnz], value[entry: entry + part.nnz] = part.indices, part.data
        row, entry = row + part.shape[0], entry + part.nnz
    return csr_array((value, index, pointer), shape=(rows, columns))


class _naming:
    """Errors inside say which component they come from."""

    def __init__(self, component):
        self.name = component.name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if isinstance(error, (LoweringError, template_expr.TemplateExpressionError)):
            raise LoweringError(f"{self.name}: {error}") from error
