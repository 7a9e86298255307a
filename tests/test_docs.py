"""The docs are built with warnings as errors, and what is generated leaves nothing out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import grid_model as gm
from grid_model import formulation as model
from grid_model.cli import COMMANDS, EXCHANGES

ROOT = Path(__file__).parents[1]
RULES = sorted(path for folder in ("technologies", "policies") for path in (ROOT / "grid_model" / folder).glob("*.py"))


@pytest.fixture(scope="module")
def generated():
    sys.path.insert(0, str(ROOT / "docs" / "generate"))
    try:
        import formulation
        import reference
    finally:
        sys.path.pop(0)
    return {**reference.pages(), **formulation.pages()}, formulation.rules_of


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_rule_states_its_equation(generated, path):
    """A constraint whose function has no docstring would stand in the docs without its mathematics."""
    rules_of = generated[1]
    silent = [name for name, _, formula in rules_of(ast.parse(path.read_text(encoding="utf-8"))) if not formula]
    assert silent == []


def test_every_column_setting_and_command_stands_in_the_reference(generated):
    pages = generated[0]
    columns = {column.name for table in model.TABLES.values() for column in table}
    assert [name for name in columns if name.replace("_", "&#95;") not in pages["reference/tables.md"]] == []
    settings = {name for policy in model.BUILT_IN for name in policy.Settings.model_fields}
    assert [name for name in settings if name.replace("_", "&#95;") not in pages["reference/scenario.md"]] == []
    commands = [command.__name__ for panel in COMMANDS.values() for command in panel]
    commands += [f"{group} {peer}" for group, (_, peers) in EXCHANGES.items() for peer in peers]
    assert [name for name in commands if f"## grid-model {name}\n" not in pages["reference/commands.md"]] == []


def test_every_setting_says_what_it_means(generated):
    """A setting that its docstring does not name would be a name and a number, and no more."""
    pages = generated[0]
    rows = [line for line in pages["reference/scenario.md"].splitlines() if line.startswith("| <code>")]
    assert rows and [row for row in rows if row.count("|") != 5 or not row.rsplit("|", 2)[1].strip()] == []


def test_every_constraint_family_of_a_solved_grid_is_in_the_docs(generated):
    """Read from the other side: the families that the programme has, not the files that the generator read."""
    case = gm.load_case(ROOT / "scenarios" / "two_zone.yaml")
    text = "".join(generated[0].values()).replace("&#95;", "_")
    families = gm.compile_program(model.build_model(case)).rows
    assert families and [name for name in families if f"<code>{name.rpartition('.')[2]}</code>" not in text] == []


def test_every_line_that_looks_into_results_works(small_grid):
    """The page names the results of `grid-model new`; with those of a grid without the order of purchase one line failed."""
    text = (ROOT / "docs" / "howto" / "look.md").read_text(encoding="utf-8")
    assert 'gm.open_results("results/mygrid")' in text
    results = small_grid.solve()
    lines = [line for row in text.splitlines() if row.startswith("| ") for line in re.findall("`(.+?)`", row.split("|")[2])]
    known = {"results": results, "data": results.dispatch, "load": None}
    assert len(lines) > 10 and all(eval(line, known) is not Ellipsis for line in lines if not line.endswith(".plot()"))  # noqa: S307


def test_a_page_of_a_rule_tells_its_size_and_how_it_was_checked(generated):
    """A rule without rows in the tables of figures would have a page without performance and validation."""
    pages = generated[0]
    silent = [policy.NAME for policy in model.BUILT_IN if "`benchmarks/rules.py`" not in pages[f"policies/{policy.NAME}.md"]]
    assert silent == []
    ruling = [module for module in (*model.TECHNOLOGIES, *model.BUILT_IN) if module.NAME not in ("settlement", "scorecard")]
    unchecked = [module.NAME for module in ruling if "a test sees" not in "".join(
        page for path, page in pages.items() if path.endswith(f"/{module.NAME}.md"))]
    assert unchecked == []


def test_docs_say_which_columns_are_never_below_nothing(generated):
    """Spilled water was called free, as its sign is given by `domain` where others have `within`."""
    text = "".join(page for path, page in generated[0].items() if path.startswith(("formulation/", "policies/")))
    assert "<code>spill</code> | <code>reservoirs, steps</code> | &gt;= 0 |" in text
    assert "<code>shortfall&#95;{direction}</code>" in text  # added under a name that is made
    assert "| free |" not in text


def test_docs_build_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for page in ("index", "reference/tables/index", "formulation/thermal/index", "policies/carbon_market/index"):
        assert (tmp_path / "site" / f"{page}.html").is_file()
