"""Energy that a line sends in one direction over a period, from what transmission offers; read by the green policies.

symbol  attribute      unit  kind
f, s    flow, sent     GW    offers of transmission: F - B and F + B
F       forward        GWh   decision, only of exchanging lines, by period: energy sent with the direction of the line
B       backward       GWh   decision, only of exchanging lines, by period: energy sent against it

A line with loss or cost, or one that goes one way only, tells its directions apart: its energy with direction +1 is
sum of (s + f)/2 dt, against it sum of (s - f)/2 dt. A two-way line without loss and cost (`exchanging`) has one column
f, and no linear rule on f alone tells what it sent one way. Of such a line F - B = sum of f dt is known for each
period, and F + B is no more than the line could send in it: in a full hour nothing goes both ways. Below that it is the
hull of "one or the other" and no more: where the policy puts a small cost on both (certificates) they are what flows, where
it puts none (contracts, corridors) a line may count, in each direction, half of what it has free in the period beside its
flow. A line with a cost, however small, has two columns, of which the solver keeps one at a time open (solve/one_way.py).

An arc is a line in one direction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.policies.contract import members
from grid_model.technologies.contract import subset


class DirectedFlow:
    """Arcs of some lines: `table` (arc, line, sign, from_zone, to_zone, delivered), and `energy(arc, period)` in
    GWh."""

    def __init__(self, transmission, lines, step_hours):
        self.transmission, self.step_hours = transmission, step_hours
        self.table = pd.DataFrame(columns=["arc", "line", "sign", "from_zone", "to_zone", "delivered"])
        self.exchanging = np.array([], object)
        if transmission is not None:
            self._read(transmission.data, np.isin(transmission.data.names, list(lines)))
        arcs = self.table["arc"].to_numpy(object)
        self.sign = Array(self.table["sign"].to_numpy(float), arcs, name="sign")
        self.delivered = Array(self.table["delivered"].to_numpy(float), arcs, name="delivered")

    def _read(self, data, chosen) -> None:
        lower, upper = data.lower.values, data.upper.values
        ways = [
            pd.DataFrame(
                {"line": data.names, "sign": sign, "from_zone": start, "to_zone": end, "open": possible & chosen}
            )
            for sign, start, end, possible in (
                (1.0, data.from_zone, data.to_zone, (upper > 0).any(axis=1)),
                (-1.0, data.to_zone, data.from_zone, (lower < 0).any(axis=1)),
            )
        ]
        table = pd.concat(ways, ignore_index=True)
        table["delivered"] = 1 - np.tile(data.loss_fraction.values, 2)
        table["arc"] = table["line"] + np.where(table["sign"] > 0, " >", " <")
        self.table = table[table["open"]].drop(columns="open").reset_index(drop=True)
        both = data.one_column & (lower < 0).any(axis=1) & (upper > 0).any(axis=1)
        self.exchanging = data.names[both & chosen]
        self.most = np.maximum(upper, -lower)[both & chosen]

    def add(self, block, name: str, periods, steps_of_period, steps) -> None:
        """Sets, and the columns and rows of exchanging lines, under names that begin with `name`.

        periods : Pyomo set; steps_of_period : indexed Pyomo set; steps : {period: its steps}
        """
        arcs, line = self.table["arc"], self.table["line"]
        shared = line.isin(self.exchanging)
        self.periods, self.steps_of_period = periods, steps_of_period
        self.told, self.forward, self.backward = (
            members(block, f"{name}_{way}", arcs, {arc: [one] for arc, one in zip(arcs[here], line[here])})
            for way, here in (
                ("told", ~shared),
                ("with_line", shared & (self.table["sign"] > 0)),
                ("against_line", shared & (self.table["sign"] < 0)),
            )
        )
        self.lines = subset(block, f"{name}_exchanging", self.exchanging)
        self.limit = self._limits(steps)
        block.add_component(f"{name}_forward", pyo.Var(self.lines, periods, bounds=self._within))
        block.add_component(f"{name}_backward", pyo.Var(self.lines, periods, bounds=self._within))
        self.forward_energy, self.backward_energy = (block.component(f"{name}_{way}") for way in ("forward", "backward"))
        block.add_component(f"{name}_net", pyo.Constraint(self.lines, periods, rule=self._net))
        block.add_component(f"{name}_both_ways", pyo.Constraint(self.lines, periods, rule=self._both_ways))

    def _within(self, block, line, period):
        return 0, self.limit[line, period]

    def _limits(self, steps) -> Array:
        """What an exchanging line could send in a period, GWh."""
        energy = (
            self.most * self.step_hours.values if len(self.exchanging) else np.zeros((0, len(self.step_hours.values)))
        )
        most = [energy[:, np.asarray(some, int) - 1].sum(axis=1) for some in steps.values()]
        return Array(np.stack(most, axis=1), self.exchanging, list(steps), name="most_sent")

    def _net(self, block, line, period):
        """F[l,p] - B[l,p] = sum over the period of f dt   [GWh]"""
        sent = sum(self.step_hours[step] * self.transmission.flow(line, step) for step in self.steps_of_period[period])
        return self.forward_energy[line, period] - self.backward_energy[line, period] == sent

    def _both_ways(self, block, line, period):
        """F[l,p] + B[l,p] <= what the line could send in the period   [GWh]"""
        return self.forward_energy[line, period] + self.backward_energy[line, period] <= self.limit[line, period]

    def energy(self, arc, period):
        """Energy sent along an arc in a period, at the sending end   [GWh]"""
        told = sum(
            self.step_hours[step]
            * (self.transmission.sent(line, step) + self.sign[arc] * self.transmission.flow(line, step))
            / 2
            for line in self.told[arc]
            for step in self.steps_of_period[period]
        )
        return (
            told
            + sum(self.forward_energy[line, period] for line in self.forward[arc])
            + sum(self.backward_energy[line, period] for line in self.backward[arc])
        )

    def exchanged(self):
        """Energy of all exchanging lines, both ways   [GWh]"""
        return sum(
            self.forward_energy[line, period] + self.backward_energy[line, period]
            for line in self.lines
            for period in self.periods
        )
