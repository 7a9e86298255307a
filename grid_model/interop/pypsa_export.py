"""`grid-model export pypsa`: the dispatch of a case as a netCDF file that `pypsa.Network(path)` opens.

ours                                      PyPSA's
zone                                      bus of 1 kV, so that ohms are per unit
load                                      load, and a generator `<load> unserved` at the cost of what is not served
generator                                 generator with limits by snapshot, ramps, linear commitment
line                                      link; two for a line both ways with loss or cost; a line where it is part of an AC loop
converter                                 process with a bus for each port; with one port a generator
storage                                   storage unit; with least or last levels a bus with a store and links in and out
reservoir                                 a bus with a store, a link as turbine, inflow as a load below zero, a way out for spill

All figures are those of the programme that `build_model` makes: GW and GWh become MW and MWh, money stays the case's.
PyPSA lets stores charge and discharge, and lines with loss carry both ways, at once without limit: the objectives can
differ where a price is negative. Solve there with `n.optimize(linearized_unit_commitment=True)` where there is commitment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from grid_model.case.case import Case
from grid_model.case.units import CNY_PER_MWH, MW, MWH
from grid_model.errors import InputError, Problem, printable
from grid_model.formulation import build_model
from grid_model.interop.network_file import write_network

PARTS = ("loads", "renewable", "storage", "transmission", "thermal", "hydro", "reservoir", "converters")
NO_LIMIT_MW = 1e6


@dataclass
class Network:
    """Components of PyPSA, gathered: by list, one dictionary of attributes a component; arrays are by snapshot."""

    step_hours: np.ndarray
    lists: dict[str, list[dict]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, listed: str, name: str, **attributes) -> None:
        self.lists.setdefault(listed, []).append({"name": name, **attributes})

    def refuse(self, what: str, value: object, allowed: str) -> None:
        self.problems.append(Problem("", 0, what, printable(value), allowed))

    def refuse_all(self, what: str, names, value: object, allowed: str) -> None:
        for name in names:
            self.refuse(f"{what} {name}", value, allowed)


def export_case(case: Case, path: str | Path) -> Path:
    """Write a case for PyPSA; raises InputError with everything that cannot be carried."""
    network = network_of(case)
    if network.problems:
        raise InputError(network.problems)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lists = {name: _columns(components) for name, components in network.lists.items()}
    write_network(path, case.name, case.time.to_numpy(), case.step_hours, lists, case.cost_hours)
    return path


def network_of(case: Case) -> Network:
    """The components of a case, and what cannot be carried."""
    network = Network(case.step_hours)
    model = build_model(case)
    network.refuse_all("policy", model.policies, "on", "no policy: PyPSA knows none; switch it off in the scenario")
    for name, fleet in model.fleets.items():
        if name not in PARTS:
            network.refuse_all(name, fleet.data.names, "given", "load, generation, storage, reservoirs, lines and converters")
    for zone in case.zones:
        network.add("buses", zone, v_nom=1.0, carrier="AC")
    writers = {"loads": _add_loads, "renewable": _add_plain, "hydro": _add_hydro, "thermal": _add_thermal,
               "transmission": _add_lines, "storage": _add_storage, "reservoir": _add_reservoirs, "converters": _add_converters}
    for name, write in writers.items():
        if name in model.fleets:
            write(network, model.fleets[name].data)
    return network


def _columns(components: list[dict]) -> tuple:
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
            empty = "" if isinstance(example, str) else False if isinstance(example, bool) else EMPTY.get(attribute, np.nan)
            static[attribute] = [plain.get(name, empty) for name in names]
    return names, static, series


EMPTY = {"p_min_pu": 0.0, "p_max_pu": 1.0, "efficiency": 1.0, "marginal_cost": 0.0, "sign": 1.0, "start_up_cost": 0.0,
         "min_up_time": 0, "min_down_time": 0, "up_time_before": 1, "down_time_before": 0, "p_nom": 0.0, "s_max_pu": 1.0,
         "phase_shift": 0.0, "marginal_cost_storage": 0.0}


def steady(values: np.ndarray):
    """One number where a series does not change, else the series."""
    return float(values[0]) if (values == values[0]).all() else np.asarray(values, float)


# ------------------------------------------------------------------------------------------------------- injections


def _add_loads(network: Network, data) -> None:
    for at, name in enumerate(data.names):
        zone, most = data.zone_names[at], data.most_unserved.values[at] / MW
        network.add("loads", name, bus=zone, p_set=data.demand.values[at] / MW)
        if most.max() > 0:
            network.add("generators", f"{name} unserved", bus=zone, carrier="unserved", p_nom=float(most.max()),
                        p_max_pu=steady(most / most.max()),
                        marginal_cost=float(data.unserved_cost.values[at] / CNY_PER_MWH))


def _add_hydro(network: Network, data) -> None:
    network.refuse_all("energy budget of", data.budgeted, "given", "no budget of a month that binds")
    _add_plain(network, data)


def _add_plain(network: Network, data) -> None:
    for at in range(len(data.names)):
        _add_generator(network, data, at, data.minimum.values[at])


def _add_generator(network: Network, data, at: int, lowest: np.ndarray, **more) -> None:
    highest = data.available.values[at]
    size = highest.max() if highest.max() > 0 else 1.0
    network.add("generators", data.names[at], bus=data.zone_names[at], carrier=data.table["technology"].iloc[at],
                p_nom=float(highest.max() / MW), p_min_pu=steady(lowest / size), p_max_pu=steady(highest / size),
                marginal_cost=steady(data.variable_cost.values[at] / CNY_PER_MWH), **more)


def _add_thermal(network: Network, data) -> None:
    network.refuse_all("capture of", data.capturing, "given", "no capture")
    committed = list(data.committed)
    _refuse_commitment(network, data)
    _add_carriers(network, data)
    ramps = {name: set(data.names[mask]) for name, mask in data.ramping.items()}
    for at, name in enumerate(data.names):
        size = data.available.values[at].max()
        if name in committed:
            _add_generator(network, data, at, data.minimum.values[at], **_commitment(network, data, committed.index(name), size))
            continue
        more = {}
        for way, limit in (("up", "rising"), ("down", "falling")):
            values = (data.greatest_rise if way == "up" else data.greatest_fall).values[at]
            if name in ramps[limit] | ramps[f"first_{limit}"]:
                more[f"ramp_limit_{way}"] = steady(np.minimum(values / size, 1.0))
        if name in ramps["first_rising"] | ramps["first_falling"]:
            more["p_init"] = float(data.initial_output.values[at] / MW)
        _add_generator(network, data, at, data.lowest.values[at], **more)


def _add_carriers(network: Network, data) -> None:
    """Carriers with their emissions; a technology whose generators differ has none, and that is listed."""
    for technology, rows in data.table.groupby("technology"):
        factors = rows["emissions_t_per_mwh"].unique()
        if len(factors) > 1:
            network.refuse(f"emissions_t_per_mwh of {technology}", f"{len(factors)} values", "one for all of a technology")
        network.add("carriers", technology, co2_emissions=float(factors[0]))


def _refuse_commitment(network: Network, data) -> None:
    """Commitment that PyPSA's rows do not say."""
    ramped = set().union(*(data.committed[mask] for mask in data.online_ramps.values()))
    network.refuse_all("ramps of", [name for name in data.committed if name in ramped], "given with commitment",
                       "no start cost and minimum times, or ramps of all capacity in a step")
    table = data.table.set_index("generator").loc[list(data.committed)]
    given = table["initial_online_mw"]
    part = given.notna() & (given != 0) & (given != table["capacity_mw"])
    network.refuse_all("initial_online_mw of", table.index[part], "a part", "empty, 0, or all capacity")
    free = given.isna() & ((table["min_down_hours"] > 0) | (table["min_up_hours"] > 0))
    network.refuse_all("initial_online_mw of", table.index[free], "empty", "0 or all capacity where there are minimum times")


def _commitment(network: Network, data, at: int, size: float) -> dict:
    row = data.table.set_index("generator").loc[data.committed[at]]
    hours = float(network.step_hours[0])
    up, down = (int(np.ceil(row[f"min_{way}_hours"] / hours - 1e-9)) for way in ("up", "down"))
    off = row["initial_online_mw"] == 0
    online, held = data.online_capacity.values[at] / MW, int(np.ceil(row["initial_hold_hours"] / hours - 1e-9))
    return {"committable": True, "start_up_cost": float(row["start_cost_cny_per_mw"] * online),
            "shut_down_cost": float(row["stop_cost_cny_per_mw"] * online),
            "stand_by_cost": float(row["no_load_cost_cny_per_mwh"] * online), "min_up_time": up, "min_down_time": down,
            "up_time_before": 0 if off else max(up - held, 1), "down_time_before": max(down - held, 1) if off else 0}


# ------------------------------------------------------------------------------------------------------------ lines


def _add_lines(network: Network, data) -> None:
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
    ramp = float(data.ramp.values[at][0] / MW / size) if ramped else np.nan
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


def _add_converters(network: Network, data) -> None:
    """Processes; a port is a bus with its rate and delay."""
    ports = data.case.tables["converter_ports"]
    rates = data.case.profile("port_rate", ports["port"], ports["rate"])
    network.refuse_all("commitment of", data.committed, "given", "converters that are always on")
    network.refuse_all("port_delay of", list(data.case.series["port_delay"]["port"].values) if "port_delay" in data.case.series
                       else [], "given", "one delay_hours for all steps")
    for at, name in enumerate(data.names):
        lower, upper = data.lower.values[at] / MW, data.upper.values[at] / MW
        size = max(np.abs(lower).max(), np.abs(upper).max()) or 1.0
        more = {}
        for way, word, binds in (("rise", "up", data.rising), ("fall", "down", data.falling)):
            if binds[at]:
                more[f"ramp_limit_{word}"] = steady(getattr(data, way).values[at] / MW / size)
        rows = np.flatnonzero(ports["converter"] == name)
        cost = steady(data.cost.values[at] / CNY_PER_MWH)
        if len(rows) == 1 and not ports["delay_hours"].iloc[rows[0]] and isinstance(steady(rates[rows[0]]), float):
            network.add("generators", name, bus=ports["zone"].iloc[rows[0]], sign=float(rates[rows[0]][0]), p_nom=float(size),
                        p_min_pu=steady(lower / size), p_max_pu=steady(upper / size), marginal_cost=cost, **more)
            continue
        for number, row in enumerate([*rows, *rows][: max(len(rows), 2)]):  # a process has two buses at least
            more |= {f"bus{number}": ports["zone"].iloc[row], f"rate{number}": steady(rates[row]) if number < len(rows) else 0.0,
                     f"delay{number}": int(ports["delay_hours"].iloc[row]), f"cyclic_delay{number}": bool(ports["cyclic"].iloc[row])}
            if ports["delay_hours"].iloc[row] % 1:
                network.refuse(f"delay_hours of {ports['port'].iloc[row]}", ports["delay_hours"].iloc[row], "whole hours")
        network.add("processes", name, p_nom=float(size), p_min_pu=steady(lower / size), p_max_pu=steady(upper / size),
                    marginal_cost=cost, **more)


# ---------------------------------------------------------------------------------------------------------- storage


def _add_storage(network: Network, data) -> None:
    for what, mask in (("max_cycles_per_day", data.limited), ("min_cycles_per_day", data.obliged)):
        network.refuse_all(f"{what} of", data.where(mask), "given", "no limit of cycles that binds")
    for at in range(len(data.names)):
        lower, upper = data.level_lower.values[at] / MWH, data.level_upper.values[at] / MWH
        fixed_start = lower[0] == upper[0]
        cyclic = bool(data.table["cyclic"].iloc[at])
        if cyclic and fixed_start:
            lower[-1] = upper[-1] = lower[0]
        plain = (lower[1:] == 0).all() and (upper[1:] == upper[1]).all()
        (_add_unit if plain else _add_store)(network, data, at, lower, upper, cyclic and not fixed_start)


def _add_unit(network: Network, data, at: int, lower, upper, cyclic: bool) -> None:
    power, charge = data.power.values[at] / MW, data.charge_power.values[at] / MW
    if power == 0 and charge > 0:
        return _add_store(network, data, at, lower, upper, cyclic)
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


def _add_store(network: Network, data, at: int, lower, upper, cyclic: bool) -> None:
    """A bus with a store within its levels, a link in and a link out."""
    name, zone, delivered = data.names[at], data.zone_names[at], float(data.discharge_efficiency.values[at])
    bus = _bus_beside(data.case.zones, f"{name} store")
    _add_levels(network, name, bus, lower, upper, _loss(network, data, at), lower[0] * data.retention.values[at][0], cyclic,
                marginal_cost_storage=steady(data.holding_cost.values[at] / CNY_PER_MWH))
    network.add("links", f"{name} charge", bus0=zone, bus1=bus, p_nom=float(data.charge_power.values[at] / MW),
                efficiency=float(data.charge_efficiency.values[at]))
    network.add("links", f"{name} discharge", bus0=bus, bus1=zone, p_nom=float(data.power.values[at] / MW / delivered),
                efficiency=delivered, marginal_cost=float(data.wear_cost.values[at] / CNY_PER_MWH * delivered))


def _bus_beside(zones, name: str) -> str:
    """A bus name that no zone has, such as one that came from an earlier export."""
    while name in zones:
        name += " again"
    return name


def _loss(network: Network, data, at: int):
    """Standing loss, 1/h."""
    return steady(1 - data.retention.values[at] ** (1 / network.step_hours))


def _add_levels(network: Network, name, bus, lower, upper, loss, initial: float, cyclic: bool, **more) -> None:
    size = upper.max() or 1.0
    network.add("buses", bus, v_nom=1.0, carrier="store")
    network.add("stores", name, bus=bus, e_nom=float(size), e_min_pu=steady(lower[1:] / size),
                e_max_pu=steady(upper[1:] / size), standing_loss=loss, e_cyclic=cyclic,
                e_initial=0.0 if cyclic else float(initial), **more)


def _add_reservoirs(network: Network, data) -> None:
    if len(data.case.tables["cascade"]):
        network.refuse_all("cascade below", data.case.tables["cascade"]["upstream"], "given", "no cascade")
    flow = data.min_flow.values > data.minimum.values.min(axis=1)
    network.refuse_all("min_flow_mw of", data.reservoir_names[flow], "given", "no ecological flow")
    for at, name in enumerate(data.reservoir_names):
        bus, inflow = _bus_beside(data.case.zones, f"{name} water"), data.inflow.values[at] / MW
        lower, upper = data.level_lower.values[at] / MWH, data.level_upper.values[at] / MWH
        _add_levels(network, name, bus, lower, upper, 0.0, lower[0], bool(data.cyclic[at]))
        network.add("loads", f"{name} inflow", bus=bus, p_set=-inflow)
        network.add("generators", f"{name} spill", bus=bus, carrier="spill", p_nom=NO_LIMIT_MW, sign=-1.0, marginal_cost=0.0)
        highest = data.available.values[at] / MW
        size = highest.max() or 1.0
        network.add("links", data.names[at], bus0=bus, bus1=data.zone_names[at], p_nom=float(size),
                    p_min_pu=steady(data.minimum.values[at] / MW / size), p_max_pu=steady(highest / size),
                    marginal_cost=steady(data.variable_cost.values[at] / CNY_PER_MWH))
