"""What a summary says of the run beside money and sizes: its name and start, the rules and their settings, how it was solved."""

from __future__ import annotations

import json

import numpy as np

WINDOWS = ("within gap", "by weights within windows")  # status and proof of a dispatch by windows, of no other
MODES = {"windows": (True,), "whole": (False,), "exact": (False,)}  # whether it may be by windows; auto: either


def check_told(book, summary, tables, rules=None) -> None:
    """All laws of these words; of the settings where `rules` gives those of the inputs."""
    if not summary:
        return
    case = book.case
    _same(book, "summary: name and start as given", ["scenario", "start"], [summary.get("scenario"), summary.get("start")],
          [case.name, str(case.time[0])])
    windows = summary.get("status") == WINDOWS[0]
    fits = summary.get("status") in ("optimal", WINDOWS[0]) and (summary.get("ranks_proven") == WINDOWS[1]) == windows
    allowed = windows in MODES.get(case.scenario.solve.mode, (True, False))
    book.equal("summary: solved as asked for", ["status"], [float(not (fits and allowed))], unit="1", tolerance=0.0)
    if rules is not None:
        given, told = json.loads(json.dumps(rules, default=str)), summary.get("policies", {})
        names = sorted(given.keys() | told.keys())
        _same(book, "summary: rules as in the scenario", names, [told.get(name) for name in names], [given.get(name) for name in names])
    if "audit" in summary:  # results that break a law are not stored
        fine = summary["audit"].get("passed") is True and not summary["audit"].get("failed")
        book.equal("summary: the audit was passed", ["audit"], [float(not fine)], unit="1", tolerance=0.0)
    if "scorecard" in (tables or {}):
        _check_scorecard(book, summary.get("scorecard", {}), tables["scorecard"])


def _check_scorecard(book, told, table) -> None:
    """How many targets were judged, and which are missed."""
    judged = table["achieved"].notna()
    missed = table["target"][judged & (table["passed"].astype(str) == "False")].tolist()
    _same(book, "summary: targets judged and missed", ["judged", "missed"], [told.get("judged"), told.get("missed")],
          [int(judged.sum()), missed])


def _same(book, law, names, told, given) -> None:
    book.equal(law, names, np.array([float(one != other) for one, other in zip(told, given)]), unit="1", tolerance=0.0)
