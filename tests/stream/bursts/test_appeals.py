"""Calls to report are told from harm by what they ask for, in many languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.bursts.appeals import is_appeal


@pytest.mark.parametrize(
    "text",
    [
        "🚨 하루엘 명예훼손 게시물 신고 안내\n1. 링크 접속 2. 신고 - 허위 정보",
        "하루엘 악플 계정 신고 완료!",
        "신고하고 차단 인용은 하지 마세요",
        "PDF 따서 메일 보냈어요 하루엘 지키자",
        "mass report this account lying about Haruel",
        "reported and blocked, protect Haruel",
        "please report, do not quote or reply",
        "ハルエルへの誹謗中傷アカウントの通報お願いします",
        "请大家举报这些账号",
        "Por favor reporten esta cuenta",
        "tolong laporkan akun ini",
        "denunciem essa conta",
        "ช่วยกันรีพอร์ตบัญชีนี้",
        "#PROTECT_HARUEL report here",
    ],
)
def test_a_call_to_report_what_others_wrote_is_an_appeal(text: str) -> None:
    assert is_appeal(text.casefold())


@pytest.mark.parametrize(
    "text",
    [
        "a report says Haruel bullied kids at school",
        "reports say that Haruel lied, the lies never end",
        "a reporter says she never sang that part",
        "하루엘 학폭 가해자래 경찰에 신고해야 한다",
        "Haruel should be reported to the police",
        "protect our kids from Haruel",
        "나비엘이 매니저한테 물건을 던졌대 다들 퍼뜨려 주세요",
        "",
    ],
)
def test_a_smear_is_none_even_if_it_asks_to_report_its_victim(text: str) -> None:
    assert not is_appeal(text.casefold())


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_appeal(text.casefold()) in {True, False}
