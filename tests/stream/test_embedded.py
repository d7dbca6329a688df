"""The embedded host: accounting, deletions, threads, crashes between any two steps."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from detect.records import Mention
from ingest.collector import Collected
from ingest.records import Deletion, Gap, Malformed, Post, SourceStatus
from stream.embedded import EmbeddedHost, PartitionsChangedError
from stream.hosting.feed import IndexFeed
from stream.operator import Context, Effects, Item, Put, State
from stream.records import Membership, PostGone, PostSeen, Tick, Versions
from stream.storage.store import FolderInUseError, StorageFullError, StorageVersionError

MINUTE = 60_000
START = 1_700_000_040_000 // MINUTE * MINUTE


def post(native: object, text: str = "arin hello", at: int = START, **changes: object) -> Post:
    values = {
        "id": f"x:{native}",
        "source": "x",
        "platform": "x",
        "author_id": "a1",
        "created_at": at,
        "text": text,
    }
    return Post(**(values | changes))


def match(one: Post) -> tuple[Mention, ...]:
    return tuple(
        Mention(subject=name, reason="alias", surface=name, start=0, end=len(name))
        for name in ("arin", "bora")
        if name in one.text
    )


def follow(one: Post, known: Mapping[str, tuple[str, ...]]) -> tuple[Mention, ...]:
    return tuple(
        Mention(subject=s, reason="thread", via=one.reply_to)
        for s in known.get(one.reply_to or "", ())
    )


class Remembering:
    """Counts a subject's posts; its state is the truth, a tick reports it."""

    name = "remembering"
    version = "1"

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        effects = Effects()
        for item in batch:
            if isinstance(item.event, PostSeen):
                key = item.event.subject
                held = effects.put.get(key)
                before = int(held.value if held else state.get(key) or b"0")
                effects.put[key] = Put(str(before + 1).encode(), START + 10**12)
                effects.emit.append(
                    (
                        item.offset,
                        Membership(
                            subject=key,
                            post_id=item.event.post.id,
                            cluster_id=str(before + 1),
                            revision=item.event.revision,
                        ),
                    )
                )
        return effects

    def reset(self) -> None:
        pass


def open_host(folder: Path, **changes: object) -> EmbeddedHost:
    values = {
        "match": match,
        "follow": follow,
        "groups_of": lambda s: ("luna",) if s == "arin" else (),
        "operators": [Remembering()],
        "now": lambda: START,
        "partitions": 4,
    }
    return EmbeddedHost(folder, **(values | changes))


def collected(*items: object, cursor: str | None = None, skipped: int = 0) -> Collected:
    return Collected(source="x", items=list(items), cursor=cursor, skipped=skipped)


def events(host: EmbeddedHost) -> list[object]:
    return [
        event
        for partition in range(host.subjects.partitions)
        for _, event in host.subjects.read(partition, 0, 10_000)
    ]


def everything(host: EmbeddedHost) -> tuple[object, ...]:
    """All that must be the same whatever happened on the way, as it lies on disk."""
    host.subjects.rolled_back()
    memberships = list(host.processor.results.of_kind("membership"))
    return (
        sorted(map(repr, events(host))),
        sorted(map(repr, memberships)),
        sorted(host.store.db.execute("SELECT operator, key, value FROM state")),
        host.intake.counters(),
    )


def test_posts_about_nobody_are_only_counted(tmp_path: Path) -> None:
    host = open_host(tmp_path)

    host.ingest([collected(post(1), post(2, text="weather"), cursor="2", skipped=7)])

    assert host.intake.counters() == {"logged": 1, "unmatched": 1, "skipped": 7, "indexed": 1}
    assert b"weather" not in (tmp_path / "jikimi.db-wal").read_bytes()
    assert host.intake.cursor("x") == "2"
    host.close()


def test_what_was_read_is_logged_unmatched_or_dead_and_what_was_logged_has_an_outcome(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    late = post("old", at=START - 3 * 24 * 60 * MINUTE)

    host.ingest(
        [
            collected(
                post(1),
                post(1),
                post(1, text="arin changed"),
                post(2, text="weather"),
                post(3, at=START + 10 * MINUTE),
                late,
                Malformed(source="x", raw=b"{", reason="not JSON"),
                Deletion(id="x:1", source="x", deleted_at=START),
                post(1),
            )
        ]
    )

    counts = host.intake.counters()
    assert counts["logged"] + counts["unmatched"] + counts["malformed"] == 8
    outcomes = ("indexed", "revised", "duplicate", "late", "deleted")
    assert sum(counts.get(name, 0) for name in outcomes) == counts["logged"] == 6
    assert (counts["late"], counts["deleted"], counts["removed"]) == (1, 1, 1)
    host.close()


def test_a_dead_letter_keeps_the_original_bytes_and_the_reason(tmp_path: Path) -> None:
    host = open_host(tmp_path)

    host.ingest([collected(Malformed(source="x", raw=b"\xff{", reason="not UTF-8"))])

    ((stage, reason, body),) = host.store.db.execute(
        "SELECT stage, reason, body FROM dead_letters"
    )
    assert (stage, reason) == ("source", "not UTF-8")
    assert b"\xff{" in body
    host.close()


def test_a_reply_to_a_matched_post_is_kept_although_it_names_nobody(tmp_path: Path) -> None:
    host = open_host(tmp_path)

    host.ingest([collected(post(1), post(2, text="so true", reply_to="x:1"))])
    host.ingest([collected(post(3, text="and this", reply_to="x:2"))])

    replies = [e for e in events(host) if isinstance(e, PostSeen) and e.post.id != "x:1"]
    assert {(e.subject, e.post.id) for e in replies} >= {("arin", "x:2"), ("arin", "x:3")}
    assert {m.reason for e in replies for m in e.mentions} == {"thread"}
    host.close()


def test_a_deleted_post_is_gone_from_every_file(tmp_path: Path) -> None:
    host = open_host(tmp_path)
    secret = "arin unforgettable-phrase"
    broken = Malformed(source="x", raw=b'{"id": "victim-7", "text": "x"}', reason="cut off")
    host.ingest([collected(post("victim-7", text=secret), broken)])

    host.ingest([collected(Deletion(id="x:victim-7", source="x", deleted_at=START))])

    gone = [e for e in events(host) if isinstance(e, PostGone)]
    assert {e.subject for e in gone} == {"arin", "luna"}
    host.close()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"unforgettable-phrase" not in file.read_bytes(), file
            assert b'"text": "x"' not in file.read_bytes(), file


def test_a_deletion_near_its_post_gives_the_same_results_in_any_batch(tmp_path: Path) -> None:
    items = [post(1), post(2), Deletion(id="x:2", source="x", deleted_at=START), post(3)]
    results: list[list[object]] = []
    for batch in (1, 2, 4):
        host = open_host(tmp_path / str(batch), partitions=1)
        for i in range(0, len(items), batch):
            host.ingest([collected(*items[i : i + batch])])
        results.append(list(host.processor.results.of_kind("membership")))
        host.close()

    assert len(results[0]) == 6
    assert results[1:] == [results[0], results[0]]


def test_a_log_read_after_a_deletion_shows_the_post_as_gone(tmp_path: Path) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1))])
    host.ingest([collected(Deletion(id="x:1", source="x", deleted_at=START))])
    host.close()

    again = open_host(tmp_path)

    assert not [e for e in events(again) if isinstance(e, PostSeen)]
    again.close()


def test_deletions_of_posts_we_never_kept_are_counted_and_not_logged(tmp_path: Path) -> None:
    host = open_host(tmp_path)

    host.ingest([collected(Deletion(id="x:unknown", source="x", deleted_at=START))])

    assert host.intake.counters() == {"deletions_unmatched": 1}
    assert host.posts.last == 0
    host.close()


def test_deleting_an_account_removes_all_it_wrote(tmp_path: Path) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1), post(2), post(3, author_id="other"))])
    whole = Deletion(id="x:a1", source="x", deleted_at=START, scope="account")

    host.ingest([collected(post(4), whole)])

    gone = {e.post_id for e in events(host) if isinstance(e, PostGone)}
    assert gone == {"x:1", "x:2", "x:4"}
    host.close()


def test_time_moves_on_posts_about_nobody_and_a_gap_reaches_every_partition(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    gap = Gap(source="x", since=START, until=START + 1, reason="outage")

    host.ingest([collected(post(1), post(2, text="weather", at=START + 9 * MINUTE), gap)])

    kinds = [type(e).__name__ for e in events(host)]
    assert kinds.count("GapSeen") == 4
    ticks = [e for e in events(host) if isinstance(e, Tick)]
    assert max(t.at for t in ticks) == START + 7 * MINUTE
    host.close()


def test_finishing_lets_time_pass_the_last_post_and_only_once(tmp_path: Path) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1))])

    host.finish()
    first = everything(host)
    host.finish()

    assert everything(host) == first
    assert max(e.at for e in events(host) if isinstance(e, Tick)) > START
    host.close()


def test_the_versions_in_force_are_logged_when_they_change(tmp_path: Path) -> None:
    for watchlist in ("one", "one", "two"):
        open_host(tmp_path, versions=Versions(watchlist=watchlist)).close()

    host = open_host(tmp_path)
    logged = [e.watchlist for _, e in host.subjects.read(0, 0, 10) if isinstance(e, Versions)]
    assert logged == ["one", "two"]
    host.close()


def test_a_second_process_on_the_same_folder_is_refused_in_plain_words(tmp_path: Path) -> None:
    host = open_host(tmp_path)

    with pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        open_host(tmp_path)

    host.close()
    open_host(tmp_path).close()


def test_another_number_of_partitions_is_refused(tmp_path: Path) -> None:
    open_host(tmp_path).close()

    with pytest.raises(PartitionsChangedError, match="was made with 4 partitions"):
        open_host(tmp_path, partitions=8)

    open_host(tmp_path).close()


def test_a_folder_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    open_host(tmp_path).close()
    db = sqlite3.connect(tmp_path / "jikimi.db")
    db.execute("PRAGMA user_version=99")
    db.close()

    with pytest.raises(StorageVersionError, match="format 99"):
        open_host(tmp_path)


def stream(seed: int) -> list[object]:
    rng = random.Random(seed)
    items: list[object] = []
    for n in range(300):
        at = START + n * MINUTE // 3 + rng.randrange(-3, 3) * MINUTE
        roll = rng.random()
        if roll < 0.05 and n:
            items.append(Deletion(id=f"x:{rng.randrange(n)}", source="x", deleted_at=at))
        elif roll < 0.15 and n:
            items.append(post(rng.randrange(n), text="arin again", at=at))
        else:
            who = rng.choice(["arin", "bora", "weather", "arin and bora"])
            reply = f"x:{rng.randrange(n)}" if n and rng.random() < 0.3 else None
            items.append(post(n, text=f"{who} {n}", at=at, reply_to=reply))
    return items


def play(host: EmbeddedHost, items: list[object], batch: int) -> None:
    """Read on from the host's cursor, as a collector would."""
    start = int(host.intake.cursor("x") or 0)
    for cut in range(start, len(items), batch):
        part = items[cut : cut + batch]
        host.ingest([collected(*part, cursor=str(cut + len(part)))])


@pytest.mark.parametrize("batch", [1, 7, 500])
@pytest.mark.parametrize("partitions", [1, 8])
def test_the_batch_size_and_the_partitions_change_nothing(
    tmp_path: Path, batch: int, partitions: int
) -> None:
    items = stream(3)
    reference = open_host(tmp_path / "a", partitions=8)
    play(reference, items, 40)
    other = open_host(tmp_path / "b", partitions=partitions)
    play(other, items, batch)

    assert everything(other)[1:] == everything(reference)[1:]
    reference.close()
    other.close()


def test_a_failure_at_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    items = stream(5)
    reference = open_host(tmp_path / "a")
    play(reference, items, 20)
    rng = random.Random(11)
    folder = tmp_path / "b"
    failures = 0

    for _ in range(200):
        host = open_host(folder)
        left = [rng.randrange(1, 400)]

        def interrupt(left: list[int] = left) -> int:
            left[0] -= 1
            return left[0] == 0

        # SQLite calls this every few steps of its machine and gives up when told to.
        host.store.db.set_progress_handler(interrupt, 10)
        try:
            play(host, items, 20)
        except sqlite3.OperationalError:
            failures += 1
            host.store.db.set_progress_handler(None, 0)
            host.close()
        else:
            break

    host.store.db.set_progress_handler(None, 0)
    assert failures > 5
    assert everything(host) == everything(reference)
    host.close()
    reference.close()


def test_a_full_disk_writes_nothing_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    items = stream(9)
    reference = open_host(tmp_path / "a")
    play(reference, items, 50)
    host = open_host(tmp_path / "b")
    host.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = host.store.db.execute("PRAGMA page_count").fetchone()[0]
    host.store.db.execute(f"PRAGMA max_page_count={pages + 2}")

    with pytest.raises(StorageFullError, match="nothing of the last batch was written"):
        play(host, items, 50)
    full = host.intake.cursor("x")
    host.store.db.execute("PRAGMA max_page_count=1000000")
    play(host, items, 50)

    assert int(full or 0) < len(items)
    assert everything(host) == everything(reference)
    host.close()
    reference.close()


class Listed:
    """A collector whose batches are given; it never waits."""

    def __init__(self, batches: list[Collected]) -> None:
        self._batches = batches
        self.closed = False

    @property
    def finished(self) -> bool:
        return not self._batches

    def start(self) -> None: ...

    def poll(self, timeout: float, /) -> list[Collected]:
        return [self._batches.pop(0)] if self._batches else []

    def statuses(self) -> list[SourceStatus]:
        return [SourceStatus(source="x", state="live", changed_at=START)]

    def close(self, timeout: float = 0.0, /) -> None:
        self.closed = True


def test_running_ends_when_all_sources_have_ended_and_closes_the_windows(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    collector = Listed([collected(post(1), cursor="1")])
    told: list[dict[str, int]] = []

    host.run(collector, threading.Event(), told.append)

    assert collector.closed
    assert told[-1]["logged"] == 1
    assert any(isinstance(e, Tick) for e in events(host))
    (status,) = host.statuses(collector)
    assert (status.read, status.logged) == (1, 1)
    host.close()


def test_the_index_feed_resumes_at_its_checkpoint_and_counts_a_post_once(
    tmp_path: Path,
) -> None:
    host = open_host(tmp_path)
    host.ingest([collected(post(1, text="arin and bora"))])
    feed = IndexFeed(host.subjects, host.processor.results)
    first, position = feed.next(feed.start(None))
    assert first is not None
    host.ingest([collected(Deletion(id="x:1", source="x", deleted_at=START))])

    second, end = feed.next(feed.start(first.checkpoint))

    assert feed.start(first.checkpoint) == position
    assert [e.post.id for e in first.posts] == ["x:1"]
    assert {e.subject for e in first.sightings} == {"arin", "bora", "luna"}
    assert second is not None
    assert not second.posts
    assert {e.post_id for e in second.gone} == {"x:1"}
    assert feed.next(end)[0] is None
    host.close()
