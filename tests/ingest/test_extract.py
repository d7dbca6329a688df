"""Hashtags, mentions and links as they stand in plain text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import extract


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#서하늘 최고", ("서하늘",)),
        ("＃全角 #한글#붙임", ("全角", "한글", "붙임")),
        ("#สตรีมมิ่ง", ("สตรีมมิ่ง",)),
        ("#1 in the world #2026", ()),
        ("see https://a.example/#part and a#b", ()),
        ("&#39; #x", ("x",)),
        ("#a #a #b", ("a", "b")),
        ("no tag", ()),
    ],
)
def test_hashtags(text, found):
    assert extract.hashtags(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@haneul.example 안녕", ("haneul.example",)),
        ("write to a@b.example", ()),
        ("(@one) @two, @one.", ("one", "two")),
        ("＠full", ("full",)),
        ("@@x", ()),
        ("https://t.example/@x", ()),
    ],
)
def test_mentions(text, found):
    assert extract.mentions(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(see https://a.example/b).", ("https://a.example/b",)),
        ("https://a.example/x_(y)", ("https://a.example/x_(y)",)),
        ("https://namu.example/w/서하늘 다음", ("https://namu.example/w/서하늘",)),
        ("https://t.example/abc보세요", ("https://t.example/abc",)),
        ("HTTPS://A.example!", ("HTTPS://A.example",)),
        ("https:// alone", ()),
        ("ftp://a.example", ()),
    ],
)
def test_links(text, found):
    assert extract.links(text) == found


@given(st.text(max_size=300))
def test_nothing_found_is_empty_or_repeated(text):
    for extractor in (extract.hashtags, extract.mentions, extract.links):
        found = extractor(text)
        assert all(found)
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("unit", ["#", "@", "https://", "#a", "@a.", "https://a/", "(", "https://((((", "·#", "가#"])  # fmt: skip
def test_long_hostile_text_takes_linear_time(unit):
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        for extractor in (extract.hashtags, extract.mentions, extract.links):
            assert len(extractor(text)) <= 100
        return time.process_time() - began

    seconds(10_000)
    assert seconds(800_000) < 16 * max(seconds(100_000), 0.01)
