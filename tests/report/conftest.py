"""Results with everything in them, small enough for tests: a day of the Northwest with the rules that are off by
default."""

from __future__ import annotations

from pathlib import Path

import pytest

from grid_model import pipeline

ROOT = Path(__file__).parents[2]
RULES = [
    "policies.green_certificates.shortfall_penalty_cny_per_mwh=100",
    "policies.green_certificates.ccer_price_cny_per_t=70.76",
    "policies.green_certificates.ccer_factor_t_per_mwh=0.5306",
    "policies.carbon_market.allowance_price_cny_per_t=75",
]


@pytest.fixture(scope="session")
def rich():
    """Five provinces, a day, certificates and carbon market on."""
    return pipeline.solve(
        pipeline.load_case(ROOT / "scenarios" / "five_province_week.yaml", end="2027-01-02", overrides=RULES)
    )


@pytest.fixture(scope="session")
def plain_grid():
    """Two zones written by hand: no reservoirs, certificates, carbon market or names in Chinese."""
    return pipeline.solve(pipeline.load_case(ROOT / "scenarios" / "two_zone.yaml"))
