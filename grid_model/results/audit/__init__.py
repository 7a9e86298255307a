"""Audit: does a stored dispatch keep every law of its inputs?

Written apart from the formulation, numpy on what was stored. Each file states some laws once more, from inputs (a Case)
and results (dispatch and tables) alone. Nothing is imported from the technologies, the policies or the model, so that
an error in one of the two is seen by the other.

Prices are compared with the stored duals (prices.py), which results/certificate.py bounds. Which laws there are stands in
docs/trust.md. Cost items that are not computed again, such as those of an own rule, are named in `not_recomputed`.
"""

from grid_model.results.audit.audit import audit, demand_passed, summarise

__all__ = ["audit", "demand_passed", "summarise"]
