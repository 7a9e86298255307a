"""Energy that a line sends in one direction in a step, from what transmission offers; read by the green policies.

symbol  attribute      unit  kind
f, s    flow, sent     GW    offers of transmission: F - B and F + B
F       forward        GWh   decision, only of exchanging lines, by step: energy sent with the direction of the line
B       backward       GWh   decision, only of exchanging lines, by step: energy sent against it

A line with loss or cost, or one that goes one way only, tells its directions apart: its energy with direction +1 is
(s + f)/2 dt, against it (s - f)/2 dt. A two-way line without loss and cost (`exchanging`) has one column f. For the rules
that read it its flow is split,

    F - B = f dt,   F + B <= what the line could send,   F or B alone

the last as for a line of two columns: where an optimum counts both in a step the solver closes one (ONE_DIRECTION,
solve/one_way.py). Without it a contract, or a corridor's least share, would count what goes there and back again.

An arc is a line in one direction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.policies.contract import members
from grid_model.technologies.contract import subset

ONE_DIRECTION = (("lines_forward", "lines_backward", "lines_exchanging"),)


class DirectedFlow:
    """Arcs of some lines: `table` (arc, line, sign, from_zone, to_zone, delivered), and `energy(arc, step)` in GWh."""

    def __init__(self, transmission, lines, step_hours):
        self.transmission, self.step_hours = transmission, step_hours
        self.table = pd.DataFrame(columns=["arc", "line", "sign", "from_zone", "to_zone", "delivered"])
        self.exchanging, self.most = np.array([], object), np.zeros((0, len(step_hours.values)))
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

    def add(self, block, steps) -> None:
        """Sets, and the columns and rows of exchanging lines, under names that begin with `lines`."""
        arcs, line = self.table["arc"], self.table["line"]
        shared = line.isin(self.exchanging)
        self.steps = steps
        self.told, self.forward, self.backward = (
            members(block, f"lines_{way}", arcs, {arc: [one] for arc, one in zip(arcs[here], line[here])})
            for way, here in (
                ("told", ~shared),
                ("with_line", shared & (self.table["sign"] > 0)),
                ("against_line", shared & (self.table["sign"] < 0)),
            )
        )
        self.lines = subset(block, "lines_exchanging", self.exchanging)
        self.limit = Array(self.most * self.step_hours.values, self.exchanging, list(steps), name="most_sent")
        self.forward_energy, self.backward_energy = (
            pyo.Var(self.lines, steps, bounds=lambda _, line, step: (0, self.limit[line, step])) for _ in range(2)
        )
        block.lines_forward, block.lines_backward = self.forward_energy, self.backward_energy

        @block.Constraint(self.lines, steps)
        def lines_net(block, line, step):
            """F[l,t] - B[l,t] = f dt   [GWh]"""
            sent = self.step_hours[step] * self.transmission.flow(line, step)
            return self.forward_energy[line, step] - self.backward_energy[line, step] == sent

        @block.Constraint(self.lines, steps)
        def lines_both_ways(block, line, step):
            """F[l,t] + B[l,t] <= what the line could send in the step   [GWh]"""
            return self.forward_energy[line, step] + self.backward_energy[line, step] <= self.limit[line, step]

    def energy(self, arc, step):
        """Energy sent along an arc in a step, at the sending end   [GWh]"""
        told = sum(
            self.step_hours[step]
            * (self.transmission.sent(line, step) + self.sign[arc] * self.transmission.flow(line, step))
            / 2
            for line in self.told[arc]
        )
        return (
            told
            + sum(self.forward_energy[line, step] for line in self.forward[arc])
            + sum(self.backward_energy[line, step] for line in self.backward[arc])
        )

    def exchanged(self):
        """Energy of all exchanging lines, both ways   [GWh]"""
        return sum(
            self.forward_energy[line, step] + self.backward_energy[line, step] for line in self.lines for step in self.steps
        )
