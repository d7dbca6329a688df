"""The planted campaigns are what the oracle says they are."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from dashboards.demo import smears
from dashboards.demo.rhythm import DAY_MS, HOUR_MS, MINUTE_MS
from dashboards.demo.smears import Planted, kind_of
from ingest.records import Post

AT = 1_795_520_000_000
SEEDS = range(25)
Jaccard = Callable[[str, str], float]


def own_posts(planted: Planted) -> list[Post]:
    kind = kind_of(planted.campaign.id)
    found = {
        s.item.id: s.item for s in planted.staged if s.kind == kind and isinstance(s.item, Post)
    }
    return list(found.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rumour_is_pasted_by_25_young_accounts_in_a_quarter_of_an_hour(seed: int) -> None:
    planted = smears.copies(Random(seed), AT)
    posts = own_posts(planted)
    assert len({post.account for post in posts}) == 25
    times = [post.created_at for post in posts]
    assert max(times) - min(times) <= 15 * MINUTE_MS
    assert {post.lang for post in posts} == {"ko"}
    for post in posts:
        assert post.author is not None
        assert post.author.created_at is not None
        assert 0 < AT - post.author.created_at <= 40 * DAY_MS
    assert planted.campaign.posts == len(posts)


@pytest.mark.parametrize("seed", SEEDS)
def test_copies_of_the_rumour_stay_near_the_original(seed: int, jaccard5: Jaccard) -> None:
    for post in own_posts(smears.copies(Random(seed), AT)):
        assert jaccard5(post.text, smears.COPY_TEXT) >= 0.7
        assert "하루엘" in post.text


def test_most_copies_of_the_rumour_differ_in_some_small_way() -> None:
    texts = Counter(p.text for p in own_posts(smears.copies(Random(3), AT)))
    assert len(texts) > 15
    assert any(unicodedata.category(c) == "Cf" for text in texts for c in text)
    assert any("#" in text for text in texts)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_link_is_pushed_by_18_accounts_on_three_platforms(seed: int) -> None:
    posts = own_posts(smears.link_push(Random(seed), AT))
    assert len({post.account for post in posts}) == 18
    assert {post.platform for post in posts} == {"x", "bluesky", "reddit"}
    times = [post.created_at for post in posts]
    assert max(times) - min(times) <= 40 * MINUTE_MS
    for post in posts:
        (link,) = post.urls
        assert smears.LINK_DOMAIN in link
        assert post.text.endswith(link)


@pytest.mark.parametrize("seed", SEEDS)
def test_rewordings_of_the_link_text_stay_within_reach(seed: int, jaccard5: Jaccard) -> None:
    posts = own_posts(smears.link_push(Random(seed), AT))
    alike = [jaccard5(a.text, b.text) for a in posts for b in posts if a.id < b.id]
    assert min(alike) >= 0.7
    assert len({post.text.rsplit(" ", 1)[0] for post in posts}) >= 4


@pytest.mark.parametrize("seed", SEEDS)
def test_the_drip_takes_hours_and_never_hurries(seed: int) -> None:
    posts = own_posts(smears.slow_drip(Random(seed), AT))
    assert len({post.account for post in posts}) == 12
    times = sorted(post.created_at for post in posts)
    assert 6 * HOUR_MS <= times[-1] - times[0] <= 8 * HOUR_MS
    # No hour sees more than five of them.
    assert all(b - a > HOUR_MS for a, b in zip(times, times[5:], strict=False))
    assert {post.lang for post in posts} == {"ja", "ko"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_drip_repeats_one_text_in_each_language(seed: int, jaccard5: Jaccard) -> None:
    for post in own_posts(smears.slow_drip(Random(seed), AT)):
        assert post.lang is not None
        assert jaccard5(post.text, smears.DRIP_TEXTS[post.lang]) >= 0.65


def test_the_drip_hides_among_more_fan_posts_of_the_same_accounts() -> None:
    planted = smears.slow_drip(Random(2), AT)
    by_account: dict[str, Counter[str]] = {}
    for staged in planted.staged:
        if isinstance(staged.item, Post):
            by_account.setdefault(staged.item.account, Counter())[staged.kind] += 1
    assert set(by_account) == set(planted.campaign.accounts)
    for kinds in by_account.values():
        assert kinds["ordinary"] > kinds[kind_of("drip")]


@pytest.mark.parametrize("make", [smears.copies, smears.link_push, smears.slow_drip])
def test_a_campaign_states_its_own_accounts_and_time(
    make: Callable[[Random, int], Planted],
) -> None:
    planted = make(Random(1), AT)
    posts, campaign = own_posts(planted), planted.campaign
    assert {post.account for post in posts} == set(campaign.accounts)
    assert campaign.first_at == min(post.created_at for post in posts) >= AT
    assert campaign.last_at == max(post.created_at for post in posts)
    assert len(posts) == campaign.posts


@pytest.mark.parametrize("make", [smears.copies, smears.link_push, smears.slow_drip])
def test_nothing_in_a_post_says_that_it_was_planted(
    make: Callable[[Random, int], Planted],
) -> None:
    for post in own_posts(make(Random(1), AT)):
        assert "campaign" not in repr(post)
        assert post.repost_of is None
