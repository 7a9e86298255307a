"""What the algebra says when a rule is no linear algebra over its index sets."""


class LoweringError(TypeError):
    """A rule cannot be turned into arrays; the message names the rule."""
