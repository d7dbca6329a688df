"""Whatever text does to the judge of harm, it answers, and in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.harm.features import MOST, features
from detect.harm.judge import HarmJudge
from detect.language import identify
from detect.records import Mention

JUDGE = HarmJudge(identify)
PIECES = [
    "죽", "여", "버릴", "딥페이크", "팝니다", "ㄷ", "ㅣ", "ㅂ", "kill ", "i will ", "nudes ", "\u200b", "\u202e",
    "\ud800", "💀", "”", "“", "「", '"', "010-1234-5678", " ", "\n", "a" * 40, "死ね", "ฆ่า", "\u0301" * 9, "\x00",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_any_text_is_judged_and_its_reasons_stand_in_it(pieces, start):
    text = "".join(pieces)
    mention = Mention(subject="a", reason="alias", surface="x", start=start, end=start + 1)
    [found] = JUDGE.judge_texts([text], [(mention,)])
    for score in found.harm:
        assert 0 <= score.score <= 1
        assert score.score == round(score.score, 3)
    for one in found.reasons:
        assert one.start is not None
        assert text[one.start : one.end] == one.surface


@given(st.lists(st.text(max_size=30), max_size=6))
@settings(max_examples=60, deadline=None)
def test_features_of_a_text_do_not_depend_on_its_neighbours(texts):
    ids, starts = features(texts)
    assert len(starts) == len(texts) + 1
    for place, text in enumerate(texts):
        alone, _ = features([text])
        assert ids[starts[place] : starts[place + 1]].tolist() == alone.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "ㅋ",
        "죽",
        "💀",
        "\u202e",
        "\ud800",
        "💀" * 500,
        "\u200b" * 500,
        "한A漢かกע" * 50,
    ],
)
def test_short_and_odd_texts_do_no_harm(text):
    [found] = JUDGE.judge_texts([text], [()])
    assert found.harm == ()
    assert found.target == "unknown"


@pytest.mark.parametrize(
    "unit",
    ["죽여버릴 ", "딥", "ㄷㅣㅂ", "“", "kill ", "a", "씨발년아 ", "ㅅㅂ", "a.", "딥🔥", "서아린 죽인다 미쳤다 ", "\u0301", "1", " "],
)  # fmt: skip
def test_a_million_characters_take_bounded_time(unit):
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    JUDGE.judge_texts([text], [()])
    assert time.process_time() - began < 3


def test_the_model_sees_the_beginning_of_a_long_text_only():
    beginning, _ = features(["한" + "글" * (MOST - 1)])
    whole, _ = features(["한" + "글" * (MOST * 3)])
    assert beginning.tolist() == whole.tolist()


def test_no_posts_make_no_judgements():
    assert JUDGE.judge([], []) == []
