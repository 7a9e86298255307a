"""PyPSA as an oracle, where it is installed."""

from __future__ import annotations

import logging
import warnings


def objective_in_pypsa(network) -> float | None:
    """PyPSA's own optimum of a network, commitment linearised; None where it finds no solution."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, condition = network.optimize(solver_name="highs", linearized_unit_commitment=True, log_to_console=False,
                                            include_objective_constant=False)
    finally:
        logging.disable(before)
    return float(network.objective) if condition == "optimal" else None
