"""Zones as tiles: every zone gets a cell of a small grid, as near as can be to where it lies.

    minimise   sum over zones of the squared distance between zone and cell    (each cell at most once)

Coordinates are first spread so that zones lie evenly: halfway between their place on the map and their rank along each
axis, as provinces crowd in the east. Zones without coordinates stand in rows in the order of their table.
"""

from __future__ import annotations

import numpy as np

ROOM = 1.6  # cells per zone


def tile_grid(latitude, longitude) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of each zone, row 0 at the bottom."""
    latitude, longitude = np.asarray(latitude, float), np.asarray(longitude, float)
    count = len(latitude)
    if count == 1 or not np.isfinite(latitude).all() or not np.isfinite(longitude).all():
        width = int(np.ceil(np.sqrt(count)))
        return np.arange(count) % width, (count - 1) // width - np.arange(count) // width
    from scipy.optimize import linear_sum_assignment  # slow to import, and small grids have no map

    east, north = _spread(longitude), _spread(latitude)
    columns = max(2, int(np.ceil(np.sqrt(ROOM * count * 1.15))))
    rows = max(2, int(np.ceil(ROOM * count / columns)))
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(columns), np.arange(rows)))
    distance = (east[:, None] * (columns - 1) - column) ** 2 + (north[:, None] * (rows - 1) - row) ** 2
    cell = linear_sum_assignment(distance)[1]
    column, row = column[cell], row[cell]
    return column - column.min(), row - row.min()


def _spread(values: np.ndarray) -> np.ndarray:
    """Positions in 0..1, halfway between where they are and evenly spaced."""
    extent = np.ptp(values)
    if extent == 0:
        return np.full(len(values), 0.5)
    return ((values - values.min()) / extent + _rank(values) / (len(values) - 1)) / 2


def _rank(values: np.ndarray) -> np.ndarray:
    """How many values are lower; equal ones share the mean of their ranks."""
    lower, higher = (np.searchsorted(np.sort(values), values, side) for side in ("left", "right"))
    return (lower + higher - 1) / 2
