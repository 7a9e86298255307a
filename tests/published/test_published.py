"""Every published answer is met, and the page that says so is up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from published.cases import ANSWERS

PAGE = Path(__file__).parents[2] / "docs" / "published.md"


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_published_answer(answer):
    """What is published, as near as its digits say; and the page shows what comes out."""
    cost = answer.cost()
    assert cost == pytest.approx(answer.published, rel=answer.within)
    line = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {answer.name} |"))
    shown = float(line.split("|")[4].replace(",", ""))
    assert shown == pytest.approx(cost, rel=1e-7)


def test_the_page_has_every_case_once():
    text = PAGE.read_text(encoding="utf-8")
    assert [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][1:] == [one.name for one in ANSWERS]
