"""SWITCH's production cost examples: plants that stand, one zone, hours that stand for a period; net present value.

    cost = n (sum over hours of w x dispatch cost  +  sum over plants of MW (a (overnight + connection) + fixed O&M)  +  T P)

w is hours a year, a the annual payment on a loan, n what a yearly payment over the period is worth in the base year, P the
peak of 10 MW that local networks are made for, with what is lost in them, T their yearly cost. Of what is sent 5.3 % is lost
on the way to consumers. Plants are available less their outages; a baseload plant generates all that it can.

With commitment gas plant burns intercept x online + slope x output, and fuel and upkeep for every MW started. The day is a circle:
in a row of days one more costs what it does in that. What gas plant online could give more, and less, is reserve: 3 % of what is sent
and 5 % of the sun's power either way, upwards a unit of combined cycle too (which is online in every hour; whether it is would be
an integer).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from small import small_case, solved

INTEREST, DISCOUNT, BASE_YEAR, PERIOD_START, PERIOD_YEARS = 0.07, 0.05, 2015, 2008, 5
GAS = {  # upkeep $/MWh; slope and intercept of fuel, MMBtu/MWh; fuel and $ for a MW started
    "combined cycle": (3.4131, 6.684885, 0.020115, 9.16, 10.3, {"min_output_fraction": 0.4, "min_down_hours": 12.0}),
    "gas turbine": (27.807, 10.2861, 0.1039, 0.22, 0.86, {})}
RULE = {"up_load_share": 0.03, "up_renewable_share": 0.05, "down_load_share": 0.03, "down_renewable_share": 0.05, "spinning_share": 0.0,
        "infeed": "capacity", "shortfall_cost_cny_per_mwh": 1e6}
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
    fleet: tuple[tuple[str, float | str], ...] = ()  # columns of a committed one

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


def committed(standing: list[Plant]) -> list[Plant]:
    """The same plants, gas by fleets that start and stop."""

    def fleet(upkeep: float, slope: float, intercept: float, fuel: float, start: float, limits: dict) -> tuple:
        return tuple({"technology": "gas", "reserve": "both", "variable_cost_cny_per_mwh": upkeep + slope * GAS_PRICE,
                      "no_load_cost_cny_per_mwh": intercept * GAS_PRICE, "start_cost_cny_per_mw": fuel * GAS_PRICE + start, **limits}.items())

    return [replace(plant, fleet=fleet(*GAS[plant.name])) if plant.name in GAS else plant for plant in standing]


def cost_of(days: int, demand: tuple[float, ...], standing: list[Plant], reserve: dict | None) -> float:
    """What so many of these days in a row cost to dispatch."""
    sent = [power / (1 - NETWORK_LOSS) for power in demand] * days
    sunny = {p.name: p.by_hour * days for p in standing if p.by_hour}
    case = small_case(
        len(sent), {"load": {"load": sent}} | ({"availability": sunny} if sunny else {}), step_hours=24 / len(demand),
        policies={"reserves": RULE} if reserve else {}, reserves=[reserve] if reserve else [],
        loads=[{"load": "load", "zone": "South"}],
        technologies=[{"technology": name, "kind": "renewable"} for name in ("plant", "solar")] + [{"technology": "gas", "kind": "thermal"}],
        generators=[{"generator": p.name, "zone": "South", "technology": "solar" if p.by_hour else "plant",
                     "capacity_mw": p.megawatts * p.available, "min_output_fraction": float(p.baseload),
                     "variable_cost_cny_per_mwh": p.cost, "reserve": "none", **dict(p.fleet)} for p in standing])
    return solved(case).objective


def present_value(demand: tuple[float, ...], standing: list[Plant], before: int = 0, reserve: dict | None = None) -> float:
    """Net present value of an example whose day has as many equal steps as it has demands; of a day after so many others like it."""
    day = cost_of(before + 1, demand, standing, reserve) - (cost_of(before, demand, standing, reserve) if before else 0.0)
    yearly = day * 365.25 + sum(p.yearly for p in standing) + NETWORK_COST * PEAK / (1 - NETWORK_LOSS)
    worth = (1 - (1 + DISCOUNT) ** -PERIOD_YEARS) / DISCOUNT * (1 + DISCOUNT) ** (BASE_YEAR - PERIOD_START)
    return worth * yearly


ONE = ((8.0,), [replace(plants(3)[1], megawatts=9)])
THREE = ((8.0,), plants(3))
FOUR = ((3.0, 8.0, 10.0, 7.0), plants(2, (0.0, 0.61, 1.0, 0.4)))
COMMITTED = (FOUR[0], committed(FOUR[1]), 3)
WITH_RESERVES = (FOUR[0], committed([replace(plant, megawatts=7) if plant.name in GAS else plant for plant in FOUR[1]]), 3,
                 {"area": "South", "largest_infeed_mw": 1.0})
