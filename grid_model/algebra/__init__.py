"""Pyomo rules to arrays. Knows nothing of power."""

from pyomo.common.dependencies import DeferredImportCallbackFinder

# Pyomo imports all of scipy.stats as soon as anything of scipy is imported, which is a fifth of a small run's time. It still
# does so where it needs it.
DeferredImportCallbackFinder._callbacks.pop("scipy", None)  # noqa: SLF001

from grid_model.algebra.compilation import compile_program  # noqa: E402
from grid_model.algebra.errors import LoweringError  # noqa: E402
from grid_model.algebra.listening import Listening  # noqa: E402
from grid_model.algebra.parameters import Array  # noqa: E402
from grid_model.algebra.program import INFINITY, Arrays, Family, LinearProgram  # noqa: E402

__all__ = ["INFINITY", "Array", "Arrays", "Family", "LinearProgram", "Listening", "LoweringError", "compile_program"]
