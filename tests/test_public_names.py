"""The public names are loaded when they are asked for."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import grid_model as gm

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def in_a_process_of_its_own(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_help_waits_for_no_library():
    """Help and completion take 0.2 s of computing; with what commands need when they run they would take 2.5 s."""
    heavy = {"pandas", "xarray", "pyomo", "highspy", "scipy", "pandera"}
    assert in_a_process_of_its_own(f"import sys, grid_model.cli; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_importing_the_pipeline():
    """Python sets a package's attribute to each of its modules that is imported, and `solve` is the name of a folder too: it
    stays the function. Pyomo would import all of scipy.stats, half a second of every run, for nothing."""
    code = ("import sys, grid_model.solve.highs, grid_model.pipeline, grid_model as gm; "
            "print(callable(gm.solve), gm.solve is grid_model.pipeline.solve, 'scipy.stats' in sys.modules)")
    assert in_a_process_of_its_own(code) == "True True False"


def test_solving_waits_for_nothing_that_it_does_not_need():
    """The report, what pandera judges wrong columns with (hypothesis comes with it) and graphs of scipy would take a second."""
    unneeded = {"plotly", "matplotlib", "hypothesis", "scipy.sparse.csgraph", "scipy.linalg", "scipy.stats", "pvlib", "zarr", "distributed"}
    code = f"import sys, grid_model as gm; gm.solve(gm.load_case({str(SCENARIOS / 'two_zone.yaml')!r})); print(sorted({unneeded} & set(sys.modules)))"
    assert in_a_process_of_its_own(code) == "[]"


def test_opened_results_can_be_plotted():
    """`gm.open_results(folder).plot` was not there until something else had imported the report."""
    assert in_a_process_of_its_own("import grid_model as gm; print(gm.Results.plot.fget is not None)") == "True"


def test_every_public_name_is_there():
    for name in gm.__all__:
        assert callable(getattr(gm, name)) and name in dir(gm)
    assert not hasattr(gm, "no_such_name")


def test_every_module_can_be_imported():
    """Also those that nothing imports: one that names what is no longer there is a file to delete."""
    found = [module.name for module in pkgutil.walk_packages(gm.__path__, "grid_model.") if not module.name.endswith("__main__")]
    assert len(found) > 100
    for name in found:
        import_module(name)
