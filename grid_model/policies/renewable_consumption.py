"""Renewable energy from where it is generated, over lines, to where it is physically consumed, by kind and month.

symbol  attribute  unit  kind
i       issued     GWh   decision: certificates of what a zone's generators generate (certificate_supply.py)
c       carried    GWh   decision, renewable energy that a line carries one way, at the sending end
p       consumed   GWh   decision, renewable energy physically consumed in a zone
L       served     GWh   offer of loads
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.policies.certificate_supply import listed
from grid_model.policies.contract import members


def add_physical(green, data):
    """Renewable energy by zone of generation, over lines, to where it is consumed; only where weights are assessed."""
    if data.weights.empty:
        return
    arcs, zones = data.flows.table, data.case.zones
    data.flows.add(green, data.steps)
    green.both_kinds = pyo.Set(initialize=data.both_kinds)
    green.arcs = pyo.Set(initialize=arcs["arc"].tolist())
    green.carried = pyo.Var(green.arcs, green.both_kinds, green.months, within=pyo.NonNegativeReals)
    leaving = members(green, "leaving", zones, listed(arcs["from_zone"], arcs["arc"]))
    arriving = members(green, "arriving", zones, listed(arcs["to_zone"], arcs["arc"]))
    pools_of = listed(zip(data.pools["zone"], data.pools["kind"]), data.pools["pool"])
    generated = members(green, "pools_of", [(zone, kind) for zone in zones for kind in data.both_kinds], pools_of)
    tied = {*arcs["from_zone"], *arcs["to_zone"]}
    supplied = np.array([[zone in tied or (zone, kind) in pools_of for kind in data.both_kinds] for zone in zones])
    most = Array(np.where(supplied, np.inf, 0.0), zones, data.both_kinds, name="most_consumed")
    green.consumed = pyo.Var(data.zones, green.both_kinds, green.months, bounds=lambda _, zone, kind, month: (0, most[zone, kind]))
    green.supplied = pyo.Set(dimen=2, initialize=[(zones[i], data.both_kinds[j]) for i, j in np.argwhere(supplied)])
    share = data.case.tables["lines"].set_index("line")["renewable_share"].reindex(arcs["line"]).to_numpy(float)
    share = Array(share, arcs["arc"].to_numpy(object), name="renewable_share")

    @green.Expression(data.zones, green.both_kinds, green.months)
    def at_hand(green, zone, kind, month):
        """sum of i + sum of (1 - loss) c arriving - sum of c leaving   [GWh]"""
        return (
            sum(green.issued[pool, month] for pool in generated[zone, kind])
            + sum(data.flows.delivered[arc] * green.carried[arc, kind, month] for arc in arriving[zone])
            - sum(green.carried[arc, kind, month] for arc in leaving[zone])
        )

    @green.Constraint(green.supplied, green.months)
    def physical(green, zone, kind, month):
        """p <= what is at hand, which is never less than nothing   [GWh]"""
        return green.consumed[zone, kind, month] <= green.at_hand[zone, kind, month]

    @green.Constraint(data.zones, green.months)
    def no_more_than_consumed(green, zone, month):
        """sum of p over both kinds <= L   [GWh]"""
        return sum(green.consumed[zone, kind, month] for kind in green.both_kinds) <= green.served[zone, month]

    @green.Constraint(green.arcs, green.months)
    def carried_by_line(green, arc, month):
        """sum of c over both kinds <= renewable_share x what the line sends this way   [GWh]"""
        sent = sum(data.flows.energy(arc, step) for step in green.steps_of_month[month])
        return sum(green.carried[arc, kind, month] for kind in green.both_kinds) <= share[arc] * sent
