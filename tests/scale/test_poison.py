"""Records that nobody of ours wrote, on every topic that workers read, on the real Kafka."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest
import zstandard

from ingest.records import Deletion
from stream.ids import partition_of
from stream.records import LoggedClock, LoggedDeletion, LoggedPost, PostSeen, SubjectEvent
from stream.scale.address import KafkaAddress
from stream.scale.host import BrokenStateError, Place, ScaleHost
from stream.scale.operating import Operating
from stream.scale.routing import RouterKind
from stream.topics import (
    ENVELOPE,
    LARGEST_VALUE,
    RouterTick,
    Topic,
    Topics,
    pack,
    post_key,
    read_posts,
    read_subjects,
    subject_key,
)
from tests.scale.drift_world import (
    Work,
    embedded,
    pipeline,
    record_demo,
    restore_only,
    results_on,
    run,
    worker_states,
    write_subjects,
)
from tests.scale.kafka_world import (
    ends_on,
    kafka,
    letters_on,
    new_topics,
    raw_producer,
    values,
)
from tests.scale.worker_world import Process
from tests.stream.embedded_world import START, match, post

pytestmark = pytest.mark.slow

PARTITIONS = 2
Poison = tuple[bytes, bytes | None]
ANYWHERE: list[Poison] = [
    (b"garbage", b"\xc1 no record"),
    (b"empty", b""),
    (b"null", None),
    (b"json", b'{"schema": "post/1"}'),
    (b"a frame cut short", b"\x28\xb5\x2f\xfd\x00"),
    (b"a frame that grows", zstandard.compress(bytes(LARGEST_VALUE + 1))),
    (b"deep", b"\x81\xa1x" + b"\x91" * 100_000 + b"\x01"),
    # As much as the brokers take at all, and nothing that could be packed smaller.
    (b"huge", os.urandom(LARGEST_VALUE + ENVELOPE - 200)),
]


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sequence[SubjectEvent]:
    return record_demo(tmp_path_factory.mktemp("recorded"), 150)


def write(
    address: KafkaAddress, topic: Topic, poison: Sequence[Poison], partition: int = 0
) -> None:
    with raw_producer(address) as producer:
        for key, value in poison:
            producer.send(topic.name, key=key, value=value, partition=partition)


def test_on_posts_they_are_kept_and_the_router_goes_on(address, tmp_path):
    topics = new_topics(address, PARTITIONS)
    good = [LoggedPost(post=post(n), mentions=match(post(n))) for n in range(20)]
    stranger = LoggedPost(post=post("stranger"), mentions=match(post("stranger")))
    poison = [
        *ANYWHERE,
        (b"x:another", pack(stranger)),
        (b"x:tick", pack(RouterTick(router=0, of=1, at=START))),
        (post_key(stranger), pack(LoggedPost(post=post("stranger", at=2**63)))),
        (b"\x1fclock", pack(LoggedClock(at=2**64 - 1))),
    ]
    write(address, topics.posts, poison)
    with raw_producer(address) as producer:
        for entry in good:
            producer.send(
                topics.posts.name, key=post_key(entry), value=pack(entry),
                partition=partition_of(entry.post.id, PARTITIONS),
                headers=[("schema", b"post/99"), ("x", os.urandom(1000))],
            )  # fmt: skip
    work = Work(address, topics, tmp_path, kinds=lambda: [RouterKind(topics, lambda _: ())])

    run(work.run(1, ends_on(address, topics.posts)))

    letters = letters_on(address, topics)
    assert [letter.raw for letter in letters] == [value or b"" for _, value in poison]
    assert {(letter.stage, letter.source) for letter in letters} == {
        ("router", topics.posts.name)
    }
    assert all(letter.reason and letter.at for letter in letters)
    reader = read_subjects()
    routed = [
        entry.post.id
        for partition in values(address, topics.subjects.name, PARTITIONS)
        for value in partition
        if isinstance(entry := reader.read(value), PostSeen)
    ]
    assert sorted(routed) == sorted(entry.post.id for entry in good)


def test_on_subjects_they_are_kept_and_the_operators_make_the_same(address, recorded, tmp_path):
    topics = new_topics(address, PARTITIONS)
    seen = next(e for e in recorded if isinstance(e, PostSeen))
    elsewhere = 1 - partition_of(seen.subject, PARTITIONS)
    poison = [
        *ANYWHERE,
        (b"s\x1fx:1", pack(seen)),
        (subject_key(seen), pack(seen)),
        (b"x:1", pack(LoggedPost(post=post(1)))),
        (b"*\x1ftick\x1f9", pack(RouterTick(router=9, of=2, at=START))),
    ]
    tick = RouterTick(router=0, of=1, at=2**63)
    poison.append((subject_key(tick), pack(tick)))
    write(address, topics.subjects, poison, elsewhere)
    write_subjects(address, topics, recorded)

    run(Work(address, topics, tmp_path).run(1, ends_on(address, topics.subjects)))

    results, state = embedded(tmp_path / "embedded", recorded, PARTITIONS)
    assert results_on(address, topics) == results
    assert worker_states(tmp_path / "w0", recorded) == state
    letters = letters_on(address, topics)
    assert [letter.raw for letter in letters] == [value or b"" for _, value in poison]
    assert {(letter.stage, letter.source) for letter in letters} == {
        ("operators", topics.subjects.name)
    }
    assert all(letter.reason and letter.at for letter in letters)


def state_poison(topics: Topics) -> list[Poison]:
    return [
        (b"\xff\xfe", b"\x00garbage"),
        (b"s\x1fclusters\x1fkey", b"\xc1"),
        (b"t\x1fclusters\x1fsoon\x1fkey", b"\x00"),
        (b"t\x1fclusters\x1f" + b"9" * 30 + b"\x1fkey", b"\x00"),
        (b"p\x1fx:1", b"\x01" + b"\x28\xb5\x2f\xfd\x00"),
        (b"c\x1fonly one", b"\x00\x07"),
        (b"m\x1fversions", b"\x00\xc1"),
        (b"a table of the future\x1fkey", b"\x00\x07"),
        (b"alone", b""),
    ]


def test_on_a_state_topic_they_stop_the_worker_until_a_person_has_decided(
    address, recorded, tmp_path
):
    topics = new_topics(address, 1)
    write_subjects(address, topics, recorded)
    run(Work(address, topics, tmp_path).run(1, ends_on(address, topics.subjects)))
    poison = state_poison(topics)
    write(address, topics.operators_state, [*poison, (b"\xfe removal of nothing", None)])
    other = Work(address, topics, tmp_path / "other")

    with pytest.raises(BrokenStateError) as stopped:
        run(restore_only(other, 1))

    said = str(stopped.value)
    assert topics.operators_state.name in said
    assert f"{len(poison)} records" in said
    assert "--forget-broken-state" in said
    for frame in ("faust", "plain"):
        options = ("--only", "operators", "--frame", frame, "--for", "30")
        worker = Process(address, topics, tmp_path / frame, *options)
        assert worker.child.wait(60) == 1
        assert f"the topic {topics.operators_state.name} holds in partition 0" in worker.said
        assert "Traceback" not in worker.said

    forgetting = ScaleHost(
        tmp_path / "forgetting", address=address, topics=topics, group=work_group(topics),
        kinds=[Operating(topics, pipeline)], forget_broken=True,
    )  # fmt: skip

    async def forget() -> None:
        await forgetting.open(Place(topics.subjects.name, 0))
        await forgetting.close_all()

    run(forget())
    run(restore_only(other, 1))
    results, state = embedded(tmp_path / "embedded", recorded, 1)
    assert worker_states(tmp_path / "other" / "restored", recorded) == state
    assert results_on(address, topics) == results


def work_group(topics: Topics) -> str:
    return topics.posts.name.partition(".")[0]


def test_a_post_that_comes_again_after_its_deletion_leaves_the_topic_again(address, tmp_path):
    topics = new_topics(address, 1)
    entry = LoggedPost(post=post(1), mentions=match(post(1)))
    other = LoggedPost(post=post(2), mentions=match(post(2)))
    gone = LoggedDeletion(deletion=Deletion(id="x:1", source="x", deleted_at=START))
    for batch in ([entry, gone, entry], [entry, other, other]):
        write(address, topics.posts, [(post_key(e), pack(e)) for e in batch])
        work = Work(address, topics, tmp_path, kinds=lambda: [RouterKind(topics, lambda _: ())])
        run(work.run(1, ends_on(address, topics.posts)))

    last = {
        post_key(e): e for e in map(read_posts().read, values(address, topics.posts.name, 1)[0])
    }
    assert isinstance(last[b"x:1"], LoggedDeletion)
    assert last[b"x:2"] == other
