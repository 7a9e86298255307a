"""Load: what is served, what is not, and what injects; solved by hand."""

from __future__ import annotations

import pytest
from concrete import assert_same_as_concrete
from pyomo.environ import value
from small import small_case, solved

from grid_model.formulation import build_model


def grid(series, plant_mw=100, step_hours=1.0, minimum=0.0, **columns):
    """Loads of one zone beside a plant of 10 CNY/MWh; `columns` are more columns of each load, {column: {load:
    value}}."""
    steps = len(next(iter(series.values())))
    loads = [
        {"load": name, "zone": "A", **{column: values[name] for column, values in columns.items() if name in values}}
        for name in series
    ]
    return small_case(
        steps,
        series={"load": series},
        loads=loads,
        step_hours=step_hours,
        generators=[
            {
                "generator": "plant",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": plant_mw,
                "variable_cost_cny_per_mwh": 10,
                "min_output_fraction": minimum,
            }
        ],
    )


def unserved(result):
    return result.value("loads.unserved") * 1e3


def output(result):
    return result.value("renewable.generation")[0] * 1e3


def test_all_loads_of_a_zone_are_served():
    """Base, vehicles and a data centre ask for 60, 25 and 5 MW: the plant gives 90. Were base load alone served it would cost 600
    CNY."""
    result = solved(
        grid({"base": [60], "cars": [25], "computing": [5]}, kind={"cars": "ev", "computing": "data_centre"})
    )
    assert output(result) == pytest.approx([90])
    assert result.objective == pytest.approx(900)


def test_the_least_worth_goes_unserved_first():
    """150 MW are asked for and 100 there: the block at 2,000 gives 40, the one at 5,000 gives 10, the base load
    nothing. With one value for all any of them might."""
    worth = {"base": 30000, "aluminium": 2000, "electrolyser": 5000}
    result = solved(grid({"base": [80], "aluminium": [40], "electrolyser": [30]}, unserved_cost_cny_per_mwh=worth))
    assert unserved(result)[:, 0] == pytest.approx([0, 40, 10])
    assert result.objective == pytest.approx(100 * 10 + 40 * 2000 + 10 * 5000)
    assert result.price("A") == pytest.approx([5000])


def test_unserved_energy_costs_by_the_length_of_the_step():
    """20 MW missing for a quarter of an hour at the default of 30,000 CNY/MWh. 150,250 CNY with the energy that is served; counted by
    steps 601,000."""
    result = solved(grid({"base": [120]}, step_hours=0.25))
    assert result.objective == pytest.approx(0.25 * (100 * 10 + 20 * 30000))


def test_no_more_is_unserved_than_is_asked_for():
    """At a value below the plant's cost nothing is served: 50 MW unserved, not more, though each would save money."""
    result = solved(grid({"base": [50]}, unserved_cost_cny_per_mwh={"base": 0}))
    assert unserved(result) == pytest.approx(50)
    assert output(result) == pytest.approx([0])


def test_a_load_that_injects():
    """Net load of -30 MW beside 50 MW: the plant gives 20 (and 80 where it asks for 30). An upper bound of L would be
    below 0 and infeasible; were |L| unserved at most, paying to leave 30 MW unserved could not be told from an
    injection."""
    result = solved(grid({"net": [-30, 30], "base": [50, 50]}))
    assert output(result) == pytest.approx([20, 80])
    assert unserved(result) == pytest.approx(0)
    assert result.value("loads.report_demand")[0] * 1e3 == pytest.approx([-30, 30])


def test_an_injecting_load_has_nothing_unserved():
    """Everything else is short of 20 MW: what is injected is used up first and is never counted as unserved. Were it not used, 50 would
    be unserved."""
    result = solved(grid({"net": [-30], "base": [150]}))
    assert unserved(result)[:, 0] == pytest.approx([0, 20])


def test_what_it_offers():
    """Of 50 MW 20 unserved: 30 served and drawn; of -5 MW none unserved: -5 served, none drawn."""
    model = build_model(grid({"base": [50], "net": [-5]}), concrete=True)
    fleet = model.fleets["loads"]
    model.loads.unserved["base", 1], model.loads.unserved["net", 1] = 0.02, 0.0
    assert [value(fleet.served(name, 1)) * 1e3 for name in ("base", "net")] == pytest.approx([30, -5])
    assert [value(fleet.drawn(name, 1)) * 1e3 for name in ("base", "net")] == pytest.approx([30, 0])
    assert [value(fleet.output(name, 1)) * 1e3 for name in ("base", "net")] == pytest.approx([-30, 5])


def test_templates_and_ordinary_constraints_agree():
    assert_same_as_concrete(grid({"base": [50, 70], "net": [-5, 5]}, unserved_cost_cny_per_mwh={"net": 7}))
