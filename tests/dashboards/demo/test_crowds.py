"""What many do at once and may: vote drive, birthday, news, criticism."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from statistics import median

import pytest

from dashboards.demo import cast, crowds
from dashboards.demo.population import Population
from dashboards.demo.rhythm import DAY_MS, HOUR_MS, MINUTE_MS
from dashboards.demo.writing import Staged
from ingest.records import Post

AT = 1_795_520_000_000


@pytest.fixture(scope="module")
def people() -> Population:
    return Population(Random(1), 2500, AT - DAY_MS)


def posts_of(staged: list[Staged], kind: str) -> list[Post]:
    found = {s.item.id: s.item for s in staged if isinstance(s.item, Post) and s.kind == kind}
    return list(found.values())


def test_hundreds_of_fans_share_the_vote_guide_openly(people: Population) -> None:
    posts = posts_of(crowds.vote_drive(Random(1), people, AT, 300), "fan_event")
    assert len({post.account for post in posts}) == 301
    assert all(AT <= p.created_at <= AT + crowds.VOTE_MINUTES * MINUTE_MS for p in posts)
    copies = Counter(post.text for post in posts if not post.repost_of)
    assert copies.most_common(1)[0][1] > 40
    linking = [post for post in posts if crowds.VOTE_LINK in post.text]
    assert len(linking) > 0.4 * len(posts)


def test_the_vote_drive_is_the_one_the_watchlist_declares(people: Population) -> None:
    velloria = cast.agency().subject("velloria")
    assert velloria is not None
    (project,) = velloria.fan_projects
    posts = posts_of(crowds.vote_drive(Random(1), people, AT, 50), "fan_event")
    tagged = [p for p in posts if not p.repost_of]
    assert all(set(p.hashtags) & set(project.hashtags) for p in tagged)
    assert crowds.VOTE_LINK.startswith(f"https://{project.domains[0]}/")
    assert min(posts, key=lambda p: p.created_at).author_id == "vellings_vote"


def test_a_birthday_is_celebrated_without_having_been_declared(people: Population) -> None:
    posts = posts_of(crowds.birthday(Random(1), people, AT, 150), "fan_event")
    declared = {t for s in cast.agency().subjects for p in s.fan_projects for t in p.hashtags}
    assert len({post.account for post in posts}) == 150
    assert all(set(p.hashtags) == set(crowds.BIRTHDAY_TAGS) for p in posts)
    assert not declared & set(crowds.BIRTHDAY_TAGS)
    assert Counter(p.text for p in posts).most_common(1)[0][1] > 25


def test_shared_news_is_a_headline_and_its_link(people: Population) -> None:
    posts = posts_of(crowds.shared_news(Random(1), people, AT, 28), "news")
    assert len(posts) == 28
    assert {post.urls for post in posts} == {(crowds.NEWS_LINK,)}
    assert len({post.text for post in posts}) == 1


def test_critics_speak_for_themselves(
    people: Population, jaccard5: Callable[[str, str], float]
) -> None:
    posts = posts_of(crowds.criticism(Random(1), people, AT, 240), "criticism")
    assert len({post.account for post in posts}) == len(posts) == 240
    own = [p.text for p in posts if not p.repost_of]
    twins = sum(jaccard5(a, b) >= 0.7 for i, a in enumerate(own) for b in own[:i])
    assert len(own) > 180
    assert twins <= 0.02 * len(own)


def test_critics_have_had_their_accounts_for_long_and_live_on_all_platforms(
    people: Population,
) -> None:
    posts = posts_of(crowds.criticism(Random(1), people, AT, 240), "criticism")
    for post in posts:
        assert post.author is not None
        assert post.author.created_at is not None
        assert AT - post.author.created_at > 180 * DAY_MS
    assert {p.platform for p in posts} == {"x", "bluesky", "reddit", "youtube"}


def test_criticism_swells_after_the_notice_and_ebbs_for_hours(people: Population) -> None:
    staged = crowds.criticism(Random(1), people, AT, 240)
    (notice,) = posts_of(staged, "official")
    posts = posts_of(staged, "criticism")
    delays = sorted(post.created_at - notice.created_at for post in posts)
    assert delays[0] > 0
    assert HOUR_MS < median(delays) < 4 * HOUR_MS
    assert delays[-1] > 5 * HOUR_MS
    assert delays[-1] <= crowds.CRITICISM_HOURS * HOUR_MS


def test_part_of_the_criticism_answers_quotes_or_passes_on_what_was_said_before(
    people: Population,
) -> None:
    staged = crowds.criticism(Random(1), people, AT, 240)
    known = {s.item.id: s.item.created_at for s in staged if isinstance(s.item, Post)}
    links = 0
    for post in posts_of(staged, "criticism"):
        target = post.reply_to or post.quote_of or post.repost_of
        if target is not None:
            links += 1
            assert known[target] < post.created_at
    assert links > 50
