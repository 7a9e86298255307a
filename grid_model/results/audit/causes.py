"""Causes of curtailment, found once more from what is stored: what kept each MWh from being taken, and the table of it.

The first that holds for a generator of zone z is its cause. R are z and the zones that power could still be sent to from
it, over any number of corridors with room; a corridor is full that sends all it may in the step.

    inside    what is curtailed is no more than the grid inside the zone cannot take   congestion
    lake      a turbine runs at full power and its lake spills                         storage_full
    shut      corridors lead out of z, and all of them are full                        congestion
    floor     thermal plant in R gives no more than it must                            minimum_output
    ramp      thermal plant in R must give more than that, for its ramp down, or up into the next step   ramping
    full      a store in R holds all it can at the end of the step                     storage_full
    fenced    a full corridor leads out of R                                           congestion
    else                                                                               surplus

What thermal plant must give: the floor of what is online or heat, and the reserve downwards that it sells, at most what
is available. Its ramp: U of what runs on, and of what starts or stops the told level, else max(f, U); f for what does the
opposite. A limit is reached to 1e-3 MW (MWh) and 1e-6 of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.audit.thermal_units import heating_season

NONE, CONGESTION, FLOOR, RAMP, FULL, SURPLUS = range(6)  # the flags of the dispatch
WORDS = ("none", "congestion", "minimum_output", "ramping", "storage_full", "surplus")
NEAR, RELATIVE = 1e-3, 1e-6  # MW or MWh; of a limit


def check_causes(book, plants, tables) -> None:
    """One cause for every MWh that is curtailed, none where nothing is; the table sums them by generator and cause."""
    every = len(plants.names)
    if not every or "curtailment" not in book.dispatch:
        return
    lost, stored = book.stored("curtailment", every), book.stored("curtailment_cause", every)
    steps = np.flatnonzero((lost > 0).any(axis=0))
    expected = np.zeros(lost.shape)
    if len(steps):
        expected[:, steps] = np.where(lost[:, steps] > 0, _causes(book, plants, lost, steps), NONE)
    book.equal("cause of curtailment", plants.names, stored, expected, unit="1", tolerance=0.0)
    if tables is not None and "curtailment" in tables:
        _check_table(book, plants.names, np.nan_to_num(lost) * book.counted, expected, tables["curtailment"])


def _check_table(book, names, energy, cause, table) -> None:
    told = table.groupby(["generator", "cause"])["curtailment_mwh"].sum()
    known = pd.MultiIndex.from_product([[str(name) for name in names], WORDS[1:]])
    found = np.stack([np.where(cause == code, energy, 0.0).sum(axis=1) for code in range(1, len(WORDS))], axis=1)
    tolerance = 10 * book.energy
    book.equal("curtailed energy by cause", names, told.reindex(known, fill_value=0.0).to_numpy().reshape(found.shape), found,
               unit="MWh", tolerance=tolerance, moments=WORDS[1:])
    book.equal("curtailed energy by cause", ["others"], [told.sum()], [energy[cause > NONE].sum()], unit="MWh", tolerance=tolerance)


def _causes(book, plants, lost, steps) -> np.ndarray:
    """The cause that each generator would have in each of these steps."""
    room, full = _corridors(book, steps)
    reach, filled = _reach(room), np.packbits(full, axis=-1)
    held_at, held_above = _must_give(book, plants)
    zones, own = len(book.case.zones), book.zone_of("generators")

    def within(units: np.ndarray, zone_of: np.ndarray) -> np.ndarray:
        """Whether one of the units that the mask names stands within the reach of each zone, (zones, steps)."""
        here = np.packbits(book.sums(units[:, steps].astype(float), zone_of, zones) > 0, axis=-1)
        return _unpacked(np.bitwise_or.reduce(reach & here[None], axis=1), len(steps))

    fenced = np.zeros(reach.shape[1:], np.uint8)
    for border, beyond in np.argwhere(full.any(axis=-1)):
        fenced |= reach[:, border] & filled[border, beyond] & ~reach[:, beyond]
    asked = {CONGESTION: full.any(axis=1) & ~room.any(axis=1), FLOOR: within(held_at, own), RAMP: within(held_above, own),
             FULL: within(_full_stores(book), book.zone_of("storage"))}
    cause = np.select([*asked.values(), _unpacked(fenced, len(steps))], [*asked, CONGESTION], SURPLUS)[own]
    lake = (plants.group == "reservoir")[:, None] & _reached(plants.output, plants.greatest)
    inside = plants.table["local_congestion_fraction"].to_numpy(float)[:, None] * plants.available
    inside = (inside > 0) & (lost <= inside * (1 + RELATIVE))
    return np.select([inside[:, steps], lake[:, steps]], [CONGESTION, FULL], cause)


def _reached(values, limit) -> np.ndarray:
    return values >= limit - NEAR - RELATIVE * np.abs(limit)


def _corridors(book, steps) -> tuple[np.ndarray, np.ndarray]:
    """Whether a corridor from one zone to another has room, and whether one is full, (from, to, steps)."""
    table, zones = book.case.tables["lines"], len(book.case.zones)
    room, full = (np.zeros((zones, zones, len(steps)), bool) for _ in range(2))
    flow = np.nan_to_num(book.stored("flow", len(table), expected=False))[:, steps]
    part = book.case.profile("flow_limit", table["line"], 1.0)[:, steps]
    ahead = table["capacity_mw"].to_numpy(float)
    back = np.where(table["min_flow_mw"] > 0, 0.0, table["reverse_capacity_mw"].fillna(table["capacity_mw"]))
    start, end = book.zone_of("lines", "from_zone"), book.zone_of("lines", "to_zone")
    for way in ((start, end, ahead[:, None] * part, flow), (end, start, back[:, None] * part, -flow)):
        origin, target, most, sent = way
        there, filled = most > NEAR, _reached(sent, most)
        np.logical_or.at(room, (origin, target), there & ~filled)
        np.logical_or.at(full, (origin, target), there & filled)
    return room, full


def _reach(room) -> np.ndarray:
    """Which zones power could be sent to from which, over zones between them (Warshall), a bit for each step, (from, to,
    bytes of steps): hundreds of zones are compared with each other for eight steps at once."""
    reach = np.packbits(room | np.eye(len(room), dtype=bool)[:, :, None], axis=-1)
    for between in range(len(room)):
        reach |= reach[:, between, None] & reach[None, between]
    return reach


def _unpacked(bits, steps: int) -> np.ndarray:
    return np.unpackbits(bits, axis=-1, count=steps).astype(bool)


def _must_give(book, plants) -> tuple[np.ndarray, np.ndarray]:
    """Thermal plant that gives what it must anyway, and that which its ramp keeps above it, (generators, steps)."""
    table, output, every = plants.table, plants.gross, len(plants.names)
    running = (plants.group == "thermal")[:, None] & (output > NEAR)
    online, started, stopped = (np.nan_to_num(book.stored(name, every, False)) for name in ("online", "started", "stopped"))
    least = book.case.profile("min_output", plants.names, table["min_output_fraction"].to_numpy(float))
    heat = np.where(heating_season(book.case)[book.zone_of("generators")], table["heating_floor_fraction"].to_numpy(float)[:, None], 0.0)
    must = np.maximum(least * online, heat * plants.capacity[:, None]) + _sold(book, plants)
    must = np.minimum(must, plants.available)
    at_floor = running & (must > NEAR) & _reached(-output, -must)
    up, down = (table[f"ramp_{way}_fraction_per_hour"].to_numpy(float)[:, None] * book.hours for way in ("up", "down"))
    begin, end = (np.where(np.isnan(told := table[f"{which}_output_fraction"].to_numpy(float)[:, None]), np.fmax(least, ramp), told)
                  for which, ramp in (("start", up), ("stop", down)))
    before = np.column_stack([table["initial_output_mw"].to_numpy(float), output[:, :-1]])
    fallen = _reached(before - output, down * (online - started) + end * stopped - least * started)
    risen = _reached(output - before, up * (online - started) + begin * started - least * stopped)
    rising = np.column_stack([risen[:, 1:], np.zeros(every, bool)])
    return at_floor, running & (fallen | rising) & ~at_floor


def _sold(book, plants) -> np.ndarray:
    """Reserve downwards of each generator [MW]."""
    if "reserve_down" not in book.dispatch:
        return np.zeros(plants.output.shape)
    sold = pd.DataFrame(book.dispatch["reserve_down"].values, book.dispatch["provider"].values.astype(str))
    return sold.reindex(plants.names.astype(str), fill_value=0.0).to_numpy(float)


def _full_stores(book) -> np.ndarray:
    table = book.case.tables["storage"]
    most = book.case.profile("max_level", table["storage"], 1.0) * table["energy_mwh"].to_numpy(float)[:, None]
    return (most > NEAR) & _reached(book.stored("state_of_charge", len(table)), most)
