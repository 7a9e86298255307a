"""A store behind a user that owes cycles."""

from __future__ import annotations

from small import small_case


def cycling(user, **store):
    """40 MWh of others' load, coal at 300; a store behind a user that owes 4 MWh each way in four hours."""
    return small_case(
        4, series={"load": {"others": 10, "user": user}}, zones=[{"zone": "A", "benchmark_tariff_cny_per_mwh": 400}],
        loads=[{"load": name, "zone": "A"} for name in ("others", "user")],
        generators=[{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 300}],
        storage=[{"storage": "s0", "zone": "A", "technology": "lithium_ion", "power_mw": 10, "energy_mwh": 40, "cyclic": False,
                  "initial_fraction": 1, "min_cycles_per_day": 0.6, "place": "user_side", "host": "user", **store}])
