"""`grid-model report`, and the report that a run writes or does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from grid_model.cli import app

SCENARIO = Path(__file__).parents[2] / "scenarios" / "two_zone.yaml"


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_report_of_a_folder_in_chinese(plain_grid, tmp_path):
    folder = plain_grid.save(tmp_path / "two")
    done = call("report", folder, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert '<html lang="zh">' in (folder / "report.html").read_text(encoding="utf-8")


def test_report_of_no_results_is_wrong_input(tmp_path):
    assert call("report", tmp_path).exit_code == 2


@pytest.mark.parametrize(("words", "written"), [
    ((), True), (("--no-report",), False), (("--set", "report=false"), False), (("--set", "report=false", "--report"), True),
])  # fmt: skip
def test_a_run_writes_a_report_unless_told_not_to(tmp_path, words, written):
    done = call(
        "run", SCENARIO, "--out", tmp_path / "out", "--start", "2027-01-01", "--end", "2027-01-01T02:00", *words
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "report.html").exists() is written
