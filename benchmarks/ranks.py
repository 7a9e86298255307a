"""What the order of purchase costs: the week of 2027 plain, with weights, and exactly, in CPU seconds of one process.

    python -m benchmarks.ranks [--scenario scenarios/china_2027_week.yaml] [--days 7] [--write]

plain     no ranks: the cost alone, any of its optimal dispatches
weighted  ranks by weights, proven by one basis
exact     ranks one before the other, proven by one basis or rank by rank
full      exact, the one dispatch of all that cost the same, and nothing that runs against itself: what a run does

Model and programme are built anew for each; solving alone is timed, by the processor's clock, so that other work on the machine
counts little. `--write` puts the table into docs/performance.md between its two marks.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import pandas as pd

import grid_model as gm
from grid_model.algebra import compile_program
from grid_model.solve.solved import solve_model

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- ranks -->", "<!-- end of ranks -->"
EITHER = ["solve.unique=false", "solve.one_way=false"]
WAYS = {
    "plain": ["policies.guaranteed_purchase=false", *EITHER],
    "weighted": ["policies.guaranteed_purchase.mode=weighted", *EITHER],
    "exact": ["policies.guaranteed_purchase.mode=exact", *EITHER],
    "full": ["policies.guaranteed_purchase.mode=exact"],
}
ASKED = {"weighted": 1.3, "exact": 2.5}


def measure(scenario: str, days: float, ways) -> pd.DataFrame:
    rows = []
    for way in ways:
        case = gm.load_case(scenario, overrides=[f"horizon.hours={days * 24:g}", *WAYS[way]])
        model = gm.build_model(case)
        program = compile_program(model)
        started = time.process_time()
        solved = solve_model(case, model, program)
        rows.append({"solve": way, "rows": program.matrix.shape[0], "CPU seconds": time.process_time() - started,
                     "cost, million CNY": solved.solution.objective, "proof": solved.proof, "directions fixed": solved.directions["fixed"],
                     "rounds": solved.directions["rounds"]})
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table.insert(3, "times plain", table["CPU seconds"] / table["CPU seconds"].iloc[0])
    table.insert(4, "asked", [f"{ASKED[way]:g}" if way in ASKED else "" for way in table["solve"]])
    return table


def markdown(table: pd.DataFrame) -> str:
    shown = table.assign(**{"rows": table["rows"].map("{:,}".format), "CPU seconds": table["CPU seconds"].map("{:.1f}".format),
                            "times plain": table["times plain"].map("{:.2f}".format),
                            "cost, million CNY": table["cost, million CNY"].map("{:,.4f}".format)}).astype(str)
    lines = [shown.columns, ["---"] * shown.shape[1], *shown.to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="scenarios/china_2027_week.yaml")
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    table = markdown(measure(given.scenario, given.days, given.ways))
    print(table)
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
