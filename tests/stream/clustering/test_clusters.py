"""TextClusters: joining, founding, merging, leaving, caps, expiry, and the same after rebuilds."""

from __future__ import annotations

import pytest

from stream.clustering.clusters import TextClusters
from stream.ids import derive_id
from stream.records import Membership, PostSeen
from tests.stream.clustering.cluster_world import (
    BRIDGE,
    OTHER,
    RUMOUR,
    final,
    members,
    run,
    where,
)
from tests.stream.harness import DAY, MINUTE, START, Harness, gone, seen


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
