"""Which language a short post is in, with names, tags and links that say nothing about it."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.language import LIMIT, base_code, identify

POSTS = Path(__file__).parents[1] / "eval" / "posts_by_language.tsv"
NAMES = re.compile("LUMENA|Arin|arin|아린")


def posts() -> list[tuple[str, str]]:
    lines = POSTS.read_text("utf-8").splitlines()
    return [(code, text) for code, _, text in (line.partition("\t") for line in lines)]


def told(text: str, **more: object) -> str:
    return identify(text, skip=[match.span() for match in NAMES.finditer(text)], **more)


def test_short_posts_of_sixteen_languages_are_told_apart():
    wrong = Counter(code for code, text in posts() if told(text) != code)
    counts = Counter(code for code, _ in posts())

    assert len(counts) == 17
    assert sum(wrong.values()) <= 0.02 * sum(counts.values()), wrong
    assert max(wrong.values(), default=0) <= 1, wrong


@pytest.mark.parametrize("text", [text for code, text in posts() if code == "und"])
def test_what_holds_no_words_is_in_no_language(text):
    assert told(text) == "und"


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\ud800", "7", "_", "@", "#"])
def test_nothing_to_read_is_in_no_language(text):
    assert identify(text) == "und"


def test_names_of_watched_subjects_do_not_decide():
    text = "서하늘 서하늘 서하늘 is so pretty today"

    assert identify(text) == "ko"
    assert identify(text, skip=[(0, 3), (4, 7), (8, 11)]) == "en"


@pytest.mark.parametrize(
    "noise",
    ["#서하늘 #달빛아이들 #컴백", "@moonlit_official_kr", "https://noticias.example/la-verdad"],
)
def test_tags_handles_and_links_do_not_decide(noise):
    assert identify(f"{noise} so proud of her today {noise}") == "en"
    assert identify(f"{noise} 오늘 너무 예뻤다 {noise}") == "ko"


def test_english_words_of_fans_in_a_korean_post_leave_it_korean():
    assert identify("comeback stage 너무 좋았다 legend") == "ko"


def test_a_korean_word_in_an_english_post_leaves_it_english():
    assert identify("who is that girl in the 빨간 dress") == "en"


def test_one_kana_makes_no_chinese_post_japanese():
    assert identify("我们最喜欢の歌手今天真的太可爱了") == "zh"


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("Luna ♡", "de", "de"),
        ("Luna ♡", "de-AT", "de"),
        ("I cannot believe that we won this award today", "de", "en"),
        ("오늘 무대 최고", "en", "ko"),
        ("😂", "en", "en"),
        ("😂", "und", "und"),
    ],
)
def test_what_the_platform_says_decides_only_where_words_do_not(text, hint, expected):
    assert identify(text, hint=hint) == expected


def test_no_platform_can_say_a_language_of_another_script():
    assert identify("Luna ♡", hint="ko") == identify("Luna ♡")


@pytest.mark.parametrize(
    ("code", "base"),
    [
        ("en-GB", "en"),
        ("in", "id"),
        ("zh_Hant_TW", "zh"),
        ("und", None),
        ("", None),
        (None, None),
    ],
)
def test_codes_of_platforms_come_in_one_form(code, base):
    assert base_code(code) == base


@given(st.text(max_size=300), st.text(max_size=10))
def test_any_text_has_a_language_or_none(text, hint):
    assert re.fullmatch(r"\S*", identify(text, hint=hint))


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)).map(sorted), max_size=5),
)
def test_any_spans_may_be_left_out(text, spans):
    assert identify(text, skip=[(start, end) for start, end in spans])


@pytest.mark.parametrize(
    "unit", ["a", "a b ", "ㅋ", "@a", "http://", "&a", "é\u0301", "\ud800", "가 나 ", "__"]
)
def test_a_long_text_takes_no_longer_than_its_beginning(unit):
    text = unit * (1_000_000 // len(unit))
    identify(text[:LIMIT])
    begin = time.process_time()

    assert identify(text) == identify(text[:LIMIT])
    assert time.process_time() - begin < 0.5


def test_without_the_built_table_scripts_and_hints_still_tell(monkeypatch):
    from detect.language import grams

    monkeypatch.setattr(grams, "TABLE", "nothing.bin")
    grams._table.cache_clear()
    grams._pieces_of.cache_clear()
    try:
        assert identify("오늘 무대 최고였어") == "ko"
        assert identify("the stage today was the best") == "und"
        assert identify("the stage today was the best", hint="en") == "en"
    finally:
        grams._table.cache_clear()
        grams._pieces_of.cache_clear()
