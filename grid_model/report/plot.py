"""Plots straight from results, with the colours and words of the report: `results.plot.dispatch(zone="Qinghai")`.

Every plot takes `backend` ("plotly" gives a plotly figure, "matplotlib" axes), `language` ("en", "zh"), and for
matplotlib `ax` to draw on. `zone` is a zone or a region by name, the whole grid if none is given; `start` and `end`
choose a stretch of time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.areas import find_area
from grid_model.report.charts import Chart
from grid_model.report.sections import dispatch, network, stores
from grid_model.report.view import View
from grid_model.report.words import LANGUAGES, Words, plain, word
from grid_model.results.results import Results

BACKENDS = ("plotly", "matplotlib")


class Plot:
    """What can be plotted of results."""

    def __init__(self, results):
        self._results = results

    def dispatch(self, zone=None, start=None, end=None, *, backend="plotly", language="en", ax=None):
        """Supply above zero, what is charged, exported and added below, and the load."""
        return self._over_time(dispatch.supply_chart, word("supply"), zone, start, end, backend, language, ax)

    def price(self, zone=None, start=None, end=None, *, backend="plotly", language="en", ax=None):
        """Price over time; of several zones their mean, weighted by load."""
        return self._over_time(
            lambda view, keys, *rest: dispatch.price_chart(view, *rest),
            word("price"),
            zone,
            start,
            end,
            backend,
            language,
            ax,
        )

    def storage(self, zone=None, start=None, end=None, *, backend="plotly", language="en", ax=None):
        """Energy in store by technology."""
        return self._over_time(dispatch.level_chart, word("level"), zone, start, end, backend, language, ax)

    def curtailment(self, zone=None, start=None, end=None, *, backend="plotly", language="en", ax=None):
        """Curtailment by cause, or by technology where causes are not known."""
        return self._over_time(dispatch.curtailment_chart, word("curtailment"), zone, start, end, backend, language, ax)

    def duration(self, zone=None, quantity="load", *, backend="plotly", language="en", ax=None):
        """Duration curve of `load` (with what remains of it after wind and sun) or `price`."""
        _one_of(quantity, ("load", "price"), "quantity")
        view = View(self._results)
        area = find_area(view.areas, zone)
        curves = {key: rows[view.areas.index(area)] for key, rows in dispatch.duration(view.series).items()}
        make = dispatch.load_duration if quantity == "load" else dispatch.price_duration
        return _drawn(make(view, curves, _titled(word(quantity), area.name)), backend, language, ax)

    def cycles(self, *, backend="plotly", language="en", ax=None):
        """Full cycles a day of stores, by zone and technology."""
        return _drawn(stores.cycle_chart(View(self._results)), backend, language, ax)

    def reservoirs(self, *, backend="plotly", language="en", ax=None):
        """Level of every reservoir over time."""
        _demand(self._results, "reservoir_level")
        return _drawn(stores.level_heat(View(self._results)), backend, language, ax)

    def flows(self, *, backend="plotly", language="en", ax=None):
        """Energy over the corridors, forward and back."""
        _demand(self._results, "flow")
        return _drawn(network.flow_chart(View(self._results)), backend, language, ax)

    def price_map(self, time=None, *, backend="plotly", language="en", ax=None):
        """Zones as tiles in the colour of their price, with flows, at a time or as the mean of the horizon."""
        view = View(self._results)
        steps, said = _moment(view, time)
        values = network.slot_means(view, view.data["price"].transpose("zone", "time").values, [steps])[:, 0]
        chart = network.tile_map(
            view, values, word("price") + plain(": ") + said, view.price_unit, network.arrows_of(view, steps)
        )
        return _drawn(chart, backend, language, ax)

    def _over_time(self, make, name: Words, zone, start, end, backend, language, ax):
        view = View(_between(self._results, start, end))
        area = find_area(view.areas, zone)
        values = view.series.of(area)
        chart = make(view, list(values), values, _titled(name, area.name))
        if chart is None:
            raise ValueError("these results have nothing of the kind")
        return _drawn(chart, backend, language, ax)


def _titled(name: Words, area: Words) -> Words:
    return area + plain(": ") + name


def _between(results, start, end) -> Results:
    """The same results over a stretch of time, `end` exclusive."""
    if start is None and end is None:
        return results
    time = pd.DatetimeIndex(results.dispatch["time"].values)
    chosen = np.ones(len(time), bool)
    chosen &= time >= pd.Timestamp(start) if start is not None else True
    chosen &= time < pd.Timestamp(end) if end is not None else True
    if not chosen.any():
        raise ValueError(f"no step between {start} and {end}; results are from {time[0]} to {time[-1]}")
    return Results(results.dispatch.isel(time=np.flatnonzero(chosen)), results.summary, results.tables)


def _moment(view: View, time) -> tuple[np.ndarray, Words]:
    if time is None:
        return np.arange(len(view.time)), word("mean_of_horizon")
    place = int(view.time.searchsorted(pd.Timestamp(time), side="right")) - 1
    if place < 0 or pd.Timestamp(time) >= view.time[-1] + pd.Timedelta(hours=float(view.data["step_hours"][-1])):
        raise ValueError(f"no step at {time}; results are from {view.time[0]} to {view.time[-1]}")
    return np.array([place]), plain(f"{view.time[place]:%Y-%m-%d %H:%M}")


def _drawn(chart: Chart, backend: str, language: str, ax):
    _one_of(backend, BACKENDS, "backend")
    _one_of(language, LANGUAGES, "language")
    if backend == "matplotlib":
        from grid_model.report.draw_matplotlib import draw  # only who asks for matplotlib waits for it

        return draw(chart, language, ax)
    from grid_model.report.draw_plotly import draw

    return draw(chart, language)


def _one_of(value, allowed, name: str) -> None:
    if value not in allowed:
        raise ValueError(f"{name} {value!r}; allowed: {', '.join(allowed)}")


def _demand(results, name: str) -> None:
    if name not in results.dispatch:
        raise ValueError(f"these results have no {name}")
