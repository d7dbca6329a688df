"""The posts log and the subject logs on SQLite, with the most recent entries in memory.

The subject log keeps a reference to the post instead of a second copy, so a
deletion has one place to reach. Both logs hold their latest entries decoded:
in the embedded host the reader follows the writer by one step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from detect.records import Mention
from ingest.records import Deletion, Record
from stream.ids import partition_of
from stream.log import Routed, Seen, partitions_for
from stream.records import (
    Change,
    GapSeen,
    Logged,
    LoggedClock,
    LoggedDeletion,
    LoggedMedia,
    LoggedPost,
    MediaSeen,
    PostGone,
    PostSeen,
    SubjectEvent,
    Tick,
    Versions,
)
from stream.storage.store import Store

RECENT = 2048
SPAN = 1 << 44
"""Offsets of a partition lie in [partition * SPAN, (partition + 1) * SPAN)."""

_CHUNK = 400


class SqlitePostsLog:
    """``PostsLog`` on a Store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Logged).decode
        self._decode_seen = msgspec.msgpack.Decoder(Seen).decode
        self._recent: deque[tuple[int, Logged]] = deque(maxlen=RECENT)
        self._last = self._read_last()

    def _read_last(self) -> int:
        row = self._store.db.execute("SELECT max(offset) FROM posts_log").fetchone()
        return int(row[0] or 0)

    @property
    def last(self) -> int:
        """Offset of the last entry, 0 when empty."""
        return self._last

    def append(self, entries: Sequence[Logged], /) -> None:
        """Add entries in order, as part of the running transaction."""
        if not entries:
            return
        rows: list[tuple[int, bytes]] = []
        last = self._last
        for entry in entries:
            last += 1
            rows.append((last, self._encode(entry)))
        self._store.db.executemany("INSERT INTO posts_log VALUES (?, ?)", rows)
        self._recent.extend((row[0], entry) for row, entry in zip(rows, entries, strict=True))
        self._last = last

    def rolled_back(self) -> None:
        """Forget what a failed transaction had appended."""
        self._recent.clear()
        self._last = self._read_last()

    def read(self, after: int, limit: int, /) -> list[tuple[int, Logged]]:
        """Entries behind ``after``, at most ``limit``."""
        if after >= self._last:
            return []
        recent = self._recent
        if recent and recent[0][0] <= after + 1:
            first = after + 1 - recent[0][0]
            return [recent[i] for i in range(first, min(len(recent), first + limit))]
        rows = self._store.db.execute(
            "SELECT offset, body FROM posts_log WHERE offset > ? ORDER BY offset LIMIT ?",
            (after, limit),
        ).fetchall()
        return [(int(offset), self._decode(body)) for offset, body in rows]

    def seen(self, post_ids: Collection[str], /) -> Mapping[str, Seen]:
        """What the router knows of these ids; unknown ones are left out."""
        ids = list(post_ids)
        found: dict[str, Seen] = {}
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            for post_id, body in self._store.db.execute(
                f"SELECT post_id, body FROM seen WHERE post_id IN ({marks})", chunk
            ):
                found[post_id] = self._decode_seen(body)
        return found

    def remember(self, known: Mapping[str, tuple[str, Seen]]) -> None:
        """Write what the router learnt: post id to (account, Seen)."""
        self._store.db.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
            [(post_id, account, self._encode(s)) for post_id, (account, s) in known.items()],
        )

    def posts_of(self, account: str, /) -> list[str]:
        """Ids of the logged posts of ``platform:author_id``, in order of id."""
        rows = self._store.db.execute(
            "SELECT post_id FROM seen WHERE account = ? ORDER BY post_id", (account,)
        )
        return [row[0] for row in rows]

    def at(self, offsets: Collection[int]) -> list[Logged]:
        """The entries at these places."""
        marks = ",".join(str(int(offset)) for offset in offsets)
        rows = self._store.db.execute(f"SELECT body FROM posts_log WHERE offset IN ({marks})")
        return [self._decode(row[0]) for row in rows]

    def compact(self, offsets: Collection[int]) -> None:
        """Drop the content of entries that nothing refers to; their places remain."""
        body = self._encode(LoggedClock(at=0))
        self._store.db.executemany(
            "UPDATE posts_log SET body = ? WHERE offset = ?", [(body, o) for o in offsets]
        )

    def erase(self, deletion: Deletion, offsets: Collection[int]) -> None:
        """Overwrite a deleted post wherever the log holds it."""
        body = self._encode(LoggedDeletion(deletion=deletion))
        self._store.db.executemany(
            "UPDATE posts_log SET body = ? WHERE offset = ?", [(body, o) for o in offsets]
        )
        gone = set(offsets)
        if self._recent and min(gone, default=0) >= self._recent[0][0]:
            erased = LoggedDeletion(deletion=deletion)
            kept = [(o, erased if o in gone else entry) for o, entry in self._recent]
            self._recent = deque(kept, maxlen=RECENT)


class PostReference(Record, frozen=True, kw_only=True, tag="post-reference/1"):
    """A PostSeen as it lies in a subject log: its post is kept once, in the posts log."""

    subject: str
    subjects: tuple[str, ...]
    mentions: tuple[Mention, ...]
    revision: int
    change: Change
    late: bool


class MediaReference(Record, frozen=True, kw_only=True, tag="media-reference/1"):
    """A MediaSeen as it lies in a subject log: what was found is kept in the posts log."""

    subject: str
    post_id: str
    named: tuple[str, ...] = ()


_Stored = PostReference | MediaReference | PostGone | Tick | GapSeen | Versions


class SqliteSubjectLog:
    """``SubjectLog`` on a Store."""

    def __init__(self, store: Store, partitions: int) -> None:
        self._store = store
        self._partitions = partitions
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: Callable[[bytes], _Stored] = msgspec.msgpack.Decoder(_Stored).decode
        self._decode_post = msgspec.msgpack.Decoder(Logged).decode
        self._recent: list[deque[tuple[int, SubjectEvent]]] = []
        self._last: list[int] = []
        self.rolled_back()

    @property
    def partitions(self) -> int:
        """How many there are; fixed when the data folder is made."""
        return self._partitions

    def last(self, partition: int) -> int:
        """Offset of the last entry of a partition, 0 when empty."""
        return self._last[partition]

    def rolled_back(self) -> None:
        """Forget what a failed transaction had appended."""
        self._recent = [deque(maxlen=RECENT) for _ in range(self._partitions)]
        self._last = [self._read_last(p) for p in range(self._partitions)]

    def _read_last(self, partition: int) -> int:
        row = self._store.db.execute(
            "SELECT max(id) FROM subject_log WHERE id >= ? AND id < ?",
            (partition * SPAN, (partition + 1) * SPAN),
        ).fetchone()
        return 0 if row[0] is None else int(row[0]) - partition * SPAN

    def append(self, routed: Sequence[Routed], /) -> None:
        """Add events in order, as part of the running transaction."""
        rows: list[tuple[int, int | None, bytes]] = []
        for entry in routed:
            body = self._encode(_strip(entry.event))
            for partition in partitions_for(entry.event, self._partitions):
                self._last[partition] += 1
                offset = self._last[partition]
                rows.append((partition * SPAN + offset, entry.post_offset, body))
                self._recent[partition].append((offset, entry.event))
        self._store.db.executemany("INSERT INTO subject_log VALUES (?, ?, ?)", rows)

    def read(self, partition: int, after: int, limit: int, /) -> list[tuple[int, SubjectEvent]]:
        """Entries of a partition behind ``after``; deleted posts come as PostGone."""
        if after >= self._last[partition]:
            return []
        recent = self._recent[partition]
        if recent and recent[0][0] <= after + 1:
            first = after + 1 - recent[0][0]
            return [recent[i] for i in range(first, min(len(recent), first + limit))]
        base = partition * SPAN
        rows = self._store.db.execute(
            "SELECT s.id, s.body, p.body FROM subject_log s "
            "LEFT JOIN posts_log p ON p.offset = s.post_offset "
            "WHERE s.id > ? AND s.id < ? ORDER BY s.id LIMIT ?",
            (base + after, base + SPAN, limit),
        ).fetchall()
        return [(int(row[0]) - base, self._revive(row[1], row[2])) for row in rows]

    def erase(self, subjects: Collection[str], offsets: Collection[int]) -> None:
        """Take the mentions of deleted posts out of the logs of their subjects."""
        for partition in {partition_of(subject, self._partitions) for subject in subjects}:
            end = partition * SPAN + self._last[partition] + 1
            for post_offset in offsets:
                self._erase(self._first_of(partition, post_offset), end, post_offset)

    def _erase(self, first: int, end: int, post_offset: int) -> None:
        rows = self._store.db.execute(
            "SELECT id, post_offset, body FROM subject_log "
            "WHERE id >= ? AND id < ? AND post_offset IS NOT NULL ORDER BY id",
            (first, end),
        )
        bare: list[tuple[bytes, int]] = []
        for id_, found, body in rows:
            if found != post_offset:
                break
            stored = self._decode(body)
            if isinstance(stored, PostReference):
                stored = msgspec.structs.replace(stored, mentions=())
                bare.append((self._encode(stored), int(id_)))
        self._store.db.executemany("UPDATE subject_log SET body = ? WHERE id = ?", bare)

    def _first_of(self, partition: int, post_offset: int) -> int:
        """The first entry of a partition whose post lies there or later in the posts log.

        Entries follow the posts log, so the place is found by halving.
        """
        low = partition * SPAN + 1
        high = partition * SPAN + self._last[partition] + 1
        while low < high:
            middle = (low + high) // 2
            row = self._store.db.execute(
                "SELECT id, post_offset FROM subject_log "
                "WHERE id >= ? AND id < ? AND post_offset IS NOT NULL ORDER BY id LIMIT 1",
                (middle, high),
            ).fetchone()
            if row is None or row[1] >= post_offset:
                high = middle
            else:
                low = int(row[0]) + 1
        return low

    def _revive(self, body: bytes, post_body: bytes | None) -> SubjectEvent:
        stored = self._decode(body)
        if isinstance(stored, MediaReference):
            found = None if post_body is None else self._decode_post(post_body)
            findings = found.findings if isinstance(found, LoggedMedia) else ()
            return MediaSeen(
                subject=stored.subject,
                post_id=stored.post_id,
                named=stored.named,
                findings=findings,
            )
        if not isinstance(stored, PostReference):
            return stored
        if post_body is None:
            raise LookupError("the subject log names a post that the posts log lacks")
        logged = self._decode_post(post_body)
        if isinstance(logged, LoggedDeletion):
            return PostGone(
                subject=stored.subject,
                post_id=logged.deletion.id,
                deleted_at=logged.deletion.deleted_at,
                revision=stored.revision,
            )
        if not isinstance(logged, LoggedPost):
            raise TypeError("the subject log names an entry that is no post")
        return PostSeen(
            subject=stored.subject,
            subjects=stored.subjects,
            post=logged.post,
            mentions=stored.mentions,
            revision=stored.revision,
            change=stored.change,
            late=stored.late,
            judgement=logged.judgement,
        )


def _strip(event: SubjectEvent) -> _Stored:
    if isinstance(event, MediaSeen):
        return MediaReference(subject=event.subject, post_id=event.post_id, named=event.named)
    if not isinstance(event, PostSeen):
        return event
    return PostReference(
        subject=event.subject,
        subjects=event.subjects,
        mentions=event.mentions,
        revision=event.revision,
        change=event.change,
        late=event.late,
    )
