"""Comparison of a compiled programme with Pyomo's own expansion of the same rules, entry by entry, by names."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from grid_model.algebra import INFINITY, LinearProgram, compile_program

CLOSE = {"rel_tol": 1e-12, "abs_tol": 1e-12}


def same_matrix(template: Callable, concrete: Callable) -> LinearProgram:
    """Assert that both models are the same programme; returns it compiled.

    Parameters
    ----------
    template : function that makes a model whose rules are kept as templates
    concrete : function that makes the same model, expanded by Pyomo
    """
    program, expanded = compile_program(template()), concrete()
    _same(columns_of(program), expanded_columns(expanded), "column")
    _same(rows_of(program), expanded_rows(expanded), "row")
    _same_objective(program, expanded)
    return program


def columns_of(program: LinearProgram) -> dict:
    """{name: (lower, upper)} of every column."""
    names = names_of(program.columns)
    assert len(names) == len(program.column_lower) == len(program.column_upper) == len(program.cost)
    return dict(zip(names, zip(program.column_lower, program.column_upper, strict=True), strict=True))


def rows_of(program: LinearProgram) -> dict:
    """{name: (lower, upper, {column: coefficient})} of every row."""
    columns, matrix = names_of(program.columns), program.matrix
    assert matrix.shape == (len(program.row_lower), len(columns))
    rows = {}
    for row, name in enumerate(names_of(program.rows)):
        here = slice(matrix.indptr[row], matrix.indptr[row + 1])
        entries = {
            columns[column]: value for column, value in zip(matrix.indices[here], matrix.data[here], strict=True)
        }
        assert len(entries) == here.stop - here.start, f"{name} has a column twice"
        assert all(entries.values()), f"{name} has a zero"
        rows[name] = program.row_lower[row], program.row_upper[row], entries
    return rows


def names_of(families) -> list[tuple]:
    """(component, index) of every member of all families, in order; the index flat, as Pyomo has it."""
    return [
        (family.name, *flat(family.label(position))) for family in families.values() for position in range(family.size)
    ]


def flat(labels) -> list:
    return [part for label in labels for part in (label if type(label) is tuple else (label,))]


def expanded_columns(model) -> dict:
    return {
        _name(variable): (_or(variable.lb, -INFINITY), _or(variable.ub, INFINITY))
        for variable in model.component_data_objects(pyo.Var, active=True, descend_into=True)
    }


def expanded_rows(model) -> dict:
    rows = {}
    for constraint in model.component_data_objects(pyo.Constraint, active=True, descend_into=True):
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        constant, entries = _linear(body)
        rows[_name(constraint)] = _or(lower, -INFINITY) - constant, _or(upper, INFINITY) - constant, entries
    return rows


def _linear(expression) -> tuple[float, dict]:
    """Constant, and {column: coefficient} without zeros, of an expanded expression."""
    standard = generate_standard_repn(expression, compute_values=True)
    assert standard.is_linear()
    entries = {
        _name(variable): value
        for variable, value in zip(standard.linear_vars, standard.linear_coefs, strict=True)
        if value
    }
    return standard.constant, entries


def _same_objective(program: LinearProgram, model) -> None:
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=True))
    if not objectives:
        assert not np.any(program.cost) and program.offset == 0
        return
    (objective,) = objectives
    sign = -1 if objective.sense == pyo.maximize else 1
    constant, entries = _linear(objective.expr)
    costs = {name: cost for name, cost in zip(names_of(program.columns), program.cost, strict=True) if cost}
    assert math.isclose(program.offset, sign * constant, **CLOSE)
    _same_entries(costs, {name: sign * cost for name, cost in entries.items()}, "objective")


def _same(compiled: dict, expanded: dict, kind: str) -> None:
    assert compiled.keys() == expanded.keys(), f"{kind}s on one side only: {compiled.keys() ^ expanded.keys()}"
    for name, (lower, upper, *entries) in compiled.items():
        its_lower, its_upper, *its_entries = expanded[name]
        assert math.isclose(lower, its_lower, **CLOSE) and math.isclose(upper, its_upper, **CLOSE), (
            f"{kind} {name}: [{lower}, {upper}] instead of [{its_lower}, {its_upper}]"
        )
        for some, others in zip(entries, its_entries, strict=True):
            _same_entries(some, others, name)


def _same_entries(compiled: dict, expanded: dict, name) -> None:
    """Equal but for rounding; what cancels may leave a rounding error in one and nothing in the other."""
    for column in compiled.keys() | expanded.keys():
        one, other = compiled.get(column, 0.0), expanded.get(column, 0.0)
        assert math.isclose(one, other, **CLOSE), f"{name}, {column}: {one} instead of {other}"


def _name(member) -> tuple:
    index = member.index()
    return (member.parent_component().name, *(() if index is None else index if type(index) is tuple else (index,)))


def _or(value, otherwise):
    return otherwise if value is None else float(value)
