"""The Case: input tables and profiles, read, checked and frozen."""
