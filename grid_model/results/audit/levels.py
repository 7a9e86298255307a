"""Levels of what holds energy, stores and reservoirs alike: from step to step, within limits, and at the end.

    e[t] = kept e[t-1] + gain    [MWh]
"""

from __future__ import annotations

import numpy as np


def check_levels(book, what: str, names, level, start, kept, gain, lower, upper, asked) -> None:
    """Laws of the levels `what`, shape (units, steps) [MWh]; `start` and `asked`, shape (units,), are what is held before the first
    step and what must be held after the last."""
    earlier = np.column_stack([start, level[:, :-1]])
    book.equal(what, names, level, kept * earlier + gain, unit="MWh", tolerance=2 * book.energy)
    book.between(f"{what} within its limits", names, lower, level, upper, unit="MWh")
    book.at_most(f"least {what} at the end", names, asked[:, None], level[:, -1:], unit="MWh", moments=book.case.time[-1:])
