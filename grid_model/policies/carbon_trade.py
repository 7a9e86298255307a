"""Trade in a carbon market: the auction, what is released of the reserve, and where allowances and reductions clear.

symbol  attribute      unit  kind
Q       allowance      kt    decision or data (carbon_market.py)
a, r    auction_share, reserve_share   1   data, parts of Q
A       auctioned      kt    decision, taken in the auction
R       released       kt    decision, sold out of the reserve of a market
b, s    bought, sold   kt    decision
o       offset         kt    decision, certified reductions surrendered
k       offset_supply  kt    decision, taken from each step of the supply of reductions
p, q    price          million CNY/kt   data: allowance (where given), step of the supply
"""

from __future__ import annotations

from grid_model.policies.contract import members


def add_trade(market, data):
    entities_of = members(market, "entities_of", data.market_names, data.entities_of)
    bidders = set(data.bidders)
    bidders_of = members(
        market,
        "bidders_of",
        data.market_names,
        {name: [one for one in some if one in bidders] for name, some in data.entities_of.items()},
    )
    released_of = members(market, "released_of", data.market_names, {name: [name] for name in data.releasing})

    @market.Constraint(market.auctioning, market.years)
    def auction(market, name, year):
        """sum A <= a sum Q + R   [kt]"""
        offered = sum(data.auction_share[name] * market.allowance[entity, year] for entity in entities_of[name])
        released = sum(market.released[one, year] for one in released_of[name])
        return sum(market.auctioned[entity, year] for entity in bidders_of[name]) <= offered + released

    @market.Constraint(market.releasing, market.years)
    def reserve(market, name, year):
        """R <= r sum Q   [kt]"""
        return market.released[name, year] <= sum(
            data.reserve_share[name] * market.allowance[entity, year] for entity in entities_of[name]
        )

    @market.Constraint(market.cleared, market.years)
    def clearing(market, name, year):
        """sum s - sum b = 0, its dual the price of an allowance   [kt]"""
        return sum(market.sold[entity, year] - market.bought[entity, year] for entity in entities_of[name]) == 0

    @market.Constraint(market.years)
    def offset_clearing(market, year):
        """sum k - sum o = 0, its dual the price of a certified reduction   [kt]"""
        return (
            sum(market.offset_supply[step, year] for step in market.steps_of_supply)
            - sum(market.offset[entity, year] for entity in market.entities)
            == 0
        )


def trade_cost(market, data):
    """sum of p (b + A - s) where the price is given   [million CNY]; where it clears, what one pays another gets"""
    traded = sum(
        data.price[entity] * (market.bought[entity, year] - market.sold[entity, year])
        for entity in market.given
        for year in market.years
    )
    auctioned = sum(
        data.price[one] * market.auctioned[one, year]
        for entity in market.given
        for one in data.bids_of[entity]
        for year in market.years
    )
    return traded + auctioned


def reserve_cost(market, data):
    """sum of the reserve's price x R   [million CNY]"""
    return sum(
        data.reserve_price[name] * market.released[name, year] for name in market.releasing for year in market.years
    )


def offset_cost(market, data):
    """sum of q k   [million CNY]"""
    return sum(
        data.ccer_price[step] * market.offset_supply[step, year]
        for step in market.steps_of_supply
        for year in market.years
    )
