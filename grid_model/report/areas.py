"""Series of areas: the whole grid, its regions, its zones.

Everything hourly is summed from units to zones and from zones to areas by one matrix each, so that whatever an area
shows is the sum of what its zones show. In every area and step, up to what the solver leaves,

    generation + discharge + converted + imports + reduced + orderly + unserved
        = load + charge + converting + exports + added    [MW]

symbol  unit  what
M       1     membership of zones in areas, shape (areas, zones)
n       MW    received less sent over lines by a zone; summed over an area, what is lost inside it counts as sent
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.report.style import Style, stacked
from grid_model.report.words import Words, word

NATION = "*"  # key of the whole grid; no zone can be named so by accident, as keys of zones and regions are prefixed
VARIABLE = ("wind", "solar")  # how technologies begin that nobody dispatches


@dataclass(frozen=True, eq=False)
class Area:
    """The whole grid, a region or a zone: its key, its name, and its zones as positions."""

    key: str
    name: Words
    level: str
    zones: np.ndarray


@dataclass(frozen=True, eq=False)
class Series:
    """Hourly series by area: `values[key]` has shape (areas, steps), in the unit of `units[key]`."""

    areas: list[Area]
    time: pd.DatetimeIndex
    hours: np.ndarray
    values: dict[str, np.ndarray]

    def of(self, area: Area) -> dict[str, np.ndarray]:
        row = next(row for row, one in enumerate(self.areas) if one.key == area.key)
        return {key: values[row] for key, values in self.values.items()}


def list_areas(data: xr.Dataset, style: Style) -> list[Area]:
    """The whole grid first, then regions, then zones; levels that would only repeat another are left out."""
    zones = data["zone"].values.astype(str)
    single = [
        Area(f"zone:{name}", style.zone(name), "zones", np.array([position])) for position, name in enumerate(zones)
    ]
    if len(zones) == 1:
        return single
    regions = _regions(data)
    groups = [
        Area(f"region:{name}", word(name), "regions", np.flatnonzero(regions == name))
        for name in pd.unique(regions)
        if name
    ]
    groups = groups if len(groups) > 1 else []
    return [Area(NATION, word("nation"), "whole_grid", np.arange(len(zones))), *groups, *single]


def _regions(data: xr.Dataset) -> np.ndarray:
    if "region" not in data.coords:
        return np.full(data.sizes["zone"], "", object)
    return np.array([value if isinstance(value, str) else "" for value in data["region"].values], object)


def find_area(areas: list[Area], zone: str | None) -> Area:
    """The area of a zone or region by name; the whole grid where none is named."""
    if zone is None:
        return areas[0]
    for area in areas:
        if str(zone) in (area.key.partition(":")[2], area.name.en, area.name.zh):
            return area
    names = ", ".join(area.name.en for area in areas)
    raise KeyError(f"no zone or region {zone!r}; there are {names}")


def area_series(data: xr.Dataset, areas: list[Area]) -> Series:
    """All series of all areas of a dispatch."""
    by_zone = {
        **_generation(data),
        **_stores(data),
        **_converters(data),
        **_exchange(data),
        **_demand(data),
        **_curtailed(data),
    }
    member = np.zeros((len(areas), data.sizes["zone"]))
    for row, area in enumerate(areas):
        member[row, area.zones] = 1.0
    values = {key: member @ np.nan_to_num(array) for key, array in by_zone.items()}
    if "net" in values:
        net = values.pop("net")
        values |= {"imports": np.maximum(net, 0.0), "exports": np.minimum(net, 0.0)}
    variable = [
        array for key, array in values.items() if key.startswith(tuple(f"generation:{name}" for name in VARIABLE))
    ]
    values["residual_load"] = values["load"] - sum(variable, np.zeros_like(values["load"]))
    values["price"] = _price(data, member)
    return Series(areas, pd.DatetimeIndex(data["time"].values), data["step_hours"].values, values)


def _price(data: xr.Dataset, member: np.ndarray) -> np.ndarray:
    """Price of an area: mean of its zones', weighted by what they take; unweighted where nobody takes anything."""
    price = data["price"].transpose("zone", "time").values
    known = np.isfinite(price)
    weight = np.maximum(np.nan_to_num(data["load"].transpose("zone", "time").values), 1e-9) * known
    total = member @ weight
    return np.divide(
        member @ (np.where(known, price, 0.0) * weight), total, out=np.full(total.shape, np.nan), where=total > 0
    )


def zone_sums(data: xr.Dataset, values: np.ndarray, coordinate: str) -> np.ndarray:
    """Rows of units summed by zone, shape (zones, steps)."""
    sums = np.zeros((data.sizes["zone"], values.shape[1]))
    np.add.at(sums, pd.Index(data["zone"].values).get_indexer(data[coordinate].values), np.nan_to_num(values))
    return sums


def rows_of(data: xr.Dataset, name: str, dimension: str) -> np.ndarray:
    return np.nan_to_num(data[name].transpose(dimension, "time").values)


def _by_kind(
    data, name: str, dimension: str, zone: str, kinds: np.ndarray, prefix: str, order
) -> dict[str, np.ndarray]:
    """Sums by zone of each kind of unit, under keys `prefix:kind`."""
    values = rows_of(data, name, dimension)
    return {
        f"{prefix}:{kind}": zone_sums(data.isel({dimension: kinds == kind}), values[kinds == kind], zone)
        for kind in order
    }


def _generation(data) -> dict[str, np.ndarray]:
    if "generation" not in data:
        return {}
    kinds = data["technology"].values.astype(str)
    return _by_kind(data, "generation", "generator", "generator_zone", kinds, "generation", stacked(np.unique(kinds)))


def _stores(data) -> dict[str, np.ndarray]:
    if "discharge" not in data:
        return {}
    kinds = data["storage_technology"].values.astype(str)
    levels = _by_kind(data, "state_of_charge", "storage", "storage_zone", kinds, "level", stacked(np.unique(kinds)))
    return {
        "discharge": zone_sums(data, rows_of(data, "discharge", "storage"), "storage_zone"),
        "charge": -zone_sums(data, rows_of(data, "charge", "storage"), "storage_zone"),
    } | levels


def _converters(data) -> dict[str, np.ndarray]:
    """What converters bring to each zone and what they draw."""
    if "port_power" not in data:
        return {}
    power = rows_of(data, "port_power", "port")
    return {
        "converted": zone_sums(data, np.maximum(power, 0.0), "port_zone"),
        "converting": zone_sums(data, np.minimum(power, 0.0), "port_zone"),
    }


def _exchange(data) -> dict[str, np.ndarray]:
    """What lines bring to each zone less what they take: -f - l B at from_zone, f - l F at to_zone, with f = F - B."""
    if "flow" not in data:
        return {}
    flow, loss = rows_of(data, "flow", "line"), rows_of(data, "loss", "line")
    fraction = data["line_loss_fraction"].fillna(0.0).values[:, None]
    backward_loss, forward_loss = (loss - fraction * flow) / 2, (loss + fraction * flow) / 2
    return {
        "net": zone_sums(data, -flow - backward_loss, "from_zone") + zone_sums(data, flow - forward_loss, "to_zone")
    }


def _demand(data) -> dict[str, np.ndarray]:
    values = {name: rows_of(data, name, "zone") for name in ("load", "unserved") if name in data}
    if "orderly_use" in data:
        values["orderly"] = rows_of(data, "orderly_use", "zone")
    if "demand_response_down" in data:
        values["reduced"] = zone_sums(data, rows_of(data, "demand_response_down", "programme"), "programme_zone")
        values["added"] = -zone_sums(data, rows_of(data, "demand_response_up", "programme"), "programme_zone")
    return values


def _curtailed(data) -> dict[str, np.ndarray]:
    """Curtailment by cause where it is known, else by technology."""
    if "curtailment" not in data:
        return {}
    if "curtailment_cause" not in data:
        kinds = data["technology"].values.astype(str)
        lost = (data["curtailment"].fillna(0.0) > 0).any("time").values
        return _by_kind(data, "curtailment", "generator", "generator_zone", kinds, "curtailment",
                        stacked(np.unique(kinds[lost])))  # fmt: skip
    cause, lost = rows_of(data, "curtailment_cause", "generator"), rows_of(data, "curtailment", "generator")
    attributes = data["curtailment_cause"].attrs
    meanings = zip(np.atleast_1d(attributes["flag_values"]), str(attributes["flag_meanings"]).split())
    return {f"cause_{name}": zone_sums(data, np.where(cause == flag, lost, 0.0), "generator_zone")
            for flag, name in meanings if name != "none"}  # fmt: skip
