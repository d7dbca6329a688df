"""X API v2 files: pages with includes, flattened tweets, streams with errors in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.clean import Context
from ingest.formats import x_v2
from ingest.records import Malformed, Post
from tests.ingest.payloads import PAYLOADS, needs_payloads

CONTEXT = Context(source="archive", now=1_795_000_000_000)
USER = {"id": "7", "username": "haneul", "created_at": "2019-01-01T00:00:00.000Z",
        "public_metrics": {"followers_count": 99}}  # fmt: skip
TWEET = {"id": "100", "author_id": "7", "text": "a &amp; b", "created_at": "2026-01-05T00:00:00.000Z",
         "conversation_id": "90", "referenced_tweets": [{"type": "replied_to", "id": "95"}]}  # fmt: skip


def decode(page: Any) -> list[Post | Malformed]:
    return x_v2.decode(json.dumps(page).encode(), CONTEXT)  # type: ignore[return-value]


def real(name: str) -> list[bytes]:
    return [
        line for line in (PAYLOADS / "x_v2" / name).read_bytes().splitlines() if line.strip()
    ]


def test_a_tweet_has_its_author_from_the_includes():
    [post] = decode({"data": TWEET, "includes": {"users": [USER]}})

    assert isinstance(post, Post)
    assert (post.id, post.author_id, post.text) == ("x:100", "7", "a & b")
    assert (post.reply_to, post.root) == ("x:95", "x:90")
    assert post.author is not None
    assert (post.author.handle, post.author.followers) == ("haneul", 99)
    assert post.url == "https://x.com/haneul/status/100"


def test_a_referenced_tweet_comes_first_and_once():
    quoted = TWEET | {"id": "95", "text": "original", "referenced_tweets": []}
    page = {"data": [TWEET, TWEET], "includes": {"users": [USER], "tweets": [quoted]}}

    assert [item.id for item in decode(page) if isinstance(item, Post)] == ["x:95", "x:100"]


def test_a_flattened_tweet_carries_what_it_refers_to():
    flat = TWEET | {"author": USER, "referenced_tweets": [
        {"type": "retweeted", "id": "95", "text": "original", "author": USER | {"id": "8"},
         "author_id": "8", "created_at": "2026-01-04T00:00:00.000Z"}]}  # fmt: skip

    original, repost = decode(flat)

    assert isinstance(original, Post)
    assert isinstance(repost, Post)
    assert (original.id, original.author_id, repost.repost_of) == ("x:95", "8", "x:95")


def test_a_line_without_author_id_is_a_dead_letter_that_says_so():
    bare = {key: value for key, value in TWEET.items() if key != "author_id"}

    [item] = decode({"data": bare})

    assert isinstance(item, Malformed)
    assert "author_id: missing" in item.reason


def test_the_only_user_who_came_along_is_the_author_unless_somebody_is_mentioned():
    bare = {"id": "1", "text": "x", "created_at": "2026-01-05T00:00:00.000Z"}
    alone = decode({"data": bare, "includes": {"users": [USER]}})
    mentioning = bare | {"entities": {"mentions": [{"username": "haneul"}]}}
    unsure = decode({"data": mentioning, "includes": {"users": [USER]}})

    assert isinstance(alone[0], Post)
    assert alone[0].author_id == "7"
    assert isinstance(unsure[0], Malformed)


def test_one_broken_tweet_of_a_page_does_not_take_the_others_along():
    page = {
        "data": [TWEET, {"id": "101"}, TWEET | {"id": "102"}],
        "includes": {"users": [USER]},
    }

    items = decode(page)

    assert [item.id for item in items if isinstance(item, Post)] == ["x:100", "x:102"]
    [dead] = [item for item in items if isinstance(item, Malformed)]
    assert json.loads(dead.raw) == {"id": "101"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"errors": [{"title": "operational-disconnect"}]}, "operational-disconnect"),
        ({"data": [5]}, "expected tweets, found a number among them"),
        ({"data": "x"}, "neither a tweet nor a page of tweets"),
    ],
)
def test_errors_instead_of_tweets_are_named(page, said):
    [item] = decode(page)

    assert isinstance(item, Malformed)
    assert said in item.reason


def test_an_empty_page_holds_nothing():
    assert decode({"meta": {"result_count": 0}}) == []


@needs_payloads
@pytest.mark.parametrize(
    "name",
    ["2sets.jsonl", "edited_before.jsonl", "flat.jsonl", "kpop.jsonl", "media_tweet.jsonl",
     "mentions_tweet.jsonl", "noflat.jsonl", "quoted_edit.jsonl"],
)  # fmt: skip
def test_every_tweet_of_a_real_file_is_read(name):
    for raw in real(name):
        page = json.loads(raw)
        tweets = page.get("data", [page])
        items = x_v2.decode(raw, CONTEXT)
        ids = [item.id for item in items if isinstance(item, Post)]

        assert len(ids) == len(set(ids))
        assert {f"x:{tweet['id']}" for tweet in tweets} <= set(ids)
        assert not [item for item in items if isinstance(item, Malformed)]


@needs_payloads
def test_flattened_and_nested_files_of_one_search_hold_the_same_posts():
    def posts(name: str) -> dict[str, Post]:
        items = [item for raw in real(name) for item in x_v2.decode(raw, CONTEXT)]
        return {item.id: item for item in items if isinstance(item, Post)}

    flat, nested = posts("flat.jsonl"), posts("noflat.jsonl")

    assert len(flat) >= 100
    assert flat.keys() <= nested.keys()
    for post_id in flat:
        a, b = flat[post_id], nested[post_id]
        assert (a.text, a.author_id, a.created_at) == (b.text, b.author_id, b.created_at)


@needs_payloads
def test_a_real_stream_cut_in_the_middle_of_a_line_loses_only_that_line():
    lines = real("streaming_output_with_error.jsonl")
    items = [item for raw in lines for item in x_v2.decode(raw, CONTEXT)]

    [dead] = [item for item in items if isinstance(item, Malformed)]
    assert dead.reason.startswith("not JSON")
    whole = [raw for raw in lines if raw != dead.raw]
    assert len(whole) == len(lines) - 1
    read = {item.id for item in items if isinstance(item, Post)}
    assert {f"x:{json.loads(raw)['data']['id']}" for raw in whole} <= read


@needs_payloads
def test_real_lines_without_an_author_id_are_dead_letters_one_by_one():
    lines = real("filtered_stream_bts_20210216.ndjson")
    items = [item for raw in lines for item in x_v2.decode(raw, CONTEXT)]

    assert len(lines) > 900
    assert all("author_id" not in json.loads(raw)["data"] for raw in lines)
    dead = [item for item in items if isinstance(item, Malformed)]
    assert [item.raw for item in dead] == lines
    assert {item.reason for item in dead} == {
        "author_id: missing, and no author object names the account"
    }
