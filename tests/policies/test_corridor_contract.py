"""Corridor contracts by hand: what is sold ahead is carried, day by day, whatever the plants at either end cost."""

from __future__ import annotations

import pytest
from concrete import assert_same_as_concrete
from small import small_case, solved

from grid_model.policies.corridor_contract import check_contracts


def grid(energy_mwh, hours=24, deviation=50, cheap=100.0, load=50.0, month=1, start="2027-01-01", step_hours=1.0, **line):
    """Cheap coal in the west, dear coal (300 CNY/MWh) in the east, 100 MW of line between; 50 MW of load at either end."""
    plants = [{"generator": name, "zone": zone, "technology": "coal", "capacity_mw": 500, "variable_cost_cny_per_mwh": cost}
              for name, zone, cost in (("cheap", "west", cheap), ("dear", "east", 300.0))]
    return small_case(
        int(hours / step_hours), policies={"corridor_contract": {"deviation_cost_cny_per_mwh": deviation}}, start=start,
        step_hours=step_hours, generators=plants, loads=[{"load": "east", "zone": "east"}, {"load": "west", "zone": "west"}],
        lines=[{"line": "out", "from_zone": "west", "to_zone": "east", "capacity_mw": 100, **line}],
        corridor_contracts=[{"line": "out", "month": month, "energy_mwh": energy_mwh}],
        series={"load": {"east": load, "west": 50.0}})


def sent(case):
    """Energy sent over the line, MWh."""
    return 1000 * (solved(case).value("transmission.report_flow") * case.step_hours).sum()


def test_no_more_than_was_sold():
    """24 MW are sold (17,856 MWh in January). Another MWh would save 200 CNY at the plants and cost 250: it is not sent.
    Without contracts the line would carry the whole 50 MW that the east asks for."""
    case = grid(24 * 744, deviation=250)
    result = solved(case)
    assert sent(case) == pytest.approx(24 * 24)
    assert result.objective == pytest.approx(24 * (74 * 100 + 26 * 300))
    assert sent(case.replace(scenario=case.scenario.model_copy(update={"policies": {}}))) == pytest.approx(50 * 24)
    assert_same_as_concrete(case)


def test_what_pays_goes_beyond_the_contract():
    """At 150 CNY of deviation the 200 CNY between the plants pay for more: 50 MW flow, 26 of them beyond the contract. Without
    the contract nothing would be paid for that: 240,000 CNY instead of 333,600."""
    result = solved(grid(24 * 744, deviation=150))
    assert result.value("corridor_contract.over").sum() == pytest.approx(26 * 24 / 1000)
    assert result.objective == pytest.approx(24 * (100 * 100 + 26 * 150))


def test_what_was_sold_is_sent_against_the_merit_order():
    """Coal at 400 in the west sends its 24 MW all the same: a MWh less would cost 150 and save 100.
    Without the contract the east would send 50 MW west, as it does where that saves more than it costs."""
    case = grid(24 * 744, deviation=150, cheap=400.0)
    assert sent(case) == pytest.approx(24 * 24)
    assert sent(grid(24 * 744, deviation=50, cheap=400.0)) == pytest.approx(-24 * 50)
    assert sent(case.replace(scenario=case.scenario.model_copy(update={"policies": {}}))) == pytest.approx(-24 * 50)


def test_energy_against_the_line_and_even_over_the_month():
    """-12 MW of mean power over February; half a day has half the energy. January has no row and is free:
    without a contract 50 MW go the other way."""
    case = grid(-12 * 672, month=2, start="2027-02-01", deviation=1000, hours=12, step_hours=3.0)
    assert sent(case) == pytest.approx(-12 * 12)
    assert sent(grid(-12 * 672, month=2, deviation=1000, hours=12)) == pytest.approx(50 * 12)


def test_each_day_has_its_own_contract():
    """The east asks for nothing on the first day; the second day's contract is not filled on the first. Were both days one
    account the second would carry 48 MW, and nothing be missing."""
    case = grid(24 * 744, hours=48, deviation=1000, load=[0.0] * 24 + [80.0] * 24)
    result = solved(case)
    flow = 1000 * result.value("transmission.report_flow").reshape(2, 24).sum(axis=1)
    assert flow[1] == pytest.approx(24 * 24)
    assert flow[0] == pytest.approx(0) and result.value("corridor_contract.short").sum() == pytest.approx(0.576)


def test_one_row_for_a_line_and_month():
    frames = {"corridor_contracts": grid(1.0).tables["corridor_contracts"]}
    assert check_contracts(frames) == []
    table = frames["corridor_contracts"]
    table = type(table)({name: list(table[name]) * 2 for name in table}).assign(month=1.5)
    assert len(check_contracts({"corridor_contracts": table})) == 3


def test_table_of_months():
    """What the table says of January is what the flows say."""
    import grid_model as gm

    case = grid(24 * 744, deviation=150)
    row = gm.solve(case).tables["corridor_contracts"].iloc[0]
    assert row["month"] == "2027-01" and row["contracted_mwh"] == pytest.approx(576)
    assert row["over_mwh"] == pytest.approx(624) and row["short_mwh"] == pytest.approx(0, abs=1e-6)
