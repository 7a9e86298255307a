"""Explanations in plain sentences with figures, units and names, and the same as data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import xarray as xr

from grid_model.case.units import MW
from grid_model.results.explain.limits import ONE_WAY, Limit, limits
from grid_model.results.explain.optimum import Optimum
from grid_model.results.explain.price import Part, Price, explain_price
from grid_model.results.explain.words import words_of

SMALL = 1e-3  # MW; and CNY/MWh of a part that is worth a line
MOST_NAMES = 3
FILLED = "the order of purchase fills it"

COSTS = {
    "cost": "a MWh of '{name}' costs this",
    "unserved energy": "value of the energy that '{name}' goes without",
    "cost of sending": "sending over '{name}' costs this",
    "cost of demand response": "a MWh less by '{name}' costs this",
    "wear": "wear of '{name}'",
    "losses": "losses on '{name}'",
    "limit": "'{name}' stands at its limit",
    "order of purchase": "the order of purchase keeps '{name}' where it is",
}
RULES = {
    "thermal.most_output_online": "all that '{name}' has online is in use: more must be started or kept online",
    "thermal.least_output_online": "'{name}' is kept online at its least output, of which more load makes use",
    "thermal.most_captured": "'{name}' could capture more",
    "storage.energy_balance": "energy in '{name}' that is then missing, or left, at another time",
    "storage.shared_converter": "'{name}' charges or discharges in full",
    "storage.most_cycles": "'{name}' has delivered all that it may in the day",
    "storage.least_cycles": "'{name}' must deliver its least in the day",
    "storage.least_cycles_charged": "'{name}' must charge its least in the day",
    "hydro.budget": "water of '{name}' that is then missing at another time of the month",
    "reservoir.water_balance": "water of '{name}' that is then missing, or arrives, at another time",
    "reservoir.ecological_flow": "'{name}' must let its least flow pass",
    "solar_thermal.heat_balance": "heat of '{name}' that is then missing at another time",
    "transmission.one_direction": "'{name}' is full",
    "transmission.one_direction_at_times": "'{name}' is full",
    "transmission.ramp": "the flow of '{name}' changes as fast as it may",
    "transmission.kirchhoff_voltage": "power also takes the other way round the loop of AC lines, where a line is full",
    "carbon_market.emissions": "allowances for what is emitted ('{name}')",
    "carbon_market.benchmark_allocation": "allowances given for output ('{name}')",
    "green_certificates.issue": "certificates issued for it ('{name}')",
    "guaranteed_purchase.guaranteed_quantity": "it counts towards the purchase guaranteed to '{name}'",
    "self_use.on_schedule": "'{name}' keeps its own schedule: others set what its energy is worth",
    "self_use.on_schedule_at_times": "'{name}' keeps its own schedule: others set what its energy is worth",
}
LIMITS = {  # of columns at their limit: for more supply, for less
    "generation": ("give all that they can", "must generate"),
    "discharge": ("discharge in full", ""),
    "charge": ("", "charge in full"),
    "reduced": ("are called in full", ""),
    "increased": ("", "add all the demand that they can"),
    "lent": ("return all that they can", ""),
}
FREE = {  # of columns that nothing holds: moving them would gain nothing
    "generation": (
        "could give more at a cost that is not worth it",
        "give power as well; less of it would only move the loss",
    ),
    "discharge": ("could discharge more at a cost that is not worth it", "could discharge less, for no gain"),
    "round trip": (
        "",
        "discharge all the same: what is lost on the way in and out is more energy taken, which the order of purchase puts "
        "before cost",
    ),
    "unknown trip": ("", "discharge all the same: by cost alone less would do as well"),
    "charge": (
        "could charge less at a cost that is not worth it",
        "could charge more, for no gain: energy is left at other times too",
    ),
}
HELD = {  # by the part of a price that the rule's dual is: for more supply, for less
    "commitment": ("use all that they have online", "are online at their least output"),
    "ramp": ("cannot rise faster, or must not before they fall", "cannot fall faster, or must not before they rise"),
    "water": (
        "have no more water now, or need it at another time",
        "must release their water now, or have too much at other times",
    ),
    "storage": ("are empty, or need their energy at another time", "are full, or have too much energy at other times"),
    "heat store": ("have no more heat, or need it at another time", "have too much heat at other times"),
    "demand response": ("have been called as long as they may, or must return it", "may add no more"),
    "reserve": ("hold reserve", "hold reserve"),
    "connection": (
        "share a full connection with their host",
        "share a full connection with their host, or charge from it only",
    ),
    "self-use schedule": ("keep their own schedule", "keep their own schedule"),
}
CAUSES = {
    "congestion": "all corridors out of the zone are full",
    "minimum_output": "thermal plant stands at its floor",
    "ramping": "thermal plant cannot come down fast enough",
    "storage_full": "stores are full",
    "surplus": "there is more energy than load and stores can take",
}


@dataclass(frozen=True)
class Explanation:
    """Why something is as it is.

    subject    price, unserved or curtailment
    zone, time where and when
    sentences  in words, the first a headline
    figures    the same as data
    """

    subject: str
    zone: str
    time: str
    sentences: tuple[str, ...]
    figures: dict

    def __str__(self) -> str:
        return "\n  ".join(self.sentences)


def why_price(optimum: Optimum, zone: str, step: int) -> Explanation:
    """What sets the price of a zone in a step, and its parts."""
    price, time, unit = (
        explain_price(optimum, zone, step),
        _time(optimum, step),
        f"{optimum.case.scenario.currency}/MWh",
    )
    if price.margin is None:
        return Explanation(
            "price",
            zone,
            time,
            (f"{zone}, {time}: no price, nothing is connected there.",),
            {"price": None, "parts": []},
        )
    shown = [part for part in price.parts if abs(part.value) >= SMALL]
    lines = [f"{zone}, {time}: {price.price:,.2f} {unit}.", _margin_told(optimum, price)]
    lines += [f"{part.value:+12,.2f}  {_part_told(part)}" for part in sorted(shown, key=lambda part: -abs(part.value))]
    lines += [] if shown else ["A MWh more costs nothing: no part is worth a line."]
    lines += _stores_told(optimum, price) + _corridors_told(optimum, price)
    figures = {
        "price": price.price,
        "unit": unit,
        "margin": vars(price.margin),
        "parts": [vars(part) for part in price.parts],
    }
    return Explanation("price", zone, time, tuple(lines), figures)


def _margin_told(optimum: Optimum, price: Price) -> str:
    margin, zone = price.margin, price.zone
    way = f", reached over {' and '.join(repr(name) for name in margin.corridors)}" if margin.corridors else ""
    where = f" in {margin.zone}" if margin.zone != zone else ""
    if margin.family == "loads.unserved":
        return f"At the margin is load that is not served: '{margin.name}'{where}{way}."
    verb = {"charge": "charging", "discharge": "discharging", "reduced": "reducing demand"}.get(
        margin.family.split(".")[1], "generating"
    )
    value = _value(optimum, margin.family, margin.name, price.step)
    at = "" if np.isnan(value) else f", {verb} {value:,.6g} MW"
    state = "" if margin.between else " and at a limit of it"
    return f"At the margin is '{margin.name}'{where}{at}{state}{way}."


def _value(optimum: Optimum, family: str, name: str, step: int) -> float:
    """Where a column stands [MW]."""
    columns = optimum.program.columns[family]
    names, steps = (list(axis.labels) for axis in (columns.axes[0], columns.axes[-1]))
    return float(columns.of(optimum.columns)[names.index(name), steps.index(step + 1)]) / MW


def _part_told(part: Part) -> str:
    if part.kind in COSTS and part.rule.partition(".")[2] not in ("guaranteed_quantity",):
        return COSTS[part.kind].format(name=part.name)
    known = RULES.get(part.rule)
    if known:
        return known.format(name=part.name)
    if part.rule.startswith("thermal.") and "ramp" in part.rule:
        return f"'{part.name}' ramps as fast as it can"
    return f"{part.kind}: {part.rule.partition('.')[2].replace('_', ' ')} of '{part.name}'"


def _stores_told(optimum: Optimum, price: Price) -> list[str]:
    """Where the worth of stored energy comes from: when else the store has a choice."""
    lines = []
    for part in price.parts:
        if part.rule == "storage.energy_balance" and abs(part.value) >= SMALL:
            other = _other_choice(optimum, part.name, price.step)
            lines += (
                [f"What that is worth shows at {_one_choice(optimum, part.name, other)}"] if other is not None else []
            )
    return lines


def _other_choice(optimum: Optimum, name: str, step: int) -> int | None:
    """The nearest step at which a store charges or discharges between its limits, with its level between its limits all
    the way there: one at which it does the opposite, if there is one."""
    columns = optimum.program.columns
    at = list(columns["storage.energy"].axes[0].labels).index(name)
    level, charge, discharge = (
        columns[f"storage.{one}"].of(optimum.between)[at] for one in ("energy", "charge", "discharge")
    )
    found = []
    for direction, border in ((1, 1), (-1, 0)):
        other = step
        while 0 <= other + direction < optimum.case.steps and level[other + border]:
            other += direction
            if charge[other] or discharge[other]:
                found.append((charge[other] == charge[step], abs(other - step), other))
    return min(found)[2] if found else None


def _one_choice(optimum: Optimum, name: str, step: int) -> str:
    charges = _value(optimum, "storage.charge", name, step) > _value(optimum, "storage.discharge", name, step)
    row = optimum.balance(optimum.places.zones("storage", name)[0], step)
    return f"{_time(optimum, step)}: '{name}' {'charges' if charges else 'discharges'} at {optimum.price(row):,.2f}."


def _corridors_told(optimum: Optimum, price: Price) -> list[str]:
    """Corridors of the zone that are full, and what a MW more of them would be worth."""
    found = {
        one.name: one
        for more in (True, False)
        for one in limits(optimum, price.zone, price.step, more)
        if one.is_corridor and one.is_full and abs(one.worth) >= SMALL
    }
    return [
        f"'{name}' is full ({abs(one.value):,.6g} MW; {one.beyond} pays {one.price_beyond:,.2f}){_room_told(one)}."
        for name, one in found.items()
    ]


def _room_told(one: Limit) -> str:
    """What a MW more of a full corridor would be worth."""
    if one.worth < 0:
        return f", by the order of purchase: a MW more would cost {-one.worth:,.2f}"
    return f": a MW more would be worth {one.worth:,.2f}"


def why_unserved(optimum: Optimum, dispatch: xr.Dataset, zone: str, step: int) -> Explanation:
    """What was at its limit where load was not served."""
    here, time = {"zone": zone, "time": dispatch["time"].values[step]}, _time(optimum, step)
    missing, load = (float(dispatch[name].sel(here)) for name in ("unserved", "load"))
    found = limits(optimum, zone, step, more_supply=True)
    found = [one for one in found if one.family != "loads.unserved"]
    lines = [f"{zone}, {time}: {missing:,.6g} of {load:,.6g} MW are not served."]
    lines += _limits_told(optimum, found, 0) or ["Nothing else could supply the zone."]
    return Explanation(
        "unserved",
        zone,
        time,
        tuple(lines),
        {"unserved_mw": missing, "load_mw": load, "limits": [vars(one) for one in found]},
    )


def why_curtailed(optimum: Optimum, dispatch: xr.Dataset, zone: str, step: int) -> Explanation:
    """What kept available energy from being taken."""
    time, now = _time(optimum, step), dispatch.isel(time=step)
    lost = {
        str(name): float(value)
        for name, value in zip(now["generator"].values, now["curtailment"].values, strict=True)
        if value > SMALL and optimum.places.zones("generators", str(name)) == (zone,)
    }
    found = [
        one
        for one in limits(optimum, zone, step, more_supply=False)
        if one.name not in lost and not one.family.startswith("loads.")
    ]
    lines = [f"{zone}, {time}: {sum(lost.values()):,.6g} MW are there and not taken: {_names(lost)}."]
    causes = _causes(now, lost)
    lines += [f"Cause: {CAUSES.get(cause, cause)} ({value:,.6g} MW)." for cause, value in causes.items()]
    row = optimum.balance(zone, step)
    counted = False if row is None else optimum.is_counted(row)
    lines += _limits_told(optimum, found, 1, counted) or ["Nothing in the zone could take more or give less."]
    figures = {"curtailed_mw": lost, "causes_mw": causes, "limits": [vars(one) for one in found]}
    return Explanation("curtailment", zone, time, tuple(lines), figures)


def _causes(now: xr.Dataset, lost: dict[str, float]) -> dict[str, float]:
    """Curtailed power by the cause that the results give it; empty where they give none."""
    if "curtailment_cause" not in now:
        return {}
    meanings, sums = now["curtailment_cause"].attrs["flag_meanings"].split(), defaultdict(float)
    for name, value in lost.items():
        sums[meanings[int(now["curtailment_cause"].sel(generator=name))]] += value
    return dict(sums)


def _limits_told(optimum: Optimum, found: list[Limit], way: int, counted: bool | None = False) -> list[str]:
    """Limits by kind and state, with the largest names. `way`: 0 for more supply, 1 for less; `counted`: what is used here
    counts in the order of purchase, None where that is not known."""
    groups: dict[tuple, list[Limit]] = defaultdict(list)
    against = {one.name for one in found if _is_against(one, way)}
    for one in found:
        if one.name in against and one.is_corridor and not _is_against(one, way) and one.state == "free":
            continue  # the other direction of a corridor that carries power the wrong way
        if one.is_corridor:
            groups[("corridor", one.name, one.family)].append(one)
        else:
            part = words_of(optimum.program, "row", one.rule).part if one.rule else ""
            groups[(one.family.partition(".")[2], one.state, part)].append(one)
    told = [
        _corridor_told(group[0], way) if key[0] == "corridor" else _group_told(*key, group, way, counted)
        for key, group in groups.items()
    ]
    return list(dict.fromkeys(line for line in told if line))


def _group_told(kind: str, state: str, part: str, group: list[Limit], way: int, counted: bool | None) -> str:
    if state == "limit":
        said = LIMITS.get(kind, ("stand at their limit",) * 2)[way]
    elif state == "held":
        said = HELD.get(part, (f"are held by a rule ({part or kind})",) * 2)[way]
    else:
        trip = {True: "round trip", None: "unknown trip"}.get(counted, kind)
        kind = trip if kind == "discharge" and way == 1 else kind
        said = FREE.get(kind, ("could change at a cost that is not worth it",) * 2)[way]
    return f"{_names({one.name: abs(one.value) for one in group})} {said}." if said else ""


def _is_against(one: Limit, way: int) -> bool:
    """Whether a corridor carries power the wrong way: in where energy is left, out where load is not served."""
    return one.is_corridor and not one.is_full and abs(one.value) > SMALL and one.inward == (way == 1)


def _corridor_told(one: Limit, way: int) -> str:
    end, power = f"{'from' if way == 0 else 'to'} {one.beyond}", f"{abs(one.value):,.6g} MW"
    if one.is_full:
        return f"'{one.name}' {end} is full ({power})."
    if _is_against(one, way) and (one.worth < -SMALL or one.state == "free"):
        carries = f"'{one.name}' brings {power} from" if way == 1 else f"'{one.name}' takes {power} to"
        why = FILLED if one.worth < -SMALL else f"less of it would gain nothing (price {one.price_beyond:,.2f})"
        return f"{carries} {one.beyond}: {why}."
    if one.rule.startswith(ONE_WAY):
        return f"'{one.name}' sends both ways at once and burns energy ({power} {end})."
    if one.state == "held":
        return f"'{one.name}' ({power} {end}) is held by a rule: {one.rule.partition('.')[2].replace('_', ' ')}."
    if one.family == "transmission.backward":
        return ""
    if way == 0:
        return f"'{one.name}' has room, but {one.beyond} is short too (price {one.price_beyond:,.2f})."
    return f"'{one.name}' has room, but {one.beyond} would not gain what sending costs (price {one.price_beyond:,.2f})."


def _names(values: dict[str, float]) -> str:
    """The largest by name and MW, the rest counted."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    shown = [f"'{name}'" + (f" {value:,.6g} MW" if value > SMALL else "") for name, value in ordered[:MOST_NAMES]]
    rest = (
        f" and {len(ordered) - MOST_NAMES} more ({sum(value for _, value in ordered[MOST_NAMES:]):,.6g} MW)"
        if len(ordered) > MOST_NAMES
        else ""
    )
    return ", ".join(shown) + rest


def _time(optimum: Optimum, step: int) -> str:
    return f"{optimum.case.time[step]:%Y-%m-%d %H:%M}"
