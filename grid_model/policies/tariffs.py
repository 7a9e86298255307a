"""Time-of-use tariffs: what a user pays for a MWh, by zone, month and hour of the day.

Where the table `tariffs` says nothing about a zone, its coal benchmark tariff is the flat price, and peak and valley
stand as the notice on time-of-use prices asks (NDRC notice 1093 of 2021): 4 to 1 where the gap between peak and
valley of the load is more than 40 % of the peak, else 3 to 1. The third of the hours of a day with the highest mean
net load (load less available wind, solar and other renewable output) is peak, the lowest third valley: the notice
asks that periods follow the net load.

    valley = flat x 2 / (1 + ratio)      peak = ratio x valley      so that their mean is the flat price
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.checks import problems_where
from grid_model.case.tables import number, reference, text

WIDE_GAP, WIDE_RATIO, RATIO = 0.4, 4.0, 3.0
SLOTS = 48  # half hours of a day

TABLES = {
    "tariffs": [
        reference("zone", "zones", required=True, meaning="zone"),
        text("period", meaning="name of the period, such as peak, flat or valley"),
        number("first_month", unit="1", minimum=1, maximum=12, default=1, meaning="first month that it holds in"),
        number("last_month", unit="1", minimum=1, maximum=12, default=12, meaning="last month that it holds in"),
        number("start_hour", unit="h", minimum=0, maximum=24, required=True, meaning="start of the period in the day"),
        number("end_hour", unit="h", minimum=0, maximum=24, required=True, meaning="end of the period in the day"),
        number("price_cny_per_mwh", unit="CNY/MWh", minimum=0, required=True, meaning="price of energy"),
        text("source", meaning="where the row is from"),
    ],
}


def zone_prices(case, zones: list) -> np.ndarray:
    """Price of each zone in each step, shape (zones, steps) [CNY/MWh]; NaN where there is neither a tariff nor a
    benchmark."""
    table = case.tables["tariffs"]
    given, months, slots = set(table["zone"]), case.time.month.to_numpy() - 1, _slot(case.time)
    prices = {
        zone: _of_day(table[table["zone"] == zone])[months, slots] if zone in given else _default(case, zone)
        for zone in dict.fromkeys(zones)
    }
    return np.array([prices[zone] for zone in zones]).reshape(len(zones), case.steps)


def _slot(time: pd.DatetimeIndex) -> np.ndarray:
    """The half hour of the day that each step starts in."""
    return (time.hour * 2 + time.minute // 30).to_numpy()


def _of_day(table: pd.DataFrame) -> np.ndarray:
    """Price of each month and half hour by one zone's rows, shape (12, 48)."""
    prices = np.full((12, SLOTS), np.nan)
    for row in table.itertuples():
        prices[int(row.first_month) - 1 : int(row.last_month), round(row.start_hour * 2) : round(row.end_hour * 2)] = (
            row.price_cny_per_mwh
        )
    return prices


def _default(case, zone: str) -> np.ndarray:
    """Price of each step of a zone without a tariff of its own."""
    benchmark = case.tables["zones"].set_index("zone").loc[zone, "benchmark_tariff_cny_per_mwh"]
    load = zone_load(case, zone)
    days = pd.DataFrame({"day": case.time.normalize(), "load": load}).groupby("day")["load"]
    most = days.max().to_numpy()
    gap = np.mean((most - days.min().to_numpy()) / np.where(most > 0, most, 1.0))
    ratio = WIDE_RATIO if gap > WIDE_GAP else RATIO
    valley = 2 * benchmark / (1 + ratio)
    slot = _slot(case.time)
    mean = pd.Series(net_load(case, zone)).groupby(slot).mean().sort_values(kind="stable")
    third = len(mean) // 3
    price = pd.Series(benchmark, index=mean.index)
    price.iloc[:third], price.iloc[len(mean) - third :] = valley, ratio * valley
    return price.loc[slot].to_numpy()


def zone_load(case, zone: str) -> np.ndarray:
    """Load of a zone in each step [MW]."""
    loads = case.tables["loads"]
    return case.profile("load", loads.loc[loads["zone"] == zone, "load"], 0.0).sum(axis=0)


def net_load(case, zone: str) -> np.ndarray:
    """Load less what renewable plant of the zone can generate in each step [MW]."""
    plant = case.generators("renewable", zone)
    available = case.profile("availability", plant["generator"], plant["max_output_fraction"].to_numpy(float))
    return zone_load(case, zone) - plant["capacity_mw"].to_numpy(float) @ available


def check_tariffs(frames):
    """Every month and hour of a zone with a tariff has one price."""
    table = frames["tariffs"]
    if table.empty:
        return []
    problems = [
        *problems_where(table, table["start_hour"] >= table["end_hour"], "end_hour", "a number > start_hour"),
        *problems_where(table, table["first_month"] > table["last_month"], "last_month", "a number >= first_month"),
        *(
            problem
            for name in ("start_hour", "end_hour")
            for problem in problems_where(table, (table[name] * 2) % 1 != 0, name, "whole or half hours")
        ),
    ]
    if problems:
        return problems
    hours = (
        ((table["last_month"] - table["first_month"] + 1) * (table["end_hour"] - table["start_hour"]))
        .groupby(table["zone"])
        .sum()
    )
    covered = {zone: np.isfinite(_of_day(rows)).all() for zone, rows in table.groupby("zone")}
    right = table["zone"].map(hours).eq(12 * 24) & table["zone"].map(covered).astype(bool)
    first = ~table["zone"].duplicated()
    return problems_where(
        table, first & ~right, "start_hour", "periods that cover every hour of every month of the zone once"
    )


CHECKS = (check_tariffs,)
