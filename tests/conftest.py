"""Small grids can be written in a line or two. (Warnings are errors: pyproject.toml.)"""

from __future__ import annotations

import gc
import os
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from grid_model.case.checks import acyclic, different
from grid_model.case.read import read_case
from grid_model.case.tables import choice, flag, identifier, number, reference
from grid_model.errors import InputError

pytest_plugins = ["grid_model.testing"]

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True,
                          derandomize=os.environ.get("CI") == "true")  # the same examples in every run of CI, others elsewhere
settings.load_profile("untimed")


def pytest_collection_finish():
    """Libraries and tests stay until the process ends: to look through them again and again for circles of references takes a tenth of
    its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture
def random(request) -> np.random.Generator:
    """Numbers of a random test: the same in every run of CI, others elsewhere. A test that fails shows the seed, to set again."""
    given, same = os.environ.get("RANDOM_SEED"), os.environ.get("CI") == "true"
    seed = int(given) if given else zlib.crc32(request.node.nodeid.encode()) if same else np.random.SeedSequence().entropy % 2**32
    print(f"RANDOM_SEED={seed}")
    return np.random.default_rng(seed)


@pytest.fixture
def two_zones(empty_grid):
    """The least that a person writes: zones, generators and loads with the required columns only, four hours."""
    grid = empty_grid
    grid.table(
        "zones",
        """
        zone
        North
        South
        """.strip(),
    )
    grid.table(
        "generators",
        """
        generator,zone,technology,capacity_mw
        North coal,North,coal,100
        North wind,North,wind_onshore,50
        South gas,South,gas,80
        """.strip(),
    )
    grid.table(
        "loads",
        """
        load,zone
        North base,North
        South base,South
        """.strip(),
    )
    grid.hourly("load", {"North base": [60.0, 70.0, 80.0, 90.0], "South base": [30.0, 30.0, 40.0, 40.0]})
    grid.hourly("availability", {"North wind": [0.1, 0.5, 1.0, 0.0]})
    grid.scenario_text("name: two_zones\ninputs: inputs\nhorizon: {start: 2027-01-01, hours: 4}\n")
    return grid


@pytest.fixture
def small_tables() -> dict:
    """Declarations as modules make them, for tests of reading that must not depend on any technology."""
    return {
        "generators": [
            number(
                "variable_cost_cny_per_mwh", unit="CNY/MWh", default=0, by_technology=True, meaning="cost of energy"
            ),
            number(
                "max_output_fraction",
                unit="1",
                minimum=0,
                maximum=1,
                default=1,
                by_technology=True,
                meaning="most output",
            ),
            choice(
                "purchase_class",
                ["hydro_priority", "hydro", "full_purchase", "guaranteed", "market", "none"],
                default="none",
                by_technology=True,
                meaning="order of purchase",
            ),
            flag("aggregated", meaning="whether it stands for many units"),
        ],
        "storage": [
            identifier("storage", meaning="store"),
            reference("zone", "zones", required=True, meaning="zone"),
            reference("technology", "technologies", required=True, meaning="technology"),
            number("power_mw", unit="MW", minimum=0, required=True, meaning="discharge"),
            number("charge_efficiency", unit="1", above=0, maximum=1, default=1, by_technology=True, meaning="charge"),
            flag("cyclic", default=True, meaning="ends as it begins"),
            choice(
                "place", ["independent", "generation_side", "user_side"], default="independent", meaning="where it is"
            ),
            reference("host", "generators", meaning="generator that it stands with"),
        ],
        "reservoirs": [
            identifier("reservoir", meaning="reservoir"),
            reference("generator", "generators", required=True, meaning="its generator"),
            number("capacity_mwh", unit="MWh", minimum=0, required=True, meaning="energy when full"),
        ],
        "cascade": [
            reference("upstream", "reservoirs", required=True, meaning="reservoir above"),
            reference("downstream", "reservoirs", required=True, meaning="reservoir below"),
        ],
        "lines": [
            identifier("line", meaning="line"),
            reference("from_zone", "zones", required=True, meaning="one end"),
            reference("to_zone", "zones", required=True, meaning="other end"),
            number("capacity_mw", unit="MW", minimum=0, required=True, meaning="capacity"),
        ],
    }


@pytest.fixture
def small_checks() -> list:
    """Checks as modules make them."""
    return [
        lambda frames: different(frames["lines"], "from_zone", "to_zone"),
        lambda frames: acyclic(frames["cascade"], "upstream", "downstream"),
    ]


@pytest.fixture
def read(small_tables, small_checks):
    """Reads the grid's scenario with the small tables."""
    return lambda grid, **options: read_case(grid.scenario, small_tables, checks=small_checks, **options)


@pytest.fixture
def problems(read):
    """The problems that reading the grid's scenario ends in; it must end so."""

    def find(grid, **options):
        with pytest.raises(InputError) as caught:
            read(grid, **options)
        return list(caught.value.problems)

    return find
