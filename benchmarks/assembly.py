"""Seconds and memory from figures to a loaded HiGHS, against numpy by hand, linopy and PyPSA.

    python benchmarks/assembly.py [--peers PYTHON] [--runs 3] [--hours 168 720 2190 8760]

Every measure is a process of its own; importing libraries and making the input (the Case, PyPSA's Network) are not
counted in seconds, but stand in the peak memory of the process. The ways take turns, so that a slow moment of the
machine meets all of them. At the smallest size every way also solves, and the objectives must agree. `--peers` names
the interpreter that has linopy and PyPSA (`pip install .[peers]`); by default this one. Writes docs/assembly.md and
docs/assembly.png (with matplotlib).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from assembly_builders import BUILDERS, RAMP, ROOT, ZONES, figures

TITLES = {
    "grid_model": "this project",
    "numpy": "numpy and scipy, by hand",
    "linopy": "linopy, same rules",
    "pypsa": "PyPSA",
}
PACKAGES = {"grid_model": ("pyomo", "highspy", "numpy"), "numpy": (), "linopy": ("linopy",), "pypsa": ("pypsa",)}
MEASURES = {
    "seconds": ("Seconds", 3),
    "cpu_seconds": ("Seconds of processor time, which other work disturbs less", 3),
    "peak_mb": ("Peak memory of the process, MB", 0),
}
DOCS = ROOT / "docs"


def measure(way: str, hours: int, solve: bool) -> dict:
    """Build and hand over once, in this process."""
    ready = BUILDERS[way](figures(hours))
    gc.collect()
    began, work = time.perf_counter(), time.process_time()
    highs = ready()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak,
        "rows": highs.getNumRow(),
        "columns": highs.getNumCol(),
        "nonzeros": highs.getNumNz(),
        "versions": {name: version(name) for name in PACKAGES[way]},
    }
    if solve:
        highs.run()
        result |= {
            "objective": highs.getInfo().objective_function_value,
            "status": highs.modelStatusToString(highs.getModelStatus()),
        }
    return result


def measured(python: str, way: str, hours: int, solve: bool = False) -> dict:
    """The same in a fresh process."""
    command = [python, "-W", "ignore", __file__, "--measure", way, "--hours", str(hours)] + ["--solve"] * solve
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{way}, {hours} hours: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(pythons: dict[str, str], sizes: list[int], runs: int) -> dict:
    """{way: {hours: medians}}"""
    check_same(pythons, min(sizes))
    results: dict = {way: {} for way in pythons}
    for hours in sizes:
        taken = {way: [] for way in pythons}
        for _ in range(runs):
            for way, python in pythons.items():
                taken[way].append(measured(python, way, hours))
        for way, all_runs in taken.items():
            results[way][hours] = all_runs[0] | {key: median(run[key] for run in all_runs) for key in MEASURES}
            print(
                f"{hours:5d} h  {TITLES[way]:26s} {results[way][hours]['seconds']:8.3f} s "
                f"{results[way][hours]['peak_mb']:8.0f} MB",
                flush=True,
            )
        check_sizes(results, hours)
    return results


def check_same(pythons, hours: int) -> None:
    """All ways have the same optimum."""
    solved = {way: measured(python, way, hours, solve=True) for way, python in pythons.items()}
    reference = solved["grid_model"]["objective"]
    for way, result in solved.items():
        assert result["status"] == "Optimal", (way, result["status"])
        assert abs(result["objective"] - reference) <= 1e-6 * abs(reference), (way, result["objective"], reference)
    print(f"{hours} hours: every way has the optimum {reference:.6f} million CNY", flush=True)


def check_sizes(results, hours: int) -> None:
    """By hand the rows are the same; linopy has as many columns, and a second row for the other side of each ramp."""
    sizes = {
        way: tuple(results[way][hours][key] for key in ("rows", "columns", "nonzeros"))
        for way in ("grid_model", "numpy", "linopy")
    }
    assert sizes["numpy"] == sizes["grid_model"], sizes
    rows, columns, nonzeros = sizes["grid_model"]
    ramps = ZONES * len(RAMP) * (hours - 1)
    assert sizes["linopy"] == (rows + ramps, columns, nonzeros + 2 * ramps), sizes


def write_table(results: dict, path: Path, runs: int) -> None:
    sizes = list(results["grid_model"])
    ours = results["grid_model"]
    versions = {
        name: number for way in results.values() for size in way.values() for name, number in size["versions"].items()
    }
    lines = [
        "# Assembly: from figures to a loaded HiGHS",
        "",
        "31 zones in a ring, in each 7 kinds of plant (4 with ramps), 2 stores and unserved load,",
        "62 one-way lines with loss.",
        "Written by `benchmarks/assembly.py`, which says what is counted. A virtual machine that touches memory for the first time",
        "waits for its host, 4 to 6 us a page where it takes 1 afterwards: measure once its memory was touched.",
        "",
        "![Seconds and peak memory by hours](assembly.png)",
        "",
        f"Medians of {runs}, every run a process of its own, on {os.cpu_count()} cores ({platform.machine()}); "
        + ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
        + ".",
        "",
    ]
    for key, (title, digits) in MEASURES.items():
        lines += [
            f"## {title}",
            "",
            "| hours | "
            + " | ".join(TITLES[way] for way in results)
            + " | "
            + " | ".join(f"this project / {TITLES[way]}" for way in results if way != "grid_model")
            + " |",
            "|---|" + "---|" * (2 * len(results) - 1),
        ]
        lines += [
            f"| {hours} | "
            + " | ".join(f"{results[way][hours][key]:.{digits}f}" for way in results)
            + " | "
            + " | ".join(f"{ours[hours][key] / results[way][hours][key]:.2f}" for way in results if way != "grid_model")
            + " |"
            for hours in sizes
        ]
        lines += [""]
    if {2190, 8760} <= set(sizes):
        growth = ", ".join(
            f"{TITLES[way]} {results[way][8760]['seconds'] / results[way][2190]['seconds']:.2f}" for way in results
        )
        lines += [f"Growth of seconds from 2,190 to 8,760 hours (4 x the hours): {growth}.", ""]
    lines += ["## Size of the programme", "", "| hours | way | rows | columns | non-zeros |", "|---|---|---|---|---|"]
    same = ", ".join(TITLES[way] for way in ("grid_model", "numpy"))
    other = (("linopy", "linopy (its rows have one side)"), ("pypsa", "PyPSA (its bounds are rows)"))
    for hours in sizes:
        lines += [
            f"| {hours} | {title} | "
            + " | ".join(f"{results[way][hours][key]:,}" for key in ("rows", "columns", "nonzeros"))
            + " |"
            for way, title in (("grid_model", same), *other)
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(results: dict, path: Path) -> None:
    """Seconds and memory by hours; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    colours = {"grid_model": "#c0392b", "numpy": "#7f8c8d", "linopy": "#2471a3", "pypsa": "#1e8449"}
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for panel, (key, scale, title, ticks) in zip(
        panels,
        (("seconds", 1, "seconds", [0.1, 1, 10]), ("peak_mb", 1 / 1024, "peak memory, GB", [0.1, 0.2, 0.5, 1, 2, 4])),
    ):
        for way, sizes in results.items():
            panel.loglog(
                list(sizes),
                [size[key] * scale for size in sizes.values()],
                "o-",
                color=colours[way],
                label=TITLES[way],
                linewidth=2 if way == "grid_model" else 1.2,
            )
        panel.set_xticks(list(results["grid_model"]), [f"{hours:,}" for hours in results["grid_model"]], minor=False)
        panel.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.tick_params(which="minor", labelbottom=False, labelleft=False)
        panel.set(title=title, xlabel="hours, 31 zones")
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", default=sys.executable, help="interpreter that has linopy and PyPSA")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--hours", type=int, nargs="+", default=[168, 720, 2190, 8760])
    options.add_argument("--measure", choices=BUILDERS, help=argparse.SUPPRESS)
    options.add_argument("--solve", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--no-write", action="store_true", help="print only")
    given = options.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure, given.hours[0], given.solve)))
        return
    pythons = {way: given.peers if way in ("linopy", "pypsa") else sys.executable for way in BUILDERS}
    results = compare(pythons, given.hours, given.runs)
    if not given.no_write:
        DOCS.mkdir(exist_ok=True)
        write_table(results, DOCS / "assembly.md", given.runs)
        draw(results, DOCS / "assembly.png")


if __name__ == "__main__":
    main()
