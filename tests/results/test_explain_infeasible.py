"""An infeasible case is told by rule, zone, time and quantity, with the input that would mend it.

Each case lacks a quantity that can be worked out by hand; its docstring does so.
"""

from __future__ import annotations

import pickle

import pytest
from small import small_case

from grid_model import pipeline
from grid_model.algebra import compile_program
from grid_model.errors import InfeasibleError
from grid_model.formulation import build_model
from grid_model.policies.self_use_schedule import schedule_self_use
from grid_model.results.explain import infeasible as module
from grid_model.results.explain.infeasible import conflicts_of, explained

LOAD = [{"load": "东部负荷", "zone": "东部"}]
COAL = {"generator": "煤电", "zone": "东部", "technology": "coal", "capacity_mw": 100}


def programme(case, **closed):
    """The compiled case, with columns of some families closed: `loads_unserved=True` lets no load go unserved."""
    program = compile_program(build_model(case))
    for name in closed:
        program.column_upper[program.columns[name.replace("__", ".")].slice] = 0.0
    return program


def found(case, **closed):
    """Findings by rule, of the first of each."""
    findings = conflicts_of(case, programme(case, **closed))
    return {finding.rule: finding for finding in reversed(findings)}


def change(findings):
    """The one thing that gives way."""
    (finding,) = [finding for finding in findings.values() if finding.change]
    return finding


def place(finding):
    return finding.table, finding.row, finding.column


def test_load_above_all_supply():
    """110 MW at 01:00 against 60 of coal and 20 over the line, nothing unserved: 30 MW are missing in 东部; at 00:00 50
    MW are served."""
    case = small_case(
        2,
        series={"load": {"东部负荷": [50, 110]}},
        loads=LOAD,
        generators=[COAL | {"capacity_mw": 60}, COAL | {"generator": "far", "zone": "西部"}],
        lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 20}],
    )
    findings = found(case, loads__unserved=True)
    balance = findings["balance lower"]
    assert (balance.name, balance.times, balance.start) == ("东部", (1,), "2027-01-01 01:00:00")
    assert (balance.value, balance.change, balance.unit) == (pytest.approx(110), pytest.approx(30), "MW")
    assert findings["transmission.flow upper"].needed == pytest.approx(30)
    assert place(findings["thermal.generation upper"]) == ("generators", "煤电", "capacity_mw")
    assert "far" not in {finding.name for finding in findings.values()}


def lake(**more):
    """Half of 1,000 MWh and an inflow of 5 MW for three hours; 600 MWh must be left."""
    reservoir = {"reservoir": "龙羊峡", "generator": "龙羊峡电站", "capacity_mwh": 1000, "initial_fraction": 0.5, "final_fraction": 0.6}
    return small_case(
        3,
        series={"load": {"东部负荷": 10}, "inflow": {"龙羊峡": 5}},
        loads=LOAD,
        generators=[{"generator": "龙羊峡电站", "zone": "东部", "technology": "hydro_reservoir", "capacity_mw": 60}],
        reservoirs=[reservoir | more],
    )


def test_reservoir_end_level_out_of_reach():
    """500 MWh and an inflow of 3 x 5 make 515 at most of the 600 that the end asks for: 85 MWh are missing."""
    findings = found(lake())
    changed = change(findings)
    assert (changed.rule, changed.kind, changed.times) == ("reservoir.level lower", "border", (3,))
    assert (changed.value, changed.change, changed.unit) == (pytest.approx(600), pytest.approx(85), "MWh")
    assert place(changed) == ("reservoirs", "龙羊峡", "final_fraction") and changed.zones == ("东部",)
    start = findings["reservoir.level upper"]
    assert place(start) == ("reservoirs", "龙羊峡", "initial_fraction") and start.needed == pytest.approx(85)


def test_a_small_part_of_what_is_missing_is_told_too():
    """As before, but 0.2 MW must always flow: 85.6 MWh are missing, 0.6 of them by the flow. It was left out where it is
    less than a hundredth, and the start was then told to need 85 MWh more, with which there still is no dispatch."""
    findings = found(lake(min_flow_mw=0.2))
    assert change(findings).change == pytest.approx(85.6)
    assert findings["reservoir.level upper"].needed == pytest.approx(85.6)
    assert findings["reservoir.ecological_flow lower"].times == (0, 1, 2)


def test_storage_final_level_out_of_reach():
    """From 10 MWh two hours at 10 MW come to 30 of the 90 MWh asked for: 60 MWh are missing."""
    case = small_case(
        2,
        series={"load": {"东部负荷": 10}},
        loads=LOAD,
        generators=[COAL],
        storage=[
            {
                "storage": "电池",
                "zone": "东部",
                "technology": "lithium_ion",
                "power_mw": 10,
                "energy_mwh": 100,
                "cyclic": False,
                "initial_fraction": 0.1,
                "final_fraction": 0.9,
            }
        ],
    )
    findings = found(case)
    assert change(findings).change == pytest.approx(60) and place(change(findings)) == (
        "storage",
        "电池",
        "final_fraction",
    )
    assert place(findings["storage.charge upper"]) == ("storage", "电池", "power_mw")


def test_cascade_does_not_bring_what_must_flow_below():
    """Upstream may release 500 + 2 - 498 = 4 MWh in two hours, an hour on the way, and 8 MW must flow below in both:
    nothing comes in the first, 4 MWh in the second. 12 MWh are missing: 8 of the flow at 00:00, the rest of it or of
    the end level.
    """
    plants = [
        {"generator": name, "zone": "东部", "technology": "hydro_reservoir", "capacity_mw": 60}
        for name in ("g上", "g下")
    ]
    case = small_case(
        2,
        series={"load": {"东部负荷": 10}, "inflow": {"上": 1}},
        loads=LOAD,
        generators=plants,
        reservoirs=[
            {
                "reservoir": "上",
                "generator": "g上",
                "capacity_mwh": 1000,
                "initial_fraction": 0.5,
                "final_fraction": 0.498,
            },
            {"reservoir": "下", "generator": "g下", "capacity_mwh": 10, "initial_fraction": 0, "min_flow_mw": 8},
        ],
        cascade=[{"upstream": "上", "downstream": "下", "delay_hours": 1, "initial_flow_mw": 0}],
    )
    changed = [finding for finding in conflicts_of(case, programme(case)) if finding.change]
    flow = next(finding for finding in changed if finding.rule == "reservoir.ecological_flow lower")
    assert (flow.name, flow.change, place(flow)[2]) == ("下", pytest.approx(8), "min_flow_mw") and 0 in flow.times
    assert sum(finding.change_mwh or finding.change for finding in changed) == pytest.approx(8 + 4)
    assert {finding.rule for finding in changed} <= {"reservoir.ecological_flow lower", "reservoir.level lower"}


def test_least_flow_above_what_the_line_may_carry():
    """30 MW must flow at 01:00, 20 % of 50 MW may: 20 MW are missing, by the profile of its limit."""
    case = small_case(
        2,
        series={"load": {"东部负荷": 40}, "flow_limit": {"西东": [1, 0.2]}},
        loads=LOAD,
        generators=[COAL | {"zone": "西部"}],
        lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 50, "min_flow_mw": 30}],
    )
    findings = found(case)
    assert change(findings).change == pytest.approx(20) and place(change(findings)) == ("lines", "西东", "min_flow_mw")
    assert place(findings["transmission.flow upper"]) == ("profiles/flow_limit", "西东", "")
    assert change(findings).zones == ("西部", "东部") and change(findings).times == (1,)


def test_two_rules_in_conflict():
    """A line must bring 30 MW into a zone that can take 10: each rule alone can hold, both cannot. 20 MW are too
    much.
    """
    case = small_case(
        1,
        series={"load": {"东部负荷": 10}},
        loads=LOAD,
        generators=[COAL | {"zone": "西部"}],
        lines=[{"line": "西东", "from_zone": "西部", "to_zone": "东部", "capacity_mw": 50, "min_flow_mw": 30}],
    )
    findings = found(case)
    assert set(findings) == {"balance upper", "transmission.flow lower"}
    assert change(findings).change == pytest.approx(20) and findings["balance upper"].name == "东部"


STORE = {"storage": "s", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 40, "place": "generation_side",
         "host": "sun", "cyclic": False, "initial_fraction": 0}


@pytest.mark.parametrize("store, limit, other", [
    ({"min_cycles_per_day": 0.6, "initial_fraction": 1}, [], "storage.least_cycles_charged lower"),
    ({}, [("full", "at_least", 4, {"storage": "s"})], "energy_limits.least_energy lower"),
    ({"call": "self_use", "grid_charging": False}, [("full", "at_least", 4, {"storage": "s"})], "self_use.on_schedule lower"),
], ids=["least cycles", "limit of energy", "own schedule"])
def test_what_a_stores_place_forbids_is_told_with_what_asks_for_it(store, limit, other):
    """A store behind a plant that is dark for four hours: it can charge nothing. 0.6 cycles of 40 MWh a day are 4 MWh in these
    hours (it is full and may give them), or 4 MWh are to be held at the end: each lacks 4 MWh and says that the store may charge from its plant only. Left to its
    own schedule it lies idle."""
    case = schedule_self_use(small_case(
        4, {"load": {"l": 20.0}, "availability": {"sun": 0.0}}, zones=[{"zone": "A", "benchmark_tariff_cny_per_mwh": 400}],
        loads=[{"load": "l", "zone": "A"}], storage=[STORE | store],
        generators=[{"generator": "sun", "zone": "A", "technology": "solar_utility", "capacity_mw": 10}],
        energy_limits=[{"limit": name, "sense": sense, "amount_mwh": amount} for name, sense, amount, _ in limit],
        energy_limit_terms=[{"term": name, "limit": name, **unit} for name, _, _, unit in limit]))
    findings = found(case)
    assert change(findings).change == pytest.approx(4)
    assert other in findings
    if "call" not in store:
        rule = findings["storage_place.charge_from_host upper"]
        assert rule.zones == ("A",) and rule.times and "stores behind 'sun' charge from it only" in rule.sentence


def test_what_a_called_store_owes_its_schedule_is_told_in_words():
    """Idle and empty by its schedule, tight at 01:00, back by 03:00 and the end: 4 MWh cannot be held there. It was told as
    e[s,t] = e'[s,t]."""
    case = small_case(4, {"load": {"l": 20.0}}, zones=[{"zone": "A", "benchmark_tariff_cny_per_mwh": 400}],
                      loads=[{"load": "l", "zone": "A"}], generators=[COAL | {"zone": "A"}],
                      storage=[STORE | {"call": "self_use", "place": "user_side", "host": "l"}],
                      policies={"self_use": {"tight_hours": [1], "recovery_hours": 2}},
                      energy_limits=[{"limit": "full", "sense": "at_least", "amount_mwh": 4}],
                      energy_limit_terms=[{"term": "full", "limit": "full", "storage": "s"}])
    back = found(case)["self_use.back_on_schedule upper"]
    assert "'s' is back at the 0 MWh of its schedule (A) at 2027-01-01 03:00" in back.sentence


def test_two_limits_of_one_plants_energy_are_told_together():
    """At most 30 and at least 50 MWh of coal: 20 MWh are missing, and both limits are named."""
    case = small_case(2, {"load": {"l": 40.0}}, loads=[{"load": "l", "zone": "A"}],
                      generators=[COAL | {"generator": "coal", "zone": "A"}],
                      energy_limits=[{"limit": "cap", "sense": "at_most", "amount_mwh": 30},
                                     {"limit": "take", "sense": "at_least", "amount_mwh": 50}],
                      energy_limit_terms=[{"term": name, "limit": name, "generator": "coal"} for name in ("cap", "take")])
    findings = found(case)
    assert {"energy_limits.most_energy upper", "energy_limits.least_energy lower"} <= findings.keys()
    assert change(findings).change == pytest.approx(20)


def test_one_excess_with_two_remedies_is_told_whole():
    """Two plants must run at 20 MW, the load takes 10: 30 MW are too much, no plant alone can mend that, and their changes
    add up to it. Told by what gives way it was two conflicts, of 20 and of 10 MW, each of which named the other plant as
    enough."""
    plants = [COAL | {"generator": name, "capacity_mw": 20, "min_output_fraction": 1.0} for name in ("甲", "乙")]
    case = small_case(1, series={"load": {"东部负荷": 10}}, loads=LOAD, generators=plants)
    findings = conflicts_of(case, programme(case))
    assert {finding.conflict for finding in findings} == {1}
    assert [finding.needed for finding in findings] == pytest.approx([30, 30, 30])
    assert sorted(finding.change for finding in findings) == pytest.approx([0, 10, 20])
    said = str(explained(InfeasibleError("none"), case, programme(case)))
    assert "1 conflict\n1. 30 MW are too much in zone 东部 at 2027-01-01 00:00." in said
    assert said.count("alone it could give way by 20 MW, which is not enough") == 2
    assert "alone it would have to be at least 30 MW more" in said
    assert "The smallest changes that mend it, all of them together:" in said


def test_a_remedy_that_is_enough_alone_says_so():
    """A third plant must run at 90 MW: of 120 MW too much none alone gives enough but the load. At 150 MW it could, and which
    of them give way is one choice of several as small."""
    plants = [COAL | {"generator": name, "capacity_mw": most, "min_output_fraction": 1.0} for name, most in (("甲", 30), ("乙", 150))]
    case = small_case(1, series={"load": {"东部负荷": 60}}, loads=LOAD, generators=plants)
    findings = {finding.name: finding for finding in conflicts_of(case, programme(case))}
    assert sum(finding.change for finding in findings.values()) == pytest.approx(120)
    assert (findings["甲"].most, findings["乙"].most) == (pytest.approx(30), pytest.approx(150))
    assert findings["甲"].needed == findings["乙"].needed == pytest.approx(120)


def test_an_excess_that_changes_with_time_is_told_by_its_most():
    """50 MW must run; loads of 30 and 40 leave 20 and 10 MW too many: up to 20, 30 MWh in all."""
    case = small_case(2, series={"load": {"东部负荷": [30, 40]}}, loads=LOAD, generators=[COAL | {"min_output_fraction": 0.5}])
    said = str(explained(InfeasibleError("none"), case, programme(case)))
    assert "1. up to 20 MW are too much in zone 东部 from 2027-01-01 00:00 to 2027-01-01 01:00 (2 steps)." in said
    assert "column min_output_fraction: up to 20 MW less for '煤电' (30 MWh in all)" in said


def test_must_run_above_load_is_one_conflict_over_its_hours():
    """50 MW must run for three hours, the load takes 30: 20 MW too much in each, 60 MWh in all."""
    case = small_case(
        3, series={"load": {"东部负荷": 30}}, loads=LOAD, generators=[COAL | {"min_output_fraction": 0.5}]
    )
    findings = conflicts_of(case, programme(case))
    assert {finding.conflict for finding in findings} == {1}
    changed = change({finding.rule: finding for finding in findings})
    assert changed.changed == (0, 1, 2)
    assert (changed.change, changed.change_mwh, changed.times) == (pytest.approx(20), pytest.approx(60), (0, 1, 2))
    assert place(changed) == ("generators", "煤电", "min_output_fraction")


def test_heat_that_must_run_names_the_floor_of_the_season():
    """40 MW of heat floor in the heating season against a load of 30."""
    case = small_case(
        1,
        series={"load": {"东部负荷": 30}},
        loads=LOAD,
        generators=[COAL | {"heating_floor_fraction": 0.4}],
        zones=[{"zone": "东部", "heating_start": "11-15", "heating_end": "03-15"}],
    )
    assert place(change(found(case))) == ("generators", "煤电", "heating_floor_fraction")


def test_the_floor_of_the_season_is_named_beside_another():
    """What is online must give half, which may be nothing; heat asks for 40 MW whatever is online. The 10 MW too much were said to come of
    min_output_fraction, which changes nothing."""
    plant = COAL | {"heating_floor_fraction": 0.4, "min_output_fraction": 0.5, "start_cost_cny_per_mw": 10}
    case = small_case(1, series={"load": {"东部负荷": 30}}, loads=LOAD, generators=[plant],
                      zones=[{"zone": "东部", "heating_start": "11-15", "heating_end": "03-15"}])
    changed = change(found(case))
    assert place(changed) == ("generators", "煤电", "heating_floor_fraction") and changed.change == pytest.approx(10)


def test_ramps():
    """Load falls from 80 to 20 MW and rises again; coal ramps 40 MW an hour down: 20 MW are too much at 01:00."""
    case = small_case(
        3,
        series={"load": {"东部负荷": [80, 20, 80]}},
        loads=LOAD,
        generators=[COAL | {"initial_output_mw": 80, "ramp_down_fraction_per_hour": 0.2}],
    )
    findings = found(case)
    changed = change(findings)
    assert changed.rule in ("thermal.ramp_down upper", "thermal.first_ramp lower")
    assert changed.change == pytest.approx(20) and changed.column == "ramp_down_fraction_per_hour"
    assert findings["balance upper"].times == (1,)


def test_a_rule_that_is_a_bound_is_told_by_its_name():
    """From 80 MW coal comes down to no less than 60 in the first step; the load is 20: 40 MW too many. As a bound of output alone
    it would be told of as least output."""
    case = small_case(1, series={"load": {"东部负荷": [20]}}, loads=LOAD,
                      generators=[COAL | {"initial_output_mw": 80, "ramp_down_fraction_per_hour": 0.2}])
    findings = found(case)
    assert set(findings) == {"balance upper", "thermal.first_ramp lower"}
    ramp = findings["thermal.first_ramp lower"]
    assert (ramp.value, ramp.needed, ramp.column) == (pytest.approx(60), pytest.approx(40), "ramp_down_fraction_per_hour")
    assert "can fall to no less than 60 MW in the first step" in ramp.sentence


def test_carbon_cap_without_shortfall():
    """100 MW of coal for 2 h emit 160 t at 0.8 t/MWh; no allowance is given, none is bought, nothing may stay
    uncovered: 160 t are missing, or 200 MWh less load."""
    case = small_case(
        2,
        series={"load": {"东部负荷": 100}},
        loads=LOAD,
        generators=[COAL | {"emissions_t_per_mwh": 0.8}],
        policies={"carbon_market": {"allowance_price_cny_per_t": 75}},
    )
    closed = dict.fromkeys(
        (
            "loads__unserved",
            "carbon_market__shortfall",
            "carbon_market__bought",
            "carbon_market__allowance",
            "carbon_market__offset_supply",
        ),
        True,
    )
    findings = found(case, **closed)
    changed = change(findings)
    assert changed.rule.startswith("carbon_market.") and changed.unit == "t" and changed.change == pytest.approx(160)
    assert findings["balance lower"].needed == pytest.approx(200)


def test_energy_that_nobody_can_take():
    """A contract of 220 MWh with a plant whose zone uses 60 + 50 + 80 = 190: 30 MWh are too much of the contract. The load
    above it is no target: it would give way last."""
    case = small_case(
        3,
        series={"load": {"东部负荷": [60, 50, 80]}},
        loads=LOAD,
        generators=[COAL],
        energy_limits=[{"limit": "合同", "sense": "at_least", "amount_mwh": 220}],
        energy_limit_terms=[{"term": "煤电供电", "limit": "合同", "generator": "煤电"}],
    )
    changed = change(found(case))
    assert place(changed) == ("energy_limits", "合同", "amount_mwh")
    assert (changed.value, changed.change, changed.unit) == (pytest.approx(220), pytest.approx(30), "MWh")
    assert "limit '合同' counts at least 220 MWh" in changed.sentence


def test_what_a_converter_can_is_told_in_megawatts():
    """10 MW of load behind a converter of 3: 7 MW are missing. Told as a number of the programme it would be 0.003."""
    case = small_case(
        1,
        series={"load": {"东部负荷": 10}},
        loads=LOAD,
        generators=[COAL | {"zone": "西部"}],
        converters=[{"converter": "换流站", "capacity_mw": 3}],
        converter_ports=[
            {"port": "送端", "converter": "换流站", "zone": "西部", "rate": -1},
            {"port": "受端", "converter": "换流站", "zone": "东部", "rate": 1},
        ],
    )
    limit = found(case, loads__unserved=True)["converters.conversion upper"]
    assert (limit.value, limit.needed, limit.unit) == (pytest.approx(3), pytest.approx(7), "MW")
    assert place(limit) == ("converters", "换流站", "capacity_mw") and "can convert at most 3 MW" in limit.sentence


def test_green_share_out_of_reach():
    """A line must carry 50 % renewable energy and 40 MW at least; behind it stand 10 MW of wind: 10 MW of the 20 are
    missing.
    """
    case = small_case(
        1,
        series={"load": {"东部负荷": 60}},
        loads=LOAD,
        generators=[
            COAL | {"zone": "西部"},
            {
                "generator": "风电",
                "zone": "西部",
                "technology": "wind_onshore",
                "capacity_mw": 10,
                "certificate": "tradable",
            },
        ],
        lines=[
            {
                "line": "西东",
                "from_zone": "西部",
                "to_zone": "东部",
                "capacity_mw": 50,
                "min_flow_mw": 40,
                "min_renewable_share": 0.5,
            }
        ],
        policies={"green_corridor": True},
    )
    findings = found(case, green_corridor__short=True)
    changed = change(findings)
    assert changed.change == pytest.approx(10) and changed.unit in ("MW", "MWh")
    assert place(findings["green_corridor.renewable_share lower"]) == ("lines", "西东", "min_renewable_share")
    assert findings["transmission.flow lower"].needed == pytest.approx(20)


def test_the_message_is_plain_and_names_the_file():
    case = small_case(
        3, series={"load": {"东部负荷": 30}}, loads=LOAD, generators=[COAL | {"min_output_fraction": 0.5}]
    )
    with pytest.raises(InfeasibleError) as caught:
        pipeline.solve(case)
    said = str(caught.value)
    assert "20 MW are too much in zone 东部 from 2027-01-01 00:00 to 2027-01-01 02:00 (3 steps)." in said
    assert "generators.csv, row 煤电, column min_output_fraction: 20 MW less for '煤电' (60 MWh in all)" in said
    assert caught.value.findings and isinstance(caught.value.__cause__, InfeasibleError)


def test_many_conflicts_are_cut_short():
    """Forty zones, each with 20 MW too much: five are told, the others counted."""
    names = [f"z{number:02}" for number in range(40)]
    case = small_case(
        1,
        series={"load": {name: 30 for name in names}},
        loads=[{"load": name, "zone": name} for name in names],
        generators=[COAL | {"generator": f"g{name}", "zone": name, "min_output_fraction": 0.5} for name in names],
    )
    error = explained(InfeasibleError("none"), case, programme(case))
    assert str(error).endswith("and 35 more conflicts") and len(str(error).splitlines()) < 50
    assert len({finding.conflict for finding in error.findings}) == 40


def test_the_true_cause_stays_where_the_search_finds_nothing(monkeypatch):
    """A feasible programme, a search that fails, and one that has no time: the error is still the solver's own."""
    case = small_case(1, series={"load": {"东部负荷": 30}}, loads=LOAD, generators=[COAL])
    error, program = InfeasibleError("so says the solver"), programme(case)
    assert explained(error, case, program) is error
    monkeypatch.setattr(module, "find_conflicts", lambda *_: None)
    assert str(explained(error, case, program)).startswith("so says the solver; which rules")

    def fail(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(module, "find_conflicts", fail)
    assert explained(error, case, program) is error


def test_a_rule_without_words_is_told_by_its_formula(monkeypatch):
    """A new technology's rule needs no entry to be named: block, rule and the formula of its docstring."""
    monkeypatch.setattr("grid_model.results.explain.words.ROWS", {})
    case = small_case(
        1, series={"load": {"东部负荷": 10}}, loads=LOAD, generators=[COAL | {"min_output_fraction": 0.5}]
    )
    assert any(
        "generation + discharge - charge + imports" in finding.sentence
        for finding in conflicts_of(case, programme(case))
    )


def test_an_error_goes_through_a_process_whole():
    error = pickle.loads(pickle.dumps(InfeasibleError("none", findings=("a",))))
    assert (str(error), error.findings) == ("none", ("a",))


def test_flow_against_a_line_is_told_as_such():
    """Load of 50 MW in the zone where the line begins; 30 MW may come back, nothing else is there: 20 are missing."""
    case = small_case(
        1,
        series={"load": {"东部负荷": 50}},
        loads=LOAD,
        generators=[COAL | {"zone": "西部"}],
        lines=[{"line": "东西", "from_zone": "东部", "to_zone": "西部", "capacity_mw": 90, "reverse_capacity_mw": 30}],
    )
    back = found(case, loads__unserved=True)["transmission.backward upper"]
    assert (back.value, back.needed, place(back)) == (
        pytest.approx(30),
        pytest.approx(20),
        ("lines", "东西", "reverse_capacity_mw"),
    )
