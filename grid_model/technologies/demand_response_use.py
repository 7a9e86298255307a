"""What demand response can do and did: tables for the results and the scorecard, from the case and the solved hours
alone.

Capability counts demand response, not orderly use: the power of a programme; of charging the most that is charged on
arrival in an hour of the case, and what vehicles return. Calls are counted as the limit counts them: increases of the
reduction, in units of the programme's power (demand_response_calls.py).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.units import MW
from grid_model.technologies import demand_response
from grid_model.technologies.demand_response_calls import part_of_year


def programme_use(case, reduced_mw: np.ndarray, added_mw: np.ndarray) -> pd.DataFrame:
    """Capability, use, payback, hours and calls of each programme against its limits.

    Parameters ---------- case : Case reduced_mw, added_mw : arrays (programmes, steps) in the order of the table
    `demand_response`: demand reduced (by orderly use too) and demand added, MW

    Returns a table: `programme, zone, kind, capability_mw, reduced_mwh, added_mwh`; `payback` (energy added per energy
    reduced), `hours` (energy reduced / capability), `most_hours_in_a_day` and its limit `max_hours_per_day`, `calls`
    and `max_calls`, `max_energy_mwh` (the limits of a year in proportion to the case). NaN: no limit, or nothing to
    divide by.
    """
    table, hours = case.tables["demand_response"], np.asarray(case.step_hours)
    power = programme_capability(case)
    reduced, added = reduced_mw @ hours, added_mw @ hours
    day = case.time.normalize().factorize()[0]
    by_day = np.stack([np.bincount(day, row * hours) for row in reduced_mw]) if len(table) else np.zeros((0, 1))
    called = np.maximum(np.diff(reduced_mw, axis=1, prepend=0.0), 0).sum(axis=1)
    part = part_of_year(case)
    return pd.DataFrame({
        "programme": table["programme"], "zone": table["zone"], "kind": table["kind"], "capability_mw": power,
        "reduced_mwh": reduced, "added_mwh": added, "payback": _per(added, reduced), "hours": _per(reduced, power),
        "most_hours_in_a_day": _per(by_day.max(axis=1), power), "max_hours_per_day": table["max_hours_per_day"],
        "calls": _per(called, power), "max_calls": table["max_calls_per_year"] * part,
        "max_energy_mwh": table["max_energy_mwh_per_year"] * part})


def programme_capability(case) -> np.ndarray:
    """Most that each programme can reduce [MW]."""
    data = demand_response.read(case)
    if data is None:
        return np.empty(0)
    charging = data.base.values.max(axis=1) + np.where(data.lending, data.return_power.values, 0.0)
    return np.where(data.kind == "ev_charging", charging, data.power.values) / MW


def zone_capability(case) -> pd.DataFrame:
    """Demand response of each zone against its greatest load: `zone, capability_mw, maximum_load_mw, share`."""
    table = case.tables["demand_response"]
    counted = (table["kind"] != "orderly_use").to_numpy()
    power = pd.Series(programme_capability(case)[counted], dtype=float).groupby(table["zone"].to_numpy()[counted]).sum()
    capability = power.reindex(case.zones, fill_value=0.0).to_numpy()
    peak = demand_response.zone_peak(case).reindex(case.zones).to_numpy(float)
    return pd.DataFrame({"zone": case.zones, "capability_mw": capability, "maximum_load_mw": peak,
                         "share": _per(capability, peak)})


def _per(amount, unit) -> np.ndarray:
    """amount / unit, NaN where the unit is 0."""
    amount, unit = np.asarray(amount, float), np.asarray(unit, float)
    return np.divide(amount, unit, out=np.full(amount.shape, np.nan), where=unit > 0)
