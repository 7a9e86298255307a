"""Self-use storage: dispatched as its own schedule but in tight hours and the time after, and what is told of it.

symbol  unit     what
n       MW       stored schedule, discharge less charge
e'      MWh      level of the schedule: e'[t] = kept e'[t-1] + eta_c max(-n, 0) dt - max(n, 0) dt / eta_d
p       CNY/MWh  tariff of the zone

    d - c = n                              outside tight hours and the time after
    d <= max(n, 0),  c >= max(-n, 0)       in the time after a tight hour
    e = e'                                 at the end of that time
    value of the schedule = sum of p n dt

A schedule that charges while it discharges, to run its cycles, is known by its sums alone: its level does not follow from n.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.results.audit.stores import powers, start_of

WIDE_GAP, WIDE_RATIO, RATIO = 0.4, 4.0, 3.0  # NDRC notice 1093 of 2021, where a zone has no tariff
RELATIVE = 1e-9


def check_self_use(book, tables, policies) -> None:
    """All laws of `self_use_schedule` and the table `self_use`."""
    table, settings = (tables or {}).get("self_use"), (policies or {}).get("self_use")
    if table is None or settings is None or "self_use_schedule" not in book.dispatch:
        return
    every = book.case.tables["storage"]
    own = (every["call"] == "self_use").to_numpy()
    stored = book.stored("self_use_schedule", len(every))
    book.equal("self-use: a schedule for its stores alone", every["storage"], np.isnan(stored).astype(float),
               np.broadcast_to(~own[:, None], stored.shape), unit="1", tolerance=0.0)
    stores, net = every[own].reset_index(drop=True), stored[own]
    names = stores["storage"].to_numpy(object)
    most_in, most_out = powers(stores)
    book.between("self-use: schedule within the limits of the store", names, -most_in[:, None], net, most_out[:, None])
    tight, released = _times(book, stores, settings)
    told = table.drop_duplicates("storage").set_index("storage").reindex(names)
    into = np.maximum(-net, 0.0) @ book.hours
    steady = np.abs(told["scheduled_charge_mwh"].to_numpy(float) - into) <= 10 * book.energy + 1e-6 * into
    _check_dispatch(book, stores, own, net, released, released & ~tight, steady)
    _check_table(book, told, own, net, tight, steady)


def _times(book, stores, settings) -> tuple[np.ndarray, np.ndarray]:
    """Steps that are tight for each store, and those up to the end of the time after."""
    time, tight = book.case.time, np.zeros((len(stores), book.steps), bool)
    days, hours = pd.DatetimeIndex([pd.Timestamp(day) for day in settings["tight_dates"]]), list(settings["tight_hours"])
    declared = np.full(book.steps, bool(len(days) or hours))
    declared &= time.normalize().isin(days) if len(days) else True
    declared &= time.hour.isin(hours) if hours else True
    for zone in stores["zone"].unique():
        tightest = np.argsort(-_net_load(book, zone), kind="stable")[: round(settings["tight_share"] * book.steps)]
        tight[(stores["zone"] == zone).to_numpy()] = declared | np.isin(np.arange(book.steps), tightest)
    ends = np.cumsum(book.hours)
    last = np.maximum.accumulate(np.where(tight, ends, -np.inf), axis=1)
    return tight, ends - book.hours < last + settings["recovery_hours"] - 1e-9


def _check_dispatch(book, stores, own, net, released, after, steady) -> None:
    names, every = stores["storage"].to_numpy(object), len(own)
    charge, discharge, level = (book.stored(name, every)[own] for name in ("charge", "discharge", "state_of_charge"))
    book.equal("self-use: dispatched as scheduled", names, np.where(released, 0.0, discharge - charge), np.where(released, 0.0, net),
               tolerance=2 * book.power)
    book.at_most("self-use: no more discharge than scheduled after a tight hour", names, np.where(after, discharge, 0.0),
                 np.where(after, np.maximum(net, 0.0), 0.0))
    book.at_most("self-use: no less charge than scheduled after a tight hour", names, np.where(after, np.maximum(-net, 0.0), 0.0),
                 np.where(after, charge, 0.0))
    into, out = (stores[name].to_numpy(float)[:, None] for name in ("charge_efficiency", "discharge_efficiency"))
    kept = (1 - book.case.profile("level_loss", names, stores["loss_fraction_per_hour"])) ** book.hours
    gain = book.hours * (into * np.maximum(-net, 0.0) - np.maximum(net, 0.0) / out)
    scheduled, before = np.empty(net.shape), start_of(stores, level)
    for step in range(book.steps):
        before = scheduled[:, step] = kept[:, step] * before + gain[:, step]
    back = released & ~np.column_stack([released[:, 1:], np.zeros(len(names), bool)]) & steady[:, None]
    slack = 2 * book.energy * np.sqrt(np.arange(1, book.steps + 1))  # of a level that is summed up from its start
    book.equal("self-use: back on schedule", names, np.where(back, level, 0.0), np.where(back, scheduled, 0.0), unit="MWh", tolerance=slack)


def _check_table(book, told, own, net, tight, steady) -> None:
    every, names, hours = len(own), told.index.to_numpy(object), book.hours
    charge, discharge = (book.stored(name, every)[own] for name in ("charge", "discharge"))
    into, out = np.maximum(-net, 0.0) @ hours, np.maximum(net, 0.0) @ hours
    told_in, told_out = (told[f"scheduled_{way}_mwh"].to_numpy(float) for way in ("charge", "discharge"))
    figures = {"charge_mwh": charge @ hours, "discharge_mwh": discharge @ hours, "tight_hours": tight @ hours,
               "called_mwh": np.where(tight, np.maximum(discharge - charge - net, 0.0), 0.0) @ hours,
               "scheduled_charge_mwh": np.where(steady, into, told_in), "scheduled_discharge_mwh": np.where(steady, out, told_out)}
    for name, values in figures.items():
        book.equal(f"self-use: {name}", names, told[name], values, unit="MWh", tolerance=10 * book.energy + 1e-7 * np.abs(values))
    book.equal("self-use: scheduled energy is that of the schedule", names, told_out - told_in, out - into, unit="MWh",
               tolerance=10 * book.energy + 1e-7 * (into + out))
    stores = book.case.tables["storage"][own]
    zone, zones = stores["zone"].factorize()
    price = np.stack([_tariff(book, one) for one in zones])[zone]
    worth, wear = price * net * hours, stores["wear_cost_cny_per_mwh"].to_numpy(float) * told_out
    book.equal("self-use: value of the schedule", names, told["tariff_value_cny"], worth.sum(axis=1), unit="CNY",
               tolerance=RELATIVE * np.abs(worth).sum(axis=1) + 0.01)
    book.equal("self-use: wear of the schedule", names, told["wear_cny"], wear, unit="CNY", tolerance=RELATIVE * np.abs(wear) + 0.01)


# ---------------------------------------------------------------------------------------------------------------- tariffs


def _zone_load(book, zone) -> np.ndarray:
    loads = book.case.tables["loads"]
    return book.case.profile("load", loads["load"][loads["zone"] == zone], 0.0).sum(axis=0)


def _net_load(book, zone) -> np.ndarray:
    """Load less what renewable plant of the zone can generate [MW]."""
    tables = book.case.tables
    kind = tables["generators"]["technology"].map(tables["technologies"].drop_duplicates("technology").set_index("technology")["kind"])
    plant = tables["generators"][(kind == "renewable") & (tables["generators"]["zone"] == zone)]
    part = book.case.profile("availability", plant["generator"], plant["max_output_fraction"].to_numpy(float))
    return _zone_load(book, zone) - plant["capacity_mw"].to_numpy(float) @ part


def _tariff(book, zone) -> np.ndarray:
    """Price of each step [CNY/MWh]: as given by month and half hour, else the benchmark, dearer and cheaper by thirds of the day."""
    time, rows = book.case.time, book.case.tables["tariffs"]
    rows, slot = rows[rows["zone"] == zone], (time.hour * 2 + time.minute // 30).to_numpy()
    if len(rows):
        price = np.full(book.steps, np.nan)
        for row in rows.itertuples():
            price[(time.month >= row.first_month) & (time.month <= row.last_month) & (slot >= 2 * row.start_hour)
                  & (slot < 2 * row.end_hour)] = row.price_cny_per_mwh
        return price
    benchmark = book.case.tables["zones"].set_index("zone").loc[zone, "benchmark_tariff_cny_per_mwh"]
    of_day = pd.Series(_zone_load(book, zone)).groupby(time.normalize())
    most, least = of_day.max().to_numpy(), of_day.min().to_numpy()
    ratio = WIDE_RATIO if np.mean((most - least) / np.where(most > 0, most, 1.0)) > WIDE_GAP else RATIO
    mean = pd.Series(_net_load(book, zone)).groupby(slot).mean().sort_values(kind="stable")
    third, valley = len(mean) // 3, 2 * benchmark / (1 + ratio)
    price = pd.Series(float(benchmark), index=mean.index)
    price.iloc[:third], price.iloc[len(mean) - third:] = valley, ratio * valley
    return price.loc[slot].to_numpy()
