"""What a burst is said to be, and why: copies, fan events, news, spread, templates."""

from __future__ import annotations

import pytest

from stream.records import PostSeen, SubjectEvent
from tests.stream.copies import RUMOUR, bursts, copies, only, run, signal
from tests.stream.harness import (
    DAY,
    HOUR,
    START,
    gone,
    seen,
    with_ticks,
)

HEADLINE = "Arin to open the winter festival in the old harbour this year"


def test_reposts_of_one_post_are_spread_and_not_copying() -> None:
    first = seen("0", RUMOUR, at=START)
    posts = [
        seen(f"r{i}", RUMOUR, at=START + i * 9_000, repost_of="bluesky:0") for i in range(1, 40)
    ]
    burst = only(run(with_ticks([first, *posts])))
    assert burst.kind == "fan_event"
    assert (signal(burst.counter, "reposts") or 0) > 0.9


def test_copies_hidden_among_reposts_are_still_copies() -> None:
    reposts = [
        seen(f"r{i}", RUMOUR, at=START + HOUR + i * 9_000, repost_of="bluesky:0")
        for i in range(30)
    ]
    both = sorted([*reposts, *copies(12)], key=lambda e: e.post.created_at)
    assert only(run(with_ticks(both))).kind == "copy"


@pytest.mark.parametrize(
    "more",
    [
        {
            "text": "how to vote for arin, step by step, before midnight",
            "urls": ("https://arin.example/v",),
        },
        {"text": "vote guide for tonight: open the app, choose arin, confirm #VoteArin"},
        {"text": "생일 축하해 아린아, 언제나 네 편이야 오래오래 보자 #ARIN_DAY"},
    ],
    ids=["official link", "declared project", "birthday"],
)
def test_open_fan_action_is_a_fan_event(more: dict[str, object]) -> None:
    burst = only(run(with_ticks(copies(60, gap=5_000, **more))))  # type: ignore[arg-type]
    assert burst.kind == "fan_event"
    assert (signal(burst.counter, "openness") or 0) >= 0.6


def test_a_hijacked_hashtag_does_not_make_copies_a_fan_event() -> None:
    burst = only(run(with_ticks(copies(15, text=RUMOUR + " #ARIN #VoteArin"))))
    assert burst.kind == "copy"
    assert (signal(burst.counter, "openness") or 0) > 0


def test_new_accounts_are_not_taken_at_their_word() -> None:
    wishes = "happy birthday arin, a gift for you is hidden on this page #arinday"
    young = with_ticks(copies(20, text=wishes, account_created=START - 3 * DAY))
    settled = with_ticks(copies(20, text=wishes, account_created=START - 900 * DAY))
    assert only(run(young)).kind == "copy"
    assert signal(only(run(young)).evidence, "new_accounts") == 1.0
    assert only(run(settled)).kind == "fan_event"


def crowd(*ages: int | None) -> list[SubjectEvent]:
    """Copies by one account for each age in days; None is not known."""
    return with_ticks(
        [
            seen(
                f"c{i}",
                RUMOUR,
                at=START + i * 15_000,
                account_created=None if age is None else START - age * DAY,
            )
            for i, age in enumerate(ages)
        ]
    )


@pytest.mark.parametrize(
    ("ages", "settled"),
    [
        ([900] * 20, True),
        ([900] * 8 + [3] + [900] * 11, True),
        ([None, 900] * 10, True),
        (([900] * 4 + [3]) * 4, False),
        ([None, None, 900] * 7, False),
        ([None] * 20, False),
    ],
    ids=["all old", "one new", "half known", "a fifth new", "too few known", "none known"],
)
def test_a_crowd_has_settled_when_enough_is_known_and_few_are_new(
    ages: list[int | None], settled: bool
) -> None:
    burst = only(run(crowd(*ages)))
    assert burst.kind == "copy"
    assert (signal(burst.counter, "settled_crowd") is not None) == settled
    told = {"settled_crowd", "long_standing_accounts"} & {one.signal for one in burst.counter}
    assert len(told) <= 1, "the same is said once"


def test_a_headline_with_many_papers_is_news() -> None:
    posts = [
        seen(
            f"n{i}",
            HEADLINE,
            at=START + i * 20_000,
            urls=(f"https://paper{i % 5}.example/news/{i}",),
        )
        for i in range(20)
    ]
    assert only(run(with_ticks(posts))).kind == "news"


def headline(count: int, text: str = HEADLINE, age_days: int | None = 900) -> list[PostSeen]:
    """One article passed on by that many accounts."""
    created = None if age_days is None else START - age_days * DAY
    return [
        seen(
            f"h{i}",
            text,
            at=START + i * 20_000,
            urls=("https://paper.example/news/48213",),
            account_created=created,
        )
        for i in range(count)
    ]


def test_one_article_passed_on_word_for_word_by_old_accounts_is_news() -> None:
    burst = only(run(with_ticks(headline(20))))

    assert burst.kind == "news"
    assert signal(burst.counter, "one_article") == 1.0


@pytest.mark.parametrize(
    "posts",
    [
        headline(20, age_days=5),
        headline(20, age_days=None),
        copies(
            20,
            urls=("https://paper.example/news/1",),
            account_created=START - 900 * DAY,
        ),
    ],
    ids=["new accounts", "accounts of unknown age", "varied by hand"],
)
def test_an_article_is_not_taken_for_news_when_something_else_speaks_for_a_push(
    posts: list[PostSeen],
) -> None:
    burst = only(run(with_ticks(posts)))

    assert burst.kind == "copy"
    assert signal(burst.counter, "one_article") is None


def test_pushing_one_link_is_not_news() -> None:
    posts = copies(20, urls=("https://paper.example/news/1",))
    assert only(run(with_ticks(posts))).kind == "copy"


def test_app_templates_that_only_count_are_said_so() -> None:
    posts = [
        seen(
            f"e{i}",
            f"I have just watched episode {i} of the garden of small lanterns",
            at=START + i * 20_000,
            urls=(f"https://app.example/{i}",),
        )
        for i in range(15)
    ]
    burst = only(run(with_ticks(posts)))
    assert signal(burst.counter, "template_numbers") == 1.0


def test_counting_up_without_an_app_is_not_excused() -> None:
    posts = [seen(f"e{i}", f"{RUMOUR} {i}", at=START + i * 20_000) for i in range(15)]
    assert signal(only(run(with_ticks(posts))).counter, "template_numbers") is None


def test_platforms_are_counted() -> None:
    both = [*copies(6), *copies(6, name="x", platform="x")]
    burst = only(run(with_ticks(sorted(both, key=lambda e: e.post.created_at))))
    assert signal(burst.evidence, "platforms") == 2.0


def test_accounts_that_come_back_are_told() -> None:
    who = [f"ring{i}" for i in range(12)]
    first = [seen(f"a{i}", RUMOUR, at=START + i * 9_000, author=w) for i, w in enumerate(who)]
    other = "the tickets for the lantern festival were all given to friends of the staff"
    later = [
        seen(f"b{i}", other, at=START + 3 * DAY + i * 9_000, author=w)
        for i, w in enumerate(who)
    ]
    found = list(bursts(run(with_ticks([*first, *later]))).values())
    assert signal(found[0].evidence, "recurring_accounts") is None
    # The founder's account is not known to the burst.
    assert (signal(found[1].evidence, "recurring_accounts") or 0) >= 11 / 12 - 0.001


def test_deleted_posts_leave_the_evidence() -> None:
    events = with_ticks([*copies(12)])
    burst = only(run([*events, gone("c3", at=START + 2 * HOUR)]))
    assert burst.posts == 11
    assert all("bluesky:c3" not in e.post_ids for e in burst.evidence)


def test_an_edit_takes_a_post_out_of_the_evidence() -> None:
    away = seen(
        "c3",
        "something else entirely is what I meant to say here",
        at=START + 2 * HOUR,
        change="edit",
        revision=2,
    )
    burst = only(run(with_ticks([*copies(12), away])))
    assert burst.posts == 11
    assert all("bluesky:c3" not in e.post_ids for e in burst.evidence)
