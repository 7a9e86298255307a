"""Who is in which carbon market, by which rules, and with how much: tables and settings as plain arrays.

A market is one row of `carbon_markets`, or `national`, the market of every zone that names no other; what a row
leaves empty is as the settings say. An entity is all emitting plant of a zone, or one generator. Quantities of a
calendar year (caps, CCER on offer, what may be banked, and what is in the bank at the start) count for the part of
its hours that the horizon covers: the rest of the year needs the rest.

A benchmark is that of the latest year not after the compliance year, else the earliest; a generator's own goes first. A
technology without any gets nothing for free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from grid_model.case.units import MW, TONNE

NATIONAL = "national"
BY_SETTINGS = (
    "allocation",
    "price",
    "allowance_price_cny_per_t",
    "cap_t",
    "auction_share",
    "reserve_share",
    "reserve_price_cny_per_t",
    "offset_share",
)


@dataclass(frozen=True)
class Years:
    """Calendar years of a case, the position of each step's year, and the part of each year that is covered."""

    labels: np.ndarray
    of_step: np.ndarray
    share: np.ndarray


def read_years(case) -> Years:
    labels, of_step = np.unique(case.time.year.to_numpy(), return_inverse=True)
    leap = (labels % 4 == 0) & ((labels % 100 != 0) | (labels % 400 == 0))
    return Years(labels, of_step, np.bincount(of_step, case.step_hours) / np.where(leap, 8784, 8760))


def read_markets(case, settings) -> pd.DataFrame:
    """One row a market, every rule of it filled in."""
    table = case.tables["carbon_markets"].set_index("market")
    used = case.tables["zones"]["carbon_market"].replace("", NATIONAL).unique()
    table = table.reindex(table.index.union(used, sort=False))
    for name in BY_SETTINGS:
        column, value = table[name].astype(object), getattr(settings, name)
        table[name] = column.where(column.notna() & (column != ""), np.nan if value is None else value)
    numbers = [name for name in BY_SETTINGS if name not in ("allocation", "price")]
    table[numbers] = table[numbers].astype(float)
    zone_caps = (
        case.tables["zones"].groupby(case.tables["zones"]["carbon_market"].replace("", NATIONAL))["carbon_cap_t"].sum()
    )
    return table.assign(cap_t=table["cap_t"].fillna(zone_caps.reindex(table.index)))


def read_units(case, fleets, years: Years, settings) -> pd.DataFrame:
    """Plant that emits or has a benchmark: fleet, zone, market, entity, intensity and, a column a year, its benchmark
    [t/MWh]."""
    rows = [(fleet.name, unit) for fleet in fleets if fleet.offers("emissions") for unit in fleet.data.names]
    units = pd.DataFrame(rows, columns=["fleet", "generator"]).merge(case.tables["generators"], on="generator")
    own = units["carbon_benchmark_t_per_mwh"]
    benchmarks = np.stack(
        [own.fillna(units["technology"].map(_benchmarks(case, year))).fillna(0.0) for year in years.labels], 1
    )
    covered = (units["emissions_t_per_mwh"] > 0) | (benchmarks > 0).any(axis=1)
    market = units["zone"].map(case.tables["zones"].set_index("zone")["carbon_market"]).replace("", NATIONAL)
    units = units.assign(
        market=market,
        entity=units["zone" if settings.entity == "zone" else "generator"],
        intensity=units["emissions_t_per_mwh"],
        captures=units["capture_rate"].fillna(0) > 0,
    )
    units[list(years.labels)] = benchmarks
    return units[covered].reset_index(drop=True)


def _benchmarks(case, year: int) -> pd.Series:
    """Benchmark of each technology in a year [t/MWh]."""
    table = case.tables["carbon_benchmarks"].sort_values("year", kind="stable")
    past = table[table["year"] <= year].groupby("technology")["benchmark_t_per_mwh"].last()
    return past.combine_first(table.groupby("technology")["benchmark_t_per_mwh"].first())


def most_output(fleets, units: pd.DataFrame, years: Years, hours: np.ndarray) -> np.ndarray:
    """The most that each unit can generate in each year, shape (units, years) [GWh]."""
    most = np.zeros((len(units), len(years.labels)))
    for fleet in fleets:
        here = (units["fleet"] == fleet.name).to_numpy()
        if not here.any():
            continue
        position = pd.Index(fleet.data.names).get_indexer(units["generator"][here])
        energy = (
            fleet.data.available.values[position] * hours
            if fleet.offers("available")
            else (units["capacity_mw"].to_numpy(float)[here, None] * MW * hours)
        )
        most[here] = np.stack(
            [energy[:, years.of_step == year].sum(axis=1) for year in range(len(years.labels))], axis=1
        )
    return most


def share_caps(case, units: pd.DataFrame, markets: pd.DataFrame, entities: pd.DataFrame, years: Years) -> np.ndarray:
    """Allowances of each entity where total quantity is controlled, shape (entities, years) [kt].

    A zone's own cap goes to its plant; the rest of a market's cap to its other zones. Within either, in proportion to
    capacity times benchmark (where there is none, times intensity): figures that are known beforehand.
    """
    weight = np.where(units[years.labels[0]] > 0, units[years.labels[0]], units["intensity"]) * units["capacity_mw"]
    own = units["zone"].map(case.tables["zones"].set_index("zone")["carbon_cap_t"])
    given = own.groupby([units["market"], units["zone"]]).first().groupby(level=0).sum()
    rest = units["market"].map(markets["cap_t"] - given.reindex(markets.index, fill_value=0.0))
    pool = units["market"].where(own.isna(), units["zone"] + "\n")
    amount = own.fillna(rest).clip(lower=0.0) * weight / weight.groupby(pool).transform("sum")
    by_entity = amount.groupby(units["entity"]).sum().reindex(entities.index).to_numpy(float)
    return np.nan_to_num(by_entity)[:, None] * TONNE * years.share


def read_entities(case, units: pd.DataFrame) -> pd.DataFrame:
    """One row an entity: zone, market, companies, what it banked before [t] and the position it declares."""
    entities = units.groupby("entity", sort=False)[["zone", "market"]].first()
    given = case.tables["carbon_entities"].set_index("entity").reindex(entities.index)
    return entities.assign(
        companies=given["companies"].fillna(1.0),
        banked_t=given["banked_t"].fillna(0.0),
        position=given["position"].fillna(""),
    )


def selling(
    units: pd.DataFrame, markets: pd.DataFrame, entities: pd.DataFrame, years: Years, caps: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """Entities that can only be net sellers, whatever is dispatched, and those that declare to be.

    By benchmark: each unit gets at least what it emits. By cap: what is free covers the most that can be emitted.
    """
    market = markets.loc[units["market"]]
    free_part = (1 - market["auction_share"] - market["reserve_share"]).to_numpy(float)
    surplus = (units["intensity"].to_numpy()[:, None] <= units[years.labels].to_numpy(float) * free_part[:, None]).all(
        axis=1
    )
    every = pd.Series(surplus & ~units["captures"]).groupby(units["entity"]).all().reindex(entities.index)
    emitted = (
        pd.DataFrame(most * units["intensity"].to_numpy()[:, None])
        .groupby(units["entity"])
        .sum()
        .reindex(entities.index)
    )
    own = markets.loc[entities["market"]]
    free = caps * (1 - own["auction_share"] - own["reserve_share"]).to_numpy(float)[:, None]
    by_data = np.where(own["allocation"] == "cap", (emitted.to_numpy() <= free).all(axis=1), every)
    return np.where(entities["position"] == "", by_data, entities["position"] == "seller").astype(bool)
