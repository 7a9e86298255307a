"""Networks of PyPSA drawn to be hostile: what `random_networks.py` is too tame for.

Snapshots without dates, weights that differ by purpose, names that look like numbers or nothing, buses of several carriers
joined by branches, components that are not active, capacities without limit, processes and links of up to four buses with
a delay each, commitment beside any other option. `told_by_its_answer` then ties a network to its own optimum: set points,
levels, sums of energy and global constraints of every sense that hold there, or bind within 3 % of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

NAMES = ("甘肃", "a,b", 'q"uote', "NA", "1e5", "nan", "=1+1", "true", "a b", "x'y", "<b>", "null", "Ünï", "007")
EMISSIONS = {"AC": 0.0, "DC": 0.0, "heat": 0.0, "gas": 0.2, "coal": 0.34, "wind": 0.0, "H2": 0.0, "neg": -0.1}
ENERGY_OF = (("storage_units", "state_of_charge_initial", "cyclic_state_of_charge", "state_of_charge"), ("stores", "e_initial", "e_cyclic", "e"))
SET_POINTS = (("generators", "p", "p"), ("links", "p0", "p"), ("stores", "e", "e"), ("storage_units", "state_of_charge", "state_of_charge"),
              ("storage_units", "p", "p"), ("storage_units", "p_dispatch", "p_dispatch"), ("storage_units", "p_store", "p_store"))


class _Draw:
    """Figures drawn from a seed, for a number of steps."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng([77, seed])
        self.steps = int(self.random.integers(1, 13))
        self._odd, self._count = list(self.random.permutation(NAMES)) if self.often(0.3) else [], 0

    def often(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def one(self, choices):
        return choices[int(self.random.integers(len(choices)))]

    def whole(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high))

    def figure(self, low: float, high: float) -> float:
        return round(float(self.random.uniform(low, high)), self.whole(1, 4))

    def series(self, low: float, high: float) -> np.ndarray:
        return np.round(self.random.uniform(low, high, self.steps), 3)

    def either(self, low: float, high: float, by_step: float = 0.5):
        return self.series(low, high) if self.often(by_step) else self.figure(low, high)

    def name(self, usual: str) -> str:
        self._count += 1
        return str(self._odd.pop()) if self._odd and self.often(0.5) else f"{usual}{self._count}"

    def active(self) -> bool:
        return not self.often(0.08)


def hostile_network(pypsa, seed: int):
    """A network of 1 to 7 buses and 1 to 12 snapshots; none of its limits is out of reach."""
    draw = _Draw(seed)
    network = pypsa.Network()
    network.set_snapshots(draw.one([range(draw.steps), [f"s{step}" for step in range(draw.steps)],
                                    pd.date_range("2028-02-28 21:00", periods=draw.steps, freq="h")]))
    if draw.often(0.6):
        choices = {"objective": [0.1, 1, 2, 7.5, 1 / 3], "stores": [0.25, 1, 2, 3], "generators": [0.0, 1, 2, 5.5]}
        network.snapshot_weightings = pd.DataFrame(
            {name: draw.random.choice(some, draw.steps) if draw.often(0.5) else draw.one(some[1:]) for name, some in choices.items()},
            index=network.snapshots)
    for carrier, emitted in EMISSIONS.items():
        network.add("Carrier", carrier, co2_emissions=emitted, dust=draw.figure(0, 1) if emitted else 0.0)
    buses = [draw.name("bus ") for _ in range(draw.whole(1, 8))]
    for bus in buses:
        network.add("Bus", bus, v_nom=draw.one([1.0, 110.0, 220.0, 380.0]), carrier=draw.one(["AC", "AC", "AC", "DC", "heat", "H2"]))
        network.add("Generator", f"back {bus}", bus=bus, p_nom=np.inf if draw.often(0.1) else 2000, marginal_cost=draw.figure(300, 400))
        network.add("Generator", f"sink {bus}", bus=bus, p_nom=2000, marginal_cost=draw.figure(-5, 40), sign=-1)
    for add in (_loads, _generators, _branches, _converters, _storage_units, _stores):
        add(draw, network, buses)
    return network


def _loads(draw, network, buses) -> None:
    for _ in range(draw.whole(0, 5)):
        network.add("Load", draw.name("load "), bus=draw.one(buses), p_set=draw.either(-10, 100), active=draw.active(),
                    sign=draw.one([-1.0, -1.0, -1.0, 1.0, -0.5]))


def _commitment(draw) -> dict:
    options = {"committable": True, "min_up_time": draw.whole(0, 5), "min_down_time": draw.whole(0, 5)}
    options |= draw.one([{"up_time_before": draw.whole(0, 5)}, {"up_time_before": 0, "down_time_before": draw.whole(1, 5)}])
    for name, most in (("start_up_cost", 3000), ("shut_down_cost", 2000), ("stand_by_cost", 90)):
        if draw.often(0.5):
            options[name] = draw.either(0, most, 0.2)
    if draw.often(0.2):
        options["start_up_cost"] = options["shut_down_cost"] = draw.figure(0, 500)
    for name, least in (("ramp_limit_up", 0.1), ("ramp_limit_down", 0.1), ("ramp_limit_start_up", 0.4), ("ramp_limit_shut_down", 0.4)):
        if draw.often(0.45):
            options[name] = draw.figure(least, 1) if least > 0.1 else draw.either(least, 1, 0.3)
    return options


def _ramps(draw, size: float) -> dict:
    options = {"ramp_limit_up": draw.either(0.05, 0.8), "ramp_limit_down": draw.either(0.05, 0.8)}
    if draw.often(0.3):
        options.pop(draw.one(list(options)))
    return options | ({"p_init": size * draw.figure(0.2, 0.4)} if draw.often(0.4) else {})


def _generators(draw, network, buses) -> None:
    for _ in range(draw.whole(1, 6)):
        size = draw.figure(0, 150)
        kinds = [{"p_min_pu": draw.either(0, 0.4)}, {"p_min_pu": draw.either(-1, 0.3)}, _ramps(draw, size),
                 {"sign": draw.one([-1.0, 0.5, 2.0]), "p_min_pu": draw.figure(0, 0.3)},
                 _commitment(draw) | {"p_min_pu": draw.either(0, 0.4, 0.3)}]
        network.add("Generator", draw.name("plant "), bus=draw.one(buses), p_nom=size, marginal_cost=draw.either(-15, 120),
                    carrier=draw.one(["gas", "coal", "wind", "neg", ""]), efficiency=draw.either(0.2, 1, 0.3), active=draw.active(),
                    p_max_pu=draw.either(0.4, 1.3, 0.6), **draw.one([*kinds, kinds[-1]]))


def _branches(draw, network, buses) -> None:
    alike = [bus for bus in buses if network.buses.carrier[bus] == "AC"]
    for _ in range(draw.whole(0, 8)):
        some = alike if len(alike) > 1 and draw.often(0.8) else buses
        if len(some) < 2:
            return
        ends = dict(zip(("bus0", "bus1"), draw.random.choice(some, 2, replace=False)))
        shared = ends | {"s_max_pu": draw.either(0.2, 1), "active": draw.active()}
        if draw.often(0.7):
            kind = {"type": "490-AL1/64-ST1A 380.0", "length": draw.figure(5, 200), "num_parallel": draw.figure(0.5, 3)}
            network.add("Line", draw.name("line "), x=draw.figure(0.1, 20), r=draw.figure(0.1, 20), **shared,
                        s_nom=np.inf if draw.often(0.05) else draw.figure(0, 90), v_ang_max=draw.figure(1, 50) if draw.often(0.1) else np.inf,
                        **(kind if draw.often(0.15) else {}))
        else:
            own = draw.one([{"tap_ratio": draw.figure(0.8, 1.2)}, {"type": "160 MVA 380/110 kV", "tap_position": draw.whole(-3, 4)}])
            network.add("Transformer", draw.name("transformer "), x=draw.figure(0.05, 0.4), r=0.02, s_nom=draw.figure(10, 90), **shared,
                        phase_shift=draw.either(-5, 5) if draw.often(0.5) else 0.0, **own)


def _converters(draw, network, buses) -> None:
    """Links and processes."""
    for _ in range(draw.whole(0, 5)):
        link, ports = draw.often(0.8), draw.whole(2, 5)
        size = np.inf if draw.often(0.04) else draw.figure(0, 80)
        options = {"p_nom": size, "active": draw.active(), "marginal_cost": draw.either(-5, 20, 0.3), "p_max_pu": draw.either(0.3, 1, 0.4)}
        options |= {f"bus{port}": draw.one(buses) if port < 2 or draw.often(0.8) else "" for port in range(ports)}
        for port in range(1, ports):
            suffix = "" if link and port == 1 else str(port)
            rate = draw.either(0.3, 1.4, 0.3) if port == 1 else draw.either(-0.5, 0.6, 0.4)
            options[f"efficiency{suffix}" if link else f"rate{port}"] = 1.0 if port == 1 and draw.often(0.3) else rate
            if draw.often(0.2):
                options |= {f"delay{suffix}": draw.whole(0, 5), f"cyclic_delay{suffix}": draw.often(0.5)}
        kinds = [{}, {"p_min_pu": -1.0}, {"p_min_pu": draw.either(-1, 0.2)}, _ramps(draw, min(size, 50.0)),
                 _commitment(draw) | {"p_min_pu": draw.figure(0, 0.3)} if np.isfinite(size) else {}]
        chosen = draw.one(kinds)
        if not np.isfinite(size) and np.max(chosen.get("p_min_pu", 0.0)) > 0:
            chosen = {}  # a least power without end, which PyPSA builds no model of
        network.add("Link" if link else "Process", draw.name("link " if link else "process "), **options, **chosen)


def _storage_units(draw, network, buses) -> None:
    for _ in range(draw.whole(0, 4)):
        power, hours = draw.figure(1, 50), draw.figure(0.3, 10)
        options = {"cyclic_state_of_charge": True} if draw.often(0.5) else {"state_of_charge_initial": draw.figure(0, 1) * power * hours}
        if draw.often(0.4):
            options |= {"inflow": draw.either(0, 30, 0.8), "spill_cost": draw.either(-1, 9, 0.3) if draw.often(0.4) else 0.0}
        for name, low, high in (("marginal_cost", -1, 9), ("marginal_cost_storage", -0.2, 1.5), ("standing_loss", 0, 0.1),
                                ("p_max_pu", 0.2, 1), ("p_min_pu", -1, 0)):
            if draw.often(0.35):
                options[name] = draw.either(low, high, 0.35)
        network.add("StorageUnit", draw.name("unit "), bus=draw.one(buses), p_nom=power, max_hours=hours, active=draw.active(),
                    efficiency_store=draw.either(0, 1, 0.2), efficiency_dispatch=draw.either(0.3, 1, 0.2), carrier=draw.one(["", "H2", "gas"]),
                    sign=draw.one([1.0] * 9 + [-1.0, 0.5]), **options)


def _stores(draw, network, buses) -> None:
    for _ in range(draw.whole(0, 3)):
        size = draw.figure(5, 300)
        options = {"e_cyclic": True} if draw.often(0.5) else {"e_initial": draw.figure(0.3, 0.5) * size}
        for name, low, high in (("e_min_pu", -0.6, 0.25), ("e_max_pu", 0.5, 1), ("marginal_cost", -3, 5), ("marginal_cost_storage", -0.2, 1.5),
                                ("standing_loss", 0, 0.1)):
            if draw.often(0.35):
                options[name] = draw.either(low, high)
        network.add("Store", draw.name("store "), bus=draw.one(buses), e_nom=size, active=draw.active(), sign=draw.one([1.0] * 9 + [-1.0, 0.5]),
                    carrier=draw.one(["", "H2", "gas", "neg"]), **options)


def told_by_its_answer(network, seed: int) -> None:
    """Tie a network that PyPSA has solved to its answer."""
    draw = np.random.default_rng([78, seed])
    for listed, output, attribute in SET_POINTS:
        frame, table = getattr(network, f"{listed}_t")[output], getattr(network, listed)
        for name in table.index[table.active]:
            if name in frame and draw.random() < 0.07 and np.isfinite(frame[name]).all():
                getattr(network, f"{listed}_t")[f"{attribute}_set"][name] = np.where(draw.random(len(frame)) < 0.3, frame[name], np.nan)
    for carrier in ("gas", "coal", "wind", "H2"):
        if draw.random() < 0.25:
            _limit(draw, network, "operational_limit", carrier, pd.Series({carrier: 1.0}), fuel=False)
    for attribute in ("co2_emissions", "dust"):
        if draw.random() < 0.3:
            _limit(draw, network, "primary_energy", attribute, network.carriers[attribute], fuel=True)
    energy = network.generators_t.p.mul(network.snapshot_weightings.generators, axis=0).sum()
    for name in network.generators.index[network.generators.active]:
        if name.startswith("plant") and draw.random() < 0.25:
            network.generators.loc[name, draw.choice(["e_sum_max", "e_sum_min"])] = float(energy[name]) * draw.choice([0.95, 1.02])


def _limit(draw, network, kind: str, attribute: str, per_carrier: pd.Series, fuel: bool) -> None:
    """A global constraint whose amount is what the answer has, or near it."""
    total, plants = 0.0, network.generators[network.generators.active & network.generators.carrier.isin(per_carrier.index)]
    efficiency = network.get_switchable_as_dense("Generator", "efficiency") if fuel else None
    for name, carrier in plants.carrier.items():
        power = network.generators_t.p[name] / (efficiency[name] if fuel else 1.0)
        total += per_carrier[carrier] * float((power * network.snapshot_weightings.generators).sum())
    for listed, initial, cyclic, level in ENERGY_OF:
        table = getattr(network, listed)
        for name, row in table[table.active & ~table[cyclic].astype(bool) & table.carrier.isin(per_carrier.index)].iterrows():
            total += per_carrier[row.carrier] * float(row[initial] - getattr(network, f"{listed}_t")[level][name].iloc[-1])
    sense = str(draw.choice(["<=", ">=", "=="]))
    network.add("GlobalConstraint", f"{kind} {attribute}", type=kind, carrier_attribute=attribute, sense=sense,
                constant=total * (1.0 if sense == "==" else draw.choice([0.97, 1, 1.03])))
