"""The audit sees: on a grid with all rules of the market, one stored number is changed at a time, and some law is broken.

Every variable of the dispatch, every column of every table, every column of the inputs; what no law binds is listed with the reason.
Duals and the summary are changed in test_certificate.py.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audited_grid import ruled_grid
from seen import FAMILIES, READS_OTHERS, Seen, only

import grid_model as gm
from grid_model.results.audit import audit

DUAL = "a dual of the cost; the stored duals and the file's hash bind it, no law of the dispatch"
FREE = {
    ("ledger", "entry"): "a number that ties two rows together: another free number ties nothing else",
    ("green_obligations", "price_cny_per_mwh"): DUAL, ("green_corridors", "price_cny_per_mwh"): DUAL, ("green_loads", "price_cny_per_mwh"): DUAL,
    ("carbon_market", "ccer_price_cny_per_t"): DUAL,
    ("green_corridors", "renewable_mwh"): "a decision between what is asked for and what is generated: any value between is true",
    ("scorecard", "binding_dual"): DUAL,
}


@pytest.fixture(scope="module")
def case():
    return ruled_grid()


@pytest.fixture(scope="module")
def solved(case):
    return gm.solve(case)


seen = Seen()


def test_all_laws_hold_where_all_rules_are_on(case, solved):
    found = audit(case, solved.dispatch, solved.tables, solved.summary, duals=solved.duals)
    assert found["passed"].all() and len(found) > 210
    assert solved.summary["audit"]["passed"]
    assert solved.summary["audit"]["not_recomputed"] == []


def test_a_family_of_laws_judges_alone_what_it_judges_among_others(case, solved):
    """So what one family sees the whole audit sees. Cost items are not asked alone: they read what all other rules cost."""
    whole, alone = audited(case, solved), set()
    for family in sorted(FAMILIES - {READS_OTHERS}):
        with only(family):
            found = audited(case, solved)
        assert found["passed"].all() and (found["worst"] <= whole["worst"].reindex(found.index)).all(), family
        alone |= set(found.index)
    left = set(whole.index) - alone
    assert len(alone) > 200 and len(left) < 10, left


def audited(case, solved) -> pd.DataFrame:
    return audit(case, solved.dispatch, solved.tables, solved.summary, duals=solved.duals).set_index("law")


def test_every_number_of_every_table_is_bound(case, solved):
    """The largest value of each column, and another of long tables, by a hundredth and at least 1 (2 certificates)."""
    random, unseen, tried = np.random.default_rng(5), [], 0
    for name, table in solved.tables.items():
        for column in table.columns:
            if not len(table) or not pd.api.types.is_numeric_dtype(table[column]) or (name, column) in FREE:
                continue
            values = table[column].astype(float)
            if not values.notna().any():
                continue
            rows = {int(np.nanargmax(np.abs(values)))} | ({int(random.choice(np.flatnonzero(values.notna())))} if len(table) > 9 else set())
            for row in rows:
                changed = table.astype({column: float})
                flag = pd.api.types.is_bool_dtype(table[column])
                changed.loc[changed.index[row], column] = 1 - values.iloc[row] if flag else values.iloc[row] * 1.01 + 2
                tried += 1
                if not seen(case, solved, name, tables=solved.tables | {name: changed}):
                    unseen.append((name, column, row))
    assert not unseen
    assert tried > 60


WORDS = {"guaranteed_purchase": {"zone", "purchase_class"}, "curtailment": {"zone", "technology"}, "demand_response": {"zone", "kind"},
         "settlement": {"item", "zone", "party"}, "green_obligations": {"party", "zone"}, "green_loads": {"period", "matching"},
         "green_imports": {"from_zone", "to_zone"}, "technologies": {"kind", "name_zh", "technology"},
         "ledger": {"technology", "event", "account", "vintage", "month"}, "carbon_account": {"zone", "entity", "market"},
         "carbon_market": {"allocation", "pricing", "market"}, "carbon_factors": {"area", "level"}, "purchase_order": {"purchase_class"},
         "demand_response_capability": {"zone"}, "certificate_statement": {"zone", "month"}, "scorecard": {"target", "unit"}}


def test_words_of_tables_are_bound(case, solved):
    """Another zone, class, item or period in the last row: a table that is added up by such a word tells another story."""
    unseen = []
    for name, columns in WORDS.items():
        for column in columns:
            table = solved.tables[name].astype({column: object})
            table.loc[table.index[-1], column] = f"{table[column].iloc[-1]}x"
            if not seen(case, solved, name, tables=solved.tables | {name: table}):
                unseen.append((name, column))
    assert not unseen


def test_a_row_twice_or_missing_is_seen(case, solved):
    """Sums by party or zone would be another's, or nobody's. A row of an import or a payment of nothing may go: none says the same."""
    unseen = []
    for name, table in solved.tables.items():
        for row in (0, len(table) - 1) if len(table) else ():
            nothing = not table.iloc[[row]].select_dtypes("number").fillna(0.0).abs().gt(1e-6).any(axis=None)
            gone = [] if nothing and name in ("green_imports", "settlement") else [table.drop(index=table.index[row])]
            for changed in (*gone, pd.concat([table, table.iloc[[row]]])):
                if not seen(case, solved, f"rows of {name}", tables=solved.tables | {name: changed.reset_index(drop=True)}):
                    unseen.append((name, row, len(changed)))
    assert not unseen


@pytest.mark.parametrize("change", [
    {"scenario": "another"}, {"start": "2028-01-01 00:00:00"}, {"status": "within gap"}, {"ranks_proven": "by weights within windows"},
    {"scorecard": {"judged": 1, "missed": []}}, {"audit": {"passed": False, "failed": []}}])
def test_words_of_the_summary_are_bound(case, solved, change):
    assert seen(case, solved, summary=solved.summary | change)


def test_every_setting_of_the_rules_is_bound(case, solved):
    """A summary that tells of another fine or price would have every law judged by it."""
    policies, tried = solved.summary["policies"], 0
    for rule, settings in policies.items():
        for name in settings:
            tried += 1
            changed = policies | {rule: settings | {name: "another"}}
            assert seen(case, solved, summary=solved.summary | {"policies": changed}), (rule, name)
    assert tried > 40


@pytest.mark.parametrize("name, change", [("provider", "nobody"), ("provider", "coal"), ("reserve_area", "nowhere"), ("item", "transmission.other")])
def test_names_that_ride_along_are_bound(case, solved, name, change):
    names = solved.dispatch[name].values.astype(object)
    names[-1] = change
    assert seen(case, solved, dispatch=solved.dispatch.assign_coords({name: names.astype(str)}))


def test_what_cannot_be_computed_is_a_broken_law(case, solved):
    """A class that there is not ended as a KeyError, which names no law."""
    table = solved.tables["purchase_order"].assign(purchase_class="another")
    found = audit(case, solved.dispatch, solved.tables | {"purchase_order": table}, solved.summary).set_index("law")
    assert found.loc["stored values can be read", "where"] == "KeyError: 'another'"


def test_a_price_on_one_side_of_an_entry_is_seen(case, solved):
    ledger = solved.tables["ledger"].copy()
    ledger.loc[ledger.index[0], "price_cny_per_mwh"] = 1.0
    assert seen(case, solved, tables=solved.tables | {"ledger": ledger})


def test_every_variable_of_the_dispatch_is_bound(case, solved):
    """The largest number of each made smaller by a twentieth and at least 2, and another made larger."""
    random, unseen, tried = np.random.default_rng(7), [], 0
    for name, variable in solved.dispatch.data_vars.items():
        values = variable.values.astype(float)
        known = np.argwhere(np.isfinite(values))
        places = (np.unravel_index(np.nanargmax(np.abs(values)), values.shape), tuple(known[random.integers(len(known))]))
        for place, sign in zip(places, (-1, 1), strict=True):
            if name.startswith("reserve_") and (sign > 0 or place is not places[0]):
                continue  # more than is required may be held
            changed = values.copy()
            changed[place] += sign * max(2.0, 0.05 * abs(changed[place]))
            tried += 1
            if not seen(case, solved, name, dispatch=solved.dispatch.assign({name: (variable.dims, changed)})):
                unseen.append((name, place, sign))
    assert not unseen
    assert tried > 75


INPUTS = {  # table: {row: {column: another number or word}}
    "zones": {"A": {"region": "South", "benchmark_tariff_cny_per_mwh": 175, "heating_start": "", "heating_end": ""}, "B": {"carbon_market": ""}},
    "technologies": {"coal": {"kind": "renewable"}},
    "generators": {
        "coal": {"zone": "B", "technology": "coal_chp", "capacity_mw": 150, "variable_cost_cny_per_mwh": 250, "min_output_fraction": 0.25,
                 "max_output_fraction": 0.5, "certificate": "tradable", "emissions_t_per_mwh": 0.7, "ramp_up_fraction_per_hour": 0.015,
                 "ramp_down_fraction_per_hour": 0.015, "initial_output_mw": 60, "start_cost_cny_per_mw": 50, "stop_cost_cny_per_mw": 5,
                 "no_load_cost_cny_per_mwh": 1, "initial_online_mw": 140, "heating_floor_fraction": 0.9, "purchase_class": "guaranteed"},
        "gas": {"capacity_mw": 40, "planned_hours": 3000}, "capture": {"capture_energy_mwh_per_t": 0.3},
        "wind": {"guaranteed_hours": 3500, "self_consumed_fraction": 0.5},
        "tower": {"heat_store_hours": 1, "local_congestion_fraction": 0.5, "solar_multiple": 1.5, "heat_loss_fraction_per_hour": 0.02}},
    "loads": {"A base": {"zone": "B", "kind": "ev"}, "C base": {"green_share": 0.2, "green_matching": "year"},
              "D base": {"unserved_cost_cny_per_mwh": 2500, "certificates": "none", "green_share": 0.4}},
    "storage": {
        "battery": {"zone": "E", "technology": "pumped_hydro", "power_mw": 20, "energy_mwh": 40, "charge_efficiency": 0.9,
                    "discharge_efficiency": 0.9, "loss_fraction_per_hour": 0.002, "min_level_fraction": 0.5, "cyclic": False,
                    "max_cycles_per_day": 0.4, "wear_cost_cny_per_mwh": 4, "holding_cost_cny_per_mwh_hour": 0.5, "place": "generation_side"},
        "pumped": {"initial_fraction": 0.4, "final_fraction": 0.7}, "at wind": {"connection_mw": 120}},
    "lines": {
        "A-B": {"from_zone": "C", "to_zone": "C", "capacity_mw": 30, "reverse_capacity_mw": 60, "kind": "ac", "loss_fraction": 0.05,
                "cost_cny_per_mwh": 1, "min_flow_mw": 1, "ramp_mw_per_hour": 5, "initial_flow_mw": -30, "min_renewable_share": 0.5,
                "renewable_share": 0.5},
        "A=C": {"reactance_pu": 0.2}, "C=B": {"phase_shift_mw": 3}},
    "demand_response": {
        "shed": {"zone": "C", "kind": "interruptible", "power_mw": 2, "cost_cny_per_mwh": 300, "max_hours_per_day": 3,
                 "max_calls_per_year": 200, "min_rest_hours": 24, "min_call_hours": 24}, "shift": {"load": "C ev", "share_of_peak": 0.01},
        "smelter": {"max_energy_mwh_per_year": 4500, "step_mw": 0.5, "power_mw": 3}, "ev": {"return_power_mw": 3}},
    "reservoirs": {"upper lake": {"generator": "lower", "capacity_mwh": 200, "min_level_fraction": 0.45, "max_level_fraction": 0.5,
                                  "initial_fraction": 0.4, "final_fraction": 0.6, "cyclic": True, "min_flow_mw": 30}},
    "cascade": {"upper lake": {"delay_hours": 1, "share": 0.8, "energy_factor": 0.5}},
    "converters": {"heat pump": {"capacity_mw": 3, "ramp_up_mw_per_hour": 0.25, "ramp_down_mw_per_hour": 0.2, "initial_mw": 1, "committed": True}},
    "converter_ports": {"pump power": {"zone": "E", "rate": -0.5, "delay_hours": 2}, "pump heat": {"rate": 2, "cyclic": False}},
    "corridor_contracts": {"A-B": {"month": 2, "energy_mwh": -10_000}}, "contracts": {"straw for C": {"share": 0.2}},
    "obligations": {"A": {"zone": "D", "total_share": 0.2, "non_hydro_share": 0.1}, "B": {"year": 2028}},
    "certificate_lots": {"old wind": {"quantity_mwh": 60, "generator": "straw", "vintage": pd.Timestamp("2026-11-01"), "lot": "other"}},
    "carbon_markets": {"local": {"allowance_price_cny_per_t": 30, "auction_share": 0.1, "reserve_share": 0.2, "reserve_price_cny_per_t": 80,
                                 "offset_share": 0.02}},
    "carbon_benchmarks": {"coal": {"benchmark_t_per_mwh": 0.7, "technology": "gas"}, "gas": {"benchmark_t_per_mwh": 0.2}},
    "ccer_supply": {"first": {"price_cny_per_t": 55, "quantity_t": 15_000}},
}


@pytest.mark.parametrize("table", INPUTS)
def test_every_column_of_the_inputs_is_bound(case, solved, table):
    """Stored results held against inputs in which one number or word is another, so that the dispatch or an account would be too."""
    unseen, rows = [], case.tables[table]
    for key, changes in INPUTS[table].items():
        at = np.flatnonzero(rows.iloc[:, 0] == key)
        assert len(at) == 1
        for column, value in changes.items():
            changed = rows.copy()
            changed[column] = changed[column].astype(object)
            assert changed.at[at[0], column] != value, (key, column)
            changed.at[at[0], column] = value
            if not seen(case.replace(**{table: changed.astype({column: rows[column].dtype})}), solved):
                unseen.append((key, column))
    assert not unseen


def test_every_series_of_the_inputs_is_bound(case, solved):
    """The greatest number of each, halved; of the least levels doubled."""
    unseen = []
    for name, series in case.series.items():
        values = series.values.copy()
        place = np.unravel_index(np.argmax(values), values.shape)
        values[place] *= 2 if name == "min_level" else 0.5
        if not seen(case.replace(series={name: series.copy(data=values)}), solved):
            unseen.append(name)
    assert not unseen


@pytest.mark.parametrize("event, change", [
    ("issue", {"account": "E"}), ("issue", {"vintage": "2026-12"}), ("retire", {"account": "D"}), ("issue", {"generator": "coal"}),
    ("retire", {"event": "expire"}), ("issue", {"class": "held"})])
def test_a_changed_word_of_the_ledger_is_seen(case, solved, event, change):
    ledger = solved.tables["ledger"].copy()
    rows = np.flatnonzero((ledger["event"] == event) & (ledger["class"] == "tradable"))
    column, value = next(iter(change.items()))
    row = rows[np.argmax(ledger.iloc[rows]["quantity_mwh"].to_numpy() * (1 if event == "issue" else -1))]
    ledger[column] = ledger[column].astype(object)
    assert ledger.at[row, column] != value
    ledger.at[row, column] = value
    assert seen(case, solved, tables=solved.tables | {"ledger": ledger})


@pytest.mark.parametrize("name, column, row, value", [
    ("demand_response", "programme", 0, "shift"), ("demand_response", "kind", 0, "shift"), ("carbon_factors", "area", 0, "B"),
    ("carbon_factors", "year", 0, 2028), ("scorecard", "target", 0, "new_energy_storage"), ("scorecard", "achieved", 3, np.nan)])
def test_a_changed_word_of_what_is_told_is_seen(case, solved, name, column, row, value):
    table = solved.tables[name].copy()
    assert table[column].iloc[row] != value
    table[column] = table[column].astype(object)
    table.iloc[row, table.columns.get_loc(column)] = value
    assert seen(case, solved, tables=solved.tables | {name: table.infer_objects()})


def test_a_younger_lot_sold_first_is_seen(case, solved):
    """Wind's lot of January is left over while an older one was to go first: first in, first out is broken by 5 MWh."""
    ledger = solved.tables["ledger"]
    young = ledger[(ledger["event"] == "retire") & (ledger["quantity_mwh"] < 0)].iloc[0]
    pair = ledger[(ledger["event"] == "issue") & (ledger["lot"] == young["lot"])]
    entry = int(ledger["entry"].max()) + 1
    old = pair.assign(event="opening", lot="0 " + young["lot"], vintage="2026-12", entry=entry,
                      quantity_mwh=np.sign(pair["quantity_mwh"]) * 5)
    found = audit(case, solved.dispatch, {"ledger": pd.concat([ledger, old], ignore_index=True)}, solved.summary).set_index("law")
    assert found.loc["ledger: first in, first out", "worst"] == 5.0


def test_what_is_wrong_with_the_ledger_is_said_in_words(case, solved):
    """A certificate that a zone retires is retired once more; without the column of entries nothing can be re-added."""
    ledger = solved.tables["ledger"]
    lot = ledger.loc[ledger["event"] == "retire", "lot"].iloc[0]
    pair = ledger[(ledger["event"] == "retire") & (ledger["lot"] == lot)]
    again = pd.concat([ledger, pair.assign(entry=ledger["entry"].max() + 1)], ignore_index=True)
    for table, words in ((again, f"{lot}: retired twice"), (ledger.drop(columns="entry"), "the ledger has no column entry")):
        found = audit(case, solved.dispatch, {"ledger": table}, solved.summary).set_index("law")
        assert found.loc["ledger: every rule of its table", "where"] == words


@pytest.mark.parametrize("name, column, change, law", [
    ("green_corridors", "renewable_mwh", lambda table: table["carried_mwh"] * 1.1, "green corridor: renewable part of what is carried"),
    ("green_corridors", "renewable_mwh", lambda table: table["carried_mwh"] * 0.4, "green corridor: renewable or short"),
    ("carbon_market", "reserve_released_t", lambda table: table["allowances_t"] * 0.11, "carbon market: released out of the reserve"),
    ("carbon_account", "shortfall_t", lambda table: table["emissions_t"] * 1.1, "carbon market: no more uncovered than emitted"),
    ("planned_generation", "planned_mwh", lambda table: table["planned_mwh"] * 0.9, "planned generation: plan"),
    ("corridor_contracts", "over_mwh", lambda table: table["over_mwh"] * 0.5, "corridor contract: deviation of its days"),
    ("certificate_market", "held_mwh", lambda table: table["held_mwh"] - 1, "certificate market: held"),
    ("green_imports", "exchanged_mwh", lambda table: table["exchanged_mwh"] + 1 * (table["to_zone"] == "A"),
     "green imports: exchange of a line is its flow"),
    ("green_trades", "energy_mwh", lambda table: table["energy_mwh"] + 1, "green load: traded within the part of the plant")])
def test_the_law_that_is_broken_is_named(case, solved, name, column, change, law):
    """The column is changed as a whole in one direction, so that sums alone would not tell."""
    table = solved.tables[name].copy()
    table[column] = change(table).astype(float)
    found = audit(case, solved.dispatch, solved.tables | {name: table}, solved.summary).set_index("law")
    assert not found.loc[law, "passed"]
