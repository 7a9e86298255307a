"""Shift: demand moved to earlier or later hours, within a window on either side.

symbol  attribute        unit  kind
d       reduced          GW    decision of the block
u       increased        GW    decision of the block
X       reduced_until    GWh   decision, energy reduced up to the end of a step
Y       returned_until   GWh   decision, the reduced energy that is returned up to the end of a step, earlier or later
D, U    power, up_power  GW    data
eta     efficiency       1     data: energy reduced per energy used instead
W       window_hours     h     data
m       latest           1     data: the last step that starts at most W after the start of step t

What is reduced in one step is used in another at most W earlier or later, eta u of it for every u. Zerrahn and Schill
(2015), "On the representation of demand-side management in power system models", Energy 84, 840-845, say so with a
variable for every pair of steps in reach. The same without pairs: windows move on with time, so crossed pairs can be
exchanged, first reduced and first returned be paired, and a pairing exists if and only if at the end of every step t

    Y[m(t)] >= X[t]      what was reduced is returned in time
    X[m(t)] >= Y[t]      what was returned in advance is reduced in time

and Y = X at the end of the case: nothing is moved out of it. In steps that reach the end this says it all, and there is
no row. Reducing and increasing in one step would renew what is owed beyond the window; d/D + u/U <= 1 limits it to the
hull of "one or the other": while some customers pay back others may reduce, each within the window, but not all of them
at once.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MW
from grid_model.technologies.contract import Data, subset
from grid_model.technologies.demand_response_calls import starts


def read(data: Data, reduced: np.ndarray, increased: np.ndarray) -> None:
    """Limits of decrease and increase (written into the arrays, programmes x steps, GW), and the last step in reach of
    each.

    A programme that cannot add demand cannot move it.
    """
    up_power = np.where(data.table["up_power_mw"].notna(), data.table["up_power_mw"].to_numpy(float) * MW,
                        data.power.values)
    shifting = data.kind == "shift"
    data.shifting = shifting & (data.power.values > 0) & (up_power > 0)
    reduced[shifting & ~data.shifting] = 0
    increased[data.shifting] = up_power[data.shifting, None]
    data.up_power = data.parameter(up_power, "up_power")
    latest = latest_steps(data)
    data.latest = data.series(latest, "latest")
    data.owing_steps = [(data.names[unit], int(step) + 1) for unit, step in np.argwhere(
        (latest < data.end) & data.shifting[:, None])]
    data.most_moved = _until(data, reduced, "most_moved")
    data.most_returned = _until(data, increased * data.efficiency.values[:, None], "most_returned")


def _until(data: Data, power: np.ndarray, name: str) -> Array:
    """Energy at full power up to each border; none at border 0 [GWh]."""
    energy = np.cumsum(power * data.step_hours.values, axis=1)
    return Array(np.pad(energy, ((0, 0), (1, 0))), data.names, np.arange(data.end + 1), name=name)


def latest_steps(data: Data) -> np.ndarray:
    """m of each programme and step; the last step of the case where there is no window."""
    start = starts(data.case)
    window = data.table["window_hours"].fillna(np.inf).to_numpy(float)
    return np.searchsorted(start, start + window[:, None] + 1e-9, "right")


def add_variables(response, data):
    shifting = subset(response, "shifting", data.where(data.shifting).tolist())
    response.reduced_until = pyo.Var(shifting, data.borders, bounds=lambda _, unit, border: (
        0, data.most_moved[unit, border]))
    response.returned_until = pyo.Var(shifting, data.borders, bounds=lambda _, unit, border: (
        0, data.most_returned[unit, border]))


def add_constraints(response, data):
    response.owing_steps = pyo.Set(dimen=2, initialize=data.owing_steps)

    @response.Constraint(response.shifting, data.steps)
    def energy_reduced(response, unit, step):
        """X[p,t] = X[p,t-1] + d dt   [GWh]"""
        return response.reduced_until[unit, step] == (
            response.reduced_until[unit, step - 1] + data.step_hours[step] * response.reduced[unit, step])

    @response.Constraint(response.shifting, data.steps)
    def energy_returned(response, unit, step):
        """Y[p,t] = Y[p,t-1] + eta u dt   [GWh]"""
        return response.returned_until[unit, step] == (
            response.returned_until[unit, step - 1]
            + data.efficiency[unit] * data.step_hours[step] * response.increased[unit, step])

    @response.Constraint(response.owing_steps)
    def returned_in_time(response, unit, step):
        """Y[p,m(t)] >= X[p,t]   [GWh]"""
        return response.returned_until[unit, data.latest[unit, step]] >= response.reduced_until[unit, step]

    @response.Constraint(response.owing_steps)
    def reduced_in_time(response, unit, step):
        """X[p,m(t)] >= Y[p,t]   [GWh]"""
        return response.reduced_until[unit, data.latest[unit, step]] >= response.returned_until[unit, step]

    @response.Constraint(response.shifting)
    def all_returned(response, unit):
        """Y[p,T] = X[p,T]   [GWh]"""
        return response.returned_until[unit, data.end] == response.reduced_until[unit, data.end]

    @response.Constraint(response.shifting, data.steps)
    def one_direction(response, unit, step):
        """d / D + u / U <= 1"""
        return (response.reduced[unit, step] / data.power[unit]
                + response.increased[unit, step] / data.up_power[unit] <= 1)
