"""The processor: segments at ticks, timers, derived results, state that expires, rollback."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.records import Post
from stream.hosting.processor import Processor
from stream.log import Routed
from stream.operator import Context, Effects, Item, Put, State
from stream.records import Alert, Membership, PostSeen, Tick
from stream.storage.sqlite_log import SqliteSubjectLog
from stream.storage.store import Store

MINUTE = 60_000
START = 1_700_000_040_000 // MINUTE * MINUTE


def seen(native: str, subject: str, at: int) -> PostSeen:
    post = Post(
        id=f"x:{native}",
        source="x",
        platform="x",
        author_id=native,
        created_at=at,
        text=f"text {native}",
    )
    return PostSeen(subject=subject, subjects=(subject,), post=post)


class Counting:
    """Counts posts a subject; after five minutes of silence it reports the count."""

    name = "counting"
    version = "1"

    def __init__(self) -> None:
        self.resets = 0

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        effects = Effects()
        counts: dict[str, int] = {}
        for item in batch:
            if isinstance(item.event, PostSeen):
                subject = item.event.subject
                held = counts.get(subject, int(state.get(subject) or b"0"))
                counts[subject] = held + 1
                at = item.event.post.event_at
                effects.put[subject] = Put(str(held + 1).encode(), at + 60 * MINUTE)
                effects.timers.append((subject, at + 5 * MINUTE))
                effects.emit.append((item.offset, _member(item.event, held + 1)))
            for subject in item.due:
                total = counts.get(subject, int(state.get(subject) or b"0"))
                effects.emit.append((item.offset, _alert(subject, total, item.event.at)))
        return effects

    def reset(self) -> None:
        self.resets += 1


class Listening:
    """Records what it was given; emits nothing."""

    name = "listening"
    version = "1"

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, tuple[object, ...]]] = []

    def apply(self, state: State, batch: Sequence[Item], ctx: Context, /) -> Effects:
        assert len(batch) == 1 or not any(isinstance(i.event, Tick) for i in batch)
        self.heard += [(i.offset, i.watermark, i.derived) for i in batch]
        return Effects()

    def reset(self) -> None:
        self.heard = []


def _member(event: PostSeen, revision: int) -> Membership:
    return Membership(
        subject=event.subject, post_id=event.post.id, cluster_id="c", revision=revision
    )


def _alert(subject: str, total: int, at: int) -> Alert:
    return Alert(
        alert_id=f"{subject}@{at}",
        subject=subject,
        kind="count",
        severity="low",
        title=str(total),
        created_at=at,
        updated_at=at,
        revision=1,
        operator_version="1",
    )


def run(folder: Path, events: Sequence[object], *, batch: int, partitions: int, chunk: int):
    store = Store(folder)
    log = SqliteSubjectLog(store, partitions)
    processor = Processor(store, log, [Counting(), Listening()], batch=batch)
    for start in range(0, len(events), chunk):
        with store.transaction():
            log.append([Routed(event=e) for e in events[start : start + chunk]])
            processor.step()
    results = sorted(
        (r for kind in ("alert", "membership") for r in processor.results.of_kind(kind)),
        key=repr,
    )
    state = sorted(
        store.db.execute(
            "SELECT operator, key, value FROM state WHERE expires_at > ?",
            (START + 100 * MINUTE,),
        )
    )
    store.close()
    return results, state


EVENTS = [
    seen("1", "arin", START),
    seen("2", "bora", START),
    Tick(at=START),
    seen("3", "arin", START + MINUTE),
    Tick(at=START + 4 * MINUTE, minutes=4),
    Tick(at=START + 6 * MINUTE, minutes=2),
    seen("4", "bora", START + 7 * MINUTE),
    Tick(at=START + 90 * MINUTE, minutes=84),
    seen("5", "arin", START + 92 * MINUTE),
    Tick(at=START + 100 * MINUTE, minutes=10),
]


@pytest.mark.parametrize("batch", [1, 7, 500])
@pytest.mark.parametrize("partitions", [1, 8])
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_results_do_not_depend_on_batches_partitions_or_transactions(
    tmp_path: Path, batch: int, partitions: int, chunk: int
) -> None:
    reference = run(tmp_path / "a", EVENTS, batch=500, partitions=1, chunk=100)

    assert (
        run(tmp_path / "b", EVENTS, batch=batch, partitions=partitions, chunk=chunk)
        == reference
    )


def test_a_timer_falls_due_with_the_first_tick_at_or_after_its_time(tmp_path: Path) -> None:
    results, _ = run(tmp_path, EVENTS, batch=500, partitions=1, chunk=100)

    alerts = {r.alert_id: r.title for r in results if isinstance(r, Alert)}
    assert alerts[f"arin@{START + 6 * MINUTE}"] == "2"


def test_state_is_invisible_once_the_watermark_reaches_its_expiry(tmp_path: Path) -> None:
    results, _ = run(tmp_path, EVENTS, batch=500, partitions=1, chunk=100)

    revisions = {r.post_id: r.revision for r in results if isinstance(r, Membership)}
    assert revisions["x:3"] == 2
    assert revisions["x:5"] == 1, "the count of arin expired before the tick at minute 90"


def test_a_later_operator_sees_what_an_earlier_one_derived_from_the_same_entry(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    log = SqliteSubjectLog(store, 1)
    listening = Listening()
    processor = Processor(store, log, [Counting(), listening])

    with store.transaction():
        log.append([Routed(event=e) for e in EVENTS[:4]])
        processor.step()

    kinds = [[type(d).__name__ for d in derived] for _, _, derived in listening.heard]
    assert kinds == [["Membership"], ["Membership"], [], ["Membership"]]
    assert [w for _, w, _ in listening.heard] == [0, 0, 0, START]
    store.close()


def test_after_a_failed_transaction_everything_is_as_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    log = SqliteSubjectLog(store, 2)
    counting = Counting()
    processor = Processor(store, log, [counting, Listening()])
    with store.transaction():
        log.append([Routed(event=e) for e in EVENTS[:3]])
        processor.step()
    before = processor.results.last

    def attempt() -> None:
        with store.transaction():
            log.append([Routed(event=e) for e in EVENTS[3:]])
            processor.step()
            raise OSError("the power failed")

    with pytest.raises(OSError, match="power"):
        attempt()
    log.rolled_back()
    processor.rolled_back()

    assert counting.resets == 1
    assert processor.results.last == before
    with store.transaction():
        log.append([Routed(event=e) for e in EVENTS[3:]])
        processor.step()
    revisions = {
        r.post_id: r.revision
        for r in processor.results.of_kind("membership")
        if isinstance(r, Membership)
    }
    assert revisions == {"x:1": 1, "x:2": 1, "x:3": 2, "x:4": 2, "x:5": 1}
    store.close()
