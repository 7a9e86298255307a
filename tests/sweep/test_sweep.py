"""Sweeps as they run: failed cases are listed, a lost worker costs nothing, what is solved is kept."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from distributed import LocalCluster
from typer.testing import CliRunner

from grid_model.cli import app
from grid_model.cluster import QUIET
from grid_model.errors import InputError
from grid_model.progress import Line
from grid_model.results.results import open_results
from grid_model.sweep import run_sweep
from grid_model.sweep.plan import read_plan
from grid_model.sweep.workers import local_workers

ROOT = Path(__file__).parents[2]
NEVER_FULL = """
    - {table: storage, column: energy_mwh, multiply: 100}
    - {table: storage, column: cyclic, set: false}
    - {table: storage, column: initial_fraction, set: 0}
    - {table: storage, column: final_fraction, set: 1}"""
FAILING = f"""
scenario: grid/two_zone.yaml
end: 2027-01-01T03:00
axes:
  solve.method: [simplex, guess]
  changes:
   as_it_is: []
   never_full:{NEVER_FULL}
"""
HOURS = """
scenario: grid/two_zone.yaml
axes:
  horizon.hours: [1, 2, 3, 4, 5, 6]
"""


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of a running cluster, as `--scheduler` meets it."""
    with dask.config.set(QUIET), LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address="127.0.0.1:0",
                                              silence_logs=logging.CRITICAL) as running:  # fmt: skip
        yield running


@pytest.fixture
def folder(tmp_path):
    """A folder with the two-zone grid, to write sweeps into."""
    grid = tmp_path / "grid"
    shutil.copytree(ROOT / "inputs" / "two_zone", grid / "inputs")
    text = (ROOT / "scenarios" / "two_zone.yaml").read_text().replace("../inputs/two_zone", "inputs")
    (grid / "two_zone.yaml").write_text(text)
    return tmp_path


def sweep_file(folder: Path, text: str) -> Path:
    file = folder / "sweep.yaml"
    file.write_text(text)
    return file


def test_failed_cases_are_listed_and_what_is_solved_is_kept(folder, cluster):
    """One of four cases has a dispatch. The others say why they have none; the exit code is the worst of them. With
    --resume the solved one is not solved again, until an input changes."""
    file, out = sweep_file(folder, FAILING), folder / "out"
    words = ["sweep", str(file), "--out", str(out), "--scheduler", cluster.scheduler_address]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 3, done.output
    listed = json.loads(done.stdout)["cases"]
    assert [(row["status"], row["error"], row["exit_code"]) for row in listed] == [
        ("solved", "", 0), ("failed", "InfeasibleError", 3), ("failed", "InputError", 2), ("failed", "InputError", 2),
    ]  # fmt: skip
    assert "solve.method" in listed[2]["message"] and "\n" not in listed[2]["message"]
    assert pd.read_csv(out / "cases.csv")["case"].tolist() == [row["case"] for row in listed]
    kept = out / "solve_method=simplex,changes=as_it_is"
    assert sorted(path.name for path in out.iterdir()) == sorted(["cases.csv", "sweep.zarr", kept.name])

    data, results = xr.open_zarr(out / "sweep.zarr").load(), open_results(kept)
    assert data["cost_cny"].dims == ("solve_method", "changes") and data["cost_cny"].attrs["units"] == "CNY"
    here = data.sel(solve_method="simplex", changes="as_it_is")
    assert float(here["cost_cny"]) == results.summary["objective_cny"]
    assert float(here["lower_bound_cny"]) == results.summary["lower_bound_cny"]
    assert float(here["generation_mwh"].sel(technology="coal")) == pytest.approx(results.energy()["coal"])
    assert int(np.isfinite(data["cost_cny"]).sum()) == 1
    assert str(data["status"].sel(solve_method="guess", changes="as_it_is").values) == "InputError"
    assert all(data[name].attrs["long_name"] for name in data.data_vars)

    written = (kept / "dispatch.nc").stat().st_mtime_ns
    again = run_sweep(file, out, cluster.scheduler_address, resume=True)
    assert again.cases["resumed"].tolist() == [True, False, False, False] and again.exit_code == 3
    assert (kept / "dispatch.nc").stat().st_mtime_ns == written
    assert again.dataset["cost_cny"].equals(data["cost_cny"])

    table = folder / "grid" / "inputs" / "generators.csv"
    table.write_text(table.read_text().replace("330", "331"))
    anew = run_sweep(file, out, cluster.scheduler_address, resume=True)
    assert not anew.cases["resumed"].any()
    assert float(anew.cases["cost_cny"][0]) > float(again.cases["cost_cny"][0])

    table.write_text("no table")  # now nothing can be solved, and no older answer may stand for today's
    assert set(run_sweep(file, out, cluster.scheduler_address).cases["error"]) == {"InputError"}
    assert not kept.exists()


def test_cases_of_a_lost_worker_are_tried_again(folder, cluster):
    """A worker is killed in the middle of a case: another one solves it, nothing is lost."""
    killed = []

    def kill_one(stage: str, seconds: float, line: Line) -> None:
        if killed or line.left is None:
            return
        at_work = {address for address, worker in cluster.scheduler.workers.items() if worker.processing}
        busy = [worker for worker in cluster.workers.values() if worker.worker_address in at_work]
        if busy:
            killed.append(busy[0].pid)
            os.kill(busy[0].pid, signal.SIGKILL)

    found = run_sweep(sweep_file(folder, HOURS), folder / "out", cluster.scheduler_address, progress=kill_one)
    assert killed and killed[0] not in [worker.pid for worker in cluster.workers.values()]
    assert set(found.cases["status"]) == {"solved"} and found.exit_code == 0
    assert (np.diff(found.dataset["cost_cny"].values) >= 0).all()


def test_interrupt_keeps_what_is_solved(folder):
    """Ctrl-C, which every process of a terminal gets: exit 130, one sentence, cases.csv says what is solved and what is
    not, and no worker is left."""
    words = ["sweep", str(sweep_file(folder, HOURS)), "--out", str(folder / "out"), "--workers", "1"]
    words = [sys.executable, "-m", "grid_model", *words]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 240
    while not list((folder / "out").glob("*/summary.json")) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "stopped; what was solved is kept, --resume goes on" and "Traceback" not in said
    cases = pd.read_csv(folder / "out" / "cases.csv")
    assert "stopped" in set(cases["status"]) and len(cases) == 6
    with pytest.raises(ProcessLookupError):
        for _ in range(200):  # helpers of the workers end a moment after them
            os.killpg(process.pid, 0)
            time.sleep(0.1)


def test_wrong_cluster_leaves_an_earlier_sweep_alone(folder):
    out = folder / "out"
    out.mkdir()
    (out / "cases.csv").write_text("earlier\n")
    with pytest.raises(InputError, match="--scheduler"):
        run_sweep(sweep_file(folder, HOURS), out, "no cluster")
    assert (out / "cases.csv").read_text() == "earlier\n"


def test_a_folder_of_something_else_is_not_touched(folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="new or empty folder"):
        run_sweep(sweep_file(folder, HOURS), folder / "mine")


def test_workers_by_cores_cases_and_memory(folder, monkeypatch):
    """Two cores, many cases: memory for one and a half cases of this size is one worker."""
    scenario = read_plan(sweep_file(folder, HOURS)).scenario
    monkeypatch.setattr("psutil.Process.cpu_affinity", lambda self: [0, 1])
    available = lambda mb: monkeypatch.setattr("psutil.virtual_memory", lambda: type("", (), {"available": mb * 2**20}))  # noqa: E731
    available(10_000)
    assert local_workers(scenario, 6) == 2 and local_workers(scenario, 1) == 1
    available(650)
    assert local_workers(scenario, 6) == 1
    available(10)
    assert local_workers(scenario, 6) == 1
