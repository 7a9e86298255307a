"""Estimate the tables of this folder from a folder of published statistics and reference series.

    python inputs/china/synthesis/estimate.py FOLDER_OF_STATISTICS

Reads the monthly consumption of 2024, the capacity factors of wind and solar and the hourly reference series of a year,
and writes every table here but locations.csv: means, spreads, day factors and the few parameters of the noise. No
hourly series is kept: what remains of a year of a zone is some twenty figures, and day shapes of seven regions.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.stats import norm, rankdata

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from grid_model.case.synthesis.calendar import CalendarYear  # noqa: E402
from grid_model.case.synthesis.facts import (  # noqa: E402
    CONSUMPTION_PERIODS,
    DAY_KINDS,
    FESTIVAL_DAYS,
    MONTHS,
    SEASONS,
    TABLES,
    Facts,
)
from grid_model.case.synthesis.load import regular_pattern, with_published_energy  # noqa: E402
from grid_model.case.synthesis.monthly_lines import MonthlyLines  # noqa: E402
from grid_model.case.synthesis.noise import distances  # noqa: E402
from grid_model.case.synthesis.solar import clear_sky  # noqa: E402

WIND_LAGS = np.array([1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72])
LOAD_YEAR, WEATHER_YEAR = 2018, 2020
ERA5 = "atlite on ERA5 2020 over the province (github.com/Rick10119/PyPSA-China 84f176a)"
HOURS_SOURCE = "hours / 8760 / utilisation rate (NEA, CEC via github.com/energyandcleanair/china_co2 4043449)"
LOAD_SERIES = "hourly reconstruction of 2018 scaled to 2024 (github.com/pik-piam/PyPSA-China-PIK 25c83bf)"
SHAPE_REGIONS = {
    "North": ["Beijing", "Tianjin", "Hebei", "Shandong"],
    "Loess and steppe": ["Shanxi", "Inner Mongolia", "Ningxia"],
    "Northeast": ["Liaoning", "Jilin", "Heilongjiang"],
    "East": ["Shanghai", "Jiangsu", "Zhejiang", "Anhui", "Fujian"],
    "Central": ["Jiangxi", "Henan", "Hubei", "Hunan"],
    "South": ["Guangdong", "Guangxi", "Hainan"],
    "Southwest": ["Chongqing", "Sichuan", "Guizhou", "Yunnan", "Tibet"],
    "Northwest": ["Shaanxi", "Gansu"],
    "Qinghai": ["Qinghai"],
    "Xinjiang": ["Xinjiang"],
}


def main(folder: Path) -> None:
    zones = pd.read_csv(folder / "provinces.csv")["province"].tolist()
    wind = _series(folder, "hourly_onwind_cf_2020_calibrated")[zones]
    offshore = _series(folder, "hourly_offwind_cf_2020_raw")
    offshore = offshore[[zone for zone in zones if zone in offshore]]
    solar = _series(folder, "hourly_solar_cf_2020_calibrated")[zones]
    load, original = (
        pd.read_csv(folder / f"{name}.csv.gz", index_col=0)[zones].set_axis(CalendarYear(LOAD_YEAR).time)
        for name in ("hourly_load_scaled2024_mw", "hourly_load_2018calendar_mw")
    )
    _consumption(folder, zones)
    _monthly_availability(zones, wind, offshore, solar)
    process = _constants()
    process |= _wind(wind, offshore)
    _load(load, original, process)
    _write_process(process)
    process |= _solar(solar, zones, process)
    _write_process(process)


def _series(folder: Path, name: str) -> pd.DataFrame:
    """Hourly availability at the start of its step: the files stamp the end of the hour."""
    frame = pd.read_csv(folder / f"{name}.csv.gz", index_col=0, parse_dates=True)
    frame.index = frame.index - pd.Timedelta(hours=1)
    return frame


def _write(name: str, frame: pd.DataFrame, source: str) -> None:
    frame.assign(source=source).to_csv(HERE / f"{name}.csv", index=False)


def _consumption(folder: Path, zones: list[str]) -> None:
    table = pd.read_csv(folder / "monthly_generation_by_source.csv.gz")
    table = table[(table["series"] == "consumption") & (table["year"] == 2024)]
    wide = table.pivot(index="province", columns="month", values="value_gwh").loc[zones]
    wide.columns = CONSUMPTION_PERIODS
    _write(
        "monthly_consumption",
        wide.round(1).rename_axis("zone").reset_index(),
        "GWh, whole society 2024, differences of year-to-date figures of NBS and CEC "
        "(github.com/energyandcleanair/china_co2 4043449)",
    )


def _monthly_availability(zones, wind, offshore, solar) -> None:
    parts = []
    for series, frame in (("wind_onshore", wind), ("wind_offshore", offshore), ("solar_utility", solar)):
        yearly = frame.mean()
        monthly = (frame.groupby(frame.index.month).mean() / yearly).T
        monthly.columns = MONTHS
        part = monthly.round(3).rename_axis("zone").reset_index()
        part.insert(1, "series", series)
        part.insert(2, "capacity_factor", yearly.round(4).to_numpy())
        source = (
            f"year and months: {ERA5}, not calibrated"
            if series == "wind_offshore"
            else f"year: {HOURS_SOURCE}; months: {ERA5}"
        )
        parts.append(part.assign(source=source))
    table = pd.concat(parts)
    weights = np.diff(CalendarYear(2027).month_starts) / 8760
    table[MONTHS] = (table[MONTHS].div(table[MONTHS] @ weights, axis=0)).round(4)
    table.to_csv(HERE / "monthly_availability.csv", index=False)


def _logit(frame: pd.DataFrame, largest: pd.Series | float = 1.0) -> pd.DataFrame:
    share = (frame / largest).clip(0.002, 0.998)
    return np.log(share / (1 - share))


def _two_sided(values: np.ndarray) -> tuple[float, float]:
    """Spread below and above the median: slopes of the normal quantiles over the central 98 %."""
    values = np.sort(values[np.isfinite(values)])
    score = norm.ppf((np.arange(len(values)) + 0.5) / len(values))
    values = values - np.median(values)
    below, above = (score < 0) & (score > -2.3), (score > 0) & (score < 2.3)
    return tuple(float((values[s] * score[s]).sum() / (score[s] ** 2).sum()) for s in (below, above))


def _wind(wind, offshore) -> dict:
    rows, scores = [], {}
    clock = 2 * np.pi * (np.arange(24) + 0.5) / 24
    waves = np.array([np.cos(clock), np.sin(clock), np.cos(2 * clock), np.sin(2 * clock)])
    for series, frame in (("wind_onshore", wind), ("wind_offshore", offshore)):
        largest = (1.01 * frame.quantile(0.9995)).clip(upper=1).round(3)
        latent = _logit(frame, largest)
        latent -= latent.groupby(latent.index.month).transform("mean")
        day = latent.groupby(latent.index.hour).mean()
        rest = latent - day.loc[latent.index.hour].to_numpy()
        scores[series] = rest.apply(lambda values: norm.ppf((rankdata(values) - 0.5) / len(values)))
        anomalies = _anomalies(frame)
        for zone in frame:
            spread = _two_sided(rest[zone].to_numpy())
            memory = _memory(anomalies[[zone]], WIND_LAGS)
            rows.append([zone, series, largest[zone], *spread, *(waves @ day[zone].to_numpy() / 12), *memory])
    table = pd.DataFrame(rows, columns=TABLES["wind_shape"]).round(3)
    _write("wind_shape", table, f"estimated on the logit of the hourly share: {ERA5}, scaled to utilisation hours")
    sites = pd.read_csv(HERE / "locations.csv")
    centre = sites[sites["domain"] == "land"].groupby("zone")[["latitude", "longitude"]].mean().loc[list(wind)]
    return {
        "wind_correlation_length": (_length(scores["wind_onshore"], centre), "km", f"fit of exp(-d/L): {ERA5}"),
    }


def _anomalies(frame: pd.DataFrame) -> pd.DataFrame:
    """Hourly values without their month's mean and without the mean day of their season."""
    rest = frame - frame.groupby(frame.index.month).transform("mean")
    return rest - rest.groupby([rest.index.hour, rest.index.month % 12 // 3]).transform("mean")


def _length(scores: pd.DataFrame, centre: pd.DataFrame) -> float:
    """Correlation length of exp(-d / L) by least squares over all pairs [km]."""
    upper = np.triu_indices(len(centre), 1)
    apart = distances(centre["latitude"].to_numpy(), centre["longitude"].to_numpy())[upper]
    found = scores.corr().to_numpy()[upper]
    return float(least_squares(lambda length: np.exp(-apart / length[0]) - found, [500.0]).x[0])


def _two_decays(lags: np.ndarray, slow: float, fast: float) -> np.ndarray:
    """Autocorrelation of two decays in series at whole steps."""
    first, second = np.exp(-1 / slow), np.exp(-1 / fast)
    weight = first * (1 - second**2)
    other = second * (1 - first**2)
    return (weight * first**lags - other * second**lags) / (weight - other)


def _memory(scores: pd.DataFrame, lags: np.ndarray, step: int = 1) -> tuple[float, float]:
    """The two decays [hours] whose autocorrelation is nearest to the mean of all zones."""
    found = np.mean([[scores[zone].autocorr(lag // step) for lag in lags] for zone in scores], axis=0)
    weight = np.where(lags <= 3, 4, 1)
    fit = least_squares(
        lambda tau: weight * (_two_decays(lags, *tau) - found), [16.0, 1.0], bounds=([1, 0.1], [200, 15])
    )
    return float(fit.x[0]), float(fit.x[1])


def _constants() -> dict:
    assumed = "assumption: shapes the day only, months are calibrated"
    return {
        "aerosol_depth": (0.2, "1", assumed + "; aerosol optical depth at 700 nm"),
        "precipitable_water": (1.5, "cm", assumed),
        "albedo": (0.2, "1", "pvlib default for grass and soil"),
        "tilt_utility": (35.0, "degree", "tilt of the reference series: " + ERA5),
        "tilt_distributed": (15.0, "degree", "assumption: roofs are flatter than ground-mounted plants"),
        "performance_ratio": (
            0.7,
            "1",
            "assumption: low side of the usual 0.7 to 0.85, as hours count plants of all ages",
        ),
        "collector_rated_irradiance": (850.0, "W/m2", "assumption: irradiance at which collectors reach their rating"),
    }


def _write_process(process: dict) -> None:
    rows = [[name, round(value, 4), unit, source] for name, (value, unit, source) in process.items()]
    pd.DataFrame(rows, columns=["parameter", "value", "unit", "source"]).to_csv(HERE / "process.csv", index=False)


def _solar(solar: pd.DataFrame, zones: list[str], process: dict) -> dict:
    facts = Facts({name: pd.read_csv(HERE / f"{name}.csv") for name in ("locations", "monthly_consumption", "process")})
    sky = clear_sky(facts, CalendarYear(2019))["utility"].T
    yields, rows, scores = {}, [], {}
    for place, zone in enumerate(zones):
        panel = pd.Series(sky[:, place], index=CalendarYear(2019).time.strftime("%m-%d %H"))
        panel = panel.reindex(solar.index.strftime("%m-%d %H")).to_numpy()
        bright = panel > 0.25
        ratio = solar[zone].to_numpy()[bright] / panel[bright]
        yields[zone] = float(np.quantile(ratio, 0.99))
        latent = _logit(pd.Series(ratio / yields[zone] * 0.97, index=solar.index[bright]))
        rest = latent - latent.groupby(latent.index.month).transform("median")
        rows.append([zone, yields[zone] / 0.97, *_two_sided(rest.to_numpy())])
        scores[zone] = pd.Series(norm.ppf((rankdata(rest) - 0.5) / len(rest)), index=rest.index).reindex(solar.index)
    table = pd.DataFrame(rows, columns=TABLES["solar_shape"]).round(3)
    _write("solar_shape", table, f"estimated against a clear sky: {ERA5}, scaled to utilisation hours")
    scores = pd.DataFrame(scores)
    slow, fast = _memory(scores, np.array([1, 2, 3, 4, 21, 22, 23, 24, 25, 48]))
    return {
        "cloud_correlation_length": (_length(scores, facts.land_centres), "km", f"fit of exp(-d/L): {ERA5}"),
        "cloud_memory_slow": (slow, "h", f"fit to autocorrelation: {ERA5}"),
        "cloud_memory_fast": (fast, "h", f"fit to autocorrelation: {ERA5}"),
    }


def _load(load: pd.DataFrame, original: pd.DataFrame, process: dict) -> None:
    """Day factors, festival, day shapes, weather and peaks; `original` is the series before it was scaled to 2024."""
    calendar = CalendarYear(LOAD_YEAR)
    daily = original.groupby(original.index.normalize()).mean()
    kind, offset = calendar.day_kind, calendar.days_from_spring_festival
    usual = (offset < FESTIVAL_DAYS[0]) | (offset > FESTIVAL_DAYS[-1])
    base = (
        daily.where(pd.Series((kind == 0) & usual, index=daily.index)).rolling(15, center=True, min_periods=1).median()
    )
    ratio = daily / base.interpolate(limit_direction="both")
    drop, course = _festival(daily, offset)
    region = {zone: name for name, members in SHAPE_REGIONS.items() for zone in members}
    table = pd.DataFrame({"zone": list(load)})
    table["shape_region"] = table["zone"].map(region)
    table["swing"] = table["zone"].map(_day_shapes(original, daily, kind, region)).round(3)
    for code, name in enumerate(("saturday", "sunday", "holiday"), start=1):
        table[name] = ratio[usual & (kind == code)].median().clip(upper=1).round(3).to_numpy()
    table["spring_festival_drop"] = drop.round(3).to_numpy()
    table["weather_spread"] = 0.0
    estimated = np.minimum(load.max(), original.max() / original.mean() * load.mean()).round(-1)
    table["peak_mw"] = _published_peaks().reindex(table["zone"]).fillna(estimated).to_numpy()
    festival = pd.DataFrame({"day": FESTIVAL_DAYS, "share_of_drop": course.round(3)})
    _write("spring_festival", festival, f"national mean: {LOAD_SERIES}")
    _write("load_shape", table, "")
    rest = _weather_of_load(original, calendar)
    table["weather_spread"] = rest[usual].std().round(4).to_numpy()
    _write(
        "load_shape",
        table,
        f"estimated: {LOAD_SERIES}; peak that of zones.csv where one is published; else the lower of the year's peak "
        "to mean x mean of 2024 and of the peak of the scaled series",
    )
    late = rest[offset > FESTIVAL_DAYS[-1]]
    slow, fast = _memory(late, np.arange(24, 24 * 6, 24), step=24)
    process["load_correlation_length"] = (_length(late, _centres(list(load))), "km", f"fit of exp(-d/L): {LOAD_SERIES}")
    for name, hours in (("slow", slow), ("fast", fast)):
        process[f"load_memory_{name}"] = (hours, "h", f"fit to day-to-day autocorrelation: {LOAD_SERIES}")


def _published_peaks() -> pd.Series:
    """Peak loads of 2024 in the table of the zones [MW]."""
    return pd.read_csv(HERE.parent / "zones.csv", index_col="zone")["peak_load_mw"]


def _weather_of_load(original: pd.DataFrame, calendar: CalendarYear) -> pd.DataFrame:
    """Logarithm of daily load over what calendar, clock and monthly energy explain."""
    facts = Facts(
        {
            name: pd.read_csv(HERE / f"{name}.csv")
            for name in ("monthly_consumption", "load_shape", "day_shapes", "spring_festival")
        }
    )
    lines = MonthlyLines(calendar)
    monthly = lines.monthly_sum(original.to_numpy().T)
    energy = np.column_stack([monthly[:, 0] + monthly[:, 1], monthly[:, 2:]])
    explained = with_published_energy(regular_pattern(facts, calendar), energy, lines)
    daily = [values.reshape(len(explained), -1, 24).mean(axis=2).T for values in (original.to_numpy().T, explained)]
    return pd.DataFrame(np.log(daily[0] / daily[1]), index=calendar.days, columns=original.columns)


def _centres(zones: list[str]) -> pd.DataFrame:
    sites = pd.read_csv(HERE / "locations.csv")
    return sites[sites["domain"] == "land"].groupby("zone")[["latitude", "longitude"]].mean().loc[zones]


def _festival(daily: pd.DataFrame, offset: np.ndarray):
    """Drop of each zone and the common course of it, against a straight line across the festival; what a zone's days lose in all
    is its drop times the course, so that months keep their energy."""
    inside = np.isin(offset, FESTIVAL_DAYS)
    before = daily[(offset >= -25) & (offset < -18)].mean()
    after = daily[(offset > 18) & (offset <= 25)].mean()
    weight = np.clip((FESTIVAL_DAYS + 21.5) / 43.5, 0, 1)[:, None]
    line = before.to_numpy() * (1 - weight) + after.to_numpy() * weight
    drop = 1 - daily[inside].to_numpy() / line
    deepest = drop[(FESTIVAL_DAYS >= 0) & (FESTIVAL_DAYS <= 4)].mean(axis=0)
    course = drop.sum(axis=1) / deepest.sum()
    course = np.convolve(np.pad(course, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    course = np.clip(course, 0, 1)
    return pd.Series(np.clip(drop.sum(axis=0) / course.sum(), 0, None), index=daily.columns), course


def _day_shapes(load, daily, kind, region) -> dict[str, float]:
    """Hour factors of the regions; returns each zone's swing relative to its region's."""
    relative = load / daily.loc[load.index.normalize()].to_numpy()
    season = (load.index.month.to_numpy() % 12) // 3
    resting = np.repeat(kind != 0, 24)
    rows, deviations = [], {}
    for place, name in enumerate(SEASONS):
        for rest, label in enumerate(DAY_KINDS):
            chosen = relative[(season == place) & (resting == bool(rest))]
            shape = chosen.groupby(chosen.index.hour).mean()
            for region_name, members in SHAPE_REGIONS.items():
                mean = shape[members].mean(axis=1)
                rows.append([region_name, name, label, *mean.round(4)])
                for zone in members:
                    deviations.setdefault(zone, []).append((shape[zone] - 1, mean - 1))
    _write(
        "day_shapes", pd.DataFrame(rows, columns=TABLES["day_shapes"]), f"mean of the region's provinces: {LOAD_SERIES}"
    )
    return {
        zone: sum((a * b).sum() for a, b in pairs) / sum((b * b).sum() for _, b in pairs)
        for zone, pairs in deviations.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
