"""PyPSA's extra rows of linear commitment, which are no relaxation where limits change: carried all the same."""

from __future__ import annotations

import logging
import warnings

import pytest

import grid_model as gm
from grid_model.interop.pypsa_import import import_network

pypsa = pytest.importorskip("pypsa", reason="PyPSA is not installed: it is a peer, not a dependency")


def network(stop_cost: float):
    """A unit that runs at 100 MW, of which half is available in the second snapshot; a start costs 100, stopping as told."""
    made = pypsa.Network()
    made.set_snapshots(range(2))
    made.add("Bus", "b")
    made.add("Load", "l", bus="b", p_set=[100.0, 50.0])
    made.add("Generator", "unit", bus="b", p_nom=100, p_max_pu=[1.0, 0.5], marginal_cost=10, committable=True, start_up_cost=100.0,
             shut_down_cost=stop_cost, min_up_time=2, up_time_before=5)
    made.add("Generator", "rest", bus="b", p_nom=100, marginal_cost=50)
    return made


def optimum(made, linear: bool) -> float:
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.optimize(solver_name="highs", linearized_unit_commitment=linear, log_to_console=False)
    finally:
        logging.disable(logging.NOTSET)
    return float(made.objective)


def test_the_relaxation_is_dearer_than_the_integer_optimum(tmp_path):
    """Running on costs 100 * 10 + 50 * 10 = 1500, whole or relaxed. Where start and stop cost the same PyPSA's row
    com-p-before holds the first hour's output below what is available in the second unless something starts, so its
    relaxation says 1600: dearer than its own integer optimum, which no relaxation can be. Ours has the same rows."""
    assert optimum(network(100.0), linear=False) == pytest.approx(1500)
    for stop_cost, expected in ((100.0, 1600), (99.0, 1500)):
        made = network(stop_cost)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.export_to_netcdf(tmp_path / "network.nc")
        assert optimum(made, linear=True) == pytest.approx(expected)
        case = gm.load_case(import_network(tmp_path / "network.nc", tmp_path / f"grid {stop_cost}"))
        assert gm.solve(case).summary["objective_cny"] == pytest.approx(expected)
