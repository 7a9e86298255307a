"""The solved case as one xarray Dataset: what every technology reports, prices, cost items, and static facts.

MW are means over the step, MWh stand at its end. The dimension `zone` keeps its name for zones, so the zone of a generator
is the coordinate `generator_zone`, that of a store `storage_zone`, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.case.tables import CORE_TABLES
from grid_model.case.units import CNY, CNY_PER_MWH, MWH
from grid_model.technologies.transmission import reverse_capacity

# dimension: (table, {coordinate: column})
FACTS = {
    "generator": ("generators", {"generator_zone": "zone", "technology": "technology", "capacity_mw": "capacity_mw",
                                 "purchase_class": "purchase_class"}),
    "storage": ("storage", {"storage_zone": "zone", "storage_technology": "technology", "power_mw": "power_mw",
                            "energy_mwh": "energy_mwh", "place": "place"}),
    "line": ("lines", {"from_zone": "from_zone", "to_zone": "to_zone", "line_capacity_mw": "capacity_mw",
                       "line_reverse_capacity_mw": "reverse_capacity_mw", "line_loss_fraction": "loss_fraction",
                       "line_name_zh": "name_zh"}),
    "reservoir": ("reservoirs", {"reservoir_generator": "generator", "reservoir_capacity_mwh": "capacity_mwh",
                                 "reservoir_name_zh": "name_zh"}),
    "consumer": ("loads", {"consumer_zone": "zone", "consumer_kind": "kind"}),
    "programme": ("demand_response", {"programme_zone": "zone", "programme_kind": "kind"}),
    "converter": ("converters", {"converter_kind": "kind"}),
    "port": ("converter_ports", {"port_converter": "converter", "port_zone": "zone"}),
    "zone": ("zones", {"region": "region", "latitude": "latitude", "longitude": "longitude", "name_zh": "name_zh",
                       "zone_code": "code"}),
}
DERIVED = {("lines", "reverse_capacity_mw"): reverse_capacity}  # of a table, where an empty cell says something
ROUNDING_MW = 1e-6  # less than this is no curtailment, but what a solver's tolerance leaves
IDENTIFIER = {"consumer": "load"}
STANDARD_NAMES = {"latitude": ("latitude", "degree_north"), "longitude": ("longitude", "degree_east")}


def build_dataset(solved) -> xr.Dataset:
    """Everything hourly of a `Solved` case."""
    case = solved.case
    time = xr.Variable("time", case.time.to_numpy(), {"standard_name": "time", "long_name": "start of the step, Beijing time"})
    variables = _reports(solved)
    variables |= _of_zones(case, variables)
    if "available" in variables:
        variables["curtailment"] = _curtailment(solved, variables)
    variables["price"] = _prices(solved)
    variables["objective"] = _cost_items(solved)
    if solved.model.ranks:
        variables["rank_objective"] = _ranks(solved)
    for part in solved.model.policies.values():
        variables |= part.series(solved) if part.offers("series") else {}
    dataset = xr.Dataset(variables, coords={"time": time, "step_hours": ("time", np.asarray(case.step_hours), {
        "units": "h", "long_name": "length of the step"})})
    if case.step_weights is not None:
        dataset = dataset.assign_coords(step_weight=("time", np.asarray(case.step_weights), {
            "units": "1", "long_name": "how often the step counts in sums over the run"}))
    dataset = dataset.assign_coords(_facts(solved, dataset))
    return dataset.assign_attrs(Conventions="CF-1.11", title=case.name)


def counted_hours(dispatch: xr.Dataset) -> xr.DataArray:
    """Hours for which each step counts in what is summed over a run: its length, as often as it stands for others [h]."""
    hours = dispatch["step_hours"]
    return hours * dispatch["step_weight"] if "step_weight" in dispatch.coords else hours


def _reports(solved) -> dict[str, xr.DataArray]:
    """What the technologies report, those of one name joined along their dimension in the order of its table."""
    parts, reports = defaultdict(list), {}
    for fleet in solved.model.fleets.values():
        for name, report in fleet.reports.items():
            units = list(fleet.reported_units(report))
            if not units:
                continue
            parts[name].append((units, solved.evaluate(f"{fleet.name}.report_{name}") * report.scale))
            reports[name] = report
    return {name: _joined(solved.case, values_of, reports[name]) for name, values_of in parts.items()}


def _joined(case, values_of: list[tuple[list, np.ndarray]], report) -> xr.DataArray:
    table, identifier = FACTS[report.dimension][0], IDENTIFIER.get(report.dimension, report.dimension)
    order = case.tables[table][identifier].to_numpy(object)
    whole = np.full((len(order), case.steps), 0.0 if report.unit == "tCO2" else np.nan)  # who reports no emissions has none
    for units, values in values_of:
        whole[pd.Index(order).get_indexer(units)] = values
    where = "time: point" if report.unit == "MWh" else "time: sum" if report.unit == "tCO2" else "time: mean"
    return xr.DataArray(whole, coords={report.dimension: order}, dims=(report.dimension, "time"), attrs={
        "units": report.unit, "long_name": report.long_name, "cell_methods": where})


def _of_zones(case, variables) -> dict[str, xr.DataArray]:
    """Sums by zone of what is reported by consumer or programme."""
    names = {"load": ("demand", "loads", "load"), "unserved": ("unserved_demand", "loads", "load that is not served"),
             "orderly_use": ("orderly_use_by_programme", "demand_response", "demand reduced by orderly use")}
    none = xr.DataArray(np.zeros((0, case.steps)), dims=("consumer", "time"))  # load there is always, be it of nobody
    sources = {"demand": none, "unserved_demand": none} | variables
    return {name: _by_zone(case, sources[source], case.tables[table]["zone"], long_name)
            for name, (source, table, long_name) in names.items() if source in sources}


def _by_zone(case, array: xr.DataArray, zone_of_row, long_name: str) -> xr.DataArray:
    """Sum over the first dimension, whose members stand in the order of their table, by zone."""
    values = np.zeros((len(case.zones), case.steps))
    np.add.at(values, pd.Index(case.zones).get_indexer(zone_of_row), array.values)
    return xr.DataArray(values, coords={"zone": np.asarray(case.zones, object)}, dims=("zone", "time"), attrs={
        "units": "MW", "long_name": long_name, "cell_methods": "time: mean"})


def _curtailment(solved, variables) -> xr.DataArray:
    """What was available and not taken, of generators whose energy is lost if it is not taken; 0 of others."""
    losing = [name for fleet in solved.model.fleets.values() if fleet.offers("forgone") for name in fleet.data.names]
    spare = variables["available"] - variables["generation"]
    return spare.where(spare["generator"].isin(losing) & (spare > ROUNDING_MW), 0.0).assign_attrs(
        units="MW", long_name="power available and not taken", cell_methods="time: mean")


def _prices(solved) -> xr.DataArray:
    """Dual of the balance per energy: million CNY/GW over dt hours, as CNY/MWh; NaN where a zone has nothing to balance."""
    case, family = solved.case, solved.program.rows["balance"]
    values = np.full((len(case.zones), case.steps), np.nan)
    rows = [case.zones.index(zone) for zone in family.axes[0].labels]
    hourly = np.divide(solved.dual("balance"), case.cost_hours, out=np.zeros((len(rows), case.steps)), where=case.cost_hours > 0)
    values[rows] = hourly / CNY_PER_MWH + 0.0  # no -0
    return xr.DataArray(values, coords={"zone": np.asarray(case.zones, object)}, dims=("zone", "time"), attrs={
        "units": f"{case.scenario.currency}/MWh", "long_name": "marginal price: cost of one more MWh of load"})


def _cost_items(solved) -> xr.DataArray:
    """Cost by item; they sum to the objective because they are its very terms."""
    names = list(solved.model.cost_items)
    values = [float(solved.evaluate(name)) / CNY for name in names]
    items = [name.replace(".cost_", ".") for name in names]
    return xr.DataArray(values, coords={"item": ("item", np.asarray(items, object), {"long_name": "item of the cost"})}, dims="item",
                        attrs={"units": "CNY", "long_name": "cost by item"})


def _ranks(solved) -> xr.DataArray:
    """What each rank before the cost came to: energy that was there for its class and was not taken."""
    values = [float(solved.evaluate(name)) / MWH + 0.0 for name in solved.model.ranks.values()]
    ranks = xr.Variable("rank", np.asarray(list(solved.model.ranks), object), {"long_name": "rank of the order of purchase"})
    return xr.DataArray(values, coords={"rank": ranks}, dims="rank",
                        attrs={"units": "MWh", "long_name": "energy not taken by rank of purchase, minimised before the cost"})


def _facts(solved, dataset: xr.Dataset) -> dict:
    """Static facts as coordinates of their dimension, with the unit and the meaning that their columns are declared with."""
    coordinates, declared = {}, _declared(solved.model)
    for dimension, (table, columns) in FACTS.items():
        if dimension not in dataset.dims:
            continue
        rows = solved.case.tables[table]
        _, meaning = declared.get((table, IDENTIFIER.get(dimension, dimension)), ("", dimension))
        coordinates[dimension] = (dimension, dataset[dimension].values, {"long_name": meaning})
        for name, column in columns.items():
            if column not in rows:
                continue
            values = DERIVED.get((table, column), itemgetter(column))(rows)
            values = values.to_numpy(float) if values.dtype.kind == "f" else values.to_numpy(object)
            unit, meaning = declared.get((table, column), ("", name.replace("_", " ")))
            attributes = {"long_name": meaning} | ({"units": unit} if unit else {})
            if name in STANDARD_NAMES:
                attributes |= dict(zip(("standard_name", "units"), STANDARD_NAMES[name]))
            coordinates[name] = (dimension, values, attributes)
    return coordinates


def _declared(model) -> dict[tuple[str, str], tuple[str, str]]:
    """Unit and meaning of every column that the core and the parts of a model declare, by table and name."""
    tables = [CORE_TABLES, *(part.module.TABLES for part in (*model.fleets.values(), *model.policies.values()))]
    return {(table, column.name): (column.metadata["unit"], column.description)
            for declared in tables for table, columns in declared.items() for column in columns}
