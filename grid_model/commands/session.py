"""Around every command: errors become one message and an exit code, warnings are told once, at the end.

Answers go to standard output, all else to standard error. With --json an error is a JSON document on standard output
too: `{"error": kind, "exit_code": number, "message": text, "problems": [...]}`, each problem with `file`, `row`,
`column`, `value` and `allowed`.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import signal
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from grid_model.errors import GridModelError, SolveError, WriteError, printable

WIDTH = 200  # of tables in pipes and files, where nobody knows a screen
EXIT_CODES = """Exit codes:
  0    done
  2    wrong input
  3    infeasible: no dispatch satisfies all rules together
  4    the solver found no proven optimum
  5    an audit or a strict target failed
  6    results cannot be written
  130  stopped by Ctrl-C (143: by SIGTERM, 129: by SIGHUP)"""
STOPPED = 128 + signal.SIGINT
UNWRITABLE = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EIO}
STARVED = "can't start new thread", "failed to map segment"  # words where the system gives a thread, or a library, no memory
NO_MEMORY = "out of memory, no results were written: solve fewer hours or zones at once, or use a larger machine"


@contextmanager
def session(verbose: bool = False, as_json: bool = False, stopped: str = "stopped; nothing half-written is left"):
    """A command's work: what goes wrong in an orderly way is said, anything else is a fault and shows itself."""
    gathered = _Warnings()
    with _logging(gathered, verbose), _termination():
        try:
            yield
        except (GridModelError, MemoryError, OSError, RuntimeError, ImportError) as error:
            if (said := _orderly(error)) is None:
                raise
            if as_json:
                print_json(_as_document(said, _notes(error)))
            print("\n".join([f"error: {said}", *_notes(error)]), file=sys.stderr)
            raise typer.Exit(said.exit_code) from None
        except KeyboardInterrupt as stop:
            print("; ".join(["stopped", *_notes(stop)]) if _notes(stop) else stopped, file=sys.stderr)
            raise typer.Exit(128 + stop.number if isinstance(stop, _Terminated) else STOPPED) from None
        finally:
            gathered.tell()


def _orderly(error: Exception) -> GridModelError | None:
    """What is said of an error; None of one that is a fault. Want of memory comes as numpy, the system or Python say
    it; a place that cannot be written to as the system does."""
    if isinstance(error, GridModelError):
        return error
    if getattr(error, "errno", None) in UNWRITABLE:
        place = f"{printable(error.filename)}: " if error.filename else ""
        return WriteError(
            f"{place}cannot be written ({os.strerror(error.errno)}); make room or permit writing there, or choose another place"
        )
    starved = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM or any(
        words in str(error) for words in STARVED)
    return SolveError(NO_MEMORY) if starved else None


def _notes(error: BaseException) -> list[str]:
    """What was added on the way to what an error says: what is left, and what to do."""
    return getattr(error, "__notes__", [])


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which a batch system sends before it kills, or SIGHUP of a terminal that is closed: the work stops as by Ctrl-C."""

    def __init__(self, number: int):
        self.number = number


@contextmanager
def _termination():
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]  # as by nohup
    before = {number: signal.signal(number, _terminate) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, _) -> None:
    raise _Terminated(number)


def print_json(value) -> None:
    print(json.dumps(_finite(value), ensure_ascii=False, indent=2, default=str, allow_nan=False))


def _finite(value):
    """JSON has no word for what is not a number or without end: null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_table(table: Table) -> None:
    """A table on standard output, folded to a screen but never in a pipe or file, where no line ends in blanks."""
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    console.width = WIDTH
    with console.capture() as said:
        console.print(table)
    print("\n".join(line.rstrip() for line in said.get().splitlines()))


def _as_document(error: GridModelError, notes: list[str]) -> dict:
    problems = [asdict(problem) for problem in getattr(error, "problems", ())]
    message = "\n".join([str(error), *notes])
    said = {"error": type(error).__name__, "exit_code": error.exit_code, "message": message, "problems": problems}
    return said | ({"conflicts": [asdict(one) for one in error.findings]} if getattr(error, "findings", ()) else {})


@contextmanager
def _logging(gathered: logging.Handler, verbose: bool):
    """Send warnings, Python's own too, to `gathered`, and with `verbose` the end of every stage to standard error."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers: list[logging.Handler] = [gathered]
    if verbose:
        handlers.append(_Stages())
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
        root.setLevel(level)


class _Stages(logging.Handler):
    """Says what our stages tell at once, wherever standard error goes by then: a progress line may have taken it."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING and record.name.startswith("grid_model"):
            print(record.getMessage(), file=sys.stderr)


class _Warnings(logging.Handler):
    """Keeps warnings, each once with how often it came."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self._counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self._counts[record.getMessage().strip()] += 1

    def tell(self) -> None:
        if self._counts:
            total = self._counts.total()
            print(f"{total} warning{'s' * (total > 1)}:", file=sys.stderr)
        for said, times in self._counts.items():
            print(f"  {said}" + (f" ({times} times)" if times > 1 else ""), file=sys.stderr)
