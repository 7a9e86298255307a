"""PyPSA's committable generators, links and processes: linear commitment as converters have it.

PyPSA counts minimum times in snapshots and no weight for starts and stops; ramps and levels of start and stop are parts of
p_nom, and without a limit all of it. Where start and stop cost the same in every snapshot it adds the rows that are
called `tight` here (converter_commitment.py).
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_parts import Parts, all_equal, nominal

COUNTS = {"min_up_steps": ("min_up_time", 0.0), "min_down_steps": ("min_down_time", 0.0),
          "up_steps_before": ("up_time_before", 1.0), "down_steps_before": ("down_time_before", 0.0)}
COSTS = {"start": "start_up_cost", "stop": "shut_down_cost", "stand_by": "stand_by_cost"}


def switching_costs(units: Components) -> dict[str, np.ndarray]:
    """Costs of a start, of a stop, and of an hour on, by step."""
    return {name: units.series(attribute, 0.0) for name, attribute in COSTS.items()}


def alike(units: Components) -> np.ndarray:
    """Whose start and stop cost the same in every snapshot."""
    costs = switching_costs(units)
    return units.flag("committable") & (costs["start"] == costs["stop"]).all(axis=1)


def may_tighten(units: Components) -> np.ndarray:
    """Whose further rows may say more than the others: limits that change, and limits of ramps, starts and stops."""
    ramped = [units.static(f"ramp_limit_{name}", np.nan) < 1 for name in ("start_up", "shut_down")]
    ramped += [(units.series(f"ramp_limit_{name}", np.nan) < 1).any(axis=1) for name in ("up", "down")]
    return alike(units) & (~all_equal(units.series("p_max_pu", 1.0)) | np.any(ramped, axis=0))


def converters(network: NetworkFile, parts: Parts, units: Components, some, lowest, highest, cost, ramps, kind: str) -> np.ndarray:
    """Converters of a list, either all of them committable or none."""
    if len(units.names[some]) and units.flag("committable")[some].all():
        return _committed(network, parts, units, some, lowest, highest, cost, ramps, kind)
    return parts.converters(units.names[some], lowest, highest, cost, {way: values[some] for way, values in ramps.items()},
                            units.static("p_init", np.nan)[some], kind)


def _committed(network: NetworkFile, parts: Parts, units: Components, some, lowest, highest, cost, ramps, kind: str) -> np.ndarray:
    """Committed converters: p between the limits of what is on, and where it is set, at what is set."""
    size, point = nominal(units)[some], units.series("p_set", np.nan)[some]
    least = np.where(np.isnan(point), np.minimum(lowest, 0), point)
    most = np.where(np.isnan(point), np.maximum(highest, 0), point)
    costs = {name: values[some] for name, values in switching_costs(units).items()}
    for name, values in costs.items():
        wrong = np.zeros(len(units), bool)
        wrong[some] = (values < 0).any(axis=1)
        units.refuse(wrong & (name != "stand_by"), COSTS[name], np.full(len(units), "below zero"), "a number >= 0")
        unweighted = values.any(axis=1) & (network.step_weights == 0).any() & (name != "stand_by")
        wrong[some] = unweighted
        units.refuse(wrong, COSTS[name], np.full(len(units), "given"), "0 where a snapshot has no weight in the objective")
    weight = np.where(network.step_weights > 0, network.step_weights, 1.0)
    levels = {name: units.static(f"ramp_limit_{attribute}", np.nan)[some] * size
              for name, attribute in (("start_mw", "start_up"), ("stop_mw", "shut_down"))}
    written = parts.converters(
        units.names[some], least, most, cost, {way: values[some] for way, values in ramps.items()},
        units.static("p_init", np.nan)[some], kind, capacity=size, committed=True, tight=alike(units)[some], **levels,
        **{name: np.round(np.maximum(units.static(*attribute)[some], 0)) for name, attribute in COUNTS.items()})
    by_step = {f"conversion_{name}_cost": values / (1.0 if name == "stand_by" else weight) for name, values in costs.items()}
    for profile, values in (by_step | {"committed_least": lowest, "committed_most": highest}).items():
        told = values.any(axis=1) | profile.startswith("committed")
        parts.grid.profile(profile, written[told], values[told])
    return written
