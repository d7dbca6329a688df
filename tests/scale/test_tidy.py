"""``jikimi index tidy``: old months go, younger ones stay and answer as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stream.elastic import keeping
from tests.scale.elastic_world import Ground, elasticsearch
from tests.stream.index_world import MINUTE, T0, batch, gone, post, seen

pytestmark = pytest.mark.slow
MONTH = 31 * 24 * 60 * MINUTE


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with elasticsearch() as client:
        made = Ground(client)
        yield made
        made.remove()


def test_months_that_ended_longer_ago_go_and_the_others_stay(ground):
    index = ground.index()
    posts = [post(str(n), f"글 {n}", created_at=T0 - n * MONTH) for n in range(4)]
    index.write(batch(*(one for p in posts for one in seen(p))))
    index.write(batch(gone=[gone(posts[0], revision=2)]))

    old = keeping.beyond(ground.client, ground.names, 2, T0)
    assert [month.index for month in old] == [ground.names.month(posts[3].created_at)]
    assert old[0].posts == 1
    keeping.drop(ground.client, old)
    keeping.expunge(ground.client, ground.names)
    index.refresh()

    assert index.counts()["posts"] == 2
    assert index.counts()["deleted"] == 1
    assert keeping.beyond(ground.client, ground.names, 2, T0) == []
    index.close()
