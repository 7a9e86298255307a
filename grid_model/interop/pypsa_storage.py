"""PyPSA's storage units and stores as storage of ours.

symbol  attribute              unit  kind
e       state_of_charge, e     MWh   PyPSA's decision, at the end of the snapshot
I       inflow                 MW    data, into the store
E       p_nom max_hours, e_nom MWh   data
e0      initial level          MWh   data: PyPSA adds it to the first snapshot without any loss

A store of PyPSA has no power limit: its power becomes what fills or empties it in a step. A level below zero is counted
from its least one. A storage unit may charge and discharge at once: its equipment is separate. Where there is inflow, or
limits, efficiencies or costs change, or power is set, it becomes a zone of its own: a lossless store, converters in, out
and, for what is spilled, to nowhere, and inflow as a load below zero.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_parts import BEYOND, Parts, all_equal, finite, refuse_common


def add_stores(network: NetworkFile, parts: Parts, capacity_of) -> None:
    """PyPSA's stores: no losses but standing ones, as much power as fills or empties them in a step."""
    stores = network.components("stores")
    refuse_common(stores)
    nominal, cyclic, loss = capacity_of(stores, "e_nom"), stores.flag("e_cyclic"), _loss(stores)
    least, most = (finite(stores.series(name, default), nominal) for name, default in (("e_min_pu", 0.0), ("e_max_pu", 1.0)))
    least, most = _set(stores, "e_set", least, most)
    shift = np.maximum(-least.min(axis=1, initial=0), 0.0)
    initial, holding = stores.static("e_initial", 0.0), stores.series("marginal_cost_storage", 0.0)
    shift = np.maximum(shift, np.where(cyclic, 0.0, -initial))
    lost = shift[:, None] * (1 - (1 - loss) ** network.step_hours) / network.step_hours  # of the shift, MW
    lost[~cyclic, 0] = 0.0
    cost, point, sign = stores.series("marginal_cost", 0.0), stores.series("p_set", np.nan), stores.static("sign", 1.0)
    aside = (cost != 0).any(axis=1) | ~np.isnan(point).all(axis=1) | (sign != 1) | (lost != 0).any(axis=1)
    zones = stores.text("bus")
    for at in np.flatnonzero(aside):
        zone, name = parts.grid.add("zones", zone=f"{stores.names[at]} store")[0], stores.names[at]
        reach = (most[at].max() + shift[at]) / network.step_hours
        free = np.isnan(point[at])
        parts.one(name, np.where(free, -reach, point[at]), np.where(free, reach, point[at]), cost[at],
                  [(zone, -1.0), (zones[at], sign[at])])
        zones[at] = zone
        if lost[at].any():
            parts.load([f"{name} level shift"], zone, -lost[at][None])
    for at in np.flatnonzero((shift > 0) & (holding != 0).any(axis=1)):  # what holding the shift would cost, given back
        parts.one(f"{stores.names[at]} level shift", 1.0, 1.0, -holding[at] * shift[at], [(zones[at], 0.0)])
    _add(network, parts, stores, slice(None), zones, least + shift[:, None], most + shift[:, None], loss,
         np.where(cyclic, np.nan, initial + shift), holding, shift=shift)


def _set(units: Components, attribute: str, least, most) -> tuple[np.ndarray, np.ndarray]:
    """Levels that are told for some snapshots are least and greatest there."""
    told = units.series(attribute, np.nan)
    beyond = (told < least - 1e-9) | (told > most + 1e-9)
    units.refuse(beyond.any(axis=1), attribute, np.full(len(units), "beyond the limits"), "levels within the limits")
    return np.where(np.isnan(told), least, told), np.where(np.isnan(told), most, told)


def _add(network, parts: Parts, units: Components, some, zones, least, most, loss, initial, holding, shift=None, **columns):
    """Storage with limits of the level by step [MWh]; without power of its own what fills or empties it in a step. The
    initial level is not subject to loss in the first step: where there is one, that step has none."""
    names, loss = units.names[some], loss.copy()
    size = np.maximum(most.max(axis=1, initial=0), 0.0)
    crossed = (least > most + 1e-9).any(axis=1)
    units.refuse(np.isin(units.names, names[crossed]), "e_min_pu", np.full(len(units), "above e_max_pu"), "at most e_max_pu")
    beyond = ~np.isnan(initial) & (initial > size)  # more than fits: it enters in the first step
    loss[~np.isnan(initial), 0] = 0.0
    per = np.where(size > 0, size, 1.0)
    fraction = np.where(np.isnan(initial), np.nan, np.where(beyond, 0.0, np.clip(initial / per, 0, 1)))
    reach = size / network.step_hours.min()
    columns = {"power_mw": reach, "charge_power_mw": reach, **columns}
    carrier = units.text("carrier")[some]
    technology = parts.technologies(carrier, ["storage"] * len(names), units.listed.replace("_", " ").removesuffix("s"))
    static = loss[:, -1]
    written = parts.grid.add("storage", storage=names, zone=zones, technology=technology, energy_mwh=size,
                             loss_fraction_per_hour=static, min_level_fraction=0.0, initial_fraction=fraction,
                             cyclic=np.isnan(initial), holding_cost_cny_per_mwh_hour=holding[:, 0],
                             separate_equipment=True, **columns)
    for profile, values, usual in (("level_loss", loss, static[:, None]), ("min_level", np.clip(least / per[:, None], 0, 1), 0.0),
                                   ("max_level", np.clip(most / per[:, None], 0, 1), 1.0),
                                   ("holding_cost", holding, holding[:, :1])):
        told = (values != usual).any(axis=1) & (size > 0)
        parts.grid.profile(profile, written[told], values[told])
    for at, (name, own) in enumerate(zip(written, names)):
        parts.counted[units.listed, own] = ("storage", name, 0.0 if shift is None else shift[at])
        if beyond[at]:
            enters = np.zeros((1, network.steps))
            enters[0, 0] = -initial[at] / network.step_hours[0]
            parts.load([f"{name} initial level"], zones[at], enters)


def add_storage_units(network: NetworkFile, parts: Parts, capacity_of) -> None:
    """Storage units as they are where that says the same, else as zones of their own."""
    units = network.components("storage_units")
    refuse_common(units)
    figures = _figures(units, capacity_of(units, "p_nom"))
    into, out = figures["into"], figures["out"]
    units.refuse((into < 0).any(axis=1), "efficiency_store", into.min(axis=1, initial=1), "a number >= 0")
    units.refuse((out <= 0).any(axis=1), "efficiency_dispatch", out.min(axis=1, initial=1), "a number > 0")
    steady = np.all([all_equal(figures[name]) for name in ("charge_most", "discharge_most", "into", "out", "cost")], axis=0)
    still = np.all([(figures[name] == 0).all(axis=1) for name in ("charge_least", "discharge_least", "inflow")], axis=0)
    apart = ~np.isnan(figures["point"]).all(axis=1) | (figures["sign"] != 1)
    within = ((into > 0) & (into <= 1)).all(axis=1) & (out <= 1).all(axis=1) & (figures["cost"] >= 0).all(axis=1)
    plain = steady & still & within & ~apart & (np.isnan(figures["initial"]) | (figures["initial"] <= figures["energy"]))
    own = {name: values[plain] for name, values in figures.items()}
    _add(network, parts, units, plain, units.text("bus")[plain], own["least"], own["most"], own["loss"], own["initial"],
         own["holding"], power_mw=own["discharge_most"][:, 0], charge_power_mw=own["charge_most"][:, 0],
         charge_efficiency=own["into"][:, 0], discharge_efficiency=own["out"][:, 0], wear_cost_cny_per_mwh=own["cost"][:, 0])
    rest = np.flatnonzero(~plain)
    zones = [_add_equipment(network, parts, units, at, {name: values[at] for name, values in figures.items()}) for at in rest]
    own = {name: values[rest] for name, values in figures.items()}
    if len(rest):
        _add(network, parts, units, rest, zones, own["least"], own["most"], own["loss"], own["initial"], own["holding"],
             charge_efficiency=1.0, discharge_efficiency=1.0, wear_cost_cny_per_mwh=0.0)


def _figures(units: Components, nominal) -> dict[str, np.ndarray]:
    """Figures of every storage unit, by step where they may change."""
    nominal = np.where(np.isinf(nominal), BEYOND, nominal)
    energy = nominal * units.static("max_hours", 1.0)
    shape = np.zeros((len(units), units.network.steps))
    least, most = _set(units, "state_of_charge_set", shape, shape + energy[:, None])
    discharge = units.series("p_max_pu", 1.0) * nominal[:, None]
    charge = -units.series("p_min_pu", -1.0) * nominal[:, None]
    discharge_least, discharge_most = _set(units, "p_dispatch_set", np.maximum(shape, -charge * 0), np.maximum(discharge, 0))
    charge_least, charge_most = _set(units, "p_store_set", shape, np.maximum(charge, 0))
    cyclic = units.flag("cyclic_state_of_charge")
    return {"energy": energy, "least": least, "most": most, "loss": _loss(units), "discharge_least": discharge_least,
            "discharge_most": discharge_most, "charge_least": charge_least, "charge_most": charge_most,
            "into": units.series("efficiency_store", 1.0), "out": units.series("efficiency_dispatch", 1.0),
            "cost": units.series("marginal_cost", 0.0), "spill_cost": units.series("spill_cost", 0.0),
            "inflow": units.series("inflow", 0.0), "point": units.series("p_set", np.nan), "sign": units.static("sign", 1.0),
            "holding": units.series("marginal_cost_storage", 0.0),
            "initial": np.where(cyclic, np.nan, units.static("state_of_charge_initial", 0.0))}


def _loss(units: Components) -> np.ndarray:
    """Standing loss by step, 1/h."""
    loss = units.series("standing_loss", 0.0)
    wrong = ~((loss >= 0) & (loss <= 1))
    units.refuse(wrong.any(axis=1), "standing_loss", loss.max(axis=1, initial=0), "a number >= 0 and <= 1")
    return np.where(wrong, 0.0, loss)


def _add_equipment(network, parts: Parts, units: Components, at: int, unit) -> str:
    """The zone of a store with what feeds and empties it; a set point of the net power goes through a zone between."""
    name, bus, sign = units.names[at], units.text("bus")[at], unit["sign"]
    zone = parts.grid.add("zones", zone=f"{name} store")[0]
    if not np.isnan(unit["point"]).all():
        between, free = parts.grid.add("zones", zone=f"{name} connection")[0], np.isnan(unit["point"])
        reach = unit["charge_most"].max() + unit["discharge_most"].max()
        parts.one(f"{name} net", np.where(free, -reach, unit["point"]), np.where(free, reach, unit["point"]), 0.0,
                  [(between, -1.0), (bus, sign)])
        bus, sign = between, 1.0
    if unit["charge_most"].any():
        parts.one(f"{name} charge", unit["charge_least"], unit["charge_most"], 0.0, [(bus, -sign), (zone, unit["into"])])
    if unit["discharge_most"].any():
        parts.one(f"{name} discharge", unit["discharge_least"], unit["discharge_most"], unit["cost"],
                  [(zone, -1 / np.maximum(unit["out"], 1e-9)), (bus, sign)])
    if unit["inflow"].any():
        parts.load([f"{name} inflow"], zone, -unit["inflow"][None])
        parts.one(f"{name} spill", 0.0, np.maximum(unit["inflow"], 0), unit["spill_cost"], [(zone, -1.0)])
    return zone
