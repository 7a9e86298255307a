"""Help of commands without the types that say nothing to who reads it: a flag takes no value, an argument is named."""

from __future__ import annotations

from typer.core import TyperArgument, TyperCommand, TyperGroup


class _Plain:
    def get_params(self, ctx):
        params = super().get_params(ctx)
        for one in params:
            if isinstance(one, TyperArgument):
                one.display_type_rich = _nothing
            elif one.is_flag:
                one.metavar = ""
        return params


def _nothing(ctx) -> str:
    return ""


class Command(_Plain, TyperCommand):
    pass


class Group(_Plain, TyperGroup):
    pass
