"""Names that a spreadsheet or a browser would run, that read like numbers or like nothing, and Chinese ones, through every
command: they come out as names."""

from __future__ import annotations

import csv
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import grid_model as gm
from grid_model.cli import app
from grid_model.interop.grid_tables import GridTables
from grid_model.results import files
from grid_model.sweep.gather import write_cases

SCRIPT, FORMULA, BEIJING = "<script>alert(1)</script>", "=cmd()", "北京"
TABLES = {
    "zones": f"zone,region\n{FORMULA},-1+1\n{SCRIPT},<b>北</b>\n{BEIJING},@北\n",
    "generators": ("generator,zone,technology,capacity_mw,purchase_class,certificate,emissions_t_per_mwh\n"
                   f"=煤电,{FORMULA},coal,100,,,0.9\n@风,{SCRIPT},wind_onshore,80,guaranteed,tradable,0\n"
                   f"<img src=x>,{BEIJING},gas,60,,,0.4\n"),
    "storage": f"storage,zone,technology,power_mw,energy_mwh\n+电池,{BEIJING},lithium_ion,20,40\n",
    "lines": f"line,from_zone,to_zone,capacity_mw\n=线(),{FORMULA},{SCRIPT},30\n-线,{SCRIPT},{BEIJING},30\n",
    "loads": f"load,zone\n=负荷,{FORMULA}\n<i>负荷,{SCRIPT}\n@负荷,{BEIJING}\n",
    "demand_response": f"programme,zone,kind,power_mw,cost_cny_per_mwh\n=响应,{BEIJING},shed,5,400\n",
    "obligations": f"zone,year,total_share,non_hydro_share\n{FORMULA},2027,0.1,0.1\n",
}
PROFILES = {"load": "time,=负荷,<i>负荷,@负荷\n", "availability": "time,@风\n"}
SCENARIO = """name: 情景 =1+1 <u>
inputs: inputs
horizon: {start: 2027-01-01, hours: 4}
policies:
  guaranteed_purchase: {}
  green_certificates: {shortfall_penalty_cny_per_mwh: 100}
  carbon_market: {allowance_price_cny_per_t: 75}
  settlement: true
  scorecard: {}
"""


OTHER_NAMES = {FORMULA: "NA", SCRIPT: "001", BEIJING: "1e5", "=煤电": "nan", "@风": "007", "<img src=x>": "null", "+电池": "None",
               "=线()": "true", "-线": "FALSE", "=负荷": "2027", "<i>负荷": "2027-01-01", "@负荷": "inf", "=响应": "-0"}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    return written(tmp_path_factory.mktemp("名字"), {})


def written(folder, names):
    """The grid in a folder, with other names."""
    (folder / "inputs" / "profiles").mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / "inputs" / f"{name}.csv").write_text(renamed(text, names), encoding="utf-8")
    for name, text in PROFILES.items():
        rows = [f"2027-01-01T{hour:02}:00" + (",40,20,50\n" if name == "load" else f",0.{hour + 4}\n") for hour in range(4)]
        (folder / "inputs" / "profiles" / f"{name}.csv").write_text(renamed(text, names) + "".join(rows), encoding="utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    return folder


def renamed(text, names):
    return "\n".join(",".join(names.get(cell, cell) for cell in line.split(",")) for line in text.split("\n"))


@pytest.fixture(scope="module")
def out(grid):
    return ran(grid, "run", grid / "scenario.yaml", "--out", grid / "out") and grid / "out"


def ran(folder, *words, code=0) -> str:
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == code, done.output
    return done.output


def harmless(folder) -> int:
    """How many CSVs there are; none has a cell that a spreadsheet would run."""
    found = list(folder.rglob("*.csv"))
    for file in found:
        with file.open(newline="", encoding="utf-8") as rows:
            wrong = [cell for row in csv.reader(rows) for cell in row if cell[:1] in tuple("=+-@\t\r") and not is_number(cell)]
        assert not wrong, (file.name, wrong)
    return len(found)


def is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|-?inf", cell))


def test_names_are_names_in_results(out):
    """Every CSV is harmless, and what is read back has the names as they were."""
    assert harmless(out) > 5
    stored = gm.open_results(out)
    assert stored.dispatch["zone"].values.tolist() == [FORMULA, SCRIPT, BEIJING]
    assert set(stored.tables["settlement"]["zone"]) >= {FORMULA, SCRIPT, BEIJING}
    assert "=煤电" in set(stored.tables["settlement"]["party"])


def test_names_are_text_in_the_report(out):
    page = (out / "report.html").read_text(encoding="utf-8")
    assert BEIJING in page and SCRIPT not in page and "<img src=x>" not in page and "<u>" not in page and "<b>北" not in page


def test_commands_take_such_names(grid, out):
    assert "holds" in ran(grid, "audit", out)
    assert FORMULA in ran(grid, "explain", out, "--zone", FORMULA)
    assert "=1+1" in ran(grid, "compare", out, out)


def test_names_that_read_like_numbers_or_like_nothing(tmp_path):
    """Zones NA, 001 and 1e5, a plant nan, a line true: names. Read by what they look like, the zones came back from the disk
    as a missing cell, 1 and 100000, and the audit of stored results failed."""
    folder, out = written(tmp_path / "grid", OTHER_NAMES), tmp_path / "out"
    ran(folder, "run", folder / "scenario.yaml", "--out", out)
    assert "holds" in ran(folder, "audit", out)
    assert "001" in ran(folder, "explain", out, "--zone", "001")
    ran(folder, "compare", out, out)
    solved, stored = gm.solve(gm.load_case(folder / "scenario.yaml")), gm.open_results(out)
    assert stored.dispatch["zone"].values.tolist() == ["NA", "001", "1e5"]
    for name, table in solved.tables.items():
        for column in table.columns[[kind.kind in "OUT" for kind in table.dtypes]]:
            assert stored.tables[name][column].fillna("").tolist() == table[column].fillna("").tolist(), (name, column)


def test_names_of_cases_are_names_in_a_sweep(tmp_path):
    """What a sweep calls its cases, and what a failed one says, stands in a table that no spreadsheet runs."""
    write_cases(pd.DataFrame({"case": ["changes==2+3"], "changes": ["=2+3"], "message": ["-x: allowed y"]}), tmp_path)
    assert harmless(tmp_path) == 1
    assert files.read_table(tmp_path / "cases.csv")["changes"].tolist() == ["=2+3"]


def test_an_imported_grid_is_written_harmless_and_read_as_it_was(tmp_path):
    """Names out of somebody's network become tables that no spreadsheet runs; reading them gives the names back."""
    tables, time = GridTables(), pd.date_range("2027-01-01", periods=2, freq="h")
    zones = tables.add("zones", zone=[FORMULA, SCRIPT, BEIJING])
    loads = tables.add("loads", load=["=负荷", "-负荷", "'@负荷"], zone=zones)
    tables.add("generators", generator=["+机"], zone=zones[:1], technology=["gas"], capacity_mw=[10.0])
    tables.profile("load", loads, np.ones((3, 2)))
    path = tables.write(tmp_path, {"name": "=1", "inputs": "inputs", "horizon": {"start": "2027-01-01", "hours": 2}}, time)
    assert harmless(tmp_path) == 4
    case = gm.load_case(path)
    assert list(case.zones) == [FORMULA, SCRIPT, BEIJING] and case.tables["loads"]["load"].tolist() == list(loads)
    assert case.profile("load", loads, 0.0).sum() == 6.0
