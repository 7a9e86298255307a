"""grid_model: hourly dispatch of a power system and its storage, with the rules of China's market."""

from grid_model.algebra import compile_program
from grid_model.errors import AuditError, GridModelError, InfeasibleError, InputError, SolveError
from grid_model.formulation import build_model, register_policy
from grid_model.pipeline import load_case, run, solve
from grid_model.results.comparison import compare
from grid_model.results.results import Results, open_results

__all__ = ["AuditError", "GridModelError", "InfeasibleError", "InputError", "Results", "SolveError", "build_model", "compare",
           "compile_program", "load_case", "open_results", "register_policy", "run", "solve"]
