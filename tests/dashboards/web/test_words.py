"""The words of the pages, and that no language lacks any of them."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from dashboards.web import words

WEB = Path(words.__file__).parent
SAID = re.compile(r"\b_\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
COUNTED = re.compile(r"\bn_\(\s*(\"(?:[^\"\\]|\\.)*\")\s*,\s*(\"(?:[^\"\\]|\\.)*\")")
CODE_WORDS = re.compile(r"\bwords\(\s*(\"(?:[^\"\\]|\\.)*\")")

SAID_BY_CODE = {
    "{n} of {all} sources need attention",
    "silent",
    "Connected, but nothing has come for a while. Check the network and the platform.",
    "Something went wrong here. It has been written to the log.",
    "There is no such page.",
    "This page does not take that.",
    "This request could not be answered.",
    "This address holds something that cannot be read.",
}


def sentences() -> set[str]:
    """Every sentence of templates and code that a catalogue must hold."""
    found = set[str]()
    for template in (WEB / "templates").glob("*.html"):
        text = template.read_text("utf-8")
        found |= {ast.literal_eval(one) for one in SAID.findall(text)}
        found |= {ast.literal_eval(more) for _, more in COUNTED.findall(text)}
    for code in WEB.glob("*.py"):
        found |= {ast.literal_eval(one) for one in CODE_WORDS.findall(code.read_text("utf-8"))}
    return found | constants() | SAID_BY_CODE


def constants() -> set[str]:
    """Sentences that stand in tables of the code."""
    from dashboards.web import posts, signals, views

    found = {label for label, _ in signals.SIGNALS.values()} | set(posts.REASON_WORDS.values())
    for _, word, advice in views._STATES.values():
        found |= {word, advice}
    source = "".join(path.read_text("utf-8") for path in WEB.glob("*.py"))
    found |= set(re.findall(r"Refused\(\s*\d+, \"([^\"]+)\"", source))
    return found


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_the_templates_hold_sentences_at_all():
    assert len(sentences()) > 100


@pytest.mark.parametrize("lang", [lang for lang in words.LANGUAGES if lang != words.DEFAULT])
def test_a_catalogue_holds_every_sentence_and_no_other(lang: str):
    table = tomllib.loads((words.CATALOGUES / f"{lang}.toml").read_text("utf-8"))["words"]

    assert sentences() - set(table) == set()
    assert set(table) - sentences() == set()


@pytest.mark.parametrize("lang", [lang for lang in words.LANGUAGES if lang != words.DEFAULT])
def test_a_translation_keeps_what_is_filled_in(lang: str):
    table = tomllib.loads((words.CATALOGUES / f"{lang}.toml").read_text("utf-8"))["words"]

    assert [one for one, said in table.items() if fields(one) != fields(said)] == []


def test_one_thing_and_many_things_are_said_differently():
    said = words.Words("en", {})

    assert said.many("{n} post", "{n} posts", 1) == "1 post"
    assert said.many("{n} post", "{n} posts", 1200) == "1,200 posts"


def test_what_is_filled_in_is_never_read_as_a_pattern():
    said = words.Words("en", {})

    assert said("by {who}", who="{n} {0} {x.__class__}") == "by {n} {0} {x.__class__}"


@pytest.mark.parametrize(
    ("cookie", "accepted", "lang"),
    [
        ("ko", "en-US,en", "ko"),
        ("", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "KO", "ko"),
        ("", "fr-FR,ko", "en"),
        ("../../etc", "", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_is_the_persons_choice_or_the_browsers(
    cookie: str, accepted: str, lang: str
):
    assert words.choose(cookie, accepted) == lang


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.4, "0.4"),
        (2.0, "2"),
        (1 / 3, "0.33"),
        (1e300, "1.0e+300"),
    ],
)
def test_numbers_are_short(value: float, said: str):
    assert words.number(value) == said
