"""Synthesised profiles against real hourly series of the same provinces: each figure with its limit.

Calendar 2018 (that of the load series), seed 1. Each limit is the worst that seeds 1 to 12 gave, and a fifth to a half
more, so that it tells of the model and not of a lucky seed. The parameters of the synthesis were estimated from these
very series: this shows that a few figures a province bring hourly behaviour back, not that other years are foretold.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from case.real_series import REAL_FOLDER, needs_real_series, real_series, write_real_series

from grid_model.case.profiles import synthesise

pytestmark = needs_real_series
FACTS = Path(__file__).resolve().parents[2] / "inputs" / "china" / "synthesis"
YEAR = 2018


@dataclass(frozen=True)
class Limits:
    """Largest differences allowed; every one is over all zones of the series unless it says mean.

    duration       mean distance of the duration curves / mean, the worst zone
    spread         standard deviation, ratio - 1, the worst zone
    ramp           standard deviation of hourly ramps, ratio - 1: the mean over zones, then the worst zone
    lags           autocorrelation at 1, 24 and 168 hours: the mean difference over zones
    lags_worst     the same of the worst zone
    correlation    cross-province correlation, mean absolute difference over all pairs
    mean_correlation  mean of all pairs, difference
    """

    duration: float
    spread: float
    ramp: tuple[float, float]
    lags: tuple[float, float, float]
    lags_worst: tuple[float, float, float]
    correlation: float
    mean_correlation: float


LIMITS = {
    "load.base": Limits(0.03, 0.15, (0.16, 0.55), (0.013, 0.005, 0.03), (0.09, 0.05, 0.26), 0.06, 0.035),
    "availability.wind_onshore": Limits(0.18, 0.11, (0.03, 0.38), (0.005, 0.10, 0.03), (0.035, 0.26, 0.28), 0.10, 0.03),
    "availability.wind_offshore": Limits(
        0.14, 0.09, (0.05, 0.34), (0.005, 0.13, 0.07), (0.025, 0.21, 0.22), 0.15, 0.06
    ),
    "availability.solar_utility": Limits(
        0.07, 0.05, (0.04, 0.10), (0.005, 0.03, 0.02), (0.012, 0.12, 0.08), 0.025, 0.016
    ),
}


@pytest.fixture(scope="module")
def pair():
    """Synthesised and real frames of the same zones and hours, by key."""
    real = real_series(YEAR)
    made = synthesise(FACTS, real["load.base"].index)
    return {key: (made[key][real[key].columns], real[key]) for key in LIMITS}


@pytest.mark.parametrize("key", LIMITS)
def test_yearly_energy_within_one_percent(pair, key):
    made, real = pair[key]
    difference = made.mean() / real.mean() - 1
    assert difference.abs().max() < 0.01, difference


@pytest.mark.parametrize("key", LIMITS)
def test_monthly_energy_within_ten_percent(pair, key):
    """Every zone and month, January and February apart, though the load is calibrated to both together, as they are
    published: the festival of 2018 lies in February, and Zhejiang loses 13 % too little there where the deepest days alone say
    how deep its festival is."""
    made, real = pair[key]
    month = made.index.month
    difference = made.groupby(month).mean() / real.groupby(month).mean() - 1
    assert difference.abs().max(axis=None) < 0.10, difference.abs().max()


def test_spring_festival_moves_load_between_january_and_february():
    """2022, festival on 1 February: January / February of the median zone within 10 % of the published months.

    Measured about 6 %; with the festival left on its date of 2018 it is 12 %, and 33 % in Guangdong. The position of
    February between January and March was chosen on the published months of 2018, 2019, 2021 and 2022.
    """
    published = pd.read_csv(REAL_FOLDER / "monthly_consumption.csv")
    table = published[published["year"] == 2022].pivot(index="province", columns="month", values="consumption_gwh")
    load = synthesise(FACTS, pd.date_range("2022-01-01", "2022-03-01", freq="h", inclusive="left"))["load.base"]
    made = load.groupby(load.index.month).sum()
    ratio = (made.loc[1] / made.loc[2]) / (table[1] / table[2]).loc[load.columns]
    assert np.abs(ratio - 1).median() < 0.10, ratio


@pytest.mark.parametrize("key", LIMITS)
def test_duration_curves_and_spread(pair, key):
    made, real = pair[key]
    distance = np.abs(np.sort(made.to_numpy(), axis=0) - np.sort(real.to_numpy(), axis=0)).mean(axis=0) / real.mean()
    assert distance.max() < LIMITS[key].duration, distance
    assert (made.std() / real.std() - 1).abs().max() < LIMITS[key].spread


@pytest.mark.parametrize("key", LIMITS)
def test_hourly_ramps(pair, key):
    made, real = pair[key]
    ratio = made.diff().std() / real.diff().std()
    assert abs(ratio.mean() - 1) < LIMITS[key].ramp[0], ratio
    assert (ratio - 1).abs().max() < LIMITS[key].ramp[1], ratio


@pytest.mark.parametrize("key", LIMITS)
@pytest.mark.parametrize("place, lag", [(0, 1), (1, 24), (2, 168)])
def test_autocorrelation(pair, key, place, lag):
    made, real = ([frame[zone].autocorr(lag) for zone in frame] for frame in pair[key])
    difference = np.array(made) - np.array(real)
    assert abs(difference.mean()) < LIMITS[key].lags[place], difference.mean()
    assert np.abs(difference).max() < LIMITS[key].lags_worst[place], difference


@pytest.mark.parametrize("key", LIMITS)
def test_correlation_across_provinces(pair, key):
    made, real = pair[key]
    upper = np.triu_indices(made.shape[1], 1)
    difference = made.corr().to_numpy()[upper] - real.corr().to_numpy()[upper]
    assert np.abs(difference).mean() < LIMITS[key].correlation
    assert abs(difference.mean()) < LIMITS[key].mean_correlation


def national(pair, place: int) -> pd.DataFrame:
    """National wind and solar output [MW] with the capacities of the end of 2024, and load."""
    capacity = pd.read_csv(REAL_FOLDER / "capacity_by_province_end2024.csv", index_col="province").fillna(0)
    wind, solar = (pair[key][place] for key in ("availability.wind_onshore", "availability.solar_utility"))
    return pd.DataFrame(
        {
            "wind": wind @ capacity["wind_mw_2024_11"].loc[wind.columns],
            "solar": solar @ capacity["solar_mw"].loc[solar.columns],
            "load": pair["load.base"][place].sum(axis=1),
        }
    )


def test_national_output_and_ramps(pair):
    """National spread and hourly ramp spread: wind and solar together within 10 % (asked: 25 %), each within 15 %.

    With independent provinces the ramp spread of wind is 0.72 of what it is, with provinces all alike 2.1 times.
    """
    made, real = national(pair, 0), national(pair, 1)
    for frame in (made, real):
        frame["wind and solar"] = frame["wind"] + frame["solar"]
    ramps = made.diff().std() / real.diff().std() - 1
    spread = made.std() / real.std() - 1
    assert abs(ramps["wind and solar"]) < 0.10, ramps
    assert ramps.abs().max() < 0.15, ramps
    assert spread.abs().max() < 0.15, spread


def test_real_series_as_a_users_folder(tmp_path, pair):
    """The folder holds <key>.parquet with first column time, of the year asked for, leap day included."""
    folder = write_real_series(tmp_path / "profiles", 2028)
    load = pd.read_parquet(folder / "load.base.parquet")
    assert load.columns[0] == "time" and len(load) == 8784 and load.shape[1] == 32
    assert load["time"].iloc[0] == pd.Timestamp("2028-01-01") and load["time"].iloc[-1] == pd.Timestamp(
        "2028-12-31 23:00"
    )
    assert {file.stem for file in folder.iterdir()} == set(
        synthesise(FACTS, load["time"].iloc[:1].pipe(pd.DatetimeIndex))
    )
    solar = pd.read_parquet(folder / "availability.solar_utility.parquet").set_index("time")
    assert (solar.loc[solar.index.hour == 2] == 0).all(axis=None)
