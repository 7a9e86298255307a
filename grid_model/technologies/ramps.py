"""Ramps: how far output may rise or fall from one step to the next, as part of capacity.

symbol  attribute      unit  kind
U       rise           1     data, greatest rise into a step: ramp_up_fraction_per_hour dt
V       fall           1     data, greatest fall into a step: ramp_down_fraction_per_hour dt
a, f    most, least    1     data, limits of output in the step, as part of capacity
a-, f-  most_before, least_before   1    data, the same in the step before

A profile that forces output to change faster (an outage, the first day of a heating season) is no ramp of the plant:
U is at least f - a-, V at least f- - a. A row can bind only where U < a - f- or V < a- - f: only such units get rows.
Before the first step output is what `initial_output_mw` says; without it the first step is not limited.

Here stand the figures, and the law of units without commitment; that of what is online is in commitment.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid_model.case.tables import number

COLUMNS = [
    number("ramp_up_fraction_per_hour", unit="1/h", minimum=0, by_technology=True,
           meaning="greatest rise of output in an hour, as part of capacity, or of what is online where there is "
                   "commitment; empty: no limit"),
    number("ramp_down_fraction_per_hour", unit="1/h", minimum=0, by_technology=True,
           meaning="greatest fall of output in an hour, as part of capacity, or of what is online where there is "
                   "commitment; empty: no limit"),
    number("initial_output_mw", unit="MW", minimum=0,
           meaning="output just before the horizon, from which it ramps; empty: no ramp limits the first step"),
]

ROUNDING = 1e-9


@dataclass(frozen=True)
class Ramps:
    """U, V, f- and a-, each of shape (units, steps), and which units have a given output before the first step."""

    rise: np.ndarray
    fall: np.ndarray
    least_before: np.ndarray
    most_before: np.ndarray
    given: np.ndarray

    def of_later_steps(self, binds: np.ndarray) -> np.ndarray:
        """The units whose ramp can bind after the first step; `binds` says where it can, shape (units, steps)."""
        return binds[:, 1:].any(axis=1)

    def of_first_step(self, binds: np.ndarray) -> np.ndarray:
        """The units whose ramp can bind at the first step."""
        return binds[:, 0] & self.given


def read_ramps(table, step_hours, least, most, before_first) -> Ramps:
    """Ramps of units whose output lies between `least` and `most`, parts of capacity of shape (units, steps).

    `before_first` is the pair (least, most) just before the first step, each of shape (units,).
    """
    least_before = np.column_stack([before_first[0], least[:, :-1]])
    most_before = np.column_stack([before_first[1], most[:, :-1]])
    up, down = (table[f"ramp_{way}_fraction_per_hour"].fillna(np.inf).to_numpy(float)[:, None]
                for way in ("up", "down"))
    outage = least_before - most
    outage[:, 0] = most_before[:, 0] - most[:, 0]  # output before the horizon is given: it could not prepare
    rise = np.maximum(up * step_hours, least - most_before)
    fall = np.maximum(down * step_hours, outage)
    return Ramps(rise, fall, least_before, most_before, table["initial_output_mw"].notna().to_numpy())
