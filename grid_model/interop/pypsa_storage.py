"""PyPSA's storage units and stores as storage of ours.

symbol  attribute              unit  kind
e       state_of_charge, e     MWh   PyPSA's decision, at the end of the snapshot
I       inflow                 MW    data, into the store
E       p_nom max_hours, e_nom MWh   data
e0      initial level          MWh   data: PyPSA adds it to the first snapshot without any loss

A store of PyPSA has no power limit: its power becomes what fills or empties it in a step. A storage unit of PyPSA may
charge and discharge at once, which ours may not. That makes a difference only where burning energy pays, so a unit that
loses nothing is taken as it is, and any unit in a grid that can always take less in (`harmless`). Else, and where there is
inflow or limits change, it becomes a zone of its own: a lossless store, a line in that loses what charging loses, a line
out that loses what discharging loses, a line on which everything is lost for what is spilled, inflow as a load below zero.
"""

from __future__ import annotations

import numpy as np

from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_injections import Injections, package_technologies, refuse_maintenance_and_pieces


def harmless(grid: GridTables) -> bool:
    """Whether nothing in the grid can make energy worth less than nothing: every plant can be turned down at no loss,
    every flow is free to be nothing."""
    generators, lines = grid.table("generators"), grid.table("lines")
    ramps = [column for column in ("ramp_up_fraction_per_hour", "ramp_down_fraction_per_hour", "initial_online_mw")
             if column in generators]
    return not (grid.lowest("load") < 0 or grid.lowest("min_output") < np.inf or (len(lines) and (lines["kind"] == "ac").any())
                or ("ramp_mw_per_hour" in lines and lines["ramp_mw_per_hour"].notna().any())
                or (len(generators) and ((generators["variable_cost_cny_per_mwh"] < 0).any()
                                         or generators[ramps].notna().any(axis=None))))


def add_stores(network: NetworkFile, grid: GridTables, capacity_of) -> None:
    """PyPSA's stores: no losses but standing ones, as much power as fills or empties them in a step."""
    stores = network.components("stores")
    _refuse_common(stores, ("p_set", "e_set"))
    stores.refuse_unless("marginal_cost", 0.0, "0")
    nominal = capacity_of(stores, "e_nom")
    least, most, last, held = _levels(stores, nominal)
    loss = _loss(stores)
    cyclic = stores.flag("e_cyclic")
    stores.refuse((least < 0) | (least > most), "e_min_pu", least, "a level from 0 to e_max_pu e_nom")
    size = np.where(most > 0, most, 1.0)
    initial = stores.static("e_initial", 0.0) / (1 - loss) ** network.step_hours
    wrong = ~cyclic & ((initial < least) | (initial > most * (1 + 1e-12)))
    stores.refuse(wrong, "e_initial", stores.static("e_initial", 0.0), "a level from e_min_pu to e_max_pu, before losses")
    returns = held & ~cyclic & np.isclose(last, initial, rtol=1e-9, atol=1e-9)
    stores.refuse(held & ~returns, "e_max_pu", np.full(len(stores), "by snapshot"),
                  "one value for all snapshots, or at the end the initial level as e_min_pu too")
    power = most / network.step_hours
    _add(grid, stores.names, stores.text("bus"), _technologies(grid, stores), power, most, power, loss, least / size,
         np.where(cyclic, np.nan, np.clip(initial / size, 0, 1)), cyclic | returns,
         final_fraction=np.where((last > least) & ~returns, last / size, np.nan))


def _levels(stores: Components, nominal) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Least and greatest level [MWh], least level at the end, and where the end has a greatest level of its own, which
    is its least level; anything else that changes from snapshot to snapshot is listed."""
    least, most = (stores.series(name, default) * nominal[:, None] for name, default in (("e_min_pu", 0), ("e_max_pu", 1)))
    before = slice(None, max(least.shape[1] - 1, 1))
    changing = ~all_equal(least[:, before]) | (least[:, -1] < least[:, 0])
    stores.refuse(changing, "e_min_pu", np.full(len(stores), "by snapshot"), "one value for all snapshots, or more at the end")
    held = (most[:, -1] != most[:, 0]) & np.isclose(most[:, -1], least[:, -1], rtol=1e-12, atol=0)
    changing = ~all_equal(most[:, before]) | ((most[:, -1] != most[:, 0]) & ~held)
    stores.refuse(changing, "e_max_pu", np.full(len(stores), "by snapshot"), "one value for all snapshots")
    return least[:, 0], most[:, 0], least[:, -1], held


def add_storage_units(network: NetworkFile, grid: GridTables, parts: Injections, capacity_of, harmless: bool) -> None:
    """Storage units as they are where that says the same, else as zones of their own."""
    units = network.components("storage_units")
    _refuse_common(units, ("p_set", "p_dispatch_set", "p_store_set", "state_of_charge_set"))
    nominal = capacity_of(units, "p_nom")
    figures = _figures(network, units, nominal)
    inflow = units.series("inflow", 0.0)
    units.refuse((inflow < 0).any(axis=1), "inflow", inflow.min(axis=1, initial=0), "a number >= 0")
    lossless = figures["charge_efficiency"] * figures["discharge_efficiency"] == 1
    steady = all_equal(figures["charge"]) & all_equal(figures["discharge"])
    within = figures["cyclic"] | (figures["initial"] <= 1)
    plain = (lossless | harmless) & steady & (inflow == 0).all(axis=1) & within
    technology = _technologies(grid, units)
    bus = units.text("bus")
    _add(grid, units.names[plain], bus[plain], technology[plain], figures["discharge"][plain, 0], figures["energy"][plain],
         figures["charge"][plain, 0], figures["loss"][plain], 0.0,
         np.where(figures["cyclic"], np.nan, figures["initial"])[plain], figures["cyclic"][plain],
         charge_efficiency=figures["charge_efficiency"][plain],
         discharge_efficiency=figures["discharge_efficiency"][plain], wear_cost_cny_per_mwh=figures["cost"][plain])
    for at in np.flatnonzero(~plain):
        _add_as_zone(network, grid, parts, units.names[at], bus[at], technology[at], inflow[at],
                     {name: values[at] for name, values in figures.items()})


def all_equal(values: np.ndarray) -> np.ndarray:
    """Rows whose values are all the same."""
    return (values == values[:, :1]).all(axis=1)


def _figures(network: NetworkFile, units: Components, nominal) -> dict[str, np.ndarray]:
    """Figures of every storage unit; limits by step."""
    energy = nominal * units.static("max_hours", 1.0)
    loss = _loss(units)
    initial = units.static("state_of_charge_initial", 0.0)
    filled = initial / (1 - loss) ** network.step_hours / np.where(energy > 0, energy, 1.0)
    figures = {
        "energy": energy, "loss": loss, "initial_energy": initial, "cyclic": units.flag("cyclic_state_of_charge"),
        "initial": np.where((energy > 0) | (initial == 0), filled, np.inf),
        "charge": -units.series("p_min_pu", -1.0) * nominal[:, None],
        "discharge": units.series("p_max_pu", 1.0) * nominal[:, None],
        "charge_efficiency": units.fixed("efficiency_store", 1.0),
        "discharge_efficiency": units.fixed("efficiency_dispatch", 1.0),
        "cost": units.fixed("marginal_cost", 0.0), "spill_cost": units.fixed("spill_cost", 0.0)}
    for name, attribute in (("charge_efficiency", "efficiency_store"), ("discharge_efficiency", "efficiency_dispatch")):
        units.refuse(~((figures[name] > 0) & (figures[name] <= 1)), attribute, figures[name], "a number > 0 and <= 1")
        figures[name] = np.clip(figures[name], 1e-6, 1)
    units.refuse(figures["cost"] < 0, "marginal_cost", figures["cost"], "a number >= 0")
    units.refuse(figures["spill_cost"] < 0, "spill_cost", figures["spill_cost"], "a number >= 0")
    units.refuse((figures["charge"] < 0).any(axis=1), "p_min_pu", np.full(len(units), "above zero"), "at most 0")
    units.refuse((figures["discharge"] < 0).any(axis=1), "p_max_pu", np.full(len(units), "below zero"), "a number >= 0")
    return figures


def _loss(units: Components) -> np.ndarray:
    """Standing loss, 1/h."""
    loss = units.fixed("standing_loss", 0.0)
    wrong = ~((loss >= 0) & (loss < 1))
    units.refuse(wrong, "standing_loss", loss, "a number >= 0 and < 1")
    return np.where(wrong, 0.0, loss)


def _refuse_common(units: Components, points: tuple[str, ...]) -> None:
    units.refuse_unless("marginal_cost_quadratic", 0.0, "0: costs are linear")
    units.refuse_unless("marginal_cost_storage", 0.0, "0: holding energy costs nothing")
    sign = units.static("sign", 1.0)
    units.refuse(sign != 1, "sign", sign, "1")
    for attribute in points:
        units.refuse_unless(attribute, np.nan, "empty: levels and power are free within their limits")
    refuse_maintenance_and_pieces(units)


def _technologies(grid: GridTables, units: Components) -> np.ndarray:
    """A technology of kind storage for each carrier."""
    carrier, taken, names = units.text("carrier"), package_technologies(), np.empty(len(units), object)
    for each in np.unique(carrier.astype(str)):
        wanted = each or units.listed.replace("_", " ").removesuffix("s")
        wanted = f"{wanted} of PyPSA" if wanted in taken else wanted
        names[carrier == each] = grid.add("technologies", technology=wanted, kind="storage")[0]
    return names


def _add(grid, names, zones, technology, power, energy, charge_power, loss, least, initial, cyclic, **columns) -> None:
    grid.add("storage", storage=names, zone=zones, technology=technology, power_mw=power, energy_mwh=energy,
             charge_power_mw=charge_power, loss_fraction_per_hour=loss, min_level_fraction=least, initial_fraction=initial,
             cyclic=cyclic, **columns)


def _add_as_zone(network: NetworkFile, grid, parts, name, bus, technology, inflow, unit) -> None:
    """A zone with a lossless store, lines in, out and to nowhere, and inflow; a given start enters in the first step."""
    zone = grid.add("zones", zone=f"{name} store")[0]
    _add_line(grid, f"{name} charge", bus, zone, unit["charge"], 1 - unit["charge_efficiency"], 0.0)
    _add_line(grid, f"{name} discharge", zone, bus, unit["discharge"] / unit["discharge_efficiency"],
              1 - unit["discharge_efficiency"], unit["cost"] * unit["discharge_efficiency"])
    _add_line(grid, f"{name} spill", zone, bus, inflow, 1.0, unit["spill_cost"])
    enters = inflow.copy()
    if not unit["cyclic"]:
        enters[0] += unit["initial_energy"] / network.step_hours
    if enters.any():
        parts.load([f"{name} inflow"], zone, -enters[None])
    reach = float(unit["energy"] / network.step_hours + enters.max() + unit["charge"].max()
                  + unit["discharge"].max() / unit["discharge_efficiency"])
    _add(grid, [name], zone, technology, reach, unit["energy"], reach, unit["loss"], 0.0,
         np.nan if unit["cyclic"] else 0.0, bool(unit["cyclic"]), charge_efficiency=1.0, discharge_efficiency=1.0)


def _add_line(grid, name, start, end, room, loss, cost) -> None:
    most = float(room.max(initial=0))
    if most <= 0:
        return
    names = grid.add("lines", line=name, from_zone=start, to_zone=end, capacity_mw=most, reverse_capacity_mw=0.0,
                     kind="transport", loss_fraction=loss, cost_cny_per_mwh=cost)
    if (room != most).any():
        grid.profile("flow_limit", names, (room / most)[None])
