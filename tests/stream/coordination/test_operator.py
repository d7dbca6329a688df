"""Coordination over a subject log: the same whatever happens, bounded, and forgetful."""

from __future__ import annotations

import pytest

from stream.coordination import keeping
from stream.coordination.operator import Coordination
from stream.coordination.scores import account_number, account_scores, subjects
from stream.operator import Operator
from stream.records import Campaign, PostSeen, Result, SubjectEvent, Tick
from tests.stream.coordination.worlds import (
    WATCHLIST,
    campaigns,
    chatter,
    fans,
    line,
    ordered,
    reported,
    ring,
    run,
    state_of,
)
from tests.stream.harness import DAY, HOUR, START, Harness, by_kind, gone, seen


def mixed() -> list[SubjectEvent]:
    return ordered(chatter(400), ring(), fans(40))


def results(harness: Harness) -> dict[str, list[Result]]:
    return by_kind(harness.emitted)


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_batches_and_restarts_change_nothing(batch: int) -> None:
    events = mixed()
    whole, cut = Harness(line()), Harness(line())
    whole.run(events)
    cut.run(events, batch=batch, reset=True)

    assert results(cut) == results(whole)
    assert state_of(cut).rows == state_of(whole).rows
    assert any(isinstance(r, Campaign) for r in whole.emitted)


def test_a_ring_that_rewords_its_texts_is_found_and_nobody_else_is() -> None:
    harness = run(chatter(400), ring(account_created=START - 5 * DAY), fans())

    [found] = reported(harness.emitted)
    assert {a.partition(":")[2][0] for a in found.accounts} == {"r"}
    assert len(found.accounts) == 12
    assert found.detected_at <= START + 12 * HOUR


def test_the_ring_scores_above_everybody_else() -> None:
    harness = run(chatter(400), ring(), fans())
    state = state_of(harness)

    scores = account_scores(state, "arin")

    assert subjects(state) == ["arin"]
    mine = [scores[account_number(f"bluesky:r{i}")].score for i in range(12)]
    others = [s.score for n, s in scores.items() if n not in map(account_number, ring_names())]
    assert min(mine) > max(others)


def ring_names() -> list[str]:
    return [f"bluesky:r{i}" for i in range(12)]


def test_a_vote_drive_is_called_a_fan_event() -> None:
    [found] = campaigns(run(chatter(300), fans()).emitted)

    assert found.kind == "fan_event"
    assert found.openness is not None
    assert found.openness >= 0.6
    assert found.members == ()


def test_a_repost_is_no_copy_of_the_text() -> None:
    text = "everybody repeats this one sentence because it is a repost of somebody"
    reposts = [
        seen(f"p{i}", text, author=f"a{i}", repost_of="bluesky:o", at=START + HOUR + i * 1000)
        for i in range(30)
    ]

    assert account_scores(state_of(run(reposts)), "arin") == {}


def test_what_was_deleted_is_nowhere_in_the_state() -> None:
    events = ordered(chatter(100), ring(account_created=START - 5 * DAY))
    harness = Harness(line())
    harness.run(events)
    [found] = reported(harness.emitted)

    harness.run([gone(p.removeprefix("bluesky:")) for p in found.post_ids])

    kept = [key.encode() + put.value for key, put in state_of(harness).rows.items()]
    for post_id in found.post_ids:
        assert not any(post_id.encode() in one for one in kept)
    last = next(c for c in campaigns(harness.emitted) if c.campaign_id == found.campaign_id)
    assert not set(last.post_ids) & set(found.post_ids)


def test_deletions_and_edits_in_the_middle_change_nothing_about_restarts() -> None:
    events: list[SubjectEvent] = []
    number = 0
    for event in mixed():
        events.append(event)
        if isinstance(event, PostSeen):
            number += 1
            if number % 9 == 0:
                events.append(gone(event.post.id.removeprefix("bluesky:")))
            elif number % 7 == 0:
                events.append(
                    seen(
                        event.post.id.removeprefix("bluesky:"),
                        event.post.text + " and more of it",
                        at=event.post.event_at,
                        author=event.post.author_id,
                        change="edit",
                        revision=2,
                    )
                )
    whole, cut = Harness(line()), Harness(line())
    whole.run(events)
    cut.run(events, batch=3, reset=True)

    assert results(cut) == results(whole)
    assert state_of(cut).rows == state_of(whole).rows


def test_state_stays_bounded_when_one_text_is_posted_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "MOST_ROWS", 1_600)
    flood = [
        seen(f"m{i}", "the very same sentence once more and again", author=f"m{i % 700}",
             at=START + HOUR + i * 500)
        for i in range(6_000)
    ]  # fmt: skip
    operator: Operator = Coordination(WATCHLIST)
    harness = Harness([operator])
    harness.run(ordered(flood))

    blocks = [key for key in harness.states[0].rows if key.startswith("b:")]
    assert len(blocks) * keeping.BLOCK <= 1_600 + 2 * keeping.BLOCK


def test_everything_is_forgotten_when_nobody_posts_any_more() -> None:
    harness = run(chatter(100), ring())
    end = harness.watermark
    for day in range(1, 140):
        harness.run([Tick(at=end + day * 6 * HOUR, minutes=360)])

    assert [key for key in state_of(harness).rows if key[0] != "c"] == []


def test_a_sleeping_ring_that_returns_with_new_words_keeps_its_id() -> None:
    young = START - 5 * DAY
    first = ring(account_created=young)
    later = ring(account_created=young, start=START + 5 * DAY, name="r", seed=9)
    again = [
        seen(f"again-{p.post.id}", p.post.text, at=p.post.event_at, author=p.post.author_id,
             account_created=young)
        for p in later
    ]  # fmt: skip
    harness = run(chatter(600, span=6 * DAY), first, again)

    [found] = reported(harness.emitted)
    assert len(found.phases) == 2
    told = [r for r in harness.emitted if isinstance(r, Campaign)]
    assert any(r.asleep for r in told)
    assert not told[-1].asleep
