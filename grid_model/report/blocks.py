"""What a section of the report is made of: cards, tables, figures, and figures that the reader moves about in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from grid_model.report.charts import Chart, Heat, Sankey, Tiles
from grid_model.report.view import number, signed
from grid_model.report.words import Words, plain

MOST_ROWS = 400  # of a table in the page; the file beside it has all


@dataclass(frozen=True)
class Card:
    """A headline figure."""

    name: Words
    value: Words
    note: Words = field(default_factory=lambda: plain(""))


@dataclass(frozen=True)
class Cards:
    cards: list[Card]
    kind: str = "cards"


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, unit, and how its values are shown (text, unit, number, percent, check); changes are
    `signed`, and a heading of one long name `wraps`."""

    name: Words
    shown: str = "number"
    unit: Words = field(default_factory=lambda: plain(""))
    digits: int | None = None
    signed: bool = False
    wraps: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of Words, texts, numbers or truth values; `folded` tables open on demand."""

    title: Words
    columns: list[Column]
    rows: list[Sequence]
    folded: bool = False
    file: str = ""
    kind: str = "table"

    @property
    def shown(self) -> list[list]:
        return [[cell(value, column) for value, column in zip(row, self.columns)] for row in self.rows[:MOST_ROWS]]

    @property
    def left_out(self) -> int:
        return max(0, len(self.rows) - MOST_ROWS)


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure that stands as it is."""

    chart: Chart | Heat | Tiles | Sankey
    kind: str = "figure"


@dataclass(frozen=True, eq=False)
class Explorer:
    """Figures that follow an area and, where `windowed`, a stretch of time, filled by the page."""

    key: str
    charts: list[Chart]
    windowed: bool = True
    kind: str = "explorer"


@dataclass(frozen=True, eq=False)
class MapExplorer:
    """A tile map that follows a quantity and a time."""

    chart: Tiles
    quantities: list[tuple[str, Words]]
    slots: list[Words]
    kind: str = "map"


@dataclass(frozen=True)
class Note:
    """A sentence."""

    words: Words
    kind: str = "note"


@dataclass(frozen=True, eq=False)
class Code:
    """A text file, folded."""

    title: Words
    text: str
    kind: str = "code"


@dataclass(frozen=True, eq=False)
class Section:
    key: str
    title: Words
    blocks: list


def cell(value, column: Column) -> dict:
    """A cell as the template shows it: its words, and its class."""
    if column.shown in ("text", "unit"):
        return {
            "words": value if isinstance(value, Words) else plain("" if _missing(value) else str(value)),
            "look": column.shown,
        }
    if column.shown == "check" and not _missing(value):
        return {"words": None, "look": "passed" if bool(value) else "failed"}
    if _missing(value):
        return {"words": plain("–"), "look": "text" if column.shown == "check" else "number"}
    written = signed if column.signed else number
    text = (
        f"{written(100 * float(value), 1 if column.digits is None else column.digits)} %"
        if column.shown == "percent"
        else written(float(value), column.digits)
    )
    return {"words": plain(text), "look": "number"}


def _missing(value) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and not np.isfinite(value))


def empty(*blocks) -> list:
    """Blocks that are there."""
    return [block for block in blocks if block is not None]
