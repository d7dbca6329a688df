"""The router: re-sends, revisions, deletions, groups, event time and ticks."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from detect.records import Mention, PictureFinding
from ingest.records import Deletion, Gap, Post
from stream.log import Seen
from stream.records import (
    GapSeen,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedGap,
    LoggedMedia,
    LoggedPost,
    MediaSeen,
    PostGone,
    PostSeen,
    Tick,
)
from stream.router import (
    LATENESS_MS,
    MAX_REVISIONS,
    MINUTE_MS,
    TOO_LATE_MS,
    Router,
    RouterClock,
    Routing,
)

START = 1_700_000_040_000 // MINUTE_MS * MINUTE_MS
FOUND = PictureFinding(finding_id="fi_1", version="media/1", post_id="x:1", at=START)
GROUPS = {"arin": ("luna",), "bora": ("luna",)}


def post(native: str, at: int = START, text: str = "hello", **changes: object) -> Post:
    values = {
        "id": f"x:{native}",
        "source": "x",
        "platform": "x",
        "author_id": "a1",
        "created_at": at,
        "text": text,
    }
    return Post(**(values | changes))


def logged(native: str, subject: str = "arin", **changes: object) -> LoggedPost:
    mention = Mention(subject=subject, reason="alias", surface=subject, start=0, end=4)
    return LoggedPost(post=post(native, **changes), mentions=(mention,))


class Driver:
    """Keeps what a host would keep between batches."""

    def __init__(self) -> None:
        self.router = Router(lambda s: GROUPS.get(s, ()))
        self.clock = RouterClock()
        self.seen: dict[str, tuple[str, Seen]] = {}
        self.events: list[object] = []
        self.counts: dict[str, int] = {}
        self.erased: list[tuple[str, tuple[int, ...]]] = []
        self.offset = 0

    def feed(self, *entries: Logged, batch: int = 1000) -> list[object]:
        before = len(self.events)
        numbered = [(self.offset + i + 1, e) for i, e in enumerate(entries)]
        self.offset += len(entries)
        for start in range(0, len(numbered), batch):
            self._take(
                self.router.route(
                    numbered[start : start + batch],
                    {k: s for k, (_, s) in self.seen.items()},
                    self.clock,
                    lambda account: sorted(
                        k for k, (a, _) in self.seen.items() if a == account
                    ),
                )
            )
        return self.events[before:]

    def _take(self, routing: Routing) -> None:
        self.events += [r.event for r in routing.events]
        self.seen.update(routing.known)
        self.clock = routing.clock
        self.erased += [(d.id, o) for d, o in routing.erase]
        for (_, name), n in routing.counts.items():
            self.counts[name] = self.counts.get(name, 0) + n


def seen_posts(events: list[object]) -> list[PostSeen]:
    return [e for e in events if isinstance(e, PostSeen)]


def test_a_members_post_goes_to_the_member_and_to_the_group_with_the_members_mention() -> None:
    events = seen_posts(Driver().feed(logged("1")))

    assert [e.subject for e in events] == ["arin", "luna"]
    assert {m.subject for e in events for m in e.mentions} == {"arin"}
    assert all(e.subjects == ("arin", "luna") for e in events)


def test_sightings_that_come_again_behind_later_ones_change_nothing() -> None:
    story = [
        logged("1", text=text, observed_at=START + n, metrics={"likes": likes})
        for n, (text, likes) in enumerate(
            [("first", 1), ("first", 2), ("second", 2), ("first", 2), ("third", 5)]
        )
    ]
    once, again = Driver(), Driver()
    once.feed(*story)
    again.feed(*story)

    assert again.feed(*story) == []
    assert again.feed(*story[1:], *story, *story[:-1], batch=2) == []
    assert again.events == once.events, "also the edit back to the first words is an edit"
    assert again.counts["duplicate"] == 5 + 4 + 5 + 4


def test_what_nobody_observed_may_return_to_earlier_words() -> None:
    driver = Driver()

    driver.feed(logged("1", text="a"), logged("1", text="b"), logged("1", text="a"))

    assert [e.post.text for e in driver.events if isinstance(e, PostSeen)][::2] == [
        "a",
        "b",
        "a",
    ]


def test_a_resent_post_is_counted_and_not_routed_again() -> None:
    driver = Driver()
    driver.feed(logged("1"))

    again = driver.feed(logged("1", observed_at=START + 5))

    assert again == []
    assert driver.counts == {"indexed": 1, "duplicate": 1}


def test_an_edit_is_a_new_revision_and_leaves_the_subjects_it_no_longer_names() -> None:
    driver = Driver()
    driver.feed(logged("1"))
    dara = Mention(subject="dara", reason="alias")

    events = driver.feed(LoggedPost(post=post("1", text="changed"), mentions=(dara,)))

    assert [(e.subject, e.revision, e.change) for e in seen_posts(events)] == [
        ("dara", 2, "edit")
    ]
    assert {e.subject for e in events if isinstance(e, PostGone)} == {"arin", "luna"}


def test_new_metrics_are_a_revision_of_their_own_kind() -> None:
    driver = Driver()
    driver.feed(logged("1", metrics={"likes": 1}))

    events = seen_posts(driver.feed(logged("1", metrics={"likes": 9})))

    assert {(e.change, e.revision) for e in events} == {("metrics", 2)}


def test_a_deleted_post_leaves_every_subject_and_never_comes_back() -> None:
    driver = Driver()
    driver.feed(logged("1"))

    events = driver.feed(
        LoggedDeletion(deletion=Deletion(id="x:1", source="x", deleted_at=START)), logged("1")
    )

    assert {e.subject for e in events if isinstance(e, PostGone)} == {"arin", "luna"}
    assert seen_posts(events) == []
    assert driver.erased == [("x:1", (1,))]
    assert driver.counts["deleted"] == 1


def test_deleting_an_account_deletes_all_its_posts_also_those_of_the_same_batch() -> None:
    driver = Driver()
    driver.feed(logged("1"), logged("2"), logged("3", author_id="other"))
    whole = Deletion(id="x:a1", source="x", deleted_at=START, scope="account")

    driver.feed(logged("4"), LoggedDeletion(deletion=whole))

    assert sorted(i for i, _ in driver.erased) == ["x:1", "x:2", "x:4"]


def test_each_minute_of_event_time_is_one_tick_and_a_jump_is_one_tick_for_many() -> None:
    driver = Driver()
    driver.feed(logged("1"))

    ticks = driver.feed(logged("2", at=START + 10 * MINUTE_MS))

    first = [e for e in ticks if isinstance(e, Tick)]
    assert [(t.at, t.minutes) for t in first] == [(START + 10 * MINUTE_MS - LATENESS_MS, 10)]
    assert isinstance(ticks[0], Tick), "time moves before the post that moved it"


def test_event_time_also_moves_without_any_matched_post() -> None:
    driver = Driver()
    driver.feed(logged("1"))

    events = driver.feed(LoggedClock(at=START + 5 * MINUTE_MS))

    assert [type(e) for e in events] == [Tick]


def test_a_post_behind_the_watermark_is_late_and_one_a_day_behind_is_of_the_past() -> None:
    driver = Driver()
    driver.feed(logged("1", at=START + 2 * TOO_LATE_MS))

    late = seen_posts(driver.feed(logged("2", at=START + 2 * TOO_LATE_MS - 10 * MINUTE_MS)))
    too_late = seen_posts(driver.feed(logged("3", at=START)))

    assert {(e.late, e.change) for e in late} == {(True, "new")}
    assert {(e.late, e.change, e.revision) for e in too_late} == {(True, "past", 1)}
    assert (driver.counts["late"], driver.counts["indexed"]) == (1, 2)


def test_a_post_of_the_past_stays_one_when_it_is_edited_and_can_be_deleted() -> None:
    driver = Driver()
    driver.feed(logged("1", at=START + 2 * TOO_LATE_MS))
    driver.feed(logged("3", at=START))

    edited = seen_posts(driver.feed(logged("3", at=START, text="arin, in other words")))
    taken = Deletion(id="x:3", source="x", deleted_at=START)
    gone = driver.feed(LoggedDeletion(deletion=taken))

    assert {(e.change, e.revision) for e in edited} == {("past", 2)}
    assert {e.post_id for e in gone if isinstance(e, PostGone)} == {"x:3"}
    assert (driver.counts["revised"], driver.counts["removed"]) == (1, 1)


def test_a_post_that_was_judged_is_judged_again_however_late_it_is_edited() -> None:
    driver = Driver()
    driver.feed(logged("1", at=START))
    driver.feed(logged("2", at=START + 2 * TOO_LATE_MS))

    edited = seen_posts(driver.feed(logged("1", at=START, text="arin, in other words")))

    assert {event.change for event in edited} == {"edit"}


def test_a_post_that_changes_without_end_is_held_to_a_bounded_number_of_revisions() -> None:
    driver = Driver()

    driver.feed(*(logged("1", text=f"v{i}") for i in range(MAX_REVISIONS + 50)), batch=100)

    assert driver.seen["x:1"][1].revision == MAX_REVISIONS
    assert len(driver.seen["x:1"][1].offsets) == MAX_REVISIONS
    assert driver.counts["duplicate"] == 50


def test_a_gap_is_told_to_every_subject() -> None:
    gap = Gap(source="x", since=START, until=START + 1, reason="outage")

    assert Driver().feed(LoggedGap(gap=gap)) == [GapSeen(gap=gap)]


@st.composite
def histories(draw: st.DrawFn) -> list[Logged]:
    entries: list[Logged] = []
    for _ in range(draw(st.integers(1, 25))):
        native = draw(st.sampled_from("12345"))
        at = START + draw(st.integers(-3, 40)) * MINUTE_MS
        match draw(st.integers(0, 5)):
            case 0:
                entries.append(
                    LoggedDeletion(
                        deletion=Deletion(id=f"x:{native}", source="x", deleted_at=at)
                    )
                )
            case 1:
                entries.append(LoggedClock(at=at))
            case _:
                text = draw(st.sampled_from(["a", "b"]))
                subject = draw(st.sampled_from(["arin", "bora", "dara"]))
                entries.append(logged(native, subject, at=at, text=text))
    return entries


@given(histories(), st.integers(1, 7))
def test_the_events_do_not_depend_on_how_the_log_is_cut_into_batches(
    entries: list[Logged], batch: int
) -> None:
    whole, cut = Driver(), Driver()

    whole.feed(*entries)
    cut.feed(*entries, batch=batch)

    assert cut.events == whole.events
    assert cut.seen == whole.seen
    assert cut.counts == whole.counts


@given(histories())
def test_every_logged_post_is_accounted_for_exactly_once(entries: list[Logged]) -> None:
    driver = Driver()

    driver.feed(*entries)

    posts = sum(isinstance(e, LoggedPost) for e in entries)
    names = ("indexed", "revised", "duplicate", "late", "deleted")
    assert sum(driver.counts.get(n, 0) for n in names) == posts


@given(histories())
def test_ticks_only_move_forward(entries: list[Logged]) -> None:
    driver = Driver()

    driver.feed(*entries)

    ticks = [e.at for e in driver.events if isinstance(e, Tick)]
    assert all(a < b for a, b in itertools.pairwise(ticks))


def test_what_was_found_in_pictures_reaches_every_subject_of_the_post_once_it_is_known() -> (
    None
):
    found = LoggedMedia(post_id="x:1", account="x:someone", findings=(FOUND,))
    world = Driver()
    assert world.feed(found) == []
    world.feed(logged("1"))
    events = world.feed(found)
    assert {(e.subject, e.findings) for e in events if isinstance(e, MediaSeen)} == {
        ("arin", (FOUND,)),
        ("luna", (FOUND,)),
    }


def test_of_a_deleted_post_nothing_is_said_any_more() -> None:
    found = LoggedMedia(post_id="x:1", account="x:someone", findings=(FOUND,))
    world = Driver()
    world.feed(logged("1"), found)
    events = world.feed(
        LoggedDeletion(deletion=Deletion(id="x:1", source="x", deleted_at=START + 1))
    )
    assert [e.findings for e in events if isinstance(e, MediaSeen)] == [(), ()]
    assert world.feed(found) == []
