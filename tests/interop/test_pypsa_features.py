"""One network for each thing that random ones seldom have: PyPSA's cost and ours are the same."""

from __future__ import annotations

import warnings

import pytest

import grid_model as gm
from grid_model.interop.pypsa_import import import_network

pypsa = pytest.importorskip("pypsa", reason="PyPSA is not installed: it is a peer, not a dependency")
from interop.feature_networks import FEATURES  # noqa: E402
from interop.peer import objective_in_pypsa  # noqa: E402


@pytest.mark.parametrize("name", FEATURES)
def test_the_same_cost(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = FEATURES[name](pypsa)
        network.export_to_netcdf(tmp_path / "network.nc")
    expected = objective_in_pypsa(network)
    results = gm.solve(gm.load_case(import_network(tmp_path / "network.nc", tmp_path / "grid")))
    assert expected is not None and results.summary["objective_cny"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("more", ["scenarios", "investment_periods"])
def test_what_has_more_than_one_future_is_refused(tmp_path, more):
    """Arrays over scenarios have other dimensions than all that is read: an error of the network, no traceback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = FEATURES["no_load_at_all"](pypsa)
        network.set_scenarios({"wet": 0.5, "dry": 0.5}) if more == "scenarios" else setattr(network, more, [2030, 2040])
        network.export_to_netcdf(tmp_path / "network.nc")
    with pytest.raises(gm.InputError, match="scenario" if more == "scenarios" else more):
        import_network(tmp_path / "network.nc", tmp_path / "grid")
