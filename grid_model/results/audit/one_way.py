"""What runs against itself: a store's min(c, d) and a line's min(F, B) = (F + B - |f|) / 2, recomputed   [MW]

Stores whose charging and discharging equipment stand apart may run both. Whatever else does is in the table `burning`, to
the MWh, and the summary's `directions.left` counts it: none, but where energy must be burnt. A store does so only where the price
of its zone is negative.
"""

from __future__ import annotations

import numpy as np

LEAST_MW = 1e-3  # less than this is rounding
NEGATIVE = -1e-6  # CNY/MWh


def check_one_way(book, sent, tables, summary) -> None:
    """`sent` is F + B of each line [MW]."""
    if tables is None or "burning" not in tables:
        return
    stores, lines = book.case.tables["storage"], book.case.tables["lines"]
    charge, discharge = (book.stored(name, len(stores), False) for name in ("charge", "discharge"))
    single = ~stores["separate_equipment"].to_numpy(bool)
    flow = np.abs(np.nan_to_num(book.stored("flow", len(lines), False)))
    lossy = lines["loss_fraction"].to_numpy(float) > 0
    table, steps = tables["burning"], 0
    for kind, names, power in (("storage", stores["storage"][single], np.minimum(charge, discharge)[single]),
                               ("line", lines["line"][lossy], (sent - flow)[lossy] / 2)):
        power = np.where(power > LEAST_MW, power, 0.0)
        shown = table[table["kind"] == kind].groupby("name")["energy_mwh"].sum()
        book.equal("energy that runs against itself as shown", names.to_numpy(object), power @ book.hours,
                   shown.reindex(names, fill_value=0.0).to_numpy(float), unit="MWh", tolerance=10 * book.energy)
        book.equal("energy that runs against itself as shown", [kind], [float(shown.drop(names, errors="ignore").sum())], unit="MWh")
        steps += np.count_nonzero(power)
    if book.case.scenario.solve.one_way:
        paid = book.stored("price", len(book.case.zones))[book.zone_of("storage")] < NEGATIVE
        unpaid = np.where(single[:, None] & ~paid, np.minimum(charge, discharge), 0.0)
        book.at_most("stores burn only at a negative price", stores["storage"], unpaid)
    directions = (summary or {}).get("directions")
    if directions is not None and book.case.scenario.solve.one_way:
        book.equal(
            "steps that run against themselves as counted", ["all"], [float(steps)], float(directions["left"]), unit="1", tolerance=0.0
        )
