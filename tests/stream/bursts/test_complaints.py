"""Complaints are told from chatter by their words, in many languages."""

from __future__ import annotations

import pytest

from stream.bursts.complaints import is_complaint


@pytest.mark.parametrize(
    "text",
    [
        "so disappointed, these prices are unfair",
        "the company must explain this",
        "티켓값 납득이 안 된다 회사는 설명을 해라",
        "値上げは納得できない",
        "太贵了 请解释",
        "qué decepción, demasiado caro",
    ],
)
def test_a_complaint_is_recognised(text: str) -> None:
    assert is_complaint(text.casefold())


@pytest.mark.parametrize("text", ["best day ever", "오늘도 사랑해", "かわいい", ""])
def test_joy_is_no_complaint(text: str) -> None:
    assert not is_complaint(text.casefold())
