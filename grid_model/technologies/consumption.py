"""Consumption: what is not served and what programmes take off are parts of one load, and together no more than it.

symbol  unit  kind
L       GW    data: load, of which what a load injects (L < 0) is no part here
u       GW    offer `unserved` of loads
d       GW    offer `reduced` of demand response and orderly use

Each of them is within the load by itself. In a zone without power both could be all of it, and what is reduced would be
delivered elsewhere from nothing. The law ties technologies together, as the balance does: who offers `drawn` (max(L, 0) - u)
has load, who offers `reduced` takes off the zone's load or, where its `load_names` say so, one load's. Rows stand where
there are programmes, and are added where they are broken.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

NAME = "consumption"
SELDOM = ("of_zone", "of_load")


def add_consumption(model, fleets) -> list[str]:
    """The block `consumption`; names of its rows that seldom bind. Nothing where there are no loads or no programmes."""
    drawing, reducing = ([fleet for fleet in fleets if fleet.offers(offer)] for offer in ("drawn", "reduced"))
    if not drawing or not reducing:
        return []
    block = pyo.Block()
    model.add_component(NAME, block)
    everywhere = [fleet.data.zone_names[fleet.data.load_names == ""] for fleet in reducing]
    block.zones = pyo.Set(initialize=[zone for zone in reducing[0].data.case.zones if zone in set(np.concatenate(everywhere))])
    alone = [name for fleet in reducing for name in np.unique(fleet.data.load_names[fleet.data.load_names != ""].astype(str))]
    block.loads = pyo.Set(initialize=alone)
    for fleet in (*drawing, *reducing):
        lists = {load: fleet.data.names[fleet.data.load_names == load].tolist() for load in alone}
        block.add_component(f"{fleet.name}_of", pyo.Set(block.loads, initialize=lists))

    @block.Constraint(block.zones, model.steps)
    def of_zone(block, zone, step):
        """sum over the zone of (max(L, 0) - u) - sum over its programmes of d >= 0   [GW]"""
        served = sum(sum(fleet.drawn(unit, step) for unit in fleet.data.units_in[zone]) for fleet in drawing)
        return served >= sum(sum(fleet.reduced(unit, step) for unit in fleet.data.units_in[zone]) for fleet in reducing)

    @block.Constraint(block.loads, model.steps)
    def of_load(block, load, step):
        """max(L, 0) - u - sum over its programmes of d >= 0   [GW]"""
        served = sum(sum(fleet.drawn(unit, step) for unit in block.component(f"{fleet.name}_of")[load]) for fleet in drawing)
        return served >= sum(sum(fleet.reduced(unit, step) for unit in block.component(f"{fleet.name}_of")[load])
                             for fleet in reducing)

    return [f"{NAME}.{row}" for row in SELDOM]
