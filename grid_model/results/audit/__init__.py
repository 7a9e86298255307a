"""Audit: does a stored dispatch keep every law of its inputs? Written apart from the formulation, numpy on what was stored.

Each file states some laws once more, from inputs (a Case) and results (dispatch and tables) alone. Nothing is imported from
the technologies, the policies or the model, so that an error in one of the two is seen by the other.
"""

from grid_model.results.audit.audit import audit, demand_passed, summarise

__all__ = ["audit", "demand_passed", "summarise"]
