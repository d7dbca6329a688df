"""The words of the pages, and that no language lacks any of them."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.numbers import format_decimal

from dashboards.web import extraction, words

TRANSLATED = [lang for lang in words.LANGUAGES if lang != words.DEFAULT]


@pytest.fixture(scope="module")
def sentences() -> Catalog:
    return extraction.sentences()


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def forms(said: str | tuple[str, ...] | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def test_sentences_of_templates_and_of_code_are_found(sentences: Catalog):
    ids = [message.id for message in messages(sentences)]

    assert "Skip to content" in ids, "said by a template"
    assert ("{n} account", "{n} accounts") in ids, "counted by a template"
    assert "just now" in ids, "said by code"
    assert "There is no such page." in ids, "kept in a table of the code"
    assert "This form is too large." in ids, "the reason of a refusal"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_a_catalogue_holds_every_sentence_and_no_other(lang: str, sentences: Catalog):
    wanted = {message.id for message in messages(sentences)}
    held = {message.id for message in messages(extraction.read(lang))}

    assert wanted - held == set(), "run `make words` and translate what it names"
    assert held - wanted == set(), "run `make words`"


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_sentence_is_translated_in_all_its_forms(lang: str):
    catalog = extraction.read(lang)

    assert [message.id for message in extraction.untranslated(catalog)] == []
    assert [message.id for message in catalog if message.id and message.fuzzy] == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_a_translation_keeps_what_is_filled_in(lang: str):
    for message in messages(extraction.read(lang)):
        wanted = set().union(*map(fields, forms(message.id)))
        for said in forms(message.string):
            assert fields(said) == wanted, message.id


@pytest.mark.parametrize("lang", TRANSLATED)
def test_a_catalogue_stands_as_the_tool_writes_it(lang: str):
    file = words.CATALOGUES / f"{lang}.po"

    assert file.read_bytes() == extraction.written(extraction.update(lang)), "run `make words`"


def test_an_update_keeps_translations_adds_sentences_and_drops_unused_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Catalog
):
    (tmp_path / "ko.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Alerts"\nmsgstr "알림"\n\nmsgid "Nobody says this"\nmsgstr "없음"\n',
        "utf-8",
    )
    monkeypatch.setattr(extraction, "CATALOGUES", tmp_path)

    catalog = extraction.update("ko")

    assert catalog["Alerts"].string == "알림"
    assert "Nobody says this" not in catalog
    assert len(list(extraction.untranslated(catalog))) == len(sentences) - 1


def test_the_pages_speak_korean_with_its_one_plural_form():
    said = words.load()["ko"]

    assert said("Alerts") == "알림"
    assert said.many("{n} account", "{n} accounts", 1) == "계정 1개"
    assert said.many("{n} account", "{n} accounts", 1200) == "계정 1,200개"


def test_one_thing_and_many_things_are_said_differently():
    said = words.Words("en")

    assert said.many("{n} post", "{n} posts", 1) == "1 post"
    assert said.many("{n} post", "{n} posts", 1200) == "1,200 posts"


def test_what_is_filled_in_is_never_read_as_a_pattern():
    said = words.Words("en")

    assert said("by {who}", who="{n} {0} {x.__class__}") == "by {n} {0} {x.__class__}"


def test_a_sentence_that_no_catalogue_holds_is_said_in_english():
    assert words.load()["ko"]("Not in any catalogue") == "Not in any catalogue"


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
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_short(value: float, said: str):
    assert words.Words("en").number(value) == said


@pytest.mark.parametrize("lang", list(words.LANGUAGES))
def test_small_counts_are_written_as_the_language_writes_them(lang: str):
    for n in (0, 7, 42, 999, 1000, 1_234_567):
        said = format_decimal(n, format="#,##0.##", locale=lang)
        assert words.Words(lang).number(n) == said
