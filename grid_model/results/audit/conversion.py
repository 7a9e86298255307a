"""Converters: limits and ramps of conversion, and what each port feeds in, now or after its delay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.audit.converter_commitment import check_converter_commitment


def check_converters(book) -> np.ndarray:
    """All laws of converters; what their ports feed into each zone [MW]."""
    table, ports = book.case.tables["converters"], book.case.tables["converter_ports"]
    names, port_names = table["converter"].to_numpy(object), ports["port"].to_numpy(object)
    conversion, power = book.stored("conversion", len(names)), book.stored("port_power", len(ports))
    if len(names):
        lower = book.case.profile("conversion_least", names, -table["reverse_capacity_mw"].to_numpy(float))
        upper = book.case.profile("conversion_most", names, table["capacity_mw"].to_numpy(float))
        book.between("conversion within its limits", names, lower, conversion, upper)
        committed = table["committed"].to_numpy(bool)
        _check_ramps(book, table[~committed], names[~committed], conversion[~committed])
        if committed.any():
            limits = {"least": lower[committed], "most": upper[committed]}
            check_converter_commitment(book, table[committed], names[committed], conversion[committed], limits)
        rate = book.case.profile("port_rate", port_names, ports["rate"].to_numpy(float))
        of = pd.Index(names).get_indexer(ports["converter"])
        arriving = np.stack([_arriving(book.hours, conversion[row], delay, cyclic) for row, delay, cyclic in zip(
            of, book.case.profile("port_delay", port_names, ports["delay_hours"]), ports["cyclic"])])
        book.equal("power of a port is its rate of the conversion", port_names, power, rate * arriving,
                   tolerance=book.power * np.maximum(1.0, np.abs(rate)))
    return book.sums(power, book.zone_of("converter_ports"), len(book.case.zones))


def _check_ramps(book, table, names, conversion) -> None:
    start = table["initial_mw"].to_numpy(float)
    change = np.diff(conversion, axis=1, prepend=start[:, None])
    change[np.isnan(start), 0] = 0.0
    for way, column, sign in (("rise", "ramp_up_mw_per_hour", 1), ("fall", "ramp_down_mw_per_hour", -1)):
        limit = book.case.profile(f"conversion_{way}", names, table[column].fillna(np.inf)) * book.hours
        book.at_most(f"{way} of conversion", names, sign * change, limit, tolerance=2 * book.power)


def _arriving(hours, conversion, delay: np.ndarray, cyclic: bool) -> np.ndarray:
    """What arrives in each step: the conversion of the latest step that began the delay before it."""
    if not delay.any():
        return conversion
    start = np.cumsum(hours) - hours
    moment = np.round(start - delay, 6)  # shorter delays than a millionth of an hour are none
    moment = np.where(cyclic, moment % hours.sum(), moment) + 1e-7
    position = (start[None, :] <= moment[:, None]).sum(axis=1) - 1
    return np.where(position >= 0, conversion[position], 0.0)
