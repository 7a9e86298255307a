"""Egret's DC optimal power flow with quadratic losses, found as a sequence of linear grids.

    f = b angle,  loss >= g angle^2  (SOC relaxation),  half of the loss at either end
    b = x / (r^2 + x^2) / tap,  g = r / (r^2 + x^2) / tap

Round a flow F the loss is 2 k F f - k F^2 with k = g / b^2: a line that loses a part of its flow, and a load at either end.
f is measured in the middle of the line and our flow s where it begins, s = (1 + l / 2) f with l = 2 k F: so a line of ours
loses l / (1 + l / 2), and its reactance and limit are scaled alike. The problem is convex, so where the flows no longer
change the solution meets its conditions of optimality.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from published.matpower import Facts, generators_of
from small import small_case, solved

ROUNDS, SETTLED_MW, BASE_MW = 60, 1e-6, 100.0


def cost_with_losses(facts: Facts) -> float:
    """Cost of the hour where flows and losses agree."""
    branches = np.array(facts.numbers("branches"))
    flow = np.zeros(len(branches))
    for _ in range(ROUNDS):
        found, stretch = _round(facts, branches, flow)
        sent = found.value("transmission.report_flow")[:, 0] * 1e3
        new = np.where(flow < 0, -1.0, 1.0) * sent / stretch
        if np.abs(new - flow).max() < SETTLED_MW:
            return found.objective + facts.constant
        flow = new
    raise AssertionError("flows and losses do not settle")


def _round(facts: Facts, branches: np.ndarray, flow: np.ndarray):
    """The linear grid round given flows, solved; and s / f of each line. Lines with a flow begin where it comes from."""
    r, x, limit, tap = branches[:, 2:].T
    tap = np.where(tap > 0, tap, 1.0)
    susceptance, conductance = x / (r**2 + x**2) / tap, r / (r**2 + x**2) / tap
    k = conductance / susceptance**2 / BASE_MW
    lost = 2 * k * np.abs(flow)
    stretch = 1 + lost / 2
    ends = np.where((flow < 0)[:, None], branches[:, 1::-1], branches[:, :2])
    lines = [{"line": f"l{at}", "from_zone": f"bus {start:g}", "to_zone": f"bus {end:g}", "kind": "ac",
              "capacity_mw": limit[at] * stretch[at], "reverse_capacity_mw": 0.0 if flow[at] else limit[at],
              "reactance_pu": 1 / susceptance[at] / stretch[at], "loss_fraction": lost[at] / stretch[at]}
             for at, (start, end) in enumerate(ends)]
    load = Counter({f"load {bus:g}": power for bus, power in facts.numbers("load")})
    for at, (start, end) in enumerate(ends):  # what is beyond the tangent at the flow
        for bus in (start, end):
            load[f"load {bus:g}"] -= k[at] * flow[at] ** 2 / 2
    case = small_case(1, {"load": dict(load)}, generators=generators_of(facts), lines=lines,
                      loads=[{"load": name, "zone": f"bus {name[5:]}", "unserved_cost_cny_per_mwh": 1e5} for name in load],
                      technologies=[{"technology": "unit", "kind": "renewable"}])
    return solved(case), stretch
