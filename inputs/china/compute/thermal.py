"""Coal, gas, nuclear, biomass and other thermal plant, by zone.

coal        (thermal - gas) in proportion, scaled to the national sum; none where GEM shows no coal plant
gas         operating and under construction in GEM, scaled to the national sum
biomass     share of the other thermal plant, as nationally
other       by-product gas, waste heat and pressure: what is left of thermal
fuel price  port price x (coal benchmark tariff of the zone / that of the port's province)           [CNY/GJ]
heat rate   heat rate of the zone in GEM, scaled so that the national mean is the official coal rate   [GJ/MWh]
"""

from __future__ import annotations

import pandas as pd
from facts import by_zone, constant, fact_table, known_by_zone, zones

BENCHMARK = "coal benchmark tariffs (zones.csv)"
CAPACITY = "NEA/CEC 2024-12 via CREA china_co2"


def gas_capacity() -> pd.Series:
    built = by_zone("gas_operating") + by_zone("gas_construction")
    return built * constant("gas_national") / built.sum()


def coal_capacity() -> pd.Series:
    rest = (by_zone("thermal") - gas_capacity()).where(by_zone("coal_operating") > 0, 0.0)
    return rest * constant("coal_national") / rest.sum()


def other_thermal() -> pd.Series:
    return by_zone("thermal") - coal_capacity() - gas_capacity()


def biomass_capacity() -> pd.Series:
    return other_thermal() * constant("biomass_national") / other_thermal().sum()


def chp_share(fuel: str) -> pd.Series:
    built = by_zone(f"{fuel}_operating")
    return (by_zone(f"{fuel}_chp_operating") / built.where(built > 0)).fillna(0.0).clip(upper=1.0)


def coal_heat_rate() -> pd.Series:
    """[GJ/MWh] of electricity supplied."""
    listed = known_by_zone("coal_heat_rate")
    mean = (listed * coal_capacity()).sum() / coal_capacity()[listed.notna()].sum()
    return listed / mean * constant("coal_rate") * constant("coal_equivalent")


def coal_emissions() -> pd.Series:
    """[t/MWh] of electricity supplied: carbon content of the zone's coal in GEM times the scaled heat rate."""
    return known_by_zone("coal_emission") / known_by_zone("coal_heat_rate") * coal_heat_rate()


def coal_cost() -> pd.Series:
    """[CNY/MWh]"""
    port = constant("coal_port_price") / constant("coal_port_heat")
    price = port * zones()["benchmark_tariff_cny_per_mwh"] / constant("coal_port_tariff")
    return price * coal_heat_rate() + constant("coal_other_variable_cost")


def gas_price() -> pd.Series:
    """[CNY/GJ]"""
    gate = fact_table("gas_prices").set_index("zone")["gate_price_cny_per_thousand_m3"] / 1000
    return (gate * constant("gas_price_allowance") / constant("gas_heat_value")).reindex(zones().index)


def coal_fleets() -> list[pd.DataFrame]:
    """CHP by its share in GEM; of the rest the national flexible capacity in proportion, at most all of it."""
    capacity = coal_capacity()
    chp = capacity * chp_share("coal")
    condensing = capacity - chp
    flexible = condensing * min(1.0, constant("coal_flexible_national") / condensing.sum())
    common = {"variable_cost_cny_per_mwh": coal_cost().round(1), "emissions_t_per_mwh": coal_emissions().round(4)}
    origin = (
        f"{CAPACITY}: thermal less gas, scaled to 1194.98 GW of coal; {{}}; fuel: NDRC notice 303 of 2022 and {BENCHMARK}; "
        "heat rate: GEM 2023-07 scaled to 303.2 gce/kWh"
    )
    condensing_split = (
        "share without CHP in GEM 2023-07; flexible 258 GW of it nationally (plans and CEC, see constants)"
    )
    return [
        _fleet(
            "coal_flexible",
            "coal",
            flexible,
            min_output_fraction=constant("coal_flexible_floor"),
            source=origin.format(condensing_split),
            **common,
        ),
        _fleet(
            "coal_inflexible",
            "coal",
            condensing - flexible,
            min_output_fraction=constant("coal_inflexible_floor"),
            source=origin.format(condensing_split),
            **common,
        ),
        _fleet(
            "coal_chp",
            "coal_chp",
            chp,
            **_floors("coal_chp"),
            source=origin.format("share of CHP in GEM 2023-07"),
            **common,
        ),
    ]


def gas_planned_hours() -> pd.Series:
    """Energy of 2023 over the capacity of 2024: of Beijing, whose other thermal plant is small, its own; elsewhere the
    rest."""
    capacity = gas_capacity()
    table = fact_table("balance_2023")
    energy = table[table["zone"] == "Beijing"]["thermal_gwh"].sum() * 1000
    others = pd.concat([biomass_fleet(), other_fleet()]).query("zone == 'Beijing'")
    energy -= (others["capacity_mw"] * others["max_output_fraction"]).sum() * 8760
    national = constant("gas_hours_2023") * (constant("gas_capacity_end_2022") + constant("gas_capacity_end_2023")) / 2
    hours = pd.Series((national - energy) / (capacity.sum() - capacity["Beijing"]), capacity.index)
    hours["Beijing"] = energy / capacity["Beijing"]
    return hours.round(0)


def gas_fleets() -> list[pd.DataFrame]:
    capacity, share = gas_capacity(), chp_share("gas")
    origin = (
        "GEM 2023-02 operating and under construction, scaled to 143.67 GW (NEA/CEC 2024-12 via CREA china_co2), {}; "
        "fuel: NDRC notice 562 of 2019 plus 20 %; carbon: IPCC 2006; planned hours: energy of 2023 (CEC hours; Beijing: NBS)"
    )
    parts = []
    for name, part, rate, floors in (
        ("gas", 1 - share, "gas_heat_rate", {}),
        ("gas_chp", share, "gas_chp_heat_rate", _floors("gas_chp")),
    ):
        cost = gas_price() * constant(rate) + constant("gas_other_variable_cost")
        parts.append(
            _fleet(
                name,
                name,
                capacity * part,
                variable_cost_cny_per_mwh=cost.round(1),
                emissions_t_per_mwh=round(constant("gas_carbon") * constant(rate), 4),
                planned_hours=gas_planned_hours(),
                source=origin.format("CHP by its share in GEM"),
                **floors,
            )
        )
    return parts


def nuclear_fleet() -> pd.DataFrame:
    """What the provinces lack of the national sum stands in Shandong, whose figure is the oldest."""
    capacity = by_zone("nuclear")
    capacity["Shandong"] += constant("nuclear_national") - capacity.sum()
    source = pd.Series(CAPACITY, capacity.index)
    source["Shandong"] = (
        "GEM 2023-01 (2711 MW) and the rest of the national 60.83 GW (NEA/CEC 2024-12): Guohe One of 2024"
    )
    source["Hainan"] = "GEM 2023-01, operating units"
    return _fleet(
        "nuclear",
        "nuclear",
        capacity,
        min_output_fraction=constant("nuclear_floor"),
        max_output_fraction=round(constant("nuclear_hours") / 8784, 4),
        source=source,
    )


def biomass_fleet() -> pd.DataFrame:
    """Available for as much energy as was fed in nationally."""
    hours = constant("biomass_generation_national") / constant("biomass_national")
    return _fleet(
        "biomass",
        "biomass",
        biomass_capacity(),
        max_output_fraction=round(hours / 8784, 4),
        source="45.99 GW (NEA/CEC 2024-12 via CREA china_co2) in proportion to other thermal plant; "
        "availability: 208.3 TWh of 2024 (NEA)",
    )


def other_fleet() -> pd.DataFrame:
    """By-product gas, waste heat and pressure: no fuel is bought, and what would be flared is not counted again as
    carbon.

    Energy of 2024: thermal generation less coal and gas (hours x mean capacity of the year) less biomass.
    """
    coal = constant("coal_hours") * (constant("coal_national") + constant("coal_capacity_end_2023")) / 2
    gas = constant("gas_hours") * (constant("gas_national") + constant("gas_capacity_end_2023")) / 2
    capacity = other_thermal() - biomass_capacity()
    energy = constant("thermal_generation_national") - coal - gas - constant("biomass_generation_national")
    return _fleet(
        "by_product",
        "by_product",
        capacity,
        variable_cost_cny_per_mwh=constant("gas_other_variable_cost"),
        min_output_fraction=0.0,
        max_output_fraction=round(energy / capacity.sum() / 8784, 4),
        emissions_t_per_mwh=0.0,
        source="thermal less coal, gas and biomass (NEA/CEC 2024-12 via CREA china_co2): by-product gas, waste heat "
        "and pressure, no fuel bought; availability: rest of the thermal generation of 2024 (NBS, CEC hours)",
    )


def thermal_generators() -> pd.DataFrame:
    return pd.concat(
        [*coal_fleets(), *gas_fleets(), nuclear_fleet(), biomass_fleet(), other_fleet()], ignore_index=True
    )


def _floors(fleet: str) -> dict:
    """Floors of CHP: by heating season where there is one, else (coal) process steam all the year."""
    heated = zones()["heating_start"].notna()
    season = pd.Series(constant(f"{fleet}_heating_floor"), heated.index).where(heated)
    if fleet == "gas_chp":  # combined cycles stop when no heat is asked for: 2363 h in 2024
        return {"min_output_fraction": 0.0, "heating_floor_fraction": season}
    steam = pd.Series(constant("industrial_chp_floor"), heated.index)
    return {"min_output_fraction": steam.where(~heated, constant("coal_chp_floor")), "heating_floor_fraction": season}


def _fleet(what: str, technology: str, capacity: pd.Series, **columns) -> pd.DataFrame:
    """One generator in each zone that has at least 1 MW."""
    table = pd.DataFrame(
        {
            "generator": zones().index + f" {what}",
            "zone": zones().index,
            "technology": technology,
            "capacity_mw": capacity.round(1),
            **columns,
        },
        index=zones().index,
    )
    return table[table["capacity_mw"] >= 1]
