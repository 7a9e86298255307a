"""Results for people: the report, plots, comparisons. Reads results and nothing else."""

from grid_model.report.plot import Plot

__all__ = ["Plot"]
