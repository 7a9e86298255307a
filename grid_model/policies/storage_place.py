"""Storage behind a plant or a user: what its place allows it to exchange with the grid.

symbol  attribute          unit  kind
c, d    charge, discharge  GW    decision of the store s
g       output             GW    decision of the host h, a plant
L, u    demand, unserved   GW    data and decision of the host h, a load
X       connection_mw      GW    data: what the connection shared with the host can carry

Behind a plant (`generation_side`): charges from its plant only, unless `grid_charging`; plant and stores share one
connection, that of the plant's capacity unless given. Behind a user (`user_side`): the user and its stores together
never export, unless `export_allowed`; their connection limits them where one is given. Several stores may have one
host. A store that names no user stands behind all users of its zone whom no store names. That has rows in steps in which such
stores of a zone could give more than those users ask for.

A store that charges for a part of a step gives what its users ask for in the rest of it at most, not all of it then and more than
they take: with m the most that it can give (its power, or what they ask for and their other stores charge),

    d + m c / C <= m        where m is less than its power, and its equipment is not separate

Sources: NEA notice 2024 no. 26 on the grid integration and dispatch of new energy storage; docs/policy.md, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict

from grid_model.algebra import Array
from grid_model.case.checks import problems_where
from grid_model.case.tables import flag, number, text
from grid_model.case.units import MW
from grid_model.policies.contract import PolicyData, members, members_by_fleet

NAME = "storage_place"
DEFAULT = True
WEIGHTED = True  # limits of power, and of each step
SELDOM = ("given_between_charging", "charge_from_host")

TABLES = {
    "storage": [
        text("host", meaning="what it stands behind: a generator where place is generation_side, a load where it is "
                             "user_side (empty: behind all users of its zone whom no store names)"),
        number("connection_mw", unit="MW", minimum=0,
               meaning="what the connection shared with its host carries; empty: as other stores of the host say, else "
                       "the capacity of a generator, no limit of a load"),
        flag("grid_charging", meaning="whether it may charge from the grid too, where place is generation_side"),
        flag("export_allowed", meaning="whether it may give more than its host takes, where place is user_side"),
    ],
}


class Settings(BaseModel):
    """No settings: the rule holds or, with `storage_place: false`, every store is as if it stood on its own."""

    model_config = ConfigDict(extra="forbid")


def read(case, fleets, settings) -> PolicyData | None:
    """Hosts, the stores behind each, and their connection, GW."""
    table = case.tables["storage"]
    table = table[table["place"].isin(["generation_side", "user_side"])]
    if table.empty:
        return None
    placed = table[table["host"] != ""]
    data = PolicyData(case, fleets, settings)
    _read_zones(data, table[(table["place"] == "user_side") & ~table["export_allowed"]])
    data.giving = Giving.of(case, table, unnamed_users(case))
    if placed.empty and not data.crowded:
        return None
    data.stores = next(fleet for fleet in fleets if fleet.name == "storage")
    _read_plants(data, placed[placed["place"] == "generation_side"])
    _read_users(data, placed[placed["place"] == "user_side"])
    return data


def unnamed_users(case) -> pd.DataFrame:
    """Loads that no store behind users names as its host."""
    storage, loads = case.tables["storage"], case.tables["loads"]
    return loads[~loads["load"].isin(storage["host"][storage["place"] == "user_side"])]


@dataclass(frozen=True, eq=False)
class Giving:
    """Stores that may give their users no more than these ask for, and the steps in which that is less than their power.

    most   m by (store, step), GW
    part   m / C, 0 where it cannot charge
    pairs  of store and step with m less than the power
    """

    most: Array
    part: Array
    pairs: list[tuple]

    @classmethod
    def of(cls, case, stores: pd.DataFrame, users: pd.DataFrame) -> Giving:
        """Of a table of stores; `users` are those whom no store names."""
        stores = stores[(stores["place"] == "user_side") & ~stores["export_allowed"]]
        names, steps = stores["storage"].to_numpy(object), np.arange(1, case.steps + 1)
        behind = stores["host"].where(stores["host"] != "", "zone " + stores["zone"])
        charge = stores["charge_power_mw"].fillna(stores["power_mw"])
        others = (charge.groupby(behind).transform("sum") - charge).to_numpy(float)
        power, charge = stores["power_mw"].to_numpy(float)[:, None], charge.to_numpy(float)[:, None]
        most = np.minimum(power, _asked(case, stores, users) + others[:, None])
        part = np.divide(most, charge, out=np.zeros_like(most), where=charge > 0)
        store, step = np.nonzero((most < power) & ~stores["separate_equipment"].to_numpy(bool)[:, None])
        return cls(Array(most * MW, names, steps, name="most_given"), Array(part, names, steps, name="part_given"),
                   list(zip(names[store], steps[step].tolist(), strict=True)))


def _asked(case, stores: pd.DataFrame, users: pd.DataFrame) -> np.ndarray:
    """What those ask for whom each store stands behind: the load that it names, else those of its zone whom no store names [MW]."""
    of_users = pd.DataFrame(np.maximum(case.profile("load", users["load"], 0.0), 0.0), users["zone"].to_numpy(object))
    of_zone = of_users.groupby(level=0).sum().reindex(stores["zone"], fill_value=0.0).to_numpy()
    of_host = np.maximum(case.profile("load", stores["host"], 0.0), 0.0)
    return np.where((stores["host"] == "").to_numpy()[:, None], of_zone, of_host)


def _read_zones(data: PolicyData, table: pd.DataFrame) -> None:
    """Stores behind unnamed users of each zone, these users, and the steps in which the stores could give more than they ask for."""
    table = table[table["host"] == ""]
    data.zone_stores, users = table.groupby("zone")["storage"].agg(list), unnamed_users(data.case)
    data.zone_users = users.groupby("zone")["load"].agg(list).to_dict()
    asked = _asked(data.case, table.drop_duplicates("zone").sort_values("zone"), users) * MW
    power = table.groupby("zone")["power_mw"].sum().to_numpy(float) * MW
    data.crowded = _pairs(data, data.zone_stores.index.to_numpy(object), power[:, None] > asked)


def _read_plants(data: PolicyData, table: pd.DataFrame) -> None:
    """Plants with stores: who charges from them, and in which steps the connection can bind."""
    data.plant_stores = stores = table.groupby("host")["storage"].agg(list)
    data.own_charging = table[~table["grid_charging"]].groupby("host")["storage"].agg(list)
    data.plants = stores.index.to_numpy(object)
    data.plant_fleets = [fleet for fleet in data.offering("output") if "generator" in fleet.data.table]
    capacity = data.case.tables["generators"].set_index("generator")["capacity_mw"].reindex(data.plants) * MW
    connection = _connection(table).fillna(capacity).to_numpy(float)
    data.plant_connection = Array(connection, data.plants, name="connection")
    power = _powers(table)
    most = _most_output(data, capacity.to_numpy(float))
    drawn = _powers(table[table["grid_charging"]]).reindex(data.plants, fill_value=0.0)["charge"].to_numpy()
    data.sharing = _pairs(data, data.plants, (most + power["discharge"].to_numpy()[:, None] > connection[:, None])
                          | (drawn > connection)[:, None])


def _read_users(data: PolicyData, table: pd.DataFrame) -> None:
    """Loads with stores: who may not export, and in which steps a given connection can bind."""
    data.user_stores = stores = table.groupby("host")["storage"].agg(list)
    data.not_exporting = table[~table["export_allowed"]].groupby("host")["storage"].agg(list)
    data.users = users = stores.index.to_numpy(object)
    data.load_fleets = [fleet for fleet in data.offering("drawn") if "load" in fleet.data.table]
    connection = _connection(table).to_numpy(float)
    demand = data.case.profile("load", users, 0.0) * MW
    taken = demand + _powers(table)["charge"].to_numpy()[:, None]
    exporting = _powers(table[table["export_allowed"]]).reindex(users, fill_value=0.0)["discharge"].to_numpy()
    given = exporting[:, None] - np.minimum(demand, 0)
    none_exports = ~table.groupby("host")["export_allowed"].any().to_numpy()[:, None] & (demand >= 0)
    limited = (taken > connection[:, None]) | (given > connection[:, None])  # never where no connection is given: NaN
    connection = np.where(np.isnan(connection), np.inf, connection)
    data.most_taken = Array(connection, users, name="most_taken")
    data.least_taken = Array(np.where(none_exports, 0.0, -connection[:, None]), users, data.step_labels, name="least_taken")
    data.exchanging = _pairs(data, users, none_exports | limited)
    data.holding_back = _pairs(data, users, np.isin(users, data.not_exporting.index)[:, None] & ~none_exports)


def _connection(table: pd.DataFrame) -> pd.Series:
    """The connection given for any store of each host, GW; NaN where none is."""
    return table.groupby("host")["connection_mw"].max() * MW


def _powers(table: pd.DataFrame) -> pd.DataFrame:
    """Charge and discharge power of all stores of each host, GW."""
    charge = table["charge_power_mw"].fillna(table["power_mw"])
    powers = table.assign(charge=charge, discharge=table["power_mw"])
    return powers.groupby("host")[["charge", "discharge"]].sum() * MW


def _most_output(data: PolicyData, capacity: np.ndarray) -> np.ndarray:
    """Greatest output of each plant in each step, GW: what its fleet says is available, else its capacity."""
    most = np.repeat(capacity[:, None], data.end, axis=1)
    for fleet in data.plant_fleets:
        position = pd.Index(fleet.data.names).get_indexer(data.plants)
        if fleet.offers("available"):
            most[position >= 0] = fleet.data.available.values[position[position >= 0]]
    return most


def _pairs(data: PolicyData, hosts: np.ndarray, mask: np.ndarray) -> list[tuple]:
    """Hosts and steps for which a mask over both holds."""
    host, step = np.nonzero(mask)
    return list(zip(hosts[host], data.step_labels[step].tolist()))


def add_variables(place, data):
    """None of its own."""


def add_constraints(place, data):
    _add_plant_rules(place, data)
    _add_user_rules(place, data)
    _add_zone_rule(place, data)
    place.giving = pyo.Set(dimen=2, initialize=data.giving.pairs)

    @place.Constraint(place.giving)
    def given_between_charging(place, store, step):
        """d[s,t] + m[s,t] / C[s] c[s,t] <= m[s,t] of stores not allowed to export   [GW]"""
        giving = data.giving.part[store, step] * data.stores.charge(store, step)
        return data.stores.discharge(store, step) + giving <= data.giving.most[store, step]


def _add_plant_rules(place, data):
    stores_of = members(place, "plant_stores", data.plants, data.plant_stores)
    own_charging = members(place, "own_charging", data.own_charging.index, data.own_charging)
    plants_of = _in_fleets(place, "plants", data.plants, data.plant_fleets)
    place.sharing = pyo.Set(dimen=2, initialize=data.sharing)

    def output(host, step):
        return sum(sum(fleet.output(plant, step) for plant in plants[host]) for fleet, plants in plants_of)

    def net(host, step):
        return sum(data.stores.output(store, step) for store in stores_of[host])

    @place.Constraint(place.own_charging_keys, data.steps)
    def charge_from_host(place, host, step):
        """sum of c[s,t] of stores without grid charging <= g[h,t]   [GW]"""
        return sum(data.stores.charge(store, step) for store in own_charging[host]) <= output(host, step)

    @place.Constraint(place.sharing)
    def shared_connection(place, host, step):
        """-X[h] <= g[h,t] + sum of d[s,t] - c[s,t] <= X[h]   [GW]"""
        sent = output(host, step) + net(host, step)
        return (-data.plant_connection[host], sent, data.plant_connection[host])


def _add_user_rules(place, data):
    stores_of = members(place, "user_stores", data.users, data.user_stores)
    not_exporting = members(place, "not_exporting", data.not_exporting.index, data.not_exporting)
    loads_of = _in_fleets(place, "users", data.users, data.load_fleets)
    place.exchanging = pyo.Set(dimen=2, initialize=data.exchanging)
    place.holding_back = pyo.Set(dimen=2, initialize=data.holding_back)

    def exchanged(host, step):
        """What user and stores take from the grid: L - u + c - d, GW."""
        served = sum(sum(fleet.served(load, step) for load in loads[host]) for fleet, loads in loads_of)
        return served - sum(data.stores.output(store, step) for store in stores_of[host])

    @place.Constraint(place.holding_back)
    def no_export(place, host, step):
        """sum of d[s,t] - c[s,t] of stores not allowed to export <= max(L[h,t], 0) - u[h,t]   [GW]"""
        drawn = sum(sum(fleet.drawn(load, step) for load in loads[host]) for fleet, loads in loads_of)
        return sum(data.stores.output(store, step) for store in not_exporting[host]) <= drawn

    @place.Constraint(place.exchanging)
    def exchange(place, host, step):
        """-X[h] <= L[h,t] - u[h,t] + sum of c[s,t] - d[s,t] <= X[h], where no store may export at least 0   [GW]"""
        return (data.least_taken[host, step], exchanged(host, step), data.most_taken[host])


def _add_zone_rule(place, data):
    stores_of = members(place, "zone_stores", data.zone_stores.index, data.zone_stores)
    users_of = members_by_fleet(place, "zone_users", data.zone_stores.index, data.zone_users, data.offering("drawn"))
    place.crowded = pyo.Set(dimen=2, initialize=data.crowded)

    @place.Constraint(place.crowded)
    def no_export_of_zone(place, zone, step):
        """sum of d[s,t] - c[s,t] of stores behind unnamed users <= sum of max(L[h,t], 0) - u[h,t] over these   [GW]"""
        drawn = sum(sum(fleet.drawn(load, step) for load in users[zone]) for fleet, users in users_of)
        return sum(data.stores.output(store, step) for store in stores_of[zone]) <= drawn


def _in_fleets(place, name: str, hosts, fleets) -> list[tuple]:
    """For each fleet the indexed set that holds a host if it is one of the fleet's units, else nothing."""
    return [(fleet, members(place, f"{name}_in_{fleet.name}", hosts,
                            {host: [host] for host in set(hosts).intersection(fleet.data.names)})) for fleet in fleets]


def check_hosts(frames):
    """A store behind a plant or a user names one of its own zone; stores of one host agree on its connection."""
    table = frames["storage"]
    host, place = table["host"], table["place"]
    problems = problems_where(table, (place == "independent") & (host != ""), "host",
                              "empty where place is independent")
    if (place == "independent").all():
        return problems
    for one, kind, words in (("generation_side", "generator", "a name in table generators"),
                             ("user_side", "load", "a name in table loads, or empty,")):
        here = (place == one) & ((host != "") | (one == "generation_side"))
        zone = host.map(frames[f"{kind}s"].set_index(kind)["zone"])
        problems += problems_where(table, here & zone.isna(), "host", f"{words} where place is {one}")
        problems += problems_where(table, here & zone.notna() & (zone != table["zone"]), "host",
                                   f"a {kind} of the zone that the store is in")
    connection = table["connection_mw"].where((place != "independent") & (host != ""))
    first = connection.groupby([place, host]).transform("first")
    return problems + problems_where(table, connection.notna() & (connection != first), "connection_mw",
                                     "the same connection for all stores of a host")


CHECKS = (check_hosts,)
