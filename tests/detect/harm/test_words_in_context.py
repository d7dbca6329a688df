"""Words of harm count in their context: who is aimed at, and what the text does with them."""

from __future__ import annotations

import pytest

from detect.harm.judge import HarmJudge
from detect.harm.thresholds import ALERT_FROM, SURE_FROM
from detect.language import identify
from detect.mentions import MentionMatcher
from detect.records import HARM_CATEGORIES, Judgement
from detect.watchlist import Subject, Watchlist

WATCHLIST = Watchlist(
    subjects=(
        Subject(id="arin", kind="idol", name="Arin", names={"ko": ("서아린",), "en": ("Arin",), "ja": ("アリン",)}),
    )
)  # fmt: skip
MATCHER = MentionMatcher(WATCHLIST)
JUDGE = HarmJudge(identify)


def judged(text: str) -> Judgement:
    [found] = JUDGE.judge_texts([text], [MATCHER.match_text(text)])
    return found


def worst(text: str) -> dict[str, float]:
    return {one.category: one.score for one in judged(text).harm}


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("sexual_deepfake", "서아린 딥페이크 팝니다 텔레 문의"),
        ("sexual_deepfake", "selling Arin deepfake nudes, dm me on telegram"),
        ("sexual_deepfake", "アリンのディープフェイク売ります、DMください"),
        ("sexual_deepfake", "vendo deepfakes xxx de Arin por telegram"),
        ("threat", "서아린 콘서트장에서 죽여버릴 거야"),
        ("threat", "I will kill Arin at the airport"),
        ("stalking", "서아린 비행기 정보 판매해요 디엠 주세요"),
        ("stalking", "Arin flight info for sale, dm me"),
        ("hate", "서아린 병신 나대지 마"),
        ("hate", "アリン死ね"),
    ],
)
def test_plain_words_of_harm_reach_the_threshold_of_alerts(category, text):
    found = judged(text)
    assert worst(text).get(category, 0) >= ALERT_FROM
    assert found.target == "subject"
    assert any(one.category == category for one in found.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "서아린 무대 죽인다 진짜 미쳤다",
        "서아린 귀여워 죽겠네",
        "Arin is killing it tonight, I'm dead",
        "she ate and left no crumbs, Arin slayed",
        "アリン可愛すぎて死ぬ",
        "Arin me mata con ese baile",
        "서아린 포토카드 팝니다 디엠 주세요",
        "Arin plays a killer in the drama and the knife scene is insane",
    ],
)
def test_praise_trade_of_fans_and_parts_played_are_no_harm(text):
    assert not {k: v for k, v in worst(text).items() if k != "criticism"}


@pytest.mark.parametrize(
    "text",
    [
        "서아린 딥페이크 유포하는 계정 신고해 주세요",
        "please report every deepfake porn account targeting Arin, it is a crime",
        "sasaengs selling Arin's flight info are not fans, stop buying",
        "서아린 사생들 숙소 앞에서 기다리지 마세요",
        "police arrested a man who said I will kill Arin, according to news",
        "[속보] 경찰, 서아린 살해 예고 글 작성자 체포",
        "the rumor that Arin bullied classmates is false",
    ],
)
def test_who_warns_reports_or_denies_does_no_harm(text):
    assert all(v < SURE_FROM for v in worst(text).values())


def test_the_one_aimed_at_is_told_from_others_who_are_named():
    assert judged("서아린 병신").target == "subject"
    assert judged("서아린 팬들은 다 병신 빠순이들").target == "fan"
    assert judged("저 정치인 개새끼 나라 말아먹네. 서아린 노래나 듣자").target == "other"
    assert judged("개새끼").target == "unknown"


def test_opinion_is_a_lane_of_its_own():
    found = worst("서아린 이번 라이브 실망이다 음정도 불안하고 곡도 지루함")
    assert set(found) == {"criticism"}


def test_a_threat_in_quotation_marks_counts_for_less():
    plain = worst("서아린 죽여버릴 거야")["threat"]
    quoted = worst('누가 "서아린 죽여버릴 거야"라고 썼던데')["threat"]
    assert quoted < ALERT_FROM <= plain


@pytest.mark.parametrize(
    "written",
    ["딥!페!이!크", "딥 페 이 크", "ㄷㅣㅂㅍㅔㅇㅣㅋㅡ", "딥ㅍㅇㅋ", "ㄷㅍㅇㅋ", "딥❤페❤이❤크", "딥\u200b페\u200b이크"],
)  # fmt: skip
def test_disguised_words_are_found_where_they_stand(written):
    text = f"서아린 {written} 팝니다 텔레"
    found = judged(text)
    assert worst(text)["sexual_deepfake"] >= ALERT_FROM
    [surface] = {one.surface for one in found.reasons if one.surface[0] in "딥ㄷ"}
    assert surface == written


def test_reasons_stand_in_the_original_where_they_say():
    text = "🙂 ＳＥＡ 서아린 D E E P fake porn for sale, dm me"
    for one in judged(text).reasons:
        assert one.start is not None
        assert text[one.start : one.end] == one.surface
        assert one.category in HARM_CATEGORIES


def test_names_by_which_somebody_is_called_do_not_change_the_score():
    other = Watchlist(
        subjects=(Subject(id="x", kind="idol", name="Bomi", names={"ko": ("김보미",)}),)
    )
    text = "{} 병신 나대지 마"
    [a] = JUDGE.judge_texts(
        [text.format("서아린")], [MATCHER.match_text(text.format("서아린"))]
    )
    matcher = MentionMatcher(other)
    [b] = JUDGE.judge_texts(
        [text.format("김보미")], [matcher.match_text(text.format("김보미"))]
    )
    assert a.harm == b.harm
