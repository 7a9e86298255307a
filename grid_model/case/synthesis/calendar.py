"""The hours of a calendar year, and what kind of day each is in China.

A year is always made whole, from its first hour to its last, in Beijing time; a horizon is cut out of it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import holidays
import numpy as np
import pandas as pd

SPRING_FESTIVAL = "Chinese New Year (Spring Festival)"
WORKDAY, SATURDAY, SUNDAY, HOLIDAY = range(4)


@dataclass(frozen=True)
class CalendarYear:
    """One year: its hours (Beijing time, start of step), months, days and kinds of day."""

    year: int

    @cached_property
    def time(self) -> pd.DatetimeIndex:
        return pd.date_range(f"{self.year}-01-01", f"{self.year + 1}-01-01", freq="h", inclusive="left")

    @cached_property
    def days(self) -> pd.DatetimeIndex:
        return self.time[::24]

    @cached_property
    def month_starts(self) -> np.ndarray:
        """First hour of each month, and the number of hours of the year as the thirteenth [hours]."""
        lengths = np.bincount(self.time.month, minlength=13)[1:]
        return np.concatenate([[0], np.cumsum(lengths)])

    @cached_property
    def day_kind(self) -> np.ndarray:
        """WORKDAY, SATURDAY, SUNDAY or HOLIDAY of each day; a weekend day worked in exchange is a WORKDAY."""
        days_off, worked_weekends, _ = _chinese_days(self.year)
        kind = np.select([self.days.day_of_week == 5, self.days.day_of_week == 6], [SATURDAY, SUNDAY], WORKDAY)
        dates = self.days.date
        kind[np.isin(dates, list(worked_weekends))] = WORKDAY
        kind[np.isin(dates, list(days_off))] = HOLIDAY
        return kind

    @cached_property
    def days_from_spring_festival(self) -> np.ndarray:
        """Days since the first day of the lunar year (negative before it), for each day."""
        _, _, first = _chinese_days(self.year)
        return (self.days - pd.Timestamp(first)).days.to_numpy()


def _chinese_days(year: int):
    """Days off, weekend days worked in exchange, first day of Spring Festival; as announced, else as the law fixes."""
    calendar = holidays.China(years=year, language="en_US")
    first = min(date for date, name in calendar.items() if name == SPRING_FESTIVAL)
    return calendar.keys(), calendar.weekend_workdays, first
