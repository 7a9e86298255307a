"""SWITCH's production cost examples: plants that stand, one zone, hours that stand for a period; net present value.

    cost = n (sum over hours of w x dispatch cost  +  sum over plants of MW (a (overnight + connection) + fixed O&M)  +  T P)

w is hours a year, a the annual payment on a loan, n what a yearly payment over the period is worth in the base year, P the
peak of 10 MW that local networks are made for, with what is lost in them, T their yearly cost. Of what is sent 5.3 % is lost
on the way to consumers. Plants are available less their outages; a baseload plant generates all that it can.
"""

from __future__ import annotations

from dataclasses import dataclass

from small import small_case, solved

INTEREST, DISCOUNT, BASE_YEAR, PERIOD_START, PERIOD_YEARS = 0.07, 0.05, 2015, 2008, 5
GAS_PRICE, NETWORK_LOSS, NETWORK_COST, PEAK = 4.0, 0.053, 128040.0, 10.0  # $/MMBtu; part of what is sent; $/MW a year; MW


@dataclass(frozen=True)
class Plant:
    """MW, available part, $/MWh, and $/MW: overnight, connection, fixed O&M a year; years of the loan."""

    name: str
    megawatts: float
    available: float
    cost: float
    overnight: float
    connection: float
    fixed: float
    years: int
    baseload: bool = False
    by_hour: tuple[float, ...] = ()

    @property
    def yearly(self) -> float:
        annuity = INTEREST / (1 - (1 + INTEREST) ** -self.years)
        return self.megawatts * (annuity * (self.overnight + self.connection) + self.fixed)


def plants(geothermal: float, sun: tuple[float, ...] = ()) -> list[Plant]:
    """The plants of the examples: MW of geothermal, and 3 MW of photovoltaics where the sun's hours are given."""
    found = [Plant("geothermal", geothermal, (1 - 0.0075) * (1 - 0.0241), 28.83, 5524200, 134222, 0, 30, baseload=True),
             Plant("combined cycle", 5, 0.94, 3.4131 + 6.705 * GAS_PRICE, 1143900, 57566.6, 5868.3, 20),
             Plant("gas turbine", 5, 0.94, 27.807 + 10.39 * GAS_PRICE, 605430, 57566.6, 4891.8, 20)]
    return found + ([Plant("sun", 3, 0.98, 0.0, 2334300, 74881.9, 41850, 20, by_hour=sun)] if sun else [])


def present_value(demand: tuple[float, ...], standing: list[Plant]) -> float:
    """Net present value of an example whose day has as many equal steps as it has demands."""
    hours = 24 / len(demand)
    sent = [power / (1 - NETWORK_LOSS) for power in demand]
    sunny = {p.name: p.by_hour for p in standing if p.by_hour}
    case = small_case(
        len(demand), {"load": {"load": sent}} | ({"availability": sunny} if sunny else {}), step_hours=hours,
        loads=[{"load": "load", "zone": "South"}], technologies=[{"technology": "plant", "kind": "renewable"}],
        generators=[{"generator": p.name, "zone": "South", "technology": "plant", "capacity_mw": p.megawatts * p.available,
                     "min_output_fraction": float(p.baseload), "variable_cost_cny_per_mwh": p.cost} for p in standing])
    yearly = solved(case).objective * 365.25 + sum(p.yearly for p in standing) + NETWORK_COST * PEAK / (1 - NETWORK_LOSS)
    worth = (1 - (1 + DISCOUNT) ** -PERIOD_YEARS) / DISCOUNT * (1 + DISCOUNT) ** (BASE_YEAR - PERIOD_START)
    return worth * yearly


THREE = ((8.0,), plants(3))
FOUR = ((3.0, 8.0, 10.0, 7.0), plants(2, (0.0, 0.61, 1.0, 0.4)))
