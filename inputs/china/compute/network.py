"""Corridors between zones: losses by length, one row for each main direction.

loss of direct current       two stations + 3 % per 1000 km; back to back the stations alone
loss of alternating current  6.2 % per 1000 km
length                       route length where published, else great-circle distance between the zones' centres x 1.25
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import constant, distance_km, fact_table, zones

BACK_TO_BACK = ("Lingbao", "Gaoling", "Chongqing-Hubei", "Fujian-Guangdong", "Yunnan-Guangxi back to back")


def lines() -> pd.DataFrame:
    table = fact_table("corridors").copy()
    distance = distance_km(*_centres(table["from_zone"]), *_centres(table["to_zone"])) * constant("route_factor")
    published = table["length_km"].notna()
    table["length_km"] = table["length_km"].fillna(pd.Series(distance)).round(0)
    direct = table["dc"].astype(bool).to_numpy()
    along = np.where(table["line"].isin(BACK_TO_BACK), 0.0, table["length_km"] / 1000)
    loss = np.where(
        direct,
        constant("direct_current_loss_stations") + constant("direct_current_loss_per_1000_km") * along,
        constant("alternating_current_loss_per_1000_km") * table["length_km"] / 1000,
    )
    table["loss_fraction"] = loss.round(4)
    table["cost_cny_per_mwh"] = constant("line_cost")
    table["kind"] = "transport"
    table["dc"] = direct
    table["dc"] = table["dc"].map({True: "true", False: "false"})
    table["source"] += published.map({True: "", False: "; length: distance of the centres x 1.25"})
    return table[
        [
            "line",
            "from_zone",
            "to_zone",
            "name_zh",
            "capacity_mw",
            "reverse_capacity_mw",
            "kind",
            "loss_fraction",
            "cost_cny_per_mwh",
            "dc",
            "length_km",
            "commissioned",
            "min_renewable_share",
            "capacity_end_2025_mw",
            "source",
        ]
    ]


def _centres(names: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    places = zones().loc[names]
    return places["latitude"].to_numpy(), places["longitude"].to_numpy()
