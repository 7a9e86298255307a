"""Transmission: each law solved by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from concrete import assert_same_as_concrete
from small import Solved, small_case, solved

import grid_model as gm
from grid_model.technologies.transmission import check_lines, circulating

CHEAP, DEAR = 10, 300


def two_zones(load_a, load_b, line=None, series=None, steps=None, **options):
    """A cheap plant in A, a dear one in B, 500 MW each, and a line from A to B of 100 MW."""
    steps = steps or len(load_b)
    return small_case(
        steps,
        **options,
        series={"load": {"a": load_a, "b": load_b}, **(series or {})},
        generators=[
            {
                "generator": "cheap",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": 500,
                "variable_cost_cny_per_mwh": CHEAP,
            },
            {
                "generator": "dear",
                "zone": "B",
                "technology": "biomass",
                "capacity_mw": 500,
                "variable_cost_cny_per_mwh": DEAR,
            },
        ],
        loads=[{"load": "a", "zone": "A"}, {"load": "b", "zone": "B"}],
        lines=[{"line": "AB", "from_zone": "A", "to_zone": "B", "capacity_mw": 100, **(line or {})}],
    )


def flow(result, line=0):
    return result.value("transmission.report_flow")[line] * 1e3


def loss(result, line=0):
    return result.value("transmission.report_loss")[line] * 1e3


def rows(result):
    """How many rows each family of the lines has."""
    return {
        name.removeprefix("transmission."): family.size
        for name, family in result.program.rows.items()
        if name.startswith("transmission.")
    }


# ------------------------------------------------------------------------------------------------------- limits


def test_flow_is_positive_from_its_beginning():
    """60 MW go to B, none of the dear plant; with a flipped sign at one end the balance could not hold."""
    result = solved(two_zones([0], [60]))
    assert flow(result) == pytest.approx([60])
    assert result.objective == pytest.approx(60 * CHEAP)
    assert "flow" in {name.removeprefix("transmission.") for name in result.program.columns}
    assert rows(result) == {}


def test_capacity_of_either_direction():
    """100 MW to B, 40 MW to A where the cheap plant is: limits of one direction only would give 100 twice, or 40
    twice."""
    line = {"from_zone": "B", "to_zone": "A", "capacity_mw": 40, "reverse_capacity_mw": 100}
    result = solved(two_zones([0], [150], line))
    assert flow(result) == pytest.approx([-100])
    line = {"capacity_mw": 40, "reverse_capacity_mw": 100}
    result = solved(two_zones([0], [150], line))
    assert flow(result) == pytest.approx([40])


@pytest.mark.parametrize("loss_fraction", [0.0, 0.05])
@pytest.mark.parametrize("reverse, most", [(None, 100), (30, 30), (0, 0)])
def test_reverse_capacity(reverse, most, loss_fraction):
    """A line written from B to A: empty means the same both ways, 0 one way only."""
    line = {"from_zone": "B", "to_zone": "A", "loss_fraction": loss_fraction}
    result = solved(two_zones([0], [150], line if reverse is None else {**line, "reverse_capacity_mw": reverse}))
    assert flow(result) == pytest.approx([-most])
    assert loss(result) == pytest.approx([most * loss_fraction])
    arriving = most * (1 - loss_fraction)
    assert result.objective == pytest.approx(most * CHEAP + (150 - arriving) * DEAR)


@pytest.mark.parametrize("line", [{}, {"loss_fraction": 0.1}])
def test_limit_by_step(line):
    """flow_limit says 100, 50 and 0 % of 100 MW, forward and (line written backward) in reverse. Without it 100 MW would flow
    throughout."""
    series = {"flow_limit": {"AB": [1, 0.5, 0]}}
    result = solved(two_zones(0, [150] * 3, line, series))
    assert flow(result) == pytest.approx([100, 50, 0])
    result = solved(two_zones(0, [150] * 3, {**line, "from_zone": "B", "to_zone": "A"}, series))
    assert flow(result) == pytest.approx([-100, -50, 0])


@pytest.mark.parametrize("line", [{}, {"loss_fraction": 0.1}, {"cost_cny_per_mwh": 1}])
def test_least_flow(line):
    """B must send 20 MW to A although its plant is dear; without the schedule A would send 100 MW to B."""
    line = {**line, "from_zone": "B", "to_zone": "A", "min_flow_mw": 20}
    result = solved(two_zones([50], [50], line))
    assert flow(result) == pytest.approx([20])
    assert rows(result) == {}


def test_line_out_of_service_leaves_no_trace():
    result = solved(two_zones([0], [60], {"capacity_mw": 0}))
    assert not any(name.startswith("transmission") for name in result.program.columns)
    assert result.objective == pytest.approx(60 * DEAR)


# ------------------------------------------------------------------------------------------------- losses and costs


@pytest.mark.parametrize("reverse", [0, None])
def test_loss(reverse):
    """100 MW are sent so that 90 arrive: 100 MWh of the cheap plant. Without loss 90, with the loss at the wrong end
    81 arrive."""
    result = solved(
        two_zones([0], [90], {"loss_fraction": 0.1} | ({} if reverse is None else {"reverse_capacity_mw": reverse}))
    )
    assert flow(result) == pytest.approx([100])
    assert loss(result) == pytest.approx([10])
    assert result.objective == pytest.approx(100 * CHEAP)


@pytest.mark.parametrize("line", [{}, {"capacity_mw": 0, "reverse_capacity_mw": 100}])
def test_loss_backward(line):
    """The same against the line's direction: the flow is -50 at the sending end, whether the line is two-way or
    one-way. Without the loss 45 would be sent, and B's price be A's."""
    result = solved(two_zones([0], [45], {"from_zone": "B", "to_zone": "A", "loss_fraction": 0.1, **line}))
    assert flow(result) == pytest.approx([-50])
    assert loss(result) == pytest.approx([5])
    assert result.objective == pytest.approx(50 * CHEAP)
    assert result.price("A") == pytest.approx([CHEAP])
    assert result.price("B") == pytest.approx([CHEAP / 0.9])


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"reverse_capacity_mw": 0},
        {"from_zone": "B", "to_zone": "A"},
        {"from_zone": "B", "to_zone": "A", "capacity_mw": 0, "reverse_capacity_mw": 100},
    ],
)
def test_cost_either_way(line):
    """60 MW for 2 h at 7 CNY/MWh sent: 840 on top of the plant; without the step's length 420, with the sign flipped
    -840."""
    result = solved(two_zones([0], [60], {"cost_cny_per_mwh": 7, **line}, step_hours=2))
    assert abs(flow(result)) == pytest.approx([60])
    assert result.objective == pytest.approx(2 * 60 * (CHEAP + 7))


# ------------------------------------------------------------------------------------------------------- circulating


def burning(price, loss_fraction=0.1, cost=0.0, limit=(1.0,), **line):
    """A plant that is paid to run, 80 MW of load, and a line that leads nowhere: what cannot be used can only be
    burnt. `limit` is the part of the line that each step leaves."""
    return small_case(
        len(limit),
        series={"load": {"a": 80}, "flow_limit": {"AB": limit}},
        generators=[
            {
                "generator": "paid",
                "zone": "A",
                "technology": "biomass",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": price,
            }
        ],
        loads=[{"load": "a", "zone": "A"}],
        lines=[
            {
                "line": "AB",
                "from_zone": "A",
                "to_zone": "B",
                "capacity_mw": 100,
                "loss_fraction": loss_fraction,
                "cost_cny_per_mwh": cost,
                **line,
            }
        ],
    )


def circulating_mw(result, loss_fraction=0.1):
    return circulating(flow(result), loss(result), loss_fraction)


def test_no_more_than_one_full_direction_flows():
    """At -50 CNY/MWh burning pays. What A sends, F, comes back as B = 0.9 F and 0.81 F of it arrives. F + B <= 100 MW
    loses 10 MW: 90 MW run. Without the hull 100 MW would leave A, lose 19 and let 99 MW run (-4950)."""
    result = solved(burning(-50))
    assert result.objective == pytest.approx(-50 * 90)
    assert flow(result) == pytest.approx([10 / 1.9])
    assert circulating_mw(result) == pytest.approx([90 / 1.9])
    assert rows(result) == {"one_direction": 1}


def test_the_hull_of_unequal_directions():
    """20 MW back: F/100 + B/20 <= 1 with B = 0.9 F gives F = 100 / 5.5. Limits of each direction alone would let
    F = 20 / 0.9 and B = 20 flow."""
    result = solved(burning(-50, reverse_capacity_mw=20))
    forward, backward = 100 / 5.5, 90 / 5.5
    assert flow(result) == pytest.approx([forward - backward])
    assert loss(result) == pytest.approx([0.1 * (forward + backward)])


def test_no_more_than_one_full_direction_flows_in_the_steps_that_have_two():
    """The line is shut in the second step, which burns nothing: 80 MW at -50 CNY/MWh. In the first 90 MW run, as above.
    Without the hull of single steps 99 MW would (-8950)."""
    result = solved(burning(-50, limit=(1.0, 0.0)))
    assert result.objective == pytest.approx(-50 * (90 + 80))
    assert rows(result) == {"one_direction_at_times": 1}


@pytest.mark.parametrize("price, cost, burns", [(-50, 4, True), (-50, 6, False), (5, 0, False)])
def test_circulating_only_below_the_price_that_pays_for_it(price, cost, burns):
    """Sending F and 0.9 F back burns 0.19 F and costs 1.9 F times the cost: at -50 CNY/MWh it pays below 5 CNY/MWh,
    which is p_from + p_to < -2 cost / loss. At positive prices it never does."""
    result = solved(burning(price, cost=cost))
    assert (circulating_mw(result)[0] > 1) == burns


@pytest.mark.parametrize("line", [{"reverse_capacity_mw": 0}, {"loss_fraction": 0.0}])
def test_lines_that_cannot_burn(line):
    """One way only, or lossless: nothing is burnt at any price, and no row is needed to say so."""
    result = solved(burning(-50, **line))
    assert result.objective == pytest.approx(-50 * 80)
    assert rows(result) == {}


def test_circulating_of_arrays():
    """min(F, B) from what is reported: F 30, B 10 and F 0, B 40 of loss 0.1; a lossless line circulates nothing."""
    assert circulating(np.array([20.0, -40.0]), np.array([4.0, 4.0]), 0.1) == pytest.approx([10, 0])
    assert circulating(
        np.array([[20.0], [7.0]]), np.array([[4.0], [0.0]]), np.array([[0.1], [0.0]])
    ).ravel() == pytest.approx([10, 0])


def test_nothing_circulates_while_no_price_is_negative(random):
    """Any mesh of lossy lines between plants that may be turned down and cost something, so that no energy is worth burning: forty
    random ones side by side."""
    meshes = range(40)
    zones = [f"{letter}{mesh}" for mesh in meshes for letter in "ABCD"]
    lines = [{"line": f"{one}{other}{mesh}", "from_zone": f"{one}{mesh}", "to_zone": f"{other}{mesh}",
              "capacity_mw": float(random.integers(0, 201)), "reverse_capacity_mw": float(random.integers(0, 201)),
              "loss_fraction": float(random.choice([0.01, 0.05, 0.3])), "cost_cny_per_mwh": float(random.choice([0, 3]))}
             for mesh in meshes for one, other in ("AB", "BC", "AC", "CD")]
    generators = [{"generator": zone, "zone": zone, "technology": "biomass", "capacity_mw": float(random.integers(0, 201)),
                   "variable_cost_cny_per_mwh": float(random.choice([1, 10, 90]))} for zone in zones]
    result = solved(small_case(2, generators=generators, lines=lines, loads=[{"load": zone, "zone": zone} for zone in zones],
                               series={"load": {zone: random.integers(0, 201, 2) for zone in zones}}))
    served = [line for line in lines if line["capacity_mw"] + line["reverse_capacity_mw"] > 0]
    flows = [circulating(flow(result, place), loss(result, place), line["loss_fraction"]) for place, line in enumerate(served)]
    assert np.array(flows) == pytest.approx(0, abs=1e-6)
    assert sum(abs(flow(result, place)).max() > 1 for place in range(len(served))) > 40


# ------------------------------------------------------------------------------------------------------------- ramps


@pytest.mark.parametrize("line", [{}, {"loss_fraction": 0.1}, {"from_zone": "B", "to_zone": "A"}])
@pytest.mark.parametrize("hours, step", [(1.0, 30), (0.5, 15)])
def test_ramp(line, hours, step):
    """30 MW/h: B asks for 0, 90, 90, 0 MW and gets 0 or less, then at most `step` more in each step, and as little
    less. Without the ramp 90 would flow at once."""
    result = solved(two_zones(0, [0, 90, 90, 0], {"ramp_mw_per_hour": 30, **line}, step_hours=hours))
    assert np.abs(np.diff(flow(result))).max() == pytest.approx(step)
    assert flow(solved(two_zones(0, [0, 90, 90, 0], line)))[1] * (-1 if "from_zone" in line else 1) >= 90


def test_ramp_by_hand():
    """The line may neither rise nor fall by more than 30 MW: with 0 MW before and after, B gets 30 MW twice of the 90
    it asks for (the plant in B is dear, that in A is full). Without the ramp 90; with a ramp that only holds upward
    60 in the second step."""
    result = solved(two_zones(0, [0, 90, 90, 0], {"ramp_mw_per_hour": 30, "reverse_capacity_mw": 0}))
    assert flow(result) == pytest.approx([0, 30, 30, 0])
    assert rows(result) == {"ramp": 3}


def test_ramp_from_a_given_flow():
    """10 MW before the first step and 30 MW/h: 40, 70, 90. Without the start 90 at once."""
    for line in ({}, {"cost_cny_per_mwh": 1}):
        result = solved(two_zones(0, [90, 90, 90], {"ramp_mw_per_hour": 30, "initial_flow_mw": 10, **line}))
        assert flow(result) == pytest.approx([40, 70, 90])


@pytest.mark.parametrize("line", [{}, {"cost_cny_per_mwh": 1}])
def test_ramp_down_from_a_given_flow(line):
    """B sent 40 MW before: 10 MW still go to A in the first step though its plant is cheap, then -20, -50. Without the ramp 90 would
    flow to B at once, and without the given flow too."""
    line = {**line, "from_zone": "B", "to_zone": "A", "ramp_mw_per_hour": 30, "initial_flow_mw": 40}
    assert flow(solved(two_zones(90, [90, 90, 90], line))) == pytest.approx([10, -20, -50])


def test_a_ramp_that_never_binds_has_no_row():
    """From 100 MW one way to 100 the other is as far as flow can change: 200 MW/h say nothing, 199 do. Counted from no flow, 199 would
    have no row either."""
    assert rows(solved(two_zones(0, [90, 90], {"ramp_mw_per_hour": 200}))) == {}
    assert rows(solved(two_zones(0, [90, 90], {"ramp_mw_per_hour": 199}))) == {"ramp": 1}


# ------------------------------------------------------------------------------------------------------------ model


def test_no_row_where_one_direction_is_closed():
    """A limit of 0 in one step leaves the hull to the other steps."""
    result = solved(two_zones(0, [90] * 3, {"loss_fraction": 0.1}, {"flow_limit": {"AB": [1, 0, 0.5]}}))
    assert rows(result) == {"one_direction_at_times": 2}
    assert flow(result) == pytest.approx([100, 0, 50])


def test_templates_and_ordinary_constraints_agree():
    lines = [
        {"line": "one", "from_zone": "A", "to_zone": "B", "capacity_mw": 30, "ramp_mw_per_hour": 10},
        {
            "line": "two",
            "from_zone": "B",
            "to_zone": "A",
            "capacity_mw": 30,
            "loss_fraction": 0.1,
            "ramp_mw_per_hour": 7,
            "initial_flow_mw": 3,
        },
        {
            "line": "three",
            "from_zone": "B",
            "to_zone": "C",
            "capacity_mw": 30,
            "reverse_capacity_mw": 9,
            "cost_cny_per_mwh": 2,
        },
        {
            "line": "four",
            "from_zone": "C",
            "to_zone": "A",
            "capacity_mw": 0,
            "reverse_capacity_mw": 9,
            "loss_fraction": 0.2,
            "kind": "ac",
            "reactance_pu": 0.3,
        },
        {
            "line": "five",
            "from_zone": "A",
            "to_zone": "C",
            "capacity_mw": 10,
            "min_flow_mw": 2,
            "kind": "ac",
            "reactance_pu": 0.1,
        },
        {
            "line": "six",
            "from_zone": "A",
            "to_zone": "C",
            "capacity_mw": 10,
            "loss_fraction": 0.2,
            "kind": "ac",
            "reactance_pu": 0.2,
        },
    ]
    case = small_case(
        3,
        series={"load": {"c": [50, 60, 70]}, "flow_limit": {"six": [1, 0, 1]}},
        lines=lines,
        loads=[{"load": "c", "zone": "C"}],
        generators=[{"generator": "g", "zone": "A", "technology": "biomass", "capacity_mw": 100}],
    )
    assert_same_as_concrete(case)
    assert {"one_direction", "one_direction_at_times", "ramp", "kirchhoff_voltage"} == set(rows(Solved(case)))


# ------------------------------------------------------------------------------------------------------------ checks


@pytest.mark.parametrize(
    "column, wrong",
    [
        ("to_zone", {"to_zone": "A"}),
        ("min_flow_mw", {"min_flow_mw": 101}),
        ("reactance_pu", {"kind": "ac"}),
        ("dc", {"kind": "ac", "reactance_pu": 0.1, "dc": True}),
        ("initial_flow_mw", {"initial_flow_mw": -101}),
        ("initial_flow_mw", {"initial_flow_mw": -10, "reverse_capacity_mw": 9}),
    ],
)
def test_wrong_lines_are_reported(column, wrong):
    tables = dict(two_zones([0], [0], wrong).tables)
    tables["lines"] = pd.concat([tables["lines"], two_zones([0], [0]).tables["lines"]], ignore_index=True)
    problems = check_lines(tables)
    assert [(problem.row, problem.column) for problem in problems] == [(0, column)]


def test_a_ramp_binds_where_only_the_rise_can_be_so_large():
    """A line of 100 MW one way that may carry 10 MW first rises by 50 MW to 60: 90 + 40 MWh go unserved. Its fall could never be as large; were
    that asked for too, the ramp would have no row, and 90 MWh went unserved."""
    results = gm.solve(small_case(
        2, generators=[{"generator": "g", "zone": "A", "technology": "coal", "capacity_mw": 200, "variable_cost_cny_per_mwh": 300}],
        loads=[{"load": "l", "zone": "B", "unserved_cost_cny_per_mwh": 1000}],
        lines=[{"line": "A-B", "from_zone": "A", "to_zone": "B", "capacity_mw": 100, "reverse_capacity_mw": 0, "ramp_mw_per_hour": 50}],
        series={"load": {"l": 100.0}, "flow_limit": {"A-B": [0.1, 1.0]}}))
    assert results.dispatch["unserved"].sum() == pytest.approx(130)
