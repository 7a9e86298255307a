"""Balance of every zone and step, what loads ask for, and the facts that ride along.

generation + discharge - charge + arriving - sent + converted + reduced - added demand + unserved - demand = 0    [MW]
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# coordinate of the dispatch: input table and column
ELSE = {"reverse_capacity_mw": "capacity_mw"}  # column that says what an empty cell does not
FACTS = {
    "zone": ("zones", "zone"),
    "generator": ("generators", "generator"),
    "generator_zone": ("generators", "zone"),
    "technology": ("generators", "technology"),
    "capacity_mw": ("generators", "capacity_mw"),
    "purchase_class": ("generators", "purchase_class"),
    "storage": ("storage", "storage"),
    "storage_zone": ("storage", "zone"),
    "storage_technology": ("storage", "technology"),
    "power_mw": ("storage", "power_mw"),
    "energy_mwh": ("storage", "energy_mwh"),
    "place": ("storage", "place"),
    "line": ("lines", "line"),
    "from_zone": ("lines", "from_zone"),
    "to_zone": ("lines", "to_zone"),
    "line_capacity_mw": ("lines", "capacity_mw"),
    "line_reverse_capacity_mw": ("lines", "reverse_capacity_mw"),
    "line_loss_fraction": ("lines", "loss_fraction"),
    "line_name_zh": ("lines", "name_zh"),
    "reservoir": ("reservoirs", "reservoir"),
    "reservoir_generator": ("reservoirs", "generator"),
    "reservoir_capacity_mwh": ("reservoirs", "capacity_mwh"),
    "reservoir_name_zh": ("reservoirs", "name_zh"),
    "consumer": ("loads", "load"),
    "consumer_zone": ("loads", "zone"),
    "consumer_kind": ("loads", "kind"),
    "programme": ("demand_response", "programme"),
    "programme_zone": ("demand_response", "zone"),
    "programme_kind": ("demand_response", "kind"),
    "converter": ("converters", "converter"),
    "converter_kind": ("converters", "kind"),
    "port": ("converter_ports", "port"),
    "port_converter": ("converter_ports", "converter"),
    "port_zone": ("converter_ports", "zone"),
    "region": ("zones", "region"),
    "latitude": ("zones", "latitude"),
    "longitude": ("zones", "longitude"),
    "name_zh": ("zones", "name_zh"),
    "zone_code": ("zones", "code"),
}


def check_facts(book) -> bool:
    """Names and facts in the dispatch are those of the inputs, in their order; the same hours. False: it is no
    use to go on."""
    dispatch, same = book.dispatch, []
    for name, (table, column) in FACTS.items():
        if name in dispatch.coords and column in book.case.tables[table]:
            facts = book.case.tables[table]
            told = facts[column].fillna(facts[ELSE[column]]) if column in ELSE else facts[column]
            same.append((name, _same(dispatch[name].values, told)))
    same.append(
        (
            "time",
            np.array_equal(dispatch["time"].values.astype("datetime64[s]"), book.case.time.to_numpy("datetime64[s]")),
        )
    )
    same.append(("step_hours", np.array_equal(dispatch["step_hours"].values, book.hours)))
    weight = dispatch["step_weight"].values if "step_weight" in dispatch.coords else np.ones(book.steps)
    same.append(("step_weight", np.allclose(weight * book.hours, book.counted, rtol=1e-12, atol=0.0)))
    book.equal(
        "facts stored as in the inputs",
        [name for name, _ in same],
        [float(not fine) for _, fine in same],
        unit="1",
        tolerance=0.0,
    )
    essential = {"zone", "generator", "storage", "line", "reservoir", "consumer", "programme", "converter", "port", "time"}
    return all(fine for name, fine in same if name in essential)


def _same(stored: np.ndarray, given: pd.Series) -> bool:
    if len(stored) != len(given):
        return False
    if stored.dtype.kind == "f":
        return bool(np.array_equal(stored, given.to_numpy(float), equal_nan=True))
    return [str(value) for value in stored] == [str(value) for value in given.fillna("")]


def check_loads(book) -> np.ndarray:
    """Demand is the input, unserved is a part of it, zones are sums; unserved less demand by zone [MW]."""
    names, zones = book.case.tables["loads"]["load"].to_numpy(object), book.case.zones
    demand = book.stored("demand", len(names))
    unserved = book.stored("unserved_demand", len(names))
    book.equal("demand as given", names, demand, book.case.profile("load", names, 0.0))
    book.between("unserved within demand", names, 0.0, unserved, np.maximum(demand, 0.0))
    position = book.zone_of("loads")
    for name, values in (("load", demand), ("unserved", unserved)):
        book.equal(
            f"{name} of a zone is the sum of its consumers",
            zones,
            book.stored(name, len(zones), len(names) > 0),
            book.sums(values, position, len(zones)),
        )
    return book.sums(unserved - demand, position, len(zones))


def check_balance(book, *injections: np.ndarray) -> None:
    """The sum of all that is fed into a zone is nothing."""
    book.equal("balance", book.case.zones, sum(injections))
