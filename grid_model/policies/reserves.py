"""Reserves: power kept ready upwards and downwards in every region, bought together with energy.

symbol  attribute      unit             kind
r       up, down       GW               decision >= 0, reserve of a unit; one variable for each fleet
N       infeed         GW               decision, the largest infeed that may fail
s       shortfall      GW               decision >= 0, reserve that is missing
R       fixed          GW               data: shares of load and of available wind and solar power (+ N where data)
h       headroom       GW               what the unit offers: power that could be added or withdrawn at once
H       sustain_hours  h                data: for how long a store can give what it sells
w       penalty        million CNY/GWh  data: cost of shortfall

    up:    sum of r + s >= R + N        a part of it (spinning_share) from spinning units
    down:  sum of r + s >= R

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
from grid_model.policies.reserve_providers import CALLED, DIRECTIONS, STORED, reach_of, read_providers
from grid_model.policies.reserve_results import reserve_series

NAME = "reserves"
DEFAULT = False
WEIGHTED = True  # kept in each step
SELDOM = ("headroom_*", "sustained_*", "requirement_*", "spinning_up")

SHARES = ("up_load_share", "up_renewable_share", "down_load_share", "down_renewable_share", "spinning_share")



def _provides(unless_given: str):
    return choice("reserve", ["both", "up", "down", "none"], meaning=f"reserve that it may provide; empty: {unless_given}")


TABLES = {
    "generators": [
        _provides("both, of wind, sun and other renewable plant down only"),
        number("largest_unit_mw", unit="MW", minimum=0, by_technology=True,
               meaning="largest unit of a fleet, which may fail; empty: the whole capacity is one unit"),
    ],
    "storage": [_provides("both, of self-use storage none")],
    "demand_response": [_provides("both, of shed and interruptible up only, of orderly_use none")],
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
    """How much reserve, for how long, and what is paid when it is missing.

    area                        a region or a zone is one area of reserve
    up_load_share               upward reserve, as part of load
    up_renewable_share          the same, as part of available wind and solar power
    down_load_share             downward reserve, as part of load
    down_renewable_share        the same, as part of available wind and solar power
    spinning_share              part of the upward reserve that plant and stores that run must keep
    infeed                      largest infeed that may fail: as dispatched, by capacity, or none
    sustain_hours               for how long a store can give what it sells [h]
    response_minutes            time in which reserve must be there; none: ramps do not limit it
    shortfall_cost_cny_per_mwh  what a MW missing for an hour costs
    """

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
    read_providers(data)
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
    """Wind and solar power available in every area, shape (areas, steps) [GW]; solar thermal that has a store is not
    counted."""
    table = data.case.generators("renewable")
    table = table[table["technology"].str.startswith(("wind", "solar")) & (table["heat_store_hours"] == 0)]
    return _total(data, table["zone"], available(data.case, table))


def _total(data: PolicyData, zones, values: np.ndarray) -> np.ndarray:
    total = np.zeros((len(data.areas), data.end))
    np.add.at(total, position(data, zones), values)
    return total


def add_variables(reserves, data):
    reserve_infeed.add_variables(reserves, data)
    for direction, providers in data.providers.items():
        needed = pyo.Set(initialize=data.needed[direction].tolist())
        reserves.add_component(f"areas_{direction}", needed)
        reserves.add_component(f"shortfall_{direction}", pyo.Var(needed, data.steps, domain=pyo.NonNegativeReals))
        for fleet, units in providers.items():
            reach = reach_of(data, fleet, direction)
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
    """Reserve of every provider, and by area what is required, missing, and its price."""
    return reserve_series(data, solved)


def check_areas(frames):
    """An area is a region or a zone."""
    table, zones = frames["reserves"], frames["zones"]
    known = {*zones["region"], *zones["zone"]} - {""}
    return problems_where(table, ~table["area"].isin(known), "area", "a region or zone of table zones")


CHECKS = (check_areas,)
