"""The report: one file of HTML with everything in it, in both languages; it asks no network for anything.

Names are data and may hold anything: the template escapes all of them, JSON in scripts has no character that HTML could
read, and figures escape them once more (draw_plotly.py).
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import numpy as np
import plotly
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grid_model.report.blocks import Explorer, Figure, MapExplorer, Section
from grid_model.report.draw_plotly import specify
from grid_model.report.pack import pack
from grid_model.report.sections import (
    carbon,
    certificates,
    dispatch,
    headline,
    network,
    purchase,
    response,
    settlement,
    solver,
    stores,
)
from grid_model.report.style import COLOURS
from grid_model.report.view import View
from grid_model.report.words import LANGUAGES, Words, word
from grid_model.results.folder import writing

FILE = "report.html"
SECTIONS = (
    headline.section,
    headline.scorecard_section,
    dispatch.section,
    network.section,
    dispatch.duration_section,
    stores.section,
    stores.reservoir_section,
    response.section,
    purchase.section,
    certificates.section,
    carbon.section,
    settlement.section,
    solver.section,
)
MOST_HOURLY = 2200  # steps up to which zones are shown step by step (a quarter of hours)
COARSE = 2  # steps of zones taken together beyond


def write_report(results, file: str | Path | None = None, language: str = "en") -> Path:
    """Write the report of some results, by default beside them."""
    return write_page(report_html(results, language), Path(results.folder) / FILE if file is None else Path(file))


def write_page(page: str, file: Path) -> Path:
    """Write a file that appears whole or not at all.

    Raises
    ------
    WriteError : it cannot be written there
    """
    fresh = file.with_name(f".{file.name}.unfinished")
    with writing(file, "the report", other="file"):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(page, encoding="utf-8")
            os.replace(fresh, file)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
    return file


def report_html(results, language: str = "en") -> str:
    """The page as text; `language` is the one that it opens in."""
    view = View(results)
    sections = [section for section in (make(view) for make in SECTIONS) if section is not None]
    subtitle = word("report") + " · " + view.horizon
    return render(results.summary["scenario"], subtitle, sections, language, view)


def render(title: str, subtitle: Words, sections: list[Section], language: str, view: View | None = None) -> str:
    """Sections as a page; those that follow an area, a window or a time need the view that they are of."""
    return environment().get_template("report.html").render(
        language=language, word=word, title=title, subtitle=subtitle, sections=sections, plotly=plotly_script(),
        payload=script_json(_payload(view, sections, language)), script=script("report.js"), style=script("report.css"),
        coarse=coarse_words(view) if view else None, footnote=word("footnote") if view else None)  # fmt: skip


def environment() -> Environment:
    return Environment(
        loader=PackageLoader("grid_model.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def script(name: str) -> Markup:
    """A file of the package that goes into the page as it is."""
    return Markup((files("grid_model.report") / "templates" / name).read_text(encoding="utf-8"))


def plotly_script() -> Markup:
    return Markup((Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8"))


def script_json(value) -> Markup:
    """JSON that may stand in a script element: nothing in it can end the element or begin another."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_listed)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _listed(value) -> list | float | int:
    """Arrays as lists, what is not known as null, times as text."""
    if isinstance(value, np.generic):
        return value.item()
    value = np.asarray(value)
    if value.dtype.kind == "M":
        return np.datetime_as_string(value, unit="m").tolist()
    listed = value.astype(object)
    if value.dtype.kind == "f":
        listed[~np.isfinite(value)] = None
    return listed.tolist()


# ------------------------------------------------------------------------------------------------------------- payload


def _payload(view: View | None, sections: list[Section], language: str) -> dict:
    blocks = [block for section in sections for block in section.blocks]
    shared = {
        "language": language,
        "figures": {chart.key: _figures(chart) for block in blocks for chart in _charts(block)},
        "words": {
            key: _both(word(key))
            for key in ("daily_means", "beyond", "congestion_share", "greatest_flows", "whole_grid", "regions", "zones")
        },
        "colours": {name: COLOURS[name] for name in ("flow", "full")},
    }
    if view is None:
        return shared
    return shared | {
        "areas": [{"key": area.key, "level": area.level, "name": _both(area.name)} for area in view.areas],
        "time": _times(view), "series": _series(view), "duration": _duration(view),
        "map": _map(view) if any(isinstance(block, MapExplorer) for block in blocks) else None}  # fmt: skip


def _charts(block) -> list:
    if isinstance(block, Explorer):
        return block.charts
    return [block.chart] if isinstance(block, (Figure, MapExplorer)) else []


def _figures(chart) -> dict:
    """The figure in each language, and where its values come from."""
    return {language: specify(chart, language) for language in LANGUAGES} | {"source": getattr(chart, "source", "none")}


def _both(words: Words) -> dict[str, str]:
    return {language: words.say(language) for language in LANGUAGES}


def _times(view: View) -> dict[str, list]:
    """Minutes since the first of January 1970 of every step, and of the coarser steps of zones."""
    minutes = view.time.to_numpy().astype("datetime64[m]").astype(np.int64)
    return {"fine": minutes.tolist(), "coarse": minutes[:: coarsening(view)].tolist()}


def coarsening(view: View) -> int:
    """How many steps of zones are shown as one."""
    return 1 if len(view.time) <= MOST_HOURLY else COARSE


def coarse_words(view: View) -> Words | None:
    """What the page says where zones are not shown step by step."""
    if coarsening(view) == 1:
        return None
    hours = coarsening(view) * float(view.data["step_hours"][0])
    said, hours = word("coarse"), f"{hours:g}"
    return Words(said.en.format(hours=hours), said.zh.format(hours=hours))


def _series(view: View) -> dict[str, dict]:
    """Packed series by area; levels of stores at the end of what is taken together, all else as means."""
    found, every = {}, coarsening(view)
    for area in view.areas:
        shown = {
            key: values * dispatch.unit_factor(view, key)
            for key, values in view.series.of(area).items()
            if key != "residual_load"
        }
        coarse = every > 1 and area.level == "zones"
        found[area.key] = pack(
            {key: _merged(key, values, view.hours, every) if coarse else values for key, values in shown.items()}
        )
        found[area.key]["time"] = "coarse" if coarse else "fine"
    return found


def _merged(key: str, values: np.ndarray, hours: np.ndarray, every: int) -> np.ndarray:
    starts = np.arange(0, len(values), every)
    if key.startswith("level:"):
        return values[np.minimum(starts + every - 1, len(values) - 1)]
    weight = np.isfinite(values) * hours
    total = np.add.reduceat(weight, starts)
    sums = np.add.reduceat(np.nan_to_num(values) * weight, starts)
    return np.divide(sums, total, out=np.full(len(starts), np.nan), where=total > 0)


def _duration(view: View) -> dict[str, dict]:
    curves = dispatch.duration(view.series)
    return {area.key: pack({key: values[row] * dispatch.unit_factor(view, key) for key, values in curves.items()})
            for row, area in enumerate(view.areas)}  # fmt: skip


def _codes(view: View) -> list[str]:
    """What small tiles are called: the zones' codes, else what their names begin with."""
    codes = view.data["zone_code"].values if "zone_code" in view.data.coords else [""] * view.data.sizes["zone"]
    return [
        str(code) if isinstance(code, str) and code else str(name)[:4]
        for code, name in zip(codes, view.data["zone"].values)
    ]


def _map(view: View) -> dict:
    """Values of tiles and flows in every slot that the map can show; keys of a quantity are positions of zones."""
    names, steps = network.slots(view)
    quantities = {}
    for key, name, unit, values in network.quantities_of(view):
        means = network.slot_means(view, values, steps)
        ends = (0.01, 0.99) if key == "price" else (0.0, 1.0)  # few prices are far from all others
        low, high = (float(np.nanquantile(means, part)) if np.isfinite(means).any() else 0.0 for part in ends)
        quantities[key] = {"name": _both(name), "unit": _both(unit), "limits": [low, high if high > low else low + 1.0],
                           **pack({str(row): values for row, values in enumerate(means)})}  # fmt: skip
    found = {"slots": [_both(name) for name in names], "quantities": quantities, "codes": _codes(view), "zones": [
        _both(view.style.zone(name)) for name in view.data["zone"].values]}  # fmt: skip
    if "flow" in view.data and view.data.sizes["line"]:
        pairs, power, full = network.pair_flows(view)
        found["pairs"] = {"ends": pairs.tolist(), "names": [_both(name) for name in network.pair_names(view, pairs)]}
        found["power"] = pack({str(row): values for row, values in enumerate(network.slot_means(view, power, steps))})
        found["full"] = pack({str(row): values for row, values in enumerate(network.slot_means(view, full, steps))})
    return found
