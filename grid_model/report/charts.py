"""Charts as data: what is drawn, in which colour and under which words, for any backend.

A chart knows nothing of plotly or matplotlib and a backend nothing of power, so a figure is described once, here and in
the sections, and looks the same in the report, in a notebook and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from grid_model.report.words import Words, plain

AREA, LINE, BAR, POINT = "area", "line", "bar", "point"


@dataclass(frozen=True, eq=False)
class Layer:
    """One series: stacked areas above or below zero (by the sign of `stack`), a line, bars, or points.

    key     name of its values where the page fills them in by area and window
    values  numbers; None where the page fills them in
    """

    key: str
    name: Words
    colour: str
    drawn: Literal["area", "line", "bar", "point"] = LINE
    values: np.ndarray | None = None
    stack: int = 1
    pattern: str = ""
    dash: str = "solid"
    stepped: bool = False  # holds over each step, as a mean does; else values stand at points
    labels: Sequence[Words] = ()  # what each value says when pointed at


@dataclass(frozen=True, eq=False)
class Chart:
    """Layers over a common axis of times, numbers or names (`horizontal` puts names on the upright axis)."""

    key: str
    title: Words
    y_title: Words
    layers: list[Layer]
    x: np.ndarray | Sequence[Words] | None = None
    x_title: Words = field(default_factory=lambda: plain(""))
    x_kind: Literal["time", "number", "names"] = "time"
    horizontal: bool = False
    barmode: Literal["stack", "group", "relative"] = "relative"
    height: int = 340
    percent: Literal["", "x", "y"] = ""  # axis that shows parts of one as percent
    from_zero: bool = True
    source: str = "series"  # where the page takes values from

    def titled(self, title: Words) -> Chart:
        return replace(self, title=title)


@dataclass(frozen=True, eq=False)
class Heat:
    """Values of rows over time, as colours."""

    key: str
    title: Words
    value_title: Words
    rows: list[Words]
    x: np.ndarray
    values: np.ndarray
    percent: bool = False
    height: int = 340


@dataclass(frozen=True, eq=False)
class Arrows:
    """Flows between tiles: each from tile `start` to tile `end` (positions), MW, width in 0..1, and the part of the
    time full."""

    names: list[Words]
    start: np.ndarray
    end: np.ndarray
    power: np.ndarray
    width: np.ndarray
    full: np.ndarray


@dataclass(frozen=True, eq=False)
class Tiles:
    """Zones as tiles in a grid, coloured by a value, with flows between them."""

    key: str
    title: Words
    value_title: Words
    names: list[Words]
    column: np.ndarray
    row: np.ndarray
    values: np.ndarray
    arrows: Arrows | None = None
    limits: tuple[float, float] | None = None
    height: int = 620


@dataclass(frozen=True, eq=False)
class Sankey:
    """Quantities from node to node (positions)."""

    key: str
    title: Words
    unit: str
    nodes: list[Words]
    colours: list[str]
    start: np.ndarray
    end: np.ndarray
    values: np.ndarray
    height: int = 520
