"""Files of results: the dispatch as netCDF or zarr, tables as CSV that no spreadsheet takes for formulas.

A run whose hourly values take more than ZARR_FROM bytes in memory (some three years of 31 provinces) is stored as zarr,
in pieces that can be read alone; everything smaller is one netCDF file. Both hold the same and open as the same
Dataset. Values are kept to the last digit: a year of 31 provinces takes 70 MB as it is.

A cell of text that begins like a formula (FORMULA) is written with an apostrophe before it, which spreadsheets
hide; reading takes it away again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import dask
import pandas as pd
import xarray as xr

from grid_model.encoding import as_cell, of_cell

NETCDF, ZARR = "dispatch.nc", "dispatch.zarr"
ZARR_FROM = 10**9
STEPS_IN_A_PIECE = 2190
FORMULA = r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]"
CODECS = {"zstd", "blosc", "zlib", "gzip", "shuffle", "fixedscaleoffset", "vlen-utf8"}  # none of them runs what it reads
_ALONE = partial(dask.config.set, scheduler="synchronous")  # no lock of a cluster for a file that is one process's own
TIME = {"units": "hours since 1970-01-01", "dtype": "float64"}


def write_dispatch(dispatch: xr.Dataset, folder: Path, form: str) -> None:
    """Write the dispatch into a folder; `form` is netcdf, zarr, or auto."""
    if form == "zarr" or (form == "auto" and dispatch.nbytes > ZARR_FROM):
        pieces = {name: {"chunks": (variable.shape[0], min(STEPS_IN_A_PIECE, variable.shape[1]))}
                  for name, variable in dispatch.data_vars.items() if variable.ndim == 2 and variable.size}
        dispatch.to_zarr(folder / ZARR, mode="w-", zarr_format=2, consolidated=True, encoding=pieces | {"time": TIME})
    else:
        write_netcdf(dispatch, folder / NETCDF, {"time": TIME})


def write_netcdf(dataset: xr.Dataset, path: Path, encoding: dict | None = None) -> None:
    """A dataset as netCDF, arrays packed. HDF5 packs it in memory: on a disk that fills up it would break down itself."""
    packed = {name: {"zlib": True, "complevel": 1, "shuffle": True} for name, variable in dataset.data_vars.items()
              if variable.ndim and variable.size and variable.dtype.kind != "O"}
    with _ALONE():
        path.write_bytes(dataset.to_netcdf(engine="h5netcdf", encoding=packed | (encoding or {})))


def read_netcdf(path: Path) -> xr.Dataset:
    """A dataset in memory."""
    with _ALONE(), xr.open_dataset(path, engine="h5netcdf") as stored:
        return stored.load()


def read_dispatch(folder: Path) -> xr.Dataset:
    """The dispatch in a folder, in memory. Raises OSError or ValueError where there is none that can be read."""
    if (folder / ZARR).is_dir():
        _demand_harmless(folder / ZARR)
        with xr.open_zarr(folder / ZARR, consolidated=True, chunks=None) as stored:
            dispatch = stored.load()
        words = [name for name, variable in dispatch.variables.items() if variable.dtype.kind not in "biufmM"]
        return dispatch.assign_coords({name: dispatch[name].astype(object).astype(str) for name in words})  # as netCDF gives them
    if not (folder / NETCDF).is_file():
        raise FileNotFoundError(f"{NETCDF} or {ZARR} is missing")
    return read_netcdf(folder / NETCDF)


def _demand_harmless(store: Path) -> None:
    """Arrays of zarr may name any codec, also one that unpickles: only those of CODECS are read."""
    described = json.loads((store / ".zmetadata").read_text(encoding="utf-8"))["metadata"]
    arrays = [about for name, about in described.items() if name.endswith(".zarray")]
    named = {codec["id"] for about in arrays for codec in [about["compressor"], *(about["filters"] or [])] if codec}
    if named - CODECS:
        raise ValueError(f"codecs {', '.join(sorted(named - CODECS))}, which are not read")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """A table as CSV, texts that look like formulas made harmless."""
    _texts(table, as_cell).to_csv(path, index=False, lineterminator="\n")


def read_table(path: Path, texts: Iterable[str] = ()) -> pd.DataFrame:
    """A table that `write_table` wrote, as it was; an empty cell is missing. Columns `texts` hold text, whatever it looks like:
    zones may be called NA, 001 or true."""
    table = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"), keep_default_na=False, na_values=[""])
    return _texts(table, of_cell)


def text_columns(table: pd.DataFrame) -> list[str]:
    """Columns that hold nothing but text, or have none to hold yet."""
    return [name for name in table if pd.api.types.infer_dtype(table[name]) == "string" or table[name].dtype == "str"]


def _texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The table with every text changed."""
    words = [name for name in table if table[name].dtype.kind in "OUT" or table[name].dtype == "str"]
    return table.assign(**{name: table[name].map(lambda cell: change(cell) if isinstance(cell, str) else cell) for name in words})
