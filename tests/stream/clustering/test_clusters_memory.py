"""Clusters of near-duplicates: what is remembered, rebuilt and kept apart."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Post
from stream.clustering.clusters import TextClusters
from stream.records import PostSeen, SubjectEvent, Tick
from tests.stream.clustering.cluster_world import (
    BRIDGE,
    OTHER,
    RUMOUR,
    final,
    run,
    where,
)
from tests.stream.harness import DAY, MINUTE, START, Harness, gone, seen, with_ticks


def test_a_text_nobody_repeats_is_forgotten_after_its_days() -> None:
    later = START + 31 * DAY
    harness = run(seen("1", RUMOUR), Tick(at=later), seen("2", RUMOUR, at=later))
    assert harness.emitted == []
    harness.run([seen("3", RUMOUR, at=later)])
    assert set(where(harness.emitted)) == {"bluesky:2", "bluesky:3"}


def test_pairs_ten_days_apart_are_found() -> None:
    later = START + 10 * DAY
    harness = run(seen("1", RUMOUR), Tick(at=later), seen("2", RUMOUR, at=later))
    assert len(where(harness.emitted)) == 2


def test_a_text_repeated_every_day_stays_known_with_its_words() -> None:
    events: list[SubjectEvent] = []
    for day in range(70):
        at = START + day * DAY
        events += [Tick(at=at), seen(str(day), RUMOUR, at=at)]
    harness = Harness([TextClusters(days=30)])
    for event in events:
        harness.run([event])
        harness.states[0].expire()
    assert len(set(where(harness.emitted).values())) == 1
    harness.operators[0].reset()
    harness.run([seen("near", RUMOUR + " again", at=START + 70 * DAY)])
    assert len(set(where(harness.emitted).values())) == 1


def test_a_late_post_joins_and_widens_the_span() -> None:
    harness = run(
        seen("1", RUMOUR, at=START + DAY), Tick(at=START + DAY), seen("2", RUMOUR, at=START)
    )
    [cluster] = final(harness.emitted).values()
    assert cluster.posts == 2


def test_a_claimed_time_in_the_far_future_does_not_live_for_ever() -> None:
    claimed = START + 4000 * DAY
    harness = run(Tick(at=START), seen("1", RUMOUR, at=claimed))
    assert max(p.expires_at for p in harness.states[0].rows.values()) <= START + 33 * DAY


def test_at_the_cap_the_texts_last_seen_longest_ago_are_forgotten() -> None:
    operator = TextClusters(max_texts=32)
    harness = Harness([operator])
    texts = [
        f"{i:04d} " + " ".join(f"{chr(97 + (i * k) % 26)}{i}x{k}" for k in range(9))
        for i in range(200)
    ]
    for i, text in enumerate(texts):
        harness.run([seen(str(i), text, at=START + i * MINUTE)])
        assert operator.texts(0, "arin") <= 32
    kept = [k for k in harness.states[0].rows if k.startswith("t:")]
    assert len(kept) <= 32
    assert len([k for k in harness.states[0].rows if k.startswith("x:")]) == len(kept)
    harness.run([seen("again", texts[-1]), seen("first", texts[0])])
    assert set(where(harness.emitted)) == {"bluesky:199", "bluesky:again"}


def test_a_post_writes_at_most_four_rows_and_three_when_it_is_alone() -> None:
    alone = run(seen("1", RUMOUR), seen("2", OTHER), seen("3", BRIDGE))
    assert alone.states[0].writes == 9
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR))
    before = harness.states[0].writes
    harness.run([seen("3", RUMOUR)])
    assert harness.states[0].writes - before == 4


def test_rows_do_not_grow_with_the_cluster() -> None:
    harness = run(*(seen(str(i), RUMOUR) for i in range(400)))
    assert max(len(p.value) for p in harness.states[0].rows.values()) < 700


VOCABULARY = (
    "arin",
    "sang",
    "the",
    "second",
    "verse",
    "again",
    "and",
    "nobody",
    "knew",
    "why",
    "today",
    "really",
    "무대",
    "노래",
)


@st.composite
def logs(draw: st.DrawFn) -> list[SubjectEvent]:
    """Posts built from few words, with edits, deletions, late posts and long silences."""
    events: list[SubjectEvent] = []
    revisions: dict[int, int] = {}
    clock = START
    for number in range(draw(st.integers(5, 40))):
        kind = draw(st.sampled_from(("new",) * 6 + ("edit", "gone", "tick", "silence")))
        if kind in {"tick", "silence"}:
            clock += MINUTE if kind == "tick" else 12 * DAY
            events.append(Tick(at=clock))
            continue
        if kind == "gone" and revisions:
            victim = draw(st.sampled_from(sorted(revisions)))
            del revisions[victim]
            events.append(gone(str(victim), at=clock))
            continue
        start = draw(st.integers(0, 4))
        words = VOCABULARY[start : start + draw(st.integers(6, 10))]
        at = clock - draw(st.sampled_from((0, 0, 0, DAY)))
        who = f"a{draw(st.integers(0, 3))}"
        if kind == "edit" and revisions:
            post = draw(st.sampled_from(sorted(revisions)))
            revisions[post] += 1
            events.append(
                seen(
                    str(post),
                    " ".join(words),
                    at=at,
                    author=who,
                    change="edit",
                    revision=revisions[post],
                )
            )
            continue
        revisions[number] = 1
        events.append(seen(str(number), " ".join(words), at=at, author=who))
    return events


def test_a_post_that_was_edited_may_found_a_second_cluster() -> None:
    harness = run(
        seen("1", RUMOUR),
        seen("2", RUMOUR),
        seen("1", OTHER, change="edit", revision=2),
        seen("3", OTHER),
    )
    found = where(harness.emitted)
    assert found["bluesky:1"] == found["bluesky:3"] != found["bluesky:2"]
    assert [c.posts for c in final(harness.emitted).values()] == [1, 2]


@settings(max_examples=30, deadline=None)
@given(logs())
def test_the_batch_size_and_a_rebuild_at_any_boundary_change_nothing(
    events: list[SubjectEvent],
) -> None:
    results = []
    for batch, reset in ((500, False), (7, False), (1, False), (7, True), (1, True)):
        harness = Harness([TextClusters(max_texts=6)])
        harness.run(events, batch=batch, reset=reset)
        results.append(harness.emitted)
    for one, two in pairwise(results):
        assert one == two


@settings(max_examples=30, deadline=None)
@given(logs())
def test_counts_always_agree_with_the_memberships(events: list[SubjectEvent]) -> None:
    short = [e for e in events if not (isinstance(e, Tick) and e.at > START + 20 * DAY)]
    short = [
        e for e in short if not isinstance(e, PostSeen) or e.post.created_at < START + 20 * DAY
    ]
    harness = Harness([TextClusters()])
    harness.run(short)
    found = where(harness.emitted)
    for cluster_id, cluster in final(harness.emitted).items():
        if cluster.merged_into is None:
            mine = [p for p, c in found.items() if c == cluster_id]
            assert cluster.posts == len(mine)
            assert 0 <= cluster.accounts <= cluster.posts


def test_a_rebuild_of_a_thousand_texts_changes_nothing() -> None:
    events = with_ticks(
        [
            seen(
                str(i),
                f"{RUMOUR} {'abcdefgh'[i % 8] * (i % 5)} {i % 90} times",
                at=START + i * 9_000,
            )
            for i in range(1_000)
        ]
    )
    plain, rebuilt = Harness([TextClusters()]), Harness([TextClusters()])
    assert plain.run(events) == rebuilt.run(events, batch=97, reset=True)


def test_the_same_post_in_two_partitions_does_not_mix() -> None:
    operator = TextClusters()
    first, second = Harness([operator], partition=0), Harness([operator], partition=1)
    first.run([seen("1", RUMOUR)])
    assert second.run([seen("2", RUMOUR)]) == []


def test_hostile_texts_pass() -> None:
    texts = [
        "\0" * 50,
        "#" * 500,
        "\u200b" * 200,
        "a" * 10_000,
        "https://" * 200,
        "@" * 30,
        "ㅋ" * 4000,
    ]
    events = [seen(f"{i}-{k}", text) for k in range(2) for i, text in enumerate(texts)]
    assert isinstance(events[0].post, Post)
    harness = Harness([TextClusters()])
    harness.run(events, batch=3)
    assert where(harness.emitted)["bluesky:3-0"] is not None
