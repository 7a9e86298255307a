"""Cascade: water that leaves one reservoir arrives at the next, hours later.

symbol  attribute      unit  kind
q       outflow        GW    decision of the upstream reservoir: release and spill
d       delay          h     data
k       share          1     data: part of the upstream water that goes this way
phi     energy_factor  1     data: energy that the downstream plant makes of the water of one MWh upstream
W       weight         1     data: k phi times the part of what arrives in a step that left in an earlier one
b       before         GW    data: what arrives in a step and left before the horizon

What arrives between the borders x and y of a step left between x - d and y - d. So with steps of any length a step
gets, from each earlier step, that step's outflow over the hours in which the two meet; no water is lost between steps,
and where steps are equal and the delay a multiple of them it is just the outflow d hours ago:

    arrivals[r,t] = b[r,t] + sum over links to r and the steps j met of W[link,j,t] q[upstream,j]

What left before the horizon is data: `initial_flow_mw`, or else the flow that carries off the inflow of the first day
all along the cascade. Where the upstream reservoir is cyclic it is the end of the horizon. What leaves in the last d
hours arrives after the horizon.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.checks import acyclic, problems_where, unique_together
from grid_model.case.tables import number, reference
from grid_model.case.units import MW

CASCADE = [
    reference("upstream", "reservoirs", meaning="reservoir that the water leaves", required=True),
    reference("downstream", "reservoirs", meaning="reservoir where it arrives", required=True),
    number("delay_hours", unit="h", minimum=0, maximum=8784, default=0, meaning="time on the way"),
    number("share", unit="1", minimum=0, maximum=1, default=1, meaning="part of the upstream water that goes this way"),
    number("energy_factor", unit="1", minimum=0, maximum=1000, default=1,
           meaning="energy that the downstream plant makes of the water of one MWh upstream: the ratio of their heads"),
    number("initial_flow_mw", unit="MW", minimum=0,
           meaning="flow that left upstream before the horizon; empty: what carries off the inflow of the first day; "
                   "not used where the upstream reservoir is cyclic"),
]


def check_cascade(frames) -> list:
    """Each link once, no way back up, and no more water sent on than there is."""
    table = frames["cascade"]
    if table.empty:
        return []
    too_much = table.groupby("upstream")["share"].transform("sum") > 1 + 1e-9
    return (acyclic(table, "upstream", "downstream") + unique_together(table, ["upstream", "downstream"])
            + problems_where(table, too_much, "share", "shares of one upstream reservoir that sum to at most 1"))


def read_cascade(data, case) -> None:
    """Links, and for each link and step the pieces of earlier steps that arrive in it: which step, with what weight.

    data.links_into   {reservoir: links}, links numbered from 0
    data.pieces       numbers of the pieces, as many as the most steps that arrive in one
    data.source, data.weight   (link, piece, step): label of the earlier step, W
    data.before       (reservoir, step): b
    """
    links = case.tables["cascade"].reset_index(drop=True)
    position = pd.Index(data.reservoir_names)
    upstream, downstream = (position.get_indexer(links[end]) for end in ("upstream", "downstream"))
    gain = (links["share"] * links["energy_factor"]).to_numpy(float)
    numbers = np.arange(len(links))
    data.links_into = {name: numbers[downstream == at].tolist() for at, name in enumerate(data.reservoir_names)}
    source, hours = arriving(links["delay_hours"].to_numpy(float), case.step_hours)
    inside = (source >= 0) | data.cyclic[upstream][:, None, None]
    weight = gain[:, None, None] * hours / case.step_hours
    data.pieces = np.arange(source.shape[1])
    data.source = Array(source % data.end + 1, numbers, data.pieces, data.step_labels, name="source")
    data.weight = Array(np.where(inside, weight, 0.0), numbers, data.pieces, data.step_labels, name="weight")
    data.upstream = Array(data.reservoir_names[upstream], numbers, name="upstream")
    data.upstream_generator = Array(data.names[upstream], numbers, name="upstream_generator")
    given = links["initial_flow_mw"].to_numpy(float) * MW
    steady = steady_flow(upstream, downstream, gain, first_day(data.inflow.values, case.step_hours))
    flow = np.where(np.isnan(given), steady[upstream], given)
    before = np.zeros(data.inflow.values.shape)
    np.add.at(before, downstream, flow[:, None] * np.where(inside, 0.0, weight).sum(axis=1))
    data.before = data.series(before, "before", data.reservoir_names)


def arriving(delay_hours: np.ndarray, step_hours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which steps' outflow arrives in each step, and for how many hours of it: two arrays (link, piece, step).

    Steps count from 0; negative ones lie before the horizon, as if it were repeated (-1 is its last step).
    """
    border = np.rint(np.concatenate([[0.0], np.cumsum(step_hours)]) * 3600).astype(np.int64)  # whole seconds: no crumbs
    delay = np.rint(delay_hours * 3600).astype(np.int64)[:, None]
    length, steps = border[-1], len(step_hours)
    periods = int(-(-delay.max(initial=0) // length))
    earlier = (border[:-1] - length * np.arange(periods, 0, -1)[:, None]).reshape(-1)
    borders = np.concatenate([earlier, border])
    start, end = border[:-1] - delay, border[1:] - delay
    first = np.searchsorted(borders, start, side="right") - 1
    last = np.searchsorted(borders, end, side="left") - 1
    pieces = np.arange((last - first).max(initial=0) + 1)[:, None]
    source = np.minimum(first[:, None, :] + pieces, last[:, None, :])
    met = np.minimum(borders[source + 1], end[:, None, :]) - np.maximum(borders[source], start[:, None, :])
    met = np.where(first[:, None, :] + pieces <= last[:, None, :], met, 0)
    return source - periods * steps, met / 3600


def first_day(values: np.ndarray, step_hours: np.ndarray) -> np.ndarray:
    """Mean of each row over the first 24 hours."""
    hours = np.clip(24 - (np.cumsum(step_hours) - step_hours), 0, step_hours)
    return values @ hours / hours.sum()


def steady_flow(upstream, downstream, gain, inflow: np.ndarray) -> np.ndarray:
    """Outflow of every reservoir that keeps all levels: q = inflow + sum of gain q[upstream]   [GW]"""
    passed = np.zeros((len(inflow), len(inflow)))
    np.add.at(passed, (downstream, upstream), gain)
    return np.linalg.lstsq(np.eye(len(inflow)) - passed, inflow, rcond=None)[0]


def add_links(reservoir, data) -> None:
    """The sets that `arrivals` sums over."""
    reservoir.links_into = pyo.Set(reservoir.reservoirs, initialize=data.links_into)
    reservoir.pieces = pyo.Set(initialize=data.pieces.tolist())


def arrivals(reservoir, data, name, step):
    """b[r,t] + sum of W q[upstream,j]   [GW]"""
    return data.before[name, step] + sum(
        data.weight[link, piece, step] * (
            reservoir.generation[data.upstream_generator[link], data.source[link, piece, step]]
            + reservoir.spill[data.upstream[link], data.source[link, piece, step]])
        for link in reservoir.links_into[name] for piece in reservoir.pieces)
