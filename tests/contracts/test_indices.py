"""Both indices give the same answers: 200 queries over the demo and over many languages.

The same batches go into the local index and into a real Elasticsearch; ids, their order,
totals, facets, times, threads, clusters and alerts must be those of the other.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboards.composing.compose import build_host
from dashboards.demo.scenario import Scenario
from dashboards.demo.source import DemoSource
from detect.watchlist import load_watchlist
from ingest.collector import Collector
from ingest.records import Gap, Post
from stream.hosting.feed import IndexFeed
from stream.index import AlertQuery, IndexBatch, PostQuery
from stream.local_index import LocalIndex
from stream.records import GapSeen, Membership
from stream.search.query import parse
from stream.search.tree import OPERATORS
from stream.settings import Settings
from tests.scale.elastic_world import Eager, Ground, elasticsearch
from tests.stream.index_world import (
    HOUR,
    MINUTE,
    SHARED,
    T0,
    batch,
    gone,
    korean_texts,
    post,
    seen,
    share_stream,
)
from tests.stream.local.test_queries import QUERIES
from tests.stream.local.test_queries import world as invented

pytestmark = pytest.mark.slow

AGENCY = Path(__file__).parents[2] / "dashboards" / "demo" / "agency.toml"
DEMO_POSTS = 1500
REAL_POSTS = 1200
GENERATED = 140
EVERY = 6
"""Counts are compared for every so many queries; ids for all."""


@dataclass
class World:
    """The same posts in both indices."""

    local: LocalIndex
    elastic: Eager
    batches: list[IndexBatch]

    @property
    def posts(self) -> list[Post]:
        return [one.post for b in self.batches for one in b.sightings]

    def write(self) -> None:
        for one in self.batches:
            self.local.write(one)
            assert self.elastic.take(one) == []
        self.local.refresh()
        self.elastic.refresh()


def demo_batches(folder: Path) -> list[IndexBatch]:
    """What the embedded host makes of a small demo, as its feed tells the index."""
    scenario = Scenario(
        seed=5, posts=DEMO_POSTS, hours=48, start_ms=T0 // 86_400_000 * 86_400_000
    )
    host = build_host(folder, Settings(), load_watchlist(AGENCY), None)
    try:
        host.run(Collector([DemoSource(scenario)], {}), threading.Event())
        return list(IndexFeed(host.subjects, host.processor.results).all())
    finally:
        host.close()


def many_languages() -> list[IndexBatch]:
    """Invented posts in many scripts, and real ones where the shared data is."""
    found = list(invented())
    members = [
        Membership(subject=one.subject, post_id=one.post.id, cluster_id="cl_1", revision=1)
        for one in found[::9]
    ]
    made = [batch(*found, results=members)]
    made.append(batch(gone=[gone(found[7].post, s, revision=2) for s in found[7].subjects]))
    gap = Gap(source="live", since=T0 + HOUR, until=T0 + 2 * HOUR, reason="down")
    made.append(batch(gaps=[GapSeen(subject="haneul", gap=gap)]))
    if SHARED.exists():
        real = share_stream(REAL_POSTS)
        real += [
            post(f"ko{i}", text, created_at=T0 + i * MINUTE)
            for i, text in enumerate(korean_texts(REAL_POSTS))
        ]
        made.append(batch(*(one for p in real for one in seen(p, "real"))))
    return made


@pytest.fixture(scope="module", params=["demo", "languages"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("indices")
    batches = demo_batches(folder / "demo") if request.param == "demo" else many_languages()
    with elasticsearch() as client:
        ground = Ground(client)
        local, elastic = LocalIndex(folder / "index"), ground.index()
        both = World(local, elastic, batches)
        both.write()
        yield both
        local.close()
        elastic.close()
        ground.remove()


def queries(posts: list[Post]) -> list[str]:
    """Written queries, and such as a person might type about these posts."""
    draw = random.Random(11)
    found = [query for query in QUERIES if "\ud800" not in query]
    while len(found) < len(QUERIES) + GENERATED:
        one = draw.choice(posts)
        words = [word for word in one.text.split() if word.isalnum() and word not in OPERATORS]
        words = words or ["무엇"]
        word = draw.choice(words)
        choices = [
            word, f'"{" ".join(words[:2])}"', f"{word} lang:{one.lang or 'und'}",
            f"platform:{one.platform} -{word}", f"author:{one.author_id}", f"{word} OR is:reply",
            *[f"tag:{tag} has:link" for tag in one.hashtags if tag.isalnum()],
            *[f"link:{url.split('/')[2]}" for url in one.urls if "://" in url and '"' not in url],
            f"{word} (likes>1 OR views>10)", f'{word} -"{" ".join(words[:2])}"', word[:2].lower(),
            f"since:2026-09-21 {word}", f"until:2026-09-22 {word[-1:]}", f"id:{one.id}",
        ]  # fmt: skip
        found.append(draw.choice(choices))
    return found


def test_two_hundred_queries_find_the_same_posts_in_the_same_order(world: World):
    asked = queries(world.posts)
    assert len(asked) >= 200
    hits = 0
    for i, text in enumerate(asked):
        for order in ("newest", "oldest")[: 1 + (i % 4 == 0)]:
            query = PostQuery(where=parse(text, now=T0), order=order, limit=3000)
            ours, theirs = world.local.search(query), world.elastic.search(query)
            assert [p.post.id for p in theirs.posts] == [p.post.id for p in ours.posts], text
            assert theirs.total == ours.total, text
        hits += bool(ours.total)
    assert hits > len(asked) // 2


def test_whole_posts_are_the_same(world: World):
    ids = [one.id for one in world.posts]
    ours, theirs = world.local.posts(ids), world.elastic.posts(ids)

    assert [unordered(one) for one in theirs] == [unordered(one) for one in ours]


def unordered(one):
    return one.post, one.revision, set(one.subjects), set(one.mentions), set(one.clusters)


def test_counts_by_value_and_time_are_the_same(world: World):
    times = [one.event_at for one in world.posts]
    since, until = min(times) - HOUR, max(times) + HOUR
    width = max((until - since) // 400, 7 * MINUTE)
    for text in ["", *queries(world.posts)[::EVERY]]:
        query = PostQuery(where=parse(text, now=T0))
        assert world.elastic.span(query) == world.local.span(query), text
        found = world.elastic.facets(query, limit=5000)
        assert found == world.local.facets(query, limit=5000), text
        timeline = {"since": since, "until": until, "bucket_ms": width}
        assert world.elastic.timeline(query, **timeline) == world.local.timeline(
            query, **timeline
        ), text


def test_accounts_reach_copies_and_links_are_the_same(world: World):
    subjects = list(world.local.facet("subject", since=0, until=1 << 43))
    asked = [PostQuery(subject=one, limit=700) for one in subjects[:6]]
    asked += [PostQuery(where=parse(text, now=T0)) for text in queries(world.posts)[::EVERY]]
    told = [world.local.makeup(query) for query in asked]

    assert [world.elastic.makeup(query) for query in asked] == told
    assert any(made.copies for made in told)
    assert any(made.links for made in told)


def test_histograms_of_subjects_are_the_same(world: World):
    times = [one.event_at for one in world.posts]
    window = {"since": min(times), "until": min(times) + 48 * HOUR}
    subjects = [None, "nobody", *world.local.facet("subject", since=0, until=1 << 43)]
    for subject in subjects:
        for width in (MINUTE * 15, HOUR, 6 * HOUR):
            asked = {"subject": subject, "bucket_ms": width, **window}
            assert world.elastic.histogram(**asked) == world.local.histogram(**asked)
        asked = {"subject": subject, **window}
        assert world.elastic.sources(**asked) == world.local.sources(**asked)
    for facet in ("subject", "source", "lang"):
        assert world.elastic.facet(facet, **window) == world.local.facet(facet, **window)
    assert world.elastic.latest() == world.local.latest()
    assert world.elastic.counts() == world.local.counts()


def test_pages_follow_each_other_without_gap_or_repeat(world: World):
    pages = [
        world.elastic.search(PostQuery(offset=at, limit=100)).posts for at in range(0, 500, 100)
    ]
    whole = world.local.search(PostQuery(limit=500)).posts

    assert [p.post.id for page in pages for p in page] == [p.post.id for p in whole]


def test_threads_are_the_same(world: World):
    draw = random.Random(3)
    linked = [p for p in world.posts if p.reply_to or p.quote_of or p.repost_of]
    asked = {p.id for p in draw.sample(linked, min(12, len(linked)))}
    asked |= {p.reply_to or p.quote_of or p.repost_of or p.id for p in linked[:8]}
    for post_id in sorted(asked):
        assert world.elastic.tree(post_id, limit=200) == world.local.tree(post_id, limit=200)
        assert world.elastic.ancestors(post_id) == world.local.ancestors(post_id)
        assert world.elastic.reply_counts(post_id) == world.local.reply_counts(post_id)
        ours = world.local.replies(post_id, limit=1000)
        theirs = world.elastic.replies(post_id, limit=1000)
        assert {p.post.id for p in theirs} == {p.post.id for p in ours}


def test_cascades_are_the_same(world: World):
    some = [p.id for p in world.posts[:300]]
    for limit in (5, 1000):
        ours = world.local.forest(some, limit=limit)
        assert world.elastic.forest(some, limit=limit) == ours
        assert any(len(tree) > 1 for tree in ours.trees)


def test_results_are_the_same(world: World):
    ours, theirs = world.local, world.elastic
    assert theirs.clusters(limit=5000) == ours.clusters(limit=5000)
    for cluster in ours.clusters(limit=12):
        assert theirs.cluster(cluster.cluster_id) == cluster
        assert theirs.members(cluster.cluster_id) == ours.members(cluster.cluster_id)
        assert theirs.members(cluster.cluster_id, limit=3) == ours.members(
            cluster.cluster_id, limit=3
        )
        asked = {"cluster_id": cluster.cluster_id}
        assert theirs.bursts(**asked) == ours.bursts(**asked)
    campaigns = ours.campaigns(limit=500)
    assert theirs.campaigns(limit=500) == campaigns
    for campaign in campaigns[:5]:
        assert theirs.campaign(campaign.campaign_id) == campaign
        asked = {"kinds": (campaign.kind,), "since": campaign.last_post_at}
        assert theirs.campaigns(**asked) == ours.campaigns(**asked)
        mine = {"subject": campaign.subject, "limit": 2}
        assert theirs.campaigns(**mine) == ours.campaigns(**mine)
    page = ours.alerts(AlertQuery(limit=500))
    assert theirs.alerts(AlertQuery(limit=500)) == page
    assert theirs.alert_totals() == ours.alert_totals()
    for alert in page.alerts[:5]:
        assert theirs.alert(alert.alert_id) == alert
        some = AlertQuery(subject=alert.subject, kinds=(alert.kind,), since=alert.created_at)
        assert theirs.alerts(some) == ours.alerts(some)
    followed = [alert for _, alert in theirs.alerts_after(0, limit=1000)]
    assert {a.alert_id for a in followed} == {a.alert_id for a in page.alerts}
    assert theirs.gap_ledger() == ours.gap_ledger()
    assert theirs.gaps(since=0, until=1 << 43) == ours.gaps(since=0, until=1 << 43)


def test_writing_everything_again_changes_nothing(world: World):
    before = world.elastic.counts(), world.elastic.alert_seq()
    for one in world.batches:
        assert world.elastic.take(one) == []
    world.elastic.refresh()

    assert (world.elastic.counts(), world.elastic.alert_seq()) == before
