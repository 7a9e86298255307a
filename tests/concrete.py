"""The same rules twice: as templates lowered to arrays, and as ordinary Pyomo constraints; both must say the same."""

from __future__ import annotations

from matrices import same_matrix

from grid_model.formulation import build_model


def assert_same_as_concrete(case) -> None:
    """Compares rows, bounds and costs of a case's compiled programme with Pyomo's, entry by entry."""
    same_matrix(lambda: build_model(case), lambda: build_model(case, concrete=True))
