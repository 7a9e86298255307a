"""Loads and demand response by zone.

load                 consumption of 2024 less the losses that it counts and that the model has on its own: of corridors, by
                     contracted energy arriving (trade.py), and of pumped hydro, by its hours and its efficiency
value of lost load   gross domestic product of 2024 / electricity consumption of 2024: what a MWh makes
demand response      3 % of the peak in 2024: two thirds reduced on call at the highest offer, one third moved within the
                     day at the lowest offer; aluminium on call beside it; orderly use after it, before unserved energy
"""

from __future__ import annotations

import pandas as pd
from facts import constant, fact_table, zones
from hydro import pumped_capacity, pumped_hours
from network import lines
from trade import contracts


def lost_load_cny_per_mwh() -> float:
    return constant("gdp_2024") / constant("consumption_2024") * 1000


def corridor_losses() -> pd.Series:
    """Losses of contracted energy [MWh] by the zone where it arrives."""
    table = contracts().merge(lines()[["line", "from_zone", "to_zone", "loss_fraction"]], on="line")
    table["zone"] = table["to_zone"].where(table["energy_mwh"] > 0, table["from_zone"])
    lost = table["energy_mwh"].abs() * table["loss_fraction"]
    return lost.groupby(table["zone"]).sum().reindex(zones().index).fillna(0.0)


def pumping_losses() -> pd.Series:
    """Energy [MWh] that pumped hydro draws beyond what it gives."""
    return pumped_capacity() * pumped_hours() * (1 / constant("pumped_hydro_efficiency") - 1)


def loads() -> pd.DataFrame:
    energy = fact_table("consumption_2024").set_index("zone").reindex(zones().index)
    return pd.DataFrame(
        {
            "load": zones().index + " base",
            "zone": zones().index,
            "kind": "base",
            "annual_mwh": (energy["consumption_2024_gwh"] * 1000 - corridor_losses() - pumping_losses()).round(0),
            "unserved_cost_cny_per_mwh": round(lost_load_cny_per_mwh(), 0),
            "source": energy["source"]
            + ", less losses of corridors and of pumping, which it counts; value of lost load: GDP 134.9 trillion CNY over 9852 TWh (NBS, NEA)",
        }
    )


def demand_response() -> pd.DataFrame:
    share, high, low = (constant(f"demand_response_{name}") for name in ("share_2024", "cost_high", "cost_low"))
    rule = "3 % of the peak: NDRC measures for demand-side management (2023)"
    offers = "cost: Guangdong rules for market-based demand response (2022)"
    shed = _programme(
        "shed",
        "shed",
        share_of_peak=share * 2 / 3,
        max_hours_per_day=4,
        max_calls_per_year=20,
        cost_cny_per_mwh=high,
        source=f"{rule}, two thirds of it; {offers}, highest offer; 4 h a day and 20 calls a year: assumption of the data set",
    )
    shift = _programme(
        "shift",
        "shift",
        share_of_peak=share / 3,
        max_hours_per_day=4,
        window_hours=6,
        efficiency=0.95,
        cost_cny_per_mwh=low,
        source=f"{rule}, one third of it; {offers}, lowest offer; 6 h window and 5 % loss: assumption of the data set",
    )
    orderly = _programme(
        "orderly_use",
        "orderly_use",
        share_of_peak=constant("orderly_use_share"),
        cost_cny_per_mwh=round(lost_load_cny_per_mwh() / 2, 0),
        source="30 % of the highest load: NDRC measures for load management (2023); cost: half the value of lost load, "
        "assumption of the data set",
    )
    table = pd.concat([shed, shift, aluminium(), orderly], ignore_index=True)
    return table[
        [
            "programme",
            "zone",
            "kind",
            "power_mw",
            "share_of_peak",
            "max_hours_per_day",
            "max_calls_per_year",
            "window_hours",
            "efficiency",
            "cost_cny_per_mwh",
            "source",
        ]
    ]


def aluminium() -> pd.DataFrame:
    """Smelters on call: capacity x (national output / national capacity) x energy per tonne / hours x share."""
    table = fact_table("aluminium").set_index("zone")
    load = (
        table["capacity_t_per_year"]
        * constant("aluminium_output_2024")
        / table["capacity_t_per_year"].sum()
        * constant("aluminium_energy")
        / 8784
    )
    power = (load * constant("aluminium_interruptible_share")).round(1)
    power = power[power >= 1]
    return pd.DataFrame(
        {
            "programme": power.index + " aluminium",
            "zone": power.index,
            "kind": "interruptible",
            "power_mw": power,
            "max_hours_per_day": 4,
            "max_calls_per_year": 20,
            "cost_cny_per_mwh": constant("demand_response_cost_high"),
            "source": table["source"].reindex(power.index)
            + "; output 2024 (NBS), 13.6 MWh/t, 10 % on call as in Yunnan in "
            "September 2022 (Reuters); cost as shed",
        }
    )


def _programme(what: str, kind: str, **columns) -> pd.DataFrame:
    return pd.DataFrame({"programme": zones().index + f" {what}", "zone": zones().index, "kind": kind, **columns})
