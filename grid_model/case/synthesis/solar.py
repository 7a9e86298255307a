"""Sun: what panels and collectors yield, as a fraction of capacity.

symbol   meaning                                                          unit
delta    declination of the sun (Spencer 1971, pvlib)                     rad
omega    hour angle at the middle of the hour, from Beijing time (pvlib)  rad
beta     tilt of a panel that faces south                                 rad
DNI,DHI  direct normal and diffuse horizontal clear-sky irradiance        W/m2
         (simplified Solis, pvlib)
c        clearness: what clouds leave of the clear-sky yield              1

cos(zenith)    = sin(phi) sin(delta) + cos(phi) cos(delta) cos(omega)           at latitude phi
cos(incidence) = the same at latitude phi - beta, for a panel facing south
panel          = DNI cos(incidence) + DHI (1 + cos beta) / 2 + albedo GHI (1 - cos beta) / 2      [W/m2]
availability   = yield of a clear sky (zone) x panel / 1000 x c, c calibrated month by month

A zone is the mean of its sites, which spreads sunrise and sunset as its width does. Clouds are correlated noise.
Concentrating collectors see the beam only: the light that a performance ratio of panels implies is split into beam
and diffuse by Erbs' correlation.
"""

from __future__ import annotations

import numpy as np
from pvlib.clearsky import simplified_solis
from pvlib.irradiance import erbs, get_extra_radiation
from pvlib.solarposition import (
    declination_spencer71,
    equation_of_time_spencer71,
    solar_zenith_analytical,
)

from grid_model.case.synthesis.calendar import CalendarYear
from grid_model.case.synthesis.calibration import calibrated_shares
from grid_model.case.synthesis.facts import Facts
from grid_model.case.synthesis.noise import Weather, correlated_noise, distances

STREAM_CLOUDS = 1
BEIJING_MERIDIAN_DEGREES = 120.0
STANDARD_IRRADIANCE = 1000.0
SEA_LEVEL_PRESSURE_PA = 101325.0
SCALE_HEIGHT_M = 8434.0
LOWEST_COSINE = 0.02


def solar_profiles(facts: Facts, weather: Weather) -> dict[str, np.ndarray]:
    """Availability of utility and distributed PV and of collectors of solar heat, each of shape (zones, hours)."""
    calendar = weather.calendar
    sky = clear_sky(facts, calendar)
    latent = _clouds(facts, weather)
    clear_yield = facts.solar["clear_sky_yield"].to_numpy()[:, None]
    utility = calibrated_shares(latent, clear_yield * sky["utility"], facts.monthly_target("solar_utility"), calendar)
    yielded = np.divide(utility, sky["utility"], out=np.zeros_like(utility), where=sky["utility"] > 0)
    distributed = sky["distributed"] * yielded
    distributed *= _of_its_own(facts, utility, distributed)[:, None]
    clearness = np.minimum(1, yielded / facts.process["performance_ratio"])
    collectors = _beam(sky, clearness, calendar) / facts.process["collector_rated_irradiance"]
    return {
        "availability.solar_utility": np.clip(utility, 0, 1),
        "availability.solar_distributed": np.clip(distributed, 0, 1),
        "availability.solar_thermal": np.clip(collectors, 0, 1),
    }


def _of_its_own(facts: Facts, utility: np.ndarray, distributed: np.ndarray) -> np.ndarray:
    """By zone, what brings the mean of distributed PV to its published part of that of utility PV; 1 where none is."""
    part = facts.yearly_factor("solar_distributed").reindex(facts.zones).to_numpy(float)
    return np.where(np.isnan(part), 1.0, part * utility.mean(axis=1) / distributed.mean(axis=1))


def clear_sky(facts: Facts, calendar: CalendarYear) -> dict[str, np.ndarray]:
    """Clear-sky means of the zones' sites, shape (zones, hours).

    `utility` and `distributed`: irradiance on panels / 1000 W/m2; `horizontal`: GHI [W/m2]; `height`: cos(zenith).
    """
    sites = facts.land_sites
    latitude = np.radians(sites["latitude"].to_numpy())[:, None]
    day, hour_angle = _sun_angles(calendar, sites["longitude"].to_numpy())
    declination = declination_spencer71(day)
    zenith = solar_zenith_analytical(latitude, hour_angle, declination)
    lit = np.cos(zenith) > LOWEST_COSINE
    pressure = SEA_LEVEL_PRESSURE_PA * np.exp(-sites["altitude_m"].to_numpy() / SCALE_HEIGHT_M)
    light = simplified_solis(
        90 - np.degrees(zenith[lit]),
        aod700=facts.process["aerosol_depth"],
        precipitable_water=facts.process["precipitable_water"],
        pressure=np.broadcast_to(pressure[:, None], lit.shape)[lit],
        dni_extra=np.broadcast_to(get_extra_radiation(day), lit.shape)[lit],
    )

    def panel(tilt_degrees):
        tilt = np.radians(tilt_degrees)
        incidence = np.maximum(0, np.cos(solar_zenith_analytical(latitude - tilt, hour_angle, declination)[lit]))
        diffuse = light["dhi"] * (1 + np.cos(tilt)) / 2
        ground = facts.process["albedo"] * light["ghi"] * (1 - np.cos(tilt)) / 2
        return (light["dni"] * incidence + diffuse + ground) / STANDARD_IRRADIANCE

    def zone_mean(values):
        hourly = np.zeros(lit.shape)
        hourly[lit] = values
        return facts.mean_over_sites(hourly)

    return {
        "utility": zone_mean(panel(facts.process["tilt_utility"])),
        "distributed": zone_mean(panel(facts.process["tilt_distributed"])),
        "horizontal": zone_mean(light["ghi"]),
        "height": zone_mean(np.cos(zenith[lit])),
    }


def _sun_angles(calendar: CalendarYear, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Day of year of each hour, and hour angle [rad] of each site (rows) at the middle of each hour."""
    day = calendar.time.day_of_year.to_numpy(dtype=float)
    clock = calendar.time.hour.to_numpy() + 0.5 + equation_of_time_spencer71(day) / 60
    return day, np.radians(15 * (clock - 12) + (longitude[:, None] - BEIJING_MERIDIAN_DEGREES))


def _clouds(facts: Facts, weather: Weather) -> np.ndarray:
    """Latent clearness (zones, hours): slow weather and passing clouds, spread below and above the middle."""
    process, centre = facts.process, facts.land_centres
    apart = distances(centre["latitude"].to_numpy(), centre["longitude"].to_numpy())
    slow = correlated_noise(
        weather,
        STREAM_CLOUDS,
        np.exp(-apart / process["cloud_correlation_length"]),
        (process["cloud_memory_slow"], process["cloud_memory_fast"]),
    )
    return np.where(slow < 0, facts.solar[["spread_below"]].to_numpy(), facts.solar[["spread_above"]].to_numpy()) * slow


def _beam(sky: dict[str, np.ndarray], clearness: np.ndarray, calendar: CalendarYear) -> np.ndarray:
    """Direct normal irradiance [W/m2] that the clearness of a zone leaves, by Erbs' correlation."""
    day = calendar.time.day_of_year.to_numpy(dtype=float)
    high = sky["height"] > LOWEST_COSINE
    global_light = (clearness * sky["horizontal"])[high]
    zenith = np.degrees(np.arccos(sky["height"][high]))
    split = erbs(global_light, zenith, np.broadcast_to(day, high.shape)[high])
    beam = np.zeros(high.shape)
    beam[high] = split["dni"]
    return beam
