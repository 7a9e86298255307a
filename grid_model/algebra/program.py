"""The linear programme as arrays, with a name and labels for every family of columns and rows.

    minimise    cost @ x + offset
    subject to  row_lower <= matrix @ x <= row_upper,   column_lower <= x <= column_upper

Signs. A rule `body <= data`, `body >= data`, `body == data` (or the other way round) is the row `body` with the data as
its side; with variables on both sides of the relation the row is left - right and its side 0. Pyomo reads `a >= b` as
`b <= a`. The dual of a row is d(objective) / d(side): what one more unit of the side adds to the objective, however the
relation was written down. An objective to maximise is negated, cost, offset and duals with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
import pyomo.environ as pyo
import xarray as xr
from scipy.sparse import csr_array

from grid_model.algebra.bounding import Bounding
from grid_model.algebra.entries import assembled
from grid_model.algebra.errors import LoweringError
from grid_model.algebra.labels import Axis
from grid_model.algebra.listening import Listening
from grid_model.algebra.lowering import Lowering
from grid_model.algebra.templates import factors, index_set_of

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
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def slice(self) -> slice:
        return slice(self.start, self.start + self.size)

    def of(self, values: np.ndarray) -> np.ndarray:
        """This family's part of a vector over all columns (or rows), in the family's shape."""
        return values[self.slice].reshape(self.shape)

    def label(self, position: int) -> tuple:
        """Labels of the member at a position within the family, one per axis."""
        return tuple(axis.labels[i] for axis, i in zip(self.axes, np.unravel_index(position, self.shape)))

    def position(self, *label) -> int:
        """Position within the whole vector of the member with these labels, one per axis."""
        where = [list(axis.labels).index(part) for axis, part in zip(self.axes, label, strict=True)]
        return self.start + int(np.ravel_multi_index(where, self.shape)) if where else self.start

    def array(self, values: np.ndarray) -> xr.DataArray:
        """This family's part of a vector as a labelled array; a set of tuples stays one dimension of tuples."""
        coordinates = {dimension: _coordinate(axis) for dimension, axis in zip(self.dimensions, self.axes)}
        return xr.DataArray(self.of(values), coords=coordinates, dims=self.dimensions, name=self.name)

    def printed(self, position: int) -> str:
        """Name and labels of the member at a position within the family."""
        if not self.axes:
            return self.name
        parts = [part for label in self.label(position) for part in (label if type(label) is tuple else (label,))]
        return f"{self.name}[{','.join(map(str, parts))}]"


@dataclass(eq=False)
class Arrays:
    """A programme without names: shapes (columns,), (rows,) and (rows, columns)."""

    cost: np.ndarray
    offset: float
    column_lower: np.ndarray
    column_upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    matrix: csr_array

    def to_highs(self, rows: np.ndarray | None = None) -> Listening:
        """A silent HiGHS that holds this programme, or only these rows of it, handed over as arrays, row by row."""
        highs = Listening()
        part = slice(None) if rows is None else rows
        matrix = self.matrix if rows is None else self.matrix[rows]
        columns = len(self.cost)
        status = highs.passModel(
            columns, matrix.shape[0], matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMinimize),
            self.offset, self.cost, self.column_lower, self.column_upper, self.row_lower[part], self.row_upper[part],
            matrix.indptr, matrix.indices, matrix.data, np.zeros(columns, np.int32))
        if status == highspy.HighsStatus.kError:
            raise LoweringError("HiGHS refused the arrays of this programme")
        return highs


@dataclass(eq=False)
class LinearProgram(Arrays):
    """A compiled model.

    `columns` and `rows` map qualified names, such as `storage.energy`, to families; a constraint over nothing is not
    among them. `bounding` maps the names of rules that have no row, as they are bounds of a column, to what they ask for.
    """

    columns: Mapping[str, Family]
    rows: Mapping[str, Family]
    bounding: Mapping[str, Bounding]
    model: pyo.AbstractModel
    lowering: Lowering
    _expressions: dict = field(default_factory=dict)

    def operator(self, name: str) -> tuple[csr_array, np.ndarray, Family]:
        """A named expression of the model as `matrix @ x + constant`, and the labels of its rows."""
        if name not in self._expressions:
            expression = self.model.find_component(name)
            if expression is None or expression.ctype is not pyo.Expression:
                raise KeyError(f"{name} is no expression of this model")
            family = family_of(expression, self.lowering, 0)
            with naming(expression):
                body, placeholders = self.lowering.template(expression)
                rows = self.lowering.rows(body, family.axes, placeholders)
            constant = np.broadcast_to(rows.constant(), family.shape).reshape(-1)
            self._expressions[name] = assembled([rows], len(self.cost)), constant, family
        return self._expressions[name]

    def evaluate(self, name: str, solution: np.ndarray) -> np.ndarray:
        """Values of a named expression at a solution, in the shape of its index sets."""
        matrix, constant, family = self.operator(name)
        return (matrix @ solution + constant).reshape(family.shape)

    def bound_by(self, column: int, side: str) -> tuple[Family, int] | None:
        """The rule that sets the `lower` or `upper` bound of a column, and the position in it; None where the column itself does."""
        value = float((self.column_lower if side == "lower" else self.column_upper)[column])
        for bounding in self.bounding.values():
            position = bounding.sets(column, side, value)
            if position is not None:
                return bounding.family, position
        return None

    def equation(self, row: int) -> str:
        """One row as a person would write it."""
        here = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        terms = [f"{value:+.6g} {self.column_name(column)}"
                 for value, column in zip(self.matrix.data[here], self.matrix.indices[here])]
        lower, upper, body = self.row_lower[row], self.row_upper[row], " ".join(terms) or "0"
        if lower == upper:
            return f"{self.row_name(row)}: {body} = {lower:.6g}"
        left = f"{lower:.6g} <= " if lower > -INFINITY else ""
        right = f" <= {upper:.6g}" if upper < INFINITY else ""
        return f"{self.row_name(row)}: {left}{body}{right}"

    def column_name(self, column: int) -> str:
        return _member_name(self.columns, int(column))

    def row_name(self, row: int) -> str:
        return _member_name(self.rows, int(row))


def family_of(component, lowering: Lowering, start: int) -> Family:
    """The family of a component's members, from position `start` on."""
    index_set = index_set_of(component)
    names = [] if index_set is None else [factor.local_name for factor in factors(index_set)]
    return Family(component.name, start, tuple(lowering.axes(index_set)), _distinct(names))


class naming:  # noqa: N801
    """Errors inside say which component they come from; numbers that are not finite are found, not warned of."""

    def __init__(self, component):
        self.name = component.name
        self.quiet = np.errstate(divide="ignore", invalid="ignore")

    def __enter__(self):
        self.quiet.__enter__()

    def __exit__(self, kind, error, trace):
        self.quiet.__exit__(kind, error, trace)
        if isinstance(error, LoweringError):
            raise LoweringError(f"{self.name}: {error}") from error


def _member_name(families: Mapping[str, Family], position: int) -> str:
    family = next(one for one in families.values() if one.start <= position < one.start + one.size)
    return family.printed(position - family.start)


def _coordinate(axis: Axis) -> np.ndarray:
    """Labels of an axis; tuples as an array of objects."""
    if not axis.size or type(axis.labels[0]) is not tuple:
        return np.asarray(axis.labels)
    labels = np.empty(axis.size, object)
    labels[:] = list(axis.labels)
    return labels


def _distinct(names) -> tuple[str, ...]:
    """Names of dimensions; a set that stands twice in a product gets a number from its second place on."""
    return tuple(_numbered(names))


def _numbered(names) -> Iterator[str]:
    for place, name in enumerate(names):
        before = list(names[:place]).count(name)
        yield f"{name}_{before + 1}" if before else name
