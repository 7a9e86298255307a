"""A network solved by PyPSA and, imported, by us: cost and prices; and what is exported of the import, solved by PyPSA.

A price is compared as an interval. Cost is convex in what a bus must be given, so that with a step h either way

    (V(b) - V(b - h)) / h  <=  price  <=  (V(b + h) - V(b)) / h

holds for each price of each optimum of PyPSA's programme: ours must lie within, and where both ends are the same the price
is unique. A step that has no solution leaves its side open.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import highspy
import numpy as np
from interop.peer import objective_in_pypsa

import grid_model as gm
from grid_model.interop.pypsa_export import export_case
from grid_model.interop.pypsa_import import import_network

COST_TOLERANCE, PRICE_TOLERANCE, STEP_MW = 1e-6, 2e-3, 0.05


@dataclass
class Comparison:
    """How a network fares; problems are empty where all agrees. Costs are None where there is no dispatch."""

    pypsa: float | None
    ours: float | None = None
    again: float | None = None  # PyPSA's optimum of what is exported of the import
    home: float | None = None  # ours of that, imported once more
    refused: list[str] = field(default_factory=list)  # by the export
    prices: int = 0
    unique: int = 0
    problems: list[str] = field(default_factory=list)

    def same(self, what: str, value: float | None) -> None:
        alike = value is not None and self.pypsa is not None and (
            abs(value - self.pypsa) <= COST_TOLERANCE * max(abs(self.pypsa), 1e3))
        if not alike and (value is not None or self.pypsa is not None):
            self.problems.append(f"{what}: PyPSA {self.pypsa}, here {value}")


def compare(pypsa, network, prices: bool = True, back: bool = True) -> Comparison:
    """Import a network and compare; every problem is told, none raised."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(folder)
        network.export_to_netcdf(folder / "network.nc")
        found = Comparison(objective_in_pypsa(network))
        try:
            case = gm.load_case(import_network(folder / "network.nc", folder / "grid"))
            results = served(case)
            found.ours = None if results is None else results.summary["objective_cny"]
            found.same("cost", found.ours)
            if prices and not found.problems and results is not None:
                _compare_prices(found, network, results)
            if back and found.pypsa is not None:
                _compare_again(pypsa, found, case, folder)
        except Exception as error:  # noqa: BLE001 - whatever stops one network is told, and the next is tried
            found.problems.append(f"{type(error).__name__}: {error}"[:600])
    return found


def served(case):
    """Our results, or None where load is unserved or nothing satisfies all rules: PyPSA has no solution then."""
    try:
        results = gm.solve(case)
    except gm.InfeasibleError:
        return None
    lost = float(results.dispatch["unserved"].sum()) if "unserved" in results.dispatch else 0.0
    return None if lost > 1e-6 else results


def _compare_again(pypsa, found: Comparison, case, folder: Path) -> None:
    try:
        file = export_case(case, folder / "again.nc")
    except gm.InputError as error:
        found.refused = [problem.column for problem in error.problems]
        return
    found.again = objective_in_pypsa(pypsa.Network(file))
    found.same("there and back", found.again)
    results = served(gm.load_case(import_network(file, folder / "home")))
    found.home = None if results is None else results.summary["objective_cny"]
    found.same("there, back and home", found.home)


def _compare_prices(found: Comparison, network, results) -> None:
    """Our price of each bus and snapshot lies between PyPSA's costs of a step more and a step less."""
    ours, weight = results.dispatch["price"], network.snapshot_weightings["objective"].to_numpy()
    for bus, at, least, most in price_intervals(network.model):
        price = float(ours.sel(zone=bus).values[at])
        least, most = least / weight[at], most / weight[at]
        slack = PRICE_TOLERANCE * (1 + abs(price))
        found.prices += 1
        found.unique += int(most - least <= slack)
        if not least - slack <= price <= most + slack:
            found.problems.append(f"price of {bus} at step {at}: {price:.6g}, in PyPSA {least:.6g} to {most:.6g}")


def price_intervals(model):
    """(bus, snapshot, least, most) cost of a MW for each row of the balance in a model of linopy that has an optimum."""
    solver = model.to_highspy()
    solver.setOptionValue("output_flag", False)
    solver.run()
    cost, position = solver.getInfo().objective_function_value, {label: row for row, label in enumerate(model.matrices.clabels)}
    demanded = solver.getLp().row_lower_
    for name in model.constraints:
        if name.startswith("Bus-") and name.endswith("nodal_balance"):
            labels = model.constraints[name].labels
            for place, label in np.ndenumerate(labels.values):
                if label >= 0:
                    at = dict(zip(labels.dims, place, strict=True))
                    row = position[label]
                    ends = [_slope(solver, row, demanded[row], way, cost) for way in (-STEP_MW, STEP_MW)]
                    bus = str(labels.coords[next(one for one in labels.dims if one != "snapshot")].values[
                        at[next(one for one in labels.dims if one != "snapshot")]])
                    yield bus, at["snapshot"], *ends


def _slope(solver, row: int, demanded: float, step: float, cost: float) -> float:
    """Cost of a MW for a step of what a row demands; without end where there is no solution."""
    solver.changeRowBounds(row, demanded + step, demanded + step)
    solver.run()
    there = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    slope = (solver.getInfo().objective_function_value - cost) / step if there else np.inf * step
    solver.changeRowBounds(row, demanded, demanded)
    return float(slope)
