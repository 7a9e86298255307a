"""PyPSA's lines, transformers and links as lines of ours.

symbol  attribute     unit   kind
s       s             MW     PyPSA's flow of a line or transformer, |s| <= s_nom s_max_pu
x       reactance     1      per unit of 1 MVA: x / v_nom^2 of a line, x tap_ratio / s_nom of a transformer
phi     phase_shift   rad    of a transformer: x s + phi adds up to nothing round a loop
p       p0            MW     PyPSA's flow of a link, lo <= p <= hi: leaves bus0, efficiency p enters bus1
v       marginal_cost currency/MWh   of p, either way

Kirchhoff: f = s + phi / x adds up as a line without phase shift does; the difference stands at both ends as a load.

A link one way at cost >= 0 that loses is a line; so is one both ways without loss and cost. Any other is written as what
it carries beyond its least flow, q = p - lo >= 0, and the least flow as loads at both ends. One that gains energy or
is paid for carrying is written from its greatest flow down: r = efficiency (hi - p) goes back from bus1 to bus0, losing
1 - 1 / efficiency. The cost of what was set apart is a constant.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_injections import Injections, limits, refuse_maintenance_and_pieces
from grid_model.technologies.ac_network import independent_cycles


def add_lines(network: NetworkFile, grid: GridTables, parts: Injections, capacity_of) -> None:
    """Lines and transformers; those that close no loop need no reactance."""
    listed = [_passive(network, network.components(name), capacity_of) for name in ("lines", "transformers")]
    names, start, end, limit, reactance, shift = (np.concatenate([each[at] for each in listed]) for at in range(6))
    if not len(names):
        return
    cycles = independent_cycles(start.astype(str), end.astype(str)) if (start != end).all() else None
    looped = np.zeros(len(names), bool)
    if cycles is not None:
        looped[cycles.line] = True
    for units, first in zip((network.components("lines"), network.components("transformers")),
                            (0, len(listed[0][0])), strict=True):
        own = slice(first, first + len(units))
        units.refuse(looped[own] & ~(reactance[own] > 0), "x", reactance[own],
                     "a number above zero where the branch is part of a loop")
        units.refuse(start[own] == end[own], "bus1", end[own], "another bus than bus0")
        offset = np.abs(shift[own])
        units.refuse(looped[own] & (offset > limit[own].min(axis=1, initial=np.inf)), "phase_shift", shift[own],
                     "one whose flow at equal angles is within the capacity")
        changing = (limit[own] != limit[own][:, :1]).any(axis=1)
        units.refuse(looped[own] & (offset > 0) & changing, "s_max_pu", np.full(len(units), "by snapshot"),
                     "one value for all snapshots where there is a phase shift")
    shift = np.where(looped, shift, 0.0)
    _add_passive(grid, parts, names, start, end, limit, reactance, shift, looped)


def _passive(network: NetworkFile, units: Components, capacity_of):
    """Names, ends, greatest flow by step, reactance, and flow at equal angles phi / x."""
    refuse_maintenance_and_pieces(units)
    start, end = units.text("bus0"), units.text("bus1")
    limit = units.series("s_max_pu", 1.0) * capacity_of(units, "s_nom")[:, None]
    units.refuse((limit < 0).any(axis=1), "s_max_pu", np.full(len(units), "below zero"), "a number >= 0")
    units.refuse(units.text("type") != "", "type", units.text("type"), "no standard type, but x itself")
    voltage, carrier = _of_bus(network, start)
    direct = carrier == "DC"
    value = np.where(direct, units.static("r", 0.0), units.static("x", 0.0))
    shift = np.zeros(len(units))
    if units.listed == "lines":
        reactance = value / voltage**2
    else:
        reactance = value / np.where(units.static("s_nom", 0.0) > 0, units.static("s_nom", 0.0), np.nan)
        reactance = reactance * units.static("tap_ratio", 1.0)
        units.refuse(units.static("phase_shift_min", 0.0) < units.static("phase_shift_max", 0.0), "phase_shift_max",
                     units.static("phase_shift_max", 0.0), "as phase_shift_min: a shift that is given")
        angle = np.deg2rad(units.fixed("phase_shift", 0.0))
        shift = np.divide(angle, reactance, out=np.zeros(len(units)), where=reactance > 0)
    return units.names, start, end, _within_angle(units, limit, carrier, reactance, shift), reactance, shift


def _within_angle(units: Components, limit, carrier, reactance, shift) -> np.ndarray:
    """Greatest flow also by v_ang_max, the angle between the ends."""
    angle = np.deg2rad(units.static("v_ang_max", np.inf))
    finite = np.isfinite(angle) & ((carrier == "AC") | (units.listed == "transformers"))
    units.refuse(finite & (shift != 0), "v_ang_max", np.rad2deg(angle), "no limit where there is a phase shift")
    most = np.divide(angle, reactance, out=np.full(len(units), np.inf), where=finite & (reactance > 0))
    return np.minimum(limit, most[:, None])


def _of_bus(network: NetworkFile, bus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voltage [kV] and carrier of buses."""
    buses = network.components("buses")
    voltage = dict(zip(buses.names, buses.static("v_nom", 1.0), strict=True))
    carrier = dict(zip(buses.names, buses.text("carrier", "AC"), strict=True))
    return (np.array([voltage.get(name, 1.0) for name in bus], float),
            np.array([carrier.get(name, "AC") for name in bus], object))


def _add_passive(grid, parts, names, start, end, limit, reactance, shift, looped) -> None:
    kind = np.where(looped, "ac", "transport")
    greatest = limit.max(axis=1)
    size = np.where(greatest > 0, greatest, 1.0)  # a line without capacity still closes its loops
    out = shift != 0
    written = grid.add("lines", line=names, from_zone=start, to_zone=end, capacity_mw=size + shift,
                       reverse_capacity_mw=size - shift, kind=kind, reactance_pu=np.where(looped, reactance, np.nan))
    part = limit / size[:, None]
    told = (part != 1).any(axis=1) & ~out
    grid.profile("flow_limit", written[told], np.clip(part[told], 0, 1))
    if out.any():
        steps = np.ones(parts.steps)
        parts.load([f"{name} phase shift from" for name in names[out]], start[out], -shift[out][:, None] * steps)
        parts.load([f"{name} phase shift to" for name in names[out]], end[out], shift[out][:, None] * steps)


def add_links(network: NetworkFile, grid: GridTables, parts: Injections, capacity_of) -> None:
    """Links with one output and without delay; the plain ones at once, the others one by one."""
    links = network.components("links")
    _refuse_links(links)
    lowest, highest = limits(links, capacity_of(links, "p_nom"))
    efficiency, cost = links.fixed("efficiency", 1.0), links.fixed("marginal_cost", 0.0)
    start, end = links.text("bus0"), links.text("bus1")
    links.refuse(start == end, "bus1", end, "another bus than bus0")
    links.refuse(efficiency < 0, "efficiency", efficiency, "a number >= 0")
    both_ways = (efficiency == 1) & (cost == 0) & (lowest <= 0).all(axis=1) & (highest >= 0).all(axis=1)
    both_ways &= (lowest == lowest[:, :1]).all(axis=1) & (highest == highest[:, :1]).all(axis=1)
    one_way = (lowest == 0).all(axis=1) & (efficiency <= 1) & (cost >= 0)
    plain = both_ways | one_way
    ramp = _ramp(network, links, plain)
    most, least = highest.max(axis=1, initial=0), -lowest.min(axis=1, initial=0)
    names = grid.add("lines", line=links.names[plain], from_zone=start[plain], to_zone=end[plain],
                     capacity_mw=most[plain], reverse_capacity_mw=least[plain], kind="transport",
                     loss_fraction=np.maximum(1 - efficiency[plain], 0), cost_cny_per_mwh=cost[plain],
                     **{name: values[plain] for name, values in ramp.items()})
    part = highest[plain] / np.where(most[plain] > 0, most[plain], 1.0)[:, None]
    told = (part != 1).any(axis=1) & (most[plain] > 0)
    grid.profile("flow_limit", names[told], part[told])
    backward = (efficiency > 1) | (cost < 0)
    mixed = backward & ((efficiency < 1) | (cost > 0))
    links.refuse(mixed, "marginal_cost", cost, "a number >= 0 where efficiency < 1, <= 0 where efficiency > 1")
    for at in np.flatnonzero(~plain & ~mixed):
        ends = (start[at], end[at])
        if backward[at]:
            _add_from_greatest(grid, parts, links.names[at], ends, lowest[at], highest[at], efficiency[at], cost[at])
        else:
            _add_from_least(grid, parts, links.names[at], ends, lowest[at], highest[at], efficiency[at], cost[at])


def _add_from_least(grid, parts, name, ends, lowest, highest, efficiency, cost) -> None:
    """q = p - lo >= 0 from bus0 to bus1, and lo as loads at both ends."""
    _add_one_way(grid, name, ends, highest - lowest, 1 - efficiency, cost)
    parts.load([f"{name} least flow from", f"{name} least flow to"], list(ends), np.stack([lowest, -efficiency * lowest]))
    _add_constant(parts, f"{name} least flow", ends[0], lowest, cost)


def _add_from_greatest(grid, parts, name, ends, lowest, highest, efficiency, cost) -> None:
    """r = efficiency (hi - p) >= 0 from bus1 to bus0, and hi as loads at both ends."""
    _add_one_way(grid, name, ends[::-1], efficiency * (highest - lowest), 1 - 1 / efficiency, -cost / efficiency)
    parts.load([f"{name} greatest flow from", f"{name} greatest flow to"], list(ends),
               np.stack([highest, -efficiency * highest]))
    _add_constant(parts, f"{name} greatest flow", ends[0], highest, cost)


def _add_constant(parts, name, zone, power, cost) -> None:
    """cost x power, power of either sign, as constant cost."""
    for part, sign in ((np.maximum(power, 0), 1), (np.maximum(-power, 0), -1)):
        parts.constant_cost(name, zone, part, sign * cost)


def _add_one_way(grid, name, ends, room, loss, cost) -> None:
    most = float(room.max(initial=0))
    names = grid.add("lines", line=name, from_zone=ends[0], to_zone=ends[1], capacity_mw=most, reverse_capacity_mw=0.0,
                     kind="transport", loss_fraction=max(loss, 0.0), cost_cny_per_mwh=cost)
    if most > 0 and (room != most).any():
        grid.profile("flow_limit", names, np.clip(room / most, 0, 1)[None])


def _refuse_links(links: Components) -> None:
    links.refuse_unless("marginal_cost_quadratic", 0.0, "0: costs are linear")
    links.refuse(links.flag("committable"), "committable", np.full(len(links), "True"), "False")
    refuse_maintenance_and_pieces(links)
    for attribute in links.attributes():
        number = attribute.removeprefix("bus")
        if attribute.startswith("bus") and number.isdigit() and int(number) > 1:
            other = links.text(attribute)
            links.refuse(other != "", attribute, other, "one output, bus1")
        elif attribute.startswith("delay"):
            links.refuse_unless(attribute, 0.0, "0: what is sent arrives at once")


def _ramp(network: NetworkFile, links: Components, plain) -> dict[str, np.ndarray]:
    """One ramp both ways, MW/h, and the flow before the first step."""
    up, down = links.fixed("ramp_limit_up", np.nan), links.fixed("ramp_limit_down", np.nan)
    ramped = ~(np.isnan(up) & np.isnan(down))
    links.refuse(ramped & ~(plain & (up == down)), "ramp_limit_up, ramp_limit_down", np.full(len(links), "given"),
                 "one ramp up and down, of a link one way, or both ways without loss and cost")
    nominal = np.where(links.flag("p_nom_extendable") & links.has("p_nom_opt"), links.static("p_nom_opt", 0.0),
                       links.static("p_nom", 0.0))
    return {"ramp_mw_per_hour": np.where(ramped, up * nominal / network.step_hours, np.nan),
            "initial_flow_mw": np.where(ramped, links.static("p_init", np.nan), np.nan)}
