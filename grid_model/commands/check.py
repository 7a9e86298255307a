"""`grid-model check`."""

from __future__ import annotations

from grid_model.commands.options import AsJson, End, Overrides, Scenario, Start, Verbose
from grid_model.commands.session import print_json, session


def check(
    scenario: Scenario,
    start: Start = None,
    end: End = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Read and check a scenario and all its inputs; solve nothing.

    Everything that is wrong is said at once: file, row, column, what was found and what is allowed.

    Examples:
      grid-model check scenarios/china_2027.yaml
      grid-model check scenarios/two_zone.yaml --json
    """
    with session(verbose, as_json):
        from grid_model import formulation, pipeline

        case = pipeline.load_case(scenario, start, end, overrides or ())
        rows = {name: len(table) for name, table in case.tables.items() if len(table)}
        if as_json:
            print_json(
                {
                    "scenario": case.name,
                    "start": str(case.time[0]),
                    "hours": case.hours,
                    "steps": case.steps,
                    "rows": rows,
                    "policies": formulation.policies_of(case),
                }
            )
        else:
            counts = ", ".join(f"{count} {name}" for name, count in rows.items() if name != "technologies")
            print(f"{case.name}: {case.steps} steps from {case.time[0]:%Y-%m-%d %H:%M}; {counts}")
