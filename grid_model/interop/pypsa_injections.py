"""PyPSA's generators and loads as generators and loads of ours.

symbol  attribute                unit      kind
p       p                        MW        PyPSA's decision, lo <= p <= hi
s       sign                     1         PyPSA's data: s p enters the bus
j       injection                MW        s p, at cost v = marginal_cost / s
K       offset                   MW        max(-least j, 0): what has to be added so that j + K >= 0
q       marginal_cost            1/MWh     currency

Our generators only inject. What draws at no gain (v <= 0) leaves on a line that loses all of it, at cost -v. Another one
that may draw (K > 0) becomes a generator of j + K and a load of K. Its cost would be
v K too high, so the load is 2 K and a generator that always runs gives K at cost -v: v (j + K) - v K = v j.

Our costs do not change over time. A generator with a cost by step becomes one generator for each cost, available in the
steps in which that is the cost.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.read import PACKAGE
from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile

MOST_COSTS = 200
UNSERVED_FACTOR = 1000.0
LEAST_UNSERVED_COST = 100_000.0


def package_technologies() -> set[str]:
    """Names of the technologies that come with defaults of their own."""
    lines = (PACKAGE / "technologies.csv").read_text(encoding="utf-8-sig").splitlines()
    return {line.split(",", 1)[0] for line in lines[1:]}


class Injections:
    """Generators and loads as they are added to a grid: the parts that every component of PyPSA may need."""

    def __init__(self, grid: GridTables, network: NetworkFile, unserved_cost: float):
        self.grid, self.steps, self.unserved_cost = grid, network.steps, unserved_cost
        self._constant: str | None = None  # the technology of constant costs, once there is one

    def load(self, names, zones, demand: np.ndarray) -> None:
        """Loads with their demand by step, shape (names, steps)."""
        names = self.grid.add("loads", load=names, zone=zones, unserved_cost_cny_per_mwh=self.unserved_cost)
        self.grid.profile("load", names, demand)

    def generators(self, names, zones, technology, lowest: np.ndarray, highest: np.ndarray, **columns) -> None:
        """Generators with limits by step, MW, 0 <= lowest <= highest."""
        capacity = highest.max(axis=1, initial=0)
        size = np.where(capacity > 0, capacity, 1.0)[:, None]
        names = self.grid.add("generators", generator=names, zone=zones, technology=technology, capacity_mw=capacity,
                              **columns)
        for profile, limit, default in (("availability", highest, 1.0), ("min_output", lowest, 0.0)):
            part = np.clip(limit / size, 0, 1)
            told = (part != default).any(axis=1) & (capacity > 0)
            self.grid.profile(profile, names[told], part[told])

    def constant_cost(self, name: str, zone: str, power: np.ndarray, cost: float) -> None:
        """A cost per energy of a given power [MW by step], wherever it comes from: made and used up in the zone."""
        if cost and power.any():
            if self._constant is None:
                self._constant = self.grid.add("technologies", technology="constant cost", kind="thermal")[0]
            self.by_cost(f"{name} cost", zone, self._constant, power, power, np.full(self.steps, cost))
            self.load([f"{name} cost"], zone, power[None])

    def by_cost(self, name: str, zone: str, technology: str, lowest, highest, cost, **columns) -> None:
        """One generator for each of the costs; all arrays by step."""
        costs = np.unique(cost)
        here = cost == costs[:, None]
        names = [name] if len(costs) == 1 else [f"{name} at {value:.10g}" for value in costs]
        self.generators(names, zone, technology, lowest * here, highest * here, variable_cost_cny_per_mwh=costs, **columns)


def unserved_cost(network: NetworkFile) -> float:
    """A cost so high that only what cannot be served is not served, where PyPSA would find no solution."""
    lists = ("generators", "links", "storage_units")
    highest = max((float(np.abs(network.components(name).series("marginal_cost", 0.0)).max(initial=0)) for name in lists))
    return max(LEAST_UNSERVED_COST, UNSERVED_FACTOR * highest)


def add_loads(network: NetworkFile, parts: Injections) -> None:
    loads = network.components("loads")
    demand = -loads.series("p_set", 0.0) * loads.static("sign", -1.0)[:, None]
    parts.load(loads.names, loads.text("bus"), demand)


def add_generators(network: NetworkFile, parts: Injections, capacity_of) -> None:
    """All generators: those that only inject at one cost at once, the others one by one."""
    units = network.components("generators")
    _refuse_generators(units)
    lowest, highest = limits(units, capacity_of(units, "p_nom"))
    sign = units.static("sign", 1.0)
    units.refuse(sign == 0, "sign", sign, "a number other than 0")
    sign = np.where(sign == 0, 1.0, sign)[:, None]
    cost = units.series("marginal_cost", 0.0) / sign
    lowest, highest = np.minimum(lowest * sign, highest * sign), np.maximum(lowest * sign, highest * sign)
    draws = (lowest < 0).any(axis=1)
    varies = (cost != cost[:, :1]).any(axis=1)
    columns = _columns(network, units, highest, sign, plain=~draws & ~varies)
    technology = _technologies(network, parts.grid, units, columns, highest)
    simple = ~draws & ~varies
    parts.generators(units.names[simple], units.text("bus")[simple], technology[simple], lowest[simple], highest[simple],
                     variable_cost_cny_per_mwh=cost[simple, 0],
                     **{name: values[simple] for name, values in columns.items()})
    zones = units.text("bus")
    many = np.array([len(np.unique(row)) for row in cost], int)
    units.refuse(many > MOST_COSTS, "marginal_cost", many, f"at most {MOST_COSTS} different values")
    emissions = columns["emissions_t_per_mwh"]
    units.refuse(draws & (emissions != 0), "carrier", units.text("carrier"),
                 "no emissions of a generator that may draw power from its bus")
    sinks = draws & ~varies & (cost[:, 0] <= 0) & (highest >= 0).all(axis=1)
    _add_sinks(parts, units.names[sinks], zones[sinks], technology[sinks], lowest[sinks], highest[sinks], cost[sinks, 0])
    for at in np.flatnonzero(~simple & ~sinks & (many <= MOST_COSTS)):
        name, offset = units.names[at], np.maximum(-lowest[at], 0)
        parts.by_cost(name, zones[at], technology[at], lowest[at] + offset, highest[at] + offset, cost[at],
                      emissions_t_per_mwh=emissions[at])
        if offset.any():
            parts.load([name], zones[at], offset[None] * (2.0 if cost[at].any() else 1.0))
            if cost[at].any():
                parts.by_cost(f"{name} cost", zones[at], technology[at], offset, offset, -cost[at])


def _add_sinks(parts: Injections, names, zones, technology, lowest, highest, cost) -> None:
    """Generators that may draw at no gain: what they draw leaves on a line that loses all of it, at cost -v."""
    if not len(names):
        return
    most = np.maximum(-lowest, 0)
    size = most.max(axis=1)
    nowhere = parts.grid.add("zones", zone="nowhere")[0]
    written = parts.grid.add("lines", line=names, from_zone=zones, to_zone=nowhere, capacity_mw=size,
                             reverse_capacity_mw=0.0, kind="transport", loss_fraction=1.0, cost_cny_per_mwh=-cost)
    parts.grid.profile("flow_limit", written, most / size[:, None])
    also = (highest > 0).any(axis=1)
    parts.generators(names[also], zones[also], technology[also], np.maximum(lowest[also], 0), highest[also],
                     variable_cost_cny_per_mwh=cost[also])


def limits(units: Components, capacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest dispatch by step, MW; a set point fixes both."""
    lowest = units.series("p_min_pu", 0.0) * capacity[:, None]
    highest = units.series("p_max_pu", 1.0) * capacity[:, None]
    point = units.series("p_set", np.nan)
    beyond = (point < lowest - 1e-9) | (point > highest + 1e-9)
    units.refuse(beyond.any(axis=1), "p_set", np.full(len(units), "beyond the limits"), "values from p_min_pu to p_max_pu")
    units.refuse((lowest > highest).any(axis=1), "p_min_pu", np.full(len(units), "above p_max_pu"), "at most p_max_pu")
    given = ~np.isnan(point)
    return np.where(given, point, lowest), np.where(given, point, highest)


def _refuse_generators(units: Components) -> None:
    units.refuse_unless("marginal_cost_quadratic", 0.0, "0: costs are linear")
    units.refuse_unless("e_sum_min", -np.inf, "no limit of the energy of the horizon")
    units.refuse_unless("e_sum_max", np.inf, "no limit of the energy of the horizon")
    refuse_maintenance_and_pieces(units)


def refuse_maintenance_and_pieces(units: Components) -> None:
    """Maintenance is integer; piecewise attributes stand in variables of their own."""
    units.refuse(units.flag("maintainable"), "maintainable", np.full(len(units), "True"), "False: it takes integers")
    for variable in map(str, units.network.content.data_vars):
        if variable.startswith(f"{units.listed}_pw_"):
            attribute = variable.removeprefix(f"{units.listed}_pw_")
            for name in units.network.content[f"{variable}_i"].values:
                units.network.refuse(f"{units.listed} {name}: {attribute}", "piecewise", "one value")


def _columns(network: NetworkFile, units: Components, highest, sign, plain) -> dict[str, np.ndarray]:
    """Ramps, commitment and emissions of every generator."""
    columns = {"emissions_t_per_mwh": _emissions(network, units, sign[:, 0])}
    size = np.where(highest.max(axis=1, initial=0) > 0, highest.max(axis=1, initial=0), 1.0)
    nominal = np.where(units.flag("p_nom_extendable") & units.has("p_nom_opt"), units.static("p_nom_opt", 0.0),
                       units.static("p_nom", 0.0)) * np.abs(sign[:, 0])
    ramped = np.zeros(len(units), bool)
    for way in ("up", "down"):
        ramp = units.fixed(f"ramp_limit_{way}", np.nan)
        units.refuse(ramp < 0, f"ramp_limit_{way}", ramp, "a number >= 0")
        columns[f"ramp_{way}_fraction_per_hour"] = ramp * nominal / size / network.step_hours
        ramped |= ~np.isnan(ramp)
    units.refuse(ramped & ~plain, "ramp_limit_up, ramp_limit_down", np.full(len(units), "given"),
                 "no ramps of a generator whose cost changes or that may draw power")
    start = units.static("p_init", np.nan)
    columns["initial_output_mw"] = np.where(ramped, start * sign[:, 0], np.nan)
    return columns | _commitment(network, units, highest, ramped, plain)


def _commitment(network: NetworkFile, units: Components, highest, ramped, plain) -> dict[str, np.ndarray]:
    """Linear commitment: start cost, minimum times, and whether the unit was on before the first snapshot."""
    committed = units.flag("committable")
    units.refuse(committed & ramped, "ramp_limit_up, ramp_limit_down", np.full(len(units), "given"),
                 "no ramps where committable: they are other rows than ours")
    units.refuse(committed & ~plain, "committable", np.full(len(units), "True"),
                 "False for a generator whose cost changes or that may draw power")
    for attribute in ("ramp_limit_start_up", "ramp_limit_shut_down"):
        limit = units.static(attribute, np.nan)
        units.refuse(~np.isnan(limit) & (limit < 1), attribute, limit, "empty, or 1 and more")
    units.refuse_unless("shut_down_cost", 0.0, "0", committed)
    units.refuse_unless("stand_by_cost", 0.0, "0", committed)
    beyond = units.series("p_max_pu", 1.0).max(axis=1, initial=0)
    units.refuse(committed & (beyond > 1), "p_max_pu", beyond, "at most 1 where committable")
    start = units.fixed("start_up_cost", 0.0)
    size = np.where(highest.max(axis=1, initial=0) > 0, highest.max(axis=1, initial=0), 1.0)
    up, down = units.static("min_up_time", 0.0), units.static("min_down_time", 0.0)
    up_before, down_before = units.static("up_time_before", 1.0), units.static("down_time_before", 0.0)
    was_off = (down_before > 0) | (up_before <= 0)
    units.refuse(committed & ~was_off & (up_before < up), "up_time_before", up_before, "at least min_up_time")
    units.refuse(committed & was_off & (down_before > 0) & (down_before < down), "down_time_before", down_before,
                 "at least min_down_time")
    hours, capacity = network.step_hours, highest.max(axis=1, initial=0)
    return {"start_cost_cny_per_mw": np.where(committed, start / size, 0.0),
            "min_up_hours": np.where(committed, np.maximum(up, 1) * hours, 0.0),  # one step binds nothing, and commits
            "min_down_hours": np.where(committed, down * hours, 0.0),
            "initial_online_mw": np.where(committed, np.where(was_off, 0.0, capacity), np.nan)}


def _emissions(network: NetworkFile, units: Components, sign) -> np.ndarray:
    """tCO2 per MWh injected: of the carrier per MWh of fuel, over the efficiency."""
    carriers = network.components("carriers")
    factor = dict(zip(carriers.names, carriers.static("co2_emissions", 0.0), strict=True))
    per_fuel = np.array([factor.get(name, 0.0) for name in units.text("carrier")], float)
    emitting = per_fuel != 0
    efficiency = units.series("efficiency", 1.0)
    units.refuse(emitting & (efficiency != efficiency[:, :1]).any(axis=1), "efficiency",
                 np.full(len(units), "by snapshot"), "one value for all snapshots where the carrier emits")
    units.refuse(emitting & ((per_fuel < 0) | (sign < 0)), "carrier", units.text("carrier"), "emissions >= 0")
    return np.where(emitting, per_fuel / efficiency[:, 0] / sign, 0.0)


def _technologies(network: NetworkFile, grid: GridTables, units: Components, columns, highest) -> np.ndarray:
    """The technology of each generator: its carrier, of kind renewable where nothing but availability limits it."""
    carrier = units.text("carrier")
    thermal = columns["emissions_t_per_mwh"] != 0
    for name in ("ramp_up_fraction_per_hour", "ramp_down_fraction_per_hour", "initial_online_mw"):
        thermal = thermal | ~np.isnan(columns[name])
    varying = (highest != highest[:, :1]).any(axis=1)
    taken, names = package_technologies(), np.empty(len(units), object)
    for each in np.unique(carrier.astype(str)):
        members = carrier == each
        renewable = varying[members].any() and not thermal[members].any()
        wanted = each or "generator"
        wanted = f"{wanted} of PyPSA" if wanted in taken else wanted
        names[members] = grid.add("technologies", technology=wanted, kind="renewable" if renewable else "thermal")[0]
    return names
