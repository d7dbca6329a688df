"""Pseudonyms: keyed, stable, and nothing of a name left in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.batch.pseudonyms import Pseudonyms

KEY = b"k" * 32


def test_a_known_value_so_that_others_can_make_the_same():
    import hashlib
    import hmac

    told = hmac.new(KEY, b"account\0x:u1", hashlib.sha256).hexdigest()[:32]

    assert Pseudonyms(KEY).account("x:u1") == f"x:a_{told}"


def test_handles_links_and_names_leave_a_text():
    names = Pseudonyms(KEY, frozenset({"Minji_07", "did:plc:abc123"}))

    told = names.text(
        "@minji_07 hi! ＠fan.bsky.social MINJI_07, see did:plc:abc123 "
        "HTTPS://x.com/minji_07/status/1) www.site.example/minji_07 @user@server.example"
    )

    for gone in ("minji", "MINJI", "fan.bsky", "abc123", "x.com", "site.example", "server"):
        assert gone not in told
    assert told.startswith(f"@{names.of('handle', 'minji_07')} hi!")


@given(
    st.text(max_size=60),
    st.from_regex(r"[a-z][a-z0-9_]{3,12}", fullmatch=True),
    st.text(max_size=60),
)
def test_a_handle_never_survives_whatever_surrounds_it(before: str, name: str, after: str):
    told = Pseudonyms(KEY).text(f"{before} @{name} {after}")

    assert f"@{name} " not in told


def test_two_names_have_two_pseudonyms_and_kinds_do_not_mix():
    names = Pseudonyms(KEY)

    assert names.of("post", "1") != names.of("account", "1") != names.of("account", "2")
    assert [(e.kind, e.original) for e in names.entries()] == [
        ("account", "1"),
        ("account", "2"),
        ("post", "1"),
    ]


def test_a_short_key_is_no_key():
    with pytest.raises(ValueError, match="at least 16"):
        Pseudonyms(b"short")
