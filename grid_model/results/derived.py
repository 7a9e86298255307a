"""What follows from a solved case by arithmetic alone: causes of curtailment, carbon of consumption, and settlement.

Nothing here is decided: it is computed from the dispatch, the tables beside it and the inputs, and can be made again
from stored results.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from grid_model.results import carbon_tracing, curtailment, settlement


def derive(case, dispatch: xr.Dataset, tables: dict[str, pd.DataFrame]) -> tuple[xr.Dataset, dict[str, pd.DataFrame]]:
    """The dispatch with causes of curtailment and carbon factors, and the tables with `curtailment`, `carbon_factors` and
    `settlement`."""
    if "curtailment" in dispatch:
        dispatch = dispatch.assign(curtailment_cause=curtailment.curtailment_cause(case, dispatch))
        tables = tables | {"curtailment": curtailment.by_cause(dispatch)}
    if "emissions" in dispatch:
        dispatch = carbon_tracing.add_factors(dispatch)
        tables = tables | {"carbon_factors": carbon_tracing.yearly(dispatch, case.tables["carbon_factors"])}
    if case.scenario.policies.get("settlement") is not False and "demand" in dispatch:  # without loads nobody pays
        tables = tables | {"settlement": settlement.settle(case, dispatch, tables)}
    return dispatch, tables
