"""Ordinary days look like a public: few post much, nights are quiet, posts travel."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random

import pytest

from dashboards.simulator.clock import DAY_MS, HOUR_MS, awake, next_korean_hour, poisson
from dashboards.simulator.scene import Made
from dashboards.simulator.world import START_MS, Play, World


@pytest.fixture(scope="module", params=["first", "second"])
def life(request) -> list[Made]:
    world = World(grammar=request.param, scenario="organic_only", posts=20_000, seed=6)
    return list(Play(world).posts())


def test_few_write_much_and_most_write_little(life):
    counts = sorted(Counter(post.author_id for post, _ in life).values(), reverse=True)

    assert sum(counts[: len(counts) // 100]) > 0.05 * len(life)
    assert sum(count == 1 for count in counts) > 0.15 * len(counts)


def test_nights_are_quiet_where_people_live(life):
    hours = Counter(
        post.created_at // HOUR_MS % 24
        for post, label in life
        if post.lang == "ja" and not label
    )
    # In Japan it is four at night at 19 hours UTC, and nine in the evening at 12.
    assert hours[12] > 3 * hours[19]


def test_languages_are_mixed(life):
    langs = Counter(post.lang for post, _ in life)

    assert len([lang for lang, n in langs.items() if lang and n > 0.02 * len(life)]) >= 4


def test_replies_grow_into_trees_and_few_posts_are_passed_on_much(life):
    depth: dict[str, int] = {}
    reposts: Counter[str] = Counter()
    for post, _ in life:
        parent = post.reply_to
        depth[post.id] = depth.get(parent, 0) + 1 if parent else 0
        if post.repost_of:
            reposts[post.repost_of] += 1
    assert max(depth.values()) >= 3
    most = reposts.most_common(1)[0][1]
    assert most > 10
    assert sum(n == 1 for n in reposts.values()) > 0.3 * len(reposts)


def test_fans_of_events_recur_together():
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for post, label in Play(World(scenario="fans_only", posts=20_000)).posts():
        if label.startswith("event"):
            joined[post.author_id].add(label)
    often = [author for author, events in joined.items() if len(events) >= 4]

    assert len(often) > 50


def test_official_accounts_are_those_of_the_watchlist(life):
    official = {
        post.author.handle for post, label in life if label == "official" and post.author
    }

    assert official
    assert all(handle for handle in official)


def test_the_mean_of_a_day_is_one():
    for flat in (0.0, 0.4, 1.0):
        day = [awake(START_MS + n * HOUR_MS // 4, 9.0, flat) for n in range(96)]
        assert sum(day) / len(day) == pytest.approx(1.0, abs=0.01)


def test_the_next_hour_of_korea_is_within_a_day():
    at = next_korean_hour(START_MS + 5, 21)

    assert 0 <= at - START_MS - 5 < DAY_MS
    assert (at + 9 * HOUR_MS) % DAY_MS == 21 * HOUR_MS


@pytest.mark.parametrize("mean", [0.5, 4.0, 80.0])
def test_counts_have_the_mean_that_is_expected(mean):
    draw = Random(3).random
    counts = [poisson(mean, draw) for _ in range(3000)]

    assert sum(counts) / len(counts) == pytest.approx(mean, rel=0.08)
    assert min(counts) >= 0
