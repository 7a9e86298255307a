"""The fixtures that users build their own tests on; conftest.py takes them in as a project of theirs would."""

from __future__ import annotations

from pathlib import Path

import pytest

import grid_model as gm


def test_small_grid_is_an_audited_optimum(small_grid):
    results = small_grid.solve()
    assert results.summary["status"] == "optimal" and results.summary["audit"]
    assert results.summary["seconds"]["solve"] < 1


def test_small_grid_takes_tables_settings_and_scenarios(small_grid):
    """A line of 100 MW instead of 500 leaves the west's wind behind: dearer; one of 1000: cheaper."""
    cost = small_grid.solve().summary["objective_cny"]
    small_grid.table(
        "lines",
        """
        line,from_zone,to_zone,capacity_mw
        West-East,West,East,100
        """,
    )
    assert small_grid.solve().summary["objective_cny"] > cost
    change = "{table: lines, column: capacity_mw, set: 1000}"
    small_grid.scenario_text(f"extends: scenario.yaml\nchanges: [{change}]", "wide.yaml")
    assert small_grid.solve("wide.yaml").summary["objective_cny"] < cost
    assert small_grid.solve("scenario.yaml", "horizon.hours=6").summary["hours"] == 6


def test_small_grid_is_new_in_every_test(small_grid):
    with pytest.raises(gm.InputError):
        small_grid.table("lines", "line\nnowhere")
        small_grid.solve()


def test_a_grid_from_nothing_as_the_docs_say(empty_grid):
    """The example of docs/howto/ci.md, word for word."""
    text = (Path(__file__).parents[1] / "docs" / "howto" / "ci.md").read_text(encoding="utf-8")
    block = next(part for part in text.split("```") if "def test_one_zone" in part).partition("\n")[2]
    names = {}
    exec(block, names)  # noqa: S102 - our own page
    names["test_one_zone"](empty_grid)
