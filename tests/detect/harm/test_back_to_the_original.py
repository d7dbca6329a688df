"""Whatever a word is disguised as, a reason quotes exactly what stands in the post."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.harm.judge import HarmJudge
from detect.harm.thresholds import ALERT_FROM
from detect.language import identify
from tests.eval.evasions import disguise
from tests.eval.harm import LISTED, Bench

WORDS = {"딥페이크": "sexual_deepfake", "지인능욕": "sexual_deepfake", "죽여버릴": "threat",
         "칼부림": "threat"}  # fmt: skip
MATCHER = Bench(None).matcher
AROUND = st.text("가나다 오늘 abc ,.!\n🙂", max_size=12)


@cache
def judge() -> HarmJudge:
    return HarmJudge(identify)


@pytest.mark.parametrize("kind", LISTED)
@given(word=st.sampled_from(sorted(WORDS)), before=AROUND, after=AROUND)
@settings(max_examples=15, deadline=None)
def test_a_reason_points_at_the_disguised_word_in_the_original(kind, word, before, after):
    hidden = disguise(word, kind)
    text = f"{before} {hidden} {after}"

    (said,) = judge().judge_texts([text], [()])

    for one in said.reasons:
        assert one.start is not None
        assert one.end is not None
        assert text[one.start : one.end] == one.surface
    if kind not in {"choseong", "half_choseong"}:
        first, last = text.index(hidden), text.index(hidden) + len(hidden)
        assert any(
            first <= one.start and one.end <= last
            for one in said.reasons
            if one.category == WORDS[word] and one.start is not None and one.end is not None
        )


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("하루엘님 죽여버릴거야", "threat"),
        ("하 루 엘 죽 여 버 린 다", "threat"),
        ("하루엘언니 죽어버려", "hate"),
        ("ハルエルさんを殺してやる", "threat"),
        ("ハルエルちゃん死ね", "hate"),
        ("P'Haruel ไปตายซะ", "hate"),
        ("kak Haruel mati aja lo", "hate"),
        ("Haruel-ssi kill yourself", "hate"),
    ],
)
def test_titles_particles_and_missing_spaces_hide_neither_the_name_nor_the_word(text, category):
    (said,) = judge().judge_texts([text], [MATCHER.match_text(text)])

    assert said.harm[0].category == category
    assert said.harm[0].score >= ALERT_FROM
    assert said.target == "subject"
