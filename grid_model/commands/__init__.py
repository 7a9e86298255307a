"""What people type: one file per command, each a function whose docstring is its help. `cli.py` lists them.

A command parses nothing and computes nothing: typer gives it values, it calls the package inside a `session` and prints
one answer for people, or with --json one document for machines.
"""
