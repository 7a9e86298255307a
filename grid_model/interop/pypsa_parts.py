"""What every component of PyPSA may need of a grid that is put together: loads, generators, converters, technologies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grid_model.case.read import PACKAGE
from grid_model.interop.grid_tables import GridTables
from grid_model.interop.network_file import Components, NetworkFile

UNSERVED_FACTOR = 1000.0
START_FACTOR = 10.0
LEAST_UNSERVED_COST = 100_000.0
BEYOND = 1e8  # MW or MWh, where PyPSA has no limit


def package_technologies() -> set[str]:
    """Names of the technologies that come with defaults of their own."""
    lines = (PACKAGE / "technologies.csv").read_text(encoding="utf-8-sig").splitlines()
    return {line.split(",", 1)[0] for line in lines[1:]}


def all_equal(values: np.ndarray) -> np.ndarray:
    """Rows whose values are all the same."""
    return (values == values[:, :1]).all(axis=1)


def unserved_cost(network: NetworkFile) -> float:
    """A cost so high that only what cannot be served is not served, where PyPSA would find no solution."""
    lists = ("generators", "links", "processes", "storage_units", "stores")
    highest = max(float(np.abs(network.components(name).series("marginal_cost", 0.0)).max(initial=0)) for name in lists)
    started = max(_dearest_start(network, network.components(name)) for name in ("generators", "links", "processes"))
    return max(LEAST_UNSERVED_COST, UNSERVED_FACTOR * highest, START_FACTOR * started)


def _dearest_start(network: NetworkFile, units: Components) -> float:
    """Greatest cost of a start, a stop and a step on by the MWh that may come of it."""
    counted = network.step_hours * network.step_weights
    hours = counted[counted > 0].min(initial=np.inf)
    costs = sum(units.series(name, 0.0).max(axis=1, initial=0) for name in ("start_up_cost", "shut_down_cost", "stand_by_cost"))
    size = nominal(units)
    usable = units.flag("committable") & (size > 0) & np.isfinite(hours)
    return float((costs[usable] / size[usable] / hours).max(initial=0))


class Parts:
    """Loads, generators, converters and limits as they are added to a grid; remembers what each name of PyPSA became."""

    def __init__(self, grid: GridTables, network: NetworkFile, unserved_cost: float):
        self.grid, self.network, self.steps, self.unserved_cost = grid, network, network.steps, unserved_cost
        self.counted: dict[tuple[str, str], tuple[str, str, float]] = {}  # (list, name): kind of term, name here, factor
        self._technologies: dict[tuple[str, str], str] = {}

    def load(self, names, zones, demand: np.ndarray) -> None:
        """Loads with their demand by step, shape (names, steps)."""
        names = self.grid.add("loads", load=names, zone=zones, unserved_cost_cny_per_mwh=self.unserved_cost)
        self.grid.profile("load", names, demand)

    def technology(self, wanted: str, kind: str) -> str:
        """A technology of a kind, named as a carrier; never one that the package has defaults for."""
        if (wanted, kind) not in self._technologies:
            own = f"{wanted} of PyPSA" if wanted in package_technologies() else wanted
            self._technologies[wanted, kind] = self.grid.add("technologies", technology=own, kind=kind)[0]
        return self._technologies[wanted, kind]

    def technologies(self, carriers: Sequence[str], kinds: Sequence[str], otherwise: str) -> np.ndarray:
        return np.array([self.technology(carrier or otherwise, kind) for carrier, kind in zip(carriers, kinds)], dtype=object)

    def converters(self, names, lowest, highest, cost, ramps=None, start=None, kind="", capacity=None, **columns) -> np.ndarray:
        """Converters with limits and cost by step, (names, steps) [MW, currency/MWh]; ramps {rise, fall: MW in a step}."""
        most = np.maximum(highest, 0).max(axis=1, initial=0) if capacity is None else capacity
        ramps = ramps or {}
        first = {f"ramp_{word}_mw_per_hour": values[:, 0] / self.network.step_hours[0]
                 for word, values in (("up", ramps.get("rise")), ("down", ramps.get("fall"))) if values is not None}
        written = self.grid.add(
            "converters", converter=names, kind=kind, capacity_mw=most,
            reverse_capacity_mw=np.maximum(-lowest, 0).max(axis=1, initial=0), cost_cny_per_mwh=cost[:, 0],
            **({} if start is None else {"initial_mw": start}), **first, **columns)
        most, least = most[:, None], np.maximum(-lowest, 0).max(axis=1, initial=0)[:, None]
        by_hour = {f"conversion_{way}": values / self.network.step_hours for way, values in ramps.items()}
        for profile, values, usual in (("conversion_most", highest, most), ("conversion_least", lowest, -least),
                                       ("conversion_cost", cost, cost[:, :1]),
                                       *((name, rates, rates[:, :1]) for name, rates in by_hour.items())):
            told = ((values != usual) & ~(np.isnan(values) & np.isnan(usual))).any(axis=1)
            self.grid.profile(profile, written[told], np.nan_to_num(values[told], nan=1e12))
        return written

    def ports(self, converters, zones, rate: np.ndarray, delay=None, cyclic=False, word: str = "") -> None:
        """A port of each converter, with its rate and maybe delay [h] by step, shape (converters, steps)."""
        if not len(converters):
            return
        names = [f"{name} {word}".strip() for name in converters]
        delay = np.zeros(rate.shape) if delay is None else delay
        written = self.grid.add("converter_ports", port=names, converter=converters, zone=zones, rate=rate[:, 0],
                                delay_hours=np.where(all_equal(delay), delay[:, 0], 0.0), cyclic=cyclic)
        for profile, values in (("port_rate", rate), ("port_delay", delay)):
            told = ~all_equal(values)
            self.grid.profile(profile, written[told], values[told])

    def one(self, name: str, lowest, highest, cost, ports: Sequence[tuple[str, np.ndarray]]) -> str:
        """One converter with ports (zone, rate); numbers or series by step."""
        lowest, highest, cost = (np.broadcast_to(values, (1, self.steps)).astype(float) for values in (lowest, highest, cost))
        written = self.converters([name], lowest, highest, cost)
        for number, (zone, rate) in enumerate(ports):
            self.ports(written, [zone], np.broadcast_to(rate, (1, self.steps)).astype(float), word=str(number))
        return written[0]

    def limit(self, name: str, sense: str, amount: float, terms: list[tuple[str, str, np.ndarray]]) -> None:
        """An energy limit; terms are (generator | converter | storage, name, factor by step or one)."""
        limit = self.grid.add("energy_limits", limit=name, sense=sense, amount_mwh=amount)[0]
        for kind, unit, factor in terms:
            factor = np.broadcast_to(factor, self.steps).astype(float)
            term = self.grid.add("energy_limit_terms", term=f"{limit} {unit}", limit=limit, **{kind: unit}, factor=factor[0])
            if (factor != factor[0]).any():
                self.grid.profile("limit_factor", term, factor[None])


def limits(units: Components, capacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest dispatch by step, MW; a set point fixes both, but not what a committable may dispatch when on."""
    lowest, highest = (finite(units.series(f"p_{which}_pu", default), capacity) for which, default in (("min", 0.0), ("max", 1.0)))
    point = units.series("p_set", np.nan)
    beyond = (point < lowest - 1e-9) | (point > highest + 1e-9)
    beyond &= ~units.flag("committable")[:, None]  # off, it may be set to 0
    units.refuse(beyond.any(axis=1), "p_set", np.full(len(units), "beyond the limits"), "values from p_min_pu to p_max_pu")
    units.refuse((lowest > highest + 1e-12).any(axis=1), "p_min_pu", np.full(len(units), "above p_max_pu"), "at most p_max_pu")
    given = ~np.isnan(point) & ~units.flag("committable")[:, None]
    return np.where(given, point, lowest), np.where(given, point, highest)


def finite(per_unit: np.ndarray, size: np.ndarray) -> np.ndarray:
    """per_unit * size by step; a size without limit is one beyond anything."""
    return per_unit * np.where(np.isinf(size), BEYOND, size)[:, None]


def nominal(units: Components) -> np.ndarray:
    """Nominal power that ramps are measured in, of extendable components as asked for."""
    optimised = units.flag("p_nom_extendable") & (units.network.fix_capacities == "optimised")
    size = np.where(optimised, units.static("p_nom_opt", 0.0), units.static("p_nom", 0.0))
    return np.where(np.isinf(size), BEYOND, size)


def step_ramps(units: Components) -> dict[str, np.ndarray]:
    """Greatest rise and fall in each step [MW]; NaN where there is no limit."""
    return {way: units.series(f"ramp_limit_{word}", np.nan) * nominal(units)[:, None]
            for way, word in (("rise", "up"), ("fall", "down"))}


def refuse_common(units: Components) -> None:
    """What is not linear: quadratic costs, maintenance, modules, piecewise attributes."""
    units.refuse_unless("marginal_cost_quadratic", 0.0, "0: costs are linear")
    units.refuse(units.flag("maintainable"), "maintainable", np.full(len(units), "True"), "False: it takes integers")
    units.refuse_unless("p_nom_mod", 0.0, "0: modules take integers", among=units.flag("committable"))  # of others only their size counts
    for variable in map(str, units.network.content.data_vars):
        if variable.startswith(f"{units.listed}_pw_"):
            attribute = variable.removeprefix(f"{units.listed}_pw_")
            index = f"{variable}_i"
            names = units.network.content[index].values if index in units.network.content else [""]
            for name in names:
                units.network.refuse(f"{units.listed} {name}: {attribute}", "piecewise", "one value")
