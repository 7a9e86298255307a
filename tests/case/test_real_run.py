"""A run of the 31 provinces with all rules on a user's own hourly files: those of the real series, where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from case.real_series import needs_real_series, real_series, write_real_series
from typer.testing import CliRunner

from grid_model import open_results
from grid_model.cli import app

pytestmark = needs_real_series
ROOT = Path(__file__).resolve().parents[2]
NOON = pd.date_range("2027-07-01T11:00", periods=4, freq="h")
GROWTH = 1.157625  # of consumption in scenarios/china_2027.yaml


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Four hours around noon, when sun shines and wind blows, run from the command line as a user does."""
    folder = tmp_path_factory.mktemp("own")
    write_real_series(folder / "my_profiles", 2027)
    (folder / "own.yaml").write_text(
        f"extends: {ROOT / 'scenarios' / 'china_2027.yaml'}\n"
        f"profiles: my_profiles\n"
        f"horizon: {{start: {NOON[0]:%Y-%m-%dT%H:%M}, hours: {len(NOON)}}}\n"
    )
    done = CliRunner().invoke(app, ["run", str(folder / "own.yaml"), "--out", str(folder / "results")])
    assert done.exit_code == 0, done.output
    return open_results(folder / "results")


@pytest.fixture(scope="module")
def series():
    return real_series(2027)


def test_all_provinces_with_all_rules(results):
    summary = results.summary
    assert (summary["status"], summary["zones"], summary["steps"]) == ("optimal", 31, len(NOON))
    assert {"guaranteed_purchase", "reserves", "green_certificates", "carbon_market"} <= set(summary["policies"])
    assert any("my_profiles/load.base.parquet" in file for file in results.provenance["inputs_sha256"])


@pytest.mark.parametrize("technology", ["wind_onshore", "wind_offshore", "solar_utility", "solar_distributed"])
def test_wind_and_sun_are_those_of_the_files(results, series, technology):
    """Power available / capacity is the zone's column of the file. The synthesised hours are other numbers: see
    below."""
    available = results.dispatch.available
    wanted = (available.technology == technology) & (available.capacity_mw > 0)
    available = available[wanted.values]
    fraction = (available / available.capacity_mw).transpose("time", "generator")
    written = series[f"availability.{technology}"].loc[NOON, available.generator_zone.values]
    np.testing.assert_allclose(fraction, written, rtol=1e-6, atol=1e-9)


def test_load_has_the_shape_of_the_files(results, series):
    """The scenario's year of each province, spread over the hours as its column of the file is."""
    annual = pd.read_csv(ROOT / "inputs" / "china" / "loads.csv").set_index("zone")["annual_mwh"] * GROWTH
    written = series["load.base"].loc[:, annual.index]
    expected = written.loc[NOON] / written.sum() * annual
    load = results.dispatch["load"].transpose("time", "zone").sel(zone=annual.index.to_numpy())
    np.testing.assert_allclose(load, expected, rtol=1e-6)
