"""What people see of green loads: every load and period against its share, and the energy of every contract."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.certificate_accounts import month_label, month_number


def tables(green, data, solved) -> dict[str, pd.DataFrame]:
    """`green_loads`: every load and period (hours summed up) with what was needed, allotted and short, and what one more
    MWh asked for costs (dual; of hours the highest);
    `green_trades`: energy of every contract by month."""
    value = {
        name: np.asarray(solved.evaluate(f"{green.name}.{name}")) / MWH
        for name in ("short", "short_by_hour", "bundled")
    }
    months = [month_label(number) for number in month_number(data.case.months)]
    served = {load: _served(data, solved, load) for load in data.table["load"]}
    share, matching = (data.table.set_index("load")[name] for name in ("green_share", "green_matching"))
    prices = solved.dual(f"{green.name}.matched") / CNY_PER_MWH if len(data.periods) else []
    hourly = (solved.dual(f"{green.name}.matched_by_hour") / CNY_PER_MWH).max(axis=-1) if data.hourly else []
    rows = [
        (load, label, sum(served[load][month - 1] for month in some), short, price)
        for (load, label, some), short, price in zip(
            data.periods[["load", "label", "months"]].itertuples(index=False), value["short"], prices
        )
    ]
    rows += [
        (load, "all hours", served[load].sum(), short, price)
        for load, short, price in zip(data.hourly, value["short_by_hour"].sum(axis=-1), hourly)
    ]
    table = pd.DataFrame(rows, columns=["load", "period", "consumption_mwh", "short_mwh", "price_cny_per_mwh"])
    table.insert(1, "matching", table["load"].map(matching))
    table["required_mwh"] = table["load"].map(share) * table["consumption_mwh"]
    table["matched_mwh"] = table["required_mwh"] - table["short_mwh"]
    trades = pd.DataFrame(
        value["bundled"], pd.Index(data.with_plants["contract"], name="contract"), pd.Index(months, name="month")
    )
    trades = (
        trades.stack()
        .rename("energy_mwh")
        .reset_index()
        .merge(data.with_plants[["contract", "load", "generator", "line"]], on="contract")
    )
    return {"green_loads": table, "green_trades": trades}


def _served(data, solved, load) -> np.ndarray:
    """Consumption of a load by month, MWh."""
    fleet = next(fleet for fleet in data.load_fleets if load in set(fleet.data.names))
    unit = list(fleet.data.names).index(load)
    power = fleet.data.demand.values[unit] - solved.evaluate(f"{fleet.name}.unserved")[unit]
    return np.bincount(data.case.month_of_step, power * data.case.step_hours, minlength=len(data.months)) / MWH
