"""A small model that a test writes its rules into, for the tests of the algebra."""

from __future__ import annotations

import pyomo.environ as pyo
from matrices import rows_of, same_matrix

UNITS, ZONES, STEPS = ["煤电", "风电", "光伏"], ["青海", "北京"], [1, 2, 3, 4]
UNITS_IN = {"青海": ["风电", "光伏"], "北京": ["煤电"]}
LINKS = [("青海", "北京"), ("北京", "青海"), ("青海", "青海")]


def compared(write):
    """The programme of a model that `write` fills, the same as Pyomo's expansion of it."""
    return same_matrix(lambda: model_of(write), lambda: model_of(write, construct=True))


def model_of(write, construct=False):
    model = pyo.AbstractModel()
    model.units, model.zones = pyo.Set(initialize=UNITS), pyo.Set(initialize=ZONES)
    model.steps, model.borders = pyo.RangeSet(1, 4), pyo.RangeSet(0, 4)
    model.units_in = pyo.Set(model.zones, initialize=UNITS_IN)
    model.links = pyo.Set(dimen=2, initialize=LINKS)
    model.power = pyo.Var(model.units, model.steps, bounds=(0, None))
    model.level = pyo.Var(model.units, model.borders)
    model.flow = pyo.Var(model.links, model.steps)
    model.total = pyo.Var()
    write(model)
    if construct:
        model.construct()
    return model


def row(program, *name) -> tuple:
    return rows_of(program)[name]
