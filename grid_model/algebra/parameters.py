"""Array parameters: numbers in one numpy array that a Pyomo rule indexes by label.

Inside a template an index is a placeholder, and indexing gives an expression that `lowering` later evaluates for all
rows at once. In an ordinary Pyomo model an index is a label, and indexing gives the number.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from pyomo.core.expr.numvalue import native_types
from pyomo.core.expr.template_expr import NPV_Numeric_GetItemExpression


class Array:
    """Values over label sets, one axis per set.

    Parameters
    ----------
    values : array-like of shape (len(sets[0]), len(sets[1]), ...)
        Numbers, or labels (strings, integers) that are used as indices themselves.
    sets : Pyomo sets of dimension one, or sequences of labels
    name : str, shown where an equation is printed
    """

    def __init__(self, values, *sets, name: str = "data"):
        self.values = _widest(np.asarray(values))
        self.sets = sets
        self.name = name
        if self.values.ndim != len(sets):
            raise ValueError(f"{name}: {self.values.ndim} axes, but {len(sets)} sets")

    def __getitem__(self, index):
        index = index if type(index) is tuple else (index,)
        if len(index) != len(self.sets):
            raise IndexError(f"{self.name} has {len(self.sets)} axes, the index has {len(index)}")
        if any(item.__class__ not in native_types for item in index):
            return NPV_Numeric_GetItemExpression((self, *index))
        cell = tuple(positions[item] for positions, item in zip(self._positions, index))
        return self.values[cell].item() if self.values.dtype != object else self.values[cell]

    @cached_property
    def _positions(self) -> list[dict]:
        """Position of each label along each axis."""
        for labels, size in zip(self.sets, self.values.shape):
            if len(labels) != size:
                raise ValueError(f"{self.name}: an axis of {size} has {len(labels)} labels")
        return [{label: position for position, label in enumerate(labels)} for labels in self.sets]

    def __str__(self):
        return self.name

    # What Pyomo's expression tree asks of a leaf.
    def is_expression_type(self, *_):
        return False

    def is_numeric_type(self):
        return False

    def is_variable_type(self):
        return False

    def is_potentially_variable(self):
        return False

    def is_fixed(self):
        return True

    def to_string(self, *_, **__):
        return self.name


def _widest(values: np.ndarray) -> np.ndarray:
    """Numbers in 64 bits, so that a rule computes with them as with Python's numbers."""
    if values.dtype.kind in "biu":
        return values.astype(np.int64, copy=False)
    return values.astype(np.float64, copy=False) if values.dtype.kind == "f" else values
