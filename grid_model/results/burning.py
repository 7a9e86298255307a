"""Energy burnt by running against itself: stores that charge while they discharge, lines that carry both ways at once.

Both lose energy and pay only where energy has a negative value: a negative price, or a rank of guaranteed purchase that
would rather burn than spill. The solver fixes one direction wherever an optimum uses both (solve/one_way.py). What is
left is shown here, with where and when: energy that must be burnt because there is no other way, or the answer of
`solve.one_way: false`. Stores whose charging and discharging equipment stand apart may run both.

A store that must burn at a price that is not negative, such as one that owes more cycles than its zone has room for, is
asked for what it cannot do one way at a time: then there is no dispatch.

    store  min(c, d)                            line  min(F, B) = (loss / loss_fraction - |f|) / 2
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.errors import InfeasibleError, printable

NEGATIVE = -1e-6  # CNY/MWh: a price of at least this is zero, or more
MOST_LINES = 8
LEAST_MW = 1e-3  # less than this is rounding

COLUMNS = ["kind", "name", "zone", "time", "energy_mwh"]


def burning(dispatch: xr.Dataset, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every store, line and step that runs against itself.

    Parameters
    ----------
    dispatch : Dataset of results
    tables : inputs, of which `lines` say their `loss_fraction` and `storage` whether its `separate_equipment` may run at once

    Returns
    -------
    DataFrame of `kind, name, zone, time, energy_mwh`, largest first; for a line `zone` is where it comes from
    """
    parts = []
    if "charge" in dispatch:
        apart = tables["storage"].set_index("storage")["separate_equipment"].reindex(dispatch["storage"].values).to_numpy(bool)
        both = np.minimum(dispatch["charge"], dispatch["discharge"]) * ~apart[:, None]
        parts.append(_rows("storage", both, dispatch["storage_zone"].values, dispatch["step_hours"].values))
    if "loss" in dispatch:
        fraction = tables["lines"].set_index("line")["loss_fraction"].reindex(dispatch["line"].values).to_numpy(float)[:, None]
        lossy = np.where(fraction > 0, fraction, np.inf)
        both = (dispatch["loss"] / lossy - np.abs(dispatch["flow"])) / 2
        parts.append(_rows("line", both, dispatch["from_zone"].values, dispatch["step_hours"].values))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    return table.sort_values(["energy_mwh", "name", "time"], ascending=[False, True, True], ignore_index=True)


def demand_paid(table: pd.DataFrame, dispatch: xr.Dataset, stores: pd.DataFrame) -> None:
    """Raises InfeasibleError, with every store and its first hour, where a store burns energy at a price that is not negative.

    Parameters
    ----------
    table : of `burning`
    stores : inputs, which say what each owes
    """
    burnt = table[table["kind"] == "storage"]
    price = dispatch["price"].sel(zone=xr.DataArray(burnt["zone"].to_numpy(object)), time=xr.DataArray(burnt["time"].to_numpy()))
    burnt = burnt.assign(price=price.values)[price.values >= NEGATIVE].sort_values("time")
    if burnt.empty:
        return
    owed = stores.set_index("storage")["min_cycles_per_day"].fillna(0.0)
    lines = [_told(name, hours, owed[name]) for name, hours in burnt.groupby("name")]
    more = [f"and {len(lines) - MOST_LINES} stores more"] if len(lines) > MOST_LINES else []
    raise InfeasibleError("\n  ".join(["every dispatch that was found has a store charge while it discharges, at no negative price:",
                                      *lines[:MOST_LINES], *more,
                                      "they would have to owe less; solve.one_way: false lets every store do both"]))


def _told(name: str, hours: pd.DataFrame, cycles: float) -> str:
    first = hours.iloc[0]
    owes = f"; its min_cycles_per_day is {cycles:g}" if cycles else ""
    return (f"storage {printable(name)!r} in {printable(first['zone'])} burns {hours['energy_mwh'].sum():.6g} MWh in {len(hours)} step(s), "
            f"first at {first['time']} at a price of {first['price']:.6g} CNY/MWh{owes}")


def _rows(kind: str, power: xr.DataArray, zones: np.ndarray, hours: np.ndarray) -> pd.DataFrame:
    unit, step = np.nonzero(power.values > LEAST_MW)
    return pd.DataFrame({"kind": kind, "name": power[power.dims[0]].values[unit], "zone": zones[unit],
                         "time": power["time"].values[step], "energy_mwh": power.values[unit, step] * hours[step]})
