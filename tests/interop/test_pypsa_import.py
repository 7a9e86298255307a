"""Networks of PyPSA imported from small files: figures by hand, and everything that cannot be carried listed."""

from __future__ import annotations

import pytest
from interop.network_files import THREE_BUSES, write_network
from typer.testing import CliRunner

import grid_model as gm
from grid_model.cli import app
from grid_model.interop.pypsa_import import import_network

BUS = [{"name": "a"}]
TWO = [{"name": "a"}, {"name": "b"}]


def solved(folder, **network):
    """Results of a network after import, and its scenario read as any other."""
    options = {name: network.pop(name) for name in ("fix_capacities",) if name in network}
    file = write_network(folder / "network.nc", **network)
    return gm.solve(gm.load_case(import_network(file, folder / "grid", **options)))


def cost(results) -> float:
    return results.summary["objective_cny"]


def plant(name, bus, p_nom, marginal_cost=0.0, **more):
    return {"name": name, "bus": bus, "p_nom": float(p_nom), "marginal_cost": marginal_cost, **more}


def load(bus, p_set, name="load"):
    return {"name": name, "bus": bus, "p_set": p_set}


def test_dust_of_public_networks_counts_as_nothing(tmp_path):
    """A plant of 20 mW, as open data hold: no programme can resolve it, and the scenario says so.
    The small cost is no dust: without it 50 MWh would cost nothing."""
    results = solved(tmp_path, buses=BUS, loads=[load("a", 50)], generators=[
        plant("big", "a", 80, 0.00098), plant("dust", "a", 2e-8, 5.0)])
    assert cost(results) == pytest.approx(50 * 0.00098, rel=1e-9)
    told = (tmp_path / "grid" / "scenario.yaml").read_text(encoding="utf-8")
    assert "1 figures of power or energy below 0.001" in " ".join(told.split())


def test_three_buses_in_a_loop_with_a_negative_price(tmp_path):
    """Published with PyPSA: cost 7600, price -60 at Bus1. Without Kirchhoff's law it would be 1000."""
    results = solved(tmp_path, **THREE_BUSES)
    assert cost(results) == pytest.approx(7600)
    assert results.dispatch["price"].sel(zone="Bus1").item() == pytest.approx(-60)


def test_voltage_counts_in_reactance(tmp_path):
    """At 2 kV a line of 4 ohm is as one of 1 ohm at 1 kV: the published answer again. Without the voltage Line13 would
    take less, and the cost be lower."""
    lines = [{**line, "x": 4.0} for line in THREE_BUSES["lines"]]
    results = solved(tmp_path, **{**THREE_BUSES, "buses": [{**bus, "v_nom": 2.0} for bus in THREE_BUSES["buses"]],
                                  "lines": lines[:2],
                                  "transformers": [{**THREE_BUSES["lines"][2], "x": 10.0}]})
    assert cost(results) == pytest.approx(7600)


def test_types_of_lines(tmp_path):
    """0.301 ohm per km at 1 kV: 10 km and a tenth of that over 2 circuits are 3.01 and 0.1505; a third line by its own x. All
    in proportion to 1, 1 and 1 as published they give 7600."""
    kind = {"type": "Al/St 240/40 2-bundle 220.0", "x": 0.0}
    first, second, third = THREE_BUSES["lines"]
    lines = [{**first, **kind, "length": 10.0, "num_parallel": 1.0}, {**second, **kind, "length": 20.0, "num_parallel": 2.0},
             {**third, "type": "", "x": 3.01, "length": 1.0, "num_parallel": 1.0}]
    assert cost(solved(tmp_path, **{**THREE_BUSES, "lines": lines})) == pytest.approx(7600)


def test_phase_shift_drives_power_round_a_loop(tmp_path):
    """Two transformers in parallel, x = 1/100 each; a shift of 0.2 rad in the first moves 0.2 / 0.02 = 10 MW from it to
    the other: of 60 MW 20 and 40. With 35 MW each 30 come over without shift 60, with it x(s1 - s2) = -0.2: s2 = 35,
    s1 = 15, so 10 of 60 MW are served at 100: 50 * 1 + 10 * 100."""
    shifted = {"name": "first", "bus0": "a", "bus1": "b", "x": 0.35, "s_nom": 35.0, "phase_shift": 11.459155902616464}
    other = {**shifted, "name": "second", "phase_shift": 0.0}
    results = solved(tmp_path, buses=TWO, transformers=[shifted, other], loads=[load("b", 60.0)],
                     generators=[plant("near", "b", 100, 100.0), plant("far", "a", 100, 1.0)])
    assert cost(results) == pytest.approx(50 * 1 + 10 * 100)


def test_limits_and_costs_by_snapshot(tmp_path):
    """2-hour steps, 50 MW: 30 then 50 MW available at 10 then 20, the rest at 90: 2 (30 * 10 + 20 * 90 + 50 * 20)."""
    results = solved(tmp_path, steps=2, hours=2.0, buses=BUS, loads=[load("a", 50.0)], generators=[
        plant("by step", "a", 60, [10.0, 20.0], p_max_pu=[0.5, 1.0]), plant("rest", "a", 100, 90.0)])
    assert cost(results) == pytest.approx(2 * (30 * 10 + 20 * 90 + 50 * 20))


def test_ramp_is_per_snapshot(tmp_path):
    """Half-hour steps: 20 MW a snapshot from a p_init of 10: 30 then 50 of 60 MW, the rest at 100."""
    results = solved(tmp_path, steps=2, hours=0.5, buses=BUS, loads=[load("a", 60.0)], generators=[
        plant("slow", "a", 100, 1.0, ramp_limit_up=0.2, p_init=10.0), plant("rest", "a", 100, 100.0)])
    assert cost(results) == pytest.approx(0.5 * (30 + 50 + 100 * (30 + 10)))


def test_ramps_are_parts_of_the_capacity_that_is_taken(tmp_path):
    """An extendable plant of 100 MW, optimised at 50, ramps by a fifth from 10 MW: 30 then 50 of 60 MW at its nominal capacity,
    20 then 30 at the optimised one. Parts of the optimised one at nominal capacity would be 20 then 30 too."""
    grown = plant("slow", "a", 100, 1.0, ramp_limit_up=0.2, p_init=10.0, p_nom_extendable=True, p_nom_opt=50.0)
    for fixed, served in (("nominal", 30 + 50), ("optimised", 20 + 30)):
        results = solved(tmp_path, fix_capacities=fixed, steps=2, buses=BUS, loads=[load("a", 60.0)],
                         generators=[grown, plant("rest", "a", 100, 100.0)])
        assert cost(results) == pytest.approx(served + 100 * (120 - served))


def test_a_start_that_costs_more_than_what_is_unserved(tmp_path):
    """Only a start at 500,000 serves 1 MWh: PyPSA pays it. An unserved MWh at 100,000 would be cheaper."""
    results = solved(tmp_path, buses=BUS, loads=[load("a", 1.0)], generators=[
        plant("dear", "a", 1, committable=True, start_up_cost=500_000.0, up_time_before=0)])
    assert cost(results) == pytest.approx(500_000)


def test_a_plant_that_draws_at_a_cost_takes_a_surplus(tmp_path):
    """20 MW must run at 0, 5 are used; taking the rest away costs 3 each: 45."""
    results = solved(tmp_path, buses=BUS, loads=[load("a", 5.0)], generators=[
        plant("must run", "a", 20, 0.0, p_min_pu=1.0), plant("sink", "a", 100, 3.0, sign=-1.0)])
    assert cost(results) == pytest.approx(45)


def test_a_plant_that_pays_for_what_it_draws(tmp_path):
    """Bids 50 for up to 30 MW, power costs 20 and 60, 20 MW of the cheap: 20 MW are drawn: 20 (20 - 50)."""
    results = solved(tmp_path, buses=BUS, generators=[
        plant("cheap", "a", 20, 20.0), plant("dear", "a", 100, 60.0), plant("bid", "a", 30, 50.0, p_min_pu=-1.0, p_max_pu=0.0)])
    assert cost(results) == pytest.approx(20 * (20 - 50))


def test_link_with_least_flow_loss_and_cost(tmp_path):
    """From -5 to 10 MW, efficiency 0.5, cost 1 per MWh at a, signed. Power costs 1 at a, 100 at b, load 2 at a and 8 at b:
    10 MW go: 12 * 1 at a, 5 arrive, 3 * 100 at b, 10 * 1 on the way."""
    results = solved(tmp_path, buses=TWO, loads=[load("a", 2.0), load("b", 8.0, "other")],
                     generators=[plant("at a", "a", 100, 1.0), plant("at b", "b", 100, 100.0)],
                     links=[{"name": "link", "bus0": "a", "bus1": "b", "p_nom": 10.0, "p_min_pu": -0.5, "efficiency": 0.5,
                             "marginal_cost": 1.0}])
    assert cost(results) == pytest.approx(12 + 300 + 10)


def test_link_that_goes_back(tmp_path):
    """The same link the other way: b is cheap. -5 MW at a: 2.5 leave b, 5 arrive at a, cost -5: as PyPSA counts."""
    results = solved(tmp_path, buses=TWO, loads=[load("a", 8.0), load("b", 1.0, "other")],
                     generators=[plant("at a", "a", 100, 100.0), plant("at b", "b", 100, 1.0)],
                     links=[{"name": "link", "bus0": "a", "bus1": "b", "p_nom": 10.0, "p_min_pu": -0.5, "efficiency": 0.5,
                             "marginal_cost": 1.0}])
    assert cost(results) == pytest.approx(3.5 * 1 + 3 * 100 - 5)


def test_heat_pump(tmp_path):
    """Efficiency 3: 30 MW of heat from 10 MW of power at 5."""
    results = solved(tmp_path, buses=TWO, loads=[load("b", 30.0)], generators=[plant("power", "a", 50, 5.0)],
                     links=[{"name": "pump", "bus0": "a", "bus1": "b", "p_nom": 20.0, "efficiency": 3.0}])
    assert cost(results) == pytest.approx(50)


def test_initial_level_has_no_loss_before_the_first_snapshot(tmp_path):
    """PyPSA adds 10 MWh whole to the first snapshot; half is lost in the second. 4 MW each step from the store (0.5
    delivered of 1), so 8 in the first of 10, 2 left, 1 kept, 0.5 delivered: 3.5 MW at 100."""
    results = solved(tmp_path, steps=2, buses=BUS, loads=[load("a", 4.0)], generators=[plant("rest", "a", 10, 100.0)],
                     storage_units=[{"name": "store", "bus": "a", "p_nom": 10.0, "max_hours": 2.0, "standing_loss": 0.5,
                                     "efficiency_dispatch": 0.5, "state_of_charge_initial": 10.0}])
    assert cost(results) == pytest.approx(350)


def test_inflow_and_spill_at_a_cost(tmp_path):
    """10 MW flow in for 2 steps, 4 are used, 6 MWh of room: 20 - 8 - 6 = 6 MWh are spilled at 2."""
    results = solved(tmp_path, steps=2, buses=BUS, loads=[load("a", 4.0)], generators=[plant("none", "a", 0)], storage_units=[
        {"name": "dam", "bus": "a", "p_nom": 6.0, "max_hours": 1.0, "p_min_pu": 0.0, "inflow": 10.0, "spill_cost": 2.0}])
    assert cost(results) == pytest.approx(12)


def test_burning_energy_in_a_store_as_pypsa_allows(tmp_path):
    """A plant of 10 MW must run and nothing uses it: the store burns 10 MW by charging 10 and discharging at once what
    half of it leaves: c - d = 10 with 0.5 c = d: c = 20, d = 10. Wear of 1 on d: 10 a step. Ours alone could not."""
    results = solved(tmp_path, steps=2, buses=BUS, generators=[plant("must run", "a", 10, 0.0, p_min_pu=1.0)],
                     storage_units=[{"name": "store", "bus": "a", "p_nom": 50.0, "max_hours": 1.0, "efficiency_store": 0.5,
                                     "marginal_cost": 1.0, "cyclic_state_of_charge": True}])
    assert cost(results) == pytest.approx(20)


def test_linear_commitment(tmp_path):
    """Off before, floor 50 of 100 MW, 25 MW asked for in one of two steps: half is started for 1000 / 2, a rival costs 100."""
    results = solved(tmp_path, steps=2, buses=BUS, loads=[load("a", [25.0, 0.0])], generators=[
        plant("unit", "a", 100, 10.0, p_min_pu=0.5, committable=True, start_up_cost=1000.0, up_time_before=0,
              down_time_before=1), plant("rest", "a", 100, 100.0, committable=False)])
    assert cost(results) == pytest.approx(25 * 10 + 250)


@pytest.mark.parametrize(("fixed", "expected"), [("nominal", 5 * 1 + 5 * 100), ("optimised", 8 * 1 + 2 * 100)])
def test_capacities_fixed(tmp_path, fixed, expected):
    """10 MW asked for; the cheap plant has 5 MW, 8 when optimised."""
    results = solved(tmp_path, fix_capacities=fixed, buses=BUS, loads=[load("a", 10.0)], generators=[
        plant("cheap", "a", 5, 1.0, p_nom_extendable=True, p_nom_opt=8.0),
        plant("rest", "a", 100, 100.0, p_nom_extendable=False, p_nom_opt=100.0)])
    assert cost(results) == pytest.approx(expected)


def test_emissions_are_per_energy_delivered(tmp_path):
    """0.2 t per MWh of fuel at efficiency 0.5: 0.4 t for each of 10 MWh."""
    results = solved(tmp_path, buses=BUS, loads=[load("a", 10.0)], carriers=[{"name": "gas", "co2_emissions": 0.2}],
                     generators=[plant("gas", "a", 20, 1.0, carrier="gas", efficiency=0.5)])
    assert results.dispatch["emissions"].sum().item() == pytest.approx(4.0)


def test_everything_that_cannot_be_carried_is_listed(tmp_path):
    file = write_network(
        tmp_path / "network.nc", steps=2, buses=TWO, loads=[load("a", 1.0)],
        generators=[plant("grows", "a", 5, p_nom_extendable=True), plant("bends", "a", 5, marginal_cost_quadratic=0.1),
                    plant("lost", "nowhere", 5), plant("resting", "a", 5, maintainable=True),
                    plant("built", "a", 5, p_nom_mod=1.0, committable=True), plant("sized", "a", 5, p_nom_mod=1.0)],
        links=[{"name": "split", "bus0": "a", "bus1": "b", "bus2": "elsewhere", "p_nom": 1.0}],
        stores=[{"name": "curved", "bus": "a", "e_nom": 1.0, "marginal_cost_quadratic": 2.0}],
        lines=[{"name": "typed", "bus0": "a", "bus1": "b", "s_nom": 1.0, "x": 1.0, "type": "wire of my own"}],
        global_constraints=[{"name": "growth", "type": "growth_limit", "constant": 1.0}])
    with pytest.raises(gm.InputError) as error:
        import_network(file, tmp_path / "grid")
    named = {problem.column for problem in error.value.problems}
    assert named == {
        "generators grows: p_nom_extendable", "generators bends: marginal_cost_quadratic", "generators lost: bus",
        "generators resting: maintainable", "links split: bus2", "generators built: p_nom_mod",
        "stores curved: marginal_cost_quadratic", "lines typed: type", "global_constraints growth: type"}
    assert not (tmp_path / "grid").exists()


def test_weights_of_purposes_that_differ(tmp_path):
    """Steps of 1 and 2 hours for stores that count 3 and 2 times an hour's cost in all: 10 MWh in store, 4 MW asked for,
    power at 9 and 5. A MWh from the store saves 3 * 9 in the first step and 2 * 5 / 2 in the second: 4 go there and 6 of
    8 here, so 1 MW is generated, which counts 2 * 5. Were all weights those of stores it would be 2 * 5 too; of the cost, 0."""
    results = solved(tmp_path, steps=2, weights={"objective": [3.0, 2.0], "stores": [1.0, 2.0], "generators": [1.0, 1.0]},
                     buses=BUS, loads=[load("a", 4.0)], generators=[plant("g", "a", 10, [9.0, 5.0])],
                     stores=[{"name": "s", "bus": "a", "e_nom": 20.0, "e_initial": 10.0}])
    assert cost(results) == pytest.approx(1 * 2 * 5.0)


def test_a_limit_of_primary_energy(tmp_path):
    """0.2 t per MWh of fuel at efficiency 0.5, 10 t at most over 2 steps that count 3 times: 0.4 * 3 p = 10."""
    results = solved(tmp_path, steps=2, weights={"generators": [3.0, 3.0], "objective": [1.0, 1.0], "stores": [1.0, 1.0]},
                     buses=BUS, loads=[load("a", 10.0)], carriers=[{"name": "gas", "co2_emissions": 0.2}],
                     generators=[plant("gas", "a", 20, 1.0, carrier="gas", efficiency=0.5), plant("rest", "a", 20, 100.0)],
                     global_constraints=[{"name": "cap", "type": "primary_energy", "carrier_attribute": "co2_emissions",
                                          "sense": "<=", "constant": 10.0}])
    gas = 10 / 0.4 / 3
    assert cost(results) == pytest.approx(gas * 1 + (20 - gas) * 100)


def test_a_limit_of_primary_energy_of_nothing_is_named(tmp_path):
    """Energy of a plant that makes none of its fuel: PyPSA divides by its efficiency. One that no limit counts is let be."""
    file = write_network(
        tmp_path / "network.nc", buses=BUS, loads=[load("a", 10.0)], carriers=[{"name": "gas", "co2_emissions": 0.2}],
        generators=[plant("gas", "a", 20, 1.0, carrier="gas", efficiency=0.0), plant("sun", "a", 20, carrier="sun", efficiency=0.0)],
        global_constraints=[{"name": "cap", "type": "primary_energy", "sense": "<=", "constant": 10.0}])
    with pytest.raises(gm.InputError) as error:
        import_network(file, tmp_path / "grid")
    assert [problem.column for problem in error.value.problems] == ["generators gas: efficiency"]


def test_delay_and_second_output(tmp_path):
    """10 MW leave a at 1 in the first step; half arrives at b a step later, a tenth at c at once. Nothing arrives at b in
    the first step (not cyclic): 5 MW of load there are served at 100; c is served for 1 MW in both."""
    results = solved(tmp_path, steps=2, buses=[{"name": name, "carrier": "AC"} for name in "abc"],
                     loads=[load("b", 5.0), load("c", 1.0, "other")],
                     generators=[plant("far", "a", 50, 1.0), plant("near", "b", 50, 100.0)],
                     links=[{"name": "l", "bus0": "a", "bus1": "b", "bus2": "c", "p_nom": 20.0, "efficiency": 0.5,
                             "efficiency2": 0.1, "delay": 1.0, "cyclic_delay": False}])
    assert cost(results) == pytest.approx(5 * 100 + 20 * 1)


@pytest.mark.parametrize("name", ["\u5317\u4eac", "a, b", 'the "big" one', "it's", "100%", "NA", "nan", "1", "=1+1", "x;y"])
def test_names_of_all_kinds(tmp_path, name):
    results = solved(tmp_path, buses=[{"name": name}], loads=[load(name, 5.0, f"{name} l")],
                     generators=[plant(name, name, 10, 2.0, carrier=name)],
                     stores=[{"name": name, "bus": name, "e_nom": 2.0, "e_initial": 1.0}])
    assert cost(results) == pytest.approx(8)
    assert results.dispatch["generator"].values.tolist() == [name]


def test_no_network_is_wrong_input(tmp_path):
    (tmp_path / "text.nc").write_text("no netCDF")
    for name in ("text.nc", "absent.nc"):
        done = CliRunner().invoke(app, ["import", "pypsa", str(tmp_path / name), str(tmp_path / "grid")])
        assert done.exit_code == 2 and name in done.stderr and "Traceback" not in done.output


def test_inactive_components_and_names_of_package_technologies(tmp_path):
    """A carrier `coal` must not bring the package's floor and start cost; an inactive plant does not run."""
    results = solved(tmp_path, steps=2, buses=BUS, loads=[load("a", [1.0, 100.0])], generators=[
        plant("on", "a", 100, 5.0, carrier="coal", active=True), plant("off", "a", 100, 1.0, carrier="coal", active=False)])
    assert cost(results) == pytest.approx(505)


def test_command_line(tmp_path):
    file = write_network(tmp_path / "network.nc", **THREE_BUSES)
    done = CliRunner().invoke(app, ["import", "pypsa", str(file), str(tmp_path / "grid")])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, ["run", str(tmp_path / "grid" / "scenario.yaml"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and "7,600" in done.output, done.output
