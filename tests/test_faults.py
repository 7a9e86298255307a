"""Faults done for real: kills, full and read-only disks, two runs at once, signals, too little memory.

Whatever happens, no half-written result opens as whole, the message says what to do, and the next run tidies up.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import killed_stages
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import grid_model as gm
from grid_model import formulation, pipeline
from grid_model.cli import app
from grid_model.errors import InfeasibleError, InputError, SolveError
from grid_model.interop import grid_tables
from grid_model.report import page
from grid_model.results import folder as folders
from grid_model.results.folder import claimed
from grid_model.solve import crew as crews
from grid_model.solve import shelf
from grid_model.sweep import gather
from grid_model.sweep.tasks import solve_case

ROOT = Path(__file__).parents[1]
TWO_ZONE = ROOT / "scenarios" / "two_zone.yaml"
FIVE_PROVINCES = ROOT / "scenarios" / "five_province_week.yaml"


def run(out: Path, *words):
    return CliRunner().invoke(app, ["run", str(TWO_ZONE), "--no-report", "--out", str(out), *words])


def script(*words, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, env=environment, **options)


@pytest.fixture(scope="module")
def kills(tmp_path_factory):
    done = script(ROOT / "tests" / "killed_writes.py", tmp_path_factory.mktemp("kills"))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_kill_at_any_step_of_writing_leaves_whole_results_or_none(kills):
    """kill -9 at nine steps. Old results stand until the new ones are whole. Written in place, half would open."""
    killed = [kill for kill in kills if kill["signal"] == signal.SIGKILL]
    assert len(killed) == 13
    for kill in killed:
        assert kill["seen"] in (("old", "new", None) if kill["folder"] == "old" else ("new", None)), kill
        assert kill["after"] in (("old", "new") if kill["folder"] == "old" else ("new", None)), kill


def test_the_next_run_clears_what_killed_runs_left_and_puts_old_results_back(kills):
    """Killed between the two renames there is no folder: the next run gives the old results their name again."""
    between = next(kill for kill in kills if kill["folder"] == "old" and kill["step"] == "after the first rename")
    assert (between["seen"], between["after"]) == (None, "old")
    for kill in kills:
        assert all(name in ("old", "new") for name in kill["tidy"]), kill
    assert any(name.endswith(".unfinished") for kill in kills for name in kill["left"])


def test_a_kill_in_any_stage_of_a_run_leaves_older_results_and_windows_to_go_on_from(tmp_path):
    """kill -9 in five stages of a run over older results: those stand until the new ones are whole, and the next run leaves
    nothing but its own. A run by windows that is killed after two of them goes on from these to the very same answer."""
    done = script(ROOT / "tests" / "killed_stages.py", tmp_path)
    assert done.returncode == 0, done.stderr
    *stages, last, windows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(stages) == 5 and {kill["signal"] for kill in stages} == {signal.SIGKILL}
    assert {kill["stage"]: kill["seen"] for kill in stages if kill["stage"] != "report" and kill["seen"] != "old"} == {}
    assert last["left"] == ["out"]
    assert windows["signal"] == signal.SIGKILL and windows["pieces"] == 2 and windows["kept"]
    assert windows["resumed"] == windows["alone"] and windows["left"] == ["alone", "day", "out"]


def test_leftovers_of_another_name_are_let_alone(tmp_path):
    """A run into `a` must not remove what a run into `a.b` is writing."""
    theirs = [".a.b.abcdefgh.unfinished", ".a.short.unfinished", ".ab.abcdefgh.unfinished", ".a.ABCDEFGH.unfinished"]
    for name in [*theirs, ".a.abcdefgh.unfinished"]:
        (tmp_path / name).mkdir()
    with claimed(tmp_path / "a", "summary.json"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(theirs)


# ------------------------------------------------------------------------------------------------------ two runs at once

HOLDER = """
import sys, time
from grid_model.results.folder import claimed
with claimed(sys.argv[1], "summary.json"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_folder_is_written_by_one_run_at_a_time_and_a_killed_run_lets_go_of_it(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert holder.stdout.readline() == "held\n"
        refused = run(tmp_path / "out")
        assert refused.exit_code == 2 and "no other run" in refused.stderr and "--out" in refused.stderr
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert run(tmp_path / "out").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_claim_may_be_held_once_in_a_process_too(tmp_path):
    with claimed(tmp_path / "out", "summary.json") as claim:
        with claimed(claim, "summary.json") as again:
            assert again is claim
        with pytest.raises(InputError, match="no other run"), claimed(tmp_path / "out", "summary.json"):
            pass


# ---------------------------------------------------------------------------------------------------- full and read-only


@contextmanager
def mounted(place: Path, *options: str):
    """A file system of its own in memory, for as long as needed; skips where mounting is not permitted."""
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(("mode=0777", *options)), "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("needs permission to mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


needs_mount = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root, to mount a file system")


@needs_mount
@pytest.mark.parametrize("kilobytes", [16, 64, 100])
def test_a_full_disk_leaves_what_was_there_and_says_so(tmp_path, kilobytes):
    with mounted(tmp_path / "small", f"size={kilobytes}k") as place:
        done = run(place / "out")
        assert done.exit_code == 6, done.output
        assert "No space left" in done.stderr and "--out" in done.stderr and "Traceback" not in done.stderr
        assert list(place.iterdir()) == []


@needs_mount
def test_a_full_disk_keeps_older_results(tmp_path):
    with mounted(tmp_path / "small", "size=1m") as place:
        assert run(place / "out").exit_code == 0
        before = gm.open_results(place / "out").summary
        with (place / "filling").open("wb", buffering=0) as filling, pytest.raises(OSError, match="No space"):
            while True:
                filling.write(bytes(4096))
        assert run(place / "out").exit_code == 6
        assert gm.open_results(place / "out").summary == before


@needs_mount
def test_a_disk_without_room_for_the_report_says_that_the_results_are_there(tmp_path):
    """It was told as wrong input, exit 2, without a word of the results that stand there whole."""
    with mounted(tmp_path / "small", "size=300k") as place:
        done = CliRunner().invoke(app, ["run", str(ROOT / "scenarios" / "two_zone.yaml"), "--out", str(place / "out")])
        assert done.exit_code == 6 and "No space left" in done.stderr and "the results stand in" in done.stderr, done.stderr
        assert gm.open_results(place / "out").summary["status"] == "optimal" and not (place / "out" / "report.html").exists()


@needs_mount
def test_a_disk_that_is_full_between_windows_is_a_full_disk(tmp_path):
    """numpy says how many bytes it wrote and gives no number of the error, which commands showed as a fault, exit 1 and a traceback."""
    with mounted(tmp_path / "small", "size=16k") as place, pytest.raises(OSError) as found:
        shelf.save(place / "cost.npy", np.zeros(10_000))
    assert (found.value.errno, found.value.filename) == (errno.ENOSPC, str(tmp_path / "small" / "cost.npy"))


@needs_mount
def test_a_disk_that_cannot_be_written_is_said_by_every_command(tmp_path):
    """A report of results that stand on a read-only disk; a new grid, a network and an imported grid for a full one: one message each,
    nothing half of a network or a grid (a new one stood there without its tables)."""
    loop, network = str(ROOT / "scenarios" / "three_bus_loop.yaml"), tmp_path / "network.nc"
    assert CliRunner().invoke(app, ["export", "pypsa", loop, str(network)]).exit_code == 0
    with mounted(tmp_path / "fixed") as place:
        assert run(place / "out").exit_code == 0
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        done = CliRunner().invoke(app, ["report", str(place / "out")])
        assert done.exit_code == 6 and "Read-only file system" in done.stderr and "Traceback" not in done.stderr
    with mounted(tmp_path / "tiny", "size=12k") as place:
        done = CliRunner().invoke(app, ["new", str(place / "grid")])
        assert done.exit_code == 6 and "No space left" in done.stderr and not list((place / "grid").iterdir()), done.stderr
    with mounted(tmp_path / "small", "size=8k") as place:
        for words, left in ((["export", "pypsa", loop, str(place / "n.nc")], "nothing half-written"),
                            (["import", "pypsa", str(network), str(place / "grid")], "not whole")):
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 6 and "No space left" in done.stderr and left in done.stderr, done.stderr
            assert not list(place.glob("*.nc*")) and not list(place.glob(".*"))


@needs_mount
@pytest.mark.parametrize("within", [False, True], ids=["beside", "itself"])
def test_a_read_only_place_is_noticed_before_reading(tmp_path, monkeypatch, within):
    def read(*_):
        raise AssertionError("read in vain")

    with mounted(tmp_path / "fixed") as place:
        if within:
            assert run(place / "out").exit_code == 0
            for file in (place / "out").iterdir():
                file.rename(place / file.name)
            (place / "out").rmdir()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        monkeypatch.setattr(pipeline, "load_case", read)
        done = run(place if within else place / "out")
        assert done.exit_code == 6 and "Read-only" in done.stderr and "--out" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fixed"]


# --------------------------------------------------------------------------------------------------------------- signals

STAGES = killed_stages.STAGES | {
    "build": (formulation, "build_model"),
    "compile": (pipeline, "compile_program"),
    "results": (pipeline, "build_dataset"),
    "to disk": (folders, "_to_disk"),
}


SIGNALS = [*((stage, signal.SIGINT, 130) for stage in STAGES), *((stage, signal.SIGTERM, 143) for stage in STAGES), ("solve", signal.SIGHUP, 129)]


@pytest.mark.parametrize(("stage", "number", "code"), SIGNALS, ids=[f"{number.name} {stage}" for stage, number, _ in SIGNALS])
def test_a_signal_in_any_stage_stops_the_run_and_leaves_nothing(tmp_path, monkeypatch, stage, number, code):
    module, name = STAGES[stage]
    function = getattr(module, name)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what was started in the background ignores Ctrl-C,
    if number == signal.SIGHUP:  # and what nohup started, SIGHUP
        signal.signal(number, signal.SIG_DFL)

    def interrupted(*words, **options):
        os.kill(os.getpid(), number)
        return function(*words, **options)

    monkeypatch.setattr(module, name, interrupted)
    done = run(tmp_path / "out")
    assert (done.exit_code, list(tmp_path.iterdir())) == (code, [])
    assert "nothing half-written" in done.stderr


def test_a_stopped_report_says_that_the_results_are_there(tmp_path, monkeypatch):
    """`Nothing half-written is left` would have a user solve again what is solved."""
    monkeypatch.setattr(page, "write_report", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    done = CliRunner().invoke(app, ["run", str(TWO_ZONE), "--out", str(tmp_path / "out")])
    assert done.exit_code == 143 and f"the results stand in {tmp_path}/out" in done.stderr
    assert f"grid-model report {tmp_path}/out" in done.stderr and gm.open_results(tmp_path / "out").summary["status"] == "optimal"


def test_a_signal_that_is_ignored_stays_ignored(tmp_path, monkeypatch):
    """A run under nohup goes on when its terminal is closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        module, name = STAGES["solve"]
        function = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *words: (os.kill(os.getpid(), signal.SIGHUP), function(*words))[1])
        assert run(tmp_path / "out").exit_code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


# -------------------------------------------------------------------------------------------------------- stopped windows

DAY = [word for setting in killed_stages.WINDOWS for word in ("--set", setting)] + ["--workers", "1"]


def stopped_after_two_windows(monkeypatch, out: Path, error, *words):
    """A run by windows that ends with `error` when it asks for the third, and how."""
    solved, count = crews.solve_chain, 0

    def some(*arguments, **limits):
        nonlocal count
        for piece in solved(*arguments, **limits):
            count += 1
            yield piece
            if count == 2:
                raise error

    with monkeypatch.context() as patch:
        patch.setattr(crews, "solve_chain", some)
        return run(out, *DAY, *words)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (SolveError("the time limit of 1 s ran out"), 4),
                                             (OSError(errno.ENOSPC, "No space left"), 6)], ids=["Ctrl-C", "time", "disk"])
def test_a_run_that_stops_between_windows_says_where_they_stand_and_goes_on(tmp_path, monkeypatch, error, code):
    """`Nothing half-written is left` said nothing of windows; an end for want of time took them away."""
    done = stopped_after_two_windows(monkeypatch, tmp_path / "out", error)
    assert done.exit_code == code and "no results were written" in done.stderr
    assert f"{tmp_path}/.out.windows" in done.stderr and "--resume" in done.stderr and "half-written" not in done.stderr
    pieces = {file: file.stat().st_mtime_ns for file in tmp_path.glob(".out.windows/*/pieces/*.npz")}
    assert len(pieces) == 2
    seen, solved = [], crews.solve_chain
    monkeypatch.setattr(crews, "solve_chain", lambda *words, **limits: seen.append(len(words[3])) or solved(*words, **limits))
    assert run(tmp_path / "out", *DAY, "--resume", "--set", "solve.time_limit_seconds=60").exit_code == 0
    assert seen[0] == 2 and [file.name for file in tmp_path.iterdir()] == ["out"]


def test_the_windows_of_a_case_that_has_no_answer_go(tmp_path, monkeypatch):
    done = stopped_after_two_windows(monkeypatch, tmp_path / "out", InfeasibleError("no dispatch"))
    assert done.exit_code == 3 and "--resume" not in done.stderr and list(tmp_path.iterdir()) == []


def test_windows_of_another_case_are_not_gone_on_from_and_that_is_said(tmp_path, monkeypatch):
    stopped_after_two_windows(monkeypatch, tmp_path / "out", KeyboardInterrupt())
    done = run(tmp_path / "out", *DAY, "--resume", "--set", "horizon.hours=18")
    assert done.exit_code == 0 and "of another case" in done.stderr


def test_a_resumed_sweep_goes_on_from_the_windows_of_its_cases(tmp_path, monkeypatch):
    """Cases were solved from their first window however many stood there."""
    stopped_after_two_windows(monkeypatch, tmp_path / "case", KeyboardInterrupt())
    seen, solved = [], crews.solve_chain
    monkeypatch.setattr(crews, "solve_chain", lambda *words, **limits: seen.append(len(words[3])) or solved(*words, **limits))
    assert solve_case(str(TWO_ZONE), killed_stages.WINDOWS, None, None, str(tmp_path / "case"), resume=True).status == "solved"
    assert seen[0] == 2


# ------------------------------------------------------------------------------------------------------- grids and sweeps


def test_a_grid_that_is_half_imported_is_none(tmp_path, monkeypatch):
    """An import over an earlier one that is killed between two tables left the old scenario beside a mixture of both grids."""
    network, grid = tmp_path / "network.nc", tmp_path / "grid"
    runner = CliRunner()
    assert runner.invoke(app, ["export", "pypsa", str(ROOT / "scenarios" / "three_bus_loop.yaml"), str(network)]).exit_code == 0
    assert runner.invoke(app, ["import", "pypsa", str(network), str(grid)]).exit_code == 0

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(grid_tables, "write_table", stopped)
    done = runner.invoke(app, ["import", "pypsa", str(network), str(grid)])
    assert done.exit_code == 130 and "import again" in done.stderr and not (grid / "scenario.yaml").exists()


def test_a_sweep_that_is_killed_while_it_replaces_its_dataset_leaves_a_whole_one_or_none(tmp_path, monkeypatch):
    """Half removed, the old one would open and show no numbers where its pieces are gone."""
    found = xr.Dataset({"cost_cny": ("case", np.arange(3.0))})
    gather.write_dataset(found, tmp_path)

    def half_removed(path, **_):
        for file in sorted(Path(path).rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                file.unlink()
                raise KeyboardInterrupt

    monkeypatch.setattr(gather, "shutil", SimpleNamespace(rmtree=half_removed))
    with pytest.raises(KeyboardInterrupt):
        gather.write_dataset(found + 1, tmp_path)
    with xr.open_zarr(tmp_path / gather.DATASET, chunks=None) as seen:
        assert seen["cost_cny"].values.tolist() == [1.0, 2.0, 3.0]


# ---------------------------------------------------------------------------------------------------------------- memory

STARVED = """
import resource, sys
import grid_model as gm
from grid_model import cli
scenario, first, *arguments = sys.argv[1:]
gm.run(scenario, first)  # all that is loaded on the way is there from here on: it is data that find no room
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 20 * 2**20,) * 2)
sys.argv = ["grid-model", "run", *arguments]
cli.main()
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_too_little_memory_is_exit_4_with_advice(tmp_path):
    """20 MB for the year of five provinces: what cannot be had is said in words, not as a traceback."""
    done = script("-c", STARVED, TWO_ZONE, tmp_path / "first", FIVE_PROVINCES, "--start", "2027-01-01", "--end", "2028-01-01",
                  "--no-report", "--out", tmp_path / "out")
    assert done.returncode == 4, done.stderr
    assert "out of memory" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory"), RuntimeError("can't start new thread"),
                                   ImportError("_vode.so: failed to map segment from shared object")])
def test_every_way_to_run_out_of_memory_is_said(tmp_path, monkeypatch, error):
    """numpy says it with a MemoryError, the system with a number, Python and its loader with words; all are one
    message."""
    def starve(*_):
        raise error

    monkeypatch.setattr(pipeline, "solve_model", starve)
    done = run(tmp_path / "out")
    assert done.exit_code == 4 and "out of memory" in done.stderr


def test_memory_that_ends_is_a_document_for_machines(tmp_path, monkeypatch):
    def starve(*_):
        raise MemoryError

    monkeypatch.setattr(pipeline, "solve_model", starve)
    done = run(tmp_path / "out", "--json")
    assert (json.loads(done.stdout)["error"], done.exit_code) == ("SolveError", 4)
    assert list(tmp_path.iterdir()) == []
