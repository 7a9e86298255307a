"""`grid-model sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from grid_model.commands.options import AsJson, Scheduler, Verbose, Workers
from grid_model.commands.progress import progress
from grid_model.commands.session import print_json, print_table, session

SweepFile = Annotated[
    Path,
    typer.Argument(metavar="SWEEP", help="Sweep file, such as scenarios/sweeps/two_zone.yaml.", show_default=False),
]
Folder = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Folder for everything; by default results/NAME of the sweep.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Keep cases whose results are whole and of the same scenario, inputs and versions."),
]
MOST_ROWS = 40


def sweep(
    file: SweepFile,
    out: Folder = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Solve a scenario for every combination of some of its settings.

    A sweep file names a scenario and the values of any of its keys. Each combination is a case with a folder of results
    of its own (results/SWEEP/CASE); cases.csv lists them all, with what went wrong where something did, and sweep.zarr
    holds the headline figures over the axes for xarray. Cases are solved side by side, by processes of this machine or
    by a dask cluster. Without --resume every case is solved anew. The exit code is the worst of the cases.

    Examples:
      grid-model sweep scenarios/sweeps/two_zone.yaml
      grid-model sweep scenarios/sweeps/two_zone.yaml --resume --workers 2
      grid-model sweep scenarios/sweeps/two_zone.yaml --scheduler tcp://10.0.0.1:8786 --out /shared/two_zone
    """
    with session(verbose, as_json, stopped="stopped; what was solved is kept, --resume goes on"):
        from grid_model.sweep import run_sweep

        with progress(quiet=as_json) as told:
            found = run_sweep(file, out, scheduler, resume, workers, told)
        if as_json:
            rows = found.cases.astype(object).where(found.cases.notna(), None).to_dict("records")
            print_json(
                {
                    "sweep": found.dataset.attrs["title"],
                    "folder": str(found.folder),
                    "exit_code": found.exit_code,
                    "cases": rows,
                }
            )
        else:
            _print(found)
        if found.exit_code:
            raise typer.Exit(found.exit_code)


def _print(found) -> None:
    solved = (found.cases["status"] == "solved").sum()
    table = Table(box=None)
    for heading in ("case", "status", "cost", "seconds", ""):
        table.add_column(heading, justify="right" if heading in ("cost", "seconds") else "left")
    failed_first = found.cases.sort_values("status", kind="stable")
    for row in failed_first.head(MOST_ROWS).to_dict("records"):
        figures = (f"{row['cost_cny']:,.0f}", f"{row['seconds']:.1f}") if row["status"] == "solved" else ("", "")
        table.add_row(
            escape(row["case"]),
            row["status"] + " before" * row["resumed"],
            *figures,
            escape(" ".join((row["error"], row["message"]))),
        )
    print_table(table)
    if len(found.cases) > MOST_ROWS:
        print(f"{len(found.cases) - MOST_ROWS} more in {found.folder / 'cases.csv'}")
    print(f"{solved} of {len(found.cases)} solved; everything stands in {found.folder}")
