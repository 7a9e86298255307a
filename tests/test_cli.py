"""The command line as a user meets it: output, exit codes, one clear message, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from grid_model import pipeline
from grid_model.cli import app
from grid_model.errors import InfeasibleError, SolveError

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_run_writes_results_and_prints_the_cost(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "4,853,059 CNY" in done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    for key in ("status", "objective_cny", "lower_bound_cny", "gap", "hours", "zones", "rows", "columns", "nonzeros", "seconds",
                "peak_memory_mb", "solver", "versions"):
        assert key in summary
    assert {"read", "build", "solve", "write", "total"} <= set(summary["seconds"])


def test_json_is_for_machines(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--json")
    assert json.loads(done.stdout)["status"] == "optimal"


def test_check_reads_and_solves_nothing(tmp_path):
    done = call("check", SCENARIOS / "two_zone.yaml")
    assert done.exit_code == 0 and "24 steps" in done.output and "4 generators" in done.output


def test_horizon_and_settings_from_the_command_line(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--start", "2027-01-01T06:00", "--end",
                "2027-01-01T10:00", "--set", "solve.method=ipx", "--json")
    summary = json.loads(done.stdout)
    assert (summary["hours"], summary["start"], summary["solver"]["method"]) == (4, "2027-01-01 06:00:00", "ipx")


@pytest.mark.parametrize(("setting", "said"), [
    ("solve.method=abacus", "solve.method"),
    ("colour=blue", "colour"),
    ("horizon.hours=9999", "profiles/load.csv"),
    ("policies.guaranteed_purchase.mode=roughly", "guaranteed_purchase"),
])
def test_wrong_input_is_exit_2_with_one_message(tmp_path, setting, said):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--set", setting)
    assert done.exit_code == 2
    assert said in done.stderr and "allowed" in done.stderr and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_missing_scenario_is_exit_2():
    done = call("run", "no_such.yaml")
    assert done.exit_code == 2 and "no_such.yaml" in done.stderr


@pytest.mark.parametrize(("error", "code"), [(InfeasibleError("none"), 3), (SolveError("no optimum"), 4)])
def test_each_error_has_its_exit_code(tmp_path, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, "solve_model", fail)
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out")
    assert done.exit_code == code and not (tmp_path / "out").exists()


def test_time_limit_is_exit_4(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--set", "solve.time_limit_seconds=0.0000001")
    assert done.exit_code == 4 and "time limit" in done.stderr


def test_interrupt_leaves_nothing(tmp_path):
    """Ctrl-C in the middle of a national week: exit 130, a sentence, no folder."""
    process = subprocess.Popen([sys.executable, "-m", "grid_model", "run", str(SCENARIOS / "china_2027_week.yaml"), "--out",
                                str(tmp_path / "out"), "-v"], cwd=ROOT, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONUNBUFFERED": "1"})
    for line in process.stderr:
        if "build" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "nothing was written" in said and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "cost"), [("two_zone", 4853058.5852), ("three_bus_loop", 7600.0)])
def test_small_grids_keep_their_cost(tmp_path, name, cost):
    assert pipeline.run(SCENARIOS / f"{name}.yaml", tmp_path / name).summary["objective_cny"] == pytest.approx(cost, rel=1e-7)


def test_three_bus_loop_has_its_published_prices(tmp_path):
    """Kyri Baker's three buses: -60 at Bus1, where more load would relieve the narrow line; 30 and 70 MW."""
    data = pipeline.solve(pipeline.load_case(SCENARIOS / "three_bus_loop.yaml")).dispatch
    assert data["price"].values[:, 0] == pytest.approx([-60, 20, 100])
    assert data["generation"].values[:, 0] == pytest.approx([0, 30, 70])


def test_five_provinces_solve_to_an_audited_optimum():
    results = pipeline.solve(pipeline.load_case(SCENARIOS / "five_province_week.yaml"))
    assert results.summary["zones"] == 5 and abs(results.summary["gap"]) < 1e-9
    assert float(results.dispatch["unserved"].sum()) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(results.dispatch["price"].values).all()
