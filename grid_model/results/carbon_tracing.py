"""Carbon and origin of the power that a zone consumes, by tracing flows: proportional sharing (Bialek 1996).

symbol  unit  what
P       MW    throughput of a zone: generation + discharge + what loads inject + what lines bring
F       MW    power sent over a line in one direction, (1 - loss) F of which arrives
E       t/h   carbon of the zone's generation
f       t/MWh carbon of every MWh that leaves a zone, to its consumers and its stores or to other zones

Power that meets in a zone mixes, and all that leaves it has the same mix. One linear system a step:

    P[z] f[z] = E[z] + sum over lines into z of F f[from]

- Losses belong to whoever receives: the carbon of all that is sent arrives, with less power.
- Storage: what is charged is consumption of that hour and zone, at its mix; what is discharged comes without carbon. So
  every hour is conserved by itself. (Compare a store's factor over the time between charge and discharge with this in
  mind.) What converters deliver is taken likewise: it comes without carbon, which stays where they draw.
- Consumption is what a zone takes in and does not send on: loads as served, charging, whatever else draws power. Its
  carbon is  E[z] + sum in F f[from] - f[z] sum out F,  which sums over zones to the carbon produced whatever f is.
- Flows may go in circles. A circle from which nobody consumes has no factor (f = 0); carbon that enters it stays there.
- Flow both ways at once on a lossy line is counted both ways where the dispatch has the coordinate
  `line_loss_fraction`.

`shares` traces what power is made of in the same way, losses taken from the mix that arrives, so that shares sum to
one.

Source: J. Bialek, Tracing the flow of electricity, IEE Proceedings 143 (1996); docs/policy.md, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.sparse import csr_array

from grid_model.results.dataset import counted_hours

NOTHING = 1e-3  # MW: less than this is no power, but what a solver's tolerance leaves
CHUNK = 1_000_000  # entries of the systems that are solved at once: 8 MB, a thousand steps of 31 zones
STORAGE, LOADS, CONVERTERS = "storage", "loads", "converters"  # what their power is called among shares


@dataclass(frozen=True, eq=False)
class Flows:
    """Power between zones: for each directed line its ends (positions of zones), MW sent and received, shape (lines,
    steps).

    local  MW fed in within each zone, shape (zones, steps)
    """

    start: np.ndarray
    end: np.ndarray
    sent: np.ndarray
    received: np.ndarray
    local: np.ndarray

    @property
    def throughput(self) -> np.ndarray:
        """P, shape (zones, steps) [MW]."""
        return self.local + self.into(self.received)

    def into(self, values: np.ndarray) -> np.ndarray:
        """Sums by the zone at the receiving end."""
        return _sums(values, self.end, len(self.local))

    def out_of(self, values: np.ndarray) -> np.ndarray:
        """Sums by the zone at the sending end."""
        return _sums(values, self.start, len(self.local))


def _sums(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    return csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(groups, len(group))) @ values


# --------------------------------------------------------------------------------------------------- reading a dispatch


def read_flows(dispatch: xr.Dataset) -> Flows:
    """The flows of a dispatch; every line stands twice, once a direction."""
    zones = dispatch["zone"].values
    local = sum(_fed_in(dispatch).values(), np.zeros((len(zones), dispatch.sizes["time"])))
    if "flow" not in dispatch:
        none = np.zeros((0, dispatch.sizes["time"]))
        return Flows(np.zeros(0, int), np.zeros(0, int), none, none, local)
    start, end = (pd.Index(zones).get_indexer(dispatch[name].values) for name in ("from_zone", "to_zone"))
    flow, loss = (np.nan_to_num(dispatch[name].transpose("line", "time").values) for name in ("flow", "loss"))
    gross = _sending(dispatch, flow, loss)
    lost = _lost(dispatch, gross, loss)
    sent = np.concatenate([gross + flow, gross - flow]) / 2
    return Flows(
        np.concatenate([start, end]),
        np.concatenate([end, start]),
        sent,
        sent * (1 - np.concatenate([lost, lost])),
        local,
    )


def _sending(dispatch: xr.Dataset, flow: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Power sent over each line, both directions together [MW]."""
    if "line_loss_fraction" not in dispatch.coords:
        return np.abs(flow)
    fraction = dispatch["line_loss_fraction"].values[:, None]
    return np.maximum(np.abs(flow), np.divide(loss, fraction, out=np.zeros_like(loss), where=fraction > 0))


def _lost(dispatch: xr.Dataset, gross: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Part of what is sent that a line loses."""
    if "line_loss_fraction" in dispatch.coords:
        return np.broadcast_to(dispatch["line_loss_fraction"].values[:, None], loss.shape)
    return np.divide(loss, gross, out=np.zeros_like(loss), where=gross > NOTHING)


def _fed_in(dispatch: xr.Dataset, by: str | None = None) -> dict[str, np.ndarray]:
    """MW fed in within each zone, (zones, steps), by a coordinate of generators, and by stores and loads that
    inject."""
    fed = {}
    if "generation" in dispatch:
        generation = _positive(dispatch["generation"], "generator")
        kinds = dispatch[by].values if by else np.full(len(generation), "generation", object)
        for kind in pd.unique(kinds):
            here = kinds == kind
            fed[str(kind)] = _by_zone(dispatch, generation[here], dispatch["generator_zone"].values[here])
    if "discharge" in dispatch:
        fed[STORAGE] = _by_zone(dispatch, _positive(dispatch["discharge"], "storage"), dispatch["storage_zone"].values)
    if "demand" in dispatch:
        fed[LOADS] = _by_zone(dispatch, _positive(-dispatch["demand"], "consumer"), dispatch["consumer_zone"].values)
    if "port_power" in dispatch:
        power = _positive(dispatch["port_power"], "port")
        fed[CONVERTERS] = _by_zone(dispatch, power, dispatch["port_zone"].values)
    return fed


def _positive(power: xr.DataArray, dimension: str) -> np.ndarray:
    return np.maximum(np.nan_to_num(power.transpose(dimension, "time").values), 0.0)


def _by_zone(dispatch: xr.Dataset, values: np.ndarray, zone_of: np.ndarray) -> np.ndarray:
    zones = pd.Index(dispatch["zone"].values)
    return _sums(values, zones.get_indexer(zone_of), len(zones))


def generated(dispatch: xr.Dataset) -> np.ndarray:
    """Generation of each zone, shape (zones, steps) [MW]."""
    if "generation" not in dispatch:
        return np.zeros((dispatch.sizes["zone"], dispatch.sizes["time"]))
    return _by_zone(dispatch, _positive(dispatch["generation"], "generator"), dispatch["generator_zone"].values)


def produced(dispatch: xr.Dataset) -> np.ndarray:
    """Carbon of the generation of each zone, shape (zones, steps) [t/h]."""
    if "emissions" not in dispatch:
        return np.zeros((dispatch.sizes["zone"], dispatch.sizes["time"]))
    emissions = np.nan_to_num(dispatch["emissions"].transpose("generator", "time").values)
    return _by_zone(dispatch, emissions / dispatch["step_hours"].values, dispatch["generator_zone"].values)


# -------------------------------------------------------------------------------------------------------------- tracing


def trace(flows: Flows, content: np.ndarray, carried: np.ndarray) -> np.ndarray:
    """Content per MWh of what leaves each zone, by proportional sharing.

    Parameters
    ----------
    content : fed in within each zone, shape (zones, steps) or (zones, steps, kinds), in units per hour
    carried : MW of each directed line whose content arrives: `flows.sent` (the receiver bears losses) or
    `flows.received`

    Returns
    -------
    array of the shape of `content`; 0 in a zone without power of known origin
    """
    kinds = content.reshape(*content.shape[:2], -1)
    mixes = np.zeros(kinds.shape)
    for steps in _chunks(content.shape[1], len(content)):
        inflow = _matrix(flows, carried[:, steps])
        throughput = flows.throughput[:, steps].T
        live = _live(flows, steps, inflow, throughput)
        system = np.eye(len(content)) * np.where(live, throughput, 1.0)[:, None, :] - inflow * (
            live[:, :, None] & live[:, None, :]
        )
        right = np.where(live[:, :, None], kinds[:, steps].transpose(1, 0, 2), 0.0)
        mixes[:, steps] = np.linalg.solve(system, right).transpose(1, 0, 2)
    return mixes.reshape(content.shape)


def _chunks(steps: int, zones: int) -> Iterator[slice]:
    at_once = max(1, CHUNK // max(1, zones) ** 2)
    return (slice(first, min(first + at_once, steps)) for first in range(0, steps, at_once))


def _matrix(flows: Flows, power: np.ndarray) -> np.ndarray:
    """Power from every zone (last axis) to every zone, shape (steps, zones, zones)."""
    zones = len(flows.local)
    matrix = np.zeros((zones * zones, power.shape[1]))
    np.add.at(matrix, flows.end * zones + flows.start, power)
    return matrix.T.reshape(-1, zones, zones)


def _live(flows: Flows, steps: slice, inflow: np.ndarray, throughput: np.ndarray) -> np.ndarray:
    """Zones whose power comes to a consumer, over any number of lines, shape (steps, zones): there the system has one
    solution."""
    consumers = throughput - flows.out_of(flows.sent[:, steps]).T > NOTHING
    onward = (inflow.transpose(0, 2, 1) > NOTHING).astype(np.float32)
    live = consumers
    while True:
        wider = live | ((onward @ live[:, :, None].astype(np.float32))[:, :, 0] > 0)
        if (wider == live).all():
            return live & (throughput > NOTHING)
        live = wider


# --------------------------------------------------------------------------------------------------------------- carbon


def factors(dispatch: xr.Dataset) -> xr.Dataset:
    """Hourly factors of every zone and the carbon of its consumption.

    carbon_factor_production   tCO2 per MWh generated in the zone; NaN where nothing is generated
    carbon_factor_consumption  tCO2 per MWh that leaves the zone to consumers or lines; NaN where there is none
    emissions_consumption      tCO2 of what is consumed in the step; over zones they sum to `emissions` over generators
    """
    flows, carbon = read_flows(dispatch), produced(dispatch)
    factor = trace(flows, carbon, flows.sent)
    consumed = carbon + flows.into(flows.sent * factor[flows.start]) - flows.out_of(flows.sent * factor[flows.start])
    values = {
        "carbon_factor_production": (_ratio(carbon, generated(dispatch)), "tCO2/MWh", "carbon per energy generated in the zone"),
        "carbon_factor_consumption": (
            np.where(flows.throughput > NOTHING, factor, np.nan),
            "tCO2/MWh",
            "carbon per energy consumed in the zone, by tracing flows",
        ),
        "emissions_consumption": (
            consumed * dispatch["step_hours"].values,
            "tCO2",
            "CO2 of what is consumed in the step, by tracing flows",
        ),
    }
    return xr.Dataset(
        {
            name: (("zone", "time"), array, {"units": unit, "long_name": words})
            for name, (array, unit, words) in values.items()
        },
        coords={"zone": dispatch["zone"].values, "time": dispatch["time"].values},
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > NOTHING)


def add_factors(dispatch: xr.Dataset) -> xr.Dataset:
    """The dispatch with `carbon_factor_production`, `carbon_factor_consumption` and `emissions_consumption`."""
    traced = factors(dispatch)
    return dispatch.assign({name: (("zone", "time"), traced[name].values, traced[name].attrs) for name in traced})


def consumption(dispatch: xr.Dataset) -> np.ndarray:
    """What each zone takes in and does not send on, shape (zones, steps) [MW]."""
    flows = read_flows(dispatch)
    return flows.throughput - flows.out_of(flows.sent)


def shares(dispatch: xr.Dataset, by: str = "technology") -> xr.DataArray:
    """What the power that leaves each zone is made of: (kind, zone, time), parts that sum to one where there is any.

    `by` is a coordinate of generators, such as `technology` or `purchase_class`; discharge counts as kind `storage`.
    A line carries the mix of the zone it comes from: `shares(dispatch).sel(zone=from_zone)`.
    """
    flows, fed = read_flows(dispatch), _fed_in(dispatch, by)
    mixes = trace(flows, np.stack(list(fed.values()), axis=2), flows.received)
    return xr.DataArray(
        mixes.transpose(2, 0, 1),
        dims=("kind", "zone", "time"),
        name="share",
        attrs={"units": "1", "long_name": f"part of the power by {by}, by tracing flows"},
        coords={
            "kind": np.asarray(list(fed), object),
            "zone": dispatch["zone"].values,
            "time": dispatch["time"].values,
        },
    )


# --------------------------------------------------------------------------------------------------------- yearly table


def yearly(dispatch: xr.Dataset, published: pd.DataFrame) -> pd.DataFrame:
    """Factors of the run by calendar year: zones, regions and all, beside the latest published average of each.

    Parameters
    ----------
    dispatch : with or without the hourly factors
    published : `area, level, kind, year, factor_t_per_mwh` (inputs: carbon_factors)
    """
    traced = factors(dispatch) if "emissions_consumption" not in dispatch else dispatch
    hours, zones = counted_hours(dispatch).values, dispatch["zone"].values
    region = dispatch["region"].values if "region" in dispatch.coords else np.full(len(zones), "", object)
    energy = {
        "production_emissions_t": produced(dispatch) * hours,
        "consumption_emissions_t": traced["emissions_consumption"].values * hours / dispatch["step_hours"].values,
        "generation_mwh": generated(dispatch) * hours,
        "consumption_mwh": consumption(dispatch) * hours,
    }
    year_of_step = pd.DatetimeIndex(dispatch["time"].values).year.to_numpy()
    parts = []
    for level, area in (
        ("province", zones),
        ("grid region", _published_names(region)),
        ("national", np.full(len(zones), "China", object)),
    ):
        sums = {
            name: _sums(
                _sums(values.T, year_of_step - year_of_step.min(), np.ptp(year_of_step) + 1).T, *_positions(area)
            )
            for name, values in energy.items()
        }
        parts.append(_rows(level, pd.unique(area), np.arange(year_of_step.min(), year_of_step.max() + 1), sums))
    table = pd.concat(parts, ignore_index=True)
    table = table[table["area"] != ""]
    for name in ("production", "consumption"):
        energy_of = table["generation_mwh" if name == "production" else "consumption_mwh"].to_numpy()
        table[f"factor_{name}_t_per_mwh"] = _ratio(table[f"{name}_emissions_t"].to_numpy(), energy_of)
    return table.merge(_latest(published), on=["area", "level"], how="left")


def _positions(names: np.ndarray) -> tuple[np.ndarray, int]:
    positions, known = pd.factorize(names)
    return positions, len(known)


def _rows(level: str, areas, years: np.ndarray, sums: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area": np.repeat(np.asarray(areas, object), len(years)),
            "level": level,
            "year": np.tile(years, len(areas)),
            **{name: values.reshape(-1) for name, values in sums.items()},
        }
    )


def _published_names(region: np.ndarray) -> np.ndarray:
    """Regions as the published tables call them."""
    names = {"North": "North China", "East": "East China", "Central": "Central China"}
    return np.asarray([names.get(name, name) for name in region], object)


def _latest(published: pd.DataFrame) -> pd.DataFrame:
    average = published[published["kind"] == "average"].sort_values("year", kind="stable")
    latest = average.groupby(["area", "level"], as_index=False).last()[["area", "level", "factor_t_per_mwh", "year"]]
    return latest.rename(columns={"factor_t_per_mwh": "published_t_per_mwh", "year": "published_year"})
