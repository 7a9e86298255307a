"""Floors of the heating season, on grids that can be solved on paper."""

from __future__ import annotations

import pytest
from small import solved
from thermal_grids import coal, coal_and_gas

from grid_model.technologies.heating import in_season

WINTER = [{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}]
DEAR = {"variable_cost_cny_per_mwh": 900, "heating_floor_fraction": 0.4}


def daily(start, zones=WINTER, steps=3):
    """Steps of a day each."""
    return coal_and_gas([80] * steps, DEAR, start=start, step_hours=24, zones=zones)


def test_heat_is_delivered_in_the_season_only():
    """Coal is dear, but runs at 40 MW until 15 March, that day included; without the floor it would not run at all.

    Days 14 to 16 March: 2 x 24 x (40 x 900 + 40 x 500) + 24 x 80 x 500 = 3,648,000 CNY.
    """
    result = solved(daily("2027-03-14"))
    assert coal(result) == pytest.approx([40, 40, 0])
    assert result.objective == pytest.approx(3_648_000)


def test_season_crosses_new_year():
    """From 15 November, that day included, over new year. Out of a season coal would not run."""
    assert coal(solved(daily("2027-11-14"))) == pytest.approx([0, 40, 40])
    assert coal(solved(daily("2026-12-31"))) == pytest.approx([40, 40, 40])


def test_season_within_a_year():
    """Where the season starts before it ends it lies within the year: a zone of the southern half of the globe. Without a season coal
    would not run."""
    zones = [{"zone": "A", "heating_start": "06-01", "heating_end": "06-02"}]
    assert coal(solved(daily("2027-05-31", zones, steps=4))) == pytest.approx([0, 40, 40, 0])


def test_each_zone_has_its_own_season():
    """A zone without the two days has no season."""
    zones = [*WINTER, {"zone": "B"}, {"zone": "C", "heating_start": "01-02", "heating_end": "01-02"}]
    assert in_season(daily("2027-01-01", zones)).tolist() == [[True] * 3, [False] * 3, [False, True, False]]


def test_floor_gives_way_to_what_is_available():
    """With 30 MW available the floor of 40 is 30; else there would be no solution."""
    case = coal_and_gas([80, 80], DEAR, zones=WINTER, series={"availability": {"coal": [0.3, 1]}})
    assert coal(solved(case)) == pytest.approx([30, 40])


def test_the_higher_floor_counts():
    """A floor of 60 MW that holds always counts above one of 40 MW for heat; and the other way round. By heat alone the first would
    give 40 MW, by its own floor alone the second 20."""
    case = coal_and_gas([80, 80], {**DEAR, "min_output_fraction": 0.6}, zones=WINTER)
    assert coal(solved(case)) == pytest.approx([60, 60])
    case = coal_and_gas([80, 80], {**DEAR, "min_output_fraction": 0.2}, zones=WINTER)
    assert coal(solved(case)) == pytest.approx([40, 40])


def test_heat_brings_capacity_online():
    """With commitment 40 MW of heat at 80 % availability need 50 MW online: started once, 50 x 70 CNY.

    2 x (40 x 900 + 40 x 500) + 3,500 = 115,500 CNY; without heat coal stays off: 80,000 CNY.
    """
    fleet = {**DEAR, "start_cost_cny_per_mw": 70, "min_output_fraction": 0.5, "initial_online_mw": 0}
    result = solved(coal_and_gas([80, 80], fleet, zones=WINTER, series={"availability": {"coal": 0.8}}))
    assert result.value("thermal.online")[0] * 1e3 == pytest.approx([0, 50, 50])
    assert result.objective == pytest.approx(115_500)
