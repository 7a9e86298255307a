"""How many cases of a sweep this machine can solve side by side."""

from __future__ import annotations

import psutil

from grid_model.cluster import cores
from grid_model.scenario import Scenario

IDLE_MB = 400.0  # of a process
STEP_AND_ZONE_MB = 0.13  # more for each hour and zone: the committed week of 31 takes 863 MB


def local_workers(scenario: Scenario, cases: int) -> int:
    """How many cases this machine can solve side by side: no more than cores, cases, or what memory allows."""
    each = IDLE_MB + STEP_AND_ZONE_MB * scenario.horizon.steps * _zones(scenario)
    fit = int(psutil.virtual_memory().available / 2**20 / each)
    return max(1, min(cores(), cases, fit))


def _zones(scenario: Scenario) -> int:
    table = scenario.inputs / "zones.csv"
    return len(scenario.zones) or (max(1, len(table.read_bytes().splitlines()) - 1) if table.is_file() else 1)
