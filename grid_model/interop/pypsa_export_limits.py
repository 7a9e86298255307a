"""Energy limits as PyPSA's own.

    sum of k dt g  +  k e           <=, =, >=  K     ours: output or conversion g, energy e held at the end
    sum of w p                      <=, >=     M     PyPSA's e_sum_max, e_sum_min of one generator
    sum of a w p / eta + a (e0 - e) <=, =, >=  C     its global constraint of primary energy

a is an attribute of a carrier, w the weight of a snapshot, eta the efficiency of a generator. A generator or store that a global constraint
counts gets a carrier of its own, an attribute of it for each limit, and where its factor changes from step to step
an efficiency that does the same.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.pypsa_network import Network

SENSE = {"at_most": "<=", "equal": "==", "at_least": ">="}
STORES = {"max_hours": ("cyclic_state_of_charge", "state_of_charge_initial"), "e_nom": ("e_cyclic", "e_initial")}


def add_limits(network: Network, data) -> None:
    """Every limit, after what it counts."""
    by_hour, carriers = data.energy_factor.values / network.energy_weights, _Carriers(network)
    for number, limit in enumerate(data.table.itertuples(), start=1):
        rows = np.flatnonzero(data.terms["limit"] == limit.limit)
        counted = [_counted(network, data.terms.iloc[row]) for row in rows]
        if None in counted:
            continue
        only = by_hour[rows[0]]
        alone = len(rows) == 1 and not data.terms["storage"].iloc[rows[0]] and only[0] and np.allclose(only, only[0], rtol=1e-12)
        if alone:
            _limit_sum(counted[0], limit.sense, limit.amount_mwh / only[0], only[0] < 0)
        else:
            _add_constraint(network, data, carriers, limit, f"limit_{number}", [*zip(rows, counted)], by_hour)
    carriers.give_shapes()


def _counted(network: Network, term) -> dict | None:
    """The component that a term counts; where PyPSA cannot count it, that is listed."""
    table = next(name for name in ("generator", "converter", "storage") if term[name])
    component = network.counted.get((table, term[table]))
    if component is None:
        network.refuse(f"energy_limit_terms {term['term']}", term[table],
                       "a generator without reservoir or budget, a converter with one port, or a store")
    return component


def _limit_sum(component: dict, sense: str, amount: float, turned: bool) -> None:
    """A limit of one generator's energy, beside those that it has."""
    if sense == "equal" or (sense == "at_most") != turned:
        component["e_sum_max"] = min(component.get("e_sum_max", np.inf), amount)
    if sense == "equal" or (sense == "at_least") != turned:
        component["e_sum_min"] = max(component.get("e_sum_min", -np.inf), amount)


def _add_constraint(network: Network, data, carriers: _Carriers, limit, attribute: str, terms, by_hour) -> None:
    """A global constraint, and what the carriers of its terms count in it."""
    constant = float(limit.amount_mwh)
    for row, component in terms:
        carrier, term = carriers.own(component), data.terms.iloc[row]
        if term["storage"]:
            ring, initial = next(keys for key, keys in STORES.items() if key in component)
            if component[ring]:
                network.refuse(f"energy_limit_terms {term['term']}", term["storage"], "a store that is not cyclic")
            weight = -float(data.level_factor.values[row])
            constant += weight * component[initial]
        else:
            weight = carriers.count(component, by_hour[row], term["term"])
        carrier[attribute] = carrier.get(attribute, 0.0) + weight
    network.add("global_constraints", limit.limit, type="primary_energy", carrier_attribute=attribute,
                sense=SENSE[limit.sense], constant=constant)


class _Carriers:
    """Carriers of their own of what is counted, and how what it counts changes from step to step."""

    def __init__(self, network: Network):
        self.network = network
        self._own: dict[int, tuple[dict, dict]] = {}  # id of a component: itself, its carrier
        self._shapes: dict[int, np.ndarray] = {}

    def own(self, component: dict) -> dict:
        """The carrier that a component has alone."""
        if id(component) not in self._own:
            usual = component.get("carrier", "")
            emitted = {carrier["name"]: carrier["co2_emissions"] for carrier in self.network.lists.get("carriers", [])}
            carrier = self.network.add("carriers", f"{usual or 'carrier'} of {component['name']}",
                                       co2_emissions=emitted.get(usual, 0.0))
            component["carrier"] = carrier["name"]
            self._own[id(component)] = component, carrier
        return self._own[id(component)][1]

    def count(self, component: dict, factor: np.ndarray, term: str) -> float:
        """What the carrier counts, so that over the efficiency it is the factor of each step."""
        peak = float(factor[np.abs(factor).argmax()])
        if peak == 0:
            return 0.0
        shape = self._shapes.setdefault(id(component), factor / peak)
        if not np.allclose(factor / peak, shape, rtol=1e-9, atol=0):
            self.network.refuse(f"limit_factor of {term}", "by step", "what other limits count of the same plant, times a number")
        return peak

    def give_shapes(self) -> None:
        """An efficiency by step where what is counted changes; emissions are those of the first step."""
        for at, shape in self._shapes.items():
            component, carrier = self._own[at]
            if not np.allclose(shape, 1.0, rtol=1e-12):
                with np.errstate(divide="ignore"):
                    component["efficiency"] = 1 / shape
                carrier["co2_emissions"] *= 1 / shape[0] if shape[0] else 1.0
