"""All rules of the market on grids in which what they are about is not there: an answer, and no row of it."""

from __future__ import annotations

import pytest
from small import small_case

import grid_model as gm
from grid_model.errors import SolveError

RULES = {"guaranteed_purchase": {"mode": "exact"}, "green_certificates": {}, "carbon_market": {}, "reserves": {}, "settlement": {}, "scorecard": {}}
PLANT = [{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}]
LOAD = [{"load": "l", "zone": "A", "unserved_cost_cny_per_mwh": 1000}]


@pytest.mark.parametrize(("plants", "loads", "unserved"), [([], LOAD, 100), (PLANT, [], 0)], ids=["no plant", "no load"])
def test_a_grid_without_plant_or_load_has_an_answer(plants, loads, unserved):
    """50 MW for two hours go unserved where there is no plant, which ended in a traceback of the table of guaranteed purchase; without a
    load there is load, of 0 MW, or a command's table and the report would end so."""
    results = gm.solve(small_case(2, generators=plants, loads=loads, series={"load": {"l": 50.0}} if loads else {}, policies=RULES))
    assert results.dispatch["load"].sum() == (100 if loads else 0)
    assert results.energy()["unserved"] == pytest.approx(unserved) and results.summary["audit"]["passed"]


def test_a_grid_of_nothing_is_refused_in_words():
    """HiGHS calls such a programme empty, and the advice was another solve.method."""
    with pytest.raises(SolveError, match="nothing to decide.*a grid needs plant or a load"):
        gm.solve(small_case(2, generators=[], loads=[]))
