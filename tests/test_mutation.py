"""The mutants themselves: a rule that is changed is seen by its tests."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from mutants import mutants  # noqa: E402
from mutation_table import rule_files  # noqa: E402


@pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forks")
def test_a_changed_rule_is_seen(tmp_path):
    """One change of each rule of capture. Once the tests froze what was collected before, no change was in place and all survived."""
    done = subprocess.run([sys.executable, "benchmarks/mutate.py", "capture", "--each", "1", "--near", "--table", tmp_path / "table.csv"],
                          cwd=ROOT, capture_output=True, text=True)
    with open(tmp_path / "table.csv", encoding="utf-8") as file:
        seen = {row["rule"]: row["seen_by"] for row in csv.DictReader(file)}
    assert set(seen) == {"energy_used", "most_captured"} and all(name.startswith("technologies/test_capture") for name in seen.values())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: path.stem)
def test_every_changed_function_is_one_that_tests_can_call(path):
    """By the name that its code has: what no test seems to call is tried on none, and survives."""
    codes, names = [compile(path.read_text(encoding="utf-8"), str(path), "exec")], set()
    while codes:
        code = codes.pop()
        names.add(code.co_qualname)
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
    assert {mutant.function for mutant in mutants(path)} <= names
