"""Lines: limits by direction, what is lost, ramps, and Kirchhoff's voltage law.

symbol  unit  what
f       MW    flow, positive from from_zone to to_zone, at the sending end: F - B
F, B    MW    what is sent either way; F + B = loss / loss_fraction where something is lost, else |f|
x       1     reactance of an AC line: x (f + h) is a difference of angles at its ends
h       MW    angle of its phase shifter over x
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def check_lines(book) -> tuple[np.ndarray, np.ndarray]:
    """All laws of lines; what they bring into each zone, and what is sent over each line [MW]."""
    table, zones = book.case.tables["lines"], len(book.case.zones)
    if not len(table):
        return np.zeros((zones, book.steps)), np.zeros((0, book.steps))
    capacity = table["capacity_mw"].to_numpy(float)
    reverse = table["reverse_capacity_mw"].fillna(table["capacity_mw"]).to_numpy(float)
    running = (capacity > 0) | (reverse > 0)
    names = table["line"].to_numpy(object)
    flow, loss = (book.stored(name, len(names), bool(running.any())) for name in ("flow", "loss"))
    for law, values in (("flow", flow), ("loss", loss)):
        book.equal(f"no {law} out of service", names[~running], np.nan_to_num(values[~running]))
        values[~running] = 0.0
    sent = _check_flows(book, table, names, running, flow, loss, capacity, reverse)
    _check_ramps(book, table, names, running, flow)
    _check_voltages(book, table, running, flow)
    fraction = table["loss_fraction"].to_numpy(float)[:, None]
    forward, backward = (sent + flow) / 2, (sent - flow) / 2
    arriving = book.sums((1 - fraction) * forward - backward, book.zone_of("lines", "to_zone"), zones) + book.sums(
        (1 - fraction) * backward - forward, book.zone_of("lines", "from_zone"), zones
    )
    return arriving, sent


def _check_flows(book, table, names, running, flow, loss, capacity, reverse) -> np.ndarray:
    """Flow within what the schedule leaves of the capacities; loss is a part of what is sent; both ways only in
    the hull."""
    part = book.case.profile("flow_limit", names, 1.0)
    least = table["min_flow_mw"].to_numpy(float)[:, None]
    upper = capacity[:, None] * part
    lower = np.where(least > 0, least, -reverse[:, None] * part)
    book.between("flow within the limits of the line", names[running], lower[running], flow[running], upper[running])
    fraction = table["loss_fraction"].to_numpy(float)[:, None]
    size = np.abs(flow)
    total = np.where(fraction > 0, np.divide(loss, fraction, out=np.zeros_like(loss), where=fraction > 0), size)
    two_way = (lower < 0) & (upper > 0)
    circling = np.where(two_way, np.maximum(total - size, 0.0), 0.0)
    book.equal("loss is a part of what is sent", names, loss, fraction * (size + circling))
    both = two_way & (fraction > 0)
    width = np.where(both, np.maximum(upper, -lower), 1.0)
    room = np.where(both, upper, 1.0), np.where(both, -lower, 1.0)
    used = np.where(both, (total + flow) / 2 / room[0] + (total - flow) / 2 / room[1], 0.0)
    slack = book.power * (1 + width / np.minimum(*room)) / np.where(both, np.maximum(fraction, 1e-3), 1.0)
    book.at_most("flow in both directions shares the line", names, (used - both) * width, tolerance=slack)
    return size + circling


def _check_ramps(book, table, names, running, flow) -> None:
    ramp = table["ramp_mw_per_hour"].to_numpy(float)[:, None] * book.hours
    start = table["initial_flow_mw"].to_numpy(float)
    ruled = running & ~np.isnan(ramp[:, 0])
    first = ruled & ~np.isnan(start)
    change = np.abs(np.diff(flow, axis=1, prepend=start[:, None]))
    book.at_most(
        "ramp of flow",
        names[ruled],
        change[ruled, 1:],
        ramp[ruled, 1:],
        tolerance=2 * book.power,
        moments=book.case.time[1:],
    )
    book.at_most("ramp of flow from the given start", names[first], change[first, :1], ramp[first, :1])


def _check_voltages(book, table, running, flow) -> None:
    """x (f + h) of the AC lines is a difference of angles at every step: what no choice of angles explains is nothing.

    Measured on each line in MW of the largest reactance of its island.
    """
    ac = np.flatnonzero(running & (table["kind"] == "ac").to_numpy())
    if not len(ac):
        return
    names, start, end = (table[column].to_numpy(object)[ac] for column in ("line", "from_zone", "to_zone"))
    reactance = table["reactance_pu"].to_numpy(float)[ac]
    node = pd.Index(np.unique(np.concatenate([start, end]).astype(str)))
    ends = np.zeros((len(ac), len(node)))
    ends[np.arange(len(ac)), node.get_indexer(start.astype(str))] = 1.0
    ends[np.arange(len(ac)), node.get_indexer(end.astype(str))] -= 1.0
    explained = ends @ np.linalg.pinv(ends.T @ ends, hermitian=True) @ ends.T
    shift = book.case.profile("phase_shift", names, table["phase_shift_mw"].to_numpy(float)[ac])
    angle = reactance[:, None] * (flow[ac] + shift)
    joined = np.abs(explained) > 1e-12
    largest = np.array([reactance[together].max(initial=own) for together, own in zip(joined, reactance)])
    book.equal(
        "Kirchhoff's voltage law", names, (angle - explained @ angle) / largest[:, None], tolerance=5 * book.power
    )
