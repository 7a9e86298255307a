"""What is not served and what is reduced are parts of one load: no zone without power delivers any."""

from __future__ import annotations

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_case, solved

import grid_model as gm
from grid_model.results.audit import audit

LINE = [{"line": "l", "from_zone": "A", "to_zone": "B", "capacity_mw": 1000}]


def dark(*programmes, load=100.0, own=()):
    """A without any plant and with programmes, a line, B with a load of 500 MW and nothing else."""
    loads = {"a": load, "b": 500, **dict(own)}
    return small_case(1, loads=[{"load": name, "zone": "B" if name == "b" else "A", "unserved_cost_cny_per_mwh": cost}
                                for name, cost in zip(loads, (1000, 3000, 1000, 1000), strict=False)],
                      series={"load": loads}, lines=LINE,
                      demand_response=[{"zone": "A", "programme": f"p{number}", "cost_cny_per_mwh": 10 + number, **programme}
                                       for number, programme in enumerate(programmes)])


def test_a_dark_zone_delivers_nothing():
    """A load of 100 MW in A, 500 in B where it is worth three times as much, no plant, 60 MW of shed in A: to shed 60 MW and
    serve the other 40 from nowhere is not possible either, so A delivers nothing: 60 MW reduced, 40 not served. Without
    the law 60 MW would be reduced, all 100 not served, and 60 MW from nothing be sent to B."""
    result = solved(dark({"kind": "shed", "power_mw": 60}))
    assert result.value("transmission.report_flow") == pytest.approx(0)
    assert result.value("loads.unserved")[:, 0] * 1e3 == pytest.approx([40, 500])
    assert result.objective == pytest.approx(60 * 10 + 40 * 1000 + 500 * 3000)
    assert_same_as_concrete(dark({"kind": "shed", "power_mw": 60}))


def test_orderly_use_is_a_part_of_the_load_too():
    """60 MW of shed and 80 of orderly use on 100 MW: 60 and 40, and nothing is left to be unserved. Without the law orderly use would
    give all its 80."""
    result = solved(dark({"kind": "shed", "power_mw": 60}, {"kind": "orderly_use", "power_mw": 80}))
    assert result.value("demand_response.reduced")[:, 0] * 1e3 == pytest.approx([60, 40])
    assert result.value("loads.unserved")[:, 0] * 1e3 == pytest.approx([0, 500])


def test_one_load_is_not_cut_for_another():
    """The smelter of 30 MW gives 30 MW by its own programme; it cannot be unserved as well, though 70 MW of base stand in the same
    zone, served by the 70 MW plant there. Without its own row 30 MW more would go to B."""
    case = small_case(1, loads=[{"load": name, "zone": zone, "unserved_cost_cny_per_mwh": cost}
                                for name, zone, cost in (("a", "A", 4000), ("b", "B", 3000), ("smelter", "A", 1000))],
                      series={"load": {"a": 70, "b": 500, "smelter": 30}}, lines=LINE,
                      generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 70}],
                      demand_response=[{"zone": "A", "programme": "p", "cost_cny_per_mwh": 10, "kind": "interruptible",
                                        "power_mw": 30, "load": "smelter"}])
    result = solved(case)
    assert set(result.program.rows) >= {"consumption.of_load"} and "consumption.of_zone" not in result.program.rows
    assert result.value("transmission.report_flow") == pytest.approx(0)
    assert result.value("loads.unserved")[:, 0] * 1e3 == pytest.approx([0, 500, 0])


def test_what_a_load_injects_can_not_be_taken_off():
    """A load that injects 50 MW beside one of 100 MW: 100 MW may be reduced or unserved, and the 50 go to B. Without the law 100 would,
    half of them from nothing."""
    case = dark({"kind": "shed", "power_mw": 500}, own=[("roofs", -50)])
    result = solved(case)
    assert result.value("transmission.report_flow") * 1e3 == pytest.approx(np.array([[50.0]]))
    assert gm.solve(case).summary["audit"]["passed"]


def test_no_rows_where_there_are_no_programmes():
    assert not [name for name in solved(dark()).program.rows if name.startswith("consumption")]


def test_audit_sees_a_zone_that_delivers_from_nothing():
    """One MW more unserved than is left after what is reduced."""
    case = dark({"kind": "shed", "power_mw": 60, "load": "a"})
    results = gm.solve(case)
    dispatch = results.dispatch.copy(deep=True)
    dispatch["unserved_demand"][0, 0] += 1
    found = audit(case, dispatch).set_index("law")
    for law in ("unserved and reduced within the load of the zone", "unserved and reduced within the one load"):
        assert found.loc[law, "worst"] == pytest.approx(1) and not found.loc[law, "passed"]


@settings(max_examples=15)
@given(st.data())
def test_no_zone_delivers_more_than_it_has(data):
    """Random powers of programmes of a zone and of a load, plants and loads: what leaves A is no more than its plant gives."""
    number, power = st.integers(0, 120), data.draw(st.integers(0, 80))
    case = small_case(
        1, loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B", "unserved_cost_cny_per_mwh": 60000}, {"load": "c", "zone": "A"}],
        series={"load": {"a": data.draw(number), "b": 500, "c": data.draw(number)}}, lines=LINE,
        generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": power}],
        demand_response=[{"zone": "A", "programme": name, "kind": kind, "power_mw": data.draw(number), "load": load}
                         for name, kind, load in (("p", "shed", ""), ("q", "interruptible", "c"), ("o", "orderly_use", ""))])
    assert float(np.max(solved(case).value("transmission.report_flow"))) * 1e3 <= power + 1e-6
