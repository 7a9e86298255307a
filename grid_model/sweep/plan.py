"""The plan of a sweep: a YAML file of axes, checked, and the cases that it means: every combination of their values."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from grid_model.errors import InputError, Problem, did_you_mean, printable, shown
from grid_model.formulation import SETTINGS
from grid_model.scenario import Moment, Scenario, Settings, SynthesisedProfiles
from grid_model.scenario_loading import load_scenario
from grid_model.scenario_problems import models_in, problems_of
from grid_model.scenario_yaml import read_document

MOST_CASES = 20_000
SHORT = {"weather_year": "profiles.synthesis.weather_year", "seed": "profiles.synthesis.seed"}
OWN = ("name", "description", "report", "currency")  # keys of a scenario that the sweep decides
TAKEN = {"zone", "technology", "storage_technology", "line", "item", "target", "achieved", "passed", "price", "status"}
TAKEN |= {"method", "tolerance", "drop"}  # what xarray's `sel` means by these is something else
MOST_SIGNS = 60  # of the name of a case, which is that of a folder


class Sweep(Settings):
    """A sweep as written.

    name         what the sweep and its folder are called; by default the name of the file
    description  a sentence for people
    scenario     the scenario that every case starts from
    axes         key of the scenario, with dots, -> its values: a list, or {label: value} where a value is not a number
                 or a word; `weather_year` and `seed` stand for those of `profiles.synthesis`
    start, end   other hours than the scenario's, end exclusive
    """

    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    scenario: Path
    axes: dict[str, list[Any] | dict[str, Any]] = Field(min_length=1)
    start: Moment | None = None
    end: Moment | None = None

    @field_validator("name")
    @classmethod
    def _folder(cls, name: str) -> str:
        if name.startswith(".") or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
            raise ValueError("a name that can be that of a folder")
        return name

    @model_validator(mode="after")
    def _hours_once(self) -> Sweep:
        if (self.start or self.end) and any(key.split(".")[0] == "horizon" for key in self.axes):
            raise ValueError("either start and end, or an axis of the horizon, not both")
        return self


@dataclass(frozen=True)
class Axis:
    """One axis: the key of the scenario, the name of its dimension, its values as overrides and as coordinates."""

    key: str
    name: str
    overrides: tuple[str, ...]
    labels: tuple[bool | int | float | str, ...]


@dataclass(frozen=True)
class SweepCase:
    """One combination: its name, place in the grid of axes, and what it sets."""

    name: str
    number: int
    labels: tuple[bool | int | float | str, ...]
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What is to be solved."""

    sweep: Sweep
    scenario: Scenario
    axes: tuple[Axis, ...]
    cases: tuple[SweepCase, ...] = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.labels) for axis in self.axes)


def read_plan(path: str | os.PathLike) -> Plan:
    """The plan in a file; raises InputError with every problem of it and of the scenario that it names."""
    path = Path(path)
    document = read_document(path)
    problems, content = list(document.problems), {"name": path.stem, **document.content}

    def place(key: str) -> tuple[str, int]:
        while key and key not in document.lines:
            key = key.rpartition(".")[0]
        return shown(path), document.lines.get(key, 0)

    sweep = scenario = None
    try:
        sweep = Sweep.model_validate(content)
    except ValidationError as error:
        problems += problems_of(error, Sweep, place)
    if isinstance(written := content.get("scenario"), str):
        try:
            scenario = load_scenario(path.parent / written, settings=SETTINGS)
        except InputError as error:
            problems += error.problems
        except ValueError as error:  # a path that no file can have
            problems.append(Problem(*place("scenario"), "scenario", printable(written), str(error)))
    if sweep is not None:
        problems += _axis_problems(sweep, scenario, place)
    if problems:
        raise InputError(problems)
    axes = _axes(sweep, path.parent)
    sweep = sweep.model_copy(update={"scenario": (path.parent / sweep.scenario).resolve()})
    return Plan(sweep, scenario, axes, _cases(axes, _shared(sweep, scenario)))


# ----------------------------------------------------------------------------------------------------------------- axes


def _axis_problems(sweep: Sweep, scenario: Scenario | None, place) -> list[Problem]:
    """What is wrong with the axes: keys that no scenario has, values that are none or come twice, too many cases."""
    problems, seen = [], []
    for written, values in sweep.axes.items():
        key, where = SHORT.get(written, written), (*place(f"axes.{written}"), f"axes.{written}")
        if wrong := _unknown(key):
            problems.append(Problem(*where, printable(written), wrong))
        elif any(f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.") for other in seen):
            problems.append(Problem(*where, printable(written), "a key that no other axis sets too"))
        elif key.startswith("profiles.") and scenario and not isinstance(scenario.profiles, SynthesisedProfiles):
            problems.append(Problem(*where, printable(written), "an axis of a scenario whose profiles are synthesised"))
        seen.append(key)
        problems += [Problem(*where, printable(text), allowed) for text, allowed in _value_problems(values)]
    if (many := math.prod(len(values) for values in sweep.axes.values())) > MOST_CASES:
        problems.append(Problem(*place("axes"), "axes", str(many), f"at most {MOST_CASES} cases"))
    return problems


def _unknown(key: str) -> str:
    """What is allowed instead of a key that no scenario has, or ""."""
    model: type[BaseModel] | None = Scenario
    names = key.split(".")
    for place, name in enumerate(names):
        if place == 1 and names[0] == "policies":
            known, inner = list(SETTINGS), SETTINGS.get(name)
        elif model is None:
            return f"no key below {'.'.join(names[:place])}, which is one value"
        else:
            known = [one for one in model.model_fields if place or one not in OWN]
            inner = next(iter(models_in(model.model_fields[name].annotation)), None) if name in known else None
        if name not in known:
            return f"a key of a scenario, here one of {', '.join(known)}{did_you_mean(name, known)}"
        # tables of changes and of policies are set whole; so is a list of models
        model = inner if name != "changes" else None
    return ""


def _value_problems(values: list | Mapping) -> list[tuple[str, str]]:
    if not values:
        return [("", "at least one value")]
    labels = [_label(value) for value in values]
    found = [(str(label), "each value once") for place, label in enumerate(labels) if label in labels[:place]]
    return found + [
        (_text(value), "a finite number, a word, true or false")
        for value in values
        if isinstance(value, float) and not math.isfinite(value)
    ]


def _axes(sweep: Sweep, folder: Path) -> tuple[Axis, ...]:
    keys = [SHORT.get(written, written) for written in sweep.axes]
    tails = [key.rpartition(".")[2] for key in keys]
    axes = []
    for key, tail, written in zip(keys, tails, sweep.axes.values(), strict=True):
        name = tail if tails.count(tail) == 1 and tail not in TAKEN else key.replace(".", "_")
        values = list(written.values()) if isinstance(written, Mapping) else written
        if key in ("inputs", "profiles"):  # paths are relative to the file in which they stand
            values = [os.path.abspath(folder / value) if isinstance(value, str) else value for value in values]
        axes.append(Axis(key, name, tuple(f"{key}={_text(value)}" for value in values), _coordinates(written)))
    return tuple(axes)


def _coordinates(values: list | Mapping) -> tuple:
    """Labels of an axis, of one kind: whole numbers, numbers, or else text."""
    labels = [_label(value) for value in values]
    if all(type(label) is int for label in labels):
        return tuple(labels)
    if all(type(label) in (int, float) for label in labels):
        return tuple(float(label) for label in labels)
    return tuple(label if isinstance(label, str) else _text(label) for label in labels)


def _label(value: object) -> int | float | str:
    return value if type(value) in (int, float, str) else _text(value)


def _text(value: object) -> str:
    """A value as it stands after `key=`: JSON is YAML too."""
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------------------------------------------------------- cases


def _shared(sweep: Sweep, scenario: Scenario) -> tuple[str, ...]:
    """What every case sets: one thread, as cases run side by side, unless the scenario or an axis says otherwise."""
    said = scenario.solve.threads is not None or any(key in ("solve", "solve.threads") for key in sweep.axes)
    return () if said else ("solve.threads=1",)


def _cases(axes: tuple[Axis, ...], shared: tuple[str, ...]) -> tuple[SweepCase, ...]:
    cases = []
    for number, places in enumerate(itertools.product(*(range(len(axis.labels)) for axis in axes))):
        labels = tuple(axis.labels[place] for axis, place in zip(axes, places, strict=True))
        name = _folder_name(",".join(f"{axis.name}={label}" for axis, label in zip(axes, labels, strict=True)))
        chosen = tuple(axis.overrides[place] for axis, place in zip(axes, places, strict=True))
        cases.append(SweepCase(name, number, labels, (f"name={_text(name)}", *shared, *chosen)))
    return tuple(cases)


def _folder_name(words: str) -> str:
    """Words that can be the name of a folder; the same for the same words, different for different ones."""
    safe = re.sub(r"[^\w.,=+-]", "_", words)[:MOST_SIGNS]
    return safe if safe == words else f"{safe}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"
