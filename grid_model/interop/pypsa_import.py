"""`grid-model import pypsa`: a scenario and its input tables from a network of PyPSA, read without PyPSA.

What PyPSA's linear dispatch with given capacities says is carried exactly, by what stands in pypsa_injections,
pypsa_branches and pypsa_storage. Committable generators are carried as PyPSA's linearised commitment
(`linearized_unit_commitment=True`). Everything that cannot be carried is listed, all of it, in one InputError.

A load that cannot be served makes PyPSA's problem infeasible; here it is unserved at a cost beyond all others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from grid_model.case.read import starts_in_seconds
from grid_model.case.resolution import LIMITS
from grid_model.errors import InputError
from grid_model.formulation import TABLES
from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile
from grid_model.interop.pypsa_branches import add_lines, add_links, add_processes
from grid_model.interop.pypsa_injections import add_generators, add_loads
from grid_model.interop.pypsa_limits import add_energy_sums, add_global_constraints
from grid_model.interop.pypsa_parts import Parts, unserved_cost
from grid_model.interop.pypsa_storage import add_storage_units, add_stores

FIXED = ("nominal", "optimised")
START_WITHOUT_DATES = pd.Timestamp("2000-01-01")
BUSES_OF = {"generators": ("bus",), "loads": ("bus",), "lines": ("bus0", "bus1"), "transformers": ("bus0", "bus1"),
            "links": ("bus0",), "processes": (), "storage_units": ("bus",), "stores": ("bus",)}


def import_network(path: str | Path, folder: str | Path, fix_capacities: str | None = None) -> Path:
    """Write `scenario.yaml` and its inputs into a folder; the path of the scenario.

    fix_capacities  what extendable components have: "nominal" (p_nom), "optimised" (p_nom_opt), None: they are listed

    Raises InputError with everything that cannot be carried, each with the component's name.
    """
    if fix_capacities not in (None, *FIXED):
        raise InputError(f"capacities fixed at one of {', '.join(FIXED)}, not {fix_capacities}")
    network = NetworkFile(path, fix_capacities)
    grid = GridTables()
    _refuse_network(network)
    if network.problems:  # its arrays have other dimensions than those that are read below
        raise InputError(network.problems)
    _add_buses(network, grid)
    _add_components(network, grid)
    if network.problems:
        raise InputError(network.problems)
    dust = grid.drop_dust(TABLES)
    if dust:
        network.notes.append(f" {dust} figures of power or energy below {LIMITS['MW'][0]:g} MW or MWh count as 0 here.")
    start, note = _start(network)
    notes = "".join([note, *network.notes])
    time = start + pd.to_timedelta(starts_in_seconds(network.step_hours), unit="s")
    folder = Path(folder)
    scenario = {
        "name": folder.resolve().name or "imported",
        "description": f"Imported from {network.path.name}, a network of PyPSA.{notes}",
        "inputs": "inputs", "horizon": _horizon(network, start), "policies": {"settlement": False},
        "solve": {"unique": False}}  # any vertex, as PyPSA takes it
    return grid.write(folder, scenario, time)


def _horizon(network: NetworkFile, start: pd.Timestamp) -> dict:
    """Start, length and steps; lengths and weights one by one only where they differ, or count more than once."""
    horizon = {"start": start.isoformat(), "hours": float(network.step_hours.sum())}
    if network.even:
        horizon["step_hours"] = float(network.step_hours[0])
    else:
        horizon["step_lengths"] = network.step_hours.tolist()
    if (network.step_weights != 1).any():
        horizon["step_weights"] = network.step_weights.tolist()
    return horizon


def _add_components(network: NetworkFile, grid: GridTables) -> None:
    parts = Parts(grid, network, unserved_cost(network))
    add_loads(network, parts)
    add_generators(network, parts, capacity_of)
    add_lines(network, grid, parts, capacity_of)
    add_links(network, parts, capacity_of)
    add_processes(network, parts, capacity_of)
    add_stores(network, parts, capacity_of)
    add_storage_units(network, parts, capacity_of)
    add_energy_sums(network, parts)
    add_global_constraints(network, parts)


def capacity_of(units: Components, attribute: str) -> np.ndarray:
    """Nominal capacity; of extendable components as asked for."""
    fix_capacities = units.network.fix_capacities
    nominal, extendable = units.static(attribute, 0.0), units.flag(f"{attribute}_extendable")
    if fix_capacities is None:
        units.refuse(extendable, f"{attribute}_extendable", np.full(len(units), "True"),
                     "False, or --fix-capacities nominal or optimised")
    if fix_capacities == "optimised":
        optimised = units.static(f"{attribute}_opt", np.nan)
        units.refuse(extendable & np.isnan(optimised), f"{attribute}_opt", np.full(len(units), ""),
                     "a value: optimise the network first")
        dust = (optimised >= 0) & (optimised < LIMITS["MW"][0])  # what an optimiser leaves of nothing
        nominal = np.where(extendable, np.where(dust, 0.0, optimised), nominal)
    units.refuse(~(nominal >= 0), attribute, nominal, "a number >= 0")
    return np.where(nominal >= 0, nominal, 0.0)


def _add_buses(network: NetworkFile, grid: GridTables) -> None:
    buses = network.components("buses")
    grid.add("zones", zone=buses.names)
    known = set(buses.names)
    for listed, attributes in BUSES_OF.items():
        units = network.components(listed)
        _, first = np.unique(units.names.astype(str), return_index=True)
        again = ~np.isin(np.arange(len(units)), first)
        units.refuse(again, "name", units.names, "each name once, blanks at its ends not counted")
        units.refuse(units.names == "", "name", units.names, "a name")
        more = [name for name in units.attributes() if name.startswith("bus") and name[3:].isdigit() and name not in attributes]
        for attribute in (*attributes, *more):
            named = units.text(attribute)
            absent = np.array([name not in known and (name != "" or attribute in attributes) for name in named], bool)
            units.refuse(absent, attribute, named, "an active bus")


def _refuse_network(network: NetworkFile) -> None:
    """What concerns the network as a whole."""
    content = network.content
    if int(content.attrs.get("network__multi_invest", 0)) or "investment_periods" in content.variables:
        network.refuse("investment_periods", "given", "one period")
    if "scenario" in content.variables or "scenario_weight" in content:
        network.refuse("scenario", "given", "no stochastic scenarios")


def _start(network: NetworkFile) -> tuple[pd.Timestamp, str]:
    """The first moment, and what to say about it."""
    times = network.times()
    if np.issubdtype(times.dtype, np.datetime64):
        moments = pd.DatetimeIndex(times)
        seconds = np.rint(network.step_hours[:-1] * 3600).astype("timedelta64[s]")
        even = (np.diff(moments.to_numpy()) == seconds).all()
        note = "" if even else " Its snapshots are not as far apart as they weigh; here they follow one another."
        return pd.Timestamp(moments[0]).floor("s"), note
    return START_WITHOUT_DATES, " Its snapshots have no dates; they begin here at 2000-01-01."
