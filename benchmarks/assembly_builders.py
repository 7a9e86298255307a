"""The same plain dispatch, assembled in four ways and handed to HiGHS.

31 zones in a ring, in each 7 kinds of plant (4 thermal kinds with ramps), 2 stores and unserved load; between
neighbours two one-way lines with loss, 62 in all. Numbers are drawn from a seed: this measures assembly, it says
nothing of China.

    grid_model   this project, from its Case
    numpy        the same rows by hand: index arithmetic, scipy.sparse, one passModel
    linopy       the same rows; a ramp is two, as its rows have one side
    pypsa        PyPSA's own rows for the same grid: bounds are rows, a store's charge and discharge share no converter

Each builder takes Figures and gives back what measures need: `ready()` builds and hands over, and returns HiGHS.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
ZONES = 31
KINDS = ("coal_flexible", "coal_inflexible", "gas", "nuclear", "wind", "solar", "hydro")
RAMP = {"coal_flexible": 0.3, "coal_inflexible": 0.15, "gas": 0.6, "nuclear": 0.05}  # part of capacity in an hour
COST = (300.0, 280.0, 600.0, 80.0, 0.5, 0.2, 0.4)  # CNY/MWh
STORES = ("pumped_hydro", "lithium_ion")
CHARGE, DISCHARGE = np.array([0.88, 0.95]), np.array([0.9, 0.95])
HOURS_OF_ENERGY = np.array([6.0, 2.0])
LOSS, UNSERVED_COST = 0.03, 30000.0  # of power sent; CNY/MWh


@dataclass(frozen=True)
class Figures:
    """Numbers of the grid, GW, GWh and CNY/MWh."""

    hours: int
    zones: list[str]
    capacity: np.ndarray  # (zone, kind)
    available: np.ndarray  # (zone, kind, hour), part of capacity
    cost: np.ndarray  # (zone, kind)
    demand: np.ndarray  # (zone, hour)
    power: np.ndarray  # (zone, store)
    line_capacity: np.ndarray  # (line,)
    line_from: np.ndarray  # (line,), positions of zones
    line_to: np.ndarray


def figures(hours: int) -> Figures:
    random, hour = np.random.default_rng(0), np.arange(hours)
    capacity = random.uniform(5, 40, (ZONES, len(KINDS)))
    available = np.ones((ZONES, len(KINDS), hours))
    available[:, 4] = random.uniform(0.01, 1, (ZONES, hours))
    available[:, 5] = np.clip(np.sin((hour % 24 - 6) * np.pi / 12), 0, 1) * random.uniform(0.5, 1, (ZONES, 1))
    available[:, 6] = random.uniform(0.2, 0.8, (ZONES, 1))
    demand = capacity.sum(1, keepdims=True) * 0.5 * (1 + 0.3 * np.sin((hour % 24 - 9) * np.pi / 12))
    ring = np.arange(ZONES)
    return Figures(
        hours,
        [f"zone {number:02d}" for number in range(ZONES)],
        capacity,
        available,
        np.array(COST) + random.uniform(0, 20, (ZONES, len(KINDS))),
        demand,
        random.uniform(1, 5, (ZONES, len(STORES))),
        random.uniform(2, 12, 2 * ZONES),
        np.concatenate([ring, (ring + 1) % ZONES]),
        np.concatenate([(ring + 1) % ZONES, ring]),
    )


# --- this project ----------------------------------------------------------------------------------------------------


def grid_model(given: Figures):
    """From a Case, which is made beforehand: reading it from files is another measure."""
    from grid_model.algebra import compile_program
    from grid_model.formulation import build_model

    case = _case(given)

    def ready():
        return compile_program(build_model(case)).to_highs()

    return ready


def _case(given: Figures):
    sys.path.insert(0, str(ROOT / "tests"))
    from small import small_case

    from grid_model.formulation import POLICIES

    kinds = {
        "coal_flexible": "coal",
        "coal_inflexible": "coal",
        "wind": "wind_onshore",
        "solar": "solar_utility",
        "hydro": "hydro_run_of_river",
    }
    generators = [
        {
            "generator": f"{zone} {kind}",
            "zone": zone,
            "technology": kinds.get(kind, kind),
            "capacity_mw": given.capacity[z, k] * 1e3,
            "variable_cost_cny_per_mwh": given.cost[z, k],
            "ramp_up_fraction_per_hour": RAMP.get(kind, np.nan),
            "ramp_down_fraction_per_hour": RAMP.get(kind, np.nan),
        }
        for z, zone in enumerate(given.zones)
        for k, kind in enumerate(KINDS)
    ]
    stores = [
        {
            "storage": f"{zone} {store}",
            "zone": zone,
            "technology": store,
            "power_mw": given.power[z, s] * 1e3,
            "energy_mwh": given.power[z, s] * HOURS_OF_ENERGY[s] * 1e3,
            "charge_efficiency": CHARGE[s],
            "discharge_efficiency": DISCHARGE[s],
        }
        for z, zone in enumerate(given.zones)
        for s, store in enumerate(STORES)
    ]
    lines = [
        {
            "line": f"line {number}",
            "from_zone": given.zones[start],
            "to_zone": given.zones[end],
            "capacity_mw": capacity * 1e3,
            "reverse_capacity_mw": 0.0,
            "loss_fraction": LOSS,
        }
        for number, (start, end, capacity) in enumerate(zip(given.line_from, given.line_to, given.line_capacity))
    ]
    loads = [{"load": zone, "zone": zone, "unserved_cost_cny_per_mwh": UNSERVED_COST} for zone in given.zones]
    series = {
        "load": {zone: given.demand[z] * 1e3 for z, zone in enumerate(given.zones)},
        "availability": {
            f"{zone} {kind}": given.available[z, k]
            for z, zone in enumerate(given.zones)
            for k, kind in enumerate(KINDS)
        },
    }
    return small_case(
        given.hours,
        series,
        {policy.NAME: False for policy in POLICIES},
        generators=generators,
        storage=stores,
        lines=lines,
        loads=loads,
    )


# --- by hand ---------------------------------------------------------------------------------------------------------


def by_hand(given: Figures):
    """Index arithmetic: an array of column numbers per family of columns, of row numbers per family of rows."""
    import highspy
    from scipy.sparse import coo_array

    def ready():
        T, Z, K, S, L = given.hours, ZONES, len(KINDS), len(STORES), len(given.line_capacity)
        ramped = np.array([kind in RAMP for kind in KINDS])
        R = int(ramped.sum())
        ends = np.cumsum([0, Z * K * T, Z * S * T, Z * S * T, Z * S * (T + 1), L * T, Z * T])
        generation, charge, discharge, energy, flow, unserved = (
            np.arange(start, end, dtype=np.int32).reshape(shape)
            for start, end, shape in zip(
                ends, ends[1:], ((Z, K, T), (Z, S, T), (Z, S, T), (Z, S, T + 1), (L, T), (Z, T))
            )
        )
        starts = np.cumsum([0, Z * T, Z * S * T, Z * S * T, Z * S, Z * R * (T - 1)])
        balance, store, converter, cyclic, ramp = (
            np.arange(start, end, dtype=np.int32).reshape(shape)
            for start, end, shape in zip(
                starts, starts[1:], ((Z, T), (Z, S, T), (Z, S, T), (Z, S), (Z, R, T - 1))
            )
        )
        rows, columns, values = [], [], []

        def enter(row, column, value):
            shape = np.broadcast_shapes(row.shape, column.shape, np.shape(value))
            rows.append(np.broadcast_to(row, shape).ravel())
            columns.append(np.broadcast_to(column, shape).ravel())
            values.append(np.broadcast_to(np.asarray(value, float), shape).ravel())

        (
            enter(balance[:, None], generation, 1),
            enter(balance[:, None], discharge, 1),
            enter(balance[:, None], charge, -1),
        )
        enter(balance, unserved, 1)
        enter(balance[given.line_from], flow, -1), enter(balance[given.line_to], flow, 1 - LOSS)
        enter(store, energy[:, :, 1:], 1), enter(store, energy[:, :, :-1], -1)
        enter(store, charge, -CHARGE[:, None]), enter(store, discharge, 1 / DISCHARGE[:, None])
        enter(converter, charge, 1 / given.power[:, :, None]), enter(converter, discharge, 1 / given.power[:, :, None])
        enter(cyclic, energy[:, :, 0], 1), enter(cyclic, energy[:, :, -1], -1)
        enter(ramp, generation[:, ramped, 1:], 1), enter(ramp, generation[:, ramped, :-1], -1)

        matrix = coo_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(starts[-1], ends[-1])
        ).tocsr()
        lower, upper = np.zeros(starts[-1]), np.zeros(starts[-1])
        lower[balance] = upper[balance] = given.demand
        lower[converter], upper[converter] = -np.inf, 1
        limit = (given.capacity[:, ramped] * [RAMP[kind] for kind in KINDS if kind in RAMP])[:, :, None]
        lower[ramp], upper[ramp] = -limit, limit
        most, cost = np.empty(ends[-1]), np.zeros(ends[-1])
        most[generation] = given.capacity[:, :, None] * given.available
        most[charge] = most[discharge] = given.power[:, :, None]
        most[energy] = (given.power * HOURS_OF_ENERGY)[:, :, None]
        most[flow], most[unserved] = given.line_capacity[:, None], given.demand
        cost[generation], cost[unserved] = given.cost[:, :, None] * 1e-3, UNSERVED_COST * 1e-3

        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.passModel(
            len(cost),
            len(lower),
            matrix.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            cost,
            np.zeros(len(cost)),
            most,
            lower,
            upper,
            matrix.indptr,
            matrix.indices,
            matrix.data,
            np.zeros(len(cost), np.int32),
        )
        return highs

    return ready


# --- linopy ----------------------------------------------------------------------------------------------------------


def with_linopy(given: Figures):
    """Dense arrays over zone, kind and hour; flows are grouped by zone."""
    import linopy
    import pandas as pd
    import xarray as xr

    def over(values, *dimensions):
        return xr.DataArray(values, dims=dimensions, coords={name: coords[name] for name in dimensions})

    coords = {
        "zone": pd.Index(given.zones, name="zone"),
        "kind": pd.Index(KINDS, name="kind"),
        "store": pd.Index(STORES, name="store"),
        "line": pd.RangeIndex(len(given.line_capacity), name="line"),
        "hour": pd.RangeIndex(1, given.hours + 1, name="hour"),
        "border": pd.RangeIndex(given.hours + 1, name="border"),
    }
    zone_at = [
        xr.DataArray(np.array(given.zones, object)[end], dims="line", coords={"line": coords["line"]}, name="zone")
        for end in (given.line_from, given.line_to)
    ]

    def ready():
        model, most = linopy.Model(), over(given.power, "zone", "store")
        hours = [coords["hour"]]
        generation = model.add_variables(
            0, over(given.capacity[:, :, None] * given.available, "zone", "kind", "hour"), name="generation"
        )
        charge = model.add_variables(0, most, coords=[coords["zone"], coords["store"], *hours], name="charge")
        discharge = model.add_variables(0, most, coords=[coords["zone"], coords["store"], *hours], name="discharge")
        energy = model.add_variables(
            0,
            most * over(HOURS_OF_ENERGY, "store"),
            coords=[coords["zone"], coords["store"], coords["border"]],
            name="energy",
        )
        flow = model.add_variables(0, over(given.line_capacity, "line"), coords=[coords["line"], *hours], name="flow")
        unserved = model.add_variables(0, over(given.demand, "zone", "hour"), name="unserved")

        leaving, arriving = flow.groupby(zone_at[0]).sum(), ((1 - LOSS) * flow).groupby(zone_at[1]).sum()
        model.add_constraints(
            generation.sum("kind") + discharge.sum("store") - charge.sum("store") + unserved + arriving - leaving
            == over(given.demand, "zone", "hour"),
            name="balance",
        )
        after = energy.isel(border=slice(1, None)).rename(border="hour")
        before = energy.isel(border=slice(0, -1)).rename(border="hour").assign_coords(hour=coords["hour"])
        model.add_constraints(
            after - before - over(CHARGE, "store") * charge + over(1 / DISCHARGE, "store") * discharge == 0,
            name="energy_balance",
        )
        model.add_constraints(charge / most + discharge / most <= 1, name="shared_converter")
        model.add_constraints(energy.isel(border=0) - energy.isel(border=-1) == 0, name="cyclic_level")
        ramped = generation.sel(kind=list(RAMP))
        later = ramped.isel(hour=slice(1, None))
        earlier = ramped.isel(hour=slice(0, -1)).assign_coords(hour=coords["hour"][1:])
        limit = over(given.capacity, "zone", "kind").sel(kind=list(RAMP)) * xr.DataArray(
            list(RAMP.values()), dims="kind", coords={"kind": list(RAMP)}
        )
        model.add_constraints(later - earlier <= limit, name="ramp_up")
        model.add_constraints(earlier - later <= limit, name="ramp_down")
        model.add_objective(
            (generation * over(given.cost * 1e-3, "zone", "kind")).sum() + (unserved * UNSERVED_COST * 1e-3).sum()
        )
        return _highs_of(model)

    return ready


def _highs_of(model):
    highs = model.to_highspy()
    highs.setOptionValue("output_flag", False)
    return highs


# --- PyPSA -----------------------------------------------------------------------------------------------------------


def with_pypsa(given: Figures):
    """The network is made beforehand, as the Case is; unserved load is a generator."""
    network = _network(given)

    def ready():
        return _highs_of(network.optimize.create_model())

    return ready


def _network(given: Figures):
    import pandas as pd
    import pypsa

    network = pypsa.Network(snapshots=pd.RangeIndex(given.hours, name="snapshot"))
    network.add("Bus", given.zones)
    network.add(
        "Load",
        given.zones,
        suffix=" load",
        bus=given.zones,
        p_set=pd.DataFrame(given.demand.T, network.snapshots, [f"{zone} load" for zone in given.zones]),
    )
    for k, kind in enumerate(KINDS):
        names = [f"{zone} {kind}" for zone in given.zones]
        network.add(
            "Generator",
            names,
            bus=given.zones,
            p_nom=given.capacity[:, k],
            marginal_cost=given.cost[:, k] * 1e-3,
            p_max_pu=pd.DataFrame(given.available[:, k].T, network.snapshots, names),
            ramp_limit_up=RAMP.get(kind, np.nan),
            ramp_limit_down=RAMP.get(kind, np.nan),
        )
    names = [f"{zone} unserved" for zone in given.zones]
    network.add(
        "Generator",
        names,
        bus=given.zones,
        p_nom=1.0,
        marginal_cost=UNSERVED_COST * 1e-3,
        p_max_pu=pd.DataFrame(given.demand.T, network.snapshots, names),
    )
    for s, store in enumerate(STORES):
        network.add(
            "StorageUnit",
            [f"{zone} {store}" for zone in given.zones],
            bus=given.zones,
            p_nom=given.power[:, s],
            max_hours=HOURS_OF_ENERGY[s],
            efficiency_store=CHARGE[s],
            efficiency_dispatch=DISCHARGE[s],
            cyclic_state_of_charge=True,
        )
    lines = [f"line {number}" for number in range(len(given.line_capacity))]
    network.add(
        "Link",
        lines,
        bus0=[given.zones[z] for z in given.line_from],
        bus1=[given.zones[z] for z in given.line_to],
        p_nom=given.line_capacity,
        efficiency=1 - LOSS,
    )
    return network


BUILDERS = {"grid_model": grid_model, "numpy": by_hand, "linopy": with_linopy, "pypsa": with_pypsa}
