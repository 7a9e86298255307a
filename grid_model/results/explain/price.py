"""Why this price: the margin that sets it, and its parts, which add up to it.

From the zone's balance the price is followed along corridors that stand between their limits to the nearest zone with a
unit that does (with none, to a store or water that does). On the way, with m the part of a MWh that a hop keeps,

    price here = price there + loss part (m - 1) price there + what else the corridor costs

and at the end the unit's own identity (optimum.py) splits the price into its cost and the worth of the rules it is
under: water, storage, ramps and commitment, reserves, certificates, carbon, the order of purchase.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from grid_model.results.explain.optimum import ROUNDING, Optimum
from grid_model.results.explain.words import words_of

STORED = {"storage", "water", "heat store", "demand response"}  # parts that put a cost off to another time
PINNED = {"self-use schedule"}  # rules that leave a column no choice: its price is that of others
CARRIERS = ("transmission.", "converters.")
COSTS = {
    "loads.unserved": "unserved energy",
    "transmission": "cost of sending",
    "demand_response": "cost of demand response",
    "storage": "wear",
}
ORDER = "order of purchase"
MOST_HOPS = 12


@dataclass(frozen=True)
class Part:
    """One part of a price.

    kind   what it is: cost, losses, water, commitment, ...
    rule   the family of rows whose dual it is, or of columns whose cost or limit it is
    name   asset or whatever the rule is about
    zone   zone in whose balance it stands
    value  how much of the price it is [CNY/MWh]
    """

    kind: str
    rule: str
    name: str
    zone: str
    value: float


@dataclass(frozen=True)
class Margin:
    """Where a price is set: the column at the margin and the corridors between the zone and it.

    family, name  of the column, such as thermal.generation, 'East coal'
    zone          where it stands
    corridors     names of the corridors on the way, from the zone on
    between       whether it stands between its limits; else it is at one and changes without gain or loss
    """

    family: str
    name: str
    zone: str
    corridors: tuple[str, ...]
    between: bool


@dataclass(frozen=True)
class Price:
    """A price and its parts; `parts` sum to `price`."""

    zone: str
    step: int
    price: float
    margin: Margin | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _Hop:
    """A column of the balance `row`; for a corridor also the balance it leads to."""

    row: int
    column: int
    coefficient: float
    onward: int | None = None


def explain_price(optimum: Optimum, zone: str, step: int) -> Price:
    """The price of a zone in a step, counted from 0, with its parts; NaN where the zone has nothing to balance."""
    row = optimum.balance(zone, step)
    if row is None:
        return Price(zone, step, float("nan"), None, ())
    way = _way_to_margin(optimum, row)
    parts: list[Part] = []
    for hop in way:
        parts += _parts_of(optimum, hop)
    last = way[-1]
    family, name = optimum.asset(last.column)
    corridors = tuple(optimum.asset(hop.column)[1] for hop in way[:-1])
    margin = Margin(family, name, optimum.zone_of_balance(last.row)[0], corridors, bool(optimum.between[last.column]))
    return Price(zone, step, optimum.price(row), margin, _together(parts))


def _way_to_margin(optimum: Optimum, start: int) -> list[_Hop]:
    """Corridors at the margin from a balance to the best unit at the margin within reach, and that unit."""
    reached: dict[int, list[_Hop]] = {start: []}
    waiting, best = deque([start]), None
    while waiting:
        row = waiting.popleft()
        own, corridors = _at_margin(optimum, row)
        for rank, hop in own:
            score = (rank, len(reached[row]))
            if best is None or score < best[0]:
                best = score, [*reached[row], hop]
        for hop in corridors if len(reached[row]) < MOST_HOPS else ():
            if hop.onward not in reached:
                reached[hop.onward] = [*reached[row], hop]
                waiting.append(hop.onward)
    return best[1] if best is not None else [_least_reduced(optimum, start)]


def _at_margin(optimum: Optimum, row: int) -> tuple[list[tuple[float, _Hop]], list[_Hop]]:
    """Columns of a balance that may set its price: its own units, ranked, and corridors to other balances."""
    own, corridors = [], []
    columns, coefficients = optimum.terms(row)
    for column, coefficient in zip(columns.tolist(), coefficients.tolist(), strict=True):
        if abs(optimum.reduced[column]) > ROUNDING:
            continue
        rows, _ = optimum.rows_of(column)
        others = [one for one in rows[optimum.is_balance(rows)].tolist() if one != row]
        if len(others) == 1 and optimum.asset(column)[0].startswith(CARRIERS):
            corridors.append(_Hop(row, column, coefficient, others[0]))
        elif not others:
            own.append((_rank(optimum, column, rows), _Hop(row, column, coefficient)))
    corridors.sort(key=lambda hop: not optimum.between[hop.column])
    return own, corridors


def _rank(optimum: Optimum, column: int, rows: np.ndarray) -> float:
    """How well a column at the margin explains a price: what has a cost of its own before what puts it off, what stands
    between its limits before what is at one."""
    kinds = {_kind_of_row(optimum, one) for one in rows.tolist() if abs(optimum.duals[one]) > ROUNDING}
    return (
        (0.0 if optimum.between[column] else 1.5) + (1.0 if kinds & STORED else 0.0) + (3.0 if kinds & PINNED else 0.0)
    )


def _least_reduced(optimum: Optimum, row: int) -> _Hop:
    """The column of a balance with the least reduced cost, where none is at the margin."""
    columns, coefficients = optimum.terms(row)
    at = int(np.argmin(np.abs(optimum.reduced[columns] / coefficients)))
    return _Hop(row, int(columns[at]), float(coefficients[at]))


def _parts_of(optimum: Optimum, hop: _Hop) -> list[Part]:
    """The parts that one column adds; for a corridor without the price at its other end."""
    zone, step = optimum.zone_of_balance(hop.row)
    family, name = optimum.asset(hop.column)
    parts = [Part(_kind_of_cost(family), family, name, zone, optimum.program.cost[hop.column] / hop.coefficient)]
    rows, values = optimum.rows_of(hop.column)
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        worth = -value * optimum.duals[row] / hop.coefficient
        if row == hop.onward:
            worth -= optimum.duals[row]  # (m - 1) of the price at the other end, which is explained by the next hop
            parts.append(Part("losses", family, name, zone, worth))
        elif row != hop.row:
            kind = ORDER if optimum.is_kept(row) else _kind_of_row(optimum, row)
            parts.append(Part(kind, *_rule_of_row(optimum, row), zone, worth))
    kind, rule, about = optimum.limit_of(hop.column)
    kind = ORDER if optimum.is_kept_there(hop.column) else kind
    parts.append(Part(kind, rule, about, zone, -optimum.reduced[hop.column] / hop.coefficient))
    return [replace(part, value=optimum.per_mwh(part.value, step)) for part in parts]


def _together(parts: list[Part]) -> tuple[Part, ...]:
    """Parts of one kind, name and zone added up; nothing left out but what is exactly nothing."""
    sums: dict[tuple[str, str, str, str], float] = {}
    for part in parts:
        key = part.kind, part.rule, part.name, part.zone
        sums[key] = sums.get(key, 0.0) + part.value
    return tuple(Part(*key, value) for key, value in sums.items() if value != 0)


def _kind_of_cost(family: str) -> str:
    return COSTS.get(family) or COSTS.get(family.partition(".")[0], "cost")


def _kind_of_row(optimum: Optimum, row: int) -> str:
    family, _ = optimum.member("row", row)
    return words_of(optimum.program, "row", family.name).part or family.name


def _rule_of_row(optimum: Optimum, row: int) -> tuple[str, str]:
    """Family of a row, and what it is about."""
    family, label = optimum.member("row", row)
    return family.name, optimum.places.name(label, optimum.places.moment(family, label)[0])
