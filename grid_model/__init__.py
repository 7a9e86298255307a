"""grid_model: hourly dispatch of a power system and its storage, with the rules of China's market.

The public names are loaded when they are first asked for: help and completion of the command line need none of them.
"""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "compile_program": "algebra",
    **dict.fromkeys(("AuditError", "GridModelError", "InfeasibleError", "InputError", "SolveError"), "errors"),
    **dict.fromkeys(("build_model", "register_policy"), "formulation"),
    **dict.fromkeys(("load_case", "run", "solve"), "pipeline"),
    "compare": "results.comparison",
    **dict.fromkeys(("Results", "open_results"), "results.results"),
}
__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


class _Package(ModuleType):
    """Keeps `solve` the function: Python would set the folder of that name here when one of its modules is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOME or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
