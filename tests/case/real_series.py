"""Real hourly series beside the repository, where there are any: read, brought to one year, written as a user's folder.

The series stand in ../shared/data/china: load of 2018 scaled to the months of 2024, wind on land and sun of 2020 scaled
to utilisation hours, wind at sea of 2020 as it is. They are no part of the project.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REAL_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "china"
FILES = {
    "load.base": "hourly_load_scaled2024_mw",
    "availability.wind_onshore": "hourly_onwind_cf_2020_calibrated",
    "availability.wind_offshore": "hourly_offwind_cf_2020_raw",
    "availability.solar_utility": "hourly_solar_cf_2020_calibrated",
}
SAME_SERIES = {
    "availability.wind_distributed": "availability.wind_onshore",
    "availability.solar_distributed": "availability.solar_utility",
    "availability.solar_thermal": "availability.solar_utility",
}
needs_real_series = pytest.mark.skipif(
    not REAL_FOLDER.is_dir(), reason="needs the folder ../shared/data/china beside the repository"
)


def real_series(year: int) -> dict[str, pd.DataFrame]:
    """The series at the hours of a year, keyed as synthesised profiles are; 29 February repeats the day before it.

    Availability is stamped at the end of its hour in the files and at the start here. There is no series for
    distributed wind and sun or for collectors: these repeat wind on land and sun.
    """
    time = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", inclusive="left")
    frames = {key: _common_year(name, key).set_axis(_hour_keys(2027)) for key, name in FILES.items()}
    keys = _without_leap_day(time).strftime("%m-%d %H")
    frames = {key: frame.loc[keys].set_axis(time) for key, frame in frames.items()}
    return frames | {key: frames[source] for key, source in SAME_SERIES.items()}


def write_real_series(folder: Path, year: int) -> Path:
    """Write the series as a user's folder of profiles: <key>.parquet, first column `time`."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, frame in real_series(year).items():
        frame.rename_axis("time").reset_index().to_parquet(folder / f"{key}.parquet", index=False)
    return folder


def _common_year(name: str, key: str) -> pd.DataFrame:
    """A file's 8,760 hours without 29 February, each at the start of its step."""
    frame = pd.read_csv(REAL_FOLDER / f"{name}.csv.gz", index_col=0)
    if key == "load.base":
        return frame
    time = pd.to_datetime(frame.index)
    frame = frame[~((time.month == 2) & (time.day == 29))]
    return pd.DataFrame(np.roll(frame.to_numpy(), -1, axis=0), columns=frame.columns)


def _hour_keys(year: int) -> pd.Index:
    return pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", inclusive="left").strftime("%m-%d %H")


def _without_leap_day(time: pd.DatetimeIndex) -> pd.DatetimeIndex:
    leap_day = (time.month == 2) & (time.day == 29)
    return time.where(~leap_day, time - pd.Timedelta(days=1))
