"""The picture of the README: a solved week of the nation, from its results folder.

python benchmarks/week_plot.py results/china_2027_week docs/week.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as dates
import matplotlib.pyplot as plt
import numpy as np

import grid_model as gm

ORDER = [("Nuclear", ("nuclear",), "#9467bd"), ("Hydro", ("hydro_reservoir", "hydro_run_of_river"), "#3182bd"),
         ("Biomass and other", ("biomass", "geothermal", "marine", "by_product"), "#8c6d31"),
         ("Heat and power", ("coal_chp", "gas_chp"), "#8d7b70"), ("Coal", ("coal", "coal_ccs"), "#4d4d4d"), ("Gas", ("gas",), "#c9885b"),
         ("Wind", ("wind_onshore", "wind_offshore", "wind_distributed"), "#7fbf7b"),
         ("Sun", ("solar_utility", "solar_distributed", "solar_thermal"), "#fdb813")]


def main(folder: str, picture: str) -> None:
    results = gm.open_results(folder)
    data = results.dispatch
    by_technology = data["generation"].groupby("technology").sum()
    time = data["time"].values
    figure, (power, price) = plt.subplots(2, 1, figsize=(11, 6.4), sharex=True, height_ratios=[3, 1], layout="constrained")
    labels, stacks, colours = [], [], []
    for label, names, colour in ORDER:
        present = [name for name in names if name in by_technology["technology"].values]
        if present:
            labels.append(label)
            stacks.append(by_technology.sel(technology=present).sum("technology").values / 1e3)
            colours.append(colour)
    discharge, charge = (data[name].sum("storage").values / 1e3 for name in ("discharge", "charge"))
    power.stackplot(time, [*stacks, discharge], labels=[*labels, "Storage"], colors=[*colours, "#e377c2"], linewidth=0)
    power.fill_between(time, -charge, 0, color="#e377c2", alpha=0.6, linewidth=0)
    power.plot(time, data["load"].sum("zone").values / 1e3, color="black", linewidth=1.4, label="Load")
    power.set_ylabel("GW")
    power.set_title(f"{results.summary['zones']} provinces, {str(time[0])[:10]} and {results.summary['hours'] / 24:g} days: "
                    f"{results.summary['objective_cny'] / 1e9:,.1f} billion CNY, dispatch by hour")
    power.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, reverse=True)
    load = data["load"]
    values = data["price"].values
    mean = np.nansum(values * load.values, axis=0) / np.nansum(np.where(np.isnan(values), np.nan, load.values), axis=0)
    price.fill_between(time, np.nanquantile(values, 0.1, axis=0), np.nanquantile(values, 0.9, axis=0), color="#9ecae1",
                       label="10 to 90 % of zones", linewidth=0)
    price.plot(time, mean, color="#08519c", label="weighted by load")
    price.set_ylabel("price\nCNY/MWh")
    price.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    price.xaxis.set_major_formatter(dates.DateFormatter("%a %d %b"))
    price.set_xlim(time[0], time[-1])
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:3])
