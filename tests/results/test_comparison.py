"""Results side by side: figures that can be computed by hand, and statements where runs differ."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import grid_model as gm
from grid_model.cli import app
from grid_model.report.comparison import _with_changes
from grid_model.results.comparison import differences
from grid_model.results.results import Results


def results(
    name: str, power: dict[str, float], price=(300.0, 100.0), hours: int = 2, zone: str = "West", currency="CNY"
) -> Results:
    """One zone with a flat output by technology; prices of two hours with loads of 1 and 3 MW."""
    time = np.datetime64("2027-01-01T00", "ns") + np.arange(hours) * np.timedelta64(1, "h")
    units = list(power)
    data = xr.Dataset(
        {"load": (("zone", "time"), np.resize([1.0, 3.0], (1, hours))), "unserved": (("zone", "time"), np.zeros((1, hours))),
         "price": (("zone", "time"), np.resize(price, (1, hours)), {"units": f"{currency}/MWh"}),
         "generation": (("generator", "time"), np.repeat([[power[unit]] for unit in units], hours, axis=1)),
         "emissions": (("generator", "time"), np.repeat([[power[unit] * (unit == "coal")] for unit in units], hours, axis=1)),
         "objective": ("item", [10.0 * hours])},
        {"zone": [zone], "time": time, "step_hours": ("time", np.ones(hours)), "generator": units, "technology": ("generator", units),
         "generator_zone": ("generator", [zone] * len(units)), "item": ["thermal.generation"]})  # fmt: skip
    summary = {"scenario": name, "status": "optimal", "objective_cny": 10.0 * hours, "hours": float(hours), "zones": 1,
               "start": "2027-01-01 00:00:00"}  # fmt: skip
    return Results(data, summary, scenario=f"name: {name}\n", provenance={})


def test_figures_of_two_runs():
    """4 MW coal against 3 MW coal and 1 MW wind for two hours: 8 against 6 MWh; the price weighted by 1 and 3 MW of load is
    (300 + 3 x 100) / 4 = 150, not the plain mean of 200; what a run does not have is not known, not zero."""
    found = gm.compare(results("a", {"coal": 4.0}), results("b", {"coal": 3.0, "wind_onshore": 1.0}, (200.0, 200.0)))
    assert found["run"].values.tolist() == ["a", "b"] and found.attrs["basis"] == "horizon"
    assert found["generation_mwh"].sel(technology="coal").values.tolist() == [8.0, 6.0]
    assert np.isnan(found["generation_mwh"].sel(run="a", technology="wind_onshore"))
    assert found["price"].sel(zone="West").values == pytest.approx([150.0, 200.0])
    assert found["emissions_t"].sel(zone="West").values.tolist() == [8.0, 6.0]
    assert found.attrs["notes"] == ["1 technology of b is not in every run: wind_onshore."]
    table = differences(found).set_index(["group", "item"])
    assert table.loc[("generation_mwh", "coal"), "change: b"] == -2.0
    assert table.loc[("price", "West"), "change: b"] == pytest.approx(50.0)


def test_it_is_a_dataset_that_says_what_it_holds_and_can_be_kept(tmp_path):
    """Energy is a sum over time with a unit and a name; what was written is read back the same."""
    found = gm.compare(results("a", {"coal": 4.0}), results("b", {"coal": 3.0}))
    assert found["generation_mwh"].attrs == {"units": "MWh", "long_name": "energy generated", "cell_methods": "time: sum"}
    assert all({"units", "long_name"} <= variable.attrs.keys() for variable in found.data_vars.values())
    found.to_netcdf(tmp_path / "comparison.nc")
    again = xr.open_dataset(tmp_path / "comparison.nc")
    assert again["run"].values.tolist() == ["a", "b"] and again["cost_cny"].values.tolist() == [20.0, 20.0]
    again.close()


def test_different_lengths_are_compared_by_day():
    """Two hours against four of the same dispatch: a mean day is the same, 48 MWh of coal; totals would be 4 and 8."""
    found = gm.compare(results("short", {"coal": 2.0}), results("long", {"coal": 2.0}, hours=4))
    assert found.attrs["basis"] == "day"
    assert found["generation_mwh"].sel(technology="coal").values.tolist() == [48.0, 48.0]
    assert found["cost_cny"].values.tolist() == [240.0, 240.0]
    assert "mean day" in found.attrs["notes"][0]


def test_zones_may_differ_and_names_repeat():
    found = gm.compare(
        results("a", {"coal": 1.0}), results("a", {"coal": 1.0}, zone="East"), results("a", {"coal": 1.0})
    )
    assert found["run"].values.tolist() == ["a", "a (2)", "a (3)"]
    assert np.isnan(found["load_mwh"].sel(run="a (2)", zone="West"))
    assert any("1 zone of a (2) is not in every run: East" in note for note in found.attrs["notes"])


def test_runs_of_one_scenario_are_told_apart_by_their_folders(tmp_path):
    """Two runs of `a` in the folders `low` and `high`: `a` and `a (2)` would not say which is which."""
    low, high = results("a", {"coal": 4.0}), results("a", {"coal": 3.0})
    low.folder, high.folder = tmp_path / "low", tmp_path / "high"
    assert gm.compare(low, high)["run"].values.tolist() == ["low", "high"]
    assert gm.compare(low, high, results("b", {"coal": 1.0}))["run"].values.tolist() == ["low", "high", "b"]
    assert gm.compare(low, low)["run"].values.tolist() == ["a", "a (2)"]


def test_scorecards_are_compared_target_by_target():
    import pandas as pd

    runs = [results(name, {"coal": 1.0}) for name in "ab"]
    for one, achieved in zip(runs, (0.1, 0.3)):
        one.tables["scorecard"] = pd.DataFrame(
            {"target": ["share"], "achieved": [achieved], "passed": [achieved > 0.2]}
        )
    found = gm.compare(*runs)
    assert found["achieved"].sel(target="share").values.tolist() == [0.1, 0.3]
    assert found["passed"].sel(target="share").values.tolist() == [0.0, 1.0]


def test_terminal_says_the_whole_of_a_group_and_what_changes(tmp_path):
    """4 MW of coal and 1 of wind against 3 and 2: 10 MWh in both, coal -2; the load is the same and counted, not listed."""
    folders = [str(results(name, power).save(tmp_path / name)) for name, power in (
        ("a", {"coal": 4.0, "wind_onshore": 1.0}), ("b", {"coal": 3.0, "wind_onshore": 2.0}))]  # fmt: skip
    lines = CliRunner().invoke(app, ["compare", *folders]).stdout.splitlines()
    rows = {tuple(line.split()[:-4]): line.split()[-4:] for line in lines if len(line.split()) > 4}
    assert rows["generation",] == ["MWh", "10.00", "10.00", "0"]
    assert rows["generation", "coal"] == ["MWh", "8.000", "6.000", "−2.000"]
    assert rows["generation", "wind_onshore"] == ["MWh", "2.000", "4.000", "+2.000"]
    assert ("load", "West") not in rows and any("are the same in all" in line for line in lines)


def test_a_flow_that_turns_round_has_no_percentage():
    """From -20 to 226 MWh it was +1,230 %; from 20 to 10 it is -50 %."""
    assert _with_changes(np.array([-20.0, 226.0]))[:3] == [-20.0, 226.0, 246.0]
    assert np.isnan(_with_changes(np.array([-20.0, 226.0]))[3])
    assert _with_changes(np.array([20.0, 10.0])) == [20.0, 10.0, -10.0, -0.5]


@pytest.mark.parametrize(
    ("others", "said"), [((), "two or more"), ((results("b", {"coal": 1.0}, currency="EUR"),), "one currency")]
)
def test_what_cannot_be_compared_is_wrong_input(others, said):
    with pytest.raises(gm.InputError, match=said):
        gm.compare(results("a", {"coal": 1.0}), *others)


def test_command_prints_a_table_json_and_a_page(tmp_path):
    """The names of runs reach the terminal and the page as they are, whatever signs are in them."""
    folders = [str(results(name, power).save(tmp_path / name[0])) for name, power in (
        ("a", {"coal": 4.0}), ("b[bold]<script>x", {"coal": 3.0}))]  # fmt: skip
    done = CliRunner().invoke(app, ["compare", *folders, "--html", str(tmp_path / "page.html"), "--lang", "zh"])
    assert done.exit_code == 0, done.output
    assert "b[bold]<script>x" in done.output and "generation coal" in done.output and "−2" in done.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page and "<script>x" not in page and "figure-compare_generation_mwh" in page
    document = json.loads(CliRunner().invoke(app, ["compare", *folders, "--json"]).stdout)
    row = next(row for row in document["rows"] if (row["group"], row["item"]) == ("generation_mwh", "coal"))
    assert row["a"] == 8.0 and row["change: b[bold]<script>x"] == -2.0
    assert CliRunner().invoke(app, ["compare", folders[0]]).exit_code == 2
