"""Renewable plant: wind, solar, biomass, geothermal and marine, up to what is available.

symbol  attribute        unit             kind
g       generation       GW               decision, m <= g <= (1 - k) A
A       available        GW               data: availability profile (else max_output_fraction) times capacity
m       minimum          GW               data: what must be taken: min_output profile (else min_output_fraction) times
                                          capacity, at most (1 - k) A
k       local_congestion 1                data: part of what is available that the grid inside the zone cannot take
f       forgone          GW               A - g: there and not taken
v       variable_cost    million CNY/GWh  data

Nothing is kept for later: what is not taken is lost. A zone is one node; what its own grid keeps from its edge, where
that is known, is the fraction k, the same in every hour, and counts as not taken. Solar thermal plant with a heat store
is in solar_thermal.py. By the rules of the carbon market none of these plants emits, biomass included, so no emissions
are offered.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.case.checks import problems_where
from grid_model.case.tables import number
from grid_model.case.units import MW
from grid_model.technologies import generators
from grid_model.technologies.contract import Data, Report
from grid_model.technologies.generators import CERTIFICATE, GENERATORS, check_kinds
from grid_model.technologies.solar_thermal import HEAT_STORE_HOURS

NAME = "renewable"

VILLAGE_MW = 20  # docs/policy.md, section 7

TABLES = {
    "generators": [
        *GENERATORS, CERTIFICATE, HEAT_STORE_HOURS,
        number("local_congestion_fraction", unit="1", minimum=0, maximum=1, default=0,
               meaning="part of the available energy of renewable plant that the grid inside its zone cannot take"),
        number("villages", unit="1", minimum=0,
               meaning=f"villages in which distributed wind stands, at most {VILLAGE_MW} MW in each; empty: not counted"),
    ],
}


def check_renewable(frames) -> list:
    """Distributed wind is within what its villages may have; columns of renewable plant are empty for other."""
    table = frames["generators"]
    too_much = (table["technology"] == "wind_distributed") & (table["capacity_mw"] > VILLAGE_MW * table["villages"])
    return [*check_kinds(frames, ("local_congestion_fraction", "villages"), "renewable"),
            *problems_where(table, too_much, "capacity_mw", f"at most {VILLAGE_MW} MW for each of its villages")]


CHECKS = (check_renewable, generators.check_output)


def read(case) -> Data | None:
    """Figures of every generator of kind renewable without a heat store."""
    table = case.generators("renewable")
    table = table[table["heat_store_hours"] == 0]
    if table.empty:
        return None
    data = Data(case, table, "generator")
    generators.read_limits(data, case)
    generators.read_rates(data)
    most = (1 - data.column("local_congestion_fraction").values)[:, None] * data.available.values
    data.most = data.series(most, "most")
    data.minimum = data.series(np.minimum(data.minimum.values, most), "minimum")
    return data


def add_variables(renewable, data):
    renewable.generation = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.minimum[unit, step], data.most[unit, step]))


def add_constraints(renewable, data):
    """None: bounds say it all."""


def forgone(renewable, data, unit, step):
    """A[g,t] - g[g,t]   [GW]"""
    return data.available[unit, step] - renewable.generation[unit, step]


def headroom_up(renewable, data, unit, step):
    """(1 - k) A[g,t] - g[g,t]   [GW]"""
    return data.most[unit, step] - renewable.generation[unit, step]


output = generators.output
available = generators.available
headroom_down = generators.headroom_down
certificates = generators.certificates

COSTS = {"generation": generators.generation_cost}

REPORTS = {
    "generation": Report("generator", "MW", 1 / MW, "power into the grid", output),
    "available": Report("generator", "MW", 1 / MW, "power that could be taken", available),
}
