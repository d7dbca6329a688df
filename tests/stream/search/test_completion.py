"""What the search box offers while a person types."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.search.completion import MAX_SUGGESTIONS, complete

VALUES = {"subject": ["haneul", "Seo An", "서안"], "platform": ["bluesky", "reddit"]}


def offered(text: str, cursor: int | None = None) -> list[str]:
    found = complete(text, len(text) if cursor is None else cursor, VALUES)
    return [one.insert for one in found]


def test_a_beginning_is_completed_to_a_field():
    assert offered("a su") == ["subject:"]
    assert offered("(re") == ["reason:", "reposts>", "replies>"]


def test_a_field_is_completed_to_its_known_values():
    assert offered("platform:") == ["platform:bluesky", "platform:reddit"]
    assert offered("a -platform:R") == ["platform:reddit"]
    assert offered("has:m") == ["has:media"]
    assert offered("subject:서") == ["subject:서안"]
    assert offered("target:f") == ["target:fan"]
    assert offered("harm:st") == ["harm:stalking"]
    assert offered("harm>") == []


def test_a_value_with_a_space_is_put_in_quotes():
    assert offered("subject:se") == ['subject:"Seo An"']
    assert offered('a OR subject:"seo a') == ['subject:"Seo An"']


def test_only_what_stands_before_the_cursor_counts():
    text = "platform:b since:7d"

    found = complete(text, len("platform:b"), VALUES)

    assert [(one.insert, one.start, one.end) for one in found] == [("platform:bluesky", 0, 10)]


def test_a_finished_phrase_is_left_alone():
    assert offered('"a b"') == []
    assert offered("text:x") == []


@given(st.text(max_size=80), st.integers(-5, 100))
def test_whatever_is_typed_completes_in_bounds(text, cursor):
    found = complete(text, cursor, VALUES)

    assert len(found) <= MAX_SUGGESTIONS
    assert all(0 <= one.start <= one.end <= len(text) for one in found)
