"""The audit sees: one number changed at a time, in results and in inputs, is caught by some law.

What no law binds is listed here with the reason: FREE of the results, UNBOUND of the inputs.
"""

from __future__ import annotations

import ast
import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from audited_grid import GENERATORS, LINES, RESERVOIRS, RESPONSE, STORAGE, audited_grid
from seen import Seen, families_of_laws, only
from typer.testing import CliRunner

import grid_model as gm
from grid_model import cli, pipeline
from grid_model.errors import AuditError
from grid_model.results import audit as package
from grid_model.results.audit import audit, demand_passed, summarise
from grid_model.results.audit.book import COLUMNS

seen = Seen()

PLACES = 4  # of each variable, besides its largest value

FREE = {
    "price": "a dual: it says what one more MWh would cost and is bound by optimality alone, not by any law of the dispatch",
}


@pytest.fixture(scope="module")
def case():
    return audited_grid()


@pytest.fixture(scope="module")
def solved(case):
    return gm.solve(case)


def broken(case, results, **changed) -> list[str]:
    """Laws that are broken."""
    given = {"dispatch": results.dispatch, "tables": results.tables, "summary": results.summary} | changed
    found = audit(case, given["dispatch"], given["tables"], given["summary"])
    return found.loc[~found["passed"], "law"].tolist()


def test_a_solved_case_passes_every_law(case, solved):
    found = audit(case, solved.dispatch, solved.tables, solved.summary)
    assert found["passed"].all()
    assert len(found) > 80 and found["law"].is_unique
    assert solved.summary["audit"]["passed"] and solved.summary["audit"]["not_recomputed"] == []
    assert solved.summary["audit"]["power_tolerance_mw"] == 1e-3


def places(variable: xr.DataArray, random) -> list[tuple]:
    """Some places that hold a number, the largest among them."""
    known = np.argwhere(~np.isnan(variable.values))
    chosen = known[random.choice(len(known), min(PLACES, len(known)), replace=False)]
    largest = np.unravel_index(np.nanargmax(np.abs(variable.values)), variable.shape)
    return list(dict.fromkeys([tuple(largest), *(tuple(place) for place in chosen)]))


def test_every_number_of_the_dispatch_is_bound(case, solved):
    """Up or down by 1 % of the variable's largest value, at least by 1 MW (MWh, t, CNY): never unseen."""
    random, unseen, tried = np.random.default_rng(7), [], 0
    for name, variable in solved.dispatch.data_vars.items():
        if name in FREE:
            continue
        size = max(1.0, 0.01 * float(np.nanmax(np.abs(variable.values))))
        for number, place in enumerate(places(variable, random)):
            label = str(variable[variable.dims[0]].values[place[0]])
            for sign in ((1, -1) if number < 2 else (1,)):
                dispatch = solved.dispatch.copy()
                values = variable.values.copy()
                values[place] += sign * size
                dispatch[name] = (variable.dims, values)
                tried += 1
                if not seen(case, solved, name, dispatch=dispatch):
                    unseen.append((name, label, place, sign))
    assert not unseen
    assert tried > 150


def test_what_is_no_number_or_missing_is_seen(case, solved):
    for name in sorted(set(solved.dispatch.data_vars) - set(FREE)):
        dispatch = solved.dispatch.copy()
        values = dispatch[name].values.astype(float)
        values[tuple(np.argwhere(~np.isnan(values))[0])] = np.nan
        dispatch[name] = (dispatch[name].dims, values)
        assert seen(case, solved, name, dispatch=dispatch), name
    for name in ("generation", "online", "state_of_charge", "loss", "spill", "objective", "unserved"):
        assert seen(case, solved, dispatch=solved.dispatch.drop_vars(name)), name


def test_every_fact_that_rides_along_is_bound(case, solved):
    for name in sorted(set(solved.dispatch.coords) - {"item", "time"}):
        coordinate = solved.dispatch[name]
        values = coordinate.values.copy()
        values[0] = 5.0 if values.dtype.kind == "f" else "another"
        assert seen(case, solved, dispatch=solved.dispatch.assign_coords({name: (coordinate.dims, values)})), name
    for name, values in (("item", ["another", *solved.dispatch["item"].values[1:]]),
                         ("time", solved.dispatch["time"].values + np.timedelta64(1, "h"))):
        assert seen(case, solved, dispatch=solved.dispatch.assign_coords({name: values})), name


def test_order_of_purchase_and_summary_are_bound(case, solved):
    order = solved.tables["purchase_order"]
    for row in range(len(order)):
        for column in ("rank", "available_mwh", "taken_mwh", "optimum_mwh", "passed"):
            table = order.astype({"rank": float})
            table.loc[row, column] = False if column == "passed" else table.loc[row, column] * 1.01 + 1
            assert seen(case, solved, "purchase_order", tables={"purchase_order": table}), (row, column)
    for name in ("objective_cny", "lower_bound_cny", "gap", "hours", "steps", "zones"):
        assert seen(case, solved, summary=solved.summary | {name: solved.summary[name] * 1.01 + 1}), name


# ---------------------------------------------------------------------------------------------------------------- inputs

TABLES = {"generators": GENERATORS, "lines": LINES, "reservoirs": RESERVOIRS, "demand_response": RESPONSE, "storage": STORAGE}
LOOSE = "the dispatch of this grid keeps well clear of it; the law itself is broken on purpose in BREAKS"
UNBOUND = {
    ("generators", "min_up_hours"): LOOSE, ("generators", "min_down_hours"): LOOSE,
    ("generators", "ramp_down_fraction_per_hour"): LOOSE, ("generators", "capture_rate"): LOOSE,
    ("generators", "capture_energy_mwh_per_t"): "nothing is captured here, so nothing is used for it",
    ("demand_response", "share_of_peak"): LOOSE, ("demand_response", "up_power_mw"): LOOSE,
    ("demand_response", "window_hours"): LOOSE, ("demand_response", "deadline_hour"): LOOSE,
    ("demand_response", "efficiency"): "nothing is moved or lent here", ("demand_response", "return_power_mw"): LOOSE,
    ("demand_response", "return_energy_mwh"): LOOSE, ("demand_response", "min_rest_hours"): LOOSE,
    ("demand_response", "min_call_hours"): LOOSE,
    ("lines", "reverse_capacity_mw"): "stored with the dispatch, so any change is seen (test of facts)",
}


# Inputs and what is done to them: each tightened (or loosened, where results follow the input) until the dispatch shows it.
INPUTS = [
    *[("generators", column, row, factor) for column, row, factor in (
        ("capacity_mw", "coal", 1.01), ("capacity_mw", "sun", 0.99), ("capacity_mw", "lower", 0.99),
        ("variable_cost_cny_per_mwh", "coal", 1.01), ("variable_cost_cny_per_mwh", "tower", 1.01),
        ("variable_cost_cny_per_mwh", "straw", 1.01), ("variable_cost_cny_per_mwh", "upper", 0.99),
        ("variable_cost_cny_per_mwh", "budgeted", 0.99), ("min_output_fraction", "budgeted", 1.01),
        ("min_output_fraction", "old coal", 2.0), ("max_output_fraction", "gas", 0.99),
        ("start_cost_cny_per_mw", "coal", 1.01), ("ramp_up_fraction_per_hour", "coal", 0.99),
        ("ramp_up_fraction_per_hour", "capture", 0.99), ("emissions_t_per_mwh", "gas", 1.01),
        ("heating_floor_fraction", "heat and power", 1.01), ("initial_online_mw", "coal", 0.99),
        ("initial_output_mw", "capture", 0.9), ("heat_store_hours", "tower", 0.99), ("solar_multiple", "tower", 1.01),
        ("heat_loss_fraction_per_hour", "tower", 1.2), ("guaranteed_hours", "wind", 0.99))],
    *[("storage", column, row, factor) for column, row, factor in (
        ("power_mw", "at wind", 0.99), ("charge_power_mw", "pumped", 0.9), ("energy_mwh", "at wind", 0.99),
        ("charge_efficiency", "battery", 0.99), ("discharge_efficiency", "pumped", 0.99),
        ("loss_fraction_per_hour", "battery", 2.0), ("min_level_fraction", "pumped", 1.01), ("initial_fraction", "pumped", 0.99),
        ("final_fraction", "pumped", 1.01), ("max_cycles_per_day", "battery", 0.99), ("min_cycles_per_day", "at wind", 3.0),
        ("wear_cost_cny_per_mwh", "battery", 1.01), ("connection_mw", "at wind", 0.9),
        ("holding_cost_cny_per_mwh_hour", "heat tank", 1.01))],
    ("converters", "capacity_mw", "heat pump", 0.5), ("converters", "ramp_up_mw_per_hour", "heat pump", 0.1),
    ("converters", "ramp_down_mw_per_hour", "heat pump", 0.1), ("converters", "initial_mw", "heat pump", 2.0),
    ("converter_ports", "rate", "pump heat", 1.01), ("converter_ports", "delay_hours", "pump heat", 2.0),
    *[("reservoirs", column, row, factor) for column, row, factor in (
        ("capacity_mwh", "upper lake", 0.99), ("min_level_fraction", "upper lake", 1.01), ("initial_fraction", "upper lake", 0.99),
        ("max_level_fraction", "lower lake", 0.99), ("final_fraction", "upper lake", 1.01), ("min_flow_mw", "upper lake", 1.01))],
    *[("cascade", column, "upper lake", factor) for column, factor in (("delay_hours", 0.9), ("share", 0.99), ("energy_factor", 1.01))],
    *[("lines", column, row, factor) for column, row, factor in (
        ("capacity_mw", "A=C", 0.99), ("capacity_mw", "C-D", 0.99), ("reactance_pu", "C=B", 1.01), ("phase_shift_mw", "C=B", 1.1), ("loss_fraction", "A-B", 0.99),
        ("loss_fraction", "C-D", 1.01), ("cost_cny_per_mwh", "A-B", 1.01), ("ramp_mw_per_hour", "A-B", 0.99),
        ("initial_flow_mw", "A-B", 0.8), ("min_flow_mw", "C-D", 7.0))],
    ("loads", "unserved_cost_cny_per_mwh", "D base", 1.01),
    *[("demand_response", column, row, factor) for column, row, factor in (
        ("power_mw", "order", 0.9), ("cost_cny_per_mwh", "shed", 1.01), ("max_hours_per_day", "shed", 0.99),
        ("max_hours_per_day", "order", 0.99), ("max_energy_mwh_per_year", "smelter", 0.99), ("max_calls_per_year", "shed", 0.5),
        ("step_mw", "smelter", 5.0))],
]


@pytest.mark.parametrize("table, column, row, factor", INPUTS)
def test_inputs_are_bound(case, solved, table, column, row, factor):
    rows = case.tables[table].copy()
    at = rows.index[rows.iloc[:, 0] == row]
    assert len(at) == 1 and rows.loc[at, column].notna().all()
    rows[column] = rows[column].astype(float)
    rows.loc[at, column] *= factor
    assert seen(case.replace(**{table: rows}), solved)


def test_every_input_of_the_grid_is_changed_or_listed_as_unbound():
    given = {(table, column) for table, rows in TABLES.items() for row in rows for column, value in row.items()
             if isinstance(value, (int, float)) and not isinstance(value, bool)}
    changed = {(table, column) for table, column, _, _ in INPUTS}
    assert given <= changed | set(UNBOUND)
    assert not changed & set(UNBOUND)


@pytest.mark.parametrize("name, row, factor", [
    ("load", 0, 1.001), ("load", 3, 0.99), ("availability", 0, 0.99), ("availability", 2, 1.05), ("energy_budget", 0, 0.99),
    ("inflow", 0, 1.01), ("flow_limit", 0, 0.99), ("variable_cost", 0, 1.2), ("conversion_cost", 0, 1.1), ("level_loss", 0, 1.5),
    ("min_level", 0, 5.0), ("max_level", 1, 0.1)])
def test_profiles_are_bound(case, solved, name, row, factor):
    series = case.series[name].copy(deep=True)
    values = series.values.copy()
    values[row, 5] *= factor
    assert seen(case.replace(series={name: series.copy(data=values)}), solved)


# -------------------------------------------------------------------------------------------------------- law by law

EVERY = slice(None)
BREAKS = {  # law: numbers put into the dispatch (variable, id, steps, value) that break it, whatever else they break
    "demand as given": [("demand", "A base", 0, 0.0)],
    "unserved within demand": [("unserved_demand", "A base", 0, 1e4)],
    "load of a zone is the sum of its consumers": [("load", "A", 0, 0.0)],
    "unserved of a zone is the sum of its consumers": [("unserved", "A", 0, 1.0)],
    "available as given": [("available", "wind", 0, 0.0)],
    "generation within its limits": [("generation", "gas", 0, 140.0)],
    "energy of a month within its budget": [("generation", "budgeted", EVERY, 30.0)],
    "heat defocused within what is gathered": [("available", "tower", 0, 100.0)],
    "heat in store within its limits": [("heat_level", "tower", 4, 130.0)],
    "heat in store": [("heat_level", "tower", 4, 30.0)],
    "curtailment is available less generation": [("curtailment", "wind", 4, 1.0)],
    "carbon of consumption mixes": [("carbon_factor_consumption", "B", 4, 0.9)],
    "carbon factor only where there is power": [("carbon_factor_consumption", "B", 4, np.nan)],
    "carbon of production": [("carbon_factor_production", "A", 4, 0.1)],
    "carbon of what is consumed": [("emissions_consumption", "B", 4, 1.0)],
    "carbon consumed is carbon emitted": [("emissions_consumption", "C", 4, 1.0)],
    "cause of curtailment": [("curtailment_cause", "wind", 4, 5)],
    "curtailed energy by cause": [("curtailment", "wind", 4, 1.0)],
    "online within capacity": [("online", "coal", 4, 310.0)],
    "online without commitment is the capacity": [("online", "gas", 4, 100.0)],
    "generation within the limits of what is online": [("online", "coal", 10, 200.0)],
    "started within capacity": [("started", "coal", 4, 310.0)], "stopped within capacity": [("stopped", "coal", 4, 310.0)],
    "started without commitment": [("started", "gas", 4, 1.0)], "stopped without commitment": [("stopped", "gas", 4, 1.0)],
    "online changes by what starts and stops": [("online", "old coal", 4, 90.0)],
    "online at the start as given": [("started", "coal", 0, 10.0)],
    "least time up": [("online", "coal", slice(1, None), 100.0), ("stopped", "coal", 1, 200.0)],
    "least time down": [("online", "coal", 5, 250.0), ("stopped", "coal", 5, 50.0), ("started", "coal", 6, 50.0)],
    "ramp up": [("generation", "coal", 5, 270.0)], "ramp down": [("generation", "coal", 5, 150.0)],
    "ramp up from the given output": [("generation", "capture", 0, 20.0)],
    "ramp down from the given output": [("generation", "capture", 0, 1.0)],
    "captured within the capture rate": [("captured", "capture", 4, 1e4)],
    "nothing captured by others": [("captured", "wind", 4, 1.0)],
    "emissions": [("emissions", "coal", 4, 0.0)],
    "state of charge": [("charge", "battery", 4, 5.0)],
    "state of charge within its limits": [("state_of_charge", "pumped", 4, 20.0)],
    "least state of charge at the end": [("state_of_charge", "pumped", 11, 80.0)],
    "charge within its limits": [("charge", "battery", 4, 45.0)],
    "discharge within its limits": [("discharge", "battery", 4, 45.0)],
    "charge and discharge share a converter": [("charge", "battery", 4, 30.0), ("discharge", "battery", 4, 30.0)],
    "stores burn only at a negative price": [("charge", "battery", 4, 10.0), ("discharge", "battery", 4, 10.0)],
    "most cycles of a day": [("discharge", "battery", EVERY, 10.0)],
    "least cycles of a day": [("discharge", "at wind", EVERY, 0.0)],
    "least cycles of a day charged": [("charge", "at wind", EVERY, 0.0)],
    "stores charge from their plant": [("charge", "at wind", 5, 15.0), ("generation", "wind", 5, 5.0)],
    "connection of a plant with its stores": [("discharge", "at wind", 0, 20.0)],
    "a user and its stores do not export": [("discharge", "at user", 0, 20.0)],
    "a store gives its users nothing while it charges": [("discharge", "at user", 0, 20.0)],
    "connection of a user with its stores": [("charge", "at user", 0, 20.0)],
    "available is generation and spill": [("available", "upper", 4, 0.0)],
    "spill is not negative": [("spill", "upper lake", 4, -1.0)],
    "ecological flow": [("generation", "upper", 4, 0.0)],
    "inflow as given": [("inflow", "upper lake", 4, 0.0)],
    "arrivals from above": [("arrivals", "lower lake", 4, 0.0)],
    "reservoir level": [("reservoir_level", "upper lake", 4, 300.0)],
    "reservoir level within its limits": [("reservoir_level", "upper lake", 4, 100.0)],
    "least reservoir level at the end": [("reservoir_level", "upper lake", 11, 170.0)],
    "no flow out of service": [("flow", "out of service", 4, 1.0)], "no loss out of service": [("loss", "out of service", 4, 1.0)],
    "flow within the limits of the line": [("flow", "C-D", 4, 19.0)],
    "loss is a part of what is sent": [("loss", "C-D", 4, 0.5)],
    "flow in both directions shares the line": [("loss", "A-B", 0, 5.0)],
    "ramp of flow": [("flow", "A-B", 6, 30.0)], "ramp of flow from the given start": [("flow", "A-B", 0, -30.0)],
    "Kirchhoff's voltage law": [("flow", "A=C", 4, 0.0)],
    "orderly use of a zone is the sum of its programmes": [("orderly_use", "D", 4, 1.0)],
    "reduction within power and load": [("demand_response_down", "shed", 4, 6.0)],
    "no demand added": [("demand_response_up", "shed", 4, 1.0)],
    "added demand within its power": [("demand_response_up", "shift", 4, 9.0)],
    "nothing lent": [("demand_response_lent", "shed", 4, 1.0)],
    "lent within its power": [("demand_response_lent", "ev", 4, 7.0), ("demand_response_down", "ev", 4, 7.0)],
    "orderly use is no demand response": [("demand_response_down", "order", 4, 1.0)],
    "demand response is no orderly use": [("orderly_use_by_programme", "shed", 4, 1.0)],
    "unserved and reduced within the load of the zone": [("demand_response_down", "smelter", 4, 40.0)],
    "unserved and reduced within the one load": [("demand_response_down", "ev", 4, 40.0)],
    "hours of a day": [("orderly_use_by_programme", "order", EVERY, 2.0)],
    "energy of a year": [("demand_response_down", "smelter", EVERY, 4.0)],
    "calls of a year": [("demand_response_down", "shed", slice(0, 12, 2), 5.0)],
    "least rest between calls": [("demand_response_down", "smelter", EVERY, 4.0), ("demand_response_down", "smelter", 4, 0.0)],
    "least length of a call": [("demand_response_down", "smelter", 3, 4.0)],
    "moved demand returns within its window": [("demand_response_down", "shift", 0, 4.0), ("demand_response_up", "shift", 8, 4 / 0.95)],
    "demand used before is reduced within the window": [("demand_response_up", "shift", 0, 4 / 0.95),
                                                        ("demand_response_down", "shift", 8, 4.0)],
    "all that is moved returns": [("demand_response_down", "shift", 4, 4.0)],
    "moved in one direction": [("demand_response_down", "shift", 4, 8.0), ("demand_response_up", "shift", 4, 8.0)],
    "charging put off within what is asked for": [("demand_response_down", "ev", 4, 30.0)],
    "charging made up for within the chargers' power": [("demand_response_up", "ev", 4, 35.0)],
    "energy owed to vehicles": [("demand_response_down", "ev", 2, 4.0), ("demand_response_up", "ev", 10, 4.0)],
    "what is put off and what is lent each within its limit": [("demand_response_lent", "ev", 2, 6.0),
                                                                ("demand_response_down", "ev", 2, 6.0)],
    "vehicles charge or lend": [("demand_response_lent", "ev", 4, 6.0), ("demand_response_down", "ev", 4, 6.0)],
    "conversion within its limits": [("conversion", "heat pump", 4, 7.0)],
    "rise of conversion": [("conversion", "heat pump", 4, 0.0), ("conversion", "heat pump", 5, 6.0)],
    "fall of conversion": [("conversion", "heat pump", 4, 6.0), ("conversion", "heat pump", 5, 0.0)],
    "power of a port is its rate of the conversion": [("port_power", "pump heat", 4, 0.0)],
    "balance": [("generation", "gas", 4, 100.0)],
    "cost item": [("objective", "storage.wear", None, 0.0)],
}
ELSEWHERE = {"facts stored as in the inputs", "purchase order: ranks", "purchase order: available", "purchase order: taken",
             "purchase order: taken what could be", "purchase order: passed", "purchase order: what each rank came to", "cost items sum to the objective",
             "lower bound below the objective", "gap of the bound", "sizes in the summary", "energy that runs against itself as shown",
             "steps that run against themselves as counted", "cost items that there are"}
RING = "state of charge at the end as at the start"  # of a store both cyclic and with a given start


@pytest.fixture(scope="module")
def breaks(case, solved):
    """breaks(law, ...): whether a law is broken by what is changed; the family that judges it alone is asked."""
    families = families_of_laws(case, solved)

    def asked(law, **changed) -> bool:
        with only(families[law]) if law in families else nullcontext():
            return law in broken(case, solved, **changed)

    return asked


@pytest.mark.parametrize("law", BREAKS)
def test_each_law_can_be_broken(solved, breaks, law):
    dispatch = solved.dispatch.copy(deep=True)
    for name, label, steps, value in BREAKS[law]:
        row = list(dispatch[dispatch[name].dims[0]].values).index(label)
        dispatch[name].values[(row,) if steps is None else (row, steps)] = value
    assert breaks(law, dispatch=dispatch)


def test_no_law_is_left_untried(case, solved):
    laws = set(audit(case, solved.dispatch, solved.tables, solved.summary)["law"])
    settled = {law for law in laws if law.startswith(("settlement", "programmes", "yearly carbon", "guaranteed purchase"))}  # broken one by one in test_changed_numbers.py
    rows = {law for law in laws if law.endswith(tuple(ROWS))}
    assert laws - set(BREAKS) - ELSEWHERE - settled - rows - SAID.keys() - words_given(laws, solved).keys() == {RING}


ROWS = {": every row once": lambda table: pd.concat([table, table[:1]], ignore_index=True),
        ": a row for each": lambda table: table[1:].reset_index(drop=True)}
SAID = {"summary: name and start as given": {"scenario": "another"}, "summary: solved as asked for": {"status": "within gap"},
        "summary: the audit was passed": {"audit": {"passed": False}}}


def test_rows_that_are_twice_or_missing_break_a_law(case, solved, breaks):
    """Of each table that has such a law the first row stands twice, or is not there."""
    laws = set(audit(case, solved.dispatch, solved.tables, solved.summary)["law"])
    tried = [(name, law, change) for name in solved.tables for law, change in ROWS.items() if name + law in laws]
    assert {law for _, law, _ in tried} == ROWS.keys() and len(tried) >= 8
    for name, law, change in tried:
        assert breaks(name + law, tables=solved.tables | {name: change(solved.tables[name])}), name + law


@pytest.mark.parametrize("law", SAID)
def test_a_summary_that_says_otherwise_breaks_a_law(case, solved, law):
    assert law in broken(case, solved, summary=solved.summary | SAID[law])


def test_a_cost_item_of_no_rule_breaks_a_law(case, solved):
    """An item of a rule that is known, but that has none of this name, can be no part of the cost."""
    items = [str(item) for item in solved.dispatch["item"].values]
    place = next(place for place, item in enumerate(items) if item == "storage.wear")
    items[place] = "storage.more"
    dispatch = solved.dispatch.assign_coords(item=items)
    assert "cost items that there are" in broken(case, solved, dispatch=dispatch)


def words_given(laws, solved) -> dict[str, tuple[str, str]]:
    """Laws of the words in tables, with the table and the column that each is of."""
    found = {law: law.removesuffix(" as given").split(": ") for law in laws if law.endswith(" as given") and ": " in law}
    return {law: (name, column) for law, (name, column) in found.items() if column in solved.tables.get(name, ())}


def test_each_word_of_a_table_can_be_broken(case, solved, breaks):
    """Every zone, class, kind, label or colour of the table is another one: its own law says so."""
    given = words_given(audit(case, solved.dispatch, solved.tables, solved.summary)["law"], solved)
    assert len(given) >= 8
    for law, (name, column) in given.items():
        table = solved.tables[name].assign(**{column: "elsewhere"})
        assert breaks(law, tables=solved.tables | {name: table}), law


def test_a_cyclic_store_with_a_given_start_ends_there(case, solved):
    rows = case.tables["storage"].copy()
    level = solved.dispatch["state_of_charge"].sel(storage="battery").values[-1]
    for share, fine in ((level / 80, True), (0.1, False)):
        rows.loc[rows["storage"] == "battery", "initial_fraction"] = share
        assert (RING in broken(case.replace(storage=rows), solved)) != fine


# ------------------------------------------------------------------------------------------------------- names, tool, errors


@pytest.mark.parametrize("name, label, step, law", [
    ("charge", "battery", 11, "state of charge"), ("reservoir_level", "upper lake", 5, "reservoir level"),
    ("arrivals", "lower lake", 3, "arrivals from above"), ("emissions", "gas", 3, "emissions"),
    ("flow", "A=C", 3, "Kirchhoff's voltage law"), ("loss", "C-D", 3, "loss is a part of what is sent"),
    ("online", "coal", 4, "online changes by what starts and stops"), ("heat_level", "tower", 8, "heat in store"),
    ("generation", "wind", 4, "balance"), ("curtailment", "tower", 4, "curtailment is available less generation")])
def test_a_law_names_what_is_broken_and_where(case, solved, name, label, step, law):
    dispatch = solved.dispatch.copy(deep=True)
    dimension = dispatch[name].dims[0]
    dispatch[name][list(dispatch[dimension].values).index(label), step] -= 2.0
    found = audit(case, dispatch, solved.tables, solved.summary).set_index("law").loc[law]
    assert not found["passed"] and found["worst"] > 0.1
    assert found["when"].startswith("2027-01-01")
    with pytest.raises(AuditError, match=law.replace("'", ".")):
        demand_passed(audit(case, dispatch))


def test_the_audit_knows_nothing_of_the_formulation():
    for file in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else (
                [node.module] if isinstance(node, ast.ImportFrom) else [])
            for name in names:
                assert not name.startswith(("grid_model.technologies", "grid_model.policies", "grid_model.formulation",
                                            "grid_model.algebra", "grid_model.solve")), (file.name, name)


SCENARIO = Path(__file__).parents[2] / "scenarios" / "two_zone.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("audit") / "results"
    pipeline.run(SCENARIO, place)
    return place


def test_command_reads_results_and_says_what_holds(folder):
    done = CliRunner().invoke(cli.app, ["audit", str(folder)])
    assert done.exit_code == 0, done.output
    assert "balance" in done.output and "broken" not in done.output
    assert json.loads((folder / "summary.json").read_text())["audit"]["passed"]


def test_command_fails_with_5_where_a_stored_number_was_changed(folder, tmp_path):
    results = gm.open_results(folder)
    results.dispatch["generation"][0, 0] += 1.0
    results.save(tmp_path / "changed")
    done = CliRunner().invoke(cli.app, ["audit", str(tmp_path / "changed")])
    assert done.exit_code == AuditError.exit_code == 5
    assert "balance" in done.output


@pytest.mark.parametrize("file", ["dispatch.zarr", "provenance.json"])
def test_a_file_that_no_law_reads_whole_is_bound_by_its_hash(folder, tmp_path, file):
    """A name in a store of zarr, and the version of Python that solved it: no law knows them, and neither bore a hash."""
    gm.open_results(folder).save(tmp_path / "stored", form="zarr")
    path = tmp_path / "stored" / file
    path = path / "price" / ".zattrs" if path.is_dir() else path
    path.write_text(path.read_text().replace("price" if "zarr" in file else '"python": "3', "prize" if "zarr" in file else '"python": "2'))
    done = CliRunner().invoke(cli.app, ["audit", str(tmp_path / "stored")])
    assert done.exit_code == 5 and "result files as written" in done.output and file in done.output


def test_inputs_that_changed_since_are_seen(case, solved):
    hashes = {"generators.csv": "one", "scenario.yaml": "two"}
    found = audit(case, solved.dispatch, provenance={"inputs_sha256": hashes})
    assert found.loc[~found["passed"], "law"].tolist() == ["input files as solved"]


def test_audit_may_be_switched_off(case):
    off = case.scenario.model_copy(update={"solve": case.scenario.solve.model_copy(update={"audit": False})})
    assert "audit" not in gm.solve(case.replace(scenario=off)).summary


def test_summary_of_a_failed_audit_names_the_laws():
    rows = [("balance", "A", "", 5.0, "MW", 1e-3, False, 1, 4), ("other", "A", "", 0.0, "MW", 1e-3, True, 0, 4)]
    summary = summarise(pd.DataFrame(rows, columns=COLUMNS))
    assert not summary["passed"] and summary["failed"] == ["balance"] and summary["checked"] == 8


def test_hourly_carbon_factors_of_a_run_conserve_carbon(solved):
    """What zones consume is what generators emit, in every step to 1e-9 of it; and factors ride in the dispatch."""
    dispatch = solved.dispatch
    consumed, emitted = (dispatch[name].sum(dispatch[name].dims[0]).values for name in ("emissions_consumption", "emissions"))
    assert emitted.min() > 0
    assert np.abs(consumed - emitted).max() <= 1e-9 * emitted.max()
    assert dispatch["carbon_factor_consumption"].attrs["units"] == "tCO2/MWh"
