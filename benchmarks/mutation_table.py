"""What became of every mutant of the model: a table that trials are entered in, and the page made of it.

    python benchmarks/mutation_table.py        writes docs/mutation.md

docs/mutation.csv                 module, rule, kind, change, count, seen_by (a test; empty for a survivor)
benchmarks/equivalent_mutants.csv module, rule, kind, change, count, reason: mutants that no dispatch can tell from the rule
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[1]
TABLE, EQUIVALENT, PAGE = ROOT / "docs/mutation.csv", ROOT / "benchmarks/equivalent_mutants.csv", ROOT / "docs/mutation.md"
KEY = ("module", "rule", "kind", "change", "count")
Table = dict[tuple[str, ...], str]

LEAD = """# Mutation of the model

`python benchmarks/mutate.py [MODULE ...]` removes or turns one term of one rule at a time (whole rules, added terms, signs,
factors, relations, bounds of columns) in `formulation.py`, `technologies/` and `policies/`. Tests that call the changed
function run until one fails; a mutant that none sees is a survivor. Every mutant with the test that saw it when it was tried last
stands in [mutation.csv](mutation.csv); mutants of rules that have changed since have no row until they are tried. This page is
written by `python benchmarks/mutation_table.py`.
"""


def rule_files(modules=()) -> list[Path]:
    """Files with rules, in the order of the names given; all if none is given."""
    package = ROOT / "grid_model"
    folders = (path for name in ("technologies", "policies") for path in sorted((package / name).glob("*.py")))
    files = {path.stem: path for path in (*folders, package / "formulation.py") if path.stem not in ("__init__", "contract")}
    if unknown := [name for name in modules if name not in files]:
        sys.exit(f"no module with rules: {', '.join(unknown)}")
    return [files[name] for name in modules or files]


def read_table(file: Path) -> Table:
    """The last column by the key of each mutant."""
    if not file.is_file():
        return {}
    with file.open(newline="", encoding="utf-8") as rows:
        return {tuple(row[:len(KEY)]): row[-1] for row in list(csv.reader(rows))[1:]}


def kept(table: Table, module: str, changes: list[Mutant]) -> Table:
    """The table without mutants of a module that are no more."""
    living = {one.key for one in changes}
    return {key: test for key, test in table.items() if key[0] != module or key in living}


def write_table(file: Path, table: Table) -> None:
    with file.open("w", newline="", encoding="utf-8") as rows:
        csv.writer(rows, lineterminator="\n").writerows([(*KEY, "seen_by"), *((*key, test) for key, test in sorted(table.items()))])


def page() -> str:
    """The page: modules with their counts, survivors, equivalent mutants with the reason."""
    ends, reasons = read_table(TABLE), read_table(EQUIVALENT)
    counts, survivors, equivalent, total = [], [], [], [0] * 5
    for path in rule_files():
        here = [one.key for one in mutants(path)]
        same = [key for key in here if key in reasons and not ends.get(key)]
        alive = [key for key in here if ends.get(key) == "" and key not in reasons]
        tried = sum(key in ends for key in here)
        row = [len(here), tried, tried - len(alive) - sum(key in ends for key in same), len(same), len(alive)]
        if here:
            counts.append((path.stem, *row))
        total = [one + other for one, other in zip(total, row, strict=True)]
        survivors += [(f"{key[0]}.{key[1]}", key[2], f"`{key[3]}`") for key in alive]
        equivalent += [(f"{key[0]}.{key[1]}", key[2], f"`{key[3]}`", reasons[key]) for key in same]
    heads = ("module", "mutants", "tried", "seen by a test", "equivalent", "survivors")
    parts = [LEAD, _table(heads, [*counts, ("all", *total)]), "## Survivors\n", _table(("rule", "kind", "change"), survivors) or "None.\n"]
    if equivalent:
        parts += ["## Equivalent mutants\n", _table(("rule", "kind", "change", "why no dispatch can tell"), equivalent)]
    return "\n".join(parts)


def _table(heads, rows) -> str:
    lines = [heads, ["---"] * len(heads), *rows] if rows else []
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
