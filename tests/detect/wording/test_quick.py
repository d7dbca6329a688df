"""A quick look before an expression: the same answer as the expression alone, always."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.wording.quick import Quick
from stream.bursts import appeals, marks

EXPRESSIONS = (
    r"\b(?:vote[ds]?|cup ?sleeves?|fundrais\w+|pre-?orders?)\b|투표|生日快[乐樂]",
    r"ab+c|(?:de){2,}f|x?yz",
    r"a|b",
    r"[abc]d?|vote",
    r"(?<!no )vote(?!r)",
    r"",
)
TEXTS = st.text(alphabet="abcdefxyzvote nor투표生日快乐樂-\ud800", max_size=24)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(text=TEXTS)
def test_the_answer_is_that_of_the_expression(expression: str, text: str) -> None:
    assert Quick(expression).found(text) == (re.search(expression, text) is not None)


def test_every_alternative_gives_the_longest_piece_that_it_needs() -> None:
    assert Quick(r"\b(?:vote[ds]?|cup ?sleeves?)\b|생일 ?카페").pieces == {
        "vote",
        "sleeve",
        "생일",
    }
    assert Quick(r"vote|[abc]d?").pieces == frozenset()


def test_the_expressions_that_every_post_is_asked_are_looked_for_by_their_pieces() -> None:
    for quick in (
        marks._WORDS,
        marks._OCCASION,
        appeals._REPORT,
        appeals._WHAT,
        appeals._SPARE,
    ):
        assert quick.pieces
