"""Families of pictures bring posts together whose texts and files share nothing."""

from __future__ import annotations

import random

import pytest

from detect.records import PictureFinding
from ingest.records import Media
from stream.coordination.objects import MEDIA
from stream.records import MediaSeen, PostSeen, SubjectEvent
from tests.stream.coordination.worlds import (
    chatter,
    line,
    ordered,
    reported,
    ring,
    state_of,
    words,
)
from tests.stream.harness import DAY, HOUR, MINUTE, START, Harness, by_kind, gone, seen


def told(event: PostSeen, family: str, *reasons: str, revision: int = 1) -> MediaSeen:
    """What was found in the picture of a post."""
    one = PictureFinding(
        finding_id=f"fi_{event.post.id}", version="media/2", post_id=event.post.id,
        account=event.post.account, at=event.post.event_at, family=family, reasons=reasons,
        revision=revision,
    )  # fmt: skip
    return MediaSeen(subject=event.subject, post_id=event.post.id, findings=(one,))


def pushed() -> list[PostSeen]:
    """Twelve young accounts, six pictures encoded anew each time, captions of their own."""
    rng = random.Random("captions")
    return [
        seen(
            event.post.id.partition(":")[2],
            " ".join(words(rng, 9)),
            at=event.post.event_at,
            author=event.post.author_id,
            account_created=START - 5 * DAY,
            media=(Media(url=f"https://media.example/{event.post.id}.jpg"),),
        )
        for event in ring()
    ]


def with_pictures(posts: list[PostSeen], *reasons: str) -> list[SubjectEvent]:
    """Each post of the ring, and a little later what its picture was found to be."""
    events: list[SubjectEvent] = []
    for event in ordered(chatter(400), posts):
        events.append(event)
        if isinstance(event, PostSeen) and event.post.media:
            family = f"fam_{event.post.id.partition(':')[2].partition('-')[0]}"
            events.append(told(event, family, *reasons))
    return events


def test_a_ring_that_pushes_pictures_under_captions_of_its_own_is_found_by_families() -> None:
    harness = Harness(line())
    harness.run(with_pictures(pushed()))
    [found] = reported(harness.emitted)
    assert len(found.accounts) == 12
    assert {name.partition(":")[2][0] for name in found.accounts} == {"r"}


def test_without_families_nothing_ties_these_posts() -> None:
    harness = Harness(line())
    harness.run(ordered(chatter(400), pushed()))
    assert reported(harness.emitted) == []


def test_pictures_that_are_to_be_ignored_tie_nobody() -> None:
    harness = Harness(line())
    harness.run(with_pictures(pushed(), "ignored"))
    assert reported(harness.emitted) == []


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_batches_restarts_and_repeats_change_nothing(batch: int) -> None:
    events = with_pictures(pushed())
    twice = [again for event in events for again in
             ([event, event] if isinstance(event, MediaSeen) else [event])]  # fmt: skip
    whole, cut = Harness(line()), Harness(line())
    whole.run(events)
    cut.run(twice, batch=batch, reset=True)
    assert by_kind(cut.emitted) == by_kind(whole.emitted)
    assert state_of(cut).rows == state_of(whole).rows


def test_a_family_stays_with_a_post_that_is_edited_and_goes_with_one_that_is_deleted() -> None:
    harness = Harness(line())
    picture = (Media(url="https://media.example/1.jpg"),)
    first = seen("1", "some words about her", media=picture)
    harness.run([first, told(first, "fam_a")])
    edited = seen("1", "other words", media=picture, change="edit", revision=2)
    harness.run([edited])
    table = harness.operators[2].memories()[0].table
    family = table.value(table.find("bluesky:1"), MEDIA)
    assert family
    harness.run([told(edited, "fam_b", revision=2)])
    assert table.value(table.find("bluesky:1"), MEDIA) not in {0, family}
    harness.run([gone("1", at=START + MINUTE), told(edited, "fam_b", revision=3)])
    assert table.find("bluesky:1") == -1


def test_what_is_found_of_posts_that_left_long_ago_is_passed_over() -> None:
    harness = Harness(line())
    old = seen("1", "some words", at=START)
    harness.run(ordered([old], chatter(20, span=60 * HOUR)))
    before = state_of(harness).rows
    harness.run([told(old, "fam_a")])
    assert state_of(harness).rows == before
