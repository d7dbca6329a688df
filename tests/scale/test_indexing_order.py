"""Writing side by side: the order of one post or result holds, and where it does not, nothing
depends on it; offsets move only behind what the index has."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest

from stream.elastic.bulk import Action, Sender
from stream.records import Alert, Cluster, Membership, PostGone, PostSeen
from stream.scale.address import KafkaAddress
from stream.scale.indexing import Indexer
from stream.scale.lanes import Lanes
from stream.scale.state import look
from stream.topics import Topics
from tests.scale.elastic_world import Eager, Ground, elasticsearch
from tests.scale.kafka_world import kafka, new_topics
from tests.scale.test_indexing import (
    dead_letters,
    indexed,
    posts,
    running,
    send_results,
    send_subjects,
    wait_for,
)
from tests.stream.index_world import (
    MINUTE,
    T0,
    alert,
    batch,
    cluster,
    gone,
    membership,
    post,
    seen,
)

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[KafkaAddress]:
    with kafka() as found:
        yield found


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


@pytest.fixture
def index(ground: Ground) -> Iterator[Eager]:
    ground.empty()
    made = ground.index()
    yield made
    made.close()


@pytest.fixture
def topics(address: KafkaAddress) -> Topics:
    return new_topics(address, partitions=2)


def test_a_lane_does_its_jobs_in_order_and_a_key_has_one_lane():
    lanes = Lanes(4, "test")
    done: dict[str, list[int]] = {f"k{n}": [] for n in range(20)}
    jobs = [
        lanes.give(lanes.of(key), lambda key=key, n=n: done[key].append(n))
        for n in range(30)
        for key in done
    ]
    for job in jobs:
        job.result()
    assert all(numbers == list(range(30)) for numbers in done.values())
    assert len({lanes.of(key) for key in done}) > 1
    lanes.close()


History = list[PostSeen | PostGone | Membership | Cluster | Alert]


def history(rng: random.Random, number: int) -> History:
    """What is said of a post and its results, in order."""
    revisions = rng.randint(2, 5)
    moment = T0 + number * MINUTE
    said: History = []
    for revision in range(1, revisions + 1):
        at = post(f"{number}", f"글 {number} 판 {revision}", created_at=moment)
        said += seen(at, "arin", "luna", revision=revision)
        said.append(membership(at, f"cl_{number}" if revision % 2 else None, revision))
        said.append(cluster(f"cl_{number}", revision=revision, posts=revision, sample=""))
        said.append(alert(f"al_{number}", revision=revision, posts=revision))
    if rng.random() < 0.3:
        last = post(f"{number}", created_at=moment)
        said += [gone(last, subject, revision=revisions + 1) for subject in ("arin", "luna")]
    return said


def as_batch(said: History):
    return batch(
        *(one for one in said if isinstance(one, PostSeen)),
        gone=[one for one in said if isinstance(one, PostGone)],
        results=[one for one in said if not isinstance(one, PostSeen | PostGone)],
    )


def contents(index: Eager, count: int) -> tuple[object, ...]:
    index.refresh()
    ids = [f"archive:{n}" for n in range(count)]
    held = [
        (one.post, one.revision, set(one.subjects), set(one.mentions), set(one.clusters))
        for one in index.posts(ids)
    ]
    return (
        held,
        [index.alert(f"al_{n}") for n in range(count)],
        [index.cluster(f"cl_{n}") for n in range(count)],
        [index.members(f"cl_{n}") for n in range(count)],
        [index.tree(post_id).nodes[0].held for post_id in ids],
        index.counts(),
    )


@slow
@pytest.mark.parametrize("seed", [1])
def test_in_any_order_side_by_side_and_twice_the_index_is_the_same(ground, index, seed):
    count = 40
    rng = random.Random(seed)
    told = [one for n in range(count) for one in history(rng, n)]
    index.take(as_batch(told))
    wanted = contents(index, count)
    ground.empty()

    shuffled = told + rng.sample(told, len(told) // 3)
    rng.shuffle(shuffled)
    parts = [shuffled[i::4] for i in range(4)]
    problems: list[BaseException] = []

    def write(part: History) -> None:
        mine = ground.index()
        try:
            for i in range(0, len(part), 25):
                assert mine.take(as_batch(part[i : i + 25])) == []
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=write, args=[part]) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert problems == []
    assert contents(index, count) == wanted


@slow
def test_writes_of_one_document_keep_their_order_in_one_request(ground, index):
    sender = Sender(ground.client)
    place = ground.names.of("state")
    actions = [
        Action(place, f"{n % 3}", {"jikimi": {"checkpoint": str(n)}}) for n in range(300)
    ]
    assert all(outcome.done for outcome in sender.send(actions))
    found = index._asking.get(place, ["0", "1", "2"])
    assert [found[k].source["jikimi"]["checkpoint"] for k in "012"] == ["297", "298", "299"]


@slow
def test_offsets_wait_for_everything_that_was_read_before(address, topics, index, ground):
    """Alerts cannot be written for a while: posts of the same polls are, and nothing moves."""
    alerts = ground.names.of("alerts")
    ground.client.indices.put_settings(index=alerts, settings={"index.blocks.write": True})
    slow_index = Eager(index._client, ground.names, Sender(index._client, patience_s=0.3))
    send_results(address, topics, *(alert(f"al_{n}") for n in range(40)))
    send_subjects(address, topics, *posts(40))
    group = f"{topics.posts.name}.index"
    read = {group: [topics.subjects, topics.results]}

    with running(address, topics, slow_index) as indexer:
        wait_for(lambda: indexer.counts.waits >= 2 and indexed(index) > 0)
        assert look(address, read).groups[group].lag > 0
        assert indexer.counts.records < 80
        ground.client.indices.put_settings(index=alerts, settings={"index.blocks.write": None})
        wait_for(lambda: indexer.counts.records == 80)
        wait_for(lambda: look(address, read).groups[group].lag == 0)
    index.refresh()
    assert index.counts()["posts"] == 40
    assert index.counts()["alerts"] == 40
    assert dead_letters(address, topics) == []


@slow
def test_stopped_while_the_index_is_away_it_ends_at_once_and_commits_nothing(
    address, topics, index, ground
):
    everything = ground.names.everything
    index.take(batch(*seen(post("first"))))
    ground.client.indices.put_settings(index=everything, settings={"index.blocks.write": True})
    send_subjects(address, topics, *posts(30))
    slow_index = Eager(index._client, ground.names, Sender(index._client, patience_s=0.3))
    with running(address, topics, slow_index) as indexer:
        wait_for(lambda: indexer.counts.waits >= 1)
    assert indexer.counts.records == 0
    ground.client.indices.put_settings(index=everything, settings={"index.blocks.write": None})
    with running(address, topics, index) as indexer:
        wait_for(lambda: indexer.counts.records == 30)
    assert indexed(index) == 31


class Broken:
    """An index with a fault of ours."""

    def take(self, batch):
        raise LookupError("a fault of ours")


@slow
def test_a_fault_of_ours_ends_it_loudly(address, topics):
    send_subjects(address, topics, *posts(3))
    indexer = Indexer(address, topics, "broken", Broken(), now=lambda: T0)
    with pytest.raises(LookupError, match="a fault of ours"):
        indexer.run(threading.Event())
    indexer.close()
