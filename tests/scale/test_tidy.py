"""``jikimi index tidy`` and ``expire``: what is old goes, what is younger answers as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.cli import run as jikimi
from ingest.records import Gap
from stream.elastic import keeping
from stream.elastic.bulk import Sender
from stream.index import AlertQuery
from stream.records import GapSeen
from tests.scale.elastic_world import Ground, elasticsearch, urls
from tests.stream.index_world import (
    MINUTE,
    T0,
    alert,
    batch,
    burst,
    cluster,
    gone,
    membership,
    post,
    seen,
)

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


DAY = 24 * 60 * MINUTE


def family(index, name: str, last: int, **fields) -> None:
    """A cluster with a member, a burst and an alert that changed last at ``last``."""
    times = {"first_at": last, "last_at": last}
    results = [
        membership(post(name), f"cl_{name}"),
        cluster(f"cl_{name}", founder=f"archive:{name}", **times, **fields),
        burst(f"bu_{name}", f"cl_{name}", detected_at=last, **times),
        alert(f"al_{name}", created_at=last, updated_at=last, cluster_id=f"cl_{name}"),
    ]
    assert index.take(batch(results=results)) == []


def count(ground: Ground, noun: str) -> int:
    place = ground.names.of(noun)
    ground.client.indices.refresh(index=place)
    return ground.client.count(index=place)["count"]


def test_results_that_ended_longer_ago_go_with_their_members_and_others_stay(ground):
    ground.empty()
    index = ground.index()
    family(index, "old", T0 - 100 * DAY)
    family(index, "merged", T0 - 100 * DAY, merged_into="cl_young")
    family(index, "within", T0 - 100 * DAY, merged_into="cl_old")
    family(index, "young", T0 - DAY)
    old, new = (Gap(source="a", since=t, until=t + 1, reason="x") for t in (T0 - 99 * DAY, T0))
    index.take(batch(gaps=[GapSeen(gap=old), GapSeen(gap=new)]))
    index.refresh()
    limits = keeping.Limits(results=T0 - 50 * DAY)

    due = keeping.expired(ground.client, ground.names, limits)
    assert due == {"clusters": 1, "bursts": 3, "campaigns": 0, "gaps": 1}
    keeping.expire(ground.client, ground.names, Sender(ground.client), limits)
    index.refresh()

    assert index.cluster("cl_old") is None
    assert index.cluster("cl_within") is None
    assert index.cluster("cl_merged").cluster_id == "cl_young", "it leads to a living one"
    assert count(ground, "memberships") == 2
    assert [one.since for one in index.gap_ledger().gaps] == [T0]
    assert index.alerts(AlertQuery()).total == 4, "alerts have a time of their own"
    assert keeping.expire(ground.client, ground.names, Sender(ground.client), limits) == 0
    index.close()


def test_alerts_and_takedown_times_go_by_limits_of_their_own(ground):
    ground.empty()
    index = ground.index()
    family(index, "old", T0 - 100 * DAY)
    family(index, "young", T0)
    taken = post("taken", created_at=T0 - DAY)
    index.take(batch(*seen(taken)))
    index.take(batch(gone=[gone(taken, revision=2)]))
    assert count(ground, "takedowns") == 1
    index.refresh()
    limits = keeping.Limits(alerts=T0 - 50 * DAY, takedowns=T0 + DAY)
    keeping.expire(ground.client, ground.names, Sender(ground.client), limits)
    index.refresh()
    assert [one.alert_id for one in index.alerts(AlertQuery()).alerts] == ["al_young"]
    assert count(ground, "takedowns") == 0
    assert index.cluster("cl_old") is not None
    assert index.counts()["deleted"] == 1, "the tombstone holds"
    index.close()


def test_takedown_times_do_not_name_the_post(ground):
    ground.empty()
    index = ground.index()
    taken = post("name-of-a-post", created_at=T0)
    index.take(batch(*seen(taken)))
    index.take(batch(gone=[gone(taken, revision=2)]))
    place = ground.names.of("takedowns")
    ground.client.indices.refresh(index=place)
    [hit] = ground.client.search(index=place)["hits"]["hits"]
    assert "name-of-a-post" not in str(hit)
    index.close()


def test_the_command_says_what_is_due_and_removes_only_what_is_named(ground, tmp_path, capsys):
    ground.empty()
    index = ground.index()
    family(index, "old", T0 - 3000 * DAY)
    index.refresh()
    file = tmp_path / "jikimi.toml"
    file.write_text(
        f'[elasticsearch]\nurl = "{urls(ground.client)[0]}"\nprefix = "{ground.names.prefix}"\n'
    )
    command = ["--config", str(file), "index", "expire"]
    assert jikimi([*command, "--alerts-days", "400", "--dry-run"]) == 0
    assert capsys.readouterr().out == "1 alerts are due\n"
    assert index.alerts(AlertQuery()).total == 1
    assert jikimi([*command, "--alerts-days", "400"]) == 0
    assert "removed 1 documents" in capsys.readouterr().out
    index.refresh()
    assert index.alerts(AlertQuery()).total == 0
    assert jikimi(command) == 2
    assert "everything is kept" in capsys.readouterr().err
    index.close()
