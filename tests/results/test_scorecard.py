"""The scorecard: every target on a grid whose figures can be added up by hand, and what makes each fail."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from small import small_case
from typer.testing import CliRunner

import grid_model as gm
from grid_model.cli import app
from grid_model.errors import AuditError
from grid_model.policies.scorecard import TARGETS, Settings
from grid_model.results.scorecard import COLUMNS, demand_reached, scorecard

PLANTS = [{"generator": "wind", "zone": "Qinghai", "technology": "wind_onshore", "capacity_mw": 150, "certificate": "tradable"},
          {"generator": "roofs", "zone": "Beijing", "technology": "solar_distributed", "capacity_mw": 20,
           "certificate": "tradable"},
          {"generator": "coal", "zone": "Beijing", "technology": "coal", "capacity_mw": 500, "variable_cost_cny_per_mwh": 300,
           "emissions_t_per_mwh": 0.8}]
LOADS = [{"load": "q", "zone": "Qinghai"}, {"load": "b", "zone": "Beijing"},
         {"load": "q servers", "zone": "Qinghai", "kind": "data_centre", "green_share": 0.8},
         {"load": "b servers", "zone": "Beijing", "kind": "data_centre", "green_share": 0.5}]
STORES = [{"storage": "lake", "zone": "Qinghai", "technology": "pumped_hydro", "power_mw": 3000, "energy_mwh": 0.0},
          {"storage": "cells", "zone": "Beijing", "technology": "lithium_ion", "power_mw": 2000, "energy_mwh": 0.0}]
LINE = {"line": "Q-B", "from_zone": "Qinghai", "to_zone": "Beijing", "capacity_mw": 30, "reverse_capacity_mw": 0}
RESPONSE = {"programme": "call", "zone": "Beijing", "kind": "shed", "power_mw": 7, "cost_cny_per_mwh": 5000}
ORDER = {"programme": "order", "zone": "Beijing", "kind": "orderly_use", "power_mw": 50, "cost_cny_per_mwh": 9000}
SERIES = {"load": {"q": 60.0, "b": 100.0, "q servers": 10.0, "b servers": 30.0}, "availability": {"wind": 1.0, "roofs": 0.5}}


def card(settings=None, start="2027-01-01", policies=None, **tables):
    """Results and the scorecard by target: one hour of two provinces, 100 MW of wind and sun for 200 MW of load."""
    given = {"generators": PLANTS, "loads": LOADS, "storage": STORES, "lines": [LINE], "demand_response": [RESPONSE, ORDER],
             "series": SERIES} | tables
    policies = {"scorecard": settings or {}, "green_load": {}} | (policies or {})
    results = gm.solve(small_case(1, policies=policies, start=start, **given))
    return results, results.tables["scorecard"].set_index("target")


def test_every_target_has_a_line():
    """All lines of the rule stand in the table; what the grid has nothing of is neither passed nor failed."""
    results, table = card()
    assert list(table.index) == list(TARGETS) and list(results.tables["scorecard"].columns) == COLUMNS
    without = table[table["achieved"].isna()]
    assert set(without.index) == {"consumption_weights", "certificates_short", "certificates_expired", "carbon_unsettled",
                                  "carbon_offsets_over", "charging_piles"}
    assert without["passed"].isna().all() and without["margin"].isna().all()
    assert results.summary["scorecard"]["judged"] == len(TARGETS) - 6
    assert set(table.index[table["note"] != ""]) == set(without.index)
    assert without.loc["charging_piles", "note"] == "not judged: no load of kind ev, or pile_kw is not given"


def test_a_scenario_says_why_a_target_is_not_judged():
    """In its own words, where the target is not judged; what is judged needs none."""
    _, table = card({"why_not": {"charging_piles": "no source", "pumped_storage": "nobody asked"}})
    assert table.loc["charging_piles", "note"] == "not judged: no source" and table.loc["pumped_storage", "note"] == ""


def test_capacities():
    """3 GW of pumped hydro, 2 GW of other storage, 20 MW of roofs; 7 MW on call of 70 and 130 MW. With orderly
    use, which is no demand response, it would be 57."""
    _, table = card()
    assert table.loc["pumped_storage", ["achieved", "margin", "passed"]].tolist() == [3, -77, False]
    assert table.loc["new_energy_storage", "achieved"] == 2
    assert table.loc["distributed_new_energy", "achieved"] == pytest.approx(0.02)
    assert table.loc["demand_response", "achieved"] == pytest.approx(7 / 200)


def test_share_and_use_of_wind_and_sun():
    """Of 160 MW available 70 are used in Qinghai, 30 sent, 10 made in Beijing: 110 of 200 MW; 50 MW are lost to the full
    corridor, across which a MWh is worth 300 CNY more. Without the corridor's limit all would be used."""
    _, table = card()
    assert table.loc["wind_and_solar_share", "achieved"] == pytest.approx(110 / 200)
    assert table.loc["wind_and_solar_use", ["achieved", "passed"]].tolist() == [pytest.approx(110 / 160), False]
    assert table.loc["wind_and_solar_use", "binding_dual"] == pytest.approx(300)
    _, wide = card(lines=[{**LINE, "capacity_mw": 500}])
    assert wide.loc["wind_and_solar_use", ["achieved", "passed"]].tolist() == [pytest.approx(1.0), True]
    assert np.isnan(wide.loc["wind_and_solar_use", "binding_dual"])


def test_green_computing():
    """Qinghai's servers are matched by wind at 80 %. Beijing's need 15 MWh, the roofs give 10: a third, and one more
    MWh asked for costs the penalty. Without the rule of green loads nothing would be matched to either."""
    _, table = card()
    assert table.loc["qinghai_green_computing", ["achieved", "passed"]].tolist() == [pytest.approx(0.8), True]
    assert table.loc["beijing_green_computing", ["achieved", "passed"]].tolist() == [pytest.approx(1 / 3), False]
    assert table.loc["beijing_green_computing", "binding_dual"] == pytest.approx(1000)


def test_consumption_weights_and_certificates():
    """Beijing is to consume half of its 130 MWh as renewable energy: 10 MWh of its own and 30 from Qinghai count, 25 certificates are
    bought of Qinghai's wind. Nothing is short, of Qinghai's 100 % neither, as all it consumes is wind. Were no certificate tradable,
    Beijing would be short of 25 MWh by its total weight and of as many by that without hydro, at the penalty of 5 CNY/MWh."""
    on = {"green_certificates": {"shortfall_penalty_cny_per_mwh": 5}, "green_load": False}
    weights = [{"zone": "Beijing", "total_share": 0.5, "non_hydro_share": 0.5, "year": 2027},
               {"zone": "Qinghai", "total_share": 1.0, "non_hydro_share": 1.0, "year": 2027}]
    _, table = card(policies=on, obligations=weights)
    assert table.loc["consumption_weights", ["achieved", "passed"]].tolist() == [0, True]
    assert table.loc["certificates_short", "achieved"] == 0 and table.loc["certificates_expired", "achieved"] == 0
    held = [{**plant, "certificate": "held"} for plant in PLANTS[:2]] + PLANTS[2:]
    _, table = card(policies=on, obligations=weights, generators=held)
    assert table.loc["consumption_weights", ["achieved", "passed"]].tolist() == [1, False]
    assert table.loc["certificates_short", ["achieved", "passed"]].tolist() == [pytest.approx(2 * 25), False]  # data centres are monitored
    assert table.loc["consumption_weights", "binding_dual"] == pytest.approx(5)


@pytest.mark.parametrize(("owner", "share", "expired"), [("wind", 0, 7), ("roofs", 0, 0), ("roofs", 0.5, 7)])
def test_certificates_that_another_could_have_used(owner, share, expired):
    """7 certificates of February 2025 expire with January 2027, and Beijing is short, as the penalty is nothing. It could have used those
    of Qinghai; those of its own roofs only a smelter in it, as a weight counts certificates from outside. Were all counted that expire
    in a year of need, they would fail where nobody could have used them, too."""
    loads = [*LOADS, {"load": "smelter", "zone": "Beijing", "kind": "aluminium", "certificates": "assessed", "green_share": share}]
    _, table = card(
        policies={"green_certificates": {"shortfall_penalty_cny_per_mwh": 0}, "green_load": False}, loads=loads,
        series={**SERIES, "load": SERIES["load"] | {"smelter": 10.0}},
        obligations=[{"zone": "Beijing", "total_share": 0.5, "non_hydro_share": 0.5, "year": 2027}],
        certificate_lots=[{"lot": "old", "generator": owner, "vintage": "2025-02", "quantity_mwh": 7}])
    assert table.loc["certificates_short", "achieved"] > 0
    assert table.loc["certificates_expired", ["achieved", "passed"]].tolist() == [expired, expired == 0]


def test_nothing_has_no_sign():
    """No weight is short and none is dear: margin and price are 0. As less is better here, and a price is a dual with its sign turned,
    both would be -0.0, and read so."""
    weights = [{"zone": "Qinghai", "total_share": 0.5, "non_hydro_share": 0.5, "year": 2027}]
    results, table = card(policies={"green_certificates": {}, "green_load": False}, obligations=weights)
    assert table.loc["consumption_weights", ["margin", "binding_dual"]].tolist() == [0, 0]
    for name, one in results.tables.items():
        numbers = one.select_dtypes(float).to_numpy()
        assert not (np.signbit(numbers) & (numbers == 0)).any(), name


def test_carbon_is_settled_or_not():
    """Coal emits 0.8 t/MWh and gets nothing for free: it buys. Where the price is to clear nobody sells: certified
    reductions cover 5 % of the 72 t, and the rest is fined 5 times the price. Without offsets all 72 t would be; 10 t of them, which no
    dispatch may surrender, would be 6.4 too many."""
    _, table = card(policies={"carbon_market": {}})
    assert table.loc[["carbon_unsettled", "carbon_offsets_over"], "passed"].tolist() == [True, True]
    assert table.loc["carbon_unsettled", "binding_dual"] == pytest.approx(62.36)
    results, table = card(policies={"carbon_market": {"price": "cleared"}})
    assert table.loc["carbon_unsettled", ["achieved", "passed"]].tolist() == [pytest.approx(0.95 * 72), False]
    assert table.loc["carbon_unsettled", "binding_dual"] == pytest.approx(5 * 62.36)
    assert table.loc["carbon_offsets_over", "passed"]
    too_many = results.tables | {"carbon_account": results.tables["carbon_account"].assign(offset_t=10.0)}
    over = scorecard(results.case, results.dispatch, too_many).set_index("target").loc["carbon_offsets_over"]
    assert (over["achieved"], over["passed"]) == (pytest.approx(10 - 0.05 * 72), False)


def test_charging_piles():
    """Vehicles that draw 70 MW at 7 kW a pile: 0.01 million piles. Without a figure for a pile they are not counted."""
    loads, series = [*LOADS, {"load": "ev", "zone": "Beijing", "kind": "ev"}], {**SERIES, "load": SERIES["load"] | {"ev": 70.0}}
    _, table = card({"pile_kw": 7}, loads=loads, series=series)
    assert table.loc["charging_piles", "achieved"] == pytest.approx(0.01)
    _, table = card(loads=loads, series=series)
    assert np.isnan(table.loc["charging_piles", "achieved"])


def test_levels_of_a_scenario_and_by_year():
    """Another level, and one that changes with the year: that of 2026 holds in 2027, that of 2028 not yet. Were the latest of all
    meant, 9 GW would be asked for and missed."""
    _, table = card({"levels": {"pumped_storage": 3, "new_energy_storage": {2026: 1.5, 2028: 9}}})
    assert table.loc[["pumped_storage", "new_energy_storage"], "level"].tolist() == [3, 1.5]
    assert table.loc[["pumped_storage", "new_energy_storage"], "passed"].tolist() == [True, True]
    assert table.loc["pumped_storage", "source"] == "scenario"
    with pytest.raises(ValidationError, match="not of pumps"):
        Settings(levels={"pumps": 1})


def test_national_targets_are_not_those_of_some_provinces():
    """What two provinces have of pumped hydro is held against nothing; their share of wind and sun is. Held against the country's 80 GW
    their 3 would be a target missed."""
    case = small_case(1, policies={"scorecard": {}}, generators=PLANTS, loads=LOADS, storage=STORES, series=SERIES)
    some = case.replace(scenario=case.scenario._with(zones=("Qinghai", "Beijing")))
    table = gm.solve(some).tables["scorecard"].set_index("target")
    assert np.isnan(table.loc["pumped_storage", "achieved"]) and table.loc["wind_and_solar_share", "achieved"] > 0


def test_a_missed_target_is_named():
    """With its figure and level, as the error of a strict run."""
    results, _ = card()
    with pytest.raises(AuditError, match="pumped_storage: 3 GW, level 80"):
        demand_reached(results.tables["scorecard"], "here")


def test_strict_run_exits_with_5_and_still_writes(two_zones):
    """A target that is missed: exit code 5 with --strict, 0 without; results are whole either way. Without a scorecard
    --strict has nothing to judge: wrong input."""
    run = ["run", str(two_zones.scenario), "--out", str(two_zones.folder / "out")]
    assert CliRunner().invoke(app, [*run, "--strict"]).exit_code == 2
    run += ["--set", "policies.scorecard.levels.wind_and_solar_share=0.9"]
    assert CliRunner().invoke(app, run).exit_code == 0
    strict = CliRunner().invoke(app, [*run, "--strict"])
    assert strict.exit_code == 5 and "wind_and_solar_share" in strict.output
    assert gm.open_results(two_zones.folder / "out").summary["scorecard"]["missed"] == ["wind_and_solar_share",
                                                                                           "wind_and_solar_use"]
    reachable = [*run[:-1], "policies.scorecard.levels.wind_and_solar_share=0.1", "--strict"]
    assert CliRunner().invoke(app, [*reachable, "--set", "policies.scorecard.levels.wind_and_solar_use=0"]).exit_code == 0
