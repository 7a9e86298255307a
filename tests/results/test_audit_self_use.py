"""The audit sees what is wrong with storage that follows its own schedule: of plant and users, called before they would discharge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from seen import only
from small import small_case

import grid_model as gm
from grid_model import formulation
from grid_model.results.audit import audit

HOURS = np.arange(48)
LOAD = 60 + 25 * np.sin((HOURS - 9) / 24 * 2 * np.pi)
SUN = np.maximum(np.sin((HOURS % 24 - 6) / 12 * np.pi), 0.0)
DEAR = np.where(np.isin(HOURS % 24, (15, 16)), 2000.0, 400.0)  # CNY/MWh: called when supply is tight
STORES = [
    {"storage": "at user", "zone": "A", "technology": "lithium_ion", "power_mw": 5, "energy_mwh": 10, "call": "self_use", "place": "user_side",
     "host": "shop", "wear_cost_cny_per_mwh": 3},
    {"storage": "at sun", "zone": "B", "technology": "lithium_ion", "power_mw": 6, "energy_mwh": 12, "call": "self_use",
     "place": "generation_side", "host": "sun", "loss_fraction_per_hour": 0.001},
    {"storage": "called", "zone": "A", "technology": "lithium_ion", "power_mw": 4, "energy_mwh": 8},
]
TARIFF = [("A", 0, 8, 200), ("A", 8, 17, 500), ("A", 17, 24, 900)]


@pytest.fixture(scope="module")
def case():
    return small_case(
        48, series={"load": {"shop": LOAD / 2, "town": LOAD}, "availability": {"sun": SUN}, "variable_cost": {"gas": DEAR, "oil": 500 + DEAR}}, storage=STORES,
        zones=[{"zone": "A", "benchmark_tariff_cny_per_mwh": 400}, {"zone": "B", "benchmark_tariff_cny_per_mwh": 350}],
        lines=[{"line": "A-B", "from_zone": "A", "to_zone": "B", "capacity_mw": 40, "loss_fraction": 0.02}],
        generators=[{"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 120},
                    {"generator": "oil", "zone": "B", "technology": "gas", "capacity_mw": 100},
                    {"generator": "sun", "zone": "B", "technology": "solar_utility", "capacity_mw": 60}],
        loads=[{"load": "shop", "zone": "A", "unserved_cost_cny_per_mwh": 5000}, {"load": "town", "zone": "B", "unserved_cost_cny_per_mwh": 5000}],
        tariffs=[dict(zip(("zone", "start_hour", "end_hour", "price_cny_per_mwh"), row)) for row in TARIFF],
        policies={"self_use": {"tight_hours": [15, 16], "recovery_hours": 6}})


@pytest.fixture(scope="module")
def solved(case):
    return gm.solve(case)


def broken(case, results, **changed) -> set[str]:
    given = replace(results, **changed)
    found = audit(case, given.dispatch, given.tables, given.summary, duals=given.duals, rules=formulation.policies_of(case))
    return set(found.loc[~found["passed"], "law"])


def test_schedule_calls_and_value_are_recomputed(case, solved):
    found = audit(case, solved.dispatch, solved.tables, solved.summary)
    assert found["passed"].all() and found["law"].str.startswith("self-use").sum() == 15
    assert (solved.tables["self_use"]["called_mwh"] > 1).all()


def test_every_hour_of_a_schedule_is_bound(case, solved):
    """Untight hours by the dispatch, tight ones by the level to which the store comes back."""
    for store in (0, 1):
        for hour in range(48):
            schedule = solved.dispatch["self_use_schedule"].values.copy()
            schedule[store, hour] += 0.1
            dispatch = solved.dispatch.assign(self_use_schedule=(("storage", "time"), schedule))
            with only("check_self_use"):
                assert any(law.startswith("self-use") for law in broken(case, solved, dispatch=dispatch)), (store, hour)


def test_every_number_and_word_of_the_table_is_bound(case, solved):
    table = solved.tables["self_use"]
    for column in table.columns:
        changed = table.astype({column: object})
        changed.loc[1, column] = f"{changed.loc[1, column]}x" if table[column].dtype.kind not in "fi" else changed.loc[1, column] * 1.001 + 0.1
        assert broken(case, solved, tables=solved.tables | {"self_use": changed.infer_objects()}), column


@pytest.mark.parametrize("change, law", [
    ({"tight_hours": [14, 15, 16]}, "self-use: tight_hours"), ({"recovery_hours": 0.0}, "self-use: dispatched as scheduled"),
    ({"tight_share": 0.5}, "self-use: tight_hours")])
def test_other_settings_break_the_dispatch(case, solved, change, law):
    settings = formulation.policies_of(case)
    rules = settings | {"self_use": settings["self_use"] | change}
    found = audit(case, solved.dispatch, solved.tables, solved.summary, rules=rules).set_index("law")
    assert not found.loc[law, "passed"]
