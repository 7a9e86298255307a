"""Small networks of PyPSA drawn at random, with every component that the import carries."""

from __future__ import annotations

import numpy as np
import pandas as pd


def random_network(pypsa, seed: int, wild: bool = True):
    """A network of 1 to 6 buses and 1 to 8 snapshots; `wild` adds what needs more than a row of ours."""
    draw = np.random.default_rng(seed)
    network = pypsa.Network()
    steps, hours = int(draw.integers(1, 9)), float(draw.choice([0.5, 1, 2, 3]))
    network.set_snapshots(pd.date_range("2027-01-01", periods=steps, freq=pd.Timedelta(hours=hours)))
    network.snapshot_weightings = pd.DataFrame(hours, index=network.snapshots, columns=["objective", "stores", "generators"])
    if wild and _often(draw, 0.3):
        for purpose in network.snapshot_weightings.columns:
            network.snapshot_weightings[purpose] = draw.choice([0.5, 1, 2, 3, 52.142857], steps)
    buses = [f"bus {number}" for number in range(draw.integers(1, 7))]
    for carrier, emitted in (("fuel", 0.3), ("sun", 0.0), ("rest", 0.0), ("lake", 0.1)):
        network.add("Carrier", carrier, co2_emissions=emitted)
    network.add("Carrier", ["AC", "DC", "tank"])
    direct = draw.random() < 0.2
    for bus in buses:
        network.add("Bus", bus, v_nom=float(draw.choice([1, 110, 380])), carrier="DC" if direct else "AC")
    _loads(draw, network, buses, steps)
    _generators(draw, network, buses, steps, wild)
    _storage(draw, network, buses, steps, wild)
    if len(buses) > 1:
        _branches(draw, network, buses, steps, wild)
    if wild:
        _limits(draw, network)
    return network


def _limits(draw, network) -> None:
    """Limits that can be kept: beyond them there are plants that they do not count."""
    if _often(draw, 0.3):
        network.add("GlobalConstraint", "cap", type="primary_energy", sense="<=", constant=_figure(draw, 200, 4000))
    if _often(draw, 0.2):
        network.add("GlobalConstraint", "solar", type="operational_limit", carrier_attribute="sun", sense="<=",
                    constant=_figure(draw, 50, 1000))
    for name in network.generators.index:
        if name.startswith("generator") and _often(draw, 0.2):
            network.generators.loc[name, "e_sum_max"] = _figure(draw, 100, 400)


def _often(draw, share: float) -> bool:
    return bool(draw.random() < share)


def _figure(draw, low: float, high: float) -> float:
    return round(float(draw.uniform(low, high)), 2)


def _series(draw, low, high, steps):
    return np.round(draw.uniform(low, high, steps), 3)


def _loads(draw, network, buses, steps) -> None:
    for number in range(draw.integers(1, 4)):
        demand = _series(draw, 0, 100, steps) if _often(draw, 0.6) else _figure(draw, -20, 100)
        network.add("Load", f"load {number}", bus=draw.choice(buses), p_set=demand,
                    sign=float(draw.choice([-1, -1, -1, -0.5])))


def _generators(draw, network, buses, steps, wild) -> None:
    for bus in buses:
        network.add("Generator", f"backup {bus}", bus=bus, p_nom=1000, marginal_cost=_figure(draw, 300, 400), carrier="rest")
        if _often(draw, 0.7):
            network.add("Generator", f"sink {bus}", bus=bus, p_nom=1000, marginal_cost=_figure(draw, 20, 200), sign=-1)
    for number in range(draw.integers(1, 5)):
        options = {"bus": draw.choice(buses), "p_nom": _figure(draw, 0, 120), "marginal_cost": _figure(draw, -10, 100),
                   "carrier": draw.choice(["fuel", "sun", ""]), "efficiency": _figure(draw, 0.3, 1)}
        if _often(draw, 0.5):
            options["p_max_pu"] = _series(draw, 0.5, 1.2, steps)
        if _often(draw, 0.4):
            options["p_min_pu"] = _series(draw, 0, 0.4, steps) if _often(draw, 0.5) else 0.2
        if _often(draw, 0.3):
            options |= {"ramp_limit_up": _figure(draw, 0.05, 0.6), "ramp_limit_down": _figure(draw, 0.05, 0.6)}
            if _often(draw, 0.3):
                options["p_init"] = options["p_nom"] * 0.5
        elif _often(draw, 0.4):
            options |= _commitment(draw, steps, wild)
        elif wild:
            options |= _odd_generator(draw, steps, options)
        network.add("Generator", f"generator {number}", **options)


def _commitment(draw, steps, wild) -> dict:
    up, down = (int(value) for value in draw.integers(0, 4, 2))
    before = {"up_time_before": 0, "down_time_before": 5} if _often(draw, 0.4) else {"up_time_before": 5}
    costs = {"start_up_cost": _figure(draw, 1, 2000) if _often(draw, 0.7) else 1.0, "stand_by_cost": _figure(draw, 0, 50) * _often(draw, 0.3),
             "shut_down_cost": _figure(draw, 2001, 3000) if _often(draw, 0.3) else 0.0}
    if _often(draw, 0.3):
        costs["shut_down_cost"] = costs["start_up_cost"] = _figure(draw, 0, 800) * _often(draw, 0.7)
    if _often(draw, 0.4):
        costs |= {"ramp_limit_up": _figure(draw, 0.2, 0.8), "ramp_limit_down": _figure(draw, 0.2, 0.8)}
        if _often(draw, 0.5):
            costs |= {"ramp_limit_start_up": _figure(draw, 0.6, 1), "ramp_limit_shut_down": _figure(draw, 0.6, 1)}
        if wild and _often(draw, 0.3):
            costs |= {"ramp_limit_up": _series(draw, 0.2, 1, steps), "ramp_limit_down": _series(draw, 0.2, 1, steps)}
    if wild and _often(draw, 0.2):
        costs |= {"start_up_cost": _series(draw, 0, 900, steps), "stand_by_cost": _series(draw, 0, 50, steps)}
    return {"committable": True, "min_up_time": up, "min_down_time": down, "p_min_pu": _figure(draw, 0, 0.6),
            "p_max_pu": _series(draw, 0.6, 1, steps), **costs, **before}


def _odd_generator(draw, steps, options) -> dict:
    odd = {}
    if _often(draw, 0.4):
        odd["marginal_cost"] = np.round(draw.choice([5.0, 20.0, 60.0], steps), 2)
    if _often(draw, 0.3):
        odd |= {"p_min_pu": -_figure(draw, 0, 1), "carrier": "sun"}
    if _often(draw, 0.2):
        odd |= {"sign": float(draw.choice([-1, 0.5])), "carrier": "sun"}
    return odd


def _storage(draw, network, buses, steps, wild) -> None:
    for number in range(draw.integers(0, 3)):
        power, hours = _figure(draw, 1, 40), _figure(draw, 0.5, 8)
        options = {"p_nom": power, "max_hours": hours, "efficiency_store": _figure(draw, 0.5, 1),
                   "efficiency_dispatch": _figure(draw, 0.5, 1), "standing_loss": _figure(draw, 0, 0.1) * _often(draw, 0.5),
                   "marginal_cost": _figure(draw, 0, 5), "cyclic_state_of_charge": _often(draw, 0.5)}
        if not options["cyclic_state_of_charge"]:
            options["state_of_charge_initial"] = round(power * hours * float(draw.uniform(0, 1)), 2)
        if wild and _often(draw, 0.4):
            options |= {"inflow": _series(draw, 0, 20, steps), "spill_cost": _figure(draw, 0, 5) * _often(draw, 0.5)}
        if wild and _often(draw, 0.3):
            options |= {"efficiency_store": _series(draw, 0.5, 1, steps), "marginal_cost": _series(draw, -2, 9, steps)}
        if wild and _often(draw, 0.3):
            options |= {"marginal_cost_storage": _figure(draw, 0, 2), "carrier": "lake"}
        if wild and not options["cyclic_state_of_charge"] and options["standing_loss"] == 0 and _often(draw, 0.2):
            told = np.full(steps, np.nan)
            told[-1] = options["state_of_charge_initial"]
            options["state_of_charge_set"] = told
        if wild and _often(draw, 0.3):
            options |= {"p_max_pu": _series(draw, 0.3, 1, steps), "p_min_pu": -_figure(draw, 0, 1)}
        network.add("StorageUnit", f"unit {number}", bus=draw.choice(buses), **options)
    for number in range(draw.integers(0, 2)):
        cyclic = _often(draw, 0.5)
        network.add("Store", f"store {number}", bus=draw.choice(buses), e_nom=100, e_cyclic=cyclic, carrier="tank",
                    e_min_pu=0.0 if cyclic else 0.1, e_initial=0 if cyclic else 40,
                    standing_loss=_figure(draw, 0, 0.05),
                    **(dict(marginal_cost=_figure(draw, -3, 3), marginal_cost_storage=_figure(draw, 0, 1),
                            e_max_pu=_series(draw, 0.5, 1, steps)) if wild and _often(draw, 0.5) else {}))


def _branches(draw, network, buses, steps, wild) -> None:
    for number in range(draw.integers(0, 2 * len(buses))):
        start, end = draw.choice(buses, 2, replace=False)
        limit = _series(draw, 0.3, 1, steps) if _often(draw, 0.3) else 1.0
        network.add("Line", f"line {number}", bus0=start, bus1=end, x=_figure(draw, 0.1, 2), r=_figure(draw, 0.1, 2),
                    s_nom=_figure(draw, 10, 80) * (not _often(draw, 0.05)), s_max_pu=limit,
                    v_ang_max=_figure(draw, 5, 60) if wild and _often(draw, 0.1) else np.inf)
    for number in range(draw.integers(0, 3)):
        start, end = draw.choice(buses, 2, replace=False)
        network.add("Transformer", f"transformer {number}", bus0=start, bus1=end, x=_figure(draw, 0.05, 0.3), s_nom=50,
                    r=0.1, tap_ratio=_figure(draw, 0.9, 1.1), phase_shift=_series(draw, -3, 3, steps) if wild and _often(draw, 0.3) else 0.0)
    for number in range(draw.integers(0, 3)):
        start, end = draw.choice(buses, 2, replace=False)
        options = _link(draw, steps, wild)
        if wild and _often(draw, 0.3):
            options |= {"bus2": draw.choice(buses), "efficiency2": _series(draw, -0.3, 0.6, steps)}
        if wild and _often(draw, 0.3):
            options |= {"delay": int(draw.integers(0, 5)), "cyclic_delay": _often(draw, 0.5)}
        if wild and _often(draw, 0.15):
            options |= _commitment(draw, steps, wild)
        if wild and _often(draw, 0.3):
            options |= {"marginal_cost": _series(draw, -5, 20, steps), "efficiency": _series(draw, 0.5, 1.5, steps)}
        network.add("Link", f"link {number}", bus0=start, bus1=end, p_nom=_figure(draw, 5, 60), **options)


def _link(draw, steps, wild) -> dict:
    kind = draw.integers(0, 6 if wild else 3)
    if kind == 0:
        return {"efficiency": _figure(draw, 0.5, 1), "marginal_cost": _figure(draw, 0, 10)}
    if kind == 1:
        return {"p_min_pu": -1}
    if kind == 2:
        return {"p_max_pu": _series(draw, 0, 1, steps), "efficiency": 0.9}
    if kind == 3:
        return {"p_min_pu": _series(draw, -1, 0.2, steps), "p_max_pu": _series(draw, 0.3, 1, steps),
                "efficiency": _figure(draw, 0.5, 1), "marginal_cost": _figure(draw, 0, 10)}
    if kind == 4:
        return {"p_min_pu": -_figure(draw, 0, 1), "efficiency": _figure(draw, 1, 3), "marginal_cost": -_figure(draw, 0, 10)}
    return {"ramp_limit_up": 0.3, "ramp_limit_down": 0.3, "p_min_pu": -1}
