"""Deleted words in the bytes of Elasticsearch's own files: until tidying, and not after it.

Stored fields are compressed, but terms, doc values and the transaction log hold a rare
Korean word as its bytes. What is found before proves that the search can find.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.elastic import keeping
from tests.scale.elastic_world import Ground, elasticsearch
from tests.scale.servers import shared
from tests.stream.index_world import batch, cluster, gone, membership, post, seen

pytestmark = pytest.mark.slow
SENTINEL = "쀍뛟쏅쮈샯퓛"
OTHERS = "쑿뜱쨟췁폜뢓"


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with shared("elasticsearch") as servers:
        yield servers.data / "elasticsearch" / "data"


def files_with(data: Path, word: str) -> list[Path]:
    """Files of the server in which the bytes of a word stand."""
    found = []
    for file in data.rglob("*"):
        try:
            if file.is_file() and word.encode() in file.read_bytes():
                found.append(file)
        except FileNotFoundError:
            continue  # merged away while we looked
    return found


def test_deleted_words_leave_every_file_when_it_is_tidied(ground, data):
    index = ground.index()
    victim = post("victim", f"{SENTINEL} 이 글은 곧 지워진다")
    others = [post(f"o{n}", f"{OTHERS} {n}") for n in range(50)]
    index.take(batch(*(one for p in (victim, *others) for one in seen(p))))
    shown = cluster("cl_v", founder=victim.id, sample=victim.text)
    index.take(batch(results=[membership(victim, "cl_v"), shown]))
    ground.client.indices.flush(index=ground.names.everything)
    before = files_with(data, SENTINEL)
    assert {file.suffix for file in before} & {".tim", ".cfs"}, "in segments"

    index.take(batch(gone=[gone(victim, revision=2)]))
    index.refresh()
    assert index.cluster("cl_v").sample == ""
    assert files_with(data, SENTINEL), "Lucene only marks what was deleted"

    left = keeping.expunge(ground.client, ground.names, wait_s=90)

    assert left == 0
    assert files_with(data, SENTINEL) == []
    assert files_with(data, OTHERS), "what was not deleted is there"
    assert index.counts()["posts"] == 50
    index.close()
