"""A zone with hours that are short and hours with power to spare, for tests of demand response."""

from __future__ import annotations

import numpy as np
from small import small_case

DEAR = 2000  # CNY/MWh of the plant that sets the price in scarce hours


def grid(cheap, *programmes, load=100.0, **options):
    """One zone: its load, a plant at no cost with `cheap` MW in each step, one of 1000 MW at 2000 CNY/MWh."""
    return small_case(
        len(cheap), loads=[{"load": "load", "zone": "A"}], generators=plants(),
        series={"load": {"load": load}, "availability": of_capacity(cheap)},
        demand_response=[{"zone": "A", "programme": f"p{number}", **programme}
                         for number, programme in enumerate(programmes)],
        **options)


def plants() -> list[dict]:
    return [{"generator": "cheap", "zone": "A", "technology": "wind_onshore", "capacity_mw": 1000},
            {"generator": "dear", "zone": "A", "technology": "gas", "capacity_mw": 1000,
             "variable_cost_cny_per_mwh": DEAR}]


def of_capacity(cheap) -> dict:
    return {"cheap": [power / 1000 for power in cheap]}


def down(result) -> np.ndarray:
    """Demand reduced by demand response [MW]."""
    return result.value("demand_response.report_demand_response_down") * 1e3


def up(result) -> np.ndarray:
    """Demand added by demand response [MW]."""
    return result.value("demand_response.report_demand_response_up") * 1e3
