"""Certificate market before rounding to whole certificates: what is issued, held, offered, sold, banked, and carried by lines.

    issued = energy of the plants of a kind in a month;  held = its part that may not be traded
    offered = issued - held - ccer
    banked = banked before + opening + offered - moved with contracts - sold - expired
    carried <= renewable_share x what the line sends one way
"""

from __future__ import annotations

import numpy as np
import pandas as pd

RELATIVE = 1e-7
NOTHING = 1e-3  # MW: less is no power


def check_certificate_market(book, plants, sent, tables, policies) -> dict[str, np.ndarray]:
    """All laws of `certificate_market` and `green_imports`; terms of the costs of buying and of what is given up for CCER."""
    market, settings = (tables or {}).get("certificate_market"), (policies or {}).get("green_certificates")
    if market is None or settings is None:
        return {}
    market = market.reset_index(drop=True)
    _check_issue(book, plants, market, settings)
    if len(market):
        _check_bank(book, plants, market, tables)
    bought = market["sold_mwh"].to_numpy(float)
    obligations = tables.get("green_obligations")
    if obligations is not None:
        every = obligations["obligation"].isin(["total", "green_share"])
        retired = obligations["certificates_mwh"].to_numpy(float)[every.to_numpy()].sum()
        book.equal("certificate market: sold is bought", ["all"], [bought.sum()], [retired], unit="MWh",
                   tolerance=10 * book.energy + RELATIVE * retired)
        _check_physical(book, plants, obligations, tables.get("green_imports"))
        _check_traced(book, plants, obligations, tables.get("green_imports"))
    exchanged = _check_imports(book, sent, tables.get("green_imports"))
    worth = (settings["ccer_price_cny_per_t"] or 0.0) * (settings["ccer_factor_t_per_mwh"] or 0.0)
    return {"green_certificates.ccer": -worth * market["ccer_mwh"].to_numpy(float),
            "green_certificates.preference": settings["preference_cny_per_mwh"] * np.concatenate([bought, exchanged])}


def _kinds(book, table) -> np.ndarray:
    """Kind of the certificates of each generator: hydro or not."""
    kinds = book.case.tables["technologies"].drop_duplicates("technology").set_index("technology")["kind"]
    return np.where(table["technology"].map(kinds) == "hydro", "hydro", "non_hydro")


def _check_issue(book, plants, market, settings) -> None:
    table, kind = plants.table, _kinds(book, plants.table)
    hydro, in_market = kind == "hydro", (table["purchase_class"] == "market").to_numpy()
    new = hydro & (table["commissioned"] >= pd.Timestamp(2023, 1, 1)).to_numpy() & in_market
    certificate = table["certificate"].to_numpy(object)
    tradable = (certificate == "tradable") | (new & (certificate == "held"))
    own = np.where(tradable, table["self_consumed_fraction"].to_numpy(float), 1.0)
    choosing = tradable & table["technology"].isin(settings["ccer_technologies"]).to_numpy()
    months = book.case.time.strftime("%Y-%m").to_numpy(object)
    energy = np.where(certificate != "none", 1.0, 0.0)[:, None] * plants.output * book.hours

    def sums(part):
        return np.array([((energy * part[:, None])[kind == one][:, months == month]).sum() for one, month in zip(
            market["kind"], market["month"])])

    issued, names = sums(np.ones(len(table))), market["kind"] + " " + market["month"]
    slack = 10 * book.energy + RELATIVE * issued
    told = pd.MultiIndex.from_frame(market[["kind", "month"]])
    untold = [f"{one} {month}" for one in np.unique(kind) for month in np.unique(months)
              if (one, month) not in told and energy[kind == one][:, months == month].sum() > 1.0]
    book.equal(
        "certificate market: a row for each kind and month", untold or ["all"], [1.0] * len(untold) or [0.0], unit="1", tolerance=0.0
    )
    stored = {name: market[f"{name}_mwh"].to_numpy(float) for name in ("issued", "held", "offered", "ccer")}
    book.equal("certificate market: issued", names, stored["issued"], issued, unit="MWh", tolerance=slack)
    book.equal("certificate market: held", names, stored["held"], sums(own), unit="MWh", tolerance=slack)
    book.equal("certificate market: offered", names, stored["offered"], stored["issued"] - stored["held"] - stored["ccer"],
               unit="MWh", tolerance=slack)
    book.between("certificate market: given up for reductions", names, 0.0, stored["ccer"], sums((1 - own) * choosing), unit="MWh",
                 tolerance=slack)


def _check_bank(book, plants, market, tables) -> None:
    """What is banked at the end of each month; what expires, or moves with contracts, is that of the other tables."""
    months = sorted(set(market["month"]))
    of = dict(zip(plants.names, _kinds(book, plants.table)))

    def sums(table, kind, months_of, quantity):
        keys = pd.MultiIndex.from_arrays([np.asarray(kind, object), np.asarray(months_of, object)])
        found = pd.Series(np.asarray(quantity, float), keys).groupby(level=[0, 1]).agg(["sum", "count"])
        return found.reindex(pd.MultiIndex.from_frame(market[["kind", "month"]])).fillna(0.0).to_numpy()

    lots = book.case.tables["certificate_lots"]
    opening = sums(lots, lots["generator"].map(of), [months[0]] * len(lots), lots["quantity_mwh"])
    trades = tables.get("green_trades", pd.DataFrame({"generator": [], "month": [], "energy_mwh": []}))
    tradable = plants.table.set_index("generator")["certificate"] == "tradable"
    trades = trades[trades["generator"].isin(tradable.index[tradable])]
    moved = sums(trades, trades["generator"].map(of), trades["month"].astype(str), trades["energy_mwh"])
    ledger = tables.get("ledger")
    expired = np.zeros((len(market), 2))
    if ledger is not None:
        gone = ledger[(ledger["event"] == "expire") & (ledger["quantity_mwh"] > 0)]
        expired = sums(gone, gone["kind"], gone["month"].astype(str), gone["quantity_mwh"])
    banked, sold, offered = (market[f"{name}_mwh"].to_numpy(float) for name in ("banked", "sold", "offered"))
    for kind in np.unique(market["kind"].astype(str)):
        rows = np.flatnonzero(market["kind"] == kind)[np.argsort(market["month"][market["kind"] == kind])]
        before = np.append(0.0, banked[rows][:-1] - expired[rows, 0][:-1])
        slack = 10 * book.energy + RELATIVE * (np.abs(banked[rows]) + offered[rows])
        slack += np.append(0.0, np.cumsum(2.0 * expired[rows, 1])[:-1] + expired[rows, 1][:-1])  # a part of a certificate a lot
        book.equal("certificate market: banked", market["month"][rows], banked[rows],
                   before + opening[rows, 0] + offered[rows] - moved[rows, 0] - sold[rows], unit="MWh", tolerance=slack)


def _check_physical(book, plants, obligations, imports) -> None:
    """Renewable energy at hand in a zone by month: generated, and brought by lines, less what they take; at most its
    consumption counts. Without hydro no more than what is not hydro, of all zones together."""
    zones, months = pd.Index(book.case.zones), pd.Index(book.case.time.strftime("%Y-%m").unique())
    in_month = (book.case.time.strftime("%Y-%m").to_numpy(object)[:, None] == months.to_numpy(object)) * book.hours[:, None]
    energy = np.where((plants.table["certificate"] != "none").to_numpy()[:, None], plants.output, 0.0) @ in_month
    loads = book.case.tables["loads"]
    served = book.stored("demand", len(loads)) - book.stored("unserved_demand", len(loads))
    consumed = book.sums(served @ in_month, book.zone_of("loads"), len(zones))
    at_hand = book.sums(energy, book.zone_of("generators"), len(zones))
    if imports is not None:
        kept = 1 - imports["line"].map(book.case.tables["lines"].set_index("line")["loss_fraction"]).to_numpy(float)
        month, carried = months.get_indexer(imports["month"]), imports["carried_mwh"].to_numpy(float)
        np.add.at(at_hand, (zones.get_indexer(imports["to_zone"]), month), kept * carried)
        np.add.at(at_hand, (zones.get_indexer(imports["from_zone"]), month), -carried)
    of_year = np.array([month[:4] for month in months], int)
    rows = obligations[obligations["obligation"] == "total"]
    at, in_year = zones.get_indexer(rows["zone"]), rows["year"].to_numpy()[:, None] == of_year
    counted = (np.clip(at_hand, 0.0, consumed)[at] * in_year).sum(axis=1)
    slack = 10 * book.energy * max(1, len(plants.names)) + RELATIVE * counted
    book.equal("obligation: renewable energy at hand", rows["party"], rows["physical_mwh"], counted, unit="MWh", tolerance=slack)
    rows = obligations[obligations["obligation"] == "non_hydro"]
    most = energy[_kinds(book, plants.table) == "non_hydro"].sum()
    book.at_most("obligation: consumed no more than generated", ["non_hydro"], [rows["physical_mwh"].sum()], [most], unit="MWh",
                 tolerance=10 * book.energy * max(1, len(rows)) + RELATIVE * most)


def _check_traced(book, plants, obligations, imports) -> None:
    """Renewable energy that loads consume and lines send by proportional sharing, step by step: P m = G + sum of what lines
    bring x m of their start. What stores discharge has no origin; power that comes to no consumer has none either."""
    zones, table = pd.Index(book.case.zones), book.case.tables["lines"]
    flow = np.nan_to_num(book.stored("flow", len(table), expected=False))
    ends = [zones.get_indexer(table[name]) for name in ("from_zone", "to_zone")]
    start, end = np.concatenate(ends), np.concatenate(ends[::-1])
    going = np.concatenate([np.maximum(flow, 0.0), np.maximum(-flow, 0.0)])
    coming = going * (1 - np.tile(table["loss_fraction"].to_numpy(float), 2)[:, None])
    fed = book.sums(np.maximum(plants.output, 0.0), book.zone_of("generators"), len(zones))
    stores = len(book.case.tables["storage"])
    fed = fed + book.sums(np.maximum(book.stored("discharge", stores), 0.0), book.zone_of("storage"), len(zones))
    whole = fed + book.sums(coming, end, len(zones))
    live = _live(book, start, end, coming, whole - book.sums(going, start, len(zones))) & (whole > NOTHING)
    system = np.zeros((book.steps, len(zones), len(zones)))
    np.add.at(system, (slice(None), end, start), -(coming * live[start] * live[end]).T)
    system[:, np.arange(len(zones)), np.arange(len(zones))] += np.where(live, whole, 1.0).T
    certified = (plants.table["certificate"] != "none").to_numpy()
    kind, mix = _kinds(book, plants.table), {}
    for one in ("hydro", "non_hydro"):
        power = np.where((certified & (kind == one))[:, None], np.maximum(plants.output, 0.0), 0.0)
        green = np.where(live, book.sums(power, book.zone_of("generators"), len(zones)), 0.0)
        mix[one] = np.linalg.solve(system, green.T[:, :, None])[:, :, 0].T
    mix["total"] = mix["hydro"] + mix["non_hydro"]
    loads = len(book.case.tables["loads"])
    served = np.maximum(book.stored("demand", loads) - book.stored("unserved_demand", loads), 0.0)
    consumed = book.sums(served, book.zone_of("loads"), len(zones)) * book.hours
    rows = obligations[obligations["obligation"].isin(["total", "non_hydro"])]
    in_year = rows["year"].to_numpy()[:, None] == book.case.time.year.to_numpy()
    at = zones.get_indexer(rows["zone"])
    found = [(mix[one][z] * consumed[z] * year).sum() for one, z, year in zip(rows["obligation"], at, in_year)]
    book.equal("obligation: renewable energy traced", rows["party"], rows["traced_mwh"], found, unit="MWh",
               tolerance=10 * book.energy + RELATIVE * np.array(found))
    if imports is not None:
        ahead = imports["from_zone"].to_numpy(object) == imports["line"].map(table.set_index("line")["from_zone"]).to_numpy(object)
        arc = pd.Index(table["line"]).get_indexer(imports["line"]) + np.where(ahead, 0, len(table))
        in_month = (imports["month"].to_numpy(object)[:, None] == book.case.time.strftime("%Y-%m").to_numpy(object)) * book.hours
        sent = (going[arc] * in_month).sum(axis=1)
        share = np.divide(
            (going[arc] * mix["total"][start[arc]] * in_month).sum(axis=1), sent, out=np.zeros(len(arc)), where=sent > NOTHING
        )
        book.equal("green imports: traced share", imports["line"], imports["traced_share"].fillna(0.0), share, unit="1",
                   tolerance=1e-6 + book.energy / np.maximum(sent, 1.0))


def _live(book, start, end, coming, consumed) -> np.ndarray:
    """Zones whose power comes to a consumer, over any number of lines, (zones, steps)."""
    live, before = consumed > NOTHING, None
    while before is None or (live != before).any():
        before = live.copy()
        np.logical_or.at(live, start, before[end] & (coming > NOTHING))
    return live


def _check_imports(book, sent, imports) -> np.ndarray:
    """Energy sent one way and what of it counts as renewable; what lines without a direction exchange [MWh]."""
    if imports is None:
        return np.zeros(0)
    lines = book.case.tables["lines"].set_index("line")
    at, sign = lines.index.get_indexer(imports["line"]), np.where(
        imports["from_zone"].to_numpy(object) == lines["from_zone"].reindex(imports["line"]).to_numpy(object), 1.0, -1.0)
    months = book.case.time.strftime("%Y-%m").to_numpy(object)
    in_month = (imports["month"].to_numpy(object)[:, None] == months) * book.hours
    flow = sign[:, None] * book.stored("flow", len(lines))[at]
    one_way = (np.maximum(flow, 0.0) * in_month).sum(axis=1)
    exchanged = imports["exchanged_mwh"].to_numpy(float)
    free = ~np.isnan(exchanged)
    counted = np.where(free, exchanged, ((sent[at] + flow) / 2 * in_month).sum(axis=1))
    names, slack = imports["line"] + " " + imports["month"], 10 * book.energy + RELATIVE * np.maximum(one_way, np.nan_to_num(counted))
    book.equal("green imports: sent", names, imports["sent_mwh"], one_way, unit="MWh", tolerance=slack)
    share = lines["renewable_share"].to_numpy(float)[at]
    book.between("green imports: renewable part of what is sent", names, 0.0, imports["carried_mwh"], share * counted, unit="MWh",
                 tolerance=slack)
    net = pd.DataFrame({"line": imports["line"], "month": imports["month"], "counted": sign * counted,
                        "sent": sign * one_way})[free].groupby(["line", "month"])[["counted", "sent"]].sum()
    book.equal("green imports: exchange of a line is its flow", net.index.get_level_values(0), net["counted"], net["sent"], unit="MWh",
               tolerance=2 * float(np.max(slack, initial=0.0)))
    return exchanged[free]
