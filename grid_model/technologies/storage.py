"""Storage: pumped hydro, batteries and every other store that is charged from and discharged to the grid.

symbol  attribute              unit  kind
c       charge                 GW    decision
d       discharge              GW    decision
e       energy                 GWh   decision, at the end of the step; e[s,0] is the start
C, D    charge_power, power    GW    data
E       energy_capacity        GWh   data
eta_c   charge_efficiency      1     data
eta_d   discharge_efficiency   1     data
loss    loss_fraction_per_hour 1/h   data: profile level_loss, else loss_fraction_per_hour
h       holding_cost     million CNY/GWh/h   data
dt      step_hours             h     data

Every kind of storage differs by its figures only: hydrogen is an electrolyser (charge_power_mw), a tank (energy_mwh)
and a fuel cell (power_mw). Power stands at the grid connection, energy inside the store.

Charge and discharge in one step burn energy; the shared converter limits it to the hull of "one or the other", the
tightest that is linear, where it is one (not `separate_equipment`). Inside the hull it pays only where a price is negative
or a rank of purchase would rather burn than spill: there the solver closes one of the two (EXCLUSIVE).

A cycle is E at the grid connection. The most of a day counts what is delivered, as wear does; the least asks for both, to charge
and to discharge E so many times, as the regional rule for storage outside the market does (docs/policy.md, section 2).
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, flag, identifier, number, reference
from grid_model.case.units import CNY_PER_MWH, MW, MWH
from grid_model.technologies.contract import Data, Report, subset

NAME = "storage"
SELDOM = ("shared_converter",)
EXCLUSIVE = (("charge", "discharge", "both_ways"),)

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
        number("initial_fraction", unit="1", minimum=0, maximum=1,
               meaning="energy held at the start, as part of energy_mwh; empty: free where cyclic, else 0.5, or "
                       "min_level_fraction if that is more"),
        number("final_fraction", unit="1", minimum=0, maximum=1,
               meaning="least energy held at the end, as part of energy_mwh; empty: min_level_fraction"),
        flag("cyclic", default=True, meaning="the end holds what the start held"),
        number("max_cycles_per_day", unit="1/day", minimum=0, by_technology=True,
               meaning="most energy delivered in a day, in units of energy_mwh; empty: no limit"),
        number("min_cycles_per_day", unit="1/day", minimum=0,
               meaning="least energy charged in a day, and least energy delivered, each in units of energy_mwh, where a rule "
                       "asks for it; of a part of a day in proportion, as max_cycles_per_day"),
        number("wear_cost_cny_per_mwh", unit="CNY/MWh", minimum=0, default=0, by_technology=True,
               meaning="cost of wear per energy delivered"),
        number("holding_cost_cny_per_mwh_hour", unit="CNY/MWh/h", default=0, by_technology=True,
               meaning="cost of every hour for which energy is held, by what is held at the end of the step; a profile "
                       "holding_cost goes first"),
        flag("separate_equipment",
             meaning="charging and discharging equipment stand apart, an electrolyser and a fuel cell: both may run at once"),
        choice("place", ["independent", "generation_side", "user_side"], default="independent",
               meaning="where it stands: on its own, behind a plant, behind a user"),
        choice("call", ["dispatch", "self_use"], default="dispatch",
               meaning="who calls it: the dispatcher, or its plant or user for their own need"),
    ],
}


def read(case) -> Data | None:
    """Figures of every store, GW and GWh."""
    table = case.tables["storage"]
    if table.empty:
        return None
    data = Data(case, table, "storage")
    capacity = data.table["energy_mwh"].to_numpy(float) * MWH
    lowest = data.table["min_level_fraction"].to_numpy(float) * capacity
    data.power = data.column("power_mw", MW)
    data.charge_power = data.parameter(
        data.table["charge_power_mw"].fillna(data.table["power_mw"]).to_numpy(float) * MW, "charge_power")
    data.energy_capacity = data.parameter(capacity, "energy_capacity")
    data.charge_efficiency = data.column("charge_efficiency")
    data.discharge_efficiency = data.column("discharge_efficiency")
    loss = case.profile("level_loss", data.names, data.table["loss_fraction_per_hour"].to_numpy(float))
    data.retention = data.series((1 - loss) ** case.step_hours, "retention")
    holding = case.profile("holding_cost", data.names, data.table["holding_cost_cny_per_mwh_hour"].to_numpy(float))
    data.holding_cost, data.costly_to_hold = data.series(holding * CNY_PER_MWH, "holding_cost"), (holding != 0).any(axis=1)
    data.wear_cost = data.column("wear_cost_cny_per_mwh", CNY_PER_MWH)
    data.lowest = data.parameter(lowest, "lowest")
    data.level_lower, data.level_upper = _level_bounds(data, capacity, lowest)
    _read_cycles(data, case)
    return data


def _level_bounds(data: Data, capacity, lowest) -> tuple[Array, Array]:
    """Bounds of the level at borders 0..T: a given start is a fixed start, an end level a lower bound at the end;
    profiles `min_level` and `max_level` bound the ends of the steps."""
    lower = np.repeat(lowest[:, None], data.end + 1, axis=1)
    upper = np.repeat(capacity[:, None], data.end + 1, axis=1)
    lower[:, 1:] = data.case.profile("min_level", data.names, data.table["min_level_fraction"]) * capacity[:, None]
    upper[:, 1:] = data.case.profile("max_level", data.names, 1.0) * capacity[:, None]
    given = data.table["initial_fraction"].to_numpy(float) * capacity
    start = np.where(data.table["cyclic"] | ~np.isnan(given), given, np.maximum(capacity / 2, lowest))
    lower[:, 0], upper[:, 0] = np.where(np.isnan(start), lowest, start), np.where(np.isnan(start), capacity, start)
    lower[:, -1] = np.fmax(lower[:, -1], data.table["final_fraction"].to_numpy(float) * capacity)  # fmax: NaN is no limit
    borders = np.arange(data.end + 1)
    return (Array(lower, data.names, borders, name="level_lower"),
            Array(upper, data.names, borders, name="level_upper"))


def _read_cycles(data: Data, case) -> None:
    """Days, their steps, and the energy that may be delivered and must be moved in each, GWh; a part of a day counts as such.

    A limit above what the power can deliver around the clock limits nothing, nor does an obligation of none.
    """
    day = case.time.normalize().factorize()[0]
    data.days = np.arange(day.max() + 1)
    data.steps_of_day = {d: data.step_labels[day == d].tolist() for d in data.days.tolist()}
    share = np.bincount(day, case.step_hours) / 24
    energy = {name: data.table[name].to_numpy(float) * data.energy_capacity.values
              for name in ("max_cycles_per_day", "min_cycles_per_day")}
    data.most_delivered, data.least_moved = (
        Array(per_day[:, None] * share, data.names, data.days, name=name) for name, per_day in energy.items())
    data.limited = energy["max_cycles_per_day"] < data.power.values * 24 * (1 - 1e-9)  # False where empty
    data.obliged = energy["min_cycles_per_day"] > 0


def add_variables(storage, data):
    storage.charge = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.charge_power[unit]))
    storage.discharge = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (0, data.power[unit]))
    storage.energy = pyo.Var(data.units, data.borders, bounds=lambda _, unit, border: (
        data.level_lower[unit, border], data.level_upper[unit, border]))


def add_constraints(storage, data):
    both_ways = subset(storage, "both_ways", data.where(
        (data.power.values > 0) & (data.charge_power.values > 0) & ~data.table["separate_equipment"].to_numpy(bool)))
    cyclic = subset(storage, "cyclic", data.where(data.table["cyclic"]))
    limited = subset(storage, "limited", data.where(data.limited))
    obliged = subset(storage, "obliged", data.where(data.obliged))
    subset(storage, "costly_to_hold", data.where(data.costly_to_hold))
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
        return delivered(unit, day) <= data.most_delivered[unit, day]

    @storage.Constraint(obliged, storage.days)
    def least_cycles(storage, unit, day):
        """sum over the day of d dt >= min_cycles_per_day E   [GWh]"""
        return delivered(unit, day) >= data.least_moved[unit, day]

    @storage.Constraint(obliged, storage.days)
    def least_cycles_charged(storage, unit, day):
        """sum over the day of c dt >= min_cycles_per_day E   [GWh]"""
        drawn = sum(data.step_hours[step] * storage.charge[unit, step] for step in storage.steps_of_day[day])
        return drawn >= data.least_moved[unit, day]


def output(storage, data, unit, step):
    """d[s,t] - c[s,t]   [GW]"""
    return storage.discharge[unit, step] - storage.charge[unit, step]


def charge(storage, data, unit, step):
    """c[s,t]   [GW]"""
    return storage.charge[unit, step]


def discharge(storage, data, unit, step):
    """d[s,t]   [GW]"""
    return storage.discharge[unit, step]


def headroom_up(storage, data, unit, step):
    """D[s] - (d[s,t] - c[s,t]): ending to charge and discharging in full   [GW]"""
    return data.power[unit] - output(storage, data, unit, step)


def headroom_down(storage, data, unit, step):
    """C[s] + (d[s,t] - c[s,t]): ending to discharge and charging in full   [GW]"""
    return data.charge_power[unit] + output(storage, data, unit, step)


def level(storage, data, unit, border):
    """e[s,t] at border t (0..T)   [GWh]"""
    return storage.energy[unit, border]


def energy_held(storage, data, unit, border):
    """eta_d (e[s,t] - least level): what could be delivered to the grid from border t on (0..T)   [GWh]"""
    return data.discharge_efficiency[unit] * (storage.energy[unit, border] - data.lowest[unit])


def energy_room(storage, data, unit, border):
    """(E - e[s,t]) / eta_c: what could be drawn from the grid from border t on (0..T)   [GWh]"""
    return (data.energy_capacity[unit] - storage.energy[unit, border]) / data.charge_efficiency[unit]


def wear_cost(storage, data):
    """Wear of what is delivered: sum of wear_cost d dt   [million CNY]"""
    return sum(data.wear_cost[unit] * data.cost_hours[step] * storage.discharge[unit, step]
               for unit in data.units for step in data.steps)


def holding_cost(storage, data):
    """Holding energy: sum of h e dt   [million CNY]"""
    return sum(data.holding_cost[unit, step] * data.cost_hours[step] * storage.energy[unit, step]
               for unit in storage.costly_to_hold for step in data.steps)


def check_storage(frames):
    """Levels that leave room for one another, and cycles that can be made."""
    table = frames["storage"]
    least = table["min_level_fraction"]
    out, into = (table["min_cycles_per_day"] * table["energy_mwh"] / power
                 for power in (table["power_mw"], table["charge_power_mw"].fillna(table["power_mw"])))
    hours = np.where(table["separate_equipment"], np.fmax(out, into), out + into)
    return [
        *problems_where(table, table["initial_fraction"] < least, "initial_fraction", "a number >= min_level_fraction"),
        *problems_where(table, table["final_fraction"] < least, "final_fraction", "a number >= min_level_fraction"),
        *problems_where(table, table["cyclic"] & (table["initial_fraction"] < table["final_fraction"]),
                        "final_fraction", "a number <= initial_fraction where cyclic, or cyclic false"),
        *problems_where(table, table["min_cycles_per_day"] > table["max_cycles_per_day"], "min_cycles_per_day",
                        "a number <= max_cycles_per_day"),
        *problems_where(table, hours > 24, "min_cycles_per_day",
                        "cycles that a day has hours for: energy_mwh / charge_power_mw + energy_mwh / power_mw each, with "
                        "separate_equipment the longer of the two"),
    ]


CHECKS = (check_storage,)

COSTS = {"wear": wear_cost, "holding": holding_cost}

REPORTS = {
    "charge": Report("storage", "MW", 1 / MW, "power drawn from the grid", charge),
    "discharge": Report("storage", "MW", 1 / MW, "power delivered to the grid", discharge),
    "state_of_charge": Report("storage", "MWh", 1 / MWH, "energy held at the end of the step",
                              lambda storage, data, unit, step: storage.energy[unit, step]),
}
