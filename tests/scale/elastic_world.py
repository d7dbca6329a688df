"""A real Elasticsearch for tests, and an index on it that is empty again in a moment."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from elasticsearch import Elasticsearch

from stream.elastic.bulk import Sender
from stream.elastic.client import connect
from stream.elastic.names import Names
from stream.elastic.setting_up import set_up
from stream.elastic.templates import steps
from stream.elastic_index import ElasticIndex
from stream.index import IndexBatch
from tests.scale.servers import shared

_prefixes = itertools.count(1)


@contextmanager
def elasticsearch() -> Iterator[Elasticsearch]:
    """A client of the server that all processes of this test run share."""
    with shared("elasticsearch") as servers, connect([servers.url]) as client:
        yield client


class Eager(ElasticIndex):
    """Shows what was written at once, as the local index does for its tables."""

    def write(self, batch: IndexBatch, /) -> None:
        super().write(batch)
        self.refresh()


class Ground:
    """Indices under a prefix of their own, set up once and emptied for each test."""

    def __init__(self, client: Elasticsearch) -> None:
        self.client = client
        self.names = Names(prefix=f"test-{os.getpid()}-{next(_prefixes)}")
        self.made = list(set_up(client, self.names))

    def index(self, sender: Sender | None = None) -> Eager:
        return Eager(connect(urls(self.client)), self.names, sender)

    def empty(self) -> None:
        """Make the indices anew that anything was written to."""
        stats = self.client.indices.stats(index=self.names.everything, metric="indexing")
        used = [
            name
            for name, said in stats["indices"].items()
            if said["total"]["indexing"]["index_total"] or name.startswith(self.names.posts)
        ]
        self.client.indices.delete(index=",".join(used))
        lost = [s for s in steps(self.names) if s.kind == "index" and s.name in used]
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(lambda s: self.client.indices.create(index=s.name, body=s.body), lost)
            )

    def remove(self) -> None:
        forget(self.client, self.names)


def forget(client: Elasticsearch, names: Names) -> None:
    """Take away everything that was set up under these names."""
    found = list(client.indices.get(index=names.everything))
    client.indices.delete(index=",".join(found))
    client.indices.delete_index_template(
        name=[step.name for step in steps(names) if step.kind == "index_template"]
    )


def urls(client: Elasticsearch) -> list[str]:
    return [node.base_url for node in client.transport.node_pool.all()]
