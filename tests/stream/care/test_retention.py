"""Retention: exactly what is due goes, everywhere, in small steps that survive a kill."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detect.records import Mention
from ingest.collector import Collected
from ingest.records import Deletion, Post
from stream.care import holds, retention
from stream.care.retention import DAY_MS, Limits, Policy, plan
from stream.embedded import EmbeddedHost
from stream.index import PostQuery
from stream.local_index import LocalIndex
from stream.records import DeadLetter, LoggedMedia, LoggedPost
from stream.storage.errors import StorageFullError
from tests.stream.harness import DAY, START

NOW = START + 400 * DAY


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(folder: Path, clock: Clock, **more: object) -> EmbeddedHost:
    return EmbeddedHost(
        folder,
        match=lambda post: (Mention(subject="arin", reason="alias", start=0, end=4),),
        follow=None,
        groups_of=lambda _: (),
        operators=[],
        now=clock,
        partitions=1,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture
def host(tmp_path: Path, clock: Clock) -> Iterator[EmbeddedHost]:
    host = opened(tmp_path / "data", clock, index=LocalIndex(tmp_path / "data" / "index"))
    yield host
    host.close()


def post(n: int, age: int, source: str = "bluesky", text: str = "", seen: bool = True) -> Post:
    """A post that was written, and seen where there was somebody to see it, days ago."""
    at = NOW - age * DAY
    return Post(
        id=f"{source}:{n}", source=source, platform=source, author_id=f"a{n}",
        created_at=at, observed_at=at if seen else None, text=text or f"Arin number{n}",
    )  # fmt: skip


def take(host: EmbeddedHost, *items: Post | Deletion) -> None:
    # In order of time, as they came: what is much too late would not be routed.
    for item in items:
        host.ingest([Collected(source=item.source, items=[item])])


def standing(host: EmbeddedHost) -> set[str]:
    rows = host.store.db.execute("SELECT offset FROM posts_log").fetchall()
    return {
        entry.post.id
        for entry in host.posts.at([row[0] for row in rows])
        if isinstance(entry, LoggedPost)
    }


def apply(host: EmbeddedHost, policy: Policy) -> retention.Job:
    with host.store.transaction():
        host.retention.begin(policy.limits(NOW))
    host.settle()
    job = retention.last_job(host.store.db)
    assert job is not None
    assert job.done_at is not None
    return job


def test_each_source_has_its_days_and_others_the_common_ones(host: EmbeddedHost):
    take(host, post(1, 100), post(2, 50, "reddit"), post(3, 40), post(4, 8, "archive"))

    job = apply(host, Policy(days=7, sources={"bluesky": 90, "reddit": 60}))

    assert standing(host) == {"reddit:2", "bluesky:3"}
    assert job.posts == 2


def test_without_days_everything_stays(host: EmbeddedHost):
    take(host, post(1, 390), post(2, 390, "reddit"))

    assert apply(host, Policy(sources={"reddit": 30})).posts == 1
    assert standing(host) == {"bluesky:1"}
    assert not Policy().anything


def test_archives_count_from_when_a_post_was_written(host: EmbeddedHost):
    take(host, post(1, 100, "archive", seen=False), post(2, 10, "archive", seen=False))

    apply(host, Policy(days=30))

    assert standing(host) == {"archive:2"}


def test_a_post_on_the_day_stays_and_one_older_goes(host: EmbeddedHost):
    limit = NOW - 30 * DAY_MS
    for n, at in ((1, limit - 1), (2, limit)):
        one = post(n, 0)
        kept = Post(**{f: getattr(one, f) for f in one.__struct_fields__} | {"created_at": at, "observed_at": at})  # fmt: skip
        take(host, kept)

    apply(host, Policy(days=30))

    assert standing(host) == {"bluesky:2"}


def test_days_count_from_the_last_change(host: EmbeddedHost):
    take(host, post(1, 100), post(1, 5, text="Arin, changed"), post(2, 5))

    job = apply(host, Policy(days=30))

    assert job.posts == 0
    assert standing(host) == {"bluesky:1", "bluesky:2"}


def test_a_post_whose_pictures_were_looked_at_goes_too(host: EmbeddedHost):
    old, young = post(1, 100), post(2, 5)
    take(host, old, young)
    found = [LoggedMedia(post_id=one.id, account=one.account) for one in (old, young)]
    host.take_in(found)

    job = apply(host, Policy(days=30))

    assert job.posts == 1
    assert standing(host) == {"bluesky:2"}


def test_what_is_due_leaves_log_index_and_search_and_never_comes_back(
    tmp_path: Path, clock: Clock
):
    host = opened(tmp_path, clock, index=LocalIndex(tmp_path / "index"))
    old = post(1, 100, text="Arin zzqsentinel")
    take(host, old, post(2, 1))
    host.feed_index()

    apply(host, Policy(days=30))
    take(host, old)
    host.settle()

    index = host.index
    assert isinstance(index, LocalIndex)
    assert standing(host) == {"bluesky:2"}
    assert index.post("bluesky:1") is None
    assert index.search(PostQuery(text="zzqsentinel")).total == 0
    assert index.search(PostQuery()).total == 1
    assert index.facet("subject", since=0, until=NOW + DAY) == {"arin": 1}
    host.close()
    held = [p for p in tmp_path.rglob("*") if p.is_file() and b"zzqsentinel" in p.read_bytes()]
    assert held == []


def test_held_posts_stay_until_they_are_released(host: EmbeddedHost):
    take(host, post(1, 100), post(2, 100), post(3, 100))
    with host.store.transaction():
        counts = holds.place(
            host.store.db,
            ["bluesky:1", "bluesky:1", "bluesky:9"],
            reason="court",
            who="Hana",
            now=1,
        )
    assert counts == {"posts": 1, "alerts": 0, "unknown": 1}

    job = apply(host, Policy(days=30))
    assert (job.posts, job.held) == (2, 1)
    assert standing(host) == {"bluesky:1"}
    assert [one.reason for one in holds.holds(host.store.db)] == ["court"]

    with host.store.transaction():
        assert holds.release(host.store.db, ["bluesky:1", "x"]) == {"posts": 1, "unknown": 1}
    assert apply(host, Policy(days=30)).posts == 1
    assert standing(host) == set()


def test_a_hold_stops_no_deletion_by_its_author(host: EmbeddedHost):
    take(host, post(1, 100))
    with host.store.transaction():
        holds.place(host.store.db, ["bluesky:1"], reason="court", who="Hana", now=1)

    take(host, Deletion(id="bluesky:1", source="bluesky", deleted_at=NOW))

    assert standing(host) == set()


def letter(n: int, age: int) -> DeadLetter:
    return DeadLetter(
        stage="source",
        source="bluesky",
        reason="odd",
        raw=b"zzqletter%d" % n,
        at=NOW - age * DAY,
    )


def test_unreadable_records_go_after_days_of_their_own(host: EmbeddedHost):
    with host.store.transaction():
        host.dead.bury([letter(n, age) for n, age in ((1, 100), (2, 20), (3, 0))])
        host.dead.bury([letter(n, 90) for n in range(10, 10 + retention.ERASED)])
    take(host, post(1, 100))

    job = apply(host, Policy(letters=30))

    assert (job.letters, job.posts) == (1 + retention.ERASED, 0)
    left = host.store.db.execute("SELECT seq FROM dead_letters").fetchall()
    assert left == [(2,), (3,)]
    assert host.store.db.execute("SELECT count(*) FROM dead_names").fetchone()[0] == 2


def test_killed_anywhere_a_run_goes_on_and_erases_each_post_once(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retention, "ERASED", 3)
    monkeypatch.setattr(retention, "SCANNED", 7)
    host = opened(tmp_path, clock)
    take(host, *(post(n, 100 - n) for n in range(40)))
    with host.store.transaction():
        host.retention.begin(Policy(days=80).limits(NOW))
    steps = 0
    while host.retention.waiting():
        host.care()
        # The process dies here: nothing but the committed store is left.
        host.store.close()
        host = opened(tmp_path, clock)
        steps += 1
        assert steps < 60

    job = retention.last_job(host.store.db)
    assert job is not None
    assert job.posts == 20
    assert host.intake.counters("retention") == {"deletions": 20, "removed": 20}
    assert standing(host) == {f"bluesky:{n}" for n in range(20, 40)}
    assert steps > 8
    host.close()


def test_a_step_erases_a_bounded_number(host: EmbeddedHost):
    take(host, *(post(n, 100) for n in range(retention.ERASED + 30)))
    with host.store.transaction():
        host.retention.begin(Policy(days=30).limits(NOW))
    most = 0
    while host.retention.waiting():
        before = len(standing(host))
        host.care()
        most = max(most, before - len(standing(host)))
    assert most == retention.ERASED
    assert standing(host) == set()


def test_a_step_that_fails_changes_nothing_and_is_made_again(
    host: EmbeddedHost, monkeypatch: pytest.MonkeyPatch
):
    take(host, *(post(n, 100) for n in range(5)))
    with host.store.transaction():
        host.retention.begin(Policy(days=30).limits(NOW))
    host.care()

    def full() -> list[DeadLetter]:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(host.processor, "step", full)
        with pytest.raises(StorageFullError):
            host.care()
    assert len(standing(host)) == 5

    host.settle()
    assert standing(host) == set()
    assert host.intake.counters("retention")["removed"] == 5


def test_new_posts_are_taken_in_between_the_steps(
    host: EmbeddedHost, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(retention, "ERASED", 1)
    take(host, *(post(n, 100) for n in range(5)))
    with host.store.transaction():
        host.retention.begin(Policy(days=30).limits(NOW))
    for n in range(5):
        host.care()
        take(host, post(100 + n, 1))
    host.settle()

    assert standing(host) == {f"bluesky:{100 + n}" for n in range(5)}


def test_by_schedule_it_runs_once_a_time(tmp_path: Path, clock: Clock, monkeypatch):
    monkeypatch.setattr(retention, "LOOK_EVERY_S", 0)
    host = opened(tmp_path, clock, policy=Policy(days=30, every_ms=DAY))
    take(host, post(1, 100), post(2, 29))
    host.settle()
    assert standing(host) == {"bluesky:2"}
    first = retention.last_job(host.store.db)

    clock.now += DAY - 1
    host.settle()
    assert retention.last_job(host.store.db) == first

    clock.now += DAY
    host.settle()
    assert standing(host) == set()
    host.close()


def test_a_clock_that_was_set_back_does_not_stop_the_schedule(
    tmp_path: Path, clock: Clock, monkeypatch
):
    monkeypatch.setattr(retention, "LOOK_EVERY_S", 0)
    host = opened(tmp_path, clock, policy=Policy(days=30, every_ms=DAY))
    clock.now += 4000 * DAY
    host.settle()
    clock.now = NOW
    take(host, post(1, 100))
    host.settle()
    assert standing(host) == set()
    host.close()


def test_without_a_schedule_nothing_goes_by_itself(tmp_path: Path, clock: Clock):
    for name, more in (
        ("a", {"policy": Policy(days=30)}),
        ("b", {"policy": Policy(every_ms=DAY)}),
    ):
        host = opened(tmp_path / name, clock, **more)
        take(host, post(1, 100))
        host.settle()
        assert standing(host) == {"bluesky:1"}
        host.close()


ages = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(0, 60), st.sampled_from(["bluesky", "reddit", "archive"])
    ),
    max_size=25,
)
days = st.none() | st.integers(1, 50)


@settings(max_examples=25, deadline=None)
@given(ages, days, days, st.sets(st.integers(0, 6), max_size=2))
def test_what_is_planned_is_what_goes(
    rows: list[tuple[int, int, str]], common: int | None, own: int | None, kept: set[int]
):
    policy = Policy(days=common, sources={"reddit": own} if own else {})
    with tempfile.TemporaryDirectory() as folder:
        host = opened(Path(folder), Clock())
        ordered = sorted(rows, key=lambda row: -row[1])
        take(host, *(post(n, age, source, text=f"Arin {age}") for n, age, source in ordered))
        with host.store.transaction():
            ids = [f"{source}:{n}" for n in kept for source in ("bluesky", "reddit")]
            holds.place(host.store.db, ids, reason="x", who="y", now=1)
        before = standing(host)
        planned = plan(host.store.db, policy.limits(NOW))

        job = apply(host, policy)

        # The last thing said of each post, by hand.
        last = {f"{source}:{n}": (age, source) for n, age, source in ordered}
        held = {f"{source}:{n}" for n in kept for source in ("bluesky", "reddit")}
        limits = {"reddit": own or common}
        due = {
            id_
            for id_, (age, source) in last.items()
            if (limit := limits.get(source, common)) is not None and age > limit
        }
        assert standing(host) == before - (due - held)
        assert job.posts == len(due - held) == sum(one.due for one in planned)
        assert job.held == len(due & held) == sum(one.held for one in planned)
        assert sum(one.posts for one in planned) == len(before)
        host.close()


def test_limits_are_exact_at_any_time():
    limits = Policy(days=1, letters=2).limits(10 * DAY_MS)
    assert limits == Limits(default=9 * DAY_MS, letters=8 * DAY_MS)
