"""Arguments and options that several commands share, so that they are called and explained alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def completed_settings(incomplete: str) -> list[str]:
    """Keys that `--set` takes, for completion in the shell."""
    from grid_model.formulation import SETTINGS
    from grid_model.scenario import Horizon, Solve

    inner = {"horizon": Horizon, "solve": Solve} | {f"policies.{name}": model for name, model in SETTINGS.items()}
    keys = [f"{outer}.{name}=" for outer, model in inner.items() for name in model.model_fields]
    keys += [f"policies.{name}=false" for name in SETTINGS] + ["zones="]
    return [key for key in keys if key.startswith(incomplete)]


Scenario = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file, such as scenarios/two_zone.yaml.", show_default=False)]
ResultsFolder = Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of results, such as results/two_zone.", show_default=False)]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Folder for the results; by default results/NAME of the scenario.")
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="TIME",
        help="First hour instead of the scenario's, such as 2027-01-01 or 2027-01-01T06:00 (Beijing time); its end stays.",
    ),
]
End = Annotated[str | None, typer.Option("--end", metavar="TIME", help="End instead of the scenario's, exclusive.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        autocompletion=completed_settings,
        help="Replace a setting of the scenario, such as solve.method=ipx. May be repeated.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for machines.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what every stage did, with sizes and seconds.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 5 where a target of the scenario's scorecard is missed.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="A running dask cluster that sees the same files, such as tcp://10.0.0.1:8786.",
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="NUMBER", help="Local processes; by default by cores and memory.")
]
