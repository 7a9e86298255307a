"""Plots from results, with either backend, in either language."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from grid_model.report.style import Style
from grid_model.results.results import Results

PLOTS = {
    "dispatch": {"zone": "Qinghai"},
    "price": {},
    "storage": {"zone": "Gansu"},
    "curtailment": {},
    "duration": {"quantity": "price"},
    "cycles": {},
    "reservoirs": {},
    "flows": {},
    "price_map": {"time": "2027-01-01T12:30"},
}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", PLOTS)
def test_both_backends_draw_the_same_words(rich, name):
    figure = getattr(rich.plot, name)(**PLOTS[name])
    axes = getattr(rich.plot, name)(**PLOTS[name], backend="matplotlib")
    assert axes.get_title(loc="left") == figure.layout.title.text
    if axes.get_legend() is not None:
        assert {text.get_text() for text in axes.get_legend().get_texts()} == {trace.name for trace in figure.data}


def test_colours_are_those_of_the_technologies(rich):
    figure = rich.plot.dispatch(zone="Qinghai")
    style = Style(rich)
    solar = next(trace for trace in figure.data if trace.meta == "generation:solar_utility")
    assert solar.fillcolor == style.technology_colour("solar_utility") and solar.name == "Utility photovoltaics"


def test_dispatch_of_a_stretch_of_time(rich):
    figure = rich.plot.dispatch(start="2027-01-01T06:00", end="2027-01-01T10:00", language="zh")
    load = next(trace for trace in figure.data if trace.meta == "load")
    np.testing.assert_allclose(load.y, rich.dispatch["load"].sum("zone").values[6:10] / 1e3)
    assert load.name == "负荷" and figure.layout.title.text == "全部区域: 供需平衡"


def test_levels_are_drawn_at_the_end_of_their_steps(rich):
    """What a store holds after the hour from six to seven stands at seven, not at six."""
    figure = rich.plot.storage(zone="Qinghai", start="2027-01-01T06:00", end="2027-01-01T10:00")
    assert np.datetime_as_string(np.asarray(figure.data[0].x, "datetime64[h]")).tolist() == [
        f"2027-01-01T{hour:02d}" for hour in (7, 8, 9, 10)]  # fmt: skip


def test_levels_of_reservoirs_are_drawn_at_the_end_of_their_steps(rich):
    """The first of 24 hours ends at one o'clock; drawn at its start, water would be there before it came."""
    hours = np.asarray(rich.plot.reservoirs().data[0].x, "datetime64[h]")
    assert np.datetime_as_string(hours[[0, -1]]).tolist() == ["2027-01-01T01", "2027-01-02T00"]


def test_price_map_shows_prices_of_the_step_asked_for(rich):
    tiles = rich.plot.price_map("2027-01-01T12:30").data[0]
    shown = np.array(tiles.z, float)
    expected = rich.dispatch["price"].sel(time="2027-01-01T12:00").values
    np.testing.assert_allclose(np.sort(shown[np.isfinite(shown)]), np.sort(expected))


def test_matplotlib_draws_on_given_axes(plain_grid):
    axes = plt.subplots()[1]
    assert plain_grid.plot.dispatch(backend="matplotlib", ax=axes) is axes


@pytest.mark.parametrize(("call", "said"), [
    (lambda plot: plot.dispatch(backend="crayon"), "backend 'crayon'"),
    (lambda plot: plot.price_map("2030-01-01"), "no step at 2030"),
    (lambda plot: plot.dispatch(start="2031-01-01"), "no step between"),
    (lambda plot: plot.reservoirs(), "no reservoir_level"),
])  # fmt: skip
def test_what_cannot_be_plotted_is_said(plain_grid, call, said):
    with pytest.raises(ValueError, match=said):
        call(plain_grid.plot)


def test_results_do_not_know_of_plots():
    """The report looks at results, never the other way: the accessor is put on from outside."""
    assert "plot" not in Results.__dataclass_fields__ and isinstance(Results.plot, property)
