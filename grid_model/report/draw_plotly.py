"""Charts drawn with plotly. Names are escaped: plotly reads a little HTML in its texts, and names are data."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

from grid_model.report.charts import AREA, BAR, LINE, Arrows, Chart, Heat, Layer, Sankey, Tiles
from grid_model.report.style import SCALE, colour
from grid_model.report.words import Words, word

FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
GRID = "#e3e6ea"
THINNEST, THICKEST = 1.0, 7.0  # px of an arrow


def draw(chart, language: str = "en") -> go.Figure:
    """A chart, heat map, tile map or Sankey as a figure."""
    return go.Figure(specify(chart, language))


def specify(chart, language: str = "en") -> dict:
    """The figure as plotly's own description, `{"data": [...], "layout": {...}}`; arrays are numpy's."""
    makers = {Chart: _chart, Heat: _heat, Tiles: _tiles, Sankey: _sankey}
    traces, layout = makers[type(chart)](chart, language)
    return {
        "data": traces,
        "layout": {
            "title": {
                "text": _said(chart.title, language),
                "font": {"size": 15},
                "x": 0,
                "xref": "paper",
                "yref": "container",
                "y": 0.98,
                "yanchor": "top",
            },
            "font": {"family": FONT, "size": 12, "color": "#1f2933"},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "height": chart.height,
            "margin": {"l": 62, "r": 16, "t": 40, "b": 44},
            "hoverlabel": {"font": {"family": FONT}},
            "legend": {"font": {"size": 11}, "tracegroupgap": 2},
            **layout,
        },
    }


def _said(words: Words, language: str) -> str:
    return escape(words.say(language), quote=False)


# ------------------------------------------------------------------------------------------------------------- layers


def _chart(chart: Chart, language: str) -> tuple[list, dict]:
    x = [_said(name, language) for name in chart.x] if chart.x_kind == "names" else chart.x
    across, upright = ("yaxis", "xaxis") if chart.horizontal else ("xaxis", "yaxis")
    value = {
        "title": {"text": _said(chart.y_title, language)},
        "gridcolor": GRID,
        "zerolinecolor": "#9aa5b1",
        "automargin": True,
        "separatethousands": True,
        "exponentformat": "none",
        "rangemode": "tozero" if chart.from_zero else "normal",
        "tickformat": ".0%" if chart.percent == "y" else "",
    }
    label = {
        "title": {"text": _said(chart.x_title, language)},
        "gridcolor": GRID,
        "automargin": True,
        "tickformat": ".0%" if chart.percent == "x" else "",
    }
    layout = {across: label, upright: value, "barmode": chart.barmode}
    if chart.x_kind == "names":
        label |= {"type": "category", "autorange": "reversed"} if chart.horizontal else {"type": "category"}
        label |= {"dtick": 1}
    if chart.x_kind == "time":
        label |= _dates(language)
        layout["hovermode"] = "x unified"
    return [_trace(chart, layer, x, language) for layer in chart.layers], layout


def _dates(language: str) -> dict:
    """An axis of times; in Chinese with dates in figures, as plotly's own are English."""
    hour = 3_600_000
    stops = [
        {"dtickrange": [None, 23 * hour], "value": "%H:%M\n%m-%d"},
        {"dtickrange": [23 * hour, "M1"], "value": "%m-%d\n%Y"},
        {"dtickrange": ["M1", None], "value": "%Y-%m"},
    ]
    return {"type": "date", "ticks": "outside", "ticklen": 4, "hoverformat": "%Y-%m-%d %H:%M",
            "tickformatstops": stops if language == "zh" else []}  # fmt: skip


def _trace(chart: Chart, layer: Layer, x, language: str) -> dict:
    name = _said(layer.name, language)
    y = None if layer.values is None else np.asarray(layer.values, float)
    axes = {"x": y, "y": x, "orientation": "h"} if chart.horizontal and layer.drawn == BAR else {"x": x, "y": y}
    axes = {"x": y, "y": x} if chart.horizontal and layer.drawn not in (BAR, AREA) else axes
    shared = {"name": name, "meta": layer.key, **axes}
    if layer.labels:
        shared |= {
            "text": [_said(label, language) for label in layer.labels],
            "hovertemplate": "%{text}: %{" + ("x" if chart.horizontal else "y") + ":,.4~g}",
        }
    if layer.drawn == BAR:
        return {"type": "bar", **shared, "marker": {"color": layer.colour, "line": {"width": 0.5, "color": "white"},
                                        "pattern": {"shape": layer.pattern}}, "textposition": "none"}  # fmt: skip
    if layer.drawn == AREA:
        return {
            **shared,
            "type": "scatter",
            "mode": "lines",
            "stackgroup": "above" if layer.stack > 0 else "below",
            "fillcolor": layer.colour,
            "line": {"width": 0.4, "color": "white", "shape": "hv" if layer.stepped else "linear"},
            "fillpattern": {"shape": layer.pattern, "fgcolor": layer.colour, "bgcolor": "white", "size": 6},
            "hovertemplate": "%{y:,.4~g}",
        }
    mode = "lines" if layer.drawn == LINE else "markers"
    return {
        "type": "scatter",
        "hovertemplate": "%{y:,.5~g}",
        **shared,
        "mode": mode,
        "line": {"width": 2, "color": layer.colour, "dash": layer.dash, "shape": "hv" if layer.stepped else "linear"},
        "marker": {"size": 9, "color": layer.colour, "symbol": layer.pattern or "circle"},
    }


def _heat(chart: Heat, language: str) -> tuple[list, dict]:
    bar = {
        "title": {"text": _said(chart.value_title, language), "side": "right"},
        "thickness": 12,
        "tickformat": ".0%" if chart.percent else "",
    }
    trace = {
        "type": "heatmap",
        "x": chart.x,
        "y": [_said(name, language) for name in chart.rows],
        "z": np.round(np.asarray(chart.values, float), 4),
        "colorscale": SCALE,
        "colorbar": bar,
        "hovertemplate": "%{y}<br>%{x}<br>%{z:" + (".1%" if chart.percent else ",.4~g") + "}<extra></extra>",
    }
    trace |= {"zmin": 0, "zmax": 1} if chart.percent else {}
    return [trace], {
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category", "dtick": 1},
        "xaxis": _dates(language),
    }


# -------------------------------------------------------------------------------------------------------------- tiles


def _tiles(chart: Tiles, language: str) -> tuple[list, dict]:
    """A heat map of cells, the zones' names, and an arrow for every line: a segment and a head halfway."""
    width, height = chart.column.max() + 1, chart.row.max() + 1
    cells = np.full((height, width), np.nan)
    cells[chart.row, chart.column] = chart.values
    low, high = chart.limits or _limits(chart.values)
    name = [[""] * width for _ in range(height)]
    for zone, column, row in zip(chart.names, chart.column, chart.row):
        name[row][column] = _said(zone, language)
    tiles = {
        "type": "heatmap",
        "z": cells,
        "x": list(range(width)),
        "y": list(range(height)),
        "zmin": low,
        "zmax": high,
        "colorscale": SCALE,
        "xgap": 5,
        "ygap": 5,
        "text": name,
        "hovertemplate": "%{text}<br>%{z:,.4~g}<extra></extra>",
        "hoverongaps": False,
        "meta": "tiles",
        "colorbar": {
            "title": {"text": _said(chart.value_title, language), "side": "right"},
            "thickness": 12,
            "len": 0.8,
        },
    }
    names = {
        "type": "scatter",
        "x": chart.column,
        "y": chart.row + 0.26,
        "mode": "text",
        "meta": "names",
        "hoverinfo": "skip",
        "text": [f"<b>{_said(zone, language)}</b>" for zone in chart.names],
        "textfont": {"size": 11, "shadow": "auto", "color": tile_ink(chart.values, low, high)},
    }
    axis = {"visible": False, "fixedrange": True}
    arrows = _arrows(chart.arrows, chart, language) if chart.arrows is not None else []
    return [tiles, *arrows, names], {"showlegend": False, "xaxis": axis | {"range": [-0.55, width - 0.45]},
                                     "yaxis": axis | {"range": [-0.55, height - 0.45]}}  # fmt: skip


def tile_ink(values, low: float, high: float) -> list[str]:
    """Black on bright tiles, white on dark ones, black where there is no tile colour."""
    values = np.asarray(values, float)
    part = np.divide(values - low, high - low, out=np.ones_like(values), where=np.isfinite(values) & (high > low))
    return np.where(part < 0.5, "#ffffff", "#111111").tolist()


def _arrows(arrows: Arrows, chart: Tiles, language: str) -> list[dict]:
    traces = []
    for x, y, angle, name, power, width, full in arrow_shapes(arrows, chart):
        shown = arrow_colour(full)
        said = (
            f"{_said(name, language)}<br>{power:,.0f} MW, {escape(word('congestion_share').say(language))} {full:.0%}"
        )
        traces.append(
            {
                "type": "scatter",
                "x": x,
                "y": y,
                "mode": "lines+markers",
                "hoverinfo": "text",
                "text": ["", said, ""],
                "meta": "arrow",
                "opacity": 1.0 if power else 0.0,
                "line": {"width": THINNEST + (THICKEST - THINNEST) * width, "color": shown},
                "marker": {
                    "symbol": ["circle", "triangle-up", "circle"],
                    "size": [0, 9 + 9 * width, 0],
                    "angle": [0, angle, 0],
                    "color": shown,
                    "line": {"width": 0.5, "color": "white"},
                },
            }
        )
    return traces


def arrow_shapes(arrows: Arrows, chart: Tiles):
    """Of each arrow: three points on its way (in the direction of its power), the angle of its head, and its
    figures."""
    column, row = chart.column.astype(float), chart.row.astype(float)
    for name, start, end, power, width, full in zip(
        arrows.names, arrows.start, arrows.end, arrows.power, arrows.width, arrows.full
    ):
        start, end = (start, end) if power >= 0 else (end, start)
        x0, y0, x1, y1 = column[start], row[start] - 0.1, column[end], row[end] - 0.1
        angle = np.degrees(np.arctan2(x1 - x0, y1 - y0))
        middle = 0.58
        yield (
            [x0, x0 + middle * (x1 - x0), x1],
            [y0, y0 + middle * (y1 - y0), y1],
            angle,
            name,
            abs(power),
            width,
            full,
        )


def arrow_colour(full: float) -> str:
    """Orange where the line is full for more than half of the time shown."""
    return colour("full") if full > 0.5 else colour("flow")


def _limits(values) -> tuple[float, float]:
    known = np.asarray(values, float)[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _sankey(chart: Sankey, language: str) -> tuple[list, dict]:
    return [
        {
            "type": "sankey",
            "valueformat": ",.4~g",
            "valuesuffix": f" {chart.unit}",
            "node": {
                "label": [_said(name, language) for name in chart.nodes],
                "color": chart.colours,
                "pad": 15,  # px: a line of text, so that names of thin nodes stand below each other
                "thickness": 14,
                "line": {"width": 0},
            },
            "link": {
                "source": chart.start,
                "target": chart.end,
                "value": chart.values,
                "color": [_faint(chart.colours[node]) for node in chart.start],
            },
        }
    ], {}


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.4)"
