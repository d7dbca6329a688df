"""Canonical links: one page in many spellings is one object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.links import canonical_url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.example.com/a/", "http://example.com/a"),
        ("https://m.example.com/a?utm_source=x&b=1", "https://example.com/a?b=1#top"),
        ("https://EXAMPLE.com/a?b=1&a=2", "https://example.com/a?a=2&b=1"),
        ("https://example.com/watch?v=1&feature=share&si=abc", "https://example.com/watch?v=1"),
        ("https://example.com./a", "https://example.com/a"),
    ],
)
def test_spellings_of_one_page_are_one_object(one: str, other: str) -> None:
    assert canonical_url(one) == canonical_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a", "https://example.com/b"),
        ("https://example.com/a?id=1", "https://example.com/a?id=2"),
        ("https://example.com/A", "https://example.com/a"),
        ("https://one.example.com/", "https://two.example.com/"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "ftp://example.com/a", "https://localhost/a", "http://[::1"],
)
def test_what_is_no_web_page_has_no_canonical_form(url: str) -> None:
    assert canonical_url(url) is None


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    found = canonical_url("https://example.com/" + text)

    assert found is None or found.startswith("example.com")
    assert canonical_url(text) is None or "." in text
