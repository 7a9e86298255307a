"""Colours that everyone can tell apart, words in both languages."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from yaml import safe_load

from grid_model import formulation, report
from grid_model.policies.scorecard import LACKING, TARGETS
from grid_model.report.style import COLOURS, ORDER, OTHERS, Style, _of_package
from grid_model.report.view import percent
from grid_model.report.words import WORDS, Words, word

# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
GENERATION = ORDER[: ORDER.index("pumped_hydro")]


def lab(colour: str, blindness: str) -> np.ndarray:
    """Colour as seen, in CIE Lab."""
    part = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(BLINDNESS[blindness]) @ linear, 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ seen
        / [0.9505, 1, 1.089]
    )
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_technologies_are_told_apart_with_every_colour_blindness(blindness):
    """Colours of technologies differ by at least 6 (2.3 is just noticeable), of neighbours in the stack by 9."""
    colours = {name: row[2] for name, row in _of_package() if name in GENERATION}
    seen = {name: lab(colour, blindness) for name, colour in colours.items()}
    assert min(np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(seen, 2)) > 6
    stack = [name for name in GENERATION if name in seen]
    assert min(np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.pairwise(stack)) > 9


PICTURES = {  # colours that stand side by side in one picture, and the least that they differ by
    "causes of curtailment": (20, [COLOURS[key] for key in COLOURS if key.startswith("cause_")]),
    "load": (20, [COLOURS["load"], COLOURS["residual_load"]]),
    "carbon factors": (20, [COLOURS[key] for key in COLOURS if key.startswith("factor_")]),
    "settlement": (20, [COLOURS["received"], COLOURS["paid"]]),
    "flows": (20, [COLOURS["flow"], COLOURS["full"]]),
    "ways": (20, [COLOURS["forward"], COLOURS["backward"]]),
    "demand response": (20, [COLOURS[key] for key in ("available", "reduced", "orderly")]),
    "top of the stack": (20, [COLOURS[key] for key in ("discharge", "imports", "reduced", "unserved")]),
    "stores": (12, [row[2] for name, row in _of_package() if name in ORDER and name not in GENERATION]),
    "own technologies": (15, list(OTHERS)),
}


@pytest.mark.parametrize("picture", PICTURES)
def test_colours_of_one_picture_are_told_apart_with_every_colour_blindness(picture):
    """Measured: 13.2 between stores with deuteranopia (compressed air, gravity), 15.6 between technologies of one's own,
    22.1 and more elsewhere."""
    least, colours = PICTURES[picture]
    for blindness in BLINDNESS:
        seen = [lab(colour, blindness) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > least, blindness


def test_every_word_that_is_asked_for_is_in_both_languages():
    source = "\n".join(file.read_text(encoding="utf-8") for file in Path(report.__file__).parent.rglob("*.py"))
    asked = set(re.findall(r'\bword\("(\w+)"\)', source))
    assert len(asked) > 60
    assert not asked - set(WORDS)
    assert all(english.strip() and re.search("[\u4e00-\u9fff]|CCER", chinese) for english, chinese in WORDS.values())


def test_what_has_no_words_is_shown_as_it_is_written():
    assert word("some_new_item").en == word("some_new_item").zh == "some new item"


def test_parties_named_after_a_zone_are_said_in_both_languages(rich):
    """`Gansu shift` is 甘肃转移; what is not known by a word stays as it is written."""
    style = Style(rich)
    assert style.party("Gansu shift") == Words("Gansu shift", "甘肃转移")
    assert style.party("Gansu aluminium") == Words("Gansu aluminium", "甘肃电解铝")
    assert style.party("Gansu works 7") == Words("Gansu works 7", "甘肃 works 7") and style.party("Gansu").zh == "甘肃"


def test_every_cost_item_has_a_name_in_both_languages():
    """A technology or rule that adds a cost adds its words: reports would show an identifier."""
    parts = [module for module in vars(formulation).values() if hasattr(module, "COSTS")]
    items = {f"cost:{module.NAME}.{item}" for module in parts for item in module.COSTS}
    assert len(items) > 25 and items - set(WORDS) == set()
    assert {key for key in WORDS if key.startswith("cost:")} - items == set()


def test_every_reason_for_which_a_target_is_not_judged_is_said_in_both_languages():
    """Those of the rule and of the scenarios that come with the project: the Chinese page gave them in English."""
    scenarios = (Path(__file__).parents[2] / "scenarios").glob("*.yaml")
    written = [safe_load(file.read_text(encoding="utf-8")).get("policies", {}).get("scorecard") or {} for file in scenarios]
    reasons = {*LACKING.values(), *(why for settings in written for why in settings.get("why_not", {}).values())}
    assert not {why for why in reasons if why not in WORDS or not re.search(r"[\u4e00-\u9fff]", WORDS[why][1])}


def test_every_source_of_a_target_has_a_name_in_both_languages():
    assert {source for *_, source in TARGETS.values()} - set(WORDS) == set()


@pytest.mark.parametrize("part, words", [(0.027, "2.7 %"), (0.0268, "2.7 %"), (0.00031, "0.031 %"), (1e-4, "0.01 %"),
                                         (2e-16, "< 0.0001 %"), (-1e-15, "< 0.0001 %"), (0.999, "100 %")])  # fmt: skip
def test_a_gap_is_read_in_percent(part, words):
    assert percent(part) == words
