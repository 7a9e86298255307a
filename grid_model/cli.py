"""The command line: parse, call, print. Exit codes: 0 solved, 2 wrong input, 3 infeasible, 4 no optimum, 5 audit or target."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from grid_model import pipeline
from grid_model.errors import GridModelError
from grid_model.interop import pypsa_export, pypsa_import
from grid_model.results.audit import demand_passed

app = typer.Typer(add_completion=True, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False,
                  help="Hourly dispatch of a power system and its storage, with the rules of China's market.")
import_app = typer.Typer(no_args_is_help=True, help="Make a scenario from another model's network.")
export_app = typer.Typer(no_args_is_help=True, help="Write a scenario as another model's network.")
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")

Scenario = Annotated[Path, typer.Argument(help="Scenario file, such as scenarios/china_2027_week.yaml.", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results; by default results/<scenario>.")]
Start = Annotated[str | None, typer.Option("--start", help="First hour, such as 2027-01-01 (Beijing time).")]
End = Annotated[str | None, typer.Option("--end", help="End of the horizon, exclusive.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="Replace a setting: key.inner=value. May be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON, for machines.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every stage with sizes and seconds.")]


@app.command()
def run(scenario: Scenario, out: Out = None, start: Start = None, end: End = None, overrides: Overrides = None,
        as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Solve a scenario and write its results.

    Example: grid-model run scenarios/china_2027_week.yaml --set solve.method=ipx
    """
    with _errors(verbose), _progress(quiet=as_json) as progress:
        results = pipeline.run(scenario, out, start, end, overrides or (), progress)
    if as_json:
        print(json.dumps(results.summary, ensure_ascii=False, indent=2))
    else:
        _print_summary(results)


@app.command()
def check(scenario: Scenario, start: Start = None, end: End = None, overrides: Overrides = None, verbose: Verbose = False) -> None:
    """Read and check a scenario and all its inputs; solve nothing.

    Example: grid-model check scenarios/china_2027.yaml
    """
    with _errors(verbose):
        case = pipeline.load_case(scenario, start, end, overrides or ())
    rows = ", ".join(f"{len(table)} {name}" for name, table in case.tables.items() if len(table) and name != "technologies")
    print(f"{case.name}: {case.steps} steps from {case.time[0]:%Y-%m-%d %H:%M}; {rows}")


@app.command("audit")
def audit_command(results: Annotated[Path, typer.Argument(help="Folder of results.", show_default=False)],
                  as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Check stored results against their inputs, law by law: balance, limits, levels, ramps, losses, costs, order of purchase.

    Example: grid-model audit results/china_2027_week
    """
    with _errors(verbose):
        found = pipeline.audit_results(results)
        if as_json:
            print(found.to_json(orient="records", force_ascii=False, indent=2))
        else:
            _print_audit(found)
        demand_passed(found)


@import_app.command("pypsa")
def import_pypsa(
        network: Annotated[Path, typer.Argument(help="A netCDF file written by PyPSA.", show_default=False)],
        folder: Annotated[Path, typer.Argument(help="Folder for scenario.yaml and its inputs.", show_default=False)],
        fix_capacities: Annotated[str | None, typer.Option(
            "--fix-capacities", help="What extendable components have: nominal or optimised capacity.")] = None,
        verbose: Verbose = False) -> None:
    """Write a scenario and its inputs from a network of PyPSA; what cannot be carried is listed, and nothing written.

    Committable generators are carried as linearised commitment. Example: grid-model import pypsa network.nc my_grid
    """
    with _errors(verbose):
        scenario = pypsa_import.import_network(network, folder, fix_capacities)
    print(f"wrote {scenario} and its inputs; run it with: grid-model run {scenario}")


@export_app.command("pypsa")
def export_pypsa(
        scenario: Scenario, network: Annotated[Path, typer.Argument(help="The netCDF file to write.", show_default=False)],
        start: Start = None, end: End = None, overrides: Overrides = None, verbose: Verbose = False) -> None:
    """Write a scenario as a netCDF file that PyPSA opens; what cannot be carried is listed, and nothing written.

    Example: grid-model export pypsa scenarios/two_zone.yaml two_zone.nc
    """
    with _errors(verbose):
        pypsa_export.export_case(pipeline.load_case(scenario, start, end, overrides or ()), network)
    print(f"wrote {network}")


def main() -> None:
    """Entry point of `grid-model`."""
    app(prog_name="grid-model")


@contextmanager
def _errors(verbose: bool):
    """Errors become one clear message and an exit code; anything else is a fault of the program and shows itself."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s", force=True,
                        handlers=[RichHandler(console=Console(stderr=True), show_path=False, show_time=False)])
    try:
        yield
    except GridModelError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        raise typer.Exit(130) from None


@contextmanager
def _progress(quiet: bool):
    """A line that tells stage, time and what the solver says; None where nobody looks."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TextColumn("{task.fields[line]}"),
                  console=console, transient=True) as bar:
        task = bar.add_task("read", total=None, line="")
        yield lambda stage, _, line: bar.update(task, description=stage, line=line[:80])


def _print_summary(results) -> None:
    summary, costs = results.summary, results.dispatch["objective"]
    currency = results.dispatch["price"].attrs["units"].split("/")[0]
    table = Table(show_header=False, box=None)
    table.add_row("scenario", f"{summary['scenario']}: {summary['hours']:g} h from {summary['start']}, {summary['zones']} zones")
    table.add_row("cost", f"{summary['objective_cny']:,.0f} {currency}, proven to within {max(summary['gap'], 0):.1e}")
    for item, value in zip(costs["item"].values, costs.values):
        if value:
            table.add_row(f"  {item}", f"{value:,.0f} {currency}")
    energy = results.energy()
    for name, value in energy.items():
        table.add_row(name, f"{value / 1e6:,.3f} TWh")
    table.add_row("programme", f"{summary['rows']:,} rows, {summary['columns']:,} columns, {summary['nonzeros']:,} non-zeros")
    seconds = summary["seconds"]
    table.add_row("seconds", ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items())
                  + f"; {summary['peak_memory_mb']:,.0f} MB")
    table.add_row("results", str(results.folder))
    Console().print(table)


def _print_audit(found) -> None:
    table = Table(box=None)
    for heading, side in (("law", "left"), ("worst", "right"), ("allowed", "right"), ("unit", "left"), ("where", "left"),
                          ("when", "left"), ("checked", "right"), ("", "left")):
        table.add_column(heading, justify=side, no_wrap=True)
    for row in found.itertuples():
        table.add_row(row.law, f"{row.worst:.2e}", f"{row.tolerance:.0e}", row.unit, row.where, row.when, f"{row.checked:,}",
                      "holds" if row.passed else f"broken {row.count:,} times")
    Console(width=max(Console().width, 170)).print(table)
    for item in found.attrs["not_recomputed"]:
        print(f"cost item {item} is of a policy and not recomputed")
