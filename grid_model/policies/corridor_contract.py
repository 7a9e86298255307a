"""Corridor contracts: energy sold ahead between provinces, which corridors carry day by day.

symbol  attribute       unit  kind
f       flow            GW    offer of transmission: net flow, positive from from_zone to to_zone, at the sending end
s, o    short, over     GWh   decision >= 0, of each line and day: what is missing of its contract, what goes beyond it
Q       contracted      GWh   data: contracted energy of the month x hours of the day in the case / hours of the month
v       deviation_cost  million CNY/GWh  data, per energy of either deviation

    sum over the day of f dt + s - o = Q

Medium and long-term contracts between provinces fix yearly and monthly volumes and are broken down to days with a curve
(NDRC/NEA rules for medium and long-term trading, 2020, and yearly notices on signing them); what differs is bought or
sold in the interprovincial spot market, at a loss to the side that deviates. So a province keeps running its own plants
though its neighbour's are cheaper, and an importer cannot count on more than it has bought. Within the day power is free:
the curve of a contract is not published. Energy against the direction of a line is negative. A line without
contracts, or in a month without a row, may carry anything. What a deviation costs is an assumption of the scenario.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field

from grid_model.algebra import Array
from grid_model.case.checks import problems_where, unique_together
from grid_model.case.series import hours_of_month
from grid_model.case.tables import number, reference
from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.contract import PolicyData, members

NAME = "corridor_contract"
DEFAULT = False

TABLES = {
    "corridor_contracts": [
        reference("line", "lines", meaning="corridor", required=True),
        number("month", unit="1", minimum=1, maximum=12, required=True, meaning="month of the year"),
        number("energy_mwh", unit="MWh", required=True,
               meaning="energy contracted in the month, at the sending end; negative: against the direction of the line"),
    ],
}


class Settings(BaseModel):
    """deviation_cost_cny_per_mwh: cost of a MWh carried beyond a day's contract, or missing of it; an assumption."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deviation_cost_cny_per_mwh: float = Field(default=100, ge=0)


def read(case, fleets, settings) -> PolicyData | None:
    """Contracted energy of every line in service and every day."""
    data = PolicyData(case, fleets, settings)
    data.transmission = next((fleet for fleet in fleets if fleet.name == "transmission"), None)
    known = set() if data.transmission is None else set(data.transmission.data.names)
    table = case.tables["corridor_contracts"]
    table = table[table["line"].isin(known)]
    if table.empty:
        return None
    days, day = np.unique(case.time.normalize(), return_inverse=True)
    data.days = np.arange(1, len(days) + 1)
    data.steps_of_day = pd.Series(data.step_labels).groupby(day + 1).agg(list).to_dict()
    power = table.pivot(index="line", columns="month", values="energy_mwh").reindex(columns=range(1, 13))
    energy = power.to_numpy()[:, case.time.month - 1] / hours_of_month(case.time) * case.step_hours
    first = np.flatnonzero(np.diff(day, prepend=-1))
    data.lines = power.index.to_numpy(object)
    data.energy = np.add.reduceat(energy, first, axis=1)  # MWh, NaN where nothing is contracted
    data.first_of_day = first
    data.contracted = Array(np.nan_to_num(data.energy) * MWH, data.lines, data.days, name="contracted")
    line, at = np.nonzero(~np.isnan(data.energy))
    data.deals = list(zip(data.lines[line], data.days[at].tolist()))
    return data


def add_variables(contract, data):
    contract.deals = pyo.Set(dimen=2, initialize=data.deals)
    contract.short = pyo.Var(contract.deals, within=pyo.NonNegativeReals)
    contract.over = pyo.Var(contract.deals, within=pyo.NonNegativeReals)


def add_constraints(contract, data):
    steps_of_day = members(contract, "steps_of_day", data.days.tolist(), data.steps_of_day)

    @contract.Constraint(contract.deals)
    def energy_of_day(contract, line, day):
        """sum over the day of f dt + s - o = Q   [GWh]"""
        carried = sum(data.step_hours[step] * data.transmission.flow(line, step) for step in steps_of_day[day])
        return carried + contract.short[line, day] - contract.over[line, day] == data.contracted[line, day]


def deviation_cost(contract, data):
    """v x sum of (s + o)   [million CNY]"""
    return data.settings.deviation_cost_cny_per_mwh * CNY_PER_MWH * sum(
        contract.short[line, day] + contract.over[line, day] for line, day in contract.deals)


COSTS = {"deviation": deviation_cost}


def tables(contract, data, solved) -> dict[str, pd.DataFrame]:
    """`corridor_contracts`: energy contracted, missing of it and beyond it, by line and calendar month."""
    deals = pd.DataFrame(data.deals, columns=["line", "day"])
    month = data.case.time[data.first_of_day].to_period("M").astype(str)
    table = deals.assign(month=month.to_numpy()[deals["day"] - 1], contracted_mwh=data.energy[~np.isnan(data.energy)],
                         short_mwh=np.asarray(solved.evaluate(f"{contract.name}.short")) / MWH,
                         over_mwh=np.asarray(solved.evaluate(f"{contract.name}.over")) / MWH)
    table = table.groupby(["line", "month"], sort=False)[["contracted_mwh", "short_mwh", "over_mwh"]].sum().reset_index()
    return {"corridor_contracts": table}


def check_contracts(frames):
    """One row for a line and month."""
    table = frames["corridor_contracts"]
    return [*problems_where(table, table["month"] % 1 != 0, "month", "a whole number from 1 to 12"),
            *unique_together(table, ["line", "month"])]


CHECKS = (check_contracts,)
