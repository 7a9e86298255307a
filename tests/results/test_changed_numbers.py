"""The audit sees: on a grid with all rules of the market, one stored number is changed at a time, and some law is broken.

Variables of the dispatch, duals, and every column of every table; what no law binds is listed in FREE with the reason.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audited_grid import ruled_grid

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


def seen(case, results, **changed) -> bool:
    given = {"dispatch": results.dispatch, "tables": results.tables, "duals": results.duals} | changed
    return not audit(case, given["dispatch"], given["tables"], results.summary, duals=given["duals"])["passed"].all()


def test_all_laws_hold_where_all_rules_are_on(case, solved):
    found = audit(case, solved.dispatch, solved.tables, solved.summary, duals=solved.duals)
    assert found["passed"].all() and len(found) > 210
    assert solved.summary["audit"]["passed"]
    assert solved.summary["audit"]["not_recomputed"] == []


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
                if not seen(case, solved, tables=solved.tables | {name: changed}):
                    unseen.append((name, column, row))
    assert not unseen
    assert tried > 60


def test_every_hourly_number_of_a_rule_is_bound(case, solved):
    unseen = []
    for name in [one for one in solved.dispatch.data_vars if one.startswith(("reserve_", "price", "carbon", "emissions", "curtail"))]:
        variable = solved.dispatch[name]
        place = np.unravel_index(np.nanargmax(np.abs(variable.values)), variable.shape)
        for sign in (1, -1) if name == "price" else (-1,):  # more reserve than is required may be held
            values = variable.values.astype(float)
            values[place] += sign * max(2.0, 0.05 * abs(values[place]))
            dispatch = solved.dispatch.copy()
            dispatch[name] = (variable.dims, values)
            if not seen(case, solved, dispatch=dispatch):
                unseen.append((name, sign))
    assert not unseen


@pytest.mark.parametrize("table, key, column, value", [
    ("carbon_benchmarks", "coal", "benchmark_t_per_mwh", 0.7), ("carbon_benchmarks", "gas", "benchmark_t_per_mwh", 0.2),
    ("loads", "D base", "green_share", 0.4), ("obligations", "B", "year", 2028), ("generators", "gas", "capacity_mw", 40),
    ("generators", "coal", "ramp_up_fraction_per_hour", 0.01), ("generators", "wind", "guaranteed_hours", 3500),
    ("storage", "battery", "charge_efficiency", 0.9), ("storage", "pumped", "final_fraction", 0.7), ("cascade", "upper lake", "share", 0.8),
    ("reservoirs", "upper lake", "min_flow_mw", 30), ("lines", "A=C", "reactance_pu", 0.2), ("lines", "A-B", "loss_fraction", 0.05),
    ("converter_ports", "pump heat", "rate", 2.0), ("demand_response", "smelter", "power_mw", 3),
    ("contracts", "straw for C", "share", 0.2), ("ccer_supply", "first", "price_cny_per_t", 55), ("certificate_lots", "old wind", "quantity_mwh", 60)])
def test_a_changed_number_of_the_inputs_is_seen(case, solved, table, key, column, value):
    """Stored results held against inputs in which one number is another, so that the dispatch or an account would be too."""
    rows = case.tables[table].copy()
    at = (rows.iloc[:, 0] == key).to_numpy()
    assert at.sum() == 1 and rows.loc[at, column].item() != value
    rows.loc[at, column] = float(value)
    assert seen(case.replace(**{table: rows}), solved)


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
