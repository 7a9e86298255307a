"""What people see of reserves: who keeps how much ready, what each area requires, misses and pays for it.

Reserve that is no decision is shared out afterwards: to spinning plant first, then in proportion to headroom.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.policies.reserve_providers import CALLED, DIRECTIONS


def reserve_series(data, solved) -> dict[str, xr.DataArray]:
    """Reserve of every provider, and by area what is required, missing, and its price (NaN where none is required)."""
    reserve = {direction: _of_providers(data, solved, direction) for direction in DIRECTIONS}
    every = list(dict.fromkeys(str(name) for one in reserve.values() for name in one["provider"].values))
    results = {f"reserve_{direction}": one.reindex(provider=every, fill_value=0.0)
               for direction, one in reserve.items()}
    for direction in data.needed:
        results |= _of_areas(data, solved, direction)
    return results


def _of_providers(data, solved, direction: str) -> xr.DataArray:
    """Reserve of every provider of one direction."""
    if direction not in data.needed:
        return _array(data, "provider", [], np.zeros((0, data.end)), f"reserve {direction}wards")
    decided, pooled = data.providers[direction], data.pooled[direction]
    values = [solved.evaluate(f"reserves.{direction}_{fleet.name}") / MW for fleet in decided]
    left = _required(data, solved, direction) - solved.evaluate(f"reserves.shortfall_{direction}") / MW
    for (fleet, units), reserve in zip(decided.items(), values):
        left -= _by_area(data, fleet, units, reserve, direction)
    for fleets in ([one for one in pooled if one.name not in CALLED], [one for one in pooled if one.name in CALLED]):
        values += _shared_out(data, solved, direction, fleets, left)
    order = [*decided, *(one for one in pooled if one.name not in CALLED), *(one for one in pooled if one.name in CALLED)]
    units = [*decided.values(), *(pooled[fleet] for fleet in order[len(decided):])]
    names = [label for fleet, some in zip(order, units) for label in _labels(list(zip(order, units)), fleet, some)]
    return _array(data, "provider", names, np.concatenate([np.zeros((0, data.end)), *values]), f"reserve {direction}wards")


def _shared_out(data, solved, direction: str, fleets, left: np.ndarray) -> list[np.ndarray]:
    """Reserve of pooled fleets in proportion to their headroom: of what is `left` in each area, which is lowered by it
    [MW]."""
    pooled = data.pooled[direction]
    headroom = [np.maximum(solved.evaluate(f"reserves.{direction}_pool_{fleet.name}") / MW, 0.0) for fleet in fleets]
    whole = sum((_by_area(data, fleet, pooled[fleet], some, direction) for fleet, some in zip(fleets, headroom)),
                np.zeros(left.shape))
    part = np.divide(np.clip(left, 0.0, whole), whole, out=np.zeros(left.shape), where=whole > 0)
    left -= part * whole
    return [some * part[_positions(data, fleet, pooled[fleet], direction)] for fleet, some in zip(fleets, headroom)]


def _positions(data, fleet, units, direction: str) -> np.ndarray:
    """Position of the area of each unit among those in need."""
    zone = dict(zip(fleet.data.names, fleet.data.zone_names, strict=True))
    return np.searchsorted(data.needed[direction].astype(str), np.array([data.area_of[zone[unit]] for unit in units], str))


def _by_area(data, fleet, units, values: np.ndarray, direction: str) -> np.ndarray:
    """Sums of units over the areas in need."""
    sums = np.zeros((len(data.needed[direction]), data.end))
    np.add.at(sums, _positions(data, fleet, units, direction), values)
    return sums


def _required(data, solved, direction: str) -> np.ndarray:
    """R + N of the areas in need, shape (areas, steps) [MW]."""
    needed = data.needed[direction]
    required = data.fixed[direction].values[np.isin(data.areas, needed)] / MW
    if direction == "up" and data.contingent:
        required[np.isin(needed, data.contingent)] += solved.evaluate("reserves.infeed") / MW
    return required


def _labels(providers, fleet, units) -> list[str]:
    """Names of providers, pairs of fleet and units; with the fleet's where another has a unit of the same name."""
    others = {unit for other, names in providers if other is not fleet for unit in names}
    return [f"{fleet.name} {unit}" if unit in others else unit for unit in units]


def _of_areas(data, solved, direction: str) -> dict[str, xr.DataArray]:
    """Requirement, shortfall and price of one direction by area."""
    needed = data.needed[direction]
    required = _required(data, solved, direction)
    dual, hours = solved.dual(f"reserves.requirement_{direction}"), data.case.cost_hours
    price = np.divide(dual, hours, out=np.zeros(dual.shape), where=hours > 0) / CNY_PER_MWH + 0.0  # no -0
    missing = solved.evaluate(f"reserves.shortfall_{direction}") / MW
    money = f"{data.case.scenario.currency}/MWh"
    columns = {"required": (required, f"reserve required {direction}wards", "MW"),
               "shortfall": (missing, f"reserve missing {direction}wards", "MW"),
               "price": (price, f"price of reserve {direction}wards: cost of one more MW required for an hour", money)}
    return {f"reserve_{direction}_{name}": _array(data, "reserve_area", needed, values, long_name, unit)
            for name, (values, long_name, unit) in columns.items()}


def _array(data, dimension: str, names, values: np.ndarray, long_name: str, unit: str = "MW") -> xr.DataArray:
    return xr.DataArray(values, coords={dimension: np.asarray(names, object)}, dims=(dimension, "time"),
                        attrs={"units": unit, "long_name": long_name, "cell_methods": "time: mean"})
