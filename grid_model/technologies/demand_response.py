"""Demand response: programmes that lower, move or interrupt demand, and orderly use after them.

symbol  attribute   unit             kind
d       reduced     GW               decision, 0 <= d <= most_reduced; d[p,0] = 0: nothing is called before the first step
D       power       GW               data: power_mw, or share_of_peak of the greatest load
L       load        GW               data: what the programme's zone, or its one load, asks for
v       cost        million CNY/GWh  data, per energy reduced
dt      step_hours  h                data

Order (POLICY.md, section 3): demand response first, orderly use after it, unserved energy last. It follows from the costs:
orderly use costs more than every other programme of its zone and less than unserved energy there. Where its cost is not
given it lies in the middle between the two; a given cost outside them is wrong input.

`share_of_peak` is a share of the zone's `peak_load_mw` (table zones), the greatest load of a calendar year; where that is
not given, of the greatest load in the case itself, so that a week has the share of its own peak.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies.contract import Data, Report, subset

NAME = "demand_response"

KINDS = ("shed", "shift", "interruptible", "ev_charging", "orderly_use")

TABLES = {
    "zones": [
        number("peak_load_mw", unit="MW", above=0,
               meaning="greatest load of a calendar year, for shares of the peak; empty: the greatest load in the case"),
    ],
    "demand_response": [
        identifier("programme", meaning="name of the programme"),
        reference("zone", "zones", meaning="zone whose demand it changes", required=True),
        choice("kind", KINDS, required=True, meaning="what it does to demand"),
        number("power_mw", unit="MW", minimum=0, meaning="greatest reduction; or share_of_peak"),
        number("share_of_peak", unit="1", minimum=0, maximum=1, meaning="greatest reduction as part of the greatest load"),
        number("cost_cny_per_mwh", unit="CNY/MWh", minimum=0,
               meaning="cost per energy reduced; empty: 0, for orderly_use between all other programmes and unserved energy"),
    ],
}


def read(case) -> Data | None:
    """Figures of every programme, GW."""
    table = case.tables["demand_response"]
    if table.empty:
        return None
    data = Data(case, table, "programme")
    load = zone_load(case).loc[data.zone_names].to_numpy() * MW
    share = data.table["share_of_peak"].to_numpy(float) * zone_peak(case).loc[data.zone_names].to_numpy() * MW
    power = np.where(data.table["power_mw"].notna(), data.table["power_mw"].to_numpy(float) * MW, share)
    data.power = data.parameter(power, "power")
    most = np.minimum(power[:, None], np.maximum(load, 0))
    data.most_reduced = Array(np.concatenate([np.zeros((len(power), 1)), most], axis=1), data.names, np.arange(data.end + 1),
                              name="most_reduced")
    data.cost = data.parameter(costs(case.tables) * CNY_PER_MWH, "cost")
    return data


def zone_load(case) -> pd.DataFrame:
    """Load of every zone, shape (zones, steps) [MW]."""
    loads = case.tables["loads"]
    demand = pd.DataFrame(case.profile("load", loads["load"], 0.0), index=loads["zone"].to_numpy(object))
    return demand.groupby(level=0).sum().reindex(case.zones, fill_value=0.0)


def zone_peak(case) -> pd.Series:
    """Greatest load of every zone: of the calendar year where the table zones says so, else of the case [MW]."""
    given = case.tables["zones"].set_index("zone")["peak_load_mw"]
    return given.fillna(zone_load(case).max(axis=1))


def costs(tables) -> np.ndarray:
    """Cost of every programme per energy reduced; of orderly use without one the middle of what it must lie between
    [CNY/MWh]."""
    table = tables["demand_response"]
    low, high = _limits_of_orderly_use(tables)
    between = (low + np.where(np.isfinite(high), high, low)) / 2
    given = table["cost_cny_per_mwh"].to_numpy(float)
    orderly = (table["kind"] == "orderly_use").to_numpy()
    return np.where(np.isnan(given), np.where(orderly, between, 0.0), given)


def _limits_of_orderly_use(tables) -> tuple[np.ndarray, np.ndarray]:
    """For each programme, of its zone: the highest cost of a programme other than orderly use (0 where there is none),
    and the lowest of unserved energy (infinite where there is no load) [CNY/MWh]."""
    table, loads = tables["demand_response"], tables["loads"]
    others = table[table["kind"] != "orderly_use"]
    highest = others["cost_cny_per_mwh"].fillna(0.0).groupby(others["zone"]).max()
    lowest = loads["unserved_cost_cny_per_mwh"].groupby(loads["zone"]).min()
    return (table["zone"].map(highest).fillna(0.0).to_numpy(float), table["zone"].map(lowest).fillna(np.inf).to_numpy(float))


def add_variables(response, data):
    orderly = (data.table["kind"] == "orderly_use").to_numpy()
    response.responding = pyo.Set(data.units, initialize=_own(data, ~orderly))
    response.orderly = pyo.Set(data.units, initialize=_own(data, orderly))
    response.reduced = pyo.Var(data.units, data.borders, bounds=lambda _, unit, border: (0, data.most_reduced[unit, border]))


def _own(data, chosen) -> dict:
    """For each programme a list of itself where it is chosen, else none: a sum over it is a term that only some have."""
    return {name: [name] if one else [] for name, one in zip(data.names, chosen)}


def add_constraints(response, data):
    """None yet."""


def output(response, data, unit, step):
    """d[p,t]   [GW]"""
    return response.reduced[unit, step]


def down(response, data, unit, step):
    """d[p,t] of demand response   [GW]"""
    return sum(response.reduced[one, step] for one in response.responding[unit])


def orderly_use(response, data, unit, step):
    """d[p,t] of orderly use   [GW]"""
    return sum(response.reduced[one, step] for one in response.orderly[unit])


def response_cost(response, data):
    """sum of v d dt   [million CNY]"""
    return sum(data.cost[unit] * data.step_hours[step] * response.reduced[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"demand_response": response_cost}

REPORTS = {
    "demand_response_down": Report("programme", "MW", 1 / MW, "demand reduced by demand response", down),
    "orderly_use_by_programme": Report("programme", "MW", 1 / MW, "demand reduced by orderly use", orderly_use),
}


def check_programmes(frames):
    """A programme has one size, and orderly use comes after every other programme and before unserved energy."""
    table = frames["demand_response"]
    sizes = table["power_mw"].notna().astype(int) + table["share_of_peak"].notna()
    low, high = _limits_of_orderly_use(frames)
    cost = table["cost_cny_per_mwh"]
    orderly = table["kind"] == "orderly_use"
    return [
        *problems_where(table, sizes != 1, "power_mw", "a number here or in share_of_peak, not in both"),
        *problems_where(table, orderly & ((cost <= low) | (cost >= high)), "cost_cny_per_mwh",
                        "for orderly_use a number above every other programme's of its zone, and below "
                        "unserved_cost_cny_per_mwh of its loads"),
    ]


CHECKS = (check_programmes,)
