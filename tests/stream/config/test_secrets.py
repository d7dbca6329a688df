"""Secrets stay out of text, URLs, nested values and pickles."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.secret import Secret
from stream.config.secrets import is_secret_key, mask_text, mask_url, mask_value


def test_a_secret_shows_itself_to_nobody_but_reveal():
    secret = Secret("hunter2")

    assert secret.reveal() == "hunter2"
    assert f"{secret} {secret!r} {secret!s} {secret:>5}" == "*** *** ***   ***"
    assert "hunter2" not in f"{[secret]} { ({'a': secret}) }"


def test_a_secret_cannot_be_pickled():
    with pytest.raises(TypeError, match="not to be stored"):
        pickle.dumps(Secret("x"))


def test_secrets_compare_by_their_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "db_passwd",
        "client-secret",
        "API_KEY",
        "apikey",
        "Authorization",
        "set-cookie",
    ],
)
def test_keys_that_hold_secrets_are_known(key):
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["host", "text", "url", "author", "key", "passenger"])
def test_ordinary_keys_are_not_masked(key):
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/p", "https://a.example/p"),
        ("https://u:p@a.example:8/p?q=1#f", "https://***@a.example:8/p?***#***"),
        ("https://u@p@a.example/", "https://***@a.example/"),
        ("wss://a.example/?cursor=5", "wss://a.example/?***"),
        ("http://[broken", "***"),
    ],
)
def test_user_query_and_fragment_of_an_address_are_masked(url, expected):
    assert mask_url(url) == expected


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        (
            "POST https://h.example/x?token=abc failed",
            "abc",
            "POST https://h.example/x?*** failed",
        ),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh", "Authorization"),
        ("using Bearer abcdefgh12345678 now", "abcdefgh", "using Bearer *** now"),
        ('{"password": "hun ter2", "x": 1}', "hun ter2", '"x": 1'),
        ("api_key=zzz&page=2", "zzz", "&page=2"),
        ("client_secret='s p'", "s p", "client_secret="),
        ("amqp://guest:guest@mq.example", "guest", "mq.example"),
    ],
)
def test_secrets_inside_text_are_masked(text, gone, kept):
    masked = mask_text(text)

    assert gone not in masked
    assert kept in masked


@pytest.mark.parametrize("text", ["서연 is live", "12:30 a: b", "the author: me", ""])
def test_ordinary_text_is_left_alone(text):
    assert mask_text(text) == text


def test_nested_values_are_walked_through():
    value = {
        "a": [{"token": "t"}, Secret("s"), "https://h.example/?k=1"],
        "n": 3,
        "password": "",
    }

    assert mask_value(value) == {
        "a": [{"token": "***"}, "***", "https://h.example/?***"],
        "n": 3,
        "password": "",
    }


def test_errors_are_shown_by_their_masked_text():
    shown = mask_value(ValueError("no https://u:p@h.example/ there"))

    assert shown == "ValueError: no https://***@h.example/ there"


@given(st.text())
def test_masking_survives_any_text_and_masking_twice_changes_nothing(text):
    once = mask_text(text)

    assert mask_text(once) == once


@given(st.text(alphabet="abcdefghij0123456789", min_size=6, max_size=20))
def test_a_password_in_an_address_is_never_kept(secret):
    text = f"cannot reach postgresql://someone:{secret}@db.example/x?sslkey={secret} (refused)"

    assert secret not in mask_text(text)


@pytest.mark.parametrize(
    "piece", ["x", "password", "password=", "a-", "http://", "password ", "Bearer ", '"', "="]
)
def test_a_long_hostile_text_is_masked_in_no_time(piece: str) -> None:
    begun = time.process_time()

    shown = mask_text(piece * 100_000)

    assert time.process_time() - begun < 1
    assert len(shown) < 10_000
