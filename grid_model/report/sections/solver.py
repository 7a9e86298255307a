"""How the answer was found, how near to the optimum it is proven, and from what it was made."""

from __future__ import annotations

import re

from grid_model.report.blocks import Code, Column, Section, Table, empty
from grid_model.report.view import View, number
from grid_model.report.words import Words, plain, word


def section(view: View) -> Section:
    return Section("solver", word("solver"), empty(_facts(view), _seconds(view), _inputs(view), _scenario(view)))


def _facts(view: View) -> Table:
    summary, solver = view.results.summary, view.results.summary.get("solver", {})
    facts = {
        "scenario": summary["scenario"],
        "horizon": view.horizon,
        "status": word(summary["status"]),
    }
    for key, name in (("objective_cny", "objective"), ("lower_bound_cny", "lower_bound")):
        facts[name] = plain(f"{summary[key]:,.2f} ") + view.money_name if key in summary else None
    facts |= {name: f"{summary[name]:,}" for name in ("rows", "columns", "nonzeros") if name in summary}
    facts["method"] = _method(solver)
    facts["iterations"] = f"{solver['iterations']:,}" if isinstance(solver.get("iterations"), int) else None
    facts["memory"] = f"{number(summary['peak_memory_mb'], 0)} MB" if summary.get("peak_memory_mb") else None
    versions = view.results.provenance.get("versions") or summary.get("versions", {})
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    rows = [(word(key), value) for key, value in facts.items() if value]
    return Table(word("solver"), [Column(plain(""), "text"), Column(plain(""), "text")], rows)


def _method(solver: dict) -> Words:
    """Solver, version and method, of windows their length in words."""
    said = " ".join(str(solver[key]) for key in ("name", "version") if key in solver)
    method = str(solver.get("method", ""))
    windows = re.fullmatch(r"windows of (\d+) steps", method)
    return plain(f"{said} ") + (Words(method, f"分窗口求解（每窗 {windows[1]} 步）") if windows else word(method))


def _seconds(view: View) -> Table | None:
    seconds = view.results.summary.get("seconds", {})
    columns = [Column(plain(""), "text"), Column(word("seconds"), digits=2)]
    return (
        Table(
            word("seconds"), columns, [(word(f"stage_{name}"), value) for name, value in seconds.items()], folded=True
        )
        if seconds
        else None
    )


def _inputs(view: View) -> Table | None:
    hashes = view.results.provenance.get("inputs_sha256", {})
    columns = [Column(word("file"), "text"), Column(plain("SHA-256"), "text")]
    return Table(word("inputs"), columns, list(hashes.items()), folded=True, file="provenance.json") if hashes else None


def _scenario(view: View) -> Code | None:
    return Code(word("scenario_text"), view.results.scenario) if view.results.scenario else None
