"""PyPSA's limits over the horizon as energy limits: energy of a generator, primary energy, operation of a carrier.

    e_sum_min <= sum of w p <= e_sum_max                                      of a generator
    sum of w a / efficiency p  +  a (e_start - e_end)   <=, =, >=  constant   primary_energy: a is an attribute of the carrier
    sum of w p  +  (e_start - e_end)                    <=, =, >=  constant   operational_limit: of one carrier

w is the snapshot weighting of generators. Stores count where they are not cyclic.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.network_file import NetworkFile
from grid_model.interop.pypsa_parts import Parts

SENSE = {"<=": "at_most", "==": "equal", "=": "equal", ">=": "at_least"}
WITHOUT_EFFECT = ("tech_capacity_expansion_limit", "transmission_volume_expansion_limit", "transmission_expansion_cost_limit")


def add_energy_sums(network: NetworkFile, parts: Parts) -> None:
    """e_sum_min and e_sum_max of generators."""
    units = network.components("generators")
    for attribute, default, sense in (("e_sum_min", -np.inf, "at_least"), ("e_sum_max", np.inf, "at_most")):
        amount = units.static(attribute, default)
        for at in np.flatnonzero(np.isfinite(amount)):
            kind, name, factor = parts.counted["generators", units.names[at]]
            parts.limit(f"{units.names[at]} {attribute}", sense, amount[at], [(kind, name, factor * network.energy_weights)])


def add_global_constraints(network: NetworkFile, parts: Parts) -> None:
    """Primary energy and operational limits; expansion has nothing to expand where capacities are given."""
    listed = network.components("global_constraints")
    kinds, attributes = listed.text("type", "primary_energy"), listed.text("carrier_attribute", "co2_emissions")
    senses, constants = listed.text("sense", "=="), listed.static("constant", 0.0)
    known = np.isin(kinds.astype(str), ["primary_energy", "operational_limit", *WITHOUT_EFFECT])
    listed.refuse(~known, "type", kinds, "primary_energy or operational_limit")
    listed.refuse(~np.isin(senses.astype(str), list(SENSE)), "sense", senses, "one of <=, ==, >=")
    listed.refuse(~np.isnan(listed.static("investment_period", np.nan)), "investment_period", np.full(len(listed), "given"), "empty")
    if network.problems:
        return
    for at, kind in enumerate(kinds):
        if kind not in WITHOUT_EFFECT:
            per_carrier = _by_attribute(network, attributes[at]) if kind == "primary_energy" else {attributes[at]: 1.0}
            terms, known_part = _terms(network, parts, per_carrier, fuel=kind == "primary_energy")
            if terms:
                parts.limit(listed.names[at], SENSE[senses[at]], constants[at] - known_part, terms)


def _by_attribute(network: NetworkFile, attribute: str) -> dict[str, float]:
    carriers = network.components("carriers")
    values = carriers.static(attribute, 0.0)
    return {name: value for name, value in zip(carriers.names, values) if value != 0}


def _terms(network, parts: Parts, per_carrier, fuel: bool) -> tuple[list, float]:
    """Terms of a limit, and what stores held at the start counts."""
    generators, terms, start = network.components("generators"), [], 0.0
    efficiency = generators.series("efficiency", 1.0)
    counted = np.isin(generators.text("carrier").astype(str), list(per_carrier)) & fuel
    generators.refuse(counted & (efficiency == 0).any(axis=1), "efficiency", np.zeros(len(generators)),
                      "a number other than 0 where a limit counts primary energy")
    efficiency = np.where(efficiency == 0, 1.0, efficiency)
    for at, carrier in enumerate(generators.text("carrier")):
        if carrier in per_carrier:
            kind, name, factor = parts.counted["generators", generators.names[at]]
            use = per_carrier[carrier] / (efficiency[at] if fuel else 1.0)
            terms.append((kind, name, factor * use * network.energy_weights))
    for listed, cyclic, initial in (("storage_units", "cyclic_state_of_charge", "state_of_charge_initial"),
                                    ("stores", "e_cyclic", "e_initial")):
        units = network.components(listed)
        held, ring = units.static(initial, 0.0), units.flag(cyclic)
        for at, carrier in enumerate(units.text("carrier")):
            if carrier in per_carrier and not ring[at]:
                _, name, shift = parts.counted[listed, units.names[at]]
                terms.append(("storage", name, -per_carrier[carrier]))
                start += per_carrier[carrier] * (held[at] + shift)
    return terms, start
