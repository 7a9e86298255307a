"""Directions: the best of all choices of which way each store goes in each step, and whether there is one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import vstack
from small import small_case

import grid_model as gm
from grid_model.algebra import INFINITY
from grid_model.case.units import CNY


def cycling(load, *stores, floor=0.0):
    """Coal at 300 CNY/MWh with so much of 100 MW always on, a load, and stores with these columns."""
    defaults = {"zone": "A", "technology": "lithium_ion", "charge_efficiency": 0.9, "discharge_efficiency": 0.9}
    return small_case(
        len(load), series={"load": {"l": load}}, loads=[{"load": "l", "zone": "A"}],
        generators=[{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300,
                     "min_output_fraction": floor}],
        storage=[defaults | {"storage": f"s{number}"} | store for number, store in enumerate(stores)])


def least_cost(case) -> float:
    """Of all choices of directions, each by itself an LP of SciPy's [CNY]; infinite where none leaves a way."""
    program = gm.compile_program(gm.build_model(case))
    charge, discharge = (np.arange(family.start, family.start + family.size)
                         for family in map(program.columns.get, ("storage.charge", "storage.discharge")))
    lower, upper = program.row_lower > -INFINITY, program.row_upper < INFINITY
    rows = vstack([program.matrix[upper], -program.matrix[lower]])
    sides = np.concatenate([program.row_upper[upper], -program.row_lower[lower]])
    costs = []
    for way in itertools.product([True, False], repeat=len(charge)):
        most = program.column_upper.copy()
        most[np.where(way, discharge, charge)] = 0.0
        found = linprog(program.cost, rows, sides, bounds=np.column_stack([program.column_lower, np.where(most < INFINITY, most, np.inf)]))
        costs.append(found.fun / CNY if found.status == 0 else np.inf)
    return min(costs)


def cost_of(case) -> float:
    try:
        results = gm.solve(case)
    except gm.InfeasibleError:
        return np.inf
    assert results.tables["burning"].empty
    return results.summary["objective_cny"]


def test_a_way_that_closing_one_after_another_does_not_find():
    """Hours of 5, 7, 3 and 5 MW. One store owes 4 MWh each way, the other, half full, 6, at 3 MW: both charge in some hours and give in
    others, four hours of turns that leave two choices. Closing the way that is used less, and turning what leaves none, ends at
    none of them: energy was burnt at 300 CNY/MWh."""
    case = cycling([5, 7, 3, 5], {"power_mw": 3, "energy_mwh": 40, "min_cycles_per_day": 0.6, "initial_fraction": 0.0, "cyclic": True},
                   {"power_mw": 3, "energy_mwh": 12, "min_cycles_per_day": 3, "initial_fraction": 0.5, "cyclic": False})
    least = least_cost(case)
    assert least == pytest.approx(6281.48, abs=0.01)
    assert cost_of(case) == pytest.approx(least)


def test_directions_are_the_best_there_are(random):
    """A store that owes cycles and has a start and an end, beside coal that may be turned down so far: against all sixteen choices of
    four hours: twelve stores, and more until one of them has a way and one has none."""
    ends = []
    while len(ends) < 12 or len(set(ends)) < 2:
        store = {"power_mw": random.choice([3.0, 10.0]), "energy_mwh": random.choice([6.0, 12.0, 40.0]), "cyclic": bool(random.integers(2)),
                 "min_cycles_per_day": random.choice([0.6, 1.0, 2.0]), "initial_fraction": random.choice([0.0, 0.5, 1.0])}
        case = cycling(random.integers(0, 8, 4), store, floor=random.choice([0.0, 0.02]))
        least = least_cost(case)
        assert cost_of(case) == pytest.approx(least, rel=1e-6)
        ends.append(least < np.inf)


@pytest.mark.parametrize(("load", "energy", "cycles"), [([5, 6, 0, 6, 3, 4, 5, 2, 7, 0, 2, 3], 40, 1.5),
                                                        ([1, 7, 3, 7, 0, 5, 2, 1, 5, 5, 6, 1], 12, 3.0)])
def test_a_window_that_leaves_a_store_no_way_is_solved_with_those_before_it(load, energy, cycles):
    """Twelve hours in windows of four: the window before leaves the store where it can no more make its cycles one way at a time.
    Had it to burn there, the whole would be refused, though it has a dispatch."""
    case = cycling(load, {"power_mw": 10, "energy_mwh": energy, "min_cycles_per_day": cycles, "initial_fraction": 0.0, "cyclic": False})
    settings = {"mode": "windows", "window_hours": 4, "look_ahead_hours": 2, "medium_hours": 2}
    solve = case.scenario.solve.model_copy(update=settings)
    pieced = replace(case, scenario=case.scenario.model_copy(update={"solve": solve}))
    assert cost_of(pieced) == pytest.approx(cost_of(case))
