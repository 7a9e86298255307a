"""A network of national size, imported from PyPSA and solved: seconds of wall and of CPU by stage, and PyPSA's objective.

    python benchmarks/national_grid.py --folder /some/folder [--compare]

With --compare PyPSA solves it too, and docs/national_grid.csv is written anew; `pypsa_oracle.py --page` shows it.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import grid_model as gm
from grid_model.interop.pypsa_import import import_network

TABLE = Path(__file__).parents[1] / "docs" / "national_grid.csv"
BUSES, LINES, GENERATORS, HOURS = 500, 800, 1400, 24


def network(pypsa, seed: int = 0):
    """Buses in the plane, lines between neighbours, plants of four kinds, pumped storage, loads that peak in the evening."""
    draw = np.random.default_rng(seed)
    grid = pypsa.Network()
    grid.set_snapshots(pd.date_range("2027-01-01", periods=HOURS, freq="h"))
    place = draw.uniform(0, 1000, (BUSES, 2))
    names = np.array([f"bus {number}" for number in range(BUSES)])
    grid.add("Carrier", ["wind", "gas", "coal", "sun", "AC"], co2_emissions=[0, 0.2, 0.34, 0, 0])
    grid.add("Bus", names, v_nom=380.0)
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    start, end = np.triu_indices(BUSES, 1)
    order = np.argsort(distance[start, end])
    tree = pd.Series(range(BUSES))
    chosen = []
    for at in order:  # a spanning tree of short lines, then the shortest others
        one, other = tree[start[at]], tree[end[at]]
        if one != other:
            tree[tree == other] = one
            chosen.append(at)
    chosen += [at for at in order[: 3 * LINES] if at not in set(chosen)][: LINES - len(chosen)]
    length = distance[start[chosen], end[chosen]]
    grid.add("Line", [f"line {number}" for number in range(LINES)], bus0=names[start[chosen]], bus1=names[end[chosen]],
             x=0.25 * length, r=0.03 * length, s_nom=draw.choice([1700.0, 3400.0], LINES))
    shape = 0.75 + 0.25 * np.sin(np.linspace(-2.5, 3.2, HOURS))
    demand = draw.uniform(20, 250, BUSES)
    grid.add("Load", [f"load {name}" for name in names], bus=names, p_set=pd.DataFrame(
        demand[None] * shape[:, None], index=grid.snapshots, columns=[f"load {name}" for name in names]))
    kind = draw.choice(["wind", "sun", "gas", "coal"], GENERATORS)
    plants = [f"plant {number}" for number in range(GENERATORS)]
    cost = np.select([kind == "wind", kind == "sun", kind == "gas"], [0.1, 0.1, 70.0], 40.0) + draw.uniform(0, 15, GENERATORS)
    grid.add("Generator", plants, bus=draw.choice(names, GENERATORS), carrier=kind, p_nom=draw.uniform(20, 300, GENERATORS),
             marginal_cost=cost)
    weather = draw.uniform(0, 1, (HOURS, GENERATORS)) * np.where(kind == "sun", np.maximum(
        0, np.sin(np.linspace(-1.5, 4.7, HOURS)))[:, None], 1.0)
    green = [name for name, one in zip(plants, kind) if one in ("wind", "sun")]
    grid.generators_t.p_max_pu = pd.DataFrame(weather, grid.snapshots, plants)[green]
    grid.add("Generator", [f"rest {name}" for name in names], bus=names, p_nom=1000.0, marginal_cost=1000.0)
    grid.add("StorageUnit", [f"pumped {number}" for number in range(40)], bus=draw.choice(names, 40), p_nom=200.0, max_hours=6.0,
             efficiency_store=0.87, efficiency_dispatch=0.87, cyclic_state_of_charge=True)
    return grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--compare", action="store_true", help="solve with PyPSA too")
    asked = parser.parse_args()
    file = asked.folder / "national.nc"
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.compare or not file.is_file():
        import pypsa

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grid = network(pypsa)
            grid.export_to_netcdf(file)
            if asked.compare:
                grid.optimize(solver_name="highs", log_to_console=False)
                print(f"PyPSA: {grid.objective:,.4f}")
    load, rows = os.getloadavg()[0], []
    before = time.perf_counter(), time.process_time()

    def tell(stage: str) -> None:
        nonlocal before
        now = time.perf_counter(), time.process_time()
        rows.append({"stage": stage, "seconds": now[0] - before[0], "cpu_seconds": now[1] - before[1], "load": load})
        print(f"{stage:10} {rows[-1]['seconds']:6.2f} s, {rows[-1]['cpu_seconds']:6.2f} s of CPU")
        before = now

    scenario = import_network(file, asked.folder / "grid")
    tell("import")
    case = gm.load_case(scenario)
    tell("read")
    results = gm.solve(case)
    tell("solve")
    print(f"ours: {results.summary['objective_cny']:,.4f}; {results.summary['rows']} rows, {results.summary['seconds']}")
    if asked.compare:
        costs = {"pypsa": grid.objective, "ours": results.summary["objective_cny"]}
        pd.DataFrame(rows).assign(**costs).round(4).to_csv(TABLE, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
