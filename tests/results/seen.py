"""Whether the audit sees what was changed: it ends with the first law that is broken, and begins with the family of laws that saw the
last change of the same kind.

A family judges alone what it judges among the others (test_changed_numbers.py), so what one sees the whole audit sees; where that one
sees nothing, the whole audit is asked.
"""

from __future__ import annotations

import sys
import traceback
from unittest import mock

from grid_model import formulation
from grid_model.results.audit import audit
from grid_model.results.audit.book import COLUMNS, Book

EVERY = sys.modules[audit.__module__]  # of laws, one after the other
READ_BY_OTHERS = {"check_facts", "check_loads", "check_generation", "check_thermal", "check_storage", "check_lines", "check_response",
                  "check_converters"}
READS_OTHERS = "check_costs"  # the cost items of every rule
ALL = {name for name in vars(EVERY) if name.startswith("check_")}
FAMILIES = ALL - READ_BY_OTHERS
PASSED = COLUMNS.index("passed")


class Broken(Exception):
    """A law is broken: the rest of the audit need not be done."""


def only(family: str):
    """The audit with one family of laws, and those that it cannot do without."""
    return mock.patch.multiple(EVERY, **{name: lambda *_: {} for name in FAMILIES - {family}})


def families_of_laws(case, results) -> dict[str, str]:
    """{law: the family that judges it}, of laws that can be judged without the other families."""
    enter, found = Book._enter, {}

    def note(book, law, *words):
        enter(book, law, *words)
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_name not in ALL:
            frame = frame.f_back
        found[law] = READS_OTHERS if frame is None else frame.f_code.co_name

    with mock.patch.object(Book, "_enter", note):
        audit(case, results.dispatch, results.tables, results.summary)
    return {law: family for law, family in found.items() if family != READS_OTHERS}


class Seen:
    """seen(case, results, kind, tables=..., ...): whether a law is broken where something of that kind was changed."""

    def __init__(self):
        self.last: dict = {}  # the family that saw the last change of a kind

    def __call__(self, case, results, kind=None, **changed) -> bool:
        if kind in self.last:
            with only(self.last[kind]):
                if _first_broken(case, results, changed) is not None:
                    return True
        family = _first_broken(case, results, changed)
        if kind is not None and family and family != READS_OTHERS:
            self.last[kind] = family
        return family is not None


def _first_broken(case, results, changed) -> str | None:
    """The family of the first law that is broken, "" where what is stored cannot be read; None where all laws hold."""
    enter = Book._enter

    def judge(book, *law):
        enter(book, *law)
        if book._rows and not book._rows[-1][PASSED]:
            raise Broken

    given = {"dispatch": results.dispatch, "tables": results.tables, "summary": results.summary, "duals": results.duals} | changed
    with mock.patch.object(Book, "_enter", judge):
        try:
            audit(case, **given, rules=formulation.policies_of(case))
        except Broken as error:
            frames = (frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__))
            return next((name for name in frames if name in ALL), "")
    return None
