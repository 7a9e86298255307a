"""`grid-model compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson, Verbose
from grid_model.commands.report import Lang, Language
from grid_model.commands.session import session

Folders = Annotated[
    list[Path], typer.Argument(metavar="RESULTS", help="Two or more folders of results.", show_default=False)
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="File to write the whole comparison to as a page.")]


def compare(
    folders: Folders, html: Html = None, lang: Lang = Language.en, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Say how results differ: cost, mix, emissions, scorecard, prices, flows.

    Changes are from the first folder to each later one. Zones, technologies and hours may differ: what a run does not
    have is shown as –, and what differs is said; over different lengths of time, figures are those of a mean day.

    Examples:
      grid-model compare results/china_2027 results/china_2027_high
      grid-model compare results/a results/b results/c --html comparison.html --lang zh
    """
    with session(verbose, as_json):
        from grid_model.commands.comparison import show

        show(folders, html, lang.value, as_json)
