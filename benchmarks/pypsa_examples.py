"""PyPSA's own example networks, capacities as PyPSA chooses them: its cost of dispatch, ours, and there and back.

    python benchmarks/pypsa_examples.py FILE.nc ...     # writes docs/pypsa_examples.csv

The files are those of `examples/` in PyPSA's source distribution (0.30.3). What is extendable is optimised by PyPSA first, and then fixed.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pypsa

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from interop.peer import objective_in_pypsa  # noqa: E402

import grid_model as gm  # noqa: E402
from grid_model.interop.pypsa_export import export_case  # noqa: E402
from grid_model.interop.pypsa_import import import_network  # noqa: E402

TABLE = ROOT / "docs" / "pypsa_examples.csv"


def compare(file: Path, folder: Path) -> dict:
    network = pypsa.Network(file)
    if any(component.static.filter(like="_extendable").any(axis=None) for component in network.components):
        objective_in_pypsa(network)
        network.optimize.fix_optimal_capacities()
    network.export_to_netcdf(folder / "network.nc")
    expected = objective_in_pypsa(network)
    started = time.perf_counter()
    case = gm.load_case(import_network(folder / "network.nc", folder / "grid", "optimised"))
    results = gm.solve(case)
    seconds = time.perf_counter() - started
    back = objective_in_pypsa(pypsa.Network(export_case(case, folder / "again.nc")))
    return {
        "network": file.stem,
        "buses": len(network.buses),
        "branches": len(network.lines) + len(network.transformers) + len(network.links),
        "generators": len(network.generators),
        "snapshots": len(network.snapshots),
        "pypsa": expected,
        "ours": results.summary["objective_cny"],
        "back": back,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    rows = []
    for file in parser.parse_args().files:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compare(file, Path(folder)))
            print(rows[-1], flush=True)
    with open(TABLE, "w", newline="", encoding="utf-8") as written:
        writer = csv.DictWriter(written, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
