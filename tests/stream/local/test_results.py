"""The local index: clusters, memberships, alerts, campaigns."""

from __future__ import annotations

import pytest

from stream.index import AlertQuery
from stream.local_index import LocalIndex
from stream.records import Campaign
from tests.stream.index_world import (
    MINUTE,
    T0,
    alert,
    batch,
    burst,
    cluster,
    membership,
    post,
)
from tests.stream.local.local_world import DAY, put


@pytest.fixture
def index(tmp_path):
    index = LocalIndex(tmp_path / "index")
    yield index
    index.close()


# --- results ----------------------------------------------------------------------------------


def test_the_highest_revision_of_a_result_wins_whatever_the_order(index):
    index.write(batch(results=[cluster(revision=3, posts=30), cluster(revision=2, posts=20)]))
    index.write(batch(results=[cluster(revision=1, posts=10), alert(revision=2, posts=7)]))
    index.write(batch(results=[alert(revision=1, posts=1), burst(revision=1)]))

    assert index.cluster("cl_1").posts == 30
    assert index.alert("al_1").posts == 7
    assert index.counts()["clusters"] == 1


def test_a_merged_cluster_leads_to_the_one_that_remains(index):
    put(index, post("1"), post("2"), post("3"))
    index.write(
        batch(
            results=[
                *(membership(post(str(i)), f"cl_{i}") for i in (1, 2, 3)),
                cluster("cl_1", merged_into="cl_2", revision=2),
                cluster("cl_2", merged_into="cl_3", revision=2),
                cluster("cl_3", posts=3),
                burst("bu_1", "cl_1"),
                burst("bu_3", "cl_3", first_at=T0 + 1),
            ]
        )
    )

    assert index.cluster("cl_1").cluster_id == "cl_3"
    assert [c.cluster_id for c in index.clusters()] == ["cl_3"]
    assert [m.post_id for m in index.members("cl_1")] == ["archive:1", "archive:2", "archive:3"]
    assert {m.cluster_id for m in index.members("cl_3")} == {"cl_3"}
    assert [b.burst_id for b in index.bursts(cluster_id="cl_2")] == ["bu_1", "bu_3"]
    assert index.post("archive:1").clusters == ("cl_3",)


def test_clusters_that_merge_in_a_circle_end(index):
    index.write(
        batch(
            results=[cluster("cl_1", merged_into="cl_2"), cluster("cl_2", merged_into="cl_1")]
        )
    )

    assert index.cluster("cl_1").cluster_id == "cl_1"
    assert index.members("cl_1") == []


def test_a_membership_before_its_post_waits_for_it(index):
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster()]))
    assert index.members("cl_1") == []

    put(index, post("1"))
    assert [m.post_id for m in index.members("cl_1")] == ["archive:1"]
    assert index.post("archive:1").clusters == ("cl_1",)


def test_a_post_that_left_its_cluster_is_no_member(index):
    put(index, post("1"))
    index.write(batch(results=[membership(post("1"), "cl_1"), cluster()]))
    index.write(batch(results=[membership(post("1"), None, revision=2)]))
    index.write(batch(results=[membership(post("1"), "cl_1", revision=1)]))

    assert index.members("cl_1") == []
    assert index.post("archive:1").clusters == ()


def test_clusters_come_largest_first_and_only_recent_ones_when_asked(index):
    index.write(
        batch(
            results=[
                cluster("cl_1", posts=5, last_at=T0),
                cluster("cl_2", posts=9, last_at=T0 - DAY),
                cluster("cl_3", posts=7, last_at=T0, subject="luna"),
            ]
        )
    )

    assert [c.cluster_id for c in index.clusters()] == ["cl_2", "cl_3", "cl_1"]
    assert [c.cluster_id for c in index.clusters(since=T0)] == ["cl_3", "cl_1"]
    assert [c.cluster_id for c in index.clusters(subject="luna")] == ["cl_3"]
    assert [c.cluster_id for c in index.clusters(limit=1)] == ["cl_2"]


def test_members_are_limited_and_oldest_first(index):
    posts = [post(str(i), created_at=T0 - i * MINUTE) for i in range(5)]
    put(index, *posts)
    index.write(batch(results=[membership(p, "cl_1") for p in posts]))

    assert [m.post_id for m in index.members("cl_1", limit=2)] == ["archive:4", "archive:3"]


def test_alerts_are_filtered_and_newest_first(index):
    index.write(
        batch(
            results=[
                alert("al_1"),
                alert("al_2", created_at=T0 + 2, subject="luna"),
                alert("al_3", created_at=T0 + 1, kind="other"),
            ]
        )
    )

    def ids(**query):
        page = index.alerts(AlertQuery(**query))
        return page.total, [a.alert_id for a in page.alerts]

    assert ids() == (3, ["al_2", "al_3", "al_1"])
    assert ids(limit=1, offset=1) == (3, ["al_3"])
    assert ids(subject="luna") == (1, ["al_2"])
    assert ids(kinds=("other", "none")) == (1, ["al_3"])
    assert ids(since=T0 + 1) == (2, ["al_2", "al_3"])
    assert ids(ids=("al_1", "al_9")) == (1, ["al_1"])
    assert ids(ids=()) == (0, [])
    assert ids(exclude_ids=("al_2",)) == (2, ["al_3", "al_1"])


def test_delivery_sees_each_change_of_an_alert_once_and_in_order(index):
    index.write(batch(results=[alert("al_1"), alert("al_2")]))
    first = index.alerts_after(0)
    assert [a.alert_id for _, a in first] == ["al_1", "al_2"]

    index.write(batch(results=[alert("al_1", revision=2), alert("al_2")]))
    later = index.alerts_after(first[-1][0])

    assert [(a.alert_id, a.revision) for _, a in later] == [("al_1", 2)]
    assert index.alerts_after(later[-1][0]) == []
    assert index.alerts_after(0, limit=1)[0][1].alert_id == "al_2"


def test_campaigns_and_unknown_things_are_found_or_none(index):
    campaign = Campaign(
        campaign_id="ca_1",
        subject="arin",
        kind="unclear",
        revision=1,
        operator_version="1",
        first_post_at=T0,
        last_post_at=T0,
        detected_at=T0,
    )
    index.write(batch(results=[campaign]))

    assert index.campaign("ca_1") == campaign
    for unknown in ("", "ca_2", "\udcff"):
        assert index.campaign(unknown) is None
        assert index.alert(unknown) is None
        assert index.cluster(unknown) is None
        assert index.members(unknown) == []
        assert index.bursts(cluster_id=unknown) == []
