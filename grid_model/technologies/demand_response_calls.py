"""Calls of demand response: how long, how often and how much a programme may be called.

symbol  attribute          unit  kind
d       reduced            GW    decision of the block
s       started            GW    decision >= 0, power newly called at the start of a step
S       started_until      GW    decision >= 0, sum of s up to the end of a step; where rest or length is ruled
D       power              GW    data
H       max_hours_per_day  h     data
N       most_calls         1     data: max_calls_per_year x part of a year in the case
E       most_energy        GWh   data: max_energy_mwh_per_year x part of a year in the case

A programme is many customers; d / D of them are called. What is ruled for each is then linear for all, as for thermal
units in clusters: s >= d[t] - d[t-1] are those newly called, and the rows below hold for every customer's own calls if
these are taken in turn. A call of half the power is half a call, a call at full power counts once however long it is,
and a year's limit holds in proportion to the hours in the case. A day that is only partly in the case has the whole
day's hours. The window rows (least rest, least length) are those of Rajan and Takriti (2005), "Minimum up/down
polytopes of the unit commitment problem with start-up costs", IBM research report RC23628, which are tight for each
customer; the number of stops is eliminated from the first by stops = s - (d[t] - d[t-1]). Rows stand only where a limit
can bind. Nothing is called before the first step: d[p,0] = 0 stands as a factor, `going`, of 0 there.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MWH
from grid_model.technologies.contract import Data, subset


def read(data: Data) -> None:
    """Limits that can bind, and where they do."""
    table, power, part = data.table, data.power.values, part_of_year(data.case)
    hours = data.step_hours.values
    most = data.most_reduced.values
    data.most_calls = data.parameter(np.nan_to_num(table["max_calls_per_year"].to_numpy(float) * part), "most_calls")
    data.most_energy = data.parameter(np.nan_to_num(table["max_energy_mwh_per_year"].to_numpy(float) * part * MWH),
                                      "most_energy")
    data.few_calls = (table["max_calls_per_year"].to_numpy(float) * part < most_starts(data)) & (power > 0)
    data.little_energy = table["max_energy_mwh_per_year"].to_numpy(float) * part * MWH < most @ hours
    _read_days(data, most, hours)
    _read_windows(data)
    data.counted = data.few_calls | data.timed
    data.previous = Array(np.maximum(data.step_labels - 1, 1), data.step_labels, name="previous")
    data.going = Array((data.step_labels > 1).astype(float), data.step_labels, name="going")


def part_of_year(case) -> float:
    """Hours of the case in years, each step by the length of the calendar year it starts in [year]."""
    return float((case.step_hours / np.where(case.time.is_leap_year, 8784.0, 8760.0)).sum())


def most_starts(data: Data) -> float:
    """Most calls at full power that fit into the case: every other step."""
    return (data.end + 1) // 2


def _read_days(data: Data, most: np.ndarray, hours: np.ndarray) -> None:
    """Programmes and days whose hours limit the energy, the steps of each day, and that limit [GWh]."""
    day = np.asarray(data.case.time.normalize().factorize()[0])
    data.steps_of_day = {int(d): data.step_labels[day == d].tolist() for d in np.unique(day)}
    energy = data.table["max_hours_per_day"].to_numpy(float) * data.power.values
    possible = np.stack([np.bincount(day, row * hours) for row in most])
    data.most_in_day = data.parameter(np.nan_to_num(energy), "most_in_day")
    data.limited_days = [(data.names[unit], int(d)) for unit, d in np.argwhere(energy[:, None] < possible * (1 - 1e-9))]


def _read_windows(data: Data) -> None:
    """For least rest and least length the border before the window of each step, and the steps that need a row.

    The window of step t holds the steps that start less than the given hours before it. Of windows that all begin with
    the first step only the longest is needed for rest.
    """
    start = starts(data.case)
    data.timed = np.zeros(len(data.names), bool)
    for name, column in (("rest", "min_rest_hours"), ("length", "min_call_hours")):
        least = data.table[column].to_numpy(float)
        before = np.searchsorted(start, start - least[:, None] + 1e-9, "right")
        inner = before < np.arange(data.end)  # more than the step itself
        if name == "rest":
            inner[:, :-1] &= before[:, 1:] > 0
        inner &= (data.power.values > 0)[:, None]
        setattr(data, f"before_{name}", Array(before, data.names, data.step_labels, name=f"before_{name}"))
        if name == "rest":
            data.last_before = Array(np.maximum(before, 1), data.names, data.step_labels, name="last_before")
            data.going_before = Array((before > 0).astype(float), data.names, data.step_labels, name="going_before")
        setattr(data, f"{name}_steps", [(data.names[unit], int(step) + 1) for unit, step in np.argwhere(inner)])
        data.timed |= inner.any(axis=1)


def starts(case) -> np.ndarray:
    """Start of each step [h after the start of the case]."""
    return np.concatenate([[0.0], np.cumsum(case.step_hours)[:-1]])


def add_variables(response, data):
    response.counted = pyo.Set(initialize=data.where(data.counted).tolist())
    response.timed = pyo.Set(initialize=data.where(data.timed).tolist())
    response.started = pyo.Var(response.counted, data.steps, domain=pyo.NonNegativeReals)
    response.started_until = pyo.Var(response.timed, data.borders, bounds=lambda _, unit, border: (
        0, data.power[unit] * border))


def add_constraints(response, data):
    response.limited_days = pyo.Set(dimen=2, initialize=data.limited_days)
    response.days = pyo.Set(initialize=sorted(data.steps_of_day))
    response.steps_of_day = pyo.Set(response.days, initialize=data.steps_of_day)
    little_energy = subset(response, "little_energy", data.where(data.little_energy))
    few_calls = subset(response, "few_calls", data.where(data.few_calls))

    @response.Constraint(response.limited_days)
    def hours_of_day(response, unit, day):
        """sum over the day of d dt <= H D   [GWh]"""
        return sum(data.step_hours[step] * response.reduced[unit, step]
                   for step in response.steps_of_day[day]) <= data.most_in_day[unit]

    @response.Constraint(little_energy)
    def energy_of_year(response, unit):
        """sum of d dt <= E   [GWh]"""
        energy = sum(data.step_hours[step] * response.reduced[unit, step] for step in data.steps)
        return energy <= data.most_energy[unit]

    @response.Constraint(response.counted, data.steps)
    def start(response, unit, step):
        """s[p,t] >= d[p,t] - d[p,t-1]   [GW]"""
        before = data.going[step] * response.reduced[unit, data.previous[step]]
        return response.started[unit, step] >= response.reduced[unit, step] - before

    @response.Constraint(few_calls)
    def calls_of_year(response, unit):
        """sum of s <= N D   [GW]"""
        return sum(response.started[unit, step] for step in data.steps) <= data.most_calls[unit] * data.power[unit]

    _add_windows(response, data)


def _add_windows(response, data):
    response.rest_steps = pyo.Set(dimen=2, initialize=data.rest_steps)
    response.length_steps = pyo.Set(dimen=2, initialize=data.length_steps)

    @response.Constraint(response.timed, data.steps)
    def starts_so_far(response, unit, step):
        """S[p,t] = S[p,t-1] + s[p,t]   [GW]"""
        return response.started_until[unit, step] == (
            response.started_until[unit, step - 1] + response.started[unit, step])

    @response.Constraint(response.rest_steps)
    def least_rest(response, unit, step):
        """S[p,t] - S[p,b] <= D - d[p,b], b the border before the window: who was called at b rests or goes on   [GW]"""
        started = response.started_until[unit, step] - response.started_until[unit, data.before_rest[unit, step]]
        called = data.going_before[unit, step] * response.reduced[unit, data.last_before[unit, step]]
        return started + called <= data.power[unit]

    @response.Constraint(response.length_steps)
    def least_length(response, unit, step):
        """S[p,t] - S[p,b] <= d[p,t], b the border before the window: who started in it is still called   [GW]"""
        before = data.before_length[unit, step]
        started = response.started_until[unit, step] - response.started_until[unit, before]
        return started <= response.reduced[unit, step]
