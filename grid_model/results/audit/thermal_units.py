"""Thermal plant: output of what is online, starts and stops, least times, ramps, floors for heat, emissions and
capture.

symbol  unit  what
o, x, y MW    online, started, stopped:  o[t] = o[t-1] + x[t] - y[t]
f, a    1     least and greatest output of what is online
g       MW    generation before what capture uses: f o <= g <= a o, g >= heat
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NEAR = 1e-9
RULED = ("start_cost_cny_per_mw", "stop_cost_cny_per_mw", "no_load_cost_cny_per_mwh", "min_up_hours", "min_down_hours")


def check_thermal(book, plants) -> np.ndarray:
    """All laws of thermal plant; what starts, stops and stands by costs, three of (generators, steps) [CNY]."""
    rows = plants.of("thermal")
    every = len(plants.names)
    cost = np.zeros((3, every, book.steps))
    if not len(rows):
        return cost
    unit = _Units(book, plants, rows)
    _check_limits(book, unit)
    _check_switching(book, unit)
    _check_ramps(book, unit)
    _check_carbon(book, plants, rows)
    weight = np.asarray(book.case.cost_hours, float) / book.hours
    for at, (column, power) in enumerate((
            ("start_cost_cny_per_mw", unit.started * weight), ("stop_cost_cny_per_mw", unit.stopped * weight),
            ("no_load_cost_cny_per_mwh", np.where(unit.committed[:, None], unit.online, 0.0) * book.case.cost_hours))):
        cost[at, rows] = unit.table[column].to_numpy(float)[:, None] * power
    return cost


class _Units:
    """Figures of the thermal units, (units, steps) in MW, and fractions of capacity."""

    def __init__(self, book, plants, rows):
        self.names, self.table, self.capacity = plants.names[rows], plants.table.iloc[rows], plants.capacity[rows]
        self.gross, self.greatest, self.floor = plants.gross[rows], plants.greatest[rows], plants.floor[rows]
        self.available = plants.available[rows]
        every = len(plants.names)
        self.online, self.started, self.stopped = (
            book.stored(name, every)[rows] for name in ("online", "started", "stopped")
        )
        heat = self.table["heating_floor_fraction"].to_numpy(float)[:, None] * self.capacity[:, None]
        self.heat = np.minimum(
            np.where(heating_season(book.case)[book.zone_of("generators")[rows]], heat, 0.0), self.greatest
        )
        size = np.where(self.capacity > 0, self.capacity, 1.0)[:, None]
        self.most, self.least = self.greatest / size, self.floor / size
        ruled = (self.table[list(RULED)] > 0).any(axis=1).to_numpy()
        self.given_online = self.table["initial_online_mw"].to_numpy(float)
        standing = self.table["no_load_cost_cny_per_mwh"].to_numpy(float) > 0
        matters = (self.floor > 0).any(axis=1) | ~np.isnan(self.given_online) | standing
        self.committed = ruled & matters & (self.capacity > 0)
        self.before = np.column_stack(
            [self.online[:, 0] - self.started[:, 0] + self.stopped[:, 0], self.online[:, :-1]]
        )


def heating_season(case) -> np.ndarray:
    """Whether each step's day is in the heating season of each zone, (zones, steps); both days of the season
    are in it."""
    days = case.time.month.to_numpy() * 100 + case.time.day.to_numpy()
    zones = case.tables["zones"]
    if "heating_start" not in zones:
        return np.zeros((len(zones), len(days)), bool)
    first, last = (
        pd.to_numeric(zones[name].astype(str).str.replace("-", ""), errors="coerce").to_numpy(float)[:, None]
        for name in ("heating_start", "heating_end")
    )
    after, before = days >= first, days <= last
    return np.where(first > last, after | before, after & before)


def _check_limits(book, unit) -> None:
    book.equal("available as given", unit.names, unit.available, unit.greatest)
    book.between("online within capacity", unit.names, 0.0, unit.online, unit.capacity[:, None])
    fixed = ~unit.committed
    book.equal(
        "online without commitment is the capacity", unit.names[fixed], unit.online[fixed], unit.capacity[fixed, None]
    )
    book.between("generation within its limits", unit.names, unit.heat, unit.gross, unit.greatest)
    book.between(
        "generation within the limits of what is online",
        unit.names,
        unit.least * unit.online,
        unit.gross,
        unit.most * unit.online,
    )


def _check_switching(book, unit) -> None:
    some = np.flatnonzero(unit.committed)
    none = np.flatnonzero(~unit.committed)
    names, capacity, online = unit.names[some], unit.capacity[some], unit.online[some]
    started, stopped, before = unit.started[some], unit.stopped[some], unit.before[some]
    for law, values in (("started", unit.started), ("stopped", unit.stopped)):
        book.between(f"{law} within capacity", names, 0.0, values[some], capacity[:, None])
        book.equal(f"{law} without commitment", unit.names[none], values[none])
    book.equal("online changes by what starts and stops", names, online, before + started - stopped)
    given, table = unit.given_online[some], unit.table.iloc[some]
    least = np.where(np.isnan(given), table["initial_output_mw"].fillna(0.0).to_numpy(float), given)
    book.between("online at the start as given", names, least, before[:, 0], np.where(np.isnan(given), capacity, given))
    _check_hold(book, table, names, capacity, online, given)
    _check_least_times(book, table, "min_up_hours", "least time up", names, started, online)
    _check_least_times(book, table, "min_down_hours", "least time down", names, stopped, capacity[:, None] - online)


def _check_hold(book, table, names, capacity, online, given) -> None:
    """What was online, or was not, just before the horizon stays so for as long as it must."""
    within = np.cumsum(book.hours) - book.hours < table["initial_hold_hours"].to_numpy(float)[:, None] - NEAR
    held = (table["initial_hold_hours"] > 0).to_numpy() & ((given == 0) | (given >= capacity))
    book.equal("online is held at the start", names[held], np.where(within, online - given[:, None], 0.0)[held])


def _check_least_times(book, table, column, law, names, switched, staying) -> None:
    """What was switched less than the least time ago is still in its state."""
    hours = table[column].to_numpy(float)
    recent = window_sums(switched, book.hours, hours)
    chosen = hours > 0
    book.at_most(law, names[chosen], recent[chosen], staying[chosen], tolerance=2 * book.power)


def window_sums(values: np.ndarray, step_hours: np.ndarray, window_hours: np.ndarray) -> np.ndarray:
    """Sum of each row over the steps that began less than its window before each step, that step among them."""
    start = np.cumsum(step_hours) - step_hours
    until = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    sums = np.empty(values.shape)
    for hours in np.unique(window_hours):
        first = np.minimum(np.searchsorted(start, start - hours + NEAR, "right"), np.arange(len(start)))
        rows = window_hours == hours
        sums[rows] = until[rows, 1:] - until[rows][:, first]
    return sums


def _check_ramps(book, unit) -> None:
    """Rise and fall of what runs on, and of what starts and stops at its own levels; a profile that forces more
    prevails."""
    table, fixed = unit.table, ~unit.committed
    output, given = table["initial_output_mw"].to_numpy(float), unit.given_online
    output = np.where(unit.committed & (given == 0), 0.0, output)
    size = np.where(fixed, np.where(unit.capacity > 0, unit.capacity, 1.0), np.where(given > 0, given, np.nan))
    share = output / size
    least = np.where(
        fixed[:, None],
        np.maximum(unit.least, unit.heat / np.where(unit.capacity > 0, unit.capacity, 1.0)[:, None]),
        unit.least,
    )
    lowest = np.where(fixed, np.nan_to_num(share), np.fmin(table["min_output_fraction"].to_numpy(float), share))
    before_least = np.column_stack([lowest, least[:, :-1]])
    before_most = np.column_stack([np.where(np.isnan(share), 1.0, share), unit.most[:, :-1]])
    forced_fall = np.column_stack([before_most[:, :1] - unit.most[:, :1], before_least[:, 1:] - unit.most[:, 1:]])
    up, down = (table[f"ramp_{way}_fraction_per_hour"].to_numpy(float)[:, None] * book.hours for way in ("up", "down"))
    rise = np.minimum(np.fmax(np.nan_to_num(up, nan=1.0), least - before_most), 1.0)  # no ramp is more than all of it
    fall = np.minimum(np.fmax(np.nan_to_num(down, nan=1.0), forced_fall), 1.0)
    at_start = np.minimum(unit.most, np.maximum(least, rise))
    at_stop = np.minimum(before_most, np.maximum(before_least, fall))
    at_start, at_stop = (np.where(np.isnan(told := table[f"{which}_output_fraction"].to_numpy(float)[:, None]), level, told)
                         for which, level in (("start", at_start), ("stop", at_stop)))
    net = (table["ramp_of"] == "net").to_numpy()[:, None]
    drop, lift = np.where(net, at_start - rise, before_least), np.where(net, at_stop - fall, least)
    earlier = np.column_stack([output, unit.gross[:, :-1]])
    change = unit.gross - earlier
    running = unit.before - unit.stopped
    most_rise = rise * running + at_start * unit.started - drop * unit.stopped
    most_fall = fall * running + at_stop * unit.stopped - lift * unit.started
    known = ~np.isnan(output)
    for law, values, limit in (("ramp up", change, most_rise), ("ramp down", -change, most_fall)):
        book.at_most(law, unit.names, values[:, 1:], limit[:, 1:], tolerance=2 * book.power, moments=book.case.time[1:])
        book.at_most(
            f"{law} from the given output",
            unit.names[known],
            values[known, :1],
            limit[known, :1],
            tolerance=2 * book.power,
        )


def _check_carbon(book, plants, rows) -> None:
    names, table, captured = plants.names[rows], plants.table.iloc[rows], plants.captured[rows]
    produced = table["emissions_t_per_mwh"].to_numpy(float)[:, None] * plants.gross[rows] * book.hours
    book.between(
        "captured within the capture rate",
        names,
        0.0,
        captured,
        table["capture_rate"].to_numpy(float)[:, None] * produced,
        unit="tCO2",
        tolerance=2 * book.energy,
    )
    others = np.delete(np.arange(len(plants.names)), rows)
    book.equal(
        "nothing captured by others",
        plants.names[others],
        book.stored("captured", len(plants.names))[others],
        unit="tCO2",
    )
    emitted = np.zeros(plants.output.shape)
    emitted[rows] = produced - captured
    book.equal(
        "emissions",
        plants.names,
        book.stored("emissions", len(plants.names)),
        emitted,
        unit="tCO2",
        tolerance=2 * book.energy,
    )
