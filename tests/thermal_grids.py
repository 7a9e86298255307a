"""One zone with a coal fleet in question and dear gas, for hand-solved tests of thermal plant."""

from __future__ import annotations

from small import small_case

GAS_COST = 500


def coal_and_gas(load, coal=None, gas=None, series=None, **options):
    """Coal of 100 MW at 100 CNY/MWh, gas of 100 MW at 500 CNY/MWh; what neither serves costs 30000 CNY/MWh."""
    generators = [{"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 100,
                   "variable_cost_cny_per_mwh": 100, **(coal or {})},
                  {"generator": "gas", "zone": "A", "technology": "gas", "capacity_mw": 100,
                   "variable_cost_cny_per_mwh": GAS_COST, **(gas or {})}]
    return small_case(len(load), series={"load": {"load": load}, **(series or {})},
                      loads=[{"load": "load", "zone": "A"}], generators=generators, **options)


def coal(result) -> list[float]:
    """Generation of the coal fleet, MW."""
    return (result.value("thermal.generation")[0] * 1e3).tolist()


def rows(result, name: str) -> int:
    """How many rows a law of thermal plant has."""
    family = result.program.rows.get(f"thermal.{name}")
    return family.size if family else 0
