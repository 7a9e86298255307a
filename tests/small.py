"""Small cases written in a test, and their solution, for laws that are checked by hand."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pandas as pd

from grid_model.algebra import compile_program
from grid_model.case.case import Case, labelled
from grid_model.case.columns import complete, empty_column, empty_table
from grid_model.case.series import KINDS
from grid_model.formulation import TABLES, build_model, coarse_case
from grid_model.scenario import Scenario

TECHNOLOGIES = {"coal": "thermal", "coal_chp": "thermal", "coal_ccs": "thermal", "gas": "thermal", "nuclear": "thermal",
                "biomass": "renewable", "wind_onshore": "renewable", "solar_utility": "renewable", "solar_distributed": "renewable",
                "solar_thermal": "renewable", "hydro_reservoir": "hydro", "hydro_run_of_river": "hydro",
                "pumped_hydro": "storage", "lithium_ion": "storage"}
_DIMENSION = {name: kind.dimension for name, kind in KINDS.items()}


def small_case(steps: int, series=None, policies=None, step_hours=1.0, start="2027-01-01", **tables) -> Case:
    """A Case from rows written as dictionaries: `generators=[{"generator": "g", "zone": "A", ...}]`.

    `series` is {"load": {"l": [50, 60]}, ...}; one number stands for all steps. Zones named anywhere are made.
    """
    assert tables.keys() <= TABLES.keys(), f"no such table: {tables.keys() - TABLES.keys()}"
    zones = {row[key] for rows in tables.values() for row in rows for key in ("zone", "from_zone", "to_zone") if key in row}
    tables.setdefault("zones", [{"zone": zone} for zone in sorted(zones)])
    typed = {name: _typed(tables[name], columns) if tables.get(name) else empty_table(columns) for name, columns in TABLES.items()}
    if "technologies" not in tables:
        typed["technologies"] = _technologies(tuple((column.name, column.metadata["kind"]) for column in TABLES["technologies"]))
    complete_tables = {name: complete(typed[name], columns, typed["technologies"]) for name, columns in TABLES.items()}
    time = pd.date_range(start, periods=steps, freq=pd.Timedelta(hours=step_hours))
    arrays = {name: labelled(_DIMENSION[name], list(rows), time,
                             np.stack([np.broadcast_to(np.asarray(row, float), steps) for row in rows.values()]), {})
              for name, rows in (series or {}).items()}
    horizon = {"start": start, "hours": steps * step_hours, "step_hours": step_hours}
    scenario = Scenario(name="small", inputs=".", horizon=horizon, policies=policies or {})
    return Case("small", scenario, time, np.full(steps, float(step_hours)), complete_tables, arrays, {})


@functools.cache
def _technologies(columns) -> pd.DataFrame:
    """Those of every small case, typed once for the columns that there are: a registered policy may add some."""
    return _typed([{"technology": name, "kind": kind} for name, kind in TECHNOLOGIES.items()], TABLES["technologies"])


def _typed(rows, columns) -> pd.DataFrame:
    """Rows as a typed table: what a row leaves out is empty."""
    unknown = {key for row in rows for key in row} - {column.name for column in columns}
    assert not unknown, f"no such column: {unknown}"
    index, dtypes = pd.RangeIndex(len(rows)), {"number": float, "flag": "boolean", "date": "datetime64[us]"}
    absent = {kind: empty_column(kind, index) for kind in {column.metadata["kind"] for column in columns}}
    written, found = {name for row in rows for name in row}, {}
    for name, kind in ((column.name, column.metadata["kind"]) for column in columns):
        found[name] = absent[kind] if name not in written else pd.Series(
            [row.get(name, empty) for row, empty in zip(rows, absent[kind])], index, dtype=dtypes.get(kind, "str"))
    return pd.DataFrame(found, index=index)


class Solved:
    """The optimum of a case: `objective` in CNY, `value(name)` of a variable or named expression, `price(zone)`.

    What would come out without some rules is that of the programme with their families of rows let go of.
    """

    def __init__(self, case: Case, *without: str):
        self.model = build_model(case)
        self.program = compile_program(self.model)
        for name in without:
            rows = self.program.rows[name].slice
            self.program.row_lower[rows], self.program.row_upper[rows] = -np.inf, np.inf
        self.highs = self.program.to_highs()
        self.highs.run()
        self.status = self.highs.modelStatusToString(self.highs.getModelStatus())
        solution = self.highs.getSolution()
        self.columns = np.asarray(solution.col_value)
        self.row_duals = np.asarray(solution.row_dual)
        self.objective = self.highs.getInfo().objective_function_value * 1e6

    def value(self, name: str) -> np.ndarray:
        """A variable (`storage.energy`) or named expression (`storage.report_charge`), in units of the programme (GW, GWh)."""
        if name in self.program.columns:
            return self.program.columns[name].of(self.columns)
        return self.program.evaluate(name, self.columns)

    def price(self, zone: str) -> np.ndarray:
        """Dual of the balance, CNY/MWh (for steps of one hour)."""
        family = self.program.rows["balance"]
        return family.of(self.row_duals)[list(family.axes[0].labels).index(zone)] * 1e3


def both_ways_allowed(case: Case) -> Case:
    """The case in which stores may charge while they discharge, and lossy lines carry both ways."""
    solve = case.scenario.solve.model_copy(update={"one_way": False})
    return replace(case, scenario=case.scenario.model_copy(update={"solve": solve}))


def solved(case: Case, *without: str) -> Solved:
    result = Solved(case, *without)
    assert result.status == "Optimal", result.status
    return result


def coarsened(case, model, hours: float) -> tuple[Case, object]:
    """The case in steps of `hours`, and its model: what a plan is made from."""
    coarse = coarse_case(model, case, hours)
    return coarse, build_model(coarse)
