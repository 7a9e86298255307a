"""Commitment of fleets, linear: how much of a fleet's capacity is online, what it takes to start and to stop it.

symbol  attribute          unit             kind
o       online             GW               decision at borders 0..T, 0 <= o <= C; o[g,t] is online throughout step t
x       started            GW               decision, taken into operation at the beginning of the step
y       stopped            GW               decision, taken out of operation at the beginning of the step
g       generation         GW               decision (thermal.py)
C       capacity           GW               data
a, f    most, least        1                data, limits of output of what is online (f at most a)
U, V    rise, fall         1                data, greatest rise and fall into a step (ramps.py)
f-      least_before       1                data, f in the step before
S, Z    start_level, stop_level   1         data, most output of what has just started, or is about to stop
D, E    drop, lift         1                data, least by which stopping lowers output, and starting raises it
k, l    start_cost, stop_cost   million CNY/GW   data
n       no_load_cost       million CNY/GW/h data, of what is online
H, L    min_up, min_down   h                data

A fleet is many units, so o is no integer. Committed are fleets to which being online costs something (n), and those with
a start cost or a minimum time that also have a floor (f C above the least output for heat somewhere) or a given
capacity online at the start; for others everything online always is as good as any other choice, and they get neither
column nor row here. The start (border 0) is free
unless `initial_online_mw` fixes it. What was started or stopped before the horizon is not known: windows of minimum
times are cut at its start.

Ramps follow from those of single units: what runs on moves within U and V; what starts was at 0 and comes to at least
f and at most S = min(a, max(f, U)); what stops was at least at f-, at most at Z = min(a-, max(f-, V)), and comes to 0.
Summed over the units of a fleet these are the rows of GenX (thermal_commit), with D = f- and E = f. With `ramp_of` net
the fleet's output may rise by U o[t-1] + S (o[t] - o[t-1]) and fall by V o[t] + Z (o[t-1] - o[t]), as in Carrion and
Arroyo (2006), equations 18 to 20, relaxed: the same rows with D = S - U and E = Z - V.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, number
from grid_model.case.units import CNY, MW
from grid_model.technologies.contract import subset
from grid_model.technologies.generators import itself_where_member
from grid_model.technologies.ramps import ROUNDING, read_ramps

COLUMNS = [
    number("start_cost_cny_per_mw", unit="CNY/MW", minimum=0, default=0, by_technology=True,
           meaning="cost of a start, per capacity started"),
    number("stop_cost_cny_per_mw", unit="CNY/MW", minimum=0, default=0, by_technology=True,
           meaning="cost of a stop, per capacity stopped"),
    number("no_load_cost_cny_per_mwh", unit="CNY/MWh", minimum=0, default=0, by_technology=True,
           meaning="cost of every hour online, per capacity online, whatever it generates"),
    number("min_up_hours", unit="h", minimum=0, default=0, by_technology=True,
           meaning="least time from a start to the next stop"),
    number("min_down_hours", unit="h", minimum=0, default=0, by_technology=True,
           meaning="least time from a stop to the next start"),
    number("start_output_fraction", unit="1", minimum=0, by_technology=True,
           meaning="most output of what has just started, of its capacity; empty: what its ramp and its floor allow"),
    number("stop_output_fraction", unit="1", minimum=0, by_technology=True,
           meaning="most output of what is about to stop, of its capacity; empty: what its ramp and its floor allow"),
    choice("ramp_of", ["unit", "net"], default="unit",
           meaning="unit: every unit of the fleet keeps its ramp; net: the fleet's output does, start and stop output "
                   "counting for the net change of what is online"),
    number("initial_online_mw", unit="MW", minimum=0,
           meaning="capacity online just before the horizon; empty: free"),
    number("initial_hold_hours", unit="h", minimum=0, default=0,
           meaning="how long into the horizon what is online at its start stays online and what is not stays off: what is "
                   "left of minimum times; only where initial_online_mw is 0 or capacity_mw"),
]


SWITCHING = ["start_cost_cny_per_mw", "stop_cost_cny_per_mw", "min_up_hours", "min_down_hours"]  # what starts and stops take
STANDING = "no_load_cost_cny_per_mwh"
UNLIMITED = 4.0  # of capacity: more than any output can rise or fall


def check_start(frames) -> list:
    """What is online or generates before the horizon fits in."""
    table = frames["generators"]
    roof = table["initial_online_mw"].fillna(table["capacity_mw"])
    too_much_online = table["initial_online_mw"] > table["capacity_mw"]
    held = (table["initial_hold_hours"] > 0) & (table["initial_online_mw"] > 0) & (
        table["initial_online_mw"] < table["capacity_mw"])
    return [*problems_where(table, held, "initial_hold_hours", "0 where a part of the capacity is online at the start"),
            *problems_where(table, too_much_online, "initial_online_mw", "at most capacity_mw"),
            *problems_where(table, table["initial_output_mw"] > roof, "initial_output_mw",
                            "at most what is online (initial_online_mw, else capacity_mw)")]


def coarsened(case):
    """A case of steps too long for starts: every fleet starts and stops at will, and what is online has no floor but heat."""
    table = case.tables["generators"].copy()
    table.loc[(table[[*SWITCHING, STANDING]] > 0).any(axis=1), [*SWITCHING, "min_output_fraction"]] = 0.0
    return case.replace(generators=table)


def needs_commitment(table, floor: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Which units are committed; `floor` is the least output of what is online, `heat` that for heat, (units, steps)."""
    standing, switching = table[STANDING] > 0, (table[SWITCHING] > 0).any(axis=1)
    floored = (floor > heat + ROUNDING).any(axis=1) | table["initial_online_mw"].notna()
    return ((standing | switching & floored) & (table["capacity_mw"] > 0)).to_numpy()


def read(data, floor: np.ndarray, heat: np.ndarray, roof: np.ndarray) -> None:
    """Figures of committed units, from the floor of what is online, least output for heat and available output of all
    units, GW, each of shape (units, steps)."""
    mask = needs_commitment(data.table, floor, heat)
    data.committed = data.where(mask)
    table = data.table[mask]
    capacity = table["capacity_mw"].to_numpy(float)[:, None] * MW
    least, most = floor[mask] / capacity, roof[mask] / capacity
    data.least, data.most = (data.series(values, name, data.committed)
                             for values, name in ((least, "least"), (most, "most")))
    data.online_capacity = data.parameter(capacity[:, 0], "online_capacity", data.committed)
    data.floored = data.committed[(floor[mask] > heat[mask] + ROUNDING).any(axis=1)]
    for name in ("start_cost", "stop_cost"):
        setattr(data, name, data.column(f"{name}_cny_per_mw", CNY / MW))
    data.no_load_cost = data.column(STANDING, CNY / MW)
    _read_start(data, table, capacity[:, 0])
    _read_windows(data, table)
    _read_ramps(data, table, least, most)
    _read_lowest(data, least, heat[mask], most, capacity)


def _read_start(data, table, capacity) -> None:
    """Bounds of what is online at borders 0..T: a given start is a fixed start, given output needs as much online."""
    lower, upper = np.zeros((len(table), data.end + 1)), np.repeat(capacity[:, None], data.end + 1, axis=1)
    given = table["initial_online_mw"].to_numpy(float) * MW
    output = table["initial_output_mw"].fillna(0).to_numpy(float) * MW
    lower[:, 0] = np.where(np.isnan(given), output, given)
    upper[:, 0] = np.where(np.isnan(given), capacity, given)
    held = (np.concatenate([[0.0], np.cumsum(data.step_hours.values)[:-1]])[None, :]
            < table["initial_hold_hours"].to_numpy(float)[:, None] - ROUNDING) & ~np.isnan(given)[:, None]
    lower[:, 1:] = np.where(held & (given >= capacity)[:, None], capacity[:, None], lower[:, 1:])
    upper[:, 1:] = np.where(held & (given == 0)[:, None], 0.0, upper[:, 1:])
    borders = np.arange(data.end + 1)
    data.online_lower = Array(lower, data.committed, borders, name="online_lower")
    data.online_upper = Array(upper, data.committed, borders, name="online_upper")


def _read_windows(data, table) -> None:
    """For each minimum time and step, the steps that began less than that time before it, itself among them."""
    start = np.concatenate([[0.0], np.cumsum(data.step_hours.values)[:-1]])
    up, down = (table[column].to_numpy(float) for column in ("min_up_hours", "min_down_hours"))
    data.staying_up, data.staying_down = (
        list(zip(data.committed[times > 0], times[times > 0].tolist(), strict=True)) for times in (up, down))
    data.minimum_times = sorted({hours for _, hours in data.staying_up + data.staying_down})
    data.windows = {}
    for hours in data.minimum_times:
        first = np.searchsorted(start, start - hours + ROUNDING, side="right") + 1
        data.windows |= {(hours, step): range(begin, step + 1) for step, begin in enumerate(first.tolist(), start=1)}


def _read_ramps(data, table, least, most) -> None:
    """U, V, S and Z of what is online, and the units whose ramps can bind. Just before the horizon all that is online
    generates alike where both are given, else anything; with nothing online there is no output."""
    online = table["initial_online_mw"].to_numpy(float)
    table = table.assign(initial_output_mw=table["initial_output_mw"].where(online != 0, 0.0))
    share = table["initial_output_mw"].to_numpy(float) / np.where(online > 0, online, np.nan)
    floor_before = np.fmin(table["min_output_fraction"].to_numpy(float), share)
    most_before = np.where(np.isnan(share), 1.0, share)
    ramps = read_ramps(table, data.step_hours.values, least, most, (floor_before, most_before))
    start_level = np.minimum(np.maximum(ramps.rise, least), most)
    stop_level = np.minimum(np.maximum(ramps.fall, ramps.least_before), ramps.most_before)
    start_level, stop_level = (np.where(np.isnan(told := table[f"{which}_output_fraction"].to_numpy(float)[:, None]), level, told)
                               for which, level in (("start", start_level), ("stop", stop_level)))
    net = (table["ramp_of"] == "net").to_numpy()[:, None]
    rise, fall = np.where(net, np.minimum(ramps.rise, 1.0), ramps.rise), np.where(net, np.minimum(ramps.fall, 1.0), ramps.fall)
    drop, lift = np.where(net, start_level - rise, ramps.least_before), np.where(net, stop_level - fall, least)
    figures = {"rise": rise, "fall": fall, "drop": drop, "lift": lift, "start_level": start_level, "stop_level": stop_level}
    for name, values in figures.items():
        finite = np.nan_to_num(values, nan=UNLIMITED, posinf=UNLIMITED)
        setattr(data, name, data.series(finite, name, data.committed))
    output_before = table["initial_output_mw"].to_numpy(float) * MW
    data.output_before = data.parameter(output_before, "output_before", data.committed)
    rises = (ramps.rise < most - ramps.least_before - ROUNDING) | (start_level < most - ROUNDING)
    rises |= drop > ramps.least_before + ROUNDING
    falls = (ramps.fall < ramps.most_before - least - ROUNDING) | (stop_level < ramps.most_before - ROUNDING)
    falls |= lift > least + ROUNDING
    data.online_ramps = {"online_rising": ramps.of_later_steps(rises), "online_falling": ramps.of_later_steps(falls),
                         "online_first_rising": ramps.of_first_step(rises),
                         "online_first_falling": ramps.of_first_step(falls)}


def _read_lowest(data, least, heat, most, capacity) -> None:
    """The least output with o online, max(f o, heat), as a line over o: exact where o is all capacity or no more than
    heat needs, and for every o where f C <= heat or there is no heat; never below it, as max(f o, heat) is convex."""
    needed = np.divide(heat, most, out=np.zeros_like(heat), where=most > 0)
    whole = np.maximum(least * capacity, heat)
    slope = np.divide(whole - heat, capacity - needed, out=np.zeros_like(heat), where=capacity - needed > ROUNDING)
    data.lowest_slope = data.series(slope, "lowest_slope", data.committed)
    data.lowest_base = data.series(heat - slope * needed, "lowest_base", data.committed)


def add_variables(thermal, data):
    committed = subset(thermal, "committed", data.committed)
    thermal.committed_of = itself_where_member(data, data.committed)
    thermal.online = pyo.Var(committed, data.borders, bounds=lambda _, unit, border: (
        data.online_lower[unit, border], data.online_upper[unit, border]))
    thermal.started = pyo.Var(committed, data.steps, bounds=lambda _, unit, step: (0, data.online_capacity[unit]))
    thermal.stopped = pyo.Var(committed, data.steps, bounds=lambda _, unit, step: (0, data.online_capacity[unit]))


def add_constraints(thermal, data):
    _add_output_limits(thermal, data)
    _add_minimum_times(thermal, data)
    _add_ramps(thermal, data)


def _add_output_limits(thermal, data):
    floored = subset(thermal, "floored", data.floored)

    @thermal.Constraint(thermal.committed, data.steps)
    def switching(thermal, unit, step):
        """o[g,t] = o[g,t-1] + x[g,t] - y[g,t]   [GW]"""
        return (thermal.online[unit, step]
                == thermal.online[unit, step - 1] + thermal.started[unit, step] - thermal.stopped[unit, step])

    @thermal.Constraint(thermal.committed, data.steps)
    def most_output_online(thermal, unit, step):
        """g[g,t] <= a o[g,t]   [GW]"""
        return thermal.generation[unit, step] <= data.most[unit, step] * thermal.online[unit, step]

    @thermal.Constraint(floored, data.steps)
    def least_output_online(thermal, unit, step):
        """g[g,t] >= f o[g,t]   [GW]"""
        return thermal.generation[unit, step] >= data.least[unit, step] * thermal.online[unit, step]


def _add_minimum_times(thermal, data):
    staying_up, staying_down = (subset(thermal, name, getattr(data, name)) for name in ("staying_up", "staying_down"))
    thermal.minimum_times = pyo.Set(initialize=data.minimum_times)
    thermal.window = pyo.Set(thermal.minimum_times, data.steps, initialize=data.windows)

    @thermal.Constraint(staying_up, data.steps)
    def least_time_up(thermal, unit, hours, step):
        """sum of x[g,s] over steps s that began less than H before step t <= o[g,t]   [GW]"""
        return sum(thermal.started[unit, s] for s in thermal.window[hours, step]) <= thermal.online[unit, step]

    @thermal.Constraint(staying_down, data.steps)
    def least_time_down(thermal, unit, hours, step):
        """sum of y[g,s] over steps s that began less than L before step t <= C - o[g,t]   [GW]"""
        offline = data.online_capacity[unit] - thermal.online[unit, step]
        return sum(thermal.stopped[unit, s] for s in thermal.window[hours, step]) <= offline


def _add_ramps(thermal, data):
    rising, falling, first_rising, first_falling = (
        subset(thermal, name, data.committed[mask]) for name, mask in data.online_ramps.items())

    def running_on(unit, step):
        return thermal.online[unit, step - 1] - thermal.stopped[unit, step]

    def greatest_rise(unit, step):
        """U (o[t-1] - y[t]) + S x[t] - D y[t]   [GW]"""
        return (data.rise[unit, step] * running_on(unit, step)
                + data.start_level[unit, step] * thermal.started[unit, step]
                - data.drop[unit, step] * thermal.stopped[unit, step])

    def greatest_fall(unit, step):
        """V (o[t-1] - y[t]) + Z y[t] - E x[t]   [GW]"""
        return (data.fall[unit, step] * running_on(unit, step)
                + data.stop_level[unit, step] * thermal.stopped[unit, step]
                - data.lift[unit, step] * thermal.started[unit, step])

    @thermal.Constraint(rising, thermal.later_steps)
    def ramp_up_online(thermal, unit, step):
        """g[g,t] - g[g,t-1] <= greatest rise   [GW]"""
        return thermal.generation[unit, step] - thermal.generation[unit, step - 1] <= greatest_rise(unit, step)

    @thermal.Constraint(falling, thermal.later_steps)
    def ramp_down_online(thermal, unit, step):
        """g[g,t-1] - g[g,t] <= greatest fall   [GW]"""
        return thermal.generation[unit, step - 1] - thermal.generation[unit, step] <= greatest_fall(unit, step)

    @thermal.Constraint(first_rising, thermal.first_step)
    def first_ramp_up_online(thermal, unit, step):
        """g[g,1] - given output <= greatest rise   [GW]"""
        return thermal.generation[unit, step] - data.output_before[unit] <= greatest_rise(unit, step)

    @thermal.Constraint(first_falling, thermal.first_step)
    def first_ramp_down_online(thermal, unit, step):
        """given output - g[g,1] <= greatest fall   [GW]"""
        return data.output_before[unit] - thermal.generation[unit, step] <= greatest_fall(unit, step)


def online(thermal, data, unit, step):
    """o[g,t] of a committed unit, 0 of another   [GW]"""
    return sum(thermal.online[some, step] for some in thermal.committed_of[unit])


def most_output(thermal, data, unit, step):
    """a o[g,t] of a committed unit, 0 of another   [GW]"""
    return sum(data.most[some, step] * thermal.online[some, step] for some in thermal.committed_of[unit])


def least_output(thermal, data, unit, step):
    """Least output of what is online of a committed unit (see _read_lowest), 0 of another   [GW]"""
    return sum(data.lowest_base[some, step] + data.lowest_slope[some, step] * thermal.online[some, step]
               for some in thermal.committed_of[unit])


def start_cost(thermal, data):
    """sum of k x   [million CNY]"""
    return sum(data.step_weights[step] * data.start_cost[unit] * thermal.started[unit, step]
               for unit in thermal.committed for step in data.steps)


def stop_cost(thermal, data):
    """sum of l y   [million CNY]"""
    return sum(data.step_weights[step] * data.stop_cost[unit] * thermal.stopped[unit, step]
               for unit in thermal.committed for step in data.steps)


def no_load_cost(thermal, data):
    """sum of n o dt   [million CNY]"""
    return sum(data.cost_hours[step] * data.no_load_cost[unit] * thermal.online[unit, step]
               for unit in thermal.committed for step in data.steps)
