"""Facts from which profiles are made: small tables of published or estimated figures, one row per zone.

file                     one row per                  what it holds
locations.csv            site                         zone, land or sea, latitude, longitude, altitude
monthly_availability.csv zone and technology          capacity factor of the year, share of each month relative to it
yearly_availability.csv  zone, technology and year    capacity factor of that year over the one above; of distributed PV
                                                      over that of utility PV in the same year
wind_shape.csv           zone and technology          largest share, spreads around the middle, day shape, memory
solar_shape.csv          zone                         yield of a clear sky, spread below and above the middle
monthly_consumption.csv  zone                         GWh of each published period of 2024
load_shape.csv           zone                         day factors, drop at Spring Festival, peak, region of day shape
day_shapes.csv           region, season, kind of day  24 hour factors
spring_festival.csv      day                          course of the drop, in days from Spring Festival
process.csv              parameter                    value and unit of what is common to all zones
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from grid_model.errors import InputError, Problem

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
CONSUMPTION_PERIODS = ["january_february", *MONTHS[2:]]
SEASONS = ["winter", "spring", "summer", "autumn"]
DAY_KINDS = ["working", "resting"]
HOURS = [f"h{hour:02d}" for hour in range(24)]
FESTIVAL_DAYS = np.arange(-18, 25)

TABLES = {
    "locations": ["zone", "site", "domain", "latitude", "longitude", "altitude_m"],
    "monthly_availability": ["zone", "series", "capacity_factor", *MONTHS],
    "yearly_availability": ["zone", "series", "year", "factor"],
    "wind_shape": [
        "zone",
        "series",
        "largest_share",
        "spread_below",
        "spread_above",
        "cosine_24h",
        "sine_24h",
        "cosine_12h",
        "sine_12h",
        "memory_slow_hours",
        "memory_fast_hours",
    ],
    "solar_shape": ["zone", "clear_sky_yield", "spread_below", "spread_above"],
    "monthly_consumption": ["zone", *CONSUMPTION_PERIODS],
    "load_shape": [
        "zone",
        "shape_region",
        "swing",
        "saturday",
        "sunday",
        "holiday",
        "spring_festival_drop",
        "weather_spread",
        "peak_mw",
    ],
    "day_shapes": ["shape_region", "season", "day_kind", *HOURS],
    "spring_festival": ["day", "share_of_drop"],
    "process": ["parameter", "value", "unit"],
}


@dataclass(frozen=True)
class Facts:
    """The tables, and what the makers of profiles ask of them. Zones are in the order of monthly_consumption.csv.

    yields_of  year whose published yield wind and sun have; None: a mean year
    """

    tables: dict[str, pd.DataFrame]
    yields_of: int | None = None

    @cached_property
    def zones(self) -> list[str]:
        return self.tables["monthly_consumption"]["zone"].tolist()

    @cached_property
    def coastal_zones(self) -> list[str]:
        table = self.tables["monthly_availability"]
        with_sea = set(table.loc[table["series"] == "wind_offshore", "zone"])
        return [zone for zone in self.zones if zone in with_sea]

    @cached_property
    def process(self) -> dict[str, float]:
        return dict(zip(self.tables["process"]["parameter"], self.tables["process"]["value"], strict=True))

    @cached_property
    def solar(self) -> pd.DataFrame:
        return self._by_zone("solar_shape")

    @cached_property
    def load(self) -> pd.DataFrame:
        return self._by_zone("load_shape")

    @cached_property
    def consumption_mwh(self) -> np.ndarray:
        """Energy of each published period, shape (zones, 11)."""
        return self._by_zone("monthly_consumption")[CONSUMPTION_PERIODS].to_numpy() * 1000

    @cached_property
    def festival_shape(self) -> np.ndarray:
        """Share of the drop on each of FESTIVAL_DAYS."""
        table = self.tables["spring_festival"]
        return np.interp(FESTIVAL_DAYS, table["day"], table["share_of_drop"])

    @cached_property
    def day_shapes(self) -> np.ndarray:
        """Hour factors with mean 1 of each zone, shape (zones, seasons, kinds of day, 24)."""
        table = self.tables["day_shapes"].set_index(["shape_region", "season", "day_kind"])[HOURS]
        by_region = {
            region: np.array([[table.loc[(region, season, kind)] for kind in DAY_KINDS] for season in SEASONS])
            for region in self.load["shape_region"].unique()
        }
        shapes = np.array([by_region[region] for region in self.load["shape_region"]])
        swing = self.load["swing"].to_numpy()[:, None, None, None]
        return 1 + swing * (shapes / shapes.mean(axis=-1, keepdims=True) - 1)

    @cached_property
    def land_sites(self) -> pd.DataFrame:
        """Sites on land, those of one zone together, zones in order."""
        table = self.tables["locations"]
        land = table[table["domain"] == "land"]
        order = land["zone"].map({zone: place for place, zone in enumerate(self.zones)})
        return land.iloc[np.argsort(order.to_numpy(), kind="stable")]

    @cached_property
    def land_centres(self) -> pd.DataFrame:
        return self.land_sites.groupby("zone")[["latitude", "longitude"]].mean().loc[self.zones]

    @cached_property
    def wind_points(self) -> pd.DataFrame:
        """Points of the wind field with their shape: zones on land in order, then coastal zones at sea in order."""
        table = self.tables["locations"]
        sea = table[table["domain"] == "sea"].groupby("zone")[["latitude", "longitude"]].mean()
        shape = self.tables["wind_shape"].set_index(["series", "zone"])
        land = shape.loc["wind_onshore"].loc[self.zones].join(self.land_centres).assign(series="wind_onshore")
        at_sea = shape.loc["wind_offshore"].loc[self.coastal_zones].join(sea).assign(series="wind_offshore")
        return pd.concat([land, at_sea])

    def monthly_target(self, series: str) -> np.ndarray:
        """Mean availability of each month, shape (zones of the series, 12)."""
        table = self.tables["monthly_availability"]
        rows = table[table["series"] == series].set_index("zone")
        rows = rows.loc[[zone for zone in self.zones if zone in rows.index]]
        factor = self.yearly_factor(series).reindex(rows.index).fillna(1.0).to_numpy()[:, None]
        return factor * rows[["capacity_factor"]].to_numpy() * rows[MONTHS].to_numpy()

    def yearly_factor(self, series: str) -> pd.Series:
        """Factor of the year whose yields are asked for, of those zones that have one."""
        yearly = self.tables["yearly_availability"]
        return yearly[(yearly["series"] == series) & (yearly["year"] == self.yields_of)].set_index("zone")["factor"]

    def mean_over_sites(self, values: np.ndarray) -> np.ndarray:
        """Mean of the land sites of each zone, shape (zones, hours) from (sites, hours)."""
        counts = self.land_sites["zone"].value_counts().loc[self.zones].to_numpy()
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        return np.add.reduceat(values, starts, axis=0) / counts[:, None]

    def _by_zone(self, name: str) -> pd.DataFrame:
        return self.tables[name].set_index("zone", drop=False).loc[self.zones]


def read_facts(folder: str | Path, yields_of: int | None = None) -> Facts:
    """Read the tables of a folder; raises InputError with everything that is missing in them."""
    folder = Path(folder)
    tables, problems = {}, []
    for name, columns in TABLES.items():
        file = folder / f"{name}.csv"
        if not file.is_file():
            problems.append(Problem(str(file), allowed="a table of facts for synthesised profiles"))
            continue
        table = pd.read_csv(file, keep_default_na=False, na_values=[""])
        absent = [column for column in columns if column not in table]
        problems += [Problem(str(file), 1, column, allowed="this column must be there") for column in absent]
        tables[name] = table
    if not problems and yields_of is not None and yields_of not in set(tables["yearly_availability"]["year"]):
        file = folder / "yearly_availability.csv"
        problems.append(
            Problem(str(file), 0, "year", yields_of, "a year that has rows here, or no yields_of in the scenario")
        )
    if problems:
        raise InputError(problems)
    return Facts(tables, yields_of)
