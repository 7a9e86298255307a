"""Scenarios: inheritance, overrides, and every mistake with its file, line, key, value and what is allowed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from grid_model.errors import InputError, Problem, printable
from grid_model.scenario import Scenario
from grid_model.scenario_loading import load_scenario, merge, scenario_of
from grid_model.scenario_yaml import parse_value

HORIZON = "horizon: {start: 2027-01-01, hours: 24}\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path, *overrides: str, settings=None) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load_scenario(path, overrides, settings)
    return list(caught.value.problems)


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# --------------------------------------------------------------------------------------------------- what is understood


def test_least_scenario_takes_the_name_of_its_file(tmp_path):
    scenario = load_scenario(write(tmp_path, "small.yaml", "inputs: data\n" + HORIZON))
    assert (scenario.name, scenario.inputs, scenario.currency) == ("small", tmp_path / "data", "CNY")
    assert scenario.horizon.start == datetime(2027, 1, 1) and scenario.horizon.steps == 24
    assert scenario.files == (tmp_path / "small.yaml",)


@pytest.mark.parametrize(
    ("horizon", "steps"),
    [
        ("{start: 2027-01-01, end: 2027-01-08}", 168),
        ("{start: 2027-01-01T06:00, hours: 6, step_hours: 0.25}", 24),
        ("{start: '2027-01-01 06:00', hours: 6.0, step_hours: 3}", 2),
        ("{start: 2027-01-01, hours: 8760}", 8760),
    ],
)
def test_horizon_in_hours_or_until_an_end(tmp_path, horizon, steps):
    assert load_scenario(write(tmp_path, "a.yaml", f"inputs: data\nhorizon: {horizon}\n")).horizon.steps == steps


def test_inheritance_merges_mappings_and_puts_changes_in_order(tmp_path):
    """Grandparent, parent, child: the nearest value wins key by key, changes run from the farthest to the nearest."""
    (tmp_path / "base").mkdir()
    write(
        tmp_path / "base",
        "grandparent.yaml",
        """
name: old
description: of the grandparent
inputs: ../data
horizon: {start: 2027-01-01, hours: 24}
changes: [{table: loads, column: annual_mwh, multiply: 1.1}]
policies: {carbon_market: {allowance_price_cny_per_t: 60, offsets: {share: 0.05, kind: ccer}}, reserves: {share: 0.1}}
solve: {mode: whole, time_limit_seconds: 168}
""",
    )
    write(
        tmp_path,
        "parent.yaml",
        """
extends: base/grandparent.yaml
horizon: {end: 2027-01-03}
changes: [{table: loads, column: annual_mwh, multiply: 1.2}]
policies: {carbon_market: {offsets: {share: 0.1}}, reserves: false}
""",
    )
    child = write(
        tmp_path,
        "child.yaml",
        """
extends: parent.yaml
changes: [{table: loads, column: annual_mwh, multiply: 1.3}]
policies: {carbon_market: {allowance_price_cny_per_t: 75}}
solve: {time_limit_seconds: 24}
""",
    )
    scenario = load_scenario(child)
    assert scenario.name == "child" and scenario.description == ""
    assert scenario.inputs == tmp_path / "data"
    assert scenario.horizon.hours is None and scenario.horizon.steps == 48
    assert [change.multiply for change in scenario.changes] == [1.1, 1.2, 1.3]
    assert scenario.policies == {
        "carbon_market": {"allowance_price_cny_per_t": 75, "offsets": {"share": 0.1, "kind": "ccer"}},
        "reserves": False,
    }
    assert (scenario.solve.mode, scenario.solve.time_limit_seconds) == ("whole", 24)
    assert [file.name for file in scenario.files] == ["grandparent.yaml", "parent.yaml", "child.yaml"]
    assert scenario.place("changes.1.multiply") == ((tmp_path / "parent.yaml").as_posix(), 4)
    assert scenario.policy("reserves") is None and scenario.policy("unheard_of") is None


def test_overrides_come_last_and_are_yaml(tmp_path):
    path = write(
        tmp_path, "a.yaml", "inputs: data\n" + HORIZON + "policies: {carbon_market: {price: 60, banking: true}}\n"
    )
    scenario = load_scenario(
        path,
        [
            "horizon.hours=48",
            "policies.carbon_market.price=8e1",
            "policies.reserves=false",
            "currency=EUR",
            "policies.loads.zones=[North, South]",
            "name=2027-01-01",
        ],
    )
    assert scenario.horizon.hours == 48 and scenario.currency == "EUR" and scenario.name == "2027-01-01"
    assert scenario.policies == {
        "carbon_market": {"price": 80.0, "banking": True},
        "reserves": False,
        "loads": {"zones": ["North", "South"]},
    }


def test_override_of_the_end_replaces_the_hours(tmp_path):
    path = write(tmp_path, "a.yaml", "inputs: data\n" + HORIZON)
    assert load_scenario(path, ["horizon.end=2027-01-03"]).horizon.steps == 48


def test_other_horizon_from_python(tmp_path):
    scenario = load_scenario(write(tmp_path, "a.yaml", "inputs: data\n" + HORIZON))
    later = scenario.with_horizon("2027-01-01T12:00")
    assert (later.horizon.start.hour, later.horizon.steps, later.files) == (12, 12, scenario.files)
    assert scenario.with_horizon(end="2027-01-01 06:00").horizon.steps == 6
    with pytest.raises(InputError, match="time zone"):
        scenario.with_horizon("2027-01-01T00:00+08:00")
    with pytest.raises(InputError, match="after the start"):
        scenario.with_horizon(end="2026-12-31")
    with pytest.raises(InputError) as raised:
        scenario.with_horizon("2027-07-01")
    problem = only(raised.value.problems)
    assert (problem.column, problem.value) == ("start", "2027-07-01")
    assert "2027-01-01 00:00:00 to 2027-01-02 00:00:00" in problem.allowed


def test_empty_keys_are_absent_keys(tmp_path):
    scenario = load_scenario(write(tmp_path, "a.yaml", "inputs: data\nchanges:\npolicies:\n" + HORIZON))
    assert scenario.changes == () and scenario.policies == {}


def test_resolved_scenario_reads_back_as_itself(tmp_path):
    (tmp_path / "results").mkdir()
    path = write(
        tmp_path,
        "a.yaml",
        """
inputs: data
profiles: {synthesis: {seed: 3, weather_year: 2020}}
horizon: {start: 2027-01-01T06:00, hours: 6, step_hours: 0.5}
changes:
  - {table: generators, where: {zone: [North, "007"], technology: "1e6"}, column: mw, scale_to: 5, share_by: other}
policies: {carbon_market: {price: 60}, reserves: false, green_load: true}
solve: {mode: whole, method: ipx}
zones: [North]
""",
    )
    scenario = load_scenario(path)
    again = load_scenario(write(tmp_path / "results", "scenario.yaml", scenario.to_yaml(tmp_path / "results")))
    assert again.model_dump(exclude_unset=True) == scenario.model_dump(exclude_unset=True)
    assert "../data" in scenario.to_yaml(tmp_path / "results") and str(tmp_path) not in scenario.to_yaml(
        tmp_path / "results"
    )


def test_profiles_may_be_a_folder(tmp_path):
    scenario = load_scenario(write(tmp_path, "a.yaml", "inputs: data\nprofiles: ../hours\n" + HORIZON))
    assert scenario.profiles == tmp_path.parent / "hours"


def test_policies_are_checked_by_the_models_handed_in(tmp_path):
    class Carbon(BaseModel):
        model_config = ConfigDict(extra="forbid")
        price: float = 60

    path = write(
        tmp_path,
        "a.yaml",
        "inputs: data\n" + HORIZON + "policies:\n  carbon_market:\n    prize: 5\n    price: much\n  carbon: {}\n",
    )
    assert len(load_scenario(path).policies) == 2
    found = problems_of(path, settings={"carbon_market": Carbon})
    assert [(problem.row, problem.column, problem.value) for problem in found] == [
        (5, "policies.carbon_market.prize", "prize"),
        (6, "policies.carbon_market.price", "much"),
        (7, "policies.carbon", "carbon"),
    ]
    assert "did you mean price?" in found[0].allowed and "did you mean carbon_market?" in found[2].allowed


# ------------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("line", "column", "value", "allowed"),
    [
        ("polices: {}", "polices", "polices", "did you mean policies?"),
        ("extend: b.yaml", "extend", "extend", "did you mean extends?"),
        ("solve: {mode: fast}", "solve.mode", "fast", "'auto', 'whole', 'exact' or 'windows'"),
        ("solve: {threads: 0}", "solve.threads", "0", "greater than or equal to 1"),
        ("profiles: {synthesis: {sed: 1}}", "profiles.synthesis.sed", "sed", "did you mean seed?"),
        ("policies: {carbon_market: 5}", "policies.carbon_market", "5", "keys and their values, or true or false"),
        ("policies: {carbon_market: null}", "policies.carbon_market", "None", "neither on nor off"),
        ("policies: {guaranteed_purchase: }", "policies.guaranteed_purchase", "None", "true, false or settings"),
        ("changes: {table: loads}", "changes", "{'table': 'loads'}", "a list"),
        (
            "changes: [{table: loads, column: a, multiply: 2, add: 1}]",
            "changes.0",
            "",
            "exactly one of set, add, multiply",
        ),
        ("changes: [{table: loads, column: a}]", "changes.0", "", "exactly one of set, add, multiply"),
        ("changes: [{table: loads, column: a, set: null}]", "changes.0", "", "with a value"),
        (
            "changes: [{table: loads, column: a, add: 1, share_by: b}]",
            "changes.0",
            "",
            "share_by only together with scale_to",
        ),
        ("changes: [{table: loads, column: a, multiply: .nan}]", "changes.0.multiply", "nan", "finite"),
        ("changes: [{table: loads, colum: a, multiply: 1}]", "changes.0.colum", "colum", "did you mean column?"),
    ],
)
def test_wrong_key_or_value(tmp_path, line, column, value, allowed):
    found = problems_of(write(tmp_path, "a.yaml", "inputs: data\n" + HORIZON + line + "\n"))
    problem = next(problem for problem in found if problem.column == column)
    assert problem.file.endswith("a.yaml") and problem.row == 3
    assert (problem.value == value or not value) and allowed in problem.allowed


@pytest.mark.parametrize(
    ("horizon", "column", "allowed"),
    [
        ("{start: 2027-01-01}", "horizon", "either hours or end"),
        ("{start: 2027-01-01, hours: 2, end: 2027-01-02}", "horizon", "either hours or end"),
        ("{start: 2027-01-01, end: 2027-01-01}", "horizon", "an end after the start"),
        ("{start: 2027-01-01, hours: -2}", "horizon.hours", "greater than 0"),
        ("{start: 2027-01-01, hours: 1e99}", "horizon", "at most"),
        ("{start: 2027-01-01, hours: 5, step_hours: 2}", "horizon", "a whole number of steps"),
        ("{start: 2027-01-01, hours: 5, step_hours: 0.0001}", "horizon", "at least a second"),
        ("{start: 2027-01-01T00:00+08:00, hours: 5}", "horizon.start", "without a time zone"),
        ("{start: 2027, hours: 5}", "horizon.start", "a moment such as"),
        ("{start: soon, hours: 5}", "horizon.start", "a moment such as"),
        ("{start: 2027-02-30, hours: 5}", "horizon.start", "a moment such as"),
        ("{start: 0001-01-01, hours: 5}", "horizon.start", "1900 to 2200"),
        ("{start: 2027-01-01, hours: 5, hour: 5}", "horizon.hour", "did you mean hours?"),
        ("tomorrow", "horizon", "keys and their values"),
        ("{start: 2027-01-01, hours: abc}", "horizon.hours", "a number"),
    ],
)
def test_wrong_horizon(tmp_path, horizon, column, allowed):
    problem = only(problems_of(write(tmp_path, "a.yaml", f"inputs: data\nhorizon: {horizon}\n")))
    assert (problem.column, problem.row) == (column, 2) and allowed in problem.allowed


def test_missing_keys_are_reported_together(tmp_path):
    found = problems_of(write(tmp_path, "a.yaml", "name: a\n"))
    assert [problem.column for problem in found] == ["horizon", "inputs"]


@pytest.mark.parametrize("files", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}])
def test_inheritance_in_a_circle(tmp_path, files):
    for name, parent in files.items():
        write(tmp_path, f"{name}.yaml", f"inputs: data\nextends: {parent}.yaml\n" + HORIZON)
    problem = only(problems_of(tmp_path / "a.yaml"))
    last = list(files)[-1]
    assert (Path(problem.file).name, problem.row, problem.column) == (f"{last}.yaml", 2, "extends")
    assert problem.value == f"{files[last]}.yaml" and "circle" in problem.allowed


@pytest.mark.parametrize("parent", ["nowhere.yaml", ".", "[a, b]", "''", '"\\0"'])
def test_parent_that_is_no_file(tmp_path, parent):
    problem = only(problems_of(write(tmp_path, "a.yaml", f"inputs: data\nextends: {parent}\n" + HORIZON)))
    assert (problem.row, problem.column) == (2, "extends")


@pytest.mark.parametrize("name", ["secret", "link.yaml"])
def test_a_parent_that_is_no_scenario_is_not_told_of(tmp_path, name):
    """Whoever is handed a scenario does not print a file of their own by it: the line that is no YAML stood in the message."""
    (tmp_path / "secret").write_text("password: of: root\n")
    (tmp_path / "link.yaml").symlink_to("secret")
    problem = only(problems_of(write(tmp_path, "a.yaml", f"inputs: data\nextends: {name}\n" + HORIZON)))
    assert (problem.row, problem.column, problem.value) == (2, "extends", name) and "ends in .yaml" in problem.allowed


def test_scenario_that_is_not_there(tmp_path):
    problem = only(problems_of(tmp_path / "a.yaml"))
    assert problem.file.endswith("a.yaml") and "can be read" in problem.allowed


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"inputs: [unclosed\n", 2),
        (b"inputs: data\n\tname: a\n", 2),
        (b"\xff\xfe\x00", 0),
        (b"- a\n- b\n", 1),
        (b"word\n", 1),
        (b"a: 1\n---\nb: 2\n", 2),
        (b"inputs: data\ninputs: more\n", 2),
        (b"inputs: &x data\nname: *x\n", 1),
        (b"inputs: !!python/object/apply:os.system [echo]\n", 1),
        (b"{? [a, b] : c}\n", 1),
        (b"\x00", 0),
        (b"[" * 5000, 0),
        (b"name: !!timestamp tomorrow\n", 1),
    ],
    ids=[
        "unclosed",
        "tab",
        "bytes",
        "list",
        "word",
        "two documents",
        "key twice",
        "alias",
        "python",
        "complex key",
        "zero byte",
        "deep",
        "tag",
    ],
)
def test_text_that_is_no_scenario(tmp_path, content, row):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    found = problems_of(path)
    assert found and all(problem.file.endswith("a.yaml") for problem in found)
    assert row in [problem.row for problem in found] or row == 0


@pytest.mark.parametrize("override", ["horizon", "=5", "horizon..hours=5", "horizon.hours=[", "horizon.hours=*x"])
def test_override_that_is_none(tmp_path, override):
    problem = only(problems_of(write(tmp_path, "a.yaml", "inputs: data\n" + HORIZON), override))
    assert problem.file == "--set"


def test_override_with_a_wrong_key_or_value(tmp_path):
    path = write(tmp_path, "a.yaml", "inputs: data\n" + HORIZON)
    assert only(problems_of(path, "horizon.ours=5")).file == "--set"
    problem = only(problems_of(path, "horizon.hours=many"))
    assert (problem.file, problem.column, problem.value) == ("--set", "horizon.hours", "many")
    assert problems_of(path, "horizon=5")[0].column == "horizon"


# ----------------------------------------------------------------------------------------------------------- properties

KEYS = st.sampled_from(["a", "b", "policies", "horizon", "hours", "end"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
CONTENTS = st.dictionaries(KEYS, VALUES, max_size=4)
CHANGES = st.lists(st.integers(), max_size=3)


@given(CONTENTS)
def test_merging_with_nothing_changes_nothing(content):
    assert merge(content, {}) == content == merge({}, content)


@given(CONTENTS, CONTENTS)
def test_what_the_child_says_stands(parent, child):
    def said(merged, words):
        return all(
            said(merged[key], value) if isinstance(value, dict) else merged[key] == value
            for key, value in words.items()
        )

    assert said(merge(parent, child), child)


@given(CHANGES, CHANGES, CHANGES)
def test_changes_are_put_in_a_row_however_they_are_merged(first, second, third):
    contents = [{"changes": changes} for changes in (first, second, third)]
    assert merge(merge(contents[0], contents[1]), contents[2]) == {"changes": first + second + third}
    assert merge(contents[0], merge(contents[1], contents[2])) == {"changes": first + second + third}


@given(CONTENTS, CONTENTS)
def test_merging_leaves_its_parts_alone(parent, child):
    before = yaml.safe_dump([parent, child])
    merge(parent, child)["policies"] = {"new": 1}
    assert yaml.safe_dump([parent, child]) == before


@given(st.floats(allow_nan=False) | st.integers() | st.booleans() | st.none())
def test_values_of_overrides_are_yaml_values(value):
    read = parse_value(yaml.safe_dump(value).removesuffix("...\n"))
    assert read == value and type(read) is type(value)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
def test_any_content_is_a_scenario_or_a_list_of_problems(content):
    try:
        assert isinstance(scenario_of(content), Scenario)
    except InputError as error:
        assert all(problem.allowed for problem in error.problems)


@given(st.text(max_size=300))
def test_printable_is_one_short_line(value):
    assert printable(value).isprintable() and len(printable(value)) <= 80


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "a\\\\b"])
def test_a_name_is_that_of_one_folder(tmp_path, name):
    """Results go to results/<name>: without the check they would land elsewhere."""
    (found,) = problems_of(write(tmp_path, "a.yaml", f'name: "{name}"\ninputs: data\n' + HORIZON))
    assert found.column == "name" and "without /" in found.allowed
