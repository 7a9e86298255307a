"""`grid-model report`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grid_model.commands.options import AsJson, ResultsFolder, Verbose
from grid_model.commands.session import print_json, session


class Language(StrEnum):
    """Languages that a report opens in."""

    en = "en"
    zh = "zh"


Lang = Annotated[Language, typer.Option("--lang", metavar="en|zh", help="Language that the page opens in; it has a switch for both.")]
File = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write; by default report.html beside the results.")]


def report(
    results: ResultsFolder,
    lang: Lang = Language.en,
    out: File = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write results as one page to look at: dispatch, map, storage, certificates, carbon, settlement, proof.

    The page is one file of HTML that opens without a network, in English and Chinese. Every run writes it, unless its
    scenario says `report: false` or the command `--no-report`.

    Examples:
      grid-model report results/two_zone
      grid-model report results/two_zone --lang zh --out two_zone.html
    """
    with session(verbose, as_json):
        from grid_model.report.page import write_report
        from grid_model.results.results import open_results

        written = write_report(open_results(results), out, lang.value)
        if as_json:
            print_json({"report": str(written), "bytes": written.stat().st_size})
        else:
            print(f"wrote {written}, {written.stat().st_size / 1e6:.1f} MB")
