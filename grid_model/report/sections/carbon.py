"""Carbon: emissions by technology, factors of production and consumption beside the published, the carbon market."""

from __future__ import annotations

import pandas as pd

from grid_model.report.blocks import Column, Figure, Section, Table, empty
from grid_model.report.charts import BAR, POINT, Chart, Layer
from grid_model.report.style import colour, stacked
from grid_model.report.view import View
from grid_model.report.words import Words, plain, word

FACTORS = {
    "factor_production": ("factor_production_t_per_mwh", "square"),
    "factor_consumption": ("factor_consumption_t_per_mwh", "circle"),
    "factor_published": ("published_t_per_mwh", "diamond"),
}
PER_MWH = plain("t CO₂/MWh")


def section(view: View) -> Section | None:
    blocks = empty(emission_chart(view), factor_chart(view), factor_table(view), *market_tables(view))
    return Section("carbon", word("carbon"), blocks) if blocks else None


def emission_chart(view: View) -> Figure | None:
    if "emissions" not in view.data:
        return None
    tonnes = (
        pd.Series(view.data["emissions"].fillna(0.0).sum("time").values)
        .groupby(view.data["technology"].values.astype(str))
        .sum()
    )
    names = [name for name in stacked(tonnes.index) if tonnes[name] > 0]
    if not names:
        return None
    layer = Layer("emissions", word("emissions"), "#6e6e6e", BAR, tonnes[names].to_numpy() * view.carbon.factor)
    return Figure(Chart("emissions", word("emissions_by_technology"), view.carbon.name, [layer],
                        [view.style.technology(name) for name in names], x_kind="names", horizontal=True,
                        height=110 + 30 * len(names)))  # fmt: skip


def _factors(view: View, level: str) -> pd.DataFrame:
    table = view.tables.get("carbon_factors")
    if table is None:
        return pd.DataFrame()
    return table[(table["level"] == level) & (table["year"] == table["year"].max())]


def factor_chart(view: View) -> Figure | None:
    """Factors of the provinces in the last year: made, consumed (traced), published."""
    table = _factors(view, "province")
    if table.empty:
        return None
    table = table.sort_values("factor_consumption_t_per_mwh")
    layers = [Layer(key, word(key), colour(key), POINT, pd.to_numeric(table[column]).to_numpy(float), pattern=mark)
              for key, (column, mark) in FACTORS.items() if pd.to_numeric(table[column]).notna().any()]  # fmt: skip
    return Figure(
        Chart(
            "factors",
            word("factors"),
            PER_MWH,
            layers,
            [view.style.zone(name) for name in table["area"]],
            x_kind="names",
            height=380,
        )
    )


def factor_table(view: View) -> Table | None:
    table = view.tables.get("carbon_factors")
    if table is None:
        return None
    unit = view.carbon
    columns = [Column(word("area"), "text"), Column(Words("Year", "年份"), "text"),
               Column(word("emissions") + plain(": ") + word("factor_production"), unit=unit.name),
               Column(word("emissions") + plain(": ") + word("factor_consumption"), unit=unit.name),
               *(Column(word(key), unit=PER_MWH, digits=4) for key in FACTORS)]  # fmt: skip
    rows = [(_area(view, row["area"], row["level"]), str(row["year"]), row["production_emissions_t"] * unit.factor,
             row["consumption_emissions_t"] * unit.factor, *(float(row[column]) for column, _ in FACTORS.values()))
            for row in table.to_dict("records")]  # fmt: skip
    return Table(word("factors"), columns, rows, folded=True, file="carbon_factors.csv")


def _area(view: View, name: str, level: str) -> Words:
    return view.style.zone(name) if level == "province" else word("nation") if level == "nation" else word(str(name))


def market_tables(view: View) -> list[Table]:
    """The carbon markets, and how each entity covered its emissions."""
    unit = view.carbon
    names = {
        "emissions_t": "emissions",
        "free_t": "free",
        "auctioned_t": "auctioned",
        "bought_t": "bought",
        "sold_t": "sold",
        "offset_t": "offset",
        "banked_out_t": "banked",
        "shortfall_t": "shortfall",
    }
    found = []
    for table, title, who in (
        ("carbon_market", "carbon_market", "market"),
        ("carbon_account", "carbon_account", "entity"),
    ):
        rows = view.tables.get(table)
        if rows is None:
            continue
        price = (
            {"allowance_price_cny_per_t": "allowance_price", "ccer_price_cny_per_t": "ccer_price"}
            if who == "market"
            else {}
        )
        columns = [
            Column(word(who if who == "entity" else "carbon_market"), "text"),
            Column(Words("Year", "年份"), "text"),
            *(Column(word(key), unit=unit.name) for key in names.values()),
            *(Column(word(key), unit=view.money_name + Words("/t", "/吨")) for key in price.values()),
        ]
        cells = [(view.style.party(row[who]), str(row["year"]), *(row[name] * unit.factor for name in names),
                  *(row[name] for name in price)) for row in rows.to_dict("records")]  # fmt: skip
        found.append(Table(word(title), columns, cells, folded=who == "entity", file=f"{table}.csv"))
    return found
