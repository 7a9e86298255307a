"""The same rules twice: as templates lowered to arrays, and as ordinary Pyomo constraints; both must say the same."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn
from scipy.sparse import csr_array

from grid_model.algebra import INFINITY, compile_program
from grid_model.formulation import build_model


def assert_same_as_concrete(case) -> None:
    """Compares rows, bounds and costs of a case's compiled programme with Pyomo's, entry by entry."""
    program = compile_program(build_model(case))
    model = build_model(case, concrete=True)
    variables = [data for component in model.component_objects(pyo.Var) for data in component.values()]
    column = {id(data): position for position, data in enumerate(variables)}
    assert len(variables) == len(program.cost)
    np.testing.assert_allclose(program.column_lower, [_open(data.lb, -INFINITY) for data in variables], atol=1e-12)
    np.testing.assert_allclose(program.column_upper, [_open(data.ub, INFINITY) for data in variables], atol=1e-12)

    rows = [data for component in model.component_objects(pyo.Constraint) for data in component.values()]
    parts = [generate_standard_repn(data.body) for data in rows]
    assert len(rows) == program.matrix.shape[0]
    assert all(part.is_linear() for part in parts)
    matrix, lower, upper = _matrix(parts, column).toarray(), *(
        np.array([_open(getattr(data, given), open_value) - part.constant for data, part in zip(rows, parts)])
        for given, open_value in (("lb", -INFINITY), ("ub", INFINITY)))
    ours = program.matrix.toarray()
    turned = (np.abs(ours - matrix).max(axis=1) > 1e-12)  # x >= a may be written as -x <= -a
    np.testing.assert_allclose(np.where(turned[:, None], -ours, ours), matrix, atol=1e-12)
    np.testing.assert_allclose(np.where(turned, -program.row_upper, program.row_lower), lower, atol=1e-12)
    np.testing.assert_allclose(np.where(turned, -program.row_lower, program.row_upper), upper, atol=1e-12)

    cost = generate_standard_repn(next(model.component_data_objects(pyo.Objective)))
    np.testing.assert_allclose(program.cost, _matrix([cost], column).toarray()[0], atol=1e-12)
    assert abs(program.offset - cost.constant) < 1e-12


def _matrix(parts, column) -> csr_array:
    entries = [(row, column[id(variable)], pyo.value(coefficient)) for row, part in enumerate(parts)
               for variable, coefficient in zip(part.linear_vars, part.linear_coefs)]
    row, position, value = zip(*entries) if entries else ((), (), ())
    return csr_array((np.asarray(value, float), (np.asarray(row, int), np.asarray(position, int))), shape=(len(parts), len(column)))


def _open(limit, open_value: float) -> float:
    return open_value if limit is None else float(limit)
