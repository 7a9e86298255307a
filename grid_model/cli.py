"""The command line: which commands there are, in which order help lists them. Each stands in `commands/`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable

import typer

from grid_model.commands.audit import audit
from grid_model.commands.check import check
from grid_model.commands.compare import compare
from grid_model.commands.exchange import export_pypsa, import_pypsa
from grid_model.commands.explain import explain
from grid_model.commands.helped import Command, Group
from grid_model.commands.new import new
from grid_model.commands.report import report
from grid_model.commands.run import run
from grid_model.commands.session import EXIT_CODES
from grid_model.commands.sweep import sweep

COMMANDS = {
    "Write and solve": (new, check, run, sweep),
    "Look and compare": (report, compare, explain),
    "Trust": (audit,),
}
EXCHANGES = {
    "import": ("Make a scenario from the network of another model.", {"pypsa": import_pypsa}),
    "export": ("Write a scenario as the network of another model.", {"pypsa": export_pypsa}),
}
HELP = """Hourly dispatch of a power system and its storage, with the rules of China's market.

A scenario file names the inputs, the hours and the rules; a run writes a folder of results; the other commands read it.

First steps:
  grid-model new mygrid
  grid-model run mygrid/scenario.yaml
  grid-model explain results/mygrid
"""


def _app() -> typer.Typer:
    app = _group(HELP, add_completion=True)
    for panel, commands in COMMANDS.items():
        for command in commands:
            _add(app, command.__name__, command, panel)
    for name, (words, commands) in EXCHANGES.items():
        group = _group(words, add_completion=False)
        for peer, command in commands.items():
            _add(group, peer, command)
        app.add_typer(group, name=name, rich_help_panel="Exchange")
    return app


def _add(group: typer.Typer, name: str, command: Callable, panel: str | None = None) -> None:
    group.command(name, cls=Command, help=_unwrapped(command.__doc__), rich_help_panel=panel, epilog=EXIT_CODES)(command)


def _group(words: str, add_completion: bool) -> typer.Typer:
    return typer.Typer(
        cls=Group,
        add_completion=add_completion,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        help=_unwrapped(words),
        epilog=EXIT_CODES,
    )


def _unwrapped(words: str) -> str:
    """A docstring for a screen of any width: each paragraph one line, but for lists, which are indented."""
    paragraphs = inspect.cleandoc(words).split("\n\n")
    return "\n\n".join(part if "\n  " in part else part.replace("\n", " ") for part in paragraphs)


app = _app()


def main() -> None:
    """Entry point of `grid-model`. Threads of numpy's linear algebra gain nothing on these vectors and wait busily for each other."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app(prog_name="grid-model")
