"""`grid-model audit`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from grid_model.commands.options import AsJson, ResultsFolder, Verbose
from grid_model.commands.session import print_json, print_table, session

StrictNumerics = Annotated[
    bool,
    typer.Option("--strict-numerics", help="Repeat the bound of the cost in exact rational arithmetic (small grids)."),
]


def audit(
    results: ResultsFolder, strict_numerics: StrictNumerics = False, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Check stored results against their inputs, law by law.

    Balance, limits, levels, ramps, losses, costs and the order of purchase are recomputed from the inputs and the
    stored dispatch alone; each law is told with how far it is broken at worst, and where. Then a lower bound of
    the cost is computed from the stored duals: what no dispatch can cost less than.

    Examples:
      grid-model audit results/two_zone
      grid-model audit results/two_zone --strict-numerics
      grid-model audit results/china_2027_week --json
    """
    with session(verbose, as_json):
        from grid_model import pipeline
        from grid_model.results.audit import demand_passed

        found = pipeline.audit_results(results, strict_numerics)
        if as_json:
            print_json(found.to_dict(orient="records"))
        else:
            _print_audit(found)
        demand_passed(found)


def _print_audit(found) -> None:
    table = Table(box=None)
    for heading, side in (
        ("law", "left"),
        ("worst", "right"),
        ("allowed", "right"),
        ("unit", "left"),
        ("where", "left"),
        ("when", "left"),
        ("checked", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=side)
    for row in found.itertuples():
        table.add_row(
            row.law,
            f"{row.worst:.2e}",
            f"{row.tolerance:.0e}",
            row.unit,
            row.where,
            row.when,
            f"{row.checked:,}",
            "holds" if row.passed else f"broken {row.count:,} times",
        )
    print_table(table)
    for item in found.attrs["not_recomputed"]:
        print(f"cost item {item} is of a policy and not recomputed")
