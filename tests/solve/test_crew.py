"""Chains of windows over workers: the same answer however many, a killed worker loses a window, a stopped run goes on."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
from four_days import year_of_four_days

import grid_model as gm
from grid_model.solve import crew as crews
from grid_model.solve import horizon
from grid_model.solve.crew import Crew


def case():
    """Eight windows in two chains."""
    return year_of_four_days(mode="windows", window_hours=12, look_ahead_hours=6, medium_hours=12, corrections=0, chains=2)


def crew(folder, **more):
    return Crew(folder=folder / "shelf", identity="the same case", **more)


def same(one, other):
    """Bit for bit."""
    return one.dispatch["generation"].identical(other.dispatch["generation"]) and (
        one.summary["objective_cny"] == other.summary["objective_cny"])


def pieces(folder):
    return {file.name: file.stat().st_mtime_ns for file in (folder / "shelf" / "round0" / "pieces").glob("*.npz")}


def test_chains_fit_together(tmp_path):
    """Chains find their own levels at their borders; the windows between join them, so every law holds (the audit is on)
    and the cost is near that of the whole."""
    found, whole = gm.solve(case(), crew=crew(tmp_path, workers=1)), gm.solve(year_of_four_days())
    assert len(pieces(tmp_path)) == 6 + 1  # every window but the one between and the last, and the one before the second chain
    assert whole.summary["objective_cny"] <= found.summary["objective_cny"] * (1 + 1e-9)
    assert found.summary["objective_cny"] == pytest.approx(whole.summary["objective_cny"], rel=0.03)
    level = found.dispatch["reservoir_level"].sel(reservoir="lake").values
    released = found.dispatch["generation"].sel(generator="hydro").values + found.dispatch["spill"].sel(reservoir="lake").values
    assert np.diff(level) == pytest.approx(2.0 - released[1:], abs=1e-6)


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    """Ctrl-C after five windows: the same crew resumes, what was solved is not solved again, and the answer is the same.
    Without `resume` all is solved anew."""
    def stop(seconds, words):
        if words.startswith("window 5 "):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gm.solve(case(), progress=lambda stage, seconds, words: stop(seconds, words), crew=crew(tmp_path, workers=1))
    before = pieces(tmp_path)
    assert len(before) == 5
    resumed = gm.solve(case(), crew=crew(tmp_path, workers=1, resume=True))
    after = pieces(tmp_path)
    assert {name: after[name] for name in before} == before
    assert same(resumed, gm.solve(case(), crew=crew(tmp_path, workers=1)))
    assert all(pieces(tmp_path)[name] != after[name] for name in after)


def test_pieces_of_another_case_are_not_taken(tmp_path):
    gm.solve(case(), crew=crew(tmp_path, workers=1))
    before = pieces(tmp_path)
    gm.solve(case(), crew=dataclasses.replace(crew(tmp_path, workers=1, resume=True), identity="another case"))
    assert all(pieces(tmp_path)[name] != before[name] for name in before)


def test_another_case_in_the_same_folder_gets_its_own_answer(tmp_path):
    """One process, one folder, two cases: gas at twice the price. The programme of the first must not be kept in mind."""
    gm.solve(case(), crew=crew(tmp_path, workers=1))
    generators = case().tables["generators"]
    dearer = case().replace(generators=generators.assign(
        variable_cost_cny_per_mwh=generators["variable_cost_cny_per_mwh"].replace(300.0, 600.0)))
    again = gm.solve(dearer, crew=crew(tmp_path, workers=1))
    assert again.summary["objective_cny"] == gm.solve(dearer).summary["objective_cny"]


def test_a_small_programme_starts_no_process(monkeypatch):
    """Two chains and a bound take less than two processes take to start. Asked for, they are started."""
    def started(*_):
        raise AssertionError("a process is started")

    monkeypatch.setattr(crews, "client_of", started)
    gm.solve(case())
    assert Crew().of_size(10**6).workers is None and Crew(workers=2).of_size(100).workers == 2
    assert Crew(scheduler="tcp://there").of_size(100).scheduler == "tcp://there"
    with pytest.raises(AssertionError):
        gm.solve(case(), crew=Crew(workers=2))


def test_a_scheduler_that_does_not_answer_is_said_before_anything_is_solved(monkeypatch):
    @contextmanager
    def refused(*_):
        raise gm.InputError("nobody answers")
        yield

    monkeypatch.setattr(crews, "client_of", refused)
    monkeypatch.setattr(horizon, "plan_of", lambda *_, **__: pytest.fail("a plan is made"))
    with pytest.raises(gm.InputError, match="nobody answers"):
        gm.solve(case(), crew=Crew(scheduler="tcp://there"))


def test_two_workers_and_a_kill_change_nothing(tmp_path):
    """A worker process is killed once there is a piece: another takes its chain over."""
    killed = []

    def kill(stage, seconds, words):
        workers = [child for child in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]
        if words.startswith("window") and not words.startswith("window 0") and workers and not killed:
            killed.append(workers[0].pid)
            workers[0].kill()

    found = gm.solve(case(), progress=kill, crew=crew(tmp_path, workers=2))
    alone = gm.solve(case(), crew=crew(tmp_path, workers=1))
    assert killed and same(found, alone)
    assert found.summary["lower_bound_cny"] == alone.summary["lower_bound_cny"]


def test_a_script_needs_no_guard_for_workers(tmp_path):
    """Workers are new processes; told of the script that started them, each would run it again and start workers of its own."""
    script = tmp_path / "script.py"
    script.write_text("from four_days import year_of_four_days\nimport grid_model as gm\nfrom grid_model.solve.crew import Crew\n"
                      "case = year_of_four_days(mode='windows', window_hours=48, look_ahead_hours=12, corrections=0)\n"
                      "print(gm.solve(case, crew=Crew(workers=2)).summary['status'])  # the parts of the bound are theirs\n")
    path = os.pathsep.join(part for part in sys.path if part)
    said = subprocess.run([sys.executable, script], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=300)
    assert (said.returncode, said.stdout.splitlines()) == (0, ["within gap"]), said.stderr
