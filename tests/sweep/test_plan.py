"""The file of a sweep: which cases it means, and all that can be wrong with it, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from grid_model.errors import InputError
from grid_model.scenario_loading import load_scenario
from grid_model.sweep.plan import read_plan

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture
def written(tmp_path):
    def write(text: str, scenario: str = "two_zone.yaml") -> Path:
        file = tmp_path / "some.yaml"
        file.write_text(f"scenario: {SCENARIOS / scenario}\n{text}", encoding="utf-8")
        return file

    return write


def test_every_combination_is_a_case(written):
    """The last axis turns fastest; a case sets exactly its values, and its own name and one thread beside them."""
    plan = read_plan(written("axes: {solve.method: [simplex, ipx], horizon.hours: [1, 2, 3]}"))
    assert plan.sweep.name == "some" and plan.shape == (2, 3)
    assert [case.labels for case in plan.cases] == [(m, h) for m in ("simplex", "ipx") for h in (1, 2, 3)]
    case = plan.cases[4]
    assert case.name == "solve_method=ipx,hours=2"
    resolved = load_scenario(plan.sweep.scenario, case.overrides)
    assert (resolved.name, resolved.solve.method, resolved.horizon.hours) == (case.name, "ipx", 2)
    assert resolved.solve.threads == 1


def test_threads_of_the_scenario_stay(written):
    plan = read_plan(written("axes: {solve.threads: [2, 4]}"))
    assert [load_scenario(plan.sweep.scenario, case.overrides).solve.threads for case in plan.cases] == [2, 4]


def test_labels_name_what_is_no_word(written):
    text = "axes: {changes: {as_it_is: [], more: [{table: loads, column: annual_mwh, multiply: 2}]}}"
    plan = read_plan(written(text))
    assert plan.axes[0].labels == ("as_it_is", "more")
    changes = [load_scenario(plan.sweep.scenario, case.overrides).changes for case in plan.cases]
    assert [len(of) for of in changes] == [0, 1] and changes[1][0].multiply == 2


def test_weather_years_and_seeds(written):
    plan = read_plan(written("axes: {weather_year: [2019, 2020], seed: [7]}", "china_2027_week.yaml"))
    assert [axis.name for axis in plan.axes] == ["weather_year", "seed"]
    made = load_scenario(plan.sweep.scenario, plan.cases[1].overrides).profiles.synthesis
    assert (made.weather_year, made.seed) == (2020, 7)


def test_paths_are_relative_to_the_sweep(written, tmp_path):
    plan = read_plan(written("axes: {inputs: [here, ../there]}"))
    paths = [load_scenario(plan.sweep.scenario, case.overrides).inputs for case in plan.cases]
    assert paths == [tmp_path / "here", tmp_path.parent / "there"]
    assert plan.axes[0].labels == ("here", "../there")


def test_names_of_folders_are_safe_and_differ(written):
    plan = read_plan(written("axes: {zones: [[West], [East], [West, East]], inputs: ['a/b', 'a:b', '../..']}"))
    names = [case.name for case in plan.cases]
    assert len(set(names)) == 9
    assert not any(set(name) & set("/\\: \"'[]") or name.startswith(".") or len(name) > 80 for name in names)


WRONG = {
    "axes: {}": "at least 1",
    "axes: {solve.methd: [simplex]}": "did you mean method?",
    "axes: {horizn.hours: [1]}": "did you mean horizon?",
    "axes: {policies.carbon_markt: [false]}": "did you mean carbon_market?",
    "axes: {policies.carbon_market.prize: [1]}": "allowance_price_cny_per_t",
    "axes: {changes.0.multiply: [1]}": "no key below changes",
    "axes: {name: [a]}": "a key of a scenario",
    "axes: {solve.method: []}": "at least one value",
    "axes: {horizon.hours: [1, 2, 1]}": "each value once",
    "axes: {horizon.hours: [1, .inf]}": "finite",
    "axes: {solve: [{method: ipx}], solve.method: [ipx]}": "no other axis",
    "axes: {seed: [1]}": "synthesised",
    "axes: {horizon.hours: [1]}\nstart: 2027-01-01": "not both",
    "axes: {horizon.hours: [1]}\nname: a/b": "folder",
    "axes: {horizon.hours: [1]}\nworkers: 3": "one of the keys",
    "axes: {horizon.hours: 3}": "list",
    "": "required",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_sweeps(written, text):
    with pytest.raises(InputError, match="(?s)some.yaml.*" + WRONG[text].replace("?", r"\?")):
        read_plan(written(text))


def test_all_problems_at_once(tmp_path):
    """Of the sweep and of the scenario that it names, with the lines where they stand."""
    (tmp_path / "base.yaml").write_text("inputs: in\nhorizn: 3\n")
    (tmp_path / "s.yaml").write_text("scenario: base.yaml\naxes:\n  solve.methd: [ipx]\n  seed: []\nwho: me\n")
    with pytest.raises(InputError) as raised:
        read_plan(tmp_path / "s.yaml")
    found = {(Path(problem.file).name, problem.row) for problem in raised.value.problems}
    assert {("s.yaml", 5), ("base.yaml", 2)} <= found


def test_too_many_cases(written):
    many = list(range(1, 201))
    with pytest.raises(InputError, match="at most 20000 cases"):
        read_plan(written(f"axes: {{horizon.hours: {many}, horizon.step_hours: {many}}}"))
