"""Words: what every family of rows and columns asks for, in a sentence, and which input sets it.

`Words` of a family name, for each side, a sentence with the places {name} and {value}, the input that sets it, and how
dear it is to give way: targets first (1), then limits of equipment (3) and what was given before the horizon, physical
laws last (LAW). `part` is what a row's dual is called where it is part of a price. A family that is not listed is told
by its name and by the formula in its rule's docstring, so a new technology or policy can be explained before it has
words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TARGET, PLANT, INPUT, LAW = 1.0, 3.0, 2.0, 100.0


@dataclass(frozen=True)
class Asks:
    """One side of a family: sentence, (table, column) of its input or none, price of giving way."""

    sentence: str
    table: str = ""
    column: str = ""
    penalty: float = PLANT


@dataclass(frozen=True)
class Words:
    """
    unit         MW, MWh, t or nothing: what people see (the programme's GW, GWh and kt times 1000)
    lower, upper what its sides ask for
    part         of a price, what the dual of such a row stands for
    member       table in which its first label is a row, for the zone it belongs to
    """

    unit: str
    lower: Asks
    upper: Asks
    part: str = ""
    member: str = ""

    @property
    def scale(self) -> float:
        """From units of the programme to what people see."""
        return 1.0 if self.unit == "" else 1e3


def _limits(member: str, least: str, most: str, at_least: str, at_most: str, unit: str = "MW", **penalties) -> Words:
    """Bounds of a column."""
    lower = Asks(f"'{{name}}' must {least} at least {{value}}", member, at_least, penalties.get("lower", TARGET))
    upper = Asks(f"'{{name}}' can {most} at most {{value}}", member, at_most, penalties.get("upper", PLANT))
    return Words(unit, lower, upper, member=member)


def _law(
    sentence: str, unit: str, member: str, part: str, table: str = "", column: str = "", penalty: float = LAW
) -> Words:
    """A rule that says the same from both sides."""
    asks = Asks(sentence, table, column, penalty)
    return Words(unit, asks, asks, part, member)


def _rule(sentence: str, unit: str, member: str, part: str, column: str, penalty: float = TARGET) -> Words:
    """A rule that a column of its member's table sets."""
    return _law(sentence, unit, member, part, member, column, penalty)


_GENERATION = _limits("generators", "generate", "generate", "min_output_fraction", "capacity_mw")
_LEVEL = "initial_fraction|min_level_fraction|final_fraction"  # at the first border, between, at the last
_ROOM = "initial_fraction|{capacity}|{capacity}"
_FORWARD = _limits("lines", "send", "send", "min_flow_mw", "capacity_mw")

COLUMNS = {
    "converters.conversion": _limits("converters", "convert", "convert", "reverse_capacity_mw", "capacity_mw"),
    "loads.unserved": _limits("loads", "lose", "go without", "", "", upper=LAW),
    "renewable.generation": _GENERATION,
    "thermal.generation": _GENERATION,
    "hydro.generation": _GENERATION,
    "reservoir.generation": _GENERATION,
    "solar_thermal.generation": _GENERATION,
    "thermal.online": _limits(
        "generators",
        "have online",
        "have online",
        "initial_online_mw|initial_online_mw|initial_online_mw",
        "initial_online_mw|capacity_mw|capacity_mw",
        lower=PLANT,
    ),
    "thermal.started": _limits("generators", "start", "start", "", "capacity_mw", upper=LAW),
    "thermal.stopped": _limits("generators", "stop", "stop", "", "capacity_mw", upper=LAW),
    "storage.charge": _limits("storage", "charge", "charge", "", "charge_power_mw"),
    "storage.discharge": _limits("storage", "discharge", "discharge", "", "power_mw"),
    "storage.energy": _limits("storage", "hold", "hold", _LEVEL, _ROOM.format(capacity="energy_mwh"), "MWh"),
    "reservoir.level": _limits("reservoirs", "hold", "hold", _LEVEL, _ROOM.format(capacity="capacity_mwh"), "MWh"),
    "solar_thermal.defocus": _limits("generators", "leave", "leave", "", "", upper=LAW),
    "solar_thermal.heat": _limits(
        "generators",
        "hold as heat",
        "hold as heat",
        "initial_heat_fraction|initial_heat_fraction|initial_heat_fraction",
        "initial_heat_fraction|heat_store_hours|heat_store_hours",
        "MWh",
    ),
    "transmission.flow": Words(
        "MW",
        Asks("'{name}' must send at least {value}", "lines", "min_flow_mw", TARGET),
        _FORWARD.upper,
        member="lines",
    ),
    "transmission.forward": _FORWARD,
    "transmission.backward": _limits("lines", "send back", "send back", "", "reverse_capacity_mw"),
    "demand_response.reduced": _limits("demand_response", "reduce", "reduce", "", "power_mw"),
    "demand_response.increased": _limits("demand_response", "add", "add", "", "up_power_mw"),
    "demand_response.lent": _limits("demand_response", "return", "return", "", "return_power_mw"),
    "demand_response.owed": _limits("demand_response", "owe", "owe", "", "deadline_hour", "MWh"),
    "carbon_market.allowance": _limits("", "hold as allowances", "hold as allowances", "", "", "t"),
    "carbon_market.bought": _limits("", "buy in allowances", "buy in allowances", "", "", "t", upper=TARGET),
    "carbon_market.sold": _limits("", "sell in allowances", "sell in allowances", "", "", "t", upper=TARGET),
    "carbon_market.shortfall": _limits("", "leave uncovered", "leave uncovered", "", "", "t", upper=LAW),
    "carbon_market.offset_supply": _limits(
        "ccer_supply", "supply in certified reductions", "supply in certified reductions", "", "quantity_t", "t"
    ),
}

ROWS = {
    "balance": Words(
        "MW",
        Asks("zone {name} must be supplied with {value}", "loads", "", INPUT),
        Asks("zone {name} can take no more than {value}", "loads", "", INPUT),
        "energy",
        "zones",
    ),
    "storage.energy_balance": _law(
        "the level of '{name}' follows from charge, discharge and losses", "MWh", "storage", "storage"
    ),
    "storage.shared_converter": _law(
        "'{name}' does not charge and discharge in full at once", "", "storage", "storage"
    ),
    "storage.cyclic_level": _rule("'{name}' ends as full as it began", "MWh", "storage", "storage", "cyclic", 1.5),
    "storage.most_cycles": _rule(
        "'{name}' delivers at most {value} a day", "MWh", "storage", "storage", "max_cycles_per_day"
    ),
    "storage.least_cycles": _rule(
        "'{name}' delivers at least {value} a day", "MWh", "storage", "storage", "min_cycles_per_day"
    ),
    "storage.least_cycles_charged": _rule(
        "'{name}' charges at least {value} a day", "MWh", "storage", "storage", "min_cycles_per_day"
    ),
    "transmission.ramp": _rule(
        "the flow of '{name}' changes by no more than {value}", "MW", "lines", "corridor", "ramp_mw_per_hour", 1.5
    ),
    "transmission.kirchhoff_voltage": _law(
        "flows round loop {name} of AC lines obey Kirchhoff's voltage law", "MW", "", "network"
    ),
    "transmission.one_direction": _law("'{name}' does not send in full both ways at once", "", "lines", "corridor"),
    "transmission.one_direction_at_times": _law(
        "'{name}' does not send in full both ways at once", "", "lines", "corridor"
    ),
    "thermal.switching": _law(
        "what '{name}' has online follows from starts and stops", "MW", "generators", "commitment"
    ),
    "thermal.most_output_online": _law("'{name}' generates with what is online only", "MW", "generators", "commitment"),
    "thermal.least_output_online": _rule(
        "'{name}' generates the least output of what is online",
        "MW",
        "generators",
        "commitment",
        "min_output_fraction",
        1.5,
    ),
    "thermal.least_time_up": _rule(
        "'{name}' stays online for its minimum time", "MW", "generators", "commitment", "min_up_hours", 1.5
    ),
    "thermal.least_time_down": _rule(
        "'{name}' stays offline for its minimum time", "MW", "generators", "commitment", "min_down_hours", 1.5
    ),
    "thermal.most_captured": _law(
        "'{name}' captures no more than its capture rate", "t", "generators", "carbon capture"
    ),
    "hydro.budget": Words(
        "MWh",
        Asks("'{name}' has water for {value}", "profiles/energy_budget", "", INPUT),
        Asks("'{name}' has water for {value}", "profiles/energy_budget", "", INPUT),
        "water",
        "generators",
    ),
    "reservoir.water_balance": _law(
        "the level of '{name}' follows from an inflow of {value}, release and spill",
        "MWh",
        "reservoirs",
        "water",
        "profiles/inflow",
        "",
        5.0,
    ),
    "reservoir.ecological_flow": _rule(
        "at least {value} must leave '{name}'", "MW", "reservoirs", "water", "min_flow_mw"
    ),
    "reservoir.cyclic_level": _rule("'{name}' ends as full as it began", "MWh", "reservoirs", "water", "cyclic", 1.5),
    "solar_thermal.heat_balance": _law(
        "the heat of '{name}' follows from what its field gathers", "MWh", "generators", "heat store"
    ),
    "solar_thermal.cyclic_heat": _law(
        "'{name}' ends with the heat it began with",
        "MWh",
        "generators",
        "heat store",
        "generators",
        "initial_heat_fraction",
        1.5,
    ),
    "guaranteed_purchase.guaranteed_quantity": _rule(
        "'{name}' is guaranteed the purchase of {value}", "MWh", "generators", "order of purchase", "guaranteed_hours"
    ),
    "energy_limits.most_energy": _rule(
        "limit '{name}' counts at most {value}", "MWh", "energy_limits", "energy limit", "amount_mwh"
    ),
    "energy_limits.energy": _rule(
        "limit '{name}' counts exactly {value}", "MWh", "energy_limits", "energy limit", "amount_mwh"
    ),
    "energy_limits.least_energy": _rule(
        "limit '{name}' counts at least {value}", "MWh", "energy_limits", "energy limit", "amount_mwh"
    ),
    "green_corridor.renewable_share": _rule(
        "'{name}' carries its least share of renewable energy", "MWh", "lines", "green share", "min_renewable_share"
    ),
    "green_load.matched": _rule(
        "'{name}' is matched with {value} of green energy", "MWh", "", "green share", "green_share"
    ),
    "green_load.matched_by_hour": _rule(
        "'{name}' is matched with {value} of green energy by the hour", "MWh", "loads", "green share", "green_share"
    ),
    "carbon_market.compliance": _law(
        "'{name}' covers what it emits", "t", "", "carbon", "policies", "carbon_market", TARGET
    ),
    "carbon_market.uncovered": _law("'{name}' leaves no more uncovered than it emits", "t", "", "carbon"),
    "carbon_market.emissions": _law("emissions of '{name}' are those of its plant", "t", "", "carbon"),
    "carbon_market.benchmark_allocation": _law(
        "'{name}' is given allowances by benchmark and output", "t", "", "carbon"
    ),
    "carbon_market.clearing": _law("allowances bought and sold in '{name}' are equal", "t", "", "carbon"),
    "carbon_market.offset_limit": _law(
        "'{name}' covers no more than its share by certified reductions",
        "t",
        "",
        "carbon",
        "policies",
        "carbon_market",
        TARGET,
    ),
    "reserves.requirement_up": _law(
        "area {name} keeps {value} of upward reserve", "MW", "", "reserve", "policies", "reserves", TARGET
    ),
    "reserves.requirement_down": _law(
        "area {name} keeps {value} of downward reserve", "MW", "", "reserve", "policies", "reserves", TARGET
    ),
    "self_use.on_schedule": _law(
        "'{name}' keeps its own schedule: discharge less charge of {value}",
        "MW",
        "storage",
        "self-use schedule",
        "policies",
        "self_use",
        TARGET,
    ),
}
for _family, _unit, _sentence in (
    ("less_discharge", "MW", "'{name}' gives at most {value} while it makes good a call, as by its schedule"),
    ("more_charge", "MW", "'{name}' charges at least {value} while it makes good a call, as by its schedule"),
    ("no_more_than_leaves", "MWh", "'{name}' holds at most {value}, from which it finds back to its schedule"),
    ("back_on_schedule", "MWh", "'{name}' is back at the {value} of its schedule"),
):
    ROWS[f"self_use.{_family}"] = _law(
        _sentence, _unit, "storage", "self-use schedule", "policies", "self_use", TARGET
    )
for _family, _unit, _column, _sentence in (
    ("most_on", "MW", "capacity_mw", "'{name}' converts with what is on only"),
    ("least_on", "MW", "", "'{name}' converts the least of what is on"),
    ("least_steps_on", "", "min_up_steps", "'{name}' stays on for its least number of steps"),
    ("least_steps_off", "", "min_down_steps", "'{name}' stays off for its least number of steps"),
    ("ramp_up_on", "MW", "ramp_up_mw_per_hour", "'{name}' can rise no faster than what is on allows"),
    ("ramp_down_on", "MW", "ramp_down_mw_per_hour", "'{name}' can fall no faster than what is on allows"),
    ("rise_with_a_start", "MW", "ramp_up_mw_per_hour", "'{name}' can rise no faster than what is on allows"),
    ("fall_with_a_stop", "MW", "ramp_down_mw_per_hour", "'{name}' can fall no faster than what is on allows"),
):
    _table = "converters" if _column else "profiles/conversion_least"
    ROWS[f"converters.{_family}"] = _law(_sentence, _unit, "converters", "commitment", _table, _column, 1.5)
ROWS |= {  # of the programme of self-use stores alone
    "account": _law("{name} and its stores give to the grid what they do not use themselves, {value} without these", "MW", "", ""),
    "charge_from_plant": _law("stores behind {name} charge from it only, {value}", "MW", "", ""),
}
COLUMNS["exchange"] = _limits("", "exchange", "exchange", "", "", lower=PLANT)
ROWS["self_use.on_schedule_at_times"] = ROWS["self_use.on_schedule"]
for _family, _member, _sentence in (
    ("charge_from_host", "generators", "stores behind '{name}' charge from it only"),
    ("shared_connection", "generators", "'{name}' and its stores stay within their connection of {value}"),
    ("exchange", "loads", "'{name}' and its stores stay within their connection, and give nothing unless allowed to"),
    ("no_export", "loads", "stores behind '{name}' give no more than it takes"),
    ("no_export_of_zone", "zones", "stores behind users of {name} give no more than these take"),
    ("given_between_charging", "storage", "'{name}' gives what its users take at most, {value}, and none of it while it charges"),
):
    ROWS[f"storage_place.{_family}"] = _law(
        _sentence, "MW", _member, "connection", "policies", "storage_place", PLANT
    )
ROWS["given_between_charging"] = ROWS["storage_place.given_between_charging"]
for _way, _word in (("up", "rise"), ("down", "fall")):
    for _family in (f"ramp_{_way}", f"ramp_{_way}_online", f"first_ramp_{_way}_online"):
        ROWS[f"thermal.{_family}"] = _rule(
            f"'{{name}}' can {_word} by no more than {{value}}"
            if "online" not in _family
            else f"'{{name}}' can {_word} no faster than what is online allows",
            "MW",
            "generators",
            "ramp",
            f"ramp_{_way}_fraction_per_hour",
            1.5,
        )
ROWS["thermal.ramp"] = ROWS["thermal.ramp_up"]  # its lower side is told as ramp_down, see REVERSED
ROWS["thermal.first_ramp"] = Words(
    "MW",
    Asks("'{name}' can fall to no less than {value} in the first step", "generators", "ramp_down_fraction_per_hour", 1.5),
    Asks("'{name}' can rise to no more than {value} in the first step", "generators", "ramp_up_fraction_per_hour", 1.5),
    "ramp",
    "generators",
)
REVERSED = {"transmission.flow": ("column", "transmission.backward"), "thermal.ramp": ("row", "thermal.ramp_down")}
# what a lower side below zero is an upper side of, the other way

BLOCKS = {  # what duals of all other rows of a block are called in a price, and where its first label is a row
    "storage": ("storage", "storage"),
    "transmission": ("corridor", "lines"),
    "thermal": ("commitment", "generators"),
    "hydro": ("water", "generators"),
    "reservoir": ("water", "reservoirs"),
    "solar_thermal": ("heat store", "generators"),
    "demand_response": ("demand response", "demand_response"),
    "guaranteed_purchase": ("order of purchase", "generators"),
    "green_load": ("green share", ""),
    "green_corridor": ("green share", ""),
    "green_certificates": ("certificate", ""),
    "carbon_market": ("carbon", ""),
    "energy_limits": ("energy limit", "energy_limits"),
    "reserves": ("reserve", ""),
    "storage_place": ("connection", ""),
    "self_use": ("self-use schedule", "storage"),
}


def words_of(program, kind: str, family: str) -> Words:
    """Words of a family of rows or columns; of one without any, its formula."""
    known = (ROWS if kind == "row" else COLUMNS).get(family)
    if known is not None:
        return known
    block, _, rule = family.partition(".")
    part, member = BLOCKS.get(block, (block.replace("_", " "), ""))
    formula, unit = formula_of(program, family) if kind == "row" else ("", "")
    said = f"{block.replace('_', ' ')}, {rule.replace('_', ' ')} of '{{name}}'" + (
        f": {formula}".replace("{", "{{").replace("}", "}}") if formula else ""
    )
    if kind == "row":
        return _law(said, unit, member, part, penalty=INPUT)
    return Words(
        unit, Asks(f"{said}: at least {{value}}", penalty=TARGET), Asks(f"{said}: at most {{value}}"), member=member
    )


def formula_of(program, family: str) -> tuple[str, str]:
    """First line of the docstring of a rule, and its unit for people."""
    rule = getattr(program.model.find_component(family), "rule", None)
    text = " ".join((getattr(getattr(rule, "_fcn", None), "__doc__", None) or "").split())
    unit = re.search(r"\[([^\[\]]*)\]$", text)
    shown = {"GW": "MW", "GWh": "MWh", "kt": "t"}
    return re.sub(r"\s*\[[^\[\]]*\]$", "", text), next(
        (shown[word] for word in re.split(r"[ ,/]+", unit[1]) if word in shown), ""
    ) if unit else ""
