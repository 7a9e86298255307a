"""Charging of vehicles: later than on arrival, by a deadline each day, and back to the grid where they can.

symbol  attribute      unit  kind
d       reduced        GW    decision of the block, charging put off
u       increased      GW    decision of the block, charging made up for
r       lent           GW    decision, 0 <= r <= R: power from the vehicles to the grid
q       owed           GWh   decision, 0 <= q <= P + F: energy that the vehicles still lack, at the end of a step
k       debt           GWh   decision of those that lend, 0 <= k <= F: the part of it that was lent
w       repaid         GW    decision of those that lend, 0 <= w <= u: charging that makes good what was lent
b       base           GW    data: charging on arrival, which is part of the load
C, R    power, return  GW    data
eta     efficiency     1     data: energy returned to the grid per energy charged for it
F       return_energy  GWh   data: most energy lent at a time
P       most_put_off   GWh   data: what base has asked for and may still wait

Base is the programme's load, or that part of it which has `energy_mwh_per_day`; without a load it is that energy, even
over the day. It is what vehicles charge as soon as they arrive, so charging can only be later: q - k >= 0. It is done by
the deadline of every day and at the end of the case: q = 0 there. Between them no more can be put off than base has asked
for since the last deadline and in the last `window_hours`: q - k <= P is data. That is exact (first put off, first made up
for, as in demand_response_shift.py). What is lent is due at the deadline too, and no more than F of it at a time: the two
are apart, so that neither uses the room of the other.
Chargers limit charging, b - d + u <= C, or to b where that is more.

Both d and u in one step change nothing but the cost; where the cost is 0 they are held in the hull of "one or the
other", as are charging and lending.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MW, MWH
from grid_model.technologies.contract import Data, subset
from grid_model.technologies.demand_response_calls import starts
from grid_model.technologies.demand_response_shift import in_window


def read(data: Data, reduced: np.ndarray, increased: np.ndarray) -> None:
    """Limits of decrease and increase (written into the arrays, programmes x steps, GW), of lending and of what is
    owed."""
    table = data.table
    data.charging = (data.kind == "ev_charging") & (data.power.values > 0)
    base = base_charging(data)
    reduced[data.kind == "ev_charging"] = 0
    reduced[data.charging] = base[data.charging]
    increased[data.charging] = np.maximum(data.power.values[:, None] - base, 0)[data.charging]
    data.return_power = data.column("return_power_mw", MW)
    data.lending = data.charging & (data.return_power.values > 0)
    data.base = data.series(base, "base")
    data.charger = data.series(np.maximum(base, data.power.values[:, None]), "charger")
    lendable = np.where(data.lending, table["return_energy_mwh"].to_numpy(float) * MWH, 0.0)
    put_off, due = _most_put_off(data, base)
    lent = np.where(due | (np.arange(data.end + 1) == 0), 0.0, lendable[:, None])
    borders = np.arange(data.end + 1)
    data.most_put_off, data.most_debt, data.most_owed = (Array(values, data.names, borders, name=name) for name, values in (
        ("most_put_off", put_off), ("most_debt", lent), ("most_owed", put_off + lent)))
    free = data.charging & (data.cost.values == 0)
    data.free_steps = [(data.names[unit], int(step) + 1) for unit, step in np.argwhere(
        (reduced > 0) & (increased > 0) & free[:, None])]


def base_charging(data: Data) -> np.ndarray:
    """b of each programme, 0 of other kinds; as much as its load at most [GW]."""
    daily = data.table["energy_mwh_per_day"].to_numpy(float)[:, None] / 24 * MW
    own_load = (data.table["load"] != "").to_numpy()[:, None]
    hours = data.step_hours.values
    mean = (data.load @ hours / hours.sum())[:, None]
    part = np.divide(daily, mean, out=np.zeros_like(mean), where=mean > 0)
    of_load = data.load * np.where(np.isnan(daily), 1.0, np.minimum(part, 1.0))
    base = np.where(own_load, of_load, np.minimum(np.nan_to_num(daily), data.load))
    return np.where(data.charging[:, None], base, 0.0)


def _most_put_off(data: Data, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P at borders 0..T [GWh]: base of the steps since the last deadline that are still in their window; and where all is
    due, at deadlines and the end: there it is 0."""
    start, hours = starts(data.case), data.step_hours.values
    first_moment = data.case.time[0]
    clock = first_moment.hour + first_moment.minute / 60 + start
    hour = np.nan_to_num(data.table["deadline_hour"].to_numpy(float))[:, None]
    due = np.floor((clock + hours - hour) / 24 + 1e-9) > np.floor((clock - hour) / 24 + 1e-9)  # deadline in the step
    due[:, -1] = True
    due = np.pad(due, ((0, 0), (1, 0)))
    asked = np.pad(np.cumsum(base * hours, axis=1), ((0, 0), (1, 0)))
    since = asked - np.maximum.accumulate(np.where(due, asked, 0.0), axis=1)
    return np.where(due, 0.0, np.minimum(in_window(data, base), since)), due


def add_variables(response, data):
    charging = subset(response, "charging", data.where(data.charging).tolist())
    lenders = subset(response, "lenders", data.where(data.lending).tolist())
    response.owed = pyo.Var(charging, data.borders, bounds=lambda _, unit, border: (0, data.most_owed[unit, border]))
    response.lent = pyo.Var(lenders, data.steps, bounds=lambda _, unit, step: (0, data.return_power[unit]))
    response.debt = pyo.Var(lenders, data.borders, bounds=lambda _, unit, border: (0, data.most_debt[unit, border]))
    response.repaid = pyo.Var(lenders, data.steps, domain=pyo.NonNegativeReals)


def add_constraints(response, data):
    response.free_steps = pyo.Set(dimen=2, initialize=data.free_steps)

    @response.Constraint(response.charging, data.steps)
    def energy_owed(response, unit, step):
        """q[p,t] = q[p,t-1] + (d - u + r / eta) dt   [GWh]"""
        lent = data.lends[unit] * response.lent[data.lender[unit], step] if data.lending.any() else 0.0
        return response.owed[unit, step] == response.owed[unit, step - 1] + data.step_hours[step] * (
            response.reduced[unit, step] - response.increased[unit, step] + lent / data.efficiency[unit])

    @response.Constraint(response.free_steps)
    def put_off_or_made_up(response, unit, step):
        """d / most_reduced + u / most_increased <= 1"""
        return (response.reduced[unit, step] / data.most_reduced[unit, step]
                + response.increased[unit, step] / data.most_increased[unit, step] <= 1)

    @response.Constraint(response.lenders, data.steps)
    def charge_or_lend(response, unit, step):
        """(b - d + u) / C + r / R <= 1"""
        charged = data.base[unit, step] - response.reduced[unit, step] + response.increased[unit, step]
        return charged / data.charger[unit, step] + response.lent[unit, step] / data.return_power[unit] <= 1

    @response.Constraint(response.lenders, data.steps)
    def energy_lent(response, unit, step):
        """k[p,t] = k[p,t-1] + (r / eta - w) dt   [GWh]"""
        return response.debt[unit, step] == response.debt[unit, step - 1] + data.step_hours[step] * (
            response.lent[unit, step] / data.efficiency[unit] - response.repaid[unit, step])

    @response.Constraint(response.lenders, data.steps)
    def repaid_by_charging(response, unit, step):
        """w[p,t] <= u[p,t]   [GW]"""
        return response.repaid[unit, step] <= response.increased[unit, step]

    @response.Constraint(response.lenders, data.steps)
    def put_off(response, unit, step):
        """0 <= q[p,t] - k[p,t] <= P[p,t]   [GWh]"""
        return (0, response.owed[unit, step] - response.debt[unit, step], data.most_put_off[unit, step])
