"""Scenarios: one YAML file says which data, which hours, which changes, which rules, which solver.

A scenario may `extend` another, to any depth. Mappings are merged key by key, the nearer file wins; `changes` are put
one after the other, the farthest file first; everything else is replaced; `name` and `description` are never
inherited (a scenario without a name takes that of its file). `key.inner=value` overrides come last. Paths are relative to the file in which they stand. Nothing is executed and no tag or alias of YAML is followed.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from grid_model.errors import InputError, Problem, printable

MOST_STEPS = 2_000_000
OVERRIDE = "--set"

# ------------------------------------------------------------------------------------------------- what a scenario says


def parse_moment(value: object) -> datetime:
    """A moment of Beijing time from ISO text; a time zone is refused."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("a moment such as 2027-01-01 or 2027-01-01T05:00") from None
    else:
        raise ValueError("a moment such as 2027-01-01 or 2027-01-01T05:00")
    if moment.tzinfo is not None:
        raise ValueError("a moment without a time zone (all times are Beijing time)")
    if not 1900 <= moment.year <= 2200:
        raise ValueError("a moment in the years 1900 to 2200")
    return moment


Moment = Annotated[datetime, BeforeValidator(parse_moment)]
Scalar = bool | int | float | str


class Settings(BaseModel):
    """Base of all that can be set in a scenario: an unknown key is an error, and values do not change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Horizon(Settings):
    """The steps that are modelled: from `start`, for `hours` or until `end` (exclusive), `step_hours` long each."""

    start: Moment
    hours: float | None = Field(None, gt=0)
    end: Moment | None = None
    step_hours: float = Field(1.0, gt=0)

    @model_validator(mode="after")
    def _one_length(self) -> Horizon:
        if (self.hours is None) == (self.end is None):
            raise ValueError("either hours or end, not both")
        if self.end is not None and self.end <= self.start:
            raise ValueError("an end after the start")
        if abs(self.step_hours * 3600 - round(self.step_hours * 3600)) > 1e-6:
            raise ValueError("step_hours that are whole seconds")
        steps = self.length_hours / self.step_hours
        if steps > MOST_STEPS:
            raise ValueError(f"at most {MOST_STEPS} steps")
        if abs(steps - round(steps)) > 1e-9 or round(steps) < 1:
            raise ValueError("hours that are a whole number of steps")
        return self

    @property
    def length_hours(self) -> float:
        return self.hours if self.hours is not None else (self.end - self.start) / timedelta(hours=1)

    @property
    def steps(self) -> int:
        return round(self.length_hours / self.step_hours)


class Change(Settings):
    """One change of the input tables: in the rows of `table` that match `where`, `column` is set, added to, multiplied
    or scaled so that it sums to `scale_to`. With `share_by` only the growth is shared out, see `case/changes.py`."""

    table: str
    where: dict[str, Scalar | list[Scalar]] = {}
    column: str
    set: Scalar | None = None
    add: float | None = None
    multiply: float | None = None
    scale_to: float | None = None
    share_by: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _one_operation(self) -> Change:
        if len(self.model_fields_set & {"set", "add", "multiply", "scale_to"}) != 1 or self.operation is None:
            raise ValueError("exactly one of set, add, multiply, scale_to, with a value")
        if self.share_by is not None and self.scale_to is None:
            raise ValueError("share_by only together with scale_to")
        return self

    @property
    def operation(self) -> str | None:
        return next((name for name in ("set", "add", "multiply", "scale_to") if getattr(self, name) is not None), None)


class Synthesis(Settings):
    """Profiles made from published facts instead of read from files."""

    seed: int = Field(1, ge=0)
    weather_year: int | None = None


class SynthesisedProfiles(Settings):
    synthesis: Synthesis


class Solve(Settings):
    """How the programme is solved.

    mode    whole: one programme over the horizon
    method  simplex, ipx, hipo, pdlp, or auto: what measurements say for a programme of this size
    unique  of all optimal dispatches take the one that names alone decide, so that every method and machine agrees
    """

    mode: Literal["auto", "whole"] = "auto"
    method: Literal["auto", "simplex", "ipx", "hipo", "pdlp"] = "auto"
    unique: bool = True
    time_limit_seconds: float | None = Field(None, gt=0)
    threads: int | None = Field(None, ge=1)


class Scenario(Settings):
    """A complete scenario, all parents merged, all paths absolute."""

    name: str = Field(min_length=1)
    description: str = ""
    currency: str = "CNY"
    inputs: Path
    profiles: Path | SynthesisedProfiles | None = None
    horizon: Horizon
    changes: tuple[Change, ...] = ()
    policies: dict[str, dict[str, Any] | bool | None] = {}
    solve: Solve = Solve()
    strict: bool = False
    strict_numerics: bool = False

    _origin: dict[str, tuple[str, int]] = PrivateAttr(default_factory=dict)
    _files: tuple[Path, ...] = PrivateAttr(default=())

    @property
    def files(self) -> tuple[Path, ...]:
        """The YAML files that were read, the nearest last."""
        return self._files

    def place(self, key: str) -> tuple[str, int]:
        """File and line where a dotted key, or the nearest key above it, was written; ("", 0) if it never was."""
        while key and key not in self._origin:
            key = key.rpartition(".")[0]
        return self._origin.get(key, ("", 0))

    def policy(self, name: str) -> dict[str, Any] | None:
        """The settings written for a policy; {} where it is only switched on, None where it is switched off or absent."""
        written = self.policies.get(name, False)
        return None if written is False else written if isinstance(written, dict) else {}

    def with_horizon(self, start: object = None, end: object = None) -> Scenario:
        """The same scenario over other hours; what is not given stays (a new start keeps the old end)."""
        old = self.horizon
        try:
            last = parse_moment(end) if end is not None else old.start + timedelta(hours=old.length_hours)
            first = parse_moment(start) if start is not None else old.start
            horizon = Horizon(start=first, end=last, step_hours=old.step_hours)
        except ValidationError as error:
            raise InputError(problems_of(error, Horizon, lambda key: ("", 0), "horizon.")) from None
        except ValueError as error:
            raise InputError(Problem("", 0, "start, end", f"{start}, {end}", str(error))) from None
        return self._with(horizon=horizon)

    def _with(self, **values) -> Scenario:
        changed = self.model_copy(update=values)
        changed._origin, changed._files = self._origin, self._files
        return changed

    def to_yaml(self, folder: Path | None = None) -> str:
        """The scenario as YAML without `extends`; paths relative to `folder` if one is given, absolute otherwise."""
        content = self.model_dump(mode="python", exclude_unset=True)
        for key in ("inputs", "profiles"):
            if isinstance(content.get(key), Path):
                path = content[key]
                content[key] = Path(os.path.relpath(path, folder.resolve()) if folder else path).as_posix()
        return yaml.dump(_plain(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _plain(value: object) -> object:
    """Nested values as YAML's own kinds."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.as_posix() if isinstance(value, Path) else value


# ------------------------------------------------------------------------------------------------------ reading of YAML


class _Loader(yaml.SafeLoader):
    """Safe YAML whose dates stay text, whose 1e6 is a number, and that knows no clock arithmetic (1:30 is text)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = list("-+0123456789.")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), _DIGITS)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(
    r"^[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.(?:nan|NaN|NAN)$"), _DIGITS)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


class _Dumper(yaml.SafeDumper):
    """Writes text that the loader would take for a number in quotes."""


_Dumper.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *_Loader.yaml_implicit_resolvers.get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *_Loader.yaml_implicit_resolvers}
}
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")}


@dataclass
class _Document:
    """One YAML file as plain values, with the line of every dotted key."""

    content: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse_value(text: str) -> object:
    """One YAML value as it stands in `--set key=value`."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else _Composer(loader, OVERRIDE).value(node, "")
    finally:
        loader.dispose()


class _Composer:
    """Turns the nodes of YAML into values, noting lines; aliases, tags and double keys are problems."""

    def __init__(self, loader: _Loader, file: str):
        self.loader, self.file = loader, file
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, key: str) -> object:
        self.lines[key] = node.start_mark.line + 1
        if id(node) in self.seen:
            self._problem(node, key, "", "no alias (*name); write the value, or use extends")
            return None
        self.seen.add(id(node))
        if node.tag not in _TAGS:
            self._problem(node, key, node.tag, "no tag (!name)")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, _join(key, index)) for index, inner in enumerate(node.value)]
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._problem(node, key, node.value, "plain text, a number, true or false")
            return None

    def _mapping(self, node: yaml.MappingNode, key: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name_node, inner in node.value:
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else None
            if name is None or name in result:
                self._problem(name_node, key, name or "", "each key once, a plain word")
                continue
            result[name] = self.value(inner, _join(key, name))
            self.lines[_join(key, name)] = name_node.start_mark.line + 1
        return result

    def _problem(self, node: yaml.Node, key: str, value: object, allowed: str) -> None:
        self.problems.append(Problem(self.file, node.start_mark.line + 1, key, printable(value), allowed))


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _read_document(path: Path) -> _Document:
    """The content of one scenario file; what is wrong with it is among its problems."""
    file = shown(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        loader = _Loader(text)
        composer = _Composer(loader, file)
        node = loader.get_single_node()
        content = {} if node is None else composer.value(node, "")
    except OSError as error:
        return _Document({}, problems=[Problem(file, 0, "", error.strerror or "", "a scenario file that can be read")])
    except UnicodeDecodeError:
        return _Document({}, problems=[Problem(file, 0, "", "", "YAML text in UTF-8")])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row = mark.line + 1 if mark else 0
        return _Document({}, problems=[Problem(file, row, "", error.problem or "", "YAML: keys with values")])
    except yaml.YAMLError as error:
        return _Document({}, problems=[Problem(file, 0, "", str(error), "YAML: keys with values")])
    except RecursionError:
        return _Document({}, problems=[Problem(file, 0, "", "", "YAML that is not nested so deeply")])
    if not isinstance(content, dict):
        composer.problems.append(Problem(file, 1, "", printable(content), "YAML: keys with values"))
        content = {}
    return _Document(content, composer.lines, composer.problems)


def shown(path: Path) -> str:
    """The path as messages name it: relative to the working folder where it lies below it."""
    absolute = Path(os.path.abspath(path))
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return absolute.as_posix()


# -------------------------------------------------------------------------------------------------- loading and merging


def load_scenario(path: str | os.PathLike, overrides: Iterable[str] = (),
                  settings: Mapping[str, type[BaseModel]] | None = None) -> Scenario:
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


def scenario_of(content: Mapping[str, Any], settings: Mapping[str, type[BaseModel]] | None = None,
                origin: Mapping[str, tuple[str, int]] | None = None, files: Iterable[Path] = ()) -> Scenario:
    """A scenario from merged plain values; raises InputError with every problem found."""
    origin = dict(origin or {})
    content = {key: value for key, value in content.items() if value is not None}
    problems: list[Problem] = []
    scenario = None
    try:
        scenario = Scenario.model_validate(content)
        scenario._origin, scenario._files = origin, tuple(files)
    except ValidationError as error:
        problems += problems_of(error, Scenario, lambda key: _nearest(origin, key))
    if settings is not None:
        problems += _check_settings(content, settings, origin)
    if problems or scenario is None:
        raise InputError(problems)
    return scenario


def _inherit(path: Path) -> tuple[dict[str, Any], dict[str, tuple[str, int]], list[Path], list[Problem]]:
    """The file and all its parents merged; where every key came from; the files, farthest first; what is wrong."""
    documents: list[tuple[Path, _Document]] = []
    problems: list[Problem] = []
    chain: list[Path] = []
    following: Path | None = path
    while following is not None:
        document = _read_document(following)
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
        if not following.is_file():
            problems.append(Problem(*place, "the path of another scenario, relative to this file (no such file)"))
            break
    merged: dict[str, Any] = {}
    origin: dict[str, tuple[str, int]] = {}
    for file, document in reversed(documents):
        if file != path:
            document.content = {key: value for key, value in document.content.items() if key not in ("name", "description")}
        _absolute_paths(document.content, file.parent)
        _merge_into(merged, document.content, origin, shown(file), document.lines)
    return merged, origin, [file for file, _ in reversed(documents)], problems


def _absolute_paths(content: dict[str, Any], folder: Path) -> None:
    for key in ("inputs", "profiles"):
        if isinstance(content.get(key), str):
            content[key] = os.path.abspath(folder / content[key])


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Two scenarios' contents merged: mappings deeply, `changes` parent first, all else from the child if it has it."""
    merged: dict[str, Any] = {}
    for content in (parent, child):
        _merge_into(merged, content, {}, "", {})
    return merged


def _merge_into(merged: dict[str, Any], content: Mapping[str, Any], origin: dict, file: str, lines: Mapping[str, int],
                key: str = "") -> None:
    if key == "horizon":  # the nearer file's length of the horizon replaces the farther one's, in whichever words
        for one, other in (("hours", "end"), ("end", "hours")):
            if one in content and other not in content:
                merged.pop(other, None)
    for name, value in content.items():
        inner = _join(key, name)
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
        origin[_join(key, index + shift)] = (file, lines.get(_join(key, index), 0))
        for name in value if isinstance(value, Mapping) else ():
            origin[_join(_join(key, index + shift), name)] = (file, lines.get(f"{_join(key, index)}.{name}", 0))


def _override(merged: dict[str, Any], origin: dict, override: str) -> list[Problem]:
    """Applies one `key.inner=value`, as if it stood in a nearer file."""
    key, equals, text = override.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        return [Problem(OVERRIDE, 0, "", printable(override), "key=value, for example horizon.hours=24")]
    try:
        value: object = parse_value(text)
    except (yaml.YAMLError, RecursionError):
        return [Problem(OVERRIDE, 0, printable(key), printable(text), "a value as in YAML")]
    for name in reversed(names):
        value = {name: value}
    _absolute_paths(value, Path.cwd())
    _merge_into(merged, value, origin, OVERRIDE, {})
    return []


# --------------------------------------------------------------------------------------------------- problems in words


def problems_of(error: ValidationError, model: type[BaseModel], place, prefix: str = "") -> list[Problem]:
    """What pydantic found, as Problems with dotted keys; `place(key)` gives file and line of a key."""
    return [_problem_of(entry, model, place, prefix) for entry in _without_union_doubles(error.errors())]


def _problem_of(entry: Mapping[str, Any], model: type[BaseModel], place, prefix: str) -> Problem:
    names = [str(part) for part in entry["loc"]]
    key = prefix + ".".join(names)
    if entry["type"] == "extra_forbidden":
        known = sorted(_fields_at(model, names[:-1]) | ({"extends"} if model is Scenario and len(names) == 1 else set()))
        allowed, value = "one of the keys " + ", ".join(known) + did_you_mean(names[-1], known), names[-1]
    elif entry["type"] == "missing":
        allowed, value = "a value: this key is required", ""
    else:
        message = entry["msg"].removeprefix("Value error, ")
        value = printable(entry["input"]) if not isinstance(entry["input"], BaseModel) else ""
        allowed = message.removeprefix("Input should be ") if message.startswith("Input should be ") else message
    file, row = place(key)
    return Problem(file, row, key, value, allowed)


def _without_union_doubles(entries: list) -> list:
    """One entry per key, the innermost: a value that fits no branch of a union is reported by pydantic once per branch."""
    kept: dict[tuple, Any] = {}
    for entry in entries:
        location = tuple(part for part in entry["loc"] if not _is_branch(part))
        if location in kept:
            message = entry["msg"].removeprefix("Input should be ")
            kept[location] = {**kept[location], "msg": f"{kept[location]['msg']}, or {message}"}
        else:
            kept[location] = {**entry, "loc": location}
    return [entry for location, entry in kept.items()
            if not any(len(other) > len(location) and other[:len(location)] == location for other in kept)]


def _is_branch(part: object) -> bool:
    """Whether a part of pydantic's location names the branch of a union instead of a key."""
    return isinstance(part, str) and (part in _BRANCHES or "[" in part)


_BRANCHES = {"bool", "int", "float", "str", "path", "lax-or-strict", "constrained-str", "SynthesisedProfiles"}


def _fields_at(model: type[BaseModel], names: list[str]) -> set[str]:
    """The keys allowed below the dotted key `names` of a model."""
    for name in names:
        if name.isdigit():
            continue
        annotation = model.model_fields[name].annotation if name in model.model_fields else None
        model = next(iter(_models_in(annotation)), model)
    return set(model.model_fields)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean x?` where a known word is near, else nothing."""
    near = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _nearest(origin: Mapping[str, tuple[str, int]], key: str) -> tuple[str, int]:
    while key and key not in origin:
        key = key.rpartition(".")[0]
    return origin.get(key) or next((place for place in reversed(origin.values())), ("", 0))[:1] + (0,)


def _check_settings(content: Mapping[str, Any], settings: Mapping[str, type[BaseModel]], origin: Mapping) -> list[Problem]:
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
