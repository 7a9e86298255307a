"""Hydro with reservoirs: every law on a grid that can be solved on paper."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from concrete import assert_same_as_concrete
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_case, solved

import grid_model as gm
from grid_model.formulation import build_model
from grid_model.technologies.cascade import arriving, check_cascade
from grid_model.technologies.reservoir import check_reservoirs

COAL = {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 1000, "variable_cost_cny_per_mwh": 300}


def grid(load, reservoirs, inflow=None, cascade=(), plants=None, **options):
    """One zone: load, coal of 300 CNY/MWh, for each reservoir a plant of 100 MW at no cost, or as `plants` says."""
    plants = plants or {}
    return small_case(
        len(load), series={"load": {"load": load}, **({"inflow": inflow} if inflow else {})},
        loads=[{"load": "load", "zone": "A"}],
        generators=[COAL] + [{"generator": f"{row['reservoir']} plant", "zone": "A", "technology": "hydro_reservoir",
                              "capacity_mw": 100, **plants.get(row["reservoir"], {})} for row in reservoirs],
        reservoirs=[{"generator": f"{row['reservoir']} plant", **row} for row in reservoirs],
        cascade=list(cascade), **options)


def lake(name="lake", **columns):
    """A reservoir of 100 MWh, half full at the start, that may be empty at the end."""
    return {"reservoir": name, "capacity_mwh": 100, "initial_fraction": 0.5, "final_fraction": 0, **columns}


def channel(name, **columns):
    """A reservoir that holds nothing: what comes in goes out at once."""
    return lake(name, capacity_mwh=0, **columns)


def megawatts(result, name, row=0):
    return result.value(f"reservoir.{name}")[row] * 1e3


# ------------------------------------------------------------------------------------------------------- one reservoir


def test_level_carries_water_to_when_it_is_needed():
    """50 MWh at the start and 30 MW of inflow for two hours serve a load of 110 as far as the turbine goes.

    Without the carried level the second hour had 30 MW; without the inflow 50.
    """
    result = solved(grid([0, 110], [lake()], {"lake": [30, 30]}))
    assert megawatts(result, "generation") == pytest.approx([0, 100])
    assert megawatts(result, "level")[:2] == pytest.approx([50, 80])
    assert result.objective == pytest.approx(10 * 300)


def test_level_counts_hours():
    """Steps of two hours: 10 MW of inflow and 50 MWh are 90 MWh over four hours; counted by steps they were 70."""
    result = solved(grid([50, 50], [lake()], {"lake": 10}, step_hours=2))
    assert megawatts(result, "generation").sum() * 2 == pytest.approx(90)


def test_full_reservoir_spills():
    """Full, 60 MW of inflow and a load of 20: 40 MW pass the turbines by, and are what is forgone.

    Without spill there were no solution; if spill made power, or did not leave, the last hour had more than 100 MWh.
    """
    result = solved(grid([20, 130], [lake(initial_fraction=1)], {"lake": [60, 0]}))
    assert megawatts(result, "spill") == pytest.approx([40, 0])
    assert megawatts(result, "report_spill") == pytest.approx([40, 0])
    assert megawatts(result, "report_available") == pytest.approx([60, 100])
    assert result.objective == pytest.approx(30 * 300)


@pytest.mark.parametrize("final, generated", [(0, 70), (0.2, 50), (0.5, 20), (None, 20)])
def test_end_level(final, generated):
    """50 MWh and 20 of inflow: what must be left at the end is not generated; nothing said, as much as at the start."""
    end = {} if final is None else {"final_fraction": final}
    row = {name: value for name, value in lake().items() if name != "final_fraction"}
    result = solved(grid([100, 100], [{**row, **end}], {"lake": 10}))
    assert megawatts(result, "generation").sum() == pytest.approx(generated)


def test_levels_stay_within_their_limits():
    """From 50 down to 30 and up to 60 MWh: 20 of 50 MWh serve the first hour, 30 of 40 MW of inflow are kept then.

    Without the lower limit 50 MWh were generated at first; without the upper one nothing were spilled.
    """
    row = lake(min_level_fraction=0.3, max_level_fraction=0.6, final_fraction=0.3)
    result = solved(grid([100, 0, 100], [row], {"lake": [0, 40, 0]}))
    assert megawatts(result, "generation") == pytest.approx([20, 0, 30])
    assert megawatts(result, "spill") == pytest.approx([0, 10, 0])


def test_cyclic_level():
    """No start is given: the first hour borrows what the second brings back, 40 MWh; the other 60 MWh are coal's.

    Without the circle the reservoir began full and ended empty, and coal never ran.
    """
    result = solved(grid([100, 0], [lake(cyclic=True)], {"lake": [0, 40]}))
    assert megawatts(result, "level")[0] == pytest.approx(megawatts(result, "level")[-1])
    assert result.objective == pytest.approx(60 * 300)


def test_a_circle_ends_no_fuller_than_it_began():
    """20 MW flow in for two hours, 10 are asked for: where spill is to be least, all 20 MWh too many are spilled. If the level
    might end higher, an empty reservoir of 10 MWh would be filled and only 10 spilled."""
    case = grid([10, 10], [lake(capacity_mwh=10, cyclic=True, initial_fraction=np.nan)], {"lake": [20, 20]},
                plants={"lake": {"purchase_class": "hydro"}}, policies={"guaranteed_purchase": {"mode": "exact"}})
    dispatch = gm.solve(case).dispatch
    assert dispatch.spill.sum().item() == pytest.approx(20)


def test_ecological_flow():
    """15 MW must leave in the first hour, which needs no power: of 50 MWh only 35 are left for the second.

    Without the flow all 50 MWh were; a flow through the turbines alone had no solution.
    """
    result = solved(grid([0, 100], [lake(min_flow_mw=15)]))
    assert megawatts(result, "spill") == pytest.approx([15, 0])
    assert megawatts(result, "generation") == pytest.approx([0, 35])


def test_ecological_flow_may_be_generation():
    """The same flow in an hour with load goes through the turbines: nothing is lost. Had it to pass them by, 15 MWh would be lost in
    each hour, and coal cost 30,000 CNY instead of 21,000."""
    result = solved(grid([20, 100], [lake(min_flow_mw=15)]))
    assert megawatts(result, "spill") == pytest.approx([0, 0])
    assert result.objective == pytest.approx(70 * 300)


def test_ecological_flow_has_no_row_where_it_cannot_bind():
    """Turbines that give at least 20 MW let 15 MW out in any case; where no flow is asked for, no row either."""
    assert "reservoir.ecological_flow" not in solved(grid([40], [lake()])).program.rows
    floor = grid([40], [lake(min_flow_mw=15)], plants={"lake": {"min_output_fraction": 0.2}})
    assert "reservoir.ecological_flow" not in solved(floor).program.rows


def test_least_output_and_turbine():
    """At 400 CNY/MWh beside coal at 300 the plant gives its least, 10 MW; at no cost its greatest, 80. Without these limits coal would
    serve all for 27,000 CNY, and the turbines give 90."""
    dear = grid([90], [lake()], plants={"lake": {"min_output_fraction": 0.1, "variable_cost_cny_per_mwh": 400}})
    assert solved(dear).objective == pytest.approx(10 * 400 + 80 * 300)
    limited = grid([90], [lake(initial_fraction=1)], plants={"lake": {"max_output_fraction": 0.8}})
    assert megawatts(solved(limited), "generation") == pytest.approx([80])


def test_inflow_of_the_year():
    """87,600 MWh a year are 10 MW; a profile goes first, and a reservoir that says nothing has none."""
    rows = [channel("even", annual_inflow_mwh=87600), channel("measured", annual_inflow_mwh=87600), channel("none")]
    result = solved(grid([100, 100], rows, {"measured": [5, 7]}))
    assert result.value("reservoir.report_inflow") * 1e3 == pytest.approx(np.array([[10, 10], [5, 7], [0, 0]]))
    assert result.value("reservoir.report_generation") * 1e3 == pytest.approx(np.array([[10, 10], [5, 7], [0, 0]]))


def test_generators_and_reservoirs_need_not_be_in_one_order():
    """The reservoir drives the plant that its row names, and only plants without one are other hydro."""
    case = small_case(
        1, series={"load": {"load": [100]}, "inflow": {"big": [30], "little": [10]}},
        loads=[{"load": "load", "zone": "A"}],
        generators=[COAL] + [{"generator": name, "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 100}
                             for name in ("one", "river", "two")],
        reservoirs=[channel("big", generator="two"), channel("little", generator="one")])
    case = case.replace(generators=case.tables["generators"].assign(max_output_fraction=[1, 1, 0.2, 1]))
    result = solved(case)
    assert list(result.model.fleets["hydro"].data.names) == ["river"]
    data = result.model.fleets["reservoir"].data
    generation = dict(zip(data.names, result.value("reservoir.report_generation")[:, 0] * 1e3, strict=True))
    assert generation == pytest.approx({"one": 10, "two": 30})
    assert result.value("reservoir.report_inflow")[:, 0] * 1e3 == pytest.approx([30, 10])
    assert result.objective == pytest.approx(40 * 300)


# ------------------------------------------------------------------------------------------------------------- cascade


def chain(load, inflow, link, above=None, below=None, **options):
    """Two reservoirs that hold nothing, one above the other."""
    return grid(load, [above or channel("above"), below or channel("below")], {"above": inflow},
                [{"upstream": "above", "downstream": "below", **link}], **options)


def test_water_arrives_after_its_delay():
    """40 MW above in the first hour are 40 MW below two hours later: coal serves 60 in both, and 100 in the others.

    Without the delay both 40s came in the first hour, without the cascade there was one.
    """
    result = solved(chain([100] * 4, [40, 0, 0, 0], {"delay_hours": 2, "initial_flow_mw": 0}))
    assert megawatts(result, "generation", 0) == pytest.approx([40, 0, 0, 0])
    assert megawatts(result, "generation", 1) == pytest.approx([0, 0, 40, 0])
    assert megawatts(result, "report_arrivals", 1) == pytest.approx([0, 0, 40, 0])
    assert result.objective == pytest.approx((400 - 80) * 300)


def test_no_delay():
    """Water that is not on the way at all makes power twice in the same hour. An hour on its way, it would arrive after the end, and
    coal serve 60 MW for 18,000 CNY."""
    result = solved(chain([100], [40], {}))
    assert result.objective == pytest.approx(20 * 300)


def test_spill_arrives_as_release_does():
    """Above, 10 of 40 MW go through the turbines and 30 over the spillway: all 40 make power below. Were the spill lost on the way, 10
    would."""
    result = solved(chain([100, 100], [40, 0], {"delay_hours": 1, "initial_flow_mw": 0},
                          plants={"above": {"capacity_mw": 10}}))
    assert megawatts(result, "spill", 0) == pytest.approx([30, 0])
    assert megawatts(result, "generation", 1) == pytest.approx([0, 40])


def test_share_and_energy_factor():
    """A quarter of 40 MW goes to a plant of twice the head, three quarters to one of a third of it: 20 and 10 MW. By shares alone it
    would be 10 and 30."""
    case = grid([100], [channel("above"), channel("left"), channel("right")], {"above": [40]}, [
        {"upstream": "above", "downstream": "left", "share": 0.25, "energy_factor": 2},
        {"upstream": "above", "downstream": "right", "share": 0.75, "energy_factor": 1 / 3}])
    assert solved(case).value("reservoir.generation")[:, 0] * 1e3 == pytest.approx([40, 20, 10])


def test_three_in_a_row():
    """Each link adds its own delay: 30 MW in hours 1, 2 and 4, where 5 MW of the lowest stretch's own inflow join. Without the second
    delay the 30 would come in the second hour, and 5 alone in the last."""
    inflow = {"top": [30, 0, 0, 0], "low": [0, 0, 0, 5]}
    case = grid([100] * 4, [channel("low"), channel("middle"), channel("top")], inflow, [
        {"upstream": "middle", "downstream": "low", "delay_hours": 2, "initial_flow_mw": 0},
        {"upstream": "top", "downstream": "middle", "delay_hours": 1, "initial_flow_mw": 0}])
    assert solved(case).value("reservoir.generation") * 1e3 == pytest.approx(
        np.array([[0, 0, 0, 35], [0, 30, 0, 0], [30, 0, 0, 0]]))


def test_water_that_left_before_the_horizon():
    """25 MW were flowing: for two hours they arrive, times share and factor; not beyond the delay."""
    link = {"delay_hours": 2, "initial_flow_mw": 25, "share": 0.5, "energy_factor": 1.2}
    result = solved(chain([100] * 3, [0, 0, 0], link))
    assert megawatts(result, "generation", 1) == pytest.approx([15, 15, 0])


def test_before_the_horizon_the_river_was_steady():
    """Nothing is said of the flow before: it carried off the inflow of the first day, 20 MW, twice that below.

    Were it none, the middle plant had nothing in its first hour and the lowest nothing in three.
    """
    inflow = [20.0] * 24 + [0.0] * 2
    case = grid([100] * 26, [channel("top"), channel("middle"), channel("low")], {"top": inflow}, [
        {"upstream": "top", "downstream": "middle", "delay_hours": 1, "energy_factor": 2},
        {"upstream": "middle", "downstream": "low", "delay_hours": 2}])
    generation = solved(case).value("reservoir.generation") * 1e3
    assert generation[1] == pytest.approx([40] * 25 + [0])
    assert generation[2] == pytest.approx([40] * 26)


def test_cyclic_cascade():
    """Where the reservoir above is cyclic, what it lets out at the end arrives at the start. From a steady river, the mean of the day,
    it would be 10 MW."""
    result = solved(chain([100] * 3, [0, 0, 30], {"delay_hours": 1}, above=channel("above", cyclic=True)))
    assert megawatts(result, "generation", 1) == pytest.approx([30, 0, 0])


def test_delay_of_part_of_a_step():
    """An hour and a half: half of the water comes in the next hour, half in the one after it; none is lost. By whole hours all 40 would
    come in the next."""
    result = solved(chain([100] * 4, [40, 0, 0, 0], {"delay_hours": 1.5, "initial_flow_mw": 0}))
    assert megawatts(result, "generation", 1) == pytest.approx([0, 20, 20, 0])


def test_delay_in_steps_of_unequal_length():
    """Five hours as steps of 2, 2 and 1: 30 MW in the first two hours arrive three hours later, in hours 4 and 5.

    The second step has one of its two hours of them, so 15 MW; the third has 30.
    """
    case = chain([100] * 5, [30, 30, 0, 0, 0], {"delay_hours": 3, "initial_flow_mw": 0}).coarsen(2)
    assert list(case.step_hours) == [2, 2, 1]
    assert megawatts(solved(case), "generation", 1) == pytest.approx([0, 15, 30])


def test_when_to_release_is_decided_for_the_whole_river():
    """50 MWh above, 50 MW of load in both hours: let out in the first the water serves it there, and the second below.

    Let out in the second it would arrive below after the horizon, and coal would serve 50 MWh, as without the cascade.
    """
    result = solved(chain([50, 50], [0, 0], {"delay_hours": 1, "initial_flow_mw": 0}, above=lake("above")))
    assert megawatts(result, "generation", 0) == pytest.approx([50, 0])
    assert result.objective == pytest.approx(0)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.lists(st.integers(0, 40), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_arriving_loses_no_water(quarters, delays):
    """Of every step each hour arrives once, if it arrives in the horizon; each step gets as many hours as it has."""
    step_hours, delay_hours = np.array(quarters) / 4, np.array(delays) / 4
    source, hours = arriving(delay_hours, step_hours)
    assert (hours >= 0).all()
    np.testing.assert_allclose(hours.sum(axis=1), np.broadcast_to(step_hours, hours[:, 0].shape))
    end = np.cumsum(step_hours)
    for link, delay in enumerate(delay_hours):
        arrived = np.zeros(len(step_hours))
        inside = source[link] >= 0
        np.add.at(arrived, source[link][inside], hours[link][inside])
        np.testing.assert_allclose(arrived, np.clip(end[-1] - delay - (end - step_hours), 0, step_hours), atol=1e-9)
        wrapped = np.zeros(len(step_hours))
        np.add.at(wrapped, source[link] % len(step_hours), hours[link])
        np.testing.assert_allclose(wrapped, step_hours)


# --------------------------------------------------------------------------------------------------- offers and checks


def network(seed: int, steps: int, step_hours=1.0):
    """A random river of four reservoirs with all that a row can say."""
    draw = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    rows = [{"reservoir": name, "capacity_mwh": draw.uniform(0, 200), "min_level_fraction": 0.1,
             "initial_fraction": 0.5, "min_flow_mw": draw.choice([0, 1]), "cyclic": bool(draw.integers(2))}
            for name in names]
    links = [{"upstream": up, "downstream": down, "delay_hours": draw.choice([0, 0.5, 1, 3, 10]),
              "share": draw.uniform(0.2, 0.5), "energy_factor": draw.uniform(0.5, 2)}
             for up, down in (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))]
    inflow = {name: draw.uniform(5, 60, steps) for name in names}
    return grid(draw.uniform(0, 300, steps), rows, inflow, links, step_hours=step_hours)


@given(st.integers(0, 10**6), st.integers(1, 8), st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=15, deadline=None)
def test_water_is_conserved(seed, steps, step_hours):
    """Inflow and arrivals are generated, spilled or kept; levels and flows stay within their limits."""
    case = network(seed, steps, step_hours)
    result = solved(case)
    level, spill = result.value("reservoir.level"), result.value("reservoir.spill")
    generation = result.value("reservoir.generation")
    enters = result.value("reservoir.report_inflow") + result.value("reservoir.report_arrivals")
    np.testing.assert_allclose(np.diff(level, axis=1), step_hours * (enters - generation - spill), atol=1e-9)
    table = case.tables["reservoirs"]
    capacity = table["capacity_mwh"].to_numpy()[:, None] * 1e-3
    assert (level >= 0.1 * capacity - 1e-9).all() and (level <= capacity + 1e-9).all()
    assert (generation + spill >= table["min_flow_mw"].to_numpy()[:, None] * 1e-3 - 1e-9).all()
    assert (level[:, -1] >= np.where(table["cyclic"], level[:, 0], 0.5 * capacity[:, 0]) - 1e-9).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_as_concrete(seed):
    """Rules as templates and as ordinary Pyomo constraints say the same, reports included."""
    case = network(seed, 5)
    assert_same_as_concrete(case)
    result, model = solved(case), build_model(case, concrete=True)
    for name in ("generation", "spill", "level"):
        values = result.value(f"reservoir.{name}").reshape(-1)
        for variable, value in zip(model.reservoir.component(name).values(), values, strict=True):
            variable.set_value(value, skip_validation=True)
    for name in ("generation", "available", "reservoir_level", "inflow", "arrivals", "spill"):
        concrete = [pyo.value(cell) for cell in model.reservoir.component(f"report_{name}").values()]
        np.testing.assert_allclose(result.value(f"reservoir.report_{name}").reshape(-1), concrete, atol=1e-12)


def test_offers():
    """At 40 of 100 MW with a floor of 10 and 15 MW of spill."""
    case = grid([100], [lake()], plants={"lake": {"certificate": "held", "min_output_fraction": 0.1}})
    fleet = build_model(case, concrete=True).fleets["reservoir"]
    fleet.block.generation["lake plant", 1], fleet.block.spill["lake", 1] = 0.040, 0.015
    offered = {name: pyo.value(getattr(fleet, name)("lake plant", 1)) * 1e3
               for name in ("output", "available", "forgone", "headroom_up", "headroom_down", "certificates")}
    assert offered == pytest.approx({"output": 40, "available": 100, "forgone": 15, "certificates": 40,
                                     "headroom_up": 60, "headroom_down": 30})


def test_without_a_cascade_same_as_concrete():
    assert_same_as_concrete(grid([50, 60], [lake(), channel("river")], {"lake": [5, 6]}))


def tables(reservoirs=(), cascade=()):
    return grid([1], list(reservoirs), cascade=cascade).tables


def found(problems):
    return [(problem.column, problem.value) for problem in problems]


def test_a_cascade_runs_downhill_once():
    rows = [lake(name) for name in "abc"]
    links = [{"upstream": "a", "downstream": "b"}, {"upstream": "b", "downstream": "c"}]
    assert check_cascade(tables(rows, links)) == []
    circle = check_cascade(tables(rows, [*links, {"upstream": "c", "downstream": "a"}]))
    assert found(circle) == [("downstream", "b"), ("downstream", "c"), ("downstream", "a")]
    again = [*links, {"upstream": "a", "downstream": "b", "share": 0}]
    assert found(check_cascade(tables(rows, again))) == [("downstream", "b")]
    assert found(check_cascade(tables(rows, [links[0], {"upstream": "a", "downstream": "c", "share": 0.1}]))) == [
        ("share", "1"), ("share", "0.1")]


def test_reservoirs_and_their_generators():
    assert check_reservoirs(tables([lake("a"), lake("b")])) == []
    second = lake("b", generator="a plant")
    assert found(check_reservoirs(tables([lake("a"), second]))) == [("generator", "a plant")]
    assert found(check_reservoirs(tables([lake("a", generator="coal")]))) == [("generator", "coal")]


def test_levels_that_contradict_each_other():
    crossed = lake(min_level_fraction=0.8, max_level_fraction=0.5, cyclic=True)
    assert found(check_reservoirs(tables([crossed]))) == [("min_level_fraction", "0.8")]
    assert found(check_reservoirs(tables([lake(min_level_fraction=0.2)]))) == [("final_fraction", "0")]
    assert found(check_reservoirs(tables([lake(max_level_fraction=0.4)]))) == [("initial_fraction", "0.5")]
    assert check_reservoirs(tables([lake(max_level_fraction=0.4, cyclic=True)])) == []
