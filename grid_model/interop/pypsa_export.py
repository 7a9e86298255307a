"""`grid-model export pypsa`: the dispatch of a case as a netCDF file that `pypsa.Network(path)` opens.

ours                                      PyPSA's
zone                                      bus of 1 kV, so that ohms are per unit
load                                      load, and a generator `<load> unserved` at the cost of what is not served
generator                                 generator with limits by snapshot, ramps, linear commitment
hydro with budgets of months              a bus with a store that is filled with each month and emptied with its end
line                                      link; two for a line both ways with loss or cost; a line where it is part of an AC loop
converter                                 process with a bus for each port; with one port a generator
storage                                   storage unit; with least or last levels a bus with a store and links in and out
reservoir                                 a bus with a store, a link as turbine, inflow as a load below zero, a way out for spill
energy limit                              e_sum_min and e_sum_max, or a global constraint of primary energy

All figures are those of the programme that `build_model` makes: GW and GWh become MW and MWh, money stays the case's.
PyPSA lets stores charge and discharge, and lines with loss carry both ways, at once without limit: the objectives can
differ where a price is negative. Solve there with `n.optimize(linearized_unit_commitment=True)` where there is commitment.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from grid_model.case.case import Case
from grid_model.case.units import CNY_PER_MWH, MW
from grid_model.errors import InputError
from grid_model.formulation import build_model
from grid_model.interop.network_file import write_network
from grid_model.interop.pypsa_export_commitment import committed_fleet
from grid_model.interop.pypsa_export_converters import add_converters
from grid_model.interop.pypsa_export_limits import add_limits
from grid_model.interop.pypsa_export_lines import add_lines
from grid_model.interop.pypsa_export_stores import add_budget, add_reservoirs, add_storage
from grid_model.interop.pypsa_network import Network, steady

CARRIED_POLICIES = {"energy_limits"}


def export_case(case: Case, path: str | Path) -> Path:
    """Write a case for PyPSA; raises InputError with everything that cannot be carried, and WriteError."""
    network = network_of(case)
    if network.problems:
        raise InputError(network.problems)
    path = Path(path)
    write_network(path, case.name, case.time.to_numpy(), case.step_hours, network.columns(), case.cost_hours,
                  network.energy_weights)
    return path


def network_of(case: Case) -> Network:
    """The components of a case, and what cannot be carried."""
    network = Network(case.step_hours, case.step_hours)
    model = build_model(case)
    others = [name for name in model.policies if name not in CARRIED_POLICIES]
    for name in others:
        network.refuse(f"policies.{name}", "on", f"off (--set policies.{name}=false): PyPSA knows no such rule")
    writers = {"loads": _add_loads, "renewable": _add_plain, "hydro": _add_hydro, "thermal": _add_thermal,
               "transmission": add_lines, "storage": add_storage, "reservoir": add_reservoirs, "converters": add_converters}
    for name, fleet in model.fleets.items():
        if name not in writers:
            network.refuse_all(name, fleet.data.names, "given", "none: loads, generators, storage, reservoirs, lines, converters go out")
    for zone in case.zones:
        network.add("buses", zone, v_nom=1.0, carrier="AC")
    for name, write in writers.items():
        if name in model.fleets:
            write(network, model.fleets[name].data)
    if "energy_limits" in model.policies:
        add_limits(network, model.policies["energy_limits"].data)
    network.add_carriers()
    return network


def _add_loads(network: Network, data) -> None:
    for at, name in enumerate(data.names):
        zone, most = data.zone_names[at], data.most_unserved.values[at] / MW
        network.add("loads", name, bus=zone, p_set=data.demand.values[at] / MW)
        if most.max() > 0:
            network.add("generators", f"{name} unserved", bus=zone, carrier="unserved", p_nom=float(most.max()),
                        p_max_pu=steady(most / most.max()),
                        marginal_cost=float(data.unserved_cost.values[at] / CNY_PER_MWH))


def _add_hydro(network: Network, data) -> None:
    for at, name in enumerate(data.names):
        if name in data.budgeted:
            add_budget(network, data, at)
        else:
            _add_generator(network, data, at, data.minimum.values[at])


def _add_plain(network: Network, data) -> None:
    for at in range(len(data.names)):
        _add_generator(network, data, at, data.minimum.values[at])


def _add_generator(network: Network, data, at: int, lowest: np.ndarray, size: float = 0.0, **more) -> None:
    """A generator of the greatest power that is ever available, or of a given size [GW]."""
    highest = data.available.values[at]
    size = size or highest.max() or MW
    more = {"carrier": data.table["technology"].iloc[at]} | more
    network.counted["generator", data.names[at]] = network.add(
        "generators", data.names[at], bus=data.zone_names[at], p_nom=float(size / MW), p_min_pu=steady(lowest / size),
        p_max_pu=steady(highest / size), marginal_cost=steady(data.variable_cost.values[at] / CNY_PER_MWH), **more)


def _add_thermal(network: Network, data) -> None:
    network.refuse_all("capture of", data.capturing, "given", "no capture")
    carriers = _carriers(network, data.table)
    ramps = {name: set(data.names[mask]) for name, mask in data.ramping.items()}
    for at, name in enumerate(data.names):
        if name in data.committed:
            size, commitment = committed_fleet(network, data, name)
            _add_generator(network, data, at, data.minimum.values[at], size, carrier=carriers[at], **commitment)
            continue
        size = data.available.values[at].max()
        more = {}
        for way, limit in (("up", data.greatest_rise), ("down", data.greatest_fall)):
            share = np.minimum(limit.values[at] / size, 1.0) if size > 0 else np.ones(data.end)
            if name in ramps["ramping"] | ramps["first_ramping"] and (share < 1).any():
                more[f"ramp_limit_{way}"] = steady(share)
        if name in ramps["first_ramping"]:
            more["p_init"] = float(data.initial_output.values[at] / MW)
        _add_generator(network, data, at, data.lowest.values[at], carrier=carriers[at], **more)


def _carriers(network: Network, table) -> list[str]:
    """The carrier of every generator, with its emissions: its technology, told apart where these differ within it."""
    names = []
    for technology, factor in zip(table["technology"], table["emissions_t_per_mwh"]):
        alone = (table.loc[table["technology"] == technology, "emissions_t_per_mwh"] == factor).all()
        names.append(technology if alone else f"{technology} {factor:g} t/MWh")
    for name, factor in dict(zip(names, table["emissions_t_per_mwh"])).items():
        network.add("carriers", name, co2_emissions=float(factor))
    return names
