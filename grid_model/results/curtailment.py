"""Curtailment by cause: of every MWh that was available and not taken, what kept it from being taken.

The rule asks what a dispatcher would ask, in this order; the first that holds is the cause. A corridor is full when it
sends all that the step lets it send. The reach of a zone is itself and every zone that it could send more power to,
over any number of corridors with room: whatever could have made room for the energy stands there or beyond.

    congestion      no more is curtailed than the grid inside the zone cannot take (local_congestion_fraction)
    storage_full    water that passes a turbine at full power: its reservoir is full, and no grid would take more of it
    congestion      the zone has corridors to send over, and all of them are full
    minimum_output  in its reach thermal plant stands at its floor: the least of what is online, must-run heat, and the
                    reserve downwards that it has sold on top
    ramping         in its reach thermal plant is above its floor and cannot come down further: it falls as fast as it
                    may, or must rise as fast as it may into the next step
    storage_full    in its reach a store holds all that it can hold at the end of the step
    congestion      corridors that lead out of its reach are full: its neighbours are shut in with it
    surplus         none of these: more energy than load and stores could take, or taking it cost more than it was worth

What thermal plant does comes before stores because a floor or a ramp holds energy back in every hour, a full store only
in the last of a sequence. A wider reach comes after the zone's own corridors, as these are what its dispatcher sees.
Source: docs/policy.md, section 1, which names the five causes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.results.dataset import counted_hours
from grid_model.technologies.heating import heating_floor
from grid_model.technologies.transmission import reverse_capacity

CAUSES = ("none", "congestion", "minimum_output", "ramping", "storage_full", "surplus")  # flag_values 0, 1, ...
CODE = {name: np.int8(code) for code, name in enumerate(CAUSES)}
NEAR = 1e-3  # MW or MWh: as near as a solver's tolerance leaves a limit
RELATIVE = 1e-6  # of the limit


def curtailment_cause(case, dispatch: xr.Dataset) -> xr.DataArray:
    """The cause of what each generator is curtailed in each step, as a flag; `none` where nothing is.

    Parameters
    ----------
    case : Case, for limits that are not in the dispatch: capacities by step, floors, ramps
    dispatch : Dataset of results, with `curtailment`
    """
    curtailed = np.nan_to_num(dispatch["curtailment"].values) > 0
    zone = pd.Index(dispatch["zone"].values).get_indexer(dispatch["generator_zone"].values)
    steps = np.flatnonzero(curtailed.any(axis=0))
    cause = np.zeros(curtailed.shape, np.int8)
    if len(steps):
        of_zone = _cause_of_zone(case, dispatch, steps)[zone]
        of_zone[_turbines_full(case, dispatch)[:, steps]] = CODE["storage_full"]
        of_zone[_kept_inside(case, dispatch)[:, steps]] = CODE["congestion"]
        cause[:, steps] = np.where(curtailed[:, steps], of_zone, CODE["none"])
    return xr.DataArray(cause, dims=("generator", "time"), attrs={
        "units": "1",
        "long_name": "why power that was available was not taken", "flag_values": np.arange(len(CAUSES), dtype=np.int8),
        "flag_meanings": " ".join(CAUSES), "cell_methods": "time: mean"})


def by_cause(dispatch: xr.Dataset) -> pd.DataFrame:
    """Curtailed energy by generator and cause: `generator, zone, technology, cause, curtailment_mwh`.

    Sums over causes are the curtailment of the dispatch; generators that are not curtailed have no row.
    """
    energy = np.nan_to_num(dispatch["curtailment"].values) * counted_hours(dispatch).values
    cause = dispatch["curtailment_cause"].values
    sums = np.stack([np.where(cause == code, energy, 0.0).sum(axis=1) for code in range(1, len(CAUSES))], axis=1)
    row, column = np.nonzero(sums > 0)
    return pd.DataFrame({
        "generator": dispatch["generator"].values[row], "zone": dispatch["generator_zone"].values[row],
        "technology": dispatch["technology"].values[row], "cause": np.asarray(CAUSES[1:], object)[column],
        "curtailment_mwh": sums[row, column]})


def _kept_inside(case, dispatch: xr.Dataset) -> np.ndarray:
    """Where no more is curtailed than the grid inside the zone cannot take, shape (generators, steps)."""
    part = case.tables["generators"].set_index("generator")["local_congestion_fraction"]
    kept = part.reindex(dispatch["generator"].values).to_numpy(float)[:, None] * np.nan_to_num(dispatch["available"].values)
    return (kept > 0) & (np.nan_to_num(dispatch["curtailment"].values) <= kept * (1 + 1e-6))


def _cause_of_zone(case, dispatch, steps: np.ndarray) -> np.ndarray:
    """What would be the cause of curtailment in each zone, shape (zones, steps)."""
    room, full = _corridors(case, dispatch, steps)
    reach = _reach(room)
    leads_out = (reach @ full.astype(np.float32) > 0) & ~reach.astype(bool)  # a full corridor from the reach to beyond
    at_floor, held_by_ramp = _thermal(case, dispatch, steps)
    full_store = _by_zone(dispatch, _stores_full(case, dispatch), "storage_zone")[:, steps]

    def within(zones: np.ndarray) -> np.ndarray:
        """Whether a property of zones holds somewhere in the reach of each, shape (zones, steps)."""
        return ((reach @ zones.T[:, :, None].astype(np.float32))[:, :, 0] > 0).T

    shut_in = full.any(axis=2).T & ~room.any(axis=2).T
    questions = {"congestion": shut_in, "minimum_output": within(at_floor), "ramping": within(held_by_ramp),
                 "storage_full": within(full_store), "congestion ": leads_out.any(axis=2).T}
    return np.select(list(questions.values()), [CODE[name.strip()] for name in questions], CODE["surplus"])


def _corridors(case, dispatch, steps) -> tuple[np.ndarray, np.ndarray]:
    """Where a corridor from one zone to another has room, and where one is full, (steps, zones, zones)."""
    zones = pd.Index(dispatch["zone"].values)
    room, full = (np.zeros((len(steps), len(zones), len(zones)), bool) for _ in range(2))
    if "flow" not in dispatch:
        return room, full
    table = case.tables["lines"].set_index("line").loc[dispatch["line"].values]
    part = case.profile("flow_limit", table.index, 1.0)[:, steps]
    flow = np.nan_to_num(dispatch["flow"].values[:, steps])
    start, end = (zones.get_indexer(table[name]) for name in ("from_zone", "to_zone"))
    reverse = reverse_capacity(table) * (table["min_flow_mw"] == 0)
    for origin, target, capacity, sent in ((start, end, table["capacity_mw"], flow), (end, start, reverse, -flow)):
        limit = capacity.to_numpy(float)[:, None] * part
        sending = limit > NEAR
        at_limit = _at_least(sent, limit)
        for kind, lines in ((room, sending & ~at_limit), (full, sending & at_limit)):
            line, step = np.nonzero(lines)
            kind[step, origin[line], target[line]] = True
    return room, full


def _at_least(values, limit) -> np.ndarray:
    """values >= limit, but for a solver's tolerance."""
    return values >= limit - NEAR - RELATIVE * np.abs(limit)


def _reach(room: np.ndarray) -> np.ndarray:
    """Zones that each zone could send more power to, itself among them, as ones, (steps, zones, zones)."""
    reach = (room | np.eye(room.shape[1], dtype=bool)).astype(np.float32)
    while True:
        wider = ((reach @ reach) > 0).astype(np.float32)
        if (wider == reach).all():
            return reach
        reach = wider


def _thermal(case, dispatch, steps) -> tuple[np.ndarray, np.ndarray]:
    """Zones with thermal plant at its floor, and with plant above it that its ramp keeps up, (zones, steps)."""
    if "online" not in dispatch:
        return (np.zeros((dispatch.sizes["zone"], len(steps)), bool),) * 2
    table = case.tables["generators"]
    capacity, hours = table["capacity_mw"].to_numpy(float)[:, None], dispatch["step_hours"].values
    online, started, stopped = (dispatch[name].values for name in ("online", "started", "stopped"))
    captured = np.nan_to_num(dispatch["captured"].values) / hours if "captured" in dispatch else 0.0
    output = dispatch["generation"].values + table["capture_energy_mwh_per_t"].fillna(0.0).to_numpy(float)[:, None] * captured
    available = dispatch["available"].values
    part = case.profile("min_output", table["generator"], table["min_output_fraction"].to_numpy(float))
    least = np.fmin(np.fmax(part * online, heating_floor(case, table) * capacity), available)
    floor = np.where(np.isnan(online), 0.0, np.fmin(least + _reserve_down(dispatch), available))
    ramps = [table[f"ramp_{way}_fraction_per_hour"].to_numpy(float)[:, None] * hours for way in ("down", "up")]
    stop, start = (table[f"{which}_output_fraction"].to_numpy(float)[:, None] for which in ("stop", "start"))
    stop, start = (np.where(np.isnan(told), np.fmax(part, ramp), told) for told, ramp in zip((stop, start), ramps))
    falls = ramps[0] * (online - started) + stop * stopped - part * started
    rises = ramps[1] * (online - started) + start * started - part * stopped
    before = np.column_stack([table["initial_output_mw"].to_numpy(float), output[:, :-1]])
    change = output - before
    held = _at_least(-change, falls)
    held[:, :-1] |= _at_least(change, rises)[:, 1:]
    runs = output > NEAR
    at_floor = runs & (floor > NEAR) & _at_least(-output, -floor)
    return tuple(_by_zone(dispatch, mask, "generator_zone")[:, steps] for mask in (at_floor, runs & held & ~at_floor))


def _reserve_down(dispatch) -> np.ndarray:
    """Reserve downwards of each generator, (generators, steps) [MW]."""
    if "reserve_down" not in dispatch:
        return np.zeros((dispatch.sizes["generator"], dispatch.sizes["time"]))
    return dispatch["reserve_down"].reindex(provider=dispatch["generator"].values, fill_value=0.0).values


def _stores_full(case, dispatch) -> np.ndarray:
    """Which stores hold all that they can at the end of each step, (stores, steps)."""
    if "state_of_charge" not in dispatch:
        return np.zeros((0, dispatch.sizes["time"]), bool)
    capacity = case.profile("max_level", dispatch["storage"].values, 1.0) * dispatch["energy_mwh"].values[:, None]
    return (capacity > NEAR) & _at_least(dispatch["state_of_charge"].values, capacity)


def _turbines_full(case, dispatch) -> np.ndarray:
    """Generators with a reservoir whose turbines run at full power, (generators, steps)."""
    table = case.tables["generators"]
    full = np.isin(table["generator"], case.tables["reservoirs"]["generator"])[:, None]
    most = case.profile("availability", table["generator"], table["max_output_fraction"].to_numpy(float))
    return full & _at_least(dispatch["generation"].values, most * table["capacity_mw"].to_numpy(float)[:, None])


def _by_zone(dispatch, mask: np.ndarray, zone_of: str) -> np.ndarray:
    """Zones in which the mask holds for any, (zones, steps)."""
    found = np.zeros((dispatch.sizes["zone"], dispatch.sizes["time"]), bool)
    if len(mask):
        np.logical_or.at(found, pd.Index(dispatch["zone"].values).get_indexer(dispatch[zone_of].values), mask)
    return found
