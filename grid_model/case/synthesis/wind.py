"""Wind: availability on land and at sea, as a fraction of capacity.

symbol  meaning                                                                     unit
z       noise of the zone, alike in neighbouring zones and from hour to hour        1
b, a    spread below and above the middle                                           1
d       day shape of the zone: two harmonics of the clock                           1
x       latent value, x = d(hour) + b min(z, 0) + a max(z, 0)                       1

availability = largest share of the zone x 1 / (1 + exp(-x - s)), the shift s calibrated month by month (calibration.py)

Land and sea are points of one field of noise: wind at sea is related to the wind on the coast behind it. Distributed
wind stands in the same weather and is calibrated to the same hours as wind on land: no published figure parts them.
"""

from __future__ import annotations

import numpy as np

from grid_model.case.synthesis.calibration import calibrated_shares
from grid_model.case.synthesis.facts import Facts
from grid_model.case.synthesis.noise import Weather, correlated_noise, distances

STREAM_WIND = 2


def wind_profiles(facts: Facts, weather: Weather) -> dict[str, np.ndarray]:
    """Availability of wind on land (zones, hours) and at sea (coastal zones, hours)."""
    points, process = facts.wind_points, facts.process
    at_sea = (points["series"] == "wind_offshore").to_numpy()
    apart = distances(points["latitude"].to_numpy(), points["longitude"].to_numpy())
    noise = correlated_noise(
        weather,
        STREAM_WIND,
        np.exp(-apart / process["wind_correlation_length"]),
        points[["memory_slow_hours", "memory_fast_hours"]].to_numpy(),
    )
    spread = np.where(noise < 0, points[["spread_below"]].to_numpy(), points[["spread_above"]].to_numpy())
    latent = spread * noise + _day_shape(points, weather)
    largest = points[["largest_share"]].to_numpy()
    land, sea = (
        calibrated_shares(latent[chosen], largest[chosen], facts.monthly_target(series), weather.calendar)
        for chosen, series in ((~at_sea, "wind_onshore"), (at_sea, "wind_offshore"))
    )
    return {
        "availability.wind_onshore": np.clip(land, 0, 1),
        "availability.wind_distributed": np.clip(land, 0, 1),
        "availability.wind_offshore": np.clip(sea, 0, 1),
    }


def _day_shape(points, weather: Weather) -> np.ndarray:
    """Latent day shape: cosine and sine of one and of two turns a day, shape (points, hours)."""
    clock = 2 * np.pi * (np.arange(weather.calendar.month_starts[-1]) % 24 + 0.5) / 24
    waves = np.array([np.cos(clock), np.sin(clock), np.cos(2 * clock), np.sin(2 * clock)])
    return points[["cosine_24h", "sine_24h", "cosine_12h", "sine_12h"]].to_numpy() @ waves
