"""Transmission: corridors, DC lines and AC lines between zones.

symbol  attribute        unit             kind
f       flow             GW               decision, lower <= f <= upper: lines with one column
F, B    forward,         GW               decision, >= 0: two-way lines with loss or cost; f = F - B
        backward
u, w    upper, lower     GW               data: capacity x flow_limit forward; backward likewise, negative, or the
                                          least flow where one is set
loss    loss_fraction    1                data: part of what is sent that does not arrive
v       cost             million CNY/GWh  data: per energy sent, in either direction
r       ramp             GW/h             data
x       reactance        1                data, per unit of one base common to all lines
h       phase_shift      GW               data, angle of a phase shifter over its reactance
dt      step_hours       h                data

f is positive from from_zone to to_zone and stands at the sending end: f > 0 draws f from from_zone and brings
(1 - loss) f to to_zone; f < 0 draws -f from to_zone and brings -(1 - loss) f to from_zone.

One column where that is linear: no loss and no cost, or a flow that can go one way only. Else a forward and a backward
column, held in the convex hull of "forward or backward" by F/u + B/(-w) <= 1: no linear programme is tighter. Inside
the hull both may still flow at once, which would burn energy. It pays only where the prices p at both ends fulfil
p_from + p_to < -2 v / loss: adding the reduced costs of F and B, every other term cancels (a ramp and Kirchhoff's law
see F - B only) or speaks against it. So it never happens while prices are not negative; where they are, the solver
closes one of the two (EXCLUSIVE), and `circulating` says how much both carry in a programme without that.

A line of kind `ac` obeys Kirchhoff's voltage law (ac_network.py) with its net flow f, lossy or not: reactances share
out what is sent, x (f + h) being the difference of the angles at its ends. A capacity is then a limit; an AC line
without capacity in both directions is out of service and closes no loop. A `flow_limit` of 0 leaves it in service.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import different, problems_where
from grid_model.case.tables import choice, date, flag, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies.ac_network import independent_cycles
from grid_model.technologies.contract import Data, Report, subset

NAME = "transmission"
SELDOM = ("one_direction",)
EXCLUSIVE = (("forward", "backward", "two_columns"),)

TABLES = {
    "lines": [
        identifier("line", meaning="name of the line or corridor"),
        reference("from_zone", "zones", meaning="zone where it begins", required=True),
        reference("to_zone", "zones", meaning="zone where it ends", required=True),
        text("name_zh", "Chinese name"),
        number("capacity_mw", unit="MW", minimum=0, required=True, meaning="greatest power sent from from_zone"),
        number("reverse_capacity_mw", unit="MW", minimum=0,
               meaning="greatest power sent from to_zone; empty: as capacity_mw; 0: one way only"),
        choice("kind", ["transport", "ac"], default="transport",
               meaning="transport: flow is dispatched; ac: flow follows Kirchhoff's voltage law"),
        number("reactance_pu", unit="1", above=0,
               meaning="series reactance, per unit of one base common to all lines; needed where kind is ac"),
        number("phase_shift_mw", unit="MW", default=0,
               meaning="angle of a phase shifter in an ac line over its reactance: between equal angles so much flows to "
                       "from_zone; a profile phase_shift goes first"),
        number("loss_fraction", unit="1", minimum=0, maximum=1, default=0,
               meaning="part of the power sent that is lost"),
        number("cost_cny_per_mwh", unit="CNY/MWh", minimum=0, default=0,
               meaning="cost per energy sent, in either direction"),
        number("min_flow_mw", unit="MW", minimum=0, default=0,
               meaning="least power sent from from_zone in every step; 0: none is asked for, flow may go either way"),
        number("ramp_mw_per_hour", unit="MW/h", minimum=0,
               meaning="greatest change of flow in an hour; empty: no limit"),
        number("initial_flow_mw", unit="MW",
               meaning="flow before the first step, from which it ramps; empty: the first flow is free"),
        number("min_renewable_share", unit="1", minimum=0, maximum=1,
               meaning="least part of the energy carried that is renewable; empty: no rule"),
        number("length_km", unit="km", minimum=0, meaning="length, for information"),
        date("commissioned", meaning="in operation since, for information"),
        flag("dc", meaning="direct current; such a line cannot be of kind ac"),
    ],
}


def reverse_capacity(table):
    """Of lines [MW]: as much as there where nothing is said of the way back."""
    return table["reverse_capacity_mw"].fillna(table["capacity_mw"])


def read(case) -> Data | None:
    """Figures of every line in service, GW."""
    table = case.tables["lines"]
    reverse = reverse_capacity(table)
    table = table.assign(reverse_capacity_mw=reverse)[(table["capacity_mw"] > 0) | (reverse > 0)]
    if table.empty:
        return None
    data = Data(case, table, "line")
    data.from_zone, data.to_zone = (data.table[end].to_numpy(object) for end in ("from_zone", "to_zone"))
    data.loss_fraction = data.column("loss_fraction")
    data.cost = data.column("cost_cny_per_mwh", CNY_PER_MWH)
    lower, upper = _limits(data, case)
    data.lower, data.upper = data.series(lower, "lower"), data.series(upper, "upper")
    data.forward_lower, data.forward_upper = (
        data.series(np.maximum(limit, 0), "forward") for limit in (lower, upper))
    data.backward_lower, data.backward_upper = (
        data.series(np.maximum(-limit, 0), "backward") for limit in (upper, lower))
    _choose_columns(data, lower, upper)
    _read_ramp(data, case, lower, upper)
    _read_cycles(data)
    return data


def _limits(data: Data, case) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest flow of each line in each step, GW; flow before the first step limits it as a ramp does."""
    table = data.table
    capacity, reverse, least, ramp, start = (table[column].to_numpy(float)[:, None] * MW for column in (
        "capacity_mw", "reverse_capacity_mw", "min_flow_mw", "ramp_mw_per_hour", "initial_flow_mw"))
    part = case.profile("flow_limit", data.names, 1.0)
    upper = capacity * part
    lower = np.where(least > 0, least, -reverse * part)
    reach = (ramp * case.step_hours[0])[:, 0]
    lower[:, 0] = np.fmax(lower[:, 0], start[:, 0] - reach)  # an empty cell is NaN and limits nothing
    upper[:, 0] = np.fmin(upper[:, 0], start[:, 0] + reach)
    return lower, upper


def _choose_columns(data: Data, lower: np.ndarray, upper: np.ndarray) -> None:
    """Which lines have one column and which two, and what arrives at either end per flow of a line with one column."""
    loss = data.loss_fraction.values
    backward_only = (upper <= 0).all(axis=1)
    one_way = (lower >= 0).all(axis=1) | backward_only
    data.one_column = one_way | ((loss == 0) & (data.cost.values == 0))
    data.direction = data.parameter(np.where(backward_only, -1.0, 1.0), "direction")
    data.part_leaving = data.parameter(np.where(backward_only, 1 - loss, 1.0), "part_leaving")
    data.part_arriving = data.parameter(np.where(backward_only, 1.0, 1 - loss), "part_arriving")
    data.two_way = ~data.one_column[:, None] & (lower < 0) & (upper > 0)  # by step


def _read_ramp(data: Data, case, lower: np.ndarray, upper: np.ndarray) -> None:
    """Change of flow allowed in each step, GW, and the lines that it can bind."""
    step = data.table["ramp_mw_per_hour"].to_numpy(float)[:, None] * MW * case.step_hours
    furthest = np.maximum(upper[:, 1:] - lower[:, :-1], upper[:, :-1] - lower[:, 1:])
    data.ramp = data.series(step, "ramp")
    data.ramped = (step[:, 1:] < furthest).any(axis=1)


def _read_cycles(data: Data) -> None:
    """The independent loops of AC lines, as entries of a line and its signed reactance (of the largest in the loop)."""
    ac = np.flatnonzero(data.table["kind"] == "ac")
    cycles = independent_cycles(data.from_zone[ac].astype(str), data.to_zone[ac].astype(str))
    line = ac[cycles.line]
    reactance = data.table["reactance_pu"].to_numpy(float)[line]
    largest = np.zeros(cycles.count)
    np.maximum.at(largest, cycles.cycle, reactance)
    entries = np.arange(len(line))
    data.cycles = np.arange(cycles.count)
    data.line_of = Array(data.names[line], entries, name="line_of")
    weight = cycles.sign * reactance / largest[cycles.cycle]
    data.weight = Array(weight, entries, name="weight")
    shift = np.zeros((cycles.count, data.end))
    np.add.at(shift, cycles.cycle, weight[:, None] * data.case.profile(
        "phase_shift", data.names, data.table["phase_shift_mw"].to_numpy(float))[line] * MW)
    data.shift = Array(shift, data.cycles, data.step_labels, name="shift")
    data.entries_of = {columns: {cycle: entries[(cycles.cycle == cycle) & (data.one_column[line] == columns)].tolist()
                                 for cycle in data.cycles.tolist()} for columns in (True, False)}


def add_variables(lines, data):
    one, two = data.one_column, ~data.one_column
    one_column = subset(lines, "one_column", data.where(one))
    two_columns = subset(lines, "two_columns", data.where(two))
    lines.flow = pyo.Var(one_column, data.steps, bounds=lambda _, line, step: (
        data.lower[line, step], data.upper[line, step]))
    lines.forward = pyo.Var(two_columns, data.steps, bounds=lambda _, line, step: (
        data.forward_lower[line, step], data.forward_upper[line, step]))
    lines.backward = pyo.Var(two_columns, data.steps, bounds=lambda _, line, step: (
        data.backward_lower[line, step], data.backward_upper[line, step]))
    for name, chosen in (("one_column", one), ("two_columns", two)):
        _by_key(lines, f"{name}_from", data.zones, data.from_zone[chosen], data.names[chosen])
        _by_key(lines, f"{name}_to", data.zones, data.to_zone[chosen], data.names[chosen])
        _by_key(lines, f"if_{name}", data.units, data.names[chosen], data.names[chosen])


def _by_key(lines, name: str, keys, key_of_member, members) -> None:
    """An indexed set: the members that belong to each key."""
    lists = {}
    for key, member in zip(key_of_member, members):
        lists.setdefault(key, []).append(member)
    lines.add_component(name, pyo.Set(keys, initialize=lambda _, key: lists.get(key, [])))


def add_constraints(lines, data):
    _add_one_direction(lines, data)
    ramped = subset(lines, "ramped", data.where(data.ramped))
    lines.later_steps = pyo.RangeSet(2, data.end)

    @lines.Constraint(ramped, lines.later_steps)
    def ramp(lines, line, step):
        """-r dt <= f[l,t] - f[l,t-1] <= r dt   [GW]"""
        change = flow(lines, data, line, step) - flow(lines, data, line, step - 1)
        return (-data.ramp[line, step], change, data.ramp[line, step])

    lines.cycles = pyo.Set(initialize=data.cycles.tolist())
    lines.one_column_entries = pyo.Set(lines.cycles, initialize=data.entries_of[True])
    lines.two_column_entries = pyo.Set(lines.cycles, initialize=data.entries_of[False])

    @lines.Constraint(lines.cycles, data.steps)
    def kirchhoff_voltage(lines, cycle, step):
        """sum round the loop of x (f + h) = 0   [per unit of the loop's largest reactance, GW]"""
        lossless = sum(data.weight[entry] * lines.flow[data.line_of[entry], step]
                       for entry in lines.one_column_entries[cycle])
        lossy = sum(data.weight[entry] * (lines.forward[data.line_of[entry], step]
                                          - lines.backward[data.line_of[entry], step])
                    for entry in lines.two_column_entries[cycle])
        return lossless + lossy == -data.shift[cycle, step]


def _add_one_direction(lines, data):
    """The hull of both directions; in steps that allow only one, its bounds say it all."""

    def one_direction(lines, line, step):
        """F[l,t] / u[l,t] + B[l,t] / -w[l,t] <= 1"""
        return (lines.forward[line, step] / data.forward_upper[line, step]
                + lines.backward[line, step] / data.backward_upper[line, step] <= 1)

    always = data.two_way.all(axis=1)
    line, step = np.nonzero(data.two_way & ~always[:, None])
    lines.always_two_way = pyo.Set(initialize=list(data.where(always)))
    lines.two_way_at_times = pyo.Set(dimen=2, initialize=list(zip(data.names[line], data.step_labels[step].tolist())))
    lines.one_direction = pyo.Constraint(lines.always_two_way, data.steps, rule=one_direction)
    lines.one_direction_at_times = pyo.Constraint(lines.two_way_at_times, rule=one_direction)


def zones(data) -> set:
    """Zones at either end of a line."""
    return {*data.from_zone, *data.to_zone}


def injection(lines, data, zone, step):
    """What arrives less what is sent: sum of (1 - loss) f of arriving and -f of leaving lines   [GW]"""
    leaving = sum(data.part_leaving[line] * lines.flow[line, step] for line in lines.one_column_from[zone])
    arriving = sum(data.part_arriving[line] * lines.flow[line, step] for line in lines.one_column_to[zone])
    at_start = sum((1 - data.loss_fraction[line]) * lines.backward[line, step] - lines.forward[line, step]
                   for line in lines.two_columns_from[zone])
    at_end = sum((1 - data.loss_fraction[line]) * lines.forward[line, step] - lines.backward[line, step]
                 for line in lines.two_columns_to[zone])
    return arriving - leaving + at_start + at_end


def flow(lines, data, line, step):
    """f[l,t] = F[l,t] - B[l,t]   [GW]"""
    return (sum(lines.flow[one, step] for one in lines.if_one_column[line])
            + sum(lines.forward[two, step] - lines.backward[two, step] for two in lines.if_two_columns[line]))


def sent(lines, data, line, step):
    """What is sent in either direction: |f|, or F + B   [GW]; only where a line has loss or cost"""
    return (sum(data.direction[one] * lines.flow[one, step] for one in lines.if_one_column[line])
            + sum(lines.forward[two, step] + lines.backward[two, step] for two in lines.if_two_columns[line]))


def loss(lines, data, line, step):
    """loss x what is sent   [GW]"""
    return data.loss_fraction[line] * sent(lines, data, line, step)


def transmission_cost(lines, data):
    """sum of v dt x what is sent   [million CNY]"""
    one_way = sum(data.cost[line] * data.direction[line] * data.cost_hours[step] * lines.flow[line, step]
                  for line in lines.one_column for step in data.steps)
    two_way = sum(data.cost[line] * data.cost_hours[step] * (lines.forward[line, step] + lines.backward[line, step])
                  for line in lines.two_columns for step in data.steps)
    return one_way + two_way


def circulating(flow_mw, loss_mw, loss_fraction):
    """Power that flows both ways at once, min(F, B) = (loss / loss_fraction - |f|) / 2   [MW]; none on lossless lines.

    Arrays that broadcast together: flow and loss as reported, and the line's loss_fraction.
    """
    lossy = np.asarray(loss_fraction) > 0
    sending = np.divide(loss_mw, loss_fraction, where=lossy, out=np.abs(np.asarray(flow_mw, float)))
    return np.where(lossy, np.maximum(sending - np.abs(flow_mw), 0) / 2, 0.0)


def check_lines(frames):
    """A line joins two zones, may carry what it must, and has what its kind needs."""
    table = frames["lines"]
    ac = table["kind"] == "ac"
    reverse = reverse_capacity(table)
    start = table["initial_flow_mw"]
    return [
        *different(table, "from_zone", "to_zone"),
        *problems_where(table, table["min_flow_mw"] > table["capacity_mw"], "min_flow_mw", "a number <= capacity_mw"),
        *problems_where(table, ac & table["reactance_pu"].isna(), "reactance_pu", "a number > 0 where kind is ac"),
        *problems_where(table, ac & table["dc"], "dc", "false where kind is ac"),
        *problems_where(table, (start > table["capacity_mw"]) | (start < -reverse), "initial_flow_mw",
                        "a number from -reverse_capacity_mw to capacity_mw"),
    ]


CHECKS = (check_lines,)

COSTS = {"transmission": transmission_cost}

REPORTS = {
    "flow": Report("line", "MW", 1 / MW, "power sent, positive from from_zone to to_zone", flow),
    "loss": Report("line", "MW", 1 / MW, "power lost on the way", loss),
}
