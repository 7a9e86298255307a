"""Synthesised profiles: the same hour has the same numbers, every month its energy, and nothing leaves its bounds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grid_model.case.profiles import synthesise
from grid_model.case.synthesis.calendar import HOLIDAY, SATURDAY, WORKDAY, CalendarYear
from grid_model.case.synthesis.calibration import calibrated_shares
from grid_model.case.synthesis.facts import CONSUMPTION_PERIODS, MONTHS, TABLES, read_facts
from grid_model.case.synthesis.monthly_lines import MonthlyLines
from grid_model.case.synthesis.noise import Weather, correlated_noise, distances
from grid_model.errors import InputError

FACTS = Path(__file__).resolve().parents[2] / "inputs" / "china" / "synthesis"
KEYS = {
    "load.base",
    "availability.wind_onshore",
    "availability.wind_offshore",
    "availability.wind_distributed",
    "availability.solar_utility",
    "availability.solar_distributed",
    "availability.solar_thermal",
}


def hours(start: str, end: str) -> pd.DatetimeIndex:
    return pd.date_range(start, end, freq="h", inclusive="left")


@pytest.fixture(scope="module")
def year_2027() -> dict[str, pd.DataFrame]:
    return synthesise(FACTS, hours("2027-01-01", "2028-01-01"))


def assert_same(found: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert found.keys() == expected.keys()
    for key in expected:
        pd.testing.assert_frame_equal(found[key], expected[key], check_exact=True, check_freq=False)


def test_every_series_has_every_zone_in_every_hour(year_2027):
    assert set(year_2027) == KEYS
    for key, frame in year_2027.items():
        assert frame.shape == (8760, 11 if key == "availability.wind_offshore" else 31), key
        assert np.isfinite(frame.to_numpy()).all(), key
        assert frame.index.equals(hours("2027-01-01", "2028-01-01"))


def test_availability_is_a_fraction_and_load_is_positive(year_2027):
    for key, frame in year_2027.items():
        if key.startswith("availability."):
            assert frame.to_numpy().min() >= 0 and frame.to_numpy().max() <= 1, key
    assert year_2027["load.base"].to_numpy().min() > 0


def test_same_seed_same_numbers_and_other_seed_other_numbers(year_2027):
    week = hours("2027-03-01", "2027-03-08")
    cut = {key: frame.loc[week] for key, frame in year_2027.items()}
    assert_same(synthesise(FACTS, week, seed=1), cut)
    other = synthesise(FACTS, week, seed=2)
    for key in KEYS:
        assert np.abs(other[key].to_numpy() - cut[key].to_numpy()).max() > 0.01, key


@pytest.mark.parametrize(
    "start, end", [("2027-01-01", "2027-01-08"), ("2027-12-30", "2028-01-01"), ("2027-07-04 05:00", "2027-07-04 06:00")]
)
def test_a_cut_out_of_the_year_equals_the_year(year_2027, start, end):
    """Would fail if noise were drawn, or months calibrated, over the horizon instead of whole calendar years."""
    time = hours(start, end)
    assert_same(synthesise(FACTS, time), {key: frame.loc[time] for key, frame in year_2027.items()})


def test_a_horizon_over_a_year_end_joins_the_two_years(year_2027):
    time = hours("2027-11-15", "2028-02-01")
    found = synthesise(FACTS, time)
    for key, frame in year_2027.items():
        pd.testing.assert_frame_equal(
            found[key].loc[:"2027"], frame.loc["2027-11-15":], check_exact=True, check_freq=False
        )
    assert_same(synthesise(FACTS, hours("2028-01-01", "2028-02-01")), {k: f.loc["2028":] for k, f in found.items()})


def test_wind_runs_on_over_the_year_end():
    """The step over New Year is of the size of other steps: years drawn apart would leap there."""
    steps = [
        synthesise(FACTS, hours(f"{year}-12-31 20:00", f"{year + 1}-01-01 04:00"), weather_year=weather)[
            "availability.wind_onshore"
        ]
        .diff()
        .abs()
        .mean(axis=1)
        for year, weather in ((2026, None), (2027, None), (2027, 2020))
    ]
    for step in steps:
        assert step.iloc[4] < 2.5 * step.drop(step.index[4]).mean() + 0.01


def test_a_weather_year_can_be_lived_through_again():
    """Wind of 2030 under the weather of 2016 is that of 2027 under it, hour by hour; load follows its own calendar."""
    first = synthesise(FACTS, hours("2027-06-01", "2027-06-08"), weather_year=2016)
    again = synthesise(FACTS, hours("2030-06-01", "2030-06-08"), weather_year=2016)
    own = synthesise(FACTS, hours("2027-06-01", "2027-06-08"))
    wind, load = "availability.wind_onshore", "load.base"
    np.testing.assert_array_equal(first[wind].to_numpy(), again[wind].to_numpy())
    assert np.abs(first[wind].to_numpy() - own[wind].to_numpy()).max() > 0.1
    assert np.abs(first[load] / again[load].to_numpy() - 1).to_numpy().max() > 0.01


def test_leap_year_has_its_29_february():
    frames = synthesise(FACTS, hours("2028-01-01", "2029-01-01"))
    for key, frame in frames.items():
        assert len(frame) == 8784 and np.isfinite(frame.to_numpy()).all(), key
    assert frames["availability.solar_utility"].loc["2028-02-29"].max().min() > 0.02
    energy = read_facts(FACTS).consumption_mwh.sum(axis=1)
    np.testing.assert_allclose(frames["load.base"].sum(), energy, rtol=1e-6)


@pytest.mark.parametrize("year", [2024, 2027])
def test_load_has_the_published_energy_of_every_period(year):
    load = synthesise(FACTS, hours(f"{year}-01-01", f"{year + 1}-01-01"))["load.base"]
    monthly = load.groupby(load.index.month).sum()
    periods = pd.concat([monthly.iloc[:2].sum().to_frame().T, monthly.iloc[2:]])
    published = pd.read_csv(FACTS / "monthly_consumption.csv").set_index("zone")[CONSUMPTION_PERIODS] * 1000
    np.testing.assert_allclose(periods.to_numpy().T, published.loc[load.columns], rtol=1e-6)


def test_load_reaches_each_peak(year_2027):
    """The highest hour of every zone is within 2 % of its peak."""
    peak = pd.read_csv(FACTS / "load_shape.csv").set_index("zone")["peak_mw"]
    ratio = year_2027["load.base"].max() / peak
    assert (np.abs(ratio - 1) < 0.02).all(), ratio[np.abs(ratio - 1) >= 0.02]


def test_availability_has_its_monthly_energy(year_2027):
    table = pd.read_csv(FACTS / "monthly_availability.csv")
    for series, rows in table.groupby("series"):
        frame = year_2027[f"availability.{series}"]
        rows = rows.set_index("zone").loc[frame.columns]
        found = frame.groupby(frame.index.month).mean().T
        np.testing.assert_allclose(found, rows[MONTHS].mul(rows["capacity_factor"], axis=0), rtol=0.01, err_msg=series)
        np.testing.assert_allclose(frame.mean(), rows["capacity_factor"], rtol=0.005, err_msg=series)


def test_nights_are_dark_and_noon_moves_west(year_2027):
    """At 0 and 3 o'clock Beijing time no zone sees the sun; Xinjiang's noon is two to three hours after Shanghai's."""
    for key in ("availability.solar_utility", "availability.solar_distributed", "availability.solar_thermal"):
        frame = year_2027[key]
        assert (frame[frame.index.hour.isin([0, 1, 2, 3])] == 0).all(axis=None), key
        assert frame.to_numpy().max() > 0.5, key
    sun = year_2027["availability.solar_utility"]
    noon = (
        sun.groupby(sun.index.hour).mean().mul(np.arange(24), axis=0).sum() / sun.groupby(sun.index.hour).mean().sum()
    )
    assert 2 < noon["Xinjiang"] - noon["Shanghai"] < 3
    assert abs(noon["Shanghai"] - 11.4) < 0.3


def test_a_year_of_its_own_yield():
    """With yields_of every month is the mean year's times the factor of that year, distributed PV its part of utility PV;
    load stays as it is."""
    time = pd.date_range("2024-01-01", "2025-01-01", freq="h", inclusive="left")
    mean, own = synthesise(FACTS, time), synthesise(FACTS, time, yields_of=2024)
    factor = pd.read_csv(FACTS / "yearly_availability.csv").set_index(["series", "zone"])["factor"]
    for series in ("wind_onshore", "wind_offshore", "solar_utility"):
        ratio = own[f"availability.{series}"].mean() / mean[f"availability.{series}"].mean()
        np.testing.assert_allclose(ratio, factor[series].loc[ratio.index], rtol=0.01, err_msg=series)
    sun = own["availability.solar_distributed"].mean() / own["availability.solar_utility"].mean()
    np.testing.assert_allclose(sun, factor["solar_distributed"].loc[sun.index], rtol=0.002)
    pd.testing.assert_frame_equal(own["load.base"], mean["load.base"])
    with pytest.raises(InputError, match="yearly_availability"):
        synthesise(FACTS, time, yields_of=1999)


def test_flat_roofs_yield_more_in_summer_and_less_in_winter(year_2027):
    """The tilted plant stands better to the low sun: roof / plant rises from December to June in the north."""
    ratio = year_2027["availability.solar_distributed"] / year_2027["availability.solar_utility"].replace(0, np.nan)
    monthly = ratio.groupby(ratio.index.month).median()["Heilongjiang"]
    assert monthly[6] > 1 > 0.85 > monthly[12]


def test_holidays_and_weekends_show_in_the_load(year_2027):
    """Spring Festival of 2027 is 6 February, Wednesdays are above Sundays, National Day is low."""
    daily = year_2027["load.base"].resample("D").mean()
    national = daily.sum(axis=1)
    trough = national.loc["2027-01-10":"2027-03-10"].idxmin()
    assert pd.Timestamp("2027-02-06") <= trough <= pd.Timestamp("2027-02-11")
    assert national[trough] < 0.82 * national["2027-01-10":"2027-01-20"].mean()
    assert national["2027-10-02":"2027-10-05"].mean() < 0.97 * national["2027-10-11":"2027-10-15"].mean()
    guangdong = daily["Guangdong"]
    weekday = guangdong.groupby(guangdong.index.day_of_week).mean()
    assert weekday[6] < 0.93 * weekday[2]


def test_calendar_knows_days_off_and_worked_weekends():
    """2024: 4 February was a worked Sunday, 10 February Spring Festival; 2027 begins on a holiday Friday."""
    kind = pd.Series(CalendarYear(2024).day_kind, CalendarYear(2024).days)
    assert kind["2024-02-04"] == WORKDAY and kind["2024-02-12"] == HOLIDAY and kind["2024-03-02"] == SATURDAY
    calendar = CalendarYear(2027)
    assert calendar.days[0].day_name() == "Friday" and calendar.day_kind[0] == HOLIDAY
    assert calendar.days[calendar.days_from_spring_festival == 0][0] == pd.Timestamp("2027-02-06")
    assert CalendarYear(2028).month_starts[-1] == 8784


def test_noise_is_standard_and_correlated_as_asked():
    """Two points 300 km apart with length 500 km and memories of 10 and 2 hours, over 12 weather years."""
    correlation = np.exp(-np.array([[0, 300], [300, 0]]) / 500)
    calendar = CalendarYear(2027)
    noise = np.concatenate(
        [correlated_noise(Weather(3, calendar, y, y - 1), 9, correlation, (10.0, 2.0)) for y in range(2000, 2012)],
        axis=1,
    )
    first, second = np.exp(-0.1), np.exp(-0.5)
    lag_one = (first + second) / (1 + first * second)
    assert np.abs(noise.mean(axis=1)).max() < 0.1
    np.testing.assert_allclose(noise.std(axis=1), 1, atol=0.03)
    assert np.corrcoef(noise)[0, 1] == pytest.approx(np.exp(-0.6), abs=0.05)
    assert np.corrcoef(noise[0, 1:], noise[0, :-1])[0, 1] == pytest.approx(lag_one, abs=0.005)


def test_distance_of_beijing_and_shanghai():
    apart = distances(np.array([39.9, 31.2]), np.array([116.4, 121.5]))
    assert apart[0, 1] == pytest.approx(1068, abs=10) and apart[0, 0] == 0


def test_calibration_meets_targets_that_are_low_high_and_out_of_reach():
    """The third zone's July asks for more than its envelope of 0.5 can give: the envelope grows, the target is met."""
    calendar = CalendarYear(2027)
    latent = np.random.default_rng(0).normal(size=(3, 8760)) * 1.5
    target = np.array([[0.02] * 12, np.linspace(0.05, 0.45, 12), [0.2] * 6 + [0.55] + [0.2] * 5])
    found = calibrated_shares(latent, 0.5, target, calendar)
    np.testing.assert_allclose(MonthlyLines(calendar).monthly_mean(found), target, atol=1e-6)


@pytest.mark.parametrize(
    "time",
    [
        hours("2027-01-01", "2027-01-02").tz_localize("Asia/Shanghai"),
        hours("2027-01-01", "2027-01-02") + pd.Timedelta(minutes=30),
        pd.DatetimeIndex([]),
    ],
)
def test_horizons_that_are_no_full_hours_are_refused(time):
    with pytest.raises(InputError, match="full hours in Beijing time"):
        synthesise(FACTS, time)


def test_missing_facts_are_named_together(tmp_path):
    for name in TABLES:
        shutil.copy(FACTS / f"{name}.csv", tmp_path)
    (tmp_path / "process.csv").unlink()
    pd.read_csv(tmp_path / "wind_shape.csv").drop(columns="spread_above").to_csv(tmp_path / "wind_shape.csv")
    with pytest.raises(InputError) as raised:
        read_facts(tmp_path)
    assert len(raised.value.problems) == 2
    assert "process.csv" in str(raised.value) and "spread_above" in str(raised.value)


def test_every_fact_has_a_source():
    for name in TABLES:
        assert pd.read_csv(FACTS / f"{name}.csv")["source"].str.len().min() > 10, name
