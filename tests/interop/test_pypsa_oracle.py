"""Random networks solved by PyPSA and, imported, by us: the same cost to 1e-6.

PYPSA_EXAMPLES sets how many (by default few). Where PyPSA finds no solution, ours leaves load unserved or has none.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import grid_model as gm
from grid_model.interop.pypsa_export import export_case
from grid_model.interop.pypsa_import import import_network

pypsa = pytest.importorskip("pypsa", reason="PyPSA is not installed: it is a peer, not a dependency")
from interop.peer import objective_in_pypsa  # noqa: E402
from interop.random_networks import random_network  # noqa: E402

EXAMPLES = int(os.environ.get("PYPSA_EXAMPLES", "4"))
pytestmark = pytest.mark.filterwarnings("default")  # PyPSA's own


def written(seed: int, folder: Path) -> tuple:
    """A random network and its file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = random_network(pypsa, seed)
        network.export_to_netcdf(folder / "network.nc")
    return network, folder / "network.nc"


@given(seed=st.integers(0, 10**9))
@settings(max_examples=EXAMPLES)
def test_import_agrees_with_pypsa(seed):
    with tempfile.TemporaryDirectory() as folder:
        network, file = written(seed, Path(folder))
        expected = objective_in_pypsa(network)
        case = gm.load_case(import_network(file, Path(folder) / "grid"))
        if expected is None:
            try:
                assert gm.solve(case).dispatch["unserved"].sum() > 0
            except gm.InfeasibleError:
                pass
        else:
            assert gm.solve(case).summary["objective_cny"] == pytest.approx(expected, rel=1e-6, abs=1e-3)


@given(seed=st.integers(0, 10**9))
@example(seed=50)  # a store at a zone that is called as its bus would be
@settings(max_examples=max(EXAMPLES // 4, 1))
def test_pypsa_agrees_with_what_is_exported_of_an_import(seed):
    """There and back through both: import, export, and PyPSA's optimum of that, where export carries all of it."""
    with tempfile.TemporaryDirectory() as folder:
        network, file = written(seed, Path(folder))
        case = gm.load_case(import_network(file, Path(folder) / "grid"))
        try:
            again = export_case(case, Path(folder) / "again.nc")
        except gm.InputError:
            return
        expected, back = objective_in_pypsa(network), objective_in_pypsa(pypsa.Network(again))
        if expected is not None:
            assert back == pytest.approx(expected, rel=1e-6, abs=1e-3)
