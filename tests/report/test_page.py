"""The page: all parts of rich results, only the parts of plain ones, and names that stay names."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from grid_model.report.page import report_html, script_json, write_report
from grid_model.report.sections.certificates import ways_of_certificates

EVIL = """</script><script>window.evil=1</script><img src=x onerror='window.evil=1'>"%{y}{{7*7}}"""


@pytest.fixture(scope="module")
def page(rich):
    return report_html(rich)


def sections(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)"', page)


def payload(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="payload">(.*?)</script>', page, re.S).group(1))


def test_rich_results_have_every_part(page):
    expected = [
        "headline",
        "dispatch",
        "map",
        "duration",
        "storage",
        "reservoirs",
        "demand_response",
        "purchase",
        "certificates",
        "carbon",
        "settlement",
        "solver",
    ]
    assert [key for key in sections(page) if key != "scorecard"] == expected
    assert {
        "supply",
        "price",
        "level",
        "curtailment",
        "map",
        "certificate_flow",
        "factors",
        "cycles",
        "response",
        "settlement",
    } <= set(payload(page)["figures"])


def test_parts_without_data_are_left_out(plain_grid):
    found = sections(report_html(plain_grid))
    assert {"headline", "dispatch", "map", "solver"} <= set(found)
    assert not {"reservoirs", "certificates", "demand_response"} & set(found)


def test_the_page_asks_no_network(page):
    own = page[: page.index('id="payload"')]
    assert not re.search(r'(src|href)="(?!#|data:)', own)
    assert "default-src 'none'" in own


def test_both_languages_stand_in_the_page_and_one_is_shown(rich, page):
    chinese = report_html(rich, "zh")
    assert '<html lang="en">' in page and '<html lang="zh">' in chinese
    for text in (page, chinese):
        assert "青海" in text and "Qinghai" in text and "主要指标" in text and "Headline figures" in text
    figures = payload(page)["figures"]["supply"]
    assert "负荷" in [trace["name"] for trace in figures["zh"]["data"]] and "Load" in [
        trace["name"] for trace in figures["en"]["data"]
    ]


def test_corridors_and_dams_have_chinese_names(rich, page):
    """As lines.csv and reservoirs.csv give them, in the figure of levels and the tables; a line without one keeps its own name."""
    shown = payload(page)["figures"]
    assert "龙羊峡" in shown["levels"]["zh"]["data"][0]["y"] and "Qinghai Longyangxia" in shown["levels"]["en"]["data"][0]["y"]
    assert "甘肃—青海" in page and "拉西瓦" in page
    nameless = rich.dispatch.assign_coords(line_name_zh=("line", [""] * rich.dispatch.sizes["line"]))
    assert "甘肃—青海" not in report_html(replace(rich, dispatch=nameless))


def test_names_reach_neither_html_nor_script_unescaped(plain_grid):
    """A zone, a generator's technology, a scenario and a table's text that are HTML: nowhere does a tag of theirs
    stand."""
    data = plain_grid.dispatch
    renamed = data.assign_coords(
        zone=[EVIL, *data["zone"].values[1:]], technology=("generator", [EVIL] * data.sizes["generator"])
    )
    for end in ("generator_zone", "storage_zone", "from_zone", "to_zone", "consumer_zone"):
        changed = [EVIL if zone == data["zone"].values[0] else zone for zone in data[end].values]
        renamed = renamed.assign_coords({end: (data[end].dims[0], changed)})
    results = replace(plain_grid, dispatch=renamed, summary=plain_grid.summary | {"scenario": EVIL}, scenario=EVIL)
    page = report_html(results)
    assert (
        "<script>window" not in page
        and "<img" not in page.split('id="payload"')[0]
        and "49" not in re.search("<title>(.*?)</title>", page).group(1)
    )
    assert html.escape(EVIL, quote=False)[:40] in page
    names = [trace["name"] for trace in payload(page)["figures"]["supply"]["en"]["data"]]
    assert not any("<" in name for name in names)


def test_json_in_a_script_ends_nothing():
    text = script_json({"name": "</script><!-- \u2028 &"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["name"] == "</script><!-- \u2028 &"


def test_every_certificate_goes_somewhere(rich):
    """What was issued in a zone is what its certificates became: retired, given up, expired or in hand, somewhere."""
    ledger = rich.tables["ledger"]
    issued = (
        ledger[(ledger["event"].isin(["issue", "opening"])) & (ledger["account"] != "registry")]
        .groupby("account")["quantity_mwh"]
        .sum()
    )
    ways = ways_of_certificates(ledger).groupby("origin")["quantity"].sum()
    assert issued.sum() > 0
    assert ways.reindex(issued.index).tolist() == issued.tolist()


def test_what_windows_do_not_prove_is_not_said(rich):
    """A year by windows says that its order of purchase is not proven over the whole; a whole solve says that it is."""
    windows = rich.summary | {"ranks_proven": "by weights within windows",
                              "solver": rich.summary["solver"] | {"method": "windows of 24 steps"}}  # fmt: skip
    whole, parts = report_html(rich), report_html(replace(rich, summary=windows))
    assert "could lose less." in whole and "is not proven" not in whole
    assert "could lose less is not proven" in parts and "分窗口求解（每窗 24 步）" in parts


def test_sums_of_money_and_the_horizon_are_said_as_people_say_them(rich):
    """A year's cost in billions, in Chinese in 亿; a horizon by its two ends."""
    year = report_html(replace(rich, summary=rich.summary | {"objective_cny": 1.480351e12, "hours": 8760.0}))
    assert "1,480 billion CNY" in year and "14,804 亿元" in year
    assert "2027-01-01 00:00 – 2028-01-01 00:00 · 8,760 h" in year


def test_a_report_stands_beside_its_results_or_where_one_says(plain_grid, tmp_path):
    folder = plain_grid.save(tmp_path / "two")
    assert write_report(plain_grid) == folder / "report.html"
    assert (
        write_report(plain_grid, tmp_path / "deep" / "page.html", "zh")
        .read_text(encoding="utf-8")
        .startswith("<!DOCTYPE html>")
    )
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == ["page.html"]


def test_a_scorecard_says_passed_failed_or_nothing(plain_grid):
    """A target that a case has nothing to say of is neither passed nor failed; shares are in percent."""
    card = pd.DataFrame(
        {
            "target": ["wind_and_solar_share", "pumped_storage", "own_target"],
            "unit": ["1", "GW", "1"],
            "level": [0.2, 80.0, 1.0],
            "achieved": [0.5, None, 0.1],
            "margin": [0.3, None, -0.9],
            "passed": [True, None, False],
            "binding_dual": [None, None, 3.0],
            "source": ["x", "y", "<b>z"],
        }
    )
    page = report_html(replace(plain_grid, tables=plain_grid.tables | {"scorecard": card}))
    part = page[page.index('<section id="scorecard"') : page.index('<section id="dispatch"')]
    assert re.findall(r'<td class="(passed|failed)"', part) == ["passed", "failed"]
    assert ">20.00<" in part and ">%<" in part and ">80.00<" in part
    assert "3.000 CNY/MWh" in part  # a price has its unit
    assert "风光发电量占比" in part and "own target" in part and "&lt;b&gt;z" in part
