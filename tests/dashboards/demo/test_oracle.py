"""The oracle: what was planted, kept apart from what the pipeline sees."""

from __future__ import annotations

import msgspec

from dashboards.demo.oracle import Oracle
from dashboards.demo.scenario import Scenario
from dashboards.demo.smears import kind_of
from dashboards.demo.writing import Staged
from ingest.records import Post

FirstSeen = dict[str, Staged]


def test_every_post_has_the_label_it_was_made_with(
    oracle: Oracle, first_seen: FirstSeen
) -> None:
    assert {i: oracle.label(i) for i in first_seen} == {
        i: staged.kind for i, staged in first_seen.items()
    }


def test_kinds_count_every_post_once(oracle: Oracle, first_seen: FirstSeen) -> None:
    assert sum(oracle.kinds.values()) == len(first_seen)
    assert oracle.kinds["ordinary"] > 0.8 * len(first_seen)
    for kind, n in oracle.kinds.items():
        labelled = sum(label == kind for label in oracle.labels.values())
        assert labelled == (0 if kind == "ordinary" else n)


def test_campaigns_agree_with_the_labels_of_their_posts(
    oracle: Oracle, first_seen: FirstSeen
) -> None:
    assert [campaign.id for campaign in oracle.campaigns] == ["copies", "link", "drip"]
    for campaign in oracle.campaigns:
        posts = [
            s.item
            for s in first_seen.values()
            if s.kind == kind_of(campaign.id) and isinstance(s.item, Post)
        ]
        assert len(posts) == campaign.posts
        assert {post.account for post in posts} == set(campaign.accounts)
        assert min(post.created_at for post in posts) == campaign.first_at
        assert max(post.created_at for post in posts) == campaign.last_at


def test_campaigns_have_different_accounts_and_subjects(oracle: Oracle) -> None:
    accounts = [a for campaign in oracle.campaigns for a in campaign.accounts]
    assert len(accounts) == len(set(accounts))
    assert len({campaign.subject for campaign in oracle.campaigns}) == 3


def test_nothing_the_pipeline_sees_carries_a_label(world: list[Staged]) -> None:
    telling = ("campaign:", "fan_event", "criticism", "hater")
    for staged in world:
        if not isinstance(staged.item, Post) or not staged.kind.startswith(telling):
            continue
        fields = msgspec.to_builtins(staged.item)
        del fields["text"]
        assert staged.kind not in str(fields)


def test_an_unknown_post_is_ordinary(oracle: Oracle) -> None:
    assert oracle.label("bluesky:at://nobody") == "ordinary"


def test_the_oracle_can_be_had_without_the_items(mixed: Scenario, oracle: Oracle) -> None:
    assert Oracle.of(mixed) == oracle
