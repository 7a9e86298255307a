"""`grid-model explain`."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson, Verbose
from grid_model.commands.progress import progress
from grid_model.commands.session import print_json, session
from grid_model.errors import GridModelError, InfeasibleError


def completed_zones(ctx: typer.Context, incomplete: str) -> list[str]:
    """Zones of the results or the scenario that was named before, for completion in the shell."""
    from grid_model.scenario_loading import load_scenario

    try:
        source = Path((*ctx.args, ctx.params.get("source"))[0])  # an option that still lacks its value ends the reading of arguments
        scenario = load_scenario(source / "scenario.yaml" if source.is_dir() else source)
        with (scenario.inputs / "zones.csv").open(encoding="utf-8-sig", newline="") as file:
            zones = scenario.zones or [row["zone"] for row in csv.DictReader(file)]
    except (GridModelError, OSError, KeyError, TypeError, ValueError):  # said by the command itself
        return []
    return [zone for zone in zones if zone.startswith(incomplete)]


Source = Annotated[
    Path, typer.Argument(metavar="RESULTS|SCENARIO", help="Folder of results, or a scenario file.", show_default=False)
]
Zone = Annotated[
    str | None, typer.Option("--zone", metavar="ZONE", autocompletion=completed_zones, help="A zone, such as Qinghai.")
]
Time = Annotated[
    str | None, typer.Option("--time", metavar="TIME", help="A time, such as 2027-01-01T18:00 (Beijing time).")
]


def explain(source: Source, zone: Zone = None, time: Time = None, as_json: AsJson = False, verbose: Verbose = False):
    """Say why: why this price, why this energy was not taken, why this load was not served, why a case is infeasible.

    Of results: the price of a zone at a time with its parts, which add up to it. Without a zone or a time, the hours
    worth explaining: the highest and lowest price, the most curtailment, all that was not served. Of a scenario: which
    rules cannot hold together and what would mend it, or that it is feasible; with a zone or a time it is solved first.

    Examples:
      grid-model explain results/two_zone
      grid-model explain results/two_zone --zone East --time 2027-01-01T18:00
      grid-model explain scenarios/two_zone.yaml
    """
    with session(verbose, as_json):
        from grid_model import pipeline
        from grid_model.results.results import open_results

        if not source.is_dir() and zone is None and time is None:
            _feasibility(source, as_json)
            return
        with progress(quiet=as_json) as shown:
            results = open_results(source) if source.is_dir() else pipeline.solve(pipeline.load_case(source), shown)
            found = pipeline.explain_results(results, zone, time)
        if as_json:
            print_json([asdict(one) for one in found])
        else:
            print(found)


def _feasibility(scenario: Path, as_json: bool) -> None:
    """Say whether all rules of a scenario can hold together; exit as an infeasible run does where they cannot."""
    from grid_model import pipeline

    case = pipeline.load_case(scenario)
    try:
        with progress(quiet=as_json) as shown:
            pipeline.demand_feasible(case, shown)
    except InfeasibleError as error:
        if as_json:
            print_json({"scenario": case.name, "feasible": False, "conflicts": [asdict(one) for one in error.findings]})
        else:
            print(f"{case.name}: {error}")
        raise typer.Exit(error.exit_code) from None
    if as_json:
        print_json({"scenario": case.name, "feasible": True, "conflicts": []})
    else:
        print(f"{case.name} is feasible: all its rules can hold together")
