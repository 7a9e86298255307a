"""Cases exported for PyPSA: read back by our own import, and what cannot be carried listed."""

from __future__ import annotations

import numpy as np
import pytest
from small import small_case
from typer.testing import CliRunner

import grid_model as gm
from grid_model.cli import app
from grid_model.interop.pypsa_export import export_case
from grid_model.interop.pypsa_import import import_network


def plain_case():
    """Four steps of two hours, three zones in a loop of AC lines, a lossy line, ramps, stores, a reservoir: all that is
    exported, and prices that are never negative."""
    loop = [("ab", "A", "B", 60), ("bc", "B", "C", 50), ("ac", "A", "C", 20)]
    return small_case(
        4, {"load": {"base": [60, 80, 120, 40], "remote": [5, 5, 30, 5]}, "availability": {"wind": [1, 0.4, 0, 0.8]},
            "inflow": {"lake": [30, 0, 10, 0]}, "flow_limit": {"bc": [1, 1, 0.5, 1]}}, step_hours=2.0,
        loads=[{"load": "base", "zone": "C"}, {"load": "remote", "zone": "D", "unserved_cost_cny_per_mwh": 500}],
        generators=[
            {"generator": "wind", "zone": "A", "technology": "wind_onshore", "capacity_mw": 90},
            {"generator": "coal", "zone": "B", "technology": "coal", "capacity_mw": 80, "variable_cost_cny_per_mwh": 30,
             "ramp_up_fraction_per_hour": 0.2, "ramp_down_fraction_per_hour": 0.2, "initial_output_mw": 20,
             "emissions_t_per_mwh": 0.8},
            {"generator": "gas", "zone": "C", "technology": "gas", "capacity_mw": 100, "variable_cost_cny_per_mwh": 90},
            {"generator": "dam", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 25}],
        reservoirs=[{"reservoir": "lake", "generator": "dam", "capacity_mwh": 100, "initial_fraction": 0.5,
                     "final_fraction": 0.6}],
        storage=[
            {"storage": "battery", "zone": "C", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 60,
             "charge_efficiency": 0.9, "discharge_efficiency": 0.8, "loss_fraction_per_hour": 0.01, "initial_fraction": 0.5,
             "cyclic": False, "wear_cost_cny_per_mwh": 2},
            {"storage": "pumped", "zone": "B", "technology": "pumped_hydro", "power_mw": 10, "energy_mwh": 40,
             "charge_efficiency": 0.9, "discharge_efficiency": 0.9, "min_level_fraction": 0.25, "final_fraction": 0.5,
             "initial_fraction": 0.5}],
        lines=[*({"line": name, "from_zone": start, "to_zone": end, "capacity_mw": limit, "kind": "ac", "reactance_pu": 0.1}
                 for name, start, end, limit in loop),
               {"line": "cd", "from_zone": "C", "to_zone": "D", "capacity_mw": 20, "loss_fraction": 0.1,
                "cost_cny_per_mwh": 1}])


def committed_case():
    """A committed unit that was off, with a floor, a start cost and minimum times."""
    return small_case(
        4, {"load": {"l": [20, 50, 50, 10]}}, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "unit", "zone": "A", "technology": "coal", "capacity_mw": 60, "min_output_fraction": 0.5,
                     "variable_cost_cny_per_mwh": 10, "start_cost_cny_per_mw": 50, "min_up_hours": 2, "min_down_hours": 2,
                     "initial_online_mw": 0},
                    {"generator": "rest", "zone": "A", "technology": "gas", "capacity_mw": 60,
                     "variable_cost_cny_per_mwh": 80}])


def standing_case():
    """Being online costs 5 CNY/MWh of a unit without a floor, which nothing else commits: 130 MWh at 10 + 5, 1,300 CNY without."""
    case = committed_case()
    return case.replace(generators=case.tables["generators"].assign(
        min_output_fraction=0.0, min_up_hours=0.0, min_down_hours=0.0, start_cost_cny_per_mw=0.0, initial_online_mw=np.nan,
        no_load_cost_cny_per_mwh=[5.0, 0.0]))


CASES = [plain_case, committed_case, standing_case]


@pytest.mark.parametrize("case", CASES)
def test_there_and_back(case, tmp_path):
    """What is exported says the same when it is read back, by code that shares nothing with the export but the layout."""
    expected = gm.solve(case()).summary["objective_cny"]
    file = export_case(case(), tmp_path / "network.nc")
    back = gm.solve(gm.load_case(import_network(file, tmp_path / "grid")))
    assert back.summary["objective_cny"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_pypsa_opens_it_and_agrees(case, tmp_path):
    pypsa = pytest.importorskip("pypsa", reason="PyPSA is not installed: it is a peer, not a dependency")
    from interop.peer import objective_in_pypsa

    file = export_case(case(), tmp_path / "network.nc")
    expected = gm.solve(case()).summary["objective_cny"]
    assert objective_in_pypsa(pypsa.Network(file)) == pytest.approx(expected, rel=1e-6)


def test_what_cannot_be_carried_is_listed(tmp_path):
    """Ramps of units with commitment, cycles a day, a policy, demand response, and what limits of energy count that PyPSA cannot:
    all of it in one error."""
    case = small_case(
        2, {"load": {"l": [20, 50]}}, policies={"reserves": {}}, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "unit", "zone": "A", "technology": "coal", "capacity_mw": 60, "min_output_fraction": 0.1,
                     "start_cost_cny_per_mw": 50, "ramp_up_fraction_per_hour": 0.2}],
        storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 10,
                  "max_cycles_per_day": 0.5}],
        demand_response=[{"programme": "p", "zone": "A", "kind": "shed", "power_mw": 5, "cost_cny_per_mwh": 10}],
        converters=[{"converter": "pump", "capacity_mw": 5}, {"converter": "loose", "capacity_mw": 5, "committed": True, "tight": True,
                                                               "start_cost_cny": 9}],
        converter_ports=[{"port": name, "converter": converter, "zone": "A", "rate": rate}
                         for name, converter, rate in (("in", "pump", -1), ("out", "pump", 1), ("loose out", "loose", 1))],
        energy_limits=[{"limit": "two ports", "amount_mwh": 9}], energy_limit_terms=[{"term": "t", "limit": "two ports", "converter": "pump"}])
    with pytest.raises(gm.InputError) as error:
        export_case(case, tmp_path / "network.nc")
    named = {problem.column for problem in error.value.problems}
    assert {"ramp_of of unit", "max_cycles_per_day of s", "policies.reserves", "demand_response p", "tight of loose", "initial_online_mw of unit",
            "energy_limit_terms t"} == named
    assert not (tmp_path / "network.nc").exists()


def test_command_line(tmp_path):
    """The three buses go out and come back: 7600."""
    done = CliRunner().invoke(app, ["export", "pypsa", "scenarios/three_bus_loop.yaml", str(tmp_path / "network.nc")])
    assert done.exit_code == 0, done.output
    back = gm.solve(gm.load_case(import_network(tmp_path / "network.nc", tmp_path / "grid")))
    assert back.summary["objective_cny"] == pytest.approx(7600)


def test_converters_there_and_back(tmp_path):
    """A heat pump whose heat arrives later, with ramps, and a sink with one port, which goes out as a generator."""
    case = small_case(
        3, {"load": {"heat": [0, 20, 30], "base": 10.0}, "port_rate": {"heat": [2.0, 3.0, 2.5]}},
        loads=[{"load": "heat", "zone": "H"}, {"load": "base", "zone": "A"}],
        generators=[{"generator": "g", "zone": "A", "technology": "biomass", "capacity_mw": 40, "min_output_fraction": 0.5,
                     "variable_cost_cny_per_mwh": 5}],
        converters=[{"converter": "pump", "capacity_mw": 15, "cost_cny_per_mwh": 1, "ramp_up_mw_per_hour": 8},
                    {"converter": "sink", "capacity_mw": 50, "cost_cny_per_mwh": 2}],
        converter_ports=[{"port": "power", "converter": "pump", "zone": "A", "rate": -1},
                         {"port": "heat", "converter": "pump", "zone": "H", "rate": 3, "delay_hours": 1},
                         {"port": "away", "converter": "sink", "zone": "A", "rate": -1}])
    expected = gm.solve(case).summary["objective_cny"]
    back = gm.load_case(import_network(export_case(case, tmp_path / "network.nc"), tmp_path / "grid"))
    assert gm.solve(back).summary["objective_cny"] == pytest.approx(expected, rel=1e-6)
