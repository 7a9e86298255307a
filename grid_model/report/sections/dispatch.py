"""Dispatch of an area over time: supply and use, price, storage level, curtailment by cause; and duration curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grid_model.report.areas import Series
from grid_model.report.blocks import Explorer, Section, empty
from grid_model.report.charts import AREA, LINE, Chart, Layer
from grid_model.report.style import colour
from grid_model.report.view import View
from grid_model.report.words import Words, word

ABOVE = ("discharge", "converted", "imports", "reduced", "orderly", "unserved")  # on top of generation
BELOW = ("charge", "converting", "exports", "added")
PATTERN = {
    "imports": "/",
    "exports": "/",
    "charge": "\\",
    "reduced": ".",
    "added": ".",
    "orderly": "x",
    "unserved": "x",
}
QUANTILES = np.linspace(0.0, 1.0, 201)


def section(view: View) -> Section:
    keys = list(view.series.values)
    charts = empty(supply_chart(view, keys), price_chart(view), level_chart(view, keys), curtailment_chart(view, keys))
    return Section("dispatch", word("dispatch"), [Explorer("dispatch", charts)])


def duration_section(view: View) -> Section:
    return Section("duration", word("duration"), [
        Explorer("duration", [load_duration(view), price_duration(view)], windowed=False)])  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- charts


def supply_chart(view: View, keys, values: dict | None = None, title: Words | None = None) -> Chart:
    """Stack of what supplies an area above zero, of what it gives away below, and the load as a line."""
    layers = [_layer(view, key, values, stack=1) for key in keys if key.startswith("generation:")]
    layers += [_layer(view, key, values, stack=1) for key in ABOVE if key in keys]
    layers += [_layer(view, key, values, stack=-1) for key in BELOW if key in keys]
    layers.append(_layer(view, "load", values, drawn=LINE))
    return _over_time(view, "supply", title or word("supply"), view.power.name, layers, values, height=540)


def price_chart(view: View, values: dict | None = None, title: Words | None = None) -> Chart:
    return _over_time(
        view,
        "price",
        title or word("price"),
        view.price_unit,
        [_layer(view, "price", values, drawn=LINE)],
        values,
        height=230,
    )


def level_chart(view: View, keys, values: dict | None = None, title: Words | None = None) -> Chart | None:
    """Energy held at the end of each step by storage technology."""
    layers = [_layer(view, key, values, stack=1) for key in keys if key.startswith("level:")]
    return (
        _over_time(view, "level", title or word("level"), view.level.name, layers, values, height=260)
        if layers
        else None
    )


def curtailment_chart(view: View, keys, values: dict | None = None, title: Words | None = None) -> Chart | None:
    """By cause where causes are known, else by technology."""
    layers = [_layer(view, key, values, stack=1) for key in keys if key.startswith(("cause_", "curtailment:"))]
    causes = any(key.startswith("cause_") for key in keys)
    name = title or word("curtailment_by_cause" if causes else "curtailment_by_technology")
    return _over_time(view, "curtailment", name, view.power.name, layers, values, height=260) if layers else None


def load_duration(view: View, values: dict | None = None, title: Words | None = None) -> Chart:
    layers = [_layer(view, key, values, drawn=LINE) for key in ("load", "residual_load")]
    return _duration(view, "load_duration", title or word("load"), view.power.name, layers)


def price_duration(view: View, values: dict | None = None, title: Words | None = None) -> Chart:
    return _duration(
        view, "price_duration", title or word("price"), view.price_unit, [_layer(view, "price", values, drawn=LINE)]
    )


def duration(series: Series, keys=("load", "residual_load", "price")) -> dict[str, np.ndarray]:
    """Values exceeded for 0 to 100 % of the time, weighted by the length of steps; shape (areas, quantiles)."""
    return {key: np.stack([_exceeded(row, series.hours) for row in series.values[key]]) for key in keys}


def _exceeded(values: np.ndarray, hours: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(QUANTILES), np.nan)
    order = np.argsort(-values[known], kind="stable")
    reached = np.cumsum(hours[known][order])
    place = np.searchsorted(reached, QUANTILES * reached[-1] * (1 - 1e-12))
    return values[known][order][np.minimum(place, known.sum() - 1)]


# ------------------------------------------------------------------------------------------------------------- layers


def layer_words(view: View, key: str) -> tuple[Words, str]:
    """Name and colour of a series by its key."""
    kind, _, technology = key.partition(":")
    if technology:
        return view.style.technology(technology), view.style.technology_colour(technology)
    return word(key), colour(key)


def unit_factor(view: View, key: str) -> float:
    """From MW, MWh or price to what is shown."""
    if key == "price":
        return 1.0
    return view.level.factor if key.startswith("level:") else view.power.factor


def _layer(view: View, key: str, values: dict | None, drawn: str = AREA, stack: int = 1) -> Layer:
    name, shown = layer_words(view, key)
    known = None if values is None else np.asarray(values[key]) * unit_factor(view, key)
    return Layer(key, name, shown, drawn, known, stack, PATTERN.get(key, "") if drawn == AREA else "",
                 stepped=not key.startswith("level:"))  # fmt: skip


def _over_time(view, key, title, unit, layers, values, height) -> Chart:
    x = None if values is None else view.step_ends if key == "level" else view.time.to_numpy()
    if values is not None:  # what never is anything needs no place in the legend
        layers = [layer for layer in layers if layer.drawn == LINE or np.any(np.abs(layer.values) > 1e-9)]
    return Chart(key, title, unit, layers, x, height=height)


def _duration(view, key, title, unit, layers) -> Chart:
    layers = [replace(layer, stepped=False) for layer in layers]
    return Chart(
        key,
        title,
        unit,
        layers,
        QUANTILES,
        word("share_of_time"),
        "number",
        height=300,
        percent="x",
        source="duration",
        from_zero=False,
    )
