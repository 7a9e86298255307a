"""Random rules over random sets: the compiled programme is Pyomo's expansion, entry by entry.

A rule is a random tree of sums, products with data, named expressions, lags and label parameters; the same tree is
written into a template and into an ordinary Pyomo rule. Sets of one member, empty members and sparse sets are drawn
often: an axis of size one looks like an axis along which nothing varies.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pyomo.environ as pyo
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import same_matrix

from grid_model.algebra import Array

NAMES = ["青海", "Beijing", "c", "d"]
KINDS = ("unit", "zone", "step", "link")  # what an index stands for; a link is a pair of zones


@st.composite
def worlds(draw):
    """Random sets and data: units in zones, links between zones, steps."""
    world = SimpleNamespace(seed=draw(st.integers(0, 2**16)))
    world.zones = NAMES[: draw(st.integers(1, 3))]
    world.units = [f"u{number}" for number in draw(st.permutations(range(draw(st.integers(1, 3)))))]
    world.count = draw(st.integers(1, 3))
    world.zone_of = {unit: draw(st.sampled_from(world.zones)) for unit in world.units}
    pairs = [(one, other) for one in world.zones for other in world.zones]
    world.links = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=4, unique=True))
    world.able = {
        (zone, step): draw(st.lists(st.sampled_from(world.units), unique=True, max_size=2))
        for zone in world.zones
        for step in range(1, world.count + 1)
    }
    world.steps_of = {
        unit: draw(st.lists(st.integers(1, world.count), unique=True, max_size=2)) for unit in world.units
    }
    return world


@cache
def expressions(kinds, depth):
    """Random trees that use indices of the kinds given, nearest last (a kind may stand more than once)."""
    leaves = [st.tuples(st.just("total"))]
    if "unit" in kinds:
        leaves += [st.tuples(st.just("by_unit"), unit_index(kinds))]
        if "step" in kinds:
            leaves += [
                st.tuples(st.just("power"), unit_index(kinds), step_index(kinds)),
                st.tuples(st.just("level"), unit_index(kinds), border_index(kinds)),
                st.tuples(st.just("net"), unit_index(kinds), step_index(kinds)),
            ]
    if "zone" in kinds:
        leaves += [st.tuples(st.just("by_zone"), zone_index(kinds)), st.tuples(st.just("in_zone"), zone_index(kinds))]
    if "link" in kinds and "step" in kinds:
        leaves += [st.tuples(st.just("flow"), nearest("link", kinds), step_index(kinds))]
    if depth == 0:
        return st.one_of(leaves)
    inner = expressions(kinds, depth - 1)
    return st.one_of(
        *leaves,
        st.tuples(st.just("plus"), inner, inner),
        st.tuples(st.just("minus"), inner, inner),
        st.tuples(st.just("negative"), inner),
        st.tuples(st.just("times"), data(kinds), inner),
        st.tuples(st.just("over"), inner, data(kinds)),
        st.tuples(st.just("constant"), data(kinds)),
        *(st.tuples(st.just("sum"), st.just(over), _later((*kinds, *new), depth - 1)) for over, new in sums(kinds)),
    )


def _later(kinds, depth):
    """Strategies are made when drawn from, not all at once."""
    return st.deferred(lambda: expressions(kinds, depth))


def sums(kinds):
    """The sets that a sum may run over, and the kinds of index that it adds."""
    yield from (("units", ("unit",)), ("zones", ("zone",)), ("steps", ("step",)), ("links", ("link",)))
    if "zone" in kinds:
        yield from (("units_in", ("unit",)), ("links_from", ("link",)))
        if "step" in kinds:
            yield "able", ("unit",)
    if "unit" in kinds:
        yield from (("steps_of", ("step",)), ("neighbours", ("unit",)))


@cache
def data(kinds):
    choices = [st.tuples(st.just("number"), st.sampled_from([0.5, 2, -1, 0.25, 3])), st.tuples(st.just("single"))]
    if "unit" in kinds:
        choices += [
            st.tuples(st.just("price"), unit_index(kinds)),
            st.tuples(st.just("of_unit"), unit_index(kinds)),
            st.tuples(st.just("sum_of_prices"), unit_index(kinds)),
        ]
        if "step" in kinds:
            choices += [st.tuples(st.just("available"), unit_index(kinds), step_index(kinds))]
    return st.one_of(choices)


def nearest(kind, kinds):
    """One of the indices of a kind around, by its place."""
    return st.sampled_from([("index", place) for place, other in enumerate(kinds) if other == kind])


def unit_index(kinds):
    return st.one_of(
        nearest("unit", kinds), st.tuples(st.just("partner"), nearest("unit", kinds)), st.just(("first_unit",))
    )


def step_index(kinds):
    return st.one_of(nearest("step", kinds), st.tuples(st.just("previous"), nearest("step", kinds)))


def border_index(kinds):
    return st.one_of(step_index(kinds), st.tuples(st.just("before"), step_index(kinds)), st.just(("start",)))


def zone_index(kinds):
    choices = [nearest("zone", kinds)] if "zone" in kinds else []
    if "unit" in kinds:
        choices.append(st.tuples(st.just("zone_of"), nearest("unit", kinds)))
    return st.one_of(choices)


class Written:
    """Trees written as Pyomo expressions of one model: the same for templates and for ordinary Pyomo."""

    def __init__(self, world, trees):
        random = np.random.default_rng(world.seed)
        model, steps = pyo.AbstractModel(), list(range(1, world.count + 1))
        self.model, self.world = model, world
        model.units, model.zones = pyo.Set(initialize=world.units), pyo.Set(initialize=world.zones)
        model.steps, model.borders = pyo.RangeSet(1, world.count), pyo.RangeSet(0, world.count)
        model.links = pyo.Set(dimen=2, initialize=world.links)
        members = {zone: [unit for unit in world.units if world.zone_of[unit] == zone] for zone in world.zones}
        model.units_in = pyo.Set(model.zones, initialize=members)
        model.links_from = pyo.Set(
            model.zones,
            dimen=2,
            initialize={zone: [link for link in world.links if link[0] == zone] for zone in world.zones},
        )
        model.able = pyo.Set(model.zones, model.steps, initialize=world.able)
        model.steps_of = pyo.Set(model.units, initialize=world.steps_of)
        model.single = pyo.Param(initialize=1.75, mutable=True)
        model.of_unit = pyo.Param(
            model.units, initialize={unit: 2.5 / number for number, unit in enumerate(world.units, 1)}
        )
        self.price = Array(random.choice([1.0, 2.0, 0.5], len(world.units)), world.units)
        self.available = Array(random.choice([1.0, 0.25, 3.0], (len(world.units), world.count)), world.units, steps)
        self.partner = Array(random.permutation(np.array(world.units, object)), world.units)
        self.zone_of = Array(np.array([world.zone_of[unit] for unit in world.units], object), world.units)
        self.previous = Array(np.roll(steps, 1), steps)
        model.power = pyo.Var(model.units, model.steps, bounds=lambda m, unit, step: (None, self.available[unit, step]))
        model.level = pyo.Var(model.units, model.borders, domain=pyo.NonNegativeReals)
        model.flow, model.by_unit, model.by_zone = (
            pyo.Var(model.links, model.steps),
            pyo.Var(model.units),
            pyo.Var(model.zones),
        )
        model.total, model.anchor = pyo.Var(), pyo.Var()
        model.net = pyo.Expression(
            model.units,
            model.steps,
            rule=lambda m, unit, step: (
                m.level[unit, step] - self.price[unit] * m.level[unit, step - 1] + m.power[self.partner[unit], step] + 1
            ),
        )
        model.in_zone = pyo.Expression(
            model.zones,
            rule=lambda m, zone: sum(m.power[unit, step] for unit in m.units_in[zone] for step in m.steps_of[unit]),
        )
        self._add(trees)

    def _add(self, trees):
        """A row for each tree; the anchor keeps Pyomo from refusing rows without variables."""
        model = self.model
        for number, (form, tree, bound) in enumerate(trees["rows"]):
            model.add_component(
                f"row{number}",
                pyo.Constraint(
                    *self._sets(trees["kinds"]),
                    rule=self._rule(
                        trees["kinds"],
                        lambda labels, tree=tree, bound=bound, form=form: FORMS[form](
                            self.write(tree, labels) + model.anchor, self.write(bound, labels)
                        ),
                    ),
                ),
            )
        model.cost = pyo.Objective(rule=lambda model: self.write(trees["cost"], Labels([])) + model.anchor)

    def _sets(self, kinds):
        return [self.model.component(kind + "s") for kind in kinds]

    def _rule(self, kinds, write):
        """Labels of a link come as two."""

        def rule(model, *labels):
            parts, grouped = iter(labels), []
            for kind in kinds:
                grouped.append((next(parts), next(parts)) if kind == "link" else next(parts))
            return write(Labels(zip(kinds, grouped, strict=True)))

        return rule

    def write(self, tree, labels):
        head, *parts = tree
        if head in ("index", "sum"):
            return getattr(self, f"write_{head}")(*parts, labels)
        parts = parts if head == "number" else [self.write(part, labels) for part in parts]
        own = getattr(self, f"write_{head}", None)
        return own(*parts) if own else self._named(head, parts)

    def _named(self, head, parts):
        holder = self.model.component(head) if head in NAMED else getattr(self, head)
        flat = [label for part in parts for label in (part if type(part) is tuple else (part,))]
        return holder[tuple(flat)] if flat else holder

    def write_index(self, place, labels):
        return labels[place]

    def write_number(self, number):
        return number

    def write_before(self, step):
        return step - 1

    def write_start(self):
        return 0

    def write_first_unit(self):
        return self.world.units[0]

    def write_constant(self, value):
        return value + 0

    def write_plus(self, one, other):
        return one + other

    def write_minus(self, one, other):
        return one - other

    def write_negative(self, one):
        return -one

    def write_times(self, factor, one):
        return factor * one

    def write_over(self, one, divisor):
        return one / divisor

    def write_sum_of_prices(self, unit):
        """At least one: it may stand below a fraction."""
        return 1 + sum(self.price[other] for other in self.model.units_in[self.zone_of[unit]])

    def write_sum(self, over, inner, labels):
        model, kinds = self.model, {"zone": None, "unit": None, "step": None}
        kinds.update(zip(self.kinds_of(labels), labels, strict=True))
        members = {
            "units": lambda: model.units,
            "zones": lambda: model.zones,
            "steps": lambda: model.steps,
            "links": lambda: model.links,
            "units_in": lambda: model.units_in[kinds["zone"]],
            "links_from": lambda: model.links_from[kinds["zone"]],
            "able": lambda: model.able[kinds["zone"], kinds["step"]],
            "steps_of": lambda: model.steps_of[kinds["unit"]],
            "neighbours": lambda: model.units_in[self.zone_of[kinds["unit"]]],
        }[over]()
        if over.startswith("links"):
            return sum(self.write(inner, self.nested(labels, "link", (start, end))) for start, end in members)
        kind = {"zones": "zone", "steps": "step", "steps_of": "step"}.get(over, "unit")
        return sum(self.write(inner, self.nested(labels, kind, one)) for one in members)

    @staticmethod
    def kinds_of(labels):
        return [kind for kind, _ in labels.tagged]

    @staticmethod
    def nested(labels, kind, label):
        return Labels([*labels.tagged, (kind, label)])


class Labels(tuple):
    """Labels of the indices around, that know their kinds."""

    def __new__(cls, tagged):
        tagged = list(tagged)
        made = super().__new__(cls, [label for _, label in tagged])
        made.tagged = tagged
        return made


NAMED = {"power", "level", "flow", "by_unit", "by_zone", "total", "net", "in_zone", "single", "of_unit"}
FORMS = {
    "equal": lambda body, bound: body == bound,
    "at most": lambda body, bound: body <= bound,
    "at least": lambda body, bound: bound <= body,
    "between": lambda body, bound: (bound - 1, body, bound + 2),
    "open below": lambda body, bound: (None, body, bound),
}


@st.composite
def rules(draw):
    kinds = tuple(draw(st.lists(st.sampled_from(KINDS), max_size=3)))
    row = st.tuples(st.sampled_from(sorted(FORMS)), expressions(kinds, 3), data(kinds))
    return {"kinds": kinds, "rows": draw(st.lists(row, min_size=1, max_size=2)), "cost": draw(expressions((), 3))}


@settings(max_examples=40)
@given(worlds(), rules())
def test_random_rules(world, trees):
    def concrete():
        model = Written(world, trees).model
        model.construct()
        return model

    same_matrix(lambda: Written(world, trees).model, concrete)
