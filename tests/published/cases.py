"""Published answers: what was published, where, what it exercises, and what comes out here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from published import matpower
from published.case118 import CASE118
from published.losses import cost_with_losses
from published.production_cost import COMMITTED, FOUR, ONE, THREE, WITH_RESERVES, present_value
from published.two_hours import cost_of_a_year
from small import small_case, solved

from grid_model.pipeline import load_case

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@dataclass(frozen=True)
class Answer:
    """A published value; `within` is the relative difference that its digits and stated pieces allow."""

    name: str
    exercises: str
    published: float
    cost: Callable[[], float]
    within: float
    source: str


def dc(facts: matpower.Facts, reactance: Callable) -> Callable[[], float]:
    return lambda: solved(matpower.grid_of(facts, reactance)).objective + facts.constant


POWERMODELS, TAPS = matpower.susceptance_of_impedance, matpower.reactance_with_taps
FIVE_DIGITS = 1e-5
PGLIB = "pglib-opf, BASELINE.md, column DC"
EGRET = "Egret, dcopf_solution_files (B-theta)"
EGRET_LOSSES = "Egret, dcopf_losses_solution_files (B-theta)"
SWITCH = "SWITCH, examples/production_cost_models/{}, outputs/total_cost.txt"
GRIDPATH = "GridPath, tests/test_data/test_scenario_objective_function_values.csv"
FLIXOPT = "flixopt, tests/test_math/test_{}.py"


def store(demand, price, storage) -> Callable[[], float]:
    """A grid that sells at a price by hour, a demand and a store of 100 MWh (flixopt's hours of kW are MWh here)."""
    row = {"storage": "battery", "zone": "A", "technology": "lithium_ion", "power_mw": 200, "energy_mwh": 100, "cyclic": False,
           "initial_fraction": 0, "charge_efficiency": 1, "discharge_efficiency": 1, "loss_fraction_per_hour": 0,
           "wear_cost_cny_per_mwh": 0}
    row = {name: value for name, value in {**row, **storage}.items() if value is not None}
    series = {"load": {"demand": demand}, "variable_cost": {"grid": price}}
    series |= {name: {"battery": row.pop(name)} for name in ("max_level",) if name in row}
    return lambda: solved(small_case(
        len(demand), series, loads=[{"load": "demand", "zone": "A"}],
        generators=[{"generator": "grid", "zone": "A", "technology": "biomass", "capacity_mw": 1000}], storage=[row])).objective


def converted(demand, ports, rates=None, sale: float | None = None) -> Callable[[], float]:
    """Gas at 1, a converter that delivers heat, and maybe power sold at a price."""
    converters = [{"converter": "c", "capacity_mw": 1000}]
    named = [{"port": f"p{number}", "converter": "c", **port} for number, port in enumerate(ports)]
    if sale is not None:
        converters.append({"converter": "sale", "capacity_mw": 1000, "cost_cny_per_mwh": -sale})
        named.append({"port": "sold", "converter": "sale", "zone": "Elec", "rate": -1})
    series = {"load": {"demand": demand}} | ({"port_rate": {"p1": rates}} if rates else {})
    return lambda: solved(small_case(
        len(demand), series, loads=[{"load": "demand", "zone": "Heat"}], converters=converters, converter_ports=named,
        generators=[{"generator": "gas", "zone": "Gas", "technology": "biomass", "capacity_mw": 1000,
                     "variable_cost_cny_per_mwh": 1}])).objective


def three_buses() -> float:
    return solved(load_case(SCENARIOS / "three_bus_loop.yaml")).objective


BOILER = [{"zone": "Gas", "rate": -1}, {"zone": "Heat", "rate": 0.8}]
CHP = [{"zone": "Gas", "rate": -1}, {"zone": "Heat", "rate": 0.5}, {"zone": "Elec", "rate": 0.4}]
ANSWERS = [
    Answer("pglib case3_lmbd", "DC power flow, binding line, quadratic cost in 2,000 pieces", 5.6959e3,
           dc(matpower.CASE3, POWERMODELS), 2e-5, PGLIB),
    Answer("pglib case5_pjm", "DC power flow, congestion, linear cost", 1.7480e4, dc(matpower.CASE5, POWERMODELS), FIVE_DIGITS, PGLIB),
    Answer("pglib case14_ieee", "DC power flow, transformers, linear cost", 2.0515e3, dc(matpower.CASE14, POWERMODELS), 2e-5, PGLIB),
    Answer("pglib case24_ieee_rts", "DC power flow, least outputs, parallel lines, quadratic cost in 2,000 pieces", 6.1001e4,
           dc(matpower.CASE24, POWERMODELS), FIVE_DIGITS, PGLIB),
    Answer("pglib case73_ieee_rts", "the same in three areas, quadratic cost in 200 pieces", 1.8300e5,
           dc(matpower.CASE73, POWERMODELS), 2.8e-5, PGLIB),
    Answer("pglib case30_ieee", "DC power flow, congestion, linear cost", 7.4728e3, dc(matpower.CASE30, POWERMODELS), FIVE_DIGITS, PGLIB),
    Answer("pglib case118_ieee", "DC power flow, congestion, many loops, linear cost", 9.3101e4,
           dc(CASE118, POWERMODELS), FIVE_DIGITS, PGLIB),
    Answer("Egret case3", "the same lines by reactance alone", 5693.8033, dc(matpower.CASE3, TAPS), 1e-5, EGRET),
    Answer("Egret case30", "the same lines by reactance and tap ratio", 7504.4405, dc(matpower.CASE30, TAPS), 1e-7, EGRET),
    Answer("Egret case3 with losses", "lossy lines under Kirchhoff's law: quadratic losses, settled in rounds", 5774.7129222814165,
           lambda: cost_with_losses(matpower.CASE3), 3e-6, EGRET_LOSSES),
    Answer("Egret case30 with losses", "the same in many loops, with transformers", 8201.8371, lambda: cost_with_losses(matpower.CASE30),
           1e-7, EGRET_LOSSES),
    Answer("SWITCH 1plant", "one plant, one hour; net present value with fixed costs", 28415619.1709, lambda: present_value(*ONE), 1e-10,
           SWITCH.format("1plant")),
    Answer("SWITCH 3plants", "least cost, a baseload plant, outages; net present value with fixed costs", 37439925.1309,
           lambda: present_value(*THREE), 1e-10, SWITCH.format("3plants")),
    Answer("SWITCH 4plants", "the same in four steps of six hours with photovoltaics", 34328152.2273, lambda: present_value(*FOUR), 1e-10,
           SWITCH.format("4plants")),
    Answer("SWITCH unit_commit", "the same with commitment of fleets in part, heat rates of what is online, starts, a least time off",
           35131346.3429, lambda: present_value(*COMMITTED), 1e-10, SWITCH.format("unit_commit")),
    Answer("SWITCH spinning_reserves", "the same with 7 MW of each gas plant and reserves up and down, for a unit that fails too",
           36406402.37, lambda: present_value(*WITH_RESERVES), 1e-9, SWITCH.format("spinning_reserves")),
    Answer("GridPath test_no_reserves", "commitment of fleets in part, heat rates of what is online, starts and stops", 233812049.889,
           lambda: cost_of_a_year(), 1e-8, GRIDPATH),
    Answer("GridPath test_w_hydro_no_reserves", "the same with energy and least output of hydro", 200490477.22404,
           lambda: cost_of_a_year(hydro=True), 1e-7, GRIDPATH),
    Answer("GridPath test_w_storage", "load following and regulation, a store that provides both", 237985313.889,
           lambda: cost_of_a_year(storage=True, reserves=True), 1e-8, GRIDPATH),
    Answer("GridPath test_w_hydro", "the same reserves from hydro and commitment", 214913823.36742803,
           lambda: cost_of_a_year(hydro=True, reserves=True), 1e-7, GRIDPATH),
    Answer("Baker's three buses", "Kirchhoff's law, a negative price", 7600.0, three_buses, 1e-9,
           "PyPSA, docs/examples/negative-prices-kvl-baker"),
    Answer("arbitrage", "storage moves energy to a dear hour", 20.0, store([0, 0, 20], [10, 1, 10], {}), 1e-9, FLIXOPT.format("storage")),
    Answer("standing loss", "a tenth of what is held is lost in an hour", 100.0,
           store([0, 90], [1, 1000], {"energy_mwh": 200, "loss_fraction_per_hour": 0.1}), 1e-9, FLIXOPT.format("storage")),
    Answer("both efficiencies", "charging and discharging lose", 100.0,
           store([0, 72], [1, 1000], {"energy_mwh": 200, "charge_efficiency": 0.9, "discharge_efficiency": 0.8}), 1e-9,
           FLIXOPT.format("storage")),
    Answer("most level", "half of a store may be filled", 1050.0, store([0, 60], [1, 100], {"max_level": 0.5}), 1e-9,
           FLIXOPT.format("storage")),
    Answer("cyclic level", "what is used is bought back", 50.0,
           store([0, 50], [1, 100], {"cyclic": True, "initial_fraction": None}), 1e-9, FLIXOPT.format("storage")),
    Answer("least level at the end", "60 of 100 MWh are left", 80.0, store([0, 20], [1, 100], {"final_fraction": 0.6}), 1e-9,
           FLIXOPT.format("storage")),
    Answer("least level", "30 of 100 MWh stay in", 1050.0,
           store([0, 80, 0], [1, 100, 1], {"initial_fraction": 0.5, "min_level_fraction": 0.3}), 1e-9, FLIXOPT.format("storage")),
    Answer("boiler", "a converter and its efficiency", 50.0, converted([10, 20, 10], BOILER), 1e-9, FLIXOPT.format("conversion")),
    Answer("efficiency by hour", "a converter whose efficiency changes", 30.0, converted([10, 10], BOILER, rates=[0.5, 1.0]), 1e-9,
           FLIXOPT.format("conversion")),
    Answer("heat and power", "a converter with two outputs, one of them sold", 40.0, converted([50, 50], CHP, sale=2.0), 1e-9,
           FLIXOPT.format("conversion")),
]

HEAD = """# Published answers

Small grids whose answer others have published, typed in as facts and solved here. `tests/published` holds the figures and
their sources and checks each; `python tests/published/table.py` writes this table anew.

The DC values of pglib-opf are those of PowerModels: the susceptance of a branch is x / (r^2 + x^2), tap ratios are not looked
at; Egret's take 1 / x, and 1 / (x tap). Both published values come out of the same facts. No case has shunt conductance.
Branches hold their ends within 30 degrees. A quadratic cost is made of 2,000 chords a unit (200 in case73), too high by the
error stated in tests/published/matpower.py: 0.05 $/h at most in case3, 0.0002 in case24, 0.05 in case73.

Egret's losses are quadratic, half of them at either end of a line. Here a line loses a part of its flow: tests/published/losses.py
repeats the linear grid round the flows found until they change no more, where the conditions of optimality of Egret's convex
problem hold. SWITCH states net present values: two thirds of them are fixed costs, which tests/published/production_cost.py adds
to the dispatch that is found here. GridPath's two hours are a circle that stands for a year (tests/published/two_hours.py).

SWITCH's day with commitment is a circle; here it is the fourth of days in a row (from the second on all cost the same).

Not reached: SWITCH's example with unserved load (its inputs are not all to be read: 3.6 % off as they are understood); that with water
networks was not tried, and that with whole units is no linear programme. GridPath holds load following and regulation apart, up and
down; here reserve is one amount in each direction, which is the same where every kind has enough providers (with storage or
hydro). Where load following is short (GridPath's `test` and all that build on it without a store: ramps, flexible load, DC flow),
the two differ: `test` costs seven times as much as one amount of reserve would. Scenarios that build capacity are no dispatch.

| case | exercises | published | here | relative difference | source |
|---|---|---|---|---|---|
"""


def table() -> str:
    """The page docs/published.md."""
    rows = []
    for answer in ANSWERS:
        cost = answer.cost()
        difference = cost / answer.published - 1
        shown = "0" if abs(difference) < 1e-9 else f"{difference:.1e}"
        rows.append(f"| {answer.name} | {answer.exercises} | {answer.published:,.12g} | {cost:,.4f} | {shown} | {answer.source} |\n")
    return HEAD + "".join(rows)
