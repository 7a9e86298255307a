"""Results: what the dataset holds and means, and that a folder is whole or not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from audited_grid import audited_grid
from small import small_case

import grid_model as gm
from grid_model import pipeline
from grid_model.errors import InputError, WriteError
from grid_model.results import files, folder
from grid_model.results import results as module

ROOT = Path(__file__).parents[2]


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
    assert {**again.summary, "sha256": None} == {**json.loads(json.dumps(solved.summary)), "sha256": None}
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


def test_both_forms_open_as_the_same_dataset(solved, tmp_path):
    opened = []
    for form, name in (("netcdf", "dispatch.nc"), ("zarr", "dispatch.zarr")):
        solved.save(tmp_path / form, form)
        assert (tmp_path / form / name).exists()
        opened.append(gm.open_results(tmp_path / form).dispatch)
        xr.testing.assert_identical(opened[-1], solved.dispatch)
    one, other = ({name: str(variable.dtype) for name, variable in dataset.variables.items()} for dataset in opened)
    assert one == other


def test_long_runs_are_stored_as_zarr(solved, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ZARR_FROM", solved.dispatch.nbytes - 1)
    solved.save(tmp_path / "out")
    assert (tmp_path / "out" / "dispatch.zarr").is_dir() and not (tmp_path / "out" / "dispatch.nc").exists()


def test_a_store_that_would_unpickle_is_not_read(solved, tmp_path):
    """zarr names the codec of every array in its own files; one of them runs whatever stands in the data."""
    solved.save(tmp_path / "out", "zarr")
    described = tmp_path / "out" / "dispatch.zarr" / ".zmetadata"
    described.write_text(described.read_text().replace('"vlen-utf8"', '"pickle"'))
    with pytest.raises(InputError, match="pickle"):
        gm.open_results(tmp_path / "out")


def test_names_that_look_like_formulas_stand_in_no_csv_as_such(tmp_path):
    """A spreadsheet runs a cell that begins with = + - @; read back, the names are as they were."""
    names = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "'=quoted", "''@twice", "plain", "it's", "\uff1dwide", "-"]
    table = pd.DataFrame({"name": names, "value": np.arange(len(names)) - 5.0})
    files.write_table(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(files.read_table(tmp_path / "table.csv"), table)
    cells = [line.split(",")[0].strip('"') for line in (tmp_path / "table.csv").read_text().splitlines()[1:]]
    assert not [cell for cell in cells if cell[0] in "=+-@\uff1d"]


def test_a_table_that_went_missing_is_noticed(solved, tmp_path):
    solved.save(tmp_path / "out")
    (tmp_path / "out" / "burning.csv").unlink()
    with pytest.raises(InputError, match="burning.csv"):
        gm.open_results(tmp_path / "out")


def test_results_move_with_their_project(tmp_path, monkeypatch):
    """Below one working folder paths are relative: with absolute ones the audit of a moved project finds no inputs."""
    project = tmp_path / "project"
    for name in ("scenarios/two_zone.yaml", "inputs/two_zone"):
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    monkeypatch.chdir(project)
    gm.run("scenarios/two_zone.yaml", report=False)
    gm.run("scenarios/two_zone.yaml", tmp_path / "apart", report=False)
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "moved")
    stored = gm.open_results("moved/results/two_zone")
    assert str(tmp_path / "moved" / "inputs") in stored.scenario
    assert pipeline.audit_results("moved/results/two_zone")["passed"].all()
    assert "inputs: ../../inputs/two_zone" in (tmp_path / "moved/results/two_zone/scenario.yaml").read_text()
    assert str(project / "inputs" / "two_zone") in (tmp_path / "apart" / "scenario.yaml").read_text()


def test_a_line_that_says_nothing_of_its_way_back_carries_as_much():
    """So who reads the dispatch alone can check both ways, and sees where a line is full."""
    lines = gm.solve(gm.load_case(ROOT / "scenarios/two_zone.yaml")).dispatch
    assert lines["line_capacity_mw"].values == lines["line_reverse_capacity_mw"].values == [500.0]


def test_every_number_says_its_unit_and_what_it_is():
    """CF: variables and numbers among the coordinates have units and a long name, texts a long name; all survive on disk."""
    dispatch = gm.solve(audited_grid()).dispatch
    for name, variable in dispatch.variables.items():
        assert variable.attrs.get("long_name"), name
        assert variable.dtype.kind not in "fi" or variable.attrs.get("units"), name
    assert dispatch["line_loss_fraction"].attrs["units"] == "1" and dispatch["energy_mwh"].attrs["units"] == "MWh"
    assert dispatch["latitude"].attrs["standard_name"] == "latitude" and dispatch["latitude"].attrs["units"] == "degree_north"
