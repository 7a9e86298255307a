"""Charts drawn with matplotlib, for paper and for notebooks without JavaScript."""

from __future__ import annotations

import warnings

import matplotlib.dates as dates
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import PercentFormatter

from grid_model.report.charts import AREA, BAR, LINE, Chart, Heat, Tiles
from grid_model.report.draw_plotly import arrow_colour, arrow_shapes, tile_ink
from grid_model.report.style import SCALE

HATCH = {"": "", "/": "///", "x": "xxx", ".": "...", "\\": "\\\\\\"}
DASH = {"solid": "-", "dash": "--", "dot": ":"}
MARK = {"": "o", "circle": "o", "diamond": "D", "square": "s"}
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
)
COLOURS = LinearSegmentedColormap.from_list("cividis_like", SCALE)


def draw(chart, language: str = "en", axes=None):
    """A chart, heat map or tile map on the given axes, or on a figure of its own; returns the axes."""
    with plt.rc_context({"font.family": _fonts(language), "hatch.linewidth": 0.6, "axes.unicode_minus": False}):
        if axes is None:
            axes = plt.subplots(figsize=(9.5, chart.height / 90), layout="constrained")[1]
        {Chart: _chart, Heat: _heat, Tiles: _tiles}[type(chart)](chart, language, axes)
        axes.set_title(chart.title.say(language), loc="left", fontsize=11)
    return axes


def _fonts(language: str) -> list[str]:
    """Fonts to look for characters in; a Chinese one where the machine has it."""
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    chinese = [name for name in CHINESE if name in known]
    if language == "zh" and not chinese:
        warnings.warn(
            "matplotlib knows no font with Chinese characters; install one, such as Noto Sans CJK SC", stacklevel=2
        )
    return ["DejaVu Sans", *chinese[:1]]


def _chart(chart: Chart, language: str, axes) -> None:
    positions = np.arange(len(chart.x)) if chart.x_kind == "names" else chart.x
    for sign in (1, -1):
        layers = [layer for layer in chart.layers if layer.drawn == AREA and np.sign(layer.stack) == sign]
        if layers:
            patches = axes.stackplot(
                positions,
                [layer.values for layer in layers],
                labels=[layer.name.say(language) for layer in layers],
                colors=[layer.colour for layer in layers],
                linewidth=0.3,
                edgecolor="white",
                step="post" if layers[0].stepped else None,
            )
            for patch, layer in zip(patches, layers):
                patch.set_hatch(HATCH[layer.pattern])
    _bars(chart, language, axes, positions)
    for layer in chart.layers:
        pair = (layer.values, positions) if chart.horizontal else (positions, layer.values)
        if layer.drawn == LINE:
            axes.plot(
                *pair,
                color=layer.colour,
                linestyle=DASH[layer.dash],
                linewidth=1.6,
                drawstyle="steps-post" if layer.stepped else "default",
                label=layer.name.say(language),
            )
        elif layer.drawn not in (AREA, BAR):
            axes.scatter(
                *pair, color=layer.colour, marker=MARK[layer.pattern], s=28, label=layer.name.say(language), zorder=3
            )
    _axes(chart, language, axes, positions)


def _bars(chart: Chart, language: str, axes, positions) -> None:
    layers = [layer for layer in chart.layers if layer.drawn == BAR]
    above, below = np.zeros(len(positions)), np.zeros(len(positions))
    for place, layer in enumerate(layers):
        values = np.nan_to_num(np.asarray(layer.values, float))
        shift, wide = 0.0, 0.8
        start = np.where(values >= 0, above, below)
        if chart.barmode == "group":
            wide = 0.8 / len(layers)
            shift, start = (place - (len(layers) - 1) / 2) * wide, np.zeros(len(values))
        bar, thick = (axes.barh, "height") if chart.horizontal else (axes.bar, "width")
        base = {"left" if chart.horizontal else "bottom": start}
        bar(positions + shift, values, **{thick: wide}, **base, color=layer.colour, hatch=HATCH[layer.pattern],
            label=layer.name.say(language))  # fmt: skip
        above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)


def _axes(chart: Chart, language: str, axes, positions) -> None:
    across, upright = (axes.yaxis, axes.xaxis) if chart.horizontal else (axes.xaxis, axes.yaxis)
    across.set_label_text(chart.x_title.say(language))
    upright.set_label_text(chart.y_title.say(language))
    if chart.x_kind == "time":
        locator = dates.AutoDateLocator()
        across.set_major_locator(locator)
        across.set_major_formatter(dates.ConciseDateFormatter(locator))
        axes.set_xlim(positions[0], positions[-1])
    elif chart.x_kind == "names":
        across.set_ticks(positions, [name.say(language) for name in chart.x])
        if chart.horizontal:
            across.set_inverted(True)
    if chart.percent:
        (across if chart.percent == "x" else upright).set_major_formatter(PercentFormatter(1.0))
    axes.grid(color="#e3e6ea")
    axes.set_axisbelow(True)
    if len(chart.layers) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8, reverse=True)


def _heat(chart: Heat, language: str, axes) -> None:
    share = {"vmin": 0, "vmax": 1} if chart.percent else {}
    mesh = axes.pcolormesh(chart.x, np.arange(len(chart.rows)), chart.values, cmap=COLOURS, shading="nearest", **share)
    axes.set_yticks(np.arange(len(chart.rows)), [name.say(language) for name in chart.rows])
    axes.yaxis.set_inverted(True)
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.figure.colorbar(
        mesh, ax=axes, label=chart.value_title.say(language), format=PercentFormatter(1.0) if chart.percent else None
    )


def _tiles(chart: Tiles, language: str, axes) -> None:
    low, high = chart.limits or (np.nanmin(chart.values), np.nanmax(chart.values))
    scale = Normalize(low, high if high > low else low + 1.0)
    for column, row, value in zip(chart.column, chart.row, chart.values):
        face = COLOURS(scale(value)) if np.isfinite(value) else "white"
        axes.add_patch(
            plt.Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=face, edgecolor="#9aa5b1", linewidth=0.5)
        )
    for x, y, _, _, power, width, full in arrow_shapes(chart.arrows, chart) if chart.arrows is not None else ():
        if power:
            shown = arrow_colour(full)
            axes.plot(x, y, color=shown, linewidth=0.6 + 4 * width, solid_capstyle="round", zorder=2)
            axes.annotate("", (x[1], y[1]), (x[0], y[0]), zorder=3, arrowprops={
                "arrowstyle": "-|>", "color": shown, "linewidth": 0, "mutation_scale": 8 + 8 * width})  # fmt: skip
    for name, column, row, ink in zip(chart.names, chart.column, chart.row, tile_ink(chart.values, low, high)):
        axes.text(
            column,
            row + 0.26,
            name.say(language),
            ha="center",
            va="center",
            fontsize=7.5,
            fontweight="bold",
            color=ink,
            zorder=4,
        )
    axes.set_xlim(-0.6, chart.column.max() + 0.6)
    axes.set_ylim(-0.6, chart.row.max() + 0.6)
    axes.set_aspect("equal")
    axes.axis("off")
    axes.figure.colorbar(
        plt.cm.ScalarMappable(scale, COLOURS), ax=axes, label=chart.value_title.say(language), shrink=0.8
    )
