"""Posts as their platforms show them, and what becomes of them."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.demo import noise
from dashboards.demo.population import Account, new_account
from dashboards.demo.rhythm import DAY_MS, MINUTE_MS
from dashboards.demo.writing import MAX_DELAY_MS, arrival, reply, repost, write_post
from ingest.records import Deletion, Post

AT = 1_795_478_400_000


def account(platform: str) -> Account:
    return new_account(
        Random(platform), lang="en", platform=platform, loyal="kyte9", born=0, followers=1
    )


def test_hashtags_stand_in_the_text_and_in_their_field() -> None:
    post = write_post(Random(1), account("x"), AT, "so pretty", tags=("HARUEL", "태록"))
    assert post.text == "so pretty #HARUEL #태록"
    assert post.hashtags == ("HARUEL", "태록")


def test_a_repost_on_x_quotes_the_text_and_on_bluesky_has_none() -> None:
    original = write_post(Random(1), account("x"), AT, "look", urls=("https://a.example/1",))
    on_x = repost(Random(2), account("x"), AT + 5, original)
    on_bluesky = repost(Random(3), account("bluesky"), AT + 5, original)
    handle = original.author.handle if original.author else ""
    assert on_x.text == f"RT @{handle}: look"
    assert on_x.urls == original.urls
    assert on_bluesky.text == ""
    assert on_x.repost_of == on_bluesky.repost_of == original.id


def test_replies_know_their_parent_and_the_root_of_the_thread() -> None:
    root = write_post(Random(1), account("reddit"), AT, "news", container="kyte9")
    first = reply(Random(2), account("reddit"), AT + 1, "nice", root)
    second = reply(Random(3), account("reddit"), AT + 2, "same", first)
    assert (first.reply_to, first.root) == (root.id, root.id)
    assert (second.reply_to, second.root) == (first.id, root.id)
    assert second.container == "kyte9"


def test_a_reply_on_x_begins_with_the_handle_it_answers() -> None:
    root = write_post(Random(1), account("x"), AT, "news")
    answer = reply(Random(2), account("x"), AT + 1, "same", root)
    assert root.author is not None
    assert answer.text == f"@{root.author.handle} same"
    assert answer.mentions == (root.author.handle,)


def test_only_some_platforms_tell_the_language() -> None:
    told = {p: write_post(Random(1), account(p), AT, "hi").lang for p in ("x", "reddit")}
    assert told == {"x": "en", "reddit": None}


@given(st.integers(0, 2**32))
def test_a_post_is_seen_after_it_was_made_and_not_much_later(seed: int) -> None:
    assert 0 <= arrival(Random(seed), AT) - AT <= MAX_DELAY_MS


@given(st.integers(0, 5000))
def test_what_happens_to_a_post_happens_after_it_was_seen(seed: int) -> None:
    post = write_post(Random(seed), account("x"), AT, "hello there")
    staged = noise.seen(Random(seed), post, "ordinary")
    assert staged[0].item is post
    assert all(later.at > staged[0].at for later in staged[1:])
    for later in staged[1:]:
        if isinstance(later.item, Post):
            assert later.item.created_at == post.created_at
        assert later.item != post or later.at - staged[0].at <= MINUTE_MS + 1


def test_resends_edits_counts_and_deletions_all_happen_at_their_rates() -> None:
    rng = Random(11)
    happened = {"resent": 0, "counted": 0, "edited": 0, "deleted": 0}
    for _ in range(20_000):
        post = write_post(rng, account("x"), AT, "hello there")
        for later in noise.seen(rng, post, "ordinary")[1:]:
            if isinstance(later.item, Deletion):
                assert later.item.id == post.id
                happened["deleted"] += 1
            elif later.item == post:
                happened["resent"] += 1
            elif isinstance(later.item, Post) and later.item.metrics:
                assert later.item.text == post.text
                happened["counted"] += 1
            else:
                assert isinstance(later.item, Post)
                assert later.item.text == post.text + " (edit: typo)"
                happened["edited"] += 1
    assert happened == {
        "resent": pytest.approx(100, abs=40),
        "counted": pytest.approx(120, abs=45),
        "edited": pytest.approx(80, abs=40),
        "deleted": pytest.approx(100, abs=40),
    }


def test_planted_posts_are_resent_but_never_changed() -> None:
    rng = Random(12)
    for _ in range(3000):
        post = write_post(rng, account("x"), AT, "hello there")
        assert all(s.item == post for s in noise.seen(rng, post, "x", may_change=False))


def test_broken_records_keep_their_bytes_and_no_reader_takes_them() -> None:
    staged = noise.broken(Random(1), AT, AT + DAY_MS, 100_000)
    assert len(staged) == 8
    for at, item, kind in staged:
        assert AT <= at < AT + DAY_MS
        assert kind == noise.BROKEN
        assert not isinstance(item, Post | Deletion)
        assert item.reason
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(item.raw, type=Post)


def test_a_wrong_clock_is_not_believed() -> None:
    rng = Random(5)
    for _ in range(50):
        post = write_post(rng, account("x"), AT, "hello")
        wrong = noise.wrong_clock(rng, post)
        assert abs(wrong.created_at - AT) > DAY_MS
        assert wrong.event_at == wrong.observed_at
