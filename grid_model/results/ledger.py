"""The ledger of green certificates: every lot by double entry, first in first out, in whole certificates of one MWh.

An event moves certificates of one lot out of one account and into another: two rows of one `entry` whose quantities
sum to zero. Accounts are zones, and `registry`, `retired`, `expired`, `ccer`.

    opening   registry -> zone      what was in hand before the horizon
    issue     registry -> zone      of the zone of the generator, in the month of generation
    ccer      zone -> ccer          given up for certified reductions
    trade     zone -> zone          sold for a purpose (an obligation), at the month's price
    retire    zone -> retired       for that purpose
    expire    zone -> expired       at the end of the 24th month, that of generation included

A lot is what one generator was issued in one month of one class: `tradable`, or `held` (issued and never traded). A
month's fraction of a certificate waits for the next month; so does a fraction sold, retired or given up. A buyer in
the zone of the seller needs no trade: nothing leaves the account before it is retired. Source: docs/policy.md, section 4.

Functions take and give plain tables, so that whoever has the Parquet file has all there is to know.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

COLUMNS = [
    "lot",
    "generator",
    "technology",
    "vintage",
    "account",
    "event",
    "month",
    "purpose",
    "quantity_mwh",
    "price_cny_per_mwh",
    "class",
    "kind",
    "entry",
]
EVENTS = ("opening", "issue", "ccer", "trade", "retire", "expire")  # in the order in which a month posts them
POOLED = ("registry", "retired", "expired", "ccer")
VALID_MONTHS = 24
ROUNDING_MWH = 1e-3  # what a solver may leave out of a whole certificate


def month_number(months) -> np.ndarray:
    """`2027-01` as months counted from year 0."""
    text = pd.Series(months, dtype="str").reset_index(drop=True)
    return (text.str[:4].astype(int) * 12 + text.str[5:7].astype(int) - 1).to_numpy()


def whole(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Quantities in whole certificates: of each key in `by` the months' sum so far, rounded down, less what came
    before."""
    table = table.astype({"quantity_mwh": float}).sort_values("month", kind="stable")
    reached = np.floor(table.groupby(by, sort=False)["quantity_mwh"].cumsum() + ROUNDING_MWH)
    before = reached.groupby([table[key] for key in by], sort=False).shift(fill_value=0.0)
    return table.assign(quantity_mwh=reached - before)


# ------------------------------------------------------------------------------------------------------------- posting


def post_ledger(opening, issue, ccer, sales, purchases, bundles, prices) -> pd.DataFrame:
    """The ledger of a solved case.

    Parameters (tables; `month` and `vintage` as 2027-01, quantities in MWh and not yet whole)
    ----------
    opening   : lot, generator, technology, zone, kind, class, vintage, quantity_mwh
    issue     : generator, technology, zone, kind, class, month, quantity_mwh
    ccer      : zone, kind, month, quantity_mwh
    sales     : zone, kind, month, quantity_mwh
    purchases : purpose, zone, kind, month, quantity_mwh, own (whether certificates of its own zone serve)
    bundles   : generator, purpose, zone, month, quantity_mwh: certificates that move with the energy of a contract
    prices    : kind, month, price_cny_per_mwh
    """
    months = sorted(set(issue["month"]) | set(purchases["month"]))
    book = _Book(opening, whole(issue, ["generator", "class"]), months[0] if months else "")
    ccer, sales = whole(ccer, ["zone", "kind"]), whole(sales, ["zone", "kind"])
    purchases, bundles = whole(purchases, ["purpose", "zone", "kind"]), whole(bundles, ["generator", "purpose"])
    price = prices.set_index(["kind", "month"])["price_cny_per_mwh"]
    waiting = pd.Series(dtype=float)
    for month in months:
        book.issue(month)
        book.give_up(ccer[ccer["month"] == month], month)
        book.bundle(bundles[bundles["month"] == month], month)
        for kind in sorted(set(purchases["kind"])):
            here = purchases[(purchases["month"] == month) & (purchases["kind"] == kind)].copy()
            here["quantity_mwh"] += waiting.reindex(here["purpose"] + kind).fillna(0.0).to_numpy()
            offered = sales[(sales["month"] == month) & (sales["kind"] == kind)].set_index("zone")["quantity_mwh"]
            missing = book.trade(here, offered, kind, month, float(price.get((kind, month), np.nan)))
            waiting = pd.concat(
                [waiting.drop(here["purpose"] + kind, errors="ignore"), pd.Series(missing, here["purpose"] + kind)]
            )
        book.expire(month)
    return book.table()


class _Book:
    """Lots with what is left of them, and the events posted so far."""

    def __init__(self, opening: pd.DataFrame, issue: pd.DataFrame, first: str):
        issue = issue[issue["quantity_mwh"] > 0].rename(columns={"month": "vintage"})
        held = np.where(issue["class"] == "held", " held", "")
        issue = issue.assign(lot=issue["generator"] + " " + issue["vintage"] + held, new=True)
        lots = pd.concat([opening.assign(new=False), issue], ignore_index=True)
        lots["choosing"], lots["class"] = lots["class"] == "choice", lots["class"].replace("choice", "tradable")
        self.lots = lots.sort_values(["vintage", "lot"], kind="stable").reset_index(drop=True)
        self.quantity = self.lots["quantity_mwh"].to_numpy(float)
        self.vintage = month_number(self.lots["vintage"])
        self.zone = self.lots["zone"].to_numpy(object)
        self.left = np.where(self.lots["new"].to_numpy(bool), 0.0, self.quantity)
        self.events: list[pd.DataFrame] = []
        self._post("opening", np.flatnonzero(~self.lots["new"].to_numpy(bool)), first, "registry", None)

    def _post(self, event, lots, month, source, target, quantity=None, purpose="", price=np.nan) -> None:
        """Post an event of some lots (positions); an account None is the zone of the lot."""
        quantity = self.quantity[lots] if quantity is None else quantity
        self.events.append(
            pd.DataFrame(
                {
                    "at": lots,
                    "event": event,
                    "month": month,
                    "purpose": purpose,
                    "from": self.zone[lots] if source is None else source,
                    "to": self.zone[lots] if target is None else target,
                    "quantity_mwh": quantity,
                    "price_cny_per_mwh": price,
                }
            )
        )

    def issue(self, month: str) -> None:
        lots = np.flatnonzero((self.lots["vintage"] == month) & self.lots["new"])
        self._post("issue", lots, month, "registry", None)
        self.left[lots] = self.quantity[lots]

    def give_up(self, ccer: pd.DataFrame, month: str) -> None:
        """Certificates of the month's own generation that are cancelled for certified reductions."""
        for zone, kind, quantity in zip(ccer["zone"], ccer["kind"], ccer["quantity_mwh"]):
            lots = self._open(zone, kind, self.lots["choosing"] & (self.lots["vintage"] == month))
            taken, _, amount = drawn(self.left[lots], [quantity])
            self._post("ccer", lots[taken], month, None, "ccer", amount, "ccer")
            self.left[lots[taken]] -= amount

    def bundle(self, bundles: pd.DataFrame, month: str) -> None:
        """Certificates that move with the energy of a contract, and are retired by its load."""
        for generator, purpose, zone, quantity in zip(
            bundles["generator"], bundles["purpose"], bundles["zone"], bundles["quantity_mwh"]
        ):
            own = (
                (self.lots["generator"] == generator)
                & (self.lots["class"] == "tradable")
                & (self.lots["vintage"] == month)
            )
            lots = np.flatnonzero(own & (self.left > 0))
            taken, _, amount = drawn(self.left[lots], [quantity])
            self._sell(
                lots[taken],
                amount,
                np.full(len(taken), zone, object),
                np.full(len(taken), purpose, object),
                month,
                np.nan,
            )

    def trade(self, purchases: pd.DataFrame, offered: pd.Series, kind: str, month: str, price: float) -> np.ndarray:
        """A month's clearing: who buys from whom, and the lots that they get, oldest first; what found no seller,
        MWh."""
        zones = sorted(set(offered.index) | set(purchases["zone"]))
        stock = np.array([self.left[self._open(zone, kind)].sum() for zone in zones])
        wanted = purchases["quantity_mwh"].to_numpy(float)
        supply = _supply(offered.reindex(zones).fillna(0.0).to_numpy(), stock, wanted.sum())
        buyer_zone = pd.Index(zones).get_indexer(purchases["zone"])
        bought = matched(supply, wanted, buyer_zone, purchases["own"].to_numpy(bool))
        for seller in np.flatnonzero(bought.any(axis=1)):
            lots = self._open(zones[seller], kind)
            buyers = np.flatnonzero(bought[seller])
            taken, buyer, amount = drawn(self.left[lots], bought[seller, buyers])
            buyer = buyers[buyer]
            self._sell(
                lots[taken],
                amount,
                purchases["zone"].to_numpy(object)[buyer],
                purchases["purpose"].to_numpy(object)[buyer],
                month,
                price,
            )
        return wanted - bought.sum(axis=0)

    def _sell(self, lots, amount, zone, purpose, month, price) -> None:
        """Trade to other zones, and retire."""
        np.subtract.at(self.left, lots, amount)
        away = zone != self.zone[lots]
        self._post("trade", lots[away], month, None, zone[away], amount[away], purpose[away], price)
        self._post("retire", lots, month, zone, "retired", amount, purpose)

    def expire(self, month: str) -> None:
        lots = np.flatnonzero((self.vintage + VALID_MONTHS - 1 == month_number([month])[0]) & (self.left > 0))
        self._post("expire", lots, month, None, "expired", self.left[lots])
        self.left[lots] = 0.0

    def _open(self, zone, kind, also=True) -> np.ndarray:
        """Positions of the tradable lots of a zone of which something is left, oldest first."""
        lots = self.lots
        return np.flatnonzero(
            (self.zone == zone) & (lots["kind"] == kind) & (lots["class"] == "tradable") & (self.left > 0) & also
        )

    def table(self) -> pd.DataFrame:
        """All events, two rows each."""
        events = pd.concat(self.events, ignore_index=True)
        events = events[events["quantity_mwh"] > 0].reset_index(drop=True)
        events["entry"] = np.arange(len(events))
        sides = [
            events.assign(account=events["from"], quantity_mwh=-events["quantity_mwh"]),
            events.assign(account=events["to"]),
        ]
        rows = pd.concat(sides, ignore_index=True).sort_values(["entry", "quantity_mwh"], kind="stable")
        facts = self.lots.loc[rows["at"], ["lot", "generator", "technology", "vintage", "class", "kind"]].reset_index(
            drop=True
        )
        table = pd.concat([facts, rows.drop(columns=["at", "from", "to"]).reset_index(drop=True)], axis=1)[COLUMNS]
        return table.astype({"quantity_mwh": "int64"})


def drawn(stock, demands) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which demand takes how much of which stock when both are used up in order: positions in stock, in demands,
    quantity.

    Both are laid along one axis of quantity; each piece between two of their borders is one draw.
    """
    ends, wants = np.cumsum(stock), np.cumsum(demands)
    reach = min(ends[-1] if len(ends) else 0.0, wants[-1] if len(wants) else 0.0)
    borders = np.unique(np.concatenate([ends, wants, [0.0, reach]]))
    borders = borders[borders <= reach]
    return (np.searchsorted(ends, borders[1:]), np.searchsorted(wants, borders[1:]), np.diff(borders))


def _supply(offered: np.ndarray, stock: np.ndarray, wanted: float) -> np.ndarray:
    """What each zone sells: as the market cleared, a certificate more or less where rounding asks for it."""
    supply = np.minimum(offered, stock)
    more = max(wanted - supply.sum(), 0.0)
    room = stock - supply
    order = np.argsort(-offered, kind="stable")
    supply[order] += np.clip(more - np.concatenate([[0.0], np.cumsum(room[order])[:-1]]), 0.0, room[order])
    return supply


def matched(supply: np.ndarray, wanted: np.ndarray, buyer_zone: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Whole quantities by seller's zone and buyer: none from its own zone where that does not serve (`own` False).

    Zones that leave each other least room go first: what one sells and its own obligation may not meet.
    """
    supply, wanted = supply.copy(), wanted.copy()
    bought = np.zeros((len(supply), len(wanted)))
    for buyer in np.flatnonzero(own):
        _move(bought, supply, wanted, buyer_zone[buyer], buyer, wanted[buyer])
    outside = np.flatnonzero(~own)
    demand = np.zeros(len(supply))
    while wanted[outside].sum() > 0:
        demand[:] = 0.0
        np.add.at(demand, buyer_zone[outside], wanted[outside])
        tightness = supply + demand
        pairs = [
            (seller, buyer)
            for buyer in outside[wanted[outside] > 0]
            for seller in np.flatnonzero(supply > 0)
            if seller != buyer_zone[buyer]
        ]
        if not pairs:
            break
        seller, buyer = max(
            pairs,
            key=lambda pair: (
                max(tightness[pair[0]], tightness[buyer_zone[pair[1]]]),
                tightness[pair[0]] + tightness[buyer_zone[pair[1]]],
            ),
        )
        rest = np.delete(tightness, [seller, buyer_zone[buyer]])
        _move(bought, supply, wanted, seller, buyer, max(supply.sum() - rest.max(initial=0.0), 1.0))
    for buyer in np.flatnonzero(own):
        for seller in np.flatnonzero(supply):
            _move(bought, supply, wanted, seller, buyer, wanted[buyer])
    return bought


def _move(bought, supply, wanted, seller, buyer, most) -> None:
    amount = min(supply[seller], wanted[buyer], most)
    bought[seller, buyer] += amount
    supply[seller] -= amount
    wanted[buyer] -= amount


# ----------------------------------------------------------------------------------------------------------- statement


def statement(table: pd.DataFrame) -> pd.DataFrame:
    """A zone's certificates by month: in hand at the start, issued (of which held), bought, sold, retired, given up for
    CCER, expired, in hand at the end [MWh]; what was paid and earned by trade [CNY].
    """
    zones = table[~table["account"].isin(POOLED)]
    into = np.where(
        zones["event"] == "trade",
        np.where(zones["quantity_mwh"] > 0, "bought", "sold"),
        zones["event"].map(
            {"opening": "opening", "issue": "issued", "retire": "retired", "ccer": "ccer", "expire": "expired"}
        ),
    )
    index = pd.MultiIndex.from_product(
        [sorted(zones["account"].unique()), sorted(zones["month"].unique())], names=["zone", "month"]
    )
    flows = (
        zones.assign(item=into, size=zones["quantity_mwh"].abs())
        .pivot_table(index=["account", "month"], columns="item", values="size", aggfunc="sum")
        .reindex(index)
        .reindex(columns=["opening", "issued", "bought", "sold", "retired", "ccer", "expired"])
        .fillna(0.0)
    )
    held = (
        zones[(zones["event"] == "issue") & (zones["class"] == "held")]
        .groupby(["account", "month"])["quantity_mwh"]
        .sum()
    )
    traded = zones[zones["event"] == "trade"]
    money = (
        (traded["quantity_mwh"] * traded["price_cny_per_mwh"].fillna(0.0))
        .groupby([traded["account"], traded["month"]])
        .sum()
    )
    change = flows[["opening", "issued", "bought"]].sum(axis=1) - flows[["sold", "retired", "ccer", "expired"]].sum(
        axis=1
    )
    end = change.groupby(level="zone").cumsum()
    result = pd.DataFrame(
        {
            "start_mwh": end - change + flows["opening"],
            "issued_mwh": flows["issued"],
            "held_mwh": held.reindex(index, fill_value=0),
            "bought_mwh": flows["bought"],
            "sold_mwh": flows["sold"],
            "retired_mwh": flows["retired"],
            "ccer_mwh": flows["ccer"],
            "expired_mwh": flows["expired"],
            "end_mwh": end,
            "trade_cny": 0.0 - money.reindex(index, fill_value=0.0),
        },
        index=index,
    )
    return result.reset_index()
