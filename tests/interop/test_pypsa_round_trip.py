"""What export carries of the things that PyPSA says otherwise: there, solved by PyPSA where it is installed, and home again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small import small_case

import grid_model as gm
from grid_model.interop.pypsa_export import export_case
from grid_model.interop.pypsa_import import import_network

BACKUP = {"generator": "backup", "zone": "A", "technology": "gas", "capacity_mw": 500, "variable_cost_cny_per_mwh": 300}


def committed_converters():
    """A converter with two ports that was off, dear to start and to keep on, with ramps; one with one port whose limits of
    output change and whose rows are the tighter ones; one told what to convert in a step."""
    profiles = {"load": {"power": [10, 60, 80, 20, 50], "heat": [5, 20, 25, 10, 20]},
                "committed_most": {"plant": [50, 40, 50, 30, 50]}, "conversion_least": {"told": [0, 0, 7, 0, 0]},
                "conversion_most": {"told": [20, 20, 7, 20, 20]},
                "conversion_start_cost": {"pump": [400, 100, 400, 400, 400]}}
    return small_case(
        5, profiles, step_hours=2.0, loads=[{"load": "power", "zone": "A"}, {"load": "heat", "zone": "H"}],
        generators=[BACKUP, BACKUP | {"generator": "boiler", "zone": "H", "variable_cost_cny_per_mwh": 200}],
        converters=[
            {"converter": "pump", "capacity_mw": 15, "committed": True, "start_cost_cny": 400, "min_up_steps": 2,
             "stand_by_cost_cny_per_hour": 30, "up_steps_before": 0, "down_steps_before": 3, "ramp_up_mw_per_hour": 3,
             "start_mw": 9, "initial_mw": 0, "cost_cny_per_mwh": 1},
            {"converter": "plant", "capacity_mw": 50, "committed": True, "tight": True, "start_cost_cny": 800,
             "stop_cost_cny": 800, "cost_cny_per_mwh": 40, "min_down_steps": 2, "up_steps_before": 1},
            {"converter": "told", "capacity_mw": 20, "committed": True, "cost_cny_per_mwh": 60, "start_cost_cny": 5}],
        converter_ports=[{"port": "drawn", "converter": "pump", "zone": "A", "rate": -1},
                         {"port": "heat out", "converter": "pump", "zone": "H", "rate": 3},
                         {"port": "plant out", "converter": "plant", "zone": "A", "rate": 1},
                         {"port": "told out", "converter": "told", "zone": "A", "rate": 1}])


def limited_energy():
    """A generator that may give 100 MWh; coal and oil that share a budget by the step, twice; a store that must hold more at
    the end; a converter that must take 30 MWh: each binds."""
    factors = {"coal counts": [1.0, 2.0, 0.0, 1.0], "coal again": [-0.5, -1.0, 0.0, -0.5]}
    return small_case(
        4, {"load": {"l": [90, 80, 60, 70]}, "limit_factor": factors}, loads=[{"load": "l", "zone": "A"}],
        generators=[BACKUP] + [
            {"generator": name, "zone": "A", "technology": name if name == "coal" else "gas", "capacity_mw": 60,
             "variable_cost_cny_per_mwh": cost} for name, cost in (("coal", 10), ("oil", 20), ("hill", 5))],
        storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 60,
                  "initial_fraction": 0.5, "cyclic": False, "final_fraction": 0, "charge_efficiency": 1, "discharge_efficiency": 1}],
        converters=[{"converter": "sink", "capacity_mw": 20, "cost_cny_per_mwh": 3}],
        converter_ports=[{"port": "away", "converter": "sink", "zone": "A", "rate": -1}],
        energy_limits=[{"limit": "hill", "amount_mwh": 100}, {"limit": "fuel", "amount_mwh": 120},
                       {"limit": "less", "sense": "at_least", "amount_mwh": -45},
                       {"limit": "kept", "sense": "equal", "amount_mwh": 40}, {"limit": "taken", "sense": "at_least", "amount_mwh": 30}],
        energy_limit_terms=[{"term": "hill counts", "limit": "hill", "generator": "hill"},
                            {"term": "coal counts", "limit": "fuel", "generator": "coal"},
                            {"term": "oil counts", "limit": "fuel", "generator": "oil", "factor": 1.5},
                            {"term": "coal again", "limit": "less", "generator": "coal"},
                            {"term": "held", "limit": "kept", "storage": "s"},
                            {"term": "sink counts", "limit": "taken", "converter": "sink"}])


def late_arrivals():
    """Steps of different lengths: what leaves arrives after one step or after two, and at last comes round."""
    case = small_case(
        5, {"load": {"l": [60, 50, 40, 50, 60]}, "port_delay": {"in": [0.0, 1, 2, 4, 5]}, "port_rate": {"in": [0.9, 0.8, 0.7, 0.6, 0.5]}},
        loads=[{"load": "l", "zone": "B"}],
        generators=[BACKUP | {"generator": "cheap", "variable_cost_cny_per_mwh": 10, "capacity_mw": 55}, BACKUP | {"zone": "B"}],
        converters=[{"converter": "pipe", "capacity_mw": 50}, {"converter": "ring", "capacity_mw": 10}],
        converter_ports=[{"port": "out", "converter": "pipe", "zone": "A", "rate": -1},
                         {"port": "in", "converter": "pipe", "zone": "B", "rate": 1},
                         {"port": "ring out", "converter": "ring", "zone": "A", "rate": -1},
                         {"port": "ring in", "converter": "ring", "zone": "B", "rate": 1, "delay_hours": 2, "cyclic": True}])
    lengths = np.array([1.0, 1, 2, 3, 1])
    return replace(case, step_hours=lengths, time=case.time[0] + pd.to_timedelta(np.cumsum(lengths) - lengths, unit="h"))


def river():
    """A dam that must let water flow above a dam where it arrives an hour and a half later, half of it."""
    dams = [{"generator": name, "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 40} for name in ("upper", "lower")]
    return small_case(
        6, {"load": {"l": [20, 70, 90, 30, 20, 80]}, "inflow": {"high": [30, 0, 10, 0, 0, 20], "low": 5.0}},
        loads=[{"load": "l", "zone": "A"}], generators=[BACKUP, *dams],
        reservoirs=[{"reservoir": "high", "generator": "upper", "capacity_mwh": 80, "initial_fraction": 0.5, "min_flow_mw": 8},
                    {"reservoir": "low", "generator": "lower", "capacity_mwh": 30, "initial_fraction": 0.5}],
        cascade=[{"upstream": "high", "downstream": "low", "delay_hours": 1.5, "share": 0.5, "energy_factor": 1.5,
                  "initial_flow_mw": 12}])


def monthly_energy():
    """Steps of a day over the end of a month: more than January's budget is not to be had, and what is left of it is lost."""
    budget = [3.0, 3.0, 30.0, 30.0]
    return small_case(
        4, {"load": {"l": [10, 40, 20, 40]}, "energy_budget": {"river": budget}}, step_hours=24.0, start="2027-01-30",
        loads=[{"load": "l", "zone": "A"}],
        generators=[BACKUP, {"generator": "river", "zone": "A", "technology": "hydro_run_of_river", "capacity_mw": 25}])


CASES = [committed_converters, limited_energy, late_arrivals, river, monthly_energy]


@pytest.mark.parametrize("case", CASES)
def test_home_again(case, tmp_path):
    """Our import of what is exported costs the same; nothing is unserved, so that no limit is passed by."""
    expected = gm.solve(case())
    assert float(expected.dispatch["unserved"].sum()) == 0
    home = gm.solve(gm.load_case(import_network(export_case(case(), tmp_path / "network.nc"), tmp_path / "grid")))
    assert home.summary["objective_cny"] == pytest.approx(expected.summary["objective_cny"], rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_pypsa_agrees(case, tmp_path):
    pypsa = pytest.importorskip("pypsa", reason="PyPSA is not installed: it is a peer, not a dependency")
    from interop.peer import objective_in_pypsa

    file = export_case(case(), tmp_path / "network.nc")
    expected = gm.solve(case()).summary["objective_cny"]
    assert objective_in_pypsa(pypsa.Network(file)) == pytest.approx(expected, rel=1e-6)
