"""Small networks of PyPSA, each with one thing that random ones seldom have."""

from __future__ import annotations

import numpy as np
import pandas as pd

FEATURES = {}


def feature(build):
    FEATURES[build.__name__] = build
    return build


def _network(pypsa, steps: int = 4, weights=1.0, buses=("a", "b")):
    """Buses, each with a dear plant, and a load of 50 MW at the last of them."""
    network = pypsa.Network()
    network.set_snapshots(pd.date_range("2030-01-01", periods=steps, freq="h"))
    network.snapshot_weightings = pd.DataFrame(weights, index=network.snapshots, columns=["objective", "stores", "generators"])
    network.add("Carrier", ["AC", "fuel"], co2_emissions=[0.0, 0.2])
    for number, bus in enumerate(buses):
        network.add("Bus", bus, v_nom=380, carrier="AC")
        network.add("Generator", f"dear {bus}", bus=bus, p_nom=500, marginal_cost=200 + 10 * number)
    network.add("Load", "load", bus=buses[-1], p_set=50 + 10 * np.arange(steps))
    return network


@feature
def weights_that_are_no_whole_seconds(pypsa):
    network = _network(pypsa, weights=8760 / 168)
    network.add("Generator", "g", bus="b", p_nom=60, marginal_cost=[5.0, 90, 30, 8])
    network.add("StorageUnit", "s", bus="b", p_nom=20, max_hours=100, cyclic_state_of_charge=True, efficiency_store=0.9,
                standing_loss=0.001)
    return network


@feature
def weights_by_snapshot_and_purpose(pypsa):
    network = _network(pypsa)
    network.snapshot_weightings = pd.DataFrame({"objective": [1.5, 52.1, 7 / 3, 2], "stores": [1.0, 8760 / 700, 3, 1 / 3],
                                                "generators": [2.0, 1, 1 / 7, 9]}, index=network.snapshots)
    network.add("Generator", "g", bus="b", p_nom=60, marginal_cost=[5.0, 90, 30, 8], e_sum_max=400)
    network.add("Store", "s", bus="b", e_nom=300, e_initial=120, standing_loss=0.01, marginal_cost_storage=0.1)
    return network


@feature
def phase_shifter_that_moves(pypsa):
    network = _network(pypsa)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Line", "line", bus0="a", bus1="b", x=60.0, s_nom=40)
    network.add("Transformer", "t", bus0="a", bus1="b", x=0.1, s_nom=50, tap_ratio=1.05, phase_shift=[0.0, 1, -3, 2],
                s_max_pu=[1, 0.9, 1, 0.4])
    return network


@feature
def phase_shift_beyond_the_capacity(pypsa):
    network = _network(pypsa)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Line", "line", bus0="a", bus1="b", x=160.0, s_nom=400)
    network.add("Transformer", "t", bus0="b", bus1="a", x=0.05, s_nom=50, phase_shift=5.0)
    return network


@feature
def standard_types(pypsa):
    network = _network(pypsa)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Bus", "low", v_nom=110, carrier="AC")
    network.add("Line", "line", bus0="a", bus1="b", type="490-AL1/64-ST1A 380.0", length=70, num_parallel=2, s_nom=30)
    network.add("Transformer", "t", bus0="a", bus1="low", type="160 MVA 380/110 kV", tap_position=-2)
    network.add("Transformer", "u", bus0="low", bus1="b", type="100 MVA 220/110 kV", num_parallel=2)
    return network


@feature
def phase_shift_by_snapshot_beside_a_type(pypsa):
    """PyPSA writes the type's phase shift over the one value, not over the series."""
    network = _network(pypsa)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Transformer", "t", bus0="a", bus1="b", type="160 MVA 380/110 kV", phase_shift=[0.0, 2, -3, 4], s_max_pu=0.2)
    network.add("Transformer", "u", bus0="b", bus1="a", type="100 MVA 220/110 kV", phase_shift=7.0)
    return network


@feature
def storage_that_cannot_be_filled(pypsa):
    network = _network(pypsa)
    network.add("StorageUnit", "s", bus="b", p_nom=20, max_hours=3, state_of_charge_initial=30, efficiency_store=0.0,
                efficiency_dispatch=0.9)
    network.add("StorageUnit", "u", bus="b", p_nom=20, max_hours=3, state_of_charge_initial=10,
                efficiency_store=[0.0, 0.9, 0, 0])
    return network


@feature
def no_load_at_all(pypsa):
    network = _network(pypsa)
    network.remove("Load", "load")
    network.add("Generator", "bids", bus="b", p_nom=20, sign=-1, marginal_cost=-230)
    return network


@feature
def branches_between_buses_of_no_current(pypsa):
    """PyPSA takes the resistances wherever the first bus that branches join is not of the carrier AC."""
    network = _network(pypsa)
    network.buses["carrier"] = ["electricity", "AC"]
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Line", ["one", "two"], bus0="a", bus1="b", x=[1.0, 2.0], r=[3.0, 1.0], s_nom=20)
    network.add("Bus", ["c", "d"], carrier=["AC", "electricity"])
    network.add("Line", ["three", "four"], bus0="c", bus1="d", x=[1.0, 3.0], r=1.0, s_nom=10, v_ang_max=1)
    network.add("Link", ["in", "out"], bus0=["a", "d"], bus1=["c", "b"], p_nom=90)
    return network


@feature
def capacities_without_limit(pypsa):
    network = _network(pypsa)
    network.add("Generator", "endless", bus="a", p_nom=np.inf, marginal_cost=[3.0, 90, 5, 7], e_sum_max=150)
    network.add("Link", "pipe", bus0="a", bus1="b", p_nom=np.inf, efficiency=0.9)
    network.add("Store", "s", bus="b", e_nom=np.inf, e_initial=10)
    return network


@feature
def levels_below_zero_with_losses(pypsa):
    network = _network(pypsa, weights=2.0)
    for name, cyclic in (("ring", True), ("open", False)):
        network.add("Store", name, bus="b", e_nom=40, e_min_pu=-0.5, standing_loss=0.03, e_cyclic=cyclic, e_initial=-5,
                    marginal_cost_storage=[0.1, 0.3, -0.2, 0.1])
    network.add("Generator", "g", bus="b", p_nom=80, marginal_cost=[5.0, 90, 30, 8])
    return network


@feature
def storage_cost_by_snapshot(pypsa):
    network = _network(pypsa)
    network.add("StorageUnit", "s", bus="b", p_nom=20, max_hours=3, state_of_charge_initial=70,
                marginal_cost_storage=[1.0, 5, 0.5, 2])
    return network


@feature
def delays_in_weights_of_generators(pypsa):
    network = _network(pypsa, steps=5)
    network.snapshot_weightings = network.snapshot_weightings.assign(generators=[1.0, 2, 1, 3, 1])
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=[10.0, 40, 20, 60, 30])
    for name, delay, cyclic in (("late", 2, True), ("later", 3, False), ("at once", 0, True), ("round", 9, True)):
        network.add("Link", name, bus0="a", bus1="b", p_nom=20, efficiency=0.9, delay=delay, cyclic_delay=cyclic)
    return network


def _unit(network, name="unit", bus="b", **options):
    network.add("Generator", name, bus=bus, **{
        "p_nom": 100, "p_min_pu": 0.4, "marginal_cost": [10.0, 90, 20, 250, 30, 15], "committable": True,
        "up_time_before": 0, "down_time_before": 1, **options})


@feature
def commitment_without_costs(pypsa):
    network = _network(pypsa, steps=6)
    _unit(network, ramp_limit_up=0.3, ramp_limit_down=0.5, ramp_limit_start_up=0.5, ramp_limit_shut_down=0.6, min_up_time=2)
    return network


@feature
def commitment_with_costs_alike(pypsa):
    network = _network(pypsa, steps=6)
    _unit(network, start_up_cost=700.0, shut_down_cost=700.0, p_max_pu=[1.0, 0.5, 0.9, 0.6, 1, 0.45], min_up_time=3, min_down_time=2,
          up_time_before=2, down_time_before=0, p_init=60.0, ramp_limit_up=0.4)
    return network


@feature
def commitment_with_costs_by_snapshot(pypsa):
    network = _network(pypsa, steps=6)
    _unit(network, start_up_cost=[700.0, 20, 900, 100, 50, 60], shut_down_cost=100.0, stand_by_cost=[5.0, 60, 5, 90, 5, 5],
          min_up_time=2)
    return network


@feature
def commitment_in_weighted_snapshots(pypsa):
    network = _network(pypsa, steps=6)
    network.snapshot_weightings = pd.DataFrame({"objective": [1.0, 3, 2, 5, 1, 1], "stores": [1.0, 2, 3, 1, 1, 2],
                                                "generators": 1.0}, index=network.snapshots)
    _unit(network, start_up_cost=900.0, min_up_time=3, min_down_time=2, ramp_limit_up=0.5, ramp_limit_down=0.5)
    return network


@feature
def commitment_with_ramps_by_snapshot(pypsa):
    network = _network(pypsa, steps=6)
    _unit(network, start_up_cost=900.0, ramp_limit_up=[0.2, 0.5, 0.7, 0.1, 0.3, 1], ramp_limit_down=[0.2, 0.1, 0.3, 0.1, 0.3, 1])
    _unit(network, "other", "a", sign=-1, marginal_cost=-230, p_min_pu=0.3, stand_by_cost=100.0)
    return network


@feature
def commitment_of_a_set_point(pypsa):
    network = _network(pypsa, steps=6)
    _unit(network, p_set=[0.0, np.nan, 50, 60, np.nan, 0], start_up_cost=100.0)
    return network


@feature
def commitment_of_links(pypsa):
    network = _network(pypsa, steps=6)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Bus", "heat", carrier="fuel")
    network.add("Generator", "boiler", bus="heat", p_nom=100, marginal_cost=40)
    network.add("Load", "warm", bus="heat", p_set=[5.0, 20, 0, 15, 10, 10])
    network.add("Link", "plant", bus0="a", bus1="b", bus2="heat", efficiency=0.5, efficiency2=0.3, p_nom=80, p_min_pu=0.4,
                committable=True, start_up_cost=400.0, shut_down_cost=50.0, min_up_time=3, min_down_time=2, stand_by_cost=3.0,
                ramp_limit_up=0.5, ramp_limit_start_up=0.5, up_time_before=0, down_time_before=1, marginal_cost=3)
    network.add("Link", "back", bus0="b", bus1="heat", efficiency=2.0, p_nom=30, p_min_pu=0.5, committable=True, delay=1)
    return network


@feature
def commitment_of_processes(pypsa):
    network = _network(pypsa, steps=6)
    network.add("Generator", "cheap", bus="a", p_nom=500, marginal_cost=10)
    network.add("Process", "mill", bus0="a", bus1="b", rate0=-1.0, rate1=0.8, p_nom=80, p_min_pu=0.4, committable=True,
                start_up_cost=400.0, shut_down_cost=50.0, min_up_time=3, ramp_limit_down=0.3, p_init=70.0)
    return network
