"""A grid on disk with a row in every table and a profile of nearly every kind, all rules on: what fuzzing damages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from results.audited_grid import audited_grid

OTHER_TABLES = {
    "technologies": "technology,kind,variable_cost_cny_per_mwh\ncoal,,310\nash,thermal,500\n",
    "in_service": "zone,technology,year,month,fraction\nA,gas,2027,1,0.9\n",
    "hydro_monthly": "zone,month,energy_mwh\nC,1,20000\n",
    "inflow_monthly": "reservoir,month,energy_mwh\nupper lake,1,20000\n",
    "contracts": "contract,load,generator,share\nsun for C,C base,sun,0.1\n",
    "obligations": "zone,total_share,non_hydro_share,year\nA,0.2,0.1,2027\nC,0.1,0.1,2027\n",
    "certificate_lots": "lot,generator,vintage,quantity_mwh\nold wind,wind,2026-12-01,50\n",
    "carbon_benchmarks": "technology,year,benchmark_t_per_mwh\ncoal,2027,0.8\ngas,2027,0.4\n",
    "carbon_factors": "area,level,kind,year,factor_t_per_mwh\nA,zone,average,2027,0.6\n",
    "ccer_supply": "ccer_step,quantity_t,price_cny_per_t\nfirst,10,60\nsecond,10,80\n",
    "tariffs": "zone,period,start_hour,end_hour,price_cny_per_mwh\nC,valley,0,8,300\nC,peak,8,24,800\n",
}
SCENARIO = """name: fuzzed
inputs: inputs
horizon: {start: 2027-01-01, hours: 24, step_hours: 2}
changes:
  - {table: generators, where: {technology: gas}, column: capacity_mw, multiply: 1.1}
  - {table: generators, where: {technology: [wind_onshore, solar_utility]}, column: certificate, set: tradable}
  - {table: loads, where: {load: C base}, column: green_share, set: 0.1}
policies:
  guaranteed_purchase: {mode: exact}
  green_certificates: {shortfall_penalty_cny_per_mwh: 100}
  carbon_market: {allowance_price_cny_per_t: 75}
  reserves: {}
  settlement: true
solve: {time_limit_seconds: 30}
"""


def write_fuzz_grid(folder: Path) -> Path:
    """Write the grid; the path of its scenario."""
    profiles = folder / "inputs" / "profiles"
    profiles.mkdir(parents=True)
    case = audited_grid()
    for name, table in case.tables.items():
        if len(table) and name != "technologies":
            _filled(table).to_csv(folder / "inputs" / f"{name}.csv", index=False)
    for name, text in OTHER_TABLES.items():
        (folder / "inputs" / f"{name}.csv").write_text(text, encoding="utf-8")
    for name, series in case.series.items():
        if name != "energy_budget":  # the month's, from hydro_monthly
            frame = pd.DataFrame(series.values.T, index=case.time, columns=series[series.dims[0]].values)
            _write_profile(frame.rename_axis("time"), profiles, name)
    path = folder / "scenario.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Only the columns in which something stands, as a person writes them."""
    return table.loc[:, [bool((table[name].notna() & (table[name].astype(str) != "")).any()) for name in table]]


def _write_profile(frame: pd.DataFrame, folder: Path, name: str) -> None:
    if name == "availability":
        frame.reset_index().to_parquet(folder / f"{name}.parquet", index=False)
    elif name == "inflow":
        frame.to_csv(folder / f"{name}.csv.gz", date_format="%Y-%m-%dT%H:%M")
    else:
        frame.to_csv(folder / f"{name}.csv", date_format="%Y-%m-%dT%H:%M")
