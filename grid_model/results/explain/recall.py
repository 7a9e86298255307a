"""The optimum of stored results: their duals, and the columns that their dispatch tells.

Every report of a technology is a sum of columns, R x + r = what the dispatch says. Where all but one column of a sum
are known so is that one; this is repeated while it finds any. Two sums of the same two columns, as flow and loss of a
line, tell both. Of a difference alone one is taken to be zero: nothing is lost by sending both ways. What no report
tells stays unknown.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.sparse import csr_array, vstack

from grid_model.errors import InputError, Problem
from grid_model.results.certificate import COUNTED, VECTOR, as_solved, differing
from grid_model.results.explain.optimum import COST, Optimum, counted_by

PASSES = 3  # sums of sums: net output less what capture uses, curtailment of what is generated


def of_stored(case, model, program, results) -> Optimum:
    """What results say of a programme that is built anew from the inputs.

    Raises
    ------
    InputError : they hold no duals, or their rows are not those of the programme
    """
    place = str(results.folder or "results")
    if results.duals is None:
        raise InputError(Problem(place, value="duals", allowed="results with duals: run the scenario again"))
    wrong = differing(program, results.duals)
    if wrong:
        raise InputError(
            Problem(place, value=wrong[0], allowed="inputs as they were in the run: these rules differ now")
        )
    vectors = {str(vector): np.concatenate([results.duals[name].sel({VECTOR: vector}).values.reshape(-1) for name in program.rows])
               for vector in results.duals[VECTOR].values}  # fmt: skip
    cost, columns = vectors.pop(COST), told_columns(model, program, results.dispatch)
    return Optimum(case, as_solved(program, results.duals), cost, columns, _counted(program, results, vectors))


def _counted(program, results, ranks: dict[str, np.ndarray]) -> np.ndarray | None:
    """Where the order of purchase counts what is used; None of windows whose results do not say so."""
    balance = program.rows["balance"].slice
    if COUNTED in results.duals:
        return counted_by([results.duals[COUNTED].values.reshape(-1)], balance)
    return (
        counted_by([duals[balance] for duals in ranks.values()], balance) if results.summary.get("status", "optimal") == "optimal" else None
    )


def told_columns(model, program, dispatch: xr.Dataset) -> np.ndarray:
    """Values of the columns that a dispatch tells, in units of the programme; NaN of all others."""
    told = [
        _sums(program, fleet, name, report, dispatch[name])
        for fleet in model.fleets.values()
        for name, report in fleet.reports.items()
        if name in dispatch
    ]
    matrix, values = csr_array(vstack([one for one, _ in told])), np.concatenate([one for _, one in told])
    columns = np.full(len(program.cost), np.nan)
    for _ in range(PASSES):
        _take_single(matrix, values, columns)
    _take_pairs(matrix, values, columns)
    _take_differences(matrix, values, columns)
    return columns


def _sums(program, fleet, name: str, report, shown: xr.DataArray) -> tuple[csr_array, np.ndarray]:
    """R, and what R x is by the dispatch."""
    matrix, constant, _ = program.operator(f"{fleet.name}.report_{name}")
    units = [str(unit) for unit in fleet.reported_units(report)]
    values = shown.sel({report.dimension: units}).transpose(report.dimension, "time").values.reshape(-1) / report.scale
    return matrix, values - constant


def _unknown(matrix: csr_array, columns: np.ndarray) -> tuple[np.ndarray, csr_array]:
    """How many unknown columns each sum has, and the matrix of these alone."""
    left = csr_array(matrix @ _diagonal(np.isnan(columns)))
    left.eliminate_zeros()
    return np.diff(left.indptr), left


def _diagonal(mask: np.ndarray) -> csr_array:
    return csr_array((mask.astype(float), (np.arange(len(mask)), np.arange(len(mask)))))


def _take_single(matrix: csr_array, values: np.ndarray, columns: np.ndarray) -> None:
    """Fill in the columns that are the only unknown one of a sum."""
    count, left = _unknown(matrix, columns)
    single = np.flatnonzero(count == 1)
    rest = (values - matrix @ np.nan_to_num(columns))[single]
    columns[left.indices[left.indptr[single]]] = rest / left.data[left.indptr[single]]


def _take_pairs(matrix: csr_array, values: np.ndarray, columns: np.ndarray) -> None:
    """Fill in two unknown columns where two sums have these and no others."""
    count, left = _unknown(matrix, columns)
    left.sort_indices()
    double = np.flatnonzero(count == 2)
    pair = np.stack([left.indices[left.indptr[double]], left.indices[left.indptr[double] + 1]], axis=1)
    order = np.lexsort((pair[:, 1], pair[:, 0]))
    double, pair = double[order], pair[order]
    same = np.flatnonzero((pair[1:] == pair[:-1]).all(axis=1))
    one, other = double[same], double[same + 1]
    rest = values - matrix @ np.nan_to_num(columns)
    (a, b), (c, d) = ((left.data[left.indptr[row]], left.data[left.indptr[row] + 1]) for row in (one, other))
    determinant = a * d - b * c
    whole = np.abs(determinant) > 1e-9
    first, second = d * rest[one] - b * rest[other], a * rest[other] - c * rest[one]
    columns[pair[same[whole], 0]] = first[whole] / determinant[whole]
    columns[pair[same[whole], 1]] = second[whole] / determinant[whole]


def _take_differences(matrix: csr_array, values: np.ndarray, columns: np.ndarray) -> None:
    """Fill in the columns of sums that are a difference of two unknown ones."""
    count, left = _unknown(matrix, columns)
    double = np.flatnonzero(count == 2)
    first, second = left.indptr[double], left.indptr[double] + 1
    opposite = left.data[first] == -left.data[second]
    double, first, second = double[opposite], first[opposite], second[opposite]
    rest = (values - matrix @ np.nan_to_num(columns))[double] / left.data[first]
    columns[left.indices[first]], columns[left.indices[second]] = np.maximum(rest, 0.0), np.maximum(-rest, 0.0)
