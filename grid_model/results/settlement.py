"""Settlement: who is paid what. Double entry from the dispatch, its prices and tables; every entry sums to zero.

    party      zone   item                     amount to the party [CNY]
    generator  own    market                   sum of p g dt of what is not under guarantee
    generator  own    guaranteed               guaranteed price x guaranteed energy
    generator  own    mechanism                share x sum over months of energy x (mechanism price - average price)
    generator  own    capacity                 tariff x capacity, for the part of the year
    generator  own    certificates, ccer       price x what is sold of its lots; of mechanism energy the loads get it
    storage    own    market                   sum of p (d - c) dt
    port       own    conversion               sum of p x what it feeds in dt
    programme  own    demand_response          sum of p (reduced - raised) dt
    line              congestion_rent          sum of (p at the end x received - p at the start x sent) dt
    load       own    energy                   - sum of p (demand - unserved) dt, and what orderly use spares it
    load       own    guaranteed, mechanism, capacity, certificates    the other side of each
    entity     own    allowances, auction,     of the carbon market, against the parties `carbon market`, `CCER market`
                      offsets, shortfall       and `government`
    market            balance                  what the solver's tolerance leaves: nothing, to 1e-6 of what is paid

p is the zone's price, the dual of its balance. What guarantee, mechanism and capacity cost or earn is passed on to
the loads of the zone by what they are served (a zone without loads: to its `grid company`). Guaranteed energy is
taken evenly out of the output of the year, so its market value is its part of the output's. dt is the length of a
step, times its weight where it stands for others. Neither technologies nor
duals of other rules are asked: reserves are settled by nothing here, costs of fuel are the parties' own.

Rules and sources: policies/settlement.py; docs/policy.md, sections 1 and 5.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from grid_model.policies import settlement as rules
from grid_model.results import carbon_tracing
from grid_model.results.dataset import counted_hours

COLUMNS = ["party", "zone", "item", "energy_mwh", "amount_cny"]
FULL = ("hydro_priority", "hydro", "full_purchase")  # classes of which all is bought
NEW_ENERGY = ("wind", "solar")  # how technologies begin that the mechanism is for


class Market:
    """Prices and energies of a dispatch, as plain arrays over its zones and steps."""

    def __init__(self, dispatch: xr.Dataset):
        self.dispatch = dispatch
        self.zones = pd.Index(dispatch["zone"].values)
        self.hours = counted_hours(dispatch).values
        self.price = np.nan_to_num(dispatch["price"].transpose("zone", "time").values)
        time = pd.DatetimeIndex(dispatch["time"].values)
        self.year, self.years = pd.factorize(time.year)
        self.month, self.months = pd.factorize(time.year * 12 + time.month)

    def energy(self, name: str, dimension: str) -> np.ndarray:
        """A power of the dispatch as energy of each step, as often as it counts [MWh]; nothing where it is not reported."""
        if name not in self.dispatch:
            return np.zeros((self.dispatch.sizes.get(dimension, 0), len(self.hours)))
        return np.nan_to_num(self.dispatch[name].transpose(dimension, "time").values) * self.hours

    def at(self, zone_of) -> np.ndarray:
        """Price that each unit sees [CNY/MWh]."""
        return self.price[self.zones.get_indexer(zone_of)]

    def by_year(self, values: np.ndarray) -> np.ndarray:
        return _grouped(values, self.year, len(self.years))

    def by_month(self, values: np.ndarray) -> np.ndarray:
        return _grouped(values, self.month, len(self.months))


def _grouped(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    sums = np.zeros((len(values), groups))
    np.add.at(sums.T, group, values.T)
    return sums


def settle(case, dispatch: xr.Dataset, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The settlement of a solved case: one row a party and item, `party, zone, item, energy_mwh, amount_cny`.

    Parameters
    ----------
    dispatch : hourly results
    tables : tables beside it; `ledger` settles certificates, `carbon_account` and `carbon_market` allowances
    """
    settings = _settings(case)
    market = Market(dispatch)
    generators = case.tables["generators"].reset_index(drop=True)
    parts = [_energy_of_others(market), _lines(market), _energy_of_loads(market)]
    if "generation" in dispatch:
        parts += _generators(case, market, generators, settings)
    if "ledger" in tables:
        parts.append(_certificates(market, tables["ledger"], _mechanism_parts(case, market, generators, settings)))
    if "carbon_account" in tables:
        parts += _carbon(tables["carbon_account"], tables["carbon_market"])
    entries = pd.concat([part for part in parts if len(part)] or [_rows([], [], "", [], [])], ignore_index=True)
    entries = _passed_on(entries, market)
    entries = pd.concat([entries, _balance(entries, market)], ignore_index=True)
    return entries.groupby(["party", "zone", "item"], sort=False, as_index=False)[["energy_mwh", "amount_cny"]].sum()


def _settings(case) -> rules.Settings:
    given = case.scenario.policies.get(rules.NAME, rules.DEFAULT)
    return rules.Settings.model_validate(given if isinstance(given, dict) else {})


def _rows(party, zone, item: str, energy, amount) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(COLUMNS, (party, zone, item, energy, amount), strict=True)))


# --------------------------------------------------------------------------------------------------------------- energy


def _energy_of_others(market: Market) -> pd.DataFrame:
    """Stores and ports of converters at the price of their zone, programmes for what they spare."""
    parts = []
    if "discharge" in market.dispatch:
        zone = market.dispatch["storage_zone"].values
        energy = market.energy("discharge", "storage") - market.energy("charge", "storage")
        value = (energy * market.at(zone)).sum(axis=1)
        parts.append(_rows(market.dispatch["storage"].values, zone, "market", energy.sum(axis=1), value))
    if "demand_response_down" in market.dispatch:
        zone = market.dispatch["programme_zone"].values
        energy = market.energy("demand_response_down", "programme") - market.energy("demand_response_up", "programme")
        value = (energy * market.at(zone)).sum(axis=1)
        parts.append(_rows(market.dispatch["programme"].values, zone, "demand_response", energy.sum(axis=1), value))
    if "port_power" in market.dispatch:
        zone, energy = market.dispatch["port_zone"].values, market.energy("port_power", "port")
        value = (energy * market.at(zone)).sum(axis=1)
        parts.append(_rows(market.dispatch["port"].values, zone, "conversion", energy.sum(axis=1), value))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _lines(market: Market) -> pd.DataFrame:
    """What each line earns between the prices of its ends; its energy is what it loses."""
    if "flow" not in market.dispatch:
        return pd.DataFrame(columns=COLUMNS)
    flows = carbon_tracing.read_flows(market.dispatch)
    earned = (flows.received * market.price[flows.end] - flows.sent * market.price[flows.start]) @ market.hours
    lost = (flows.received - flows.sent) @ market.hours
    lines = market.dispatch["line"].values
    fold = [one.reshape(2, len(lines)).sum(axis=0) for one in (lost, earned)]
    return _rows(lines, "", "congestion_rent", *fold)


def _energy_of_loads(market: Market) -> pd.DataFrame:
    """What loads pay for what they are served; what orderly use takes from them they do not pay."""
    zone = market.dispatch["consumer_zone"].values
    served = market.energy("unserved_demand", "consumer") - market.energy("demand", "consumer")
    paid = (served * market.at(zone)).sum(axis=1)
    loads = _rows(market.dispatch["consumer"].values, zone, "energy", served.sum(axis=1), paid)
    if "orderly_use_by_programme" not in market.dispatch:
        return loads
    spared, of = market.energy("orderly_use_by_programme", "programme"), market.dispatch["programme_zone"].values
    value = (spared * market.at(of)).sum(axis=1)
    return pd.concat([loads, _rows(PASSED_ON, of, "energy", spared.sum(axis=1), value)], ignore_index=True)


# ----------------------------------------------------------------------------------------------------------- generators


def _generators(case, market: Market, generators: pd.DataFrame, settings) -> list[pd.DataFrame]:
    """Market and guaranteed revenue, difference contracts and capacity tariff of every generator, both sides."""
    names, zone = generators["generator"].to_numpy(object), generators["zone"].to_numpy(object)
    energy, value = _output(market, names, zone)
    part = _guaranteed_parts(case, market, generators, settings, energy)
    guaranteed, its_value = (part * energy).sum(axis=1), (part * value).sum(axis=1)
    revenue = guaranteed * _guaranteed_prices(case, generators)
    mechanism, difference = _mechanism(case, market, generators, settings)
    capacity = _capacity(case, market, generators, settings)
    nothing = np.zeros(len(names))
    return [
        _rows(names, zone, "market", energy.sum(axis=1) - guaranteed, value.sum(axis=1) - its_value),
        _nonzero(_rows(names, zone, "guaranteed", guaranteed, revenue)),
        _nonzero(_rows(PASSED_ON, zone, "guaranteed", -guaranteed, its_value - revenue)),
        _nonzero(_rows(names, zone, "mechanism", mechanism, difference)),
        _nonzero(_rows(PASSED_ON, zone, "mechanism", -mechanism, -difference)),
        _nonzero(_rows(names, zone, "capacity", nothing, capacity)),
        _nonzero(_rows(PASSED_ON, zone, "capacity", nothing, -capacity)),
    ]


def _nonzero(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["energy_mwh"].to_numpy() != 0) | (rows["amount_cny"].to_numpy() != 0)]


def _output(market: Market, names, zone) -> tuple[np.ndarray, np.ndarray]:
    """Energy [MWh] and its market value [CNY] of each generator and calendar year."""
    if not len(names):
        return np.empty((0, len(market.years))), np.empty((0, len(market.years)))
    position = pd.Index(market.dispatch["generator"].values).get_indexer(names)
    energy = market.energy("generation", "generator")[position]
    return market.by_year(energy), market.by_year(energy * market.at(zone))


def _under_mechanism(generators: pd.DataFrame, settings) -> np.ndarray:
    """Which wind and PV settles by difference contracts instead of at a guaranteed price."""
    new_energy = generators["technology"].str.startswith(NEW_ENERGY).to_numpy(bool)
    chosen = {"by_date": _later(generators, settings), "mechanism": True}.get(settings.regime, False)
    return new_energy & chosen


def _later(generators: pd.DataFrame, settings) -> np.ndarray:
    """Generators in operation only since the mechanism came; one without a date is from before."""
    return (generators["commissioned"] >= pd.Timestamp(settings.mechanism_from)).to_numpy(bool)


def _purchase_parts(market: Market, generators: pd.DataFrame, energy: np.ndarray) -> np.ndarray:
    """Part of the output of each generator and year that is within its guaranteed quantity: by class, or by hours."""
    purchase = generators["purchase_class"].to_numpy(object)
    days = np.where(pd.to_datetime(market.years.astype(str)).is_leap_year, 366, 365)
    share = np.bincount(market.year, market.hours) / (24 * days)
    hours = generators["guaranteed_hours"].fillna(0.0).to_numpy(float) * generators["capacity_mw"].to_numpy(float)
    quantity = np.minimum(hours[:, None] * share, energy)
    part = np.divide(quantity, energy, out=np.zeros_like(energy), where=energy > 0)
    return np.where(np.isin(purchase, FULL)[:, None], 1.0, np.where((purchase == "guaranteed")[:, None], part, 0.0))


def _guaranteed_parts(case, market: Market, generators: pd.DataFrame, settings, energy: np.ndarray) -> np.ndarray:
    """Part of the output of each generator and year that is bought at the guaranteed price."""
    if settings.regime == "market":
        return np.zeros_like(energy)
    return np.where(_under_mechanism(generators, settings)[:, None], 0.0, _purchase_parts(market, generators, energy))


def _guaranteed_prices(case, generators: pd.DataFrame) -> np.ndarray:
    """Guaranteed price of each generator [CNY/MWh]; 0 in a zone without a benchmark, where nothing else is given."""
    given = generators["guaranteed_price_cny_per_mwh"].to_numpy(float)
    return np.nan_to_num(np.where(np.isnan(given), _benchmarks(case, generators), given))


def _benchmarks(case, generators: pd.DataFrame) -> np.ndarray:
    """Coal benchmark tariff of the zone of each generator [CNY/MWh]; NaN where it has none."""
    tariff = case.tables["zones"].set_index("zone")["benchmark_tariff_cny_per_mwh"]
    return generators["zone"].map(tariff).to_numpy(float)


def _mechanism_parts(case, market: Market, generators: pd.DataFrame, settings) -> pd.DataFrame:
    """Part of the output of each generator (rows) and month (columns, such as 2027-01) that is mechanism quantity."""
    names, zone = generators["generator"].to_numpy(object), generators["zone"].to_numpy(object)
    old = _purchase_parts(market, generators, _output(market, names, zone)[0])
    by_default = np.where(_later(generators, settings)[:, None], 0.0, old)
    given = generators["mechanism_share"].to_numpy(float)[:, None]
    part = np.where(np.isnan(given), by_default, given) * _under_mechanism(generators, settings)[:, None]
    year_of_month = market.year[np.searchsorted(market.month, np.arange(len(market.months)))]
    labels = [f"{(month - 1) // 12}-{(month - 1) % 12 + 1:02d}" for month in market.months]
    return pd.DataFrame(part[:, year_of_month], index=names, columns=labels)


def _mechanism(case, market: Market, generators: pd.DataFrame, settings) -> tuple[np.ndarray, np.ndarray]:
    """Mechanism quantity [MWh] and the difference paid for it [CNY] of each generator, over all months."""
    if not _under_mechanism(generators, settings).any():
        return np.zeros(len(generators)), np.zeros(len(generators))
    part = _mechanism_parts(case, market, generators, settings).to_numpy()
    zone = generators["zone"].to_numpy(object)
    position = pd.Index(market.dispatch["generator"].values).get_indexer(generators["generator"])
    energy = market.energy("generation", "generator")[position]
    quantity = part * market.by_month(energy)
    price = _mechanism_prices(case, generators, settings)[:, None]
    return quantity.sum(axis=1), (quantity * (price - _averages(market, generators, energy, zone, settings))).sum(
        axis=1
    )


def _mechanism_prices(case, generators: pd.DataFrame, settings) -> np.ndarray:
    """Mechanism price of each generator [CNY/MWh]: as given, else as guaranteed; of plant from before the mechanism no more than
    the benchmark of its zone, where there is one."""
    given = generators["mechanism_price_cny_per_mwh"].to_numpy(float)
    price = np.where(np.isnan(given), _guaranteed_prices(case, generators), given)
    return np.where(_later(generators, settings), price, np.fmin(price, _benchmarks(case, generators)))


def _averages(market: Market, generators: pd.DataFrame, energy: np.ndarray, zone, settings) -> np.ndarray:
    """Average price of the market that each generator is compared with, by month [CNY/MWh]."""
    if settings.average_price == "load":
        load = np.maximum(market.energy("load", "zone"), 0.0)
        weighted, weight = market.by_month(load * market.price), market.by_month(load)
        return _ratio(weighted, weight)[market.zones.get_indexer(zone)]
    group, _ = pd.factorize(generators["zone"] + "\n" + generators["technology"])
    weighted, weight = (
        _grouped(market.by_month(one).T, group, group.max() + 1).T for one in (energy * market.at(zone), energy)
    )
    return _ratio(weighted, weight)[group]


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _capacity(case, market: Market, generators: pd.DataFrame, settings) -> np.ndarray:
    """Capacity tariff of each generator for the hours of the case, the year counted as 8760 [CNY]."""
    paid = generators["technology"].isin(settings.capacity_tariff_technologies).to_numpy()
    tariff = settings.capacity_tariff_cny_per_kw * 1000 * market.hours.sum() / 8760
    return np.where(paid, generators["capacity_mw"].to_numpy(float) * tariff, 0.0)


# ------------------------------------------------------------------------------------------------- certificates, carbon


def _certificates(market: Market, ledger: pd.DataFrame, mechanism: pd.DataFrame) -> pd.DataFrame:
    """Sales in the ledger: the lot's generator sells, loads of the buying zone buy, `CCER suppliers` buy what is ccer.

    What is sold of mechanism energy is not the generator's a second time: the loads of its zone get it.
    """
    sales = ledger[ledger["event"].isin(["trade", "ccer"]) & (ledger["price_cny_per_mwh"] > 0)]
    item = np.where(sales["event"] == "ccer", "ccer", "certificates")
    selling = sales["quantity_mwh"] < 0
    party = np.where(selling, sales["generator"], np.where(item == "ccer", CCER, PASSED_ON))
    zone = np.where(party == CCER, "", sales["account"])
    amount = -sales["quantity_mwh"] * sales["price_cny_per_mwh"]
    rows = _rows(party, zone, "", sales["quantity_mwh"].to_numpy(), amount.to_numpy()).assign(item=item)
    own = mechanism.stack()
    part = pd.MultiIndex.from_frame(sales[["generator", "vintage"]]).map(own).to_numpy(float)
    given_on = rows[selling.to_numpy()].assign(party=PASSED_ON)
    factor = np.nan_to_num(part)[selling.to_numpy()]
    given_on["amount_cny"] *= factor
    given_on["energy_mwh"] *= 0.0
    taken = rows[selling.to_numpy()].assign(amount_cny=-given_on["amount_cny"], energy_mwh=0.0)
    return pd.concat([rows, _nonzero(given_on), _nonzero(taken)], ignore_index=True)


def _carbon(account: pd.DataFrame, markets: pd.DataFrame) -> list[pd.DataFrame]:
    """Trade, auction, offsets and fines of every entity, and who gets the money."""
    prices = account.merge(markets[["market", "year", "shortfall_price_cny_per_t"]], on=["market", "year"])
    allowance, ccer = prices["allowance_price_cny_per_t"], prices["ccer_price_cny_per_t"]
    amounts = {
        ("allowances", CARBON): allowance * (prices["sold_t"] - prices["bought_t"]),
        ("auction", GOVERNMENT): -allowance * prices["auctioned_t"],
        ("offsets", CCER): -ccer * prices["offset_t"],
        ("shortfall", GOVERNMENT): -prices["shortfall_price_cny_per_t"] * prices["shortfall_t"],
    }
    party = prices["entity"].where(prices["entity"] != prices["zone"], prices["zone"] + " carbon entity")
    parts = []
    for (item, other), amount in amounts.items():
        parts.append(_nonzero(_rows(party, prices["zone"], item, 0.0, amount)))
        parts.append(_nonzero(_rows(other, "", item, 0.0, -amount)))
    return parts


# -------------------------------------------------------------------------------------------- what is left is passed on

PASSED_ON, CCER, CARBON, GOVERNMENT, GRID = "\nloads", "CCER market", "carbon market", "government", "grid company"


def _passed_on(entries: pd.DataFrame, market: Market) -> pd.DataFrame:
    """Entries for the loads of a zone, shared among them by what they are served."""
    here = entries["party"] == PASSED_ON
    shared = entries[here].groupby(["zone", "item"], as_index=False)[["energy_mwh", "amount_cny"]].sum()
    zone = market.dispatch["consumer_zone"].values
    served = (market.energy("demand", "consumer") - market.energy("unserved_demand", "consumer")).sum(axis=1)
    loads = pd.DataFrame({"load": market.dispatch["consumer"].values, "zone": zone, "served": np.maximum(served, 0.0)})
    loads["part"] = loads["served"] / loads.groupby("zone")["served"].transform("sum").replace(0.0, np.nan)
    spread = shared.merge(loads.dropna(subset="part"), on="zone", how="left")
    part = spread["part"].fillna(1.0)
    party = spread["load"].where(spread["load"].notna(), GRID)
    rows = _rows(party, spread["zone"], "", part * spread["energy_mwh"], part * spread["amount_cny"])
    return pd.concat([entries[~here], rows.assign(item=spread["item"])], ignore_index=True)


def _balance(entries: pd.DataFrame, market: Market) -> pd.DataFrame:
    """The other side of what everybody was paid: nothing but what the solver's tolerance and rounding leave."""
    return _rows(["market"], [""], "balance", [0.0], [-entries["amount_cny"].sum()])
