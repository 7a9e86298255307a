"""What work under way tells of itself: a listener is called with the stage, the seconds in it so far, and a line in words."""

from __future__ import annotations

import time
from collections.abc import Callable


class Line(str):
    """What a stage is at, in words, with the seconds that are left of it: None where they are not known."""

    left: float | None

    def __new__(cls, words: str, left: float | None = None):
        line = super().__new__(cls, words)
        line.left = left
        return line


Progress = Callable[[str, float, Line], None]


class Pace:
    """How long what is left of some work takes, if it goes on as since the first time that it was asked."""

    def __init__(self):
        self._first: tuple[float, float] | None = None

    def left(self, done: float, whole: float) -> float | None:
        """Seconds, with so much done of the whole; None where nothing was done since the first time."""
        now = time.perf_counter()
        began, before = self._first = self._first or (now, done)
        return (now - began) * (whole - done) / (done - before) if done > before else None
