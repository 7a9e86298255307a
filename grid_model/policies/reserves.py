"""Reserves: power kept ready upwards and downwards in every region, bought together with energy.

symbol  attribute      unit             kind
r       up, down       GW               decision >= 0, reserve of a unit; one variable for each fleet
N       infeed         GW               decision, the largest infeed that may fail
s       shortfall      GW               decision >= 0, reserve that is missing
R       fixed          GW               data: shares of load and of available wind and solar power (+ N where data)
h       headroom       GW               what the unit offers: power that could be added or withdrawn at once
H       sustain_hours  h                data: for how long a store can give what it sells
w       penalty        million CNY/GWh  data: cost of shortfall

Up:   sum of r + s >= R + N        a part of it (spinning_share) from spinning units
Down: sum of r + s >= R
r <= h in every step; where `response_minutes` are given, r is no more than the unit's ramp reaches in them. A store
holds H r at the end of the step, or has room for it: H r <= energy that it could deliver (could draw) from then on.
Where h is the only limit of r, any sum up to that of h can be shared out among units: such plant has neither column nor
row here, its h stands in the requirement, and what is reported of it is shared out afterwards, to spinning plant first and
then in proportion to h. Storage that follows its own schedule (call: self_use) provides nothing unless it says so.

N is the largest infeed that may fail, a single unit or corridor (reserve_infeed.py). An area is a region (a zone
without one is its own area), or with `area: zone` a zone; reserve is not shared between areas. Plant and stores that
run are spinning; customers are not. What is missing is paid for at the penalty, in one amount with what is missing of
the spinning part. The dual of a requirement is the price of reserve.

Sources: docs/policy.md, section 7. Contingency on top of shares of load and of wind and solar: GenX, operational reserves
(Jenkins and Sepulveda 2017). Shares of 3 % and 5 %: Western Wind and Solar Integration Study (NREL 2010). Half of it
spinning, sustained for an hour: WECC standard BAL-002-WECC-2a. Penalty: the highest offer that Guangdong's rules
for market-based demand response (2022) accept.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyomo.environ as pyo
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import choice, identifier, number
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.policies import reserve_infeed
from grid_model.policies.contract import PolicyData, members
from grid_model.policies.reserve_infeed import available, position

NAME = "reserves"
DEFAULT = False
WEIGHTED = True  # kept in each step

DIRECTIONS = ("up", "down")
STORED = {"up": "energy_held", "down": "energy_room"}  # offers of a fleet that stores energy
CALLED = ("demand_response",)  # fleets whose units do not spin
SHARES = ("up_load_share", "up_renewable_share", "down_load_share", "down_renewable_share", "spinning_share")

_provides = choice("reserve", ["both", "up", "down", "none"],
                   meaning="reserve that it may provide; empty: both, of wind, sun and other renewable plant down")

TABLES = {
    "generators": [
        _provides,
        number("largest_unit_mw", unit="MW", minimum=0, by_technology=True,
               meaning="largest unit of a fleet, which may fail; empty: the whole capacity is one unit"),
    ],
    "storage": [_provides],
    "demand_response": [_provides],
    "lines": [
        number("largest_element_mw", unit="MW", minimum=0,
               meaning="capacity lost when the largest element of the corridor fails; empty: all of it"),
    ],
    "reserves": [
        identifier("area", meaning="a region, or a zone where reserves stand by zone"),
        *(number(name, unit="1", minimum=0, maximum=1,
                 meaning="as the setting of this name, for this area; empty: the setting")
          for name in SHARES),
        number("largest_infeed_mw", unit="MW", minimum=0,
               meaning="infeed that may fail, given; empty: found in the case"),
    ],
}


class Settings(BaseModel):
    """How much reserve, for how long, and what is paid when it is missing."""

    model_config = ConfigDict(extra="forbid")

    area: Literal["region", "zone"] = "region"
    up_load_share: float = Field(0.03, ge=0, le=1)
    up_renewable_share: float = Field(0.05, ge=0, le=1)
    down_load_share: float = Field(0.03, ge=0, le=1)
    down_renewable_share: float = Field(0.05, ge=0, le=1)
    spinning_share: float = Field(0.5, ge=0, le=1)
    infeed: Literal["dynamic", "capacity", "none"] = "dynamic"
    sustain_hours: float = Field(1.0, ge=0)
    response_minutes: float | None = Field(None, gt=0)
    shortfall_cost_cny_per_mwh: float = Field(3500.0, ge=0)


def read(case, fleets, settings) -> PolicyData | None:
    """Requirements by area, and the units that can provide them; None where nothing is required."""
    data = PolicyData(case, fleets, settings)
    data.area_of = area_of_zone(case.tables["zones"], settings.area)
    data.areas = np.array(sorted(set(data.area_of.values())), object)
    _read_requirements(data)
    needed = {"up": (data.fixed["up"].values > 0).any(axis=1) | np.isin(data.areas, data.contingent),
              "down": (data.fixed["down"].values > 0).any(axis=1)}
    data.needed = {direction: data.areas[areas] for direction, areas in needed.items() if areas.any()}
    _read_providers(data)
    data.penalty = settings.shortfall_cost_cny_per_mwh * CNY_PER_MWH
    return data if data.needed else None


def area_of_zone(zones, area: str) -> dict[str, str]:
    """The area of each zone."""
    region = zones["region"].where(zones["region"] != "", zones["zone"])
    return dict(zip(zones["zone"], region if area == "region" else zones["zone"], strict=True))


def _read_requirements(data: PolicyData) -> None:
    """R of every area and step in both directions [GW], the spinning share of every area, and what N needs."""
    load, renewable = _load(data), _wind_and_solar(data)
    table = data.case.tables["reserves"].set_index("area").reindex(data.areas)
    share = {name: table[name].fillna(getattr(data.settings, name)).to_numpy(float)[:, None] for name in SHARES}
    infeed = reserve_infeed.read(data, table["largest_infeed_mw"].to_numpy(float) * MW)
    varying = {direction: share[f"{direction}_load_share"] * load + share[f"{direction}_renewable_share"] * renewable
               for direction in DIRECTIONS}
    data.fixed = {"up": Array(varying["up"] + infeed, data.areas, data.step_labels, name="fixed"),
                  "down": Array(varying["down"], data.areas, data.step_labels, name="fixed")}
    data.spinning_share = Array(share["spinning_share"][:, 0], data.areas, name="spinning_share")


def _load(data: PolicyData) -> np.ndarray:
    """Load of every area, shape (areas, steps) [GW]; what injects counts as none."""
    loads = data.case.tables["loads"]
    return _total(data, loads["zone"], np.maximum(data.case.profile("load", loads["load"], 0.0), 0) * MW)


def _wind_and_solar(data: PolicyData) -> np.ndarray:
    """Wind and solar power available in every area, shape (areas, steps) [GW]; solar thermal has a store and is not
    counted."""
    table = data.case.generators("renewable")
    name = table["technology"]
    table = table[name.str.startswith(("wind", "solar")) & (name != "solar_thermal")]
    return _total(data, table["zone"], available(data.case, table))


def _total(data: PolicyData, zones, values: np.ndarray) -> np.ndarray:
    total = np.zeros((len(data.areas), data.end))
    np.add.at(total, position(data, zones), values)
    return total


def _read_providers(data: PolicyData) -> None:
    """By direction {fleet: its units that provide reserve in areas that need it}: `providers`, whose reserve is a
    decision, and `pooled`, of whom all headroom is reserve; fleets without any are left out."""
    data.providers, data.pooled = {}, {}
    for direction in data.needed:
        offering = data.offering(f"headroom_{direction}")
        able = {fleet: _able(data, fleet, direction) for fleet in offering}
        alone = {fleet: able[fleet] & _limited(data, fleet, direction) for fleet in offering}
        data.providers[direction] = {fleet: fleet.data.where(some).tolist() for fleet, some in alone.items() if some.any()}
        rest = {fleet: able[fleet] & ~some for fleet, some in alone.items()}
        data.pooled[direction] = {fleet: fleet.data.where(some).tolist() for fleet, some in rest.items() if some.any()}


def _limited(data: PolicyData, fleet, direction: str) -> np.ndarray:
    """Which units of a fleet have another limit than headroom: energy in store, a ramp, their own failure."""
    if fleet.offers(STORED[direction]) and data.settings.sustain_hours > 0:
        return np.ones(len(fleet.data.names), bool)
    failing = {unit for unit, _ in data.unit_steps.get(fleet.name, ())} if direction == "up" else set()
    return np.isfinite(_reach(data, fleet, direction).values) | np.isin(fleet.data.names, list(failing))


def _able(data: PolicyData, fleet, direction: str) -> np.ndarray:
    """Which units of a fleet provide reserve in a direction, where any is needed."""
    table = fleet.data.table
    by_default = (table["reserve"] == "").to_numpy() & _able_by_default(data, table, direction)
    needed = np.isin([data.area_of[zone] for zone in table["zone"]], data.needed[direction])
    return (table["reserve"].isin(["both", direction]).to_numpy() | by_default) & needed & (_size(table) > 0)


def _size(table) -> np.ndarray:
    """Capacity or power of units; infinite where it is a share of something else [GW]."""
    size = table["capacity_mw"] if "capacity_mw" in table else table["power_mw"]
    return size.fillna(np.inf).to_numpy(float) * MW


def _reach(data: PolicyData, fleet, direction: str) -> Array:
    """What a ramp of each unit reaches in the response time; infinite where there is no such limit [GW]."""
    ramp, minutes = f"ramp_{direction}_fraction_per_hour", data.settings.response_minutes
    if minutes is None or ramp not in fleet.data.table:
        return fleet.data.parameter(np.full(len(fleet.data.names), np.inf), "reach")
    rate = fleet.data.table[ramp].fillna(np.inf).to_numpy(float)
    return fleet.data.parameter(rate * _size(fleet.data.table) * minutes / 60, "reach")


def _able_by_default(data: PolicyData, table, direction: str) -> np.ndarray:
    """Renewable plant downwards only; of programmes, shed and interruptible upwards only, orderly use never; others
    both, but storage on its own schedule."""
    if "storage" in table:
        return (table["call"] != "self_use").to_numpy()
    if "generator" in table:
        kind = table["technology"].map(data.case.tables["technologies"].set_index("technology")["kind"])
        return ((kind != "renewable") | (direction == "down")).to_numpy()
    if "programme" in table:
        moving = table["kind"].isin(["shift", "ev_charging"])
        return (moving | ((table["kind"] != "orderly_use") & (direction == "up"))).to_numpy()
    return np.ones(len(table), bool)


def add_variables(reserves, data):
    reserve_infeed.add_variables(reserves, data)
    for direction, providers in data.providers.items():
        needed = pyo.Set(initialize=data.needed[direction].tolist())
        reserves.add_component(f"areas_{direction}", needed)
        reserves.add_component(f"shortfall_{direction}", pyo.Var(needed, data.steps, domain=pyo.NonNegativeReals))
        for fleet, units in providers.items():
            reach = _reach(data, fleet, direction)
            reserves.add_component(f"{direction}_{fleet.name}", pyo.Var(
                _units(reserves, data, fleet, units, f"{direction}_{fleet.name}"), data.steps,
                bounds=lambda _, unit, step, reach=reach: (0, reach[unit])))
        for fleet, units in data.pooled[direction].items():
            headroom = getattr(fleet, f"headroom_{direction}")
            reserves.add_component(f"{direction}_pool_{fleet.name}", pyo.Expression(
                _units(reserves, data, fleet, units, f"{direction}_pool_{fleet.name}"), data.steps,
                rule=lambda _, unit, step, headroom=headroom: headroom(unit, step)))


def _units(reserves, data, fleet, units, name: str) -> pyo.Set:
    """The set of some units of a fleet, beside a set of them for each area."""
    area = dict(zip(fleet.data.names, (data.area_of[zone] for zone in fleet.data.zone_names), strict=True))
    in_area = {}
    for unit in units:
        in_area.setdefault(area[unit], []).append(unit)
    reserves.add_component(f"{name}_units", pyo.Set(initialize=units))
    members(reserves, f"{name}_in", data.areas, in_area)
    return reserves.component(f"{name}_units")


def add_constraints(reserves, data):
    reserve_infeed.add_constraints(reserves, data)
    for direction, providers in data.providers.items():
        for fleet in providers:
            _add_limits(reserves, data, fleet, direction)
    _add_requirements(reserves, data)


def _add_limits(reserves, data, fleet, direction: str):
    """What the units of a fleet can provide."""
    name = f"{direction}_{fleet.name}"
    reserve, units = reserves.component(name), reserves.component(f"{name}_units")

    def headroom(reserves, unit, step):
        """r[u,t] <= h[u,t]   [GW]"""
        return reserve[unit, step] <= getattr(fleet, f"headroom_{direction}")(unit, step)

    def sustained(reserves, unit, step):
        """H r[u,t] <= energy that the store could deliver, or draw, from the end of the step on   [GWh]"""
        return data.settings.sustain_hours * reserve[unit, step] <= getattr(fleet, STORED[direction])(unit, step)

    reserves.add_component(f"headroom_{name}", pyo.Constraint(units, data.steps, rule=headroom))
    if fleet.offers(STORED[direction]) and data.settings.sustain_hours > 0:
        reserves.add_component(f"sustained_{name}", pyo.Constraint(units, data.steps, rule=sustained))


def _add_requirements(reserves, data):
    def provided(direction, area, step, called=True):
        """sum of r, and of h of pooled plant; without customers where `called` is False   [GW]"""
        names = [f"{direction}_{fleet.name}" for fleet in data.providers[direction] if called or fleet.name not in CALLED]
        names += [f"{direction}_pool_{fleet.name}" for fleet in data.pooled[direction] if called or fleet.name not in CALLED]
        return sum(sum(reserves.component(name)[unit, step] for unit in reserves.component(f"{name}_in")[area])
                   for name in names)

    def required_up(area, step):
        return data.fixed["up"][area, step], reserve_infeed.infeed(reserves, area, step)

    if "up" in data.needed:
        reserves.mixed = pyo.Set(initialize=_mixed(data))

        @reserves.Constraint(reserves.areas_up, data.steps)
        def requirement_up(reserves, area, step):
            """sum of r + s - N >= R   [GW]"""
            fixed, infeed = required_up(area, step)
            reserve = provided("up", area, step)
            return reserve + reserves.shortfall_up[area, step] - infeed >= fixed

        @reserves.Constraint(reserves.mixed, data.steps)
        def spinning_up(reserves, area, step):
            """sum of r of spinning units + s - share N >= share R   [GW]; only where customers provide reserve too"""
            fixed, infeed = required_up(area, step)
            share, reserve = data.spinning_share[area], provided("up", area, step, called=False)
            return reserve + reserves.shortfall_up[area, step] - share * infeed >= share * fixed

    if "down" in data.needed:
        @reserves.Constraint(reserves.areas_down, data.steps)
        def requirement_down(reserves, area, step):
            """sum of r + s >= R   [GW]"""
            reserve = provided("down", area, step)
            return reserve + reserves.shortfall_down[area, step] >= data.fixed["down"][area, step]


def _mixed(data: PolicyData) -> list[str]:
    """Areas in which not only spinning units provide reserve upwards."""
    called = {unit for some in (data.providers, data.pooled) for fleet, units in some["up"].items()
              if fleet.name in CALLED for unit in units}
    table = data.case.tables["demand_response"]
    areas = {data.area_of[zone] for zone in table["zone"][table["programme"].isin(called)]}
    return [area for area in data.needed["up"] if area in areas and data.spinning_share[area] > 0]


def shortfall_cost(reserves, data):
    """sum of w s dt in both directions   [million CNY]"""
    return sum(sum(data.penalty * data.cost_hours[step] * reserves.component(f"shortfall_{direction}")[area, step]
                   for area in reserves.component(f"areas_{direction}") for step in data.steps)
               for direction in data.needed)


COSTS = {"reserve_shortfall": shortfall_cost}


def series(reserves, data, solved) -> dict[str, xr.DataArray]:
    """Reserve of every provider, and by area what is required, missing, and its price (NaN where none is required)."""
    reserve = {direction: _of_providers(data, solved, direction) for direction in DIRECTIONS}
    every = list(dict.fromkeys(str(name) for one in reserve.values() for name in one["provider"].values))
    results = {f"reserve_{direction}": one.reindex(provider=every, fill_value=0.0)
               for direction, one in reserve.items()}
    for direction in data.needed:
        results |= _of_areas(data, solved, direction)
    return results


def _of_providers(data, solved, direction: str) -> xr.DataArray:
    """Reserve of every provider of one direction."""
    if direction not in data.needed:
        return _array(data, "provider", [], np.zeros((0, data.end)), f"reserve {direction}wards")
    decided, pooled = data.providers[direction], data.pooled[direction]
    values = [solved.evaluate(f"reserves.{direction}_{fleet.name}") / MW for fleet in decided]
    left = _required(data, solved, direction) - solved.evaluate(f"reserves.shortfall_{direction}") / MW
    for (fleet, units), reserve in zip(decided.items(), values):
        left -= _by_area(data, fleet, units, reserve, direction)
    for fleets in ([one for one in pooled if one.name not in CALLED], [one for one in pooled if one.name in CALLED]):
        values += _shared_out(data, solved, direction, fleets, left)
    order = [*decided, *(one for one in pooled if one.name not in CALLED), *(one for one in pooled if one.name in CALLED)]
    units = [*decided.values(), *(pooled[fleet] for fleet in order[len(decided):])]
    names = [label for fleet, some in zip(order, units) for label in _labels(list(zip(order, units)), fleet, some)]
    return _array(data, "provider", names, np.concatenate([np.zeros((0, data.end)), *values]), f"reserve {direction}wards")


def _shared_out(data, solved, direction: str, fleets, left: np.ndarray) -> list[np.ndarray]:
    """Reserve of pooled fleets in proportion to their headroom: of what is `left` in each area, which is lowered by it
    [MW]."""
    pooled = data.pooled[direction]
    headroom = [np.maximum(solved.evaluate(f"reserves.{direction}_pool_{fleet.name}") / MW, 0.0) for fleet in fleets]
    whole = sum((_by_area(data, fleet, pooled[fleet], some, direction) for fleet, some in zip(fleets, headroom)),
                np.zeros(left.shape))
    part = np.divide(np.clip(left, 0.0, whole), whole, out=np.zeros(left.shape), where=whole > 0)
    left -= part * whole
    return [some * part[_positions(data, fleet, pooled[fleet], direction)] for fleet, some in zip(fleets, headroom)]


def _positions(data, fleet, units, direction: str) -> np.ndarray:
    """Position of the area of each unit among those in need."""
    zone = dict(zip(fleet.data.names, fleet.data.zone_names, strict=True))
    return np.searchsorted(data.needed[direction].astype(str), np.array([data.area_of[zone[unit]] for unit in units], str))


def _by_area(data, fleet, units, values: np.ndarray, direction: str) -> np.ndarray:
    """Sums of units over the areas in need."""
    sums = np.zeros((len(data.needed[direction]), data.end))
    np.add.at(sums, _positions(data, fleet, units, direction), values)
    return sums


def _required(data, solved, direction: str) -> np.ndarray:
    """R + N of the areas in need, shape (areas, steps) [MW]."""
    needed = data.needed[direction]
    required = data.fixed[direction].values[np.isin(data.areas, needed)] / MW
    if direction == "up" and data.contingent:
        required[np.isin(needed, data.contingent)] += solved.evaluate("reserves.infeed") / MW
    return required


def _labels(providers, fleet, units) -> list[str]:
    """Names of providers, pairs of fleet and units; with the fleet's where another has a unit of the same name."""
    others = {unit for other, names in providers if other is not fleet for unit in names}
    return [f"{fleet.name} {unit}" if unit in others else unit for unit in units]


def _of_areas(data, solved, direction: str) -> dict[str, xr.DataArray]:
    """Requirement, shortfall and price of one direction by area."""
    needed = data.needed[direction]
    required = _required(data, solved, direction)
    dual, hours = solved.dual(f"reserves.requirement_{direction}"), data.case.cost_hours
    price = np.divide(dual, hours, out=np.zeros(dual.shape), where=hours > 0) / CNY_PER_MWH + 0.0  # no -0
    missing = solved.evaluate(f"reserves.shortfall_{direction}") / MW
    money = f"{data.case.scenario.currency}/MWh"
    columns = {"required": (required, f"reserve required {direction}wards", "MW"),
               "shortfall": (missing, f"reserve missing {direction}wards", "MW"),
               "price": (price, f"price of reserve {direction}wards: cost of one more MW required for an hour", money)}
    return {f"reserve_{direction}_{name}": _array(data, "reserve_area", needed, values, long_name, unit)
            for name, (values, long_name, unit) in columns.items()}


def _array(data, dimension: str, names, values: np.ndarray, long_name: str, unit: str = "MW") -> xr.DataArray:
    return xr.DataArray(values, coords={dimension: np.asarray(names, object)}, dims=(dimension, "time"),
                        attrs={"units": unit, "long_name": long_name, "cell_methods": "time: mean"})


def check_areas(frames):
    """An area is a region or a zone."""
    table, zones = frames["reserves"], frames["zones"]
    known = {*zones["region"], *zones["zone"]} - {""}
    return problems_where(table, ~table["area"].isin(known), "area", "a region or zone of table zones")


CHECKS = (check_areas,)
