"""Commitment of converters, linear: a converter is one plant, and how much of it is on lies between 0 and 1.

symbol  attribute      unit           kind
u       on             1              decision at borders 0..T, 0 <= u <= 1, throughout the step; u[c,0] is given
x, y    starting,      1              decision, at the beginning of the step: at least the rise, the fall of u
        stopping
p       conversion     GW             decision (converters.py); p- is that of the step before, at first what is given
l, h    least, most    GW             data, limits of conversion of what is on
U, V    rise, fall     GW             data, greatest rise and fall of what stays on
S, Z    start_level,   GW             data, most conversion of what has just started, and is about to stop
        stop_level
H, L    min_up_steps,  1              data, least steps on and off
        min_down_steps
B, b    held_on,       1              data, 1 where it must stay on, stay off for what was due before the horizon
        held_off
k, m    start_cost,    million CNY    data, costs of a start and of a stop
        stop_cost
n       stand_by_cost  million CNY/h  data, cost of an hour on

Ramps are those of Carrion and Arroyo (2006), equations 18 to 20, relaxed. `tight` adds the rows of Hua, Liu and Zhang,
Representing Operational Flexibility in Generation Expansion Planning Through Convex Relaxation of Unit Commitment (IEEE
Transactions on Power Systems 32, 2017), which PyPSA has where a start costs as much as a stop: a tighter relaxation where
limits do not change from step to step; where `most` falls the first holds the step before it down too.

A fleet of many plants is in commitment.py. A given p may lie between the limits (conversion_least and conversion_most)
without being those of what is on (committed_least and committed_most).
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import flag, number
from grid_model.case.units import CNY, MW
from grid_model.technologies.contract import Report, subset

COSTS_OF = {"start": "start_cost_cny", "stop": "stop_cost_cny", "stand_by": "stand_by_cost_cny_per_hour"}

COLUMNS = [
    flag("committed", default=False, meaning="whether it is on or off, or anything between; else it is always on"),
    number("start_cost_cny", unit="CNY", minimum=0, default=0,
           meaning="cost of a start of all of it; a profile conversion_start_cost goes first"),
    number("stop_cost_cny", unit="CNY", minimum=0, default=0,
           meaning="cost of a stop of all of it; a profile conversion_stop_cost goes first"),
    number("stand_by_cost_cny_per_hour", unit="CNY/h", default=0,
           meaning="cost of every hour on; a profile conversion_stand_by_cost goes first"),
    number("min_up_steps", unit="1", minimum=0, default=0, meaning="least number of steps from a start to the next stop"),
    number("min_down_steps", unit="1", minimum=0, default=0, meaning="least number of steps from a stop to the next start"),
    number("up_steps_before", unit="1", minimum=0, default=1,
           meaning="for how many steps it has been on before the horizon, where down_steps_before is 0; 0: it was off"),
    number("down_steps_before", unit="1", minimum=0, default=0,
           meaning="for how many steps it has been off before the horizon; 0: as up_steps_before says"),
    number("start_mw", unit="MW", meaning="most conversion of what has just started; empty: no limit of its own"),
    number("stop_mw", unit="MW", meaning="most conversion of what is about to stop; empty: no limit of its own"),
    flag("tight", default=False, meaning="the tighter relaxation, for limits that do not change from step to step"),
]


def check_commitment(frames) -> list:
    """Whole steps; what is on is known where it ramps."""
    table = frames["converters"]
    return [problem for column in ("min_up_steps", "min_down_steps", "up_steps_before", "down_steps_before")
            for problem in problems_where(table, table[column] % 1 != 0, column, "a whole number of steps")]


def read(data, lower: np.ndarray, upper: np.ndarray, rise: np.ndarray, fall: np.ndarray) -> None:
    """Figures of the committed converters, from limits, rise and fall of all, GW; without a ramp these are infinite."""
    case, mask = data.case, data.table["committed"].to_numpy(bool)
    data.committed, table = data.where(mask), data.table[mask]
    least, most = (case.profile(f"committed_{name}", data.committed, np.nan) * MW for name in ("least", "most"))
    least, most = np.where(np.isnan(least), lower[mask], least), np.where(np.isnan(most), upper[mask], most)
    size = np.maximum(np.abs(least), np.abs(most)).max(axis=1, initial=0)
    start, stop = (table[f"{name}_mw"].to_numpy(float)[:, None] * MW for name in ("start", "stop"))
    ramped = {"up": np.isfinite(rise[mask]) | ~np.isnan(start), "down": np.isfinite(fall[mask]) | ~np.isnan(stop)}
    whole = table[["capacity_mw", "reverse_capacity_mw"]].max(axis=1).to_numpy(float)[:, None] * MW
    figures = {"least": least, "most": most, "rise": np.where(np.isfinite(rise[mask]), rise[mask], whole),
               "fall": np.where(np.isfinite(fall[mask]), fall[mask], whole),
               "start_level": np.where(np.isnan(start), whole, start) + 0 * least,
               "stop_level": np.where(np.isnan(stop), whole, stop) + 0 * least}
    for name, values in figures.items():
        setattr(data, f"on_{name}", data.series(values, f"on_{name}", data.committed))
    for name, column in COSTS_OF.items():
        values = case.profile(f"conversion_{name}_cost", data.committed, table[column].to_numpy(float)) * CNY
        setattr(data, f"on_{name}_cost", data.series(values, f"on_{name}_cost", data.committed))
    _read_start(data, table)
    _read_rows(data, table, ramped, size)


def _read_start(data, table) -> None:
    """u at the start, B and b, and what was converted in the step before the horizon, where it is known."""
    up, down, most_up, most_down = (table[name].to_numpy(float)[:, None] for name in (
        "up_steps_before", "down_steps_before", "min_up_steps", "min_down_steps"))
    on = ((down == 0) & (up > 0))[:, 0].astype(float)
    step = np.arange(data.end)
    data.held_on = data.series(((down == 0) & (up > 0) & (up + step < most_up)).astype(float), "held_on", data.committed)
    data.held_off = data.series(((down > 0) & (down + step < most_down)).astype(float), "held_off", data.committed)
    borders = np.arange(data.end + 1)
    lower, upper = np.zeros((len(table), data.end + 1)), np.ones((len(table), data.end + 1))
    lower[:, 0] = upper[:, 0] = on
    data.on_lower, data.on_upper = (Array(values, data.committed, borders, name=name)
                                    for name, values in (("on_lower", lower), ("on_upper", upper)))
    before = np.zeros((len(table), data.end))
    output = np.where(on == 0, 0.0, table["initial_mw"].to_numpy(float) * MW)
    before[:, 0] = np.nan_to_num(output)
    data.before, data.known = data.series(before, "before", data.committed), ~np.isnan(output)


def _read_rows(data, table, ramped: dict, size: np.ndarray) -> None:
    """Which pairs of converter and step have rows of ramps and of the tighter relaxation, and windows of minimum times."""
    later = np.ones((len(table), data.end), bool)
    later[:, 0] = data.known
    tight = np.repeat(table["tight"].to_numpy(bool)[:, None], data.end, axis=1)
    data.on_rows = {name: _pairs(data, mask) for name, mask in (
        ("on_rising", ramped["up"] & later), ("on_falling", ramped["down"] & later), ("tight", tight),
        ("tight_before", tight & later))}
    times = {name: table[f"min_{name}_steps"].to_numpy(int) for name in ("up", "down")}
    data.on_staying = {name: list(zip(data.committed[steps > 0], steps[steps > 0].tolist())) for name, steps in times.items()}
    data.on_times = sorted({steps for pairs in data.on_staying.values() for _, steps in pairs})
    data.on_windows = {(steps, step): range(max(step - steps + 1, 1), step + 1)
                       for steps in data.on_times for step in range(1, data.end + 1)}


def _pairs(data, mask: np.ndarray) -> list[tuple]:
    unit, step = np.nonzero(mask)
    return list(zip(data.committed[unit], (step + 1).tolist()))


def add_variables(converters, data):
    committed = subset(converters, "committed", data.committed)
    converters.on = pyo.Var(committed, data.borders, bounds=lambda _, unit, border: (
        data.on_lower[unit, border], data.on_upper[unit, border]))
    converters.starting = pyo.Var(committed, data.steps, bounds=(0, 1))
    converters.stopping = pyo.Var(committed, data.steps, bounds=(0, 1))


def add_constraints(converters, data):
    _add_limits(converters, data)
    _add_minimum_times(converters, data)
    converters.earlier = pyo.Set(data.steps, initialize={step: [step - 1] if step > 1 else [] for step in range(1, data.end + 1)})
    _add_ramps(converters, data)
    _add_tighter_rows(converters, data)


def _add_limits(converters, data):
    @converters.Constraint(converters.committed, data.steps)
    def switching_on(converters, unit, step):
        """u[c,t] - u[c,t-1] <= x[c,t]"""
        return converters.on[unit, step] - converters.on[unit, step - 1] <= converters.starting[unit, step]

    @converters.Constraint(converters.committed, data.steps)
    def switching_off(converters, unit, step):
        """u[c,t-1] - u[c,t] <= y[c,t]"""
        return converters.on[unit, step - 1] - converters.on[unit, step] <= converters.stopping[unit, step]

    @converters.Constraint(converters.committed, data.steps)
    def most_on(converters, unit, step):
        """p[c,t] <= h u[c,t]   [GW]"""
        return converters.conversion[unit, step] <= data.on_most[unit, step] * converters.on[unit, step]

    @converters.Constraint(converters.committed, data.steps)
    def least_on(converters, unit, step):
        """p[c,t] >= l u[c,t]   [GW]"""
        return converters.conversion[unit, step] >= data.on_least[unit, step] * converters.on[unit, step]


def _add_minimum_times(converters, data):
    up, down = (subset(converters, f"staying_{name}", data.on_staying[name]) for name in ("up", "down"))
    converters.minimum_times = pyo.Set(initialize=data.on_times)
    converters.window = pyo.Set(converters.minimum_times, data.steps, initialize=data.on_windows)

    @converters.Constraint(up, data.steps)
    def least_steps_on(converters, unit, steps, step):
        """sum of x[c,s] over the last H steps s, step t among them <= u[c,t] - B[c,t]"""
        return (sum(converters.starting[unit, s] for s in converters.window[steps, step])
                <= converters.on[unit, step] - data.held_on[unit, step])

    @converters.Constraint(down, data.steps)
    def least_steps_off(converters, unit, steps, step):
        """sum of y[c,s] over the last L steps s, step t among them <= 1 - u[c,t] - b[c,t]"""
        return (sum(converters.stopping[unit, s] for s in converters.window[steps, step])
                <= 1 - converters.on[unit, step] - data.held_off[unit, step])


def before(converters, data, unit, step):
    """p-: conversion of the step before; at the first what is given   [GW]"""
    return sum(converters.conversion[unit, s] for s in converters.earlier[step]) + data.before[unit, step]


def _add_ramps(converters, data):
    rising, falling = (subset(converters, name, data.on_rows[name]) for name in ("on_rising", "on_falling"))

    @converters.Constraint(rising)
    def ramp_up_on(converters, unit, step):
        """p[c,t] - p- <= U u[c,t-1] + S (u[c,t] - u[c,t-1])   [GW]"""
        on, was = converters.on[unit, step], converters.on[unit, step - 1]
        return (converters.conversion[unit, step] - before(converters, data, unit, step)
                <= data.on_rise[unit, step] * was + data.on_start_level[unit, step] * (on - was))

    @converters.Constraint(falling)
    def ramp_down_on(converters, unit, step):
        """p- - p[c,t] <= V u[c,t] + Z (u[c,t-1] - u[c,t])   [GW]"""
        on, was = converters.on[unit, step], converters.on[unit, step - 1]
        return (before(converters, data, unit, step) - converters.conversion[unit, step]
                <= data.on_fall[unit, step] * on + data.on_stop_level[unit, step] * (was - on))


def _add_tighter_rows(converters, data):
    tight, since = (subset(converters, name, data.on_rows[name]) for name in ("tight", "tight_before"))

    @converters.Constraint(since)
    def most_before_a_stop(converters, unit, step):
        """p- <= Z u[c,t-1] + (h - Z) (u[c,t] - x[c,t])   [GW]"""
        room = data.on_most[unit, step] - data.on_stop_level[unit, step]
        most = (data.on_stop_level[unit, step] * converters.on[unit, step - 1]
                + room * (converters.on[unit, step] - converters.starting[unit, step]))
        return most - before(converters, data, unit, step) >= 0

    @converters.Constraint(tight)
    def most_after_a_start(converters, unit, step):
        """p[c,t] <= h u[c,t] - (h - S) x[c,t]   [GW]"""
        room = data.on_most[unit, step] - data.on_start_level[unit, step]
        return (converters.conversion[unit, step]
                <= data.on_most[unit, step] * converters.on[unit, step] - room * converters.starting[unit, step])

    @converters.Constraint(since)
    def rise_with_a_start(converters, unit, step):
        """p[c,t] - p- <= (l + U) u[c,t] - l u[c,t-1] - (l + U - S) x[c,t]   [GW]"""
        reach = data.on_least[unit, step] + data.on_rise[unit, step]
        return (converters.conversion[unit, step] - before(converters, data, unit, step)
                <= reach * converters.on[unit, step] - data.on_least[unit, step] * converters.on[unit, step - 1]
                - (reach - data.on_start_level[unit, step]) * converters.starting[unit, step])

    @converters.Constraint(since)
    def fall_with_a_stop(converters, unit, step):
        """p- - p[c,t] <= Z u[c,t-1] - (Z - V) u[c,t] + (l + V - Z) x[c,t]   [GW]"""
        reach = data.on_least[unit, step] + data.on_fall[unit, step]
        return (before(converters, data, unit, step) - converters.conversion[unit, step]
                <= data.on_stop_level[unit, step] * converters.on[unit, step - 1]
                - (data.on_stop_level[unit, step] - data.on_fall[unit, step]) * converters.on[unit, step]
                + (reach - data.on_stop_level[unit, step]) * converters.starting[unit, step])


def start_cost(converters, data):
    """sum of k x   [million CNY]"""
    return sum(data.step_weights[step] * data.on_start_cost[unit, step] * converters.starting[unit, step]
               for unit in converters.committed for step in data.steps)


def stop_cost(converters, data):
    """sum of m y   [million CNY]"""
    return sum(data.step_weights[step] * data.on_stop_cost[unit, step] * converters.stopping[unit, step]
               for unit in converters.committed for step in data.steps)


def stand_by_cost(converters, data):
    """sum of n u dt   [million CNY]"""
    return sum(data.cost_hours[step] * data.on_stand_by_cost[unit, step] * converters.on[unit, step]
               for unit in converters.committed for step in data.steps)


REPORTS = {
    "converter_on": Report("converter", "1", 1.0, "part that is on, of committed converters",
                           lambda converters, data, unit, step: converters.on[unit, step], over="committed"),
    "converter_starting": Report("converter", "1", 1.0, "part that starts at the beginning of the step",
                                 lambda converters, data, unit, step: converters.starting[unit, step], over="committed"),
    "converter_stopping": Report("converter", "1", 1.0, "part that stops at the beginning of the step",
                                 lambda converters, data, unit, step: converters.stopping[unit, step], over="committed"),
}
COSTS = {"start": start_cost, "stop": stop_cost, "stand_by": stand_by_cost}
