"""Commitment of converters: limits of what is on, starts and stops, least times in steps, ramps, the tighter relaxation.

symbol  unit  what
u       1     part that is on; x, y what starts and stops: at least the rise and the fall of u
p       MW    conversion: l u <= p <= h u
"""

from __future__ import annotations

import numpy as np


def check_converter_commitment(book, table, names, conversion, limits) -> None:
    """All laws of committed converters; arrays are (converters, steps)."""
    every = len(book.case.tables["converters"])
    rows = book.case.tables["converters"]["converter"].isin(names).to_numpy()
    on, starting, stopping = (book.stored(f"converter_{what}", every)[rows] for what in ("on", "starting", "stopping"))
    up, down = (table[f"{way}_steps_before"].to_numpy(float)[:, None] for way in ("up", "down"))
    was = np.column_stack([(down == 0) & (up > 0), on[:, :-1]]).astype(float)
    least, most = (_given(book, f"committed_{what}", names, limits[what]) for what in ("least", "most"))
    size = np.maximum(np.abs(least), np.abs(most)).max(axis=1, keepdims=True)
    slack = book.power / np.where(size > 0, np.maximum(size, 1.0), 1.0) + 1e-7
    for law, values in (("part on", on), ("part starting", starting), ("part stopping", stopping)):
        book.between(law, names, 0.0, values, 1.0, unit="1", tolerance=slack)
    book.at_most("what starts is the rise of what is on", names, on - was, starting, unit="1", tolerance=slack)
    book.at_most("what stops is the fall of what is on", names, was - on, stopping, unit="1", tolerance=slack)
    near = 2 * book.power + slack * size
    book.between("conversion within the limits of what is on", names, least * on, conversion, most * on, tolerance=near)
    for law, column, switched, staying, held in (
            ("least steps on", "min_up_steps", starting, on, np.where(down == 0, up, 0)),
            ("least steps off", "min_down_steps", stopping, 1 - on, down)):
        _check_least_steps(book, law, names, table[column].to_numpy(int), switched, staying, held, slack)
    _check_ramps(book, table, names, conversion, (on, was, starting), (least, most), near)


def _given(book, profile: str, names, otherwise) -> np.ndarray:
    values = book.case.profile(profile, names, np.nan)
    return np.where(np.isnan(values), otherwise, values)


def _check_least_steps(book, law, names, least, switched, staying, held, slack) -> None:
    """What was switched in the last steps is still in its state; so is what had to stay so at the start."""
    until = np.pad(np.cumsum(switched, axis=1), ((0, 0), (1, 0)))
    step = np.arange(book.steps)
    recent = np.stack([until[row, 1:] - until[row, np.maximum(step + 1 - steps, 0)] for row, steps in enumerate(least)])
    due = (held > 0) & (held + step < least[:, None])
    ruled = least > 0
    book.at_most(law, names[ruled], (recent + due)[ruled], staying[ruled], unit="1", tolerance=(slack * (1 + least[:, None]))[ruled])


def _check_ramps(book, table, names, conversion, state, limits, near) -> None:
    """Rise and fall within what stays on, starts and stops; with `tight` also by what starts."""
    (on, was, starting), (least, most) = state, limits
    whole = table[["capacity_mw", "reverse_capacity_mw"]].max(axis=1).to_numpy(float)[:, None] + np.zeros_like(on)
    rise, fall = (book.case.profile(f"conversion_{way}", names, table[f"ramp_{word}_mw_per_hour"].fillna(np.inf)) * book.hours
                  for way, word in (("rise", "up"), ("fall", "down")))
    start, stop = (table[f"{what}_mw"].to_numpy(float)[:, None] + np.zeros_like(on) for what in ("start", "stop"))
    rising, falling = np.isfinite(rise) | ~np.isnan(start), np.isfinite(fall) | ~np.isnan(stop)
    rise, fall = np.where(np.isfinite(rise), rise, whole), np.where(np.isfinite(fall), fall, whole)
    start, stop = np.where(np.isnan(start), whole, start), np.where(np.isnan(stop), whole, stop)
    first = np.where(was[:, 0] == 0, 0.0, table["initial_mw"].to_numpy(float))
    before = np.column_stack([first, conversion[:, :-1]])
    known, tight = ~np.isnan(before), table["tight"].to_numpy(bool)[:, None]
    change = conversion - np.nan_to_num(before)
    reach_up, reach_down = least + rise, least + fall
    laws = (
        ("rise of what is on", rising & known, change, rise * was + start * (on - was)),
        ("fall of what is on", falling & known, -change, fall * on + stop * (was - on)),
        ("output before a stop", tight & known, np.nan_to_num(before), stop * was + (most - stop) * (on - starting)),
        ("output after a start", tight, conversion, most * on - (most - start) * starting),
        ("rise with a start", tight & known, change, reach_up * on - least * was - (reach_up - start) * starting),
        ("fall with a stop", tight & known, -change, stop * was - (stop - fall) * on + (reach_down - stop) * starting))
    for law, ruled, values, limit in laws:
        book.at_most(law, names, np.where(ruled, values - limit, 0.0), 0.0, tolerance=2 * near)
