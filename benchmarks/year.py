"""A long horizon side by side: this project whole, exact from windows, by windows, and PyPSA's rolling horizon.

    python benchmarks/year.py --hours 8760 --methods windows exact pypsa [--rules]

Plain dispatch (the default): the provinces of 2027 without rules and with fleets that start at will, the same network for
PyPSA through `export pypsa`. With --rules all rules and commitment hold; PyPSA has none of them and is left out. Every
method runs in a process of its own; wall and CPU seconds and peak memory are the operating system's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
METHODS = ("windows", "exact", "whole", "pypsa")


def plain(hours: int, rules: bool):
    """The case: the first hours of 2027."""
    import grid_model as gm
    from grid_model import formulation
    from grid_model.technologies import commitment

    end = pd.Timestamp("2027-01-01") + pd.Timedelta(hours=hours)
    off = [] if rules else [f"policies.{policy.NAME}=false" for policy in formulation.POLICIES]
    case = gm.load_case(ROOT / "scenarios/china_2027.yaml", start="2027-01-01", end=end.isoformat(), overrides=off)
    if rules:
        return case
    case = commitment.coarsened(case)
    generators, reservoirs = case.tables["generators"], case.tables["reservoirs"]
    reservoirs = reservoirs[reservoirs["reservoir"].isin(_fed(case))]  # others live from the water of those above them
    dry = set(case.tables["reservoirs"]["generator"]) - set(reservoirs["generator"])
    carried = (generators["technology"] != "solar_thermal") & ~generators["generator"].isin(dry)  # what PyPSA can carry
    kept = generators[carried].reset_index(drop=True)
    kept, series = _on_the_river(kept, case)
    storage = case.tables["storage"].assign(min_cycles_per_day=float("nan"))
    case = case.replace(generators=kept, storage=storage,
                        reservoirs=reservoirs.assign(min_flow_mw=float("nan")).reset_index(drop=True),
                        demand_response=case.tables["demand_response"].iloc[:0], cascade=case.tables["cascade"].iloc[:0])
    return replace(case, series=series)


def _fed(case) -> list:
    """Reservoirs with an inflow of their own."""
    inflow = case.series["inflow"].sum("time").to_series()
    return list(inflow.index[inflow > 0])


def _on_the_river(generators, case):
    """Plants with a monthly budget run evenly on its mean power; budgets are left out."""
    budget = case.series["energy_budget"]
    share = (budget.mean("time").to_series() / generators.set_index("generator")["capacity_mw"]).clip(upper=1.0)
    fraction = generators["generator"].map(share).fillna(generators["max_output_fraction"])
    return generators.assign(max_output_fraction=fraction, emissions_t_per_mwh=0.0), {
        name: array for name, array in case.series.items() if name != "energy_budget"}


def solve(method: str, hours: int, rules: bool) -> dict:
    """Cost and bound of one method, in CNY."""
    if method == "pypsa":
        return _solve_by_pypsa(hours)
    import grid_model as gm

    case = plain(hours, rules)
    settings = case.scenario.solve.model_copy(update={"mode": method, "unique": False, "audit": False, "corrections": int(rules)})
    results = gm.solve(replace(case, scenario=case.scenario.model_copy(update={"solve": settings})))
    return {"cost": results.summary["objective_cny"], "bound": results.summary.get("lower_bound_cny"),
            "rows": results.summary["rows"]}


def _solve_by_pypsa(hours: int) -> dict:
    import logging

    import pypsa

    from grid_model.interop import pypsa_export

    with tempfile.TemporaryDirectory() as folder:
        pypsa_export.export_case(plain(hours, False), Path(folder) / "network.nc")
        network = pypsa.Network(Path(folder) / "network.nc")
    logging.disable(logging.INFO)
    started = time.perf_counter()
    for store in network.storage_units.index:
        network.storage_units.loc[store, "cyclic_state_of_charge"] = False
    network.stores["e_cyclic"] = False
    network.optimize.optimize_with_rolling_horizon(horizon=min(168, hours), overlap=24 if hours > 168 else 0, solver_name="highs",
                                                   solver_options={"output_flag": False})
    cost = float(network.statistics.opex().sum())
    return {"cost": cost, "bound": None, "rows": None, "optimise_seconds": time.perf_counter() - started}


def measure(method: str, hours: int, rules: bool) -> dict:
    """One method in a fresh process."""
    command = [sys.executable, __file__, "--one", method, "--hours", str(hours), *(["--rules"] if rules else [])]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    found = {"method": method, "wall_s": time.perf_counter() - started, "cpu_s": usage.ru_utime + usage.ru_stime,
             "peak_gb": usage.ru_maxrss / 1024**2, "exit": os.waitstatus_to_exitcode(status)}
    return found | (json.loads(output.splitlines()[-1]) if found["exit"] == 0 else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(solve(given.one, given.hours, given.rules)))
        return
    rows = [measure(method, given.hours, given.rules) for method in given.methods if not (given.rules and method == "pypsa")]
    table = pd.DataFrame(rows)
    best = table["cost"].min()
    table["over_best"] = table["cost"] / best - 1
    table["gap"] = 1 - table["bound"] / table["cost"]
    print(table.to_string(index=False, float_format=lambda value: f"{value:.6g}"))


if __name__ == "__main__":
    main()
