"""Planned generation: hours that a plant runs by plan or contract, whatever its place in the merit order.

symbol  attribute       unit  kind
g       output          GW    offer of a technology
s       short           GWh   decision >= 0, of each planned generator and day: what is missing of its plan
Q       planned         GWh   data: planned_hours / hours of the year x what is available of the generator on the day
v       shortfall_cost  million CNY/GWh  data

    sum over the day of g dt + s >= Q

Gas-fired plants in China run by heat and by government plan: their fuel is dearer than any coal, their price is one of
two parts set by each province, and the gas is bought by the year. The yearly plan is taken even over the days; when in
the day the plant runs is free. Sources: two-part tariffs of Shanghai, Zhejiang, Jiangsu and Guangdong (NDRC notice 3009
of 2014 lets provinces set them); hours: CEC. What a MWh short of the plan costs is an assumption of the scenario.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.tables import number
from grid_model.case.units import CNY_PER_MWH, MW, MWH
from grid_model.policies.contract import PolicyData, members

NAME = "planned_generation"
DEFAULT = False

TABLES = {
    "generators": [
        number("planned_hours", unit="h", minimum=0, maximum=8784,
               meaning="hours of full output a year that plan or contract ask for; empty: none"),
    ],
}


class Settings(BaseModel):
    """shortfall_cost_cny_per_mwh: what a MWh missing of a day's plan costs; an assumption, dearer than any fuel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortfall_cost_cny_per_mwh: float = Field(default=1000, ge=0)


def read(case, fleets, settings) -> PolicyData | None:
    """Planned energy of every generator with a plan and every day."""
    data = PolicyData(case, fleets, settings)
    table = case.tables["generators"]
    table = table[(table["planned_hours"] > 0) & (table["capacity_mw"] > 0)]
    if table.empty:
        return None
    days, day = np.unique(case.time.normalize(), return_inverse=True)
    data.days = np.arange(1, len(days) + 1)
    data.first_of_day = np.flatnonzero(np.diff(day, prepend=-1))
    data.steps_of_day = pd.Series(data.step_labels).groupby(day + 1).agg(list).to_dict()
    data.generators = table["generator"].to_numpy(object)
    most = case.profile("availability", data.generators, table["max_output_fraction"].to_numpy(float))
    year_hours = np.where(case.time.is_leap_year, 8784.0, 8760.0)
    share = np.minimum(table["planned_hours"].to_numpy(float)[:, None] / year_hours, 1.0)
    energy = share * most * table["capacity_mw"].to_numpy(float)[:, None] * MW * case.step_hours
    data.planned = Array(np.add.reduceat(energy, data.first_of_day, axis=1), data.generators, data.days, name="planned")
    data.plants = data.offering("output")
    return data


def add_variables(plan, data):
    plan.generators = pyo.Set(initialize=data.generators.tolist())
    plan.days = pyo.Set(initialize=data.days.tolist())
    plan.short = pyo.Var(plan.generators, plan.days, within=pyo.NonNegativeReals)


def add_constraints(plan, data):
    steps_of_day = members(plan, "steps_of_day", data.days.tolist(), data.steps_of_day)
    of_fleet = [(fleet, members(plan, f"of_{fleet.name}", data.generators, {
        name: [name] for name in data.generators if name in set(fleet.data.names)})) for fleet in data.plants]

    def output(generator, step):
        return sum(sum(fleet.output(unit, step) for unit in units[generator]) for fleet, units in of_fleet)

    @plan.Constraint(plan.generators, plan.days)
    def energy_of_day(plan, generator, day):
        """sum over the day of g dt + s >= Q   [GWh]"""
        generated = sum(data.step_hours[step] * output(generator, step) for step in steps_of_day[day])
        return generated + plan.short[generator, day] >= data.planned[generator, day]


def shortfall_cost(plan, data):
    """v x sum of s   [million CNY]"""
    return data.settings.shortfall_cost_cny_per_mwh * CNY_PER_MWH * sum(
        plan.short[generator, day] for generator in plan.generators for day in plan.days)


COSTS = {"shortfall": shortfall_cost}


def tables(plan, data, solved) -> dict[str, pd.DataFrame]:
    """`planned_generation`: energy planned and missing, by generator and calendar month."""
    month = data.case.time[data.first_of_day].to_period("M").astype(str)
    index = pd.MultiIndex.from_product([data.generators, month], names=["generator", "month"])
    table = pd.DataFrame({"planned_mwh": data.planned.values.ravel() / MWH,
                          "short_mwh": np.asarray(solved.evaluate(f"{plan.name}.short")).ravel() / MWH}, index)
    return {"planned_generation": table.groupby(level=[0, 1], sort=False).sum().reset_index()}
