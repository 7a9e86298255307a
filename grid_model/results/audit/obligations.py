"""Green obligations: every one is met or short, and asks for what the inputs say.

    share x consumption <= physical + certificates + bundled - debited + short    [MWh]
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def check_obligations(book, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `green_obligations`; terms of the costs of what is short and of what is given up for CCER."""
    table, settings = (tables or {}).get("green_obligations"), (policies or {}).get("green_certificates")
    if table is None or settings is None:
        return {}
    names, required = table["party"].to_numpy(object), table["required_mwh"].to_numpy(float)
    slack = 10 * book.energy + 1e-7 * required
    _check_shares(book, table, slack)
    _check_green_shares(book, table, settings)
    book.equal("obligation: share of consumption", names, required, table["share"] * table["consumption_mwh"], unit="MWh", tolerance=slack)
    _check_assessed(book, table, settings)
    _check_bundled(book, table, (tables or {}).get("green_trades"), slack)
    counted = table["physical_mwh"] + table["certificates_mwh"] + table["bundled_mwh"] - table["debited_mwh"]
    book.at_most("obligation: met or short", names, required, counted + table["short_mwh"], unit="MWh", tolerance=slack)
    book.at_most(
        "obligation: short no more than required", names, table["short_mwh"], np.maximum(required, 0.0), unit="MWh", tolerance=slack
    )
    reached = np.divide(counted, table["consumption_mwh"], out=np.full(len(table), np.nan), where=table["consumption_mwh"] > 0)
    book.equal("obligation: share reached", names, table["achieved_share"].fillna(0.0), np.nan_to_num(reached), unit="1", tolerance=1e-6)
    fine = ~table["assessed"].astype(bool) | (table["short_mwh"] <= 1e-6 * np.maximum(required, 1.0))
    book.equal("obligation: passed", names, table["passed"].astype(float), fine.astype(float), unit="1", tolerance=0.0)
    short = table["short_mwh"].to_numpy(float) * table["assessed"].astype(bool).to_numpy()
    terms = {"green_certificates.shortfall": settings["shortfall_penalty_cny_per_mwh"] * short}
    return terms


def _check_shares(book, table, slack) -> None:
    """Weights of zones: the share of the inputs, of the load that was served in the year."""
    rows = table[table["obligation"].isin(["total", "non_hydro"])]
    given = book.case.tables["loads"]
    served = book.stored("demand", len(given)) - book.stored("unserved_demand", len(given))
    weights = book.case.tables["obligations"].sort_values("year", kind="stable")
    last = [weights[(weights["zone"] == zone) & (weights["year"] <= year)].tail(1) for zone, year in zip(rows["zone"], rows["year"])]
    given_share = [float(one[f"{name}_share"].iloc[0]) if len(one) else np.nan for one, name in zip(last, rows["obligation"])]
    book.equal("obligation: weight of the zone", rows["party"], rows["share"], given_share, unit="1", tolerance=1e-9)
    every = np.unique(book.case.time.year)
    in_year = (book.case.time.year.to_numpy()[:, None] == every) * book.hours[:, None]
    zones = pd.Index(book.case.zones)
    energy = book.sums(served @ in_year, book.zone_of("loads"), len(zones))
    at = np.searchsorted(every, rows["year"]).clip(max=len(every) - 1)
    found = np.where(every[at] == rows["year"], energy[zones.get_indexer(rows["zone"]), at], np.nan)
    book.equal("obligation: consumption of the zone", rows["party"], rows["consumption_mwh"], found, unit="MWh",
               tolerance=float(np.max(slack, initial=0.0)) + 1e-7 * np.nan_to_num(found))


def _check_bundled(book, table, trades, slack) -> None:
    """What moves with contracts of tradable plants counts for the load and year, and for nobody else."""
    found = pd.Series(dtype=float)
    if trades is not None and len(trades):
        tradable = trades["generator"].map(book.case.tables["generators"].set_index("generator")["certificate"]) == "tradable"
        year = trades["month"].astype(str).str[:4].astype(int)
        found = trades["energy_mwh"].where(tradable, 0.0).groupby([trades["load"], year]).sum()
    keys = pd.MultiIndex.from_frame(table[["party", "year"]])
    of_load = found.reindex(keys).fillna(0.0).to_numpy(float) if len(found) else np.zeros(len(table))
    expected = np.where(table["obligation"] == "green_share", of_load, 0.0)
    book.equal("obligation: moved with contracts", table["party"], table["bundled_mwh"], expected, unit="MWh", tolerance=slack)


def _check_green_shares(book, table, settings) -> None:
    """Share of a load: its own where its row asks for certificates, else that of its kind, else the weight of its zone."""
    rows = table[table["obligation"] == "green_share"]
    loads = book.case.tables["loads"].set_index("load").reindex(rows["party"])
    of_kind = {kind: industry["share"] for kind, industry in (settings["industries"] or {}).items()}
    asked = np.where(loads["certificates"] != "none", loads["green_share"].astype(float), loads["kind"].map(of_kind).astype(float))
    weights = table[table["obligation"] == "total"].set_index(["zone", "year"])["share"]
    of_zone = weights.reindex(pd.MultiIndex.from_frame(rows[["zone", "year"]])).to_numpy(float)
    book.equal("obligation: share of a load", rows["party"], rows["share"], np.where(np.isnan(asked), of_zone, asked), unit="1",
               tolerance=1e-9)


def _check_assessed(book, table, settings) -> None:
    """Weights of zones bind; of a load its own row says so, else the setting of its kind."""
    loads = book.case.tables["loads"].set_index("load")
    own = table["party"].map(loads["certificates"]).fillna("none")
    of_kind = {kind: bool(industry["assessed"]) for kind, industry in (settings["industries"] or {}).items()}
    by_kind = np.array([of_kind.get(kind, False) for kind in table["party"].map(loads["kind"])], bool)
    of_load = np.where(own == "none", by_kind, own == "assessed")
    expected = np.where(table["obligation"] == "green_share", of_load, True)
    book.equal("obligation: assessed as ruled", table["party"], table["assessed"].astype(float), expected.astype(float), unit="1",
               tolerance=0.0)
