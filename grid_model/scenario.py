"""Scenarios: one YAML file says which data, which hours, which changes, which rules, which solver.

A scenario may `extend` another, to any depth. Mappings are merged key by key, the nearer file wins; `changes` are put
one after the other, the farthest file first; everything else is replaced; `name` and `description` are never
inherited (a scenario without a name takes that of its file). `key.inner=value` overrides come last. Paths
are relative to the file in which they stand. Nothing is executed and no tag or alias of YAML is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from grid_model.errors import InputError, Problem, did_you_mean, printable, shown
from grid_model.scenario_problems import problems_of
from grid_model.scenario_yaml import PATHS, Document, join, parse_value, read_document, to_yaml

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


def check_name(value: str) -> str:
    """A name is that of a folder too: results/<name>."""
    if value.strip() in ("", ".", "..") or any(sign in value for sign in "/\\\0"):
        raise ValueError("a name without / and \\, other than . and ..")
    return value


Moment = Annotated[datetime, BeforeValidator(parse_moment)]
Scalar = bool | int | float | str


class Settings(BaseModel):
    """Base of all that can be set in a scenario: an unknown key is an error, and values do not change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Horizon(Settings):
    """The steps that are modelled: from `start`, for `hours` or until `end` (exclusive), `step_hours` long each.

    start         first moment, Beijing time, such as 2027-01-01 or 2027-01-01T06:00
    hours, end    its length [h], or its end (exclusive): one of both
    step_hours    length of a step [h]
    step_lengths  where steps differ, the length of each [h]; they follow one another and sum to the hours
    step_weights  how often each step counts in the cost: a day that stands for many has more than 1 (rules that
                  do not know of it refuse it); prices stay those of one such step
    """

    start: Moment
    hours: float | None = Field(None, gt=0)
    end: Moment | None = None
    step_hours: float = Field(1.0, gt=0)
    step_lengths: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    step_weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Horizon:
        if (self.hours is None) == (self.end is None):
            raise ValueError("either hours or end, not both")
        if self.end is not None and self.end <= self.start:
            raise ValueError("an end after the start")
        lengths = self.step_lengths or (self.step_hours,)
        if any(hours * 3600 < 1 - 1e-6 for hours in lengths):
            raise ValueError("step_hours of at least a second")
        if self.step_lengths and abs(sum(self.step_lengths) - self.length_hours) > 1e-6:
            raise ValueError("step_lengths that sum to the hours of the horizon")
        if self.step_weights and len(self.step_weights) != self.steps:
            raise ValueError("as many step_weights as there are steps")
        if self.step_lengths:
            return self
        steps = self.length_hours / self.step_hours
        if steps > MOST_STEPS:
            raise ValueError(f"at most {MOST_STEPS} steps")
        if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
            raise ValueError("hours that are a whole number of steps")
        return self

    @property
    def length_hours(self) -> float:
        return self.hours if self.hours is not None else (self.end - self.start) / timedelta(hours=1)

    @property
    def steps(self) -> int:
        return len(self.step_lengths) if self.step_lengths else round(self.length_hours / self.step_hours)

    @property
    def lengths(self) -> tuple[float, ...]:
        """Length of each step [h]."""
        return self.step_lengths or (self.step_hours,) * self.steps

    @property
    def even(self) -> bool:
        """Whether times of profiles are evenly spaced: steps of one length, of whole seconds."""
        return self.step_lengths is None and abs(self.step_hours * 3600 - round(self.step_hours * 3600)) < 1e-6

    def between(self, first: datetime, last: datetime) -> Horizon:
        """The steps from one moment to another; where steps are told one by one both are borders of steps."""
        if self.step_lengths is None and self.step_weights is None:
            return Horizon(start=first, end=last, step_hours=self.step_hours)
        hours = [0.0, *accumulate(self.lengths)]
        borders = {round(hour * 3600): step for step, hour in enumerate(hours)}
        begin, end = (borders.get(round((moment - self.start).total_seconds())) for moment in (first, last))
        if begin is None or end is None or begin >= end:
            raise ValueError("borders of steps, as step_lengths or step_weights are given")
        told = {
            name: getattr(self, name) and getattr(self, name)[begin:end] for name in ("step_lengths", "step_weights")
        }
        return Horizon(start=first, hours=hours[end] - hours[begin], step_hours=self.step_hours, **told)


class Change(Settings):
    """One change of the input tables: in the rows of `table` that match `where`, `column` is set, added to, multiplied
    or scaled so that it sums to `scale_to`. With `share_by` only the growth is shared out, see `case/changes.py`.

    table      table of the inputs, such as generators
    where      {column: value or list of values} of the rows that are meant; none: all
    column     column that changes
    set        value that it gets
    add        number that is added
    multiply   number that it is multiplied with
    scale_to   sum of the column over the rows, afterwards
    share_by   with scale_to: column that says in which parts the growth is shared out
    note       why, for people
    """

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
    """Profiles made from published facts instead of read from files.

    seed, weather_year  which weather is drawn
    yields_of           year whose published utilisation hours wind and solar are calibrated to; none: a mean year
    """

    seed: int = Field(1, ge=0)
    weather_year: int | None = None
    yields_of: int | None = None


class SynthesisedProfiles(Settings):
    synthesis: Synthesis


class Solve(Settings):
    """How the programme is solved.

    mode    whole: one programme over the horizon, to its proven optimum; exact: the same, started from the bases of windows
            side by side; windows: piece after piece along a coarse plan of the whole, with a bound, for what is
            too large to solve as one; auto: whole up to a million rows, windows above
    method  simplex, ipx, hipo, pdlp, or auto: what measurements say for a programme of this size
    one_way  a store does not charge while it discharges, a line with loss does not carry both ways (solve/one_way.py)
    unique  of all optimal dispatches take the one that names alone decide, so that every method and machine agrees
    window_hours, look_ahead_hours   what a window keeps, and sees beyond (none: half of what it keeps); none: a week and a day, or
            a day and half a day where a week has too many rows, as with commitment (docs/performance.md)
    chains   rows of windows that are solved side by side and then joined (solve/chains.py); only where states can be joined
    medium_hours   length of a step of the plan that windows follow; none: 8, or 24 where a week has too many rows
    corrections   how often windows are solved again with what a year's rows turned out to be worth
    bound   windows: compute a lower bound of the cost
    time_limit_seconds   after which the solver gives up, which is an error; none: no limit
    threads   of the solver; none: as many as it takes
    audit   check the solved dispatch against every law, apart from the formulation (results/audit)
    """

    mode: Literal["auto", "whole", "exact", "windows"] = "auto"
    method: Literal["auto", "simplex", "ipx", "hipo", "pdlp"] = "auto"
    one_way: bool = True
    unique: bool = True
    audit: bool = True
    window_hours: float | None = Field(None, gt=0)
    look_ahead_hours: float | None = Field(None, ge=0)
    chains: int = Field(1, ge=1, le=1000)
    medium_hours: float | None = Field(None, gt=0)
    corrections: int = Field(1, ge=0, le=10)
    bound: bool = True
    time_limit_seconds: float | None = Field(None, gt=0)
    threads: int | None = Field(None, ge=1)


class Stored(Settings):
    """How results are stored.

    format  of the hourly dispatch; auto takes netCDF, and zarr for runs of many years
    """

    format: Literal["auto", "netcdf", "zarr"] = "auto"


class Scenario(Settings):
    """A complete scenario, all parents merged, all paths absolute.

    name         what results are called
    description  a sentence for people
    currency     label of money that people see
    inputs       folder of tables
    profiles     folder of hourly profiles, or synthesis: {...}; none: those of the inputs
    zones        only these, with all that stands in them; none named: all
    horizon, changes, solve  see below
    policies     settings of each rule by its name; false switches it off
    report       write report.html beside the results
    results      how they are stored, see below
    """

    name: Annotated[str, AfterValidator(check_name)] = Field(min_length=1)
    description: str = ""
    currency: str = "CNY"
    inputs: Path
    profiles: Path | SynthesisedProfiles | None = None
    zones: tuple[str, ...] = ()
    horizon: Horizon
    changes: tuple[Change, ...] = ()
    policies: dict[str, dict[str, Any] | bool | None] = {}
    solve: Solve = Solve()
    report: bool = True
    results: Stored = Stored()

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
        """The settings written for a policy; {} where it is only switched on, None where it is off or absent."""
        written = self.policies.get(name, False)
        return None if written is False else written if isinstance(written, dict) else {}

    def with_horizon(self, start: object = None, end: object = None) -> Scenario:
        """The same scenario over other hours; what is not given stays (a new start keeps the old end)."""
        old = self.horizon
        try:
            last = parse_moment(end) if end is not None else old.start + timedelta(hours=old.length_hours)
            first = parse_moment(start) if start is not None else old.start
            horizon = old.between(first, last)
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
        for key in PATHS:
            if isinstance(content.get(key), Path):
                path = content[key]
                content[key] = Path(os.path.relpath(path, folder.resolve()) if folder else path).as_posix()
        return to_yaml(content)


# -------------------------------------------------------------------------------------------------- loading and merging


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
