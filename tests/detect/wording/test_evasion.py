"""Disguised words are found by their plain spelling, and lead back to what was written."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.wording.evasion import VIEWS, Disguised, agrees, form
from detect.wording.hangul import ALIKE, LEAD_OF, parts, syllable
from tests.eval.evasions import EVASIONS, build, disguise, letters

KOREAN = ["딥페이크", "지인합성", "거짓말쟁이", "사기꾼들", "대머리"]
ENGLISH = ["deepfake", "liar", "cheater", "impostor"]
BY_LIST = ("masked",)
"""Disguises that only a list of words undoes: ``detect.harm.masked``."""
AROUND = [("어제 ", " 봤다"), ("they say ", " again"), ("", ""), ("🎤 ", "!")]
ODD = st.sampled_from(
    "가각까힣시발딥페이크아어이ㅋㅎㅅㅂㅏㅣㅡabclLsSeE13057@$!|.·-_ *\u200b\u200d\ufeff\u0301🔥❤️ａｅаеéßİ\ud800"
)


def places(text: str, term: str) -> list[tuple[int, int]]:
    """Where a term stands in a text in any view, in code points of the text."""
    seen = Disguised(text)
    found = []
    for view in VIEWS:
        sought, held = form(term, view), seen.text(view)
        at = held.find(sought)
        while at >= 0:
            if view != "leads" or agrees(
                form(term, "plain"), seen.spelt[at : at + len(sought)]
            ):
                found.append(seen.span(view, at, at + len(sought)))
            at = held.find(sought, at + 1)
    return found


@pytest.mark.parametrize("kind", [one for one in EVASIONS if one not in BY_LIST])
@pytest.mark.parametrize("term", [*KOREAN, *ENGLISH])
def test_a_disguised_term_is_found_where_it_stands(kind, term):
    for seed, (before, after) in product(range(5), AROUND):
        hidden = disguise(term, kind, seed)
        text = before + hidden + after
        start, end = len(before), len(before) + len(hidden)

        spans = places(text, term)

        assert spans, (text, Disguised(text).joined, Disguised(text).loose)
        assert any(start <= s and e <= end and e - s >= (end - start) * 0.6 for s, e in spans)


@pytest.mark.parametrize("term", ["딥페이크", "deepfake"])
def test_disguises_on_top_of_each_other_are_undone(term):
    for first, second in product(
        ["jamo", "yamin", "leet", "repeated"], ["punctuated", "emoji"]
    ):
        text = f"새로운 {disguise(disguise(term, first), second)} 영상"

        assert places(text, term), text


def test_one_disguise_and_what_each_view_makes_of_it():
    seen = Disguised("바.보야 댕댕이 v1deo ㅂㅗ물")

    assert seen.plain == "바.보야 댕댕이 v1deo 보물"
    assert seen.joined == "바보야 댕댕이 video 보물"
    assert seen.loose == form("바보야 멍멍이 video 보물", "loose")
    assert seen.leads == "ㅂ.ㅂㅇ ㄷㄷㅇ v1deo ㅂㅁ"


@pytest.mark.parametrize(
    "text",
    [
        "오늘 무대 정말 최고였어요",
        "it's 10pm, the 2nd ticket for her mp3 in 4k",
        "nova7 day1 and a 5kg parcel",
        "今日のステージ最高",
        "สวัสดีตอนเช้า น้ำ ก็",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert Disguised(text).joined == text


def test_links_are_no_words_in_which_to_look():
    seen = Disguised("see https://video.example/s3x now")

    assert "sex" not in seen.joined
    assert seen.joined.startswith("see  ")


def test_leads_alone_are_not_enough():
    assert form("딥페이크", "leads") == form("뒤포아카", "leads")
    assert not agrees("딥페이크", "뒤포아카")
    assert agrees("딥페이크", "딥ㅍ이ㅋ")
    assert agrees("딥페이크", "ㄷㅍㅇㅋ")
    assert not agrees("딥페이크", "ㄷㅍㅇ")


def test_a_loose_consonant_between_syllables_is_not_taken_for_a_final():
    seen = Disguised("대ㅁ리")

    assert seen.plain == "댐리"
    assert seen.spelt == "대ㅁ리"
    assert seen.leads == "ㄷㅁㄹ"
    assert agrees("대머리", seen.spelt)
    assert seen.span("leads", 1, 2) == (1, 2)


def test_every_syllable_is_made_of_its_letters():
    for code in range(0xAC00, 0xD7A4):
        char = chr(code)
        assert syllable(*parts(char)) == char == build(*letters(char))
        assert LEAD_OF[code] == letters(char)[0]
        assert ALIKE[ord(ALIKE[code])] == ALIKE[code]


@settings(max_examples=400)
@given(st.text(ODD, max_size=40) | st.text(max_size=60))
def test_spans_lead_back_into_the_text_in_order(text):
    seen = Disguised(text)
    for view in VIEWS:
        held = seen.text(view)
        spans = [seen.span(view, at, at + 1) for at in range(len(held))]

        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert spans == sorted(spans)
        if held:
            assert seen.span(view, 0, len(held)) == (spans[0][0], spans[-1][1])


@settings(max_examples=400)
@given(st.text(ODD, max_size=40) | st.text(st.characters(max_codepoint=0x17F), max_size=60))
def test_undoing_twice_changes_nothing_more(text):
    for view in ("plain", "joined"):
        once = form(text, view)

        assert form(once, view) == once


@settings(max_examples=400)
@given(st.text(ODD, max_size=40))
def test_what_is_alike_is_the_same_whether_or_not_it_was_undone_before(text):
    assert form(form(text, "joined"), "loose") == form(text, "loose")


@pytest.mark.parametrize("pieces", ["이ㄴㄴㅏ", "이ㄴ나", "인ㄴㅏ"])
def test_a_final_before_a_syllable_in_pieces_finds_its_place(pieces):
    assert form(pieces, "plain") == "인나"


LONG = 100_000


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "a.", "1", "a1", "가", "가 ", "가.", "이", "ㅋ", "ㅅㅣ", "ㅅ1", "@", "a@", "$", "a$", "a1@", ".", "🔥",
     "\u200b", "\u0301", "\ud800", "http://", "가1", "가ㅋ", "시이이", "aa", "é", "а", "\n"],
)  # fmt: skip
def test_time_grows_no_faster_than_the_text(unit):
    text = unit * (LONG // len(unit))
    begin = time.process_time()

    seen = Disguised(text)
    for view in VIEWS:
        held = seen.text(view)
        if held:
            seen.span(view, len(held) - 1, len(held))

    assert time.process_time() - begin < 3


def test_a_megabyte_takes_seconds():
    text = "d.e.e.p f4ke ㄷㅣㅂ.페 시이이 🔥 a@b$ " * 30_000
    begin = time.process_time()

    seen = Disguised(text)

    assert len(text) > 800_000
    assert seen.loose.count(form("deep fake 딥페", "loose")) == 30_000
    assert seen.span("loose", len(seen.loose) - 2, len(seen.loose))[1] == len(text)
    assert time.process_time() - begin < 20
