"""Random networks solved by PyPSA and, imported, by us: how many agree to 1e-6, and the seeds of those that do not.

    python benchmarks/pypsa_oracle.py --first 0 --count 500
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import pypsa

import grid_model as gm
from grid_model.interop.pypsa_import import import_network

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from interop.peer import objective_in_pypsa  # noqa: E402
from interop.random_networks import random_network  # noqa: E402


def compare(seed: int) -> tuple[str, float | None, float | None]:
    """How a network fares: agrees, none has a dispatch, differs, or what stopped it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = random_network(pypsa, seed)
        network.export_to_netcdf(Path(folder) / "network.nc")
        expected = objective_in_pypsa(network)
        try:
            results = gm.solve(gm.load_case(import_network(Path(folder) / "network.nc", Path(folder) / "grid")))
        except gm.InfeasibleError:
            return ("none" if expected is None else "differs"), expected, None
        except Exception as error:  # noqa: BLE001 - whatever stops one network is listed, and the next is tried
            return f"{type(error).__name__}: {error}"[:400], expected, None
    cost = results.summary["objective_cny"]
    if expected is None:
        return ("none" if float(results.dispatch["unserved"].sum()) > 0 else "differs"), None, cost
    return ("agrees" if abs(cost - expected) <= 1e-6 * max(abs(expected), 1e3) else "differs"), expected, cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    asked = parser.parse_args()
    found = {"agrees": 0, "none": 0}
    for seed in range(asked.first, asked.first + asked.count):
        what, expected, cost = compare(seed)
        if what in found:
            found[what] += 1
        else:
            print(f"seed {seed}: {what}: PyPSA {expected}, ours {cost}", flush=True)
    print(f"{asked.count} networks: {found['agrees']} agree, {found['none']} have no dispatch in either", flush=True)


if __name__ == "__main__":
    main()
