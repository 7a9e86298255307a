"""A year of inputs read and checked, and a year of results on disk: seconds, size, and peak memory.

    python benchmarks/disk.py [--runs 3] [--scenario scenarios/china_2027.yaml] [--day 2027-04-10]

reading   scenario, tables and profiles of 8,760 hours, every check; a process of its own, files warm
results   one day is solved with all rules; its hours stand in for every day of the year, each number times a random
          factor of its own, so that nothing packs better than hours of a real year would; written, and read back

Medians, by the wall; the processor's seconds, which other work disturbs less, beside them. Writes docs/disk.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ASKED = {"reading and checking": "5 s", "results to disk": "15 s, 1 GB", "results read back": ""}


def reading(scenario: str, hours: int = 8760) -> dict:
    """Seconds of reading and checking a year."""
    import grid_model as gm

    found = _timed(lambda: gm.load_case(scenario, overrides=[f"horizon.hours={hours}"]))
    return {"reading and checking": found}


def results(scenario: str, day: str) -> dict:
    """Seconds and size of a year of results, made from one day."""
    import pandas as pd

    import grid_model as gm

    end = (pd.Timestamp(day) + pd.Timedelta(days=1)).isoformat()
    solved = gm.solve(gm.load_case(scenario, start=day, end=end, overrides=["solve.mode=whole"]))
    solved.dispatch, solved.duals = _year(solved.dispatch, int(day[:4])), None
    with tempfile.TemporaryDirectory() as folder:
        written = _timed(lambda: solved.save(Path(folder) / "year"))
        size = sum(file.stat().st_size for file in (Path(folder) / "year").rglob("*") if file.is_file())
        back = _timed(lambda: gm.open_results(Path(folder) / "year"))
    return {"results to disk": written | {"megabytes": size / 1e6}, "results read back": back}


def _year(dispatch, year: int):
    """The hours of a day on every day of a year, each number times a random factor."""
    import numpy as np
    import pandas as pd

    random, hours = np.random.default_rng(1), pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", inclusive="left")
    whole = dispatch.isel(time=np.arange(len(hours)) % dispatch.sizes["time"]).assign_coords(time=hours)
    noisy = {name: variable * random.uniform(0.5, 1.5, variable.shape) for name, variable in whole.data_vars.items()
             if "time" in variable.dims and variable.dtype.kind == "f"}
    return whole.assign({name: variable.assign_attrs(whole[name].attrs) for name, variable in noisy.items()})


def _timed(work) -> dict:
    began, used = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - began, "CPU seconds": time.process_time() - used,
            "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(arguments: list[str]) -> dict:
    """What one of the two gives in a process of its own."""
    out = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(out.stdout.splitlines()[-1])


def page(runs: list[dict]) -> str:
    figures = {key: {name: median(run[key][name] for run in runs) for name in runs[0][key]} for key in runs[0]}
    rows = [f"| {key} | {found['seconds']:.1f} | {found['CPU seconds']:.1f} | {found['peak MB']:,.0f} | "
            f"{found['megabytes']:,.0f} | {ASKED[key]} |" if "megabytes" in found else
            f"| {key} | {found['seconds']:.1f} | {found['CPU seconds']:.1f} | {found['peak MB']:,.0f} | | {ASKED[key]} |"
            for key, found in figures.items()]
    return "\n".join([
        "# Disk: a year read, and a year of results written", "",
        "The 31 provinces of 2027, 8,760 hours. Written by `benchmarks/disk.py`, which says what is counted.", "",
        f"Medians of {len(runs)}, on {os.cpu_count()} cores ({platform.machine()}); load of the machine meanwhile {os.getloadavg()[2]:.1f}: "
        "where that is more than the cores, the processor's seconds are those that count.", "",
        "| | seconds | CPU seconds | peak memory of the process, MB | size on disk, MB | asked |", "|---|---|---|---|---|---|",
        *rows, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scenario", default=str(ROOT / "scenarios/china_2027.yaml"))
    parser.add_argument("--day", default="2027-04-10")
    parser.add_argument("--only", choices=["reading", "results"], help="one of the two in this process, as JSON")
    given = parser.parse_args()
    if given.only:
        found = reading(given.scenario) if given.only == "reading" else results(given.scenario, given.day)
        print(json.dumps(found))
        return
    runs = [measured(["--only", "reading", "--scenario", given.scenario])
            | measured(["--only", "results", "--scenario", given.scenario, "--day", given.day]) for _ in range(given.runs)]
    (ROOT / "docs" / "disk.md").write_text(page(runs), encoding="utf-8")
    print(page(runs))


if __name__ == "__main__":
    main()
