"""Energy burnt by running against itself: stores that charge while they discharge, lines that carry both ways at once.

Both lose energy and pay only where energy has a negative value: a negative price, or a rank of guaranteed purchase that
would rather burn than spill. The solver fixes one direction wherever an optimum uses both (solve/one_way.py). What is
left is shown here, with where and when: energy that must be burnt because there is no other way, or the answer of
`solve.one_way: false`. Stores whose charging and discharging equipment stand apart may run both.

    store  min(c, d)                            line  min(F, B) = (loss / loss_fraction - |f|) / 2
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

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


def _rows(kind: str, power: xr.DataArray, zones: np.ndarray, hours: np.ndarray) -> pd.DataFrame:
    unit, step = np.nonzero(power.values > LEAST_MW)
    return pd.DataFrame({"kind": kind, "name": power[power.dims[0]].values[unit], "zone": zones[unit],
                         "time": power["time"].values[step], "energy_mwh": power.values[unit, step] * hours[step]})
