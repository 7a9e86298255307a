"""Shift: demand moved to earlier or later hours, within a window on either side.

symbol  attribute        unit  kind
d       reduced          GW    decision of the block
u       increased        GW    decision of the block
q       outstanding      GWh   decision, energy reduced and not yet returned at the end of a step; below 0: returned in advance
D, U    power, up_power  GW    data
eta     efficiency       1     data: energy reduced per energy used instead
W       window_hours     h     data
p       past_window      1     data: the last step whose window has passed at the end of step t; no step: 0

What is reduced in one step is used in another at most W earlier or later, eta u of it for every u. Zerrahn and Schill
(2015), "On the representation of demand-side management in power system models", Energy 84, 840-845, say so with a
variable for every pair of steps in reach. The same without pairs: windows move on with time, so crossed pairs can be
exchanged, first reduced and first returned be paired, and a pairing exists if and only if at the end of every step t
what is owed was reduced in a step whose window is open, and what was returned in advance was returned in such a step:

    - sum of eta u dt <= q[t] <= sum of d dt,   both over steps p(t) < s <= t

and q = 0 at the end of the case: nothing is moved out of it. Reducing and increasing in one step would renew what is owed
beyond the window; d/D + u/U <= 1 limits it to the hull of "one or the other": while some customers pay back others may
reduce, each within the window, but not all of them at once.
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
    _read_windows(data)
    _read_most_owed(data, reduced, increased)


def _read_windows(data: Data) -> None:
    """For each window and step the steps up to it whose window is still open."""
    window = data.table["window_hours"].to_numpy(float)
    data.within = list(zip(data.names[data.shifting], window[data.shifting].tolist(), strict=True))
    data.open_steps = {}
    for hours, past in dict(zip(window[data.shifting].tolist(), past_window(data)[data.shifting], strict=True)).items():
        data.open_steps |= {(hours, step): range(before + 1, step + 1) for step, before in enumerate(past.tolist(), start=1)}


def _read_most_owed(data: Data, reduced: np.ndarray, increased: np.ndarray) -> None:
    """Energy of the open steps at full power, down and up, at borders 0..T [GWh]; 0 at the first and the last."""
    for name, power in (("most_reduced_energy", reduced), ("most_returned_energy", increased * data.efficiency.values[:, None])):
        energy = in_window(data, power)
        energy[:, -1] = 0.0
        setattr(data, name, Array(energy, data.names, np.arange(data.end + 1), name=name))


def in_window(data: Data, power: np.ndarray) -> np.ndarray:
    """Energy of a power, shape (programmes, steps), over the steps whose window is open at borders 0..T [GWh]."""
    until = np.pad(np.cumsum(power * data.step_hours.values, axis=1), ((0, 0), (1, 0)))
    return np.pad(until[:, 1:] - np.take_along_axis(until, past_window(data), axis=1), ((0, 0), (1, 0)))


def past_window(data: Data) -> np.ndarray:
    """How many first steps of the case are out of reach at the end of each step; none where there is no window."""
    return np.stack([np.searchsorted(latest, data.step_labels, "right") for latest in latest_steps(data)])


def latest_steps(data: Data) -> np.ndarray:
    """The last step that starts at most the window after the start of each step; the last of the case where there is no window."""
    start = starts(data.case)
    window = data.table["window_hours"].fillna(np.inf).to_numpy(float)
    return np.searchsorted(start, start + window[:, None] + 1e-9, "right")


def add_variables(response, data):
    shifting = subset(response, "shifting", data.where(data.shifting).tolist())
    response.outstanding = pyo.Var(shifting, data.borders, bounds=lambda _, unit, border: (
        -data.most_returned_energy[unit, border], data.most_reduced_energy[unit, border]))


def add_constraints(response, data):
    response.windows = pyo.Set(initialize=sorted({hours for _, hours in data.within}))
    response.open_steps = pyo.Set(response.windows, data.steps, initialize=data.open_steps)
    within = subset(response, "within", data.within)
    response.inner_steps = pyo.RangeSet(1, data.end - 1)  # at the end q is 0: nothing is owed

    @response.Constraint(response.shifting, data.steps)
    def energy_moved(response, unit, step):
        """q[p,t] = q[p,t-1] + (d - eta u) dt   [GWh]"""
        return response.outstanding[unit, step] == response.outstanding[unit, step - 1] + data.step_hours[step] * (
            response.reduced[unit, step] - data.efficiency[unit] * response.increased[unit, step])

    @response.Constraint(within, response.inner_steps)
    def returned_in_time(response, unit, hours, step):
        """q[p,t] <= sum of d dt over p(t) < s <= t   [GWh]"""
        return response.outstanding[unit, step] <= sum(
            data.step_hours[s] * response.reduced[unit, s] for s in response.open_steps[hours, step])

    @response.Constraint(within, response.inner_steps)
    def reduced_in_time(response, unit, hours, step):
        """-q[p,t] <= sum of eta u dt over p(t) < s <= t   [GWh]"""
        return -response.outstanding[unit, step] <= sum(
            data.efficiency[unit] * data.step_hours[s] * response.increased[unit, s] for s in response.open_steps[hours, step])

    @response.Constraint(response.shifting, data.steps)
    def one_direction(response, unit, step):
        """d / D + u / U <= 1"""
        return (response.reduced[unit, step] / data.power[unit]
                + response.increased[unit, step] / data.up_power[unit] <= 1)
