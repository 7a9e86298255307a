"""What follows from a solved case by arithmetic alone: causes of curtailment, carbon of consumption, use of demand
response, settlement, and what technologies are called.

Nothing here is decided: it is computed from the dispatch, the tables beside it and the inputs, and can be made again
from stored results.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from grid_model.results import carbon_tracing, curtailment, scorecard, settlement
from grid_model.technologies.demand_response_use import programme_use, zone_capability

CALLED = ["technology", "kind", "label", "name_zh", "color"]  # what reports and plots show of a technology


def derive(case, dispatch: xr.Dataset, tables: dict[str, pd.DataFrame]) -> tuple[xr.Dataset, dict[str, pd.DataFrame]]:
    """The dispatch with causes of curtailment and carbon factors, and the tables with `curtailment`, `carbon_factors`,
    `demand_response`, `demand_response_capability`, `settlement`, `scorecard` and `technologies`."""
    if "curtailment" in dispatch:
        dispatch = dispatch.assign(curtailment_cause=curtailment.curtailment_cause(case, dispatch))
        tables = tables | {"curtailment": curtailment.by_cause(dispatch)}
    if "emissions" in dispatch:
        dispatch = carbon_tracing.add_factors(dispatch)
        tables = tables | {"carbon_factors": carbon_tracing.yearly(dispatch, case.tables["carbon_factors"])}
    if "demand_response_down" in dispatch:
        tables = tables | {"demand_response": _response(case, dispatch), "demand_response_capability": zone_capability(case)}
    if case.scenario.policies.get("settlement") is not False and "demand" in dispatch:  # without loads nobody pays
        tables = tables | {"settlement": settlement.settle(case, dispatch, tables)}
    if case.scenario.policy("scorecard") is not None:
        tables = tables | {"scorecard": scorecard.scorecard(case, dispatch, tables)}
    tables = tables | {"technologies": _technologies(case)}
    return dispatch, {name: _nothing_without_sign(table) for name, table in tables.items()}


def _nothing_without_sign(table: pd.DataFrame) -> pd.DataFrame:
    """The table with 0 where arithmetic left -0.0."""
    return table.assign(**{name: table[name] + 0.0 for name in table.select_dtypes(float)})


def _response(case, dispatch: xr.Dataset) -> pd.DataFrame:
    """Use of every programme against its limits."""
    reduced, added = (dispatch[f"demand_response_{way}"].fillna(0.0).values for way in ("down", "up"))
    orderly = dispatch["orderly_use_by_programme"].fillna(0.0).values if "orderly_use_by_programme" in dispatch else 0.0
    return programme_use(case, reduced + orderly, added)


def _technologies(case) -> pd.DataFrame:
    """Names and colours of the technologies that the case has."""
    table = case.tables["technologies"]
    used = pd.concat([case.tables[name]["technology"] for name in ("generators", "storage")])
    return table[table["technology"].isin(used)].reindex(columns=CALLED).reset_index(drop=True)
