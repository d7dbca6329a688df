"""What a deletion reaches in the store besides the posts log, and the wiping after it.

In the transaction of the deletion: the mentions in the subject logs, samples of
clusters among the results. After it: the write-ahead log, unused parts
of pages, and copies kept before a migration. What is still to be wiped is noted in the
store, so that a process killed in between goes on after its next start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

import msgspec
import structlog

from ingest.records import Deletion
from stream.membership import SAMPLE
from stream.migrations import drop_copies
from stream.records import Cluster, LoggedPost, Membership
from stream.scrub import Scrubber
from stream.sqlite_log import SqlitePostsLog, SqliteSubjectLog
from stream.store import DATABASE, PURGE, Store

log = structlog.get_logger(__name__)

_membership = msgspec.msgpack.Decoder(Membership).decode
_cluster = msgspec.msgpack.Decoder(Cluster).decode


class Eraser:
    """Erases deleted posts from everything in the store, as part of its transactions."""

    def __init__(
        self,
        store: Store,
        posts: SqlitePostsLog,
        subjects: SqliteSubjectLog,
        subjects_of: Callable[[LoggedPost], Iterable[str]],
    ) -> None:
        self._store = store
        self._posts = posts
        self._subjects = subjects
        self._subjects_of = subjects_of

    def erase(self, deletion: Deletion, offsets: Collection[int]) -> None:
        """Overwrite one post wherever its words stand."""
        held = [e for e in self._posts.at(offsets) if isinstance(e, LoggedPost)]
        subjects = {subject for entry in held for subject in self._subjects_of(entry)}
        texts = {entry.post.text[:SAMPLE] for entry in held}
        self._posts.erase(deletion, offsets)
        self._subjects.erase(subjects, offsets)
        for subject in subjects:
            self._blank(subject, deletion.id, texts)
        self._store.wipe_later()

    def _blank(self, subject: str, post_id: str, texts: Collection[str]) -> None:
        """Take the words of a post out of the samples of its cluster."""
        db = self._store.db
        row = db.execute(
            "SELECT body FROM results WHERE kind = 'membership' AND id = ?",
            (f"{subject}\x1f{post_id}",),
        ).fetchone()
        cluster_id = None if row is None else _membership(row[0]).cluster_id
        known: set[str] = set()
        while cluster_id is not None and cluster_id not in known:
            known.add(cluster_id)
            row = db.execute(
                "SELECT body FROM results WHERE kind = 'cluster' AND id = ?", (cluster_id,)
            ).fetchone()
            if row is None:
                return
            cluster = _cluster(row[0])
            if cluster.sample in texts:
                bare = msgspec.msgpack.encode(msgspec.structs.replace(cluster, sample=""))
                db.execute(
                    "UPDATE results SET body = ? WHERE kind = 'cluster' AND id = ?",
                    (bare, cluster_id),
                )
            cluster_id = cluster.merged_into


class Wiping:
    """Wipes deleted bytes out of the files of the store, a little between two rounds."""

    def __init__(self, store: Store, *, every_s: float = 15.0) -> None:
        self._store = store
        self._every_s = every_s
        self._scrubber = Scrubber(store.db, store.folder / DATABASE)
        self._begun: bytes | None = None
        self._begun_at = 0.0

    def step(self) -> bool:
        """Do a part of what is to be done; True when nothing is left."""
        wanted = self._store.meta(PURGE)
        if wanted is None:
            return True
        if self._begun is None:
            moment = time.monotonic()
            if self._begun_at and moment - self._begun_at < self._every_s:
                self._store.checkpoint()
                return False
            self._begun, self._begun_at = wanted, moment
            self._scrubber.restart()
            drop_copies(self._store.folder)
        if not self._scrubber.step():
            return False
        # Only what was noted before this pass began is wiped.
        self._store.db.execute(
            "DELETE FROM meta WHERE key = ? AND value = ?", (PURGE, self._begun)
        )
        log.debug("wiped", pages=self._scrubber.wiped)
        self._begun = None
        return self._store.meta(PURGE) is None

    def finish(self, seconds: float) -> bool:
        """Do all of it, for at most some seconds; False when something is left."""
        self._begun_at = 0.0
        until = time.monotonic() + seconds
        while not self.step():
            if time.monotonic() > until:
                return False
            if self._begun is None:
                self._begun_at = 0.0
        return True

    def close(self) -> None:
        """Let go of the file; only once the store is closed."""
        self._scrubber.close()
