"""Templates: a Pyomo rule called once, with placeholders instead of labels.

Pyomo does the work (`pyomo.core.expr.template_expr`): while the rule runs, iterating over a set gives one placeholder,
and `sum` keeps its generator as one node. What Pyomo would let pass in silence is an error here: comparing a
placeholder with a name (never equal, so an `if` on an index would quietly take one branch), and sums that pair sets by
`zip`, number them by `enumerate` or mix them with Python loops.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import GeneratorType

from pyomo.core.base.set import IndexedSet, _FiniteSetMixin
from pyomo.core.expr import template_expr
from pyomo.core.expr.numvalue import NumericValue, native_numeric_types
from pyomo.core.expr.relational_expr import tuple_to_relational_expr

from grid_model.algebra.errors import LoweringError

_PAIRING = (zip, enumerate, map)


def template_of(component, rule):
    """Expression of a component's rule, and the placeholders that stand for its index.

    Raises
    ------
    LoweringError : the rule cannot be called with placeholders.
    """
    context = _Context()
    try:
        with _placeholders_for_labels(context):
            placeholders = _index_of(context, component)
            expression = rule(component.parent_block(), placeholders)
    except LoweringError:
        raise
    except Exception as error:  # whatever a rule does with a placeholder that only a label can do
        raise LoweringError(f"the rule fails when called with placeholders for its index: {error}") from error
    if context.cache:
        raise LoweringError(f"the rule loops over {context.cache[-1][0]._set} other than by sum(... for ... in ...)")
    if type(expression) is tuple and component.ctype.__name__ == "Constraint":
        expression = tuple_to_relational_expr(expression)
    return expression, placeholders


def index_set_of(component):
    """The index set of a component; None for a scalar one."""
    return component.index_set() if component.is_indexed() else None


def factors(index_set) -> list:
    """The sets whose product an index set is."""
    return list(index_set.subsets(expand_all_set_operators=False))


def dimension_of(index_set) -> int:
    """Of how many parts the members of a set, or of the sets of an indexed set, are made; 1 where none tells."""
    of_a_key = isinstance(index_set, template_expr.GetItemExpression)
    holder = index_set.args[0] if of_a_key else index_set
    with template_expr._TemplateIterManager.pause():
        some = holder.values() if isinstance(holder, IndexedSet) else [holder]
        return next((one.dimen for one in some if isinstance(one.dimen, int) and one.dimen), 1)


def parts_of(node) -> tuple:
    """What a node of a template is made of; for a sum its summand and the sets it runs over."""
    if isinstance(node, template_expr.TemplateSumExpression):
        return node.template_args()
    if hasattr(node, "is_expression_type") and node.is_expression_type():
        return tuple(node.args)
    return ()


def _index_of(context, component) -> tuple:
    index_set = index_set_of(component)
    if index_set is None:
        return ()
    placeholders = next(context.get_iter(index_set))
    context.cache.pop()  # bound by the caller, not by a sum
    return placeholders if type(placeholders) is tuple else (placeholders,)


class _Context(template_expr._template_iter_context):
    """Stands in for `sum` and for the iteration over sets while a rule runs."""

    def get_iter(self, index_set):
        """One placeholder for all members; one per part where they are tuples."""
        group = self.next_group()
        placeholders = tuple(template_expr.IndexTemplate(index_set, part, self.next_id(), group)
                             for part in range(dimension_of(index_set)))
        self.cache.append(placeholders)
        yield placeholders if len(placeholders) > 1 else placeholders[0]

    def sum_template(self, terms, start=0):
        """One node for a sum over sets; an ordinary sum for anything else, a generator over nothing included."""
        builtin_sum = template_expr._TemplateIterManager.builtin_sum
        if not isinstance(terms, GeneratorType):
            return builtin_sum(terms, start)
        outermost, known = terms.gi_frame.f_locals.get(".0"), len(self.cache)
        try:
            summand = next(terms)
        except StopIteration:
            return start  # a filter that no placeholder passes leaves its placeholders in the cache: an error later
        groups = self.npop_cache(len(self.cache) - known) if len(self.cache) > known else []
        if not groups:
            return builtin_sum(terms, start + summand)
        if isinstance(outermost, _PAIRING) or not template_expr._validate_generator(terms) or any(True for _ in terms):
            raise LoweringError("a sum pairs, numbers or mixes sets with other iterators; sum over sets alone")
        return start + template_expr.TemplateSumExpression((summand,), groups)


@contextmanager
def _placeholders_for_labels(context):
    manager, placeholder = template_expr._TemplateIterManager, template_expr.IndexTemplate
    placeholder.__eq__ = _equal
    try:
        with manager.init(context, _FiniteSetMixin, template_expr.GetItemExpression, template_expr.GetAttrExpression):
            yield
    finally:
        del placeholder.__eq__


def _equal(placeholder, other):
    if other is placeholder:
        return True
    if other.__class__ in native_numeric_types or isinstance(other, NumericValue):
        return NumericValue.__eq__(placeholder, other)
    raise LoweringError(f"an index is compared with {other!r}; choose members by an index set instead of an `if`")
