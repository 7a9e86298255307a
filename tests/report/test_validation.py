"""Validation against statistics: two zones, two months and figures that can be added up by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from grid_model.report.validation import compare, verdict
from grid_model.report.validation_plots import plot_nation, plot_provinces


@pytest.fixture
def dispatch():
    """One step in January and one in March, 1000 hours each: coal 3, biomass 1, wind 2 of 4 GW in the west, pumped
    hydro in
    the east; 1 GW goes east in January with 10 % loss, 0.5 GW west in March."""
    generators = {"generator_zone": ["West"] * 3, "technology": ["coal", "biomass", "wind_onshore"]}
    power = np.array([[3000.0, 3000.0], [1000.0, 1000.0], [2000.0, 4000.0]])
    available = np.array([[3000.0, 3000.0], [1000.0, 1000.0], [4000.0, 4000.0]])
    curtailed = available - power
    return xr.Dataset(
        {
            "generation": (("generator", "time"), power),
            "available": (("generator", "time"), available),
            "curtailment": (("generator", "time"), curtailed),
            "discharge": (("storage", "time"), [[100.0, 0.0]]),
            "flow": (("line", "time"), [[1000.0, -500.0]]),
            "loss": (("line", "time"), [[100.0, 50.0]]),
        },
        coords={
            "time": pd.to_datetime(["2024-01-10", "2024-03-10"]),
            "step_hours": ("time", [1000.0, 1000.0]),
            **{name: ("generator", values) for name, values in generators.items()},
            "generator": ["c", "b", "w"],
            "storage": ["p"],
            "storage_zone": ("storage", ["East"]),
            "storage_technology": ("storage", ["pumped_hydro"]),
            "line": ["out"],
            "from_zone": ("line", ["West"]),
            "to_zone": ("line", ["East"]),
            "zone": ["West", "East"],
            "region": ("zone", ["W", "E"]),
        },
    )


@pytest.fixture
def observed(tmp_path):
    tables = {
        "national_generation": "technology,year,energy_gwh\nthermal,2024,8000\nhydro,2024,100\nwind,2024,5000\ncoal,2024,6600",
        "monthly_generation": "zone,technology,year,months,energy_gwh\nWest,thermal,2024,01-02,5000\nWest,thermal,2024,03,4400",
        "mean_capacity": "zone,technology,year,mean_capacity_mw\nWest,thermal,2024,2000\nWest,wind,2024,4000",
        "utilisation_hours": "zone,technology,period,utilisation_hours\nWest,wind,2023,1\nWest,wind,2024-01 to 2024-02,400",
        "utilisation_rate": "zone,part,technology,month,utilisation_rate_percent\nWest,,wind,2024-01,80\nWest,,wind,2024-03,74\n"
        "China,,wind,2024-01,75",
        "net_import": "zone,year,net_import_gwh\nWest,2024,-600\nEast,2024,500",
        "interregional_flows": "from_region,to_region,year,energy_gwh,months\nW,E,2022,500,6",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    return tmp_path


def row(table, **where):
    return table[np.logical_and.reduce([table[name] == value for name, value in where.items()])].iloc[0]


def test_tables(dispatch, observed):
    """Biomass counts as thermal, pumped hydro as hydro; January stands for January and February; hours are energy over
    the
    published capacity; the rate is energy taken over energy available."""
    tables = compare(dispatch, observed)
    assert row(tables["national"], technology="thermal")["model_gwh"] == pytest.approx(8000)
    assert row(tables["national"], technology="coal")["difference_percent"] == pytest.approx(100 * (6000 / 6600 - 1))
    assert row(tables["national"], technology="hydro")["model_gwh"] == pytest.approx(100)
    assert tables["monthly"]["difference_percent"].tolist() == pytest.approx([-20, 100 * (4000 / 4400 - 1)])
    assert row(tables["thermal"], zone="West")[["observed_hours", "model_hours"]].tolist() == pytest.approx(
        [4700, 4000]
    )
    assert row(tables["hours"], zone="West")[["observed_hours", "model_hours"]].tolist() == pytest.approx([400, 500])
    assert len(tables["hours"]) == 1  # other periods are left out
    rate = row(tables["utilisation"], zone="West", technology="wind")
    assert rate[["observed_percent", "model_percent"]].tolist() == pytest.approx([77, 75])
    assert row(tables["utilisation"], zone="China", technology="wind")["difference_points"] == pytest.approx(0)


def test_trade(dispatch, observed):
    """West sends 1000 and receives 450; East receives 900 and sends 500: net imports -550 and 400 GWh."""
    tables = compare(dispatch, observed)
    assert tables["net_import"]["model_gwh"].tolist() == pytest.approx([-550, 400])
    flows = tables["interregional"].set_index(["from_region", "to_region"])
    assert flows.loc[("W", "E")].tolist() == pytest.approx([1000, 1000]) and flows.loc[("E", "W"), "model_gwh"] == 500


def test_verdict_and_plots(dispatch, observed, tmp_path):
    """Thermal within 3 % and hydro exact, wind 20 % off; hours 15 % off; the rate 2 points off."""
    tables = compare(dispatch, observed)
    aims = verdict(tables).set_index("aim")
    assert aims["reached"].tolist() == [2, 0, 1, 0] and not aims["passed"].any()
    plot_nation(tables, tmp_path / "nation.png")
    plot_provinces(tables, tmp_path / "provinces.png")
    assert min((tmp_path / name).stat().st_size for name in ("nation.png", "provinces.png")) > 10_000
