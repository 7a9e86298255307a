"""Demand response and orderly use: limits, calls, what is moved within its window, charging by its deadline.

symbol  unit  what
d       MW    reduced: by orderly use, or what is stored as down less what vehicles lend
u, r    MW    added; lent by vehicles
D       MW    power: power_mw or share_of_peak, in whole blocks
L       MW    the load of the programme's zone, or its one load
s       MW    newly called: max(d[t] - d[t-1], 0), nothing before the first step
q       MWh   owed by vehicles: q[t] = q[t-1] + (d - u + r / efficiency) dt
k       MWh   of it lent and not yet made good by charging: k[t] - k[t-1] from (r / efficiency - u) dt to r / efficiency dt
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from grid_model.results.audit.thermal_units import window_sums

NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Programmes:
    """Figures and use of all programmes, (programmes, steps) in MW."""

    names: np.ndarray
    table: pd.DataFrame
    kind: np.ndarray
    power: np.ndarray
    load: np.ndarray
    reduced: np.ndarray
    added: np.ndarray
    lent: np.ndarray
    ordered: np.ndarray
    down: np.ndarray

    def number(self, column: str) -> np.ndarray:
        return self.table[column].to_numpy(float)


def check_response(book) -> tuple[np.ndarray, Programmes]:
    """All laws of programmes; what they feed into each zone [MW]; their figures, for their cost."""
    programmes = _read(book)
    zones = len(book.case.zones)
    position = book.zone_of("demand_response")
    ordered = book.sums(programmes.ordered, position, zones)
    book.equal(
        "orderly use of a zone is the sum of its programmes",
        book.case.zones,
        book.stored("orderly_use", zones, len(programmes.names) > 0),
        ordered,
    )
    if len(programmes.names):
        _check_signs(book, programmes)
        _check_together(book, programmes, position)
        _check_calls(book, programmes)
        _check_shift(book, programmes)
        _check_charging(book, programmes)
    return book.sums(programmes.down + programmes.ordered - programmes.added, position, zones), programmes


def _read(book) -> Programmes:
    case, table = book.case, book.case.tables["demand_response"]
    names, kind = table["programme"].to_numpy(object), table["kind"].to_numpy(object)
    loads = case.tables["loads"]
    of_zones = book.sums(case.profile("load", loads["load"], 0.0), book.zone_of("loads"), len(case.zones))
    own = (table["load"] != "").to_numpy()
    load = np.where(own[:, None], case.profile("load", table["load"], 0.0), of_zones[book.zone_of("demand_response")])
    given_peak = case.tables["zones"]["peak_load_mw"].fillna(pd.Series(of_zones.max(axis=1))).to_numpy(float)
    peak = np.where(own, load.max(axis=1, initial=-np.inf), given_peak[book.zone_of("demand_response")])
    power = table["power_mw"].fillna(table["share_of_peak"] * np.maximum(peak, 0.0)).to_numpy(float)
    up, back = (table[f"{way}_share_of_peak"] * np.maximum(peak, 0.0) for way in ("up", "return"))
    table = table.assign(up_power_mw=table["up_power_mw"].fillna(up), return_power_mw=table["return_power_mw"] + back.fillna(0.0))
    block = table["step_mw"].to_numpy(float)
    power = np.where(np.isnan(block), power, np.floor(power / block * (1 + NEAR)) * block)
    down, added, lent, ordered = (
        book.stored(name, len(names))
        for name in ("demand_response_down", "demand_response_up", "demand_response_lent", "orderly_use_by_programme")
    )
    reduced = np.where((kind == "orderly_use")[:, None], ordered, down - lent)
    return Programmes(names, table, kind, power, np.maximum(load, 0.0), reduced, added, lent, ordered, down)


def _check_signs(book, use: Programmes) -> None:
    """Who may reduce, add, lend and order at all, and how much."""
    own_limit = ~np.isin(use.kind, ["ev_charging", "shift"])[:, None]
    movable = (use.kind == "shift") & (use.power > 0) & (_up_power(use) > 0)
    most = np.where(own_limit | movable[:, None], np.minimum(use.power[:, None], use.load), 0.0)
    some = use.kind != "ev_charging"
    book.between("reduction within power and load", use.names[some], 0.0, use.reduced[some], most[some])
    still = some & ~movable
    book.equal("no demand added", use.names[still], use.added[still])
    book.between(
        "added demand within its power", use.names[movable], 0.0, use.added[movable], _up_power(use)[movable, None]
    )
    lender = (use.kind == "ev_charging") & (use.power > 0) & (use.number("return_power_mw") > 0)
    book.equal("nothing lent", use.names[~lender], use.lent[~lender])
    book.between(
        "lent within its power", use.names[lender], 0.0, use.lent[lender], use.number("return_power_mw")[lender, None]
    )
    ordered = use.kind == "orderly_use"
    book.equal("orderly use is no demand response", use.names[ordered], use.down[ordered])
    book.equal("demand response is no orderly use", use.names[~ordered], use.ordered[~ordered])


def _up_power(use: Programmes) -> np.ndarray:
    given = use.number("up_power_mw")
    return np.where(np.isnan(given), use.power, given)


def _check_together(book, use: Programmes, position) -> None:
    """What is not served and what all programmes reduce, orderly use included, are parts of the load of a zone, and of one
    load; a load that injects has none."""
    loads, zones = book.case.tables["loads"], len(book.case.zones)
    names = pd.Index(loads["load"])
    load = np.maximum(book.case.profile("load", names, 0.0), 0.0)
    unserved = book.stored("unserved_demand", len(names))
    book.at_most("unserved and reduced within the load of the zone", book.case.zones,
                 book.sums(unserved, book.zone_of("loads"), zones) + book.sums(use.reduced, position, zones),
                 book.sums(load, book.zone_of("loads"), zones), tolerance=2 * book.power)
    of = names.get_indexer(use.table["load"])
    reduced = book.sums(use.reduced[of >= 0], of[of >= 0], len(names))
    named = np.unique(of[of >= 0])
    book.at_most("unserved and reduced within the one load", names.to_numpy(object)[named], (unserved + reduced)[named], load[named],
                 tolerance=2 * book.power)


def _check_calls(book, use: Programmes) -> None:
    """Hours of a day, energy and calls of a year in proportion to the horizon, least rest and least length."""
    called = np.flatnonzero((use.kind != "ev_charging") & (use.power > 0))
    names, reduced, power, table = use.names[called], use.reduced[called], use.power[called], use.table.iloc[called]
    part = float((book.hours / np.where(book.case.time.is_leap_year, 8784.0, 8760.0)).sum())
    day, days = book.case.time.normalize().factorize()
    in_day = (day[:, None] == np.arange(len(days))) * book.hours[:, None]
    column = {
        name: table[name].to_numpy(float)
        for name in (
            "max_hours_per_day",
            "max_energy_mwh_per_year",
            "max_calls_per_year",
            "min_rest_hours",
            "min_call_hours",
        )
    }
    some = _known(column["max_hours_per_day"])
    book.at_most(
        "hours of a day",
        names[some],
        reduced[some] @ in_day,
        (column["max_hours_per_day"] * power)[some, None],
        unit="MWh",
        moments=days,
        tolerance=2 * book.energy,
    )
    some = _known(column["max_energy_mwh_per_year"])
    book.at_most(
        "energy of a year",
        names[some],
        reduced[some] @ book.hours,
        column["max_energy_mwh_per_year"][some] * part,
        unit="MWh",
        tolerance=2 * book.energy,
    )
    started = np.maximum(np.diff(reduced, axis=1, prepend=0.0), 0.0)
    many = 10 * book.power
    some = _known(column["max_calls_per_year"])
    most = np.maximum(column["max_calls_per_year"] * part, 0.0) * power
    book.at_most("calls of a year", names[some], started[some].sum(axis=1), most[some], tolerance=many)
    recent, on_before = _windows(book, started, reduced, column["min_rest_hours"])
    some = column["min_rest_hours"] > 0
    book.at_most("least rest between calls", names[some], (recent + on_before)[some], power[some, None], tolerance=many)
    recent, _ = _windows(book, started, reduced, column["min_call_hours"])
    some = column["min_call_hours"] > 0
    book.at_most("least length of a call", names[some], recent[some], reduced[some], tolerance=many)


def _known(limit: np.ndarray) -> np.ndarray:
    return np.flatnonzero(~np.isnan(limit))


def _windows(book, started, reduced, hours) -> tuple[np.ndarray, np.ndarray]:
    """What was newly called within each row's hours before each step, and what was called just before that window."""
    start = np.cumsum(book.hours) - book.hours
    border = np.pad(reduced, ((0, 0), (1, 0)))
    first = np.minimum(np.searchsorted(start, start - hours[:, None] + NEAR, "right"), np.arange(book.steps))
    return window_sums(started, book.hours, hours), np.take_along_axis(border, first, axis=1)


def _check_shift(book, use: Programmes) -> None:
    """What is reduced is used at most the window earlier or later, and all of it by the end; one direction at a
    time."""
    some = np.flatnonzero((use.kind == "shift") & (use.power > 0) & (_up_power(use) > 0))
    if not len(some):
        return
    names, efficiency = (
        use.names[some],
        np.where(np.isnan(use.number("efficiency")), 1.0, use.number("efficiency"))[some, None],
    )
    moved = np.cumsum(use.reduced[some] * book.hours, axis=1)
    returned = np.cumsum(efficiency * use.added[some] * book.hours, axis=1)
    start = np.cumsum(book.hours) - book.hours
    latest = np.searchsorted(start, start + use.number("window_hours")[some, None] + NEAR, "right") - 1
    later = [np.take_along_axis(values, latest, axis=1) for values in (moved, returned)]
    many = 10 * book.energy
    book.at_most("moved demand returns within its window", names, moved, later[1], unit="MWh", tolerance=many)
    book.at_most(
        "demand used before is reduced within the window", names, returned, later[0], unit="MWh", tolerance=many
    )
    book.equal(
        "all that is moved returns",
        names,
        moved[:, -1:],
        returned[:, -1:],
        unit="MWh",
        tolerance=many,
        moments=book.case.time[-1:],
    )
    most, up = use.power[some, None], _up_power(use)[some, None]
    book.at_most(
        "moved in one direction",
        names,
        use.reduced[some] + use.added[some] * most / up,
        most,
        tolerance=2 * book.power * (1 + most / up),
    )


def _check_charging(book, use: Programmes) -> None:
    """Charging is put off and made up for by the deadline, within the chargers' power, and lent energy comes back."""
    some = np.flatnonzero(use.kind == "ev_charging")
    if not len(some):
        return
    names, power = use.names[some], use.power[some, None]
    reduced, added, lent = use.reduced[some], use.added[some], use.lent[some]
    base = np.where(power > 0, base_charging(book, use, some), 0.0)
    room = np.where(power > 0, np.maximum(power - base, 0.0), 0.0)
    book.between("charging put off within what is asked for", names, 0.0, reduced, base)
    book.between("charging made up for within the chargers' power", names, 0.0, added, room)
    efficiency = np.where(np.isnan(use.number("efficiency")), 1.0, use.number("efficiency"))[some, None]
    owed = np.cumsum((reduced - added + lent / efficiency) * book.hours, axis=1)
    most, due = _most_put_off(book, use, some, base)
    lendable = np.where((use.number("return_power_mw") > 0) & (use.power > 0), use.number("return_energy_mwh"), 0.0)
    room = np.where(due, 0.0, lendable[some, None])
    book.between("energy owed to vehicles", names, 0.0, owed, most + room, unit="MWh", tolerance=10 * book.energy)
    borrowed, charged = lent / efficiency * book.hours, added * book.hours
    book.at_most("what is put off and what is lent each within its limit", names, *_debt(owed, borrowed, charged, most, room),
                 unit="MWh", tolerance=20 * book.energy)
    lender = np.flatnonzero(use.number("return_power_mw")[some] > 0)
    charger, most = np.maximum(base, power)[lender], use.number("return_power_mw")[some][lender, None]
    book.at_most(
        "vehicles charge or lend",
        names[lender],
        (base - reduced + added)[lender] * most / np.maximum(charger, 1e-12) + lent[lender],
        most,
        tolerance=2 * book.power * (1 + most / np.maximum(charger, 1e-12)),
    )


def base_charging(book, use: Programmes, some) -> np.ndarray:
    """Charging on arrival: the load, the part of it that has the day's energy, or that energy evenly [MW]."""
    load, daily = use.load[some], use.number("energy_mwh_per_day")[some, None] / 24
    own = (use.table["load"] != "").to_numpy()[some, None]
    mean = (load @ book.hours / book.hours.sum())[:, None]
    part = np.divide(daily, mean, out=np.zeros_like(mean), where=mean > 0)
    return np.where(
        own, load * np.where(np.isnan(daily), 1.0, np.minimum(part, 1.0)), np.minimum(np.nan_to_num(daily), load)
    )


def _debt(owed, borrowed, charged, most_put_off, most_lent) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that k may be at the end of each step, as it was at least and at most before: 0 <= k <= most_lent,
    0 <= q - k <= most_put_off. A way to tell the two apart exists if and only if the least is never above the most."""
    least, most = np.zeros_like(owed), np.zeros_like(owed)
    low = high = np.zeros(len(owed))
    for step in range(owed.shape[1]):
        low = np.maximum.reduce([low + borrowed[:, step] - charged[:, step], np.zeros(len(owed)), owed[:, step] - most_put_off[:, step]])
        high = np.minimum.reduce([high + borrowed[:, step], most_lent[:, step], owed[:, step]])
        least[:, step], most[:, step] = low, high
    return least, most


def _most_put_off(book, use: Programmes, some, base) -> tuple[np.ndarray, np.ndarray]:
    """Asked for since the last deadline and within the window, nothing at a deadline and the end [MWh]; and where that is."""
    begin = np.cumsum(book.hours) - book.hours
    clock = book.case.time[0].hour + book.case.time[0].minute / 60 + begin
    deadline = np.nan_to_num(use.number("deadline_hour"))[some, None]
    due = np.floor((clock + book.hours - deadline) / 24 + NEAR) > np.floor((clock - deadline) / 24 + NEAR)
    due[:, -1] = True
    since = np.maximum.accumulate(np.where(due, np.arange(1, book.steps + 1), 0), axis=1)
    window = use.number("window_hours")[some, None]
    first = np.searchsorted(begin, begin[None, :] - np.where(np.isnan(window), np.inf, window) - NEAR, "left")
    until = np.pad(np.cumsum(base * book.hours, axis=1), ((0, 0), (1, 0)))
    asked = until[:, 1:] - np.take_along_axis(until, np.maximum(since, first), axis=1)
    return np.where(due, 0.0, asked), due
