"""Settlement: what is received and paid by item, and where it comes from."""

from __future__ import annotations

import pandas as pd

from grid_model.report.blocks import Column, Figure, Section, Table, empty
from grid_model.report.charts import BAR, Chart, Layer
from grid_model.report.style import colour
from grid_model.report.view import View
from grid_model.report.words import Words, plain, word

LEAST = 1e-9  # of all that is paid: less is rounding


def section(view: View) -> Section | None:
    table = view.tables.get("settlement")
    if table is None:
        return None
    return Section("settlement", word("settlement"), empty(item_chart(view, table), zone_table(view, table)))


def _items(table: pd.DataFrame) -> pd.DataFrame:
    """Received and paid (negative) by item, the largest first."""
    amount = table["amount_cny"].astype(float)
    sums = (
        pd.DataFrame({"item": table["item"], "received": amount.clip(lower=0), "paid": amount.clip(upper=0)})
        .groupby("item")
        .sum()
    )
    least = LEAST * sums["received"].sum()
    sums = sums[(sums["received"] > least) | (-sums["paid"] > least)]
    return sums.assign(size=sums["received"] - sums["paid"]).sort_values("size", ascending=False)


def item_name(item: str) -> Words:
    """Items that share a word with something else have one of their own."""
    own = {
        "market": Words("Sold in the market", "市场售电"),
        "energy": word("energy_item"),
        "capacity": word("capacity_item"),
        "certificates": word("certificates_item"),
        "guaranteed": Words("Guaranteed purchase", "保障性收购"),
        "demand_response": word("demand_response"),
        "shortfall": word("shortfall"),
    }
    return own.get(item, word(item))


def item_chart(view: View, table: pd.DataFrame) -> Figure | None:
    sums = _items(table)
    layers = [
        Layer(key, word(key), colour(key), BAR, sums[key].to_numpy() * view.money.factor)
        for key in ("received", "paid")
    ]
    return Figure(
        Chart(
            "settlement",
            word("settlement_by_item"),
            view.money.name,
            layers,
            [item_name(item) for item in sums.index],
            x_kind="names",
            horizontal=True,
            height=140 + 28 * len(sums),
        )
    )


def zone_table(view: View, table: pd.DataFrame) -> Table | None:
    items = list(_items(table).index)
    zoned = table[table["zone"].notna()]
    if zoned.empty:
        return None
    sums = (
        zoned.pivot_table(index="zone", columns="item", values="amount_cny", aggfunc="sum")
        .reindex(columns=items)
        .dropna(axis=1, how="all")
    )
    order = [zone for zone in view.data["zone"].values.astype(str) if zone in sums.index]
    sums = sums.reindex([*order, *(zone for zone in sums.index if zone not in order)])
    columns = [Column(word("zone"), "text"), *(Column(item_name(item), unit=view.money.name) for item in sums.columns)]
    rows = [(view.style.zone(zone), *(row * view.money.factor)) for zone, row in sums.iterrows()]
    return Table(word("settlement_by_zone") + plain(""), columns, rows, folded=True, file="settlement.csv")
