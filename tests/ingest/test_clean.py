"""Hygiene: whatever a payload holds becomes something safe to keep, or a plain reason."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import clean
from ingest.clean import Context, Unreadable
from ingest.records import TEXT_LIMIT

NOW = 1_790_000_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-09-21T13:33:20Z", 1_789_997_600_000),
        ("2026-09-21T13:33:20+09:00", 1_789_965_200_000),
        ("2026-09-21 13:33:20", 1_789_997_600_000),
        (1_789_997_600, 1_789_997_600_000),
        (1_789_997_600.25, 1_789_997_600_250),
        ("1789997600", 1_789_997_600_000),
        (1_789_997_600_000, 1_789_997_600_000),
        (1_789_997_600_000_000, 1_789_997_600_000),
    ],
)
def test_a_time_is_read_in_every_usual_form(value, at):
    assert clean.instant(value, "created_at", NOW) == at


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "created_at: missing"),
        (True, "expected a time, found true or false"),
        ([], "expected a time, found a list"),
        ("yesterday", "'yesterday' is no time"),
        ("", "is no time"),
        (0, "before 1990"),
        ("1969-12-31T23:59:59Z", "before 1990"),
        (float("inf"), "no finite number"),
        (float("nan"), "no finite number"),
        (1e30, "no time of our age"),
        ("2199-01-01T00:00:00Z", "far future"),
    ],
)
def test_what_is_no_time_is_said_so(value, reason):
    with pytest.raises(Unreadable) as refused:
        clean.instant(value, "created_at", NOW)

    assert reason in str(refused.value)


@given(JSON)
def test_no_value_makes_a_helper_raise_anything_but_a_reason(value):
    for read in (
        lambda: clean.instant(value, "f", NOW),
        lambda: clean.identifier(value, "f"),
        lambda: clean.optional_identifier(value, "f"),
        lambda: clean.text(value),
        lambda: clean.strings(value, "f"),
        lambda: clean.metrics(value),
    ):
        with suppress(Unreadable):
            read()
    clean.short(value)
    clean.count(value)
    clean.web_address(value)
    clean.optional_instant(value)
    assert clean.kind(value)


@given(st.text(st.characters(), max_size=200))
def test_kept_text_can_be_stored_anywhere(text):
    kept, cut = clean.text(text)

    kept.encode("utf-8")
    assert "\0" not in kept
    assert not cut
    assert len(kept) == len(text), "positions of mentions stay true"


def test_ten_megabytes_of_text_are_cut_and_said_to_be():
    kept, cut = clean.text("가" * 10_000_000)

    assert len(kept) == TEXT_LIMIT
    assert cut


def test_a_lone_surrogate_is_replaced_and_nothing_else_changes():
    assert clean.scrub("a\ud83dㅋb") == "a�ㅋb"


def test_an_identifier_is_never_cut_because_two_could_become_one():
    with pytest.raises(Unreadable, match=r"1,025 characters, at most 1,024"):
        clean.identifier("x" * 1025, "id")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//a.example", "ftp://a.example", "https:/a", 5, None, "http://" + "a" * 3000])  # fmt: skip
def test_only_addresses_of_the_web_are_kept(address):
    assert clean.web_address(address) is None


def test_lists_are_bounded_and_without_repeats():
    assert clean.strings([f"t{n % 150}" for n in range(1_000)], "tags") == tuple(
        f"t{n}" for n in range(100)
    )
    assert clean.strings(["#a", "＃b", " c "], "tags", "#＃") == ("a", "b", "c")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfe", "not UTF-8: byte 0xff at 0"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5_000, "not JSON: a number of too many digits"),
    ],
)
def test_bytes_that_are_no_json_are_refused_with_the_reason(raw, reason):
    with pytest.raises(Unreadable) as refused:
        clean.loads(raw)

    assert reason in str(refused.value)


def test_json_with_a_byte_order_mark_or_half_a_pair_is_read():
    assert clean.loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert clean.loads(json.dumps({"a": "\ud83d"}).encode()) == {"a": "\ud83d"}


def test_a_dead_letter_keeps_at_most_64_kibibytes_and_a_short_reason():
    letter = clean.malformed(Context(source="s"), b"x" * 1_000_000, "why " * 1_000)

    assert len(letter.raw) == 65_536
    assert len(letter.reason) == 500
