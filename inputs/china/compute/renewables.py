"""Wind, solar and small renewable plant, by zone, at the end of 2024.

wind            province figures of November 2024, scaled to the national sum of December
wind_offshore   operating in 2023-05 and as much of what was under construction as reaches the national sum of 2024
solar_utility   plants from 6 MW of November 2024, scaled to the national centralised sum; the rest is distributed
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from facts import by_zone, constant, fact_table, fill_up, known_by_zone, zones
from thermal import _fleet

CONGESTION = "local congestion: curtailment of 2023 (national new-energy consumption monitoring centre)"
STOCK_DATE = "2024-12-31"


def wind_capacity() -> tuple[pd.Series, pd.Series]:
    """Onshore and offshore."""
    total = by_zone("wind") * constant("wind_national") / by_zone("wind").sum()
    building = by_zone("wind_offshore_construction").where(by_zone("wind_offshore_operating") > 0, 0.0)
    operating = by_zone("wind_offshore_operating")
    offshore = operating + building * (constant("wind_offshore_national") - operating.sum()) / building.sum()
    return total - offshore, offshore


def solar_capacity() -> tuple[pd.Series, pd.Series]:
    """Utility and distributed."""
    total = by_zone("solar")
    utility = fill_up(constant("solar_utility_national"), by_zone("solar_plants_from_6_mw"), 0 * total, total)
    return utility, total - utility


def planned(item: str, parts: tuple[pd.Series, pd.Series]) -> tuple[pd.Series, pd.Series]:
    """Capacity at the end of 2025 where it is plausible, split as in 2024."""
    total = known_by_zone(item, "2025-12")
    share = parts[0] / (parts[0] + parts[1])
    return (total * share).round(1), (total * (1 - share)).round(1)


def guaranteed_hours(technology: str) -> tuple[pd.Series, pd.Series]:
    """Hours and their source: the published minimum where there is one, else the utilisation hours of the province,
    because outside the listed regions the notice asks for full purchase. Leap years change nothing."""
    listed = fact_table("guaranteed_hours")
    listed = listed[listed["technology"] == technology]
    hours = (listed["hours"] * listed["share"]).groupby(listed["zone"]).sum() / listed.groupby("zone")["share"].sum()
    kind = "solar" if technology == "solar_utility" else "wind"  # noqa: F841 - the query names it
    used = fact_table("utilisation_hours").query("technology == @kind").set_index("zone")
    words = pd.Series("guaranteed hours: NDRC/NEA notice 1150 of 2016, areas weighted", hours.index).reindex(
        zones().index
    )
    rest = "guaranteed hours: outside the areas of notice 1150 of 2016 full purchase, so " + used["source"]
    return hours.reindex(zones().index).fillna(used["hours"]).round(1), words.fillna(rest.reindex(zones().index))


def local_congestion(technology: str) -> pd.Series:
    """What was curtailed in the year before, nearly all of it behind bottlenecks inside the province, by zone."""
    kind = "solar" if technology.startswith("solar") else "wind"  # noqa: F841 - the query names it
    rate = (
        fact_table("utilisation_rate_2023").query("technology == @kind").set_index("zone")["utilisation_rate_percent"]
    )
    return (1 - rate / 100).round(4).reindex(zones().index)


def variable_generators() -> pd.DataFrame:
    onshore, offshore = wind_capacity()
    utility, distributed = solar_capacity()
    small = small_plants()
    utility = utility - small[small["technology"] == "solar_thermal"].set_index("zone")["capacity_mw"].reindex(
        utility.index
    ).fillna(0.0)
    later = dict(zip(("wind_onshore", "wind_offshore"), planned("wind", (onshore, offshore))))
    later |= dict(zip(("solar_utility", "solar_distributed"), planned("solar", (utility, distributed))))
    wind = "NEA/CEC 2024-11 via CREA china_co2, scaled to 520.68 GW of 2024-12"
    solar = "NEA/CEC 2024-12 via CREA china_co2; plants from 6 MW of 2024-11 scaled to 511 GW centralised (NEA)"
    origin = {
        "wind_onshore": f"{wind}, less offshore",
        "wind_offshore": "GEM 2023-05 operating, and of that under construction as much as reaches 41.27 GW (NEA 2024-12)",
        "solar_utility": solar,
        "solar_distributed": f"{solar}, rest of the total",
    }
    parts = []
    for technology, capacity in (
        ("wind_onshore", onshore),
        ("wind_offshore", offshore),
        ("solar_utility", utility),
        ("solar_distributed", distributed),
    ):
        bought = technology == "solar_distributed"
        hours, words = (np.nan, "") if bought else guaranteed_hours(technology)
        parts.append(
            _fleet(
                technology,
                technology,
                capacity,
                commissioned=STOCK_DATE,
                guaranteed_hours=hours,
                purchase_class="full_purchase" if bought else "guaranteed",
                certificate="tradable",
                capacity_end_2025_mw=later[technology],
                local_congestion_fraction=local_congestion(technology),
                source=origin[technology] + ("; " if bought else "; " + words + "; ") + CONGESTION,
            )
        )
    return pd.concat([*parts, small], ignore_index=True)


def small_plants() -> pd.DataFrame:
    """Solar thermal, geothermal and tidal plant that is known by name."""
    table = fact_table("small_plants").copy()
    table.insert(0, "generator", table["zone"] + " " + table["technology"])
    table["commissioned"] = table["commissioned"].astype(str)
    table["certificate"] = "tradable"
    table["purchase_class"] = table["technology"].map({"solar_thermal": "guaranteed"}).fillna("full_purchase")
    return table
