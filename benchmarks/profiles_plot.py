"""Measure synthesised profiles against real hourly series, and draw both.

    python benchmarks/profiles_plot.py              writes docs/profiles.png and prints the table of docs/profiles.md

Needs matplotlib and the folder ../shared/data/china beside the repository.
"""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from case.real_series import REAL_FOLDER, real_series  # noqa: E402

from grid_model.case.profiles import synthesise  # noqa: E402

FACTS = ROOT / "inputs" / "china" / "synthesis"
SERIES = {
    "load.base": "load",
    "availability.wind_onshore": "wind on land",
    "availability.wind_offshore": "wind at sea",
    "availability.solar_utility": "sun",
}
SEEDS = range(1, 6)
YEAR = 2018


def measures(made: pd.DataFrame, real: pd.DataFrame, month: pd.Index) -> dict[str, float]:
    """Figures of one series, worst zone or mean as named."""
    upper = np.triu_indices(made.shape[1], 1)
    pairs, real_pairs = made.corr().to_numpy()[upper], real.corr().to_numpy()[upper]
    distance = np.abs(np.sort(made.to_numpy(), axis=0) - np.sort(real.to_numpy(), axis=0)).mean(axis=0) / real.mean()
    ramps = made.diff().std() / real.diff().std()
    months = made.groupby(month).mean() / real.groupby(month).mean() - 1
    found = {
        "yearly energy, worst zone (difference, %)": 100 * (made.mean() / real.mean() - 1).abs().max(),
        "monthly energy, worst zone and month (difference, %)": 100 * months.abs().max(axis=None),
        "duration curve, mean distance / mean, median zone (%)": 100 * distance.median(),
        "duration curve, mean distance / mean, worst zone (%)": 100 * distance.max(),
        "standard deviation, mean ratio": (made.std() / real.std()).mean(),
        "standard deviation of hourly ramps, mean ratio": ramps.mean(),
        "standard deviation of hourly ramps, lowest zone's ratio": ramps.min(),
        "standard deviation of hourly ramps, highest zone's ratio": ramps.max(),
    }
    for lag in (1, 24, 168):
        own, other = (np.array([frame[zone].autocorr(lag) for zone in frame]) for frame in (made, real))
        found[f"autocorrelation {lag} h, mean (real)"] = other.mean()
        found[f"autocorrelation {lag} h, mean (made)"] = own.mean()
        found[f"autocorrelation {lag} h, worst zone's difference"] = np.abs(own - other).max()
    return found | {
        "correlation of provinces, mean of pairs (real)": real_pairs.mean(),
        "correlation of provinces, mean of pairs (made)": pairs.mean(),
        "correlation of provinces, mean absolute difference": np.abs(pairs - real_pairs).mean(),
    }


def national(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """National output [GW] with the capacities of the end of 2024, and load."""
    capacity = pd.read_csv(REAL_FOLDER / "capacity_by_province_end2024.csv", index_col="province")
    capacity = capacity[["wind_mw_2024_11", "solar_mw"]].fillna(0) / 1000
    wind, solar = frames["availability.wind_onshore"], frames["availability.solar_utility"]
    output = pd.DataFrame(
        {
            "wind": wind @ capacity["wind_mw_2024_11"].loc[wind.columns],
            "sun": solar @ capacity["solar_mw"].loc[solar.columns],
        }
    )
    return output.assign(**{"wind and sun": output.sum(axis=1), "load": frames["load.base"].sum(axis=1) / 1000})


def table(real, made_by_seed) -> pd.DataFrame:
    """Rows of measures, one column per series: median over the seeds."""
    month, columns = real["load.base"].index.month, {}
    for key, label in SERIES.items():
        found = [measures(made[key][real[key].columns], real[key], month) for made in made_by_seed]
        columns[label] = pd.DataFrame(found).median()
    return pd.DataFrame(columns)


def draw(real, made, file: Path) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(15, 7.6), constrained_layout=True)
    week = slice("2018-07-09", "2018-07-15")
    colours = {"real": "#555555", "made": "#d55e00"}
    both = {"real": real, "made": {key: made[key][frame.columns] for key, frame in real.items()}}
    nation = {name: national(frames) for name, frames in both.items()}
    for name, frame in nation.items():
        axes[0, 0].plot(frame.loc[week, "wind and sun"].to_numpy(), color=colours[name], label=name)
        axes[0, 1].plot(frame.loc[week, "load"].to_numpy(), color=colours[name])
        axes[1, 2].plot(frame["load"].resample("D").mean().to_numpy(), color=colours[name], linewidth=0.9)
    axes[0, 0].set(title="wind and sun of all provinces, a week of July [GW]", xlabel="hour")
    axes[0, 1].set(title="load of all provinces, the same week [GW]", xlabel="hour")
    axes[1, 2].set(title="load of all provinces, daily means [GW]", xlabel="day")
    for zone, style in (("Inner Mongolia", "-"), ("Fujian", "--"), ("Sichuan", ":")):
        for name, frames in both.items():
            curve = np.sort(frames["availability.wind_onshore"][zone].to_numpy())[::-1]
            axes[0, 2].plot(curve, style, color=colours[name], label=zone if name == "real" else None)
    axes[0, 2].set(title="duration of wind on land [1]", xlabel="hours of the year")
    axes[0, 2].legend(frameon=False)
    for key, marker, label in (
        ("availability.wind_onshore", "o", "wind on land"),
        ("availability.solar_utility", "+", "sun"),
    ):
        ramps = [frames[key].diff().std() for frames in both.values()]
        axes[1, 0].plot(*ramps, marker, color="#0072b2", markersize=5, label=label, fillstyle="none")
    axes[1, 0].plot([0, 0.09], [0, 0.09], color="#999999", linewidth=0.8)
    axes[1, 0].set(title="standard deviation of hourly ramps, each province", xlabel="real", ylabel="made")
    axes[1, 0].legend(frameon=False)
    upper = np.triu_indices(31, 1)
    wind = [frames["availability.wind_onshore"].corr().to_numpy()[upper] for frames in both.values()]
    axes[1, 1].plot(*wind, ".", color="#0072b2", markersize=3)
    axes[1, 1].plot([-0.3, 1], [-0.3, 1], color="#999999", linewidth=0.8)
    axes[1, 1].set(title="correlation of wind, each pair of provinces", xlabel="real", ylabel="made")
    axes[0, 0].legend(frameon=False)
    figure.savefig(file, dpi=75)


def main() -> None:
    real = real_series(YEAR)
    hours = real["load.base"].index
    started = clock.perf_counter()
    made_by_seed = [synthesise(FACTS, hours, seed=seed) for seed in SEEDS]
    seconds = (clock.perf_counter() - started) / len(SEEDS)
    found = table(real, made_by_seed)
    print(_markdown(found))
    nation = [national(made) for made in made_by_seed]
    truth = national(real)
    rows = {
        "standard deviation": [truth.std(), pd.DataFrame([frame.std() for frame in nation]).median()],
        "standard deviation of hourly ramps": [
            truth.diff().std(),
            pd.DataFrame([frame.diff().std() for frame in nation]).median(),
        ],
        "highest hour": [truth.max(), pd.DataFrame([frame.max() for frame in nation]).median()],
        "lowest hour": [truth.min(), pd.DataFrame([frame.min() for frame in nation]).median()],
    }
    flat = {
        f"{name}, {side} [GW]": values
        for name, pair in rows.items()
        for side, values in zip(("real", "made"), pair, strict=True)
    }
    print(_markdown(pd.DataFrame(flat).T))
    print(f"{seconds:.2f} s a year of all series")
    draw(real, made_by_seed[0], ROOT / "docs" / "profiles.png")


def _markdown(frame: pd.DataFrame) -> str:
    lines = ["| | " + " | ".join(frame.columns) + " |", "|---|" + "---|" * frame.shape[1]]
    lines += [
        f"| {name} | " + " | ".join(f"{value:.3g}" for value in row) + " |"
        for name, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
