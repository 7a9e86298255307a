"""Certificate of optimality from stored duals alone: what no dispatch can cost less than.

`duals.nc` holds the dual of every row, by family and labels, of each rank and of the cost. The programme is built anew
from the inputs; for any duals y weak duality gives a true lower bound (solve/certificate.py), so neither the solver nor
its answer is trusted. Ranks come first: each is bounded within the points that the ranks before it leave, the cost
within those that all ranks leave.

    cost - bound <= GAP |cost|,   loss of a rank - bound <= ORDER of its energy

Columns that were closed so that nothing runs against itself (solve/one_way.py) stand there too, `closed.` before the name
of their family: what is bounded is the cost within the directions chosen, every closed column fixed at zero.

Written apart from the formulation are the laws of results/audit; this certificate alone builds the programme with it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.case.units import CNY, MWH
from grid_model.results import exact
from grid_model.results.audit.book import COLUMNS
from grid_model.solve.certificate import certify
from grid_model.solve.one_way import closed
from grid_model.solve.ranked import Face

GAP = 1e-6
ORDER = 1e-6
SAME = 1e-9  # relative, between bounds of the same duals
CLOSED = "closed."
COUNTED = "counted.balance"  # by windows: duals of the balance in all ranks together
VECTOR = "minimised"  # dimension of what was minimised: ranks in their order, then the cost


def duals_dataset(solved) -> xr.Dataset:
    """Row duals of every rank and of the cost by family, in units of the programme; labels as text."""
    vectors = list(solved.duals)
    values = np.stack([solved.duals[name] for name in vectors])
    shut = np.zeros(len(solved.program.cost), np.int8)
    shut[solved.closed] = 1
    rows = solved.program.rows
    columns = {f"{CLOSED}{name}": family for name, family in solved.program.columns.items() if shut[family.slice].any()}
    arrays = {
        name: ((VECTOR, *_labels(family)), values[:, family.slice].reshape(len(values), *family.shape)) for name, family in rows.items()
    }
    arrays |= {name: (tuple(_labels(family)), shut[family.slice].reshape(family.shape)) for name, family in columns.items()}
    if solved.counted is not None:
        arrays[COUNTED] = (tuple(_labels(rows["balance"])), solved.counted.reshape(rows["balance"].shape))
    labels = {name: texts for family in (*rows.values(), *columns.values()) for name, texts in _labels(family).items()}
    return xr.Dataset(
        arrays,
        coords={name: (name, texts) for name, texts in labels.items()} | {VECTOR: np.asarray(vectors, object)},
        attrs={
            "title": "row duals: change of what was minimised per unit of a row's side",
            "units": "of the programme: GW, GWh, million CNY, kt",
        },
    )


def _labels(family) -> dict[str, np.ndarray]:
    """Labels of every dimension of a family, by the name that it bears in the dataset."""
    return {f"{family.name}.{dimension}": _texts(axis) for dimension, axis in zip(family.dimensions, family.axes)}


def _texts(axis) -> np.ndarray:
    """Labels of an axis as text, numbers as they are."""
    labels = list(axis.labels)
    whole = all(isinstance(label, (int, np.integer)) for label in labels)
    return np.asarray(labels, np.int64) if whole else np.asarray([str(label) for label in labels], object)


def as_solved(program, duals: xr.Dataset):
    """The programme with the columns closed that stored duals name.

    Raises
    ------
    KeyError : it has no such family
    """
    shut = np.zeros(len(program.cost), bool)
    for name in (str(one) for one in duals.data_vars if str(one).startswith(CLOSED)):
        shut[program.columns[name.removeprefix(CLOSED)].slice] = duals[name].values.reshape(-1) != 0
    return closed(program, shut)


def certify_stored(model, program, duals: xr.Dataset, summary: dict, order: pd.DataFrame | None = None,
                   strict: bool = False) -> pd.DataFrame:
    """Laws of the certificate, as rows of an audit.

    Parameters
    ----------
    model, program : built anew from the inputs
    duals : as of `duals_dataset`
    summary : with cost, bound and sizes as stored
    order : table `purchase_order`, where there are ranks
    strict : bounds in exact rational arithmetic too

    Raises
    ------
    InputError : `strict`, and the programme is too large for it
    """
    rows, families = [], differing(program, duals) or _misnamed(model, duals)
    sizes = {"rows": program.matrix.shape[0], "columns": program.matrix.shape[1], "nonzeros": int(program.matrix.nnz)}
    fixed = sum(int(duals[name].sum()) for name in duals.data_vars if str(name).startswith(CLOSED))
    wrong = [*families, *(name for name, size in sizes.items() if summary.get(name) != size)]
    wrong += ["directions.fixed"] * (summary.get("directions", {}).get("fixed", fixed) != fixed)
    rows.append(_row("programme as solved", wrong[0] if wrong else "rows", float(len(wrong)), "1", 0.0, len(sizes) + len(program.rows)))
    if families:
        return pd.DataFrame(rows, columns=COLUMNS)
    bounds, rational = _bounds(model, as_solved(program, duals), duals, strict)
    cost, stored = (float(summary.get(name, np.nan)) for name in ("objective_cny", "lower_bound_cny"))
    size = max(abs(cost), 1.0)
    bound = bounds.pop("cost") / CNY
    rows.append(_row("lower bound from stored duals", "cost", abs(bound - stored), "CNY", SAME * size + 0.01))
    rows.append(_row("cost is no more than the bound allows", "cost", abs(cost - bound), "CNY", GAP * size))
    if strict:
        exactly = float(rational.pop("cost") / Fraction(CNY))
        rows.append(_row("exact lower bound", "cost", abs(cost - exactly), "CNY", GAP * size))
    rows += _ranks(bounds, order, "loss of a rank is no more than the bound allows")
    rows += _ranks({name: float(one) for name, one in rational.items()}, order, "exact bound of a rank")
    return pd.DataFrame(rows, columns=COLUMNS)


def differing(program, duals: xr.Dataset) -> list[str]:
    """Families of rows that the stored duals lack, and families of rows or closed columns that are too many or labelled
    otherwise."""
    shut = {str(name) for name in duals.data_vars if str(name).startswith(CLOSED)}
    wrong = set(program.rows) ^ (set(duals.data_vars) - shut - {COUNTED}) | {
        name for name in shut if name.removeprefix(CLOSED) not in program.columns
    }
    stored = duals.variables
    for name in set(duals.data_vars) - wrong - {COUNTED}:
        family = (program.columns if name in shut else program.rows)[name.removeprefix(CLOSED)]
        labels, ahead = _labels(family), () if name in shut else (VECTOR,)
        same = stored[name].dims == (*ahead, *labels) and stored[name].shape[len(ahead):] == family.shape and all(
            np.array_equal(texts.astype(str), stored[one].values.astype(str)) for one, texts in labels.items())
        wrong |= set() if same else {name}
    return sorted(wrong)


def _misnamed(model, duals: xr.Dataset) -> list[str]:
    """What is said to be minimised and is no rank, or not once; the cost must be."""
    names = [str(one) for one in duals[VECTOR].values] if VECTOR in duals.coords else []
    odd = {name for name in names if names.count(name) > 1 or name not in (*model.ranks, "cost")}
    return sorted(odd | {"cost"} - set(names))


def _bounds(model, program, duals: xr.Dataset, strict: bool) -> tuple[dict, dict]:
    """Lower bound of each rank and of the cost, in units of the programme; the same as exact fractions where asked."""
    face, found, rational = Face(program), {}, {}
    for place, name in enumerate(str(one) for one in duals[VECTOR].values):
        vector, constant = program.cost, program.offset
        if name in model.ranks:
            matrix, constants, _ = program.operator(model.ranks[name])
            vector, constant = matrix.toarray()[0], float(constants[0])
        y = np.zeros(program.matrix.shape[0])
        for family in program.rows.values():
            y[family.slice] = duals.variables[family.name].values[place].reshape(-1)
        face.enter(name, y, face.reduced_costs(vector, y))
        found[name] = certify(program, y, face.bounds, vector).bound - program.offset + constant
        if strict:
            rational[name] = exact.bound(program.matrix, vector, Fraction(constant), y, face.bounds)
    return found, rational


def _ranks(bounds: dict, order: pd.DataFrame | None, law: str) -> list[tuple]:
    """What each rank loses by the table of the order of purchase, against its bound."""
    rows = []
    table = order.set_index("purchase_class") if order is not None else pd.DataFrame()
    for name, bound in bounds.items():
        known = name in table.index
        lost = float(table.at[name, "available_mwh"] - table.at[name, "taken_mwh"]) if known else np.nan
        slack = max(ORDER * float(table.at[name, "available_mwh"]), 0.01) if known else 0.0
        rows.append(_row(law, name, abs(lost - bound / MWH), "MWh", slack))
    return rows


def _row(law, where, violation, unit, tolerance, checked: int = 1) -> tuple:
    violation = float(np.inf if np.isnan(violation) else max(violation, 0.0))
    return law, where, "", violation, unit, tolerance, violation <= tolerance, int(violation > tolerance), checked
