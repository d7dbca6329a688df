"""Real posts spread over forty subjects, some in two: both hosts make the same of them."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterator, Sequence

import pytest

from detect.records import Mention
from ingest.collector import Collected
from ingest.records import Post
from stream.embedded import EmbeddedHost
from stream.records import PostSeen, SubjectEvent
from stream.scale.address import KafkaAddress
from tests.scale.drift_world import (
    START,
    Work,
    embedded,
    ends_of,
    read_recorded,
    restore_only,
    results_on,
    run,
    worker_states,
    write_subjects,
)
from tests.scale.kafka_world import kafka, new_topics
from tests.scale.servers import in_chaos
from tests.stream.index_world import share_stream

pytestmark = [in_chaos, pytest.mark.slow, pytest.mark.timeout(1500)]

SUBJECTS = 40
POSTS = 50_000
PARTITIONS, WORKERS = (1, 8), (1, 3)
EVERY = [(p, w) for p in PARTITIONS for w in WORKERS]


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as where:
        yield where


def mentions(post: Post) -> tuple[Mention, ...]:
    """One of the subjects, by the words of the post so that copies meet; of some, two."""
    number = zlib.crc32(post.text.split("https://")[0].encode())
    subjects = {number % SUBJECTS}
    if number % 7 == 0:
        subjects.add(number // 7 % SUBJECTS)
    return tuple(
        Mention(subject=f"s{subject:02}", reason="alias", surface="s", start=0, end=1)
        for subject in sorted(subjects)
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Sequence[SubjectEvent]:
    """The subject log of the share stream, as the embedded host writes it."""
    folder = tmp_path_factory.mktemp("spread")
    posts = share_stream(POSTS)
    host = EmbeddedHost(
        folder, match=mentions, follow=None, groups_of=lambda _: (), operators=[],
        now=lambda: START, partitions=4,
    )  # fmt: skip
    for begin in range(0, len(posts), 500):
        items = list(posts[begin : begin + 500])
        host.ingest([Collected(source="archive", items=items, cursor=str(begin), skipped=0)])
    host.finish()
    host.close()
    return read_recorded(folder, 4)


@pytest.mark.parametrize(("partitions", "workers"), EVERY)
def test_results_and_state_are_those_of_the_embedded_host(
    address, recorded, tmp_path, partitions, workers
):
    seen = [event for event in recorded if isinstance(event, PostSeen)]
    assert len({event.subject for event in seen}) == SUBJECTS
    assert any(len(event.subjects) == 2 for event in seen)
    results, state = embedded(tmp_path / "embedded", recorded, partitions)
    topics = new_topics(address, partitions)
    write_subjects(address, topics, recorded)
    work = Work(address, topics, tmp_path)

    run(work.run(workers, ends_of(topics, recorded)), 900)

    assert {kind for kind, _ in results} >= {"cluster", "membership"}
    assert results_on(address, topics) == results
    for worker in range(workers):
        shutil.rmtree(tmp_path / f"w{worker}")
    run(restore_only(work, partitions), 300)
    assert worker_states(tmp_path / "restored", recorded) == state, "from the changelog alone"
