"""Self-use storage: it follows its plant's or user's own schedule, and the dispatcher may call it when supply is tight.

symbol  attribute        unit  kind
c, d    charge, discharge  GW  decisions of the store s
n       net_schedule     GW    data: discharge less charge of the schedule
C', D'  charge, discharge of the schedule  GW  data
e, e'   energy, level    GWh   decision of the store; data: level of the schedule
E       level_upper      GWh   data: highest level
k       retention        1     data: what of a level is left a step later
r       room             GWh   data: how far above the schedule the store may be at the end of a step

Two steps (NEA notice 2024 no. 26; docs/policy.md, section 2). First the store's own small programme against its zone's
tariff (self_use_schedule.py); a case that holds schedules already, made for a longer time or with known curtailment by
`schedule_self_use`, keeps them. Then, in the dispatch of all:

    d - c = n           outside tight hours
    free                in tight hours: the dispatcher calls it
    d <= D', c >= C'    in the recovery_hours after a tight hour: as scheduled, but for what makes good a call
    e = e'              at the end of these: back on schedule, so that without a call nothing differs
    e <= e' + r         before: r[t] = min(E - e'[t], r[t+1] / k[t+1]) where t+1 is no tight hour, 0 where it is back. It follows
                        from the laws around it, as what is above the schedule can leave no more; it is said for windows of
                        a long horizon, which do not see so far

What the rules do not say and is chosen here: which hours are tight is declared in the scenario, as hours of the day
(tight_hours) on all or on given days (tight_dates), and as the part tight_share of the hours with the highest net
load of the zone; and a called store is back on schedule a day later.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field, field_validator

from grid_model.algebra import Array
from grid_model.case.case import labelled
from grid_model.case.checks import problems_where
from grid_model.case.units import MW, MWH
from grid_model.policies import tariffs
from grid_model.policies.contract import PolicyData
from grid_model.policies.self_use_schedule import SERIES, schedule_self_use

NAME = "self_use"
DEFAULT = True
BOUNDS = ("less_discharge", "more_charge", "no_more_than_leaves", "back_on_schedule")

NOTHING = 1e-9  # GWh

TABLES = tariffs.TABLES


class Settings(BaseModel):
    """Which hours are tight, and how long a called store may take to be back on its schedule.

    tight_hours     hours of the day, 0 to 23, in which the dispatcher may call
    tight_dates     days on which these hold; none: every day
    tight_share     part of all hours, those of the highest net load of the zone, that are tight too
    recovery_hours  time after which a called store is back on its schedule [h]
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tight_hours: tuple[int, ...] = ()
    tight_dates: tuple[date, ...] = ()
    tight_share: float = Field(0.0, ge=0, le=1)
    recovery_hours: float = Field(24.0, ge=0)

    @field_validator("tight_hours")
    @classmethod
    def _of_the_day(cls, hours):
        if any(not 0 <= hour <= 23 for hour in hours):
            raise ValueError("hours of the day from 0 to 23")
        return hours


def read(case, fleets, settings) -> PolicyData | None:
    """Schedules of the self-use stores, GW and GWh, and the steps in which they hold."""
    stores = next((fleet for fleet in fleets if fleet.name == "storage"), None)
    chosen = None if stores is None else (stores.data.table["call"] == "self_use").to_numpy()
    if stores is None or not chosen.any():
        return None
    data = PolicyData(case, fleets, settings)
    data.stores, data.names = stores, stores.data.names[chosen]
    scheduled = case if all(name in case.series for name in SERIES) else schedule_self_use(case)
    data.charged, data.discharged, data.level = (scheduled.profile(name, data.names) for name in SERIES)  # MW, MW, MWh
    net = np.clip(data.discharged - data.charged, -stores.data.charge_power.values[chosen, None] / MW,
                  stores.data.power.values[chosen, None] / MW)
    data.net_schedule = Array(net * MW, data.names, data.step_labels, name="net_schedule")
    data.scheduled_charge, data.scheduled_discharge = (
        Array(np.maximum(power, 0.0) * MW, data.names, data.step_labels, name=name)
        for name, power in (("scheduled_charge", -net), ("scheduled_discharge", net))
    )
    _read_tight(data, stores.data.table.loc[chosen, "zone"].to_numpy(object))
    _read_held(data, stores.data, np.flatnonzero(chosen))
    return data


def carried(self_use, data) -> dict:
    """The schedules, so that a coarser case of the same hours need not make its own."""
    values = dict(zip(SERIES, (data.charged, data.discharged, data.level), strict=True))
    return {name: labelled("storage", data.names, data.case.time, array, {}) for name, array in values.items()}


def _read_held(data, figures, rows: np.ndarray) -> None:
    """The level of the schedule, and that with the room above it, GWh; and the steps in which less room is left than the
    store has."""
    lowest, highest = (limit.values[rows, 1:] for limit in (figures.level_lower, figures.level_upper))
    level = np.clip(data.level * MWH, lowest, highest)
    own = np.where(data.back, 0.0, np.maximum(highest - level, 0.0))
    room = _room(own, figures.retention.values[rows], data.tight)
    for name, values in (("scheduled_level", level), ("highest_level", level + room)):
        setattr(data, name, Array(values, data.names, data.step_labels, name=name))
    data.capped = _pairs(data, (room < own - NOTHING) & data.released & ~data.back)


def _room(own: np.ndarray, retention: np.ndarray, tight: np.ndarray) -> np.ndarray:
    """r of each store and step: the least of what later steps have room for, as far as the next tight hour; over spans that
    double, `kept` being what of a level is left after such a span (of no matter beyond a tight hour: 0)."""
    room, steps, span = own, own.shape[1], 1
    kept = np.pad(np.where(tight, 0.0, retention)[:, 1:], ((0, 0), (0, 1)))
    while span < steps:
        later, beyond = (np.pad(values[:, span:], ((0, 0), (0, span))) for values in (room, kept))
        room = np.minimum(room, np.divide(later, kept, out=np.full_like(kept, np.inf), where=kept > 0))
        kept, span = kept * beyond, 2 * span
    return room


def _pairs(data, mask: np.ndarray) -> list[tuple]:
    """Stores and steps that a mask marks."""
    store, step = np.nonzero(mask)
    return list(zip(data.names[store], data.step_labels[step].tolist(), strict=True))


def _read_tight(data, zone_of: np.ndarray) -> None:
    """Steps in which the schedule holds, is released, or is made good, by store."""
    case, settings = data.case, data.settings
    by_zone = {zone: tight_steps(case, settings, zone) for zone in dict.fromkeys(zone_of)}
    tight = np.stack([by_zone[zone] for zone in zone_of])
    ends = np.cumsum(case.step_hours)
    starts = ends - case.step_hours
    last = np.maximum.accumulate(np.where(tight, ends, -np.inf), axis=1)  # end of the last tight step so far
    released = starts < last + settings.recovery_hours - 1e-9
    following = np.concatenate([released[:, 1:], np.zeros((len(tight), 1), bool)], axis=1)
    data.tight, data.released, data.back = tight, released, released & ~following
    data.always = data.step_labels[~released.any(axis=0)]
    recovering = released & ~tight
    data.scheduled, data.recovering, data.charging, data.returning = (_pairs(data, mask) for mask in (
        ~released & released.any(axis=0), recovering, recovering & (data.scheduled_charge.values > 0), data.back))


def tight_steps(case, settings, zone: str) -> np.ndarray:
    """Which steps are declared tight in a zone."""
    days, hours = pd.DatetimeIndex([pd.Timestamp(day) for day in settings.tight_dates]), list(settings.tight_hours)
    tight = np.full(case.steps, bool(len(days) or hours))
    if len(days):
        tight &= case.time.normalize().isin(days)
    if hours:
        tight &= case.time.hour.isin(hours)
    highest = np.argsort(-tariffs.net_load(case, zone), kind="stable")[: round(settings.tight_share * case.steps)]
    tight[highest] = True
    return tight


def add_variables(self_use, data):
    self_use.stores = pyo.Set(initialize=list(data.names))
    self_use.always = pyo.Set(initialize=data.always.tolist())
    for name in ("scheduled", "recovering", "charging", "capped", "returning"):
        self_use.add_component(name, pyo.Set(dimen=2, initialize=getattr(data, name)))


def add_constraints(self_use, data):
    def on_schedule(self_use, store, step):
        """d[s,t] - c[s,t] = n[s,t]   [GW]"""
        return data.stores.output(store, step) == data.net_schedule[store, step]

    self_use.on_schedule = pyo.Constraint(self_use.stores, self_use.always, rule=on_schedule)
    self_use.on_schedule_at_times = pyo.Constraint(self_use.scheduled, rule=on_schedule)

    @self_use.Constraint(self_use.recovering)
    def less_discharge(self_use, store, step):
        """d[s,t] <= D'[s,t] after a tight hour   [GW]"""
        return data.stores.discharge(store, step) <= data.scheduled_discharge[store, step]

    @self_use.Constraint(self_use.charging)
    def more_charge(self_use, store, step):
        """c[s,t] >= C'[s,t] after a tight hour, where the schedule charges   [GW]"""
        return data.stores.charge(store, step) >= data.scheduled_charge[store, step]

    @self_use.Constraint(self_use.capped)
    def no_more_than_leaves(self_use, store, step):
        """e[s,t] <= e'[s,t] + r[s,t]   [GWh]"""
        return data.stores.level(store, step) <= data.highest_level[store, step]

    @self_use.Constraint(self_use.returning)
    def back_on_schedule(self_use, store, step):
        """e[s,t] = e'[s,t] at the end of the time after a tight hour   [GWh]"""
        return data.stores.level(store, step) == data.scheduled_level[store, step]


def series(self_use, data, solved) -> dict:
    """`scheduled_discharge`: what the stores would do on their own, discharge less charge; NaN for others."""
    names = data.case.tables["storage"]["storage"].to_numpy(object)
    values = np.full((len(names), data.end), np.nan)
    values[pd.Index(names).get_indexer(data.names)] = data.discharged - data.charged
    return {
        "self_use_schedule": xr.DataArray(
            values,
            dims=("storage", "time"),
            coords={"storage": names},
            attrs={
                "units": "MW",
                "long_name": "discharge less charge of self-use storage by its own schedule",
                "cell_methods": "time: mean",
            },
        )
    }


def tables(self_use, data, solved) -> dict:
    """`self_use`: energy by schedule and as dispatched, what was called in tight hours, and the schedule at its
    tariff."""
    rows = data.stores.data.table.set_index("storage").loc[data.names]
    position = pd.Index(data.stores.data.names).get_indexer(data.names)
    charge, discharge = (solved.evaluate(f"storage.{name}")[position] / MW for name in ("charge", "discharge"))
    hours, net = data.case.step_hours, data.discharged - data.charged
    called = np.where(data.tight, discharge - charge - net, 0.0)
    price = tariffs.zone_prices(data.case, rows["zone"].tolist())
    return {
        "self_use": pd.DataFrame(
            {
                "storage": data.names,
                "zone": rows["zone"].to_numpy(),
                "place": rows["place"].to_numpy(),
                "host": rows["host"].to_numpy(),
                "scheduled_charge_mwh": data.charged @ hours,
                "scheduled_discharge_mwh": data.discharged @ hours,
                "charge_mwh": charge @ hours,
                "discharge_mwh": discharge @ hours,
                "tight_hours": data.tight @ hours,
                "called_mwh": np.maximum(called, 0.0) @ hours,
                "tariff_value_cny": (price * net) @ hours,
                "wear_cny": rows["wear_cost_cny_per_mwh"].to_numpy(float) * (data.discharged @ hours),
            }
        )
    }


def check_prices(frames):
    """A zone with self-use storage has a tariff, or a benchmark to make one from."""
    table, zones = frames["storage"], frames["zones"].set_index("zone")
    known = {*frames["tariffs"]["zone"], *zones.index[zones["benchmark_tariff_cny_per_mwh"].notna()]}
    return problems_where(
        table,
        (table["call"] == "self_use") & ~table["zone"].isin(known),
        "call",
        "dispatch, as the zone has neither tariffs nor a benchmark_tariff_cny_per_mwh",
    )


CHECKS = (*tariffs.CHECKS, check_prices)
