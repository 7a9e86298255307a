"""What a scenario says: which data, which hours, which changes, which rules, which solver. How files become one:
scenario_loading.py.
"""

from __future__ import annotations

import os
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

from grid_model.errors import InputError, Problem
from grid_model.scenario_problems import problems_of
from grid_model.scenario_yaml import PATHS, to_yaml

MOST_STEPS = 2_000_000


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
    hours         its length [h]; either this or end
    end           its end, exclusive; either this or hours
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
            raise ValueError("either hours or end, one of the two")
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
    def ends(self) -> datetime:
        return self.start + timedelta(hours=self.length_hours)

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

    seed          which weather is drawn: the same seed gives the same hours
    weather_year  year whose draw all years live through, on their own calendar; none: every year has its own
    yields_of     year whose published utilisation hours wind and solar are calibrated to; none: a mean year
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
    window_hours   what a window keeps; none: a week, or a day where a week has too many rows, as with commitment
            (docs/performance.md)
    look_ahead_hours   what a window sees beyond that; none: half of window_hours, or where these are not given either, a day
            beyond a week, half a day beyond a day
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


def _told(written):
    """A rule that is named is on or off."""
    if written is None:
        raise ValueError("true, false or settings in {}: nothing at all is neither on nor off")
    return written


class Scenario(Settings):
    """A complete scenario, all parents merged, all paths absolute.

    name         what results are called
    description  a sentence for people
    currency     label of money that people see
    inputs       folder of tables
    profiles     folder of hourly profiles, or synthesis: {...}; none: those of the inputs
    zones        only these, with all that stands in them; none named: all
    horizon, changes, solve  see below
    policies     settings of each rule by its name; true takes its defaults, false switches it off; nothing is refused
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
    policies: dict[str, Annotated[dict[str, Any] | bool, BeforeValidator(_told)]] = {}
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
            last = parse_moment(end) if end is not None else old.ends
            first = parse_moment(start) if start is not None else old.start
            if first >= last:
                raise ValueError(f"an end after the start (what is not given stays: {old.start} to {old.ends})")
            horizon = old.between(first, last)
        except ValidationError as error:
            raise InputError(problems_of(error, Horizon, lambda key: ("", 0), "horizon.")) from None
        except ValueError as error:
            given = {"start": start, "end": end}
            names, values = (", ".join(map(str, words)) for words in zip(*((n, v) for n, v in given.items() if v is not None)))
            raise InputError(Problem("", 0, names, values, str(error))) from None
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
