"""`grid-model run`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from grid_model.commands.options import (
    AsJson,
    End,
    Out,
    Overrides,
    Scenario,
    Scheduler,
    Start,
    Strict,
    Verbose,
    Workers,
)
from grid_model.commands.progress import progress, seconds_of_last_run
from grid_model.commands.session import print_json, print_table, session
from grid_model.errors import shown

Report = Annotated[
    bool | None,
    typer.Option("--report/--no-report", help="Write report.html, whatever the scenario says.", show_default=False),
]

Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on from the windows that a run of the very same case left when it was stopped."),
]


def run(
    scenario: Scenario,
    out: Out = None,
    start: Start = None,
    end: End = None,
    overrides: Overrides = None,
    report: Report = None,
    strict: Strict = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Solve a scenario and write its results.

    The results stand in a folder of their own (results/NAME), which appears whole or not at all: the hourly dispatch
    (dispatch.nc), a summary, tables, and a page to look at (report.html). Nothing is written unless the answer is a
    proven optimum (in windows: a dispatch with a proven gap) and passes its audit.

    Examples:
      grid-model run scenarios/two_zone.yaml
      grid-model run scenarios/china_2027.yaml --start 2027-07-01 --end 2027-07-02
      grid-model run scenarios/china_2027_week.yaml --strict
      grid-model run scenarios/china_2027.yaml --resume
      grid-model run scenarios/two_zone.yaml --set solve.method=ipx --out results/ipx
    """
    with session(verbose, as_json):
        from grid_model import pipeline

        expected = None if as_json else seconds_of_last_run(scenario, start, end, overrides or (), out)
        with progress(quiet=as_json, expected=expected) as told:
            results = pipeline.run(
                scenario, out, start, end, overrides or (), told, report, strict, workers, scheduler, resume
            )
        if as_json:
            print_json(results.summary)
        else:
            _print_summary(results)


def _how_good(summary: dict) -> str:
    if "gap" not in summary:
        return "by windows, without a bound"
    from grid_model.report.view import percent

    gap = percent(summary["gap"])
    return f"proven to within {gap}" if summary["status"] == "optimal" else f"by windows, at most {gap} above the optimum"


def _print_summary(results) -> None:
    summary, costs = results.summary, results.dispatch["objective"]
    currency = results.dispatch["price"].attrs["units"].split("/")[0]
    table = Table(show_header=False, box=None)
    hours = f"{summary['hours']:g} h from {summary['start']}"
    table.add_row("scenario", f"{summary['scenario']}: {hours}, {summary['zones']} zones")
    proven = _how_good(summary)
    table.add_row("cost", f"{summary['objective_cny']:,.0f} {currency}, {proven}")
    for item, value in zip(costs["item"].values, costs.values, strict=True):
        if value:
            table.add_row(f"  {item}", f"{value:z,.0f} {currency}")
    energy = results.energy()
    large = max(energy.values()) >= 1e6
    for name, value in energy.items():
        table.add_row(name, f"{value / 1e6:z,.3f} TWh" if large else f"{value:z,.0f} MWh")
    size = f"{summary['rows']:,} rows, {summary['columns']:,} columns, {summary['nonzeros']:,} non-zeros"
    table.add_row("programme", size)
    seconds = summary["seconds"]
    table.add_row(
        "seconds",
        ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items())
        + f"; {summary['peak_memory_mb']:,.0f} MB",
    )
    table.add_row("results", shown(results.folder))
    print_table(table)
