"""One small grid in which every kind of equipment works and most limits bind, for tests of the audit."""

from __future__ import annotations

import numpy as np
from small import small_case

STEPS, STEP_HOURS = 12, 2.0  # the first of January
DAY = np.sin(np.linspace(0, np.pi, STEPS)).round(3)
SERIES = {
    "load": {"A base": 330 + 130 * DAY, "B base": 130 + 40 * DAY[::-1], "C base": 150 + 60 * DAY, "C ev": 12 + 8 * DAY,
             "D base": 24 + 8 * DAY, "E heat": 5 + 10 * DAY},
    "availability": {"wind": (0.9 - 0.7 * DAY).round(3), "sun": DAY, "tower": DAY, "river": 0.5 + 0.2 * DAY},
    "energy_budget": {"budgeted": 20.0},
    "inflow": {"upper lake": 30.0, "lower lake": 5.0},
    "flow_limit": {"C-D": 0.9},
    "conversion_cost": {"heat pump": 2 + DAY}, "max_level": {"battery": 1 - 0.1 * DAY, "heat tank": 1.0}, "min_level": {"heat tank": 0.2 + 0.1 * DAY}, "level_loss": {"heat tank": 0.01 * DAY},
    "variable_cost": {"sun": 1 + DAY},
}
GENERATORS = [
    {"generator": "coal", "zone": "A", "technology": "coal", "capacity_mw": 300, "variable_cost_cny_per_mwh": 300,
     "min_output_fraction": 0.5, "start_cost_cny_per_mw": 60, "min_up_hours": 6, "min_down_hours": 6,
     "ramp_up_fraction_per_hour": 0.03, "ramp_down_fraction_per_hour": 0.03, "emissions_t_per_mwh": 0.8,
     "initial_online_mw": 150, "initial_output_mw": 80},
    {"generator": "old coal", "zone": "B", "technology": "coal", "capacity_mw": 100, "variable_cost_cny_per_mwh": 320,
     "min_output_fraction": 0.6, "start_cost_cny_per_mw": 30, "min_up_hours": 4, "emissions_t_per_mwh": 1.0},
    {"generator": "heat and power", "zone": "A", "technology": "coal_chp", "capacity_mw": 80, "variable_cost_cny_per_mwh": 700,
     "heating_floor_fraction": 0.6, "emissions_t_per_mwh": 0.9},
    {"generator": "capture", "zone": "B", "technology": "coal_ccs", "capacity_mw": 40, "variable_cost_cny_per_mwh": 310,
     "emissions_t_per_mwh": 0.8, "capture_rate": 0.9, "capture_energy_mwh_per_t": 0.2, "ramp_up_fraction_per_hour": 0.05,
     "ramp_down_fraction_per_hour": 0.05, "initial_output_mw": 10},
    {"generator": "gas", "zone": "C", "technology": "gas", "capacity_mw": 150, "variable_cost_cny_per_mwh": 600,
     "emissions_t_per_mwh": 0.4, "max_output_fraction": 0.9},
    {"generator": "wind", "zone": "B", "technology": "wind_onshore", "capacity_mw": 200, "purchase_class": "guaranteed",
     "guaranteed_hours": 3000, "variable_cost_cny_per_mwh": 1},
    {"generator": "sun", "zone": "C", "technology": "solar_utility", "capacity_mw": 100, "purchase_class": "market"},
    {"generator": "tower", "zone": "C", "technology": "solar_thermal", "capacity_mw": 30, "heat_store_hours": 4,
     "solar_multiple": 2, "heat_loss_fraction_per_hour": 0.01, "variable_cost_cny_per_mwh": 2},
    {"generator": "straw", "zone": "C", "technology": "biomass", "capacity_mw": 15, "purchase_class": "full_purchase",
     "variable_cost_cny_per_mwh": 250, "min_output_fraction": 0.3},
    {"generator": "river", "zone": "C", "technology": "hydro_run_of_river", "capacity_mw": 20, "purchase_class": "hydro"},
    {"generator": "budgeted", "zone": "C", "technology": "hydro_reservoir", "capacity_mw": 60, "purchase_class": "hydro",
     "min_output_fraction": 0.2, "variable_cost_cny_per_mwh": 5},
    {"generator": "upper", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 50, "purchase_class": "hydro_priority",
     "variable_cost_cny_per_mwh": 5},
    {"generator": "lower", "zone": "A", "technology": "hydro_reservoir", "capacity_mw": 60, "purchase_class": "hydro_priority"},
]
RESERVOIRS = [
    {"reservoir": "upper lake", "generator": "upper", "capacity_mwh": 400, "initial_fraction": 0.5, "final_fraction": 0.45,
     "min_level_fraction": 0.3, "min_flow_mw": 20},
    {"reservoir": "lower lake", "generator": "lower", "capacity_mwh": 100, "cyclic": True, "max_level_fraction": 0.9},
]
STORAGE = [
    {"storage": "battery", "zone": "A", "technology": "lithium_ion", "power_mw": 40, "energy_mwh": 80, "charge_efficiency": 0.95,
     "discharge_efficiency": 0.96, "loss_fraction_per_hour": 0.001, "max_cycles_per_day": 0.8, "wear_cost_cny_per_mwh": 5},
    {"storage": "heat tank", "zone": "E", "technology": "lithium_ion", "power_mw": 9, "energy_mwh": 12, "charge_efficiency": 1,
     "discharge_efficiency": 1, "holding_cost_cny_per_mwh_hour": 0.1},
    {"storage": "pumped", "zone": "B", "technology": "pumped_hydro", "power_mw": 30, "charge_power_mw": 35, "energy_mwh": 150,
     "charge_efficiency": 0.9, "discharge_efficiency": 0.85, "initial_fraction": 0.5, "final_fraction": 0.6, "cyclic": False,
     "min_level_fraction": 0.2},
    {"storage": "at wind", "zone": "B", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 40, "charge_efficiency": 0.95,
     "place": "generation_side", "host": "wind", "connection_mw": 170, "min_cycles_per_day": 0.5},
    {"storage": "at user", "zone": "C", "technology": "lithium_ion", "power_mw": 20, "energy_mwh": 40, "charge_efficiency": 0.95,
     "place": "user_side", "host": "C ev", "connection_mw": 30},
]
LINES = [
    {"line": "A-B", "from_zone": "A", "to_zone": "B", "capacity_mw": 60, "reverse_capacity_mw": 80, "loss_fraction": 0.03,
     "cost_cny_per_mwh": 2, "ramp_mw_per_hour": 10, "initial_flow_mw": -60},
    {"line": "A=C", "from_zone": "A", "to_zone": "C", "capacity_mw": 50, "kind": "ac", "reactance_pu": 0.1},
    {"line": "C=B", "from_zone": "C", "to_zone": "B", "capacity_mw": 50, "kind": "ac", "reactance_pu": 0.3,
     "phase_shift_mw": 2},
    {"line": "B=A", "from_zone": "B", "to_zone": "A", "capacity_mw": 40, "kind": "ac", "reactance_pu": 0.2,
     "loss_fraction": 0.01},
    {"line": "C-D", "from_zone": "C", "to_zone": "D", "capacity_mw": 20, "reverse_capacity_mw": 0, "loss_fraction": 0.05,
     "min_flow_mw": 3},
    {"line": "out of service", "from_zone": "A", "to_zone": "D", "capacity_mw": 0, "reverse_capacity_mw": 0},
]
RESPONSE = [
    {"programme": "shed", "zone": "D", "kind": "shed", "power_mw": 5, "cost_cny_per_mwh": 400, "max_hours_per_day": 6,
     "max_calls_per_year": 400},
    {"programme": "smelter", "zone": "D", "kind": "interruptible", "power_mw": 4.7, "step_mw": 1, "cost_cny_per_mwh": 500,
     "min_rest_hours": 6, "min_call_hours": 6, "max_energy_mwh_per_year": 9000},
    {"programme": "shift", "zone": "C", "kind": "shift", "share_of_peak": 0.05, "window_hours": 6, "efficiency": 0.95,
     "cost_cny_per_mwh": 1, "up_power_mw": 8},
    {"programme": "ev", "zone": "C", "load": "C ev", "kind": "ev_charging", "power_mw": 40, "deadline_hour": 20,
     "return_power_mw": 6, "return_energy_mwh": 12, "efficiency": 0.9, "window_hours": 8},
    {"programme": "order", "zone": "D", "kind": "orderly_use", "power_mw": 2, "max_hours_per_day": 8},
]


ZONES = [{"zone": "A", "heating_start": "11-15", "heating_end": "03-15"}, {"zone": "B"}, {"zone": "C"}, {"zone": "D"}, {"zone": "E"}]
RULES = {"reserves": {}, "carbon_market": {"allowance_price_cny_per_t": 75},
         "green_certificates": {"shortfall_penalty_cny_per_mwh": 100, "ccer_price_cny_per_t": 70, "ccer_factor_t_per_mwh": 0.5},
         "settlement": {"regime": "mechanism", "capacity_tariff_cny_per_kw": 100},
         "planned_generation": {}, "corridor_contract": {},
         "scorecard": {"levels": {"wind_and_solar_use": {2025: 0.5, 2028: 0.9}}, "pile_kw": 7}}
CERTIFICATES = {"wind": "tradable", "sun": "tradable", "straw": "tradable", "river": "tradable", "tower": "tradable",
                "upper": "held", "lower": "held"}
BENCHMARK, REGION = {"A": 350, "B": 300, "C": 400}, {"A": "North", "B": "North", "C": "South", "D": "South", "E": "South"}


SHARES = {"C-D": {"min_renewable_share": 0.5}, "A-B": {"min_renewable_share": 0.9}, "A=C": {"renewable_share": 0.6}}
OBLIGED = {"C ev": {"kind": "ev", "green_share": 0.2, "green_matching": "year"}, "C base": {"green_share": 0.4, "green_matching": "month"}, "D base": {"green_share": 0.3, "certificates": "assessed"}}


def ruled_grid():
    """The case with all rules of the market: reserves, certificates, two carbon markets, difference contracts and capacity
    tariff, plans, contracts and the renewable share of corridors."""
    return audited_grid(
        RULES,
        zones=[zone | {"benchmark_tariff_cny_per_mwh": BENCHMARK.get(zone["zone"], np.nan), "region": REGION[zone["zone"]],
                       "carbon_market": "local" if zone["zone"] == "B" else ""} for zone in ZONES],
        generators=[row | ({"certificate": CERTIFICATES[row["generator"]]} if row["generator"] in CERTIFICATES else {})
                    | ({"planned_hours": 4000} if row["generator"] == "gas" else {}) for row in GENERATORS],
        lines=[row | SHARES.get(row["line"], {}) for row in LINES],
        loads=[{"load": name, "zone": name[0], "unserved_cost_cny_per_mwh": 5000} | OBLIGED.get(name, {}) for name in SERIES["load"]],
        contracts=[{"contract": "straw for C", "load": "C base", "generator": "straw", "share": 0.5}],
        corridor_contracts=[{"line": "A-B", "month": 1, "energy_mwh": -20_000}, {"line": "C-D", "month": 1, "energy_mwh": 9000}],
        carbon_markets=[{"market": "local", "price": "cleared", "reserve_share": 0.1, "auction_share": 0.05,
                         "reserve_price_cny_per_t": 90, "allowance_price_cny_per_t": 60, "offset_share": 0.04}],
        carbon_benchmarks=[{"technology": "coal", "year": 2027, "benchmark_t_per_mwh": 0.85},
                           {"technology": "gas", "year": 2027, "benchmark_t_per_mwh": 0.3}],
        ccer_supply=[{"ccer_step": "first", "quantity_t": 20_000, "price_cny_per_t": 50},
                     {"ccer_step": "second", "quantity_t": 90_000, "price_cny_per_t": 65}],
        certificate_lots=[{"lot": "old wind", "generator": "wind", "vintage": "2026-12-01", "quantity_mwh": 50},
                          {"lot": "older straw", "generator": "straw", "vintage": "2025-02-01", "quantity_mwh": 7}],
        obligations=[{"zone": zone, "year": 2027, "total_share": 0.4, "non_hydro_share": 0.2} for zone in "ABC"])


def audited_grid(policies=None, zones=ZONES, generators=GENERATORS, lines=LINES, loads=None, **tables):
    """The case."""
    return small_case(
        STEPS, series=SERIES, step_hours=STEP_HOURS, policies={"guaranteed_purchase": {"mode": "exact"}} | (policies or {}),
        zones=zones, **tables,
        converters=[{"converter": "heat pump", "capacity_mw": 6, "ramp_up_mw_per_hour": 0.5, "ramp_down_mw_per_hour": 0.4,
                     "initial_mw": 3}],
        converter_ports=[{"port": "pump power", "converter": "heat pump", "zone": "D", "rate": -1},
                         {"port": "pump heat", "converter": "heat pump", "zone": "E", "rate": 2.5, "delay_hours": 2,
                          "cyclic": True}],
        generators=generators, reservoirs=RESERVOIRS, storage=STORAGE, lines=lines, demand_response=RESPONSE,
        cascade=[{"upstream": "upper lake", "downstream": "lower lake", "delay_hours": 3, "share": 0.9}],
        loads=loads or [{"load": name, "zone": name[0], "unserved_cost_cny_per_mwh": 5000} for name in SERIES["load"]])
