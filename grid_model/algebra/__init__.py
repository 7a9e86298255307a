"""Pyomo rules to arrays. Knows nothing of power."""

from grid_model.algebra.lowering import LoweringError
from grid_model.algebra.parameters import Array
from grid_model.algebra.program import INFINITY, Family, LinearProgram, compile_program

__all__ = ["INFINITY", "Array", "Family", "LinearProgram", "LoweringError", "compile_program"]
