"""Stores, reservoirs and monthly budgets of hydro as PyPSA's storage units and stores.

A store between levels of its own, a reservoir and a budget become a bus beside the zone: a store within its levels, links in
and out, inflow as a load below zero, and a way out for what is spilled. Water that must flow, or that arrives at another
reservoir, leaves by a process before it is turbined or spilled. The energy of a month arrives with its first step, and
nothing of it is left after its last.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.units import CNY_PER_MWH, MW, MWH
from grid_model.interop.pypsa_network import Network, add_process, steady

NO_LIMIT_MW = 1e6


def add_storage(network: Network, data) -> None:
    for what, mask in (("max_cycles_per_day", data.limited), ("min_cycles_per_day", data.obliged)):
        network.refuse_all(f"{what} of", data.where(mask), "given", "no limit of cycles that binds")
    for at, name in enumerate(data.names):
        lower, upper = data.level_lower.values[at] / MWH, data.level_upper.values[at] / MWH
        fixed_start = lower[0] == upper[0]
        cyclic = bool(data.table["cyclic"].iloc[at])
        if cyclic and fixed_start:
            lower[-1] = upper[-1] = lower[0]
        plain = (lower[1:] == 0).all() and (upper[1:] == upper[1]).all()
        plain &= data.power.values[at] > 0 or data.charge_power.values[at] == 0
        network.counted["storage", name] = (_add_unit if plain else _add_store)(
            network, data, at, lower, upper, cyclic and not fixed_start)


def _add_unit(network: Network, data, at: int, lower, upper, cyclic: bool) -> dict:
    power, charge = data.power.values[at] / MW, data.charge_power.values[at] / MW
    size = power or 1.0
    retention = data.retention.values[at]
    return network.add(
        "storage_units", data.names[at], bus=data.zone_names[at], carrier=data.table["technology"].iloc[at], p_nom=float(size),
        p_min_pu=float(-charge / size), p_max_pu=float(power / size), max_hours=float(upper[1] / size),
        efficiency_store=float(data.charge_efficiency.values[at]),
        efficiency_dispatch=float(data.discharge_efficiency.values[at]),
        standing_loss=_loss(network, data, at), marginal_cost_storage=steady(data.holding_cost.values[at] / CNY_PER_MWH),
        marginal_cost=float(data.wear_cost.values[at] / CNY_PER_MWH), cyclic_state_of_charge=cyclic,
        state_of_charge_initial=0.0 if cyclic else float(lower[0] * retention[0]))


def _add_store(network: Network, data, at: int, lower, upper, cyclic: bool) -> dict:
    """A bus with a store within its levels, a link in and a link out."""
    name, zone, delivered = data.names[at], data.zone_names[at], float(data.discharge_efficiency.values[at])
    bus = _add_bus(network, f"{name} store")
    store = _add_levels(network, name, bus, lower, upper, lower[0] * data.retention.values[at][0], cyclic,
                        carrier=data.table["technology"].iloc[at], standing_loss=_loss(network, data, at),
                        marginal_cost_storage=steady(data.holding_cost.values[at] / CNY_PER_MWH))
    network.add("links", f"{name} charge", bus0=zone, bus1=bus, p_nom=float(data.charge_power.values[at] / MW),
                efficiency=float(data.charge_efficiency.values[at]))
    network.add("links", f"{name} discharge", bus0=bus, bus1=zone, p_nom=float(data.power.values[at] / MW / delivered),
                efficiency=delivered, marginal_cost=float(data.wear_cost.values[at] / CNY_PER_MWH * delivered))
    return store


def _loss(network: Network, data, at: int):
    """Standing loss, 1/h."""
    return steady(1 - data.retention.values[at] ** (1 / network.step_hours))


def _add_bus(network: Network, name: str) -> str:
    """A bus beside a zone, for what is held there."""
    return network.add("buses", name, v_nom=1.0, carrier="store")["name"]


def _add_levels(network: Network, name, bus, lower, upper, initial: float, cyclic: bool, **more) -> dict:
    """A store between levels at the borders 0..T, MWh."""
    size = upper.max() or 1.0
    return network.add("stores", name, bus=bus, e_nom=float(size), e_min_pu=steady(lower[1:] / size),
                       e_max_pu=steady(upper[1:] / size), e_cyclic=cyclic, e_initial=0.0 if cyclic else float(initial), **more)


def add_reservoirs(network: Network, data) -> None:
    """Reservoirs, with the water that must flow and the water that arrives below."""
    bus_of = {name: _add_bus(network, f"{name} water") for name in data.reservoir_names}
    flows = data.min_flow.values > data.minimum.values.min(axis=1)
    for at, name in enumerate(data.reservoir_names):
        bus, enters = bus_of[name], (data.inflow.values[at] + data.before.values[at]) / MW
        lower, upper = data.level_lower.values[at] / MWH, data.level_upper.values[at] / MWH
        _add_levels(network, name, bus, lower, upper, lower[0], bool(data.cyclic[at]))
        below = _ports_below(data, name, bus_of)
        outlet = _add_release(network, data, at, bus, below) if flows[at] or below else bus
        _add_outlets(network, data, at, bus, outlet, enters)


def _ports_below(data, name: str, bus_of: dict) -> list[tuple]:
    """(bus, rate, step that arrives) wherever water of a reservoir arrives."""
    links = [(link, lower) for lower, into in data.links_into.items() for link in into if data.upstream.values[link] == name]
    return [(bus_of[lower], data.weight.values[link, piece], data.source.values[link, piece] - 1)
            for link, lower in links for piece in range(len(data.pieces)) if data.weight.values[link, piece].any()]


def _add_release(network: Network, data, at: int, bus: str, below: list[tuple]) -> str:
    """All that leaves a reservoir, to a bus where it is turbined or spilled."""
    name, steps = data.reservoir_names[at], np.arange(data.end)
    outlet = _add_bus(network, f"{name} outlet")
    one, least = np.ones(data.end), max(float(data.min_flow.values[at] / MW), 0.0)
    add_process(network, f"{name} release", [(bus, -one, steps), (outlet, one, steps), *below],
                p_nom=NO_LIMIT_MW, p_min_pu=least / NO_LIMIT_MW)
    return outlet


def add_budget(network: Network, data, at: int) -> None:
    """A plant known by the energy of each month: what it may generate is there with the first step, and gone with the last."""
    bus = _add_bus(network, f"{data.names[at]} budget")
    enters, most = np.zeros(data.end), np.zeros(data.end + 1)
    budgets = dict(zip(data.steps_of_month, data.energy.values[at]))
    for month, steps in data.steps_of_month.items():
        here = np.array(steps) - 1
        limited = (data.names[at], month) in data.budgets
        budget = (budgets[month] if limited else data.available.values[at, here] @ network.step_hours[here]) / MWH
        enters[here[0]], most[here[:-1] + 1] = budget / network.step_hours[here[0]], budget
    _add_levels(network, data.names[at], bus, np.zeros(data.end + 1), most, 0.0, False)
    _add_outlets(network, data, at, bus, bus, enters)


def _add_outlets(network: Network, data, at: int, bus: str, outlet: str, enters) -> None:
    """What enters at a bus, MW; and a turbine and a way past it where it leaves."""
    name, highest = data.names[at], data.available.values[at] / MW
    size = highest.max() or 1.0
    network.add("loads", f"{name} inflow", bus=bus, p_set=-enters)
    network.add("generators", f"{name} spill", bus=outlet, carrier="spill", p_nom=max(NO_LIMIT_MW, float(enters.max())), sign=-1.0,
                marginal_cost=0.0)
    network.add("links", name, bus0=outlet, bus1=data.zone_names[at], p_nom=float(size),
                p_min_pu=steady(data.minimum.values[at] / MW / size), p_max_pu=steady(highest / size),
                marginal_cost=steady(data.variable_cost.values[at] / CNY_PER_MWH))
