"""The schedule of self-use storage: what a plant or a user does with its stores on its own, seeing its tariff only.

symbol  attribute  unit  kind
x       exchange   GW    decision, what the host with its stores gives to the grid (x < 0: takes)
c, d    charge, discharge  GW  decisions of its stores, by the laws of technologies/storage.py
A       own        GW    data: what its plant has available, or less what its user asks for
p       price      CNY/MWh     data: the zone's time-of-use tariff

    minimise  sum of -p x dt + wear        x <= A + sum of d - c        what a plant cannot use is spilled
                                           x  = A + sum of d - c        a user, and a store on its own, have nothing to spill

A plant gives at most what its connection carries, and its stores charge from it only (unless grid_charging): they
save what the connection would spill, or what is given as curtailed, and move the rest to dearer hours. A user with
its stores only takes. Users without a name are all loads of the zone that no store names. A self-use store that stands on its own earns
by the tariff alone.

Of equal schedules the one that charges late and discharges early is taken: prices fall by a part of DRIFT in each step;
and of equal levels the lowest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import xarray as xr

from grid_model.algebra import Array, compile_program
from grid_model.case.case import labelled
from grid_model.case.units import MW
from grid_model.errors import InfeasibleError
from grid_model.policies.contract import members
from grid_model.policies.storage_place import Giving, unnamed_users
from grid_model.policies.tariffs import zone_prices
from grid_model.solve.chains import layout_of, solve_windows
from grid_model.solve.timeline import timeline
from grid_model.solve.windows import Sliced
from grid_model.technologies import storage
from grid_model.technologies.contract import declare

PLANNED_HOURS, AHEAD_HOURS = 168, 24
DRIFT = 1e-7  # of the price, per step: too little to change what pays, enough for one answer
SERIES = ("self_use_charge", "self_use_discharge", "self_use_level")


def schedule_self_use(case, curtailment: xr.DataArray | None = None):
    """The case with the schedules of its self-use stores as series of (storage, time).

    self_use_charge, self_use_discharge  MW; self_use_level  MWh at the end of the step

    Parameters
    ----------
    curtailment : MW by (generator, time), such as that of an earlier run: stores behind plant then charge from it only

    Raises
    ------
    InfeasibleError : a store cannot keep its own limits, such as least cycles behind a user who takes too little
    """
    stores = case.tables["storage"]
    stores = stores[stores["call"] == "self_use"].reset_index(drop=True)
    if stores.empty:
        return case
    own = case.replace(storage=stores)
    users = unnamed_users(case)
    model, data = _model(own, _hosts(own, curtailment, users), Giving.of(own, stores, users))
    program = compile_program(model)
    values = _solve(own, model, program)
    power = {name: program.columns[f"storage.{name}"].of(values) / MW for name in ("charge", "discharge", "energy")}
    power["energy"] = _from_the_lowest_start(data, power["energy"])[:, 1:]
    series = {
        name: labelled("storage", data.names, case.time, array, {})
        for name, array in zip(SERIES, power.values(), strict=True)
    }
    return case.replace(series=series)


def _from_the_lowest_start(data, energy: np.ndarray) -> np.ndarray:
    """Levels of stores that may begin anywhere, as low as their limits let the same charging be [MWh].

    A cyclic store without loss and without a given start can do all that it does at any level; one of them is meant.
    """
    free = data.table["cyclic"].to_numpy(bool) & data.table["initial_fraction"].isna().to_numpy()
    free &= (data.retention.values == 1).all(axis=-1)
    room = (energy - data.level_lower.values / MW).min(axis=1)
    return energy - np.where(free, np.maximum(room, 0.0), 0.0)[:, None]


def _solve(case, model, program) -> np.ndarray:
    """Values of the columns, planned PLANNED_HOURS at a time with AHEAD_HOURS of foresight: nobody knows a year ahead."""
    step = float(case.step_hours[0])
    window, ahead = (max(round(hours / step), 1) for hours in (PLANNED_HOURS, AHEAD_HOURS))
    exclusive = [(*(f"storage.{name}" for name in pair), getattr(model.storage, labels)) for *pair, labels in storage.EXCLUSIVE]
    sliced = Sliced.of(program, timeline(program, model.steps, model.borders), program.cost, None, ("storage.shared_converter",), window,
                       exclusive)
    try:
        return solve_windows(sliced, layout_of(sliced, window, ahead)).values
    except InfeasibleError as error:
        message = f"self-use storage cannot keep its own limits behind its hosts: {error}"
        raise InfeasibleError(message, of=(case, program)) from None


@dataclass(frozen=True, eq=False)
class Hosts:
    """Who has self-use stores: one row a host, and by (host, step) its own power, the least of it that is not spilled, and limits of
    its exchange [GW]."""

    table: pd.DataFrame
    own: np.ndarray
    kept: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def _hosts(case, curtailment, users: pd.DataFrame) -> Hosts:
    """Plants and users by name; users without one are those of the zone whom no store names (`users`); a store on its own is its
    own host."""
    stores = case.tables["storage"]
    unnamed = stores["zone"].where(stores["place"] == "user_side", stores["storage"])
    named = stores["host"].where(stores["host"] != "", unnamed)
    table = (
        stores.assign(key=stores["place"] + ": " + named, named=named)
        .groupby("key", sort=False)
        .agg(
            place=("place", "first"),
            name=("named", "first"),
            host=("host", "first"),
            zone=("zone", "first"),
            stores=("storage", list),
            connection_mw=("connection_mw", "max"),
            grid_charging=("grid_charging", "any"),
        )
    )
    rows = list(table.itertuples())
    own = np.stack([_own(case, host, curtailment, users) for host in rows])
    most = np.stack([_most(case, host, power, curtailment) for host, power in zip(rows, own, strict=True)])
    limit = table["connection_mw"].fillna(np.inf).to_numpy(float)[:, None] * MW
    plant, user = ((table["place"] == place).to_numpy()[:, None] for place in ("generation_side", "user_side"))
    charging = table["grid_charging"].to_numpy(bool)[:, None]
    lower = np.where(plant, np.where(charging, -most, 0.0), np.where(user, -limit, -np.inf))
    upper = np.where(plant, most, np.where(user, 0.0, np.inf))
    return Hosts(table, own, np.where(plant, -np.inf, own), *(np.broadcast_to(values, own.shape) for values in (lower, upper)))


def _own(case, host, curtailment, users: pd.DataFrame) -> np.ndarray:
    """A of a host, shape (steps,) [GW]."""
    if host.place == "generation_side":
        return (_available(case, host.name) if curtailment is None else _curtailed(host.name, curtailment)) * MW
    if host.place == "user_side":
        names = [host.host] if host.host else users.loc[users["zone"] == host.zone, "load"]
        return -case.profile("load", names, 0.0).sum(axis=0) * MW
    return np.zeros(case.steps)


def _available(case, plant: str) -> np.ndarray:
    """What a plant can generate in each step [MW]."""
    row = case.tables["generators"].set_index("generator").loc[plant]
    part = 1 - row["local_congestion_fraction"]
    return case.profile("availability", [plant], [row["max_output_fraction"]])[0] * part * row["capacity_mw"]


def _curtailed(plant: str, curtailment: xr.DataArray) -> np.ndarray:
    return np.maximum(np.nan_to_num(curtailment.sel(generator=plant).values), 0.0)


def _most(case, host, own: np.ndarray, curtailment) -> np.ndarray:
    """The most that a plant gives to the grid in each step: its connection, less what it gives anyway [GW]."""
    if host.place != "generation_side":
        return np.zeros(case.steps)
    capacity = case.tables["generators"].set_index("generator").loc[host.name, "capacity_mw"]
    connection = (capacity if np.isnan(host.connection_mw) else host.connection_mw) * MW
    given = np.zeros(case.steps) if curtailment is None else _available(case, host.name) * MW - own
    return np.maximum(connection - given, 0.0)


def _model(case, hosts: Hosts, giving: Giving):
    """The small programme: the laws of storage, and the account of every host with the grid."""
    model = pyo.AbstractModel(name="self_use")
    model.zones = pyo.Set(initialize=list(case.zones))
    model.steps = pyo.RangeSet(1, case.steps)
    model.borders = pyo.RangeSet(0, case.steps)
    data = storage.read(case)
    block = pyo.Block()
    model.storage = block
    declare(block, data, model)
    storage.add_variables(block, data)
    storage.add_constraints(block, data)
    _add_hosts(model, block, data, hosts, giving, case)
    return model, data


def _add_hosts(model, stores, data, hosts: Hosts, giving: Giving, case) -> None:
    names, steps = hosts.table.index.tolist(), data.step_labels
    own, kept, lower, upper = (Array(getattr(hosts, name), names, steps, name=name) for name in ("own", "kept", "lower", "upper"))
    price = zone_prices(case, hosts.table["zone"].tolist()) * (1 - DRIFT * np.arange(case.steps))
    worth = Array(price, names, steps, name="price")
    stores_of = members(model, "stores_of", names, hosts.table["stores"].to_dict())
    from_grid = set(data.table.loc[data.table["grid_charging"], "storage"])
    plants = hosts.table.loc[hosts.table["place"] == "generation_side", "stores"].to_dict()
    own_only = {plant: [store for store in some if store not in from_grid] for plant, some in plants.items()}
    charging = members(model, "charging", [plant for plant, some in own_only.items() if some], own_only)
    model.hosts = pyo.Set(initialize=names)
    model.exchange = pyo.Var(
        model.hosts, model.steps, bounds=lambda _, host, step: (lower[host, step], upper[host, step])
    )

    @model.Constraint(model.hosts, model.steps)
    def account(model, host, step):
        """x - sum of d - c <= A, of users and stores on their own = A   [GW]"""
        given = model.exchange[host, step] - sum(storage.output(stores, data, store, step) for store in stores_of[host])
        return (kept[host, step], given, own[host, step])

    @model.Constraint(model.charging_keys, model.steps)
    def charge_from_plant(model, host, step):
        """sum of c of stores without grid charging <= A   [GW]"""
        return sum(storage.charge(stores, data, store, step) for store in charging[host]) <= own[host, step]

    model.giving = pyo.Set(dimen=2, initialize=giving.pairs)

    @model.Constraint(model.giving)
    def given_between_charging(model, store, step):
        """d + m / C c <= m of stores behind users, m being the most that these take   [GW]"""
        charged = giving.part[store, step] * storage.charge(stores, data, store, step)
        return storage.discharge(stores, data, store, step) + charged <= giving.most[store, step]

    def bill(model):
        """sum of wear - p x dt   [thousand CNY]"""
        sold = sum(
            worth[host, step] * data.step_hours[step] * model.exchange[host, step]
            for host in model.hosts
            for step in model.steps
        )
        return 1000 * storage.wear_cost(stores, data) - sold

    model.cost = pyo.Objective(rule=bill)
