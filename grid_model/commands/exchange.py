"""`grid-model import` and `export`: networks of other models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson, End, Overrides, Scenario, Start, Verbose
from grid_model.commands.session import print_json, session


def import_pypsa(
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="netCDF file of a network of PyPSA.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder for scenario.yaml and its inputs.", show_default=False)],
    fix_capacities: Annotated[
        str | None,
        typer.Option(
            "--fix-capacities", metavar="nominal|optimised", help="Which capacity extendable components have: p_nom or p_nom_opt."
        ),
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write a scenario and its inputs from a network of PyPSA.

    What cannot be carried is listed, all of it, and then nothing is written. Committable generators become linearised
    commitment.

    Examples:
      grid-model import pypsa network.nc my_grid
      grid-model import pypsa network.nc my_grid --fix-capacities optimised
    """
    with session(verbose, as_json, stopped="stopped; what was written so far has no scenario.yaml and is no grid: import again"):
        from grid_model.interop import pypsa_import

        scenario = pypsa_import.import_network(network, folder, fix_capacities)
        said = f"wrote {scenario} and its inputs; run it with: grid-model run {scenario}"
        _wrote("scenario", scenario, said, as_json)


def export_pypsa(
    scenario: Scenario,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="netCDF file to write, which PyPSA opens.", show_default=False)],
    start: Start = None,
    end: End = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write a scenario as a network that PyPSA opens.

    What cannot be carried is listed, all of it, and then nothing is written. Of the rules of the market PyPSA has energy limits
    only: --set policies.NAME=false switches another off.

    Examples:
      grid-model export pypsa scenarios/three_bus_loop.yaml three_bus_loop.nc
      grid-model export pypsa my_grid/scenario.yaml my_grid.nc --set policies.guaranteed_purchase=false
    """
    with session(verbose, as_json):
        from grid_model import pipeline
        from grid_model.interop import pypsa_export

        pypsa_export.export_case(pipeline.load_case(scenario, start, end, overrides or ()), network)
        _wrote("network", network, f"wrote {network}", as_json)


def _wrote(what: str, path: Path, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json({what: str(path)})
    else:
        print(sentence)
