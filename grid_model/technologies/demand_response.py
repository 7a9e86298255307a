"""Demand response: programmes that lower, move or interrupt demand, and orderly use after them.

symbol  attribute        unit             kind
d       reduced          GW               decision, 0 <= d <= most_reduced
u       increased        GW               decision, 0 <= u <= most_increased; shift and ev_charging
r       lent             GW               decision, 0 <= r <= return_power; vehicles that return power to the grid
D       power            GW               data: power_mw, or share_of_peak of the greatest load; whole blocks of step_mw
L       load             GW               data: what the programme's zone, or its one load, asks for
v       cost             million CNY/GWh  data, per energy reduced or lent
dt      step_hours       h                data

kind           what it is                                                      laws
shed           customers that use less when called                             demand_response_calls.py
interruptible  blocks that are switched off, such as aluminium potlines        demand_response_calls.py
shift          demand moved to earlier or later hours                          demand_response_calls.py, _shift.py
ev_charging    charging of vehicles, later than on arrival                     demand_response_charging.py
orderly_use    use cut by order of the government                              demand_response_calls.py

Nothing is called before the first step. What a programme could still do at once is offered as headroom;
orderly use is no reserve.

Order (docs/policy.md, section 3): demand response first, orderly use after it, unserved energy last. It follows from the
costs: orderly use costs more than every other programme of its zone and less than unserved energy there. Where its cost
is not given it lies in the middle between the two; a given cost outside them is wrong input.

`share_of_peak` is a share of the zone's `peak_load_mw` (table zones), the greatest load of a calendar year; where that
is not given, and for a programme of one load, of the greatest load in the case, so that a week has shares of its own
peak.

All programmes together reduce a zone's demand, and those of one load that load's, to nothing at most, and what is not
served is no longer there to be reduced: consumption.py. Blocks are relaxed: any part of the whole blocks may be off.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number, reference
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies import demand_response_calls as calls
from grid_model.technologies import demand_response_charging as charging
from grid_model.technologies import demand_response_shift as shift
from grid_model.technologies.contract import Data, Report, subset

NAME = "demand_response"
SELDOM = ("one_direction", "start", "hours_of_day", "returned_in_time", "reduced_in_time")
MOMENTS = ("started",)

KINDS = ("shed", "shift", "interruptible", "ev_charging", "orderly_use")
CALLED = ("shed", "shift", "interruptible", "orderly_use")

# The kinds in which a column has a meaning; elsewhere its cells are empty.
MEANT_FOR = {
    "max_hours_per_day": CALLED,
    "max_calls_per_year": CALLED,
    "max_energy_mwh_per_year": CALLED,
    "min_rest_hours": CALLED,
    "min_call_hours": CALLED,
    "step_mw": ("interruptible",),
    "window_hours": ("shift", "ev_charging"),
    "efficiency": ("shift", "ev_charging"),
    "up_power_mw": ("shift",),
    "up_share_of_peak": ("shift",),
    "energy_mwh_per_day": ("ev_charging",),
    "deadline_hour": ("ev_charging",),
    "return_power_mw": ("ev_charging",),
    "return_share_of_peak": ("ev_charging",),
    "return_energy_mwh": ("ev_charging",),
}

TABLES = {
    "zones": [
        number("peak_load_mw", unit="MW", above=0,
               meaning="greatest load of a calendar year, for shares of it; empty: the greatest load in the case"),
    ],
    "demand_response": [
        identifier("programme", meaning="name of the programme"),
        reference("zone", "zones", meaning="zone whose demand it changes", required=True),
        reference("load", "loads", meaning="the one load of that zone that takes part; empty: the zone's whole load"),
        choice("kind", KINDS, required=True, meaning="what it does to demand"),
        number("power_mw", unit="MW", minimum=0,
               meaning="greatest reduction, of ev_charging the chargers' power; either this or share_of_peak"),
        number("share_of_peak", unit="1", minimum=0, maximum=1,
               meaning="the same as part of the greatest load; either this or power_mw"),
        number("cost_cny_per_mwh", unit="CNY/MWh", minimum=0,
               meaning="cost per energy reduced; empty: 0, of orderly_use between all others and unserved energy"),
        number("max_hours_per_day", unit="h/day", minimum=0, maximum=24,
               meaning="most energy reduced in a day, in hours at full power; empty: no limit"),
        number("max_calls_per_year", unit="1/year", minimum=0,
               meaning="most calls in a year, in calls at full power; empty: no limit"),
        number("max_energy_mwh_per_year", unit="MWh/year", minimum=0,
               meaning="most energy reduced in a year; empty: no limit"),
        number("min_rest_hours", unit="h", minimum=0, default=0,
               meaning="least time from the end of a call to the next"),
        number("min_call_hours", unit="h", minimum=0, default=0, meaning="least length of a call"),
        number("step_mw", unit="MW", above=0,
               meaning="size of a block: power is rounded down to whole blocks; empty: any size"),
        number("window_hours", unit="h", minimum=0,
               meaning="longest time that demand is moved: earlier or later by shift, later by ev_charging; "
                       "empty for ev_charging: up to the deadline"),
        number("efficiency", unit="1", above=0, maximum=1,
               meaning="energy reduced per energy used instead; of vehicles energy returned to the grid per energy "
                       "charged for it; empty: 1"),
        number("up_power_mw", unit="MW", minimum=0, meaning="greatest increase; empty: as the greatest reduction"),
        number("up_share_of_peak", unit="1", minimum=0, maximum=1,
               meaning="the same as part of the greatest load; either this or up_power_mw"),
        number("energy_mwh_per_day", unit="MWh/day", minimum=0,
               meaning="energy charged in a day by the vehicles that take part; empty: all of the load"),
        number("deadline_hour", unit="h", minimum=0, maximum=24,
               meaning="hour of the day by which vehicles are charged"),
        number("return_power_mw", unit="MW", minimum=0, default=0,
               meaning="greatest power that vehicles return to the grid"),
        number("return_share_of_peak", unit="1", minimum=0, maximum=1,
               meaning="the same as part of the greatest load; either this or return_power_mw"),
        number("return_energy_mwh", unit="MWh", minimum=0, default=0,
               meaning="most energy that vehicles have lent to the grid at a time"),
    ],
}


def read(case) -> Data | None:
    """Figures of every programme, GW and GWh."""
    table = case.tables["demand_response"]
    if table.empty:
        return None
    data = Data(case, table.assign(**other_powers(case)), "programme")
    data.kind = data.table["kind"].to_numpy(object)
    data.efficiency = data.parameter(data.table["efficiency"].fillna(1.0).to_numpy(float), "efficiency")
    data.power = data.parameter(programme_power(case) * MW, "power")
    data.cost = data.parameter(costs(case.tables) * CNY_PER_MWH, "cost")
    data.load = np.maximum(programme_load(case) * MW, 0)
    reduced, increased = np.minimum(data.power.values[:, None], data.load), np.zeros_like(data.load)
    shift.read(data, reduced, increased)
    charging.read(data, reduced, increased)
    data.most_reduced = data.series(reduced, "most_reduced")
    data.most_increased = data.series(increased, "most_increased")
    calls.read(data)
    data.load_names = data.table["load"].to_numpy(object)
    data.responds = data.parameter((data.kind != "orderly_use").astype(float), "responds")
    data.moves, data.mover = _among(data, data.shifting | data.charging, "moves")
    data.lends, data.lender = _among(data, data.lending, "lends")
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


def programme_load(case) -> np.ndarray:
    """What each programme can change: its zone's load, or its one load, shape (programmes, steps) [MW]."""
    table = case.tables["demand_response"]
    one = (table["load"] != "").to_numpy()[:, None]
    return np.where(one, case.profile("load", table["load"], 0.0), zone_load(case).loc[table["zone"]].to_numpy())


def programme_peak(case) -> np.ndarray:
    """Greatest load that each programme's shares are of: its zone's, or its one load's [MW]."""
    table = case.tables["demand_response"]
    return np.maximum(np.where(table["load"] != "", programme_load(case).max(axis=1), zone_peak(case).loc[table["zone"]].to_numpy()), 0)


def programme_power(case) -> np.ndarray:
    """D of each programme [MW]."""
    table = case.tables["demand_response"]
    power = table["power_mw"].fillna(table["share_of_peak"] * programme_peak(case)).to_numpy(float)
    block = table["step_mw"].to_numpy(float)
    return np.where(np.isnan(block), power, np.floor(power / block * (1 + 1e-9)) * block)


def other_powers(case) -> dict[str, np.ndarray]:
    """Greatest increase (NaN: not given) and greatest return of vehicles, whichever way they are given [MW]."""
    table, peak = case.tables["demand_response"], programme_peak(case)
    return {"up_power_mw": table["up_power_mw"].fillna(table["up_share_of_peak"] * peak),
            "return_power_mw": table["return_power_mw"] + (table["return_share_of_peak"] * peak).fillna(0.0)}


def costs(tables) -> np.ndarray:
    """Cost of every programme per energy reduced; of orderly use without one the middle of what it must lie between
    [CNY/MWh]."""
    table = tables["demand_response"]
    low, high = _limits_of_orderly_use(tables)
    between = (low + np.where(np.isfinite(high), high, low)) / 2
    given = table["cost_cny_per_mwh"].to_numpy(float)
    return np.where(np.isnan(given), np.where(table["kind"] == "orderly_use", between, 0.0), given)


def _limits_of_orderly_use(tables) -> tuple[np.ndarray, np.ndarray]:
    """For each programme, of its zone: the highest cost of a programme other than orderly use (0 where there is none),
    and the lowest of unserved energy (infinite where there is no load) [CNY/MWh]."""
    table, loads = tables["demand_response"], tables["loads"]
    others = table[table["kind"] != "orderly_use"]
    highest = others["cost_cny_per_mwh"].fillna(0.0).groupby(others["zone"]).max()
    lowest = loads["unserved_cost_cny_per_mwh"].groupby(loads["zone"]).min()
    return (table["zone"].map(highest).fillna(0.0).to_numpy(float),
            table["zone"].map(lowest).fillna(np.inf).to_numpy(float))


def _among(data: Data, chosen: np.ndarray, name: str) -> tuple[Array, Array]:
    """1 for the programmes chosen, else 0; and a chosen programme for each: itself, or any where the factor is 0."""
    some = data.names[chosen][:1] if chosen.any() else data.names[:1]
    return data.parameter(chosen.astype(float), name), data.parameter(np.where(chosen, data.names, some), f"{name}_as")


def add_variables(response, data):
    movable = subset(response, "movable", data.where(data.moves.values > 0).tolist())
    response.reduced = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.most_reduced[unit, step]))
    response.increased = pyo.Var(movable, data.steps, bounds=lambda _, unit, step: (0, data.most_increased[unit, step]))
    calls.add_variables(response, data)
    shift.add_variables(response, data)
    charging.add_variables(response, data)


def add_constraints(response, data):
    calls.add_constraints(response, data)
    shift.add_constraints(response, data)
    charging.add_constraints(response, data)


def output(response, data, unit, step):
    """d[p,t] - u[p,t] + r[p,t]   [GW]"""
    return response.reduced[unit, step] - up(response, data, unit, step) + lent(response, data, unit, step)


def reduced(response, data, unit, step):
    """d[p,t]: what it takes off its consumers' load, orderly use included   [GW]"""
    return response.reduced[unit, step]


def down(response, data, unit, step):
    """d[p,t] + r[p,t] of demand response   [GW]"""
    return data.responds[unit] * response.reduced[unit, step] + lent(response, data, unit, step)


def up(response, data, unit, step):
    """u[p,t]   [GW]; 0 of programmes that cannot add demand"""
    if not data.moves.values.any():
        return 0.0
    return data.moves[unit] * response.increased[data.mover[unit], step]


def lent(response, data, unit, step):
    """r[p,t]   [GW]; 0 of programmes that return nothing"""
    if not data.lends.values.any():
        return 0.0
    return data.lends[unit] * response.lent[data.lender[unit], step]


def orderly_use(response, data, unit, step):
    """d[p,t] of orderly use   [GW]"""
    return (1 - data.responds[unit]) * response.reduced[unit, step]


def headroom_up(response, data, unit, step):
    """most_reduced - d: demand that could go at once; none of orderly use   [GW]"""
    return data.responds[unit] * (data.most_reduced[unit, step] - response.reduced[unit, step])


def headroom_down(response, data, unit, step):
    """most_increased - u: demand that could come at once   [GW]"""
    return data.most_increased[unit, step] - up(response, data, unit, step)


def response_cost(response, data):
    """sum of v (d + r) dt of demand response   [million CNY]"""
    return sum(data.cost[unit] * data.cost_hours[step] * down(response, data, unit, step)
               for unit in data.units for step in data.steps)


def orderly_use_cost(response, data):
    """sum of v d dt of orderly use   [million CNY]"""
    return sum(data.cost[unit] * data.cost_hours[step] * orderly_use(response, data, unit, step)
               for unit in data.units for step in data.steps)


COSTS = {"demand_response": response_cost, "orderly_use": orderly_use_cost}

REPORTS = {
    "demand_response_down": Report("programme", "MW", 1 / MW, "demand reduced, and power returned by vehicles", down),
    "demand_response_up": Report("programme", "MW", 1 / MW, "demand added", up),
    "demand_response_lent": Report("programme", "MW", 1 / MW, "power returned by vehicles", lent),
    "orderly_use_by_programme": Report("programme", "MW", 1 / MW, "demand reduced by orderly use", orderly_use),
}


def check_programmes(frames):
    """A programme has one size, a load of its zone, what its kind needs and nothing that its kind has no use for;
    orderly use comes after every other programme and before unserved energy."""
    table, zone_of = frames["demand_response"], frames["loads"].set_index("load")["zone"]
    if table.empty:
        return []
    kind, cost = table["kind"], table["cost_cny_per_mwh"]
    sizes = table["power_mw"].notna().astype(int) + table["share_of_peak"].notna()
    low, high = _limits_of_orderly_use(frames)
    vehicles = kind == "ev_charging"
    problems = [
        *problems_where(table, sizes != 1, "power_mw", "a number here or in share_of_peak, not in both"),
        *problems_where(table, (table["load"] != "") & (table["load"].map(zone_of) != table["zone"]), "load",
                        "a load of the same zone"),
        *problems_where(table, (kind == "orderly_use") & ((cost <= low) | (cost >= high)), "cost_cny_per_mwh",
                        "for orderly_use a number above every other programme's of its zone, and below "
                        "unserved_cost_cny_per_mwh of its loads"),
        *problems_where(table, (kind == "shift") & table["window_hours"].isna(), "window_hours",
                        "a number where kind is shift"),
        *problems_where(table, vehicles & table["deadline_hour"].isna(), "deadline_hour",
                        "a number where kind is ev_charging"),
        *problems_where(table, vehicles & (table["load"] == "") & table["energy_mwh_per_day"].isna(),
                        "energy_mwh_per_day", "a number where kind is ev_charging and no load is named"),
        *problems_where(table, table["up_power_mw"].notna() & table["up_share_of_peak"].notna(), "up_power_mw",
                        "a number here or in up_share_of_peak, not in both"),
        *problems_where(table, (table["return_power_mw"] > 0) & table["return_share_of_peak"].notna(), "return_power_mw",
                        "a number here or in return_share_of_peak, not in both"),
        *problems_where(table, ((table["return_power_mw"] > 0) | (table["return_share_of_peak"] > 0)) & (table["return_energy_mwh"] == 0),
                        "return_energy_mwh", "a number > 0 where return_power_mw is"),
    ]
    for column, kinds in MEANT_FOR.items():
        given = table[column].notna() & (table[column] != 0)
        problems += problems_where(table, given & ~kind.isin(kinds), column,
                                   "empty where kind is not " + " or ".join(kinds))
    return problems


CHECKS = (check_programmes,)
