"""Colours, names and order of zones and technologies in every picture: one place.

A technology's name and colour stand in its table (`label`, `name_zh`, `color`; the package's are after Okabe and Ito,
and told apart with every colour blindness, see the test); what is no technology has its colour here. Order is that of
the stack, from what runs always at the bottom to what varies at the top.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import pandas as pd

from grid_model.report.words import WORDS, Words, plain, word

COLOURS = {
    "load": "#000000",
    "residual_load": "#d55e00",
    "price": "#0072b2",
    "level": "#009e73",
    "discharge": "#8c1d5c",
    "charge": "#8c1d5c",
    "converted": "#999933",
    "converting": "#999933",
    "imports": "#5d3fd3",
    "exports": "#5d3fd3",
    "reduced": "#009e73",
    "added": "#009e73",
    "orderly": "#b8860b",
    "unserved": "#e60000",
    "cause_congestion": "#d55e00",
    "cause_minimum_output": "#2b2b2b",
    "cause_ramping": "#cc79a7",
    "cause_storage_full": "#0072b2",
    "cause_surplus": "#f0e442",
    "flow": "#4a6fa5",
    "full": "#d55e00",
    "forward": "#0072b2",
    "backward": "#e69f00",
    "received": "#0072b2",
    "paid": "#d55e00",
    "available": "#bbbbbb",
    "factor_production": "#6e6e6e",
    "factor_consumption": "#d55e00",
    "factor_published": "#0072b2",
}
SCALE = ((0.0, "#00204d"), (0.25, "#414d6b"), (0.5, "#7c7b78"), (0.75, "#b9ac70"), (1.0, "#ffea46"))  # cividis
OTHERS = (
    "#44aa99",
    "#aa4499",
    "#999933",
    "#88ccee",
    "#882255",
    "#ddcc77",
    "#332288",
    "#cc6677",
)  # technologies without one
ORDER = (
    "nuclear",
    "hydro_run_of_river",
    "hydro_reservoir",
    "geothermal",
    "biomass",
    "marine",
    "by_product",
    "coal_chp",
    "coal",
    "coal_ccs",
    "gas_chp",
    "gas",
    "wind_offshore",
    "wind_onshore",
    "wind_distributed",
    "solar_thermal",
    "solar_utility",
    "solar_distributed",
    "pumped_hydro",
    "lithium_ion",
    "sodium_ion",
    "flow_battery",
    "compressed_air",
    "flywheel",
    "gravity",
    "hydrogen",
)


def colour(key: str) -> str:
    return COLOURS.get(key, "#555555")


class Style:
    """Names and colours for the zones, lines, reservoirs and technologies of some results; of several, the first that
    names one decides."""

    def __init__(self, *results):
        self._technologies, self._zones, self._lines, self._reservoirs = {}, {}, {}, {}
        for one in reversed(results):
            self._technologies |= _technologies(one.tables.get("technologies"))
            for names, dimension, column in (
                (self._zones, "zone", "name_zh"),
                (self._lines, "line", "line_name_zh"),
                (self._reservoirs, "reservoir", "reservoir_name_zh"),
            ):
                names |= _chinese(one.dispatch, dimension, column)

    def zone(self, name: str) -> Words:
        return self._zones.get(str(name), plain(name))

    def line(self, name: str) -> Words:
        return self._lines.get(str(name), plain(name))

    def reservoir(self, name: str) -> Words:
        found = self._reservoirs.get(str(name), plain(name))
        return self.party(name) if found.en == found.zh else found

    def party(self, name: str) -> Words:
        """A party named after a zone, such as `Beijing weight`: the zone's name, then the rest in words."""
        zone = next(
            (
                zone
                for zone in sorted(self._zones, key=len, reverse=True)
                if re.match(f"{re.escape(zone)}( |$)", str(name))
            ),
            None,
        )
        if zone is not None:
            rest = str(name)[len(zone) :].strip()
            said = word(rest.replace(" ", "_"))
            return self.zone(zone) + (Words(f" {rest}", said.zh if said.zh != said.en else f" {rest}") if rest else plain(""))
        return word(name) if name in WORDS else plain(name)

    def technology(self, name: str) -> Words:
        row = self._technologies.get(str(name))
        return plain(str(name).replace("_", " ")) if row is None else Words(*row[:2])

    def technology_colour(self, name: str) -> str:
        row = self._technologies.get(str(name))
        return row[2] if row is not None and row[2] else OTHERS[sum(map(ord, str(name))) % len(OTHERS)]


def stacked(technologies) -> list[str]:
    """Technologies from the bottom of a stack to its top; those the package does not know come last but for wind and
    sun."""
    known = {name: place for place, name in enumerate(ORDER)}
    return sorted(map(str, technologies), key=lambda name: (known.get(name, known["coal_chp"] - 0.5), name))


def _technologies(table: pd.DataFrame | None) -> dict[str, tuple[str, str, str]]:
    """(English, Chinese, colour) of each technology: of the results, else of the package."""
    rows = dict(_of_package())
    for row in (table if table is not None else pd.DataFrame()).to_dict("records"):
        name = str(row["technology"])
        english, chinese, shown = (_text(row.get(column)) for column in ("label", "name_zh", "color"))
        english = english or name.replace("_", " ")
        rows[name] = (english, chinese or english, shown if re.fullmatch("#[0-9a-fA-F]{6}", shown) else "")
    return rows


@cache
def _of_package() -> tuple:
    table = pd.read_csv(files("grid_model.case") / "technologies.csv", dtype=str)
    return tuple((row.technology, (row.label, row.name_zh, row.color)) for row in table.itertuples())


def _chinese(data, dimension: str, column: str) -> dict[str, Words]:
    """The names of a dimension with the Chinese ones that a column of the inputs gives, else the names themselves."""
    names = data[dimension].values if dimension in data.coords else ()
    chinese = data[column].values if column in data.coords else names
    return {str(name): Words(str(name), _text(other) or str(name)) for name, other in zip(names, chinese)}


def _text(value) -> str:
    return value.strip() if isinstance(value, str) else ""
