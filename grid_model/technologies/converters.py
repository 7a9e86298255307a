"""Converters: one flow of energy that draws from some zones and delivers to others, at rates, and maybe hours later.

symbol  attribute   unit   kind
p       conversion  GW     decision, lower <= p <= upper; below zero where it can run the other way
r       rate        1      data, of a port: power into its zone per p; below zero it draws
s       source      step   data, of a port: the step whose p arrives in this one, see `delayed`
v       cost        million CNY/GWh   data, per p; of either sign
U, V    rise, fall  GW     data, greatest rise and fall of p into a step

An electrolyser, a boiler, a heat pump, a plant that makes power and heat, a pipeline: a converter is any of these, and
zones are then hubs of heat, gas or hydrogen as well as of power. A port says how much of p enters its zone: a heat pump
of efficiency 3 has a port of -1 in a zone of power, and one of 3 in a zone of heat. A converter with a single port feeds
or takes away. No port loses what others do not say: rates need not sum to nothing. One that is committed can be off
(converter_commitment.py).
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import flag, identifier, number, reference, text
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.technologies import converter_commitment
from grid_model.technologies.contract import Data, Report, subset

NAME = "converters"

TABLES = {
    "converters": [
        identifier("converter", meaning="name of the converter"),
        text("kind", meaning="what it is: electrolyser, heat_pump, boiler, ..."),
        number("capacity_mw", unit="MW", minimum=0, required=True,
               meaning="greatest conversion, measured where its rate is 1 or -1; a profile conversion_most goes first"),
        number("reverse_capacity_mw", unit="MW", minimum=0, default=0,
               meaning="greatest conversion the other way; a profile conversion_least goes first"),
        number("cost_cny_per_mwh", unit="CNY/MWh", default=0,
               meaning="cost per energy converted, what runs the other way counting below zero; may be negative; "
                       "a profile conversion_cost goes first"),
        number("ramp_up_mw_per_hour", unit="MW/h", minimum=0, meaning="greatest rise in an hour; empty: no limit"),
        number("ramp_down_mw_per_hour", unit="MW/h", minimum=0, meaning="greatest fall in an hour; empty: no limit"),
        number("initial_mw", unit="MW",
               meaning="conversion just before the horizon, from which it ramps; empty: no ramp limits the first step"),
        *converter_commitment.COLUMNS,
    ],
    "converter_ports": [
        identifier("port", meaning="name of the port, usually `<converter> <what it carries>`"),
        reference("converter", "converters", meaning="converter that it belongs to", required=True),
        reference("zone", "zones", meaning="zone that it feeds or draws from", required=True),
        number("rate", unit="1", required=True,
               meaning="power into the zone per conversion; below zero: drawn from it; a profile port_rate goes first"),
        number("delay_hours", unit="h", minimum=0, maximum=8784, default=0,
               meaning="how much later it arrives; a profile port_delay, of what arrives in each step, goes first"),
        flag("cyclic", default=False,
             meaning="what would arrive after the end arrives at the start; else it is lost, and nothing comes from before"),
    ],
}


def check_ports(frames) -> list:
    """Every converter has a port."""
    table = frames["converters"]
    alone = ~table["converter"].isin(frames["converter_ports"]["converter"])
    return problems_where(table, alone, "converter", "a converter with at least one row in converter_ports")


CHECKS = (check_ports, converter_commitment.check_commitment)


def read(case) -> Data | None:
    """Figures of every converter and its ports, GW."""
    table, ports = case.tables["converters"], case.tables["converter_ports"].reset_index(drop=True)
    if table.empty:
        return None
    data = Data(case, table, "converter")
    lower, upper = limits(case)
    rise, fall = (case.profile(f"conversion_{way}", data.names, data.table[f"ramp_{ramp}_mw_per_hour"].fillna(np.inf))
                  * MW * case.step_hours for way, ramp in (("rise", "up"), ("fall", "down")))
    converter_commitment.read(data, lower, upper, rise, fall)
    always = ~data.table["committed"].to_numpy(bool)
    start = np.where(always, data.table["initial_mw"].to_numpy(float) * MW, np.nan)
    lower[:, 0] = np.fmax(lower[:, 0], start - fall[:, 0])  # an empty cell is NaN and limits nothing
    upper[:, 0] = np.fmin(upper[:, 0], start + rise[:, 0])
    rises, falls = rise[:, 1:] < upper[:, 1:] - lower[:, :-1], fall[:, 1:] < upper[:, :-1] - lower[:, 1:]
    data.ramping = always & (rises | falls).any(axis=1)
    widest = float(np.max(upper - lower, initial=0.0))
    data.lower, data.upper = data.series(lower, "lower"), data.series(upper, "upper")
    data.rise, data.fall = data.series(np.minimum(rise, widest), "rise"), data.series(np.minimum(fall, widest), "fall")
    data.cost = data.series(case.profile("conversion_cost", data.names, data.table["cost_cny_per_mwh"]) * CNY_PER_MWH, "cost")
    _read_ports(data, case, ports)
    return data


def limits(case) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest conversion of each converter in each step, GW."""
    table = case.tables["converters"]
    least = case.profile("conversion_least", table["converter"], -table["reverse_capacity_mw"].to_numpy(float))
    most = case.profile("conversion_most", table["converter"], table["capacity_mw"].to_numpy(float))
    return least * MW, most * MW


def _read_ports(data: Data, case, ports) -> None:
    """r and s of every port; what does not arrive has a rate of 0."""
    data.ports = ports["port"].to_numpy(object)
    data.port_zone = ports["zone"].to_numpy(object)
    data.converter_of = Array(ports["converter"].to_numpy(object), data.ports, name="converter_of")
    delay = case.profile("port_delay", data.ports, ports["delay_hours"].to_numpy(float))
    source, arrives = delayed(delay, ports["cyclic"].to_numpy(bool), case.step_hours)
    rate = case.profile("port_rate", data.ports, ports["rate"].to_numpy(float))
    data.source = Array(source + 1, data.ports, data.step_labels, name="source")
    data.rate = Array(np.where(arrives, rate, 0.0), data.ports, data.step_labels, name="rate")


def delayed(delay_hours: np.ndarray, cyclic: np.ndarray, step_hours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each delay, of shape (delays, steps), the position of the step that arrives in each step, the latest that began
    the delay or more before it; and whether there is one: none before the horizon unless what leaves at its end comes
    round."""
    start = np.concatenate([[0.0], np.cumsum(step_hours)])
    began = np.round(start[:-1] - delay_hours, 6)
    inside = (began >= 0) | cyclic[:, None]
    round_the_end = np.round(np.mod(began, start[-1]), 6)  # once more: the end itself is no round number of hours at times
    source = np.searchsorted(np.round(start[:-1], 6), round_the_end, side="right") - 1
    return np.where(inside, source, 0), inside


def add_variables(converters, data):
    converters.conversion = pyo.Var(data.units, data.steps, bounds=lambda _, unit, step: (
        data.lower[unit, step], data.upper[unit, step]))
    converter_commitment.add_variables(converters, data)
    converters.ports = pyo.Set(initialize=list(data.ports))
    members = {zone: [] for zone in data.case.zones}
    for port, zone in zip(data.ports, data.port_zone):
        members[zone].append(port)
    converters.ports_in = pyo.Set(data.zones, initialize=members)


def add_constraints(converters, data):
    ramping = subset(converters, "ramping", data.where(data.ramping))
    converters.later_steps = pyo.RangeSet(2, data.end)

    @converters.Constraint(ramping, converters.later_steps)
    def ramp(converters, unit, step):
        """-V <= p[c,t] - p[c,t-1] <= U   [GW]"""
        change = converters.conversion[unit, step] - converters.conversion[unit, step - 1]
        return (-data.fall[unit, step], change, data.rise[unit, step])

    converter_commitment.add_constraints(converters, data)


def zones(data) -> set:
    """Zones with a port."""
    return set(data.port_zone)


def port_power(converters, data, port, step):
    """r p[c,s]: power into the zone of a port   [GW]"""
    return data.rate[port, step] * converters.conversion[data.converter_of[port], data.source[port, step]]


def injection(converters, data, zone, step):
    """sum of r p[c,s] over the ports in a zone   [GW]"""
    return sum(port_power(converters, data, port, step) for port in converters.ports_in[zone])


def conversion(converters, data, unit, step):
    """p[c,t]   [GW]"""
    return converters.conversion[unit, step]


def conversion_cost(converters, data):
    """sum of v p dt   [million CNY]"""
    return sum(data.cost[unit, step] * data.cost_hours[step] * converters.conversion[unit, step]
               for unit in data.units for step in data.steps)


COSTS = {"conversion": conversion_cost, **converter_commitment.COSTS}

REPORTS = {
    "conversion": Report("converter", "MW", 1 / MW, "conversion, measured where the rate is 1 or -1", conversion),
    "port_power": Report("port", "MW", 1 / MW, "power into the zone of a port; below zero: drawn from it", port_power,
                         over="ports"),
    **converter_commitment.REPORTS,
}
