"""Kirchhoff's voltage law: loops, and flows solved by hand and by nodal angles."""

from __future__ import annotations

import numpy as np
import pytest
from concrete import assert_same_as_concrete
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from small import small_case, solved

from grid_model.technologies.ac_network import independent_cycles


def network(lines, injections, steps=1, **options):
    """Plants of 1,000 MW that cost 10 times their place in the list, and loads: {zone: MW}, loads negative."""
    plants = [zone for zone, power in injections.items() if power > 0]
    loads = {zone: -power for zone, power in injections.items() if power < 0}
    return small_case(
        steps,
        series={"load": loads},
        lines=[
            {"line": f"{row['from_zone']}{row['to_zone']}", "kind": "ac", "capacity_mw": 1000, **row} for row in lines
        ],
        generators=[
            {
                "generator": zone,
                "zone": zone,
                "technology": "biomass",
                "capacity_mw": 1000,
                "variable_cost_cny_per_mwh": 10 * (1 + place),
            }
            for place, zone in enumerate(plants)
        ],
        loads=[{"load": zone, "zone": zone} for zone in loads],
        **options,
    )


def ac(from_zone, to_zone, reactance=0.1, **more):
    return {"from_zone": from_zone, "to_zone": to_zone, "reactance_pu": reactance, **more}


def flows(result):
    return result.value("transmission.report_flow")[:, 0] * 1e3


def loops(result):
    rows = result.program.rows.get("transmission.kirchhoff_voltage")
    return 0 if rows is None else rows.shape[0]


# ------------------------------------------------------------------------------------------------------------ by hand


@pytest.mark.parametrize("third, sign", [(ac("A", "C"), 1), (ac("C", "A"), -1)])
def test_loop_of_equal_reactances(third, sign):
    """90 MW from A to C: 60 directly, 30 by B, whichever way the direct line is written. Without the law any split
    would do."""
    result = solved(network([ac("A", "B"), ac("B", "C"), third], {"A": 90, "C": -90}))
    assert flows(result) == pytest.approx([30, 30, sign * 60])
    assert loops(result) == 1


def test_reactances_share_the_flow():
    """Over 0.1 + 0.2 by B and 0.6 directly: twice as much by B. Were all equal, 30 would go by B and 60 directly."""
    result = solved(network([ac("A", "B", 0.1), ac("B", "C", 0.2), ac("A", "C", 0.6)], {"A": 90, "C": -90}))
    assert flows(result) == pytest.approx([60, 60, 30])


def test_a_full_line_limits_its_neighbours():
    """The direct line carries 20 MW, so the way by B may carry 10: 30 MW come from A though every line by B is free. Without the law
    all 90 would be served."""
    case = network([ac("A", "B"), ac("B", "C"), ac("A", "C", capacity_mw=20)], {"A": 90, "C": -90})
    result = solved(case)
    assert flows(result) == pytest.approx([10, 10, 20])
    assert result.value("loads.unserved")[0, 0] * 1e3 == pytest.approx(60)


def three_bus(**loads):
    """Three buses, one congested line (Kyri Baker's 3bus_LMP; PyPSA, example `negative-prices-kvl-baker`)."""
    return small_case(
        1,
        series={"load": {"load 3": 100, **{f"load {zone}": power for zone, power in loads.items()}}},
        generators=[
            {
                "generator": f"Gen{number}",
                "zone": f"Bus{number}",
                "technology": "biomass",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": cost,
            }
            for number, cost in ((1, 10), (2, 20), (3, 100))
        ],
        loads=[{"load": "load 3", "zone": "Bus3"}, *({"load": f"load {zone}", "zone": zone} for zone in loads)],
        lines=[
            {
                "line": f"Line{a}{b}",
                "from_zone": f"Bus{a}",
                "to_zone": f"Bus{b}",
                "kind": "ac",
                "reactance_pu": 1,
                "capacity_mw": capacity,
            }
            for a, b, capacity in ((1, 2, 100), (2, 3, 100), (1, 3, 10))
        ],
    )


def test_negative_price_in_a_loop():
    """7,600 in all, Gen2 30 MW, Gen3 70 MW, -60 at Bus1 (published with PyPSA): without the law 10 MW by line 13 and
    90 by line 23 would all come from Gen1, for 1,000."""
    result = solved(three_bus())
    assert result.objective == pytest.approx(7600)
    assert result.value("renewable.generation")[:, 0] * 1e3 == pytest.approx([0, 30, 70])
    assert [result.price(f"Bus{number}")[0] for number in (1, 2, 3)] == pytest.approx([-60, 20, 100])
    assert flows(result) == pytest.approx([-10, 20, 10])


def test_load_at_the_negative_price_saves_money():
    """One MW more at Bus1 costs 60 less. Without the law it would cost 20 more."""
    assert solved(three_bus(Bus1=1)).objective == pytest.approx(7540)


def test_parallel_lines_are_a_loop():
    """0.1 and 0.2 side by side: 40 and 20 MW of 60, in whichever direction the second is written. Of equal reactance they would carry
    30 each."""
    for second, sign in ((ac("A", "B", 0.2, line="second"), 1), (ac("B", "A", 0.2, line="second"), -1)):
        result = solved(network([ac("A", "B", 0.1), second], {"A": 60, "B": -60}))
        assert flows(result) == pytest.approx([40, sign * 20])


@pytest.mark.parametrize("ends, sign", [(("A", "B"), 1), (("B", "A"), -1)])
def test_a_phase_shifter_moves_flow_to_the_other_line(ends, sign):
    """0.1 and 0.2 side by side share 60 MW as 40 and 20; an angle of 15 MW * 0.2 in the second takes 15 * 0.2 / 0.3 = 10 MW
    from it, whichever way the second is written. Without it 40 and 20."""
    shifted = network([ac("A", "B", 0.1), ac(*ends, 0.2, line="second", phase_shift_mw=sign * 15)], {"A": 60, "B": -60})
    assert flows(solved(shifted)) == pytest.approx([50, sign * 10])


def test_a_transport_line_obeys_no_law():
    """The loop is open where a DC line closes it: the cheap way by B, whose lines cost nothing, carries all it can. As an AC line it
    would hold the way by B to 7.5 MW."""
    lines = [ac("A", "B"), ac("B", "C"), ac("A", "C", kind="transport", capacity_mw=15)]
    result = solved(network(lines, {"A": 90, "C": -90}))
    assert loops(result) == 0
    assert flows(result)[2] <= 15 + 1e-6
    assert flows(result).sum() - flows(result)[0] == pytest.approx(90)


def test_a_line_out_of_service_opens_its_loop():
    """Of no capacity in both directions: as if it were not there. Were it still in the loop nothing could flow by B
    at all."""
    result = solved(network([ac("A", "B"), ac("B", "C"), ac("A", "C", capacity_mw=0)], {"A": 90, "C": -90}))
    assert loops(result) == 0
    assert flows(result) == pytest.approx([90, 90])


@pytest.mark.parametrize("ends, sign", [(("A", "C"), 1), (("C", "A"), -1)])
def test_lossy_lines_obey_the_law_with_what_they_send(ends, sign):
    """The direct line loses a tenth: it sends 2 f where f goes by B. Of 2 f, 1.8 f arrive: 84 = 2.8 f, whichever way
    it is written."""
    result = solved(network([ac("A", "B"), ac("B", "C"), ac(*ends, loss_fraction=0.1)], {"A": 90, "C": -84}))
    assert flows(result) == pytest.approx([30, 30, sign * 60])
    assert result.value("transmission.report_loss")[:, 0] * 1e3 == pytest.approx([0, 0, 6])


def test_every_step_has_its_own_loops():
    """Two loops and two steps make four rows; two islands and a tree beside them add none."""
    lines = [
        ac("A", "B"),
        ac("B", "C"),
        ac("A", "C"),
        ac("C", "D"),
        ac("A", "D"),
        ac("D", "E"),
        ac("F", "G"),
        ac("G", "H"),
    ]
    case = network(lines, {"A": 90, "C": -40, "E": -50, "F": 20, "H": -20}, steps=2)
    assert solved(case).program.rows["transmission.kirchhoff_voltage"].shape == (2, 2)
    assert_same_as_concrete(case)


# -------------------------------------------------------------------------------------------------------- properties


nodes_and_lines = st.integers(2, 7).flatmap(
    lambda nodes: st.lists(
        st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda ends: ends[0] != ends[1]),
        min_size=1,
        max_size=14,
    )
)


@settings(max_examples=200, deadline=None)
@given(nodes_and_lines)
def test_cycles_are_a_basis(ends):
    """As many as lines less nodes plus islands, closed at every node, and independent of each other."""
    start, end = np.array(ends).T
    cycles = independent_cycles(start, end)
    loops = np.zeros((cycles.count, len(ends)))
    loops[cycles.cycle, cycles.line] = cycles.sign
    nodes = np.unique(np.concatenate([start, end]))
    incidence = (start[:, None] == nodes).astype(float) - (end[:, None] == nodes)
    islands = connected_components(incidence.T @ incidence, directed=False)[0]
    assert cycles.count == len(ends) - len(nodes) + islands
    assert not (loops @ incidence).any()
    assert np.linalg.matrix_rank(loops) == cycles.count if cycles.count else True


@settings(max_examples=15, deadline=None)
@given(ends=nodes_and_lines, data=st.data())
def test_flows_are_those_of_nodal_angles(ends, data):
    """One plant and any loads in a meshed network with parallel lines: flows equal the ones that nodal angles give."""
    reactances = data.draw(st.lists(st.sampled_from([0.05, 0.1, 0.3, 1.0]), min_size=len(ends), max_size=len(ends)))
    start, end = np.array(ends).T
    nodes = np.unique(np.concatenate([start, end]))
    incidence = (start[:, None] == nodes).astype(float) - (end[:, None] == nodes)
    islands, island = connected_components(incidence.T @ incidence, directed=False)
    here = island == island[0]  # the plant stands at the first node
    power = np.array(data.draw(st.lists(st.integers(0, 50), min_size=len(nodes), max_size=len(nodes))), float) * here
    power[0] = 0
    assume(power.any())
    injection = -power
    injection[0] = power.sum()
    names = [f"z{node}" for node in nodes]
    case = network(
        [ac(f"z{a}", f"z{b}", x, line=f"l{i}") for i, ((a, b), x) in enumerate(zip(ends, reactances))],
        {names[0]: 1, **{name: -mw for name, mw in zip(names, power) if mw}},
    )
    weighted = incidence / np.array(reactances)[:, None]
    angles = np.linalg.pinv(incidence.T @ weighted) @ injection
    expected = weighted @ angles
    result = solved(case)
    inside = here[np.searchsorted(nodes, start)]
    assert flows(result)[inside] == pytest.approx(expected[inside], abs=1e-6)
