"""The page in a real Chromium: everything is drawn, switches and keys work, nothing is complained about, it fits a
phone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from browser import Browser, installed

from grid_model.report.comparison import comparison_html
from grid_model.report.page import write_page, write_report
from grid_model.report.style import Style
from grid_model.results.comparison import compare

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium on this machine")
DRAW_ALL = """(async () => { for (const box of document.querySelectorAll('.figure')) {
  box.scrollIntoView();
  for (let turn = 0; turn < 200 && !box.querySelector('.canvas').dataset.drawn; turn++) await new Promise(done => setTimeout(done, 25)); }
  return [...document.querySelectorAll('.figure')].map(box => [box.dataset.figure, box.querySelectorAll('.main-svg').length]); })()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def file(rich, tmp_path_factory):
    return write_report(rich, tmp_path_factory.mktemp("report") / "报告.html")


@pytest.fixture
def page(browser, file):
    browser.resize(1366, 768)
    browser.problems.clear()
    browser.requests.clear()
    browser.open(file)
    return browser


def test_every_figure_is_drawn_without_a_complaint_or_a_request(page):
    drawn = dict(page.run(DRAW_ALL))
    assert len(drawn) >= 15 and all(drawn.values()), drawn
    assert page.problems == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_colours_have_their_names_on_wide_pages_and_on_phones(browser, file):
    """Beside the figure by plotly on a wide page, below it as a list on a narrow one; and never both."""
    names = "[...document.querySelectorAll('#figure-mix .legendtext, #figure-mix .swatches li')].map(one => one.textContent)"
    for size, kind in (((1366, 768), "legendtext"), ((390, 844), "swatches")):
        browser.resize(*size)
        browser.open(file)
        browser.run(DRAW_ALL)
        assert "Onshore wind" in browser.run(names), size
        both = [
            browser.run(f"document.querySelectorAll('#figure-mix .{one}').length") for one in ("legendtext", "swatches")
        ]
        assert bool(both[0]) == (kind == "legendtext") and bool(both[1]) == (kind == "swatches")


def test_a_phone_shows_the_greatest_flows_and_says_so(browser, file):
    """Of many flows 20 on a phone, all on a wide page."""
    shown = ("document.querySelector('#figure-map .canvas').data.filter("
             "trace => trace.meta === 'arrow' && trace.opacity > 0).length")  # fmt: skip
    title = "document.querySelector('#figure-map .gtitle').textContent"
    counts = {}
    for size in ((1366, 768), (390, 844)):
        browser.resize(*size)
        browser.open(file)
        browser.run(DRAW_ALL)
        counts[size[0]] = browser.run(shown), "greatest flows" in browser.run(title)
    assert counts[390] == ((20, True) if counts[1366][0] > 20 else (counts[1366][0], False))


def test_language_switch_changes_words_and_figures(page):
    assert page.run("document.querySelector('#headline h2').innerText") == "Headline figures"
    page.run("document.querySelector('[data-language=zh]').click()")
    assert page.run("document.querySelector('#headline h2').innerText") == "主要指标"
    page.wait("document.querySelector('#figure-mix .canvas').dataset.drawn === 'zh'")
    assert "青海" in page.run("document.querySelector('#figure-mix').textContent")
    assert page.run("document.documentElement.lang") == "zh"


def test_an_area_and_a_day_are_chosen(page):
    page.run("document.getElementById('dispatch').scrollIntoView()")
    page.wait("document.querySelector('#figure-supply .canvas').dataset.drawn === 'en'")
    page.run("(() => { const box = document.querySelector('#dispatch .area'); box.value = 'zone:Qinghai';"
             "box.dispatchEvent(new Event('change')); })()")  # fmt: skip
    page.wait("document.querySelector('#figure-supply').textContent.includes('Qinghai')")
    page.run("document.querySelector('#dispatch [data-window=day]').click()")
    assert page.run("document.querySelector('#dispatch .shown').innerText").startswith("2027-01-01 00:00")
    assert page.run("document.querySelector('#dispatch [data-window=day]').getAttribute('aria-pressed')") == "true"


def test_values_in_the_page_are_those_of_the_dispatch(page, rich):
    """The load of Qinghai that is drawn, against the dataset."""
    page.run("document.getElementById('dispatch').scrollIntoView()")
    page.run("(() => { const box = document.querySelector('#dispatch .area'); box.value = 'zone:Qinghai';"
             "box.dispatchEvent(new Event('change')); })()")  # fmt: skip
    page.wait("document.querySelector('#figure-supply').textContent.includes('Qinghai')")
    load = rich.dispatch["load"].sel(zone="Qinghai").values / 1e3
    curve = "document.querySelector('#figure-supply .canvas').data.find(trace => trace.meta === 'load').y"
    page.wait(f"Math.abs({curve}[0] - {load[0]}) < {load.max() / 1900}")  # the title is there before the curve is drawn
    drawn = page.run(curve)
    assert drawn[:-1] == pytest.approx(load, abs=load.max() / 1900)
    assert drawn[-1] == drawn[-2]  # the last step has its width too


def test_levels_stand_at_the_end_of_their_steps_and_figures_in_line(page, rich):
    """The level after the first hour stands at one o'clock, and every figure over time leaves as much room beside it:
    else a store would seem to be charged before it is, and hours of one figure would stand under others of the next."""
    page.run("document.getElementById('dispatch').scrollIntoView()")
    page.run(DRAW_ALL)
    x, y = page.run("(() => { const traces = document.querySelector('#figure-level .canvas').data;"
                    "return [traces[0].x, traces.map(trace => trace.y[0]).reduce((a, b) => a + b)]; })()")  # fmt: skip
    level = rich.dispatch["state_of_charge"].sum("storage")
    assert (x[0], x[-1]) == ("2027-01-01 01:00", "2027-01-02 00:00")
    assert y == pytest.approx(float(level[0]) / 1e3, abs=float(level.max()) / 1e3 / 500)
    edges = page.run("['supply', 'price', 'level', 'curtailment'].map(key => document.querySelector("
                     "'#figure-' + key + ' .canvas')._fullLayout._size.r)")  # fmt: skip
    assert len(set(edges)) == 1, edges
    ranges = page.run("['supply', 'price', 'level', 'curtailment'].map(key => document.querySelector("
                      "'#figure-' + key + ' .canvas')._fullLayout.xaxis.range.join(' to '))")  # fmt: skip
    assert set(ranges) == {"2027-01-01 00:00 to 2027-01-02 00:00"}


def test_few_hours_at_an_extreme_price_leave_the_others_readable(browser, rich, tmp_path):
    """An hour at -2600 CNY/MWh: the axis of the duration curve shows the other 23, and the title tells the extreme."""
    extreme = rich.dispatch.copy(deep=True)
    extreme["price"][{"time": 3}] = -2600.0
    browser.resize(1366, 768)
    browser.open(write_report(replace(rich, dispatch=extreme), tmp_path / "extreme.html"))
    browser.run(DRAW_ALL)
    least, most = browser.run("document.querySelector('#figure-price_duration .canvas').layout.yaxis.range")
    others = np.delete(rich.dispatch["price"].values, 3, axis=list(rich.dispatch["price"].dims).index("time"))
    assert -2600 < others.min() - 1000 < least < most and most - least < 1000
    assert "−2,600 at least" in browser.run("document.querySelector('#figure-price_duration .gtitle').textContent")


def test_the_keyboard_reaches_and_moves_everything(page):
    """Tab from the top: skip link, language, contents, area; Enter switches the language; arrows move the map's
    time."""
    reached = []
    for _ in range(22):
        page.press("Tab")
        reached.append(
            page.run(
                "(one => one.className || one.dataset.language || one.getAttribute('href'))(document.activeElement)"
            )
        )
    assert reached[:3] == ["skip", "en", "zh"] and "#dispatch" in reached
    page.run("document.querySelector('[data-language=zh]').focus()")
    page.press("Enter")
    page.wait("document.documentElement.lang === 'zh'")
    page.run("document.querySelector('#map .slot').focus()")
    page.press("ArrowRight")
    assert page.run("document.querySelector('#map .shown').innerText") == "2027-01-01 00:00"


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_nothing_is_wider_than_the_screen(browser, file, size):
    browser.resize(*size)
    browser.problems.clear()
    browser.open(file)
    browser.run(DRAW_ALL)
    assert browser.run("document.documentElement.scrollWidth") <= size[0]
    assert browser.problems == []


def test_names_do_nothing_in_the_page(browser, plain_grid, tmp_path):
    """Zones and lines whose names are HTML: no script of theirs runs, neither in the page nor in plotly's texts."""
    evil = "<img src=x onerror='window.evil=1'><script>window.evil=1</script>"
    data = plain_grid.dispatch
    first = data["zone"].values[0]
    ends = {end: (data[end].dims[0], [evil if zone == first else zone for zone in data[end].values])
            for end in ("generator_zone", "storage_zone", "from_zone", "to_zone", "consumer_zone")}  # fmt: skip
    results = type(plain_grid)(
        data.assign_coords(zone=[evil, *data["zone"].values[1:]], **ends), plain_grid.summary, plain_grid.tables
    )
    browser.problems.clear()
    browser.open(write_report(results, tmp_path / "evil.html"))
    browser.run(DRAW_ALL)
    assert browser.run("window.evil") is None
    assert browser.problems == []


def test_a_comparison_is_drawn_in_both_languages(browser, rich, plain_grid, tmp_path):
    """Two grids with nothing in common: every figure is drawn, the switch works, nothing is complained about."""
    file = write_page(comparison_html(compare(rich, plain_grid), Style(rich, plain_grid)), tmp_path / "comparison.html")
    browser.problems.clear()
    browser.open(file)
    drawn = dict(browser.run(DRAW_ALL))
    assert len(drawn) >= 4 and all(drawn.values()), drawn
    assert {"compare_flow_mwh", "compare_achieved"} <= set(drawn)
    browser.run("document.querySelector('[data-language=zh]').click()")
    browser.wait("document.querySelector('.canvas').dataset.drawn === 'zh'")
    assert browser.run("document.querySelector('#headline h2').innerText") == "主要指标"
    assert browser.problems == []
