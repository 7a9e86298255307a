"""Why load was not served, why energy was not taken, and which hours are worth explaining; the same from the command
line.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from small import small_case
from typer.testing import CliRunner

from grid_model import pipeline
from grid_model.cli import app

SCENARIOS = Path(__file__).parents[2] / "scenarios"
WEEK_SECONDS = 60  # five_province_week is solved twice, in about 2 s each on a quiet machine
LOAD = {"load": "东部负荷", "zone": "东部"}
COAL = {"generator": "煤电", "zone": "东部", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def short() -> pipeline.Results:
    """120, 160 and 90 MW asked of 100 coal, 20 over a line, and a battery with 10 MWh: 30 MW are missing at 01:00."""
    return pipeline.solve(
        small_case(
            3,
            series={"load": {"东部负荷": [110, 160, 90]}},
            loads=[LOAD],
            generators=[COAL, COAL | {"generator": "西部煤电", "zone": "西部"}],
            lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 20}],
            storage=[
                {
                    "storage": "电池",
                    "zone": "东部",
                    "technology": "lithium_ion",
                    "power_mw": 40,
                    "energy_mwh": 40,
                    "cyclic": False,
                    "initial_fraction": 0,
                    "charge_efficiency": 1,
                    "discharge_efficiency": 1,
                }
            ],
        )
    )


def surplus() -> pipeline.Results:
    """100 MW of wind, 40 of load and 20 out over a full line; coal must run at 10: 50 MW are not taken."""
    return pipeline.solve(
        small_case(
            1,
            series={"load": {"东部负荷": 40, "西部负荷": 50}},
            loads=[LOAD, {"load": "西部负荷", "zone": "西部"}],
            generators=[
                COAL | {"min_output_fraction": 0.1},
                COAL | {"generator": "西部煤电", "zone": "西部"},
                {"generator": "风电", "zone": "东部", "technology": "wind_onshore", "capacity_mw": 100},
            ],
            lines=[{"line": "东西", "from_zone": "东部", "to_zone": "西部", "capacity_mw": 20}],
        )
    )


def test_unserved_load_names_everything_that_was_at_its_limit():
    """Coal gives its 100 MW, the line its 20; the battery held the 10 MWh that were left at 00:00, and gives them."""
    price, missing = short().explain("东部", "2027-01-01T01:00")
    assert (price.subject, missing.subject, missing.zone) == ("price", "unserved", "东部")
    said = str(missing)
    assert "30 of 160 MW are not served." in said
    assert "'煤电' 100 MW give all that they can." in said
    assert "'西东' from 西部 is full (20 MW)." in said
    assert "'电池' 10 MW are empty, or need their energy at another time." in said
    assert {(one["name"], one["state"]) for one in missing.figures["limits"]} == {
        ("煤电", "limit"),
        ("西东", "limit"),
        ("电池", "held"),
    }


def test_curtailed_energy_names_floor_and_full_corridor():
    """50 of 100 MW of wind are not taken: coal must run at 10, the line out is full at 20."""
    (curtailed,) = [one for one in surplus().explain("东部", "2027-01-01") if one.subject == "curtailment"]
    said = str(curtailed)
    assert "50 MW are there and not taken: '风电' 50 MW." in said
    assert "'煤电' 10 MW must generate." in said and "'东西' to 西部 is full (20 MW)." in said
    assert curtailed.figures["curtailed_mw"] == {"风电": pytest.approx(50)}


def test_a_price_of_nothing_says_so():
    """Wind that is not taken sets it: there was a headline, a margin, and no word of why it is zero."""
    price = surplus().explain("东部", "2027-01-01")[0]
    assert price.figures["price"] == pytest.approx(0) and "A MWh more costs nothing" in str(price)
    assert "costs nothing" not in str(short().explain("东部", "2027-01-01T01:00")[0])


def round_trips(purchase_class: str, **solve) -> pipeline.Results:
    """60 MW of wind and 20 of load in both hours, and a battery of 10 MW that gives back half of what it takes: 10 in and 5
    out take 5 MWh of wind more than standing still."""
    return pipeline.solve(
        solved_by(solve,
            2,
            series={"load": {"东部负荷": 20}},
            loads=[LOAD],
            generators=[{"generator": "风电", "zone": "东部", "technology": "wind_onshore", "capacity_mw": 60,
                         "purchase_class": purchase_class, "guaranteed_hours": 8760}],
            storage=[{"storage": "电池", "zone": "东部", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 10,
                      "charge_efficiency": 0.5, "discharge_efficiency": 1}],
            policies={"guaranteed_purchase": True},
        )
    )  # fmt: skip


def solved_by(settings: dict, steps: int, **case):
    """A small case with settings of its solve."""
    made = small_case(steps, **case)
    return replace(made, scenario=made.scenario.model_copy(update={"solve": made.scenario.solve.model_copy(update=settings)}))


def test_windows_too_say_why_a_store_discharges_beside_curtailed_wind():
    """As below, the two hours in one window: the duals of the ranks are kept for the balance. They were not, and it was told
    that the store could discharge less for no gain; of results without them it is not."""
    results = round_trips("guaranteed", mode="windows", window_hours=2, look_ahead_hours=0, medium_hours=2)
    power = results.dispatch["discharge"].sel(storage="电池")
    time = str(power["time"].values[power.values.argmax()])
    assert results.summary["status"] != "optimal" and float(power.max()) == pytest.approx(5)
    assert "'电池' 5 MW discharge all the same: what is lost on the way" in str(results.explain("东部", time)[-1])
    older = replace(results, duals=results.duals.drop_vars("counted.balance"), optimum=None)
    assert "'电池' 5 MW discharge all the same: by cost alone" in str(older.explain("东部", time)[-1])


def test_a_store_that_discharges_beside_curtailed_wind_says_why():
    """The order of purchase counts every MWh of guaranteed wind that is taken, and what a store loses on its way is
    taken. Where the wind is not guaranteed the store stands still."""
    assert float(round_trips("market").dispatch["discharge"].sum()) == pytest.approx(0)
    results = round_trips("guaranteed")
    power = results.dispatch["discharge"].sel(storage="电池")
    assert float(power.max()) == pytest.approx(5)
    (_, curtailed) = results.explain("东部", str(power["time"].values[power.values.argmax()]))
    assert "'电池' 5 MW discharge all the same: what is lost on the way" in str(curtailed)


def filled_by_the_order(loss: float = 0.0) -> pipeline.Results:
    """All of 100 MW of wind in the west is guaranteed, 40 go over a line at 10 CNY/MWh to an east that has sun for
    nothing: by cost alone the line would be empty. 60 MW of wind and 60 of 100 MW of sun are not taken."""
    return pipeline.solve(
        small_case(
            1,
            series={"load": {"东部负荷": 80}},
            loads=[LOAD],
            generators=[
                {"generator": "风电", "zone": "西部", "technology": "wind_onshore", "capacity_mw": 100,
                 "purchase_class": "guaranteed", "guaranteed_hours": 8760},
                {"generator": "光伏", "zone": "东部", "technology": "solar_utility", "capacity_mw": 100, "purchase_class": "market"},
            ],
            lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 40, "cost_cny_per_mwh": 10,
                    "loss_fraction": loss}],
            policies={"guaranteed_purchase": True},
        )
    )


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_corridor_that_the_order_of_purchase_fills_costs_what_it_carries(loss):
    """A MW more of the line would bring 10 CNY/MWh of cost and gain nothing: it was told to be worth 10."""
    results = filled_by_the_order(loss)
    for zone in ("西部", "东部"):
        said = str(results.explain(zone, "2027-01-01")[0])
        assert ", by the order of purchase: a MW more would cost 10.00." in said and "be worth" not in said


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_a_corridor_that_brings_energy_where_some_is_left_is_not_full_outwards(loss):
    """The 40 MW come from the west; it was told that the line "to 西部 is full (40 MW)"."""
    (curtailed,) = [one for one in filled_by_the_order(loss).explain("东部", "2027-01-01") if one.subject == "curtailment"]
    said = str(curtailed)
    assert "'西东' brings 40 MW from 西部: the order of purchase fills it." in said and "to 西部" not in said


def test_a_corridor_that_brings_free_energy_where_some_is_left_would_only_move_the_loss():
    """Sun on both sides of a line, more than both loads: what comes over it is not taken here, and would not be there."""
    sun = {"technology": "solar_utility", "capacity_mw": 100, "purchase_class": "market"}
    results = pipeline.solve(
        small_case(
            1,
            series={"load": {"东部负荷": 80, "西部负荷": 10}},
            loads=[LOAD, {"load": "西部负荷", "zone": "西部"}],
            generators=[
                sun | {"generator": "西光", "zone": "西部"},
                sun | {"generator": "东光", "zone": "东部", "variable_cost_cny_per_mwh": 1},
            ],
            lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 120}],
        )
    )
    (curtailed,) = [one for one in results.explain("东部", "2027-01-01") if one.subject == "curtailment"]
    assert "'西东' brings 80 MW from 西部: less of it would gain nothing (price 0.00)." in str(curtailed)


def test_nothing_is_said_of_what_is_not_the_case():
    assert [one.subject for one in surplus().explain("西部", "2027-01-01")] == ["price"]


def test_hours_worth_explaining():
    """Without a place: highest and lowest price, the most curtailment, all unserved load; of one zone, or of one
    time.
    """
    told = short().explain()
    assert [(one.subject, one.zone, one.time) for one in told if one.subject == "unserved"] == [
        ("unserved", "东部", "2027-01-01 01:00")
    ]
    prices = [one.figures["price"] for one in told if one.subject == "price"]
    assert prices[0] == pytest.approx(30000) and len(prices) == 2
    assert {one.zone for one in short().explain(zone="西部")} == {"西部"}
    assert {one.time for one in short().explain(time="2027-01-01T02:30")} == {"2027-01-01 02:00"}
    assert "curtailment" in {one.subject for one in surplus().explain()}


def test_the_optimum_is_recalled_once(monkeypatch):
    results = short()
    results.explain()
    monkeypatch.setattr(pipeline, "of_stored", None)
    assert str(results.explain("东部", "2027-01-01")).startswith("东部, 2027-01-01 00:00: ")


@pytest.mark.parametrize(
    ("name", "zone", "said"),
    [("two_zone", "West", "At the margin is 'West battery', charging"), ("three_bus_loop", "Bus1", "-60.00 CNY/MWh")],
)
def test_command_line(tmp_path, name, zone, said):
    """Results written and explained by two commands; JSON holds the same parts."""
    folder = tmp_path / name
    assert call("run", SCENARIOS / f"{name}.yaml", "--out", folder).exit_code == 0
    time = "2027-01-01T12:00" if name == "two_zone" else "2027-01-01"
    done = call("explain", folder, "--zone", zone, "--time", time)
    assert done.exit_code == 0 and said in done.output, done.output
    (price, *_) = json.loads(call("explain", folder, "--zone", zone, "--time", time, "--json").stdout)
    assert sum(part["value"] for part in price["figures"]["parts"]) == pytest.approx(
        price["figures"]["price"], rel=1e-6
    )
    wrong = call("explain", folder, "--zone", "Wst", "--time", time)
    assert wrong.exit_code == 2 and "allowed: a zone" in wrong.stderr


def test_command_line_on_a_day_of_five_provinces(tmp_path):
    folder = tmp_path / "day"
    assert call("run", SCENARIOS / "five_province_week.yaml", "--end", "2027-01-02", "--no-report", "--out", folder).exit_code == 0
    done = call("explain", folder)
    assert done.exit_code == 0 and done.output.count("At the margin is") == 2, done.output
    assert "MW are there and not taken" in done.output


def test_a_scenario_that_is_infeasible_and_one_that_is_not(two_zones):
    """60 MW of 100 must run in the north, whose load alone is 60 to 90 MW: it fits; at 90 % it does not."""
    fits = call("explain", two_zones.scenario)
    assert fits.exit_code == 0 and "is feasible" in fits.output
    assert json.loads(call("explain", two_zones.scenario, "--json").stdout) == {
        "scenario": "two_zones",
        "feasible": True,
        "conflicts": [],
    }
    two_zones.table(
        "generators",
        "generator,zone,technology,capacity_mw,min_output_fraction,start_cost_cny_per_mw,min_up_hours,"
        "min_down_hours\nNorth coal,North,coal,100,0.9,0,0,0\nNorth wind,North,wind_onshore,50,0,0,0,0",
    )
    done = call("explain", two_zones.scenario)
    assert done.exit_code == 3, done.output
    assert "30 MW are too much in zone North" in done.output
    assert "generators.csv, row North coal, column min_output_fraction: up to 30 MW less" in done.output
    found = json.loads(call("explain", two_zones.scenario, "--json").stdout)
    assert found["feasible"] is False and found["conflicts"][0]["zones"] == ["North"]
    run = call("run", two_zones.scenario, "--out", two_zones.folder / "out", "--json")
    assert run.exit_code == 3 and json.loads(run.stdout)["conflicts"] == found["conflicts"]


def test_a_scenario_with_a_place_is_solved_first():
    done = call("explain", SCENARIOS / "three_bus_loop.yaml", "--zone", "Bus2", "--time", "2027-01-01")
    assert done.exit_code == 0 and "20.00 CNY/MWh" in done.output
