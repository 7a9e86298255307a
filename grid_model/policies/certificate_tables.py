"""What people read of the certificate market after the solve: obligations, market, ledger and its statement by zone.

Quantities are those of the programme, MWh; the ledger has them in whole certificates. `traced_mwh` stands beside the
physical energy that the programme counts: what proportional sharing of the solved flows, step by step, says of the
same zone. Where it is less, the obligation was met by energy attributed along contracts and not by the mix of the
corridors.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from grid_model.case.units import CNY_PER_MWH, MWH
from grid_model.policies.certificate_accounts import month_label
from grid_model.results.carbon_tracing import Flows, trace
from grid_model.results.ledger import post_ledger, statement


def tables(green, data, solved) -> dict[str, pd.DataFrame]:
    """`ledger`, `certificate_statement`, `certificate_market`, `green_obligations`, and `green_imports` where weights
    bind."""
    look = _Look(green, data, solved)
    ledger = _ledger(look)
    imports = {"green_imports": _imports(look)} if len(data.weights) and len(data.flows.table) else {}
    return {
        "ledger": ledger,
        "certificate_statement": statement(ledger),
        "certificate_market": _market(look),
        "green_obligations": _obligations(look),
    } | imports


class _Look:
    """Values of the policy's families as long tables."""

    def __init__(self, green, data, solved):
        self.green, self.data, self.solved = green, data, solved
        self.zones = list(data.case.zones)
        self.month = {position: month_label(number) for position, number in zip(data.months, data.month_numbers)}

    def values(self, name: str) -> np.ndarray:
        """A variable or named expression, MWh."""
        return np.asarray(self.solved.evaluate(f"{self.green.name}.{name}")) / MWH

    def over(self, values: np.ndarray, *labels) -> pd.DataFrame:
        """An array over named lists of labels as a long table: `over(x, ("zone", zones), ("month", months))`."""
        index = pd.MultiIndex.from_product([list(some) for _, some in labels], names=[name for name, _ in labels])
        table = pd.DataFrame({"quantity_mwh": np.asarray(values).ravel()}, index=index).reset_index()
        return table.assign(month=table["month"].map(self.month)) if "month" in table else table

    def sold(self) -> pd.DataFrame:
        life = pd.DataFrame(self.data.life, columns=["shelf", "month"]).assign(quantity_mwh=self.values("sold"))
        life = life.merge(self.data.shelves[["shelf", "zone", "kind"]], on="shelf")
        sold = life.groupby(["zone", "kind", "month"], as_index=False)["quantity_mwh"].sum()
        return sold.assign(month=sold["month"].map(self.month))

    def purchases(self) -> pd.DataFrame:
        data = self.data
        bought = self.over(
            self.values("retired"), ("purpose", data.buyers["buyer"]), ("kind", data.kinds), ("month", data.months)
        )
        buyers = data.buyers.set_index("buyer")
        return bought.assign(
            zone=bought["purpose"].map(buyers["zone"]), own=bought["purpose"].map(buyers["load"]) != ""
        )

    def issue(self) -> pd.DataFrame:
        """By generator, class and month."""
        frames = [
            self.over(self.values(by_generator.local_name), ("generator", names), ("month", self.data.months))
            for names, by_generator, *_ in self.data.issue_of
        ]
        none = self.over(np.zeros((0, len(self.data.months))), ("generator", []), ("month", self.data.months))
        issue = pd.concat(frames or [none], ignore_index=True).merge(self.data.parts.drop(columns="pool"), on="generator")
        return issue.assign(quantity_mwh=issue["quantity_mwh"] * issue["part"]).drop(columns="part")

    @cached_property
    def flows(self) -> Flows:
        """Power between zones and fed in within them, MW, of the solved case."""
        fleets = self.solved.model.fleets
        local = sum(
            (
                self._by_zone(fleet, self.solved.evaluate(f"{fleet.name}.report_{name}") * fleet.reports[name].scale)
                for fleet in fleets.values()
                for name in ("generation", "discharge")
                if name in fleet.reports
            ),
            np.zeros((len(self.zones), self.data.end)),
        )
        if "transmission" not in fleets:
            none = np.zeros((0, self.data.end))
            return Flows(np.zeros(0, int), np.zeros(0, int), none, none, local)
        lines = fleets["transmission"].data
        flow = self.solved.evaluate("transmission.report_flow") / MWH
        start, end = (pd.Index(self.zones).get_indexer(ends) for ends in (lines.from_zone, lines.to_zone))
        sent = np.concatenate([np.maximum(flow, 0), np.maximum(-flow, 0)])
        delivered = 1 - np.tile(lines.loss_fraction.values, 2)[:, None]
        return Flows(np.concatenate([start, end]), np.concatenate([end, start]), sent, sent * delivered, local)

    def _by_zone(self, fleet, power: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(self.zones), self.data.end))
        np.add.at(sums, pd.Index(self.zones).get_indexer(fleet.data.zone_names), np.maximum(power, 0.0))
        return sums

    @cached_property
    def mix(self) -> np.ndarray:
        """Renewable part of the power that leaves each zone, by proportional sharing: (zones, steps, kinds). What
        stores discharge has no origin here, so it is never renewable."""
        data = self.data
        kind_of = data.parts.drop_duplicates("generator").set_index("generator")["kind"]
        content = np.zeros((len(self.zones), data.end, len(data.both_kinds)))
        for fleet in data.issuing:
            power = self.solved.evaluate(f"{fleet.name}.report_generation") / MWH
            kind = kind_of.reindex(fleet.data.names).to_numpy(object)
            for at, name in enumerate(data.both_kinds):
                content[:, :, at] += self._by_zone(fleet, np.where((kind == name)[:, None], power, 0.0))
        return trace(self.flows, content, self.flows.received)

    @cached_property
    def traced(self) -> np.ndarray:
        """Renewable energy consumed by loads, by proportional sharing: (zones, kinds, months), MWh."""
        data = self.data
        served = sum(
            (
                self._by_zone(
                    fleet, fleet.data.demand.values / MWH - self.solved.evaluate(f"{fleet.name}.unserved") / MWH
                )
                for fleet in data.load_fleets
            ),
            np.zeros((len(self.zones), data.end)),
        )
        return np.einsum("ztk,zt,tm->zkm", self.mix, served, self.hours_in_month)

    @property
    def hours_in_month(self) -> np.ndarray:
        """Hours of each step in each month, (steps, months)."""
        case = self.data.case
        return (case.month_of_step[:, None] == np.arange(len(self.data.months))) * case.step_hours[:, None]


def _ledger(look: _Look) -> pd.DataFrame:
    data = look.data
    opening = data.lots.assign(vintage=[month_label(month) for month in data.lots["vintage"]])
    ccer = look.over(look.values("ccer"), ("pool", data.choosing), ("month", data.months)).merge(data.pools, on="pool")
    return post_ledger(opening, look.issue(), ccer, look.sold(), look.purchases(), _bundles(look), _prices(look))


def _bundles(look: _Look) -> pd.DataFrame:
    """Certificates that move with the energy of contracts, by contract and month."""
    data = look.data
    if data.bundles.empty:
        return pd.DataFrame(columns=["generator", "purpose", "zone", "month", "quantity_mwh"])
    moved = np.asarray(look.solved.evaluate(f"{data.green_load.name}.bundled")) / MWH
    contracts = data.green_load.data.with_plants["contract"]
    return (
        look.over(moved, ("contract", contracts), ("month", data.months))
        .merge(data.bundles, on="contract")
        .rename(columns={"load": "purpose"})
    )


def _prices(look: _Look) -> pd.DataFrame:
    """Dual of the clearing: what one more certificate would cost."""
    dual = look.solved.dual(f"{look.green.name}.clearing") / CNY_PER_MWH if look.data.kinds else []
    table = look.over(dual, ("kind", look.data.kinds), ("month", look.data.months))
    return table.rename(columns={"quantity_mwh": "price_cny_per_mwh"})


def _market(look: _Look) -> pd.DataFrame:
    """By month and kind: issued = held + offered + ccer, what was sold and is banked at the end, and the price."""
    data = look.data
    issued = look.over(look.values("issued"), ("pool", data.pools["pool"]), ("month", data.months)).merge(
        data.pools, on="pool"
    )
    ccer = look.over(look.values("ccer"), ("pool", data.choosing), ("month", data.months)).merge(data.pools, on="pool")
    banked = pd.DataFrame(data.life, columns=["shelf", "month"]).assign(quantity_mwh=look.values("banked"))
    banked = banked.merge(data.shelves[["shelf", "kind"]], on="shelf").assign(
        month=lambda table: table["month"].map(look.month)
    )
    by = ["month", "kind"]
    columns = {
        "issued_mwh": issued,
        "held_mwh": issued[issued["class"] == "held"],
        "ccer_mwh": ccer,
        "sold_mwh": look.sold(),
        "banked_mwh": banked,
    }
    market = pd.DataFrame({name: table.groupby(by)["quantity_mwh"].sum() for name, table in columns.items()}).fillna(
        0.0
    )
    market.insert(2, "offered_mwh", market["issued_mwh"] - market["held_mwh"] - market["ccer_mwh"])
    return market.reset_index().merge(_prices(look), on=by, how="left")


def _imports(look: _Look) -> pd.DataFrame:
    """By line, direction and month: energy sent, the renewable energy that the programme counts of it, and the share
    that proportional sharing finds in it. A `renewable_share` of the line holds a later run to it. `exchanged_mwh`: what
    the programme takes as sent over a line that tells no direction (policies/directed_flow.py), else empty."""
    data, flows = look.data, look.flows
    lines = look.solved.model.fleets["transmission"].data.names
    arcs = data.flows.table
    at = pd.Index(lines).get_indexer(arcs["line"]) + np.where(arcs["sign"] > 0, 0, len(lines))
    sent = flows.sent[at] @ look.hours_in_month
    green = (flows.sent[at] * look.mix.sum(axis=2)[flows.start[at]]) @ look.hours_in_month
    table = look.over(look.values("carried").sum(axis=1), ("arc", arcs["arc"]), ("month", data.months))
    table = table.rename(columns={"quantity_mwh": "carried_mwh"}).assign(
        sent_mwh=sent.ravel(),
        traced_share=np.divide(green, sent, out=np.full(sent.shape, np.nan), where=sent > 1e-3).ravel(),
    )
    table["exchanged_mwh"] = _exchanged(look).ravel()
    return table.merge(arcs[["arc", "line", "from_zone", "to_zone"]], on="arc")[
        ["line", "from_zone", "to_zone", "month", "sent_mwh", "carried_mwh", "traced_share", "exchanged_mwh"]
    ]


def _exchanged(look: _Look) -> np.ndarray:
    """F and B of lines that tell no direction, by arc and month, MWh; NaN of others."""
    flows, months = look.data.flows, look.data.months
    values = np.full((len(flows.table), len(months)), np.nan)
    for sign, name in ((1, "lines_forward"), (-1, "lines_backward")) if len(flows.exchanging) else ():
        here = (flows.table["line"].isin(flows.exchanging) & (flows.table["sign"] == sign)).to_numpy()
        at = pd.Index(flows.exchanging).get_indexer(flows.table["line"][here])
        values[here] = look.values(name)[at] @ (look.hours_in_month > 0)
    return values


def _obligations(look: _Look) -> pd.DataFrame:
    """Every obligation and year: what it asks for, what counts towards it, what is short, and its price (dual).

    `party` is a zone or a load. Physical energy is all that could count: what is at hand in a zone, at most its
    consumption.
    """
    rows = [_weights(look), _loads(look)]
    table = pd.concat([row for row in rows if len(row)] or rows, ignore_index=True)
    counted = table["physical_mwh"] + table["certificates_mwh"] + table["bundled_mwh"] - table["debited_mwh"]
    table["achieved_share"] = counted / table["consumption_mwh"]
    table["passed"] = ~table["assessed"].astype(bool) | (
        table["short_mwh"] <= 1e-6 * np.maximum(table["required_mwh"], 1.0)
    )
    return table


def _yearly(look: _Look, values: np.ndarray) -> np.ndarray:
    """Sums over the months (last axis) of each year."""
    return np.stack(
        [values[..., np.asarray(months) - 1].sum(axis=-1) for months in look.data.months_of_year.values()], axis=-1
    )


def _weights(look: _Look) -> pd.DataFrame:
    data = look.data
    if data.weights.empty:
        return pd.DataFrame(columns=COLUMNS)
    zones, names = list(data.case.zones), list(data.weight.sets[2])
    at_hand, served = look.values("at_hand"), look.values("served")
    purchases = look.purchases()
    short = pd.DataFrame(look.values("short"), pd.MultiIndex.from_frame(data.weights[["zone", "year"]]), names)
    dual = pd.DataFrame(-look.solved.dual(f"{look.green.name}.weight") / CNY_PER_MWH, short.index, names)
    every = pd.MultiIndex.from_product([zones, data.years], names=["zone", "year"])
    frames = []
    for name, kinds in data.kinds_of_weight.items():
        part = at_hand[:, [data.both_kinds.index(kind) for kind in kinds]].sum(axis=1)
        bought = purchases[(purchases["purpose"] == purchases["zone"] + " weight") & purchases["kind"].isin(kinds)]
        bought = bought.assign(year=bought["month"].str[:4].astype(int)).groupby(["zone", "year"])["quantity_mwh"].sum()
        yearly = pd.DataFrame(
            {
                "consumption_mwh": _yearly(look, served).ravel(),
                "physical_mwh": _yearly(look, np.clip(part, 0.0, served)).ravel(),
            },
            every,
        ).reindex(short.index)
        share = data.weights.set_index(["zone", "year"])[name]
        traced = look.traced[:, [data.both_kinds.index(kind) for kind in kinds]].sum(axis=1)
        yearly["traced_mwh"] = pd.Series(_yearly(look, traced).ravel(), every).reindex(short.index)
        frames.append(
            yearly.assign(
                obligation=name,
                share=share,
                required_mwh=share * yearly["consumption_mwh"],
                assessed=True,
                certificates_mwh=bought.reindex(short.index, fill_value=0.0),
                bundled_mwh=0.0,
                debited_mwh=_debit(look, kinds).reindex(short.index, fill_value=0.0),
                short_mwh=short[name],
                price_cny_per_mwh=dual[name],
            ).reset_index()
        )
    table = pd.concat(frames, ignore_index=True)
    return table.assign(party=table["zone"])[COLUMNS]


def _debit(look: _Look, kinds) -> pd.Series:
    """What sales take from the seller's own weight, by zone and year of generation, MWh."""
    data = look.data
    sold = (
        pd.DataFrame(data.life, columns=["shelf", "month"])
        .assign(quantity_mwh=look.values("sold"))
        .merge(data.shelves, on="shelf")
    )
    sold = sold[sold["kind"].isin(kinds) & data.settings.debit_seller]
    return sold.groupby(["zone", "year"])["quantity_mwh"].sum()


def _loads(look: _Look) -> pd.DataFrame:
    data, table = look.data, look.data.green
    if table.empty:
        return pd.DataFrame(columns=COLUMNS)
    served = look.over(
        _yearly(look, look.values("served_load")), ("load", table["load"].unique()), ("year", data.years)
    )
    purchases = look.purchases()
    bought = (
        purchases.assign(year=purchases["month"].str[:4].astype(int)).groupby(["purpose", "year"])["quantity_mwh"].sum()
    )
    obliged = pd.MultiIndex.from_frame(table.loc[table["assessed"], ["load", "year"]])
    short = pd.Series(look.values("load_short"), obliged)
    dual = pd.Series(
        -look.solved.dual(f"{look.green.name}.load_share") / CNY_PER_MWH if len(obliged) else [], obliged, dtype=float
    )
    table = table.merge(served.rename(columns={"quantity_mwh": "consumption_mwh"}), on=["load", "year"])
    at = pd.MultiIndex.from_frame(table[["load", "year"]])
    required = table["share"] * table["consumption_mwh"]
    certificates, bundled = (some.reindex(at, fill_value=0.0).to_numpy(float) for some in (bought, _bundled(look)))
    monitored = np.maximum(required - certificates - bundled, 0.0)
    return table.assign(
        party=table["load"],
        obligation="green_share",
        required_mwh=required,
        physical_mwh=0.0,
        traced_mwh=np.nan,
        certificates_mwh=certificates,
        bundled_mwh=bundled,
        debited_mwh=0.0,
        short_mwh=short.reindex(at).fillna(pd.Series(monitored.to_numpy(), at)).to_numpy(),
        price_cny_per_mwh=dual.reindex(at).to_numpy(),
    )[COLUMNS]


def _bundled(look: _Look) -> pd.Series:
    """Certificates that moved with the energy of a load's contracts, by load and year, MWh."""
    moved = _bundles(look)
    moved = moved.assign(year=moved["month"].astype(str).str[:4].astype(int))
    return moved.groupby(["purpose", "year"])["quantity_mwh"].sum().astype(float)


COLUMNS = [
    "party",
    "zone",
    "year",
    "obligation",
    "assessed",
    "share",
    "consumption_mwh",
    "required_mwh",
    "physical_mwh",
    "traced_mwh",
    "certificates_mwh",
    "bundled_mwh",
    "debited_mwh",
    "short_mwh",
    "price_cny_per_mwh",
]
