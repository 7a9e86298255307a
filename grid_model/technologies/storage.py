"""Storage: pumped hydro, batteries and every other store that is charged from and discharged to the grid.

symbol  attribute              unit  kind
c       charge                 GW    decision
d       discharge              GW    decision
e       energy                 GWh   decision, at the end of the step; e[s,0] is the start
C, D    charge_power, power    GW    data
E       energy_capacity        GWh   data
eta_c   charge_efficiency      1     data
eta_d   discharge_efficiency   1     data
loss    loss_fraction_per_hour 1/h   data
dt      step_hours             h     data

Source of the equations: POLICY.md, section 2; every kind of storage differs by its figures only.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.tables import choice, flag, identifier, number, reference
from grid_model.case.units import CNY_PER_MWH, MW, MWH
from grid_model.technologies.contract import Data, Report, subset

NAME = "storage"

TABLES = {
    "storage": [
        identifier("storage", meaning="name of the store"),
        reference("zone", "zones", meaning="zone it is connected to", required=True),
        reference("technology", "technologies", meaning="kind of store", required=True),
        number("power_mw", unit="MW", minimum=0, required=True, meaning="greatest discharge at the grid connection"),
        number("energy_mwh", unit="MWh", minimum=0, required=True, meaning="energy held when full"),
        number("charge_power_mw", unit="MW", minimum=0, meaning="greatest charge; empty: as power_mw"),
        number("charge_efficiency", unit="1", above=0, maximum=1, default=1, by_technology=True,
               meaning="energy stored per energy drawn from the grid"),
        number("discharge_efficiency", unit="1", above=0, maximum=1, default=1, by_technology=True,
               meaning="energy delivered per energy taken from the store"),
        number("loss_fraction_per_hour", unit="1/h", minimum=0, maximum=1, default=0, by_technology=True,
               meaning="part of the energy held that is lost in an hour"),
        number("min_level_fraction", unit="1", minimum=0, maximum=1, default=0, by_technology=True,
               meaning="least energy held, as part of energy_mwh"),
        number("initial_fraction", unit="1", minimum=0, maximum=1, default=0.5,
               meaning="energy held at the start, as part of energy_mwh; not used where cyclic"),
        number("final_fraction", unit="1", minimum=0, maximum=1,
               meaning="least energy held at the end, as part of energy_mwh; empty: min_level_fraction"),
        flag("cyclic", default=True, meaning="the end holds what the start held, which is then free"),
        number("max_cycles_per_day", unit="1/day", minimum=0, by_technology=True,
               meaning="most energy delivered in a day, in units of energy_mwh; empty: no limit"),
        number("min_cycles_per_day", unit="1/day", minimum=0,
               meaning="least energy delivered in a day, in units of energy_mwh, where a rule asks for it"),
        number("wear_cost_cny_per_mwh", unit="CNY/MWh", minimum=0, default=0, by_technology=True,
               meaning="cost of wear per energy delivered"),
        choice("place", ["independent", "generation_side", "user_side"], default="independent",
               meaning="where it stands"),
    ],
}


def read(case) -> Data | None:
    """Figures of every store, GW and GWh."""
    table = case.tables["storage"]
    if table.empty:
        return None
    data = Data(case, table, "storage")
    hours = case.step_hours
    capacity = data.table["energy_mwh"].to_numpy(float) * MWH
    lowest = data.table["min_level_fraction"].to_numpy(float) * capacity
    data.power = data.column("power_mw", MW)
    data.charge_power = data.parameter(
        data.table["charge_power_mw"].fillna(data.table["power_mw"]).to_numpy(float) * MW, "charge_power")
    data.energy_capacity = data.parameter(capacity, "energy_capacity")
    data.charge_efficiency = data.column("charge_efficiency")
    data.discharge_efficiency = data.column("discharge_efficiency")
    data.retention = data.series((1 - data.table["loss_fraction_per_hour"].to_numpy(float)[:, None]) ** hours, "retention")
    data.wear_cost = data.column("wear_cost_cny_per_mwh", CNY_PER_MWH)
    data.level_lower, data.level_upper = _level_bounds(data, capacity, lowest)
    _read_cycles(data, case)
    return data


def _level_bounds(data: Data, capacity, lowest) -> tuple[Array, Array]:
    """Bounds of the level at borders 0..T: a given start is a fixed start, an end level a lower bound at the end."""
    cyclic = data.table["cyclic"].to_numpy(bool)
    lower = np.repeat(lowest[:, None], len(data.step_labels) + 1, axis=1)
    upper = np.repeat(capacity[:, None], len(data.step_labels) + 1, axis=1)
    start = data.table["initial_fraction"].to_numpy(float) * capacity
    lower[:, 0] = np.where(cyclic, lowest, start)
    upper[:, 0] = np.where(cyclic, capacity, start)
    final = data.table["final_fraction"].to_numpy(float) * capacity
    lower[:, -1] = np.where(cyclic | np.isnan(final), lower[:, -1], final)
    borders = np.arange(len(data.step_labels) + 1)
    return (Array(lower, data.names, borders, name="level_lower"), Array(upper, data.names, borders, name="level_upper"))


def _read_cycles(data: Data, case) -> None:
    """Days, their steps, and the energy that may or must be delivered in each, GWh; a part of a day counts as such."""
    day = np.asarray(case.time.normalize().factorize()[0])
    data.days = np.arange(day.max() + 1)
    data.steps_of_day = {int(d): data.step_labels[day == d].tolist() for d in data.days}
    share = np.bincount(day, case.step_hours) / 24
    for name in ("max_cycles_per_day", "min_cycles_per_day"):
        cycles = data.table[name].to_numpy(float)
        energy = cycles * data.energy_capacity.values
        setattr(data, name, Array(energy[:, None] * share, data.names, data.days, name=name))


def add_variables(storage, data):
    storage.charge = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.charge_power[unit]))
    storage.discharge = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.power[unit]))
    storage.energy = pyo.Var(data.units, data.borders, bounds=lambda _, unit, border: (
        data.level_lower[unit, border], data.level_upper[unit, border]))


def add_constraints(storage, data):
    table = data.table
    both_ways = subset(storage, "both_ways", data.where((data.power.values > 0) & (data.charge_power.values > 0)))
    cyclic = subset(storage, "cyclic", data.where(table["cyclic"]))
    limited = subset(storage, "limited", data.where(table["max_cycles_per_day"].notna()))
    obliged = subset(storage, "obliged", data.where(table["min_cycles_per_day"].notna()))
    storage.days = pyo.Set(initialize=data.days.tolist())
    storage.steps_of_day = pyo.Set(storage.days, initialize=data.steps_of_day)

    @storage.Constraint(data.units, data.steps)
    def energy_balance(storage, unit, step):
        """e[s,t] = (1 - loss)^dt e[s,t-1] + eta_c c dt - d dt / eta_d   [GWh]"""
        kept = data.retention[unit, step] * storage.energy[unit, step - 1]
        stored = data.charge_efficiency[unit] * data.step_hours[step] * storage.charge[unit, step]
        released = data.step_hours[step] / data.discharge_efficiency[unit] * storage.discharge[unit, step]
        return storage.energy[unit, step] == kept + stored - released

    @storage.Constraint(both_ways, data.steps)
    def shared_converter(storage, unit, step):
        """c[s,t] / C[s] + d[s,t] / D[s] <= 1"""
        return (storage.charge[unit, step] / data.charge_power[unit]
                + storage.discharge[unit, step] / data.power[unit] <= 1)

    @storage.Constraint(cyclic)
    def cyclic_level(storage, unit):
        """e[s,0] = e[s,T]   [GWh]"""
        return storage.energy[unit, 0] == storage.energy[unit, data.end]

    def delivered(unit, day):
        return sum(data.step_hours[step] * storage.discharge[unit, step] for step in storage.steps_of_day[day])

    @storage.Constraint(limited, storage.days)
    def most_cycles(storage, unit, day):
        """sum over the day of d dt <= max_cycles_per_day E   [GWh]"""
        return delivered(unit, day) <= data.max_cycles_per_day[unit, day]

    @storage.Constraint(obliged, storage.days)
    def least_cycles(storage, unit, day):
        """sum over the day of d dt >= min_cycles_per_day E   [GWh]"""
        return delivered(unit, day) >= data.min_cycles_per_day[unit, day]


def output(storage, data, unit, step):
    """d[s,t] - c[s,t]   [GW]"""
    return storage.discharge[unit, step] - storage.charge[unit, step]


def charge(storage, data, unit, step):
    """c[s,t]   [GW]"""
    return storage.charge[unit, step]


def wear_cost(storage, data):
    """Wear of what is delivered: sum of wear_cost d dt   [million CNY]"""
    return sum(data.wear_cost[unit] * data.step_hours[step] * storage.discharge[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"wear": wear_cost}

REPORTS = {
    "charge": Report("storage", "MW", 1 / MW, "power drawn from the grid",
                     lambda storage, data, unit, step: storage.charge[unit, step]),
    "discharge": Report("storage", "MW", 1 / MW, "power delivered to the grid",
                        lambda storage, data, unit, step: storage.discharge[unit, step]),
    "state_of_charge": Report("storage", "MWh", 1 / MWH, "energy held at the end of the step",
                              lambda storage, data, unit, step: storage.energy[unit, step]),
}
