"""Time series of a Case, from files of profiles or synthesised, on the steps of the horizon.

Where the values of one id come from, in this order:

1. the id's own column in `<name>`,
2. the column of its zone in `<name>.<technology>` (for loads `<name>.<kind>`),
3. for `energy_budget`: the table hydro_monthly, shared by capacity over the zone's hydro generators that have
   no reservoir; for `inflow`: the table inflow_monthly,
4. for `availability`: times the part of the capacity that is in service (table in_service)
5. nowhere: the id is not in the series, and the technology's own default holds. A load must have a profile.

From profile to steps: steps longer than the profile's get the mean over the step; steps equal to the profile's get its
values; steps shorter than an hour repeat an hourly profile. Anything else is an error. Where the steps themselves
differ in length, a profile has a row at the start of each.

Loads: with `annual_mwh` the profile is a shape. Of each calendar year the values are scaled by
annual_mwh / (mean of the file's values in that year x hours of the year): a file that holds the whole year then sums
to annual_mwh, a shorter one is taken as typical of the year. Without `annual_mwh` the values are MW.

Energy budgets (MWh of a month) are kept as their mean power over the month, MW: the budget of a part of a month is the
sum of power x hours over it, so that a case cut or coarsened keeps its share.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.case.case import labelled
from grid_model.case.checks import Frames, kinds_of, problem_in, problems_where
from grid_model.case.profile import Profile
from grid_model.case.profile_files import ProfileFolder
from grid_model.case.resolution import allowed, unresolved
from grid_model.case.synthesised import SynthesisedProfileFolder
from grid_model.errors import Problem, did_you_mean, printable

log = logging.getLogger(__name__)
Profiles = ProfileFolder | SynthesisedProfileFolder
WEATHER = ("wind_", "solar_")  # technologies that no weather can make always available


@dataclass(frozen=True)
class Kind:
    """One kind of time series: whose it is, in which unit, between which limits."""

    table: str
    dimension: str
    group: str
    unit: str
    minimum: float
    maximum: float
    meaning: str

    @property
    def allowed(self) -> str:
        limits = [f">= {self.minimum:g}"] if np.isfinite(self.minimum) else []
        limits += [f"<= {self.maximum:g}"] if np.isfinite(self.maximum) else []
        return " ".join(["a number" if len(limits) == 2 else "a finite number", " and ".join(limits)]).strip() + f" [{self.unit}]"


KINDS: Mapping[str, Kind] = {
    "load": Kind(
        "loads", "load", "kind", "MW", -np.inf, np.inf, "power asked for, or its shape where annual_mwh is given"
    ),
    "availability": Kind("generators", "generator", "technology", "1", 0, 1, "power that could be taken, of capacity"),
    "min_output": Kind("generators", "generator", "technology", "1", 0, 1, "least output, of capacity"),
    "inflow": Kind("reservoirs", "reservoir", "", "MW", 0, np.inf, "natural inflow, as power that it could generate"),
    "energy_budget": Kind("generators", "generator", "technology", "MWh", 0, np.inf, "energy of the month"),
    "flow_limit": Kind("lines", "line", "", "1", 0, 1, "limit of the flow, of capacity"),
    "phase_shift": Kind("lines", "line", "", "MW", -np.inf, np.inf, "angle of a phase shifter over its reactance"),
    "variable_cost": Kind(
        "generators", "generator", "technology", "CNY/MWh", -np.inf, np.inf, "cost per energy generated"
    ),
    "min_level": Kind("storage", "storage", "", "1", 0, 1, "least energy held at the end of the step, of energy_mwh"),
    "max_level": Kind("storage", "storage", "", "1", 0, 1, "most energy held at the end of the step, of energy_mwh"),
    "level_loss": Kind("storage", "storage", "", "1/h", 0, 1, "part of the energy held that is lost in an hour"),
    "holding_cost": Kind("storage", "storage", "", "CNY/MWh/h", -np.inf, np.inf, "cost of every hour for which energy is held"),
    "conversion_most": Kind("converters", "converter", "", "MW", -np.inf, np.inf, "greatest conversion"),
    "conversion_least": Kind("converters", "converter", "", "MW", -np.inf, np.inf, "least conversion"),
    "conversion_cost": Kind("converters", "converter", "", "CNY/MWh", -np.inf, np.inf, "cost per energy converted"),
    "conversion_rise": Kind("converters", "converter", "", "MW/h", 0, np.inf, "greatest rise of conversion in an hour"),
    "conversion_fall": Kind("converters", "converter", "", "MW/h", 0, np.inf, "greatest fall of conversion in an hour"),
    "committed_most": Kind("converters", "converter", "", "MW", -np.inf, np.inf, "greatest conversion of what is on"),
    "committed_least": Kind("converters", "converter", "", "MW", -np.inf, np.inf, "least conversion of what is on"),
    "conversion_start_cost": Kind("converters", "converter", "", "CNY", 0, np.inf, "cost of a start of all of it"),
    "conversion_stop_cost": Kind("converters", "converter", "", "CNY", 0, np.inf, "cost of a stop of all of it"),
    "conversion_stand_by_cost": Kind("converters", "converter", "", "CNY/h", -np.inf, np.inf, "cost of every hour on"),
    "limit_factor": Kind("energy_limit_terms", "term", "", "1", -np.inf, np.inf, "what a MWh of the term counts"),
    "port_delay": Kind("converter_ports", "port", "", "h", 0, np.inf, "how long ago what arrives left"),
    "port_rate": Kind("converter_ports", "port", "", "1", -np.inf, np.inf, "power into the zone per conversion"),
}
MONTHLY = ("energy_budget",)


def read_series(
    profiles: Profiles, frames: Frames, time: pd.DatetimeIndex, step_hours: np.ndarray
) -> tuple[dict[str, xr.DataArray], list[Problem]]:
    """All series of the case, and what is wrong with their files."""
    profiles.check_names(KINDS)
    series, problems = {}, []
    for name, kind in KINDS.items():
        table = frames.get(kind.table)
        if table is None or table.empty:
            continue
        once = table[~table.duplicated(kind.dimension)]
        collected = _Collected(kind, once, time, step_hours, monthly=name in MONTHLY)
        collected.take_own(profiles, name)
        collected.take_groups(profiles, name)
        if name == "load":
            collected.scale_to_energy()
            problems += _loads_without_profile(collected, profiles)
        if name == "availability":
            _warn_of_weather_without_profile(collected, profiles)
            collected.take_in_service(frames["in_service"])
        if name == "energy_budget":
            collected.take_zone_budgets(frames)
        if name == "inflow":
            collected.take_monthly_inflow(frames["inflow_monthly"])
        problems += collected.problems + collected.unresolved()
        if collected.values:
            series[name] = collected.series()
    return series, problems + profiles.problems


def _loads_without_profile(collected: _Collected, profiles: Profiles) -> list[Problem]:
    table = collected.table
    where = profiles.shown("load")
    return [
        problem_in(
            table,
            row,
            "load",
            load,
            f"a load with a profile: a column of its own in {where}, or of its zone "
            f"({zone}) in {profiles.shown('load.' + kind)}",
        )
        for row, load, zone, kind in zip(table.index, table["load"], table["zone"], table["kind"], strict=True)
        if load not in collected.claimed and not profiles.unread("load", f"load.{kind}")
    ]


def _warn_of_weather_without_profile(collected: _Collected, profiles: Profiles) -> None:
    """Wind and sun whose hours nobody gives count as always available: allowed, and hardly ever meant."""
    table = collected.table
    steady = table[table["technology"].str.startswith(WEATHER) & (table["capacity_mw"] > 0)]
    for technology, rows in steady[~steady["generator"].isin(collected.claimed)].groupby("technology"):
        if profiles.unread("availability", f"availability.{technology}"):
            continue
        log.warning(
            "%s: no availability in %s nor %s for %s; taken as always available",
            technology,
            profiles.shown("availability"),
            profiles.shown(f"availability.{technology}"),
            _few(rows["generator"]),
        )


def _few(names: pd.Series) -> str:
    """'A, B' of few names, 'A, B and 3 more' of many."""
    return ", ".join(names.iloc[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


class _Collected:
    """Values on the steps of the horizon, by id, gathered source by source; the first source that has an id counts."""

    def __init__(self, kind: Kind, table: pd.DataFrame, time: pd.DatetimeIndex, step_hours: np.ndarray, monthly: bool):
        self.kind, self.table, self.time, self.step_hours, self.monthly = kind, table, time, step_hours, monthly
        self.values: dict[str, np.ndarray] = {}
        self.claimed: set[str] = set()
        self.sources: dict[str, tuple[Profile, str]] = {}
        self.problems: list[Problem] = []

    def take_own(self, profiles: Profiles, name: str) -> None:
        """The ids' own columns in `<name>`."""
        header = profiles.header(name)
        if not header:
            return
        known = set(self.table[self.kind.dimension])
        self.problems += [
            Problem(
                profiles.shown(name),
                1,
                printable(column),
                printable(column),
                f"a name in table {self.kind.table}" + did_you_mean(column, known),
            )
            for column in header
            if column not in known
        ]
        self._take(profiles, name, {column: column for column in header if column in known})

    def take_groups(self, profiles: Profiles, name: str) -> None:
        """The zones' columns in `<name>.<group>`, for ids that have no column of their own."""
        groups = self.table[self.kind.group].unique() if self.kind.group else ()
        there = [group for group in groups if profiles.has(f"{name}.{group}")]
        if not there:
            return
        free = self.table[self.table[self.kind.group].isin(there) & ~self.table[self.kind.dimension].isin(self.claimed)]
        for group, rows in free.groupby(self.kind.group):
            header = set(profiles.header(f"{name}.{group}"))
            unneeded = rows["capacity_mw"] == 0 if "capacity_mw" in rows else pd.Series(False, index=rows.index)
            absent = rows[~rows["zone"].isin(header) & ~unneeded]
            self.claimed |= set(absent[self.kind.dimension])
            self.problems += [
                Problem(
                    profiles.shown(f"{name}.{group}"),
                    1,
                    printable(zone),
                    "",
                    f"this column: table {self.kind.table} has {group} in this zone",
                )
                for zone in absent["zone"].unique()
                if header
            ]
            present = rows[rows["zone"].isin(header)]
            self._take(
                profiles, f"{name}.{group}", dict(zip(present[self.kind.dimension], present["zone"], strict=True))
            )

    def _take(self, profiles: Profiles, file: str, column_of: dict[str, str]) -> None:
        """Values of ids from the columns of a file."""
        self.claimed |= set(column_of)
        if not column_of:
            return
        profile = profiles.read(file, sorted(set(column_of.values())), self.kind, monthly=self.monthly)
        if profile is None:
            return
        on_steps = self._monthly(profile) if self.monthly else self._on_steps(profile)
        if on_steps is None:
            return
        for name, column in column_of.items():
            self.values[name], self.sources[name] = on_steps[column], (profile, column)

    def _on_steps(self, profile: Profile) -> dict[str, np.ndarray] | None:
        rows, problem = profile.rows_of(self.time, self.step_hours)
        if problem:
            self.problems.append(problem)
            return None
        return {column: profile.over(column, rows) for column in profile.columns}

    def _monthly(self, profile: Profile) -> dict[str, np.ndarray] | None:
        month = self.time.to_period("M")
        position = profile.time.to_period("M").get_indexer(month)
        if (position < 0).any():
            absent = month[position < 0][0]
            self.problems.append(Problem(profile.file, 0, "time", "", f"a row for {absent}-01: the horizon needs it"))
            return None
        return {column: profile.values[column][position] / hours_of_month(self.time) for column in profile.columns}

    def scale_to_energy(self) -> None:
        """Profiles of loads with annual_mwh, scaled year by year."""
        years = np.unique(self.time.year)
        hours = np.array([8784.0 if pd.Timestamp(int(year), 1, 1).is_leap_year else 8760.0 for year in years])
        year_of_step = np.searchsorted(years, self.time.year)
        annual = self.table.set_index("load")["annual_mwh"].dropna()
        for load, energy in annual[annual.index.isin(self.values)].items():
            profile, column = self.sources[load]
            means = np.array([profile.year_mean(column, year) for year in years])
            if not (means > 0).all():
                self.problems.append(
                    Problem(profile.file, 0, column, f"mean {means.min():g}", "a shape with a mean above zero")
                )
                continue
            self.values[load] = self.values[load] * (energy / (means * hours))[year_of_step]

    def take_in_service(self, monthly: pd.DataFrame) -> None:
        """Availability of what is not yet all in operation: its profile (else max_output_fraction) x part in
        service."""
        if monthly.empty:
            return
        at = pd.MultiIndex.from_arrays([self.time.year, self.time.month])
        monthly = monthly[monthly["year"].isin(self.time.year)].drop_duplicates(["zone", "technology", "year", "month"])
        rows = self.table.set_index("generator")[["zone", "technology", "max_output_fraction"]]
        for (zone, technology), part in monthly.groupby(["zone", "technology"]):
            fraction = part.set_index(["year", "month"])["fraction"].reindex(at).fillna(1.0).to_numpy()
            for name, most in rows.loc[
                (rows["zone"] == zone) & (rows["technology"] == technology), "max_output_fraction"
            ].items():
                self.values[name] = self.values.get(name, most) * fraction

    def take_zone_budgets(self, frames: Frames) -> None:
        """Budgets of hydro_monthly, shared by capacity over generators that have neither reservoir nor own budget."""
        monthly = frames["hydro_monthly"]
        if monthly.empty:
            return
        hydro = self.table[kinds_of(frames, self.table) == "hydro"]
        homeless = (
            ~monthly["zone"].isin(hydro["zone"])
            & (monthly["energy_mwh"] > 0)
            & monthly["zone"].isin(frames["zones"]["zone"])
        )
        self.problems += problems_where(
            monthly, homeless, "zone", "a zone with a generator of kind hydro, or no energy"
        )
        reservoirs = frames.get("reservoirs")
        own = set(reservoirs["generator"]) if reservoirs is not None else set()
        free = hydro[~hydro["generator"].isin(own) & ~hydro["generator"].isin(self.claimed)]
        for zone, generators in free.groupby("zone"):
            self._share_budget(monthly[monthly["zone"] == zone], generators)

    def _share_budget(self, monthly: pd.DataFrame, generators: pd.DataFrame) -> None:
        capacity = generators["capacity_mw"].sum()
        power = self._power_of_months(monthly, "zone") if capacity > 0 else None
        if power is not None:
            parts = generators["capacity_mw"] / capacity
            self.values |= {
                generator: power * part for generator, part in zip(generators["generator"], parts, strict=True)
            }

    def take_monthly_inflow(self, monthly: pd.DataFrame) -> None:
        """Inflow of inflow_monthly, even over each month, for reservoirs that have no profile."""
        known = monthly["reservoir"].isin(self.table["reservoir"]) & ~monthly["reservoir"].isin(self.claimed)
        for reservoir, rows in monthly[known].groupby("reservoir"):
            power = self._power_of_months(rows, "reservoir")
            if power is not None:
                self.values[reservoir] = power

    def _power_of_months(self, monthly: pd.DataFrame, key: str) -> np.ndarray | None:
        """Mean power [MW] in every step of energies of months [MWh]; None where there are none, or not all."""
        if monthly.empty:
            return None
        energy = monthly.drop_duplicates("month").set_index("month")["energy_mwh"]
        absent = sorted(set(self.time.month.unique()) - set(energy.index))
        if absent:
            self.problems.append(
                problem_in(
                    monthly,
                    monthly.index[0],
                    "month",
                    "",
                    f"a row for month {absent[0]} of {monthly[key].iloc[0]} too: the horizon needs it",
                )
            )
            return None
        return energy.reindex(self.time.month).to_numpy() / hours_of_month(self.time)

    def unresolved(self) -> list[Problem]:
        """Ids none of whose values could be told from nothing, or some of which are too large."""
        wrong = [name for name, values in self.values.items() if unresolved(np.max(np.abs(values), initial=0.0), self.kind.unit)]
        places = {name: self.sources.get(name, (None, name)) for name in wrong}
        return [
            Problem(profile.file if profile else self.table.attrs.get("file", ""), 0, printable(column),
                    f"{np.max(np.abs(self.values[name])):g} at most", allowed(self.kind.unit))
            for name, (profile, column) in places.items()
        ]

    def series(self) -> xr.DataArray:
        """Everything gathered, ids in the order of their table."""
        ids = [name for name in self.table[self.kind.dimension] if name in self.values]
        unit = "MW" if self.monthly else self.kind.unit
        meaning = self.kind.meaning + (", as mean power over the month" if self.monthly else "")
        values = np.stack([self.values[name] for name in ids])
        return labelled(self.kind.dimension, ids, self.time, values, {"units": unit, "long_name": meaning})


def hours_of_month(time: pd.DatetimeIndex) -> np.ndarray:
    """For each step the hours of the calendar month that it starts in."""
    return time.days_in_month.to_numpy() * 24.0
