"""Four days of a small grid whose water must last: what windows are tried on."""

from __future__ import annotations

import numpy as np
from small import small_case

from grid_model.scenario import Solve

HOURS = 96


def year_of_four_days(**solve):
    """Coal at 100, gas at 300 CNY/MWh, a battery, and a reservoir that must last: 960 MWh of water for four days, of which
    the last has twice the load."""
    load = 100 + 40 * np.sin(np.arange(HOURS) * 2 * np.pi / 24) + np.where(np.arange(HOURS) >= 72, 100, 0)
    case = small_case(
        HOURS, {"load": {"l": load}, "inflow": {"lake": np.full(HOURS, 2.0)}}, loads=[{"load": "l", "zone": "A"}],
        generators=[
            {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 120,
             "variable_cost_cny_per_mwh": 100.0},
            {"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 200, "variable_cost_cny_per_mwh": 300.0},
            {"generator": "hydro", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 80}],
        reservoirs=[{"reservoir": "lake", "generator": "hydro", "capacity_mwh": 2000, "initial_fraction": 0.5,
                     "final_fraction": 0.1}],
        storage=[{"storage": "battery", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 40,
                  "charge_efficiency": 0.9, "discharge_efficiency": 0.9}])
    return case.replace(scenario=case.scenario.model_copy(update={"solve": Solve(**solve)}))
