"""Places: which asset, zone and time a label of the programme means, as people call them.

A label's last part says when it is, by the name of its set: a step, a border between steps (0 is the start), a day, a
month or a year. Its first part is the asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

IDENTIFIERS = {
    "generators": "generator",
    "storage": "storage",
    "lines": "line",
    "loads": "load",
    "reservoirs": "reservoir",
    "demand_response": "programme",
    "zones": "zone",
}

PREPOSITION = {"step": "at", "day": "on", "month": "in", "year": "in"}


@dataclass(frozen=True, eq=False)
class Places:
    """Names and times of a case."""

    case: object

    def moment(self, family, label: tuple) -> tuple[str, int]:
        """Which kind of time a label ends in (step, border, day, month, year, or none), and its position there."""
        parts = flat(label)
        if not parts or not isinstance(parts[-1], (int, np.integer)):
            return "", 0
        last, name = int(parts[-1]), family.dimensions[-1]
        for kind in ("border", "day", "month", "year"):
            if kind in name:
                return (kind, self._month(last)) if kind == "month" else (kind, last)
        if last >= 190001 and len(str(last)) == 6:
            return "month", self._month(last)
        return ("step", last - 1) if 1 <= last <= self.case.steps else ("", 0)

    def name(self, label: tuple, kind: str) -> str:
        """The asset, and what else the label says but the time."""
        parts = flat(label)
        parts = parts[:-1] if kind else parts
        return ", ".join(str(part) for part in parts) or "the whole case"

    def when(self, kind: str, positions) -> str:
        """Times in words: runs of steps by their first and last."""
        runs = [self._run(kind, first, last) for first, last in _runs(sorted(positions))]
        return ", ".join(runs[:3]) + (f" and {len(runs) - 3} more times" if len(runs) > 3 else "")

    def _run(self, kind: str, first: int, last: int) -> str:
        if first == last:
            return f"{'' if kind == 'border' else PREPOSITION.get(kind, '')} {self._one(kind, first)}".strip()
        ends = f"from {self._one(kind, first)} to {self._one(kind, last)}".replace("at the", "the")
        return f"{ends} ({last - first + 1} steps)" if kind == "step" else ends

    def _one(self, kind: str, position: int) -> str:
        time = self.case.time
        if kind == "step":
            return f"{time[position]:%Y-%m-%d %H:%M}"
        if kind == "border":
            return (
                "at the start"
                if position == 0
                else "at the end"
                if position == len(time)
                else (f"at the end of {time[position - 1]:%Y-%m-%d %H:%M}")
            )
        if kind == "day":
            return f"{time.normalize().unique()[position]:%Y-%m-%d}"
        if kind == "month":
            return f"{self.case.months[position]:%Y-%m}" if position < len(self.case.months) else str(position)
        return str(position) if kind else ""

    def span(self, kind: str, position: int) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last step that a time covers."""
        time = self.case.time
        if kind == "step":
            return time[position], time[position]
        if kind == "border":
            at = time[max(position - 1, 0)]
            return at, at
        within = {
            "day": time.normalize() == time.normalize().unique()[position] if kind == "day" else None,
            "month": self.case.month_of_step == position,
            "year": time.year == position,
        }.get(kind)
        chosen = time[within] if within is not None and np.any(within) else time
        return chosen[0], chosen[-1]

    def identifier(self, table: str, name: str) -> str:
        """The row of a table that a name means: a label may carry more than the identifier, such as a direction."""
        known = self._zones.get(table, {})
        return next((one for one in (name, name.split(", ")[0], name.rstrip(" <>")) if one in known), name)

    def zones(self, table: str, name: str) -> tuple[str, ...]:
        """Zones that a row of a table belongs to, or the zone itself."""
        return (name,) if name in self.case.zones else self._zones.get(table, {}).get(self.identifier(table, name), ())

    @cached_property
    def _zones(self) -> dict[str, dict[str, tuple[str, ...]]]:
        tables, found = self.case.tables, {}
        for table in ("generators", "storage", "loads", "demand_response"):
            found[table] = {
                name: (zone,)
                for name, zone in zip(tables[table][IDENTIFIERS[table]], tables[table]["zone"], strict=True)
            }
        lines, reservoirs = tables["lines"], tables["reservoirs"]
        ends = zip(lines["from_zone"], lines["to_zone"], strict=True)
        found["lines"] = dict(zip(lines["line"], ends, strict=True))
        found["reservoirs"] = {
            name: found["generators"].get(plant, ())
            for name, plant in zip(reservoirs["reservoir"], reservoirs["generator"], strict=True)
        }
        return found

    def _month(self, label: int) -> int:
        """Position in the case's months of a label: a number from 1, or year and month as in 202701."""
        if label < 1000:
            return label - 1
        return int(self.case.months.get_indexer([pd.Timestamp(label // 100, label % 100, 1)])[0])


def flat(label: tuple) -> list:
    """Parts of a label whose axes may be sets of tuples."""
    return [part for one in label for part in (one if type(one) is tuple else (one,))]


def _runs(positions):
    """First and last of every run of numbers that follow one another."""
    first = before = None
    for position in positions:
        if first is not None and position != before + 1:
            yield first, before
            first = position
        first, before = (position if first is None else first), position
    if first is not None:
        yield first, before
