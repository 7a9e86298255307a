"""Help of commands without the types that say nothing to who reads it: a flag takes no value, an argument is named. What is
called wrongly is a document too where one is asked for."""

from __future__ import annotations

from typer.core import TyperArgument, TyperCommand, TyperGroup

from grid_model.commands.session import print_json


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
    def make_context(self, info_name, args, parent=None, **extra):
        document = "--json" in args
        try:
            return super().make_context(info_name, args, parent=parent, **extra)
        except Exception as error:  # an option or argument that is missing, unknown or wrong: typer has no public name for it
            if document and hasattr(error, "format_message"):
                said = {"error": "InputError", "exit_code": error.exit_code, "message": error.format_message(), "problems": []}
                print_json(said)
            raise


class Group(_Plain, TyperGroup):
    pass
