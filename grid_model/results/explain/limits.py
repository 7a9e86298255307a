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


@dataclass(frozen=True)
class Limit:
    """One column that cannot help.

    family, name  of the column
    state         limit (at its bound), held (by a rule), or free
    value, bound  where it stands, and where it must end [MW]
    rule          the family of rows that holds it
    worth         what a MW more of room would be worth [CNY/MWh]
    beyond        of a corridor, the zone at its other end, and
    price_beyond  the price there
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

    @property
    def is_corridor(self) -> bool:
        return self.family.startswith("transmission.")

    @property
    def is_full(self) -> bool:
        """Whether a corridor sends all that it may."""
        full = abs(self.value) >= abs(self.bound) * (1 - 1e-6)
        return self.state == "limit" or (full and self.rule.startswith("transmission.one_direction"))


def limits(optimum: Optimum, zone: str, step: int, more_supply: bool) -> list[Limit]:
    """Every column of a zone's balance that would help if it moved, and what keeps it from that; largest first."""
    row = optimum.balance(zone, step)
    if row is None:
        return []
    columns, coefficients = optimum.terms(row)
    found = [
        _limit(optimum, row, step, column, (coefficient > 0) == more_supply)
        for column, coefficient in zip(columns.tolist(), coefficients.tolist(), strict=True)
    ]
    return sorted((one for one in found if one is not None), key=lambda one: (one.family, -abs(one.value)))


def _limit(optimum: Optimum, row: int, step: int, column: int, rising: bool) -> Limit | None:
    """What keeps a column from rising, or falling; None where there is nothing to fall from or to rise to."""
    program = optimum.program
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
    there = (
        {"beyond": optimum.zone_of_balance(beyond[0])[0], "price_beyond": optimum.price(beyond[0])} if beyond else {}
    )
    if at_bound:
        return Limit(family, name, "limit", shown, bound / MW, worth=abs(optimum.per_mwh(reduced, step)), **there)
    push = [
        (abs(worth), one)
        for one, worth in zip(rows.tolist(), (values * optimum.duals[rows]).tolist(), strict=True)
        if one != row and one not in beyond and (worth < 0) == rising and abs(worth) > ROUNDING
    ]
    if not push:
        return Limit(family, name, "free", shown, bound / MW, **there)
    worth, holding = max(push)
    return Limit(
        family,
        name,
        "held",
        shown,
        bound / MW,
        optimum.member("row", holding)[0].name,
        optimum.per_mwh(worth, step),
        **there,
    )
