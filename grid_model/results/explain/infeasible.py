"""Why a case is infeasible: conflicts of its programme told by rule, asset, zone and time, with the input that would
mend it.

    with named_conflicts(case, program):
        solved = solve_model(case, model, program)

turns an InfeasibleError inside into one that says what cannot hold together. The search is bounded in time and never
takes the place of the error: where it finds nothing, the error stays as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from grid_model.errors import InfeasibleError, SolveError
from grid_model.results.explain.places import IDENTIFIERS, Places
from grid_model.results.explain.words import REVERSED, Asks, formula_of, words_of
from grid_model.solve.conflict import Conflict, Limits, Side, find_conflicts, limits_of

SECONDS = 60.0  # for the search, after the solver has said that there is no dispatch
MOST_CONFLICTS, MOST_LINES = 5, 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finding:
    """One rule of a conflict, over the times that it takes part in.

    conflict  which conflict, from 1
    rule      family of rows or columns and side, such as `reservoir.level lower`
    name      asset, zone or whatever the rule is about
    zones     zones that it belongs to
    kind      what its times are: step, border, day, month, year
    times     their positions
    start, end  first and last step they cover
    value     what it asks for; the first of them where they differ
    needed    by how much it alone would have to give way to end the conflict: at each time where `each`, else at any one
    most      by how much it can give way
    change    by how much at most it gives way in the smallest change that mends all; 0 where it stands
    even      whether `needed` and `change` are as much at every time as at the one they are of
    change_mwh  the same as energy over its times, of power
    changed   the times at which it gives way
    unit      of value, needed and change
    table, column, row   the input that sets it: a table or profile, its column, and the identifier of the row
    sentence  all of this in words
    """

    conflict: int
    rule: str
    name: str
    zones: tuple[str, ...]
    kind: str
    times: tuple[int, ...]
    start: str
    end: str
    value: float
    needed: float
    each: bool
    most: float
    change: float
    even: bool
    change_mwh: float
    changed: tuple[int, ...]
    unit: str
    table: str
    column: str
    row: str
    sentence: str


@contextmanager
def named_conflicts(case=None, program=None, seconds: float = SECONDS) -> Iterator[None]:
    """An InfeasibleError inside says which rules, zones and times contradict each other: of the programme that it is of, else of
    this one."""
    try:
        yield
    except InfeasibleError as error:
        raise explained(error, *(error.of or (case, program)), seconds) from error


def demand_no_conflict(case, program, seconds: float = SECONDS) -> None:
    """Raises InfeasibleError with the conflicts of a programme; SolveError where they were not found in time."""
    found = conflicts_of(case, program, seconds)
    if found is None:
        raise SolveError(f"whether all rules can hold together was not found out within {seconds:g} s")
    if found:
        raise InfeasibleError(told("no dispatch satisfies all rules of this case together", case, found), tuple(found))


def explained(error: InfeasibleError, case, program, seconds: float = SECONDS) -> InfeasibleError:
    """The error with its findings; itself where none are found."""
    try:
        found = conflicts_of(case, program, seconds)
    except Exception:  # noqa: BLE001 - whatever goes wrong here must not hide that the case is infeasible
        logger.warning("the search for what contradicts each other failed", exc_info=True)
        return error
    if found is None:
        return InfeasibleError(f"{error}; which rules contradict each other was not found within {seconds:g} s")
    return InfeasibleError(told(str(error), case, found), findings=tuple(found)) if found else error


def conflicts_of(case, program, seconds: float = SECONDS) -> list[Finding] | None:
    """Findings of every conflict; none where the programme is feasible, None where time ran out."""
    conflicts = find_conflicts(penalised(program), seconds)
    if conflicts is None:
        return None
    teller = _Teller(case, program, Places(case))
    return [
        finding
        for number, group in enumerate(_alike(teller, conflicts), start=1)
        for finding in teller.findings(number, group)
    ]


def penalised(program) -> Limits:
    """The limits of a programme and how dear it is for each to give way: targets before equipment, physical laws
    last.
    """
    rows = program.matrix.shape[0]
    lower, upper = np.ones(sum(program.matrix.shape)), np.ones(sum(program.matrix.shape))
    for kind, families, first in (("row", program.rows, 0), ("column", program.columns, rows)):
        for family in families.values():
            words, here = (
                words_of(program, kind, family.name),
                slice(first + family.start, first + family.start + family.size),
            )
            lower[here], upper[here] = words.lower.penalty, words.upper.penalty
            if (
                kind == "column" and "borders" in family.dimensions[-1:]
            ):  # what was given before the horizon gives way last
                for side in (lower, upper):
                    side[here].reshape(family.shape)[..., 0] *= 3
    for name, bounding in program.bounding.items():
        words, here = words_of(program, "row", name), bounding.column
        for side, asks, asked, stands in ((lower, words.lower, bounding.lower, program.column_lower),
                                          (upper, words.upper, bounding.upper, program.column_upper)):
            side[rows + here[stands[here] == asked]] = asks.penalty
    return limits_of(program, lower, upper)


def _alike(teller: _Teller, conflicts: list[Conflict]) -> list[list[Conflict]]:
    """Conflicts over the same rules and assets, only at other times, put together; the one that lacks most comes
    first.
    """
    together: dict[frozenset, list[Conflict]] = {}
    for conflict in conflicts:
        key = frozenset(
            teller.key(side) for side in conflict.sides if side.relaxed or teller.family(side).name == "balance"
        )
        together.setdefault(key, []).append(conflict)
    return sorted(
        together.values(), key=lambda group: -sum(side.relaxed for conflict in group for side in conflict.sides)
    )


@dataclass(eq=False)
class _Teller:
    """Words for the sides of one case's programme."""

    case: object
    program: object
    places: Places

    def key(self, side: Side) -> tuple[str, str, str, str]:
        """What a side is about: kind, family, side, name."""
        family, label = self._member(side)
        kind, _ = self.places.moment(family, label)
        if _is_reversed(family.name, side):
            return *REVERSED[family.name], "upper", self.places.name(label, kind)
        told_by = "column" if family.name in self.program.columns else "row"
        return told_by, family.name, self._asked(told_by, side, family.name), self.places.name(label, kind)

    def _asked(self, told_by: str, side: Side, family: str) -> str:
        """Whether a rule asks for at least (lower) or at most (upper): a row with variables on both sides may be
        either way.
        """
        formula = formula_of(self.program, family)[0] if told_by == "row" else ""
        relations = [relation for relation in ("<=", ">=") for _ in range(formula.count(relation))]
        return {"<=": "upper", ">=": "lower"}[relations[0]] if len(relations) == 1 else side.side

    def value(self, side: Side) -> float:
        """What a side asks for, in units of the programme."""
        return -side.value if _is_reversed(self._member(side)[0].name, side) else side.value

    def family(self, side: Side):
        return self._member(side)[0]

    def _member(self, side: Side):
        """The family and the label of a side; those of the rule that sets it where it is the bound of a column that one sets."""
        ruling = self.program.bound_by(side.position, side.side) if side.kind == "column" else None
        if ruling is not None:
            return ruling[0], ruling[0].label(ruling[1])
        families = self.program.rows if side.kind == "row" else self.program.columns
        family = next(one for one in families.values() if one.start <= side.position < one.start + one.size)
        return family, family.label(side.position - family.start)

    def findings(self, number: int, conflicts: list[Conflict]) -> list[Finding]:
        """One finding for every rule and asset of conflicts that are alike, what gives way first."""
        groups: dict[tuple, list[tuple[int, Side]]] = {}
        for position, conflict in enumerate(conflicts):
            for side in conflict.sides:
                if not (side.kind == "column" and side.side == "lower" and side.value == 0):  # what a quantity is
                    groups.setdefault(self.key(side), []).append((position, side))
        found = [self._finding(number, key, group) for key, group in groups.items()]
        return sorted(found, key=lambda one: (not one.rule.startswith("balance"), not one.change, not one.table))

    def _finding(self, number: int, key: tuple, group: list[tuple[int, Side]]) -> Finding:
        kind_of, family, which, name = key
        words = words_of(self.program, kind_of, family)
        sides = [side for _, side in group]
        moments = [self.places.moment(*self._member(side)) for side in sides]
        kind, times = moments[0][0], tuple(sorted({position for _, position in moments}))
        asks: Asks = getattr(words, which)
        table, column, row = self._input(words, asks, name, family, times[0], self.value(sides[0]) * words.scale)
        spans = [self.places.span(kind, position) for position in (times[0], times[-1])]
        hours = np.array([self.case.step_hours[position] if kind == "step" else 0.0 for _, position in moments])
        relaxed, needed = np.array([side.relaxed for side in sides]) * words.scale, _needed(group)
        finding = Finding(
            number,
            f"{family} {which}",
            name,
            self.places.zones(words.member, name),
            kind,
            times,
            str(spans[0][0]),
            str(spans[1][1]),
            self.value(sides[0]) * words.scale,
            max(needed) * words.scale,
            len({position for position, _ in group}) == len(group) > 1,
            min(side.most for side in sides) * words.scale,
            float(relaxed.max()),
            _are_alike(needed) and _are_alike(relaxed[relaxed > 0]),
            float(relaxed @ hours) if words.unit == "MW" else 0.0,
            tuple(sorted({position for (_, position), by in zip(moments, relaxed, strict=True) if by})),
            words.unit,
            table,
            column,
            row,
            "",
        )
        return replace(
            finding,
            sentence=self._sentence(
                finding, asks, sorted({round(self.value(side) * words.scale, 9) for side in sides})
            ),
        )

    def _input(self, words, asks: Asks, name: str, family: str, position: int, value: float) -> tuple[str, str, str]:
        """Table, column and row of the input that sets a side to this value."""
        if family == "balance":
            loads = self.case.tables["loads"]
            return "profiles/load", "", ", ".join(loads["load"][loads["zone"] == name])
        column = asks.column
        if asks.table == "lines" and column.endswith("capacity_mw") and self._has_profile("flow_limit", name):
            return "profiles/flow_limit", "", name
        if "|" in column:
            parts = column.split("|")
            column = parts[0] if position == 0 else parts[2] if position == self.case.steps else parts[1]
        if family.endswith(".generation"):
            profile = "min_output" if asks is words.lower else "availability"
            if self._has_profile(profile, name):
                return f"profiles/{profile}", "", name
            if asks is words.lower and self._is_heating_floor(name, value):
                column = "heating_floor_fraction"
        if (
            column == "power_mw"
            and asks.table == "demand_response"
            and np.isnan(self._cell("demand_response", name, column))
        ):
            column = "share_of_peak"
        if column == "charge_power_mw" and np.isnan(self._cell("storage", name, column)):
            column = "power_mw"
        return (
            (asks.table, column, self.places.identifier(asks.table, name))
            if column or asks.table.startswith("profiles/")
            else ("", "", "")
        )

    def _is_heating_floor(self, name: str, value: float) -> bool:
        """Whether a least output [MW] is nearer to that of the heating season than to the plant's own."""
        capacity, *floors = (self._cell("generators", name, column) for column in (
            "capacity_mw", "heating_floor_fraction", "min_output_fraction"))
        heating, own = (abs(floor * capacity - value) for floor in floors)
        return heating < own

    def _has_profile(self, profile: str, name: str) -> bool:
        series = self.case.series.get(profile)
        return series is not None and name in series.coords[series.dims[0]].values

    def _cell(self, table: str, name: str, column: str) -> float:
        rows = self.case.tables[table]
        found = rows.loc[rows[IDENTIFIERS[table]] == name, column] if column in rows else ()
        return float(found.iloc[0]) if len(found) else np.nan

    def _sentence(self, finding: Finding, asks: Asks, values: list[float]) -> str:
        shown = amount(values[0], finding.unit)
        shown = shown if len(values) == 1 else f"{amount(values[0], '')} to {amount(values[-1], finding.unit)}"
        said = asks.sentence.format(name=finding.name, value=shown)
        where = f" ({' to '.join(finding.zones)})" if finding.zones and finding.name not in finding.zones else ""
        return f"{said}{where}{_at(self.places, finding)}"


def _is_reversed(family: str, side: Side) -> bool:
    """Whether a side is a limit the other way, a lower one below zero: of flow against a line's direction, of a fall."""
    return family in REVERSED and side.side == "lower" and side.value < 0


def _needed(group: list[tuple[int, Side]]) -> list[float]:
    """The least that a side must give way, in each conflict."""
    least: dict[int, float] = {}
    for position, side in group:
        least[position] = min(side.needed, least.get(position, np.inf))
    return list(least.values())


def _are_alike(values) -> bool:
    return np.allclose(values, values[0]) if len(values) else True


def _at(places: Places, finding: Finding, times: tuple[int, ...] = ()) -> str:
    when = places.when(finding.kind, times or finding.times)
    return f" {when}" if when else ""


def told(head: str, case, findings: list[Finding]) -> str:
    """Everything in plain sentences, with at most MOST_CONFLICTS conflicts of MOST_LINES lines."""
    places, numbers = Places(case), sorted({finding.conflict for finding in findings})
    lines = [f"{head}: {len(numbers)} conflict{'s' if len(numbers) > 1 else ''}"]
    for number in numbers[:MOST_CONFLICTS]:
        own = [finding for finding in findings if finding.conflict == number]
        changed = [finding for finding in own if finding.change]
        lines += [f"{number}. {_headline(places, own)}"]
        if len(own) > 1:
            lines += ["   These cannot hold together:"]
            lines += _some([f"   - {finding.sentence}{_alone(finding, len(changed))}" for finding in own])
        several = "changes that mend it, all of them together" if len(changed) > 1 else "change that mends it"
        lines += [f"   The smallest {several}:"] if changed else []
        lines += _some([f"   - {_change(places, finding)}" for finding in changed])
    if len(numbers) > MOST_CONFLICTS:
        lines.append(f"and {len(numbers) - MOST_CONFLICTS} more conflicts")
    return "\n".join(lines)


def _headline(places: Places, findings: list[Finding]) -> str:
    """What is missing or too much, where and when: in a zone where its balance takes part, else for what must give
    way.
    """
    main = findings[0]
    if main.rule.startswith("balance"):
        zones = sorted({finding.name for finding in findings if finding.rule == main.rule})
        where = f"zone{'s' if len(zones) > 1 else ''} {', '.join(zones[:4])}" + (
            f" and {len(zones) - 4} more" if len(zones) > 4 else ""
        )
        what = "are missing" if main.rule.endswith("lower") else "are too much"
        return f"{_most(main, main.needed)} {what} in {where}{_at(places, main)}."
    zones = f" ({' to '.join(main.zones)})" if main.zones and main.name not in main.zones else ""
    return f"{_most(main, main.needed)} are missing for '{main.name}'{zones}{_at(places, main, main.changed)}."


def _alone(finding: Finding, changes: int) -> str:
    """Which input says so, and how far it alone would at least have to give way, where it does not do so alone."""
    if not finding.table:
        return ""
    if finding.change and changes == 1:
        return f"   [{_where(finding)}]"
    if finding.needed > finding.most * (1 + 1e-6):
        return f"   [{_where(finding)}; alone it could give way by {amount(finding.most, finding.unit)}, which is not enough]"
    several = (
        "" if len(finding.times) == 1 else " at each of these times" if finding.each else " at any one of these times"
    )
    needed = f"{'at least' if finding.even else 'up to'} {amount(finding.needed, finding.unit)}"
    return f"   [{_where(finding)}; alone it would have to be {needed} {_way(finding)}{several}]"


def _most(finding: Finding, value: float) -> str:
    """How much, at most where it is not as much at every time."""
    return f"{'' if finding.even else 'up to '}{amount(value, finding.unit)}"


def _way(finding: Finding) -> str:
    """In which direction a side gives way."""
    return "less" if finding.rule.endswith("lower") else "more"


def _change(places: Places, finding: Finding) -> str:
    over = f" ({amount(finding.change_mwh, 'MWh')} in all)" if len(finding.changed) > 1 and finding.change_mwh else ""
    where = f"{_where(finding)}: " if finding.table else ""
    by, when = f"{_most(finding, finding.change)} {_way(finding)}", _at(places, finding, finding.changed)
    return f"{where}{by} for '{finding.name}'{over}{when}"


def _where(finding: Finding) -> str:
    """The input in words: file, row and column."""
    if finding.table.startswith("profiles/"):
        return f"{finding.table}, column {finding.row}"
    if finding.table == "policies":
        return f"policies.{finding.column} in the scenario"
    return f"{finding.table}.csv, row {finding.row}, column {finding.column}"


def _some(lines: list[str]) -> list[str]:
    return lines[:MOST_LINES] + ([f"   - and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else [])


def amount(value: float, unit: str) -> str:
    """A quantity as people write it."""
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}".rstrip()
