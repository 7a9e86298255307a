"""Numbers as people read them."""

from __future__ import annotations

import pytest

from grid_model.report.view import number, signed


@pytest.mark.parametrize(
    ("value", "shown", "changed"),
    [
        (0.0, "0", "0"),
        (1e-9, "0", "0"),
        (3e-6, "< 0.001", "< 0.001"),
        (-3e-6, "> −0.001", "> −0.001"),
        (6e-4, "< 0.001", "< 0.001"),
        (1e-3, "0.001", "+0.001"),
        (0.0123, "0.012", "+0.012"),
        (-12345.6, "−12,346", "−12,346"),
        (float("nan"), "–", "–"),
    ],
)
def test_a_number_is_told_in_four_digits_and_little_is_not_nothing(value, shown, changed):
    """3 MWh in a table of TWh stood as 0: load that was not served looked served."""
    assert (number(value), signed(value)) == (shown, changed)
