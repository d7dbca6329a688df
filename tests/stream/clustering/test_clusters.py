"""TextClusters: joining, founding, merging, leaving, caps, expiry, and the same after rebuilds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.records import Post
from stream.clustering.clusters import TextClusters
from stream.ids import derive_id
from stream.records import Cluster, Membership, PostSeen, Result, SubjectEvent, Tick
from tests.stream.harness import DAY, MINUTE, START, Harness, gone, seen, with_ticks

RUMOUR = "word is that the second verse was sung by somebody else at the rehearsal"
OTHER = "a bus to the stadium leaves every ten minutes from the central station today"
BRIDGE = (
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike "
    "november oscar papa"
)


def run(*events: SubjectEvent, **options: int) -> Harness:
    harness = Harness([TextClusters(**options)])  # type: ignore[arg-type]
    harness.run(events)
    return harness


def members(results: list[Result]) -> list[tuple[str, str | None]]:
    return [(m.post_id, m.cluster_id) for m in results if isinstance(m, Membership)]


def final(results: list[Result]) -> dict[str, Cluster]:
    return {c.cluster_id: c for c in results if isinstance(c, Cluster)}


def where(results: list[Result]) -> dict[str, str | None]:
    """Cluster of each post in the end, following merges."""
    clusters = final(results)

    def living(cluster_id: str | None) -> str | None:
        while cluster_id is not None and clusters[cluster_id].merged_into:
            cluster_id = clusters[cluster_id].merged_into
        return cluster_id

    return {post_id: living(cluster_id) for post_id, cluster_id in members(results)}


def test_a_single_post_is_in_no_cluster() -> None:
    assert run(seen("1", RUMOUR)).emitted == []


def test_the_first_copy_makes_the_founder_a_member_too() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR, at=START + MINUTE))
    cluster_id = derive_id("cl", "arin", "bluesky:1")
    assert members(harness.emitted) == [("bluesky:1", cluster_id), ("bluesky:2", cluster_id)]
    cluster = final(harness.emitted)[cluster_id]
    assert cluster.founder == "bluesky:1"
    assert (cluster.posts, cluster.accounts, cluster.revision) == (2, 2, 1)
    assert (cluster.first_at, cluster.last_at) == (START, START + MINUTE)
    assert cluster.sample == RUMOUR


def test_an_edited_copy_joins_with_its_similarity() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR + " yesterday"))
    last = [m for m in harness.emitted if isinstance(m, Membership)][-1]
    assert 0.7 <= last.similarity < 1.0


def test_short_texts_join_only_as_exact_copies() -> None:
    harness = run(
        seen("1", "아린 오늘 무대 최고"),
        seen("2", "아린 오늘 무대 최고"),
        seen("3", "아린 오늘 무대 별로"),
    )
    assert set(where(harness.emitted)) == {"bluesky:1", "bluesky:2"}


def test_other_texts_stay_apart() -> None:
    assert run(seen("1", RUMOUR), seen("2", OTHER)).emitted == []


def test_reposts_without_words_make_no_cluster() -> None:
    assert run(*(seen(str(i), "", repost_of="bluesky:0") for i in range(9))).emitted == []


def test_subjects_are_kept_apart() -> None:
    harness = run(seen("1", RUMOUR), seen("1", RUMOUR, subject="bora"), seen("2", RUMOUR))
    assert {c.subject for c in final(harness.emitted).values()} == {"arin"}


def test_one_account_copying_itself_counts_once() -> None:
    harness = run(*(seen(str(i), RUMOUR, author="same") for i in range(5)))
    [cluster] = final(harness.emitted).values()
    assert (cluster.posts, cluster.accounts) == (5, 1)


def test_platforms_of_a_cluster_are_listed() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR, platform="x"), seen("3", RUMOUR))
    assert next(iter(final(harness.emitted).values())).platforms == ("bluesky", "x")


def test_accounts_are_told_apart_up_to_the_cap_only() -> None:
    harness = run(*(seen(str(i), RUMOUR) for i in range(20)), max_accounts=8)
    [cluster] = final(harness.emitted).values()
    assert (cluster.posts, cluster.accounts) == (20, 8)
    assert sum(k.startswith("a:") for k in harness.states[0].rows) == 8


def linked() -> list[PostSeen]:
    """Two clusters and then a text that is like both."""
    words = BRIDGE.split()
    left, right = " ".join(words[:13]), " ".join(words[3:])
    assert len(left) > 60
    return [
        seen("1", left),
        seen("2", left),
        seen("3", right),
        seen("4", right),
        seen("5", BRIDGE),
    ]


def test_a_text_like_two_clusters_merges_them_into_the_older() -> None:
    harness = run(*linked())
    old, young = derive_id("cl", "arin", "bluesky:1"), derive_id("cl", "arin", "bluesky:3")
    clusters = final(harness.emitted)
    assert clusters[young].merged_into == old
    assert clusters[old].posts == 5
    assert clusters[old].accounts == 5
    assert set(where(harness.emitted).values()) == {old}


def test_after_a_merge_the_old_texts_lead_to_the_survivor_even_when_rebuilt() -> None:
    events = [*linked(), seen("6", " ".join(BRIDGE.split()[3:])), gone("4")]
    old = derive_id("cl", "arin", "bluesky:1")
    for reset in (False, True):
        harness = Harness([TextClusters()])
        harness.run(events, batch=1, reset=reset)
        assert members(harness.emitted)[-2:] == [("bluesky:6", old), ("bluesky:4", None)]
        assert final(harness.emitted)[old].posts == 5


def test_links_do_not_chain_away_from_what_a_cluster_began_with() -> None:
    # Each text shares most of its words with the one before, the last none with the first.
    words = [f"{a}{b}word" for a in "bcdfghjklm" for b in "aeiou"]
    texts = [" ".join(words[i : i + 24]) for i in range(0, 26, 2)]
    harness = run(*(seen(str(i), text) for i, text in enumerate(texts)))
    found = where(harness.emitted)
    assert found["bluesky:0"] == found["bluesky:1"]
    assert found.get(f"bluesky:{len(texts) - 1}") != found["bluesky:0"]


def test_a_deleted_post_leaves_and_counts_no_more() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR), seen("3", RUMOUR), gone("2"))
    assert members(harness.emitted)[-1] == ("bluesky:2", None)
    [cluster] = final(harness.emitted).values()
    assert (cluster.posts, cluster.accounts) == (2, 2)


def test_memberships_of_a_post_rise_in_revision() -> None:
    harness = run(
        seen("1", RUMOUR),
        seen("2", RUMOUR),
        seen("2", OTHER, change="edit", revision=2),
        seen("2", RUMOUR, change="edit", revision=3),
        gone("2"),
    )
    revisions = [
        m.revision
        for m in harness.emitted
        if isinstance(m, Membership) and m.post_id == "bluesky:2"
    ]
    assert revisions == [1, 2, 3, 4]


def test_a_text_that_no_post_has_any_more_is_forgotten_word_by_word() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR), gone("1"), gone("2"))
    [cluster] = final(harness.emitted).values()
    assert (cluster.posts, cluster.accounts, cluster.sample) == (0, 0, "")
    left = b"".join(put.value for put in harness.states[0].rows.values())
    assert b"rehearsal" not in left
    assert not [k for k in harness.states[0].rows if k[:2] in {"p:", "t:", "x:", "c:", "a:"}]


def test_the_sample_never_outlives_the_text_it_shows() -> None:
    edited = RUMOUR + " yesterday"
    harness = run(seen("1", RUMOUR), seen("2", edited), gone("1"))
    [cluster] = final(harness.emitted).values()
    assert cluster.sample == edited
    assert not any(
        RUMOUR.encode() in put.value and edited.encode() not in put.value
        for put in harness.states[0].rows.values()
    )


def test_the_deletion_of_an_unknown_post_changes_nothing() -> None:
    assert run(seen("1", RUMOUR), gone("9")).emitted == []


def test_an_edit_moves_a_post_to_another_cluster() -> None:
    harness = run(
        seen("1", RUMOUR),
        seen("2", RUMOUR),
        seen("3", OTHER),
        seen("2", OTHER, change="edit", revision=2),
    )
    found = where(harness.emitted)
    assert found["bluesky:2"] == found["bluesky:3"] == derive_id("cl", "arin", "bluesky:3")
    assert final(harness.emitted)[derive_id("cl", "arin", "bluesky:1")].posts == 1


def test_an_edit_to_something_new_leaves_the_cluster() -> None:
    harness = run(
        seen("1", RUMOUR), seen("2", RUMOUR), seen("2", OTHER, change="edit", revision=2)
    )
    assert members(harness.emitted)[-1] == ("bluesky:2", None)


@pytest.mark.parametrize("text", ["short", "", "https://only.a.link.example/x"])
def test_an_edit_to_too_little_text_leaves_the_cluster(text: str) -> None:
    harness = run(
        seen("1", RUMOUR), seen("2", RUMOUR), seen("2", text, change="edit", revision=2)
    )
    assert members(harness.emitted)[-1] == ("bluesky:2", None)


def test_an_edit_of_a_link_or_of_metrics_changes_nothing() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR))
    edit = seen("2", RUMOUR + " https://a.example", change="edit", revision=2)
    assert harness.run([edit, seen("2", OTHER, change="metrics", revision=3)]) == []


def test_a_post_of_the_past_is_in_no_cluster() -> None:
    harness = run(seen("1", RUMOUR), seen("2", RUMOUR))
    assert harness.run([seen("3", RUMOUR, at=START - 3 * DAY, change="past")]) == []


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
