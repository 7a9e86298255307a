"""A rule written outside the package: registered from Python, named in a scenario, part of the programme."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from concrete import assert_same_as_concrete
from small import small_case

import grid_model as gm
from grid_model import formulation
from grid_model.case.tables import number
from grid_model.policies.contract import PolicyData
from grid_model.scenario import Settings

TWO_ZONE = Path(__file__).parents[1] / "scenarios" / "two_zone.yaml"


class EmissionCap:
    """sum of emissions dt over the run <= most_tonnes; its dual is what a tonne more would save."""

    NAME, DEFAULT, TABLES = "emission_cap", False, {}

    class Settings(Settings):
        most_tonnes: float

    def read(case, fleets, settings):
        return PolicyData(case, fleets, settings)

    def add_variables(cap, data):
        pass

    def add_constraints(cap, data):
        @cap.Constraint()
        def most_emitted(cap):
            """sum of emissions dt <= most_tonnes   [kt]"""
            emitted = sum(
                sum(
                    data.step_hours[step] * fleet.emissions(unit, step)
                    for unit in fleet.data.units
                    for step in data.steps
                )
                for fleet in data.offering("emissions")
            )
            return emitted <= data.settings.most_tonnes / 1e3

    def tables(cap, data, solved):
        return {
            "emission_cap": pd.DataFrame({"price_cny_per_t": [-float(solved.dual(f"{cap.name}.most_emitted")) * 1e3]})
        }


@pytest.fixture
def own():
    """The registry as it was, after a test that adds to it."""
    before = (
        list(formulation.POLICIES),
        dict(formulation.TABLES),
        list(formulation.CHECKS),
        dict(formulation.SETTINGS),
    )
    yield
    formulation.POLICIES[:], formulation.CHECKS[:] = before[0], before[2]
    for registry, kept in ((formulation.TABLES, before[1]), (formulation.SETTINGS, before[3])):
        registry.clear()
        registry.update(kept)


def solve(*overrides):
    return gm.solve(gm.load_case(TWO_ZONE, overrides=overrides))


def test_a_rule_of_ones_own_binds(own):
    """Two hours of 80 MW, coal at 330 CNY/MWh and 0.8 t/MWh, gas at 620 and 0.4. Coal alone would emit 128 t. Under
    100 t gas gives x with 0.8 (160 - x) + 0.4 x = 100: 70 MWh; a tonne costs (620 - 330) / (0.8 - 0.4) = 725 CNY."""
    gm.register_policy(EmissionCap)
    plant = {"zone": "A", "capacity_mw": 100, "min_output_fraction": 0}
    case = small_case(
        steps=2,
        generators=[
            {
                "generator": "c",
                "technology": "coal",
                "variable_cost_cny_per_mwh": 330,
                "emissions_t_per_mwh": 0.8,
                **plant,
            },
            {
                "generator": "g",
                "technology": "gas",
                "variable_cost_cny_per_mwh": 620,
                "emissions_t_per_mwh": 0.4,
                **plant,
            },
        ],
        loads=[{"load": "l", "zone": "A"}],
        series={"load": {"l": 80}},
        policies={"emission_cap": {"most_tonnes": 100}},
    )
    results = gm.solve(case)
    assert results.dispatch["generation"].sum("time").sel(generator="g") == pytest.approx(70)
    assert float(results.dispatch["emissions"].sum()) == pytest.approx(100)
    assert results.tables["emission_cap"]["price_cny_per_t"][0] == pytest.approx(725)


def test_switched_off_it_leaves_no_row(own):
    rows = solve().summary["rows"]
    gm.register_policy(EmissionCap)
    assert solve().summary["rows"] == rows
    assert solve("policies.emission_cap.most_tonnes=11600").summary["rows"] == rows + 1


def test_its_rules_are_the_same_when_expanded(own):
    gm.register_policy(EmissionCap)
    assert_same_as_concrete(gm.load_case(TWO_ZONE, overrides=["policies.emission_cap.most_tonnes=11600"]))


def test_a_scenario_cannot_name_what_is_not_registered():
    with pytest.raises(gm.InputError, match="emission_cap"):
        solve("policies.emission_cap.most_tonnes=11600")


def test_its_settings_are_checked_like_any_other(own):
    gm.register_policy(EmissionCap)
    with pytest.raises(gm.InputError, match="most_tons"):
        solve("policies.emission_cap.most_tons=1")


def test_the_last_of_a_name_holds(own):
    """Running a cell of a notebook twice must not leave two rules."""
    gm.register_policy(EmissionCap)
    gm.register_policy(EmissionCap)
    assert [policy.NAME for policy in formulation.POLICIES].count("emission_cap") == 1


def test_it_may_bring_columns_of_its_own(own, two_zones):
    column = number("permit_t", "t", "permit", minimum=0)
    gm.register_policy(type("Permit", (), {**vars(EmissionCap), "NAME": "permit", "TABLES": {"zones": [column]}}))
    two_zones.table("zones", "zone,permit_t\nNorth,5\nSouth,\n")
    assert gm.load_case(two_zones.scenario).tables["zones"]["permit_t"].tolist()[0] == 5


def test_what_it_lacks_is_named_and_nothing_is_registered(own):
    with pytest.raises(TypeError, match="lacks DEFAULT, Settings, TABLES, add_variables"):
        gm.register_policy(type("Half", (), {"NAME": "half", "read": None, "add_constraints": None}))
    with pytest.raises(ValueError, match="built-in"):
        gm.register_policy(type("Mine", (), {**vars(EmissionCap), "NAME": "carbon_market"}))
    other = {"zones": [number("latitude", "rad", "of the centre")]}
    with pytest.raises(ValueError, match="latitude is declared twice"):
        gm.register_policy(type("Mine", (), {**vars(EmissionCap), "NAME": "mine", "TABLES": other}))
    assert list(formulation.BUILT_IN) == formulation.POLICIES
