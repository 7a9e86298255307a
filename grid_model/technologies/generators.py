"""The table `generators`: columns that more than one kind of plant reads, and the rows of one kind."""

from __future__ import annotations

import pandas as pd

from grid_model.case.tables import number

GENERATORS = [
    number("variable_cost_cny_per_mwh", unit="CNY/MWh", default=0, by_technology=True,
           meaning="cost per energy generated: fuel, water, operation; may be negative"),
    number("min_output_fraction", unit="1", minimum=0, maximum=1, default=0, by_technology=True,
           meaning="least output: of what is online where there is commitment, else of capacity"),
    number("max_output_fraction", unit="1", minimum=0, maximum=1, default=1, by_technology=True,
           meaning="greatest output as part of capacity where no availability profile says otherwise"),
]


def of_kind(case, kind: str) -> pd.DataFrame:
    """Generators whose technology is of a kind (`thermal`, `renewable` or `hydro`)."""
    technologies = case.tables["technologies"].set_index("technology")
    table = case.tables["generators"]
    return table[table["technology"].map(technologies["kind"]).to_numpy(object) == kind]
