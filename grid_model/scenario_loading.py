"""Scenarios from YAML files: inheritance, overrides, and everything that is wrong, with its place.

A scenario may `extend` another, to any depth. Mappings are merged key by key, the nearer file wins; `changes` are put
one after the other, the farthest file first; everything else is replaced; `name` and `description` are never
inherited (a scenario without a name takes that of its file). `key.inner=value` overrides come last. Paths
are relative to the file in which they stand. Nothing is executed and no tag or alias of YAML is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from grid_model.errors import InputError, Problem, did_you_mean, printable, shown
from grid_model.scenario import Horizon, Scenario
from grid_model.scenario_problems import problems_of
from grid_model.scenario_yaml import PATHS, Document, join, parse_value, read_document

OVERRIDE = "--set"


class ScenarioError(InputError):
    """A scenario in which something is wrong; `rest` is what it says without that, so that its tables can be read
    too."""

    rest: Scenario | None = None


def load_scenario(
    path: str | os.PathLike, overrides: Iterable[str] = (), settings: Mapping[str, type[BaseModel]] | None = None
) -> Scenario:
    """The scenario in a file, parents merged and overrides applied.

    overrides  texts such as "horizon.hours=24" or "policies.carbon_market.allowance_price_cny_per_t=80"
    settings   the model of every policy's settings by policy name, and of `solve` under "solve"; None: not checked here

    Raises InputError with every problem found.
    """
    merged, origin, files, problems = _inherit(Path(path))
    for override in overrides:
        problems += _override(merged, origin, override)
    merged.setdefault("name", Path(path).stem)
    if problems:
        raise InputError(problems)
    return scenario_of(merged, settings, origin, files)


def scenario_of(
    content: Mapping[str, Any],
    settings: Mapping[str, type[BaseModel]] | None = None,
    origin: Mapping[str, tuple[str, int]] | None = None,
    files: Iterable[Path] = (),
) -> Scenario:
    """A scenario from merged plain values; raises InputError with every problem found."""
    origin = dict(origin or {})
    content = {key: value for key, value in content.items() if value is not None}
    files = tuple(files)
    last = (shown(files[-1]), 0) if files else ("", 0)
    problems: list[Problem] = []
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        problems += problems_of(
            error, Scenario, lambda key: _nearest(origin, key) if origin else last, extra={"extends"}
        )
        scenario = _without(content, error)
    if scenario is not None:
        scenario._origin, scenario._files = origin, files
    if settings is not None:
        problems += _check_settings(content, settings, origin)
    if problems:
        refused = ScenarioError(problems)
        refused.rest = scenario
        raise refused
    return scenario


def _without(content: Mapping[str, Any], error: ValidationError) -> Scenario | None:
    """The scenario without the keys that are wrong; None where hours or inputs are among them."""
    places = [entry["loc"] for entry in error.errors() if entry["loc"]]
    unknown = {place[1] for place in places if len(place) > 1 and place[0] == "horizon"} - set(Horizon.model_fields)
    wrong = {place[0] for place in places if not (place[0] == "horizon" and place[1:] and place[1] in unknown)}
    if wrong & {"horizon", *PATHS}:
        return None
    kept = {key: value for key, value in content.items() if key not in wrong} | {"name": "rest"}
    if unknown:
        kept["horizon"] = {key: value for key, value in content["horizon"].items() if key not in unknown}
    try:
        return Scenario.model_validate(kept)
    except ValidationError:  # what is left of the hours is none
        return None


def _inherit(path: Path) -> tuple[dict[str, Any], dict[str, tuple[str, int]], list[Path], list[Problem]]:
    """The file and all its parents merged; where every key came from; the files, farthest first; what is wrong."""
    documents: list[tuple[Path, Document]] = []
    problems: list[Problem] = []
    chain: list[Path] = []
    following: Path | None = path
    while following is not None:
        document = read_document(following)
        documents.append((following, document))
        problems += document.problems
        chain.append(following.resolve())
        parent = document.content.pop("extends", None)
        place = (shown(following), document.lines.get("extends", 0), "extends", printable(parent))
        if parent is None:
            break
        if not isinstance(parent, str) or not parent or "\0" in parent:
            problems.append(Problem(*place, "the path of another scenario"))
            break
        following = following.parent / parent
        if following.resolve() in chain:
            problems.append(Problem(*place, "a scenario that does not lead back to this one (inheritance in a circle)"))
            break
        if following.resolve().suffix not in (".yaml", ".yml"):  # of another file a message would tell what it holds
            problems.append(Problem(*place, "the path of another scenario, a file that ends in .yaml"))
            break
        if not following.is_file():
            problems.append(Problem(*place, "the path of another scenario, relative to this file (no such file)"))
            break
    merged: dict[str, Any] = {}
    origin: dict[str, tuple[str, int]] = {}
    for file, document in reversed(documents):
        if file != path:
            document.content = {
                key: value for key, value in document.content.items() if key not in ("name", "description")
            }
        _absolute_paths(document.content, file.parent)
        _merge_into(merged, document.content, origin, shown(file), document.lines)
    return merged, origin, [file for file, _ in reversed(documents)], problems


def _absolute_paths(content: dict[str, Any], folder: Path) -> None:
    for key in PATHS:
        if isinstance(content.get(key), str):
            content[key] = os.path.abspath(folder / content[key])


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Two scenarios' contents merged: mappings deeply, `changes` parent first, all else from the child if it has it."""
    merged: dict[str, Any] = {}
    for content in (parent, child):
        _merge_into(merged, content, {}, "", {})
    return merged


def _merge_into(
    merged: dict[str, Any], content: Mapping[str, Any], origin: dict, file: str, lines: Mapping[str, int], key: str = ""
) -> None:
    if key == "horizon":  # the nearer file's length of the horizon replaces the farther one's, in whichever words
        for one, other in (("hours", "end"), ("end", "hours")):
            if one in content and other not in content:
                merged.pop(other, None)
    for name, value in content.items():
        inner = join(key, name)
        if isinstance(value, Mapping) and isinstance(merged.get(name), dict):
            _merge_into(merged[name], value, origin, file, lines, inner)
        elif inner == "changes" and isinstance(value, list) and isinstance(merged.get(name), list):
            _note_origin(origin, inner, value, file, lines, shift=len(merged[name]))
            merged[name] = merged[name] + list(value)
        else:
            merged[name] = {} if isinstance(value, Mapping) else value
            if isinstance(value, Mapping):
                _merge_into(merged[name], value, origin, file, lines, inner)
            elif isinstance(value, list):
                _note_origin(origin, inner, value, file, lines)
        origin[inner] = (file, lines.get(inner, 0))


def _note_origin(origin: dict, key: str, values: list, file: str, lines: Mapping[str, int], shift: int = 0) -> None:
    for index, value in enumerate(values):
        origin[join(key, index + shift)] = (file, lines.get(join(key, index), 0))
        for name in value if isinstance(value, Mapping) else ():
            origin[join(join(key, index + shift), name)] = (file, lines.get(f"{join(key, index)}.{name}", 0))


def _override(merged: dict[str, Any], origin: dict, override: str) -> list[Problem]:
    """Applies one `key.inner=value`, as if it stood in a nearer file."""
    key, equals, text = override.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        return [Problem(OVERRIDE, 0, "", printable(override), "key=value, for example horizon.hours=24")]
    try:
        value: object = parse_value(text)
    except ValueError as error:
        return [Problem(OVERRIDE, 0, printable(key), printable(text), str(error))]
    for name in reversed(names):
        value = {name: value}
    _absolute_paths(value, Path.cwd())
    _merge_into(merged, value, origin, OVERRIDE, {})
    return []


def _nearest(origin: Mapping[str, tuple[str, int]], key: str) -> tuple[str, int]:
    while key and key not in origin:
        key = key.rpartition(".")[0]
    return origin.get(key) or next((place for place in reversed(origin.values())), ("", 0))[:1] + (0,)


def _check_settings(
    content: Mapping[str, Any], settings: Mapping[str, type[BaseModel]], origin: Mapping
) -> list[Problem]:
    """Settings of policies and of the solver against their models."""
    problems: list[Problem] = []
    known = sorted(set(settings) - {"solve"})
    policies = content.get("policies") or {}
    for name, written in policies.items() if isinstance(policies, Mapping) else ():
        key = f"policies.{name}"
        if name not in known:
            allowed = "one of the policies " + ", ".join(known) + did_you_mean(name, known)
            problems.append(Problem(*_nearest(origin, key), key, printable(name), allowed))
        elif isinstance(written, Mapping):
            problems += _check_model(settings[name], written, key, origin)
    if "solve" in settings and isinstance(content.get("solve"), Mapping):
        problems += _check_model(settings["solve"], content["solve"], "solve", origin)
    return problems


def _check_model(model: type[BaseModel], written: Mapping[str, Any], key: str, origin: Mapping) -> list[Problem]:
    try:
        model.model_validate(dict(written))
    except ValidationError as error:
        return problems_of(error, model, lambda inner: _nearest(origin, inner), f"{key}.")
    return []
