"""Lines as PyPSA's links, two of them where both ways lose or cost, and as lines and transformers where they close a loop."""

from __future__ import annotations

import numpy as np

from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.interop.pypsa_network import Network, steady


def add_lines(network: Network, data) -> None:
    loops = set(data.line_of.values.tolist())
    ramped = set(data.names[data.ramped])
    for at, name in enumerate(data.names):
        if name in loops:
            _add_ac(network, data, at, name in ramped)
        elif data.one_column[at]:
            _add_link(network, data, at, name in ramped)
        else:
            if name in ramped:
                network.refuse(f"ramp_mw_per_hour of {name}", "given", "no ramp of a line both ways with loss or cost")
            _add_two_links(network, data, at)


def _add_ac(network: Network, data, at: int, ramped: bool) -> None:
    name, upper, lower = data.names[at], data.upper.values[at] / MW, data.lower.values[at] / MW
    if not data.one_column[at] or data.loss_fraction.values[at] or data.cost.values[at] or ramped:
        network.refuse(f"AC line {name}", "loss, cost or ramp", "none of them in a loop")
    if not np.allclose(upper, -lower, rtol=1e-12, atol=1e-12):
        network.refuse(f"AC line {name}", "other limits back than forth", "the same limit both ways in a loop")
    most = upper.max() if upper.max() > 0 else 1.0
    reactance = float(data.table["reactance_pu"].iloc[at])
    shift = data.case.profile("phase_shift", [name], data.table["phase_shift_mw"].iloc[at])[0]
    ends = {"bus0": data.from_zone[at], "bus1": data.to_zone[at], "s_nom": float(most), "s_max_pu": steady(upper / most)}
    if shift.any():
        network.add("transformers", name, x=reactance * float(most), phase_shift=steady(np.rad2deg(reactance * shift)), **ends)
    else:
        network.add("lines", name, x=reactance, **ends)


def _add_link(network: Network, data, at: int, ramped: bool) -> None:
    """A line with one flow, sent from where it begins; one that only goes back begins at its to_zone."""
    ends, lower, upper = (data.from_zone[at], data.to_zone[at]), data.lower.values[at] / MW, data.upper.values[at] / MW
    if data.direction.values[at] < 0:
        ends, lower, upper = ends[::-1], -upper, -lower
    size = max(np.abs(lower).max(), np.abs(upper).max()) or 1.0
    ramp = steady(data.ramp.values[at] / MW / size) if ramped else np.nan
    more = {"ramp_limit_up": ramp, "ramp_limit_down": ramp} if ramped else {}
    network.add("links", data.names[at], bus0=ends[0], bus1=ends[1], p_nom=float(size), p_min_pu=steady(lower / size),
                p_max_pu=steady(upper / size), efficiency=float(1 - data.loss_fraction.values[at]),
                marginal_cost=float(data.cost.values[at] / CNY_PER_MWH), **more)


def _add_two_links(network: Network, data, at: int) -> None:
    for way, ends, least, most in (
            ("forward", (data.from_zone[at], data.to_zone[at]), data.forward_lower, data.forward_upper),
            ("backward", (data.to_zone[at], data.from_zone[at]), data.backward_lower, data.backward_upper)):
        limit = most.values[at] / MW
        size = limit.max() or 1.0
        network.add("links", f"{data.names[at]} {way}", bus0=ends[0], bus1=ends[1], p_nom=float(size),
                    p_min_pu=steady(least.values[at] / MW / size), p_max_pu=steady(limit / size),
                    efficiency=float(1 - data.loss_fraction.values[at]),
                    marginal_cost=float(data.cost.values[at] / CNY_PER_MWH))
