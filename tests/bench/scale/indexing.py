"""Cases of the indexer: ours, and bare parallel_bulk of the very same documents."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from elasticsearch.helpers import parallel_bulk

from stream.elastic.bulk import Action, Outcome, Sender
from stream.elastic.client import connect
from stream.elastic.names import Names
from stream.elastic.setting_up import set_up
from stream.elastic_index import ElasticIndex
from stream.scale.indexing import Counts, Indexer
from tests.bench.scale.world import Clock, Found, Given

WRITE = "document"
QUIET_S = 5.0
LONGEST_S = 120.0
THREADS, CHUNK = 4, 1000
"""Of the bare rate: more of either brought nothing here."""


class Recording(Sender):
    """Keeps what it sends."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.actions: list[Action] = []

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        self.actions += actions
        return super().send(actions)


class Quiet:
    """Set once nothing was indexed for a while after something was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = time.monotonic() + LONGEST_S

    def is_set(self) -> bool:
        if self._clock.first is None:
            self._clock.begin()
        now, last = time.monotonic(), self._clock.last[1]
        return now > self._until or bool(last and now - last > QUIET_S)

    def wait(self, timeout: float) -> bool:
        time.sleep(timeout)
        return self.is_set()


def indexer(given: Given) -> Found:
    """From Kafka to Elasticsearch: subjects and results, as `jikimi index run` does it."""
    client = connect([given.url])
    names = Names(prefix=f"{given.own}-ours")
    list(set_up(client, names))
    sender = Recording(client)
    index = ElasticIndex(client, names, sender)
    clock = Clock()
    topics = given.topics("subjects", "results", "sources")
    made = Indexer(given.address, topics, f"{given.own}.index", index, now=lambda: 0)

    def progress(_: Counts) -> None:
        clock.mark()

    made.run(Quiet(clock), progress)
    made.close()
    assert made.counts.dead == 0
    more = {"records": made.counts.records, **_held(client, names)}
    found = clock.found("", WRITE, len(sender.actions), more=more)
    (given.folder / "actions.json").write_bytes(
        msgspec.json.encode([_plain(action, names) for action in sender.actions])
    )
    index.close()
    return found


def _held(client: Any, names: Names) -> dict[str, int]:
    """Documents and bytes in the indices, merged as far as they go."""
    client.options(request_timeout=LONGEST_S).indices.forcemerge(
        index=names.everything, max_num_segments=1
    )
    stats = client.indices.stats(index=names.everything, metric=["store", "docs"])
    held = {"documents": 0, "bytes": 0, "posts": 0, "bytes_of_posts": 0}
    for name, one in stats["indices"].items():
        documents = one["primaries"]["docs"]["count"]
        size = one["primaries"]["store"]["size_in_bytes"]
        held["documents"] += documents
        held["bytes"] += size
        if name.startswith(names.posts):
            held["posts"] += documents
            held["bytes_of_posts"] += size
    return held


def _plain(action: Action, names: Names) -> dict[str, Any]:
    """An action as parallel_bulk takes it, in an index that its own prefix is put before."""
    made: dict[str, Any] = {
        "_op_type": "create" if action.create else "index",
        "_index": action.index.removeprefix(names.prefix),
        "_id": action.id,
        "_source": action.body,
    }
    if action.version is not None:
        made |= {"version": action.version, "version_type": "external_gte"}
    return made


def parallel(given: Given) -> Found:
    """parallel_bulk of the documents that our indexer wrote, into indices of their own."""
    actions = msgspec.json.decode((given.folder / "actions.json").read_bytes())
    client = connect([given.url])
    names = Names(prefix=f"{given.own}-bare")
    list(set_up(client, names))

    def whole() -> Iterator[dict[str, Any]]:
        for action in actions:
            yield {**action, "_index": names.prefix + action["_index"]}

    clock = Clock()
    clock.begin()
    deque(
        parallel_bulk(
            client, whole(), thread_count=THREADS, chunk_size=CHUNK, raise_on_error=False
        ),
        maxlen=0,
    )
    clock.mark()
    client.close()
    return clock.found("", WRITE, len(actions))


CASES: dict[str, Callable[[Given], Found]] = {"indexer": indexer, "parallel": parallel}
