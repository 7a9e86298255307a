"""Renewable energy in a store: what a contract or a base has put into it, and may take out of it as renewable.

symbol  attribute      unit  kind
x       charge         GWh   decision, renewable energy put into the store in a step
y       discharge      GWh   decision, renewable energy taken out of it in a step
e       level          GWh   decision, renewable energy held at the end of a step; none at the start
k       share          1     data: part of the store that the key (a contract, a store of a base) may use
c, d    charge, discharge  GW  offers of storage

    x <= k c dt,  y <= k d dt,  e[t] = (1 - loss)^dt e[t-1] + eta_c x - y / eta_d,  0 <= e <= k E

so renewable charging is charging that takes place, what the store loses is lost, and what was in it before, or came from
elsewhere, never becomes renewable.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.policies.contract import members
from grid_model.technologies.contract import subset


class GreenStores:
    """Columns and rows for each key; `charge(key, step)` and `discharge(key, step)` in GWh.

    Parameters
    ----------
    storage : the fleet of stores, or None where there are none
    table : DataFrame of `key, storage, share`
    """

    def __init__(self, storage, table: pd.DataFrame, data):
        self.storage, self.table, self.step_hours = storage, table.reset_index(drop=True), data.step_hours
        self.keys = self.table["key"].to_numpy(object)
        self.share = Array(self.table["share"].to_numpy(float), self.keys, name="share")
        limit = np.zeros((len(self.keys), data.end + 1))
        if len(self.keys):
            energy = storage.data.energy_capacity
            position = pd.Index(storage.data.names).get_indexer(self.table["storage"])
            limit[:, 1:] = (energy.values[position] * self.share.values)[:, None]
        self.limit = Array(limit, self.keys, np.arange(data.end + 1), name="most_renewable")

    def add(self, block, name: str, steps, borders) -> None:
        """Variables and constraints under names that begin with `name`."""
        keys = subset(block, f"{name}_stores", self.keys)
        block.add_component(f"{name}_charge", pyo.Var(keys, steps, within=pyo.NonNegativeReals))
        block.add_component(f"{name}_discharge", pyo.Var(keys, steps, within=pyo.NonNegativeReals))
        block.add_component(f"{name}_level", pyo.Var(keys, borders, bounds=lambda _, key, border: (0, self.limit[key, border])))
        self._charge, self._discharge, self._level = (
            block.component(f"{name}_{what}") for what in ("charge", "discharge", "level")
        )
        self._store_of = members(
            block, f"{name}_store_of", self.keys, {key: [store] for key, store in zip(self.keys, self.table["storage"])}
        )
        if len(self.keys):
            block.add_component(f"{name}_charging", pyo.Constraint(keys, steps, rule=self._charging))
            block.add_component(f"{name}_discharging", pyo.Constraint(keys, steps, rule=self._discharging))
            block.add_component(f"{name}_energy", pyo.Constraint(keys, steps, rule=self._energy))

    def _charging(self, block, key, step):
        """x <= k c dt   [GWh]"""
        charge = sum(self.storage.charge(store, step) for store in self._store_of[key])
        return self._charge[key, step] <= self.share[key] * self.step_hours[step] * charge

    def _discharging(self, block, key, step):
        """y <= k d dt   [GWh]"""
        discharge = sum(self.storage.discharge(store, step) for store in self._store_of[key])
        return self._discharge[key, step] <= self.share[key] * self.step_hours[step] * discharge

    def _energy(self, block, key, step):
        """e[t] = (1 - loss)^dt e[t-1] + eta_c x - y / eta_d   [GWh]"""
        stores, store_of = self.storage.data, self._store_of[key]
        kept = sum(stores.retention[store, step] * self._level[key, step - 1] for store in store_of)
        stored = sum(stores.charge_efficiency[store] * self._charge[key, step] for store in store_of)
        taken = sum(1 / stores.discharge_efficiency[store] * self._discharge[key, step] for store in store_of)
        return self._level[key, step] == kept + stored - taken

    def charge(self, key, step):
        """x   [GWh]"""
        return self._charge[key, step]

    def discharge(self, key, step):
        """y   [GWh]"""
        return self._discharge[key, step]
