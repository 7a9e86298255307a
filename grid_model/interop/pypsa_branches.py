"""PyPSA's lines, transformers and links as lines of ours.

symbol  attribute     unit   kind
s       s             MW     PyPSA's flow of a line or transformer, |s| <= s_nom s_max_pu
x       reactance     1      per unit of 1 MVA: x / v_nom^2 of a line, x tap_ratio / s_nom of a transformer; r in its place
                             among buses joined by branches of which the first is not of the carrier AC
phi     phase_shift   rad    of a transformer: x s + phi adds up to nothing round a loop
p       p0            MW     PyPSA's flow of a link, lo <= p <= hi: leaves bus0, efficiency p enters bus1
v       marginal_cost currency/MWh   of p, either way

Kirchhoff: x s + phi adds up to nothing round a loop: phi / x is the phase_shift_mw of ours.

A link one way at cost >= 0 that loses is a line; so is one both ways without loss and cost. Any other link, with other
limits, efficiencies or costs, several outputs, ramps or delays, is a converter, and so is a process.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_commitment import converters
from grid_model.interop.pypsa_parts import Parts, all_equal, finite, limits, refuse_common, step_ramps
from grid_model.interop.pypsa_types import LINES, TRANSFORMERS
from grid_model.technologies.ac_network import independent_cycles
from grid_model.technologies.converters import delayed


def add_lines(network: NetworkFile, grid: GridTables, parts: Parts, capacity_of) -> None:
    """Lines and transformers; those that close no loop need no reactance."""
    alternating = _alternating(network)
    listed = [_passive(network, network.components(name), capacity_of, alternating) for name in ("lines", "transformers")]
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
        rules = np.array([alternating.get(bus, True) for bus in start[own]], bool)
        for attribute, those in (("x", rules), ("r", ~rules)):
            units.refuse(
                those & looped[own] & ~(reactance[own] > 0),
                attribute,
                reactance[own],
                "a number above zero where the branch is part of a loop" + ("" if attribute == "x" else " of buses without carrier AC"),
            )
        units.refuse(start[own] == end[own], "bus1", end[own], "another bus than bus0")
    _add_passive(grid, names, start, end, limit, reactance, np.where(looped[:, None], shift, 0.0), looped)


def _alternating(network: NetworkFile) -> dict[str, bool]:
    """Whether reactances rule the flows at a bus: whether the first of the buses that branches join to it is of carrier AC."""
    buses = network.components("buses")
    position = {name: at for at, name in enumerate(buses.names)}
    first = np.arange(len(buses))
    for units in (network.components(name) for name in ("lines", "transformers")):
        for ends in zip(units.text("bus0"), units.text("bus1")):
            if set(ends) <= set(position):
                joined = [first[position[end]] for end in ends]
                first[first == max(joined)] = min(joined)
    carrier = buses.text("carrier", "AC")
    return {name: carrier[at] == "AC" for name, at in zip(buses.names, first)}


def _passive(network: NetworkFile, units: Components, capacity_of, alternating: dict[str, bool]):
    """Names, ends, greatest flow by step, reactance (resistance where that rules), and phi / x by step."""
    refuse_common(units)
    start, end = units.text("bus0"), units.text("bus1")
    voltage, carrier = _of_bus(network, start)
    size, angle = capacity_of(units, "s_nom"), np.zeros((len(units), network.steps))
    if units.listed == "lines":
        reactance, resistance = (own / voltage**2 for own in _impedance(network, units))
    else:
        size, reactance, resistance, angle = _transformers(network, units, size)
    limit = finite(units.series("s_max_pu", 1.0), size)
    units.refuse((limit < 0).any(axis=1), "s_max_pu", np.full(len(units), "below zero"), "a number >= 0")
    ruling = np.where([alternating.get(name, True) for name in start], reactance, resistance)
    shift = np.divide(angle, ruling[:, None], out=np.zeros(limit.shape), where=ruling[:, None] > 0)
    return units.names, start, end, _within_angle(units, limit, carrier, reactance, angle), ruling, shift


def _impedance(network: NetworkFile, units: Components) -> list[np.ndarray]:
    """x and r of lines: those of its type where one has one, times its length over its circuits."""
    types = network.components("line_types")
    known = LINES | {name: figures for name, *figures in zip(
        types.names, types.static("x_per_length", np.nan), types.static("r_per_length", np.nan))}
    kind, usable = _typed(units, known)
    by_length = np.array([known[name] if there else (np.nan, np.nan) for name, there in zip(kind, usable)], float).reshape(-1, 2)
    times = units.static("length", 0.0) / units.static("num_parallel", 1.0)
    return [np.where(usable, by_length[:, at] * times, units.static(name, 0.0)) for at, name in enumerate(("x", "r"))]


def _transformers(network: NetworkFile, units: Components, size) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """s_nom, reactance, resistance and phase shift [rad] by step; those of its type where one has one."""
    units.refuse(units.static("phase_shift_min", 0.0) < units.static("phase_shift_max", 0.0), "phase_shift_max",
                 units.static("phase_shift_max", 0.0), "as phase_shift_min: a shift that is given")
    reactance, resistance = units.static("x", 0.0), units.static("r", 0.0)
    tap, angle = units.static("tap_ratio", 1.0), units.series("phase_shift", 0.0)
    types = network.components("transformer_types")
    known = TRANSFORMERS | {name: figures for name, *figures in zip(types.names, *(
        types.static(name, 0.0) for name in ("s_nom", "vsc", "vscr", "phase_shift", "tap_neutral", "tap_step")))}
    kind, usable = _typed(units, known)
    base, moves = units.static("s_nom", 0.0), units.told_by_step("phase_shift")
    for at in np.flatnonzero(usable):
        size[at], whole, real, shift, neutral, step = known[kind[at]]
        if not moves[at]:  # PyPSA writes what the type has over the one value, not over the series
            angle[at] = shift
        base[at], circuits = size[at], units.static("num_parallel", 1.0)[at]
        resistance[at], reactance[at] = real / 100 / circuits, np.sqrt(whole**2 - real**2) / 100 / circuits
        tap[at] = 1 + (units.static("tap_position", 0.0)[at] - neutral) * step / 100
    base = np.where(base > 0, base, np.nan)
    return size, reactance / base * tap, resistance / base * tap, np.deg2rad(angle)


def _typed(units: Components, known: dict) -> tuple[np.ndarray, np.ndarray]:
    """The type of each branch, and whether it has one."""
    kind = units.text("type")
    usable = np.array([name in known for name in kind], bool)
    units.refuse((kind != "") & ~usable, "type", kind, "a type that is in the file or a standard one of PyPSA")
    return kind, usable


def _within_angle(units: Components, limit, carrier, reactance, shift) -> np.ndarray:
    """Greatest flow also by v_ang_max, the angle between the ends."""
    angle, own = np.deg2rad(units.static("v_ang_max", np.inf)), units.text("carrier")
    told = np.isfinite(angle) & ((np.where(own == "", carrier, own) == "AC") | (units.listed == "transformers"))
    units.refuse(told & (shift != 0).any(axis=1), "v_ang_max", np.rad2deg(angle), "no limit where there is a phase shift")
    most = np.divide(angle, reactance, out=np.full(len(units), np.inf), where=told & (reactance > 0))
    return np.minimum(limit, most[:, None])


def _of_bus(network: NetworkFile, bus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voltage [kV] and carrier of buses."""
    buses = network.components("buses")
    voltage = dict(zip(buses.names, buses.static("v_nom", 1.0), strict=True))
    carrier = dict(zip(buses.names, buses.text("carrier", "AC"), strict=True))
    return (np.array([voltage.get(name, 1.0) for name in bus], float),
            np.array([carrier.get(name, "AC") for name in bus], object))


def _add_passive(grid, names, start, end, limit, reactance, shift, looped) -> None:
    kind = np.where(looped, "ac", "transport")
    greatest = limit.max(axis=1)
    size = np.where(greatest > 0, greatest, 1.0)  # a line without capacity still closes its loops
    written = grid.add("lines", line=names, from_zone=start, to_zone=end, capacity_mw=size, kind=kind,
                       reactance_pu=np.where(looped, reactance, np.nan), phase_shift_mw=shift[:, 0])
    for profile, values, usual in (("flow_limit", np.clip(limit / size[:, None], 0, 1), 1.0), ("phase_shift", shift, shift[:, :1])):
        told = (values != usual).any(axis=1)
        grid.profile(profile, written[told], values[told])


def add_links(network: NetworkFile, parts: Parts, capacity_of) -> None:
    """Links: one way with a loss or both ways without as lines, all others as converters with a port at each bus."""
    links = network.components("links")
    refuse_common(links)
    lowest, highest = limits(links, capacity_of(links, "p_nom"))
    efficiency, cost, ramps = links.series("efficiency", 1.0), links.series("marginal_cost", 0.0), step_ramps(links)
    start, end = links.text("bus0"), links.text("bus1")
    more = [attribute for attribute in _buses(links) if int(attribute[3:]) > 1]
    single = np.all([links.text(attribute) == "" for attribute in more], axis=0) if more else np.ones(len(links), bool)
    steady = all_equal(efficiency) & all_equal(cost) & np.isnan(ramps["rise"]).all(axis=1) & np.isnan(ramps["fall"]).all(axis=1)
    committable = links.flag("committable")
    steady &= ~committable & single & (start != end) & (end != "") & (links.static("delay", 0.0) == 0)
    both_ways = (efficiency[:, 0] == 1) & (cost[:, 0] == 0) & all_equal(lowest) & all_equal(highest)
    both_ways &= (lowest <= 0).all(axis=1) & (highest >= 0).all(axis=1)
    one_way = (lowest == 0).all(axis=1) & (efficiency[:, 0] <= 1) & (efficiency[:, 0] >= 0) & (cost[:, 0] >= 0)
    plain = steady & (both_ways | one_way)
    _add_plain_links(parts, links, plain, start, end, lowest, highest, efficiency[:, 0], cost[:, 0])
    for rest in (~plain & ~committable, ~plain & committable):
        written = converters(network, parts, links, rest, lowest[rest], highest[rest], cost[rest], ramps, "link")
        parts.ports(written, start[rest], np.full((len(written), network.steps), -1.0), word="0")
        for number, attribute in enumerate(["bus1", *more], start=1):
            suffix = "" if attribute == "bus1" else attribute[3:]
            _add_ports(network, parts, links, written, rest, attribute, f"efficiency{suffix}", f"delay{suffix}",
                       f"cyclic_delay{suffix}", str(number))


def _add_plain_links(parts: Parts, links, plain, start, end, lowest, highest, efficiency, cost) -> None:
    most, least = highest.max(axis=1, initial=0), -lowest.min(axis=1, initial=0)
    names = parts.grid.add("lines", line=links.names[plain], from_zone=start[plain], to_zone=end[plain],
                           capacity_mw=most[plain], reverse_capacity_mw=least[plain], kind="transport",
                           loss_fraction=1 - efficiency[plain], cost_cny_per_mwh=cost[plain])
    part = highest[plain] / np.where(most[plain] > 0, most[plain], 1.0)[:, None]
    told = (part != 1).any(axis=1) & (most[plain] > 0)
    parts.grid.profile("flow_limit", names[told], part[told])


def _add_ports(network, parts: Parts, units, written, some, bus, rate, delay, cyclic, word: str, default=1.0) -> None:
    """The port of each converter at a bus, where it has one; delays are told in weights of generators."""
    zones, here = units.text(bus)[some], units.text(bus)[some] != ""
    late, ring = np.floor(units.static(delay, 0.0))[some][here], units.flag(cyclic, True)[some][here]
    parts.ports(written[here], zones[here], units.series(rate, default)[some][here], *_delays(network, late, ring & (late > 0)),
                word)


def _delays(network, late: np.ndarray, ring: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How long ago what arrives in each step left, h, of ours, and whether it comes round."""
    weight = network.energy_weights
    if np.isclose(weight, weight[0], rtol=1e-12).all():
        return np.repeat(late[:, None] / (weight[0] if weight[0] > 0 else 1.0), network.steps, axis=1), ring
    hours, start = network.step_hours, np.cumsum(network.step_hours) - network.step_hours
    source, arrives = delayed(np.repeat(late[:, None], network.steps, axis=1), ring, hours * weight)
    ago = start - start[source]
    ago = np.where(ago < 0, ago + hours.sum(), ago)
    return np.where(late[:, None] > 0, np.where(arrives, ago, 2 * hours.sum()), 0.0), ring


def add_processes(network: NetworkFile, parts: Parts, capacity_of) -> None:
    """Processes: converters with a port at each bus."""
    units = network.components("processes")
    refuse_common(units)
    lowest, highest = limits(units, capacity_of(units, "p_nom"))
    cost, ramps = units.series("marginal_cost", 0.0), step_ramps(units)
    for some in (~units.flag("committable"), units.flag("committable")):
        written = converters(network, parts, units, some, lowest[some], highest[some], cost[some], ramps, "process")
        for attribute in _buses(units) if len(units) else ():
            number = attribute[3:]
            _add_ports(network, parts, units, written, some, attribute, f"rate{number}", f"delay{number}",
                       f"cyclic_delay{number}", number, -1.0 if number == "0" else 1.0)


def _buses(units) -> list[str]:
    """Attributes that name buses, bus0 first."""
    return sorted((name for name in units.attributes() if name.startswith("bus") and name[3:].isdigit()), key=lambda name: int(name[3:]))
