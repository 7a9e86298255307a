"""Figures that docs/trust.md shows: each measurement keeps its own in docs/trust_figures.json."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "trust_figures.json"


def read_figures() -> dict[str, dict]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}


def record(name: str, found: dict) -> None:
    """Keep what a measurement found, with the day."""
    known = read_figures() | {name: {"measured": date.today().isoformat(), **found}}
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
