"""Headline figures, the scorecard, cost by item and energy by technology."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.report.blocks import Card, Cards, Column, Figure, Section, Table, empty
from grid_model.report.charts import BAR, Chart, Layer
from grid_model.report.style import stacked
from grid_model.report.view import View, number, percent
from grid_model.report.words import WORDS, Words, plain, word

RENEWABLE = ("wind", "solar", "hydro", "biomass", "geothermal", "marine")  # how technologies begin that are
VARIABLE = ("wind", "solar")


def section(view: View) -> Section:
    return Section("headline", word("headline"), empty(cards(view), mix_chart(view), mix_table(view), cost_table(view)))


def scorecard_section(view: View) -> Section | None:
    card = view.tables.get("scorecard")
    if card is None:
        return None
    columns = [
        Column(word("target"), "text"),
        Column(word("demanded_level")),
        Column(word("achieved")),
        Column(word("margin")),
        Column(word("unit"), "unit"),
        Column(word("passed"), "check"),
        Column(word("dual"), "unit"),
        Column(word("source"), "text"),
        Column(word("note"), "text"),
    ]
    rows = []
    for row in card.itertuples():
        factor, unit = target_unit(row.unit)
        source = Words(*WORDS[row.source]) if row.source in WORDS else plain(row.source)
        rows.append((target(row.target), row.level * factor, row.achieved * factor, row.margin * factor, unit, row.passed,
                     _dual(view, row.binding_dual, row.unit), source, _note(getattr(row, "note", ""))))  # fmt: skip
    return Section("scorecard", word("scorecard"), [Table(word("scorecard"), columns, rows, file="scorecard.csv")])


def _dual(view: View, price: float, unit: str) -> Words:
    """What one more tonne, of targets of tonnes, or one more MWh is worth."""
    if not np.isfinite(price):
        return plain("–")
    return plain(f"{number(price)} ") + (view.money_name + Words("/t", "/吨") if unit == "tCO2" else view.price_unit)


def _note(said) -> Words:
    """Why a target is not judged."""
    if not isinstance(said, str) or not said:
        return plain("")
    why = said.removeprefix("not judged: ")
    return word("not_judged") + plain(": ") + (Words(*WORDS[why]) if why in WORDS else plain(why))


def target(name: str) -> Words:
    """A target of the scorecard in words."""
    return word(f"target_{name}") if f"target_{name}" in WORDS else word(name)


def target_unit(unit: str) -> tuple[float, Words]:
    """What a target's figures are multiplied by to be shown, and in which unit: parts of one in percent."""
    if unit == "1":
        return 100.0, plain("%")
    return 1.0, word(f"unit_{unit}") if f"unit_{unit}" in WORDS else plain(unit)


def cards(view: View) -> Cards:
    summary, generation = view.results.summary, view.by_technology("generation")
    total = float(generation.sum())
    shares = {name: float(generation[generation.index.str.startswith(kinds)].sum()) / total if total > 0 else np.nan
              for name, kinds in (("renewable_share", RENEWABLE), ("wind_solar_share", VARIABLE))}  # fmt: skip
    unserved = view.total("unserved")
    found = [
        Card(
            word("cost"),
            view.amount(summary["objective_cny"]),
            _per(summary["objective_cny"], view.load_mwh) + plain(" ") + view.price_unit,
        ),
        Card(word("load"), view.energy.text(view.load_mwh), word("peak") + plain(" ") + view.power.text(_peak(view))),
        Card(
            word("unserved"),
            view.energy.text(unserved),
            plain(f"{number(100 * (1 - unserved / view.load_mwh), 2)} % ") + word("served")
            if view.load_mwh > 0
            else plain(""),
        ),
        Card(word("mean_price"), plain(number(_mean_price(view), 1) + " ") + view.price_unit),
    ]
    if total > 0:
        found += [Card(word(name), plain(f"{number(100 * share, 1)} %")) for name, share in shares.items()]
    return Cards([*found, *_curtailment(view), *_carbon(view), *_proof(view)])


def _per(amount: float, energy: float) -> Words:
    return plain(number(amount / energy, 1) if energy > 0 else "–")


def _peak(view: View) -> float:
    return float(view.data["load"].sum("zone").max())


def _mean_price(view: View) -> float:
    """Price weighted by load and hours over all zones."""
    price, load = (view.data[name].transpose("zone", "time").values for name in ("price", "load"))
    weight = np.where(np.isfinite(price), np.maximum(load, 0.0), 0.0) * view.hours
    return float((np.nan_to_num(price) * weight).sum() / weight.sum()) if weight.sum() > 0 else np.nan


def _curtailment(view: View) -> list[Card]:
    if "curtailment" not in view.data:
        return []
    lost, taken = view.by_technology("curtailment"), view.by_technology("generation")
    lost, taken = (float(energy[energy.index.str.startswith(VARIABLE)].sum()) for energy in (lost, taken))
    found = [Card(word("curtailed"), view.energy.text(view.total("curtailment")))]
    if lost + taken > 0:
        found.append(Card(word("wind_solar_utilisation"), plain(f"{number(100 * taken / (lost + taken), 2)} %")))
    return found


def _carbon(view: View) -> list[Card]:
    if "emissions" not in view.data:
        return []
    tonnes = float(view.data["emissions"].sum())
    note = _per(tonnes * 1e3, view.load_mwh) + plain(" ") + word("intensity")
    return [Card(word("emissions"), view.carbon.text(tonnes), note)]


def _proof(view: View) -> list[Card]:
    summary = view.results.summary
    found = (
        [Card(word("gap"), plain(percent(summary["gap"])), word(summary["status"]))]
        if "gap" in summary
        else []
    )
    audit = summary.get("audit")
    if isinstance(audit, dict) and "laws" in audit:
        broken = len(audit["failed"])
        text = (
            plain(f"{audit['laws'] - broken} ") + word("laws_hold")
            if not broken
            else plain(f"{broken} ") + word("laws_broken")
        )
        found.append(Card(word("audit"), word("passed" if audit["passed"] else "failed"), text))
    return found


def mix_chart(view: View) -> Figure | None:
    """Energy by technology of each region, or of each zone where there are no regions."""
    if "generation" not in view.data:
        return None
    areas = [area for area in view.areas if area.level == "regions"] or [
        area for area in view.areas if area.level == "zones"
    ]
    rows = [view.areas.index(area) for area in areas]
    layers = []
    for key, values in view.series.values.items():
        kind, _, technology = key.partition(":")
        energy = values[rows] @ view.hours * view.energy.factor
        if kind == "generation" and energy.any():
            layers.append(
                Layer(key, view.style.technology(technology), view.style.technology_colour(technology), BAR, energy)
            )
    chart = Chart(
        "mix",
        word("energy_mix"),
        view.energy.name,
        layers,
        [area.name for area in areas],
        x_kind="names",
        barmode="stack",
        horizontal=True,
        height=max(150 + 34 * len(areas), 120 + 19 * len(layers)),
    )
    return Figure(chart)


def mix_table(view: View) -> Table | None:
    if "generation" not in view.data:
        return None
    made, lost, capacity = view.by_technology("generation"), view.by_technology("curtailment"), _capacity(view)
    hours, unit = view.hours.sum(), view.energy
    columns = [
        Column(word("technology"), "text"),
        Column(word("capacity"), unit=view.power.name),
        Column(word("energy"), unit=unit.name),
        Column(word("share"), "percent"),
        Column(word("utilisation"), "percent"),
        Column(word("curtailed"), unit=unit.name),
    ]
    rows = [
        (
            view.style.technology(name),
            capacity[name] * view.power.factor,
            made[name] * unit.factor,
            made[name] / made.sum() if made.sum() > 0 else None,
            made[name] / capacity[name] / hours if capacity[name] > 0 else None,
            lost.get(name, 0.0) * unit.factor,
        )
        for name in stacked(made.index)
    ]
    return Table(word("energy_mix"), columns, rows, folded=True)


def _capacity(view: View) -> pd.Series:
    return pd.Series(view.data["capacity_mw"].values).groupby(view.data["technology"].values.astype(str)).sum()


def cost_table(view: View) -> Table | None:
    items = view.data["objective"]
    rows = [
        (
            cost_item(str(name)),
            float(value) * view.money.factor,
            float(value) / view.load_mwh if view.load_mwh > 0 else None,
        )
        for name, value in zip(items["item"].values, items.values)
        if abs(value) > 1e-9
    ]
    columns = [Column(word("item"), "text"), Column(word("cost"), unit=view.money.name),
               Column(word("cost") + plain(" / ") + word("load"), unit=view.price_unit)]  # fmt: skip
    return Table(word("costs"), columns, sorted(rows, key=lambda row: -row[1]), folded=True) if rows else None


def cost_item(name: str) -> Words:
    """`thermal.start` in words."""
    part, _, what = name.partition(".")
    known = word(f"cost:{name}")
    return (
        known
        if f"cost:{name}" != known.en
        else plain(f"{part}: {what}".replace("_", " ") if what != part else part.replace("_", " "))
    )
