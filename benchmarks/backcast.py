"""The year 2024 against what was published: docs/backcast_*.csv and plots.

    python benchmarks/backcast.py [RESULTS] [--step-hours 4]

With RESULTS, a folder of a finished run of scenarios/china_2024.yaml, only compares. Without, the year is solved month by
month at `step-hours`, without unit commitment and without ranks, which two cores do in minutes; reservoirs then end every
month as they began the year.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import grid_model as gm
from grid_model.errors import SolveError
from grid_model.report.validation import compare, verdict
from grid_model.report.validation_plots import plot_nation, plot_provinces

ROOT = Path(__file__).resolve().parent.parent
SCENARIO, OBSERVED, DOCS = ROOT / "scenarios" / "china_2024.yaml", ROOT / "inputs" / "china" / "observed", ROOT / "docs"
LEFT_OUT = ("guaranteed_purchase", "self_use", "storage_place", "green_load", "green_corridor", "settlement")
KEPT = ("generation", "available", "curtailment", "flow", "loss", "load", "unserved", "charge", "discharge", "price")


def plain_case(step_hours: float):
    """The year without commitment: no start costs and minimum times, no floor of condensing units."""
    overrides = [f"policies.{name}=false" for name in LEFT_OUT] + ["solve.unique=false", "solve.audit=false"]
    case = gm.load_case(SCENARIO, overrides=overrides)
    generators = case.tables["generators"].assign(start_cost_cny_per_mw=0.0, min_up_hours=0.0, min_down_hours=0.0)
    condensing = generators["technology"].isin(["coal", "gas"])
    generators["min_output_fraction"] = generators["min_output_fraction"].mask(condensing, 0.0)
    return case.replace(generators=generators).coarsen(step_hours)


def solve_month(case) -> xr.Dataset:
    """By simplex, and by interior point where simplex gives up."""
    try:
        dispatch = gm.solve(case).dispatch
    except SolveError:
        solve = case.scenario.solve.model_copy(update={"method": "ipx"})
        dispatch = gm.solve(case.replace(scenario=case.scenario.model_copy(update={"solve": solve}))).dispatch
    return dispatch[[name for name in KEPT if name in dispatch]]


def solve_year(step_hours: float) -> xr.Dataset:
    case = plain_case(step_hours)
    months = []
    for month in range(len(case.months)):
        steps = np.flatnonzero(case.month_of_step == month)
        months.append(solve_month(case.select(steps[0], steps[-1] + 1)))
        print(case.months[month].strftime("%Y-%m"), flush=True)
    year = xr.concat(months, "time", data_vars="minimal", coords="minimal", compat="override", join="override")
    return year.assign_coords(step_hours=("time", np.asarray(case.step_hours)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?")
    parser.add_argument("--step-hours", type=float, default=4.0)
    given = parser.parse_args()
    dispatch = gm.open_results(given.results).dispatch if given.results else solve_year(given.step_hours)
    tables = compare(dispatch, OBSERVED)
    for name, table in (tables | {"aims": verdict(tables)}).items():
        table.round(2).to_csv(DOCS / f"backcast_{name}.csv", index=False, lineterminator="\n")
    plot_nation(tables, DOCS / "backcast_nation.png")
    plot_provinces(tables, DOCS / "backcast_provinces.png")
    print(verdict(tables).to_string(index=False))


if __name__ == "__main__":
    main()
