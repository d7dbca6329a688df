"""The embedded host: accounting, deletions, threads, crashes between any two steps."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from ingest.records import Deletion, Gap, Malformed
from stream.hosting.partitions import PartitionsChangedError
from stream.records import PostGone, PostSeen, Tick, Versions
from stream.storage.store import FolderInUseError, StorageVersionError
from tests.stream.embedded_world import (
    MINUTE,
    START,
    collected,
    events,
    everything,
    open_host,
    post,
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
