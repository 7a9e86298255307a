"""Random networks solved by PyPSA and, imported, by us: cost to 1e-6, every price, and what is exported again.

    python benchmarks/pypsa_oracle.py --first 10000 --count 500             # goes on where an earlier run stopped
    python benchmarks/pypsa_oracle.py --first 20000 --count 100 --back      # there and back through both
    python benchmarks/pypsa_oracle.py --first 40000 --count 100 --hostile   # the hostile ones, prices and there and back
    python benchmarks/pypsa_oracle.py --page                                # writes docs/pypsa_agreement.md anew

Each network is a row of docs/pypsa_oracle.csv, a hostile one of docs/pypsa_hostile.csv, or of the table that is named;
tests/interop/oracle.py says how prices are compared. Exit 1 where a network differs in anything.
"""

from __future__ import annotations

import argparse
import csv
import logging
import sys
import warnings
from collections import Counter
from pathlib import Path

import pandas as pd
import pypsa

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from interop.hostile_networks import hostile_network, told_by_its_answer  # noqa: E402
from interop.oracle import Comparison, compare  # noqa: E402
from interop.peer import objective_in_pypsa  # noqa: E402
from interop.random_networks import random_network  # noqa: E402

TABLE, HOSTILE, PAGE = (ROOT / "docs" / name for name in ("pypsa_oracle.csv", "pypsa_hostile.csv", "pypsa_agreement.md"))
EXAMPLES, NATIONAL = (ROOT / "docs" / name for name in ("pypsa_examples.csv", "national_grid.csv"))
WITH = {"solve": ", with results and audit"}
COLUMNS = ("seed", "buses", "snapshots", "components", "back", "pypsa", "ours", "again", "home", "prices", "unique", "refused",
           "problems")
COSTS = ("ours", "again", "home")
LISTS = ("generators", "loads", "lines", "transformers", "links", "processes", "storage_units", "stores", "global_constraints")


def hostile(seed: int):
    """A hostile network, tied to its answer where PyPSA has one."""
    network = hostile_network(pypsa, seed)
    if objective_in_pypsa(network) is not None:
        told_by_its_answer(network, seed)
    return network


def row(seed: int, back: bool, draw) -> dict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = draw(seed)
    components = " ".join(f"{name}:{len(getattr(network, name))}" for name in LISTS if len(getattr(network, name)))
    found: Comparison = compare(pypsa, network, prices=draw is hostile or not back, back=back)
    return {"seed": seed, "buses": len(network.buses), "snapshots": len(network.snapshots), "components": components, "back": back,
            "pypsa": found.pypsa, "ours": found.ours, "again": found.again, "home": found.home, "prices": found.prices, "unique": found.unique,
            "refused": "; ".join(found.refused), "problems": " | ".join(found.problems)}


def run(first: int, count: int, back: bool, path: Path, draw) -> bool:
    """Compare the networks of these seeds that the table does not hold, and add them to it; whether one differs."""
    known = set(pd.read_csv(path)["seed"]) if path.is_file() else set()
    differ = False
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not known:
            writer.writeheader()
        for seed in sorted(set(range(first, first + count)) - known):
            found = row(seed, back, draw)
            differ |= bool(found["problems"])
            writer.writerow(found)
            file.flush()
    return differ


def page() -> None:
    """The page in docs, from the tables alone."""
    lines = [
        "# Agreement with PyPSA on random networks", "",
        "Networks of 1 to 6 buses and 1 to 8 snapshots, drawn by `tests/interop/random_networks.py` from seeds that no work",
        f"on the import had looked at, solved by PyPSA {pypsa.__version__} (`linearized_unit_commitment=True`) and, imported, here. Written by",
        "`python benchmarks/pypsa_oracle.py`, every network a row of `pypsa_oracle.csv`.", "", *_figures(TABLE),
        "A price is compared as an interval: the cost of 0.05 MW more and of 0.05 MW less at that bus in PyPSA's own programme, solved",
        "anew by HiGHS, bounds each of its dual prices from both sides, since cost is convex in demand. Ours must lie between; where both",
        "are the same (to 0.2 %) the price is unique.", ""]
    if HOSTILE.is_file():
        lines += [
            "## Hostile ones", "",
            "Drawn by `tests/interop/hostile_networks.py` to be worse: snapshots without dates, weights that differ by purpose, names that look",
            "like numbers or nothing, branches between buses of any carrier, components that are not active, capacities without limit, links and",
            "processes of up to four buses with a delay each. Where PyPSA solves one it is tied to its own answer: set points, levels, sums of",
            "energy and global constraints of every sense that hold there, or bind within 3 %. Every network is a row of `pypsa_hostile.csv`.", "",
            *_figures(HOSTILE)]
    examples = pd.read_csv(EXAMPLES)
    lines += ["## PyPSA's own examples", "",
              "The networks in `examples/` of PyPSA's source distribution, capacities as PyPSA optimises them where they are extendable;",
              "written by `python benchmarks/pypsa_examples.py FILE.nc ...`. Costs of dispatch:", "",
              "| network | buses | branches | generators | snapshots | PyPSA | here | there and back |", "|---|---|---|---|---|---|---|---|",
              *(f"| {one.network} | {one.buses} | {one.branches} | {one.generators} | {one.snapshots} | {one.pypsa:,.4f} | {one.ours:,.4f} | "
                f"{one.back:,.4f} |" for one in examples.itertuples()), ""]
    if NATIONAL.is_file():
        stages = pd.read_csv(NATIONAL)
        one = stages.iloc[0]
        lines += ["## The size of a national grid", "",
                  "500 buses, 800 lines, 1,400 generators, 24 hours, drawn at random; `python benchmarks/national_grid.py --folder DIR --compare`.",
                  f"Load of the machine meanwhile {one.load:.1f} on two cores: where that is more than the cores, seconds of the processor count.",
                  f"Cost: PyPSA {one.pypsa:,.4f}, here {one.ours:,.4f}.", "", "| stage | seconds | CPU seconds |", "|---|---|---|",
                  *(f"| {row.stage}{WITH.get(row.stage, '')} | {row.seconds:.1f} | {row.cpu_seconds:.1f} |" for row in stages.itertuples()),
                  f"| all (asked 20) | {stages.seconds.sum():.1f} | {stages.cpu_seconds.sum():.1f} |", ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def _figures(path: Path) -> list[str]:
    """What the networks of a table come to."""
    table = pd.read_csv(path, keep_default_na=False)
    for name in ("pypsa", *COSTS):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    solved = table[table["pypsa"].notna()]
    apart = {name: ((solved[name] - solved["pypsa"]).abs() / solved["pypsa"].abs().clip(lower=1e3)).max() for name in COSTS}
    bad, again = table[table["problems"] != ""], solved[solved["back"].astype(str) == "True"]
    back = again[again["again"].notna()]
    holding = Counter(part.split(":")[0] for components in table["components"] for part in components.split())
    refused = Counter(reason.split(" of ")[0] for text in again["refused"] if text for reason in set(text.split("; ")))
    lines = [
        "| what | figure |", "|---|---|",
        f"| networks | {len(table)} |",
        f"| solved by PyPSA | {len(solved)}; the other {len(table) - len(solved)} have no dispatch in either |",
        f"| networks that differ in anything | {len(bad)} |",
        f"| largest relative difference of cost (asked 1e-6) | {apart['ours']:.1e} |",
        f"| prices compared, by bus and snapshot | {table['prices'].sum():,} |",
        f"| of these unique, and the same | {table['unique'].sum():,} |",
        f"| there and back: the import exported and solved by PyPSA | {len(back)} of {len(again)} that PyPSA solves; {len(again) - len(back)} refused |",
        f"| largest relative difference of that cost | {apart['again']:.1e} |",
        f"| and home: that file imported once more and solved here | {apart['home']:.1e} |", "",
        "Components: " + ", ".join(f"{name.replace('_', ' ')} in {count}" for name, count in holding.most_common()) + ".", ""]
    if len(bad):
        lines += ["Those that differ:", "", "| seed | what |", "|---|---|", *(f"| {one.seed} | {one.problems} |" for one in bad.itertuples()), ""]
    if refused:
        lines += ["What export refused: " + ", ".join(f"{reason} ({count})" for reason, count in refused.most_common()) + ".", ""]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=10000)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--back", action="store_true")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--table", type=Path, help="where the rows go instead of docs")
    parser.add_argument("--page", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    if asked.hostile:
        differ = run(asked.first, asked.count, True, asked.table or HOSTILE, hostile)
    else:
        differ = run(asked.first, asked.count, asked.back, asked.table or TABLE, lambda seed: random_network(pypsa, seed))
    if asked.page:
        page()
    sys.exit(differ)


if __name__ == "__main__":
    main()
