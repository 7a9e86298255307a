"""Converters as PyPSA's processes, with a bus for each port; those with one port, at one rate and at once, as generators."""

from __future__ import annotations

import numpy as np

from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.interop.pypsa_export_commitment import committed_converter
from grid_model.interop.pypsa_network import Network, add_process, steady


def add_converters(network: Network, data) -> None:
    rates, sources = data.rate.values, data.source.values - 1
    owners = data.converter_of.values
    for at, name in enumerate(data.names):
        if name in data.committed:
            size, more = committed_converter(network, data, name)
        else:
            size, more = _limits_and_ramps(data, at)
        more |= {"p_nom": float(size / MW), "marginal_cost": steady(data.cost.values[at] / CNY_PER_MWH)}
        ports = [(data.port_zone[row], rates[row], sources[row]) for row in np.flatnonzero(owners == name)]
        zone, rate, source = ports[0]
        if len(ports) == 1 and rate[0] and isinstance(steady(rate), float) and (source == np.arange(data.end)).all():
            network.counted["converter", name] = network.add("generators", name, bus=zone, sign=float(rate[0]), **more)
        else:
            add_process(network, name, ports, **more)


def _limits_and_ramps(data, at: int) -> tuple[float, dict]:
    """Size [GW], and limits and ramps as parts of it, of a converter that is always on."""
    lower, upper = data.lower.values[at], data.upper.values[at]
    size = max(np.abs(lower).max(), np.abs(upper).max()) or MW
    more = {"p_min_pu": steady(lower / size), "p_max_pu": steady(upper / size)}
    for way, word in (("rise", "up"), ("fall", "down")):
        if data.ramping[at]:
            more[f"ramp_limit_{word}"] = steady(getattr(data, way).values[at] / size)
    return size, more
