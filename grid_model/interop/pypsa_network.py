"""Components of PyPSA as they are gathered for a file: lists of dictionaries, numbers where steady and arrays by snapshot."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grid_model.errors import Problem, printable

EMPTY = {"p_min_pu": 0.0, "p_max_pu": 1.0, "efficiency": 1.0, "marginal_cost": 0.0, "sign": 1.0, "start_up_cost": 0.0,
         "shut_down_cost": 0.0, "stand_by_cost": 0.0, "min_up_time": 0, "min_down_time": 0, "up_time_before": 1,
         "down_time_before": 0, "p_nom": 0.0, "s_max_pu": 1.0, "phase_shift": 0.0, "marginal_cost_storage": 0.0,
         "e_sum_min": -np.inf, "e_sum_max": np.inf}  # as PyPSA has them


@dataclass
class Network:
    """Components of PyPSA by list, one dictionary of attributes a component; arrays are by snapshot.

    energy_weights  how many hours a snapshot counts in sums of energy and in delays
    counted         {(table, name of ours): component}: what a limit of energy may count
    """

    step_hours: np.ndarray
    energy_weights: np.ndarray
    lists: dict[str, list[dict]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counted: dict[tuple[str, str], dict] = field(default_factory=dict)
    _names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, listed: str, name: str, **attributes) -> dict:
        """Add a component; a name that its list has already is told apart."""
        names = self._names.setdefault(listed, set())
        while name in names:
            name += " again"
        names.add(name)
        component = {"name": name, **attributes}
        self.lists.setdefault(listed, []).append(component)
        return component

    def refuse(self, what: str, value: object, allowed: str) -> None:
        self.problems.append(Problem("", 0, what, printable(value), allowed))

    def refuse_all(self, what: str, names, value: object, allowed: str) -> None:
        for name in names:
            self.refuse(f"{what} {name}", value, allowed)

    def add_carriers(self) -> None:
        """A carrier for every name of one that a component has."""
        used = {component["carrier"] for components in self.lists.values() for component in components if "carrier" in component}
        known = {component["name"] for component in self.lists.get("carriers", [])}
        for carrier in sorted(used - known):
            self.add("carriers", carrier, co2_emissions=0.0)

    def columns(self) -> dict[str, tuple]:
        """{list: (names, static attributes, series)} as network_file.write_network takes them."""
        return {listed: _columns(components, 0.0 if listed == "carriers" else np.nan) for listed, components in self.lists.items()}


def _columns(components: list[dict], otherwise: float) -> tuple:
    """Names, static attributes and series of a list of components; what a component does not have is empty."""
    names = [component["name"] for component in components]
    attributes = dict.fromkeys(key for component in components for key in component if key != "name")
    static, series = {}, {}
    for attribute in attributes:
        given = {component["name"]: component[attribute] for component in components if attribute in component}
        arrays = {name: value for name, value in given.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in given.items() if name not in arrays}
        if arrays:
            series[attribute] = (list(arrays), np.stack(list(arrays.values())))
        if plain:
            example = next(iter(plain.values()))
            empty = "" if isinstance(example, str) else False if isinstance(example, bool) else EMPTY.get(attribute, otherwise)
            static[attribute] = [plain.get(name, empty) for name in names]
    return names, static, series


def steady(values: np.ndarray):
    """One number where a series does not change, else the series."""
    return float(values[0]) if (values == values[0]).all() else np.asarray(values, float)


def add_process(network: Network, name: str, ports: list[tuple], **attributes) -> dict:
    """A process with ports (bus, rate by snapshot, the snapshot from 0 whose conversion arrives in each).

    What arrives later is told in snapshots: where there is such a port, each counts one in `energy_weights`.
    """
    parts = [(bus, *part) for bus, rate, source in ports for part in _by_delay(rate, source)]
    parts += [(parts[0][0], 0.0, 0, False)] * (2 - len(parts))  # a process has two buses at least
    for number, (bus, rate, delay, cyclic) in enumerate(parts):
        attributes |= {f"bus{number}": bus, f"rate{number}": rate, f"delay{number}": delay, f"cyclic_delay{number}": cyclic}
        if delay:
            network.energy_weights = np.ones(len(network.step_hours))
    return network.add("processes", name, **attributes)


def _by_delay(rate: np.ndarray, source: np.ndarray) -> list[tuple]:
    """(rate, delay, whether it comes round) of as many ports as there are delays; one has the same for all snapshots."""
    ago = (np.arange(len(rate)) - source) % len(rate)
    parts = []
    for delay in np.unique(ago[rate != 0]):
        values = np.where(ago == delay, rate, 0.0)
        cyclic = bool(values[:delay].any())
        if not cyclic:
            values[:delay] = values[delay]  # nothing arrives there, at whatever rate
        parts.append((steady(values), int(delay), cyclic))
    return parts or [(0.0, 0, False)]
