"""Who can provide reserve, and how much a ramp lets him: plant, stores and customers by area.

Renewable plant is a provider downwards only; of programmes of customers, shed and interruptible upwards only, orderly use
never; others provide both, but storage on its own schedule nothing unless it says so. Whoever is limited by his headroom
alone is pooled: his reserve needs no decision.
"""

from __future__ import annotations

import numpy as np

from grid_model.algebra import Array
from grid_model.case.units import MW
from grid_model.policies.contract import PolicyData

DIRECTIONS = ("up", "down")
STORED = {"up": "energy_held", "down": "energy_room"}  # offers of a fleet that stores energy
CALLED = ("demand_response",)  # fleets whose units do not spin


def read_providers(data: PolicyData) -> None:
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
    return np.isfinite(reach_of(data, fleet, direction).values) | np.isin(fleet.data.names, list(failing))


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


def reach_of(data: PolicyData, fleet, direction: str) -> Array:
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
