"""Results: what the dataset holds and means, and that a folder is whole or not there."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from small import small_case

import grid_model as gm
from grid_model.errors import InputError, WriteError
from grid_model.results import folder
from grid_model.results import results as module


@pytest.fixture(scope="module")
def solved():
    case = small_case(
        3, series={"load": {"l": [80, 120, 200], "m": 10}, "availability": {"w": [1, 0.5, 0]}},
        zones=[{"zone": "A", "name_zh": "甲", "latitude": 30, "longitude": 100}, {"zone": "B"}, {"zone": "empty"}],
        generators=[{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100,
                     "variable_cost_cny_per_mwh": 300, "emissions_t_per_mwh": 0.8},
                    {"generator": "w", "zone": "B", "technology": "wind_onshore", "capacity_mw": 100}],
        storage=[{"storage": "s", "zone": "B", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 40,
                  "wear_cost_cny_per_mwh": 1}],
        lines=[{"line": "BA", "from_zone": "B", "to_zone": "A", "capacity_mw": 60, "loss_fraction": 0.1}],
        loads=[{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 5000}, {"load": "m", "zone": "B"}])
    return gm.solve(case)


def test_cost_items_sum_to_the_objective(solved):
    assert float(solved.dispatch["objective"].sum()) == pytest.approx(solved.summary["objective_cny"], rel=1e-12)
    assert solved.summary["gap"] == pytest.approx(0, abs=1e-9)


def test_power_balances_in_every_zone_and_step(solved):
    """generation + discharge - charge + imports less losses - exports + unserved = load, from the dataset alone."""
    data = solved.dispatch
    zones = data["zone"].values
    net = {zone: np.zeros(3) for zone in zones}
    for name, place, sign in (("generation", "generator_zone", 1), ("discharge", "storage_zone", 1), ("charge", "storage_zone", -1)):
        for values, zone in zip(data[name].values, data[place].values, strict=True):
            net[zone] = net[zone] + sign * values
    net["B"] -= data["flow"].values[0]
    net["A"] += data["flow"].values[0] - data["loss"].values[0]
    for position, zone in enumerate(zones):
        served = data["load"].values[position] - data["unserved"].values[position]
        assert net[zone] == pytest.approx(served, abs=1e-9)


def test_price_is_the_cost_of_one_more_megawatt_hour(solved):
    """In the last step the load of 200 MW in A is not all served: one more costs 5,000 CNY/MWh. In the first, coal sets 300."""
    price = solved.dispatch["price"].sel(zone="A").values
    assert price[-1] == pytest.approx(5000)
    assert np.isnan(solved.dispatch["price"].sel(zone="empty").values).all()
    assert solved.dispatch["price"].attrs["units"] == "CNY/MWh"


def test_facts_ride_along_and_group(solved):
    by_technology = solved.dispatch.generation.groupby("technology").sum()
    assert set(by_technology["technology"].values) == {"coal", "wind_onshore"}
    assert solved.dispatch["name_zh"].values[0] == "甲"
    assert float(solved.dispatch["capacity_mw"].sel(generator="coal")) == 100


def test_every_variable_says_unit_and_meaning(solved):
    for name, variable in solved.dispatch.data_vars.items():
        assert variable.attrs["units"] and variable.attrs["long_name"], name
    assert solved.dispatch["time"].attrs["standard_name"] == "time"


def test_curtailment_is_what_was_available_and_not_taken(solved):
    data = solved.dispatch
    wind = data.sel(generator="w")
    assert wind["curtailment"].values == pytest.approx((wind["available"] - wind["generation"]).values)
    assert float(data["curtailment"].sel(generator="coal").sum()) == 0
    assert data["emissions"].sel(generator="coal").values == pytest.approx(0.8 * data["generation"].sel(generator="coal").values)
    assert float(data["emissions"].sel(generator="w").sum()) == 0


def test_saved_results_open_as_they_were(solved, tmp_path):
    solved.save(tmp_path / "out")
    again = gm.open_results(tmp_path / "out")
    xr.testing.assert_equal(again.dispatch, solved.dispatch)
    assert again.dispatch["price"].attrs == solved.dispatch["price"].attrs
    assert again.summary == json.loads(json.dumps(solved.summary))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_older_results_are_replaced_and_other_folders_are_not(solved, tmp_path):
    solved.save(tmp_path / "out")
    (tmp_path / "out" / "old.txt").write_text("of the last run")
    solved.save(tmp_path / "out")
    assert not (tmp_path / "out" / "old.txt").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    with pytest.raises(InputError, match="thesis"):
        solved.save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"


@pytest.mark.parametrize(("place", "failing"), [(module, "_json"), (folder, "_swap"), (folder, "_to_disk")])
def test_a_failure_while_writing_leaves_nothing(solved, tmp_path, monkeypatch, place, failing):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place, failing, fail)
    with pytest.raises(WriteError, match="No space"):
        solved.save(tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["summary.json", "dispatch.nc", "scenario.yaml", "provenance.json"])
def test_half_a_folder_is_no_result(solved, tmp_path, missing):
    solved.save(tmp_path / "out")
    (tmp_path / "out" / missing).unlink()
    with pytest.raises(InputError, match=missing):
        gm.open_results(tmp_path / "out")


def test_a_damaged_file_is_no_result(solved, tmp_path):
    solved.save(tmp_path / "out")
    (tmp_path / "out" / "dispatch.nc").write_bytes(b"not a dataset")
    with pytest.raises(InputError, match="readable results"):
        gm.open_results(tmp_path / "out")


def test_a_grid_without_generators_has_results():
    """A load and a full battery: nothing generates, so nothing is curtailed, and the dataset says what there is."""
    case = small_case(2, series={"load": {"l": 10}}, loads=[{"load": "l", "zone": "A"}],
                      storage=[{"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 40,
                                "cyclic": False, "initial_fraction": 1}])
    results = gm.solve(case)
    assert "curtailment" not in results.dispatch
    assert float(results.dispatch["discharge"].sum()) == pytest.approx(20)
