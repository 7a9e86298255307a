"""Green corridors by hand: the share of the year, stored sun, lost energy, bases, shared plants."""

from __future__ import annotations

import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

import grid_model as gm
from grid_model.errors import AuditError
from grid_model.policies import green_corridor


def grid(
    sun,
    share=0.5,
    town=10.0,
    penalty=10000,
    loss=0.0,
    corridor="",
    storage=(),
    extra=(),
    lines=(),
    village=0.0,
    open_part=1.0,
    coal_part=1.0,
    reverse=0.0,
    **more,
):
    """Coal (100 CNY/MWh) and PV (150) in the base zone; the town, which has dear coal (300), at the other end of the
    line."""
    return small_case(
        len(sun),
        policies={"green_corridor": {"shortfall_penalty_cny_per_mwh": penalty}},
        generators=[
            {
                "generator": "coal",
                "zone": "base",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 100,
                "corridor": corridor,
            },
            {
                "generator": "sun",
                "zone": "base",
                "technology": "solar_utility",
                "capacity_mw": 10,
                "variable_cost_cny_per_mwh": 150,
                "certificate": "tradable",
                "corridor": corridor,
            },
            {
                "generator": "dear",
                "zone": "city",
                "technology": "coal",
                "capacity_mw": 100,
                "variable_cost_cny_per_mwh": 300,
            },
            *extra,
        ],
        loads=[{"load": "town", "zone": "city"}, {"load": "village", "zone": "base"}],
        lines=[
            {
                "line": "out",
                "from_zone": "base",
                "to_zone": "city",
                "capacity_mw": 20,
                "reverse_capacity_mw": reverse,
                "loss_fraction": loss,
                "min_renewable_share": share,
            },
            *lines,
        ],
        storage=list(storage),
        series={
            "load": {"town": town, "village": village},
            "availability": {"sun": sun, "coal": coal_part},
            "flow_limit": {"out": open_part},
        },
        **more,
    )


def sent(result):
    return (result.value("transmission.report_flow")[0] * 1e3).round(6).tolist()


def test_half_of_what_is_carried_is_renewable():
    """Sun of 2 MW in one hour: the corridor may carry 4 of the town's 10, the rest is dear: 2 x 150 + 2 x 100 + 6 x
    300 = 2300 CNY. Without the rule all is coal over the line: 1000."""
    result = solved(grid([0.2]))
    assert sent(result) == [4]
    assert result.objective == pytest.approx(2300)


def test_a_corridor_of_one_column_is_held_to_what_flows():
    """The same over a line that could go back, without loss or cost. If less than nothing could come back, as much less would count as
    carried, and all of it be coal: 1000 CNY."""
    result = solved(grid([0.2], reverse=20.0))
    assert sent(result) == [4]
    assert result.objective == pytest.approx(2300)


def test_an_idle_corridor_carries_no_renewable_energy():
    """Nothing flows in the first hour, whose 10 MWh of sun the village may use, and in the second there is none: the corridor carries
    nothing, coal serves the village's 20 MWh at 100 and dear coal the town's 10: 7,000 CNY in all. Without one way at a
    time the first hour's sun goes there and back over the line, counts as carried, and coal follows in the second: 5,500 CNY."""
    results = gm.solve(grid([1.0, 0.0], town=[0, 10], village=20.0, reverse=20.0))
    assert results.dispatch["flow"].values == pytest.approx(0, abs=1e-3)
    assert results.summary["objective_cny"] == pytest.approx(7000)


def test_both_ways_of_an_idle_corridor_share_its_capacity():
    """The same before any direction is closed, with 8 MW of the line open in the first hour: 4 MWh of sun may go there and 4 come
    back, so 4 of coal follow: 2200 + 2000 + 2200 = 6,400 CNY. Were each way 8 MW, 8 would follow: 5,800."""
    result = solved(grid([1.0, 0.0], town=[0, 10], village=20.0, reverse=20.0, open_part=[0.4, 1.0]))
    assert result.objective == pytest.approx(6400)


def test_the_audit_sees_energy_that_goes_there_and_back(monkeypatch):
    """Of the same two hours without one way at a time: 10 MWh are said to be carried as renewable, all of them coal."""
    monkeypatch.setattr(green_corridor, "EXCLUSIVE", ())
    with pytest.raises(AuditError, match="renewable part of what is carried: 10 MWh at out"):
        gm.solve(grid([1.0, 0.0], town=[0, 10], village=20.0, reverse=20.0))


def test_the_share_holds_over_the_year_not_the_hour():
    """Sun of 10 MW in the first hour, none in the second: half of 20 MWh is renewable, the corridor carries all.
    10 x 150 + 10 x 100 = 2500 CNY. Hour by hour the second could carry nothing: 1500 + 3000."""
    result = solved(grid([1.0, 0.0]))
    assert sent(result) == [10, 10]
    assert result.objective == pytest.approx(2500)


def test_what_the_base_has_beyond_its_corridor_may_stay():
    """A base of sun and coal at 100 MW beside a village of 30 MW: 10 MW leave for the town, half of them of the 10 MW of sun, and the
    base's coal serves the village. Were all its sun to be carried, or all that the base gives, neither would do."""
    result = solved(grid([1.0], corridor="out", village=30.0, share=0.5))
    assert sent(result) == [10]
    assert result.objective == pytest.approx(5 * 150 + 35 * 100)
    free = solved(grid([1.0], village=30.0, share=0.2, extra=[{"generator": "wind", "zone": "base", "technology": "wind_onshore",
                                                               "capacity_mw": 25, "certificate": "tradable"}]))
    assert sent(free) == [10]
    assert free.objective == pytest.approx(15 * 100)


def test_renewable_energy_of_steps_of_two_hours():
    """The sun gives 2 MW for two hours: 4 MWh, so that the corridor carries 8 of the town's 20: two hours of 2300 CNY.
    Without the rule coal alone would be sent, two hours of 1000."""
    assert solved(grid([0.2], step_hours=2.0)).objective == pytest.approx(4600)
    assert solved(grid([0.2], step_hours=2.0, corridor="out")).objective == pytest.approx(4600)


def test_renewable_energy_that_stays_behind_does_not_count():
    """The first hour's line is closed. Its sun (10 MWh serve the base's own town) is no part of what the line carries
    in the second hour, when there is none: it carries nothing. Without r <= F and r <= R + S it would carry all 10."""
    case = grid([1.0, 0.0], village=[10, 0], open_part=[0, 1])
    result = solved(case)
    assert sent(result) == [0, 0]


BATTERY = {
    "storage": "battery",
    "zone": "base",
    "technology": "lithium_ion",
    "power_mw": 10,
    "energy_mwh": 40,
    "cyclic": False,
    "initial_fraction": 0.0,
    "charge_efficiency": 0.8,
    "discharge_efficiency": 1,
    "corridor": "out",
}


def test_sun_from_the_store_counts_less_what_the_store_lost():
    """All must be renewable. Sun of 10 MW in the first hour, when the town wants nothing, none in the second: the
    store keeps 8 MWh, the corridor carries 8. Were storage not counted, it would carry nothing."""
    result = solved(grid([1.0, 0.0], share=1.0, town=[0, 10], corridor="out", storage=[BATTERY]))
    assert sent(result) == [0, 8]


def test_a_store_gives_no_more_sun_than_it_gives():
    """All must be renewable. The store took the sun of the first hour and gives 2 MW in the second: the corridor carries 2, though coal
    could fill it. Were 8 MWh of sun drawn on paper, coal would pass for them."""
    slow = BATTERY | {"power_mw": 2, "charge_power_mw": 10, "cyclic": False, "initial_fraction": 0.0}
    assert sent(solved(grid([1.0, 0.0], share=1.0, town=[0, 10], corridor="out", storage=[slow]))) == [0, pytest.approx(2)]


def test_a_store_that_takes_nothing_keeps_no_sun():
    """All must be renewable. The sun of the first hour serves the village, or coal does; a full store that cannot charge gives what it
    held, none of it that sun: nothing is carried. Were the sun kept on paper, 8 MWh would be."""
    full = BATTERY | {"charge_power_mw": 0, "initial_fraction": 1.0, "final_fraction": 0.0}
    case = grid([1.0, 0.0], share=1.0, town=[0, 10], village=[10, 0], corridor="out", storage=[full])
    assert sent(solved(case)) == [0, pytest.approx(0, abs=1e-6)]


def test_coal_in_the_store_is_not_renewable():
    """Half must be renewable, there is no sun. The store may fill up with coal's energy in the first hour, and what it
    gives in the second is no more renewable than that: the corridor carries nothing. Were all that a store gives
    renewable, it would carry 16 MWh, limited to the town's 10."""
    result = solved(grid([0.0, 0.0], share=0.5, town=[0, 10], corridor="out", storage=[BATTERY]))
    assert sent(result) == [0, 0]


def test_a_store_may_take_coal_too():
    """Half must be renewable; a store of 8 of 10, sun of 5 MW in the first hour and coal fill it when the town wants
    nothing. 4 of the 8 it gives are renewable, and coal adds nothing beyond the 8: the town's 10 get 8 over the line
    where coal cannot run in the second hour. Were the store closed to coal, 4."""
    case = grid([0.5, 0.0], share=0.5, town=[0, 10], corridor="out", storage=[BATTERY], coal_part=[1.0, 0.0])
    assert sent(solved(case)) == [0, 8]


def test_a_base_feeds_its_corridor_alone():
    """A base of 5 MW of coal-fired plant beside 100 MW of the grid: its corridor (no sun, a share of 1 %, sun of 1
    MWh) carries the base's 5 + 1, the rest is dear. Without `from_base` the grid's coal would fill it."""
    base = [
        {
            "generator": "own",
            "zone": "base",
            "technology": "coal",
            "capacity_mw": 5,
            "variable_cost_cny_per_mwh": 110,
            "corridor": "out",
        },
        {
            "generator": "own sun",
            "zone": "base",
            "technology": "solar_utility",
            "capacity_mw": 1,
            "certificate": "tradable",
            "corridor": "out",
        },
    ]
    result = solved(grid([0.0], share=0.01, extra=base))
    assert sent(result) == [6]


def test_lines_of_one_zone_share_its_plants():
    """Two corridors of 4 MW and half their energy renewable, sun of 3 MW in their zone: 6 MWh in all, not 4 + 4.
    Without the row that they share the town would get all its 10 MWh over them."""
    more = {
        "line": "second",
        "from_zone": "base",
        "to_zone": "city",
        "capacity_mw": 4,
        "reverse_capacity_mw": 0,
        "min_renewable_share": 0.5,
    }
    case = grid([0.3], lines=[more])
    result = solved(case)
    assert result.value("transmission.report_flow").sum() == pytest.approx(0.006)
    assert_same_as_concrete(case)


def test_short_costs_the_penalty():
    """At 50 CNY per MWh short it is cheaper to be short than to buy dear coal: no sun, 10 MWh of coal, 5 short: 1000 + 250.
    Without the rule the coal alone would cost 1000; were nothing allowed to be short, dear coal 3000."""
    result = solved(grid([0.0], penalty=50))
    assert result.objective == pytest.approx(1250)


def test_table_of_corridors():
    """What is carried, and the price by hand: 0.5 F <= 2 + 1 lets F grow by 2, and each MWh saves 300 - 100, so 400."""
    table = gm.solve(grid([0.2])).tables["green_corridors"]
    assert table[["line", "year", "carried_mwh", "renewable_mwh", "short_mwh", "passed"]].to_numpy().tolist() == [
        ["out", 2027, pytest.approx(4), pytest.approx(2), pytest.approx(0), True]
    ]
    assert table["price_cny_per_mwh"].tolist() == [pytest.approx(400)]


def test_switched_off_or_without_shares_there_is_no_row():
    case = grid([0.2])
    case.scenario.policies["green_corridor"] = False
    result = solved(case)
    assert not [name for name in result.program.rows if name.startswith("green_corridor")]
    assert sent(result) == [10]
    assert "green_corridor" not in gm.build_model(grid([0.2], share=0.0)).policies


def test_compiled_as_written():
    assert_same_as_concrete(grid([1.0, 0.0], share=1.0, town=[0, 10], corridor="out", storage=[BATTERY]))


def test_members_of_a_base_stand_where_its_corridor_begins():
    case = grid(
        [1.0], extra=[{"generator": "far", "zone": "city", "technology": "coal", "capacity_mw": 1, "corridor": "out"}]
    )
    assert [problem.value for problem in green_corridor.check_bases(case.tables)] == ["out"]
