"""GridPath's two hours of six projects: commitment of fleets, heat rates with a part for what is online, hydro energy.

Loads of 10 and 20 MW; nuclear runs at 6, wind gives 0.9 and 0.5 of 2 MW; coal, combined cycle and gas turbine of 6 MW each can
be online in part, from 0.4 of that up. A curve of two average heat rates is a line: fuel = slope x output + intercept x online.
Hydro has 3 MW on average, 1 MW at least and 6 at most. The two hours are a circle and stand for a year: cost x 8760 / 2.

In a circle of two hours what starts in one stops in the other, so that each MW of difference costs a start and a stop. Here
hours are a line from any first state, with one change between them: it costs both, whichever way it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from small import small_case, solved

LOAD, WIND = [10.0, 20.0], [0.9, 0.5]
MEGAWATTS, LEAST, HOURS_OF_YEAR = 6.0, 0.4, 8760


@dataclass(frozen=True)
class Fleet:
    """Fuel in $/MMBtu; load points and average heat rates there, MMBtu/MWh; $/MWh; $/MW started and stopped."""

    name: str
    fuel: float
    points: tuple[tuple[float, float], tuple[float, float]]
    operation: float
    start: float
    stop: float

    def row(self) -> dict:
        (low, rate_low), (high, rate_high) = self.points
        slope = (high * rate_high - low * rate_low) / (high - low)
        return {"generator": self.name, "zone": "Zone1", "technology": "coal", "capacity_mw": MEGAWATTS, "min_output_fraction": LEAST,
                "variable_cost_cny_per_mwh": self.fuel * slope + self.operation,
                "no_load_cost_cny_per_mwh": self.fuel * high * (rate_high - slope),
                "start_cost_cny_per_mw": self.start + self.stop, "stop_cost_cny_per_mw": self.start + self.stop}


FLEETS = (Fleet("coal", 4.0, ((0.4, 1250.0), (1.0, 506.0)), 1.0, 1.0, 0.0),
          Fleet("combined cycle", 5.0, ((0.5, 506.0), (1.0, 256.0)), 2.0, 1.0, 2.0),
          Fleet("gas turbine", 5.0, ((0.4, 208.33333), (1.0, 88.13333)), 2.0, 0.0, 1.0))
NUCLEAR = {"generator": "nuclear", "zone": "Zone1", "technology": "biomass", "capacity_mw": MEGAWATTS, "min_output_fraction": 1.0,
           "variable_cost_cny_per_mwh": 2.0 * 1666.67 + 1.0}
HYDRO = {"generator": "hydro", "zone": "Zone1", "technology": "hydro_run_of_river", "capacity_mw": MEGAWATTS, "min_output_fraction": 1 / 6}


BATTERY = {"storage": "battery", "zone": "Zone1", "technology": "lithium_ion", "power_mw": MEGAWATTS, "energy_mwh": MEGAWATTS,
           "charge_efficiency": 0.8, "discharge_efficiency": 0.8}
RESERVES = {"up_load_share": 0.2, "down_load_share": 0.2, "up_renewable_share": 0.0, "down_renewable_share": 0.0,
            "spinning_share": 0.0, "infeed": "none", "shortfall_cost_cny_per_mwh": 1e8}


def cost_of_a_year(hydro: bool = False, storage: bool = False, reserves: bool = False) -> float:
    """With reserves: load following and regulation, 10 % of load each, up and down, as one amount in each direction."""
    providers = {"coal": "both", "combined cycle": "both", "hydro": "both"}
    plants = [*(fleet.row() for fleet in FLEETS), NUCLEAR,
              {"generator": "wind", "zone": "Zone1", "technology": "wind_onshore", "capacity_mw": 2.0}] + [HYDRO] * hydro
    if reserves:
        plants = [plant | {"reserve": providers.get(plant["generator"], "none")} for plant in plants]
    series = {"load": {"load": LOAD}, "availability": {"wind": WIND}} | ({"energy_budget": {"hydro": 3.0}} if hydro else {})
    case = small_case(2, series, policies={"reserves": RESERVES} if reserves else {}, loads=[{"load": "load", "zone": "Zone1"}],
                      generators=plants, storage=[BATTERY] * storage)
    return solved(case).objective * HOURS_OF_YEAR / len(LOAD)
