"""Writes docs/published.md: `python tests/published/table.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from published.cases import table  # noqa: E402

if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "published.md").write_text(table(), encoding="utf-8")
