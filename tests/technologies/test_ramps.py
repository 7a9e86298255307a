"""Ramps of plant without commitment, on grids that can be solved on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small import solved
from thermal_grids import coal, coal_and_gas, rows


def bounds(result) -> int:
    """How many outputs are bound by the ramp into the first step."""
    known = result.program.bounding.get("thermal.first_ramp")
    return 0 if known is None else len(known.column)


def test_rise_is_limited():
    """Coal rises by 20 MW an hour: 40, 60, 80 for a load of 40, 80, 80; gas serves the 20 MWh missing.

    28,000 CNY; without the ramp coal serves all for 20,000.
    """
    result = solved(coal_and_gas([40, 80, 80], {"ramp_up_fraction_per_hour": 0.2}))
    assert coal(result) == pytest.approx([40, 60, 80])
    assert result.objective == pytest.approx(28_000)
    assert (rows(result, "ramp"), bounds(result)) == (2, 0)


def test_fall_is_limited():
    """Coal falls by 20 MW an hour, so that it may be at 60 only when load is 80 before 40.

    24,000 CNY; without the ramp coal serves all for 16,000.
    """
    result = solved(coal_and_gas([80, 40, 40], {"ramp_down_fraction_per_hour": 0.2}))
    assert coal(result) == pytest.approx([60, 40, 40])
    assert result.objective == pytest.approx(24_000)
    assert (rows(result, "ramp"), bounds(result)) == (2, 0)


def test_ramp_counts_the_hours_of_the_step_it_leads_into():
    """Steps of 1, 2 and 1 hours at 0.1 an hour: coal rises by 20 MW into the second, by 10 into the third.

    Coal 40 + 2 x 60 + 70 = 230 MWh, gas 2 x 20 + 10 = 50 MWh, 48,000 CNY; a ramp per step would give coal 40, 50, 60.
    """
    case = replace(coal_and_gas([40, 80, 80], {"ramp_up_fraction_per_hour": 0.1}), step_hours=np.array([1.0, 2.0, 1.0]))
    result = solved(case)
    assert coal(result) == pytest.approx([40, 60, 70])
    assert result.objective == pytest.approx(48_000)


def test_fall_counts_the_hours_of_the_step_it_leads_into():
    """Steps of 1, 2 and 1 hours at 0.1 an hour, load 80, 80, 40: coal falls by 20 into the second step, by 10 into
    the third: 70, 50, 40 MW. A ramp per step would give 60, 50, 40.
    """
    case = coal_and_gas([80, 80, 40], {"ramp_down_fraction_per_hour": 0.1})
    result = solved(replace(case, step_hours=np.array([1.0, 2.0, 1.0])))
    assert coal(result) == pytest.approx([70, 50, 40])


def test_first_step_may_rise_by_less():
    """From 10 MW before the horizon coal could come to 40; the load is 25, and so is coal. Held to its greatest rise it could not be."""
    assert coal(solved(coal_and_gas([25], {"ramp_up_fraction_per_hour": 0.3, "initial_output_mw": 10}))) == pytest.approx([25])


def test_first_step_rises_from_the_given_output():
    """From 10 MW before the horizon coal comes to 30 of 40 MW: 8,000 CNY. Without `initial_output_mw` 4,000."""
    given = solved(coal_and_gas([40], {"ramp_up_fraction_per_hour": 0.2, "initial_output_mw": 10}))
    assert given.objective == pytest.approx(8_000)
    free = solved(coal_and_gas([40], {"ramp_up_fraction_per_hour": 0.2}))
    assert free.objective == pytest.approx(4_000)
    assert (bounds(given), bounds(free)) == (1, 0)


def test_first_step_falls_from_the_given_output():
    """Dear gas falls from 90 to 70 MW only: 30 x 100 + 70 x 500 = 38,000 CNY; without the given output coal would serve
    all for 10,000."""
    result = solved(coal_and_gas([100], gas={"ramp_down_fraction_per_hour": 0.2, "initial_output_mw": 90}))
    assert result.objective == pytest.approx(38_000)
    assert bounds(result) == 1


def test_an_outage_is_no_ramp():
    """Coal runs at 50 MW or more and then has 30 MW only: it falls by 20 although its ramp is 10, and by no more.

    50 and 30 MW, 48,000 CNY. Were the outage held against the ramp there would be no solution; were the ramp forgotten
    coal would be at 80 before it (36,000 CNY).
    """
    result = solved(coal_and_gas([80, 80], {"ramp_down_fraction_per_hour": 0.1, "min_output_fraction": 0.5},
                                 series={"availability": {"coal": [1, 0.3]}}))
    assert coal(result) == pytest.approx([50, 30])
    assert result.objective == pytest.approx(48_000)


def test_a_floor_that_rises_is_no_ramp():
    """With 30 MW available, then a floor of 60, coal rises by 30 although its ramp is 10. Else there is no solution."""
    result = solved(coal_and_gas([80, 80], {"ramp_up_fraction_per_hour": 0.1},
                                 series={"availability": {"coal": [0.3, 1]}, "min_output": {"coal": [0, 0.6]}}))
    assert coal(result) == pytest.approx([30, 60])


def test_output_before_an_outage_in_the_first_step_could_not_prepare():
    """At 80 MW before the horizon, 30 MW available from the first step on: coal falls by 50 although its ramp is 10.
    Were the outage held against the ramp there would be no solution."""
    result = solved(coal_and_gas([80, 80], {"ramp_down_fraction_per_hour": 0.1, "initial_output_mw": 80},
                                 series={"availability": {"coal": 0.3}}))
    assert coal(result) == pytest.approx([30, 30])


def test_ramps_that_cannot_bind_have_no_row():
    """Coal between 50 and 100 MW that may move by 50 MW an hour is not limited; at 49 MW either way it is. No capacity, no row."""
    def size(**columns):
        result = solved(coal_and_gas([60, 60, 60], {"min_output_fraction": 0.5, **columns}))
        return rows(result, "ramp")

    assert size(ramp_up_fraction_per_hour=0.5, ramp_down_fraction_per_hour=0.5) == 0
    assert size(ramp_up_fraction_per_hour=0.49) == size(ramp_down_fraction_per_hour=0.49) == 2
    assert size(ramp_up_fraction_per_hour=0.1, ramp_down_fraction_per_hour=0.1, capacity_mw=0) == 0
