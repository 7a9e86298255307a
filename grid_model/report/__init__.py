"""Results for people: the report, plots, comparisons. Reads results and nothing else."""
