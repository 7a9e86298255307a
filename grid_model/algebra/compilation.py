"""Compilation: a Pyomo model whose rules are kept as templates becomes a LinearProgram."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra.bounding import Bounding, bounding_of, narrow
from grid_model.algebra.entries import Sheet, assembled
from grid_model.algebra.errors import LoweringError
from grid_model.algebra.lowering import Lowering, sides
from grid_model.algebra.program import INFINITY, Family, LinearProgram, family_of, naming
from grid_model.algebra.templates import template_of

_KNOWN = {pyo.Block, pyo.Set, pyo.RangeSet, pyo.Param, pyo.Var, pyo.Expression, pyo.Constraint, pyo.Objective}


def compile_program(model: pyo.AbstractModel) -> LinearProgram:
    """Turn a model whose rules are kept as templates into arrays.

    Raises
    ------
    LoweringError : a rule is no linear algebra over its sets; the message names the rule.
    """
    _prepare(model)
    lowering = Lowering()
    columns = _families(_active(model, pyo.Var), lowering)
    bounds = set(getattr(model, "bounding", ()))
    standing = [one for one in _active(model, pyo.Constraint) if one.name not in bounds]
    rows = _families(standing, lowering)
    for variable in _active(model, pyo.Var):
        lowering.column_start[id(variable)] = columns[variable.name].start
    column_lower, column_upper = _bounds(model, columns, lowering)
    bounding = {name: _bounding(model.find_component(name), len(column_lower), lowering) for name in sorted(bounds)}
    bounding = {name: one for name, one in bounding.items() if len(one.column)}
    for one in bounding.values():
        narrow(column_lower, column_upper, one)
    matrix, row_lower, row_upper = _constraints(standing, rows, len(column_lower), lowering)
    cost, offset = _objective(model, len(column_lower), lowering)
    rows = {name: family for name, family in rows.items() if family.size}
    return LinearProgram(cost, offset, column_lower, column_upper, row_lower, row_upper, matrix, columns, rows, bounding, model, lowering)


def _prepare(model) -> None:
    """Construct sets and empty variables; constraints and expressions stay rules."""
    _refuse_the_unknown(model)
    for component in model.component_objects((pyo.Set, pyo.RangeSet, pyo.Param), descend_into=True):
        component.construct()
    for variable in model.component_objects(pyo.Var, descend_into=True):
        if variable.is_indexed():
            variable._dense = False  # no object is ever made for a single column
        variable.construct()
    for expression in model.component_objects(pyo.Expression, descend_into=True):
        expression._constructed = True  # may be indexed by placeholders, holds no data


def _refuse_the_unknown(model) -> None:
    """Nothing in a model may be left out in silence."""
    for component in model.component_objects(active=True, descend_into=True):
        if component.ctype not in _KNOWN or isinstance(component, (pyo.ConstraintList, pyo.VarList)):
            kind = type(component).__name__
            raise LoweringError(f"{component.name}: a {kind} is no rule over sets of a linear programme")
        if component.ctype is pyo.Block and (component.is_indexed() or component._rule):
            raise LoweringError(f"{component.name}: a block with an index or a rule; fill a plain block instead")


def _active(model, kind):
    return model.component_objects(kind, active=True, descend_into=True)


def _families(components, lowering: Lowering) -> dict[str, Family]:
    families, start = {}, 0
    for component in components:
        with naming(component):
            family = families[component.name] = family_of(component, lowering, start)
        start += family.size
    return families


def _bounds(model, families, lowering: Lowering) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of all columns: those of a variable's rule, within those of its domain."""
    size = sum(family.size for family in families.values())
    lower, upper = np.empty(size), np.empty(size)
    for variable in _active(model, pyo.Var):
        family = families[variable.name]
        with naming(variable):
            (low, high), (least, most) = _limits(variable, family, lowering), _domain(variable)
            np.maximum(low, least, out=family.of(lower))
            np.minimum(high, most, out=family.of(upper))
    return lower, upper


def _limits(variable, family: Family, lowering: Lowering) -> tuple:
    """What the rule for a variable's bounds says, over the family's axes; one number where it says nothing."""
    if variable._rule_bounds is None or not family.size:
        return -INFINITY, INFINITY
    (low, high), placeholders = template_of(variable, variable._rule_bounds)
    return (_data_or(-INFINITY, low, family, placeholders, lowering),
            _data_or(INFINITY, high, family, placeholders, lowering))


def _data_or(open_value: float, node, family: Family, placeholders, lowering: Lowering):
    """Values of a node without variables, or the open value where there is none."""
    return open_value if node is None else lowering.data(node, family.axes, placeholders)


def _domain(variable) -> tuple[float, float]:
    """Bounds of the numbers that a variable may take."""
    if not variable._rule_domain.constant():
        raise LoweringError("a domain that depends on the index; give bounds instead")
    domain = variable._rule_domain(variable.parent_block(), None, variable)
    if domain.get_interval()[2] != 0:
        raise LoweringError(f"the domain {domain} is no interval of real numbers")
    low, high = domain.bounds()
    return -INFINITY if low is None else float(low), INFINITY if high is None else float(high)


def _constraints(constraints, families, columns: int, lowering: Lowering):
    """The matrix of all rows, and their sides with the bodies' constants taken over."""
    size = sum(family.size for family in families.values())
    sheet, lower, upper = Sheet(size, columns), np.empty(size), np.empty(size)
    for constraint in constraints:
        family = families[constraint.name]
        if not family.size:
            continue  # a rule over nothing is never called, as in Pyomo
        with naming(constraint):
            rows, low, high = _lowered(constraint, family, lowering)
            np.subtract(low, rows.constant(), out=family.of(lower))
            np.subtract(high, rows.constant(), out=family.of(upper))
            sheet.write(rows)
    return sheet.matrix(), lower, upper


def _lowered(constraint, family: Family, lowering: Lowering):
    """Rows of a family, and the sides of its body over its axes; one number where a side is open."""
    relation, placeholders = template_of(constraint, constraint.rule)
    low, body, high = sides(relation)
    rows = lowering.rows(body, family.axes, placeholders)
    return (rows, _data_or(-INFINITY, low, family, placeholders, lowering), _data_or(INFINITY, high, family, placeholders, lowering))


def _bounding(constraint, columns: int, lowering: Lowering) -> Bounding:
    """What a rule over one column each asks of its columns."""
    with naming(constraint):
        family = family_of(constraint, lowering, 0)
        if not family.size:
            return Bounding(family, *(np.empty(0, kind) for kind in (int, float, float)))
        rows, low, high = _lowered(constraint, family, lowering)
        low, high = (np.broadcast_to(side - rows.constant(), family.shape).reshape(-1) for side in (low, high))
        return bounding_of(family, assembled([rows], columns), low, high)


def _objective(model, columns: int, lowering: Lowering) -> tuple[np.ndarray, float]:
    cost, offset = np.zeros(columns), 0.0
    objectives = list(_active(model, pyo.Objective))
    if len(objectives) > 1 or any(objective.is_indexed() for objective in objectives):
        raise LoweringError(f"{objectives[-1].name}: a linear programme has one objective")
    for objective in objectives:
        with naming(objective):
            body, _ = template_of(objective, objective.rule)
            rows = lowering.rows(body, [], ())
            rows.add_to(cost)
            offset = float(rows.constant())
        if objective._init_sense(objective.parent_block(), None) == pyo.maximize:
            return 0.0 - cost, 0.0 - offset
    return cost, offset
