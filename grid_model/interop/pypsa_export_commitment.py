"""Commitment of fleets and of converters as PyPSA's linear commitment; what its rows do not say is refused.

PyPSA counts minimum times in snapshots, and starts and stops without the weight of a snapshot. Ramps are those of the net
change (`ramp_of` net in technologies/commitment.py). Before the first snapshot all is on, or nothing. Where a start costs as much as
a stop in every snapshot it adds the rows that are called tight in technologies/converter_commitment.py.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.units import CNY, MW
from grid_model.interop.pypsa_network import Network, steady

ROUNDING = 1e-9


def committed_fleet(network: Network, data, name: str) -> tuple[float, dict]:
    """Capacity [GW] and attributes of a committed generator but limits and costs of output."""
    at, row = list(data.committed).index(name), data.table.set_index("generator").loc[name]
    capacity = float(data.online_capacity.values[at])
    if data.lowest.values[list(data.names).index(name)].any():
        network.refuse(f"output for heat of {name}", "given", "none with commitment")
    weights, whole = data.step_weights.values, capacity / CNY
    ramps, exact = _fleet_ramps(data, at)
    if not exact:
        network.refuse(
            f"ramp_of of {name}", "unit", "net, and the same output at start and stop in all steps: PyPSA ramps a fleet's net output"
        )
    more = {"start_up_cost": steady(data.start_cost.values[_of(data, name)] * whole * weights),
            "shut_down_cost": steady(data.stop_cost.values[_of(data, name)] * whole * weights),
            "stand_by_cost": float(data.no_load_cost.values[_of(data, name)] * whole), **ramps,
            **_times_before(network, data, name, row, bool(ramps))}
    most, least = data.most.values[at], data.least.values[at]
    _refuse_tightening(network, name, more, (most != most[0]).any() or (least < 0).any(), tight=False)
    return capacity, {"committable": True, **more}


def _of(data, name: str) -> int:
    return list(data.names).index(name)


def _fleet_ramps(data, at: int) -> tuple[dict, bool]:
    """Ramps and levels of start and stop, parts of capacity; and whether the rows are those of the net change."""
    ramps, exact = {}, True
    for word, level, limit, start, other in (("up", "start_up", "rise", "start_level", "drop"),
                                             ("down", "shut_down", "fall", "stop_level", "lift")):
        later, first = (data.online_ramps[f"online_{which}{'rising' if word == 'up' else 'falling'}"][at] for which in ("", "first_"))
        if later or first:
            rows = slice(0 if first else 1, None if later else 1)
            change, edge, given = (getattr(data, each).values[at] for each in (limit, start, other))
            exact &= bool(np.allclose(given[rows], (edge - change)[rows], rtol=0, atol=ROUNDING))
            exact &= bool(np.allclose(edge[rows], edge[rows][0], rtol=0, atol=ROUNDING))
            ramps |= {f"ramp_limit_{word}": steady(change), f"ramp_limit_{level}": float(edge[rows][0])}
        if first:
            ramps["p_init"] = float(data.output_before.values[at] / MW)
    return ramps, exact


def _times_before(network: Network, data, name: str, row, ramped: bool) -> dict:
    """Minimum times, and how long all of it has been on or off before the first snapshot, in snapshots."""
    shortest, start = network.step_hours.min(), row["initial_online_mw"]
    up, down, held = (int(np.ceil(row[column] / shortest - ROUNDING)) for column in (
        "min_up_hours", "min_down_hours", "initial_hold_hours"))
    if max(up, down) > 1 and not np.allclose(network.step_hours, shortest):
        network.refuse(f"minimum times of {name}", "given", "none with steps of different lengths")
    if np.isnan(start) and (up or down or row["stop_cost_cny_per_mw"] or ramped):
        network.refuse(f"initial_online_mw of {name}", "empty", "0 or capacity_mw: PyPSA must know what ran before the first hour")
    if start > 0 and start != row["capacity_mw"]:
        network.refuse(f"initial_online_mw of {name}", f"{start:g}", "empty, 0, or all capacity")
    off = start == 0
    least = down if off else up
    if held and held >= least:
        network.refuse(f"initial_hold_hours of {name}", f"{row['initial_hold_hours']:g}", "less than the minimum time")
    before = max(least - held, 1)
    return {"min_up_time": up, "min_down_time": down, "up_time_before": 0 if off else before,
            "down_time_before": before if off else 0}


def committed_converter(network: Network, data, name: str) -> tuple[float, dict]:
    """Size [GW] and attributes of a committed converter but costs of conversion."""
    at, unit = list(data.committed).index(name), _of(data, name)
    row = data.table.iloc[unit]
    size = max(row["capacity_mw"], row["reverse_capacity_mw"]) * MW or MW
    least, most = data.on_least.values[at], data.on_most.values[at]
    costs = {attribute: getattr(data, f"on_{cost}_cost").values[at] / CNY * weights for attribute, cost, weights in (
        ("start_up_cost", "start", data.step_weights.values), ("shut_down_cost", "stop", data.step_weights.values),
        ("stand_by_cost", "stand_by", 1.0))}
    more = {"p_min_pu": steady(least / size), "p_max_pu": steady(most / size), **{key: steady(one) for key, one in costs.items()},
            "min_up_time": int(row["min_up_steps"]), "min_down_time": int(row["min_down_steps"]),
            "up_time_before": int(row["up_steps_before"]), "down_time_before": int(row["down_steps_before"]),
            "p_init": float(row["initial_mw"]), **_converter_ramps(data, at, name, row, size)}
    lower, upper = data.lower.values[unit], data.upper.values[unit]
    told = lower == upper
    if (~told & ((lower > np.minimum(least, 0)) | (upper < np.maximum(most, 0)))).any():
        network.refuse(f"limits of conversion of {name}", "within those of what is on", "at least as wide, or one value")
    if told.any():
        more["p_set"] = np.where(told, lower / MW, np.nan)
    _refuse_tightening(network, name, more, (most != most[0]).any() or (least < 0).any(), bool(row["tight"]))
    return size, {"committable": True, **more}


def _converter_ramps(data, at: int, name: str, row, size: float) -> dict:
    """Ramps of what stays on, and levels of start and stop, as parts of a size."""
    ramps = {f"ramp_limit_{level}": float(row[f"{column}_mw"] * MW / size)
             for level, column in (("start_up", "start"), ("shut_down", "stop")) if not np.isnan(row[f"{column}_mw"])}
    for word, limit, rows in (("up", "on_rise", "on_rising"), ("down", "on_fall", "on_falling")):
        if any(unit == name for unit, _ in data.on_rows[rows]):
            ramps[f"ramp_limit_{word}"] = steady(getattr(data, limit).values[at] / size)
    return ramps


def _refuse_tightening(network: Network, name: str, more: dict, changes: bool, tight: bool) -> None:
    """PyPSA tightens where costs of start and stop are alike: that must be asked for, or say nothing more."""
    alike = bool(np.all(more["start_up_cost"] == more["shut_down_cost"]))
    ramped = any(np.any(np.asarray(value) < 1) for key, value in more.items() if key.startswith("ramp_limit"))
    if tight and not alike:
        network.refuse(f"tight of {name}", "True", "False where a start costs something else than a stop")
    if alike and not tight and (changes or ramped):
        network.refuse(f"start and stop costs of {name}", "the same", "different ones where limits change or there are ramps")
