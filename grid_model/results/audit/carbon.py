"""Carbon of consumption: power that meets in a zone mixes, all that leaves it has the same mix, and nothing is lost.

symbol  unit    what
P       MW      what comes into a zone: generation, discharge, what loads inject and converters deliver, what lines bring
S       MW      what a line sends in one direction; its carbon arrives whole
E       tCO2/h  emitted by the generators of the zone
f       t/MWh   stored factor of consumption: P f = E + sum over lines into the zone of S f at their other end

A ring of zones from which nobody consumes has f = 0, and what is emitted into it stays there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_MW = 1e-3  # less is no power
RELATIVE = 1e-9  # of the carbon of the step


def check_carbon(book, plants, sent, told=None) -> None:
    """Factors of production and consumption, and that what zones consume sums to what is emitted."""
    if not len(plants.names) or "emissions" not in book.dispatch:
        return
    zones, place = book.case.zones, book.zone_of("generators")
    produced = book.sums(book.stored("emissions", len(plants.names)) / book.hours, place, len(zones))
    generated = book.sums(np.maximum(plants.output, 0.0), place, len(zones))
    tables = book.case.tables
    fed_back = {"storage": book.stored("discharge", len(tables["storage"])),
                "loads": -book.case.profile("load", tables["loads"]["load"], 0.0),
                "converter_ports": book.stored("port_power", len(tables["converter_ports"]))}
    returned = sum(book.sums(np.maximum(power, 0.0), book.zone_of(table), len(zones)) for table, power in fed_back.items())
    start, end, leaving, arriving = _directed(book, sent)
    coming = generated + returned + book.sums(arriving, end, len(zones))
    going = book.sums(leaving, start, len(zones))
    factor = book.stored("carbon_factor_consumption", len(zones))
    some = coming > LEAST_MW
    known = np.where(some, factor, 0.0)
    brought = book.sums(leaving * known[start], end, len(zones))
    tolerance = LEAST_MW + RELATIVE * produced.sum(axis=0)
    ring = (coming - going <= LEAST_MW) & (known == 0)
    book.equal("carbon of consumption mixes", zones, np.where(ring, 0.0, coming * known - produced - brought),
               unit="tCO2/h", tolerance=tolerance)
    book.equal("carbon factor only where there is power", zones, np.isnan(factor).astype(float), ~some, unit="1", tolerance=0.0)
    made = book.stored("carbon_factor_production", len(zones))
    book.equal("carbon of production", zones, np.where(generated > LEAST_MW, made * generated, 0.0),
               np.where(generated > LEAST_MW, produced, 0.0), unit="tCO2/h", tolerance=tolerance)
    consumed = book.stored("emissions_consumption", len(zones))
    book.equal("carbon of what is consumed", zones, consumed, book.hours * (produced + brought - known * going),
               unit="tCO2", tolerance=book.hours * tolerance)
    book.equal("carbon consumed is carbon emitted", ["all zones"], consumed.sum(axis=0)[None],
               (produced.sum(axis=0) * book.hours)[None], unit="tCO2", tolerance=book.hours * tolerance)
    if told and "carbon_factors" in told:
        _check_years(book, told["carbon_factors"], {
            "production_emissions_t": produced * book.counted, "consumption_emissions_t": consumed / book.hours * book.counted,
            "generation_mwh": generated * book.counted, "consumption_mwh": (coming - going) * book.counted})


def _check_years(book, table, hourly: dict[str, np.ndarray]) -> None:
    """Sums of the hours over areas and years, their factors, and the latest average published of each area."""
    zones, year = book.case.tables["zones"], book.case.time.year.to_numpy()
    province = zones["zone"].to_numpy(object)
    names = {"North": "North China", "East": "East China", "Central": "Central China"}
    region = zones["region"].fillna("").map(lambda one: names.get(one, one)).to_numpy(object)
    within = {"province": lambda area: province == area, "grid region": lambda area: region == area,
              "national": lambda area: np.full(len(zones), area == "China")}
    areas = np.array([within[level](area) for area, level in zip(table["area"], table["level"])], float)
    in_year = (table["year"].to_numpy()[:, None] == year).astype(float)
    sums = {name: ((areas @ values) * in_year).sum(axis=1) for name, values in hourly.items()}
    for name, energy in (("production", "generation_mwh"), ("consumption", "consumption_mwh")):
        carbon, power = sums[f"{name}_emissions_t"], sums[energy]
        sums[f"factor_{name}_t_per_mwh"] = np.divide(carbon, power, out=np.full(len(table), np.nan), where=power > LEAST_MW)
    published = book.case.tables["carbon_factors"]
    published = published[published["kind"] == "average"].sort_values("year", kind="stable").drop_duplicates(["area", "level"], keep="last")
    latest = published.set_index(["area", "level"])[["factor_t_per_mwh", "year"]].reindex(
        pd.MultiIndex.from_frame(table[["area", "level"]])
    )
    sums |= {"published_t_per_mwh": latest["factor_t_per_mwh"].to_numpy(float), "published_year": latest["year"].to_numpy(float)}
    for name, values in sums.items():
        told = table[name].to_numpy(float)
        same = np.isnan(told) & np.isnan(values)
        book.equal(f"yearly carbon: {name}", table["area"], np.where(same, 0.0, told), np.where(same, 0.0, values), unit="1",
                   tolerance=1e-6 + RELATIVE * np.abs(np.nan_to_num(values)))
    missing = {(one, now) for one in (*province, *(set(region) - {""}), "China") for now in np.unique(year)} - set(
        zip(table["area"], table["year"])
    )
    book.equal(
        "yearly carbon: every area and year once",
        ["all"],
        [float(len(missing) + table.duplicated(["area", "level", "year"]).sum())],
        unit="1",
        tolerance=0.0,
    )


def _directed(book, sent) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every line once in each direction: zones at both ends, power that leaves, and power that arrives [MW]."""
    table = book.case.tables["lines"]
    start, end = (book.zone_of("lines", name) for name in ("from_zone", "to_zone"))
    flow = np.nan_to_num(book.stored("flow", len(table), expected=False))
    leaving = np.concatenate([sent + flow, sent - flow]) / 2
    kept = 1 - np.tile(table["loss_fraction"].to_numpy(float), 2)[:, None]
    return np.concatenate([start, end]), np.concatenate([end, start]), leaving, leaving * kept
