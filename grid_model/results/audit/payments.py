"""Settlement recomputed: what every party is paid for energy, guarantees, difference contracts and capacity; sums to zero.

    generator, market      sum of p g dt, less the part under guarantee (taken evenly out of the year)
    generator, guaranteed  price x energy under guarantee
    generator, mechanism   sum over months of quantity x (mechanism price - average price of its market)
    storage, programme, port  sum of p x what it feeds in
    line                   sum of (p at the end x received - p at the start x sent)
    loads of a zone        - sum of p x (demand - unserved - orderly use), and the other side of the above

dt is the length of a step times its weight.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

RELATIVE, LEAST = 1e-7, 0.05  # of the money that moves; CNY
FULL = ("hydro_priority", "hydro", "full_purchase")


def check_settlement(book, plants, sent, programmes, tables, policies) -> None:
    """All laws of the table `settlement`; of regimes and tariffs only where their settings stand in the summary."""
    table = tables.get("settlement") if tables else None
    if table is None:
        return
    table = table.assign(zone=table["zone"].fillna("").astype(str), party=table["party"].astype(str))
    size = float(table["amount_cny"].abs().sum())
    slack = RELATIVE * size + LEAST
    book.equal("settlement sums to nothing", ["all parties"], [table["amount_cny"].sum()], unit="CNY", tolerance=slack)
    left = table[table["item"] == "balance"]["amount_cny"].abs()
    book.at_most("settlement leaves no balance", ["market"], [left.sum()], 1e-6 * size + 1.0, unit="CNY", tolerance=0.0)
    twice = table.duplicated(["party", "zone", "item"]).to_numpy(float)
    book.equal("settlement: one row a party and item", table["party"], twice, unit="1", tolerance=0.0)
    rows = _Rows(book, table, slack)
    price = np.nan_to_num(book.stored("price", len(book.case.zones)))
    _check_others(book, rows, price, sent, programmes)
    if "settlement" in (policies or {}):
        _check_plants(book, rows, plants, price, policies["settlement"])


class _Rows:
    """Stored amounts and energies by item and party."""

    def __init__(self, book, table, slack):
        self.book, self.slack = book, slack
        self.by = _sums_by(table, "party")
        self.by_zone = _sums_by(table[(table["party"] != "market").to_numpy()], "zone")

    def equal(self, item, names, energy, amount, zones=False) -> None:
        """Stored rows of an item are these; a party without a row has nothing."""
        by = self.by_zone if zones else self.by
        stored = np.array([by.get((item, str(name)), (0.0, 0.0)) for name in names]).reshape(-1, 2)
        self.book.equal(f"settlement: {item}", names, stored[:, 1], amount, unit="CNY", tolerance=self.slack)
        if energy is not None:
            self.book.equal(f"settlement: energy of {item}", names, stored[:, 0], energy, unit="MWh",
                            tolerance=10 * self.book.energy + 1e-6 * np.abs(energy))


def _sums_by(table, subject) -> dict[tuple[str, str], tuple[float, float]]:
    """Energy and amount by item and party or zone."""
    sums = table.groupby(["item", subject])[["energy_mwh", "amount_cny"]].sum()
    return dict(zip(sums.index, zip(sums["energy_mwh"], sums["amount_cny"])))


def _check_others(book, rows, price, sent, programmes) -> None:
    tables, hours = book.case.tables, book.counted
    if len(tables["storage"]):
        fed = (book.stored("discharge", len(tables["storage"])) - book.stored("charge", len(tables["storage"]))) * hours
        rows.equal("market", tables["storage"]["storage"], fed.sum(axis=1), (fed * price[book.zone_of("storage")]).sum(axis=1))
    if len(tables["demand_response"]):
        spared = (programmes.down - programmes.added) * hours
        at = price[book.zone_of("demand_response")]
        rows.equal("demand_response", programmes.names, spared.sum(axis=1), (spared * at).sum(axis=1))
    if len(tables["converter_ports"]):
        fed = book.stored("port_power", len(tables["converter_ports"])) * hours
        worth = (fed * price[book.zone_of("converter_ports")]).sum(axis=1)
        rows.equal("conversion", tables["converter_ports"]["port"], fed.sum(axis=1), worth)
    if len(tables["lines"]):
        flow = np.nan_to_num(book.stored("flow", len(tables["lines"])))
        loss = tables["lines"]["loss_fraction"].to_numpy(float)[:, None]
        ahead, back = np.maximum(flow, 0.0), np.maximum(-flow, 0.0)
        circling = np.maximum(sent - np.abs(flow), 0.0) / 2 if sent.shape == flow.shape else 0.0
        ahead, back = ahead + circling, back + circling
        start, end = price[book.zone_of("lines", "from_zone")], price[book.zone_of("lines", "to_zone")]
        earned = ((1 - loss) * ahead - back) * end + ((1 - loss) * back - ahead) * start
        rows.equal("congestion_rent", tables["lines"]["line"], -(loss * (ahead + back)) @ hours, earned @ hours)
    loads = len(tables["loads"])
    bought = (book.stored("unserved_demand", loads) - book.stored("demand", loads)) * hours
    zones = len(book.case.zones)
    paid = book.sums((bought * price[book.zone_of("loads")]).sum(axis=1), book.zone_of("loads"), zones)
    spared = (programmes.ordered * hours * price[book.zone_of("demand_response")]).sum(axis=1)
    energy = book.sums(bought.sum(axis=1), book.zone_of("loads"), zones)
    energy = energy + book.sums((programmes.ordered * hours).sum(axis=1), book.zone_of("demand_response"), zones)
    rows.equal("energy", book.case.zones, energy, paid + book.sums(spared, book.zone_of("demand_response"), zones), zones=True)


def _check_plants(book, rows, plants, price, settings) -> None:
    table, zones = plants.table, book.case.tables["zones"].set_index("zone")
    time, hours = book.case.time, book.counted
    energy, value = plants.output * hours, plants.output * hours * price[book.zone_of("generators")]
    in_year = (time.year.to_numpy()[:, None] == np.unique(time.year)).astype(float)
    yearly, worth = energy @ in_year, value @ in_year
    of_year = (in_year * (hours / np.where(time.is_leap_year, 8784.0, 8760.0))[:, None]).sum(axis=0)
    promised = (table["guaranteed_hours"].fillna(0.0) * table["capacity_mw"]).to_numpy(float)[:, None] * of_year
    share = np.divide(np.minimum(promised, yearly), yearly, out=np.zeros_like(yearly), where=yearly > 0)
    kind = table["purchase_class"].to_numpy(object)
    share = np.where(np.isin(kind, FULL)[:, None], 1.0, np.where((kind == "guaranteed")[:, None], share, 0.0))
    later = (table["commissioned"] >= pd.Timestamp(settings["mechanism_from"])).to_numpy(bool)
    new = table["technology"].str.startswith(("wind", "solar")).to_numpy(bool)
    under = new & {"by_date": later, "mechanism": True}.get(settings["regime"], False)
    part = np.where(under[:, None] | (settings["regime"] == "market"), 0.0, share)
    tariff = table["guaranteed_price_cny_per_mwh"].fillna(table["zone"].map(zones["benchmark_tariff_cny_per_mwh"])).fillna(0.0)
    bought = (part * yearly).sum(axis=1)
    rows.equal("market", plants.names, energy.sum(axis=1) - bought, value.sum(axis=1) - (part * worth).sum(axis=1))
    rows.equal("guaranteed", plants.names, bought, bought * tariff.to_numpy(float))
    capacity = table["technology"].isin(list(settings["capacity_tariff_technologies"])).to_numpy(float)
    paid = capacity * plants.capacity * settings["capacity_tariff_cny_per_kw"] * 1000 * hours.sum() / 8760
    rows.equal("capacity", plants.names, None, paid)
    if under.any():
        agreed = table["mechanism_price_cny_per_mwh"].fillna(tariff).to_numpy(float)
        benchmark = table["zone"].map(zones["benchmark_tariff_cny_per_mwh"]).to_numpy(float)
        agreed = np.where(later, agreed, np.fmin(agreed, benchmark))  # no benchmark is no limit
        _check_mechanism(book, rows, plants, price, settings, under, np.where(later[:, None], 0.0, share), agreed)


def _check_mechanism(book, rows, plants, price, settings, under, by_default, agreed) -> None:
    """Difference contracts month by month, against the average price of plant of one kind in the zone, or of the load."""
    table, month = plants.table, book.case.month_of_step
    in_month = (month[:, None] == np.arange(month.max() + 1)) * book.counted[:, None]
    year = pd.factorize(book.case.time.year)[0]
    year_of_month = np.array([year[month == one][0] for one in range(month.max() + 1)])
    given = table["mechanism_share"].to_numpy(float)[:, None]
    quantity = np.where(np.isnan(given), by_default[:, year_of_month], given) * under[:, None] * (plants.output @ in_month)
    at = book.zone_of("generators")
    if settings["average_price"] == "load":
        load = np.maximum(book.stored("load", len(price)), 0.0)
        worth, weight = (load * price) @ in_month, load @ in_month
        average = np.divide(worth, weight, out=np.zeros_like(worth), where=weight > 0)[at]
    else:
        group = pd.factorize(table["zone"].astype(str) + "|" + table["technology"].astype(str))[0]
        worth = book.sums((plants.output * price[at]) @ in_month, group, group.max() + 1)
        weight = book.sums(plants.output @ in_month, group, group.max() + 1)
        average = np.divide(worth, weight, out=np.zeros_like(worth), where=weight > 0)[group]
    rows.equal("mechanism", plants.names, quantity.sum(axis=1), (quantity * (agreed[:, None] - average)).sum(axis=1))
