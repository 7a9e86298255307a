"""What every technology is and offers, so that the balance, the objective and the policies need not know which it is.

A technology is a module with

    NAME              the name of its block in the model
    TABLES            the columns it needs, by table (see case/tables.py)
    read(case)        its numbers in units of the programme (see case/units.py), a `Data`; None where the case has none
    add_variables(block, data), add_constraints(block, data)

and offers, each an expression in units of the programme, written as a function of the module:

    injection(block, data, zone, step)      net power into a zone, GW; by default the output of the units in it
    output(block, data, unit, step)         net power of a unit, GW
    emissions(block, data, unit, step)      kt/h
    available(block, data, unit, step)      greatest power that the step allows, GW: data, no decision
    forgone(block, data, unit, step)        power that was there and is neither taken nor kept for later, GW: at least zero
    drawn, reduced(block, data, unit, step) what its load consumes, what it takes off one, GW: see consumption.py
    certificates(block, data, unit, step)   certificates issued, GWh/h
    headroom_up, headroom_down(block, data, unit, step)    power that could be added or withdrawn at once, GW

    coarsened(case)                         the case fit for steps of many hours, where laws of hours have no meaning

What a module does not offer it does not have: `fleet.offers("emissions")` asks. COSTS maps cost items to expressions
(block, data), million CNY over the horizon; REPORTS names what people see of it in the results; SELDOM names
constraints, by patterns as of file names, that nearly always hold by themselves: the solver adds their rows where they
are broken (solve/working.py); BOUNDS names constraints over one column each, which hold as bounds of it and have no row
(algebra/bounding.py); MOMENTS names variables that count what happens at the beginning of a step, AMOUNTS those that say
how much there is in a step (GWh), where all others are powers or states: a plan of longer steps is carried over by
that (solve/medium_term.py); EXCLUSIVE names pairs of variables over the same members of which a unit of a set uses
one at a time, (variable, variable, set): the solver closes one where both are used (solve/one_way.py). Steps are
numbered 1..T; a state (a level, capacity online) stands at borders 0..T, border 0 being the start, so that every law
reads x[t] - x[t-1] at every step and a given start is a bound, not another law.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array


@dataclass(frozen=True)
class Report:
    """One variable of the results: how it is called, over what, in which unit (value = expression * scale)."""

    dimension: str
    unit: str
    scale: float
    long_name: str
    expression: Callable  # (block, data, unit, step)
    over: str = "units"  # the set of the block that it runs over


class Data(SimpleNamespace):
    """Numbers of one technology: its table, its unit names, and array parameters made by `parameter` and `series`.

    `end` is the last step and border. Sets that rules run over (units, units_in[zone], steps, borders, zones) are added by `declare`.
    """

    def __init__(self, case, table: pd.DataFrame, identifier: str):
        super().__init__()
        self.case = case
        self.table = table.reset_index(drop=True)
        self.names = self.table[identifier].to_numpy(object)
        self.zone_names = self.table["zone"].to_numpy(object) if "zone" in self.table else None
        self.end = len(case.step_hours)
        self.step_labels = np.arange(1, self.end + 1)
        self.step_hours = Array(case.step_hours, self.step_labels, name="step_hours")
        self.step_weights = Array(case.cost_hours / case.step_hours, self.step_labels, name="step_weights")
        self.cost_hours = Array(case.cost_hours, self.step_labels, name="cost_hours")

    def parameter(self, values, name: str, labels=None) -> Array:
        """One number per unit (or per given label)."""
        return Array(np.ascontiguousarray(values), self.names if labels is None else labels, name=name)

    def column(self, name: str, scale: float = 1.0) -> Array:
        """A column of the table, scaled."""
        return self.parameter(self.table[name].to_numpy(float) * scale, name)

    def series(self, values, name: str, labels=None) -> Array:
        """One number per unit and step, shape (units, steps)."""
        return Array(np.ascontiguousarray(values), self.names if labels is None else labels, self.step_labels, name=name)

    def where(self, mask) -> np.ndarray:
        """Names of the units for which the mask holds."""
        return self.names[np.asarray(mask, bool)]


class Part:
    """A module in a model, bound to its block and data; what the module offers are methods of its own indices."""

    def __init__(self, module: ModuleType, block, data: Data):
        self.module, self.block, self.data = module, block, data
        self.name = module.NAME

    def offers(self, offer: str) -> bool:
        return offer in self.module.__dict__

    def __getattr__(self, offer: str):
        function = self.module.__dict__.get(offer)
        if function is None:
            raise AttributeError(f"{self.name} offers no {offer}")
        return partial(function, self.block, self.data)

    @property
    def costs(self) -> dict[str, Callable]:
        """{item: rule of the block}, million CNY over the horizon."""
        return {item: self.rule(cost) for item, cost in self.module.__dict__.get("COSTS", {}).items()}

    @property
    def seldom(self) -> list[str]:
        """Names of its constraints that seldom bind."""
        names = [rows.local_name for rows in self.block.component_objects(pyo.Constraint, descend_into=False)]
        return [name for pattern in self.module.__dict__.get("SELDOM", ()) for name in fnmatch.filter(names, pattern)]

    @property
    def bounds(self) -> tuple[str, ...]:
        """Names of its constraints over one column each."""
        return self.module.__dict__.get("BOUNDS", ())

    @property
    def moments(self) -> tuple[str, ...]:
        """Names of its variables that count what happens at the beginning of a step."""
        return self.module.__dict__.get("MOMENTS", ())

    @property
    def amounts(self) -> tuple[str, ...]:
        """Names of its variables that say how much there is in a step: twice as much in one that is twice as long."""
        return self.module.__dict__.get("AMOUNTS", ())

    @property
    def exclusive(self) -> list[tuple[str, str, pyo.Set]]:
        """Pairs of its variables that exclude each other, by their names in the model, and the units that this holds for."""
        return [(f"{self.name}.{one}", f"{self.name}.{other}", self.block.component(units))
                for one, other, units in self.module.__dict__.get("EXCLUSIVE", ()) if self.block.component(units) is not None]

    @property
    def reports(self) -> dict[str, Report]:
        return self.module.__dict__.get("REPORTS", {})

    def reported(self, report: Report) -> pyo.Expression:
        """What a report shows, as a named expression over its units and the steps."""
        return pyo.Expression(self.block.component(report.over), self.data.steps, rule=lambda block, unit, step:
                              report.expression(block, self.data, unit, step))

    def reported_units(self, report: Report) -> list:
        """Names of the units that a report runs over."""
        return list(self.block.component(report.over))

    def rule(self, expression: Callable) -> Callable:
        """A function (block, data) as a Pyomo rule of the block alone."""
        return lambda block: expression(block, self.data)


class Fleet(Part):
    """A technology in a model."""

    @property
    def zones(self) -> set:
        """Zones that it feeds or draws from."""
        return set(self.data.zone_names) if self.data.zone_names is not None else set(self.module.zones(self.data))

    def injection(self, zone, step):
        """Net power into a zone, GW."""
        if self.offers("injection"):
            return self.module.injection(self.block, self.data, zone, step)
        return sum(self.output(unit, step) for unit in self.data.units_in[zone])


def declare(block, data: Data, model) -> None:
    """Give block and data the sets that rules run over."""
    block.units = pyo.Set(initialize=list(data.names))
    if data.zone_names is not None:
        members = {zone: [] for zone in data.case.zones}
        for name, zone in zip(data.names, data.zone_names):
            members[zone].append(name)
        block.units_in = pyo.Set(model.zones, initialize=members)
        data.units_in = block.units_in
    data.units, data.zones, data.steps, data.borders = block.units, model.zones, model.steps, model.borders


def subset(block, name: str, members) -> pyo.Set:
    """A named set of some of the block's units."""
    block.add_component(name, pyo.Set(initialize=list(members)))
    return block.component(name)
