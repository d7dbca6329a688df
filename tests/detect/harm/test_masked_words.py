"""Masked letters and words glued to names are read; what is no mask stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.harm.judge import HarmJudge
from detect.harm.masked import MASKS, Masks, without_names
from detect.language import identify
from detect.mentions import MentionMatcher
from detect.wording.evasion import Disguised
from tests.eval.harm import Bench

JUDGE = HarmJudge(identify)
MATCHER: MentionMatcher = Bench(None).matcher


def judged(text: str):
    (said,) = JUDGE.judge_texts([text], [MATCHER.match_text(text)])
    return said


@pytest.mark.parametrize(
    ("text", "category", "surface"),
    [
        ("Haruel, k**l yourself", "hate", "k**l yourself"),
        ("Haruel you f*cking b#tch", "hate", "b#tch"),
        ("하루엘 씨*년 진짜", "hate", "씨*년"),
        ("하루엘 ㅅ1ㅂ ㅂ1ㅅ", "hate", "ㅂ1ㅅ"),
        ("하루엘 병X 진짜", "hate", "병X"),
        ("하루엘 병*같은", "hate", "병*"),
        ("하루엘 딥○이크 팝니다 디엠", "sexual_deepfake", "딥○이크"),
        ("ハルエル 死*", "hate", "死*"),
        ("Haruel d**pfake n*des for sale dm me", "sexual_deepfake", "d**pfake n*des"),
        ("하루엘한테염산뿌리러간다", "threat", "염산뿌리"),
        ("나비엘은걸레", "hate", "걸레"),
        ("하루엘죽어라", "hate", "죽어라"),
        ("#HaruelDeepfake dm me", "sexual_deepfake", "Deepfake"),
        ("#HaruelBitch", "hate", "Bitch"),
    ],
)
def test_a_masked_or_glued_word_is_read_and_quoted_as_it_stands(text, category, surface):
    said = judged(text)

    assert (said.harm[0].category, said.target) == (category, "subject")
    assert said.harm[0].score >= 0.8
    # A longer listed phrase may hold it.
    assert any(surface in one.surface for one in said.reasons)
    assert all(one.surface == text[one.start : one.end] for one in said.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "Haruel 5*3=15 and 2 * 2 = 4",
        "*Haruel* is so *cute* today **look**",
        "하루엘 * 별 * 하트 ○○ 이모티콘",
        "하루엘한테 고백했다",
        "하루엘한테고백했다",
        "하루엘 무대 최고***",
        "Haruel #stage #live #kpop",
        "하루엘X나비엘 무대",
    ],
)
def test_what_is_no_mask_does_no_harm(text):
    assert judged(text).worst == 0


def test_a_threat_in_a_hashtag_is_read_as_it_is_in_words():
    tag, words = judged("#KillHaruel"), judged("Kill Haruel")

    assert tag.harm == words.harm
    assert [one.category for one in tag.harm] == ["threat"]
    assert [(one.surface, one.start) for one in tag.reasons] == [("Kill", 1), ("Haruel", 5)]


@pytest.mark.parametrize(
    "text",
    [
        "#HaruelKilledIt", "#HaruelKillsIt tonight", "#SlayHaruel", "#KillerHaruel",
        "Haruel #KillThisLove", "#ProtectHaruel", "#HappyHaruelDay", "SkillHaruel", "KillHaruel",
    ],
)  # fmt: skip
def test_praise_songs_and_words_outside_of_hashtags_do_no_harm(text):
    assert judged(text).worst == 0


MASK = Masks(["kill", "씨발", "死ね", "bitch", "딥페이크"], ["씨발", "死ね"])


@given(st.text(st.sampled_from(MASKS + "xXkilbtch씨발딥페이크死ね 가a."), max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_length_never_changes_and_nothing_but_masks_does(text):
    after = MASK.undone(text)
    assert len(after) == len(text)
    for have, was in zip(after, text, strict=True):
        assert have == was or was in MASKS + "xX" or have == was.lower()


@given(
    st.text("하루엘한테은가 a#_A염산", max_size=30),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=5),
)
def test_taking_names_out_keeps_every_other_place(text, names):
    spans = [(start, end) for start, end in names if start < end <= len(text)]
    after = without_names(text, spans)
    assert len(after) == len(text)
    assert all(have in (was, " ") for have, was in zip(after, text, strict=True))


def test_a_digit_between_two_first_consonants_hides_nothing():
    assert Disguised("ㅅ1ㅂ").joined == "ㅅㅂ"
    assert Disguised("ㅅ1ㅂㅏㄹ").joined == "시발"
