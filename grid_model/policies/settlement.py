"""Rules of settlement: which price regime each plant is under, and what is paid beside energy. It rules no dispatch.

What it decides is computed in results/settlement.py from the solved dispatch; here stand its settings and its columns.

- Guaranteed purchase (NDRC order 15 of 2024): hydro and all bought in full, whole output; wind and PV,
  guaranteed_hours of full output a year. Paid at guaranteed_price_cny_per_mwh, else the coal benchmark tariff of the
  zone; the rest at market.
- Mechanism (document 136 of 2025), for wind and PV: all is sold at market; for the mechanism quantity the difference
  between the mechanism price and the market's average price is settled both ways, month by month. Plant in operation
  before 1 June 2025, or without a date, keeps the scale of its guaranteed purchase (all, or guaranteed_hours) at no
  more than the benchmark; later plant has what it won by bidding: mechanism_share and mechanism_price_cny_per_mwh,
  nothing where these are empty.
- By date, the default: the first for plant from before `mechanism_from`, the second for later plant. A scenario may put
  all wind and PV under one of them, or everything at market.
- The market's average price is that of plant of the same technology in the zone, weighted by output, or the zone's
  price weighted by load.
- Capacity tariff (NDRC notice 1501 of 2023): coal plant is paid by capacity, 330 CNY/kW a year times the share that the
  scenario sets (30 or 50 % in 2024 and 2025, 50 % or more from 2026); none unless given.

docs/policy.md, section 1.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from grid_model.case.tables import number

NAME = "settlement"
DEFAULT = True

TABLES = {
    "generators": [
        number(
            "guaranteed_price_cny_per_mwh",
            unit="CNY/MWh",
            minimum=0,
            meaning="price of energy bought under guarantee; empty: coal benchmark tariff of the zone",
        ),
        number(
            "mechanism_price_cny_per_mwh",
            unit="CNY/MWh",
            minimum=0,
            meaning="mechanism price; empty: as guaranteed, for plant from before the mechanism",
        ),
        number(
            "mechanism_share",
            unit="1",
            minimum=0,
            maximum=1,
            meaning="part of its output that is mechanism quantity; empty: as guaranteed, none for later plant",
        ),
    ],
}


class Settings(BaseModel):
    """Regime of wind, PV and all other plant with a purchase class, and tariffs beside energy.

    regime                        by_date: guaranteed before mechanism_from, mechanism after it; or all under one of them
    mechanism_from                day from which new plant is under the mechanism
    average_price                 the market's average price: of the same technology by output, or of the zone by load
    capacity_tariff_cny_per_kw    paid for capacity [CNY/kW a year], such as half of 330
    capacity_tariff_technologies  technologies that it is paid to
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    regime: Literal["by_date", "guaranteed", "mechanism", "market"] = "by_date"
    mechanism_from: date = date(2025, 6, 1)
    average_price: Literal["output", "load"] = "output"
    capacity_tariff_cny_per_kw: float = Field(0.0, ge=0)
    capacity_tariff_technologies: tuple[str, ...] = ("coal", "coal_chp", "coal_ccs")


def read(case, fleets, settings) -> None:
    """Nothing to rule: no block, no row."""


def add_variables(block, data):
    """None."""


def add_constraints(block, data):
    """None."""
