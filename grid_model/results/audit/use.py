"""What is told of every programme of demand response: its use, against its limits.

symbol  unit  what
C       MW    capability of a programme: its power; of charging the most on arrival in a step, and what vehicles lend
d, u    MW    reduced, orderly use and what vehicles lend included; added

    hours = sum of d dt / C;  calls = sum of max(d[t] - d[t-1], 0) / C;  payback = sum of u dt / sum of d dt
"""

from __future__ import annotations

import numpy as np

from grid_model.results.audit.response import base_charging

RELATIVE = 1e-9


def check_use(book, use, tables) -> None:
    """All laws of the tables `demand_response` and `demand_response_capability`."""
    table = (tables or {}).get("demand_response")
    if table is None:
        return
    charging = use.kind == "ev_charging"
    some = charging & (use.power > 0)  # vehicles without chargers can neither put off nor lend
    most = np.zeros(len(use.names))
    most[some] = base_charging(book, use, np.flatnonzero(some)).max(axis=1, initial=0.0) + use.number("return_power_mw")[some]
    capability = np.where(charging, most, use.power)
    reduced, added = np.nan_to_num(use.down) + np.nan_to_num(use.ordered), np.nan_to_num(use.added)
    day, days = book.case.time.normalize().factorize()
    in_day = (day[:, None] == np.arange(len(days))) * book.hours[:, None]
    called = np.maximum(np.diff(reduced, axis=1, prepend=0.0), 0.0).sum(axis=1)
    part = float((book.hours / np.where(book.case.time.is_leap_year, 8784.0, 8760.0)).sum())
    energy, more = reduced @ book.hours, added @ book.hours
    expected = {"capability_mw": capability, "reduced_mwh": energy, "added_mwh": more, "payback": _per(more, energy),
                "hours": _per(energy, capability), "most_hours_in_a_day": _per((reduced @ in_day).max(axis=1), capability),
                "max_hours_per_day": use.number("max_hours_per_day"), "calls": _per(called, capability),
                "max_calls": use.number("max_calls_per_year") * part, "max_energy_mwh": use.number("max_energy_mwh_per_year") * part}
    words = (table[["programme", "zone", "kind"]].to_numpy(object) == use.table[["programme", "zone", "kind"]].to_numpy(object))
    book.equal("programmes told as given", use.names, 1.0 - words.all(axis=1), unit="1", tolerance=0.0)
    _check_zones(book, use, capability, tables.get("demand_response_capability"))
    for name, values in expected.items():
        told = table[name].to_numpy(float)
        same = np.isnan(told) & np.isnan(values)
        book.equal(f"programmes: {name}", use.names, np.where(same, 0.0, told), np.where(same, 0.0, values), unit="1",
                   tolerance=RELATIVE * (1.0 + np.abs(np.nan_to_num(values))))


def _check_zones(book, use, capability, table) -> None:
    """Capability of each zone, orderly use left out, against the greatest load of its zone: of the year where that is given."""
    if table is None:
        return
    other = table["zone"].astype(str).to_numpy(object) != np.array([str(zone) for zone in book.case.zones], object)
    book.equal("programmes: zones told as given", book.case.zones, other.astype(float), unit="1", tolerance=0.0)
    zones, loads = len(book.case.zones), book.case.tables["loads"]["load"]
    counted = np.where(use.kind == "orderly_use", 0.0, capability)
    whole = book.sums(counted[:, None], book.zone_of("demand_response"), zones)[:, 0]
    of_case = book.sums(book.case.profile("load", loads, 0.0), book.zone_of("loads"), zones).max(axis=1)
    given = book.case.tables["zones"].set_index("zone")["peak_load_mw"].reindex(book.case.zones).to_numpy(float)
    peak = np.where(np.isnan(given), of_case, given)
    expected = {"capability_mw": whole, "maximum_load_mw": peak, "share": np.nan_to_num(_per(whole, peak))}
    for name, values in expected.items():
        book.equal(f"programmes: {name} of zones", table["zone"], table[name].fillna(0.0), values, unit="1",
                   tolerance=RELATIVE * (1.0 + np.abs(values)))


def _per(amount, unit) -> np.ndarray:
    return np.divide(amount, unit, out=np.full(np.shape(amount), np.nan), where=np.asarray(unit) > 0)
