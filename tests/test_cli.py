"""The command line as a user meets it: output, exit codes, one clear message, nothing half-written."""

from __future__ import annotations

import json
import logging
import math
import os
import shlex
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import grid_model as gm
from grid_model import pipeline
from grid_model import progress as progress_of_work
from grid_model.cli import app
from grid_model.commands.options import completed_settings
from grid_model.commands.progress import _told, seconds_of_last_run
from grid_model.commands.run import _print_summary
from grid_model.commands.session import print_json, session
from grid_model.errors import InfeasibleError, SolveError
from grid_model.progress import Line, Pace

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_run_writes_results_and_prints_the_cost(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "4,853,059 CNY" in done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    for key in (
        "status",
        "objective_cny",
        "lower_bound_cny",
        "gap",
        "hours",
        "zones",
        "rows",
        "columns",
        "nonzeros",
        "seconds",
        "peak_memory_mb",
        "solver",
        "versions",
    ):
        assert key in summary
    assert {"read", "build", "solve", "write", "total"} <= set(summary["seconds"])


def test_what_rounds_to_nothing_is_printed_without_a_sign(tmp_path, capsys):
    """An item of -0.3 CNY is printed as 0, not as -0."""
    results = pipeline.run(SCENARIOS / "two_zone.yaml", out=tmp_path / "out")
    results.dispatch["objective"][0] = -0.3
    _print_summary(results)
    assert f"{results.dispatch['item'].values[0]} 0 CNY" in " ".join(capsys.readouterr().out.split())


def test_json_is_for_machines(tmp_path):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--json")
    assert json.loads(done.stdout)["status"] == "optimal"


def test_check_reads_and_solves_nothing(tmp_path):
    done = call("check", SCENARIOS / "two_zone.yaml")
    assert done.exit_code == 0 and "24 steps" in done.output and "4 generators" in done.output


def test_horizon_and_settings_from_the_command_line(tmp_path):
    done = call(
        "run",
        SCENARIOS / "two_zone.yaml",
        "--out",
        tmp_path / "out",
        "--start",
        "2027-01-01T06:00",
        "--end",
        "2027-01-01T10:00",
        "--set",
        "solve.method=ipx",
        "--json",
    )
    summary = json.loads(done.stdout)
    assert (summary["hours"], summary["start"], summary["solver"]["method"]) == (4, "2027-01-01 06:00:00", "ipx")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("solve.method=abacus", "solve.method"),
        ("colour=blue", "colour"),
        ("horizon.hours=9999", "profiles/load.csv"),
        ("policies.guaranteed_purchase.mode=roughly", "guaranteed_purchase"),
    ],
)
def test_wrong_input_is_exit_2_with_one_message(tmp_path, setting, said):
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--set", setting)
    assert done.exit_code == 2
    assert said in done.stderr and "allowed" in done.stderr and "Traceback" not in done.output
    assert not (tmp_path / "out").exists()


def test_missing_scenario_is_exit_2():
    done = call("run", "no_such.yaml")
    assert done.exit_code == 2 and "no_such.yaml" in done.stderr


def test_a_folder_in_place_of_its_scenario_is_told_where_that_lies(tmp_path):
    call("new", tmp_path / "grid")
    done = call("check", tmp_path / "grid")
    assert done.exit_code == 2 and "found 'a folder'" in done.stderr
    assert f"did you mean {(tmp_path / 'grid' / 'scenario.yaml').as_posix()}?" in done.stderr


@pytest.mark.parametrize(("error", "code"), [(InfeasibleError("none"), 3), (SolveError("no optimum"), 4)])
def test_each_error_has_its_exit_code(tmp_path, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline, "solve_model", fail)
    done = call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out")
    assert done.exit_code == code and not (tmp_path / "out").exists()


def test_time_limit_is_exit_4(tmp_path):
    done = call(
        "run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out", "--set", "solve.time_limit_seconds=0.0000001"
    )
    assert done.exit_code == 4 and "time limit" in done.stderr


def test_interrupt_leaves_nothing(tmp_path):
    """Ctrl-C in the middle of a national week: exit 130, a sentence, no folder."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "grid_model",
            "run",
            str(SCENARIOS / "china_2027_week.yaml"),
            "--out",
            str(tmp_path / "out"),
            "-v",
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    for line in process.stderr:
        if "build" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "nothing half-written" in said and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "cost"), [("two_zone", 4853058.5852), ("three_bus_loop", 7600.0)])
def test_small_grids_keep_their_cost(tmp_path, name, cost):
    assert pipeline.run(SCENARIOS / f"{name}.yaml", tmp_path / name).summary["objective_cny"] == pytest.approx(
        cost, rel=1e-7
    )


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


def words_of(command, path=("grid-model",)):
    """(words, command) of every command and group, however deep."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from words_of(inner, (*path, name))


COMMANDS = dict(words_of(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_of_every_command_says_what_how_and_which_exit_codes(words):
    """No box of help is cut, no type stands where it says nothing, every option is explained, and a command shows an
    example of itself."""
    said = call(*words[1:], "--help")
    assert said.exit_code == 0 and "infeasible" in said.output and "…" not in said.output
    command = COMMANDS[words]
    assert "<bool>" not in said.output and "<path>" not in said.output and "list[" not in said.output
    assert command.help and all(option.help for option in command.params)
    if not hasattr(command, "commands"):
        assert f"  {' '.join(words)} " in command.help


@pytest.mark.parametrize(
    "words", [words for words, command in COMMANDS.items() if not hasattr(command, "commands")], ids=" ".join
)
def test_examples_in_help_parse(words):
    """An example that names an option which is not there would mislead who copies it."""
    examples = [shlex.split(line) for line in COMMANDS[words].help.splitlines() if line.startswith("  grid-model ")]
    for example in examples:
        path = max((path for path in COMMANDS if list(path) == example[: len(path)]), key=len)
        COMMANDS[path].make_context(" ".join(path), example[len(path) :])


def test_every_command_speaks_json():
    assert [
        words
        for words, command in COMMANDS.items()
        if not hasattr(command, "commands")
        and "--json" not in {name for option in command.params for name in option.opts}
    ] == []


def test_a_document_has_no_number_that_json_does_not_know(capsys):
    """Findings of an infeasible case say how much a limit can be at most: without an end Python writes `Infinity`, which no other
    language reads."""
    print_json({"most": math.inf, "figures": [np.float64("nan"), 1.5, (-math.inf,)]})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"most": None, "figures": [None, 1.5, [None]]}


def test_an_error_is_a_document_for_machines():
    done = call("check", SCENARIOS / "two_zone.yaml", "--set", "solve.method=abacus", "--json")
    said = json.loads(done.stdout)
    assert (said["error"], said["exit_code"], done.exit_code) == ("InputError", 2, 2)
    assert said["problems"][0]["column"] == "solve.method"


@pytest.mark.parametrize("words", [("check",), ("run", "a.yaml", "--colour"), ("import", "pypsa", "n.nc"), ("explain", "a", "--zone")], ids=" ".join)
def test_a_command_called_wrongly_is_a_document_too(words):
    """What is missing or unknown is found before the command begins: machines had nothing on standard output."""
    done = call(words[0], *words[1:-1], "--json", words[-1]) if len(words) > 1 else call(*words, "--json")
    said = json.loads(done.stdout)
    assert (said["error"], said["exit_code"], done.exit_code) == ("InputError", 2, 2) and said["message"]


@pytest.mark.parametrize(("name", "found"), [("nowhere", "nothing"), ("a.txt", "a file")])
def test_results_that_are_not_there_are_said_to_be_nothing(tmp_path, name, found):
    """Of a folder that is mistyped was said that one file is missing in it."""
    (tmp_path / "a.txt").write_text("a")
    done = call("audit", tmp_path / name)
    assert done.exit_code == 2 and f"found '{found}'; allowed: a folder of finished results" in done.stderr


def test_new_grid_solves_at_once_and_so_does_its_change(tmp_path):
    """Twice the wind costs less: what a planner sees a minute after installing."""
    assert call("new", tmp_path / "grid").exit_code == 0
    costs = []
    for name in ("scenario", "more_wind"):
        done = call("run", tmp_path / "grid" / f"{name}.yaml", "--out", tmp_path / name, "--json")
        assert done.exit_code == 0, done.output
        costs.append(json.loads(done.stdout)["objective_cny"])
    assert costs[1] < costs[0]


@pytest.mark.parametrize("folder", ["mygrid", "2027", "我的 电网", "a: b #c"])
def test_a_new_grid_is_named_by_its_folder(tmp_path, folder):
    """`new mygrid` wrote a scenario `my_grid`: who then compared `results/mygrid` found nothing there."""
    assert call("new", tmp_path / folder).exit_code == 0
    names = [json.loads(call("check", tmp_path / folder / f"{file}.yaml", "--json").stdout)["scenario"] for file in ("scenario", "more_wind")]
    assert names == [folder, f"{folder}_more_wind"]


def test_new_refuses_a_folder_that_holds_something(tmp_path):
    (tmp_path / "mine.txt").write_text("do not touch")
    done = call("new", tmp_path)
    assert done.exit_code == 2 and "empty folder" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_warnings_are_told_once_at_the_end(capsys):
    with session():
        for _ in range(3):
            logging.getLogger("grid_model").warning("the sun is late")
        print("answer")
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "3 warnings:\n  the sun is late (3 times)\n"


def test_python_warnings_are_gathered_too(capsys):
    with session(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "old" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("left", "expected", "said"),
    [
        (30.0, None, "about 30 s left"),
        (None, 80, "about 80 s left"),
        (None, None, ""),
        (990.0, 100, "about 16 min left"),
        (None, 0.0, ""),
    ],
)
def test_time_left_where_it_can_be_known(left, expected, said):
    """What the stage itself knows comes first, then what the same run took last time; else nothing is claimed."""
    shown = []
    _told(expected, lambda stage, left, line: shown.append(left))("solve", 10.0, Line("", left))
    assert shown == [said]


def test_time_left_goes_on_as_since_it_was_first_asked(monkeypatch):
    """Five of twenty stood there at the start and are no work of this run: five more in 10 s leave ten for 20 s."""
    now = iter([100.0, 110.0])
    monkeypatch.setattr(progress_of_work.time, "perf_counter", lambda: next(now))
    pace = Pace()
    assert pace.left(5, 20) is None
    assert pace.left(10, 20) == 20.0


def test_windows_tell_the_time_left(tmp_path):
    """Two rounds of windows and a bound: every window but the first says how long what is left takes, less and less of it."""
    told = []
    solve = [f"solve.{key}={value}" for key, value in dict(mode="windows", window_hours=6, look_ahead_hours=3, medium_hours=3, chains=1).items()]
    gm.run(SCENARIOS / "two_zone.yaml", tmp_path / "out", overrides=solve, report=False, workers=1,
           progress=lambda stage, seconds, line: told.append(line))
    windows, bound = ([line for line in told if line.startswith(word)] for word in ("window", "bound"))
    assert {line.split(", ")[1] for line in windows} == {"round 1 of 2", "round 2 of 2"}
    assert windows[0].left is None and all(line.left > 0 for line in windows[1:])
    assert [line.left is None for line in bound] == [True] + [False] * (len(bound) - 1) and len(bound) > 1


def test_last_run_counts_only_if_it_was_the_same(tmp_path):
    scenario, out = SCENARIOS / "two_zone.yaml", tmp_path / "out"
    assert seconds_of_last_run(scenario, None, None, (), out) is None
    call("run", scenario, "--out", out)
    assert seconds_of_last_run(scenario, None, None, (), out) > 0
    assert seconds_of_last_run(scenario, None, "2027-01-01T06:00", (), out) is None
    assert seconds_of_last_run(scenario, None, None, ("solve.method=ipx",), out) is None


def test_no_colour_and_no_folding_in_a_pipe(tmp_path):
    """What another programme reads has neither escape codes nor lines broken at 80 signs, nor blanks at their ends."""
    done = subprocess.run(
        [sys.executable, "-m", "grid_model", "run", str(SCENARIOS / "two_zone.yaml"), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []
    assert any(line.split()[0] == "seconds" and line.rstrip().endswith("MB") for line in done.stdout.splitlines())


def test_completion_knows_the_zones_of_results_and_of_scenarios(tmp_path):
    """Those of the folder or file that stands before; only those that a scenario keeps; none where it cannot be read."""
    call("run", SCENARIOS / "two_zone.yaml", "--out", tmp_path / "out")
    cases = ((tmp_path / "out", "", ["West", "East"]), (SCENARIOS / "two_zone.yaml", "W", ["West"]),
             (SCENARIOS / "five_province_week.yaml", "", ["Shaanxi", "Gansu", "Qinghai", "Ningxia", "Xinjiang"]), (tmp_path, "", []))
    for source, begun, zones in cases:
        asked = f"grid-model explain {source} --zone {begun}"
        complete = {"_GRID_MODEL_COMPLETE": "complete_bash", "COMP_WORDS": asked, "COMP_CWORD": "4"}
        assert CliRunner().invoke(app, env=complete, prog_name="grid-model").stdout.split() == zones


def test_completion_knows_the_keys_of_settings():
    assert "solve.method=" in completed_settings(
        "solve."
    ) and "policies.guaranteed_purchase.mode=" in completed_settings("policies.")
