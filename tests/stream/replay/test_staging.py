"""What a replay stages: one entry a post, in order of event time, none that was deleted."""

from __future__ import annotations

import pytest

from ingest.records import Deletion, Gap
from stream.records import LoggedClock, LoggedDeletion, LoggedGap, LoggedPost
from stream.replay.plan import Piece, Plan, ReplayUnclearError, check
from stream.replay.staging import FILE, Staging
from tests.stream.index_world import HOUR, MINUTE, T0, mention, post

PLAN = Plan(since=T0, until=T0 + HOUR, log="a log", into="2")


def logged(name: str, at: int, text: str = "a post", author: str = "writer") -> LoggedPost:
    return LoggedPost(
        post=post(name, text, created_at=at, author_id=author), mentions=(mention("arin"),)
    )


def deletion(id_: str, scope: str = "post") -> LoggedDeletion:
    return LoggedDeletion(
        deletion=Deletion(id=id_, source="archive", deleted_at=T0, scope=scope)
    )


@pytest.fixture
def staging(tmp_path):
    made = Staging(tmp_path, PLAN)
    yield made
    made.close()


def staged(staging: Staging, at_once: int = 2) -> list[str]:
    found, cursor = [], None
    while True:
        entries, cursor = staging.after(cursor, at_once)
        if not entries:
            return found
        found += [e.post.text if isinstance(e, LoggedPost) else "gap" for e in entries]


def test_entries_come_in_order_of_event_time_and_only_those_of_the_stretch(staging):
    staging.take(0, Piece([logged("c", T0 + 9, "c"), logged("early", T0 - 1, "early")], 2))
    staging.take(1, Piece([logged("a", T0, "a"), logged("end", T0 + HOUR, "end")], 2))
    staging.take(0, Piece([logged("b", T0 + 9, "b"), LoggedClock(at=T0)], 4))
    assert staged(staging) == ["a", "b", "c"]
    assert staging.count() == 3
    assert [staging.place(n) for n in (0, 1, 2)] == [4, 2, 0]


def test_of_a_post_the_last_revision_counts_also_when_it_moves_out(staging):
    staging.take(0, Piece([logged("a", T0, "first"), logged("b", T0, "moves")], 2))
    staging.take(0, Piece([logged("a", T0, "second"), logged("b", T0 - HOUR, "moved")], 4))
    assert staged(staging) == ["second"]


def test_a_log_that_is_whole_keeps_its_order_and_every_revision(tmp_path):
    made = Staging(tmp_path / "whole", PLAN, whole=True)
    made.take(0, Piece([logged("b", T0 + 9, "b"), logged("a", T0, "a")], 3))
    made.take(0, Piece([logged("b", T0 + 9, "b again"), logged("out", T0 - 1, "out")], 5))
    assert staged(made) == ["b", "a", "b again"]
    made.take(0, Piece([deletion("archive:b")], 6))
    assert staged(made) == ["a"]
    made.close()


def test_what_was_deleted_leaves_its_words_nowhere(staging, tmp_path):
    staging.take(0, Piece([logged("a", T0, "sentinel-of-a-post"), logged("b", T0 + 1, "b")], 2))
    staging.take(0, Piece([deletion("archive:a")], 3), deletions_only=True)
    assert staged(staging) == ["b"]
    staging.clear()
    assert b"sentinel-of-a-post" not in (tmp_path / FILE).read_bytes()
    assert staging.place(0) == 3, "where reading goes on stays known"


def test_an_account_that_was_deleted_takes_its_earlier_posts_along(staging):
    mine = [logged(n, T0 + i, n, author="gone") for i, n in enumerate("ab")]
    staging.take(0, Piece([*mine, logged("c", T0 + 5, "c"), deletion("x:gone", "account")], 4))
    staging.take(1, Piece([logged("d", T0 + 6, "d", author="gone")], 1))
    assert staged(staging) == ["c", "d"], "another partition tells of it itself"


def test_gaps_that_touch_the_stretch_are_there(staging):
    touching = Gap(source="a", since=T0 - HOUR, until=T0 + MINUTE, reason="x")
    before = Gap(source="a", since=T0 - 2 * HOUR, until=T0, reason="x")
    staging.take(0, Piece([LoggedGap(gap=touching), LoggedGap(gap=before)], 2))
    assert staged(staging) == ["gap"]


def test_only_deletions_are_taken_once_judging_has_begun(staging):
    staging.take(0, Piece([logged("late", T0 + 1)], 1), deletions_only=True)
    assert staging.count() == 0


def test_a_failed_write_moves_nothing(staging):
    with pytest.raises(UnicodeEncodeError):
        staging.take(0, Piece([logged("a", T0), deletion("b"), _unwritable()], 3))
    assert staging.count() == 0
    assert staging.place(0) == 0


def _unwritable() -> LoggedPost:
    """An entry that cannot be written: a lone surrogate is no text for SQLite."""
    return LoggedPost(post=post("\ud800", created_at=T0))


def test_another_plan_in_the_same_folder_is_refused(staging, tmp_path):
    other = Plan(since=T0, until=T0 + 2 * HOUR, log="a log", into="2")
    with pytest.raises(ReplayUnclearError, match="holds a replay of a log from"):
        Staging(tmp_path, other)
    again = Staging(tmp_path, PLAN)
    again.close()


class Log:
    name = "topic t.posts"

    def __init__(self, begins: int | None) -> None:
        self._begins = begins

    def begins_at(self) -> int | None:
        return self._begins


@pytest.mark.parametrize(
    ("since", "until", "begins", "said"),
    [
        (T0, T0, None, "nothing lies between them"),
        (T0, T0 + 10 * HOUR, None, "lies in the future"),
        (T0, T0 + MINUTE, T0 + 1, "topic t.posts begins at 2026-"),
    ],
)
def test_what_is_unclear_is_refused(since, until, begins, said):
    plan = Plan(since=since, until=until, log="topic t.posts", into="2")
    with pytest.raises(ReplayUnclearError, match=said):
        check(plan, Log(begins), T0 + HOUR)


def test_a_stretch_that_the_log_holds_is_not():
    check(PLAN, Log(T0), T0 + HOUR)
