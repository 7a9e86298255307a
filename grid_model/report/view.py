"""What every part of the report looks at: results with names, areas, series, and the units that people read them in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.report.areas import Area, Series, area_series, list_areas
from grid_model.report.style import Style
from grid_model.report.words import Words, plain
from grid_model.results.dataset import counted_hours


@dataclass(frozen=True)
class Unit:
    """A unit to show: what one MW, MWh or CNY is in it, and its name."""

    factor: float
    name: Words

    def text(self, value: float, digits: int | None = None) -> Words:
        return plain(f"{number(value * self.factor, digits)} ") + self.name


class View:
    """Results as the report reads them; nothing else of the project is asked."""

    def __init__(self, results):
        self.results = results
        self.data: xr.Dataset = results.dispatch
        self.tables: dict[str, pd.DataFrame] = {
            name: table for name, table in results.tables.items() if not table.empty
        }
        self.style = Style(results)
        self.hours = counted_hours(self.data).values  # for which each step counts
        self.time = pd.DatetimeIndex(self.data["time"].values)

    @cached_property
    def areas(self) -> list[Area]:
        return list_areas(self.data, self.style)

    @cached_property
    def series(self) -> Series:
        return area_series(self.data, self.areas)

    @cached_property
    def load_mwh(self) -> float:
        return float((self.data["load"] * counted_hours(self.data)).sum())

    @cached_property
    def horizon(self) -> Words:
        """From when to when, and how long that is."""
        start, hours = pd.Timestamp(self.results.summary["start"]), float(self.results.summary["hours"])
        end = start + pd.Timedelta(hours=hours)
        return plain(f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} · {hours:,g} h")

    @cached_property
    def step_ends(self) -> np.ndarray:
        """When each step ends: the times of levels."""
        return (self.time + pd.to_timedelta(self.data["step_hours"].values, unit="h")).to_numpy()

    @cached_property
    def days(self) -> float:
        return float(self.hours.sum()) / 24

    @property
    def currency(self) -> str:
        return str(self.data["price"].attrs.get("units", "CNY/MWh")).partition("/")[0]

    # ------------------------------------------------------------------------------------------------------------ units

    @cached_property
    def power(self) -> Unit:
        return Unit(1e-3, plain("GW")) if float(self.data["load"].sum("zone").max()) >= 1e4 else Unit(1.0, plain("MW"))

    @cached_property
    def energy(self) -> Unit:
        return _energy(self.load_mwh)

    @cached_property
    def zone_energy(self) -> Unit:
        """For tables by zone: what the middle zone takes has three digits or so."""
        return _energy(self.load_mwh / max(self.data.sizes["zone"], 1) / 3)

    @cached_property
    def level(self) -> Unit:
        return Unit(1e-3, plain("GWh")) if self.power.factor == 1e-3 else Unit(1.0, plain("MWh"))

    @cached_property
    def money(self) -> Unit:
        total = abs(float(self.results.summary["objective_cny"]))
        if total >= 1e11:
            return Unit(1e-9, billion(self.currency))
        if total >= 1e8:
            return Unit(1e-6, million(self.currency))
        return Unit(1.0, self.money_name)

    def amount(self, value: float) -> Words:
        """A sum of money as people say it: in billions or millions, in Chinese in 亿 (of 100 million)."""
        if abs(value) < 1e8 or self.currency != "CNY":
            return self.money.text(value)
        return Words(self.money.text(value).en, f"{number(value * 1e-8)} 亿元")

    @cached_property
    def carbon(self) -> Unit:
        return (
            Unit(1e-6, Words("Mt CO₂", "百万吨 CO₂")) if self.load_mwh >= 1e6 else Unit(1.0, Words("t CO₂", "吨 CO₂"))
        )

    @property
    def money_name(self) -> Words:
        return currency_name(self.currency)

    @property
    def price_unit(self) -> Words:
        return self.money_name + plain("/MWh")

    # ----------------------------------------------------------------------------------------------------------
    # energies

    def total(self, name: str) -> float:
        """Energy of a power of the dispatch over the horizon, MWh; 0 where it is not reported."""
        return float((self.data[name].fillna(0.0) * counted_hours(self.data)).sum()) if name in self.data else 0.0

    def by_technology(self, name: str) -> pd.Series:
        """Energy of a power of generators by technology, MWh."""
        if name not in self.data:
            return pd.Series(dtype=float)
        energy = (self.data[name].fillna(0.0) * counted_hours(self.data)).sum("time").values
        return pd.Series(energy).groupby(self.data["technology"].values.astype(str)).sum()


def _energy(mwh: float) -> Unit:
    for factor, name, least in ((1e-6, "TWh", 5e5), (1e-3, "GWh", 5e3)):
        if mwh >= least:
            return Unit(factor, plain(name))
    return Unit(1.0, plain("MWh"))


def currency_name(currency: str) -> Words:
    return Words(currency, "元" if currency == "CNY" else currency)


def billion(currency: str) -> Words:
    return Words(f"billion {currency}", "十亿元" if currency == "CNY" else f"十亿 {currency}")


def million(currency: str) -> Words:
    return Words(f"million {currency}", "百万元" if currency == "CNY" else f"百万 {currency}")


def percent(part: float) -> str:
    """A small part as people read it, in percent to two digits; what is left of rounding alone is below 0.0001 %."""
    rounded = float(f"{100 * max(part, 0.0):.2g}")
    return f"{rounded:g} %" if rounded >= 1e-4 else "< 0.0001 %"


def signed(value: float, digits: int | None = None) -> str:
    """A change as people read it: with its sign, but for nothing."""
    shown = number(value, digits)
    return f"+{shown}" if value > 0 and shown.strip("0.") and shown[0] != "<" else shown


LEAST, NOTHING = 0.001, 1e-6  # the least that three digits show; and what is rounding of what was computed


def number(value: float, digits: int | None = None) -> str:
    """A number as people read it: about four digits, thousands apart; what is little more than nothing is not told as nothing."""
    if value is None or not np.isfinite(value):
        return "–"
    if digits is None and NOTHING <= abs(value) < LEAST:
        return f"< {LEAST}" if value > 0 else f"> −{LEAST}"
    if digits is None:
        digits = max(0, 3 - int(np.floor(np.log10(abs(value))))) if abs(value) >= 1e-3 else 0
        digits = min(digits, 3)
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")
