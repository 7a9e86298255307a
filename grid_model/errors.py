"""Errors that people meet: wrong input, no feasible dispatch, no optimum, a failed audit.

error            exit code  raised when
InputError       2          tables, profiles or scenario are wrong; carries every Problem found, not only the first
InfeasibleError  3          the rules cannot hold together
SolveError       4          the solver ended without a proven optimum
AuditError       5          a solved case breaks a law, or a strict target is missed
WriteError       6          results cannot be written where they should stand
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LONGEST_VALUE = 80


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in an input.

    file     path as a person would type it, or "" when no file is meant
    row      row in the file, the header being row 1 (for YAML: the line); 0 when no row is meant
    column   column of a table or profile, dotted key of a scenario; "" when none is meant
    value    what was found, as written
    allowed  what may stand there
    """

    file: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    allowed: str = ""

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        place += [f"row {self.row}"] if self.row else []
        place += [f"column {printable(self.column)}"] if self.column else []
        found = f"found {printable(self.value)!r}; " if self.value != "" else ""
        return f"{', '.join(place) or 'input'}: {found}allowed: {self.allowed}"


def printable(value: object) -> str:
    """The value on one line without control characters, shortened to what a person reads."""
    line = "".join(
        sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value)[: 2 * LONGEST_VALUE]
    )
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"


def shown(path: Path) -> str:
    """The path as messages name it: relative to the working folder where it lies below it."""
    absolute = Path(os.path.abspath(path))
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return absolute.as_posix()


def did_you_mean(word: str, known: Iterable[str], nearness: float = 0.6) -> str:
    """`; did you mean x?` where a known word is near (1: the same), else nothing."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=nearness)
    return f"; did you mean {printable(folded[near[0]])}?" if near else ""


class GridModelError(Exception):
    """Base of every error that ends a run in an orderly way."""

    exit_code = 1


class InputError(GridModelError):
    """Wrong input: every problem of every file, in order of file and row."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | Problem | str):
        if isinstance(problems, str):
            problems = Problem(allowed=problems)
        found = [problems] if isinstance(problems, Problem) else problems
        self.problems = tuple(sorted(set(found)))
        super().__init__(self._text())

    def _text(self) -> str:
        count = len(self.problems)
        head = "1 problem in the input" if count == 1 else f"{count} problems in the input"
        return "\n".join([f"{head}:", *(f"  {problem}" for problem in self.problems)])

    def __reduce__(self):
        return type(self), (self.problems,)


class InfeasibleError(GridModelError):
    """No dispatch satisfies all rules; the text names the rules, zones and times that contradict each other.

    findings  the same as data (results/explain/infeasible.py: Finding), empty where nothing is known beyond the text
    of        the case and the programme that has no solution, where it is not the one of the whole case
    """

    exit_code = 3

    def __init__(self, message: str, findings: tuple = (), of: tuple | None = None):
        super().__init__(message)
        self.findings = tuple(findings)
        self.of = of

    def __reduce__(self):
        return type(self), (str(self), self.findings)


class SolveError(GridModelError):
    """The solver ended without a proven optimum; the text says how and what is known."""

    exit_code = 4


class AuditError(GridModelError):
    """A solved case breaks a law that it claims to keep, or a strict target is missed."""

    exit_code = 5


class WriteError(GridModelError):
    """Results cannot be written: the disk is full or read-only; the text says where, why and what to do."""

    exit_code = 6
