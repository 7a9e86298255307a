"""Medium term: a plan of the whole horizon from a coarser programme of the same rules.

The coarse programme is that of another Case (`Case.coarsen`), whose families of columns and rows have the same names
and labels, over longer steps. A power keeps its mean over a step, an amount is shared out by hours, a level goes evenly
from border to border, what is counted at the beginning of a step stays there, a price of a row without steps (a month,
a year) is the same, and so is one of a row that balances a level: all are carried over by label.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grid_model.algebra import LinearProgram
from grid_model.solve.timeline import counts_steps
from grid_model.solve.vertex import UNKNOWN
from grid_model.solve.windows import Plan


def plan_from(coarse: LinearProgram, columns: np.ndarray, duals: np.ndarray, cost_duals: np.ndarray, statuses: np.ndarray,
              fine: LinearProgram, coarse_hours: np.ndarray, fine_hours: np.ndarray, moments: Iterable[str] = (),
              amounts: Iterable[str] = ()) -> Plan:
    """The plan that a solved coarse programme gives a fine one.

    Parameters
    ----------
    columns, duals, cost_duals, statuses : of the coarse programme: values, row duals of the objective and of the cost alone, the basis
    coarse_hours, fine_hours : lengths of the steps [h]; both begin at the same moment
    moments : families of columns that count what happens at the beginning of a step
    amounts : families of columns that say how much there is in a step
    """
    coarse_ends, ends = _ends(coarse_hours), _ends(fine_hours)
    after = _step_of(coarse_ends, ends)
    before = np.maximum(after - 1, 0)
    size, rows = len(fine.cost), len(fine.row_lower)
    values, earlier = (_carried(coarse.columns, columns, fine.columns, size, step)[0] for step in (after, before))
    passed = np.where(after > 0, (ends - coarse_ends[before]) / np.where(after > 0, coarse_ends[after] - coarse_ends[before], 1.0), 1.0)
    first = np.diff(after, prepend=-1) > 0
    part = np.diff(ends, prepend=0.0) / coarse_hours[before]
    for name, family in fine.columns.items():
        if family.size and family.dimensions and family.dimensions[-1].endswith("borders"):
            share, here = passed[np.asarray(family.axes[-1].labels, np.int64)], family.slice
            mixed = family.of(values) * share + family.of(earlier) * (1 - share)
            values[here] = mixed.reshape(-1)
        elif name in moments or name in amounts:
            share = (first if name in moments else part)[np.asarray(family.axes[-1].labels, np.int64)]
            values[family.slice] = (family.of(values) * share).reshape(-1)
    carried, priced = _carried(coarse.rows, duals, fine.rows, rows, after)
    return Plan(values, carried, _carried(coarse.rows, cost_duals, fine.rows, rows, after)[0], priced,
                basis_from(coarse, statuses, fine, coarse_hours, fine_hours))


def basis_from(coarse: LinearProgram, statuses: np.ndarray, fine: LinearProgram, coarse_hours: np.ndarray,
               fine_hours: np.ndarray) -> np.ndarray:
    """Statuses of columns, then rows, of a fine programme where the basis of a coarse one stands in each of its steps; UNKNOWN of those
    that have no label there, as rows of days where a step is longer.

    Parameters
    ----------
    statuses : of the coarse programme's columns, then rows (integers of HighsBasisStatus)
    coarse_hours, fine_hours : as of `plan_from`
    """
    step = _step_of(_ends(coarse_hours), _ends(fine_hours))
    of_columns, of_rows = np.split(statuses.astype(float), [len(coarse.cost)])
    columns, known_columns = _carried(coarse.columns, of_columns, fine.columns, len(fine.cost), step)
    rows, known_rows = _carried(coarse.rows, of_rows, fine.rows, len(fine.row_lower), step)
    return np.where(np.concatenate([known_columns, known_rows]), np.concatenate([columns, rows]), UNKNOWN).astype(np.int8)


def _ends(hours: np.ndarray) -> np.ndarray:
    """Hours from the beginning to each border of steps."""
    return np.concatenate([[0.0], np.cumsum(hours)])


def _step_of(coarse_ends: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The coarse step that a fine one ends in; border 0 stays border 0."""
    return np.minimum(np.searchsorted(coarse_ends, ends - 1e-9), len(coarse_ends) - 1)


def _carried(coarse, values: np.ndarray, fine, size: int, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of the members of families by label; which members have one."""
    whole, known = np.zeros(size), np.zeros(size, bool)
    for name, family in fine.items():
        if name not in coarse or not family.size or not coarse[name].size or len(coarse[name].axes) != len(family.axes):
            continue
        places = [_places(mine, theirs, dimension, step) for mine, theirs, dimension in zip(
            family.axes, coarse[name].axes, family.dimensions, strict=True)]
        found = np.ones(family.shape, bool)
        for axis, (_, there) in enumerate(places):
            found &= there.reshape([-1 if one == axis else 1 for one in range(len(places))])
        grid = np.ix_(*(place for place, _ in places)) if places else ()
        whole[family.slice] = np.where(found, coarse[name].of(values)[grid], 0.0).reshape(-1)
        known[family.slice] = found.reshape(-1)
    return whole, known


def _places(mine, theirs, dimension: str, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each label of an axis its place on the coarse axis, and whether it has one."""
    labels = list(mine.labels)
    if counts_steps(mine, dimension) or dimension == "always":
        labels = step[np.asarray(labels, np.int64)].tolist()
    known = {label: place for place, label in enumerate(theirs.labels)}
    place = np.fromiter((known.get(label, -1) for label in labels), np.int64, len(labels))
    return np.maximum(place, 0), place >= 0
