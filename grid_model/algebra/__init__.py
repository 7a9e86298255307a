"""Pyomo rules to arrays. Knows nothing of power."""

from grid_model.algebra.compilation import compile_program
from grid_model.algebra.errors import LoweringError
from grid_model.algebra.parameters import Array
from grid_model.algebra.program import INFINITY, Arrays, Family, LinearProgram

__all__ = ["INFINITY", "Array", "Arrays", "Family", "LinearProgram", "LoweringError", "compile_program"]
