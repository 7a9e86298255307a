"""Steps of different lengths and weights, from files to the cost."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

import grid_model as gm
from grid_model.policies.contract import demand_even_weights

ZONES, LOADS = "zone\nA\n", "load,zone\nl,A\n"
GENERATORS = "generator,zone,technology,capacity_mw,variable_cost_cny_per_mwh\ng,A,biomass,100,10\n"
PROFILE = "time,l\n2027-01-01T00:00,10\n2027-01-01T01:00,20\n2027-01-01T04:00,30\n"


def write(folder, horizon: str, profile: str = PROFILE):
    (folder / "grid" / "profiles").mkdir(parents=True)
    for name, text in (("zones", ZONES), ("loads", LOADS), ("generators", GENERATORS), ("profiles/load", profile)):
        (folder / "grid" / f"{name}.csv").write_text(text)
    (folder / "s.yaml").write_text(f"inputs: grid\nhorizon: {{start: 2027-01-01, {horizon}}}\n")
    return folder / "s.yaml"


def test_steps_of_one_three_and_half_an_hour(tmp_path):
    """10 MW for 1 hour, 20 for 3, 30 for half: 85 MWh at 10."""
    results = gm.solve(gm.load_case(write(tmp_path, "hours: 4.5, step_lengths: [1, 3, 0.5]")))
    assert results.summary["objective_cny"] == pytest.approx(850)
    assert results.summary["hours"] == 4.5


def test_weights_count_in_the_cost_and_not_in_prices(tmp_path):
    """The second step counts four times: 100 + 4 * 600 + 150; a price is that of one such step."""
    results = gm.solve(gm.load_case(write(tmp_path, "hours: 4.5, step_lengths: [1, 3, 0.5], step_weights: [1, 4, 1]")))
    assert results.summary["objective_cny"] == pytest.approx(100 + 2400 + 150)
    assert results.dispatch["price"].values == pytest.approx(10)
    assert results.summary["audit"]["passed"]


def test_a_rule_that_counts_every_step_once_refuses_weights(tmp_path):
    """A rule that does not know of steps that stand for many is refused by name where there are such steps."""
    case = gm.load_case(write(tmp_path, "hours: 4.5, step_lengths: [1, 3, 0.5], step_weights: [1, 4, 1]"))
    rule = SimpleNamespace(NAME="some_rule")
    with pytest.raises(gm.InputError, match="step_weights.*4.*some_rule.*switch it off"):
        demand_even_weights(rule, case)
    demand_even_weights(rule, replace(case, step_weights=None))
    demand_even_weights(SimpleNamespace(NAME="some_rule", WEIGHTED=True), case)


def test_steps_that_are_no_whole_seconds(tmp_path):
    """A step of 52.142857142857146 hours, a week of 168 of a year: 10 MW for it at 10; it is called by the nearest second."""
    path = write(tmp_path, "hours: 104.28571428571429, step_hours: 52.142857142857146",
                 "time,l\n2027-01-01T00:00,10\n2027-01-03T04:08:34,20\n")
    results = gm.solve(gm.load_case(path))
    assert results.summary["objective_cny"] == pytest.approx(300 * 52.142857142857146, rel=1e-9)


def test_a_part_of_uneven_steps(tmp_path):
    path = write(tmp_path, "hours: 4.5, step_lengths: [1, 3, 0.5], step_weights: [1, 4, 1]")
    part = gm.load_case(path, start="2027-01-01T01:00")
    assert part.step_hours.tolist() == [3, 0.5] and part.step_weights.tolist() == [4, 1]
    with pytest.raises(gm.InputError, match="borders of steps"):
        gm.load_case(path, start="2027-01-01T02:00")


@pytest.mark.parametrize(
    "horizon",
    [
        "hours: 5, step_lengths: [1, 3, 0.5]",
        "hours: 3, step_weights: [1, 2]",
        "hours: 1, step_lengths: [1, -0.5, 0.5]",
        "hours: 1, step_lengths: [0.0001, 0.9999]",
    ],
)
def test_steps_that_do_not_fit(tmp_path, horizon):
    with pytest.raises(gm.InputError):
        gm.load_case(write(tmp_path, horizon))


def test_a_profile_needs_a_row_at_every_start(tmp_path):
    with pytest.raises(gm.InputError, match="where a step begins"):
        gm.load_case(write(tmp_path, "hours: 4.5, step_lengths: [1, 3, 0.5]", PROFILE.replace("04:00", "05:00")))
