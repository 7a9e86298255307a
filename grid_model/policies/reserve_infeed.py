"""N-1: the largest infeed of an area that may fail, against which reserve is kept.

symbol  attribute      unit  kind
N       infeed         GW    decision, N >= least_infeed; data where it is given or `infeed: capacity`
g, r    output, up     GW    decisions: output of a plant, and reserve upwards that it provides and that fails with it
f       flow           GW    decision of a corridor, at the sending end
k       lost_forward,  1     data: part of a flow that fails with the largest element and would have arrived,
        lost_backward        largest element / capacity x (1 - loss)

Plant of kind thermal and hydro may fail; how much wind, sun and small plant varies is in their shares. A plant that is
one unit counts with its output and its own reserve, a fleet with one unit in full in every step in which it is
available (which of its units run is no question to a linear programme). Corridors between areas count with what they
bring in. A storage unit is smaller than what is left of a region's largest plant and is not looked at.
"""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from grid_model.algebra import Array
from grid_model.case.units import MW
from grid_model.policies.contract import members


def read(data, given: np.ndarray) -> np.ndarray:
    """N of every area and step where it is data, else 0 [GW]; with what the others need in `data`.

    given            N of each area, NaN where it is found in the case [GW]
    data.contingent  areas whose N is a decision
    data.unit_steps  by fleet the (unit, step) whose output can be above the lower bound of N
    data.line_steps  by direction the (line, step) that can bring in more than it
    """
    dynamic = data.settings.infeed == "dynamic"
    plants = _plants(data.case)
    unit, single = _largest_unit(plants)
    failing = np.minimum(unit[:, None], available(data.case, plants))
    lines = next((fleet for fleet in data.fleets if fleet.name == "transmission"), None)
    corridors = {} if lines is None else _read_corridors(data, lines)
    least = most_by_area(data, plants["zone"], np.where(single[:, None] & dynamic, 0.0, failing))
    if not dynamic:
        for direction, areas in (("forward", "area_to"), ("backward", "area_from")) if corridors else ():
            least = np.maximum(least, _most(data, getattr(data, areas).values, corridors[direction]))
    fixed = np.where(np.isnan(given)[:, None], least * (data.settings.infeed == "capacity"), given[:, None])
    data.least_infeed = Array(least, data.areas, data.step_labels, name="least_infeed")
    _choose_rows(data, plants, failing, single, corridors, least, np.isnan(given) & dynamic)
    return np.nan_to_num(fixed) + np.zeros((1, data.end))


def _plants(case):
    """Generators that may fail."""
    table = case.tables["generators"]
    kind = table["technology"].map(case.tables["technologies"].set_index("technology")["kind"])
    return table[kind.isin(["thermal", "hydro"])]


def _largest_unit(plants) -> tuple[np.ndarray, np.ndarray]:
    """Size of the largest unit of each plant [GW], and whether it is the whole plant."""
    capacity = plants["capacity_mw"].to_numpy(float) * MW
    unit = np.fmin(plants["largest_unit_mw"].to_numpy(float) * MW, capacity)  # fmin: empty is NaN and limits nothing
    return unit, unit >= capacity


def available(case, table) -> np.ndarray:
    """Greatest output of generators, shape (generators, steps) [GW]."""
    part = case.profile("availability", table["generator"], table["max_output_fraction"].to_numpy(float))
    return part * table["capacity_mw"].to_numpy(float)[:, None] * MW


def position(data, zones) -> np.ndarray:
    """Positions of the areas of zones."""
    return np.searchsorted(data.areas.astype(str), np.array([data.area_of[zone] for zone in zones], str))


def most_by_area(data, zones, values: np.ndarray) -> np.ndarray:
    """The greatest of the values in each area, 0 where there are none, shape (areas, steps)."""
    return _most(data, data.areas[position(data, zones)], values)


def _most(data, areas, values: np.ndarray) -> np.ndarray:
    most = np.zeros((len(data.areas), data.end))
    np.maximum.at(most, np.searchsorted(data.areas.astype(str), areas.astype(str)), values)
    return most


def _read_corridors(data, lines) -> dict[str, np.ndarray]:
    """Most that each line can bring into the area at its end (forward) and at its beginning (backward), lost with one
    element, shape (lines, steps) [GW]; none where both ends are in one area."""
    table, limits = lines.data.table, lines.data
    data.lines = lines
    data.area_from, data.area_to = (Array(data.areas[position(data, table[end])], limits.names, name="area")
                                    for end in ("from_zone", "to_zone"))
    between = data.area_from.values != data.area_to.values
    element, loss = table["largest_element_mw"].to_numpy(float), table["loss_fraction"].to_numpy(float)
    most = {}
    for direction, column, limit in (("forward", "capacity_mw", limits.upper.values),
                                     ("backward", "reverse_capacity_mw", -limits.lower.values)):
        capacity = table[column].to_numpy(float)
        part = np.fmin(np.divide(element, capacity, out=np.ones_like(element), where=capacity > 0), 1.0) * (1 - loss)
        setattr(data, f"lost_{direction}", Array(part, limits.names, name=f"lost_{direction}"))
        most[direction] = np.maximum(limit, 0) * (part * between)[:, None]
    return most


def _choose_rows(data, plants, failing, single, corridors, least, open_areas) -> None:
    """The units and lines that can bring in more than the lower bound of N, and the areas in which N is a decision."""
    at = position(data, plants["zone"])
    above = single[:, None] & (failing > least[at]) & open_areas[at][:, None]
    names = plants["generator"].to_numpy(object)
    contingent = {*data.areas[open_areas & (least > 0).any(axis=1)], *data.areas[at[above.any(axis=1)]]}
    data.unit_steps = {}
    for fleet in data.offering("output"):
        of_fleet = above & (np.isin(names, fleet.data.names) & ("generator" in fleet.data.table))[:, None]
        if of_fleet.any():
            data.unit_steps[fleet.name] = [(names[row], int(step) + 1) for row, step in np.argwhere(of_fleet)]
    data.area_of_unit = Array(data.areas[at], names, name="area_of_unit")
    data.line_steps = {}
    for direction, most in corridors.items():
        areas = (data.area_to if direction == "forward" else data.area_from).values
        at = np.searchsorted(data.areas.astype(str), areas.astype(str))
        beyond = (most > least[at]) & open_areas[at][:, None]
        data.line_steps[direction] = [(data.lines.data.names[row], int(step) + 1) for row, step in np.argwhere(beyond)]
        contingent |= set(areas[beyond.any(axis=1)])
    data.contingent = sorted(contingent)


def add_variables(reserves, data):
    reserves.contingent = pyo.Set(initialize=data.contingent)
    members(reserves, "contingent_of", data.areas, {area: [area] for area in data.contingent})
    reserves.infeed = pyo.Var(reserves.contingent, data.steps, bounds=lambda _, area, step: (
        data.least_infeed[area, step], None))


def add_constraints(reserves, data):
    for fleet in data.fleets:
        if fleet.name in data.unit_steps:
            _add_units(reserves, data, fleet)
    if data.line_steps:
        _add_lines(reserves, data)


def _add_units(reserves, data, fleet):
    reserves.add_component(f"{fleet.name}_steps", pyo.Set(dimen=2, initialize=data.unit_steps[fleet.name]))

    provided = reserves.component(f"up_{fleet.name}")  # no component where none of its units decides on reserve
    units = {unit for unit, _ in data.unit_steps[fleet.name]}
    provider = members(reserves, f"{fleet.name}_provider", sorted(units), {
        unit: [unit] for unit in data.providers["up"].get(fleet, ()) if unit in units})

    def unit_infeed(reserves, unit, step):
        """N[a,t] >= g[g,t] + r[g,t]   [GW]"""
        own = 0 if provided is None else sum(provided[one, step] for one in provider[unit])
        return reserves.infeed[data.area_of_unit[unit], step] >= fleet.output(unit, step) + own

    reserves.add_component(f"{fleet.name}_infeed",
                           pyo.Constraint(reserves.component(f"{fleet.name}_steps"), rule=unit_infeed))


def _add_lines(reserves, data):
    reserves.forward_steps = pyo.Set(dimen=2, initialize=data.line_steps["forward"])
    reserves.backward_steps = pyo.Set(dimen=2, initialize=data.line_steps["backward"])

    @reserves.Constraint(reserves.forward_steps)
    def forward_infeed(reserves, line, step):
        """N[a,t] >= k f[l,t], a the area at the end   [GW]"""
        return reserves.infeed[data.area_to[line], step] >= data.lost_forward[line] * data.lines.flow(line, step)

    @reserves.Constraint(reserves.backward_steps)
    def backward_infeed(reserves, line, step):
        """N[a,t] >= -k f[l,t], a the area at the beginning   [GW]"""
        return reserves.infeed[data.area_from[line], step] >= -data.lost_backward[line] * data.lines.flow(line, step)


def infeed(reserves, area, step):
    """N[a,t] where it is a decision, else 0 (it is then part of R)   [GW]"""
    return sum(reserves.infeed[one, step] for one in reserves.contingent_of[area])
