"""Audit: does a stored dispatch keep every law of its inputs?

Written apart from the formulation, numpy on what was stored. Each file states some laws once more, from inputs (a Case)
and results (dispatch and tables) alone. Nothing is imported from the technologies, the policies or the model, so that
an error in one of the two is seen by the other.

Prices are compared with the stored duals (prices.py), which results/certificate.py bounds. Not audited: green loads and
corridors, schedules of self-use, contracts of corridors and planned generation, and steps of CCER supply; quantities of
`certificate_market` (before they are rounded to the whole certificates of the ledger); and the tables `curtailment`,
`carbon_factors` and `demand_response`. Cost items that are not computed again are named in `not_recomputed`.
"""

from grid_model.results.audit.audit import audit, demand_passed, summarise

__all__ = ["audit", "demand_passed", "summarise"]
