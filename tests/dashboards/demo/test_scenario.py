"""The whole story: reproducible, in order, alive, and honest about what it holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from itertools import islice, pairwise
from statistics import median

import msgspec
import pytest

from dashboards.demo.oracle import Oracle
from dashboards.demo.organic import ORDINARY
from dashboards.demo.rhythm import DAY_MS, HOUR_MS, KST_OFFSET_MS, MINUTE_MS
from dashboards.demo.scenario import SCENARIOS, Scenario, campaigns, generate, named
from dashboards.demo.writing import MAX_DELAY_MS, Staged
from ingest.records import Deletion, Malformed, Post

FirstSeen = dict[str, Staged]


def bytes_of(scenario: Scenario, limit: int | None = None) -> bytes:
    items = [staged.item for staged in islice(generate(scenario), limit)]
    return msgspec.msgpack.encode(items)


def ordinary(first_seen: FirstSeen) -> list[Post]:
    return [
        s.item for s in first_seen.values() if s.kind == ORDINARY and isinstance(s.item, Post)
    ]


def test_the_same_seed_gives_the_same_bytes(mixed: Scenario, world: list[Staged]) -> None:
    assert bytes_of(mixed) == msgspec.msgpack.encode([staged.item for staged in world])


def test_another_seed_gives_another_world(mixed: Scenario) -> None:
    other = msgspec.structs.replace(mixed, seed=mixed.seed + 1)
    assert bytes_of(mixed, 500) != bytes_of(other, 500)


def test_leaving_the_campaigns_out_leaves_everything_else_as_it_was(
    mixed: Scenario, world: list[Staged]
) -> None:
    without = msgspec.structs.replace(mixed, include=mixed.include - {"copies", "link", "drip"})
    rest = {msgspec.msgpack.encode(staged) for staged in generate(without)}
    lost = {msgspec.msgpack.encode(staged) for staged in world} - rest
    assert rest <= {msgspec.msgpack.encode(staged) for staged in world}
    assert 70 < len(lost) < 250


@pytest.mark.parametrize("name", ["fans_only", "organic_only"])
def test_scenarios_without_campaigns_hold_none(name: str, start: int) -> None:
    scenario = named(name, start_ms=start, posts=2000)  # type: ignore[arg-type]
    kinds = Oracle.of(scenario).kinds
    assert campaigns(scenario) == ()
    assert not [kind for kind in kinds if kind.startswith("campaign:")]


def test_every_scenario_holds_what_its_name_says(start: int) -> None:
    kinds = {
        name: set(Oracle.of(named(name, start_ms=start, posts=2000)).kinds)
        for name in SCENARIOS
    }
    common = {"ordinary", "hater", "official", "news"}
    planted = {"campaign:copies", "campaign:link", "campaign:drip"}
    harm = {"harm:threat", "harm:stalking", "harm:sexual_deepfake", "harm_warning"}
    assert kinds == {
        "mixed": common | planted | harm | {"fan_event", "criticism", "picture"},
        "fans_only": common | {"fan_event"},
        "organic_only": common | {"criticism"},
    }


def test_the_demo_is_of_the_size_that_was_asked_for(first_seen: FirstSeen) -> None:
    assert 6_000 <= len(first_seen) <= 12_000


def test_items_come_in_the_order_in_which_they_are_seen(world: list[Staged]) -> None:
    assert all(a.at <= b.at for a, b in pairwise(world))


def test_posts_are_a_little_out_of_order_but_never_more_than_the_bound(
    first_seen: FirstSeen,
) -> None:
    newest, swapped = 0, 0
    for staged in first_seen.values():
        assert isinstance(staged.item, Post)
        assert staged.at == staged.item.observed_at
        at = staged.item.event_at
        assert at >= newest - MAX_DELAY_MS
        swapped += at < newest
        newest = max(newest, at)
    assert 0.02 < swapped / len(first_seen) < 0.5


def test_the_story_stays_between_its_first_and_last_minute(
    mixed: Scenario, first_seen: FirstSeen
) -> None:
    for staged in first_seen.values():
        assert isinstance(staged.item, Post)
        assert mixed.start_ms <= staged.item.event_at < mixed.end_ms + MAX_DELAY_MS


def test_a_few_clocks_are_wrong(start: int) -> None:
    scenario = Scenario(start_ms=start, posts=30_000, include=frozenset())
    wrong = [
        s.item
        for s in generate(scenario)
        if isinstance(s.item, Post) and abs(s.item.created_at - s.at) > DAY_MS
    ]
    assert 1 <= len({post.id for post in wrong}) <= 40
    assert {post.event_at for post in wrong} == {post.observed_at for post in wrong}


def test_noise_of_every_sort_occurs(world: list[Staged]) -> None:
    seen: dict[str, Post] = {}
    sorts: Counter[str] = Counter()
    for _, item, _ in world:
        if isinstance(item, Deletion):
            assert item.id in seen, "deleted before it was seen"
            sorts["deletion"] += 1
        elif isinstance(item, Malformed):
            sorts["malformed"] += 1
        elif item.id in seen:
            before = seen[item.id]
            sorts["resend" if item == before else "revision"] += 1
        else:
            seen[item.id] = item
    assert sorts["malformed"] == 6
    assert all(sorts[sort] > 10 for sort in ("deletion", "resend", "revision"))


def test_evenings_in_korea_are_busier_than_nights(first_seen: FirstSeen) -> None:
    hours = Counter(
        (post.event_at + KST_OFFSET_MS) % DAY_MS // HOUR_MS
        for post in ordinary(first_seen)
        if post.lang == "ko"
    )
    days = {h: 2 if h < 21 and h >= 9 else 1 for h in range(24)}  # 36 h from 09:00 KST
    night = sum(hours[h] / days[h] for h in (2, 3, 4, 5))
    evening = sum(hours[h] / days[h] for h in (19, 20, 21, 22))
    assert evening > 5 * night


def test_activity_is_unequal_as_in_life(first_seen: FirstSeen) -> None:
    posts = Counter(post.account for post in ordinary(first_seen)).most_common()
    total = sum(n for _, n in posts)
    assert len(posts) > 1000
    assert 0.4 < sum(n for _, n in posts[: len(posts) // 10]) / total < 0.85
    assert posts[0][1] < 0.05 * total
    assert median(n for _, n in posts) <= 3


def test_ordinary_posts_of_different_people_hardly_ever_say_the_same(
    first_seen: FirstSeen, shingles: Callable[[str], frozenset[str]]
) -> None:
    long = {
        post.id: (post, shingles(post.text.split(" #")[0]))
        for post in ordinary(first_seen)
        if len(post.text) > 20 and not post.repost_of
    }
    holders: dict[str, list[str]] = {}
    twins: set[str] = set()
    close: Counter[int] = Counter()
    for post_id, (post, grams) in long.items():
        shared: Counter[str] = Counter()
        for gram in grams:
            shared.update(holders.get(gram, ()))
            holders.setdefault(gram, []).append(post_id)
        for other, n in shared.items():
            other_post, other_grams = long[other]
            if n < 0.7 * (len(grams) + len(other_grams) - n):
                continue
            if post.account != other_post.account:
                twins |= {post_id, other}
                close[post.event_at // HOUR_MS] += (
                    abs(post.event_at - other_post.event_at) < 30 * MINUTE_MS
                )
    assert len(long) > 3000
    assert len(twins) < 0.05 * len(long)
    assert max(close.values()) <= 2, "an accidental burst of near-duplicates"


def test_short_congratulations_do_repeat(first_seen: FirstSeen) -> None:
    texts = Counter(post.text for post in ordinary(first_seen) if post.text)
    assert texts["축하해"] >= 3
    assert sum(texts[text] for text in ("so pretty", "omg", "same", "congrats")) >= 3


def test_some_posts_speak_of_nobody(first_seen: FirstSeen) -> None:
    lonely = [
        post
        for post in ordinary(first_seen)
        if not (post.reply_to or post.quote_of or post.repost_of or post.container)
        and not any(c in post.text for c in "#@")
    ]
    assert lonely


def test_official_posts_are_passed_on_most(first_seen: FirstSeen) -> None:
    reposts = Counter(post.repost_of for post in ordinary(first_seen) if post.repost_of)
    official = {i for i, staged in first_seen.items() if staged.kind == "official"}
    fans = [n for target, n in reposts.items() if target not in official]
    ours = [reposts[target] for target in official]
    assert sum(ours) / len(ours) > 5 * sum(fans) / len(fans)


def test_threads_grow_into_trees(first_seen: FirstSeen) -> None:
    parents = {p.id: p.reply_to for p in ordinary(first_seen) if p.reply_to}
    deep = [p for p, parent in parents.items() if parent in parents]
    assert len(parents) > 500
    assert len(deep) > 50
    for post_id, parent in parents.items():
        child, target = first_seen[post_id].item, first_seen.get(parent)
        assert isinstance(child, Post)
        if target is not None and isinstance(target.item, Post):
            assert child.root == (target.item.root or target.item.id)
            assert child.platform == target.item.platform


def test_four_platforms_and_three_languages_take_part(first_seen: FirstSeen) -> None:
    posts = ordinary(first_seen)
    assert {post.platform for post in posts} == {"x", "bluesky", "reddit", "youtube"}
    assert {post.lang for post in posts} == {"ko", "en", "ja", None}
    assert {post.source for post in posts} == {"demo"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"hours": 23}, "hours: found 23"), ({"posts": 0}, "posts: found 0")],
)
def test_impossible_scenarios_are_refused(start: int, wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Scenario(start_ms=start, **wrong)


@pytest.mark.parametrize("hour", range(0, 24, 5))
def test_it_can_begin_at_any_hour_of_the_day(start: int, hour: int) -> None:
    scenario = Scenario(start_ms=start + hour * HOUR_MS, posts=500, hours=24)
    kinds = Oracle.of(scenario).kinds
    assert {"fan_event", "criticism", "campaign:drip", "campaign:link"} <= kinds.keys()
    for staged in generate(scenario):
        if isinstance(staged.item, Post):
            assert staged.item.event_at < scenario.end_ms + MAX_DELAY_MS


def test_twenty_thousand_posts_are_made_in_a_second(start: int) -> None:
    scenario = named("mixed", start_ms=start, posts=40_000, hours=96)
    before = time.process_time()
    made = sum(1 for _ in generate(scenario))
    rate = made / (time.process_time() - before)
    assert made > 40_000
    assert rate > 20_000
