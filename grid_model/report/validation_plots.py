"""Plots of a validation: the nation by technology and month, the provinces by thermal hours, curtailment and trade."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

OBSERVED, MODEL = "#4d4d4d", "#d97706"


def plot_nation(tables: dict[str, pd.DataFrame], file: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2), constrained_layout=True)
    table = tables["national"]
    _bars(left, table["technology"], table["observed_gwh"] / 1000, table["model_gwh"] / 1000)
    for place, row in enumerate(table.itertuples()):
        left.annotate(
            f"{row.difference_percent:+.1f} %",
            (place, max(row.observed_gwh, row.model_gwh) / 1000),
            ha="center",
            va="bottom",
            fontsize=8,
        )
    left.set(title="Generation of the year", ylabel="TWh")
    left.margins(y=0.1)
    monthly = tables["monthly"]
    for technology, line in (("thermal", "-"), ("hydro", "--")):
        sums = (
            monthly[monthly["technology"] == technology].groupby("months")[["observed_gwh", "model_gwh"]].sum() / 1000
        )
        for column, color in (("observed_gwh", OBSERVED), ("model_gwh", MODEL)):
            right.plot(sums.index, sums[column], line, color=color, label=f"{technology}, {column[:-4]}")
    right.set(title="By published period (January and February together)", ylabel="TWh", ylim=(0, None))
    right.legend(fontsize=8, loc="upper right", ncols=2)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def plot_provinces(tables: dict[str, pd.DataFrame], file: Path) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(14, 10), constrained_layout=True)
    thermal = tables["thermal"].sort_values("observed_hours")
    _bars(axes[0, 0], thermal["zone"], thermal["observed_hours"], thermal["model_hours"])
    axes[0, 0].errorbar(
        np.arange(len(thermal)),
        thermal["observed_hours"],
        yerr=0.1 * thermal["observed_hours"],
        fmt="none",
        ecolor="#1f77b4",
        elinewidth=1,
        label="10 % of it",
    )
    axes[0, 0].set(title="Utilisation hours of thermal plant", ylabel="h")
    trade = tables["net_import"].sort_values("observed_gwh")
    _bars(axes[0, 1], trade["zone"], trade["observed_gwh"] / 1000, trade["model_gwh"] / 1000)
    axes[0, 1].set(title="Net import", ylabel="TWh")
    for axis, technology in zip(axes[1], ("wind", "solar")):
        rate = tables["utilisation"].query("technology == @technology").sort_values("observed_percent")
        place = np.arange(len(rate))
        axis.vlines(place, rate["observed_percent"], rate["model_percent"], color="#bbbbbb")
        axis.plot(place, rate["observed_percent"], "o", color=OBSERVED, label="observed")
        axis.plot(place, rate["model_percent"], "D", color=MODEL, ms=5, label="model")
        axis.set_xticks(place, rate["zone"], rotation=90, fontsize=8)
        axis.set(title=f"Part of available {technology} energy taken", ylabel="%")
    for axis in axes.flat:
        axis.legend(fontsize=8)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _bars(axis, names, observed, model) -> None:
    place = np.arange(len(names))
    axis.bar(place - 0.2, observed, 0.4, color=OBSERVED, label="observed")
    axis.bar(place + 0.2, model, 0.4, color=MODEL, label="model")
    axis.set_xticks(place, names, rotation=90, fontsize=8)
    axis.legend(fontsize=8)
