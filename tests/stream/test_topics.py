"""The topics: what a record looks like there, where it goes, and what is refused."""

from __future__ import annotations

import os
from contextlib import suppress

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from detect.records import HarmScore, Judgement
from ingest.records import Deletion, Gap, Post, SourceStatus
from stream import topics
from stream.records import (
    Alert,
    DeadLetter,
    GapSeen,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedGap,
    LoggedPost,
    Membership,
    PostGone,
    PostSeen,
    Tick,
    Versions,
)
from stream.topics import RouterTick, SourceCursor, UnreadableRecordError

AT = 1_790_000_000_000


def post(text: str = "서하늘", native: str = "1") -> Post:
    return Post(
        id=f"x:{native}", source="x", platform="x", author_id="a", created_at=AT, text=text
    )


JUDGEMENT = Judgement(language="ko", harm=(HarmScore(category="hate", score=0.5),), version="t")
ENTRIES = [
    (topics.read_posts, LoggedPost(post=post())),
    (topics.read_posts, LoggedPost(post=post("긴 글 " * 400))),
    (topics.read_posts, LoggedPost(post=post(), judgement=JUDGEMENT)),
    (topics.read_posts, LoggedClock(at=AT)),
    (topics.read_subjects, PostSeen(subject="s", post=post())),
    (topics.read_subjects, PostSeen(subject="s", post=post(), judgement=JUDGEMENT)),
    (topics.read_subjects, RouterTick(router=1, of=2, at=AT)),
    (topics.read_results, Membership(subject="s", post_id="x:1", cluster_id="c", revision=1)),
    (topics.read_sources, SourceCursor(source="x", cursor="7")),
    (topics.read_sources, SourceStatus(source="x", state="live", changed_at=AT)),
]


@pytest.mark.parametrize(("reader", "record"), ENTRIES)
def test_a_record_is_read_as_it_was_written(reader, record):
    assert reader().read(topics.pack(record)) == record


def test_long_records_are_compressed_and_short_ones_are_not():
    text = "같은 말 " * 500

    assert len(topics.pack(LoggedPost(post=post(text)))) < len(text.encode()) / 10
    assert topics.pack(LoggedClock(at=AT)) == msgspec.msgpack.encode(LoggedClock(at=AT))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_unreadable(raw):
    with suppress(UnreadableRecordError):
        assert isinstance(topics.read_posts().read(raw), Logged)


@given(st.binary(max_size=200))
def test_any_damaged_frame_is_unreadable(tail):
    with pytest.raises(UnreadableRecordError):
        topics.read_posts().read(b"\x28\xb5\x2f\xfd" + tail)


def test_a_frame_that_would_grow_without_bound_is_refused():
    bomb = zstandard.compress(bytes(topics.LARGEST_VALUE + 1))

    assert len(bomb) < 10_000
    with pytest.raises(UnreadableRecordError, match="allowed"):
        topics.read_posts().read(bomb)


def test_a_record_of_another_topic_is_unreadable():
    with pytest.raises(UnreadableRecordError):
        topics.read_results().read(topics.pack(LoggedClock(at=AT)))
    with pytest.raises(UnreadableRecordError, match="no value"):
        topics.read_results().read(None)


def test_a_record_nested_without_end_is_unreadable():
    whole = topics.pack(LoggedClock(at=AT))
    nested = (
        bytes([whole[0] + 1]) + whole[1:] + msgspec.msgpack.encode("more") + b"\x91" * 50_000
    )

    with pytest.raises(UnreadableRecordError, match="recursion"):
        topics.read_posts().read(nested + b"\x01")


def test_a_record_under_a_key_that_is_not_its_own_is_unreadable():
    reader = topics.read_posts()
    value = topics.pack(LoggedPost(post=post()))

    assert reader.keyed(b"x:1", value) == reader.read(value)
    assert reader.keyed(None, value) == reader.read(value), "where the key is not known"
    with pytest.raises(UnreadableRecordError, match="x:2"):
        reader.keyed(b"x:2", value)


def test_whatever_a_topic_takes_fits_into_a_dead_letter():
    raw = os.urandom(topics.LARGEST_VALUE + topics.ENVELOPE)
    letter = DeadLetter(stage="s", source="t", reason="r" * 2000, raw=raw, at=AT)

    packed = topics.pack(letter)

    assert len(packed) < int(topics.topics().dead.config()["max.message.bytes"]) - 1000
    assert topics.read_dead().read(packed) == letter


def test_what_is_acknowledged_survives_one_broker_and_one_may_be_away():
    least = [topics.topics().posts.config(n)["min.insync.replicas"] for n in (1, 2, 3, 5)]

    assert least == ["1", "1", "2", "3"]


def test_a_deletion_replaces_the_post_it_concerns():
    deletion = LoggedDeletion(deletion=Deletion(id="x:1", source="x", deleted_at=AT))

    assert topics.post_key(deletion) == topics.post_key(LoggedPost(post=post())) == b"x:1"


def test_a_post_that_is_gone_replaces_the_post_in_its_subject_only():
    seen = topics.subject_key(PostSeen(subject="s", post=post()))

    assert seen == topics.subject_key(PostGone(subject="s", post_id="x:1", deleted_at=AT))
    assert seen != topics.subject_key(PostGone(subject="t", post_id="x:1", deleted_at=AT))


def test_every_kind_of_entry_has_a_key_of_its_own():
    gap = Gap(source="x", since=AT, until=AT + 1, reason="away")
    posts = [LoggedPost(post=post()), LoggedClock(at=AT), LoggedGap(gap=gap)]
    subjects = [
        PostSeen(subject="s", post=post()),
        Tick(at=AT),
        RouterTick(router=0, of=2, at=AT),
        RouterTick(router=1, of=2, at=AT),
        GapSeen(gap=gap),
        Versions(watchlist="w"),
    ]

    assert len({topics.post_key(entry) for entry in posts}) == len(posts)
    assert len({topics.subject_key(entry) for entry in subjects}) == len(subjects)
    assert topics.source_key(SourceCursor(source="x", cursor="1")) != topics.source_key(
        SourceStatus(source="x", state="live", changed_at=AT)
    )


def test_a_later_revision_of_a_result_has_the_same_key_and_partition():
    first = Alert(
        alert_id="al_1", subject="s", kind="k", severity="low", title="t", created_at=AT,
        updated_at=AT, revision=1, operator_version="1",
    )  # fmt: skip
    second = msgspec.structs.replace(first, revision=2)

    assert topics.result_key(first) == topics.result_key(second)
    assert topics.result_partition(first, 8) == topics.result_partition(second, 8)


def test_names_partitions_and_policies_follow_the_settings():
    made = topics.topics("narae", partitions=3, retention_days=2)

    assert [t.name for t in made.all()] == [
        "narae.posts", "narae.subjects", "narae.results", "narae.sources", "narae.dead",
        "narae.router-state", "narae.operators-state",
    ]  # fmt: skip
    assert made.posts.config()["cleanup.policy"] == "compact,delete"
    assert made.posts.config()["retention.ms"] == str(2 * topics.DAY_MS)
    assert made.posts.partitions == made.operators_state.partitions == 3
    assert made.operators_state.config()["cleanup.policy"] == "compact"
    assert made.operators_state.config()["retention.ms"] == "-1"
    assert made.dead.config()["cleanup.policy"] == "delete"
    assert "max.compaction.lag.ms" not in made.dead.config()


def test_the_router_may_have_other_partitions_than_the_subjects():
    made = topics.topics("x", partitions=6, routers=1)

    assert (made.posts.partitions, made.router_state.partitions) == (1, 1)
    assert made.subjects.partitions == made.results.partitions == 6
    assert made.operators_state.partitions == 6
    assert topics.topics("x", partitions=6).posts.partitions == 6
