"""What stands at its limit in a zone's balance: why no more could come in, or no more go out.

Of every column of the balance it is asked whether it could move the way that would help: up where supply is missing,
down where there is too much of it. Where it stands at its bound, that is its limit; where it does not, the rule with
the largest dual that it is under holds it; where none does, it is free to move, and then it is no use to move it: over
a corridor, because the other zone is no better off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.case.units import MW
from grid_model.results.explain.optimum import BETWEEN, ROUNDING, Optimum

ONE_WAY = "transmission.one_direction"  # rows that hold both directions of a corridor to one capacity


@dataclass(frozen=True)
class Limit:
    """One column that cannot help.

    family, name  of the column
    state         limit (at its bound), held (by a rule), or free
    value, bound  where it stands, and where it must end [MW]
    rule          the family of rows that holds it
    worth         what a MW more of room would be worth [CNY/MWh]; below zero it costs that: only the order of purchase
                  fills it
    beyond        of a corridor, the zone at its other end, and
    price_beyond  the price there
    inward        whether it brings power into the zone
    """

    family: str
    name: str
    state: str
    value: float
    bound: float
    rule: str = ""
    worth: float = 0.0
    beyond: str = ""
    price_beyond: float = float("nan")
    inward: bool = False

    @property
    def is_corridor(self) -> bool:
        return self.family.startswith("transmission.")

    @property
    def is_full(self) -> bool:
        """Whether a corridor sends all that it may the way that would help."""
        full = self.bound != 0 and abs(self.value) >= abs(self.bound) * (1 - 1e-6)
        return self.state == "limit" or (full and self.rule.startswith(ONE_WAY))


def limits(optimum: Optimum, zone: str, step: int, more_supply: bool) -> list[Limit]:
    """Every column of a zone's balance that would help if it moved, and what keeps it from that; largest first."""
    row = optimum.balance(zone, step)
    if row is None:
        return []
    columns, coefficients = optimum.terms(row)
    found = [
        _limit(optimum, row, step, column, coefficient, more_supply)
        for column, coefficient in zip(columns.tolist(), coefficients.tolist(), strict=True)
    ]
    return sorted((one for one in found if one is not None), key=lambda one: (one.family, -abs(one.value)))


def _limit(optimum: Optimum, row: int, step: int, column: int, coefficient: float, more_supply: bool) -> Limit | None:
    """What keeps a column from rising, or falling; None where there is nothing to fall from or to rise to."""
    program, rising = optimum.program, (coefficient > 0) == more_supply
    bound = float((program.column_upper if rising else program.column_lower)[column])
    value, reduced = float(optimum.columns[column]), float(optimum.reduced[column])
    at_bound = (
        abs(value - bound) <= BETWEEN if np.isfinite(value) else (reduced < -ROUNDING if rising else reduced > ROUNDING)
    )
    if at_bound and bound == 0.0:
        return None
    family, name = optimum.asset(column)
    shown = (bound if at_bound else value) / MW
    rows, values = optimum.rows_of(column)
    beyond = [one for one in rows[optimum.is_balance(rows)].tolist() if one != row]
    room = optimum.per_mwh(_worth_of_room(optimum, column, rising), step)
    there = {}
    if beyond:
        there = {"beyond": optimum.zone_of_balance(beyond[0])[0], "price_beyond": optimum.price(beyond[0])}
        there["inward"] = coefficient * shown > 0
    ruling = program.bound_by(column, "upper" if rising else "lower") if at_bound else None
    if ruling is not None:
        return Limit(family, name, "held", shown, bound / MW, ruling[0].name, room, **there)
    if at_bound:
        return Limit(family, name, "limit", shown, bound / MW, worth=room, **there)
    push = [
        (abs(worth), one)
        for one, worth in zip(rows.tolist(), (values * optimum.duals[rows]).tolist(), strict=True)
        if one != row and one not in beyond and (worth < 0) == rising and abs(worth) > ROUNDING
    ]
    if not push:
        return Limit(family, name, "free", shown, bound / MW, worth=room, **there)
    worth, holding = max(push)
    rule = optimum.member("row", holding)[0].name
    worth = room if rule.startswith(ONE_WAY) else optimum.per_mwh(worth, step)
    return Limit(family, name, "held", shown, bound / MW, rule, worth, **there)


def _worth_of_room(optimum: Optimum, column: int, rising: bool) -> float:
    """What a column would gain beyond the limit at which it stands, its capacity shared with the other direction or not;
    nothing where it stands at none."""
    at_upper = optimum.columns[column] >= optimum.program.column_upper[column] - BETWEEN
    if optimum.between[column]:
        return 0.0
    gain = -optimum.reduced[column]
    rows, values = optimum.rows_of(column)
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        if optimum.duals[row] and optimum.member("row", row)[0].name.startswith(ONE_WAY):
            gain -= value * optimum.duals[row]
    return gain if at_upper or (np.isnan(optimum.columns[column]) and rising) else -gain
