"""Scorecard: the targets of 2027 that a case is held against; results/scorecard.py says what it achieves of each.

Nothing is ruled in the programme. Levels are those of docs/policy.md, section 8; a scenario may set others, one number or
{year: number}, of which the latest year not after the start of the case holds. What a charging pile draws is not ruled:
`pile_kw` is an assumption of the scenario, and without it piles are not counted.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

NAME = "scorecard"
DEFAULT = False
TABLES = {}

GUIDING = "Guiding Opinions on peak-shaving, storage and intelligent dispatch, February 2024"

# target: unit, level, at least (1) or at most (-1), source
TARGETS = {
    "pumped_storage": ("GW", 80.0, 1, GUIDING),
    "new_energy_storage": ("GW", 180.0, 1, "action plan for new energy storage of 12 September 2025"),
    "distributed_new_energy": ("GW", 500.0, 1, "guidance on distribution networks of 2024, for 2025"),
    "demand_response": ("1", 0.05, 1, GUIDING),
    "wind_and_solar_share": ("1", 0.20, 1, GUIDING),
    "wind_and_solar_use": ("1", 0.90, 1, f"a reasonable level ({GUIDING}); 90 % by default"),
    "consumption_weights": ("zones", 0.0, -1, "renewable consumption weights by province"),
    "certificates_short": ("MWh", 0.0, -1, "rules of green certificates"),
    "certificates_expired": ("MWh", 0.0, -1, "rules of green certificates"),
    "carbon_unsettled": ("tCO2", 0.0, -1, "Opinions on the national carbon market, May 2025"),
    "carbon_offsets_over": ("tCO2", 0.0, -1, "Opinions on the national carbon market, May 2025"),
    "qinghai_green_computing": ("1", 0.80, 1, "Qinghai's measures for green computing"),
    "beijing_green_computing": ("1", 0.50, 1, "Beijing's measures for data centres, for 2025"),
    "charging_piles": ("million", 12.0, 1, "guidance on distribution networks of 2024, for 2025"),
}

# what a case lacks where a target has nothing achieved
LACKING = {
    "pumped_storage": "no store",
    "new_energy_storage": "no store",
    "distributed_new_energy": "no distributed wind or PV",
    "demand_response": "no programme of demand response",
    "wind_and_solar_share": "no wind or sun",
    "wind_and_solar_use": "no wind or sun",
    "consumption_weights": "no weight is assessed",
    "certificates_short": "no obligation is assessed",
    "certificates_expired": "no obligation is assessed",
    "carbon_unsettled": "the carbon market is off",
    "carbon_offsets_over": "the carbon market is off",
    "qinghai_green_computing": "no load of kind data_centre in Qinghai",
    "beijing_green_computing": "no load of kind data_centre in Beijing",
    "charging_piles": "no load of kind ev, or pile_kw is not given",
}


class Settings(BaseModel):
    """What targets ask for.

    levels   other levels than those ruled, {target: number} or {target: {year: number}}
    pile_kw  power of a charging pile [kW]; none: piles are not counted
    why_not  why a target cannot be judged here, {target: words}; else what the case lacks is said
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: dict[str, float | dict[int, float]] = {}
    pile_kw: float | None = Field(None, gt=0)
    why_not: dict[str, str] = {}

    @field_validator("levels", "why_not")
    @classmethod
    def _known(cls, levels):
        unknown = sorted(set(levels) - set(TARGETS))
        if unknown:
            raise ValueError(f"levels of {', '.join(TARGETS)}; not of {', '.join(unknown)}")
        return levels


def read(case, fleets, settings) -> None:
    """Nothing to rule: no block, no row."""


def add_variables(block, data):
    """None."""


def add_constraints(block, data):
    """None."""
