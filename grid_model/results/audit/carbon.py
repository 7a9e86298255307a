"""Carbon of consumption: power that meets in a zone mixes, all that leaves it has the same mix, and nothing is lost.

symbol  unit    what
P       MW      what comes into a zone: generation, discharge, what loads inject and converters deliver, what lines bring
S       MW      what a line sends in one direction; its carbon arrives whole
E       tCO2/h  emitted by the generators of the zone
f       t/MWh   stored factor of consumption: P f = E + sum over lines into the zone of S f at their other end

A ring of zones from which nobody consumes has f = 0, and what is emitted into it stays there.
"""

from __future__ import annotations

import numpy as np

LEAST_MW = 1e-3  # less is no power
RELATIVE = 1e-9  # of the carbon of the step


def check_carbon(book, plants, sent) -> None:
    """Factors of production and consumption, and that what zones consume sums to what is emitted."""
    if not len(plants.names) or "emissions" not in book.dispatch:
        return
    zones, place = book.case.zones, book.zone_of("generators")
    produced = book.sums(book.stored("emissions", len(plants.names)) / book.hours, place, len(zones))
    generated = book.sums(np.maximum(plants.output, 0.0), place, len(zones))
    tables = book.case.tables
    fed_back = {"storage": book.stored("discharge", len(tables["storage"])),
                "loads": -book.case.profile("load", tables["loads"]["load"], 0.0),
                "converter_ports": book.stored("port_power", len(tables["converter_ports"]))}
    returned = sum(book.sums(np.maximum(power, 0.0), book.zone_of(table), len(zones)) for table, power in fed_back.items())
    start, end, leaving, arriving = _directed(book, sent)
    coming = generated + returned + book.sums(arriving, end, len(zones))
    going = book.sums(leaving, start, len(zones))
    factor = book.stored("carbon_factor_consumption", len(zones))
    some = coming > LEAST_MW
    known = np.where(some, factor, 0.0)
    brought = book.sums(leaving * known[start], end, len(zones))
    tolerance = LEAST_MW + RELATIVE * produced.sum(axis=0)
    ring = (coming - going <= LEAST_MW) & (known == 0)
    book.equal("carbon of consumption mixes", zones, np.where(ring, 0.0, coming * known - produced - brought),
               unit="tCO2/h", tolerance=tolerance)
    book.equal("carbon factor only where there is power", zones, np.isnan(factor).astype(float), ~some, unit="1", tolerance=0.0)
    made = book.stored("carbon_factor_production", len(zones))
    book.equal("carbon of production", zones, np.where(generated > LEAST_MW, made * generated, 0.0),
               np.where(generated > LEAST_MW, produced, 0.0), unit="tCO2/h", tolerance=tolerance)
    consumed = book.stored("emissions_consumption", len(zones))
    book.equal("carbon of what is consumed", zones, consumed, book.hours * (produced + brought - known * going),
               unit="tCO2", tolerance=book.hours * tolerance)
    book.equal("carbon consumed is carbon emitted", ["all zones"], consumed.sum(axis=0)[None],
               (produced.sum(axis=0) * book.hours)[None], unit="tCO2", tolerance=book.hours * tolerance)


def _directed(book, sent) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every line once in each direction: zones at both ends, power that leaves, and power that arrives [MW]."""
    table = book.case.tables["lines"]
    start, end = (book.zone_of("lines", name) for name in ("from_zone", "to_zone"))
    flow = np.nan_to_num(book.stored("flow", len(table), expected=False))
    leaving = np.concatenate([sent + flow, sent - flow]) / 2
    kept = 1 - np.tile(table["loss_fraction"].to_numpy(float), 2)[:, None]
    return np.concatenate([start, end]), np.concatenate([end, start]), leaving, leaving * kept
