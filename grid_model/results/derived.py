"""What follows from a solved case by arithmetic alone: carbon of consumption, and settlement.

Nothing here is decided: it is computed from the dispatch, the tables beside it and the inputs, and can be made again
from stored results.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from grid_model.results import carbon_tracing, settlement


def derive(case, dispatch: xr.Dataset, tables: dict[str, pd.DataFrame]) -> tuple[xr.Dataset, dict[str, pd.DataFrame]]:
    """The dispatch with carbon factors, and the tables with `carbon_factors` and `settlement`."""
    if "emissions" in dispatch:
        dispatch = carbon_tracing.add_factors(dispatch)
        tables = tables | {"carbon_factors": carbon_tracing.yearly(dispatch, case.tables["carbon_factors"])}
    if case.scenario.policies.get("settlement") is not False and "demand" in dispatch:  # without loads nobody pays
        tables = tables | {"settlement": settlement.settle(case, dispatch, tables)}
    return dispatch, tables
