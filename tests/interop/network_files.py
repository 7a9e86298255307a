"""Small netCDF files in PyPSA's layout, written with xarray alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr


def write_network(path, steps: int = 1, hours: float = 1.0, weights=None, snapshots=None, **lists):
    """A file with components `generators=[{"name": "g", "bus": "a", "p_max_pu": [..by snapshot..]}, ...]`."""
    if snapshots is None:
        snapshots = pd.date_range("2027-01-01", periods=steps, freq=pd.Timedelta(hours=hours)).to_numpy()
    content = xr.Dataset(coords={"snapshots": np.arange(steps)})
    content["snapshots_snapshot"] = ("snapshots", snapshots)
    for weight in ("objective", "stores", "generators"):
        content[f"snapshots_{weight}"] = ("snapshots", np.broadcast_to((weights or {}).get(weight, hours), steps).astype(float))
    for listed, rows in lists.items():
        content = content.assign_coords({f"{listed}_i": np.array([row["name"] for row in rows], str)})
        for attribute in {key: 0 for row in rows for key in row if key != "name"}:
            content = _with_attribute(content, listed, attribute, rows)
    content.attrs = {"network_name": "test", "network_pypsa_version": "1.4.0", "network__multi_invest": 0}
    content.to_netcdf(path, engine="h5netcdf")
    return path


def _with_attribute(content, listed, attribute, rows):
    given = {row["name"]: row[attribute] for row in rows if attribute in row}
    series = {name: value for name, value in given.items() if isinstance(value, list)}
    if series:
        own = f"{listed}_t_{attribute}_i"
        content = content.assign_coords({own: np.array(list(series), str)})
        content[f"{listed}_t_{attribute}"] = (("snapshots", own), np.array(list(series.values()), float).T)
    if len(series) < len(given):
        example = next(value for value in given.values() if not isinstance(value, list))
        empty = {str: "", bool: False}.get(type(example), np.nan)
        values = [empty if row["name"] in series else row.get(attribute, DEFAULTS.get(attribute, empty)) for row in rows]
        content[f"{listed}_{attribute}"] = (f"{listed}_i", np.array(values))
    return content


DEFAULTS = {"active": True, "p_min_pu": 0.0, "p_max_pu": 1.0, "efficiency": 1.0, "sign": 1.0, "marginal_cost": 0.0,
            "carrier": "", "p_nom": 0.0}
THREE_BUSES = {
    "buses": [{"name": f"Bus{number}", "v_nom": 1.0} for number in (1, 2, 3)],
    "generators": [{"name": f"Gen{number}", "bus": f"Bus{number}", "p_nom": 100.0, "marginal_cost": cost}
                   for number, cost in ((1, 10.0), (2, 20.0), (3, 100.0))],
    "loads": [{"name": "load", "bus": "Bus3", "p_set": 100.0}],
    "lines": [{"name": name, "bus0": start, "bus1": end, "x": 1.0, "s_nom": limit} for name, start, end, limit in (
        ("Line12", "Bus1", "Bus2", 100.0), ("Line23", "Bus2", "Bus3", 100.0), ("Line13", "Bus1", "Bus3", 10.0))],
}
