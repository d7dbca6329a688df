"""A world plays the same from the same seed, lazily, in order, with everything it promises."""

from __future__ import annotations

import itertools
import time
from collections import Counter

import pytest

from dashboards.simulator import plan
from dashboards.simulator.clock import DAY_MS
from dashboards.simulator.idiom import idiom
from dashboards.simulator.oracle import Ledger
from dashboards.simulator.scene import Made
from dashboards.simulator.world import Play, World

GRAMMARS: tuple[plan.GrammarName, ...] = ("first", "second")


def small(grammar: plan.GrammarName = "first", **changes: object) -> World:
    return World(**{"grammar": grammar, "posts": 3000, "days": 6, "seed": 5, **changes})  # type: ignore[arg-type]


def played(world: World) -> list[Made]:
    return list(Play(world).posts())


@pytest.fixture(scope="module", params=GRAMMARS)
def heavy(request) -> tuple[Ledger, list[Made]]:
    ledger = Ledger(Play(small(request.param, scenario="hostile_heavy", days=14)))
    return ledger, list(ledger.posts())


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_same_world_plays_the_same(grammar):
    assert played(small(grammar)) == played(small(grammar))


def test_another_seed_is_another_world():
    one = {made.post.text for made in played(small(seed=1))}
    other = {made.post.text for made in played(small(seed=2))}

    assert len(one & other) < len(one) / 3


def test_posts_come_in_the_order_of_time_and_within_the_stream(heavy):
    ledger, stream = heavy
    times = [made.post.created_at for made in stream]

    assert times == sorted(times)
    world = ledger.oracle().world
    assert world.start_ms <= times[0]
    assert times[-1] < world.end_ms


def test_ids_are_unique_and_references_point_back(heavy):
    known: set[str] = set()
    for post, _ in heavy[1]:
        for target in (post.reply_to, post.repost_of, post.quote_of):
            assert target is None or target in known
        assert post.id not in known
        known.add(post.id)


def test_a_world_begins_without_playing_to_its_end():
    begun = time.process_time()
    first = list(itertools.islice(Play(World(posts=2_000_000, days=14)).posts(), 300))

    assert len(first) == 300
    assert time.process_time() - begun < 20


def test_it_has_about_as_many_posts_as_asked_for():
    for scenario in ("mixed", "fans_only", "organic_only"):
        stream = Play(World(scenario=scenario, posts=20_000)).posts()
        assert 0.9 < sum(1 for _ in stream) / 20_000 < 1.2, scenario


@pytest.mark.parametrize("scenario", ["fans_only", "organic_only"])
def test_streams_without_campaigns_hold_none(scenario):
    labels = Counter(made.label.partition(":")[0] for made in played(small(scenario=scenario)))

    assert set(labels) <= {"", "event", "official", "hater"}


def test_every_planned_event_of_fans_and_public_takes_place():
    play = Play(small(scenario="fans_only", days=14))
    seen = {made.label for made in play.posts()}

    assert {f"event:{event.id}" for event in play.events} <= seen


def test_every_ring_strikes_and_hides(heavy):
    ledger, _ = heavy
    oracle = ledger.oracle()

    assert len(oracle.campaigns) == 39
    for campaign in oracle.campaigns:
        assert len(campaign.post_ids) >= 4, campaign.id
        assert len(campaign.accounts) >= 4, campaign.id
        assert campaign.camouflage_posts > 0, campaign.id


def test_the_share_of_camouflage_is_the_dose(heavy):
    for campaign in heavy[0].oracle().campaigns:
        dose = plan.dose(campaign.tactic, campaign.strength)
        total = campaign.camouflage_posts + len(campaign.post_ids)
        assert campaign.camouflage_posts / total == pytest.approx(dose.camouflage, abs=0.08)


def test_a_ring_that_returns_has_the_same_accounts_and_another_claim(heavy):
    _, stream = heavy
    for campaign in heavy[0].oracle().campaigns:
        if campaign.tactic == "return":
            first, second = campaign.episodes
            shared = set(first.accounts) & set(second.accounts)
            assert len(shared) >= 0.5 * len(second.accounts)
            assert second.times[0] - first.times[-1] > DAY_MS
    assert stream


def test_a_ring_that_hands_over_comes_back_as_nobody_known(heavy):
    for campaign in heavy[0].oracle().campaigns:
        if campaign.tactic == "handover":
            first, second = campaign.episodes
            assert not set(first.accounts) & set(second.accounts)


def test_a_slow_drip_takes_a_week_and_twenty_accounts(heavy):
    for campaign in heavy[0].oracle().campaigns:
        if campaign.tactic == "slow_drip":
            (episode,) = campaign.episodes
            assert episode.times[-1] - episode.times[0] > 5 * DAY_MS
            assert len(campaign.accounts) <= 20


def test_cross_platform_rings_seed_elsewhere_first():
    for seed in range(1, 4):
        ledger = Ledger(Play(small(seed=seed, days=14)))
        platforms: dict[str, list[str]] = {}
        for post, label in ledger.posts():
            if label.startswith("campaign"):
                platforms.setdefault(label.split(":")[1], []).append(post.platform)
        crossing = next(c for c in ledger.oracle().campaigns if c.tactic == "cross_platform")
        assert len(set(platforms[crossing.id])) > 1


def test_a_ring_in_a_wave_shares_its_subject_with_genuine_critics():
    play = Play(small())
    hidden = next(ring for ring in play.rings if ring.tactic == "in_wave")
    waves = [event for event in play.events if event.about == (hidden.star, hidden.claim)]

    assert len(waves) == 1
    assert waves[0].opens_at <= hidden.opens_at


def test_copies_are_exact_only_where_the_tactic_says_so(heavy):
    texts: dict[str, list[str]] = {}
    for post, label in heavy[1]:
        if label.startswith("campaign") and post.repost_of is None:
            texts.setdefault(label.split(":")[1], []).append(post.text.split(" http")[0])
    for campaign in heavy[0].oracle().campaigns:
        said = texts[campaign.id]
        share = len(set(said)) / len(said)
        if (campaign.tactic, campaign.strength) == ("paraphrase", "weak"):
            assert share > 0.7, campaign.id
        if (campaign.tactic, campaign.strength) == ("copy_paste", "strong"):
            assert share < 0.6, campaign.id


def test_pictures_of_a_media_ring_differ_by_few_bits_and_in_every_byte(heavy):
    _, stream = heavy
    media = {c.id: c for c in heavy[0].oracle().campaigns if c.tactic == "media_push"}
    for name, campaign in media.items():
        shown = [
            made.post.media[0]
            for made in stream
            if made.label.startswith(f"campaign:{name}:") and made.post.media
            if made.post.repost_of is None
        ]
        first = int(shown[0].pdq or "", 16)
        flips = [(first ^ int(one.pdq or "", 16)).bit_count() for one in shown]
        assert max(flips) <= 4 * plan.dose("media_push", campaign.strength).edits
        assert len({one.sha256 for one in shown}) == len(shown)


def test_rings_and_ordinary_life_share_their_words():
    hostile: list[str] = []
    others: set[str] = set()
    for post, label in played(World(posts=20_000, scenario="mixed", seed=2)):
        words = [word for word in post.text.split() if len(word) > 1 and "/" not in word]
        if label.startswith("campaign"):
            hostile += words
        else:
            others.update(words)

    assert sum(word in others for word in hostile) / len(hostile) > 0.85


def test_the_grammars_share_no_subject_no_site_and_hardly_a_text():
    first, second = idiom("first"), idiom("second")

    assert not set(first.stars) & set(second.stars)
    assert not set(first.claims) & set(second.claims)
    for sites in ("gossip", "shorteners", "papers", "pages", "shops"):
        assert not set(getattr(first.habits, sites)) & set(getattr(second.habits, sites))
    texts = [
        {made.post.text for made in played(small(grammar)) if len(made.post.text) > 12}
        for grammar in GRAMMARS
    ]
    assert not texts[0] & texts[1]


def test_a_world_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="days: found 1"):
        small(days=1)
    with pytest.raises(ValueError, match="posts: found 0"):
        small(posts=0)
