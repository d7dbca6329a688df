"""Addresses told from ids alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.addresses import address_of, platform_of
from dashboards.web.text import outside


@pytest.mark.parametrize(
    ("post_id", "address"),
    [
        (
            "bluesky:at://did:plc:ab12/app.bsky.feed.post/3kk",
            "https://bsky.app/profile/did:plc:ab12/post/3kk",
        ),
        ("x:1790000000000000000", "https://x.com/i/status/1790000000000000000"),
        ("reddit:t3_1abcd", "https://www.reddit.com/comments/1abcd"),
        ("reddit:t1_1abcd", None),
        ("archive:1", None),
        ("x:1/../../login", None),
        ("x:१२३", None),
        ("bluesky:at://did:plc:ab12/app.bsky.feed.like/3kk", None),
        ("bluesky:at://evil.example/app.bsky.feed.post/3kk", None),
        ("reddit:t3_1abcd\n", None),
    ],
)
def test_an_id_leads_to_its_platform_or_nowhere(post_id, address):
    assert address_of(post_id) == address


@given(st.text(), st.sampled_from(["x:", "reddit:t3_", "bluesky:at://did:plc:", ""]))
def test_whatever_an_id_says_a_link_leads_to_a_known_host(text, begin):
    found = address_of(begin + text)

    if found is not None:
        assert outside(found).host in {"x.com", "bsky.app", "www.reddit.com"}


def test_an_id_names_its_platform_or_the_file_it_came_from():
    assert platform_of("bluesky:at://x") == "bluesky"
    assert platform_of("archive:1") is None
    assert platform_of("") is None
