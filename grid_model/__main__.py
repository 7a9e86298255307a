"""`python -m grid_model`: the command line."""

from grid_model.cli import main

main()
