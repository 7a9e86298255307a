"""PyPSA's generators and loads as generators and loads of ours.

symbol  attribute        unit      kind
p       p                MW        PyPSA's decision, lo <= p <= hi
s       sign             1         PyPSA's data: s p enters the bus
v       marginal_cost    currency/MWh   of p

Our generators inject s p >= 0 at cost v / s. One that may draw, or whose ramps change by step or are told for steps of
different lengths, is a converter with one port of rate s: it has p itself.

Commitment is that of technologies/commitment.py with ramps of the net change, which are PyPSA's rows. What it does not say
is committed as a converter (pypsa_commitment.py): costs and limits by step, steps of different lengths, a set point, and
the rows that PyPSA adds where start and stop cost the same, where these may bind.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_commitment import converters, may_tighten, switching_costs
from grid_model.interop.pypsa_parts import Parts, all_equal, limits, nominal, refuse_common, step_ramps


def add_loads(network: NetworkFile, parts: Parts) -> None:
    loads = network.components("loads")
    demand = -loads.series("p_set", 0.0) * loads.static("sign", -1.0)[:, None]
    parts.load(loads.names, loads.text("bus"), demand)


def add_generators(network: NetworkFile, parts: Parts, capacity_of) -> None:
    """All generators: those that only inject as generators, the others as converters."""
    units = network.components("generators")
    refuse_common(units)
    lowest, highest = limits(units, capacity_of(units, "p_nom"))
    sign = units.static("sign", 1.0)
    units.refuse(sign == 0, "sign", sign, "a number other than 0")
    sign = np.where(sign == 0, 1.0, sign)[:, None]
    cost, ramps = units.series("marginal_cost", 0.0), step_ramps(units)
    for way, word in (("rise", "up"), ("fall", "down")):
        units.refuse((ramps[way] < 0).any(axis=1), f"ramp_limit_{word}", np.nanmin(ramps[way], axis=1, initial=0), "a number >= 0")
    steady = np.all([_same(values / network.step_hours) for values in ramps.values()], axis=0)
    injects = (np.minimum(lowest * sign, highest * sign) >= 0).all(axis=1)
    plain = injects & steady & ~_committed_apart(network, units)
    _add_plain(network, parts, units, plain, lowest * sign, highest * sign, cost / sign, ramps, sign[:, 0])
    committable = units.flag("committable")
    for rest in (np.flatnonzero(~plain & ~committable), np.flatnonzero(~plain & committable)):
        written = converters(network, parts, units, rest, lowest[rest], highest[rest], cost[rest], ramps, "generator")
        parts.ports(written, units.text("bus")[rest], np.repeat(sign[rest], network.steps, axis=1))
        for at, name in zip(rest, written):
            parts.counted["generators", units.names[at]] = ("converter", name, 1.0)


def _committed_apart(network: NetworkFile, units: Components) -> np.ndarray:
    """Committable generators that commitment.py does not say."""
    costs, weight = switching_costs(units), network.step_weights
    steady = np.all([all_equal(values) for values in costs.values()], axis=0)
    switched = (costs["start"] + costs["stop"] != 0).any(axis=1) & ~np.isclose(weight, weight[0], rtol=1e-12).all()
    free = (np.isnan(units.series("p_set", np.nan))).all(axis=1)
    return units.flag("committable") & ~(steady & ~switched & free & ~may_tighten(units) & network.even)


def _same(values: np.ndarray) -> np.ndarray:
    return np.isclose(values, values[:, :1], rtol=1e-12, atol=0, equal_nan=True).all(axis=1)


def _add_plain(network, parts: Parts, units: Components, plain, lowest, highest, cost, ramps, sign) -> None:
    """Generators with 0 <= lowest <= highest, MW."""
    lowest, highest, cost = (np.where(sign[:, None] < 0, other, one)[plain] for one, other in (
        (lowest, highest), (highest, lowest), (cost, cost)))
    capacity = highest.max(axis=1, initial=0)
    size = np.where(capacity > 0, capacity, 1.0)[:, None]
    columns = _columns(network, units, plain, size[:, 0], ramps, sign)
    varying = (highest != highest[:, :1]).any(axis=1)
    thermal = np.isfinite(columns["ramp_up_fraction_per_hour"]) | np.isfinite(columns["ramp_down_fraction_per_hour"])
    thermal |= np.isfinite(columns["initial_online_mw"]) | (columns["emissions_t_per_mwh"] != 0)
    carrier = units.text("carrier")[plain]
    kinds = np.where(varying & ~thermal, "renewable", "thermal")
    for each in np.unique(carrier.astype(str)):  # one kind for all of a carrier
        kinds[carrier == each] = "renewable" if (kinds[carrier == each] == "renewable").all() else "thermal"
    technology = parts.technologies(carrier, kinds, "generator")
    names = parts.grid.add("generators", generator=units.names[plain], zone=units.text("bus")[plain], technology=technology,
                           capacity_mw=capacity, variable_cost_cny_per_mwh=cost[:, 0], **columns)
    for profile, values, default in (("availability", np.clip(highest / size, 0, 1), 1.0),
                                     ("min_output", np.clip(lowest / size, 0, 1), 0.0), ("variable_cost", cost, cost[:, :1])):
        told = (values != default).any(axis=1) & (capacity > 0)
        parts.grid.profile(profile, names[told], values[told])
    for at, name in zip(np.flatnonzero(plain), names):
        parts.counted["generators", units.names[at]] = ("generator", name, 1.0 / sign[at])


def _columns(network: NetworkFile, units: Components, plain, size, ramps, sign) -> dict[str, np.ndarray]:
    """Ramps, commitment and emissions of every generator."""
    columns = {"emissions_t_per_mwh": emissions(network, units, sign)[plain]}
    committed, per_hour = units.flag("committable")[plain], 1 / network.step_hours[0]
    start_level, stop_level = (units.static(f"ramp_limit_{name}", np.nan)[plain] for name in ("start_up", "shut_down"))
    part = (nominal(units) * np.abs(sign))[plain] / size
    for word, way, level in (("up", "rise", start_level), ("down", "fall", stop_level)):
        ramp = ramps[way][plain, 0] * np.abs(sign)[plain] / size
        known = ~np.isnan(ramp) | (committed & ~np.isnan(level))
        columns[f"ramp_{word}_fraction_per_hour"] = np.where(known, np.where(np.isnan(ramp), part, ramp) * per_hour, np.nan)
        output = np.where(np.isnan(level), 1.0, level) * part
        columns[f"{'start' if word == 'up' else 'stop'}_output_fraction"] = np.where(known & committed, output, np.nan)
    ramped = np.isfinite(columns["ramp_up_fraction_per_hour"]) | np.isfinite(columns["ramp_down_fraction_per_hour"])
    start = units.static("p_init", np.nan)[plain] * sign[plain]
    columns["ramp_of"] = np.where(committed & ramped, "net", "unit")
    return columns | _commitment(network, units, plain, size, ramped, start)


def _commitment(network: NetworkFile, units: Components, plain, size, ramped, start) -> dict[str, np.ndarray]:
    """Costs and times of linear commitment, and what was online before the first snapshot."""
    committed, weight = units.flag("committable"), network.step_weights
    costs = {f"{name}_cost": values[:, 0] for name, values in switching_costs(units).items()}
    times = {name: units.static(name, default) for name, default in (
        ("min_up_time", 0.0), ("min_down_time", 0.0), ("up_time_before", 1.0), ("down_time_before", 0.0))}
    was_off = (times["down_time_before"] > 0) | (times["up_time_before"] <= 0)
    left = np.where(was_off, np.where(times["down_time_before"] > 0, times["min_down_time"] - times["down_time_before"], 0.0),
                    times["min_up_time"] - times["up_time_before"])
    hours, some, off = network.step_hours[0], committed[plain], was_off[plain]
    chosen = {name: values[plain] for name, values in {**costs, **times, "left": left}.items()}
    return {"start_cost_cny_per_mw": np.where(some, chosen["start_cost"] / size / weight[0], 0.0),
            "stop_cost_cny_per_mw": np.where(some, chosen["stop_cost"] / size / weight[0], 0.0),
            "no_load_cost_cny_per_mwh": np.where(some, chosen["stand_by_cost"] / size, 0.0),
            "min_up_hours": np.where(some, np.maximum(chosen["min_up_time"], 1) * hours, 0.0),  # one step binds nothing
            "min_down_hours": np.where(some, chosen["min_down_time"] * hours, 0.0),
            "initial_online_mw": np.where(some, np.where(off, 0.0, size), np.nan),
            "initial_hold_hours": np.where(some, np.maximum(chosen["left"], 0) * hours, 0.0),
            "initial_output_mw": np.where(ramped, np.where(some & off, 0.0, start), np.nan)}


def emissions(network: NetworkFile, units: Components, sign) -> np.ndarray:
    """tCO2 per MWh injected, for information: of the carrier per MWh of fuel, over the efficiency of the first snapshot."""
    carriers = network.components("carriers")
    factor = dict(zip(carriers.names, carriers.static("co2_emissions", 0.0), strict=True))
    per_fuel = np.array([factor.get(name, 0.0) for name in units.text("carrier")], float)
    efficiency = units.series("efficiency", 1.0)[:, 0]
    return np.where(per_fuel > 0, np.maximum(per_fuel / np.where(efficiency > 0, efficiency, 1.0) / sign, 0.0), 0.0)
