"""What an area shows is the sum of its zones, and adds up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_model.report.areas import area_series, find_area, list_areas
from grid_model.report.pack import LEVELS, pack, unpack
from grid_model.report.sections.dispatch import QUANTILES, _exceeded
from grid_model.report.style import Style
from grid_model.report.tile_grid import tile_grid
from grid_model.report.view import View


@pytest.fixture(scope="module", params=["rich", "plain_grid"])
def view(request):
    return View(request.getfixturevalue(request.param))


def test_supply_and_use_add_up_in_every_area(view):
    """generation + discharge + imports + reduced + orderly + unserved = load + charge + exports + added, in each area
    and step:
    without losses, or with a line counted at one end only, the whole grid would be out by what is lost."""
    values = view.series.values
    supplied = sum(array for key, array in values.items() if key.startswith("generation:") or key in (
        "discharge", "imports", "reduced", "orderly", "unserved"))  # fmt: skip
    given_away = values["load"] - sum(values[key] for key in ("charge", "exports", "added") if key in values)
    assert np.abs(supplied - given_away).max() < 0.05
    assert np.abs(values["exports"][0].sum() + view.data["loss"].sum().item()) < 0.05  # the whole grid only loses


def test_causes_of_curtailment_sum_to_curtailment(view):
    caused = sum(array[0] for key, array in view.series.values.items() if key.startswith("cause_"))
    np.testing.assert_allclose(caused, view.data["curtailment"].sum("generator").values, atol=1e-6)


def test_regions_are_sums_of_their_zones(rich):
    """Provinces split into two regions: each region's load is its provinces', the grid's is both."""
    data = rich.dispatch.assign_coords(region=("zone", ["A", "A", "B", "B", "B"]))
    areas = list_areas(data, Style(rich))
    series = area_series(data, areas)
    load = data["load"].transpose("zone", "time").values
    assert [area.level for area in areas[:4]] == ["whole_grid", "regions", "regions", "zones"]
    np.testing.assert_allclose(series.of(find_area(areas, "A"))["load"], load[:2].sum(axis=0))
    np.testing.assert_allclose(series.of(find_area(areas, None))["load"], load.sum(axis=0))
    price = series.of(find_area(areas, "B"))["price"]
    weighted = (data["price"].values[2:] * load[2:]).sum(axis=0) / load[2:].sum(axis=0)
    np.testing.assert_allclose(price, weighted)


def test_an_area_is_found_by_either_name(rich):
    areas = View(rich).areas
    assert find_area(areas, "青海") is find_area(areas, "Qinghai")
    with pytest.raises(KeyError, match="Qinghai"):
        find_area(areas, "Atlantis")


def test_duration_counts_hours_not_steps():
    """4 MW for one hour and 1 MW for three: exceeded for a quarter of the time, not for half of it."""
    curve = _exceeded(np.array([1.0, 4.0]), np.array([3.0, 1.0]))
    assert curve[QUANTILES <= 0.25].tolist() == [4.0] * int((QUANTILES <= 0.25).sum())
    assert set(curve[QUANTILES > 0.25]) == {1.0}


@given(st.lists(st.one_of(st.floats(-1e6, 1e6, allow_subnormal=False), st.just(float("nan"))), min_size=1, max_size=50))
def test_packed_values_are_within_half_a_level(values):
    """Rounded to 1/2000 of the greatest; what is not known stays so."""
    values = np.array(values)
    found = unpack(pack({"a": values})).get("a", np.zeros(len(values)))
    greatest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    assert (np.isnan(found) == np.isnan(values)).all()
    assert np.nanmax(np.abs(found - values), initial=0.0) <= greatest / LEVELS * 0.51


@given(st.lists(st.tuples(st.floats(18, 54), st.floats(73, 135)), min_size=1, max_size=40))
def test_every_zone_has_a_tile_of_its_own(places):
    column, row = tile_grid(*zip(*places))
    assert len(set(zip(column.tolist(), row.tolist()))) == len(places)
    assert column.min() == row.min() == 0


def test_tiles_lie_as_provinces_do():
    """Xinjiang in the north-west corner, Heilongjiang in the north-east, Hainan at the south, Shanghai east of
    Sichuan."""
    place = {
        "Xinjiang": (43.8, 87.6),
        "Heilongjiang": (45.8, 126.5),
        "Hainan": (20.0, 110.2),
        "Shanghai": (31.2, 121.5),
        "Sichuan": (30.6, 104.1),
        "Beijing": (39.9, 116.4),
        "Hubei": (30.6, 114.3),
        "Guangdong": (23.1, 113.3),
    }
    column, row = (dict(zip(place, axis.tolist())) for axis in tile_grid(*zip(*place.values())))
    assert column["Xinjiang"] == 0 and row["Hainan"] == 0
    assert row["Heilongjiang"] == max(row.values()) and column["Shanghai"] > column["Hubei"] > column["Sichuan"]
    assert row["Beijing"] > row["Hubei"] > row["Guangdong"]


def test_zones_without_coordinates_stand_in_rows():
    column, row = tile_grid([np.nan] * 5, [np.nan] * 5)
    assert list(zip(column.tolist(), row.tolist())) == [(0, 1), (1, 1), (2, 1), (0, 0), (1, 0)]
